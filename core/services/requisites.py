"""Where a creditor's money goes: its agent account; the contribution to its fund and nowhere else.

A payment agent's money stands on special accounts (103-ФЗ, ст. 4): each creditor's share goes to its 40821 account, an ordinary
account only where it has none. Contributions go to the regional operator's fund account (40603) or to the house's own special account
(ЖК ст. 175, 180).
"""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId
from core.period import Month
from core.records.latest import read_bank_accounts, read_houses_list
from core.records.rows import BankAccountRow

__all__ = ["Requisites"]

_COLLECTING = ("40821", "40702")
_OPERATOR_FUND = "40603"


class Requisites:
    """Settlement accounts of a provider's creditors in a month."""

    def __init__(self, connection: Connection, *, provider_id: ProviderId, month: Month) -> None:
        self._of: dict[EntityId, list[BankAccountRow]] = defaultdict(list)
        self._by_id: dict[EntityId, BankAccountRow] = {}
        for bank in read_bank_accounts(connection, provider_id=provider_id, month=month):
            self._by_id[bank.entity_id] = bank
            if bank.organisation_id is not None and (bank.closed_on is None or bank.closed_on > month.last):
                self._of[bank.organisation_id].append(bank)
        houses = read_houses_list(connection, provider_id=provider_id, month=month)
        self._fund = {row.entity_id: row.fund_account_id for row in houses}

    def account_of(self, creditor_id: EntityId, *, contribution: bool, house_id: EntityId | None) -> BankAccountRow | None:
        """The account for a creditor's money of a house; None when it has none of the right kind."""
        own = self._of[creditor_id]
        if not contribution:
            return next((bank for prefix in _COLLECTING for bank in own if bank.number.startswith(prefix)), None)
        special = self._fund.get(house_id) if house_id is not None else None
        if special is not None:
            return self._by_id.get(special)
        return next((bank for bank in own if bank.number.startswith(_OPERATOR_FUND)), None)

"""Payers of a month's report: what one unified account (ЕЛС) pays to whom, over all of its accounts and all of their senders.

A recipient is a creditor with one settlement account. What one of them got too much does not lower what another asks for. The balance has
the opening balance, payments, the month's lines, penalties, and of an instalment plan its interest less what is not due yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from core.charges.instalments import PlanMonth
from core.ids import EntityId
from core.model.facts import AccountFacts, HouseFacts
from core.model.lines import Component
from core.model.records import Relief
from core.money import format_roubles
from core.records.bodies import read_bodies
from core.services.month_view import Json, ProviderMonth

__all__ = ["payers_section"]

_SUBSIDY = 3
_MANAGEMENT = (1, 4)

_Recipient = tuple[str, str]
"""ИНН and settlement account; both empty for money that is not divided yet."""


@dataclass(slots=True)
class _Balance:
    """Kopecks owed to one recipient, in either mode."""

    accept: int = 0
    charge: int = 0

    def add(self, amount: int) -> None:
        self.accept += amount
        self.charge += amount


@dataclass(slots=True)
class _Payer:
    """One unified account while its senders are gone through."""

    place: tuple[HouseFacts, AccountFacts]
    """Of the management company's account, where it has one."""
    accounts: list[str] = field(default_factory=list)
    balances: defaultdict[_Recipient, _Balance] = field(default_factory=lambda: defaultdict(_Balance))
    subsidy: int | None = None


def payers_section(parts: Sequence[ProviderMonth]) -> Json:
    """The section ``payers`` over all providers, by ЕЛС; accounts without one are in ``accounts`` only."""
    payers: dict[str, _Payer] = {}
    for part in parts:
        mine = _join(payers, part)
        for account_id, amounts in _by_recipient(part).items():
            if account_id in mine:
                for recipient, balance in amounts.items():
                    whole = mine[account_id].balances[recipient]
                    whole.accept += balance.accept
                    whole.charge += balance.charge
    return {els: _shown(payers[els]) for els in sorted(payers)}


def _join(payers: dict[str, _Payer], part: ProviderMonth) -> dict[EntityId, _Payer]:
    """Add a provider's accounts to their payers; the payer of each account."""
    subsidies = _subsidies(part)
    mine: dict[EntityId, _Payer] = {}
    for joint in part.joint.values():
        for account in joint.house.accounts:
            if account.payer is None or account.account_id not in part.accounts:
                continue
            payer = payers.setdefault(account.payer, _Payer((joint.house, account)))
            if account.kind in _MANAGEMENT:
                payer.place = (joint.house, account)
            payer.accounts.append(account.number)
            if account.key in subsidies:
                payer.subsidy = (payer.subsidy or 0) + subsidies[account.key]
            mine[account.account_id] = payer
    return mine


def _subsidies(part: ProviderMonth) -> dict[str, int]:
    """Subsidies of the month by the sender's key of the account: for information, they are paid apart."""
    sums: dict[str, int] = defaultdict(int)
    for relief in read_bodies(part.connection, Relief, provider_id=part.provider.provider_id):
        counts = relief.starts_on <= part.month.last and (relief.ends_on is None or relief.ends_on >= part.month.first)
        if relief.kind == _SUBSIDY and relief.amount is not None and counts:
            sums[relief.account] += relief.amount
    return sums


def _by_recipient(part: ProviderMonth) -> dict[EntityId, dict[_Recipient, _Balance]]:
    """Balances of a provider's accounts at the end of the month by recipient."""
    found: dict[EntityId, dict[_Recipient, _Balance]] = defaultdict(lambda: defaultdict(_Balance))

    def of(account_id: EntityId, creditor_id: EntityId | None, *, contribution: bool) -> _Balance:
        inn = part.inn.get(creditor_id, "") if creditor_id else ""
        if not creditor_id or account_id not in part.accounts:
            return found[account_id][inn, ""]
        return found[account_id][inn, part.settlement_account(account_id, creditor_id, contribution=contribution)]

    def of_service(account_id: EntityId, service_id: EntityId, creditor_id: EntityId | None) -> _Balance:
        return of(account_id, creditor_id, contribution=part.contributions.get(service_id, False))

    for turnover in (row for rows in part.turnovers.values() for row in rows):
        of_service(turnover.account_id, turnover.service_id, turnover.creditor_id).add(turnover.opening + turnover.other)
    for line in (line for lines in part.lines.values() for line in lines):
        of_service(line.account_id, line.service_id, line.creditor_id).charge += line.total
    for (account_id, service_id, creditor_id), total in part.stated_by_creditor.items():
        of_service(account_id, service_id, creditor_id).accept += total
    for penalty in part.penalties:
        contribution = penalty.component is Component.PENALTY_CAPITAL_REPAIR
        of(penalty.account_id, penalty.creditor_id, contribution=contribution).add(penalty.closing)
    for account_id, service_id, creditor_id, plan in _plans(part):
        of_service(account_id, service_id, creditor_id).add(plan.interest - plan.deferred)
    return found


def _plans(part: ProviderMonth) -> Iterator[tuple[EntityId, EntityId, EntityId, PlanMonth]]:
    for (account_id, service_id, creditor_id, _), plan in part.planned.items():
        yield account_id, service_id, creditor_id, plan


def _shown(payer: _Payer) -> Json:
    house, account = payer.place
    room = account.room_number
    recipients = [(recipient, payer.balances[recipient]) for recipient in sorted(payer.balances)]
    return {
        "house": house.fias,
        "premises": account.premises_number,
        "room": int(room) if room is not None and room.isdecimal() else room,
        "accounts": sorted(payer.accounts),
        "recipients": [
            {
                "inn": inn or None,
                "account": number or None,
                "balance_accept": format_roubles(balance.accept),
                "balance_charge": format_roubles(balance.charge),
                "to_pay_accept": format_roubles(max(0, balance.accept)),
                "to_pay_charge": format_roubles(max(0, balance.charge)),
            }
            for (inn, number), balance in recipients
        ],
        "to_pay_accept": format_roubles(_asked(balance.accept for balance in payer.balances.values())),
        "to_pay_charge": format_roubles(_asked(balance.charge for balance in payer.balances.values())),
        "subsidy_information": None if payer.subsidy is None else format_roubles(payer.subsidy),
    }


def _asked(balances: Iterable[int]) -> int:
    return sum(max(0, balance) for balance in balances)

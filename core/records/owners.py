"""Whose facts records are: which personal accounts of their sender they speak of, so that one payer is never shown another's.

What is said of a house, an organisation or the region belongs to nobody in particular; what cannot be told belongs to no account and is
shown to none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, text

from core.ids import ProviderId, RecordId
from core.model.acts import Act
from core.model.records import (
    Account,
    AccountPlace,
    ApprovedLimit,
    ApprovedNorm,
    ApprovedTariff,
    BankAccount,
    Body,
    CapitalRepairDecision,
    CourtJudgement,
    House,
    HouseParameter,
    HousePrice,
    HouseService,
    Interruption,
    ManagementContract,
    MassRecalculation,
    Meter,
    OpeningDebt,
    OpeningPenalty,
    Organisation,
    PenaltyStop,
    Premises,
    Reading,
    RegionSetting,
    RegisteredSender,
    Room,
    Service,
    StatedBill,
    StatedContribution,
    StatedLine,
    SubsidyGrant,
    SupplyAddress,
    SupplyService,
)
from core.records.bodies import StoredRecord
from core.records.tables import table_name

__all__ = ["owners"]

_OF_NOBODY = (
    Organisation, BankAccount, Service, House, HouseParameter, ManagementContract, HouseService, HousePrice, SupplyAddress, SupplyService,
    CapitalRepairDecision, Interruption, MassRecalculation, RegisteredSender, ApprovedTariff, ApprovedNorm, ApprovedLimit, RegionSetting,
)  # fmt: skip
_BY_NUMBER = (Act, PenaltyStop, CourtJudgement, SubsidyGrant)
"""Decisions name an account by its number."""
_OF_BILLS = (StatedLine, StatedContribution, OpeningDebt, OpeningPenalty)


def owners(connection: Connection, records: Sequence[StoredRecord[Body]]) -> dict[RecordId, frozenset[str] | None]:
    """By record, the sender's keys of the accounts that it speaks of; None: of nobody in particular."""
    by_provider: dict[ProviderId, list[StoredRecord[Body]]] = defaultdict(list)
    for record in records:
        by_provider[record.provider_id].append(record)
    return {
        record.record_id: owner
        for provider_id, those in by_provider.items()
        for record, owner in _Sender(connection, provider_id, those).owners()
    }


class _Sender:
    """The records of one sender, with what their rows refer to."""

    def __init__(self, connection: Connection, provider_id: ProviderId, records: Sequence[StoredRecord[Body]]) -> None:
        self._connection = connection
        self._provider_id = provider_id
        self._records = records

    def owners(self) -> Iterable[tuple[StoredRecord[Body], frozenset[str] | None]]:
        bodies = [record.body for record in self._records]
        meters = self._accounts(Meter, "record_key", {body.meter for body in bodies if isinstance(body, Reading)})
        bills = self._accounts(StatedBill, "record_key", {body.bill for body in bodies if isinstance(body, _OF_BILLS)})
        premises, rooms = (
            self._accounts(AccountPlace, name, {record.key for record in self._records if isinstance(record.body, kind)})
            for name, kind in (("premises", Premises), ("room", Room))
        )
        named = self._accounts(Account, "number", {body.account for body in bodies if isinstance(body, _BY_NUMBER) and body.account})
        for record in self._records:
            body = record.body
            if isinstance(body, Account):
                yield record, frozenset((record.key,))
            elif isinstance(body, _BY_NUMBER) and body.account is not None:
                yield record, _known(named.get(body.account, frozenset()))
            elif isinstance(body, Reading):
                yield record, _of_meter(meters.get(body.meter, frozenset()))
            elif isinstance(body, Premises | Room):
                places = premises if isinstance(body, Premises) else rooms
                yield record, _known(places.get(record.key, frozenset()))
            elif isinstance(body, _OF_BILLS):
                yield record, _known(bills.get(body.bill, frozenset()))
            elif isinstance(body, _OF_NOBODY) or (isinstance(body, Act | Meter) and body.account is None):
                yield record, None
            else:
                account = getattr(body, "account", None)
                yield record, frozenset((account,)) if isinstance(account, str) and account else frozenset()

    def _accounts(self, body: type[Body], column: str, keys: set[str]) -> dict[str, frozenset[str | None]]:
        """Accounts that rows of a kind name, by another of their columns (our own names), in every version."""
        if not keys:
            return {}
        account = "record_key" if body is Account else "account"
        statement = text(
            f"SELECT DISTINCT {column} AS key, {account} AS account FROM {table_name(body)}"
            f" WHERE provider_id = :provider AND {column} = ANY (:keys)"
        )
        found: dict[str, set[str | None]] = defaultdict(set)
        for row in self._connection.execute(statement, {"provider": self._provider_id, "keys": sorted(keys)}):
            found[row.key].add(row.account)
        return {key: frozenset(accounts) for key, accounts in found.items()}


def _of_meter(accounts: frozenset[str | None]) -> frozenset[str] | None:
    """A meter of the house or of several accounts belongs to nobody in particular."""
    return None if accounts == {None} else _known(accounts)


def _known(accounts: frozenset[str | None]) -> frozenset[str]:
    return frozenset(account for account in accounts if account)

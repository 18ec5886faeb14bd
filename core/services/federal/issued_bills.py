"""The bills that the federal conversation speaks of: of a month those in force, the last version of each payer's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from core.ids import BillId, ProviderId
from core.issued.bills import bills_of_month, ids_of_month
from core.issued.lookup import bill_ids, bill_numbers, read_contents
from core.model.bill import BillContent
from core.period import Month

__all__ = ["BillSource", "IssuedBills"]


class BillSource(Protocol):
    """Where issued bills are read from."""

    def ids_of_month(self, connection: Connection, provider_id: ProviderId, month: Month) -> Sequence[BillId]:
        """Bills of a month in force, in the order of issue, without what is in them."""
        ...

    def of_month(
        self, connection: Connection, provider_id: ProviderId, month: Month, *, ids: Collection[BillId] | None = None
    ) -> Mapping[BillId, BillContent]:
        """Bills of a month in force, or just these (whatever their version)."""
        ...

    def numbers(self, connection: Connection, ids: Collection[BillId]) -> Mapping[BillId, str]:
        """What is printed on these bills."""
        ...

    def by_number(self, connection: Connection, provider_id: ProviderId, numbers: Collection[str]) -> Mapping[str, BillId]:
        """Our numbers of bills by what is printed on them."""
        ...


@dataclass(frozen=True, slots=True)
class IssuedBills:
    """The bills of ``core.issued``."""

    def ids_of_month(self, connection: Connection, provider_id: ProviderId, month: Month) -> Sequence[BillId]:
        """The last versions of a month."""
        return ids_of_month(connection, provider_id, month)

    def of_month(
        self, connection: Connection, provider_id: ProviderId, month: Month, *, ids: Collection[BillId] | None = None
    ) -> Mapping[BillId, BillContent]:
        """The last versions of a month, or just these bills."""
        if ids is not None:
            return read_contents(connection, ids)
        return {bill.bill_id: bill.content for bill in bills_of_month(connection, provider_id, month)}

    def numbers(self, connection: Connection, ids: Collection[BillId]) -> Mapping[BillId, str]:
        """Printed numbers."""
        return bill_numbers(connection, ids)

    def by_number(self, connection: Connection, provider_id: ProviderId, numbers: Collection[str]) -> Mapping[str, BillId]:
        """By the printed number."""
        return bill_ids(connection, provider_id, numbers)

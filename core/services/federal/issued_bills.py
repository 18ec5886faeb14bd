"""The bills that the federal conversation speaks of: of a month those in force, the last version of each payer's."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from sqlalchemy import Connection

from core.ids import BillId, ProviderId
from core.model.bill import BillContent
from core.period import Month

__all__ = ["BillSource"]


class BillSource(Protocol):
    """Where issued bills are read from."""

    def of_month(
        self, connection: Connection, provider_id: ProviderId, month: Month, *, ids: Collection[BillId] | None = None
    ) -> Mapping[BillId, BillContent]:
        """Bills of a month in force, or just these (whatever their version)."""
        ...

    def by_number(self, connection: Connection, provider_id: ProviderId, numbers: Collection[str]) -> Mapping[str, BillId]:
        """Our numbers of bills by what is printed on them."""
        ...

"""Bills in the order of a postman's round: houses and flats as the directory has them, read as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from core.ids import BillId, EntityId, ProviderId
from core.period import Month

__all__ = ["RoundBill", "bills_in_order"]

_ROWS_AT_ONCE = 500
_IN_ORDER = text(
    "SELECT b.bill_id, b.number, b.payer_id, a.house_id, coalesce(h.address, '') AS address, coalesce(a.flat, '') AS flat,"
    " coalesce(a.number, '') AS account"
    " FROM (SELECT DISTINCT ON (payer_id) bill_id, number, payer_id FROM bill WHERE provider_id = :provider AND month = :month"
    "   ORDER BY payer_id, version DESC) b"
    " LEFT JOIN register_account a ON a.account_id = b.payer_id LEFT JOIN register_house h USING (house_id)"
    " ORDER BY h.place NULLS LAST, a.place NULLS LAST, b.number"
)


@dataclass(frozen=True, slots=True)
class RoundBill:
    """The last version of a payer's bill and where it must go."""

    bill_id: BillId
    number: str
    payer_id: EntityId
    house_id: EntityId | None
    address: str
    flat: str
    account: str


def bills_in_order(connection: Connection, provider_id: ProviderId, month: Month) -> Iterator[RoundBill]:
    """The bills of a month; ``register_house`` and ``register_account`` (the records fill them) give the order and the addresses."""
    names = {"provider": provider_id, "month": month.first}
    for row in connection.execute(_IN_ORDER, names, execution_options={"yield_per": _ROWS_AT_ONCE}):
        yield RoundBill(*row)

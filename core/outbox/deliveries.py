"""What became of bills on their way to payers: the outbox of e-mail and of print agents, bill by bill and in counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from core.ids import BillId, ExchangeId, ProviderId

__all__ = ["Delivery", "RouteCount", "count_deliveries", "deliveries_of_bill", "delivery_batches", "undelivered"]

_OF_BILL = text(
    "SELECT e.exchange_id, e.system, e.state, i.state AS item_state, e.request ->> 'route' AS route, e.request ->> 'batch' AS batch,"
    " e.request ->> 'to' AS address, e.changed_at, coalesce(e.error_code, '') AS code, coalesce(e.error_text, '') AS text, e.attempts,"
    " i.local_id AS bill_id, e.request ->> 'number' AS number"
    " FROM exchange_item i JOIN exchange e USING (exchange_id) WHERE i.kind IN ('bill_email', 'bill_print') AND i.local_id = :bill"
    " ORDER BY e.exchange_id"
)
_COUNTS = text(
    "SELECT e.system, e.state, coalesce(e.request ->> 'route', '') AS route, count(DISTINCT e.exchange_id) AS batches, count(*) AS bills"
    " FROM exchange e JOIN exchange_item i USING (exchange_id)"
    " WHERE e.provider_id = :provider AND e.system IN ('email', 'print') AND e.request ->> 'month' = :month AND e.state <> 'replaced'"
    " AND NOT (i.state = 'rejected' AND EXISTS (SELECT FROM exchange_item l WHERE l.kind = i.kind AND l.local_id = i.local_id"
    "   AND l.exchange_id > i.exchange_id))"
    " GROUP BY 1, 2, 3 ORDER BY 1, 3, 2"
)
_TROUBLES = text(
    "SELECT DISTINCT ON (i.local_id) e.exchange_id, e.system, e.state, i.state AS item_state, '' AS route, '' AS batch,"
    " e.request ->> 'to' AS address, e.changed_at, coalesce(e.error_code, '') AS code, coalesce(e.error_text, '') AS text, e.attempts,"
    " i.local_id AS bill_id, e.request ->> 'number' AS number"
    " FROM exchange e JOIN exchange_item i USING (exchange_id)"
    " WHERE e.provider_id = :provider AND e.system = 'email' AND e.request ->> 'month' = :month AND e.state <> 'replaced'"
    " AND NOT EXISTS (SELECT FROM exchange_item p WHERE p.kind = 'bill_print' AND p.local_id = i.local_id"
    "   AND p.state IN ('waiting', 'accepted'))"
    " ORDER BY i.local_id, e.exchange_id DESC"
)
_BATCHES = text(
    "SELECT coalesce(e.request ->> 'route', '') AS route, max(CAST(e.request ->> 'batch' AS integer)) AS batch FROM exchange e"
    " WHERE e.provider_id = :provider AND e.system = 'print' AND e.request ->> 'month' = :month GROUP BY 1"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One way on which a bill was sent, as it stands; ``system`` is ``email`` or ``print``."""

    exchange_id: ExchangeId
    system: str
    state: str
    item_state: str
    route: str | None
    batch: str | None
    address: str | None
    changed_at: datetime
    code: str
    text: str
    attempts: int
    bill_id: BillId
    number: str | None


@dataclass(frozen=True, slots=True)
class RouteCount:
    """How many bills (and messages or batches) of a month stand in a state, by system and route."""

    system: str
    state: str
    route: str
    batches: int
    bills: int


def deliveries_of_bill(connection: Connection, bill_id: BillId) -> list[Delivery]:
    """Everything that was tried with a bill, oldest first."""
    return [Delivery(*row) for row in connection.execute(_OF_BILL, {"bill": bill_id})]


def count_deliveries(connection: Connection, *, provider_id: ProviderId, month: str) -> list[RouteCount]:
    """The bills of a month by system, route and state; of a thing that was refused and sent again only the last word counts."""
    return [RouteCount(*row) for row in connection.execute(_COUNTS, {"provider": provider_id, "month": month})]


def undelivered(connection: Connection, *, provider_id: ProviderId, month: str) -> list[Delivery]:
    """Letters of a month that were refused, or of which nobody knows whether they arrived, and whose bills are not on paper either."""
    found = [Delivery(*row) for row in connection.execute(_TROUBLES, {"provider": provider_id, "month": month})]
    return [one for one in found if one.state in ("failed", "lost")]


def delivery_batches(connection: Connection, *, provider_id: ProviderId, month: str) -> dict[str, int]:
    """The last number of a print batch by route."""
    return {row.route: row.batch for row in connection.execute(_BATCHES, {"provider": provider_id, "month": month})}

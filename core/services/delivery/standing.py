"""How the delivery of a bill stands, in words."""

from __future__ import annotations

from sqlalchemy import Connection

from core.ids import BillId
from core.outbox.deliveries import Delivery, deliveries_of_bill

__all__ = ["STATES", "delivery_facts", "state_of"]

STATES = {
    "waiting": "ждёт отправки",
    "sent": "отправлен",
    "refused": "отказ",
    "unknown": "неизвестно, дошёл ли",
    "printed": "передан в печать",
    "replaced": "заменён повторной отправкой",
}
_WAITING = frozenset(("prepared", "sent", "acknowledged"))


def state_of(system: str, state: str) -> str:
    """The state of a way as people think of it: a key of :data:`STATES`."""
    if state in _WAITING or (system == "print" and state == "lost"):
        return "waiting"
    if state == "lost":
        return "unknown"
    if state == "done":
        return "printed" if system == "print" else "sent"
    return "refused" if state == "failed" else "replaced"


def delivery_facts(connection: Connection, bill_id: BillId) -> list[tuple[str, str, str]]:
    """When, what and how of everything that was tried with a bill."""
    return [(f"{one.changed_at:%d.%m.%Y %H:%M}", "доставка", _text(one)) for one in deliveries_of_bill(connection, bill_id)]


def _text(one: Delivery) -> str:
    state = STATES[state_of(one.system, one.state)]
    if one.system == "print":
        return f"печать, маршрут «{one.route}», пачка {one.batch}: {state}" + (f" ({one.text})" if one.text else "")
    reason = f" ({' '.join(part for part in (one.code, one.text) if part and part != '0')})" if one.text else ""
    return f"письмо на {one.address}: {state}{reason}"

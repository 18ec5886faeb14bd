"""Which version of a fact is in force: one rule, used when records are stored and whenever they are read.

A fact has as many rows as it had different contents. For a state of things (a house, an account: what holds from a month on until another
statement) the version in force on a day is the one with the greatest ``valid_from`` not after that day, and of equals the one learned last;
so an archive of an older month that arrives late does not undo a newer one. For a fact that carries its own dates (a residence, a reading,
a payment) it is simply the one learned last. Held and quarantined rows are never in force; what was accepted before them stays.

``known_until`` cuts off what was learned after a calculation, so that a month can be computed again exactly as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from core.ids import RecordId
from core.model.records import (
    Account,
    AccountPlace,
    Body,
    House,
    HouseParameter,
    Organisation,
    Person,
    Premises,
    RegionSetting,
    RegisteredSender,
    Room,
    Service,
    UnifiedAccount,
)
from core.records.tables import table_name

__all__ = ["NEVER", "PARTIES", "STATES", "in_force", "never_replaced", "scope", "with_tables"]

STATES: frozenset[type[Body]] = frozenset((
    Organisation, Service, House, HouseParameter, Premises, Room, Person, Account, AccountPlace, UnifiedAccount, RegionSetting,
    RegisteredSender,
))  # fmt: skip
"""Facts that hold from a month on until another statement."""

NEVER = 2**63 - 1
"""No limit of what was known."""

ORGANISATION_KEY = "CASE WHEN {0}.verified AND {0}.inn <> '' THEN {0}.inn ELSE {0}.provider_id || '/' || {0}.record_key END"
"""Key of an organisation's entity, from the first record of the sender's key: its ИНН, so that two senders' creditors are one; where that
ИНН is missing or unverified, the sender's own number of it."""

PARTIES = f"""SELECT o.record_key, e.entity_id
  FROM (SELECT DISTINCT ON (record_key) provider_id, record_key, inn, verified
        FROM record_organisation WHERE provider_id = :provider ORDER BY record_key, record_id) o
  JOIN entity e ON e.provider_id = 0 AND e.kind = 'organisation' AND e.entity_key = {ORGANISATION_KEY.format("o")}"""
"""The sender's organisations with their entities, whatever their state: identity does not wait for approval.

The first record of a key decides for ever, so that a corrected ИНН does not make a second creditor beside the one that money was posted to.
"""


def in_force(body: type[Body], condition: str | None = None, *, any_state: bool = False, columns: Sequence[str] = ()) -> str:
    """SELECT of the rows ``r`` in force that meet a condition; parameters ``:provider``, ``:known_until``, ``:until``.

    A fact whose version in force does not meet the condition is left out, even when an older version met it. With ``any_state`` held and
    quarantined rows count like the others: for what must be seen in any case, such as payments. ``columns``: those that are needed,
    where there are so many rows that the rest of them would be felt; all by default.
    """
    table = table_name(body)
    visible = "r.provider_id = :provider AND r.record_id <= :known_until AND (r.valid_from IS NULL OR r.valid_from <= :until)"
    if not any_state:
        visible += " AND r.state IN ('accepted', 'flagged')"
    latest = "coalesce(r.valid_from, '-infinity') DESC, r.record_id DESC" if body in STATES else "r.record_id DESC"
    shown = ", ".join(f"r.{name}" for name in columns or ("*",))
    if condition is None:
        return f"SELECT DISTINCT ON (r.record_key) {shown} FROM {table} r WHERE {visible} ORDER BY r.record_key, {latest}"
    # Keys first, versions after: the index of the condition finds the few keys, that of the key finds their versions. The condition is
    # asked again inside CASE, of which the planner believes that half of the rows pass; of a bare one over DISTINCT it believes 1 in 200.
    keys = f"SELECT r.record_key FROM {table} r WHERE r.provider_id = :provider AND ({condition})"
    versions = f"SELECT DISTINCT ON (r.record_key) {shown} FROM {table} r WHERE {visible} AND r.record_key IN ({keys})"
    ordered = f"{versions} ORDER BY r.record_key, {latest}"
    return f"SELECT r.* FROM ({ordered}) r WHERE CASE WHEN {condition} THEN true ELSE false END"


def never_replaced(body: type[Body], condition: str, columns: Sequence[str]) -> str:
    """The same rows as :func:`in_force` gives of a fact that carries its own dates, found the other way round: rows that meet the condition
    and that no later version follows. For facts of which there are many and hardly any is told twice: nothing is sorted."""
    assert body not in STATES
    table = table_name(body)

    def visible(row: str) -> str:
        known = f"{row}.provider_id = :provider AND {row}.record_id <= :known_until AND {row}.state IN ('accepted', 'flagged')"
        return f"{known} AND ({row}.valid_from IS NULL OR {row}.valid_from <= :until)"

    later = f"SELECT FROM {table} l WHERE {visible('l')} AND l.record_key = r.record_key AND l.record_id > r.record_id"
    shown = ", ".join(f"r.{name}" for name in columns)
    return f"SELECT {shown} FROM {table} r WHERE {visible('r')} AND ({condition}) AND NOT EXISTS ({later})"


def scope(provider_id: int, *, until: date, known_until: RecordId | None) -> dict[str, object]:
    """Parameters of :func:`in_force`."""
    return {"provider": provider_id, "until": until, "known_until": NEVER if known_until is None else known_until}


def with_tables(statement: str, **tables: str) -> str:
    """Put named queries before a statement that reads them as tables; each is evaluated once."""
    return "WITH " + ",\n".join(f"{name} AS MATERIALIZED ({query})" for name, query in tables.items()) + "\n" + statement

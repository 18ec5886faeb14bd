"""What was learned after a calculation and reaches back into months that are done: which account or house, which month, by which record.

Set-based, and its cost goes with what is new: of each kind of record the versions after a record are taken, each beside the version that
held before it, and a version counts only where what matters to charges differs. The days it is about are those of the old and the new
version together, less what both say alike. A new kind of fact is one more :class:`Source`; what it changes in a charge says
``core.charges.causes`` under the same cause. Acts of the centre name their account by number, their house by ФИАС or key, and may turn
into others under one identity: they have a statement of their own and :data:`ACTS`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, text

from core.ids import CENTRE, EntityId, ProviderId, RecordId
from core.model import records as r
from core.model.records import Body
from core.period import Month
from core.records.tables import table_name
from core.records.versions import STATES

__all__ = ["ACTS", "HOUSE_TOTALS", "Learned", "learned"]

HOUSE_TOTALS = "house"
"""Cause of what changes the totals of a house, which stay frozen: told, never recalculated by itself (section 17.1)."""

Whose = Literal["account", "premises", "meter", "house", "house_meter", "reading", "house_reading", "region"]
"""``region``: of the municipalities whose ОКТМО begins as the record says; another region's provider learns nothing by it."""


@dataclass(frozen=True, slots=True)
class Learned:
    """A month that something learned reaches into. ``account_id`` None: the whole house; ``house_id`` None: the whole region."""

    house_id: EntityId | None
    account_id: EntityId | None
    month: Month
    cause: str
    records: tuple[RecordId, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of record that changes charges: ``n`` is the new version, ``o`` the one before it (all null where there was none)."""

    cause: str
    body: type[Body]
    whose: Whose
    matters: tuple[str, ...]
    """Columns that charges depend on."""
    first: str
    """SQL of the first day it is about; null: from the beginning."""
    last: str = "NULL"
    """SQL of the last day; null: no end."""


def _interval(first: str, last: str) -> tuple[str, str]:
    """Days of an interval that is new, or of what changed of it: where the beginning is as it was, only the days between the two ends."""
    ends = f"coalesce(o.{last}, 'infinity'), coalesce(n.{last}, 'infinity')"
    same = f"o.record_id IS NOT NULL AND o.{first} IS NOT DISTINCT FROM n.{first} AND o.{last} IS DISTINCT FROM n.{last}"
    starts = (
        f"CASE WHEN o.record_id IS NULL THEN n.{first} ELSE least(coalesce(o.{first}, '-infinity'), coalesce(n.{first}, '-infinity')) END"
    )
    latest = f"CASE WHEN o.record_id IS NULL THEN n.{last} ELSE nullif(greatest({ends}), 'infinity') END"
    return f"CASE WHEN {same} THEN least({ends}) + 1 ELSE {starts} END", latest


def _touched(first: str, last: str) -> tuple[str, str]:
    """Days of the old and of the new interval together."""
    return f"least(o.{first}, n.{first})::date", f"greatest(o.{last}, n.{last})::date"


def _earliest(start: str, *dates: str) -> str:
    """The first of those dates that changed, by either version; where none did, the beginning."""
    changed = (f"CASE WHEN o.{name} IS DISTINCT FROM n.{name} THEN least(o.{name}, n.{name}) END" for name in dates)
    return f"CASE WHEN o.record_id IS NULL THEN n.{start} ELSE coalesce(least({', '.join(changed)}), n.{start}) END"


_METER_DATES = ("commissioned_on", "next_verification_on", "closed_on")
_METER = ("account", "service", "digits", "start_e3", "is_open", *_METER_DATES)
_SINCE = "n.valid_from"

SOURCES: tuple[Source, ...] = (
    Source("tariff", r.ApprovedTariff, "region", ("value_e6", "first", "last"), *_interval("first", "last")),
    Source("tariff", r.ApprovedNorm, "region", ("value_e6", "first"), "least(o.first, n.first)"),
    Source("tariff", r.HousePrice, "house", ("price_e6", "starts_on", "ends_on"), *_interval("starts_on", "ends_on")),
    Source("area", r.Account, "account", ("area_e2", "living_area_e2"), _SINCE),
    Source("area", r.AccountArea, "account", ("area_e2", "first"), "least(o.first, n.first)"),
    Source(
        "account", r.Account, "account", ("kind", "opened_on", "closed_on", "gas_stove", "gas_heater"),
        f"greatest({_SINCE}, {_earliest('opened_on', 'opened_on', 'closed_on')})",
    ),
    Source("account", r.Premises, "premises", ("no_meter", "no_meter_reason", "kind"), _SINCE),
    Source("residents", r.Residence, "account", ("first", "last"), *_interval("first", "last")),
    Source("meter", r.Meter, "meter", _METER, _earliest("commissioned_on", *_METER_DATES)),
    Source("reading", r.Reading, "reading", ("taken_on", "value_e3", "zone"), "least(o.taken_on, n.taken_on)"),
    Source("absence", r.Absence, "account", ("left_on", "back_on"), *_touched("left_on", "back_on")),
    Source("interruption", r.Interruption, "house", ("service", "starts_at", "ends_at"), *_touched("starts_at", "ends_at")),
    Source("mass", r.MassRecalculation, "house", ("first", "last", "document", "bill_text"), "n.first", "n.last"),
    Source(HOUSE_TOTALS, r.CapitalRepairDecision, "house", ("effective_on", "excess_e6", "bank_account"), "n.effective_on"),
    Source(HOUSE_TOTALS, r.House, "house", ("useful_area_e2", "common_area_e2"), _SINCE),
    Source(HOUSE_TOTALS, r.HouseParameter, "house", ("value",), _SINCE),
    Source(HOUSE_TOTALS, r.HouseService, "house", ("service", "starts_on", "ends_on"), *_interval("starts_on", "ends_on")),
    Source(HOUSE_TOTALS, r.Meter, "house_meter", _METER, _earliest("commissioned_on", *_METER_DATES)),
    Source(HOUSE_TOTALS, r.Reading, "house_reading", ("taken_on", "value_e3"), "least(o.taken_on, n.taken_on)"),
)  # fmt: skip

Reach = Literal["own", "onward", "next_year"]

ACTS: Mapping[str, tuple[str, Reach]] = {
    "check": ("act", "onward"),
    "unauthorised": ("act", "own"),
    "tampering": ("act", "own"),
    "access_refused": ("act", "onward"),
    "meter_failed": ("act", "onward"),
    "fuel": ("act", "onward"),
    "electric_heating": ("act", "own"),
    "own_heating": ("area", "own"),
    "living_area": ("area", "own"),
    "area": ("area", "onward"),
    "owners": ("residents", "own"),
    "interruption": ("interruption", "own"),
    "quality": ("quality", "own"),
    "boiler": (HOUSE_TOTALS, "own"),
    "open_heating": (HOUSE_TOTALS, "own"),
    "containers": (HOUSE_TOTALS, "own"),
    "heat_last_year": (HOUSE_TOTALS, "next_year"),
    "allocators": (HOUSE_TOTALS, "next_year"),
}
"""Of each kind of act the cause, and which days it reaches: those that it says, from its first day on (a meter counts on from what was
found), or the year after its own. An act about the meter of a house is of the house's totals."""

_HOUSE_METER = 1
_IN_FORCE = "('accepted', 'flagged')"
_LATEST_ACCOUNT = f"""(SELECT a.house FROM record_account a WHERE a.provider_id = :provider AND a.record_key = {{0}}
  AND a.state IN {_IN_FORCE} ORDER BY coalesce(a.valid_from, '-infinity') DESC, a.record_id DESC LIMIT 1)"""
_METER_OF = f"""(SELECT v.kind, v.house, v.account FROM record_meter v WHERE v.provider_id = :provider AND v.record_key = {{0}}
  AND v.state IN {_IN_FORCE} ORDER BY v.record_id DESC LIMIT 1)"""
_SHARING = (
    f"""SELECT s.account FROM record_meter_account s WHERE s.provider_id = :provider AND s.meter = {{0}} AND s.state IN {_IN_FORCE}"""
)
_PLACED = f"""SELECT l.account FROM record_account_place l LEFT JOIN record_room o ON o.provider_id = :provider AND o.record_key = l.room
  WHERE l.provider_id = :provider AND coalesce(l.premises, o.premises) = t.subject AND l.state IN {_IN_FORCE} GROUP BY 1"""

_ACTS_LEARNED = f"""
    WITH told AS (
      SELECT n.record_id, c.house, c.account,
        CASE WHEN c.account IS NULL AND c.kind IN ('access_refused', 'meter_failed') THEN '{HOUSE_TOTALS}' ELSE k.cause END AS cause,
        CASE k.reach WHEN 'next_year' THEN make_date(extract(year FROM c.first)::integer + 1, 1, 1) ELSE c.first END AS first,
        CASE k.reach WHEN 'next_year' THEN make_date(extract(year FROM c.first)::integer + 1, 12, 31) WHEN 'onward' THEN 'infinity'
          ELSE coalesce(c.last, 'infinity') END AS last
      FROM record_act n
      LEFT JOIN LATERAL (
        SELECT * FROM record_act o WHERE o.provider_id = n.provider_id AND o.record_key = n.record_key AND o.record_id < n.record_id
          AND o.state IN {_IN_FORCE} ORDER BY o.record_id DESC LIMIT 1) o ON TRUE
      CROSS JOIN LATERAL (VALUES (n.kind, n.house, n.account, n.first, n.last), (o.kind, o.house, o.account, o.first, o.last))
        AS c (kind, house, account, first, last)
      JOIN unnest(CAST(:kinds AS text[]), CAST(:causes AS text[]), CAST(:reaches AS text[])) AS k (kind, cause, reach) ON k.kind = c.kind
      WHERE n.provider_id = :provider AND n.record_id > :after AND n.record_id <= :until AND n.state IN {_IN_FORCE}),
    numbered AS (
      SELECT t.record_id, t.cause, t.first, t.last, a.record_key AS account, a.house
      FROM told t JOIN record_account a ON a.provider_id = :provider AND a.number = t.account AND a.state IN {_IN_FORCE}),
    placed AS (
      SELECT record_id, cause, first, last, account, house FROM numbered
      UNION
      SELECT p.record_id, p.cause, p.first, p.last, other.account, p.house
      FROM numbered p
      JOIN record_unified_account mine ON mine.provider_id = :provider AND mine.account = p.account AND mine.state IN {_IN_FORCE}
      JOIN record_unified_account other ON other.provider_id = :provider AND other.els = mine.els AND other.state IN {_IN_FORCE}
      UNION
      SELECT t.record_id, t.cause, t.first, t.last, NULL, h.record_key
      FROM told t JOIN record_house h ON h.provider_id = :provider AND (h.record_key = t.house OR lower(h.fias) = t.house)
        AND h.state IN {_IN_FORCE})
    SELECT p.cause, h.entity_id AS house_id, a.entity_id AS account_id, m.first_day AS month,
      array_agg(DISTINCT p.record_id ORDER BY p.record_id) AS records
    FROM placed p
    JOIN unnest(CAST(:firsts AS date[]), CAST(:lasts AS date[])) AS m (first_day, last_day)
      ON m.last_day >= p.first AND m.first_day <= p.last
    JOIN entity h ON h.provider_id = :provider AND h.kind = 'house' AND h.entity_key = p.house
    LEFT JOIN entity a
      ON a.provider_id = :provider AND a.kind = 'account' AND a.entity_key = p.account AND p.cause <> '{HOUSE_TOTALS}'
    GROUP BY 1, 2, 3, 4 ORDER BY 4, 1, 2, 3"""
"""Both contents of an act that changed count, the old and the new one; an account's act is of the other accounts of its payer too."""


def learned(
    connection: Connection, *, provider_id: ProviderId, after: RecordId, until: RecordId, months: Collection[Month]
) -> Iterator[Learned]:
    """What the provider, or the region, said after a record and up to another that reaches into the months."""
    listed = sorted(months)
    parameters: Mapping[str, object] = {
        "provider": provider_id, "after": after, "until": until, "firsts": [month.first for month in listed],
        "lasts": [month.last for month in listed],
    }  # fmt: skip
    for source in SOURCES:
        owner = {"owner": CENTRE if source.whose == "region" else provider_id}
        for row in connection.execute(text(_statement(source)), {**parameters, **owner}):
            yield Learned(row.house_id, row.account_id, Month.of(row.month), source.cause, tuple(row.records))
    kinds = {"kinds": list(ACTS), "causes": [cause for cause, _ in ACTS.values()], "reaches": [reach for _, reach in ACTS.values()]}
    for row in connection.execute(text(_ACTS_LEARNED), {**parameters, **kinds}):
        yield Learned(row.house_id, row.account_id, Month.of(row.month), row.cause, tuple(row.records))


def _statement(source: Source) -> str:
    """One source as one statement."""
    table = table_name(source.body)
    order = "coalesce(o.valid_from, '-infinity') DESC, o.record_id DESC" if source.body in STATES else "o.record_id DESC"
    visible = "AND (o.valid_from IS NULL OR o.valid_from <= n.valid_from)" if source.body in STATES else ""
    news, olds = (", ".join(f"{alias}.{name}" for name in source.matters) for alias in "no")
    key = {"account": "n.account", "meter": "n.record_key", "reading": "n.meter", "house_meter": "n.record_key", "house_reading": "n.meter"}
    subject = "n.record_key" if source.body in (r.Account, r.House, r.Premises) else key.get(source.whose, "n.house")
    if source.whose == "region":
        subject = "n.oktmo"
    changed = f"""
      SELECT n.record_id, {subject} AS subject, coalesce({source.first}, '-infinity')::date AS first,
        coalesce({source.last}, 'infinity')::date AS last
      FROM {table} n
      LEFT JOIN LATERAL (
        SELECT * FROM {table} o WHERE o.provider_id = n.provider_id AND o.record_key = n.record_key AND o.record_id < n.record_id
          AND o.state IN {_IN_FORCE} {visible} ORDER BY {order} LIMIT 1) o ON TRUE
      WHERE n.provider_id = :owner AND n.record_id > :after AND n.record_id <= :until AND n.state IN {_IN_FORCE}
        AND (o.record_id IS NULL OR ({news}) IS DISTINCT FROM ({olds}))"""
    return f"""
    SELECT h.entity_id AS house_id, a.entity_id AS account_id, m.first_day AS month,
      array_agg(DISTINCT t.record_id ORDER BY t.record_id) AS records
    FROM ({changed}) t
    JOIN unnest(CAST(:firsts AS date[]), CAST(:lasts AS date[])) AS m (first_day, last_day)
      ON m.last_day >= t.first AND m.first_day <= t.last
    {_subject(source.whose)}
    GROUP BY 1, 2, 3 ORDER BY 3, 1, 2"""


def _subject(whose: Whose) -> str:
    """Joins that give the house ``h`` and the account ``a`` of the subject of a row ``t``."""
    if whose == "region":
        return """LEFT JOIN entity h ON FALSE LEFT JOIN entity a ON FALSE
    WHERE EXISTS (SELECT FROM record_house o WHERE o.provider_id = :provider AND starts_with(o.oktmo, t.subject))"""
    house = "JOIN entity h ON h.provider_id = :provider AND h.kind = 'house' AND h.entity_key = "
    if whose == "house":
        return f"{house} t.subject LEFT JOIN entity a ON FALSE"
    if whose in ("house_meter", "house_reading"):
        return f"JOIN LATERAL {_METER_OF.format('t.subject')} v ON v.kind = {_HOUSE_METER} {house} v.house LEFT JOIN entity a ON FALSE"
    account = "t.subject"
    joins = ""
    if whose == "premises":
        joins = f"JOIN LATERAL ({_PLACED}) x ON TRUE"
        account = "x.account"
    if whose in ("meter", "reading"):
        joins = f"""JOIN LATERAL {_METER_OF.format("t.subject")} v ON v.kind <> {_HOUSE_METER}
        JOIN LATERAL (SELECT v.account WHERE v.account IS NOT NULL UNION {_SHARING.format("t.subject")}) x ON TRUE"""
        account = "x.account"
    return f"""{joins} JOIN LATERAL {_LATEST_ACCOUNT.format(account)} p ON TRUE {house} p.house
    JOIN entity a ON a.provider_id = :provider AND a.kind = 'account' AND a.entity_key = {account}"""

"""Closed months computed again after an event: what one flat's lines come to now, less what was posted, split by cause (section 17).

The house's totals of a closed month stay frozen: the common volume that was shared then is shared again, whatever the flat's own volume has
become; the correction of that volume goes to the open month (``HouseFacts.volume_corrections_e6``). Nothing here posts: the differences go
to the open month as new lines, except those that a court or a plan has blocked, which are reported and offered again later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from core.charges import clauses
from core.charges.common_property import CommonVolume
from core.charges.engine import charge_house
from core.charges.findings import UNUSED_ACT, ChargeFinding
from core.charges.law import Law
from core.ids import EntityId
from core.model.facts import Facts, HouseFacts
from core.model.lines import ChargeLine
from core.period import Month

__all__ = ["Difference", "Event", "carried_on", "frozen_common", "frozen_totals", "months_of_event", "recalculate"]

_SHARED_ONLY = frozenset({"S", "S_all", "T", "d", "D"})
_HOUSE_TOTALS = frozenset(
    {
        "V_house", "V_individual", "V_carried", "V_metered", "S_metered", "V_hot_all", "V_removed", "S_all", "S_own", "S_site",
        "n_house", "n_site",
    }
)  # fmt: skip
_COMMON_CLAUSES = frozenset(
    {
        "soi_norm", "soi_by_meter", "soi_average", "soi_house_average", "formula_12", "formula_12_capped", "formula_12_average",
        "formula_12_average_capped",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """A fact learnt after closing: its cause, for people and for the order of the split, and the house as it is with this fact.

    Events are cumulative: the house of each has the facts of those before it.
    """

    cause: str
    house: HouseFacts
    facts: Facts | None = None
    """The region's facts with this event; None: those of the month."""
    is_whole_house: bool = False
    """The totals of the house are computed anew too: it was held, or a person has decided on a mass recalculation."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a closed month of an account and service comes to now, less what was charged, by component and cause; kopecks with their signs.

    ``underdelivery`` and ``benefit`` lower the charge, so a greater one is a negative difference.
    """

    account_id: EntityId
    service_id: EntityId
    creditor_id: EntityId
    month: Month
    cause: str
    base: int
    surcharge: int
    recalculation: int
    underdelivery: int
    benefit: int
    volume_e6: int
    """Change of the own volume, which the open month's common property takes in."""
    blocked: bool
    """Reported, not posted."""
    before: ChargeLine | None = None
    """The line without the fact of the cause; None: there was none."""
    after: ChargeLine | None = None
    """The line with it; None: there is none any more."""

    @property
    def total(self) -> int:
        """To pay more (positive) or less."""
        return self.base + self.surcharge + self.recalculation + self.underdelivery + self.benefit


def months_of_event(first: date, last: date | None, *, closed: Collection[Month]) -> list[Month]:
    """The closed months that an event touches by its own dates; an open end means: from its beginning on."""
    return sorted(month for month in closed if month.last >= first and (last is None or month.first <= last))


def frozen_common(lines: Iterable[ChargeLine], services: Mapping[EntityId, str], month: Month) -> dict[str, CommonVolume]:
    """The common volumes that posted lines of a month were shares of, by service key, from the inputs of the lines."""
    frozen: dict[str, CommonVolume] = {}
    for line in lines:
        key = services.get(line.service_id)
        if line.clause not in _COMMON_CLAUSES or key is None or key in frozen:
            continue
        row = _first_row(line)
        values = {name: Fraction(text) for name, text in row["values"].items() if name not in _SHARED_ONLY}
        records = {name: tuple(ids) for name, ids in row["records"].items() if name not in _SHARED_ONLY}
        method = {"norm": "norm", "average": "average"}.get(line.method, "odpu")
        negative = None
        if line.clause.startswith("formula_12") and "V_house" in values and values["V_house"] < values["V_individual"]:
            negative = (values["V_house"], values["V_individual"])
        common = CommonVolume(month, method, Fraction(0), values, records, line.clause, negative)  # type: ignore[arg-type]  # literals of the table
        frozen[key] = common
    return frozen


def carried_on(lines: Iterable[ChargeLine], services: Mapping[EntityId, str]) -> dict[str, Fraction]:
    """The negative rest of common property that posted lines of a month leave to the next one, by service key."""
    carried: dict[str, Fraction] = {}
    for line in lines:
        key = services.get(line.service_id)
        if key is None or key in carried or line.clause not in ("soi_by_meter", "soi_house_average"):
            continue
        values = {name: Fraction(text) for name, text in _first_row(line)["values"].items()}
        counted = values["V_house"] if "V_house" in values else values["V_sum"] / values["m"]
        carried[key] = Fraction(clauses.house_carry(counted, values["V_individual"], values["V_carried"]))
    return carried


def frozen_totals(lines: Iterable[ChargeLine]) -> dict[EntityId, dict[str, Fraction]]:
    """Sums over the house that posted lines were shares of, by service and symbol: one flat's change does not move them (section 17.1)."""
    totals: dict[EntityId, dict[str, Fraction]] = {}
    for line in lines:
        base = line.inputs.get("base", ())
        assert isinstance(base, Sequence)
        for row in (row for group in base for row in group):
            total = _HOUSE_TOTALS | {"V_hot"} if row["clause"] == "formula_3_open" else _HOUSE_TOTALS
            found = {name: Fraction(text) for name, text in row["values"].items() if name in total}
            if found:
                totals.setdefault(line.service_id, {}).update(found)
    return totals


def recalculate(
    before: Sequence[ChargeLine],
    events: Sequence[Event],
    *,
    facts: Facts,
    law: Law,
    month: Month,
    accounts: Collection[EntityId],
    blocked: Collection[tuple[EntityId, Month]] = (),
    start: HouseFacts | None = None,
    told: list[ChargeFinding] | None = None,
) -> list[Difference]:
    """Differences of a closed month for the accounts, one for each service and cause that changed something.

    ``before`` are the posted lines of the month, all of the house: the frozen totals are taken from them. The difference of each event is
    that of the house with it from the house without it, so the causes add up to the whole. ``start``: the house as it was known before the
    events, where the lines posted since then are others than ``before``; None: the first event is told from ``before`` itself. ``told``
    gets what is said of acts among the events that find nothing to be about.
    """
    totals = frozen_totals(before)
    unused: list[ChargeFinding] = []

    def charged(house: HouseFacts, region: Facts, *, anew: bool = False) -> dict[tuple[EntityId, EntityId], ChargeLine]:
        if anew:
            result = charge_house(house, region, law, month)
        else:
            common = frozen_common(before, {service.service_id: service.key for service in house.services}, month)
            result = charge_house(house, region, law, month, frozen=common, totals=totals)
        unused[:] = [item for item in result.findings if item.code == UNUSED_ACT]
        return {(line.account_id, line.service_id): line for line in result.lines if line.account_id in accounts}

    if start is None:
        current = {(line.account_id, line.service_id): line for line in before if line.account_id in accounts}
    else:
        current = charged(start, facts)
    known = {item.message for item in unused}
    found: list[Difference] = []
    for event in events:
        after = charged(event.house, event.facts or facts, anew=event.is_whole_house)
        for key in sorted(current.keys() | after.keys()):
            difference = _difference(current.get(key), after.get(key), month, event.cause, blocked)
            if difference is not None:
                found.append(difference)
        current = after
    if told is not None:
        told.extend(item for item in unused if item.message not in known)
    return found


def _difference(
    old: ChargeLine | None, new: ChargeLine | None, month: Month, cause: str, blocked: Collection[tuple[EntityId, Month]]
) -> Difference | None:
    line = new or old
    assert line is not None

    def change(name: str) -> int:
        return (getattr(new, name) if new else 0) - (getattr(old, name) if old else 0)

    found = Difference(
        account_id=line.account_id,
        service_id=line.service_id,
        creditor_id=line.creditor_id,
        month=month,
        cause=cause,
        base=change("base"),
        surcharge=change("surcharge"),
        recalculation=change("recalculation"),
        underdelivery=-change("underdelivery"),
        benefit=-change("benefit"),
        volume_e6=change("volume_e6"),
        blocked=(line.account_id, month) in blocked,
        before=old,
        after=new,
    )
    changed = (found.base, found.surcharge, found.recalculation, found.underdelivery, found.benefit)
    return found if any(changed) else None


def _first_row(line: ChargeLine) -> Mapping[str, Any]:
    """The first row of the base as ``engine`` wrote it (``Any``: JSON values)."""
    base = line.inputs["base"]
    assert isinstance(base, Sequence)
    row: Mapping[str, Any] = base[0][0]
    return row

"""Why a closed month is computed again: each cause takes some of the facts as they are known now, the rest stays as it was.

The table is in the order of the split (section 17.2): what the base depends on, then absence, interruptions and quality, then relief. A new
kind of fact is one more entry here, with the names of its fields, and one in ``core.records.learned``, which finds the months it touches.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.ids import EntityId
from core.model.facts import AccountFacts, Facts, HouseFacts, MeterFacts

__all__ = ["CAUSES", "FIRST_CHARGE", "MASS", "Cause", "in_order", "region_with", "with_learned"]

FIRST_CHARGE, MASS = "first_charge", "mass"
"""Whole houses: one that was held when its month was posted, and one that a person decided to recalculate; all facts are those of now."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause, as people read it, and the facts that it takes from what is known now."""

    key: str
    title: str
    account: tuple[str, ...] = ()
    """Fields of :class:`AccountFacts`."""
    house: tuple[str, ...] = ()
    """Fields of :class:`HouseFacts`."""
    region: tuple[str, ...] = ()
    """Fields of :class:`Facts`."""


CAUSES: dict[str, Cause] = {
    cause.key: cause
    for cause in (
        Cause("tariff", "тариф, норматив или цена", house=("price_e6", "price_source"), region=("tariffs", "norms")),
        Cause(
            "area",
            "площадь",
            account=(
                "area_e2", "living_area_e2", "living_area_source", "own_heating_e2", "own_heating_source", "areas", "source",
            ),
        ),
        Cause(
            "account",
            "сведения о счёте и помещении",
            account=(
                "kind", "residential", "premises_number", "room_number", "no_meter", "no_meter_reason", "opened_on", "closed_on",
                "gas_stove", "gas_heater", "place_source",
            ),
        ),
        Cause("residents", "число проживающих", account=("residences", "owners", "owners_source")),
        Cause("meter", "сведения о приборе учёта"),
        Cause("reading", "показание прибора учёта", account=("meters",)),
        Cause(
            "act",
            "акт о приборе или потреблении",
            account=("acts", "access_refused", "access_refused_sources", "deliveries", "meters"),
            house=("electric_heating", "electric_heating_sources", "unused_acts"),
        ),
        Cause("absence", "временное отсутствие", account=("absences",)),
        Cause("interruption", "перерыв в услуге", house=("interruptions", "unused_acts")),
        Cause("quality", "качество услуги", house=("deviations", "unused_acts")),
        Cause("relief", "льгота", account=("reliefs",)),
        Cause(FIRST_CHARGE, "начисление задержанного дома"),
        Cause(MASS, "массовый перерасчёт дома"),
    )
}  # fmt: skip
"""By key, in the order of the split."""

_ORDER = {key: place for place, key in enumerate(CAUSES)}


def in_order(keys: Iterable[str]) -> list[str]:
    """Causes in the order of the split."""
    return sorted(set(keys), key=_ORDER.__getitem__)


def with_learned(base: HouseFacts, now: HouseFacts, learned: Mapping[EntityId, Collection[str]]) -> HouseFacts:
    """The house as it was, with the facts of the causes as they are known now: of each account its own, of the house those of any.

    An account that only the present knowledge has is added.
    """
    known = {account.account_id: account for account in now.accounts}
    accounts = [_account(account, known.get(account.account_id), learned.get(account.account_id, ())) for account in base.accounts]
    there = {account.account_id for account in base.accounts}
    accounts += [known[one] for one in sorted(learned) if one not in there and one in known]
    fields = {name for causes in learned.values() for key in causes for name in CAUSES[key].house}
    changes: dict[str, Any] = {name: getattr(now, name) for name in fields}  # fields of one dataclass, by their names
    return replace(base, accounts=tuple(accounts), **changes)


def region_with(base: Facts, now: Facts, causes: Collection[str]) -> Facts:
    """The region's facts as they were, with those of the causes as they are known now."""
    changes: dict[str, Any] = {name: getattr(now, name) for key in causes for name in CAUSES[key].region}
    return replace(base, **changes)


def _account(base: AccountFacts, now: AccountFacts | None, causes: Collection[str]) -> AccountFacts:
    if now is None or not causes:
        return base
    changes: dict[str, Any] = {name: getattr(now, name) for key in causes for name in CAUSES[key].account}
    if "meter" in causes and "reading" not in causes:
        changes["meters"] = _meters(base.meters, now.meters)
    return replace(base, **changes)


def _meters(base: Collection[MeterFacts], now: Collection[MeterFacts]) -> tuple[MeterFacts, ...]:
    """Meters as they are known now, with the readings that were known before."""
    readings = {meter.key: meter.readings for meter in base}
    return tuple(replace(meter, readings=readings.get(meter.key, ())) for meter in now)

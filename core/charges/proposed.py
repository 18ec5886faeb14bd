"""Tariffs, norms and settings as a file proposes them, laid over those in force: what the month would be charged by.

A value of the file holds on its days, and what was in force on them gives way; on all other days the region stays as it is. A norm without
an end holds until the next one that is known, as it does in the region's own configuration. What differs makes steps, one for tariffs, one
for norms and one for each rule, so that the effect of each is told apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TypeVar

from core.charges.law import Law
from core.ids import EntityId, RecordId
from core.model.facts import Facts, LocalSettings, NormFacts, TariffFacts
from core.model.records import ApprovedNorm, ApprovedTariff, Record, RegionSetting
from core.period import Month

__all__ = ["Proposal", "Step", "steps_to"]

_DAY = timedelta(days=1)
_TARIFF, _NORM = "тарифы", "нормативы"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What files propose: the law with their changes, and records of the region."""

    law: Law
    records: Sequence[Record] = ()
    whole_month: bool = False
    """The values hold for the whole month, whatever their own days are."""

    @property
    def inns(self) -> set[str]:
        """Suppliers that its tariffs name."""
        return {record.body.supplier_inn for record in self.records if isinstance(record.body, ApprovedTariff) and record.body.supplier_inn}


@dataclass(frozen=True, slots=True)
class Step:
    """The rules with one more thing changed: its key and name, and by what the month is computed then."""

    key: str
    title: str
    facts: Facts
    law: Law


@dataclass(slots=True)
class _Laid:
    """A region's facts with the records of a proposal laid over them; sources of the new ones are numbers below zero."""

    facts: Facts
    month: Month
    whole_month: bool
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(-1, -(10**9), -1)))

    def source(self) -> RecordId:
        return RecordId(next(self.numbers))

    def days(self, first: date, last: date | None) -> tuple[date, date | None]:
        return (self.month.first, self.month.last) if self.whole_month else (first, last)

    def tariffs(self, proposed: Iterable[ApprovedTariff], suppliers: Mapping[str, EntityId | None]) -> tuple[TariffFacts, ...]:
        found = list(self.facts.tariffs)
        for body in sorted(proposed, key=lambda one: one.first):
            first, last = self.days(body.first, body.last)
            if first > self.month.last:
                continue
            supplier = None if body.supplier_inn is None else suppliers.get(body.supplier_inn)
            new = TariffFacts(
                body.kind, body.utility_kind, body.resource_kind, body.zone, supplier, body.oktmo, body.act, first, last, body.value_e6,
                self.source(), body.range_number,
            )  # fmt: skip
            replaced = [old for old in found if _is_same_tariff(old, new)]
            if body.supplier_inn is None and replaced:  # one that names no supplier keeps the one that there is
                new = replace(new, supplier_id=replaced[-1].supplier_id)
            found = [part for old in found for part in (_without(old, first, last) if old in replaced else (old,))]
            found.append(new)
        return tuple(found)

    def norms(self, proposed: Iterable[ApprovedNorm]) -> tuple[NormFacts, ...]:
        found = [_ended(norm, self.facts.norms) for norm in self.facts.norms]
        for body in sorted(proposed, key=lambda one: one.first):
            first, last = self.days(body.first, body.last)
            if first > self.month.last:
                continue
            new = NormFacts(
                body.utility_kind, body.resource_kind, body.basis, body.okei, first, body.value_e6, self.source(), last, body.rooms,
                body.persons, body.oktmo,
            )  # fmt: skip
            replaced = [old for old in found if _gives_way(old, new)]
            later = [old.first for old in replaced if old.first > first]
            until = last if last is not None or not later else min(later) - _DAY
            found = [part for old in found for part in (_without(old, first, until) if old in replaced else (old,))]
            found.append(new)
        return tuple(found)

    def settings(self, proposed: Iterable[Record]) -> dict[tuple[str, str], object]:
        """Of each setting, by place and name, the last value that holds on the month's last day; places of one name follow each other."""
        found: dict[tuple[str, str], object] = {}
        for record in sorted(proposed, key=lambda one: one.valid_from or date.min):
            body = record.body
            first, last = self.days(record.valid_from or date.min, record.valid_to)
            if isinstance(body, RegionSetting) and first <= self.month.last <= (last or date.max):
                found[body.oktmo, body.name] = json.loads(body.value_json)
        names = list(dict.fromkeys(name for _, name in found))
        return dict(sorted(found.items(), key=lambda item: (names.index(item[0][1]), item[0][0])))


_Value = TypeVar("_Value", TariffFacts, NormFacts)


def _without(old: _Value, first: date, last: date | None) -> tuple[_Value, ...]:
    """What is left of a value outside some days."""
    before = replace(old, last=first - _DAY if old.last is None else min(old.last, first - _DAY)) if old.first < first else None
    after = None
    if last is not None and (old.last is None or old.last > last):
        after = replace(old, first=max(old.first, last + _DAY))
    return tuple(part for part in (before, after) if part is not None)


def _is_same_tariff(old: TariffFacts, new: TariffFacts) -> bool:
    """Whether two tariffs are of one matter, and cannot both hold on a day, whoever supplies it."""
    same = all(getattr(old, name) == getattr(new, name) for name in ("kind", "utility_kind", "resource_kind", "oktmo", "range_number"))
    return same and (old.zone or 1) == (new.zone or 1)


def _is_same_norm(old: NormFacts, new: NormFacts) -> bool:
    names = ("oktmo", "utility_kind", "resource_kind", "basis", "rooms", "persons")
    return all(getattr(old, name) == getattr(new, name) for name in names)


def _gives_way(old: NormFacts, new: NormFacts) -> bool:
    """Whether a proposed norm stands in the place of one: of the same matter, there or in a part of where the proposed one holds."""
    return old.oktmo.startswith(new.oktmo) and _is_same_norm(replace(old, oktmo=new.oktmo), new)


def _with_setting(facts: Facts, oktmo: str, name: str, value: object, source: RecordId) -> Facts | None:
    """The facts with a setting changed in a place and in all parts of it; None where that changes nothing."""
    places = {place.oktmo: place for place in (LocalSettings("", facts.settings, facts.settings_sources), *facts.local)}
    inside = {key for key, place in places.items() if key.startswith(oktmo) and name in place.settings and key != oktmo}
    here = places.get(oktmo, LocalSettings(oktmo, {}, {}))
    if not inside and name in facts.at(oktmo).settings and facts.at(oktmo).settings[name] == value:
        return None
    if inside and all(places[key].settings[name] == value for key in inside) and here.settings.get(name, value) == value:
        return None
    for key in inside:
        settings, sources = dict(places[key].settings), dict(places[key].sources)
        settings.pop(name)
        sources.pop(name)
        places[key] = LocalSettings(key, settings, sources)
    places[oktmo] = LocalSettings(oktmo, {**here.settings, name: value}, {**here.sources, name: source})
    everywhere = places.pop("")
    local = tuple(sorted(places.values(), key=lambda place: (len(place.oktmo), place.oktmo)))
    return replace(facts, settings=everywhere.settings, settings_sources=everywhere.sources, local=local)


def _ended(norm: NormFacts, norms: Iterable[NormFacts]) -> NormFacts:
    """The norm with its real end: the day before the next one of the same matter, where that is earlier than its own."""
    ends = [other.first - _DAY for other in norms if _is_same_norm(other, norm) and other.first > norm.first]
    return replace(norm, last=min([*ends, *([norm.last] if norm.last else [])])) if ends else norm


def steps_to(
    proposal: Proposal, facts: Facts, law: Law, month: Month, suppliers: Mapping[str, EntityId | None]
) -> tuple[list[Step], list[str]]:
    """The way from the rules in force to those proposed, with the first step being those in force; and what the reader must know of it."""
    bodies = [record.body for record in proposal.records]
    laid = _Laid(facts, month, proposal.whole_month)
    steps = [Step("", "", facts, law)]
    notes: list[str] = []

    def add(key: str, title: str, **changes: object) -> None:
        last = steps[-1]
        new_law = changes.pop("law", last.law)
        assert isinstance(new_law, Law)
        steps.append(Step(key, title, replace(last.facts, **changes), new_law))  # type: ignore[arg-type]  # fields by their names

    tariffs = laid.tariffs((body for body in bodies if isinstance(body, ApprovedTariff)), suppliers)
    if _told(tariffs, month) != _told(facts.tariffs, month):
        add("tariff", _TARIFF, tariffs=tariffs)
    norms = laid.norms(body for body in bodies if isinstance(body, ApprovedNorm))
    if _told(norms, month) != _told(facts.norms, month):
        add("norm", _NORM, norms=norms)
    proposed: dict[str, Facts] = {}
    for (oktmo, name), value in laid.settings(proposal.records).items():
        with_it = _with_setting(proposed.get(name, steps[-1].facts), oktmo, name, value, laid.source())
        if with_it is not None:
            if name in proposed:  # another place of a setting that was changed is part of the same step
                steps.pop()
            proposed[name] = with_it
            changed = {key: getattr(with_it, key) for key in ("settings", "settings_sources", "local")}
            add(f"setting.{name}", _title_of_setting(name, law), **changed)
    money = []
    for name, parameter in proposal.law.parameters.items():
        known = [one for one in parameter.values if one.first <= month.last]
        if [(o.first, o.last, o.value) for o in known] == [
            (o.first, o.last, o.value) for o in law.parameters[name].values if o.first <= month.last
        ]:
            continue
        if not law.is_of_charges(name):
            money.append(parameter.meaning)
            continue
        own = name.removeprefix("setting.").replace(".", "_")
        values = [at[own] for at in (steps[-1].facts.settings, *(place.settings for place in steps[-1].facts.local)) if own in at]
        if values:
            shown = ", ".join(dict.fromkeys(map(str, values)))
            notes.append(f"Правило {name} не изменит начислений там, где задано своё: настройка {own} = {shown}.")
        add(name, parameter.meaning, law=Law({**steps[-1].law.parameters, name: parameter}))
    if money:
        notes.append(f"Начислений не меняет, только сроки, пени и расчёты: {', '.join(money)}.")
    return steps, notes


def _told(values: Sequence[TariffFacts] | Sequence[NormFacts], month: Month) -> list[tuple[object, ...]]:
    """What values say up to the end of the month, without where they came from; parts of one value that follow each other are one."""
    told: dict[tuple[object, ...], list[tuple[date, date]]] = {}
    for value in values:
        one = value if isinstance(value, TariffFacts) else _ended(value, (other for other in values if isinstance(other, NormFacts)))
        if isinstance(one, TariffFacts):
            matter: tuple[object, ...] = (one.supplier_id, one.oktmo, one.kind, one.zone, one.range_number)
        else:
            matter = (one.oktmo, one.basis, one.rooms, one.persons)
        if one.first <= month.last:
            key = (*matter, one.utility_kind, one.resource_kind, one.value_e6)
            told.setdefault(key, []).append((one.first, min(one.last or month.last, month.last)))
    found: list[tuple[object, ...]] = []
    for key, spans in told.items():
        joined: list[tuple[date, date]] = []
        for first, last in sorted(spans):
            if joined and first <= joined[-1][1] + _DAY:
                joined[-1] = (joined[-1][0], max(joined[-1][1], last))
            else:
                joined.append((first, last))
        found += [(*key, first, last) for first, last in joined]
    return sorted(found, key=str)


def _title_of_setting(name: str, law: Law) -> str:
    """The setting as people read it: by the rule of the law that it stands for, where it is one."""
    for rule, parameter in law.parameters.items():
        if rule.removeprefix("setting.").replace(".", "_") == name:
            return parameter.meaning
    return f"настройка {name}"

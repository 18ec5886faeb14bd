"""Individual volumes of a house: each service of each account, month by month, by meters, the average or the norm.

Here a device is matched with what it measures: one zone of several, a flat-wide meter shared by persons (formulas 7 and 9), a meter that
passes from owner to owner with the account. The walk itself is in ``metering``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from functools import partial
from math import lcm
from operator import sub
from typing import TypeVar

from core.charges.averages import Averages
from core.charges.findings import Held
from core.charges.metering import Metered, Point, metering_points
from core.charges.payers import Payers
from core.charges.persons import persons
from core.charges.rules import Resource, Rules
from core.charges.volumes import MonthVolume, Part, norm_parts, service_days, volume_of
from core.exact import scaled
from core.ids import RecordId
from core.model.facts import AccountFacts, HouseFacts, MeterFacts, ServiceFacts
from core.model.lines import Method
from core.model.readings import in_columns, month_number
from core.period import Month

__all__ = ["IndividualVolumes", "ServiceVolumes"]

_PRIORITY: tuple[Method, ...] = ("ipu_replaced", "ipu_after_average", "average", "ipu")
"""Which way names the line when an account has several metering points: the least ordinary one."""

_INDIVIDUAL, _FLAT_WIDE = 3, 4
_DAY_ZONE, _NIGHT_ZONE = 2, 3
_NIGHT_READING = 2

_Walk = dict[Month, list[Metered]]
_Result = TypeVar("_Result", MonthVolume, Fraction)


@dataclass(frozen=True, slots=True)
class ServiceVolumes:
    """Volumes of a service in a house: of each account in the charged month, of all of them together in every month."""

    now: Mapping[str, MonthVolume | Held]
    """By account key; what can not be computed is ``Held``."""
    together: tuple[Fraction | None, ...]
    """By month of the walk; None where the volume of some account is not known. Empty unless asked for."""


class _Sums:
    """Volumes of all accounts by month: whole thousandths as they come from readings, and all others."""

    def __init__(self, months: int) -> None:
        self._read: list[list[int]] = []
        self._e3 = [0] * months
        self._more: list[dict[int, int]] = [{} for _ in range(months)]
        """Numerators by denominator."""
        self._unknown = [False] * months

    def add_read(self, volumes: list[int]) -> None:
        """Volumes of the first months, thousandths."""
        if len(volumes) == len(self._e3):
            self._read.append(volumes)
            return
        for i, volume in enumerate(volumes):
            self._e3[i] += volume

    def add(self, i: int, volume: Fraction | Held, times: int = 1) -> None:
        """The volume of an account in a month, or of so many accounts that have the same."""
        if isinstance(volume, Held):
            self._unknown[i] = True
            return
        num, den = volume.as_integer_ratio()
        more = self._more[i]
        more[den] = more.get(den, 0) + num * times

    def together(self) -> tuple[Fraction | None, ...]:
        """The sums."""
        read = [sum(volumes) for volumes in zip(*self._read, strict=True)] or [0] * len(self._e3)
        months = zip(read, self._e3, self._more, self._unknown, strict=True)
        return tuple(
            None if unknown else _sum_of({**more, 1000: more.get(1000, 0) + all_read + e3}) for all_read, e3, more, unknown in months
        )


def _sum_of(parts: Mapping[int, int]) -> Fraction:
    """The sum of numerators by denominator."""
    common = lcm(*parts)
    return Fraction(sum(num * (common // den) for den, num in parts.items()), common)


@dataclass(slots=True)
class _Household:
    """Volumes by the norm of households that differ in nothing."""

    earlier: list[Fraction | Held]
    """Of the months before the charged one."""
    now: MonthVolume
    accounts: int = 0
    """How many there are."""


@dataclass(slots=True)
class IndividualVolumes:
    """Computes the volumes of a house, service by service."""

    house: HouseFacts
    rules: Rules
    payers: Payers
    averages: Mapping[Month, Averages]
    _of_two_zones: frozenset[str] = field(init=False)
    """Keys of meters with readings of the night."""

    _installed: dict[tuple[str, int], dict[str, list[MeterFacts]]] = field(init=False)
    """Meters by service and kind, then by account."""
    _numbers: list[int] = field(init=False)
    """Of the months of the walk, see :func:`core.model.readings.month_number`."""
    _start: date = field(init=False)
    _last: date = field(init=False)
    """First and last day of the walk."""
    _households: dict[str, Hashable] = field(init=False, default_factory=dict)
    """What the norm depends on of accounts, by key, where that is the same in all months of the walk: as many residents, all of them
    here on every day, or nobody and as many owners, as many rooms …"""

    def __post_init__(self) -> None:
        self._installed = defaultdict(lambda: defaultdict(list))
        zoned = set[str]()
        self._start, self._last = start, _ = min(self.averages).first, max(self.averages).last
        self._numbers = [month_number(month.first) for month in self.averages]
        for account in self.house.accounts:
            for meter in account.meters:
                self._installed[meter.service, meter.kind][account.key].append(meter)
                if _NIGHT_READING in in_columns(meter.readings).zones:
                    zoned.add(meter.key)
            lived = account.residences
            is_open = account.opened_on <= start and account.closed_on is None
            if is_open and account.residential and all(one.last is None and one.first <= start for one in lived):
                owners = None if lived else account.owners
                self._households[account.key] = (len(lived), owners, account.rooms, account.gas_stove, account.gas_heater)
        self._of_two_zones = frozenset(zoned)

    def of(self, service: ServiceFacts, resource: Resource, *, every_month: bool) -> ServiceVolumes:
        """Volumes of the accounts in the last month of ``averages``; with ``every_month`` also their sums in each month.

        Earlier months are walked in any case: readings, averages and the three-month limit depend on them.
        """
        walk = list(self.averages)
        months = [(i, month) for i, month in enumerate(walk) if every_month or i == len(walk) - 1]
        sums = _Sums(len(walk))
        accounts = self.payers.carrying(service)
        own, flats = self._meters(accounts, service, _INDIVIDUAL), self._meters(accounts, service, _FLAT_WIDE)
        sharing: dict[str, list[AccountFacts]] = {}
        for account in accounts if flats else ():
            for meter in flats.get(account.key, ()):
                sharing.setdefault(meter.key, []).append(account)
        found: dict[str, MonthVolume | Held] = {}
        households: dict[Hashable, _Household] = {}
        for account in accounts:
            key = account.key
            if self._of_two_zones and self._is_mixed(account, service):
                held = Held(
                    "CH-020", "прибор показывает несколько тарифных зон, а услуга — на один тариф", hint="Проверьте услугу прибора (УК).",
                    clause="формула 1",
                )  # fmt: skip
                found[key] = held
                for i, _ in months:
                    sums.add(i, held)
                continue
            meters = own.get(key)
            if flats and flats.get(key):
                flat = list({one.key: one for meter in flats[key] for one in sharing[meter.key]}.values())
                rooms = {one.key: self._walk(one, service, resource, own.get(one.key, []), [one]) for one in flat}
                together = self._walk(None, service, resource, flats[key], flat)
                compute = partial(self._in_flat, account, service, resource, together=together, rooms=rooms, flat=flat)
                for i, month in months:
                    found[key] = volume = self._month(compute, month)
                    sums.add(i, volume if isinstance(volume, Held) else volume.volume)
            elif not meters:
                found[key] = self._without_meter(account, service, resource, months, sums, households)
            else:
                found[key] = self._with_meters(account, service, resource, meters, months, sums)
        for household in households.values():
            for (i, _), of_one in zip(months, (*household.earlier, household.now.volume), strict=True):
                sums.add(i, of_one, household.accounts)
        return ServiceVolumes(found, sums.together() if every_month else ())

    def _without_meter(
        self, account: AccountFacts, service: ServiceFacts, resource: Resource, months: Sequence[tuple[int, Month]], sums: _Sums,
        households: dict[Hashable, _Household],
    ) -> MonthVolume | Held:  # fmt: skip
        """By the norm; of households that differ in nothing it is worked out once, and each has the records of its own people."""
        household = self._households.get(account.key)
        known = None if household is None else households.get(household)
        if known is not None:
            known.accounts += 1
            return _of_people(known.now, self._people(account))
        now = self._month(partial(self._by_norm, account, service, resource, points=()), months[-1][1])
        earlier = [self._month(partial(self._norm_volume, account, service, resource), month) for _, month in months[:-1]]
        if household is not None and isinstance(now, MonthVolume) and _is_of_people(now, account, self._people(account)):
            households[household] = _Household(earlier, now, 1)
            return now
        for (i, _), volume in zip(months, (*earlier, now.volume if isinstance(now, MonthVolume) else now), strict=True):
            sums.add(i, volume)
        return now

    def _people(self, account: AccountFacts) -> tuple[RecordId, ...]:
        """Records that tell the persons of a household, see :func:`core.charges.persons.persons`."""
        if account.residences:
            return tuple([one.source for one in account.residences])
        if account.owners is not None:
            return (account.owners_source or account.source,)
        return (account.source, *self.rules.number("setting.owners_when_unknown", self.rules.month.last).records)

    def _with_meters(
        self, account: AccountFacts, service: ServiceFacts, resource: Resource, meters: list[MeterFacts],
        months: Sequence[tuple[int, Month]], sums: _Sums,
    ) -> MonthVolume | Held:  # fmt: skip
        """By the account's own meters: ordinary months at once, the others one after another."""
        if len(meters) == 1 and resource != "heating":
            volumes = self._all_read(account, meters[0])
            if volumes is not None:
                sums.add_read(volumes)
                read_by = in_columns(meters[0].readings).sources
                return _read(months[-1][1], volumes[-1], (read_by[-2], read_by[-1], meters[0].source))
        walk = list(self.averages)
        points = self._points(account, service, resource, meters, [account])
        read = points[0].read_through(walk, self._numbers) if len(points) == 1 else []
        sums.add_read(read)
        if len(read) == len(walk):
            return _read(walk[-1], read[-1], points[0].last_sources())
        if len(points) == 1:
            return self._with_one_point(account, service, resource, points[0], months, len(read), sums)
        compute = partial(self._alone, account, service, resource, walk=self._steps(points, walk))
        for i, month in months:
            last = self._month(compute, month)
            sums.add(i, last if isinstance(last, Held) else last.volume)
        return last

    def _all_read(self, account: AccountFacts, meter: MeterFacts) -> list[int] | None:
        """Volumes (thousandths) of all months of the walk, of a meter that counts on every day of them, was read once in each and shows no
        less each time: all are ordinary, see :meth:`Point.read_through`. None where that is not so."""
        read, numbers = in_columns(meter.readings), self._numbers
        place = len(read.months) - len(numbers)
        if place < 1 or read.months[place:] != numbers or read.months[place - 1] == numbers[0]:
            return None
        if account.opened_on > self._start or not (meter.commissioned_on is None or meter.commissioned_on < self._start):
            return None
        last = self._last
        if meter.failed_on is not None and meter.failed_on <= last:
            return None
        for end in (account.closed_on, meter.closed_on, meter.next_verification_on, meter.access_refused_on):
            if end is not None and end < last:
                return None
        volumes = list(map(sub, read.values_e3[place:], read.values_e3[place - 1 :]))
        return volumes if min(volumes) >= 0 else None

    def _with_one_point(
        self, account: AccountFacts, service: ServiceFacts, resource: Resource, point: Point, months: Sequence[tuple[int, Month]],
        read: int, sums: _Sums,
    ) -> MonthVolume | Held:  # fmt: skip
        """The rest of the walk of one metering point; of the months before the charged one only their volumes matter."""
        walked = [(month, point.month(month, limits)) for month, limits in list(self.averages.items())[read:]]
        last_month, last = walked.pop()
        for (i, month), (_, metered) in zip(months[read:], walked if len(months) > 1 else (), strict=False):
            if metered is None or metered.outcome == "norm":
                sums.add(i, self._month(partial(self._norm_volume, account, service, resource), month))
            elif metered.clause == "formula_1_gap_norm":
                part = partial(self._point_part, account, service, resource, metered)
                found = self._month(lambda month, part=part: volume_of(part(month)), month)  # type: ignore[misc]  # mypy can not infer it
                sums.add(i, found)
            else:
                sums.add(i, metered.volume or volume_of(Part(metered.clause, metered.values, metered.records)))
        compute = partial(self._alone, account, service, resource, walk={last_month: [] if last is None else [last]})
        now = self._month(compute, last_month)
        sums.add(months[-1][0], now if isinstance(now, Held) else now.volume)
        return now

    @staticmethod
    def _month(compute: Callable[[Month], _Result], month: Month) -> _Result | Held:
        try:
            return compute(month)
        except Held as held:
            return held

    def _alone(self, account: AccountFacts, service: ServiceFacts, resource: Resource, month: Month, *, walk: _Walk) -> MonthVolume:
        """All metering points of the service as one volume; where one of them goes by the norm, the whole service does."""
        points = walk[month]
        refused = tuple(reading for point in points for reading in point.refused)
        if not points or any(point.outcome == "norm" for point in points):
            return self._by_norm(account, service, resource, month, points)
        parts = tuple(self._point_part(account, service, resource, point, month) for point in points)
        outcomes = {point.outcome for point in points}
        method = next(method for method in _PRIORITY if method in outcomes)
        rebuilt = tuple(item for point in points for item in point.rebuilt)
        volume = points[0].volume if len(points) == 1 and points[0].volume is not None else _sum(parts)
        return MonthVolume(month, method, parts, volume, False, refused, True, rebuilt)

    def _by_norm(
        self, account: AccountFacts, service: ServiceFacts, resource: Resource, month: Month, points: Sequence[Metered]
    ) -> MonthVolume:
        parts = self._norm(account, service, resource, month)
        refused = tuple(reading for point in points for reading in point.refused)
        return MonthVolume(month, "norm", parts, _sum(parts), any(point.raised for point in points), refused, bool(points))

    def _in_flat(
        self, account: AccountFacts, service: ServiceFacts, resource: Resource, month: Month, *, together: _Walk,
        rooms: Mapping[str, _Walk], flat: Sequence[AccountFacts],
    ) -> MonthVolume:  # fmt: skip
        """A room's share of the flat-wide meter by persons, after what the rooms' own meters counted."""
        points = together[month]
        if not points or any(point.outcome == "norm" for point in points):
            return self._by_norm(account, service, resource, month, points)
        if any(point.rebuilt for point in points) or any(point.rebuilt for walk in rooms.values() for point in walk[month]):
            raise Held(
                "CH-025", "позднее показание прибора коммунальной квартиры: пересчёт месяцев по комнатам не определён",
                hint="Пересчитайте вручную или задайте late_reading = difference.", clause="п. 59, формула 7",
            )  # fmt: skip
        refused = tuple(reading for point in points for reading in point.refused)
        whole = tuple(self._point_part(account, service, resource, point, month) for point in points)
        people = {}
        for one in flat:
            days = service_days(one, service, month)
            if days is not None:
                people[one.key] = persons(one, month, self.rules, first=days[0], last=days[1])
        if account.key not in people:
            return MonthVolume(month, "ipu_flat", (), Fraction(0), False, refused, True)
        values = {"V_flat": _sum(whole), "n": people[account.key].count, "n_flat": sum((one.count for one in people.values()), Fraction(0))}
        records = {
            "V_flat": _sources(whole),
            "n": people[account.key].records,
            "n_flat": tuple(source for one in people.values() for source in one.records),
        }
        law = {"n": people[account.key].law} if people[account.key].law else {}
        own = {key: [point for point in walk[month] if point.outcome != "norm"] for key, walk in rooms.items()}
        clause = "formula_7"
        if any(own.values()):
            parts = {key: tuple(Part(point.clause, point.values, point.records) for point in found) for key, found in own.items()}
            values |= {"V": _sum(parts[account.key]), "V_rooms": sum((_sum(part) for part in parts.values()), Fraction(0))}
            records |= {"V": _sources(parts[account.key]), "V_rooms": tuple(s for part in parts.values() for s in _sources(part))}
            clause = "formula_9"
        part = Part(clause, values, records, law)
        method: Method = "average" if any(point.outcome == "average" for point in points) else "ipu_flat"
        return MonthVolume(month, method, (part,), volume_of(part), False, refused, True)

    def _walk(
        self,
        account: AccountFacts | None,
        service: ServiceFacts,
        resource: Resource,
        meters: list[MeterFacts],
        sharing: Sequence[AccountFacts],
    ) -> _Walk:
        """The metering points of the meters through the months."""
        return self._steps(self._points(account, service, resource, meters, sharing), list(self.averages))

    def _steps(self, points: Sequence[Point], months: Sequence[Month]) -> _Walk:
        """The rest of the walk, month by month."""
        walked = ((month, self.averages[month]) for month in months)
        return {month: [metered for point in points if (metered := point.month(month, limits)) is not None] for month, limits in walked}

    def _points(
        self,
        account: AccountFacts | None,
        service: ServiceFacts,
        resource: Resource,
        meters: list[MeterFacts],
        sharing: Sequence[AccountFacts],
    ) -> list[Point]:
        """The metering points of the meters before the walk; of a flat-wide meter the norm is that of all its accounts."""
        if not meters:
            return []

        def norm(month: Month) -> Fraction:
            return sum((self._norm_volume(one, service, resource, month) for one in sharing), Fraction(0))

        points = metering_points(meters, norm)
        season = self.rules.heating_months() if resource == "heating" and meters else None
        for point in points:
            if account is not None:
                point.opened_on, point.closed_on = account.opened_on, account.closed_on
            if season is not None:
                point.counts = _in_season(season)
            point.begin(self._start)
        return points

    def _norm(self, account: AccountFacts, service: ServiceFacts, resource: Resource, month: Month) -> tuple[Part, ...]:
        days = service_days(account, service, month)
        if days is None or resource == "heating":
            return ()
        return norm_parts(account, service, month, resource=resource, days=days, rules=self.rules)

    def _norm_volume(self, account: AccountFacts, service: ServiceFacts, resource: Resource, month: Month) -> Fraction:
        """The volume of a month by the norm."""
        household = self._households.get(account.key)
        if household is None:
            return _sum(self._norm(account, service, resource, month))
        key = ("norm", service.utility_kind, service.resource_kind, service.starts_on, service.ends_on, month, household)
        known: Fraction | None = self.rules.worked_out.get(key)
        if known is None:
            known = self.rules.worked_out[key] = _sum(self._norm(account, service, resource, month))
        return known

    def _point_part(self, account: AccountFacts, service: ServiceFacts, resource: Resource, point: Metered, month: Month) -> Part:
        """The part of a metering point; days between two meters that go by the norm take it from the account's people."""
        if point.clause != "formula_1_gap_norm":
            return Part(point.clause, point.values, point.records)
        norm = self._norm(account, service, resource, month)
        if len(norm) != 1 or norm[0].clause != "formula_4":
            raise Held(
                "CH-012", "норматив меняется в месяце замены прибора", hint="Начислите вручную и сообщите разработчику.", clause="п. 59, 60"
            )
        return Part(point.clause, {**point.values, **norm[0].values}, {**point.records, **norm[0].records}, norm[0].law)

    def _meters(self, accounts: Sequence[AccountFacts], service: ServiceFacts, kind: int) -> Mapping[str, list[MeterFacts]]:
        """Meters of the kind that measure the service, by account, each with the readings of its zone alone."""
        if service.zone != _NIGHT_ZONE:
            mine = self._installed.get((service.key, kind), {})
            return mine if not self._of_two_zones else {key: self._of_the_day(meters) for key, meters in mine.items()}
        days = {one.key for one in self.house.services if one.zone == _DAY_ZONE and one.utility_kind == service.utility_kind}
        found: dict[str, list[MeterFacts]] = {}
        for account in accounts:
            night = []
            for meter in account.meters:
                readings = tuple(reading for reading in meter.readings if reading.zone == _NIGHT_READING)
                if meter.kind == kind and meter.service in days and readings:
                    night.append(replace(meter, readings=in_columns(readings), start_e3=None))
                elif meter.kind == kind and meter.service == service.key:
                    night.append(meter)
            if night:
                found[account.key] = night
        return found

    def _of_the_day(self, meters: list[MeterFacts]) -> list[MeterFacts]:
        if not any(meter.key in self._of_two_zones for meter in meters):
            return meters
        return [replace(meter, readings=in_columns(tuple(r for r in meter.readings if r.zone != _NIGHT_READING))) for meter in meters]

    def _is_mixed(self, account: AccountFacts, service: ServiceFacts) -> bool:
        """Readings of several zones of a device whose service has one tariff."""
        if not self._of_two_zones or service.zone not in (None, 1):
            return False
        return any(meter.service == service.key and meter.key in self._of_two_zones for meter in account.meters)


def _read(month: Month, volume_e3: int, sources: tuple[RecordId, ...]) -> MonthVolume:
    """An ordinary month of the only metering point: formula 1 of what was counted."""
    volume = scaled(volume_e3, 1000)
    return MonthVolume(month, "ipu", (Part("formula_1", {"V": volume}, {"V": sources}),), volume, False, (), True)


def _is_of_people(volume: MonthVolume, account: AccountFacts, people: tuple[RecordId, ...]) -> bool:
    """Whether of a volume by the norm nothing but the records of the people is the account's own."""
    others = (ids for part in volume.parts for name, ids in part.records.items() if name != "n")
    return all(part.records.get("n") == people for part in volume.parts) and all(account.source not in ids for ids in others)


def _of_people(volume: MonthVolume, people: tuple[RecordId, ...]) -> MonthVolume:
    """The same volume of another household, with the records of its people."""
    parts = tuple([Part(part.clause, part.values, {**part.records, "n": people}, part.law, part.first, part.last) for part in volume.parts])
    return MonthVolume(volume.month, volume.method, parts, volume.volume)


def _in_season(season: frozenset[int]) -> Callable[[Month], bool]:
    return lambda month: month.month in season


def _sum(parts: Sequence[Part]) -> Fraction:
    if len(parts) == 1:
        return volume_of(parts[0])
    return sum((volume_of(part) for part in parts), Fraction(0))


def _sources(parts: Sequence[Part]) -> tuple[RecordId, ...]:
    return tuple(dict.fromkeys(source for part in parts for ids in part.records.values() for source in ids))

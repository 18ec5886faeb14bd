"""Individual volumes of a house: each service of each account, month by month, by meters, the average or the norm.

Here a device is matched with what it measures: one zone of several, a flat-wide meter shared by persons (formulas 7 and 9), a meter that
passes from owner to owner with the account. The walk itself is in ``metering``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import TypeVar

from core.charges.averages import Averages
from core.charges.findings import Held
from core.charges.metering import Metered, Point, metering_points
from core.charges.payers import Payers
from core.charges.persons import persons
from core.charges.rules import Resource, Rules
from core.charges.volumes import MonthVolume, Part, norm_parts, service_days, volume_of
from core.ids import RecordId
from core.model.facts import AccountFacts, HouseFacts, MeterFacts, ServiceFacts
from core.model.lines import Method
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
        self._e3 = [0] * months
        self._more = [Fraction(0)] * months
        self._unknown = [False] * months

    def add_read(self, volumes: Sequence[int]) -> None:
        """Volumes of the first months, thousandths."""
        for i, volume in enumerate(volumes):
            self._e3[i] += volume

    def add(self, i: int, volume: Fraction | Held) -> None:
        """The volume of an account in a month."""
        if isinstance(volume, Held):
            self._unknown[i] = True
        elif volume:
            self._more[i] += volume

    def together(self) -> tuple[Fraction | None, ...]:
        """The sums."""
        months = zip(self._e3, self._more, self._unknown, strict=True)
        return tuple(None if unknown else Fraction(e3, 1000) + more for e3, more, unknown in months)


@dataclass(slots=True)
class IndividualVolumes:
    """Computes the volumes of a house, service by service."""

    house: HouseFacts
    rules: Rules
    payers: Payers
    averages: Mapping[Month, Averages]
    _of_two_zones: frozenset[str] = field(init=False)
    """Keys of meters with readings of the night."""

    _installed: dict[tuple[str, str, int], list[MeterFacts]] = field(init=False)
    """Meters by account, service and kind."""
    _norm_volumes: dict[Hashable, Fraction] = field(init=False, default_factory=dict)
    """Volumes by the norm of households that differ in nothing: as many residents, all of them here on every day, and as many rooms."""

    def __post_init__(self) -> None:
        self._installed = defaultdict(list)
        zoned = set[str]()
        for account in self.house.accounts:
            for meter in account.meters:
                self._installed[account.key, meter.service, meter.kind].append(meter)
                if any(reading.zone == _NIGHT_READING for reading in meter.readings):
                    zoned.add(meter.key)
        self._of_two_zones = frozenset(zoned)

    def of(self, service: ServiceFacts, resource: Resource, *, every_month: bool) -> ServiceVolumes:
        """Volumes of the accounts in the last month of ``averages``; with ``every_month`` also their sums in each month.

        Earlier months are walked in any case: readings, averages and the three-month limit depend on them.
        """
        walk = list(self.averages)
        months = [(i, month) for i, month in enumerate(walk) if every_month or i == len(walk) - 1]
        sums = _Sums(len(walk))
        accounts = [account for account in self.house.accounts if self.payers.carries(account, service)]
        own = {account.key: self._meters(account, service, _INDIVIDUAL) for account in accounts}
        flats = {account.key: self._meters(account, service, _FLAT_WIDE) for account in accounts}
        sharing: dict[str, list[AccountFacts]] = {}
        for account in accounts:
            for meter in flats[account.key]:
                sharing.setdefault(meter.key, []).append(account)
        found: dict[str, MonthVolume | Held] = {}
        for account in accounts:
            compute: Callable[[Month], MonthVolume]
            if self._is_mixed(account, service):
                held = Held(
                    "CH-020", "прибор показывает несколько тарифных зон, а услуга — на один тариф", hint="Проверьте услугу прибора (УК).",
                    clause="формула 1",
                )  # fmt: skip
                found[account.key] = held
                for i, _ in months:
                    sums.add(i, held)
                continue
            if not own[account.key] and not flats[account.key]:
                for i, month in months[:-1]:
                    sums.add(i, self._month(partial(self._norm_volume, account, service, resource), month))
                volume = self._month(partial(self._by_norm, account, service, resource, points=()), walk[-1])
                found[account.key] = volume
                sums.add(months[-1][0], volume if isinstance(volume, Held) else volume.volume)
                continue
            read: list[int] = []
            if flats[account.key]:
                flat = list({one.key: one for meter in flats[account.key] for one in sharing[meter.key]}.values())
                rooms = {one.key: self._walk(one, service, resource, own[one.key], [one]) for one in flat}
                together = self._walk(None, service, resource, flats[account.key], flat)
                compute = partial(self._in_flat, account, service, resource, together=together, rooms=rooms, flat=flat)
            else:
                points = self._points(account, service, resource, own[account.key], [account])
                if len(points) == 1:
                    read = points[0].read_through(walk)
                    sums.add_read(read)
                if len(read) == len(walk):
                    found[account.key] = _read(points[0], walk[-1], read[-1])
                    continue
                compute = partial(self._alone, account, service, resource, walk=self._steps(points, walk[len(read) :]))
            for i, month in months:
                if i >= len(read):
                    found[account.key] = volume = self._month(compute, month)
                    sums.add(i, volume if isinstance(volume, Held) else volume.volume)
        return ServiceVolumes(found, sums.together() if every_month else ())

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
        return MonthVolume(month, method, parts, _sum(parts), False, refused, True, rebuilt)

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
            point.begin(min(self.averages))
        return points

    def _norm(self, account: AccountFacts, service: ServiceFacts, resource: Resource, month: Month) -> tuple[Part, ...]:
        days = service_days(account, service, month)
        if days is None or resource == "heating":
            return ()
        return norm_parts(account, service, month, resource=resource, days=days, rules=self.rules)

    def _norm_volume(self, account: AccountFacts, service: ServiceFacts, resource: Resource, month: Month) -> Fraction:
        """The volume of a month by the norm."""
        start, lived = month.first, account.residences
        alike: Hashable | None = None
        if lived and account.residential and all(one.last is None and one.first <= start for one in lived):
            days = service_days(account, service, month)
            alike = (service.key, month, days, len(lived), account.rooms, account.gas_stove, account.gas_heater)
        if alike in self._norm_volumes:
            return self._norm_volumes[alike]
        volume = _sum(self._norm(account, service, resource, month))
        if alike is not None:
            self._norm_volumes[alike] = volume
        return volume

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

    def _meters(self, account: AccountFacts, service: ServiceFacts, kind: int) -> list[MeterFacts]:
        """Meters of the kind that measure the service, each with the readings of its zone alone."""
        if service.zone != _NIGHT_ZONE:
            mine = self._installed.get((account.key, service.key, kind), [])
            return [self._of_the_day(meter) for meter in mine] if any(meter.key in self._of_two_zones for meter in mine) else mine
        days = {one.key for one in self.house.services if one.zone == _DAY_ZONE and one.utility_kind == service.utility_kind}
        night = []
        for meter in account.meters:
            readings = tuple(reading for reading in meter.readings if reading.zone == _NIGHT_READING)
            if meter.kind == kind and meter.service in days and readings:
                night.append(replace(meter, readings=readings, start_e3=None))
            elif meter.kind == kind and meter.service == service.key:
                night.append(meter)
        return night

    @staticmethod
    def _of_the_day(meter: MeterFacts) -> MeterFacts:
        return replace(meter, readings=tuple(r for r in meter.readings if r.zone != _NIGHT_READING))

    def _is_mixed(self, account: AccountFacts, service: ServiceFacts) -> bool:
        """Readings of several zones of a device whose service has one tariff."""
        if not self._of_two_zones or service.zone not in (None, 1):
            return False
        return any(meter.service == service.key and meter.key in self._of_two_zones for meter in account.meters)


def _read(point: Point, month: Month, volume_e3: int) -> MonthVolume:
    """An ordinary month of the only metering point: formula 1 of what was counted."""
    metered = point.ordinary(volume_e3)
    part = Part(metered.clause, metered.values, metered.records)
    return MonthVolume(month, "ipu", (part,), metered.values["V"], False, (), True)


def _in_season(season: frozenset[int]) -> Callable[[Month], bool]:
    return lambda month: month.month in season


def _sum(parts: Sequence[Part]) -> Fraction:
    if len(parts) == 1:
        return volume_of(parts[0])
    return sum((volume_of(part) for part in parts), Fraction(0))


def _sources(parts: Sequence[Part]) -> tuple[RecordId, ...]:
    return tuple(dict.fromkeys(source for part in parts for ids in part.records.values() for source in ids))

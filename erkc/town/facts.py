"""The town's facts as records: first what all houses share, then house by house, so that a million accounts pass in flat memory.

Each house is made from (seed, its number) alone. Ten services on every account; of the flats' meters some have lapsed, some were read late
or not at all, some flats have none, with and without an act that none can be installed.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from core.model.finding import Position
from core.model.records import (
    Absence,
    Account,
    AccountPlace,
    Body,
    CapitalRepairDecision,
    House,
    HouseParameter,
    HousePrice,
    HouseService,
    Interruption,
    ManagementContract,
    Meter,
    Organisation,
    Person,
    Premises,
    Reading,
    Record,
    Residence,
    Service,
)
from core.period import Month
from erkc.town import region

__all__ = ["LARGEST", "SMALLEST", "house_sizes", "town"]

SMALLEST, LARGEST = 20, 400
"""Premises of a house."""

_MONTHS = 6
"""Months of readings before the charged one."""

_MANAGER, _WATER, _HEAT, _CAPITAL_REPAIR = "2", "3", "4", "5"
_ORGANISATIONS = (region.CENTRE, region.MANAGER, region.WATER, region.HEAT, region.CAPITAL_REPAIR)
_SERVICES = (
    Service("Содержание жилого помещения", "Содержание", 2, 1, None, None, 3, None, "055", None, None),
    Service("Холодное водоснабжение", "ХВС", 1, 1, None, 1, None, None, "113", 1, 2),
    Service("Горячее водоснабжение", "ГВС", 1, 1, None, 2, None, None, "113", 2, 3),
    Service("Водоотведение", "ВО", 1, 1, None, 3, None, None, "113", 8, 4),
    Service("Электроснабжение", "ЭЭ", 1, 1, None, 4, None, 1, "245", 3, 5),
    Service("Отопление", "Отопление", 1, 1, None, 6, None, None, "233", 5, 6),
    Service("Холодная вода на содержание общего имущества", "ХВ СОИ", 2, 2, "2", None, 3, None, "113", 1, None),
    Service("Электроэнергия на содержание общего имущества", "ЭЭ СОИ", 2, 2, "5", None, 3, None, "245", 3, None),
    Service("Горячая вода на содержание общего имущества", "ГВ СОИ", 2, 2, "3", None, 3, None, "113", 2, None),
    Service("Взнос на капитальный ремонт", "КР", 2, 1, None, None, 2, None, "055", None, None),
)
_CONTRIBUTION = 10
_METERED = (("2", 3_900, "СХ"), ("3", 2_700, "СГ"), ("5", 71_000, "СЭ"))
"""Service, what a person uses in a month in thousandths of its unit, and the mark of its meters' numbers."""

_HEATING, _HEAT_OF_M2 = "6", 21
"""Thousandths of a Gcal that 1 m² takes in a month."""

_STREETS = ("Образцовая", "Примерная", "Пробная", "Учебная", "Эталонная", "Контрольная")
_STREETS_LENGTH = 60
_PEOPLE = (0, 1, 1, 2, 2, 2, 3, 3, 4, 5)
_SYLLABLES = ("лип", "дуб", "ёл", "сос", "бер", "ряб", "клён", "яс", "ив", "тис")


def house_sizes(accounts: int, seed: int) -> Iterator[int]:
    """Premises of each house, 20 to 400, that sum to the accounts of the town (a smaller town is one house)."""
    rng = random.Random(f"{seed}/houses")
    left = accounts
    while left > 0:
        size = min(rng.randint(SMALLEST, LARGEST), left)
        if 0 < left - size < SMALLEST:
            size = left if left <= LARGEST else left - SMALLEST
        left -= size
        yield size


def town(accounts: int, seed: int, month: Month) -> Iterator[Record]:
    """All records of the town for a month, in the order of «Формат 4.0»: what is referred to comes before what refers to it."""
    yield from _shared(month)
    before = 0
    for number, size in enumerate(house_sizes(accounts, seed), 1):
        yield from _House(number, size, before, month, random.Random(f"{seed}/{number}")).records()
        before += size


def _record(body: Body, key: str, since: date | None = None) -> Record:
    return Record(key, Position(f"town/{body.kind_name}"), body, valid_from=since)


def _shared(month: Month) -> Iterator[Record]:
    for number, (inn, ogrn, name, role) in enumerate(_ORGANISATIONS, 1):
        address = f"Синтетическая область, г. Большой Тестов, ул. Условная, д. {number}"
        body = Organisation(name, name, inn, "007701001", ogrn, address, "+7 000 000-00-00", f"org{number}@example.invalid", (role,), True)
        yield _record(body, str(number), month.first)
    for number, service in enumerate(_SERVICES, 1):
        yield _record(service, str(number), month.first)
    yield _record(ManagementContract(_MANAGER, "ДУ-1", date(month.year - 1, 1, 1), date(month.year - 1, 1, 1), None), "1")


@dataclass(slots=True)
class _House:
    """One house being made."""

    number: int
    size: int
    before: int
    """Accounts of the houses before it: its accounts go on from there."""
    month: Month
    rng: random.Random

    @property
    def key(self) -> str:
        return str(self.number)

    def records(self) -> Iterator[Record]:
        """The house, its premises with their accounts, people and meters, then its own meters."""
        rng = self.rng
        areas = [rng.randrange(2_800, 9_500, 10) for _ in range(self.size)]
        has_meters = rng.random() < 0.75
        yield from self._itself(sum(areas), has_meters)
        used = {service: [0] * (_MONTHS + 1) for service, _, _ in _METERED}
        for place, area in enumerate(areas, 1):
            yield from self._account(place, area, used)
        if has_meters:
            for service, counted in used.items():
                rest = [amount + amount // rng.randrange(12, 40) for amount in counted]
                yield from self._house_meter(service, rest)
            heat = sum(areas) * _HEAT_OF_M2 // 100
            yield from self._house_meter(_HEATING, [heat * rng.randrange(85, 116) // 100 for _ in range(_MONTHS + 1)])
        if rng.random() < 0.05:
            hours = timedelta(days=rng.randrange(2, 19), hours=rng.randrange(24))
            starts = datetime.combine(self.month.first, time.min) + hours  # local time of the house, as records have it
            ends = starts + timedelta(hours=rng.randrange(6, 60))
            yield _record(Interruption(self.key, rng.choice(("2", "3", "6")), starts, ends, None, f"Т-{self.number}"), self.key)

    def _itself(self, area: int, has_meters: bool) -> Iterator[Record]:
        month, key = self.month, self.key
        fias = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
        street, building = divmod(self.number - 1, _STREETS_LENGTH)
        line = "" if street < len(_STREETS) else f" {street // len(_STREETS) + 1}-я линия"
        address = f"Большой Тестов, {_STREETS[street % len(_STREETS)]}{line}, д. {building + 1}"
        common = area * self.rng.randrange(8, 20) // 100
        house = House(fias, region.OKTMO, address, "Europe/Samara", "", 1, area + common, common, area, 4, _MANAGER)
        yield _record(house, key, month.first)
        yield _record(HouseParameter(key, 9001, "2" if has_meters else "1"), key, month.first)
        since, until = date(month.year, 1, 1), date(month.year + 4, 12, 31)
        for service in range(1, len(_SERVICES) + 1):
            if service != _CONTRIBUTION:
                yield _record(HouseService(key, "1", str(service), since, until), f"{key}/{service}/{since}")
        price = self.rng.randrange(2_400, 3_600) * 10**4
        yield _record(HousePrice(key, "1", price, since, date(month.year, 12, 31)), key)
        yield _record(CapitalRepairDecision(key, since, 2, 0, None), key)

    def _account(self, place: int, area: int, used: dict[str, list[int]]) -> Iterator[Record]:
        rng, month, house = self.rng, self.month, self.key
        key = str(self.before + place)
        living = rng.random() >= 0.03
        people = rng.choice(_PEOPLE) if living else 0
        without = living and rng.random() < 0.08
        by_act = without and rng.random() < 0.4
        reason = None if not without else 1 if by_act else 2
        premises = Premises(
            house, str(place), 1 if living else 2, 1 if living else None, False, area, area * 63 // 100, "", without, reason, None
        )
        yield _record(premises, key, month.first)
        surnames = [f"Тест{rng.choice(_SYLLABLES)}{rng.choice(_SYLLABLES)}ов" for _ in range(max(people, 1))]
        persons = [f"{key}-{n}" for n in range(1, len(surnames) + 1)]
        for person, surname in zip(persons, surnames, strict=True):
            born = date(rng.randrange(1940, 2020), rng.randrange(1, 13), rng.randrange(1, 29))
            yield _record(Person(surname, "Синтет", "Образцович", born, ""), person, month.first)
        since = date(month.year, 1, 1)
        account = Account(
            f"420{self.before + place:08d}", house, 4, since, None, people, area, area * 63 // 100, area, False, False, persons[0], None,
            f"{surnames[0]} Синтет Образцович", _MANAGER,
        )  # fmt: skip
        yield _record(account, key, month.first)
        yield _record(AccountPlace(key, key, None, None, 10_000), f"{key}/premises/{key}", month.first)
        for person in persons[:people]:
            moved = date(rng.randrange(2000, month.year), rng.randrange(1, 13), rng.randrange(1, 29))
            yield _record(Residence(key, person, 1, moved, None), person)
        if people and rng.random() < 0.005:
            left = month.first + timedelta(days=rng.randrange(1, 6))
            yield _record(Absence(key, persons[0], left, left + timedelta(days=rng.randrange(8, 24)), "справка (синтетическая)"), key)
        for service, usual, mark in _METERED:
            counted = [usual * max(people, 1) * rng.randrange(70, 130) // 100 for _ in range(_MONTHS + 1)]
            for i, amount in enumerate(counted):
                used[service][i] += amount
            if not without and (not living or rng.random() < 0.96):
                yield from self._meter(key, service, mark, counted, kept=not living)

    def _meter(self, account: str, service: str, mark: str, counted: list[int], *, kept: bool) -> Iterator[Record]:
        """A flat's meter: read each month, or lapsed, or not read for one or two months, or read again after them."""
        rng, month = self.rng, self.month
        fate = 1.0 if kept else rng.random()
        lapsed = fate < 0.09
        next_check = month.previous(rng.randrange(1, 5)).last if lapsed else date(month.year + rng.randrange(1, 5), 3, 15)
        skipped: tuple[int, ...] = ()
        if 0.09 <= fate < 0.17:
            skipped = tuple(range(rng.randrange(1, 3)))
        elif 0.17 <= fate < 0.21:
            skipped = tuple(range(1, rng.randrange(2, 4)))
        key = f"{account}-{service}"
        value = rng.randrange(10_000, 900_000)
        installed = date(month.year - 4, 3, 1)
        yield _record(
            Meter(
                self.key,
                3,
                account,
                account,
                service,
                f"{mark}{key}",
                5,
                installed,
                installed - timedelta(days=14),
                next_check,
                None,
                value,
                True,
            ),
            key,
        )
        yield from self._readings(key, value, counted, skipped, until=next_check)

    def _house_meter(self, service: str, counted: list[int]) -> Iterator[Record]:
        installed = date(self.month.year - 4, 3, 1)
        key, value = f"h{self.number}-{service}", self.rng.randrange(10_000, 900_000)
        check = date(self.month.year + 2, 3, 15)
        yield _record(Meter(self.key, 1, None, None, service, f"ОД{key}", 8, installed, installed, check, None, value, True), key)
        yield from self._readings(key, value, counted, (), until=check)

    def _readings(self, meter: str, value: int, counted: list[int], skipped: tuple[int, ...], *, until: date) -> Iterator[Record]:
        """Readings of the 24th, oldest first; ``skipped``: months before the charged one, itself 0, that were not read."""
        for back, amount in zip(range(_MONTHS, -1, -1), counted, strict=True):
            value += amount
            day = self.month.previous(back).first.replace(day=24)
            if back not in skipped and day <= until:
                yield _record(Reading(meter, day, value, 1, 1), f"{meter}/{back}")

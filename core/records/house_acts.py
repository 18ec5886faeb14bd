"""Acts of the centre as facts of houses: one statement for a batch, then each act is put where the calculation looks for it.

An act names its house by ФИАС or the sender's key, its account by number, its service by a word or the sender's key. What an act is about
may not be there: it is then a fact of its own (``HouseFacts.unused_acts``), so that a draft says it instead of charging as if nothing had
been found. Facts that hold for a whole month (own heating, owners, living area) are taken as of its last day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Any, Protocol

from sqlalchemy import Connection, text

from core.ids import MessageId, ProviderId, RecordId
from core.model.acts import RESOURCES, Act
from core.model.facts import (
    AccountFacts,
    ActFacts,
    BoilerFacts,
    ContainerFacts,
    DeliveryFacts,
    DeviationFacts,
    HouseFacts,
    InterruptionFacts,
    MeterFacts,
    ReadingFacts,
    ServiceFacts,
    UnusedAct,
)
from core.model.finding import Finding, Position
from core.model.records import Account, House
from core.period import Month
from core.records.versions import in_force, scope, with_tables
from core.storage.sql import queries

__all__ = ["ACTS_OF", "AREAS_OF", "unplaced_acts", "unplaced_in_month", "with_acts"]

ACTS_OF = in_force(Act, "r.house = ANY(:names) OR r.account = ANY(:numbers)")
"""Acts of houses (by any of their names) and of accounts (by number)."""

AREAS_OF = """SELECT DISTINCT ON (r.record_key, r.valid_from) r.record_key, r.valid_from, r.area_e2, r.record_id
  FROM record_account r
  WHERE r.provider_id = :provider AND r.record_key = ANY(:accounts) AND r.record_id <= :known_until AND r.state IN ('accepted', 'flagged')
    AND (r.valid_from IS NULL OR r.valid_from <= :until)
  ORDER BY r.record_key, r.valid_from, r.record_id DESC"""
"""What the sender's versions of accounts say of their areas, each with the month it is of."""

_UTILITY, _INDIVIDUAL = 1, 1
_WASTEWATER = RESOURCES["wastewater"][0]
_FLAT_WIDE = 4
_ZONES, _NIGHT = (2, 3), 2
_HOT_WATER, _HEATING, _WASTE = RESOURCES["hot_water"][0], RESOURCES["heating"][0], RESOURCES["waste"][0]
_OF_QUALITY = {"temperature": (_HOT_WATER, _HEATING), "delay": (_WASTE,), "days": (1, 2, 4, 5, 6, 8)}
_ROOM_TEMPERATURE_E1 = 180

_Row = Any
"""A row of a named statement: its columns are what queries.sql selects, which no type can tell."""


class _Rows(Protocol):
    """Runs a named statement with its parameters."""

    def __call__(self, name: str, **parameters: object) -> Sequence[_Row]: ...


def with_acts(rows: _Rows, houses: Sequence[HouseFacts], month: Month) -> Iterator[HouseFacts]:
    """The houses with what acts say of them, in the same order."""
    names: dict[str, str] = {}
    for house in houses:
        names |= {house.key: house.key} | ({house.fias.lower(): house.key} if house.fias else {})
    numbers: dict[str, set[str]] = {}
    for house in houses:
        for account in house.accounts:
            numbers.setdefault(account.number, set()).add(house.key)
    of_house: dict[str, list[_Row]] = {}
    for act in rows("facts_acts", names=list(names), numbers=list(numbers)) if houses else ():
        for key in sorted(numbers.get(act.account, ())) if act.account is not None else [names[act.house]]:
            of_house.setdefault(key, []).append(act)
    stated = _stated_areas(rows, houses, of_house)
    for house in houses:
        yield _Placing(house, month, stated).all_of(of_house[house.key]) if house.key in of_house else house


_Area = tuple[date, int, RecordId]
"""From which day, m² in hundredths, by which record."""


def _stated_areas(rows: _Rows, houses: Sequence[HouseFacts], acts: dict[str, list[_Row]]) -> dict[str, list[_Area]]:
    """Changes of the sender's own areas, of accounts that an act has measured; the first entry is where they began."""
    numbers = {act.account for of_house in acts.values() for act in of_house if act.kind == "area"}
    keys = [account.key for house in houses for account in house.accounts if account.number in numbers]
    found: dict[str, list[_Area]] = {}
    for row in rows("facts_area_versions", accounts=keys) if keys else ():
        known = found.setdefault(row.record_key, [])
        if not known or known[-1][1] != row.area_e2:
            known.append((row.valid_from or date.min, row.area_e2, row.record_id))
    return found


@dataclass(slots=True)
class _Placing:
    """The acts of one house on their way to its facts."""

    house: HouseFacts
    month: Month
    stated: dict[str, list[_Area]]
    accounts: dict[str, AccountFacts] = field(init=False)
    unused: list[UnusedAct] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.accounts = {account.key: account for account in self.house.accounts}

    def all_of(self, acts: Iterable[_Row]) -> HouseFacts:
        for act in acts:
            cause = _PLACED[act.kind](self, act)
            if cause is not None and (act.last is None or act.last >= self.month.first):
                keys = [account.key for account in self._of(act)]
                self.unused.append(UnusedAct(act.number, act.drawn_on, cause, act.record_id, keys[0] if keys else None))
        for key, account in self.accounts.items():
            if account.areas:
                self.accounts[key] = replace(account, areas=_areas(account.areas, self.stated.get(key, [])))
        unused = (*self.house.unused_acts, *self.unused)
        return replace(self.house, accounts=tuple(self.accounts.values()), unused_acts=unused)

    # Each of the following puts an act where it belongs, and says what is not there where it can not.

    def recharge(self, act: _Row) -> str | None:
        """A check, an unauthorised connection, interference: the line of the service is charged anew on the day of the act."""
        services = self._services(act.service)
        if not services:
            return _no_service(act)
        if sum(service.zone in _ZONES for service in services) > 1:
            return "у электроэнергии дома несколько тарифных зон: назовите услугу её номером у отправителя"
        if act.kind == "check" and not any(service.utility_kind == _WASTEWATER for service in services):
            cause = self._rebase(act, {service.key for service in services})
            if cause is not None:
                return cause
        found = tuple(_recharge(act, key) for key in dict.fromkeys(service.key for service in services))
        self._update(act, lambda one: replace(one, acts=(*one.acts, *found)))
        return None

    def _rebase(self, act: _Row, services: set[str]) -> str | None:
        """After a check the meter counts on from what was found: the difference is charged by the act, and only by it."""
        for account in self._of(act):
            mine = [one for one in account.meters if one.service in services and act.meter in (None, one.serial) and not _ended(one, act)]
            if not mine:
                continue
            if len({one.key for one in mine}) > 1:
                return "приборов этой услуги несколько: назовите прибор (meter)"
            if mine[0].kind == _FLAT_WIDE or any(reading.zone == _NIGHT for reading in mine[0].readings):
                return "разница показаний общего прибора квартиры или двухзонного прибора по счетам и зонам не делится"
            meters = tuple(part for one in account.meters for part in (_checked(one, act) if one.key == mine[0].key else (one,)))
            self.accounts[account.key] = replace(account, meters=meters)
            return None
        return _no_meter(act)

    def meter(self, act: _Row) -> str | None:
        """A meter that failed, or that nobody was let to; without a meter a refusal is one of its installation (п. 60(3))."""
        keys = {service.key for service in self._services(act.service)}
        if not keys:
            return _no_service(act)
        mine = [meter for account in self._of(act) for meter in account.meters] if act.account is not None else list(self.house.meters)
        hit = {meter.key for meter in mine if meter.service in keys and act.meter in (None, meter.serial)}
        if hit:
            self.house = replace(self.house, meters=_stopped(self.house.meters, hit, act))
            for key, account in self.accounts.items():
                if any(meter.key in hit for meter in account.meters):
                    self.accounts[key] = replace(account, meters=_stopped(account.meters, hit, act))
            if act.kind == "access_refused" and act.account is not None:
                self._refuse(act, keys)
            return None
        if act.kind == "meter_failed" or act.meter is not None or act.account is None:
            return _no_meter(act)
        self._refuse(act, keys)
        return None

    def _refuse(self, act: _Row, keys: set[str]) -> None:
        """An act of refused access: a ground of the raising coefficient in each month that it touches (п. 60(3))."""
        if act.last is None or act.last >= self.month.first:
            self._update(
                act,
                lambda one: replace(
                    one,
                    access_refused=(*one.access_refused, *sorted(keys)),
                    access_refused_sources=(*one.access_refused_sources, act.record_id),
                ),
            )

    def own_heating(self, act: _Row) -> str | None:
        self._on_last_day(
            act,
            lambda one: replace(one, own_heating_e2=one.area_e2 if act.area_e2 is None else act.area_e2, own_heating_source=act.record_id),
        )
        return None

    def living_area(self, act: _Row) -> str | None:
        self._on_last_day(act, lambda one: replace(one, living_area_e2=act.area_e2, living_area_source=act.record_id))
        return None

    def owners(self, act: _Row) -> str | None:
        self._on_last_day(act, lambda one: replace(one, owners=act.owners, owners_source=act.record_id))
        return None

    def area(self, act: _Row) -> str | None:
        self._update(act, lambda one: replace(one, areas=(*one.areas, (act.first, act.area_e2, act.record_id))))
        return None

    def fuel(self, act: _Row) -> str | None:
        if not self._services("solid_fuel"):
            return "в доме нет услуги «твёрдое топливо»"
        delivered = DeliveryFacts(act.first, act.volume_e3, act.record_id)
        self._update(act, lambda one: replace(one, deliveries=(*(one.deliveries or ()), delivered)))
        return None

    def quality(self, act: _Row) -> str | None:
        services = self._services(act.service)
        if not services:
            return _no_service(act)
        if not all(service.utility_kind in _OF_QUALITY[act.deviation] for service in services):
            return "для этой услуги такого отклонения качества нет (приложение 1)"
        keys = dict.fromkeys(service.key for service in services)
        required = _ROOM_TEMPERATURE_E1 if act.required_e1 is None else act.required_e1
        accounts = [None] if act.account is None else [account.key for account in self._of(act)]
        found = tuple(
            DeviationFacts(key, act.deviation, act.starts_at, act.ends_at, act.record_id, account, act.degrees_e1, required)
            for key in keys
            for account in accounts
        )
        self.house = replace(self.house, deviations=(*self.house.deviations, *found))
        return None

    def interruption(self, act: _Row) -> str | None:
        services = self._services(act.service)
        if not services:
            return _no_service(act)
        found = tuple(
            InterruptionFacts(key, act.starts_at, act.ends_at, act.allowed_hours_e2, act.record_id)
            for key in dict.fromkeys(service.key for service in services)
        )
        self.house = replace(self.house, interruptions=(*self.house.interruptions, *found))
        return None

    def boiler(self, act: _Row) -> str | None:
        if not self._services(act.purpose):
            return f"в доме нет услуги «{act.purpose}»"
        utility, resource = RESOURCES[act.resource]
        used = BoilerFacts(act.purpose, utility, resource, act.volume_e3, act.record_id, act.heat_e6, act.heat_all_e6)
        self.house = replace(self.house, boiler=(*self.house.boiler, used))
        return None

    def open_heating(self, act: _Row) -> str | None:
        if act.last is None or act.last >= self.month.last:
            self.house = replace(self.house, open_heating=True)
        return None

    def electric_heating(self, act: _Row) -> str | None:
        if act.last is None or act.last >= self.month.last:
            sources = (*self.house.electric_heating_sources, act.record_id)
            self.house = replace(self.house, electric_heating=True, electric_heating_sources=sources)
        return None

    def heat_last_year(self, act: _Row) -> str | None:
        if act.first.year == self.month.year - 1:
            self.house = replace(self.house, heat_last_year_e6=act.heat_e6, heat_last_year_sources=(act.record_id,))
        return None

    def containers(self, act: _Row) -> str | None:
        if not self._services("waste"):
            return "в доме нет услуги «вывоз отходов»"
        taken, month = ContainerFacts(act.volume_e3, act.record_id, act.site_e2), Month.of(act.first)
        if month == self.month:
            self.house = replace(self.house, containers=(*self.house.containers, taken))
        elif month.year == self.month.year - 1:
            self.house = replace(self.house, containers_of_year=(*self.house.containers_of_year, (month, taken)))
        return None

    def allocators(self, act: _Row) -> str | None:
        if act.first.year == self.month.year - 1:
            self._update(act, lambda one: replace(one, allocator_e3=act.units_e3, allocator_source=act.record_id))
        return None

    def _of(self, act: _Row) -> list[AccountFacts]:
        """Accounts of the number, and the other accounts of their payers: a service stands on one of them."""
        mine = [account for account in self.accounts.values() if account.number == act.account]
        payers = {account.payer for account in mine if account.payer is not None}
        others = [one for one in self.accounts.values() if one.payer in payers and one.number != act.account]
        return [*mine, *others]

    def _update(self, act: _Row, change: Callable[[AccountFacts], AccountFacts]) -> None:
        for account in self._of(act):
            self.accounts[account.key] = change(account)

    def _on_last_day(self, act: _Row, change: Callable[[AccountFacts], AccountFacts]) -> None:
        if act.last is None or act.last >= self.month.last:
            self._update(act, change)

    def _services(self, name: str) -> list[ServiceFacts]:
        """Services of the house by the word or by the sender's key."""
        if name in RESOURCES:
            code = RESOURCES[name][0]
            return [
                one for one in self.house.services if (one.kind, one.provision, one.utility_kind) == (_UTILITY, _INDIVIDUAL, code)
            ]  # fmt: skip
        return [one for one in self.house.services if one.key == name]


_PLACED: dict[str, Callable[[_Placing, _Row], str | None]] = {
    "check": _Placing.recharge, "unauthorised": _Placing.recharge, "tampering": _Placing.recharge,
    "access_refused": _Placing.meter, "meter_failed": _Placing.meter, "own_heating": _Placing.own_heating,
    "living_area": _Placing.living_area, "area": _Placing.area, "owners": _Placing.owners, "quality": _Placing.quality,
    "interruption": _Placing.interruption, "boiler": _Placing.boiler, "open_heating": _Placing.open_heating,
    "electric_heating": _Placing.electric_heating, "heat_last_year": _Placing.heat_last_year,
    "containers": _Placing.containers, "fuel": _Placing.fuel, "allocators": _Placing.allocators,
}  # fmt: skip


def _areas(acts: Sequence[_Area], stated: Sequence[_Area]) -> tuple[_Area, ...]:
    """Areas by acts, and by the sender from the month in which it changed its own: the later statement holds.

    An archive carries the area at the end of its month: what an act measured in that month is, before its day, the sender's area before.
    """
    found = list(acts)
    for first, area, _ in acts:
        month = Month.of(first).first
        for before, now in pairwise(stated):
            if now[0] == month and now[1] == area:
                found.append((month, before[1], before[2]))
        found += [change for change in stated[1:] if change[0] > first and change[1] != area]
    return tuple(sorted(set(found)))


def _no_meter(act: _Row) -> str:
    return "нет такого прибора этой услуги" + (f": {act.meter}" if act.meter else "")


def _no_service(act: _Row) -> str:
    return f"в доме нет услуги «{act.service}»"


def _recharge(act: _Row, service: str) -> ActFacts:
    return ActFacts(
        service, act.kind, act.drawn_on, act.record_id, act.stated_e3, act.checked_e3, act.power_w, act.days, act.months, act.charged or 0
    )


def _checked(meter: MeterFacts, act: _Row) -> tuple[MeterFacts, ...]:
    """A meter up to its check, which ends with what had been taken as true, and from there on, beginning with what was found.

    Where no reading of the month follows, the one of the check closes the month, and the meter goes on from the next one.
    """
    if not _stood(meter, act) or meter.commissioned_on == act.drawn_on:
        return (meter,)
    month = Month.of(act.drawn_on)
    before = tuple(reading for reading in meter.readings if reading.taken_on < act.drawn_on)
    after = tuple(reading for reading in meter.readings if reading.taken_on > act.drawn_on)
    same_month = any(reading.taken_on in month for reading in after)
    first, last = (act.drawn_on, act.drawn_on) if same_month else (month.next().first, month.last)
    ends = [day for day in (meter.closed_on, last) if day is not None]
    stated = ReadingFacts(act.drawn_on, act.stated_e3, act.record_id)
    until = replace(meter, closed_on=min(ends), readings=(*before, stated))
    return until, replace(meter, commissioned_on=first, start_e3=act.checked_e3, source=act.record_id, readings=after)


def _stopped(meters: Sequence[MeterFacts], keys: set[str], act: _Row) -> tuple[MeterFacts, ...]:
    """The meters with one that counts no more; where it was put in order again, it goes on as a new one from the reading of that day."""
    found: list[MeterFacts] = []
    for meter in meters:
        if meter.key not in keys or _ended(meter, act) or not _stood(meter, act):
            found.append(meter)
            continue
        stopped = replace(meter, failed_on=act.first) if act.kind == "meter_failed" else replace(meter, access_refused_on=act.first)
        if act.last is None:
            found.append(stopped)
            continue
        before = tuple(reading for reading in meter.readings if reading.taken_on < act.last)
        after = tuple(reading for reading in meter.readings if reading.taken_on >= act.last)
        found.append(replace(stopped, closed_on=act.last, readings=before))
        found.append(replace(meter, commissioned_on=act.last, start_e3=act.checked_e3, source=act.record_id, readings=after))
    return tuple(found)


def _ended(meter: MeterFacts, act: _Row) -> bool:
    """Removed before what the act tells of."""
    return meter.closed_on is not None and meter.closed_on <= act.first


def _stood(meter: MeterFacts, act: _Row) -> bool:
    """Installed by then, and not the part that was put in order after an earlier failure of the same day."""
    return meter.commissioned_on is None or meter.commissioned_on <= act.first


def unplaced_acts(connection: Connection, *, provider_id: ProviderId, message_id: MessageId) -> list[Finding]:
    """Acts of a message whose house or account the sender has not told of: they are kept, and hold as soon as it does."""
    parameters = scope(provider_id, until=Month(9999, 12).last, known_until=None) | {"message": message_id}
    return [_unplaced(row, Position(row.file, row.file_row), effect="hold_act") for row in _places(connection, "acts_unplaced", parameters)]


def unplaced_in_month(connection: Connection, *, provider_id: ProviderId, month: Month, known_until: RecordId | None) -> list[Finding]:
    """Acts that hold in the month and that no house or account of the sender is there for; they stop nothing, as they change no charge."""
    parameters = scope(provider_id, until=month.last, known_until=known_until) | {"since": month.first}
    return [
        replace(_unplaced(row, Position(f"начисление {month}"), effect="not_applied"), severity="warning")
        for row in _places(connection, "acts_unplaced_in_month", parameters)
    ]


def _places(connection: Connection, name: str, parameters: dict[str, object]) -> Sequence[_Row]:
    tables = {"act_now": in_force(Act), "house_now": in_force(House), "account_now": in_force(Account)}
    return connection.execute(text(with_tables(queries("core.records").raw[name], **tables)), parameters).all()


def _unplaced(row: _Row, position: Position, *, effect: str) -> Finding:
    what = f"лицевого счёта {row.account}" if row.account is not None else f"дома {row.house}"
    return Finding(
        position,
        "AC-021",
        "error",
        effect,
        value=row.account if row.account is not None else row.house,
        message=f"Акт № {row.number} от {row.drawn_on:%d.%m.%Y}: {what} у отправителя нет.",
        hint="Исправьте номер в акте и примите файл снова; если пакет с ним ещё не принят, примите его — акт применится сам.",
    )

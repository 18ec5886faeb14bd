"""Reading a batch of houses: one statement for each kind of fact, put together in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from sqlalchemy import Connection, text

from core.errors import InputError
from core.ids import EntityId, ProviderId, RecordId
from core.model.facts import (
    AbsenceFacts,
    AccountFacts,
    HouseFacts,
    InterruptionFacts,
    MeterFacts,
    ReadingFacts,
    ReliefFacts,
    ResidenceFacts,
    ServiceFacts,
)
from core.model.finding import Position
from core.model.readings import Readings
from core.model.records import (
    Absence,
    Account,
    AccountArea,
    AccountPlace,
    BankAccount,
    CapitalRepairDecision,
    House,
    HouseParameter,
    HousePrice,
    HouseService,
    Interruption,
    Meter,
    MeterAccount,
    Organisation,
    Premises,
    Reading,
    Relief,
    Residence,
    Room,
    Service,
    SupplyAddress,
    SupplyService,
    UnifiedAccount,
)
from core.period import Month
from core.records.house_acts import ACTS_OF, AREAS_OF, with_acts
from core.records.house_services import bases_of, by_contracts, dictionary, of_waste_accounts
from core.records.versions import PARTIES, in_force, never_replaced, scope, with_tables
from core.storage.sql import queries

__all__ = ["HouseReader"]

_Row = Any
"""A row of a named statement: its columns are what queries.sql selects, which no type can tell."""

_OF_HOUSES = "r.house = ANY(:houses)"
_OF_ACCOUNTS = "r.account = ANY(:accounts)"
_OF_METERS = "r.meter = ANY(:meters)"

_READINGS = never_replaced(Reading, _OF_METERS, columns=("meter", "taken_on", "value_e3", "record_id", "zone"))
_READ = f"""SELECT meter, array_agg(taken_on) AS days, array_agg(value_e3) AS values_e3, array_agg(record_id) AS sources,
    array_agg(zone) AS zones
  FROM (SELECT * FROM ({_READINGS}) r WHERE taken_on <= :until ORDER BY meter, taken_on, record_id) ordered GROUP BY meter"""

_TABLES: dict[str, dict[str, str]] = {
    "facts_houses": {"house_now": in_force(House, "r.record_key = ANY(:houses)"), "party": PARTIES},
    "facts_parameters": {"parameter_now": in_force(HouseParameter, _OF_HOUSES)},
    "facts_services": {"house_service_now": in_force(HouseService, _OF_HOUSES), "service_now": in_force(Service)},
    "facts_contribution_service": {"service_now": in_force(Service)},
    "facts_dictionary": {"service_now": in_force(Service)},
    "facts_supply": {
        "supply_address_now": in_force(SupplyAddress, _OF_HOUSES),
        "supply_service_now": in_force(SupplyService, "r.address IN (SELECT record_key FROM supply_address_now)"),
        "service_now": in_force(Service),
    },
    "facts_payers": {"unified_account_now": in_force(UnifiedAccount, _OF_ACCOUNTS)},
    "facts_reliefs": {"relief_now": in_force(Relief, _OF_ACCOUNTS)},
    "facts_prices": {"price_now": in_force(HousePrice, _OF_HOUSES)},
    "facts_decisions": {
        "decision_now": in_force(CapitalRepairDecision, _OF_HOUSES),
        "bank_account_now": in_force(BankAccount),
        "party": PARTIES,
    },
    "facts_operator": {"organisation_now": in_force(Organisation), "party": PARTIES},
    "facts_accounts": {"account_now": in_force(Account, _OF_HOUSES)},
    "facts_places": {
        "place_now": in_force(AccountPlace, _OF_ACCOUNTS),
        "room_now": in_force(Room, "r.record_key IN (SELECT room FROM place_now)"),
        "premises_now": in_force(Premises, "r.record_key IN (SELECT premises FROM place_now UNION SELECT premises FROM room_now)"),
    },
    "facts_areas": {"area_now": in_force(AccountArea, _OF_ACCOUNTS)},
    "facts_residences": {"residence_now": in_force(Residence, _OF_ACCOUNTS)},
    "facts_absences": {"absence_now": in_force(Absence, _OF_ACCOUNTS)},
    "facts_meters": {"meter_now": in_force(Meter, _OF_HOUSES)},
    "facts_meter_accounts": {"meter_account_now": in_force(MeterAccount, _OF_METERS)},
    "facts_readings": {"read": _READ},
    "facts_interruptions": {"interruption_now": in_force(Interruption, _OF_HOUSES)},
    "facts_acts": {"act_now": ACTS_OF},
    "facts_area_versions": {"area_version": AREAS_OF},
}

_SOI_MODE = 9001
_HEATED_COMMON_AREA = 9002
_WASTE_BASIS = 9003
_REGIONAL_OPERATOR, _SPECIAL_ACCOUNT = 4, 3
_RESIDENTIAL = 1
_HOUSE_METER = 1
_HOT_WATER = 2


_NO_PLACE = (None,) * 9
"""The place of an account that no record puts anywhere."""


class _Keys(str):
    """Keys as the text of an array that the server reads: driver and server are told of them in one piece, not key by key."""

    __slots__ = ()

    @classmethod
    def of(cls, keys: Sequence[str]) -> _Keys:
        """An array of the keys."""
        plain = "\0".join(keys)
        if '"' in plain or "\\" in plain:
            plain = plain.replace("\\", "\\\\").replace('"', '\\"')
        inside = plain.replace("\0", '","')
        return cls(f'{{"{inside}"}}' if keys else "{}")


class _Rows(Protocol):
    """Runs a named statement with its parameters."""

    def __call__(self, name: str, **parameters: object) -> Sequence[_Row]: ...


class HouseReader:
    """Reads houses of one provider and month; what is the same for all houses is read once."""

    def __init__(self, connection: Connection, provider_id: ProviderId, month: Month, known_until: RecordId | None) -> None:
        self._connection = connection
        self._month = month
        self._parameters = scope(provider_id, until=month.last, known_until=known_until) | {"since": month.first}
        operator = self._rows("facts_operator")
        self._operator = EntityId(operator[0].entity_id) if operator else None
        contribution = self._rows("facts_contribution_service")
        self._contribution = contribution[0] if contribution else None
        self._dictionary = dictionary(self._rows("facts_dictionary"))

    def _rows(self, name: str, **parameters: object) -> Sequence[_Row]:
        statement = with_tables(queries("core.records").raw[name], **_TABLES[name])
        return self._connection.execute(text(statement), self._parameters | parameters).all()

    def read(self, houses: Sequence[EntityId]) -> Iterator[HouseFacts]:
        """Facts of a batch of houses, in the order given."""
        keys = {
            row[0]: row[1] for row in self._connection.execute(queries("core.records").house_keys, self._parameters | {"ids": list(houses)})
        }
        listed = list(keys.values())
        rows = {row.entity_id: row for row in self._rows("facts_houses", houses=listed)}
        parts = _Parts(self._rows, listed)
        supplied = by_contracts(self._rows("facts_supply", houses=listed), self._dictionary)
        for key, services in supplied.items():
            known = {service.key for service in parts.services[key]}
            parts.services[key] += [service for service in services if service.key not in known]
        yield from with_acts(self._rows, [self._house(rows[house], parts) for house in houses if house in rows], self._month)

    def _house(self, row: _Row, parts: _Parts) -> HouseFacts:
        key = row.record_key
        soi = parts.parameters.get((key, _SOI_MODE))
        heated = parts.parameters.get((key, _HEATED_COMMON_AREA))
        price = parts.prices.get(key)
        decision = parts.decisions.get(key)
        services = parts.services[key]
        creditor: EntityId | None = None
        if decision is not None:
            creditor = {_REGIONAL_OPERATOR: self._operator, _SPECIAL_ACCOUNT: decision.owner_id}.get(row.capital_fund)
            services = self._with_contribution(services, decision)
        services = [*services, *of_waste_accounts(parts.accounts[key], services, self._dictionary)]
        waste = parts.parameters.get((key, _WASTE_BASIS))
        return HouseFacts(
            house_id=row.entity_id,
            key=key,
            fias=row.fias,
            oktmo=row.oktmo,
            address=row.address,
            useful_area_e2=row.useful_area_e2,
            common_area_e2=row.common_area_e2,
            heated_common_area_e2=None if heated is None else _whole(heated, scale=2),
            soi_mode=None if soi is None else _whole(soi, scale=0),
            soi_mode_source=None if soi is None else soi.record_id,
            source=row.record_id,
            manager_id=row.manager_id,
            contribution_creditor_id=creditor,
            contribution_excess_e6=None if decision is None else decision.excess_e6,
            contribution_source=None if decision is None else decision.record_id,
            price_e6=None if price is None else price.price_e6,
            price_source=None if price is None else price.record_id,
            services=tuple(services),
            accounts=tuple(parts.accounts[key]),
            meters=tuple(parts.house_meters[key]),
            interruptions=tuple(parts.interruptions[key]),
            base_services=tuple(bases_of(services, self._dictionary)),
            waste_basis=None if waste is None else _whole(waste, scale=0),
            waste_basis_source=None if waste is None else waste.record_id,
            open_heating=key in parts.open_heating and not _measures_hot_water(parts.house_meters[key], services),
        )

    def _with_contribution(self, services: list[ServiceFacts], decision: _Row) -> list[ServiceFacts]:
        found = self._contribution
        if found is None or any(service.key == found.record_key for service in services):
            return services
        return [
            *services,
            ServiceFacts(
                found.entity_id, found.record_key, found.name, found.kind, found.provision, found.base_service, found.utility_kind,
                found.housing_kind, found.resource_kind, found.okei, decision.effective_on, None, decision.record_id, found.zone,
            ),
        ]  # fmt: skip


def _measures_hot_water(meters: list[MeterFacts], services: list[ServiceFacts]) -> bool:
    """Whether the house's hot water has a house meter of its own, beside that of heating."""
    hot = {service.key for service in services if service.utility_kind == _HOT_WATER}
    return any(meter.service in hot for meter in meters)


def _whole(row: _Row, *, scale: int) -> int:
    """Value of a house parameter as an integer of so many decimal places; ``InputError`` REC-0103 when it is no such number."""
    try:
        value = Decimal(row.value.replace(",", ".")).scaleb(scale)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value != value.to_integral_value():
        raise InputError(
            "REC-0103",
            f"Параметр {row.code} дома {row.house} не число: «{row.value}».",
            hint="Исправьте HOUSEDOC и пришлите архив.",
            record=row.record_id,
        )
    return int(value)


class _Parts:
    """Everything of a batch of houses except the houses themselves, by house key."""

    def __init__(self, rows: _Rows, houses: list[str]) -> None:
        self.parameters = {(row.house, row.code): row for row in rows("facts_parameters", houses=houses)}
        self.prices = {row.house: row for row in rows("facts_prices", houses=houses)}
        self.decisions = {row.house: row for row in rows("facts_decisions", houses=houses)}
        self.services: defaultdict[str, list[ServiceFacts]] = defaultdict(list)
        for house, *service in rows("facts_services", houses=houses):
            self.services[house].append(ServiceFacts(*service))
        self.interruptions: defaultdict[str, list[InterruptionFacts]] = defaultdict(list)
        for house, *interruption in rows("facts_interruptions", houses=houses):
            self.interruptions[house].append(InterruptionFacts(*interruption))
        self.house_meters: defaultdict[str, list[MeterFacts]] = defaultdict(list)
        meters_of_account = self._meters(rows, houses)
        self.open_heating: set[str] = set()
        """Houses with an account that draws hot water from the heating circuit."""
        self.accounts = self._accounts(rows, houses, meters_of_account, self.open_heating)

    def _meters(self, rows: _Rows, houses: list[str]) -> defaultdict[str, list[MeterFacts]]:
        """House meters go to the house, others to the account they stand with; a shared one to each of its accounts."""
        meters = rows("facts_meters", houses=houses)
        keys = _Keys.of([meter.record_key for meter in meters])
        readings = {
            meter: Readings(days, values, sources, zones) for meter, days, values, sources, zones in rows("facts_readings", meters=keys)
        }
        sharing = _grouped(rows("facts_meter_accounts", meters=keys))
        of_account: defaultdict[str, list[MeterFacts]] = defaultdict(list)
        for (
            house, key, kind, own, service, serial, digits, commissioned_on, next_verification_on, closed_on, start_e3, is_open, source,
            file, file_row,
        ) in meters:  # fmt: skip
            means = (service, serial, digits, commissioned_on, next_verification_on, closed_on, start_e3, is_open, source)
            read: Sequence[ReadingFacts] = readings.get(key, ())
            if kind == _HOUSE_METER:
                self.house_meters[house].append(MeterFacts(key, kind, None, *means, read, place=Position(file, file_row)))
            elif key not in sharing:
                if own:
                    of_account[own].append(MeterFacts(key, kind, own, *means, read))
            else:
                for account in dict.fromkeys([*([own] if own else []), *sharing[key]]):
                    of_account[account].append(MeterFacts(key, kind, account, *means, read))
        return of_account

    @staticmethod
    def _accounts(
        rows: _Rows, houses: list[str], meters: defaultdict[str, list[MeterFacts]], open_heating: set[str]
    ) -> defaultdict[str, list[AccountFacts]]:
        accounts = rows("facts_accounts", houses=houses)
        keys = _Keys.of([account.record_key for account in accounts])
        places = {row[0]: row for row in rows("facts_places", accounts=keys)}
        residences: dict[str, list[ResidenceFacts]] = {}
        for account, key, first, last, source in rows("facts_residences", accounts=keys):
            residences.setdefault(account, []).append(ResidenceFacts(key, first, last, source))
        areas: defaultdict[str, list[tuple[date, int, RecordId]]] = defaultdict(list)
        at_first_day: dict[str, int] = {}
        for area in rows("facts_areas", accounts=keys):
            areas[area.account].append((area.first, area.area_e2, area.record_id))
            if area.is_whole_month:
                at_first_day[area.account] = area.area_e2
        absences: defaultdict[str, list[AbsenceFacts]] = defaultdict(list)
        for account, *absence in rows("facts_absences", accounts=keys):
            absences[account].append(AbsenceFacts(*absence))
        payers = {row.account: row.els for row in rows("facts_payers", accounts=keys)}
        reliefs: defaultdict[str, list[ReliefFacts]] = defaultdict(list)
        for account, *relief in rows("facts_reliefs", accounts=keys):
            reliefs[account].append(ReliefFacts(*relief))
        of_house: defaultdict[str, list[AccountFacts]] = defaultdict(list)
        for (
            house, key, account_id, number, kind, area_e2, opened_on, closed_on, gas_stove, gas_heater, rooms, source,
            living_area_e2, open_draw,
        ) in accounts:  # fmt: skip
            _, place_source, premises_number, premises_kind, no_meter, no_meter_reason, room_number, room_area_e2, room_source = places.get(
                key, _NO_PLACE
            )
            in_room = room_number is not None
            of_house[house].append(
                AccountFacts(
                    account_id, key, number, kind, premises_kind is None or premises_kind == _RESIDENTIAL, premises_number or "",
                    room_number, bool(no_meter), no_meter_reason, at_first_day.get(key, area_e2), opened_on, closed_on, gas_stove,
                    gas_heater, source, place_source or source, tuple(residences.get(key, ())),
                    tuple(absences[key]) if key in absences else (), tuple(meters.get(key, ())), payers.get(key),
                    tuple(reliefs[key]) if key in reliefs else (),
                    living_area_e2=living_area_e2 or room_area_e2 if in_room else None,
                    areas=tuple(areas[key]) if key in areas else (),
                    rooms=rooms,
                    living_area_source=room_source if in_room and not living_area_e2 else None,
                )
            )  # fmt: skip
            if open_draw:
                open_heating.add(house)
        return of_house


def _grouped(rows: Iterable[_Row]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for key, value in rows:
        grouped.setdefault(str(key), []).append(str(value))
    return grouped

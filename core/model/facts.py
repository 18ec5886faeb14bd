"""Facts of one house for one calculation: what ``core.records`` reads and ``core.charges`` decides on.

Everything is the sender's data as accepted, with the id of the record it came from (``source``), so that every number of a line can be
traced. Months before the charged one are here through the readings: averages and the negative carry of common property need them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Literal

from core.ids import EntityId, RecordId
from core.model.checked import frozen_when_checked
from core.model.finding import Position
from core.period import Month

__all__ = [
    "AbsenceFacts", "AccountFacts", "ActFacts", "BoilerFacts", "ContainerFacts", "DeliveryFacts", "DeviationFacts", "Facts", "HouseFacts",
    "InterruptionFacts", "MeterFacts", "NormFacts", "ReadingFacts", "ReliefFacts", "ResidenceFacts", "ServiceFacts", "TariffFacts",
    "UnusedAct", "YearFacts",
]  # fmt: skip


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """A service charged in the house, with the days it is provided on."""

    service_id: EntityId
    key: str
    """The sender's number of the service."""
    name: str
    kind: int
    provision: int
    base_service: str | None
    utility_kind: int | None
    housing_kind: int | None
    resource_kind: int | None
    okei: str
    starts_on: date | None
    ends_on: date | None
    source: RecordId
    """The record that says the house is charged for it: the service of the house, or the decision on the capital-repair fund."""
    zone: int | None = None
    """Tariff zone of electricity: 1 single, 2 day, 3 night."""
    account_kinds: tuple[int, ...] | None = None
    """Kinds of accounts the service is charged to, the first that a payer has; None: as its codes say (see ``core.charges.payers``)."""
    sender: int = 0
    """Whose service it is in a house of several senders: the place of the sender among them. It is charged on accounts of this sender."""


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class ReadingFacts:
    """One reading; ``held`` ones are never given here."""

    taken_on: date
    value_e3: int
    source: RecordId
    zone: int | None = None
    """Tariff zone of the meter: 1 day or the only one, 2 night."""


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class MeterFacts:
    """A meter with all its readings in the order of dates. ``account`` is None for a house meter."""

    key: str
    kind: int
    account: str | None
    service: str
    serial: str
    digits: int | None
    commissioned_on: date | None
    next_verification_on: date | None
    closed_on: date | None
    start_e3: int | None
    is_open: bool
    source: RecordId
    readings: Sequence[ReadingFacts]
    failed_on: date | None = None
    """The day the meter failed or was lost; it counts to the day before."""
    access_refused_on: date | None = None
    """The day of an act that access to the meter was refused (п. 60(3)); it counts to that day."""
    place: Position | None = None
    """Where the sender's row of a house meter stands, for findings; None for meters of accounts."""


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class ResidenceFacts:
    """Days a person is registered on an account; both ends count."""

    key: str
    first: date
    last: date | None
    source: RecordId


@dataclass(frozen=True, slots=True)
class AbsenceFacts:
    """Temporary absence of a resident; both named days are not absent days."""

    residence: str
    left_on: date
    back_on: date
    source: RecordId


@dataclass(frozen=True, slots=True)
class ActFacts:
    """An act of a check (п. 61), of an unauthorised connection (п. 62) or of interference with a meter (п. 81(11))."""

    service: str
    kind: Literal["check", "unauthorised", "tampering"]
    drawn_on: date
    """The month of this day bears the recalculation, at its tariff."""
    source: RecordId
    stated_e3: int | None = None
    checked_e3: int | None = None
    """Check: the reading that was taken as true, and the one that was found."""
    power_w: int | None = None
    """Unauthorised connection: watts; None: not known, ten norms are charged."""
    days: int | None = None
    """Unauthorised connection of known power: days it lasted."""
    months: int | None = None
    """Months since the last check, where norms are charged."""
    charged: int = 0
    """Kopecks charged for the months that interference replaces."""


@dataclass(frozen=True, slots=True)
class DeviationFacts:
    """A deviation of quality in the house, or in the premises of one account (Annex 1); local time."""

    service: str
    kind: Literal["temperature", "days", "delay"]
    starts_at: datetime
    ends_at: datetime
    source: RecordId
    account: str | None = None
    """Key of the account; None: all of the house."""
    degrees_e1: int | None = None
    """Temperature: what was measured, tenths of a degree."""
    required_e1: int = 180
    """Temperature of the room that is due: +18, corner room +20."""


@dataclass(frozen=True, slots=True)
class ReliefFacts:
    """A measure of support that is a share of the price: it lowers the bill, or is paid in cash and stands on the bill for information."""

    service: str
    """Its key; empty: every service (cash only)."""
    share_e4: int
    """Part of the price that is taken off, in hundredths of a per cent."""
    entitled: int
    """Persons with the right."""
    first: date
    last: date | None
    source: RecordId
    cash: bool = False
    """Paid to the person (ЕДК): no line of the bill."""


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """Solid fuel delivered to an account, in the unit of its tariff."""

    delivered_on: date
    volume_e3: int
    source: RecordId


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class AccountFacts:
    """A personal account of the house with its place, people and meters."""

    account_id: EntityId
    key: str
    number: str
    kind: int
    residential: bool
    premises_number: str
    room_number: str | None
    no_meter: bool
    no_meter_reason: int | None
    area_e2: int
    opened_on: date
    closed_on: date | None
    gas_stove: bool
    gas_heater: bool
    source: RecordId
    place_source: RecordId
    """The premises record: why a meter is missing."""
    residences: tuple[ResidenceFacts, ...]
    absences: tuple[AbsenceFacts, ...]
    meters: tuple[MeterFacts, ...]
    """A flat-wide meter (kind 4) stands with each of its accounts, under the same key."""
    payer: str | None = None
    """Unified account (ЕЛС): accounts that have one are one payer, whoever sent them."""
    reliefs: tuple[ReliefFacts, ...] = ()
    acts: tuple[ActFacts, ...] = ()
    own_heating_e2: int = 0
    """Area with lawful own heating, or without heating by design, m² in hundredths; the whole area where all of it is so."""
    living_area_e2: int | None = None
    """Living area of the room of a communal flat (formula 8)."""
    owners: int | None = None
    """Owners known from title shares on the last day of the month; None: not known."""
    areas: tuple[tuple[date, int, RecordId], ...] = ()
    """Areas where it changed: from which day, m² in hundredths, by which record; ``area_e2`` holds before them. Empty: it holds always."""
    rooms: int | None = None
    """Rooms of the dwelling; None: not known."""
    access_refused: tuple[str, ...] = ()
    """Keys of services with an act of two refusals of access to install a meter (п. 60(3))."""
    sender: int = 0
    """Whose account it is in a house of several senders."""
    access_refused_sources: tuple[RecordId, ...] = ()
    own_heating_source: RecordId | None = None
    living_area_source: RecordId | None = None
    owners_source: RecordId | None = None
    """Acts that say it; None: the account's own record."""
    deliveries: tuple[DeliveryFacts, ...] | None = None
    """Fuel delivered up to the month; None: none ever, the norm is charged."""
    allocator_e3: int | None = None
    """Units of heat allocators in the year before (formula 6), by which act."""
    allocator_source: RecordId | None = None


@dataclass(frozen=True, slots=True)
class InterruptionFacts:
    """An interruption of a service in the house; local time."""

    service: str
    starts_at: datetime
    ends_at: datetime
    claimed_hours_e2: int | None
    source: RecordId


@dataclass(frozen=True, slots=True)
class BoilerFacts:
    """A resource that the provider used in the month to make heat or hot water in the house (formulas 18–22)."""

    purpose: Literal["heating", "hot_water"]
    utility_kind: int
    resource_kind: int | None
    """Codes of the resource's tariff: gas, electricity …"""
    volume_e3: int
    source: RecordId
    heat_e6: int | None = None
    heat_all_e6: int | None = None
    """Heat produced for the purpose and in all, Gcal, where one meter of the resource serves both purposes."""


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """Waste taken away from the house's container site in the month (formulas 9(3), 9(4))."""

    volume_e3: int
    source: RecordId
    site_e2: int | None = None
    """Persons, or m² where the house pays by area, of all premises the site serves, in hundredths; None: the house alone."""


@dataclass(frozen=True, slots=True)
class YearFacts:
    """What the ledger froze of the year before, of one house: months that were charged by the law and posted."""

    months: tuple[Month, ...]
    meter: Mapping[tuple[str, Month], int]
    individual: Mapping[tuple[str, Month], int]
    """Volumes of the house meter and of all premises, by service key and month, in millionths."""
    charged: Mapping[tuple[EntityId, EntityId, Month], int]
    """Base lines as posted by account, service and month, kopecks."""


@dataclass(frozen=True, slots=True)
class UnusedAct:
    """An act of the month that finds nothing in the house that it could be about."""

    number: str
    drawn_on: date
    cause: str
    """For people: what is not there."""
    source: RecordId
    account: str | None = None
    """Key of the account."""


@dataclass(frozen=True, slots=True)
class HouseFacts:
    """All facts of a house that its charges of one month depend on."""

    house_id: EntityId
    key: str
    fias: str
    oktmo: str
    address: str
    useful_area_e2: int | None
    common_area_e2: int | None
    heated_common_area_e2: int | None
    """HOUSEDOC 9002; None = not known, which counts as 0."""
    soi_mode: int | None
    """HOUSEDOC 9001: 1 norm, 2 house meter, 3 average, 4 norm with yearly recalculation."""
    soi_mode_source: RecordId | None
    source: RecordId
    manager_id: EntityId | None
    """Organisation entity: creditor of housing services and of common property."""
    contribution_creditor_id: EntityId | None
    """Regional operator, or the owner of the house's special account."""
    contribution_excess_e6: int | None
    """None: no decision on the fund, so no contribution is charged."""
    contribution_source: RecordId | None
    price_e6: int | None
    """Maintenance, roubles for 1 m²."""
    price_source: RecordId | None
    services: tuple[ServiceFacts, ...]
    accounts: tuple[AccountFacts, ...]
    meters: tuple[MeterFacts, ...]
    """House meters."""
    interruptions: tuple[InterruptionFacts, ...]
    base_services: tuple[ServiceFacts, ...] = ()
    """Services that common property refers to and that the house itself is not provided with."""
    deviations: tuple[DeviationFacts, ...] = ()
    boiler: tuple[BoilerFacts, ...] = ()
    open_heating: bool = False
    """Open system: one house meter for heat and hot water (п. 42(1))."""
    waste_basis: int | None = None
    """HOUSEDOC 9003: 1 by persons, 2 by area."""
    waste_basis_source: RecordId | None = None
    heat_last_year_e6: int | None = None
    """Heat by the house meter in the previous calendar year, Gcal: what even payment is a twelfth of."""
    heat_last_year_sources: tuple[RecordId, ...] = ()
    volume_corrections_e6: tuple[tuple[str, int], ...] = ()
    """Corrections of own volumes of closed months, by service key, that are posted in the charged month (setting ``house_effect``)."""
    carried: tuple[tuple[str, Fraction], ...] = ()
    """Negative rest of common property that closed months left, by key of the common service, where own volumes of closed months were
    corrected: what was frozen holds, not what the corrected volumes would give. Empty: as the readings give it."""
    average_common_e6: tuple[tuple[str, int], ...] = ()
    """Average month of last year's common property by service key (regime 3)."""
    containers: tuple[ContainerFacts, ...] = ()
    containers_of_year: tuple[tuple[Month, ContainerFacts], ...] = ()
    """The same for the months of the year before, for its recalculation."""
    last_year: YearFacts | None = None
    """Read in the month in which the corrections of the year are due, and where common property goes by its average."""
    electric_heating: bool = False
    """Heated by electricity and without gas: ranges of consumption are wider in the season."""
    electric_heating_sources: tuple[RecordId, ...] = ()
    unused_acts: tuple[UnusedAct, ...] = ()


@dataclass(frozen=True, slots=True)
class TariffFacts:
    """An approved tariff with its supplier (organisation entity)."""

    kind: str
    utility_kind: int | None
    resource_kind: int | None
    zone: int | None
    supplier_id: EntityId | None
    oktmo: str
    act: str
    first: date
    last: date | None
    value_e6: int
    source: RecordId
    range_number: int | None = None
    """The range of electricity consumption it is for; None: for all of the volume."""


@dataclass(frozen=True, slots=True)
class NormFacts:
    """An approved norm; of a matrix, one cell of it (``rooms``, ``persons``)."""

    utility_kind: int | None
    resource_kind: int | None
    basis: str
    okei: str
    first: date
    value_e6: int
    source: RecordId
    last: date | None = None
    rooms: int | None = None
    persons: int | None = None
    oktmo: str = ""
    """Beginning of the ОКТМО of the municipalities it holds in; the longest that fits goes before the others."""


@dataclass(frozen=True, slots=True)
class LocalSettings:
    """Settings of the municipalities whose ОКТМО begins so (name → value), with their records."""

    oktmo: str
    settings: dict[str, object]
    sources: dict[str, RecordId]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is approved for houses: tariffs and norms, each with its municipalities, and settings (name → value)."""

    tariffs: tuple[TariffFacts, ...]
    norms: tuple[NormFacts, ...]
    settings: dict[str, object]
    """Those that hold wherever a municipality has none of its own."""
    settings_sources: dict[str, RecordId]
    local: tuple[LocalSettings, ...] = ()
    """Those of municipalities, the shortest beginning of ОКТМО first."""

    @property
    def is_local(self) -> bool:
        """Whether any of it holds in some municipalities only (tariffs are looked up by place in any case)."""
        return bool(self.local) or any(norm.oktmo for norm in self.norms)

    def at(self, oktmo: str) -> Facts:
        """What holds in one municipality: two regions in one database know nothing of each other."""
        settings, sources = dict(self.settings), dict(self.settings_sources)
        for place in self.local:
            if oktmo.startswith(place.oktmo):
                settings |= place.settings
                sources |= place.sources
        return Facts(self.tariffs, tuple(norm for norm in self.norms if oktmo.startswith(norm.oktmo)), settings, sources)

"""Canonical records: what a message says, one fact each, in our words.

A :class:`Record` is an envelope (whose fact, its key at the sender, where it stands, since when it is true) around a body. Keys and
references are the sender's own (``house="1001"``), unique within (provider, kind); nothing here is guessed. The store derives one typed
table from each body class, so a new fact is one class here and one migration.

Source of the meaning: Формат 4.0 sections (docs/adapters.md), payment registries and bank statements, the region's configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal

from core.model.acts import Act
from core.model.checked import frozen_when_checked
from core.model.finding import Position

__all__ = [
    "BODIES",
    "Absence",
    "Account",
    "AccountArea",
    "AccountPlace",
    "Act",
    "ApprovedLimit",
    "ApprovedNorm",
    "ApprovedTariff",
    "Balance",
    "BankAccount",
    "Body",
    "CapitalRepairDecision",
    "CourtJudgement",
    "DeliveryChoice",
    "DeliveryOutcome",
    "GarHouse",
    "House",
    "HouseParameter",
    "HousePrice",
    "HouseService",
    "Interruption",
    "ManagementContract",
    "MassRecalculation",
    "Meter",
    "MeterAccount",
    "OpeningDebt",
    "OpeningPenalty",
    "Organisation",
    "Payment",
    "PaymentPack",
    "PaymentRegistry",
    "PenaltyStop",
    "Person",
    "Premises",
    "Reading",
    "RecalculationBlock",
    "Record",
    "RegionSetting",
    "RegisteredSender",
    "RegistryPayment",
    "Relief",
    "Residence",
    "Resolution",
    "Room",
    "SectionRow",
    "Service",
    "State",
    "StatedBill",
    "StatedContribution",
    "StatedLine",
    "StatementLine",
    "SubsidyGrant",
    "SupplyAddress",
    "SupplyService",
    "UnifiedAccount",
]  # fmt: skip

State = Literal["accepted", "flagged", "held", "quarantined"]
"""accepted · flagged: used, with a mark (an unverified organisation) · held: kept, not used until a person decides · quarantined: waits
for a row that was refused, and is taken when that arrives."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """Организация (CONTRAGENT with its roles)."""

    kind_name: ClassVar[str] = "organisation"
    name: str
    short_name: str
    inn: str
    kpp: str
    ogrn: str
    address: str
    phone: str
    email: str
    roles: tuple[int, ...]
    """Provider kinds: 1 УО, 2 РСО, 14 capital-repair operator, 36 settlement centre …"""
    verified: bool
    """False while a check digit is wrong: no money leaves to it."""


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Расчётный счёт (CONTRAGENTRSCHET joined with BANK)."""

    kind_name: ClassVar[str] = "bank_account"
    organisation: str
    number: str
    bik: str
    correspondent: str
    bank_name: str
    opened_on: date | None
    closed_on: date | None
    verified: bool


@dataclass(frozen=True, slots=True)
class Service:
    """Услуга (DICTUSLUGA). What it is follows from the codes, never from the name."""

    kind_name: ClassVar[str] = "service"
    name: str
    short_name: str
    kind: int
    """1 utility, 2 housing."""
    provision: int
    """1 individual consumption, 2 common property (СОИ)."""
    base_service: str | None
    utility_kind: int | None
    housing_kind: int | None
    zone: int | None
    okei: str
    resource_kind: int | None
    sort_order: int | None


@dataclass(frozen=True, slots=True)
class House:
    """Дом (HOUSE)."""

    kind_name: ClassVar[str] = "house"
    fias: str
    oktmo: str
    address: str
    """As printed: settlement, street, house."""
    time_zone: str
    cadastral: str
    house_kind: int
    total_area_e2: int | None
    common_area_e2: int | None
    useful_area_e2: int | None
    """Base for sharing: all residential and non-residential premises."""
    capital_fund: int | None
    """3 special account, 4 regional operator's account."""
    manager: str | None
    condition: int | None = None
    """1 hazardous, 2 sound, 3 dilapidated; with the rest what the federal system wants to know of a house that it does not have."""
    used_since: int | None = None
    """Year of commissioning."""
    floors: int | None = None
    least_floors: int | None = None
    underground_floors: int | None = None


@dataclass(frozen=True, slots=True)
class HouseParameter:
    """Параметр дома (HOUSEDOC): 9001 rule for common-property resources, 9002 heated common area, 9003 base of the waste charge."""

    kind_name: ClassVar[str] = "house_parameter"
    house: str
    code: int
    value: str


@dataclass(frozen=True, slots=True)
class Premises:
    """Помещение (PREMISES)."""

    kind_name: ClassVar[str] = "premises"
    house: str
    number: str
    kind: int
    """1 residential, 2 non-residential."""
    flat_kind: int | None
    common_property: bool
    area_e2: int
    living_area_e2: int | None
    cadastral: str
    no_meter: bool
    no_meter_reason: int | None
    """1 act of technical impossibility, 2 possible but not installed."""
    ceased_on: date | None


@dataclass(frozen=True, slots=True)
class Room:
    """Комната (ROOM)."""

    kind_name: ClassVar[str] = "room"
    premises: str | None
    house: str | None
    number: str
    area_e2: int
    communal: bool


@dataclass(frozen=True, slots=True)
class ManagementContract:
    """Договор управления (DU)."""

    kind_name: ClassVar[str] = "management_contract"
    organisation: str
    number: str
    signed_on: date | None
    effective_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class HouseService:
    """Услуга дома (DUOUUSLUGA through DUOU): the house's accounts are charged for the service from … to."""

    kind_name: ClassVar[str] = "house_service"
    house: str
    contract: str
    service: str
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class HousePrice:
    """Цена содержания жилого помещения, roubles for 1 m² a month (DUCHARGE through DUOU)."""

    kind_name: ClassVar[str] = "house_price"
    house: str
    contract: str
    price_e6: int
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class SupplyAddress:
    """Адрес договора ресурсоснабжения (DRSOADDRESS): the house, or one flat or room of it."""

    kind_name: ClassVar[str] = "supply_address"
    contract: str | None
    house: str | None
    premises_number: str
    room_number: str


@dataclass(frozen=True, slots=True)
class SupplyService:
    """Услуга и ресурс по договору ресурсоснабжения (DRSOUSLUGARES): what the supplier charges there by direct contracts, from … to."""

    kind_name: ClassVar[str] = "supply_service"
    address: str | None
    utility_kind: int | None
    resource_kind: int | None
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class CapitalRepairDecision:
    """Решение о фонде капитального ремонта (KAPREMDECISIONS)."""

    kind_name: ClassVar[str] = "capital_repair_decision"
    house: str
    effective_on: date | None
    fund: int | None
    """1 special account, 2 regional operator's account."""
    excess_e6: int
    """Roubles for 1 m² above the approved minimum."""
    bank_account: str | None
    """The house's own account; its owner is the creditor of the contribution."""


@dataclass(frozen=True, slots=True)
class Person:
    """Физическое лицо (IND)."""

    kind_name: ClassVar[str] = "person"
    surname: str
    name: str
    patronymic: str
    born_on: date | None
    snils: str


@dataclass(frozen=True, slots=True)
class Account:
    """Лицевой счёт (KVAR)."""

    kind_name: ClassVar[str] = "account"
    number: str
    house: str
    kind: int
    """1 УО, 2 РСО, 3 capital repair, 4 settlement centre, 5 authority, 6 waste."""
    opened_on: date
    closed_on: date | None
    residents_stated: int | None
    area_e2: int
    living_area_e2: int | None
    heated_area_e2: int | None
    gas_stove: bool
    gas_heater: bool
    payer_person: str | None
    payer_organisation: str | None
    payer_name: str
    principal: str | None
    rooms: int | None = None
    """Rooms of the dwelling (KVAR.15): a norm matrix of rooms and persons is looked up by it."""
    open_heating_draw: bool = False
    """Hot water is drawn from the heating circuit: an open system."""


@dataclass(frozen=True, slots=True)
class UnifiedAccount:
    """Единый лицевой счёт (KVARELS): accounts of one ЕЛС are one payer, whoever sends them."""

    kind_name: ClassVar[str] = "unified_account"
    account: str
    els: str
    service_identifier: str
    """ИЖКУ: the ЕЛС with the number of the service."""


@dataclass(frozen=True, slots=True)
class AccountPlace:
    """Помещение лицевого счёта (KVARACCOM): one of premises, house, room, with the share of payment."""

    kind_name: ClassVar[str] = "account_place"
    account: str
    premises: str | None
    house: str | None
    room: str | None
    share_e2: int | None
    """Percent, hundredths."""


@dataclass(frozen=True, slots=True)
class AccountArea:
    """Площадь лицевого счёта с её дня (решение центра по документу: выписка ЕГРН, обмер); KVAR знает только месяц пакета."""

    kind_name: ClassVar[str] = "account_area"
    account: str
    first: date
    area_e2: int
    document: str


@dataclass(frozen=True, slots=True)
class MassRecalculation:
    """Массовый перерасчёт закрытых месяцев дома: решение центра по документу, с текстом для квитанции."""

    kind_name: ClassVar[str] = "mass_recalculation"
    house: str
    first: date
    """First day of the first month."""
    last: date
    """Last day of the last month."""
    document: str
    bill_text: str
    """What the bills say as the reason."""


@dataclass(frozen=True, slots=True)
class RecalculationBlock:
    """Запрет перерасчёта закрытых месяцев счёта (суд, рассрочка): решение центра; снимается следующей версией."""

    kind_name: ClassVar[str] = "recalculation_block"
    account: str
    first: date
    """First day of the first blocked month."""
    last: date
    """Last day of the last blocked month."""
    reason: str
    active: bool


@dataclass(frozen=True, slots=True)
class DeliveryChoice:
    """Как доставляется счёт: согласие плательщика на электронную почту, отказ от неё, маршрут печати счёта или дома; решение центра."""

    kind_name: ClassVar[str] = "delivery_choice"
    subject: str
    """``account`` or ``house``."""
    owner: str
    """The sender's key of it."""
    channel: str
    """``email`` or ``paper``."""
    email: str
    """Empty on paper."""
    route: str
    """Of paper: whose rounds it is on; empty on an account: that of its house."""
    document: str
    """What it rests on: the payer's application, a contract with an agent."""


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """Что стало с отправленным счётом по документу: вручён, возвращён, отправить ещё раз; решение центра."""

    kind_name: ClassVar[str] = "delivery_outcome"
    bill: str
    """Its number."""
    outcome: str
    """``delivered``, ``failed`` (goes on paper) or ``again`` (e-mail once more, under the same identifier)."""
    document: str


@dataclass(frozen=True, slots=True)
class Residence:
    """Проживание (GIL). Both days count: the last one is the day before departure."""

    kind_name: ClassVar[str] = "residence"
    account: str
    person: str
    kind: int
    first: date
    last: date | None


@dataclass(frozen=True, slots=True)
class Absence:
    """Временное отсутствие (GILOUT). The days of leaving and of return are not absent days."""

    kind_name: ClassVar[str] = "absence"
    account: str
    residence: str
    left_on: date
    back_on: date
    document: str


@dataclass(frozen=True, slots=True)
class Relief:
    """Мера поддержки (RELIEF)."""

    kind_name: ClassVar[str] = "relief"
    account: str
    person: str | None
    kind: int
    """1 price reduction on the bill, 2 cash compensation, 3 subsidy."""
    service: str | None
    share_e4: int | None
    """Part of the price, in hundredths of a per cent."""
    entitled: int | None
    """Persons with the right; None: the one that the row names."""
    starts_on: date
    ends_on: date | None
    amount: int | None
    """Kopecks a month of a compensation or subsidy."""


@dataclass(frozen=True, slots=True)
class Meter:
    """Прибор учёта (PU)."""

    kind_name: ClassVar[str] = "meter"
    house: str
    kind: int
    """1 house, 2 group, 3 individual, 4 flat-wide."""
    account: str | None
    premises: str | None
    service: str
    serial: str
    digits: int | None
    """Digits before the point."""
    commissioned_on: date | None
    verified_on: date | None
    next_verification_on: date | None
    closed_on: date | None
    start_e3: int | None
    is_open: bool
    make: str = ""
    """Марка, as the passport has it; ``model`` likewise: what the federal system wants of a meter besides its number."""
    model: str = ""


@dataclass(frozen=True, slots=True)
class MeterAccount:
    """Лицевой счёт группового прибора (PUKVAR)."""

    kind_name: ClassVar[str] = "meter_account"
    meter: str
    account: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Показание (PUVAL)."""

    kind_name: ClassVar[str] = "reading"
    meter: str
    taken_on: date
    value_e3: int
    source: int | None
    zone: int | None


@dataclass(frozen=True, slots=True)
class Interruption:
    """Перерыв в услуге (NEDO); local time of the house."""

    kind_name: ClassVar[str] = "interruption"
    house: str
    service: str
    starts_at: datetime
    ends_at: datetime
    claimed_hours_e2: int | None
    """What the sender says is allowed; a claim, not used by the hub."""
    act: str


@dataclass(frozen=True, slots=True)
class StatedBill:
    """Платёжный документ отправителя (EPD): its statement, kept as it stands."""

    kind_name: ClassVar[str] = "stated_bill"
    month: date
    number: str
    formed_on: date | None
    account: str
    bank_account: str
    total: int | None
    debt: int | None
    advance: int | None
    penalties: int | None
    grand_total: int | None


@dataclass(frozen=True, slots=True)
class StatedLine:
    """Строка платёжного документа отправителя (EPDCHARGE)."""

    kind_name: ClassVar[str] = "stated_line"
    bill: str
    service: str
    tariff_e6: int
    total: int
    accrued: int
    recalculated: int
    benefit: int
    recalculation_reason: str
    volume_e6: int | None
    common_volume_e6: int | None
    method: int | None


@dataclass(frozen=True, slots=True)
class StatedContribution:
    """Взнос на капитальный ремонт в документе отправителя (EPDCAPITAL)."""

    kind_name: ClassVar[str] = "stated_contribution"
    bill: str
    tariff_e6: int
    accrued: int
    recalculated: int
    benefit: int
    total: int
    organisation: str


@dataclass(frozen=True, slots=True)
class OpeningDebt:
    """Неоплаченное на первый день месяца документа по месяцу возникновения (EPDDEBT)."""

    kind_name: ClassVar[str] = "opening_debt"
    bill: str
    service: str
    organisation: str
    origin_month: date
    amount: int


@dataclass(frozen=True, slots=True)
class OpeningPenalty:
    """Пени и судебные расходы документа отправителя (EPDPENALTY)."""

    kind_name: ClassVar[str] = "opening_penalty"
    bill: str
    kind: int
    """1 housing and utilities, 2 contribution, 3 court costs."""
    origin_month: date | None
    organisation: str
    opening: int
    posted: int
    paid: int
    closing: int


@dataclass(frozen=True, slots=True)
class Balance:
    """Сальдо (SALDO): by account, service, creditor and month, as the sender states it."""

    kind_name: ClassVar[str] = "balance"
    account: str
    service: str
    organisation: str
    month: date
    opening: int
    accrued: int
    recalculated: int
    changed: int
    undelivered: int
    benefit: int
    paid: int
    closing: int


@dataclass(frozen=True, slots=True)
class PaymentPack:
    """Пачка платежей (OPLATAPACK)."""

    kind_name: ClassVar[str] = "payment_pack"
    ordered_on: date
    number: str
    amount: int
    count: int


@dataclass(frozen=True, slots=True)
class Payment:
    """Платёж (OPLATA)."""

    kind_name: ClassVar[str] = "payment"
    account: str
    operation: int
    """1 payment, 2 refund or cancellation."""
    uip: str
    paid_on: date | None
    accounted_on: date | None
    amount: int | None
    """Kopecks as the row states them: positive, or the row is in suspense; None when unreadable."""
    source: str
    for_month: date | None
    pack: str | None
    bank_account: str
    bill: str | None
    active: bool
    reverses: str = ""
    """Of a refund or cancellation: УИП of the payment that it takes back (OPLATA 7 where 3 = 2); empty: it names none."""


@dataclass(frozen=True, slots=True)
class SectionRow:
    """A row of a section that no other record takes: kept as raw cells, for the citizen and the authority to see."""

    kind_name: ClassVar[str] = "section_row"
    section: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PenaltyStop:
    """Дни без пеней по лицевому счёту: мобилизация, участие в СВО, отсрочка суда. The days are those the record is valid on."""

    kind_name: ClassVar[str] = "penalty_stop"
    account: str
    """Its number, as written in the act."""
    cause: str


@dataclass(frozen=True, slots=True)
class CourtJudgement:
    """Судебный акт о взыскании долга лицевого счёта: months of origin that it covers, and the last day its penalties are judged to."""

    kind_name: ClassVar[str] = "court_judgement"
    account: str
    """Its number, as written in the act."""
    case_number: str
    judged_on: date
    judged_to: date
    first_month: date
    last_month: date
    principal: int
    penalties: int
    """As the act states them, kopecks."""
    costs: int | None = None
    """State duty and costs that the court has awarded, kopecks."""
    costs_to: str | None = None
    """ИНН of the organisation that they are awarded to."""


@dataclass(frozen=True, slots=True)
class SubsidyGrant:
    """Решение о субсидии на оплату жилого помещения и коммунальных услуг (ЖК ст. 159): what it is computed from, month by month."""

    kind_name: ClassVar[str] = "subsidy_grant"
    account: str
    """Its number, as written in the act."""
    persons: int
    income: int
    """Of the whole family in a month, kopecks."""
    subsistence: int
    """Subsistence minimum of the family for one person, kopecks."""
    standard: int
    """Regional standard of the cost for one person of a family of this size, kopecks."""
    own_share_e4: int
    """Greatest share of the income that the family pays by itself, hundredths of a per cent."""
    first: date
    last: date | None


@dataclass(frozen=True, slots=True)
class RegisteredSender:
    """Зарегистрированный отправитель (region.json)."""

    kind_name: ClassVar[str] = "registered_sender"
    name: str
    inn: str
    kpp: str
    ogrn: str
    data_bank_keys: tuple[str, ...]
    provider_kind: int


@dataclass(frozen=True, slots=True)
class ApprovedTariff:
    """Утверждённый тариф региона (region.json), roubles for a unit."""

    kind_name: ClassVar[str] = "approved_tariff"
    kind: str
    """``utility`` or ``contribution``."""
    utility_kind: int | None
    resource_kind: int | None
    zone: int | None
    supplier_inn: str | None
    oktmo: str
    act: str
    first: date
    last: date | None
    value_e6: int
    range_number: int | None = None
    """1, 2 or 3: the range of electricity consumption that the tariff is for."""


@dataclass(frozen=True, slots=True)
class ApprovedNorm:
    """Утверждённый норматив региона (region.json)."""

    kind_name: ClassVar[str] = "approved_norm"
    utility_kind: int | None
    resource_kind: int | None
    basis: str
    """per_person, per_m2, per_m2_common, per_person_year, per_m2_year, per_person_cooking, per_person_heater, heat_per_m3."""
    okei: str
    first: date
    value_e6: int
    last: date | None = None
    """None: until the next norm of the same matter."""
    act: str = ""
    rooms: int | None = None
    persons: int | None = None
    """A cell of a norm matrix: so many rooms of the dwelling, so many persons in it."""
    oktmo: str = ""
    """Beginning of the ОКТМО of the municipalities it holds in; empty: wherever there is no norm of the place's own."""


@dataclass(frozen=True, slots=True)
class ApprovedLimit:
    """Предельный индекс изменения платы граждан в муниципальном образовании (ПП № 400), hundredths of a per cent."""

    kind_name: ClassVar[str] = "approved_limit"
    oktmo: str
    first: date
    last: date | None
    percent_e2: int
    act: str


@dataclass(frozen=True, slots=True)
class RegionSetting:
    """Настройка расчёта региона: a name of charging-354 §19.1 or charging-rules §10; the value as JSON text."""

    kind_name: ClassVar[str] = "region_setting"
    name: str
    value_json: str
    act: str = ""
    oktmo: str = ""
    """Beginning of the ОКТМО of the municipalities it holds in; empty: wherever the place has no value of its own."""


@dataclass(frozen=True, slots=True)
class PaymentRegistry:
    """Реестр платежей агента."""

    kind_name: ClassVar[str] = "payment_registry"
    profile: str
    agent: str
    number: str
    registry_on: date | None
    order_number: str
    order_on: date | None
    count: int
    amount: int
    fee: int
    transfer: int


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class RegistryPayment:
    """Запись реестра платежей; the operation id of the agent is its key."""

    kind_name: ClassVar[str] = "registry_payment"
    registry: str
    operation_id: str
    paid_on: date | None
    account_text: str
    payer_name: str
    payer_address: str
    for_month: date | None
    amount: int
    """Kopecks; a storno is negative."""
    fee: int
    transfer: int
    els: str = ""
    izku: str = ""
    ipd: str = ""
    reverses: str = ""
    """Operation id of the payment that a storno takes back."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """Строка банковской выписки."""

    kind_name: ClassVar[str] = "statement_line"
    bank_account: str
    incoming: bool
    number: str
    document_on: date | None
    value_on: date | None
    amount: int
    other_account: str
    other_bik: str
    other_inn: str
    other_name: str
    purpose: str
    account_text: str = ""
    """What the purpose says it pays for: ЛС as written, ЕЛС, ИЖКУ, ИПД, month."""
    els: str = ""
    izku: str = ""
    ipd: str = ""
    for_month: date | None = None
    registries: tuple[str, ...] = ()
    """Registries named in the purpose: ``number date count amount fee`` (kopecks), ``-`` for a part that is not there."""
    document_type: str = ""
    """As the bank writes it: платёжное поручение, банковский ордер …"""


@dataclass(frozen=True, slots=True)
class Resolution:
    """Решение центра о данных отправителей: whose value holds, which house it is, what a sender answered, when a house goes live."""

    kind_name: ClassVar[str] = "resolution"
    matter: str
    """``conflict``, ``house_match``, ``audit``, ``onboarding``, ``table_profile``, ``reading_window``,
    ``second_channel``: what kind of thing was decided."""
    subject: str
    """The thing inside the matter; one subject has one resolution in force, the last."""
    value: str
    """What was decided: an ИНН, a GUID, a verdict, a date."""
    about: str
    """The values that were decided between, as text: a resolution says nothing about others."""
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class GarHouse:
    """Дом государственного адресного реестра (ГАР): the region's list of houses, by GUID."""

    kind_name: ClassVar[str] = "gar_house"
    fias: str
    oktmo: str
    address: str
    match_key: str
    """The address without case, punctuation and kinds of streets: equal keys are one address."""
    cadastral: str


Body = (
    Organisation | BankAccount | Service | House | HouseParameter | Premises | Room | ManagementContract | HouseService
    | HousePrice | CapitalRepairDecision | Person | Account | AccountPlace | AccountArea | Residence | Absence | Meter | MeterAccount
    | Reading
    | Interruption | StatedBill | StatedLine | StatedContribution | OpeningDebt | OpeningPenalty | Balance | PaymentPack | Payment
    | SectionRow | PenaltyStop | CourtJudgement | SubsidyGrant | RegisteredSender | ApprovedTariff | ApprovedNorm | RegionSetting
    | PaymentRegistry | RegistryPayment | StatementLine | ApprovedLimit | SupplyAddress | SupplyService | UnifiedAccount | Relief
    | RecalculationBlock | MassRecalculation | Act
    | DeliveryChoice | DeliveryOutcome | Resolution | GarHouse
)  # fmt: skip

BODIES: tuple[type[Body], ...] = (
    Organisation, BankAccount, Service, House, HouseParameter, Premises, Room, ManagementContract, HouseService, HousePrice,
    CapitalRepairDecision, Person, Account, AccountPlace, AccountArea, Residence, Absence, Meter, MeterAccount, Reading, Interruption,
    StatedBill, StatedLine, StatedContribution, OpeningDebt, OpeningPenalty, Balance, PaymentPack, Payment, SectionRow,
    PenaltyStop, CourtJudgement, SubsidyGrant,
    RegisteredSender, ApprovedTariff, ApprovedNorm, RegionSetting, PaymentRegistry, RegistryPayment,
    StatementLine, ApprovedLimit, SupplyAddress, SupplyService, UnifiedAccount, Relief,
    RecalculationBlock, MassRecalculation, Act,
    DeliveryChoice, DeliveryOutcome, Resolution, GarHouse,
)  # fmt: skip


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class Record:
    """One canonical fact as an adapter reads it from a message; the store adds who sent it and when we learned it."""

    key: str
    """The sender's identifier of the fact, unique within (provider, kind)."""
    position: Position
    body: Body
    valid_from: date | None = None
    """Since when it is true, where the message says it (or its month, for the state of things); None = always."""
    valid_to: date | None = None
    state: State = "accepted"
    waits_for: tuple[str, ...] = ()
    """``kind/key`` of the rows it refers to that were not taken: what a quarantined row, or money whose account is not there, waits for.
    Empty: it waits for nothing that could arrive."""
    state_then: State = "accepted"
    """Its state once all of them are there; said only where it waits."""

"""Content of a bill (единый платёжный документ), once: PDF, federal XML, e-mail and cabinet all read this object, so they never differ.

Amounts are kopecks with the signs of the form 43/пр: base, surcharge and total as they are, ``recalculation`` signed (under-delivery is in
it as a minus), ``benefit`` positive and lowering. Debt and advance are both not negative. Immutable once issued.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from core.ids import EntityId
from core.model.lines import Method
from core.period import Month

__all__ = [
    "BillAccount",
    "BillContent",
    "BillCourtCost",
    "BillInstalment",
    "BillLine",
    "BillMeter",
    "BillRecipient",
    "BillSupport",
    "BillYearMonth",
    "Recalculation",
    "Section",
]

Section = Literal["housing", "common_property", "utility", "capital_repair", "additional"]


@dataclass(frozen=True, slots=True)
class BillAccount:
    """One of the payer's personal accounts: each keeper of accounts has its own, all of one unified account are on one bill."""

    account_id: EntityId
    number: str
    kind: int
    els: str | None
    service_identifier: str | None
    """ИЖКУ."""
    keeper: str
    """Who keeps it: УО, РСО with direct contracts, the regional operators."""


@dataclass(frozen=True, slots=True)
class BillRecipient:
    """Who is paid by this bill: a creditor and the settlement account its money goes to."""

    creditor_id: EntityId
    name: str
    inn: str
    kpp: str
    bank_account: str
    bank_name: str
    bik: str
    correspondent: str
    debt: int
    advance: int
    charged: int
    paid: int
    penalties: int
    due: int
    """To pay: max(0, debt − advance − paid + charged + penalties + interest − deferred)."""
    contribution: bool = False
    """The money is the contribution for capital repair: one creditor may have two accounts (ЖК ст. 175), and they never mix."""
    phone: str = ""
    account_number: str = ""
    """The payer's personal account that the money is for, as the payment code names it; empty: that of the bill."""
    service_identifier: str | None = None
    """ИЖКУ of that account."""
    creditors: tuple[EntityId, ...] = ()
    """All numbers that senders know the creditor under; empty: ``creditor_id`` alone."""
    interest: int = 0
    """Interest of the month on instalments."""
    deferred: int = 0
    """Parts of debts that instalment plans put off to later months: in ``debt``, and not asked for."""

    @property
    def balance(self) -> int:
        """What is to pay, or (negative) what stays as an advance."""
        return self.debt - self.advance - self.paid + self.charged + self.penalties + self.interest - self.deferred


@dataclass(frozen=True, slots=True)
class BillLine:
    """One row of section 3."""

    section: Section
    service_id: EntityId
    service_key: str
    name: str
    okei: str
    unit: str
    utility_kind: int | None
    housing_kind: int | None
    resource_kind: int | None
    creditor_id: EntityId
    method: Method
    individual_volume_e6: int | None
    common_volume_e6: int | None
    tariff_e6: int | None
    base: int
    factor_e2: int | None
    """Raising coefficient, hundredths; None where there is no surcharge."""
    surcharge: int
    recalculation: int
    benefit: int
    total: int
    norm_e6: int | None = None
    house_individual_e6: int | None = None
    house_common_e6: int | None = None
    account_id: EntityId | None = None
    """The payer's account that it is charged on; None: that of the bill."""
    tariffs_e6: tuple[int, ...] = ()
    """The tariffs in the order of days, where they changed inside the month (``tariff_e6`` is None then)."""


@dataclass(frozen=True, slots=True)
class Recalculation:
    """A row of section 5: why a line was corrected."""

    service_id: EntityId
    reason: str
    amount: int


@dataclass(frozen=True, slots=True)
class BillMeter:
    """An own meter with its readings; values in thousandths."""

    service_id: EntityId
    serial: str
    previous_e3: int | None
    current_e3: int | None
    taken_on: date | None
    verify_by: date | None
    utility_kind: int | None
    okei: str
    service_name: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class BillInstalment:
    """A row of section 6: a debt that is paid in parts (п. 72, 75)."""

    service_id: EntityId
    name: str
    origin: Month
    """The month of the debt."""
    remaining: int
    """Unpaid at the start of the month."""
    portion: int
    """The part that this bill asks for."""
    percent_e6: int
    """Interest, per cent a year, millionths."""
    interest: int
    deferred: int

    @property
    def total(self) -> int:
        """To pay with this bill."""
        return self.portion + self.interest


@dataclass(frozen=True, slots=True)
class BillSupport:
    """A measure of support of the month (льгота, ЕДК, субсидия): what it comes to, and whether it lowers the bill."""

    title: str
    service: str
    """Name of the service; empty: of all."""
    clause: str
    amount: int
    lowers: bool
    """It stands in the column of reliefs; otherwise the budget pays it to the person, and it is for information."""


@dataclass(frozen=True, slots=True)
class BillCourtCost:
    """A part of a recipient's ``penalties`` that is no penalty: a fine, a state duty or costs that a court has awarded."""

    creditor_id: EntityId
    kind: int
    """Row of book 329: 2 fines, 3 state duties, 4 court costs."""
    reason: str
    """The judgement, as the document states it."""
    amount: int


@dataclass(frozen=True, slots=True)
class BillYearMonth:
    """A month of a contribution for capital repair that is asked for a whole year at once."""

    month: int
    base: int
    recalculation: int
    benefit: int
    total: int


@dataclass(frozen=True, slots=True)
class BillContent:
    """Everything a bill says."""

    number: str
    version: int
    replaces_number: str | None
    month: Month
    issued_on: date
    due_on: date
    provider_name: str
    provider_inn: str
    payer_name: str
    payer_is_organisation: bool
    account_id: EntityId
    account_number: str
    account_kind: int
    els: str | None
    service_identifier: str | None
    """ИЖКУ."""
    address: str
    premises_number: str
    room_number: str | None
    house_fias: str
    house_id: EntityId
    area_e2: int
    residents_e6: int
    recipients: tuple[BillRecipient, ...]
    lines: tuple[BillLine, ...]
    recalculations: tuple[Recalculation, ...]
    meters: tuple[BillMeter, ...]
    charged: int
    """Sum of the totals of the lines."""
    debt: int
    """Sum of what is owed at the start of the month, service by service (not lowered by advances)."""
    advance: int
    paid: int
    """Payments counted until ``payments_until``."""
    payments_until: date
    penalties: int
    due: int
    """Sum over recipients of what is to pay."""
    notices: tuple[str, ...]
    residential: bool = True
    provider_address: str = ""
    provider_phone: str = ""
    provider_email: str = ""
    accounts: tuple[BillAccount, ...] = ()
    """Accounts of the payer where there are several, the one of the bill first."""
    instalments: tuple[BillInstalment, ...] = ()
    house_meters: tuple[BillMeter, ...] = ()
    """Meters of the house with their readings."""
    interest: int = 0
    deferred: int = 0
    last_paid_on: date | None = None
    """Day of the last payment that is counted."""
    supports: tuple[BillSupport, ...] = ()
    limit_percent_e2: int | None = None
    """Approved limit of growth of the municipality (ЖК ст. 157.1), per cent in hundredths."""
    limit_act: str = ""
    court_costs: tuple[BillCourtCost, ...] = ()
    contribution_year: tuple[BillYearMonth, ...] = ()
    """The twelve months of the year of ``month`` that the contribution of this bill is the sum of; empty: it is for the month."""

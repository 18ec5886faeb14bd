"""What a bill is built from: facts, lines and balances of one payer and month, over all of the payer's accounts, gathered by a service.

Amounts are kopecks. Balances are those of the first day of the month; ``payments`` are what was counted in the month up to
``payments_until``; ``penalties`` are balances at the end of the month (opening + posted − paid).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from core.ids import EntityId
from core.model.bill import BillAccount, BillInstalment, BillMeter, BillSupport, Recalculation
from core.model.ledger import OpenItem
from core.model.lines import ChargeLine
from core.period import Month

__all__ = [
    "BillSource",
    "BilledService",
    "Destination",
    "HouseTotals",
    "InstalmentShare",
    "Payee",
    "PayerFacts",
    "PenaltyShare",
    "ProviderFacts",
    "Share",
]


@dataclass(frozen=True, slots=True)
class BilledService:
    """A service as the bill names it; what it is follows from the codes (core.model.records.Service)."""

    service_id: EntityId
    key: str
    name: str
    kind: int
    provision: int
    base_service: str | None
    utility_kind: int | None
    housing_kind: int | None
    resource_kind: int | None
    okei: str
    sort_order: int | None = None
    norm_e6: int | None = None
    """Approved norm in the premises, for the reference block."""

    @property
    def is_contribution(self) -> bool:
        """Contribution for capital repair: its money has an account of its own."""
        return self.kind == 2 and self.housing_kind == 2


class Destination(NamedTuple):
    """Where money goes: a creditor, and whether it is the contribution (a special account never mixes with the rest)."""

    creditor_id: EntityId
    contribution: bool


@dataclass(frozen=True, slots=True)
class Payee:
    """Requisites of a recipient."""

    name: str
    inn: str
    kpp: str
    bank_account: str
    bank_name: str
    bik: str
    correspondent: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A positive amount of one service and creditor: an advance, or payments counted. Service and creditor 0: not divided yet."""

    service_id: EntityId
    creditor_id: EntityId
    amount: int
    account_id: EntityId | None = None
    """The account it stands on: what is not divided is divided by that one's lines; None: by all lines."""


@dataclass(frozen=True, slots=True)
class InstalmentShare:
    """An instalment plan of a debt, and who the debt is owed to."""

    destination: Destination
    plan: BillInstalment


@dataclass(frozen=True, slots=True)
class HouseTotals:
    """What the house used of a service in the month, millionths of its unit: in the premises, and for common needs."""

    individual_e6: int | None = None
    common_e6: int | None = None


@dataclass(frozen=True, slots=True)
class PenaltyShare:
    """Penalties and court costs owed to one destination."""

    destination: Destination
    amount: int
    is_court_costs: bool = False


@dataclass(frozen=True, slots=True)
class ProviderFacts:
    """Who issues the bill (исполнитель, form 43/пр section 1)."""

    name: str
    inn: str
    address: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class PayerFacts:
    """The payer, the account and the premises."""

    name: str
    is_organisation: bool
    account_id: EntityId
    account_number: str
    account_kind: int
    els: str | None
    service_identifier: str | None
    address: str
    """Settlement, street, house; the flat and the room follow apart."""
    premises_number: str
    room_number: str | None
    house_fias: str
    house_id: EntityId
    area_e2: int
    residents_e6: int
    residential: bool
    is_open: bool = True
    """Whether the account is open in the month: one that is not may have a bill of its debt alone."""


@dataclass(frozen=True, slots=True)
class BillSource:
    """Everything that one bill needs."""

    number: str
    version: int
    replaces_number: str | None
    month: Month
    issued_on: date
    due_on: date
    payments_until: date
    provider: ProviderFacts
    payer: PayerFacts
    lines: tuple[ChargeLine, ...]
    services: Mapping[EntityId, BilledService]
    """Every service of a line or a balance."""
    payees: Mapping[Destination, Payee]
    open_items: tuple[OpenItem, ...] = ()
    advances: tuple[Share, ...] = ()
    payments: tuple[Share, ...] = ()
    """Principal and advances only: payments of penalties are in the balance of penalties already."""
    penalties: tuple[PenaltyShare, ...] = ()
    meters: tuple[BillMeter, ...] = ()
    house_meters: tuple[BillMeter, ...] = ()
    house_totals: Mapping[EntityId, HouseTotals] = field(default_factory=dict)
    """By service."""
    corrections: tuple[Recalculation, ...] = ()
    """Recalculations of closed months with their reasons; their sums are in ``recalculation`` of the lines."""
    reasons: Mapping[EntityId, str] = field(default_factory=dict)
    """Why a service was recalculated, where it is known more closely than the line says."""
    notices: tuple[str, ...] = ()
    accounts: tuple[BillAccount, ...] = ()
    """All accounts of the payer, that of ``payer`` first; empty: it has no other."""
    instalments: tuple[InstalmentShare, ...] = ()
    last_paid_on: date | None = None
    tariffs: Mapping[tuple[EntityId, EntityId], tuple[int, ...]] = field(default_factory=dict)
    """By account and service, tariffs (millionths) that changed inside the month, in the order of days."""
    supports: tuple[BillSupport, ...] = ()
    limit_percent_e2: int | None = None
    limit_act: str = ""

"""What the services read of the latest records: typed rows with our own numbers of things in place of the sender's keys.

Amounts are kopecks. ``record_id`` is the record a row comes from, ``state`` its standing (see ``core.model.records.State``): rows read by
message come in every state, because the service decides what a held one means; rows read by month are those in force.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.ids import EntityId, MessageId, RecordId
from core.model.records import State

__all__ = [
    "AccountRow", "BalanceRow", "BankAccountRow", "HouseRow", "OpeningDebtRow", "OpeningPenaltyRow", "OrganisationRow", "PackRow",
    "PaymentRow", "ServiceRow", "StatedBillRow", "StatedLineRow",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """An organisation; two senders' records of one ИНН have the same ``entity_id``."""

    entity_id: EntityId
    key: str
    record_id: RecordId
    name: str
    short_name: str
    inn: str
    kpp: str
    ogrn: str
    address: str
    phone: str
    email: str
    roles: tuple[int, ...]
    verified: bool


@dataclass(frozen=True, slots=True)
class BankAccountRow:
    """A settlement account and its owner."""

    entity_id: EntityId
    key: str
    record_id: RecordId
    organisation_id: EntityId | None
    number: str
    bik: str
    correspondent: str
    bank_name: str
    opened_on: date | None
    closed_on: date | None
    verified: bool


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service of the sender's dictionary."""

    entity_id: EntityId
    key: str
    record_id: RecordId
    name: str
    short_name: str
    kind: int
    provision: int
    base_service: str | None
    utility_kind: int | None
    housing_kind: int | None
    zone: int | None
    okei: str
    resource_kind: int | None
    sort_order: int | None


@dataclass(frozen=True, slots=True)
class HouseRow:
    """A house, with what decides where its contribution goes."""

    entity_id: EntityId
    key: str
    record_id: RecordId
    fias: str
    oktmo: str
    address: str
    time_zone: str
    useful_area_e2: int | None
    common_area_e2: int | None
    capital_fund: int | None
    manager_id: EntityId | None
    fund_account_id: EntityId | None
    """The house's own (special) account of the decision on the fund."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A personal account with its payer and place."""

    entity_id: EntityId
    key: str
    record_id: RecordId
    number: str
    kind: int
    opened_on: date
    closed_on: date | None
    residents_stated: int | None
    area_e2: int
    living_area_e2: int | None
    payer_name: str
    payer_is_organisation: bool
    principal_id: EntityId | None
    house_id: EntityId | None
    house_fias: str
    address: str
    premises_id: EntityId | None
    premises_number: str
    premises_kind: int | None
    room_id: EntityId | None
    room_number: str | None


@dataclass(frozen=True, slots=True)
class StatedBillRow:
    """A payment document as the sender stated it."""

    record_id: RecordId
    state: State
    key: str
    month: date
    number: str
    formed_on: date | None
    account_id: EntityId | None
    bank_account_id: EntityId | None
    total: int | None
    debt: int | None
    advance: int | None
    penalties: int | None
    grand_total: int | None


@dataclass(frozen=True, slots=True)
class StatedLineRow:
    """A line of a stated document: a service, or the contribution."""

    record_id: RecordId
    state: State
    bill: str
    bill_state: State | None
    """None: the document itself is not in force."""
    month: date | None
    account_id: EntityId | None
    service_id: EntityId | None
    creditor_id: EntityId | None
    """As the balance of the same account and service says, in the month of the document or the next; None when it says none or several."""
    contribution: bool
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
class BalanceRow:
    """Balance of an account by service and creditor; ``opening`` below zero is an advance."""

    record_id: RecordId
    state: State
    key: str
    month: date
    account_id: EntityId | None
    service_id: EntityId | None
    creditor_id: EntityId | None
    opening: int
    accrued: int
    recalculated: int
    changed: int
    undelivered: int
    benefit: int
    paid: int
    closing: int


@dataclass(frozen=True, slots=True)
class OpeningDebtRow:
    """Unpaid on the first day of ``month`` (that of its document), by month of origin."""

    record_id: RecordId
    state: State
    key: str
    month: date | None
    account_id: EntityId | None
    service_id: EntityId | None
    creditor_id: EntityId | None
    origin_month: date
    amount: int


@dataclass(frozen=True, slots=True)
class OpeningPenaltyRow:
    """Penalties (kinds 1 and 2) and court costs (3) of a document, by month of origin and creditor."""

    record_id: RecordId
    state: State
    key: str
    month: date | None
    account_id: EntityId | None
    creditor_id: EntityId | None
    kind: int
    origin_month: date | None
    opening: int
    posted: int
    paid: int
    closing: int


@dataclass(frozen=True, slots=True)
class PackRow:
    """A pack of payments."""

    record_id: RecordId
    state: State
    key: str
    ordered_on: date
    number: str
    amount: int
    count: int


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment of a pack. Its account may be unknown to us, its document held or absent; the money is there all the same."""

    record_id: RecordId
    state: State
    message_id: MessageId
    file: str
    file_row: int | None
    key: str
    account: str
    account_id: EntityId | None
    """None when no account of this key is in force."""
    operation: int
    uip: str
    paid_on: date | None
    accounted_on: date | None
    amount: int | None
    source: str
    for_month: date | None
    bill: str | None
    bill_month: date | None
    """Month of the named document, where we have the document."""
    pack: str | None
    pack_state: State | None
    bank_account_id: EntityId | None
    active: bool
    reverses: str
    """УИП of the payment that a refund takes back."""

"""What is asked of the wire about money: notifications of payments, their cancellation, what is to be paid, settlements of contracts.

Amounts are kopecks everywhere; which operation counts roubles is the codec's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from core.ids import TransportGuid
from core.period import Month

__all__ = [
    "AskDetails",
    "AskNotificationsOfDay",
    "AskSettlements",
    "CancelNotifications",
    "CancellationCard",
    "FederalSettlement",
    "NotificationCard",
    "Payee",
    "PaymentDetails",
    "PlaceSettlements",
    "SettlementCard",
    "SettlementMonth",
    "TellOwnPayments",
    "TellPayments",
]


@dataclass(frozen=True, slots=True)
class Payee:
    """Who is paid, with bank details."""

    inn: str
    kpp: str
    name: str
    bank_name: str
    bik: str
    account: str
    correspondent: str


@dataclass(frozen=True, slots=True)
class NotificationCard:
    """A payment to tell of. The full form names its ``payee``, that of п. 139 the federal identifier of the document."""

    transport_guid: TransportGuid
    order_id: str
    on: date
    amount: int
    ipd: str
    month: Month
    payee: Payee | None = None
    document_guid: UUID | None = None


@dataclass(frozen=True, slots=True)
class TellPayments:
    """Notifications of the operator of payments, all of one form."""

    payments: tuple[NotificationCard, ...]


@dataclass(frozen=True, slots=True)
class TellOwnPayments:
    """Notifications of money that the provider took itself."""

    payments: tuple[NotificationCard, ...]


@dataclass(frozen=True, slots=True)
class CancellationCard:
    """A notification to annul."""

    transport_guid: TransportGuid
    order_id: str
    on: date
    comment: str


@dataclass(frozen=True, slots=True)
class CancelNotifications:
    """Annul notifications."""

    cancellations: tuple[CancellationCard, ...]


@dataclass(frozen=True, slots=True)
class AskNotificationsOfDay:
    """Payments of a day that the federal system was told of, in whatever state; ``after`` asks for the next page."""

    on: date
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class AskDetails:
    """What is to be paid, and where: exactly one of ИПД, ЕЛС, ИЖКУ; sums are told to who names the payer (ИНН and КПП)."""

    ipd: str | None = None
    els: str | None = None
    izku: str | None = None
    month: Month | None = None
    payer: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PaymentDetails:
    """What a document or an account asks for; kopecks, None: withheld. ``accounts``: БИК and account."""

    ipd: str | None
    izku: str | None
    els: str | None
    inn: str
    accounts: tuple[tuple[str, str], ...]
    reminder: int | None
    debt: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class SettlementMonth:
    """A month of a supply contract: what was charged and received, what is owed or paid ahead at its end."""

    month: Month
    charged: int
    received: int
    debt: int
    overpaid: int
    annulled: str | None = None
    """Why the month is taken back."""


@dataclass(frozen=True, slots=True)
class SettlementCard:
    """Settlements of a contract; ``placed`` names those that this changes. With ``annulled`` they are taken back whole."""

    transport_guid: TransportGuid
    contract: UUID
    months: tuple[SettlementMonth, ...]
    placed: UUID | None = None
    annulled: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceSettlements:
    """Place, change or annul settlements."""

    settlements: tuple[SettlementCard, ...]


@dataclass(frozen=True, slots=True)
class AskSettlements:
    """The settlements of contracts."""

    contracts: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class FederalSettlement:
    """Settlements that are there."""

    guid: UUID
    contract: UUID | None
    months: tuple[SettlementMonth, ...]
    is_annulled: bool

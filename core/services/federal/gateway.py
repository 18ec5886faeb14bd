"""What the federal conversation asks of the wire, in our terms. The implementation (codecs, signature, zeep) is assembled in
``erkc.federal``.

A request says what is wanted; the gateway turns it into signed bytes and says where they go. What comes back is a verdict about the next
step and the content in our terms. Nothing here knows XML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from core.ids import EntityId, TransportGuid
from core.model.bill import BillContent, Section
from core.period import Month
from core.services.federal.elements import NsiElement
from core.services.federal.wire_housing import (
    AskContracts,
    AskIndividualServices,
    Contract,
    FederalIndividualService,
    PlaceBookElements,
    PlaceHouse,
    PlaceIndividualServices,
    PlaceMeters,
    RemoveIndividualServices,
    VerificationCard,
)
from core.services.federal.wire_payments import (
    AskDetails,
    AskNotificationsOfDay,
    AskSettlements,
    CancelNotifications,
    FederalSettlement,
    PaymentDetails,
    PlaceSettlements,
    TellOwnPayments,
    TellPayments,
)

__all__ = [
    "AccountCard",
    "AcknowledgePayments",
    "AcknowledgmentCard",
    "Answer",
    "AnswerAppeals",
    "AnswerDebts",
    "AppealReply",
    "AskAccounts",
    "AskAppeals",
    "AskBills",
    "AskBook",
    "AskHouse",
    "AskMeters",
    "AskNotifications",
    "AskOrganisations",
    "AskProviders",
    "AskReadings",
    "AskSubrequests",
    "BillCard",
    "BookElement",
    "CancelAcknowledgments",
    "Content",
    "DebtCard",
    "DebtPart",
    "DebtReply",
    "Envelope",
    "FederalAccount",
    "FederalAppeal",
    "FederalMeter",
    "FederalOrganisation",
    "FederalPlace",
    "Gateway",
    "NsiElement",
    "PlaceAccounts",
    "PlaceBills",
    "PlaceDebts",
    "PlaceReadings",
    "PlacedBill",
    "Polled",
    "ReadingCard",
    "Rendered",
    "Request",
    "Sent",
    "Subrequest",
    "ToldPayment",
    "ToldReading",
    "VerificationCard",
    "WithdrawBills",
]


@dataclass(frozen=True, slots=True)
class AskProviders:
    """Whom may this information system act for."""


@dataclass(frozen=True, slots=True)
class AskOrganisations:
    """Organisations by ОГРН."""

    ogrns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskBook:
    """A reference book: ``own`` is the provider's; ``page`` 0 asks for all of it at once."""

    number: str
    own: bool
    page: int = 0


@dataclass(frozen=True, slots=True)
class AskHouse:
    """A house with its premises and rooms."""

    fias: str


@dataclass(frozen=True, slots=True)
class AskAccounts:
    """Accounts that are there in a house."""

    fias: str


@dataclass(frozen=True, slots=True)
class AccountCard:
    """An account to open; areas in hundredths of a square metre."""

    transport_guid: TransportGuid
    number: str
    kind: int
    """1 УО, 2 РСО, 3 capital repair, 4 settlement centre, 5 authority, 6 waste."""
    place_guid: UUID
    is_room: bool
    residents: int | None
    area_e2: int


@dataclass(frozen=True, slots=True)
class PlaceAccounts:
    """Open accounts."""

    accounts: tuple[AccountCard, ...]


@dataclass(frozen=True, slots=True)
class BillCard:
    """A bill to place; ``ipd`` names the placed document that it replaces."""

    transport_guid: TransportGuid
    content: BillContent
    account_guid: UUID
    ipd: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceBills:
    """Place bills of a month, with everything federal that they point to."""

    month: Month
    bills: tuple[BillCard, ...]
    services: Mapping[EntityId, NsiElement]
    organisations: Mapping[EntityId, UUID]
    provider: UUID | None
    """orgPPAGUID of a settlement centre whose accounts these are; None for any other keeper of accounts."""
    penalty: NsiElement | None
    court_costs: Mapping[int, NsiElement] = field(default_factory=dict)
    """Kind of a court cost → its element of book 329."""
    groups: Mapping[EntityId, NsiElement] = field(default_factory=dict)
    """Service of one rate (day, night) → the utility that it is a part of, in book 3."""
    general: Mapping[EntityId, NsiElement] = field(default_factory=dict)
    """Part of a common-property resource → its element of book 337."""
    insurance: Mapping[EntityId, UUID] = field(default_factory=dict)
    """Voluntary insurance → its product."""


@dataclass(frozen=True, slots=True)
class DebtPart:
    """What is owed for a service of one month; kopecks."""

    section: Section
    service_id: EntityId
    name: str
    creditor_id: EntityId
    month: Month
    amount: int


@dataclass(frozen=True, slots=True)
class DebtCard:
    """A document of debts to place: the bill whose payer and recipients it has, and what is owed."""

    transport_guid: TransportGuid
    number: str
    content: BillContent
    account_guid: UUID
    parts: tuple[DebtPart, ...]


@dataclass(frozen=True, slots=True)
class PlaceDebts:
    """Place documents of debts; what they point to stands in ``bills`` as in a month's."""

    debts: tuple[DebtCard, ...]
    bills: PlaceBills
    """The same month and references, without bills."""


@dataclass(frozen=True, slots=True)
class WithdrawBills:
    """Take placed documents back: (TransportGUID, ИПД) of each."""

    documents: tuple[tuple[TransportGuid, str], ...]


@dataclass(frozen=True, slots=True)
class CancelAcknowledgments:
    """Take acknowledgments back: (TransportGUID, notification, ИПД) of each."""

    payments: tuple[tuple[TransportGuid, UUID, str], ...]


@dataclass(frozen=True, slots=True)
class AskNotifications:
    """Payments that a placed document got; ``after`` asks for the next page."""

    ipd: str
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class AskBills:
    """Documents of accounts that are placed in a month."""

    month: Month
    account_guids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class AcknowledgmentCard:
    """So many kopecks of a payment for one service of a placed bill."""

    transport_guid: TransportGuid
    order_id: str
    taken_by: UUID
    ipd: str
    service: NsiElement
    amount: int


@dataclass(frozen=True, slots=True)
class AcknowledgePayments:
    """Acknowledge payments (квитирование)."""

    parts: tuple[AcknowledgmentCard, ...]


@dataclass(frozen=True, slots=True)
class AskMeters:
    """Meters of a house."""

    fias: str


@dataclass(frozen=True, slots=True)
class ReadingCard:
    """What a meter showed on a day, thousandths by rate; ``resource`` is None for electricity, ``control`` when the provider read it."""

    transport_guid: TransportGuid
    root: UUID
    resource: NsiElement | None
    values_e3: tuple[int, ...]
    on: date
    control: bool = False


@dataclass(frozen=True, slots=True)
class PlaceReadings:
    """Tell the readings of meters of a house."""

    fias: str
    readings: tuple[ReadingCard | VerificationCard, ...]


@dataclass(frozen=True, slots=True)
class AskReadings:
    """What was told of the meters of a house on some days."""

    fias: str
    resources: tuple[NsiElement, ...]
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class AskSubrequests:
    """Requests about debts that were sent on some days; ``after`` asks for the next page."""

    first: date
    last: date
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class DebtReply:
    """There is no debt that a court has confirmed; ``executor`` is the employee who says so."""

    transport_guid: TransportGuid
    subrequest: UUID
    executor: UUID
    description: str


@dataclass(frozen=True, slots=True)
class AnswerDebts:
    """Answer requests about debts."""

    replies: tuple[DebtReply, ...]


@dataclass(frozen=True, slots=True)
class AskAppeals:
    """Appeals of some days that wait for an answer, or just these (``guids``)."""

    first: date
    last: date
    guids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class AppealReply:
    """The answer to an appeal, which is closed with it."""

    transport_guid: TransportGuid
    appeal: UUID
    executor: UUID
    text: str


@dataclass(frozen=True, slots=True)
class AnswerAppeals:
    """Answer appeals."""

    replies: tuple[AppealReply, ...]


Request = (
    AskProviders
    | AskOrganisations
    | AskBook
    | AskHouse
    | AskAccounts
    | PlaceAccounts
    | PlaceBills
    | PlaceDebts
    | WithdrawBills
    | AskBills
    | AcknowledgePayments
    | CancelAcknowledgments
    | AskNotifications
    | AskMeters
    | PlaceReadings
    | AskReadings
    | AskSubrequests
    | AnswerDebts
    | AskAppeals
    | AnswerAppeals
    | TellPayments
    | TellOwnPayments
    | CancelNotifications
    | AskNotificationsOfDay
    | AskDetails
    | PlaceSettlements
    | AskSettlements
    | PlaceMeters
    | PlaceBookElements
    | PlaceIndividualServices
    | RemoveIndividualServices
    | AskIndividualServices
    | AskContracts
    | PlaceHouse
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Under which identifier, on whose behalf and when a message is made."""

    request_guid: UUID
    provider_guid: UUID | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Rendered:
    """Signed bytes, and where they go."""

    service: str
    operation: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """After an attempt to send: ``unsent`` = certainly nothing left, ``unknown`` = it may have arrived."""

    verdict: Literal["acknowledged", "refused", "stop", "retry", "unsent", "unknown"]
    remote_guid: UUID | None = None
    code: str = ""
    text: str = ""
    raw: bytes = b""
    """The bytes that came back."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one item. ``standing``: accepted, refused for good, refused for now (retry), or said to be there already
    (exists)."""

    transport_guid: TransportGuid
    standing: Literal["accepted", "rejected", "retry", "exists"]
    guid: str | None
    number: str | None
    els: str | None
    izku: str | None
    errors: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FederalOrganisation:
    """An organisation of the registry with its three identifiers."""

    ppa_guid: UUID | None
    root_guid: UUID
    version_guid: UUID
    ogrn: str
    inn: str


@dataclass(frozen=True, slots=True)
class BookElement:
    """An element in force; ``refers`` are its references into other books (number, code)."""

    element: NsiElement
    name: str
    refers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FederalPlace:
    """A premises, or a room of it (``room`` is its number then)."""

    guid: UUID
    number: str
    residential: bool
    room: str | None


@dataclass(frozen=True, slots=True)
class FederalAccount:
    """An account that is there."""

    guid: UUID
    number: str
    els: str
    izku: str | None


@dataclass(frozen=True, slots=True)
class PlacedBill:
    """A document that is there; ``total`` (TotalPayableByPD) in kopecks."""

    ipd: str
    account_guid: UUID
    number: str
    total: int | None
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class ToldPayment:
    """A payment of a placed document, as the federal system was told of it; kopecks."""

    guid: UUID
    order_id: str
    ipd: str
    amount: int
    acknowledged: int
    on: date
    is_annulled: bool


@dataclass(frozen=True, slots=True)
class FederalMeter:
    """A meter that is there, with the accounts that are charged by it; ``resources`` are codes of book 2, none for electricity."""

    root: UUID
    number: str
    accounts: tuple[UUID, ...]
    version: UUID
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToldReading:
    """A reading that is there, thousandths by rate."""

    root: UUID
    on: date
    values_e3: tuple[int, ...]
    control: bool


@dataclass(frozen=True, slots=True)
class Subrequest:
    """A request about the debt at an address; ``answer_by`` is the last day to answer."""

    guid: UUID
    number: str
    asked_by: str
    address: str
    sent_on: date
    answer_by: date
    status: str


@dataclass(frozen=True, slots=True)
class FederalAppeal:
    """An appeal of a citizen."""

    guid: UUID
    number: str
    created_on: date
    topic: str
    text: str
    status: str
    answer_by: date | None


@dataclass(frozen=True, slots=True)
class Content:
    """What an export brought; ``pages`` of a paged book, ``following`` of other paged answers."""

    providers: tuple[UUID, ...] = ()
    organisations: tuple[FederalOrganisation, ...] = ()
    elements: tuple[BookElement, ...] = ()
    pages: int = 1
    places: tuple[FederalPlace, ...] = ()
    accounts: tuple[FederalAccount, ...] = ()
    bills: tuple[PlacedBill, ...] = ()
    payments: tuple[ToldPayment, ...] = ()
    meters: tuple[FederalMeter, ...] = ()
    readings: tuple[ToldReading, ...] = ()
    subrequests: tuple[Subrequest, ...] = ()
    appeals: tuple[FederalAppeal, ...] = ()
    details: tuple[PaymentDetails, ...] = ()
    settlements: tuple[FederalSettlement, ...] = ()
    individual_services: tuple[FederalIndividualService, ...] = ()
    contracts: tuple[Contract, ...] = ()
    following: UUID | None = None
    has_house: bool = False
    """The house that was asked for is there, be it without premises."""
    is_partial: bool = False
    """The answer says that there is more, and there is no way to ask for it."""


@dataclass(frozen=True, slots=True)
class Polled:
    """After a question: ``again`` = the question failed, ``retry`` = the request failed for now, ``unknown`` = the result is gone.

    ``raw`` are the bytes that came, to be archived before anything is made of them.
    """

    verdict: Literal["pending", "again", "finished", "refused", "stop", "retry", "unknown"]
    raw: bytes = b""
    answers: tuple[Answer, ...] = ()
    content: Content = Content()
    code: str = ""
    text: str = ""
    overdue: bool = False
    """So many questions were asked that a person should know."""
    oddities: tuple[tuple[str, str], ...] = ()
    """What is wrong with an answer that could be read all the same: codes and Russian texts."""


class Gateway(Protocol):
    """The way to the federal system."""

    @property
    def system(self) -> str:
        """Name in outbox and crosswalk: ``gis``."""
        ...

    def render(self, request: Request, envelope: Envelope) -> Rendered:
        """Build and sign. ``InputError`` names what is lacking."""
        ...

    def send(self, service: str, operation: str, *, request_guid: UUID, data: bytes) -> Sent:
        """Post stored bytes once."""
        ...

    def poll(
        self, service: str, operation: str, *, remote_guid: UUID, provider_guid: UUID | None, question_guid: UUID, at: datetime, polls: int
    ) -> Polled:
        """Ask for the result once."""
        ...

    def read(self, operation: str, data: bytes) -> Content:
        """What stored bytes of an answer hold."""
        ...

    def pause(self, polls: int) -> timedelta:
        """How long to wait before the next question."""
        ...

    def fits(self, kind: str) -> int:
        """Most items of a kind in one request."""
        ...

"""What is asked of the wire about houses and what is in them: premises, meters, readings of control and at verification, individual
services, contracts, elements of the provider's own books. Areas are hundredths of a square metre, readings thousandths."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from core.ids import TransportGuid
from core.services.federal.elements import NsiElement

__all__ = [
    "AskContracts",
    "AskIndividualServices",
    "BookCard",
    "Contract",
    "FederalIndividualService",
    "HouseCard",
    "IndividualServiceCard",
    "MeterCard",
    "PlaceBookElements",
    "PlaceHouse",
    "PlaceIndividualServices",
    "PlaceMeters",
    "PremisesCard",
    "RemoveIndividualServices",
    "RoomCard",
    "VerificationCard",
]


@dataclass(frozen=True, slots=True)
class MeterCard:
    """A meter to place; ``start_e3`` by rate. ``resource`` is None for electricity. ``archived`` (an element of book 21) takes the meter
    of ``version`` out of service instead."""

    transport_guid: TransportGuid
    serial: str
    make: str
    model: str
    sealed_on: date
    commissioned_on: date
    verified_on: date | None
    places: tuple[UUID, ...]
    is_room: bool
    accounts: tuple[UUID, ...]
    resource: NsiElement | None
    okei: str
    start_e3: tuple[int, ...]
    version: UUID | None = None
    archived: NsiElement | None = None


@dataclass(frozen=True, slots=True)
class PlaceMeters:
    """Place meters of a house, or take them out of service."""

    fias: str
    meters: tuple[MeterCard, ...]


@dataclass(frozen=True, slots=True)
class VerificationCard:
    """A verification of a meter: what it showed before and after; without ``reason`` (book 224) it was planned."""

    transport_guid: TransportGuid
    root: UUID
    resource: NsiElement | None
    before_e3: tuple[int, ...]
    after_e3: tuple[int, ...]
    started_on: date
    ended_on: date
    sealed_on: date
    reason: NsiElement | None = None


@dataclass(frozen=True, slots=True)
class BookCard:
    """An element of a book of the provider: ``book`` 1, 51 (of ``utility``, book 3, by ``resource``, book 2) or 337 (of ``resource``)."""

    transport_guid: TransportGuid
    name: str
    okei: str
    utility: NsiElement | None = None
    resource: NsiElement | None = None
    parent: str = ""
    """Code of the system row of book 337."""


@dataclass(frozen=True, slots=True)
class PlaceBookElements:
    """Create elements of one own book."""

    book: Literal["1", "51", "337"]
    elements: tuple[BookCard, ...]


@dataclass(frozen=True, slots=True)
class IndividualServiceCard:
    """An additional service that one account has ordered; the document lies in the file store already."""

    transport_guid: TransportGuid
    account: UUID
    service: NsiElement
    first: date
    last: date
    file_name: str
    file_guid: UUID
    file_hash: str


@dataclass(frozen=True, slots=True)
class PlaceIndividualServices:
    """Place individual services."""

    services: tuple[IndividualServiceCard, ...]


@dataclass(frozen=True, slots=True)
class RemoveIndividualServices:
    """Remove placed ones: (TransportGUID, their identifier)."""

    services: tuple[tuple[TransportGuid, UUID], ...]


@dataclass(frozen=True, slots=True)
class AskIndividualServices:
    """Individual services of accounts."""

    accounts: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class FederalIndividualService:
    """An individual service that is there."""

    guid: UUID
    account: UUID
    service: UUID
    first: date
    last: date
    actual: bool


@dataclass(frozen=True, slots=True)
class AskContracts:
    """Management contracts and charters of an organisation's houses (``organisation`` is its root), or (None) supply contracts of a
    house, page by page."""

    organisation: UUID | None
    houses: tuple[UUID, ...]
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract that is there. ``root`` stays over its versions; ``houses`` it is for, as far as the export names them."""

    kind: Literal["contract", "charter", "supply"]
    root: UUID
    number: str
    status: str
    signed_on: date | None
    houses: tuple[UUID, ...]
    services: tuple[UUID, ...]
    """Elements that are agreed."""


@dataclass(frozen=True, slots=True)
class RoomCard:
    """A room to place."""

    transport_guid: TransportGuid
    number: str
    area_e2: int


@dataclass(frozen=True, slots=True)
class PremisesCard:
    """Premises to place, or those that are there (``placed``) with new rooms."""

    transport_guid: TransportGuid
    number: str
    residential: bool
    area_e2: int
    cadastral: str
    placed: UUID | None
    rooms: tuple[RoomCard, ...]
    common_property: bool = False


@dataclass(frozen=True, slots=True)
class HouseCard:
    """A house: what the message says of it. ``state`` is of book 24, ``zone`` of book 32. None: as it stands there already."""

    transport_guid: TransportGuid
    fias: str
    is_new: bool
    cadastral: str = ""
    area_e2: int | None = None
    used_since: int | None = None
    floors: int | None = None
    underground_floors: int | None = None
    least_floors: int | None = None
    state: NsiElement | None = None
    zone: NsiElement | None = None


@dataclass(frozen=True, slots=True)
class PlaceHouse:
    """Place a house, or what is missing in it."""

    house: HouseCard
    premises: tuple[PremisesCard, ...]

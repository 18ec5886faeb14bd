"""A stand that knows the town as we do: the federal side of organisations, houses, premises and books, made from our own records.

Only names, numbers and codes pass over; the stand gives its own identifiers, and we learn them from its exports like those of the real
system.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId
from core.records.latest import read_accounts, read_houses_list, read_organisations
from core.records.providers import provider
from core.records.rows import AccountRow, ServiceRow
from core.services.federal.directory import billed_services
from erkc.stands.gis import SeedBook, SeedElement, SeedHouse, SeedOrganisation, SeedPremises, build_seed

__all__ = ["town_seed"]

_UTILITIES = {
    1: "Холодное водоснабжение",
    2: "Горячее водоснабжение",
    3: "Водоотведение",
    4: "Электроснабжение",
    5: "Газоснабжение",
    6: "Отопление",
    7: "Обращение с твёрдыми коммунальными отходами",
}
_RESOURCES = {
    1: "Холодная вода",
    2: "Горячая вода",
    3: "Электрическая энергия",
    4: "Газ",
    5: "Тепловая энергия",
    6: "Бытовой газ в баллонах",
    7: "Твёрдое топливо",
    8: "Сточные воды",
}
_PENALTIES = ("Пени", "Штрафы", "Государственные пошлины", "Судебные издержки")
_UTILITY, _HOUSING, _COMMON_PROPERTY, _NON_RESIDENTIAL = 1, 2, 2, 2


def town_seed(
    connection: Connection,
    *provider_ids: ProviderId,
    authorities: Sequence[str],
    signature: str,
    delay_s: float = 1.0,
    skew_s: float = 0.0,
    others: Iterable[SeedOrganisation] = (),
) -> dict[str, Any]:
    """The seed of a stand for the towns of providers; ``others`` are organisations of the registry that our records do not name (banks);
    ``skew_s`` shifts the stand's clock, for a rehearsal of other days."""
    organisations: dict[str, SeedOrganisation] = {}
    houses: dict[str, SeedHouse] = {}
    books: dict[tuple[str, str], SeedBook] = {}
    providers = [provider(connection, provider_id) for provider_id in provider_ids]
    inns = {one.inn for one in providers}
    for own in providers:
        for row in read_organisations(connection, provider_id=own.provider_id):
            if row.ogrn:
                organisations.setdefault(row.ogrn, SeedOrganisation(row.name, row.inn, row.kpp, row.ogrn, is_provider=row.inn in inns))
        organisations.setdefault(own.ogrn, SeedOrganisation(own.name, own.inn, own.kpp, own.ogrn, is_provider=True))
        for house in _houses(connection, own.provider_id):
            houses[house.fias] = _together(houses[house.fias], house) if house.fias in houses else house
        for book in _books((row for _, row in billed_services(connection, own.provider_id)), own.ogrn):
            key = (book.owner, book.number)
            known = books[key].elements if key in books else ()
            codes = {element.code for element in known}
            elements = known + tuple(element for element in book.elements if element.code not in codes)
            books[key] = SeedBook(book.number, elements, owner=book.owner)
    for other in others:
        organisations.setdefault(other.ogrn, other)
    return build_seed(
        organisations=list(organisations.values()),
        houses=list(houses.values()),
        books=list(books.values()),
        authorities=authorities,
        signature=signature,
        delay_s=delay_s,
        skew_s=skew_s,
    )


def _houses(connection: Connection, provider_id: ProviderId) -> list[SeedHouse]:
    accounts: dict[EntityId | None, list[AccountRow]] = {}
    for row in read_accounts(connection, provider_id=provider_id):
        accounts.setdefault(row.house_id, []).append(row)
    return [
        SeedHouse(house.fias, house.address, tuple(_premises(accounts.get(house.entity_id, []))))
        for house in read_houses_list(connection, provider_id=provider_id)
    ]


def _together(one: SeedHouse, other: SeedHouse) -> SeedHouse:
    """A house that two providers serve: the premises of both, with the rooms of both."""
    premises = {(flat.number, flat.residential): flat for flat in one.premises}
    for flat in other.premises:
        known = premises.get((flat.number, flat.residential))
        rooms = flat.rooms if known is None else known.rooms + tuple(room for room in flat.rooms if room not in known.rooms)
        premises[flat.number, flat.residential] = replace(known or flat, rooms=rooms)
    return replace(one, premises=tuple(premises.values()))


def _premises(rows: Iterable[AccountRow]) -> list[SeedPremises]:
    """Premises in which somebody has an account, with the rooms that accounts are for."""
    rooms: dict[tuple[str, bool], list[str]] = {}
    for row in rows:
        if not row.premises_number:
            continue
        listed = rooms.setdefault((row.premises_number, row.premises_kind != _NON_RESIDENTIAL), [])
        if row.room_number is not None and row.room_number not in listed:
            listed.append(row.room_number)
    return [SeedPremises(number, residential, "", tuple(inside)) for (number, residential), inside in rooms.items()]


def _books(services: Iterable[ServiceRow], owner: str) -> list[SeedBook]:
    """Books that a provider's bills point into; its own ones hold the services of neighbours that stand on its bills, each name once."""
    seen: set[tuple[int, int | None, str]] = set()
    housing: dict[str, str] = {}
    utilities: list[SeedElement] = []
    additional: list[SeedElement] = []
    for row in services:
        if row.kind != _HOUSING and (row.kind, row.utility_kind, row.name) in seen:
            continue
        seen.add((row.kind, row.utility_kind, row.name))
        if row.kind == _UTILITY:
            utilities.append(SeedElement(f"{row.utility_kind}.{len(utilities) + 1}", row.name, row.okei, (("3", str(row.utility_kind)),)))
        elif row.kind == _HOUSING and row.provision != _COMMON_PROPERTY and row.housing_kind is not None:
            housing.setdefault(str(row.housing_kind), row.name)
        elif row.kind != _HOUSING:
            additional.append(SeedElement(str(len(additional) + 1), row.name, row.okei))
    return [
        SeedBook("2", tuple(SeedElement(str(code), name) for code, name in _RESOURCES.items())),
        SeedBook("3", tuple(SeedElement(str(code), name) for code, name in _UTILITIES.items())),
        SeedBook("50", tuple(SeedElement(code, name) for code, name in sorted(housing.items()))),
        SeedBook("329", tuple(SeedElement(str(number), name) for number, name in enumerate(_PENALTIES, 1))),
        SeedBook("51", tuple(utilities), owner=owner),
        SeedBook("1", tuple(additional), owner=owner),
    ]

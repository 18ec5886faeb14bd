"""Services of a sender and elements of federal books: what is matched since when, and the operator's queue of what is not.

The program matches by codes and names. What it cannot, a person maps by code; the element's identifier still comes from an export, never
from the person. A person's choice holds against later matches, until another choice is made. Every element that was ever in force stays
with its day: the mapping is dated. Each provider has its own: what a neighbour's service is on its bills is an element of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from core import archive
from core.errors import InputError
from core.ids import EntityId, ProviderId
from core.records.crosswalk import ExternalId, external_history, link
from core.records.latest import read_services
from core.records.providers import provider
from core.records.rows import ServiceRow
from core.services.federal.act import CHANNEL, begin
from core.services.federal.context import Federal
from core.services.federal.directory import OWN_BOOKS, billed_services, known
from core.services.federal.gateway import NsiElement

__all__ = ["MappedService", "choose_element", "choose_insurance", "insurance_products", "mapped_services"]

_CHOICES = ("1", "2", "50", "51")


@dataclass(frozen=True, slots=True)
class MappedService:
    """A service with the element it is on the provider's bills; ``element`` is None in the operator's queue."""

    key: str
    """As its sender names it; of another sender's services after its ИНН and a slash."""
    name: str
    element: NsiElement | None
    since: datetime | None
    is_chosen: bool
    """By a person."""
    earlier: tuple[tuple[NsiElement, datetime], ...]
    """Elements that it was before, with the day each came into force."""


def mapped_services(federal: Federal, *, provider_id: ProviderId) -> tuple[MappedService, ...]:
    """Every service that bills may have, unmapped ones first."""
    with federal.engine.connect() as connection:
        history: dict[EntityId, list[tuple[NsiElement, datetime]]] = {}
        for entity, value, at in external_history(connection, provider_id=provider_id, system=federal.system, kind="nsi"):
            history.setdefault(entity, []).append((NsiElement.parse(value), at))
        chosen = known(connection, federal, "nsi_chosen", provider_id=provider_id)
        rows = [_mapped(key, row, history.get(row.entity_id, []), chosen) for key, row in _keyed(connection, provider_id)]
    return tuple(sorted(rows, key=lambda row: (row.element is not None, row.name, row.key)))


def _keyed(connection: Connection, provider_id: ProviderId) -> list[tuple[str, ServiceRow]]:
    """Services by the key a person names them with."""
    services = billed_services(connection, provider_id)
    inns = {sender: provider(connection, sender).inn for sender in {sender for sender, _ in services} - {provider_id}}
    return [(row.key if sender == provider_id else f"{inns[sender]}/{row.key}", row) for sender, row in services]


def _mapped(key: str, row: ServiceRow, known_: list[tuple[NsiElement, datetime]], chosen: dict[EntityId, str]) -> MappedService:
    element, since = known_[-1] if known_ else (None, None)
    return MappedService(key, row.name, element, since, row.entity_id in chosen, tuple(known_[:-1]))


def choose_element(federal: Federal, *, provider_id: ProviderId, key: str, book: str, code: str) -> None:
    """Map a service by hand: the book is exported, and the element of this code becomes the service's.

    ``InputError`` GIS-0512 when there is no such service, GIS-0513 when bills do not point into the book.
    """
    if book not in _CHOICES:
        raise InputError("GIS-0513", f"Справочник {book} не годится для услуг документа.", hint=f"Годятся: {', '.join(_CHOICES)}.")
    with federal.write("choose an element") as connection:
        row = next((row for name, row in _keyed(connection, provider_id) if name == key), None)
        if row is None:
            raise InputError("GIS-0512", f"Услуги с кодом {key} у этого поставщика нет.", hint="Коды показывает erkc gis services.")
        request = {"number": book, "own": book in OWN_BOOKS, "page": 1, "chosen": {str(row.entity_id): code}}
        subject = f"book/choice/{book}/{row.entity_id}/{code}"
        begin(connection, federal, "book", provider_id=provider_id, subject=subject, request=request)


def choose_insurance(federal: Federal, *, provider_id: ProviderId, key: str, product: UUID) -> None:
    """Say that a service is a voluntary insurance, and which registered product it is: the document then states it as such.

    A person's decision, kept in the archive: no book tells it. ``InputError`` GIS-0512 when there is no such service.
    """
    with federal.write("choose an insurance product") as connection:
        row = next((row for name, row in _keyed(connection, provider_id) if name == key), None)
        if row is None:
            raise InputError("GIS-0512", f"Услуги с кодом {key} у этого поставщика нет.", hint="Коды показывает erkc gis services.")
        now = federal.clock.now()
        said = {"decision": "insurance_product", "service": key, "name": row.name, "product": str(product)}
        stored = archive.store(
            connection,
            data=json.dumps(said, ensure_ascii=False, indent=1).encode(),
            name=f"insurance-{key}.json",
            channel=CHANNEL,
            direction="decision",
            provider_id=provider_id,
            at=now,
        )
        chosen = ExternalId(row.entity_id, provider_id, federal.system, "insurance_product", str(product))
        link(connection, [chosen], message_id=stored.message_id, at=now)


def insurance_products(federal: Federal, *, provider_id: ProviderId) -> dict[str, UUID]:
    """Services that are voluntary insurance, by the sender's key, with their products."""
    with federal.engine.connect() as connection:
        products = known(connection, federal, "insurance_product", provider_id=provider_id)
        services = {row.entity_id: row.key for row in read_services(connection, provider_id=provider_id)}
    return {services[entity]: UUID(value) for entity, value in products.items() if entity in services}

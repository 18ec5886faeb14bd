"""Individual services of accounts (индивидуальные услуги): placed, removed, listed from the last export.

The service must be mapped to an element of the additional services (book 1); the document that the account ordered it by lies in the file
store of the federal system already, and its identifier and hash are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core import archive, outbox
from core.errors import InputError
from core.ids import EntityId, MessageId, ProviderId, TransportGuid
from core.outbox import Exchange, Item
from core.records.latest import read_accounts, read_services
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.conversation import Ran
from core.services.federal.directory import known, same_number
from core.services.federal.gateway import Answer, Content, NsiElement, Request
from core.services.federal.waiting import Waiting, run_waiting
from core.services.federal.wire_housing import (
    AskIndividualServices,
    FederalIndividualService,
    IndividualServiceCard,
    PlaceIndividualServices,
    RemoveIndividualServices,
)

__all__ = ["OrderedBy", "look_at_individual_services", "place_individual_service", "read_individual_services", "remove_individual_service"]

_BOOK = "1"
Reasons = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class OrderedBy:
    """The document by which a service was ordered: its name, its identifier in the file store, and its hash."""

    name: str
    guid: UUID
    hash_hex: str


def place_individual_service(
    federal: Federal,
    *,
    provider_id: ProviderId,
    account: str,
    service: str,
    first: date,
    last: date,
    document: OrderedBy,
    waiting: Waiting | None = None,
) -> Reasons:
    """Place a service (key at the sender) for an account (number); why it was refused. The same is not sent twice.

    ``InputError`` GIS-0536 when the account is not placed, GIS-0537 when the service is not mapped to book 1.
    """
    with federal.write("place an individual service") as connection:
        account_guid = _account_guid(connection, federal, provider_id, account)
        rows = {row.key: row.entity_id for row in read_services(connection, provider_id=provider_id)}
        mapped = known(connection, federal, "nsi", provider_id=provider_id).get(rows.get(service, EntityId(0)))
        if mapped is None or NsiElement.parse(mapped).book != _BOOK:
            raise InputError(
                "GIS-0537",
                f"Услуга {service} не сопоставлена с дополнительной услугой (справочник 1).",
                hint="Сопоставьте: erkc gis services, erkc gis map.",
            )
        request = {
            "account": account_guid,
            "service": mapped,
            "first": first.isoformat(),
            "last": last.isoformat(),
            "document": [document.name, str(document.guid), document.hash_hex],
        }
        number = _number(str(provider_id), account_guid, mapped, first.isoformat(), last.isoformat())
        if number not in outbox.live(connection, "individual_service", [number]):
            _begin(connection, federal, "individual_services", provider_id, number, request)
    return _refused(federal, provider_id, "individual_service", number, waiting)


def remove_individual_service(federal: Federal, *, provider_id: ProviderId, guid: UUID, waiting: Waiting | None = None) -> Reasons:
    """Remove a placed one by its identifier; why it was refused. ``InputError`` GIS-0538 when no export showed it."""
    shown = next((one for one in read_individual_services(federal, provider_id=provider_id) if one.guid == guid), None)
    if shown is None:
        raise InputError("GIS-0538", f"Индивидуальной услуги {guid} в выгрузке нет.", hint="Выгрузите: erkc gis individual show.")
    number = _number(str(provider_id), "removal", str(guid))
    with federal.write("remove an individual service") as connection:
        if number not in outbox.live(connection, "individual_removal", [number]):
            request = {"guid": str(guid), "account": str(shown.account)}
            _begin(connection, federal, "individual_removals", provider_id, number, request)
        placed = _number(
            str(provider_id), str(shown.account), _element(connection, federal, provider_id, shown), str(shown.first), str(shown.last)
        )
    refused = _refused(federal, provider_id, "individual_removal", number, waiting)
    if not refused:
        with federal.write("an individual service is removed") as connection:
            outbox.retract(connection, "individual_service", [placed])
    return refused


def _element(connection: Connection, federal: Federal, provider_id: ProviderId, shown: FederalIndividualService) -> str:
    elements = known(connection, federal, "nsi", provider_id=provider_id).values()
    return next((value for value in elements if NsiElement.parse(value).guid == shown.service), "")


def look_at_individual_services(federal: Federal, *, provider_id: ProviderId, account: str, waiting: Waiting | None = None) -> Ran:
    """Export the individual services of an account."""
    with federal.write("ask for individual services") as connection:
        guid = _account_guid(connection, federal, provider_id, account)
        begin(
            connection,
            federal,
            "individual_there",
            provider_id=provider_id,
            subject=f"individual_there/{guid}",
            request={"account": guid},
        )
    return run_waiting(federal, provider_id, waiting)


def read_individual_services(federal: Federal, *, provider_id: ProviderId) -> tuple[FederalIndividualService, ...]:
    """What the last export of each account showed, in the order of their days."""
    newest: dict[str, Exchange] = {}
    with federal.engine.connect() as connection:
        for one in outbox.exchanges(connection, system=federal.system, states=("done",), act="individual_there"):
            if one.provider_id == provider_id and one.result_message_id is not None:
                newest[one.request["account"]] = one
        read = [(one.operation, archive.read(connection, MessageId(one.result_message_id or 0))) for one in newest.values()]
    found = [one for operation, data in read for one in federal.gateway.read(operation, data).individual_services]
    return tuple(sorted(found, key=lambda one: (one.first, str(one.guid))))


def _account_guid(connection: Connection, federal: Federal, provider_id: ProviderId, account: str) -> str:
    numbers = {same_number(row.number): row.entity_id for row in read_accounts(connection, provider_id=provider_id)}
    entity = numbers.get(same_number(account), EntityId(0))
    guid = known(connection, federal, "account_guid", provider_id=provider_id).get(entity)
    if guid is None:
        raise InputError("GIS-0536", f"Лицевой счёт {account} в ГИС ЖКХ не размещён.", hint="Выполните erkc gis synchronise.")
    return guid


def _number(*key: str) -> int:
    """63 bits of a hash: the outbox's local id of what has no number of its own."""
    return int.from_bytes(sha256("\x1f".join(("individual", *key)).encode()).digest()[:8], "big") >> 1


def _begin(connection: Connection, federal: Federal, act: str, provider_id: ProviderId, number: int, request: Mapping[str, Any]) -> None:
    begin(connection, federal, act, provider_id=provider_id, subject=f"{act}/{number}", request=request, local_ids=[number])


def _refused(federal: Federal, provider_id: ProviderId, kind: str, number: int, waiting: Waiting | None) -> Reasons:
    run_waiting(federal, provider_id, waiting)
    with federal.engine.connect() as connection:
        return outbox.refusals(connection, kind, provider_id=provider_id).get(number, ())


def _compose(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    name, guid, hash_hex = request["document"]
    first, last = date.fromisoformat(request["first"]), date.fromisoformat(request["last"])
    account, service = UUID(request["account"]), NsiElement.parse(request["service"])
    return PlaceIndividualServices(
        tuple(IndividualServiceCard(item.transport_guid, account, service, first, last, name, UUID(guid), hash_hex) for item in items)
    )


def _compose_removal(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    return RemoveIndividualServices(tuple((item.transport_guid, UUID(request["guid"])) for item in items))


def _ask(connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]) -> Request:
    return AskIndividualServices((UUID(request["account"]),))


def _search(connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item]) -> tuple[str, Mapping[str, Any]]:
    return "individual_found", {"account": exchange.request["account"]}


def _match(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    """It is there with our account, service and days."""
    request = exchange.request
    wanted = (NsiElement.parse(request["service"]).guid, request["first"], request["last"])
    there = [one for one in content.individual_services if (one.service, str(one.first), str(one.last)) == wanted]
    if not there:
        return {}
    return {item.transport_guid: Answer(item.transport_guid, "accepted", str(there[0].guid), None, None, None, ()) for item in items}


def _match_removed(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    if any(str(one.guid) == exchange.request["guid"] for one in content.individual_services):
        return {}
    return {item.transport_guid: Answer(item.transport_guid, "accepted", None, None, None, None, ()) for item in items}


def _absorb_nothing(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """The export is read from the archive, or serves the comparison that asked for it."""


register(Act("individual_services", _compose, kind="individual_service", search=_search, match=_match))
register(Act("individual_removals", _compose_removal, kind="individual_removal", search=_search, match=_match_removed))
register(Act("individual_there", _ask, absorb=_absorb_nothing))
register(Act("individual_found", _ask, absorb=_absorb_nothing))

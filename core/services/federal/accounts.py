"""Personal accounts: what is there is found by export first, what is missing is opened; ЕЛС, ИЖКУ and GUID of each go to the crosswalk.

The federal system does not refuse a second account of the same number, so opening one is never repeated before the house's accounts were
exported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core.errors import InputError
from core.ids import EntityId, MessageId, ProviderId, TransportGuid
from core.outbox import Exchange, Item, live, refusals
from core.records.crosswalk import ExternalId, link
from core.records.latest import read_accounts, read_houses_list
from core.records.rows import AccountRow
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.directory import house_accounts, known, same_number
from core.services.federal.gateway import AccountCard, Answer, AskAccounts, Content, FederalAccount, PlaceAccounts, Request

__all__ = ["ask_accounts", "open_accounts"]


def _export(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    return AskAccounts(request["fias"])


def _absorb(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """Learn the identifiers of accounts that are there; note that the house was looked through."""
    there = _by_number(content.accounts)
    house_id = EntityId(exchange.request["house_id"])
    rows = [
        row
        for account in house_accounts(connection, exchange.provider_id, house_id)
        if (found := there.get(same_number(account.number))) is not None
        for row in _identifiers(federal, exchange.provider_id, account.entity_id, str(found.guid), found.els, found.izku)
    ]
    rows.append(ExternalId(house_id, exchange.provider_id, federal.system, "accounts_exported", "yes"))
    link(connection, rows, message_id=message_id, at=federal.clock.now())


def _by_number(accounts: Sequence[FederalAccount]) -> dict[str, FederalAccount]:
    """The first account of each number: later ones of the same number are doubles."""
    found: dict[str, FederalAccount] = {}
    for account in accounts:
        found.setdefault(same_number(account.number), account)
    return found


def _identifiers(
    federal: Federal, provider_id: ProviderId, account_id: EntityId, guid: str | None, els: str | None, izku: str | None
) -> list[ExternalId]:
    pairs = (("account_guid", guid), ("els", els), ("izku", izku))
    return [ExternalId(account_id, provider_id, federal.system, kind, value) for kind, value in pairs if value]


def _cards(connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]) -> Request:
    rows = {row.entity_id: row for row in house_accounts(connection, provider_id, EntityId(request["house_id"]))}
    here = [row.premises_id for row in rows.values() if row.premises_id is not None]
    premises = known(connection, federal, "premises_guid", provider_id=provider_id, things=here)
    own = [row.room_id for row in rows.values() if row.room_id is not None]
    rooms = known(connection, federal, "room_guid", provider_id=provider_id, things=own)
    cards = []
    for item in items:
        row = rows[EntityId(item.local_id)]
        place = _place(row, premises, rooms)
        if place is None:
            raise InputError(
                "GIS-0507", f"У помещения лицевого счёта {row.number} нет идентификатора ГИС ЖКХ.", hint="Повторите сверку домов."
            )
        cards.append(AccountCard(item.transport_guid, row.number, row.kind, place[0], place[1], row.residents_stated, row.area_e2))
    return PlaceAccounts(tuple(cards))


def _place(row: AccountRow, premises: Mapping[EntityId, str], rooms: Mapping[EntityId, str]) -> tuple[UUID, bool] | None:
    if row.room_id is not None:
        return (UUID(rooms[row.room_id]), True) if row.room_id in rooms else None
    return (UUID(premises[row.premises_id]), False) if row.premises_id is not None and row.premises_id in premises else None


def _accept(
    connection: Connection, federal: Federal, exchange: Exchange, taken: Sequence[tuple[Item, Answer]], message_id: MessageId
) -> None:
    rows = [
        row
        for item, answer in taken
        for row in _identifiers(federal, exchange.provider_id, EntityId(item.local_id), answer.guid, answer.els, answer.izku)
    ]
    link(connection, rows, message_id=message_id, at=federal.clock.now())


def _search(connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item]) -> tuple[str, Mapping[str, Any]]:
    return "house_accounts", {"house_id": exchange.request["house_id"], "fias": exchange.request["fias"]}


def _match(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    there = _by_number(content.accounts)
    numbers = {
        row.entity_id: row.number for row in house_accounts(connection, exchange.provider_id, EntityId(exchange.request["house_id"]))
    }
    found: dict[TransportGuid, Answer] = {}
    for item in items:
        account = there.get(same_number(numbers.get(EntityId(item.local_id), "")))
        if account is not None:
            found[item.transport_guid] = Answer(
                item.transport_guid, "accepted", str(account.guid), account.els, account.els, account.izku, ()
            )
    return found


register(Act("house_accounts", _export, absorb=_absorb))
register(Act("accounts", _cards, kind="account", accept=_accept, search=_search, match=_match))


def ask_accounts(connection: Connection, federal: Federal, provider_id: ProviderId) -> int:
    """Export the accounts of houses that were not looked through yet; how many houses."""
    looked = known(connection, federal, "accounts_exported", provider_id=provider_id)
    placed = known(connection, federal, "house_guid", provider_id=provider_id)
    wanted = [
        house
        for house in read_houses_list(connection, provider_id=provider_id)
        if house.entity_id in placed and house.entity_id not in looked
    ]
    for house in wanted:
        fias = placed[house.entity_id]
        request = {"house_id": house.entity_id, "fias": fias}
        begin(connection, federal, "house_accounts", provider_id=provider_id, subject=f"accounts/{fias}", request=request)
    return len(wanted)


def open_accounts(connection: Connection, federal: Federal, provider_id: ProviderId, *, refused_too: bool = False) -> int:
    """Open the accounts that an export did not show and that are neither on their way nor refused; how many.

    A refused one goes again only on demand (``refused_too``): its cause must be gone first.
    """
    refused = {} if refused_too else refusals(connection, "account", provider_id=provider_id)
    looked = known(connection, federal, "accounts_exported", provider_id=provider_id)
    houses = known(connection, federal, "house_guid", provider_id=provider_id)
    there = known(connection, federal, "account_guid", provider_id=provider_id)
    premises = known(connection, federal, "premises_guid", provider_id=provider_id)
    rooms = known(connection, federal, "room_guid", provider_id=provider_id)
    by_house: dict[EntityId, list[int]] = {}
    for row in read_accounts(connection, provider_id=provider_id):
        if row.house_id is None or row.house_id not in looked or row.entity_id in there or row.closed_on is not None:
            continue
        if _place(row, premises, rooms) is not None:
            by_house.setdefault(row.house_id, []).append(row.entity_id)
    count = 0
    for house_id, listed in by_house.items():
        busy = live(connection, "account", listed)
        waiting = [number for number in listed if number not in busy and number not in refused]
        size = federal.gateway.fits("account")
        for start in range(0, len(waiting), size):
            part = waiting[start : start + size]
            request = {"house_id": house_id, "fias": houses[house_id]}
            begin(
                connection,
                federal,
                "accounts",
                provider_id=provider_id,
                subject=f"accounts/{houses[house_id]}/{part[0]}",
                request=request,
                local_ids=part,
            )
            count += len(part)
    return count

"""Readings of a month to the federal system: those that the bills state, for the meters that are there.

    meters of a house (export) → matched by account and serial number → readings, each once → history (export) where an answer was lost

A meter that the federal system does not have is not made up: its passport (make, model, seal) is not in our records, so it waits, and the
command names it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core import outbox
from core.ids import EntityId, MessageId, ProviderId, TransportGuid
from core.outbox import Exchange, Item
from core.period import Month
from core.records.latest import read_services
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.directory import known, same_number
from core.services.federal.gateway import Answer, AskMeters, AskReadings, Content, NsiElement, PlaceReadings, ReadingCard, Request
from core.services.federal.own_meters import control_readings
from core.services.federal.resources import ELECTRICITY, RESOURCES, resources_of

__all__ = ["ReadingStanding", "ask_meters", "ask_resources", "reading_standing"]


@dataclass(frozen=True, slots=True)
class _Shown:
    """What one meter showed in a month; ``values_e3`` by rate."""

    number: int
    account_id: EntityId
    serial: str
    utility: int
    values_e3: tuple[int, ...]
    on: date
    control: bool = False
    """Read by an inspector, not told by the resident."""


@dataclass(frozen=True, slots=True)
class ReadingStanding:
    """How a month's readings stand; reasons by «account serial»."""

    readings: int
    placed: int
    waiting: int
    refused: Mapping[str, tuple[tuple[str, str], ...]]
    unknown: tuple[str, ...]
    """Meters of which nothing has left: the federal system does not have them on this account (or was not asked yet)."""


def _shown(connection: Connection, federal: Federal, provider_id: ProviderId, month: Month) -> dict[str, list[_Shown]]:
    """Readings of the month's bills, and those of control, by house (ФИАС)."""
    zones = {row.entity_id: row.zone or 0 for row in read_services(connection, provider_id=provider_id)}
    found: dict[str, list[_Shown]] = defaultdict(list)
    for content in federal.bills.of_month(connection, provider_id, month).values():
        by_serial: dict[tuple[str, int], list[tuple[int, int | None, date | None]]] = defaultdict(list)
        for meter in content.meters:
            utility_kind = meter.utility_kind
            if meter.serial and utility_kind is not None and utility_kind in RESOURCES:
                by_serial[meter.serial, utility_kind].append((zones.get(meter.service_id, 0), meter.current_e3, meter.taken_on))
        for (serial, utility), rates in by_serial.items():
            values = [value for _, value, _ in sorted(rates, key=lambda rate: rate[0]) if value is not None]
            days = [day for _, _, day in rates if day is not None]
            several_of_one = utility != ELECTRICITY and len(rates) > 1
            if len(values) == len(rates) and days and not several_of_one:
                number = _number(str(provider_id), str(month), str(content.account_id), serial, str(utility))
                found[content.house_fias].append(_Shown(number, content.account_id, serial, utility, tuple(values), max(days)))
    for own, on, shown in control_readings(connection, provider_id, month):
        number = _number(str(provider_id), str(month), str(own.account.entity_id), own.serial, str(own.utility), f"control {on}")
        row = _Shown(number, own.account.entity_id, own.serial, own.utility, shown, on, True)
        found[own.account.house_fias].append(row)
    return found


def _number(*key: str) -> int:
    """63 bits of a hash: the outbox's local id of what has no number of its own."""
    return int.from_bytes(sha256("\x1f".join(("reading", *key)).encode()).digest()[:8], "big") >> 1


def ask_resources(federal: Federal, *, provider_id: ProviderId) -> int:
    """Fetch the book of resources unless it is known; how many books are asked for."""
    with federal.write("ask for resources") as connection:
        if resources_of(connection, federal, provider_id):
            return 0
        request = {"number": "2", "own": False, "page": 1}
        begin(connection, federal, "book", provider_id=provider_id, subject="book/common/2/1", request=request)
    return 1


def ask_meters(federal: Federal, *, provider_id: ProviderId, month: Month) -> int:
    """Look at the meters of every house with readings that have not left; how many houses."""
    with federal.write("ask for meters") as connection:
        houses = _shown(connection, federal, provider_id, month)
        count = 0
        for fias, rows in houses.items():
            live = outbox.live(connection, "reading", [row.number for row in rows])
            if any(row.number not in live for row in rows):
                request = {"fias": fias, "month": str(month)}
                begin(connection, federal, "meters", provider_id=provider_id, subject=f"meters/{month}/{fias}", request=request)
                count += 1
    return count


def reading_standing(federal: Federal, *, provider_id: ProviderId, month: Month) -> ReadingStanding:
    """How the month's readings stand."""
    with federal.engine.connect() as connection:
        rows = [row for listed in _shown(connection, federal, provider_id, month).values() for row in listed]
        contents = federal.bills.of_month(connection, provider_id, month).values()
        numbers = {content.account_id: content.account_number for content in contents}
        live = outbox.live(connection, "reading", [row.number for row in rows])
        refusals = outbox.refusals(connection, "reading", provider_id=provider_id)
    titles = {row.number: f"{numbers.get(row.account_id, row.account_id)} {row.serial}" + (" (контрольное)" * row.control) for row in rows}
    states = [item.state for item in live.values()]
    refused = {titles[number]: reasons for number, reasons in refusals.items() if number in titles}
    unknown = tuple(sorted(title for number, title in titles.items() if number not in live and number not in refusals))
    return ReadingStanding(len(rows), states.count("accepted"), states.count("waiting"), refused, unknown)


def _ask_meters(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    return AskMeters(request["fias"])


def _absorb_meters(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """Readings of the meters that are there leave at once; a refused one leaves again only when it says something new."""
    provider_id, month = exchange.provider_id, Month.parse(exchange.request["month"])
    accounts = known(connection, federal, "account_guid", provider_id=provider_id)
    resources = resources_of(connection, federal, provider_id)
    there = {(account, same_number(meter.number)): meter.root for meter in content.meters for account in meter.accounts}
    rows = _shown(connection, federal, provider_id, month).get(exchange.request["fias"], [])
    live = outbox.live(connection, "reading", [row.number for row in rows])
    chosen: dict[int, dict[str, Any]] = {}
    for row in rows:
        root = there.get((UUID(accounts[row.account_id]), same_number(row.serial))) if row.account_id in accounts else None
        electric = row.utility == ELECTRICITY
        resource = resources.get(RESOURCES[row.utility])
        if row.number in live or root is None or (resource is None and not electric):
            continue
        chosen[row.number] = {
            "root": str(root),
            "resource": None if electric else str(resource),
            "values": list(row.values_e3),
            "on": row.on.isoformat(),
            "control": row.control,
        }
    size = federal.gateway.fits("reading")
    numbers = list(chosen)
    for start in range(0, len(numbers), size):
        part = numbers[start : start + size]
        request = {**exchange.request, "readings": {str(number): chosen[number] for number in part}}
        subject = f"readings/{month}/{exchange.request['fias']}/{start}"
        begin(connection, federal, "readings", provider_id=provider_id, subject=subject, request=request, local_ids=part)


def _compose(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    cards = []
    for item in items:
        row = request["readings"][str(item.local_id)]
        resource = None if row["resource"] is None else NsiElement.parse(row["resource"])
        on = date.fromisoformat(row["on"])
        cards.append(ReadingCard(item.transport_guid, UUID(row["root"]), resource, tuple(row["values"]), on, row["control"]))
    return PlaceReadings(request["fias"], tuple(cards))


def _search(connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item]) -> tuple[str, Mapping[str, Any]]:
    rows = [exchange.request["readings"][str(item.local_id)] for item in items]
    days = sorted(row["on"] for row in rows)
    resources = sorted(
        {row["resource"] for row in rows if row["resource"]} or {str(element) for element in _any(connection, federal, exchange)}
    )
    return "told_readings", {"fias": exchange.request["fias"], "first": days[0], "last": days[-1], "resources": resources}


def _any(connection: Connection, federal: Federal, exchange: Exchange) -> list[NsiElement]:
    """The export wants a resource: electricity's own."""
    resources = resources_of(connection, federal, exchange.provider_id)
    return [element for code, element in resources.items() if code == RESOURCES[ELECTRICITY]] or list(resources.values())


def _ask_readings(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    resources = tuple(NsiElement.parse(value) for value in request["resources"])
    return AskReadings(request["fias"], resources, date.fromisoformat(request["first"]), date.fromisoformat(request["last"]))


def _match(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    """A reading that is there has our meter, day and values."""
    there = {(one.root, one.on, one.values_e3, one.control) for one in content.readings}
    found: dict[TransportGuid, Answer] = {}
    for item in items:
        row = exchange.request["readings"][str(item.local_id)]
        if (UUID(row["root"]), date.fromisoformat(row["on"]), tuple(row["values"]), row["control"]) in there:
            found[item.transport_guid] = Answer(item.transport_guid, "accepted", None, None, None, None, ())
    return found


def _absorb_nothing(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """The history serves the comparison that asked for it."""


register(Act("meters", _ask_meters, absorb=_absorb_meters))
register(Act("readings", _compose, kind="reading", search=_search, match=_match))
register(Act("told_readings", _ask_readings, absorb=_absorb_nothing))

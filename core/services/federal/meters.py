"""Individual meters to the federal system: those of our records that it does not have, placed with their passports.

    meters of a house (export) → missing by account, number and resource → placed, each once → export again where an answer was lost

A meter without make, model, account or place in the federal system is not made up: it waits, and the reason is told. Meters that are closed
with us and still in service there are named, not archived: why a meter was taken down is for a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core import archive, outbox
from core.errors import InputError
from core.ids import MessageId, ProviderId, TransportGuid
from core.outbox import Exchange, Item
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.conversation import Ran
from core.services.federal.directory import known, same_number
from core.services.federal.elements_found import find_element
from core.services.federal.gateway import Answer, AskMeters, Content, FederalMeter, NsiElement, Request
from core.services.federal.own_meters import OwnMeter, own_meters
from core.services.federal.readings import ask_resources
from core.services.federal.resources import ELECTRICITY, RESOURCES, resources_of
from core.services.federal.waiting import Waiting, run_waiting
from core.services.federal.wire_housing import MeterCard, PlaceMeters

__all__ = ["MeterStanding", "archive_meter", "look_at_meters", "meter_standing", "place_meters"]


@dataclass(frozen=True, slots=True)
class MeterStanding:
    """How our open individual meters stand: there, on their way, refused and held with reasons, and those there that are closed here."""

    meters: int
    there: int
    waiting: int
    refused: Mapping[str, tuple[tuple[str, str], ...]]
    held: Mapping[str, str]
    closed: tuple[str, ...]
    """Still in service there."""


def look_at_meters(federal: Federal, *, provider_id: ProviderId, waiting: Waiting | None = None) -> Ran:
    """Export the meters of every house that has individual ones."""
    with federal.write("ask for meters") as connection:
        for fias in sorted({one.account.house_fias for one in own_meters(connection, provider_id)}):
            request = {"fias": fias, "places": False}
            begin(connection, federal, "meters_there", provider_id=provider_id, subject=f"meters_there/{fias}", request=request)
    return run_waiting(federal, provider_id, waiting)


def place_meters(federal: Federal, *, provider_id: ProviderId, waiting: Waiting | None = None) -> MeterStanding:
    """Place the open individual meters that the federal system does not have; how all stand afterwards."""
    ask_resources(federal, provider_id=provider_id)
    run_waiting(federal, provider_id, waiting)
    with federal.write("ask for meters") as connection:
        for fias in sorted({one.account.house_fias for one in own_meters(connection, provider_id) if one.is_open}):
            request = {"fias": fias, "places": True}
            begin(connection, federal, "meters_there", provider_id=provider_id, subject=f"new_meters/{fias}", request=request)
    run_waiting(federal, provider_id, waiting)
    return meter_standing(federal, provider_id=provider_id)


def meter_standing(federal: Federal, *, provider_id: ProviderId) -> MeterStanding:
    """How meters stand by the last exports, which are read from the archive."""
    there = {_key(guid, meter) for guid, meter in _exported(federal, provider_id)}
    with federal.engine.connect() as connection:
        context = _Context(connection, federal, provider_id)
        owned = own_meters(connection, provider_id)
        numbers = {_number(provider_id, one): one for one in owned}
        live = outbox.live(connection, "meter", list(numbers))
        refusals = outbox.refusals(connection, "meter", provider_id=provider_id)
    placed = waiting = 0
    held: dict[str, str] = {}
    closed = []
    for number, one in numbers.items():
        is_there = context.key_of(one) in there or (number in live and live[number].state == "accepted")
        if not one.is_open:
            closed += [one.title] if is_there else []
        elif is_there:
            placed += 1
        elif number in live:
            waiting += 1
        elif number not in refusals:
            held[one.title] = context.lacking(one) or "ГИС ЖКХ ещё не спрошена о приборах дома"
    refused = {numbers[number].title: reasons for number, reasons in refusals.items() if number in numbers}
    return MeterStanding(sum(one.is_open for one in owned), placed, waiting, refused, held, tuple(sorted(closed)))


def archive_meter(
    federal: Federal, *, provider_id: ProviderId, serial: str, reason: str, waiting: Waiting | None = None
) -> tuple[tuple[str, str], ...]:
    """Take a meter that is closed with us out of service there; ``reason`` is an element of book 21 by its code. Why it was refused.

    ``InputError`` GIS-0532 when no such meter is there, GIS-0533 when the book has no such code.
    """
    titles = {one.title: one for one in _owned(federal, provider_id) if serial in (one.serial, one.title) and not one.is_open}
    with federal.engine.connect() as connection:
        context = _Context(connection, federal, provider_id)
        keys = {context.key_of(one): one for one in titles.values()}
    fitting = [(meter, keys[_key(account, meter)]) for account, meter in _exported(federal, provider_id) if _key(account, meter) in keys]
    if len(fitting) != 1:
        raise InputError(
            "GIS-0532",
            f"Прибора {serial} в выгрузке ГИС ЖКХ нет." if not fitting else f"Приборов {serial} несколько.",
            hint="Выгрузите erkc gis meters show; если приборов с таким номером несколько, назовите «ЛС НОМЕР».",
        )
    element = find_element(federal, provider_id=provider_id, book="21", code=reason, waiting=waiting)
    meter, own = fitting[0]
    number = int.from_bytes(sha256(f"archive\x1f{provider_id}\x1f{meter.version}".encode()).digest()[:8], "big") >> 1
    with federal.write("archive a meter") as connection:
        request = {"fias": own.account.house_fias, "version": str(meter.version), "reason": str(element), "serial": own.serial}
        if number not in outbox.live(connection, "meter_archive", [number]):
            begin(
                connection,
                federal,
                "meter_archives",
                provider_id=provider_id,
                subject=f"meter_archives/{number}",
                request=request,
                local_ids=[number],
            )
    run_waiting(federal, provider_id, waiting)
    with federal.engine.connect() as connection:
        return outbox.refusals(connection, "meter_archive", provider_id=provider_id).get(number, ())


def _owned(federal: Federal, provider_id: ProviderId) -> list[OwnMeter]:
    with federal.engine.connect() as connection:
        return own_meters(connection, provider_id)


class _Context:
    """What our meters point to in the federal system."""

    def __init__(self, connection: Connection, federal: Federal, provider_id: ProviderId) -> None:
        self._accounts = known(connection, federal, "account_guid", provider_id=provider_id)
        self._premises = known(connection, federal, "premises_guid", provider_id=provider_id)
        self._rooms = known(connection, federal, "room_guid", provider_id=provider_id)
        self._resources = resources_of(connection, federal, provider_id)

    def key_of(self, one: OwnMeter) -> tuple[str, str, str]:
        """As :func:`_key` names a meter that is there."""
        resource = "" if one.utility == ELECTRICITY else RESOURCES[one.utility]
        return self._accounts.get(one.account.entity_id, ""), same_number(one.serial), resource

    def lacking(self, one: OwnMeter) -> str:
        """What a meter needs before it can be placed, in Russian; empty when it can go."""
        if one.account.entity_id not in self._accounts:
            return f"лицевой счёт {one.account.number} ещё не размещён в ГИС ЖКХ"
        if self._place(one) is None:
            return "у помещения нет идентификатора ГИС ЖКХ"
        if one.utility != ELECTRICITY and RESOURCES[one.utility] not in self._resources:
            return "ресурс не найден в справочнике 2"
        return one.lacking()

    def _place(self, one: OwnMeter) -> str | None:
        if one.account.room_id is not None:
            return self._rooms.get(one.account.room_id)
        return None if one.account.premises_id is None else self._premises.get(one.account.premises_id)

    def row_of(self, one: OwnMeter) -> dict[str, Any]:
        """What is stored of a meter to place."""
        if one.commissioned_on is None:
            raise ValueError(f"meter {one.serial} is not complete")
        resource = None if one.utility == ELECTRICITY else str(self._resources[RESOURCES[one.utility]])
        return {
            "serial": one.serial,
            "make": one.make,
            "model": one.model,
            "sealed_on": (one.verified_on or one.commissioned_on).isoformat(),
            "commissioned_on": one.commissioned_on.isoformat(),
            "verified_on": None if one.verified_on is None else one.verified_on.isoformat(),
            "place": self._place(one),
            "is_room": one.account.room_id is not None,
            "account": self._accounts[one.account.entity_id],
            "resource": resource,
            "code": "" if resource is None else RESOURCES[one.utility],
            "okei": one.okei,
            "start": list(one.start_e3),
        }


def _key(account: str, meter: FederalMeter) -> tuple[str, str, str]:
    return account, same_number(meter.number), meter.resources[0] if meter.resources else ""


def _exported(federal: Federal, provider_id: ProviderId) -> Iterator[tuple[str, FederalMeter]]:
    """Meters of the last export of each house, by each of their accounts."""
    newest: dict[str, Exchange] = {}
    with federal.engine.connect() as connection:
        for one in outbox.exchanges(connection, system=federal.system, states=("done",), act="meters_there"):
            if one.provider_id == provider_id and one.result_message_id is not None:
                newest[one.request["fias"]] = one
        read = [(one.operation, archive.read(connection, MessageId(one.result_message_id or 0))) for one in newest.values()]
    for operation, data in read:
        for meter in federal.gateway.read(operation, data).meters:
            yield from ((str(account), meter) for account in meter.accounts)


def _number(provider_id: ProviderId, one: OwnMeter) -> int:
    """63 bits of a hash: the outbox's local id of what has no number of its own."""
    key = "\x1f".join(("meter", str(provider_id), str(one.account.entity_id), one.serial, str(one.utility)))
    return int.from_bytes(sha256(key.encode()).digest()[:8], "big") >> 1


def _ask(connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]) -> Request:
    return AskMeters(request["fias"])


def _absorb(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """Meters that are not there leave; a refused one leaves again with a person's next command."""
    if not exchange.request["places"]:
        return
    provider_id, fias = exchange.provider_id, exchange.request["fias"]
    there = {_key(str(account), meter) for meter in content.meters for account in meter.accounts}
    context = _Context(connection, federal, provider_id)
    rows = {
        _number(provider_id, one): context.row_of(one)
        for one in own_meters(connection, provider_id)
        if one.is_open and one.account.house_fias == fias and context.key_of(one) not in there and not context.lacking(one)
    }
    live = outbox.live(connection, "meter", list(rows))
    fresh = [number for number in rows if number not in live]
    size = federal.gateway.fits("meter")
    for start in range(0, len(fresh), size):
        part = fresh[start : start + size]
        request = {"fias": fias, "rows": {str(number): rows[number] for number in part}}
        subject = f"meters/{fias}/{part[0]}"
        begin(connection, federal, "new_meters", provider_id=provider_id, subject=subject, request=request, local_ids=part)


def _compose(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    return PlaceMeters(request["fias"], tuple(_card(item.transport_guid, request["rows"][str(item.local_id)]) for item in items))


def _card(transport_guid: TransportGuid, row: Mapping[str, Any]) -> MeterCard:
    return MeterCard(
        transport_guid,
        row["serial"],
        row["make"],
        row["model"],
        date.fromisoformat(row["sealed_on"]),
        date.fromisoformat(row["commissioned_on"]),
        None if row["verified_on"] is None else date.fromisoformat(row["verified_on"]),
        (UUID(row["place"]),),
        row["is_room"],
        (UUID(row["account"]),),
        None if row["resource"] is None else NsiElement.parse(row["resource"]),
        row["okei"],
        tuple(row["start"]),
    )


def _compose_archive(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    today = federal.clock.now().date()
    version, reason = UUID(request["version"]), NsiElement.parse(request["reason"])
    cards = tuple(
        MeterCard(item.transport_guid, request["serial"], "", "", today, today, None, (), False, (), None, "", (), version, reason)
        for item in items
    )
    return PlaceMeters(request["fias"], cards)


def _search(connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item]) -> tuple[str, Mapping[str, Any]]:
    return "meters_found", {"fias": exchange.request["fias"]}


def _match(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    """A meter that is there has our account, number and resource."""
    there = {_key(str(account), meter): meter.root for meter in content.meters for account in meter.accounts}
    found: dict[TransportGuid, Answer] = {}
    for item in items:
        row = exchange.request["rows"][str(item.local_id)]
        root = there.get((row["account"], same_number(row["serial"]), row["code"]))
        if root is not None:
            found[item.transport_guid] = Answer(item.transport_guid, "accepted", str(root), None, None, None, ())
    return found


def _match_archived(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    """A meter that is in service no more is not among those of its house."""
    if any(str(meter.version) == exchange.request["version"] for meter in content.meters):
        return {}
    return {item.transport_guid: Answer(item.transport_guid, "accepted", None, None, None, None, ()) for item in items}


def _absorb_nothing(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """The export serves the comparison that asked for it."""


register(Act("meters_there", _ask, absorb=_absorb))
register(Act("meters_found", _ask, absorb=_absorb_nothing))
register(Act("new_meters", _compose, kind="meter", search=_search, match=_match))
register(Act("meter_archives", _compose_archive, kind="meter_archive", search=_search, match=_match_archived))

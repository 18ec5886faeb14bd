"""Bills to the federal system: a month's documents in packages, each document placed once; the ИПД it was given is stored with its item.

Which bill is on its way or placed is decided by the outbox's unique index, not by this code. A refused bill stays refused until a person
sends it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core import events, outbox
from core.errors import InputError
from core.events import EventKind
from core.ids import CENTRE, BillId, EntityId, MessageId, ProviderId, TransportGuid
from core.model.bill import BillContent
from core.outbox import Exchange, Item
from core.period import Month
from core.records.crosswalk import external_ids_of_kinds
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.directory import known
from core.services.federal.gateway import Answer, AskBills, BillCard, Content, NsiElement, PlaceBills, PlacedBill, Request

__all__ = ["Prepared", "References", "bill_request", "bills_lacking", "prepare_bills"]

_COURT_COSTS = (2, 3, 4)
_CENTRE_ACCOUNT = 4
"""Account of a settlement centre (isRCAccount): its documents name the provider of every service."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What sending a month's bills came to: packages begun, bills in them, and those that can not go yet with the reason in Russian."""

    packages: int
    bills: int
    on_their_way: int
    placed: int
    refused: int
    held: Mapping[BillId, str]


def prepare_bills(
    federal: Federal, *, provider_id: ProviderId, month: Month, refused_too: bool = False, stopped: Mapping[BillId, str] | None = None
) -> Prepared:
    """Begin packages for all bills of a month that are not on their way, placed or refused; each package is one transaction.

    ``stopped`` are bills that a check before sending has found wrong, with the reason: they stay here.
    """
    with federal.engine.connect() as connection:
        bills = federal.bills.ids_of_month(connection, provider_id, month)
        live = outbox.live(connection, "bill", bills)
        refused = set(outbox.refusals(connection, "bill", provider_id=provider_id)) & set(bills)
        context = References(connection, federal, provider_id)
    stopped = stopped or {}
    held: dict[BillId, str] = {}
    packages = count = 0
    size = min(federal.package, federal.gateway.fits("bill"))
    wanted = [number for number in bills if number not in live and (number not in refused or refused_too)]
    ready: dict[bool, dict[BillId, BillContent]] = {True: {}, False: {}}

    def send(part: Mapping[BillId, BillContent]) -> None:
        def compose(
            connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
        ) -> Request:
            """As the act composes it, from what was read for all packages together."""
            cards = [(item.transport_guid, part[BillId(item.local_id)]) for item in items]
            return bill_request(connection, federal, provider_id, month, cards, references=context)

        first = next(iter(part))
        with federal.write("prepare bills") as connection:
            begin(
                connection,
                federal,
                "bills",
                provider_id=provider_id,
                subject=f"bills/{month}/{first}",
                request={"month": str(month)},
                local_ids=list(part),
                compose=compose,
            )

    # A package's worth of contents at a time: a month of any size fits into memory.
    for start in range(0, len(wanted), size):
        with federal.engine.connect() as connection:
            contents = federal.bills.of_month(connection, provider_id, month, ids=wanted[start : start + size])
        for bill_id in wanted[start : start + size]:
            content = contents[bill_id]
            lacking = stopped.get(bill_id) or context.lacking(content)
            if lacking:
                held[bill_id] = lacking
                continue
            group = ready[content.account_kind == _CENTRE_ACCOUNT]
            group[bill_id] = content
            if len(group) == size:
                send(group)
                packages, count = packages + 1, count + size
                group.clear()
    for group in ready.values():
        if group:
            send(group)
            packages, count = packages + 1, count + len(group)
    states = [item.state for item in live.values()]
    return Prepared(packages, count, states.count("waiting"), states.count("accepted"), len(refused), held)


class References:
    """Everything federal that bills point to, read once."""

    def __init__(
        self, connection: Connection, federal: Federal, provider_id: ProviderId, *, accounts: Iterable[EntityId] | None = None
    ) -> None:
        """``accounts``: only those that matter; all of the provider by default."""
        self.accounts = known(connection, federal, "account_guid", provider_id=provider_id, things=accounts)
        own_kinds = ("nsi", "nsi_group", "nsi_general", "insurance_product")
        ours = external_ids_of_kinds(connection, provider_id=provider_id, system=federal.system, kinds=own_kinds)
        court = {f"nsi_court_{kind}": kind for kind in _COURT_COSTS}
        common = external_ids_of_kinds(connection, provider_id=CENTRE, system=federal.system, kinds=("ppa_guid", "nsi_penalty", *court))
        self.services = _elements(ours["nsi"])
        self.organisations = {organisation: UUID(value) for organisation, value in common["ppa_guid"].items()}
        own = federal.provider_entity(connection, provider_id)
        self.provider = self.organisations.get(own)
        penalty = common["nsi_penalty"].get(own)
        self.penalty = None if penalty is None else NsiElement.parse(penalty)
        self.court_costs = {kind: NsiElement.parse(common[name][own]) for name, kind in court.items() if own in common[name]}
        self.groups, self.general = _elements(ours["nsi_group"]), _elements(ours["nsi_general"])
        self.insurance = {service: UUID(value) for service, value in ours["insurance_product"].items()}

    def request(self, month: Month, cards: Sequence[BillCard], *, of_centre: bool) -> PlaceBills:
        """The request with everything that the cards point to."""
        return PlaceBills(
            month,
            tuple(cards),
            self.services,
            self.organisations,
            self.provider if of_centre else None,
            self.penalty,
            self.court_costs,
            self.groups,
            self.general,
            self.insurance,
        )

    def lacking(self, content: BillContent) -> str:
        """What a bill still needs from the federal system; empty when it can go."""
        if content.account_id not in self.accounts:
            return f"лицевой счёт {content.account_number} ещё не размещён в ГИС ЖКХ"
        for line in content.lines:
            if line.section != "capital_repair" and line.service_id not in self.services and line.service_id not in self.insurance:
                return f"услуга «{line.name}» не сопоставлена со справочником ГИС ЖКХ"
            if content.account_kind == _CENTRE_ACCOUNT and line.creditor_id not in self.organisations:
                return f"получатель услуги «{line.name}» не найден в реестре организаций ГИС ЖКХ"
        if content.penalties and self.penalty is None:
            return "в справочнике неустоек ГИС ЖКХ не найдены пени"
        for cost in content.court_costs:
            if cost.kind not in self.court_costs:
                return f"в справочнике неустоек ГИС ЖКХ не найден вид {cost.kind}"
        return ""


def _elements(values: Mapping[EntityId, str]) -> dict[EntityId, NsiElement]:
    return {service: NsiElement.parse(value) for service, value in values.items()}


def bills_lacking(connection: Connection, federal: Federal, provider_id: ProviderId, contents: Sequence[BillContent]) -> dict[str, str]:
    """What bills still need from the federal system, by number; those that can go are not in it."""
    references = References(connection, federal, provider_id, accounts=[content.account_id for content in contents])
    return {content.number: lacking for content in contents if (lacking := references.lacking(content))}


def bill_request(
    connection: Connection,
    federal: Federal,
    provider_id: ProviderId,
    month: Month,
    bills: Sequence[tuple[TransportGuid, BillContent]],
    *,
    references: References | None = None,
) -> PlaceBills:
    """The request that places these bills; ``references`` where they were read already."""
    if references is None:
        references = References(connection, federal, provider_id, accounts=[content.account_id for _, content in bills])
    replaced = [content.replaces_number for _, content in bills if content.replaces_number]
    earlier = federal.bills.by_number(connection, provider_id, replaced) if replaced else {}
    placed = outbox.accepted(connection, "bill", provider_id=provider_id) if earlier else {}
    cards = []
    for transport, content in bills:
        if content.account_id not in references.accounts:
            raise InputError("GIS-0508", f"Документ {content.number}: {references.lacking(content)}.", hint="Повторите сверку с ГИС ЖКХ.")
        previous = earlier.get(content.replaces_number or "")
        ipd = placed[previous][1] if previous in placed else None
        cards.append(BillCard(transport, content, UUID(references.accounts[content.account_id]), ipd))
    of_centre = any(content.account_kind == _CENTRE_ACCOUNT for _, content in bills)
    return references.request(month, cards, of_centre=of_centre)


def _compose(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    month = Month.parse(request["month"])
    bills = federal.bills.of_month(connection, provider_id, month, ids=[BillId(item.local_id) for item in items])
    return bill_request(connection, federal, provider_id, month, [(item.transport_guid, bills[BillId(item.local_id)]) for item in items])


def _accept(
    connection: Connection, federal: Federal, exchange: Exchange, taken: Sequence[tuple[Item, Answer]], message_id: MessageId
) -> None:
    """People are told: the bill is placed."""
    events.record_many(
        connection,
        [
            events.NewEvent(
                EventKind.BILL_PLACED, exchange.provider_id, "bill", item.local_id, {"ipd": answer.number, "message": message_id}
            )
            for item, answer in taken
        ],
        at=federal.clock.now(),
    )


def _contents(connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item]) -> dict[TransportGuid, BillContent]:
    month = Month.parse(exchange.request["month"])
    bills = federal.bills.of_month(connection, exchange.provider_id, month, ids=[BillId(item.local_id) for item in items])
    return {item.transport_guid: bills[BillId(item.local_id)] for item in items}


def _account_guids(
    connection: Connection, federal: Federal, exchange: Exchange, contents: Mapping[TransportGuid, BillContent]
) -> dict[EntityId, str]:
    wanted = [content.account_id for content in contents.values()]
    return known(connection, federal, "account_guid", provider_id=exchange.provider_id, things=wanted)


def _search(connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item]) -> tuple[str, Mapping[str, Any]]:
    contents = _contents(connection, federal, exchange, items)
    accounts = _account_guids(connection, federal, exchange, contents)
    wanted = sorted({accounts[content.account_id] for content in contents.values()})
    return "placed_bills", {"month": exchange.request["month"], "account_guids": wanted}


def _match(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    """A document that is there has our number, our account and our sum; with another sum it is not the one we sent."""
    there: dict[tuple[str, UUID], PlacedBill] = {(bill.number, bill.account_guid): bill for bill in content.bills if not bill.withdrawn}
    contents = _contents(connection, federal, exchange, items)
    accounts = _account_guids(connection, federal, exchange, contents)
    found: dict[TransportGuid, Answer] = {}
    for transport, bill in contents.items():
        placed = there.get((bill.number, UUID(accounts[bill.account_id])))
        if placed is None:
            continue
        stated = bill.charged + bill.penalties
        if placed.total is not None and placed.total != stated:
            text = f"В ГИС ЖКХ размещён документ с этим номером и другой суммой: {placed.total} коп. вместо {stated}"
            found[transport] = Answer(transport, "rejected", None, placed.ipd, None, None, (("GIS-0509", text),))
        else:
            found[transport] = Answer(transport, "accepted", None, placed.ipd, None, None, ())
    return found


def _export(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    return AskBills(Month.parse(request["month"]), tuple(UUID(value) for value in request["account_guids"]))


def _absorb_nothing(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """An export of documents serves the comparison that asked for it; nothing else is kept of it but its bytes."""


def known_organisation(connection: Connection, federal: Federal, entity: EntityId) -> UUID | None:
    """orgPPAGUID of an organisation."""
    value = known(connection, federal, "ppa_guid", provider_id=CENTRE).get(entity)
    return None if value is None else UUID(value)


register(Act("bills", _compose, kind="bill", accept=_accept, search=_search, match=_match))
register(Act("placed_bills", _export, absorb=_absorb_nothing))

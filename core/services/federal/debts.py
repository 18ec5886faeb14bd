"""Documents of debts: what is owed of earlier months at the start of a month, service by service, as the ledger has it.

One document for each bill of the month whose payer owes something; it carries the bill's number with «-Д». Advances do not lower it: they
stand in the bill of the month.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core import outbox
from core.errors import InputError
from core.ids import BillId, EntityId, ProviderId, TransportGuid
from core.ledger.balances import opening_items
from core.model.bill import BillContent, Section
from core.outbox import Exchange, Item
from core.period import Month
from core.records.rows import ServiceRow
from core.services.federal.act import Act, begin, register
from core.services.federal.bills import References
from core.services.federal.context import Federal
from core.services.federal.directory import billed_services, known
from core.services.federal.gateway import Answer, Content, DebtCard, DebtPart, PlaceDebts, Request

__all__ = ["PreparedDebts", "debt_number", "prepare_debts"]

_CENTRE_ACCOUNT = 4
_UTILITY, _HOUSING, _COMMON_PROPERTY, _CONTRIBUTION = 1, 2, 2, 2
_LONGEST_NUMBER = 30


@dataclass(frozen=True, slots=True)
class PreparedDebts:
    """What sending documents of debts came to; ``held`` with the reason in Russian."""

    documents: int
    on_their_way: int
    placed: int
    held: Mapping[BillId, str]


def debt_number(content: BillContent) -> str:
    """The printed number of a bill's document of debts."""
    return f"{content.number}-Д"[-_LONGEST_NUMBER:]


def prepare_debts(federal: Federal, *, provider_id: ProviderId, month: Month) -> PreparedDebts:
    """Begin packages for all documents of debts that are not on their way or placed."""
    with federal.engine.connect() as connection:
        bills = federal.bills.of_month(connection, provider_id, month)
        parts = _parts(connection, provider_id, month, bills)
        live = outbox.live(connection, "debt", list(parts))
        references = References(connection, federal, provider_id)
    held: dict[BillId, str] = {}
    groups: dict[bool, list[BillId]] = defaultdict(list)
    for bill_id, owed in parts.items():
        if bill_id in live:
            continue
        lacking = _lacking(references, bills[bill_id], owed)
        if lacking:
            held[bill_id] = lacking
        else:
            groups[bills[bill_id].account_kind == _CENTRE_ACCOUNT].append(bill_id)
    size = min(federal.package, federal.gateway.fits("debt"))
    for numbers in groups.values():
        for start in range(0, len(numbers), size):
            part = numbers[start : start + size]
            with federal.write("prepare debts") as connection:
                request = {"month": str(month)}
                subject = f"debts/{month}/{part[0]}"
                begin(connection, federal, "debts", provider_id=provider_id, subject=subject, request=request, local_ids=part)
    states = [item.state for item in live.values()]
    return PreparedDebts(sum(map(len, groups.values())), states.count("waiting"), states.count("accepted"), held)


def _parts(
    connection: Connection, provider_id: ProviderId, month: Month, bills: Mapping[BillId, BillContent]
) -> dict[BillId, tuple[DebtPart, ...]]:
    """What each bill's payer owes of earlier months, by service, creditor and month."""
    services = {row.entity_id: row for _, row in billed_services(connection, provider_id)}
    of_account = {account: bill_id for bill_id, content in bills.items() for account in _accounts(content)}
    sums: dict[BillId, dict[tuple[EntityId, EntityId, Month], int]] = defaultdict(lambda: defaultdict(int))
    for item in opening_items(connection, sorted(of_account), month=month):
        if item.origin_month < month and item.service_id in services:
            sums[of_account[item.account_id]][item.service_id, item.creditor_id, item.origin_month] += item.amount
    found = {}
    for bill_id, owed in sums.items():
        parts = tuple(
            DebtPart(_section(services[service]), service, services[service].name, creditor, origin, amount)
            for (service, creditor, origin), amount in sorted(owed.items())
            if amount > 0
        )
        if parts:
            found[bill_id] = parts
    return found


def _accounts(content: BillContent) -> tuple[EntityId, ...]:
    return tuple(account.account_id for account in content.accounts) or (content.account_id,)


def _section(service: ServiceRow) -> Section:
    if service.kind == _UTILITY:
        return "utility"
    if service.kind != _HOUSING:
        return "additional"
    if service.provision == _COMMON_PROPERTY:
        return "common_property"
    return "capital_repair" if service.housing_kind == _CONTRIBUTION else "housing"


def _lacking(references: References, content: BillContent, parts: Sequence[DebtPart]) -> str:
    if content.account_id not in references.accounts:
        return f"лицевой счёт {content.account_number} ещё не размещён в ГИС ЖКХ"
    creditors = {number for one in content.recipients for number in one.creditors or (one.creditor_id,)}
    housed = {part.creditor_id for part in parts if part.section == "housing"}
    for part in parts:
        if part.section != "capital_repair" and part.service_id not in references.services:
            return f"услуга «{part.name}» не сопоставлена со справочником ГИС ЖКХ"
        if part.creditor_id not in creditors:
            return f"получателя долга по услуге «{part.name}» нет в документе месяца"
        if content.account_kind == _CENTRE_ACCOUNT and part.creditor_id not in references.organisations:
            return f"получатель услуги «{part.name}» не найден в реестре организаций ГИС ЖКХ"
        if part.section == "common_property" and part.creditor_id not in housed:
            return f"для долга по ресурсу «{part.name}» нет долга по жилищной услуге того же получателя"
    return ""


def _compose(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    month = Month.parse(request["month"])
    contents = federal.bills.of_month(connection, provider_id, month, ids=[BillId(item.local_id) for item in items])
    parts = _parts(connection, provider_id, month, contents)
    references = References(connection, federal, provider_id)
    cards = []
    for item in items:
        content = contents[BillId(item.local_id)]
        owed = parts.get(BillId(item.local_id), ())
        lacking = _lacking(references, content, owed) if owed else "долга больше нет"
        if lacking:
            raise InputError("GIS-0508", f"Документ {debt_number(content)}: {lacking}.", hint="Повторите сверку с ГИС ЖКХ.")
        cards.append(DebtCard(item.transport_guid, debt_number(content), content, UUID(references.accounts[content.account_id]), owed))
    of_centre = any(card.content.account_kind == _CENTRE_ACCOUNT for card in cards)
    return PlaceDebts(tuple(cards), references.request(month, (), of_centre=of_centre))


def _contents(connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item]) -> dict[TransportGuid, BillContent]:
    month = Month.parse(exchange.request["month"])
    bills = federal.bills.of_month(connection, exchange.provider_id, month, ids=[BillId(item.local_id) for item in items])
    return {item.transport_guid: bills[BillId(item.local_id)] for item in items}


def _search(connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item]) -> tuple[str, Mapping[str, Any]]:
    accounts = known(connection, federal, "account_guid", provider_id=exchange.provider_id)
    wanted = sorted({accounts[content.account_id] for content in _contents(connection, federal, exchange, items).values()})
    return "placed_bills", {"month": exchange.request["month"], "account_guids": wanted}


def _match(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    """A document that is there has our number and our account."""
    there = {(bill.number, bill.account_guid): bill for bill in content.bills if not bill.withdrawn}
    accounts = known(connection, federal, "account_guid", provider_id=exchange.provider_id)
    found: dict[TransportGuid, Answer] = {}
    for transport, bill in _contents(connection, federal, exchange, items).items():
        placed = there.get((debt_number(bill), UUID(accounts[bill.account_id])))
        if placed is not None:
            found[transport] = Answer(transport, "accepted", None, placed.ipd, None, None, ())
    return found


register(Act("debts", _compose, kind="debt", search=_search, match=_match))

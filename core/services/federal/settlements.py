"""Settlements of a supply contract (расчёты по ДРСО): what the ledger says of a supplier's month, placed under the contract.

    settlements of the contract that are there (export) → placed, or changed by their identifier, where they say something else

What is there decides, not what was sent: so a month is placed again after somebody has changed it, and a lost message is looked for by the
same export.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core import outbox
from core.ids import EntityId, MessageId, ProviderId, TransportGuid
from core.ledger.balances import turnovers
from core.outbox import Exchange, Item
from core.period import Month
from core.records.entities import organisations_of_inn
from core.records.latest import read_accounts
from core.records.providers import provider, providers
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.gateway import Answer, Content, Request
from core.services.federal.waiting import Waiting, run_waiting
from core.services.federal.wire_payments import AskSettlements, FederalSettlement, PlaceSettlements, SettlementCard, SettlementMonth

__all__ = ["Settled", "settle", "settlement_figures"]


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of it: what was to be said (None: taken back whole), and the reasons of a refusal."""

    finished: bool
    figures: SettlementMonth | None
    refused: tuple[tuple[str, str], ...]


def settle(
    federal: Federal,
    *,
    provider_id: ProviderId,
    month: Month,
    contract: UUID,
    houses: Collection[EntityId] | None = None,
    annulled: str = "",
    whole: bool = False,
    waiting: Waiting | None = None,
) -> Settled:
    """Place the month of a supply contract as the ledger has it, or (``annulled``: why) take it back; with ``whole`` all its months."""
    with federal.engine.connect() as connection:
        figures = settlement_figures(connection, provider_id=provider_id, month=month, houses=houses)
    if annulled:
        figures = SettlementMonth(month, 0, 0, 0, 0, annulled)
    said = None if whole and annulled else figures
    number = _ask_settlements(federal, provider_id=provider_id, contract=contract, figures=said, month=month, annulled=annulled)
    ran = run_waiting(federal, provider_id, waiting)
    with federal.engine.connect() as connection:
        refused = outbox.refusals(connection, "settlement", provider_id=provider_id).get(number, ())
    return Settled(ran.finished, said, refused)


def settlement_figures(
    connection: Connection, *, provider_id: ProviderId, month: Month, houses: Collection[EntityId] | None = None
) -> SettlementMonth:
    """What was charged for the supplier that a provider is, received, and is owed or paid ahead at the end of a month; kopecks.

    Principal of all accounts of all senders whose creditor it is (of some ``houses`` only, where the contract is for those): the columns
    of the turnover register.
    """
    own = frozenset(organisations_of_inn(connection).get(provider(connection, provider_id).inn, ()))
    accounts = None if houses is None else _accounts_of(connection, houses)
    charged = received = debt = overpaid = 0
    for one in providers(connection):
        for row in turnovers(connection, provider_id=one.provider_id, month=month, accounts=accounts):
            if row.creditor_id in own:
                charged, received = charged + row.charged, received - row.other
                debt, overpaid = debt + max(row.closing, 0), overpaid + max(-row.closing, 0)
    return SettlementMonth(month, charged, received, debt, overpaid)


def _accounts_of(connection: Connection, houses: Collection[EntityId]) -> list[EntityId]:
    return [
        row.entity_id
        for one in providers(connection)
        for row in read_accounts(connection, provider_id=one.provider_id)
        if row.house_id in houses
    ]


def _ask_settlements(
    federal: Federal, *, provider_id: ProviderId, contract: UUID, figures: SettlementMonth | None, month: Month, annulled: str = ""
) -> int:
    """Look at the settlements of a contract; then its month says ``figures``, or (``annulled``, with the reason) is taken back.

    Without figures the settlements are annulled whole. The number of the item that may be refused.
    """
    stored = None if figures is None else [figures.charged, figures.received, figures.debt, figures.overpaid]
    request = {"contract": str(contract), "month": str(month), "figures": stored, "annulled": annulled}
    number = _number(str(provider_id), str(contract), str(month), str(stored), annulled)
    with federal.write("ask for settlements") as connection:
        subject = f"settlements/{contract}/{month}"
        begin(connection, federal, "settlements_there", provider_id=provider_id, subject=subject, request={**request, "number": number})
    return number


def _number(*key: str) -> int:
    """63 bits of a hash: the outbox's local id of what has no number of its own."""
    return int.from_bytes(sha256("\x1f".join(("settlement", *key)).encode()).digest()[:8], "big") >> 1


def _ask(connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]) -> Request:
    return AskSettlements((UUID(request["contract"]),))


def _absorb(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    there = _of_contract(content, exchange.request)
    if _is_so(there, exchange.request) or exchange.request["number"] in _waiting(connection, exchange.request["number"]):
        return
    request = {**exchange.request, "placed": None if there is None else str(there.guid)}
    subject = f"settlements/{request['contract']}"
    number = request["number"]
    outbox.retract(connection, "settlement", [number])
    begin(connection, federal, "settlements", provider_id=exchange.provider_id, subject=subject, request=request, local_ids=[number])


def _waiting(connection: Connection, number: int) -> list[int]:
    return [one for one, item in outbox.live(connection, "settlement", [number]).items() if item.state == "waiting"]


def _of_contract(content: Content, request: Mapping[str, Any]) -> FederalSettlement | None:
    return next((one for one in content.settlements if str(one.contract) == request["contract"] and not one.is_annulled), None)


def _is_so(there: FederalSettlement | None, request: Mapping[str, Any]) -> bool:
    """Whether what is there says what is wanted."""
    if there is None:
        return bool(request["annulled"])
    month = next((one for one in there.months if str(one.month) == request["month"]), None)
    if request["annulled"]:
        return request["figures"] is not None and (month is None or month.annulled is not None)
    if month is None or month.annulled is not None:
        return False
    return [month.charged, month.received, month.debt, month.overpaid] == list(request["figures"] or ())


def _compose(
    connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]
) -> Request:
    placed = None if request["placed"] is None else UUID(request["placed"])
    annulled, figures = request["annulled"] or None, request["figures"]
    whole = annulled if figures is None else None
    months: tuple[SettlementMonth, ...] = ()
    if figures is not None:
        charged, received, debt, overpaid = figures
        months = (SettlementMonth(Month.parse(request["month"]), charged, received, debt, overpaid, annulled),)
    return PlaceSettlements(tuple(SettlementCard(item.transport_guid, UUID(request["contract"]), months, placed, whole) for item in items))


def _search(connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item]) -> tuple[str, Mapping[str, Any]]:
    return "settlements_found", {"contract": exchange.request["contract"]}


def _match(
    connection: Connection, federal: Federal, exchange: Exchange, items: Sequence[Item], content: Content
) -> Mapping[TransportGuid, Answer]:
    if not _is_so(_of_contract(content, exchange.request), exchange.request):
        return {}
    return {item.transport_guid: Answer(item.transport_guid, "accepted", None, None, None, None, ()) for item in items}


def _absorb_nothing(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """The export serves the comparison that asked for it."""


register(Act("settlements_there", _ask, absorb=_absorb))
register(Act("settlements_found", _ask, absorb=_absorb_nothing))
register(Act("settlements", _compose, kind="settlement", search=_search, match=_match))

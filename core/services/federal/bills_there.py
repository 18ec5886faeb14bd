"""A month's documents as the federal system holds them, beside ours: what agrees, what does not, and what neither of us expected.

Nothing of an export is copied into tables: its bytes are in the archive, and the comparison is read from them. Which document is ours is
said by its ИПД; one that we do not know as placed is told by its printed number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core import archive, outbox
from core.ids import BillId, EntityId, MessageId, ProviderId
from core.money import readable_roubles
from core.outbox import Exchange, Item
from core.period import Month
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.conversation import Ran
from core.services.federal.directory import known
from core.services.federal.gateway import AskBills, Content, PlacedBill, Request
from core.services.federal.waiting import Waiting, run_waiting

__all__ = ["BillsThere", "compare_bills", "look_at_bills"]

_ACT = "bills_there"
_NOTHING = frozenset({"INT002012"})
"""There is nothing to export: the accounts have no documents in this month."""


@dataclass(frozen=True, slots=True)
class BillsThere:
    """What the last export of a month showed, against what we have issued and know as placed."""

    documents: tuple[PlacedBill, ...]
    """All of them, withdrawn ones too, in the order of their numbers."""
    agreeing: int
    """Of our placed bills, those that are there with our sum."""
    debts: int
    """Documents of debts that we have placed."""
    differing: Mapping[str, str]
    """What does not agree, in Russian, by printed number."""
    failures: tuple[tuple[str, str], ...]
    """Refused exports (code, text): what they asked for is not compared."""
    asked: int
    """Accounts whose documents were shown."""

    @property
    def withdrawn(self) -> int:
        """Documents that were taken back."""
        return sum(one.withdrawn for one in self.documents)


def look_at_bills(federal: Federal, *, provider_id: ProviderId, month: Month, waiting: Waiting | None = None) -> Ran:
    """Export the month's documents of every placed account, anew each time."""
    with federal.write("ask for the bills that are there") as connection:
        accounts = sorted(known(connection, federal, "account_guid", provider_id=provider_id).values())
        size = federal.gateway.fits(_ACT)
        for start in range(0, len(accounts), size):
            request = {"month": str(month), "account_guids": accounts[start : start + size]}
            begin(connection, federal, _ACT, provider_id=provider_id, subject=f"bills-there/{month}/{start}", request=request)
    return run_waiting(federal, provider_id, waiting)


def compare_bills(federal: Federal, *, provider_id: ProviderId, month: Month) -> BillsThere:
    """The last export of each account's month against our bills."""
    with federal.engine.connect() as connection:
        there, asked, failures = _exported(connection, federal, provider_id, month)
        bills = federal.bills.ids_of_month(connection, provider_id, month)
        numbers = federal.bills.numbers(connection, bills)
        live = outbox.live(connection, "bill", bills)
        guids = known(connection, federal, "account_guid", provider_id=provider_id)
        debts = {number for _, number in outbox.accepted(connection, "debt", provider_id=provider_id).values()}
        by_ipd = {one.ipd: one for one in there}
        differing: dict[str, str] = {}
        agreeing = 0
        ours: set[str] = set()
        for bill, account, total in _stated(connection, federal, provider_id, month, bills):
            item = live.get(bill)
            if item is None or item.state != "accepted" or guids.get(account) not in asked:
                continue
            ours.add(item.remote_number or "")
            said = _difference(by_ipd.get(item.remote_number or ""), total)
            if said:
                differing[numbers[bill]] = said
            else:
                agreeing += 1
        strange = [one for one in there if not (one.withdrawn or one.ipd in ours or one.ipd in debts)]
        issued = federal.bills.by_number(connection, provider_id, [one.number for one in strange if one.number])
        earlier = outbox.live(connection, "bill", list(issued.values()))
    for one in strange:
        number = issued.get(one.number)
        if number is None:
            differing[one.number or one.ipd] = f"размещён в ГИС ЖКХ (ИПД {one.ipd}), среди выпущенных такого номера нет"
        elif number not in earlier:
            differing[one.number] = f"размещён в ГИС ЖКХ (ИПД {one.ipd}), у нас размещённым не значится"
    return BillsThere(there, agreeing, sum(one.ipd in debts for one in there), differing, failures, len(asked))


def _difference(one: PlacedBill | None, total: int) -> str:
    """What does not agree with the document of the same ИПД; empty when all does."""
    if one is None:
        return "значится размещённым, в ГИС ЖКХ его нет"
    if one.withdrawn:
        return "значится размещённым, в ГИС ЖКХ отозван"
    if one.total is not None and one.total != total:
        return f"в ГИС ЖКХ сумма {readable_roubles(one.total)}, выпущен на {readable_roubles(total)}"
    return ""


def _stated(
    connection: Connection, federal: Federal, provider_id: ProviderId, month: Month, bills: Sequence[BillId]
) -> Iterator[tuple[BillId, EntityId, int]]:
    """Bill, its account, what it charges with penalties; a package's worth of contents at a time."""
    for start in range(0, len(bills), federal.package):
        part = federal.bills.of_month(connection, provider_id, month, ids=bills[start : start + federal.package])
        for bill, content in part.items():
            yield bill, content.account_id, content.charged + content.penalties


def _exported(
    connection: Connection, federal: Federal, provider_id: ProviderId, month: Month
) -> tuple[tuple[PlacedBill, ...], set[str], tuple[tuple[str, str], ...]]:
    """Documents, the accounts for which they were shown, and refused exports: the last answer of each account counts."""
    over = outbox.exchanges(connection, system=federal.system, states=("done", "failed"), provider_id=provider_id, act=_ACT)
    seen: set[str] = set()
    asked: set[str] = set()
    found: dict[str, PlacedBill] = {}
    failures: dict[tuple[str, str], None] = {}
    for exchange in reversed([one for one in over if one.request["month"] == str(month)]):
        fresh = set(exchange.request["account_guids"]) - seen
        if not fresh:
            continue
        if exchange.state == "failed":
            failures[exchange.error_code or "", exchange.error_text or ""] = None
        elif exchange.result_message_id is not None:
            content = federal.gateway.read(exchange.operation, archive.read(connection, MessageId(exchange.result_message_id)))
            found |= {one.ipd: one for one in content.bills if str(one.account_guid) in fresh}
            asked |= fresh
        seen |= fresh
    return tuple(sorted(found.values(), key=lambda one: (one.number, one.ipd))), asked, tuple(failures)


def _ask(connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]) -> Request:
    return AskBills(Month.parse(request["month"]), tuple(UUID(value) for value in request["account_guids"]))


def _keep_bytes(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    """The archived bytes are what is kept."""


register(Act(_ACT, _ask, absorb=_keep_bytes, done_codes=_NOTHING))

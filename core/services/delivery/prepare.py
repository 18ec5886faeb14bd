"""Which bill goes how, and what is to be sent, stored in the outbox: letters one by one, paper in batches of a route."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID, uuid4

from sqlalchemy import Connection, Engine, text

from core import archive, outbox
from core.clock import Clock
from core.ids import BillId, ProviderId, TransportGuid
from core.issued.lookup import read_contents
from core.issued.rounds import RoundBill, bills_in_order
from core.model.bill import BillContent
from core.model.records import DeliveryOutcome
from core.outbox.deliveries import delivery_batches
from core.period import Month
from core.records.directory import stage_directory
from core.services.delivery_choices import Choices, read_choices, read_outcomes
from core.storage.engine import transaction

__all__ = ["BATCH", "NO_ROUTE", "LetterOrder", "Letters", "Prepared", "prepare_deliveries", "route_list"]

BATCH = 250
"""Bills in one print file: as many as one rendering process makes."""
NO_ROUTE = "Без маршрута"
_LETTERS = 50
_LOOK_AHEAD = 500
_HEADING = ("№", "Адрес", "Помещение", "Лицевой счёт", "Документ")


@dataclass(frozen=True, slots=True)
class LetterOrder:
    """A letter to be made: under which identifier, to whom, of what."""

    identifier: UUID
    to: str
    content: BillContent


Letters = Callable[[Sequence[LetterOrder]], Sequence[bytes]]
"""Makes the bytes of letters."""


@dataclass(slots=True)
class Prepared:
    """What was put into the outbox now: bills by e-mail and on paper, and those whose letter cannot be made because mail is not set up."""

    letters: int = 0
    printed: int = 0
    batches: int = 0
    without_mail: int = 0


def prepare_deliveries(
    engine: Engine, *, provider_id: ProviderId, month: Month, letters: Letters | None, route: str | None, clock: Clock
) -> Prepared:
    """Put the bills of a month that are on no way yet into the outbox; ``letters`` None: mail is not set up; ``route``: only its paper."""
    with engine.connect() as reading:
        # One at a time for a provider: others wait here, and then see what this one has put there.
        reading.execute(text("SELECT pg_advisory_xact_lock(hashtext('erkc delivery'), :provider)"), {"provider": provider_id})
        stage_directory(reading, provider_id=provider_id, month=month)
        work = _Preparation(engine, provider_id, month, letters, clock, _Ways.read(reading, provider_id))
        with transaction(engine) as connection:
            work.last_batch = delivery_batches(connection, provider_id=provider_id, month=str(month))
        stream = bills_in_order(reading, provider_id, month)
        while bills := list(islice(stream, _LOOK_AHEAD)):
            work.take(bills, only=route)
        work.finish()
        reading.rollback()
    return work.prepared


@dataclass(frozen=True, slots=True)
class _Ways:
    """What is decided, and which letters came back."""

    choices: Choices
    outcomes: Mapping[str, DeliveryOutcome]
    refused: frozenset[int]

    @classmethod
    def read(cls, connection: Connection, provider_id: ProviderId) -> _Ways:
        refused = outbox.refusals(connection, "bill_email", provider_id=provider_id)
        return cls(
            read_choices(connection, provider_id),
            read_outcomes(connection, provider_id),
            frozenset(int(bill_id) for bill_id in refused),
        )

    def email(self, bill: RoundBill) -> str:
        """Where a letter may be sent; empty: the bill goes on paper."""
        outcome = self.outcomes.get(bill.number)
        if bill.bill_id in self.refused or (outcome is not None and outcome.outcome == "failed"):
            return ""
        return self.choices.email(bill.payer_id)

    def came_back(self, bill: RoundBill) -> bool:
        """Whether a person said that what was sent did not arrive."""
        outcome = self.outcomes.get(bill.number)
        return outcome is not None and outcome.outcome == "failed"


@dataclass(slots=True)
class _Preparation:
    """One provider's month on its way into the outbox."""

    engine: Engine
    provider_id: ProviderId
    month: Month
    letters: Letters | None
    clock: Clock
    ways: _Ways
    prepared: Prepared = field(default_factory=Prepared)
    last_batch: dict[str, int] = field(default_factory=dict)
    _mail: list[tuple[RoundBill, str]] = field(default_factory=list)
    _paper: dict[str, list[RoundBill]] = field(default_factory=lambda: defaultdict(list))

    def take(self, bills: Sequence[RoundBill], *, only: str | None) -> None:
        """Sort some bills by their ways; what fills a batch goes into the outbox at once."""
        mailed, printed = self._live("bill_email", bills), self._live("bill_print", bills)
        for bill in bills:
            if bill.bill_id in printed or (bill.bill_id in mailed and not self.ways.came_back(bill)):
                continue
            to = self.ways.email(bill)
            if to and only is None:
                self._by_mail(bill, to)
            elif not to:
                route = self.ways.choices.route(bill.payer_id, bill.house_id) or NO_ROUTE
                if only is None or route == only:
                    self._on_paper(bill, route)

    def finish(self) -> None:
        """What fills no batch."""
        self._store_letters()
        for route in sorted(self._paper):
            self._store_batch(route)

    def _live(self, kind: str, bills: Collection[RoundBill]) -> set[int]:
        with transaction(self.engine) as connection:
            return {int(one) for one in outbox.live(connection, kind, [bill.bill_id for bill in bills])}

    def _by_mail(self, bill: RoundBill, to: str) -> None:
        if self.letters is None:
            self.prepared.without_mail += 1
            return
        self._mail.append((bill, to))
        if len(self._mail) == _LETTERS:
            self._store_letters()

    def _on_paper(self, bill: RoundBill, route: str) -> None:
        self._paper[route].append(bill)
        if len(self._paper[route]) == BATCH:
            self._store_batch(route)

    def _store_letters(self) -> None:
        """Identifiers and bytes of some letters, in one transaction, before any of them leaves."""
        if not self._mail or self.letters is None:
            return
        with transaction(self.engine) as connection:
            contents = read_contents(connection, [bill.bill_id for bill, _ in self._mail])
        orders = [LetterOrder(uuid4(), to, contents[bill.bill_id]) for bill, to in self._mail]
        made = self.letters(orders)
        at = self.clock.now()
        with transaction(self.engine) as connection:
            for (bill, to), order, data in zip(self._mail, orders, made, strict=True):
                self._put_out(
                    connection,
                    data=data,
                    name=f"{bill.number}.eml",
                    way=("email", "smtp", "bill"),
                    subject=f"bill/{bill.bill_id}",
                    request={"month": str(self.month), "number": bill.number, "to": to, "message_id": str(order.identifier)},
                    identifier=order.identifier,
                    items=[outbox.Item(TransportGuid(order.identifier), "bill_email", bill.bill_id)],
                    at=at,
                )
        self.prepared.letters += len(self._mail)
        self._mail.clear()

    def _store_batch(self, route: str) -> None:
        """A batch of a route: which bills in which order, and its list, which is archived."""
        bills = self._paper.pop(route)
        number = self.last_batch.get(route, 0) + 1
        at = self.clock.now()
        with transaction(self.engine) as connection:
            self._put_out(
                connection,
                data=route_list(bills, route=route, month=self.month, number=number),
                name=f"{self.month}-{number:03d}.csv",
                way=("print", "folder", "batch"),
                subject=f"{self.month}/{route}/{number}",
                request={"month": str(self.month), "route": route, "batch": number, "bills": [int(bill.bill_id) for bill in bills]},
                identifier=uuid4(),
                items=[outbox.Item(TransportGuid(uuid4()), "bill_print", bill.bill_id) for bill in bills],
                at=at,
            )
        self.last_batch[route] = number
        self.prepared.batches += 1
        self.prepared.printed += len(bills)

    def _put_out(
        self,
        connection: Connection,
        *,
        data: bytes,
        name: str,
        way: tuple[str, str, str],
        subject: str,
        request: Mapping[str, object],
        identifier: UUID,
        items: Sequence[outbox.Item],
        at: datetime,
    ) -> None:
        """Archive what is to leave and put it into the outbox; ``way``: system (and channel of the archive), service, operation."""
        system, service, operation = way
        stored = archive.store(connection, data=data, name=name, channel=system, direction="out", provider_id=self.provider_id, at=at)
        outbox.prepare(
            connection,
            provider_id=self.provider_id,
            system=system,
            service=service,
            operation=operation,
            subject=subject,
            act=system,
            request=request,
            request_guid=identifier,
            items=items,
            at=at,
            request_message_id=stored.message_id,
        )


def route_list(bills: Sequence[RoundBill], *, route: str, month: Month, number: int) -> bytes:
    """The list that goes with a batch: CSV (``;``, UTF-8 with a mark, as Excel opens it), in the order of the pages."""
    out = io.StringIO(newline="")
    rows = csv.writer(out, delimiter=";", lineterminator="\r\n")
    rows.writerow((f"Маршрут: {_plain(route)}", f"Счета за {month.title}", f"Пачка {number}", f"Документов: {len(bills)}", ""))
    rows.writerow(_HEADING)
    rows.writerows(_cells(bills))
    return out.getvalue().encode("utf-8-sig")


def _cells(bills: Sequence[RoundBill]) -> Iterator[tuple[object, ...]]:
    for place, bill in enumerate(bills, 1):
        yield place, _plain(bill.address), _plain(bill.flat), _plain(bill.account), bill.number


def _plain(cell: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t")) else cell


def bill_ids(request: Mapping[str, object]) -> list[BillId]:
    """The bills of a stored batch, in the order of its pages."""
    listed = request["bills"]
    assert isinstance(listed, list)
    return [BillId(int(one)) for one in listed]

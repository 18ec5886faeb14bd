"""A bank's file on its way in: archived first, then read, and only what is new stored; shared by registries and statements.

What came before under the same identity does nothing when it is equal and is reported when it is not: the first stays, a person decides.
A file that was rejected whole is read again each time it comes, because more may be known by now (whose account a statement is of).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import Connection, Engine

from core import archive
from core.clock import Clock
from core.errors import TransientError
from core.ids import CENTRE, MessageId
from core.model.finding import Finding
from core.model.parsed import Parsed
from core.model.records import PaymentRegistry, Record, RegistryPayment, StatementLine
from core.money import format_roubles
from core.records.bank import KnownPayment, known_lines, known_payments, known_registry
from core.records.findings import read_findings, save_findings
from core.records.intake import Intake, moment_after, read_intake, save_intake
from core.records.store import save
from core.storage.engine import transaction
from core.uncollected import uncollected

__all__ = ["Arrival", "BankImport", "BankReader", "take_file"]

_BATCH = 5000
_REJECTED = "rejected"
_PARSER_STATES = {"rejected": "refused", "duplicate": "repeated", "conflict": "disputed"}


class BankReader(Protocol):
    """The reading half of an adapter for bank files."""

    name: str

    def parse(self, message: Any, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """Read a raw message. ``Any``: its type is the adapters', which the core does not know."""
        ...


@dataclass(frozen=True, slots=True)
class BankImport:
    """What became of a bank's file, row by row."""

    message_id: MessageId
    is_new: bool
    kind: str
    """``registry`` or ``statement``."""
    status: str
    """As the parser says (``ok``, ``partial``, ``rejected``), or ``conflict``: the same registry came before with other sums."""
    counts: Mapping[str, int]
    """``<state>`` and ``<state>_kop`` of each state that occurs. A registry: posted, suspended, reversed, repeated, disputed, refused;
    together its amount. A statement: agent, posted, suspended, charge, transfer, internal, repeated, refused."""

    def count(self, state: str) -> int:
        """How many rows are in a state."""
        return self.counts.get(state, 0)

    def amount(self, state: str) -> int:
        """Their sum, kopecks."""
        return self.counts.get(f"{state}_kop", 0)


@dataclass(slots=True)
class Arrival:
    """One file inside its transaction: findings and counts grow while it is read and posted."""

    connection: Connection
    message_id: MessageId
    at: datetime
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """``<state>`` and ``<state>_kop``."""

    def count(self, state: str, amounts: Iterable[int]) -> None:
        """Add rows to a state."""
        for amount in amounts:
            self.counts[state] += 1
            self.counts[f"{state}_kop"] += amount


def take_file(
    engine: Engine,
    *,
    reader: BankReader,
    message: Any,
    clock: Clock,
    own_accounts: Iterable[str] | None,
    post: Callable[[Arrival], None],
) -> BankImport:
    """Archive, read, store what is new, let ``post`` post it. A file that was taken before gives its stored outcome again.

    ``message`` is the adapters' raw message: name and bytes.
    """
    with transaction(engine) as connection:
        stored = archive.store(
            connection,
            data=message.data,
            name=message.name,
            channel=reader.name,
            direction="in",
            provider_id=CENTRE,
            at=clock.now(),
        )
    with uncollected(), transaction(engine) as connection:
        done = read_intake(connection, stored.message_id)
        if done is not None and done.status != _REJECTED:
            return _outcome(done, is_new=False)
        arrival = Arrival(connection, stored.message_id, moment_after(done, clock.now()))
        known = {} if own_accounts is None else {"settlement_account": frozenset(own_accounts)}
        intake = _take(arrival, reader.name, reader.parse(message, known), post)
        if done is not None and intake.status == _REJECTED and _is_known(arrival):
            return _outcome(done, is_new=False)
        if not save_intake(connection, intake):
            raise TransientError(
                "BANK-0203", f"Файл «{message.name}» в это же время принимает другой процесс.", hint="Повторите команду.", file=message.name
            )
        # After the outcome: findings belong to the latest one of their message.
        save_findings(connection, arrival.findings, provider_id=CENTRE, message_id=stored.message_id, month=None, found_at=arrival.at)
        return _outcome(intake, is_new=True)


def _is_known(arrival: Arrival) -> bool:
    """Whether the latest outcome found the same."""
    return [stored.finding for stored in read_findings(arrival.connection, message_id=arrival.message_id)] == arrival.findings


def _outcome(intake: Intake, *, is_new: bool) -> BankImport:
    return BankImport(intake.message_id, is_new, intake.header.get("kind", ""), intake.status, intake.counts)


def _take(arrival: Arrival, adapter: str, stream: Iterator[Record | Finding | Parsed], post: Callable[[Arrival], None]) -> Intake:
    summary: list[Parsed] = []
    records = _records(arrival, stream, summary)
    first = next(records, None)
    status = ""
    if first is not None and _is_other_registry(arrival, first):
        status = "conflict"
        for _ in records:
            pass
    elif first is not None:
        fresh = _fresh(arrival, _chain(first, records))
        save(arrival.connection, provider_id=CENTRE, message_id=arrival.message_id, records=fresh, recorded_at=arrival.at)
        post(arrival)
    whole = summary[0]
    for of_parser, state in _PARSER_STATES.items():
        arrival.counts[state] += whole.counts.get(of_parser, 0)
        arrival.counts[f"{state}_kop"] += whole.counts.get(f"{of_parser}_kop", 0)
    counts = {name: number for name, number in sorted(arrival.counts.items()) if number}
    return Intake(arrival.message_id, CENTRE, adapter, status or whole.status, None, whole.header, counts, arrival.at)


def _records(arrival: Arrival, stream: Iterator[Record | Finding | Parsed], summary: list[Parsed]) -> Iterator[Record]:
    """Records of the stream; findings and the file as a whole are put aside."""
    for item in stream:
        if isinstance(item, Record):
            yield item
        elif isinstance(item, Finding):
            arrival.findings.append(item)
        else:
            summary.append(item)


def _chain(first: Record, rest: Iterator[Record]) -> Iterator[Record]:
    yield first
    yield from rest


def _is_other_registry(arrival: Arrival, first: Record) -> bool:
    """The same profile, number and date with other sums: a correction, which a person decides on (bank-formats section 15)."""
    if not isinstance(first.body, PaymentRegistry):
        return False
    earlier = known_registry(arrival.connection, first.key)
    if earlier is None or earlier == first.body:
        return False
    arrival.findings.append(
        Finding(
            position=first.position,
            code="REGISTRY_CONFLICT",
            severity="error",
            effect="refuse_file",
            value=first.key,
            message=(
                f"Реестр {first.body.number} уже принят с другими итогами:"
                f" было {format_roubles(earlier.amount)}, стало {format_roubles(first.body.amount)}."
            ),
            hint="Запросите у агента исправленный реестр под новым номером.",
        )
    )
    return True


def _fresh(arrival: Arrival, records: Iterator[Record]) -> Iterator[Record]:
    """Records that no earlier message brought, looked up as sets."""
    while batch := list(islice(records, _BATCH)):
        operations = [record.key for record in batch if isinstance(record.body, RegistryPayment)]
        payments = known_payments(arrival.connection, operations) if operations else {}
        others = [record.key for record in batch if isinstance(record.body, StatementLine)]
        lines = known_lines(arrival.connection, others) if others else frozenset()
        for record in batch:
            body = record.body
            if isinstance(body, RegistryPayment) and record.key in payments:
                _report_known(arrival, record, body, payments[record.key])
            elif isinstance(body, StatementLine) and record.key in lines:
                arrival.count("repeated", [body.amount])
            else:
                yield record


def _report_known(arrival: Arrival, record: Record, body: RegistryPayment, earlier: KnownPayment) -> None:
    same = KnownPayment.of(body) == earlier
    arrival.count("repeated" if same else "disputed", [body.amount])
    arrival.findings.append(
        Finding(
            position=record.position,
            code="DUPLICATE_OPERATION_ID" if same else "OPERATION_ID_CONFLICT",
            severity="warning" if same else "error",
            effect="repeated" if same else "disputed",
            value=body.operation_id,
            message=(
                f"Операция {body.operation_id} уже принята раньше с тем же содержанием."
                if same
                else f"Операция {body.operation_id} уже принята раньше с другим содержанием:"
                f" было {format_roubles(earlier.amount)} на счёт «{earlier.account_text}»,"
                f" стало {format_roubles(body.amount)} на счёт «{body.account_text}»."
            ),
            hint="Повтор не проводится; делать ничего не нужно." if same else "Выясните у агента, какая запись верна: вторая не проведена.",
        )
    )

"""Bank statements: every line gets its entry, and registries are reconciled with the lines that settle them.

A line is posted when it arrives, by what it is: an agent's transfer closes the transit of its registries, a payer's own transfer is shared
out over his debts or waits in suspense, the bank's fee is an expense, our own transfers leave. Reconciliation then names the state of every
registry and line and posts what an agent kept; it may run at any time and any number of times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine

from core import events
from core.clock import Clock
from core.events import EventKind
from core.ids import CENTRE
from core.ledger.entries import known_keys
from core.ledger.post import post
from core.ledger.suspense import lock_suspense
from core.model.ledger import Entry, Posting
from core.model.lines import Chart
from core.money import format_roubles
from core.payments.reconcile import (
    LineFact,
    Reconciliation,
    RegistryFact,
    RegistryLink,
    RegistryOutcome,
    is_agent,
    is_bank_charge,
    refunds,
    returned_transfers,
)
from core.payments.reconcile import reconcile as compare
from core.records.bank import RegistryRow, StatementRow, lines_of, payments_of, read_registries, read_statement_lines
from core.records.entities import organisation_ids
from core.records.latest import read_bank_accounts, read_organisations
from core.records.providers import providers
from core.services.bank_intake import Arrival
from core.services.bank_money import claim_of_line, day_of_line, line_money, payment_key
from core.services.clearing import Released, accounts_on_registry, clear_suspense, refund_key, released_operations, released_to
from core.services.matching import Found, find_payers
from core.services.receipts import Receipts, Suspended
from core.services.reversing import Moved, Taken, wholly_taken
from core.services.standings import Books
from core.storage.engine import transaction

__all__ = ["Reconciled", "centre_accounts", "compared", "post_statement", "reconcile", "returned_among"]

_CENTRE_KIND = 36
_MOVED = ("posted", "suspended", "reversed")
"""A registry of which no row moved money is none to settle: it was sent again, or refused."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Where every registry and statement line stands, and what the comparison posted."""

    result: Reconciliation
    registries: Mapping[str, RegistryRow]
    lines: Mapping[str, StatementRow]
    posted: int
    """New entries: fees that agents kept, money of a settled registry that is nobody's yet."""
    released: Released
    """Payments that waited in suspense and are certain now; their entries are not among ``posted``."""

    @property
    def differences(self) -> list[RegistryOutcome]:
        """Registries whose order has come and is not what it should be."""
        return [outcome for outcome in self.result.registries if outcome.difference]


def centre_accounts(connection: Connection) -> frozenset[str]:
    """The settlement accounts of the centre itself: those of the providers that are settlement centres, owned by themselves."""
    numbers: set[str] = set()
    for provider in providers(connection):
        if provider.kind != _CENTRE_KIND or provider.provider_id == CENTRE:
            continue
        own = {row.entity_id for row in read_organisations(connection, provider_id=provider.provider_id) if row.inn == provider.inn}
        accounts = read_bank_accounts(connection, provider_id=provider.provider_id)
        numbers |= {row.number for row in accounts if row.organisation_id in own}
    return frozenset(numbers)


def post_statement(arrival: Arrival, own: frozenset[str]) -> None:
    """Post the statement lines of a message: every line has one entry; transfers between our own accounts move nothing."""
    _Lines(arrival, own).post()


@dataclass(slots=True)
class _Lines:
    """The lines of one statement on their way into the ledger."""

    arrival: Arrival
    own: frozenset[str]

    def post(self) -> None:
        """Sort the lines by what they are, and post each sort as a set."""
        connection = self.arrival.connection
        rows = read_statement_lines(connection, self.arrival.message_id)
        back = self._returned(rows)
        given = self._refunded(rows)
        books = Books(connection)
        creditors = organisation_ids(connection)
        entries: list[Entry] = []
        direct: list[StatementRow] = []
        refunded: list[StatementRow] = []
        for row in rows:
            line = row.body
            if line.other_account in self.own:
                self.arrival.count("internal", [line.amount])
            elif row.key in back:
                creditor = creditors.get(line.other_inn)
                self._add(entries, "returned", row, books, Posting(Chart.CASH, Chart.PAYABLE, line.amount, creditor_id=creditor))
            elif row.key in given:
                refunded.append(row)
            elif line.incoming and not is_agent(_fact(row)):
                direct.append(row)
            elif line.incoming:
                self._add(entries, "agent", row, books, Posting(Chart.CASH, Chart.TRANSIT, line.amount))
            elif line.registries or is_bank_charge(_fact(row)):
                self._add(entries, "charge", row, books, Posting(Chart.FEE, Chart.CASH, line.amount))
            else:
                posting = Posting(Chart.PAYABLE, Chart.CASH, line.amount, creditor_id=creditors.get(line.other_inn))
                self._add(entries, "transfer", row, books, posting)
        post(connection, entries, at=self.arrival.at)
        self._post_direct(direct)
        self._post_refunds(refunded, given, books)

    def _returned(self, rows: Sequence[StatementRow]) -> dict[str, str]:
        """Of these lines those that bring back a transfer of ours: the obligation is open again."""
        if not any(row.body.incoming and "возврат" in row.body.purpose.casefold() for row in rows):
            return {}
        return returned_among({row.key: row for row in read_statement_lines(self.arrival.connection)})

    def _refunded(self, rows: Sequence[StatementRow]) -> dict[str, str]:
        """Of these lines those that give back a payer's or an agent's transfer that the ledger holds: debit → credit."""
        if not any(not row.body.incoming and "возврат" in row.body.purpose.casefold() for row in rows):
            return {}
        lines = {row.key: row for row in read_statement_lines(self.arrival.connection) if row.body.other_account not in self.own}
        found = refunds([_fact(row) for row in lines.values()])
        return {row.key: found[row.key] for row in rows if row.key in found}

    def _post_refunds(self, rows: Sequence[StatementRow], given: Mapping[str, str], books: Books) -> None:
        """What the transfer did is taken back: out of suspense, or off the account as it was shared out; an agent's money leaves transit.

        A transfer of which less is left (it was given back before) is none of these: the money is owed by whom it went to.
        """
        if not rows:
            return
        connection = self.arrival.connection
        lock_suspense(connection)
        moved = Moved.read(connection, [given[row.key] for row in rows])
        agents = {row.key for row in lines_of(connection, list(given.values())) if is_agent(_fact(row))}
        creditors = organisation_ids(connection)
        entries: list[Entry] = []
        for row in rows:
            original, line, day = given[row.key], row.body, day_of_line(row.body)
            if original in agents:
                self._add(entries, "refund", row, books, Posting(Chart.TRANSIT, Chart.CASH, line.amount))
            elif original not in moved.arrived or moved.left(original) < line.amount:
                posting = Posting(Chart.PAYABLE, Chart.CASH, line.amount, creditor_id=creditors.get(line.other_inn))
                self._add(entries, "transfer", row, books, posting)
            else:
                provider = moved.provider(original)
                accounted_on, month = books.accounted(provider, day)
                entries.append(
                    Entry(
                        key=refund_key(original),
                        kind="payment_reversal",
                        provider_id=provider,
                        month=month,
                        occurred_on=day,
                        reason=f"Возвращено плательщику: документ {line.number} от {day:%d.%m.%Y}, {format_roubles(line.amount)}",
                        postings=moved.take_back(original, line.amount),
                        message_id=self.arrival.message_id,
                        accounted_on=accounted_on,
                    )
                )
                self.arrival.count("refund", [line.amount])
        post(connection, entries, at=self.arrival.at)

    def _add(self, entries: list[Entry], state: str, row: StatementRow, books: Books, posting: Posting) -> None:
        day = day_of_line(row.body)
        kinds = {"agent": ("receipt", "Перевод агента"), "charge": ("fee", "Комиссия банка"), "transfer": ("transfer", "Перечислено")}
        kinds |= {"returned": ("transfer_return", "Перечисление вернулось"), "refund": ("refund", "Возвращено агенту")}
        accounted_on, month = books.accounted(CENTRE, day)
        kind, title = kinds[state]
        entries.append(
            Entry(
                key=f"statement/{row.key}",
                kind=kind,
                provider_id=CENTRE,
                month=month,
                occurred_on=day,
                reason=f"{title}: документ {row.body.number} от {day:%d.%m.%Y}, {format_roubles(row.body.amount)}",
                postings=(posting,),
                message_id=self.arrival.message_id,
                accounted_on=accounted_on,
            )
        )
        self.arrival.count(state, [row.body.amount])

    def _post_direct(self, rows: Sequence[StatementRow]) -> None:
        receipts = Receipts(self.arrival.connection, Chart.CASH, self.arrival.at)
        found = find_payers(self.arrival.connection, [claim_of_line(row.body) for row in rows])
        payments = [line_money(row, who) for row, who in zip(rows, found, strict=True) if who.account_id is not None]
        suspended = [self._suspended(row, who) for row, who in zip(rows, found, strict=True) if who.account_id is None]
        receipts.take(payments, suspended)
        self.arrival.count("posted", (payment.amount for payment in payments))
        self.arrival.count("suspended", (item.amount for item in suspended))

    def _suspended(self, row: StatementRow, who: Found) -> Suspended:
        line = row.body
        proposals = tuple({"account_id": int(p.account_id), "score": p.score, "why": p.why} for p in who.proposals)
        named = f"назван счёт «{line.account_text}»" if line.account_text else "лицевой счёт не назван"
        why = f"прямой перевод, документ {line.number}, {named}"
        return Suspended(
            payment_key(row.key), line.amount, day_of_line(line), CENTRE, why, row.record_id, self.arrival.message_id, proposals
        )


def reconcile(engine: Engine, *, clock: Clock, own_accounts: Iterable[str] | None = None) -> Reconciled:
    """Clear suspense, compare all registries with all statement lines, post the fees kept and what a settled registry leaves unexplained.

    After it a settled registry leaves nothing in transit: posted + suspended = its order + the fee the agent kept.
    """
    with transaction(engine) as connection:
        at = clock.now()
        came = None if accounts_on_registry(connection, at.date()) else _money_came(connection, own_accounts)
        released = clear_suspense(connection, at=at, came=came)
        result, registries, lines = compared(connection, own_accounts)
        entries = [entry for outcome in result.registries for entry in _settlement(connection, outcome, registries[outcome.key], lines)]
        known = known_keys(connection, [entry.key for entry in entries])
        fresh = [entry for entry in entries if entry.key not in known]
        posted = post(connection, fresh, at=at)
        for outcome in result.registries:
            _tell(connection, outcome, registries[outcome.key], fresh, at)
        return Reconciled(result, registries, lines, posted.new, released)


def _money_came(connection: Connection, own_accounts: Iterable[str] | None) -> dict[str, date]:
    """Registries that a credit of the statements is for, with the day on which the last of it came."""
    result, _, lines = compared(connection, own_accounts)
    found: dict[str, date] = {}
    for outcome in result.registries:
        days = [day_of_line(lines[key].body) for key in outcome.lines if lines[key].body.incoming]
        if days:
            found[outcome.key] = max(days)
    return found


def returned_among(lines: Mapping[str, StatementRow]) -> dict[str, str]:
    """Of these lines those that bring back a transfer of ours: credit → debit."""
    return returned_transfers([_fact(row) for row in lines.values()])


def compared(
    connection: Connection, own_accounts: Iterable[str] | None = None
) -> tuple[Reconciliation, Mapping[str, RegistryRow], Mapping[str, StatementRow]]:
    """Where all registries and statement lines stand now, with the rows they are; nothing is posted."""
    own = centre_accounts(connection) if own_accounts is None else frozenset(own_accounts)
    registries = {row.key: row for row in read_registries(connection) if any(row.counts.get(state) for state in _MOVED)}
    lines = {row.key: row for row in read_statement_lines(connection)}
    accounts = _accounts(connection, lines)
    facts = [_fact(row, accounts.get(row.key)) for row in lines.values()]
    left, taken = _left_suspense(connection), wholly_taken(connection)
    return compare([_registry_fact(row, left[row.key], taken) for row in registries.values()], facts, own_accounts=own), registries, lines


def _accounts(connection: Connection, lines: Mapping[str, StatementRow]) -> dict[str, str]:
    """The account of each line that names one for certain, or that a person has assigned to one."""
    found = find_payers(connection, [claim_of_line(row.body) for row in lines.values()])
    accounts = {key: str(who.account_id) for key, who in zip(lines, found, strict=True) if who.account_id is not None}
    return accounts | {key: str(account) for key, account in released_to(connection, list(lines))}


def _left_suspense(connection: Connection) -> Counter[str]:
    """How many payments of each registry have left suspense since they came, by the registry's key."""
    keys = released_operations(connection)
    return Counter(row.body.registry for row in payments_of(connection, keys))


def _settlement(connection: Connection, outcome: RegistryOutcome, registry: RegistryRow, lines: Mapping[str, StatementRow]) -> list[Entry]:
    """The fee that the agent kept, on the day of the order; and of a settled registry the money of its rows that were not posted."""
    orders = [lines[key].body for key in outcome.lines if lines[key].body.incoming]
    if not orders:
        return []
    day = min(day_of_line(line) for line in orders)
    accounted_on, month = Books(connection).accounted(CENTRE, day)

    def entry(kind: str, reason: str, posting: Posting) -> Entry:
        key = f"{kind}/{registry.key}"
        return Entry(key, kind, CENTRE, month, day, reason, (posting,), registry.message_id, accounted_on=accounted_on)

    found = []
    title = f"реестр {registry.body.number or registry.body.order_number}"
    fee = registry.body.fee
    if registry.header.get("fee_model") == "kept" and fee:
        reason = f"Комиссия агента {'удержана до перечисления' if fee > 0 else 'возвращена с возвратами'}, {title}"
        debit, credit = (Chart.FEE, Chart.TRANSIT) if fee > 0 else (Chart.TRANSIT, Chart.FEE)
        found.append(entry("agent_fee", reason, Posting(debit, credit, abs(fee))))
    if outcome.state == "reconciled":
        rest = sum(registry.counts.get(f"{state}_kop", 0) for state in ("repeated", "disputed", "refused"))
        if rest > 0:
            reason = f"Деньги строк, которые не проведены (повтор, спор, отказ): выяснить у агента, {title}"
            found.append(entry("registry_rest", reason, Posting(Chart.TRANSIT, Chart.SUSPENSE, rest)))
    return found


def _tell(connection: Connection, outcome: RegistryOutcome, registry: RegistryRow, fresh: Sequence[Entry], at: datetime) -> None:
    """Say once what became of a registry: when its settlement is posted."""
    if not any(entry.key.endswith(f"/{registry.key}") for entry in fresh):
        return
    settled = outcome.state == "reconciled"
    events.record(
        connection,
        kind=EventKind.STATEMENT_RECONCILED if settled else EventKind.STATEMENT_DIFFERS,
        provider_id=CENTRE,
        subject_kind="message",
        subject_id=registry.message_id,
        data={"registry": registry.key, "state": outcome.state, "ordered": outcome.ordered, "difference": outcome.difference},
        at=at,
    )


def _registry_fact(row: RegistryRow, released: int, taken: Taken) -> RegistryFact:
    """``released``: of its payments that were suspended those that have left suspense; its stornos are its own, whatever they took back."""
    body = row.body
    model = row.header.get("fee_model", "kept")
    counts = {state: row.counts.get(state, 0) for state in ("posted", "suspended", "refused", "repeated", "disputed")}
    stornos = row.counts.get("reversed", 0)
    gone, gone_unknown = taken.posted[row.key], taken.suspended[row.key]
    payments = {
        "posted": counts["posted"] + released - gone,
        "suspense": counts["suspended"] - released - gone_unknown,
        "reversed": stornos + gone + gone_unknown,
    }
    payments |= {state: counts[state] for state in ("refused", "repeated", "disputed")}
    return RegistryFact(
        key=row.key,
        number=body.number,
        registry_on=body.registry_on,
        order_number=body.order_number,
        order_on=body.order_on,
        fee_model="on_top" if model == "on_top" else "billed" if model == "billed" else "kept",
        count=body.count,
        amount=body.amount,
        fee=body.fee,
        transfer=body.transfer,
        payments=payments,
    )


def _fact(row: StatementRow, account: str | None = None) -> LineFact:
    line = row.body
    return LineFact(
        key=row.key,
        incoming=line.incoming,
        amount=line.amount,
        number=line.number,
        document_on=line.document_on,
        value_on=line.value_on,
        other_account=line.other_account,
        links=tuple(RegistryLink.parse(text) for text in line.registries),
        account=account,
        document_type=line.document_type,
        purpose=line.purpose,
    )

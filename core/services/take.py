"""Taking a message in: archive → parse → records and findings → opening balances and payments, the last three in one transaction.

The bytes are archived first, in a transaction of their own, so they are kept whatever happens next. What a message gives is stored whole or
not at all; a message that was taken before gives its stored outcome again and changes nothing. One that was rejected is tried again each
time, because the hub may know more by now (a sender registered since, tariffs approved); the same rejection is not stored twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine

from core import archive, events
from core.clock import Clock
from core.errors import InputError, TransientError
from core.ids import CENTRE, MessageId, ProviderId
from core.ledger.balances import takeover_month
from core.model.acts import Act
from core.model.finding import Finding, Position
from core.model.parsed import Parsed
from core.model.records import Payment, PaymentPack, Record, RegisteredSender
from core.payments.totals import MoneyTotals, money_totals, signed_amount
from core.period import Month
from core.records.findings import read_findings, save_findings
from core.records.house_acts import unplaced_acts
from core.records.intake import Intake, known_keys, moment_after, read_intake, save_intake
from core.records.providers import Provider, find_provider, provider, register_senders
from core.records.quarantine import Quarantine
from core.records.store import save
from core.records.table_keys import Recognised
from core.services.archive_payments import SentPayments, post_archive_payments
from core.services.opening import post_openings
from core.storage.engine import transaction

__all__ = ["Parse", "Taken", "load_region", "take", "take_unknown"]

Parse = Callable[[Mapping[str, frozenset[str]]], Iterator[Record | Finding | Parsed]]
"""An adapter's ``parse`` bound to its message: called with the keys that the sender's earlier messages brought."""

_HELD_READING = "hold_reading"
_REJECTED = "rejected"
_LOADED = frozenset(("accepted", "flagged"))
_WITHOUT_MONTHS = "IN-0111"
_FINISHED_MONTH = "IN-0104"
_SHOWN_ACCOUNTS = 20


@dataclass(frozen=True, slots=True)
class Taken:
    """The outcome of one message."""

    name: str
    message_id: MessageId
    provider: Provider | None
    month: Month | None
    status: str
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    money: MoneyTotals | None
    """None when nothing of the message was loaded."""
    is_new: bool
    new_records: int = 0
    released: Mapping[str, int] = field(default_factory=dict)
    """Rows of earlier messages, by kind of record, that had waited for what this one brought."""


def take(
    engine: Engine, *, name: str, data: bytes, adapter: str, header: Callable[[], Mapping[str, str]], parse: Parse, clock: Clock
) -> Taken:
    """Take one message by an adapter's reading; findings are part of the outcome, not errors.

    A container that can not be read at all (no archive, a bomb, a path that climbs out) is refused: its bytes are kept, its outcome is
    ``rejected`` with one finding.
    """
    with transaction(engine) as connection:
        stored = archive.store(connection, data=data, name=name, channel=adapter, direction="in", provider_id=CENTRE, at=clock.now())
    try:
        with transaction(engine) as connection:
            known = read_intake(connection, stored.message_id)
            if known is not None and known.status != _REJECTED:
                return _again(connection, name, known)
            reading = _Reading(connection, stored.message_id, header(), moment_after(known, clock.now()), known)
            return reading.load(name, adapter, parse)
    except InputError as error:
        finding = Finding(Position(name), error.code, "error", "reject_archive", message=error.message, hint=error.hint)
    with transaction(engine) as connection:
        return _refuse(connection, name=name, adapter=adapter, message_id=stored.message_id, finding=finding, at=clock.now())


def take_unknown(engine: Engine, *, name: str, data: bytes, why: str, clock: Clock) -> Taken:
    """Keep a message that no adapter knows; its outcome is ``rejected`` and says why each refused it."""
    with transaction(engine) as connection:
        at = clock.now()
        stored = archive.store(connection, data=data, name=name, channel="unknown", direction="in", provider_id=CENTRE, at=at)
        finding = Finding(
            Position(name),
            "IN-0101",
            "error",
            "reject_archive",
            message=f"Файл не опознан ({why}).",
            hint="Проверьте, тот ли это файл; незнакомый реестр банка: erkc banks profile ФАЙЛ. Байты сохранены в архиве.",
        )
        return _refuse(connection, name=name, adapter="unknown", message_id=stored.message_id, finding=finding, at=at)


def load_region(
    engine: Engine, *, name: str, data: bytes, parse: Parse, clock: Clock
) -> tuple[MessageId, tuple[Finding, ...], Mapping[str, int], list[ProviderId]]:
    """Take a region's configuration: registered senders, approved tariffs and norms, settings. A version of it is a message too."""
    with transaction(engine) as connection:
        at = clock.now()
        stored = archive.store(connection, data=data, name=name, channel="region", direction="configuration", provider_id=CENTRE, at=at)
        findings: list[Finding] = []
        records = [item for item in _split(parse({}), findings, []) if isinstance(item, Record)]
        if any(item.severity == "error" for item in findings):
            return stored.message_id, tuple(findings), {}, []
        saved = save(connection, provider_id=CENTRE, message_id=stored.message_id, records=records, recorded_at=at)
        senders = [record.body for record in records if isinstance(record.body, RegisteredSender)]
        return stored.message_id, tuple(findings), saved.new, register_senders(connection, senders)


def _split(items: Iterator[Record | Finding | Parsed], findings: list[Finding], ends: list[Parsed]) -> Iterator[Record]:
    """Records go on as a stream; findings and the end of the message are put aside."""
    for item in items:
        if isinstance(item, Finding):
            findings.append(item)
        elif isinstance(item, Parsed):
            ends.append(item)
        else:
            yield item


@dataclass(slots=True)
class _Reading:
    """One message being loaded inside one transaction."""

    connection: Connection
    message_id: MessageId
    header: Mapping[str, str]
    at: datetime
    earlier: Intake | None
    """The rejection that this attempt follows."""
    findings: list[Finding] = field(default_factory=list)
    ends: list[Parsed] = field(default_factory=list)
    payments: list[tuple[str, int]] = field(default_factory=list)
    packs: list[str] = field(default_factory=list)
    """Packs of payments that were found right."""

    def load(self, name: str, adapter: str, parse: Parse) -> Taken:
        """Store everything that the message says."""
        sender = self._sender()
        known = known_keys(self.connection, sender.provider_id) if sender else {}
        owner = sender.provider_id if sender else CENTRE
        quarantine = Quarantine(self.connection, owner, self.message_id)
        recognised = Recognised(self.connection, owner)
        told = recognised.records(_split(parse(recognised.known(known)), self.findings, self.ends))
        records = quarantine.noting_arrivals(self._noting_money(told))
        saved = save(self.connection, provider_id=owner, message_id=self.message_id, records=records, recorded_at=self.at)
        recognised.remember(message_id=self.message_id, at=self.at)
        end = self.ends[-1]
        if self.earlier is not None and end.status == _REJECTED and _found(self.connection, self.earlier) == tuple(self.findings):
            return _again(self.connection, name, self.earlier)
        month = Month.parse(end.header["period"]) if end.header.get("period") else None
        status, money = end.status, None
        unplaced = unplaced_acts(self.connection, provider_id=owner, message_id=self.message_id) if Act.kind_name in saved.new else []
        if unplaced:
            self.findings.extend(unplaced)
            status = "accepted_with_errors"
        released: Mapping[str, int] = {}
        if status != _REJECTED and sender is not None and month is not None:
            released = quarantine.release(packs=frozenset(self.packs), payments=frozenset(key for key, _ in self.payments), at=self.at)
            self._post(sender, month, end, is_released=bool(released))
            suspended = {key: code for key, code in end.suspended.items() if key not in quarantine.released_payments}
            money = money_totals(self.payments, suspended)
            if status == "accepted" and any(finding.code == _FINISHED_MONTH for finding in self.findings):
                status = "accepted_with_errors"
        _save_outcome(
            self.connection,
            Intake(
                self.message_id,
                owner,
                adapter,
                status,
                month,
                dict(end.header),
                dict(end.counts),
                self.at,
                released,
                None if money is None else asdict(money),
            ),
            name=name,
            findings=self.findings,
        )
        new = sum(saved.new.values())
        return Taken(name, self.message_id, sender, month, status, end.counts, tuple(self.findings), money, True, new, released)

    def _post(self, sender: Provider, month: Month, end: Parsed, *, is_released: bool) -> None:
        """Opening balances, then payments; what can not be corrected any more is a finding.

        Balances that waited were of the month that was taken over, whichever month the message is of.
        """
        opening = (takeover_month(self.connection, provider_id=sender.provider_id) if is_released else None) or month
        openings = post_openings(self.connection, provider=sender, month=opening, message_id=self.message_id, at=self.at)
        if openings.refused:
            accounts = ", ".join(openings.refused[:_SHOWN_ACCOUNTS]) + (" …" if len(openings.refused) > _SHOWN_ACCOUNTS else "")
            self.findings.append(
                Finding(
                    Position("saldo.csv"),
                    _FINISHED_MONTH,
                    "error",
                    "hold_row",
                    value=accounts,
                    message=f"Входящее сальдо изменено у лицевых счетов: {len(openings.refused)}, но {opening.title} уже проведён.",
                    hint="Остатки проведённого месяца не меняются: исправьте долг перерасчётом в открытом месяце.",
                )
            )
        if openings.without_months:
            listed = openings.without_months
            accounts = ", ".join(listed[:_SHOWN_ACCOUNTS]) + (" …" if len(listed) > _SHOWN_ACCOUNTS else "")
            self.findings.append(
                Finding(
                    Position("saldo.csv"),
                    _WITHOUT_MONTHS,
                    "error",
                    "hold_row",
                    value=accounts,
                    message=f"Входящий долг без разбивки по месяцам у лицевых счетов: {len(listed)}; по настройке региона он не принят.",
                    hint="Пришлите долги по месяцам возникновения (EPDDEBT) или настройте opening_without_months = unknown.",
                )
            )
        sent = SentPayments(frozenset(key for key, _ in self.payments), frozenset(self.packs))
        post_archive_payments(self.connection, provider=sender, month=month, message_id=self.message_id, sent=sent, at=self.at)

    def _sender(self) -> Provider | None:
        found = find_provider(self.connection, inn=self.header.get("inn", ""), kpp=self.header.get("kpp", ""))
        return None if found is None else provider(self.connection, found)

    def _noting_money(self, records: Iterator[Record]) -> Iterator[Record]:
        for record in records:
            if isinstance(record.body, Payment):
                self.payments.append((record.key, signed_amount(record.body)))
            elif isinstance(record.body, PaymentPack) and record.state in _LOADED:
                self.packs.append(record.key)
            yield record


def _tell(connection: Connection, intake: Intake, name: str, findings: list[Finding]) -> None:
    """Events that people will be told of: the archive, what was found in it, and what it brought out of quarantine."""

    def told(kind: events.EventKind, data: Mapping[str, object]) -> None:
        events.record(
            connection,
            kind=kind,
            provider_id=intake.provider_id,
            subject_kind="message",
            subject_id=intake.message_id,
            data={"name": name, **data},
            at=intake.taken_at,
        )

    told(events.EventKind.ARCHIVE_TAKEN, {"status": intake.status, "findings": len(findings)})
    held = sum(1 for item in findings if item.effect == _HELD_READING)
    for kind, count in ((events.EventKind.READING_HELD, held), (events.EventKind.FINDING_OPENED, len(findings))):
        if count:
            told(kind, {"count": count})
    if intake.released:
        told(events.EventKind.QUARANTINE_RELEASED, {"count": sum(intake.released.values()), "kinds": dict(intake.released)})


def _refuse(connection: Connection, *, name: str, adapter: str, message_id: MessageId, finding: Finding, at: datetime) -> Taken:
    """Store the refusal of a message as a whole, unless it was refused for this before."""
    earlier = read_intake(connection, message_id)
    if earlier is not None and (earlier.status != _REJECTED or _found(connection, earlier) == (finding,)):
        return _again(connection, name, earlier)
    intake = Intake(message_id, CENTRE, adapter, _REJECTED, None, {}, {}, moment_after(earlier, at))
    _save_outcome(connection, intake, name=name, findings=[finding])
    return Taken(name, message_id, None, None, _REJECTED, {}, (finding,), None, True)


def _save_outcome(connection: Connection, intake: Intake, *, name: str, findings: list[Finding]) -> None:
    """The outcome first: findings belong to the latest outcome of their message."""
    if not save_intake(connection, intake):
        raise TransientError("IN-0105", f"Файл «{name}» в это же время принимает другой процесс.", hint="Повторите команду.", file=name)
    owner, message_id, at = intake.provider_id, intake.message_id, intake.taken_at
    save_findings(connection, findings, provider_id=owner, message_id=message_id, month=intake.month, found_at=at)
    _tell(connection, intake, name, findings)


def _found(connection: Connection, intake: Intake) -> tuple[Finding, ...]:
    """What the latest outcome of a message found."""
    return tuple(stored.finding for stored in read_findings(connection, message_id=intake.message_id))


def _again(connection: Connection, name: str, known: Intake) -> Taken:
    """The stored outcome of a message that was taken before."""
    sender = None if known.provider_id == CENTRE else provider(connection, known.provider_id)
    findings = _found(connection, known)
    money = None if known.money is None else MoneyTotals(**known.money)
    return Taken(name, known.message_id, sender, known.month, known.status, known.counts, findings, money, False, released=known.released)

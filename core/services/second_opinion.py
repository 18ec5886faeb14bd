"""The second opinion: lines that a sender stated otherwise than the law has them, by account, house, service and cause, with its answers.

What is shown is the audit of the month (:mod:`core.services.audit`); here it is named, numbered and answered. A sender's answer is a
message of the archive and a resolution of the centre: it closes the difference (the sender agrees and corrects, or has shown why its sum
is right) or keeps it. It is about the very sums it was given on: when either of them changes, the difference is open again.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, Engine, text

from core import archive
from core.charges.law import Law
from core.clock import Clock
from core.errors import InputError
from core.ids import CENTRE
from core.model.records import Resolution
from core.model.register import Column, Register, RegisterPart
from core.money import format_roubles
from core.period import Month
from core.records.latest import read_services
from core.records.providers import Provider, providers
from core.records.resolutions import Resolved, read_resolutions, resolve
from core.services.audit import audit_month
from core.services.month_view import ProviderMonth
from core.storage.engine import transaction

__all__ = ["CAUSE_TITLES", "STATES", "AuditLine", "Summed", "answer_audit", "audit_lines", "audit_register", "summed"]

CAUSE_TITLES = {
    "area": "площадь",
    "residents": "число проживающих",
    "tariff": "тариф",
    "coefficient": "повышающий коэффициент",
    "interruption": "перерыв",
    "soi_share": "доля общедомового объёма",
    "heating_method": "отопление без учёта прибора дома",
    "absence": "временное отсутствие",
    "unexplained": "не объяснено",
}
STATES = {"open": "ждёт ответа", "closed": "закрыто", "kept": "остаётся"}
State = Literal["open", "closed", "kept"]


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One differing line; kopecks."""

    number: str
    """Short and stable while account, service and month are the same."""
    subject: str
    sender: Provider
    month: Month
    house: str
    account: str
    service: str
    service_key: str
    stated: int
    recomputed: int
    causes: tuple[str, ...]
    answer: Resolved | None
    """The last answer, whether it is about these sums or others."""

    @property
    def difference(self) -> int:
        """Stated too much (positive) or too little."""
        return self.stated - self.recomputed

    @property
    def cause(self) -> str:
        """For people."""
        return " + ".join(CAUSE_TITLES[cause] for cause in self.causes)

    @property
    def state(self) -> State:
        """What the answer makes of the difference."""
        if self.answer is None or self.answer.body.about != self.sums:
            return "open"
        return "closed" if self.answer.body.value == "closed" else "kept"

    @property
    def sums(self) -> str:
        """What an answer is about."""
        return f"{format_roubles(self.stated)} / {format_roubles(self.recomputed)}"


@dataclass(frozen=True, slots=True)
class Summed:
    """Lines that have something in common."""

    name: str
    lines: int
    over: int
    """Stated above the law, kopecks."""
    under: int
    """Stated below it; negative."""

    @property
    def difference(self) -> int:
        """Both together."""
        return self.over + self.under


def audit_lines(engine: Engine, *, month: Month, law: Law, inn: str | None = None) -> list[AuditLine]:
    """Differing lines of a month of all senders or of one; ``InputError`` AUD-0101 where nothing is computed."""
    with transaction(engine) as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        return _lines(connection, month, law, inn)


def _lines(connection: Connection, month: Month, law: Law, inn: str | None) -> list[AuditLine]:
    answers = read_resolutions(connection, "audit")
    senders = [one for one in providers(connection) if one.provider_id != CENTRE and inn in (None, one.inn)]
    parts = [part for part in (ProviderMonth(connection, one, month, law) for one in senders) if part.has_lines]
    if not parts:
        who = "" if inn is None else f" у отправителя с ИНН {inn}"
        hint = f"Выполните erkc bill month {month} --draft: начисления сверяются с расчётом."
        raise InputError("AUD-0101", f"За {month.title}{who} ничего не рассчитано: сверять не с чем.", hint=hint)
    return [line for part in parts for line in _of_part(part, answers)]


def _of_part(part: ProviderMonth, answers: Mapping[str, Resolved]) -> Iterable[AuditLine]:
    names = {row.entity_id: row.name for row in read_services(part.connection, provider_id=part.provider.provider_id, month=part.month)}
    houses = {account.account_id: joint.house.address for joint in part.joint.values() for account in joint.own.accounts}
    for row in audit_month(part):
        account = part.accounts[row.account_id].number
        key = part.service_keys[row.service_id]
        subject = f"{part.provider.inn}/{part.provider.kpp}/{part.month}/{account}/{key}"
        yield AuditLine(
            number=hashlib.sha256(subject.encode()).hexdigest()[:8],
            subject=subject,
            sender=part.provider,
            month=part.month,
            house=houses.get(row.account_id, ""),
            account=account,
            service=names.get(row.service_id, key),
            service_key=key,
            stated=row.stated,
            recomputed=row.recomputed,
            causes=row.causes,
            answer=answers.get(subject),
        )


def summed(lines: Sequence[AuditLine], name: Callable[[AuditLine], str]) -> list[Summed]:
    """Lines together by what ``name`` gives, the greatest difference first."""
    by_name: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        by_name[name(line)].append(line.difference)
    rows = [
        Summed(key, len(amounts), sum(a for a in amounts if a > 0), sum(a for a in amounts if a < 0)) for key, amounts in by_name.items()
    ]
    return sorted(rows, key=lambda row: (-abs(row.over) - abs(row.under), row.name))


def audit_register(lines: Sequence[AuditLine], month: Month) -> Register:
    """The lines as a register: a sheet a sender."""
    columns = (
        Column("number", "№", "text", width=10),
        Column("house", "Дом", "text", width=34),
        Column("account", "Лицевой счёт", "text"),
        Column("service", "Услуга", "text", width=28),
        Column("stated", "Начислил отправитель", "money"),
        Column("recomputed", "По закону", "money"),
        Column("difference", "Разница", "money"),
        Column("cause", "Причина", "text", width=30),
        Column("state", "Состояние", "text", width=12),
        Column("answer", "Ответ отправителя", "text", width=40, on_screen=False),
    )
    by_sender: dict[str, list[AuditLine]] = defaultdict(list)
    for line in lines:
        by_sender[line.sender.inn].append(line)
    parts = [
        RegisterPart(
            inn,
            mine[0].sender.name,
            columns,
            [
                (
                    one.number, one.house, one.account, one.service, one.stated, one.recomputed, one.difference, one.cause,
                    STATES[one.state], "" if one.answer is None else one.answer.body.reason,
                )
                for one in mine
            ],
            {"difference": sum(one.difference for one in mine)},
        )
        for inn, mine in by_sender.items()
    ]  # fmt: skip
    note = "Разница = начислил отправитель − по закону (утверждённые тарифы и нормативы региона); причина доказана пересчётом до копейки."
    return Register("audit", "Второе мнение о начислениях отправителей", month, ("house", "account", "service"), columns, parts, note)


def answer_audit(
    engine: Engine, *, month: Month, law: Law, numbers: Sequence[str], closes: bool, answer: str, actor: str, clock: Clock
) -> list[AuditLine]:
    """Record a sender's answer about some lines, all or none; the lines as they stand after.

    ``InputError`` AUD-0102 for a number that is not there, AUD-0103 for an empty answer.
    """
    if not answer.strip():
        raise InputError("AUD-0103", "Ответ пуст.", hint='Перескажите ответ отправителя с номером письма: --text "письмо № 12 от …".')
    with transaction(engine) as connection:
        found = {line.number: line for line in _lines(connection, month, law, None)}
    missing = [number for number in numbers if number not in found]
    if missing:
        raise InputError(
            "AUD-0102", f"Расхождения {', '.join(missing)} за {month.title} нет.", hint=f"Номера показывает erkc audit show {month}."
        )
    chosen = [found[number] for number in dict.fromkeys(numbers)]
    value = "closed" if closes else "kept"
    at = clock.now()
    document = {
        "decision": "audit",
        "answer": answer.strip(),
        "outcome": value,
        "actor": actor,
        "decided_at": at.isoformat(),
        "lines": [{"number": one.number, "subject": one.subject, "sums": one.sums, "causes": list(one.causes)} for one in chosen],
    }
    with transaction(engine) as connection:
        message = archive.store(
            connection,
            data=json.dumps(document, ensure_ascii=False, indent=1).encode(),
            name="audit-answer.json",
            channel="audit",
            direction="decision",
            provider_id=CENTRE,
            at=at,
        ).message_id
    with transaction(engine) as connection:
        bodies = [Resolution("audit", one.subject, value, one.sums, answer.strip(), actor) for one in chosen]
        resolve(connection, bodies, message_id=message, at=at)
        wanted = {one.number for one in chosen}
        return [line for line in _lines(connection, month, law, None) if line.number in wanted]

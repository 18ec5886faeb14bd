"""Bringing a company in: load → match → balances agreed → parallel month → go-live of each house. Every step has a report, computed anew
each time it is asked for; what people agree on is a decision of the archive.

Nothing of it is a state machine: the first three reports say how the sender's data stand now, the fourth is the audit of the month, and a
decision names the very sums (or the very house) that it is about. When these change, the step is open again by itself.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine

from core import archive
from core.charges.law import Law
from core.clock import Clock
from core.errors import ConfigError, InputError
from core.ids import CENTRE, EntityId
from core.ledger import months
from core.ledger.months import MonthState
from core.ledger.openings import opening_positions
from core.model.lines import Chart
from core.model.records import Resolution
from core.money import format_roubles
from core.period import Month
from core.records.findings import StoredFinding, read_findings
from core.records.intake import read_intakes
from core.records.latest import (
    read_accounts,
    read_balances,
    read_houses_list,
    read_opening_penalties,
    read_organisations,
    read_services,
)
from core.records.providers import Provider, providers
from core.records.resolutions import Resolved, read_resolutions, resolve
from core.services.going_live import LIVE_MATTER, house_subject
from core.services.house_matching import Matched, match_houses
from core.services.second_opinion import AuditLine, audit_lines
from core.storage.engine import transaction

__all__ = [
    "STEPS", "Act", "ActLine", "HouseStep", "Loaded", "Onboarding", "Parallel", "agree_balances", "balance_act", "go_live", "onboarding",
]  # fmt: skip

STEPS = {
    "load": "загрузка",
    "match": "сопоставление домов",
    "balances": "сверка сальдо",
    "parallel": "параллельный месяц",
    "live": "ввод домов",
}
_MATTER = LIVE_MATTER
_MATCHED = ("code", "other_address", "address", "decision")
_HELD_BALANCES = ("hold_row", "hold_document")
_REJECTED = "rejected"
_PENALTY_KINDS = (1, 2)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came from the sender."""

    messages: int
    rejected: int
    houses: int
    accounts: int
    open_accounts: int
    errors: tuple[StoredFinding, ...]
    """Errors of the messages that were not rejected and wait for the sender."""

    @property
    def is_done(self) -> bool:
        """Whether there is something and nothing of it is refused or held."""
        return self.accounts > 0 and not self.errors


@dataclass(frozen=True, slots=True)
class ActLine:
    """Opening balances of a service owed to a creditor, kopecks: as the sender states them and as the ledger took them over."""

    service: str
    creditor: str
    stated_debt: int
    stated_advance: int
    posted_debt: int
    posted_advance: int
    differing: tuple[tuple[str, int, int], ...]
    """Accounts whose balances differ: number, stated, posted."""


@dataclass(frozen=True, slots=True)
class Act:
    """Opening balances of a sender on the first day of a month."""

    sender: Provider
    month: Month
    accounts: int
    lines: tuple[ActLine, ...]
    stated_penalty: int
    posted_penalty: int
    held: int
    """Rows and documents of the sender that are held: their balances are not posted."""
    agreed: Resolved | None

    @property
    def stated(self) -> int:
        """Debts less advances as stated."""
        return sum(line.stated_debt - line.stated_advance for line in self.lines)

    @property
    def posted(self) -> int:
        """Debts less advances as posted."""
        return sum(line.posted_debt - line.posted_advance for line in self.lines)

    @property
    def differing(self) -> int:
        """Balances that are not as stated."""
        return sum(len(line.differing) for line in self.lines)

    @property
    def sums(self) -> str:
        """What an agreement is about."""
        sums = (self.stated, self.posted, self.stated_penalty, self.posted_penalty)
        return " / ".join(format_roubles(amount) for amount in sums) + f" / {self.accounts} / {self.differing} / {self.held}"

    @property
    def is_agreed(self) -> bool:
        """Whether people have agreed on these very sums."""
        return self.agreed is not None and self.agreed.body.about == self.sums


@dataclass(frozen=True, slots=True)
class Parallel:
    """A month computed by both: ours beside theirs."""

    is_computed: bool
    lines: tuple[AuditLine, ...]

    @property
    def open_lines(self) -> tuple[AuditLine, ...]:
        """Differences that wait for an answer."""
        return tuple(line for line in self.lines if line.state == "open")


@dataclass(frozen=True, slots=True)
class HouseStep:
    """One house on its way."""

    key: str
    address: str
    is_matched: bool
    differences: int
    open_differences: int
    live_from: date | None
    lacks: tuple[str, ...]
    """What is missing for going live, in words; empty when nothing is."""


@dataclass(frozen=True, slots=True)
class Onboarding:
    """How far a sender is."""

    sender: Provider
    month: Month
    loaded: Loaded
    matched: tuple[Matched, ...]
    act: Act
    parallel: Parallel
    houses: tuple[HouseStep, ...]

    @property
    def done(self) -> Mapping[str, bool]:
        """Steps by code."""
        return {
            "load": self.loaded.is_done,
            "match": bool(self.matched) and all(one.state in _MATCHED for one in self.matched),
            "balances": self.act.is_agreed,
            "parallel": self.parallel.is_computed and not self.parallel.open_lines,
            "live": bool(self.houses) and all(house.live_from is not None for house in self.houses),
        }


def onboarding(engine: Engine, *, inn: str, month: Month, law: Law, kpp: str | None = None) -> Onboarding:
    """All reports of a sender as its data stand now; ``ConfigError`` ONB-0101 when there is no such sender."""
    with transaction(engine) as connection:
        sender = _sender(connection, inn, kpp)
        loaded = _loaded(connection, sender, month)
        act = _act(connection, sender, month)
        listed = read_houses_list(connection, provider_id=sender.provider_id)
        decisions = read_resolutions(connection, _MATTER)
    matched = tuple(one for one in match_houses(engine) if one.sender.provider_id == sender.provider_id)
    parallel = _parallel(engine, sender, month, law)
    is_matched = {one.key: one.state in _MATCHED for one in matched}
    houses = []
    for row in sorted(listed, key=lambda one: one.address):
        own = [line for line in parallel.lines if line.house == row.address]
        waiting = sum(line.state == "open" for line in own)
        live = decisions.get(house_subject(sender, row.key))
        lacks = _lacks(is_matched.get(row.key, False), act, parallel, waiting)
        live_from = None if live is None else date.fromisoformat(live.body.value)
        houses.append(HouseStep(row.key, row.address, is_matched.get(row.key, False), len(own), waiting, live_from, lacks))
    return Onboarding(sender, month, loaded, matched, act, parallel, tuple(houses))


def balance_act(engine: Engine, *, inn: str, month: Month, kpp: str | None = None) -> Act:
    """The opening balances of a month, stated beside posted."""
    with transaction(engine) as connection:
        return _act(connection, _sender(connection, inn, kpp), month)


def agree_balances(engine: Engine, *, inn: str, month: Month, reason: str, actor: str, clock: Clock, kpp: str | None = None) -> Act:
    """Record that both sides have signed the act, as the sums stand now.

    ``InputError`` ONB-0102 where there is nothing to agree on, ONB-0103 without a reason.
    """
    if not reason.strip():
        raise InputError("ONB-0103", "Не указано основание.", hint='Назовите подписанный акт: --reason "акт № 1 от …".')
    with transaction(engine) as connection:
        sender = _sender(connection, inn, kpp)
        act = _act(connection, sender, month)
        if not act.accounts:
            raise InputError("ONB-0102", f"Входящего сальдо за {month.title} нет: сверять нечего.", hint="Примите пакет: erkc take ФАЙЛ.")
        body = Resolution(_MATTER, _act_subject(sender, month), "agreed", act.sums, reason.strip(), actor)
        _decide(connection, [body], {"sums": act.sums, "month": str(month)}, clock)
        return _act(connection, sender, month)


def go_live(
    engine: Engine, *, inn: str, month: Month, houses: Sequence[str], first_day: date, law: Law, reason: str, despite: bool, actor: str,
    clock: Clock, kpp: str | None = None,
) -> Onboarding:  # fmt: skip
    """Record from which day houses are charged by the centre, all or none; before it the sender's charges are accepted.

    ``InputError`` ONB-0104 for a house that is not the sender's, ONB-0105 where something is missing and ``despite`` is not said, ONB-0103
    without a reason, ONB-0107 for a day that begins no month, ONB-0108 where that month is posted already.
    """
    if not reason.strip():
        raise InputError("ONB-0103", "Не указано основание.", hint='Назовите решение: --reason "приказ № 5 от …".')
    found = onboarding(engine, inn=inn, month=month, law=law, kpp=kpp)
    by_key = {house.key: house for house in found.houses}
    missing = [key for key in houses if key not in by_key]
    if missing:
        raise InputError(
            "ONB-0104", f"Домов {', '.join(missing)} у отправителя нет.", hint=f"Номера показывает erkc onboard status {inn} {month}."
        )
    waiting = [by_key[key] for key in houses if by_key[key].lacks]
    if waiting and not despite:
        listed = "; ".join(f"{house.address}: {', '.join(house.lacks)}" for house in waiting[:5])
        raise InputError("ONB-0105", f"Дома не готовы: {listed}.", hint="Закончите шаги или решите вопреки им: --despite.")
    bodies = [
        Resolution(_MATTER, house_subject(found.sender, key), first_day.isoformat(), ", ".join(by_key[key].lacks), reason.strip(), actor)
        for key in dict.fromkeys(houses)
    ]
    first = Month.of(first_day)
    if first_day != first.first:
        raise InputError(
            "ONB-0107",
            f"{first_day:%d.%m.%Y} — не первый день месяца.",
            hint="Начисляют за календарный месяц (ПП 354, п. 37): назовите 1-е число.",
        )
    with transaction(engine) as connection:
        if months.current(connection, provider_id=found.sender.provider_id, month=first).state in (MonthState.POSTED, MonthState.CLOSED):
            raise InputError("ONB-0108", f"{first.title} уже проведён.", hint="Назначьте первый день месяца, который ещё не проведён.")
        _decide(connection, bodies, {"houses": list(houses), "first_day": first_day.isoformat(), "month": str(month)}, clock)
    return onboarding(engine, inn=inn, month=month, law=law, kpp=kpp)


def _sender(connection: Connection, inn: str, kpp: str | None) -> Provider:
    found = [one for one in providers(connection) if one.provider_id != CENTRE and one.inn == inn and kpp in (None, one.kpp)]
    if len(found) != 1:
        what = "не зарегистрирован" if not found else "назван неоднозначно"
        raise ConfigError(
            "ONB-0101", f"Отправитель с ИНН {inn} {what}.", hint="Загрузите настройки региона (erkc region load) или укажите --kpp."
        )
    return found[0]


def _act_subject(sender: Provider, month: Month) -> str:
    return f"{sender.inn}/{sender.kpp}/balances/{month}"


def _decide(connection: Connection, bodies: Sequence[Resolution], about: Mapping[str, object], clock: Clock) -> None:
    at = clock.now()
    document = {
        "decision": _MATTER,
        "subjects": [one.subject for one in bodies],
        "reason": bodies[0].reason,
        "actor": bodies[0].actor,
    } | dict(about)
    message = archive.store(
        connection,
        data=json.dumps(document | {"decided_at": at.isoformat()}, ensure_ascii=False, indent=1).encode(),
        name="onboarding.json",
        channel="onboarding",
        direction="decision",
        provider_id=CENTRE,
        at=at,
    ).message_id
    resolve(connection, bodies, message_id=message, at=at)


def _loaded(connection: Connection, sender: Provider, month: Month) -> Loaded:
    intakes = read_intakes(connection, provider_id=sender.provider_id, month=month)
    rejected = {one.message_id for one in intakes if one.status == _REJECTED}
    accounts = list(read_accounts(connection, provider_id=sender.provider_id, month=month))
    errors = [
        stored
        for stored in read_findings(connection, provider_id=sender.provider_id, month=month, open_only=True)
        if stored.message_id is not None and stored.message_id not in rejected and stored.finding.severity == "error"
    ]
    is_open = sum(row.closed_on is None or row.closed_on >= month.first for row in accounts)
    houses = read_houses_list(connection, provider_id=sender.provider_id)
    return Loaded(len(intakes), len(rejected), len(houses), len(accounts), is_open, tuple(errors))


def _act(connection: Connection, sender: Provider, month: Month) -> Act:
    stated: dict[tuple[EntityId, EntityId, EntityId], int] = {}
    for row in read_balances(connection, provider_id=sender.provider_id, month=month):
        if row.account_id is not None and row.service_id is not None and row.creditor_id is not None:
            stated[row.account_id, row.service_id, row.creditor_id] = row.opening
    posted: dict[tuple[EntityId, EntityId, EntityId], int] = defaultdict(int)
    posted_penalty = 0
    for (_, account), places in opening_positions(connection, provider_id=sender.provider_id).items():
        for place, amount in places.items():
            if place.chart in (Chart.RECEIVABLE, Chart.ADVANCE):
                posted[account, place.service_id or EntityId(0), place.creditor_id or EntityId(0)] += amount
            else:
                posted_penalty += amount
    stated_penalty = sum(
        row.opening
        for row in read_opening_penalties(connection, provider_id=sender.provider_id, month=month)
        if row.kind in _PENALTY_KINDS and row.opening > 0
    )
    services = {row.entity_id: row.name for row in read_services(connection, provider_id=sender.provider_id)}
    creditors = {row.entity_id: row.short_name or row.name for row in read_organisations(connection, provider_id=sender.provider_id)}
    numbers = {row.entity_id: row.number for row in read_accounts(connection, provider_id=sender.provider_id)}
    by_place: dict[tuple[EntityId, EntityId], list[tuple[EntityId, int, int]]] = defaultdict(list)
    for key in stated.keys() | posted.keys():
        by_place[key[1], key[2]].append((key[0], stated.get(key, 0), posted.get(key, 0)))
    lines = [
        ActLine(
            services.get(service, "—"),
            creditors.get(creditor, "—"),
            sum(said for _, said, _ in rows if said > 0),
            -sum(said for _, said, _ in rows if said < 0),
            sum(took for _, _, took in rows if took > 0),
            -sum(took for _, _, took in rows if took < 0),
            tuple(sorted((numbers.get(account, "—"), said, took) for account, said, took in rows if said != took)),
        )
        for (service, creditor), rows in by_place.items()
    ]
    held = sum(
        stored.finding.effect in _HELD_BALANCES and stored.message_id is not None
        for stored in read_findings(connection, provider_id=sender.provider_id, month=month, open_only=True)
    )
    accounts = len({key[0] for key in stated})
    agreed = read_resolutions(connection, _MATTER).get(_act_subject(sender, month))
    ordered = tuple(sorted(lines, key=lambda line: (line.service, line.creditor)))
    return Act(sender, month, accounts, ordered, stated_penalty, posted_penalty, held, agreed)


def _parallel(engine: Engine, sender: Provider, month: Month, law: Law) -> Parallel:
    try:
        lines = audit_lines(engine, month=month, law=law, inn=sender.inn)
    except InputError as error:
        if error.code != "AUD-0101":
            raise
        return Parallel(False, ())
    return Parallel(True, tuple(line for line in lines if line.sender.provider_id == sender.provider_id))


def _lacks(is_matched: bool, act: Act, parallel: Parallel, waiting: int) -> tuple[str, ...]:
    lacks = []
    if not is_matched:
        lacks.append("дом не сопоставлен с ГАР")
    if not act.is_agreed:
        lacks.append("акт сверки сальдо не согласован" if act.agreed is None else "сальдо изменилось после согласования")
    if not parallel.is_computed:
        lacks.append("параллельный месяц не рассчитан")
    elif waiting:
        lacks.append(f"расхождений без ответа: {waiting}")
    return tuple(lacks)

"""Banks: ``erkc reconcile``, and the room ``erkc banks``. Files of banks come in by ``erkc take``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from adapters.banks.profile import profile_named
from core.calendar import WorkCalendar
from core.charges.deadlines import deadlines
from core.errors import ConfigError
from core.payments.reconcile import LineOutcome, RegistryOutcome
from core.payments.states import LINE_REASONS, NOTICE_REASONS, PAYMENT_REASONS, REGISTRY_REASONS, Standing, standing
from core.services.payment_states import Notice, PaymentState, counted, notices_of_payments, payment_states
from core.services.payments import Reconciled, reconcile
from core.services.second_channels import possible_duplicates
from core.storage.engine import transaction
from erkc.bank_reconciliation import RegistryFile, reconcile_files
from erkc.cli import bank_room
from erkc.cli.duplicates import duplicate_json, say_duplicates, since_month
from erkc.cli.options import Json, law, opened
from erkc.cli.screen import Screen, roubles
from erkc.cli.suspense import released_json, say_released

__all__ = ["REGISTRY_STATES", "register", "show_reconciled"]

REGISTRY_STATES = {
    "reconciled": "сошёлся",
    "short": "недоплата",
    "over": "переплата",
    "fee_difference": "разница — комиссия",
    "no_order": "перевод не пришёл",
    "closed": "закрыт",
    "refused": "отклонён",
}


_MOST_LINES = 20
_NEED_SOMEBODY = frozenset(("told_refused", "acknowledgment_refused", "to_annul", "other_amount"))
_URGENCIES = {"warning": "напомните агенту", "letter": "пора писать агенту письмо"}


def registry_standing(done: Reconciled, outcome: RegistryOutcome, today: date, calendar: WorkCalendar) -> Standing:
    """How a registry stands: since its first order, else since its own day."""
    body = done.registries[outcome.key].body
    orders = [done.lines[key].body.value_on or done.lines[key].body.document_on for key in outcome.lines]
    days = [day for day in orders if day is not None]
    since = min(days) if days else body.registry_on or body.order_on
    return standing(outcome.state, since, today=today, reasons=REGISTRY_REASONS, calendar=calendar)


def line_standing(done: Reconciled, outcome: LineOutcome, today: date, calendar: WorkCalendar) -> Standing:
    """How a statement line stands: since its value date."""
    line = done.lines[outcome.key].body
    return standing(outcome.state, line.value_on or line.document_on, today=today, reasons=LINE_REASONS, calendar=calendar)


def _standing(told: Standing) -> dict[str, object]:
    return {
        "since": None if told.since is None else told.since.isoformat(),
        "age_days": told.age_days,
        "working_days": told.working_days,
        "reason": told.reason,
        "urgency": told.urgency,
    }


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.command("reconcile")(reconcile_command)
    bank_room.register(application)


def reconcile_command(
    statement: Annotated[Path | None, typer.Option(help="Выписка: сверить файлы без базы данных.")] = None,
    registry: Annotated[list[str] | None, typer.Option(help="Реестр и его профиль: ФАЙЛ=ПРОФИЛЬ; можно несколько.")] = None,
    accounts: Annotated[Path | None, typer.Option(help="Известные счета (JSON).")] = None,
    payments: Annotated[bool, typer.Option("--payments", help="Показать каждый платёж: его состояние и что о нём знает ГИС ЖКХ.")] = False,
    as_json: Json = False,
) -> None:
    """Сверить реестры агентов, строки выписок и учёт; провести удержанные комиссии. С --statement — только файлы.

    Невыясненные платежи опознаются заново; те, чей счёт теперь известен, разносятся.
    """
    if statement is not None:
        _over_files(statement, registry or [], accounts, Screen(as_json=as_json))
        return
    with opened(as_json) as (application, screen):
        done = reconcile(application.engine, clock=application.clock)
        today = application.clock.now().date()
        calendar = deadlines(law(), {}, day=today).calendar
        show_reconciled(screen, done)
        for item in done.result.registries:
            if (told := registry_standing(done, item, today, calendar)).urgency:
                screen.say(f"  {item.key}: {told.reason}, рабочих дней: {told.working_days}; {_URGENCIES[told.urgency]}.")
        for line in done.result.lines:
            if (told := line_standing(done, line, today, calendar)).urgency:
                screen.say(f"  {line.key}: {told.reason}, рабочих дней: {told.working_days}; {_URGENCIES[told.urgency]}.")
        say_released(screen, done.released)
        with transaction(application.engine) as connection:
            notices = notices_of_payments(connection)
            listed = list(payment_states(connection, done)) if payments else None
            twice = possible_duplicates(connection, since=since_month(None, today))
        say_notices(screen, notices)
        say_duplicates(screen, twice)
        if listed is not None:
            show_payments(screen, listed)
        screen.document(
            {
                "registries": [
                    {
                        "key": item.key,
                        "state": item.state,
                        "expected_kop": item.expected,
                        "ordered_kop": item.ordered,
                        "difference_kop": item.difference,
                        "payments": dict(item.payments),
                        **_standing(registry_standing(done, item, today, calendar)),
                    }
                    for item in done.result.registries
                ],
                "lines": [
                    {
                        "key": item.key,
                        "state": item.state,
                        "registries": list(item.registries),
                        **_standing(line_standing(done, item, today, calendar)),
                    }
                    for item in done.result.lines
                ],
                "posted": done.posted,
                "released": released_json(done.released),
                "gis": counted(notices),
                "possible_duplicates": [duplicate_json(one) for one in twice if not one.are_two],
                **({} if listed is None else {"payments": [_payment_json(item, today, calendar) for item in listed]}),
            }
        )
    if done.differences:
        raise typer.Exit(1)


def _over_files(statement: Path, registries: list[str], accounts: Path | None, screen: Screen) -> None:
    listed = []
    for item in registries:
        file, _, profile = item.rpartition("=")
        if not file:
            raise ConfigError("CLI-0401", f"«{item}»: не назван профиль реестра.", hint="Пишите так: --registry ФАЙЛ=sber-delimited.")
        listed.append(RegistryFile(Path(file).name, Path(file).read_bytes(), profile_named(profile)))
    if accounts is None:
        raise ConfigError(
            "CLI-0402", "Не названы известные счета.", hint="Добавьте --accounts ФАЙЛ.json: свои счета, агенты, лицевые счета."
        )
    known = json.loads(accounts.read_text(encoding="utf-8"))
    document = reconcile_files(statement.name, statement.read_bytes(), listed, known)
    screen.document(document)
    if not screen.as_json:
        screen.console.print_json(data=document)


def say_notices(screen: Screen, notices: Mapping[str, Notice]) -> None:
    """How many payments stand in each state with the federal system; those that need somebody by name."""
    for state, count in counted(notices).items():
        screen.say(f"ГИС ЖКХ: {NOTICE_REASONS[state]} — {count}.")
    urgent = [(key, notice) for key, notice in notices.items() if notice.state in _NEED_SOMEBODY]
    for key, notice in urgent[:_MOST_LINES]:
        why = "; ".join(f"{code} {text}" for code, text in notice.reasons)
        screen.say(f"  {key}: {NOTICE_REASONS[notice.state]}{f' ({why})' if why else ''}.")


def show_payments(screen: Screen, payments: Sequence[PaymentState]) -> None:
    """Every payment with its two states."""
    if not payments:
        screen.say("Платежей нет.")
        return
    rows = [(one.operation, roubles(one.amount), PAYMENT_REASONS[one.state], NOTICE_REASONS[one.notice.state]) for one in payments]
    screen.table(("Платёж", "Сумма", "Состояние", "ГИС ЖКХ"), rows, numbers=frozenset((1,)))


def _payment_json(item: PaymentState, today: date, calendar: WorkCalendar) -> dict[str, object]:
    told = standing(item.notice.state, item.notice.since, today=today, reasons=NOTICE_REASONS, calendar=calendar)
    return {
        "operation": item.operation,
        "registry": item.registry,
        "paid_on": None if item.paid_on is None else item.paid_on.isoformat(),
        "amount_kop": item.amount,
        "state": item.state,
        "reason": PAYMENT_REASONS[item.state],
        "gis": {"state": item.notice.state, **_standing(told), "refusals": [list(reason) for reason in item.notice.reasons]},
    }


def show_reconciled(screen: Screen, done: Reconciled) -> None:
    """Registries and lines by state."""
    rows = [
        (
            item.key,
            REGISTRY_STATES.get(item.state, item.state),
            roubles(item.expected),
            roubles(item.ordered),
            "" if item.difference is None else roubles(item.difference),
        )
        for item in done.result.registries
    ]
    if not rows:
        screen.say("Реестров нет.")
        return
    screen.table(("Реестр", "Состояние", "Ожидалось", "Пришло", "Разница"), rows, numbers=frozenset((2, 3, 4)))

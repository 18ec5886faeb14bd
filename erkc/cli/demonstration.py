"""``erkc demo``: the synthetic town's month, end to end, and one screen that says what happened."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from config.settings import load
from core.ledger.balances import kind_totals
from core.storage.engine import transaction
from erkc.cli.banks import REGISTRY_STATES
from erkc.cli.federal_screen import show_standing
from erkc.cli.intake import findings_table, show_taken
from erkc.cli.options import Json
from erkc.cli.review import show_verdict
from erkc.cli.screen import Screen, roubles
from erkc.demo import MONTH, Demonstration, SuspenseKind, open_demonstration
from erkc.federal_words import acknowledged_json, acknowledged_sentences

__all__ = ["register"]


def register(application: typer.Typer) -> None:
    """Add the command to the command line."""
    application.command("demo")(demo)


def demo(
    home: Annotated[Path | None, typer.Option(help="Рабочая папка; по умолчанию ./demo.")] = None,
    as_json: Json = False,
) -> None:
    """Месяц синтетического города от начала до конца: пакет УК, начисления, ЕПД, ГИС ЖКХ, платежи, проверка."""
    screen = Screen(as_json=as_json)
    started = time.monotonic()
    folder = home or Path(os.environ.get("ERKC_HOME") or "demo")
    with open_demonstration(load(home=folder)) as demonstration:
        _run(screen, demonstration)
        _summary(screen, demonstration, time.monotonic() - started)
        verdict = demonstration.story.verdict
        assert verdict is not None
    if not verdict.holds:
        raise typer.Exit(1)


def _run(screen: Screen, demonstration: Demonstration) -> None:
    story = demonstration.story
    screen.heading("1. Приём: настройки региона и пакет «Формат 4.0» расчётного центра")
    with screen.progress("Принимаю"):
        demonstration.take()
    assert story.taken is not None
    show_taken(screen, story.taken)
    screen.heading(f"2. Начисления за {MONTH.title}")
    with screen.progress("Начисляю, дома") as progress:
        demonstration.charge(progress)
    assert story.draft is not None and story.posted is not None
    what = story.posted.totals
    screen.say(f"  строк {what.lines}, счетов {what.accounts}, начислено {roubles(what.total)} руб.; {_done(story.posted.is_new)}")
    findings_table(screen, story.draft.findings)
    screen.heading("3. Единый платёжный документ")
    with screen.progress("Печатаю, документы") as progress:
        demonstration.issue(progress)
    assert story.issued is not None
    screen.say(f"  документов {story.issued.bills} (новых {story.issued.new}), PDF {story.issued.rendered} новых")
    findings_table(screen, story.issued.findings)
    screen.heading("4. ГИС ЖКХ: стенд на этой машине, SOAP, подпись ГОСТ")
    with demonstration.stand() as stand:
        with screen.progress("Размещаю"):
            demonstration.deliver(stand)
        assert story.synchronised is not None and story.standing is not None
        screen.say(f"  подписано: {story.signature}; счетов в ГИС ЖКХ {story.synchronised.accounts_known} из {story.synchronised.accounts}")
        show_standing(screen, story.standing)
        screen.heading("5. Платежи ноября: реестр банка и выписка")
        with screen.progress("Принимаю и сверяю"):
            demonstration.receive_payments()
        for bank in story.bank:
            show_taken(screen, bank)
        with screen.progress("Квитирую"):
            demonstration.acknowledge(stand)
        assert story.acknowledged is not None
        for sentence in acknowledged_sentences(story.acknowledged):
            screen.say(f"  {sentence}")
    screen.heading("6. Проверка инвариантов")
    with screen.progress("Проверяю"):
        demonstration.verify()
    assert story.verdict is not None
    show_verdict(screen, story.verdict)


def _summary(screen: Screen, demonstration: Demonstration, seconds: float) -> None:
    """One screen: what came in, was charged, billed, delivered, paid, is unclear; where things are; what to run next."""
    story, application = demonstration.story, demonstration.application
    assert story.taken and story.posted and story.issued and story.standing and story.reconciled and story.verdict and story.provider
    assert story.acknowledged
    with transaction(application.engine) as connection:
        kinds = kind_totals(connection)
    suspended, made_of = demonstration.suspense()
    states: dict[str, int] = {}
    for outcome in story.reconciled.result.registries:
        states[outcome.state] = states.get(outcome.state, 0) + 1
    paid = kinds["payment"].amount if "payment" in kinds else 0
    rows = [
        ("Принято", f"{story.taken.name}: {sum(story.taken.counts.values())} строк, замечаний {len(story.taken.findings)}"),
        ("Начислено", f"{roubles(story.posted.totals.total)} руб. по {story.posted.totals.accounts} счетам"),
        ("Выпущено", f"{story.issued.bills} документов, к оплате {roubles(story.issued.total)} руб."),
        ("Размещено", f"{story.standing.placed} из {story.standing.bills} документов в ГИС ЖКХ"),
        ("Оплачено", f"{roubles(paid)} руб. (октябрь — из пакета, ноябрь — из реестра и выписки)"),
        ("Невыяснено", "\n".join([f"{roubles(suspended)} руб.", *(_suspense_line(item) for item in made_of)])),
        ("Сверка", ", ".join(f"{REGISTRY_STATES.get(state, state)}: {count}" for state, count in sorted(states.items()))),
        ("Инварианты", "держатся все семь" if story.verdict.holds else "НАРУШЕНЫ"),
    ]
    account = "41100000011"
    screen.table(("Что", "Сколько"), rows, title=f"Заречинск, {MONTH.title}")
    screen.say(f"PDF:      {demonstration.out / 'bills'}" + (f"  (например, {story.issued.sample})" if story.issued.sample else ""))
    screen.say(f"База:     {_database(demonstration)}")
    screen.say("Архив:    в той же базе; каждое сообщение — с SHA-256 и местом в печати дня")
    home = "" if str(demonstration.out) == ".erkc" else f"ERKC_HOME={demonstration.out} "
    screen.say(f"Объяснить счёт:  {home}.venv/bin/erkc explain {account} {MONTH}")
    screen.say(f"Отчёт месяца:    {home}.venv/bin/erkc report month {MONTH}")
    screen.say(f"Невыясненное:    {home}.venv/bin/erkc suspense list")
    for item in made_of:
        screen.say(f"  один платёж:   {home}.venv/bin/erkc show {item.example}")
    screen.say(f"Проверить снова: {home}.venv/bin/erkc verify")
    screen.say()
    screen.say(f"Готово за {seconds:.0f} с." + ("" if story.something_new else " Всё это уже было сделано раньше: ничего не изменено."))
    screen.document(
        {
            "new": story.something_new,
            "seconds": round(seconds, 1),
            "accounts": story.posted.totals.accounts,
            "charged": story.posted.totals.total,
            "bills": story.issued.bills,
            "placed": story.standing.placed,
            "paid": paid,
            "suspended": suspended,
            "suspense": [
                {"what": item.what, "payments": item.payments, "amount": item.amount, "example": item.example} for item in made_of
            ],
            "acknowledged": acknowledged_json(story.acknowledged),
            "registries": states,
            "signature": story.signature,
            "invariants_hold": story.verdict.holds,
            "fingerprint": story.verdict.fingerprint,
            "entries": story.verdict.entries,
            "bills_folder": str(demonstration.out / "bills"),
            "database": _database(demonstration),
        }
    )


def _suspense_line(item: SuspenseKind) -> str:
    return f"  {roubles(item.amount)} — {item.what}: {item.payments}"


def _database(demonstration: Demonstration) -> str:
    """Where the database is, for people; passwords are not printed."""
    application = demonstration.application
    if application.settings.embedded:
        return f"встроенный PostgreSQL в {demonstration.out}; команды erkc запускают его сами"
    return application.database.split("@")[-1]


def _done(is_new: bool) -> str:
    return "проведено" if is_new else "проведено раньше, ничего не изменено"

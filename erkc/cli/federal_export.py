"""A month's documents as the federal system holds them, beside ours: ``erkc gis export``."""

from __future__ import annotations

import typer

from core.period import Month
from core.services.federal import status
from core.services.federal.bills_there import BillsThere, compare_bills, look_at_bills
from erkc.cli.federal_screen import Wait, answers_of, conversation, show_held, show_standing
from erkc.cli.options import Json, MonthArgument, month_of, providers_of_month
from erkc.cli.screen import Screen
from erkc.federal_words import standing_json

__all__ = ["gis_export"]


def gis_export(month_text: MonthArgument, wait: Wait = 120, as_json: Json = False) -> None:
    """Выгрузить документы месяца из ГИС ЖКХ и сравнить с выпущенными. Код 1 — есть расхождения, 3 — ответа ещё нет."""
    month = month_of(month_text)
    outcomes: dict[str, object] = {}
    differs, finished = False, True
    with conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            scope = {"provider_id": provider.provider_id}
            with answers_of(application, federal, screen, "Выгружаю документы", provider, wait) as waits:
                ran = look_at_bills(federal, month=month, waiting=waits, **scope)
            found = compare_bills(federal, month=month, **scope)
            standing = status(federal, month=month, **scope)
            _say(screen, provider.name, month, found, ran.finished)
            show_standing(screen, standing)
            differs = differs or bool(found.differing) or bool(found.failures)
            finished = finished and ran.finished
            outcomes[provider.inn] = standing_json(standing) | {"finished": ran.finished, "there": _json(found)}
        screen.document(outcomes)
    if not finished:
        raise typer.Exit(3)
    if differs:
        raise typer.Exit(1)


def _say(screen: Screen, name: str, month: Month, found: BillsThere, finished: bool) -> None:
    if found.documents:
        screen.say(
            f"{name}: в ГИС ЖКХ за {month.title} документов {len(found.documents)}, из них отозвано {found.withdrawn}, долговых "
            f"{found.debts}; с выпущенными совпадают {found.agreeing}, расходятся {len(found.differing)}"
        )
    elif found.asked:
        screen.say(f"{name}: документов за {month.title} в ГИС ЖКХ нет")
    else:
        screen.say(f"{name}: спрашивать не о чем: лицевых счетов в ГИС ЖКХ нет" if finished else f"{name}: выгрузки ещё нет")
    show_held(screen, found.differing)
    for code, text in found.failures:
        screen.say(f"  часть счетов не сверена: {text} [{code}]")
    if not finished:
        screen.say("  ответа ещё нет: erkc gis poll, затем повторите команду")


def _json(found: BillsThere) -> dict[str, object]:
    return {
        "documents": [
            {"number": one.number, "ipd": one.ipd, "total_kop": one.total, "withdrawn": one.withdrawn} for one in found.documents
        ],
        "withdrawn": found.withdrawn,
        "debts": found.debts,
        "agreeing": found.agreeing,
        "differing": dict(found.differing),
        "failures": [list(one) for one in found.failures],
    }

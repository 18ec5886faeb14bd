"""Bills at the command line: ``erkc issue bills|correct|print|organisations``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer

from core.errors import ConfigError
from core.ids import CENTRE
from core.records.providers import providers
from core.services.issue import correct_bill
from core.services.issue_preview import BUCKETS, IssuePreview, Mover, preview_month
from core.services.month_view import finding_json
from core.storage.engine import transaction
from erkc.application import Application
from erkc.cli.intake import findings_table
from erkc.cli.options import Json, MonthArgument, law, month_of, opened
from erkc.cli.screen import Screen, roubles
from erkc.cli.suspense import released_json, say_released
from erkc.issue import issue_bills, posted_providers
from erkc.organisation_bills import write_organisation_bills
from erkc.reprint import print_bills

__all__ = ["register"]

_issue = typer.Typer(no_args_is_help=True)
_ACTOR = "erkc"
_Day = Annotated[str | None, typer.Option("--date", help="Дата выпуска ГГГГ-ММ-ДД; без неё — сегодня.")]
_Account = Annotated[str, typer.Argument(metavar="СЧЁТ")]


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.add_typer(_issue, name="issue")


@_issue.callback()
def _about_issue() -> None:
    """Выпуск документов."""


@_issue.command("bills")
def issue(
    month_text: MonthArgument,
    out: Annotated[Path, typer.Option(help="Папка для PDF.")] = Path("bills"),
    issued_on: _Day = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ничего не выпускать: показать, что будет, рядом с прошлым месяцем.")] = False,
    top: Annotated[int, typer.Option(help="Сколько счетов с наибольшим изменением показать при --dry-run.")] = 10,
    despite: Annotated[str, typer.Option(help="Причина, по которой выпускается задержанное пределами; остаётся в архиве.")] = "",
    as_json: Json = False,
) -> None:
    """Выпустить ЕПД проведённого месяца: номера, содержание, PDF."""
    month = month_of(month_text)
    day = None if issued_on is None else _day_of(issued_on)
    with opened(as_json) as (application, screen):
        if dry_run:
            found = _previews(application, screen, month_text, day, top)
            screen.document({"month": str(month), "providers": [_preview_json(inn, preview) for inn, preview in found]})
            findings = [finding for _, preview in found for finding in preview.findings]
        else:
            with screen.progress("Выпускаю документы") as progress:
                issued = issue_bills(application, month=month, out=out, issued_on=day, law=law(), despite=despite, progress=progress)
            screen.say(f"Документов: {issued.bills}, новых {issued.new}; PDF: {issued.rendered} новых, папка {out}")
            say_released(screen, issued.released)
            findings_table(screen, issued.findings)
            findings = list(issued.findings)
            screen.document(
                {
                    "bills": issued.bills,
                    "new": issued.new,
                    "rendered": issued.rendered,
                    "total": issued.total,
                    "out": str(out),
                    "released": released_json(issued.released),
                    "findings": [finding_json(finding) for finding in issued.findings],
                }
            )
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)


@_issue.command("correct")
def correct(
    account: _Account,
    month_text: MonthArgument,
    reason: Annotated[str, typer.Option(help="Что исправлено; остаётся в архиве решений.")],
    issued_on: _Day = None,
    as_json: Json = False,
) -> None:
    """Выпустить исправленный документ: следующая версия с номером прежнего; если ничего не изменилось — не выпускается."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        day = application.clock.now().date() if issued_on is None else _day_of(issued_on)
        corrected = correct_bill(
            application.engine, account=account, month=month, reason=reason, law=law(), series=application.settings.bills.series,
            issued_on=day, actor=_ACTOR, clock=application.clock,
        )  # fmt: skip
        for one in corrected:
            if one.after is None:
                screen.say(f"№ {one.before.number}: ничего не изменилось, новой версии нет.")
            else:
                change = f"к оплате {roubles(one.before.total)} → {roubles(one.after.total)} руб."
                screen.say(f"№ {one.after.number} (версия {one.after.version}) вместо № {one.before.number}: {change}")
        screen.document(
            [
                {
                    "replaced": one.before.number,
                    "number": None if one.after is None else one.after.number,
                    "version": one.before.version if one.after is None else one.after.version,
                    "due_before": one.before.total,
                    "due": one.before.total if one.after is None else one.after.total,
                }
                for one in corrected
            ]
        )


@_issue.command("print")
def print_one(
    name: Annotated[str, typer.Argument(metavar="НОМЕР", help="Номер документа или лицевого счёта.")],
    month_text: Annotated[str | None, typer.Option("--month", metavar="ГГГГ-ММ", help="Только этот месяц (для лицевого счёта).")] = None,
    out: Annotated[Path, typer.Option(help="Папка для PDF.")] = Path("bills"),
    as_json: Json = False,
) -> None:
    """Напечатать выпущенный документ ещё раз: тот же файл, байт в байт."""
    month = None if month_text is None else month_of(month_text)
    with opened(as_json) as (application, screen):
        printed = print_bills(application, name=name, month=month, out=out)
        for one in printed:
            named = f"№ {one.bill.number} за {one.bill.month.title}, счёт {one.bill.content.account_number}"
            screen.say(f"{named}: {one.path}" + ("" if one.is_first else " (тот же файл)"))
        screen.document(
            [
                {
                    "number": one.bill.number,
                    "month": str(one.bill.month),
                    "path": str(one.path),
                    "sha256": one.sha256.hex(),
                    "first": one.is_first,
                }
                for one in printed
            ]
        )


@_issue.command("organisations")
def organisations(
    month_text: MonthArgument,
    inn: Annotated[str | None, typer.Option(help="Только этой организации; тогда и с одним помещением.")] = None,
    out: Annotated[Path, typer.Option(help="Папка для PDF и XLSX.")] = Path("bills"),
    as_json: Json = False,
) -> None:
    """Сводные документы организаций, которые платят за несколько помещений: реестр помещений и сколько кому перечислить."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        written = write_organisation_bills(application, month=month, out=out, inn=inn)
        if written:
            rows = [(one.inn, one.name, str(one.premises), roubles(one.due), one.pdf.name) for one in written]
            titles = ("ИНН", "Организация", "Помещений", "К оплате", "Файл (рядом XLSX)")
            screen.table(titles, rows, title=f"Сводные документы за {month.title}, папка {out}", numbers=frozenset((2, 3)))
        else:
            screen.say(f"Организаций с несколькими выпущенными документами за {month.title} нет.")
        screen.document(
            [
                {"inn": one.inn, "name": one.name, "premises": one.premises, "due": one.due, "pdf": str(one.pdf), "xlsx": str(one.xlsx)}
                for one in written
            ]
        )


def _day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError("CLI-0302", f"«{text}» — не дата.", hint="Дата пишется так: 2026-11-04.") from None


def _previews(application: Application, screen: Screen, month_text: str, day: date | None, top: int) -> list[tuple[str, IssuePreview]]:
    month, found = month_of(month_text), []
    with transaction(application.engine) as connection:
        names = {one.provider_id: one for one in providers(connection) if one.provider_id != CENTRE}
    for owner in posted_providers(application, month):
        with screen.progress(f"Собираю документы: {names[owner.provider_id].name}") as progress:
            preview = preview_month(
                application.engine, provider_id=owner.provider_id, month=month, law=law(),
                issued_on=day or application.clock.now().date(), top=top, progress=progress,
            )  # fmt: skip
        _show_preview(screen, owner.name, preview)
        found.append((owner.inn, preview))
    return found


def _show_preview(screen: Screen, name: str, preview: IssuePreview) -> None:
    before, month = preview.before, preview.month.previous()
    screen.heading(f"{name}, {preview.month.title}: будет выпущено документов {preview.bills}, выпущено раньше {preview.already}")
    rows = [
        ("Документов", f"{before.bills}", f"{preview.bills + preview.already}"),
        ("Начислено, руб.", roubles(before.charged), roubles(preview.charged)),
        ("К оплате, руб.", roubles(before.due), roubles(preview.due)),
        ("Платить нечего", "", f"{preview.zero}"),
        ("Новых плательщиков", "", f"{preview.new}"),
        ("Плательщиков без документа теперь", "", f"{preview.gone}"),
    ]
    screen.table(("", month.title, preview.month.title), rows, numbers=frozenset((1, 2)))
    if preview.buckets:
        titles = _bucket_titles()
        screen.table(
            ("Начислено к прошлому месяцу", "Плательщиков"),
            [(titles[n], str(preview.buckets[n])) for n in range(len(titles))],
            numbers=frozenset((1,)),
        )
    for title, movers in (("Выросло больше всего", preview.up), ("Снизилось больше всего", preview.down)):
        if movers:
            rows = [(one.account, roubles(one.before), roubles(one.after), roubles(one.change)) for one in movers]  # type: ignore[misc]
            screen.table(("Счёт", "Было", "Стало", "Разница"), rows, title=title, numbers=frozenset((1, 2, 3)))
    findings_table(screen, preview.findings)


def _bucket_titles() -> list[str]:
    inner = [f"от {low} до {high} %" for low, high in pairwise(BUCKETS)]
    return [f"не выше {BUCKETS[0]} %", *inner, f"выше {BUCKETS[-1]} %"]


def _preview_json(inn: str, preview: IssuePreview) -> dict[str, object]:
    titles = _bucket_titles()
    return {
        "inn": inn,
        "bills": preview.bills,
        "already": preview.already,
        "charged": preview.charged,
        "due": preview.due,
        "zero": preview.zero,
        "before": {"bills": preview.before.bills, "charged": preview.before.charged, "due": preview.before.due},
        "new": preview.new,
        "gone": preview.gone,
        "distribution": {titles[n]: preview.buckets[n] for n in range(len(titles))},
        "up": _movers(preview.up),
        "down": _movers(preview.down),
        "findings": [finding_json(finding) for finding in preview.findings],
    }


def _movers(movers: Sequence[Mover]) -> list[dict[str, object]]:
    return [{"account": one.account, "before": one.before, "after": one.after, "change": one.change} for one in movers]

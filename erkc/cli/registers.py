"""``erkc report turnover|charges|payments|ageing|residents``: registers for accountants on the screen, as JSON and as a spreadsheet."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from core.errors import ConfigError
from core.model.register import Cell, Column, Register, RegisterPart
from core.money import format_roubles
from core.services.registers import open_register
from erkc.cli.options import Json, MonthArgument, law, month_of, opened
from erkc.cli.screen import Screen, roubles
from erkc.render.xlsx import write_xlsx

__all__ = ["register"]

_ROWS_ON_SCREEN = 60
By = Annotated[
    list[str] | None,
    typer.Option("--by", help="По чему: house, account, service, creditor, origin; можно несколько, через запятую."),
]
PaymentsBy = Annotated[
    list[str] | None,
    typer.Option("--by", help="По чему: house, account, channel, service, creditor, origin; можно несколько, через запятую."),
]
Sheet = Annotated[Path | None, typer.Option("--xlsx", metavar="ФАЙЛ", help="Записать ведомость целиком в файл Excel.")]
Provider = Annotated[str | None, typer.Option("--provider", metavar="ИНН", help="Только этот отправитель; без ключа — все.")]


def register(application: typer.Typer) -> None:
    """Add the registers to the room of reports."""
    commands: tuple[tuple[str, Callable[..., None]], ...] = (
        ("turnover", turnover),
        ("charges", charges),
        ("payments", payments),
        ("ageing", ageing),
        ("residents", residents),
    )
    for name, command in commands:
        application.command(name)(command)


def turnover(month_text: MonthArgument, by: By = None, provider: Provider = None, xlsx: Sheet = None, as_json: Json = False) -> None:
    """Оборотно-сальдовая ведомость: сальдо на начало + дебет − кредит = сальдо на конец; долг, повышающий коэффициент и пени отдельно."""
    _run("turnover", month_text, by, provider, xlsx, as_json)


def charges(month_text: MonthArgument, by: By = None, provider: Provider = None, xlsx: Sheet = None, as_json: Json = False) -> None:
    """Свод начислений, проведённых за месяц: по услугам и получателям или как задано ключом --by."""
    _run("charges", month_text, by, provider, xlsx, as_json)


def payments(
    month_text: MonthArgument, by: PaymentsBy = None, provider: Provider = None, xlsx: Sheet = None, as_json: Json = False
) -> None:
    """Свод платежей месяца: по каналам и получателям или как задано ключом --by; долг, аванс, пени, невыясненные."""
    _run("payments", month_text, by, provider, xlsx, as_json)


def ageing(month_text: MonthArgument, by: By = None, provider: Provider = None, xlsx: Sheet = None, as_json: Json = False) -> None:
    """Задолженность на конец месяца по дням просрочки: до 30, 90, 180, 365 дней, больше года, больше 3 лет (исковая давность)."""
    _run("ageing", month_text, by, provider, xlsx, as_json)


def residents(month_text: MonthArgument, provider: Provider = None, xlsx: Sheet = None, as_json: Json = False) -> None:
    """Реестр проживающих месяца с периодами регистрации и временного отсутствия. Содержит персональные данные."""
    _run("residents", month_text, None, provider, xlsx, as_json)


def _run(name: str, month_text: str, by: Sequence[str] | None, inn: str | None, xlsx: Path | None, as_json: bool) -> None:
    month = month_of(month_text)
    if xlsx is not None and not xlsx.absolute().parent.is_dir():
        raise ConfigError("CLI-0104", f"Нет папки «{xlsx.absolute().parent}».", hint="Создайте её или укажите другую.", option="--xlsx")
    groups = [group.strip() for item in by or () for group in item.split(",") if group.strip()]
    with (
        opened(as_json) as (application, screen),
        open_register(application.engine, name=name, month=month, law=law(), by=groups, inn=inn) as found,
    ):
        if xlsx is not None:
            parts = write_xlsx(found, xlsx)
            screen.document(_head(found) | {"file": str(xlsx), "parts": [_summary(part) for part in parts], "total": _total(found, parts)})
            _say_written(screen, found, parts, xlsx)
        elif as_json:
            _write_json(found)
        else:
            _show(screen, found)


def _head(found: Register) -> dict[str, object]:
    return {"register": found.name, "month": str(found.month), "by": list(found.by)}


def _summary(part: RegisterPart) -> dict[str, object]:
    return {"provider": {"inn": part.inn, "name": part.name}, "rows": part.count, "total": _amounts(part.columns, part.totals)}


def _amounts(columns: Sequence[Column], totals: dict[str, int]) -> dict[str, object]:
    kinds = {column.key: column.kind for column in columns}
    return {key: format_roubles(amount) if kinds[key] == "money" else amount for key, amount in totals.items()}


def _total(found: Register, parts: Sequence[RegisterPart]) -> dict[str, object]:
    sums = {column.key: sum(part.totals[column.key] for part in parts) for column in found.columns if column.is_total}
    return _amounts(found.columns, sums)


def _write_json(found: Register) -> None:
    """One document on standard output, row by row: a register of a million accounts does not fit in memory as a tree."""
    out = sys.stdout.write
    done: list[RegisterPart] = []
    head = json.dumps(_head(found), ensure_ascii=False)
    out(f'{head[:-1]}, "parts": [')
    for part in found.parts:
        out(",\n" if done else "\n")
        out(f'{{"provider": {json.dumps({"inn": part.inn, "name": part.name}, ensure_ascii=False)}, "rows": [')
        for number, row in enumerate(part.rows()):
            cells = {column.key: _value(column, cell) for column, cell in zip(found.columns, row, strict=True)}
            out((",\n" if number else "\n") + json.dumps(cells, ensure_ascii=False))
        out(f'\n], "count": {part.count}, "total": {json.dumps(_amounts(part.columns, part.totals))}}}')
        done.append(part)
    out(f'\n], "total": {json.dumps(_total(found, done))}}}\n')


def _value(column: Column, cell: Cell) -> object:
    if column.kind == "money" and isinstance(cell, int):
        return format_roubles(cell)
    return cell.isoformat() if isinstance(cell, date) else cell


def _show(screen: Screen, found: Register) -> None:
    places = [place for place, column in enumerate(found.columns) if column.on_screen and column.kind != "id"]
    columns = [found.columns[place] for place in places]
    numbers = frozenset(number for number, column in enumerate(columns) if column.kind in ("money", "count"))
    titles = [f"{column.title} {column.group}" if column.group.startswith("в т. ч.") else column.title for column in columns]
    done: list[RegisterPart] = []
    for part in found.parts:
        shown: list[list[str]] = []
        for row in part.rows():
            if len(shown) < _ROWS_ON_SCREEN:
                shown.append([_text(found.columns[place], row[place]) for place in places])
        shown.append(_total_row(columns, part.totals, "Итого"))
        owner = f"{part.name}, ИНН {part.inn}" if part.inn else part.name
        screen.table(titles, shown, title=f"{found.title} за {found.month.title}. {owner}", numbers=numbers)
        if part.count > _ROWS_ON_SCREEN:
            screen.say(f"  показаны первые {_ROWS_ON_SCREEN} строк из {part.count}; целиком — с ключом --xlsx ФАЙЛ или --json")
        done.append(part)
    if len(done) > 1:
        sums = {column.key: sum(part.totals[column.key] for part in done) for column in columns if column.is_total}
        screen.table(titles, [_total_row(columns, sums, "Всего")], title="Все отправители", numbers=numbers)
    screen.say(f"  {found.note}")


def _total_row(columns: Sequence[Column], totals: dict[str, int], label: str) -> list[str]:
    cells = [_text(column, totals[column.key]) if column.is_total else "" for column in columns]
    return [label, *cells[1:]]


def _text(column: Column, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, date):
        return f"{cell:%d.%m.%Y}"
    return roubles(cell) if column.kind == "money" and isinstance(cell, int) else str(cell)


def _say_written(screen: Screen, found: Register, parts: Sequence[RegisterPart], path: Path) -> None:
    for part in parts:
        screen.say(f"{part.name}: строк {part.count}")
    screen.say(f"{found.title} за {found.month.title}: файл {path}")

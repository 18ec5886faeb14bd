"""Tables of companies: ``erkc table propose|save|profiles|preview|take``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.contract import RawMessage
from adapters.uk.tables.columns import heading_key, kinds
from adapters.uk.tables.grid import read_grid
from adapters.uk.tables.heading import Placed, TableProfile, propose
from core.errors import ConfigError, system_reason
from core.services.month_view import finding_json
from core.services.table_profiles import read_table_profile, save_table_profile, table_profiles
from erkc.cli.intake import findings_table, show_taken, taken_json
from erkc.cli.options import Json, month_of, opened
from erkc.cli.screen import Screen
from erkc.intake import release_after
from erkc.tables import Preview, preview_table, sender_of_inn, take_table, written

__all__ = ["register"]

_room = typer.Typer(help="Таблицы управляющих организаций: CSV, XLSX, DBF.", no_args_is_help=True)
_SHOWN = 30
_KINDS = {
    "account": "лицевой счёт", "account_place": "место счёта", "person": "человек", "residence": "проживание", "meter": "прибор",
    "reading": "показание", "stated_bill": "документ", "stated_line": "строка начислений", "stated_contribution": "взнос",
    "balance": "сальдо",
}  # fmt: skip

File = Annotated[Path, typer.Argument(metavar="ФАЙЛ", help="Таблица: .xlsx, .csv или .dbf.")]
Kind = Annotated[str | None, typer.Option(metavar="ВИД", help="Что в таблице: accounts, areas, residents, meters, readings, charges.")]
Inn = Annotated[str, typer.Option(metavar="ИНН", help="Чья таблица.")]
Profile = Annotated[str, typer.Option(metavar="ИМЯ", help="Сохранённый профиль.")]
MonthOption = Annotated[str, typer.Option("--month", metavar="ГГГГ-ММ", help="Расчётный месяц, к которому относится таблица.")]


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_room, name="table")


@_room.callback()
def _about() -> None:
    """Таблицы управляющих организаций."""


@_room.command("propose")
def table_propose(file: File, kind: Kind = None, as_json: Json = False) -> None:
    """Предложить, что значит каждый столбец: по заголовкам; базу данных не трогает."""
    screen = Screen(as_json=as_json)
    placed, _ = _proposed(file, kind)
    _show_mapping(screen, placed)
    screen.say('Сохранить: erkc table save ФАЙЛ --inn ИНН --profile ИМЯ; исправить столбец: --column "столбец=заголовок".')
    screen.document(_mapping_json(placed))


@_room.command("save")
def table_save(
    file: File,
    inn: Inn,
    profile: Profile,
    kind: Kind = None,
    column: Annotated[
        list[str] | None, typer.Option(metavar="СТОЛБЕЦ=ЗАГОЛОВОК", help="Исправить предложенное; пустой заголовок — не брать.")
    ] = None,
    service: Annotated[
        list[str] | None, typer.Option(metavar="НАЗВАНИЕ=КОД", help="Услуга с таким названием — код услуги отправителя.")
    ] = None,
    actor: Annotated[str, typer.Option(help="Кто решил.")] = "erkc",
    as_json: Json = False,
) -> None:
    """Сохранить профиль: предложенное по заголовкам с исправлениями. Профиль остаётся в архиве решений."""
    with opened(as_json) as (application, screen):
        sender = sender_of_inn(application, inn)
        placed, headings = _proposed(file, kind)
        proposal = placed.profile()
        columns, services = dict(proposal.columns), dict(proposal.services)
        known = {one.code for one in kinds()[proposal.kind].columns}
        for text in column or ():
            code, _, heading = text.partition("=")
            if code not in known or (heading and heading_key(heading) not in headings):
                raise ConfigError(
                    "TBL-0115",
                    f"Не понято: «{text}».",
                    hint=f"Столбцы: {', '.join(sorted(known))}; заголовок — как в таблице.",
                    option="--column",
                )
            columns.pop(code, None)
            if heading:
                columns = {key: value for key, value in columns.items() if value != heading_key(heading)} | {code: heading_key(heading)}
        for text in service or ():
            name, _, key = text.rpartition("=")
            if not name or not key:
                raise ConfigError(
                    "TBL-0115", f"Не понято: «{text}».", hint='Пишется так: --service "Холодная вода=15".', option="--service"
                )
            services[heading_key(name)] = key
        chosen = TableProfile(proposal.kind, columns, services)
        save_table_profile(
            application.engine,
            inn=sender.inn,
            name=profile,
            content=chosen.to_json(),
            about=file.name,
            actor=actor,
            clock=application.clock,
        )
        screen.say(f"Профиль «{profile}» сохранён: {kinds()[chosen.kind].title}, столбцов {len(chosen.columns)}.")
        screen.document({"inn": sender.inn, "profile": profile, "kind": chosen.kind, "columns": columns, "services": services})


@_room.command("profiles")
def table_profiles_command(as_json: Json = False) -> None:
    """Показать сохранённые профили таблиц."""
    with opened(as_json) as (application, screen):
        found = [(subject, TableProfile.from_json(one.body.value), one) for subject, one in table_profiles(application.engine).items()]
        rows = [
            (*subject.split("/", 1), kinds()[profile.kind].title, ", ".join(f"{code}: {text}" for code, text in profile.columns.items()))
            for subject, profile, _ in found
        ]
        if rows:
            screen.table(("ИНН", "Профиль", "Вид", "Столбцы"), rows)
        else:
            screen.say("Профилей нет: erkc table save ФАЙЛ --inn ИНН --profile ИМЯ.")
        screen.document(
            [
                {"inn": subject.split("/")[0], "profile": subject.split("/", 1)[1], "kind": profile.kind, "columns": dict(profile.columns),
                 "services": dict(profile.services), "saved_at": one.at.isoformat()}
                for subject, profile, one in found
            ]
        )  # fmt: skip


@_room.command("preview")
def table_preview(file: File, inn: Inn, profile: Profile, month: MonthOption, as_json: Json = False) -> None:
    """Показать, что изменит таблица: новое, изменённое (было → стало), непонятое. Ничего не сохраняется."""
    of_month = month_of(month)
    with opened(as_json) as (application, screen):
        sender = sender_of_inn(application, inn)
        mapping = TableProfile.from_json(read_table_profile(application.engine, inn=inn, name=profile))
        shown = preview_table(application, RawMessage(file.name, _bytes(file)), mapping, sender=sender, month=of_month)
        _show_preview(screen, shown)
        screen.document(_preview_json(shown))
    if any(one.severity == "error" for one in shown.findings):
        raise typer.Exit(1)


@_room.command("take")
def table_take(file: File, inn: Inn, profile: Profile, month: MonthOption, as_json: Json = False) -> None:
    """Принять таблицу: архив → разбор по профилю → записи; то, что показывает erkc table preview."""
    of_month = month_of(month)
    with opened(as_json) as (application, screen):
        sender = sender_of_inn(application, inn)
        mapping = TableProfile.from_json(read_table_profile(application.engine, inn=inn, name=profile))
        taken = take_table(application, RawMessage(file.name, _bytes(file)), mapping, sender=sender, month=of_month)
        release_after(application, taken)
        show_taken(screen, taken)
        screen.document({file.name: taken_json(taken)})
    if taken.status in ("rejected", "accepted_with_errors"):
        raise typer.Exit(1)


def _proposed(file: Path, kind: str | None) -> tuple[Placed, frozenset[str]]:
    placed = propose(read_grid(file.name, _bytes(file)), kind)
    return placed, frozenset(heading_key(one.heading) for one in placed.columns)


def _show_mapping(screen: Screen, placed: Placed) -> None:
    rows = [
        (
            str(one.place + 1),
            one.heading,
            "не берётся" if one.column is None else one.column.name,
            "" if one.column is None else one.column.code,
        )
        for one in placed.columns
        if one.heading
    ]
    title = f"{placed.kind.title}; данные со строки {placed.first_row + 1}"
    screen.table(("№", "Заголовок", "Что это", "Столбец"), rows, title=title, numbers=frozenset((0,)))


def _mapping_json(placed: Placed) -> dict[str, object]:
    return {
        "kind": placed.kind.code,
        "first_row": placed.first_row + 1,
        "columns": [
            {"place": one.place + 1, "heading": one.heading, "column": None if one.column is None else one.column.code}
            for one in placed.columns
        ],
    }


def _show_preview(screen: Screen, shown: Preview) -> None:
    new = ", ".join(f"{_KINDS.get(kind, kind)} {count}" for kind, count in shown.new.items()) or "нет"
    changed = ", ".join(f"{_KINDS.get(kind, kind)} {count}" for kind, count in shown.changed.items()) or "нет"
    screen.say(f"Строк с данными: {shown.rows}. Новое: {new}. Изменится: {changed}. Без изменений: {shown.unchanged}.")
    rows = [
        (str(one.row or ""), _KINDS.get(one.kind, one.kind), one.key,
         "новое" if one.is_new else "; ".join(f"{name}: {written(before)} → {written(after)}" for name, before, after in one.fields))
        for one in shown.changes[:_SHOWN]
    ]  # fmt: skip
    if rows:
        screen.table(("Строка", "Что", "Ключ", "Изменение"), rows, numbers=frozenset((0,)))
    if len(shown.changes) > _SHOWN:
        screen.say(f"  … и ещё {len(shown.changes) - _SHOWN}: все — с --json")
    findings_table(screen, shown.findings)


def _preview_json(shown: Preview) -> dict[str, object]:
    return {
        "rows": shown.rows,
        "new": shown.new,
        "changed": shown.changed,
        "unchanged": shown.unchanged,
        "changes": [
            {"row": one.row, "kind": one.kind, "key": one.key, "new": one.is_new,
             "fields": {name: [None if before is None else written(before), written(after)] for name, before, after in one.fields}}
            for one in shown.changes
        ],
        "findings": [finding_json(one) for one in shown.findings],
    }  # fmt: skip


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError("CLI-0201", f"Файл {file} не читается: {system_reason(error)}.", hint="Проверьте путь и права.") from error

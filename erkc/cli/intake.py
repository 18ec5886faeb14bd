"""What comes in: ``erkc parse``, ``erkc region load``, ``erkc take``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from adapters.banks.profile import use_site_profiles
from config.settings import load
from core.errors import ConfigError, system_reason
from core.model.finding import Finding
from core.services.house_matching import STATES as HOUSE_STATES
from core.services.house_matching import Matched, confirm_house, match_houses
from core.services.intake_states import INTAKE_STATES
from core.services.month_view import finding_json
from core.services.take import Taken
from erkc.cli.options import Json, opened
from erkc.cli.screen import Screen, roubles
from erkc.cli.suspense import released_json, say_released
from erkc.intake import BankTaken, load_region_file, parse_any, region_message, release_after, take_file

__all__ = ["effect_title", "findings_table", "register", "show_taken"]

_room = typer.Typer(help="Настройки региона.", no_args_is_help=True)
_SEVERITY = {"error": "ошибка", "warning": "предупреждение", "info": "сведения"}
_EFFECT = {
    "reject_archive": "пакет не загружен",
    "reject_section": "раздел не загружен",
    "reject_row": "строка не загружена",
    "quarantine": "строки ждут",
    "accept_normalised": "загружено исправленным",
    "accept_flagged": "загружено с отметкой",
    "ignore": "не влияет",
    "hold_reading": "показание отложено",
    "hold_document": "документ отложен",
    "hold_row": "строка сальдо отложена",
    "hold_act": "акт отложен",
    "hold_pack": "пачка отложена",
    "to_suspense": "деньги в невыясненных",
    "await_parts": "ждёт остальных частей",
    "use_approved": "взято утверждённое",
    "hold_line": "строка не начислена",
    "hold_house": "дом не начислен",
    "no_relief": "льгота не применена",
    "stop_house": "дом ждёт решения",
    "hold_month": "месяц остаётся черновиком",
    "ignore_reading": "показание не учтено",
    "use_believed": "взято значение УО",
    "house_apart": "данные другого не взяты",
    "await_sender": "ждёт пакета другого",
    "hold_bill": "документ не выпущен",
    "repeated": "не проведено: повтор",
    "disputed": "не проведено: спор",
    "refuse_row": "строка не принята",
    "refuse_file": "файл не принят",
}
_SHOWN = 40
_TABLE_WIDTH = 130
"""Narrower than this a table of eight columns breaks words: a list is read better."""

_BANK_STATES = {
    "posted": "разнесено по счетам",
    "suspended": "в невыясненных",
    "reversed": "возвратов проведено",
    "agent": "переводов агентов",
    "charge": "комиссий банка",
    "transfer": "перечислений",
    "returned": "перечислений вернулось",
    "refund": "возвращено плательщикам и агентам",
    "internal": "между своими счетами",
    "repeated": "повторов",
    "disputed": "спорных",
    "refused": "отказано",
}
"""What became of the rows of a registry or statement, in the order in which it is told."""


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.add_typer(_room, name="region")
    application.command("parse")(parse)
    application.command("take")(take)


@_room.callback()
def _about() -> None:
    """Настройки региона."""


@_room.command("load")
def region_load(
    place: Annotated[Path, typer.Argument(metavar="ПАПКА|ФАЙЛ", help="Папка региона, файл или имя готового региона.")],
    as_json: Json = False,
) -> None:
    """Загрузить отправителей, утверждённые тарифы, нормативы и предельные индексы, настройки расчёта.

    Папка файлов TOML или JSON, один такой файл или имя региона, который поставляется с программой (config/regions).
    Перечень домов ГАР — файл .csv со столбцами fias;oktmo;address;cadastral.
    """
    with opened(as_json) as (application, screen):
        file = region_message(place)
        loaded = load_region_file(application, file.name, file.data)
        for finding in loaded.findings:
            where = finding.position.file + (f", строка {finding.position.row}" if finding.position.row else "")
            value = f" Значение: «{finding.value}»." if finding.value else ""
            screen.say(f"{_SEVERITY[finding.severity]} {finding.code}: {where}: {finding.message}{value} {finding.hint}")
        total = sum(loaded.new.values())
        if any(finding.severity == "error" for finding in loaded.findings):
            said = "не загружено; исправьте и повторите"
        else:
            said = f"новых записей {total}, отправителей {len(loaded.senders)}" if total else "без изменений"
        screen.say(f"{file.name}: {said}.")
        screen.document({"new": dict(loaded.new), "senders": loaded.senders, "findings": [finding_json(item) for item in loaded.findings]})
    if any(finding.severity == "error" for finding in loaded.findings):
        raise typer.Exit(1)


@_room.command("houses")
def region_houses(
    everything: Annotated[bool, typer.Option("--all", help="И дома, найденные в ГАР по коду.")] = False, as_json: Json = False
) -> None:
    """Сопоставить дома отправителей с ГАР: по коду, по адресу, иначе показать похожие для решения (erkc region match)."""
    with opened(as_json) as (application, screen):
        houses = match_houses(application.engine)
        shown = [one for one in houses if everything or one.state != "code"]
        rows = [
            (
                one.sender.inn, one.key, one.address, one.fias, HOUSE_STATES[one.state],
                "; ".join(f"{found.address} ({found.fias})" for found in one.found),
            )
            for one in shown
        ]  # fmt: skip
        if rows:
            screen.table(("ИНН", "Дом", "Адрес отправителя", "Его код", "ГАР", "Дом ГАР"), rows)
        screen.say(f"Домов отправителей: {len(houses)}, найдено в ГАР по коду: {sum(one.state == 'code' for one in houses)}.")
        screen.document([_house_json(one) for one in shown])


@_room.command("match")
def region_match(
    inn: Annotated[str, typer.Argument(metavar="ИНН", help="Отправитель.")],
    key: Annotated[str, typer.Argument(metavar="ДОМ", help="Номер дома у отправителя, как в erkc region houses.")],
    fias: Annotated[str, typer.Argument(metavar="GUID", help="Код дома в перечне ГАР.")],
    reason: Annotated[str, typer.Option(help="По какому документу; остаётся в архиве решений.")] = "",
    actor: Annotated[str, typer.Option(help="Кто решил.")] = "erkc",
    as_json: Json = False,
) -> None:
    """Решить, какому дому ГАР соответствует дом отправителя; решение запоминается, пока не изменится адрес."""
    with opened(as_json) as (application, screen):
        done = confirm_house(application.engine, inn=inn, key=key, fias=fias, reason=reason, actor=actor, clock=application.clock)
        screen.say(f"{done.address}: {HOUSE_STATES[done.state]}, {done.found[0].address} ({done.found[0].fias}).")
        screen.document(_house_json(done))


def _house_json(one: Matched) -> dict[str, object]:
    found = [{"fias": house.fias, "address": house.address} for house in one.found]
    return {"inn": one.sender.inn, "house": one.key, "fias": one.fias, "address": one.address, "state": one.state, "gar": found}


def parse(
    file: Annotated[Path, typer.Argument(metavar="ФАЙЛ")],
    name: Annotated[str | None, typer.Option(help="Имя, под которым файл прислан.")] = None,
    adapter: Annotated[str | None, typer.Option(help="Читать этим адаптером, не определяя.")] = None,
    profile: Annotated[str | None, typer.Option(help="Профиль банка.")] = None,
    accounts: Annotated[Path | None, typer.Option(help="Известные счета (JSON).")] = None,
    as_json: Json = False,
) -> None:
    """Прочитать файл и показать, что в нём; базу данных не трогает."""
    screen = Screen(as_json=as_json)
    use_site_profiles(load().home / "banks")
    known = None if accounts is None else json.loads(_bytes(accounts))
    document = parse_any(name or file.name, _bytes(file), adapter=adapter, profile=profile, accounts=known)
    screen.document(document)
    if not as_json:
        screen.console.print_json(data=document)
    if document.get("status", document.get("archive_status")) in ("rejected", "partial", "accepted_with_errors"):
        raise typer.Exit(1)


def take(files: Annotated[list[Path], typer.Argument(metavar="ФАЙЛ…")], as_json: Json = False) -> None:
    """Принять файлы: архив → разбор → записи, входящее сальдо, платежи; показать, что не так."""
    outcomes: dict[str, object] = {}
    failed = False
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise ConfigError("CLI-0201", f"Нет файла: {', '.join(missing)}.", hint="Проверьте путь; ничего ещё не принято.")
    with opened(as_json) as (application, screen):
        for file in files:
            with screen.progress(f"Принимаю {file.name}"):
                taken = take_file(application, file.name, _bytes(file))
                released = release_after(application, taken)
            outcomes[file.name] = taken_json(taken) | ({"suspense_released": released_json(released)} if released.payments else {})
            failed = failed or taken.status in ("rejected", "accepted_with_errors", "partial", "conflict")
            show_taken(screen, taken)
            say_released(screen, released)
        screen.document(outcomes)
    if failed:
        raise typer.Exit(1)


def taken_json(taken: Taken | BankTaken) -> dict[str, object]:
    """The outcome for machines: ``archive_status``, ``findings`` and ``money`` (see examples/town/README.md)."""
    result: dict[str, object] = {
        "archive_status": taken.status,
        "findings": [finding_json(finding) for finding in taken.findings],
    }
    if isinstance(taken, BankTaken):
        result["counts"] = dict(taken.counts)
    elif taken.money is not None:
        result["money"] = taken.money.as_dict()
    if isinstance(taken, Taken) and taken.released:
        result["released"] = dict(taken.released)
    return result


def show_taken(screen: Screen, taken: Taken | BankTaken) -> None:
    """The outcome for people."""
    again = "" if taken.is_new else " — уже принимался, ничего не изменено"
    screen.heading(f"{taken.name}: {INTAKE_STATES[taken.status]}{again}")
    if isinstance(taken, Taken) and taken.is_new and taken.new_records:
        month = f", {taken.month.title}" if taken.month else ""
        screen.say(f"  отправитель {taken.provider.name if taken.provider else 'не опознан'}{month}; новых записей {taken.new_records}")
    if isinstance(taken, Taken) and taken.released:
        payments = taken.released.get("payment", 0)
        money_too = f", из них платежей из невыясненных {payments}" if payments else ""
        screen.say(f"  из карантина загружено: {sum(taken.released.values())}{money_too}")
    if isinstance(taken, Taken) and taken.money is not None:
        money = taken.money
        suspense = f"в невыясненных {money.to_suspense_count} на {roubles(money.to_suspense)} руб."
        screen.say(f"  платежей {money.count} на {roubles(money.payments)} руб.; {suspense}")
    if isinstance(taken, BankTaken):
        told = [
            f"{title} {taken.counts[state]} на {roubles(taken.counts.get(f'{state}_kop', 0))} руб."
            for state, title in _BANK_STATES.items()
            if taken.counts.get(state)
        ]
        if told:
            screen.say(f"  {'; '.join(told)}")
    findings_table(screen, taken.findings)


def effect_title(effect: str) -> str:
    """The effect of a finding in words."""
    return _EFFECT.get(effect, effect)


def findings_table(screen: Screen, findings: tuple[Finding, ...]) -> None:
    """What is wrong, where, and what to do; a long list is cut on the screen, never in JSON."""
    if not findings:
        return
    shown = findings[:_SHOWN]
    if screen.console.width >= _TABLE_WIDTH:
        columns = ("Файл", "Строка", "Поле", "Код", "Важность", "Значение", "Что не так и что делать", "Что сделано")
        screen.table(columns, [_finding_cells(finding) for finding in shown], numbers=frozenset((1, 2)))
    else:
        for finding in shown:
            file, row, field, code, severity, value, text, effect = _finding_cells(finding)
            place = ", ".join(part for part in (file, row and f"строка {row}", field and f"поле {field}") if part)
            screen.say(f"  {code} {severity}: {place}{f' — «{value}»' if value else ''}")
            screen.say(f"      {text}")
            screen.say(f"      → {effect}")
    if len(findings) > _SHOWN:
        screen.say(f"  … и ещё {len(findings) - _SHOWN}; весь список: --json")


def _finding_cells(finding: Finding) -> tuple[str, ...]:
    return (
        finding.position.file,
        "" if finding.position.row is None else str(finding.position.row),
        "" if finding.field is None else str(finding.field),
        finding.code,
        _SEVERITY[finding.severity],
        finding.value or "",
        f"{finding.message} {finding.hint}".strip(),
        _EFFECT.get(finding.effect, finding.effect),
    )


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError("CLI-0201", f"Файл {file} не читается: {system_reason(error)}.", hint="Проверьте путь и права.") from error

"""Readings of a month: ``erkc readings list|accept|window|return``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adapters.uk.readings import ReturnedReading, return_file, return_name
from core.services.held_readings import CHANNELS, ListedReading, accept_readings, list_readings, set_window
from erkc.cli.options import Json, law, month_of, opened

__all__ = ["register"]

_room = typer.Typer(help="Показания приборов: принятые, отложенные, срок приёма, обратный файл организации.", no_args_is_help=True)
_SHOWN = 60

Inn = Annotated[str, typer.Argument(metavar="ИНН", help="Отправитель.")]
MonthText = Annotated[str, typer.Argument(metavar="ГГГГ-ММ", help="Расчётный месяц.")]
Kpp = Annotated[str | None, typer.Option(metavar="КПП", help="Если у ИНН несколько отправителей.")]
Reason = Annotated[str, typer.Option(help="Почему; остаётся в архиве решений.")]
Actor = Annotated[str, typer.Option(help="Кто решил.")]


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_room, name="readings")


@_room.callback()
def _about() -> None:
    """Показания приборов."""


@_room.command("list")
def readings_list(
    inn: Inn,
    month_text: MonthText,
    held: Annotated[bool, typer.Option("--held", help="Только отложенные.")] = False,
    kpp: Kpp = None,
    as_json: Json = False,
) -> None:
    """Показать показания месяца: канал, в срок ли, принято или отложено и почему."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        sender, window, found = list_readings(application.engine, month=month, law=law(), inn=inn, held_only=held, kpp=kpp)
        rows = [
            (one.reading.key, one.reading.account_number or "общий", one.service, one.reading.serial, f"{one.reading.taken_on:%d.%m.%Y}",
             _value(one), one.channel, "" if one.is_in_window else "вне срока",
             f"{one.reading.code}: {one.reading.reason}" if one.reading.state == "held" else "принято")
            for one in found[:_SHOWN]
        ]  # fmt: skip
        if rows:
            columns = ("Код", "Счёт", "Услуга", "Прибор", "Дата", "Показание", "Канал", "Срок", "Состояние")
            screen.table(columns, rows, numbers=frozenset((5,)), title=f"{sender.name}, {month.title}")
            if len(found) > _SHOWN:
                screen.say(f"  … и ещё {len(found) - _SHOWN}: все — с --json")
        else:
            screen.say("Отложенных показаний нет." if held else f"Показаний за {month.title} нет.")
        screen.say(f"Срок приёма от жителей: с {window.first} по {window.last} число ({window.basis}).")
        screen.document({
            "inn": sender.inn, "month": str(month), "window": {"first": window.first, "last": window.last, "basis": window.basis},
            "readings": [
                {"key": one.reading.key, "account": one.reading.account_number, "service": one.service, "serial": one.reading.serial,
                 "taken_on": one.reading.taken_on.isoformat(), "value": _value(one), "zone": one.reading.zone, "channel": one.channel,
                 "in_window": one.is_in_window, "state": one.reading.standing, "code": one.reading.code, "reason": one.reading.reason}
                for one in found
            ],
        })  # fmt: skip


@_room.command("accept")
def readings_accept(
    inn: Inn,
    month_text: MonthText,
    keys: Annotated[list[str], typer.Argument(metavar="КОД…", help="Коды отложенных показаний, как в erkc readings list --held.")],
    reason: Reason = "",
    actor: Actor = "erkc",
    kpp: Kpp = None,
    as_json: Json = False,
) -> None:
    """Принять отложенные показания: решение остаётся в архиве, черновик месяца пересчитается."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        done = accept_readings(
            application.engine, inn=inn, month=month, keys=keys, reason=reason, actor=actor, clock=application.clock, kpp=kpp
        )
        screen.say(f"Принято показаний: {done}.")
        screen.document({"accepted": done})


@_room.command("window")
def readings_window(
    inn: Inn,
    first: Annotated[int, typer.Option("--first", metavar="ЧИСЛО", help="Первый день месяца.")],
    last: Annotated[int, typer.Option("--last", metavar="ЧИСЛО", help="Последний день месяца; 31 — последний день любого.")],
    reason: Reason = "",
    actor: Actor = "erkc",
    kpp: Kpp = None,
    as_json: Json = False,
) -> None:
    """Назначить организации срок приёма показаний от жителей (по её договору); без этого — срок закона."""
    with opened(as_json) as (application, screen):
        window = set_window(
            application.engine, inn=inn, first=first, last=last, reason=reason, actor=actor, clock=application.clock, kpp=kpp
        )
        screen.say(f"Срок приёма: с {window.first} по {window.last} число ({window.basis}).")
        screen.document({"inn": inn, "first": window.first, "last": window.last, "basis": window.basis})


@_room.command("return")
def readings_return(
    inn: Inn,
    month_text: MonthText,
    out: Annotated[Path, typer.Option(metavar="ПАПКА", help="Куда записать файл.")],
    source: Annotated[int, typer.Option(metavar="КАНАЛ", help="Чьи показания: 1 жителей, 2 контролёров, 3 дистанционные.")] = 1,
    pack: Annotated[int, typer.Option(metavar="НОМЕР", help="Номер пачки.")] = 1,
    code: Annotated[str, typer.Option(metavar="КОД", help="Код расчётного центра в имени файла.")] = "ЕРКЦ",
    kpp: Kpp = None,
    as_json: Json = False,
) -> None:
    """Записать обратный файл для программы организации: принятые показания в срок; отложенные и опоздавшие в него не входят."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        _, _, found = list_readings(application.engine, month=month, law=law(), inn=inn, kpp=kpp)
        told = [one for one in found if one.reading.source == source]
        ours = [one for one in told if one.reading.account_number]  # the format has no place for a meter without an account
        goes = [one for one in ours if one.is_in_window and one.reading.standing == "accepted"]
        on = application.clock.now().date()
        data = return_file(
            [
                ReturnedReading(
                    one.reading.account_number, one.service, one.reading.serial, one.reading.taken_on, one.reading.value_e3
                )
                for one in goes
            ],
            month=month, pack=pack, on=on, source=CHANNELS.get(source, str(source)),
        )  # fmt: skip
        out.mkdir(parents=True, exist_ok=True)
        file = out / return_name(pack=pack, on=on, code=code)
        file.write_bytes(data)
        screen.say(f"{file}: показаний {len(goes)}; отложено или вне срока {len(ours) - len(goes)}.")
        if len(told) > len(ours):
            screen.say(f"  показаний общих приборов (без своего лицевого счёта), которым в формате нет места: {len(told) - len(ours)}.")
        left = {"left_out": len(ours) - len(goes), "without_account": len(told) - len(ours)}
        screen.document({"file": str(file), "readings": len(goes), **left})


def _value(one: ListedReading) -> str:
    return f"{one.reading.value_e3 // 1000}.{one.reading.value_e3 % 1000:03d}"

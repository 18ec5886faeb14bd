"""Conflicts of senders of one house: ``erkc conflicts list``, ``erkc conflicts decide``."""

from __future__ import annotations

from typing import Annotated

import typer

from core.services.conflicts import DECIDED_BY, OpenConflict, decide_conflict, list_conflicts
from erkc.cli.options import Json, MonthArgument, month_of, opened

__all__ = ["register"]

_room = typer.Typer(help="Расхождения отправителей одного дома.", no_args_is_help=True)
_ATTRIBUTES = {"fias_house": "код дома по ФИАС", "area": "площадь", "residents": "проживающих"}
_ACTOR = "erkc"


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_room, name="conflicts")


@_room.callback()
def _about() -> None:
    """Расхождения отправителей одного дома."""


@_room.command("list")
def conflicts_list(month_text: MonthArgument, as_json: Json = False) -> None:
    """Показать, что отправители одного дома называют по-разному: значения, откуда и когда узнаны, чьё взято и почему."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        found = list_conflicts(application.engine, month=month)
        rows = [
            (
                one.number if n == 0 else "",
                f"{one.address}{', ' + one.place if one.place else ''}" if n == 0 else "",
                _ATTRIBUTES.get(one.attribute, one.attribute) if n == 0 else "",
                said.sender.name,
                said.value,
                said.source,
                "" if said.learned_at is None else f"{said.learned_at:%d.%m.%Y}",
                f"взято ({DECIDED_BY[one.how]})" if said.sender.inn == one.taken_from else "",
            )
            for one in found
            for n, said in enumerate(one.said)
        ]
        if rows:
            columns = ("№", "Где", "Что", "Отправитель", "Значение", "Откуда", "Узнано", "Что взято")
            screen.table(columns, rows, title=f"Расхождений за {month.title}: {len(found)}")
            screen.say(f'Взять другое значение: erkc conflicts decide {month} № ИНН --reason "…"')
        else:
            screen.say(f"Расхождений отправителей за {month.title} нет.")
        for one in found:
            if one.earlier is not None and one.how != "decision":
                screen.say(f"{one.number}: решение от {one.earlier.at:%d.%m.%Y} было о других значениях; решите снова.")
        screen.document([_json(one) for one in found])


@_room.command("decide")
def conflicts_decide(
    month_text: MonthArgument,
    number: Annotated[str, typer.Argument(metavar="НОМЕР", help="Короткий номер расхождения, как его показывает erkc conflicts list.")],
    inn: Annotated[str, typer.Argument(metavar="ИНН", help="Отправитель, чьё значение верно.")],
    reason: Annotated[str, typer.Option(help="По какому документу; остаётся в архиве решений.")] = "",
    actor: Annotated[str, typer.Option(help="Кто решил.")] = _ACTOR,
    as_json: Json = False,
) -> None:
    """Взять значение одного из отправителей; решение запоминается, пока отправители не назовут другое."""
    with opened(as_json) as (application, screen):
        month = month_of(month_text)
        done = decide_conflict(application.engine, month=month, number=number, inn=inn, reason=reason, actor=actor, clock=application.clock)
        value = next(said.value for said in done.said if said.sender.inn == done.taken_from)
        screen.say(f"{done.number}: {done.address}{', ' + done.place if done.place else ''}: взято {value} (ИНН {done.taken_from}).")
        screen.say(f"Черновик месяца пересчитает erkc bill month {month} --draft; проведённые месяцы — перерасчётом.")
        screen.document(_json(done))


def _json(one: OpenConflict) -> dict[str, object]:
    return {
        "number": one.number,
        "address": one.address,
        "place": one.place,
        "attribute": one.attribute,
        "values": [
            {
                "inn": said.sender.inn,
                "sender": said.sender.name,
                "value": said.value,
                "source": said.source,
                "learned_at": None if said.learned_at is None else said.learned_at.isoformat(),
            }
            for said in one.said
        ],
        "chosen": one.taken_from,
        "by": one.how or "default",
        "decision": None
        if one.earlier is None
        else {
            "inn": one.earlier.body.value,
            "reason": one.earlier.body.reason,
            "actor": one.earlier.body.actor,
            "at": one.earlier.at.isoformat(),
        },
    }

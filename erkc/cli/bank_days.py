"""``erkc day show|close|list``: the operational day of the bank, its two lists and its closing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, cast

import typer

from core.errors import ConfigError
from core.services.bank_day import BankDay, DayItem, DayStanding, close_bank_day, closed_bank_days, stand_of_day
from core.services.show import ENTRY_KINDS
from core.storage.engine import transaction
from erkc.cli.options import Json, opened
from erkc.cli.screen import Screen, roubles
from erkc.cli.suspense import user_name

__all__ = ["register"]

_room = typer.Typer(help="Операционный день банка.", no_args_is_help=True)
Day = Annotated[str | None, typer.Argument(metavar="ГГГГ-ММ-ДД", help="День; без него — сегодня.")]
_STATES = {
    "no_order": "перевод не пришёл",
    "short": "недоплата",
    "over": "переплата",
    "fee_difference": "разница — комиссия",
    "reconciled": "сошёлся, комиссия ещё не проведена: erkc reconcile",
    "no_registry": "реестр не пришёл",
    "registry_difference": "реестр не сошёлся",
}


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_room, name="day")


@_room.callback()
def _about() -> None:
    """Операционный день банка."""


@_room.command("show")
def day_show(day_text: Day = None, as_json: Json = False) -> None:
    """Показать день: выписка, учёт, что есть в реестрах без выписки и в выписке без реестра, сходится ли до копейки."""
    with opened(as_json) as (application, screen):
        day = _day(day_text) or application.clock.now().date()
        with transaction(application.engine) as connection:
            found = stand_of_day(connection, day)
        _show(screen, found)
        screen.document(found.as_json())
    if found.unexplained:
        raise typer.Exit(1)


@_room.command("close")
def day_close(
    day_text: Annotated[str, typer.Argument(metavar="ГГГГ-ММ-ДД", help="День, который закрывается, и все до него.")],
    reason: Annotated[str, typer.Option(help="Основание; остаётся в архиве решений.")] = "день сверен",
    actor: Annotated[str | None, typer.Option(help="Кто закрывает; без него — пользователь системы.")] = None,
    as_json: Json = False,
) -> None:
    """Закрыть операционный день вместе со всеми прежними: проводок в него больше не будет."""
    day = _day(day_text)
    assert day is not None
    with opened(as_json) as (application, screen):
        found, message = close_bank_day(application.engine, day=day, actor=actor or user_name(), reason=reason, clock=application.clock)
        _show(screen, found)
        screen.say(f"День {day:%d.%m.%Y} закрыт. Деньги, которые придут позже, учтутся в первом открытом дне.")
        screen.document(found.as_json() | {"closed": True, "decision_message": message})


@_room.command("list")
def day_list(as_json: Json = False) -> None:
    """Показать закрытые дни: кто и когда закрыл, что оставалось в списках."""
    with opened(as_json) as (application, screen):
        with transaction(application.engine) as connection:
            days = closed_bank_days(connection)
        rows = [
            (
                f"{one.day:%d.%m.%Y}",
                one.actor,
                one.reason,
                f"{one.closed_at:%d.%m.%Y %H:%M}",
                _left(one, "in_registry_not_in_statement"),
                _left(one, "in_statement_not_in_registry"),
            )
            for one in days
        ]
        if rows:
            columns = ("День", "Закрыл", "Основание", "Когда (UTC)", "В реестрах, не в выписке", "В выписке, не в реестрах")
            screen.table(columns, rows, title="Закрытые операционные дни")
        else:
            screen.say("Закрытых операционных дней нет: erkc day close ГГГГ-ММ-ДД.")
        screen.document(
            [
                {
                    "day": one.day.isoformat(),
                    "actor": one.actor,
                    "reason": one.reason,
                    "closed_at": one.closed_at.isoformat(),
                    **one.content,
                }
                for one in days
            ]
        )


def _left(closed: BankDay, name: str) -> str:
    """How many things a list of a closed day had then, and their sum."""
    items = cast("list[dict[str, int]]", closed.content[name])  # as DayStanding.as_json has written them
    return f"{len(items)} на {roubles(sum(item['amount_kop'] for item in items))}" if items else "пусто"


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise ConfigError("CLI-0406", f"«{text}» — не день.", hint="День пишется так: 2026-11-12.") from None


def _show(screen: Screen, found: DayStanding) -> None:
    screen.heading(f"Операционный день {found.day:%d.%m.%Y}{', закрыт' if found.is_closed else ''}")
    screen.say(f"  по выписке поступило {roubles(found.came)}, списано {roubles(found.went)}")
    for kind, (count, amount) in found.accounted.items():
        screen.say(f"  учтено, {ENTRY_KINDS.get(kind, kind)}: {count} на {roubles(amount)}")
    _list(screen, "Есть в реестрах, нет в выписке", found.without_line)
    _list(screen, "Есть в выписке, нет в реестрах", found.without_registry)
    explained = "списки объясняют его до копейки" if not found.unexplained else f"НЕ объяснено {roubles(found.unexplained)}"
    screen.say(f"  в пути {roubles(found.transit)}: {explained}")


def _state(item: DayItem) -> str:
    """More came than a registry that has met its orders stands for: one of its payments was cancelled."""
    if item.state == "reconciled" and item.amount < 0:
        return "сошёлся, платёж отменён: верните агенту или зачтите"
    return _STATES.get(item.state, item.state)


def _list(screen: Screen, title: str, items: Sequence[DayItem]) -> None:
    if not items:
        screen.say(f"  {title}: пусто")
        return
    rows = [("" if item.since is None else f"{item.since:%d.%m.%Y}", item.title, _state(item), roubles(item.amount)) for item in items]
    screen.table(("С какого дня", "Что", "Состояние", "Сумма"), rows, title=title, numbers=frozenset((3,)))

"""Houses with their premises and rooms in the federal system: ``erkc gis houses show|place``."""

from __future__ import annotations

from typing import Annotated

import typer

from core.errors import ConfigError, InputError
from core.records.providers import Provider
from core.services.federal.houses import HouseStanding, look_at_houses, place_houses
from core.services.federal.own_houses import StatedHouse
from erkc.application import Application
from erkc.cli.federal_screen import Wait, answers_of, conversation, show_held, show_obstacles, show_refused
from erkc.cli.options import Json, provider_of, providers_of_month
from erkc.cli.screen import Screen

__all__ = ["houses_room"]

houses_room = typer.Typer(help="Дома, помещения и комнаты в ГИС ЖКХ.", no_args_is_help=True)
Inn = Annotated[str, typer.Option("--inn", help="ИНН поставщика; без ключа — все, с --house — единственный.")]
Fias = Annotated[str, typer.Option("--house", metavar="ФИАС", help="ФИАС дома; без ключа — все многоквартирные дома.")]


@houses_room.callback()
def _about() -> None:
    """Дома, помещения и комнаты в ГИС ЖКХ."""


@houses_room.command("show")
def gis_houses_show(house: Fias = "", inn: Inn = "", wait: Wait = 120, as_json: Json = False) -> None:
    """Выгрузить дома и сравнить с данными поставщика. Код 1 — чего-то в ГИС ЖКХ нет, 3 — ответа ещё нет."""
    outcomes: dict[str, object] = {}
    differs, finished = False, True
    with conversation(as_json) as (application, federal, screen):
        for provider in _providers(application, inn, house):
            scope = {"provider_id": provider.provider_id}
            with answers_of(application, federal, screen, "Выгружаю дома", provider, wait) as waits:
                found = look_at_houses(federal, fias=[house] if house else (), waiting=waits, **scope)
            _say(screen, provider.name, found)
            show_obstacles(screen, federal, provider)
            outcomes[provider.inn] = _json(found)
            differs = differs or (found.houses, found.places) != (found.houses_there, found.places_there)
            finished = finished and found.finished
        screen.document(outcomes)
    if not finished:
        raise typer.Exit(3)
    if differs:
        raise typer.Exit(1)


@houses_room.command("place")
def gis_houses_place(
    house: Fias = "",
    area: Annotated[str, typer.Option("--area", help="Общая площадь дома, м², если в данных её нет.")] = "",
    year: Annotated[int | None, typer.Option("--year", min=1700, max=2215, help="Год ввода в эксплуатацию, если в данных его нет.")] = None,
    floors: Annotated[int | None, typer.Option("--floors", min=1, max=999, help="Число этажей, если в данных его нет.")] = None,
    underground: Annotated[
        int | None, typer.Option("--underground", min=0, max=99, help="Число подземных этажей, если в данных его нет.")
    ] = None,
    state: Annotated[str, typer.Option("--state", help="Состояние дома, если в данных его нет: код или название, справочник 24.")] = "",
    zone: Annotated[str, typer.Option("--zone", help="Часовая зона, если в данных её нет: код или название, справочник 32.")] = "",
    inn: Inn = "",
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Разместить дома, помещения и комнаты, которых в ГИС ЖКХ нет. Код 1 — есть отказы и отложенные, 3 — ответа ещё нет."""
    stated = StatedHouse(_area(area), year, floors, None, underground, state, zone)
    if stated != StatedHouse() and not house:
        raise ConfigError("CLI-0454", "Сведения о доме называют вместе с домом.", hint="Добавьте --house ФИАС.")
    outcomes: dict[str, object] = {}
    left, finished = 0, True
    with conversation(as_json) as (application, federal, screen):
        for provider in _providers(application, inn, house):
            scope = {"provider_id": provider.provider_id}
            with answers_of(application, federal, screen, "Размещаю дома", provider, wait) as waits:
                found = place_houses(federal, fias=[house] if house else (), stated=stated, waiting=waits, **scope)
            _say(screen, provider.name, found)
            show_obstacles(screen, federal, provider)
            outcomes[provider.inn] = _json(found)
            left, finished = left + len(found.refused) + len(found.held), finished and found.finished and not found.waiting
        screen.document(outcomes)
    if not finished:
        raise typer.Exit(3)
    if left:
        raise typer.Exit(1)


def _providers(application: Application, inn: str, house: str) -> list[Provider]:
    return [provider_of(application, inn)] if inn or house else providers_of_month(application)


def _area(text: str) -> int | None:
    """Hundredths of a square metre."""
    if not text:
        return None
    whole, _, part = text.strip().replace(",", ".").partition(".")
    if not (whole.isdecimal() and len(part) <= 2 and (part.isdecimal() or not part)):
        raise InputError("GIS-0541", f"Площадь {text} не читается.", hint="Пишите квадратные метры, например 2500.40.")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def _say(screen: Screen, name: str, found: HouseStanding) -> None:
    if not found.houses:
        screen.say(f"{name}: многоквартирных домов в данных нет")
        return
    screen.say(
        f"{name}: домов {found.houses}, в ГИС ЖКХ {found.houses_there}; помещений и комнат {found.places}, в ГИС ЖКХ {found.places_there}, "
        f"ждут ответа {found.waiting}"
    )
    show_refused(screen, found.refused)
    show_held(screen, found.held)
    if not found.finished:
        screen.say("  ответа ещё нет: erkc gis poll, затем повторите команду")


def _json(found: HouseStanding) -> dict[str, object]:
    return {
        "finished": found.finished,
        "houses": found.houses,
        "houses_there": found.houses_there,
        "places": found.places,
        "places_there": found.places_there,
        "waiting": found.waiting,
        "refused": {title: list(reasons) for title, reasons in found.refused.items()},
        "held": dict(found.held),
    }

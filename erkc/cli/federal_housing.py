"""What stands in the federal system about houses: ``erkc gis meters``, ``erkc gis contracts``, ``erkc gis settlements``."""

from __future__ import annotations

from typing import Annotated

import typer

from core.errors import ConfigError, InputError
from core.ids import EntityId
from core.records.latest import read_houses_list
from core.services.federal.contracts import look_at_contracts, read_contracts, supply_contract
from core.services.federal.meters import MeterStanding, archive_meter, look_at_meters, meter_standing, place_meters
from core.services.federal.settlements import settle
from erkc.application import Application
from erkc.cli.federal_screen import MOST_LINES, Inn, Wait, answers_of, conversation, show_held, show_obstacles, show_one, show_refused
from erkc.cli.options import Json, MonthArgument, month_of, provider_of, providers_of_month
from erkc.cli.screen import Screen, roubles

__all__ = ["register"]

_meters = typer.Typer(help="Приборы учёта в ГИС ЖКХ.", no_args_is_help=True)
_KINDS = {"contract": "договор управления", "charter": "устав", "supply": "договор ресурсоснабжения"}


def register(room: typer.Typer) -> None:
    """Add the commands to the room of the federal exchange."""
    room.add_typer(_meters, name="meters")
    room.command("contracts")(gis_contracts)
    room.command("settlements")(gis_settlements)


@_meters.callback()
def _about() -> None:
    """Приборы учёта в ГИС ЖКХ."""


@_meters.command("show")
def gis_meters_show(wait: Wait = 120, as_json: Json = False) -> None:
    """Выгрузить приборы домов и сравнить с данными поставщика. Код 1 — есть расхождения, 3 — ответа ещё нет."""
    outcomes: dict[str, object] = {}
    differs, finished = False, True
    with conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            scope = {"provider_id": provider.provider_id}
            with answers_of(application, federal, screen, "Выгружаю приборы", provider, wait) as waits:
                ran = look_at_meters(federal, waiting=waits, **scope)
            found = meter_standing(federal, **scope)
            _say_meters(screen, provider.name, found)
            show_obstacles(screen, federal, provider)
            outcomes[provider.inn] = _meters_json(found)
            differs, finished = differs or found.meters != found.there or bool(found.closed), finished and ran.finished
        screen.document(outcomes)
    if not finished:
        raise typer.Exit(3)
    if differs:
        raise typer.Exit(1)


@_meters.command("place")
def gis_meters_place(wait: Wait = 120, as_json: Json = False) -> None:
    """Завести индивидуальные приборы, которых в ГИС ЖКХ нет. Код 1 — есть отказы и отложенные, 3 — ответа ещё нет."""
    outcomes: dict[str, object] = {}
    left = expected = 0
    with conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            scope = {"provider_id": provider.provider_id}
            with answers_of(application, federal, screen, "Завожу приборы", provider, wait) as waits:
                found = place_meters(federal, waiting=waits, **scope)
            _say_meters(screen, provider.name, found)
            show_obstacles(screen, federal, provider)
            outcomes[provider.inn] = _meters_json(found)
            left, expected = left + len(found.refused) + len(found.held), expected + found.waiting
        screen.document(outcomes)
    if expected:
        raise typer.Exit(3)
    if left:
        raise typer.Exit(1)


@_meters.command("archive")
def gis_meters_archive(
    serial: Annotated[str, typer.Argument(metavar="НОМЕР", help="Номер снятого прибора или «ЛС НОМЕР» (erkc gis meters show).")],
    reason: Annotated[str, typer.Option("--reason", help="Код причины архивации, справочник 21.")],
    inn: Inn = "",
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Вывести из работы в ГИС ЖКХ прибор, который у поставщика закрыт. Код 1 — отказ."""
    with conversation(as_json) as (application, federal, screen):
        provider = provider_of(application, inn)
        with answers_of(application, federal, screen, "Вывожу прибор", provider, wait) as waits:
            refused = archive_meter(federal, provider_id=provider.provider_id, serial=serial, reason=reason, waiting=waits)
        show_one(screen, federal, provider, serial, refused, done="архивация передана")
        screen.document({"meter": serial, "refused": list(refused)})
    if refused:
        raise typer.Exit(1)


def _say_meters(screen: Screen, name: str, found: MeterStanding) -> None:
    screen.say(f"{name}: приборов {found.meters}, в ГИС ЖКХ {found.there}, ждут ответа {found.waiting}")
    show_refused(screen, found.refused)
    show_held(screen, found.held)
    show_held(screen, dict.fromkeys(found.closed, "у поставщика закрыт, в ГИС ЖКХ работает; вывести: erkc gis meters archive"))


def _meters_json(found: MeterStanding) -> dict[str, object]:
    return {
        "meters": found.meters,
        "there": found.there,
        "waiting": found.waiting,
        "refused": {title: list(reasons) for title, reasons in found.refused.items()},
        "held": dict(found.held),
        "closed": list(found.closed),
    }


def gis_contracts(wait: Wait = 120, as_json: Json = False) -> None:
    """Выгрузить договоры управления, уставы и договоры ресурсоснабжения. Код 3 — ответа ещё нет."""
    outcomes: dict[str, object] = {}
    finished = True
    with conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            scope = {"provider_id": provider.provider_id}
            with answers_of(application, federal, screen, "Выгружаю договоры", provider, wait) as waits:
                ran = look_at_contracts(federal, waiting=waits, **scope)
            found = read_contracts(federal, **scope)
            screen.say(f"{provider.name}: договоров {len(found)}" if found else f"{provider.name}: договоров в выгрузке нет")
            for one in found[:MOST_LINES]:
                screen.say(f"  {_KINDS[one.kind]} {one.number}, {one.status}: домов {len(one.houses)}, услуг {len(one.services)}")
            show_obstacles(screen, federal, provider)
            finished = finished and ran.finished
            outcomes[provider.inn] = [
                {
                    "kind": one.kind,
                    "root": str(one.root),
                    "number": one.number,
                    "status": one.status,
                    "houses": [str(house) for house in one.houses],
                    "services": [str(service) for service in one.services],
                }
                for one in found
            ]
        screen.document(outcomes)
    if not finished:
        raise typer.Exit(3)


def gis_settlements(
    month_text: MonthArgument,
    contract: Annotated[str, typer.Option("--contract", help="Номер договора ресурсоснабжения; без ключа — единственный.")] = "",
    houses: Annotated[list[str] | None, typer.Option("--house", help="ФИАС дома договора; можно несколько; без ключа — все.")] = None,
    annul: Annotated[str, typer.Option("--annul", help="Аннулировать месяц; причина.")] = "",
    whole: Annotated[bool, typer.Option("--whole", help="С --annul: аннулировать расчёты по договору целиком.")] = False,
    inn: Inn = "",
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Разместить расчёты РСО по договору за месяц, как они в книге; размещённые изменить. Код 1 — отказ, 3 — ответа ещё нет."""
    month = month_of(month_text)
    if whole and not annul:
        raise ConfigError("CLI-0453", "Ключ --whole бывает только с --annul.", hint='Например: --annul "договор расторгнут" --whole.')
    with conversation(as_json) as (application, federal, screen):
        provider = provider_of(application, inn)
        scope = {"provider_id": provider.provider_id}
        with answers_of(application, federal, screen, "Размещаю расчёты", provider, wait) as waits:
            look_at_contracts(federal, waiting=waits, **scope)
            agreed = supply_contract(federal, number=contract, **scope)
            chosen = _houses(application, houses) if houses else None
            done = settle(federal, month=month, contract=agreed.root, houses=chosen, annulled=annul, whole=whole, waiting=waits, **scope)
        said = done.figures
        if said is None or annul:
            screen.say(f"Договор {agreed.number}: {'расчёты' if said is None else month.title} аннулируются")
        else:
            amounts = (("начислено", said.charged), ("получено", said.received), ("долг", said.debt), ("переплата", said.overpaid))
            screen.say(f"Договор {agreed.number}, {month.title}: " + ", ".join(f"{name} {roubles(amount)}" for name, amount in amounts))
        for code, text in done.refused:
            screen.say(f"  {code} {text}")
        show_obstacles(screen, federal, provider)
        figures = None
        if said is not None:
            figures = {"charged": said.charged, "received": said.received, "debt": said.debt, "overpaid": said.overpaid}
        screen.document({"contract": agreed.number, "finished": done.finished, "figures_kop": figures, "refused": list(done.refused)})
    if not done.finished:
        raise typer.Exit(3)
    if done.refused:
        raise typer.Exit(1)


def _houses(application: Application, wanted: list[str]) -> list[EntityId]:
    """Our numbers of houses by ФИАС, of whichever sender."""
    with application.engine.connect() as connection:
        rows = [row for one in providers_of_month(application) for row in read_houses_list(connection, provider_id=one.provider_id)]
    found = {row.fias.lower() for row in rows}
    strange = [fias for fias in wanted if fias.lower() not in found]
    if strange:
        raise InputError("GIS-0534", f"Домов {', '.join(strange)} в данных нет.", hint="Назовите ФИАС дома (erkc report month).")
    return [row.entity_id for row in rows if row.fias.lower() in {fias.lower() for fias in wanted}]

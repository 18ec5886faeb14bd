"""Individual services of accounts in the federal system: ``erkc gis individual show|place|remove``."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import typer

from core.errors import InputError
from core.services.federal.individual import (
    OrderedBy,
    look_at_individual_services,
    place_individual_service,
    read_individual_services,
    remove_individual_service,
)
from erkc.cli.federal_screen import Inn, Wait, answers_of, conversation, show_obstacles, show_one
from erkc.cli.options import Json, provider_of

__all__ = ["individual_room"]

individual_room = typer.Typer(help="Индивидуальные услуги лицевых счетов в ГИС ЖКХ.", no_args_is_help=True)
Account = Annotated[str, typer.Argument(metavar="ЛС", help="Номер лицевого счёта.")]


@individual_room.callback()
def _about() -> None:
    """Индивидуальные услуги лицевых счетов в ГИС ЖКХ."""


@individual_room.command("show")
def gis_individual_show(account: Account, inn: Inn = "", wait: Wait = 120, as_json: Json = False) -> None:
    """Выгрузить индивидуальные услуги лицевого счёта. Код 3 — ответа ещё нет."""
    with conversation(as_json) as (application, federal, screen):
        provider = provider_of(application, inn)
        scope = {"provider_id": provider.provider_id}
        with answers_of(application, federal, screen, "Выгружаю индивидуальные услуги", provider, wait) as waits:
            ran = look_at_individual_services(federal, account=account, waiting=waits, **scope)
        found = read_individual_services(federal, **scope)
        for one in found:
            screen.say(f"{one.guid}: с {one.first:%d.%m.%Y} по {one.last:%d.%m.%Y}" + ("" if one.actual else ", не действует"))
        if not found:
            screen.say("индивидуальных услуг нет" if ran.finished else "ответа ещё нет: erkc gis poll, затем повторите команду")
        show_obstacles(screen, federal, provider)
        rows = [
            {
                "guid": str(one.guid),
                "account": str(one.account),
                "service": str(one.service),
                "first": str(one.first),
                "last": str(one.last),
            }
            for one in found
        ]
        screen.document({"finished": ran.finished, "services": rows})
    if not ran.finished:
        raise typer.Exit(3)


@individual_room.command("place")
def gis_individual_place(
    account: Account,
    service: Annotated[str, typer.Argument(metavar="УСЛУГА", help="Код дополнительной услуги у поставщика: erkc gis services --all.")],
    first: Annotated[str, typer.Option("--from", metavar="ГГГГ-ММ-ДД", help="С какого дня.")],
    last: Annotated[str, typer.Option("--to", metavar="ГГГГ-ММ-ДД", help="По какой день.")],
    file_name: Annotated[str, typer.Option("--file-name", help="Название документа, которым услуга заказана.")],
    file_guid: Annotated[UUID, typer.Option("--file", help="Его идентификатор в хранилище файлов ГИС ЖКХ.")],
    file_hash: Annotated[str, typer.Option("--file-hash", help="Его хеш (ГОСТ Р 34.11), шестнадцатеричный.")],
    inn: Inn = "",
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Разместить индивидуальную услугу лицевого счёта; та же дважды не передаётся. Код 1 — отказ."""
    with conversation(as_json) as (application, federal, screen):
        provider = provider_of(application, inn)
        with answers_of(application, federal, screen, "Размещаю индивидуальную услугу", provider, wait) as waits:
            refused = place_individual_service(
                federal,
                provider_id=provider.provider_id,
                account=account,
                service=service,
                first=_day(first),
                last=_day(last),
                document=OrderedBy(file_name, file_guid, file_hash),
                waiting=waits,
            )
        show_one(screen, federal, provider, f"{account}, услуга {service}", refused, done="передана")
        screen.document({"account": account, "service": service, "refused": list(refused)})
    if refused:
        raise typer.Exit(1)


@individual_room.command("remove")
def gis_individual_remove(
    guid: Annotated[UUID, typer.Argument(metavar="ИДЕНТИФИКАТОР", help="Его показывает erkc gis individual show.")],
    inn: Inn = "",
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Удалить размещённую индивидуальную услугу. Код 1 — отказ."""
    with conversation(as_json) as (application, federal, screen):
        provider = provider_of(application, inn)
        with answers_of(application, federal, screen, "Удаляю индивидуальную услугу", provider, wait) as waits:
            refused = remove_individual_service(federal, provider_id=provider.provider_id, guid=guid, waiting=waits)
        show_one(screen, federal, provider, str(guid), refused, done="удаление передано")
        screen.document({"guid": str(guid), "refused": list(refused)})
    if refused:
        raise typer.Exit(1)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError("GIS-0515", f"День {text} не читается.", hint="Пишите ГГГГ-ММ-ДД.") from error

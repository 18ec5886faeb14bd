"""Individual services of accounts in the federal system: ``erkc gis individual show|place|remove``."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

import typer

from core.errors import InputError
from core.services.federal import troubles
from core.services.federal.individual import (
    OrderedBy,
    look_at_individual_services,
    place_individual_service,
    read_individual_services,
    remove_individual_service,
)
from erkc.cli.federal_screen import show_troubles
from erkc.cli.options import Json, opened, provider_of
from erkc.federation import open_federal, waiting

__all__ = ["individual_room"]

individual_room = typer.Typer(help="Индивидуальные услуги лицевых счетов в ГИС ЖКХ.", no_args_is_help=True)
Wait = Annotated[float, typer.Option("--wait", help="Сколько секунд ждать ответов; 0 — не ждать, дальше erkc gis poll.")]
Inn = Annotated[str, typer.Option("--inn", help="ИНН поставщика; без ключа — единственный зарегистрированный.")]
Account = Annotated[str, typer.Argument(metavar="ЛС", help="Номер лицевого счёта.")]


@individual_room.callback()
def _about() -> None:
    """Индивидуальные услуги лицевых счетов в ГИС ЖКХ."""


@individual_room.command("show")
def gis_individual_show(account: Account, inn: Inn = "", wait: Wait = 120, as_json: Json = False) -> None:
    """Выгрузить индивидуальные услуги лицевого счёта. Код 3 — ответа ещё нет."""
    with opened(as_json) as (application, screen):
        federal = open_federal(application)
        scope = {"provider_id": provider_of(application, inn).provider_id}
        ran = look_at_individual_services(federal, account=account, waiting=waiting(wait, application) if wait else None, **scope)
        found = read_individual_services(federal, **scope)
        for one in found:
            screen.say(f"{one.guid}: с {one.first:%d.%m.%Y} по {one.last:%d.%m.%Y}" + ("" if one.actual else ", не действует"))
        if not found:
            screen.say("индивидуальных услуг нет" if ran.finished else "ответа ещё нет: erkc gis poll, затем повторите команду")
        show_troubles(screen, troubles(federal, **scope))
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
    with opened(as_json) as (application, screen):
        federal = open_federal(application)
        scope = {"provider_id": provider_of(application, inn).provider_id}
        refused = place_individual_service(
            federal,
            account=account,
            service=service,
            first=_day(first),
            last=_day(last),
            document=OrderedBy(file_name, file_guid, file_hash),
            waiting=waiting(wait, application) if wait else None,
            **scope,
        )
        screen.say(f"{account}, услуга {service}: {'; '.join(f'{code} {text}' for code, text in refused) or 'передана'}")
        show_troubles(screen, troubles(federal, **scope))
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
    with opened(as_json) as (application, screen):
        federal = open_federal(application)
        scope = {"provider_id": provider_of(application, inn).provider_id}
        refused = remove_individual_service(federal, guid=guid, waiting=waiting(wait, application) if wait else None, **scope)
        screen.say(f"{guid}: {'; '.join(f'{code} {text}' for code, text in refused) or 'удаление передано'}")
        show_troubles(screen, troubles(federal, **scope))
        screen.document({"guid": str(guid), "refused": list(refused)})
    if refused:
        raise typer.Exit(1)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError("GIS-0515", f"День {text} не читается.", hint="Пишите ГГГГ-ММ-ДД.") from error

"""The federal system: ``erkc gis synchronise|send|poll|status|package``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from core.services.federal import Federal, Standing, poll, send_bills, status, synchronise
from erkc.application import Application
from erkc.cli.options import Json, MonthArgument, month_of, opened, providers_of_month
from erkc.cli.screen import Screen
from erkc.federal_packages import package_bills
from erkc.federation import open_federal, waiting

__all__ = ["register", "show_standing"]

_room = typer.Typer(help="Обмен с ГИС ЖКХ.", no_args_is_help=True)
_package = typer.Typer(help="Подписанные запросы файлами, без отправки.", no_args_is_help=True)
Wait = Annotated[float, typer.Option("--wait", help="Сколько секунд ждать ответов; 0 — не ждать, дальше erkc gis poll.")]


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    _room.add_typer(_package, name="package")
    application.add_typer(_room, name="gis")


@_room.callback()
def _about() -> None:
    """Обмен с ГИС ЖКХ."""


@_package.callback()
def _about_package() -> None:
    """Подписанные запросы файлами, без отправки."""


@contextmanager
def _conversation(as_json: bool) -> Iterator[tuple[Application, Federal, Screen]]:
    with opened(as_json) as (application, screen):
        yield application, open_federal(application), screen


@_room.command("synchronise")
def gis_synchronise(wait: Wait = 120, as_json: Json = False) -> None:
    """Получить из ГИС ЖКХ идентификаторы организаций, домов, помещений, услуг; разместить лицевые счета."""
    outcomes: dict[str, object] = {}
    finished = True
    with _conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            with screen.progress(f"Сверяюсь с ГИС ЖКХ, {provider.name}"):
                done = synchronise(federal, provider_id=provider.provider_id, waiting=waiting(wait, application) if wait else None)
            finished = finished and done.finished
            screen.say(f"{provider.name}: счетов {done.accounts_known} из {done.accounts}, услуг {done.services_known} из {done.services}")
            for account, reasons in done.accounts_refused.items():
                screen.say(f"  счёт {account}: {'; '.join(f'{code} {text}' for code, text in reasons)}")
            outcomes[provider.inn] = {
                "finished": done.finished,
                "asked": done.asked,
                "accounts": done.accounts,
                "accounts_known": done.accounts_known,
                "services": done.services,
                "services_known": done.services_known,
                "accounts_refused": {str(key): list(value) for key, value in done.accounts_refused.items()},
            }
        screen.document(outcomes)
    if not finished:
        raise typer.Exit(3)


@_room.command("send")
def gis_send(
    month_text: MonthArgument,
    wait: Wait = 120,
    refused_too: Annotated[bool, typer.Option("--refused-too", help="Отправить снова и отклонённые (причина устранена).")] = False,
    as_json: Json = False,
) -> None:
    """Разместить платёжные документы месяца; размещённые и ждущие ответа не отправляются снова."""
    month = month_of(month_text)
    outcomes: dict[str, object] = {}
    unfinished = refused = 0
    with _conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            with screen.progress(f"Размещаю документы, {provider.name}"):
                prepared = send_bills(
                    federal,
                    provider_id=provider.provider_id,
                    month=month,
                    refused_too=refused_too,
                    waiting=waiting(wait, application) if wait else None,
                )
            standing = status(federal, provider_id=provider.provider_id, month=month)
            screen.say(f"{provider.name}: пакетов {prepared.packages}, документов в них {prepared.bills}")
            for bill, reason in list(prepared.held.items())[:20]:
                screen.say(f"  документ {bill} не отправлен: {reason}")
            show_standing(screen, standing)
            unfinished += standing.waiting
            refused += len(standing.refused) + len(prepared.held)
            outcomes[provider.inn] = _standing_json(standing) | {"packages": prepared.packages, "held": len(prepared.held)}
        screen.document(outcomes)
    if refused:
        raise typer.Exit(1)
    if unfinished:
        raise typer.Exit(3)


@_room.command("poll")
def gis_poll(wait: Wait = 0, as_json: Json = False) -> None:
    """Сделать всё, чему пришёл срок: отправить, спросить о результате, найти потерянное."""
    with _conversation(as_json) as (application, federal, screen):
        ran = poll(federal, waiting=waiting(wait, application) if wait else None)
        screen.say(f"Шагов сделано: {ran.steps}; {'всё завершено' if ran.finished else 'есть незавершённые обмены'}")
        screen.document({"steps": ran.steps, "finished": ran.finished})
    if not ran.finished:
        raise typer.Exit(3)


@_room.command("status")
def gis_status(month_text: MonthArgument, as_json: Json = False) -> None:
    """Что размещено, что отклонено и почему, что ждёт ответа."""
    month = month_of(month_text)
    outcomes: dict[str, object] = {}
    with _conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            standing = status(federal, provider_id=provider.provider_id, month=month)
            screen.heading(f"{provider.name}, {month.title}")
            show_standing(screen, standing)
            outcomes[provider.inn] = _standing_json(standing)
        screen.document(outcomes)


@_package.command("bills")
def gis_package_bills(
    month_text: MonthArgument, out: Annotated[Path, typer.Option(help="Папка для файлов.")] = Path("gis-packages"), as_json: Json = False
) -> None:
    """Сложить подписанные запросы importPaymentDocumentData в файлы; рядом сертификат signer.pem."""
    month = month_of(month_text)
    outcomes: dict[str, object] = {}
    with opened(as_json) as (application, screen):
        for provider in providers_of_month(application):
            with screen.progress(f"Готовлю пакеты, {provider.name}"):
                packed = package_bills(application, provider_id=provider.provider_id, month=month, out=out)
            screen.say(f"{provider.name}: документов {packed.bills}, файлов {len(packed.files)}, папка {out}; подпись: {packed.signature}")
            outcomes[provider.inn] = {
                "bills": packed.bills,
                "files": [file.name for file in packed.files],
                "certificate": packed.certificate.name,
                "signature": packed.signature,
            }
        screen.document(outcomes)


def show_standing(screen: Screen, standing: Standing) -> None:
    """How the month's bills stand, for people."""
    screen.say(
        f"  документов {standing.bills}: размещено {standing.placed} ({standing.placed_percent} %), ждут ответа {standing.waiting}, "
        f"отклонено {len(standing.refused)}, не отправлялось {standing.not_sent}"
    )
    for bill, reasons in list(standing.refused.items())[:20]:
        screen.say(f"  документ {bill}: {'; '.join(f'{code} {text}' for code, text in reasons)}")


def _standing_json(standing: Standing) -> dict[str, object]:
    return {
        "bills": standing.bills,
        "placed": standing.placed,
        "placed_percent": standing.placed_percent,
        "waiting": standing.waiting,
        "refused": {str(bill): [list(reason) for reason in reasons] for bill, reasons in standing.refused.items()},
        "not_sent": standing.not_sent,
        "identifiers": {str(bill): identifier for bill, identifier in standing.identifiers.items()},
    }

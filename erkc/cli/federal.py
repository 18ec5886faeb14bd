"""The federal system: ``erkc gis synchronise|check|send|poll|status|package|test-key``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from core.errors import InputError
from core.ids import BillId, ProviderId
from core.records.providers import Provider
from core.services.federal import (
    Federal,
    MappedService,
    answered,
    check_access,
    choose_insurance,
    map_service,
    mapped_services,
    poll,
    send_bills,
    send_debts,
    send_readings,
    status,
    synchronise,
    troubles,
    unfinished,
    withdraw_bills,
)
from core.services.federal.own_books import place_own_elements
from erkc.application import Application
from erkc.cli.federal_album import album_room
from erkc.cli.federal_houses import houses_room
from erkc.cli.federal_housing import register as register_housing
from erkc.cli.federal_inbox import answer_room, inbox_room
from erkc.cli.federal_individual import individual_room
from erkc.cli.federal_payments import register as register_payments
from erkc.cli.federal_screen import exchanges_over, show_checked, show_standing, show_troubles, watched
from erkc.cli.options import Json, MonthArgument, is_month, month_of, opened, providers_of_month
from erkc.cli.screen import Screen
from erkc.federal_check import Checked, GoodFiles, check_file, check_month
from erkc.federal_packages import package_bills
from erkc.federal_words import access_sentence, checked_json, standing_json, troubles_json
from erkc.federation import open_federal, prove_signature, test_signing_files

__all__ = ["Wait", "conversation", "poll_all", "register", "show_standing", "synchronise_all"]

_room = typer.Typer(help="Обмен с ГИС ЖКХ.", no_args_is_help=True)
_package = typer.Typer(help="Подписанные запросы файлами, без отправки.", no_args_is_help=True)
_MOST_LINES = 20
_INSURANCE = "insurance"
Wait = Annotated[float, typer.Option("--wait", help="Сколько секунд ждать ответов; 0 — не ждать, дальше erkc gis poll.")]


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    _room.add_typer(_package, name="package")
    _room.add_typer(album_room, name="album")
    _room.add_typer(inbox_room, name="inbox")
    _room.add_typer(answer_room, name="answer")
    register_payments(_room)
    register_housing(_room)
    _room.add_typer(individual_room, name="individual")
    _room.add_typer(houses_room, name="houses")
    application.add_typer(_room, name="gis")


@_room.callback()
def _about() -> None:
    """Обмен с ГИС ЖКХ."""


@_package.callback()
def _about_package() -> None:
    """Подписанные запросы файлами, без отправки."""


@contextmanager
def conversation(as_json: bool) -> Iterator[tuple[Application, Federal, Screen]]:
    """The application, its federal conversation and the screen of a command; no key is asked for before something must be signed."""
    with opened(as_json) as (application, screen):
        yield application, open_federal(application), screen


@_room.command("test-key")
def gis_test_key(as_json: Json = False) -> None:
    """Выпустить испытательные сертификат и ключ подписи для стенда; для настоящего контура кладут свои, готовые не заменяются."""
    with opened(as_json) as (application, screen):
        files = test_signing_files(application, application.clock.now())
        screen.say(f"Сертификат {files.certificate}, ключ {files.key}, удостоверяющий центр {files.authority}.")
        screen.document({"certificate": str(files.certificate), "key": str(files.key), "authority": str(files.authority)})


@_room.command("signature")
def gis_signature(as_json: Json = False) -> None:
    """Проверить подпись: вектор Стрибога, подпись случайных байтов, срок сертификата; сказать, чем подписывается."""
    with opened(as_json) as (application, screen):
        proved = prove_signature(application)
        if proved is None:
            screen.say("Подписывать нечем: файлов подписи нет. Для стенда их выпускает erkc gis test-key.")
            screen.document({"signature": None})
            raise typer.Exit(1)
        screen.say(f"Подпись проверена: {proved.title}.")
        screen.say(f"Сертификат: {proved.subject}; действует по {proved.not_after:%d.%m.%Y}.")
        screen.document({"signature": proved.title, "subject": proved.subject, "not_after": proved.not_after.isoformat()})


@_room.command("access")
def gis_access(wait: Wait = 60, as_json: Json = False) -> None:
    """Проверить доступ: есть ли поставщики в реестре ГИС ЖКХ и делегировали ли права этой системе. Код 1 — кто-то нет."""
    outcomes: dict[str, object] = {}
    lacking = False
    finished = True
    with conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            count = exchanges_over(federal, provider.provider_id)
            title = f"Проверяю доступ, {provider.name}"
            with watched(application, screen, title, wait_s=wait, count=count, what="завершено обменов") as waiting:
                found = check_access(federal, provider_id=provider.provider_id, waiting=waiting)
            screen.say(access_sentence(provider.name, found))
            show_troubles(screen, troubles(federal, provider_id=provider.provider_id))
            lacking, finished = lacking or not found.is_delegated, finished and found.finished
            outcomes[provider.inn] = {
                "finished": found.finished,
                "is_registered": found.is_registered,
                "is_delegated": found.is_delegated,
            }
        screen.document(outcomes)
    if not finished:
        raise typer.Exit(3)
    if lacking:
        raise typer.Exit(1)


@_room.command("synchronise")
def gis_synchronise(wait: Wait = 120, as_json: Json = False) -> None:
    """Получить из ГИС ЖКХ идентификаторы организаций, домов, помещений, услуг; разместить лицевые счета."""
    with conversation(as_json) as (application, federal, screen):
        outcomes, finished = synchronise_all(application, federal, screen, wait_s=wait)
        screen.document(outcomes)
    if not finished:
        raise typer.Exit(3)


def synchronise_all(application: Application, federal: Federal, screen: Screen, *, wait_s: float) -> tuple[dict[str, object], bool]:
    """Synchronise every provider and show what came of it; the outcomes by ИНН, and whether nothing is awaited."""
    outcomes: dict[str, object] = {}
    finished = True
    for provider in providers_of_month(application):
        count = exchanges_over(federal, provider.provider_id)
        with watched(
            application, screen, f"Сверяюсь с ГИС ЖКХ, {provider.name}", wait_s=wait_s, count=count, what="завершено обменов"
        ) as waiting:
            done = synchronise(federal, provider_id=provider.provider_id, waiting=waiting)
        finished = finished and done.finished
        met = troubles(federal, provider_id=provider.provider_id)
        screen.say(f"{provider.name}: счетов {done.accounts_known} из {done.accounts}, услуг {done.services_known} из {done.services}")
        for account, reasons in done.accounts_refused.items():
            screen.say(f"  счёт {account}: {'; '.join(f'{code} {text}' for code, text in reasons)}")
        show_troubles(screen, met)
        outcomes[provider.inn] = {
            "finished": done.finished,
            "asked": done.asked,
            "accounts": done.accounts,
            "accounts_known": done.accounts_known,
            "services": done.services,
            "services_known": done.services_known,
            "accounts_refused": {str(key): list(value) for key, value in done.accounts_refused.items()},
            "troubles": troubles_json(met),
        }
    return outcomes, finished


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
    unfinished_bills = refused = 0
    with conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            provider_id = provider.provider_id
            count = partial(answered, federal, provider_id=provider_id, month=month)
            with watched(
                application, screen, f"Размещаю документы, {provider.name}", wait_s=wait, count=count, what="отвечено документов"
            ) as waiting:
                prepared = send_bills(federal, provider_id=provider_id, month=month, refused_too=refused_too, waiting=waiting)
            standing = status(federal, provider_id=provider_id, month=month)
            screen.say(f"{provider.name}: подготовлено пакетов {prepared.packages}, документов в них {prepared.bills}")
            _show_held(screen, prepared.held)
            show_standing(screen, standing)
            unfinished_bills += standing.unfinished
            refused += len(standing.refused) + len(prepared.held)
            outcomes[provider.inn] = standing_json(standing) | {"packages": prepared.packages, "held": len(prepared.held)}
        screen.document(outcomes)
    if refused:
        raise typer.Exit(1)
    if unfinished_bills:
        raise typer.Exit(3)


def _show_held(screen: Screen, held: Mapping[BillId, str]) -> None:
    """Bills that cannot go before the federal system has what they point to."""
    for bill, reason in list(held.items())[:_MOST_LINES]:
        screen.say(f"  документ {bill} не отправлен: {reason}")
    if len(held) > _MOST_LINES:
        screen.say(f"  и ещё {len(held) - _MOST_LINES}")
    if held:
        screen.say("  недостающее получает erkc gis synchronise; после него повторите команду")


@_room.command("check")
def gis_check(
    targets: Annotated[list[str], typer.Argument(metavar="ФАЙЛ|ГГГГ-ММ…", help="Запросы файлами или расчётные месяцы.")],
    out: Annotated[Path | None, typer.Option(help="Папка: записать запросы, в которых только исправные документы.")] = None,
    send: Annotated[bool, typer.Option("--send", help="Отправить исправные документы месяца; остальные остаются.")] = False,
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Сказать до отправки, что ГИС ЖКХ отклонит и почему; исправное записать или отправить. Код 1 — есть что исправить."""
    outcomes: dict[str, object] = {}
    is_healthy = True
    with conversation(as_json) as (application, federal, screen):
        for target in targets:
            for key, checked, provider_id, good in _checks(application, federal, screen, target, out):
                show_checked(screen, checked)
                document = checked_json(checked)
                if good is not None:
                    screen.say(f"  записано файлов {len(good.paths)}, папка {out}")
                    document["files"] = [path.name for path in good.paths]
                if send and provider_id is not None and checked.may_send:
                    month = month_of(target)
                    count = partial(answered, federal, provider_id=provider_id, month=month)
                    with watched(
                        application, screen, "Размещаю исправное", wait_s=wait, count=count, what="отвечено документов"
                    ) as waiting:
                        sent = send_bills(federal, provider_id=provider_id, month=month, waiting=waiting, stopped=checked.held)
                    screen.say(f"  отправлено документов {sent.bills}")
                    document["sent"] = sent.bills
                outcomes[key] = document
                is_healthy = is_healthy and checked.healthy
        if not outcomes:
            screen.say("проверять нечего: документов за месяц не выпущено")
        screen.document(outcomes)
    if not is_healthy:
        raise typer.Exit(1)


def _checks(
    application: Application, federal: Federal, screen: Screen, target: str, out: Path | None
) -> Iterator[tuple[str, Checked, ProviderId | None, GoodFiles | None]]:
    """What one argument names: a file, or a month of every provider; with ``out`` what is healthy is written while it is looked at."""

    def files(name: str) -> GoodFiles | None:
        return None if out is None else GoodFiles(application, federal, out, name)

    if not is_month(target):
        good = files(Path(target).stem.replace(" ", "-"))
        yield Path(target).name, check_file(application, federal, Path(target), good=good), None, good
        return
    month = month_of(target)
    for provider in providers_of_month(application):
        good = files(f"{month}-{provider.inn}")
        with screen.progress(f"Проверяю {month.title}, {provider.name}"):
            checked = check_month(application, federal, provider_id=provider.provider_id, month=month, good=good)
        if checked is not None:
            yield f"{month} {provider.inn}", checked, provider.provider_id, good


@_room.command("debts")
def gis_debts(month_text: MonthArgument, wait: Wait = 120, as_json: Json = False) -> None:
    """Разместить долговые документы: долги прошлых месяцев на начало месяца, по услугам и месяцам."""
    month = month_of(month_text)
    outcomes: dict[str, object] = {}
    held = 0
    with conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            count = exchanges_over(federal, provider.provider_id)
            title = f"Размещаю долговые документы, {provider.name}"
            with watched(application, screen, title, wait_s=wait, count=count, what="завершено обменов") as waiting:
                prepared = send_debts(federal, provider_id=provider.provider_id, month=month, waiting=waiting)
            sent = f"отправлено {prepared.documents}, ждут ответа {prepared.on_their_way}, размещено раньше {prepared.placed}"
            screen.say(f"{provider.name}: долговых документов {sent}")
            _show_held(screen, prepared.held)
            held += len(prepared.held)
            outcomes[provider.inn] = {
                "documents": prepared.documents,
                "on_their_way": prepared.on_their_way,
                "placed": prepared.placed,
                "held": len(prepared.held),
            }
        screen.document(outcomes)
    if held:
        raise typer.Exit(1)


@_room.command("readings")
def gis_readings(month_text: MonthArgument, wait: Wait = 120, as_json: Json = False) -> None:
    """Передать показания месяца по приборам, которые есть в ГИС ЖКХ; остальные назвать. Код 1 — есть отклонённые или ненайденные."""
    month = month_of(month_text)
    outcomes: dict[str, object] = {}
    left = waiting_for = 0
    with conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            count = exchanges_over(federal, provider.provider_id)
            title = f"Передаю показания, {provider.name}"
            with watched(application, screen, title, wait_s=wait, count=count, what="завершено обменов") as waiting:
                done = send_readings(federal, provider_id=provider.provider_id, month=month, waiting=waiting)
            screen.say(f"{provider.name}: показаний {done.readings}, размещено {done.placed}, ждут ответа {done.waiting}")
            for title, reasons in list(done.refused.items())[:_MOST_LINES]:
                screen.say(f"  {title}: {'; '.join(f'{code} {text}' for code, text in reasons)}")
            for title in done.unknown[:_MOST_LINES]:
                screen.say(f"  {title}: прибора на этом лицевом счёте в ГИС ЖКХ нет")
            left += len(done.refused) + len(done.unknown)
            waiting_for += done.waiting
            outcomes[provider.inn] = {
                "readings": done.readings,
                "placed": done.placed,
                "waiting": done.waiting,
                "refused": {key: list(value) for key, value in done.refused.items()},
                "unknown": list(done.unknown),
            }
        screen.document(outcomes)
    if left:
        raise typer.Exit(1)
    if waiting_for:
        raise typer.Exit(3)


@_room.command("withdraw")
def gis_withdraw(
    month_text: MonthArgument,
    numbers: Annotated[list[str] | None, typer.Option("--number", help="Номер документа; можно несколько; без ключа — все.")] = None,
    acknowledged_too: Annotated[
        bool, typer.Option("--acknowledged-too", help="Сначала отменить квитирование документов, потом отозвать их.")
    ] = False,
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Отозвать размещённые документы месяца; отозванный документ можно разместить снова."""
    month = month_of(month_text)
    outcomes: dict[str, object] = {}
    is_held = False
    with conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            count = exchanges_over(federal, provider.provider_id)
            with watched(
                application, screen, f"Отзываю документы, {provider.name}", wait_s=wait, count=count, what="завершено обменов"
            ) as waiting:
                done = withdraw_bills(
                    federal,
                    provider_id=provider.provider_id,
                    month=month,
                    numbers=numbers or (),
                    acknowledged_too=acknowledged_too,
                    waiting=waiting,
                )
            standing = status(federal, provider_id=provider.provider_id, month=month)
            screen.say(f"{provider.name}: отзывается документов {done.begun}, размещёнными остались {standing.placed}")
            for number, reason in list(done.held.items())[:_MOST_LINES]:
                screen.say(f"  {number}: {reason}")
            show_troubles(screen, standing.troubles)
            is_held = is_held or bool(done.held)
            outcomes[provider.inn] = {"begun": done.begun, "held": dict(done.held), "placed": standing.placed}
        screen.document(outcomes)
    if is_held:
        raise typer.Exit(1)


@_room.command("services")
def gis_services(
    all_: Annotated[bool, typer.Option("--all", help="И сопоставленные; без ключа — только ждущие решения.")] = False,
    place: Annotated[bool, typer.Option("--place", help="Сначала завести недостающее в собственных справочниках 1, 51 и 337.")] = False,
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Услуги, которым не нашлось элемента в справочниках ГИС ЖКХ; код 1 — такие есть. Сопоставляет erkc gis map."""
    outcomes: dict[str, object] = {}
    left = 0
    with conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            if place:
                _place_elements(application, federal, screen, provider, wait)
            rows = mapped_services(federal, provider_id=provider.provider_id)
            waiting = [row for row in rows if row.element is None]
            left += len(waiting)
            screen.say(f"{provider.name}: сопоставлено услуг {len(rows) - len(waiting)} из {len(rows)}")
            for row in rows if all_ else waiting:
                if row.element is None or row.since is None:
                    screen.say(f"  {row.key} «{row.name}»: не сопоставлена")
                else:
                    by = ", решение оператора" if row.is_chosen else ""
                    screen.say(
                        f"  {row.key} «{row.name}»: справочник {row.element.book}, код {row.element.code} с {row.since:%d.%m.%Y}{by}"
                    )
            outcomes[provider.inn] = [_mapped_json(row) for row in rows]
        screen.document(outcomes)
    if left:
        raise typer.Exit(1)


def _place_elements(application: Application, federal: Federal, screen: Screen, provider: Provider, wait: float) -> None:
    count = exchanges_over(federal, provider.provider_id)
    title = f"Завожу элементы справочников, {provider.name}"
    with watched(application, screen, title, wait_s=wait, count=count, what="завершено обменов") as waiting:
        done = place_own_elements(federal, provider_id=provider.provider_id, waiting=waiting)
    screen.say(f"{provider.name}: заводится элементов {done.begun}")
    for name, reasons in done.refused.items():
        screen.say(f"  «{name}»: {'; '.join(f'{code} {text}' for code, text in reasons)}")
    for name in done.left:
        screen.say(f"  «{name}»: общий справочник, сопоставляет erkc gis map")


def _mapped_json(row: MappedService) -> dict[str, object]:
    element = None if row.element is None else {"book": row.element.book, "code": row.element.code, "guid": str(row.element.guid)}
    since = None if row.since is None else row.since.isoformat()
    earlier = [{"book": one.book, "code": one.code, "guid": str(one.guid), "since": at.isoformat()} for one, at in row.earlier]
    return {"key": row.key, "name": row.name, "element": element, "since": since, "is_chosen": row.is_chosen, "earlier": earlier}


def _product(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InputError(
            "GIS-0516", f"«{text}» — не идентификатор страхового продукта.", hint="Идентификатор (GUID) показывает личный кабинет ГИС ЖКХ."
        ) from None


@_room.command("map")
def gis_map(
    key: Annotated[str, typer.Argument(metavar="УСЛУГА", help="Код услуги у поставщика: его показывает erkc gis services.")],
    book: Annotated[
        str,
        typer.Argument(metavar="СПРАВОЧНИК", help="Номер справочника: 50, 51, 1, 2; insurance — страхование."),
    ],
    code: Annotated[str, typer.Argument(metavar="КОД", help="Код элемента; для insurance — идентификатор страхового продукта.")],
    inn: Annotated[str, typer.Option("--inn", help="ИНН поставщика; без ключа — единственный, у кого есть такая услуга.")] = "",
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Сопоставить услугу с элементом справочника ГИС ЖКХ; идентификатор элемента берётся из выгрузки, решение действует до следующего."""
    with conversation(as_json) as (application, federal, screen):
        fitting = [
            provider
            for provider in providers_of_month(application)
            if inn in ("", provider.inn) and any(row.key == key for row in mapped_services(federal, provider_id=provider.provider_id))
        ]
        if len(fitting) != 1:
            found = "ни у одного поставщика" if not fitting else f"у нескольких: {', '.join(one.inn for one in fitting)}"
            raise InputError("GIS-0512", f"Услуга с кодом {key} есть {found}.", hint="Укажите --inn; коды показывает erkc gis services.")
        provider_id = fitting[0].provider_id
        if book == _INSURANCE:
            choose_insurance(federal, provider_id=provider_id, key=key, product=_product(code))
            screen.say(f"{key}: добровольное страхование, продукт {code}")
            screen.document({"key": key, "insurance": code})
            return
        count = exchanges_over(federal, provider_id)
        with watched(application, screen, f"Выгружаю справочник {book}", wait_s=wait, count=count, what="завершено обменов") as waiting:
            row = map_service(federal, provider_id=provider_id, key=key, book=book, code=code, waiting=waiting)
        done = row.element is not None and (row.element.book, row.element.code) == (book, code)
        screen.say(f"{row.key} «{row.name}»: " + (f"справочник {book}, код {code}" if done else "сопоставления ещё нет"))
        if not done:
            screen.say("  такого кода в справочнике нет или ответа ещё нет: erkc gis poll, затем erkc gis services")
        screen.document(_mapped_json(row))
    if not done:
        raise typer.Exit(3)


@_room.command("poll")
def gis_poll(wait: Wait = 0, as_json: Json = False) -> None:
    """Сделать всё, чему пришёл срок: отправить, спросить о результате, найти потерянное."""
    with conversation(as_json) as (application, federal, screen):
        outcome, finished = poll_all(application, federal, screen, wait_s=wait)
        screen.document(outcome)
    if not finished:
        raise typer.Exit(3)


def poll_all(application: Application, federal: Federal, screen: Screen, *, wait_s: float) -> tuple[dict[str, object], bool]:
    """Take every step that is due and show what is left; the outcome, and whether nothing is."""
    with watched(
        application, screen, "Обмен с ГИС ЖКХ", wait_s=wait_s, count=exchanges_over(federal, None), what="завершено обменов"
    ) as waiting:
        ran = poll(federal, waiting=waiting)
    left, met = unfinished(federal), troubles(federal)
    screen.say(f"Шагов сделано: {ran.steps}; " + (f"не завершено обменов: {left}" if left else "всё завершено"))
    show_troubles(screen, met)
    next_at = None if ran.next_at is None else ran.next_at.isoformat()
    return {
        "steps": ran.steps,
        "finished": ran.finished,
        "unfinished": left,
        "next_at": next_at,
        "troubles": troubles_json(met),
    }, ran.finished


@_room.command("status")
def gis_status(month_text: MonthArgument, as_json: Json = False) -> None:
    """Что размещено, что отклонено и почему, что ждёт ответа, что не ушло и почему; код 3 — есть препятствия обмену. Ключ не нужен."""
    month = month_of(month_text)
    outcomes: dict[str, object] = {}
    is_hindered = False
    with conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            standing = status(federal, provider_id=provider.provider_id, month=month)
            is_hindered = is_hindered or bool(standing.troubles)
            screen.heading(f"{provider.name}, {month.title}")
            show_standing(screen, standing)
            outcomes[provider.inn] = standing_json(standing)
        screen.document(outcomes)
    if is_hindered:
        raise typer.Exit(3)


@_package.command("bills")
def gis_package_bills(
    month_text: MonthArgument, out: Annotated[Path, typer.Option(help="Папка для файлов.")] = Path("gis-packages"), as_json: Json = False
) -> None:
    """Сложить подписанные запросы importPaymentDocumentData в файлы; рядом сертификат signer.pem. Код 1 — не все документы идут."""
    month = month_of(month_text)
    outcomes: dict[str, object] = {}
    is_held = False
    with opened(as_json) as (application, screen):
        for provider in providers_of_month(application):
            try:
                with screen.progress(f"Готовлю пакеты, {provider.name}"):
                    packed = package_bills(application, provider_id=provider.provider_id, month=month, out=out)
            except InputError as error:
                if error.code != "GIS-0601":
                    raise
                screen.say(f"{provider.name}: {error.message}")
                continue
            is_held = is_held or bool(packed.held)
            screen.say(f"{provider.name}: документов {packed.bills}, файлов {len(packed.files)}, папка {out}; подпись: {packed.signature}")
            outcomes[provider.inn] = {
                "bills": packed.bills,
                "files": [file.name for file in packed.files],
                "certificate": packed.certificate.name,
                "signature": packed.signature,
                "held": dict(packed.held),
            }
            for document, reason in list(packed.held.items())[:_MOST_LINES]:
                screen.say(f"  не идёт {document}: {reason}")
            if len(packed.held) > _MOST_LINES:
                screen.say(f"  и ещё {len(packed.held) - _MOST_LINES}")
        if not outcomes:
            raise InputError("GIS-0601", f"За {month.title} не выпущено ни одного документа.", hint=f"Выполните erkc issue bills {month}.")
        screen.document(outcomes)
    if is_held:
        raise typer.Exit(1)

"""Payments in the federal system: ``erkc gis payments tell|cancel|details``, ``erkc gis acknowledge``."""

from __future__ import annotations

from typing import Annotated

import typer

from core.errors import ConfigError
from core.services.federal import (
    Form,
    acknowledge,
    annul_notification,
    cancel_acknowledgments,
    payment_details,
    tell_payments,
)
from core.services.federal.wire_payments import PaymentDetails
from erkc.acknowledging import payments_to_acknowledge
from erkc.cli.federal_screen import Inn, Wait, answers_of, conversation, show_held, show_obstacles, show_one, show_refused
from erkc.cli.options import Json, MonthArgument, month_of, provider_of, providers_of_month
from erkc.cli.screen import Screen, roubles
from erkc.telling import payments_to_tell

__all__ = ["payments_room", "register"]

payments_room = typer.Typer(help="Извещения о платежах в ГИС ЖКХ.", no_args_is_help=True)
_FORMS: dict[str, Form] = {"own": "own", "full": "full", "139": "139"}


@payments_room.callback()
def _about() -> None:
    """Извещения о платежах в ГИС ЖКХ."""


def register(room: typer.Typer) -> None:
    """Add the commands to the room of the federal exchange."""
    room.add_typer(payments_room, name="payments")
    room.command("acknowledge")(gis_acknowledge)


@payments_room.command("tell")
def gis_payments_tell(
    month_text: MonthArgument,
    form: Annotated[
        str, typer.Option("--form", help="own — деньги приняты самим поставщиком; full, 139 — формы оператора платежей.")
    ] = "own",
    agent: Annotated[
        str, typer.Option("--agent", help="Профиль реестров, чьим оператором выступает центр; обязателен для full и 139.")
    ] = "",
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Известить ГИС ЖКХ о платежах месяца по размещённым документам; каждый — один раз. Код 1 — есть отказы и отложенные."""
    month = month_of(month_text)
    if form not in _FORMS or (form == "own") == bool(agent):
        raise ConfigError(
            "CLI-0450",
            "Форма извещения — own, full или 139; для full и 139 назовите --agent, для own его не называют.",
            hint="Например: erkc gis payments tell 2026-11 --form 139 --agent sber-delimited.",
        )
    outcomes: dict[str, object] = {}
    left = 0
    with conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            scope = {"provider_id": provider.provider_id}
            payments = payments_to_tell(application, month=month, agent=agent, **scope)
            with answers_of(application, federal, screen, "Извещаю о платежах", provider, wait) as waits:
                done = tell_payments(federal, payments=payments, form=_FORMS[form], waiting=waits, **scope)
            screen.say(f"{provider.name}: платежей {len(payments)}, передано {done.begun}, передавались раньше {done.known}")
            for reason, count in done.reasons().items():
                screen.say(f"  отложено {count}: {reason}")
            show_refused(screen, done.refused)
            show_obstacles(screen, federal, provider)
            left += len(done.held) + len(done.refused)
            outcomes[provider.inn] = {
                "payments": len(payments),
                "begun": done.begun,
                "known": done.known,
                "held": done.reasons(),
                "refused": {key: list(value) for key, value in done.refused.items()},
            }
        screen.document(outcomes)
    if left:
        raise typer.Exit(1)


@payments_room.command("cancel")
def gis_payments_cancel(
    key: Annotated[str, typer.Argument(metavar="ПЛАТЁЖ", help="УИП платежа архива или ПРОФИЛЬ/НОМЕР операции реестра.")],
    reason: Annotated[str, typer.Option(help="Почему извещение аннулируется; уходит в ГИС ЖКХ.")],
    inn: Inn = "",
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Аннулировать извещение о платеже; сквитированное сначала освобождает erkc gis acknowledge --cancel. Код 1 — отказ."""
    with conversation(as_json) as (application, federal, screen):
        provider = provider_of(application, inn)
        with answers_of(application, federal, screen, "Аннулирую извещение", provider, wait) as waits:
            refused = annul_notification(federal, provider_id=provider.provider_id, key=key, reason=reason, waiting=waits)
        show_one(screen, federal, provider, key, refused, done="аннулирование передано")
        screen.document({"payment": key, "refused": list(refused)})
    if refused:
        raise typer.Exit(1)


@payments_room.command("details")
def gis_payments_details(
    ipd: Annotated[str | None, typer.Option("--ipd", help="Идентификатор платёжного документа (18 знаков).")] = None,
    els: Annotated[str | None, typer.Option("--els", help="Единый лицевой счёт (10 знаков).")] = None,
    izku: Annotated[str | None, typer.Option("--izku", help="Идентификатор услуги (13 знаков).")] = None,
    month_text: Annotated[str, typer.Option("--month", metavar="ГГГГ-ММ", help="Расчётный месяц; с ЕЛС и ИЖКУ.")] = "",
    payer: Annotated[str, typer.Option("--payer", metavar="ИНН/КПП", help="Чьи суммы; без плательщика суммы не сообщаются.")] = "",
    inn: Inn = "",
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Спросить ГИС ЖКХ, что и куда платить по документу, ЕЛС или ИЖКУ. Код 1 — платить нечего, 3 — ответа ещё нет."""
    if sum(value is not None for value in (ipd, els, izku)) != 1:
        raise ConfigError("CLI-0451", "Нужно ровно одно из --ipd, --els и --izku.", hint="Например: --ipd 70АА000560-01-6101.")
    with conversation(as_json) as (application, federal, screen):
        provider = provider_of(application, inn)
        inn_kpp = payer.partition("/")
        with answers_of(application, federal, screen, "Спрашиваю о платеже", provider, wait) as waits:
            ran, found = payment_details(
                federal,
                provider_id=provider.provider_id,
                ipd=ipd,
                els=els,
                izku=izku,
                month=month_of(month_text) if month_text else None,
                payer=(inn_kpp[0], inn_kpp[2]) if payer else None,
                waiting=waits,
            )
        for one in found:
            _say_details(screen, one)
        if not found:
            screen.say("платить нечего" if ran.finished else "ответа ещё нет: erkc gis poll, затем повторите команду")
        show_obstacles(screen, federal, provider)
        screen.document({"finished": ran.finished, "details": [_details_json(one) for one in found]})
    if not ran.finished:
        raise typer.Exit(3)
    if not found:
        raise typer.Exit(1)


def _say_details(screen: Screen, one: PaymentDetails) -> None:
    total = "сумма не сообщается" if one.total is None else f"{roubles(one.total)} руб."
    where = ", ".join(f"БИК {bik} счёт {number}" for bik, number in one.accounts)
    screen.say(f"{one.ipd or one.izku or one.els}: {total}; получатель ИНН {one.inn}, {where}")


def _details_json(one: PaymentDetails) -> dict[str, object]:
    return {
        "ipd": one.ipd,
        "izku": one.izku,
        "els": one.els,
        "inn": one.inn,
        "accounts": [{"bik": bik, "account": number} for bik, number in one.accounts],
        "reminder_kop": one.reminder,
        "debt_kop": one.debt,
        "total_kop": one.total,
    }


def gis_acknowledge(
    month_text: MonthArgument,
    cancel: Annotated[bool, typer.Option("--cancel", help="Отменить квитирование документов месяца; документы остаются.")] = False,
    numbers: Annotated[list[str] | None, typer.Option("--number", help="С --cancel: номер документа; можно несколько.")] = None,
    wait: Wait = 120,
    as_json: Json = False,
) -> None:
    """Сквитировать платежи, проведённые в месяце, с размещёнными документами; с --cancel — отменить. Код 1 — есть отложенные."""
    month = month_of(month_text)
    outcomes: dict[str, object] = {}
    is_held = False
    with conversation(as_json) as (application, federal, screen):
        for provider in providers_of_month(application):
            scope = {"provider_id": provider.provider_id}
            title = "Отменяю квитирование" if cancel else "Квитирую платежи"
            if cancel:
                with answers_of(application, federal, screen, title, provider, wait) as waits:
                    gone = cancel_acknowledgments(federal, month=month, numbers=numbers or (), waiting=waits, **scope)
                screen.say(f"{provider.name}: отменяется квитирование документов {gone.begun}")
                show_held(screen, gone.held)
                held: dict[str, object] = dict(gone.held)
                outcomes[provider.inn] = {"begun": gone.begun, "held": held}
            else:
                payments = payments_to_acknowledge(application, month=month, **scope)
                with answers_of(application, federal, screen, title, provider, wait) as waits:
                    done = acknowledge(federal, payments=payments, waiting=waits, **scope)
                screen.say(f"{provider.name}: платежей {len(payments)}, квитируется строк {done.begun}, квитировались раньше {done.known}")
                for reason, count in done.reasons().items():
                    screen.say(f"  отложено {count}: {reason}")
                held = dict(done.reasons())
                outcomes[provider.inn] = {"payments": len(payments), "begun": done.begun, "known": done.known, "held": held}
            show_obstacles(screen, federal, provider)
            is_held = is_held or bool(held)
        screen.document(outcomes)
    if is_held:
        raise typer.Exit(1)

"""The regional system: ``erkc rgis unload|send|status|push|compare``."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from adapters.rgis.soap import ChargeRow
from core import archive
from core.errors import InputError
from core.money import format_roubles
from core.records.providers import Provider
from core.services.month_view import finding_json
from core.services.regional import Standing, standing
from core.storage.engine import transaction
from erkc.application import Application
from erkc.cli.options import Json, MonthArgument, law, month_of, opened, providers_of_month
from erkc.cli.screen import Screen, roubles
from erkc.rgis.claims import STATES, Claim
from erkc.rgis.exchange import compare, open_service, push
from erkc.rgis.sending import on_its_way, open_region, run_until
from erkc.rgis.unload import Unload, make_unload

__all__ = ["register"]

_BLOCK = 1 << 20
_LAST = 20
_MOST_ERRORS = 10
_room = typer.Typer(help="Региональная система (РГИС): выгрузки «Формат 4.0».", no_args_is_help=True)
Sender = Annotated[str | None, typer.Option("--sender", metavar="ИНН", help="Только этот отправитель; без ключа — все.")]
Changes = Annotated[bool, typer.Option("--changes", help="Только изменения после прошлых выгрузок.")]


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.add_typer(_room, name="rgis")


@_room.callback()
def _about() -> None:
    """Региональная система (РГИС): выгрузки «Формат 4.0»."""


@_room.command("unload")
def unload(
    month: MonthArgument,
    out: Annotated[Path, typer.Option(help="Папка, куда записать архивы.")] = Path(),
    sender: Sender = None,
    changes: Changes = False,
    as_json: Json = False,
) -> None:
    """Записать проведённый месяц архивами «Формат 4.0» для РГИС: по одному на отправителя, целиком или только изменения.

    Что в формат не вошло, называется. Записанный архив считается переданным: следующие изменения считаются от него.
    """
    with opened(as_json) as (application, screen):
        out.mkdir(parents=True, exist_ok=True)
        made = []
        for one in chosen(application, sender):
            found = make_unload(application, one, month_of(month), law=law(), changes=changes)
            made.append(found)
            say_unload(screen, one, found)
            if found.message_id is not None:
                with transaction(application.engine) as connection, (out / found.name).open("wb") as file:
                    source = archive.open_stream(connection, found.message_id)
                    while block := source.read(_BLOCK):
                        file.write(block)
                screen.say(f"  записан {out / found.name}")
        screen.document([unload_json(one) | {"file": str(out / one.name) if one.rows else None} for one in made])


@_room.command("send")
def send(
    month: MonthArgument,
    sender: Sender = None,
    changes: Changes = False,
    wait: Annotated[int, typer.Option("--wait", metavar="СЕКУНД", help="Сколько ждать ответа РГИС.")] = 0,
    as_json: Json = False,
) -> None:
    """Отправить проведённый месяц в РГИС: архив «Формат 4.0» томами по HTTP; повторный вызов продолжает начатое, дважды ничего не уходит.

    Код 3 — РГИС ещё не ответила, код 1 — отказала.
    """
    with opened(as_json) as (application, screen):
        carrier = open_region(application)
        outcomes: dict[str, object] = {}
        for one in chosen(application, sender):
            if not on_its_way(application, one):
                made = make_unload(application, one, month_of(month), law=law(), changes=changes, send=True)
                say_unload(screen, one, made)
                outcomes[one.inn] = unload_json(made)
            else:
                screen.say(f"{one.name}: прошлая выгрузка ещё в пути, продолжаю её.")
        run = run_until(application, carrier, wait_s=wait)
        if run.trouble is not None:
            screen.say(f"{run.trouble.code}: {run.trouble.message} {run.trouble.hint}")
        listed = _standing(application, sender)
        _show(screen, listed[-_LAST:])
        screen.document({"made": outcomes, "waiting": run.waiting, "unloads": [_json(one) for one in listed]})
    if run.refused:
        raise typer.Exit(1)
    if run.waiting:
        raise typer.Exit(3)


@_room.command("status")
def status(sender: Sender = None, as_json: Json = False) -> None:
    """Что стало с выгрузками: ждёт, в РГИС, принята, отказ РГИС, принята с отказом ГИС ЖКХ; замечания построчно."""
    with opened(as_json) as (application, screen):
        listed = _standing(application, sender)
        if not listed:
            screen.say("В РГИС ещё ничего не отправлялось: erkc rgis send ГГГГ-ММ.")
        _show(screen, listed[-_LAST:])
        screen.document([_json(one) for one in listed])


@_room.command("push")
def push_month(month: MonthArgument, sender: Sender = None, as_json: Json = False) -> None:
    """Передать в сервис РГИС для расчётного центра лицевые счета, проведённый месяц (начислено, оплачено, сальдо, пени), платежи агентов.

    Платёж агента передаётся один раз; чей профиль реестра — настройка региона online_agents (profile, inn).

    Код 3 — РГИС не ответила, повторный вызов продолжит; код 1 — отказала.
    """
    with opened(as_json) as (application, screen):
        service = open_service(application)
        outcomes: dict[str, object] = {}
        refused = waiting = 0
        for one in chosen(application, sender):
            pushed = push(application, service, one, month_of(month), law=law())
            run, told = pushed.run, pushed.agents
            refused, waiting = refused + run.refused, waiting + run.waiting
            screen.say(f"{one.name}: сообщений принято {run.done}, отказано {run.refused}, ждут {run.waiting}.")
            for text in (*run.texts, *([run.trouble.message] if run.trouble is not None else [])):
                screen.say(f"  {text}")
            if told.payments:
                screen.say(f"  платежей агентов передано впервые: {told.payments}")
            for profile, number in sorted(told.without_agent.items()):
                screen.say(f"  платежей профиля {profile} не передано: {number}; назовите ИНН агента в настройке региона online_agents.")
            outcomes[one.inn] = {
                "done": run.done, "refused": run.refused, "waiting": run.waiting, "texts": list(run.texts),
                "agent_payments": told.payments, "without_agent": dict(told.without_agent),
            }  # fmt: skip
        screen.document(outcomes)
    if refused:
        raise typer.Exit(1)
    if waiting:
        raise typer.Exit(3)


@_room.command("compare")
def compare_month(
    month: MonthArgument,
    sender: Sender = None,
    claims: Annotated[Path | None, typer.Option("--claims", metavar="ФАЙЛ.csv", help="Что истребовать — таблицей для письма.")] = None,
    as_json: Json = False,
) -> None:
    """Спросить у РГИС начисления и оплаты месяца, сверить по лицевым счетам, назвать оплату, которой у нас нет; код 1 — есть расхождения.

    Из ответа РГИС ничего не проводится: у платежа в нём нет своего номера. Недостающее истребуется у того, кто принял деньги.
    """
    with opened(as_json) as (application, screen):
        service = open_service(application)
        outcomes: dict[str, object] = {}
        claimed: list[tuple[str, Claim]] = []
        differ = 0
        for one in chosen(application, sender):
            compared = compare(application, service, one, month_of(month), law=law())
            found = compared.different
            differ += len(found)
            screen.say(f"{one.name}: счетов сверено {compared.accounts}, расхождений {len(found)}.")
            if found:
                rows = [(each.number, *_two(each.ours), *_two(each.theirs)) for each in found[:_LAST]]
                columns = ("Счёт", "Начислено у нас", "Оплачено у нас", "Начислено в РГИС", "Оплачено в РГИС")
                screen.table(columns, rows, numbers=frozenset((1, 2, 3, 4)))
            _say_claims(screen, compared.claims)
            claimed += [(one.inn, claim) for claim in compared.claims if claim.is_open]
            outcomes[one.inn] = {"accounts": compared.accounts, "different": [
                {"number": each.number, "ours": _sums_json(each.ours), "theirs": _sums_json(each.theirs)} for each in found
            ], "claims": [_claim_json(claim) for claim in compared.claims]}  # fmt: skip
        if claims is not None:
            _write_claims(claims, claimed)
            screen.say(f"записан {claims}: строк {len(claimed)}")
        screen.document(outcomes)
    if differ:
        raise typer.Exit(1)


def _say_claims(screen: Screen, claims: Sequence[Claim]) -> None:
    if not claims:
        return
    open_sum = sum(one.amount for one in claims if one.is_open)
    screen.say(f"  оплачено в РГИС и не учтено нами в этом месяце; истребовать: {roubles(open_sum)} руб.")
    rows = [
        (one.number, f"{one.paid_on:%d.%m.%Y}" if one.paid_on else "", roubles(one.amount), STATES[one.state], ", ".join(one.operations))
        for one in claims[:_LAST]
    ]
    screen.table(("Счёт", "Оплачен", "Сумма", "Что известно", "Операции"), rows, numbers=frozenset((2,)))


def _claim_json(one: Claim) -> dict[str, object]:
    return {
        "number": one.number, "amount_kop": one.amount, "paid_on": None if one.paid_on is None else one.paid_on.isoformat(),
        "state": one.state, "operations": list(one.operations), "open": one.is_open,
    }  # fmt: skip


def _write_claims(path: Path, claims: Sequence[tuple[str, Claim]]) -> None:
    """A table that a Russian spreadsheet opens by itself."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file, delimiter=";", lineterminator="\r\n")
        table.writerow(("ИНН отправителя", "Лицевой счёт", "Дата платежа", "Сумма, руб.", "Что известно", "Операции"))
        for inn, one in claims:
            paid_on = "" if one.paid_on is None else f"{one.paid_on:%d.%m.%Y}"
            table.writerow(
                (inn, one.number, paid_on, format_roubles(one.amount).replace(".", ","), STATES[one.state], ", ".join(one.operations))
            )


def _two(row: ChargeRow | None) -> tuple[str, str]:
    return ("нет", "нет") if row is None else (roubles(row.charged), roubles(row.paid))


def _sums_json(row: ChargeRow | None) -> dict[str, object] | None:
    return None if row is None else {"opening": row.opening, "charged": row.charged, "penalty": row.charged_penalty, "closing": row.closing,
                                     "paid": row.paid, "paid_penalty": row.paid_penalty, "to_pay": row.to_pay}  # fmt: skip


def _standing(application: Application, sender: str | None) -> list[Standing]:
    providers = {one.provider_id for one in chosen(application, sender)}
    with transaction(application.engine) as connection:
        return [one for provider_id in sorted(providers) for one in standing(connection, provider_id=provider_id)]


def _show(screen: Screen, listed: Sequence[Standing]) -> None:
    if listed:
        rows = [(one.name, _state(one), f"{one.changed_at:%d.%m.%Y %H:%M}", one.text) for one in listed]
        screen.table(("Выгрузка", "Что с ней", "Когда", "Подробности"), rows)
    for one in listed:
        for error in one.errors[:_MOST_ERRORS]:
            where = " ".join(part for part in (error["section"], error["row"] and f"строка {error['row']}") if part)
            screen.say(f"  {one.name}: {where} {error['code']} {error['text']}")
        if len(one.errors) > _MOST_ERRORS:
            screen.say(f"  … и ещё {len(one.errors) - _MOST_ERRORS}; все — в --json.")


def _state(one: Standing) -> str:
    if one.state == "done":
        return "принята РГИС, ГИС ЖКХ отказала" if one.code else "принята"
    return {"prepared": "ждёт отправки", "sent": "отправляется", "acknowledged": "проверяется в РГИС", "failed": "отказ РГИС",
            "lost": "неизвестно, дошла ли"}.get(one.state, one.state)  # fmt: skip


def _json(one: Standing) -> dict[str, object]:
    return {
        "exchange": int(one.exchange_id), "name": one.name, "state": one.state, "changed_at": one.changed_at.isoformat(),
        "next_at": one.next_at.isoformat(), "code": one.code, "text": one.text, "task": one.task, "errors": list(one.errors),
    }  # fmt: skip


def chosen(application: Application, sender: str | None) -> list[Provider]:
    """Registered senders, or the one of an ИНН; ``InputError`` IN-0114 when there is none."""
    found = [one for one in providers_of_month(application) if sender in (None, one.inn)]
    if not found:
        raise InputError("IN-0114", f"Нет отправителя с ИНН {sender}.", hint="Отправителей называет erkc region load.")
    return found


def say_unload(screen: Screen, provider: Provider, made: Unload) -> None:
    """What an archive holds and what is not in it."""
    if not made.rows:
        screen.say(f"{provider.name}: с прошлой выгрузки ничего не изменилось.")
    else:
        screen.say(f"{provider.name}: {made.name}, строк {sum(made.rows.values())}, разделов {len(made.rows)}.")
    for finding in made.findings:
        screen.say(f"  {finding.code}: {finding.message} {finding.hint}")


def unload_json(made: Unload) -> dict[str, object]:
    """An archive for machines."""
    return {
        "name": made.name,
        "sections": dict(made.rows),
        "size": made.size,
        "sha256": made.sha256,
        "left_out": [finding_json(finding) for finding in made.findings],
    }

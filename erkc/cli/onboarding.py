"""Bringing a company in: ``erkc onboard status|balances|agree|parallel|live``."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from core.errors import ConfigError
from core.money import format_roubles
from core.services.house_matching import STATES as HOUSE_STATES
from core.services.month_view import finding_json
from core.services.onboarding import STEPS, Act, Onboarding, Parallel, agree_balances, balance_act, go_live, onboarding
from core.services.second_opinion import STATES, summed
from erkc.cli.options import Json, law, month_of, opened
from erkc.cli.screen import Screen, roubles
from erkc.render.balance_act import balance_act_page

__all__ = ["register"]

_room = typer.Typer(
    help="Подключение управляющей организации: загрузка, сопоставление, сальдо, параллельный месяц, ввод домов.", no_args_is_help=True
)
_SHOWN = 30

Inn = Annotated[str, typer.Argument(metavar="ИНН", help="Отправитель.")]
MonthText = Annotated[str, typer.Argument(metavar="ГГГГ-ММ", help="Месяц приёма (первый, за который приняты данные).")]
Kpp = Annotated[str | None, typer.Option(metavar="КПП", help="Если у ИНН несколько отправителей.")]
Reason = Annotated[str, typer.Option(help="По какому документу; остаётся в архиве решений.")]
Actor = Annotated[str, typer.Option(help="Кто решил.")]


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_room, name="onboard")


@_room.callback()
def _about() -> None:
    """Подключение управляющей организации."""


@_room.command("status")
def onboard_status(inn: Inn, month_text: MonthText, kpp: Kpp = None, as_json: Json = False) -> None:
    """Показать все шаги: что загружено, какие дома сопоставлены, согласовано ли сальдо, чем расходится месяц, какие дома введены."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        found = onboarding(application.engine, inn=inn, month=month, law=law(), kpp=kpp)
        _show(screen, found)
        screen.document(_json(found))


@_room.command("balances")
def onboard_balances(
    inn: Inn,
    month_text: MonthText,
    act_file: Annotated[Path | None, typer.Option("--act", metavar="ФАЙЛ", help="Записать акт сверки для печати (HTML, A4).")] = None,
    centre: Annotated[str, typer.Option(metavar="НАЗВАНИЕ", help="Как назван центр в акте.")] = "Расчётный центр",
    kpp: Kpp = None,
    as_json: Json = False,
) -> None:
    """Сверить входящее сальдо: данные организации и принятое в книгу, по услугам и получателям, с расхождениями по счетам."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        act = balance_act(application.engine, inn=inn, month=month, kpp=kpp)
        rows = [
            (line.service, line.creditor, roubles(line.stated_debt), roubles(line.stated_advance), roubles(line.posted_debt),
             roubles(line.posted_advance), str(len(line.differing)))
            for line in act.lines
        ]  # fmt: skip
        if rows:
            columns = ("Услуга", "Получатель", "Долг заявлен", "Аванс заявлен", "Долг принят", "Аванс принят", "Расхождений")
            screen.table(columns, rows, numbers=frozenset(range(2, 7)))
        else:
            screen.say(f"Входящего сальдо за {month.title} нет: примите пакет (erkc take ФАЙЛ).")
        _say_act(screen, act)
        if act_file is not None:
            act_file.parent.mkdir(parents=True, exist_ok=True)
            act_file.write_bytes(balance_act_page(act, centre=centre))
            screen.say(f"Записано: {act_file}")
        screen.document(_act_json(act))


@_room.command("agree")
def onboard_agree(
    inn: Inn, month_text: MonthText, reason: Reason = "", actor: Actor = "erkc", kpp: Kpp = None, as_json: Json = False
) -> None:
    """Записать, что акт сверки подписан; если суммы потом изменятся, шаг откроется снова."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        act = agree_balances(application.engine, inn=inn, month=month, reason=reason, actor=actor, clock=application.clock, kpp=kpp)
        _say_act(screen, act)
        screen.document(_act_json(act))


@_room.command("parallel")
def onboard_parallel(inn: Inn, month_text: MonthText, kpp: Kpp = None, as_json: Json = False) -> None:
    """Показать параллельный месяц: наше и начисленное организацией по строкам, с доказанной причиной; сводно по домам."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        parallel = onboarding(application.engine, inn=inn, month=month, law=law(), kpp=kpp).parallel
        if not parallel.is_computed:
            screen.say(f"{month.title} не рассчитан: erkc bill month {month} --draft.")
        elif not parallel.lines:
            screen.say("Все строки организации такие же, как наши.")
        else:
            screen.table(
                ("Дом", "Строк", "Больше на", "Меньше на"),
                [
                    (one.name, str(one.lines), roubles(one.over), roubles(one.under))
                    for one in summed(parallel.lines, lambda line: line.house)
                ],
                numbers=frozenset((1, 2, 3)),
            )
            rows = [
                (one.number, one.account, one.service, roubles(one.stated), roubles(one.recomputed), one.cause, STATES[one.state])
                for one in parallel.lines[:_SHOWN]
            ]
            screen.table(("№", "Счёт", "Услуга", "У организации", "У нас", "Причина", "Состояние"), rows, numbers=frozenset((3, 4)))
            if len(parallel.lines) > _SHOWN:
                screen.say(f"  … и ещё {len(parallel.lines) - _SHOWN}: все — с --json")
            screen.say(f"Ответ организации: erkc audit answer {month} №…")
        screen.document(_parallel_json(parallel))


@_room.command("live")
def onboard_live(
    inn: Inn,
    month_text: MonthText,
    houses: Annotated[list[str], typer.Argument(metavar="ДОМ…", help="Номера домов у отправителя, как в erkc onboard status.")],
    first_day: Annotated[str, typer.Option("--from", metavar="ГГГГ-ММ-ДД", help="С какого дня дом на обслуживании центра.")],
    despite: Annotated[
        bool, typer.Option("--despite", help="Решить, хотя не все шаги закончены; недостающее останется в решении.")
    ] = False,
    reason: Reason = "",
    actor: Actor = "erkc",
    kpp: Kpp = None,
    as_json: Json = False,
) -> None:
    """Назначить день, с которого дома на обслуживании центра; дом, у которого не закончены шаги, отклоняется."""
    month = month_of(month_text)
    try:
        day = date.fromisoformat(first_day)
    except ValueError:
        raise ConfigError("ONB-0106", f"«{first_day}» — не день.", hint="День пишется так: 2026-11-01.", option="--from") from None
    with opened(as_json) as (application, screen):
        found = go_live(
            application.engine, inn=inn, month=month, houses=houses, first_day=day, law=law(), reason=reason, despite=despite, actor=actor,
            clock=application.clock, kpp=kpp,
        )  # fmt: skip
        _show_houses(screen, found)
        screen.document(_json(found))


def _show(screen: Screen, found: Onboarding) -> None:
    screen.heading(f"{found.sender.name}, {found.month.title}")
    for number, (code, title) in enumerate(STEPS.items(), 1):
        screen.say(f"{number}. {title}: {'готово' if found.done[code] else 'не готово'}. {_words(found, code)}")
    _show_houses(screen, found)


def _words(found: Onboarding, code: str) -> str:
    if code == "load":
        loaded = found.loaded
        return (
            f"Пакетов {loaded.messages}, отклонено {loaded.rejected}; домов {loaded.houses}, лицевых счетов {loaded.accounts}, "
            f"открытых {loaded.open_accounts}; ошибок без исправления {len(loaded.errors)}."
        )
    if code == "match":
        counts = {title: sum(one.state == state for one in found.matched) for state, title in HOUSE_STATES.items()}
        states = {one.state for one in found.matched}
        todo = " Перечень домов ГАР загружает erkc region load ФАЙЛ.csv." if "none" in states else ""
        todo += " Похожие показывает erkc region houses, выбрать: erkc region match." if states & {"proposals", "other_address"} else ""
        return f"{'; '.join(f'{title} {count}' for title, count in counts.items() if count) or 'домов нет'}.{todo}"
    if code == "balances":
        act = found.act
        sums = f"Заявлено {roubles(act.stated)}, принято {roubles(act.posted)}; расхождений {act.differing}."
        return f"{sums} Акт: erkc onboard balances … --act."
    if code == "parallel":
        if not found.parallel.is_computed:
            return f"Рассчитайте: erkc bill month {found.month} --draft."
        return f"Расхождений {len(found.parallel.lines)}, без ответа {len(found.parallel.open_lines)}."
    return f"Введено домов {sum(house.live_from is not None for house in found.houses)} из {len(found.houses)}."


def _show_houses(screen: Screen, found: Onboarding) -> None:
    rows = [
        (house.key, house.address, "да" if house.is_matched else "нет", str(house.differences), str(house.open_differences),
         "" if house.live_from is None else f"{house.live_from:%d.%m.%Y}", "; ".join(house.lacks))
        for house in found.houses
    ]  # fmt: skip
    if rows:
        columns = ("Дом", "Адрес", "В ГАР", "Расхождений", "без ответа", "Введён с", "Чего не хватает")
        screen.table(columns, rows, numbers=frozenset((3, 4)))
    else:
        screen.say("Домов нет: примите пакет (erkc take ФАЙЛ).")


def _say_act(screen: Screen, act: Act) -> None:
    screen.say(
        f"Лицевых счетов {act.accounts}; заявлено {roubles(act.stated)}, принято {roubles(act.posted)}; "
        f"пени {roubles(act.stated_penalty)} и {roubles(act.posted_penalty)}; расхождений {act.differing}, отложено строк {act.held}."
    )
    if act.is_agreed and act.agreed is not None:
        screen.say(f"Согласовано {act.agreed.at:%d.%m.%Y}: {act.agreed.body.reason}.")
    elif act.agreed is not None:
        screen.say("Акт был согласован, но суммы изменились: согласуйте снова (erkc onboard agree).")
    else:
        screen.say('Не согласовано: erkc onboard agree … --reason "акт № … от …".')


def _act_json(act: Act) -> dict[str, object]:
    return {
        "inn": act.sender.inn, "month": str(act.month), "accounts": act.accounts, "stated": format_roubles(act.stated),
        "posted": format_roubles(act.posted), "stated_penalty": format_roubles(act.stated_penalty),
        "posted_penalty": format_roubles(act.posted_penalty), "held": act.held, "agreed": act.is_agreed,
        "lines": [
            {"service": line.service, "creditor": line.creditor, "stated_debt": format_roubles(line.stated_debt),
             "stated_advance": format_roubles(line.stated_advance), "posted_debt": format_roubles(line.posted_debt),
             "posted_advance": format_roubles(line.posted_advance),
             "differing": [{"account": number, "stated": format_roubles(said), "posted": format_roubles(took)}
                           for number, said, took in line.differing]}
            for line in act.lines
        ],
    }  # fmt: skip


def _parallel_json(parallel: Parallel) -> dict[str, object]:
    return {
        "computed": parallel.is_computed,
        "lines": [
            {"number": line.number, "house": line.house, "account": line.account, "service": line.service_key,
             "stated": format_roubles(line.stated), "recomputed": format_roubles(line.recomputed),
             "causes": list(line.causes), "state": line.state}
            for line in parallel.lines
        ],
    }  # fmt: skip


def _json(found: Onboarding) -> dict[str, object]:
    return {
        "inn": found.sender.inn, "month": str(found.month), "done": dict(found.done),
        "load": {
            "messages": found.loaded.messages, "rejected": found.loaded.rejected, "houses": found.loaded.houses,
            "accounts": found.loaded.accounts, "open_accounts": found.loaded.open_accounts,
            "errors": [finding_json(stored.finding) for stored in found.loaded.errors],
        },
        "match": [{"house": one.key, "address": one.address, "state": one.state} for one in found.matched],
        "balances": _act_json(found.act),
        "parallel": {"computed": found.parallel.is_computed, "lines": len(found.parallel.lines), "open": len(found.parallel.open_lines)},
        "houses": [
            {"house": house.key, "address": house.address, "matched": house.is_matched, "differences": house.differences,
             "open": house.open_differences, "live_from": None if house.live_from is None else house.live_from.isoformat(),
             "lacks": list(house.lacks)}
            for house in found.houses
        ],
    }  # fmt: skip

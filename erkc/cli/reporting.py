"""``erkc report month``: the month in figures on one screen; everything is in ``--json``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import typer

from core.money import parse_roubles
from core.records.latest import read_organisations, read_services
from core.services.report import month_report
from core.services.second_opinion import CAUSE_TITLES
from core.storage.engine import transaction
from erkc.application import Application
from erkc.cli import registers
from erkc.cli.limits import limits
from erkc.cli.options import Json, MonthArgument, law, month_of, opened, providers_of_month
from erkc.cli.screen import Screen, roubles

__all__ = ["register"]

_report = typer.Typer(help="Отчёты.", no_args_is_help=True)


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_report, name="report")
    _report.command("limits")(limits)
    registers.register(_report)


@_report.callback()
def _about() -> None:
    """Отчёты."""


@_report.command("month")
def report(month_text: MonthArgument, as_json: Json = False) -> None:
    """Итоги месяца: сальдо, начислено, оплачено; по услугам, домам, счетам (полностью — в --json)."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        document = month_report(application.engine, month=month, law=law())
        screen.document(document)
        if not as_json:
            _show_report(screen, document, month.title, _names(application))


def _names(application: Application) -> dict[str, str]:
    """Names of services by the sender's number and of organisations by ИНН."""
    names: dict[str, str] = {}
    with transaction(application.engine) as connection:
        for provider in providers_of_month(application):
            names |= {row.key: row.name for row in read_services(connection, provider_id=provider.provider_id)}
            names |= {row.inn: row.name for row in read_organisations(connection, provider_id=provider.provider_id)}
    return names


def _money(text: str) -> str:
    return roubles(parse_roubles(text))


def _show_report(screen: Screen, document: dict[str, object], title: str, names: Mapping[str, str]) -> None:
    totals = document["totals"]
    payments = document["payments"]
    assert isinstance(totals, dict) and isinstance(payments, dict)
    rows = [
        ("Входящее сальдо", totals["saldo_in"]),
        ("Начислено отправителем", totals["stated"]),
        ("Начислено по закону", totals["recomputed"]),
        ("Оплачено", totals["paid"]),
        ("Исходящее сальдо (начисляет центр)", totals["saldo_out_charge"]),
        ("Исходящее сальдо (приняты начисления отправителя)", totals["saldo_out_accept"]),
        ("Пени: было", totals["penalty_in"]),
        ("Пени: начислено", totals["penalty_posted"]),
        ("Пени: оплачено", totals["penalty_paid"]),
        ("Пени: осталось", totals["penalty_out"]),
    ]
    screen.table(("Показатель", "руб."), [(what, _money(value)) for what, value in rows], title=title, numbers=frozenset((1,)))
    stated = totals["by_service_stated"]
    services = [
        (names.get(key, key), _money(stated.get(key, "0.00")), _money(value)) for key, value in totals["by_service_recomputed"].items()
    ]
    screen.table(("Услуга", "Отправитель", "По закону"), services, title="По услугам", numbers=frozenset((1, 2)))
    creditors = [(f"{names.get(inn, '')} (ИНН {inn})", _money(value)) for inn, value in payments["by_creditor"].items()]
    screen.table(("Получатель", "Оплачено"), creditors, title=f"Платежи: {payments['count']}", numbers=frozenset((1,)))
    recalculated = document.get("recalculations")
    if isinstance(recalculated, dict):
        _show_recalculated(screen, recalculated)
    support = document.get("support")
    if isinstance(support, list):
        _show_support(screen, support)
    _show_balances(screen, document["balances"])
    court = document["court"]
    assert isinstance(court, list)
    if court:
        columns = ("Счёт", "Дело", "Месяцы", "Взыскано", "Осталось долга", "Пени по решению", "Пени после него")
        judged = [
            (
                item["account"],
                f"{item['case']} от {item['judged_on']}",
                "…".join(item["months"]),
                _money(item["principal"]),
                _money(item["principal_left"]),
                _money(item["penalties_frozen"]),
                _money(item["penalties_after"]),
            )
            for item in court
        ]
        screen.table(columns, judged, title=f"По судебным актам: {len(court)}", numbers=frozenset((3, 4, 5, 6)))
    held = document["held"]
    assert isinstance(held, list)
    if held:
        rows = [(item["code"], f"{item['note']} {item['hint']}") for item in held]
        screen.table(("Код", "Что не так и что делать"), rows, title=f"Задержано, в начисления не вошло: {len(held)}")
    audit = document["audit"]
    assert isinstance(audit, list)
    causes = Counter(" + ".join(CAUSE_TITLES.get(cause, cause) for cause in row["causes"]) for row in audit)
    if causes:
        title = f"Строки, которые отправитель начислил не по закону: {len(audit)}"
        screen.table(
            ("Причина", "Строк"), [(cause, str(lines)) for cause, lines in causes.most_common()], title=title, numbers=frozenset((1,))
        )


def _show_balances(screen: Screen, section: Any) -> None:
    """Whether the volumes of house meters close (``Any``: JSON values)."""
    meters = [(house, key, one) for house, services in section.items() for key, one in services.items()]
    open_ones = [(house, key, one["unexplained"]) for house, key, one in meters if one["unexplained"] != "0.000000"]
    if open_ones:
        title = f"Объём прибора дома не сошёлся со строками: {len(open_ones)} из {len(meters)}"
        screen.table(("Дом", "Услуга", "Не объяснено"), open_ones, title=title, numbers=frozenset((2,)))
    elif meters:
        screen.say(f"Объёмы общедомовых приборов сошлись до последней единицы: {len(meters)}; куда ушёл каждый — erkc explain ДОМ МЕСЯЦ.")


def _show_support(screen: Screen, section: list[dict[str, Any]]) -> None:
    """Measures of support by kind: how many, how much, and what they do to the bill (``Any``: JSON values)."""
    kinds = sorted({item["kind"] for item in section})
    rows = []
    for kind in kinds:
        mine = [item for item in section if item["kind"] == kind]
        effect = "уменьшают плату" if mine[0]["lowers_bill"] else "справочно, плату не уменьшают"
        noted = sum(bool(item["note"]) for item in mine)
        rows.append(
            (mine[0]["what"], str(len(mine)), roubles(sum(parse_roubles(item["amount"]) for item in mine)), effect, str(noted or ""))
        )
    columns = ("Мера", "Записей", "руб.", "Что с платой", "С замечанием")
    screen.table(columns, rows, title="Меры социальной поддержки (платит бюджет)", numbers=frozenset((1, 2, 4)))


def _show_recalculated(screen: Screen, section: dict[str, Any]) -> None:
    """Recalculations of closed months by month and cause (``Any``: JSON values)."""
    rows = [
        (item["month"], item["title"], str(item["accounts"]), _money(item["total"]), "запрет, не проведено" if item["blocked"] else "")
        for item in section["by_month_and_cause"]
    ]
    title = f"Перерасчёты закрытых месяцев: {_money(section['total'])} руб., счетов {section['accounts']}"
    if section["blocked_accounts"]:
        title += f"; под запретом {_money(section['blocked_total'])} руб., счетов {section['blocked_accounts']}"
    screen.table(("За месяц", "Причина", "Счетов", "руб.", ""), rows, title=title, numbers=frozenset((2, 3)))
    left = section["undistributed"]
    if left:
        screen.say(f"  не распределено по домам закрытых месяцев (относится на исполнителя): {len(left)}, полностью — в --json")

"""``erkc report limits``: how much citizens' payments grew by tariffs, and who is above the limit of the municipality."""

from __future__ import annotations

from typing import Any

from core.money import parse_roubles
from core.services.limits import REASONS, limits_report
from erkc.cli.options import Json, MonthArgument, law, month_of, opened
from erkc.cli.screen import Screen, roubles

__all__ = ["limits"]

_SHOWN = 50
"""Payers above the limit in the table; all of them are in ``--json``."""


def limits(month_text: MonthArgument, as_json: Json = False) -> None:
    """Предельный индекс (ПП № 400): рост платы граждан по муниципалитетам и счетам, кто выше предела и на сколько."""
    month = month_of(month_text)
    with opened(as_json) as (application, screen):
        document = limits_report(application.engine, month=month, law=law())
        screen.document(document)
        if not as_json:
            _show(screen, document, month.title)


def _show(screen: Screen, document: dict[str, Any], title: str) -> None:
    """The report for people (``Any``: JSON values)."""
    if not document["bases"]:
        screen.say(f"На {title} предельные индексы не утверждены: сравнивать не с чем.")
        screen.say("Загрузите их настройками региона (раздел limits): erkc region load ФАЙЛ.")
        return
    for base in document["bases"]:
        _municipalities(screen, base, title)
        _above(screen, base)
        _reasons(screen, base)


def _municipalities(screen: Screen, base: dict[str, Any], title: str) -> None:
    columns = ("ОКТМО", "Жильё", "Предел, %", "Плательщиков", "Наибольший рост, %", "Выше предела", "Превышение, руб.", "Не сравнить")
    rows = [
        (
            group["oktmo"],
            group["dwelling"],
            _shown(group["limit_pct"]),
            str(group["compared"]),
            _shown(group["greatest_pct"]),
            str(group["above"]),
            _money(group["excess"]),
            str(sum(group["not_compared"].values())),
        )
        for group in base["municipalities"]
    ]
    name = f"Рост платы граждан за коммунальные услуги: {title} к месяцу {base['base']}, объёмы базового месяца"
    screen.table(columns, rows, title=name, numbers=frozenset((2, 3, 4, 5, 6, 7)))


def _above(screen: Screen, base: dict[str, Any]) -> None:
    above = [payer for payer in base["payers"] if payer["above"]]
    if not above:
        screen.say("  Выше предела никого нет." if base["payers"] else "  Сравнить некого.")
        return
    columns = ("Счёт", "Помещение", "Базовый месяц, руб.", "По новым тарифам, руб.", "Рост, %", "Предел, %", "Выше предела на, руб.")
    rows = [
        (
            payer["els"] or ", ".join(payer["accounts"]),
            f"{payer['address']}, {payer['premises']}",
            _money(payer["base"]),
            _money(payer["now"]),
            _shown(payer["growth_pct"]),
            _shown(payer["limit_pct"]),
            _money(payer["excess"]),
        )
        for payer in above[:_SHOWN]
    ]
    screen.table(columns, rows, title=f"Выше предела: {len(above)}", numbers=frozenset((2, 3, 4, 5, 6)))
    if len(above) > _SHOWN:
        screen.say(f"  показаны {_SHOWN} с наибольшим ростом, все — в --json")
    screen.say("  Превышение возмещает бюджет или снимает снижение тарифа (ПП № 400).")


def _reasons(screen: Screen, base: dict[str, Any]) -> None:
    counts: dict[str, int] = {}
    for payer in base["not_compared"]:
        counts[payer["reason"]] = counts.get(payer["reason"], 0) + 1
    if counts:
        rows = [(REASONS[reason], str(number)) for reason, number in sorted(counts.items(), key=lambda item: -item[1])]
        screen.table(
            ("Почему не сравнить", "Плательщиков"), rows, title=f"Не сравнить: {len(base['not_compared'])}", numbers=frozenset((1,))
        )


def _money(text: str) -> str:
    return roubles(parse_roubles(text))


def _shown(text: str | None) -> str:
    return "—" if text is None else text.replace(".", ",").replace("-", "−")

"""Who pays more or less, by how much and why: ``erkc diff`` (two months) and ``erkc impact`` (a change of law, tariffs, norms)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from core.charges.comparison import Bucket, Mover, Sums
from core.errors import ConfigError, system_reason
from core.money import format_roubles
from core.records.providers import Provider
from core.services.compared import Compared, compared_json, percent_text
from core.services.diff import diff_months
from core.services.impact import Held, impact_of
from core.services.month_view import finding_json
from erkc.application import Application
from erkc.cli.intake import findings_table
from erkc.cli.options import Json, law, month_of, opened, providers_of_month
from erkc.cli.screen import Screen, roubles
from erkc.proposing import read_proposed
from erkc.render.chart import comparison_chart

__all__ = ["register"]

Sender = Annotated[str | None, typer.Option("--provider", metavar="ИНН", help="Только этот отправитель; без ключа — все.")]
Svg = Annotated[Path | None, typer.Option("--svg", metavar="ФАЙЛ", help="Нарисовать диаграмму в файл SVG.")]
Top = Annotated[int, typer.Option("--top", min=0, metavar="N", help="Сколько счетов, домов и услуг показать.")]
FirstMonth = Annotated[str, typer.Argument(metavar="БЫЛО", help="Месяц, с которым сравнивать, например 2026-09.")]
SecondMonth = Annotated[str, typer.Argument(metavar="СТАЛО", help="Месяц, который сравнивать, например 2026-10.")]


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    application.command("diff")(diff)
    application.command("impact")(impact)


def diff(
    before_text: FirstMonth,
    after_text: SecondMonth,
    provider: Sender = None,
    svg: Svg = None,
    top: Top = 10,
    as_json: Json = False,
) -> None:
    """Сравнить начисления двух месяцев: кто платит больше или меньше, на сколько и почему.

    Разница каждой строки разложена по причинам точно: причины в сумме дают разницу до копейки. База данных не меняется.
    """
    before, after = month_of(before_text), month_of(after_text)
    _check(svg)
    with opened(as_json) as (application, screen):
        with screen.progress("Сравниваю") as progress:
            compared = diff_months(
                application.engine, senders=_senders(application, provider), before=before, after=after, top=top, progress=progress
            )
        _show(screen, compared, top)
        _draw(screen, compared, svg)
        screen.document(compared_json(compared) | {"svg": None if svg is None else str(svg)})


def impact(
    files: Annotated[
        list[Path],
        typer.Option(
            "--law",
            metavar="ФАЙЛ",
            help="Правила вида config/law/*.toml или тарифы, нормативы и настройки региона (файл, папка); можно несколько раз.",
        ),
    ],
    month_text: Annotated[
        str | None, typer.Option("--month", metavar="ГГГГ-ММ", help="На каком месяце считать; без ключа — на последнем рассчитанном.")
    ] = None,
    ignore_dates: Annotated[
        bool, typer.Option("--ignore-dates", help="Считать значения файла действующими весь этот месяц, какие бы даты в нём ни стояли.")
    ] = False,
    provider: Sender = None,
    svg: Svg = None,
    top: Top = 10,
    as_json: Json = False,
) -> None:
    """Посчитать, кто будет платить больше или меньше, на сколько и почему, если изменить закон, тарифы, нормативы или настройки.

    Месяц считается дважды той же программой: по действующим правилам и по файлу. База данных не меняется.
    """
    month = None if month_text is None else month_of(month_text)
    _check(svg)
    proposed = read_proposed(files, law())
    with opened(as_json) as (application, screen):
        with screen.progress("Считаю") as progress:
            found = impact_of(
                application.engine,
                senders=_senders(application, provider),
                month=month,
                law=law(),
                proposal=lambda chosen: proposed.of(chosen, whole_month=ignore_dates),
                top=top,
                progress=progress,
            )
        later = [] if ignore_dates else proposed.later_than(found.month)
        notes = [f"Ещё не действует и не посчитано: {one} (посчитать: --month или --ignore-dates)." for one in later]
        for note in notes:
            screen.say(f"  {note}", style="yellow")
        _show(screen, found.compared, top)
        _show_held(screen, found.held_before, "Не посчитано и по действующим правилам")
        _show_held(screen, found.held_after, "Не посчитано по файлу")
        _draw(screen, found.compared, svg)
        document = compared_json(found.compared)
        screen.document(
            document
            | {
                "month": str(found.month),
                "notes": [*notes, *found.compared.notes],
                "held_before": _held_json(found.held_before),
                "held_after": _held_json(found.held_after),
                "svg": None if svg is None else str(svg),
            }
        )
    if found.held_after.findings:
        raise typer.Exit(1)


def _show_held(screen: Screen, held: Held, title: str) -> None:
    """What is not in the sums, and why."""
    if not held.findings:
        return
    codes = ", ".join(f"{code} — {count}" for code, count in sorted(held.by_code.items()))
    amounts = f"по действующим правилам {roubles(held.before)} руб., по файлу {roubles(held.after)} руб."
    screen.say(f"{title} и в итоги не вошло: замечаний {held.by_code.total()} ({codes}); строк {held.lines}: {amounts}", style="bold")
    findings_table(screen, tuple(held.findings))


def _held_json(held: Held) -> dict[str, object]:
    return {
        "lines": held.lines,
        "was": format_roubles(held.before),
        "now": format_roubles(held.after),
        "by_code": dict(held.by_code),
        "findings": [finding_json(finding) for finding in held.findings],
    }


def _senders(application: Application, inn: str | None) -> list[Provider]:
    """All senders, or the one of an ИНН."""
    found = providers_of_month(application)
    if inn is None:
        return found
    chosen = [one for one in found if one.inn == inn]
    if not chosen:
        known = ", ".join(f"{one.inn} ({one.name})" for one in found)
        raise ConfigError("CLI-0103", f"Нет отправителя с ИНН {inn}.", hint=f"Есть: {known}.")
    return chosen


def _check(file: Path | None) -> None:
    """Say before a long computation that its picture would have no place."""
    if file is not None and not file.resolve().parent.is_dir():
        raise ConfigError("CLI-0202", f"Файл {file} не записывается: нет папки {file.parent}.", hint="Проверьте путь и права.")


def _draw(screen: Screen, compared: Compared, file: Path | None) -> None:
    if file is None:
        return
    try:
        file.write_bytes(comparison_chart(compared))
    except OSError as error:
        raise ConfigError("CLI-0202", f"Файл {file} не записывается: {system_reason(error)}.", hint="Проверьте путь и права.") from error
    screen.say(f"Диаграмма: {file}")


def _show(screen: Screen, compared: Compared, top: int) -> None:
    if screen.as_json:
        return
    total = compared.sums.total
    screen.heading(compared.title)
    for note in (*compared.without.values(), *compared.notes):
        screen.say(f"  {note}", style="yellow")
    screen.say(f"  было {roubles(total.before)} руб., стало {roubles(total.after)} руб., разница {_difference(total)}")
    screen.say(f"  лицевых счетов {total.accounts}: больше платят {total.more}, меньше {total.less}, без изменений {total.same}")
    for sums, words in ((compared.sums.appeared, "начислений раньше не было"), (compared.sums.ended, "начислений больше нет")):
        if sums.accounts:
            screen.say(f"    из них {words}: {sums.accounts} на {_signed(sums.amount)} руб.")
    _show_causes(screen, compared)
    if not total.more and not total.less:
        screen.say("  Ни один счёт не платит ни больше, ни меньше.")
        return
    services = [(name, sums) for name, sums in compared.by_service() if sums.amount or sums.more or sums.less]
    _show_sums(screen, "Услуга", services, "По услугам")
    if len(compared.sums.by_sender) > 1:
        _show_sums(screen, "Отправитель", [(compared.names.senders[key].name, sums) for key, sums in compared.sums.by_sender.items()], "")
    municipalities = compared.by_municipality()
    if len(municipalities) > 1:
        _show_sums(screen, "ОКТМО", [(oktmo or "не известен", sums) for oktmo, sums in municipalities], "По муниципальным образованиям")
    houses = compared.by_house()
    shown = [("дом не известен" if house is None else house.address, sums) for house, sums in houses[:top]]
    _show_sums(screen, "Дом", shown, f"По домам: {_first(len(shown), len(houses))}")
    _show_buckets(screen, compared.distribution(), "Разница счёта, руб.")
    _show_buckets(screen, compared.in_percent(), "Разница счёта, %")
    for movers, words in zip(compared.movers(), ("больше", "меньше"), strict=True):
        if movers:
            _show_movers(screen, compared, movers, f"Кто платит {words} всего: {len(movers)}")


def _show_causes(screen: Screen, compared: Compared) -> None:
    rows = []
    for title, moved in compared.by_cause():
        services = ", ".join(f"{name} {_signed(amount)}" for name, amount in compared.services_of(moved)[:3])
        rows.append((title, str(moved.accounts), _signed(moved.up), _signed(moved.down), _signed(moved.amount), services))
    if rows:
        columns = ("Причина", "Счетов", "Больше, руб.", "Меньше, руб.", "Всего, руб.", "Главное")
        screen.table(columns, rows, title="Почему", numbers=frozenset((1, 2, 3, 4)))


def _show_sums(screen: Screen, what: str, rows: Sequence[tuple[str, Sums]], title: str) -> None:
    if rows:
        shown = [
            (
                name, roubles(sums.before), roubles(sums.after), _signed(sums.amount), percent_text(sums),
                str(sums.more), str(sums.less), str(sums.same),
            )
            for name, sums in rows
        ]  # fmt: skip
        columns = (what, "Было", "Стало", "Разница", "%", "Больше", "Меньше", "Так же")
        screen.table(columns, shown, title=title, numbers=frozenset(range(1, 8)))


def _show_buckets(screen: Screen, buckets: Sequence[tuple[str, Bucket]], what: str) -> None:
    rows = [(label, str(bucket.accounts), _signed(bucket.amount)) for label, bucket in buckets if bucket.accounts]
    screen.table((what, "Счетов", "Вместе, руб."), rows, numbers=frozenset((1, 2)))


def _show_movers(screen: Screen, compared: Compared, movers: Sequence[Mover], title: str) -> None:
    rows = [
        (
            compared.names.number(mover), compared.names.address(mover), roubles(mover.before), roubles(mover.after), _signed(mover.amount),
            ", ".join(f"{name} {_signed(amount)}" for name, amount in compared.causes_of(mover)),
        )
        for mover in movers
    ]  # fmt: skip
    screen.table(("Счёт", "Адрес", "Было", "Стало", "Разница", "Почему"), rows, title=title, numbers=frozenset((2, 3, 4)))


def _first(shown: int, of: int) -> str:
    return f"{shown} из {of}, где разница больше всего" if shown < of else str(of)


def _difference(sums: Sums) -> str:
    percent = percent_text(sums)
    return f"{_signed(sums.amount)} руб." + (f" ({percent})" if percent else "")


def _signed(kopecks: int) -> str:
    return f"{'+' if kopecks > 0 else '−' if kopecks < 0 else ''}{roubles(abs(kopecks))}"

"""``erkc explain``: every line of an account down to formula, numbers, records and bytes."""

from __future__ import annotations

import re
import sys
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from core.charges.balance import PARTS
from core.charges.explain import Argument, Explanation
from core.charges.traced import number_text
from core.errors import ConfigError
from core.ids import RecordId
from core.model.ledger import UNKNOWN_ORIGIN
from core.model.lines import Component
from core.money import rounded
from core.period import Month
from core.services.balances import HouseBalanced, explain_house
from core.services.explain import AccountExplained, DifferenceExplained, explain_account
from core.services.explained_payer import explain_payer
from core.services.month_view import finding_json, volume
from core.services.penalties import PenaltyRow
from core.services.support import support_json
from erkc.cli.options import Json, MonthArgument, law, month_of, opened
from erkc.cli.screen import Screen, roubles
from erkc.render.explanation import COMPUTED, explanation_page
from erkc.render.facts import said

__all__ = ["explained_json", "register"]

_HOUSE = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""The code of a house by ФИАС in place of an account's number."""
_COMPUTED = {**COMPUTED, "V_individual": "сумма строк всех помещений дома: erkc report month, houses"}
_REGIMES = {
    "soi_norm": "на общее имущество по нормативу",
    "soi_by_meter": "на общее имущество по общедомовому прибору",
    "soi_average": "на общее имущество по среднему месяцу",
    "soi_norm_then_recalc": "на общее имущество по нормативу с пересчётом за год",
    "odn_354": "общедомовые нужды, исполнитель — поставщик",
    "none": "на общее имущество не начисляется",
    "heating": "тепло по прибору",
    "evenly": "тепло равномерно за год",
}
_SHOWN = 3
"""Records of one number that are told; a sum of a house has hundreds."""
_PARTS = {
    "base": "начислено",
    "surcharge": "повышающий коэффициент",
    "recalculation": "перерасчёт",
    "underdelivery": "снижение за перерыв",
    "benefit": "льгота",
}


def register(application: typer.Typer) -> None:
    """Add the command to the command line."""
    application.command("explain")(explain)


def explain(
    account: Annotated[str, typer.Argument(metavar="СЧЁТ")],
    month_text: MonthArgument,
    html: Annotated[bool, typer.Option("--html", help="Страница для плательщика: одна, без сценариев, можно напечатать.")] = False,
    out: Annotated[Path | None, typer.Option("--out", metavar="ФАЙЛ", help="Куда записать страницу; без ключа — на экран.")] = None,
    as_json: Json = False,
) -> None:
    """Объяснить каждую строку счёта: формула, числа, откуда каждое число, какие байты его принесли.

    Вместо счёта можно назвать код дома по ФИАС: тогда — куда ушёл объём каждого общедомового прибора, до последней единицы.
    На странице (--html) — все счета одного платёжного документа.
    """
    month = month_of(month_text)
    if html or out is not None:
        if not html or _HOUSE.fullmatch(account) or (as_json and out is None):
            hint = "Страница: erkc explain СЧЁТ МЕСЯЦ --html [--out ФАЙЛ]; с --json нужен --out."
            raise ConfigError("CLI-0108", "--html и --out — для страницы одного плательщика.", hint=hint)
        _page(account, month, out, as_json=as_json)
        return
    with opened(as_json) as (application, screen):
        if _HOUSE.fullmatch(account):
            balanced = explain_house(application.engine, fias=account, month=month, law=law())
            _show_house(screen, balanced)
            screen.document(balanced.as_json())
            return
        explained = explain_account(application.engine, number=account, month=month, law=law())
        for item in explained:
            _show_explained(screen, item)
        documents = [explained_json(item) for item in explained]
        screen.document(documents[0] if len(documents) == 1 else documents)


def _page(account: str, month: Month, out: Path | None, *, as_json: bool) -> None:
    """The page of a payer, into a file or to standard output."""
    with opened(as_json) as (application, screen):
        payer = explain_payer(application.engine, name=account, month=month, law=law())
        page = explanation_page(payer)
        if out is None:
            sys.stdout.write(page)
            return
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(page, encoding="utf-8")
        except OSError as error:
            raise ConfigError("CLI-0202", f"Файл {out} не записывается: {error.strerror}.", hint="Проверьте путь и права.") from error
        total = sum(one.total + one.recalculated for one in payer.accounts)
        screen.say(f"{out}: {', '.join(one.account.number for one in payer.accounts)}, {month.title}, {roubles(total)} руб.")
        accounts = [one.account.number for one in payer.accounts]
        screen.document(
            {"file": str(out), "month": str(month), "accounts": accounts, "bills": [one.number for one in payer.bills], "total": total}
        )


def _show_explained(screen: Screen, item: AccountExplained) -> None:
    screen.heading(f"Лицевой счёт {item.account.number}, {item.account.payer_name}, {item.month.title}: {roubles(item.total)} руб.")
    for line in item.lines:
        screen.say()
        screen.heading(f"{line.service} — {roubles(line.line.total)} руб. (получатель: {line.creditor})")
        if item.mode == "accept":
            stated = [item.origins[record] for record in line.line.sources if record in item.origins]
            where = "; ".join(f"{origin.file}, строка {origin.row}" for origin in stated)
            screen.say(f"  принято по документу отправителя: {roubles(line.line.total)} руб. [{where}]")
            if line.lawful is not None:
                differs = "" if line.lawful == line.line.total else f", расхождение {roubles(line.line.total - line.lawful)} руб."
                screen.say(f"  по закону: {roubles(line.lawful)} руб.{differs}")
        if line.explanation is None:
            continue
        _show_steps(screen, item, line.explanation)
        amounts = {
            "base": line.explanation.base,
            "surcharge": line.explanation.surcharge,
            "recalculation": line.explanation.recalculation,
            "underdelivery": -line.explanation.underdelivery,
            "benefit": -line.explanation.benefit,
        }
        parts = ", ".join(f"{_PARTS[name]} {roubles(amount)}" for name, amount in amounts.items() if amount)
        screen.say(f"  итого: {parts or '0,00'}; редакция правил от {_day(line.explanation.rules)}")
    if not item.lines:
        screen.say("  За этот месяц по счёту ничего не начислено.")
    if item.support:
        _show_support(screen, item)
    for difference in item.differences:
        _show_difference(screen, item, difference)
    if item.differences:
        screen.say()
        screen.heading(f"Перерасчёты закрытых месяцев, итого в {item.month.title}: {roubles(item.recalculated)} руб.")
    for row in item.penalties:
        _show_penalty(screen, item, row)
    if item.penalties:
        posted = sum(row.posted for row in item.penalties)
        screen.say()
        screen.heading(f"Пени, проведённые за {item.month.title}: {roubles(posted)} руб.; не оплачено: {roubles(_unpaid(item))} руб.")
    if item.stopped:
        screen.say(f"Дом остановлен, строки не проведены: ждут решения (erkc bill findings {item.month}).")
    for held in item.held:
        screen.say()
        screen.heading(f"Замечание {held.code}" + (" — начисление задержано" if held.severity == "error" else ""))
        screen.say(f"  {held.message}")
        screen.say(f"  Что делать: {held.hint}")
    messages = sorted({(origin.message_name, origin.message_sha256) for origin in item.origins.values()})
    if not messages:
        return
    screen.say()
    screen.heading("Сообщения, из которых взяты числа")
    for name, digest in messages:
        screen.say(f"  {name}  SHA-256 {digest}")


def _show_house(screen: Screen, item: HouseBalanced) -> None:
    """The path of each house meter's volume: parts that add up to it to the last unit."""
    screen.heading(f"Дом {item.house.address}, {item.month.title}: куда ушёл объём общедомовых приборов")
    if not item.balances:
        screen.say("  В этом месяце ни один общедомовой прибор не дал объёма.")
    for one in item.balances:
        rows = [("измерено прибором", one.measured_e6), *((PARTS[part.kind], part.volume_e6) for part in one.parts)]
        left = "сумма частей" if one.is_closed else "не объяснено"
        rows.append((left, one.measured_e6 if one.is_closed else rounded(one.unexplained, 10**6)))
        shown = [(what, volume(amount).replace(".", ",").replace("-", "−")) for what, amount in rows]
        screen.heading(f"{one.service.name}, {_REGIMES.get(one.regime, one.regime)}")
        screen.table(("Куда", "Объём"), shown, numbers=frozenset((1,)))
        for record in one.records:
            if record in item.origins:
                screen.say(f"  {_fact(item, record)}, {item.origins[record].message_name}")


def _show_support(screen: Screen, item: AccountExplained) -> None:
    """Measures of support: what each comes to, who pays, and the row that brought it."""
    screen.say()
    screen.heading("Меры социальной поддержки")
    for measure in item.support:
        row = measure.row
        what = f" на услугу «{measure.service}»" if measure.service else ""
        share = "" if row.share_e4 is None else f", {number_text(Fraction(row.share_e4, 100))} %"
        screen.say(f"  {measure.title.name}{what}{share}: {roubles(measure.amount)} руб. — {measure.title.effect} ({measure.title.clause})")
        origin = item.origins.get(row.record_id)
        if origin is not None:
            screen.say(f"    основание: {origin.message_name}, {origin.file}{'' if origin.row is None else f', строка {origin.row}'}")
        if measure.formula:
            screen.say(f"    {measure.formula}")
        if measure.note:
            screen.say(f"    {measure.note}")


def _show_steps(screen: Screen, item: AccountExplained, explanation: Explanation) -> None:
    """Formula, numbers, and where each number came from."""
    for step in explanation.steps:
        screen.say(f"  {step.title}; {step.part_title}, {step.first:%d.%m}–{step.last:%d.%m.%Y}")
        screen.say(f"    {step.formula}")
        is_near = step.roubles.startswith("≈") or step.shown != step.numbers
        screen.say(f"    = {step.shown} {'≈' if is_near else '='} {step.roubles.removeprefix('≈ ')} → {roubles(step.kopecks)} руб.")
        for argument in sorted(step.arguments, key=lambda one: step.formula.find(one.sign)):
            screen.say(f"    {argument.sign} = {argument.shown} — {argument.meaning} [{_source(item, argument, step.first)}]")


def _source(item: AccountExplained, argument: Argument, day: date) -> str:
    """Where a number came from: the act, the reading, the row, with what it says; else the law, else how it was computed."""
    known = [record for record in argument.records if record in item.origins]
    if known:
        more = f"; и ещё {len(known) - _SHOWN}" if len(known) > _SHOWN else ""
        return "; ".join(_fact(item, record) for record in known[:_SHOWN]) + more
    if argument.law:
        rule = law().parameters.get(argument.law)
        return f"закон: {argument.law}" if rule is None else f"закон: {rule.clause}, {rule.on(day).act}"
    return _COMPUTED.get(argument.symbol, "вычислено")


def _fact(item: AccountExplained | HouseBalanced, record: RecordId) -> str:
    """What a record says, and the row that it stands in."""
    origin, body = item.origins[record], item.records.get(record)
    words = "" if body is None else said(body)
    row = f"{origin.file}{'' if origin.row is None else f', строка {origin.row}'}"
    return f"{words} ({row})" if words else row


def _show_difference(screen: Screen, item: AccountExplained, difference: DifferenceExplained) -> None:
    """One recalculation: which month, why, by which records, and the formula of the line as it is now."""
    row = difference.row
    screen.say()
    screen.heading(f"Перерасчёт за {row.month.title}, {difference.cause}: {difference.service}, {roubles(row.total)} руб.")
    if row.blocked_by is not None:
        screen.say(f"  не проводится: {difference.block}; войдёт в месяц, когда запрет будет снят (erkc bill unblock)")
    learned = [item.origins[record] for record in row.records if record in item.origins]
    for origin in learned:
        screen.say(f"  основание: {origin.message_name}, {origin.file}{'' if origin.row is None else f', строка {origin.row}'}")
    before, now = (0 if line is None else line.total for line in (row.before, row.after))
    screen.say(f"  было {roubles(before)} руб., стало {roubles(now)} руб.")
    if difference.explanation is not None:
        _show_steps(screen, item, difference.explanation)


def _unpaid(item: AccountExplained) -> int:
    return sum(row.closing for row in item.penalties)


def _show_penalty(screen: Screen, item: AccountExplained, row: PenaltyRow) -> None:
    """Penalties of one debt: each part with its days, share and rate; the sum, and what of it the month posts."""
    screen.say()
    what = "взнос на капитальный ремонт, " if row.component is Component.PENALTY_CAPITAL_REPAIR else ""
    of = "без месяца" if row.origin_month is None or row.origin_month == UNKNOWN_ORIGIN else row.origin_month.title
    to = "" if row.creditor_id is None else f", получатель: {item.creditors[row.creditor_id]}"
    screen.heading(f"Пени: {what}долг за {of}{to} — {roubles(row.posted)} руб.")
    if row.due is not None:
        clause = "14.1" if row.component is Component.PENALTY_CAPITAL_REPAIR else "14"
        screen.say(f"  ЖК ст. 155 ч. {clause}: срок оплаты {row.due:%d.%m.%Y}; долг × ставка / 100 / доля × дней")
    for one in row.accruals:
        share = f"{roubles(one.principal)} × {number_text(one.rate)} / 100 / {one.divisor} × {one.days}"
        shown = Fraction(rounded(one.amount, 10**6), 10**6)
        screen.say(f"    {one.first:%d.%m.%Y}–{one.last:%d.%m.%Y}: {share} {'=' if shown == one.amount else '≈'} {number_text(shown)}")
    if row.accruals:
        how = {"once": "", "daily": ", каждый день до копейки", "monthly": ", каждый месяц до копейки"}[row.rounding]
        before = f", проведено раньше {roubles(row.posted_before)}" if row.posted_before else ""
        screen.say(f"    накоплено{how}: {roubles(row.accrued)} руб.{before}, проведено в этом месяце {roubles(row.posted)} руб.")
    if row.frozen is not None:
        screen.say(f"    присуждено судом и не растёт: {roubles(row.frozen)} руб., после него: {roubles(row.after_judgement)} руб.")
    screen.say(f"    было {roubles(row.opening)}, оплачено {roubles(row.paid)}, осталось {roubles(row.closing)} руб.")


def _day(version: str) -> str:
    """``2025-12-06`` as people write it."""
    year, month, day = version.split("-")
    return f"{day}.{month}.{year}"


def explained_json(item: AccountExplained) -> dict[str, object]:
    return {
        "account": item.account.number,
        "month": str(item.month),
        "mode": item.mode,
        "total": item.total,
        "stopped": item.stopped,
        "held": [finding_json(held) for held in item.held],
        "lines": [
            {
                "service": line.service,
                "creditor": line.creditor,
                "method": line.line.method,
                "clause": line.line.clause,
                "rules": line.line.rules,
                "volume": volume(line.line.volume_e6),
                "base": line.line.base,
                "surcharge": line.line.surcharge,
                "recalculation": line.line.recalculation,
                "underdelivery": line.line.underdelivery,
                "benefit": line.line.benefit,
                "total": line.line.total,
                "lawful": line.lawful,
                "inputs": dict(line.line.inputs),
                "steps": _steps_json(line.explanation),
            }
            for line in item.lines
        ],
        "support": support_json(item.support),
        "recalculated": item.recalculated,
        "penalties": [_penalty_json(item, row) for row in item.penalties],
        "differences": [_difference_json(difference) for difference in item.differences],
        "records": {
            str(record): {
                "kind": origin.kind,
                "key": origin.key,
                "message": origin.message_name,
                "sha256": origin.message_sha256,
                "file": origin.file,
                "row": origin.row,
                "says": said(item.records[record]) if record in item.records else "",
            }
            for record, origin in item.origins.items()
        },
    }


def _penalty_json(item: AccountExplained, row: PenaltyRow) -> dict[str, object]:
    """Penalties of one debt: a third party adds up principal × rate / 100 / divisor × days, rounds, takes off what was posted."""
    return {
        "debt_month": None if row.origin_month is None or row.origin_month == UNKNOWN_ORIGIN else str(row.origin_month),
        "creditor": None if row.creditor_id is None else item.creditors[row.creditor_id],
        "capital_repair": row.component is Component.PENALTY_CAPITAL_REPAIR,
        "due": None if row.due is None else row.due.isoformat(),
        "accruals": [
            {
                "from": one.first.isoformat(),
                "to": one.last.isoformat(),
                "days": one.days,
                "principal": one.principal,
                "rate_percent": str(one.rate),
                "divisor": one.divisor,
                "exact": str(one.amount),
            }
            for one in row.accruals
        ],
        "rounding": row.rounding,
        "frozen": row.frozen,
        "posted_before": row.posted_before,
        "posted": row.posted,
        "opening": row.opening,
        "paid": row.paid,
        "closing": row.closing,
    }


def _difference_json(difference: DifferenceExplained) -> dict[str, object]:
    """A recalculation of a closed month: the two lines by their steps, so that a third party recomputes both."""
    row = difference.row
    return {
        "month": str(row.month),
        "cause": row.cause,
        "cause_title": difference.cause,
        "service": difference.service,
        "creditor": difference.creditor,
        "base": row.base,
        "surcharge": row.surcharge,
        "recalculation": row.recalculation,
        "underdelivery": row.underdelivery,
        "benefit": row.benefit,
        "total": row.total,
        "volume": volume(row.volume_e6),
        "blocked": difference.block or None,
        "records": list(row.records),
        "before": {"total": 0 if row.before is None else row.before.total, "steps": _steps_json(difference.before)},
        "after": {"total": 0 if row.after is None else row.after.total, "steps": _steps_json(difference.explanation)},
    }


def _steps_json(explanation: Explanation | None) -> list[dict[str, object]]:
    """Steps of a line with exact arguments; a line without an explanation has none."""
    return [
        {
            "part": step.part,
            "group": step.group,
            "clause": step.clause,
            "title": step.title,
            "from": step.first.isoformat(),
            "to": step.last.isoformat(),
            "formula": step.formula,
            "numbers": step.numbers,
            "shown": step.shown,
            "roubles": step.roubles,
            "exact": step.exact,
            "arguments": [
                {
                    "symbol": argument.symbol,
                    "sign": argument.sign,
                    "meaning": argument.meaning,
                    "value": argument.value,
                    "shown": argument.shown,
                    "records": list(argument.records),
                    "law": argument.law,
                }
                for argument in step.arguments
            ],
        }
        for step in (() if explanation is None else explanation.steps)
    ]

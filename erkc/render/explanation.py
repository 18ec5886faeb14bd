"""The explanation of a payer's month as one web page: no scripts, nothing from outside, readable on a telephone and on paper.

The view is texts and whole kopecks; the page is its template. Nothing is computed here but sums of what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from core.charges.explain import Argument, Explanation
from core.charges.traced import number_text
from core.documents.epd import premises_address
from core.ids import RecordId
from core.model.bill_json import content_sha256
from core.model.ledger import UNKNOWN_ORIGIN
from core.model.lines import Component
from core.money import readable_roubles
from core.services.explain import AccountExplained, DifferenceExplained, LineExplained
from core.services.explained_payer import PayerExplained
from core.services.penalties import PenaltyRow
from core.services.support import Measure
from erkc.render.facts import quantity, said

__all__ = ["COMPUTED", "explanation_page"]

COMPUTED = {
    "d": "календарь",
    "D": "календарь",
    "M": "календарь",
    "V_individual": "сумма строк всех помещений дома",
    "V_carried": "остаток прошлых месяцев дома",
    "P": "начислено по этой строке",
}
"""Numbers that come from no single record."""

_METHODS = {
    "area": "по площади",
    "residents": "по числу проживающих",
    "ipu": "по показаниям прибора учёта",
    "ipu_replaced": "по показаниям снятого и нового приборов",
    "ipu_after_average": "по показаниям, за вычетом начисленного раньше без показаний",
    "ipu_flat": "по общему прибору квартиры",
    "average": "по среднему за прошлые месяцы",
    "norm": "по нормативу",
    "odpu": "по общедомовому прибору",
    "ipu_odpu": "по приборам квартиры и дома",
    "odpu_part_metered": "по общедомовому прибору, часть квартир с приборами",
    "sum_water": "по сумме холодной и горячей воды",
}
_PARTS = (
    ("base", "начислено", 1),
    ("surcharge", "повышающий коэффициент", 1),
    ("recalculation", "перерасчёт", 1),
    ("underdelivery", "снижение за перерыв или качество", -1),
    ("benefit", "льгота", -1),
)
_SHOWN_RECORDS = 12
"""Records of one number that are listed; of more the rest is counted."""

View = dict[str, object]


def explanation_page(payer: PayerExplained) -> str:
    """The page."""
    return _template().render(page=_view(payer))


@cache
def _template() -> Template:
    source = files("erkc.render").joinpath("templates/explanation.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    environment.filters["roubles"] = readable_roubles
    return environment.from_string(source)


def _view(payer: PayerExplained) -> View:
    told = [_Account(payer, one).view() for one in payer.accounts]
    return {
        "month": payer.month.title,
        "bills": [
            {
                "number": bill.number,
                "issued_on": f"{bill.issued_on:%d.%m.%Y}",
                "code": content_sha256(bill).hex()[:16],
                "payer": bill.payer_name,
                "address": premises_address(bill),
                "rows": [
                    (title, sign * amount)
                    for title, amount, sign in (
                        ("Начислено за месяц с перерасчётами", bill.charged, 1),
                        ("Долг на начало месяца", bill.debt, 1),
                        ("Аванс на начало месяца", bill.advance, -1),
                        ("Оплачено", bill.paid, -1),
                        ("Пени", bill.penalties, 1),
                        ("Проценты рассрочки", bill.interest, 1),
                        ("Отложено рассрочкой", bill.deferred, -1),
                    )
                    if amount or title.startswith("Начислено")
                ],
                "credit": sum(max(0, -row.balance) for row in bill.recipients),
                "due": bill.due,
                "due_on": f"{bill.due_on:%d.%m.%Y}",
            }
            for bill in payer.bills
        ],
        "accounts": told,
        "total": sum(one.total + one.recalculated for one in payer.accounts),
        "messages": _messages(payer),
    }


def _messages(payer: PayerExplained) -> list[View]:
    """Where the numbers came from, with how many records each message gave."""
    counts: dict[tuple[str, str], int] = {}
    for origin in {key: origin for one in payer.accounts for key, origin in one.origins.items()}.values():
        key = (origin.message_name, origin.message_sha256)
        counts[key] = counts.get(key, 0) + 1
    return [{"name": name, "sha256": digest, "records": count} for (name, digest), count in sorted(counts.items())]


class _Account:
    """One account of the page."""

    def __init__(self, payer: PayerExplained, account: AccountExplained) -> None:
        self._payer = payer
        self._account = account
        self._units = {line.service_id: line.unit for bill in payer.bills for line in bill.lines}

    def view(self) -> View:
        item = self._account
        return {
            "number": item.account.number,
            "payer": item.account.payer_name,
            "mode": item.mode,
            "total": item.total,
            "recalculated": item.recalculated,
            "lines": [self._line(n, line) for n, line in enumerate(item.lines, 1)],
            "differences": [self._difference(one) for one in item.differences],
            "penalties": [self._penalty(row) for row in item.penalties],
            "penalties_posted": sum(row.posted for row in item.penalties),
            "support": [self._measure(one) for one in item.support],
            "held": [{"code": one.code, "is_held": one.severity == "error", "message": one.message, "hint": one.hint} for one in item.held],
            "stopped": item.stopped,
        }

    def _penalty(self, row: PenaltyRow) -> View:
        """Penalties of one debt: every part that they are the sum of."""
        is_capital = row.component is Component.PENALTY_CAPITAL_REPAIR
        origin = row.origin_month
        return {
            "what": "взнос на капитальный ремонт" if is_capital else "плата за жильё и коммунальные услуги",
            "month": "без месяца" if origin is None or origin == UNKNOWN_ORIGIN else origin.title,
            "creditor": "" if row.creditor_id is None else self._account.creditors[row.creditor_id],
            "due": "" if row.due is None else f"{row.due:%d.%m.%Y}",
            "clause": f"ЖК ст. 155 ч. {'14.1' if is_capital else '14'}",
            "parts": [
                {
                    "days": f"{one.first:%d.%m.%Y}–{one.last:%d.%m.%Y}",
                    "formula": f"{readable_roubles(one.principal)} × {number_text(one.rate)} / 100 / {one.divisor} × {one.days}",
                }
                for one in row.accruals
            ],
            "whole": row.accrued,
            "before": row.posted_before,
            "posted": row.posted,
            "closing": row.closing,
        }

    def _line(self, number: int, told: LineExplained) -> View:
        line = told.line
        parts = [(title, sign * getattr(line, name)) for name, title, sign in _PARTS if getattr(line, name)]
        lawful = None if told.lawful is None else {"total": told.lawful, "difference": line.total - told.lawful}
        return {
            "id": f"l{self._account.account.account_id}-{number}",
            "service": told.service,
            "creditor": told.creditor,
            "how": _METHODS.get(line.method, line.method),
            "volume": quantity(line.volume_e6, 6) if line.volume_e6 else "",
            "unit": f" {self._units[line.service_id]}" if line.service_id in self._units else "",
            "tariff": "" if line.tariff_e6 is None else quantity(line.tariff_e6, 6),
            "parts": parts,
            "total": line.total,
            "stated": line.clause == "stated",
            "sources": self._facts(line.sources) if line.clause == "stated" else [],
            "lawful": lawful,
            "rules": "" if told.explanation is None else _date(told.explanation.rules),
            "steps": self._steps(told.explanation),
        }

    def _steps(self, explanation: Explanation | None) -> list[View]:
        return [
            {
                "title": step.title,
                "part": step.part_title,
                "days": f"{step.first:%d.%m}–{step.last:%d.%m.%Y}",
                "formula": step.formula,
                "numbers": step.shown,
                "roubles": step.roubles.removeprefix("≈ "),
                "is_near": step.roubles.startswith("≈") or step.shown != step.numbers,
                "kopecks": step.kopecks,
                "arguments": [self._argument(one) for one in sorted(step.arguments, key=lambda one: step.formula.find(one.sign))],
            }
            for step in (() if explanation is None else explanation.steps)
        ]

    def _argument(self, argument: Argument) -> View:
        facts = self._facts(argument.records)
        if argument.law:
            facts.insert(0, {"text": f"параметр закона: {argument.law}", "place": ""})
        if not facts:
            facts = [{"text": COMPUTED.get(argument.symbol, "вычислено"), "place": ""}]
        return {"sign": argument.sign, "meaning": argument.meaning, "value": argument.shown, "facts": facts}

    def _facts(self, records: Sequence[RecordId]) -> list[View]:
        """What each record says, and where it stands; of other people's only where."""
        found: list[View] = []
        for record in records[:_SHOWN_RECORDS]:
            origin, stored = self._account.origins.get(record), self._payer.records.get(record)
            if origin is None or stored is None:
                continue
            row = "" if origin.row is None else f", строка {origin.row}"
            text = said(stored.stored.body) if stored.is_shown else "сведения о других лицах не показаны"
            file = "" if origin.file == origin.message_name else f", {origin.file}"
            found.append({"text": text, "place": f"{origin.message_name}, SHA-256 {origin.message_sha256[:8]}…{file}{row}"})
        if len(records) > _SHOWN_RECORDS:
            found.append({"text": f"и ещё записей: {len(records) - _SHOWN_RECORDS}", "place": ""})
        return found

    def _difference(self, told: DifferenceExplained) -> View:
        row = told.row
        return {
            "month": row.month.title,
            "cause": told.cause,
            "service": told.service,
            "creditor": told.creditor,
            "total": row.total,
            "before": 0 if row.before is None else row.before.total,
            "after": 0 if row.after is None else row.after.total,
            "is_blocked": row.blocked_by is not None,
            "block": told.block,
            "sources": self._facts(row.records),
            "steps": self._steps(told.explanation),
        }

    def _measure(self, one: Measure) -> View:
        share = "" if one.row.share_e4 is None else f"{quantity(one.row.share_e4, 2)} %"
        return {
            "name": one.title.name,
            "service": one.service or "все услуги",
            "share": share,
            "amount": one.amount,
            "effect": one.title.effect,
            "clause": one.title.clause,
            "formula": one.formula,
            "note": one.note,
            "sources": self._facts([one.row.record_id]),
        }


def _date(version: str) -> str:
    """``2025-12-06`` as people write it."""
    return ".".join(reversed(version.split("-")))

"""A line read to a person: each clause by its own function once more, this time with values that write the formula down.

Only ``line.inputs`` is used, so the explanation is also a proof: whoever has the line recomputes every kopeck of it, and the amounts must
come out the same. The formula is never written by hand anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from core.charges import clauses
from core.charges.texts import REASONS, SYMBOLS, TITLES
from core.charges.traced import Traced, number_text, shown_text
from core.errors import InvariantError
from core.ids import RecordId
from core.model.lines import ChargeLine
from core.money import kopecks, rounded

__all__ = ["Argument", "Explanation", "Step", "explain_line", "paid_in_cash", "recalculation_reason"]

_PARTS = {
    "base": "начислено",
    "with_coefficient": "с повышающим коэффициентом",
    "recalculation": "перерасчёт",
    "underdelivery": "снижение за перерыв",
    "benefit": "льгота",
    "compensation": "компенсация деньгами, справочно",
}

_GREATEST_OF_RATIO = 1000
"""A ratio of greater numbers tells a person nothing: person-days of a month do, hundredths of litres do not."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A number of the formula: sign, meaning, exact value as text, and the records (or the parameter of the law) it came from."""

    symbol: str
    sign: str
    meaning: str
    value: str
    shown: str
    """The value as a person reads it: rounded where it is long, and a small ratio beside it as one (``0,387097 (12 : 31)``)."""
    records: tuple[RecordId, ...]
    law: str


@dataclass(frozen=True, slots=True)
class Step:
    """One clause of the line on some days: the formula in symbols and with the numbers put in, and its roubles."""

    part: str
    part_title: str
    group: int
    """Steps of one part and group are added before the one rounding; groups are added after it."""
    clause: str
    title: str
    first: date
    last: date
    formula: str
    numbers: str
    """Exact: for whoever recomputes it."""
    shown: str
    """The same with long numbers rounded, as a person reads it."""
    roubles: str
    """For people: exact where it has up to six decimals, else marked as near (≈)."""
    exact: str
    """The same for machines: ``"n"`` or ``"n/d"``."""
    kopecks: int
    """Of this step alone; where steps of one tariff are added before they are rounded, the line's sums are the truth."""
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A whole line, explained and recomputed."""

    title: str
    rules: str
    steps: tuple[Step, ...]
    base: int
    surcharge: int
    recalculation: int
    underdelivery: int
    benefit: int
    total: int
    compensation: int = 0
    """Kopecks paid to the person in cash by the measures of the line; no part of the total."""


def explain_line(line: ChargeLine) -> Explanation:
    """Recompute the line from its inputs by the same clauses; a difference of a kopeck is an :class:`InvariantError`."""
    steps: list[Step] = []
    sums: dict[str, int] = {}
    for part in _PARTS:
        for number, group in enumerate(_groups(line.inputs, part)):
            roubles = Fraction(0)
            for row in group:
                step, worth = _step(part, number, row)
                steps.append(step)
                roubles += worth
            sums[part] = sums.get(part, 0) + kopecks(roubles)
    base = sums.get("base", 0)
    surcharge = sums["with_coefficient"] - base if "with_coefficient" in sums else 0
    found = (base, surcharge, sums.get("recalculation", 0), sums.get("underdelivery", 0), sums.get("benefit", 0))
    posted = (line.base, line.surcharge, line.recalculation, line.underdelivery, line.benefit)
    if found != posted:
        raise InvariantError(
            "CH-0901",
            f"Строка начисления не сходится с пересчётом: {posted} и {found}.",
            hint="Сообщите разработчику; строку не проводить.",
            account=line.account_id,
            service=line.service_id,
        )
    return Explanation(TITLES[line.clause], line.rules, tuple(steps), *found, line.total, sums.get("compensation", 0))


def paid_in_cash(line: ChargeLine) -> dict[RecordId, int]:
    """Kopecks of each measure in cash (ЕДК) that stands beside the line, by the record that grants it."""
    found: dict[RecordId, int] = {}
    for group in _groups(line.inputs, "compensation"):
        roubles = sum((_step("compensation", 0, row)[1] for row in group), Fraction(0))
        (record,) = group[0]["records"]["share"]
        found[record] = found.get(record, 0) + kopecks(roubles)
    return found


def recalculation_reason(line: ChargeLine) -> str:
    """Why the line of the month was recalculated, in the words of a bill; empty where nothing was, or the sender alone knows."""
    rows = [row for group in _groups(line.inputs, "recalculation") for row in group]
    return "; ".join(dict.fromkeys(REASONS[row["clause"]] for row in rows if row["clause"] in REASONS))


def _groups(inputs: Mapping[str, object], part: str) -> Sequence[Sequence[Mapping[str, Any]]]:
    """Groups of rows of a part, as ``engine`` wrote them (``Any``: JSON values of a row, read just below)."""
    groups = inputs.get(part, ())
    assert isinstance(groups, Sequence)
    return groups


def _step(part: str, group: int, row: Mapping[str, Any]) -> tuple[Step, Fraction]:
    """One row explained (``Any``: JSON values)."""
    values = {name: Fraction(text) for name, text in row["values"].items()}
    traced: Traced = getattr(clauses, row["clause"])(**{name: Traced.named(SYMBOLS[name].sign, value) for name, value in values.items()})
    arguments = tuple(
        Argument(
            symbol=name,
            sign=SYMBOLS[name].sign,
            meaning=SYMBOLS[name].meaning,
            value=number_text(value),
            shown=_shown(value),
            records=tuple(row["records"].get(name, ())),
            law=row.get("law", {}).get(name, ""),
        )
        for name, value in values.items()
    )
    step = Step(
        part=part,
        part_title=_PARTS[part],
        group=group,
        clause=row["clause"],
        title=TITLES[row["clause"]],
        first=date.fromisoformat(row["from"]),
        last=date.fromisoformat(row["to"]),
        formula=traced.symbols,
        numbers=traced.numbers,
        shown=traced.shown,
        roubles=_near(traced.value),
        exact=str(traced.value),
        kopecks=kopecks(traced.value),
        arguments=arguments,
    )
    return step, traced.value


def _shown(value: Fraction) -> str:
    text = shown_text(value)
    if "/" not in number_text(value) or max(abs(value.numerator), value.denominator) > _GREATEST_OF_RATIO:
        return text
    return f"{text} ({number_text(value.numerator)} : {value.denominator})"


def _near(value: Fraction) -> str:
    millionths = rounded(value, 10**6)
    near = Fraction(millionths, 10**6)
    return number_text(value) if near == value else f"≈ {number_text(near)}"

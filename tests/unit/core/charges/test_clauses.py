"""Each clause: hand-derived cases, and the three readings of it (one number, a column, the explanation) agree for any numbers."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.charges import clauses
from core.charges.texts import SYMBOLS, TITLES
from core.charges.traced import Traced, number_text, shown_text
from core.exact import Exact
from core.money import kopecks, kopecks_column, parse_roubles
from tests.cases import read_cases

ROOT = Path(__file__).parents[4]
CASES = read_cases("354")
COMPARISONS = {"positive_part", "smaller", "larger"}
FORMULAS = sorted(set(clauses.__all__) - COMPARISONS)


def _values(case: dict[str, Any]) -> dict[str, Fraction]:
    return {name: Fraction(text) for name, text in case["дано"].items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['формула']}: {case['случай']}")
def test_case(case: dict[str, Any]) -> None:
    result = getattr(clauses, case["формула"])(**_values(case))
    if "объём" in case:
        assert result == Fraction(case["объём"])
    else:
        assert kopecks(result) == parse_roubles(case["рублей"])
    assert case["вывод"]


@pytest.mark.parametrize("name", FORMULAS)
def test_every_clause_has_two_cases(name: str) -> None:
    assert Counter(case["формула"] for case in CASES)[name] >= 2


def test_every_clause_stands_in_the_table_of_the_documentation() -> None:
    table = (ROOT / "docs" / "354.md").read_text(encoding="utf-8")
    rows = {match[1]: match[2] for match in re.finditer(r"^\| [^|]+ \| `(\w+)` \| [^|]+ \| `([\w.]+)` \|$", table, re.MULTILINE)}
    assert sorted(rows) == FORMULAS
    assert {name: {case["файл"] for case in CASES if case["формула"] == name} for name in FORMULAS} == {k: {v} for k, v in rows.items()}


@pytest.mark.parametrize("name", FORMULAS)
def test_every_clause_is_documented_and_named_for_people(name: str) -> None:
    clause = getattr(clauses, name)
    assert clause.__doc__
    if name not in ("house_rest", "house_carry"):
        assert re.search("[а-я]", TITLES[name])
    assert set(inspect.signature(clause).parameters) <= SYMBOLS.keys()


def test_clauses_have_no_branches_and_need_the_standard_library_only() -> None:
    source = inspect.getsource(clauses)
    assert set(re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE)) == {"__future__", "fractions", "typing"}
    for name in FORMULAS:
        body = inspect.getsource(getattr(clauses, name))
        assert not re.search(r"\b(if|for|while|round|int|float)\b", body.split('"""')[2])


exact = st.fractions(min_value=Fraction(1, 100), max_value=5000, max_denominator=10_000)


@pytest.mark.parametrize("name", FORMULAS)
@settings(max_examples=12, deadline=None)
@given(st.data())
def test_three_readings_agree(name: str, data: st.DataObject) -> None:
    clause = getattr(clauses, name)
    symbols = list(inspect.signature(clause).parameters)
    rows = [{symbol: data.draw(exact) for symbol in symbols} for _ in range(3)]
    for row in rows:
        if "S_own" in row:
            row["S_all"] += row["S_own"]  # what is left of the house for others is never negative
    alone = [clause(**row) for row in rows]
    assume(all(abs(value) * 200 < 2**62 for value in alone))  # kopecks beyond 64 bits are refused, and no bill has them
    column = clause(**{symbol: Exact.column([row[symbol] for row in rows]) for symbol in symbols})
    traced = [clause(**{symbol: Traced.named(symbol, row[symbol]) for symbol in symbols}) for row in rows]
    assert column.fractions() == alone
    assert [reading.value for reading in traced] == alone
    assert kopecks_column(column).tolist() == [kopecks(value) for value in alone]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_written_numbers_are_the_value(data: st.DataObject) -> None:
    """What the explanation prints, computed by somebody else, gives the same result."""
    name = data.draw(st.sampled_from(FORMULAS))
    clause = getattr(clauses, name)
    row = {symbol: data.draw(exact) for symbol in inspect.signature(clause).parameters}
    if "S_own" in row:
        row["S_all"] += row["S_own"]
    traced = clause(**{symbol: Traced.named(symbol, value) for symbol, value in row.items()})
    text = re.sub(r"(\d+)(?:,(\d+))?", lambda m: f"F('{m[1]}.{m[2]}')" if m[2] else f"F({m[1]})", traced.numbers)
    python = text.replace("×", "*").replace("−", "-").replace(";", ",")
    assert eval(python, {"F": Fraction, "max": max, "min": min}) == traced.value
    names = re.sub(r"\b(\d+)\b", r"F(\1)", traced.symbols).replace("×", "*").replace("−", "-").replace(";", ",")
    assert eval(names, {"F": Fraction, "max": max, "min": min, **row}) == traced.value


@settings(max_examples=40, deadline=None)
@given(st.fractions(max_denominator=10**6))
def test_numbers_are_written_exactly(value: Fraction) -> None:
    assert Fraction(number_text(value).replace("−", "-").replace(",", ".")) == value


@settings(max_examples=40, deadline=None)
@given(st.fractions(max_denominator=10**9))
def test_a_person_reads_no_raw_fraction(value: Fraction) -> None:
    """Rounded to six decimals, further down where nothing would be left of the number; the exact one stands beside it for machines."""
    text = shown_text(value)
    shown = Fraction(text.replace("−", "-").replace(",", "."))
    assert "/" not in text and abs(shown - value) <= Fraction(1, 2 * 10**6) and (shown != 0) == (value != 0)
    others = {name: Traced.named(name, number) for name, number in {"N": 4, "T": 40, "d": 15, "D": 31}.items()}
    traced = clauses.formula_4(n=Traced.named("n", value), **others)
    assert traced.shown == f"{f'({text})' if value < 0 else text} × 4 × 40 × 15 / 31"


@settings(max_examples=40, deadline=None)
@given(st.fractions(), st.fractions())
def test_comparisons(x: Fraction, y: Fraction) -> None:
    assert clauses.smaller(x, y) == min(x, y) == clauses.smaller(Traced.of(x), Traced.of(y)).value
    assert clauses.larger(x, y) == max(x, y) == clauses.larger(Traced.of(x), Traced.of(y)).value
    assert clauses.larger(Exact.of(x), Exact.of(y)).fractions() == [max(x, y)]
    assert clauses.positive_part(x) == max(x, Fraction(0))

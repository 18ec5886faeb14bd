"""``erkc explain --json`` is enough for a third party: every line of the town from the document alone, with the standard library alone."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from fractions import Fraction
from typing import Any

from core.services.explain import explain_account
from erkc.application import Application
from erkc.cli.explaining import explained_json
from erkc.cli.options import law
from tests.unit.erkc.conftest import OCTOBER
from tests.unit.erkc.test_town_month import EXPECTED

PARTS = ("base", "recalculation", "underdelivery", "benefit")


def _exact(text: str) -> Fraction:
    """Arithmetic as it is written: × and − signs, decimal commas, ``max`` and ``min`` with semicolons."""
    python = re.sub(r"(\d+)(?:,(\d+))?", lambda m: f"F('{m[1]}.{m[2]}')" if m[2] else f"F({m[1]})", text)
    python = python.replace("×", "*").replace("−", "-").replace(";", ",")
    return Fraction(eval(python, {"__builtins__": {}, "F": Fraction, "max": max, "min": min}))


def _kopecks(roubles: Fraction) -> int:
    """Half away from zero."""
    whole = int(abs(roubles) * 100 + Fraction(1, 2))
    return whole if roubles >= 0 else -whole


def _of_symbols(step: dict[str, Any]) -> Fraction:
    """The formula in symbols with the values of the arguments put in."""
    values = {argument["sign"]: f"({argument['value']})" for argument in step["arguments"]}
    signs = "|".join(re.escape(sign) for sign in sorted(values, key=len, reverse=True))
    return _exact(re.sub(rf"(?<!\w)({signs})(?!\w)", lambda match: values[match[1]], step["formula"]))


def _amounts(line: dict[str, Any]) -> dict[str, int]:
    groups: dict[tuple[str, int], Fraction] = {}
    for step in line["steps"]:
        worth = _exact(step["numbers"])
        assert worth == _of_symbols(step) == Fraction(step["exact"])
        key = (step["part"], step["group"])
        groups[key] = groups.get(key, Fraction(0)) + worth
    sums: dict[str, int] = {}
    for (part, _), roubles in groups.items():
        sums[part] = sums.get(part, 0) + _kopecks(roubles)
    found = {part: sums.get(part, 0) for part in PARTS}
    return {**found, "surcharge": sums["with_coefficient"] - found["base"] if "with_coefficient" in sums else 0}


def test_a_third_party_recomputes_every_line_of_the_town_from_the_document(charged_town: Application) -> None:
    lines = 0
    for number in EXPECTED["accounts"]:
        for item in explain_account(charged_town.engine, number=number, month=OCTOBER):
            document = json.loads(json.dumps(explained_json(item)))
            for line in document["lines"]:
                found = _amounts(line)
                assert found == {part: line[part] for part in found}, (number, line["service"])
                assert (
                    line["total"] == found["base"] + found["surcharge"] + found["recalculation"] - found["underdelivery"] - found["benefit"]
                )
                lines += 1
                for argument in (argument for step in line["steps"] for argument in step["arguments"]):
                    assert {str(record) for record in argument["records"]} <= document["records"].keys()
            assert document["total"] == sum(line["total"] for line in document["lines"])
    assert lines > 3000


def test_a_third_party_recomputes_penalties_too_and_reads_what_each_record_says(charged_town: Application) -> None:
    numbers = list(dict.fromkeys(row["account"] for row in EXPECTED["penalties"] if row["posted"] != "0.00"))[:4]
    rows = []
    for number in numbers:
        (item,) = explain_account(charged_town.engine, number=number, month=OCTOBER, law=law())
        document = json.loads(json.dumps(explained_json(item)))
        rows += document["penalties"]
        says = [record["says"] for record in document["records"].values()]
        assert all(says) and any(text.startswith("утверждённый тариф") and "акт" in text for text in says)
    for row in rows:
        exact = sum((_day_by_day(one) for one in row["accruals"]), Fraction(0))
        assert exact == sum((Fraction(one["exact"]) for one in row["accruals"]), Fraction(0))
        assert row["posted"] == _kopecks(exact) - row["posted_before"]
        assert row["closing"] == row["opening"] + row["posted"] - row["paid"]
    expected = Counter(row["posted"] for row in EXPECTED["penalties"] if row["account"] in numbers)
    assert Counter(f"{row['posted'] // 100}.{row['posted'] % 100:02d}" for row in rows) == expected


def _day_by_day(accrual: dict[str, Any]) -> Fraction:
    """Every day alone: principal × rate / 100 / divisor, in roubles."""
    first, last = date.fromisoformat(accrual["from"]), date.fromisoformat(accrual["to"])
    a_day = Fraction(accrual["principal"], 100) * Fraction(accrual["rate_percent"]) / 100 / accrual["divisor"]
    return sum((a_day for _ in range((last - first).days + 1)), Fraction(0))

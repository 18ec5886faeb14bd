"""The second opinion of town 1: every differing line with its cause, as table, spreadsheet and page; answers close or keep it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from openpyxl import load_workbook

from core.errors import InputError
from core.money import format_roubles
from core.period import Month
from core.services.second_opinion import answer_audit, audit_lines, summed
from erkc.application import Application
from erkc.cli.options import law
from erkc.render.second_opinion import audit_page
from tests.unit.erkc.conftest import OCTOBER, TOWN, Run

EXPECTED: list[dict[str, Any]] = json.loads((TOWN / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))["audit"]


def test_the_second_opinion_is_shown_written_and_answered(
    charged_town: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", charged_town.database)
    book, page = tmp_path / "out" / "audit.xlsx", tmp_path / "out" / "audit.html"
    code, out, _ = erkc("audit", "show", "2026-10", "--xlsx", str(book), "--page", str(page), "--json")
    lines = json.loads(out)["lines"]
    said = {(one["account"], int(one["service"]), one["stated"], one["recomputed"], one["diff"], tuple(one["causes"])) for one in lines}
    assert code == 0 and len(lines) == len(EXPECTED)
    assert said == {
        (one["account"], one["service"], one["stated"], one["recomputed"], one["diff"], tuple(one["causes"])) for one in EXPECTED
    }
    assert all(one["house"] and one["state"] == "open" for one in lines)
    rows = [row for row in load_workbook(book).worksheets[0].iter_rows(values_only=True) if row[0] in {one["number"] for one in lines}]
    assert len(rows) == len(lines)
    assert round(sum(row[6] for row in rows) * 100) == sum(round(float(one["diff"]) * 100) for one in lines)
    tree = html.fromstring(page.read_bytes())
    assert len(tree.xpath("//svg")) == 3 and len(tree.xpath("//tbody/tr")) == len(lines) and not tree.xpath("//script")

    first, second = lines[0]["number"], lines[1]["number"]
    code, out, _ = erkc("audit", "answer", "2026-10", first, "--close", "--text", "письмо № 12: исправим", "--json")
    assert code == 0 and [(one["number"], one["state"]) for one in json.loads(out)] == [(first, "closed")]
    assert erkc("audit", "answer", "2026-10", second, "--keep", "--text", "письмо № 13: не согласны")[0] == 0
    code, out, _ = erkc("audit", "show", "2026-10")
    assert code == 0 and "закрыто" in out and "остаётся" in out and "ждёт ответа" in out
    states = {one.number: one for one in audit_lines(charged_town.engine, month=OCTOBER, law=law())}
    assert states[first].state == "closed" and states[second].state == "kept"
    assert "письмо № 13" in audit_page(list(states.values()), OCTOBER).decode()
    for numbers, answer, wrong in ((["0"], "да", "AUD-0102"), ([first], " ", "AUD-0103")):
        with pytest.raises(InputError, match=wrong):
            answer_audit(
                charged_town.engine,
                month=OCTOBER,
                law=law(),
                numbers=numbers,
                closes=True,
                answer=answer,
                actor="т",
                clock=charged_town.clock,
            )
    with pytest.raises(InputError, match="AUD-0101"):
        audit_lines(charged_town.engine, month=Month(2025, 1), law=law())
    by_cause = summed(list(states.values()), lambda line: line.cause)
    assert format_roubles(sum(row.difference for row in by_cause)) == format_roubles(sum(one.difference for one in states.values()))

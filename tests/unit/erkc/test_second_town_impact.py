"""Two senders of the same houses: what a new norm does to each, to the wastewater of one by the water of the other, and to all together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from erkc.application import Application
from tests.unit.erkc.conftest import Run
from tests.unit.erkc.test_second_town_month import MANAGER, REGION, SUPPLIER, charged, charged_database, taken_database

__all__ = ["charged", "charged_database", "taken_database"]


def _norms(factor: str) -> str:
    """The norms for a person of the town's region, each as the region has it, or of cold water another value."""
    lines = []
    for item in REGION["norms"]:
        if item["basis"] == "per_person" and item["utility_kind"] == 1:
            value = factor or item["value"]
            lines.append(f'[[norms]]\nutility_kind = 1\nresource_kind = {item["resource_kind"]}\nbasis = "per_person"\n')
            lines.append(f'unit_okei = "{item["unit_okei"]}"\nvalid_from = 2026-10-01\nvalue = "{value}"\nact = "проект"\n')
    return "".join(lines)


def test_every_sender_has_its_part_and_the_before_is_what_was_posted(
    charged: Application, erkc: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", charged.database)
    file = tmp_path / "norms.toml"
    file.write_text(_norms("9.99"), encoding="utf-8")
    code, out, _ = erkc("impact", "--law", str(file), "--json", "--top", "2000")
    document = json.loads(out)
    statement = text(
        "SELECT p.inn, sum(l.base + l.surcharge + l.recalculation - l.underdelivery - l.benefit) AS total "
        "FROM charge_line l JOIN provider p USING (provider_id) GROUP BY 1"
    )
    with charged.engine.connect() as connection:
        posted = {row.inn: f"{row.total / 100:.2f}" for row in connection.execute(statement)}
    assert code == 0 and {inn: part["was"] for inn, part in document["by_sender"].items()} == posted
    assert posted.keys() == {MANAGER, SUPPLIER}
    assert [item["cause"] for item in document["by_cause"]] == ["norm"]
    assert all(item["causes"] == {"norm": item["difference"]} for item in (*document["most_more"], *document["most_less"]))
    changed = {item["service"] for item in document["by_service"] if item["difference"] != "0.00"}
    assert len(changed) >= 2  # the water, and the sewerage that it makes

    file.write_text(_norms(""), encoding="utf-8")
    code, out, _ = erkc("impact", "--law", str(file), "--json")
    document = json.loads(out)
    assert code == 0 and document["totals"]["difference"] == "0.00" and document["totals"]["more"] == 0
    code, out, _ = erkc("diff", "2026-10", "2026-10", "--json", "--provider", SUPPLIER)
    assert code == 0 and json.loads(out)["by_sender"].keys() == {SUPPLIER}

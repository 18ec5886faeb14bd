"""Debts that a sender does not break down by months (``opening_without_months``): of unknown origin, or refused and told."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from core.model.ledger import UNKNOWN_ORIGIN
from core.storage.engine import transaction
from erkc.intake import load_region_file, take_file
from tests.unit.erkc.archives import sections, select
from tests.unit.erkc.conftest import ARCHIVE, TOWN, database_copy


def _taken(server_url: str, template: str, home: Path, settings: str) -> tuple[list[str], list[tuple[object, int]]]:
    archive = select(TOWN / ARCHIVE, lambda section, number, cells: section != "epddebt")
    with database_copy(server_url, template, home) as (_, application):
        load_region_file(application, "zarechinsk.region.json", (TOWN / "zarechinsk.region.json").read_bytes())
        if settings:
            load_region_file(application, "more.region.toml", settings.encode())
        taken = take_file(application, ARCHIVE, archive)
        with transaction(application.engine) as connection:
            statement = (
                "SELECT origin_month, sum(CASE WHEN debit = 1 THEN amount ELSE -amount END) FROM posting p JOIN entry e USING (entry_id)"
            )
            rows = connection.execute(text(f"{statement} WHERE e.kind = 'opening' AND 1 IN (debit, credit) GROUP BY 1")).all()
        return [finding.code for finding in taken.findings], [(origin, int(amount)) for origin, amount in rows]  # type: ignore[union-attr]


def _stated() -> int:
    """Positive opening balances of the archive's month, kopecks."""
    _, *rows = sections(TOWN / ARCHIVE)["saldo"]
    return sum(round(float(cells[5]) * 100) for cells in rows if cells[4].endswith("10.2026") and float(cells[5]) > 0)


def test_such_a_debt_is_of_unknown_origin(server_url: str, template_database: str, tmp_path: Path) -> None:
    codes, rows = _taken(server_url, template_database, tmp_path, "")
    assert "IN-0111" not in codes
    assert rows == [(UNKNOWN_ORIGIN.first, _stated())]


def test_a_region_may_refuse_it(server_url: str, template_database: str, tmp_path: Path) -> None:
    codes, rows = _taken(
        server_url, template_database, tmp_path, 'oktmo = ["02701000001"]\n[settings]\nopening_without_months = "refuse"\n'
    )
    assert codes.count("IN-0111") == 1
    assert rows == []

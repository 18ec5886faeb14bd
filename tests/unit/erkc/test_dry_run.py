"""``erkc bill month --dry-run`` is the month's own code with everything rolled back: the same lines as the draft after it, no row left."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text

from core.ids import ProviderId
from core.services.charge import Draft, draft_month
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from tests.unit.erkc.conftest import OCTOBER, Run


def _everything(application: Application) -> dict[str, tuple[int, str]]:
    """Rows of every table of ours, counted and hashed."""
    tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1"
    found: dict[str, tuple[int, str]] = {}
    with application.engine.connect() as connection:
        for table in connection.execute(text(tables)).scalars().all():
            statement = f"SELECT count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} t"
            if connection.execute(text("SELECT has_table_privilege(:table, 'SELECT')"), {"table": table}).scalar():
                count, digest = connection.execute(text(statement)).one()
                found[table] = (count, digest)
    assert len(found) > 40 and found["record_account"][0] > 400
    return found


def _draft(application: Application, *, dry_run: bool) -> Draft:
    scope = {"provider_id": ProviderId(1), "month": OCTOBER, "actor": "тест", "clock": application.clock}
    return draft_month(application.engine, mode="charge", law=law(), code_version=CODE_VERSION, dry_run=dry_run, **scope)


def test_a_dry_run_gives_the_draft_that_would_be_and_leaves_no_row(
    taken_town: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", taken_town.database)
    before = _everything(taken_town)
    code, out, _ = erkc("bill", "month", "2026-10", "--dry-run", "--json")
    (dry,) = json.loads(out).values()
    assert code == 0 and _everything(taken_town) == before
    tried = _draft(taken_town, dry_run=True)
    assert _everything(taken_town) == before
    real = _draft(taken_town, dry_run=False)
    assert (tried.totals, tried.findings, tried.calculation.version) == (real.totals, real.findings, real.calculation.version)
    assert (dry["total"], dry["lines"], dry["accounts"]) == (real.totals.total, real.totals.lines, real.totals.accounts)
    changed = {table for table, rows in _everything(taken_town).items() if rows != before.get(table)}
    assert {"calculation", "charge_line", "house_volume", "month_state"} <= changed  # the real one leaves what it computed


def test_a_dry_run_of_a_posted_month_computes_it_again_and_changes_nothing(
    charged_town: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", charged_town.database)
    before = _everything(charged_town)
    code, out, _ = erkc("bill", "month", "2026-10", "--dry-run", "--json")
    (dry,) = json.loads(out).values()
    with charged_town.engine.connect() as connection:
        posted = connection.execute(
            text("SELECT sum(base + surcharge + recalculation - underdelivery - benefit) FROM charge_line")
        ).scalar()
    assert code == 0 and dry["is_new"] and dry["posted"] is None and dry["total"] == posted
    assert _everything(charged_town) == before

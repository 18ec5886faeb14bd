"""Penalties and audit of the town's month through the database: taken, charged, posted, reported, billed; as expected to the kopeck."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from config.law import tables
from core.charges.law import Law
from core.ids import ProviderId
from core.ledger import months
from core.ledger.balances import kind_totals
from core.ledger.calculations import read_calculation
from core.money import format_roubles
from core.records.facts import house_ids
from core.records.providers import provider
from core.services.bill_sources import BillDates, BillSources
from core.services.charge import approve_month, draft_month, post_month
from core.services.penalties import post_penalties
from core.services.report import month_report
from core.services.verify import verify
from core.storage.engine import transaction
from tests.unit.core.services.test_payments_town import CLOCK, EXPECTED, OCTOBER, take_archive

LAW = Law.from_tables(tables())


def post_october(engine: Engine, *, mode: str = "charge") -> ProviderId:
    """Take the town's archive, charge October by the law and post it."""
    take_archive(engine, "zarechinsk-2026-10-valid.zip")
    with engine.connect() as connection:
        owner = ProviderId(connection.execute(text("SELECT provider_id FROM provider WHERE kind = 36 AND provider_id <> 0")).scalar_one())
    draft_month(engine, provider_id=owner, month=OCTOBER, mode=mode, law=LAW, code_version="test", actor="test", clock=CLOCK)
    approve_month(engine, provider_id=owner, month=OCTOBER, actor="test", reason="test", clock=CLOCK)
    post_month(engine, provider_id=owner, month=OCTOBER, law=LAW, actor="test", clock=CLOCK)
    return owner


def as_set(rows: list[dict[str, Any]]) -> set[str]:
    return {json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows}


@pytest.mark.parametrize("mode", ["charge", "accept"])
def test_the_month_as_expected_in_either_mode(engine: Engine, mode: str) -> None:
    owner = post_october(engine, mode=mode)
    report: Any = month_report(engine, month=OCTOBER, law=LAW)
    assert len(report["penalties"]) == len(EXPECTED["penalties"])
    assert as_set(report["penalties"]) == as_set(EXPECTED["penalties"])
    assert len(report["audit"]) == len(EXPECTED["audit"])
    assert as_set(report["audit"]) == as_set(EXPECTED["audit"])
    assert report["totals"] == EXPECTED["totals"]
    assert report["accounts"] == EXPECTED["accounts"]
    with transaction(engine) as connection:
        posted = kind_totals(connection, month=OCTOBER)["penalty"]
        assert format_roubles(posted.amount) == EXPECTED["totals"]["penalty_posted"]
        again = post_penalties(connection, provider=provider(connection, owner), month=OCTOBER, law=LAW, at=CLOCK.now())
        assert (again.new, again.repeated, again.conflicts) == (0, posted.entries, ())
        assert billed_penalties(connection, owner) == {
            number: account["penalty_out"] for number, account in EXPECTED["accounts"].items() if account["penalty_out"] != "0.00"
        }
    assert verify(engine, law=LAW, code_version="test").broken == ()


def billed_penalties(connection: Connection, owner: ProviderId) -> dict[str, str]:
    """What the bills of the month ask for as penalties, by account."""
    step = months.current(connection, provider_id=owner, month=OCTOBER)
    assert step.calculation_id is not None
    calculation = read_calculation(connection, step.calculation_id)
    dates = BillDates(date(2026, 11, 4), date(2026, 11, 16), date(2026, 10, 31))
    sources = BillSources(connection, provider=provider(connection, owner), calculations={owner: calculation}, law=LAW, dates=dates)
    found = (payer.source for payer in sources.read(house_ids(connection, owner, OCTOBER), skip=()))
    billed = ((source.payer.account_number, sum(share.amount for share in source.penalties)) for source in found if source is not None)
    return {number: format_roubles(amount) for number, amount in billed if amount}

"""What the ledger knows of the year before, through the whole path: October posted, then March of the next year drafted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.ids import ProviderId
from core.ledger.differences import read_differences
from core.money import kopecks
from core.period import Month
from core.services.charge import Draft, approve_month, draft_month, post_month
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from tests.unit.erkc.archives import sections, select
from tests.unit.erkc.conftest import ARCHIVE, TOWN, accept_waiting, charge, database_copy

EXPECTED: dict[str, Any] = json.loads((TOWN / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))
HOUSE_8 = "1380977b-afcb-4760-a4eb-53658053772c"
ACCOUNT, COLD, COLD_COMMON = "41200002685", "2", "7"
MARCH = Month(2027, 3)


def _undecided() -> bytes:
    """The town's archive without the decisions on common property: with a house meter the norm, and a correction once a year."""
    rows = sections(TOWN / ARCHIVE)["housedoc"][1:]
    decided = {number for number, row in enumerate(rows, 1) if row[2] == "9001"}
    assert decided
    return select(TOWN / ARCHIVE, lambda section, number, cells: section != "housedoc" or number not in decided)


def _region(**settings: object) -> bytes:
    """The town's region with the tariffs of October going on in the next year."""
    region = json.loads((TOWN / "zarechinsk.region.json").read_text(encoding="utf-8"))
    for tariff in region["tariffs"]:
        if tariff["valid_to"] == "2026-12-31":
            tariff["valid_to"] = "2027-12-31"
    region["settings"] |= settings
    return json.dumps(region, ensure_ascii=False).encode()


@pytest.fixture
def posted(server_url: str, template_database: str, tmp_path: Path) -> Iterator[Application]:
    """The town that decided nothing, October posted."""
    with database_copy(server_url, template_database, tmp_path) as (_, application):
        load_region_file(application, "z.region.json", _region())
        take_file(application, "undecided.zip", _undecided())
        charge(application)
        yield application


def _march(application: Application) -> Draft:
    return _draft(application, MARCH)


def _draft(application: Application, month: Month) -> Draft:
    return draft_month(
        application.engine, provider_id=ProviderId(1), month=month, mode="charge", law=law(), code_version=CODE_VERSION, actor="тест",
        clock=application.clock,
    )  # fmt: skip


def _line(application: Application, made: Draft, month: Month) -> Any:
    statement = """
    SELECT l.base, l.recalculation, l.method FROM charge_line l
    JOIN entity e ON e.entity_id = l.account_id JOIN entity s ON s.entity_id = l.service_id
    JOIN record_account a ON a.provider_id = e.provider_id AND a.record_key = e.entity_key
    WHERE l.calculation_id = :calculation AND l.month = :month AND a.number = :number AND s.entity_key = :service"""
    names = {
        "calculation": made.calculation.calculation_id, "month": month.first, "number": ACCOUNT, "service": COLD_COMMON,
    }  # fmt: skip
    with application.engine.connect() as connection:
        return connection.execute(text(statement), names).one()


def _rest() -> Fraction:
    house = EXPECTED["houses"][HOUSE_8]
    return Fraction(house["meters"][COLD]["2026-10"]) - Fraction(house["individual"][COLD]["2026-10"])


def test_common_property_charged_by_the_norm_is_corrected_in_march(posted: Application) -> None:
    house, area = EXPECTED["houses"][HOUSE_8], Fraction(EXPECTED["accounts"][ACCOUNT]["area"])
    share = area / Fraction(house["S_total"])
    by_norm = kopecks(Fraction("0.021") * Fraction(house["S_common"]) * share * Fraction("41.87"))
    line = _line(posted, _march(posted), MARCH)
    assert (line.method, line.base) == ("norm", by_norm)
    assert line.recalculation == kopecks(_rest() * share * Fraction("41.87")) - by_norm != 0


def test_the_average_month_comes_from_the_posted_house_volumes(posted: Application) -> None:
    load_region_file(posted, "average.region.json", _region(soi_regime="soi_average", yearly_month=1))
    line = _line(posted, _march(posted), MARCH)
    share = Fraction(EXPECTED["accounts"][ACCOUNT]["area"]) / Fraction(EXPECTED["houses"][HOUSE_8]["S_total"])
    assert (line.method, line.base, line.recalculation) == ("average", kopecks(_rest() * share * Fraction("41.87")), 0)


def test_a_closed_month_with_the_correction_of_the_year_is_computed_again(posted: Application) -> None:
    """An area measured on 1 March changes March's lines; the correction of the year before, in the same line, is of the area of then."""
    made = _march(posted)
    scope = {"provider_id": ProviderId(1), "month": MARCH, "clock": posted.clock}
    accept_waiting(posted, MARCH)  # no package of March came
    approve_month(posted.engine, reason="тест", actor="тест", **scope)  # type: ignore[arg-type]  # as they are named
    post_month(posted.engine, law=law(), actor="тест", **scope)  # type: ignore[arg-type]  # as they are named
    before = _line(posted, made, MARCH)
    assert before.recalculation != 0
    act = f'[[act]]\nkind = "area"\nnumber = "1"\ndate = 2027-04-02\naccount = "{ACCOUNT}"\nfrom = 2027-03-01\narea = "50.00"\n'
    take_file(posted, "a.toml", ('schema = "erkc-acts/1"\nsender = { inn = "0077000116", kpp = "007701001" }\n' + act).encode())
    april = _draft(posted, MARCH.next())
    assert "CH-051" not in {item.code for item in april.findings}, "what was posted comes out again"
    house = EXPECTED["houses"][HOUSE_8]
    with posted.engine.connect() as connection:
        services = text("SELECT entity_id FROM entity WHERE kind = 'service' AND entity_key = :key")
        service = connection.execute(services, {"key": COLD_COMMON}).scalar_one()
        (found,) = [row for row in read_differences(connection, april.calculation) if row.service_id == service]
    by_norm = kopecks(Fraction("0.021") * Fraction(house["S_common"]) * 50 / Fraction(house["S_total"]) * Fraction("41.87"))
    assert (found.month, found.cause, found.base, found.recalculation) == (MARCH, "area", by_norm - before.base, 0)

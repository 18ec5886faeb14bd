"""August–October closed, then an area from 15.08, departures on 10.09, a late reading, an interruption act, a court's block on September.

Every expected kopeck is derived beside it. Two houses of the town: house 1003 shares common property by the norm, house 1001 by its meter.
The flat A (41100001050, house 1003): 45,50 m², three residents, no meters, an act that none can be installed (no coefficient).
The flat B (41100000904, house 1003): a cold-water meter whose reading of 24.09 came in November only.
The flat C (41100000029, house 1001): three residents, no meters though they could be installed: cold water × 3, hot water and electricity
× 1,5.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from sqlalchemy import Connection, text

from adapters.contract import RawMessage
from adapters.uk.tables.grid import read_grid
from adapters.uk.tables.heading import propose
from core.clock import FixedClock
from core.errors import InputError
from core.ids import ProviderId
from core.issued.bills import bills_of_month
from core.ledger.calculations import latest_calculation, read_lines
from core.ledger.differences import DifferenceRow, read_differences
from core.period import Month
from core.records.facts import house_ids
from core.records.providers import provider
from core.services.accepting import accept_findings, month_findings
from core.services.charge import Draft, approve_month, close_month, draft_month, post_month
from core.services.crew import Task, computed
from core.services.explained_payer import explain_payer
from core.services.issue import issue_month
from core.services.penalties import Penalties
from core.services.rebuild import charged_batches
from core.services.recalculation import Adjustments, adjusted_houses
from core.services.report import month_report
from core.services.verify import verify
from erkc.application import CODE_VERSION, Application
from erkc.cli.main import main
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from erkc.proof.package import make_proof
from erkc.proof.verify import unpack
from erkc.proof.verify import verify as verify_package
from erkc.render.explanation import explanation_page
from erkc.tables import take_table
from tests.unit.erkc.conftest import TOWN, accept_waiting, database_copy
from tests.unit.erkc.recalculated_town import Cells, archive, house_rows, reading_rows

AUGUST, SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = (Month(2026, number) for number in range(8, 13))
OURS = ProviderId(1)
A, B, C = "41100001050", "41100000904", "41100000029"
METER_OF_B = "1211"
REGION = "zarechinsk.region.json"

Run = Callable[..., tuple[int, str]]
Expected = dict[tuple[str, str], tuple[int, int, int]]
"""(cause, service) → base, surcharge, under-delivery, with their signs; kopecks."""

OF_A: dict[Month, Expected] = {
    AUGUST: {
        ("area", "1"): (-7570, 0, 0),  # 5,50 м² × 25,10 × 17 / 31 = 75,7048
        ("area", "7"): (-29, 0, 0),  # 0,021 × 214,85 / 1790,40 × 5,50 × 38,41 × 17 / 31 = 0,2919
        ("area", "8"): (
            -260,
            0,
            0,
        ),  # 1,40 × 214,85 / 1790,40 × 5,50 × 5,12 × 17 / 31 = 2,5944: две округлённые строки
        ("area", "10"): (-4048, 0, 0),  # 5,50 × 13,42 × 17 / 31 = 40,4765
    },
    SEPTEMBER: {
        ("area", "1"): (-13805, 0, 0),  # 5,50 × 25,10
        ("area", "7"): (-53, 0, 0),  # 0,021 × 214,85 / 1790,40 × 5,50 × 38,41 = 0,5324
        ("area", "8"): (-473, 0, 0),  # 1,40 × 214,85 / 1790,40 × 5,50 × 5,12 = 4,7309
        ("area", "10"): (-7381, 0, 0),  # 5,50 × 13,42
        ("residents", "2"): (-10755, 0, 0),  # один из трёх, 20 дней из 30: 4,20 × 20 / 30 × 38,41 = 107,548
        ("residents", "4"): (-8722, 0, 0),  # тот же объём 2,80 × 31,15
        ("residents", "5"): (-31403, 0, 0),  # 92 × 20 / 30 × 5,12 = 314,0267
    },
    OCTOBER: {
        ("area", "1"): (-13805, 0, 0),
        ("area", "6"): (-34228, 0, 0),  # 0,0231 × 2694,12 × 5,50 = 342,2879: строка 45,50 м² − строка 40,00 м²
        ("area", "7"): (-58, 0, 0),  # 0,021 × 214,85 / 1790,40 × 5,50 × 41,87 = 0,5803
        ("area", "8"): (-518, 0, 0),  # 1,40 × 214,85 / 1790,40 × 5,50 × 5,61 = 5,1837
        ("area", "10"): (-7381, 0, 0),
        ("residents", "2"): (-17585, 0, 0),  # 12,6 × 41,87 = 527,56; 8,4 × 41,87 = 351,71
        ("residents", "4"): (-14128, 0, 0),  # 12,6 × 33,64 = 423,86; 8,4 × 33,64 = 282,58
        ("residents", "5"): (-51612, 0, 0),  # 92 × 5,61
        ("interruption", "2"): (0, 0, -369),  # 11 ч − 4 ч сразу = 7 ч × 0,15 % от 351,71 = 3,6930
    },
}
OF_B: dict[Month, Expected] = {
    SEPTEMBER: {
        # было среднее мая–августа (6,761 + 8,323 + 5,890 + 7,150) / 4 = 7,031; показание 508,563 − 500,074 = 8,489
        ("reading", "2"): (5600, 0, 0),  # 326,06 − 270,06
        ("reading", "4"): (4541, 0, 0),  # 264,43 − 219,02
    },
    OCTOBER: {
        # было 517,455 − 500,074 − 7,031 = 10,350; теперь 517,455 − 508,563 = 8,892
        ("reading", "2"): (-6104, 0, 0),  # 372,31 − 433,35
        ("reading", "4"): (-4904, 0, 0),  # 299,13 − 348,17
        ("interruption", "2"): (0, 0, -391),  # 1,05 % от 372,31 = 3,9093
    },
}
OF_C: dict[Month, Expected] = {
    SEPTEMBER: {
        ("residents", "2"): (-10755, -21510, 0),  # превышение (1451,90 − 483,97) − (1129,25 − 376,42): 12,6 и 9,8 м³ × 38,41 × 3 и × 1
        ("residents", "3"): (-43826, -21913, 0),  # 3,10 × 20 / 30 × 212,06 = 438,2573; × 0,5
        ("residents", "4"): (-15160, 0, 0),  # (4,20 + 3,10) × 20 / 30 × 31,15 = 151,5967
        ("residents", "5"): (-31403, -15701, 0),  # 92 × 20 / 30 × 5,12; × 0,5
    },
    OCTOBER: {
        ("residents", "2"): (-17585, -35172, 0),  # превышение (1582,69 − 527,56) − (1055,12 − 351,71): 12,6 и 8,4 м³ × 41,87
        ("residents", "3"): (-71269, -35635, 0),  # 3,10 × 229,90; превышение (3207,11 − 2138,07) − (2138,07 − 1425,38)
        ("residents", "4"): (-24558, 0, 0),  # 21,9 × 33,64 = 736,72; 14,6 × 33,64 = 491,14
        ("residents", "5"): (-51612, -25806, 0),  # 92 × 5,61
    },
}


@contextmanager
def _at(server_url: str, template: str, home: Path, *, keep: bool = False) -> Iterator[tuple[str, Application]]:
    with database_copy(server_url, template, home, keep=keep) as (name, application):
        yield (
            name,
            Application(application.settings, application.engine, FixedClock(datetime(2026, 12, 3, 6, tzinfo=UTC)), application.database),
        )


def _take(application: Application, folder: Path, month: Month, rows: dict[str, list[Cells]]) -> None:
    name = f"{month}.zip"
    taken = take_file(application, name, archive(folder / name, (month.year, month.month), rows))
    assert (taken.status, taken.findings) == ("accepted", ())  # type: ignore[union-attr]  # an archive is taken, no bank file


def _draft(application: Application, month: Month, *, mode: str = "charge", again: bool = False) -> Draft:
    scope = {"provider_id": OURS, "month": month, "actor": "тест", "clock": application.clock}
    return draft_month(application.engine, mode=mode, law=law(), code_version=CODE_VERSION, again=again, **scope)


def _post(application: Application, month: Month) -> Draft:
    drafted = _draft(application, month)
    assert {item.code for item in drafted.open} <= {"CH-037"}, "an area that changed no longer adds up to the house's: a person accepts it"
    accept_waiting(application, month)
    scope = {"provider_id": OURS, "month": month, "actor": "тест", "clock": application.clock}
    approve_month(application.engine, reason="тест", **scope)
    assert post_month(application.engine, law=law(), **scope).posted.conflicts == ()
    close_month(application.engine, reason="тест", **scope)
    return drafted


@pytest.fixture(scope="module")
def closed_template(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """August, September and October charged, posted and closed; B's reading of September has not come."""
    folder = tmp_path_factory.mktemp("closed")
    with _at(server_url, template_database, folder, keep=True) as (name, application):
        load_region_file(application, REGION, (TOWN / REGION).read_bytes())
        rows = house_rows()
        early = [cells for cells in rows["puval"] if cells[2][3:5] < "09"]
        _take(application, folder, AUGUST, rows | {"puval": early})
        _post(application, AUGUST)
        late = {cells[0] for cells in _late_reading()}
        _take(application, folder, SEPTEMBER, {"puval": reading_rows("09.2026", without=late)})
        _post(application, SEPTEMBER)
        _take(application, folder, OCTOBER, {"puval": reading_rows("10.2026")})
        _post(application, OCTOBER)
    return name


@pytest.fixture
def closed(server_url: str, closed_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    """Three closed months; the commands work on them."""
    with _at(server_url, closed_template, tmp_path) as (_, application):
        monkeypatch.setenv("ERKC_DATABASE_URL", application.database)
        yield application


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run ``erkc``: exit code and standard output."""
    monkeypatch.setenv("ERKC_HOME", str(tmp_path / "home"))

    def command(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["erkc", *arguments])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        return code, capsys.readouterr().out

    return command


def _late_reading() -> list[Cells]:
    return [cells for cells in house_rows()["puval"] if cells[1] == METER_OF_B and cells[2].endswith("09.2026")]


def _gone(account_key: str) -> Cells:
    """The first resident of an account, whose last day is 10.09."""
    first = next(cells for cells in house_rows()["gil"] if cells[1] == account_key)
    return [*first[:5], "10.09.2026", *first[6:]]


def _november(application: Application, folder: Path) -> None:
    """What November tells of the closed months, mixed: the archive, with its own readings, of the departure from A and of the interruption,
    tables of the departure from C and of B's reading; and a table of what the sender charged A itself."""
    act = ["9001", "1003", "2", "05.10.2026 08:00:00", "05.10.2026 19:00:00", "8", "А-19", "05.10.2026"]
    rows = {"puval": reading_rows("11.2026"), "gil": [_gone("1105")], "nedo": [act]}
    _take(application, folder, NOVEMBER, rows)
    person = next(cells for cells in house_rows()["ind"] if cells[0] == _gone("1002")[2])
    serial = next(cells[6] for cells in house_rows()["pu"] if cells[0] == METER_OF_B)
    (late,) = _late_reading()
    _table(application, "residents", f"Лицевой счет;ФИО;Снят\n{C};{' '.join(person[1:4])};10.09.2026")
    _table(application, "readings", f"Лицевой счет;Заводской номер;Дата;Показание\n{B};{serial};{late[2]};{late[3].replace('.', ',')}")
    _table(application, "charges", f"Лицевой счет;Услуга;Тариф;Итого\n{A};Содержание жилого помещения;25,10;1 100,00")


def _table(application: Application, kind: str, content: str) -> None:
    message = RawMessage(f"{kind}.csv", content.encode())
    with application.engine.connect() as connection:
        sender = provider(connection, OURS)
    profile = propose(read_grid(message.name, message.data), kind).profile()
    taken = take_table(application, message, profile, sender=sender, month=NOVEMBER)
    assert (taken.status, taken.findings) == ("accepted", ()) and taken.new_records


def _learn(application: Application, folder: Path, run: Run) -> None:
    """Everything of the module's first sentence."""
    _november(application, folder)
    assert run("bill", "area", A, "--from", "2026-08-15", "--area", "40.00", "--document", "выписка ЕГРН от 01.11.2026")[0] == 0
    assert run("bill", "block", A, "--from", "2026-09", "--to", "2026-09", "--reason", "определение суда № 2-17/2026")[0] == 0


def _found(application: Application, month: Month, number: str) -> dict[Month, Expected]:
    """Differences of the month's calculation for an account."""
    found: dict[Month, Expected] = {}
    for row, service in _differences(application, month, number):
        assert row.records and row.recalculation == row.benefit == 0
        found.setdefault(row.month, {})[row.cause, service] = (row.base, row.surcharge, row.underdelivery)
    return found


def _differences(application: Application, month: Month, number: str) -> list[tuple[DifferenceRow, str]]:
    """Differences with the key of the service of each."""
    with application.engine.connect() as connection:
        calculation = latest_calculation(connection, provider_id=OURS, month=month, mode="charge")
        assert calculation is not None
        account = connection.execute(
            text(
                "SELECT e.entity_id FROM entity e JOIN record_account a ON a.record_key = e.entity_key "
                "WHERE e.kind = 'account' AND a.number = :number LIMIT 1"
            ),
            {"number": number},
        ).scalar_one()
        keys = _service_keys(connection)
        return [(row, keys[row.service_id]) for row in read_differences(connection, calculation, [account])]


def _service_keys(connection: Connection) -> dict[int, str]:
    rows = connection.execute(text("SELECT entity_id, entity_key FROM entity WHERE kind = 'service'"))
    return {row[0]: row[1] for row in rows}


def _blocked(application: Application, month: Month) -> set[tuple[Month, str]]:
    report = month_report(application.engine, month=month, law=law())
    section: Any = report.get("recalculations", {"rows": []})
    return {(Month.parse(row["month"]), row["account"]) for row in section["rows"] if row["blocked"]}


def _frozen(application: Application) -> list[Any]:
    """What was posted for the closed months, and their balances."""
    statements = (
        "SELECT * FROM balance WHERE month < '2026-11-01' "
        "ORDER BY month, chart, account_id, service_id, creditor_id, origin_month, surcharge",
        "SELECT * FROM charge_line WHERE month < '2026-11-01' ORDER BY month, calculation_id, account_id, service_id, creditor_id",
        "SELECT entry_key, content_sha256 FROM entry WHERE month < '2026-11-01' ORDER BY entry_key",
    )
    with application.engine.connect() as connection:
        return [connection.execute(text(statement)).all() for statement in statements]


def _sum(expected: dict[Month, Expected], *, without: Month | None = None) -> int:
    return sum(sum(amounts) for month, of_month in expected.items() if month != without for amounts in of_month.values())


def _whole(application: Application, month: Month) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(month_report(application.engine, month=month, law=law())))
    return document


def test_what_was_learned_late_comes_into_the_open_month_by_month_and_cause(closed: Application, tmp_path: Path, run: Run) -> None:
    before = _frozen(closed)
    _learn(closed, tmp_path, run)
    code, drafted = run("bill", "month", "2026-11", "--draft")
    assert code == 1 and "Перерасчёты закрытых месяцев" in drafted and "запрет, не проводится" in drafted
    assert _found(closed, NOVEMBER, A) == OF_A
    assert _found(closed, NOVEMBER, B) == OF_B
    assert _found(closed, NOVEMBER, C) == OF_C
    assert _blocked(closed, NOVEMBER) == {(SEPTEMBER, A)}

    _post(closed, NOVEMBER)
    assert _frozen(closed) == before
    report = _whole(closed, NOVEMBER)
    assert report["accounts"][A]["recalculated"] == f"{_sum(OF_A, without=SEPTEMBER) / 100:.2f}"
    assert report["accounts"][B]["recalculated"] == f"{_sum(OF_B) / 100:.2f}"
    assert report["recalculations"]["blocked_total"] == f"{_sum({SEPTEMBER: OF_A[SEPTEMBER]}) / 100:.2f}"
    assert report["recalculations"]["blocked_accounts"] == 1
    # 5,50 м² меньше в доле на общее имущество августа: 0,29 и 2,60 руб. не платит никто из соседей
    left = {(one["month"], one["service"]): one["amount"] for one in report["recalculations"]["undistributed"]}
    assert left == {("2026-08", "7"): "0.29", ("2026-08", "8"): "2.60", ("2026-10", "7"): "0.58", ("2026-10", "8"): "5.18"}
    with closed.engine.connect() as connection:
        rows = connection.execute(
            text("SELECT corrects_month, reason FROM entry WHERE corrects_month IS NOT NULL AND entry_key LIKE '%/1105/%'")
        )
        reasons = {row[0]: row[1] for row in rows}
    assert reasons == {
        AUGUST.first: "Перерасчёт за 08.2026: площадь",
        OCTOBER.first: "Перерасчёт за 10.2026: площадь, число проживающих, перерыв в услуге",
    }
    audited = next(row for row in report["audit"] if (row["account"], row["service"]) == (A, 1))
    assert (audited["stated"], audited["recomputed"]) == ("1100.00", "1004.00"), "40,00 м² × 25,10 beside what its table says"
    verdict = verify(closed.engine, law=law(), code_version=CODE_VERSION)
    assert verdict.holds, verdict.broken


@pytest.mark.long
def test_running_again_changes_nothing(closed: Application, tmp_path: Path, run: Run) -> None:
    _learn(closed, tmp_path, run)
    first = _draft(closed, NOVEMBER)
    again = _draft(closed, NOVEMBER, again=True)
    assert again.is_new and again.recalculated == first.recalculated and again.totals == first.totals
    _post(closed, NOVEMBER)
    before = verify(closed.engine, law=law(), code_version=CODE_VERSION).fingerprint
    assert run("bill", "month", "2026-11", "--json")[0] == 0
    assert run("bill", "block", A, "--from", "2026-09", "--to", "2026-09", "--reason", "определение суда № 2-17/2026")[0] == 0
    assert verify(closed.engine, law=law(), code_version=CODE_VERSION).fingerprint == before


@pytest.mark.long
def test_a_block_that_ended_brings_its_differences_into_the_next_draft(closed: Application, tmp_path: Path, run: Run) -> None:
    _learn(closed, tmp_path, run)
    _post(closed, NOVEMBER)
    _take(closed, tmp_path, DECEMBER, {"puval": reading_rows("12.2026")})
    _draft(closed, DECEMBER)
    assert _found(closed, DECEMBER, A) == {SEPTEMBER: OF_A[SEPTEMBER]} and _blocked(closed, DECEMBER) == {(SEPTEMBER, A)}
    assert _found(closed, DECEMBER, B) == {}, "a difference that was posted is not taken twice"

    code, listed = run("bill", "blocks", "--json")
    assert code == 0 and [(one["account"], one["from"]) for one in json.loads(listed)["blocks"]] == [(A, "2026-09")]
    assert run("bill", "unblock", A, "--from", "2026-08", "--to", "2026-09", "--reason", "отменено")[0] == 1
    assert run("bill", "unblock", A, "--from", "2026-09", "--to", "2026-09", "--reason", "дело прекращено")[0] == 0
    assert json.loads(run("bill", "blocks", "--json")[1])["count"] == 0
    drafted = _post(closed, DECEMBER)
    assert drafted.is_new, "the draft made under the block is out of date"
    assert _found(closed, DECEMBER, A) == {SEPTEMBER: OF_A[SEPTEMBER]} and _blocked(closed, DECEMBER) == set()
    assert _whole(closed, DECEMBER)["accounts"][A]["recalculated"] == f"{_sum({SEPTEMBER: OF_A[SEPTEMBER]}) / 100:.2f}"
    assert verify(closed.engine, law=law(), code_version=CODE_VERSION).holds


def test_own_volumes_corrected_enter_the_open_months_common_property(closed: Application, tmp_path: Path, run: Run) -> None:
    """House 1001 shares what its meter leaves: C's 2,80 and 4,20 m³ less leave 7 m³ more to share in November, in no closed month."""
    _learn(closed, tmp_path, run)
    _post(closed, NOVEMBER)
    report = _whole(closed, NOVEMBER)
    house = next(house for house in report["houses"].values() if house["soi_mode"] == 2)
    assert house["corrections"]["2"] == {"2026-11": "-7.000000"}
    with closed.engine.connect() as connection:
        calculation = latest_calculation(connection, provider_id=OURS, month=NOVEMBER, mode="charge")
        assert calculation is not None
        keys = _service_keys(connection)
        lines = [line for line in read_lines(connection, calculation) if line.clause == "soi_by_meter" and keys[line.service_id] == "7"]
        accounts = {line.account_id for line in lines}
        own = sum(
            line.volume_e6 for line in read_lines(connection, calculation) if line.account_id in accounts and keys[line.service_id] == "2"
        )
    inputs: Any = lines[0].inputs
    assert house["individual"]["2"]["2026-11"] == f"{(own - 7_000_000) / 10**6:.6f}"
    assert Fraction(inputs["base"][0][0]["values"]["V_individual"]) == Fraction(own - 7_000_000, 10**6)


def test_explain_tells_month_cause_formula_and_block(closed: Application, tmp_path: Path, run: Run) -> None:
    _learn(closed, tmp_path, run)
    _post(closed, NOVEMBER)
    code, told = run("explain", A, "2026-11")
    assert code == 0
    for said in (
        "Перерасчёт за август 2026, площадь: Содержание жилого помещения, −75,70 руб.",
        "Перерасчёт за октябрь 2026, перерыв в услуге: Холодное водоснабжение, −3,69 руб.",
        "Перерасчёт за сентябрь 2026, число проживающих: Электроснабжение, −314,03 руб.",
        "не проводится: определение суда № 2-17/2026",
        "основание: account_area.json",
        "основание: 2026-11.zip, gil.csv",
    ):
        assert said in told
    explained = json.loads(run("explain", A, "2026-11", "--json")[1])
    assert explained["recalculated"] == _sum(OF_A, without=SEPTEMBER)
    amounts = {(one["month"], one["cause"], one["service"]): one["total"] for one in explained["differences"]}
    assert amounts["2026-08", "area", "Содержание жилого помещения"] == -7570
    for one in explained["differences"]:
        assert one["after"]["total"] - one["before"]["total"] == one["total"]
        assert one["after"]["steps"] and set(map(str, one["records"])) <= explained["records"].keys()


def test_the_bill_shows_each_correction_with_its_reason(closed: Application, tmp_path: Path, run: Run) -> None:
    _learn(closed, tmp_path, run)
    _post(closed, NOVEMBER)
    scope = {"provider_id": OURS, "law": law(), "series": "ЕПД", "clock": closed.clock}
    issued = issue_month(closed.engine, month=NOVEMBER, issued_on=date(2026, 12, 3), **scope)
    assert issued.findings == ()
    with closed.engine.connect() as connection:
        bills = {bill.content.account_number: bill.content for bill in bills_of_month(connection, OURS, NOVEMBER)}
    bill = bills[A]
    assert sum(row.amount for row in bill.recalculations) == _sum(OF_A, without=SEPTEMBER)
    assert {row.reason for row in bill.recalculations} == {
        "Перерасчёт за август 2026: площадь",
        "Перерасчёт за октябрь 2026: площадь",
        "Перерасчёт за октябрь 2026: число проживающих",
        "Перерасчёт за октябрь 2026: перерыв в услуге",
    }
    closing = _whole(closed, NOVEMBER)["accounts"][A]
    assert bill.charged == round(float(closing["total_recomputed"]) * 100) + _sum(OF_A, without=SEPTEMBER)
    page = html.document_fromstring(explanation_page(explain_payer(closed.engine, name=A, month=NOVEMBER)))
    shown = [int(one.get("value")) for one in page.xpath("//article[contains(@class, 'difference')]/h3/data")]
    assert sum(shown) == _sum(OF_A), "what is blocked is shown too"
    (total,) = page.xpath("//table[@class='summary']/tfoot//data/@value")
    assert int(total) == bill.charged
    assert "Не проводится" in page.text_content()
    assert "Причина: число проживающих" in page.text_content()
    for number in (A, B, C):
        report = verify_package(unpack(make_proof(closed, account=number, month=NOVEMBER, law=law()).data))
        assert report.is_good, report.told
        assert (number == C) or any("перерасчётов закрытых месяцев" in told for _, told in report.told)


def test_a_changed_debt_bears_penalties_from_the_day_after_the_bill_that_shows_it(closed: Application, tmp_path: Path, run: Run) -> None:
    """B owes 56,00 more for cold water of September and 45,41 more for its sewerage, to one supplier; the bill is of 4 December."""
    _learn(closed, tmp_path, run)
    _post(closed, NOVEMBER)
    issue_month(
        closed.engine, provider_id=OURS, month=NOVEMBER, law=law(), series="ЕПД", issued_on=date(2026, 12, 4), clock=closed.clock
    )  # fmt: skip
    with closed.engine.connect() as connection:
        account = connection.execute(
            text(
                "SELECT e.entity_id FROM entity e JOIN record_account a ON a.record_key = e.entity_key WHERE e.kind = 'account' "
                "AND a.number = :number LIMIT 1"
            ),
            {"number": B},
        ).scalar_one()
        rows = list(Penalties(connection, provider(connection, OURS), DECEMBER, law()).rows())
        supplier = connection.execute(
            text("SELECT DISTINCT creditor_id FROM charge_difference WHERE account_id = :account AND cause = 'reading'"),
            {"account": account},
        ).scalar_one()
    [row] = [row for row in rows if (row.account_id, row.origin_month, row.creditor_id) == (account, SEPTEMBER, supplier)]
    assert [(part.first, part.last) for part in row.segments] == [
        (date(2026, 12, 1), date(2026, 12, 4)),
        (date(2026, 12, 5), date(2026, 12, 31)),
    ]
    assert row.segments[1].principal - row.segments[0].principal == 5600 + 4541


def test_a_corrected_tariff_reaches_every_account_of_its_months(closed: Application, tmp_path: Path) -> None:
    """The sewerage tariff of October was 33,00, not 33,64: C's (4,20 + 3,10) × 3 = 21,9 m³ cost 736,72, now 722,70."""
    region = json.loads((TOWN / REGION).read_text(encoding="utf-8"))
    for tariff in region["tariffs"]:
        if tariff["utility_kind"] == 3 and tariff["valid_from"] == "2026-10-01":
            tariff["value"] = "33.00"
    load_region_file(closed, REGION, json.dumps(region, ensure_ascii=False).encode())
    _take(closed, tmp_path, NOVEMBER, {"puval": reading_rows("11.2026")})
    drafted = _draft(closed, NOVEMBER)
    assert {(one.month, one.cause) for one in drafted.recalculated} == {(OCTOBER, "tariff")}
    with closed.engine.connect() as connection:
        [served] = connection.execute(
            text(
                "SELECT count(DISTINCT l.account_id) FROM charge_line l JOIN entity e ON e.entity_id = l.service_id "
                "WHERE l.month = '2026-10-01' AND e.entity_key = '4' AND l.base <> 0"
            )
        ).scalars()
    assert [one.accounts for one in drafted.recalculated] == [served]
    assert _found(closed, NOVEMBER, C) == {OCTOBER: {("tariff", "4"): (-1402, 0, 0)}}


def test_the_totals_of_a_house_stay_frozen_and_are_told(closed: Application, tmp_path: Path) -> None:
    """A house meter's September reading is corrected: no account is recalculated by itself, a person is told."""
    house_meter = "1899"
    september = next(cells for cells in house_rows()["puval"] if cells[1] == house_meter and cells[2].endswith("09.2026"))
    corrected = [*september[:3], "5900.000", *september[4:]]
    _take(closed, tmp_path, NOVEMBER, {"puval": [corrected, *reading_rows("11.2026")]})
    drafted = _draft(closed, NOVEMBER)
    assert drafted.recalculated == ()
    told = [item for item in drafted.findings if item.code == "CH-050"]
    assert [item.value for item in told] == ["2026-09", "2026-10"] and all(item.severity == "warning" for item in told)


def test_where_the_senders_lines_are_taken_its_own_recalculations_are_in_them(closed: Application, tmp_path: Path) -> None:
    _november(closed, tmp_path)
    assert _draft(closed, NOVEMBER, mode="accept").recalculated == ()


def test_a_mass_recalculation_takes_a_corrected_house_meter_into_a_closed_month(closed: Application, tmp_path: Path, run: Run) -> None:
    """The house meter counted 12,429 m³ more in September and as much less in October: decided, shown by account, told on the bill."""
    house = next(cells for cells in house_rows()["house"] if cells[0] == "1001")
    september = next(cells for cells in house_rows()["puval"] if cells[1] == "1899" and cells[2].endswith("09.2026"))
    assert september[3] == "5887.571"
    _take(closed, tmp_path, NOVEMBER, {"puval": [[*september[:3], "5900.000", *september[4:]], *reading_rows("11.2026")]})
    assert run("bill", "recalculate", "0" * 36, "--from", "2026-09", "--to", "2026-10", "--document", "акт", "--bill-text", "акт")[0] == 1
    asked = ("--from", "2026-09", "--to", "2026-09", "--document", "акт проверки № 4", "--bill-text", "уточнено показание прибора дома")
    assert run("bill", "recalculate", house[8], *asked)[0] == 0
    assert run("bill", "block", C, "--from", "2026-09", "--to", "2026-09", "--reason", "суд")[0] == 0
    drafted = _draft(closed, NOVEMBER)
    assert {(one.month, one.cause, one.blocked) for one in drafted.recalculated} == {(SEPTEMBER, "mass", False), (SEPTEMBER, "mass", True)}
    # 12,429 м³ по площади: 43,30 м² из 2441,00 или 2525,50 м² дома — 0,2205 или 0,2131 м³ × 38,41
    shares = _found(closed, NOVEMBER, C)[SEPTEMBER]
    area = Fraction(house[24].replace(",", "."))
    share = Fraction(12429, 1000) * Fraction("43.30") / area * Fraction("38.41")
    assert set(shares) == {("mass", "7")} and abs(Fraction(shares["mass", "7"][0], 100) - share) <= Fraction(1, 100)
    assert _blocked(closed, NOVEMBER) == {(SEPTEMBER, C)}
    _post(closed, NOVEMBER)
    scope = {"provider_id": OURS, "law": law(), "series": "ЕПД", "clock": closed.clock}
    assert issue_month(closed.engine, month=NOVEMBER, issued_on=date(2026, 12, 3), **scope).findings == ()
    with closed.engine.connect() as connection:
        reasons = {row.reason for bill in bills_of_month(connection, OURS, NOVEMBER) for row in bill.content.recalculations}
    assert reasons == {"Перерасчёт за сентябрь 2026: уточнено показание прибора дома"}
    assert verify(closed.engine, law=law(), code_version=CODE_VERSION).holds
    _take(closed, tmp_path, DECEMBER, {"puval": reading_rows("12.2026")})
    assert {one.blocked for one in _draft(closed, DECEMBER).recalculated} <= {True}, "decided once, posted once"


def test_a_house_that_was_held_is_charged_when_what_was_missing_comes(server_url: str, template_database: str, tmp_path: Path) -> None:
    """September of house 1001 waits for its meter; October too. In November the reading comes, and both months are charged as of then."""
    with _at(server_url, template_database, tmp_path) as (_, application):
        load_region_file(application, REGION, (TOWN / REGION).read_bytes())
        rows = house_rows()
        _take(application, tmp_path, AUGUST, rows | {"puval": [cells for cells in rows["puval"] if cells[2][3:5] < "09"]})
        _post(application, AUGUST)
        missing = [cells for cells in rows["puval"] if cells[1] == "1899" and cells[2].endswith("09.2026")]
        _take(application, tmp_path, SEPTEMBER, {"puval": reading_rows("09.2026", without={missing[0][0]})})
        drafted = _draft(application, SEPTEMBER)
        assert [item.code for item in drafted.findings if item.severity == "error"] == ["CH-005"]
        scope = {"provider_id": OURS, "month": SEPTEMBER, "actor": "тест", "clock": application.clock}
        approve_month(application.engine, reason="тест", **scope)
        post_month(application.engine, law=law(), **scope)
        _take(application, tmp_path, OCTOBER, {"puval": [*missing, *reading_rows("10.2026")]})
        drafted = _post(application, OCTOBER)
        assert {(one.month, one.cause) for one in drafted.recalculated} == {(SEPTEMBER, "first_charge")}
        again = _draft(application, SEPTEMBER)
        assert not again.is_new
        with application.engine.connect() as connection:
            calculation = latest_calculation(connection, provider_id=OURS, month=OCTOBER, mode="charge")
            assert calculation is not None
            found = {(row.account_id, row.service_id): row.total for row in read_differences(connection, calculation)}
            scope = {"provider_id": OURS, "month": SEPTEMBER, "known_until": calculation.known_until, "law": law()}
            charged = [line for batch in charged_batches(connection, **scope) for house in batch.charged for line in house.lines]
        late = {(line.account_id, line.service_id): line.total for line in charged if (line.account_id, line.service_id) in found}
        assert found == late and len(found) > 300
        stopped = month_findings(application.engine, provider_id=OURS, month=SEPTEMBER)
        assert stopped is not None
        (held,) = [one.finding_id for one in stopped.findings if stopped.is_open(one)]
        with pytest.raises(InputError, match=r"CH-0116.*уже начислены следующим месяцем"):
            accept_findings(application.engine, numbers=[held], reason="верно", actor="тест", clock=application.clock)
        assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds


ACTS = """schema = "erkc-acts/1"
sender = { inn = "0077000116", kpp = "007701001" }

[[act]]
kind = "interruption"
number = "А-7"
date = 2026-11-05
house = "1003"
service = "cold_water"
from = 2026-10-05T08:00:00
to = 2026-10-05T19:00:00

[[act]]
kind = "quality"
number = "К-2"
date = 2026-11-05
account = "41100001050"
service = "cold_water"
deviation = "days"
from = 2026-09-05T00:00:00
to = 2026-09-07T00:00:00

[[act]]
kind = "check"
number = "П-9"
date = 2026-10-28
account = "41100000904"
service = "cold_water"
stated = "517.455"
found = "520.455"

[[act]]
kind = "own_heating"
number = "О-4"
date = 2026-11-05
account = "41100001050"
from = 2026-10-01
"""
"""What was found out after October was closed: of the house, of one flat, of a meter that counts on from what was found."""

OF_ACTS_A = {
    (SEPTEMBER, "quality", "2"): (0, 0, -3226),  # 2 суток из 30 от 12,6 × 38,41 = 483,97: 32,2647
    (OCTOBER, "area", "6"): (-283165, 0, 0),  # 0,0231 × 2694,12 × 45,50 = 2831,6548: своё отопление всей квартиры
    (OCTOBER, "interruption", "2"): (0, 0, -554),  # 11 ч − 4 ч сразу = 7 ч × 0,15 % от 12,6 × 41,87 = 527,56: 5,5394
}
OF_ACTS_B = {
    (OCTOBER, "act", "2"): (0, 12561, 0),  # п. 61: (520,455 − 517,455) × 41,87
    (OCTOBER, "interruption", "2"): (0, 0, -455),  # 1,05 % от 433,35 = 4,5502
}
"""(month, cause, service) → base, recalculation, under-delivery."""


def _of_acts(application: Application, month: Month, number: str) -> dict[tuple[Month, str, str], tuple[int, int, int]]:
    found = {}
    for row, service in _differences(application, month, number):
        assert row.surcharge == row.benefit == 0
        found[row.month, row.cause, service] = (row.base, row.recalculation, row.underdelivery)
    return found


def _acts(application: Application, name: str, content: str) -> None:
    taken = take_file(application, name, content.encode())
    assert (taken.status, taken.findings) == ("accepted", ())  # type: ignore[union-attr]  # acts are taken, no bank file


def _withdrawn(*acts: tuple[str, str]) -> str:
    heading = ACTS.partition("[[act]]")[0]
    return heading + "".join(f'[[act]]\nkind = "withdrawn"\nnumber = "{number}"\ndate = {day}\n' for number, day in acts)


def test_acts_entered_after_the_month_was_closed_find_their_months(closed: Application, tmp_path: Path, run: Run) -> None:
    before = _frozen(closed)
    _take(closed, tmp_path, NOVEMBER, {"puval": reading_rows("11.2026")})
    _acts(closed, "ноябрь.acts.toml", ACTS)
    _post(closed, NOVEMBER)
    assert _of_acts(closed, NOVEMBER, A) == OF_ACTS_A
    assert _of_acts(closed, NOVEMBER, B) == OF_ACTS_B
    assert _of_acts(closed, NOVEMBER, C) == {}, "another house"
    assert _frozen(closed) == before
    explained = json.loads(run("explain", A, "2026-11", "--json")[1])
    assert explained["recalculated"] == sum(map(sum, OF_ACTS_A.values()))
    assert {one["file"] for key, one in explained["records"].items() if int(key) in _recorded(explained)} == {"ноябрь.acts.toml"}
    told = run("explain", B, "2026-11")[1]
    assert "Перерасчёт за октябрь 2026, акт о приборе или потреблении: Холодное водоснабжение, 125,61 руб." in told
    assert _cold_of_november(closed) == 24670, "the meter goes on from the checked 520,455: (526,347 − 520,455) × 41,87 = 246,698"
    verdict = verify(closed.engine, law=law(), code_version=CODE_VERSION)
    assert verdict.holds, verdict.broken

    _take(closed, tmp_path, DECEMBER, {"puval": reading_rows("12.2026")})
    _acts(closed, "декабрь.acts.toml", _withdrawn(("А-7", "2026-11-05"), ("П-9", "2026-10-28")))
    _draft(closed, DECEMBER)
    assert _of_acts(closed, DECEMBER, A) == {(OCTOBER, "interruption", "2"): (0, 0, 554)}
    assert _of_acts(closed, DECEMBER, B) == {
        (OCTOBER, "act", "2"): (0, -12561, 0),
        (OCTOBER, "interruption", "2"): (0, 0, 455),
        (NOVEMBER, "act", "2"): (12561, 0, 0),  # прибор снова считает от 517,455: 8,892 × 41,87 = 372,31
        (NOVEMBER, "act", "4"): (10092, 0, 0),  # 8,892 × 33,64 = 299,13 − 5,892 × 33,64 = 198,21
    }


def _recorded(explained: dict[str, Any]) -> set[int]:
    return {int(record) for one in explained["differences"] for record in one["records"]}


def _cold_of_november(application: Application) -> int:
    with application.engine.connect() as connection:
        calculation = latest_calculation(connection, provider_id=OURS, month=NOVEMBER, mode="charge")
        assert calculation is not None
        keys = _service_keys(connection)
        number = text("SELECT record_key FROM record_account WHERE number = :number LIMIT 1")
        key = connection.execute(number, {"number": B}).scalar_one()
        entity = text("SELECT entity_id FROM entity WHERE kind = 'account' AND entity_key = :key")
        account = connection.execute(entity, {"key": key}).scalar_one()
        (line,) = [line for line in read_lines(connection, calculation, [account]) if keys[line.service_id] == "2"]
        return line.base


def test_an_act_of_a_closed_month_that_finds_nothing_to_be_about_is_told(closed: Application, tmp_path: Path) -> None:
    _take(closed, tmp_path, NOVEMBER, {"puval": reading_rows("11.2026")})
    _acts(closed, "a.toml", ACTS.replace('house = "1003"\nservice = "cold_water"', 'house = "1003"\nservice = "gas"'))
    drafted = _draft(closed, NOVEMBER)
    (told,) = [item for item in drafted.findings if item.severity == "error"]
    assert told.code == "CH-052" and "А-7" in told.message and "gas" in told.message and told.position.file == "начисление 2026-10"
    assert _of_acts(closed, NOVEMBER, B).keys() == {(OCTOBER, "act", "2")}
    _acts(closed, "b.toml", _withdrawn(("А-7", "2026-11-05")))
    assert [item for item in _draft(closed, NOVEMBER).findings if item.severity == "error"] == []


def test_an_act_about_what_the_house_shares_is_told_and_not_recalculated(closed: Application, tmp_path: Path) -> None:
    _take(closed, tmp_path, NOVEMBER, {"puval": reading_rows("11.2026")})
    failed = """
[[act]]
kind = "meter_failed"
number = "Р-1"
date = 2026-11-02
house = "1001"
service = "cold_water"
from = 2026-10-03
"""
    _acts(closed, "a.toml", ACTS.partition("[[act]]")[0] + failed)
    drafted = _draft(closed, NOVEMBER)
    assert drafted.recalculated == ()
    assert [item.value for item in drafted.findings if item.code == "CH-050"] == ["2026-10"]


def test_corrections_of_closed_months_come_into_houses_that_other_processes_compute(closed: Application, tmp_path: Path) -> None:
    _november(closed, tmp_path)
    drafted = _draft(closed, NOVEMBER)
    with closed.engine.connect() as connection:
        calculation = drafted.calculation
        adjustments = adjusted_houses(connection, calculation)
        task = Task(OURS, NOVEMBER, calculation.known_until, law(), adjustments)
        houses = house_ids(connection, OURS, NOVEMBER, calculation.known_until)
        assert adjustments.corrected & set(houses) and adjustments.corrections
        alone = list(computed(connection, task, [houses, houses], workers=1))
        assert list(computed(connection, task, [houses, houses], workers=2)) == alone
        without = Task(OURS, NOVEMBER, calculation.known_until, law(), Adjustments({}, frozenset(), ()))
        assert list(computed(connection, without, [houses, houses], workers=2)) != alone

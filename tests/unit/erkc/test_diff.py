"""Two posted months compared: expected causes of flat A derived by hand beside them; every difference is the sum of its causes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import text

from core.charges.changes import CAUSES
from core.charges.comparison import Mover
from core.ids import EntityId
from core.records.providers import providers
from core.services.diff import diff_months
from core.storage.engine import transaction
from erkc.application import Application
from erkc.intake import take_file
from tests.unit.erkc.broken_town import broken_archive
from tests.unit.erkc.compared_town import NORM_OF_OCTOBER, OCTOBER, SEPTEMBER, A, at_work, load, post, region_with, take
from tests.unit.erkc.conftest import ARCHIVE, TOWN, Run, database_copy

OF_A: dict[str, dict[str, int]] = {
    "2": {  # холодная вода: 12,6 м³ × 38,41 = 483,97
        "tariff": 4359,  # 12,6 × 41,87 = 527,56
        "norm": 3769,  # 3 × 4,50 × 41,87 = 565,245 → 565,25
        "persons": -18842,  # 2 × 4,50 × 41,87 = 376,83
    },
    "4": {  # водоотведение — той же холодной воды: 12,6 × 31,15 = 392,49
        "tariff": 3137,  # 12,6 × 33,64 = 423,864 → 423,86
        "norm": 3028,  # 13,5 × 33,64 = 454,14
        "persons": -15138,  # 9 × 33,64 = 302,76
    },
    "5": {  # электроэнергия: 3 × 92 × 5,12 = 1413,12
        "tariff": 13524,  # 276 × 5,61 = 1548,36
        "persons": -51612,  # 184 × 5,61 = 1032,24
    },
    "6": {"appeared": 283165},  # отопление: 45,50 × 0,0231 × 2694,12 = 2831,6548
    "7": {"tariff": 40},  # СОИ: 0,021 × 214,85 × 45,50 / 1790,40 = 0,11466 м³: × 38,41 = 4,404 → 4,40; × 41,87 = 4,801 → 4,80
    "8": {"tariff": 374},  # 1,40 × 214,85 × 45,50 / 1790,40 = 7,6441 кВт·ч: × 5,12 = 39,138 → 39,14; × 5,61 = 42,883 → 42,88: +3,74
}


@pytest.fixture(scope="module")
def compared_template(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("compared")
    with database_copy(server_url, template_database, folder, keep=True) as (name, made):
        application = at_work(made)
        load(application, region_with(norms=[NORM_OF_OCTOBER]))
        take(application, folder)
        for month in (SEPTEMBER, OCTOBER):
            post(application, month)
    return name


@pytest.fixture
def town(server_url: str, compared_template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    with database_copy(server_url, compared_template, tmp_path) as (_, application):
        monkeypatch.setenv("ERKC_DATABASE_URL", application.database)
        yield application


def _movers(application: Application, top: int = 1000) -> dict[str, Mover]:
    """Every account that moved, by its number."""
    with transaction(application.engine) as connection:
        senders = [one for one in providers(connection) if one.provider_id]
    compared = diff_months(application.engine, senders=senders, before=SEPTEMBER, after=OCTOBER, top=top)
    return {compared.names.number(mover): mover for movers in compared.movers() for mover in movers}


def test_every_cause_of_a_flat_is_as_derived_by_hand(town: Application) -> None:
    with town.engine.connect() as connection:
        rows = connection.execute(text("SELECT entity_id, entity_key FROM entity WHERE kind = 'service'"))
        keys = {row[0]: row[1] for row in rows}
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (cause, service), amount in _movers(town)[A].parts.items():
        found[keys[service]][cause] = amount
    assert dict(found) == OF_A


def test_the_sums_are_those_of_the_ledger_and_causes_add_up_for_every_account(town: Application) -> None:
    movers = _movers(town)
    statement = text(
        "SELECT account_id, month, sum(base + surcharge + recalculation - underdelivery - benefit) FROM charge_line GROUP BY 1, 2"
    )
    posted: defaultdict[EntityId, dict[Any, int]] = defaultdict(dict)
    with town.engine.connect() as connection:
        for account, month, amount in connection.execute(statement):
            posted[account][month] = amount
    assert len(movers) == len(posted) == 86
    for mover in movers.values():
        amounts = posted[mover.account_id]
        assert (mover.before, mover.after) == (amounts[SEPTEMBER.first], amounts[OCTOBER.first])
        assert sum(mover.parts.values()) == mover.amount == sum(mover.causes.values()) == sum(mover.services.values())
        assert mover.house_id is not None


def test_the_command_shows_who_how_much_and_why(town: Application, erkc: Run, tmp_path: Path) -> None:
    picture = tmp_path / "diff.svg"
    code, out, errors = erkc("diff", "2026-09", "2026-10", "--svg", str(picture), "--top", "3")
    assert code == 0 and errors == ""
    for words in ("сентябрь 2026 и октябрь 2026", "норматив", "услуга появилась (Отопление)", "Кто платит больше всего: 3", "кв. "):
        assert words in out
    root = etree.fromstring(picture.read_bytes())
    words = " ".join(root.itertext())
    assert root.tag.endswith("svg") and "Кто: сколько лицевых счетов" in words and "повышающий" not in words and "норматив" in words
    assert {value for node in root.iter() for name, value in node.items() if name == "href"} == set()  # nothing from elsewhere

    code, out, _ = erkc("diff", "2026-09", "2026-10", "--json", "--top", "1000", "--provider", "0077000116")
    document = json.loads(out)
    assert code == 0 and document["totals"]["accounts"] == 86
    total = round(float(document["totals"]["difference"]) * 100)
    assert total == sum(round(float(item["amount"]) * 100) for item in document["by_cause"])
    for section in ("by_service", "by_house", "by_municipality", "distribution_roubles"):
        assert sum(round(float(item["difference"]) * 100) for item in document[section]) == total
    assert sum(item["accounts"] for item in document["distribution_percent"]) == 86
    (of_a,) = [item for item in document["most_more"] if item["account"] == A]
    assert of_a["causes"]["persons"] == "-855.92" and of_a["address"].endswith("кв. 15")
    assert [item["cause"] for item in document["by_cause"]] == [
        cause for cause in CAUSES if cause in {i["cause"] for i in document["by_cause"]}
    ]


def test_a_month_with_itself_has_no_difference(town: Application, erkc: Run) -> None:
    code, out, _ = erkc("diff", "2026-10", "2026-10")
    assert code == 0 and "Ни один счёт не платит ни больше, ни меньше." in out and "Почему" not in out


def test_months_without_charges_and_wrong_calls_are_told(town: Application, erkc: Run, tmp_path: Path) -> None:
    code, _, errors = erkc("diff", "2026-09", "2026-11")
    assert code == 1 and "за ноябрь 2026 нет начислений" in errors and "erkc bill month 2026-11" in errors
    assert erkc("diff", "2026-09", "осень")[0] == 2
    code, _, errors = erkc("diff", "2026-09", "2026-10", "--provider", "0000000000")
    assert code == 2 and "Нет отправителя с ИНН 0000000000" in errors and "0077000116" in errors
    code, _, errors = erkc("diff", "2026-09", "2026-10", "--svg", str(tmp_path / "no" / "x.svg"))
    assert code == 2 and "не записывается" in errors


def test_houses_that_a_month_stopped_are_left_out_and_told(
    server_url: str, template_database: str, tmp_path: Path, erkc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database_copy(server_url, template_database, tmp_path) as (_, application):
        monkeypatch.setenv("ERKC_DATABASE_URL", application.database)
        load(application, region_with())
        take_file(application, ARCHIVE, broken_archive(TOWN / ARCHIVE))
        assert erkc("bill", "month", "2026-10", "--draft")[0] == 1
        assert erkc("bill", "approve", "2026-10")[0] in (0, 1)
        code, out, _ = erkc("diff", "2026-10", "2026-10", "--json")
        with application.engine.connect() as connection:
            charged = connection.execute(
                text(
                    "SELECT sum(CASE WHEN debit = 1 THEN amount ELSE -amount END), count(DISTINCT account_id) "
                    "FROM posting JOIN entry USING (entry_id) WHERE kind = 'charge'"
                )
            ).one()
    document = json.loads(out)
    assert code == 0 and (document["totals"]["was"], document["totals"]["accounts"]) == (f"{charged[0] / 100:.2f}", charged[1])
    assert len(document["notes"]) == 1 and "счета остановленных домов не сравниваются" in document["notes"][0]

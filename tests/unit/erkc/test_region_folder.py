"""``erkc region load`` with a folder, a file of any name and a region that ships: what is stored, and what each month then goes by."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from config import regions
from config.settings import load
from core.clock import FixedClock
from core.errors import ConfigError
from core.model.finding import Finding
from core.period import Month
from core.records.facts import read_houses, read_region
from erkc.application import Application
from erkc.intake import load_region_file, region_message, take_file
from tests.unit.erkc.test_cli import run as run

TOWN = Path(__file__).parents[3] / "examples" / "town"
ARCHIVE = "zarechinsk-2026-10-valid.zip"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def application(engine: Engine, tmp_path: Path) -> Application:
    return Application(load(home=tmp_path, environment={}), engine, FixedClock(datetime(2026, 11, 4, tzinfo=UTC)), "")


def _load(application: Application, place: Path) -> tuple[tuple[Finding, ...], int]:
    message = region_message(place)
    loaded = load_region_file(application, message.name, message.data)
    return loaded.findings, sum(loaded.new.values())


def test_a_region_that_ships_is_loaded_once_and_its_settings_hold_by_dates(application: Application) -> None:
    findings, new = _load(application, Path("priozersk"))
    assert findings == () and new > 100
    assert _load(application, Path("priozersk")) == ((), 0), "the same folder says nothing new"
    with application.engine.connect() as connection:
        old = read_region(connection, month=Month(2025, 12), known_until=None)
        new_year = read_region(connection, month=Month(2026, 1), known_until=None)
        october = read_region(connection, month=Month(2026, 10), known_until=None)
        early = read_region(connection, month=Month(2024, 12), known_until=None)
    old, new_year, october, early = (one.at("02705000011") for one in (old, new_year, october, early))
    assert (old.settings["heating_payment"], new_year.settings["heating_payment"]) == ("evenly", "season")
    assert (old.settings["late_reading"], october.settings["late_reading"]) == ("rebuild", "difference")
    assert early.settings == {} and early.norms == () and early.tariffs == ()
    assert {(norm.rooms, norm.persons) for norm in october.norms if norm.utility_kind == 4} >= {(1, 1), (4, 5)}
    assert {tariff.range_number for tariff in october.tariffs} == {None, 1, 2, 3}


def test_a_setting_that_has_ended_gives_way_to_the_law(application: Application, tmp_path: Path) -> None:
    folder = tmp_path / "ended"
    folder.mkdir()
    (folder / "s.toml").write_text(
        'oktmo = ["02705000"]\n'
        '[[settings]]\nname = "late_reading"\nvalue = "rebuild"\nvalid_from = 2026-01-01\nvalid_to = 2026-03-31\nact = "1"\n',
        "utf-8",
    )
    assert _load(application, folder) == ((), 1)
    with application.engine.connect() as connection:
        found = [read_region(connection, month=Month(2026, number), known_until=None).at("02705000001").settings for number in (3, 4)]
    assert found == [{"late_reading": "rebuild"}, {}]


def test_the_town_by_its_folder_reads_rooms_of_dwellings(application: Application) -> None:
    assert _load(application, Path("zarechinsk"))[0] == ()
    taken = take_file(application, ARCHIVE, (TOWN / ARCHIVE).read_bytes())
    assert taken.status == "accepted" and taken.findings == ()
    with application.engine.connect() as connection:
        house = connection.execute(text("SELECT min(entity_id) FROM entity WHERE kind = 'house'")).scalar_one()
        provider = connection.execute(text("SELECT provider_id FROM provider WHERE kind = 36 AND provider_id <> 0")).scalar_one()
        month = Month(2026, 10)
        (facts,) = read_houses(connection, provider_id=provider, month=month, houses=[house], known_until=None)
    assert {account.rooms for account in facts.accounts} <= {1, 2, 3, 4} and facts.accounts


def test_a_file_needs_no_special_name_and_a_wrong_place_says_what_there_is(application: Application, tmp_path: Path) -> None:
    file = tmp_path / "tariffs.toml"
    file.write_bytes(regions.contents("slobodka")["tariffs.toml"])
    assert _load(application, file) == ((), 22)
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(ConfigError) as error:
            region_message(place)
        assert error.value.hint
    assert "priozersk, slobodka, zarechinsk" in error.value.hint


def test_what_is_wrong_in_a_folder_is_printed_with_file_and_line_and_nothing_is_loaded(
    run: Run, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    folder = tmp_path / "r"
    folder.mkdir()
    for name, data in regions.contents("priozersk").items():
        (folder / name).write_bytes(data.replace(b"valid_to = 2026-09-30", b"valid_to = 2026-09-29", 1))
    code, out, _ = run("region", "load", str(folder))
    assert code == 1 and "не загружено" in out
    line = 1 + (folder / "limits.toml").read_text("utf-8").split("valid_from = 2026-10-01")[0].count("\n") - 2
    assert f"limits.toml, строка {line}: Пропуск в датах: с 30.09.2026 по 30.09.2026" in " ".join(out.split())
    code, out, _ = run("region", "load", str(folder), "--json")
    assert code == 1 and {item["code"] for item in json.loads(out)["findings"]} == {"RG-018"}
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM record_approved_limit")).scalar_one() == 0

"""Damaged archives, and takings that die at any write, never leave half of a package: all that is told was written, or nothing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from core.errors import ErkcError
from core.ledger.verify import fingerprint
from core.model.records import BODIES
from core.records.tables import table_name
from core.services.take import Taken
from core.storage.engine import transaction
from erkc.application import Application
from erkc.certify import damaged_copy
from erkc.intake import load_region_file, take_file
from tests.durability.test_import_killed import Crash, Failpoints, failing
from tests.unit.erkc.conftest import database_copy

TOWN = Path(__file__).parents[3] / "examples" / "town2"
NAME = "slobodka-2026-10-rso.zip"
DATA = (TOWN / NAME).read_bytes()
SEED = 7


def _load_region(application: Application) -> None:
    load_region_file(application, "slobodka.region.json", (TOWN / "slobodka.region.json").read_bytes())


def _written(engine: Engine) -> tuple[int, object]:
    """Records of all kinds, and the ledger."""
    with transaction(engine) as connection:
        count = " + ".join(f"(SELECT count(*) FROM {table_name(body)})" for body in BODIES)
        return int(connection.execute(text(f"SELECT {count}")).scalar_one()), fingerprint(connection)


@pytest.mark.parametrize("copies", [5, pytest.param(150, marks=pytest.mark.long)])
def test_a_damaged_archive_is_written_as_it_is_told_or_not_at_all(
    server_url: str, template_database: str, tmp_path: Path, copies: int
) -> None:
    chance, told = random.Random(SEED), {"refused": 0, "taken": 0}
    with database_copy(server_url, template_database, tmp_path) as (_, application):
        _load_region(application)
        before = _written(application.engine)
        for n in range(copies):
            data = damaged_copy(DATA, chance, inside=n % 4 != 0)
            try:
                taken = take_file(application, f"{n}.zip", data)
            except ErkcError as error:
                taken = None
                assert error.code and error.hint
            after = _written(application.engine)
            if taken is None or taken.status == "rejected":
                told["refused"] += 1
                assert after == before
            else:
                told["taken"] += 1
                assert isinstance(taken, Taken) and after[0] - before[0] == taken.new_records
                assert taken.money is not None and taken.money.payments == taken.money.posted + taken.money.to_suspense
            before = after
    assert min(told.values()) > 0, told


@pytest.mark.parametrize("places", [2, pytest.param(40, marks=pytest.mark.long)])
def test_a_taking_that_dies_at_any_write_left_nothing_and_is_done_by_the_next(
    server_url: str, template_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: int
) -> None:
    points = Failpoints()
    with database_copy(server_url, template_database, tmp_path / "whole") as (_, undisturbed):
        _load_region(undisturbed)
        with failing(monkeypatch, points):
            take_file(undisturbed, NAME, DATA)
        whole = _written(undisturbed.engine)
    with database_copy(server_url, template_database, tmp_path / "killed") as (_, application):
        _load_region(application)
        empty = _written(application.engine)
        for at in sorted({points.passed * place // places for place in range(1, places)} | {points.passed - 1}):
            with pytest.raises(Crash), failing(monkeypatch, Failpoints(at)):
                take_file(application, NAME, DATA)
            assert _written(application.engine) in (empty, whole), points.names[at - 1]
        take_file(application, NAME, DATA)
        assert _written(application.engine) == whole

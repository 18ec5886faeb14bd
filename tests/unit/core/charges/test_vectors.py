"""Every vector of ``tests/golden/vectors`` by its name, through the public functions; harnesses not written yet are listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.law import tables
from core.charges.law import Law
from core.errors import ConfigError, InputError
from erkc.cli.main import application
from erkc.law import HARNESSES, Got, Vector, check, harness, read_vectors

FOLDER = Path(__file__).parents[4] / "tests" / "golden" / "vectors"
LAW = Law.from_tables(tables())
VECTORS = [vector for path in sorted(FOLDER.glob("354-*.json")) for vector in read_vectors(path, LAW)]

NOT_YET: frozenset[str] = frozenset()
"""Harnesses that are not written: a vector of one of them that passes fails the test, so the list can only shrink."""


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_vector(vector: Vector) -> None:
    outcome = check([vector])
    if outcome.unsupported:
        assert vector.harness in NOT_YET, f"no harness {vector.harness}"
        pytest.xfail(f"harness {vector.harness} is not written yet")
    assert outcome.failed == ()


def test_all_vectors_of_the_schema_are_here() -> None:
    assert len(VECTORS) == len({vector.id for vector in VECTORS}) == 183


def test_the_list_of_missing_harnesses_only_shrinks() -> None:
    assert not NOT_YET & HARNESSES.keys()


def test_the_command_prints_one_document() -> None:
    result = CliRunner().invoke(application, ["law", "check", str(FOLDER / "354-water.json"), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"passed": 48, "failed": [], "unsupported": []}


def test_a_wrong_expectation_is_told_with_both_values(tmp_path: Path) -> None:
    document = json.loads((FOLDER / "354-water.json").read_text(encoding="utf-8"))
    vector = next(one for one in document["vectors"] if one["id"] == "W-01")
    vector["expected"] = {"amounts_rub": {"charge": "409.44", "slice": "1.00"}, "volumes": {"V": {"value": "8.483", "unit": "m3"}}}
    unknown = {**vector, "id": "X-99", "harness": "of_another_law"}
    unread = {**vector, "id": "X-98", "inputs": {}}
    file = tmp_path / "own.json"
    file.write_text(json.dumps({**document, "vectors": [vector, unknown, unread]}), encoding="utf-8")
    result = CliRunner().invoke(application, ["law", "check", str(file), "--json"])
    found = json.loads(result.stdout)
    assert result.exit_code == 1 and found["passed"] == 0 and found["unsupported"] == ["X-99"]
    assert found["failed"][:3] == [
        {"id": "W-01", "key": "charge", "expected": "409.44", "got": "409.43"},
        {"id": "W-01", "key": "slice", "expected": "1.00", "got": None},
        {"id": "W-01", "key": "volumes.V", "expected": "8.483", "got": "8.482"},
    ]
    assert {one["id"] for one in found["failed"][3:]} == {"X-98"}


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "other/1", "vectors": []}', '{"schema": "354-vector/1", "vectors": [{"id": 1}]}'])
def test_a_file_of_another_schema_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_vectors(file, LAW)
    assert error.value.code == "LAW-0101"


def test_what_a_file_or_a_vector_has_wrong_is_said_in_russian(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"CLI-0201.*такого файла или папки нет"):
        read_vectors(tmp_path / "none.json", LAW)
    with pytest.raises(ConfigError, match="это папка"):
        read_vectors(tmp_path, LAW)
    file = tmp_path / "v.json"
    file.write_text("{\n 1", encoding="utf-8")
    with pytest.raises(InputError, match=r"строка 2, знак 2: ошибка записи JSON"):
        read_vectors(file, LAW)

    def said(inputs: dict[str, object]) -> str | None:
        body = {name: {"value": value} for name, value in inputs.items()}
        item = {"id": "r", "harness": "waste", "inputs": body, "expected": {"amounts_rub": {"charge": "1.00"}}}
        file.write_text(json.dumps({"schema": "354-vector/1", "vectors": [item]}), encoding="utf-8")
        [failed] = check(read_vectors(file, LAW)).failed
        assert failed.key == "inputs"
        return failed.got

    assert said({"n": "x", "N_year": "2", "T": "1"}) == "значение 'x' не того вида"
    assert said({"n": "1", "N_year": "2"}) == "r: нет величины T."
    assert said({"V_containers": "1", "n": "1", "n_all": "0", "T": "1"}) == "деление на ноль"


def test_a_harness_is_registered_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        harness("metered")(lambda vector: Got())

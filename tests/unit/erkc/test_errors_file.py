"""The errors file: refused rows go back to the sender, come back corrected, and the town is then as if it had been right at once."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

from adapters.format4.writer import table
from adapters.uk.errors_file import errors_file
from core.model.records import Meter
from core.records.bodies import read_bodies
from core.services.intake_history import intake_history, taken_bytes
from core.services.take import Taken
from core.storage.engine import transaction
from erkc.application import Application
from erkc.intake import take_file
from tests.unit.erkc.archives import edited
from tests.unit.erkc.conftest import ARCHIVE, TOWN, Run
from tests.unit.erkc.test_intake import application, without_region

__all__ = ["application", "without_region"]
BANKS = Path(__file__).parents[2] / "golden" / "banks"
_METER = 7


def _rows(data: bytes, name: str) -> list[list[str]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return list(csv.reader(io.StringIO(archive.read(name).decode("cp1251"), newline=""), delimiter=";"))


def test_refused_rows_go_back_and_are_taken_when_corrected(application: Application) -> None:
    right: dict[str, list[str]] = {}

    def spoil(section: str, number: int, cells: list[str]) -> list[list[str]]:
        if section != "pu" or number not in (_METER, _METER + 2):
            return [cells]
        right[cells[0]] = cells
        return [[*cells[:6], "", *cells[7:]]]

    sent = edited(TOWN / ARCHIVE, spoil)
    taken = take_file(application, "october.zip", sent)
    assert isinstance(taken, Taken) and taken.status == "accepted_with_errors"
    name, data, findings = taken_bytes(application.engine, taken.message_id)
    assert (name, data) == ("october.zip", sent)
    back = errors_file(data, findings)
    assert back is not None and errors_file(data, findings) == back
    refused = _rows(back, "pu.csv")
    assert refused[0] == _rows(sent, "pu.csv")[0] and {row[0] for row in refused[1:]} == set(right)
    reasons = _rows(back, "errors.csv")[1:]
    assert [(row[:4], row[5]) for row in reasons] == [
        (["pu.csv", str(place), str(number), "7"], "F4-031") for place, number in ((1, _METER), (2, _METER + 2))
    ]
    assert all(row[4] and row[7] and row[8] for row in reasons), "what, why and what to do in words"
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(back)) as source, zipfile.ZipFile(packed, "w") as target:
        for entry in source.namelist():
            content = table(refused[0], [right[row[0]] for row in refused[1:]]) if entry == "pu.csv" else source.read(entry)
            target.writestr(entry, content)
    fixed = take_file(application, "errors-october.zip", packed.getvalue())
    assert isinstance(fixed, Taken) and (fixed.status, fixed.findings) == ("accepted", ()) and fixed.new_records == len(right)
    assert fixed.released.get("reading", 0) > 0, "readings that waited for these meters are there"
    with transaction(application.engine) as connection:
        serials = {meter.serial for meter in read_bodies(connection, Meter, provider_id=fixed.provider.provider_id)}  # type: ignore[union-attr]
    assert serials == {row[6] for row in _rows((TOWN / ARCHIVE).read_bytes(), "pu.csv")[1:]}
    history = intake_history(application.engine)
    assert [(file.name, file.status, file.errors, file.is_increment) for file in history] == [
        ("errors-october.zip", "accepted", 0, True),
        ("october.zip", "accepted_with_errors", 2, False),
    ]


def test_a_right_archive_has_no_errors_file() -> None:
    assert errors_file((TOWN / ARCHIVE).read_bytes(), []) is None


def test_the_commands_show_the_history_and_write_the_file(erkc: Run, tmp_path: Path) -> None:
    code, out, _ = erkc("intake", "history")
    assert code == 0 and "Ни одного файла не принято" in out
    assert erkc("region", "load", str(TOWN / "zarechinsk.region.json"))[0] == 0
    assert erkc("take", str(TOWN / "zarechinsk-2026-10-broken-references.zip"))[0] == 1
    code, out, _ = erkc("intake", "history", "--json")
    [file] = json.loads(out)
    assert code == 0 and file["status"] == "accepted_with_errors" and file["errors"] > 0 and file["sender"] and file["month"] == "2026-10"
    inn = json.loads((TOWN / "zarechinsk.region.json").read_text(encoding="utf-8"))["senders"][0]["inn"]
    assert json.loads(erkc("intake", "history", "--sender", inn, "--month", "2026-10", "--json")[1]) == [file]
    target = tmp_path / "back.zip"
    assert erkc("intake", "errors", str(file["message"]), "--out", str(target))[0] == 0
    with zipfile.ZipFile(target) as archive:
        assert {"_info.csv", "_filelist.csv", "errors.csv"} < set(archive.namelist()) and "oplata.csv" not in archive.namelist()
    code, _, said = erkc("intake", "history", "--sender", "1")
    assert code == 1 and "IN-0114" in said


def test_a_bank_file_stands_in_the_history_by_its_profile_and_rows(erkc: Run) -> None:
    assert erkc("take", str(BANKS / "sber" / "valid.txt"))[0] in (0, 1)
    [file] = json.loads(erkc("intake", "history", "--json")[1])
    assert file["sender"] == "реестр платежей, профиль sber-delimited"
    assert 0 < file["rows"] < 1000, "rows are counted, not their kopecks"

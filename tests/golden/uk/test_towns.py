"""The sample archives: exactly the findings, statuses and money that they are expected to give."""

from __future__ import annotations

import csv
import io
import json
import statistics
import time
import zipfile
from collections import deque
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pytest

from adapters.contract import Parsed, RawMessage
from adapters.uk.archives import UkArchives
from adapters.uk.knowledge import RegionKnowledge
from adapters.uk.region import RegionAdapter
from core.model.finding import Finding
from core.model.records import ApprovedTariff, Record, RegisteredSender
from core.payments.totals import money_of

EXAMPLES = Path(str(files("examples") / "town"))
VALID = "zarechinsk-2026-10-valid.zip"
BROKEN: Mapping[str, dict[str, object]] = json.loads((EXAMPLES / "zarechinsk-2026-10-broken.expected.json").read_text(encoding="utf-8"))
MOST_TIMES_BARE = 100
"""Reading with every check may take so many times as bare ``csv`` of the same rows takes just then (measured: 27–37); seconds would
say how busy the machine is."""


def knowledge(region: Path) -> RegionKnowledge:
    """Senders and tariffs of a region file."""
    bodies = [item.body for item in RegionAdapter().parse(RawMessage(region.name, region.read_bytes()), {}) if isinstance(item, Record)]
    senders = tuple(body for body in bodies if isinstance(body, RegisteredSender))
    return RegionKnowledge(senders, tuple(body for body in bodies if isinstance(body, ApprovedTariff)))


def parse(archive: Path, region: Path) -> tuple[list[Finding], list[Record], Parsed]:
    said = list(UkArchives(knowledge(region)).parse(RawMessage(archive.name, archive.read_bytes()), {}))
    parsed = said[-1]
    assert isinstance(parsed, Parsed)
    return [item for item in said if isinstance(item, Finding)], [item for item in said if isinstance(item, Record)], parsed


def bare_reading(archive: Path) -> float:
    """Processor seconds that unpacking and splitting all rows takes, with nothing looked at."""
    start = time.process_time()
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            if name.endswith(".csv"):
                deque(csv.reader(io.StringIO(opened.read(name).decode("cp1251"), newline=""), delimiter=";"), maxlen=0)
    return time.process_time() - start


def plain(found: Finding) -> dict[str, object]:
    row: dict[str, object] = {
        "file": found.position.file, "row": found.position.row, "field": found.field, "code": found.code, "severity": found.severity,
        "effect": found.effect,
    }  # fmt: skip
    return row | ({"dependents": dict(found.dependents)} if found.code == "F4-045" else {})


def without_notes(findings: object) -> list[dict[str, object]]:
    assert isinstance(findings, list)
    return [{key: value for key, value in found.items() if key != "note"} for found in findings]


def test_the_valid_archive() -> None:
    expected = json.loads((EXAMPLES / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))
    bare = statistics.median(bare_reading(EXAMPLES / VALID) for _ in range(5))
    start = time.process_time()
    findings, records, parsed = parse(EXAMPLES / VALID, EXAMPLES / "zarechinsk.region.json")
    assert time.process_time() - start <= MOST_TIMES_BARE * bare
    assert (parsed.status, findings, parsed.suspended) == ("accepted", [], {})
    assert parsed.counts == expected["sections"][VALID]
    assert len(records) == sum(parsed.counts.values()) - 1, "every row but that of _info is a record"
    assert {record.state for record in records} == {"accepted"}
    assert parsed.header["period"] == "2026-10"


@pytest.mark.parametrize("name", BROKEN)
def test_broken_archives(name: str) -> None:
    expected = BROKEN[name]
    findings, records, parsed = parse(EXAMPLES / name, EXAMPLES / "zarechinsk.region.json")
    assert [plain(found) for found in findings] == without_notes(expected["findings"])
    assert parsed.status == expected["archive_status"]
    if "money" in expected:
        assert money_of(records, parsed.suspended).as_dict() == expected["money"]
    else:
        assert not records
    assert all(found.message and found.hint for found in findings)
    assert all(found.value for found in findings if found.field is not None and found.code not in ("F4-017", "F4-031", "F4-034"))


@pytest.mark.parametrize("name", ["slobodka-2026-10-uk.zip", "slobodka-2026-10-rso.zip"])
def test_the_second_town(shared: Path, name: str) -> None:
    folder = shared / "examples" / "uk"
    expected = json.loads((folder / "slobodka-2026-10-valid.expected.json").read_text(encoding="utf-8"))
    findings, records, parsed = parse(folder / name, folder / "slobodka.region.json")
    assert parsed.status == expected["validation"][name]["archive_status"]
    assert [plain(found) for found in findings] == without_notes(expected["validation"][name]["findings"])
    assert parsed.counts == expected["sections"][name]
    assert len(records) == sum(parsed.counts.values()) - 1

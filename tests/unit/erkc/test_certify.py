"""``erkc adapters certify`` for outsiders: what keeps the contract is said to, and each broken promise is named."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.contract import Identification, Parsed, RawMessage
from core.errors import ConfigError
from core.model.finding import Finding, Position
from core.model.records import Reading, Record
from erkc.adapters import PARSERS
from erkc.certify import adapter_named, certify
from erkc.cli.main import application
from tests.contract.samples import samples_of
from tests.docs.test_adapter_example import GOOD, example
from tests.unit.adapters.uk.small_archive import small_archive

MESSAGE = RawMessage("a.txt", b"MINE;1\n1\n2\n")


class Careless:
    """Breaks the promise that it is told to break."""

    name = "careless"

    def __init__(self, fault: str = "") -> None:
        self.fault, self.times = fault, 0

    def identify(self, message: RawMessage) -> Identification:
        return Identification(message.data.startswith(b"MINE") and self.fault != "identified", "" if self.fault == "reason" else "потому")

    def parse(self, message: RawMessage, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        self.times += 1
        if self.fault == "pure":
            socket.socket().close()
        if self.fault == "crash" or (self.fault == "damaged" and message.data != MESSAGE.data):
            raise ValueError("so")
        for n in range(self.times if self.fault == "deterministic" else 2):
            key = "1" if self.fault == "keys" else str(n)
            yield Record(key, Position(message.name, n + 1), Reading("m", None, n, source=None, zone=None), valid_from=None)  # type: ignore[arg-type]
        if self.fault == "finding":
            yield Finding(Position(message.name, 1), "X-1", "warning", "ignore", value="", message="", hint="")
        if self.fault != "end":
            yield Parsed("accepted", {}, {})


@pytest.mark.parametrize(
    ("fault", "check"),
    [("", ""), ("identified", "identified"), ("reason", "identified"), ("crash", "complete"), ("keys", "complete"), ("end", "complete"),
     ("finding", "complete"), ("deterministic", "deterministic"), ("pure", "pure"), ("damaged", "damaged")],
)  # fmt: skip
def test_a_broken_promise_is_named(fault: str, check: str) -> None:
    found = certify(MESSAGE, PARSERS, own=Careless(fault))
    assert {one.name for one in found.checks if one.faults} >= ({check} if check else set())
    assert found.holds is (not check)


def test_an_archive_is_damaged_inside_its_files_too() -> None:
    found = certify(small_archive().pack(), PARSERS)
    assert found.holds and found.is_clean and found.adapter == "uk.format4" and found.records > 50
    refused, read = (int(word.split()[1]) for word in found.checks[-1].note.split(", ")[1:])
    assert refused > 5 and read > 5, "copies that are not refused by their checksums are read"


def test_a_file_of_nobody_and_one_with_errors_are_told(tmp_path: Path) -> None:
    assert not certify(RawMessage("x.txt", b"nothing"), PARSERS).holds
    bad = next(one for one in samples_of("uk.acts") if not one.is_valid)
    found = certify(bad.message, PARSERS)
    assert found.holds and not found.is_clean and found.findings


def test_an_adapter_of_an_outsider_stands_where_the_command_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "readings_example.py").write_text(example("adapter"), encoding="utf-8")
    (tmp_path / GOOD.name).write_bytes(GOOD.data)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ERKC_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    arguments = ["adapters", "certify", GOOD.name, "--adapter", "readings_example:MeterReadings", "--json"]
    ran = CliRunner().invoke(application, arguments)
    (said,) = json.loads(ran.stdout)
    assert (ran.exit_code, said["adapter"], said["holds"], said["clean"], said["records"]) == (0, "readings", True, True, 2)
    with pytest.raises(ConfigError, match="IN-0118"):
        adapter_named("no.such:Thing", PARSERS)
    with pytest.raises(ConfigError, match="IN-0103"):
        adapter_named("nobody", PARSERS)

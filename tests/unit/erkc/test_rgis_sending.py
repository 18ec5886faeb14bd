"""Unloads over HTTP to a region that fails: there is one import all the same, volumes go on where they stopped, outcomes are told apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.format4.layout import layout_for
from adapters.format4.writer import zip_archive
from adapters.rgis.packages import Packages, read_log, volumes
from adapters.rgis.profile import RegionProfile, read_profile
from config import regions
from core import archive
from core.errors import ConfigError
from core.ids import CENTRE
from core.services.regional import SendRun, Standing, prepare_unload, send_unloads, standing
from core.storage.engine import transaction
from erkc.application import Application
from erkc.stands.rgis import Rule
from tests.unit.erkc.conftest import database_copy
from tests.unit.erkc.rgis_region import region

NAME = "0077000116-2026-10-001-full.zip"
PROFILE = RegionProfile("стенд", volume_bytes=700, part_bytes=300)


@dataclass
class _Clock:
    at: datetime = field(default_factory=lambda: datetime(2026, 11, 4, 6, tzinfo=UTC))

    def now(self) -> datetime:
        return self.at


def _archive() -> bytes:
    """A small archive, another one every time."""
    layout, _ = layout_for("4.0.6.2")
    info = ["4.0.6.2", "0077000116", "007701001", "1260077000072", "РЦ", "K", "2026", "10", "04.11.2026 06:00:00", "Тест", "+7", "36"]
    rows = [[str(n), f"Единица {n}", f"ед{n * 7919}", "", ""] for n in range(1, 120)]
    return zip_archive(layout, [*info, f"erkc {uuid4()}", "1"], {"dictmeasure": rows})


@pytest.fixture(scope="module")
def base(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    with database_copy(server_url, template_database, tmp_path_factory.mktemp("rgis")) as (_, found):
        yield found


def _begin(base: Application, data: bytes) -> None:
    with transaction(base.engine) as connection:
        at = datetime(2026, 11, 4, 6, tzinfo=UTC)
        stored = archive.store(connection, data=data, name=NAME, channel="rgis", direction="out", provider_id=CENTRE, at=at)
        prepare_unload(connection, provider_id=CENTRE, name=NAME, message_id=stored.message_id, sha256=stored.sha256.hex(), at=at)


def _run(
    base: Application, url: str, *, profile: RegionProfile = PROFILE, times: int = 12, token: str = "stand"
) -> tuple[list[SendRun], Standing]:
    """Run the outbox again and again, each time an hour later."""
    clock, runs = _Clock(), []
    for _ in range(times):
        runs.append(send_unloads(base.engine, carrier=Packages(url, token, profile, timeout_s=5), read_log=read_log, clock=clock))
        clock.at += timedelta(hours=1)
        if not runs[-1].waiting:
            break
    with transaction(base.engine) as connection:
        return runs, standing(connection)[-1]


FAULTS = [
    *(Rule("upload", *each) for each in (("cut", 0), ("cut", 3), ("lost_answer", 1), ("http_502", 2), ("http_502_after", 0))),
    *(Rule("start", fault, times=2) for fault in ("lost_answer", "http_502", "http_502_after", "cut", "busy")),
    *(Rule("status", fault) for fault in ("lost_answer", "http_502")),
    Rule("known", "cut"),
    Rule("download", "http_502", times=3),
]


@pytest.mark.parametrize("rule", FAULTS, ids=lambda rule: f"{rule.operation}-{rule.fault}-{rule.after}")
def test_whatever_fails_one_import_is_done(base: Application, tmp_path: Path, rule: Rule) -> None:
    data = _archive()
    assert len(volumes(NAME, len(data), PROFILE.volume_bytes)) > 2
    with region(tmp_path, replace(rule)) as (stand, url):
        _begin(base, data)
        runs, last = _run(base, url)
        contents = stand.contents()
    assert (last.state, last.code, runs[-1].waiting) == ("done", "", 0)
    assert any(run.trouble is not None for run in runs) or rule.operation == "status"
    assert [task["status"] for task in contents["tasks"]] == [30] and contents["rows"] == {"0077000116": {"dictmeasure": 119}}
    assert contents["calls"]["upload"] <= -(-len(data) // PROFILE.part_bytes) + len(volumes(NAME, len(data), 700)) + 1, (
        "only what is missing"
    )


@pytest.mark.parametrize(("fault", "state", "code"), [("refuse", "failed", "RGIS-0202"), ("federal", "done", "RGIS-0203")])
def test_three_outcomes_are_told_apart(base: Application, tmp_path: Path, fault: str, state: str, code: str) -> None:
    with region(tmp_path, Rule("start", fault)) as (_, url):
        _begin(base, _archive())
        _, last = _run(base, url)
    assert (last.state, last.code) == (state, code) and last.task and len(last.errors) == 1
    with transaction(base.engine) as connection:
        assert archive.find_named(connection, channel="rgis", start=f"{NAME}.log", direction="in"), "the log is kept"


def test_an_archive_that_is_not_true_is_refused_by_the_stand_itself(base: Application, tmp_path: Path) -> None:
    with region(tmp_path) as (_, url):
        _begin(base, _archive()[:-400])
        _, last = _run(base, url)
    assert (last.state, last.code) == ("failed", "RGIS-0202") and last.errors[0]["code"] == "1502"


def test_a_wrong_token_stops_and_loses_nothing(base: Application, tmp_path: Path) -> None:
    with region(tmp_path) as (_, url):
        _begin(base, _archive())
        with pytest.raises(ConfigError, match="RGIS-0103"):
            _run(base, url, token="чужой".encode().hex())
        clock = _Clock()
        clock.at += timedelta(days=1)
        run = send_unloads(base.engine, carrier=Packages(url, "stand", PROFILE), read_log=read_log, clock=clock)
        assert run.started == 1 and run.trouble is None
        _run(base, url)


def test_a_region_that_knows_no_repeats_is_not_asked_twice(base: Application, tmp_path: Path) -> None:
    profile = replace(read_profile("slobodka", regions.rgis_profile("slobodka") or b""), volume_bytes=700)
    assert not profile.idempotent and not profile.resumable
    with region(tmp_path, Rule("start", "lost_answer")) as (stand, url):
        _begin(base, _archive())
        runs, last = _run(base, url, profile=profile, times=4)
        assert (last.state, last.code) == ("lost", "RGIS-0304") and len(stand.contents()["tasks"]) == 1
        assert runs[-1].waiting == 1 and stand.contents()["calls"]["start"] == 1


@pytest.mark.parametrize(
    "text",
    ['title = "x"\nnew = 1', "", 'title = "x"\npart_bytes = "8"', 'title = "x"\nchecksum = "crc"', 'title = "x"\nvolume_bytes = 4294967296',
     'title = "x"\nstart = "import"'],
)  # fmt: skip
def test_a_profile_is_read_strictly(text: str) -> None:
    with pytest.raises(ConfigError, match="RGIS-0101"):
        read_profile("p.toml", text.encode())


def test_profiles_of_regions_are_right_and_no_part_of_what_region_load_takes() -> None:
    for name in regions.names():
        assert regions.RGIS not in regions.contents(name)
        if (data := regions.rgis_profile(name)) is not None:
            assert read_profile(name, data).title

"""Files that come in by themselves: archived, taken, answered, moved, in this order; a crash between takes nothing twice; SFTP too."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncssh
import pytest
from sqlalchemy import text

from adapters.banks.adapter import BankFiles
from adapters.banks.profile import profile_named
from adapters.banks.protocol import Acceptance, render_protocol
from adapters.contract import RawMessage
from config.schedules import load_schedule
from config.settings import SftpSettings, load
from core import jobs
from core.clock import FixedClock
from core.errors import ConfigError, TransientError
from core.model.finding import Finding, Position
from core.services.bank_day import closed_bank_days
from core.services.payments import BankImport, import_bank_file
from core.storage.engine import application_engine, transaction
from erkc.application import Application
from erkc.collecting import Collected, take_inbox
from erkc.jobs import registry
from erkc.sftp_boxes import open_sftp_box
from erkc.worker import run_slot
from tests.conftest import Database

GOLDEN = Path(__file__).parents[2] / "golden" / "banks"
NOW = datetime(2026, 11, 12, 6, tzinfo=UTC)


@pytest.fixture
def application(database: Database, tmp_path: Path) -> Iterator[Application]:
    """Nothing is known: every payment goes to suspense."""
    engine = application_engine(database.url)
    yield Application(load(home=tmp_path / "home", environment={}), engine, FixedClock(NOW), database.url)
    engine.dispose()


def put(application: Application, sample: str, name: str, folder: str = "") -> None:
    place = application.home / "inbox" / folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes((GOLDEN / sample).read_bytes())


def state(application: Application) -> dict[str, object]:
    """What the database holds, by content."""
    with application.engine.connect() as connection:
        tables = {
            "entries": "SELECT count(*), sum(('x' || substr(encode(content_sha256, 'hex'), 1, 8))::bit(32)::bigint) FROM entry",
            "postings": "SELECT count(*), sum(amount) FROM posting",
            "payments": "SELECT count(*), sum(amount) FROM record_registry_payment",
            "messages": "SELECT count(*), string_agg(encode(sha256, 'hex'), ' ' ORDER BY sha256) FROM message",
        }
        return {name: tuple(connection.execute(text(statement)).one()) for name, statement in tables.items()}


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def taken(application: Application) -> list[Collected]:
    collected, lost = take_inbox(application)
    assert lost == []
    return collected


def test_a_file_is_archived_answered_and_moved(application: Application) -> None:
    put(application, "sber/duplicate-operation-id.txt", "a.txt")
    put(application, "sber/bad-control-sum.txt", "b.txt")
    put(application, "sber/valid.txt", ".c.txt")
    inbox = application.home / "inbox"
    good, bad = taken(application)
    assert (good.status, good.is_refused, bad.status, bad.is_refused) == ("partial", False, "rejected", True)
    assert files(inbox) == [".c.txt", "done/a.txt", "protocols/a.txt.protocol.txt", "protocols/b.txt.protocol.txt", "refused/b.txt"]
    lines = (inbox / "protocols" / "a.txt.protocol.txt").read_bytes().decode("cp1251").split("\r\n")
    head = dict(line[1:].split(" ", 1) for line in lines if line.startswith("#"))
    assert (head["STATUS"], head["TOTAL"], head["SUSPENSE"], head["REPEATED"]) == (
        "ПРИНЯТ ЧАСТИЧНО",
        "7;17134.27",
        "6;16154.22",
        "1;980.05",
    )
    assert head["FILE"] == "a.txt" and len(head["SHA256"]) == 64 and head["POSTED"] == "0;0.00"
    [repeated] = [line.split(";") for line in lines if "DUPLICATE_OPERATION_ID" in line]
    assert repeated[:5] == ["7", "7A26031600000002", "000100200302", "980.05", "DUPLICATE_OPERATION_ID"]
    refusal = (inbox / "protocols" / "b.txt.protocol.txt").read_bytes().decode("cp1251")
    assert "#STATUS ОТКЛОНЁН" in refusal and "CONTROL_SUM_MISMATCH" in refusal
    put(application, "sber/duplicate-operation-id.txt", "a.txt")
    before = state(application)
    [again] = taken(application)
    assert again.moved_to.endswith("done/a-2.txt") and state(application) == before, "the same file again: the same answer, nothing new"


def test_the_folder_of_a_contract_is_read_with_its_profile(application: Application) -> None:
    put(application, "reconcile/registry-202.txt", "registry-202.txt", "pipe-fee-billed")
    put(application, "pipe/valid.txt", "valid.txt", "not-a-profile")
    [one] = taken(application)
    assert one.status in ("ok", "partial") and one.moved_to.endswith("pipe-fee-billed/done/registry-202.txt")
    assert one.protocol.endswith("pipe-fee-billed/protocols/registry-202.txt.protocol.txt")
    with application.engine.connect() as connection:
        assert connection.execute(text("SELECT DISTINCT profile FROM record_payment_registry")).scalars().all() == ["pipe-fee-billed"]


class Crash(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("where", ["taken", "answered", "moved"])
def test_a_crash_between_archive_and_move_takes_nothing_twice(application: Application, where: str) -> None:
    put(application, "sber/valid.txt", "a.txt")

    def crash(name: str) -> None:
        if name == where:
            raise Crash

    with pytest.raises(Crash):
        take_inbox(application, failpoint=crash)
    inbox = application.home / "inbox"
    assert (inbox / "a.txt").exists() is (where != "moved")
    taken(application)
    assert files(inbox) == ["done/a.txt", "protocols/a.txt.protocol.txt"]
    after = state(application)
    assert after["payments"] == (6, 1615422) and after["postings"] == (6, 1615422)
    put(application, "sber/valid.txt", "a.txt")
    taken(application)
    assert state(application) == after


def test_an_answer_has_a_line_for_each_row_whatever_the_text() -> None:
    finding = Finding(Position("x.txt", 2), "UNKNOWN_ACCOUNT", "warning", "to_suspense", message="Счёт; ✓\nнет")
    said = Acceptance("x.txt", "0" * 64, NOW, "ok", {"posted": 5, "posted_kop": 100, "suspended": 1, "suspended_kop": 5}, [finding])
    message = RawMessage("x.txt", (GOLDEN / "sber" / "valid.txt").read_bytes())
    data = render_protocol(said, message, BankFiles(profile_named("sber-delimited")))
    assert data == render_protocol(said, message, BankFiles())
    assert "#TOTAL 6;1.05\r\n" in data.decode("cp1251")
    assert data.decode("cp1251").split("\r\n")[-2] == "2;7A26031600000002;000100200302;980.05;UNKNOWN_ACCOUNT;Счёт, ? нет"


@dataclass
class Server:
    """A bank's SFTP server in this process."""

    settings: SftpSettings
    root: Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that knows one key; its folder is ``tmp_path/bank``."""
    root, keys = tmp_path / "bank", tmp_path / "keys"
    root.mkdir()
    keys.mkdir()
    host, user, other = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(3))
    user.write_private_key(str(keys / "user"))
    other.write_private_key(str(keys / "other"))
    (keys / "authorized").write_bytes(user.export_public_key())
    loop = asyncio.new_event_loop()
    started, port = threading.Event(), [0]

    def chroot(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(root).encode())

    async def listen() -> asyncssh.SSHAcceptor:
        acceptor = await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[host], authorized_client_keys=str(keys / "authorized"), sftp_factory=chroot
        )
        port[0] = acceptor.get_port()
        return acceptor

    def serve() -> None:
        asyncio.set_event_loop(loop)
        acceptor = loop.run_until_complete(listen())
        started.set()
        loop.run_forever()
        acceptor.close()
        loop.run_until_complete(acceptor.wait_closed())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert started.wait(10)
    known = f"[127.0.0.1]:{port[0]} {host.export_public_key().decode()}"
    (keys / "known").write_text(known, encoding="utf-8")
    (keys / "foreign").write_text(f"[127.0.0.1]:{port[0]} {other.export_public_key().decode()}", encoding="utf-8")
    yield Server(
        SftpSettings(
            name="bank", host="127.0.0.1", port=port[0], user="erkc", key_file=str(keys / "user"), known_hosts=str(keys / "known"),
            folder="/out", done="/out/done", refused="/out/refused", protocols="/in/protocols", timeout_s=10,
        ),
        root,
    )  # fmt: skip
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)


@contextmanager
def with_sftp(application: Application, *settings: SftpSettings) -> Iterator[Application]:
    yield replace(application, settings=application.settings.model_copy(update={"sftp": settings}))


def test_registries_of_an_sftp_server_are_taken_answered_and_moved_there(application: Application, server: Server) -> None:
    (server.root / "out").mkdir()
    for name in ("valid", "bad-control-sum"):
        (server.root / "out" / f"{name}.txt").write_bytes((GOLDEN / "sber" / f"{name}.txt").read_bytes())
    (server.root / "out" / ".half.txt").write_bytes(b"1")
    put(application, "pipe/valid.txt", "pipe.txt")
    unreachable = server.settings.model_copy(update={"name": "gone", "port": 1})
    with_profile = server.settings.model_copy(update={"profile": "sber-delimited"})
    with with_sftp(application, with_profile, unreachable) as extended:
        collected, lost = take_inbox(extended)
        assert [error.code for error in lost] == ["IN-0211"]
        assert sorted((one.name, one.is_refused) for one in collected) == [
            ("bad-control-sum.txt", True), ("pipe.txt", False), ("valid.txt", False),
        ]  # fmt: skip
        assert files(server.root) == [
            "in/protocols/bad-control-sum.txt.protocol.txt", "in/protocols/valid.txt.protocol.txt", "out/.half.txt", "out/done/valid.txt",
            "out/refused/bad-control-sum.txt",
        ]  # fmt: skip
        (server.root / "out" / "valid.txt").write_bytes((GOLDEN / "sber" / "valid.txt").read_bytes())
        before = state(extended)
        take_inbox(extended)
        assert state(extended) == before and "out/done/valid-2.txt" in files(server.root)


def test_a_server_that_nobody_has_vouched_for_is_not_spoken_to(server: Server) -> None:
    keys = Path(server.settings.known_hosts).parent
    for change in ({"known_hosts": str(keys / "foreign")}, {"key_file": str(keys / "other")}, {"key_file": str(keys / "none")}):
        with pytest.raises(ConfigError) as caught, open_sftp_box(server.settings.model_copy(update=change)):
            pass
        assert caught.value.code == "IN-0212"
    with pytest.raises(TransientError) as gone, open_sftp_box(server.settings) as box:
        box.read("missing.txt")
    assert gone.value.code == "IN-0211"


def test_the_planned_job_takes_the_boxes_and_tells_what_stands_in_the_way(application: Application, server: Server) -> None:
    put(application, "sber/valid.txt", "a.txt")
    table = {"title": "т", "cron": "* * * * *", "catch_up": "latest", "lease_s": 60}
    schedule = jobs.parse_schedule({"timezone": "UTC", "jobs": {"take_inbox": table}}, source="test")
    with transaction(application.engine) as connection:
        [slot] = jobs.open_slots(connection, schedule, NOW, "test")
    unreachable = server.settings.model_copy(update={"name": "gone", "port": 1})
    with with_sftp(application, unreachable) as extended:
        leases = {"take_inbox": timedelta(seconds=60)}
        assert run_slot(application.engine, slot, registry=registry(extended), leases=leases, clock=application.clock)
    with application.engine.connect() as connection:
        state_now, note = connection.execute(text("SELECT state, note FROM schedule_slot")).one()
    assert state_now == "done" and note.startswith("Принято файлов: 1, из них отклонено: 0.") and "Препятствие: IN-0211" in note
    assert "done/a.txt" in files(application.home / "inbox")


def test_the_planned_job_closes_the_day_that_is_due_and_reports_both_lists(application: Application) -> None:
    put(application, "reconcile/registry-206.txt", "r.txt")
    put(application, "reconcile/statement.txt", "s.txt")
    assert not any(one.is_refused for one in take_inbox(application)[0])
    schedule = [job for job in load_schedule() if job.kind == "close_day"]
    notes = []
    for now in (datetime(2026, 11, 12, 15, tzinfo=UTC), datetime(2026, 11, 12, 16, tzinfo=UTC), datetime(2026, 11, 16, 15, tzinfo=UTC)):
        with transaction(application.engine) as connection:
            opened = jobs.open_slots(connection, schedule, now, "test")
        for slot in opened:
            assert run_slot(
                application.engine,
                slot,
                registry=registry(replace(application, clock=FixedClock(now))),
                leases={"close_day": timedelta(seconds=60)},
                clock=FixedClock(now),
            )
            with application.engine.connect() as connection:
                notes.append(
                    connection.execute(text("SELECT state, note FROM schedule_slot WHERE planned_at = :at"), {"at": slot.planned_at}).one()
                )
    with application.engine.connect() as connection:
        thursday, monday = closed_bank_days(connection)
    assert [(one.day, one.actor) for one in (thursday, monday)] == [
        (date(2026, 11, 11), "расписание"),
        (date(2026, 11, 15), "расписание"),
    ], "the day before; on Monday the weekend too"
    assert [state for state, _ in notes] == ["done", "done"]
    assert notes[0].note.startswith(
        "День 11.11.2026 закрыт. Есть в реестрах, нет в выписке: 1 на 10.00 руб. (реестр 206, Учебный платёжный агент — 10.00). "
        "Есть в выписке, нет в реестрах: 6 на 15879.14 руб. (документ 601, Учебный платёжный агент — 1556.52; "
    )
    assert notes[1].note == notes[0].note.replace("11.11.2026", "15.11.2026"), "what stands in transit stands in every day's report"


def test_each_valid_sample_is_posted_once_whatever_bytes_bring_it_again(application: Application) -> None:
    """Every sample of the published contract that is not refused; then all of them again, and some re-encoded or written anew."""
    expected = {path: json.loads(path.read_text(encoding="utf-8")) for path in sorted(GOLDEN.glob("*/*.expected.json"))}
    samples = {
        path.with_name(path.name.removesuffix(".expected.json")): document["format"]
        for path, document in expected.items()
        if document["status"] == "ok" and not document["format"].startswith("charges-out")
    }
    accounts = json.loads((GOLDEN / "accounts.json").read_text(encoding="utf-8"))["settlement_accounts"]

    def take(name: str, data: bytes, profile: str) -> BankImport:
        reader = BankFiles(profile_named(profile))
        return import_bank_file(
            application.engine, reader=reader, message=RawMessage(name, data), clock=application.clock, own_accounts=accounts
        )

    done = {path: take(path.name, path.read_bytes(), profile) for path, profile in samples.items()}
    posted = {path: one.count("posted") + one.count("suspended") for path, one in done.items()}
    assert len(samples) > 20 and sum(posted.values()) > 60
    before = state(application) | {"messages": None}
    for path, profile in samples.items():
        again = take(f"again-{path.name}", path.read_bytes(), profile)
        assert not again.is_new, path
    other_bytes = {
        "sber/valid.txt": (GOLDEN / "sber/valid.txt").read_bytes().decode("cp1251").encode(),
        "agents-json/valid.json": json.dumps(json.loads((GOLDEN / "agents-json/valid.json").read_bytes()), indent=5).encode(),
    }
    for name, data in other_bytes.items():
        copy = take(f"copy-of-{Path(name).name}", data, samples[GOLDEN / name])
        assert copy.is_new and copy.count("posted") + copy.count("suspended") == 0 and copy.count("repeated") > 0, name
    assert state(application) | {"messages": None} == before

"""The proof package: it holds for every payer, shows nobody else's data, and any change of it is refused, also one that is made up well.

The checks of whole packages run ``erkc/proof/verify.py`` as it is shipped: in a clean interpreter (``python -I``, no site packages) where a
process is worth it, in this one where there are a thousand.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core import archive
from core.clock import FixedClock
from core.errors import InputError, InvariantError
from core.ids import MessageId, ProviderId
from core.services.issue import issue_month
from core.storage.engine import owner_engine, transaction
from erkc.application import Application
from erkc.cli.options import law
from erkc.issue import issue_bills
from erkc.proof.letter import letter
from erkc.proof.package import Proof, make_proof
from erkc.proof.verify import MANIFEST, Anchors, Refused, kopecks, manifest_of, pack, unpack, verify
from tests.unit.erkc.conftest import ARCHIVE, NOW, OCTOBER, Run, database_copy
from tests.unit.erkc.test_town_month import EXPECTED

METERED, UNMETERED = "41100000011", "41100001050"
NUMBERS: list[str] = list(EXPECTED["accounts"])
NEXT_DAY = NOW + timedelta(days=1)


@pytest.fixture(scope="module")
def issued_template(server_url: str, charged_template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """October issued besides."""
    with database_copy(server_url, charged_template, tmp_path_factory.mktemp("issued"), keep=True) as (name, application):
        scope = {"law": law(), "series": "ЕПД", "issued_on": date(2026, 11, 4), "clock": application.clock}
        issue_month(application.engine, provider_id=ProviderId(1), month=OCTOBER, **scope)
    return name


@pytest.fixture
def issued(server_url: str, issued_template: str, tmp_path: Path) -> Iterator[Application]:
    """October issued; it is the day after the messages came."""
    with database_copy(server_url, issued_template, tmp_path) as (_, application):
        yield dataclasses.replace(application, clock=FixedClock(NEXT_DAY))


@pytest.fixture(scope="module")
def standard(server_url: str, issued_template: str, tmp_path_factory: pytest.TempPathFactory) -> Proof:
    """One sealed package, for the tests that only look at it."""
    with database_copy(server_url, issued_template, tmp_path_factory.mktemp("standard")) as (_, application):
        return proof_of(dataclasses.replace(application, clock=FixedClock(NEXT_DAY)))


def proof_of(application: Application, account: str = METERED) -> Proof:
    return make_proof(application, account=account, month=OCTOBER, law=law())


def checked(proof: Proof | bytes, **anchors: str) -> tuple[bool, str]:
    """Whether a package holds, and what the check says."""
    report = verify(unpack(proof if isinstance(proof, bytes) else proof.data), Anchors(**anchors))
    return report.is_good, "\n".join(f"{kind} {told}" for kind, told in report.told)


def forged(proof: Proof, name: str, change: Callable[[Any], None]) -> bytes:
    """A package whose document was changed and whose list of hashes was made anew, as its author could."""
    members = {key: data for key, data in unpack(proof.data).items() if key != MANIFEST}
    value = json.loads(members[name])
    change(value)
    padded = {"ensure_ascii": False, "sort_keys": True}
    compact = json.dumps(value, separators=(",", ":"), **padded) if name == "bill.json" else json.dumps(value, **padded)
    members[name] = compact.encode()
    return pack({**members, MANIFEST: manifest_of(members)})


def test_a_clean_interpreter_verifies_the_package_from_the_archive_and_from_its_folder(standard: Proof, tmp_path: Path) -> None:
    made = standard
    place, folder = tmp_path / "proof.zip", tmp_path / "unpacked"
    place.write_bytes(made.data)
    for name, data in unpack(made.data).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    seal, code = made.source.seals[-1].chain.hex(), made.source.bill.content_sha256.hex()[:16]

    def run(*command: str | Path, where: Path = tmp_path) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-I", "-S", *command], check=False, cwd=where, capture_output=True, encoding="utf-8", timeout=60
        )
        assert done.stderr == ""
        return done.returncode, done.stdout

    given = ("--root", seal, "--bill", code, "--package", made.code)
    for told in (run(place, *given), run("verify.py", *given, where=folder), run(folder / "verify.py", place, *given)):
        assert told[0] == 0
        assert "ВЕРДИКТ: всё сошлось." in told[1]
        assert f"с печатью дня {NOW:%Y-%m-%d}, данной в --root" in told[1]
        assert "запечатано сообщений 2 из 2" in told[1]
    assert sorted(path.name for path in folder.iterdir()) == sorted({name.split("/")[0] for name in unpack(made.data)})
    alone = run(place)
    assert alone[0] == 0
    assert "ни с чем" in alone[1]
    for wrong in (("--root", "0" * 64), ("--bill", code[:-1] + "x"), ("--bill", code[:8]), ("--package", "0" * 64)):
        assert run(place, *wrong)[0] == 1, wrong
    assert run(place, "--unknown")[0] == 2
    assert run(folder / "verify.py", tmp_path / "absent.zip")[0] == 2
    code_of_json, document = run(place, "--json")
    assert (code_of_json, json.loads(document)["ok"]) == (0, True)
    rows = run(place, "--rows")[1]
    assert "kvar.csv, строка 1" in rows
    assert f";{METERED};" in rows
    (folder / "extra.txt").write_text("?")
    assert run("verify.py", where=folder)[0] == 1


@pytest.mark.long
def test_every_payer_of_the_town_has_a_package_that_holds(issued: Application) -> None:
    prices = 0
    for number in NUMBERS[::6]:
        good, told = checked(proof_of(issued, number))
        assert good, (number, told)
        prices += int(told.split("утверждённых тарифов и цен сверено ")[1].split(";")[0])
    assert prices > 400


def test_the_same_state_gives_the_same_bytes_and_a_number_of_a_bill_is_enough(issued: Application) -> None:
    first = proof_of(issued)
    assert proof_of(issued).data == first.data == proof_of(issued, first.source.bill.number).data


def test_a_package_says_nothing_of_other_accounts(issued: Application) -> None:
    with issued.engine.connect() as connection:
        rows = connection.execute(text("SELECT number, payer_name FROM record_account")).all()
        meters = connection.execute(text("SELECT m.serial, a.number FROM record_meter m JOIN record_account a ON a.record_key = m.account"))
        secrets = [(row.number, {row.number, row.payer_name}) for row in rows] + [(row.number, {row.serial}) for row in meters]
    for number in (METERED, UNMETERED, NUMBERS[-1]):
        members = unpack(proof_of(issued, number).data)
        seen = "\n".join(data.decode("utf-8", "replace") for data in members.values())
        seen += "\n".join(
            base64.b64decode(line["data"]).decode("cp1251") for one in json.loads(members["messages.json"]) for line in one["lines"]
        )
        own = set().union(*(words for owner, words in secrets if owner == number))
        assert number in seen
        assert not [words for owner, words in secrets if owner != number and any(word in seen for word in words - own)]


def test_records_of_another_person_are_named_but_not_shown(issued: Application) -> None:
    """As if a line of one flat rested on a reading of another (a room of a communal flat does)."""
    foreign = "SELECT min(r.record_id) FROM record_reading r JOIN record_meter m ON m.record_key = r.meter WHERE m.account <> '1001'"
    own = "SELECT entity_id FROM entity WHERE kind = 'account' AND entity_key = '1001'"
    owner = owner_engine(issued.engine.url.set(username="erkc_owner"))
    with owner.begin() as connection:
        other = connection.execute(text(foreign)).scalar_one()
        change = f"UPDATE charge_line SET sources = sources || CAST(:other AS bigint) WHERE account_id = ({own})"
        connection.execute(text(change), {"other": other})
    owner.dispose()
    made = proof_of(issued)
    records = json.loads(unpack(made.data)["records.json"])
    assert records[str(other)]["body"] is None
    assert records[str(other)]["lines"] is None
    assert records[str(other)]["key"] is None
    assert records[str(other)]["row"] is not None
    good, told = checked(made)
    assert good
    assert "не показаны: 1" in told


def test_any_changed_byte_of_the_archive_is_refused(standard: Proof) -> None:
    data, chance = standard.data, random.Random(20261104)
    places = chance.sample(range(len(data)), 1000)
    programs = {name: data.index(unpack(data)[name]) for name in standard.program}
    for name, start in programs.items():
        size = len(unpack(data)[name])
        inside = [place for place in places if start <= place < start + size]
        assert inside or size < len(data) // 100, f"{name}: none of the thousand"
        places += [start, start + size // 2, start + size - 1]
    for place in places:
        changed = bytearray(data)
        changed[place] ^= chance.randrange(1, 256)
        with pytest.raises(Refused):
            unpack(bytes(changed))
    for other in (data[:-1], data + b"\0", b"\0" + data, data[:5000] + data[5001:]):
        with pytest.raises(Refused):
            unpack(other)


@pytest.mark.parametrize("method", [8, 9, 12, 14, 93, 99])
def test_a_member_that_claims_to_be_packed_is_refused(standard: Proof, method: int) -> None:
    changed = bytearray(standard.data)
    changed[changed.rindex(b"PK\x01\x02") + 10] = method
    with pytest.raises(Refused):
        unpack(bytes(changed))


def test_any_changed_byte_of_an_unpacked_file_is_refused(standard: Proof) -> None:
    members, chance = unpack(standard.data), random.Random(20261105)
    for _ in range(1000):
        name = chance.choice(list(members))
        changed = bytearray(members[name])
        changed[chance.randrange(len(changed))] ^= chance.randrange(1, 256)
        report = verify({**members, name: bytes(changed)})
        assert not report.is_good, name
    for name in members:
        assert not verify({key: data for key, data in members.items() if key != name}).is_good
    assert not verify({**members, "more.txt": b""}).is_good


def test_a_changed_package_is_refused_by_its_own_program_too(standard: Proof, tmp_path: Path) -> None:
    place, chance = tmp_path / "changed.zip", random.Random(20261106)
    start = len(standard.data) - len(standard.data) // 3
    for n in range(12):
        changed = bytearray(standard.data)
        changed[chance.randrange(start, len(changed))] ^= chance.randrange(1, 256)
        place.write_bytes(changed)
        done = subprocess.run([sys.executable, "-I", "-S", place], check=False, capture_output=True, timeout=60)
        assert done.returncode != 0, n


@pytest.mark.parametrize("name", ["verify.py", "clauses.py", "merkle.py", "bill.json", "manifest.json"])
def test_a_changed_program_is_refused_in_words_before_it_runs(standard: Proof, tmp_path: Path, name: str) -> None:
    """One byte of a file made no Python, or other Python: the first check names the file, from the archive and from its folder."""
    members = unpack(standard.data)
    changed = bytearray(members[name])
    changed[len(changed) // 2] ^= 0x5F
    place, folder = tmp_path / "changed.zip", tmp_path / "folder"
    place.write_bytes(pack({**members, name: bytes(changed)}))
    folder.mkdir()
    for member, data in {**members, name: bytes(changed)}.items():
        (folder / member).parent.mkdir(parents=True, exist_ok=True)
        (folder / member).write_bytes(data)
    for at in (place, folder):
        done = subprocess.run([sys.executable, "-I", "-S", at], check=False, capture_output=True, encoding="utf-8", timeout=60)
        assert (done.returncode, done.stderr) == (1, "")
        assert "ВЕРДИКТ: ПАКЕТ ОТВЕРГНУТ." in done.stdout
        assert name == "manifest.json" or name in done.stdout
    told = subprocess.run([sys.executable, "-I", place, "--json"], check=False, capture_output=True, encoding="utf-8", timeout=60)
    assert json.loads(told.stdout)["ok"] is False


def test_the_command_checks_with_its_own_code_and_runs_no_other(standard: Proof, erkc: Run, tmp_path: Path) -> None:
    """A made-up package whose list of hashes is right: its verify.py would say yes; ours does not run what is not of this version."""
    members = {key: data for key, data in unpack(standard.data).items() if key != MANIFEST}
    good, forged_, lied = tmp_path / "good.zip", tmp_path / "lied.zip", tmp_path / "broken.zip"
    good.write_bytes(standard.data)
    yes = b"def main(arguments, *, place):\n    print('\xd0\xb4\xd0\xb0')\n    return 0\n"
    trap = f"open({str(tmp_path / 'run')!r}, 'w')\n".encode()
    made_up = {**members, "verify.py": yes, "clauses.py": members["clauses.py"] + trap}
    forged_.write_bytes(pack({**made_up, MANIFEST: manifest_of(made_up)}))
    lied.write_bytes(standard.data.replace(b"import base64", b"import bas364"))
    code, out, _ = erkc("proof", "verify", str(good), "--package", standard.code, "--json")
    assert (code, json.loads(out)["ok"], json.loads(out)["foreign_program"]) == (0, True, [])
    code, out, _ = erkc("proof", "verify", str(forged_))
    assert code == 1 and "не исполнялась: verify.py" in " ".join(out.split()) and not (tmp_path / "run").exists()
    assert erkc("proof", "verify", str(forged_), "--trust-program")[0] == 0 and (tmp_path / "run").exists()
    code, out, _ = erkc("proof", "verify", str(lied))
    assert code == 1 and "ПАКЕТ ОТВЕРГНУТ" in out
    assert erkc("proof", "verify", str(good), "--package", "0" * 64)[0] == 1
    assert erkc("proof", "verify", str(tmp_path / "absent.zip"))[0] == 1


def test_the_letter_names_what_is_compared_first(standard: Proof) -> None:
    text_ = letter(standard, "proof.zip")
    members = unpack(standard.data)
    for name in ("__main__.py", "verify.py", "clauses.py", "merkle.py"):
        assert f"{name:<12} {sha256(members[name]).hexdigest()}" in text_
    assert standard.code in text_ and standard.source.seals[-1].chain.hex() in text_


def _first_line(document: Any) -> Any:
    return document["accounts"][0]["lines"][0]


def _maintenance(document: Any) -> Any:
    return next(line for line in document["accounts"][0]["lines"] if line["clause"] == "maintenance")


def _scaled(document: Any) -> None:
    """A line at another tariff, with its sums: consistent in itself, but not with the approved tariff and the bill."""
    line = _maintenance(document)
    values = line["inputs"]["base"][0][0]["values"]
    values["T"] = "1"
    line["base"] = line["total"] = kopecks(Fraction(values["S"]))


FORGERIES: list[tuple[str, Callable[[Any], Any], str]] = [
    ("lines.json", lambda it: _first_line(it).update(base=_first_line(it)["base"] + 1), "по формулам"),
    ("lines.json", lambda it: _first_line(it).update(volume_e6=1), "volume_e6"),
    ("lines.json", lambda it: _first_line(it)["inputs"]["base"][0][0]["values"].update(d="1"), "по формулам"),
    ("lines.json", lambda it: it["accounts"][0]["lines"].pop(), "в счёте"),
    ("lines.json", _scaled, "а утверждён"),
    ("lines.json", lambda it: _first_line(it)["inputs"]["base"][0][0].update(clause="absent"), "не читается"),
    ("bill.json", lambda it: it.update(due=it["due"] - 100), "хеш содержания"),
    ("bill.json", lambda it: it["lines"][0].update(base=0), "не равен сумме граф"),
    ("bill.json", lambda it: it["recipients"][0].update(paid=1), "по расчёту"),
    ("bill.json", lambda it: it["recalculations"].append({"service_id": 1, "reason": "?", "amount": 5}), "не равны своим основаниям"),
    ("records.json", lambda it: it.pop(next(iter(it))), "нет записи"),
    ("records.json", lambda it: next(one for one in it.values() if one["lines"]).update(lines=["kvar.csv", 77, 1]), "нет её строк"),
    ("messages.json", lambda it: it[1]["lines"][0].update(data=base64.b64encode(b"1;2;3\r\n").decode()), "не стоит в сообщении"),
    ("messages.json", lambda it: it[1]["lines"][0].update(place=it[1]["lines"][0]["place"] + 1), "не стоит в сообщении"),
    ("messages.json", lambda it: it[1].update(content_root="00" * 32), "не стоит в сообщении"),
    ("messages.json", lambda it: it[0].update(sha256="00" * 32), "не читается"),
    ("messages.json", lambda it: it[1]["seal"].update(siblings=[]), "путь не ведёт к корню"),
    ("messages.json", lambda it: it.pop(), "нет её сообщения"),
    ("seals.json", lambda it: it["days"][0].update(root="00" * 32), "цепь печатей прервана"),
    ("seals.json", lambda it: it.update(days=[]), "не читается"),
    ("seals.json", lambda it: it["days"][0].update(count=3), "цепь печатей прервана"),
    ("rules.json", lambda it: it["clauses"].clear(), "нет текста правила"),
]


@pytest.mark.parametrize(("name", "change", "why"), FORGERIES, ids=[f"{n}-{why}" for n, (_, _, why) in enumerate(FORGERIES)])
def test_a_package_made_up_anew_does_not_hold(standard: Proof, name: str, change: Callable[[Any], Any], why: str) -> None:
    good, told = checked(forged(standard, name, change))
    assert not good
    assert why in told


def test_a_whole_other_history_is_refused_by_what_the_reader_keeps(
    standard: Proof, server_url: str, issued_template: str, tmp_path: Path
) -> None:
    """Another archive that is consistent in itself: only a seal from outside tells it from the true one."""
    kept = standard.source.seals[-1].chain.hex()
    with database_copy(server_url, issued_template, tmp_path / "other") as (_, other):
        with transaction(other.engine) as connection:
            archive.store(connection, data=b"more", name="x", channel="c", direction="in", provider_id=ProviderId(0), at=NOW)
        made = proof_of(dataclasses.replace(other, clock=FixedClock(NEXT_DAY)))
    assert checked(made)[0]
    good, told = checked(made, root=kept)
    assert not good
    assert "не стоит в цепи пакета" in told


def test_a_limit_of_the_law_is_compared_with_the_law(issued: Application) -> None:
    """A reduction for an interruption takes its percentage from the law."""
    with issued.engine.connect() as connection:
        number = connection.execute(
            text(
                "SELECT a.number FROM charge_line l JOIN entity e ON e.entity_id = l.account_id"
                " JOIN record_account a ON a.record_key = e.entity_key WHERE l.underdelivery > 0 ORDER BY 1 LIMIT 1"
            )
        ).scalar_one()
    made = proof_of(issued, number)
    good, told = checked(made)
    assert good
    assert "параметров закона сверено 0" not in told

    def cheaper(document: Any) -> None:
        for name in [name for name in document if name.endswith("percent_per_hour")]:
            document[name]["values"] = [one | {"value": "9"} for one in document[name]["values"]]

    good, told = checked(forged(made, "law.json", cheaper))
    assert not good
    assert "в законе 9" in told


def test_what_came_today_is_not_sealed_and_the_package_says_so(issued: Application) -> None:
    made = proof_of(dataclasses.replace(issued, clock=FixedClock(NOW)))
    assert [message.name for message in made.source.unsealed] == ["zarechinsk.region.json", ARCHIVE]
    good, told = checked(made)
    assert good
    assert f"НЕ ЗАПЕЧАТАНО: {ARCHIVE}" in told
    good, told = checked(made, root="0" * 64)
    assert not good
    assert "не запечатано: с --root его сверить нельзя" in told


def test_a_later_seal_fixes_an_earlier_message(issued: Application) -> None:
    made = proof_of(dataclasses.replace(issued, clock=FixedClock(NEXT_DAY + timedelta(days=40))))
    for seal in made.source.seals:
        assert checked(made, root=seal.chain.hex())[0]
    assert len(made.source.seals) == 41


def test_a_changed_archive_makes_no_package(issued: Application) -> None:
    proof_of(issued)
    owner = owner_engine(issued.engine.url.set(username="erkc_owner"))
    with owner.begin() as connection:
        connection.execute(text("UPDATE seal_leaf SET content_root = sha256('1') WHERE message_id = 2"))
    owner.dispose()
    with pytest.raises(InvariantError, match="PF-0201"):
        proof_of(issued)


def test_lawfully_dropped_bytes_leave_a_package_with_hash_and_seal_only(issued: Application) -> None:
    proof_of(issued)
    owner = owner_engine(issued.engine.url.set(username="erkc_owner"))
    with owner.begin() as connection:
        archive.drop(connection, MessageId(2), basis="152-ФЗ ст. 21", at=NEXT_DAY)
    owner.dispose()
    made = proof_of(issued)
    good, told = checked(made, root=made.source.seals[-1].chain.hex())
    assert good
    assert "целиком 1, строк 0" in told
    assert "запечатано сообщений 2 из 2" in told


def test_unknown_accounts_and_months_without_a_bill_are_told(issued: Application, charged_town: Application) -> None:
    with pytest.raises(InputError, match="PF-0101"):
        proof_of(issued, "0000")
    with pytest.raises(InputError, match="PF-0102"):
        proof_of(charged_town)


@pytest.mark.long
def test_the_command_writes_the_file_and_tells_how_to_check_it(
    issued: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", issued.database)
    monkeypatch.setenv("ERKC_HOME", str(issued.settings.home))
    issue_bills(issued, month=OCTOBER, out=tmp_path / "bills", issued_on=date(2026, 11, 4), law=law())
    file = tmp_path / "made" / "proof.zip"
    code, out, _ = erkc("proof", METERED, "2026-10", "--out", str(file), "--json")
    told = json.loads(out)
    assert (code, told["lines"], told["pdf"], told["accounts"]) == (0, 10, True, [METERED])
    members = unpack(file.read_bytes())
    assert members["bill.pdf"] == next((tmp_path / "bills").glob(f"*{told['bill']}.pdf")).read_bytes()
    good, text_of_report = checked(file.read_bytes(), package=told["package"], bill=told["control_code"])
    assert good
    assert "PDF: SHA-256" in text_of_report
    code, out, _ = erkc("proof", METERED, "2026-10", "--out", str(file))
    assert code == 0
    assert f"--bill {told['control_code']}" in " ".join(out.split())
    assert erkc("proof", METERED, "2026-10", "--out", "/proc/none/x.zip")[0] == 2

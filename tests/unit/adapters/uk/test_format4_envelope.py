"""The archive as a whole: its list of files, control strings, encoding, and what happens to a section that is refused."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from importlib.resources import files

import pytest

from adapters.contract import RawMessage
from adapters.format4.container import Limits
from adapters.format4.layout import read_layout
from adapters.uk.archives import UkArchives
from core.errors import InputError
from core.model.records import Account, Payment, StatedBill
from tests.unit.adapters.uk.small_archive import LAYOUT, Outcome, SmallArchive, parse, parse_changed, small_archive, zipped

Change = Callable[[SmallArchive], object]


def list_as(**rows: tuple[str, str] | None) -> Change:
    return lambda archive: archive.listed.update({f"{name}.csv": row for name, row in rows.items()})


def put_file(name: str, data: bytes, *, listed: tuple[str, str] | None = None) -> Change:
    def change(archive: SmallArchive) -> None:
        archive.raw[name] = data
        archive.listed[name] = listed

    return change


UTF8 = "\ufeff1. Код\r\n1\r\n".encode()

CASES: dict[str, tuple[Change, list[tuple[str, int | None, int | None, str, str]]]] = {
    "rows + 1": (list_as(ind=("2", "")), []),
    "no control string": (list_as(ind=("1", "")), []),
    "control string in capitals": (
        lambda archive: archive.listed.update({"ind.csv": ("1", hashlib.md5(archive.files()["ind.csv"]).hexdigest().upper())}),
        [],
    ),
    "wrong count": (list_as(nedo=("3", "")), [("nedo.csv", None, None, "F4-014", "reject_section")]),
    "count is no number": (list_as(nedo=("один", "")), [("nedo.csv", None, None, "F4-014", "reject_section")]),
    "wrong control string": (list_as(nedo=("1", "0" * 32)), [("nedo.csv", None, None, "F4-015", "reject_section")]),
    "listed, absent": (list_as(lift=("3", "")), [("lift.csv", None, None, "F4-013", "reject_section")]),
    "not listed section is read": (list_as(nedo=None), [("nedo.csv", None, None, "F4-012", "ignore")]),
    "not a section": (put_file("zametki.txt", b"x"), [("zametki.txt", None, None, "F4-012", "ignore")]),
    "listed, no section": (put_file("kvarr.csv", b"x", listed=("1", "")), [("kvarr.csv", None, None, "F4-012", "ignore")]),
    "attachments need no list": (put_file("files/1.pdf", b"%PDF"), []),
    "UTF-8": (put_file("nedo.csv", UTF8, listed=("1", "")), [("nedo.csv", None, None, "F4-021", "reject_section")]),
    "not a table": (
        put_file("nedo.csv", b'a\r\n"' + b"x" * 200_000, listed=("1", "")),
        [("nedo.csv", None, None, "F4-014", "reject_section")],
    ),
    "header of another width": (
        put_file("lift.csv", b"1. A;2. B\r\n", listed=("0", "")),
        [("lift.csv", None, None, "F4-022", "reject_row")],
    ),
    "errors file: what its list states is held against it": (
        lambda archive: (put_file("errors.csv", b"x")(archive), list_as(nedo=("", "0" * 32), ind=("", ""), lift=("3", ""))(archive)),
        [("lift.csv", None, None, "F4-013", "reject_section"), ("nedo.csv", None, None, "F4-015", "reject_section")],
    ),
    "errors file: a file may have been taken out of it": (
        lambda archive: (put_file("errors.csv", b"x")(archive), list_as(nedo=("", ""), lift=("", ""))(archive)),
        [],
    ),
    "empty file": (put_file("lift.csv", b"", listed=("0", "")), []),
    "row of another width": (
        put_file("contragentarea.csv", b"1. A;2. B\r\n1;2;3\r\n1;02701000001\r\n", listed=("2", "")),
        [("contragentarea.csv", 1, None, "F4-022", "reject_row")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_whole_files(name: str) -> None:
    change, expected = CASES[name]
    outcome = parse_changed(change)
    assert outcome.places == expected
    assert outcome.parsed.status == ("accepted_with_errors" if any(f.severity == "error" for f in outcome.findings) else "accepted")


def test_two_files_with_one_name_reject_the_archive() -> None:
    data = small_archive().files()
    with pytest.warns(UserWarning, match="Duplicate"):
        packed = _twice(data)
    outcome = parse(RawMessage("a.zip", packed))
    assert outcome.places == [("nedo.csv", None, None, "F4-016", "reject_archive")]
    assert (outcome.parsed.status, outcome.records) == ("rejected", [])


def _twice(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in [*files.items(), ("nedo.csv", b"x")]:
            archive.writestr(name, data)
    return buffer.getvalue()


def test_an_unreadable_info_rejects_the_archive() -> None:
    outcome = parse_changed(put_file("_info.csv", b"\x98", listed=("1", "")))
    assert outcome.places[0] == ("_info.csv", None, None, "F4-021", "reject_section")
    assert {code for *_, code, _ in outcome.places[1:]} == {"F4-017"}
    assert outcome.parsed.status == "rejected" and not outcome.records and not outcome.parsed.header


def test_more_than_one_row_of_info_rejects_the_archive() -> None:
    archive = small_archive()
    data = archive.files()["_info.csv"]
    archive.raw["_info.csv"] = data + data.split(b"\r\n")[1] + b"\r\n"
    archive.listed["_info.csv"] = ("2", "")
    assert parse(archive.pack()).places == [("_info.csv", 2, None, "F4-017", "reject_archive")]


def states(outcome: Outcome, file: str) -> set[str]:
    return {record.state for record in outcome.records if record.position.file == file}


def test_a_refused_section_makes_those_who_need_it_wait_and_payments_go_to_suspense() -> None:
    outcome = parse_changed(list_as(kvar=("9", "")))
    assert outcome.places == [
        ("kvar.csv", None, None, "F4-014", "reject_section"),
        ("oplata.csv", 1, 2, "F4-082", "to_suspense"),
        ("oplata.csv", 2, 2, "F4-082", "to_suspense"),
    ]
    assert outcome.parsed.status == "accepted_with_errors" and not outcome.of(Account)
    assert states(outcome, "gil.csv") == states(outcome, "puval.csv") == states(outcome, "kvisolservice.csv") == {"quarantined"}
    assert states(outcome, "house.csv") == {"accepted"} and len(outcome.of(Payment)) == 2


def test_a_refused_section_is_not_missed_where_its_rows_came_before() -> None:
    known = {"account": frozenset({"1", "2"})}
    outcome = parse_changed(list_as(kvar=("9", "")), known)
    assert outcome.places == [("kvar.csv", None, None, "F4-014", "reject_section")]
    assert states(outcome, "gil.csv") == {"accepted"} and not outcome.parsed.suspended


def test_sums_that_need_a_refused_section_are_not_taken() -> None:
    assert parse_changed(list_as(epdcharge=("9", ""), epddebt=("9", ""), kvisolservice=("9", ""))).places == [
        ("epdcharge.csv", None, None, "F4-014", "reject_section"),
        ("epddebt.csv", None, None, "F4-014", "reject_section"),
        ("kvisolservice.csv", None, None, "F4-014", "reject_section"),
    ]


def test_without_a_region_senders_and_tariffs_are_not_judged() -> None:
    archive = small_archive()
    archive.info["ogrn"] = "1027700132195"
    archive.row("tarifusluga")["value"] = "1.00"
    said = list(UkArchives().parse(archive.pack(), {}))
    assert type(said[-1]).__name__ == "Parsed" and said[-1].status == "accepted"  # type: ignore[union-attr]


def test_identify_says_why() -> None:
    adapter = UkArchives()
    cases = {
        "_info.csv": RawMessage("a.zip", zipped({"_info.csv": b""})),
        "нет файла _info.csv": RawMessage("a.zip", zipped({"data/_info.csv": b""})),
        "не архив ZIP": RawMessage("_info.csv", b"4.0.6.2"),
        "повреждён": RawMessage("a.zip", zipped({"_info.csv": b"x" * 100})[:50]),
    }
    for words, message in cases.items():
        verdict = adapter.identify(message)
        assert words in verdict.reason and verdict.accepted is (words == "_info.csv")


def test_what_is_no_unload_at_all_is_an_error_and_no_finding() -> None:
    for data, code in ((b"%PDF", "F4-901"), (zipped({"kvar.csv": b""}), "F4-909")):
        with pytest.raises(InputError) as caught:
            list(UkArchives().parse(RawMessage("a.zip", data), {}))
        assert caught.value.code == code and caught.value.hint
    with pytest.raises(InputError, match="F4-906"):
        list(UkArchives(limits=Limits(entries=3)).parse(small_archive().pack(), {}))


def test_an_attachment_that_is_promised_and_not_there_is_told() -> None:
    archive = small_archive()
    archive.rows["files"] = [
        {"id": str(70 + n), "stored_name": f"{n}.pdf", "size": size} for n, size in ((1, "4"), (2, "9"), (3, ""))
    ]  # fmt: skip
    archive.raw |= {"files/1.pdf": b"%PDF", "files/2.pdf": b"%PDF"}
    found = [(item.position.row, item.field, item.code) for item in parse(archive.pack()).findings if item.code == "F4-019"]
    assert found == [(2, 4, "F4-019"), (3, 2, "F4-019")]


def test_an_older_version_is_data_that_names_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (files("adapters.format4") / "layouts" / "4.0.6.2.toml").read_text(encoding="utf-8")
    start = whole.index("[section.epd]")
    lines = whole[start : whole.index("\n]", start) + 2].splitlines()
    kept = [line for line in lines if not line.startswith("  { n = ") or int(line.split()[3].rstrip(",")) <= 14]
    older = read_layout("4.0.5.9.toml", "\n".join(['version = "4.0.5.9"', 'based_on = "4.0.6.2"', *kept]))
    assert (older.sections["epd"].width, older.sections["epd"].absent[-1]) == (14, "last_payment_on")
    assert list(older.sections) == list(LAYOUT.sections) and older.sections["kvar"] == LAYOUT.sections["kvar"]
    versions, newest = ("4.0.5.9", "4.0.6.2"), LAYOUT
    monkeypatch.setattr("adapters.format4.layout.known_versions", lambda: versions)
    monkeypatch.setattr("adapters.format4.layout._stored", {"4.0.5.9": older, "4.0.6.2": newest}.__getitem__)
    archive = small_archive()
    archive.info["version"] = "4.0.5.20"
    table = ";".join(f"{one.n}. {one.name}" for one in older.sections["epd"].fields)
    rows = [";".join(row.get(one.code, "") for one in older.sections["epd"].fields) for row in archive.rows["epd"]]
    data = "".join(f"{line}\r\n" for line in (table, *rows)).encode("cp1251")
    archive.raw["epd.csv"], archive.listed["epd.csv"] = data, (str(len(rows)), hashlib.md5(data).hexdigest())
    outcome = parse(archive.pack())
    bills = [record.body for record in outcome.records if isinstance(record.body, StatedBill)]
    assert len(bills) == len(rows) and all(bill.grand_total is None and bill.total is not None for bill in bills)
    assert not [item for item in outcome.findings if item.code in ("F4-011", "F4-022")]


def test_how_a_sender_counts_is_learned_and_a_change_is_told() -> None:
    def said(known: str, change: int) -> tuple[list[str], str]:
        archive = small_archive()
        counts = {f"{code}.csv": (str(len(rows) + change), "") for code, rows in {"_info": [1], **archive.rows}.items()}
        archive.listed.update(counts)
        outcome = parse(archive.pack(), {"list_counts": frozenset((known,))} if known else {})
        return [code for *_, code, _ in outcome.places], outcome.parsed.header["list_counts"]

    assert said("", 1) == ([], "lines") and said("", 0) == ([], "rows")
    assert said("lines", 1) == ([], "lines") and said("rows", 1) == (["F4-018"], "lines")

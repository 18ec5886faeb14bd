"""Whatever stands in an archive: no crash, one verdict, and every payment accounted for."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.contract import RawMessage
from core.errors import InputError
from core.model.records import Payment
from core.payments.totals import money_of
from tests.unit.adapters.uk.small_archive import LAYOUT, Outcome, parse, small_archive, zipped

SECTIONS = sorted(small_archive().rows)
CELLS = st.one_of(
    st.sampled_from(["", "0", "1", "2", "-1", "9", "1,5", "1.005", "99999999999999999999", "31.02.2026", "01.01.0001", "31.12.9999"]),
    st.sampled_from(["01.10.2026", "а;б", '"', "\n", "б/н", "1" * 300, "-0", "00:00", "9223372036854775807", "999999999"]),
    st.text(alphabet=st.characters(codec="cp1251", exclude_characters="\0"), max_size=12),
)
CHANGE = st.tuples(st.sampled_from(SECTIONS), st.integers(0, 5), st.integers(0, 40), CELLS)


def check(outcome: Outcome, payments_sent: int | None) -> None:
    status = outcome.parsed.status
    effects = {found.effect for found in outcome.findings}
    if "reject_archive" in effects:
        assert status == "rejected" and not outcome.records
        return
    has_errors = any(found.severity == "error" for found in outcome.findings)
    assert status == ("accepted_with_errors" if has_errors else "accepted")
    payments = outcome.of(Payment)
    assert {record.state for record in payments} <= {"accepted", "held"}
    assert {record.key for record in payments if record.state == "held"} == set(outcome.parsed.suspended)
    assert len({record.key for record in payments}) == len(payments)
    totals = money_of(outcome.records, outcome.parsed.suspended)
    assert totals.payments == totals.posted + totals.to_suspense
    if payments_sent is not None and not [f for f in outcome.findings if (f.position.file, f.effect) == ("oplata.csv", "reject_section")]:
        assert len(payments) == payments_sent
    places = [(f.position.file, f.position.row or 0, f.field or 0, f.code) for f in outcome.findings]
    assert places == sorted(places) and len(set(places)) == len(places)


@settings(max_examples=150, deadline=None)
@given(st.lists(CHANGE, min_size=1, max_size=6))
def test_any_cells(changes: list[tuple[str, int, int, str]]) -> None:
    archive = small_archive()
    for section, row, field, cell in changes:
        fields, rows = LAYOUT.sections[section].fields, archive.rows[section]
        rows[row % len(rows)][fields[field % len(fields)].code] = cell
    check(parse(archive.pack()), 2)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SECTIONS), st.sampled_from(SECTIONS))
def test_any_sections_missing_or_doubled(missing: str, doubled: str) -> None:
    archive = small_archive()
    archive.rows[doubled] = archive.rows[doubled] * 2
    del archive.rows[missing]
    check(parse(archive.pack()), len(archive.rows.get("oplata", [])))


@settings(max_examples=120, deadline=None)
@given(st.sampled_from([*SECTIONS, "_info", "_filelist"]), st.data())
def test_any_bytes_inside_a_file(section: str, data: st.DataObject) -> None:
    files = small_archive().files()
    name = f"{section}.csv"
    whole = files[name]
    at = data.draw(st.integers(0, len(whole) - 1))
    files[name] = whole[:at] + data.draw(st.binary(max_size=6)) + whole[at + data.draw(st.integers(0, 30)) :]
    if name != "_filelist.csv":
        lines = files["_filelist.csv"].decode("cp1251").split("\r\n")
        files["_filelist.csv"] = "\r\n".join(line for line in lines if not line.startswith(f"{name};")).encode("cp1251")
    check(parse(RawMessage("a.zip", zipped(files))), None)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_bytes_of_the_archive(data: st.DataObject) -> None:
    whole = small_archive().pack().data
    at = data.draw(st.integers(0, len(whole)))
    broken = whole[:at] + data.draw(st.binary(max_size=8)) + whole[at + data.draw(st.integers(0, 64)) :]
    try:
        outcome = parse(RawMessage("a.zip", broken))
    except InputError as error:
        assert error.code.startswith("F4-9")
        return
    check(outcome, None)

"""Files of acts: every kind is read, in either notation the same; a bad act is named by line and leaves the others be."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from adapters.contract import Parsed, RawMessage
from adapters.uk.act_fields import ACTS
from adapters.uk.acts import ActsAdapter
from adapters.uk.knowledge import RegionKnowledge
from core.model.acts import ACT_KINDS, Act
from core.model.finding import Finding
from core.model.records import CourtJudgement, PenaltyStop, Record, RegisteredSender, SubsidyGrant

GOLDEN = Path(__file__).parents[3] / "golden" / "uk" / "acts"
HEADING = 'schema = "erkc-acts/1"\nsender = { inn = "0077000116", kpp = "007701001" }\n'


def said(name: str, data: bytes | str, region: RegionKnowledge | None = None) -> tuple[list[Record], list[Finding], Parsed]:
    content = data.encode() if isinstance(data, str) else data
    items = list(ActsAdapter(region).parse(RawMessage(name, content), {}))
    end = items[-1]
    assert isinstance(end, Parsed)
    return [item for item in items if isinstance(item, Record)], [item for item in items if isinstance(item, Finding)], end


def golden(name: str) -> tuple[list[Record], list[Finding], Parsed]:
    return said(name, (GOLDEN / name).read_bytes())


def test_every_kind_is_read() -> None:
    records, findings, end = golden("every-kind.toml")
    assert findings == [] and end.status == "accepted" and end.counts == {"act": 24, "taken": 24}
    acts = [record.body for record in records if isinstance(record.body, Act)]
    assert {act.kind for act in acts} == set(ACT_KINDS) == set(ACTS)
    by_number = {(act.number, act.part): act for act in acts}
    assert (by_number["1", 1].stated_e3, by_number["1", 1].checked_e3) == (239_424, 249_900)
    assert (by_number["2", 1].power_w, by_number["2", 1].days, by_number["2", 2].months) == (2500, 10, 2)
    assert (by_number["3", 1].charged, by_number["3", 1].first, by_number["3", 1].last) == (206_448, date(2026, 10, 21), date(2026, 10, 21))
    failed = by_number["5", 1]
    assert (failed.house, failed.service, failed.checked_e3) == ("b459071a-fb8a-4f9e-bf72-c46dca8fbe35", "6", 968_000)
    assert (by_number["6", 1].area_e2, by_number["6", 1].last) == (1240, date(2027, 5, 31))
    assert (by_number["10", 1].degrees_e1, by_number["10", 1].required_e1) == (-15, 200)
    late = by_number["11", 1]
    assert late.starts_at is not None and late.starts_at.isoformat() == "2026-10-05T00:00:00" and late.starts_at.tzinfo is None
    assert late.ends_at is not None and late.ends_at.isoformat() == "2026-10-09T12:30:00"
    boiler = by_number["13", 1]
    assert (boiler.volume_e3, boiler.heat_e6, boiler.heat_all_e6, boiler.last) == (12_000_500, 80_125_000, 100_000_000, date(2026, 10, 31))
    assert (by_number["15", 1].heat_e6, by_number["15", 1].first) == (412_331_204, date(2025, 1, 1))
    assert (by_number["17", 1].volume_e3, by_number["17", 1].site_e2) == (18_750, 24_000)
    decided = {record.key: (record.body, record.valid_from, record.valid_to) for record in records if not isinstance(record.body, Act)}
    assert decided == {
        "20/2026-10-05/1": (PenaltyStop("100", "мобилизация"), date(2026, 10, 1), date(2027, 9, 30)),
        "2-215/2026/2026-10-22/1": (
            CourtJudgement(
                "100", "2-215/2026", date(2026, 10, 22), date(2026, 10, 20), date(2026, 5, 1), date(2026, 8, 1), 12_345_67, 890_10
            ),
            None,
            None,
        ),
        "С-7/2026/2026-10-02/1": (
            SubsidyGrant("100", 3, 45_000_00, 15_000_00, 4_200_50, 22_00, date(2026, 10, 1), date(2027, 3, 31)),
            date(2026, 10, 1),
            date(2027, 3, 31),
        ),
    }
    assert (by_number["20", 1].first, by_number["20", 1].last) == (date(2026, 10, 1), date(2027, 9, 30))
    assert by_number["2-215/2026", 1].first == by_number["2-215/2026", 1].last == date(2026, 10, 22)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("subsistence", "0", "AC-013"), ("own_share", "0", "AC-013"), ("own_share", "122", "AC-013"), ("income", "1.005", "AC-013")],
)
def test_a_subsidy_that_cannot_be_computed_is_refused(name: str, value: str, code: str) -> None:
    act = {
        "kind": "subsidy", "number": "1", "date": "2026-10-02", "account": "100", "from": "2026-10-01", "to": "2027-03-31", "persons": 3,
        "income": "45000", "subsistence": "15000", "standard": "4200", "own_share": "22",
    }  # fmt: skip
    sender = {"inn": "0077000116", "kpp": "007701001"}
    content = json.dumps({"schema": "erkc-acts/1", "sender": sender, "act": [act | {name: value}]}, ensure_ascii=False)
    records, findings, _ = said("a.json", content)
    assert (records, [finding.code for finding in findings]) == ([], [code])


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("judged_to", "2026-10-23", "AC-013"),
        ("last_month", "2026-04", "AC-016"),
        ("principal", "1.005", "AC-013"),
        ("principl", "1", "AC-011"),
    ],
)
def test_a_judgement_that_contradicts_itself_is_refused(name: str, value: str, code: str) -> None:
    act = {
        "kind": "court_judgement", "number": "1", "date": "2026-10-22", "account": "100", "judged_to": "2026-10-22",
        "first_month": "2026-05", "last_month": "2026-05", "principal": "1", "penalties": "0",
    }  # fmt: skip
    sender = {"inn": "0077000116", "kpp": ""}
    records, findings, _ = said("a.json", json.dumps({"schema": "erkc-acts/1", "sender": sender, "act": [{**act, name: value}]}))
    assert records == [] and [(item.code, item.value) for item in findings] == [(code, name if code == "AC-011" else value)]


def test_json_says_the_same_as_toml() -> None:
    of_toml, of_json = golden("every-kind.toml")[0], golden("every-kind.json")[0]
    assert [(record.key, record.body) for record in of_json] == [(record.key, record.body) for record in of_toml]
    lines = (GOLDEN / "every-kind.json").read_text(encoding="utf-8").splitlines()
    for record in of_json:
        assert record.position.row is not None and lines[record.position.row - 1].strip() == "{"


def test_bad_acts_are_named_by_line_and_the_others_are_taken() -> None:
    records, findings, end = golden("broken.toml")
    assert [record.key for record in records] == ["1/2026-10-02/1", "10/2026-10-02/1"]
    assert end.status == "accepted_with_errors" and end.counts == {"act": 11, "taken": 2}
    text = (GOLDEN / "broken.toml").read_text(encoding="utf-8").splitlines()
    found = [(item.code, item.value, text[(item.position.row or 0) - 1].partition(" ")[0]) for item in findings]
    assert found == [
        ("AC-011", "chargd", "chargd"),
        ("AC-012", None, "[[act]]"),
        ("AC-013", "chek", "kind"),
        ("AC-013", "cold_watr", "service"),
        ("AC-013", "1.2345", "stated"),
        ("AC-013", "много", "found"),
        ("AC-014", None, "account"),
        ("AC-016", "2026-10-20", "to"),
        ("AC-014", None, "to"),
        ("AC-014", None, "power"),
        ("AC-012", None, "[[act]]"),
        ("AC-013", "2026-10-20 06:00:00+03:00", "from"),
        ("AC-015", "1", "number"),
    ]
    assert all(item.message and item.hint and item.severity == "error" and item.effect == "reject_row" for item in findings)


@pytest.mark.parametrize(
    ("name", "data", "code", "row"),
    [
        ("a.toml", HEADING + "[[act]]\nkind = \n", "AC-001", 4),
        ("a.toml", HEADING + "[[act]]\nkind = nan\n", "AC-001", None),
        ("a.toml", HEADING, "AC-012", None),
        ("a.toml", HEADING + "act = []\n", "AC-002", None),
        ("a.toml", HEADING + "acts = 1\n[[act]]\n", "AC-011", None),
        ("a.toml", HEADING.replace("acts/1", "acts/2") + "[[act]]\n", "AC-013", None),
        ("a.toml", HEADING.replace("0077000116", "77") + "[[act]]\n", "AC-013", None),
        ("a.json", '{"schema": "erkc-acts/1",\n "act": [', "AC-001", 2),
        ("a.json", '{"schema": "erkc-acts/1", "schema": "erkc-acts/1", "act": []}', "AC-001", None),
        ("a.json", "[]", "AC-001", None),
        ("a.json", '["act"]', "AC-001", None),
        ("a.json", b"\xff{}", "AC-001", None),
    ],
)
def test_a_bad_heading_refuses_the_file(name: str, data: str | bytes, code: str, row: int | None) -> None:
    records, findings, end = said(name, data)
    assert records == [] and (findings[0].code, findings[0].position.row) == (code, row)
    assert end.status == "rejected"


def test_only_registered_senders_have_acts() -> None:
    act = '[[act]]\nkind = "withdrawn"\nnumber = "1"\ndate = 2026-10-02\n'
    sender = RegisteredSender("РЦ", "0077000116", "007701001", "1", (), 36)
    assert said("a.toml", HEADING + act, RegionKnowledge((sender,), ()))[2].status == "accepted"
    _, findings, end = said("a.toml", HEADING + act, RegionKnowledge((), ()))
    assert (end.status, findings[0].code, findings[0].effect) == ("rejected", "AC-003", "reject_archive")


def test_lines_are_left_out_where_they_can_not_be_told() -> None:
    inline = HEADING + 'act = [{ kind = "withdrawn", number = "1", date = 2026-10-02 }]\n'
    assert [(r.position.file, r.position.row) for r in said("a.toml", inline)[0]] == [("a.toml/act", 1)]
    quoted = HEADING + 'act = [{ kind = "withdrawn", date = 2026-10-02, number = "[[act]]" }]\n'
    assert said("a.toml", quoted)[0][0].position.row == 1


def test_a_long_file_is_read_in_time_that_grows_with_its_length() -> None:
    acts = [
        {"kind": "owners", "number": str(n), "date": "2026-10-02", "account": str(n), "from": "2020-01-01", "owners": 1}
        for n in range(3000)
    ]
    content = {"schema": "erkc-acts/1", "sender": {"inn": "0077000116", "kpp": ""}, "act": acts}
    records, _, _ = said("a.json", json.dumps(content, indent=1))
    assert len(records) == 3000 and records[-1].position.row == 8 * 3000

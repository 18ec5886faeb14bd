"""The region's configuration: what is read, and what is said about what is wrong."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from adapters.contract import Parsed, Parser, RawMessage
from adapters.uk.region import RegionAdapter
from adapters.uk.region_source import pack_folder
from core.model.finding import Finding
from core.model.records import ApprovedLimit, ApprovedNorm, ApprovedTariff, Record, RegionSetting, RegisteredSender

TOWN = "zarechinsk.region.json"
SENDER = {"name": "Центр", "inn": "0077000116", "kpp": "007701001", "ogrn": "1260077000072", "data_bank_keys": ["K"], "provider_kind": 36}
TARIFF = {
    "kind": "utility", "utility_kind": 1, "supplier_inn": "0077001590", "oktmo": "02701000001", "act": "1-с", "valid_from": "2026-01-01",
    "valid_to": "2026-09-30", "value": "38.41",
}  # fmt: skip
NORM = {"utility_kind": 1, "resource_kind": 1, "basis": "per_person", "unit_okei": "113", "valid_from": "2026-01-01", "value": "4.20"}


def parse(content: object, name: str = "t.region.json", *, tells_places: bool = False) -> tuple[list[Record], list[Finding], Parsed]:
    """Records and findings; that a small file names no municipality (RG-022) is only told where asked."""
    data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False, indent=1).encode()
    items = list(RegionAdapter().parse(RawMessage(name, data), {}))
    last = items.pop()
    assert isinstance(last, Parsed)
    findings = [item for item in items if isinstance(item, Finding) and (tells_places or item.code != "RG-022")]
    return [item for item in items if isinstance(item, Record)], findings, last


def test_norms_and_settings_hold_in_the_municipalities_of_the_file() -> None:
    """Those of the item itself, of the file, of its tariffs and limits; a part of another is not listed twice."""
    limit = {"oktmo": "02701000", "valid_from": "2026-01-01", "percent": "1.7", "act": "1"}
    dated = {"name": "edk_cap", "value": "entitled", "valid_from": "2026-01-01", "act": "1"}
    content: dict[str, object] = {"tariffs": [TARIFF], "norms": [NORM], "settings": {"edk_cap": "entitled"}}
    found = {}
    for title, more in {
        "tariffs": {},
        "limits": {"limits": [limit]},
        "file": {"oktmo": ["02703000009", "02704000"]},
        "item": {"norms": [NORM | {"oktmo": "02705000"}], "settings": [dated | {"oktmo": "02706000"}]},
        "nothing": {"tariffs": []},
    }.items():
        records, findings, _ = parse(content | more, tells_places=True)
        places = [r.body.oktmo for r in records if isinstance(r.body, ApprovedNorm | RegionSetting)]
        found[title] = (places, [(item.code, item.severity) for item in findings])
    assert found == {
        "tariffs": (["02701000001"] * 2, []),
        "limits": (["02701000"] * 2, []),
        "file": (["02703000009", "02704000"] * 2, []),
        "item": (["02705000", "02706000"], []),
        "nothing": (["", ""], [("RG-022", "warning")]),
    }
    assert parse({"oktmo": "02701000001", "norms": [NORM]})[1][0].code == "RG-013"


def test_the_town_is_read_whole() -> None:
    records, findings, parsed = parse(files("examples").joinpath("town", TOWN).read_bytes(), TOWN)
    assert findings == []
    assert parsed == Parsed(
        "accepted", {"region": "Синтетическая область", "town": "Заречинск"}, {"senders": 1, "tariffs": 11, "norms": 7, "settings": 28}
    )
    assert Counter(record.body.kind_name for record in records) == {
        "registered_sender": 1, "approved_tariff": 11, "approved_norm": 7, "region_setting": 28,
    }  # fmt: skip
    assert len({(record.body.kind_name, record.key) for record in records}) == len(records)
    tariff = records[2]
    assert (tariff.key, tariff.position.file, tariff.position.row, tariff.valid_from, tariff.valid_to) == (
        "tariff/utility/1/-/-/0077001590/02701000001/2026-10-01", TOWN, 27, date(2026, 10, 1), date(2026, 12, 31),
    )  # fmt: skip
    assert isinstance(tariff.body, ApprovedTariff) and tariff.body.value_e6 == 41_870_000
    heating = next(record.body for record in records if isinstance(record.body, ApprovedNorm) and record.body.basis == "per_m2")
    assert heating.value_e6 == 23_100
    settings = {record.key: record.body.value_json for record in records if record.key.startswith("setting/")}  # type: ignore[union-attr]
    assert settings["setting/02701000001/coefficient_cold_water"] == '"3"'


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"tariffs": [{**TARIFF, "utility_kind": 77}]}, "utility_kind"),
        ({"tariffs": [{**TARIFF, "resource_kind": 10}]}, "resource_kind"),
        ({"norms": [{**NORM, "utility_kind": 0}]}, "utility_kind"),
        ({"norms": [{**NORM, "utility_kind": 4, "resource_kind": 3}]}, "unit_okei"),
        ({"norms": [{**NORM, "utility_kind": 2, "resource_kind": 2, "basis": "heat_per_m3"}]}, "unit_okei"),
        ({"settings": {"heating_months": [9, 10, 13]}}, "heating_months"),
        ({"settings": {"heating_months": [10, 10]}}, "heating_months"),
        ({"settings": {"heating_months": []}}, "heating_months"),
    ],
)
def test_codes_units_and_months_that_do_not_exist_are_refused(content: dict[str, object], field: str) -> None:
    _, findings, parsed = parse(content)
    assert "RG-013" in {item.code for item in findings} and parsed.status == "accepted_with_errors"
    [item] = [item for item in findings if item.code == "RG-013"]
    said = ("Нужен код ОКЕИ: 233", "Нужен код ОКЕИ: 245") if field == "unit_okei" else ("Нужно: ",)
    assert item.hint.startswith(said) and (field == "unit_okei" or f"«{field}»" in item.message)
    assert item.position.row


def test_a_price_or_a_norm_of_nothing_is_taken_and_told() -> None:
    records, findings, parsed = parse({"tariffs": [{**TARIFF, "value": "0.00"}], "norms": [{**NORM, "value": "0"}]})
    assert len(records) == 2 and parsed.status == "accepted"
    assert [(item.code, item.severity, item.effect, item.position.row) for item in findings] == [
        ("RG-021", "warning", "accept_flagged", 11), ("RG-021", "warning", "accept_flagged", 21),
    ]  # fmt: skip


@pytest.mark.shared
def test_the_second_town_with_zones_and_waste_is_read_whole(shared: Path) -> None:
    path = shared / "examples" / "uk" / "slobodka.region.json"
    records, findings, parsed = parse(path.read_bytes(), path.name)
    assert findings == [] and parsed.status == "accepted"
    zones = [record.body.zone for record in records if isinstance(record.body, ApprovedTariff) and record.body.utility_kind == 4]
    assert zones == [1, 1, 2, 2, 3, 3]


def test_toml_of_the_same_shape_gives_the_same_records() -> None:
    toml = """
    region = "Область"
    [[senders]]
    name = "Центр"
    inn = "0077000116"
    kpp = "007701001"
    ogrn = "1260077000072"
    data_bank_keys = ["K"]
    provider_kind = 36
    [[tariffs]]
    kind = "utility"
    utility_kind = 1
    supplier_inn = "0077001590"
    oktmo = "02701000001"
    act = "1-с"
    valid_from = 2026-01-01
    valid_to = "2026-09-30"
    value = "38.41"
    [settings]
    heating_months = [10, 11]
    days_off = [2026-01-01]
    """
    from_toml, findings, _ = parse(toml.encode(), "t.region.toml")
    content = {"senders": [SENDER], "tariffs": [TARIFF], "settings": {"heating_months": [10, 11], "days_off": ["2026-01-01"]}}
    from_json, _, _ = parse(content)
    assert findings == []
    assert [(record.key, record.body) for record in from_toml] == [(record.key, record.body) for record in from_json]


def test_it_takes_its_own_files_and_no_others() -> None:
    adapter: Parser = RegionAdapter()
    assert isinstance(adapter, Parser)
    messages = [
        ("a.region.json", b"{}"), ("A.REGION.JSON", b"\xef\xbb\xbf {"), ("a.region.toml", b""), ("a.region.json", b"[1]"),
        ("a.json", b"{}"), ("a.zip", b"PK"),
    ]  # fmt: skip
    taken = [adapter.identify(RawMessage(name, data)) for name, data in messages]
    assert [item.accepted for item in taken] == [True, True, True, False, False, False]
    assert all(item.reason for item in taken)


@pytest.mark.parametrize("data", [b"{", b"[]", b"\xff\xfe", b'{"a": ' + b"[" * 100_000])
def test_what_cannot_be_read_is_refused_with_a_reason(data: bytes) -> None:
    records, (finding,), parsed = parse(data)
    assert (records, finding.code, finding.effect, parsed.status) == ([], "RG-001", "reject_archive", "rejected")
    assert finding.message and finding.hint


def test_a_misspelt_name_is_an_error_with_its_line_and_the_nearest_name() -> None:
    dated = {"name": "late_readin", "value": "rebuild", "valid_from": "2026-01-01", "act": "1"}
    for content, value, line, near in (
        ({"region": "О", "tarifs": []}, "tarifs", 3, "tariffs"),
        ({"region": "О", "tariffs": [{"zona": "day", **TARIFF}]}, "zona", 5, "zone"),
        ({"region": "О", "settings": {"residence_end": "inclusive", "rollover_faktor": 3}}, "rollover_faktor", 5, "rollover_factor"),
        ({"region": "О", "settings": [dated]}, "late_readin", 5, "late_reading"),
    ):
        _, findings, parsed = parse(content)
        (finding,) = [item for item in findings if item.code == "RG-011"]
        assert (finding.severity, finding.value, finding.position.row) == ("error", value, line) and f"«{near}»" in finding.hint
        assert parsed.status == "accepted_with_errors"


@pytest.mark.parametrize(
    ("change", "code", "value"),
    [
        ({"value": 38.41}, "RG-013", "38.41"),
        ({"value": "38,41"}, "RG-013", "38,41"),
        ({"value": "-1"}, "RG-013", "-1"),
        ({"valid_from": "2026-02-30"}, "RG-013", "2026-02-30"),
        ({"valid_to": "2025-12-31"}, "RG-016", "2025-12-31"),
        ({"utility_kind": "1"}, "RG-013", "1"),
        ({"utility_kind": True}, "RG-013", "True"),
        ({"kind": "other"}, "RG-013", "other"),
        ({"zone": "dusk"}, "RG-013", "dusk"),
        ({"supplier_inn": "123"}, "RG-013", "123"),
        ({"oktmo": None}, "RG-012", None),
    ],
)
def test_a_wrong_tariff_is_left_out_and_the_others_are_taken(change: dict[str, object], code: str, value: str | None) -> None:
    other = TARIFF | {"utility_kind": 3}
    records, (finding,), parsed = parse({"tariffs": [TARIFF | change, other]})
    assert [record.key.split("/")[2] for record in records] == ["3"]
    names = ["oktmo" if change == {"oktmo": None} else name for name in change]
    line = 3 if code == "RG-012" and "oktmo" not in TARIFF else 4 + list(TARIFF | change).index(names[0])
    assert (finding.code, finding.position.file, finding.position.row, finding.value) == (code, "t.region.json", line, value)
    assert finding.effect == "reject_row" and finding.hint and parsed.status == "accepted_with_errors"


def test_overlapping_dates_of_one_tariff_are_named() -> None:
    later = TARIFF | {"valid_from": "2026-09-15", "valid_to": None}
    records, (finding,), _ = parse({"tariffs": [TARIFF, later, later | {"oktmo": "02701000002"}]})
    assert [record.position.row for record in records] == [3, 23]
    assert (finding.code, finding.position.row) == ("RG-014", 19)
    assert finding.message == "Срок действия пересекается с тем же значением (строка 3)."
    assert finding.hint == "Закончите прежнее днём раньше: valid_to = 2026-09-14."


def test_a_gap_in_the_dates_of_one_tariff_is_named_whatever_the_order() -> None:
    later = TARIFF | {"valid_from": "2026-10-03", "valid_to": None}
    for tariffs, line in (([TARIFF, later], 13), ([later, TARIFF], 3)):
        _, (finding,), parsed = parse({"tariffs": tariffs})
        assert (finding.code, finding.severity, finding.position.row) == ("RG-018", "error", line)
        assert finding.message.startswith("Пропуск в датах: с 01.10.2026 по 02.10.2026 значения нет (прежнее — строка ")
        assert parsed.status == "accepted_with_errors"


def test_doubles_of_norms_and_senders_are_named() -> None:
    records, findings, _ = parse({"norms": [NORM, NORM], "senders": [SENDER, SENDER]})
    assert [(item.code, item.position.row) for item in findings] == [("RG-015", 33), ("RG-014", 16)]
    assert [type(record.body) for record in records] == [RegisteredSender, ApprovedNorm]


def test_norms_without_an_end_hold_until_the_next_one() -> None:
    norms = [NORM | {"valid_from": day} for day in ("2026-07-01", "2026-01-01", "2027-01-01")]
    assert parse({"norms": norms})[1] == []
    _, (gap,), _ = parse({"norms": [norms[1] | {"valid_to": "2026-05-31"}, norms[0]]})
    _, (overlap,), _ = parse({"norms": [norms[0], norms[1] | {"valid_to": "2026-07-01"}]})
    assert (gap.code, overlap.code) == ("RG-018", "RG-014")


FOLDER = {
    "norms.toml": """
[[norms]]
utility_kind = 4
resource_kind = 3
basis = "per_person"
unit_okei = "245"
valid_from = 2026-01-01
act = "14-п"
matrix = [
  { rooms = 1, persons = ["135", "84"] },
  { rooms = 2, persons = ["174", "108.5", "84"] },
]
""",
    "rules.toml": """
[[settings]]
name = "heating_months"
value = [10, 11]
valid_from = 2026-01-01
valid_to = 2026-08-31
act = "3-п"
[[settings]]
name = "heating_months"
value = [9, 10, 11]
valid_from = 2026-09-01
act = "4-п"
[[limits]]
oktmo = "02701000001"
percent = "12.8"
valid_from = 2026-10-01
act = "5-у"
""",
}


def in_folder(files: dict[str, str]) -> tuple[list[Record], list[Finding], Parsed]:
    message = pack_folder("t", {name: text.encode() for name, text in files.items()})
    assert message == pack_folder("t", {name: files[name].encode() for name in reversed(files)}) and message.name == "t.region.zip"
    assert RegionAdapter().identify(message).accepted
    return parse(message.data, message.name)


def test_a_folder_is_read_as_one_message_with_matrices_limits_and_dated_settings() -> None:
    records, findings, parsed = in_folder(FOLDER)
    assert findings == [] and parsed == Parsed("accepted", {}, {"norms": 1, "settings": 2, "limits": 1})
    cells = {(body.rooms, body.persons): body.value_e6 for record in records if isinstance(body := record.body, ApprovedNorm)}
    assert cells == {(1, 1): 135_000_000, (1, 2): 84_000_000, (2, 1): 174_000_000, (2, 2): 108_500_000, (2, 3): 84_000_000}
    assert {record.position.row for record in records if isinstance(record.body, ApprovedNorm)} == {10, 11}
    limit, *settings = [record for record in records if not isinstance(record.body, ApprovedNorm)]
    assert limit.body == ApprovedLimit("02701000001", date(2026, 10, 1), None, 1280, "5-у") and limit.position.file == "rules.toml"
    assert [(item.body, item.valid_from, item.valid_to, item.position.row) for item in settings] == [
        (RegionSetting("heating_months", "[10, 11]", "3-п", "02701000001"), date(2026, 1, 1), date(2026, 8, 31), 2),
        (RegionSetting("heating_months", "[9, 10, 11]", "4-п", "02701000001"), date(2026, 9, 1), None, 8),
    ]
    assert len({(record.body.kind_name, record.key) for record in records}) == len(records)


@pytest.mark.parametrize(
    ("file", "old", "new", "code", "line", "said"),
    [
        ("rules.toml", 'name = "heating_months"', 'name = "heating_moths"', "RG-011", 3, "heating_moths"),
        ("rules.toml", "act = ", "axt = ", "RG-011", 7, "axt"),
        ("rules.toml", 'percent = "12.8"', "percent = 12.8", "RG-013", 15, "percent"),
        ("rules.toml", 'percent = "12.8"', 'percent = "12.805"', "RG-013", 15, "сотых"),
        ("rules.toml", "value = [10, 11]", 'value = "10"', "RG-013", 4, "value"),
        ("rules.toml", "2026-08-31", "2026-08-30", "RG-018", 8, "с 31.08.2026 по 31.08.2026"),
        ("rules.toml", "2026-08-31", "2026-09-01", "RG-014", 11, "строка 2"),
        ("rules.toml", "2026-08-31", "2025-08-31", "RG-016", 6, "раньше"),
        ("rules.toml", 'act = "3-п"\n', "", "RG-012", 2, "act"),
        ("rules.toml", 'act = "5-у"', "act = ", "RG-001", 17, "строка 17, знак 7"),
        ("norms.toml", "rooms = 2", "rooms = 1", "RG-019", 11, "без повторов"),
        ("norms.toml", '["135", "84"]', "[135.5]", "RG-013", 10, "persons"),
        ("norms.toml", "matrix = [", 'value = "1"\nmatrix = [', "RG-019", 9, "одно из двух"),
        ("norms.toml", '"per_person"', '"per_m2"', "RG-019", 5, "на человека"),
    ],
)
def test_what_is_wrong_in_a_folder_is_named_with_its_file_and_line(
    file: str, old: str, new: str, code: str, line: int, said: str
) -> None:  # fmt: skip
    assert old in FOLDER[file]
    _, findings, parsed = in_folder({**FOLDER, file: FOLDER[file].replace(old, new, 1)})
    finding = next(item for item in findings if item.code == code)
    assert (finding.position.file, finding.position.row, finding.severity) == (file, line, "error")
    assert said in f"{finding.message} {finding.value}" and finding.hint and parsed.status in ("accepted_with_errors", "rejected")


def test_the_same_days_in_two_files_of_a_folder_are_named_with_both() -> None:
    _, findings, _ = in_folder({**FOLDER, "b.toml": FOLDER["rules.toml"]})
    assert [(item.code, item.position.file) for item in findings] == [("RG-014", "rules.toml")] * 3
    assert "b.toml, строка 13" in findings[0].message


def test_a_packed_folder_that_is_damaged_or_strange_is_refused() -> None:
    whole = pack_folder("t", {"a.toml": b"x = 1"}).data
    for data in (b"PK", whole[:-10], pack_folder("t", {"../a.toml": b""}).data, pack_folder("t", {"a.exe": b""}).data):
        records, (finding,), parsed = parse(data, "t.region.zip")
        assert (records, finding.code, parsed.status) == ([], "RG-001", "rejected")
    assert not RegionAdapter().identify(RawMessage("t.region.zip", b"{}")).accepted


def test_a_wrong_setting_is_left_out_alone() -> None:
    settings = {"heating_months": [10, "11"], "penalty_rate_value": 9.5, "days_off": "2026-01-01", "average_window": 6, "residence_end": ""}
    records, findings, _ = parse({"settings": settings, "senders": 1, "norms": [1]})
    assert [record.key for record in records] == ["setting/-/average_window"]
    assert Counter(item.code for item in findings) == {"RG-013": 6}

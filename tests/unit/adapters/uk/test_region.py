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
from core.model.finding import Finding
from core.model.records import ApprovedNorm, ApprovedTariff, Record, RegisteredSender

TOWN = "zarechinsk.region.json"
SENDER = {"name": "Центр", "inn": "0077000116", "kpp": "007701001", "ogrn": "1260077000072", "data_bank_keys": ["K"], "provider_kind": 36}
TARIFF = {
    "kind": "utility", "utility_kind": 1, "supplier_inn": "0077001590", "oktmo": "02701000001", "act": "1-с", "valid_from": "2026-01-01",
    "valid_to": "2026-09-30", "value": "38.41",
}  # fmt: skip
NORM = {"utility_kind": 1, "resource_kind": 1, "basis": "per_person", "unit_okei": "113", "valid_from": "2026-01-01", "value": "4.20"}


def parse(content: object, name: str = "t.region.json") -> tuple[list[Record], list[Finding], Parsed]:
    data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
    items = list(RegionAdapter().parse(RawMessage(name, data), {}))
    last = items.pop()
    assert isinstance(last, Parsed)
    return [item for item in items if isinstance(item, Record)], [item for item in items if isinstance(item, Finding)], last


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
    assert (tariff.key, tariff.position.row, tariff.valid_from, tariff.valid_to) == (
        "tariff/utility/1/-/-/0077001590/02701000001/2026-10-01", 2, date(2026, 10, 1), date(2026, 12, 31),
    )  # fmt: skip
    assert isinstance(tariff.body, ApprovedTariff) and tariff.body.value_e6 == 41_870_000
    heating = next(record.body for record in records if isinstance(record.body, ApprovedNorm) and record.body.basis == "per_m2")
    assert heating.value_e6 == 23_100
    settings = {record.key: record.body.value_json for record in records if record.key.startswith("setting/")}  # type: ignore[union-attr]
    assert settings["setting/coefficient_cold_water"] == '"3"' and settings["setting/payment_day_counts"] == "true"


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


def test_a_misspelt_name_is_named_with_the_nearest_one() -> None:
    _, findings, parsed = parse({"tarifs": [], "settings": {"rollover_faktor": 3}, "tariffs": [TARIFF | {"zona": "day"}]})
    assert [(item.code, item.severity, item.value, item.hint) for item in findings] == [
        ("RG-011", "warning", "tarifs", "Возможно, имелось в виду «tariffs»."),
        ("RG-011", "warning", "zona", "Возможно, имелось в виду «zone»."),
        ("RG-011", "warning", "rollover_faktor", "Возможно, имелось в виду «rollover_factor»."),
    ]
    assert parsed.status == "accepted"


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
    assert [record.position.row for record in records] == [2]
    assert (finding.code, finding.position.file, finding.position.row, finding.value) == (code, "t.region.json/tariffs", 1, value)
    assert finding.effect == "reject_row" and finding.hint and parsed.status == "accepted_with_errors"


def test_overlapping_dates_of_one_tariff_are_named() -> None:
    later = TARIFF | {"valid_from": "2026-09-15", "valid_to": None}
    records, (finding,), _ = parse({"tariffs": [TARIFF, later, later | {"oktmo": "02701000002"}]})
    assert [record.position.row for record in records] == [1, 3]
    assert (finding.code, finding.position.row, finding.message) == ("RG-014", 2, "Срок действия пересекается с записью 1 того же тарифа.")
    assert finding.hint == "Закончите прежний тариф днём раньше: valid_to = 2026-09-14."


def test_doubles_of_norms_and_senders_are_named() -> None:
    records, findings, _ = parse({"norms": [NORM, NORM], "senders": [SENDER, SENDER]})
    assert [(item.code, item.position.file, item.position.row) for item in findings] == [
        ("RG-015", "t.region.json/senders", 2),
        ("RG-014", "t.region.json/norms", 2),
    ]
    assert [type(record.body) for record in records] == [RegisteredSender, ApprovedNorm]


def test_a_wrong_setting_is_left_out_alone() -> None:
    settings = {"heating_months": [10, "11"], "penalty_rate_value": 9.5, "days_off": "2026-01-01", "average_window": 6, "residence_end": ""}
    records, findings, _ = parse({"settings": settings, "senders": 1, "norms": [1]})
    assert [record.key for record in records] == ["setting/average_window"]
    assert Counter(item.code for item in findings) == {"RG-013": 6}

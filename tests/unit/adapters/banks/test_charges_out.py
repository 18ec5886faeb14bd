"""Charges registries out: byte for byte as the samples, and read back by readers that know nothing of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.banks.charges_out import ChargesHead, RenderedCharges, render_charges
from adapters.banks.detect import detect, parse_file
from adapters.banks.profile import load_profile, profile_named
from core.errors import ConfigError
from core.model.bank_charge import BankCharge, BankPayee
from core.period import Month

SAMPLES = Path(__file__).parents[3] / "golden" / "banks" / "charges-out"
ASKED: dict[str, Any] = json.loads((SAMPLES / "charges.json").read_text(encoding="utf-8"))
PAYEE = BankPayee(ASKED["payee_inn"], ASKED["payee_account"], "ООО «УК Примерная»")
HEAD = ChargesHead(PAYEE, Month.parse(ASKED["period"]), int(ASKED["registry_number"]), ASKED["service"], date(2026, 3, 1))
ROWS = [
    BankCharge(
        row["account"], row["els"], row["izku"], row["house_fias"], row["flat"], row["payer_name"], row["address"], row["city"],
        row["street"], row["house"], row["due_kop"], premises=f"кв. {row['flat']}",
    )
    for row in ASKED["charges"]
]  # fmt: skip
DEBTORS = [row for row in ROWS if row.charge > 0]
PROFILES = ("charges-out", "charges-out-old", "charges-out-gorod", "charges-out-dbf")


def render(profile: str, rows: list[BankCharge], head: ChargesHead = HEAD) -> RenderedCharges:
    return render_charges(head, rows, profile_named(profile))


def read_dbf(data: bytes) -> Iterator[dict[str, str]]:
    """dBase III by its published layout alone."""
    count, start, size = int.from_bytes(data[4:8], "little"), int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
    assert data[0] == 3 and data[29] == 0x65 and data[start - 1] == 0x0D and data[start + count * size :] == b"\x1a"
    fields = [data[at : at + 32] for at in range(32, start - 1, 32)]
    for n in range(count):
        record, at, row = data[start + n * size : start + (n + 1) * size], 1, {}
        assert record[:1] == b" "
        for field in fields:
            row[field[:11].rstrip(b"\0").decode("ascii")] = record[at : at + field[16]].decode("cp866").strip()
            at += field[16]
        yield row


@pytest.mark.parametrize(
    ("profile", "sample"), [("charges-out", f"{PAYEE.inn}_{PAYEE.account}_001_0226.txt"), ("charges-out-gorod", "valid-gorod.txt")]
)
def test_the_samples_are_produced_byte_for_byte(profile: str, sample: str) -> None:
    rendered = render(profile, ROWS)
    assert rendered.data == (SAMPLES / sample).read_bytes()
    assert (rendered.count, rendered.amount) == (5, 1547645)
    assert [(finding.code, finding.value) for finding in rendered.refused] == [("BANK-0604", "000100200306")], "the overpaid account"
    if profile == "charges-out":
        assert rendered.name == sample


@pytest.mark.parametrize("profile", PROFILES)
def test_our_own_reader_proves_what_was_written(profile: str) -> None:
    rows = [replace(row, charge=row.charge - 100, penalty=100) for row in DEBTORS]
    rendered = render(profile, rows)
    parsed = parse_file(rendered.name, rendered.data, profile_named(profile))
    assert (parsed.status, parsed.errors) == ("ok", [])
    assert parsed.totals is not None
    assert (parsed.totals["count"], parsed.totals["amount_kop"]) == (rendered.count, 1547645)
    assert {record["account"] for record in parsed.records} == {row.account for row in rows}
    found = detect(rendered.name, rendered.data)
    assert found is not None and found.name == profile


def test_the_old_layout_has_its_totals_before_the_rows() -> None:
    lines = render("charges-out-old", DEBTORS).data.decode("cp1251").split("\r\n")
    head = dict(line[1:].split(" ", 1) for line in lines if line.startswith("#"))
    rows = [line.split(";") for line in lines if line and not line.startswith("#")]
    assert head == {"FILESUM": "15476.45", "COUNT": "5", "PERIOD": "0226", "ACCOUNT": PAYEE.account}
    assert rows[0] == ["Примеров Пётр Ильич", "г Примерск, Учебная ул, д. 3, кв. 10", "000100200301", "1250.40"]
    assert sum(int(row[3].replace(".", "")) for row in rows) == 1547645


def test_a_dbf_has_the_penalty_in_a_row_of_its_own() -> None:
    rows = [replace(DEBTORS[0], charge=124000, penalty=1040, bill="ЕПД-1"), DEBTORS[1], replace(DEBTORS[2], charge=0, penalty=5)]
    read = list(read_dbf(render("charges-out-dbf", rows).data))
    assert [(row["UNID"], row["VID_PL"], row["SUMMA"]) for row in read] == [
        ("000100200301", "01", "1240.00"), ("000100200301", "02", "10.40"), ("000100200302", "01", "990.05"),
        ("000100200303", "02", "0.05"),
    ]  # fmt: skip
    first = read[0]
    assert (first["NAME1"], first["NAME2"], first["NAME3"]) == ("Примеров", "Пётр", "Ильич")
    assert (first["USER1"], first["USER2"], first["STDATE"], first["ENDATE"]) == ("10ТТ100001", PAYEE.account, "20260201", "20260228")
    assert (first["DOGID"], first["BULLNUM"], first["ADR1"]) == ("99001", "ЕПД-1", "г Примерск, Учебная ул, д. 3, кв. 10")


def test_no_separator_quote_or_line_break_gets_into_a_field() -> None:
    hostile = replace(DEBTORS[0], payer_name='Образцова; "Анна"\r\nЮрьевна', street="Тестовая, она же Учебная; ул")
    for profile in ("charges-out", "charges-out-old", "charges-out-gorod"):
        rendered = render(profile, [hostile])
        parsed = parse_file(rendered.name, rendered.data, profile_named(profile))
        assert parsed.status == "ok"
        assert [record["payer_name"] for record in parsed.records] == ["Образцова Анна Юрьевна"]
    address = render("charges-out-gorod", [hostile]).data.decode("cp1251").split("\r\n")[3].split(";")[1]
    assert address == "Примерск,Тестовая она же Учебная ул,3,кв. 10"


def test_letters_that_the_encoding_lacks_are_written_by_their_nearest_or_refused() -> None:
    named = render("charges-out", [replace(DEBTORS[0], payer_name="Đỗ Müller"), replace(DEBTORS[1], payer_name="Ångström Šá")])
    assert [finding.value for finding in named.refused] == [DEBTORS[0].account], "Đ has no nearest letter"
    assert named.data.decode("cp1251").split(";")[3] == "Angstrom Sa"
    assert named.refused[0].code == "BANK-0604" and "Đ" in named.refused[0].message
    assert (named.count, named.amount) == (1, DEBTORS[1].charge)


@pytest.mark.parametrize("profile", PROFILES)
def test_an_identifier_is_never_changed(profile: str) -> None:
    rendered = render(profile, [replace(DEBTORS[0], account="1;2✓"), DEBTORS[1], DEBTORS[1]])
    assert [finding.value for finding in rendered.refused] == ["1;2✓", DEBTORS[1].account], "unwritable, and twice in one file"
    assert rendered.amount == DEBTORS[1].charge


def test_names_may_be_left_out() -> None:
    head = replace(HEAD, with_names=False)
    for profile in PROFILES:
        rendered = render(profile, DEBTORS, head)
        assert "Примеров" not in rendered.data.decode(profile_named(profile).encodings[0])
        assert parse_file(rendered.name, rendered.data, profile_named(profile)).status == "ok"


def test_a_misspelt_word_of_an_outgoing_profile_is_refused() -> None:
    text = (Path(__file__).parents[4] / "config" / "banks" / "charges-out.toml").read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match=r"похоже на «\{amount\}»"):
        load_profile(text.replace("{amount}", "{amuont}"), "x.toml")
    with pytest.raises(ConfigError, match="скобки"):
        load_profile(text.replace("{amount}", "{amount"), "x.toml")
    with pytest.raises(ConfigError, match="row"):
        load_profile(text.replace("\nrow = ", "\nbefore = "), "x.toml")
    with pytest.raises(ConfigError, match="исходящий"):
        render_charges(HEAD, DEBTORS, profile_named("gorod"))

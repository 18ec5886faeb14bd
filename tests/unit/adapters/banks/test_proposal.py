"""Profiles proposed for files that nobody has described: what they read is what the file says, and what is open is told."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest

from adapters.banks.detect import parse_file
from adapters.banks.profile import profile_named
from adapters.banks.proposal import propose
from core.errors import InputError

GOLDEN = Path(__file__).parents[3] / "golden" / "banks"
TITLED = """Код платежа;Договор;Л/с;Плательщик;Дата оплаты;Зачислено;Вознаграждение;К перечислению
AB-001;77;41100000011;Ёлкина Анна Юрьевна;09.11.2026;9416,16;94,16;9322,00
AB-002;77;41100000029;Щукин Пётр;09.11.2026;1000,00;10,00;990,00
AB-003;77;41100000011;Ёлкина Анна Юрьевна;10.11.2026;500,00;5,00;495,00
ИТОГО;3;10916,16
"""


def workbook(rows: Sequence[Sequence[object]]) -> bytes:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("sample", "profile"),
    [
        ("sber/valid.txt", "sber-delimited"),
        ("gorod/valid.txt", "gorod"),
        ("qiwi-tab/QIWI_9001_202603161.csv", "qiwi-tab"),
        ("xlsx/valid.xlsx", "xlsx"),
        ("xlsx/text-amounts.xlsx", "xlsx"),
    ],
)
def test_of_a_known_file_the_same_payments_are_read_as_by_its_own_profile(sample: str, profile: str) -> None:
    data, name = (GOLDEN / sample).read_bytes(), sample.partition("/")[2]
    found = propose(name, data, "x")
    keys = ("operation_id", "operation_date", "operation_time", "account", "period", "payer_name", "amount_kop", "commission_kop")
    ours = [[record.get(key) for key in keys] for record in found.parsed.records]
    theirs = [[record.get(key) for key in keys] for record in parse_file(name, data, profile_named(profile)).records]
    assert found.parsed.status == "ok" and ours == theirs
    assert found.parsed.control is not None and found.parsed.control["amount_kop"] == 1615422, "the total that the file declares is proved"
    assert profile in found.fitting


def test_a_file_with_titles_and_decimal_commas() -> None:
    found = propose("agent.csv", TITLED.encode("cp1251"), "agent")
    assert found.parsed.status == "ok" and found.fitting == ()
    assert [(record["operation_id"], record["account"], record["operation_date"]) for record in found.preview] == [
        ("AB-001", "41100000011", "2026-11-09"), ("AB-002", "41100000029", "2026-11-09"), ("AB-003", "41100000011", "2026-11-10"),
    ]  # fmt: skip
    assert found.parsed.totals == {"count": 3, "amount_kop": 1091616, "commission_kop": 10916, "transfer_kop": 1080700}
    assert found.parsed.control == {"count": 3, "amount_kop": 1091616}
    broken = parse_file("agent.csv", TITLED.replace("10916,16\n", "10916,17\n").encode("cp1251"), found.profile)
    assert [error["code"] for error in broken.errors] == ["CONTROL_SUM_MISMATCH"], "the proposed total is compared from now on"


def test_a_file_without_titles_and_totals_says_what_is_open() -> None:
    text = "".join(f"2026-11-{9 + n:02d}\t4110000{n % 2:04d}\t{100 + n}.50\t1.00\n" for n in range(4))
    found = propose("pay.txt", text.encode(), "x")
    assert [(record["account"], record["amount_kop"], record["commission_kop"]) for record in found.preview[:2]] == [
        ("41100000000", 10050, 100), ("41100000001", 10150, 100),
    ]  # fmt: skip
    told = " ".join(found.doubts)
    assert "комиссию" in told and "платёжное поручение" in told and "Номера операции не видно" in told and "договора" in told


def test_a_line_before_the_rows_is_described() -> None:
    rows = "".join(f"P|ID{n}|2026-11-0{n}|4110000001{n % 2}|{n}00.00\n" for n in range(1, 5))
    found = propose("x.txt", f"H|9999010011|55|2026-11-05\n{rows}T|4|1000.00\n".encode(), "x")
    assert found.parsed.status == "ok"
    assert found.parsed.header == {"payee_inn": "9999010011", "registry_number": "55", "registry_date": "2026-11-05"}
    assert found.parsed.control == {"count": 4, "amount_kop": 100000}


def test_a_sheet_with_titles_of_its_own() -> None:
    rows: list[Sequence[object]] = [
        ("Сведения об оплате",), (), ("Дата", "№ операции", "Номер лицевого счёта", "Оплачено, руб."),
        ("09.11.2026", "A1", "000123", 100.5), ("10.11.2026", "A2", "000124", 1250.4), ("Итого", 2, None, 1350.9),
    ]  # fmt: skip
    found = propose("pay.xlsx", workbook(rows), "x")
    assert found.parsed.status == "ok"
    assert [(record["operation_id"], record["account"], record["amount_kop"]) for record in found.preview] == [
        ("A1", "000123", 10050), ("A2", "000124", 125040),
    ]  # fmt: skip
    assert found.parsed.control == {"count": 2, "amount_kop": 135090}
    without = propose("pay.xlsx", workbook(rows[:-1]), "x")
    assert without.parsed.status == "rejected" and any("ИТОГО" in doubt for doubt in without.doubts)


def test_damaged_samples_are_refused_or_read_and_never_crash() -> None:
    chance = random.Random(20261124)
    tried = 0
    for path in sorted(GOLDEN.glob("*/valid.*")):
        if path.suffix == ".json" and path.name.endswith("expected.json"):
            continue
        whole = path.read_bytes()
        for _ in range(4):
            data = bytearray(whole)
            for _ in range(chance.choice((0, 1, 30))):
                data[chance.randrange(len(data))] = chance.randrange(256)
            if chance.random() < 0.5:
                del data[chance.randrange(len(data)) :]
            try:
                found = propose(path.name, bytes(data), "x", rows=2)
            except InputError as error:
                assert error.code in ("BANK-0701", "BANK-0702", "BANK-0102")
            else:
                assert len(found.preview) <= 2 and found.doubts
            tried += 1
    assert tried > 40


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x00\x01\x02" * 100, "BANK-0701"),
        ("Просто письмо\nбез столбцов\n".encode(), "BANK-0701"),
        (b"", "BANK-0701"),
        (b"a;b;c\nd;e;f\n", "BANK-0702"),
        (workbook([("имя", "город")]), "BANK-0702"),
    ],
)
def test_what_is_no_registry_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        propose("x", data)
    assert caught.value.code == code

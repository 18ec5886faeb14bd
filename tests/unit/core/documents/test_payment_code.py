"""Payload of the payment code: order, lengths, separators, sums."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents.qr import MAX_BYTES, bill_payload, parse_payload, payload
from core.errors import InputError
from tests.unit.core.documents import samples

VALUES = {
    "Name": "ООО Тест",
    "PersonalAcc": "40702810000000000001",
    "BankName": "Банк",
    "BIC": "044525225",
    "CorrespAcc": "30101810400000000225",
}


def test_the_known_case() -> None:
    data = payload({**VALUES, "Sum": "456789", "PersAcc": "1234567890", "PaymPeriod": "10.2026"})
    assert data.decode() == (
        "ST00012|Name=ООО Тест|PersonalAcc=40702810000000000001|BankName=Банк|BIC=044525225|CorrespAcc=30101810400000000225"
        "|Sum=456789|PersAcc=1234567890|PaymPeriod=10.2026"
    )


def test_mandatory_keys_come_first_whatever_the_order_given() -> None:
    keys = list(parse_payload(payload({"Sum": "1", **dict(reversed(VALUES.items()))})))
    assert keys == ["Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc", "Sum"]


def test_payload_of_a_bill() -> None:
    content = samples.content()
    fund = content.recipients[-1]
    pairs = parse_payload(bill_payload(content, fund) or b"")
    assert pairs["Sum"] == str(fund.due) and pairs["PersonalAcc"].startswith("40603")
    assert pairs["PersAcc"] == content.account_number and pairs["PaymPeriod"] == "10.2026" and pairs["TechCode"] == "02"
    assert pairs["Purpose"] == "Взнос на капитальный ремонт за октябрь 2026, л/с 41100000011"
    assert pairs["PayerAddress"].endswith("кв. 14") and pairs["DocNo"] == content.number and "QuittId" not in pairs
    assert parse_payload(bill_payload(content, fund, period="MMYY", quitt_id="10ТТ1") or b"")["PaymPeriod"] == "1026"


def test_nothing_to_pay() -> None:
    content = samples.content(samples.zero_bill)
    row = content.recipients[0]
    assert "Sum" not in parse_payload(bill_payload(content, row) or b"")
    assert parse_payload(bill_payload(content, row, zero="zero") or b"")["Sum"] == "0"
    assert bill_payload(content, row, zero="no_code") is None


def test_a_separator_inside_a_value_changes_the_separator() -> None:
    data = payload({**VALUES, "Name": "ООО «А|Б»"})
    assert data.startswith("ST00012~Name=ООО «А|Б»~".encode())
    assert parse_payload(data)["Name"] == "ООО «А|Б»"
    with pytest.raises(InputError, match="EPD-0103"):
        payload({**VALUES, "Name": "|~^;"})


def test_long_texts_are_cut_at_a_word_and_identifiers_are_not() -> None:
    name = "Управляющая компания " * 20
    assert len(parse_payload(payload({**VALUES, "Name": name}))["Name"]) <= 160
    assert parse_payload(payload({**VALUES, "Name": name}))["Name"].endswith(("компания", "Управляющая"))
    assert parse_payload(payload({**VALUES, "BankName": "Ы" * 60}))["BankName"] == "Ы" * 45
    assert len(parse_payload(payload({**VALUES, "Purpose": "оплата " * 60}))["Purpose"]) <= 210


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"PersonalAcc": "4070281000000000000"}, "EPD-0102"),
        ({"BIC": "04452522х"}, "EPD-0102"),
        ({"PayeeINN": "123"}, "EPD-0102"),
        ({"Sum": "1" * 19}, "EPD-0102"),
        ({"Name": "  "}, "EPD-0101"),
        ({"PayerAddress": "ы" * MAX_BYTES}, "EPD-0104"),
    ],
)
def test_the_impossible_is_refused(change: dict[str, str], code: str) -> None:
    with pytest.raises(InputError, match=code):
        payload({**VALUES, **change})


@pytest.mark.parametrize("charset", ["cp1251", "utf-8", "koi8-r"])
def test_readers_take_all_encodings(charset: str) -> None:
    mark = {"cp1251": "1", "utf-8": "2", "koi8-r": "3"}[charset]
    assert parse_payload(f"ST0001{mark}|Name=Ёлка|Sum=1".encode(charset)) == {"Name": "Ёлка", "Sum": "1"}


@pytest.mark.parametrize("data", [b"", b"ST00019|Name=a", b"http://x", b"ST00012|Name"])
def test_what_is_no_payload_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_payload(data)


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="~^;", exclude_categories=["C", "Z"]), min_size=1, max_size=100))
def test_whatever_the_name_it_comes_back(name: str) -> None:
    assert parse_payload(payload({**VALUES, "Name": name}))["Name"] == name


def test_long_names_fit_one_symbol() -> None:
    content = samples.content(samples.long_names)
    assert all(len(bill_payload(content, row) or b"") < MAX_BYTES for row in content.recipients)

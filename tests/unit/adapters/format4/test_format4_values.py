"""Cells: what each type accepts."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.format4.values import READERS, read_date, read_decimal, read_identifier, read_moment, read_month


@pytest.mark.parametrize(
    ("text", "places", "value"),
    [
        ("0", 2, 0), ("-0.05", 2, -5), ("12,3", 2, 1230), ("1.500000", 2, 150), ("1.005", 2, None), ("0.0228", 6, 22800),
        (".5", 2, None), ("5.", 2, None), ("1 000", 2, None), ("1e2", 2, None), ("+1", 2, None), ("١", 2, None), ("9" * 18, 2, None),
        ("9" * 16, 2, int("9" * 16 + "00")),
    ],
)  # fmt: skip
def test_decimals(text: str, places: int, value: int | None) -> None:
    assert read_decimal(text, places) == value


def test_identifiers_are_64_bit_and_have_one_form() -> None:
    assert (read_identifier("007"), read_identifier("9223372036854775807"), read_identifier("9223372036854775808")) == (
        "7", "9223372036854775807", None,
    )  # fmt: skip


def test_dates() -> None:
    assert read_date("29.02.2024") == date(2024, 2, 29)
    assert [read_date(text) for text in ("29.02.2023", "1.1.2024", "2024-01-01", "00.00.0000")] == [None] * 4
    assert read_moment("08.10.2026 06:00:00") == datetime.fromisoformat("2026-10-08T06:00:00")
    assert [read_moment(text) for text in ("08.10.2026", "08.10.2026 24:00:00", "31.11.2026 00:00:00")] == [None] * 3
    assert (read_month("10.2026"), read_month("13.2026"), read_month("01.10.2026")) == (date(2026, 10, 1), None, None)


@given(st.text(min_size=1, max_size=30))
def test_any_text_is_a_value_or_none(text: str) -> None:
    for reader in READERS.values():
        reader(text)


@given(st.integers(-(10**15), 10**15), st.integers(0, 6))
def test_a_decimal_comes_back(number: int, places: int) -> None:
    digits = f"{abs(number):0{places + 1}d}"
    text = f"{'-' if number < 0 else ''}{digits[: len(digits) - places]}" + (f".{digits[-places:]}" if places else "")
    assert read_decimal(text, places) == number

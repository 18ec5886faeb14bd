"""Check digits: a right identifier passes, and no single wrong digit does."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.validate import check_digits
from core.validate.check_digits import account_fits_bik, is_guid, is_inn, is_ogrn, is_snils

BIK, ACCOUNT = "040231901", "40821810700013101001"


def test_examples() -> None:
    assert doctest.testmod(check_digits).failed == 0


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (is_inn, "0077000116"), (is_inn, "500100732259"), (is_ogrn, "1260077000072"), (is_ogrn, "304500116000157"),
        (is_snils, "112-233-445 95"), (lambda text: account_fits_bik(text, BIK), ACCOUNT),
    ],
)  # fmt: skip
def test_no_single_wrong_digit_passes(check, text) -> None:  # type: ignore[no-untyped-def]
    assert check(text)
    passed = 0
    for place, digit in enumerate(text):
        if digit.isdigit():
            passed += sum(check(f"{text[:place]}{other}{text[place + 1 :]}") for other in "0123456789" if other != digit)
    # 11, 13 and 101 are not 10: a remainder of 10 (or of 100) is written as its last digit, so a few errors pass by law
    assert passed <= 4


@pytest.mark.parametrize("text", ["", "123", "007700011", "00770001161", "007700011a", "٠٠٧٧٠٠٠١١٦", "0077000116 "])
def test_what_is_no_identifier(text: str) -> None:
    assert not is_inn(text) and not is_ogrn(text) and not is_snils(text) and not account_fits_bik(text, BIK) and not is_guid(text)


def test_an_account_of_the_central_bank_itself() -> None:
    number = next(n for n in range(10) if account_fits_bik(f"40102810{n}00000000001", "004525000"))
    assert not account_fits_bik(f"40102810{number}00000000001", "044525999")
    assert not account_fits_bik(ACCOUNT, "04023190")


@given(st.text(max_size=40))
def test_any_text_has_an_answer(text: str) -> None:
    for check in (is_inn, is_ogrn, is_snils, is_guid):
        assert check(text) in (True, False)
    assert account_fits_bik(text, text) in (True, False)


@given(st.uuids())
def test_guids(guid: object) -> None:
    assert is_guid(str(guid)) and is_guid(str(guid).upper()) and not is_guid(str(guid)[1:]) and not is_guid(f"{guid}0")

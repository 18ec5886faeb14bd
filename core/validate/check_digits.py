"""Check digits of the identifiers that money and people are found by: ИНН, ОГРН, СНИЛС, bank account against БИК.

Each function says whether a text is a well-formed identifier; it never raises and never corrects. Sources: приказ ФНС ЕД-7-14/559 (ИНН),
приказ Минфина 165н (ОГРН, ОГРНИП), постановление ПФР 192п (СНИЛС), положение ЦБ 579-П with the order of control keys 515 (accounts).
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["account_fits_bik", "is_guid", "is_inn", "is_ogrn", "is_snils"]

_INN_10 = (2, 4, 10, 3, 5, 9, 4, 6, 8)
_INN_12_FIRST = (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_INN_12_SECOND = (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)
_ACCOUNT = (7, 1, 3) * 8
_GUID_GROUPS = (8, 4, 4, 4, 12)


def _is_digits(text: str, *lengths: int) -> bool:
    return len(text) in lengths and text.isascii() and text.isdigit()


def _weighted(text: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(text, weights, strict=False))


def is_inn(text: str) -> bool:
    """ИНН: 10 digits of an organisation or 12 of a person, with one or two check digits.

    >>> is_inn("7707083893"), is_inn("7707083894"), is_inn("500100732259")
    (True, False, True)
    """
    if _is_digits(text, 10):
        return _weighted(text, _INN_10) % 11 % 10 == int(text[9])
    if not _is_digits(text, 12):
        return False
    first = _weighted(text, _INN_12_FIRST) % 11 % 10
    second = _weighted(text, _INN_12_SECOND) % 11 % 10
    return text[10:] == f"{first}{second}"


def is_ogrn(text: str) -> bool:
    """ОГРН (13 digits) or ОГРНИП (15): the last digit is the rest of the others by 11 or by 13, its own last digit.

    >>> is_ogrn("1027700132195"), is_ogrn("1027700132196")
    (True, False)
    """
    if not _is_digits(text, 13, 15):
        return False
    divisor = 11 if len(text) == 13 else 13
    return int(text[:-1]) % divisor % 10 == int(text[-1])


def is_snils(text: str) -> bool:
    """СНИЛС, with or without its hyphens and blank. The oldest numbers (up to 001-001-998) are held to their check number too.

    >>> is_snils("112-233-445 95"), is_snils("112-233-445 96"), is_snils("000-000-001 01")
    (True, False, True)
    """
    digits = text.replace("-", "").replace(" ", "")
    if not _is_digits(digits, 11):
        return False
    return sum(int(digit) * weight for digit, weight in zip(digits[:9], range(9, 0, -1), strict=True)) % 101 % 100 == int(digits[9:])


def account_fits_bik(account: str, bik: str) -> bool:
    """A settlement account of 20 digits belongs to the bank: the control key over its number and the bank's last three digits is 0.

    Accounts in ЦБ itself (БИК ends with 000–002 for its divisions) take ``0`` and the region's two digits instead.

    >>> account_fits_bik("40702810900000000001", "044525225")
    False
    """
    if not _is_digits(account, 20) or not _is_digits(bik, 9):
        return False
    prefix = bik[6:] if int(bik[6:]) > 2 else f"0{bik[4:6]}"
    return _weighted(prefix + account, _ACCOUNT) % 10 == 0


def is_guid(text: str) -> bool:
    """A GUID as ФИАС/ГАР writes it, in any case.

    >>> is_guid("b459071a-fb8a-4f9e-bf72-c46dca8fbe35"), is_guid("b459071a")
    (True, False)
    """
    groups = text.split("-")
    if tuple(map(len, groups)) != _GUID_GROUPS:
        return False
    return all(character in "0123456789abcdefABCDEF" for character in text if character != "-")

"""What the purpose of a transfer says: identifiers of the payer's account, the month, and the registries that a transfer settles.

Expressions of the contract's section 7: case does not matter, the first hit counts. Identifiers of the federal system are brought to one
form, because payers type look-alike Latin letters; a personal account stays as written.
"""

from __future__ import annotations

import re

from adapters.banks.values import Unreadable, parse_amount, parse_date

__all__ = ["find_identifiers", "find_registries", "normal_identifier"]

_X = "[0-9A-ZА-ЯЁ]"
_IDENTIFIERS = {
    "ipd": re.compile(rf"///\s*ИПД\s*({_X}{{10}}-\d{{2}}-\d{{4}})", re.I),
    "izku": re.compile(rf"///\s*И?ЖКУ\s*({_X}{{10}}-\d{{2}})(?!-?\d)", re.I),
    "els": re.compile(rf"///\s*ЕЛС\s*({_X}{{10}})(?![-0-9A-ZА-ЯЁ])", re.I),
}
_ACCOUNT = re.compile(r"(?:\bл/с|(?<![А-ЯЁ])ЛС|лицевой\s+сч[её]т)\s*№?\s*([0-9A-ZА-ЯЁ-]+(?:/[0-9A-ZА-ЯЁ-]+)*)", re.I)
_PERIOD = re.compile(r"(?:за|период)\s+(\d{2})\.(\d{4})", re.I)
_REGISTRY_WORD = re.compile("реестр", re.I)
_REGISTRY = re.compile(
    r"№\s*([0-9A-ZА-ЯЁ/-]+)\s+от\s+(\d{2}\.\d{2}\.\d{4})(?:,\s*кол-во\s+(\d+))?"
    r"(?:,\s*сумма\s+(\d+[.,]\d{2}))?(?:,\s*комиссия\s+(\d+[.,]\d{2}))?",
    re.I,
)
_LOOK_ALIKE = str.maketrans("ABCEHKMOPTXY", "АВСЕНКМОРТХУ")


def normal_identifier(text: str) -> str:
    """ЕЛС, ИЖКУ or ИПД in one form: upper case, Latin look-alikes as Cyrillic letters."""
    return text.upper().translate(_LOOK_ALIKE)


def find_identifiers(purpose: str) -> dict[str, str]:
    """Those of ``account``, ``els``, ``izku``, ``ipd``, ``period`` that the purpose names."""
    found: dict[str, str] = {}
    for key, expression in _IDENTIFIERS.items():
        if match := expression.search(purpose):
            found[key] = normal_identifier(match[1])
    if match := _ACCOUNT.search(purpose):
        found["account"] = match[1]
    if (match := _PERIOD.search(purpose)) and 1 <= int(match[1]) <= 12:
        found["period"] = f"{match[2]}-{match[1]}"
    return found


def find_registries(purpose: str) -> list[dict[str, object]]:
    """The registries that a transfer says it settles, in the order of the text."""
    if not _REGISTRY_WORD.search(purpose):
        return []
    return [
        {
            "registry_number": match[1],
            "registry_date": _date(match[2]),
            "count": int(match[3]) if match[3] else None,
            "amount_kop": parse_amount(match[4])[0] if match[4] else None,
            "commission_kop": parse_amount(match[5])[0] if match[5] else None,
        }
        for match in _REGISTRY.finditer(purpose)
    ]


def _date(text: str) -> str | None:
    try:
        return parse_date(text, "ДД.ММ.ГГГГ")
    except Unreadable:
        return None

"""Units of measure as people read them, by the code of ОКЕИ (general classifier of units, ОК 015-94)."""

from __future__ import annotations

__all__ = ["unit_name"]

_NAMES = {
    "055": "м²",
    "113": "м³",
    "166": "кг",
    "233": "Гкал",
    "245": "кВт·ч",
    "383": "руб.",
    "642": "ед.",
    "792": "чел.",
    "796": "шт.",
}


def unit_name(okei: str) -> str:
    """The short name of a unit; an unknown code stands for itself, so that nothing is printed that nobody said.

    >>> unit_name("245"), unit_name("55"), unit_name("999")
    ('кВт·ч', 'м²', '999')
    """
    return _NAMES.get(okei.rjust(3, "0"), okei)

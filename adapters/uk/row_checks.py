"""Checks that one row answers by itself: F4-031 … F4-037, F4-051 … F4-056 (exchange reference, section 5).

What to check stands in the field table; only what no table can say (a period reversed, a share above 100 %) is a function here, one rule
each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from adapters.format4.cells import Row
from adapters.format4.findings import finding
from adapters.format4.layout import Condition, Field, Section
from adapters.format4.values import COMMA_TYPES, has_comma
from core.model.finding import Finding
from core.validate.check_digits import account_fits_bik, is_guid, is_inn, is_ogrn, is_snils

__all__ = ["RowChecks"]

_EXPECTED = {
    "id": "целый код до 64 бит",
    "ref": "целый код до 64 бит",
    "i": "целое число",
    "e": "код из списка (целое число)",
    "yn": "1 — да, 2 — нет",
    "d": "дата ДД.ММ.ГГГГ",
    "dt": "дата и время ДД.ММ.ГГГГ ЧЧ:ММ:СС",
    "my": "месяц ММ.ГГГГ",
    "n2": "число, до 2 знаков после точки",
    "n3": "число, до 3 знаков после точки",
    "n6": "число, до 6 знаков после точки",
}
_CHECK_DIGITS: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "inn": ("F4-052", is_inn),
    "ogrn": ("F4-053", is_ogrn),
    "snils": ("F4-055", is_snils),
}
_FULL_SHARE = 100_00
_ON_THE_BILL = 1


class RowChecks:
    """The checks of one section, prepared once from its field table."""

    def __init__(self, section: Section, banks: Mapping[str, tuple[str, str]]) -> None:
        self._section = section
        self._file = f"{section.code}.csv"
        self._mandatory = [(field.n - 1, field) for field in section.fields if field.mandatory]
        self._conditional = [field for field in section.fields if field.conditional]
        self._typed = [(field.n - 1, field) for field in section.fields if field.type in _EXPECTED]
        self._decimal = [(field.n - 1, field) for field in section.fields if field.type in COMMA_TYPES]
        self._identified = [(field.n - 1, field) for field in section.fields if field.type in _CHECK_DIGITS]
        self._guids = [(field.n - 1, field) for field in section.fields if field.type == "fias"]
        self._special = _SPECIAL.get(section.code)
        self._banks = banks

    def findings(self, row: Row) -> Iterator[Finding]:
        """What is wrong with the row, whatever else is in the archive."""
        cells, values = row.cells, row.values
        for place, field in self._mandatory:
            if not cells[place]:
                yield self._found("F4-031", row, field)
        for place, field in self._typed:
            if values[place] is None and cells[place]:
                yield self._found("F4-032", row, field, _EXPECTED[field.type])
        for place, field in self._decimal:
            if has_comma(cells[place]) and values[place] is not None:
                yield self._found("F4-033", row, field)
        for field in self._conditional:
            if self._is_due(field, row):
                yield self._found("F4-034", row, field, self._reason(field))
        for place, field in self._guids:
            yield from self._guid(row, field, cells[place])
        for place, field in self._identified:
            code, is_valid = _CHECK_DIGITS[field.type]
            if cells[place] and not is_valid(cells[place]):
                yield self._found(code, row, field)
        if self._special is not None:
            yield from self._special(self, row)

    def _found(self, code: str, row: Row, field: Field, detail: str = "") -> Finding:
        value = row.cells[field.n - 1]
        return finding(code, self._file, row=row.number, field=field.n, value=value, name=field.name, detail=detail)

    def _field(self, code: str) -> Field:
        return next(field for field in self._section.fields if field.code == code)

    def _is_due(self, field: Field, row: Row) -> bool:
        filled = (row.cells[n - 1] for n in (field.n, *field.any_of))
        return not any(filled) and all(_holds(condition, row) for condition in field.when)

    def _reason(self, field: Field) -> str:
        names = {other.n: other.name for other in self._section.fields}
        parts = [f"поле «{names[c.field]}» заполнено" if c.codes is None else f"поле «{names[c.field]}» = {_codes(c)}" for c in field.when]
        if field.any_of:
            parts.append("или заполните " + ", ".join(f"«{names[n]}»" for n in field.any_of))
        return "; ".join(parts)

    def _guid(self, row: Row, field: Field, cell: str) -> Iterator[Finding]:
        if cell and not is_guid(cell):
            yield self._found("F4-051", row, field)
        elif cell != cell.lower():
            yield self._found("F4-056", row, field)

    def reversed_period(self, row: Row, first: str, last: str) -> Iterator[Finding]:
        """F4-035: the last day stands before the first."""
        start, end = row.day(first), row.day(last)
        if start is not None and end is not None and end < start:
            yield self._found("F4-035", row, self._field(last), f"начало {row.raw(first)}")

    def interruption(self, row: Row) -> Iterator[Finding]:
        """F4-035: an interruption that ends before it starts, or at once, would lower no fee and nobody would know."""
        start, end = row.moment("starts_at"), row.moment("ends_at")
        if start is not None and end is not None and end <= start:
            yield self._found("F4-035", row, self._field("ends_at"), f"начало {row.raw('starts_at')}")

    def relief(self, row: Row) -> Iterator[Finding]:
        """F4-035 and F4-036 of a measure of support: its days, and its share of the fee."""
        yield from self.reversed_period(row, "starts_on", "ends_on")
        if row.number_of("kind") == _ON_THE_BILL:
            yield from self.share(row)

    def share(self, row: Row) -> Iterator[Finding]:
        """F4-036: a share is above 0 and at most 100 percent."""
        share = row.number_of("share")
        if share is not None and not 0 < share <= _FULL_SHARE:
            yield self._found("F4-036", row, self._field("share"))

    def verification(self, row: Row) -> Iterator[Finding]:
        """F4-037: the next verification of a meter comes after the last."""
        verified, following = row.day("verified_on"), row.day("next_verification_on")
        if verified is not None and following is not None and following < verified:
            yield self._found("F4-037", row, self._field("next_verification_on"), f"последняя {row.raw('verified_on')}")

    def account(self, row: Row) -> Iterator[Finding]:
        """F4-054: the control key of the account against the bank's БИК; not checked where the bank is not in this archive."""
        bik, _ = self._banks.get(row.key("bank") or "", ("", ""))
        number = row.text("number")
        if bik and number and not account_fits_bik(number, bik):
            yield self._found("F4-054", row, self._field("number"), f"БИК {bik}")


def _codes(condition: Condition) -> str:
    return ", ".join(str(code) for code in sorted(condition.codes or ()))


def _holds(condition: Condition, row: Row) -> bool:
    value = row.values[condition.field - 1]
    return value is not None if condition.codes is None else value in condition.codes


_SPECIAL: Mapping[str, Callable[[RowChecks, Row], Iterator[Finding]]] = {
    **dict.fromkeys(("duouusluga", "drsouslugares", "ducharge"), lambda checks, row: checks.reversed_period(row, "starts_on", "ends_on")),
    "gil": lambda checks, row: checks.reversed_period(row, "first", "last"),
    "gilout": lambda checks, row: checks.reversed_period(row, "left_on", "back_on"),
    "kvar": lambda checks, row: checks.reversed_period(row, "opened_on", "closed_on"),
    "kvaraccom": RowChecks.share,
    "nedo": RowChecks.interruption,
    "pu": RowChecks.verification,
    "relief": RowChecks.relief,
    "contragentrschet": RowChecks.account,
}
"""Rules of one section that its field table can not say."""

"""Checks of money over many rows: F4-071 … F4-078, F4-081, F4-083 … F4-085, F4-092 (exchange reference, section 5).

Sums and counts are taken over the rows as sent, refused ones included. Kept is one number for each document, payment and debt, in bounded
memory, never a row; documents are read once more when their sums are known. An amount that can not be read makes its sum unknown, and an
unknown sum accuses nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from adapters.format4.cells import Row
from adapters.format4.findings import finding
from adapters.format4.keyed import Numbers, Totals
from core.model.finding import Finding
from core.money import format_roubles
from core.period import Month

__all__ = ["Sums"]


@dataclass(frozen=True, slots=True)
class _Stated:
    """A total as a row states it, to be compared when everything is read."""

    row: int
    field: int
    value: str
    amount: int


@dataclass(slots=True)
class Sums:
    """All sum checks of one archive; ``refused`` names sections that count as not sent."""

    month: Month
    refused: frozenset[str]
    known_payments: frozenset[str]
    known_uips: frozenset[str]
    is_increment: bool = False
    """Sums over the rows of an increment prove nothing of a document or a house: those that have not changed are not in it. A pack, whose
    rows are money, must come whole."""
    held_documents: set[str] = field(default_factory=set)
    held_packs: dict[str, str] = field(default_factory=dict)
    """Packs whose payments go to suspense, with the code of the finding."""
    _documents: Numbers = field(default_factory=Numbers)
    """Row of each."""
    _document_accounts: Numbers = field(default_factory=Numbers)
    _lines: Totals = field(default_factory=Totals)
    _penalties: Totals = field(default_factory=Totals)
    _debts: Totals = field(default_factory=Totals)
    _has_debts: bool = False
    """Whether the archive breaks debts down by months at all."""
    _packs: dict[str, list[_Stated]] = field(default_factory=dict)
    _pack_sums: Totals = field(default_factory=Totals)
    _pack_counts: Counter[str] = field(default_factory=Counter)
    _payment_amounts: Numbers = field(default_factory=Numbers)
    _uips: Numbers = field(default_factory=Numbers)
    """By УИП 63 bits of a hash of what names its row."""
    _matched: Totals = field(default_factory=Totals)
    _matched_services: Totals = field(default_factory=Totals)
    _funds: dict[str, _Stated] = field(default_factory=dict)
    _fund_sums: Totals = field(default_factory=Totals)
    _houses: dict[str, _Stated] = field(default_factory=dict)
    _house_accounts: Counter[str] = field(default_factory=Counter)

    def handlers(self) -> Mapping[str, Callable[[Row], Iterator[Finding]]]:
        """What to do with a row of each section: remember it, and say what is wrong already."""
        return {
            "house": self._house,
            "kvar": self._account,
            "epd": self._document,
            "epdcharge": self._line,
            "epdcapital": self._contribution,
            "epddebt": self._debt,
            "epdpenalty": self._penalty,
            "saldo": self._balance,
            "oplatapack": self._pack,
            "oplata": self._payment,
            "kvisol": self._matching,
            "crfundsize": self._fund,
            "crfundsizepremises": self._fund_part,
        }

    def _needs(self, *sections: str) -> bool:
        return not self.refused.intersection(sections)

    # documents -----------------------------------------------------------------------------------------------------------------------

    def _document(self, row: Row) -> Iterator[Finding]:
        key, period, account = row.key("id"), row.day("period"), row.key("account")
        if key is not None and self._documents.setdefault(key, row.number) == row.number and account is not None:
            self._document_accounts.setdefault(key, int(account))
        lawful = {(month.year, month.month) for month in (self.month, self.month.previous())}
        if period is not None and (period.year, period.month) not in lawful:
            self.held_documents.add(key or "")
            yield finding("F4-075", "epd.csv", row=row.number, field=3, value=row.raw("period"))

    def _line(self, row: Row) -> Iterator[Finding]:
        total, accrued = row.number_of("total"), row.number_of("accrued")
        document = row.key("document")
        self._lines.add(document, total)
        recalculated, benefit = _or_zero(row, "recalculated"), _or_zero(row, "benefit")
        if total is None or accrued is None or recalculated is None or benefit is None:
            return
        lawful = accrued + recalculated - benefit
        if total != lawful:
            self.held_documents.add(document or "")
            yield finding(
                "F4-092", "epdcharge.csv", row=row.number, field=5, value=row.raw("total"), detail=f"по строке {format_roubles(lawful)}"
            )

    def _contribution(self, row: Row) -> Iterator[Finding]:
        self._lines.add(row.key("document"), row.number_of("total"))
        return iter(())

    def _penalty(self, row: Row) -> Iterator[Finding]:
        self._penalties.add(row.key("document"), row.number_of("closing"))
        return iter(())

    def _debt(self, row: Row) -> Iterator[Finding]:
        account = self._document_accounts.get(row.key("document"))
        self._has_debts = True
        self._debts.add((None if account is None else str(account), row.key("service"), row.key("creditor")), row.number_of("amount"))
        return iter(())

    def _finish_documents(self, documents: Iterable[Row]) -> Iterator[Finding]:
        checks = (
            (13, "services_total", self._lines, ("epdcharge", "epdcapital")),
            (20, "penalties_total", self._penalties, ("epdpenalty",)),
        )  # fmt: skip
        needed = [(n, code, totals) for n, code, totals, sections in checks if self._needs(*sections)]
        for row in documents:
            key = row.key("id")
            if key is None or self._documents.get(key) != row.number:
                continue
            for n, code, totals in needed:
                stated, lawful = row.number_of(code), totals.of(key)
                if stated is None or lawful is None or lawful == stated:
                    continue
                self.held_documents.add(key)
                yield finding(
                    "F4-071", "epd.csv", row=row.number, field=n, value=row.raw(code), detail=f"по строкам {format_roubles(lawful)}"
                )

    # balances ------------------------------------------------------------------------------------------------------------------------

    def _balance(self, row: Row) -> Iterator[Finding]:
        signs = {
            "opening": 1,
            "accrued": 1,
            "recalculated": 1,
            "changed": 1,
            "undelivered": -1,
            "benefit": -1,
            "paid": -1,
        }
        parts = [(sign, _or_zero(row, code)) for code, sign in signs.items()]
        opening, closing = row.number_of("opening"), row.number_of("closing")
        if closing is not None and opening is not None and all(part is not None for _, part in parts):
            lawful = sum(sign * (part or 0) for sign, part in parts)
            if lawful != closing:
                detail = f"по строке {format_roubles(lawful)}"
                yield finding("F4-072", "saldo.csv", row=row.number, field=13, value=row.raw("closing"), detail=detail)
        # A sender that breaks no debt down by months is judged by the region (opening_without_months), not row by row.
        if opening is not None and opening > 0 and self._has_debts and not self.is_increment and self._needs("epd", "epddebt"):
            debts = self._debts.of((row.key("account"), row.key("service"), row.key("creditor")))
            if debts is not None and debts != opening:
                detail = f"долги {format_roubles(debts)}"
                yield finding("F4-077", "saldo.csv", row=row.number, field=6, value=row.raw("opening"), detail=detail)

    # payments ------------------------------------------------------------------------------------------------------------------------

    def _pack(self, row: Row) -> Iterator[Finding]:
        key = row.key("id")
        if key is not None and key not in self._packs:
            stated = ((4, "amount"), (5, "count"))
            self._packs[key] = [
                _Stated(row.number, n, row.raw(code), amount) for n, code in stated if (amount := row.number_of(code)) is not None
            ]
        return iter(())

    def _payment(self, row: Row) -> Iterator[Finding]:
        key, amount, uip, pack = row.key("id"), row.number_of("amount"), row.text("order_id"), row.key("pack")
        if pack is not None:
            self._pack_counts[pack] += 1
            self._pack_sums.add(pack, amount if amount is None or row.number_of("operation") != 2 else -amount)
        if key is not None and amount is not None:
            self._payment_amounts.setdefault(key, amount)
        if uip:
            mine = key or f"строка {row.number}"
            used_earlier = uip in self.known_uips and mine not in self.known_payments
            if used_earlier or self._uips.setdefault(("уип", uip), _short(mine)) != _short(mine):
                yield finding("F4-081", "oplata.csv", row=row.number, field=4, value=uip)
        if amount is not None and amount <= 0:
            yield finding("F4-083", "oplata.csv", row=row.number, field=8, value=row.raw("amount"))

    def _finish_packs(self) -> Iterator[Finding]:
        if not self._needs("oplata"):
            return
        for key, stated in self._packs.items():
            for total in stated:
                lawful = self._pack_sums.of(key) if total.field == 4 else self._pack_counts[key]
                if lawful is None or lawful == total.amount:
                    continue
                code, text = ("F4-073", format_roubles(lawful)) if total.field == 4 else ("F4-074", str(lawful))
                self.held_packs.setdefault(key, code)
                detail = f"по платежам {text}"
                yield finding(code, "oplatapack.csv", row=total.row, field=total.field, value=total.value, detail=detail)

    # matching ------------------------------------------------------------------------------------------------------------------------

    def look_ahead(self, section: str, row: Row) -> None:
        """Take a row of KVISOL or KVISOLSERVICE before KVISOL is checked: its sums decide about its rows."""
        if section == "kvisol":
            self._matched.add(row.key("payment"), row.number_of("amount_kopecks"))
        else:
            self._matched_services.add(row.key("matching"), _or_zero(row, "amount_kopecks"))

    def _matching(self, row: Row) -> Iterator[Finding]:
        amount, payment = row.number_of("amount_kopecks"), row.key("payment")
        if amount is None:
            return
        paid, matched = self._payment_amounts.get(payment), self._matched.of(payment)
        if paid is not None and matched is not None and matched > abs(paid) and self._needs("oplata"):
            detail = f"сквитировано {format_roubles(matched)}, оплачено {format_roubles(abs(paid))}"
            yield finding("F4-084", "kvisol.csv", row=row.number, field=6, value=row.raw("amount_kopecks"), detail=detail)
        services = self._matched_services.of(row.key("id"))
        if row.number_of("result") == 1 and services is not None and services != amount and self._needs("kvisolservice"):
            detail = f"по начислениям {services} коп."
            yield finding("F4-085", "kvisol.csv", row=row.number, field=6, value=row.raw("amount_kopecks"), detail=detail)

    # funds and houses ----------------------------------------------------------------------------------------------------------------

    def _fund(self, row: Row) -> Iterator[Finding]:
        key, closing = row.key("id"), row.number_of("closing")
        opening, spent = row.number_of("opening"), row.number_of("spent")
        if key is not None and key not in self._funds and closing is not None and opening is not None and spent is not None:
            self._funds[key] = _Stated(row.number, 6, row.raw("closing"), closing)
            self._fund_sums.add(key, opening - spent)
        return iter(())

    def _fund_part(self, row: Row) -> Iterator[Finding]:
        for code in ("paid", "penalties_paid"):
            self._fund_sums.add(row.key("fund"), row.number_of(code))
        return iter(())

    def _house(self, row: Row) -> Iterator[Finding]:
        key, count = row.key("id"), row.number_of("account_count")
        if key is not None and count is not None:
            self._houses.setdefault(key, _Stated(row.number, 27, row.raw("account_count"), count))
        return iter(())

    def _account(self, row: Row) -> Iterator[Finding]:
        house = row.key("house")
        if house is not None:
            self._house_accounts[house] += 1
        return iter(())

    def _finish_funds(self) -> Iterator[Finding]:
        for key, stated in self._funds.items():
            lawful = self._fund_sums.of(key)
            if lawful is not None and lawful != stated.amount and self._needs("crfundsizepremises"):
                detail = f"по движению {format_roubles(lawful)}"
                yield finding("F4-076", "crfundsize.csv", row=stated.row, field=6, value=stated.value, detail=detail)

    def _finish_houses(self) -> Iterator[Finding]:
        for key, stated in self._houses.items():
            count = self._house_accounts[key]
            if count != stated.amount and self._needs("kvar"):
                yield finding("F4-078", "house.csv", row=stated.row, field=27, value=stated.value, detail=f"строк KVAR {count}")

    def finish(self, documents: Iterable[Row]) -> Iterator[Finding]:
        """What only the whole archive shows; ``documents`` are the rows of EPD once more."""
        yield from self._finish_packs()
        if self.is_increment:
            return
        yield from self._finish_documents(documents)
        yield from self._finish_funds()
        yield from self._finish_houses()


def _short(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") >> 1


def _or_zero(row: Row, code: str) -> int | None:
    """The number, 0 where the cell is empty, None where it is unreadable."""
    return row.number_of(code) if row.raw(code) else 0

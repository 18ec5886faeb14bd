"""What an organisation that pays for several premises gets for a month: one document over its bills, with the register of the premises.

Every figure is that of an issued bill; nothing is computed but sums, so the document never says anything that the bills do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from core.model.bill import BillContent, BillRecipient
from core.period import Month

__all__ = ["OrganisationBill", "OrganisationPayer", "RecipientShare", "RecipientTotal"]


@dataclass(frozen=True, slots=True)
class OrganisationPayer:
    """Who pays."""

    name: str
    inn: str
    kpp: str
    address: str


@dataclass(frozen=True, slots=True)
class RecipientShare:
    """What one bill asks to be paid to a recipient, kopecks."""

    bill: BillContent
    account_number: str
    due: int


@dataclass(frozen=True, slots=True)
class RecipientTotal:
    """A recipient with its requisites, and what all bills together ask to be paid to it."""

    requisites: BillRecipient
    """As they stand in the first of the bills; its sums are of that bill."""
    shares: tuple[RecipientShare, ...]

    @property
    def due(self) -> int:
        """To pay, kopecks."""
        return sum(share.due for share in self.shares)


@dataclass(frozen=True)
class OrganisationBill:
    """The document: bills of one organisation and month in the order of addresses, by number unique."""

    month: Month
    payer: OrganisationPayer
    bills: tuple[BillContent, ...]

    @property
    def issued_on(self) -> date:
        """The day of the last bill in it."""
        return max(bill.issued_on for bill in self.bills)

    @property
    def due_on(self) -> date:
        """The first day by which one of the bills is to be paid."""
        return min(bill.due_on for bill in self.bills)

    @property
    def due(self) -> int:
        """To pay, kopecks."""
        return sum(bill.due for bill in self.bills)

    @cached_property
    def recipients(self) -> tuple[RecipientTotal, ...]:
        """One for each settlement account and kind of money (contributions for capital repair never mix), in the order of first mention."""
        found: dict[tuple[str, str, str, bool], list[tuple[BillRecipient, RecipientShare]]] = {}
        for bill in self.bills:
            for row in bill.recipients:
                key = (row.inn, row.bik, row.bank_account, row.contribution)
                share = RecipientShare(bill, row.account_number or bill.account_number, row.due)
                found.setdefault(key, []).append((row, share))
        return tuple(RecipientTotal(rows[0][0], tuple(share for _, share in rows)) for rows in found.values())

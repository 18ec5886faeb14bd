"""Rows of charges registries from bills: one row for an account and payee, of what the bill asks for; nothing where nothing is owed.

A payer scans his bill and sees at the bank what the registry says, so both come from the same content. Money pays penalties last
(charging-rules, section 3), so of a bill that is paid in part the rest is penalty first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from core.documents.epd import premises_address
from core.model.bank_charge import BankCharge, BankPayee
from core.model.bill import BillContent, BillRecipient

__all__ = ["Unpayable", "bank_charges"]

_NUMBER_MARKS = ("д.", "дом")


@dataclass(frozen=True, slots=True)
class Unpayable:
    """Money of a bill that no registry can ask for: its payee has no settlement account."""

    account: str
    payee: str
    amount: int


def bank_charges(contents: Iterable[BillContent]) -> tuple[Mapping[BankPayee, list[BankCharge]], list[Unpayable]]:
    """Rows by payee, in the order of the bills; payees in the order of ИНН and account."""
    rows: dict[BankPayee, dict[str, BankCharge]] = {}
    left: list[Unpayable] = []
    for content in contents:
        for recipient in content.recipients:
            if recipient.due <= 0:
                continue
            number = recipient.account_number or content.account_number
            if not recipient.bank_account:
                left.append(Unpayable(number, recipient.name, recipient.due))
                continue
            of_payee = rows.setdefault(BankPayee(recipient.inn, recipient.bank_account, recipient.name), {})
            row = _row(content, recipient, number)
            earlier = of_payee.get(number)
            if earlier is not None:
                row = replace(earlier, charge=earlier.charge + row.charge, penalty=earlier.penalty + row.penalty)
            of_payee[number] = row
    return {payee: list(rows[payee].values()) for payee in sorted(rows)}, left


def _row(content: BillContent, recipient: BillRecipient, number: str) -> BankCharge:
    penalty = min(max(recipient.penalties, 0), recipient.due)
    own = next((account for account in content.accounts if account.number == number), None)
    city, street, house = _place(content.address)
    return BankCharge(
        account=number,
        els=(own.els if own is not None else content.els) or "",
        izku=recipient.service_identifier or content.service_identifier or "",
        house_fias=content.house_fias,
        flat=content.premises_number or "",
        payer_name=content.payer_name,
        address=premises_address(content),
        city=city,
        street=street,
        house=house,
        charge=recipient.due - penalty,
        penalty=penalty,
        premises=premises_address(content)[len(content.address) :].lstrip(", "),
        bill=content.number,
    )


def _place(address: str) -> tuple[str, str, str]:
    """Settlement, street and house of an address in one line; what comes before the settlement (region, district) is left out."""
    parts = [part.strip() for part in address.split(",") if part.strip()]
    city, street, house = ["", "", "", *parts][-3:]
    for mark in _NUMBER_MARKS:
        if house.lower().startswith(mark):
            return city, street, house[len(mark) :].strip()
    return city, street, house

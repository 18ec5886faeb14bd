"""Charges registries of a posted month: what its issued bills ask for, by payee, each sum equal to the bills and so to the ledger.

Bills are compared with the postings of the month before they are issued; a registry is made of those bills alone, so a bank never asks for
money that no bill names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from core.documents.bank_charges import Unpayable, bank_charges
from core.errors import InputError, InvariantError
from core.ids import ProviderId
from core.issued.bills import bills_of_month
from core.model.bank_charge import BankCharge, BankPayee
from core.money import format_roubles
from core.period import Month
from core.services.issue import posted_month
from core.storage.engine import transaction

__all__ = ["MonthCharges", "month_charges"]


@dataclass(frozen=True, slots=True)
class MonthCharges:
    """What the bills of a provider and month ask for."""

    bills: int
    due: int
    """Sum of the bills, kopecks: that of the rows and of what no registry can ask for."""
    rows: Mapping[BankPayee, list[BankCharge]]
    left: tuple[Unpayable, ...]


def month_charges(engine: Engine, *, provider_id: ProviderId, month: Month) -> MonthCharges:
    """Rows of the registries of a posted month by payee.

    ``InputError`` EPD-0501 when the month is not posted, BANK-0601 when no bill of it is issued.
    """
    bills = due = 0
    with transaction(engine) as connection:
        posted_month(connection, provider_id, month)
        contents = []
        for bill in bills_of_month(connection, provider_id, month):
            bills, due = bills + 1, due + bill.total
            contents.append(bill.content)
    if not bills:
        raise InputError(
            "BANK-0601",
            f"За {month.title} не выпущено ни одного счёта: реестр начислений составить не из чего.",
            hint=f"Выпустите счета: erkc issue bills {month} --out ПАПКА.",
        )
    rows, left = bank_charges(contents)
    listed = sum(row.amount for of_payee in rows.values() for row in of_payee) + sum(item.amount for item in left)
    if listed != due:
        raise InvariantError(
            "BANK-0602",
            f"Реестры начислений на {format_roubles(listed)}, а счета на {format_roubles(due)}: файлы не составлены.",
            hint="Сообщите разработчику и приложите вывод erkc verify.",
        )
    return MonthCharges(bills, due, rows, tuple(left))

"""A payer's month explained: the bill that was issued, every account on it, and the records behind them that the payer may see."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from core.charges.law import Law
from core.errors import InputError
from core.ids import RecordId
from core.issued.lookup import bills_like, bills_of_accounts, bills_of_code, read_contents
from core.model.bill import BillContent
from core.model.bill_json import content_sha256
from core.period import Month
from core.records.entities import AccountNumber, accounts_of, find_accounts
from core.services.explain import AccountExplained, account_explained, with_penalties
from core.services.proof import ProvedRecord, records_for
from core.storage.engine import transaction

__all__ = ["PayerExplained", "explain_payer"]

_CODE = re.compile(r"[0-9a-fA-F]{16}")


@dataclass(frozen=True, slots=True)
class PayerExplained:
    """What an explanation page tells."""

    month: Month
    accounts: tuple[AccountExplained, ...]
    bills: tuple[BillContent, ...]
    """The last version of each bill for one of the accounts; empty: none was issued."""
    records: Mapping[RecordId, ProvedRecord]


def explain_payer(engine: Engine, *, name: str, month: Month, law: Law | None = None) -> PayerExplained:
    """Explain every account of a number and those that stand on one bill with it; ``name`` may be a bill's number or control code.

    With the ``law`` penalties too.

    :class:`InputError` EX-0101 no such account, EX-0102 nothing was calculated, EX-0104 the number stands for several payers: senders count
    bills and accounts each for themselves, and nobody may read a stranger's page.
    """
    with transaction(engine) as connection:
        found = [account.account_id for account in find_accounts(connection, [name]).get(name, [])]
        found = found or [bill.payer_id for bill in bills_like(connection, number=name)]
        if not found and _CODE.fullmatch(name):
            found = [bill.payer_id for bill in bills_of_code(connection, name.lower(), month)]
        if not found:
            raise InputError("EX-0101", f"Лицевой счёт {name} не найден.", hint="Проверьте номер; он стоит на квитанции.", account=name)
        bills = read_contents(connection, bills_of_accounts(connection, found, month))
        billed = [account.account_id for bill in bills.values() for account in bill.accounts]
        ids = dict.fromkeys((*billed, *found))
        named = accounts_of(connection, ids)
        on_bills = {*billed, *(bill.account_id for bill in bills.values())}
        _refuse_strangers(name, tuple(bills.values()), [named[number] for number in found if number not in on_bills])
        told = (account_explained(connection, named[number], month) for number in ids)
        accounts = tuple(one for one in told if one is not None)
        if not accounts:
            raise InputError(
                "EX-0102", f"За {month.title} по счёту {name} ничего не рассчитано.", hint=f"Выполните erkc bill month {month}."
            )
        if law is not None:
            accounts = tuple(with_penalties(connection, one, law) for one in accounts)
        records = {record.stored.record_id: record for record in records_for(connection, accounts)}
        return PayerExplained(month, accounts, tuple(bills.values()), records)


def _refuse_strangers(name: str, bills: Sequence[BillContent], others: Sequence[AccountNumber]) -> None:
    """One page tells one payer: ``others`` are accounts of the name that are on none of the bills."""
    if len(bills) <= 1 and len({*(bill.payer_name for bill in bills), *(account.payer_name for account in others)}) <= 1:
        return
    listed = [f"{content_sha256(bill).hex()[:16]} — счёт {bill.account_number}, документ № {bill.number}" for bill in bills]
    hint = f"Назовите контрольный код документа: {'; '.join(listed)}." if listed else "Выпустите документы и назовите контрольный код."
    raise InputError("EX-0104", f"Номер {name} есть у нескольких плательщиков: страница — для одного.", hint=hint, name=name)

"""Documents of organisations that pay for several premises: collected from the bills that are issued, over all senders of the centre.

Payments come back by the personal account of each premises, so the bills stay; the document spares the accountant of a shop or of a
municipality from adding them up, and says what goes to whom.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from core.errors import InputError
from core.ids import CENTRE, EntityId
from core.issued.lookup import bills_of_accounts, read_contents
from core.model.bill import BillContent
from core.model.organisation_bill import OrganisationBill, OrganisationPayer
from core.period import Month
from core.records.directory import address_order
from core.records.organisation_payers import organisations_paying
from core.records.providers import providers

__all__ = ["organisation_bills"]

_SEVERAL = 2


@dataclass(slots=True)
class _Found:
    payer: OrganisationPayer
    accounts: list[EntityId] = field(default_factory=list)


def organisation_bills(connection: Connection, month: Month, *, inn: str | None = None) -> Iterator[OrganisationBill]:
    """Documents of a month, one after another in the order of ИНН: of organisations with two or more bills, or of the one of an ИНН.

    ``InputError`` EPD-0603 when the organisation has no bill in the month.
    """
    found: dict[EntityId, _Found] = {}
    for provider in providers(connection):
        if provider.provider_id == CENTRE:
            continue
        for one in organisations_paying(connection, provider_id=provider.provider_id, month=month):
            if inn is None or one.payer.inn == inn:
                found.setdefault(one.organisation_id, _Found(one.payer)).accounts.extend(one.accounts)
    issued = False
    for organisation in sorted(found.values(), key=lambda each: each.payer.inn):
        bills = _bills(connection, organisation.accounts, month)
        issued = issued or bool(bills)
        if len(bills) >= _SEVERAL or (inn is not None and bills):
            yield OrganisationBill(month, organisation.payer, tuple(bills))
    if inn is not None and not issued:
        raise InputError(
            "EPD-0603",
            f"У организации с ИНН {inn} нет документов за {month.title}.",
            hint=f"Проверьте ИНН; если месяц проведён, выпустите документы: erkc issue bills {month}.",
            inn=inn,
        )


def _bills(connection: Connection, accounts: Sequence[EntityId], month: Month) -> list[BillContent]:
    """In the order of streets, houses and premises."""
    contents = read_contents(connection, bills_of_accounts(connection, accounts, month)).values()
    return sorted(contents, key=lambda bill: (address_order(bill.address), address_order(bill.premises_number), bill.number))

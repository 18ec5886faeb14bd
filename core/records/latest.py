"""Reading the latest records for the services: what stands in a month, or what one message brought.

Rows of a message come in every state, so that whoever posts money sees what is held and why. Rows of a month are those in force; only
payments and packs come in every state there too, because money that came in is there whatever we think of its row. Long answers are
streamed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from core.ids import EntityId, MessageId, ProviderId
from core.model.records import (
    Account,
    AccountPlace,
    Balance,
    BankAccount,
    Body,
    CapitalRepairDecision,
    House,
    OpeningDebt,
    OpeningPenalty,
    Organisation,
    Payment,
    PaymentPack,
    Premises,
    Room,
    Service,
    StatedBill,
    StatedContribution,
    StatedLine,
)
from core.period import Month
from core.records.rows import (
    AccountRow,
    BalanceRow,
    BankAccountRow,
    HouseRow,
    OpeningDebtRow,
    OpeningPenaltyRow,
    OrganisationRow,
    PackRow,
    PaymentRow,
    ServiceRow,
    StatedBillRow,
    StatedLineRow,
)
from core.records.tables import table_name
from core.records.versions import PARTIES, in_force, scope, with_tables
from core.storage.sql import queries

__all__ = [
    "find_organisation", "read_accounts", "read_balances", "read_bank_accounts", "read_houses_list", "read_opening_debts",
    "read_opening_penalties", "read_organisations", "read_packs", "read_payments", "read_services", "read_stated_bills",
    "read_stated_lines",
]  # fmt: skip

_RowType = TypeVar("_RowType")

_ROWS_AT_ONCE = 5000
_OF_BILL = "r.bill IN (SELECT record_key FROM bill_now)"
_NEAR_BILLS = "r.month BETWEEN (SELECT min(month) FROM bill_now) AND (SELECT max(month) + 31 FROM bill_now)"
_OF_MONTH = "r.month = :month"
_HOUSE_KEY = "(SELECT entity_key FROM entity WHERE entity_id = :house AND provider_id = :provider AND kind = 'house')"
_PAID_IN_MONTH = "coalesce(r.accounted_on, r.paid_on) BETWEEN :since AND :until_day"


def read_organisations(connection: Connection, *, provider_id: ProviderId, month: Month | None = None) -> list[OrganisationRow]:
    """Organisations of a sender; without a month as they stand last."""
    tables = {"organisation_now": in_force(Organisation), "party": PARTIES}
    found = _of_month(connection, "rows_organisations", tables, provider_id, month)
    return [OrganisationRow(*[*row[:-2], tuple(row.roles), row.verified]) for row in found]


def find_organisation(connection: Connection, *, provider_id: ProviderId, inn: str) -> EntityId | None:
    """The entity of a sender's organisation by its ИНН as it stands last; of several rows of one ИНН that of the last key."""
    tables = {"organisation_now": in_force(Organisation, "r.inn = :inn"), "party": PARTIES}
    statement = text(with_tables(queries("core.records").raw["find_organisation"], **tables))
    parameters = {**scope(provider_id, until=date.max, known_until=None), "inn": inn}
    found = connection.execute(statement, parameters).scalar()
    return None if found is None else EntityId(found)


def read_bank_accounts(connection: Connection, *, provider_id: ProviderId, month: Month | None = None) -> list[BankAccountRow]:
    """Settlement accounts of a sender's organisations."""
    tables = {"bank_account_now": in_force(BankAccount), "party": PARTIES}
    return [BankAccountRow(*row) for row in _of_month(connection, "rows_bank_accounts", tables, provider_id, month)]


def read_services(connection: Connection, *, provider_id: ProviderId, month: Month | None = None) -> list[ServiceRow]:
    """The sender's dictionary of services."""
    return [ServiceRow(*row) for row in _of_month(connection, "rows_services", {"service_now": in_force(Service)}, provider_id, month)]


def read_houses_list(connection: Connection, *, provider_id: ProviderId, month: Month | None = None) -> list[HouseRow]:
    """Houses of a sender, without what is inside them (that is ``core.records.facts.read_houses``)."""
    tables = {"house_now": in_force(House), "decision_now": in_force(CapitalRepairDecision), "party": PARTIES}
    return [HouseRow(*row) for row in _of_month(connection, "rows_houses", tables, provider_id, month)]


def read_accounts(
    connection: Connection, *, provider_id: ProviderId, month: Month | None = None, house: EntityId | None = None
) -> Iterator[AccountRow]:
    """Personal accounts of a sender in the order of its keys, closed ones too; of one ``house``, only it is read."""
    tables = {
        "account_now": in_force(Account),
        "house_now": in_force(House),
        "place_now": in_force(AccountPlace),
        "room_now": in_force(Room),
        "premises_now": in_force(Premises),
        "party": PARTIES,
    }
    if house is not None:
        tables |= {
            "account_now": in_force(Account, f"r.house = {_HOUSE_KEY}"),
            "house_now": in_force(House, f"r.record_key = {_HOUSE_KEY}"),
            "place_now": in_force(AccountPlace, "r.account IN (SELECT record_key FROM account_now)"),
            "room_now": in_force(Room, "r.record_key IN (SELECT room FROM place_now)"),
            "premises_now": in_force(Premises, "r.record_key IN (SELECT premises FROM place_now UNION SELECT premises FROM room_now)"),
        }
    for row in _of_month(connection, "rows_accounts", tables, provider_id, month, house=house):
        yield AccountRow(*row)


def read_stated_bills(
    connection: Connection, *, provider_id: ProviderId, message_id: MessageId | None = None, month: Month | None = None
) -> Iterator[StatedBillRow]:
    """Payment documents of the sender."""
    return _read(connection, "rows_stated_bills", StatedBillRow, _choice(provider_id, message_id, month), {"bill_now": StatedBill})


def read_stated_lines(
    connection: Connection, *, provider_id: ProviderId, message_id: MessageId | None = None, month: Month | None = None
) -> Iterator[StatedLineRow]:
    """Lines of the sender's documents, services before contributions; of a month: of the documents in force only."""
    own = {"stated_line_now": StatedLine, "stated_contribution_now": StatedContribution}
    others = {"service_now": in_force(Service), "balance_now": in_force(Balance, _NEAR_BILLS), "party": PARTIES}
    return _read(connection, "rows_stated_lines", StatedLineRow, _choice(provider_id, message_id, month), own, others, of_bills=True)


def read_balances(
    connection: Connection, *, provider_id: ProviderId, message_id: MessageId | None = None, month: Month | None = None
) -> Iterator[BalanceRow]:
    """Balances by account, service, creditor and month."""
    choice = _choice(provider_id, message_id, month)
    return _read(connection, "rows_balances", BalanceRow, choice, {"balance_now": Balance}, {"party": PARTIES})


def read_opening_debts(
    connection: Connection, *, provider_id: ProviderId, message_id: MessageId | None = None, month: Month | None = None
) -> Iterator[OpeningDebtRow]:
    """Unpaid sums on the first day of the documents' month, by month of origin."""
    choice = _choice(provider_id, message_id, month)
    return _read(connection, "rows_opening_debts", OpeningDebtRow, choice, {"debt_now": OpeningDebt}, {"party": PARTIES}, of_bills=True)


def read_opening_penalties(
    connection: Connection, *, provider_id: ProviderId, message_id: MessageId | None = None, month: Month | None = None
) -> Iterator[OpeningPenaltyRow]:
    """Penalties and court costs of the documents."""
    choice = _choice(provider_id, message_id, month)
    own: dict[str, type[Body]] = {"penalty_now": OpeningPenalty}
    return _read(connection, "rows_opening_penalties", OpeningPenaltyRow, choice, own, {"party": PARTIES}, of_bills=True)


def read_packs(
    connection: Connection, *, provider_id: ProviderId, message_id: MessageId | None = None, month: Month | None = None
) -> list[PackRow]:
    """Packs of payments in every state; of a month: by the day of the payment order."""
    choice = _choice(provider_id, message_id, month)
    packs = _of_message(PaymentPack)
    if month is not None:
        packs = in_force(PaymentPack, "r.ordered_on BETWEEN :since AND :until_day", any_state=True)
    return [PackRow(*row) for row in _rows(connection, "rows_packs", {"pack_now": packs}, choice)]


def read_payments(
    connection: Connection,
    *,
    provider_id: ProviderId,
    message_id: MessageId | None = None,
    month: Month | None = None,
    and_released: bool = False,
) -> Iterator[PaymentRow]:
    """Payments in every state, in the order of allocation; of a month: by the day of accounting, else of payment.

    Of a message also, if so asked, those of earlier ones whose account it brought.
    """
    choice = _choice(provider_id, message_id, month)
    tables = {
        "payment_now": _of_message(Payment, and_released=and_released)
        if month is None
        else in_force(Payment, _PAID_IN_MONTH, any_state=True),
        "bill_now": in_force(StatedBill, "r.record_key IN (SELECT bill FROM payment_now)", any_state=True),
        "pack_now": in_force(PaymentPack, "r.record_key IN (SELECT pack FROM payment_now)", any_state=True),
    }
    for row in _rows(connection, "rows_payments", tables, choice):
        yield PaymentRow(*row)


def _choice(provider_id: ProviderId, message_id: MessageId | None, month: Month | None) -> dict[str, object]:
    """Parameters for one message or one month; whichever records were learned last count."""
    if (message_id is None) == (month is None):
        raise ValueError("name either the message or the month")
    parameters = scope(provider_id, until=date.max, known_until=None)
    if month is None:
        return parameters | {"message": message_id}
    return parameters | {"month": month.first, "since": month.first, "until_day": month.last}


def _of_message(body: type[Body], *, and_released: bool = False) -> str:
    """What a message said; a version that it released from quarantine was said by another."""
    said = "message_id = :message AND released_by IS NULL"
    if and_released:
        said = f"(({said}) OR released_by = :message)"
    return f"SELECT * FROM {table_name(body)} WHERE provider_id = :provider AND {said}"


def _read(
    connection: Connection,
    name: str,
    row_type: type[_RowType],
    choice: dict[str, object],
    own: Mapping[str, type[Body]],
    others: Mapping[str, str] | None = None,
    *,
    of_bills: bool = False,
) -> Iterator[_RowType]:
    """Stream a named statement: ``own`` tables hold the rows asked for, ``others`` what they refer to."""
    by_month = "month" in choice
    tables = {table: _of_message(body) for table, body in own.items()}
    if of_bills:
        referred = " UNION ".join(f"SELECT bill FROM {table}" for table in own)
        bills = in_force(StatedBill, _OF_MONTH) if by_month else in_force(StatedBill, f"r.record_key IN ({referred})", any_state=True)
        rows = {table: in_force(body, _OF_BILL) for table, body in own.items()} if by_month else tables
        tables = {"bill_now": bills, **rows} if by_month else {**rows, "bill_now": bills}
    elif by_month:
        tables = {table: in_force(body, _OF_MONTH) for table, body in own.items()}
    for row in _rows(connection, name, {**tables, **(others or {})}, choice):
        yield row_type(*row)


def _rows(connection: Connection, name: str, tables: Mapping[str, str], parameters: Mapping[str, object]) -> Iterator[Any]:
    # The columns of a row are what queries.sql selects, which no type can tell.
    statement = text(with_tables(queries("core.records").raw[name], **tables))
    yield from connection.execute(statement, parameters, execution_options={"yield_per": _ROWS_AT_ONCE})


def _of_month(
    connection: Connection, name: str, tables: Mapping[str, str], provider_id: ProviderId, month: Month | None, **others: object
) -> Iterator[Any]:
    until = date.max if month is None else month.last
    return _rows(connection, name, tables, scope(provider_id, until=until, known_until=None) | others)

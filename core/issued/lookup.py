"""Finding issued bills by what others know of them: our ids in bulk, or the number that is printed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from core.ids import BillId, EntityId, ProviderId
from core.model.bill import BillContent
from core.model.bill_json import from_value
from core.period import Month

__all__ = [
    "BillSummary",
    "BillSums",
    "bill_ids",
    "bill_numbers",
    "billed_providers",
    "bills_like",
    "bills_of_accounts",
    "bills_of_code",
    "files_of_month",
    "first_due_days",
    "first_issue_days",
    "month_sums",
    "read_contents",
    "sums_of_accounts",
]

_CONTENTS = text("SELECT bill_id, content FROM bill WHERE bill_id = ANY (:ids) ORDER BY bill_id")
_NUMBERS = text("SELECT bill_id, number FROM bill WHERE bill_id = ANY (:ids) ORDER BY bill_id")
_FILES = text(
    "SELECT f.bill_id, f.path FROM bill_file f JOIN bill b USING (bill_id) "
    "WHERE b.provider_id = :provider_id AND b.month = :month AND f.media = :media AND f.template = :template"
)
_SUMMARIES = text(
    "SELECT bill_id, provider_id, payer_id, month, number, version, total FROM bill WHERE number = CAST(:number AS text) "
    "OR bill_id IN (SELECT a.bill_id FROM bill_account a WHERE a.account_id = CAST(:account AS bigint)) ORDER BY bill_id"
)
_BY_NUMBER = text("SELECT number, bill_id FROM bill WHERE provider_id = :provider_id AND number = ANY (:numbers)")
_FIRST_DUE = text(
    "SELECT a.account_id, a.month, min(CAST(content ->> 'due_on' AS date)) AS due_on FROM bill_account a JOIN bill b USING (bill_id) "
    "WHERE a.account_id = ANY (:accounts) AND a.month = ANY (CAST(:months AS date[])) AND b.version = 1 GROUP BY 1, 2"
)
_FIRST_ISSUED = text(
    "SELECT a.account_id, a.month, min(CAST(content ->> 'issued_on' AS date)) AS issued_on FROM bill_account a JOIN bill b USING (bill_id) "
    "WHERE a.account_id = ANY (:accounts) AND a.month = ANY (CAST(:months AS date[])) AND b.version = 1 GROUP BY 1, 2"
)


_SUMS_OF_ACCOUNTS = text(
    "SELECT DISTINCT ON (a.account_id) a.account_id, CAST(b.content ->> 'charged' AS bigint) AS charged, b.total AS due "
    "FROM bill_account a JOIN bill b USING (bill_id) WHERE a.account_id = ANY (:accounts) AND a.month = :month "
    "ORDER BY a.account_id, b.version DESC, b.bill_id DESC"
)
_MONTH_SUMS = text(
    "SELECT count(*) AS bills, coalesce(sum(charged), 0)::bigint AS charged, coalesce(sum(due), 0)::bigint AS due FROM ("
    "SELECT DISTINCT ON (payer_id) CAST(content ->> 'charged' AS bigint) AS charged, total AS due FROM bill "
    "WHERE provider_id = :provider_id AND month = :month ORDER BY payer_id, version DESC) latest"
)
_OF_ACCOUNTS = text(
    "SELECT DISTINCT ON (b.provider_id, b.payer_id) b.bill_id FROM bill_account a JOIN bill b USING (bill_id) "
    "WHERE a.account_id = ANY (:accounts) AND a.month = :month ORDER BY b.provider_id, b.payer_id, b.version DESC"
)

_BILLED_PROVIDERS = text(
    "SELECT DISTINCT a.provider_id FROM bill b JOIN bill_account a USING (bill_id) "
    "WHERE b.provider_id = :provider_id AND a.provider_id <> :provider_id ORDER BY 1"
)
_BY_CODE = text(
    "SELECT bill_id, provider_id, payer_id, month, number, version, total FROM bill "
    "WHERE month = :month AND content_sha256 >= :low AND content_sha256 <= :high ORDER BY bill_id"
)


@dataclass(frozen=True, slots=True)
class BillSums:
    """What bills charged and asked for, kopecks."""

    bills: int
    charged: int
    due: int


@dataclass(frozen=True, slots=True)
class BillSummary:
    """A bill without its content; ``total`` is what it asks for, kopecks."""

    bill_id: BillId
    provider_id: ProviderId
    payer_id: EntityId
    month: date
    number: str
    version: int
    total: int


def bills_like(connection: Connection, *, number: str | None = None, account_id: EntityId | None = None) -> list[BillSummary]:
    """Bills of a printed number or for an account, every version, in the order of issue."""
    rows = connection.execute(_SUMMARIES, {"number": number, "account": account_id})
    return [BillSummary(BillId(r[0]), ProviderId(r[1]), EntityId(r[2]), *r[3:]) for r in rows]


def bills_of_code(connection: Connection, code: str, month: Month) -> list[BillSummary]:
    """Bills of a month whose control code (the first hexadecimal digits of the content's hash) is this one."""
    ends = {"low": bytes.fromhex(code.ljust(64, "0")), "high": bytes.fromhex(code.ljust(64, "f"))}
    rows = connection.execute(_BY_CODE, {"month": month.first, **ends})
    return [BillSummary(BillId(r[0]), ProviderId(r[1]), EntityId(r[2]), *r[3:]) for r in rows]


def sums_of_accounts(connection: Connection, accounts: Collection[EntityId], month: Month) -> dict[EntityId, BillSums]:
    """What the last version of the bill for each account says; accounts without a bill are not there."""
    rows = connection.execute(_SUMS_OF_ACCOUNTS, {"accounts": list(accounts), "month": month.first})
    return {EntityId(row.account_id): BillSums(1, row.charged, row.due) for row in rows}


def month_sums(connection: Connection, provider_id: ProviderId, month: Month) -> BillSums:
    """All bills of a provider's month together, the last version of each."""
    row = connection.execute(_MONTH_SUMS, {"provider_id": provider_id, "month": month.first}).one()
    return BillSums(row.bills, row.charged, row.due)


def billed_providers(connection: Connection, provider_id: ProviderId) -> list[ProviderId]:
    """Other senders whose accounts stand on a provider's bills, of whatever month."""
    return [ProviderId(number) for number in connection.execute(_BILLED_PROVIDERS, {"provider_id": provider_id}).scalars()]


def bills_of_accounts(connection: Connection, accounts: Collection[EntityId], month: Month) -> list[BillId]:
    """The last version of each bill of a month that is for one of the accounts."""
    names = {"accounts": list(accounts), "month": month.first}
    return [BillId(number) for number in connection.execute(_OF_ACCOUNTS, names).scalars()]


def read_contents(connection: Connection, ids: Collection[BillId]) -> dict[BillId, BillContent]:
    """Contents of bills, whatever their version; unknown ids are left out."""
    rows = connection.execute(_CONTENTS, {"ids": list(ids)})
    return {BillId(row.bill_id): from_value(row.content) for row in rows}


def bill_numbers(connection: Connection, ids: Collection[BillId]) -> dict[BillId, str]:
    """Printed numbers of bills; unknown ids are left out."""
    return {BillId(row.bill_id): row.number for row in connection.execute(_NUMBERS, {"ids": list(ids)})}


def bill_ids(connection: Connection, provider_id: ProviderId, numbers: Collection[str]) -> dict[str, BillId]:
    """Ids of a provider's bills by number; unknown numbers are left out."""
    rows = connection.execute(_BY_NUMBER, {"provider_id": provider_id, "numbers": list(numbers)})
    return {row.number: BillId(row.bill_id) for row in rows}


def files_of_month(connection: Connection, provider_id: ProviderId, month: Month, *, media: str, template: str) -> dict[BillId, str]:
    """By bill, the path of its file of one medium and template, relative to the documents folder."""
    names = {"provider_id": provider_id, "month": month.first, "media": media, "template": template}
    return {BillId(row.bill_id): row.path for row in connection.execute(_FILES, names)}


def first_due_days(connection: Connection, accounts: Collection[EntityId], months: Collection[Month]) -> dict[tuple[EntityId, Month], date]:
    """Until when the first bill for an account and month is to be paid; a later version does not move it. Not issued: not there."""
    rows = connection.execute(_FIRST_DUE, {"accounts": list(accounts), "months": [month.first for month in months]})
    return {(EntityId(row.account_id), Month.of(row.month)): row.due_on for row in rows}


def first_issue_days(
    connection: Connection, accounts: Collection[EntityId], months: Collection[Month]
) -> dict[tuple[EntityId, Month], date]:
    """On which day the first bill for an account and month was made out: what it shows counts from the day after. Not issued: not there."""
    rows = connection.execute(_FIRST_ISSUED, {"accounts": list(accounts), "months": [month.first for month in months]})
    return {(EntityId(row.account_id), Month.of(row.month)): row.issued_on for row in rows}

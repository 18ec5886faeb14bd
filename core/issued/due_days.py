"""Until when bills are to be paid, as a temporary table: for registers of debts, where a million bills do not pass through the program."""

from __future__ import annotations

from sqlalchemy import Connection, text

__all__ = ["stage_bill_due_days"]

_CREATE = text("CREATE TEMPORARY TABLE register_due (account_id bigint, month date, due_on date) ON COMMIT DROP")
_FILL = text(
    "INSERT INTO register_due SELECT a.account_id, a.month, min(CAST(b.content ->> 'due_on' AS date)) "
    "FROM (SELECT DISTINCT account_id, origin_month FROM register_debt WHERE chart = 1 AND amount > 0) d "
    "JOIN bill_account a ON a.account_id = d.account_id AND a.month = d.origin_month JOIN bill b USING (bill_id) "
    "WHERE b.version = 1 GROUP BY 1, 2"
)


def stage_bill_due_days(connection: Connection) -> None:
    """Fill ``register_due`` with the due day of the first bill of each debt in ``register_debt`` (the ledger fills that); a later version
    does not move it."""
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.register_due"))
    connection.execute(_CREATE)
    connection.execute(_FILL)
    connection.execute(text("ANALYZE register_due"))

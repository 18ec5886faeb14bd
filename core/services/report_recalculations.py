"""Recalculations of closed months in a month's report: account, month corrected, cause, sums; what is blocked is not in the sums."""

from __future__ import annotations

from collections.abc import Sequence

from core.charges.causes import CAUSES
from core.ledger.differences import DifferenceRow
from core.money import format_roubles
from core.services.month_view import Json, ProviderMonth, volume

__all__ = ["recalculations_section"]


def recalculations_section(parts: Sequence[ProviderMonth]) -> Json:
    """Posted and blocked sums, then every difference; empty when there is none."""
    rows = [(part, row) for part in parts for mine in part.differences.values() for row in mine]
    if not rows:
        return {}
    order = list(CAUSES)
    rows.sort(key=lambda item: (_account(*item), item[1].month, order.index(item[1].cause), item[1].service_id))
    posted = [row for _, row in rows if row.blocked_by is None]
    blocked = [row for _, row in rows if row.blocked_by is not None]
    return {
        "accounts": len({row.account_id for row in posted}),
        "total": format_roubles(sum(row.total for row in posted)),
        "blocked_accounts": len({row.account_id for row in blocked}),
        "blocked_total": format_roubles(sum(row.total for row in blocked)),
        "by_month_and_cause": _by_month_and_cause(rows, order),
        "rows": [_row(part, row) for part, row in rows],
    }


def _account(part: ProviderMonth, row: DifferenceRow) -> str:
    return part.accounts[row.account_id].number if row.account_id in part.accounts else str(row.account_id)


def _by_month_and_cause(rows: Sequence[tuple[ProviderMonth, DifferenceRow]], order: list[str]) -> list[Json]:
    groups: dict[tuple[object, ...], list[DifferenceRow]] = {}
    for _, row in sorted(rows, key=lambda item: (item[1].month, order.index(item[1].cause), item[1].blocked_by is not None)):
        groups.setdefault((str(row.month), row.cause, row.blocked_by is not None), []).append(row)
    return [
        {
            "month": month,
            "cause": cause,
            "title": CAUSES[str(cause)].title,
            "blocked": blocked,
            "accounts": len({row.account_id for row in found}),
            "total": format_roubles(sum(row.total for row in found)),
        }
        for (month, cause, blocked), found in groups.items()
    ]


def _row(part: ProviderMonth, row: DifferenceRow) -> Json:
    return {
        "account": _account(part, row),
        "month": str(row.month),
        "cause": row.cause,
        "service": part.service_keys.get(row.service_id, str(row.service_id)),
        "base": format_roubles(row.base),
        "mult": format_roubles(row.surcharge),
        "recalc": format_roubles(row.recalculation),
        "nedo": format_roubles(row.underdelivery),
        "benefit": format_roubles(row.benefit),
        "total": format_roubles(row.total),
        "volume": volume(row.volume_e6),
        "blocked": row.blocked_by is not None,
    }

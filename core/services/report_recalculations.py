"""Recalculations of closed months in a month's report: account, month corrected, cause, sums; what is blocked is not in the sums."""

from __future__ import annotations

from collections.abc import Sequence

from core.charges.causes import CAUSES, FIRST_CHARGE, MASS
from core.ledger.differences import DifferenceRow
from core.money import format_roubles
from core.services.month_view import Json, ProviderMonth, volume

__all__ = ["recalculations_section"]

_SHARED_BY = frozenset({"S_all", "S_site", "n_site"})
"""Arguments of a clause that divides a volume of the house."""


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
        "undistributed": _undistributed(rows),
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


def _undistributed(rows: Sequence[tuple[ProviderMonth, DifferenceRow]]) -> list[Json]:
    """What the shares of a house no longer add up to: one flat's share changed, the others stay, the provider bears the rest (17.1)."""
    sums: dict[tuple[str, str, str], tuple[int, int]] = {}
    for part, row in rows:
        if row.blocked_by is not None or row.cause in (FIRST_CHARGE, MASS, "tariff") or not row.volume_e6 or not _is_share(row):
            continue
        house = part.facts[row.house_id].fias if row.house_id in part.facts else str(row.house_id)
        key = (house, str(row.month), part.service_keys.get(row.service_id, str(row.service_id)))
        volume_e6, amount = sums.get(key, (0, 0))
        sums[key] = (volume_e6 - row.volume_e6, amount - row.total)
    return [
        {"house": house, "month": month, "service": service, "volume": volume(volume_e6), "amount": format_roubles(amount)}
        for (house, month, service), (volume_e6, amount) in sorted(sums.items())
    ]


def _is_share(row: DifferenceRow) -> bool:
    """Whether the line is a share of a volume of the house."""
    line = row.after or row.before
    base = line.inputs.get("base", ()) if line is not None else ()
    assert isinstance(base, Sequence)
    return any(_SHARED_BY & one["values"].keys() for group in base for one in group)


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

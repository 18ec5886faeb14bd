"""Penalties of a month's report: a row for each debt that bears one in the month, or has one from earlier."""

from __future__ import annotations

from collections.abc import Sequence

from core.charges.penalties import Segment
from core.model.lines import Component
from core.money import format_roubles
from core.services.month_view import Json, ProviderMonth
from core.services.penalties import PenaltyRow

__all__ = ["penalties_section"]


_GROUPS = {Component.PENALTY_CAPITAL_REPAIR: "kr", Component.COURT_COSTS: "court"}


def penalties_section(parts: Sequence[ProviderMonth]) -> list[Json]:
    """The section ``penalties`` over all providers."""
    return [_row(part, row) for part in parts for row in part.penalties]


def _row(part: ProviderMonth, row: PenaltyRow) -> Json:
    return {
        "account": part.accounts[row.account_id].number,
        "charge_period": None if row.origin_month is None else str(row.origin_month),
        "creditor": None if row.creditor_id is None else part.inn[row.creditor_id],
        "group": _GROUPS.get(row.component, "zhku"),
        "due": None if row.due is None else row.due.isoformat(),
        "principal_opening": format_roubles(row.principal_opening),
        "segments": [_segment(segment) for segment in row.segments],
        "opening": format_roubles(row.opening),
        "posted": format_roubles(row.posted),
        "paid": format_roubles(row.paid),
        "closing": format_roubles(row.closing),
    }


def _segment(segment: Segment) -> Json:
    return {
        "first": segment.first.isoformat(),
        "last": segment.last.isoformat(),
        "principal": format_roubles(segment.principal),
        "divisor": segment.divisor,
    }

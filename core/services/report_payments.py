"""Payments of a month's report: packs, totals by what they went to, and where the money must go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from core.ledger.balances import PaymentPart
from core.model.lines import Chart, Component
from core.money import format_roubles
from core.records.latest import read_packs
from core.services.month_view import Json, ProviderMonth

__all__ = ["payments_section"]

_KINDS = {Chart.RECEIVABLE: "debt", Chart.ADVANCE: "advance", Chart.PENALTY: "penalty"}
_GROUPS = {Component.PENALTY: "zhku", Component.PENALTY_CAPITAL_REPAIR: "kr", Component.COURT_COSTS: "court"}


def payments_section(parts: Sequence[ProviderMonth]) -> Json:
    """The section ``payments`` over all providers."""
    packs: list[Json] = []
    by_kind: dict[str, int] = defaultdict(int)
    by_creditor: dict[str, int] = defaultdict(int)
    by_place: dict[str, int] = defaultdict(int)
    allocations: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for part in parts:
        packs.extend(_packs(part))
        for item in part.payment_parts:
            by_kind[_KINDS[item.chart]] += item.amount
            if item.creditor_id is not None:
                by_creditor[part.inn[item.creditor_id]] += item.amount
                by_place[part.destination(item)] += item.amount
            allocations[item.entry_key.rsplit("/", 1)[-1]][_key(part, item)] += item.amount
    return {
        "packs": packs,
        "total": format_roubles(sum(by_kind.values())),
        "count": len(allocations),
        "by_kind": _texts(by_kind),
        "by_creditor": _texts(by_creditor),
        "by_settlement_account": _texts(by_place),
        "allocations": {uip: _texts({key: sum_ for key, sum_ in shares.items() if sum_}) for uip, shares in allocations.items()},
    }


def _packs(part: ProviderMonth) -> list[Json]:
    rows = read_packs(part.connection, provider_id=part.provider.provider_id, month=part.month)
    return [
        {
            "sender": part.provider.inn,
            "number": row.number,
            "date": row.ordered_on.isoformat(),
            "sum": format_roubles(row.amount),
            "count": row.count,
        }
        for row in rows
    ]


def _key(part: ProviderMonth, item: PaymentPart) -> str:
    """``YYYY-MM/service/ИНН`` · ``advance/service/ИНН`` · ``penalty/YYYY-MM/group/ИНН``."""
    creditor = "" if item.creditor_id is None else part.inn[item.creditor_id]
    if item.chart is Chart.PENALTY:
        return f"penalty/{item.origin_month}/{_GROUPS[item.component or Component.PENALTY]}/{creditor}"
    service = "" if item.service_id is None else part.service_keys[item.service_id]
    first = "advance" if item.chart is Chart.ADVANCE else str(item.origin_month)
    return f"{first}/{service}/{creditor}"


def _texts(sums: dict[str, int]) -> dict[str, str]:
    return {key: format_roubles(amount) for key, amount in sorted(sums.items())}

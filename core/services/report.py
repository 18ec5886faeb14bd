"""The month in figures, as outsiders read it: ``erkc report month --json``, field for field as examples/town/README.md describes.

Everything is computed from the stores at the moment of asking; nothing is kept. Amounts are texts with two places, volumes with six.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sqlalchemy import Engine, text

from core.charges.law import Law
from core.errors import InputError
from core.money import format_roubles
from core.period import Month
from core.records.providers import providers
from core.services.audit import audit_section
from core.services.balances import balances_section
from core.services.month_view import Json, ProviderMonth, finding_json
from core.services.report_accounts import account_rows
from core.services.report_court import court_section
from core.services.report_houses import conflicts_section, crosswalk_section, houses_section
from core.services.report_payers import payers_section
from core.services.report_payments import payments_section
from core.services.report_penalties import penalties_section
from core.services.report_recalculations import recalculations_section
from core.services.support import support_json
from core.storage.engine import transaction

__all__ = ["month_report"]

_CENTRE = 0


def month_report(engine: Engine, *, month: Month, law: Law) -> Json:
    """The report of a month over all providers that have computed it."""
    with transaction(engine) as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        parts = [ProviderMonth(connection, one, month, law) for one in providers(connection) if one.provider_id != _CENTRE]
        parts = [part for part in parts if part.has_lines]
        if not parts:
            raise InputError("REP-0101", f"За {month.title} ещё ничего не рассчитано.", hint=f"Выполните erkc bill month {month}.")
        accounts = _merged(account_rows(part) for part in parts)
        recalculated = recalculations_section(parts)
        support = [row for part in parts for row in support_json(part.support)]
        return {
            "sections": _merged(part.sections() for part in parts),
            "validation": _merged(part.validation() for part in parts),
            "totals": _totals(parts),
            "payments": payments_section(parts),
            "penalties": penalties_section(parts),
            "court": court_section(parts),
            "audit": audit_section(parts),
            **({"recalculations": recalculated} if recalculated else {}),
            "held": [finding_json(item) for part in parts for item in part.held],
            "houses": houses_section(parts),
            "balances": balances_section(parts),
            "accounts": accounts,
            "conflicts": conflicts_section(parts),
            "crosswalk": crosswalk_section(parts),
            "payers": payers_section(parts),
            **({"support": support} if support else {}),
        }


def _totals(parts: Iterable[ProviderMonth]) -> Json:
    """Sums over all providers."""
    stated: dict[str, int] = defaultdict(int)
    recomputed: dict[str, int] = defaultdict(int)
    sums: dict[str, int] = defaultdict(int)
    for part in parts:
        for (_, service), amount in part.stated.items():
            stated[part.service_keys[service]] += amount
        for lines in part.lines.values():
            for line in lines:
                recomputed[part.service_keys[line.service_id]] += line.total
        for rows in part.turnovers.values():
            sums["saldo_in"] += sum(row.opening for row in rows)
            sums["paid"] -= sum(row.other for row in rows)
        sums["recalculated"] += sum(part.recalculated(account) for account in part.differences)
        for penalty in part.penalties:
            sums["penalty_in"] += penalty.opening
            sums["penalty_posted"] += penalty.posted
            sums["penalty_paid"] += penalty.paid
    all_stated, all_recomputed = sum(stated.values()), sum(recomputed.values())
    return {
        "by_service_stated": {key: format_roubles(stated[key]) for key in sorted(stated, key=_number)},
        "by_service_recomputed": {key: format_roubles(recomputed[key]) for key in sorted(recomputed, key=_number)},
        "stated": format_roubles(all_stated),
        "recomputed": format_roubles(all_recomputed),
        "saldo_in": format_roubles(sums["saldo_in"]),
        "paid": format_roubles(sums["paid"]),
        "saldo_out_accept": format_roubles(sums["saldo_in"] + all_stated - sums["paid"]),
        "saldo_out_charge": format_roubles(sums["saldo_in"] + all_recomputed + sums["recalculated"] - sums["paid"]),
        "penalty_in": format_roubles(sums["penalty_in"]),
        "penalty_posted": format_roubles(sums["penalty_posted"]),
        "penalty_paid": format_roubles(sums["penalty_paid"]),
        "penalty_out": format_roubles(sums["penalty_in"] + sums["penalty_posted"] - sums["penalty_paid"]),
    }


def _number(key: str) -> tuple[int, str]:
    return (int(key) if key.isdecimal() else 0, key)


def _merged(parts: Iterator[Json]) -> Json:
    return {key: value for part in parts for key, value in part.items()}

"""Accounts of a month's report: facts as used, lines by service, balances in both modes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from core.charges.instalments import PlanMonth
from core.charges.persons import persons
from core.charges.slices import slices_of
from core.ids import EntityId
from core.model.facts import AccountFacts, HouseFacts
from core.model.lines import ChargeLine
from core.money import format_roubles
from core.services.month_view import Json, ProviderMonth, area, volume

__all__ = ["account_rows"]


def account_rows(part: ProviderMonth) -> Json:
    """Every account of a provider by its number."""
    stated = _by_account(part.stated)
    penalties = _penalties(part)
    result: Json = {}
    for house in part.facts.values():
        for account in house.accounts:
            if account.account_id not in part.accounts:
                continue
            result[account.number] = _account(
                part, house, account, stated.get(account.account_id, 0), penalties.get(account.account_id, (0, 0, 0))
            )
    return result


def _account(part: ProviderMonth, house: HouseFacts, account: AccountFacts, stated: int, penalties: tuple[int, int, int]) -> Json:
    lines = part.lines.get(account.account_id, [])
    recomputed = sum(line.total for line in lines)
    rows = part.turnovers.get(account.account_id, [])
    opening = sum(row.opening for row in rows)
    paid = -sum(row.other for row in rows)
    room = account.room_number
    row: Json = {
        "sender": part.provider.inn,
        "kind": account.kind,
        "els": account.payer,
        "house": house.fias,
        "premises": account.premises_number,
        "room": int(room) if room is not None and room.isdecimal() else room,
        "persons": _six(_persons(part, house, account)),
        "area": area(account.area_e2),
        "services": {part.service_keys[line.service_id]: _line(part, line) for line in lines},
        "total_recomputed": format_roubles(recomputed),
        "total_stated": format_roubles(stated),
        "saldo_in": format_roubles(opening),
        "paid": format_roubles(paid),
        "saldo_out_accept": format_roubles(opening + stated - paid),
        "saldo_out_charge": format_roubles(opening + recomputed + part.recalculated(account.account_id) - paid),
        "penalty_in": format_roubles(penalties[0]),
        "penalty_posted": format_roubles(penalties[1]),
        "penalty_paid": format_roubles(penalties[2]),
        "penalty_out": format_roubles(penalties[0] + penalties[1] - penalties[2]),
    }
    if part.differences.get(account.account_id):
        row["recalculated"] = format_roubles(part.recalculated(account.account_id))
    if account.account_id in part.instalments:
        row["instalment"] = _instalment(part.instalments[account.account_id])
    return row


def _instalment(plans: Sequence[PlanMonth]) -> Json:
    """Plans of an account together."""
    return {
        "remaining": format_roubles(sum(plan.remaining for plan in plans)),
        "portion": format_roubles(sum(plan.portion for plan in plans)),
        "interest": format_roubles(sum(plan.interest for plan in plans)),
        "deferred": format_roubles(sum(plan.deferred for plan in plans)),
    }


def _penalties(part: ProviderMonth) -> dict[EntityId, tuple[int, int, int]]:
    """Opening, posted and paid penalties by account."""
    totals: dict[EntityId, tuple[int, int, int]] = {}
    for row in part.penalties:
        opening, posted, paid = totals.get(row.account_id, (0, 0, 0))
        totals[row.account_id] = (opening + row.opening, posted + row.posted, paid + row.paid)
    return totals


def _line(part: ProviderMonth, line: ChargeLine) -> Json:
    row: Json = {
        "c": part.inn[line.creditor_id],
        "v": volume(line.volume_e6),
        "t": None if line.tariff_e6 is None else format_roubles(line.tariff_e6 // 10_000),
        "m": line.method,
        "base": format_roubles(line.base),
        "mult": format_roubles(line.surcharge),
        "recalc": format_roubles(line.recalculation),
        "nedo": format_roubles(line.underdelivery),
        "benefit": format_roubles(line.benefit),
        "total": format_roubles(line.total),
    }
    slices = slices_of(line)
    if slices:
        row["slices"] = [
            {
                "first": one.first.isoformat(),
                "last": one.last.isoformat(),
                "v": volume(one.volume_e6),
                "t": format_roubles(one.tariff_e6 // 10_000),
                "base": format_roubles(one.base),
                "recalc": format_roubles(one.recalculation),
            }
            for one in slices
        ]
    return row


def _persons(part: ProviderMonth, house: HouseFacts, account: AccountFacts) -> Fraction:
    if not account.residential:
        return Fraction(0)
    return persons(account, part.month, part.rules.at(house.oktmo), first=part.month.first, last=part.month.last).count


def _six(value: Fraction) -> str:
    """Half up to six places, for showing only."""
    scaled = value * 1_000_000
    return volume((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator))


def _by_account(stated: dict[tuple[EntityId, EntityId], int]) -> dict[EntityId, int]:
    sums: dict[EntityId, int] = defaultdict(int)
    for (account, _), amount in stated.items():
        sums[account] += amount
    return sums

"""Measures of support that are a share of the price (RELIEF kinds 1 and 2): of what the entitled persons use within the norm, on any line.

Resources with a norm for a person are capped by it; lines by area by the region's social area (``social_area``, m² for a person), and by
nothing where the region has none: then the whole volume counts. ``edk_cap`` says whose norm is the cap: of all who live there, or of the
entitled persons alone. The surcharge by the coefficient is never in it (charging rules, section 6.2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from core.charges import clauses
from core.charges.deadlines import own_choice
from core.charges.findings import Held
from core.charges.persons import Persons, days_between, persons
from core.charges.rows import LinePlan, Row
from core.charges.rules import Rules
from core.ids import RecordId
from core.model.facts import AccountFacts, ReliefFacts, ServiceFacts

__all__ = ["Cap", "relief_row", "relieved", "relieved_whole"]

_AT_ONE_ROUBLE = {"T": Fraction(1), "e": Fraction(0)}


@dataclass(frozen=True, slots=True)
class Cap:
    """The norm for a person that a relief goes up to, with the records it came from."""

    value: Fraction
    records: tuple[RecordId, ...] = ()


def relief_of(account: AccountFacts, service: ServiceFacts) -> ReliefFacts | None:
    """The relief on the bill of an account for a service in the month; two of them are :class:`Held`."""
    mine = [item for item in account.reliefs if not item.cash and item.service == service.key]
    if len(mine) > 1:
        raise Held("CH-022", "на услугу две льготы, порядок их сложения не задан", hint="Оставьте одну (УК).", clause="ЖК ст. 159")
    return mine[0] if mine else None


def relieved(
    plan: LinePlan, account: AccountFacts, service: ServiceFacts, base: Sequence[Row], row_of: Callable[[ReliefFacts, Row], Row | None]
) -> LinePlan:
    """The line with its relief on the bill and with what is paid in cash for it; ``row_of``: what a measure gives on a row of ``base``.

    Several measures in cash stand beside each other: each is paid by its own decision.
    """

    def rows(item: ReliefFacts) -> tuple[Row, ...]:
        found = (row_of(item, row) for row in base)
        return tuple(row for row in found if row is not None)

    on_bill = relief_of(account, service)
    cash = [rows(item) for item in account.reliefs if item.cash and item.service in ("", service.key)]
    return replace(plan, benefit=() if on_bill is None else rows(on_bill), compensation=tuple(group for group in cash if group))


def relief_row(
    item: ReliefFacts, base: Row, *, volume: Fraction, sources: tuple[RecordId, ...], living: Persons, cap: Cap | None,
    whole_days: Fraction, tariff: Fraction, rules: Rules,
) -> Row | None:  # fmt: skip
    """The relief on one row of the base; None where it does not hold on any day of the row.

    ``volume``: of ``whole_days`` days; ``cap``: None counts all of it.
    """
    first, last = max(base.first, item.first), min(base.last, item.last or base.last)
    if first > last:
        return None
    entitled = min(Fraction(item.entitled), living.count)
    days = {"d": Fraction(days_between(first, last)), "D": whole_days}
    values = {"share": Fraction(item.share_e4, 10_000), "V": volume, "n_entitled": entitled, "T": tariff, **days}
    records = {"share": (item.source,), "n_entitled": (item.source,), "V": sources, "T": base.records.get("T", ())}
    norm_records = sources if cap is None else cap.records
    if own_choice(rules.law, rules.facts.settings, "edk_cap", rules.month.last) == "entitled":
        norm = volume / entitled if cap is None else cap.value
        return Row("relief_entitled", values | {"N": norm}, records | {"N": norm_records}, {}, first, last)
    norm = volume / living.count if cap is None else cap.value
    return Row("relief", values | {"n": living.count, "N": norm}, records | {"n": living.records, "N": norm_records}, {}, first, last)


def relieved_whole(plan: LinePlan, account: AccountFacts, service: ServiceFacts, rules: Rules) -> LinePlan:
    """The line with the measures granted for it, where no norm for a person is known: housing services, heating, waste, common property."""
    if plan.benefit or plan.compensation or not any(item.service in ("", service.key) for item in account.reliefs):
        return plan
    living = persons(account, rules.month, rules, first=rules.month.first, last=rules.month.last)
    base = [row for group in plan.base for row in group if "T" in row.values]
    return relieved(plan, account, service, base, lambda item, row: _whole_row(item, row, account, living, rules))


def _whole_row(item: ReliefFacts, base: Row, account: AccountFacts, living: Persons, rules: Rules) -> Row | None:
    at_one = {name: _AT_ONE_ROUBLE.get(name, value) for name, value in base.values.items()}
    volume = Fraction(getattr(clauses, base.clause)(**at_one))
    sources = _sources(base)
    cap = None
    if "S" in base.values and "social_area" in rules.facts.settings and account.area_e2 > 0:
        social = rules.own_number("social_area", clause="ЖК ст. 159")
        cap = Cap(volume * social.value / Fraction(account.area_e2, 100), social.records)
    tariff = base.values["T"] + base.values.get("e", Fraction(0))
    days = Fraction(days_between(base.first, base.last))
    return relief_row(item, base, volume=volume, sources=sources, living=living, cap=cap, whole_days=days, tariff=tariff, rules=rules)


def _sources(base: Row) -> tuple[RecordId, ...]:
    listed: Sequence[RecordId] = [source for name, ids in base.records.items() if name != "T" for source in ids]
    return tuple(dict.fromkeys(listed))

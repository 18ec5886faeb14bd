"""From rows to lines: all rows of one clause are evaluated together as columns of exact numbers, then each group is rounded once.

The reduction for an interruption lowers the *rounded* base (charging rules, order of lines), so it is a second pass. A surcharge is the
rounded charge with the coefficient less the rounded base, so that the two always add up to what is paid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from core.charges import clauses
from core.charges.alike import LikeLine
from core.charges.common_property import CommonVolume
from core.charges.decide import decide_house
from core.charges.findings import ChargeFinding
from core.charges.law import Law
from core.charges.rows import Group, LinePlan, Row
from core.charges.rules import Rules
from core.charges.written import inputs_of
from core.exact import Exact
from core.ids import EntityId, RecordId
from core.model.facts import Facts, HouseFacts
from core.model.lines import ChargeLine, HouseVolume
from core.money import kopecks, kopecks_column, rounded, rounded_column
from core.period import Month

__all__ = ["HouseCharges", "charge_house", "charge_houses", "evaluate"]

_MICRO = 10**6
_AT_ONE_ROUBLE = {"T": Fraction(1), "e": Fraction(0)}
"""Prices of a clause replaced by these give its volume: a charge is linear in its tariff."""


@dataclass(frozen=True, slots=True)
class HouseCharges:
    """The calculation of one house for one month."""

    house_id: EntityId
    lines: tuple[ChargeLine, ...]
    volumes: tuple[HouseVolume, ...]
    findings: tuple[ChargeFinding, ...]
    held: bool
    """A fact of the whole house is missing: it has no lines until that is sent."""


def charge_house(
    house: HouseFacts,
    facts: Facts,
    law: Law,
    month: Month,
    *,
    frozen: Mapping[str, CommonVolume] | None = None,
    totals: Mapping[EntityId, Mapping[str, Fraction]] | None = None,
) -> HouseCharges:
    """Charge one house for the month; ``frozen``: common volumes of a closed month that are not computed again, ``totals``: other sums
    over the house that its lines were shares of, by service and symbol."""
    rules = Rules(facts, law, month)
    decided = decide_house(house, rules, frozen)
    plans = [_of_frozen(plan, totals.get(plan.service_id, {})) for plan in decided.whole()] if totals else decided.whole()
    lines = evaluate(plans, month=month, version=rules.version)
    return HouseCharges(house.house_id, tuple(lines), tuple(decided.volumes), tuple(decided.findings), decided.held)


def _of_frozen(plan: LinePlan, totals: Mapping[str, Fraction]) -> LinePlan:
    """The plan with the sums over the house as they were frozen."""
    if not totals:
        return plan

    def kept(groups: tuple[Group, ...]) -> tuple[Group, ...]:
        return tuple(
            tuple(replace(row, values={name: totals.get(name, value) for name, value in row.values.items()}) for row in group)
            for group in groups
        )

    return replace(plan, base=kept(plan.base), with_k=kept(plan.with_k))


def charge_houses(houses: Iterable[HouseFacts], facts: Facts, law: Law, month: Month) -> list[HouseCharges]:
    """Charge a batch of houses; their rows are evaluated together, the results come in the order of the houses. Lines that are alike in a
    house are decided once (:mod:`core.charges.alike`).

    Settings that this version does not compute are a ``ConfigError``; everything about the data is a finding.
    """
    rules = Rules(facts, law, month)
    decided = [decide_house(house, rules, alike=True) for house in houses]
    lines = iter(evaluate([plan for house in decided for plan in house.plans], month=month, version=rules.version))
    return [
        HouseCharges(house.house.house_id, tuple(next(lines) for _ in house.plans), tuple(house.volumes), tuple(house.findings), house.held)
        for house in decided
    ]


def evaluate(plans: Sequence[LinePlan | LikeLine], *, month: Month, version: str) -> list[ChargeLine]:
    """The lines of the plans, in their order."""
    lines = iter(_evaluated([plan for plan in plans if isinstance(plan, LinePlan)], month=month, version=version))
    return [next(lines) if isinstance(plan, LinePlan) else plan.shape.line(plan.own) for plan in plans]


def _evaluated(plans: Sequence[LinePlan], *, month: Month, version: str) -> list[ChargeLine]:
    groups = [group for plan in plans for group in (*plan.base, *plan.with_k, *plan.recalculation, *_benefit(plan))]
    results = iter(_amounts(groups))
    computed: list[_Sums] = []
    for plan in plans:
        base = [next(results) for _ in plan.base]
        raised = [next(results) for _ in plan.with_k]
        recalculated = [next(results) for _ in plan.recalculation]
        relieved = [next(results) for _ in _benefit(plan)]
        amount = sum(money for money, _ in base)
        surcharge = sum(money for money, _ in raised) - amount if raised else 0
        recalculation, benefit = (sum(money for money, _ in found) for found in (recalculated, relieved))
        computed.append(_Sums(amount, surcharge, recalculation, benefit, _volume(plan.base, base)))
    lowered = _lowered(plans, computed)
    shown = str(month)
    return [_line(plan, sums, rows, month=shown, version=version) for plan, sums, rows in zip(plans, computed, lowered, strict=True)]


def _lowered(plans: Sequence[LinePlan], computed: Sequence[_Sums]) -> list[_Lowered]:
    """What interruptions take off: first the volume not delivered by time, then the percentage of what is left (п. 100)."""
    found = [_NOTHING] * len(plans)
    lowering = [i for i, plan in enumerate(plans) if plan.undelivered is not None or plan.reduction is not None or plan.quality]
    if lowering:
        lowered = _lowering([plans[i] for i in lowering], [computed[i] for i in lowering])
        for i, one in zip(lowering, lowered, strict=True):
            found[i] = one
    return found


def _lowering(plans: Sequence[LinePlan], computed: Sequence[_Sums]) -> list[_Lowered]:
    undelivered = [
        _on(plan.undelivered, sums.base) if plan.undelivered is not None else None for plan, sums in zip(plans, computed, strict=True)
    ]
    amounts = iter(_amounts([(row,) for row in undelivered if row is not None]))
    taken = [0 if row is None else next(amounts)[0] for row in undelivered]
    left = [
        sums.base - off + (sums.surcharge if plan.reduces_surcharge else 0) for plan, sums, off in zip(plans, computed, taken, strict=True)
    ]
    reductions = [
        tuple(_on(row, charge) for row in (*(() if plan.reduction is None else (plan.reduction,)), *plan.quality))
        for plan, charge in zip(plans, left, strict=True)
    ]
    amounts = iter(_amounts([(row,) for rows in reductions for row in rows]))
    found = []
    for off, first, rows, charge in zip(taken, undelivered, reductions, left, strict=True):
        lowered = sum(next(amounts)[0] for _ in rows)
        if lowered > charge >= 0:  # together at most the fee itself
            rows = (*rows, Row("charged_before", {"P": Fraction(lowered - charge, 100)}, {}, {}, rows[0].first, rows[0].last))
            lowered = charge
        found.append(_Lowered(off + lowered, (*(() if first is None else (first,)), *rows)))
    return found


@dataclass(frozen=True, slots=True)
class _Lowered:
    """Kopecks taken off for interruptions, and the rows they come from."""

    amount: int
    rows: tuple[Row, ...]


_NOTHING = _Lowered(0, ())


@dataclass(slots=True)  # not frozen: made for every line, and setting frozen fields costs more than computing them
class _Sums:
    base: int
    surcharge: int
    recalculation: int
    benefit: int
    volume_e6: int


def _benefit(plan: LinePlan) -> tuple[Group, ...]:
    return (plan.benefit,) if plan.benefit else ()


def _amounts(groups: Sequence[Group]) -> list[tuple[int, int]]:
    """Kopecks and volume (millionths) of each group: groups of one row in columns by clause, the few of several rows one by one."""
    results: list[tuple[int, int]] = [(0, 0)] * len(groups)
    by_clause: dict[str, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        if len(group) == 1:
            by_clause[group[0].clause].append(i)
        else:
            roubles = sum((_exactly(row.clause, row.values) for row in group), Fraction(0))
            results[i] = (kopecks(roubles), rounded(_exact_volume(group), _MICRO))
    for clause, places in by_clause.items():
        formula = getattr(clauses, clause)
        columns = {name: Exact.column([groups[i][0].values[name] for i in places]) for name in groups[places[0]][0].values}
        money = _for_each(places, kopecks_column(formula(**columns)).tolist())
        at_one = {name: Exact.of(_AT_ONE_ROUBLE[name]) if name in _AT_ONE_ROUBLE else column for name, column in columns.items()}
        volumes = _for_each(places, rounded_column(formula(**at_one), _MICRO).tolist())
        for i, amount, volume in zip(places, money, volumes, strict=True):
            results[i] = (amount, volume)
    return results


def _for_each(places: Sequence[int], results: list[int]) -> list[int]:
    """Results of a column; arguments that are the same for all places give one result for all of them."""
    return results * len(places) if len(results) == 1 else results


def _exactly(clause: str, values: Mapping[str, Fraction]) -> Fraction:
    return Fraction(getattr(clauses, clause)(**values))


def _exact_volume(group: Group) -> Fraction:
    return sum(
        (_exactly(row.clause, {**row.values, **{k: v for k, v in _AT_ONE_ROUBLE.items() if k in row.values}}) for row in group), Fraction(0)
    )


def _volume(groups: Sequence[Group], results: Sequence[tuple[int, int]]) -> int:
    """The volume of the line for display; of several slices the exact volumes are added before they are rounded."""
    if len(groups) == 1:
        return results[0][1]
    return rounded(sum((_exact_volume(group) for group in groups), Fraction(0)), _MICRO)


def _on(row: Row, charge: int) -> Row:
    """The row with the charge that it lowers: rounded kopecks."""
    own = {} if row.clause == "cold_instead_of_hot" else {"P": Fraction(charge, 100)}
    return Row(row.clause, {**own, **row.values}, row.records, row.law, row.first, row.last)


def _line(plan: LinePlan, sums: _Sums, lowered: _Lowered, *, month: str, version: str) -> ChargeLine:
    sources: set[RecordId] = set(plan.sources)
    for group in (*plan.base, *plan.with_k, *plan.recalculation, *_benefit(plan), *plan.compensation, lowered.rows):
        for row in group:
            sources.update(*row.records.values())
    return ChargeLine(
        account_id=plan.account_id,
        service_id=plan.service_id,
        creditor_id=plan.creditor_id,
        method=plan.method,
        clause=plan.base[0][0].clause,
        rules=version,
        volume_e6=sums.volume_e6,
        tariff_e6=None if plan.tariff is None else rounded(plan.tariff, _MICRO),
        base=sums.base,
        surcharge=sums.surcharge,
        recalculation=sums.recalculation,
        underdelivery=lowered.amount,
        benefit=sums.benefit,
        inputs=inputs_of(plan, month=month, underdelivery=lowered.rows),
        sources=tuple(sorted(sources)),
    )

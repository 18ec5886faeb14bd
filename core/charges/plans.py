"""A line's plan from its parts: the days of each tariff and area, rounding of volumes where a region asks for it, the creditor."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from core.charges.findings import Held, no_area
from core.charges.rows import LinePlan, groups_of
from core.charges.rules import Rules, Valued
from core.charges.volumes import Part, volume_of
from core.exact import scaled
from core.ids import EntityId, RecordId
from core.model.facts import AccountFacts, ServiceFacts
from core.model.lines import Method
from core.money import rounded

__all__ = ["area_part", "heated_part", "plan_of"]


def plan_of(
    account: AccountFacts, service: ServiceFacts, parts: tuple[Part, ...], tariffs: tuple[Valued, ...], *, days: tuple[date, date],
    method: Method, rules: Rules, creditor: EntityId | None = None, sources: tuple[RecordId, ...] = (),
) -> LinePlan:  # fmt: skip
    """A line of the parts on the days of each tariff; without a creditor named it is the supplier of the tariff."""
    owner = creditor if creditor is not None else _one_supplier(tariffs)
    digits = rules.choice("volume_rounding", rules.month.last) if service.kind == 1 else "none"
    if digits != "none":
        parts = tuple(_rounded_part(part, int(digits)) for part in parts)
    base = groups_of(_by_areas(parts, account, days), tariffs, days=days, month_days=rules.month.days)
    tariff = tariffs[0].value if len(tariffs) == 1 else None
    return LinePlan(account.account_id, service.service_id, owner, method, tariff, base, sources=(service.source, account.source, *sources))


def area_part(clause: str, account: AccountFacts, **more: tuple[Fraction, tuple[RecordId, ...]]) -> Part:
    """A clause of the area of the premises, charged by days of the month."""
    if account.area_e2 <= 0:
        raise no_area("ЖК ст. 154, 158")
    values = {"S": scaled(account.area_e2, 100), **{name: value for name, (value, _) in more.items()}}
    records = {"S": (account.source,), **{name: ids for name, (_, ids) in more.items()}}
    return Part(clause, values, records, by_days_of_month=True)


def _by_areas(parts: tuple[Part, ...], account: AccountFacts, days: tuple[date, date]) -> tuple[Part, ...]:
    """Parts of an area that changed on some of the days: one for the days of each area."""
    changes = sorted(change for change in account.areas if change[0] <= days[1])
    if not changes:
        return parts
    starts = [max(first, days[0]) for first, _, _ in changes]
    ends = [*(start - timedelta(days=1) for start in starts[1:]), days[1]]
    spread: list[Part] = []
    for part in parts:
        if not part.by_days_of_month or "S" not in part.values:
            spread.append(part)
            continue
        if changes[0][0] > days[0]:
            spread.append(replace(part, first=days[0], last=changes[0][0] - timedelta(days=1)))
        for (_, area, source), first, last in zip(changes, starts, ends, strict=True):
            if first <= last:
                values, records = {**part.values, "S": Fraction(area, 100)}, {**part.records, "S": (source,)}
                spread.append(replace(part, values=values, records=records, first=first, last=last))
    return tuple(spread)


def _rounded_part(part: Part, digits: int) -> Part:
    """The same part by its volume rounded before the tariff (setting ``volume_rounding``)."""
    scale = 10**digits
    records = tuple(dict.fromkeys(source for ids in part.records.values() for source in ids))
    volume = Fraction(rounded(volume_of(part), scale), scale)
    if part.clause in ("formula_4", "formula_23_norm"):
        return replace(part, clause="formula_4", values={"n": Fraction(1), "N": volume}, records={"n": (), "N": records})
    return replace(part, clause="formula_1", values={"V": volume}, records={"V": records})


def heated_part(part: Part, heat: Valued) -> Part:
    """The heat of a volume of hot water: of the norm by its own formula, so that the coefficient finds it."""
    records = {**part.records, "q": heat.records}
    if part.clause == "formula_4":
        return replace(part, clause="formula_23_norm", values={**part.values, "q": heat.value}, records=records)
    sources = tuple(dict.fromkeys(source for ids in part.records.values() for source in ids))
    return replace(
        part, clause="formula_23", values={"V": volume_of(part), "q": heat.value}, records={"V": sources, "q": heat.records}, law={}
    )


def _one_supplier(tariffs: tuple[Valued, ...]) -> EntityId:
    suppliers = {tariff.supplier for tariff in tariffs}
    supplier = suppliers.pop()
    if supplier is None or suppliers:
        raise Held(
            "CH-018",
            "у тарифа нет одного поставщика, получатель платы неизвестен",
            hint="Укажите поставщика тарифа в настройках региона.",
            clause="п. 38",
            scope="service",
        )
    return supplier

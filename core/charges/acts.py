"""Acts that recharge an account in the month they are drawn up in: checks, unauthorised connections, interference (п. 61, 62, 81(11))."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from core.charges.findings import Held
from core.charges.persons import persons
from core.charges.rows import Group, Row
from core.charges.rules import Rules, Valued, is_heat_of_water
from core.charges.volumes import person_norms
from core.ids import RecordId
from core.model.facts import AccountFacts, ActFacts, HouseFacts, ServiceFacts

__all__ = ["acts_of"]

_CARRIER = 1
"""Resource of the carrier of two-component hot water, whose norm gives the volume."""


def acts_of(account: AccountFacts, service: ServiceFacts, house: HouseFacts, rules: Rules) -> tuple[Group, ...]:
    """Recalculations by the acts of the month for the service, at the tariff in force on the day of each."""
    groups: list[Group] = []
    for act in account.acts:
        if act.service != service.key or act.drawn_on not in rules.month:
            continue
        tariff = rules.tariffs(service, house.oktmo, act.drawn_on, act.drawn_on)[0]
        if act.kind == "check":
            groups.append((_checked(act, tariff, service, rules),))
            continue
        if act.kind == "unauthorised" and act.power_w is not None and act.days is not None:
            groups.append((_by_power(act, tariff),))
            continue
        groups.append((_tenfold(act, tariff, account, service, rules),))
        if act.kind == "tampering" and act.charged:
            values = {"P": Fraction(act.charged, 100)}
            groups.append((Row("charged_before", values, {"P": (act.source,)}, {}, act.drawn_on, act.drawn_on),))
    return tuple(groups)


def _checked(act: ActFacts, tariff: Valued, service: ServiceFacts, rules: Rules) -> Row:
    if act.checked_e3 is None or act.stated_e3 is None:
        raise _incomplete(act, "показаний до и после проверки", "п. 61")
    if is_heat_of_water(service):
        return _heat(Fraction(act.checked_e3 - act.stated_e3, 1000), (act.source,), act, tariff, service, rules)
    values = {
        "V_checked": Fraction(act.checked_e3, 1000), "V_stated": Fraction(act.stated_e3, 1000), "T": tariff.value,
        "d": Fraction(1), "D": Fraction(1),
    }  # fmt: skip
    records = {"V_checked": (act.source,), "V_stated": (act.source,), "T": tariff.records}
    return Row("clause_61", values, records, {}, act.drawn_on, act.drawn_on)


def _by_power(act: ActFacts, tariff: Valued) -> Row:
    values = {"W": Fraction(act.power_w or 0, 1000), "a": Fraction(act.days or 0), "T": tariff.value}
    records = {"W": (act.source,), "a": (act.source,), "T": tariff.records}
    return Row("clause_62", values, records, {}, act.drawn_on, act.drawn_on)


def _tenfold(act: ActFacts, tariff: Valued, account: AccountFacts, service: ServiceFacts, rules: Rules) -> Row:
    """The norm with the factor for the months since the last check, three at most."""
    if act.months is None:
        raise _incomplete(act, "числа месяцев со дня последней проверки", "п. 62, 81(11)")
    month = rules.month
    measured = replace(service, resource_kind=_CARRIER) if is_heat_of_water(service) else service
    norm = person_norms(account, measured, month, (act.drawn_on, act.drawn_on), rules=rules)[0]
    living = persons(account, month, rules, first=month.first, last=month.last)
    factor, longest = rules.number("tampering.norm_factor", act.drawn_on), rules.number("tampering.longest_months", act.drawn_on)
    values = {
        "n": living.count, "N": norm.value, "f": factor.value, "m": min(Fraction(act.months), longest.value), "T": tariff.value,
    }  # fmt: skip
    records = {"n": living.records, "N": norm.records, "m": (act.source,), "T": tariff.records}
    if is_heat_of_water(service):
        volume = values["n"] * values["N"] * values["f"] * values["m"]
        return _heat(volume, (*living.records, *norm.records, act.source), act, tariff, service, rules)
    return Row("clause_62_norm", values, records, {"f": factor.law}, act.drawn_on, act.drawn_on)


def _heat(
    volume: Fraction, sources: tuple[RecordId, ...], act: ActFacts, tariff: Valued, service: ServiceFacts, rules: Rules
) -> Row:  # fmt: skip
    """The second component of hot water: the heat of the volume that the act charges on the carrier."""
    heat = rules.heat_of_water(service, act.drawn_on)
    values = {"V": volume, "q": heat.value, "T": tariff.value, "d": Fraction(1), "D": Fraction(1)}
    return Row("formula_23", values, {"V": sources, "q": heat.records, "T": tariff.records}, {}, act.drawn_on, act.drawn_on)


def _incomplete(act: ActFacts, what: str, clause: str) -> Held:
    return Held("CH-026", f"в акте от {act.drawn_on:%d.%m.%Y} нет {what}", hint="Пришлите полный акт (УК, РСО).", clause=clause)

"""Where a house meter's volume of a month went: own lines, common property, and the path of what is left, closed to the last unit.

Every part is derived from lines as they were charged, so the sum proves them: what no cause names is ``unexplained`` and must be zero. A
line stores its volume rounded to millionths; what that rounding comes to over the house is a part of its own, so that whole millionths add
up to the meter exactly (section 17.1; R6 of section 3).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from core.charges import clauses
from core.charges.common_property import Regime, regime_of
from core.charges.findings import Held
from core.charges.house_meters import installed_by
from core.charges.rules import Rules, is_heat_of_water, resource_of
from core.charges.volumes import averages_of, first_month, house_volumes
from core.ids import EntityId, RecordId
from core.model.facts import HouseFacts, ServiceFacts
from core.model.lines import ChargeLine
from core.money import rounded

__all__ = ["HEAT_UNITS", "PARTS", "BalancePart", "HouseBalance", "house_balances"]

PARTS: Mapping[str, str] = {
    "residential": "жилые помещения",
    "non_residential": "нежилые помещения",
    "correction": "исправления закрытых месяцев в объёмах помещений",
    "volume_rounding": "округление объёмов до умножения на тариф (настройка volume_rounding)",
    "common": "общее имущество, по долям помещений",
    "without_account": "доля помещений без лицевого счёта",
    "carried_in": "в зачёт отрицательного остатка прошлых месяцев",
    "carried_out": "отрицательный остаток, перенесён на следующие месяцы",
    "forgotten": "отрицательный остаток, не переносится (negative_common = forget)",
    "unused_negative": "отрицательный остаток, который не уменьшил ничьего объёма",
    "above_norm": "сверх норматива на общие нужды, несёт исполнитель",
    "until_recalculation": "разница с прибором до перерасчёта за год",
    "not_distributed": "разница с прибором, не распределяется",
    "hot_water_heat": "тепло горячей воды по нормативу (открытая система)",
    "rounding": "округление объёмов строк до шести знаков",
}
"""Parts of a house's volume in their order, for people."""

_MICRO = 10**6
_COMMON, _INDIVIDUAL = 2, 1
_BY_LINES = ("residential", "non_residential", "common")
HEAT_UNITS = frozenset({"formula_3", "formula_3_common", "formula_3_own", "formula_3_1", "formula_3_7", "formula_3_open"})
"""Clauses that share the heat which the house meter counted in the month; formula 8 takes its flat's part of it."""


@dataclass(frozen=True, slots=True)
class BalancePart:
    """One part of the house's volume, millionths of the unit; negative where more was charged than measured."""

    kind: str
    """A key of :data:`PARTS`."""
    volume_e6: int


@dataclass(frozen=True, slots=True)
class HouseBalance:
    """The volume of one house meter service in the month of the rules and where it went."""

    service: ServiceFacts
    measured_e6: int
    regime: str
    """How the house charges for common needs (value of ``soi_regime``); ``heating`` and ``evenly`` for heat."""
    parts: tuple[BalancePart, ...]
    unexplained: Fraction
    """What no part names, exact; zero, or the lines are wrong or held."""
    records: tuple[RecordId, ...]
    """Readings that the measured volume comes from."""

    @property
    def is_closed(self) -> bool:
        """Whether the parts are the measured volume to the last unit."""
        return self.unexplained == 0 and sum(part.volume_e6 for part in self.parts) == self.measured_e6


def house_balances(
    house: HouseFacts, lines: Iterable[ChargeLine], rules: Rules, *, corrections_e6: Mapping[str, int] | None = None
) -> list[HouseBalance]:
    """Balances of the services whose house meter counted in the month; ``lines``: of all senders of the house.

    ``corrections_e6``: corrections of own volumes of closed months that the month takes in, by service key.
    """
    rules = rules.at(house.oktmo)
    by_service: dict[EntityId, list[ChargeLine]] = defaultdict(list)
    for line in lines:
        by_service[line.service_id].append(line)
    balances = []
    start = first_month([*house.meters, *(meter for account in house.accounts for meter in account.meters)], rules.month)
    limits = {month: averages_of(rules, month) for month in start.until(rules.month)}
    services = {service.key: service for service in (*house.base_services, *house.services)}
    for key in dict.fromkeys(meter.service for meter in house.meters):
        read = house_volumes(list(house.meters), service=key, averages=limits).get(rules.month)
        service = services.get(key)
        if read is None or service is None:
            continue
        walk = _Walk(house, service, read[0], read[1], rules, by_service)
        if resource_of(service) == "heating":
            balances.append(walk.heating())
        else:
            balances.append(walk.resource(Fraction((corrections_e6 or {}).get(key, 0), _MICRO)))
    return balances


@dataclass(slots=True)
class _Walk:
    """One service of a house from its measured volume to its parts."""

    house: HouseFacts
    service: ServiceFacts
    measured: Fraction
    records: tuple[RecordId, ...]
    rules: Rules
    lines: Mapping[EntityId, Sequence[ChargeLine]]

    def resource(self, correction: Fraction) -> HouseBalance:
        """Water, electricity, gas: own volumes, then what the regime does with the rest."""
        own = self._own()
        common = [line for service in self._common_services() for line in self.lines[service.service_id]]
        values = _values(common)
        shared = sum((_exact(line) for line in common), Fraction(0))
        volume, rest = self._common_volume(values)
        exact = {**own, "correction": correction, "common": shared}
        individual = values.get("V_individual")
        together = sum(own.values(), Fraction(0)) + correction
        if individual is not None and self.rules.choice("volume_rounding", self.rules.month.last) != "none":
            exact["volume_rounding"] = individual - together
        elif individual is not None and self._is_reduced():
            rest = {"unused_negative": self.measured - together}
        if volume is not None and common:
            exact["without_account"] = volume - shared
        regime = self._regime()
        if volume is None or not common:
            rest = {self._undistributed(regime): self.measured - sum(exact.values(), Fraction(0))}
        return self._closed(regime.value, {**exact, **rest}, [*self._own_lines(), *common])

    def heating(self) -> HouseBalance:
        """Heat: own parts and the house's rest stand in the same lines."""
        lines = self._own_lines()
        rows = [row for line in lines for row in _rows(line)]
        exact = self._own()
        clause = next((row["clause"] for row in rows), "")
        if clause not in HEAT_UNITS and clause != "formula_8":
            exact["until_recalculation" if clause == "formula_3_evenly" else "not_distributed"] = self.measured - sum(
                exact.values(), Fraction(0)
            )
            return self._closed("evenly" if clause == "formula_3_evenly" else "heating", exact, lines)
        values = _values(lines)
        per_metre, area = _unit(values), values.get("S_all", Fraction(0))
        if per_metre is not None:
            covered = sum((self._covered(line, row) for line in lines for row in _rows(line)), Fraction(0))
            exact["without_account"] = (area - covered) * per_metre
        if "V_hot" in values:
            exact["hot_water_heat"] = values["q"] * values["V_hot"]
        return self._closed("heating", exact, lines)

    def _covered(self, line: ChargeLine, row: Mapping[str, Any]) -> Fraction:
        """Area that a row is charged for, by its days; of a room (formula 8) its part of the flat's (``Any``: JSON values)."""
        values = {name: Fraction(text) for name, text in row["values"].items()}
        days = values["d"] / values["D"]
        if "S_rooms" not in values:
            return values.get("S", Fraction(0)) * days
        mine = next(one for one in self.house.accounts if one.account_id == line.account_id)
        rooms = {one.room_number: one for one in self.house.accounts if one.room_number and one.premises_number == mine.premises_number}
        return Fraction(sum(one.area_e2 for one in rooms.values()), 100) * values["S_room"] / values["S_rooms"] * days

    def _closed(self, regime: str, exact: dict[str, Fraction], lines: Sequence[ChargeLine]) -> HouseBalance:
        """Whole millionths: lines as they are stored, other parts rounded, and what that comes to as the last part."""
        stored: dict[str, int] = defaultdict(int)
        for line in lines:
            stored[self._kind(line)] += line.volume_e6
        parts = [
            BalancePart(kind, stored[kind] if kind in _BY_LINES else rounded(exact[kind], _MICRO))
            for kind in PARTS
            if exact.get(kind, 0) != 0 or stored.get(kind)
        ]
        unexplained = self.measured - sum(exact.values(), Fraction(0))
        measured = rounded(self.measured, _MICRO)
        left = measured - sum(part.volume_e6 for part in parts) - rounded(unexplained, _MICRO)
        if left:
            parts.append(BalancePart("rounding", left))
        return HouseBalance(self.service, measured, regime, tuple(parts), unexplained, self.records)

    def _kind(self, line: ChargeLine) -> str:
        if line.service_id != self.service.service_id:
            return "common"
        account = next((one for one in self.house.accounts if one.account_id == line.account_id), None)
        return "residential" if account is None or account.residential else "non_residential"

    def _own_lines(self) -> Sequence[ChargeLine]:
        return self.lines.get(self.service.service_id, ())

    def _own(self) -> dict[str, Fraction]:
        """Exact volumes of the service's lines, of dwellings and of other premises."""
        sums: dict[str, Fraction] = {}
        for line in self._own_lines():
            kind = self._kind(line)
            sums[kind] = sums.get(kind, Fraction(0)) + _exact(line)
        return sums

    def _common_services(self) -> list[ServiceFacts]:
        return [
            one
            for one in self.house.services
            if one.provision == _COMMON
            and one.base_service == self.service.key
            and not is_heat_of_water(one)
            and one.service_id in self.lines
        ]

    def _regime(self) -> Regime:
        installed = installed_by((meter for meter in self.house.meters if meter.service == self.service.key), self.rules.month)
        try:
            return regime_of(self.house, has_meter=bool(installed), rules=self.rules)
        except Held:
            return Regime.NONE

    def _is_reduced(self) -> bool:
        """Whether a negative rest lowers own volumes (п. 47): then they are not the individual volumes any more."""
        return any(row["clause"].startswith("clause_47") for line in self._own_lines() for row in _rows(line))

    def _common_volume(self, values: Mapping[str, Fraction]) -> tuple[Fraction | None, dict[str, Fraction]]:
        """The volume that the shares are of, and what the rest of the meter is; None where the meter is not gone by."""
        if "V_house" not in values or "V_individual" not in values:
            return None, {}
        rest = values["V_house"] - values["V_individual"]
        if "V_carried" in values:
            carried = values["V_carried"]
            volume = max(rest - carried, Fraction(0))
            kept = max(carried - rest, Fraction(0))
            forgets = self.rules.choice("negative_common", self.rules.month.last) == "forget"
            return volume, {"carried_in": carried, "forgotten" if forgets else "carried_out": -kept}
        whole = max(rest, Fraction(0))
        volume = min(whole, values["N"] * values["S_common"]) if "N" in values else whole
        return volume, {"above_norm": whole - volume, "unused_negative": min(rest, Fraction(0))}

    def _undistributed(self, regime: Regime) -> str:
        return (
            "until_recalculation"
            if regime in (Regime.AVERAGE, Regime.NORM_THEN_RECALCULATION) and self._common_services()
            else "not_distributed"
        )


def _unit(values: Mapping[str, Fraction]) -> Fraction | None:
    """Heat that comes to 1 m² of connected premises without a meter: its own and its part of the rest of the house."""
    area = values.get("S_all")
    if not area or "V_house" not in values:
        return None
    if "V_individual" in values:
        used = values["V_metered"] / values["S_metered"] if values.get("S_metered") else Fraction(0)
        return used + (values["V_house"] - values["V_individual"]) / area
    if "V_hot" in values:
        return (values["V_house"] - values["q"] * values["V_hot"]) / area
    connected = area - values.get("S_own", Fraction(0))
    own = values["V_house"] / (connected + values.get("S_heated", Fraction(0)))
    return own + (values["V_house"] - own * connected) / area


def _rows(line: ChargeLine) -> list[Mapping[str, Any]]:
    """Rows of the base (``Any``: JSON values); a line of the sender has none."""
    groups: Any = line.inputs.get("base", ())
    return [row for group in groups for row in group if "T" in row["values"]]


def _exact(line: ChargeLine) -> Fraction:
    """The volume of the line from its inputs: its clauses at one rouble for a unit."""
    total = Fraction(0)
    for row in _rows(line):
        values = {name: Fraction(text) for name, text in row["values"].items()}
        total += Fraction(getattr(clauses, row["clause"])(**{**values, "T": Fraction(1)}))
    return total


def _values(lines: Iterable[ChargeLine]) -> dict[str, Fraction]:
    """Sums over the house that the lines are shares of."""
    found: dict[str, Fraction] = {}
    for line in lines:
        for row in _rows(line):
            for name, text in row["values"].items():
                found.setdefault(name, Fraction(text))
    return found

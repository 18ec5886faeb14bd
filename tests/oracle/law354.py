"""The month of one house computed by the description of the law alone, in exact fractions, without any of the product's code.

Input: a house as plain mappings (:mod:`tests.oracle.houses` makes them). Output: kopecks by account, service and component. Each line is
rounded once for each slice of the tariff, half away from zero (section 3); volumes are never rounded.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

from tests.oracle.meters import Month, Point, bounds, days_of, months_between, span

House = dict[str, Any]
Account = dict[str, Any]
ZERO = Fraction(0)
WATERS = ("cold", "hot")
LIMITS = {"cold": (4, 8), "hot": (4, 8), "sewage": (4, 8), "power": (24, None), "gas": (None, 4), "heat": (16, 24)}


def money(roubles: Fraction) -> int:
    """Kopecks, half away from zero."""
    sign = -1 if roubles < 0 else 1
    doubled = abs(roubles) * 200
    return sign * int((doubled.numerator // doubled.denominator + 1) // 2)


class Oracle:
    """One house and one month."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.settings = house["settings"]
        self.month: Month = house["month"]
        self.first, self.last = bounds(self.month)
        self.days = days_of(self.month)
        self.months = months_between(house["start"], self.month)
        self.negative = (ZERO, ZERO)
        self.cache: dict[tuple[str, str], dict[Month, dict[str, Any] | None]] = {}

    # --- people and days -------------------------------------------------------------------------------------------------------------

    def open_days(self, account: Account, month: Month) -> tuple[date, date] | None:
        first, last = bounds(month)
        first, last = max(first, account["opened"]), min(last, account["closed"] or last)
        return (first, last) if first <= last else None

    def persons(self, account: Account, month: Month) -> Fraction:
        """Person-days of the days the account was open / days of the month; nobody on any day of the month: owners, else one."""
        opened = self.open_days(account, month)
        if opened is None:
            return ZERO
        whole = bounds(month)

        def person_days(first: date, last: date) -> int:
            total = 0
            for begin, end in account["persons"]:
                if end is not None and self.settings["residence_end"] == "exclusive":
                    end -= timedelta(days=1)
                total += span(max(begin, first), min(end or last, last))
            return total

        if not person_days(*whole):
            owners = account["owners"] or int(self.settings["owners_when_unknown"])
            return Fraction(owners * span(*opened), days_of(month))
        return Fraction(person_days(*opened), days_of(month))

    # --- volumes ---------------------------------------------------------------------------------------------------------------------

    def norm(self, account: Account, service: str, month: Month) -> Any:
        """Volume by the norm, without K."""
        norms = self.house["norms"]
        if service == "gas":
            each = norms["gas_cook"] * account["stove"] + norms["gas_heater"] * account["heater"]
            return self.persons(account, month) * each
        return self.persons(account, month) * norms["power" if service in ("day", "night") else service]

    def walk(self, account: Account, service: str) -> dict[Month, dict[str, Any] | None]:
        key = (account["id"], service)
        if key not in self.cache:
            chains = [chain for chain in account["meters"] if chain["service"] == service]
            points = [
                Point(chain["devices"], lambda m: self.norm(account, service, m), self.settings, account["opened"], account["closed"])
                for chain in chains
            ]
            for point in points:
                point.begin(bounds(self.months[0])[0])
            self.cache[key] = {month: self._together([point.month(month) for point in points]) for month in self.months}
        return self.cache[key]

    @staticmethod
    def _together(found: list[dict[str, Any] | None]) -> dict[str, Any] | None:
        """Several meters of one service: the sum; one by the norm makes the whole service so."""
        parts = [one for one in found if one is not None]
        if not parts:
            return None
        for one in parts:
            if one["how"] == "norm":
                return {**one, "raised": any(part.get("raised", False) for part in parts)}
        total = sum((one["volume"] for one in parts), ZERO)
        rebuilt = [item for one in parts for item in one.get("rebuilt", [])]
        how = "average" if any(one["how"] == "average" for one in parts) else "meter"
        return {"how": how, "kind": parts[0]["kind"] if len(parts) == 1 else "several", "volume": total, "rebuilt": rebuilt}

    def flat_of(self, account: Account, service: str) -> list[Account]:
        return [one for one in self.house["accounts"] if account["flat"] and one["flat"] == account["flat"]]

    def own(self, account: Account, service: str, month: Month) -> dict[str, Any]:
        """How an account's service is charged in a month, with its volume without K."""
        flat = self.house["flats"].get(account["flat"], {}).get(service)
        if flat is not None:
            return self._in_flat(account, service, month, flat)
        found = self.walk(account, service)[month]
        if found is None or found["how"] == "norm":
            raised = found is None or found["raised"]
            return {
                "how": "norm",
                "kind": "norm",
                "volume": self.norm(account, service, month),
                "raised": raised,
                "metered": found is not None,
            }
        return {**found, "raised": False, "metered": True}

    def _in_flat(self, account: Account, service: str, month: Month, chain: dict[str, Any]) -> dict[str, Any]:
        """Formulas 7 and 9: the rest of the flat-wide meter by persons; a vacant room counts its owners."""
        key = (account["flat"], service)
        rooms = self.flat_of(account, service)
        if key not in self.cache:
            point = Point(
                chain["devices"], lambda m: sum((self.norm(one, service, m) for one in rooms), ZERO), self.settings, date.min, None
            )
            point.begin(bounds(self.months[0])[0])
            self.cache[key] = {one: point.month(one) for one in self.months}
        whole = self.cache[key][month]
        if whole is None or whole["how"] == "norm":
            raised = whole is None or whole["raised"]
            return {
                "how": "norm",
                "kind": "norm",
                "volume": self.norm(account, service, month),
                "raised": raised,
                "metered": whole is not None,
            }
        people = {one["id"]: self.persons(one, month) for one in rooms}
        metered = {one["id"]: ZERO for one in rooms}
        for one in rooms:
            found = self.walk(one, service)[month]
            if found is not None and found["how"] != "norm":
                metered[one["id"]] = found["volume"]
        rest = whole["volume"] - sum(metered.values(), ZERO)
        share = rest * people[account["id"]] / sum(people.values(), ZERO)
        return {"how": whole["how"], "kind": "flat", "volume": metered[account["id"]] + share, "raised": False, "metered": True}

    # --- slices and lines ------------------------------------------------------------------------------------------------------------

    def tariffs(self, service: str, first: date, last: date) -> list[tuple[date, date, Fraction]]:
        found = []
        for begin, end, value in self.house["tariffs"][service]:
            low, high = max(begin, first), min(end, last)
            if low <= high:
                found.append((low, high, value))
        return found

    def coefficient(self, service: str, first: date, last: date) -> list[tuple[date, date, Fraction]]:
        if service != "cold":
            return [(first, last, Fraction(3, 2))]
        change = date(2025, 12, 6)
        if self.settings["k_effective"] == "next_month":
            return [(first, last, Fraction(3) if date(first.year, first.month, 1) >= change else Fraction(3, 2))]
        parts = [(first, min(last, change - timedelta(days=1)), Fraction(3, 2)), (max(first, change), last, Fraction(3))]
        return [part for part in parts if part[0] <= part[1]]

    def is_raised(self, account: Account, service: str, found: dict[str, Any]) -> Any:
        if found["how"] != "norm" or not found["raised"] or service not in ("cold", "hot", "power"):
            return False
        possible = found["metered"] or account["no_meter_reason"] != 1
        if service != "power":
            return possible
        basis = self.settings["k_electricity_basis"]
        return possible and (basis == "no_meter" or (basis == "access_refused" and account["access_refused"]))

    def line(self, account: Account, service: str, volume: Fraction, tariff_of: str, raised: str | None) -> dict[str, int]:
        """Base and surcharge of a volume of the month over the slices of the tariff."""
        first, last = self.open_days(account, self.month) or (self.first, self.last)
        whole = span(first, last)
        base = total = 0
        for begin, end, tariff in self.tariffs(tariff_of, first, last):
            base += money(volume * tariff * span(begin, end) / whole)
            for low, high, factor in self.coefficient(raised, begin, end) if raised else []:
                total += money(volume * factor * tariff * span(low, high) / whole)
        return {"base": base, "surcharge": total - base if raised else 0, "recalc": 0, "nedo": 0, "benefit": 0}

    def by_area(self, account: Account, per_month: Fraction, tariff_of: str) -> dict[str, int]:
        """A monthly volume (or area) charged for the days the account was open, of the days of the month."""
        first, last = self.open_days(account, self.month) or (self.first, self.last)
        parts = [money(per_month * tariff * span(begin, end) / self.days) for begin, end, tariff in self.tariffs(tariff_of, first, last)]
        return {"base": sum(parts), "surcharge": 0, "recalc": 0, "nedo": 0, "benefit": 0}

    # --- corrections -----------------------------------------------------------------------------------------------------------------

    def interruption(self, service: str, line: dict[str, int], *, metered: bool) -> None:
        single, monthly = LIMITS[service]
        how = self.settings["interruption_hours"]
        single = None if how == "monthly" else single
        monthly = None if how == "single" else monthly
        hours, used, off = ZERO, ZERO, ZERO
        start_of_month = datetime.combine(self.first, time.min)
        end_of_month = datetime.combine(self.last + timedelta(days=1), time.min)
        for begin, end, stated in sorted(self.house["interruptions"].get(service, [])):
            low, high = max(begin, start_of_month), min(end, end_of_month)
            if low >= high:
                continue
            lasted = Fraction(int((high - low).total_seconds()), 3600)
            earlier = Fraction(int((low - begin).total_seconds()), 3600)
            over_single = ZERO if single is None else min(max(earlier + lasted - single, ZERO), lasted)
            over_month = ZERO if monthly is None else min(max(used + lasted - monthly, ZERO), lasted)
            if self.settings["interruption_limits"] == "stated":
                over_single, over_month = min(max(earlier + lasted - stated, ZERO), lasted), ZERO
            hours += max(over_single, over_month)
            used += lasted
            off += lasted
        charge = Fraction(line["base"], 100)
        if off and not metered and service != "heat" and self.settings["undelivered_volume"] == "by_time":
            taken = money(min(charge * off / (self.days * 24), charge))
            line["nedo"] += taken
            charge -= Fraction(taken, 100)
        if self.settings["interruption_base"] == "all_lines":
            charge += Fraction(line["surcharge"], 100)
        if hours:
            line["nedo"] += money(min(charge * hours * Fraction(15, 10000), charge))

    def relief(self, account: Account, service: str, volume: Fraction, per_person: Fraction, tariff_of: str, line: dict[str, int]) -> None:
        """Share × the volume for a person, at most the norm × entitled × tariff, on the days of the relief; rounded once.

        Entitled are no more than those who live there: the whole fee is the most that a share is taken of.
        """
        first, last = self.open_days(account, self.month) or (self.first, self.last)
        whole = span(first, last)
        living = self.persons({**account, "opened": date.min, "closed": None}, self.month)
        for name, share, entitled, since in account["reliefs"]:
            if name != service:
                continue
            each = min(volume / living, per_person)
            roubles = ZERO
            for begin, end, tariff in self.tariffs(tariff_of, first, last):
                roubles += share * each * min(Fraction(entitled), living) * tariff * span(max(begin, since), end) / whole
            line["benefit"] = money(roubles)

    def absence(self, account: Account, service: str, per_person: Fraction, tariff_of: str, line: dict[str, int]) -> None:
        """Full days between leaving and return, a run of more than five; a meter of water, or none proved impossible, refuses it."""
        waters = ("cold", "hot", "power") if service == "power" else ("cold", "hot", "gas") if service == "gas" else WATERS
        metered = any(chain["service"] in waters for chain in account["meters"]) or any(
            one in self.house["flats"].get(account["flat"], {}) for one in waters
        )
        if service != "waste" and self.settings["metered_absence"] == "refuse" and (metered or account["no_meter_reason"] != 1):
            return
        first, last = self.open_days(account, self.month) or (self.first, self.last)
        for begin, end, tariff in self.tariffs(tariff_of, first, last):
            days = 0
            for left, back in account["absences"]:
                away_first, away_last = left + timedelta(days=1), back - timedelta(days=1)
                if span(away_first, away_last) > 5:
                    days += span(max(away_first, self.first, begin), min(away_last, self.last, end))
            line["recalc"] -= money(per_person * tariff * days / self.days)

    # --- services --------------------------------------------------------------------------------------------------------------------

    def common(self) -> Any:
        """Cold water of common property of the house in the month; None where it is not charged."""
        house = self.house
        norm = house["norms"]["common"] * house["S_common"]
        regime = house["soi"] or (4 if house["house_cold"] else 1)
        if not house["house_cold"] or regime in (1, 4):
            return norm
        if regime == 3:
            return house["average_common"]
        point = Point(house["house_cold"]["devices"], lambda m: ZERO, self.settings, date.min, None)
        point.begin(bounds(self.months[0])[0])
        carried = rest = ZERO
        for month in self.months:
            found = point.month(month)
            assert found is not None
            individual = sum((self.own(one, "cold", month)["volume"] for one in house["accounts"] if self.open_days(one, month)), ZERO)
            if regime == "odn":
                rest = max(found["volume"] - individual, ZERO)
                rest = rest if self.settings["odn_cap"] == "meeting_decided" else min(rest, norm)
                self.negative = (found["volume"], individual)
                continue
            balance = found["volume"] - individual - carried
            rest = max(balance, ZERO)
            carried = max(-balance, ZERO) if self.settings["negative_common"] == "carry" else ZERO
        return rest

    def heating(self, account: Account) -> Any:
        """Heat of the account for a whole month, by section 5; None outside the season."""
        house = self.house
        season = house["season"]
        evenly = self.settings["heating_payment"] == "evenly"
        if not evenly and self.month[1] not in season:
            return None
        if account["flat"] and self.settings["communal_area"] == "computed":
            rooms = self.flat_of(account, "heat")
            whole = {**account, "flat": None, "area": sum((one["area"] for one in rooms), ZERO), "own_heating": ZERO}
            living = sum((one["living"] for one in rooms), ZERO)
            return (self.heating(whole) or ZERO) * account["living"] / living
        area, S_all = account["area"], house["S_all"]
        whole_only = self.settings["own_heating_unit"] == "premises"

        def own_part(one: Account) -> Fraction:
            return ZERO if whole_only and one["own_heating"] < one["area"] else one["own_heating"]

        connected = area - own_part(account)
        norm = house["norms"]["heat"]
        factor = Fraction(len(season), 12) if evenly else Fraction(1)
        by_norm = connected * norm * factor + area * norm * factor * house["S_heated"] / S_all
        heat = house["house_heat"]
        if heat is None or (evenly and house["heat_last_year"] is None):
            return by_norm
        if evenly:
            return house["heat_last_year"] / 12 * area / S_all
        if heat["failed"]:
            average = heat["history"][-int(self.settings["average_window"].split()[1]) :]
            if len(average) < 3 or heat["missing"] > 3:
                return by_norm
            return sum(average, ZERO) / len(average) * area / S_all
        V_house = heat["volume"]
        metered = {one["id"]: one["heat_meter"] for one in house["accounts"] if one["heat_meter"] is not None}
        if metered:
            S_metered = sum((one["area"] for one in house["accounts"] if one["id"] in metered), ZERO)
            used = sum(metered.values(), ZERO)
            individual = used + (S_all - S_metered) * used / S_metered
            own = metered.get(account["id"], area * used / S_metered)
            return own + area * (V_house - individual) / S_all
        S_own = sum((own_part(one) for one in house["accounts"]), ZERO)
        per_m2 = V_house / (S_all - S_own + house["S_heated"])
        return connected * per_m2 + area * (V_house - (S_all - S_own) * per_m2) / S_all

    def rebuilt(self, service: str, found: dict[str, Any], line: dict[str, int]) -> None:
        """Closed months that a late reading charges anew, each at its own tariff."""
        for month, volume, charged in found.get("rebuilt", []):
            first, last = bounds(month)
            for begin, end, tariff in self.tariffs(service, first, last):
                part = Fraction(span(begin, end), days_of(month))
                line["recalc"] += money(volume * tariff * part) - money(charged * tariff * part)

    def account(self, account: Account, common: Fraction | None) -> dict[str, dict[str, int]]:
        house, lines = self.house, {}
        if self.open_days(account, self.month) is None:
            return {}
        norms = house["norms"]
        lines["maintenance"] = self.by_area(account, account["area"], "maintenance")
        lines["contribution"] = self.by_area(account, account["area"], "contribution")
        volumes = {}
        for service in house["metered"]:
            if service == "gas" and not (account["stove"] or account["heater"]):
                continue
            found = self.own(account, service, self.month)
            resource = "power" if service in ("day", "night") else service
            volume = found["volume"]
            volumes[service] = volume
            if (
                service == "cold"
                and house["soi"] == "odn"
                and self.settings["negative_common"] != "forget"
                and self.negative[0] < self.negative[1]
                and account["residential"]
            ):
                everybody = sum((self.persons(one, self.month) for one in house["accounts"] if one["residential"]), ZERO)
                less = (self.negative[1] - self.negative[0]) * self.persons(account, self.month) / everybody
                volume = max(volume - less, ZERO)
            raised = resource if self.is_raised(account, resource, found) else None
            tariff_of = "carrier" if service == "hot" and house["two_component"] else service
            lines[service] = self.line(account, service, volume, tariff_of, raised)
            per_person = norms.get(resource, ZERO)
            if service == "gas":
                per_person = norms["gas_cook"] * account["stove"] + norms["gas_heater"] * account["heater"]
            if found["how"] == "norm":
                self.absence(account, resource, per_person, tariff_of, lines[service])
            self.rebuilt(tariff_of, found, lines[service])
            self.interruption(resource, lines[service], metered=found["metered"])
            if account["residential"] and service not in ("day", "night", "gas"):
                self.relief(account, resource, found["volume"], per_person, tariff_of, lines[service])
            if service == "hot" and house["two_component"]:
                lines["hot_heat"] = self.line(account, service, volume * norms["q"], "hot_heat", raised)
                if found["how"] == "norm":
                    self.absence(account, "hot", per_person * norms["q"], "hot_heat", lines["hot_heat"])
                for month, again, charged in found.get("rebuilt", []):
                    self.rebuilt("hot_heat", {"rebuilt": [(month, again * norms["q"], charged * norms["q"])]}, lines["hot_heat"])
        waters = [water for water in WATERS if water in house["metered"]]
        together = sum((volumes[water] for water in waters), ZERO)
        lines["sewage"] = self.line(account, "sewage", together, "sewage", None)
        factor = Fraction(self.settings["wastewater_k"])
        raised = sum((volumes[water] for water in waters if self.is_raised(account, water, self.own(account, water, self.month))), ZERO)
        if factor != 1 and raised:
            more = self.line(account, "sewage", together + raised * (factor - 1), "sewage", None)
            lines["sewage"]["surcharge"] = more["base"] - lines["sewage"]["base"]
        self.absence(account, "sewage", sum((norms[water] for water in waters), ZERO), "sewage", lines["sewage"])
        self.interruption("sewage", lines["sewage"], metered=True)
        if account["residential"]:
            self.relief(account, "sewage", together, sum((norms[water] for water in waters), ZERO), "sewage", lines["sewage"])
        if common is not None:
            lines["common"] = self.by_area(account, common * account["area"] / house["S_all"], "cold")
        heat = self.heating(account)
        if heat is not None:
            lines["heat"] = self.by_area(account, heat, "heat")
            self.interruption("heat", lines["heat"], metered=True)
        if account["residential"]:
            lines["waste"] = self._waste(account)
        return lines

    def _waste(self, account: Account) -> dict[str, int]:
        norms = self.house["norms"]
        if self.house["waste_basis"] == 2:
            line = self.by_area(account, account["area"] * norms["waste_m2"] / 12, "waste")
            share = account["area"] * norms["waste_m2"] / 12 / self.persons({**account, "opened": date.min, "closed": None}, self.month)
            self.absence(account, "waste", share, "waste", line)
            return line
        line = self.line(account, "waste", self.persons(account, self.month) * norms["waste"] / 12, "waste", None)
        self.absence(account, "waste", norms["waste"] / 12, "waste", line)
        return line


def charge(house: House) -> dict[str, dict[str, dict[str, int]]]:
    """Kopecks by account, service and component: ``base``, ``surcharge``, ``recalc`` (signed), ``nedo`` (lowers)."""
    oracle = Oracle(house)
    common = oracle.common()
    return {account["id"]: oracle.account(account, common) for account in house["accounts"]}

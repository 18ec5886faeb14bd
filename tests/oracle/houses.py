"""Random houses as plain mappings, within what the description of the law decides without doubt; imports nothing of ours.

A house has 2–5 premises, a communal flat among them at times, with meters that are read, forgotten, replaced, lapse, fail and roll over;
people who come, go and are away; tariffs that change inside the month; one of the regimes of common property; every way of heating.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from fractions import Fraction
from random import Random
from typing import Any

from tests.oracle.meters import Month, bounds, days_of, months_between

__all__ = ["random_house"]

SEASON = [10, 11, 12, 1, 2, 3, 4]
_CHARGED = [(2025, 12), (2026, 2), (2026, 5), (2026, 7), (2026, 10)]
_USUAL = {"cold": 5, "hot": 3, "power": 110, "day": 90, "night": 40, "gas": 12}


def _back(month: Month, months: int) -> Month:
    number = month[0] * 12 + month[1] - 1 - months
    return number // 12, number % 12 + 1


def _cents(rng: Random, low: int, high: int, parts: int = 100) -> Fraction:
    return Fraction(rng.randint(low * parts, high * parts), parts)


class _Maker:
    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.month: Month = self.rng.choice(_CHARGED)
        self.start = _back(self.month, self.rng.randint(3, 8))
        self.first, self.last = bounds(self.month)
        self.names = 0

    def settings(self) -> dict[str, str]:
        pick = self.rng.choice
        return {
            "late_reading": pick(["difference", "difference", "rebuild", "keep_norm"]),
            "k_effective": pick(["by_day", "next_month"]),
            "k_electricity_basis": pick(["no_meter", "access_refused", "never"]),
            "residence_end": pick(["inclusive", "inclusive", "exclusive"]),
            "metered_absence": pick(["refuse", "refuse", "allow"]),
            "interruption_hours": pick(["union", "union", "single", "monthly"]),
            "interruption_base": pick(["base", "base", "all_lines"]),
            "undelivered_volume": pick(["by_time", "none"]),
            "negative_common": pick(["carry", "carry", "forget"]),
            "odn_cap": pick(["norm", "meeting_decided"]),
            "own_heating_unit": pick(["premises", "room"]),
            "communal_area": pick(["computed", "stated"]),
            "heating_payment": pick(["season", "season", "evenly"]),
            "wastewater_k": pick(["1", "1", "1", "1.5"]),
            "interruption_limits": pick(["law", "law", "law", "stated"]),
            "average_window": pick(["last 6 measured full months", "last 6 measured full months", "last 4 measured full months"]),
            "rollover_factor": pick(["3", "3", "2", "5"]),
            "owners_when_unknown": pick(["1", "1", "2"]),
        }

    def tariff(self, low: int, high: int) -> list[tuple[date, date, Fraction]]:
        """One value, a step on the first of the month, or one inside it."""
        begin, end = date(2025, 1, 1), date(2026, 12, 31)
        value = _cents(self.rng, low, high)
        step = self.rng.choice([None, None, self.first, self.first + timedelta(days=self.rng.randint(1, 25))])
        if step is None:
            return [(begin, end, value)]
        return [(begin, step - timedelta(days=1), value), (step, end, value * Fraction(self.rng.randint(101, 125), 100))]

    def device(self, service: str, *, kinds: tuple[str, ...], until: date | None = None) -> list[dict[str, Any]]:
        """A chain of devices with readings in the months of the walk; ``until``: the account closes then, by a reading of that day."""
        rng, usual = self.rng, _USUAL[service]
        kind = rng.choice(kinds)
        months = months_between(self.start, self.month)
        value = Fraction(rng.randint(10_000, 900_000), 1000)
        digits = 5
        if kind == "rollover":
            value = Fraction(10**5 * 1000 - rng.randint(1, usual * 1000 * len(months)), 1000)
        base = bounds(_back(self.start, 1))[0].replace(day=24)
        device: dict[str, Any] = {
            "start": Fraction(0),
            "installed": None,
            "last_valid": None,
            "failed": None,
            "digits": digits,
            "readings": [(base, value)],
        }
        chain = [device]
        event = rng.randrange(len(months)) if kind == "replaced" else rng.randint(4, len(months) - 1) if len(months) > 4 else None
        if event is not None and rng.random() < 0.4:
            event = len(months) - 1  # the charged month itself
        for i, month in enumerate(months):
            value += Fraction(rng.randint(usual * 300, usual * 1700), 1000)
            if value >= 10**digits:
                value -= 10**digits
            last = bounds(month)[1]
            if until is not None and month == self.month:
                device["readings"].append((until, value))
                device["last_valid"] = until
                continue
            if kind == "replaced" and i == event:
                device = self._replace(device, month, value, chain, usual)
                value = device["readings"][-1][1]
                continue
            if kind in ("lapse", "failure") and event is not None and i == event:
                day = rng.randint(2, days_of(month) - 1)
                device["last_valid"] = last.replace(day=day)
                if kind == "failure":
                    device["failed"] = last.replace(day=day + 1)
                elif rng.random() < 0.6:
                    device["readings"].append((last.replace(day=day), value))
                continue
            if device["last_valid"] is not None and device["last_valid"] < last:
                if rng.random() < 0.5:
                    device["readings"].append((last, value))
                continue
            if kind == "forgotten" and i > 0 and rng.random() < 0.45:
                continue
            if kind == "doubtful" and rng.random() < 0.2:
                device["readings"].append((last.replace(day=rng.randint(19, 22)), max(value - usual * 4, Fraction(0))))
                value = max(value, device["readings"][-1][1])
                continue
            device["readings"].append((last.replace(day=rng.randint(23, days_of(month))), value))
        return chain

    def _replace(self, old: dict[str, Any], month: Month, value: Fraction, chain: list[dict[str, Any]], usual: int) -> dict[str, Any]:
        rng = self.rng
        removed = bounds(month)[0] + timedelta(days=rng.randint(0, 12))
        installed = removed + timedelta(days=rng.randint(1, 8))
        old["readings"].append((removed, value))
        old["last_valid"] = removed
        start = Fraction(rng.randint(0, 300), 1000)
        counted = start + Fraction(rng.randint(0, usual * 800), 1000)
        new: dict[str, Any] = {
            "start": start, "installed": installed, "last_valid": None, "failed": None, "digits": 5,
            "readings": [(bounds(month)[1].replace(day=rng.randint(24, 28)), counted)],
        }  # fmt: skip
        chain.append(new)
        return new

    def people(self) -> list[tuple[date, date | None]]:
        rng = self.rng
        found: list[tuple[date, date | None]] = []
        for _ in range(rng.choice([0, 1, 1, 2, 2, 3, 4])):
            how = rng.random()
            inside = self.first + timedelta(days=rng.randint(0, days_of(self.month) - 1))
            if how < 0.7:
                found.append((date(2020, 3, 1), None))
            elif how < 0.85:
                found.append((date(2020, 3, 1), inside))
            else:
                found.append((inside, None))
        return found

    def reliefs(self) -> list[tuple[str, Fraction, int, date]]:
        """Relief on the bill for some services: share, entitled persons, from which day."""
        rng = self.rng
        if rng.random() < 0.75:
            return []
        day = rng.choice([date(2025, 1, 1), self.first + timedelta(days=rng.randint(1, 20))])
        services = rng.sample(["cold", "hot", "sewage", "power"], rng.randint(1, 3))
        return [(service, Fraction(rng.choice([30, 50, 100]), 100), rng.randint(1, 2), day) for service in services]

    def account(self, **more: Any) -> dict[str, Any]:
        rng = self.rng
        self.names += 1
        people = self.people()
        absences = []
        if people and people[0] == (date(2020, 3, 1), None) and rng.random() < 0.35:
            left = self.first + timedelta(days=rng.randint(-10, 20))
            absences.append((left, left + timedelta(days=rng.randint(3, 30))))
        area = _cents(rng, 18, 90, 10)
        return {
            "id": f"a{self.names}", "premises": f"{self.names}", "flat": None, "residential": True, "area": area,
            "opened": date(2020, 1, 1), "closed": None, "no_meter_reason": rng.choice([1, 2, None]), "stove": True,
            "heater": rng.random() < 0.4, "owners": rng.choice([None, None, 1, 2, 3]), "access_refused": rng.random() < 0.3,
            "persons": people, "absences": absences, "meters": [], "reliefs": self.reliefs(),
            "own_heating": Fraction(0), "living": None, "heat_meter": None, **more,
        }  # fmt: skip


def _kinds(service: str, settings: dict[str, str], zones: bool) -> tuple[str, ...]:
    if service in ("day", "night") or (service == "power" and zones):
        return ("read",)
    if service == "gas":
        return ("read", "forgotten", "rollover")
    common = ("read", "read", "forgotten", "replaced", "lapse", "failure", "rollover", "doubtful")
    return tuple(kind for kind in common if not (settings["late_reading"] == "rebuild" and kind == "doubtful"))


def random_house(seed: int) -> dict[str, Any]:
    """The house of the seed."""
    make = _Maker(seed)
    rng = make.rng
    settings = make.settings()
    zones = rng.random() < 0.35
    electricity = ["day", "night"] if zones else ["power"]
    metered = ["cold", *(["hot"] if rng.random() < 0.75 else []), *electricity, *(["gas"] if rng.random() < 0.4 else [])]
    heat = rng.choice(["norm", "norm", "house", "house", "flats", "failed"])
    if heat == "failed":
        make.month, make.start = (2026, 2), (2025, 10)
        make.first, make.last = bounds(make.month)
        settings["heating_payment"] = "season"
    accounts, flats = _accounts(make, settings, metered, zones)
    house: dict[str, Any] = {
        "month": make.month, "start": make.start, "settings": settings, "metered": metered, "accounts": accounts, "flats": flats,
        "two_component": "hot" in metered and rng.random() < 0.5, "season": SEASON, "waste_basis": rng.choice([1, 2]),
        "soi": rng.choice([None, 1, 2, 2, 2, 3, 4, "odn", "odn"]), "S_common": _cents(rng, 10, 60, 10), "S_heated": Fraction(0),
        "average_common": _cents(rng, 1, 6), "heat_last_year": None, "house_heat": None, "house_cold": None, "heat_kind": heat,
    }  # fmt: skip
    house["S_all"] = sum((one["area"] for one in accounts if one["closed"] is None), Fraction(0)) + Fraction(rng.choice([0, 0, 405]), 10)
    house["norms"] = {
        "cold": _cents(rng, 3, 6), "hot": _cents(rng, 2, 4), "power": Fraction(rng.randint(50, 130)),
        "q": _cents(rng, 0, 1, 1000) / 10 + Fraction(1, 100),
        "gas_cook": Fraction(10), "gas_heater": Fraction(175, 10), "heat": Fraction(rng.randint(150, 300), 10_000),
        "common": Fraction(rng.randint(10, 60), 1000), "waste": _cents(rng, 1, 3), "waste_m2": Fraction(rng.randint(50, 120), 1000),
    }  # fmt: skip
    prices = {
        "cold": (30, 60), "hot": (150, 260), "carrier": (30, 60), "hot_heat": (2000, 2900), "sewage": (20, 45),
        "power": (4, 7), "day": (5, 8), "night": (3, 5), "gas": (7, 11), "heat": (2000, 2900), "waste": (500, 900), "contribution": (8, 17),
    }  # fmt: skip
    house["tariffs"] = {service: make.tariff(*price) for service, price in prices.items()}
    house["tariffs"]["maintenance"] = [(date(2025, 1, 1), date(2026, 12, 31), _cents(rng, 20, 45))]
    _heating(make, house, heat)
    if house["soi"] in (2, 3, 4, "odn", None) and rng.random() < 0.9:
        house["house_cold"] = {"devices": _house_meter(make, house)}
    house["interruptions"] = _interruptions(make)
    return house


def _accounts(
    make: _Maker, settings: dict[str, str], metered: list[str], zones: bool
) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    rng = make.rng
    accounts: list[dict[str, Any]] = []
    flats: dict[str, dict[str, Any]] = {}
    for number in range(rng.randint(2, 4)):
        residential = number == 0 or rng.random() < 0.85
        account = make.account(
            residential=residential, **({} if residential else {"persons": [], "absences": [], "stove": False, "heater": False})
        )
        for service in metered:
            if service == "gas" and not (account["stove"] or account["heater"]):
                continue
            always = not residential or service in ("day", "night")
            if always or rng.random() < 0.6:
                kinds = ("read",) if always else _kinds(service, settings, zones)
                count = 2 if service in ("cold", "hot") and not always and rng.random() < 0.15 else 1
                if count == 2:  # which of two removed meters a new one follows no record says
                    kinds = tuple(kind for kind in kinds if kind != "replaced")
                for _ in range(count):
                    account["meters"].append({"service": service, "devices": make.device(service, kinds=kinds)})
        accounts.append(account)
    if rng.random() < 0.3:
        _change_owner(make, accounts, metered)
    if rng.random() < 0.35:
        flats["F"] = _communal(make, settings, accounts, metered)
    return accounts, flats


def _change_owner(make: _Maker, accounts: list[dict[str, Any]], metered: list[str]) -> None:
    """One flat passes to a new account inside the month, by readings of the act."""
    rng = make.rng
    day = make.first + timedelta(days=rng.randint(3, 20))
    old = make.account(closed=day, persons=[(date(2020, 3, 1), day)], absences=[])
    new = make.account(opened=day + timedelta(days=1), persons=[(day + timedelta(days=1), None)], absences=[], area=old["area"])
    new["premises"] = old["premises"]
    for service in metered:
        if service in ("day", "night") or rng.random() < 0.7:
            devices = make.device(service, kinds=("read",), until=day)
            old["meters"].append({"service": service, "devices": devices})
            value = devices[-1]["readings"][-1][1]
            end = value + Fraction(rng.randint(0, _USUAL[service] * 600), 1000)
            readings = [(new["opened"], value)] if rng.random() < 0.5 or service == "night" else []
            readings.append((make.last.replace(day=rng.randint(26, 28)), end))
            if rng.random() < 0.9 or service in ("day", "night"):
                device = {
                    "start": value,
                    "installed": new["opened"],
                    "last_valid": None,
                    "failed": None,
                    "digits": None,
                    "readings": readings,
                }
                new["meters"].append({"service": service, "devices": [device]})
    accounts += [old, new]


def _communal(make: _Maker, settings: dict[str, str], accounts: list[dict[str, Any]], metered: list[str]) -> dict[str, Any]:
    """Rooms with accounts of their own; cold water and electricity by a flat-wide meter, some rooms with meters of their own."""
    rng = make.rng
    rooms = [make.account(flat="F", living=_cents(rng, 9, 25, 10), absences=[]) for _ in range(rng.randint(2, 3))]
    wide = {}
    rebuild = settings["late_reading"] == "rebuild"
    for service in metered:
        if service in ("day", "night") or (service in ("cold", "power") and rng.random() < 0.8):
            kinds = ("read",) if service in ("day", "night") or rebuild else ("read", "read", "forgotten", "lapse")
            wide[service] = {"devices": make.device(service, kinds=kinds)}
            if service == "power" and rng.random() < 0.4 and not rebuild:
                rooms[0]["meters"].append({"service": service, "devices": make.device(service, kinds=("read",))})
    accounts += rooms
    return wide


def _heating(make: _Maker, house: dict[str, Any], kind: str) -> None:
    rng = make.rng
    evenly = house["settings"]["heating_payment"] == "evenly"
    communal = any(one["flat"] for one in house["accounts"])
    whole = [one for one in house["accounts"] if one["closed"] is None and one["opened"] < make.first and not one["flat"]]
    if rng.random() < 0.3 and not (evenly and kind in ("house", "flats")) and kind != "failed":
        house["S_heated"] = _cents(rng, 5, 40, 10)
    if kind == "norm":
        if rng.random() < 0.4 and whole:
            one = rng.choice(whole)
            one["own_heating"] = one["area"] if rng.random() < 0.6 else one["area"] / 2
        return
    volume = house["S_all"] * Fraction(rng.randint(15, 35), 1000)
    house["house_heat"] = {"volume": Fraction(round(volume * 1000), 1000), "failed": False}
    if evenly:
        house["heat_last_year"] = Fraction(rng.randint(20_000, 90_000), 1000) if rng.random() < 0.8 else None
        return
    if kind == "failed":
        history = [Fraction(rng.randint(1000, 9000), 1000) for _ in range(rng.choice([2, 3, 4]))]
        house["house_heat"] |= {"failed": True, "history": history, "missing": 5 - len(history)}
        return
    if kind == "flats" and whole and not (communal and house["settings"]["communal_area"] == "computed"):
        for one in rng.sample(whole, rng.randint(1, len(whole))):
            one["heat_meter"] = Fraction(rng.randint(300, 2500), 1000)
        return
    if rng.random() < 0.4 and whole:
        one = rng.choice(whole)
        one["own_heating"] = one["area"] if rng.random() < 0.6 else one["area"] / 2


def _house_meter(make: _Maker, house: dict[str, Any]) -> list[dict[str, Any]]:
    """The house meter of cold water, about as much as the premises use, so that its rest has either sign."""
    rng = make.rng
    value = Fraction(1000)
    readings = [(bounds(_back(make.start, 1))[0].replace(day=25), value)]
    for month in months_between(make.start, make.month):
        value += Fraction(rng.randint(2000, 7500) * len(house["accounts"]), 1000)
        readings.append((bounds(month)[1], value))
    return [{"start": Fraction(0), "installed": None, "last_valid": None, "failed": None, "digits": 8, "readings": readings}]


def _interruptions(make: _Maker) -> dict[str, list[tuple[datetime, datetime, int]]]:
    rng = make.rng
    found: dict[str, list[tuple[datetime, datetime, int]]] = {}
    for service in ("cold", "hot", "sewage", "power", "gas", "heat"):
        if rng.random() < 0.3:
            begin = datetime.combine(make.first, time.min) + timedelta(minutes=15 * rng.randint(-60, 2000))
            items = []
            for _ in range(rng.randint(1, 3)):
                end = begin + timedelta(minutes=15 * rng.choice([4, 12, 17, 30, 80, 200]))
                items.append((begin, end, rng.choice([0, 4, 8, 24])))
                begin = end + timedelta(minutes=15 * rng.randint(10, 900))
            found[service] = items
    return found

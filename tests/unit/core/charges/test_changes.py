"""Why a line is more or less: each cause derived by hand. Norms, tariffs and areas of the small house of ``house.py``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from core.charges.changes import CAUSES, STEPS, LineChange, Water, changes_of_account
from core.charges.texts import SYMBOLS
from core.ids import EntityId
from core.model.facts import AccountFacts, Facts, HouseFacts, InterruptionFacts, ReliefFacts, ResidenceFacts
from core.model.lines import ChargeLine
from tests.unit.core.charges.house import (
    NORMS,
    OCTOBER,
    TARIFFS,
    account,
    charge,
    house,
    line_of,
    meter,
    norm,
    record,
    region,
    tariff,
)  # fmt: skip

WATERS: Mapping[EntityId, Water] = {EntityId(2): "V_cold", EntityId(3): "V_hot"}
IMPOSSIBLE = 1
FLAT = account(no_meter_reason=IMPOSSIBLE)


def _persons(count: int) -> tuple[ResidenceFacts, ...]:
    return tuple(ResidenceFacts(f"p{i}", date(2020, 1, 1), None, record()) for i in range(count))


def _changes(before: HouseFacts, after: HouseFacts, was: Facts | None = None, is_now: Facts | None = None) -> dict[str, LineChange]:
    old, new = charge(before, was or region()), charge(after, is_now or region())
    found = changes_of_account(old.lines, new.lines, WATERS)
    assert all(sum(one.causes.values()) == one.amount for one in found)
    return {str(one.service_id): one for one in found}


def _with(tariffs: Mapping[int | None, int] | None = None, norms: Mapping[int, int] | None = None, **settings: object) -> Facts:
    """The region with other tariffs (by utility) and norms for a person (by utility, millionths)."""
    changed = tuple(
        replace(one, value_e6=(tariffs or {}).get(one.utility_kind, one.value_e6 // 10**6) * 10**6, source=record()) for one in TARIFFS
    )
    other = tuple(
        replace(one, value_e6=(norms or {}).get(one.utility_kind or 0, one.value_e6)) if one.basis == "per_person" else one for one in NORMS
    )
    return region(changed, other, **settings)


def test_tariff_norm_and_persons_are_told_apart_in_this_order() -> None:
    more = replace(FLAT, residences=_persons(3))
    found = _changes(house(FLAT), house(more), is_now=_with({1: 44}, {1: 5_000_000}))
    # 2 × 4 × 40 = 320; 2 × 4 × 44 = 352; 2 × 5 × 44 = 440; 3 × 5 × 44 = 660
    assert (found["2"].before, found["2"].after) == (32000, 66000)
    assert found["2"].causes == {"tariff": 3200, "norm": 8800, "persons": 22000}
    # водоотведение (2 × 4 + 2 × 3) × 30 = 420; (2 × 5 + 2 × 3) × 30 = 480; (3 × 5 + 3 × 3) × 30 = 720
    assert found["4"].causes == {"norm": 6000, "persons": 24000}
    assert found["1"].causes == {}  # содержание: 50 × 30 = 1500 в обоих случаях


def test_the_raising_coefficient_is_a_cause_of_its_own_and_the_surcharge_follows_the_tariff() -> None:
    flat = account()
    was, is_now = _with(coefficient_cold_water="1.5"), _with({1: 44}, coefficient_cold_water="3")
    found = _changes(house(flat), house(flat), was, is_now)["2"]
    # 2 × 4 × 1,5 × 40 = 480; × 44 = 528; × 3 × 44 = 1056
    assert found.causes == {"tariff": 4800, "coefficient": 52800}
    # акт, что прибор поставить нельзя: 2 × 4 × 3 × 40 = 960, без коэффициента 320
    found = _changes(house(flat), house(replace(flat, no_meter_reason=IMPOSSIBLE)))["2"]
    assert found.causes == {"coefficient": -64000}


def test_a_tariff_that_changes_inside_the_month_is_the_tariff_whatever_the_slices() -> None:
    slices = (
        tariff(1, 40, last=date(2026, 10, 15)),
        tariff(1, 44, first=date(2026, 10, 16)),
        *(one for one in TARIFFS if one.utility_kind != 1),
    )
    found = _changes(house(FLAT), house(FLAT), is_now=region(slices))["2"]
    # 8 × 40 × 15/31 = 154,84 и 8 × 44 × 16/31 = 181,68: 336,52 — и точно 336,516…
    assert (found.after, found.causes) == (33652, {"tariff": 1652})


def test_slices_that_are_rounded_apart_leave_a_kopeck_of_rounding() -> None:
    def slices(first: int, second: int) -> Facts:
        cold = (tariff(1, first, last=date(2026, 10, 15)), tariff(1, second, first=date(2026, 10, 16)))
        return region((*cold, *(one for one in TARIFFS if one.utility_kind != 1)))

    one = replace(FLAT, residences=_persons(1))
    found = _changes(house(one), house(one), slices(10, 13), slices(11, 13))["2"]
    # было 4 × 10 × 15/31 = 19,3548 → 19,35; 4 × 13 × 16/31 = 26,8387 → 26,84; 46,19, вместе 46,1935 → 46,19
    # стало 4 × 11 × 15/31 = 21,2903 → 21,29; 26,84; 48,13, вместе 48,1290 → 48,13
    assert found.causes == {"tariff": 194}
    found = _changes(house(one), house(one), slices(10, 12), slices(11, 12))["2"]
    # было 19,35 + 4 × 12 × 16/31 = 24,7742 → 24,77: 44,12, а вместе 44,1290 → 44,13; стало 21,29 + 24,77 = 46,06, вместе 46,0645 → 46,06
    assert (found.before, found.after, found.causes) == (4412, 4606, {"tariff": 193, "rounding": 1})


def test_meter_readings_are_the_volume_and_another_way_of_charging_is_the_method() -> None:
    def with_meter(*values: str) -> AccountFacts:
        return replace(FLAT, meters=(meter("2", *values),))

    found = _changes(house(with_meter("10", "15")), house(with_meter("10", "17")), is_now=_with({1: 44}))["2"]
    # 5 × 40 = 200; 5 × 44 = 220; 7 × 44 = 308
    assert found.causes == {"tariff": 2000, "volume": 8800}
    found = _changes(house(with_meter("10", "15")), house(FLAT), is_now=_with({1: 44}))["2"]
    # прибора больше нет: 2 × 4 × 44 = 352 вместо 220
    assert found.causes == {"tariff": 2000, "method": 13200}


def test_wastewater_follows_the_water_it_is_made_of() -> None:
    def with_meter(*values: str, people: int) -> HouseFacts:
        return house(replace(FLAT, meters=(meter("2", *values),), residences=_persons(people)))

    found = _changes(with_meter("10", "15", people=2), with_meter("10", "17", people=3), is_now=_with({3: 33}))["4"]
    # (5 + 2 × 3) × 30 = 330; × 33 = 363; горячей на одного больше: (5 + 9) × 33 = 462; холодной на 2 больше: (7 + 9) × 33 = 528
    assert found.causes == {"tariff": 3300, "persons": 9900, "volume": 6600}


def test_areas_shares_and_house_volumes() -> None:
    larger = replace(FLAT, area_e2=6000)
    found = _changes(house(FLAT), house(larger, common_area_e2=2000), is_now=_with({1: 44}))
    assert found["1"].causes == {"area": 30000}  # 30 × (60 − 50)
    # СОИ: 0,02 × 10 × 50/100 × 40 = 4,00; × 44 = 4,40; × 60 = 5,28; 20 м² общего имущества = 10,56
    assert found["7"].causes == {"tariff": 40, "area": 88, "house": 528}
    changed = replace(FLAT, areas=((date(2026, 10, 17), 6000, record()),))
    found = _changes(house(FLAT), house(changed))
    # 1500 → 50 × 30 × 16/31 + 60 × 30 × 15/31 = 774,19 + 870,97 = 1645,16
    assert found["1"].causes == {"area": 14516}


def test_days_of_use_and_services_that_come_and_go() -> None:
    found = _changes(house(FLAT), house(replace(FLAT, closed_on=date(2026, 10, 10))))
    assert found["1"].causes == {"days": -101613}  # 1500 × 10/31 = 483,87
    old, new = charge(house(FLAT), month=OCTOBER.previous()), charge(house(FLAT))
    heating = {str(one.service_id): one for one in changes_of_account(old.lines, new.lines, WATERS)}["6"]
    assert (heating.before, heating.after, heating.causes) == (0, 200000, {"appeared": 200000})  # 50 × 0,02 × 2000
    back = {str(one.service_id): one for one in changes_of_account(new.lines, old.lines, WATERS)}["6"]
    assert back.causes == {"ended": -200000}


def test_a_month_of_other_length_changes_nothing() -> None:
    old, new = charge(house(FLAT), month=OCTOBER.previous()), charge(house(FLAT))
    found = changes_of_account(old.lines, new.lines, WATERS)
    assert {cause for one in found for cause in one.causes} == {"appeared"}  # отопление; остальное в месяце из 30 и 31 дня то же


def test_interruption_relief_and_recalculation_lines() -> None:
    hours = InterruptionFacts("2", *(_at(day) for day in (1, 2)), None, record())
    found = _changes(house(FLAT), house(FLAT, interruptions=(hours,)))["2"]
    # 24 ч − 4 ч сразу = 20 ч × 0,15 % от 320 = 9,60
    assert found.causes == {"interruption": -960}
    relieved = replace(FLAT, reliefs=(ReliefFacts("2", 5000, 1, date(2026, 1, 1), None, record()),))
    found = _changes(house(FLAT), house(relieved))["2"]
    assert found.causes == {"relief": -8000}  # половина от 4 м³ × 40 одного человека
    found = _changes(house(relieved), house(relieved), is_now=_with({1: 44}))["2"]
    # начислено 320 → 352, льгота 80 → 88: льгота дорожает вместе с тарифом, причина одна
    assert (found.before, found.after, found.causes) == (24000, 26400, {"tariff": 2400})


def _at(day: int) -> datetime:
    return datetime(2026, 10, day, 8)  # noqa: DTZ001  # local time, as the acts say it


def test_another_supplier_is_the_same_service() -> None:
    other = tuple(replace(one, supplier_id=EntityId(77)) if one.utility_kind == 1 else one for one in TARIFFS)
    found = _changes(house(FLAT), house(FLAT), is_now=region(other))["2"]
    assert (found.before, found.after, found.causes) == (32000, 32000, {})


def test_the_senders_own_lines_tell_the_tariff_and_the_rest() -> None:
    line = line_of(charge(house(FLAT)), "2")

    def stated(base: int, tariff_e6: int) -> ChargeLine:
        return replace(line, clause="stated", base=base, tariff_e6=tariff_e6, inputs={"total": base})

    (found,) = changes_of_account([stated(32000, 40_000_000)], [stated(36000, 44_000_000)], WATERS)
    assert found.causes == {"tariff": 3200, "stated": 800}  # 8 м³ по отправителю: 8 × 4; остальное — как начислил он
    (found,) = changes_of_account([line], [stated(36000, 44_000_000)], WATERS)
    assert found.causes == {"stated": 4000}


def test_ranges_of_electricity_keep_their_tariffs_apart_from_the_volume() -> None:
    ranged = tuple(tariff(4, roubles, range_number=number) for number, roubles in ((1, 5), (2, 7)))
    facts = region((*ranged, *(one for one in TARIFFS if one.utility_kind != 4)), range_bounds=["100"])

    def with_meter(last: str) -> HouseFacts:
        return house(replace(FLAT, meters=(meter("5", "1000", last),)))

    found = _changes(with_meter("1080"), with_meter("1150"), facts, facts)["5"]
    # 80 × 5 = 400; 100 × 5 + 50 × 7 = 850: тарифы те же, вырос объём
    assert (found.before, found.after, found.causes) == (40000, 85000, {"volume": 45000})


def test_a_matrix_norm_of_another_number_of_persons_is_norm_and_persons() -> None:
    cells = tuple(norm(4, 3, "per_person", value, rooms=1, persons=n) for n, value in ((1, 90_000_000), (2, 60_000_000)))
    facts = region(norms=(*(one for one in NORMS if one.utility_kind != 4), *cells))
    one, two = (replace(FLAT, rooms=1, residences=_persons(count)) for count in (1, 2))
    found = _changes(house(one), house(two), facts, facts)["5"]
    # 1 × 90 × 5 = 450; 1 × 60 × 5 = 300; 2 × 60 × 5 = 600
    assert found.causes == {"norm": -15000, "persons": 30000}


def test_every_symbol_of_a_charge_belongs_to_one_step() -> None:
    of_corrections = {"P", "h", "H", "r", "a", "W", "f", "V_checked", "V_stated", "n_absent", "n_all", "S_allocators", "u", "u_all"}
    steps = [symbol for symbols in STEPS.values() for symbol in symbols]
    assert len(steps) == len(set(steps)) and set(STEPS) <= set(CAUSES)
    assert set(SYMBOLS) == set(steps) | of_corrections

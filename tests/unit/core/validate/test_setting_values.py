"""Every setting of the method × every way it names: the program goes by it, or it is refused at load with file, line and the ways."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from adapters.contract import RawMessage
from adapters.uk.region import RegionAdapter
from config.law import tables
from core.charges.deadlines import deadlines, own_choice
from core.charges.law import CHOICES, MONEY_CHOICES, Law
from core.charges.penalty_rules import penalty_rules
from core.charges.rules import Rules
from core.documents.qr import code_form
from core.errors import ConfigError
from core.model.facts import Facts
from core.model.finding import Finding
from core.model.records import Record, RegionSetting
from core.payments.rules import allocation_rules
from core.period import Month
from core.validate.settings import SETTING_RULES, canonical_setting

LAW = Law.from_tables(tables())
OCTOBER = Month(2026, 10)

THE_METHOD: dict[str, tuple[object, ...]] = {
    # Section 19.1 of the method of charges: the default first, then every way that it names.
    "volume_rounding": ("none", 2, 3, 4, 5, 6),
    "rollover_factor": (3, 4, "2.5"),
    "k_effective": ("by_day", "next_month"),
    "k_electricity_basis": ("access_refused", "no_meter", "never"),
    "wastewater_k": (1, "1.5"),
    "average_window": ("last 6 measured full months", 12, "12", "last 12 measured full months", "all since start"),
    "late_reading": ("difference", "rebuild", "keep_norm"),
    "interruption_hours": ("union", "single", "monthly"),
    "interruption_limits": ("law", "stated"),
    "interruption_base": ("without common needs and surcharge", "all lines"),
    "undelivered_volume": ("by_time", "none"),
    "heating_degrees": ("whole_down", "fractional"),
    "heating_payment": ("season", "evenly"),
    "heated_common_area": ("0 when not given", "0", "value of the house"),
    "own_heating_unit": ("premises", "room"),
    "communal_area": ("computed", "stated"),
    "soi_regime": ("soi_norm_then_recalc", "soi_norm", "soi_by_meter", "soi_average", "odn_354", "none"),
    "negative_common": ("carry", "reduce_own", "forget"),
    "odn_cap": ("norm", "meeting_decided"),
    "house_effect": ("open_month", "none"),
    "recalc_penalty": ("from_bill", "from_original"),
    "residence_end": ("inclusive", "exclusive"),
    "owners_when_unknown": (1, "2", "hold", "hold the line"),
    "owner_change_day": ("new", "old"),
    "metered_absence": ("refuse", "allow", "allow on application"),
    "waste_yearly_recalc": (False, True),
    "range_factor": (1, "1.8"),
    # Section 10 of the money rules.
    "penalty_rate": ("payment_day", "per_day"),
    "rate_after_freeze": ("split", "payment_day_all"),
    "payment_day_counts": (True, False),
    "penalty_by": ("paid_on", "accounted_on"),
    "february_2026_due": ("2026-03-16", "2026-03-10"),
    "due_shift": ("next working day", "none"),
    "regional_holidays": ("ignore", "apply"),
    "late_bill_due": ("plus_10_days", "unchanged"),
    "penalty_rounding": ("once per debt month, cumulative posting", "daily", "monthly"),
    "penalty_order": ("after principal", "pro rata", "first"),
    "named_period_first": (True, "oldest first", False),
    "inside_month": ("pro rata to unpaid", "priority of РСО or maintenance", ["rso", "maintenance"], "priority_rso", "maintenance, other"),
    "k_surcharge_in_penalty_base": (True, False),
    "kopek_remainder": (
        "largest remainder, ties to the first in fixed order",
        "last or largest service",
        "last_service",
        "largest service",
    ),
    "advance_split": ("last_bill", "hold"),
    "opening_without_months": ("unknown", "refuse"),
    "account_on_registry": (False, True),
    "pp253_small": ("accumulate", "daily"),
    "qr_paym_period": ("MM.YYYY", "MMYY"),
    "qr_zero": ("omit", "zero", "no_code"),
    "edk_cap": ("household", "entitled"),
    "index_base_october": ("both, against December 2025 and September 2026", "december", "september"),
}
REFUSED = {
    ("heated_common_area", "value of the house"),
    ("inside_month", "priority of РСО or maintenance"), ("kopek_remainder", "last or largest service")
}  # fmt: skip
"""What the method names and the program does not compute."""
WAYS = [(name, way) for name, ways in THE_METHOD.items() for way in ways]


def _loaded(name: str, value: object) -> list[Record | Finding]:
    data = json.dumps({"settings": {name: value}}, ensure_ascii=False, indent=1).encode()
    found = [one for one in RegionAdapter().parse(RawMessage("r.region.json", data), {}) if isinstance(one, Record | Finding)]
    return [one for one in found if not isinstance(one, Finding) or one.code != "RG-022"]


def _readers(settings: dict[str, object]) -> Iterator[object]:
    """All that goes by the region's settings: a value that one of them does not compute is a ``ConfigError``."""
    more = settings | {"regional_days_off": ["2026-06-15"]}
    yield Rules(Facts((), (), settings, {}), LAW, OCTOBER)
    yield deadlines(LAW, more, day=OCTOBER.last)
    yield penalty_rules(LAW, settings, day=OCTOBER.last)
    yield allocation_rules(settings)
    yield code_form(settings)
    for name in settings:
        if f"setting.{name}" in MONEY_CHOICES:
            yield own_choice(LAW, settings, name, OCTOBER.last)


def test_every_setting_of_the_method_has_a_rule() -> None:
    assert THE_METHOD.keys() == SETTING_RULES.keys()


@pytest.mark.parametrize(("name", "way"), WAYS, ids=lambda value: str(value))
def test_every_way_works_or_is_refused_at_load(name: str, way: object) -> None:
    (found,) = _loaded(name, way)
    if (name, str(way)) in REFUSED:
        assert isinstance(found, Finding)
        assert (found.code, found.position.file, found.position.row, found.severity) == ("RG-020", "r.region.json", 3, "error")
        assert SETTING_RULES[name].ways[0] in (found.hint or "")
        assert "не рассчитывается" in found.message
        return
    assert isinstance(found, Record) and isinstance(found.body, RegionSetting)
    settings = {name: json.loads(found.body.value_json)}
    assert len(list(_readers(settings))) >= 5


@pytest.mark.parametrize("name", sorted(THE_METHOD))
def test_any_other_value_is_refused_by_whoever_reads_it(name: str) -> None:
    (found,) = _loaded(name, "по-другому")
    assert isinstance(found, Finding) and found.code in ("RG-013", "RG-020")
    with pytest.raises(ValueError, match="Допустимо"):
        canonical_setting(name, "по-другому")


def test_a_reader_refuses_by_itself() -> None:
    for settings in ({"late_reading": "never"}, {"average_window": "last 0 measured full months"}):
        with pytest.raises(ConfigError, match="CFG-0424"):
            Rules(Facts((), (), settings, {}), LAW, OCTOBER)
    with pytest.raises(ConfigError, match="CFG-0424"):
        allocation_rules({"inside_month": ["rso", "rso"]})
    with pytest.raises(ConfigError, match="regional_days_off"):
        deadlines(LAW, {"regional_holidays": "apply"}, day=OCTOBER.last)


def test_the_law_and_the_settings_know_the_same_ways() -> None:
    for name, ways in {**CHOICES, **MONEY_CHOICES}.items():
        if name.startswith("setting."):
            rule = SETTING_RULES[name.removeprefix("setting.")]
            assert set(ways) == {*rule.ways, *rule.functions_only}, name


@pytest.mark.parametrize(
    ("stated", "months"),
    [("last 6 measured full months", 6), (12, 12), ("12", 12), ("last 9 measured full months", 9), ("all since start", 10_000)],
)
def test_the_window_of_the_average(stated: object, months: int) -> None:
    assert Rules(Facts((), (), {"average_window": stated}, {}), LAW, OCTOBER).average_window.value == months


def test_dated_settings_are_checked_too() -> None:
    toml = '[[settings]]\nname = "penalty_by"\nvalue = "yesterday"\nvalid_from = 2026-01-01\nact = "№ 1"\n'
    found = [one for one in RegionAdapter().parse(RawMessage("r.region.toml", toml.encode()), {}) if isinstance(one, Finding)]
    assert [(one.code, one.position.row) for one in found] == [("RG-020", 3)]

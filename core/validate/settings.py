"""Settings where practice differs: which values of each are computed, so that no other is ever taken silently.

Names and values are those of the method (section 19 of charges, section 10 of money); the method's own wording of a value is understood too
and turned into ours. A value that is known and not computed is refused with the reason. Regions are checked when they are loaded, vectors
before they are run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["SETTING_RULES", "SettingRule", "canonical_setting"]


@dataclass(frozen=True, slots=True)
class SettingRule:
    """The values of one setting."""

    ways: tuple[str, ...] = ()
    """Words, the default first."""
    pattern: str = ""
    """A regular expression of further values: numbers."""
    shown: str = ""
    """The pattern for people."""
    spelled: Mapping[str, str] = field(default_factory=dict)
    """Other wordings of the ways."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Values that the method knows and that are not computed: why (Russian)."""

    functions_only: tuple[str, ...] = ()
    """Values that our functions compute (vectors), while nothing of the month goes by them yet."""

    @property
    def supported(self) -> str:
        """The computed values, for people."""
        return ", ".join([*self.ways, *([self.shown] if self.shown else [])])


_POSITIVE = r"(?!0+(\.0+)?$)\d{1,6}(\.\d{1,6})?"
_YES, _NO = "true", "false"
_GROUP = "(rso|maintenance|capital_repair|other)"
_PRIORITY = rf"(?!.*\b(\w+)\b.*\b\1\b){_GROUP}(, {_GROUP})*"
"""A list of groups of services, none twice."""


def _number(*ways: str, spelled: Mapping[str, str] | None = None) -> SettingRule:
    return SettingRule(ways, _POSITIVE, "другое положительное число", spelled or {})


SETTING_RULES: Mapping[str, SettingRule] = {
    # Charges, section 19.1.
    "volume_rounding": SettingRule(("none", "2", "3", "4", "5", "6")),
    "rollover_factor": _number("3"),
    "k_effective": SettingRule(("by_day", "next_month")),
    "k_electricity_basis": SettingRule(("no_meter", "access_refused", "never")),
    "wastewater_k": _number("1"),
    "average_window": SettingRule(
        ("last 6 measured full months", "all since start"), r"(last )?[1-9]\d?( measured full months)?", "число месяцев от 1 до 99",
        {"all": "all since start"},
    ),
    "late_reading": SettingRule(("difference", "rebuild", "keep_norm")),
    "interruption_hours": SettingRule(("union", "single", "monthly")),
    "interruption_limits": SettingRule(("law", "stated")),
    "interruption_base": SettingRule(
        ("base", "all_lines"), spelled={"without common needs and surcharge": "base", "all lines": "all_lines"}
    ),
    "undelivered_volume": SettingRule(("by_time", "none"), spelled={"by_time (no meter only)": "by_time"}),
    "heating_degrees": SettingRule(("whole_down", "fractional")),
    "heating_payment": SettingRule(("season", "evenly")),
    "heated_common_area": SettingRule(
        ("0",), r"0(\.0+)?", "", {"0 when not given": "0"},
        {"value of the house": "площадь дома присылает УК (HOUSEDOC 9002), она всегда важнее настройки"},
    ),
    "own_heating_unit": SettingRule(("premises", "room")),
    "communal_area": SettingRule(("computed", "stated")),
    "soi_regime": SettingRule(("soi_norm_then_recalc", "soi_norm", "soi_by_meter", "soi_average", "odn_354", "none")),
    "negative_common": SettingRule(("carry", "reduce_own", "forget")),
    "odn_cap": SettingRule(("norm", "meeting_decided")),
    "house_effect": SettingRule(("open_month", "none")),
    "recalc_penalty": SettingRule(("from_bill", "from_original")),
    "residence_end": SettingRule(("inclusive", "exclusive")),
    "owners_when_unknown": _number("1", "hold", spelled={"hold the line": "hold"}),
    "owner_change_day": SettingRule(("new", "old")),
    "metered_absence": SettingRule(("refuse", "allow"), spelled={"allow on application": "allow"}),
    "waste_yearly_recalc": SettingRule((_NO, _YES)),
    "range_factor": _number("1"),
    # Money, section 10.
    "penalty_rate": SettingRule(("payment_day", "per_day")),
    "rate_after_freeze": SettingRule(("split", "payment_day_all")),
    "payment_day_counts": SettingRule((_YES, _NO)),
    "penalty_by": SettingRule(("paid_on", "accounted_on")),
    "february_2026_due": SettingRule(("2026-03-16", "2026-03-10")),
    "due_shift": SettingRule(("next_working_day", "none"), spelled={"next working day": "next_working_day"}),
    "regional_holidays": SettingRule(("ignore", "apply")),
    "late_bill_due": SettingRule(("plus_10_days", "unchanged")),
    "penalty_rounding": SettingRule(("once", "daily", "monthly"), spelled={"once per debt month, cumulative posting": "once"}),
    "penalty_order": SettingRule(
        ("after_principal", "pro_rata", "first"), spelled={"after principal": "after_principal", "pro rata": "pro_rata"}
    ),
    "named_period_first": SettingRule((_YES, _NO), spelled={"oldest first": _NO, "oldest_first": _NO}),
    "inside_month": SettingRule(
        ("pro_rata",), _PRIORITY, "порядок из rso, maintenance, capital_repair, other",
        {"pro rata to unpaid": "pro_rata", "pro_rata_to_unpaid": "pro_rata", "priority_rso": "rso", "priority_maintenance": "maintenance"},
        {"priority of РСО or maintenance": "назовите порядок списком: что оплачивается раньше"},
    ),
    "k_surcharge_in_penalty_base": SettingRule((_YES, _NO)),
    "kopek_remainder": SettingRule(
        ("largest_remainder", "last_service", "largest_service"),
        spelled={
            "largest remainder, ties to the first in fixed order": "largest_remainder", "largest remainder": "largest_remainder",
            "last": "last_service", "last service": "last_service", "largest service": "largest_service",
        },
        refused={"last or largest service": "назовите одно из двух"},
    ),
    "advance_split": SettingRule(("last_bill", "hold")),
    "opening_without_months": SettingRule(("unknown", "refuse")),
    "account_on_registry": SettingRule((_YES, _NO)),
    "pp253_small": SettingRule(("accumulate", "daily")),
    "qr_paym_period": SettingRule(("MM.YYYY", "MMYY")),
    "qr_zero": SettingRule(("omit", "zero", "no_code")),
    "edk_cap": SettingRule(("household", "entitled")),
    "index_base_october": SettingRule(
        ("both", "december", "september"),
        spelled={"both, against December 2025 and September 2026": "both", "December 2025": "december", "September 2026": "september"},
    ),
}  # fmt: skip
"""Every setting of the method by its name."""


def _text(value: object) -> str:
    """As it is compared: a list is its words with commas between them."""
    if isinstance(value, bool):
        return _YES if value else _NO
    return ", ".join(str(word) for word in value) if isinstance(value, list | tuple) else str(value).strip()


def canonical_setting(name: str, value: object) -> str | None:
    """The value of a setting in our words; None for a setting that has no rule here. ``ValueError`` (Russian) where it is not computed."""
    rule = SETTING_RULES.get(name)
    if rule is None:
        return None
    text = _text(value)
    said = rule.spelled.get(text, text)
    if said in rule.ways or (rule.pattern and re.fullmatch(rule.pattern, said)):
        return said
    why = rule.refused.get(text, "такого значения нет")
    raise ValueError(f"Настройка {name} = «{text}» не рассчитывается: {why}. Допустимо: {rule.supported}.")

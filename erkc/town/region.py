"""What the hub knows of the synthetic town by itself: the registered sender, approved tariffs and norms, settings (docs/adapters.md)."""

from __future__ import annotations

from core.period import Month

__all__ = ["BANK_KEY", "CAPITAL_REPAIR", "CENTRE", "HEAT", "MANAGER", "OKTMO", "WATER", "Organisation", "region"]

OKTMO = "02701000001"
BANK_KEY = "BOLSHOI-TESTOV-1"

Organisation = tuple[str, str, str, int]
"""ИНН, ОГРН, name and role; numbers of region 00, which has no taxpayers."""

CENTRE: Organisation = ("0077000116", "1260077000072", "Синтетический расчетный центр «Большой Тестов»", 36)
MANAGER: Organisation = ("0077000483", "1260077000600", "ООО «УК Тестовая» (синтетическая)", 1)
WATER: Organisation = ("0077001590", "1260077002195", "АО «Тестводоканал» (синтетическое)", 2)
HEAT: Organisation = ("0077001960", "1260077002723", "АО «Тестэнерго» (синтетическое)", 2)
CAPITAL_REPAIR: Organisation = ("0077002339", "1260077003251", "Фонд капитального ремонта (синтетический)", 14)

_TARIFFS: tuple[tuple[int, Organisation, str, str], ...] = (
    (1, WATER, "38.41", "41.87"),
    (2, HEAT, "212.06", "229.90"),
    (3, WATER, "31.15", "33.64"),
    (4, HEAT, "5.12", "5.61"),
    (6, HEAT, "2486.30", "2694.12"),
)
"""Utility, supplier, roubles for a unit before the month and in it."""

_NORMS: tuple[tuple[int | None, int, str, str, str], ...] = (
    (1, 1, "per_person", "113", "4.20"),
    (2, 2, "per_person", "113", "3.10"),
    (4, 3, "per_person", "245", "92.00"),
    (6, 5, "per_m2", "233", "0.0231"),
    (None, 1, "per_m2_common", "113", "0.021"),
    (None, 2, "per_m2_common", "113", "0.017"),
    (None, 3, "per_m2_common", "245", "1.40"),
)

_SETTINGS: dict[str, object] = {
    "average_window": "last 6 measured full months", "heated_common_area": "0", "heating_payment": "season",
    "heating_months": [10, 11, 12, 1, 2, 3, 4], "communal_area": "stated", "k_electricity_basis": "no_meter", "owners_when_unknown": 1,
    "metered_absence": "refuse", "negative_common": "carry", "late_reading": "difference", "penalty_rate_value": "9.5",
    "heating_single_limit_hours": 16,
}  # fmt: skip


def region(month: Month) -> dict[str, object]:
    """The configuration in the shape of ``*.region.json``; tariffs step on the first day of the month."""
    before = {"valid_from": f"{month.year - 1}-01-01", "valid_to": month.previous().last.isoformat()}
    now = {"valid_from": month.first.isoformat(), "valid_to": f"{month.year + 1}-12-31"}
    tariffs: list[dict[str, object]] = []
    for number, (utility, (inn, *_), old, new) in enumerate(_TARIFFS, 1):
        one = {"kind": "utility", "utility_kind": utility, "supplier_inn": inn, "oktmo": OKTMO, "act": f"{number}-т"}
        tariffs += [{**one, **before, "value": old}, {**one, **now, "value": new}]
    contribution = {"kind": "contribution", "utility_kind": None, "supplier_inn": None, "oktmo": OKTMO, "act": "6-т", "value": "13.42"}
    tariffs.append({**contribution, "valid_from": before["valid_from"], "valid_to": now["valid_to"]})
    keys = ("utility_kind", "resource_kind", "basis", "unit_okei", "value")
    inn, ogrn, name, role = CENTRE
    return {
        "region": "Синтетическая область",
        "town": "Большой Тестов",
        "senders": [{"name": name, "inn": inn, "kpp": "007701001", "ogrn": ogrn, "data_bank_keys": [BANK_KEY], "provider_kind": role}],
        "tariffs": tariffs,
        "norms": [dict(zip(keys, norm, strict=True)) | {"valid_from": before["valid_from"]} for norm in _NORMS],
        "settings": _SETTINGS,
    }

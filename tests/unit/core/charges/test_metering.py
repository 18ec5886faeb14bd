"""Months of a meter: average and its limit, late readings, replacement, lapse, rollover — each worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core.charges import HouseCharges
from core.model.facts import MeterFacts, ReadingFacts
from core.model.lines import ChargeLine
from tests.unit.core.charges.house import account, charge, house, line_of, meter, record, region


def _cold(*meters: MeterFacts, **facts: Any) -> ChargeLine:
    """The cold-water line of a flat with these meters; tariff 40, norm 2 × 4 m³ = 8 m³ (320 roubles)."""
    return line_of(_result(*meters, **facts), "2")


def _result(*meters: MeterFacts, **facts: Any) -> HouseCharges:
    return charge(house(account(meters=meters, **facts)))


def _shown(line: ChargeLine) -> tuple[str, int, int, int]:
    return line.method, line.volume_e6 // 1000, line.base, line.surcharge


def test_a_reading_is_charged_at_the_tariff() -> None:
    assert _shown(_cold(meter("2", "10", "17.5"))) == ("ipu", 7500, 30000, 0)


def test_several_readings_of_a_month_count_to_the_last() -> None:
    both = meter("2", "10", "17.5")
    extra = replace(both, readings=(both.readings[0], ReadingFacts(date(2026, 10, 3), 12_000, record()), both.readings[1]))
    assert _cold(extra).base == 30000


def test_two_meters_of_one_service_are_added() -> None:
    assert _shown(_cold(meter("2", "10", "12.001"), meter("2", "5", "8.002"))) == ("ipu", 5003, 20012, 0)


def test_one_meter_that_goes_by_norm_takes_the_service_with_it() -> None:
    lapsed = meter("2", "0", "6", next_verification_on=date(2026, 1, 10))
    assert _shown(_cold(meter("2", "10", "12"), lapsed)) == ("norm", 8000, 32000, 64000)


def test_average_needs_three_measured_months() -> None:
    assert _shown(_cold(meter("2", "0", "6", "12", "18", "-"))) == ("average", 6000, 24000, 0)
    assert _shown(_cold(meter("2", "0", "6", "12", "-"))) == ("norm", 8000, 32000, 0)


def test_average_is_of_the_last_six_months() -> None:
    assert _cold(meter("2", "0", "100", "106", "112", "118", "124", "130", "136", "-")).volume_e6 == 6_000_000


@pytest.mark.parametrize(("missing", "expected"), [(3, ("average", 6000, 24000, 0)), (4, ("norm", 8000, 32000, 0))])
def test_unread_meter_goes_by_norm_without_coefficient_after_three_months(missing: int, expected: tuple[str, int, int, int]) -> None:
    assert _shown(_cold(meter("2", "0", "6", "12", "18", *["-"] * missing))) == expected


def test_a_late_reading_takes_off_what_was_charged_meanwhile() -> None:
    """18 → 40 in two months, one of them charged 6 by average: 22 − 6 = 16."""
    assert _shown(_cold(meter("2", "0", "6", "12", "18", "-", "40"))) == ("ipu_after_average", 16000, 64000, 0)


def test_a_late_reading_takes_off_norm_months_too() -> None:
    """18 → 60 in five months, three by average of 6 and one by the norm of 8: 42 − 26 = 16."""
    assert _shown(_cold(meter("2", "0", "6", "12", "18", "-", "-", "-", "-", "60"))) == ("ipu_after_average", 16000, 64000, 0)


def test_what_was_charged_too_much_is_carried_to_the_next_month() -> None:
    """18 → 20 with 6 charged: 2 − 6 → 0, and 4 are taken from the next month's 5."""
    assert _shown(_cold(meter("2", "0", "6", "12", "18", "-", "20"))) == ("ipu_after_average", 0, 0, 0)
    assert _shown(_cold(meter("2", "0", "6", "12", "18", "-", "20", "25"))) == ("ipu", 1000, 4000, 0)


def test_the_month_of_a_late_reading_is_left_out_of_the_average() -> None:
    """Measured are 6, 6, 6; the catch-up month of 16 is not; then the average again."""
    assert _shown(_cold(meter("2", "0", "6", "12", "18", "-", "40", "-"))) == ("average", 6000, 24000, 0)


def test_rollover_is_taken_when_credible_and_refused_when_not() -> None:
    assert _shown(_cold(meter("2", "99980", "99986", "99992", "99998", "5"))) == ("ipu", 7000, 28000, 0)
    refused = _result(meter("2", "99960", "99966", "99972", "99978", "5"))
    assert _shown(line_of(refused, "2"))[0] == "average"
    (finding,) = refused.findings
    assert (finding.code, finding.severity, finding.effect) == ("CH-010", "warning", "ignore_reading")
    assert "24.10.2026" in finding.message


def test_a_lower_reading_in_the_middle_of_the_range_is_no_rollover() -> None:
    assert _shown(_cold(meter("2", "100", "50"))) == ("norm", 8000, 32000, 0)
    assert _shown(_cold(meter("2", "100", "50", digits=None))) == ("norm", 8000, 32000, 0)


def test_replacement_without_a_gap() -> None:
    old = meter("2", "0", "6", "12", "18", "-", closed_on=date(2026, 10, 10), is_open=False)
    old = replace(old, readings=(*old.readings, ReadingFacts(date(2026, 10, 10), 20_000, record())))
    new = meter("2", "3", commissioned_on=date(2026, 10, 10))
    assert _shown(_cold(old, new)) == ("ipu_replaced", 5000, 20000, 0)


def test_replacement_with_a_gap_of_days_between() -> None:
    """Removed on the 10th, installed on the 17th: 6 days of the average 6 × 6 / 31; by norm where there is no average."""
    old = meter("2", "0", "6", "12", "18", "-", closed_on=date(2026, 10, 10), is_open=False)
    final = ReadingFacts(date(2026, 10, 10), 20_000, record())
    new = meter("2", "3", commissioned_on=date(2026, 10, 17))
    line = _cold(replace(old, readings=(*old.readings, final)), new)
    assert (line.clause, line.base) == ("formula_1_gap", 24645)  # (2 + 3 + 6 × 6 / 31) × 40 = 246,4516…
    line = _cold(replace(old, readings=(*old.readings[2:], final)), new)
    assert (line.clause, line.base) == ("formula_1_gap_norm", 26194)  # (2 + 3 + 8 × 6 / 31) × 40 = 261,9354…


def test_a_new_meter_without_a_reading_yet_fills_its_days_by_average_and_gives_them_back() -> None:
    """Replaced on 10 September without a reading after: 21 days by average; October's reading takes them off."""
    old = meter("2", "0", "6", "12", "18", "-", "-", closed_on=date(2026, 9, 10), is_open=False)
    old = replace(old, readings=(*old.readings, ReadingFacts(date(2026, 9, 10), 20_000, record())))
    new = meter("2", "10", commissioned_on=date(2026, 9, 10))
    line = _cold(old, new)
    assert (line.method, line.base) == ("ipu_after_average", 23200)  # (10 − 6 × 21 / 30) × 40


def test_first_meter_in_the_middle_of_the_month() -> None:
    """Installed on the 17th: 16 days by the norm 8 × 16 / 31, then 3 by the meter."""
    assert _cold(meter("2", "3", commissioned_on=date(2026, 10, 17))).base == 28516  # (3 + 4,1290…) × 40 = 285,1612…


def test_a_meter_of_the_future_is_not_yet_there() -> None:
    assert _shown(_cold(meter("2", commissioned_on=date(2026, 11, 1)))) == ("norm", 8000, 32000, 64000)


@pytest.mark.parametrize(
    ("verified_until", "expected"),
    [
        (date(2026, 10, 24), ("average", 7354, 29419, 0)),  # reading of the last day: 6 + 6 × 7 / 31
        (date(2026, 10, 20), ("average", 6000, 24000, 0)),
        (date(2026, 8, 20), ("average", 6000, 24000, 0)),
        (date(2026, 7, 20), ("norm", 8000, 32000, 64000)),
        (date(2026, 10, 31), ("ipu", 6000, 24000, 0)),
        (date(2025, 1, 1), ("norm", 8000, 32000, 64000)),
    ],
)
def test_lapse_of_verification(verified_until: date, expected: tuple[str, int, int, int]) -> None:
    """The month of the lapse is the first of three by average; then the norm with the coefficient."""
    values = [str(6 * i) for i in range(11)]
    assert _shown(_cold(meter("2", *values, next_verification_on=verified_until))) == expected


def test_three_months_by_average_are_counted_together_whatever_the_cause() -> None:
    """July and August unread, the meter lapses in September: the third month; October goes by the norm with the coefficient."""
    lapsed = meter("2", "0", "6", "12", "18", "-", "-", "-", "-", next_verification_on=date(2026, 9, 10))
    assert _shown(_cold(lapsed)) == ("norm", 8000, 32000, 64000)
    assert _shown(_cold(replace(lapsed, readings=lapsed.readings[:0], next_verification_on=None))) == ("norm", 8000, 32000, 0)


def test_a_control_reading_at_the_lapse_takes_off_what_was_charged_meanwhile() -> None:
    """September unread, 6 by average; on 24 October 30, the last valid day: 30 − 18 − 6 = 6, and 7 days of the average 6."""
    lapsed = meter("2", "0", "6", "12", "18", "-", "30", next_verification_on=date(2026, 10, 24))
    assert _shown(_cold(lapsed)) == ("average", 7354, 29419, 0)


def test_a_lapsed_meter_raises_the_norm_whatever_the_act_says() -> None:
    lapsed = meter("2", "0", "6", next_verification_on=date(2026, 1, 10))
    assert _cold(lapsed, no_meter_reason=1).surcharge == 64000
    assert _cold(no_meter_reason=1).surcharge == 0


def test_a_removed_meter_counts_as_failed() -> None:
    removed = meter("2", "0", "6", "12", "18", "-", "-", closed_on=date(2026, 9, 10), is_open=False)
    assert _shown(_cold(removed)) == ("average", 6000, 24000, 0)


def test_average_window_is_a_setting() -> None:
    only = house(account(meters=(meter("2", "0", "6", "12", "18", "48", "-"),)))
    assert line_of(charge(only, region(average_window="last 3 measured full months")), "2").volume_e6 == 14_000_000
    assert line_of(charge(only), "2").volume_e6 == 12_000_000

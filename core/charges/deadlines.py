"""Deadlines of a month's bill for one region: the dated rules of the law with the region's own days in their place.

The law gives the day of the month and the production calendar by year; a region may state its own day rule and the days off of a year. What
they say together is a :class:`core.calendar.WorkCalendar` and day rules; moving a day is the kernel's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from core.calendar import DayRule, LateRule, ShiftRule, WorkCalendar, due_day, presentation_day
from core.charges.law import Law
from core.errors import ConfigError
from core.period import Month
from core.validate.settings import canonical_setting

__all__ = ["Deadlines", "deadlines", "own_choice"]

_FEBRUARY_2026 = Month(2026, 2)
_OLD_DAY = 10


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When bills are due in a region."""

    calendar: WorkCalendar
    due_rules: tuple[DayRule, ...]
    presentation_rules: tuple[DayRule, ...]
    late: LateRule
    late_days: int
    shift: ShiftRule
    pending_years: frozenset[int] = frozenset()
    """Years whose decree on transferred days off is not at hand: their days are those of the labour code alone."""

    def is_pending(self, day: date) -> bool:
        """Whether a decree that is not at hand may still move the day."""
        return self.shift != "none" and day.year in self.pending_years

    def due_day(self, month: Month, *, presented_on: date | None = None) -> date:
        """Last day to pay the bill of the month; a ``ConfigError`` EPD-0001 when the calendar does not know the year."""
        return due_day(
            month,
            self.calendar,
            rules=self.due_rules,
            presented_on=presented_on,
            presented_by=self.presentation_day(month),
            late=self.late,
            late_days=self.late_days,
            shift=self.shift,
        )

    def presentation_day(self, month: Month) -> date:
        """Last day to present the bill of the month."""
        return presentation_day(month, rules=self.presentation_rules)


def deadlines(law: Law, settings: Mapping[str, object], *, day: date) -> Deadlines:
    """The deadlines of a region as the law and its settings stand on the day; a setting that is not understood is a ``ConfigError``."""
    due = _day_rules(settings["due_day_rule"]) if "due_day_rule" in settings else _of_law(law, "due.day")
    if own_choice(law, settings, "february_2026_due", day) == "2026-03-10":
        due = tuple(DayRule(rule.from_month.next() if rule.from_month == _FEBRUARY_2026 else rule.from_month, rule.day) for rule in due)
    calendar = _calendar(law, settings, regional=own_choice(law, settings, "regional_holidays", day) == "apply")
    stated = {one.year for one in _dates(settings, "days_off")}
    transfers = law.parameters["calendar.transfers"]
    return Deadlines(
        calendar,
        due,
        _of_law(law, "due.presentation_day"),
        cast("LateRule", own_choice(law, settings, "late_bill_due", day)),  # the values of the table are the values of the type
        int(law.number("due.late_bill_days", day)),
        cast("ShiftRule", own_choice(law, settings, "due_shift", day)),  # the same
        frozenset(year for year in calendar.years - stated if transfers.on(date(year, 1, 1)).value == "pending"),
    )


def own_choice(law: Law, settings: Mapping[str, object], name: str, day: date) -> str:
    """The region's way of a question of money where it has one, else the law's; a way that is not computed is a ``ConfigError``."""
    if name not in settings:
        return law.choice(f"setting.{name}", day)
    try:
        said = canonical_setting(name, settings[name])
    except ValueError as error:
        text, _, allowed = str(error).rpartition(" Допустимо: ")
        raise ConfigError("CFG-0424", text, hint=f"Допустимо: {allowed}", setting=name) from None
    assert said is not None, f"setting {name} has no rule"
    return said


def _of_law(law: Law, name: str) -> tuple[DayRule, ...]:
    return tuple(DayRule(Month.of(dated.first), int(dated.value)) for dated in law.parameters[name].values)


def _day_rules(stated: object) -> tuple[DayRule, ...]:
    if isinstance(stated, Sequence) and not isinstance(stated, str):
        try:
            return tuple(DayRule(Month.parse(str(rule["from_month"])), int(rule["day"])) for rule in stated)
        except (KeyError, TypeError, ValueError):
            pass
    raise ConfigError(
        "CFG-0425",
        f"Настройка региона due_day_rule не понята: {stated!r}.",
        hint='Нужен список вида [{"from_month": "2026-02", "day": 15}].',
        setting="due_day_rule",
    )


def _calendar(law: Law, settings: Mapping[str, object], *, regional: bool) -> WorkCalendar:
    """Days off by year: a year that the region states is wholly the region's; its own holidays count where it says so."""
    days_off, worked = (_days_of_law(law, name) for name in ("calendar.days_off", "calendar.worked"))
    own = _dates(settings, "days_off")
    years = {day.year for day in own}
    known = {day for day in days_off if day.year not in years} | own
    if regional:
        if "regional_days_off" not in settings:
            raise ConfigError(
                "CFG-0425",
                "Региональные праздники учитываются (regional_holidays = apply), но не заданы.",
                hint="Задайте настройку региона regional_days_off: список дат.",
                setting="regional_days_off",
            )
        known |= {day for day in _dates(settings, "regional_days_off") if day.year in {one.year for one in known}}
    return WorkCalendar.of(known, worked=[day for day in worked if day.year not in years])


def _dates(settings: Mapping[str, object], name: str) -> set[date]:
    stated = settings.get(name, [])
    if not isinstance(stated, Sequence) or isinstance(stated, str):
        raise ConfigError("CFG-0425", f"Настройка региона {name} не понята: {stated!r}.", hint="Нужен список дат.", setting=name)
    return {day if isinstance(day, date) else date.fromisoformat(str(day)) for day in stated}


def _days_of_law(law: Law, name: str) -> list[date]:
    return [date(dated.first.year, int(text[3:]), int(text[:2])) for dated in law.parameters[name].values for text in dated.value.split()]

"""The calendar of bills: the kernel's, under the name by which this room knows it."""

from core.calendar import DUE_DAYS, PRESENTATION_DAYS, DayRule, LateRule, WorkCalendar, due_day, presentation_day

__all__ = ["DUE_DAYS", "PRESENTATION_DAYS", "DayRule", "LateRule", "WorkCalendar", "due_day", "presentation_day"]

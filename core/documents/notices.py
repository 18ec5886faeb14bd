"""Notices of a bill: what the payer has to do or to know, in words; each follows from a fact of the bill or a rule of the law."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from core.model.bill import BillMeter
from core.period import Month

__all__ = ["notices"]


def notices(meters: Iterable[BillMeter], month: Month, *, window: tuple[int, int], warn_days: int) -> tuple[str, ...]:
    """The window of readings (days of the month), where there are meters, and meters whose verification has ended or ends within
    ``warn_days`` after the month."""
    found = list(meters)
    if not found:
        return ()
    soon = month.last + timedelta(days=warn_days)
    ending = sorted(
        {(meter.verify_by, meter.serial, meter.service_name) for meter in found if meter.verify_by is not None and meter.verify_by <= soon}
    )
    return (
        f"Передайте показания приборов учёта с {window[0]} по {window[1]} число месяца.",
        *(_verification(day > month.last, f"{day:%d.%m.%Y}", serial, service) for day, serial, service in ending),
    )


def _verification(is_ahead: bool, day: str, serial: str, service: str) -> str:
    name = f"{serial} ({service[:1].lower()}{service[1:]})" if service else serial
    if is_ahead:
        return f"{day} истекает срок поверки прибора {name}: поверьте его до этого дня, иначе плата пойдёт по среднему, затем по нормативу."
    return f"{day} истёк срок поверки прибора {name}: его показания не принимаются, плата идёт по среднему, затем по нормативу."

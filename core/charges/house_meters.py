"""House meters of a service: which of them is out of order in a month, what is charged instead, and why a month has no volume.

A house meter that has lapsed, failed or been removed counts as none (п. 59(1)): three months by its average month, then the norm. One
that is in order and has no accepted reading is another matter: the fact is somebody's to send, and the house waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from core.charges.averages import average_of
from core.charges.devices import reading_in, started_in, valid_until
from core.charges.findings import Held
from core.charges.metering import metering_points
from core.charges.rules import Rules
from core.charges.volumes import averages_of
from core.ids import RecordId
from core.model.facts import MeterFacts
from core.period import Month

__all__ = ["AverageMonth", "Counted", "StoppedMeter", "average_instead", "installed_by", "instead_finding", "stopped_meters", "unread"]

Counted = tuple[Fraction, tuple[RecordId, ...]]
"""A volume with the readings it was counted from."""

_VERIFICATION = "после этой даты показания не принимаются"


@dataclass(frozen=True, slots=True)
class StoppedMeter:
    """A meter that does not count to the end of the month, with nothing after it."""

    meter: MeterFacts
    last_day: date
    """The last day it counts on."""
    cause: str
    """For people: the date and what happened on it."""


@dataclass(frozen=True, slots=True)
class AverageMonth:
    """The average month of a house meter that is out of order: ``V_sum`` and ``m`` with their records."""

    values: Mapping[str, Fraction]
    records: Mapping[str, tuple[RecordId, ...]]

    @property
    def volume(self) -> Fraction:
        """The average itself."""
        return self.values["V_sum"] / self.values["m"]


def installed_by(meters: Iterable[MeterFacts], month: Month) -> list[MeterFacts]:
    """Meters that were in the house by the end of the month; one commissioned later is none yet."""
    return [meter for meter in meters if meter.commissioned_on is None or meter.commissioned_on <= month.last]


def stopped_meters(meters: Iterable[MeterFacts], month: Month) -> list[StoppedMeter]:
    """Meters of one service that are out of order in the month, the month in which they stop included, and that no other continues."""
    found = []
    for point in metering_points(meters, lambda _: Fraction(0)):
        installed = installed_by(point.meters, month)
        end = valid_until(installed[-1]) if installed else None
        if end is not None and end < month.last:
            found.append(StoppedMeter(installed[-1], end, _cause(installed[-1], end)))
    return found


def _cause(meter: MeterFacts, end: date) -> str:
    if meter.failed_on is not None and meter.failed_on > end:
        return f"вышел из строя {meter.failed_on:%d.%m.%Y}"
    if meter.next_verification_on == end:
        return f"поверка до {end:%d.%m.%Y}, {_VERIFICATION}"
    if meter.access_refused_on == end:
        return f"доступ не допущен по акту от {end:%d.%m.%Y}"
    return f"снят {end:%d.%m.%Y}, другой не установлен"


def average_instead(
    known: Mapping[Month, Counted], month: Month, rules: Rules, *, counts: Callable[[Month], bool] = lambda _: True
) -> AverageMonth | None:
    """The average month, while it may be charged: at most three months in a row, of at least three measured ones (п. 59(1)).

    ``counts``: months that have a charge at all (heating has its season).
    """
    measured = [one for one in sorted(known) if one < month and counts(one)]
    averages = averages_of(rules, month)
    average = average_of([known[one][0] for one in measured], averages)
    if average is None or 1 + sum(counts(one) for one in measured[-1].next().until(month.previous())) > averages.longest:
        return None
    together, months = average
    sources = (source for one in measured[-months:] for source in known[one][1])
    records = {"V_sum": tuple(dict.fromkeys(sources)), "m": averages.window.records}
    return AverageMonth({"V_sum": together, "m": Fraction(months)}, records)


def instead_finding(stopped: StoppedMeter, *, by_average: bool, clause: str) -> Held:
    """What is told of a meter out of order: the charge goes on without it, by the average or by the norm."""
    way = "среднему месяцу прибора (не больше трёх месяцев)" if by_average else "нормативу"
    return Held(
        "CH-028",
        f"общедомовой прибор № {stopped.meter.serial} не в строю: {stopped.cause}; начислено по {way}",
        hint=_what_to_do(stopped),
        clause=clause,
        meter=stopped.meter,
    )


def _what_to_do(stopped: StoppedMeter) -> str:
    if _VERIFICATION in stopped.cause:
        return "Если прибор поверен, УК исправляет дату следующей поверки (PU.13) и присылает пакет снова; если нет — поверяет прибор."
    return "УК восстанавливает учёт; если прибор в строю или заменён, присылает его сведения (PU) снова."


def unread(meters: Iterable[MeterFacts], month: Month, *, clause: str) -> Held:
    """Why a house meter that is in order has no volume in the month: no reading, one that was not accepted, or nothing to count from."""
    points = [point.meters for point in metering_points(meters, lambda _: Fraction(0))]
    causes = [cause for point in points if (cause := _unread(point, month)) is not None]
    meter, said = causes[0] if causes else _partly(points, month)
    return Held("CH-005", said, hint="Показание присылает УК или РСО, отвечающая за прибор.", clause=clause, scope="house", meter=meter)


def _partly(points: Sequence[Sequence[MeterFacts]], month: Month) -> tuple[MeterFacts, str]:
    """A meter put in or replaced inside the month, with days that nothing gives a volume for."""
    meter = next((one for point in points for one in point if started_in(one, month)), points[0][-1])
    said = f"часть месяца {month.title} прошла без общедомового прибора (№ {meter.serial}), а среднего за три измеренных месяца нет"
    return meter, said


def _unread(meters: Sequence[MeterFacts], month: Month) -> tuple[MeterFacts, str] | None:
    """The meter of a metering point that the month waits for, and what is wrong; None when the point has its volume."""
    meter = (installed_by(meters, month) or meters)[-1]
    name = f"общедомового прибора № {meter.serial}"
    reading = reading_in(meter, month, until=month.last)
    if reading is None:
        return meter, f"нет показания {name} за {month.title}"
    earlier = [one for one in meter.readings if one.taken_on < month.first]
    if earlier and reading.value_e3 >= earlier[-1].value_e3:
        return None
    if earlier:
        return meter, f"показание {name} от {reading.taken_on:%d.%m.%Y} меньше прежнего и не похоже на переход через ноль: не принято"
    return meter, f"первое показание {name} — от {reading.taken_on:%d.%m.%Y}, расход за {month.title} считать не от чего"

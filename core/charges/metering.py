"""One metering point through the months: what its meters counted, month by month, and what is charged when they did not.

A metering point is a meter with those that replaced it, one after another. The months are walked in order, because the average, the
three-month limit, the late reading and the carried rest all depend on the months before (пп. 59–61, 81(12)). The norm is not known here:
a month that goes by it says so, and its volume is asked of the caller, who knows the people of the account.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from core.charges.averages import Averages, average_of, counted
from core.charges.devices import continues_to, reading_before, reading_in, start_of, started_in, valid_days, valid_until
from core.charges.persons import days_between
from core.charges.rules import Sourced
from core.exact import scaled, whole
from core.ids import RecordId
from core.model.facts import MeterFacts, ReadingFacts
from core.model.readings import in_columns
from core.period import Month

__all__ = ["Metered", "Point", "Rebuilt", "first_volume", "metering_points", "spread_by_days"]

Outcome = Literal["ipu", "ipu_replaced", "ipu_after_average", "average", "norm"]


@dataclass(slots=True)  # not frozen: made for every line, and setting frozen fields costs more than computing them
class Metered:
    """A month of a metering point: how it is charged, with the arguments of the clause and the records each came from."""

    outcome: Outcome
    clause: str
    values: dict[str, Fraction]
    records: dict[str, tuple[RecordId, ...]]
    raised: bool = False
    """The norm is due with the coefficient: the three average months after a lapse or failure have run out."""
    refused: tuple[ReadingFacts, ...] = ()
    """Readings that are neither growth nor a credible rollover, and so were not used."""
    rebuilt: tuple[Rebuilt, ...] = ()
    """Earlier months that this month's reading charges anew."""
    volume: Fraction | None = None
    """What the clause gives, where that is known already."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A closed month that a late reading spreads its volume over (setting ``late_reading = rebuild``)."""

    month: Month
    volume: Fraction
    """What the month gets of the difference of the readings, by days."""
    charged: Fraction
    """What it was charged by the average or the norm."""


_Average = tuple[dict[str, Fraction], dict[str, tuple[RecordId, ...]], Fraction]
"""Arguments of the average (п. 59), the records they came from, and the average."""


def _every_month(_: Month) -> bool:
    return True


@dataclass(slots=True)
class Point:
    """A metering point and where its walk through the months stands; ``norm`` gives the volume of a month by the norm."""

    meters: tuple[MeterFacts, ...]
    norm: Callable[[Month], Fraction]
    measured: list[tuple[Fraction, tuple[RecordId, ...]]] = field(default_factory=list)
    """Volumes of full months measured by readings, oldest first, with the readings."""
    last: ReadingFacts | None = None
    charged: Fraction = Fraction(0)
    """Charged since the last accepted reading by average or norm, or carried from a late reading that came out lower."""
    without: int = 0
    """Months in a row without an accepted reading, whatever the cause: the average is allowed for three of them together (п. 60)."""
    opened_on: date | None = None
    closed_on: date | None = None
    """First and last day of the account that the point belongs to: days outside them need no meter."""
    counts: Callable[[Month], bool] = _every_month
    """Months that are charged at all: heating has its season only; in others a reading just moves the point on."""
    unread: list[tuple[Month, Fraction]] = field(default_factory=list)
    """Months of a valid meter since the last accepted reading, with what each was charged."""
    before: ReadingFacts | None = None
    """The reading before the last one that ordinary months ended with."""
    is_whole: bool = False
    """One meter, which counts on every day of every month that is left of the walk."""
    _known_average: _Average | None = None
    """The last one that was worked out; it stays until another month is measured."""
    _average_of: tuple[int, Sourced, int] | None = None

    @property
    def first_month(self) -> Month | None:
        """The first month whose volume the readings give: after the first reading, or the month a meter was installed in."""
        return min((first for meter in self.meters if (first := first_volume(meter)) is not None), default=None)

    def read_through(self, months: Sequence[Month], numbers: Sequence[int]) -> list[int]:
        """Volumes (thousandths) of the first of the months, as many as are ordinary: one meter that counts on every day of the account's
        whole month, was read in it and shows no less than before. :meth:`month` would say formula 1 of each; the walk stands after them.

        ``numbers`` of the months: see :func:`core.model.readings.month_number`.
        """
        meter, last = self.meters[0], self.last
        if len(self.meters) > 1 or self.counts is not _every_month or last is None or self.charged or self.without:
            return []
        since = max(meter.commissioned_on or date.min, self.opened_on or date.min)
        if since > months[0].first or (meter.commissioned_on is not None and meter.commissioned_on in months[0]):
            return []
        until = min(valid_until(meter) or date.max, self.closed_on or date.max)
        self.is_whole = until >= months[-1].last
        read = in_columns(meter.readings)
        place, size, value = bisect_left(read.months, numbers[0]), len(read.months), last.value_e3
        volumes: list[int] = []
        passed: list[int] = []
        for number, month in zip(numbers, months, strict=True):
            after = place
            while after < size and read.months[after] == number:
                after += 1
            if after == place or read.values_e3[after - 1] < value or (not self.is_whole and until < month.last):
                break
            place = after
            passed.append(after - 1)
            volumes.append(read.values_e3[after - 1] - value)
            value = read.values_e3[after - 1]
        if not volumes:
            return []
        self.last = read[passed[-1]]
        self.before = last if len(passed) < 2 else read[passed[-2]]
        if len(volumes) < len(months):
            sources = [last.source, *(read.sources[i] for i in passed)]
            self.measured += [(scaled(volume, 1000), (sources[i], sources[i + 1])) for i, volume in enumerate(volumes)]
        return volumes

    def last_sources(self) -> tuple[RecordId, ...]:
        """Records of the last month of :meth:`read_through`, as :meth:`month` would give them."""
        assert self.last is not None and self.before is not None
        return (self.before.source, self.last.source, self.meters[0].source)

    def begin(self, start: date) -> None:
        """Stand before the first day of the walk: the last accepted reading before it is what consumption is counted from."""
        for meter in self.meters:
            self.last = reading_before(meter, start) or self.last

    def month(self, month: Month, averages: Averages) -> Metered | None:
        """The next month of the walk; None while no meter has been installed yet."""
        if self.is_whole:
            return self._read(month, self.meters[0], averages)
        starts = [meter.commissioned_on for meter in self.meters if meter.commissioned_on is not None]
        first, last = max(self.opened_on or month.first, month.first), min(self.closed_on or month.last, month.last)
        if first > last or (len(starts) == len(self.meters) and min(starts) > month.last):
            return None
        if not self.counts(month):
            self._pass(month)
            return None
        valid = [meter for meter in self.meters if valid_days(meter, first, last)]
        uncovered = days_between(first, last) - sum(valid_days(meter, first, last) for meter in valid)
        if not valid:
            return self._without_meter(month, averages)
        started = started_in(valid[0], month)
        if len(valid) == 1 and started and valid[0].commissioned_on == self.opened_on:
            self.last = start_of(valid[0])
            started = False
        if len(valid) > 1 or started:
            return self._replaced(month, valid, max(uncovered, 0), averages)
        if uncovered > 0 and not continues_to(valid[0], last):
            return self._event(month, valid[0], uncovered, averages)
        return self._read(month, valid[0], averages)

    def _pass(self, month: Month) -> None:
        """A month that is not charged: its reading is what the next month counts from, and closes months charged without one."""
        for meter in self.meters:
            reading = reading_in(meter, month, until=valid_until(meter) or month.last)
            if reading is None or (self.last is not None and reading.value_e3 < self.last.value_e3):
                continue
            if self.last is None:
                self.charged = Fraction(0)
            elif self.unread:
                self.charged -= Fraction(reading.value_e3 - self.last.value_e3, 1000)
            self.last, self.unread, self.without = reading, [], 0

    def _read(self, month: Month, meter: MeterFacts, averages: Averages) -> Metered:
        """A valid meter the whole month: its reading, or else average and norm."""
        reading = reading_in(meter, month, until=month.last)
        if reading is None or (reading.taken_on == meter.commissioned_on == self.opened_on != month.last):
            return self._unread(month, averages, valid_meter=True)
        if self.last is None:
            self.last, self.charged, self.without, self.unread = reading, Fraction(0), 0, []
            return self._unread(month, averages, valid_meter=True, counts=False)
        volume = self._difference(meter, reading, averages)
        if volume is None:
            month_without = self._unread(month, averages, valid_meter=True)
            return Metered(
                month_without.outcome, month_without.clause, month_without.values, month_without.records, month_without.raised, (reading,)
            )
        sources = (self.last.source, reading.source, meter.source)
        if self.unread and averages.late_reading == "rebuild":
            return self._rebuilt(month, reading, volume, sources)
        late, charged = self.without > 0, self.charged
        self.charged, self.unread = max(charged - volume, Fraction(0)), []
        self.last, self.without = reading, 0
        if not late:
            self.measured.append((volume, sources[:2]))
        outcome: Outcome = "ipu_after_average" if late else "ipu"
        if charged:
            return Metered(outcome, "formula_1_late", {"V_read": volume, "V_charged": charged}, {"V_read": sources})
        return Metered(outcome, "formula_1", {"V": volume}, {"V": sources})

    def _rebuilt(self, month: Month, reading: ReadingFacts, volume: Fraction, sources: tuple[RecordId, ...]) -> Metered:
        """A late reading spread by days over all months since the last one; each is charged anew at its own tariff."""
        volumes = spread_by_days(volume, [*(earlier for earlier, _ in self.unread), month])
        rebuilt = tuple(Rebuilt(earlier, volumes[earlier], charged) for earlier, charged in self.unread)
        own = volumes[month]
        self.last, self.without, self.charged, self.unread = reading, 0, Fraction(0), []
        return Metered("ipu_after_average", "formula_1", {"V": own}, {"V": sources}, rebuilt=rebuilt)

    def _difference(self, meter: MeterFacts, reading: ReadingFacts, averages: Averages) -> Fraction | None:
        """Growth since the last accepted reading; over the counter's end where that is credible, None where it is not (rollover rule)."""
        assert self.last is not None
        if reading.value_e3 >= self.last.value_e3:
            return scaled(reading.value_e3 - self.last.value_e3, 1000)
        return counted(
            Fraction(self.last.value_e3, 1000),
            Fraction(reading.value_e3, 1000),
            digits=meter.digits,
            measured=[known for known, _ in self.measured],
            averages=averages,
        )

    def _unread(self, month: Month, averages: Averages, *, valid_meter: bool, counts: bool = True) -> Metered:
        """A month by the average, or by the norm once the average may not be used (п. 59, 60)."""
        passed = self.without
        self.without += counts
        average = self._average(averages)
        if average is not None and passed < averages.longest and counts:
            values, records, volume = average
            self._owe(month, volume, valid_meter=valid_meter)
            return Metered("average", "clause_59", values, records, volume=volume)
        if valid_meter and counts and averages.late_reading != "keep_norm":
            self._owe(month, self.norm(month), valid_meter=True)
        return Metered("norm", "formula_4", {}, {}, raised=not valid_meter)

    def _owe(self, month: Month, volume: Fraction, *, valid_meter: bool) -> None:
        """A volume charged without a reading, which the next reading of a valid meter takes off."""
        if valid_meter:
            self.charged += volume
            self.unread.append((month, volume))

    def _average(self, averages: Averages) -> _Average | None:
        key = (len(self.measured), averages.window, averages.minimum)
        if key == self._average_of:
            return self._known_average
        self._average_of, self._known_average = key, None
        found = average_of([volume for volume, _ in self.measured], averages)
        if found is not None:
            together, months = found
            readings = tuple(dict.fromkeys(source for _, sources in self.measured[-months:] for source in sources))
            records = {"V_sum": readings, "m": averages.window.records}
            self._known_average = ({"V_sum": together, "m": whole(months)}, records, together / months)
        return self._known_average

    def _without_meter(self, month: Month, averages: Averages) -> Metered:
        """No day of the month has a valid meter: after a lapse, a failure or a removal."""
        if self.without == 0:
            self.without = self._invalid_before(month)
        return self._unread(month, averages, valid_meter=False)

    def _invalid_before(self, month: Month) -> int:
        """Months since the meter stopped counting that were before the walk began."""
        ends = [end for meter in self.meters if (end := valid_until(meter)) is not None and end < month.first]
        return max(month - Month.of(max(ends) + timedelta(days=1)), 0) if ends else 0

    def _event(self, month: Month, meter: MeterFacts, uncovered: int, averages: Averages) -> Metered:
        """The month in which a meter lapsed or was removed: by a reading of its very last day, or else whole by the average."""
        end = valid_until(meter)
        assert end is not None
        reading = reading_in(meter, month, until=end)
        average = self._average(averages)
        if reading is None or reading.taken_on != end or self.last is None or average is None:
            return self._unread(month, averages, valid_meter=False)
        volume = self._difference(meter, reading, averages)
        if volume is None:
            return self._unread(month, averages, valid_meter=False)
        sources = (self.last.source, reading.source, meter.source)
        volume, self.charged = max(volume - self.charged, Fraction(0)), max(self.charged - volume, Fraction(0))
        self.unread = []
        self.without, self.last = 1, reading
        values, records, _ = average
        gap = {"V_before": volume, "V_after": Fraction(0), "g": Fraction(uncovered), "M": Fraction(month.days)}
        return Metered("average", "formula_1_gap", values | gap, records | {"V_before": sources})

    def _replaced(self, month: Month, valid: list[MeterFacts], gap: int, averages: Averages) -> Metered:
        """The month of a replacement or of the first installation: old part, new part, the days between by average or norm (formula 1)."""
        before, sources = Fraction(0), list[RecordId]()
        for meter in valid:
            final = reading_in(meter, month, until=valid_until(meter) or month.last)
            if started_in(meter, month):
                continue
            difference = None if final is None or self.last is None else self._difference(meter, final, averages)
            if difference is None or final is None or self.last is None:
                gap += valid_days(meter, month.first, month.last)
                continue
            before += difference
            sources += [self.last.source, final.source, meter.source]
            self.last = final
        before, self.charged = max(before - self.charged, Fraction(0)), max(self.charged - before, Fraction(0))
        self.unread = []
        after, new_sources, unmeasured = self._new_part(month, valid)
        average = self._average(averages)
        self.without = int(unmeasured > 0)
        days = gap + unmeasured
        if not days:
            self.measured.append((before + after, tuple(sources + new_sources)))
            parts = {"V_before": before, "V_after": after}
            return Metered("ipu_replaced", "formula_1_replaced", parts, {"V_before": tuple(sources), "V_after": tuple(new_sources)})
        values = {"V_before": before, "V_after": after, "g": Fraction(days), "M": Fraction(month.days)}
        records = {"V_before": tuple(sources), "V_after": tuple(new_sources), "g": tuple(meter.source for meter in valid)}
        if average is None:
            self.charged += self.norm(month) * unmeasured / month.days
            return Metered("ipu_replaced", "formula_1_gap_norm", values, records)
        self.charged += average[2] * unmeasured / month.days
        return Metered("ipu_replaced", "formula_1_gap", average[0] | values, average[1] | records)

    def _new_part(self, month: Month, valid: list[MeterFacts]) -> tuple[Fraction, list[RecordId], int]:
        """What the meters installed in the month counted, from which records, and for how many days a new one has no reading yet."""
        after, sources, unmeasured = Fraction(0), list[RecordId](), 0
        for meter in valid:
            if not started_in(meter, month):
                continue
            assert meter.commissioned_on is not None
            reading = reading_in(meter, month, until=valid_until(meter) or month.last)
            first = start_of(meter)
            if reading is None or (reading.taken_on == meter.commissioned_on and meter.commissioned_on != month.last):
                unmeasured += days_between(meter.commissioned_on, month.last)
                self.last = reading or first
                continue
            after += Fraction(reading.value_e3 - first.value_e3, 1000)
            sources += [meter.source, reading.source]
            self.last = reading
        return after, sources, unmeasured


def first_volume(meter: MeterFacts) -> Month | None:
    """The first month whose volume the readings of a meter give: after the first one, or the month it was installed in."""
    if not meter.readings:
        return None
    month = Month.of(meter.readings[0].taken_on)
    return month if started_in(meter, month) else month.next()


def spread_by_days(volume: Fraction, months: Sequence[Month]) -> dict[Month, Fraction]:
    """A volume over whole months in proportion to their days (п. 38)."""
    days = sum(month.days for month in months)
    return {month: volume * month.days / days for month in months}


def metering_points(meters: Iterable[MeterFacts], norm: Callable[[Month], Fraction]) -> list[Point]:
    """Group meters of one service into metering points: a meter continues the one that was removed last before it was installed."""
    meters = tuple(meters)
    if len(meters) == 1:
        return [Point(meters, norm)]
    chains: list[list[MeterFacts]] = []
    for meter in sorted(meters, key=lambda item: (item.commissioned_on or date.min, item.source)):
        ended = [
            chain
            for chain in chains
            if meter.commissioned_on is not None and (closed := chain[-1].closed_on) is not None and closed <= meter.commissioned_on
        ]
        if ended:
            max(ended, key=lambda chain: chain[-1].closed_on or date.min).append(meter)
        else:
            chains.append([meter])
    return [Point(tuple(chain), norm) for chain in chains]

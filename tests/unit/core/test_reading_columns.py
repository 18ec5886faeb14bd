"""Readings as columns are what a tuple of the same readings is."""

from __future__ import annotations

import pickle
from datetime import date

from core.ids import RecordId
from core.model.facts import ReadingFacts
from core.model.readings import in_columns, month_number

ROWS = tuple(ReadingFacts(date(2025, 11 + n, 20) if n < 2 else date(2026, n - 1, 20), 1000 * n, RecordId(n), None) for n in range(4))


def test_columns_are_equal_to_the_readings_they_hold() -> None:
    read = in_columns(ROWS)
    assert read == ROWS and hash(read) == hash(ROWS) and read != ROWS[1:]
    assert (len(read), list(read), list(reversed(read)), read[-1], read[1:3]) == (4, list(ROWS), list(ROWS[::-1]), ROWS[-1], ROWS[1:3])
    assert in_columns(read) is read and pickle.loads(pickle.dumps(read)) == ROWS and not in_columns(())


def test_months_in_a_row_have_numbers_in_a_row() -> None:
    assert [number - month_number(date(2025, 11, 1)) for number in in_columns(ROWS).months] == [0, 1, 2, 3]

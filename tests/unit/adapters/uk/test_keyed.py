"""Numbers by key and sorted rows on disk say what a dictionary and a list say."""

from __future__ import annotations

import random
from collections.abc import Hashable

import pytest

from adapters.format4 import keyed
from adapters.format4.keyed import Numbers, SortedRows, Totals


@pytest.fixture(params=[True, False], ids=["on disk", "in memory"])
def _small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        monkeypatch.setattr(keyed, "_MOST", 50)
        monkeypatch.setattr(keyed, "_PAGE", 16)
        monkeypatch.setattr(keyed, "_FIRST_SIZE", 64)


@pytest.mark.usefixtures("_small")
def test_numbers_and_totals_are_those_of_a_dictionary() -> None:
    chance = random.Random(3)
    numbers, known, totals, sums = Numbers(), dict[Hashable, int](), Totals(), dict[Hashable, int]()
    grown = -5
    for n in range(8000):
        grown += chance.randrange(3)
        key: Hashable = chance.choice([str(grown), str(chance.randrange(-9, grown + 10)), (str(chance.randrange(300)), "2", None), None])
        if key is not None and chance.random() < 0.7:
            assert numbers.setdefault(key, n) == known.setdefault(key, n)
        assert numbers.get(key) == known.get(key) and (key in numbers) == (key in known)
        amount = chance.randrange(-5, 9)
        totals.add(key, amount)
        sums[key] = sums.get(key, 0) + amount
        if n % 7 == 0:
            assert totals.of(key) == sums[key]
    assert all(numbers[key] == number for key, number in known.items())
    assert all(totals.of(key) == amount for key, amount in sums.items())
    totals.add("1", None)
    assert totals.of("1") is None and totals.of("999999") == 0
    with pytest.raises(KeyError):
        numbers["999999"]


@pytest.mark.usefixtures("_small")
def test_rows_come_in_order_by_groups() -> None:
    chance = random.Random(4)
    told = [(chance.randrange(-40, 40), chance.randrange(9), n) for n in range(1000)]
    rows = SortedRows(3)
    for row in told:
        rows.add(*row)
    groups = list(rows.groups())
    assert [row for group in groups for row in group] == sorted(told)
    assert len(groups) == len({row[0] for row in told})

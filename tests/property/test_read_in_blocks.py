"""Registries read in columns come out as row by row: the same records, errors, warnings and sums, however the file is damaged."""

from __future__ import annotations

import random

import pytest

from adapters.banks.blocks import BlockReader
from adapters.banks.detect import parse_file
from adapters.banks.profile import bundled
from adapters.banks.result import Fact, KnownAccounts
from tests.paying.town import registry

PROFILE = bundled()["sber-delimited"]
VALUES = (
    "",
    " ",
    "0.00",
    "-5.00",
    "5",
    "5.5",
    "5,50",
    "1 000,00",
    "1e3",
    "1.001",
    "31-02-2026",
    "1026",
    "1326",
    "25-61-00",
    "Ё",
    "500000001",
    ";",
)


def damaged(rows: list[bytes], chance: random.Random) -> bytes:
    """Some rows with other values, twice, empty or cut; the trailer made anew where the sums can still be read, so that it holds."""
    lines = [row.decode("cp1251").rstrip("\r\n") for row in rows[:-1]]
    for _ in range(chance.randrange(6)):
        at = chance.randrange(len(lines))
        fields = lines[at].split(";")
        fields[chance.randrange(len(fields))] = chance.choice(VALUES)
        lines[at] = chance.choice((";".join(fields), ";".join(fields), lines[chance.randrange(len(lines))], "", lines[at][:20]))
    ends = chance.choice(("\r\n", "\r\n", "\n"))
    trailer = rows[-1].decode("cp1251").rstrip("\r\n")
    if chance.random() < 0.7:
        result = parse_file("r.txt", (ends.join([*lines, trailer]) + ends).encode("cp1251"), PROFILE, KnownAccounts())
        sums = [error["computed"] for error in result.errors if error["code"].startswith("CONTROL_")]
        totals: Fact = dict(result.totals or {})
        if sums and totals:
            written = [f"{totals[key] // 100}.{totals[key] % 100:02d}" for key in ("amount_kop", "transfer_kop", "commission_kop")]
            trailer = ";".join([f"={totals['count']}", *written, *trailer.split(";")[4:]])
    return (ends.join([*lines, trailer]) + ends).encode("cp1251")


@pytest.mark.parametrize("seed", range(2))
def test_blocks_say_what_rows_say(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    files = [damaged(list(registry(chance.randrange(1, 40), 30, seed=seed * 100 + n)), chance) for n in range(30)]
    by_column = [parse_file("r.txt", data, PROFILE, KnownAccounts()).as_dict() for data in files]
    monkeypatch.setattr(BlockReader, "is_fit", False)
    assert by_column == [parse_file("r.txt", data, PROFILE, KnownAccounts()).as_dict() for data in files]
    assert {found["status"] for found in by_column} == {"ok", "partial", "rejected"}

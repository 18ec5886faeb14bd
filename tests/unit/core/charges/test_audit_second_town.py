"""The audit of the second town: what the supplier charged by facts of its own that are not believed is explained by these facts."""

from __future__ import annotations

import csv
import io
import zipfile
from collections import defaultdict
from fractions import Fraction
from importlib.resources import files

import pytest

from config.law import tables
from core.charges import Law, charge_houses
from core.charges.audit import AuditRow, SenderFacts, Stated, audit_house
from core.ids import EntityId, RecordId
from core.model.facts import ResidenceFacts
from core.money import format_roubles, parse_roubles
from tests.unit.core.charges.town import _by, _day, _maybe_day, _scaled
from tests.unit.core.charges.two_senders import OCTOBER, SecondTown, load_second_town

LAW = Law.from_tables(tables())
Key = tuple[str, str]
"""Account number and service key."""


@pytest.fixture(scope="module")
def town() -> SecondTown:
    return load_second_town()


def rows_of(archive: str) -> dict[str, list[list[str]]]:
    content = zipfile.ZipFile(io.BytesIO((files("examples") / "town2" / archive).read_bytes()))
    return {
        name.removesuffix(".csv"): list(csv.reader(io.StringIO(content.read(name).decode("cp1251")), delimiter=";"))[1:]
        for name in content.namelist()
        if name.endswith(".csv")
    }


def statements() -> tuple[dict[Key, Stated], dict[str, SenderFacts]]:
    """Stated lines by account number and service, and the senders' own facts by account number."""
    lines: dict[Key, list[list[str]]] = defaultdict(list)
    senders: dict[str, SenderFacts] = {}
    for archive in ("slobodka-2026-10-uk.zip", "slobodka-2026-10-rso.zip"):
        rows = rows_of(archive)
        numbers = {row[0]: row[1] for row in rows["kvar"]}
        bills = {row[0]: numbers[row[5]] for row in rows["epd"] if row[2] == "01.10.2026"}
        for row in rows["epdcharge"]:
            if row[1] in bills:
                lines[bills[row[1]], row[2]].append([row[3], row[4], row[16] or row[17]])
        contribution = next((row[0] for row in rows["dictusluga"] if row[7] == "2"), "")
        for row in rows.get("epdcapital", []):
            if row[1] in bills:
                lines[bills[row[1]], contribution].append([row[2], row[6], ""])
        residents = _by(rows["gil"], 1)
        for row in rows["kvar"]:
            named = tuple(ResidenceFacts(one[0], _day(one[4]), _maybe_day(one[5]), RecordId(1)) for one in residents[row[0]])
            senders[row[1]] = SenderFacts(_scaled(row[15], 2), int(row[11]) if row[11] else None, named)
    stated = {
        key: Stated(
            total=sum(parse_roubles(total) for _, total, _ in slices),
            tariffs=tuple(Fraction(tariff) for tariff, _, _ in slices),
            volume=Fraction(slices[0][2]) if len(slices) == 1 and slices[0][2] else None,
        )
        for key, slices in lines.items()
    }
    return stated, senders


def test_the_causes_are_as_expected(town: SecondTown) -> None:
    stated, senders = statements()
    found: list[dict[str, object]] = []
    for house, charged in zip(town.houses, charge_houses(town.houses, town.facts, LAW, OCTOBER), strict=True):
        number_of = {account.account_id: account.number for account in house.accounts}
        key_of = {service.service_id: service.key.rpartition(":")[2] for service in house.services}
        ids = {number: account for account, number in number_of.items()}
        service_ids = {key: service for service, key in key_of.items()}
        recomputed: dict[tuple[EntityId, EntityId], int] = defaultdict(int)
        for line in charged.lines:
            recomputed[line.account_id, line.service_id] += line.total
        rows = audit_house(
            house,
            town.facts,
            LAW,
            OCTOBER,
            stated={(ids[number], service_ids[key]): said for (number, key), said in stated.items() if number in ids},
            recomputed=recomputed,
            senders={account: senders[number] for account, number in number_of.items()},
        )
        found.extend(told(row, number_of[row.account_id], key_of[row.service_id]) for row in rows)
    assert sorted(found, key=str) == sorted(town.expected["audit"], key=str)


def told(row: AuditRow, number: str, service: str) -> dict[str, object]:
    return {
        "account": number,
        "service": int(service),
        "stated": format_roubles(row.stated),
        "recomputed": format_roubles(row.recomputed),
        "diff": format_roubles(row.difference),
        "causes": list(row.causes),
    }

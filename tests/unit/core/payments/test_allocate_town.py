"""The payments of the town's archive come out part by part as its expected file says: 356 allocations, kinds and creditors."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import defaultdict
from datetime import datetime
from pathlib import Path

from core.ids import EntityId
from core.model.ledger import OpenItem
from core.model.lines import Component
from core.money import format_roubles, parse_roubles
from core.payments.allocate import Allocation, BillShare, Part, PenaltyDue, Receipt, Standing, allocate_in_order
from core.period import Month

TOWN = Path(__file__).parents[4] / "examples" / "town"
GROUPS = {1: Component.PENALTY, 2: Component.PENALTY_CAPITAL_REPAIR}


class Town:
    """The sections of the archive that payments and debts stand in, read with the standard library alone."""

    def __init__(self) -> None:
        with zipfile.ZipFile(TOWN / "zarechinsk-2026-10-valid.zip") as archive:
            self.archive = archive
            self.bills = self.rows("epd")
            self.debts = self.rows("epddebt")
            self.penalties = self.rows("epdpenalty")
            self.payments = self.rows("oplata")
            self.balances = self.rows("saldo")
            self.lines = self.rows("epdcharge")
            self.contributions = self.rows("epdcapital")
            self.services = self.rows("dictusluga")
            self.inns = {int(row[0]): row[16] for row in self.rows("contragent")}

    def rows(self, section: str) -> list[list[str]]:
        """Rows of a section without its header."""
        text = io.TextIOWrapper(self.archive.open(f"{section}.csv"), encoding="cp1251", newline="")
        return list(csv.reader(text, delimiter=";"))[1:]

    def standings(self) -> dict[str, Standing]:
        """Debts and penalties by the sender's account."""
        account_of = {row[0]: row[5] for row in self.bills}
        items: dict[str, list[OpenItem]] = defaultdict(list)
        for _, bill, service, creditor, origin, amount in self.debts:
            month = Month.of(_day(origin))
            item = OpenItem(
                EntityId(int(account_of[bill])), EntityId(int(service)), EntityId(int(creditor)), month, False, parse_roubles(amount)
            )
            items[account_of[bill]].append(item)
        dues: dict[str, list[PenaltyDue]] = defaultdict(list)
        current = {row[0] for row in self.bills if row[2] == "01.10.2026"}
        for _, bill, kind, origin, creditor, opening, *_rest in self.penalties:
            if bill not in current:
                continue
            due = PenaltyDue(EntityId(int(creditor)), Month.of(_day(origin)), GROUPS[int(kind)], parse_roubles(opening))
            dues[account_of[bill]].append(due)
        accounts = {row[1] for row in self.payments}
        return {account: Standing(tuple(items[account]), tuple(dues[account])) for account in accounts}

    def shares(self) -> dict[str, tuple[BillShare, ...]]:
        """Lines of each bill; the creditor of a service is the one its balance names."""
        account_of = {row[0]: row[5] for row in self.bills}
        creditor_of = {(row[1], row[2]): int(row[3]) for row in self.balances}
        contribution = next(row[0] for row in self.services if row[3] == "2" and row[7] == "2")
        found: dict[str, list[BillShare]] = defaultdict(list)
        for row in self.lines:
            creditor = EntityId(creditor_of[account_of[row[1]], row[2]])
            found[row[1]].append(BillShare(EntityId(int(row[2])), creditor, parse_roubles(row[4])))
        for row in self.contributions:
            found[row[1]].append(BillShare(EntityId(int(contribution)), EntityId(int(row[7])), parse_roubles(row[6])))
        return {bill: tuple(lines) for bill, lines in found.items()}


def _day(text: str) -> datetime:
    return datetime.strptime(text, "%d.%m.%Y")  # noqa: DTZ007 - a calendar date


def _allocations(town: Town) -> dict[str, Allocation]:
    standings, shares = town.standings(), town.shares()
    bills = {row[0]: row for row in town.bills}
    receipts: dict[str, list[Receipt]] = defaultdict(list)
    for row in sorted(town.payments, key=lambda row: (_day(row[4]), int(row[0]))):
        earlier = [bill for bill in bills.values() if bill[5] == row[1] and _day(bill[4]) < _day(row[4])]
        last = max(earlier, key=lambda bill: _day(bill[4]))[0] if earlier else ""
        named = bills[row[13]][2] if row[13] else row[9]
        receipts[row[1]].append(
            Receipt(row[3], parse_roubles(row[7]), Month.of(_day(named)) if named else None, shares.get(row[13] or last, ()))
        )
    return {done.key: done for account, those in receipts.items() for done in allocate_in_order(those, standings[account])}


def _key(part: Part, inns: dict[int, str]) -> str:
    inn = inns[int(part.creditor_id or 0)]
    if part.kind == "debt":
        return f"{part.origin_month}/{part.service_id}/{inn}"
    if part.kind == "penalty":
        group = "kr" if part.component is Component.PENALTY_CAPITAL_REPAIR else "zhku"
        return f"penalty/{part.origin_month}/{group}/{inn}"
    return f"advance/{part.service_id}/{inn}"


def test_every_payment_of_the_archive_is_shared_out_as_expected() -> None:
    town = Town()
    expected = json.loads((TOWN / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))["payments"]
    done = _allocations(town)
    written = {uip: {_key(part, town.inns): format_roubles(part.amount) for part in allocation.parts} for uip, allocation in done.items()}
    assert len(written) == expected["count"] == 356
    assert written == expected["allocations"]
    by_kind: dict[str, int] = defaultdict(int)
    by_creditor: dict[str, int] = defaultdict(int)
    for allocation in done.values():
        for part in allocation.parts:
            by_kind[part.kind] += part.amount
            by_creditor[town.inns[int(part.creditor_id or 0)]] += part.amount
    assert {kind: format_roubles(amount) for kind, amount in by_kind.items()} == expected["by_kind"]
    assert {inn: format_roubles(amount) for inn, amount in by_creditor.items()} == expected["by_creditor"]

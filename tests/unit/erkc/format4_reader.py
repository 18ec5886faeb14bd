"""«Формат 4.0» read by another hand: zipfile, csv, decimal and hashlib only, nothing of the product."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections import defaultdict
from decimal import Decimal

__all__ = ["Totals", "kopecks_of", "read_archive", "totals_of"]

Rows = dict[str, list[list[str]]]


def read_archive(data: bytes) -> Rows:
    """Data rows by section; the list of files must be true, and every attachment that FILES names must be there."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        raw = {name: archive.read(name) for name in names if name.endswith(".csv")}
        tables = {name: list(csv.reader(io.StringIO(content.decode("cp1251"), newline=""), delimiter=";")) for name, content in raw.items()}
        for name, (header, *rows) in tables.items():
            assert all(len(row) == len(header) for row in rows), name
            assert all(cell.startswith(f"{n}. ") for n, cell in enumerate(header, 1)), name
            assert raw[name].endswith(b"\r\n") and not raw[name].startswith(b"\xef\xbb\xbf"), name
        listed = {name: (count, control) for name, count, control in tables["_filelist.csv"][1:]}
        assert set(listed) == set(raw) - {"_filelist.csv"}
        for name, (count, control) in listed.items():
            assert int(count) == len(tables[name]) - 1, "data rows, the header not counted"
            assert control == hashlib.md5(raw[name]).hexdigest()
        assert all(f"files/{row[1]}" in names for row in tables.get("files.csv", [[]])[1:])
    return {name.removesuffix(".csv"): rows for name, (_, *rows) in tables.items() if name != "_filelist.csv"}


def kopecks_of(cell: str) -> int:
    """A decimal cell as kopecks; an empty one is nothing."""
    amount = Decimal(cell or "0") * 100
    assert amount == int(amount)
    return int(amount)


class Totals:
    """What an archive of one month comes to, kopecks, with the checks of the format that need no dictionary."""

    def __init__(self, rows: Rows) -> None:
        month = f"01.{int(rows['_info'][0][7]):02d}.{rows['_info'][0][6]}"
        documents = {row[0]: row for row in rows["epd"] if row[2] == month}
        lines: dict[str, int] = defaultdict(int)
        for row in rows["epdcharge"]:
            assert kopecks_of(row[4]) == kopecks_of(row[5]) + kopecks_of(row[6]) - kopecks_of(row[7])
            lines[row[1]] += kopecks_of(row[4])
        for row in rows.get("epdcapital", []):
            lines[row[1]] += kopecks_of(row[6])
        penalties: dict[str, int] = defaultdict(int)
        for row in rows.get("epdpenalty", []):
            penalties[row[1]] += kopecks_of(row[8])
        balances: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for row in rows["saldo"]:
            opening, accrued, changed, manual, short, benefit, paid, closing = (kopecks_of(cell) for cell in row[5:13])
            assert closing == opening + accrued + changed + manual - short - benefit - paid
            charged = accrued + changed + manual - short - benefit
            for n, amount in enumerate((opening, charged, paid, closing)):
                balances[row[1]][n] += amount
        for key, row in documents.items():
            debt, advance = kopecks_of(row[13]), kopecks_of(row[14])
            opening, charged, paid, closing = balances[row[5]]
            assert min(debt, advance) == 0 <= max(debt, advance)
            assert kopecks_of(row[12]) == lines[key] == charged
            assert (debt - advance, kopecks_of(row[18])) == (opening - paid, closing), row
            assert kopecks_of(row[19]) == penalties[key] and kopecks_of(row[20]) == closing + penalties[key]
            assert kopecks_of(row[21]) == paid
        packs: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.paid = 0
        self.payments: dict[str, tuple[str, str, int, str]] = {}
        """УИП → account, day, signed kopecks, the payment it takes back."""
        for row in rows.get("oplata", []):
            amount = kopecks_of(row[7]) * (1 if row[2] == "1" else -1)
            assert kopecks_of(row[7]) > 0 and row[3] not in self.payments
            if row[19] == "2":
                continue
            self.paid += amount
            self.payments[row[3]] = (row[1], row[4], amount, row[6] if row[2] == "2" else "")
            if row[10]:
                packs[row[10]][0] += amount
                packs[row[10]][1] += 1
        assert {row[0]: [kopecks_of(row[3]), int(row[4])] for row in rows.get("oplatapack", [])} == packs
        self.matched = _matched(rows)
        self.opening, self.charged, self.counted, self.closing = (sum(sums[n] for sums in balances.values()) for n in range(4))
        self.penalties = sum(penalties[key] for key in documents)
        self.documents = len(documents)


def _matched(rows: Rows) -> dict[str, int]:
    """Signed kopecks that payments were matched with, debts and penalties apart; every row names what is there, and sums are kept."""
    payments = {row[0]: row for row in rows.get("oplata", [])}
    parents = {code: {row[0]: row[1] for row in rows.get(code, [])} for code in ("epdcharge", "epdcapital", "epdpenalty", "epddebt")}
    documents = {row[0]: row[5] for row in rows["epd"]}
    of_matching: dict[str, int] = defaultdict(int)
    places = {"1": (3, "epdcharge"), "2": (4, "epdcapital"), "4": (6, "epdpenalty"), "5": (7, "epddebt")}
    matchings = {row[0]: row for row in rows.get("kvisol", [])}
    sums: dict[str, int] = defaultdict(int)
    for row in rows.get("kvisolservice", []):
        place, section = places[row[2]]
        assert parents[section][row[place]] == matchings[row[1]][3] and int(row[8]) > 0 and not any(
            row[n] for n, _ in places.values() if n != place
        )  # fmt: skip
        of_matching[row[1]] += int(row[8])
        sums["penalty" if row[2] == "4" else "debt"] += int(row[8]) * (1 if payments[matchings[row[1]][1]][2] == "1" else -1)
    of_payment: dict[str, int] = defaultdict(int)
    for key, row in matchings.items():
        of_payment[row[1]] += int(row[5])
        if row[2] == "1":
            assert documents[row[3]] == payments[row[1]][1] and of_matching[key] == int(row[5])
        else:
            assert not row[3] and int(row[5]) == kopecks_of(payments[row[1]][7])
    assert of_payment.keys() == {key for key, row in payments.items() if row[19] == "1"}
    assert all(total <= kopecks_of(payments[key][7]) for key, total in of_payment.items())
    return sums


def totals_of(data: bytes) -> Totals:
    """Read and check an archive."""
    return Totals(read_archive(data))

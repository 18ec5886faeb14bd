"""Matching out (KVISOL, KVISOLSERVICE): which line of which document every payment went to, as the ledger divided it.

What the archive says of a document, a line, a debt or a penalty is noted while it is written, in temporary tables, so that any number fits;
then the payments of the month are read part by part and each part is given its row. A part of a debt of a month whose document is in the
archive goes to the line of that document; of an older one to the debt as the month's own document names it. An advance matches nothing: it
is the rest of the payment, and a payment that is nothing else "can not be matched". Of a refund it is what it took back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import groupby, islice

from sqlalchemy import Connection, Row, text

from core.ids import EntityId
from core.ledger.balances import PaymentPart, payment_parts
from core.model.lines import Chart
from core.money import split
from core.period import Month
from core.records.providers import Provider
from core.records.sections import parts_of_documents
from core.storage.bulk import append, stage
from erkc.rgis.identifiers import identifier, known_as
from erkc.rgis.names import Names
from erkc.rgis.output import Output

__all__ = ["Matching", "Part"]

_ROWS, _PAYMENTS = "unload_row", "unload_payment"
_ROW_COLUMNS = (
    ("account", "text"), ("month", "date"), ("part", "smallint"), ("service", "text"), ("creditor", "text"), ("origin", "date"),
    ("document", "text"), ("row", "text"), ("amount", "bigint"),
)  # fmt: skip
_PAYMENT_COLUMNS = (("entry_key", "text"), ("payment", "text"))
_AT_ONCE = 5000
_ENTRIES_AT_ONCE = 1000
_MATCHED, _UNMATCHED, _ACTIVE = 1, 2, 1


class Part(IntEnum):
    """Kinds of charges that a payment is matched with, as the format numbers them; 0: the document itself."""

    DOCUMENT = 0
    CHARGE = 1
    CONTRIBUTION = 2
    PENALTY = 4
    DEBT = 5


_FIELDS = {Part.CHARGE: "charge", Part.CONTRIBUTION: "contribution", Part.PENALTY: "penalties", Part.DEBT: "debt"}


@dataclass(slots=True)
class Matching:
    """What payments are matched with, and the rows that say so."""

    connection: Connection
    provider: Provider
    month: Month
    out: Output
    _rows: list[tuple[object, ...]] = field(default_factory=list)
    _paid: list[tuple[object, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        stage(self.connection, _ROWS, _ROW_COLUMNS, ())
        stage(self.connection, _PAYMENTS, _PAYMENT_COLUMNS, ())

    def note(
        self, account: str, month: Month, document: str, part: Part = Part.DOCUMENT, service: str = "", creditor: str = "",
        origin: Month | None = None, *, row: str = "", amount: int = 0,
    ) -> None:  # fmt: skip
        """A row of a document, or the document; of penalties ``service`` is the component."""
        self._rows.append((account, month.first, int(part), service, creditor, origin and origin.first, document, row, amount))
        if len(self._rows) >= _AT_ONCE:
            self._flush()

    def note_payment(self, entry_key: str, payment: str) -> None:
        """A row of OPLATA and the entry that it is of."""
        self._paid.append((entry_key, payment))
        if len(self._paid) >= _AT_ONCE:
            self._flush()

    def note_stated(self, month: Month) -> None:
        """Lines of the sender's own documents of a month that the hub has no books of."""
        for one in parts_of_documents(self.connection, provider_id=self.provider.provider_id, month=month):
            part = Part.CHARGE if one.service else Part.CONTRIBUTION
            account, document, key = (known_as(name) for name in (one.account, one.document, one.key))
            self.note(account, month, document, part, one.service, row=key, amount=one.total)

    def write(self, names: Names, accounts: Mapping[EntityId, str]) -> None:
        """All rows; ``accounts`` as the region knows them."""
        self._flush()
        for table, column in ((_ROWS, "account"), (_PAYMENTS, "entry_key")):
            self.connection.execute(text(f"CREATE INDEX ON {table} ({column})"))
            self.connection.execute(text(f"ANALYZE {table}"))
        parts = payment_parts(self.connection, provider_id=self.provider.provider_id, month=self.month)
        entries = ((key, list(those)) for key, those in groupby(parts, key=lambda one: one.entry_key))
        while batch := list(islice(entries, _ENTRIES_AT_ONCE)):
            keys = [key for key, _ in batch]
            paid = self.connection.execute(text(f"SELECT entry_key, payment FROM {_PAYMENTS} WHERE entry_key = ANY(:keys)"), {"keys": keys})
            payments = {row.entry_key: row.payment for row in paid}
            held = sorted({accounts[one.account_id] for key, those in batch if key in payments for one in those})
            known: dict[str, list[Row[tuple[object, ...]]]] = defaultdict(list)
            for row in self.connection.execute(text(f"SELECT * FROM {_ROWS} WHERE account = ANY(:held)"), {"held": held}):
                known[row.account].append(row)
            for key, those in batch:
                if key in payments:
                    self._payment(payments[key], those, names, accounts, known)

    def _payment(
        self, payment: str, parts: Sequence[PaymentPart], names: Names, accounts: Mapping[EntityId, str],
        known: Mapping[str, Sequence[Row[tuple[object, ...]]]],
    ) -> None:  # fmt: skip
        sums: dict[str, dict[tuple[Part, str], int]] = defaultdict(lambda: defaultdict(int))
        total = sum(one.amount for one in parts)
        for one in parts:
            for document, part, row, amount in self._targets(one, names, known.get(accounts[one.account_id], ())):
                if amount * total > 0:
                    sums[document][part, row] += amount
        if not sums:
            self._row(identifier("kvisol", payment), payment, _UNMATCHED, None, abs(total))
        for document, rows in sorted(sums.items()):
            own = identifier("kvisol", payment, document)
            self._row(own, payment, _MATCHED, document, sum(abs(amount) for amount in rows.values()))
            for (part, row), amount in sorted(rows.items()):
                self.out.add_values(
                    "kvisolservice",
                    {
                        "id": identifier("kvisolservice", own, int(part), row), "matching": own, "kind": int(part), _FIELDS[part]: row,
                        "amount_kopecks": abs(amount), "status": _ACTIVE,
                    },
                )  # fmt: skip

    def _row(self, own: str, payment: str, result: int, document: str | None, amount: int) -> None:
        self.out.add_values(
            "kvisol",
            {"id": own, "payment": payment, "result": result, "document": document, "status": _ACTIVE, "amount_kopecks": amount},
        )

    def _targets(self, one: PaymentPart, names: Names, rows: Sequence[Row[tuple[object, ...]]]) -> Iterator[tuple[str, Part, str, int]]:
        """Document, kind, row and kopecks of what a part went to; nothing for an advance."""
        if one.chart is Chart.ADVANCE or not one.amount:
            return
        creditor = "" if one.creditor_id is None else names.creditors.get(one.creditor_id, "")
        origin = one.origin_month and one.origin_month.first
        if one.chart is Chart.RECEIVABLE and one.service_id is not None:
            is_contribution = names.is_contribution(one.service_id)
            service, part = ("", Part.CONTRIBUTION) if is_contribution else (names.services[one.service_id].key, Part.CHARGE)
            lines = [
                row for row in rows
                if (row.part, row.month, row.service) == (part, origin, service) and row.creditor in (creditor, "") and row.amount > 0
            ]  # fmt: skip
            if lines:
                shares = split(abs(one.amount), [row.amount for row in lines])
                sign = 1 if one.amount > 0 else -1
                yield from ((row.document, part, row.row, sign * share) for row, share in zip(lines, shares, strict=True) if share)
                return
            kind, of = Part.DEBT, names.services[one.service_id].key
        else:
            kind, of = Part.PENALTY, str(int(one.component)) if one.component is not None else ""
        place = (kind, self.month.first, of, creditor, origin)
        found = next((row for row in rows if (row.part, row.month, row.service, row.creditor, row.origin) == place), None)
        document = next((row.document for row in rows if (row.part, row.month) == (Part.DOCUMENT, self.month.first)), None)
        if document is not None:
            yield document, kind, found.row if found is not None else "", one.amount

    def _flush(self) -> None:
        append(self.connection, _ROWS, _ROW_COLUMNS, self._rows)
        append(self.connection, _PAYMENTS, _PAYMENT_COLUMNS, self._paid)
        self._rows, self._paid = [], []

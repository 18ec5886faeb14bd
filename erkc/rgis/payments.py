"""Payments out: what the ledger accounted in the month, on the day the money was really paid, refunds as operation 2.

A payment that an archive brought goes out as its row, with what the ledger says in its place (account, day, amount). One that a bank or an
agent brought is a row of ours: its УИП is the operation of the source, its pack the registry. A refund or cancellation is a row of its own
that names the payment it takes back in field 7. Packs are summed anew over the rows that are really there. Money in suspense has no account
and so no row; it is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

from sqlalchemy import Connection

from adapters.format4.layout import Section
from adapters.format4.writer import written_decimal
from core.ids import EntityId
from core.ledger.paid import PaymentEntry, payment_entries, suspense_of_provider
from core.money import format_roubles
from core.period import Month
from core.records.bank import known_registry, lines_of, payments_of
from core.records.providers import Provider
from core.records.sections import rows_of_section, told_payments
from core.services.bank_money import payment_key
from core.services.clearing import cancel_key, release_key
from erkc.rgis.facts import Facts
from erkc.rgis.identifiers import identifier
from erkc.rgis.matching import Matching
from erkc.rgis.names import Names
from erkc.rgis.output import Output

__all__ = ["Payments", "operation_of_key"]

_AT_ONCE = 1000
_PREFIXES = (cancel_key(""), release_key(""), payment_key(""))
_ANNULLED = "2"


@dataclass(frozen=True, slots=True)
class _Told:
    """What a bank or an agent said of a payment."""

    source: str = ""
    for_month: date | None = None
    payer: str = ""
    purpose: str = ""
    registry: str = ""
    reverses: str = ""


@dataclass(slots=True)
class Payments:
    """The payments of one month."""

    connection: Connection
    provider: Provider
    month: Month
    names: Names
    facts: Facts
    accounts: Mapping[EntityId, str]
    """Accounts as the region knows them."""
    out: Output
    matching: Matching
    _packs: dict[str, list[int]] = field(default_factory=dict)
    """Amount and number of the rows of each pack."""
    _registries: dict[str, str] = field(default_factory=dict)
    _without_account: int = 0

    def write(self) -> None:
        """OPLATA, then OPLATAPACK: a pack is known when its rows are."""
        self.out.write_all("oplata", self._of_archives())
        self.out.write_all("oplata", self._of_banks())
        self.out.write_all("oplatapack", self._all_packs())
        waiting = suspense_of_provider(self.connection, provider_id=self.provider.provider_id, month=self.month)
        if waiting:
            self.out.left_out(
                "UN-0203", "oplata.csv", f"Невыясненные платежи {format_roubles(waiting)} руб. не вошли: лицевой счёт неизвестен.",
                "Отнесите их на счета: erkc suspense list.", waiting,
            )  # fmt: skip
        if self._without_account:
            self.out.left_out(
                "UN-0205", "oplata.csv", f"Не вошли платежи: {self._without_account}, неизвестен расчётный счёт получателя.",
                "Запросите у отправителя раздел CONTRAGENTRSCHET.", self._without_account,
            )  # fmt: skip

    # of archives ---------------------------------------------------------------------------------------------------------------------

    def _of_archives(self) -> Iterator[list[str]]:
        section = self.out.layout.sections["oplata"]
        at = {one.code: one.n - 1 for one in section.fields}
        placed = rows_of_section(self.connection, provider_id=self.provider.provider_id, kind="payment", section="oplata")
        rows = self.facts.rows("oplata", placed)
        while batch := list(islice(rows, _AT_ONCE)):
            posted = self._posted([payment_key(cells[at["order_id"]]) for cells in batch])
            for cells in batch:
                entry = posted.get(payment_key(cells[at["order_id"]]))
                if entry is not None:
                    cells[at["account"]] = self.accounts[entry.account_id]
                    cells[at["operation"]] = "1" if entry.amount > 0 else "2"
                    cells[at["paid_on"]] = f"{entry.paid_on:%d.%m.%Y}"
                    cells[at["amount"]] = written_decimal(abs(entry.amount), 2)
                    self._count(cells[at["pack"]], entry.amount)
                    self.matching.note_payment(entry.key, cells[at["id"]])
                    yield cells
                elif cells[at["status"]] == _ANNULLED and cells[at["annulled_on"]][3:] == f"{self.month.first:%m.%Y}":
                    cells[at["pack"]] = ""  # no money moved: it is in no sum
                    yield cells

    def _posted(self, keys: Sequence[str]) -> dict[str, PaymentEntry]:
        found = payment_entries(self.connection, provider_id=self.provider.provider_id, month=self.month, keys=keys)
        return {entry.key: entry for entry in found}

    # of banks and of people ----------------------------------------------------------------------------------------------------------

    def _of_banks(self) -> Iterator[list[str]]:
        """What no archive has told: registries, statements, refunds, cancellations."""
        owner = self.provider.provider_id
        entries = payment_entries(self.connection, provider_id=owner, month=self.month)
        section = self.out.layout.sections["oplata"]
        while batch := list(islice(entries, _AT_ONCE)):
            operations = {entry.key: operation_of_key(entry.key) for entry in batch}
            known = told_payments(self.connection, provider_id=owner, uips=list(operations.values()))
            own = [
                entry for entry in batch if entry.amount and not (operations[entry.key] in known and entry.key.startswith(payment_key("")))
            ]
            said = self._said([operations[entry.key] for entry in own])
            for entry in own:
                cells = self._row(section, entry, operations[entry.key], said.get(operations[entry.key], _Told()))
                if cells is not None:
                    yield cells

    def _row(self, section: Section, entry: PaymentEntry, operation: str, told: _Told) -> list[str] | None:
        if self.names.bank_account is None:
            self._without_account += 1
            return None
        is_cancelled = entry.key.startswith(cancel_key(""))
        pack = self._pack_of(told.registry) if told.registry and not is_cancelled else ""
        original = operation if is_cancelled else told.reverses
        values = {
            "id": identifier("oplata", entry.key),
            "account": self.accounts[entry.account_id],
            "operation": "1" if entry.amount > 0 else "2",
            "order_id": f"{operation}/отмена" if is_cancelled else operation,
            "paid_on": f"{entry.paid_on:%d.%m.%Y}",
            "order_no": original if entry.amount < 0 else "",
            "amount": written_decimal(abs(entry.amount), 2),
            "source": told.source,
            "for_month": f"{told.for_month:%d.%m.%Y}" if told.for_month else "",
            "pack": pack,
            "receiver_account": self.names.bank_account,
            "payer_name": told.payer,
            "purpose": told.purpose,
            "status": "1",
        }
        self._count(pack, entry.amount)
        self.matching.note_payment(entry.key, values["id"])
        return [values.get(one.code, "") for one in section.fields]

    def _said(self, operations: Sequence[str]) -> dict[str, _Told]:
        found = {
            row.key: _Told(
                row.body.registry.partition("/")[0], row.body.for_month, row.body.payer_name, "", row.body.registry, row.body.reverses
            )
            for row in payments_of(self.connection, operations)
        }
        for line in lines_of(self.connection, operations):
            found[line.key] = _Told("прямой перевод", line.body.for_month, line.body.other_name, line.body.purpose)
        return found

    # packs ---------------------------------------------------------------------------------------------------------------------------

    def _count(self, pack: str, amount: int) -> None:
        if pack:
            sums = self._packs.setdefault(pack, [0, 0])
            sums[0] += amount
            sums[1] += 1

    def _pack_of(self, registry: str) -> str:
        """The pack of a registry; one without a date is no pack."""
        if registry not in self._registries:
            body = known_registry(self.connection, registry)
            dated = body is not None and (body.order_on or body.registry_on) is not None
            self._registries[registry] = identifier("oplatapack", registry) if dated else ""
        return self._registries[registry]

    def _all_packs(self) -> Iterator[list[str]]:
        section = self.out.layout.sections["oplatapack"]
        at = {one.code: one.n - 1 for one in section.fields}
        placed = rows_of_section(
            self.connection, provider_id=self.provider.provider_id, kind="payment_pack", section="oplatapack"
        )  # fmt: skip
        for cells in self.facts.rows("oplatapack", placed):
            if cells[0] in self._packs:
                amount, count = self._packs[cells[0]]
                cells[at["amount"]], cells[at["count"]] = written_decimal(amount, 2), str(count)
                yield cells
        for registry, pack in self._registries.items():
            body = known_registry(self.connection, registry) if pack in self._packs else None
            if body is None:
                continue
            amount, count = self._packs[pack]
            day = body.order_on or body.registry_on
            values = {
                "id": pack, "ordered_on": f"{day:%d.%m.%Y}", "number": (body.order_number or body.number)[:20],
                "amount": written_decimal(amount, 2), "count": str(count), "status": "1",
            }  # fmt: skip
            yield [values.get(one.code, "") for one in section.fields]


def operation_of_key(key: str) -> str:
    """The operation of the source that an entry of the ledger posted, released or took back."""
    return next((key.removeprefix(prefix) for prefix in _PREFIXES if key.startswith(prefix)), key)

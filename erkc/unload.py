"""«Формат 4.0» out: a provider's month as the hub knows it, as one archive for the regional system, full or with the changes only.

Facts (houses, accounts, meters, residents …) are the rows in force as their senders wrote them: every canonical record names the message,
file and row that brought it, and the row is taken from those very bytes, so nothing is lost that the hub itself does not read. Money of the
month is the ledger's: balances from its turnovers, documents from the calculation of the month, debts by month of origin, penalties,
payments of banks beside those of archives. Documents of the month before stay as their sender stated them.

Identifiers are the sender's; what only the hub has is given one that follows from what it is, so the same fact has the same identifier in
every unload, and the increment (rows that differ from what was sent) holds exactly what changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection

from adapters.format4.container import Limits, open_container
from adapters.format4.layout import Layout, Section, layout_for
from adapters.format4.rows import read_rows
from adapters.format4.writer import cells_of, zip_archive
from core import archive
from core.charges.law import Law
from core.charges.slices import slices_of
from core.errors import InputError
from core.ids import EntityId, MessageId, ProviderId
from core.ledger import months
from core.ledger.balances import opening_items
from core.ledger.calculations import read_calculation
from core.model.lines import ChargeLine, Component
from core.model.records import BODIES, BankAccount, Organisation, Payment, RegistryPayment, StatedBill
from core.period import Month
from core.records.bodies import read_records
from core.records.intake import read_intakes
from core.records.providers import Provider
from core.services.month_view import ProviderMonth
from core.storage.engine import transaction
from erkc.application import Application

__all__ = ["Unload", "increment", "rows_of_archive", "unload_month", "write_unload"]

_CHANNEL = "rgis.unload"

_VERSION = "4.0.6.2"
_ACCEPTED = "uk.format4"
_OWN_MONEY = ("epd", "epdcharge", "epdcapital", "epddebt", "epdpenalty", "saldo")
_LEFT_OUT = frozenset((*_OWN_MONEY, "kvisol", "kvisolservice"))
"""Written from the ledger; matching (КВИТ) names documents of the sender and is the receiver's to do anew."""
_METHODS = {"norm": 1, "ipu": 2, "ipu_replaced": 2, "ipu_after_average": 2, "ipu_flat": 2, "average": 3, "odpu": 4, "ipu_odpu": 4}
_FULL, _INCREMENT = "1", "2"

Rows = dict[str, list[list[str]]]


@dataclass(frozen=True, slots=True)
class Unload:
    """One archive with the rows that it holds."""

    name: str
    data: bytes
    rows: Mapping[str, int]
    undivided: int
    """Kopecks paid ahead that belong to no service yet: in the documents (EPD), but in no balance (SALDO names a service)."""


def unload_month(
    connection: Connection, provider: Provider, month: Month, *, law: Law, formed_at: datetime, earlier: Iterable[bytes] = ()
) -> Unload:
    """The archive of a month; with ``earlier`` (archives sent before, a full one first) only what has changed since.

    ``InputError`` UN-0101 where the provider has sent no archive, UN-0102 where the month is not charged.
    """
    layout, _ = layout_for(_VERSION)
    part = ProviderMonth(connection, provider, month, law)
    info = _info(connection, provider, month, formed_at)
    sent = [rows_of_archive(data) for data in earlier]
    files: dict[str, bytes] = {}
    rows = _facts(connection, provider.provider_id, layout, files)
    documents = _Documents(part, layout, formed_at)
    documents.write(rows)
    rows = {code: _ordered(found) for code, found in rows.items() if found}
    if sent:
        rows, info[13] = increment(layout, rows, sent), _INCREMENT
        files = {}
    data = zip_archive(layout, info, rows, extra=files)
    kind = "changes" if sent else "full"
    return Unload(
        f"{provider.inn}-{month}-{kind}.zip", data, {code.upper(): len(found) for code, found in rows.items()}, documents.undivided
    )


def write_unload(application: Application, provider: Provider, month: Month, *, law: Law, changes: bool) -> Unload:
    """Make the next unload of a month and keep it as a message out: the one after it is compared with it.

    ``InputError`` UN-0103 where changes are asked for and no full unload of the month was made.
    """
    with transaction(application.engine) as connection:
        earlier: list[bytes] = []
        if changes:
            sent = archive.find_named(connection, channel=_CHANNEL, start=f"{provider.inn}-{month}-", direction="out")
            last_full = max((n for n, message in enumerate(sent) if message.name.endswith("-full.zip")), default=None)
            if last_full is None:
                raise InputError("UN-0103", "Полной выгрузки месяца ещё не было.", hint="Сначала выгрузите месяц без --changes.")
            earlier = [archive.read(connection, message.message_id) for message in sent[last_full:]]
        now = application.clock.now()
        made = unload_month(connection, provider, month, law=law, formed_at=now.replace(tzinfo=None, microsecond=0), earlier=earlier)
        if made.rows:
            archive.store(
                connection, data=made.data, name=made.name, channel=_CHANNEL, direction="out", provider_id=provider.provider_id, at=now
            )
    return made


def increment(layout: Layout, rows: Mapping[str, list[list[str]]], sent: Iterable[Mapping[str, list[list[str]]]]) -> Rows:
    """Rows that the receiver has not, or has otherwise: the last row sent under a key is what he has."""
    known: dict[tuple[str, str], list[str]] = {}
    for unload in sent:
        for code, found in unload.items():
            for cells in found:
                known[code, _key(layout.sections[code], cells)] = cells
    changed = {
        code: [cells for cells in found if known.get((code, _key(layout.sections[code], cells))) != cells] for code, found in rows.items()
    }
    return {code: found for code, found in changed.items() if found}


def rows_of_archive(data: bytes) -> Rows:
    """Rows of an archive by section."""
    container = open_container(data, Limits())
    layout, _ = layout_for(_VERSION)
    return {
        code: [cells for _, cells in read_rows(container, f"{code}.csv")] for code in layout.sections if f"{code}.csv" in container.entries
    }


def _key(section: Section, cells: list[str]) -> str:
    return cells[0] if section.keyed else "\x00".join(cells)


def _ordered(rows: list[list[str]]) -> list[list[str]]:
    return sorted(rows, key=lambda cells: (len(cells[0]), cells))


def _info(connection: Connection, provider: Provider, month: Month, formed_at: datetime) -> list[str]:
    taken = [
        one for one in read_intakes(connection, provider_id=provider.provider_id) if one.adapter == _ACCEPTED and one.status != "rejected"
    ]
    if not taken:
        raise InputError("UN-0101", f"От отправителя «{provider.name}» нет ни одной выгрузки.", hint="Примите её: erkc take ФАЙЛ.")
    values: dict[str, object] = {
        **taken[-1].header, "version": _VERSION, "year": month.first.year, "month": month.first.month, "formed_at": formed_at,
        "system": "erkc", "unload_kind": _FULL,
    }  # fmt: skip
    values.pop("period", None)
    layout, _ = layout_for(_VERSION)
    return cells_of(layout.info, values)


def _facts(connection: Connection, provider_id: ProviderId, layout: Layout, files: dict[str, bytes]) -> Rows:
    """Rows in force of every section but the money of documents, from the bytes that brought them; attachments beside them."""
    wanted: dict[MessageId, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for body in BODIES:
        for record in read_records(connection, body, provider_id=provider_id):
            code = record.position.file.removesuffix(".csv")
            if record.position.row is not None and code in layout.sections and code not in _LEFT_OUT:
                wanted[record.message_id][code].add(record.position.row)
    rows: Rows = defaultdict(list)
    for message, sections in sorted(wanted.items()):
        container = open_container(archive.read(connection, message), Limits())
        for code, numbers in sections.items():
            rows[code] += [cells for number, cells in read_rows(container, f"{code}.csv") if number in numbers]
        files |= {name: container.zip_file.read(name) for name in sorted(container.attachments)}
    return rows


class _Documents:
    """The money of the month: documents, debts, penalties, balances, and payments that banks brought."""

    def __init__(self, part: ProviderMonth, layout: Layout, formed_at: datetime) -> None:
        self._part, self._layout, self._formed_at = part, layout, formed_at
        step = months.current(part.connection, provider_id=part.provider.provider_id, month=part.month)
        if step.calculation_id is None or read_calculation(part.connection, step.calculation_id).mode != "charge":
            raise InputError(
                "UN-0102", f"{part.month.title} не начислен центром.", hint=f"Начислите и проведите месяц: erkc bill month {part.month}."
            )
        provider_id = part.provider.provider_id
        self._accounts = {account: row.key for account, row in part.accounts.items()}
        organisations = list(read_records(part.connection, Organisation, provider_id=provider_id))
        self._organisations = {record.body.inn: record.key for record in reversed(organisations)}
        self._bills = {record.body.account: record for record in read_records(part.connection, StatedBill, provider_id=provider_id)
                       if record.body.month == part.month.first}  # fmt: skip
        banks = [record.key for record in read_records(part.connection, BankAccount, provider_id=provider_id)]
        self._bank = banks[0] if banks else ""
        self.undivided = 0
        self._debts: dict[EntityId, list[tuple[EntityId, EntityId, Month, int]]] = defaultdict(list)

    def write(self, rows: Rows) -> None:
        """Add the rows."""
        part = self._part
        self._read_debts()
        penalties = defaultdict(list)
        for row in part.penalties:
            penalties[row.account_id].append(row)
        for account, key in sorted(self._accounts.items()):
            lines, turnovers = part.lines.get(account, []), part.turnovers.get(account, [])
            if not lines and not turnovers:
                continue
            stated = self._bills.get(key)
            document = stated.key if stated is not None else _identifier("epd", key, part.month)
            owed = 0
            for item in penalties.get(account, []):
                closing = item.opening + item.posted - item.paid
                owed += closing
                if item.creditor_id is not None:
                    self._add(rows, "epdpenalty", _identifier("epdpenalty", document, item.creditor_id, item.origin_month, item.component),
                              document=document, kind=_penalty_kind(item.component, item.origin_month),
                              origin_month=item.origin_month and item.origin_month.first, creditor=self._creditor(item.creditor_id),
                              opening=item.opening, posted=item.posted, paid=item.paid, closing=closing)  # fmt: skip
            self._lines(rows, document, lines)
            self._balances(rows, account, key, document, lines)
            total, opening = sum(line.total for line in lines), sum(row.opening for row in turnovers)
            paid = -sum(row.other for row in turnovers)
            balance = opening - paid + total
            self._add(rows, "epd", document, kind=1, period=part.month.first, formed_on=self._formed_at.date(), account=key,
                      receiver_account=stated.body.bank_account if stated is not None else self._bank, status=1, services_total=total,
                      debt_before=max(opening - paid, 0), advance_before=max(paid - opening, 0), total_with_balance=balance,
                      penalties_total=owed, grand_total=balance + owed, paid=paid)  # fmt: skip
        self._bank_payments(rows)

    def _read_debts(self) -> None:
        sums: dict[tuple[EntityId, EntityId, EntityId, Month], int] = defaultdict(int)
        for item in opening_items(self._part.connection, sorted(self._accounts), month=self._part.month):
            sums[item.account_id, item.service_id, item.creditor_id, item.origin_month] += item.amount
        for (account, service, creditor, origin), amount in sorted(sums.items(), key=lambda one: (*one[0][:3], one[0][3].first)):
            self._debts[account].append((service, creditor, origin, amount))

    def _lines(self, rows: Rows, document: str, lines: list[ChargeLine]) -> None:
        part = self._part
        for line in lines:
            slices = slices_of(line)
            tariff = line.tariff_e6 if line.tariff_e6 is not None else slices[-1].tariff_e6 if slices else 0
            service, creditor = part.service_keys[line.service_id], self._creditor(line.creditor_id)
            sums = {"tariff": tariff, "total": line.total, "accrued": line.base + line.surcharge, "benefit": line.benefit,
                    "recalculated": line.recalculation - line.underdelivery, "document": document}  # fmt: skip
            if part.contributions.get(line.service_id, False):
                self._add(rows, "epdcapital", _identifier("epdcapital", document, creditor), supplier=creditor, status=1, **sums)
                continue
            self._add(rows, "epdcharge", _identifier("epdcharge", document, service, creditor), service=service,
                      volume=line.volume_e6, method=_METHODS.get(line.method), **sums)  # fmt: skip

    def _balances(self, rows: Rows, account: EntityId, key: str, document: str, lines: list[ChargeLine]) -> None:
        """One balance for each service and creditor, surcharge included; its opening debts by month of origin."""
        part = self._part
        sums: dict[tuple[EntityId, EntityId], list[int]] = defaultdict(lambda: [0, 0, 0])
        for row in part.turnovers.get(account, []):
            if not row.service_id:
                self.undivided -= row.closing
                continue
            for n, amount in enumerate((row.opening, row.charged, -row.other)):
                sums[row.service_id, row.creditor_id][n] += amount
        said = {(line.service_id, line.creditor_id): line for line in lines}
        for (service, creditor), (opening, charged, paid) in sorted(sums.items()):
            line = said.get((service, creditor))
            recalculated, undelivered, benefit = (line.recalculation, line.underdelivery, line.benefit) if line is not None else (0, 0, 0)
            accrued = line.base + line.surcharge if line is not None else 0
            changed = charged - (accrued + recalculated - undelivered - benefit)
            names = (part.service_keys[service], self._creditor(creditor))
            self._add(rows, "saldo", _identifier("saldo", key, *names, part.month), account=key, service=names[0], creditor=names[1],
                      month=part.month.first, opening=opening, accrued=accrued, recalculated=recalculated, changed=changed,
                      undelivered=undelivered, benefit=benefit, paid=paid, closing=opening + charged - paid)  # fmt: skip
            for origin, amount in self._unpaid(account, service, creditor, opening):
                self._add(rows, "epddebt", _identifier("epddebt", document, *names, origin), document=document, service=names[0],
                          creditor=names[1], origin_month=origin.first, amount=amount)  # fmt: skip

    def _unpaid(self, account: EntityId, service: EntityId, creditor: EntityId, opening: int) -> Iterator[tuple[Month, int]]:
        """Debts that make up a positive opening balance: an advance of the same service covers the oldest first."""
        mine = [(origin, amount) for one, two, origin, amount in self._debts.get(account, ()) if (one, two) == (service, creditor)]
        covered = sum(amount for _, amount in mine) - max(opening, 0)
        for origin, amount in mine:
            taken = min(amount, covered) if covered > 0 else 0
            covered -= taken
            if amount > taken:
                yield origin, amount - taken

    def _bank_payments(self, rows: Rows) -> None:
        """Payments of the ledger's month that no archive of the sender has: those of banks, refunds as operation 2."""
        part = self._part
        provider_id = part.provider.provider_id
        told = {record.body.uip for record in read_records(part.connection, Payment, provider_id=provider_id)}
        sums: dict[str, int] = defaultdict(int)
        whose: dict[str, EntityId] = {}
        for item in part.payment_parts:
            operation = item.entry_key.rsplit("/", 1)[-1]
            sums[operation] += item.amount
            whose[operation] = item.account_id
        days = {}
        if set(sums) - told:
            for record in read_records(part.connection, RegistryPayment, provider_id=ProviderId(0)):
                days[record.key] = days[record.body.operation_id] = record.body.paid_on
        for operation, amount in sorted(sums.items()):
            if operation in told or not amount:
                continue
            key = self._accounts[whose[operation]]
            stated = self._bills.get(key)
            self._add(rows, "oplata", _identifier("oplata", operation), account=key, operation=1 if amount > 0 else 2, order_id=operation,
                      paid_on=days.get(operation) or part.month.last, amount=abs(amount), status=1,
                      receiver_account=stated.body.bank_account if stated is not None else self._bank)  # fmt: skip

    def _creditor(self, creditor: EntityId) -> str:
        return self._organisations[self._part.inn[creditor]]

    def _add(self, rows: Rows, code: str, identifier: str, /, **values: object) -> None:
        rows.setdefault(code, []).append(cells_of(self._layout.sections[code], {"id": identifier, **values}))


def _penalty_kind(component: Component, origin: Month | None) -> int:
    if origin is None:
        return 3
    return 2 if component is Component.PENALTY_CAPITAL_REPAIR else 1


def _identifier(*names: object) -> str:
    """An identifier that follows from what the row is: 60 bits of a hash, so two rows never meet in practice."""
    return str(int.from_bytes(sha256("/".join(map(str, names)).encode()).digest()[:8], "big") >> 4)

"""Tables of companies assembled: what the hub knows of the sender, the proposal, the preview, the taking.

A table is taken under the very mapping it was shown with: the channel of its message names the mapping and the month, so the same file
under another mapping is another message, and the same again is none.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date
from hashlib import sha256

from adapters.contract import RawMessage
from adapters.uk.tables.adapter import UkTables
from adapters.uk.tables.directory import Directory, KnownReading
from adapters.uk.tables.heading import TableProfile
from core.errors import ConfigError
from core.ids import ProviderId
from core.model.finding import Finding
from core.model.records import (
    Account,
    Balance,
    Body,
    House,
    Meter,
    Person,
    Premises,
    Reading,
    Record,
    Residence,
    Service,
    StatedBill,
    StatedContribution,
    StatedLine,
)
from core.period import Month
from core.records.bodies import read_records
from core.records.providers import Provider, providers
from core.services.take import Taken, take
from core.storage.engine import transaction
from erkc.application import Application

__all__ = ["Change", "Preview", "preview_table", "sender_of_inn", "take_table", "written"]


@dataclass(frozen=True, slots=True)
class Change:
    """What a row would change: attribute, before, after. ``before`` is None where the thing is new."""

    row: int | None
    kind: str
    key: str
    fields: tuple[tuple[str, object, object], ...]
    is_new: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """What taking the table would do."""

    rows: int
    new: dict[str, int]
    changed: dict[str, int]
    unchanged: int
    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]


def sender_of_inn(application: Application, inn: str, kpp: str | None = None) -> Provider:
    """The sender of a table; ``ConfigError`` WEB-0102 when it is not one."""
    with transaction(application.engine) as connection:
        found = [one for one in providers(connection) if one.provider_id and one.inn == inn and kpp in (None, one.kpp)]
    if len(found) != 1:
        what = "не зарегистрирован" if not found else "назван неоднозначно"
        raise ConfigError("WEB-0102", f"Отправитель с ИНН {inn} {what}.", hint="Укажите --kpp или загрузите настройки региона.")
    return found[0]


def preview_table(application: Application, message: RawMessage, profile: TableProfile, *, sender: Provider, month: Month) -> Preview:
    """What the rows say against what is known; nothing is stored."""
    directory = _directory(application, sender.provider_id, month)
    findings: list[Finding] = []
    changes: list[Change] = []
    unchanged, rows = 0, set()
    for item in UkTables(profile, month, directory, account_kind=_account_kind(sender)).parse(message, {}):
        if isinstance(item, Finding):
            findings.append(item)
        elif isinstance(item, Record):
            rows.add(item.position.row)
            change = _change(directory, item)
            if change is None:
                unchanged += 1
            else:
                changes.append(change)
    return Preview(
        len(rows),
        dict(Counter(one.kind for one in changes if one.is_new)),
        dict(Counter(one.kind for one in changes if not one.is_new)),
        unchanged,
        tuple(changes),
        tuple(findings),
    )


def take_table(application: Application, message: RawMessage, profile: TableProfile, *, sender: Provider, month: Month) -> Taken:
    """Take the table: archived, read, stored, whatever it says; the outcome is that of every message."""
    mapping = sha256(f"{profile.to_json()}/{sender.inn}/{sender.kpp}/{month}".encode()).hexdigest()[:12]
    adapter = UkTables(profile, month, _directory(application, sender.provider_id, month), account_kind=_account_kind(sender))
    return take(
        application.engine,
        name=message.name,
        data=message.data,
        adapter=f"{adapter.name}:{profile.kind}:{mapping}",
        header=lambda: {"inn": sender.inn, "kpp": sender.kpp},
        parse=lambda known: adapter.parse(message, known),
        clock=application.clock,
    )


def _account_kind(sender: Provider) -> int:
    return {1: 1, 2: 2, 14: 3, 18: 6}.get(sender.kind, 4)


def _change(directory: Directory, record: Record) -> Change | None:
    kind = record.body.kind_name
    before = directory.before(kind, record.key)
    if before == record.body:
        return None
    if before is None:
        said = tuple((one.name, None, getattr(record.body, one.name)) for one in fields(record.body))
        return Change(record.position.row, kind, record.key, said, True)
    differing = tuple(
        (one.name, getattr(before, one.name), getattr(record.body, one.name))
        for one in fields(record.body)
        if getattr(before, one.name) != getattr(record.body, one.name)
    )
    return Change(record.position.row, kind, record.key, differing, False)


def _directory(application: Application, provider_id: ProviderId, month: Month) -> Directory:
    with transaction(application.engine) as connection:

        def bodies(kind: type[Body]) -> Iterator[tuple[str, Body]]:
            for stored in read_records(connection, kind, provider_id=provider_id):
                yield stored.key, stored.body

        found: dict[type[Body], dict[str, Body]] = {
            kind: dict(bodies(kind))
            for kind in (Account, Service, House, Premises, Person, Residence, Meter, Reading, Balance, StatedBill, StatedLine)
        }
        contributions = dict(bodies(StatedContribution))
    readings: dict[str, list[KnownReading]] = defaultdict(list)
    for key, reading in found[Reading].items():
        assert isinstance(reading, Reading)
        readings[reading.meter].append(KnownReading(key, reading.taken_on, reading.value_e3, reading.zone))
    creditors: dict[str, set[str]] = defaultdict(set)
    for balance in found[Balance].values():
        assert isinstance(balance, Balance)
        creditors[balance.service].add(balance.organisation)
    bills: dict[str, str] = {}
    for key, bill in found[StatedBill].items():
        assert isinstance(bill, StatedBill)
        if bill.month == month.first:
            bills[bill.account] = key
    return Directory(
        accounts={key: one for key, one in found[Account].items() if isinstance(one, Account)},
        services={key: one for key, one in found[Service].items() if isinstance(one, Service)},
        houses={key: one for key, one in found[House].items() if isinstance(one, House)},
        premises={(one.house, one.number): key for key, one in found[Premises].items() if isinstance(one, Premises)},
        persons={key: one for key, one in found[Person].items() if isinstance(one, Person)},
        residences={key: one for key, one in found[Residence].items() if isinstance(one, Residence)},
        meters={key: one for key, one in found[Meter].items() if isinstance(one, Meter)},
        readings={meter: tuple(sorted(those, key=lambda one: (one.taken_on, one.key))) for meter, those in readings.items()},
        creditors={service: next(iter(those)) for service, those in creditors.items() if len(those) == 1},
        bills=bills,
        others={
            (kind.kind_name, key): body
            for kind, those in ((Reading, found[Reading]), (Balance, found[Balance]), (StatedBill, found[StatedBill]),
                                (StatedLine, found[StatedLine]), (StatedContribution, contributions))
            for key, body in those.items()
        },
    )  # fmt: skip


def written(value: object) -> str:
    """A value of a change, for people."""
    if value is None:
        return "—"
    if isinstance(value, date):
        return f"{value:%d.%m.%Y}"
    return str(value)

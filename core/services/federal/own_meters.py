"""Individual meters as the records of a sender have them: one device of several rates is one meter; and what an inspector read of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from core.ids import ProviderId
from core.model.records import Meter, Reading
from core.period import Month
from core.records.bodies import read_records
from core.records.entities import entity_ids
from core.records.latest import read_accounts, read_services
from core.records.rows import AccountRow
from core.services.federal.resources import RESOURCES

__all__ = ["OwnMeter", "control_readings", "own_meters"]

_INDIVIDUAL = 3
_INSPECTOR = 2
"""Source of a reading (PUVAL.5)."""


@dataclass(frozen=True, slots=True)
class OwnMeter:
    """An individual meter of our records, with its rates together; ``start_e3`` by rate."""

    account: AccountRow
    serial: str
    utility: int
    okei: str
    make: str
    model: str
    commissioned_on: date | None
    verified_on: date | None
    start_e3: tuple[int, ...]
    is_open: bool
    keys: tuple[str, ...]
    """The sender's keys of its rates."""

    @property
    def title(self) -> str:
        """How a person knows it."""
        return f"{self.account.number} {self.serial}"

    def lacking(self) -> str:
        """What its passport lacks, in Russian."""
        lacks = [name for name, value in (("марки", self.make), ("модели", self.model), ("дня ввода", self.commissioned_on)) if not value]
        return f"в данных поставщика нет {', '.join(lacks)} (PU, поля 8, 9 и 11)" if lacks else ""


def own_meters(connection: Connection, provider_id: ProviderId) -> list[OwnMeter]:
    """Individual meters as they stand in the records; one device of several rates is one meter, its first rate the first service."""
    services = {row.key: row for row in read_services(connection, provider_id=provider_id)}
    accounts = {row.entity_id: row for row in read_accounts(connection, provider_id=provider_id)}
    by_key = {key: accounts[entity] for key, entity in entity_ids(connection, provider_id, "account").items() if entity in accounts}
    rates: dict[tuple[str, str, int], list[tuple[int, str, Meter]]] = defaultdict(list)
    for record in read_records(connection, Meter, provider_id=provider_id):
        body, service = record.body, services.get(record.body.service)
        utility = None if service is None else service.utility_kind
        if body.kind == _INDIVIDUAL and body.account in by_key and service is not None and utility is not None and utility in RESOURCES:
            rates[body.account, body.serial, utility].append((service.zone or 0, record.key, body))
    found = []
    for (account, serial, utility), listed in rates.items():
        listed.sort(key=lambda rate: (rate[0], rate[1]))
        first = listed[0][2]
        found.append(
            OwnMeter(
                by_key[account],
                serial,
                utility,
                services[first.service].okei,
                first.make,
                first.model,
                first.commissioned_on,
                first.verified_on,
                tuple(body.start_e3 or 0 for _, _, body in listed),
                any(body.is_open for _, _, body in listed),
                tuple(key for _, key, _ in listed),
            )
        )
    return found


def control_readings(connection: Connection, provider_id: ProviderId, month: Month) -> Iterator[tuple[OwnMeter, date, tuple[int, ...]]]:
    """What an inspector read in a month: the meter, the day and the values by rate; a device of which one rate was not read is left out."""
    by_key = {key: one for one in own_meters(connection, provider_id) for key in one.keys}
    read: dict[tuple[str, date], dict[tuple[str, int], int]] = defaultdict(dict)
    for record in read_records(connection, Reading, provider_id=provider_id):
        body = record.body
        if body.source == _INSPECTOR and Month.of(body.taken_on) == month and body.meter in by_key:
            first = by_key[body.meter].keys[0]
            read[first, body.taken_on][body.meter, body.zone or 0] = body.value_e3
    for (first, day), values in read.items():
        meter = by_key[first]
        listed = [values[place] for place in sorted(values, key=lambda place: (meter.keys.index(place[0]), place[1]))]
        if len(listed) >= len(meter.keys):
            yield meter, day, tuple(listed)

"""Readings of a provider's month as they stand: in use, held and why, decided by a person; and what earlier ones a meter has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from core.ids import ProviderId, RecordId
from core.model.records import Account, Meter, Reading, Service
from core.period import Month
from core.records.versions import in_force, scope, with_tables
from core.storage.sql import queries

__all__ = ["MeterReadings", "MonthReading", "meter_readings", "month_readings"]


@dataclass(frozen=True, slots=True)
class MonthReading:
    """One reading with its meter."""

    record_id: RecordId
    key: str
    meter: str
    serial: str
    account_number: str
    taken_on: date
    value_e3: int
    zone: int | None
    source: int | None
    state: str
    code: str
    """Code of what holds it; empty where nothing does."""
    reason: str
    hint: str

    @property
    def standing(self) -> str:
        """``accepted`` or ``held``."""
        return "held" if self.state == "held" else "accepted"


def month_readings(connection: Connection, *, provider_id: ProviderId, month: Month, held_only: bool = False) -> Iterator[MonthReading]:
    """Readings dated inside a month, in the last version of each, held ones too; by meter, zone and day."""
    tables = {
        "reading_now": in_force(Reading, "r.taken_on BETWEEN :since AND :until_day", any_state=True),
        "meter_now": in_force(Meter),
        "account_now": in_force(Account),
    }
    statement = text(with_tables(queries("core.records").raw["month_readings"], **tables))
    names = scope(provider_id, until=date.max, known_until=None) | {"since": month.first, "until_day": month.last, "held_only": held_only}
    for row in connection.execute(statement, names, execution_options={"yield_per": 5000}):
        yield MonthReading(*row)


@dataclass(frozen=True, slots=True)
class MeterReadings:
    """A meter with its readings in use since a day."""

    key: str
    kind: int
    digits: int | None
    resource_kind: int | None
    readings: tuple[tuple[str, date, int, int | None], ...]
    """Key, day, thousandths, zone; in the order of days."""


def meter_readings(connection: Connection, *, provider_id: ProviderId, since: date) -> Iterator[MeterReadings]:
    """Meters of a provider as they stand last, each with what was read since a day."""
    tables = {"meter_now": in_force(Meter), "service_now": in_force(Service), "reading_now": in_force(Reading, "r.taken_on >= :since")}
    statement = text(with_tables(queries("core.records").raw["meter_readings"], **tables))
    names = scope(provider_id, until=date.max, known_until=None) | {"since": since}
    for row in connection.execute(statement, names, execution_options={"yield_per": 5000}):
        readings = tuple((key, date.fromisoformat(day), value, zone) for key, day, value, zone in row.readings or ())
        yield MeterReadings(row.record_key, row.kind, row.digits, row.resource_kind, readings)

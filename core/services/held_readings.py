"""Readings of a month as people look at them: in use or held and why, through which channel, inside the window of the provider or not; and
the decision to use a held one.

A reading that is accepted by a person is a new version of the same record: its source is the decision, which is archived with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine

from core import archive
from core.charges.law import Law
from core.clock import Clock
from core.errors import ConfigError, InputError
from core.ids import CENTRE
from core.model.finding import Position
from core.model.records import Meter, Reading, Record, Resolution, Service
from core.period import Month
from core.records.bodies import read_records
from core.records.facts import read_settings
from core.records.providers import Provider, providers
from core.records.readings import MonthReading, month_readings
from core.records.resolutions import read_resolutions, resolve
from core.records.store import save
from core.storage.engine import transaction

__all__ = ["CHANNELS", "ListedReading", "Window", "accept_readings", "list_readings", "reading_window", "set_window"]

CHANNELS = {1: "житель", 2: "контролёр", 3: "дистанционно", 4: "организация"}
"""Field 5 of PUVAL."""
_MATTER = "reading_window"
_RESIDENT = 1
_LAST_DAY = 31


@dataclass(frozen=True, slots=True)
class Window:
    """Days of the month in which consumers' readings are taken, both included; ``last`` 31 is the last day of any month."""

    first: int
    last: int
    basis: str

    def holds(self, day: date) -> bool:
        """Whether a reading of this day is in time."""
        return self.first <= day.day <= self.last


@dataclass(frozen=True, slots=True)
class ListedReading:
    """One reading with what a person needs to know of it."""

    reading: MonthReading
    service: str
    is_in_window: bool
    """Readings of inspectors, devices and companies have no window."""

    @property
    def channel(self) -> str:
        """Who read it."""
        return CHANNELS.get(self.reading.source or 0, "не указан")


def reading_window(connection: Connection, sender: Provider, *, month: Month, law: Law) -> Window:
    """The window of a provider: what was decided for it, else the region's setting, else the law's."""
    decided = read_resolutions(connection, _MATTER).get(_subject(sender))
    if decided is not None:
        first, _, last = decided.body.value.partition("-")
        return Window(int(first), int(last), decided.body.reason)
    own, day = read_settings(connection, day=month.last, provider_id=sender.provider_id), month.last
    days = [int(str(own.get(f"reading_{name}", law.number(f"reading.{name}", day)))) for name in ("first_day", "last_day")]
    if "reading_first_day" in own or "reading_last_day" in own:
        return Window(days[0], days[1], "настройка региона")
    rule = law.parameters["reading.first_day"]
    return Window(days[0], days[1], f"{rule.on(day).act}, {rule.clause}")


def set_window(engine: Engine, *, inn: str, first: int, last: int, reason: str, actor: str, clock: Clock, kpp: str | None = None) -> Window:
    """Decide the window of a provider. ``ConfigError`` RD-0101 for days that are none, ``InputError`` RD-0102 without a reason."""
    if not 1 <= first <= last <= _LAST_DAY:
        raise ConfigError("RD-0101", f"С {first} по {last} — не дни месяца.", hint="Последний день любого месяца — 31.")
    _needs(reason)
    with transaction(engine) as connection:
        sender = _sender(connection, inn, kpp)
        body = Resolution(_MATTER, _subject(sender), f"{first}-{last}", "", reason.strip(), actor)
        at = clock.now()
        document = {"decision": _MATTER, "sender": body.subject, "window": body.value, "reason": body.reason, "actor": actor}
        message = archive.store(
            connection,
            data=json.dumps(document | {"decided_at": at.isoformat()}, ensure_ascii=False, indent=1).encode(),
            name="reading-window.json",
            channel="readings",
            direction="decision",
            provider_id=CENTRE,
            at=at,
        ).message_id
        resolve(connection, [body], message_id=message, at=at)
    return Window(first, last, body.reason)


def list_readings(
    engine: Engine, *, month: Month, law: Law, inn: str, held_only: bool = False, kpp: str | None = None
) -> tuple[Provider, Window, list[ListedReading]]:
    """Readings of a provider's month; ``ConfigError`` RD-0103 when there is no such provider."""
    with transaction(engine) as connection:
        sender = _sender(connection, inn, kpp)
        window = reading_window(connection, sender, month=month, law=law)
        names = {one.key: one.body.name for one in read_records(connection, Service, provider_id=sender.provider_id)}
        services = {one.key: names.get(one.body.service, "") for one in read_records(connection, Meter, provider_id=sender.provider_id)}
        found = [
            ListedReading(one, services.get(one.meter, ""), one.source != _RESIDENT or window.holds(one.taken_on))
            for one in month_readings(connection, provider_id=sender.provider_id, month=month, held_only=held_only)
        ]
    return sender, window, found


def accept_readings(
    engine: Engine, *, inn: str, month: Month, keys: Sequence[str], reason: str, actor: str, clock: Clock, kpp: str | None = None
) -> int:
    """Use held readings, all or none; how many. ``InputError`` RD-0104 for a key that no held reading of the month has."""
    _needs(reason)
    with transaction(engine) as connection:
        sender = _sender(connection, inn, kpp)
        held = {one.key: one for one in month_readings(connection, provider_id=sender.provider_id, month=month, held_only=True)}
        missing = [key for key in keys if key not in held]
        if missing:
            raise InputError(
                "RD-0104", f"Отложенного показания {', '.join(missing)} нет.", hint=f"Отложенные: erkc readings list {inn} {month} --held."
            )
        chosen = [held[key] for key in dict.fromkeys(keys)]
        at = clock.now()
        document = {
            "decision": "readings",
            "readings": [
                {"key": one.key, "meter": one.meter, "taken_on": one.taken_on.isoformat(), "value_e3": one.value_e3, "code": one.code}
                for one in chosen
            ],
            "reason": reason.strip(),
            "actor": actor,
            "decided_at": at.isoformat(),
        }
        message = archive.store(
            connection,
            data=json.dumps(document, ensure_ascii=False, indent=1).encode(),
            name="readings.json",
            channel="readings",
            direction="decision",
            provider_id=CENTRE,
            at=at,
        ).message_id
        records = [
            Record(one.key, Position("readings.json", n), Reading(one.meter, one.taken_on, one.value_e3, one.source, one.zone))
            for n, one in enumerate(chosen, 1)
        ]
        saved = save(connection, provider_id=sender.provider_id, message_id=message, records=records, recorded_at=at)
        return sum(saved.new.values())


def _subject(sender: Provider) -> str:
    return f"{sender.inn}/{sender.kpp}"


def _needs(reason: str) -> None:
    if not reason.strip():
        raise InputError("RD-0102", "Не указана причина решения.", hint='Напишите, почему это верно: --reason "…".')


def _sender(connection: Connection, inn: str, kpp: str | None) -> Provider:
    found = [one for one in providers(connection) if one.provider_id != CENTRE and one.inn == inn and kpp in (None, one.kpp)]
    if len(found) != 1:
        what = "не зарегистрирован" if not found else "назван неоднозначно"
        raise ConfigError("RD-0103", f"Отправитель с ИНН {inn} {what}.", hint="Загрузите настройки региона (erkc region load) или --kpp.")
    return found[0]

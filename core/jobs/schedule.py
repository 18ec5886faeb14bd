"""The schedule: which jobs there are, at which moments, and what happens to moments that were slept through. Pure: a document in, jobs
out.

Moments are written as in crontab (five fields, or six with seconds first) in the schedule's time zone and computed by APScheduler's
trigger. Days of the week have names: its numbers begin on Monday, crontab's on Sunday, and a schedule must not depend on who is right.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apscheduler.triggers.cron import CronTrigger

from core.errors import ConfigError

__all__ = ["CatchUp", "Job", "Scope", "parse_schedule"]

_KEYS = {"title": str, "cron": str, "catch_up": str, "lease_s": int, "scope": str}
_REQUIRED = ("title", "cron", "catch_up", "lease_s")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LOOK_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=366))
_Choice = TypeVar("_Choice", bound=StrEnum)


class CatchUp(StrEnum):
    """What becomes of moments that nobody opened in time."""

    LATEST = "latest"
    """Only the last one runs; those before it are stored as missed."""
    EACH = "each"
    """Every one runs."""


class Scope(StrEnum):
    """For whom a moment is opened."""

    CENTRE = "centre"
    PROVIDER = "provider"
    """Once for each provider, so that one's failure stops nobody else."""


@dataclass(frozen=True, slots=True)
class Job:
    """One line of the schedule. ``lease`` is how long a worker may keep a claim before others take it for dead."""

    kind: str
    title: str
    trigger: CronTrigger
    catch_up: CatchUp
    lease: timedelta
    scope: Scope = Scope.CENTRE

    def moments(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Planned moments later than ``after`` and not later than ``until``, in UTC, in order."""
        moment = self._next(after)
        while moment is not None and moment <= until:
            yield moment
            moment = self._next(moment)

    def latest(self, until: datetime) -> datetime | None:
        """The last planned moment not later than ``until``, looking back a year."""
        for span in _LOOK_BACK:
            moments = list(self.moments(until - span, until))
            if moments:
                return moments[-1]
        return None

    def _next(self, after: datetime) -> datetime | None:
        planned: datetime | None = self.trigger.get_next_fire_time(
            None, (after + timedelta(microseconds=1)).astimezone(self.trigger.timezone)
        )
        return None if planned is None else planned.astimezone(UTC)


def parse_schedule(document: Mapping[str, object], *, source: str) -> tuple[Job, ...]:
    """Jobs of a schedule document: ``timezone`` and a table ``jobs.<kind>`` for each job.

    Whatever is unknown, missing or unreadable is a :class:`ConfigError` JOB-01xx naming ``source`` and the key.
    """
    for key in document:
        if key not in ("timezone", "jobs"):
            raise _unknown(source, key, ("timezone", "jobs"))
    zone_name = document.get("timezone")
    try:
        zone = ZoneInfo(str(zone_name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _wrong(source, "timezone", f"неизвестный часовой пояс {zone_name!r}", "Например, Europe/Moscow.") from None
    tables = document.get("jobs")
    if not isinstance(tables, Mapping) or not tables:
        raise _wrong(source, "jobs", "в расписании нет ни одной задачи", "Опишите задачи таблицами [jobs.имя].")
    return tuple(_job(kind, table, zone, source) for kind, table in tables.items())


def _job(kind: str, table: object, zone: ZoneInfo, source: str) -> Job:
    where = f"jobs.{kind}"
    if not _KIND.fullmatch(kind) or not isinstance(table, Mapping):
        raise _wrong(
            source, where, "имя задачи — латинские буквы, цифры и подчёркивания, значение — таблица", "Например, [jobs.take_inbox]."
        )
    for key in table:
        if key not in _KEYS:
            raise _unknown(source, f"{where}.{key}", tuple(f"{where}.{known}" for known in _KEYS))
    for key in _REQUIRED:
        if key not in table:
            raise _wrong(source, f"{where}.{key}", "ключ обязателен", "Добавьте его.")
    for key, value in table.items():
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            raise _wrong(source, f"{where}.{key}", f"недопустимое значение {value!r}", "Нужна строка; lease_s — целое число секунд.")
    if not str(table["title"]).strip():
        raise _wrong(source, f"{where}.title", "название пусто", "Назовите задачу по-русски.")
    if not 1 <= table["lease_s"] <= 86_400:
        raise _wrong(source, f"{where}.lease_s", f"недопустимое значение {table['lease_s']!r}", "От 1 до 86400 секунд.")
    return Job(
        kind,
        table["title"],
        _trigger(table["cron"], zone, source, f"{where}.cron"),
        _choice(CatchUp, table["catch_up"], source, f"{where}.catch_up"),
        timedelta(seconds=table["lease_s"]),
        _choice(Scope, table.get("scope", Scope.CENTRE), source, f"{where}.scope"),
    )


def _choice(kinds: type[_Choice], value: str, source: str, key: str) -> _Choice:
    try:
        return kinds(value)
    except ValueError:
        raise _wrong(source, key, f"недопустимое значение {value!r}", f"Допустимо: {', '.join(kinds)}.") from None


def _trigger(cron: str, zone: ZoneInfo, source: str, key: str) -> CronTrigger:
    fields = cron.split()
    hint = "Пять полей crontab: минута час день месяц день-недели (mon…sun); шестое, впереди, — секунды."
    if len(fields) not in (5, 6):
        raise _wrong(source, key, f"в {cron!r} не пять и не шесть полей", hint)
    if re.search(r"\d", re.sub(r"\d+(st|nd|rd|th)", "", re.sub(r"/\d+", "", fields[-1]))):
        raise _wrong(source, key, f"день недели {fields[-1]!r} записан числом", hint)
    second, minute, hour, day, month, day_of_week = ["0", *fields][-6:]
    try:
        return CronTrigger(second=second, minute=minute, hour=hour, day=day, month=month, day_of_week=day_of_week, timezone=zone)
    except ValueError as error:
        raise _wrong(source, key, f"{cron!r} не читается ({error})", hint) from None


def _wrong(source: str, key: str, what: str, hint: str) -> ConfigError:
    return ConfigError("JOB-0101", f"Расписание {source}, ключ {key}: {what}.", hint=hint, file=source, option=key)


def _unknown(source: str, key: str, known: tuple[str, ...]) -> ConfigError:
    near = difflib.get_close_matches(key, known, 1)
    hint = f"Возможно, {near[0]}?" if near else f"Допустимо: {', '.join(known)}."
    return ConfigError("JOB-0102", f"Расписание {source}: неизвестный ключ {key}.", hint=hint, file=source, option=key)

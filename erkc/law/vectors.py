"""Vectors of schema ``354-vector/1``: reading them, the register of harnesses, and the comparison with what our functions give.

A harness is one function registered by the name that vectors call it by::

    @harness("metered")
    def metered(vector: Vector) -> Got: ...

It calls public functions of the rooms and computes nothing that belongs to them. Amounts are compared exactly; volumes to nine decimals;
``other`` as the values say (numbers as numbers, all else as text).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from core.charges.findings import Held
from core.charges.law import Law
from core.errors import ConfigError, InputError, system_reason
from core.money import format_roubles, rounded
from core.period import Month
from core.validate.settings import SETTING_RULES, canonical_setting

__all__ = ["HARNESSES", "Failure", "Got", "Harness", "Outcome", "Vector", "check", "harness", "read_vectors"]

_SCHEMA = "354-vector/1"
_PLACES = 10**9
_NUMBERS = frozenset(("heating_months", "range_bounds", "days_off", "social_area"))
"""Settings of a region that are no question of practice."""


@dataclass(frozen=True, slots=True)
class Vector:
    """One case: its inputs with the units taken off, its settings over the defaults of the law, and what is expected."""

    id: str
    title: str
    harness: str
    inputs: Mapping[str, Any]
    """Values as JSON gives them (``Any``): decimal strings, booleans, lists of objects."""
    settings: Mapping[str, Any]
    amounts: Mapping[str, str]
    volumes: Mapping[str, Any]
    other: Mapping[str, Any]
    law: Law

    def has(self, name: str) -> bool:
        """Whether the input is given; an absent symbol is not known or not applicable."""
        return self.inputs.get(name) is not None

    def number(self, name: str, default: Fraction | int | None = None) -> Fraction:
        """A number; an absent one without a default is an ``InputError``."""
        value = self.inputs.get(name)
        if value is None:
            if default is None:
                raise InputError("LAW-0102", f"{self.id}: нет величины {name}.", hint="Обозначения описаны в docs/354.md.")
            return Fraction(default)
        return Fraction(str(value))

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """A list of objects; empty when absent."""
        return list(self.inputs.get(name) or [])

    def numbers(self, name: str) -> list[Fraction]:
        """A list of numbers; empty when absent."""
        return [Fraction(str(value)) for value in self.inputs.get(name) or []]

    def text(self, name: str, default: str = "") -> str:
        """A code or a date as text."""
        value = self.inputs.get(name)
        return default if value is None else str(value)

    def flag(self, name: str) -> bool | None:
        """Yes, no, or not known."""
        value = self.inputs.get(name)
        return None if value is None else value in (True, "true")

    def month(self, name: str = "period", default: str = "2026-06") -> Month:
        """A billing month."""
        return Month.parse(self.text(name, default))

    def setting(self, name: str, day: date | None = None) -> str:
        """The way named by the vector, in our words; else the default of the law on the day."""
        if name in self.settings:
            return _said(self, name)
        return self.law.parameters[f"setting.{name}"].on(day or self.month().last).value


class _Asked(dict[str, Any]):
    """Settings of a vector that remember which of them a harness has looked at (``Any``: JSON values)."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)


def _said(vector: Vector, name: str) -> str:
    value = str(vector.settings[name])
    rule = SETTING_RULES.get(name)
    if rule is None or value in rule.functions_only:
        return value
    return canonical_setting(name, vector.settings[name]) or value


@dataclass(slots=True)
class Got:
    """What our functions give: kopecks by key, exact volumes by key, and the rest."""

    amounts: dict[str, int] = field(default_factory=dict)
    volumes: dict[str, Fraction] = field(default_factory=dict)
    other: dict[str, Any] = field(default_factory=dict)


Harness = Callable[[Vector], Got]
HARNESSES: dict[str, Harness] = {}
"""Harnesses by the names that vectors use; modules of this folder fill it when they are imported."""


CARRIED: dict[str, Mapping[str, tuple[str, ...]]] = {}
"""By harness: settings that its inputs carry already, or that its calculation is one way of, with those ways; empty: every way."""


def harness(name: str, **carried: tuple[str, ...]) -> Callable[[Harness], Harness]:
    """Register the function as the harness of the name; ``carried``: see :data:`CARRIED`."""

    def register(function: Harness) -> Harness:
        if name in HARNESSES:
            raise ValueError(f"harness {name} is registered twice")
        HARNESSES[name] = function
        CARRIED[name] = carried
        return function

    return register


@dataclass(frozen=True, slots=True)
class Failure:
    """One key of a vector that does not hold; ``got`` is None when nothing was given for it."""

    id: str
    key: str
    expected: str | None
    got: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the vectors of some files came to."""

    passed: int
    failed: tuple[Failure, ...]
    unsupported: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """As outsiders read it."""
        failed = [{"id": one.id, "key": one.key, "expected": one.expected, "got": one.got} for one in self.failed]
        return {"passed": self.passed, "failed": failed, "unsupported": list(self.unsupported)}


def read_vectors(path: Path, law: Law) -> list[Vector]:
    """The vectors of a file; what is no file of the schema is an ``InputError``."""
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError("CLI-0201", f"Файл {path} не читается: {system_reason(error)}.", hint="Проверьте путь и права.") from error
    except UnicodeDecodeError as error:
        raise InputError("LAW-0101", f"{path.name}: не UTF-8 (байт {error.start}).", hint="Сохраните файл в UTF-8.") from error
    except json.JSONDecodeError as error:
        place = f"строка {error.lineno}, знак {error.colno}"
        raise InputError("LAW-0101", f"{path.name}, {place}: ошибка записи JSON.", hint="Ожидается файл схемы 354-vector/1.") from error
    if not isinstance(document, dict) or document.get("schema") != _SCHEMA or not isinstance(document.get("vectors"), list):
        raise InputError("LAW-0101", f"{path.name}: это не файл схемы {_SCHEMA}.", hint="Схема описана в docs/354.md.")
    return [_vector(number, item, path, law) for number, item in enumerate(document["vectors"], start=1)]


def _vector(number: int, item: Any, path: Path, law: Law) -> Vector:
    try:
        expected = item.get("expected", {})
        return Vector(
            id=str(item["id"]), title=str(item.get("title", "")), harness=str(item["harness"]),
            inputs={name: body["value"] for name, body in item["inputs"].items()}, settings=item.get("settings", {}),
            amounts=expected.get("amounts_rub", {}), volumes=expected.get("volumes", {}), other=expected.get("other", {}), law=law,
        )  # fmt: skip
    except (KeyError, TypeError, AttributeError) as error:
        what = f"нет {error}" if isinstance(error, KeyError) else "значение не того вида (величина — {value, unit})"
        text = f"{path.name}: вектор № {number} не по схеме: {what}."
        raise InputError("LAW-0101", text, hint="Схема описана в docs/354.md.") from error


def check(vectors: Iterable[Vector]) -> Outcome:
    """Run each vector through its harness. A vector that a harness cannot read fails with the key ``inputs``.

    Unsupported is a vector of an unknown harness, and one with a setting that is not computed, or that its harness does not go by although
    it differs from the default: it is never run as if the setting were not there.
    """
    passed, failed, unsupported = 0, list[Failure](), list[str]()
    for vector in vectors:
        run = HARNESSES.get(vector.harness)
        if run is None or not _is_computed(vector):
            unsupported.append(vector.id)
            continue
        asked = _Asked(vector.settings)
        found = _compare(replace(vector, settings=asked), run)
        if any(not _is_carried(vector, name) for name in vector.settings.keys() - asked.asked):
            unsupported.append(vector.id)
            continue
        failed.extend(found)
        passed += not found
    return Outcome(passed, tuple(failed), tuple(unsupported))


def _is_computed(vector: Vector) -> bool:
    """Whether each setting of the vector is known, with a value that is computed."""
    try:
        return all(
            str(value) in SETTING_RULES[name].functions_only or canonical_setting(name, value) is not None
            if name in SETTING_RULES
            else name in _NUMBERS
            for name, value in vector.settings.items()
        )
    except ValueError:
        return False


def _is_carried(vector: Vector, name: str) -> bool:
    """Whether a setting that the harness has not looked at is in its inputs, is what the harness computes, or holds without being said."""
    carried = CARRIED[vector.harness]
    if name in carried:
        return not carried[name] or _said(vector, name) in carried[name]
    known = vector.law.parameters.get(f"setting.{name}")
    default = SETTING_RULES[name].ways[0] if known is None and name in SETTING_RULES else None
    if known is not None:
        default = known.values[-1].value
    return default is not None and _said(vector, name) == default


def _compare(vector: Vector, run: Harness) -> Sequence[Failure]:
    try:
        got = run(vector)
    except Held as held:
        got = Got(other={"held": "true", "code": held.code})
    except (InputError, ValueError, KeyError, ZeroDivisionError, TypeError) as error:
        return [Failure(vector.id, "inputs", None, _unreadable(error))]
    failures = []
    amounts = {name: format_roubles(amount) for name, amount in got.amounts.items()}
    for key in dict.fromkeys([*vector.amounts, *amounts]):
        if vector.amounts.get(key) != amounts.get(key):
            failures.append(Failure(vector.id, key, vector.amounts.get(key), amounts.get(key)))
    for key, body in vector.volumes.items():
        wanted = str(body["value"] if isinstance(body, Mapping) else body)
        volume = got.volumes.get(key)
        if volume is None or rounded(volume, _PLACES) != rounded(Fraction(wanted), _PLACES):
            failures.append(Failure(vector.id, f"volumes.{key}", wanted, None if volume is None else _decimal(volume)))
    for key, wanted in vector.other.items():
        if not _same(wanted, got.other.get(key)):
            failures.append(Failure(vector.id, f"other.{key}", _text(wanted), _text(got.other.get(key))))
    return failures


def _unreadable(error: Exception) -> str:
    """Why a harness could not compute the inputs, for people."""
    if isinstance(error, InputError):
        return error.message
    if isinstance(error, KeyError):
        return f"нет {error}"
    if isinstance(error, ZeroDivisionError):
        return "деление на ноль"
    found = re.search(r"'([^']*)'", str(error))
    return f"значение {found[1]!r} не того вида" if found else "значения не подходят этому расчёту"


def _same(wanted: Any, got: Any) -> bool:
    """Equal as numbers where both are numbers, as text otherwise; objects key by key."""
    if isinstance(wanted, Mapping):
        if "value" in wanted and not isinstance(got, Mapping):
            return _same(wanted["value"], got)
        return isinstance(got, Mapping) and set(wanted) == set(got) and all(_same(wanted[key], got[key]) for key in wanted)
    if isinstance(wanted, list):
        return isinstance(got, Sequence) and len(wanted) == len(got) and all(map(_same, wanted, got))
    if isinstance(wanted, bool) or isinstance(got, bool) or got is None:
        return _text(wanted) == _text(got)
    try:
        return rounded(Fraction(str(wanted)), _PLACES) == rounded(Fraction(str(got)), _PLACES)
    except ValueError:
        return _text(wanted) == _text(got)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Fraction):
        return _decimal(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return str(value)


def _decimal(value: Fraction) -> str:
    """A number as text with up to nine decimals."""
    whole = rounded(value, _PLACES)
    sign, digits = "-" if whole < 0 else "", str(abs(whole)).rjust(10, "0")
    return f"{sign}{digits[:-9]}.{digits[-9:]}".rstrip("0").rstrip(".")

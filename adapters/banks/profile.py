"""Profiles: what was agreed with a bank or agent about its files, as typed data from ``config/banks/*.toml``.

A profile names a layout (the code that reads it) and everything that differs between contracts: encodings, separator, columns, trailer, fee
model, substitutions in the account number, the agent's accounts. Unknown keys are errors: a misspelt agreement must not be ignored.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from core.errors import ConfigError

__all__ = ["Column", "FeeModel", "FirstLine", "Profile", "Trailer", "bundled", "load_profile", "profile_named"]

FeeModel = Literal["kept", "on_top", "billed"]
ColumnKind = Literal["text", "date", "time", "month", "amount"]
_ENCODINGS = ("cp1251", "cp866", "koi8-r", "utf-8")


@dataclass(frozen=True, slots=True)
class Column:
    """Where a value stands and how it is written. ``key`` is its name in the published contract."""

    key: str
    at: int
    kind: ColumnKind = "text"
    pattern: str = ""
    required: bool = False
    split: str = ""
    """A date-time: the date stands before this sign and the time, written as ``time``, after it."""
    time: str = ""


@dataclass(frozen=True, slots=True)
class FirstLine:
    """A line before the data that begins with ``mark`` and names the registry."""

    mark: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Trailer:
    """The last line: it begins with ``mark``, has ``items`` values after it, and declares sums."""

    mark: str
    items: int
    control: Mapping[str, int]
    """Key of the contract → place among the items."""
    header: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One agreement about files. Money is kopecks once read."""

    name: str
    title: str
    layout: Literal["delimited", "onec"]
    extension: str
    encodings: tuple[str, ...]
    """The agreed one first; the others are accepted with a warning."""
    separator: str = ";"
    fields: int = 0
    columns: tuple[Column, ...] = ()
    first_line: FirstLine | None = None
    trailer: Trailer | None = None
    storno_mark: str = ""
    """First field of a row that takes a payment back."""
    fee_model: FeeModel = "kept"
    agent: str = ""
    agent_accounts: tuple[str, ...] = ()
    account_substitution: Mapping[str, str] = field(default_factory=dict)
    """Characters that the agent writes in place of others in a personal account, and what they stand for."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of a record of this profile, in the order of the file."""
        keys: list[str] = []
        for column in self.columns:
            keys.append(column.key)
            if column.split:
                keys.append(column.key.removesuffix("_date") + "_time")
        return tuple(keys)


def load_profile(text: str, source: str) -> Profile:
    """Read a profile; ``ConfigError`` BANK-0001 names the file and the key that is wrong."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(source, f"файл не читается: {error}") from error
    first, last = table.pop("first_line", None), table.pop("trailer", None)
    columns = _columns(table.pop("columns", {}), source)
    known = set(Profile.__dataclass_fields__) - {"first_line", "trailer", "columns"}
    _refuse_unknown(table, known, source)
    for key in ("name", "title", "layout", "extension", "encodings"):
        if key not in table:
            raise _wrong(source, f"нет ключа «{key}»")
    if table["layout"] not in ("delimited", "onec"):
        raise _wrong(source, f"неизвестный layout «{table['layout']}»")
    if table.get("fee_model", "kept") not in ("kept", "on_top", "billed"):
        raise _wrong(source, f"неизвестная модель комиссии «{table['fee_model']}»")
    if not table["encodings"] or not set(table["encodings"]) <= set(_ENCODINGS):
        raise _wrong(source, f"encodings: допустимы {', '.join(_ENCODINGS)}")
    if table["layout"] == "delimited" and not {"operation_id", "account", "amount_kop"} <= {column.key for column in columns}:
        raise _wrong(source, "в columns нужны operation_id, account и amount_kop")
    for key in ("encodings", "agent_accounts"):
        if key in table:
            table[key] = tuple(table[key])
    return Profile(
        columns=columns,
        first_line=_first_line(first, source) if first else None,
        trailer=_trailer(last, source) if last else None,
        **table,
    )


def _columns(table: Mapping[str, Any], source: str) -> tuple[Column, ...]:
    columns = []
    for key, value in table.items():
        _refuse_unknown(value, set(Column.__dataclass_fields__) - {"key"}, source)
        if not isinstance(value.get("at"), int):
            raise _wrong(source, f"у столбца «{key}» нет номера at")
        columns.append(Column(key=key, **value))
    return tuple(sorted(columns, key=lambda column: column.at))


def _first_line(table: dict[str, Any], source: str) -> FirstLine:
    return FirstLine(table.pop("mark"), _columns(table, source))


def _trailer(table: dict[str, Any], source: str) -> Trailer:
    _refuse_unknown(table, {"mark", "items", "control", "header"}, source)
    return Trailer(table["mark"], table["items"], table["control"], _columns(table.get("header", {}), source))


def _refuse_unknown(table: Mapping[str, Any], known: set[str], source: str) -> None:
    for key in table:
        if key not in known:
            close = difflib.get_close_matches(key, known, 1)
            raise _wrong(source, f"неизвестный ключ «{key}»" + (f", похоже на «{close[0]}»" if close else ""))


def _wrong(source: str, what: str) -> ConfigError:
    return ConfigError("BANK-0001", f"Профиль банка {source}: {what}.", hint="Исправьте файл в config/banks.", source=source)


@cache
def bundled() -> Mapping[str, Profile]:
    """Profiles that come with the project, by name."""
    profiles = {}
    for path in sorted(files("config").joinpath("banks").iterdir(), key=lambda item: item.name):
        if path.name.endswith(".toml"):
            profile = load_profile(path.read_text(encoding="utf-8"), path.name)
            profiles[profile.name] = profile
    return profiles


def profile_named(name: str) -> Profile:
    """A bundled profile; ``ConfigError`` BANK-0002 lists those there are."""
    profile = bundled().get(name)
    if profile is None:
        close = difflib.get_close_matches(name, bundled(), 1)
        known = ", ".join(bundled())
        raise ConfigError(
            "BANK-0002",
            f"Профиля банка «{name}» нет" + (f", похоже на «{close[0]}»." if close else "."),
            hint=f"Есть: {known}.",
            profile=name,
        )
    return profile

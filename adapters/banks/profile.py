"""Profiles: what was agreed with a bank or agent about its files, as typed data from ``config/banks/*.toml``.

A profile names a layout (the code that reads it) and everything that differs between contracts: encodings, separator, columns, trailer, fee
model, substitutions in the account number, the agent's accounts. Unknown keys are errors: a misspelt agreement must not be ignored.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Formatter
from typing import Any, Literal

from core.errors import ConfigError

__all__ = [
    "OUT_WORDS",
    "Column",
    "FeeModel",
    "FileName",
    "FirstLine",
    "Outgoing",
    "Profile",
    "Trailer",
    "bundled",
    "load_profile",
    "profile_named",
    "use_site_profiles",
]

FeeModel = Literal["kept", "on_top", "billed"]
ColumnKind = Literal["text", "date", "time", "month", "amount", "count", "readings"]
_STATEMENTS = ("onec", "camt053", "ed211", "ed101", "packetepd")
_REGISTRIES = ("delimited", "keyvalue", "dbf", "sheet", "attributes", "json", "camt054")
_NAMED = ("keyvalue", "dbf", "sheet", "attributes", "json")
"""Layouts whose columns are found by name: their places are the order in which the profile lists them."""
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
    part: int = -1
    """A text of several values: which of those that ``split`` separates; the last one takes the rest."""
    name: str = ""
    """How the container calls it: field of a DBF, title of a sheet's column, XML attribute, JSON key, word of a key:value item. Several
    names separated by ``|`` are joined by a space (texts) or, when ``first`` is set, the first that is not empty is taken."""
    first: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    """Codes of the file and what they mean; a code that is not listed is null."""


@dataclass(frozen=True, slots=True)
class FileName:
    """Facts that stand in the file name: groups of ``mask`` by key."""

    mask: re.Pattern[str]
    columns: tuple[Column, ...]


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


OUT_WORDS = frozenset(
    ("account", "els", "izku", "house_fias", "flat", "premises", "payer_name",
     "surname", "first_name", "patronymic", "address", "city", "street",
     "house", "charge", "penalty", "amount", "bill", "kind", "service", "payee_inn", "payee_account", "payee_name", "number", "period",
     "first_day", "last_day", "total", "count")
)  # fmt: skip
"""What the texts of an outgoing registry may name in braces; ``kind`` is 01 for a charge and 02 for a penalty."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How a registry of charges is written: texts with words of :data:`OUT_WORDS` in braces."""

    file_name: str
    row: tuple[str, ...] = ()
    """Fields of a row of a delimited file."""
    before: tuple[str, ...] = ()
    """Lines before the rows."""
    period: str = "ММГГ"
    penalty_apart: bool = False
    """A penalty is a row of its own."""
    parts_without: str = ""
    """Signs that separate parts inside a field: they are taken out of names and addresses too."""
    dbf: Mapping[str, tuple[str, int, int, str]] = field(default_factory=dict)
    """Field of a DBF → type, width, decimals, text."""

    @property
    def texts(self) -> tuple[str, ...]:
        """All texts."""
        return (self.file_name, *self.row, *self.before, *(field[3] for field in self.dbf.values()))


@dataclass(frozen=True, slots=True)
class Profile:
    """One agreement about files. Money is kopecks once read."""

    name: str
    title: str
    layout: str
    extension: str
    encodings: tuple[str, ...]
    """The agreed one first; the others are accepted with a warning."""
    separator: str = ";"
    fields: int = 0
    columns: tuple[Column, ...] = ()
    first_line: FirstLine | None = None
    trailer: Trailer | None = None
    file_name: FileName | None = None
    heading: str = ""
    """An agreed first line without facts."""
    meta: Mapping[str, Column] = field(default_factory=dict)
    """Word of a ``#`` line → what it says; a column of kind ``count`` or ``amount`` is a control total."""
    summary: Mapping[str, str] = field(default_factory=dict)
    """XML: attribute of the total → key of the control; JSON: key → key of the control."""
    header_names: Mapping[str, Column] = field(default_factory=dict)
    """XML: attribute of the root; JSON: key; DBF: field of the first record → fact of the file as a whole."""
    storno_mark: str = ""
    """Text of a row that takes a payment back, in the field ``storno_at``."""
    storno_at: int = 0
    payment_mark: str = ""
    """Where the field ``storno_at`` must say one of the two: what it says for a payment."""
    storno_is_positive: bool = False
    """The file writes the sum of a storno without its minus."""
    amount_is_sum: bool = False
    """The amount is not written: it is charge plus penalty."""
    decimal_comma: bool = False
    """A decimal comma is the rule and no oddity."""
    from_purpose: tuple[str, ...] = ()
    """Keys that are found in the purpose (contract, section 7)."""
    pads_account: bool = False
    """The agent strips leading zeros of the personal account."""
    registry_name: str = ""
    """Expression whose first group is the number that the agent gives the registry in the file name, where the file itself has none."""
    outgoing: bool = False
    """A registry of charges that we send."""
    out: Outgoing | None = None
    """How such a registry is written."""
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
            if column.split and column.kind == "date":
                keys.append(column.key.removesuffix("_date") + "_time")
        if self.amount_is_sum:
            keys.append("amount_kop")
        return (*keys, *self.from_purpose)

    def number_in_name(self, name: str) -> str:
        """The agent's number of a registry, by the file name (that of a member for a file of an archive)."""
        match = re.fullmatch(self.registry_name, name.rpartition("/")[2]) if self.registry_name else None
        return match[1] if match else ""

    @property
    def width(self) -> int:
        """How many texts a whole row has."""
        return len(self.columns) if self.layout in _NAMED else self.fields

    @property
    def is_statement(self) -> bool:
        """An account statement, not a registry of payments."""
        return self.layout in _STATEMENTS

    @property
    def has_payments(self) -> bool:
        """Whether the file brings payments of people: neither a statement nor charges that we send."""
        return not self.is_statement and not self.outgoing


def load_profile(text: str, source: str) -> Profile:
    """Read a profile; ``ConfigError`` BANK-0001 names the file and the key that is wrong."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _wrong(source, f"файл не читается: {error}") from error
    first, last, name = table.pop("first_line", None), table.pop("trailer", None), table.pop("file_name", None)
    out = table.pop("out", None)
    layout = str(table.get("layout"))
    columns = _columns(table.pop("columns", {}), source, named=layout in _NAMED)
    meta, header_names = (_by_word(table.pop(key, {}), source) for key in ("meta", "header_names"))
    known = set(Profile.__dataclass_fields__) - {"first_line", "trailer", "columns", "file_name", "meta", "header_names", "out"}
    _refuse_unknown(table, known, source)
    for key in ("name", "title", "layout", "extension", "encodings"):
        if key not in table:
            raise _wrong(source, f"нет ключа «{key}»")
    if layout not in _STATEMENTS + _REGISTRIES:
        raise _wrong(source, f"неизвестный layout «{layout}»")
    if table.get("fee_model", "kept") not in ("kept", "on_top", "billed"):
        raise _wrong(source, f"неизвестная модель комиссии «{table['fee_model']}»")
    if not set(table["encodings"]) <= set(_ENCODINGS) or (layout == "delimited" and not table["encodings"]):
        raise _wrong(source, f"encodings: допустимы {', '.join(_ENCODINGS)}")
    try:
        groups = re.compile(str(table.get("registry_name", "()"))).groups
    except re.error as error:
        raise _wrong(source, f"registry_name: выражение не читается: {error}") from error
    if not groups:
        raise _wrong(source, "registry_name: нет группы с номером")
    if layout in _REGISTRIES:
        keys = (
            {column.key for column in columns}
            | ({"amount_kop"} if table.get("amount_is_sum") else set())
            | set(table.get("from_purpose", ()))
        )
        missing = sorted({"account", "amount_kop"} - keys)
        if missing:
            raise _wrong(source, f"в columns нужны {', '.join(missing)}")
    for key in ("encodings", "agent_accounts", "from_purpose"):
        if key in table:
            table[key] = tuple(table[key])
    return Profile(
        columns=columns,
        first_line=_first_line(first, source) if first else None,
        trailer=_trailer(last, source) if last else None,
        file_name=_file_name(name, source) if name else None,
        meta=meta,
        header_names=header_names,
        out=_outgoing(out, layout, source) if out else None,
        **table,
    )


def _columns(table: Mapping[str, Any], source: str, *, named: bool = False) -> tuple[Column, ...]:
    columns = []
    for place, (key, value) in enumerate(table.items()):
        _refuse_unknown(value, set(Column.__dataclass_fields__) - {"key"}, source)
        if named:
            value = {**value, "at": place}
        if not isinstance(value.get("at"), int):
            raise _wrong(source, f"у столбца «{key}» нет номера at")
        columns.append(Column(key=key, **value))
    return tuple(sorted(columns, key=lambda column: column.at))


def _by_word(table: Mapping[str, Any], source: str) -> dict[str, Column]:
    """Word of the file → column; a short form names the key alone."""
    columns = {}
    for word, value in table.items():
        value = {"key": value} if isinstance(value, str) else value
        _refuse_unknown(value, set(Column.__dataclass_fields__), source)
        columns[word] = Column(at=0, **value)
    return columns


def _file_name(table: dict[str, Any], source: str) -> FileName:
    try:
        mask = re.compile(table.pop("mask"), re.IGNORECASE)
    except (KeyError, re.error) as error:
        raise _wrong(source, f"file_name: маска не читается: {error}") from error
    for key in table:
        if key not in mask.groupindex:
            raise _wrong(source, f"file_name: в маске нет группы «{key}»")
    return FileName(mask, tuple(Column(key=key, at=0, **value) for key, value in table.items()))


def _first_line(table: dict[str, Any], source: str) -> FirstLine:
    return FirstLine(table.pop("mark"), _columns(table, source))


def _trailer(table: dict[str, Any], source: str) -> Trailer:
    _refuse_unknown(table, {"mark", "items", "control", "header"}, source)
    return Trailer(table["mark"], table["items"], table["control"], _columns(table.get("header", {}), source))


def _outgoing(table: dict[str, Any], layout: str, source: str) -> Outgoing:
    _refuse_unknown(table, set(Outgoing.__dataclass_fields__), source)
    fields = {
        name: (str(kind), int(width), int(decimals), str(text)) for name, (kind, width, decimals, text) in table.pop("dbf", {}).items()
    }
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}  # Any: TOML values
    out = Outgoing(dbf=fields, **given)
    if bool(out.dbf) != (layout == "dbf") or bool(out.row) != (layout == "delimited"):
        raise _wrong(source, "out: для dbf нужна таблица dbf, для delimited — row")
    try:
        words = {word for text in out.texts for _, word, _, _ in Formatter().parse(text) if word is not None}
    except ValueError as error:
        raise _wrong(source, f"out: скобки не закрыты: {error}") from error
    if unknown := sorted(words - OUT_WORDS):
        close = difflib.get_close_matches(unknown[0], OUT_WORDS, 1)
        raise _wrong(source, f"out: неизвестное слово «{{{unknown[0]}}}»" + (f", похоже на «{{{close[0]}}}»" if close else ""))
    return out


def _refuse_unknown(table: Mapping[str, Any], known: set[str], source: str) -> None:
    for key in table:
        if key not in known:
            close = difflib.get_close_matches(key, known, 1)
            raise _wrong(source, f"неизвестный ключ «{key}»" + (f", похоже на «{close[0]}»" if close else ""))


def _wrong(source: str, what: str) -> ConfigError:
    return ConfigError("BANK-0001", f"Профиль банка {source}: {what}.", hint="Исправьте файл в config/banks.", source=source)


_site: list[Path] = []
"""The folder of the site's own profiles, when one is named."""


def use_site_profiles(folder: Path) -> None:
    """Know the profiles that a folder has now besides those that come with the project (a missing folder has none)."""
    _site[:] = [folder]
    bundled.cache_clear()


@cache
def bundled() -> Mapping[str, Profile]:
    """Profiles that come with the project and those of the site, by name; ``ConfigError`` BANK-0001 when a name is used twice."""
    profiles: dict[str, Profile] = {}
    for path in sorted(files("config").joinpath("banks").iterdir(), key=lambda item: item.name):
        if path.name.endswith(".toml"):
            profile = load_profile(path.read_text(encoding="utf-8"), path.name)
            profiles[profile.name] = profile
    for folder in _site:
        for own in sorted(folder.glob("*.toml")):
            profile = load_profile(own.read_text(encoding="utf-8"), str(own))
            if profile.name in profiles:
                raise _wrong(str(own), f"имя «{profile.name}» уже занято другим профилем")
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

"""Field tables of «Формат 4.0»: what stands at which position of which section, read from data and checked before use.

A new version of the format is a new file under ``layouts/``, never a change of code: the version says which table is taken, and the reader,
the checks and the writer all follow it. A version that differs from another in a few sections names it (``based_on``) and gives those
alone; fields of the other that it has not are read as empty. Reading a table is strict: an unknown key, a gap in the numbering, a reference
to a section that does not exist is an error in our data and stops the start.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from core.errors import ConfigError

__all__ = ["TYPES", "Condition", "Field", "Layout", "Section", "known_versions", "layout_for", "read_layout"]

TYPES = frozenset(["id", "ref", "s", "i", "e", "yn", "d", "dt", "my", "n2", "n3", "n6", "inn", "ogrn", "snils", "fias", "account"])
"""Types of a cell; what each accepts is said in :mod:`adapters.format4.values`."""

_SECTION_KEYS = {"title", "record", "fields"}
_FIELD_KEYS = {"n", "code", "type", "of", "mandatory", "when", "any_of", "name"}
_CONDITION_KEYS = {"field", "in", "filled"}
_VERSION = re.compile(r"4\.0\.\d{1,4}\.\d{1,4}")


@dataclass(frozen=True, slots=True)
class Condition:
    """Another field of the row holds one of some codes, or (no codes) is filled at all."""

    field: int
    codes: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Field:
    """One position of a section."""

    n: int
    """Position, 1 = first."""
    code: str
    type: str
    name: str
    """Russian name, as the header of a file has it."""
    of: str | None = None
    """Section whose field 1 a reference names."""
    mandatory: bool = False
    when: tuple[Condition, ...] = ()
    any_of: tuple[int, ...] = ()
    """Fields any of which fills in for this one."""

    @property
    def conditional(self) -> bool:
        """Whether the field must be filled in some rows only, or one of several must be."""
        return bool(self.when or self.any_of)


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its fields, or only their number where the hub does not read them."""

    code: str
    title: str
    record: str | None
    """Kind of the canonical record that a row becomes; None = the row is kept as it stands."""
    width: int
    fields: tuple[Field, ...]
    absent: tuple[str, ...] = ()
    """Codes of fields that the version this one is based on has, and this one has not."""

    @property
    def keyed(self) -> bool:
        """Whether field 1 identifies the row within (sender, section)."""
        return bool(self.fields) and self.fields[0].type == "id"

    @property
    def kind(self) -> str:
        """Kind of the record under which keys of earlier rows are remembered."""
        return self.record or "section_row"

    def known_key(self, key: str) -> str:
        """The key of a row among records of its kind."""
        return key if self.record else f"{self.code}/{key}"


@dataclass(frozen=True, slots=True)
class Layout:
    """All sections of one version, in load order: parents stand before those who refer to them."""

    version: str
    info: Section
    file_list: Section
    sections: Mapping[str, Section]


def _bad(name: str, what: str) -> ConfigError:
    return ConfigError("F4-L001", f"Таблица полей {name}: {what}.", hint="Исправьте файл в adapters/format4/layouts.", file=name)


def _check_keys(name: str, table: Mapping[str, object], allowed: set[str]) -> None:
    unknown = sorted(set(table) - allowed)
    if unknown:
        raise _bad(name, f"неизвестный ключ {', '.join(unknown)}")


def _condition(name: str, row: Mapping[str, object]) -> Condition:
    _check_keys(name, row, _CONDITION_KEYS)
    field, codes = row.get("field"), row.get("in")
    if not isinstance(field, int) or ("in" in row) == ("filled" in row) or row.get("filled", True) is not True:
        raise _bad(name, f"непонятное условие {dict(row)}")
    if codes is None:
        return Condition(field, None)
    if not isinstance(codes, list) or not codes or not all(isinstance(code, int) for code in codes):
        raise _bad(name, f"непонятное условие {dict(row)}")
    return Condition(field, frozenset(codes))


def _field(name: str, number: int, row: Mapping[str, object]) -> Field:
    _check_keys(name, row, _FIELD_KEYS)
    code, kind, title, of = row.get("code"), row.get("type"), row.get("name"), row.get("of")
    if row.get("n") != number:
        raise _bad(name, f"поле {row.get('n')} стоит на месте {number}")
    if not isinstance(code, str) or not isinstance(title, str) or not isinstance(kind, str) or kind not in TYPES:
        raise _bad(name, f"поле {number}: нет кода, имени или типа")
    if (kind == "ref") != isinstance(of, str):
        raise _bad(name, f"поле {number}: ссылка и раздел ссылки называются вместе")
    mandatory, when, any_of = row.get("mandatory", False), row.get("when", []), row.get("any_of", [])
    if not isinstance(mandatory, bool) or not isinstance(when, list) or not isinstance(any_of, list):
        raise _bad(name, f"поле {number}: mandatory, when или any_of не того вида")
    if mandatory and (when or any_of):
        raise _bad(name, f"поле {number}: обязательность и условие вместе")
    conditions = tuple(_condition(f"{name}, поле {number}", entry) for entry in when)
    return Field(number, code, kind, title, of if isinstance(of, str) else None, mandatory, conditions, tuple(any_of))


def _section(name: str, code: str, table: Mapping[str, object]) -> Section:
    _check_keys(f"{name}, {code}", table, _SECTION_KEYS)
    title, record, rows = table.get("title"), table.get("record"), table.get("fields")
    if not isinstance(title, str) or not isinstance(rows, list) or not (record is None or isinstance(record, str)):
        raise _bad(name, f"раздел {code}: нужны title и fields")
    fields = tuple(_field(f"{name}, {code}", number, row) for number, row in enumerate(rows, 1))
    named = {field.code for field in fields}
    if len(named) != len(fields):
        raise _bad(name, f"раздел {code}: код поля повторяется")
    for field in fields:
        if not all(1 <= n <= len(fields) for n in (*field.any_of, *(c.field for c in field.when))):
            raise _bad(name, f"раздел {code}, поле {field.n}: условие называет поле, которого нет")
    return Section(code, title, record, len(fields), fields)


def read_layout(name: str, text: str) -> Layout:
    """Read one table of fields, and the one it is based on; ``ConfigError`` when it is wrong in any way."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _bad(name, f"не читается ({error})") from error
    _check_keys(name, data, {"version", "section", "counted", "based_on"})
    version, tables, counted = data.get("version"), data.get("section"), data.get("counted", {})
    if not isinstance(version, str) or not isinstance(tables, dict) or not isinstance(counted, dict):
        raise _bad(name, "нужны version и section")
    sections = {code: _section(name, code, table) for code, table in tables.items()}
    if "based_on" in data:
        return _based(name, version, data["based_on"], sections, counted)
    if not {"_info", "_filelist"} <= set(sections):
        raise _bad(name, "нет _info или _filelist")
    info, file_list = sections.pop("_info"), sections.pop("_filelist")
    plain: dict[str, Section] = {}
    for code, width in counted.items():
        if code in sections or not isinstance(width, int) or width < 1:
            raise _bad(name, f"раздел {code}: повтор или неверное число полей")
        plain[code] = Section(code, code.upper(), None, width, ())
    sections = plain | sections  # they refer to nothing, and others refer to them
    _check_order(name, sections)
    return Layout(version, info, file_list, sections)


def _based(name: str, version: str, base: object, own: Mapping[str, Section], counted: Mapping[str, object]) -> Layout:
    """The layout of another version with some sections in other words; their order stays."""
    if base not in known_versions() or base == version or counted:
        raise _bad(name, f"нет версии {base}, на которой она основана, или counted вместе с based_on")
    other = _stored(str(base))
    known = {"_info": other.info, "_filelist": other.file_list, **other.sections}
    unknown = sorted(set(own) - set(known))
    if unknown:
        raise _bad(name, f"в версии {base} нет раздела {', '.join(unknown)}")
    merged = {}
    for code, section in known.items():
        mine = own.get(code)
        if mine is None:
            merged[code] = section
            continue
        absent = [field.code for field in section.fields if field.code not in {one.code for one in mine.fields}]
        if any(field.mandatory and field.type == "id" for field in section.fields if field.code in absent):
            raise _bad(name, f"раздел {code}: нет ключа {', '.join(absent)}")
        merged[code] = replace(mine, record=mine.record or section.record, absent=tuple(absent))
    info, file_list = merged.pop("_info"), merged.pop("_filelist")
    _check_order(name, merged)
    return Layout(version, info, file_list, merged)


def _check_order(name: str, sections: Mapping[str, Section]) -> None:
    seen: set[str] = set()
    for section in sections.values():
        seen.add(section.code)
        for field in section.fields:
            if field.of is None:
                continue
            if field.of not in sections:
                raise _bad(name, f"раздел {section.code}, поле {field.n}: нет раздела {field.of}")
            if field.of not in seen:
                raise _bad(name, f"раздел {section.code} стоит раньше раздела {field.of}, на который ссылается")


@cache
def known_versions() -> tuple[str, ...]:
    """Versions we have a table for, oldest first."""
    folder = files("adapters.format4") / "layouts"
    names = [entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")]
    return tuple(sorted(names, key=lambda version: [int(part) for part in version.split(".")]))


@cache
def _stored(version: str) -> Layout:
    name = f"{version}.toml"
    layout = read_layout(name, (files("adapters.format4") / "layouts" / name).read_text(encoding="utf-8"))
    if layout.version != version:
        raise _bad(name, f"внутри названа версия {layout.version}")
    return layout


def layout_for(version: str) -> tuple[Layout, bool]:
    """The table for a version as ``_info`` names it, and whether the version is one of 4.0.x.y.

    A version without a table of its own is read by the newest one that is not newer, else by the oldest; a foreign one by the newest, only
    to report as much as possible (section 5, F4-011).
    """
    versions = known_versions()
    if not _VERSION.fullmatch(version):
        return _stored(versions[-1]), False
    numbers = [int(part) for part in version.split(".")]
    older = [known for known in versions if [int(part) for part in known.split(".")] <= numbers]
    return _stored(older[-1] if older else versions[0]), True

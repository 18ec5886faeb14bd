"""The region's own configuration: registered senders, approved tariffs and norms, settings of the calculation.

What the hub knows by itself before any archive comes, as JSON or as TOML of the same shape. Read strictly: an unknown key is a finding that
names the nearest known one, because a misspelt setting would silently change money. Keys of records are natural, so a corrected file makes
new versions of the same facts.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from adapters.contract import Identification, Parsed, RawMessage
from adapters.uk.region_fields import NORM, ROOT, SENDER, SETTINGS, TARIFF, Checker
from core.model.finding import Finding, Position
from core.model.records import ApprovedNorm, ApprovedTariff, Record, RegionSetting, RegisteredSender

__all__ = ["RegionAdapter"]

_ENDINGS = (".region.json", ".region.toml")


class RegionAdapter:
    """Reads ``<town>.region.json`` and ``<town>.region.toml``."""

    name = "region"

    def identify(self, message: RawMessage) -> Identification:
        """By the ending of the name; the first byte of a JSON must open an object."""
        if not message.name.lower().endswith(_ENDINGS):
            return Identification(False, "имя не оканчивается на .region.json или .region.toml")
        if message.name.lower().endswith(".json") and message.data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
            return Identification(False, "файл .region.json не начинается с «{»")
        return Identification(True, "настройки региона")

    def parse(self, message: RawMessage, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """Yield senders, tariffs, norms and settings in the order of the file; a bad item is left out and named by a finding."""
        try:
            content = _read(message)
        except (ValueError, RecursionError) as error:
            reason = f"Файл не читается: {_place(error)}."
            hint = "Исправьте запись JSON (или TOML) в кодировке UTF-8 и загрузите файл снова."
            yield Finding(Position(message.name), "RG-001", "error", "reject_archive", message=reason, hint=hint)
            yield Parsed("rejected", {})
            return
        items = list(_Reading(message.name).region(content))
        yield from items
        wrong = any(isinstance(item, Finding) and item.severity == "error" for item in items)
        header = {name: value for name in ("region", "town") if isinstance(value := content.get(name), str)}
        counts = {
            name: len(value) for name in ("senders", "tariffs", "norms", "settings") if isinstance(value := content.get(name), list | dict)
        }
        yield Parsed("accepted_with_errors" if wrong else "accepted", header, counts)


def _place(error: Exception) -> str:
    """Where a file stops being JSON or TOML, in Russian; the parser's own words where it says no more."""
    if isinstance(error, json.JSONDecodeError):
        return f"строка {error.lineno}, знак {error.colno}: ошибка записи JSON"
    if isinstance(error, UnicodeDecodeError):
        return f"байт {error.start} — не UTF-8"
    if isinstance(error, RecursionError):
        return "слишком глубокая вложенность"
    return str(error)


def _read(message: RawMessage) -> dict[str, object]:
    source = message.data.decode("utf-8-sig")
    content: object = tomllib.loads(source) if message.name.lower().endswith(".toml") else json.loads(source)
    if not isinstance(content, dict):
        raise ValueError("на верхнем уровне должен быть объект с разделами senders, tariffs, norms, settings")
    return content


class _Reading:
    """One pass over the content: each section in its turn."""

    def __init__(self, file: str) -> None:
        self._file = file

    def region(self, content: Mapping[str, object]) -> Iterator[Record | Finding]:
        root = Checker(self._file, None, content, ROOT)
        values = root.read()
        yield from root.findings
        if not any(values.get(name) for name in ("senders", "tariffs", "norms", "settings")):
            yield root.refuse(
                "RG-017", "senders", "В файле нет ни отправителей, ни тарифов, ни нормативов, ни настроек.", "Проверьте, тот ли это файл."
            )
        yield from self._senders(values.get("senders") or [])
        yield from self._tariffs(values.get("tariffs") or [])
        yield from self._norms(values.get("norms") or [])
        yield from self._settings(values.get("settings") or {})

    def _items(self, section: str, listed: object, fields: Mapping[str, str]) -> Iterator[tuple[Position, Checker, dict[str, Any] | None]]:
        """Each item of a section with its values, None when it must be left out."""
        for number, item in enumerate(listed if isinstance(listed, list) else [], start=1):
            checker = Checker(f"{self._file}/{section}", number, item, fields)
            values = checker.read()
            yield checker.position, checker, None if checker.refused else values

    def _senders(self, listed: object) -> Iterator[Record | Finding]:
        seen: dict[str, int] = {}
        for position, checker, values in self._items("senders", listed, SENDER):
            yield from checker.findings
            if values is None:
                continue
            key = f"sender/{values['inn']}/{values['kpp']}"
            if key in seen:
                yield checker.refuse(
                    "RG-015", "inn", f"Отправитель с этими ИНН и КПП уже есть (запись {seen[key]}).", "Оставьте одну из записей."
                )
                continue
            seen[key] = position.row or 0
            yield Record(key, position, RegisteredSender(**values))

    def _tariffs(self, listed: object) -> Iterator[Record | Finding]:
        taken: dict[str, list[tuple[date, date, int]]] = {}
        for position, checker, values in self._items("tariffs", listed, TARIFF):
            yield from checker.findings
            if values is None:
                continue
            tariff = ApprovedTariff(
                kind=values["kind"], utility_kind=values["utility_kind"], resource_kind=values["resource_kind"], zone=values["zone"],
                supplier_inn=values["supplier_inn"], oktmo=values["oktmo"], act=values["act"], first=values["valid_from"],
                last=values["valid_to"], value_e6=values["value"], range_number=values["range"],
            )  # fmt: skip
            last = tariff.last or date.max
            if last < tariff.first:
                yield checker.refuse("RG-016", "valid_to", "Тариф кончается раньше, чем начинается.", "Исправьте valid_from или valid_to.")
                continue
            subject = _tariff_subject(tariff)
            other = next((row for first, end, row in taken.get(subject, []) if first <= last and tariff.first <= end), None)
            if other is not None:
                text = f"Срок действия пересекается с записью {other} того же тарифа."
                hint = f"Закончите прежний тариф днём раньше: valid_to = {(tariff.first - timedelta(days=1)).isoformat()}."
                yield checker.refuse("RG-014", "valid_from", text, hint)
                continue
            taken.setdefault(subject, []).append((tariff.first, last, position.row or 0))
            yield Record(f"{subject}/{tariff.first.isoformat()}", position, tariff, valid_from=tariff.first, valid_to=tariff.last)

    def _norms(self, listed: object) -> Iterator[Record | Finding]:
        seen: dict[str, int] = {}
        for position, checker, values in self._items("norms", listed, NORM):
            yield from checker.findings
            if values is None:
                continue
            norm = ApprovedNorm(
                utility_kind=values["utility_kind"], resource_kind=values["resource_kind"], basis=values["basis"], okei=values["unit_okei"],
                first=values["valid_from"], value_e6=values["value"],
            )  # fmt: skip
            key = f"norm/{_part(norm.utility_kind)}/{_part(norm.resource_kind)}/{norm.basis}/{norm.first.isoformat()}"
            if key in seen:
                text = f"Норматив с этой же датой начала уже есть (запись {seen[key]})."
                yield checker.refuse("RG-014", "valid_from", text, "Оставьте одну из записей или исправьте valid_from.")
                continue
            seen[key] = position.row or 0
            yield Record(key, position, norm, valid_from=norm.first)

    def _settings(self, settings: object) -> Iterator[Record | Finding]:
        checker = Checker(f"{self._file}/settings", None, settings, SETTINGS)
        values = checker.read()
        yield from checker.findings
        for name, value in values.items():
            text = json.dumps(value, ensure_ascii=False, sort_keys=True, default=_as_text)
            yield Record(f"setting/{name}", Position(f"{self._file}/settings"), RegionSetting(name, text))


def _as_text(value: object) -> str:
    if isinstance(value, date):  # TOML has dates of its own
        return value.isoformat()
    raise TypeError(f"not a JSON value: {value!r}")


def _part(value: object) -> str:
    return "-" if value is None else str(value)


def _tariff_subject(tariff: ApprovedTariff) -> str:
    parts = (tariff.kind, tariff.utility_kind, tariff.resource_kind, tariff.zone, tariff.supplier_inn, tariff.oktmo)
    subject = "/".join(["tariff", *(_part(part) for part in parts)])
    return subject if tariff.range_number is None else f"{subject}/range{tariff.range_number}"

"""The region's own configuration: registered senders, approved tariffs, norms and limits of growth, settings of the calculation.

What the hub knows by itself before any archive comes: a JSON, a TOML of the same shape, or a folder of such files (``config/regions``).
Norms and settings hold in the municipalities of the item's own ``oktmo``, else in those that the file names (``oktmo`` at the top, else the
ОКТМО of its tariffs and limits): two regions in one database do not touch each other. Read strictly: an unknown key, dates that overlap and
dates with a gap are errors that name file and line, because a misspelt setting or a day without a tariff would silently change money. Keys
of records are natural, so a corrected file makes new versions of the same facts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from adapters.contract import Identification, Parsed, RawMessage
from adapters.uk.region_fields import (
    DATED_SETTING,
    LIMIT,
    MATRIX_ROW,
    NORM,
    ROOT,
    SENDER,
    SETTINGS,
    TARIFF,
    UNITS,
    Checker,
    is_oktmo,
)
from adapters.uk.region_source import FOLDER_ENDING, Source, SourceError, read_sources
from core.model.finding import Finding, Position
from core.model.records import ApprovedLimit, ApprovedNorm, ApprovedTariff, Record, RegionSetting, RegisteredSender
from core.validate.settings import canonical_setting

__all__ = ["RegionAdapter"]

_ENDINGS = (".region.json", ".region.toml", FOLDER_ENDING)
_SECTIONS = ("senders", "tariffs", "norms", "limits", "settings")
_DAY = timedelta(days=1)


class RegionAdapter:
    """Reads ``<town>.region.json``, ``<town>.region.toml`` and ``<region>.region.zip`` (a packed folder)."""

    name = "region"

    def identify(self, message: RawMessage) -> Identification:
        """By the ending of the name; the first bytes must be those of the kind."""
        name = message.name.lower()
        if not name.endswith(_ENDINGS):
            return Identification(False, f"имя не оканчивается на {', '.join(_ENDINGS)}")
        if name.endswith(".json") and message.data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
            return Identification(False, "файл .region.json не начинается с «{»")
        if name.endswith(".zip") and not message.data.startswith(b"PK"):
            return Identification(False, "файл .region.zip — не архив ZIP")
        return Identification(True, "настройки региона")

    def parse(self, message: RawMessage, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """Yield senders, tariffs, norms, limits and settings in the order of the files; a bad item is left out and named by a finding."""
        try:
            sources = read_sources(message)
        except SourceError as error:
            hint = "Исправьте запись JSON (или TOML) в кодировке UTF-8 и загрузите файл снова."
            text = f"Файл не читается: {error.reason}."
            yield Finding(Position(error.file, error.line), "RG-001", "error", "reject_archive", message=text, hint=hint)
            yield Parsed("rejected", {})
            return
        reading = _Reading(_places(sources))
        items = [item for source in sources for item in reading.source(source)]
        items += reading.end(message.name)
        yield from items
        wrong = any(isinstance(item, Finding) and item.severity == "error" for item in items)
        header, counts = dict[str, str](), dict[str, int]()
        for source in sources:
            header |= {name: value for name in ("region", "town") if isinstance(value := source.content.get(name), str)}
            for name in _SECTIONS:
                if isinstance(value := source.content.get(name), list | dict):
                    counts[name] = counts.get(name, 0) + len(value)
        yield Parsed("accepted_with_errors" if wrong else "accepted", header, counts)


@dataclass(frozen=True, slots=True)
class _Span:
    """The days of one value of a subject, and where it stands."""

    first: date
    last: date | None
    place: Position

    def shares_a_day_with(self, other: _Span) -> bool:
        return self.first <= (other.last or date.max) and other.first <= (self.last or date.max)


class _Reading:
    """One pass over all sources: each section in its turn; what a subject's values say of each other is kept over the files."""

    def __init__(self, places: tuple[str, ...]) -> None:
        self._spans: defaultdict[str, list[_Span]] = defaultdict(list)
        self._has_content = False
        self._places = places
        """Municipalities of all that names none of its own; none: wherever there is nothing nearer."""
        self._everywhere: Position | None = None
        """The first norm or setting that holds everywhere because no place is known."""

    def source(self, source: Source) -> Iterator[Record | Finding]:
        root = Checker(source, (), source.content, ROOT)
        values = root.read()
        yield from root.findings
        self._has_content |= any(values.get(name) for name in _SECTIONS)
        yield from self._senders(source, values.get("senders"))
        yield from self._tariffs(source, values.get("tariffs"))
        yield from self._norms(source, values.get("norms"))
        yield from self._limits(source, values.get("limits"))
        yield from self._settings(source, values.get("settings"))

    def end(self, name: str) -> Iterator[Finding]:
        """What only all sources together can say: nothing at all was there; days between two values of a subject that have none."""
        if not self._has_content:
            text, hint = "В файле нет ни отправителей, ни тарифов, ни нормативов, ни настроек.", "Проверьте, тот ли это файл."
            yield Finding(Position(name, 1), "RG-017", "error", "reject_row", message=text, hint=hint)
        if self._everywhere is not None:
            text = "Не сказано, для каких муниципальных образований эти нормативы и настройки: они действуют везде, где нет своих."
            hint = 'Укажите в файле oktmo = ["…"] или пришлите их вместе с тарифами: место берётся по их ОКТМО.'
            yield Finding(self._everywhere, "RG-022", "warning", "accept_flagged", message=text, hint=hint)
        for spans in self._spans.values():
            ordered = sorted(spans, key=lambda span: span.first)
            for before, after in pairwise(ordered):
                if before.last is not None and before.last + _DAY < after.first:
                    days = f"с {before.last + _DAY:%d.%m.%Y} по {after.first - _DAY:%d.%m.%Y}"
                    text = f"Пропуск в датах: {days} значения нет (прежнее — {_where(before.place, after.place)})."
                    hint = f"Закончите прежнее днём раньше начала нового: valid_to = {(after.first - _DAY).isoformat()}."
                    yield Finding(after.place, "RG-018", "error", "reject_row", value=after.first.isoformat(), message=text, hint=hint)

    def _items(
        self, source: Source, section: str, listed: object, fields: Mapping[str, str]
    ) -> Iterator[tuple[Checker, dict[str, Any] | None]]:
        """Each item of a section with its values, None when it must be left out."""
        for number, item in enumerate(listed if isinstance(listed, list) else []):
            checker = Checker(source, (section, number), item, fields)
            values = checker.read()
            yield checker, None if checker.refused else values

    def _senders(self, source: Source, listed: object) -> Iterator[Record | Finding]:
        for checker, values in self._items(source, "senders", listed, SENDER):
            yield from checker.findings
            if values is None:
                continue
            key = f"sender/{values['inn']}/{values['kpp']}"
            if self._spans[key]:
                where = _where(self._spans[key][0].place, checker.position)
                yield checker.refuse("RG-015", "inn", f"Отправитель с этими ИНН и КПП уже есть ({where}).", "Оставьте одну из записей.")
                continue
            self._spans[key].append(_Span(date.min, None, checker.position))
            yield Record(key, checker.position, RegisteredSender(**values))

    def _tariffs(self, source: Source, listed: object) -> Iterator[Record | Finding]:
        for checker, values in self._items(source, "tariffs", listed, TARIFF):
            yield from checker.findings
            if values is None:
                continue
            tariff = ApprovedTariff(
                kind=values["kind"], utility_kind=values["utility_kind"], resource_kind=values["resource_kind"], zone=values["zone"],
                supplier_inn=values["supplier_inn"], oktmo=values["oktmo"], act=values["act"], first=values["valid_from"],
                last=values["valid_to"], value_e6=values["value"], range_number=values["range"],
            )  # fmt: skip
            subject = _tariff_subject(tariff)
            refused = self._refused_dates(subject, tariff.first, tariff.last, checker)
            if refused is not None:
                yield refused
                continue
            if tariff.value_e6 == 0:
                yield _zero(checker, "Тариф равен нулю: услуга не будет стоить ничего.")
            yield Record(f"{subject}/{tariff.first.isoformat()}", checker.position, tariff, valid_from=tariff.first, valid_to=tariff.last)

    def _norms(self, source: Source, listed: object) -> Iterator[Record | Finding]:
        for checker, values in self._items(source, "norms", listed, NORM):
            yield from checker.findings
            if values is None:
                continue
            norm = ApprovedNorm(
                utility_kind=values["utility_kind"], resource_kind=values["resource_kind"], basis=values["basis"], okei=values["unit_okei"],
                first=values["valid_from"], value_e6=values["value"] or 0, last=values["valid_to"], act=values["act"] or "",
            )  # fmt: skip
            if (values["value"] is None) == (values["matrix"] is None):
                text, hint = "Нужно одно из двух: value или matrix.", "Оставьте число или таблицу по комнатам и проживающим."
                yield checker.refuse("RG-019", "value", text, hint)
                continue
            if values["matrix"] is not None and norm.basis != "per_person":
                text, hint = "Таблица по комнатам и проживающим бывает только у норматива на человека.", "Укажите basis = per_person."
                yield checker.refuse("RG-019", "basis", text, hint)
                continue
            units = ("233",) if norm.basis == "heat_per_m3" else UNITS.get(norm.resource_kind or 0, (norm.okei,))
            if norm.okei not in units:
                text, hint = "Единица норматива не та, в которой считается этот ресурс.", f"Нужен код ОКЕИ: {', '.join(units)}."
                yield checker.refuse("RG-013", "unit_okei", text, hint)
                continue
            if norm.value_e6 == 0 and values["matrix"] is None:
                yield _zero(checker, "Норматив равен нулю: без прибора услуга не будет стоить ничего.")
            for number, place in enumerate(self._places_of(values["oktmo"], checker)):
                here = replace(norm, oktmo=place)
                subject = f"norm/{place or '-'}/{_part(norm.utility_kind)}/{_part(norm.resource_kind)}/{norm.basis}"
                refused = self._refused_norm(subject, here, checker)
                if refused is not None:
                    yield refused
                    break
                if values["matrix"] is None:
                    yield Record(f"{subject}/{norm.first.isoformat()}", checker.position, here, valid_from=norm.first, valid_to=norm.last)
                    continue
                for item in self._matrix(checker, subject, here, values["matrix"]):
                    if number == 0 or isinstance(item, Record):  # what is wrong with the table is said once
                        yield item

    def _places_of(self, own: str | None, checker: Checker) -> tuple[str, ...]:
        """Beginnings of the ОКТМО that an item holds in."""
        if own is None and not self._places:
            self._everywhere = self._everywhere or checker.position
        return (own,) if own is not None else self._places or ("",)

    def _refused_norm(self, subject: str, norm: ApprovedNorm, checker: Checker) -> Finding | None:
        # A norm without an end holds until the next one.
        self._spans[subject] = [
            replace(span, last=norm.first - _DAY) if span.last is None and span.first < norm.first else span
            for span in self._spans[subject]
        ]
        later = [span.first for span in self._spans[subject] if span.first > norm.first]
        last = norm.last if norm.last is not None or not later else min(later) - _DAY
        return self._refused_dates(subject, norm.first, last, checker)

    @staticmethod
    def _matrix(checker: Checker, subject: str, norm: ApprovedNorm, rows: list[object]) -> Iterator[Record | Finding]:
        """A norm for each number of rooms and persons: one record for each cell."""
        seen: set[int] = set()
        for number, row in enumerate(rows):
            inner = checker.inner(("matrix", number), row, MATRIX_ROW)
            values = inner.read()
            yield from inner.findings
            if inner.refused:
                continue
            rooms, cells = values["rooms"], values["persons"]
            if rooms < 1 or rooms in seen or not cells:
                text = "Число комнат — целое от 1, без повторов; на каждого из проживающих (1, 2, 3 …) — число."
                yield inner.refuse("RG-019", "rooms", text, "Исправьте строку таблицы.")
                continue
            seen.add(rooms)
            for persons, value in enumerate(cells, start=1):
                cell = replace(norm, value_e6=value, rooms=rooms, persons=persons)
                key = f"{subject}/{rooms}/{persons}/{norm.first.isoformat()}"
                yield Record(key, inner.place("persons", persons - 1), cell, valid_from=norm.first, valid_to=norm.last)

    def _limits(self, source: Source, listed: object) -> Iterator[Record | Finding]:
        for checker, values in self._items(source, "limits", listed, LIMIT):
            yield from checker.findings
            if values is None:
                continue
            if values["percent"] % 10_000:
                yield checker.refuse("RG-013", "percent", "Индекс задаётся не точнее сотых процента.", 'Например: "12.8".')
                continue
            limit = ApprovedLimit(
                values["oktmo"], values["valid_from"], values["valid_to"], percent_e2=values["percent"] // 10_000, act=values["act"]
            )
            subject = f"limit/{limit.oktmo}"
            refused = self._refused_dates(subject, limit.first, limit.last, checker)
            if refused is not None:
                yield refused
                continue
            yield Record(f"{subject}/{limit.first.isoformat()}", checker.position, limit, valid_from=limit.first, valid_to=limit.last)

    def _settings(self, source: Source, settings: object) -> Iterator[Record | Finding]:
        """Settings without dates (name: value), or a list of them with the days each holds on and the act."""
        if isinstance(settings, list):
            yield from self._dated_settings(source, settings)
            return
        checker = Checker(source, ("settings",), settings or {}, SETTINGS)
        values = checker.read()
        yield from checker.findings
        for name, stated in values.items():
            value = _computed(checker, name, name, stated)
            if isinstance(value, Finding):
                yield value
                continue
            for place in self._places_of(None, checker):
                subject = f"setting/{place or '-'}/{name}"
                refused = self._refused_dates(subject, date.min, None, checker)
                if refused is not None:
                    yield refused
                    break
                yield Record(subject, checker.place(name), RegionSetting(name, _json(value), oktmo=place))

    def _dated_settings(self, source: Source, listed: list[object]) -> Iterator[Record | Finding]:
        for number, item in enumerate(listed):
            checker = Checker(source, ("settings", number), item, DATED_SETTING)
            values = checker.read()
            name = values.get("name")
            if name is not None:
                checker.check("value", SETTINGS[name])
            yield from checker.findings
            if checker.refused:
                continue
            value = _computed(checker, str(name), "value", values["value"])
            if isinstance(value, Finding):
                yield value
                continue
            first, last = values["valid_from"], values["valid_to"]
            for place in self._places_of(values["oktmo"], checker):
                subject = f"setting/{place or '-'}/{name}"
                refused = self._refused_dates(subject, first, last, checker)
                if refused is not None:
                    yield refused
                    break
                body = RegionSetting(str(name), _json(value), values["act"], place)
                yield Record(f"{subject}/{first.isoformat()}", checker.position, body, valid_from=first, valid_to=last)

    def _refused_dates(self, subject: str, first: date, last: date | None, checker: Checker) -> Finding | None:
        """Why a value's days can not be taken beside the others of its subject; None, and they are noted, when they can."""
        span = _Span(first, last, checker.position)
        if last is not None and last < first:
            return checker.refuse("RG-016", "valid_to", "Значение кончается раньше, чем начинается.", "Исправьте valid_from или valid_to.")
        other = next((one for one in self._spans[subject] if one.shares_a_day_with(span)), None)
        if other is None:
            self._spans[subject].append(span)
            return None
        text = f"Срок действия пересекается с тем же значением ({_where(other.place, checker.position)})."
        hint = "Оставьте одну из записей."
        if first > other.first:
            hint = f"Закончите прежнее днём раньше: valid_to = {(first - _DAY).isoformat()}."
        return checker.refuse("RG-014", "valid_from", text, hint)


def _computed(checker: Checker, name: str, field: str, value: object) -> object:
    """The value in our words; a finding where it is not one of those that are computed (``core.validate.settings``)."""
    try:
        said = canonical_setting(name, value)
    except ValueError as error:
        text, _, allowed = str(error).rpartition(" Допустимо: ")
        return checker.refuse("RG-020", field, text, f"Допустимо: {allowed}", value=value)
    if said is None or said == str(value):
        return value
    return {"true": True, "false": False}.get(said, said)


def _places(sources: Iterable[Source]) -> tuple[str, ...]:
    """The municipalities that the files are about: those they name, else those of their tariffs and limits; a part of another left out."""
    stated, named = set[str](), set[str]()
    for source in sources:
        listed = source.content.get("oktmo")
        stated |= {code for code in (listed if isinstance(listed, list) else ()) if is_oktmo(code)}
        for section in ("tariffs", "limits"):
            items = source.content.get(section)
            for item in items if isinstance(items, list) else ():
                code = item.get("oktmo") if isinstance(item, Mapping) else None
                if is_oktmo(code):
                    named.add(code)
    found = stated or named
    return tuple(sorted(code for code in found if not any(code != other and code.startswith(other) for other in found)))


def _zero(checker: Checker, text: str) -> Finding:
    """A value that makes charges nothing: taken as it stands, and said."""
    hint = "Если так решено актом, ничего делать не надо; если значение не известно, уберите запись: строки без него задержатся."
    return Finding(checker.place("value"), "RG-021", "warning", "accept_flagged", value="0", message=text, hint=hint)


def _where(place: Position, seen_from: Position) -> str:
    return f"строка {place.row}" if place.file == seen_from.file else f"{place.file}, строка {place.row}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_as_text)


def _as_text(value: object) -> str:
    if isinstance(value, date):  # TOML has dates of its own
        return value.isoformat()
    raise TypeError(f"not a JSON value: {value!r}")


def _part(value: object) -> str:
    return "-" if value is None else str(value)


def _tariff_subject(tariff: ApprovedTariff) -> str:
    parts = (tariff.kind, tariff.utility_kind, tariff.resource_kind, tariff.zone, tariff.supplier_inn, tariff.oktmo)
    ranged = () if tariff.range_number is None else (f"range{tariff.range_number}",)
    return "/".join(["tariff", *(_part(part) for part in parts), *ranged])

"""The centre's file of acts, ``erkc-acts/1``: TOML, or JSON of the same shape.

What an inspector, a master or a decision found and no archive carries: checks, interference, refused access, a failed meter, own heating,
owners, quality … (``act_fields`` is the list). Read strictly and act by act: a bad one is left out and named with its line, the others are
taken. The identity of an act is its own number and date (and part), so a corrected act is a newer version of the same one.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from adapters.contract import Identification, Parsed, RawMessage
from adapters.uk.act_fields import ACTS, COMMON, EXPECTED, INSTEAD, ROOT, SENDER, TOGETHER, read_value
from adapters.uk.knowledge import RegionKnowledge
from core.model.acts import Act
from core.model.finding import Finding, Position
from core.model.records import CourtJudgement, PenaltyStop, Record, SubsidyGrant

__all__ = ["ActsAdapter"]

_SCHEMA = "erkc-acts/1"
_ENDINGS = (".toml", ".json")
_NAMED = re.compile(rb"""["']?schema["']?\s*[=:]\s*["']erkc-acts/""")
_FIRST_BYTES = 4096
_HEADER = re.compile(r"\s*\[\[\s*act\s*\]\]\s*(?:#.*)?")
_LARGEST = 50_000_000
_JSON = json.JSONDecoder(parse_float=Decimal)
_BLANKS = re.compile(r"[ \t\r\n]*")

Lines = Callable[[int, str | None], int | None]
"""The line of the n-th act (from 0), or of one of its names; None where it can not be told."""


class ActsAdapter:
    """Reads files of acts; with ``region`` a sender that is not registered is refused."""

    name = "uk.acts"

    def __init__(self, region: RegionKnowledge | None = None) -> None:
        self._region = region

    def identify(self, message: RawMessage) -> Identification:
        """By the ending of the name and the name of the schema in the first bytes."""
        if not message.name.lower().endswith(_ENDINGS):
            return Identification(False, "имя не оканчивается на .toml или .json")
        if _NAMED.search(message.data[:_FIRST_BYTES]) is None:
            return Identification(False, f'в начале файла нет schema = "{_SCHEMA}"')
        return Identification(True, "файл актов")

    def header(self, message: RawMessage) -> Mapping[str, str]:
        """Whose houses and accounts the acts are about; empty where the file does not say it."""
        try:
            content, _ = _read(message)
        except (ValueError, RecursionError):
            return {}
        return _sender(content)

    def parse(self, message: RawMessage, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """Yield acts and findings in the order of the file, one ``Parsed`` last; without a right heading nothing is read."""
        try:
            content, lines = _read(message)
        except (ValueError, RecursionError) as error:
            hint = "Исправьте запись TOML (или JSON) в кодировке UTF-8 и примите файл снова."
            yield Finding(
                Position(message.name, _line_of(error)), "AC-001", "error", "reject_archive", message=f"Файл не читается: {_place(error)}.",
                hint=hint,
            )  # fmt: skip
            yield Parsed("rejected", {})
            return
        reading = _Reading(message.name, lines)
        header = _sender(content)
        refused = list(self._heading(reading, content, header))
        if refused:
            yield from refused
            yield Parsed("rejected", header)
            return
        listed = content["act"]
        taken, wrong = 0, False
        for number, item in enumerate(listed):
            for result in reading.act(number, item):
                taken += isinstance(result, Record) and isinstance(result.body, Act)
                wrong = wrong or isinstance(result, Finding)
                yield result
        yield Parsed("accepted_with_errors" if wrong else "accepted", header, {"act": len(listed), "taken": taken})

    def _heading(self, reading: _Reading, content: Mapping[str, object], header: Mapping[str, str]) -> Iterator[Finding]:
        """What is wrong before the first act: each refuses the file."""
        values, findings = reading.table(None, content, ROOT)
        sender = values.get("sender")
        if sender is not None:
            findings += reading.table(None, sender, SENDER)[1]
        for item in findings:
            yield Finding(
                item.position, item.code, "error", "reject_archive", value=item.value, message=item.message, hint=item.hint
            )  # fmt: skip
        if findings:
            return
        if not values["act"]:
            yield reading.finding(None, "act", "AC-002", "В файле нет ни одного акта.", "Добавьте [[act]].", effect="reject_archive")
        if self._region is not None and (header["inn"], header["kpp"]) not in {(one.inn, one.kpp) for one in self._region.senders}:
            yield reading.finding(
                None, "sender", "AC-003", f"Отправитель с ИНН {header['inn']} и КПП {header['kpp'] or '—'} не зарегистрирован.",
                "Исправьте inn и kpp или загрузите настройки региона с этим отправителем, затем примите файл снова.",
                effect="reject_archive", value=header["inn"],
            )  # fmt: skip


def _sender(content: Mapping[str, object]) -> dict[str, str]:
    sender = content.get("sender")
    if not isinstance(sender, dict):
        return {}
    return {name: value for name in SENDER if isinstance(value := sender.get(name), str)}


@dataclass(slots=True)
class _Reading:
    """One pass over the acts of a file."""

    file: str
    lines: Lines
    seen: dict[str, int]
    """Acts by identity, with the number in the file."""

    def __init__(self, file: str, lines: Lines) -> None:
        self.file, self.lines, self.seen = file, lines, {}

    def act(self, number: int, item: object) -> Iterator[Record | Finding]:
        """The record of an act, with that of what it decides where it is about debts; or everything that is wrong with it."""
        kind = item.get("kind") if isinstance(item, dict) else None
        fields = {**COMMON, **ACTS.get(kind if isinstance(kind, str) else "", {})}
        if isinstance(item, dict) and kind is not None and not (isinstance(kind, str) and kind in ACTS):
            # Which names such an act may have is not known: only what every act has is looked at.
            item = {name: value for name, value in item.items() if name in COMMON}
        values, findings = self.table(number, item, fields)
        if not findings:
            findings = list(self._contradictions(number, values))
        if findings:
            yield from findings
            return
        body = _body(values)
        key = f"{body.number}/{body.drawn_on.isoformat()}/{body.part}"
        if key in self.seen:
            yield self.finding(
                number, "number", "AC-015", f"Акт с этим номером, датой и пунктом уже есть в файле (запись {self.seen[key]}).",
                "Оставьте одну запись; у нескольких пунктов одного акта поставьте разные part = 1, 2 …", value=body.number,
            )  # fmt: skip
            return
        self.seen[key] = number + 1
        place = self.place(number, None)
        yield Record(key, place, body)
        if body.kind == "penalty_stop":
            yield Record(key, place, PenaltyStop(values["account"], values["cause"]), body.first, body.last)
        if body.kind == "court_judgement":
            yield Record(key, place, _judgement(values))
        if body.kind == "subsidy":
            yield Record(key, place, _subsidy(values), body.first, body.last)

    def table(self, number: int | None, item: object, fields: Mapping[str, str]) -> tuple[dict[str, Any], list[Finding]]:
        """Values of the names that are there, and what is wrong; an absent value that may be absent is None."""
        if not isinstance(item, Mapping):
            return {}, [self.finding(number, None, "AC-013", "Здесь должна быть таблица «имя = значение».", "Сверьте файл с образцом.")]
        findings = [self._unknown(number, str(name), fields) for name in item if name not in fields]
        values: dict[str, Any] = {}
        for name, rule in fields.items():
            kind, found = rule.removesuffix("?"), item.get(name)
            values[name] = None
            if found is None:
                if not rule.endswith("?"):
                    findings.append(self.finding(number, name, "AC-012", f"Не задано «{name}».", f"Добавьте {name}: {EXPECTED[kind]}."))
                continue
            try:
                values[name] = read_value(kind, found)
            except ValueError:
                shown = str(found) if not isinstance(found, dict | list) else None
                text, hint = f"Неверное значение «{name}».", f"Нужно: {EXPECTED[kind]}."
                findings.append(self.finding(number, name, "AC-013", text, hint, value=shown))
        return values, findings

    def _unknown(self, number: int | None, name: str, fields: Mapping[str, str]) -> Finding:
        near = difflib.get_close_matches(name, fields, n=1)
        hint = f"Возможно, имелось в виду «{near[0]}»." if near else f"Уберите это имя. Здесь бывают: {', '.join(fields)}."
        return self.finding(number, name, "AC-011", f"Неизвестное имя «{name}».", hint, value=name)

    def _contradictions(self, number: int, values: Mapping[str, Any]) -> Iterator[Finding]:
        """What the names say together."""
        for one, others in INSTEAD.get(values["kind"], ()):
            has, has_others = values[one] is not None, [values[other] is not None for other in others]
            if has == any(has_others) or (any(has_others) and not all(has_others)):
                text = f"Нужно одно из двух: «{one}» или «{' и '.join(others)}»."
                written = next((name for name in (one, *others) if values[name] is not None), one)
                yield self.finding(number, written, "AC-014", text, "Оставьте одно и задайте его целиком.")
        first, last = values.get("from"), values.get("to")
        wrong_order = first is not None and last is not None and (last <= first if values["kind"] in _TIMED else last < first)
        if wrong_order:
            yield self.finding(
                number, "to", "AC-016", "Срок кончается раньше, чем начинается.", "Исправьте from или to.", value=str(last)
            )  # fmt: skip
        if values["kind"] == "subsidy":
            yield from self._subsidised(number, values)
        if values["kind"] == "court_judgement":
            yield from self._judged(number, values)
        if values["kind"] == "quality" and values["deviation"] == "temperature" and values["degrees"] is None:
            yield self.finding(number, "degrees", "AC-012", "Не задано «degrees».", f"Добавьте degrees: {EXPECTED['signed1']}.")
        for one, other in TOGETHER.get(values["kind"], ()):
            if values[one] is not None and values[other] is None:
                kind = ACTS[values["kind"]][other].removesuffix("?")
                text = f"Где есть «{one}», нужно и «{other}»."
                yield self.finding(number, one, "AC-014", text, f"Добавьте {other}: {EXPECTED[kind]}.")

    def _subsidised(self, number: int, values: Mapping[str, Any]) -> Iterator[Finding]:
        """The subsistence minimum divides the income, so it is above zero; a share of the income is a part of it."""
        if not values["subsistence"]:
            text, hint = "Неверное значение «subsistence».", "Нужно: прожиточный минимум больше нуля."
            yield self.finding(number, "subsistence", "AC-013", text, hint)
        if not 0 < values["own_share"] <= _WHOLE_SHARE:
            text, hint = "Неверное значение «own_share».", "Нужно: доля дохода в процентах, больше 0 и не больше 100."
            yield self.finding(number, "own_share", "AC-013", text, hint)

    def _judged(self, number: int, values: Mapping[str, Any]) -> Iterator[Finding]:
        """A sum of penalties is judged to the day of the judgement at the latest."""
        if values["judged_to"] > values["date"]:
            yield self.finding(
                number, "judged_to", "AC-013", "Неверное значение «judged_to».", "Нужно: последний день, за который взысканы пени, "
                "не позже дня решения (date).", value=str(values["judged_to"]),
            )  # fmt: skip
        if values["last_month"] < values["first_month"]:
            yield self.finding(
                number, "last_month", "AC-016", "Срок кончается раньше, чем начинается.", "Исправьте first_month или last_month.",
                value=str(values["last_month"]),
            )  # fmt: skip

    def place(self, number: int | None, name: str | None) -> Position:
        """The line in the file; where lines can not be told, the number of the act."""
        if number is None:
            return Position(self.file)
        line = self.lines(number, name)
        return Position(f"{self.file}/act", number + 1) if line is None else Position(self.file, line)

    def finding(
        self, number: int | None, name: str | None, code: str, message: str, hint: str, *, value: str | None = None,
        effect: str = "reject_row",
    ) -> Finding:  # fmt: skip
        """An error at a name of an act."""
        where = "" if number is None else f"Акт {number + 1}: "
        text = where + message if not where else where + message[0].lower() + message[1:]
        return Finding(self.place(number, name), code, "error", effect, value=value, message=text, hint=hint)


_TIMED = ("quality", "interruption")
_WHOLE_SHARE = 100_00
"""Hundredths of a per cent."""
_OF_THE_DAY = ("check", "unauthorised", "tampering", "court_judgement", "withdrawn")


def _body(values: Mapping[str, Any]) -> Act:
    kind, drawn_on = values["kind"], values["date"]
    first, last = _days(kind, drawn_on, values)
    timed = kind in _TIMED
    return Act(
        number=values["number"],
        drawn_on=drawn_on,
        part=values["part"] or 1,
        kind=kind,
        house=values.get("house"),
        account=values.get("account"),
        service=values.get("service"),
        meter=values.get("meter"),
        first=first,
        last=last,
        starts_at=values["from"] if timed else None,
        ends_at=values["to"] if timed else None,
        deviation=values.get("deviation"),
        area_e2=values.get("area"),
        owners=values.get("owners"),
        stated_e3=values.get("stated"),
        checked_e3=values.get("found"),
        power_w=values.get("power"),
        days=values.get("days"),
        months=values.get("months"),
        charged=values.get("charged"),
        degrees_e1=values.get("degrees"),
        required_e1=values.get("required"),
        allowed_hours_e2=values.get("allowed_hours"),
        purpose=values.get("purpose"),
        resource=values.get("resource"),
        volume_e3=values.get("volume"),
        heat_e6=values.get("heat"),
        heat_all_e6=values.get("heat_all"),
        units_e3=values.get("units"),
        site_e2=values.get("site"),
    )


def _judgement(values: Mapping[str, Any]) -> CourtJudgement:
    """The number and date of the act are those of the case and of the judgement."""
    first, last = values["first_month"].first, values["last_month"].first
    sums = (values["principal"], values["penalties"], values["costs"])
    return CourtJudgement(values["account"], values["number"], values["date"], values["judged_to"], first, last, *sums, values["costs_to"])


def _subsidy(values: Mapping[str, Any]) -> SubsidyGrant:
    money = (values["income"], values["subsistence"], values["standard"])
    return SubsidyGrant(values["account"], values["persons"], *money, values["own_share"], values["from"], values["to"])


def _days(kind: str, drawn_on: date, values: Mapping[str, Any]) -> tuple[date, date | None]:
    """On which days what the act says is so."""
    if kind in _OF_THE_DAY:
        return drawn_on, drawn_on
    if kind in _TIMED:
        return values["from"].date(), values["to"].date()
    if values.get("month") is not None:
        return values["month"].first, values["month"].last
    if values.get("year") is not None:
        return date(values["year"], 1, 1), date(values["year"], 12, 31)
    if kind == "fuel":
        return values["delivered"], values["delivered"]
    return values["from"], values.get("to")


def _read(message: RawMessage) -> tuple[dict[str, Any], Lines]:
    """The content, and where its acts stand."""
    if len(message.data) > _LARGEST:
        raise ValueError(f"файл больше {_LARGEST // 1_000_000} МБ")
    source = message.data.decode("utf-8-sig")
    if message.name.lower().endswith(".json"):
        content: object = json.loads(source, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once)
        lines: Lines = _lines_of_json(source) if isinstance(content, dict) else _nowhere
    else:
        content = tomllib.loads(source, parse_float=_decimal)
        lines = _lines_of_toml(source, content)
    if not isinstance(content, dict):
        raise ValueError("на верхнем уровне должна быть таблица с schema, sender и act")
    return content, lines


def _nowhere(number: int, name: str | None) -> int | None:
    return None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of JSON whose names are each there once: of two values one would silently win."""
    content = dict(pairs)
    if len(content) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"имя «{next(name for name in names if names.count(name) > 1)}» записано дважды")
    return content


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} — не число")


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite():
        raise ValueError(f"{text} — не число")
    return value


def _lines_of_toml(source: str, content: Mapping[str, object]) -> Lines:
    """Lines of the headers ``[[act]]``; none where they are not as many as the acts (written in a line, or named inside a text)."""
    rows = source.splitlines()
    headers = [number for number, row in enumerate(rows) if _HEADER.fullmatch(row)]
    acts = content.get("act")
    if not isinstance(acts, list) or len(headers) != len(acts):
        return _nowhere
    ends = [*headers[1:], len(rows)]

    def line(number: int, name: str | None) -> int | None:
        if name is not None:
            named = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=")
            for row in range(headers[number] + 1, ends[number]):
                if named.match(rows[row]):
                    return row + 1
        return headers[number] + 1

    return line


def _lines_of_json(source: str) -> Lines:
    """Where each element of ``act`` begins, found by stepping over the values of the top level."""
    spans: list[tuple[int, int]] = []
    breaks = [match.start() for match in re.finditer("\n", source)]
    at = _skip(source, 0) + 1
    while at < len(source) and source[at := _skip(source, at)] == '"':
        name, at = _JSON.raw_decode(source, at)
        at = _skip(source, _skip(source, at) + 1)
        if name != "act" or source[at] != "[":
            _, at = _JSON.raw_decode(source, at)
        else:
            spans = []
            at = _skip(source, at + 1)
            while source[at] != "]":
                start = at
                _, at = _JSON.raw_decode(source, at)
                spans.append((start, at))
                at = _skip(source, at)
                at = _skip(source, at + 1) if source[at] == "," else at
            at += 1
        at = _skip(source, at)
        if source[at] != ",":
            break
        at += 1

    def line(number: int, name: str | None) -> int | None:
        if number >= len(spans):
            return None
        start, end = spans[number]
        found = None if name is None else re.compile(rf'"{re.escape(name)}"\s*:').search(source, start, end)
        return bisect(breaks, start if found is None else found.start()) + 1

    return line


def _skip(source: str, at: int) -> int:
    match = _BLANKS.match(source, at)
    return at if match is None else match.end()


def _line_of(error: Exception) -> int | None:
    if isinstance(error, json.JSONDecodeError):
        return error.lineno
    found = re.search(r"at line (\d+)", str(error)) if isinstance(error, tomllib.TOMLDecodeError) else None
    return None if found is None else int(found[1])


def _place(error: Exception) -> str:
    """Where a file stops being JSON or TOML, in Russian; the parser's own words where it says no more."""
    if isinstance(error, json.JSONDecodeError):
        return f"строка {error.lineno}, знак {error.colno}: ошибка записи JSON"
    if isinstance(error, UnicodeDecodeError):
        return f"байт {error.start} — не UTF-8"
    if isinstance(error, RecursionError):
        return "слишком глубокая вложенность"
    line = _line_of(error)
    return str(error) if line is None else f"строка {line}: ошибка записи TOML ({str(error).partition(' (at')[0]})"

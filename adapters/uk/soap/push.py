"""The adapter ``uk.soap``: rows that a billing system pushed, read by the very checks that archives are read by.

The rows become the sections of an increment of «Формат 4.0» in memory, and the adapter of archives does the rest: same findings, same
standing of every row, same records. What a finding says about ``kvar.csv``, row 3, is said here about the third element ``kvar``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from adapters.contract import Identification, Parsed, RawMessage
from adapters.format4.container import Limits
from adapters.format4.layout import Section
from adapters.format4.writer import zip_archive
from adapters.uk.archives import UkArchives
from adapters.uk.knowledge import RegionKnowledge
from adapters.uk.meter_checks import KnownMeter
from adapters.uk.soap.operations import PUSHES, layout
from adapters.uk.soap.requests import Request, is_ours, read_request
from core.errors import InputError
from core.model.finding import Finding, Position
from core.model.records import Record

__all__ = ["SoapPush", "pushed_rows"]

_INCREMENT = "2"
_CENTRE_KIND = 36
_YES_NO = {"true": "1", "1": "1", "false": "2", "0": "2"}
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?")
_WHOLE = Limits(ratio=10_000)
"""The archive is our own: its size is that of the message, which was bounded before."""


@dataclass(slots=True)
class _Rows:
    """Cells by section, and what was wrong with the elements."""

    cells: dict[str, list[list[str]]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


class SoapPush:
    """Implements :class:`adapters.contract.Parser` for messages of our own service."""

    name = "uk.soap"

    def __init__(self, region: RegionKnowledge | None = None, meters: Mapping[str, KnownMeter] | None = None) -> None:
        self._region = region
        self._archives = UkArchives(region, _WHOLE, meters)

    def identify(self, message: RawMessage) -> Identification:
        """Yes for a SOAP envelope with one of the operations that bring rows."""
        if not is_ours(message.data):
            return Identification(False, "не сообщение службы для УК")
        try:
            operation = read_request(message.data).operation
        except InputError as error:
            return Identification(True, f"сообщение службы для УК с ошибкой: {error.message}")
        is_push = operation in PUSHES
        return Identification(is_push, f"сообщение {operation}" if is_push else f"запрос {operation} ничего не передаёт")

    def header(self, message: RawMessage) -> Mapping[str, str]:
        """Who sends it and for which month."""
        request = read_request(message.data)
        return {"inn": request.header["INN"], "kpp": request.header["KPP"], "period": str(request.period), "unload_kind": _INCREMENT}

    def parse(self, message: RawMessage, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """Findings, then records, then one ``Parsed``; ``InputError`` UKS-01… when the message is no request."""
        request = read_request(message.data)
        if request.operation not in PUSHES:
            raise InputError(
                "UKS-0102", f"Запрос {request.operation} ничего не передаёт.", hint="Его отправляют службе, а не принимают файлом."
            )
        rows = _read(request)
        archive = zip_archive(layout(), self._info(request), rows.cells)
        yield from rows.findings
        for item in self._archives.parse(RawMessage(message.name, archive), known):
            if isinstance(item, Finding | Record):
                item = replace(item, position=_place(request.operation, item.position))
            elif isinstance(item, Parsed):
                counts = {code.upper(): len(cells) for code, cells in rows.cells.items()}
                status = "accepted_with_errors" if item.status == "accepted" and _has_errors(rows.findings) else item.status
                item = replace(item, counts=counts, status=status)
            yield item

    def _info(self, request: Request) -> list[str]:
        said = request.header
        registered = (
            next((one for one in self._region.senders if (one.inn, one.kpp) == (said["INN"], said["KPP"])), None) if self._region else None
        )
        values = {
            "version": layout().version,
            "inn": said["INN"],
            "kpp": said["KPP"],
            "ogrn": said["OGRN"],
            "name": registered.name if registered is not None else said["INN"],
            "data_bank_key": said["DataBankKey"],
            "year": str(request.period.year) if request.period else "",
            "month": str(request.period.month) if request.period else "",
            "formed_at": _cell("dt", said["Date"]),
            "contact_name": said["ContactName"],
            "contact_phone": said["ContactPhone"],
            "provider_kind": str(registered.provider_kind if registered is not None else _CENTRE_KIND),
            "system": said["System"],
            "unload_kind": _INCREMENT,
        }
        return [values[one.code] for one in layout().info.fields]


def pushed_rows(data: bytes) -> Mapping[str, list[list[str]]]:
    """The rows of a message of ours that was taken, by section, in the order of its elements."""
    return _read(read_request(data)).cells


def _read(request: Request) -> _Rows:
    rows, push, sections = _Rows(), PUSHES[request.operation], layout().sections
    for name, values in request.rows():
        if name not in push.sections:
            rows.findings.append(_unknown(request.operation, None, name, f"В {request.operation} нет элемента {name}: он не принят."))
            continue
        section = sections[name]
        listed = rows.cells.setdefault(name, [])
        place = Position(f"{request.operation}/{name}", len(listed) + 1)
        rows.findings.extend(_odd(section, place, values))
        listed.append([_cell(one.type, values.get(one.code, "")) for one in section.fields])
    return rows


def _odd(section: Section, place: Position, values: Mapping[str, str]) -> Iterable[Finding]:
    """Elements that the row has not, and letters that the format can not keep."""
    codes = {one.code: one.n for one in section.fields}
    for name, value in values.items():
        if name not in codes:
            yield _unknown(place.file, place.row, name, f"В строке нет поля {name}: его значение не принято.")
        elif value.encode("cp1251", errors="replace").decode("cp1251") != value:
            yield Finding(
                place, "UKS-0202", "warning", "accept_normalised", codes[name], value,
                message="В значении есть знаки, которых нет в windows-1251: они заменены на «?».",
                hint="Пришлите значение русскими или латинскими буквами.",
            )  # fmt: skip


def _unknown(file: str, row: int | None, value: str, message: str) -> Finding:
    hint = "Имена разделов и полей — в описании службы (?wsdl)."
    return Finding(Position(file, row), "UKS-0201", "error", "ignore", None, value, message=message, hint=hint)


def _place(operation: str, position: Position) -> Position:
    return Position(f"{operation}/{position.file.removesuffix('.csv')}", position.row)


def _has_errors(findings: Iterable[Finding]) -> bool:
    return any(one.severity == "error" for one in findings)


def _cell(kind: str, text: str) -> str:
    """A value of the schema as the format writes it; what does not fit stays as it is, and is a finding there."""
    if not text:
        return ""
    if kind == "yn":
        return _YES_NO.get(text, text)
    if kind in ("d", "dt"):
        moment = _MOMENT.fullmatch(text)
        try:
            if moment is not None and kind == "dt":
                return datetime.fromisoformat(f"{moment[1]}T{moment[2]}").strftime("%d.%m.%Y %H:%M:%S")
            return date.fromisoformat(re.sub(r"(Z|[+-]\d{2}:\d{2})$", "", text) if len(text) > len("2026-10-01") else text).strftime(
                "%d.%m.%Y"
            )
        except ValueError:
            return text
    return text

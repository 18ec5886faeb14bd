"""The region's list of houses of ГАР: a CSV with the columns ``fias``, ``oktmo``, ``address`` and, where known, ``cadastral``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping

from adapters.contract import Identification, Parsed, RawMessage
from core.model.finding import Finding, Position
from core.model.records import GarHouse, Record
from core.validate.addresses import address_key

__all__ = ["GarAdapter"]

_NEEDED = ("fias", "oktmo", "address")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class GarAdapter:
    """Reads the list; a wrong row is a finding, the others are taken."""

    name = "region.gar"

    def identify(self, message: RawMessage) -> Identification:
        """By its header."""
        if not message.name.lower().endswith(".csv"):
            return Identification(False, "имя не кончается на .csv")
        header = _heading(_text(message.data))
        missing = [name for name in _NEEDED if name not in header]
        return Identification(not missing, f"нет столбцов: {', '.join(missing)}" if missing else "перечень домов ГАР")

    def parse(self, message: RawMessage, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """Houses by GUID; one that stands twice is refused the second time."""
        content = _text(message.data)
        header = _heading(content)
        rows = csv.reader(io.StringIO(content, newline=""), delimiter=";")
        next(rows, None)
        seen: set[str] = set()
        refused = 0
        for number, cells in enumerate(rows, 1):
            if not any(cell.strip() for cell in cells):
                continue
            row = {name: cell.strip() for name, cell in zip(header, cells, strict=False)}
            fias, oktmo, address = row.get("fias", "").lower(), row.get("oktmo", ""), row.get("address", "")
            place = Position(message.name, number)
            wrong = _wrong(fias, oktmo, address, seen)
            if wrong is not None:
                refused += 1
                field, value, text = wrong
                hint = "Исправьте строку перечня и загрузите его снова."
                yield Finding(place, "GR-0110", "error", "reject_row", field=field, value=value, message=text, hint=hint)
                continue
            seen.add(fias)
            yield Record(f"gar/{fias}", place, GarHouse(fias, oktmo, address, address_key(address), row.get("cadastral", "")))
        yield Parsed("accepted_with_errors" if refused else "accepted", {}, {"houses": len(seen)})


def _wrong(fias: str, oktmo: str, address: str, seen: set[str]) -> tuple[int, str, str] | None:
    if not _GUID.fullmatch(fias):
        return 1, fias, "Код ФИАС — не GUID."
    if fias in seen:
        return 1, fias, "Код ФИАС уже есть в перечне."
    if not oktmo.isdecimal() or len(oktmo) not in (8, 11):
        return 2, oktmo, "ОКТМО — 8 или 11 цифр."
    return None if address else (3, "", "Адрес пуст.")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1251", errors="replace")


def _heading(content: str) -> list[str]:
    line = content.split("\n", 1)[0].strip("\r")
    return [cell.strip().strip('"').lower() for cell in line.split(";")]

"""The sources of a region's configuration: one file, or a folder packed into one message, each read with the lines of its values.

A folder (``config/regions/<region>``) becomes a ZIP with fixed dates and sorted names, so that the same files are always the same message.
"""

from __future__ import annotations

import io
import json
import re
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from adapters.contract import RawMessage
from adapters.zipio import DAMAGE, open_zip
from core.validate.places import Places, json_places, toml_places

__all__ = ["FOLDER_ENDING", "Source", "SourceError", "pack_folder", "read_sources"]

FOLDER_ENDING = ".region.zip"
_MOST_FILES, _MOST_BYTES = 500, 50 * 1024 * 1024
_NAME = re.compile(r"[^/\\]+\.(toml|json)")


class SourceError(Exception):
    """A source that cannot be read: which file, on which line where that is known, and why (Russian)."""

    def __init__(self, file: str, line: int | None, reason: str) -> None:
        super().__init__(reason)
        self.file, self.line, self.reason = file, line, reason


@dataclass(frozen=True, slots=True)
class Source:
    """One read file."""

    file: str
    content: Mapping[str, object]
    places: Places


def pack_folder(name: str, contents: Mapping[str, bytes]) -> RawMessage:
    """The files of a folder as one message."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as packed:
        for file, data in sorted(contents.items()):
            packed.writestr(zipfile.ZipInfo(file), data)
    return RawMessage(name + FOLDER_ENDING, buffer.getvalue())


def read_sources(message: RawMessage) -> list[Source]:
    """All sources of a message; :class:`SourceError` when one of them is no JSON or TOML."""
    if message.name.lower().endswith(FOLDER_ENDING):
        return [_read(file, data) for file, data in _unpacked(message)]
    return [_read(message.name, message.data)]


def _unpacked(message: RawMessage) -> list[tuple[str, bytes]]:
    try:
        packed = open_zip(message.data)
    except DAMAGE as error:
        raise _damaged(message, error) from error
    with packed:
        entries = sorted(packed.infolist(), key=lambda entry: entry.filename)
        if len(entries) > _MOST_FILES or sum(entry.file_size for entry in entries) > _MOST_BYTES:
            raise SourceError(message.name, None, "слишком много файлов или слишком большие файлы")
        strange = next((entry.filename for entry in entries if _NAME.fullmatch(entry.filename) is None), None)
        if strange is not None:
            raise SourceError(message.name, None, f"в папке региона ожидались файлы .toml и .json, а есть «{strange}»")
        try:
            return [(entry.filename, packed.read(entry)) for entry in entries]
        except DAMAGE as error:
            raise _damaged(message, error) from error


def _damaged(message: RawMessage, error: Exception) -> SourceError:
    return SourceError(message.name, None, f"архив ZIP повреждён ({error})")


def _read(file: str, data: bytes) -> Source:
    is_toml = file.lower().endswith(".toml")
    try:
        source = data.decode("utf-8-sig")
        content: object = tomllib.loads(source) if is_toml else json.loads(source)
    except UnicodeDecodeError as error:
        raise SourceError(file, data.count(b"\n", 0, error.start) + 1, f"байт {error.start} — не UTF-8") from error
    except json.JSONDecodeError as error:
        raise SourceError(file, error.lineno, f"строка {error.lineno}, знак {error.colno}: ошибка записи JSON") from error
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+), column (\d+)", str(error))
        line = int(found[1]) if found else source.count("\n") + 1
        place = f"строка {line}, знак {found[2]}" if found else f"строка {line}, конец файла"
        raise SourceError(file, line, f"{place}: ошибка записи TOML") from error
    except RecursionError as error:
        raise SourceError(file, None, "слишком глубокая вложенность") from error
    except ValueError as error:  # a number of thousands of digits
        raise SourceError(file, None, str(error)) from error
    if not isinstance(content, dict):
        raise SourceError(file, 1, "на верхнем уровне должен быть объект с разделами senders, tariffs, norms, limits, settings")
    return Source(file, content, toml_places(source) if is_toml else json_places(source))

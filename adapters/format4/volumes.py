"""Volumes of a split archive (``name.z01``, ``name.z02`` …, ``name.zip`` last) as one archive again.

Two ways of cutting are met: an archive that was cut into pieces byte by byte (the pieces one after another are the archive), and the split
archive of the ZIP standard, in which every place is counted from the start of its own volume. The second is rewritten: offsets are counted
from the start of the whole, volume numbers become zero; packed bytes are not touched.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import InputError

__all__ = ["VolumeName", "is_volume", "join_volumes", "missing_volumes", "volume_name"]

_NAME = re.compile(r"(?P<stem>.+)\.(?:z(?P<number>\d{2,3})|zip)", re.IGNORECASE)
_END = struct.Struct("<4s4H2IH")
_END_MARK = b"PK\x05\x06"
_ENTRY_MARK = b"PK\x01\x02"
_ENTRY_BYTES = 46
_LONGEST_COMMENT = 0xFFFF
_ZIP64 = (0xFFFF, 0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class VolumeName:
    """Which archive a file belongs to, and its number in it; None = the last one, ``.zip``."""

    stem: str
    number: int | None


@dataclass(frozen=True, slots=True)
class _End:
    place: int
    disk: int
    directory_disk: int
    entries: int
    directory_size: int
    directory_offset: int


def volume_name(name: str) -> VolumeName | None:
    """What the name of a file says; None when it can be no volume."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    return VolumeName(match["stem"].lower(), None if match["number"] is None else int(match["number"]))


def is_volume(name: str, data: bytes) -> bool:
    """Whether a file is a part of a split archive and nothing by itself."""
    called = volume_name(name)
    if called is None:
        return False
    if called.number is not None:
        return True
    end = _end(data)
    return end is not None and (end.disk > 0 or not data.startswith(b"PK"))


def missing_volumes(volumes: Mapping[int | None, bytes]) -> list[str]:
    """Endings of the volumes that have not come; empty when the archive can be joined."""
    numbers = [number for number in volumes if number is not None]
    last = volumes.get(None)
    end = None if last is None else _end(last)
    expected = max(numbers, default=0) if end is None or end.disk == 0 else end.disk
    missing = [f".z{number:02d}" for number in range(1, expected + 1) if number not in volumes]
    return missing if last is not None else [*missing, ".zip"]


def join_volumes(volumes: Sequence[bytes]) -> bytes:
    """One archive of its volumes in order, the ``.zip`` part last; ``InputError`` F4-907 or F4-911 when they make none."""
    whole = bytearray(b"".join(volumes))
    end = _end(bytes(volumes[-1]))
    if end is None:
        raise InputError("F4-907", "Архив повреждён или обрезан: нет конца оглавления.", hint="Получите тома заново и сверьте размеры.")
    if end.disk == 0:
        return bytes(whole)
    if end.disk + 1 != len(volumes):
        raise InputError(
            "F4-911", f"Томов {len(volumes)}, а в последнем названо {end.disk + 1}.", hint="Пришлите все тома одной выгрузки заново."
        )
    if end.entries in _ZIP64 or end.directory_offset in _ZIP64:
        raise InputError("F4-911", "Тома разделённого архива больше 4 ГБ не читаются.", hint="Разделите выгрузку на несколько архивов.")
    starts = [0]
    for volume in volumes:
        starts.append(starts[-1] + len(volume))
    directory = starts[end.directory_disk] + end.directory_offset
    _rewrite_entries(whole, directory, end.entries, starts)
    place = starts[-2] + end.place
    struct.pack_into("<4HII", whole, place + 4, 0, 0, end.entries, end.entries, end.directory_size, directory)
    return bytes(whole)


def _rewrite_entries(whole: bytearray, place: int, count: int, starts: Sequence[int]) -> None:
    for _ in range(count):
        if whole[place : place + 4] != _ENTRY_MARK or place + _ENTRY_BYTES > len(whole):
            raise InputError("F4-907", "Архив повреждён или обрезан: тома не подходят друг к другу.", hint="Получите все тома заново.")
        name, extra, comment, disk = struct.unpack_from("<4H", whole, place + 28)
        (offset,) = struct.unpack_from("<I", whole, place + 42)
        if disk + 1 >= len(starts) or offset in _ZIP64:
            raise InputError(
                "F4-907", "Архив повреждён или обрезан: оглавление называет том, которого нет.", hint="Получите все тома заново."
            )
        struct.pack_into("<H", whole, place + 34, 0)
        struct.pack_into("<I", whole, place + 42, starts[disk] + offset)
        place += _ENTRY_BYTES + name + extra + comment


def _end(data: bytes) -> _End | None:
    """The record that ends a directory; None when the bytes have none (any volume but the last)."""
    place = data.rfind(_END_MARK, max(0, len(data) - _END.size - _LONGEST_COMMENT))
    if place < 0 or place + _END.size > len(data):
        return None
    _, disk, directory_disk, _, entries, size, offset, _ = _END.unpack_from(data, place)
    return _End(place, disk, directory_disk, entries, size, offset)

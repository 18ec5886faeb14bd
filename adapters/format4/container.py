"""The archive of «Формат 4.0» as a container: opened without trust, read as streams.

Nothing that the archive says about itself is believed: sizes are counted while bytes come out, names are checked before anything is opened,
and nothing is ever written to disk. What is wrong with the container as a whole is an ``InputError`` (the bytes are archived already, so
nothing is lost); what is wrong inside is a finding, and other modules make those.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from adapters.zipio import DAMAGE, open_zip
from core.errors import InputError

__all__ = ["Container", "Limits", "open_container"]

_BLOCK = 1 << 16
_ENCRYPTED = 0x1
_FREE_BYTES = 16 << 20
"""Below so much the ratio proves nothing: an empty table compresses well."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much an archive may hold; above it is taken for a bomb."""

    entries: int = 20_000
    total_bytes: int = 4 << 30
    """Unpacked bytes of all files that are read."""
    ratio: int = 200
    """Unpacked to packed bytes of the whole archive."""


@dataclass(slots=True)
class Container:
    """An opened archive: names at the root, attachments apart, repeated names."""

    packed_bytes: int
    limits: Limits
    zip_file: zipfile.ZipFile
    entries: dict[str, zipfile.ZipInfo]
    """First entry of each name outside ``files/``."""
    attachments: frozenset[str]
    repeated: tuple[str, ...]
    _measured: set[str] = field(default_factory=set)
    _unpacked: int = 0

    def blocks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file in blocks; ``InputError`` when the file is damaged or the archive unpacks into too much."""
        first_time = name not in self._measured
        self._measured.add(name)
        try:
            with self.zip_file.open(self.entries[name]) as stream:
                while block := stream.read(_BLOCK):
                    if first_time:
                        self._count(len(block))
                    yield block
        except DAMAGE as error:
            raise _damaged(name, error) from error

    def attachment_size(self, name: str) -> int:
        """Unpacked bytes of an attachment, as the archive states them."""
        return self._attachment(name).file_size

    def attachment(self, name: str) -> bytes:
        """The bytes of an attachment; ``InputError`` when it is damaged or too large."""
        info = self._attachment(name)
        if info.file_size > max(_FREE_BYTES, self.limits.ratio * self.packed_bytes):
            raise InputError("F4-905", "Вложение распаковывается в слишком большой объём.", hint="Получите файл у отправителя.", file=name)
        try:
            return self.zip_file.read(info)
        except DAMAGE as error:
            raise _damaged(name, error) from error

    def _attachment(self, name: str) -> zipfile.ZipInfo:
        return next(info for info in self.zip_file.infolist() if info.filename.replace("\\", "/") == name)

    def stream(self, name: str) -> IO[bytes]:
        """The bytes of a file as a binary stream."""
        return io.BufferedReader(_Blocks(self.blocks(name)))

    def _count(self, size: int) -> None:
        self._unpacked += size
        most = min(self.limits.total_bytes, max(_FREE_BYTES, self.limits.ratio * self.packed_bytes))
        if self._unpacked > most:
            raise InputError(
                "F4-905",
                "Архив распаковывается в слишком большой объём и не читается дальше.",
                hint="Пришлите выгрузку частями; если это не выгрузка, файл не нужен.",
                unpacked_bytes=self._unpacked,
                most_bytes=most,
            )


class _Blocks(io.RawIOBase):
    """Blocks as a raw stream, for the text reader above it."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed wants Buffer, which 3.11 does not name
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _damaged(name: str | None, error: Exception) -> InputError:
    where = f" (файл {name})" if name else ""
    return InputError(
        "F4-907",
        f"Архив повреждён или обрезан{where}.",
        hint="Получите его заново и сверьте размер с отправителем.",
        file=name,
        reason=str(error),
    )


def _refuse_entry(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename.replace("\\", "/")
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or ":" in parts[0] or "\0" in name:
        raise InputError(
            "F4-903",
            f"Имя файла в архиве выводит за его пределы: {info.orig_filename!r}.",
            hint="Соберите архив без путей: разделы лежат в его корне.",
            file=info.orig_filename,
        )
    if stat.S_ISLNK(info.external_attr >> 16):
        raise InputError(
            "F4-904",
            f"В архиве ссылка вместо файла: {info.orig_filename}.",
            hint="Положите в архив сами файлы.",
            file=info.orig_filename,
        )
    if info.flag_bits & _ENCRYPTED:
        raise InputError(
            "F4-902",
            f"Файл в архиве зашифрован: {info.orig_filename}.",
            hint="Пришлите архив без пароля.",
            file=info.orig_filename,
        )


def open_container(data: bytes | IO[bytes], limits: Limits) -> Container:
    """Open an archive; ``InputError`` says why it can not be one of ours.

    Codes: F4-901 not a zip, 902 encrypted, 903 path climbs out, 904 symbolic link, 905 unpacks into too much, 906 too many files,
    907 damaged or cut, 908 a volume of a split archive.
    """
    source = io.BytesIO(data) if isinstance(data, bytes) else data
    start = source.read(4)
    size = source.seek(0, io.SEEK_END)
    if not start.startswith(b"PK"):
        raise InputError("F4-901", "Файл не является архивом ZIP.", hint="Выгрузка «Формат 4.0» — архив ZIP с файлом _info.csv.")
    try:
        opened = open_zip(source)
    except DAMAGE as error:
        if start == b"PK\x07\x08" or "multiple disks" in str(error):
            raise InputError(
                "F4-908",
                "Это том разделённого архива.",
                hint="Соберите тома в один архив ZIP и пришлите его.",
            ) from error
        raise _damaged(None, error) from error
    infos = [info for info in opened.infolist() if not info.is_dir()]
    if len(infos) > limits.entries:
        raise InputError(
            "F4-906",
            f"В архиве слишком много файлов: {len(infos)}.",
            hint=f"Допустимо {limits.entries}; пришлите вложения отдельным архивом.",
            entries=len(infos),
        )
    entries: dict[str, zipfile.ZipInfo] = {}
    attachments: set[str] = set()
    repeated: list[str] = []
    for info in infos:
        _refuse_entry(info)
        name = info.filename.replace("\\", "/")
        if name in entries or name in attachments:
            repeated.append(name)
        elif name.startswith("files/"):
            attachments.add(name)
        else:
            entries[name] = info
    return Container(size, limits, opened, entries, frozenset(attachments), tuple(repeated))

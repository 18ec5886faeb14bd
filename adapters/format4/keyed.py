"""Numbers by key, and rows in order, of any count in bounded memory: what a survey must remember of an archive of any size.

Senders number their rows upwards, and rows that belong together follow one another. So keys that grow are a log: pages of a temporary file
without a name, of which only the first keys are in memory. Keys that do not (and keys that are no numbers) are a dictionary while they are
few, then a hash table in such a file, where a key is known by 128 bits of its hash. Rows to be sorted go there as sorted runs. The pages of
these files belong to the system, not to the process; archives of usual size touch no disk at all.
"""

from __future__ import annotations

import heapq
import os
import tempfile
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator
from hashlib import blake2b
from struct import Struct
from typing import IO

__all__ = ["Numbers", "SortedRows", "Totals"]

_MOST = 16_384
"""Entries of a dictionary."""
_PAGE = 512
"""Entries of a page of a log."""
_PAGES = 16
"""Pages at hand."""
_SLOT = Struct("<16sq")
_EMPTY = bytes(16)
_AT_ONCE = 8
"""Slots read at a time: at most half of a table is full, so a key is nearly always among the first of them."""
_FIRST_SIZE = 1 << 16
_TAIL = 1 << 10
"""Slots behind the last place."""
_WINDOW = 1 << 13
"""Slots written at a time."""


class Numbers:
    """A number of 64 bits for each key: an identifier of the format in its plain form (a text), or a value of another type that is equal
    where its ``repr`` is."""

    __slots__ = ("_log", "_others", "_table")

    def __init__(self) -> None:
        self._log = _Log()
        self._others: dict[Hashable, int] = {}
        self._table: _Table | None = None

    def get(self, key: Hashable) -> int | None:
        """The number of a key; None where it has none."""
        if isinstance(key, str):
            number = int(key)
            if number > self._log.last:
                return None
            found = self._log.get(number)
            if found is not None:
                return found
        return self._get_other(key)

    def _get_other(self, key: Hashable) -> int | None:
        found = self._others.get(key)
        return found if found is not None or self._table is None else self._table.get(_digest(key))

    def __contains__(self, key: Hashable) -> bool:
        return self.get(key) is not None

    def __getitem__(self, key: Hashable) -> int:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def setdefault(self, key: Hashable, value: int) -> int:
        """The number of a key, given now where it has none."""
        if isinstance(key, str) and int(key) > self._log.last:
            self._log.append(int(key), value)
            return value
        found = self.get(key)
        if found is not None:
            return found
        self._set_other(key, value)
        return value

    def _set_other(self, key: Hashable, value: int) -> None:
        self._others[key] = value
        if len(self._others) > _MOST:
            self._table = self._table or _Table()
            self._table.put((_digest(one), number) for one, number in self._others.items())
            self._others.clear()


class Totals(Numbers):
    """Sums by key, each of which may become unknown."""

    __slots__ = ("_amount", "_current", "_unknown")

    def __init__(self) -> None:
        super().__init__()
        self._current: Hashable = None
        self._amount = 0
        self._unknown: set[Hashable] = set()

    def add(self, key: Hashable, amount: int | None) -> None:
        """Add to a sum; None makes it unknown."""
        if amount is None:
            self._unknown.add(key)
            return
        if key != self._current:
            self._put_away()
            self._current = key
        self._amount += amount

    def of(self, key: Hashable) -> int | None:
        """The sum, 0 where nothing was added, None where something unreadable was."""
        if key in self._unknown:
            return None
        self._put_away()
        logged = self._log.get(int(key)) if isinstance(key, str) else None
        return (logged or 0) + (self._get_other(key) or 0)

    def _put_away(self) -> None:
        """What was added to one key in a row: into the log where it is a new one, else beside what the log has of it."""
        key, amount = self._current, self._amount
        self._current, self._amount = None, 0
        if not amount:
            return
        if isinstance(key, str) and int(key) > self._log.last:
            self._log.append(int(key), amount)
        else:
            self._set_other(key, (self._get_other(key) or 0) + amount)


class _Log:
    """Numbers by growing whole keys."""

    __slots__ = ("_file", "_firsts", "_keys", "_loaded", "_values", "last")

    def __init__(self) -> None:
        self.last = -(1 << 63) - 1
        self._keys, self._values = array("q"), array("q")
        self._firsts = array("q")
        self._file: IO[bytes] | None = None
        self._loaded: dict[int, tuple[array[int], array[int]]] = {}

    def append(self, key: int, value: int) -> None:
        """A key above the last one."""
        self._keys.append(key)
        self._values.append(value)
        self.last = key
        if len(self._keys) == _PAGE:
            self._file = self._file or _unnamed()
            self._file.seek(0, os.SEEK_END)
            self._file.write(self._keys.tobytes() + self._values.tobytes())
            self._firsts.append(self._keys[0])
            self._keys, self._values = array("q"), array("q")

    def get(self, key: int) -> int | None:
        """The number of a key."""
        if key > self.last:
            return None
        keys, values = self._keys, self._values
        if not keys or key < keys[0]:
            page = bisect_right(self._firsts, key) - 1
            if page < 0:
                return None
            keys, values = self._loaded.get(page) or self._load(page)
        place = bisect_left(keys, key)
        return values[place] if place < len(keys) and keys[place] == key else None

    def _load(self, page: int) -> tuple[array[int], array[int]]:
        assert self._file is not None
        size = _PAGE * self._keys.itemsize
        block = os.pread(self._file.fileno(), 2 * size, 2 * size * page)
        found = array("q", block[:size]), array("q", block[size:])
        if len(self._loaded) >= _PAGES:
            del self._loaded[next(iter(self._loaded))]
        self._loaded[page] = found
        return found


class _Table:
    """Open addressing in a file: a slot is a digest and a number, an empty digest is an empty slot."""

    def __init__(self) -> None:
        self._size, self._count = _FIRST_SIZE, 0
        self._file = _sized(self._size)

    def get(self, digest: bytes) -> int | None:
        """The number of a digest."""
        place = self._place(digest)
        while block := os.pread(self._file.fileno(), _AT_ONCE * _SLOT.size, place * _SLOT.size):
            for found, number in _SLOT.iter_unpack(block):
                if found == digest:
                    return int(number)
                if found == _EMPTY:
                    return None
            place += _AT_ONCE
        return None

    def put(self, pairs: Iterable[tuple[bytes, int]]) -> None:
        """Set the numbers of some digests."""
        self._put(iter(sorted(pairs)))

    def _put(self, pairs: Iterator[tuple[bytes, int]]) -> None:
        """The same of digests in their order, which is that of places: what is read and written goes over the file once."""
        window, first = bytearray(), 0
        for digest, number in pairs:
            place = self._place(digest)
            while True:
                at = (place - first) * _SLOT.size
                if not 0 <= at < len(window):
                    self._write(window, first)
                    first, at = place, 0
                    window = bytearray(os.pread(self._file.fileno(), _WINDOW * _SLOT.size, place * _SLOT.size))
                found, _ = _SLOT.unpack_from(window, at)
                if found in (digest, _EMPTY):
                    break
                place += 1
            _SLOT.pack_into(window, at, digest, number)
            self._count += found == _EMPTY
            if 2 * self._count > self._size:
                self._write(window, first)
                window, first = bytearray(), 0
                self._grow()
        self._write(window, first)

    def _write(self, window: bytearray, first: int) -> None:
        if window:
            os.pwrite(self._file.fileno(), window, first * _SLOT.size)

    def _place(self, digest: bytes) -> int:
        return int.from_bytes(digest[:8], "big") * self._size >> 64

    def _grow(self) -> None:
        old = self._file
        self._size, self._count = self._size * 4, 0
        self._file = _sized(self._size)
        self._put(self._entries(old))
        old.close()

    def _entries(self, file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
        """All entries; those of neighbouring places may stand in any order among themselves, which no place minds."""
        file.seek(0)
        while block := file.read(_WINDOW * _SLOT.size):
            yield from ((digest, number) for digest, number in _SLOT.iter_unpack(block) if digest != _EMPTY)


def _sized(slots: int) -> IO[bytes]:
    file = _unnamed()
    file.truncate((slots + _TAIL) * _SLOT.size)  # empty slots take no disk
    return file


def _unnamed() -> IO[bytes]:
    """A temporary file that is gone with whoever holds it."""
    return tempfile.TemporaryFile(buffering=0)


def _digest(key: Hashable) -> bytes:
    return blake2b(repr(key).encode(), digest_size=16).digest()


class SortedRows:
    """Rows of whole numbers, given in any order and read in theirs."""

    def __init__(self, width: int) -> None:
        self._row = Struct(f"<{width}q")
        self._waiting: list[tuple[int, ...]] = []
        self._runs: list[IO[bytes]] = []

    def add(self, *row: int) -> None:
        """One row."""
        self._waiting.append(row)
        if len(self._waiting) >= 2 * _MOST:
            run = _unnamed()
            run.write(b"".join(self._row.pack(*one) for one in sorted(self._waiting)))
            self._runs.append(run)
            self._waiting.clear()

    def groups(self) -> Iterator[list[tuple[int, ...]]]:
        """Rows of the same first number together."""
        group: list[tuple[int, ...]] = []
        for row in heapq.merge(*(self._read(run) for run in self._runs), sorted(self._waiting)):
            if group and row[0] != group[0][0]:
                yield group
                group = []
            group.append(row)
        if group:
            yield group

    def _read(self, run: IO[bytes]) -> Iterator[tuple[int, ...]]:
        run.seek(0)
        while block := run.read(self._row.size * 1024):
            yield from self._row.iter_unpack(block)

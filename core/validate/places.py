"""Where a value stands in its source: parsers of TOML and JSON give values without lines, and a person who must mend a file needs the line.

A source is scanned after it was parsed, so its syntax is known to be right and the scan only follows brackets, keys and line ends.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Path", "Places", "json_places", "path_text", "toml_places"]

Path = tuple[str | int, ...]
"""Keys and indices from the top of a document to a value."""

_TOML = re.compile(
    r'(?P<comment>\#[^\n]*)|(?P<string>"""(?:\\.|(?!""").)*"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')'
    r"|(?P<mark>[][{}=,.\n])|(?P<word>[^\s\[\]{}=,.#\"']+)",
    re.DOTALL,
)
_JSON = re.compile(r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<mark>[][{},:])|(?P<word>[^\s\[\]{},:"]+)')


@dataclass(frozen=True, slots=True)
class Places:
    """Lines of the values of one source, 1 = first."""

    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """The line of a value; of one that is not there (a missing key) the line of what should hold it."""
        while path not in self.lines:
            if not path:
                return 1
            path = path[:-1]
        return self.lines[path]


def path_text(path: Path) -> str:
    """A path as a person reads it: ``coefficient.cold_water.values[1].from``; items are counted from 0, as programs do."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def toml_places(source: str) -> Places:
    """Lines of a TOML source that :mod:`tomllib` has read."""
    return _Toml(source).places()


def json_places(source: str) -> Places:
    """Lines of a JSON source that :mod:`json` has read."""
    lines: dict[Path, int] = {}
    open_values: list[list[str | int | None]] = []  # the key or index that is being read in each open object or array
    line, seen = 1, 0
    for match in _JSON.finditer(source):
        line, seen = line + source.count("\n", seen, match.start()), match.start()
        text = match.group()
        top = open_values[-1] if open_values else None
        if text in "}]" and match["mark"]:
            open_values.pop()
        elif text == "," and match["mark"]:
            assert top is not None
            top[0] = top[0] + 1 if isinstance(top[0], int) else None
        elif text == ":" and match["mark"]:
            continue
        elif top is not None and top[0] is None:  # a key of an object
            top[0] = str(json.loads(text))
            lines[_path(open_values)] = line
        else:
            lines.setdefault(_path(open_values), line)
            if match["mark"]:
                open_values.append([None if text == "{" else 0])
    return Places(lines)


def _path(open_values: list[list[str | int | None]]) -> Path:
    return tuple(value[0] for value in open_values if value[0] is not None)


class _Toml:
    """One pass over the words of a TOML source."""

    def __init__(self, source: str) -> None:
        self._words: list[tuple[str, int]] = []
        line, seen = 1, 0
        for match in _TOML.finditer(source):
            line, seen = line + source.count("\n", seen, match.start()), match.start()
            if not match["comment"]:
                self._words.append((match.group(), line))
        self._next = 0
        self._lines: dict[Path, int] = {}
        self._items: dict[Path, int] = {}

    def places(self) -> Places:
        prefix: Path = ()
        while self._next < len(self._words):
            word, line = self._words[self._next]
            if word == "\n":
                self._next += 1
            elif word == "[":
                prefix = self._header(line)
            else:
                self._pair(prefix)
        return Places(self._lines)

    def _header(self, line: int) -> Path:
        """``[a.b]`` or ``[[a.b]]``; a name on the way that is a list of tables means its last one."""
        opened = 0
        while self._peek() == "[":
            self._next += 1
            opened += 1
        keys = self._keys("]")
        self._next += opened
        path: Path = ()
        for number, key in enumerate(keys):
            path += (key,)
            if opened > 1 and number == len(keys) - 1:
                self._lines.setdefault(path, line)
                self._items[path] = self._items.get(path, -1) + 1
            if path in self._items:
                path += (self._items[path],)
            self._lines.setdefault(path, line)
        self._lines[path] = line
        return path

    def _pair(self, prefix: Path) -> None:
        line = self._words[self._next][1]
        path = prefix
        for key in self._keys("="):
            path += (key,)
            self._lines.setdefault(path, line)
        self._next += 1
        self._value(path)

    def _keys(self, end: str) -> list[str]:
        keys = []
        while (word := self._peek()) != end:
            if word != ".":
                keys.append(next(iter(tomllib.loads(f"{word} = 0"))))
            self._next += 1
        return keys

    def _value(self, path: Path) -> None:
        word, line = self._words[self._next]
        self._lines[path] = line
        if word == "[":
            self._next += 1
            for number in range(len(self._words)):
                if self._skip_to_item() == "]":
                    break
                self._value((*path, number))
            self._next += 1
        elif word == "{":
            self._next += 1
            while self._skip_to_item() != "}":
                self._pair(path)
            self._next += 1
        else:
            while self._next < len(self._words) and self._peek() not in ("\n", ",", "]", "}"):
                self._next += 1

    def _skip_to_item(self) -> str:
        while self._peek() in ("\n", ","):
            self._next += 1
        return self._peek()

    def _peek(self) -> str:
        return self._words[self._next][0]

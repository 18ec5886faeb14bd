"""Lines of values in TOML and JSON: every value of the files that ship has its own line, and awkward writings do not lead astray."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from core.validate.places import json_places, path_text, toml_places

ROOT = Path(__file__).parents[4]
TOML_FILES = sorted((ROOT / "config").rglob("*.toml"))
JSON_FILES = sorted((ROOT / "examples").rglob("*.json"))


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaves(inner, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, inner in enumerate(value) for leaf in leaves(inner, (*path, index))]
    return [(path, value)]


@pytest.mark.parametrize("file", [*TOML_FILES, *JSON_FILES], ids=lambda file: file.name)
def test_every_value_stands_on_its_line(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    is_toml = file.suffix == ".toml"
    places = toml_places(source) if is_toml else json_places(source)
    rows = source.split("\n")
    for path, value in leaves(tomllib.loads(source) if is_toml else json.loads(source)):
        row = rows[places.lines[path] - 1]
        if isinstance(path[-1], str):
            assert path[-1] in row
        if isinstance(value, str) and "\n" not in value and "\\" not in row:
            assert value in row


def test_awkward_toml() -> None:
    source = '''# [not.a.table]
a = "x = [1, # no" # comment "with quotes"
b.c = """
two lines ]
"""
"quoted key".d = 'lit # eral'
e = [ # list
  1,

  { f = 2, g = [
    3, "}" ] },
]
[[t]]
n = 1
[[t]]
n = 2
[t.inner]
m = 3
[[t.rows]]
v = 4
'''
    tomllib.loads(source)
    places = toml_places(source)
    lines = {path_text(path): line for path, line in places.lines.items()}
    wanted = {
        "a": 2, "b.c": 3, "quoted key.d": 6, "e": 7, "e[0]": 8, "e[1].f": 10, "e[1].g": 10, "e[1].g[0]": 11, "e[1].g[1]": 11, "t": 13,
        "t[0].n": 14, "t[1]": 15, "t[1].n": 16, "t[1].inner": 17, "t[1].inner.m": 18, "t[1].rows[0].v": 20,
    }  # fmt: skip
    assert wanted.items() <= lines.items()


def test_awkward_json() -> None:
    source = '{\n "a": "x: [1,{",\n "b\\"\\u0442": [\n  [1, 2],\n  {"c": null,\n   "d": {}}\n ]}'
    json.loads(source)
    lines = {path_text(path): line for path, line in json_places(source).lines.items()}
    assert {"a": 2, 'b"т': 3, 'b"т[0][1]': 4, 'b"т[1].c': 5, 'b"т[1].d': 6}.items() <= lines.items()


def test_a_value_that_is_missing_has_the_line_of_what_should_hold_it() -> None:
    places = toml_places("[[t]]\nn = 1\n")
    assert (places.line(("t", 0, "missing", "deep")), places.line(("none",))) == (1, 1)

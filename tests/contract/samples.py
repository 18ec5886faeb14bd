"""Sample sets of the registered adapters: what the conformance suite feeds them.

A new adapter adds one entry here (a function, so that nothing is read before it is needed) and inherits every test of
``test_parsers.py``. Samples are synthetic and small; ``valid`` ones give records, the others only have to be recognised.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from adapters.contract import RawMessage
from tests.unit.adapters.uk.small_archive import small_archive

__all__ = ["FOREIGN", "Sample", "samples_of"]

ROOT = Path(__file__).parents[2]
TOWN = ROOT / "examples" / "town"
ACTS = ROOT / "tests" / "golden" / "uk" / "acts"
SOAP = ROOT / "tests" / "golden" / "uk" / "soap"
BANKS = ROOT / "tests" / "golden" / "banks"


@dataclass(frozen=True)
class Sample:
    """One message that an adapter must take for its own."""

    message: RawMessage
    is_valid: bool = True
    is_small: bool = True
    """Small enough to be parsed hundreds of times."""


def _file(path: Path, *, is_valid: bool, is_small: bool = True) -> Sample:
    return Sample(RawMessage(path.name, path.read_bytes()), is_valid, is_small)


def _format4() -> Iterator[Sample]:
    yield Sample(small_archive().pack())
    for path in sorted(TOWN.glob("*.zip")):
        yield _file(path, is_valid=path.stem.endswith("-valid"), is_small=False)


def _acts() -> Iterator[Sample]:
    yield _file(TOWN / "zarechinsk-2026-10.acts.toml", is_valid=True)
    for path in sorted(ACTS.iterdir()):
        yield _file(path, is_valid=path.stem == "every-kind")


def _soap() -> Iterator[Sample]:
    for path in sorted(SOAP.iterdir()):
        yield _file(path, is_valid=True)


def _region() -> Iterator[Sample]:
    yield _file(TOWN / "zarechinsk.region.json", is_valid=True)


def _banks() -> Iterator[Sample]:
    for expected in sorted(BANKS.glob("*/*.expected.json")):
        document = json.loads(expected.read_text(encoding="utf-8"))
        path = expected.with_name(expected.name.removesuffix(".expected.json"))
        if document["status"] == "ok" and path.suffix != ".zip" and not document["format"].startswith("charges-out"):
            yield _file(path, is_valid=True)


_SETS: Mapping[str, Callable[[], Iterator[Sample]]] = {
    "uk.format4": _format4,
    "uk.acts": _acts,
    "uk.soap": _soap,
    "region": _region,
    "banks": _banks,
}

FOREIGN = (
    RawMessage("empty.txt", b""),
    RawMessage("photo.jpg", b"\xff\xd8\xff\xe0" + bytes(range(256))),
    RawMessage("letter.txt", "Добрый день! Прошу принять оплату.".encode("cp1251")),
    RawMessage("other.zip", b"PK\x05\x06" + b"\0" * 18),
    RawMessage("list.json", b"[1, 2, 3]"),
)
"""Messages of nobody."""


@cache
def samples_of(adapter: str) -> tuple[Sample, ...]:
    """The samples of an adapter; ``KeyError`` for an adapter that brought none."""
    return tuple(_SETS[adapter]())

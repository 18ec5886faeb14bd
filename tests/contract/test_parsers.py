"""The conformance suite of reading adapters: every registered one, on its own samples and on everybody else's.

It identifies its own and refuses the others'; parse is deterministic, opens no socket, yields one ``Parsed`` last; keys are unique
and findings can be read by people; cut and changed bytes give findings or ``InputError``, never a crash, and never records of a refused
message.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

import pytest

from adapters.contract import Parsed, Parser, RawMessage
from core.errors import InputError
from core.model.finding import Finding
from core.model.records import BODIES, Record
from erkc.adapters import PARSERS
from tests.contract.samples import FOREIGN, Sample, samples_of

NAMES = sorted(PARSERS)
MUTATIONS = 60
"""Changed copies of each small sample; the seed is the adapter's name, so a failure repeats."""


@pytest.fixture(autouse=True)
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a socket is a failure: ``parse`` is pure."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("an adapter opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def own() -> Iterator[object]:
    for name in NAMES:
        for sample in samples_of(name):
            yield pytest.param(name, sample, id=f"{name}: {sample.message.name}")


def small() -> Iterator[object]:
    for name in NAMES:
        for sample in samples_of(name):
            if sample.is_small:
                yield pytest.param(name, sample, id=f"{name}: {sample.message.name}")


def said(adapter: Parser, message: RawMessage) -> list[Record | Finding | Parsed]:
    return list(adapter.parse(message, {}))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_parser_with_samples(name: str) -> None:
    assert isinstance(PARSERS[name], Parser) and PARSERS[name].name == name
    assert any(sample.is_valid for sample in samples_of(name))


@pytest.mark.parametrize(("name", "sample"), list(own()))
def test_identifies_its_own_and_nobody_else_does(name: str, sample: Sample) -> None:
    for other, adapter in PARSERS.items():
        verdict = adapter.identify(sample.message)
        assert verdict.accepted is (other == name), f"{other}: {verdict.reason}"
        assert verdict.reason


@pytest.mark.parametrize("message", FOREIGN, ids=lambda message: message.name)
@pytest.mark.parametrize("name", NAMES)
def test_refuses_what_is_nobodys(name: str, message: RawMessage) -> None:
    verdict = PARSERS[name].identify(message)
    assert not verdict.accepted and verdict.reason


@pytest.mark.parametrize(("name", "sample"), list(own()))
def test_what_it_says_is_complete(name: str, sample: Sample) -> None:
    items = said(PARSERS[name], sample.message)
    assert isinstance(items[-1], Parsed) and sum(isinstance(item, Parsed) for item in items) == 1
    records = [item for item in items if isinstance(item, Record)]
    assert all(type(record.body) in BODIES and record.key and record.position.file for record in records)
    keys = [(type(record.body), record.key) for record in records]
    assert len(keys) == len(set(keys)), "a key names one fact of a message"
    for found in (item for item in items if isinstance(item, Finding)):
        assert found.code and found.effect and found.message and found.hint
    if sample.is_valid:
        assert records and not [item for item in items if isinstance(item, Finding) and item.severity == "error"]
    assert set(items[-1].suspended) <= {record.key for record in records}


@pytest.mark.parametrize(("name", "sample"), list(small()))
def test_is_deterministic(name: str, sample: Sample) -> None:
    assert said(PARSERS[name], sample.message) == said(PARSERS[name], sample.message)


def changed(data: bytes, chance: random.Random) -> bytes:
    """A copy of the bytes that a bad wire or a careless person could make."""
    kind, at = chance.randrange(4), chance.randrange(len(data))
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
    if kind == 2:
        return data[:at] + data[at + chance.randrange(1, 40) :]
    return data[:at] + bytes(chance.randrange(256) for _ in range(chance.randrange(1, 9))) + data[at:]


@pytest.mark.parametrize(("name", "sample"), list(small()))
def test_damaged_bytes_never_crash_it(name: str, sample: Sample) -> None:
    chance = random.Random(name)
    for _ in range(MUTATIONS):
        message = RawMessage(sample.message.name, changed(sample.message.data, chance))
        PARSERS[name].identify(message)
        try:
            items = said(PARSERS[name], message)
        except InputError as error:
            assert error.code and error.message and error.hint
            continue
        assert isinstance(items[-1], Parsed)
        if items[-1].status == "rejected":
            assert not [item for item in items if isinstance(item, Record)]

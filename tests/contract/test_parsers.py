"""The conformance suite of reading adapters: every registered one, on its own samples and on everybody else's.

The checks are those of :mod:`erkc.certify`, which ``erkc adapters certify`` runs for outsiders: it identifies its own and refuses the
others'; parse is deterministic, opens no socket, yields one ``Parsed`` last; keys are unique and findings can be read by people; cut and
changed bytes give findings or ``InputError``, never a crash, and never records of a refused message.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from adapters.contract import Parsed, Parser, RawMessage
from core.model.finding import Finding
from core.model.records import Record
from erkc.adapters import PARSERS
from erkc.certify import complete, damaged, deterministic, identified
from tests.contract.samples import FOREIGN, Sample, samples_of

NAMES = sorted(PARSERS)


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
    assert list(identified(PARSERS[name], sample.message, PARSERS)) == []


@pytest.mark.parametrize("message", FOREIGN, ids=lambda message: message.name)
@pytest.mark.parametrize("name", NAMES)
def test_refuses_what_is_nobodys(name: str, message: RawMessage) -> None:
    verdict = PARSERS[name].identify(message)
    assert not verdict.accepted and verdict.reason


@pytest.mark.parametrize(("name", "sample"), list(own()))
def test_what_it_says_is_complete(name: str, sample: Sample) -> None:
    items = said(PARSERS[name], sample.message)
    assert list(complete(items)) == []
    if sample.is_valid:
        assert any(isinstance(item, Record) for item in items)
        assert not [item for item in items if isinstance(item, Finding) and item.severity == "error"]


@pytest.mark.parametrize(("name", "sample"), list(small()))
def test_is_deterministic(name: str, sample: Sample) -> None:
    assert list(deterministic(PARSERS[name], sample.message, said(PARSERS[name], sample.message))) == []


@pytest.mark.parametrize(("name", "sample"), list(small()))
def test_damaged_bytes_never_crash_it(name: str, sample: Sample) -> None:
    assert list(damaged(PARSERS[name], sample.message, seed=name)) == []

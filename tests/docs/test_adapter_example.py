"""The worked examples of ``docs/adapters.md`` really run: the adapter passes the conformance suite, the profile reads its registry."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator

import pytest

from adapters.banks.detect import parse_file
from adapters.banks.profile import load_profile
from adapters.contract import RawMessage
from adapters.format4.layout import known_versions, layout_for
from core.model.finding import Finding
from core.model.records import Reading, Record
from tests.contract import samples, test_parsers
from tests.docs.error_codes import ROOT

PAGE = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")
GOOD = RawMessage("october.txt", "ПОКАЗАНИЯ;1\nХВ-0417733;2026-10-24;421,060\nХВ-0417734;2026-10-24;213,39\n".encode())
BAD = RawMessage("bad.txt", "ПОКАЗАНИЯ;1\nА;2026-10-24;1,5\nА;2026-10-24;2\nБ;вчера;3\nВ;2026-10-24;1,2345\nГ;2026-10-24;7\n".encode())


def example(name: str) -> str:
    """The code block after a mark."""
    found = re.search(rf"<!-- example: {name} -->\n```\w+\n(.*?)```", PAGE, re.S)
    assert found, name
    return found[1]


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    module = types.ModuleType("readings_example")
    exec(compile(example("adapter"), "docs/adapters.md", "exec"), module.__dict__)
    adapter = module.MeterReadings()
    monkeypatch.setitem(test_parsers.PARSERS, adapter.name, adapter)
    sets = {**samples._SETS, adapter.name: lambda: iter([samples.Sample(GOOD), samples.Sample(BAD, is_valid=False)])}
    monkeypatch.setattr(samples, "_SETS", sets)
    samples.samples_of.cache_clear()
    yield adapter.name
    samples.samples_of.cache_clear()


def test_the_adapter_of_the_page_passes_the_conformance_suite(registered: str) -> None:
    test_parsers.test_it_is_a_parser_with_samples(registered)
    for message in samples.FOREIGN:
        test_parsers.test_refuses_what_is_nobodys(registered, message)
    for sample in samples.samples_of(registered):
        test_parsers.test_identifies_its_own_and_nobody_else_does(registered, sample)
        test_parsers.test_what_it_says_is_complete(registered, sample)
        test_parsers.test_is_deterministic(registered, sample)
        test_parsers.test_damaged_bytes_never_crash_it(registered, sample)


def test_the_adapter_of_the_page_reads_what_it_should(registered: str) -> None:
    adapter = test_parsers.PARSERS[registered]
    bodies = [item.body for item in adapter.parse(GOOD, {}) if isinstance(item, Record)]
    assert [(body.meter, body.value_e3) for body in bodies if isinstance(body, Reading)] == [("ХВ-0417733", 421060), ("ХВ-0417734", 213390)]
    found = [(item.position.row, item.code) for item in adapter.parse(BAD, {}) if isinstance(item, Finding)]
    assert found == [(2, "RD-002"), (3, "RD-001"), (4, "RD-001")]


def test_the_profile_of_the_page_reads_its_registry() -> None:
    profile = load_profile(example("profile"), "docs/adapters.md")
    parsed = parse_file("agent.txt", example("registry").encode(), profile).as_dict()
    assert (parsed["status"], parsed["errors"]) == ("ok", [])
    assert parsed["totals"]["amount_kop"] == 1041616


def test_every_section_that_becomes_a_record_is_listed() -> None:
    layout, _ = layout_for(known_versions()[-1])
    for section in layout.sections.values():
        if section.record:
            assert f"| `{section.code}` | {section.title} | `{section.record}` |" in PAGE
        elif section.fields:
            assert f"`{section.code}`" in PAGE

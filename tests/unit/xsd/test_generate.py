"""The committed schemas are what the generator makes of the committed tables, and what the deriver makes of the official album."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import zeep

from xsd import catalog
from xsd.gis_zhkh import derive_tables, generate
from xsd.tables import ALBUM, albums, tables

FOLDER = Path(generate.__file__).parent / ALBUM


def test_committed_schemas_are_generated() -> None:
    made = generate.generate(*generate.load(FOLDER))
    assert made == {path.name: path.read_text(encoding="utf-8") for path in (FOLDER / "schema").iterdir()}


def test_committed_tables_are_derived(shared: Path) -> None:
    found, services = derive_tables.derive(shared / f"hcs-{ALBUM}")
    committed, bindings, _ = generate.load(FOLDER)
    assert services == bindings
    assert {prefix: {key: value for key, value in table.items() if value} for prefix, table in found.items()} == committed


def test_tables_hold_facts_and_no_words_of_the_album() -> None:
    """Cyrillic letters stand only in patterns of values; the words (notes.json) are ours."""

    def without_patterns(facts: Any) -> Any:
        if isinstance(facts, dict):
            return {key: without_patterns(value) for key, value in facts.items() if key != "pattern"}
        return [without_patterns(value) for value in facts] if isinstance(facts, list) else facts

    tables_, services, _ = generate.load(FOLDER)
    text = json.dumps([without_patterns(tables_), services], ensure_ascii=False).lower()
    assert "documentation" not in text
    assert not any("а" <= letter <= "я" for letter in text)


def test_dump_is_json_again() -> None:
    value = {"a": ["x" * 80, "y" * 80], "b": {}, "c": {"d": ["z" * 160]}}
    assert json.loads(derive_tables.dump(value)) == value


@pytest.mark.parametrize("service", sorted(tables().services))
def test_zeep_loads_our_wsdl(service: str) -> None:
    client = zeep.Client(str(catalog.wsdl_path(service)))
    binding = client.service._binding
    expected = {name: facts["action"] for name, facts in tables().services[service]["operations"].items()}
    assert {name: operation.soapaction for name, operation in binding._operations.items()} == expected
    assert client.service._binding_options["address"] == generate.HOST + tables().services[service]["path"]


def test_zeep_writes_a_message_that_our_schema_takes() -> None:
    """An independent client, told only our WSDL, sends what the profile accepts."""
    client = zeep.Client(str(catalog.wsdl_path("house-management")))
    header = client.get_element("{http://dom.gosuslugi.ru/schema/integration/base/}RequestHeader")
    message = client.create_message(
        client.service,
        "exportHouseData",
        FIASHouseGuid=str(UUID(int=7)),
        version="13.2.3.2",
        _soapheaders=[header(Date=datetime(2026, 11, 2, 9, 0, tzinfo=UTC), MessageGUID=str(UUID(int=1)), orgPPAGUID=str(UUID(int=2)))],
    )
    head, body = message
    assert catalog.validate(body[0]) == []
    assert catalog.validate(head[0]) == []


@pytest.mark.parametrize("service", sorted(tables().services))
def test_binding_is_that_of_the_album(shared: Path, service: str) -> None:
    """zeep sees the same elements, headers and addresses in our WSDL as in the official one."""
    ours = zeep.Client(str(catalog.wsdl_path(service)))
    official = zeep.Client(str(shared / f"hcs-{ALBUM}" / service / f"hcs-{service}-service-async.wsdl"))
    assert ours.service._binding_options["address"] == official.service._binding_options["address"]
    assert ours.service._binding.name == official.service._binding.name
    for name, operation in ours.service._binding._operations.items():
        other = official.service._binding._operations[name]
        assert operation.soapaction == other.soapaction
        for mine, theirs in ((operation.input, other.input), (operation.output, other.output)):
            assert mine.body.qname == theirs.body.qname
            assert _headers(mine) == _headers(theirs)


def _headers(message: Any) -> list[str]:
    return [str(element.qname) for _, element in message.header.type.elements]


def test_albums_are_found() -> None:
    assert ALBUM in albums()
    with pytest.raises(KeyError, match=r"no message tables for album 1\.0"):
        tables("1.0")

"""The schema of the service: as the tables have it, and made only of what 1С and its like read."""

from __future__ import annotations

from importlib.resources import files

from lxml import etree

from adapters.uk.soap.operations import PULLS, PUSHES, STATE, layout
from adapters.uk.soap.schema import FILES, SCHEMA, WSDL, schema_file, written

XS = "{http://www.w3.org/2001/XMLSchema}"


def test_files_are_as_the_tables_have_them() -> None:
    assert {name: schema_file(name).decode() for name in written()} == written(), "python -m adapters.uk.soap.schema"
    assert all((files("xsd") / "uk" / "1.0" / name).is_file() for name in FILES)


def test_nothing_that_simple_clients_can_not_read() -> None:
    root = etree.fromstring(schema_file(SCHEMA))
    names = {str(element.tag).removeprefix(XS) for element in root.iter(f"{XS}*")}
    assert not names & {"union", "list", "any", "anyAttribute", "choice", "all", "group", "redefine"}
    for element in root.iter(f"{XS}*"):
        assert element.get("type", "") not in ("xs:anyType", "xs:anySimpleType")
        assert element.get("substitutionGroup") is None and element.get("abstract") is None and element.get("nillable") is None
        assert element.tag != f"{XS}element" or element.get("type") or element.get("ref") == "ds:Signature", (
            "every element has a named type"
        )


def test_document_literal_with_one_part_each() -> None:
    root = etree.fromstring(schema_file(WSDL))
    soap, wsdl = "{http://schemas.xmlsoap.org/wsdl/soap/}", "{http://schemas.xmlsoap.org/wsdl/}"
    assert [binding.get("style") for binding in root.iter(f"{soap}binding")] == ["document"]
    assert {body.get("use") for body in root.iter(f"{soap}body")} == {"literal"}
    assert all(len(message) == 1 and message[0].get("element") for message in root.iter(f"{wsdl}message"))
    operations = {one.get("name") for one in root.find(f"{wsdl}portType").iter(f"{wsdl}operation")}
    assert operations == {*PUSHES, *PULLS, STATE}


def test_sections_exist_and_stand_in_load_order() -> None:
    order = list(layout().sections)
    for push in PUSHES.values():
        places = [order.index(code) for code in push.sections]
        assert places == sorted(places), push.name

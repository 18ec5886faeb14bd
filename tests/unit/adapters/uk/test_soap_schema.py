"""The schema of the service: as the tables have it, and made only of what 1С and its like read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.resources import files
from uuid import UUID

from lxml import etree

from adapters.uk.soap.answers import rows_parts
from adapters.uk.soap.operations import NAMESPACE, PULLS, PUSHES, STATE, layout
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


def test_a_bill_stays_with_its_lines_in_one_part() -> None:
    line = {"bill": "", "service_name": "у", "base": 1, "surcharge": 0, "recalculation": 0, "benefit": 0, "total": 1}
    at = datetime(2026, 11, 1, 9, tzinfo=UTC)
    bill = {"version": 1, "account": "1", "account_number": "1", "period": date(2026, 10, 1), "issued_at": at,
            "total": 2}  # fmt: skip
    groups = [
        [("bill", {**bill, "number": f"Б{n}"}), *[("billline", {**line, "bill": f"Б{n}"})] * lines] for n, lines in enumerate((3, 2, 9, 1))
    ]
    parts = [etree.fromstring(part)[0][0] for part in rows_parts("exportBills", str(UUID(int=1)), groups, most_rows=7)]
    schema = etree.XMLSchema(etree.parse(str(files("xsd") / "uk" / "1.0" / SCHEMA)))
    assert all(schema.validate(part) for part in parts), schema.error_log
    shape = [[str(row.tag).rpartition("}")[2] for row in part[2:]] for part in parts]
    assert [(kinds.count("bill"), kinds.count("billline")) for kinds in shape] == [(2, 5), (1, 9), (1, 1)]
    numbers = [(part.findtext(f"{{{NAMESPACE}}}Part"), part.findtext(f"{{{NAMESPACE}}}NextPart")) for part in parts]
    assert numbers == [("1", "2"), ("2", "3"), ("3", None)]
    (empty,) = rows_parts("exportBills", str(UUID(int=1)), [], most_rows=7)
    assert b"NextPart" not in empty and schema.validate(etree.fromstring(empty)[0][0])

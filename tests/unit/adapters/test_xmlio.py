"""XML in and out: what the parser refuses, what the writer refuses, and that reading undoes writing."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters import xmlio, xmltext
from core.errors import InputError, InvariantError
from tests.unit.adapters.gis_zhkh.all_samples import all_replies, all_requests
from tests.unit.adapters.gis_zhkh.federal_samples import replies, requests
from xsd.tables import Shape, tables

BOMB = b'<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;">]><a>&z;</a>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "XML-0002"),
        (b"<a>", "XML-0002"),
        (b"<a></b>", "XML-0002"),
        ("<?xml version='1.0' encoding='utf-8'?><a>\ud800</a>".encode("utf-8", "surrogatepass"), "XML-0002"),
        (b"<a>" * 300 + b"</a>" * 300, "XML-0002"),
        (BOMB, "XML-0003"),
        (BOMB.decode().encode("utf-16"), "XML-0003"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "XML-0003"),
        (b"<a>" + b"x" * 100 + b"</a>", "XML-0001"),
    ],
)
def test_hostile_documents_are_refused(data: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        xmlio.parse(data, limit=100 if code == "XML-0001" else xmlio.LARGEST_MESSAGE)
    assert caught.value.code == code


def test_stream_refuses_the_same() -> None:
    for data in (BOMB, b"<a><b/>", b"<a>" * 300):
        with pytest.raises(InputError):
            list(xmlio.stream(data, "b"))
    with pytest.raises(InputError):
        list(xmlio.stream(b"<a/>", "a", limit=2))


def test_stream_gives_elements_one_at_a_time_and_forgets_them() -> None:
    data = b"<a>" + b"".join(b"<b><c>%d</c></b>" % number for number in range(1000)) + b"</a>"
    kept: list[Any] = []
    numbers = []
    for element in xmlio.stream(data, "b"):
        numbers.append(int(element.findtext("c")))
        kept.append(element)
    assert numbers == list(range(1000))
    assert len(kept[0]) == 0


def test_canonical_bytes_leave_comments_and_the_tail_out() -> None:
    root = etree.fromstring('<r xmlns:p="urn:p" xmlns:q="urn:q"><p:a b="2" a="1"><!-- c -->т</p:a>tail</r>')
    assert xmlio.canonical(root[0]) == '<p:a xmlns:p="urn:p" a="1" b="2">т</p:a>'.encode()
    assert xmlio.canonical(root[0], exclusive=False) == '<p:a xmlns:p="urn:p" xmlns:q="urn:q" a="1" b="2">т</p:a>'.encode()


def test_serialized_document_parses_back() -> None:
    message = requests()["bills"]
    assert xmlio.canonical(xmlio.parse(xmlio.serialize(message))) == xmlio.canonical(message)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"Месяц": "10"}, "XML-0104"),
        ({"Month": ["10", "11"]}, "XML-0103"),
        ({"Month": 1.5}, "XML-0105"),
        ({"PaymentDocument": ["text"]}, "XML-0101"),
        ({"@unknown": "1"}, "XML-0104"),
        ({"Month": {"deeper": "1"}}, "XML-0104"),
    ],
)
def test_writer_refuses_what_the_table_does_not_have(value: dict[str, Any], code: str) -> None:
    with pytest.raises(InvariantError) as caught:
        xmlio.render("bills:importPaymentDocumentRequest", value)
    assert caught.value.code == code


def test_writer_asks_for_a_concrete_type() -> None:
    field = {"Name": "x", "Value": "y"}
    element = {"Code": "1", "GUID": "x", "NsiElementField": [field]}
    with pytest.raises(InvariantError, match="нужен один из типов"):
        xmlio.render("nsi-common:getStateResult", {"NsiItem": {"NsiElement": [element]}})


def test_writer_fills_the_version_and_turns_values_into_text() -> None:
    value = {"RegistryNumber": 3, "ListGroup": "NSI", "ModifiedAfter": date(2026, 10, 1)}
    message = xmlio.render("nsi-common:exportNsiItemRequest", value)
    assert message.get(tables().tag("base:version")) == "10.0.1.2"
    assert [child.text for child in message] == ["3", "NSI", "2026-10-01"]
    assert xmlio.render("base:getStateRequest", {"MessageGUID": UUID(int=1)})[0].text == str(UUID(int=1))


def test_unknown_table_is_named() -> None:
    with pytest.raises(KeyError, match="no message table for element bills:importNothing"):
        xmlio.render("bills:importNothing", {})
    with pytest.raises(InputError, match="не описано"):
        xmlio.read(etree.fromstring("<a/>"))


def test_reader_does_not_mind_order_prefixes_and_strangers() -> None:
    message = requests()["house"]
    message.insert(0, etree.Comment("замечание"))
    etree.SubElement(message, tables().tag("house-management:NewField")).text = "1"
    etree.SubElement(message, "{urn:other}thing")
    renamed = etree.fromstring(etree.tostring(message).replace(b"house-management:", b"q:").replace(b"xmlns:house-management", b"xmlns:q"))
    unknown: Counter[str] = Counter()
    assert set(xmlio.read(renamed, unknown=unknown)) == {"@Id", "@version", "FIASHouseGuid"}
    assert unknown == {"exportHouseRequest/NewField": 1, "exportHouseRequest/thing": 1}
    bills = requests()["bills"]
    value = xmlio.read(bills)
    bills[:] = reversed(bills)
    assert xmlio.read(bills).keys() == value.keys()


def test_unknown_concrete_type_is_counted() -> None:
    reply = replies()["book"]
    field = next(reply.iter(tables().tag("nsi-base:NsiElementField")))
    field.set("{http://www.w3.org/2001/XMLSchema-instance}type", "nsi-base:NsiElementFutureFieldType")
    unknown: Counter[str] = Counter()
    xmlio.read(reply, unknown=unknown)
    assert sum(unknown.values()) == 1


@pytest.mark.parametrize("name", sorted(requests()))
def test_reading_undoes_writing_of_requests(name: str) -> None:
    message = requests()[name]
    assert xmlio.canonical(xmlio.render(str(tables().name(message.tag)), xmlio.read(message))) == xmlio.canonical(message)


@pytest.mark.parametrize("name", sorted(replies()))
def test_reading_undoes_writing_of_replies(name: str) -> None:
    message = replies()[name]
    assert xmlio.canonical(xmlio.render(str(tables().name(message.tag)), xmlio.read(message))) == xmlio.canonical(message)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn"), exclude_characters="\r"), max_size=20)
EDGES = TEXT.map(lambda text: text.strip())


def values(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """Any mapping that the table of a shape allows, without regard to choices and facets."""
    if shape.text is not None and not shape.attributes:
        return EDGES
    parts: dict[str, st.SearchStrategy[Any]] = {f"@{name}": EDGES for name in shape.attributes}
    if shape.text is not None:
        return st.fixed_dictionaries({"#": EDGES}, optional=parts)
    if shape.derived:
        return st.sampled_from(sorted(shape.derived)).flatmap(
            lambda local: values(shape.derived[local], depth + 1).map(lambda value: {**value, "@xsi:type": local})
        )
    if depth < 4:
        for child in shape.children:
            if not child.shape.opaque:
                inner = values(child.shape, depth + 1)
                parts[child.local] = st.lists(inner, min_size=1, max_size=2) if child.repeats else inner
    return st.fixed_dictionaries({}, optional=parts)


@pytest.mark.parametrize(
    "name",
    ["house-management:importAccountRequest", "bills:importAcknowledgmentRequest", "nsi-common:getStateResult", "base:RequestHeader"],
)
def test_round_trip_of_any_mapping(name: str) -> None:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values(tables().element(name)))
    def check(value: dict[str, Any]) -> None:
        message = xmlio.render(name, value)
        again = xmlio.read(xmlio.parse(xmlio.serialize(message)))
        if "@version" not in value:
            again.pop("@version", None)
        assert again == value

    check()


def _both(name: str, value: Any) -> list[bytes | str]:
    """What either writer makes of a value: its bytes, or the code of its refusal."""
    told: list[bytes | str] = []
    for quick in (True, False):
        try:
            made = xmlio.render(name, value, quick=quick)
            told.append(xmlio.serialize(made) + xmlio.canonical(made))
        except (InvariantError, ValueError) as error:
            told.append(str(error))
    return told


def test_the_quick_way_gives_the_bytes_of_the_way_by_elements() -> None:
    known = tables()
    seen = 0
    for element in [*all_requests().values(), *all_replies().values()]:
        for part in element.iter(etree.Element):
            name = known.name(part.tag)
            if name is not None and known.knows(name) and part.getparent() is element.getparent():
                quick, slow = _both(name, xmlio.read(part))
                assert quick == slow
                seen += 1
    assert seen > 50


_LAYOUT = xmltext.Layout(
    "PaymentDocumentNumber", "AdditionalInformation", "PaymentDocumentID", "ChargeInfo/0/HousingService/ServiceType",
    "ChargeInfo/1/MunicipalService/Consumption/Volume/0/#", "ChargeInfo/1/MunicipalService/Consumption/Volume/0/@type", "PaymentsTaken",
    "IndividualMDReadings/0/MDServiceCode",
)  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "a & b",
        "a < b > c",
        "]]>",
        "a\rb",
        "a\r\nb",
        "a\nb\t",
        "",
        " ",
        "\x0b",
        "\ufffe",
        "\ud800",
        "\u2028\x85",
        "&amp;",
        "№ «1» 🏠",
        '"',
        "%s%",
    ],
)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base:Fault", lambda text: {"ErrorCode": text, "ErrorMessage": text}),
        ("base:getStateRequest", lambda text: {"MessageGUID": text, "@version": text}),
        ("base:getStateRequest", lambda text: {"MessageGUID": "1", text: text}),
        ("bills:importPaymentDocumentRequest", lambda text: {"@Id": text, "PaymentDocument": [{"AccountGuid": text, "ChargeInfo": [{}]}]}),
        ("bills:importPaymentDocumentRequest", lambda text: {"PaymentDocument": {"ChargeInfo": text}, "Month": [text, text]}),
        ("bills:importPaymentDocumentRequest", lambda text: {"PaymentDocument": xmltext.Same({"PaymentDocumentNumber": text})}),
        (
            "bills:importPaymentDocumentRequest",
            lambda text: {
                "PaymentDocument": [
                    xmltext.Flat(_LAYOUT, ("n", text, None, xmltext.Same({"Code": text, "GUID": "%"}), text, "I", 1, ["x"]))
                ]
            },
        ),
        (
            "bills:importPaymentDocumentRequest",
            lambda text: {
                "PaymentDocument": [xmltext.Flat(_LAYOUT, ("%s", "1", text, xmltext.Same({"Code": "%d", "GUID": text}), *[None] * 4))] * 2
            },
        ),
    ],
)
def test_either_way_says_the_same_of_odd_texts(name: str, value: Any, text: str) -> None:
    quick, slow = _both(name, value(text))
    assert quick == slow


def test_a_package_does_go_the_quick_way() -> None:
    value = xmlio.read(requests()["bills"])
    name = "bills:importPaymentDocumentRequest"
    root = etree.Element(tables().tag(name), nsmap=tables().nsmap(name))
    assert xmltext.written(name, value, root, str, album="14.4.0.1") is not None
    flat = xmltext.Flat(_LAYOUT, ("1", "Ремонт", None, xmltext.Same({"Code": "1", "GUID": "2"}), "5.2", "I", "25", ["1"]))
    assert flat["ChargeInfo"][1] == {"MunicipalService": {"Consumption": {"Volume": [{"#": "5.2", "@type": "I"}]}}}
    assert xmltext.written(name, {"PaymentDocument": [flat]}, root, str, album="14.4.0.1") is not None

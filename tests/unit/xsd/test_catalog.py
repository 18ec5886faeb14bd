"""The catalogue: verdict, place and reason; versions that libxml2 forgets; a folder with any name; no network."""

from __future__ import annotations

import copy
import shutil
import threading
from pathlib import Path

import pytest
from lxml import etree

from adapters import xmlio
from tests.unit.adapters.gis_zhkh.federal_samples import replies, requests
from xsd import catalog
from xsd.tables import ALBUM, tables

GOLDEN = Path(__file__).parents[2] / "golden" / "gis_zhkh"


def sample(name: str) -> etree._Element:
    return xmlio.parse((GOLDEN / name).read_bytes())


@pytest.mark.parametrize(
    "name", ["01-importPaymentDocumentRequest.body.xml", "02-importAccountRequest.body.xml", "05-getStateRequest.body.xml"]
)
def test_samples_pass(name: str) -> None:
    assert catalog.validate(sample(name)) == []
    assert catalog.explain(sample(name)) == []


def test_duplicate_key_is_refused_with_its_place() -> None:
    (problem,) = catalog.validate(sample("08-duplicate-TransportGUID.invalid.body.xml"))
    assert problem.path == "importPaymentDocumentRequest/PaymentDocument[2]/TransportGUID"
    assert problem.line > 100
    assert problem.message.startswith("идентификатор повторяется")
    (explained,) = catalog.explain(sample("08-duplicate-TransportGUID.invalid.body.xml"))
    assert (explained.path, explained.line) == (problem.path, problem.line)
    assert "duplicated value" in explained.message


@pytest.mark.parametrize("name", sorted(set(requests()) - {"state", "header", "header of the system"}))
def test_wrong_version_is_refused(name: str) -> None:
    """libxml2 does not look at a fixed value of an attribute declared by reference; the catalogue does."""
    message = requests()[name]
    version = tables().tag("base:version")
    message.set(version, "9.9.9.9")
    (problem,) = catalog.validate(message)
    assert "9.9.9.9" in problem.message
    assert not catalog.album().accepts(message)
    message.attrib.pop(version)
    assert catalog.validate(message)


def test_wrong_version_inside_a_reply_is_refused() -> None:
    reply = replies()["accounts"]
    result = reply.find(tables().tag("house-management:ImportResult"))
    result.set(tables().tag("base:version"), "1.0")
    (problem,) = catalog.validate(reply)
    assert problem.path == "getStateResult/ImportResult"


def test_every_accepted_version_of_an_open_operation_passes() -> None:
    known = tables()
    assert known.accepted_versions("house-management:exportHouseRequest") == ("11.1.0.1", "12.2.0.1", "13.2.3.2")
    for version in known.accepted_versions("house-management:exportHouseRequest"):
        message = requests()["house"]
        message.set(known.tag("base:version"), version)
        assert catalog.validate(message) == []


def test_message_of_another_namespace_is_refused() -> None:
    assert catalog.validate(etree.fromstring("<a xmlns='urn:other'/>"))[0].message.startswith("нет схемы")
    with pytest.raises(KeyError, match="no schema for namespace urn:other"):
        catalog.album().path("urn:other")
    with pytest.raises(KeyError, match="no service payments"):
        catalog.wsdl_path("payments")


def test_unknown_element_of_a_known_namespace_is_refused() -> None:
    unknown = etree.Element(tables().tag("bills:importSomething"))
    assert catalog.validate(unknown)[0].message.startswith("такого сообщения в схеме нет")


def test_element_is_validated_in_its_envelope() -> None:
    """xsi:type names stay resolvable when the message is a child of an envelope that declares the prefixes."""
    reply = replies()["book"]
    root = etree.fromstring(
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>' + etree.tostring(reply) + b"</e:Body></e:Envelope>"
    )
    assert catalog.validate(root[0][0]) == []


def test_schemas_compile_in_a_folder_with_any_name(tmp_path: Path) -> None:
    target = tmp_path / "папка с пробелом" / "gis"
    shutil.copytree(Path(catalog.__file__).parent / "gis_zhkh", target)
    files = {namespace: f"{prefix}.xsd" for prefix, namespace in tables().namespaces.items()}
    schemas = catalog.SchemaSet(target / ALBUM / "schema", files, ALBUM)
    assert schemas.validate(requests()["bills"]) == []
    assert schemas.explain(requests()["bills"]) == []


def test_schema_folder_is_a_folder_of_files() -> None:
    with catalog.schema_folder() as folder:
        assert (folder / "bills.wsdl").is_file()


def test_one_schema_serves_many_threads() -> None:
    good, bad = requests()["bills"], copy.deepcopy(requests()["bills"])
    bad[0].text = "maybe"
    verdicts: list[tuple[int, int]] = []

    def work() -> None:
        verdicts.extend((len(catalog.validate(good)), len(catalog.validate(bad))) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(verdicts) == 80
    assert all(right == 0 and wrong > 0 for right, wrong in verdicts)

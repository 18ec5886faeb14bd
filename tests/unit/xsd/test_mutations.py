"""Our profile against the official album: both accept what we render; for mutations of it, whatever the album refuses the profile refuses.

For requests the two verdicts must even be equal (except versions, which libxml2 does not check): a profile that is too strict would stop
messages that the system takes.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from lxml import etree

from adapters.signing.issue import issue
from adapters.signing.profile import RSA
from adapters.signing.rsa import RsaDigester, rsa_signer
from adapters.signing.xades import sign_message
from tests.unit.adapters.gis_zhkh.all_samples import all_replies, all_requests
from tests.unit.adapters.gis_zhkh.federal_samples import known_guid
from xsd import catalog
from xsd.tables import ALBUM, tables

Mutation = Callable[[etree._Element], bool]
_FORGOTTEN = ("GroupMunicipalService", "CapitalRepairYearCharge")
_VERSION = tables().tag("base:version")


@pytest.fixture(scope="module")
def official(shared: Path) -> Callable[[etree._Element], bool]:
    compiled: dict[str, etree.XMLSchema] = {}

    def accepts(element: etree._Element) -> bool:
        service = etree.QName(element).namespace.rstrip("/").rpartition("/")[2]
        service = {"drs": "debt-requests"}.get(service, service)
        if service not in compiled:
            path = "lib/hcs-base.xsd" if service == "base" else f"{service}/hcs-{service}-types.xsd"
            compiled[service] = etree.XMLSchema(etree.parse(str(shared / f"hcs-{ALBUM}" / path)))
        return bool(compiled[service].validate(element))

    return accepts


def _drop(element: etree._Element) -> bool:
    element.getparent().remove(element)
    return True


def _repeat(element: etree._Element) -> bool:
    element.addnext(copy.deepcopy(element))
    return True


def _swap(element: etree._Element) -> bool:
    following = element.getnext()
    if following is None or following.tag == element.tag:
        return False
    following.addnext(element)
    return True


def _text(value: str) -> Mutation:
    def mutate(element: etree._Element) -> bool:
        if len(element):
            return False
        element.text = value
        return True

    return mutate


def _longer(element: etree._Element) -> bool:
    if len(element) or not element.text:
        return False
    element.text = element.text + "0" * 4001
    return True


def _bad_digit(element: etree._Element) -> bool:
    if len(element) or not element.text or not element.text[-1].isdigit():
        return False
    element.text = element.text[:-1] + "ю"
    return True


def _finer(element: etree._Element) -> bool:
    if len(element) or not element.text or "." not in element.text or not element.text.replace(".", "").lstrip("-").isdigit():
        return False
    element.text += "12345678"
    return True


def _negative(element: etree._Element) -> bool:
    if len(element) or not (element.text or "").replace(".", "").isdigit():
        return False
    element.text = f"-{element.text}"
    return True


def _bad_key(element: etree._Element) -> bool:
    if not element.tag.endswith("}PaymentInformationKey"):
        return False
    if any(etree.QName(above).localname in _FORGOTTEN for above in element.iterancestors()):
        return False  # the album has no key there; the check before sending does it by hand
    element.text = str(known_guid("nobody"))
    return True


def _same_key(element: etree._Element) -> bool:
    if not element.tag.endswith("}TransportGUID"):
        return False
    others = [one for one in element.getroottree().iter(element.tag) if one is not element]
    if not others:
        return False
    element.text = others[0].text
    return True


def _other_namespace(element: etree._Element) -> bool:
    element.tag = "{urn:other}" + etree.QName(element).localname
    return True


def _stranger(element: etree._Element) -> bool:
    etree.SubElement(element, element.tag + "X")
    return True


def _attribute(element: etree._Element) -> bool:
    if not element.attrib:
        return False
    for name in element.attrib:
        if name != _VERSION:
            element.set(name, "Я")
    return True


def _no_attribute(element: etree._Element) -> bool:
    if not element.attrib:
        return False
    element.attrib.clear()
    return True


MUTATIONS: dict[str, Mutation] = {
    "drop": _drop,
    "repeat": _repeat,
    "swap": _swap,
    "empty": _text(""),
    "word": _text("слово"),
    "one": _text("1"),
    "longer": _longer,
    "bad digit": _bad_digit,
    "finer": _finer,
    "negative": _negative,
    "bad key": _bad_key,
    "same key": _same_key,
    "other namespace": _other_namespace,
    "stranger": _stranger,
    "attribute": _attribute,
    "no attribute": _no_attribute,
}


def mutants(message: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """Every mutation at every element, one at a time; brothers that repeat are mutated at the first and the last."""
    places = list(message.iter(etree.Element))
    for number, place in enumerate(places):
        following, before = place.getnext(), place.getprevious()
        if place is not message and before is not None and following is not None and before.tag == place.tag == following.tag:
            continue
        for name, mutation in MUTATIONS.items():
            if place is message and name in ("drop", "repeat", "swap", "other namespace", "longer"):
                continue
            mutant = copy.deepcopy(message)
            if mutation(list(mutant.iter(etree.Element))[number]):
                yield f"{name} at {etree.QName(place).localname} ({number})", mutant


def test_both_accept_what_we_render(official: Callable[[etree._Element], bool]) -> None:
    for name, message in [*all_requests().items(), *all_replies().items()]:
        assert catalog.validate(message) == [], name
        assert official(message), name


@pytest.mark.parametrize("name", sorted(all_requests()))
def test_profile_judges_mutated_requests_as_the_album(name: str, official: Callable[[etree._Element], bool]) -> None:
    ours = catalog.album()
    refused = 0
    for what, mutant in mutants(all_requests()[name]):
        verdict = official(mutant)
        refused += not verdict
        assert ours.accepts(mutant) == verdict, what
    assert refused >= 8


@pytest.mark.parametrize("name", sorted(all_replies()))
def test_profile_refuses_mutated_replies_that_the_album_refuses(name: str, official: Callable[[etree._Element], bool]) -> None:
    ours = catalog.album()
    for what, mutant in mutants(all_replies()[name]):
        if not official(mutant):
            assert not ours.accepts(mutant), what


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> etree._Element:
    """A small message with an enveloped XAdES signature in it."""
    at = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    files = issue(tmp_path_factory.mktemp("keys"), at=at, profile=RSA)
    certificate = load_pem_x509_certificate(files.certificate.read_bytes()).public_bytes(Encoding.DER)
    signer = rsa_signer(certificate, files.key.read_bytes())
    return etree.fromstring(sign_message(etree.tostring(all_requests()["house"]), signer, digester=RsaDigester(), at=at))


def test_profile_takes_a_signed_message(signed: etree._Element) -> None:
    assert catalog.validate(signed) == []


def test_profile_refuses_broken_signatures_that_the_album_refuses(
    signed: etree._Element, official: Callable[[etree._Element], bool]
) -> None:
    assert official(signed)
    ours = catalog.album()
    for what, mutant in mutants(signed):
        if not official(mutant):
            assert not ours.accepts(mutant), what


@pytest.mark.parametrize("name", sorted(all_requests()))
def test_profile_alone_refuses_broken_requests(name: str) -> None:
    """The same without the album: a dropped mandatory part, a stranger and a bad identifier never pass."""
    ours = catalog.album()
    for what, mutant in mutants(all_requests()[name]):
        if what.startswith(("stranger", "other namespace", "bad key", "same key")):
            assert not ours.accepts(mutant), what

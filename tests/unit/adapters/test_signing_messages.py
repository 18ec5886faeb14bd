"""Signatures of messages: both canonicalisations, both profiles, an independent verifier, and everything a forger may try."""

from __future__ import annotations

import base64
import copy
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from signxml.xades import XAdESVerifier

from adapters.signing import (
    GOST,
    RSA,
    Choice,
    Profile,
    SignatureError,
    choose,
    digester_for,
    issue,
    read_certificate,
    sign_message,
    verify_message,
)
from adapters.signing.document import DS, EXCLUSIVE, SOAP, XADES, canonical

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
BASE = "http://dom.gosuslugi.ru/schema/integration/base/"
BODY = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><h xmlns="urn:h">1</h></s:Header><s:Body>'
    '<b:request xmlns:b="urn:bills" Id="signed-data-container"><!-- c --><b:name>Тест &amp; «кавычки»</b:name>\n  '
    "<b:sum>1.00</b:sum></b:request>"
    "</s:Body></s:Envelope>"
).encode()


@dataclass
class Signing:
    choice: Choice
    authority: Path
    profile: Profile

    def sign(self, data: bytes = BODY, **options: object) -> bytes:
        return sign_message(data, self.choice.signer, digester=self.choice.digester, at=AT, **options)  # type: ignore[arg-type]

    def verify(self, data: bytes, *, now: datetime = AT) -> etree._Element:
        authorities = [read_certificate(self.authority.read_bytes())]
        return verify_message(data, digester=digester_for(self.profile), now=now, authorities=authorities, profile=self.profile).element


@pytest.fixture(scope="module", params=[GOST, RSA], ids=["gost", "rsa"])
def signing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Signing:
    files = issue(tmp_path_factory.mktemp(request.param.name), at=AT, profile=request.param)
    return Signing(choose(files.certificate, files.key), files.authority, request.param)


@pytest.fixture(scope="module")
def rsa(tmp_path_factory: pytest.TempPathFactory) -> Signing:
    files = issue(tmp_path_factory.mktemp("rsa"), at=AT, profile=RSA)
    return Signing(choose(files.certificate, files.key), files.authority, RSA)


@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
def test_round_trip(signing: Signing, mode: str) -> None:
    signed = signing.sign(canonicalization=mode)
    element = signing.verify(signed)
    assert element.tag == "{urn:bills}request"
    signature = etree.fromstring(signed).find(f".//{{{DS}}}Signature")
    assert signature is not None and signature.getparent()[0] is signature
    assert signature.tail is None


def test_layout_is_the_published_one(rsa: Signing) -> None:
    signed = etree.fromstring(rsa.sign())
    references = signed.findall(f".//{{{DS}}}Reference")
    assert references[0].get("URI") == "#signed-data-container"
    assert references[1].get("Type") == "http://uri.etsi.org/01903#SignedProperties"
    serial = signed.findtext(f".//{{{DS}}}X509SerialNumber")
    assert serial is not None and serial == str(read_certificate(rsa.choice.signer.certificate).serial)
    time = signed.findtext(f".//{{{XADES}}}SigningTime")
    assert time is not None and datetime.fromisoformat(time) == AT
    for element in signed.iter(f"{{{DS}}}DigestValue", f"{{{DS}}}SignatureValue", f"{{{DS}}}X509Certificate"):
        assert element.text and "\n" not in element.text


def test_unused_prefixes_may_be_added_to_the_envelope(signing: Signing) -> None:
    signed = signing.sign()
    signing.verify(signed.replace(b"<s:Envelope ", b'<s:Envelope xmlns:unused="urn:unused" '))


def test_inclusive_mode_notices_added_prefixes(signing: Signing) -> None:
    signed = signing.sign(canonicalization="inclusive")
    with pytest.raises(SignatureError):
        signing.verify(signed.replace(b"<s:Envelope ", b'<s:Envelope xmlns:unused="urn:unused" '))


def test_signxml_accepts_the_rsa_profile(rsa: Signing) -> None:
    signed = rsa.sign()
    element = etree.fromstring(signed).find(f".//{{{SOAP}}}Body")[0]  # type: ignore[index]
    results = XAdESVerifier().verify(
        etree.tostring(element), ca_pem_file=str(rsa.authority), expect_references=2, id_attribute="Id", validate_schema=False
    )
    assert len(results) == 2


def test_xmlsec1_accepts_the_rsa_profile(rsa: Signing, tmp_path: Path) -> None:
    if shutil.which("xmlsec1") is None:
        pytest.skip("xmlsec1 is not installed on this machine")
    file = tmp_path / "signed.xml"
    file.write_bytes(rsa.sign())
    command = ["xmlsec1", "--verify", "--trusted-pem", str(rsa.authority), "--enabled-key-data", "x509"]
    command += ["--verification-gmt-time", "2026-11-24+12:00:00"]
    done = subprocess.run(
        [*command, "--id-attr:Id", "request", "--id-attr:Id", "SignedProperties", str(file)], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def _forge(signed: bytes) -> tuple[etree._Element, etree._Element, etree._Element]:
    root = etree.fromstring(signed)
    element = root.find(f"{{{SOAP}}}Body")[0]  # type: ignore[index]
    return root, element, element[0]


def _refused(signing: Signing, root: etree._Element, code: str) -> None:
    with pytest.raises(SignatureError) as failure:
        signing.verify(etree.tostring(root))
    assert failure.value.code == code


def test_changed_content(rsa: Signing) -> None:
    root, element, _ = _forge(rsa.sign())
    element.find("{urn:bills}sum").text = "9.00"  # type: ignore[union-attr]
    _refused(rsa, root, "SIG-0611")


def test_white_space_after_the_signature_is_content(rsa: Signing) -> None:
    root, _, signature = _forge(rsa.sign())
    signature.tail = "\n"
    _refused(rsa, root, "SIG-0611")


def test_wrapping(rsa: Signing) -> None:
    """The signed element is carried along elsewhere, another one stands in the body under its signature's eyes."""
    root, element, _ = _forge(rsa.sign())
    body = element.getparent()
    evil = copy.deepcopy(element)
    evil.find("{urn:bills}sum").text = "9.00"  # type: ignore[union-attr]
    evil.set("Id", "other")
    body.remove(element)
    body.append(evil)
    evil_signature = evil[0]
    holder = etree.SubElement(evil_signature.find(f"{{{DS}}}Object"), "holder")
    holder.append(element)
    element.remove(element[0])
    _refused(rsa, root, "SIG-0609")


def test_a_second_element_in_the_body(rsa: Signing) -> None:
    root, element, _ = _forge(rsa.sign())
    etree.SubElement(element.getparent(), "{urn:bills}request")
    _refused(rsa, root, "SIG-0503")


def test_a_repeated_identifier(rsa: Signing) -> None:
    root, element, _ = _forge(rsa.sign())
    etree.SubElement(element, "{urn:bills}more").set("Id", "signed-data-container")
    _refused(rsa, root, "SIG-0602")


def test_a_third_reference(rsa: Signing) -> None:
    root, _, signature = _forge(rsa.sign())
    info = signature[0]
    info.append(copy.deepcopy(info.findall(f"{{{DS}}}Reference")[1]))
    _refused(rsa, root, "SIG-0608")


def test_another_certificate_in_key_info(rsa: Signing, tmp_path: Path) -> None:
    other = issue(tmp_path, at=AT, profile=RSA)
    root, _, signature = _forge(rsa.sign())
    _show(signature, read_certificate(other.certificate.read_bytes()).data)
    _refused(rsa, root, "SIG-0601")


def _show(signature: etree._Element, certificate: bytes) -> None:
    """Put another certificate into ``KeyInfo``."""
    shown = signature.find(f".//{{{DS}}}X509Certificate")
    assert shown is not None
    shown.text = base64.b64encode(certificate).decode()


@dataclass
class Renewed:
    """One key, two certificates of one authority: the old one is over, the new one is in force. A forger holds neither key."""

    authority: Path
    old: Path
    new: Path
    key: Path


@pytest.fixture(scope="module")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> Renewed:
    folder = tmp_path_factory.mktemp("renewed")
    authority_key, key = (generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))

    def certificate(name: str, subject: str, first: datetime, last: datetime, *, authority: bool) -> Path:
        builder = x509.CertificateBuilder().subject_name(_name(subject)).issuer_name(_name("УЦ")).serial_number(x509.random_serial_number())
        builder = builder.public_key((authority_key if authority else key).public_key()).not_valid_before(first).not_valid_after(last)
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        path = folder / name
        path.write_bytes(builder.sign(authority_key, hashes.SHA256()).public_bytes(Encoding.PEM))
        return path

    year = timedelta(days=365)
    ca = certificate("ca.pem", "УЦ", AT - 5 * year, AT + 5 * year, authority=True)
    old = certificate("old.pem", "РЦ", AT - 2 * year, AT - year, authority=False)
    new = certificate("new.pem", "РЦ", AT - year, AT + year, authority=False)
    secret = folder / "key.pem"
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Renewed(ca, old, new, secret)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def test_the_renewed_pair_is_good_as_it_is(renewed: Renewed) -> None:
    signing = Signing(choose(renewed.new, renewed.key), renewed.authority, RSA)
    assert signing.verify(signing.sign()) is not None


def test_an_expired_certificate(renewed: Renewed) -> None:
    """Signed honestly, now and on a day when it was in force, by a certificate that is over today."""
    choice = choose(renewed.old, renewed.key)
    signing = Signing(choice, renewed.authority, RSA)
    for moment in (AT, AT - timedelta(days=500)):
        with pytest.raises(SignatureError) as failure:
            signing.verify(sign_message(BODY, choice.signer, digester=choice.digester, at=moment))
        assert failure.value.code == "SIG-0615"


def test_an_expired_certificate_is_covered_by_a_fresh_one_of_the_same_key(renewed: Renewed) -> None:
    """The value verifies by the fresh certificate too: only the digest of the signer's certificate in the signed properties tells."""
    signing = Signing(choose(renewed.old, renewed.key), renewed.authority, RSA)
    root, _, signature = _forge(signing.sign())
    _show(signature, read_certificate(renewed.new.read_bytes()).data)
    _refused(signing, root, "SIG-0612")


def test_mending_the_certificate_digest_breaks_the_signed_properties(renewed: Renewed) -> None:
    """The forger goes on: digest, issuer and serial are made to fit the fresh certificate, and the reference to them; the value fails."""
    signing = Signing(choose(renewed.old, renewed.key), renewed.authority, RSA)
    root, _, signature = _forge(signing.sign())
    fresh = read_certificate(renewed.new.read_bytes())
    _show(signature, fresh.data)
    digest = signature.find(f".//{{{XADES}}}CertDigest/{{{DS}}}DigestValue")
    serial = signature.find(f".//{{{DS}}}X509SerialNumber")
    assert digest is not None and serial is not None
    digest.text = base64.b64encode(digest_of(fresh.data)).decode()
    serial.text = str(fresh.serial)
    _refused(signing, root, "SIG-0611")
    properties = signature.find(f".//{{{XADES}}}SignedProperties")
    reference = signature[0].findall(f"{{{DS}}}Reference")[1].find(f"{{{DS}}}DigestValue")
    assert reference is not None
    reference.text = base64.b64encode(digest_of(canonical(properties, EXCLUSIVE))).decode()
    _refused(signing, root, "SIG-0601")


def digest_of(data: bytes) -> bytes:
    return digester_for(RSA).digest(data)


def _carried(root: etree._Element, place: str) -> None:
    """The signed element, whole and with its signature, is carried to a place where nobody acts on it; a forged one stands in the body."""
    body = root.find(f"{{{SOAP}}}Body")
    header = root.find(f"{{{SOAP}}}Header")
    assert body is not None and header is not None
    honest = body[0]
    evil = copy.deepcopy(honest)
    evil.find("{urn:bills}sum").text = "9.00"  # type: ignore[union-attr]
    if place == "header":
        evil.remove(evil[0])
        body.remove(honest)
        etree.SubElement(header, "{urn:h}carrier").append(honest)
        body.append(evil)
    elif place == "before":
        body.insert(0, evil)
    elif place == "inside":
        evil.remove(evil[0])
        body.remove(honest)
        evil.append(honest)
        body.append(evil)
    else:  # the forged element takes the honest signature, the honest element stands beside the envelope's body
        body.remove(honest)
        body.append(evil)
        second = etree.SubElement(root, f"{{{SOAP}}}Body")
        second.append(honest)


@pytest.mark.parametrize(
    ("place", "codes"),
    [
        ("header", {"SIG-0602", "SIG-0603"}),
        ("before", {"SIG-0503"}),
        ("inside", {"SIG-0602", "SIG-0603"}),
        ("second body", {"SIG-0503"}),
    ],
)
def test_wrapping_of_every_kind(signing: Signing, place: str, codes: set[str]) -> None:
    root, _, _ = _forge(signing.sign())
    _carried(root, place)
    with pytest.raises(SignatureError) as failure:
        signing.verify(etree.tostring(root))
    assert failure.value.code in codes


@pytest.mark.parametrize("attribute", ["Id", "ID", "id", "{http://www.w3.org/XML/1998/namespace}id"])
def test_the_same_identifier_under_any_name(signing: Signing, attribute: str) -> None:
    """A second element claims to be the signed one, in whatever spelling a resolver of references might take."""
    root, element, _ = _forge(signing.sign())
    header = root.find(f"{{{SOAP}}}Header")
    assert header is not None
    header[0].set(attribute, element.get("Id"))
    _refused(signing, root, "SIG-0602")


@pytest.mark.parametrize(("name", "code"), [("X509SerialNumber", "SIG-0611"), ("X509IssuerName", "SIG-0611")])
def test_properties_are_signed(rsa: Signing, name: str, code: str) -> None:
    root, _, signature = _forge(rsa.sign())
    found = signature.find(f".//{{{DS}}}{name}")
    assert found is not None
    found.text = "1"
    _refused(rsa, root, code)


def test_wrong_certificate_digest(rsa: Signing, monkeypatch: pytest.MonkeyPatch) -> None:
    class Digester:
        profile = RSA

        def digest(self, data: bytes) -> bytes:
            return b"\0" * 32 if data == rsa.choice.signer.certificate else rsa.choice.digester.digest(data)

    signed = sign_message(BODY, rsa.choice.signer, digester=Digester(), at=AT)
    with pytest.raises(SignatureError) as failure:
        rsa.verify(signed)
    assert failure.value.code == "SIG-0612"


def test_wrong_serial(rsa: Signing, monkeypatch: pytest.MonkeyPatch) -> None:
    import dataclasses

    from adapters.signing import xades

    honest = read_certificate(rsa.choice.signer.certificate)
    monkeypatch.setattr(xades, "_certificate", lambda data: dataclasses.replace(honest, serial=honest.serial + 1))
    with pytest.raises(SignatureError) as failure:
        rsa.verify(rsa.sign())
    assert failure.value.code == "SIG-0613"


def test_expired_and_not_yet_valid(rsa: Signing) -> None:
    signed = rsa.sign()
    for now in (AT + timedelta(days=4000), AT - timedelta(days=30)):
        with pytest.raises(SignatureError) as failure:
            rsa.verify(signed, now=now)
        assert failure.value.code == "SIG-0615"


def test_an_authority_that_is_not_trusted(rsa: Signing, tmp_path: Path) -> None:
    stranger = issue(tmp_path, at=AT, profile=RSA)
    signed = rsa.sign()
    with pytest.raises(SignatureError) as failure:
        verify_message(
            signed, digester=digester_for(RSA), now=AT, authorities=[read_certificate(stranger.authority.read_bytes())], profile=RSA
        )
    assert failure.value.code == "SIG-0617"
    with pytest.raises(SignatureError):
        verify_message(signed, digester=digester_for(RSA), now=AT, authorities=[], profile=RSA)


def test_a_profile_that_was_not_asked_for(rsa: Signing) -> None:
    with pytest.raises(SignatureError) as failure:
        verify_message(
            rsa.sign(), digester=digester_for(GOST), now=AT, authorities=[read_certificate(rsa.authority.read_bytes())], profile=GOST
        )
    assert failure.value.code == "SIG-0606"


def test_no_signature_and_no_identifier(rsa: Signing) -> None:
    with pytest.raises(SignatureError) as failure:
        rsa.verify(BODY)
    assert failure.value.code == "SIG-0600"
    with pytest.raises(SignatureError, match="SIG-0505"):
        rsa.sign(BODY.replace(b' Id="signed-data-container"', b""))


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"<a", "SIG-0501"), (b"<!DOCTYPE a [<!ENTITY x 'y'>]><a Id='1'>&x;</a>", "SIG-0502")],
)
def test_dangerous_documents(rsa: Signing, data: bytes, code: str) -> None:
    with pytest.raises(SignatureError) as failure:
        rsa.verify(data)
    assert failure.value.code == code

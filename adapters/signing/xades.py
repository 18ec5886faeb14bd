"""XAdES-BES, enveloped, as the federal system wants it: the signature is the first child of the element that it signs.

Order of work: the message is built to its last byte; the digest of the element is taken *before* the signature stands in it (which
equals the enveloped transform); the skeleton is put in with no white space around it; the signed properties, then ``SignedInfo``, are
canonicalised in their place; the value is written; the document is serialised once, and those are the bytes to store and to send.
Nothing may indent or tidy it later.
"""

from __future__ import annotations

import base64
import uuid
from datetime import datetime
from functools import lru_cache

from lxml import etree

from adapters.signing.certificates import Certificate, read_certificate
from adapters.signing.document import (
    DS,
    ENVELOPED,
    EXCLUSIVE,
    INCLUSIVE,
    SIGNED_PROPERTIES_TYPE,
    XADES,
    Canonicalization,
    canonical,
    parse,
    signed_element,
)
from adapters.signing.profile import Digester, SignatureError, Signer

__all__ = ["sign_message"]


def sign_message(
    data: bytes,
    signer: Signer,
    *,
    digester: Digester,
    at: datetime,
    canonicalization: Canonicalization = "exclusive",
    identifier: uuid.UUID | None = None,
) -> bytes:
    """``data`` with the signature in it. ``at`` must be aware (the offset is part of the signed time).

    ``canonicalization`` is that of ``SignedInfo`` and of the signed properties; the business element is always exclusive.
    """
    if at.tzinfo is None:
        raise ValueError("signing time needs an offset")
    if signer.profile != digester.profile:
        raise ValueError("signer and digester of different profiles")
    root = parse(data)
    element = signed_element(root)
    target = element.get("Id")
    if not target:
        raise SignatureError("SIG-0505", "У подписываемого элемента нет атрибута Id.")
    name = f"xmldsig-{identifier or uuid.uuid4()}"
    body_digest = digester.digest(canonical(element, EXCLUSIVE))
    method = EXCLUSIVE if canonicalization == "exclusive" else INCLUSIVE
    signature = _skeleton(signer, digester, name=name, target=target, method=method, at=at)
    signature.tail, element.text = element.text, None
    element.insert(0, signature)
    info = signature[0]
    first, second = info.findall(f"{{{DS}}}Reference")
    properties = signature.find(f"{{{DS}}}Object/{{{XADES}}}QualifyingProperties/{{{XADES}}}SignedProperties")
    first.find(f"{{{DS}}}DigestValue").text = _text(body_digest)
    second.find(f"{{{DS}}}DigestValue").text = _text(digester.digest(canonical(properties, method)))
    value = signer.sign(canonical(info, method))
    expected = signer.profile.value_bytes
    if expected is not None and len(value) != expected:
        raise SignatureError("SIG-0506", f"Средство подписи вернуло {len(value)} байт вместо {expected}.")
    signature.find(f"{{{DS}}}SignatureValue").text = _text(value)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


@lru_cache(maxsize=16)
def _certificate(data: bytes) -> Certificate:
    return read_certificate(data)


def _skeleton(signer: Signer, digester: Digester, *, name: str, target: str, method: str, at: datetime) -> etree._Element:
    """The whole signature but for the values that are computed in place."""
    signature = etree.Element(f"{{{DS}}}Signature", nsmap={"ds": DS}, Id=name)
    info = _child(signature, "SignedInfo")
    _child(info, "CanonicalizationMethod", Algorithm=method)
    _child(info, "SignatureMethod", Algorithm=signer.profile.signature_uri)
    _reference(info, (ENVELOPED, EXCLUSIVE), digester, URI=f"#{target}", Id=f"{name}-ref0")
    _reference(info, (method,), digester, Type=SIGNED_PROPERTIES_TYPE, URI=f"#{name}-signedprops")
    _child(signature, "SignatureValue", Id=f"{name}-sigvalue")
    _child(_child(_child(signature, "KeyInfo"), "X509Data"), "X509Certificate").text = _text(signer.certificate)
    qualifying = etree.SubElement(
        _child(signature, "Object"), f"{{{XADES}}}QualifyingProperties", nsmap={"xades": XADES}, Target=f"#{name}"
    )
    properties = etree.SubElement(qualifying, f"{{{XADES}}}SignedProperties", Id=f"{name}-signedprops")
    signed = etree.SubElement(properties, f"{{{XADES}}}SignedSignatureProperties")
    etree.SubElement(signed, f"{{{XADES}}}SigningTime").text = at.isoformat(timespec="milliseconds")
    cert = etree.SubElement(etree.SubElement(signed, f"{{{XADES}}}SigningCertificate"), f"{{{XADES}}}Cert")
    certificate_digest = etree.SubElement(cert, f"{{{XADES}}}CertDigest")
    _child(certificate_digest, "DigestMethod", Algorithm=digester.profile.digest_uri)
    _child(certificate_digest, "DigestValue").text = _text(digester.digest(signer.certificate))
    issuer = etree.SubElement(cert, f"{{{XADES}}}IssuerSerial")
    certificate = _certificate(signer.certificate)
    _child(issuer, "X509IssuerName").text = certificate.issuer
    _child(issuer, "X509SerialNumber").text = str(certificate.serial)
    return signature


def _reference(info: etree._Element, transforms: tuple[str, ...], digester: Digester, **attributes: str) -> None:
    reference = _child(info, "Reference", **attributes)
    listed = _child(reference, "Transforms")
    for algorithm in transforms:
        _child(listed, "Transform", Algorithm=algorithm)
    _child(reference, "DigestMethod", Algorithm=digester.profile.digest_uri)
    _child(reference, "DigestValue")


def _child(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{DS}}}{name}", attributes)

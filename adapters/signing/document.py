"""The XML that is signed: a hardened parse, the signed element, canonical bytes. Shared by building and checking."""

from __future__ import annotations

from typing import Literal

from lxml import etree

from adapters.signing.profile import SignatureError

__all__ = [
    "BASE64_NAMES",
    "DS",
    "ENVELOPED",
    "EXCLUSIVE",
    "INCLUSIVE",
    "SIGNED_PROPERTIES_TYPE",
    "XADES",
    "Canonicalization",
    "canonical",
    "parse",
    "signed_element",
]

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SIGNED_PROPERTIES_TYPE = "http://uri.etsi.org/01903#SignedProperties"
BASE64_NAMES = ("DigestValue", "SignatureValue", "X509Certificate")

Canonicalization = Literal["exclusive", "inclusive"]


def parse(data: bytes) -> etree._Element:
    """The root of a message, without DTD, entities or network; :class:`SignatureError` when it is no such document."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, remove_blank_text=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise SignatureError("SIG-0501", f"Сообщение не читается как XML: {error}.") from error
    if root.getroottree().docinfo.doctype:
        raise SignatureError("SIG-0502", "В сообщении есть DOCTYPE: такие сообщения не принимаются.")
    return root


def signed_element(root: etree._Element) -> etree._Element:
    """The only child of ``soap:Body``, or the root of a message without an envelope."""
    if root.tag != f"{{{SOAP}}}Envelope":
        return root
    bodies = root.findall(f"{{{SOAP}}}Body")
    elements = [child for body in bodies for child in body if isinstance(child.tag, str)]
    if len(bodies) != 1 or len(elements) != 1:
        raise SignatureError("SIG-0503", "В теле сообщения должен быть ровно один элемент.")
    return elements[0]


def canonical(element: etree._Element, algorithm: str) -> bytes:
    """Canonical bytes of an element **in its place**: a copy would lose the namespaces of its ancestors. Comments and the tail stay out."""
    if algorithm not in (EXCLUSIVE, INCLUSIVE):
        raise SignatureError("SIG-0504", f"Способ канонизации не разрешён: {algorithm}.")
    return bytes(etree.tostring(element, method="c14n", exclusive=algorithm == EXCLUSIVE, with_comments=False))

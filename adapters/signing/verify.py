"""Checking a signature, and that it covers what it pretends to cover.

Arithmetic alone accepts a signature that was wrapped, refers to something else, or names another certificate. Beside value and digests
this checks: the reference resolves to the element that holds the signature, the only one of the body; every ``Id`` occurs once; two
references, both of this signature, with the permitted transforms and algorithms; the signed properties belong to it, and certificate
digest, issuer and serial fit the certificate in ``KeyInfo``; the certificate may sign, is in force at the stated time and now, and leads
to a configured authority.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from adapters.signing.certificates import Certificate, parse_name, read_certificate
from adapters.signing.document import (
    DS,
    ENVELOPED,
    EXCLUSIVE,
    INCLUSIVE,
    SIGNED_PROPERTIES_TYPE,
    XADES,
    canonical,
    parse,
    signed_element,
)
from adapters.signing.profile import GOST, Digester, Profile, SignatureError

__all__ = ["Verified", "verify_message"]


@dataclass(frozen=True, slots=True)
class Verified:
    """What is known for certain after all checks: use this element, not the document."""

    element: etree._Element
    certificate: Certificate
    signed_at: datetime


def verify_message(
    data: bytes, *, digester: Digester, now: datetime, authorities: Sequence[Certificate] | None, profile: Profile = GOST
) -> Verified:
    """Check the signature of the element in the body (or of the root). Every failure is a :class:`SignatureError` with its own code.

    ``authorities`` are the certificates a signer's must be issued by; an empty sequence trusts nobody, None asks
    only whether the message is what its signer signed.
    """
    root = parse(data)
    element = signed_element(root)
    identifier = _unique_identifiers(root, element)
    signature = _only_signature(root, element)
    name = signature.get("Id") or ""
    info = _one(signature, f"{{{DS}}}SignedInfo")
    method = _algorithm(info, "CanonicalizationMethod", (EXCLUSIVE, INCLUSIVE))
    _algorithm(info, "SignatureMethod", (profile.signature_uri,))
    properties = _signed_properties(signature, name)
    body_reference, properties_reference = _references(info, identifier, properties.get("Id") or "")
    certificate = _certificate(signature, profile)
    if not certificate.verify(canonical(info, method), _value(signature, "SignatureValue")):
        raise SignatureError("SIG-0601", "Значение подписи не соответствует сертификату и подписанным данным.")
    transforms = _transforms(properties_reference)
    if any(transform not in (EXCLUSIVE, INCLUSIVE) for transform in transforms) or len(transforms) > 1:
        raise SignatureError("SIG-0604", "Недопустимые преобразования ссылки на свойства подписи.")
    _compare_digest(
        properties_reference,
        canonical(properties, transforms[0] if transforms else INCLUSIVE),
        digester,
        "свойств подписи",
    )
    signed_at = _check_properties(properties, certificate, digester)
    _check_certificate(certificate, authorities, signed_at=signed_at, now=now)
    if _transforms(body_reference) != [ENVELOPED, EXCLUSIVE]:
        raise SignatureError("SIG-0604", "Недопустимые преобразования ссылки на подписанный элемент.")
    tail, position = signature.tail, element.index(signature)
    element.remove(signature)  # the enveloped transform
    element.text = (element.text or "") + (tail or "") or None
    content = canonical(element, EXCLUSIVE)
    signature.tail, element.text = tail, None
    element.insert(position, signature)
    _compare_digest(body_reference, content, digester, "подписанного элемента")
    return Verified(element, certificate, signed_at)


def _unique_identifiers(root: etree._Element, element: etree._Element) -> str:
    counts = Counter(value for value in root.xpath("//@*[local-name()='Id' or local-name()='ID' or local-name()='id']"))
    repeated = [value for value, count in counts.items() if count > 1]
    if repeated:
        raise SignatureError("SIG-0602", f"Идентификатор повторяется в сообщении: {repeated[0]}.")
    identifier = element.get("Id")
    if not identifier:
        raise SignatureError("SIG-0505", "У подписанного элемента нет атрибута Id.")
    return str(identifier)


def _only_signature(root: etree._Element, element: etree._Element) -> etree._Element:
    found = list(root.iter(f"{{{DS}}}Signature"))
    if not found:
        raise SignatureError("SIG-0600", "Сообщение не подписано.")
    if len(found) != 1 or found[0].getparent() is not element or element[0] is not found[0] or (element.text or "").strip():
        raise SignatureError("SIG-0603", "Подпись должна быть одна и стоять первой внутри подписанного элемента.")
    return found[0]


def _one(parent: etree._Element, path: str) -> etree._Element:
    found = parent.findall(path)
    if len(found) != 1:
        raise SignatureError("SIG-0605", f"В подписи нет (или повторяется) {path.rsplit('}', 1)[-1]}.")
    return found[0]


def _algorithm(parent: etree._Element, name: str, permitted: tuple[str, ...]) -> str:
    algorithm = _one(parent, f"{{{DS}}}{name}").get("Algorithm") or ""
    if algorithm not in permitted:
        raise SignatureError("SIG-0606", f"Алгоритм не разрешён: {algorithm}.")
    return str(algorithm)


def _signed_properties(signature: etree._Element, name: str) -> etree._Element:
    qualifying = _one(signature, f"{{{DS}}}Object/{{{XADES}}}QualifyingProperties")
    if not name or qualifying.get("Target") != f"#{name}":
        raise SignatureError("SIG-0607", "Свойства подписи относятся к другой подписи.")
    return _one(qualifying, f"{{{XADES}}}SignedProperties")


def _references(info: etree._Element, identifier: str, properties_identifier: str) -> tuple[etree._Element, etree._Element]:
    references = info.findall(f"{{{DS}}}Reference")
    if len(references) != 2:
        raise SignatureError("SIG-0608", f"Ссылок в подписи {len(references)}, а должно быть две.")
    by_type = {reference.get("Type"): reference for reference in references}
    body, properties = by_type.get(None), by_type.get(SIGNED_PROPERTIES_TYPE)
    if body is None or properties is None or body.get("URI") != f"#{identifier}" or properties.get("URI") != f"#{properties_identifier}":
        raise SignatureError("SIG-0609", "Подпись относится не к тому элементу, в котором стоит.")
    return body, properties


def _transforms(reference: etree._Element) -> list[str]:
    return [str(transform.get("Algorithm")) for transform in reference.findall(f"{{{DS}}}Transforms/{{{DS}}}Transform")]


def _value(parent: etree._Element, name: str) -> bytes:
    try:
        return base64.b64decode("".join((_one(parent, f"{{{DS}}}{name}").text or "").split()), validate=True)
    except binascii.Error as error:
        raise SignatureError("SIG-0610", f"{name} не читается как base64.") from error


def _certificate(signature: etree._Element, profile: Profile) -> Certificate:
    certificate = read_certificate(_value(_one(signature, f"{{{DS}}}KeyInfo/{{{DS}}}X509Data"), "X509Certificate"))
    if certificate.profile != profile:
        raise SignatureError("SIG-0606", "Ключ сертификата не того алгоритма.")
    return certificate


def _compare_digest(parent: etree._Element, content: bytes, digester: Digester, what: str) -> None:
    _algorithm(parent, "DigestMethod", (digester.profile.digest_uri,))
    if digester.digest(content) != _value(parent, "DigestValue"):
        raise SignatureError("SIG-0611", f"Хэш {what} не совпадает: содержимое изменено после подписания.")


def _check_properties(properties: etree._Element, certificate: Certificate, digester: Digester) -> datetime:
    """Certificate digest, issuer, serial; returns the signing time."""
    cert = _one(properties, f"{{{XADES}}}SignedSignatureProperties/{{{XADES}}}SigningCertificate/{{{XADES}}}Cert")
    try:
        _compare_digest(_one(cert, f"{{{XADES}}}CertDigest"), certificate.data, digester, "сертификата")
    except SignatureError as error:
        raise SignatureError("SIG-0612", "Хэш сертификата в свойствах подписи не от этого сертификата.") from error
    issuer = _one(cert, f"{{{XADES}}}IssuerSerial")
    serial = (_one(issuer, f"{{{DS}}}X509SerialNumber").text or "").strip()
    if serial != str(certificate.serial) or parse_name(_one(issuer, f"{{{DS}}}X509IssuerName").text or "") != certificate.issuer_parts:
        raise SignatureError("SIG-0613", "Издатель или номер сертификата в свойствах подписи не от этого сертификата.")
    text = (_one(properties, f"{{{XADES}}}SignedSignatureProperties/{{{XADES}}}SigningTime").text or "").strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise SignatureError("SIG-0614", f"Время подписи не читается: {text}.")
    return moment


def _check_certificate(certificate: Certificate, authorities: Sequence[Certificate] | None, *, signed_at: datetime, now: datetime) -> None:
    for moment, what in ((signed_at, "на время подписи"), (now, "сейчас")):
        if not certificate.not_before <= moment <= certificate.not_after:
            raise SignatureError("SIG-0615", f"Сертификат не действует {what}.")
    if not certificate.may_sign:
        raise SignatureError("SIG-0616", "Назначение ключа сертификата не позволяет подписывать.")
    if authorities is None:
        return
    if not any(authority.not_before <= now <= authority.not_after and certificate.issued_by(authority) for authority in authorities):
        raise SignatureError("SIG-0617", "Сертификат выдан не доверенным удостоверяющим центром.")

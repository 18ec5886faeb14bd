"""Certificates as signatures need them: names, serial, dates, usage, key and who issued them; ГОСТ and RSA alike.

``cryptography`` reads the frame (it cannot read a ГОСТ key), the key itself is read from the DER here.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from adapters.signing import der, gost
from adapters.signing.profile import GOST, RSA, Profile, SignatureError

__all__ = ["Certificate", "parse_name", "read_certificate"]

_RSA_KEY = "1.2.840.113549.1.1.1"
_RSA_SHA256 = "1.2.840.113549.1.1.11"
_SHORT_NAMES = {
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "ST": "2.5.4.8",
    "S": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "T": "2.5.4.12",
    "TITLE": "2.5.4.12",
    "GN": "2.5.4.42",
    "G": "2.5.4.42",
    "UID": "0.9.2342.19200300.100.1.1",
    "DC": "0.9.2342.19200300.100.1.25",
    "E": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
    "INN": "1.2.643.3.131.1.1",
    "ИНН": "1.2.643.3.131.1.1",
    "OGRN": "1.2.643.100.1",
    "ОГРН": "1.2.643.100.1",
    "SNILS": "1.2.643.100.3",
    "СНИЛС": "1.2.643.100.3",
}


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate, with everything that building and checking a signature asks of it."""

    data: bytes
    """DER."""
    issuer: str
    """RFC 4514: most specific part first, unusual attributes by their dotted numbers."""
    issuer_parts: frozenset[tuple[str, str]]
    subject: str
    subject_parts: frozenset[tuple[str, str]]
    serial: int
    not_before: datetime
    not_after: datetime
    may_sign: bool
    """Key usage allows signatures, or is not stated."""
    is_authority: bool
    profile: Profile
    signed_part: bytes
    signature: bytes
    signature_algorithm: str
    key: der.Element

    def verify(self, data: bytes, value: bytes) -> bool:
        """Whether ``value`` is the signature of ``data`` by the key of this certificate."""
        if self.profile is GOST:
            return gost.PublicKey.read(self.key).verify(data, value)
        public = serialization.load_der_public_key(self.key.raw)
        if not isinstance(public, RSAPublicKey):
            return False
        try:
            public.verify(value, data, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def issued_by(self, authority: Certificate) -> bool:
        """Whether ``authority`` is a certification authority that signed this certificate."""
        expected = gost.SIGNATURE_ALGORITHM if authority.profile is GOST else _RSA_SHA256
        return (
            authority.is_authority
            and authority.subject_parts == self.issuer_parts
            and self.signature_algorithm == expected
            and authority.verify(self.signed_part, self.signature)
        )


def read_certificate(data: bytes) -> Certificate:
    """From DER or PEM; a :class:`SignatureError` when it is neither, or its key is of an unknown kind."""
    try:
        found = x509.load_pem_x509_certificate(data) if data.lstrip().startswith(b"-----BEGIN") else x509.load_der_x509_certificate(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # Russian names are longer than X.520 allows; the library warns at every reading
            return _read(found)
    except KeyError as error:
        raise SignatureError("SIG-0104", f"Ключ сертификата неизвестного вида: {error.args[0]}.") from error
    except (ValueError, IndexError) as error:
        raise SignatureError("SIG-0105", "Сертификат не читается.", hint="Ожидается X.509 в виде DER или PEM.") from error


def _read(found: x509.Certificate) -> Certificate:
    raw = found.public_bytes(serialization.Encoding.DER)
    key = _key(raw)
    algorithm = der.children(der.children(key)[0])[0].identifier
    return Certificate(
        data=raw,
        issuer=found.issuer.rfc4514_string(),
        issuer_parts=_parts(found.issuer),
        subject=found.subject.rfc4514_string(),
        subject_parts=_parts(found.subject),
        serial=found.serial_number,
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        may_sign=_may_sign(found),
        is_authority=_is_authority(found),
        profile={gost.KEY_ALGORITHM: GOST, _RSA_KEY: RSA}[algorithm],
        signed_part=found.tbs_certificate_bytes,
        signature=found.signature,
        signature_algorithm=found.signature_algorithm_oid.dotted_string,
        key=key,
    )


def _key(raw: bytes) -> der.Element:
    """SubjectPublicKeyInfo: the seventh field of a certificate that states its version."""
    fields = der.children(der.children(der.parse(raw))[0])
    return fields[6 if fields[0].tag == 0xA0 else 5]


def _parts(name: x509.Name) -> frozenset[tuple[str, str]]:
    return frozenset((part.oid.dotted_string, str(part.value)) for part in name)


def _may_sign(found: x509.Certificate) -> bool:
    try:
        usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment


def _is_authority(found: x509.Certificate) -> bool:
    try:
        return found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def parse_name(text: str) -> frozenset[tuple[str, str]]:
    """A distinguished name as a set of (OID, value): names are compared so, because programs write them in many ways.

    >>> parse_name(r"CN=Тест\\, УЦ,1.2.643.100.1=1027700000001") == parse_name(r"OGRN=1027700000001, CN=Тест\\, УЦ")
    True
    """
    return frozenset(_name_parts(text))


def _name_parts(text: str) -> Iterable[tuple[str, str]]:
    for part in re.findall(r"(?:\\.|[^,+\\])+", text):
        name, separator, value = part.strip().partition("=")
        if separator:
            short = name.strip().upper()
            yield _SHORT_NAMES.get(short, short.removeprefix("OID.")), _unescape(value.strip())


def _unescape(value: str) -> str:
    if value.startswith("#"):
        try:
            return der.parse(bytes.fromhex(value[1:])).content.decode()
        except ValueError:
            return value
    hexadecimal = re.sub(r"(?:\\[0-9A-Fa-f]{2})+", lambda m: bytes.fromhex(m[0].replace("\\", "")).decode("utf-8", "replace"), value)
    return re.sub(r"\\(.)", r"\1", hexadecimal)

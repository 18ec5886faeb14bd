"""Test certificates: an authority and a signer of its, so that stands and the demonstration sign for real on a machine without any СКЗИ.

ГОСТ certificates are written here byte by byte (no library of ours can), RSA ones by ``cryptography``. The names carry quotes, commas,
ИНН and ОГРН on purpose: that is where implementations differ. Never for production.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ObjectIdentifier

from adapters.signing import der, gost
from adapters.signing.profile import GOST, Profile
from core.errors import ConfigError

__all__ = ["IssuedFiles", "TestSubject", "issue"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TestSubject:
    """Whose certificate it is."""

    __test__ = False

    name: str = 'АО "Тестовый РЦ", Заречинск'
    inn: str = "0077000116"
    ogrn: str = "1260077000072"
    hosts: tuple[str, ...] = ()
    """Names of servers that it is for (TLS on a stand)."""

    def parts(self) -> list[tuple[str, str]]:
        """Attributes from the least to the most specific, by dotted numbers."""
        return [
            ("1.2.643.100.1", self.ogrn),
            ("1.2.643.3.131.1.1", self.inn.zfill(12)),
            ("2.5.4.6", "RU"),
            ("2.5.4.10", self.name),
            ("2.5.4.3", self.name),
        ]


@dataclass(frozen=True, slots=True)
class IssuedFiles:
    """Where the files are: certificates as PEM, the key as PKCS#8 without a password."""

    authority: Path
    certificate: Path
    key: Path


def issue(
    folder: Path,
    *,
    at: datetime,
    subject: TestSubject | None = None,
    profile: Profile = GOST,
    days: int = 3650,
    not_before: datetime | None = None,
) -> IssuedFiles:
    """Make an authority and a signer in ``folder`` (``ca.pem``, ``signer.pem``, ``signer.key``), unless they are there already."""
    files = IssuedFiles(folder / "ca.pem", folder / "signer.pem", folder / "signer.key")
    present = [path.name for path in (files.authority, files.certificate, files.key) if path.exists()]
    if len(present) == 3:
        return files
    if present:
        raise ConfigError(
            "SIG-0710",
            f"В {folder} есть {', '.join(present)}, но не весь набор файлов подписи: чужой ключ не перезаписывается.",
            hint="Для стенда укажите пустую папку; для настоящего контура положите signer.pem, signer.key и ca.pem (цепочку УЦ).",
        )
    first = not_before or at - _DAY
    make = _gost_pair if profile is GOST else _rsa_pair
    _write_whole(folder, make(subject or TestSubject(), first, first + days * _DAY))
    return files


def _write_whole(folder: Path, contents: tuple[bytes, bytes, bytes]) -> None:
    """All three files or none: they are made in a folder beside and moved at once, so a killed run leaves no half of a set."""
    beside = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    for name, data in zip(("ca.pem", "signer.pem", "signer.key"), contents, strict=True):
        path = beside / name
        path.touch(mode=0o600 if name.endswith(".key") else 0o644)
        path.write_bytes(data)
    if folder.exists() and any(folder.iterdir()):
        for path in beside.iterdir():
            path.rename(folder / path.name)
        beside.rmdir()
        return
    if folder.exists():
        folder.rmdir()
    beside.rename(folder)


_AUTHORITY = TestSubject('АО "Тестовый УЦ", для стендов', "0077000020", "1027700000001")


def _gost_name(subject: TestSubject) -> bytes:
    parts = []
    for number, value in subject.parts():
        text = der.printable(value) if number == "2.5.4.6" else der.utf8(value)
        parts.append(der.set_of(der.sequence(der.object_identifier(number), text)))
    return der.sequence(*parts)


def _extension(number: str, content: bytes, *, critical: bool = True) -> bytes:
    return der.sequence(der.object_identifier(number), *([der.boolean(True)] if critical else []), der.octets(content))


def _hosts(subject: TestSubject) -> bytes:
    """SubjectAltName of DNS names."""
    return der.sequence(*(der.context(2, host.encode("ascii")) for host in subject.hosts))


def _gost_certificate(
    subject: TestSubject,
    key: gost.PublicKey,
    issuer_key: gost.PrivateKey,
    *,
    first: datetime,
    last: datetime,
    authority: bool,
) -> bytes:
    algorithm = der.sequence(der.object_identifier(gost.SIGNATURE_ALGORITHM))
    constraints = der.sequence(der.boolean(True)) if authority else der.sequence()
    # keyCertSign and cRLSign for the authority, digitalSignature and nonRepudiation for the signer.
    usage = der.bit_string(b"\x06", 1) if authority else der.bit_string(b"\xc0", 6)
    extensions = [_extension("2.5.29.19", constraints), _extension("2.5.29.15", usage)]
    if subject.hosts:
        extensions.append(_extension("2.5.29.17", _hosts(subject), critical=False))
    body = der.sequence(
        der.explicit(0, der.integer(2)),
        der.integer(secrets.randbits(127) | 1 << 126),
        algorithm,
        _gost_name(_AUTHORITY),
        der.sequence(der.instant(first), der.instant(last)),
        _gost_name(subject),
        key.information(),
        der.explicit(3, der.sequence(*extensions)),
    )
    return gost.pem("CERTIFICATE", der.sequence(body, algorithm, der.bit_string(issuer_key.sign(body))))


def _gost_pair(subject: TestSubject, first: datetime, last: datetime) -> tuple[bytes, bytes, bytes]:
    authority_key, key = gost.new_key(secrets.token_bytes(32)), gost.new_key(secrets.token_bytes(32))
    authority = _gost_certificate(_AUTHORITY, authority_key.public(), authority_key, first=first, last=last, authority=True)
    certificate = _gost_certificate(subject, key.public(), authority_key, first=first, last=last, authority=False)
    return authority, certificate, gost.pem("PRIVATE KEY", key.information())


def _rsa_name(subject: TestSubject) -> x509.Name:
    return x509.Name([x509.NameAttribute(ObjectIdentifier(number), value) for number, value in subject.parts()])


def _rsa_certificate(
    subject: TestSubject,
    key: rsa.RSAPublicKey,
    issuer_key: rsa.RSAPrivateKey,
    *,
    first: datetime,
    last: datetime,
    authority: bool,
) -> bytes:
    usage = x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_rsa_name(subject))
        .issuer_name(_rsa_name(_AUTHORITY))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    if subject.hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in subject.hosts]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _rsa_pair(subject: TestSubject, first: datetime, last: datetime) -> tuple[bytes, bytes, bytes]:
    authority_key, key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    authority = _rsa_certificate(_AUTHORITY, authority_key.public_key(), authority_key, first=first, last=last, authority=True)
    certificate = _rsa_certificate(subject, key.public_key(), authority_key, first=first, last=last, authority=False)
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return authority, certificate, secret

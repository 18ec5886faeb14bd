"""RSA-SHA256 for stands that take it and for tests; the federal system itself wants ГОСТ."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from adapters.signing.profile import RSA, Profile
from core.errors import ConfigError

__all__ = ["RsaDigester", "RsaSigner", "rsa_signer"]


@dataclass(frozen=True, slots=True)
class RsaDigester:
    """SHA-256."""

    profile: Profile = RSA

    def digest(self, data: bytes) -> bytes:
        """SHA-256."""
        return hashlib.sha256(data).digest()


@dataclass(frozen=True, slots=True)
class RsaSigner:
    """PKCS #1 v1.5 with SHA-256."""

    certificate: bytes
    key: RSAPrivateKey = field(repr=False)
    title: str = "RSA-SHA256 (не ГОСТ)"
    profile: Profile = RSA

    def sign(self, data: bytes) -> bytes:
        """The signature value of ``data``."""
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def rsa_signer(certificate: bytes, key_pem: bytes) -> RsaSigner:
    """A signer from a PEM key without a password."""
    key = serialization.load_pem_private_key(key_pem, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ConfigError("SIG-0401", "Закрытый ключ не RSA.")
    return RsaSigner(certificate, key)

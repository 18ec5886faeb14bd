"""What a signature is made of, and the two narrow protocols that everything above a key depends on.

A certified СКЗИ, a token or a remote service is one more :class:`Signer`; nothing else changes. ``sign`` gets the canonical
``SignedInfo`` and hashes it by itself, because hardware and remote services either hash themselves or want the hash. :class:`Digester`
stands apart, so that digests of large bodies are computed here while the key is far away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from core.errors import InputError

__all__ = ["GOST", "PROFILES", "RSA", "Digester", "Profile", "SignatureError", "Signer"]


class SignatureError(InputError):
    """A signature does not hold, or does not cover what it pretends to cover."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Algorithms of a signature by their URIs, and the sizes that follow from them."""

    name: str
    title: str
    """For people, in Russian."""
    signature_uri: str
    digest_uri: str
    digest_bytes: int
    value_bytes: int | None
    """Length of the signature value; None = depends on the key."""


GOST = Profile(
    name="gost2012_256",
    title="ГОСТ Р 34.10-2012 / 34.11-2012, 256 бит",
    signature_uri="urn:ietf:params:xml:ns:cpxmlsec:algorithms:gostr34102012-gostr34112012-256",
    digest_uri="urn:ietf:params:xml:ns:cpxmlsec:algorithms:gostr34112012-256",
    digest_bytes=32,
    value_bytes=64,
)
RSA = Profile(
    name="rsa_sha256",
    title="RSA-SHA256 (не ГОСТ: только для стендов)",
    signature_uri="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    digest_uri="http://www.w3.org/2001/04/xmlenc#sha256",
    digest_bytes=32,
    value_bytes=None,
)
PROFILES = {profile.name: profile for profile in (GOST, RSA)}


class Signer(Protocol):
    """Holds a key (or the way to it) and the certificate that goes into ``KeyInfo``."""

    @property
    def certificate(self) -> bytes:
        """DER of the signing certificate."""
        ...

    @property
    def profile(self) -> Profile:
        """Which algorithms the key signs by."""
        ...

    @property
    def title(self) -> str:
        """What signs, for people, in Russian."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Bytes of ``SignatureValue`` in XML order (s‖r for ГОСТ). ``TransientError`` when the service is down, ``ConfigError`` when it
        can never work."""
        ...


class Digester(Protocol):
    """Computes the digests of references."""

    @property
    def profile(self) -> Profile:
        """Whose digest algorithm it is."""
        ...

    def digest(self, data: bytes) -> bytes:
        """The digest in the order every tool prints."""
        ...

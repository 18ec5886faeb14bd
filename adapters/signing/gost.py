"""ГОСТ Р 34.10-2012 (256 bits) without native code: keys, signing, verifying.

The arithmetic of the curve is ``gostcrypto``'s; the byte orders of keys, digests and values are settled here once, by the table that was
measured against OpenSSL's gost engine: the value in XML and X.509 is s‖r, the library's is r‖s, and it wants the digest reversed.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

import gostcrypto

from adapters.signing import der
from adapters.signing.profile import GOST, Profile, SignatureError
from adapters.signing.streebog import streebog

__all__ = [
    "CRYPTOPRO_A",
    "EXCHANGE_A",
    "KEY_ALGORITHM",
    "SIGNATURE_ALGORITHM",
    "STREEBOG_256",
    "PrivateKey",
    "PublicKey",
    "PythonDigester",
    "PythonSigner",
    "new_key",
    "pem",
]

KEY_ALGORITHM = "1.2.643.7.1.1.1.1"
SIGNATURE_ALGORITHM = "1.2.643.7.1.1.3.2"
STREEBOG_256 = "1.2.643.7.1.1.2.2"
EXCHANGE_A = "1.2.643.2.2.36.0"
CRYPTOPRO_A = "1.2.643.2.2.35.1"

# TC26 B, C, D are the curves of CryptoPro A, B, C; exchange A that of A, exchange B that of C.
_CURVES = {
    EXCHANGE_A: "id-tc26-gost-3410-2012-256-paramSetB",
    CRYPTOPRO_A: "id-tc26-gost-3410-2012-256-paramSetB",
    "1.2.643.7.1.2.1.1.2": "id-tc26-gost-3410-2012-256-paramSetB",
    "1.2.643.7.1.2.1.1.1": "id-tc26-gost-3410-2012-256-paramSetA",
    "1.2.643.2.2.35.2": "id-tc26-gost-3410-2012-256-paramSetC",
    "1.2.643.7.1.2.1.1.3": "id-tc26-gost-3410-2012-256-paramSetC",
    "1.2.643.2.2.35.3": "id-tc26-gost-3410-2012-256-paramSetD",
    "1.2.643.2.2.36.1": "id-tc26-gost-3410-2012-256-paramSetD",
    "1.2.643.7.1.2.1.1.4": "id-tc26-gost-3410-2012-256-paramSetD",
}
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s*([A-Za-z0-9+/=\s]+?)-----END \1-----")


def pem(label: str, content: bytes) -> bytes:
    """DER as PEM text of 64 characters a line."""
    text = base64.b64encode(content).decode()
    lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()


def _curve(parameters: str) -> gostcrypto.gostsignature.GOST34102012:
    try:
        name = _CURVES[parameters]
    except KeyError:
        raise SignatureError(
            "SIG-0101",
            f"Набор параметров ключа ГОСТ {parameters} не поддерживается.",
            hint="Нужен один из наборов CryptoPro A–C, XchA, XchB или TC26 A–D.",
        ) from None
    library = gostcrypto.gostsignature
    return library.new(library.MODE_256, library.CURVES_R_1323565_1_024_2019[name])


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A point of the curve as certificates hold it: X and Y, each little-endian."""

    parameters: str
    point: bytes

    def verify(self, data: bytes, value: bytes) -> bool:
        """Whether ``value`` (s‖r) is this key's signature of ``data``."""
        if len(value) != 64 or len(self.point) != 64:
            return False
        point = self.point[:32][::-1] + self.point[32:][::-1]
        digest = bytearray(streebog(data)[::-1])
        return bool(_curve(self.parameters).verify(bytearray(point), digest, bytearray(value[32:] + value[:32])))

    def information(self) -> bytes:
        """SubjectPublicKeyInfo."""
        return der.sequence(_algorithm(self.parameters), der.bit_string(der.octets(self.point)))

    @classmethod
    def read(cls, information: der.Element) -> PublicKey:
        """From a SubjectPublicKeyInfo."""
        algorithm, key = der.children(information)
        name, parameters = der.children(algorithm)
        if name.identifier != KEY_ALGORITHM:
            raise SignatureError("SIG-0102", f"Ключ сертификата не ГОСТ Р 34.10-2012 (256): {name.identifier}.")
        return cls(der.children(parameters)[0].identifier, der.parse(key.content[1:]).content)


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """A secret number with the curve it belongs to. Never printed."""

    parameters: str
    number: int

    def public(self) -> PublicKey:
        """The point that goes into a certificate."""
        point = bytes(_curve(self.parameters).public_key_generate(bytearray(self.number.to_bytes(32, "big"))))
        return PublicKey(self.parameters, point[:32][::-1] + point[32:][::-1])

    def sign(self, data: bytes) -> bytes:
        """s‖r; two signatures of the same bytes differ."""
        digest = bytearray(streebog(data)[::-1])
        value = bytes(_curve(self.parameters).sign(bytearray(self.number.to_bytes(32, "big")), digest))
        return value[32:] + value[:32]

    def information(self) -> bytes:
        """PKCS#8 as the gost engine writes it: the number little-endian in an OCTET STRING of its own."""
        secret = der.octets(self.number.to_bytes(32, "little"))
        return der.sequence(der.integer(0), _algorithm(self.parameters), der.octets(secret))

    @classmethod
    def read(cls, data: bytes) -> PrivateKey:
        """From PKCS#8, PEM or DER; an encrypted key is refused (it belongs to a СКЗИ)."""
        found = _PEM.search(data)
        if found is not None and found[1] != b"PRIVATE KEY":
            raise SignatureError("SIG-0103", "Ключ зашифрован или записан не как PKCS#8.", hint="Используйте подпись внешней командой.")
        content = base64.b64decode(found[2]) if found is not None else data
        try:
            _, algorithm, secret = der.children(der.parse(content))[:3]
            name, parameters = der.children(algorithm)
            if name.identifier != KEY_ALGORITHM:
                raise SignatureError("SIG-0102", f"Закрытый ключ не ГОСТ Р 34.10-2012 (256): {name.identifier}.")
            inner = der.parse(secret.content)
            number = int.from_bytes(inner.content, "big" if inner.tag == 0x02 else "little")
            return cls(der.children(parameters)[0].identifier, number)
        except ValueError as error:
            raise SignatureError("SIG-0103", "Закрытый ключ не читается.", hint="Ожидается PKCS#8 (PEM или DER).") from error


def new_key(entropy: bytes, parameters: str = EXCHANGE_A) -> PrivateKey:
    """A key from 32 random bytes."""
    order = int(gostcrypto.gostsignature.CURVES_R_1323565_1_024_2019[_CURVES[parameters]]["q"])
    return PrivateKey(parameters, int.from_bytes(streebog(entropy), "big") % (order - 1) + 1)


def _algorithm(parameters: str) -> bytes:
    return der.sequence(
        der.object_identifier(KEY_ALGORITHM),
        der.sequence(der.object_identifier(parameters), der.object_identifier(STREEBOG_256)),
    )


@dataclass(frozen=True, slots=True)
class PythonSigner:
    """Signs in this process, in plain Python: about 20 ms a signature."""

    certificate: bytes
    key: PrivateKey
    title: str = "ГОСТ Р 34.10-2012, чистый Python"
    profile: Profile = GOST

    def sign(self, data: bytes) -> bytes:
        """s‖r of ``data``."""
        return self.key.sign(data)


@dataclass(frozen=True, slots=True)
class PythonDigester:
    """Streebog-256 in plain Python: about 1 ms a kilobyte."""

    profile: Profile = GOST

    def digest(self, data: bytes) -> bytes:
        """Streebog-256."""
        return streebog(data)

"""The gost engine of the system's OpenSSL 3, called in this process: 0.05 ms a signature, 5 ms a megabyte of Streebog.

``libcrypto`` is loaded through ctypes and the engine by its identifier, so no configuration file is needed and nothing of the process's
own TLS changes. A machine without it says so: a wrong path is silent in OpenSSL, therefore the digest of ``abc`` is asked for before
anything else.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint, c_ulong, c_void_p
from dataclasses import dataclass, field
from functools import cache

from adapters.signing.profile import GOST, Profile
from adapters.signing.streebog import ABC_DIGEST
from core.errors import ConfigError

__all__ = ["Engine", "EngineDigester", "EngineSigner", "load"]

_ALL_METHODS = 0xFFFF
_INIT_DYNAMIC = 0x00000400
_SIGNATURES: dict[str, tuple[object, list[object]]] = {
    "OPENSSL_init_crypto": (c_int, [ctypes.c_uint64, c_void_p]),
    "ENGINE_by_id": (c_void_p, [c_char_p]),
    "ENGINE_init": (c_int, [c_void_p]),
    "ENGINE_free": (c_int, [c_void_p]),
    "ENGINE_set_default": (c_int, [c_void_p, c_uint]),
    "EVP_get_digestbyname": (c_void_p, [c_char_p]),
    "EVP_Digest": (c_int, [c_char_p, c_size_t, c_char_p, POINTER(c_uint), c_void_p, c_void_p]),
    "EVP_MD_CTX_new": (c_void_p, []),
    "EVP_MD_CTX_free": (None, [c_void_p]),
    "EVP_DigestSignInit": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
    "EVP_DigestSign": (c_int, [c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t]),
    "BIO_new_mem_buf": (c_void_p, [c_char_p, c_int]),
    "BIO_free": (c_int, [c_void_p]),
    "PEM_read_bio_PrivateKey": (c_void_p, [c_void_p, c_void_p, c_void_p, c_char_p]),
    "EVP_PKEY_free": (None, [c_void_p]),
    "ERR_get_error": (c_ulong, []),
    "ERR_error_string_n": (None, [c_ulong, c_char_p, c_size_t]),
}


@dataclass(frozen=True, slots=True)
class Engine:
    """The library, the engine in it and its digest. Argument types are declared for every call: without them 64-bit pointers get cut."""

    library: ctypes.CDLL
    handle: int
    streebog_256: int

    def digest(self, data: bytes) -> bytes:
        """Streebog-256."""
        out, size = ctypes.create_string_buffer(64), c_uint(0)
        if self.library.EVP_Digest(data, len(data), out, byref(size), self.streebog_256, self.handle) != 1:
            raise self._failure("хэш не вычислен")
        return out.raw[: size.value]

    def read_key(self, text: bytes) -> int:
        """A private key from PEM; the caller keeps it for the life of the process."""
        bio = self.library.BIO_new_mem_buf(text, len(text))
        try:
            # An empty password: an encrypted key fails here instead of asking on the terminal.
            key = self.library.PEM_read_bio_PrivateKey(bio, None, None, b"")
        finally:
            self.library.BIO_free(bio)
        if not key:
            raise self._failure("закрытый ключ не читается")
        return int(key)

    def sign(self, key: int, data: bytes) -> bytes:
        """s‖r, as the engine gives it and XML wants it."""
        context = self.library.EVP_MD_CTX_new()
        try:
            size, out = c_size_t(64), ctypes.create_string_buffer(64)
            ready = self.library.EVP_DigestSignInit(context, None, self.streebog_256, self.handle, key) == 1
            if not ready or self.library.EVP_DigestSign(context, out, byref(size), data, len(data)) != 1:
                raise self._failure("подпись не вычислена")
            return out.raw[: size.value]
        finally:
            self.library.EVP_MD_CTX_free(context)

    def _failure(self, what: str) -> ConfigError:
        text, code = ctypes.create_string_buffer(256), self.library.ERR_get_error()
        self.library.ERR_error_string_n(code, text, 256)
        return ConfigError(
            "SIG-0201",
            f"gost engine: {what} ({text.value.decode(errors='replace')}).",
            hint="Проверьте ключ и пакет libengine-gost-openssl.",
        )


@cache
def load() -> Engine | None:
    """The engine of this machine, proved by the ``abc`` vector; None where there is none. Tried once for each process."""
    try:
        library = ctypes.CDLL("libcrypto.so.3")
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError):
        return None
    library.OPENSSL_init_crypto(_INIT_DYNAMIC, None)
    handle = library.ENGINE_by_id(b"gost")
    if not handle or library.ENGINE_init(handle) != 1:
        return None
    library.ENGINE_set_default(handle, _ALL_METHODS)
    streebog_256 = library.EVP_get_digestbyname(b"md_gost12_256")
    if not streebog_256:
        return None
    engine = Engine(library, handle, streebog_256)
    try:
        return engine if engine.digest(b"abc") == ABC_DIGEST else None
    except ConfigError:
        return None


@dataclass(frozen=True, slots=True)
class EngineDigester:
    """Streebog-256 by the engine."""

    engine: Engine
    profile: Profile = GOST

    def digest(self, data: bytes) -> bytes:
        """Streebog-256."""
        return self.engine.digest(data)


@dataclass(frozen=True, slots=True)
class EngineSigner:
    """Signs in this process through the engine."""

    certificate: bytes
    engine: Engine
    key: int = field(repr=False)
    title: str = "ГОСТ Р 34.10-2012, gost engine в процессе"
    profile: Profile = GOST

    def sign(self, data: bytes) -> bytes:
        """s‖r of ``data``."""
        return self.engine.sign(self.key, data)

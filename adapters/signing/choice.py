"""Which implementation signs on this machine: the fastest that works, and a sentence that says which.

Order: the engine in this process, the ``openssl`` command with the engine, plain Python. Every choice is proved before it is used: the
digest of ``abc``, and random bytes that are signed and verified with the public key of the configured certificate. That catches a wrong
key, a wrong parameter set and a wrong byte order at once.
"""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from adapters.signing import engine as gost_engine
from adapters.signing.certificates import Certificate, read_certificate
from adapters.signing.command import ORDERS, CommandDigester, CommandSigner, Encoding, Order, openssl_signer
from adapters.signing.gost import PrivateKey, PythonDigester, PythonSigner
from adapters.signing.profile import GOST, RSA, Digester, Profile, Signer
from adapters.signing.rsa import RsaDigester, rsa_signer
from adapters.signing.streebog import ABC_DIGEST
from core.errors import ConfigError

__all__ = ["Choice", "ExternalCommand", "Implementation", "choose", "choose_external", "digester_for", "prove"]

Implementation = Literal["engine", "command", "python"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen. ``title`` is for people."""

    signer: Signer
    digester: Digester
    title: str


def choose(certificate_file: Path, key_file: Path, *, implementation: Implementation | None = None) -> Choice:
    """Signer and digester for a certificate and a key in files; ``implementation`` insists on one.

    A :class:`ConfigError` when the files do not read, do not fit each other, or the wanted implementation is not on this machine.
    """
    for path in (certificate_file, key_file):
        if not path.is_file():
            raise ConfigError("SIG-0701", f"Файл не найден: {path}.", hint="Укажите сертификат и ключ подписи в настройках.")
    certificate = read_certificate(certificate_file.read_bytes())
    if certificate.profile is RSA:
        return _proved(rsa_signer(certificate.data, key_file.read_bytes()), RsaDigester(), certificate)
    if implementation in (None, "engine"):
        loaded = gost_engine.load()
        if loaded is not None:
            signer = gost_engine.EngineSigner(certificate.data, loaded, loaded.read_key(key_file.read_bytes()))
            return _proved(signer, gost_engine.EngineDigester(loaded), certificate)
    if implementation in (None, "command") and _command_works():
        return _proved(openssl_signer(certificate.data, str(key_file)), CommandDigester(), certificate)
    if implementation in (None, "python"):
        return _proved(PythonSigner(certificate.data, PrivateKey.read(key_file.read_bytes())), PythonDigester(), certificate)
    raise ConfigError(
        "SIG-0702",
        f"Способ подписи «{implementation}» на этой машине недоступен.",
        hint="Установите пакет libengine-gost-openssl.",
    )


@dataclass(frozen=True, slots=True)
class ExternalCommand:
    """A program that signs: of a СКЗИ on this machine, of an HSM's or a token's vendor. The key never comes here.

    ``arguments`` are run as they stand, without a shell; ``order`` and ``encoding`` say how the value comes out.
    """

    arguments: tuple[str, ...]
    order: Order = "s_r"
    encoding: Encoding = "raw"
    timeout_s: int = 60


def choose_external(certificate_file: Path, command: ExternalCommand) -> Choice:
    """A signer that runs ``command`` for each signature; digests are computed here. Proved like every other before it is used."""
    if not certificate_file.is_file():
        raise ConfigError("SIG-0701", f"Файл не найден: {certificate_file}.", hint="Укажите сертификат и ключ подписи в настройках.")
    certificate = read_certificate(certificate_file.read_bytes())
    signer = CommandSigner(
        certificate.data,
        command.arguments,
        command.order,
        command.encoding,
        command.timeout_s,
        title=f"внешняя команда {Path(command.arguments[0]).name}, {certificate.profile.title}",
        profile=certificate.profile,
    )
    return _proved(signer, digester_for(certificate.profile), certificate)


def digester_for(profile: Profile) -> Digester:
    """The fastest digester of this machine: checking needs no key."""
    if profile is RSA:
        return RsaDigester()
    loaded = gost_engine.load()
    if loaded is not None:
        return gost_engine.EngineDigester(loaded)
    return PythonDigester()


@lru_cache(maxsize=1)
def _command_works() -> bool:
    """Whether the openssl command has the engine; asked once, since a wrong set-up is silent."""
    if shutil.which("openssl") is None:
        return False
    try:
        return CommandDigester().digest(b"abc") == ABC_DIGEST
    except ConfigError:
        return False


def _proved(signer: Signer, digester: Digester, certificate: Certificate) -> Choice:
    prove(signer, digester, certificate)
    return Choice(signer, digester, signer.title)


def prove(signer: Signer, digester: Digester, certificate: Certificate) -> None:
    """Sign random bytes and verify them; on failure say whether another byte order would fit (the order itself stays a setting)."""
    if digester.profile is GOST and digester.digest(b"abc") != ABC_DIGEST:
        raise ConfigError("SIG-0703", "Хэш Стрибог вычисляется неверно.", hint="Проверьте установку gost engine.")
    data = secrets.token_bytes(64)
    value = signer.sign(data)
    if certificate.verify(data, value):
        return
    fits = [
        name for name, turn in ORDERS.items() if len(value) == 64 and certificate.profile is GOST and certificate.verify(data, turn(value))
    ]
    hint = f"Подошёл бы порядок байтов {fits[0]}: задайте его в настройках." if fits else "Ключ не от этого сертификата."
    raise ConfigError("SIG-0704", "Подпись не проверяется сертификатом.", hint=hint)

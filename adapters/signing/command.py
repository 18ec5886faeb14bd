"""Signing by another program: the ``openssl`` command, or whatever a certified СКЗИ offers on this machine.

The key stays out of this process. An external command reads the bytes to sign on standard input and prints the value; how it orders and
encodes the 64 bytes is declared, because providers differ and a wrong order looks like a valid signature (see ``ORDERS``).
"""

from __future__ import annotations

import base64
import binascii
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from adapters.signing.profile import GOST, Profile
from core.errors import ConfigError, TransientError

__all__ = ["ORDERS", "CommandDigester", "CommandSigner", "Encoding", "Order", "openssl_signer"]

Order = Literal["s_r", "r_s", "s_r_reversed", "r_s_reversed"]
Encoding = Literal["raw", "base64", "hex"]

ORDERS: Mapping[Order, Callable[[bytes], bytes]] = {
    "s_r": lambda value: value,
    "r_s": lambda value: value[32:] + value[:32],
    # The whole value turned round, as CryptSignHash and RawSignature.SignHash of КриптоПро give it.
    "s_r_reversed": lambda value: value[::-1],
    "r_s_reversed": lambda value: value[:32][::-1] + value[32:][::-1],
}
"""What turns a provider's 64 bytes into the s‖r that XML wants."""


def _run(arguments: Sequence[str], data: bytes, timeout_s: int) -> bytes:
    try:
        done = subprocess.run(list(arguments), input=data, capture_output=True, timeout=timeout_s, check=False)
    except FileNotFoundError as error:
        raise ConfigError(
            "SIG-0301",
            f"Команда подписи не найдена: {arguments[0]}.",
            hint="Проверьте настройку и установку программы.",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise TransientError("SIG-0302", f"Команда подписи не ответила за {timeout_s} с.", hint="Отправка будет повторена.") from error
    if done.returncode != 0:
        detail = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ConfigError(
            "SIG-0303",
            f"Команда подписи завершилась с кодом {done.returncode}: {detail[-1] if detail else 'без пояснений'}.",
            hint="Проверьте ключ, PIN и срок сертификата.",
        )
    return done.stdout


@dataclass(frozen=True, slots=True)
class CommandSigner:
    """One run of a program for each signature: data through standard input, the value from standard output."""

    certificate: bytes
    arguments: tuple[str, ...]
    order: Order = "s_r"
    encoding: Encoding = "raw"
    timeout_s: int = 60
    title: str = "ГОСТ Р 34.10-2012, внешняя команда"
    profile: Profile = GOST

    def sign(self, data: bytes) -> bytes:
        """s‖r of ``data``; a value of another length is refused."""
        value = _decode(_run(self.arguments, data, self.timeout_s), self.encoding)
        if self.profile.value_bytes is None:
            return value
        if len(value) != self.profile.value_bytes:
            raise ConfigError(
                "SIG-0304",
                f"Подпись занимает {len(value)} байт вместо {self.profile.value_bytes}.",
                hint="Проверьте кодировку вывода команды.",
            )
        return ORDERS[self.order](value)


def _decode(output: bytes, encoding: Encoding) -> bytes:
    try:
        if encoding == "base64":
            return base64.b64decode(b"".join(output.split()), validate=True)
        return bytes.fromhex(output.decode("ascii")) if encoding == "hex" else output
    except (binascii.Error, ValueError) as error:
        raise ConfigError(
            "SIG-0305",
            f"Вывод команды подписи не читается как {encoding}.",
            hint="Проверьте настройку кодировки вывода.",
        ) from error


@dataclass(frozen=True, slots=True)
class CommandDigester:
    """Streebog-256 by a program that prints 32 raw bytes."""

    arguments: tuple[str, ...] = ("openssl", "dgst", "-engine", "gost", "-md_gost12_256", "-binary")
    timeout_s: int = 60
    profile: Profile = GOST

    def digest(self, data: bytes) -> bytes:
        """Streebog-256."""
        return _run(self.arguments, data, self.timeout_s)


def openssl_signer(certificate: bytes, key_file: str, *, timeout_s: int = 60) -> CommandSigner:
    """The ``openssl`` command with the gost engine; the key file is named, its content never passes through here."""
    return CommandSigner(
        certificate,
        ("openssl", "dgst", "-engine", "gost", "-md_gost12_256", "-sign", key_file, "-binary"),
        timeout_s=timeout_s,
        title="ГОСТ Р 34.10-2012, команда openssl с gost engine",
    )

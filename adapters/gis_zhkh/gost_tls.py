"""ГОСТ TLS straight from this process: Python's ``ssl`` over the system's OpenSSL with the gost engine in it. The other way is a tunnel
(stunnel or a vendor's) on this machine; this one needs no second program and no port that speaks as the organisation.

The engine is loaded by its identifier (:mod:`adapters.signing.engine`), so no ``openssl.cnf`` is touched. There are no ГОСТ suites of TLS
1.3 and none in the default list: version and suites are set, the most modern first, and the server chooses.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from adapters.signing import engine
from core.errors import ConfigError

__all__ = ["SUITES", "TlsFiles", "gost_context", "gost_session"]

SUITES = (
    "GOST2012-KUZNYECHIK-KUZNYECHIKOMAC",
    "GOST2012-MAGMA-MAGMAOMAC",
    "IANA-GOST2012-GOST8912-GOST8912",
    "LEGACY-GOST2012-GOST8912-GOST8912",
)
"""Suites of TLS 1.2 by their names in OpenSSL 3."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The client's certificate and key, and the authorities that the server's certificate must lead to; all PEM."""

    certificate: Path
    key: Path
    authorities: Path


def gost_context(files: TlsFiles) -> ssl.SSLContext:
    """A client's context; ``ConfigError`` says what is lacking: the engine, a suite or a file."""
    if engine.load() is None:
        raise ConfigError(
            "GIS-0410",
            "ГОСТ TLS: на этой машине нет gost engine.",
            hint="Установите пакет libengine-gost-openssl или подключайтесь через stunnel.",
        )
    for path in (files.certificate, files.key, files.authorities):
        if not path.is_file():
            raise ConfigError("GIS-0411", f"ГОСТ TLS: файл не найден: {path}.", hint="Проверьте gis.tls_certificate, tls_key и tls_ca.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.set_ciphers(":".join(SUITES))
        context.load_verify_locations(files.authorities)
        context.load_cert_chain(files.certificate, files.key)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError(
            "GIS-0412",
            f"ГОСТ TLS не настраивается: {error}.",
            hint="Нужны сертификат и ключ ГОСТ Р 34.10-2012 без пароля и OpenSSL системы; либо подключайтесь через stunnel.",
        ) from error
    return context


class _GostAdapter(HTTPAdapter):
    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # Any: what requests passes on to urllib3
        super().init_poolmanager(*arguments, **options, ssl_context=self._context)


def gost_session(files: TlsFiles) -> requests.Session:
    """A session that speaks ГОСТ TLS to every https address."""
    session = requests.Session()
    session.verify = str(files.authorities)
    session.mount("https://", _GostAdapter(gost_context(files)))
    return session

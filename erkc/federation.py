"""The federal conversation for one application: its gateway, signing files and bills put together.

Signing files (``signer.pem``, ``signer.key``) are looked for in ``<home>/signing``. For a local stand a test authority and signer are made
there (``erkc gis test-key``); for a real contour the operator puts its own. Only signing needs them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from adapters.gis_zhkh.gost_tls import TlsFiles
from adapters.signing import ExternalCommand, read_certificate
from adapters.signing.issue import IssuedFiles, issue
from config.settings import GisSettings
from core.errors import ConfigError
from core.services.federal import Federal, Waiting
from erkc.application import Application
from erkc.federal import FederalGateway, open_gateway
from xsd.official import installed

__all__ = [
    "ProvedSignature",
    "album_folder",
    "is_signing_ready",
    "open_federal",
    "prove_signature",
    "signing_folder",
    "test_signing_files",
    "waiting",
]


_LOCAL_LADDER_S = (0.3, 0.5, 1.0, 2.0, 5.0)
_LOCAL_TIMEOUT_S = 10
_TELL_EVERY_S = 1.0


def signing_folder(application: Application) -> Path:
    """Where the signer's certificate and key are."""
    return application.home / "signing"


def album_folder(application: Application) -> Path:
    """Where official albums are, by number."""
    return application.home / "album"


def is_signing_ready(application: Application) -> bool:
    """Whether both files are there; whether they fit each other is found out by signing."""
    needed = ("signer.pem",) if application.settings.gis.signer == "external" else ("signer.pem", "signer.key")
    return all((signing_folder(application) / name).is_file() for name in needed)


@dataclass(frozen=True, slots=True)
class ProvedSignature:
    """Who signs here, proved at this moment."""

    title: str
    subject: str
    not_after: datetime


def prove_signature(application: Application) -> ProvedSignature | None:
    """The self-test at start: the Streebog vector, random bytes signed and verified by the certificate, the certificate in force. None when
    there are no signing files; ``ConfigError`` when they are there and do not work, so that it is known before the first message."""
    if not is_signing_ready(application):
        return None
    gateway: FederalGateway = open_federal(application).gateway  # type: ignore[assignment]  # the gateway of open_federal
    signer = gateway.signature.signer
    certificate, now = read_certificate(signer.certificate), application.clock.now()
    if not certificate.not_before <= now <= certificate.not_after:
        raise ConfigError(
            "SIG-0705",
            f"Сертификат подписи не действует: срок с {certificate.not_before:%d.%m.%Y} по {certificate.not_after:%d.%m.%Y}.",
            hint="Положите в папку signing действующий сертификат и его ключ.",
        )
    return ProvedSignature(signer.title, certificate.subject, certificate.not_after)


def test_signing_files(application: Application, at: datetime) -> IssuedFiles:
    """A test authority and signer for stands; those that are there already are kept."""
    return issue(signing_folder(application), at=at, not_before=at - timedelta(days=365))


def open_federal(application: Application, *, url: str | None = None, is_local: bool = False) -> Federal:
    """The conversation with the system at ``url`` (default: of the settings).

    Opening needs no key: the first message that must be signed asks for it (``ConfigError`` GIS-0603).

    A stand on this machine (``is_local``) answers at once, so questions follow each other quickly, and what a killed process was doing is
    taken over after seconds, not minutes.
    """
    settings = application.settings.gis
    gateway: FederalGateway = open_gateway(
        url or settings.base_url,
        signing=signing_folder(application),
        signer=settings.signer,
        external=_external(settings),
        canonicalization=settings.canonicalization,
        tls=_tls(settings),
        ladder_s=_LOCAL_LADDER_S if is_local else settings.poll_ladder_s,
        timeout_s=_LOCAL_TIMEOUT_S if is_local else settings.timeout_s,
        official=installed(album_folder(application), number=settings.album),
    )
    federal = Federal(application.engine, gateway, application.clock, package=settings.package_documents)
    if not is_local:
        return federal
    return replace(
        federal,
        lease=timedelta(seconds=2 * _LOCAL_TIMEOUT_S),
        lost_wait=timedelta(seconds=2),
        backoff=timedelta(seconds=1),
    )


def _external(settings: GisSettings) -> ExternalCommand | None:
    if settings.signer != "external":
        return None
    return ExternalCommand(settings.sign_command, settings.sign_order, settings.sign_encoding, settings.sign_timeout_s)


def _tls(settings: GisSettings) -> TlsFiles | None:
    if not settings.tls_certificate:
        return None
    return TlsFiles(Path(settings.tls_certificate), Path(settings.tls_key), Path(settings.tls_ca))


def waiting(seconds: float, application: Application, tell: Callable[[], None] | None = None) -> Waiting:
    """Wait for answers, for so many seconds at most; ``tell`` is called after every step and every second of a pause."""
    until = application.clock.now() + timedelta(seconds=seconds)

    def sleep(pause: timedelta) -> None:
        left = max(pause.total_seconds(), 0.05)
        while left > 0:
            time.sleep(min(left, _TELL_EVERY_S))
            left -= _TELL_EVERY_S
            if tell is not None:
                tell()

    return Waiting(sleep, until, None if tell is None else lambda steps: tell())

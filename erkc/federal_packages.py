"""Signed requests as files, for an operator who carries them by hand or hands them to somebody to check.

Identifiers are never invented: without a crosswalk the town first synchronises with a local stand that is seeded from its own houses,
accounts and organisations.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from core.errors import InputError
from core.ids import ProviderId, TransportGuid
from core.issued.bills import bills_of_month
from core.period import Month
from core.services.federal import Federal, bill_request, synchronise
from core.services.federal.gateway import Envelope
from erkc.application import Application
from erkc.federal_stand import town_seed
from erkc.federation import open_federal, signing_folder, test_signing_files, waiting
from erkc.stands.gis import running

__all__ = ["Packed", "package_bills"]

_SYNCHRONISE_S = 120.0


@dataclass(frozen=True, slots=True)
class Packed:
    """What was written."""

    bills: int
    files: tuple[Path, ...]
    certificate: Path
    signature: str
    """Which implementation signed, for people."""


def package_bills(application: Application, *, provider_id: ProviderId, month: Month, out: Path) -> Packed:
    """Write the month's bills as signed requests into ``out``; nothing is sent and nothing is marked as sent."""
    with application.engine.connect() as connection:
        contents = [bill.content for bill in bills_of_month(connection, provider_id, month)]
    if not contents:
        raise InputError("GIS-0601", f"За {month.title} не выпущено ни одного документа.", hint=f"Выполните erkc issue bills {month}.")
    files = test_signing_files(application, application.clock.now())
    federal = open_federal(application)
    with application.engine.connect() as connection:
        provider_guid = federal.provider_guid(connection, provider_id)
    if provider_guid is None:
        _synchronise_with_stand(application, provider_id, files.authority.read_text())
        with application.engine.connect() as connection:
            provider_guid = federal.provider_guid(connection, provider_id)
    out.mkdir(parents=True, exist_ok=True)
    written = []
    size = application.settings.gis.package_documents
    for number, start in enumerate(range(0, len(contents), size), 1):
        with application.engine.connect() as connection:
            listed = [(TransportGuid(uuid4()), content) for content in contents[start : start + size]]
            request = bill_request(connection, federal, provider_id, month, listed)
        rendered = federal.gateway.render(request, Envelope(uuid4(), provider_guid, application.clock.now()))
        path = out / f"{month}-bills-{number:03d}.xml"
        path.write_bytes(rendered.data)
        written.append(path)
    certificate = out / "signer.pem"
    certificate.write_bytes((signing_folder(application) / "signer.pem").read_bytes())
    return Packed(len(contents), tuple(written), certificate, federal.gateway.signature.title)  # type: ignore[attr-defined]  # the gateway of open_federal


def _synchronise_with_stand(application: Application, provider_id: ProviderId, authority: str) -> None:
    with application.engine.connect() as connection:
        seed = town_seed(connection, provider_id, authorities=[authority], signature="full", delay_s=0.1)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), seed=seed) as stand:
        federal: Federal = open_federal(application, url=stand.url, is_local=True)
        done = synchronise(federal, provider_id=provider_id, waiting=waiting(_SYNCHRONISE_S, application))
        if not done.finished:
            raise InputError("GIS-0602", "Сверка с местным стендом не завершилась.", hint="Повторите команду.")

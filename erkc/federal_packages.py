"""Signed requests as files, for an operator who carries them by hand or hands them to somebody to check. A bill that can not go yet stays
out with the reason; the others go on.

Identifiers are never invented: without a crosswalk the town first synchronises with a local stand that is seeded from its own houses,
accounts and organisations.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from core.errors import InputError
from core.ids import ProviderId, TransportGuid
from core.issued.bills import bills_of_month
from core.model.bill import BillContent
from core.period import Month
from core.records.providers import provider
from core.services.federal import Federal, bill_request, synchronise
from core.services.federal.bills import bills_lacking
from core.services.federal.gateway import Envelope
from erkc.application import Application
from erkc.federal_stand import town_seed
from erkc.federation import open_federal, signing_folder, test_signing_files, waiting
from erkc.stands.gis import running

__all__ = ["Packed", "package_bills"]

_SYNCHRONISE_S = 120.0
_CENTRE_ACCOUNT = 4


@dataclass(frozen=True, slots=True)
class Packed:
    """What was written."""

    bills: int
    files: tuple[Path, ...]
    certificate: Path
    signature: str
    """Which implementation signed, for people."""
    held: Mapping[str, str]
    """Bills that are in no file, by number, with the reason in Russian."""


def package_bills(application: Application, *, provider_id: ProviderId, month: Month, out: Path) -> Packed:
    """Write the month's bills as signed requests into ``out``; nothing is sent and nothing is marked as sent.

    ``InputError`` GIS-0601 when the provider has issued none.
    """
    with application.engine.connect() as connection:
        contents = [bill.content for bill in bills_of_month(connection, provider_id, month)]
        inn = provider(connection, provider_id).inn
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
    with application.engine.connect() as connection:
        held = dict(bills_lacking(connection, federal, provider_id, contents))
    written: list[Path] = []
    size = application.settings.gis.package_documents
    for of_centre in (False, True):
        part = [one for one in contents if one.number not in held and (one.account_kind == _CENTRE_ACCOUNT) is of_centre]
        for start in range(0, len(part), size):
            for data in _signed(federal, provider_id, month, part[start : start + size], held, provider_guid=provider_guid):
                path = out / f"{month}-{inn}-bills-{len(written) + 1:03d}.xml"
                path.write_bytes(data)
                written.append(path)
    certificate = out / "signer.pem"
    certificate.write_bytes((signing_folder(application) / "signer.pem").read_bytes())
    signature = federal.gateway.signature.title  # type: ignore[attr-defined]  # the gateway of open_federal
    return Packed(len(contents) - len(held), tuple(written), certificate, signature, held)


def _signed(
    federal: Federal,
    provider_id: ProviderId,
    month: Month,
    part: Sequence[BillContent],
    held: dict[str, str],
    *,
    provider_guid: UUID | None,
) -> Iterator[bytes]:
    """One request. A bill that can not be a document would stop its whole package, so the package is halved until it is found and held."""
    try:
        with federal.engine.connect() as connection:
            request = bill_request(connection, federal, provider_id, month, [(TransportGuid(uuid4()), content) for content in part])
        data = federal.gateway.render(request, Envelope(uuid4(), provider_guid, federal.clock.now())).data
    except InputError as error:
        if len(part) == 1:
            held[part[0].number] = error.message.rstrip(".")
            return
        middle = len(part) // 2
        for half in (part[:middle], part[middle:]):
            yield from _signed(federal, provider_id, month, half, held, provider_guid=provider_guid)
        return
    yield data


def _synchronise_with_stand(application: Application, provider_id: ProviderId, authority: str) -> None:
    with application.engine.connect() as connection:
        seed = town_seed(connection, provider_id, authorities=[authority], signature="full", delay_s=0.1)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), seed=seed) as stand:
        federal: Federal = open_federal(application, url=stand.url, is_local=True)
        done = synchronise(federal, provider_id=provider_id, waiting=waiting(_SYNCHRONISE_S, application))
        if not done.finished:
            raise InputError("GIS-0602", "Сверка с местным стендом не завершилась.", hint="Повторите команду.")

"""Charges registries on their way to banks: rendered by a profile, archived, then written; each sum equal to the bills it is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from adapters.banks.charges_out import ChargesHead, render_charges
from adapters.banks.profile import Profile
from core import archive
from core.documents.bank_charges import Unpayable
from core.ids import MessageId
from core.model.bank_charge import BankPayee
from core.model.finding import Finding
from core.period import Month
from core.records.providers import Provider
from core.services.bank_charges import month_charges
from core.storage.engine import transaction
from erkc.application import Application

__all__ = ["ChargesFile", "ChargesSent", "send_charges"]


@dataclass(frozen=True, slots=True)
class ChargesFile:
    """One registry: for whom, where it lies, what is in it."""

    payee: BankPayee
    path: Path
    message_id: MessageId
    sha256: str
    rows: int
    amount: int
    is_new: bool
    """The same bytes have not been sent before."""


@dataclass(frozen=True, slots=True)
class ChargesSent:
    """The registries of one provider and month."""

    provider: Provider
    bills: int
    due: int
    files: tuple[ChargesFile, ...]
    left: tuple[Unpayable, ...]
    refused: tuple[Finding, ...]


def send_charges(
    application: Application, *, provider: Provider, month: Month, profile: Profile, folder: Path, number: int, service: str,
    with_names: bool = True, accounts: Iterable[str] = (),
) -> ChargesSent:  # fmt: skip
    """Render, archive and write the registry of each payee; ``accounts`` restricts it to some settlement accounts.

    Bytes go to the archive before they lie in the folder, so that whatever a bank has been given can be shown.
    """
    charges = month_charges(application.engine, provider_id=provider.provider_id, month=month)
    wanted = frozenset(accounts)
    files: list[ChargesFile] = []
    refused: list[Finding] = []
    now = application.clock.now()
    for payee, rows in charges.rows.items():
        if wanted and payee.account not in wanted:
            continue
        head = ChargesHead(payee, month, number, service, now.date(), with_names)
        rendered = render_charges(head, rows, profile)
        refused += rendered.refused
        if not rendered.count:
            continue
        with transaction(application.engine) as connection:
            stored = archive.store(
                connection,
                data=rendered.data,
                name=rendered.name,
                channel=f"banks.{profile.name}",
                direction="out",
                provider_id=provider.provider_id,
                at=now,
            )
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / rendered.name
        unfinished = path.with_name(f".{path.name}")
        unfinished.write_bytes(rendered.data)
        unfinished.replace(path)
        files.append(ChargesFile(payee, path, stored.message_id, stored.sha256.hex(), rendered.count, rendered.amount, stored.is_new))
    return ChargesSent(provider, charges.bills, charges.due, tuple(files), charges.left, tuple(refused))

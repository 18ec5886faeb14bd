"""What was taken: each file with who sent it, when, what became of it, and how many findings it has; newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from core import archive
from core.errors import InputError
from core.ids import CENTRE, MessageId
from core.model.finding import Finding
from core.period import Month
from core.records.findings import read_findings
from core.records.intake import Intake, read_intake, read_intakes
from core.records.providers import provider, providers
from core.storage.engine import transaction

__all__ = ["TakenFile", "intake_history", "taken_bytes"]

_KINDS = {"registry": "реестр платежей", "statement": "выписка"}


@dataclass(frozen=True, slots=True)
class TakenFile:
    """One file of the history."""

    message_id: MessageId
    name: str
    sender: str
    contact: str
    """The person whom the file names as its sender."""
    month: Month | None
    status: str
    is_increment: bool
    received_at: datetime
    taken_at: datetime
    """When its latest outcome was made."""
    rows: int
    errors: int
    warnings: int


def intake_history(engine: Engine, *, inn: str | None = None, month: Month | None = None) -> list[TakenFile]:
    """Files of every sender or of one, of every month or of one; ``InputError`` IN-0114 for an unknown ИНН."""
    with transaction(engine) as connection:
        wanted = None if inn is None else {one.provider_id for one in providers(connection) if one.inn == inn}
        if wanted is not None and not wanted:
            raise InputError("IN-0114", f"Нет отправителя с ИНН {inn}.", hint="Отправителей называет erkc region load.", inn=inn)
        listed: list[TakenFile] = []
        for intake in reversed(read_intakes(connection, month=month)):
            if wanted is not None and intake.provider_id not in wanted:
                continue
            message = archive.describe(connection, intake.message_id)
            found = [stored.finding.severity for stored in read_findings(connection, message_id=intake.message_id)]
            sender = _bank(intake) if intake.provider_id == CENTRE else provider(connection, intake.provider_id).name
            listed.append(
                TakenFile(
                    intake.message_id,
                    message.name,
                    sender,
                    intake.header.get("contact_name", ""),
                    intake.month,
                    intake.status,
                    intake.header.get("unload_kind") == "2",
                    message.received_at,
                    intake.taken_at,
                    sum(number for name, number in intake.counts.items() if not name.endswith("_kop")),
                    found.count("error"),
                    found.count("warning"),
                )
            )
        return listed


def _bank(intake: Intake) -> str:
    """Who sent a file that is no provider's: a bank or agent, known by the profile of its files."""
    kind = _KINDS.get(intake.header.get("kind", ""), "")
    profile = intake.header.get("profile", "")
    return f"{kind}, профиль {profile}" if kind and profile else intake.header.get("name", "") or intake.header.get("file", "")


def taken_bytes(engine: Engine, message_id: MessageId) -> tuple[str, bytes, list[Finding]]:
    """Name, exact bytes and findings of a file that was taken; ``InputError`` where there is no such file."""
    with transaction(engine) as connection:
        message = archive.describe(connection, message_id)
        if read_intake(connection, message_id) is None:
            raise InputError("IN-0115", f"Сообщение № {message_id} не принималось как файл.", hint="Номера: erkc intake history.")
        findings = [stored.finding for stored in read_findings(connection, message_id=message_id)]
        return message.name, archive.read(connection, message_id), findings

"""«Формат 4.0» out: a provider's posted month as the hub knows it, as one archive for the regional system, full or with the changes only.

Facts are the rows in force as their senders wrote them (``facts``), money is the ledger's (``documents``, ``payments``).
Identifiers are the sender's; what only the hub has is given one that follows from what it is, so the same fact has the same identifier in
every unload, and the increment (rows that differ from what was sent) holds exactly what changed. What the format has no place for is told,
never left out in silence. Nothing is ever held whole: rows are streamed from archive and ledger into tables on disk, and on into the ZIP.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from sqlalchemy import Connection

from adapters.format4.layout import Layout, layout_for
from adapters.format4.writer import ArchiveWriter, cells_of
from core import archive, outbox
from core.archive import Message
from core.charges.law import Law
from core.errors import InputError
from core.ids import MessageId
from core.ledger import months
from core.ledger.months import MonthState
from core.model.finding import Finding
from core.period import Month
from core.records.entities import entity_ids
from core.records.intake import read_intakes
from core.records.providers import Provider
from core.services.regional import ACT, SYSTEM, prepare_unload
from core.storage.engine import transaction
from erkc.application import Application
from erkc.rgis.documents import Documents, posted_step
from erkc.rgis.facts import CHANNELS, Facts
from erkc.rgis.identifiers import known_as
from erkc.rgis.matching import Matching
from erkc.rgis.names import Names
from erkc.rgis.output import Output
from erkc.rgis.payments import Payments
from erkc.rgis.sent import Sent

__all__ = ["Unload", "make_unload", "write_archive"]

_VERSION = "4.0.6.2"
_FULL, _INCREMENT = "1", "2"
_FAILED_IN_A_ROW = 3
_POSTED = (MonthState.POSTED, MonthState.CLOSED)


@dataclass(frozen=True, slots=True)
class Unload:
    """One archive, with the rows that it holds and what is not in it."""

    name: str
    message_id: MessageId | None
    """None: nothing has changed, so there is no archive."""
    rows: Mapping[str, int]
    findings: tuple[Finding, ...]
    size: int
    sha256: str


def make_unload(application: Application, provider: Provider, month: Month, *, law: Law, changes: bool, send: bool = False) -> Unload:
    """Make the next unload of a month and keep it as a message out: the next increment is compared with it. ``send``: into the outbox too.

    ``InputError`` UN-0101 where the sender has sent no archive, UN-0102 where the month is not posted, UN-0103 where changes are asked for
    and no full unload is known, UN-0104 while the one before is on its way, UN-0105 after three increments in a row that were refused.
    """
    now = application.clock.now()
    with transaction(application.engine) as connection, tempfile.TemporaryFile() as file:
        posted_step(connection, provider, month)
        made = _unloads(connection, provider)
        base = _base(connection, provider, made) if changes else []
        layout, _ = layout_for(_VERSION)
        sent = Sent(connection, layout, [archive.open_stream(connection, one.message_id) for one in base]) if changes else None
        formed_at = now.replace(tzinfo=None, microsecond=0)
        rows, findings = write_archive(connection, provider, month, law=law, formed_at=formed_at, layout=layout, sent=sent, out=file)
        kind = "changes" if changes else "full"
        name = f"{provider.inn}-{month}-{len(made) + 1:03d}-{kind}.zip"
        if not rows:
            return Unload(name, None, rows, findings, 0, "")
        file.seek(0)
        stored = archive.store(
            connection, data=file, name=name, channel=SYSTEM, direction="out", provider_id=provider.provider_id, at=now
        )  # fmt: skip
        if send:
            prepare_unload(
                connection, provider_id=provider.provider_id, name=name, message_id=stored.message_id, sha256=stored.sha256.hex(), at=now
            )
        return Unload(name, stored.message_id, rows, findings, file.tell(), stored.sha256.hex())


def write_archive(
    connection: Connection, provider: Provider, month: Month, *, law: Law, formed_at: datetime, layout: Layout, sent: Sent | None,
    out: IO[bytes],
) -> tuple[Mapping[str, int], tuple[Finding, ...]]:  # fmt: skip
    """Write the archive of a posted month; the rows by section and what is not in it. Without rows nothing is written."""
    info = _info(connection, layout, provider, month, formed_at, _FULL if sent is None else _INCREMENT)
    with ArchiveWriter(layout) as writer:
        output = Output(layout, writer, sent)
        facts = Facts(connection, provider.provider_id, month, output)
        facts.write()
        names = Names(connection, provider, month)
        matching = Matching(connection, provider, month, output)
        Documents(connection, provider, month, law, names, output, matching).write()
        before = month.previous()
        if months.current(connection, provider_id=provider.provider_id, month=before).state in _POSTED:
            Documents(connection, provider, before, law, Names(connection, provider, before), output, matching).write(with_balances=False)
        else:
            facts.write_documents(before)
            matching.note_stated(before)
        accounts = {number: known_as(key) for key, number in entity_ids(connection, provider.provider_id, "account").items()}
        Payments(connection, provider, month, names, facts, accounts, output, matching).write()
        matching.write(names, accounts)
        output.finish()
        if writer.rows:
            writer.finish(info, out)  # type: ignore[arg-type]  # IO[bytes] and BinaryIO are one
        return {code.upper(): count for code, count in writer.rows.items()}, tuple(output.findings)


def _unloads(connection: Connection, provider: Provider) -> list[Message]:
    return archive.find_named(connection, channel=SYSTEM, start=f"{provider.inn}-", direction="out")


def _base(connection: Connection, provider: Provider, made: Iterable[Message]) -> list[Message]:
    """What the region has of a provider: the last full unload and all after it. One that was refused does not count."""
    states = {
        exchange.request_message_id: exchange.state
        for exchange in outbox.exchanges(
            connection, system=SYSTEM, provider_id=provider.provider_id, act=ACT,
            states=("prepared", "sent", "acknowledged", "lost", "done", "failed", "replaced"),
        )
    }  # fmt: skip
    base: list[Message] = []
    failed = 0
    for message in made:
        state = states.get(message.message_id, "done")  # handed over as a file
        is_full = message.name.endswith("-full.zip")
        if state in ("failed", "replaced"):
            failed = 0 if is_full else failed + 1
        elif state != "done":
            raise InputError(
                "UN-0104",
                f"Выгрузка {message.name} ещё в пути: от чего считать изменения, неизвестно.",
                hint="Дождитесь ответа: erkc rgis status.",
            )
        else:
            base = [message] if is_full else [*base, message]
            failed = 0
    if not any(message.name.endswith("-full.zip") for message in base):
        raise InputError("UN-0103", "Изменений не собрать: полной выгрузки ещё не было.", hint="Сначала erkc rgis unload без --changes.")
    if failed >= _FAILED_IN_A_ROW:
        raise InputError(
            "UN-0105",
            f"РГИС отказала в {failed} выгрузках изменений подряд.",
            hint="Выгрузите месяц целиком: erkc rgis unload без --changes.",
        )
    return base


def _info(connection: Connection, layout: Layout, provider: Provider, month: Month, formed_at: datetime, kind: str) -> list[str]:
    taken = [
        one for one in read_intakes(connection, provider_id=provider.provider_id) if one.adapter in CHANNELS and one.status != "rejected"
    ]
    if not taken:
        raise InputError("UN-0101", f"От отправителя «{provider.name}» нет ни одной выгрузки.", hint="Примите её: erkc take ФАЙЛ.")
    known = {field.code for field in layout.info.fields}
    values: dict[str, object] = {code: value for code, value in taken[-1].header.items() if code in known}
    values |= {
        "version": _VERSION, "year": month.first.year, "month": month.first.month, "formed_at": formed_at, "system": "erkc",
        "unload_kind": kind,
    }  # fmt: skip
    return cells_of(layout.info, values)

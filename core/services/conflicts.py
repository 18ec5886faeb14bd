"""Conflicts of senders of one house: whose value is taken, by a person's decision, by ГАР or by the region's rule, and remembered.

In this order: a person's decision about these very values; for the code of a house the only one of the named that stands in ГАР; the
region's rule for the attribute (setting ``wins``: УО, РСО, КР, ТКО or a sender's ИНН); else the management company. A decision is a
message of the archive and a record of the centre, so a month computed before it comes out as before. It is about the values it was made
on: when a sender says something new, the conflict is open again and the earlier decision is shown beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from core import archive
from core.charges.joint import Conflict
from core.clock import Clock
from core.errors import InputError
from core.ids import CENTRE, RecordId
from core.model.records import Resolution
from core.period import Month
from core.records.bodies import find_records
from core.records.facts import house_ids
from core.records.origins import message_names
from core.records.providers import Provider, providers
from core.records.resolutions import Resolved, read_resolutions, resolve
from core.services.believing import conflict_subject, values_text
from core.services.joint_houses import JointHouse, JointReader
from core.storage.engine import transaction

__all__ = ["DECIDED_BY", "OpenConflict", "Said", "decide_conflict", "list_conflicts"]

DECIDED_BY = {
    "decision": "решение",
    "gar": "ГАР",
    "rule": "правило региона",
    "": "УО по умолчанию",
}
"""Why a value is taken, for people."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one sender says: the value, the file and row it stands in, and when we learned it."""

    sender: Provider
    value: str
    source: str
    learned_at: datetime | None


@dataclass(frozen=True, slots=True)
class OpenConflict:
    """One conflict as a person sees it."""

    number: str
    """Short and stable: what the commands take."""
    subject: str
    address: str
    place: str
    attribute: str
    said: tuple[Said, ...]
    taken_from: str
    """ИНН of the sender whose value is taken."""
    how: str
    earlier: Resolved | None
    """The last decision of a person, whether it holds or was about other values."""


def list_conflicts(engine: Engine, *, month: Month) -> list[OpenConflict]:
    """All conflicts of a month's houses as they stand now, each once."""
    with transaction(engine) as connection:
        return list(_listed(connection, month))


def decide_conflict(engine: Engine, *, month: Month, number: str, inn: str, reason: str, actor: str, clock: Clock) -> OpenConflict:
    """Take a sender's value in a conflict from now on; the conflict as it stands after.

    ``InputError`` GR-0101 for an unknown number, GR-0102 where the sender says nothing in it, GR-0103 without a reason.
    """
    if not reason.strip():
        raise InputError("GR-0103", "Не указана причина решения.", hint='Напишите, по какому документу: --reason "выписка ЕГРН …".')
    found = next((one for one in list_conflicts(engine, month=month) if one.number == number), None)
    if found is None:
        raise InputError("GR-0101", f"Расхождения {number} за {month.title} нет.", hint=f"Номера показывает erkc conflicts list {month}.")
    if inn not in {one.sender.inn for one in found.said}:
        raise InputError(
            "GR-0102",
            f"Отправитель с ИНН {inn} ничего об этом не сообщал.",
            hint=f"Сообщили: {', '.join(one.sender.inn for one in found.said)}.",
        )
    at = clock.now()
    body = Resolution("conflict", found.subject, inn, _values(found), reason.strip(), actor)
    document = {
        "decision": "conflict",
        "number": number,
        "address": found.address,
        "place": found.place,
        "attribute": found.attribute,
        "values": {one.sender.inn: one.value for one in found.said},
        "taken": inn,
        "reason": body.reason,
        "actor": actor,
    }
    with transaction(engine) as connection:
        message = archive.store(
            connection,
            data=json.dumps(document | {"decided_at": at.isoformat()}, ensure_ascii=False, indent=1).encode(),
            name="conflict.json",
            channel="conflicts",
            direction="decision",
            provider_id=CENTRE,
            at=at,
        ).message_id
    with transaction(engine) as connection:
        resolve(connection, [body], message_id=message, at=at)
        return next(one for one in _listed(connection, month) if one.number == number)


def _listed(connection: Connection, month: Month) -> Iterator[OpenConflict]:
    decisions = read_resolutions(connection, "conflict")
    seen: set[str] = set()
    for provider in providers(connection):
        if provider.provider_id == CENTRE:
            continue
        houses = house_ids(connection, provider.provider_id, month)
        for joint in JointReader(connection, provider.provider_id, month, None).read(houses):
            for conflict in joint.conflicts:
                subject = conflict_subject(joint.same, conflict)
                if subject not in seen:
                    seen.add(subject)
                    yield _shown(connection, joint, conflict, subject, decisions)


def _shown(connection: Connection, joint: JointHouse, conflict: Conflict, subject: str, decisions: Mapping[str, Resolved]) -> OpenConflict:
    sources = dict(conflict.sources)
    return OpenConflict(
        number=hashlib.sha256(subject.encode()).hexdigest()[:8],
        subject=subject,
        address=joint.house.address,
        place=_place(conflict),
        attribute=conflict.attribute,
        said=tuple(Said(joint.sender(i), value, *_source(connection, sources.get(i, ()))) for i, value in conflict.values),
        taken_from=joint.sender(conflict.chosen).inn,
        how=conflict.how,
        earlier=decisions.get(subject),
    )


def _place(conflict: Conflict) -> str:
    parts = (
        f"пом. {conflict.premises}" if conflict.premises else "",
        f"ком. {conflict.room}" if conflict.room else "",
        f"ЛС {conflict.payer}" if conflict.payer else "",
    )
    return ", ".join(part for part in parts if part)


def _source(connection: Connection, records: Sequence[RecordId]) -> tuple[str, datetime | None]:
    """File and rows of the values, and when the last of them was learned."""
    found = find_records(connection, records)
    if not found:
        return "", None
    last = max(found, key=lambda one: one.recorded_at)
    name = message_names(connection, [last.message_id])[last.message_id]
    rows = ", ".join(str(one.position.row) for one in found if one.position.row is not None)
    return f"{name}: {last.position.file}, строка {rows}" if rows else f"{name}: {last.position.file}", last.recorded_at


def _values(conflict: OpenConflict) -> str:
    return values_text({one.sender.inn: one.value for one in conflict.said})

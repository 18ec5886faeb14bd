"""Codec of appeals (обращения): export, and what is done about one: assign, answer, execute, prolong, pass on, decline to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias, assert_never
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh import limits
from adapters.gis_zhkh.attachments import Attachment
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.replies import StateReply
from adapters.gis_zhkh.values import guid, listed
from core.errors import InvariantError
from core.ids import TransportGuid
from xsd.tables import ALBUM

__all__ = [
    "Answer", "Appeal", "Assigned", "Declined", "Executed", "Prolonged", "Redirected", "Step", "export_appeals_by_guid_request",
    "export_appeals_request", "import_answers_request", "read_appeals",
]  # fmt: skip

Element: TypeAlias = etree._Element
Status = Literal["NotSent", "Sent", "InWork", "Executed", "Withdrawn"]


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal as the federal system holds it; nothing of the applicant but the flat."""

    guid: UUID
    number: str
    created_on: date
    topic: str
    text: str
    house: UUID | None
    flat: str | None
    status: str
    answer_by: date | None
    answerer: UUID | None
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: text with files, sent at once or (``send`` False) laid down as a draft. ``answer_guid`` names one that is there."""

    transport_guid: TransportGuid
    item_guid: TransportGuid
    """TransportGUID of the answer itself: it has one of its own beside that of the action."""
    appeal: UUID
    answerer: UUID
    text: str
    files: tuple[Attachment, ...] = ()
    send: bool = True
    answer_guid: UUID | None = None


@dataclass(frozen=True, slots=True)
class Assigned:
    """Somebody works on it."""

    transport_guid: TransportGuid
    appeal: UUID
    answerer: UUID
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Executed:
    """It is done."""

    transport_guid: TransportGuid
    appeal: UUID
    answerer: UUID


@dataclass(frozen=True, slots=True)
class Prolonged:
    """It takes longer, until when and why."""

    transport_guid: TransportGuid
    appeal: UUID
    answerer: UUID
    until: date
    reason: str


@dataclass(frozen=True, slots=True)
class Redirected:
    """Another organisation (by its root identifier) is to answer."""

    transport_guid: TransportGuid
    appeal: UUID
    answerer: UUID
    receiver: UUID
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """No answer is due, for that cause."""

    transport_guid: TransportGuid
    appeal: UUID
    answerer: UUID
    cause: str


Step: TypeAlias = Answer | Assigned | Executed | Prolonged | Redirected | Declined


def export_appeals_request(
    *, since: date, until: date, statuses: Sequence[Status] = ("Sent", "InWork"), houses: Sequence[UUID] = (), album: str = ALBUM
) -> Element:
    """Ask for the appeals of some days that stand so."""
    if until < since:
        raise InvariantError("GIS-0136", "Обращения: период кончается раньше, чем начинается.")
    value = {
        "@Id": SIGNED_ID,
        "StartDate": since,
        "EndDate": until,
        "FIASHouseGuid": list(houses) or None,
        "StatusOfAppeal": dict.fromkeys(statuses, True) or None,
    }
    return xmlio.render("appeals:exportAppealRequest", value, album=album)


def export_appeals_by_guid_request(appeals: Sequence[UUID], *, album: str = ALBUM) -> Element:
    """Ask for at most 1000 appeals by identifier: what became of an answer that was lost."""
    limits.check(len(appeals), "request_appeals", album=album)
    return xmlio.render("appeals:exportAppealRequest", {"@Id": SIGNED_ID, "AppealGUID": list(appeals)}, album=album)


def import_answers_request(steps: Sequence[Step], *, album: str = ALBUM) -> Element:
    """Say at most 1000 things about appeals."""
    limits.check(len(steps), "request_appeals", album=album)
    acted = [one.appeal for one in steps if not isinstance(one, Answer)]
    if len(set(acted)) != len(acted):
        raise InvariantError("GIS-0138", "Обращение: в одном сообщении не более одного действия, кроме ответов.")
    answers = [_answer(one) for one in steps if isinstance(one, Answer)]
    actions = [_action(one) for one in steps if not isinstance(one, Answer)]
    value = {"@Id": SIGNED_ID, "AnswerAction": answers or None, "AppealAction": actions or None}
    return xmlio.render("appeals:importAnswerRequest", value, album=album)


def _answer(one: Answer) -> dict[str, Any]:
    if not one.text.strip():
        raise InvariantError("GIS-0137", "Ответ на обращение пуст.")
    loaded = {"AnswerText": one.text[:10_000], "Attachment": [file.mapping() for file in one.files] or None}
    answer = {
        "TransportGUID": one.item_guid,
        "AnswerGUID": one.answer_guid,
        "AnswererGUID": one.answerer,
        "LoadAnswer": loaded,
        "SendAnswer": True if one.send else None,
    }
    return {"TransportGUID": one.transport_guid, "AppealGUID": one.appeal, "Answer": [answer]}


def _action(one: Assigned | Executed | Prolonged | Redirected | Declined) -> dict[str, Any]:
    by = {"AnswererGUID": one.answerer}
    match one:
        case Assigned():
            step: dict[str, Any] = {"Performer": {**by, "DateOfAppointment": one.on}}
        case Executed():
            step = {"Executed": by}
        case Prolonged():
            step = {"RollOverAppeal": {"ExecutionDate": one.until, "Comment": one.reason[:1000], **by}}
        case Redirected():
            receiver = {"orgRootEntityGUID": one.receiver}
            step = {"RedirectAppeal": [{"Receiver": receiver, "Comment": one.comment, **by}]}
        case Declined():
            step = {"AnswerIsNotRequired": {"Cause": one.cause, **by}}
        case _:
            assert_never(one)
    return {"TransportGUID": one.transport_guid, "AppealGUID": one.appeal, **step}


def read_appeals(reply: StateReply) -> tuple[Appeal, ...]:
    """Appeals of an export."""
    return tuple(_appeal(value) for value in listed(reply.content, "ExportAppealResult"))


def _appeal(value: Mapping[str, Any]) -> Appeal:
    topic = value.get("AppealTopic")
    due = value.get("ExecutionEndDate")
    return Appeal(
        guid=guid(value["AppealGUID"]),
        number=str(value["AppealNumber"]),
        created_on=date.fromisoformat(value["AppealCreateDate"][:10]),
        topic=str(topic.get("Name") or topic["Code"]) if isinstance(topic, Mapping) else str(value.get("AnotherTopic") or ""),
        text=str(value.get("AppealText", "")),
        house=guid(value["FIASHouseGuid"]) if value.get("FIASHouseGuid") else None,
        flat=(value.get("ApplicantInfo") or {}).get("ApartmentNumber"),
        status=str(value["AppealStatus"]).strip(),
        answer_by=date.fromisoformat(due[:10]) if due else None,
        answerer=guid(value["AnswererGUID"]) if value.get("AnswererGUID") else None,
        attachments=tuple(Attachment.read(one) for one in listed(value, "Attachment")),
    )

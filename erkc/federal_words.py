"""The state of the federal exchange in Russian sentences: the same on the screen, in a job's note and in a JSON document."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from adapters.gis_zhkh.ailments import Ailment
from core.outbox import Trouble
from core.services.federal import Access, Acknowledged, Standing
from erkc.federal_check import Checked

__all__ = [
    "acknowledged_json",
    "acknowledged_sentences",
    "checked_json",
    "checked_sentence",
    "standing_json",
    "standing_lines",
    "standing_sentence",
    "trouble_json",
    "trouble_sentence",
    "troubles_json",
]

_SHOWN_NUMBERS = 5
_WHAT = {
    "prepared": "подписано и ждёт отправки",
    "sent": "отправляется",
    "acknowledged": "отправлено, но результат не получен",
    "lost": "неизвестно, дошло ли: проверяется выгрузкой",
}


def access_sentence(name: str, found: Access) -> str:
    """Whether a provider may be acted for, and that this is what an earlier answer said where the new one has not come."""
    if found.is_delegated:
        said = "права делегированы"
    else:
        said = "права не делегированы" if found.is_registered else "в реестре ГИС ЖКХ не найден или нет личного кабинета"
    return f"{name}: {said}" + ("" if found.finished else " (ответа ещё нет, так было в прошлый раз)")


def standing_sentence(standing: Standing) -> str:
    """How a month's bills stand, in one line."""
    return (
        f"документов {standing.bills}: размещено {standing.placed} ({standing.placed_percent} %), ждут ответа {standing.waiting}, "
        f"отклонено {len(standing.refused)}, подписано и ждёт отправки {standing.queued}, не подготовлено {standing.not_sent}"
    )


def standing_lines(standing: Standing) -> list[str]:
    """The rest of it: why bills were refused, code by code, what waits for what, and what to do about it."""
    lines = []
    if not standing.bills:
        lines.append(f"документов за {standing.month.title} нет: их выпускает erkc issue bills {standing.month}")
    for cause in standing.causes():
        shown = ", ".join(cause.bills[:_SHOWN_NUMBERS]) + (" …" if len(cause.bills) > _SHOWN_NUMBERS else "")
        lines.append(f"отклонено {len(cause.bills)}: {cause.text} [{cause.code}]: {shown}")
    if standing.refused:
        lines.append(f"устранив причину: erkc gis send {standing.month} --refused-too")
    if standing.waiting and standing.next_at is not None:
        lines.append(f"ждут ответа {standing.waiting}: следующий вопрос {_moment(standing.next_at)}")
    return lines


def _moment(at: datetime) -> str:
    return at.astimezone().strftime("%d.%m.%Y в %H:%M:%S")


def acknowledged_sentences(acknowledged: Acknowledged) -> list[str]:
    """What came of acknowledging payments, and why some wait, cause by cause. A payment of two bills counts for each of them."""
    lines = [
        f"квитирование: к документам отнесено платежей {acknowledged.payments + len(acknowledged.held)}; передано в ГИС ЖКХ "
        f"{acknowledged.payments} (строк по услугам {acknowledged.begun + acknowledged.known}), отложено {len(acknowledged.held)}"
    ]
    return lines + [f"  отложено {count}: {reason}" for reason, count in acknowledged.reasons().items()]


def acknowledged_json(acknowledged: Acknowledged) -> dict[str, object]:
    """The same for machines: payments by bill, and their parts by service."""
    return {
        "payments": acknowledged.payments,
        "parts_begun": acknowledged.begun,
        "parts_known": acknowledged.known,
        "held": len(acknowledged.held),
        "held_by_reason": acknowledged.reasons(),
    }


def trouble_sentence(trouble: Trouble) -> str:
    """What stands in the way of some messages, and when it is tried again; times are those of this machine."""
    inside = f", внутри {trouble.things}" if trouble.things else ""
    cause = _lowered(trouble.text) or "ответа на отправку нет"
    code = f" [{trouble.code}]" if trouble.code else ""
    tried = f"попыток отправить {trouble.attempts}" if trouble.state == "prepared" else f"вопросов о результате {trouble.polls}"
    return (
        f"{_WHAT[trouble.state]}: {cause}{code} ({trouble.operation}, сообщений {trouble.exchanges}{inside}; {tried}); "
        f"следующая попытка {_moment(trouble.next_at)}"
    )


def trouble_json(trouble: Trouble) -> dict[str, object]:
    """The same for machines; the moment is in UTC."""
    return {
        "operation": trouble.operation,
        "state": trouble.state,
        "messages": trouble.exchanges,
        "items": trouble.things,
        "attempts": trouble.attempts,
        "polls": trouble.polls,
        "code": trouble.code,
        "text": trouble.text,
        "next_at": trouble.next_at.isoformat(),
    }


def troubles_json(troubles: Iterable[Trouble]) -> list[dict[str, object]]:
    """All of them."""
    return [trouble_json(trouble) for trouble in troubles]


def standing_json(standing: Standing) -> dict[str, object]:
    """How a month's bills stand, for machines."""
    return {
        "bills": standing.bills,
        "placed": standing.placed,
        "placed_percent": standing.placed_percent,
        "waiting": standing.waiting,
        "queued": standing.queued,
        "refused": {str(bill): [list(reason) for reason in reasons] for bill, reasons in standing.refused.items()},
        "refused_by_code": [{"code": one.code, "text": one.text, "bills": one.bills} for one in standing.causes()],
        "not_sent": standing.not_sent,
        "identifiers": {str(bill): identifier for bill, identifier in standing.identifiers.items()},
        "next_at": None if standing.next_at is None else standing.next_at.isoformat(),
        "troubles": troubles_json(standing.troubles),
    }


def checked_sentence(checked: Checked) -> str:
    """What the package doctor found, in one line."""
    compared = "" if checked.is_compared else "; справочники и счета не сверялись: этой организации в базе нет"
    return f"{checked.title}: документов {checked.documents}, исправных {checked.documents - len(checked.sick)}{compared}"


def checked_json(checked: Checked) -> dict[str, object]:
    """The same for machines, with every reason."""
    return {
        "documents": checked.documents,
        "good": checked.documents - len(checked.sick),
        "compared_with_crosswalk": checked.is_compared,
        "request": [_ailment_json(ailment) for ailment in checked.request],
        "refused": [
            {
                "position": item.position,
                "number": item.number,
                "transport_guid": item.transport_guid,
                "reasons": [_ailment_json(ailment) for ailment in item.ailments],
            }
            for item in checked.sick
        ],
    }


def _ailment_json(ailment: Ailment) -> dict[str, str]:
    return {"code": ailment.code, "path": ailment.path, "message": ailment.message, "hint": ailment.hint}


def _lowered(text: str) -> str:
    """A sentence as the middle of another one: ``Нет связи`` → ``нет связи``, but ``ГИС`` stays."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text

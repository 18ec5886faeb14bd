"""Answers that are not what they should be: their bytes are kept, a finding on them says what is wrong, and the conversation goes on."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from core import archive
from core.ids import MessageId
from core.model.finding import Finding, Position
from core.outbox import Exchange
from core.records.findings import save_findings
from core.services.federal.act import CHANNEL
from core.services.federal.context import Federal

__all__ = ["keep", "say"]

_STRANGE = {
    "GIS-0402": "Ничего: программа спросит снова или проверит выгрузкой. Если повторяется, покажите байты поддержке ГИС ЖКХ.",
    "GIS-0403": "Ничего: программа проверит выгрузкой, размещено ли отправленное.",
    "GIS-0405": "Ничего: программа проверит выгрузкой, что размещено.",
    "GIS-0407": "Ничего: программа проверит выгрузкой. Если повторяется, отправляйте меньшими пакетами (gis.package_documents).",
    "GIS-0408": "Ничему из ответа программа не поверила и спросит снова. Проверьте путь до ГИС ЖКХ: туннель, прокси.",
    "GIS-0521": "Что не прочитано, программа проверит выгрузкой. Если повторяется, покажите байты разработчику.",
    "GIS-0522": "Если ответы разные, программа проверит выгрузкой; одинаковые не мешают.",
    "GIS-0523": "Чужой результат не применён; остальные приняты.",
}
"""Codes that say something about an answer itself, and what a person can do."""


def keep(connection: Connection, federal: Federal, exchange: Exchange, data: bytes, *, code: str, text: str) -> MessageId | None:
    """Archive what came back instead of an answer, with a finding where its code says that the bytes are at fault. None: nothing came."""
    if not data:
        return None
    name = f"{exchange.operation}-answer-{exchange.request_guid}.xml"
    stored = archive.store(
        connection, data=data, name=name, channel=CHANNEL, direction="in", provider_id=exchange.provider_id, at=federal.clock.now()
    )
    say(connection, federal, exchange, stored.message_id, [(code, text)])
    return stored.message_id


def say(connection: Connection, federal: Federal, exchange: Exchange, message_id: MessageId, oddities: Iterable[tuple[str, str]]) -> None:
    """Findings on the bytes of an answer; codes of other obstacles are left out."""
    position = Position(exchange.operation)
    found = [
        Finding(position, code, "warning", "answer_checked_otherwise", message=text, hint=_STRANGE[code])
        for code, text in oddities
        if code in _STRANGE
    ]
    if found:
        save_findings(connection, found, provider_id=exchange.provider_id, message_id=message_id, month=None, found_at=federal.clock.now())

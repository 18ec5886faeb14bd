"""A bill as a letter: plain text, the same as HTML, and the PDF; all from the one content object of the bill.

The identifier of the letter is given from outside, stored before the bytes are made, so every attempt carries the same ``Message-ID`` and a
letter that arrives twice is one for the mail programs of the receiver.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from html import escape

from core.model.bill import BillContent
from core.money import readable_roubles

__all__ = ["Sender", "letter", "message_id"]


@dataclass(frozen=True, slots=True)
class Sender:
    """In whose name letters go."""

    address: str
    name: str = ""
    reply_to: str = ""
    link: str = ""
    """Address of a page about the bill with ``{number}`` in it; empty: no link."""


def message_id(identifier: str, sender: Sender) -> str:
    """The ``Message-ID`` of an identifier of ours."""
    return f"<{identifier}@{sender.address.rpartition('@')[2]}>"


def letter(content: BillContent, pdf: bytes, *, sender: Sender, to: str, identifier: str, at: datetime) -> bytes:
    """The bytes of a letter, as they are archived and sent."""
    message = EmailMessage(policy=SMTP)
    message["From"] = formataddr((sender.name, sender.address)) if sender.name else sender.address
    message["To"] = to
    if sender.reply_to:
        message["Reply-To"] = sender.reply_to
    message["Subject"] = f"Счёт за {content.month.title}: {_asked(content)}"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = message_id(identifier, sender)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join(_lines(content, sender)) + "\n", cte="base64")
    message.add_alternative(_html(content, sender), subtype="html", cte="base64")
    message.add_attachment(pdf, maintype="application", subtype="pdf", filename=f"{content.number}.pdf")
    # The library draws the borders of parts at random; ours follow from the identifier, so that the bytes can be made again.
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{identifier}_{number}")
    return message.as_bytes()


def _asked(content: BillContent) -> str:
    if content.due > 0:
        return f"к оплате {_amount(content.due)} до {content.due_on:%d.%m.%Y}"
    return "оплата не требуется"


def _lines(content: BillContent, sender: Sender) -> Iterator[str]:
    yield f"Единый платёжный документ № {content.number} за {content.month.title}"
    yield ""
    yield f"Лицевой счёт: {content.account_number}"
    yield f"Адрес: {_address(content)}"
    yield ""
    for label, amount in _sums(content):
        yield f"{label}: {_amount(amount)}"
    yield ""
    yield f"{_asked(content).capitalize()}."
    payable = [recipient for recipient in content.recipients if recipient.due]
    if len(payable) > 1:
        yield ""
        yield "Получатели:"
        yield from (f"  {recipient.name}: {_amount(recipient.due)}" for recipient in payable)
    yield ""
    yield "Сам документ с кодами для оплаты — во вложении."
    if sender.link:
        yield f"Как рассчитано: {sender.link.replace('{number}', content.number)}"
    yield ""
    yield "Вы получаете это письмо, потому что согласились на счета по электронной почте."
    yield f"Чтобы снова получать счета на бумаге, обратитесь в {content.provider_name}{_contacts(content)}."


def _html(content: BillContent, sender: Sender) -> str:
    rows = "".join(f'<tr><td>{escape(label)}</td><td align="right">{escape(_amount(amount))}</td></tr>' for label, amount in _sums(content))
    payable = [recipient for recipient in content.recipients if recipient.due]
    recipients = "".join(
        f'<tr><td>{escape(recipient.name)}</td><td align="right">{escape(_amount(recipient.due))}</td></tr>' for recipient in payable
    )
    several = f"<p>Получатели:</p><table cellpadding='4'>{recipients}</table>" if len(payable) > 1 else ""
    link = ""
    if sender.link:
        link = f'<p><a href="{escape(sender.link.replace("{number}", content.number), quote=True)}">Как рассчитано</a></p>'
    return (
        '<!DOCTYPE html><html lang="ru"><head><meta charset="utf-8"><title>Счёт</title></head>'
        '<body style="font-family:Arial,sans-serif;font-size:15px;color:#1a1a1a">'
        f"<h2>Счёт за {escape(content.month.title)}</h2>"
        f"<p>Лицевой счёт {escape(content.account_number)}<br>{escape(_address(content))}</p>"
        f'<table cellpadding="4">{rows}</table>'
        f'<p style="font-size:20px"><b>{escape(_asked(content).capitalize())}</b></p>{several}'
        f"<p>Единый платёжный документ № {escape(content.number)} с кодами для оплаты — во вложении.</p>{link}"
        '<p style="color:#555;font-size:13px">Вы получаете это письмо, потому что согласились на счета по электронной почте. '
        f"Чтобы снова получать счета на бумаге, обратитесь в {escape(content.provider_name + _contacts(content))}.</p></body></html>\n"
    )


def _sums(content: BillContent) -> Iterator[tuple[str, int]]:
    """What the bill comes to, rows of nothing left out."""
    yield "Начислено за месяц", content.charged
    parts = (
        ("Долг на начало месяца", content.debt),
        ("Аванс на начало месяца", -content.advance),
        (f"Оплачено (учтено по {content.payments_until:%d.%m.%Y})", -content.paid),
        ("Пени", content.penalties),
        ("Проценты за рассрочку", content.interest),
        ("Отложено по рассрочке", -content.deferred),
    )
    yield from ((label, amount) for label, amount in parts if amount)


def _address(content: BillContent) -> str:
    flat = f", кв. {content.premises_number}" if content.premises_number else ""
    return f"{content.address}{flat}" + (f", ком. {content.room_number}" if content.room_number else "")


def _contacts(content: BillContent) -> str:
    said = [text for text in (content.provider_phone, content.provider_email) if text]
    return f" ({', '.join(said)})" if said else ""


def _amount(kopecks: int) -> str:
    return f"{readable_roubles(kopecks)} руб."

"""Mail put together for one application: the server of the settings, and letters with the PDF of each bill."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from adapters.mail.letter import Sender, letter
from adapters.mail.smtp import MailServer, SmtpMailer
from core.errors import ConfigError
from core.ids import ProviderId
from core.model.bill import BillContent
from core.period import Month
from core.services.delivery import LetterOrder
from core.services.delivery_choices import mail_address
from erkc.application import Application
from erkc.look import bill_look
from erkc.render.bills import render_batch

__all__ = ["is_mail_ready", "letters_of", "open_mailer", "sender_of"]


def is_mail_ready(application: Application) -> bool:
    """Whether a mail server is named."""
    return bool(application.settings.mail.host)


def sender_of(application: Application) -> Sender:
    """In whose name letters go; ``ConfigError`` DLV-0304 when no address is set."""
    mail = application.settings.mail
    if not mail.sender:
        raise ConfigError(
            "DLV-0304", "Не задан адрес отправителя писем.", hint="Задайте mail.sender в файле настроек.", option="mail.sender"
        )
    return Sender(mail_address(mail.sender), mail.sender_name, mail.reply_to, mail.link)


def open_mailer(application: Application) -> SmtpMailer:
    """The way to the server of the settings; the password is read from its file now."""
    mail = application.settings.mail
    password = Path(mail.password_file).read_text(encoding="utf-8").split("\n", 1)[0].strip() if mail.password_file else ""
    ca_file = Path(mail.ca_file) if mail.ca_file else None
    return SmtpMailer(MailServer(mail.host, mail.port, mail.security, mail.user, password, mail.timeout_s, ca_file))


def letters_of(application: Application, provider_id: ProviderId) -> Callable[[Sequence[LetterOrder]], Sequence[bytes]]:
    """Makes letters: the bills of a month are rendered in one process."""
    sender = sender_of(application)

    def make(orders: Sequence[LetterOrder]) -> list[bytes]:
        at = application.clock.now()
        with tempfile.TemporaryDirectory(prefix="erkc-mail-") as folder:
            pdfs: dict[str, bytes] = {}
            for month, contents in _by_month(orders).items():
                files = render_batch(contents, Path(folder), single_files=True, look=bill_look(application, month, provider_id))
                pdfs.update((number, file.path.read_bytes()) for file in files for number in file.numbers)
        return [
            letter(order.content, pdfs[order.content.number], sender=sender, to=order.to, identifier=str(order.identifier), at=at)
            for order in orders
        ]

    return make


def _by_month(orders: Sequence[LetterOrder]) -> dict[Month, list[BillContent]]:
    found: dict[Month, list[BillContent]] = {}
    for order in orders:
        found.setdefault(order.content.month, []).append(order.content)
    return found

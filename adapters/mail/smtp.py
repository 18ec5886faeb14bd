"""The conversation with a mail server, letter by letter, with one question in mind: was the letter taken?

A server takes a letter with its answer to the final dot. Whatever breaks before the dot has left leaves the letter certainly not taken;
what breaks after it leaves it unknown, and such a letter is not sent again by a machine. The library's ``sendmail`` sends text and dot in
one go and cannot tell the two apart, so the steps are taken one by one here.
"""

from __future__ import annotations

import re
import select
import smtplib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import ConfigError, TransientError

__all__ = ["MailServer", "Outcome", "SmtpMailer"]

_LINE_WITH_DOT = re.compile(rb"^\.", re.M)
_SHUTTING_DOWN = 421

State = Literal["sent", "refused", "not_taken", "unknown"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one attempt.

    ``sent``: the server has it. ``refused``: it never will. ``not_taken``: certainly not there, may be tried again. ``unknown``: it may be.
    """

    state: State
    code: int
    """Of the server's answer; 0: there was none."""
    text: str
    dropped: bool = False
    """Whether the connection broke."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters go in."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"]
    user: str
    password: str
    timeout_s: float
    ca_file: Path | None = None


class SmtpMailer:
    """Letters over one connection, which is opened when the first one leaves and again after it broke."""

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> SmtpMailer:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._smtp is not None:
            try:
                self._smtp.quit()
            except (OSError, smtplib.SMTPException):
                self._close()
            self._smtp = None

    def connect(self) -> None:
        """Open the connection; ``TransientError`` DLV-0301 when nobody answers, ``ConfigError`` DLV-0302 when the login is not accepted."""
        if self._smtp is None:
            self._smtp = self._opened()

    def send(self, letter: bytes, *, sender: str, to: str) -> Outcome:
        """One attempt to hand over a letter."""
        self.connect()
        assert self._smtp is not None
        try:
            outcome = self._envelope(self._smtp, sender, to)
        except (OSError, smtplib.SMTPException) as error:
            return self._broken("not_taken", error)
        return outcome if outcome is not None else self._text(self._smtp, letter)

    def _envelope(self, smtp: smtplib.SMTP, sender: str, to: str) -> Outcome | None:
        """Everything before the text; None when the server waits for it."""
        for command, words in ((smtp.mail, sender), (smtp.rcpt, to)):
            code, said = command(words)
            if code not in (250, 251):
                # A server that does not want the sender refuses every letter: that is no verdict on this one's receiver.
                return self._answered(smtp, code, said, for_ever=command == smtp.rcpt)
        code, said = smtp.docmd("DATA")
        return None if code == 354 else self._answered(smtp, code, said)

    def _text(self, smtp: smtplib.SMTP, letter: bytes) -> Outcome:
        body = _LINE_WITH_DOT.sub(b"..", letter)
        if not body.endswith(b"\r\n"):
            body += b"\r\n"
        assert smtp.sock is not None
        try:
            smtp.sock.sendall(body)
            if select.select([smtp.sock], [], [], 0)[0]:  # it speaks, or is gone, before it has seen the dot
                code, said = smtp.getreply()
                self._close()
                return Outcome("not_taken", code, _words(said), dropped=True)
        except (OSError, smtplib.SMTPException) as error:
            return self._broken("not_taken", error)
        try:
            smtp.sock.sendall(b".\r\n")
            code, said = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            return self._broken("unknown", error)
        if code == 250:
            return Outcome("sent", code, _words(said))
        return self._answered(smtp, code, said)

    def _answered(self, smtp: smtplib.SMTP, code: int, said: bytes, *, for_ever: bool = True) -> Outcome:
        """A "no" of the server: for ever (5xx) or for now."""
        if code == _SHUTTING_DOWN or code < 0:
            self._close()
            return Outcome("not_taken", code, _words(said), dropped=True)
        try:
            smtp.rset()
        except (OSError, smtplib.SMTPException):
            self._close()
        return Outcome("refused" if 500 <= code < 600 and for_ever else "not_taken", code, _words(said))

    def _broken(self, state: State, error: Exception) -> Outcome:
        self._close()
        code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0
        return Outcome(state, code, f"соединение прервано: {error or type(error).__name__}", dropped=True)

    def _close(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None

    def _opened(self) -> smtplib.SMTP:
        server = self.server
        try:
            context = ssl.create_default_context(cafile=None if server.ca_file is None else str(server.ca_file))
            if server.security == "tls":
                smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=context)
            else:
                smtp = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
            if server.security == "starttls":
                smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
            if server.user:
                smtp.login(server.user, server.password)
        except smtplib.SMTPAuthenticationError as error:
            raise ConfigError(
                "DLV-0302",
                f"Почтовый сервер {server.host} не принял имя и пароль: {_words(error.smtp_error)}",
                hint="Проверьте mail.user и файл mail.password_file.",
            ) from error
        except (ssl.SSLError, smtplib.SMTPNotSupportedError) as error:
            raise ConfigError(
                "DLV-0303", f"С сервером {server.host} нет защищённого соединения: {error}.", hint="Проверьте mail.security и mail.ca_file."
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise TransientError(
                "DLV-0301",
                f"Почтовый сервер {server.host}:{server.port} не отвечает: {error}.",
                hint="Письма не потеряны: повторите команду позже.",
            ) from error
        return smtp


def _words(said: bytes | str) -> str:
    text = said.decode("utf-8", errors="replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:500]

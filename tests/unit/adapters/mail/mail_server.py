"""A real mail server on a local socket: it speaks SMTP, remembers what it took, and misbehaves on order at the step that is named."""

from __future__ import annotations

import base64
import contextlib
import re
import socket
import socketserver
import ssl
import threading
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import cast

__all__ = ["LocalMailServer", "Taken"]


@dataclass(frozen=True)
class Taken:
    """A letter that the server has answered 250 to, or (``silent``) has taken and said nothing."""

    sender: str
    to: str
    data: bytes

    @property
    def message(self) -> EmailMessage:
        return cast("EmailMessage", message_from_bytes(self.data, policy=default))


@dataclass
class LocalMailServer:
    """``orders``: by recipient, what happens to the next letters to it, one order an attempt.

    ``refuse`` 550 to RCPT · ``busy`` 451 to RCPT · ``drop_rcpt`` hang up at RCPT · ``drop_body`` hang up inside the text · ``drop_dot``
    take it and hang up without an answer · ``full`` 552 after the dot · ``later`` 451 after the dot · ``shut`` 421 at RCPT.
    """

    orders: dict[str, list[str]] = field(default_factory=dict)
    login: tuple[str, str] | None = None
    context: ssl.SSLContext | None = None
    taken: list[Taken] = field(default_factory=list)
    silent: list[Taken] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)
    connections: int = 0

    def __enter__(self) -> LocalMailServer:
        server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                server.connections += 1
                _Session(server, self.request).run()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Session:
    def __init__(self, server: LocalMailServer, connection: socket.socket) -> None:
        self.server, self.socket = server, connection
        self.buffer = b""
        self.sender = self.to = self.order = ""
        self.authenticated = server.login is None

    def run(self) -> None:
        try:
            self._say("220 test")
            while (line := self._line()) is not None:
                if not self._command(line):
                    break
        except OSError:
            return
        finally:
            # Not close alone: what the client still sends must meet a connection that is gone.
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()

    def _command(self, line: str) -> bool:
        word = line.split(" ", 1)[0].upper()
        if word in ("EHLO", "HELO"):
            offers = ["250-test"]
            if self.server.context is not None and not isinstance(self.socket, ssl.SSLSocket):
                offers.append("250-STARTTLS")
            if self.server.login is not None:
                offers.append("250-AUTH PLAIN")
            self._say("\r\n".join([*offers, "250 8BITMIME"]))
        elif word == "STARTTLS" and self.server.context is not None:
            self._say("220 go")
            self.socket = self.server.context.wrap_socket(self.socket, server_side=True)
        elif word == "AUTH":
            self._authenticate(line)
        elif word == "MAIL":
            self.sender = _address(line)
            self._say("250 ok" if self.authenticated else "530 login first")
        elif word == "RCPT":
            return self._recipient(_address(line))
        elif word == "DATA":
            return self._data()
        elif word == "RSET":
            self._say("250 ok")
        elif word == "QUIT":
            self._say("221 bye")
            return False
        else:
            self._say("502 what")
        return True

    def _authenticate(self, line: str) -> None:
        said = base64.b64decode(line.split()[2]).decode().split("\0")[1:]
        self.authenticated = tuple(said) == self.server.login
        self._say("235 ok" if self.authenticated else "535 wrong password")

    def _recipient(self, to: str) -> bool:
        self.to = to
        self.server.attempts[to] += 1
        waiting = self.server.orders.get(to, [])
        self.order = waiting.pop(0) if waiting else ""
        if self.order == "drop_rcpt":
            return False
        answers = {"refuse": "550 5.1.1 no such user", "busy": "451 try later", "shut": "421 closing"}
        self._say(answers.get(self.order, "250 ok"))
        return self.order != "shut"

    def _data(self) -> bool:
        self._say("354 go")
        if self.order == "drop_body":
            self.socket.recv(100)
            return False
        while b"\r\n.\r\n" not in self.buffer:
            piece = self.socket.recv(65536)
            if not piece:
                return False
            self.buffer += piece
        data, _, self.buffer = self.buffer.partition(b"\r\n.\r\n")
        letter = Taken(self.sender, self.to, re.sub(rb"(?m)^\.\.", b".", data) + b"\r\n")
        if self.order == "drop_dot":
            self.server.silent.append(letter)
            return False
        if self.order in ("full", "later"):
            self._say("552 too big" if self.order == "full" else "451 no room now")
            return True
        self.server.taken.append(letter)
        self._say("250 queued")
        return True

    def _line(self) -> str | None:
        while b"\r\n" not in self.buffer:
            piece = self.socket.recv(4096)
            if not piece:
                return None
            self.buffer += piece
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode()

    def _say(self, text: str) -> None:
        self.socket.sendall(text.encode() + b"\r\n")


def _address(line: str) -> str:
    found = re.search(r"<([^>]*)>", line)
    return found[1] if found else ""

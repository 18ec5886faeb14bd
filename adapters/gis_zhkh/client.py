"""The wire: zeep knows the services (address and SOAPAction from the binding of our WSDL), and the stored bytes go through its transport
unchanged.

zeep renders nothing and parses nothing here: bodies are built, signed, archived and read elsewhere. An answer is read up to a limit, so
that an endless one costs no memory. What the network does is told in two
ways only: a reply, or :class:`Unreachable` that says whether the bytes may have arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
import zeep
from zeep.transports import Transport

from adapters.gis_zhkh.operations import Operation
from adapters.xmlio import LARGEST_MESSAGE
from core.errors import ConfigError
from xsd.catalog import wsdl_path
from xsd.tables import ALBUM

__all__ = ["HttpReply", "SoapClient", "Unreachable"]

_PART_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back, whatever its status."""

    status: int
    body: bytes
    is_cut: bool = False
    """The answer was larger than may be read; ``body`` is its beginning."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nothing came back. ``may_have_arrived`` is False only when no connection was made at all."""

    reason: str
    may_have_arrived: bool


class SoapClient:
    """Posts stored bytes to the services of one contour."""

    def __init__(
        self,
        host: str | None = None,
        *,
        session: requests.Session | None = None,
        timeout_s: float = 120,
        connect_timeout_s: float = 20,
        album: str = ALBUM,
        largest: int = LARGEST_MESSAGE,
    ) -> None:
        """``host`` (scheme, name, port) replaces that of the WSDL: a stand, a test contour or a local TLS tunnel."""
        if host is not None and urlsplit(host).scheme not in ("http", "https"):
            raise ConfigError("GIS-0406", f"Адрес ГИС ЖКХ должен начинаться с http:// или https://: {host}.")
        self._host = host
        self._session = session or requests.Session()
        # A signed request must not be sent twice by the library: no redirect is followed and nothing is retried.
        self._session.max_redirects = 0
        self._session.stream = True  # bodies are read below, up to the limit
        self._largest = largest
        self._transport = Transport(session=self._session, operation_timeout=(connect_timeout_s, timeout_s))  # type: ignore[no-untyped-call]  # zeep
        self._album = album
        self._clients: dict[str, zeep.Client] = {}

    def post(self, operation: Operation, data: bytes) -> HttpReply | Unreachable:
        """Send ``data`` as it stands; address and action are those of the binding."""
        client = self._client(operation.service)
        service = client.service
        action = service._binding.get(operation.name).soapaction
        address = self._address(service._binding_options["address"])
        headers = {"SOAPAction": f'"{action}"', "Content-Type": "text/xml; charset=utf-8"}
        try:
            with client.transport.post(address, data, headers) as response:
                body = self._read(response)
        except requests.exceptions.ConnectionError as error:
            return Unreachable(f"Нет связи с {_site(address)}: {_cause(error)}", may_have_arrived=not _never_connected(error))
        except requests.exceptions.RequestException as error:
            return Unreachable(f"Обмен с {_site(address)} прерван: {_cause(error)}", may_have_arrived=True)
        return HttpReply(response.status_code, body[: self._largest], is_cut=len(body) > self._largest)

    def _read(self, response: requests.Response) -> bytes:
        """The body, or a little more than the limit of it."""
        parts, size = [], 0
        for part in response.iter_content(_PART_BYTES):
            parts.append(part)
            size += len(part)
            if size > self._largest:
                break
        return b"".join(parts)

    def _client(self, service: str) -> zeep.Client:
        if service not in self._clients:
            settings = zeep.Settings(strict=False, forbid_dtd=True, forbid_entities=True, forbid_external=False)
            self._clients[service] = zeep.Client(str(wsdl_path(service, number=self._album)), transport=self._transport, settings=settings)  # type: ignore[no-untyped-call]  # zeep
        return self._clients[service]

    def _address(self, stated: str) -> str:
        if self._host is None:
            return stated
        parts, host = urlsplit(stated), urlsplit(self._host)
        return urlunsplit((host.scheme, host.netloc, host.path.rstrip("/") + parts.path, parts.query, ""))


def _site(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _cause(error: BaseException) -> str:
    """What the network said, in a few words for people: the error at the bottom of those that the libraries wrapped around it."""
    while True:
        reason = getattr(error, "reason", None)
        inner = (
            reason if isinstance(reason, BaseException) else next((part for part in error.args if isinstance(part, BaseException)), None)
        )
        if inner is None:
            break
        error = inner
    text = str(error)
    for sign, meaning in _CAUSES.items():
        if sign in text or sign == type(error).__name__:
            return meaning
    return type(error).__name__


_CAUSES = {
    "Connection refused": "соединение отклонено",
    "NameResolutionError": "имя узла не найдено",
    "ConnectTimeoutError": "узел не отвечает",
    "ReadTimeoutError": "ответа нет слишком долго",
    "Read timed out": "ответа нет слишком долго",
    "No route to host": "нет пути до узла",
    "Network is unreachable": "сеть недоступна",
    "Connection reset": "соединение сброшено",
    "closed connection without response": "соединение закрыто без ответа",
    "CERTIFICATE_VERIFY_FAILED": "сертификат узла не проверяется",
}
"""What a network error says, as its text or its class, and what it means; anything else is named by its class."""


def _never_connected(error: requests.exceptions.ConnectionError) -> bool:
    """Whether the connection itself failed, so that not a byte can have left."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    if isinstance(cause, urllib3.exceptions.MaxRetryError):
        cause = cause.reason
    return isinstance(cause, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError))

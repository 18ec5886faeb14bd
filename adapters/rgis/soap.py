"""The regional service for settlement centres (exchange reference, 7.5): accounts, charges and payments, as messages of our own WSDL.

Money never stands in an address: requests are SOAP with an identifier of their own, the same on every attempt, so a repeat has no second
effect. What is sent must pass the schema; an answer is read tolerantly, but one that is not of its shape is no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit
from uuid import UUID

import requests
from lxml import etree

from adapters.xmlio import parse
from core.errors import ConfigError, InputError, InvariantError, RejectedError, TransientError
from core.money import format_roubles, parse_roubles
from xsd.rgis import NAMESPACE, problems

__all__ = [
    "ROWS",
    "AccountRow",
    "AgentRow",
    "ChargeRow",
    "RkcClient",
    "accounts_message",
    "agents_message",
    "charges_message",
    "page_message",
    "read_page",
    "read_result",
]

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ROWS = 1000
"""Rows in one message."""
_VERSION = "1.0"
_SIGNED = "request"
"""What a signature refers to."""
_OK = 0


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A personal account as the region wants it."""

    number: str
    address: str
    fias: str
    premises: str
    area_e2: int
    living_area_e2: int | None
    premises_kind: int | None
    is_organisation: bool
    owner: str
    opened_on: date
    closed_on: date | None


@dataclass(frozen=True, slots=True)
class ChargeRow:
    """A month of a personal account, kopecks."""

    number: str
    owner: str
    opening: int
    charged: int
    charged_penalty: int
    closing: int
    to_pay: int
    paid: int
    paid_penalty: int
    paid_on: date | None

    def joined(self, other: ChargeRow) -> ChargeRow:
        """Two rows of one account and month: what was charged and paid is both, the balance goes on from the first to the second."""
        days = [day for day in (self.paid_on, other.paid_on) if day is not None]
        return ChargeRow(
            self.number, self.owner or other.owner, self.opening, self.charged + other.charged,
            self.charged_penalty + other.charged_penalty, other.closing, other.to_pay, self.paid + other.paid,
            self.paid_penalty + other.paid_penalty, max(days, default=None),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AgentRow:
    """A payment that an agent took, kopecks; negative: taken back. ``month`` it was paid for."""

    number: str
    owner: str
    month: date
    paid: int
    paid_penalty: int
    paid_on: date | None


def accounts_message(identifier: UUID, inn: str, number: str, on: date, rows: Sequence[AccountRow]) -> bytes:
    """SyncPersAccRkc."""
    body = _root("SyncPersAccRkcRequest", identifier)
    _values(_child(body, "FILE"), FILE_DATE=on, FILE_NUM=number, FORMAT_VERSION=_VERSION, RKC_INN=inn)
    for row in rows:
        _values(
            _child(body, "PERSONAL_ACCOUNT"), ACC_NUMBER=row.number, ADDRESS=row.address, HOUSE_FIAS=row.fias.lower(),
            FLAT_PLACE_NUM=row.premises, TOTAL_AREA=format_roubles(row.area_e2),
            LIVE_AREA=None if row.living_area_e2 is None else format_roubles(row.living_area_e2), FLAT_PLACE_TYPE=row.premises_kind,
            ACC_TYPE=2 if row.is_organisation else 1, OWNER_NAME=row.owner, OPEN_DATE=row.opened_on, CLOSE_DATE=row.closed_on,
        )  # fmt: skip
    return _message(body)


def charges_message(identifier: UUID, inn: str, number: str, on: date, month: date, rows: Sequence[ChargeRow]) -> bytes:
    """SyncChargePaymentRkc."""
    body = _root("SyncChargePaymentRkcRequest", identifier)
    charged, paid = sum(row.charged for row in rows), sum(row.paid for row in rows)
    _values(
        _child(body, "FILE"), REG_DATE=on, REG_NUM=number, FORMAT_VERSION=_VERSION, RKC_INN=inn, REG_CHARGE_SUM=format_roubles(charged),
        REG_PAID_SUM=format_roubles(paid),
    )  # fmt: skip
    for row in rows:
        _values(
            _child(body, "PAYMENT"), PERSONAL_ACC=row.number, PERSACC_NAME=row.owner, MONTH=month.month, YEAR=month.year,
            BALANCEIN=format_roubles(row.opening), BALANCECHANGE=format_roubles(row.closing - row.opening),
            BALANCEOUT=format_roubles(row.closing), CHARGED_SUM=format_roubles(row.charged),
            CHARGED_PENALTY=format_roubles(row.charged_penalty), FORPAY=format_roubles(row.to_pay), PAID_SUM=format_roubles(row.paid),
            PAID_PENALTY=format_roubles(row.paid_penalty), PAID_DATE=row.paid_on,
        )  # fmt: skip
    return _message(body)


def agents_message(identifier: UUID, inn: str, number: str, on: date, rows: Sequence[AgentRow]) -> bytes:
    """SyncChargePaymentAgent: what the agent of this ИНН took. It adds to what the region has."""
    body = _root("SyncChargePaymentAgentRequest", identifier)
    _values(
        _child(body, "FILE"), REG_DATE=on, REG_NUM=number, FORMAT_VERSION=_VERSION, AGENT_INN=inn,
        REG_PAID_SUM=format_roubles(sum(row.paid for row in rows)),
    )  # fmt: skip
    for row in rows:
        _values(
            _child(body, "PAYMENT"), PERSONAL_ACC=row.number, PERSACC_NAME=row.owner, MONTH=row.month.month, YEAR=row.month.year,
            PAID_SUM=format_roubles(row.paid), PAID_PENALTY=format_roubles(row.paid_penalty), PAID_DATE=row.paid_on,
        )  # fmt: skip
    return _message(body)


def page_message(identifier: UUID, inn: str, month: date, page: int) -> bytes:
    """GetChargePaymentRkc: page 1 is the first."""
    body = _root("GetChargePaymentRkcRequest", identifier)
    _values(body, INN=inn, COUNT=ROWS, PAGE=page, MONTH=month.month, YEAR=month.year)
    return _message(body)


def read_result(data: bytes) -> None:
    """What the region says of a push; ``RejectedError`` RGIS-0204 with its code and words."""
    result = _body(data, "Response").find(f"{{{NAMESPACE}}}RESULT")
    if result is None:
        raise TransientError("RGIS-0303", "Ответ РГИС не читается.", hint="Повторится само.")
    said = {etree.QName(child).localname: (child.text or "").strip() for child in result if isinstance(child.tag, str)}
    if said.get("KOD") != str(_OK):
        code, text = said.get("KOD", ""), said.get("DESCRIPTION", "")
        raise RejectedError("RGIS-0204", f"РГИС отказала, код {code}: {text}.", hint="Исправьте причину и отправьте снова.", kod=code)


def read_page(data: bytes) -> tuple[int, list[ChargeRow]]:
    """How many rows there are in all, and those of the page."""
    body = _body(data, "Response")
    try:
        count = int(body.findtext(f"{{{NAMESPACE}}}COUNT") or 0)
        return count, [_charge(row) for row in body.iterfind(f"{{{NAMESPACE}}}PAYMENT")]
    except (KeyError, ValueError) as error:
        raise TransientError("RGIS-0303", "Ответ РГИС не читается.", hint="Повторится само.") from error


class RkcClient:
    """One region's service. ``send`` may be repeated with the same bytes."""

    def __init__(
        self, address: str, token: str, authorization: str, *, timeout_s: float = 120, sign: Callable[[bytes], bytes] | None = None
    ) -> None:
        if urlsplit(address).scheme not in ("http", "https"):
            raise ConfigError("RGIS-0102", f"Адрес РГИС должен начинаться с http:// или https://: {address}.", option="rgis.base_url")
        self._address = address
        self._headers = {"Authorization": f"{authorization} {token}"} if token else {}
        self._timeout_s = timeout_s
        self._sign = sign

    def sealed(self, message: bytes) -> bytes:
        """The message as this region takes it: signed, or as it is. What is kept and repeated are these bytes."""
        return message if self._sign is None else self._sign(message)

    def send(self, operation: str, data: bytes) -> bytes:
        """The answer's bytes; ``TransientError`` when there is none, ``RejectedError`` RGIS-0205 for a SOAP Fault."""
        headers = {**self._headers, "SOAPAction": f'"urn:{operation}"', "Content-Type": "text/xml; charset=utf-8"}
        try:
            response = requests.post(self._address, data=data, headers=headers, timeout=self._timeout_s, allow_redirects=False)
        except requests.exceptions.RequestException as error:
            site = "{0.scheme}://{0.netloc}".format(urlsplit(self._address))
            raise TransientError(
                "RGIS-0301", f"Обмен с РГИС {site} прерван.", hint="Повторится само.", reason=type(error).__name__
            ) from error
        if response.status_code in (401, 403):
            raise ConfigError(
                "RGIS-0103", f"РГИС не приняла ключ доступа (HTTP {response.status_code}).", hint="Проверьте файл rgis.token_file."
            )
        if response.status_code == 500 and (said := _fault(response.content)) is not None:
            raise RejectedError("RGIS-0205", f"РГИС не приняла сообщение: {said}.", hint="Сообщите разработчику.")
        if response.status_code != 200:
            raise TransientError("RGIS-0302", f"РГИС временно не отвечает (HTTP {response.status_code}).", hint="Повторится само.")
        return response.content


def _charge(row: etree._Element) -> ChargeRow:
    said: Mapping[str, str] = {etree.QName(child).localname: (child.text or "").strip() for child in row if isinstance(child.tag, str)}
    amounts = {code: parse_roubles(text) for code, text in said.items() if code in _AMOUNTS}
    paid_on = said.get("PAID_DATE")
    return ChargeRow(
        said["PERSONAL_ACC"], said.get("PERSACC_NAME", ""), amounts["BALANCEIN"], amounts["CHARGED_SUM"], amounts["CHARGED_PENALTY"],
        amounts["BALANCEOUT"], amounts["FORPAY"], amounts["PAID_SUM"], amounts["PAID_PENALTY"],
        date.fromisoformat(paid_on) if paid_on else None,
    )  # fmt: skip


_AMOUNTS = frozenset(("BALANCEIN", "BALANCEOUT", "CHARGED_SUM", "CHARGED_PENALTY", "FORPAY", "PAID_SUM", "PAID_PENALTY"))


def _root(name: str, identifier: UUID) -> etree._Element:
    return etree.Element(f"{{{NAMESPACE}}}{name}", {"MessageId": str(identifier), "Id": _SIGNED}, nsmap={None: NAMESPACE})


def _child(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")


def _values(parent: etree._Element, **values: object) -> None:
    for name, value in values.items():
        if value is not None and value != "":
            _child(parent, name).text = str(value)


def _message(body: etree._Element) -> bytes:
    """The envelope, once the schema has let the body pass."""
    found = problems(body)
    if found:
        raise InvariantError("RGIS-0402", f"Сообщение для РГИС не проходит схему: {found[0]}.", hint="Сообщите разработчику.")
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(body)
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"))


def _body(data: bytes, ending: str) -> etree._Element:
    try:
        found = parse(data).find(f"{{{SOAP}}}Body/*")
    except InputError as error:
        raise TransientError("RGIS-0303", "Ответ РГИС не читается.", hint="Повторится само.") from error
    if found is None or not etree.QName(found).localname.endswith(ending):
        raise TransientError("RGIS-0303", "Ответ РГИС не читается.", hint="Повторится само.")
    return found


def _fault(data: bytes) -> str | None:
    try:
        found = parse(data).find(f"{{{SOAP}}}Body/{{{SOAP}}}Fault/faultstring")
    except InputError:
        return None
    return None if found is None else str(found.text)

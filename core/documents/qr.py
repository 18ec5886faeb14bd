"""Payment code of a bill: the payload of a two-dimensional symbol by ГОСТ Р 56042-2014 (how it is drawn is not here).

``ST0001`` + ``2`` (UTF-8) + separator, then ``Key=Value`` pairs: five mandatory keys in the order of the standard, then additional ones.
A value is cut only where the standard gives it a length and the meaning survives (names, purpose); an identifier of a wrong length is
refused, because money would go to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from core.documents.epd import premises_address
from core.errors import ConfigError, InputError
from core.model.bill import BillContent, BillRecipient
from core.validate.settings import canonical_setting

__all__ = ["MAX_BYTES", "SEPARATORS", "CodeForm", "PeriodForm", "ZeroSum", "bill_payload", "code_form", "parse_payload", "payload"]

PeriodForm = Literal["MM.YYYY", "MMYY"]
ZeroSum = Literal["omit", "zero", "no_code"]


@dataclass(frozen=True, slots=True)
class CodeForm:
    """How a region wants the code where practice differs (settings ``qr_paym_period``, ``qr_zero``)."""

    period: PeriodForm = "MM.YYYY"
    zero: ZeroSum = "omit"


def code_form(settings: Mapping[str, object]) -> CodeForm:
    """The form by the region's settings; a value that is not computed is a ``ConfigError`` CFG-0424."""
    said = {}
    for name in ("qr_paym_period", "qr_zero"):
        if name in settings:
            try:
                said[name] = canonical_setting(name, settings[name])
            except ValueError as error:
                text, _, allowed = str(error).rpartition(" Допустимо: ")
                raise ConfigError("CFG-0424", text, hint=f"Допустимо: {allowed}", setting=name) from None
    default = CodeForm()
    return CodeForm(
        cast("PeriodForm", said.get("qr_paym_period", default.period)),  # the ways of the settings are the values of the types
        cast("ZeroSum", said.get("qr_zero", default.zero)),
    )


MAX_BYTES = 2331
"""Bytes that the largest symbol (version 40) holds at correction level M (ISO/IEC 18004)."""
SEPARATORS = "|~^;"
"""Tried in this order: one that occurs in no value is taken."""
_HOUSING = "02"
"""TechCode of housing and utilities."""

_MANDATORY = ("Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc")
_CUT = {"Name": 160, "BankName": 45, "Purpose": 210}
_LONGEST = {"Sum": 18, "PayeeINN": 12, "PayerINN": 12, "KPP": 9}
_DIGITS = {"PersonalAcc": (20,), "BIC": (9,), "CorrespAcc": (20, 1), "PayeeINN": (10, 12), "KPP": (9,)}


def bill_payload(
    content: BillContent,
    recipient: BillRecipient,
    *,
    period: PeriodForm = "MM.YYYY",
    zero: ZeroSum = "omit",
    quitt_id: str | None = None,
) -> bytes | None:
    """Payload that pays ``recipient`` of the bill; None where the setting ``qr_zero`` prints no code and nothing is to pay.

    ``quitt_id`` is the federal identifier of the bill (ИПД), when it is known already.
    """
    if recipient.due <= 0 and zero == "no_code":
        return None
    month, account = content.month, recipient.account_number or content.account_number
    values = {
        "Name": recipient.name,
        "PersonalAcc": recipient.bank_account,
        "BankName": recipient.bank_name,
        "BIC": recipient.bik,
        "CorrespAcc": recipient.correspondent or "0",
        "Sum": str(recipient.due) if recipient.due > 0 else ("0" if zero == "zero" else ""),
        "Purpose": f"{_purpose(recipient)} за {month.title}, л/с {account}",
        "PayeeINN": recipient.inn,
        "KPP": recipient.kpp,
        "PayerAddress": premises_address(content),
        "PersAcc": account,
        "PaymPeriod": f"{month.month:02d}.{month.year}" if period == "MM.YYYY" else f"{month.month:02d}{month.year % 100:02d}",
        "QuittId": quitt_id or "",
        "DocNo": content.number,
        "TechCode": _HOUSING,
    }
    return payload(values)


def payload(values: Mapping[str, str]) -> bytes:
    """Encode pairs: mandatory keys first, the others in the order given, empty additional ones left out.

    Raises :class:`InputError` EPD-0101 … EPD-0104: a mandatory value is missing, an identifier is not of its length, no separator is
    free, the symbol would not hold it.
    """
    ordered = {key: _fit(key, values.get(key, "")) for key in (*_MANDATORY, *values)}
    missing = [key for key in _MANDATORY if not ordered[key]]
    if missing:
        raise InputError(
            "EPD-0101",
            f"Платёжный код без обязательного реквизита {missing[0]}.",
            hint="Заполните реквизиты получателя.",
            field=missing[0],
        )
    given = {key: value for key, value in ordered.items() if value}
    text = "".join(given.values())
    separator = next((mark for mark in SEPARATORS if mark not in text), None)
    if separator is None:
        raise InputError(
            "EPD-0103",
            "В реквизитах заняты все разделители платёжного кода.",
            hint="Уберите знаки | ~ ^ ; из названий и адреса.",
        )
    encoded = f"ST00012{separator}{separator.join(f'{key}={value}' for key, value in given.items())}".encode()
    if len(encoded) > MAX_BYTES:
        raise InputError(
            "EPD-0104",
            f"Платёжный код длиной {len(encoded)} байт не помещается в символ.",
            hint="Сократите адрес и названия.",
            size=len(encoded),
        )
    return encoded


def parse_payload(data: bytes) -> dict[str, str]:
    """Read a payload of any of the three encodings back into its pairs, keys as written. Not a payload: ``ValueError``."""
    charset = {b"1": "cp1251", b"2": "utf-8", b"3": "koi8-r"}.get(data[6:7])
    if data[:6] != b"ST0001" or charset is None or len(data) < 8:
        raise ValueError("not a payload of ГОСТ Р 56042-2014")
    text = data[7:].decode(charset)
    pairs = [part.partition("=") for part in text[1:].split(text[0])]
    if any(not mark for _, mark, _ in pairs):
        raise ValueError("a part of the payload has no '='")
    return {key: value for key, _, value in pairs}


def _fit(key: str, value: str) -> str:
    text = " ".join(value.split())
    lengths = _DIGITS.get(key)
    if lengths is not None and text and not (text.isascii() and text.isdigit() and len(text) in lengths):
        raise InputError(
            "EPD-0102",
            f"Реквизит {key} неверной длины: «{text}».",
            hint="Исправьте реквизиты получателя.",
            field=key,
            value=text,
        )
    if len(text) > _LONGEST.get(key, len(text)):
        raise InputError("EPD-0102", f"Реквизит {key} длиннее допустимого: «{text}».", hint="Исправьте сумму.", field=key, value=text)
    limit = _CUT.get(key)
    if limit is None or len(text) <= limit:
        return text
    head = text[: limit + 1].rpartition(" ")[0] or text[:limit]
    return head.rstrip(' ,;(«"')


def _purpose(recipient: BillRecipient) -> str:
    return "Взнос на капитальный ремонт" if recipient.contribution else "Оплата ЖКУ"

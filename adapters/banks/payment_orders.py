"""Payment orders as 1CClientBankExchange 1.03 for the client-bank (``1c_to_kl.txt``): plain values in, the bytes of one file out.

Whether an order may be paid (two persons, the key of the account) is decided before: here an order is only refused when the bank could
not read it, because a file with one unreadable order is refused by client-banks as a whole. The purpose is written whole and once: readers
that join numbered parts would double it (bank-formats, section 8).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from core.errors import InputError
from core.money import format_roubles

__all__ = ["FILE_NAME", "Encoding", "OrderParty", "PaymentOrder", "render_payment_orders"]

FILE_NAME = "1c_to_kl.txt"
"""The name under which a client-bank looks for the file."""
Encoding = Literal["cp1251", "cp866", "utf-8"]
_WORDS: dict[str, str] = {"cp1251": "Windows", "cp866": "DOS", "utf-8": "UTF-8"}
_DIGITS = {"account": (20,), "bik": (9,), "correspondent": (20, 0), "inn": (10, 12, 0), "kpp": (9, 0)}
_NAME, _PURPOSE = 160, 210


@dataclass(frozen=True, slots=True)
class OrderParty:
    """Payer or payee of an order: who, and the settlement account in its bank."""

    name: str
    inn: str
    account: str
    bank_name: str
    bik: str
    correspondent: str = ""
    kpp: str = ""


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """One payment order; ``amount`` in kopecks, ``number`` as the bank will print it (1 to 999999)."""

    number: int
    day: date
    amount: int
    payer: OrderParty
    payee: OrderParty
    purpose: str
    priority: int = 5
    """Очередность платежа (ГК ст. 855)."""
    code: str = ""
    """УИН; empty where there is none."""


def render_payment_orders(orders: Sequence[PaymentOrder], *, created_at: datetime, encoding: Encoding = "cp1251") -> bytes:
    """The file of some orders, in the order given; the same orders and moment give the same bytes.

    ``InputError`` BANK-0611 without orders, BANK-0612 for an order that the format can not hold: nothing is rendered then.
    """
    if not orders:
        raise InputError("BANK-0611", "В файл для банка не попало ни одного платёжного поручения.", hint="Сформируйте и утвердите реестр.")
    for order in orders:
        _check(order, encoding)
    days = [order.day for order in orders]
    lines = [
        "1CClientBankExchange",
        "ВерсияФормата=1.03",
        f"Кодировка={_WORDS[encoding]}",
        "Отправитель=erkc",
        "Получатель=",
        f"ДатаСоздания={created_at:%d.%m.%Y}",
        f"ВремяСоздания={created_at:%H:%M:%S}",
        f"ДатаНачала={min(days):%d.%m.%Y}",
        f"ДатаКонца={max(days):%d.%m.%Y}",
        *(f"РасчСчет={account}" for account in dict.fromkeys(order.payer.account for order in orders)),
        "Документ=Платежное поручение",
    ]
    for order in orders:
        lines += _section(order)
    return "".join(f"{line}\r\n" for line in [*lines, "КонецФайла"]).encode(encoding)


def _section(order: PaymentOrder) -> list[str]:
    return [
        "СекцияДокумент=Платежное поручение",
        f"Номер={order.number}",
        f"Дата={order.day:%d.%m.%Y}",
        f"Сумма={format_roubles(order.amount)}",
        *_party("Плательщик", order.payer),
        *_party("Получатель", order.payee),
        "ВидПлатежа=Электронно",
        "ВидОплаты=01",
        *([f"Код={order.code}"] if order.code else []),
        f"Очередность={order.priority}",
        f"НазначениеПлатежа={_line(order.purpose)}",
        "КонецДокумента",
    ]


def _party(word: str, party: OrderParty) -> list[str]:
    name = _line(party.name)
    return [
        f"{word}Счет={party.account}",
        f"{word}={f'ИНН {party.inn} ' if party.inn else ''}{name}",
        f"{word}ИНН={party.inn}",
        *([f"{word}КПП={party.kpp}"] if party.kpp else []),
        f"{word}1={name}",
        f"{word}РасчСчет={party.account}",
        f"{word}Банк1={_line(party.bank_name)}",
        f"{word}БИК={party.bik}",
        f"{word}Корсчет={party.correspondent}",
    ]


def _line(text: str) -> str:
    """A value without line breaks: a value is one line."""
    return " ".join(text.split())


def _check(order: PaymentOrder, encoding: str) -> None:
    if not 1 <= order.number <= 999_999:
        raise _refused(order, "Номер", "от 1 до 999999")
    if not 0 < order.amount < 10**18:
        raise _refused(order, "Сумма", "положительная")
    if not 1 <= order.priority <= 5:
        raise _refused(order, "Очередность", "от 1 до 5")
    if order.code and not re.fullmatch(r"\d{4}|\d{20}|\d{25}|0", order.code, re.ASCII):
        raise _refused(order, "Код", "УИН: 4, 20 или 25 цифр")
    for word, party in (("Плательщик", order.payer), ("Получатель", order.payee)):
        for key, lengths in _DIGITS.items():
            value = getattr(party, key)
            if len(value) not in lengths or (value and not (value.isascii() and value.isdigit())):
                raise _refused(order, f"{word}, {key}", f"{' или '.join(str(length) for length in lengths if length)} цифр: «{value}»")
        _check_text(order, f"{word}, название", party.name, _NAME, encoding)
        _check_text(order, f"{word}, банк", party.bank_name, _NAME, encoding)
    _check_text(order, "НазначениеПлатежа", order.purpose, _PURPOSE, encoding)


def _check_text(order: PaymentOrder, field: str, text: str, longest: int, encoding: str) -> None:
    value = _line(text)
    if not value or len(value) > longest:
        raise _refused(order, field, f"от 1 до {longest} знаков, а их {len(value)}")
    try:
        value.encode(encoding)
    except UnicodeEncodeError as error:
        raise _refused(order, field, f"знак «{value[error.start]}» нельзя записать в кодировке {encoding}") from None


def _refused(order: PaymentOrder, field: str, what: str) -> InputError:
    return InputError(
        "BANK-0612",
        f"Платёжное поручение № {order.number}: реквизит «{field}» не годится для файла банку ({what}).",
        hint="Исправьте реквизит; файл не сформирован, ни одно поручение не отправлено.",
        number=order.number,
        field=field,
    )

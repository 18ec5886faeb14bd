"""Payment orders for the client-bank: read back by our importer and by a reader that knows nothing of ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from adapters.banks.detect import parse_file
from adapters.banks.payment_orders import Encoding, OrderParty, PaymentOrder, render_payment_orders
from adapters.banks.profile import profile_named
from adapters.banks.result import KnownAccounts
from core.errors import InputError

AT = datetime(2026, 3, 17, 9, 5, 2, tzinfo=UTC)
CENTRE = OrderParty(
    "АО «ЕРКЦ»", "9999010011", "40821810500010000123", "АО «Учебный Банк»", "049999901", "30101810000000000901", "999901001"
)
SUPPLIER = OrderParty("МУП «Ёлкинский = водоканал»", "9999020022", "40702810500010000777", "АО «Учебный Банк»", "049999901")
ORDERS = [
    PaymentOrder(1, date(2026, 3, 16), 1599268, CENTRE, SUPPLIER, "Платежи населения за 16.03.2026; без НДС///ЛС=1\nи остаток"),
    PaymentOrder(2, date(2026, 3, 17), 70000, CENTRE, SUPPLIER, "Возврат = 700", priority=3, code="12345678901234567890"),
]


def read_independently(data: bytes) -> list[dict[str, str]]:
    """Documents by the published rules alone: a line is cut at its first ``=``, the encoding is the one declared in ASCII."""
    word = next(line for line in data.split(b"\r\n") if line.endswith((b"=Windows", b"=DOS", b"=UTF-8"))).rpartition(b"=")[2]
    lines = data.decode({b"Windows": "cp1251", b"DOS": "cp866", b"UTF-8": "utf-8"}[word]).split("\r\n")
    assert lines[0] == "1CClientBankExchange" and lines[-2:] == ["КонецФайла", ""]
    documents: list[dict[str, str]] = []
    for line in lines:
        key, _, value = line.partition("=")
        if key == "СекцияДокумент":
            documents.append({"тип": value})
        elif documents:
            documents[-1].setdefault(key, value)
    return documents


@pytest.mark.parametrize("encoding", ["cp1251", "utf-8"])
def test_orders_are_read_back(encoding: Encoding) -> None:
    data = render_payment_orders(ORDERS, created_at=AT, encoding=encoding)
    first, second = read_independently(data)
    assert (first["Номер"], first["Дата"], first["Сумма"], first["тип"]) == ("1", "16.03.2026", "15992.68", "Платежное поручение")
    assert (first["ПолучательСчет"], first["ПолучательИНН"], first["Получатель1"]) == (SUPPLIER.account, SUPPLIER.inn, SUPPLIER.name)
    assert (first["ПлательщикБИК"], first["ПлательщикКорсчет"], first["ПлательщикКПП"]) == (CENTRE.bik, CENTRE.correspondent, CENTRE.kpp)
    assert first["НазначениеПлатежа"] == "Платежи населения за 16.03.2026; без НДС///ЛС=1 и остаток"
    assert (second["Сумма"], second["Очередность"], second["Код"]) == ("700.00", "3", "12345678901234567890")
    assert "ПолучательКПП" not in first


def test_our_importer_sees_them_as_money_that_goes_out() -> None:
    data = render_payment_orders(ORDERS, created_at=AT)
    known = KnownAccounts(settlement_accounts=frozenset((CENTRE.account,)))
    parsed = parse_file("1c_to_kl.txt", data, profile_named("1c-client-bank"), known)
    records: list[dict[str, Any]] = list(parsed.records)
    assert parsed.status == "ok"
    assert [(record["direction"], record["amount_kop"], record["counterparty_account"]) for record in records] == [
        ("out", 1599268, SUPPLIER.account),
        ("out", 70000, SUPPLIER.account),
    ]
    assert records[0]["purpose"] == "Платежи населения за 16.03.2026; без НДС///ЛС=1 и остаток"


@pytest.mark.parametrize(
    "bad",
    [
        replace(ORDERS[0], amount=0),
        replace(ORDERS[0], number=0),
        replace(ORDERS[0], payee=replace(SUPPLIER, account="4070281050001000077")),
        replace(ORDERS[0], payee=replace(SUPPLIER, bik="04999990X")),
        replace(ORDERS[0], purpose=" "),
        replace(ORDERS[0], purpose="п" * 211),
        replace(ORDERS[0], purpose="оплата ✓"),
    ],
)
def test_an_order_that_the_bank_could_not_read_stops_the_file(bad: PaymentOrder) -> None:
    with pytest.raises(InputError, match="поручение №") as caught:
        render_payment_orders([ORDERS[1], bad], created_at=AT)
    assert caught.value.code == "BANK-0612"


def test_no_orders_give_no_file() -> None:
    with pytest.raises(InputError) as caught:
        render_payment_orders([], created_at=AT)
    assert caught.value.code == "BANK-0611"

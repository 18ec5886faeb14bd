"""Makes the bank files of the demo: in November 2026 payers of Заречинск pay the October bills that the hub issued.

Run ``python examples/town/november/make.py``; it is deterministic, and a test checks that the files beside it are what it makes. What the
bills come to is read from the expected results of the town (``saldo_out_charge``), names from the archive. Everything is synthetic.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOWN = HERE.parent
REGISTRY, STATEMENT = "9901_0211_20261110.txt", "kl_to_1c.txt"
BIK, CORRESPONDENT, BANK = "040231901", "30101810000000000901", "Синтетический банк"
OWN_ACCOUNT, OWN_INN, OWN_NAME = "40821810700013101001", "0077000116", "Синтетический расчетный центр «Заречинск»"
BANK_INN = "0077002709"
ORDER_NUMBER, PAID_LAST, ORDERED_ON = "4471", date(2026, 11, 10), date(2026, 11, 11)
PAYERS = 120
PARTIAL, OVERPAID, REPEATED = 17, 41, 63
OVERPAYMENT = 200_000
OPENING = 165_938_580
BANK_CHARGE = 35_000


@dataclass(frozen=True)
class Row:
    """A payment of the registry, kopecks."""

    paid_on: date
    time: str
    operation_id: str
    account: str
    name: str
    amount: int

    @property
    def fee(self) -> int:
        """One per cent, half up to the kopeck: the agent keeps it."""
        return (self.amount + 50) // 100

    def text(self) -> str:
        """The row as the registry has it."""
        money = (roubles(self.amount), roubles(self.amount - self.fee), roubles(self.fee))
        branch = f"9901/02{int(self.operation_id[-2:]) % 20:02d}"
        day = f"{self.paid_on:%d-%m-%Y}"
        return ";".join((day, self.time, branch, "СБОЛ", self.operation_id, self.account, self.name, "г. Заречинск", "1026", *money))


def roubles(kopecks: int) -> str:
    """Kopecks as roubles with a point."""
    return f"{kopecks // 100}.{kopecks % 100:02d}"


def settlement_account(balance: str, branch: str, number: int) -> str:
    """A 20-digit account whose key (ninth digit) is right for the bank (weights 7, 1, 3 over БИК and account)."""
    for key in "0123456789":
        account = f"{balance}810{key}{branch}{number:07d}"
        if sum(int(digit) * weight % 10 for digit, weight in zip(BIK[-3:] + account, (7, 1, 3) * 8)) % 10 == 0:  # noqa: B905 - 23 digits
            return account
    raise ValueError(balance)


AGENT_ACCOUNT = settlement_account("40821", "9901", 1)
PAYER_ACCOUNT = settlement_account("40817", "9901", 77)
CHARGE_ACCOUNT = settlement_account("70601", "9901", 5)


def payers() -> dict[str, tuple[str, int]]:
    """Name and sum to pay by personal account, in the order of numbers."""
    expected = json.loads((TOWN / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))["accounts"]
    with zipfile.ZipFile(TOWN / "zarechinsk-2026-10-valid.zip") as archive:
        rows = list(csv.reader(io.TextIOWrapper(archive.open("kvar.csv"), encoding="cp1251", newline=""), delimiter=";"))[1:]
    names = {row[1]: " ".join(part for part in row[3:6] if part) for row in rows}
    return {
        account: (names[account], int(row["saldo_out_charge"].replace(".", "")))
        for account, row in sorted(expected.items())
        if not row["saldo_out_charge"].startswith("-") and row["saldo_out_charge"] != "0.00"
    }


def make_rows(owed: dict[str, tuple[str, int]]) -> list[Row]:
    """120 payers: most pay their bill in full, one a part, one too much, one operation stands twice, one account has two digits swapped."""
    chosen = list(owed)[::3][:PAYERS]
    rows = []
    for place, account in enumerate(chosen):
        name, amount = owed[account]
        if place == PARTIAL:
            amount = 100_000
        elif place == OVERPAID:
            amount += OVERPAYMENT
        paid_on = PAID_LAST - timedelta(days=1 - place % 2)
        time = f"{8 + place % 12:02d}-{place * 7 % 60:02d}-{place * 13 % 60:02d}"
        rows.append(Row(paid_on, time, f"9A2611{paid_on:%d}{place + 1:08d}", account, name, amount))
    rows.append(rows[REPEATED])
    rows.append(Row(PAID_LAST, "19-58-01", f"9A2611{PAID_LAST:%d}{PAYERS + 1:08d}", unknown_account(owed), "", 175_050))
    return rows


def unknown_account(owed: dict[str, tuple[str, int]]) -> str:
    """A real number with two neighbouring digits swapped that is nobody's."""
    for account in reversed(owed):
        swapped = account[:-3] + account[-2] + account[-3] + account[-1]
        if swapped != account and swapped not in owed:
            return swapped
    raise ValueError("every swapped number is somebody's")


def registry(rows: list[Row]) -> bytes:
    """The registry as the agent sends it: cp1251, CRLF, the last line with totals and the payment order."""
    amount, fee = sum(row.amount for row in rows), sum(row.fee for row in rows)
    total = f"={len(rows)};{roubles(amount)};{roubles(amount - fee)};{roubles(fee)};{ORDER_NUMBER};{ORDERED_ON:%d-%m-%Y}"
    return "".join(f"{line}\r\n" for line in [*(row.text() for row in rows), total]).encode("cp1251")


def statement(rows: list[Row], owed: dict[str, tuple[str, int]]) -> bytes:
    """The statement of the day of the order: the agent's transfer, a payer's own transfer, the bank's fee."""
    amount, fee = sum(row.amount for row in rows), sum(row.fee for row in rows)
    direct = next(account for account in owed if account not in {row.account for row in rows})
    name, own_transfer = owed[direct]
    credit = amount - fee + own_transfer
    day = f"{ORDERED_ON:%d.%m.%Y}"
    purpose = (
        f"Перевод принятых платежей по реестру № {ORDER_NUMBER} от {day}, кол-во {len(rows)}, сумма {roubles(amount)},"
        f" комиссия {roubles(fee)}. НДС не облагается"
    )
    lines = [
        "1CClientBankExchange", "ВерсияФормата=1.03", "Кодировка=Windows", "Отправитель=Синтетический клиент-банк", "Получатель=",
        f"ДатаСоздания={day}", "ВремяСоздания=18:05:09", f"ДатаНачала={day}", f"ДатаКонца={day}", f"РасчСчет={OWN_ACCOUNT}",
        "СекцияРасчСчет", f"ДатаНачала={day}", f"ДатаКонца={day}", f"РасчСчет={OWN_ACCOUNT}", f"НачальныйОстаток={roubles(OPENING)}",
        f"ВсегоПоступило={roubles(credit)}", f"ВсегоСписано={roubles(BANK_CHARGE)}",
        f"КонечныйОстаток={roubles(OPENING + credit - BANK_CHARGE)}", "КонецРасчСчет",
        *document("Платежное поручение", ORDER_NUMBER, amount - fee, (AGENT_ACCOUNT, BANK_INN, BANK), None, purpose),
        *document("Платежное поручение", "15", own_transfer, (PAYER_ACCOUNT, "", name), None, f"Оплата ЖКУ за 10.2026, л/с {direct}"),
        *document("Банковский ордер", "9001", BANK_CHARGE, None, (CHARGE_ACCOUNT, BANK_INN, BANK), "Комиссия за ведение счёта"),
        "КонецФайла",
    ]  # fmt: skip
    return "".join(f"{line}\r\n" for line in lines).encode("cp1251")


def document(
    kind: str, number: str, amount: int, payer: tuple[str, str, str] | None, payee: tuple[str, str, str] | None, purpose: str
) -> list[str]:
    """One document; the side that is None is the centre."""
    day, own = f"{ORDERED_ON:%d.%m.%Y}", (OWN_ACCOUNT, OWN_INN, OWN_NAME)
    incoming = payee is None
    lines = [f"СекцияДокумент={kind}", f"Номер={number}", f"Дата={day}", f"Сумма={roubles(amount)}"]
    for side, party, moved in (("Плательщик", payer or own, "ДатаСписано"), ("Получатель", payee or own, "ДатаПоступило")):
        account, inn, name = party
        date_text = day if incoming == (moved == "ДатаПоступило") else ""
        lines += [
            f"{side}Счет={account}", f"{moved}={date_text}", f"{side}=ИНН {inn} {name}", f"{side}ИНН={inn}", f"{side}1={name}",
            f"{side}РасчСчет={account}", f"{side}Банк1={BANK}", f"{side}БИК={BIK}", f"{side}Корсчет={CORRESPONDENT}",
        ]  # fmt: skip
    payment_kind = "17" if kind == "Банковский ордер" else "01"
    return [*lines, f"ВидОплаты={payment_kind}", "Очередность=5", f"НазначениеПлатежа={purpose}", "КонецДокумента"]


def build() -> dict[str, bytes]:
    """The files by name."""
    owed = payers()
    rows = make_rows(owed)
    return {REGISTRY: registry(rows), STATEMENT: statement(rows, owed)}


if __name__ == "__main__":
    for file_name, data in build().items():
        (HERE / file_name).write_bytes(data)

"""What public importers of the same files get wrong (bank-formats.md, section 15): each of their defects is a test of ours.

A test is named by what the importer does; its docstring says whose it was (marks of bank-formats.md, section 16).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.banks.adapter import BankFiles
from adapters.banks.detect import detect, parse_file
from adapters.banks.profile import profile_named
from adapters.banks.purpose import find_identifiers
from adapters.banks.result import ParsedFile
from adapters.contract import RawMessage
from core.documents.qr import parse_payload, payload
from core.model.records import Record, RegistryPayment, StatementLine

GOLDEN = Path(__file__).parents[3] / "golden" / "banks"
OURS, OTHER = "40702810500010000123", "40702810500010000999"
PURPOSE = "Оплата ЖКУ, л/с 000100200301; код=7/=8///ЛС=1"
Document = Mapping[str, str]


def document(number: str = "15", amount: str = "700.00", **changes: str) -> dict[str, str]:
    """An incoming document of a person."""
    fields = {
        "СекцияДокумент": "Платежное поручение", "Номер": number, "Дата": "16.03.2026", "Сумма": amount,
        "ПлательщикСчет": "40817810600030000011", "ДатаСписано": "", "Плательщик1": "Примеров Пётр Ильич", "ПлательщикИНН": "",
        "ПолучательСчет": OURS, "ДатаПоступило": "16.03.2026", "Получатель1": "УК", "ПолучательИНН": "9999010011",
        "НазначениеПлатежа": PURPOSE,
    }  # fmt: skip
    return fields | changes


def statement(documents: Sequence[Document], credit: str, *, word: str = "Windows", accounts: Mapping[str, str] | None = None) -> str:
    """A statement whose turnovers are ``credit`` (or those of each account)."""
    lines = ["1CClientBankExchange", "ВерсияФормата=1.03", f"Кодировка={word}", "ДатаНачала=16.03.2026", "ДатаКонца=16.03.2026"]
    for account, came in (accounts or {OURS: credit}).items():
        lines += [
            f"РасчСчет={account}", "СекцияРасчСчет", "ДатаНачала=16.03.2026", "ДатаКонца=16.03.2026", f"РасчСчет={account}",
            "НачальныйОстаток=0.00", f"ВсегоПоступило={came}", "ВсегоСписано=0.00", f"КонечныйОстаток={came}", "КонецРасчСчет",
        ]  # fmt: skip
    for fields in documents:
        lines += [*(f"{key}={value}" for key, value in fields.items()), "КонецДокумента"]
    return "\r\n".join([*lines, "КонецФайла", ""])


def onec(text: str, encoding: str = "cp1251") -> ParsedFile:
    return parse_file("kl_to_1c.txt", text.encode(encoding), profile_named("1c-client-bank"))


def lines_of(text: str) -> list[StatementLine]:
    message = RawMessage("kl_to_1c.txt", text.encode("cp1251"))
    return [item.body for item in BankFiles().parse(message, {}) if isinstance(item, Record) and isinstance(item.body, StatementLine)]


def dbf(fields: Mapping[str, int], rows: Sequence[Sequence[bytes]], tail: bytes = b"\x1a") -> bytes:
    """A dBase III table of texts."""
    start, size = 33 + 32 * len(fields), 1 + sum(fields.values())
    head = bytes((3, 126, 3, 16)) + len(rows).to_bytes(4, "little") + start.to_bytes(2, "little") + size.to_bytes(2, "little") + bytes(20)
    head += b"".join(name.encode().ljust(11, b"\0") + b"C" + bytes(4) + bytes((width, 0)) + bytes(14) for name, width in fields.items())
    body = b"".join(b" " + b"".join(text.rjust(width) for text, width in zip(row, fields.values(), strict=True)) for row in rows)
    return head + b"\r" + body + tail


DEFAULT_DBF = {"PAYUNID": 12, "PAYDATE": 8, "PP_NUMB": 6, "PP_DATE": 8, "PAYSUMM": 12, "PAYNAME1": 30, "OPERID": 4}


# 1CClientBankExchange


@pytest.mark.parametrize(
    ("encoding", "word"), [("cp1251", "Windows"), ("cp866", "DOS"), ("utf-8", "UTF-8"), ("utf-8", "Windows"), ("utf-8-sig", "Windows")]
)
def test_one_encoding_is_taken_for_granted(encoding: str, word: str) -> None:
    """B11: UTF-8 only; K2: cp1251 only; P3: UTF-8, cp866 and the byte order mark fail."""
    parsed = onec(statement([document()], "700.00", word=word), encoding)
    assert (parsed.status, [record["counterparty_name"] for record in parsed.records]) == ("ok", ["Примеров Пётр Ильич"])


def test_a_value_ends_at_its_second_equals_sign() -> None:
    """B11, M1: the rest of the purpose is cut."""
    [record] = onec(statement([document()], "700.00")).records
    assert record["purpose"] == PURPOSE


def test_an_empty_inn_is_replaced_by_a_constant() -> None:
    """B11: the ИНН of one region's fund."""
    [record] = onec(statement([document()], "700.00")).records
    assert record["counterparty_inn"] is None


@pytest.mark.parametrize("kind", ["Банковский ордер", "Инкассовое поручение", "Мемориальный ордер", "Новый вид документа"])
def test_only_two_kinds_of_documents_are_known(kind: str) -> None:
    """M1: others are skipped with a line in a log, and their money with them."""
    parsed = onec(statement([document(СекцияДокумент=kind), document("16", "1.00")], "701.00"))
    assert (parsed.status, [record["document_type"] for record in parsed.records]) == ("ok", [kind, "Платежное поручение"])


def test_amounts_are_binary_fractions() -> None:
    """M1: 0.1 + 0.2 and 1.005 come out a kopeck off, large sums lose kopecks."""
    amounts = ["0.29", "1.10", "700", "90071992547409.93", "4.35"]
    parsed = onec(statement([document(str(n), amount) for n, amount in enumerate(amounts, 1)], "90071992548115.67"))
    assert parsed.status == "ok"
    assert [record["amount_kop"] for record in parsed.records] == [29, 110, 70000, 9007199254740993, 435]


def test_a_blank_line_is_an_error() -> None:
    """M1."""
    parsed = onec(statement([document()], "700.00").replace("СекцияДокумент", "\r\nСекцияДокумент"))
    assert (parsed.status, parsed.warnings) == ("ok", ["BLANK_LINE"])


def test_of_several_accounts_one_is_left() -> None:
    """M1: one account section a file; K1: several collapse into one."""
    documents = [document(), document("16", "5.00", ПолучательСчет=OTHER)]
    parsed = onec(statement(documents, "", accounts={OURS: "700.00", OTHER: "5.00"}))
    assert parsed.status == "ok" and parsed.control is not None
    assert [account["account"] for account in parsed.control["accounts"]] == [OURS, OTHER]
    assert [record["own_account"] for record in parsed.records] == [OURS, OTHER]


def test_number_and_date_are_taken_for_an_identity() -> None:
    """M2: importId of date and number; B11: of date, number and payee account. Money of the second person is lost without a word."""
    other = document(amount="800.00", ПлательщикСчет="40817810600030000012", Плательщик1="Образцова Анна")
    found = lines_of(statement([document(), other], "1500.00"))
    assert [(line.number, line.amount) for line in found] == [("15", 70000), ("15", 80000)]
    twice = lines_of(statement([document(), document()], "1400.00"))
    assert len(twice) == 2, "equal documents are several payments when the turnovers count them all"
    assert len(lines_of(statement([document(), document()], "700.00"))) == 1, "and one when they count them once"


def test_a_cut_file_gives_what_was_whole() -> None:
    """P3: the finished documents are returned without an error, the rest is lost."""
    whole = statement([document(), document("16", "1.00")], "701.00")
    for cut in (whole.rindex("КонецФайла"), whole.rindex("КонецДокумента"), whole.rindex("Номер=16")):
        parsed = onec(whole[:cut])
        assert ([error["code"] for error in parsed.errors], list(parsed.records)) == (["TRUNCATED"], [])


def test_turnovers_are_not_compared() -> None:
    """P3: a document that is not there is not missed."""
    parsed = onec(statement([document()], "700.01"))
    assert parsed.status == "rejected" and {error["code"] for error in parsed.errors} == {"CONTROL_SUM_MISMATCH"}


def test_one_bad_date_stops_the_whole_file() -> None:
    """P3: the other documents are not imported either."""
    parsed = onec(statement([document(), document("16", "1.00", Дата="31.02.2026")], "701.00"))
    assert (parsed.status, [error["code"] for error in parsed.errors]) == ("partial", ["INVALID_DATE"])
    assert [record["status"] for record in parsed.records] == ["accepted", "rejected"]


def test_the_purpose_in_parts_is_not_found_or_doubled() -> None:
    """K3: parts are looked for with a space in the key; C1: whole and parts are joined."""
    half = len(PURPOSE) // 2
    parts = {"НазначениеПлатежа1": PURPOSE[:half], "НазначениеПлатежа2": PURPOSE[half:]}
    [both] = onec(statement([document(**parts)], "700.00")).records
    only = {key: value for key, value in document(**parts).items() if key != "НазначениеПлатежа"}
    [joined] = onec(statement([only], "700.00")).records
    assert both["purpose"] == joined["purpose"] == PURPOSE


@pytest.mark.parametrize("purpose", ["Оплата 1000200301 руб", "тел. 000100200", "ИНН 999901001, оплата", "счет 123456789 от 01.03.2026"])
def test_any_nine_digits_are_an_account(purpose: str) -> None:
    """B13: amounts, phones and pieces of an ИНН give false hits."""
    assert "account" not in find_identifiers(purpose)


# Registries of Sberbank


def test_the_summary_is_the_line_that_contains_an_equals_sign() -> None:
    """B1: a row with ``=`` in an address is taken for the summary."""
    text = (GOLDEN / "sber" / "valid.txt").read_bytes().decode("cp1251")
    parsed = parse_file("x.txt", text.replace("Учебная ул", "Учебная=ул").encode("cp1251"), profile_named("sber-delimited"))
    assert parsed.status == "ok" and parsed.totals is not None and parsed.totals["count"] == 6
    assert any("=" in record["payer_address"] for record in parsed.records)


def test_rows_below_zero_are_left_out_of_both_sums() -> None:
    """B1: a negative row disappears without a message, because file and saved sum both count only what is above zero."""
    rows = [
        "16-03-2026;09-05-02;9999/0100;СБОЛ;7A26031600000001;000100200301;;;0226;100.00;100.00;0.00",
        "16-03-2026;09-05-03;9999/0100;СБОЛ;7A26031600000002;000100200302;;;0226;-30.00;-30.00;0.00",
    ]
    seen = parse_file("x.txt", "\r\n".join([*rows, "=2;70.00;70.00;0.00;1;16-03-2026", ""]).encode(), profile_named("sber-delimited"))
    assert (seen.status, [error["code"] for error in seen.errors]) == ("partial", ["NON_POSITIVE_AMOUNT"])
    unseen = parse_file("x.txt", "\r\n".join([*rows, "=2;100.00;100.00;0.00;1;16-03-2026", ""]).encode(), profile_named("sber-delimited"))
    assert unseen.status == "rejected"


# DBF


def test_the_month_is_read_as_minutes() -> None:
    """B4: the SPb mask loses the month."""
    data = dbf({"KKC": 9, "PLAT_KR": 10, "DATE_P": 8, "PLAT_PENY": 10}, [(b"100200301", b"100.00", b"16032026", b"1.50")])
    [record] = parse_file("x.dbf", data, profile_named("dbf-spb")).records
    assert (record["operation_date"], record["amount_kop"]) == ("2026-03-16", 10150)


def test_the_mask_of_the_name_is_inverted() -> None:
    """B4, B5: the right names are refused."""
    fields = {"LS": 12, "SUM_PL": 10, "SUM_PN": 10, "DT_PAY": 8, "PLP": 6, "DT_BANK": 8}
    data = dbf(fields, [(b"100200301", b"100.00", b"0.00", b"20260316", b"417", b"20260317")])
    parsed = parse_file("9999030034RP000017.dbf", data, profile_named("dbf2"))
    assert parsed.status == "ok" and parsed.header is not None
    assert (parsed.header["contract_id"], parsed.header["file_number"]) == ("9999030034", "000017")


@pytest.mark.parametrize("bad", [b"\0" * 12, b"*" * 12, b"\0\0*1\0"])
def test_a_nul_or_a_star_in_a_number_stops_the_file(bad: bytes) -> None:
    """D1: dbfread raises ValueError for the table."""
    good = (b"000100200301", b"20260316", b"417", b"20260317", b"100.00", "Ёлкин".encode("cp866"), b"A001")
    parsed = parse_file(
        "718q3g00.dbf", dbf(DEFAULT_DBF, [good, (*good[:4], bad, good[5], b"A002"), (*good[:6], b"A003")]), profile_named("dbf-default")
    )
    assert parsed.status == "partial" and [error["n"] for error in parsed.errors] == [2], "the row is named, the others are taken"
    assert [record["status"] for record in parsed.records] == ["accepted", "rejected", "accepted"]


@pytest.mark.parametrize("encoding", ["cp866", "cp1251"])
def test_the_code_page_is_that_of_the_header(encoding: str) -> None:
    """D2: a wrong code page gives an error only by luck, else strange letters; the driver byte here is 0."""
    row = (b"000100200301", b"20260316", b"417", b"20260317", b"100.00", "Щёголева Фёкла".encode(encoding), b"A001")
    [record] = parse_file("718q3g00.dbf", dbf(DEFAULT_DBF, [row]), profile_named("dbf-default")).records
    assert record["payer_name"] == "Щёголева Фёкла"


def test_what_stands_after_the_records_is_read_as_records() -> None:
    """B7: Sberbank leaves junk behind them."""
    row = (b"000100200301", b"20260316", b"417", b"20260317", b"100.00", "Ёлкин".encode("cp866"), b"A001")
    parsed = parse_file("718q3g00.dbf", dbf(DEFAULT_DBF, [row], tail=b"\x1a" + b" 00" * 200), profile_named("dbf-default"))
    assert parsed.totals == {"count": 1, "amount_kop": 10000, "commission_kop": 0, "transfer_kop": 10000}
    assert "TRAILING_GARBAGE" in parsed.warnings


def test_leading_zeros_are_gone_for_good() -> None:
    """B4: dbf2 strips them, and matching fails where the billing keeps them: both sides go by one rule (``account_pad``)."""
    fields = {"LS": 12, "SUM_PL": 10, "SUM_PN": 10, "DT_PAY": 8}
    data = dbf(fields, [(b"100200301", b"100.00", b"0.00", b"20260316")])
    message = RawMessage("9999030034RP000017.dbf", data)
    [payment] = [
        item.body for item in BankFiles().parse(message, {}) if isinstance(item, Record) and isinstance(item.body, RegistryPayment)
    ]
    assert (payment.account_text, payment.paid_on) == ("100200301", date(2026, 3, 16))


# camt


CAMT = (GOLDEN / "camt053" / "valid.xml").read_text(encoding="utf-8")


def camt(text: str) -> ParsedFile:
    return parse_file("x.xml", text.encode("utf-8"), profile_named("camt053"))


def test_statements_of_several_accounts_end_on_one() -> None:
    """O2."""
    start, stop = CAMT.index("<Stmt>"), CAMT.index("</Stmt>") + len("</Stmt>")
    second = CAMT[start:stop].replace(OURS, OTHER).replace("<Id>20260316-1</Id>", "<Id>20260316-2</Id>")
    second = re.sub(r"<AcctSvcrRef>(.)", r"<AcctSvcrRef>Z", second)
    parsed = camt(CAMT[:stop] + second + CAMT[stop:])
    assert parsed.status == "ok" and parsed.header is not None
    assert parsed.header["accounts"] == [OURS, OTHER]
    assert [record["own_account"] for record in parsed.records] == [OURS] * 5 + [OTHER] * 5


def test_a_statement_without_entries_crashes() -> None:
    """O3: banks send one on days without turnover."""
    empty = re.sub(r"<TxsSummry>.*?</TxsSummry>", "", re.sub(r"<Ntry>.*</Ntry>", "", CAMT, flags=re.DOTALL), flags=re.DOTALL)
    amounts = re.findall(r"<Amt Ccy=\"RU[BR]\">[\d.]+</Amt>", empty)
    for amount in amounts:
        empty = empty.replace(amount, amounts[0])
    parsed = camt(empty)
    assert (parsed.status, list(parsed.records)) == ("ok", []), parsed.errors


def test_an_interim_report_gives_zero_records_without_an_error() -> None:
    """O4: camt.052 read as camt.053."""
    other = CAMT.replace("camt.053.001", "camt.052.001").replace("BkToCstmrStmt", "BkToCstmrAcctRpt").replace("Stmt>", "Rpt>")
    assert camt(other).status == "rejected"
    assert detect("x.xml", other.encode()) is None


def test_the_position_of_an_entry_is_its_identity() -> None:
    """O5: overlapping files lose rows or take them twice; the bank's reference is the identity wherever the entry stands."""
    entries = re.findall(r"<Ntry>.*?</Ntry>", CAMT, flags=re.DOTALL)
    turned = CAMT.replace("".join(entries), "".join(reversed(entries))) if "".join(entries) in CAMT else CAMT
    if turned == CAMT:
        start, stop = CAMT.index(entries[0]), CAMT.index(entries[-1]) + len(entries[-1])
        turned = CAMT[:start] + "\n".join(reversed(entries)) + CAMT[stop:]

    def keys(text: str) -> list[str]:
        found = BankFiles().parse(RawMessage("x.xml", text.encode()), {})
        return [item.key for item in found if isinstance(item, Record) and isinstance(item.body, StatementLine)]

    assert keys(turned) == list(reversed(keys(CAMT))) and len(set(keys(CAMT))) == 5


# QR


def test_keys_of_the_payment_code_are_misspelt() -> None:
    """H2: Docldx, Counterld, Quittld with a small L, КБК in Cyrillic; BankName cut at 34."""
    mandatory = {"Name": "УК", "PersonalAcc": OURS, "BankName": "Б" * 45, "BIC": "049999901", "CorrespAcc": "0"}
    read: dict[str, Any] = parse_payload(payload(mandatory | {"QuittId": "10ТТ100001-01-6021", "PersAcc": "1"}))
    assert all(key.isascii() and "ld" not in key for key in read)
    assert read["BankName"] == "Б" * 45 and read["QuittId"] == "10ТТ100001-01-6021"

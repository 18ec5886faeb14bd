"""The bank adapter: records and findings from files, whatever is done to the files; profiles that say what was agreed."""

from __future__ import annotations

import io
import json
import random
import zipfile
from datetime import date
from pathlib import Path

import pytest

from adapters.banks.adapter import BankFiles
from adapters.banks.detect import detect, parse_file
from adapters.banks.profile import bundled, load_profile, profile_named
from adapters.banks.purpose import find_identifiers, find_registries
from adapters.banks.result import KnownAccounts, ParsedFile
from adapters.banks.text import detect_encoding, open_text
from adapters.banks.values import Unreadable, parse_amount, parse_date, parse_month, parse_time
from adapters.banks.zipped import parse_archive
from adapters.contract import Parser, RawMessage
from core.errors import ConfigError, InputError
from core.model.finding import Finding
from core.model.parsed import Parsed
from core.model.records import PaymentRegistry, Record, RegistryPayment, StatementLine

GOLDEN = Path(__file__).parents[3] / "golden" / "banks"
SBER = (GOLDEN / "sber" / "valid.txt").read_bytes()
SAMPLES = sorted(path.with_name(path.name.removesuffix(".expected.json")) for path in GOLDEN.glob("*/*.expected.json"))


def parse(data: bytes, name: str = "x.txt") -> tuple[list[Record], list[Finding], Parsed]:
    items = list(BankFiles().parse(RawMessage(name, data), {}))
    assert isinstance(items[-1], Parsed)
    return (
        [item for item in items if isinstance(item, Record)],
        [item for item in items if isinstance(item, Finding)],
        items[-1],
    )


def test_a_registry_gives_its_head_and_its_payments() -> None:
    assert isinstance(BankFiles(), Parser)
    assert BankFiles().identify(RawMessage("x", SBER)).accepted
    records, findings, whole = parse(SBER)
    head, first = records[0].body, records[1].body
    assert isinstance(head, PaymentRegistry)
    assert (head.order_number, head.order_on, head.count, head.amount, head.fee, head.transfer) == (
        "417", date(2026, 3, 16), 6, 1615422, 16154, 1599268,
    )  # fmt: skip
    assert isinstance(first, RegistryPayment)
    assert records[1].key == "sber-delimited/7A26031600000001"
    assert (first.account_text, first.amount, first.for_month) == ("000100200301", 125040, date(2026, 2, 1))
    assert findings == []
    assert whole.status == "ok"
    assert (whole.header["kind"], whole.header["fee_model"]) == ("registry", "kept")
    assert whole.counts == {"taken": 6, "taken_kop": 1615422}


def test_a_refused_file_gives_no_records() -> None:
    for name in ("bad-control-sum", "three-decimals", "wrong-encoding-cp866"):
        records, findings, whole = parse((GOLDEN / "sber" / f"{name}.txt").read_bytes())
        assert (records, whole.status) == ([], "rejected")
        assert all(finding.effect in ("refuse_file", "refuse_row") and finding.message and finding.hint for finding in findings)


def test_a_repeated_row_is_a_finding_and_no_record() -> None:
    records, findings, whole = parse((GOLDEN / "sber" / "duplicate-operation-id.txt").read_bytes())
    assert len(records) == 1 + 6
    assert [(finding.code, finding.effect, finding.position.row) for finding in findings] == [("DUPLICATE_OPERATION_ID", "repeated", 7)]
    assert whole.counts["duplicate_kop"] == 98005


def test_a_storno_names_its_original() -> None:
    records, _, _ = parse((GOLDEN / "pipe" / "valid.txt").read_bytes())
    storno = records[-1].body
    assert isinstance(storno, RegistryPayment)
    assert (storno.amount, storno.reverses) == (-310000, "pipe-delimited/7A26031600000003")


def test_statement_lines_have_identities_of_their_own() -> None:
    records, _, _ = parse((GOLDEN / "1c-cp1251" / "equal-documents.txt").read_bytes())
    assert len({record.key for record in records}) == 6
    line = records[0].body
    assert isinstance(line, StatementLine)
    assert line.registries == ("118 2026-03-16 6 1615422 16154",)
    assert (line.incoming, line.amount, line.other_bik) == (True, 1599268, "049999901")
    again, _, _ = parse((GOLDEN / "1c-cp1251" / "equal-documents.txt").read_bytes())
    assert again == records
    repeated, findings, _ = parse((GOLDEN / "1c-cp1251" / "repeated-document.txt").read_bytes())
    assert len(repeated) == 5
    assert [finding.effect for finding in findings] == ["repeated"]


def test_a_statement_of_another_account_is_refused() -> None:
    data = (GOLDEN / "1c-utf8" / "valid.txt").read_bytes()
    known = {"settlement_account": frozenset(("40702810500010000999",))}
    items = list(BankFiles().parse(RawMessage("x", data), known))
    assert [item.code for item in items if isinstance(item, Finding)] == ["FOREIGN_STATEMENT"]


def test_what_is_no_bank_file_is_nobodys() -> None:
    for data in (b"", b"PK\x03\x04", b"<xml/>", b"a;b;c\n", "привет\n".encode()):
        assert not BankFiles().identify(RawMessage("x.txt", data)).accepted
        with pytest.raises(InputError, match="BANK-0101"):
            parse_file("x.txt", data)


@pytest.mark.parametrize("path", SAMPLES, ids=[f"{path.parent.name}/{path.stem}" for path in SAMPLES])
def test_damaged_files_never_crash_and_never_post_more(path: Path) -> None:
    """Cut, flipped and re-encoded bytes give a document; rows are only given where the controls hold."""
    chance, data = random.Random(path.name), path.read_bytes()
    profile = profile_named(json.loads(path.with_name(f"{path.name}.expected.json").read_text(encoding="utf-8"))["format"])
    for _ in range(25):
        broken = bytearray(data[: chance.randrange(len(data))] if chance.random() < 0.4 else data)
        for _ in range(chance.randrange(4)):
            if broken:
                broken[chance.randrange(len(broken))] = chance.randrange(256)
        detect(path.name, bytes(broken))
        if chance.random() < 0.1:
            broken = bytearray(bytes(broken).decode("cp1251", "replace").encode(chance.choice(("utf-8", "cp866", "utf-16")), "replace"))
        parsed = parse_file(path.name, bytes(broken), profile, KnownAccounts())
        list(BankFiles(profile).parse(RawMessage(path.name, bytes(broken)), {}))
        records = parsed.as_dict()["records"]
        if parsed.status == "rejected":
            assert records == []
            assert parsed.errors
        elif parsed.control is not None and parsed.control.get("amount_kop") is not None:
            assert sum(record["amount_kop"] or 0 for record in records) == parsed.control["amount_kop"]


def test_a_cut_file_is_truncated_wherever_it_is_cut() -> None:
    for length in range(len(SBER) - 12):
        parsed = parse_file("x.txt", SBER[:length], profile_named("sber-delimited"))
        assert parsed.status == "rejected", length


def test_a_big_registry_is_read_in_blocks() -> None:
    """More than a block of bytes, lines across its ends, all sums proved."""
    rows = [
        f"16-03-2026;09-05-02;9999/0100;СБОЛ;7A260316{n:08d};{n:012d};Ёлкина Фёкла;г Примерск;0226;{n % 900 + 1}.40;{n % 900 + 1}.40;0.00"
        for n in range(15_000)
    ]
    kopecks = sum((n % 900 + 1) * 100 + 40 for n in range(15_000))
    total = f"{kopecks // 100}.{kopecks % 100:02d}"
    data = "".join(f"{row}\r\n" for row in [*rows, f"=15000;{total};{total};0.00;1;17-03-2026"]).encode("cp1251")
    assert len(data) > 1 << 20
    parsed = parse_file("x.txt", data, profile_named("sber-delimited"))
    assert (parsed.status, parsed.totals) == ("ok", {"count": 15000, "amount_kop": kopecks, "commission_kop": 0, "transfer_kop": kopecks})
    assert [record["n"] for record in parsed.records] == list(range(1, 15_001))


def test_two_equal_cash_payments_are_both_real() -> None:
    lines = SBER.decode("cp1251").splitlines()
    fields = lines[0].split(";")
    fields[4] = "7A26031600000099"
    data = "\r\n".join([lines[0], ";".join(fields), "=2;2500.80;2475.80;25.00;418;16-03-2026", ""]).encode("cp1251")
    records, findings, _ = parse(data)
    assert (len(records), findings) == (3, [])


def test_a_storno_may_not_exceed_what_is_left() -> None:
    row = "16-03-2026;09-05-02;9999/0100;СБОЛ;7A26031600000001;000100200301;;;0226;{0};{0};0.00"
    data = "\r\n".join([row.format("100.00"), row.format("-100.00"), row.format("-100.00"), "=3;-100.00;-100.00;0.00;1;16-03-2026", ""])
    parsed = parse_file("x.txt", data.encode("cp1251"), profile_named("sber-delimited")).as_dict()
    assert [(record["kind"], record["status"]) for record in parsed["records"]] == [
        ("payment", "accepted"),
        ("storno", "accepted"),
        ("storno", "rejected"),
    ]
    assert [error["code"] for error in parsed["errors"]] == ["NON_POSITIVE_AMOUNT"]


def test_values_are_read_exactly_or_not_at_all() -> None:
    assert parse_amount("1250.40") == (125040, False)
    assert parse_amount("1\u00a0250,40 ₽") == (125040, True)
    assert parse_amount("1,250.40") == (125040, True)
    for text in ("", "1,250", "45.990", "1.", "١", "1 25", "--1", "1e3", "NaN"):
        with pytest.raises(Unreadable):
            parse_amount(text)
    assert parse_date("29-02-2028", "ДД-ММ-ГГГГ") == "2028-02-29"
    for text in ("29-02-2026", "1-2-2026", "٠1-02-2026"):
        with pytest.raises(Unreadable):
            parse_date(text, "ДД-ММ-ГГГГ")
    assert (parse_time("23-59-58", "ЧЧ-ММ-СС"), parse_month("0226", "ММГГ")) == ("23:59:58", "2026-02")
    with pytest.raises(Unreadable):
        parse_time("24-00-00", "ЧЧ-ММ-СС")


def test_encodings_are_told_by_plausible_letters() -> None:
    text = "Оплата за ЖКУ, Щёголева Фёкла, № 12"
    for name in ("cp1251", "cp866", "utf-8"):
        assert detect_encoding(text.encode(name)) == name
    assert detect_encoding(b"abc") == ""
    assert detect_encoding(b"\xef\xbb\xbf" + text.encode()) == "utf-8"
    assert detect_encoding(b"\x98\xdf\xb0\xb1" * 20) is None
    assert list(open_text(b"a\r\nb\nc\x1a", "utf-8").lines()) == ["a", "b", "c"]


def test_the_purpose_names_accounts_and_registries() -> None:
    assert find_identifiers("Квартплата, л/с 77-0012/1///жку10tt100001-01 за 02.2026") == {
        "account": "77-0012/1", "izku": "10ТТ100001-01", "period": "2026-02",
    }  # fmt: skip
    assert find_registries("№ 1 от 01.01.2026") == []
    (link,) = find_registries("по реестру № 205 от 16.03.2026. НДС нет")
    assert link == {"registry_number": "205", "registry_date": "2026-03-16", "count": None, "amount_kop": None, "commission_kop": None}


def test_a_misspelt_profile_is_refused_with_a_suggestion() -> None:
    assert {"sber-delimited", "pipe-delimited", "1c-client-bank"} <= set(bundled())
    with pytest.raises(ConfigError, match="похоже на «sber-delimited»"):
        profile_named("sber-delimeted")
    text = 'name = "x"\ntitle = "x"\nlayout = "delimited"\nextension = "txt"\nencodings = ["cp1251"]\n'
    with pytest.raises(ConfigError, match="separator"):
        load_profile(text + 'seperator = "|"\n', "x.toml")
    with pytest.raises(ConfigError, match="account, amount_kop"):
        load_profile(text, "x.toml")
    with pytest.raises(ConfigError, match="layout"):
        load_profile(text.replace('"delimited"', '"clay"'), "x.toml")


def test_an_account_is_substituted_by_the_profile() -> None:
    profile = profile_named("sber-delimited")
    text = Path(__file__).parents[4].joinpath("config/banks/sber-delimited.toml").read_text(encoding="utf-8")
    changed = load_profile(text.replace("[trailer]", 'account_substitution = { "_" = "-" }\n\n[trailer]'), "x.toml")
    assert changed.columns == profile.columns
    data = SBER.replace(b"000100200301", b"000_00200301")
    first = next(iter(parse_file("x.txt", data, changed).records))
    assert first["account"] == "000-00200301"


def test_a_damaged_archive_is_a_finding_and_an_error_of_ours_is_not_hidden_by_it() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", SBER)
    data = bytearray(packed.getvalue())
    profile = profile_named("sber-delimited")

    def broken(name: str, content: bytes) -> ParsedFile:
        raise ValueError(name)

    with pytest.raises(ValueError, match=r"a\.txt"):
        parse_archive("x.zip", bytes(data), profile, broken)
    data[60] ^= 1
    assert parse_archive("x.zip", bytes(data), profile, broken).errors == [{"code": "TRUNCATED"}]

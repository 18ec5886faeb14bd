"""Tables as companies keep them: headings that were merged, titles above, totals below, numbers and days as text; CSV, XLSX, DBF alike."""

from __future__ import annotations

import io
from datetime import date

import openpyxl
import pytest

from adapters.contract import Parsed, RawMessage
from adapters.uk.tables.adapter import UkTables
from adapters.uk.tables.columns import kinds
from adapters.uk.tables.directory import Directory, KnownReading
from adapters.uk.tables.grid import read_grid
from adapters.uk.tables.heading import TableProfile, place, propose
from adapters.uk.tables.values import read_date, read_scaled
from core.errors import InputError
from core.model.finding import Finding
from core.model.records import Account, Balance, House, Meter, Person, Reading, Record, Residence, Service, StatedBill, StatedLine
from core.period import Month

OCTOBER = Month(2026, 10)
ACCOUNT = Account("1001", "10", 1, date(2020, 1, 1), None, 2, 4530, None, None, False, False, "7", None, "Тестова Анна Петровна", None)
WATER = Service("Холодное водоснабжение", "ХВС", 1, 1, None, 1, None, None, "113", 1, None)
METER = Meter("10", 3, "5", None, "20", "A-77", 5, date(2025, 1, 1), None, None, None, 0, True)
DIRECTORY = Directory(
    accounts={"5": ACCOUNT},
    services={"20": WATER},
    houses={
        "10": House(
            "00000000-0000-4000-8000-0000000000a1", "02701000", "г. Заречинск, ул. Мира, д. 1", "", "", 1, None, None, None, None, None
        )
    },
    premises={("10", "12"): "90"},
    persons={"7": Person("Тестова", "Анна", "Петровна", date(1980, 5, 1), "")},
    residences={"70": Residence("5", "7", 1, date(2020, 1, 1), None)},
    meters={"30": METER},
    readings={"30": tuple(KnownReading(f"r{n}", date(2026, n, 24), n * 10_000, None) for n in range(4, 10))},
    creditors={"20": "3"},
)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["ООО «Тестовая УК»: площади и жильцы на 01.10.2026"])
    sheet.merge_cells("A1:E1")
    sheet.append(["№ п/п", "Лицевой счёт", "Площадь, кв.м.", None, "Проживает"])
    sheet.append([None, None, "Общая площадь", "Жилая площадь", None])
    for cells in ("A2:A3", "B2:B3", "C2:D2", "E2:E3"):
        sheet.merge_cells(cells)
    sheet.append([1, 2, 3, 4, 5])
    sheet.append([1, 1001.0, 46.1, "30,05", "3 чел."])
    sheet.append([2, 1002, 50, None, 1])
    sheet.append(["Итого", None, 96.1, 30.05, 4])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def dbf(fields: list[tuple[str, str, int]], rows: list[list[str]]) -> bytes:
    head, size = 32 + 32 * len(fields) + 1, 1 + sum(length for _, _, length in fields)
    data = bytearray(b"\x03\x1a\x0a\x1e" + len(rows).to_bytes(4, "little") + head.to_bytes(2, "little") + size.to_bytes(2, "little"))
    data += b"\0" * 17 + b"\x65" + b"\0\0"
    for name, kind, length in fields:
        data += name.encode().ljust(11, b"\0") + kind.encode() + b"\0" * 4 + bytes((length,)) + b"\0" * 15
    data += b"\r"
    for row in rows:
        data += b" " + b"".join(cell.encode("cp866").ljust(length) for cell, (_, _, length) in zip(row, fields, strict=True))
    return bytes(data) + b"\x1a"


def said(
    name: str, data: bytes, profile: TableProfile | None = None, directory: Directory = DIRECTORY
) -> tuple[list[Record], list[Finding], str]:
    profile = profile or propose(read_grid(name, data)).profile()
    items = list(UkTables(profile, OCTOBER, directory).parse(RawMessage(name, data), {}))
    assert isinstance(items[-1], Parsed)
    return [one for one in items if isinstance(one, Record)], [one for one in items if isinstance(one, Finding)], items[-1].status


def csv(*lines: str) -> bytes:
    return "\r\n".join(lines).encode("cp1251")


def test_merged_headings_totals_and_numbers_as_text() -> None:
    placed = propose(read_grid("площади.xlsx", workbook()))
    assert placed.kind.code == "accounts" and placed.first_row == 4
    assert placed.places == {"number": 1, "total_area": 2, "living_area": 3, "residents": 4}
    records, findings, status = said("площади.xlsx", workbook())
    assert [(one.key, one.position.row) for one in records] == [("5", 5)]
    body = records[0].body
    assert isinstance(body, Account) and (body.area_e2, body.living_area_e2, body.residents_stated) == (4610, 3005, 3)
    assert body.payer_name == ACCOUNT.payer_name, "what the table does not say stays"
    assert [(one.code, one.position.row) for one in findings] == [("TBL-0110", 6)] and status == "accepted_with_errors"


def test_a_new_account_says_where_and_since_when() -> None:
    header = "Лицевой счет;Адрес;Квартира;ФИО;Общая площадь;Дата открытия"
    good = "1002;Заречинск, Мира 1;12;Новых Пётр Ильич;50,0;1 октября 2026 г."
    records, findings, _ = said(
        "лс.csv", csv(header, good, "1003;Заречинск, Мира 9;1;А;50;01.10.2026", "1002;;;;1;", "1004;Заречинск, Мира 1;77;Б;50;01.10.2026")
    )
    assert [(one.body.kind_name, one.key) for one in records] == [
        ("person", "t/payer/1002"),
        ("account", "t/1002"),
        ("account_place", "t/1002"),
    ]
    account = records[1].body
    assert isinstance(account, Account) and (account.house, account.opened_on, account.area_e2) == ("10", date(2026, 10, 1), 5000)
    assert [(one.position.row, one.code) for one in findings] == [(3, "TBL-0110"), (4, "TBL-0109"), (5, "TBL-0110")]


def test_residents_are_found_by_name_or_new() -> None:
    rows = ("1001;Тестова Анна  Петровна;01.05.1980;;31.10.2026", "1001;Тестов Олег;02.02.2010;05.10.2026;", "1001;Безымянный Я;;;")
    records, findings, _ = said("жильцы.csv", csv("ЛС;ФИО;Дата рождения;Прибыл;Выбыл", *rows))
    known, person, new = records
    assert (known.key, known.body) == ("70", Residence("5", "7", 1, date(2020, 1, 1), date(2026, 10, 31)))
    assert person.body == Person("Тестов", "Олег", "", date(2010, 2, 2), "") and new.body == Residence(
        "5", person.key, 1, date(2026, 10, 5), None
    )
    assert [(one.position.row, one.code) for one in findings] == [(4, "TBL-0105")]


def test_readings_are_judged_by_those_that_are_known() -> None:
    rows = ("1001;A-77;24.10.2026;100,5", "1001;A-77;25.10.2026;12", "1001;B-1;25.10.2026;1", "1001;A-77;01.11.2026;101")
    records, findings, _ = said("показания.csv", csv("Лицевой счет;№ счетчика;Дата;Показание", *rows))
    assert [(one.state, one.body.value_e3) for one in records if isinstance(one.body, Reading)] == [("accepted", 100_500), ("held", 12_000)]
    assert [(one.position.row, one.code, one.effect) for one in findings] == [
        (3, "F4-061", "hold_reading"), (4, "TBL-0106", "refuse_row"), (5, "F4-063", "reject_row"),
    ]  # fmt: skip


def test_charges_become_the_sender_s_document() -> None:
    header = "Лицевой счет;Услуга;Тариф;Объем;Начислено;Перерасчет;Итого;Сальдо на начало;Оплачено;Сальдо на конец"
    rows = ("1001;ХВС;41,87;3;125,61;-5,61;120,00;10,00;10,00;120,00", "Итого;;;;125,61;-5,61;121,00;10;10;120")
    records, findings, _ = said("начисления.csv", csv(header, *rows))
    bill, line, balance = (one.body for one in records)
    assert isinstance(bill, StatedBill) and (bill.month, bill.account, bill.total) == (OCTOBER.first, "5", 12000)
    assert isinstance(line, StatedLine) and (line.tariff_e6, line.volume_e6, line.accrued, line.recalculated) == (
        41_870_000,
        3_000_000,
        12561,
        -561,
    )
    assert isinstance(balance, Balance) and (balance.organisation, balance.opening, balance.closing) == ("3", 1000, 12000)
    assert [(one.code, one.severity, one.position.row) for one in findings] == [("TBL-0108", "warning", 3)]
    assert said("начисления.csv", csv(header, rows[0].replace("120,00;10", "121,00;10")))[1][0].code == "TBL-0111"
    assert said("начисления.csv", csv(header, rows[0].replace("ХВС", "Вода")))[1][0].code == "TBL-0107"
    named = TableProfile("charges", propose(read_grid("н.csv", csv(header, *rows))).profile().columns, {"вода": "20"})
    assert said("начисления.csv", csv(header, rows[0].replace("ХВС", "Вода")), named)[1] == []


def test_dbf_with_the_names_of_fields_that_billing_systems_use() -> None:
    data = dbf(
        [("LS", "C", 10), ("OSQ", "N", 10), ("DOPEN", "D", 8), ("FIO", "C", 30)], [["1001", "46.10", "20200105", "Тестова Анна Петровна"]]
    )
    records, findings, _ = said("ls.dbf", data)
    assert findings == [] and isinstance(records[0].body, Account)
    assert (records[0].body.area_e2, records[0].body.opened_on) == (4610, date(2020, 1, 5))


def test_meters_keep_what_the_table_does_not_say() -> None:
    rows = ("1001;ХВС;A-77;;05.06.2030", "1001;ХВС;C-1;10.10.2026;")
    records, findings, _ = said("пу.csv", csv("Лицевой счет;Услуга;Заводской номер;Дата установки;Следующая поверка", *rows))
    old, new = (one.body for one in records)
    assert isinstance(old, Meter) and isinstance(new, Meter) and not findings
    assert (records[0].key, old.next_verification_on, old.digits) == ("30", date(2030, 6, 5), 5)
    assert (new.account, new.house, new.commissioned_on, new.kind) == ("5", "10", date(2026, 10, 10), 3)


def test_a_profile_finds_its_headings_or_says_which_are_missing() -> None:
    profile = TableProfile("areas", {"number": "счет абонента", "total_area": "s кв"})
    placed = place(read_grid("a.csv", csv("Отчёт", "S, кв;Счёт абонента", "46,1;1001")), profile)
    assert placed.places == {"number": 1, "total_area": 0} and TableProfile.from_json(profile.to_json()) == profile
    with pytest.raises(InputError, match="TBL-0104"):
        place(read_grid("a.csv", csv("Площадь;Счёт", "46,1;1001")), profile)
    with pytest.raises(InputError, match="TBL-0102"):
        propose(read_grid("a.csv", csv("Письмо", "Добрый день")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 234,50", 123450),
        ("1\u00a0234,5 руб.", 123450),
        ("1.234,50", 123450),
        ("1,234.50", 123450),
        ("-12", -1200),
        ("12 шт", None),
        ("", None),
    ],
)
def test_numbers_as_people_write_them(text: str, expected: int | None) -> None:
    assert read_scaled(text, 2) == expected


@pytest.mark.parametrize("text", ["31.02.2026", "октябрь", "1 брюмера 2026", "2026"])
def test_no_day_is_guessed(text: str) -> None:
    assert read_date(text) is None


def test_every_kind_can_be_proposed_by_the_names_of_its_own_columns() -> None:
    for kind in kinds().values():
        heading = ";".join(column.headings[0] for column in kind.columns)
        placed = propose(read_grid("t.csv", csv(heading, *[";".join("1" for _ in kind.columns)] * 2)), kind.code)
        assert set(placed.places) == {column.code for column in kind.columns}, kind.code

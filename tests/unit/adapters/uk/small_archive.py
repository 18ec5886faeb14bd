"""A small correct archive of «Формат 4.0», as data that a test changes before it is packed: one house, two accounts, every kind of row.

Rows are written by the codes of the field tables; what a row does not name is empty. ``pack`` makes a ZIP with a true list of files.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from adapters.contract import Parsed, RawMessage
from adapters.format4.layout import layout_for
from adapters.uk.archives import UkArchives
from adapters.uk.knowledge import RegionKnowledge
from core.model.finding import Finding
from core.model.records import ApprovedTariff, Record, RegisteredSender

LAYOUT, _ = layout_for("4.0.6.2")
INN, OGRN, BIK, ACCOUNT = "0077000116", "1260077000072", "040231901", "40821810700013101001"

REGION = RegionKnowledge(
    (RegisteredSender("Центр", INN, "007701001", OGRN, ("BASE-1", "BASE-2"), 36),),
    (
        ApprovedTariff("utility", 1, None, None, None, "02701000001", "1-с", date(2026, 10, 1), None, 41_870_000),
        ApprovedTariff("utility", 1, None, None, None, "02702000001", "8-с", date(2026, 10, 1), None, 39_000_000),
        ApprovedTariff("contribution", None, None, None, None, "02701000001", "6-с", date(2026, 1, 1), None, 13_420_000),
        ApprovedTariff("utility", 4, 3, 2, None, "02701000001", "7-с", date(2026, 10, 1), None, 5_770_000),
        ApprovedTariff("utility", 4, 3, 3, None, "02701000001", "7-с", date(2026, 10, 1), None, 3_360_000),
    ),
)

Cells = dict[str, str]


@dataclass
class SmallArchive:
    """Rows by section, the row of ``_info``, and what else is in the ZIP."""

    info: Cells
    rows: dict[str, list[Cells]]
    raw: dict[str, bytes] = field(default_factory=dict)
    """Files put in as they are, instead of the section's."""
    listed: dict[str, tuple[str, str] | None] = field(default_factory=dict)
    """Rows of the list put in instead of the true ones; None leaves the file out of the list."""

    def row(self, section: str, number: int = 1) -> Cells:
        """A row to change, 1 = first."""
        return self.rows[section][number - 1]

    def add(self, section: str, like: int = 1, /, **cells: str) -> None:
        """Append a row like another one, with changes."""
        self.rows[section].append({**self.row(section, like), **cells})

    def files(self) -> dict[str, bytes]:
        """All files of the archive."""
        tables = {"_info": [self.info], **self.rows}
        files = {}
        for code, rows in tables.items():
            section = LAYOUT.info if code == "_info" else LAYOUT.sections[code]
            header = ";".join(f"{item.n}. {item.name}" for item in section.fields)
            lines = [";".join(_quoted(row.get(item.code, "")) for item in section.fields) for row in rows]
            files[f"{code}.csv"] = "".join(f"{line}\r\n" for line in (header, *lines)).encode("cp1251")
        files |= self.raw
        counts = {f"{code}.csv": len(rows) for code, rows in tables.items()}
        listed: dict[str, tuple[str, str] | None] = {
            name: (str(counts[name]), hashlib.md5(data).hexdigest()) for name, data in files.items() if name in counts
        }
        listed |= self.listed
        lines = [f"{name};{row[0]};{row[1]}" for name, row in listed.items() if row is not None]
        files.setdefault("_filelist.csv", "".join(f"{line}\r\n" for line in ("1. Имя;2. Строк;3. Контроль", *lines)).encode("cp1251"))
        return {name: data for name, data in files.items() if data is not None}

    def pack(self) -> RawMessage:
        """The archive as a message."""
        return RawMessage("small.zip", zipped(self.files()))


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in ';"\n') else cell


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A ZIP of the files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 3, 12, 0, 0)), data)
    return buffer.getvalue()


def _readings() -> list[Cells]:
    values = ["100.000", "110.000", "120.000", "130.000", "140.000", "150.000"]
    return [
        {"id": str(n), "meter": "1", "taken_on": f"24.{n + 4:02d}.2026", "value": value, "source": "1", "zone": "1"}
        for n, value in enumerate(values, 1)
    ]


def small_archive() -> SmallArchive:
    """A correct archive: accepted, no findings."""
    contragent = {"kind": "1", "full_name": "ООО «Синтетическая УК»", "ogrn": OGRN, "inn": INN, "kpp": "007701001"}
    epd = {"kind": "1", "formed_on": "04.10.2026", "receiver_account": "1", "status": "1", "penalties_total": "0"}
    tariff = {"name": "Приказ", "adopted_on": "15.12.2025", "ends_on": "31.12.2026"}
    rows: dict[str, list[Cells]] = {
        "contragent": [{"id": "1", **contragent}, {"id": "2", **contragent, "full_name": 'Банк "Синтез"; филиал'}],
        "contragentrole": [{"organisation": "1", "role": "36", "main": "2"}, {"organisation": "1", "role": "1", "main": "1"}],
        "bank": [{"organisation": "2", "bik": BIK, "correspondent": "30101810000000000901"}],
        "contragentrschet": [{"id": "1", "number": ACCOUNT, "bank": "2", "organisation": "1", "opened_on": "15.01.2026"}],
        "dictmeasure": [{"id": "1", "name": "Кубический метр", "short_name": "м3", "okei": "113"}],
        "dictusluga": [
            {"id": "1", "name": "Содержание", "kind": "2", "provision": "1", "housing_kind": "3", "okei": "055"},
            {
                "id": "2", "name": "Холодная вода", "kind": "1", "provision": "1", "utility_kind": "1", "okei": "113",
                "resource_kind": "1", "sort_order": "2",
            },
            {
                "id": "3", "name": "Холодная вода на СОИ", "kind": "2", "provision": "2", "base_code": "2", "housing_kind": "3",
                "okei": "113",
            },
        ],
        "files": [{"id": "1", "stored_name": "1.pdf"}],
        "tarif": [
            {"id": "1", **tariff, "starts_on": "01.10.2026", "kind": "1", "scan": "1"},
            {"id": "2", **tariff, "starts_on": "01.01.2026", "kind": "3"},
            {"id": "3", **tariff, "starts_on": "01.10.2026", "kind": "1", "scan": "1"},
        ],
        "tarifres": [{"tariff": "1", "resource_kind": "1"}, {"tariff": "3", "resource_kind": "3"}],
        "tarifusluga": [
            {"tariff": "1", "utility_kind": "1", "value": "41.87", "rates": "1"},
            {"tariff": "2", "value": "13.42", "rates": "1"},
            {"tariff": "3", "utility_kind": "4", "value": "5.77", "rates": "2"},
            {"tariff": "3", "utility_kind": "4", "value": "3.36", "rates": "2"},
        ],
        "house": [{
            "id": "1", "district_or_city": "Заречинск", "street": "Береговая", "house_no": "1", "oktmo": "02701000001",
            "fias_house": "b459071a-fb8a-4f9e-bf72-c46dca8fbe35", "time_zone": "Europe/Samara", "cadastre_known": "2",
            "house_kind": "2", "account_count": "2", "manager": "1", "no_meter": "2",
        }],
        "housedoc": [{"id": "1", "house": "1", "parameter": "9001", "integer": "2"}],
        "premises": [{
            "id": "1", "house": "1", "kind": "1", "own_entrance": "1", "number": "1", "flat_kind": "1", "area": "61.10",
            "has_living_area": "2", "cadastre_known": "2", "no_meter": "2",
        }],
        "du": [{"id": "1", "organisation": "1", "number": "ДУ-1", "signed_on": "20.12.2025"}],
        "duou": [{"id": "1", "contract": "1", "house": "1", "starts_on": "01.01.2026"}],
        "duouusluga": [{"managed_house": "1", "service": "1", "starts_on": "01.01.2026", "ends_on": "31.12.2030"}],
        "ducharge": [{"id": "1", "contract": "1", "price": "31.20", "managed_house": "1", "starts_on": "01.01.2026"}],
        "kapremdecisions": [{"id": "1", "house": "1", "effective_on": "01.01.2026", "fund": "2", "excess": "1.5"}],
        "ind": [{"id": "1", "surname": "Тестов", "name": "Синтет", "born_on": "24.09.1973", "snils": "000-000-001 01"}],
        "kvar": [
            {
                "id": "1", "number": "41100000011", "house": "1", "surname": "Тестов", "name": "Синтет", "opened_on": "01.01.2026",
                "total_area": "61.10", "principal": "1", "kind": "4", "payer_person": "1", "status": "1", "residents": "2",
            },
            {
                "id": "2", "number": "41100000029", "house": "1", "opened_on": "01.01.2026", "total_area": "40", "principal": "1",
                "kind": "4", "payer_organisation": "1", "status": "1",
            },
        ],
        "kvaraccom": [{"account": "1", "premises": "1", "share": "100.00"}],
        "gil": [{"id": "1", "account": "1", "person": "1", "kind": "1", "first": "19.05.2018", "last": "31.12.2030"}],
        "gilout": [{"id": "1", "account": "1", "residence": "1", "left_on": "03.10.2026", "back_on": "24.10.2026"}],
        "pu": [{
            "id": "1", "house": "1", "kind": "3", "account": "1", "premises": "1", "service": "2", "serial": "СН1", "digits": "5",
            "commissioned_on": "01.03.2022", "verified_on": "15.02.2022", "next_verification_on": "15.02.2028", "status": "1",
        }],
        "puval": _readings(),
        "nedo": [{
            "id": "1", "house": "1", "service": "2", "starts_at": "08.10.2026 06:00:00", "ends_at": "09.10.2026 02:00:00",
            "claimed_hours": "8", "act_no": "А-17", "act_on": "09.10.2026",
        }],
        "epd": [
            {"id": "1", **epd, "period": "01.09.2026", "account": "1", "services_total": "2333.48", "number": "1"},
            {"id": "2", **epd, "period": "01.10.2026", "account": "1", "services_total": "418.70", "penalties_total": "3.00"},
        ],
        "epdcharge": [
            {
                "id": "1", "document": "1", "service": "1", "tariff": "31.20", "total": "1906.32", "accrued": "1906.32",
                "recalculated": "10.00", "benefit": "10.00", "volume": "61.100000",
            },
            {"id": "2", "document": "2", "service": "2", "tariff": "41.87", "total": "418.70", "accrued": "418.70", "volume": "10.000000"},
        ],
        "epdcapital": [{
            "id": "1", "document": "1", "tariff": "7", "accrued": "427.16", "recalculated": "0", "benefit": "0", "total": "427.16",
            "supplier": "1", "status": "1",
        }],
        "epddebt": [
            {"id": "1", "document": "2", "service": "1", "creditor": "1", "origin_month": "01.09.2026", "amount": "1000.00"},
            {"id": "2", "document": "2", "service": "1", "creditor": "1", "origin_month": "01.08.2026", "amount": "6.32"},
        ],
        "epdpenalty": [{
            "id": "1", "document": "2", "kind": "1", "origin_month": "01.08.2026", "creditor": "1", "opening": "1.00", "posted": "2.50",
            "paid": "0.50", "closing": "3.00",
        }],
        "saldo": [
            {
                "id": "1", "account": "1", "service": "1", "creditor": "1", "month": "01.10.2026", "opening": "1006.32", "accrued": "100",
                "recalculated": "-5", "changed": "1", "undelivered": "2", "benefit": "3", "paid": "7.32", "closing": "1090.00",
            },
            {
                "id": "2", "account": "1", "service": "2", "creditor": "1", "month": "01.10.2026", "opening": "-10.00",
                "accrued": "418.70", "closing": "408.70",
            },
        ],
        "oplatapack": [{"id": "1", "ordered_on": "07.10.2026", "number": "1", "amount": "2500.00", "count": "2", "status": "1"}],
        "oplata": [
            {
                "id": "1", "account": "1", "operation": "1", "order_id": "4126100700000010", "paid_on": "06.10.2026", "amount": "2000.00",
                "source": "Банк", "for_month": "01.09.2026", "pack": "1", "receiver_account": "1", "document": "1", "status": "1",
            },
            {
                "id": "2", "account": "2", "operation": "1", "order_id": "4126100700000011", "paid_on": "06.10.2026", "amount": "500",
                "pack": "1", "receiver_account": "1", "status": "1",
            },
        ],
        "kvisol": [{"id": "1", "payment": "1", "result": "1", "document": "1", "status": "1", "amount_kopecks": "200000"}],
        "kvisolservice": [
            {"id": "1", "matching": "1", "kind": "1", "charge": "1", "amount_kopecks": "150000"},
            {"id": "2", "matching": "1", "kind": "2", "contribution": "1", "amount_kopecks": "50000"},
        ],
        "crfundsize": [{
            "id": "1", "house": "1", "month": "10.2026", "status": "1", "opening": "1000.00", "closing": "1300.50", "spent": "100.00",
            "debt": "0",
        }],
        "crfundsizepremises": [{
            "id": "1", "fund": "1", "account": "1", "opening": "0", "accrued": "427.16", "penalties": "0", "paid": "400.00",
            "penalties_paid": "0.50", "closing": "0",
        }],
    }  # fmt: skip
    info = {
        "version": "4.0.6.2", "inn": INN, "kpp": "007701001", "ogrn": OGRN, "name": "Центр", "data_bank_key": "BASE-1", "year": "2026",
        "month": "10", "formed_at": "03.11.2026 23:00:00", "contact_name": "Тестова", "contact_phone": "+7 000", "provider_kind": "36",
        "system": "Биллинг", "unload_kind": "1",
    }  # fmt: skip
    return SmallArchive(info, rows)


@dataclass(frozen=True)
class Outcome:
    """What parsing gave."""

    findings: list[Finding]
    records: list[Record]
    parsed: Parsed

    @property
    def places(self) -> list[tuple[str, int | None, int | None, str, str]]:
        """Findings as file, row, field, code, effect."""
        return [(f.position.file, f.position.row, f.field, f.code, f.effect) for f in self.findings]

    def of(self, kind: type) -> list[Record]:
        """Records of one kind of body."""
        return [record for record in self.records if isinstance(record.body, kind)]


def parse(message: RawMessage, known: Mapping[str, frozenset[str]] | None = None) -> Outcome:
    """Parse a message with the region of the small archive."""
    said = list(UkArchives(REGION).parse(message, known or {}))
    parsed = said[-1]
    assert isinstance(parsed, Parsed)
    findings = [item for item in said if isinstance(item, Finding)]
    return Outcome(findings, [item for item in said if isinstance(item, Record)], parsed)


def parse_changed(change: Callable[[SmallArchive], object], known: Mapping[str, frozenset[str]] | None = None) -> Outcome:
    """Parse the small archive after a change."""
    archive = small_archive()
    change(archive)
    return parse(archive.pack(), known)

#!/usr/bin/env python3
"""Проверка пакета доказательств ЕПД (erkc-proof/1) без сети и без программы ЕРКЦ: нужен только Python 3.11 или новее.

    python -I verify.py [ПАКЕТ.zip | ПАПКА] [--root ПЕЧАТЬ] [--bill КОД] [--package КОД] [--rows] [--json]
    python -I ПАКЕТ.zip [те же ключи]

--root     печать дня (64 знака), которую вы храните сами или получили не от автора пакета
--bill     контрольный код с бумажного счёта (первые 16 знаков хеша его содержания)
--package  код пакета, который назвала команда erkc proof
--rows     показать строки сообщений, из которых взяты числа
--json     один документ JSON

Код возврата: 0 — всё сошлось, 1 — пакет отвергнут, 2 — неверный вызов.
"""

# Standard library only: this file is shipped inside each package and run on a clean machine. It computes with the very files that the
# centre computes with: clauses.py (the law as arithmetic, read with Fraction) and merkle.py (the trees of the archive).

from __future__ import annotations

import base64
import io
import json
import struct
import sys
import types
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any, TextIO

__all__ = ["FORMAT", "MANIFEST", "Refused", "Report", "main", "manifest_of", "pack", "read_package", "reported", "verify"]

FORMAT = "erkc-proof/1"
MANIFEST = "manifest.json"
_PARTS = ("base", "with_coefficient", "recalculation", "underdelivery", "benefit")
_AT_ONE_ROUBLE = {"T": Fraction(1), "e": Fraction(0)}
_CONTROL_SIGNS = 16
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError)
"""What ``zipfile`` raises over bytes that are no archive of stored members; ``RuntimeError``: encrypted."""
_UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, LookupError, SyntaxError, NameError)
"""What reading JSON or code of another shape than ours raises."""

Json = Any
"""JSON values of a package whose shape is being checked."""


class Refused(Exception):
    """The package is not what it says: the rest of it is not looked at."""


def pack(members: Mapping[str, bytes]) -> bytes:
    """The one ZIP archive of these members: stored, without dates, attributes or comments, so that no byte of it is free to change."""
    body, directory = io.BytesIO(), io.BytesIO()
    for name, data in members.items():
        text = name.encode("ascii")
        head = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, zlib.crc32(data), len(data), len(data), len(text), 0)
        directory.write(b"PK\x01\x02" + struct.pack("<H", 0x314) + head + struct.pack("<HHHII", 0, 0, 0, 0o644 << 16, body.tell()) + text)
        body.write(b"PK\x03\x04" + head + text + data)
    size, start = directory.tell(), body.tell()
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, len(members), len(members), size, start, 0)
    return body.getvalue() + directory.getvalue() + end


def manifest_of(members: Mapping[str, bytes]) -> bytes:
    """The list of members with their hashes; its own hash is the code of the package."""
    listed = {name: sha256(data).hexdigest() for name, data in members.items()}
    return json.dumps({"format": FORMAT, "members": listed}, sort_keys=True, indent=1).encode("ascii") + b"\n"


def read_package(place: Path) -> dict[str, bytes]:
    """Members of a package: a ZIP archive, or the folder it was unpacked to."""
    if place.is_dir():
        return {file.relative_to(place).as_posix(): file.read_bytes() for file in sorted(place.rglob("*")) if file.is_file()}
    return unpack(place.read_bytes())


def unpack(data: bytes) -> dict[str, bytes]:
    """Members of an archive; refused when it holds anything that :func:`pack` would not write."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            if any(info.compress_type != zipfile.ZIP_STORED for info in opened.infolist()):
                raise Refused("в архиве изменён способ сжатия")
            members = {info.filename: opened.read(info) for info in opened.infolist()}
        repacked = pack(members)
    except _DAMAGE as error:
        raise Refused(f"архив повреждён: {error}") from None
    if repacked != data:
        raise Refused("в архиве изменены служебные байты, порядок или состав файлов")
    return members


@dataclass(slots=True)
class Report:
    """What was checked, in order: sections, facts that hold, facts that do not, and notes."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def section(self, title: str) -> None:
        """The next matter."""
        self.told.append(("section", title))

    def note(self, text: str) -> None:
        """What the reader has to know; neither for nor against."""
        self.told.append(("note", text))

    def held(self, text: str, *, unless: Sequence[str] = ()) -> None:
        """One fact that holds, unless these were found against it."""
        for trouble in unless[:20]:
            self.told.append(("bad", trouble))
        if len(unless) > 20:
            self.told.append(("bad", f"… и ещё расхождений: {len(unless) - 20}"))
        if not unless:
            self.told.append(("ok", text))

    @property
    def is_good(self) -> bool:
        """Whether nothing was found against the package."""
        return all(kind != "bad" for kind, _ in self.told)


@dataclass(frozen=True, slots=True)
class Anchors:
    """What the reader has from elsewhere; empty: nothing."""

    root: str = ""
    bill: str = ""
    package: str = ""


def verify(members: Mapping[str, bytes], anchors: Anchors | None = None) -> Report:
    """Check a whole package; the report says what holds and what does not."""
    report, known = Report(), anchors or Anchors()
    try:
        code = _manifest(members, report)
        _Checking(members, known, report, code).run()
    except Refused as refusal:
        report.held("", unless=[str(refusal)])
    except _UNREADABLE as error:
        report.held("", unless=[f"содержимое пакета не читается: {type(error).__name__}: {error}"])
    return report


def _manifest(members: Mapping[str, bytes], report: Report) -> str:
    """Compare each member with the list; the code of the package."""
    report.section("Состав пакета")
    if MANIFEST not in members:
        raise Refused(f"нет файла {MANIFEST}")
    try:
        manifest = json.loads(members[MANIFEST])
        listed: dict[str, str] = manifest["members"]
        if manifest["format"] != FORMAT:
            raise Refused(f"формат {manifest['format']}, а нужен {FORMAT}")
    except _UNREADABLE as error:
        raise Refused(f"{MANIFEST} не читается: {error}") from None
    rest = {name: data for name, data in members.items() if name != MANIFEST}
    odd = sorted(rest.keys() ^ listed.keys())
    if odd:
        raise Refused(f"состав файлов не тот, что в {MANIFEST}: {', '.join(odd)}")
    changed = sorted(name for name, data in rest.items() if sha256(data).hexdigest() != listed[name])
    if changed:
        raise Refused(f"изменены файлы: {', '.join(changed)}")
    if manifest_of(rest) != members[MANIFEST]:
        raise Refused(f"{MANIFEST} записан не по форме")
    code = sha256(members[MANIFEST]).hexdigest()
    report.held(f"файлов {len(rest)}, каждый совпадает со своим SHA-256; код пакета {code}")
    return code


def kopecks(roubles: Fraction) -> int:
    """Whole kopecks, half away from zero."""
    return _rounded(roubles, 100)


def _rounded(value: Fraction, scale: int) -> int:
    whole = (2 * abs(value.numerator) * scale + value.denominator) // (2 * value.denominator)
    return -whole if value < 0 else whole


def roubles(amount: int) -> str:
    """Kopecks as people read them."""
    return f"{'−' if amount < 0 else ''}{abs(amount) // 100:,}".replace(",", " ") + f",{abs(amount) % 100:02d}"


def _module(name: str, source: bytes) -> types.ModuleType:
    """A Python file of the package as a module."""
    module = types.ModuleType(f"erkc_proof_{name}")
    sys.modules[module.__name__] = module
    exec(compile(source, f"{name}.py", "exec", dont_inherit=True), module.__dict__)
    return module


class _Checking:
    """One package that agrees with its list, checked matter by matter."""

    def __init__(self, members: Mapping[str, bytes], anchors: Anchors, report: Report, code: str) -> None:
        self.members, self.anchors, self.report, self.code = members, anchors, report, code
        self.clauses, self.merkle = (_module(name, members[f"{name}.py"]) for name in ("clauses", "merkle"))
        self.package, self.lines, self.records, self.law, self.rules, self.messages, self.seals = (
            json.loads(members[f"{name}.json"]) for name in ("package", "lines", "records", "law", "rules", "messages", "seals")
        )
        self.bill: Json = json.loads(members["bill.json"])
        self.used: dict[str, int] = defaultdict(int)
        """Clauses, and how many rows they computed."""

    def run(self) -> None:
        """Everything, in the order in which the report tells it."""
        self.bill_itself()
        self.lines_themselves()
        self.bill_of_lines()
        self.rules_and_tariffs()
        self.bytes_of_records()
        self.compared()

    # The bill

    def bill_itself(self) -> None:
        """The hash of the content, and its arithmetic as a reader of the paper would do it."""
        bill, report = self.bill, self.report
        report.section(f"Счёт на оплату № {bill['number']} за {bill['month']}, лицевой счёт {bill['account_number']}")
        digest = sha256(self.members["bill.json"]).hexdigest()
        canonical = json.dumps(bill, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        wrong = [] if canonical == self.members["bill.json"] else ["bill.json записан не по форме"]
        wrong += [] if digest == self.package["bill_sha256"] else [f"хеш содержания {digest}, а заявлен {self.package['bill_sha256']}"]
        report.held(f"хеш содержания {digest}, контрольный код {digest[:_CONTROL_SIGNS]}", unless=wrong)
        report.held(
            f"арифметика счёта: начислено {roubles(bill['charged'])}, к оплате {roubles(bill['due'])} руб.",
            unless=[*self._bill_lines(), *self._recipients(), *self._totals()],
        )
        if "bill.pdf" in self.members:
            pdf = sha256(self.members["bill.pdf"]).hexdigest()
            report.held(f"PDF: SHA-256 {pdf}", unless=[] if pdf == self.package["pdf_sha256"] else ["PDF не тот, что был напечатан"])

    def _bill_lines(self) -> Iterator[str]:
        explained: dict[int, int] = defaultdict(int)
        for row in self.bill["recalculations"]:
            explained[row["service_id"]] += row["amount"]
        for row in self.bill["lines"]:
            explained[row["service_id"]] -= row["recalculation"]
            if row["total"] != row["base"] + row["surcharge"] + row["recalculation"] - row["benefit"]:
                yield f"«{row['name']}»: итог {roubles(row['total'])} не равен сумме граф"
        if any(explained.values()):
            yield "перерасчёты не равны своим основаниям"

    def _recipients(self) -> Iterator[str]:
        charged: dict[tuple[int, bool], int] = defaultdict(int)
        for row in self.bill["lines"]:
            charged[row["creditor_id"], row["section"] == "capital_repair"] += row["total"]
        for row in self.bill["recipients"]:
            contribution = row.get("contribution", False)
            own = sum(charged.pop((creditor, contribution), 0) for creditor in row.get("creditors") or [row["creditor_id"]])
            if own != row["charged"]:
                yield f"«{row['name']}»: начислено {roubles(row['charged'])}, по строкам {roubles(own)}"
            balance = row["debt"] - row["advance"] - row["paid"] + own + row["penalties"] + row.get("interest", 0) - row.get("deferred", 0)
            if row["due"] != max(0, balance):
                yield f"«{row['name']}»: к оплате {roubles(row['due'])}, по расчёту {roubles(max(0, balance))}"
        if any(charged.values()):
            yield "есть строки без получателя"

    def _totals(self) -> Iterator[str]:
        bill = self.bill
        if bill["charged"] != sum(row["total"] for row in bill["lines"]):
            yield "«Начислено» не равно сумме строк"
        for name in ("debt", "advance", "paid", "penalties", "due", "interest", "deferred"):
            if bill.get(name, 0) != sum(row.get(name, 0) for row in bill["recipients"]):
                yield f"итог {name} не равен сумме по получателям"

    # The lines

    def lines_themselves(self) -> None:
        """Each amount of each line, by the clauses and the rules of rounding."""
        report, count, stated = self.report, 0, 0
        wrong: list[str] = []
        told: list[str] = []
        report.section("Строки начислений: каждая сумма пересчитана по формулам закона")
        for account in self.lines["accounts"]:
            for line in account["lines"]:
                if line["clause"] == "stated":
                    stated += 1
                    told += self._stated(line)
                else:
                    count += 1
                    wrong += self._line(line)
            for line in account["lawful"]:
                wrong += self._line(line)
        if count:
            report.held(f"строк {count}: начисление, коэффициент, перерасчёт, снижение, льгота и объём сходятся до копейки", unless=wrong)
        if stated:
            report.held(f"строк отправителя {stated}: приняты как заявлены, равны его документу; по закону не начислялись", unless=told)
            lawful = [line for account in self.lines["accounts"] for line in account["lawful"]]
            report.held(f"рядом пересчитано по закону строк: {len(lawful)}, на {roubles(_total(lawful))} руб.", unless=wrong)
        report.note(f"применено правил: {', '.join(f'{name} ({rows})' for name, rows in sorted(self.used.items()))}")

    def _line(self, line: Json) -> Iterator[str]:
        """What a line comes to by its inputs against what it says."""
        sums: dict[str, int] = {}
        volume = Fraction(0)
        for part in _PARTS:
            for group in line["inputs"].get(part, ()):
                exact = sum((self._worth(row, {}) for row in group), Fraction(0))
                sums[part] = sums.get(part, 0) + kopecks(exact)
                if part == "base":
                    volume += sum((self._worth(row, _AT_ONE_ROUBLE) for row in group), Fraction(0))
        base = sums.get("base", 0)
        found = {part: sums.get(part, 0) for part in ("base", "recalculation", "underdelivery", "benefit")}
        found["surcharge"] = sums["with_coefficient"] - base if "with_coefficient" in sums else 0
        found["total"] = base + found["surcharge"] + found["recalculation"] - found["underdelivery"] - found["benefit"]
        found["volume_e6"] = _rounded(volume, 10**6)
        for name, amount in found.items():
            if line[name] != amount:
                yield f"«{line['service']}», {name}: в строке {line[name]}, по формулам {amount}"

    def _worth(self, row: Json, at: Mapping[str, Fraction]) -> Fraction:
        """A row by its clause, exact roubles; with a price of one rouble it is the volume."""
        clause: Callable[..., Fraction] = getattr(self.clauses, row["clause"])
        if not at:
            self.used[row["clause"]] += 1
        values = {name: at.get(name, Fraction(text)) for name, text in row["values"].items()}
        return Fraction(clause(**values))

    def _stated(self, line: Json) -> Iterator[str]:
        """A line of the sender equals the rows of its document."""
        bodies = [self.records[str(record)]["body"] for record in line["sources"]]
        names = {"base": "accrued", "recalculation": "recalculated", "benefit": "benefit"}
        for name, field_name in names.items():
            if None not in bodies and line[name] != sum(body[field_name] for body in bodies):
                yield f"«{line['service']}», {name}: не равно документу отправителя"
        if line["total"] != line["base"] + line["surcharge"] + line["recalculation"] - line["underdelivery"] - line["benefit"]:
            yield f"«{line['service']}»: итог не равен сумме граф"

    # The bill out of the lines

    def bill_of_lines(self) -> None:
        """Every row of the bill is a line, with the corrections of closed months in it, and there is no other."""
        self.report.section("Счёт составлен из этих строк")
        expected: dict[tuple[int, int, int], dict[str, int]] = {}
        corrected = 0
        wrong: list[str] = []
        for account in self.lines["accounts"]:
            for line in account["lines"]:
                expected[account["account_id"], line["service_id"], line["creditor_id"]] = {
                    "base": line["base"], "surcharge": line["surcharge"], "benefit": line["benefit"],
                    "recalculation": line["recalculation"] - line["underdelivery"], "volume": line["volume_e6"],
                }  # fmt: skip
            sums: dict[tuple[int, int, int], int] = defaultdict(int)
            for row in account["differences"]:
                wrong += self._difference(row)
                corrected += 1
                if not row["blocked"]:
                    sums[account["account_id"], row["service_id"], row["creditor_id"]] += row["total"]
            for key, amount in sums.items():
                if key in expected or amount:
                    known = expected.setdefault(key, {"base": 0, "surcharge": 0, "benefit": 0, "recalculation": 0, "volume": 0})
                    known["recalculation"] += amount
        for row in self.bill["lines"]:
            key = (row.get("account_id") or self.bill["account_id"], row["service_id"], row["creditor_id"])
            line = expected.pop(key, None)
            volumes = (row["individual_volume_e6"], row["common_volume_e6"])
            found = {name: row[name] for name in ("base", "surcharge", "benefit", "recalculation")}
            found["volume"] = next((volume for volume in volumes if volume is not None), 0)
            if line != found:
                wrong.append(f"«{row['name']}»: в счёте {found}, в строках {line}")
        wrong += [f"строка услуги {service} получателя {creditor} не попала в счёт" for _, service, creditor in expected]
        shown = f"; перерасчётов закрытых месяцев {corrected}, каждый пересчитан" if corrected else ""
        self.report.held(f"строк счёта {len(self.bill['lines'])} — все из строк начислений{shown}", unless=wrong)

    def _difference(self, row: Json) -> Iterator[str]:
        """A correction is the line with what was learned less the line without it, both recomputed."""
        for line in (row["before"], row["after"]):
            if line is not None and line["clause"] != "stated":
                yield from self._line(line)
        signs = {"base": 1, "surcharge": 1, "recalculation": 1, "underdelivery": -1, "benefit": -1}
        for name, sign in signs.items():
            before, after = (0 if line is None else line[name] for line in (row["before"], row["after"]))
            if row[name] != sign * (after - before):
                yield f"перерасчёт за {row['month']}, «{row['service']}», {name}: {row[name]}, а строки дают {sign * (after - before)}"
        if row["total"] != sum(row[name] for name in signs):
            yield f"перерасчёт за {row['month']}, «{row['service']}»: итог не равен сумме"

    # Rules, tariffs, sources

    def rules_and_tariffs(self) -> None:
        """Every number names its source; parameters of the law and approved prices are those in force on the days of the row."""
        self.report.section("Правила, тарифы и источники чисел")
        wrong: list[str] = []
        law = prices = metered = equal = 0
        records: set[str] = set()
        for line in self._all_lines():
            sources = {str(record) for record in line["sources"]}
            records |= sources
            for row in (row for part in (*_PARTS, "compensation") for group in line["inputs"].get(part, ()) for row in group):
                if row["clause"] not in self.rules["clauses"]:
                    wrong.append(f"нет текста правила {row['clause']}")
                named = {str(record) for ids in row["records"].values() for record in ids}
                if named - sources and part_counts(line, row):
                    wrong.append(f"«{line['service']}»: число взято из записи, не названной источником строки")
                for symbol, name in row.get("law", {}).items():
                    law += 1
                    wrong += self._law(name, row, symbol)
                found = self._price(row)
                prices += found is not None
                wrong += found or []
                for symbol in row["values"].keys() & {"V", "V_flat"}:
                    read = self._read(row["records"].get(symbol, ()))
                    metered += read is not None
                    equal += read == Fraction(row["values"][symbol])
        missing = sorted(records - self.records.keys())
        wrong += [f"нет записи {record}" for record in missing]
        self.report.held(
            f"записей-источников {len(records)}; параметров закона сверено {law}, утверждённых тарифов и цен сверено {prices};"
            f" редакция правил {', '.join(sorted({line['rules'] for line in self._all_lines()}))}",
            unless=wrong,
        )
        if metered:
            report = f"объёмов по приборам {metered}, из них равны разности показаний: {equal}"
            self.report.note(
                report + ("" if equal == metered else "; остальные сложены по правилам пп. 59–61, слагаемые видны в lines.json")
            )

    def _all_lines(self) -> Iterator[Json]:
        for account in self.lines["accounts"]:
            yield from account["lines"]
            yield from account["lawful"]
            for row in account["differences"]:
                yield from (line for line in (row["before"], row["after"]) if line is not None)

    def _law(self, name: str, row: Json, symbol: str) -> Iterator[str]:
        day = row["from"]
        for value in self.law[name]["values"]:
            if value["from"] <= day and (value["to"] is None or day <= value["to"]):
                if Fraction(row["values"][symbol]) != Fraction(value["value"]):
                    yield f"{name}: в строке {row['values'][symbol]}, в законе {value['value']}"
                return
        yield f"{name} не определён на {day}"

    def _read(self, numbers: Sequence[int]) -> Fraction | None:
        """What the readings of a volume differ by, meter by meter; None where it comes of anything else."""
        bodies = [self.records[str(number)]["body"] for number in numbers if self.records[str(number)]["kind"] == "reading"]
        meters: dict[tuple[str, int], list[tuple[str, int]]] = defaultdict(list)
        for body in bodies:
            if body is None:
                return None
            meters[body["meter"], body["zone"] or 0].append((body["taken_on"], body["value_e3"]))
        if not meters or any(len(values) != 2 for values in meters.values()):
            return None
        return sum((Fraction(max(values)[1] - min(values)[1], 1000) for values in meters.values()), Fraction(0))

    def _price(self, row: Json) -> list[str] | None:
        """The price of a row against the one record that it names; None where it is no approved price."""
        named = [self.records[str(record)] for record in row["records"].get("T", ())]
        if len(named) != 1 or named[0]["kind"] not in ("approved_tariff", "house_price") or named[0]["body"] is None:
            return None
        body = named[0]["body"]
        is_tariff = named[0]["kind"] == "approved_tariff"
        value = Fraction(body["value_e6" if is_tariff else "price_e6"], 10**6)
        first, last = (body["first"], body["last"]) if is_tariff else (body["starts_on"], body["ends_on"])
        wrong = [] if value == Fraction(row["values"]["T"]) else [f"тариф {row['values']['T']}, а утверждён {value}"]
        if is_tariff and (row["from"] < first or (last is not None and row["to"] > last)):
            wrong.append(f"тариф {body['act']} не действовал {row['from']} – {row['to']}")
        return wrong

    # Bytes

    def bytes_of_records(self) -> None:
        """Rows of messages stand in the messages, messages in the sealed days, days in the chain."""
        report = self.report
        report.section("Байты сообщений и печать архива")
        wrong: list[str] = []
        whole = lines = 0
        for message in self.messages:
            content = bytes.fromhex(message["content_root"])
            if message["shown"] == "whole":
                whole += 1
                wrong += self._whole(message, content)
            shown = message["lines"]
            lines += len(shown)
            bad = [line for line in shown if not self.merkle.check_line(self._shown(line), content)]
            wrong += [f"{message['name']}: строка {line['place']} файла {line['file']} не стоит в сообщении" for line in bad]
        wrong += self._positions()
        report.held(f"сообщений {len(self.messages)}: целиком {whole}, строк {lines}; каждая стоит на своём месте сообщения", unless=wrong)
        hidden = sum(1 for record in self.records.values() if record["body"] is None)
        if hidden:
            report.note(f"записей, которые говорят о других лицах и потому не показаны: {hidden}")
        self._sealed()

    def _whole(self, message: Json, content: bytes) -> Iterator[str]:
        data = self.members[f"messages/{message['sha256']}.bin"]
        if sha256(data).hexdigest() != message["sha256"]:
            yield f"{message['name']}: байты не те"
        elif self.merkle.content_root(io.BytesIO(data)) != content:
            yield f"{message['name']}: корень содержания не тот"

    def _shown(self, line: Json) -> Any:
        """A line of the package as ``merkle.py`` takes it."""
        siblings, ways = ([bytes.fromhex(text) for text in line[name]] for name in ("siblings", "file_siblings"))
        return self.merkle.ShownLine(
            line["file"], line["file_place"], line["files"], line["place"], line["lines"], bytes.fromhex(line["salt"]),
            base64.b64decode(line["data"], validate=True), tuple(siblings), bytes.fromhex(line["lines_root"]), tuple(ways),
        )  # fmt: skip

    def _positions(self) -> Iterator[str]:
        """Every record that is shown names a message; where its lines are said to be there, they are."""
        places = {message["sha256"]: {(line["file"], line["place"]) for line in message["lines"]} for message in self.messages}
        for number, record in self.records.items():
            if record["message"] not in places:
                yield f"запись {number}: нет её сообщения"
            elif record["lines"] is not None:
                file, first, count = record["lines"]
                if any((file, place) not in places[record["message"]] for place in range(first, first + count)):
                    yield f"запись {number}: нет её строк"

    def _sealed(self) -> None:
        days, wrong = {}, []
        chain = bytes.fromhex(self.seals["previous_chain"])
        before: date | None = None
        for seal in self.seals["days"]:
            day = date.fromisoformat(seal["day"])
            chain = self.merkle.chain_link(chain, day=day, count=seal["count"], day_root=bytes.fromhex(seal["root"]))
            if chain.hex() != seal["chain"] or (before is not None and (day - before).days != 1):
                wrong.append(f"цепь печатей прервана на {seal['day']}")
            days[seal["day"]], before = seal, day
        sealed = [message for message in self.messages if message["seal"] is not None]
        for message in sealed:
            place, seal = message["seal"], days[message["seal"]["day"]]
            value = self.merkle.sealed_value(bytes.fromhex(message["sha256"]), bytes.fromhex(message["content_root"]))
            way = [bytes.fromhex(text) for text in place["siblings"]]
            root = bytes.fromhex(seal["root"])
            if not self.merkle.check_path(value, place=place["place"], count=seal["count"], siblings=way, expected_root=root):
                wrong.append(f"{message['name']}: путь не ведёт к корню дня {seal['day']}")
        span = f"{self.seals['days'][0]['day']} – {self.seals['days'][-1]['day']}" if days else "нет"
        self.report.held(f"запечатано сообщений {len(sealed)} из {len(self.messages)}; печати {span} продолжают одна другую", unless=wrong)
        for message in self.messages:
            if message["seal"] is None:
                self.report.note(f"НЕ ЗАПЕЧАТАНО: {message['name']}, получено {message['received_at']}: день печатается, когда кончится")

    # What the reader has from elsewhere

    def compared(self) -> None:
        """With what the package was compared: without that it only agrees with itself."""
        report, anchors = self.report, self.anchors
        report.section("С чем сверено")
        if anchors.root:
            day = next((seal["day"] for seal in self.seals["days"] if seal["chain"] == anchors.root.lower()), None)
            wrong = [] if day else ["печать, данная в --root, не стоит в цепи пакета"]
            wrong += [f"{message['name']} не запечатано: с --root его сверить нельзя" for message in self.messages if not message["seal"]]
            report.held(f"с печатью дня {day}, данной в --root", unless=wrong)
        if anchors.bill:
            digest, given = sha256(self.members["bill.json"]).hexdigest(), anchors.bill.lower()
            is_same = len(given) >= _CONTROL_SIGNS and digest.startswith(given)
            report.held("с контрольным кодом счёта, данным в --bill", unless=[] if is_same else [f"контрольный код счёта — {digest[:16]}"])
        if anchors.package:
            is_same = anchors.package.lower() == self.code
            report.held("с кодом пакета, данным в --package", unless=[] if is_same else ["код пакета не тот, что дан в --package"])
        if anchors == Anchors():
            report.note("ни с чем: пакет согласован сам с собой, но не сверен с тем, что есть у вас. Дайте --root, --bill или --package.")
        if self.seals["days"]:
            report.note(f"последняя печать пакета: {self.seals['days'][-1]['day']} {self.seals['days'][-1]['chain']}")

    # Rows for the eye

    def rows(self) -> Iterator[str]:
        """Rows that were shown, as text, with what the records took from them."""
        texts = {
            (message["sha256"], line["file"], line["place"]): base64.b64decode(line["data"]).decode("cp1251", "replace").rstrip("\r\n")
            for message in self.messages
            for line in message["lines"]
        }
        for number, record in self.records.items():
            row = "" if record["row"] is None else f", строка {record['row']}"
            yield f"запись {number}, {record['kind']}, {record['file']}{row}, сообщение {record['message'][:16]}…"
            if record["lines"] is not None:
                file, first, count = record["lines"]
                if (record["message"], file, 0) in texts and file:
                    yield f"    {texts[record['message'], file, 0]}"
                for place in range(first, first + count):
                    yield f"    {texts[record['message'], file, place]}"
            if record["body"] is not None:
                yield f"    → {json.dumps(record['body'], ensure_ascii=False)}"


def part_counts(line: Json, row: Json) -> bool:
    """Whether the sources of a line must name the records of a row: those of the sender's own lines name its document only."""
    return line["clause"] != "stated" and bool(row["records"])


def _total(lines: Sequence[Json]) -> int:
    return sum(line["total"] for line in lines)


_MARKS = {"ok": "  ✔ ", "bad": "  ✘ ", "note": "  • ", "section": ""}


def reported(report: Report, rows: Sequence[str] = ()) -> str:
    """The report as people read it, the verdict last."""
    told = [("\n" if kind == "section" else "") + _MARKS[kind] + text for kind, text in report.told]
    if rows:
        told += ["\nСтроки сообщений, из которых взяты числа", *(f"  {row}" for row in rows)]
    return "\n".join([*told, "\nВЕРДИКТ: " + ("всё сошлось." if report.is_good else "ПАКЕТ ОТВЕРГНУТ.")])


def main(arguments: Sequence[str], *, place: Path, out: TextIO | None = None) -> int:
    """Check the package at ``place``, or the one that the arguments name; the exit code."""
    screen = out or sys.stdout
    names, flags, given = {"--root", "--bill", "--package"}, {"--rows", "--json"}, dict[str, str]()
    rest, wanted = list(arguments), set[str]()
    while rest:
        word = rest.pop(0)
        if word in names and rest:
            given[word.lstrip("-")] = rest.pop(0)
        elif word in flags:
            wanted.add(word)
        elif not word.startswith("-"):
            place = Path(word)
        else:
            screen.write(__doc__ or "")
            return 2
    report, rows = Report(), list[str]()
    try:
        members = read_package(place)
    except Refused as refusal:
        report.held("", unless=[str(refusal)])
    except OSError as error:
        screen.write(f"{place} не читается: {error.strerror}\n")
        return 2
    else:
        report = verify(members, Anchors(**given))
        if report.is_good and "--rows" in wanted:
            rows = list(_Checking(members, Anchors(), Report(), "").rows())
    if "--json" in wanted:
        told = [{"kind": kind, "text": text} for kind, text in report.told]
        screen.write(json.dumps({"ok": report.is_good, "checks": told}, ensure_ascii=False, indent=1) + "\n")
    else:
        screen.write(reported(report, rows) + "\n")
    return 0 if report.is_good else 1


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.exit(main(sys.argv[1:], place=Path(__file__).resolve().parent))

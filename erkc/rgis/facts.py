"""Facts out: the rows in force as their senders wrote them, with what the centre has decided since.

Every record names the message, file and row that brought it, an archive or a message of our service, and the row is taken from those very
bytes, so nothing is lost that the hub itself does not read. What a table or a decision about a reading told becomes a row anew, over the
row that the sender sent of the same thing before, if it did. What the centre knows better stands in the row instead: an area measured by
an act or set by a decision (KVAR 16), the number of accounts of a house (HOUSE 27). An act about an interruption becomes a row of NEDO. A
thing that a table told of first keeps the identifier it got then. Acts and decisions that no section has a place for are named, by kind
and number, and so is what the format asks more of than a table said.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby, islice

from sqlalchemy import Connection

from adapters.format4.container import Container, open_container
from adapters.format4.layout import Section
from adapters.format4.rows import read_rows
from adapters.format4.values import COMMA_TYPES
from adapters.format4.writer import written_decimal
from adapters.uk.soap.push import pushed_rows
from adapters.uk.written import WRITTEN, lacking, row_of
from core import archive
from core.ids import MessageId, ProviderId
from core.model.acts import RESOURCES
from core.model.records import Act, Body, House, Service
from core.period import Month
from core.records.bodies import read_records
from core.records.sections import (
    PlacedRow,
    account_areas,
    account_counts,
    elsewhere,
    own_keys,
    persons_of_tables,
    rows_of_documents,
    rows_of_section,
    told_elsewhere,
)
from erkc.rgis.identifiers import identifier, known_as
from erkc.rgis.output import Output
from erkc.rgis.sent import no_limits, row_hash

__all__ = ["CHANNELS", "Facts"]

CHANNELS = ("uk.format4", "uk.soap")
"""Those whose messages carry rows of the format, and say who sends them."""
_OF_LEDGER = frozenset(
    ("epd", "epdcharge", "epdcapital", "epddebt", "epdpenalty", "saldo", "oplatapack", "oplata", "kvisol", "kvisolservice")
)
"""Written from the ledger, whichever way the sender's own statement came."""
_STATEMENTS = (
    "stated_bill", "stated_line", "stated_contribution", "opening_debt", "opening_penalty", "balance", "payment", "payment_pack",
)  # fmt: skip
_DOCUMENTS = {
    "epd": "stated_bill", "epdcharge": "stated_line", "epdcapital": "stated_contribution", "epdpenalty": "opening_penalty",
}  # fmt: skip
_ROWS_AT_ONCE = 1000
_OPEN_ARCHIVES = 8
_FROM_TABLES_AT_ONCE = 5000
_NO_SECTION = {
    "act": "акт центра", "account_area": "площадь по документу", "recalculation_block": "запрет перерасчёта",
    "mass_recalculation": "массовый перерасчёт", "delivery_choice": "выбор доставки счёта", "delivery_outcome": "судьба доставки счёта",
    "penalty_stop": "остановка пеней", "court_judgement": "судебный акт", "subsidy_grant": "решение о субсидии",
    "resolution": "решение по расхождению",
}  # fmt: skip

_TOLD_BY_THEIR_RECORDS = frozenset(("penalty_stop", "court_judgement", "subsidy"))

Change = Callable[[list[str]], None]


@dataclass(slots=True)
class Facts:
    """Facts of a provider as they stand at the end of a month."""

    connection: Connection
    provider_id: ProviderId
    month: Month
    out: Output
    _archives: OrderedDict[MessageId, Container] = field(default_factory=OrderedDict)
    _renamed: dict[str, dict[str, str]] = field(init=False)
    """Our identifier by the sender's own key, by section: of what tables told of first."""
    _told: Counter[str] = field(default_factory=Counter)
    """Facts written without a row of the sender's, by kind."""
    _unwritten: set[str] = field(default_factory=set)
    """Persons of whom too little is known."""
    _lacking: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    """Rows that lack what the format asks for, by section: how many, and the fields."""

    def __post_init__(self) -> None:
        own = own_keys(self.connection, self.provider_id)
        of_section = {"kvar": own.get("account", {}), "pu": own.get("meter", {})}
        self._renamed = defaultdict(
            dict, {code: {key: known_as(first) for key, first in keys.items()} for code, keys in of_section.items()}
        )

    def write(self) -> None:
        """All sections but those of the ledger."""
        changes = {"house": self._house_change(), "kvar": self._account_change()}
        for code, section in self.out.layout.sections.items():
            if code not in _OF_LEDGER:
                placed = rows_of_section(self.connection, provider_id=self.provider_id, kind=section.kind, section=code)
                if code == "files":
                    self._files(section, placed)
                    continue
                self._section(section, self.rows(code, placed), changes.get(code))
                if code in WRITTEN:
                    self._section(section, self._without_rows(section), changes.get(code))
        self._say_what_has_no_place(self._acts())
        self._say_what_is_lacking()

    def write_documents(self, month: Month) -> None:
        """The sender's own documents of a month that the hub has no books of: payments name them."""
        for code, kind in _DOCUMENTS.items():
            placed = rows_of_documents(self.connection, provider_id=self.provider_id, month=month, kind=kind, section=code)
            self._section(self.out.layout.sections[code], self.rows(code, placed), None)

    def rows(self, code: str, placed: Iterator[PlacedRow]) -> Iterator[list[str]]:
        """The cells of rows that stand in messages, message by message, things under the identifiers that the region knows them by."""
        section = self.out.layout.sections[code]
        references = [(one.n - 1, one.of) for one in section.fields if one.of is not None]
        parent = next((one.n - 1 for one in section.fields if one.code in ("document", "residence") and one.of in ("epd", "gil")), None)
        for row, cells in self._found(code, placed):
            if section.keyed and known_as(row.key) != row.key:
                self._renamed[code][cells[0]] = cells[0] = known_as(row.key)
            for place, of in references:
                if of in self._renamed:
                    cells[place] = self._renamed[of].get(cells[place], cells[place])
            if row.parent and parent is not None:
                cells[parent] = known_as(row.parent)
            yield cells

    def _found(self, code: str, placed: Iterator[PlacedRow]) -> Iterator[tuple[PlacedRow, list[str]]]:
        for (message_id, is_pushed), group in groupby(placed, key=lambda row: (row.message_id, row.is_pushed)):
            numbers = iter(group)
            wanted = next(numbers, None)
            for number, cells in self._rows_of(message_id, code, is_pushed=is_pushed):
                if wanted is None:
                    break
                if number == wanted.number:
                    yield wanted, cells
                    while wanted is not None and wanted.number == number:  # a price of all houses of a contract is a record for each
                        wanted = next(numbers, None)

    def _rows_of(self, message_id: MessageId, code: str, *, is_pushed: bool) -> Iterator[tuple[int, list[str]]]:
        if is_pushed:
            return iter(enumerate(pushed_rows(archive.read(self.connection, message_id)).get(code, []), 1))
        return read_rows(self.archive(message_id), f"{code}.csv")

    def _without_rows(self, section: Section) -> Iterator[list[str]]:
        """Rows of what tables and decisions told of."""
        body = WRITTEN[section.code][0]
        wanted = persons_of_tables(self.connection, self.provider_id) if section.code == "ind" else None
        stored = told_elsewhere(self.connection, body, provider_id=self.provider_id, section=section.code)
        while batch := list(islice(stored, _FROM_TABLES_AT_ONCE)):
            placed = sorted((base for _, base in batch if base is not None), key=lambda row: (row.message_id, row.number))
            bases = {row.key: cells for row, cells in self._found(section.code, iter(placed))}
            for record, _ in batch:
                self._told[body.kind_name] += 1
                if wanted is None or record.key in wanted:
                    cells = self._row(section, record.key, record.body, bases.get(record.key))
                    if cells is not None:
                        yield cells

    def _row(self, section: Section, key: str, body: Body, base: list[str] | None) -> list[str] | None:
        """The row of a body; None for a person of whom the format asks more than was told, and for where such a one lives."""
        if base is not None and section.keyed and known_as(key) != key:
            self._renamed[section.code][base[0]] = known_as(key)
        cells = row_of(section, key, body, base)
        for one in section.fields:
            place = one.n - 1
            if one.of == "ind" and cells[place] in self._unwritten:
                if section.code == "gil":
                    self._lack(section, [])
                    return None
                cells[place] = "" if base is None else base[place]
            elif one.of is not None or one.type == "id":
                cells[place] = known_as(cells[place])
        missing = lacking(section, cells)
        if missing:
            self._lack(section, missing)
            if section.code == "ind":
                self._unwritten.add(key)
                return None
        return cells

    def _lack(self, section: Section, fields: list[str]) -> None:
        count, known = self._lacking.get(section.code, (0, []))
        self._lacking[section.code] = (count + 1, list(dict.fromkeys([*known, *fields])))

    def archive(self, message_id: MessageId) -> Container:
        """A message opened where it lies: parts are fetched as they are read."""
        if message_id not in self._archives:
            if len(self._archives) >= _OPEN_ARCHIVES:
                self._archives.popitem(last=False)
            self._archives[message_id] = open_container(archive.open_stream(self.connection, message_id), no_limits())
        self._archives.move_to_end(message_id)
        return self._archives[message_id]

    def _section(self, section: Section, rows: Iterator[list[str]], change: Change | None) -> None:
        seen: set[bytes] = set()
        decimals = [field.n - 1 for field in section.fields if field.type in COMMA_TYPES]
        guids = [field.n - 1 for field in section.fields if field.type == "fias"]
        while batch := list(islice(rows, _ROWS_AT_ONCE)):
            for cells in batch:
                for place in decimals:
                    cells[place] = cells[place].replace(",", ".")
                for place in guids:
                    cells[place] = cells[place].lower()
                if change is not None:
                    change(cells)
            if not section.keyed:  # senders repeat them in every archive
                batch = list(_new(batch, seen))
            if batch:
                self.out.write(section.code, batch)

    def _files(self, section: Section, placed: Iterator[PlacedRow]) -> None:
        """The list of attachments, each with its bytes."""
        missing = 0
        for message_id, group in groupby(placed, key=lambda row: row.message_id):
            for cells in self.out.write(section.code, list(self.rows(section.code, iter(list(group))))):
                container = self.archive(message_id)
                name = f"files/{cells[1]}"
                if name in container.attachments:
                    with container.zip_file.open(name) as source:
                        self.out.writer.add_file(name, source)
                else:
                    missing += 1
        if missing:
            self.out.left_out(
                "UN-0204", "files.csv", f"Вложений, которых отправитель не прислал: {missing}.", "Запросите их у отправителя.", missing
            )

    def _house_change(self) -> Change:
        section = self.out.layout.sections["house"]
        counts = account_counts(self.connection, provider_id=self.provider_id)
        place = _place(section, "account_count")

        def change(cells: list[str]) -> None:
            if cells[place]:
                cells[place] = str(counts.get(cells[0], 0))

        return change

    def _account_change(self) -> Change:
        section = self.out.layout.sections["kvar"]
        areas = {
            known_as(key): area for key, area in account_areas(self.connection, provider_id=self.provider_id, day=self.month.last).items()
        }
        place = _place(section, "total_area")

        def change(cells: list[str]) -> None:
            if cells[0] in areas:
                cells[place] = written_decimal(areas[cells[0]], 2)

        return change

    def _acts(self) -> int:
        """Acts about interruptions as rows of NEDO; how many acts have a place in the format."""
        houses: dict[str, str] | None = None
        services: list[tuple[str, Service]] = []
        written = 0
        for record in read_records(self.connection, Act, provider_id=self.provider_id):
            act = record.body
            if act.kind == "withdrawn" or act.kind in _TOLD_BY_THEIR_RECORDS:
                written += 1
            elif act.kind == "area" and act.first <= self.month.last:
                written += 1  # KVAR 16
            elif act.kind == "interruption":
                if houses is None:
                    houses, services = self._houses_and_services()
                house = houses.get(act.house or "")
                those = [key for key, service in services if _is_named(act.service or "", key, service)]
                if house is None or not those:
                    continue
                for service_key in those:
                    self.out.add_values(
                        "nedo",
                        {
                            "id": identifier("nedo", record.key, service_key), "house": house, "service": service_key,
                            "starts_at": act.starts_at, "ends_at": act.ends_at, "claimed_hours": act.allowed_hours_e2,
                            "act_no": act.number, "act_on": act.drawn_on,
                        },
                    )  # fmt: skip
                written += 1
        return written

    def _houses_and_services(self) -> tuple[dict[str, str], list[tuple[str, Service]]]:
        houses: dict[str, str] = {}
        for house in read_records(self.connection, House, provider_id=self.provider_id):
            houses |= {house.key: house.key, house.body.fias.lower(): house.key}
        services = [(one.key, one.body) for one in read_records(self.connection, Service, provider_id=self.provider_id)]
        return houses, services

    def _say_what_has_no_place(self, acts_written: int) -> None:
        found = elsewhere(self.connection, provider_id=self.provider_id)
        for kind in ("account_area", *_STATEMENTS):  # KVAR 16; the ledger's own
            found.pop(kind, None)
        with suppress(KeyError):
            found["act"] -= acts_written
        for kind, written in self._told.items():
            found[kind] -= written
        for kind, count in found.items():
            if count > 0:
                what = _NO_SECTION.get(kind, kind)
                self.out.left_out(
                    "UN-0201", kind, f"Не вошло в выгрузку: {what}, {count}. В «Формате 4.0» для этого нет раздела.",
                    "Сообщите в РГИС отдельно, если ей это нужно.", count,
                )  # fmt: skip

    def _say_what_is_lacking(self) -> None:
        """Where the format asks more than a table has said."""
        for code, (count, fields) in self._lacking.items():
            what = "вошли без обязательных полей, РГИС их не примет" if code not in ("ind", "gil") else "не вошли"
            named = f": не заполнено — {', '.join(fields)}" if fields else ": о человеке известно слишком мало"
            self.out.left_out(
                "UN-0208", f"{code}.csv", f"Строки {code.upper()} из таблиц отправителя {what}, {count}{named}.",
                "Дополните таблицу столбцами (дата рождения, СНИЛС, плательщик) и примите её снова.", count,
            )  # fmt: skip


def _new(rows: Iterable[list[str]], seen: set[bytes]) -> Iterator[list[str]]:
    for cells in rows:
        key = row_hash(cells)
        if key not in seen:
            seen.add(key)
            yield cells


def _is_named(name: str, key: str, service: Service) -> bool:
    codes = RESOURCES.get(name)
    if codes is None:
        return key == name
    return service.kind == 1 and service.provision == 1 and (service.utility_kind, service.resource_kind) == codes


def _place(section: Section, code: str) -> int:
    return next(field.n for field in section.fields if field.code == code) - 1

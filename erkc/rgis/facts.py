"""Facts out: the rows in force as their senders wrote them, with what the centre has decided since.

Every record names the message, file and row that brought it, and the row is taken from those very bytes, so nothing is lost that the hub
itself does not read. What the centre knows better stands in the row instead: an area measured by an act or set by a decision (KVAR 16), the
number of accounts of a house (HOUSE 27). An act about an interruption becomes a row of NEDO. Acts and decisions that no section has a place
for are named, by kind and number.
"""

from __future__ import annotations

from collections import OrderedDict
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
from core import archive
from core.ids import MessageId, ProviderId
from core.model.acts import RESOURCES
from core.model.records import Act, House, Service
from core.period import Month
from core.records.bodies import read_records
from core.records.sections import (
    PlacedRow,
    account_areas,
    account_counts,
    elsewhere,
    rows_of_documents,
    rows_of_section,
)
from erkc.rgis.identifiers import identifier
from erkc.rgis.output import Output
from erkc.rgis.sent import no_limits, row_hash

__all__ = ["CHANNEL", "Facts"]

CHANNEL = "uk.format4"
_OF_LEDGER = frozenset(
    ("epd", "epdcharge", "epdcapital", "epddebt", "epdpenalty", "saldo", "oplatapack", "oplata", "kvisol", "kvisolservice")
)
"""Written from the ledger; matching (КВИТ) names documents of the sender and is the receiver's to do anew."""
_DOCUMENTS = {
    "epd": "stated_bill", "epdcharge": "stated_line", "epdcapital": "stated_contribution", "epdpenalty": "opening_penalty",
}  # fmt: skip
_ROWS_AT_ONCE = 1000
_OPEN_ARCHIVES = 8
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

    def write(self) -> None:
        """All sections but those of the ledger."""
        changes = {"house": self._house_change(), "kvar": self._account_change()}
        for code, section in self.out.layout.sections.items():
            if code not in _OF_LEDGER:
                placed = rows_of_section(
                    self.connection, provider_id=self.provider_id, kind=section.kind, file=f"{code}.csv", channel=CHANNEL, section=code
                )
                self._section(section, placed, changes.get(code))
        self._say_what_has_no_place(self._acts())

    def write_documents(self, month: Month) -> None:
        """The sender's own documents of a month that the hub has no books of: payments name them."""
        for code, kind in _DOCUMENTS.items():
            placed = rows_of_documents(
                self.connection, provider_id=self.provider_id, month=month, kind=kind, file=f"{code}.csv", channel=CHANNEL
            )
            self._section(self.out.layout.sections[code], placed, None)

    def rows(self, code: str, placed: Iterator[PlacedRow]) -> Iterator[list[str]]:
        """The cells of rows that stand in messages, message by message."""
        for message_id, group in groupby(placed, key=lambda row: row.message_id):
            numbers = iter(group)
            wanted = next(numbers, None)
            for number, cells in read_rows(self.archive(message_id), f"{code}.csv"):
                if wanted is None:
                    break
                if number == wanted.number:
                    yield cells
                    while wanted is not None and wanted.number == number:  # a price of all houses of a contract is a record for each
                        wanted = next(numbers, None)

    def archive(self, message_id: MessageId) -> Container:
        """A message opened where it lies: parts are fetched as they are read."""
        if message_id not in self._archives:
            if len(self._archives) >= _OPEN_ARCHIVES:
                self._archives.popitem(last=False)
            self._archives[message_id] = open_container(archive.open_stream(self.connection, message_id), no_limits())
        self._archives.move_to_end(message_id)
        return self._archives[message_id]

    def _section(self, section: Section, placed: Iterator[PlacedRow], change: Change | None) -> None:
        if section.code == "files":
            self._files(section, placed)
            return
        seen: set[bytes] = set()
        rows = self.rows(section.code, placed)
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
        counts = account_counts(self.connection, provider_id=self.provider_id, channel=CHANNEL)
        place = _place(section, "account_count")

        def change(cells: list[str]) -> None:
            if cells[place]:
                cells[place] = str(counts.get(cells[0], 0))

        return change

    def _account_change(self) -> Change:
        section = self.out.layout.sections["kvar"]
        areas = account_areas(self.connection, provider_id=self.provider_id, day=self.month.last)
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
        found = elsewhere(self.connection, provider_id=self.provider_id, channel=CHANNEL)
        found.pop("account_area", None)  # KVAR 16
        with suppress(KeyError):
            found["act"] -= acts_written
        for kind, count in found.items():
            if count > 0:
                what = _NO_SECTION.get(kind, kind)
                self.out.left_out(
                    "UN-0201", kind, f"Не вошло в выгрузку: {what}, {count}. В «Формате 4.0» для этого нет раздела.",
                    "Сообщите в РГИС отдельно, если ей это нужно.", count,
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

"""The adapter ``uk.tables``: rows of a company's table as records, by a mapping that a person confirmed.

A row changes what it names and nothing else: an empty cell says nothing, a column that is not there says nothing. Things are found by what
people call them (number of the account, serial number of the meter, name of the service); what is not found, or found twice, is a finding
and the row is refused. Rows that sum others up («Итого») are no data: they are compared with the sum of what stands above them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from adapters.contract import Identification, Parsed, RawMessage
from adapters.format4.findings import finding as format_finding
from adapters.format4.findings import status_of
from adapters.uk.tables.columns import Column, heading_key, kinds
from adapters.uk.tables.directory import Directory
from adapters.uk.tables.grid import is_table, read_grid
from adapters.uk.tables.heading import Placed, TableProfile, place
from adapters.uk.tables.values import read_date, read_scaled, read_whole
from core.model.finding import Finding, Position, Severity
from core.model.records import (
    Account,
    AccountPlace,
    Balance,
    Body,
    Meter,
    Person,
    Reading,
    Record,
    Residence,
    State,
    StatedBill,
    StatedContribution,
    StatedLine,
)
from core.period import Month
from core.validate.addresses import address_key
from core.validate.check_digits import is_snils
from core.validate.readings import Taken, judge, limit_for

__all__ = ["UkTables"]

_TOTAL = re.compile(r"(всего|итого|общий итог)\b", re.IGNORECASE)
_PLACES = {"n2": 2, "n3": 3, "n6": 6, "money": 2}
_INDIVIDUAL, _HOUSING, _CONTRIBUTION, _PERMANENT, _TEMPORARY = 3, 2, 2, 1, 2
_STATES = (Account, AccountPlace, Person)
_HOLD = "hold_reading"

Value = str | int | date


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of data: what could be read of it, by column."""

    number: int
    """As the program that made the table numbers its rows: 1 = first of the file."""
    values: Mapping[str, Value]

    def text(self, code: str) -> str:
        """A text; empty when nothing is said."""
        value = self.values.get(code, "")
        return value if isinstance(value, str) else ""

    def number_of(self, code: str) -> int | None:
        """A whole or scaled number."""
        value = self.values.get(code)
        return value if isinstance(value, int) else None

    def day(self, code: str) -> date | None:
        """A day."""
        value = self.values.get(code)
        return value if isinstance(value, date) else None


class UkTables:
    """Reads one table of one sender for one month."""

    name = "uk.tables"

    def __init__(self, profile: TableProfile, month: Month, directory: Directory, *, account_kind: int = 1) -> None:
        self._profile = profile
        self._month = month
        self._directory = directory
        self._account_kind = account_kind

    def identify(self, message: RawMessage) -> Identification:
        """Yes for what has the name and the first bytes of a table."""
        accepted = is_table(message.name, message.data)
        return Identification(accepted, "таблица" if accepted else "не таблица (.xlsx, .csv, .dbf)")

    def parse(self, message: RawMessage, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """Findings, then records, then one ``Parsed``; ``InputError`` TBL-01… when the file is not the table of the profile."""
        grid = read_grid(message.name, message.data)
        placed = place(grid, self._profile)
        reading = _Reading(message.name, self._month, self._profile, self._directory, self._account_kind)
        rows = list(reading.rows(placed, grid))
        records = list(reading.records(rows))
        findings = sorted(reading.findings, key=lambda one: (one.position.row or 0, one.field or 0, one.code))
        yield from findings
        yield from records
        yield Parsed(status_of(findings), {"period": str(self._month)}, {placed.kind.code.upper(): len(rows)})


@dataclass(slots=True)
class _Reading:
    """One table while it is read."""

    file: str
    month: Month
    profile: TableProfile
    directory: Directory
    account_kind: int
    findings: list[Finding] = field(default_factory=list)
    columns: Mapping[str, Column] = field(init=False)
    by_number: dict[str, list[str]] = field(init=False)
    by_service: dict[str, list[str]] = field(init=False)
    places: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.columns = {column.code: column for column in kinds()[self.profile.kind].columns}
        self.by_number = defaultdict(list)
        for key, account in self.directory.accounts.items():
            self.by_number[account.number].append(key)
        self.by_service = defaultdict(list)
        for key, service in self.directory.services.items():
            for name in dict.fromkeys((heading_key(service.name), heading_key(service.short_name))):
                if name:
                    self.by_service[name].append(key)

    # ---- rows

    def rows(self, placed: Placed, grid: Sequence[Sequence[str]]) -> Iterator[_Row]:
        """Rows of data with everything that can be read; what can not is told, and a row without a mandatory value is refused."""
        self.places = placed.places
        sums: dict[str, int] = defaultdict(int)
        for n, cells in enumerate(grid[placed.first_row :], placed.first_row + 1):
            if not any(cells):
                continue
            if _TOTAL.match(next((cell for cell in cells if cell), "")):
                self._compare_total(n, cells, sums)
                continue
            values: dict[str, Value] = {}
            refused = False
            for code, at in self.places.items():
                cell = cells[at] if at < len(cells) else ""
                column = self.columns[code]
                value = _read(column.type, cell)
                if cell and value is None:
                    self.tell(
                        n, "TBL-0105", "refuse_row", code, cell, f"{column.name}: «{cell}» не читается.", "Исправьте значение в таблице."
                    )
                    refused = refused or column.mandatory
                elif value is not None and value != "":
                    values[code] = value
                elif column.mandatory:
                    self.tell(n, "TBL-0105", "refuse_row", code, cell, f"Не заполнено: {column.name}.", "Заполните столбец в этой строке.")
                    refused = True
            for code, value in values.items():
                if self.columns[code].type == "money" and isinstance(value, int):
                    sums[code] += value
            if not refused:
                yield _Row(n, values)

    def _compare_total(self, number: int, cells: Sequence[str], sums: Mapping[str, int]) -> None:
        for code, total in sums.items():
            at = self.places[code]
            stated = read_scaled(cells[at], 2) if at < len(cells) and cells[at] else None
            if stated is not None and stated != total:
                difference = f"{stated / 100:.2f} вместо {total / 100:.2f}"
                message = f"{self.columns[code].name}: итог таблицы не равен сумме строк ({difference})."
                self.tell(number, "TBL-0108", "ignore", code, cells[at], message, "Сверьте, все ли строки в таблице.", severity="warning")

    def tell(
        self, row: int, code: str, effect: str, column: str | None, value: str, message: str, hint: str, *, severity: Severity = "error"
    ) -> None:
        """Add a finding of a row."""
        place_of = None if column is None or column not in self.places else self.places[column] + 1
        self.findings.append(Finding(Position(self.file, row), code, severity, effect, place_of, value or None, message=message, hint=hint))

    # ---- records

    def records(self, rows: Sequence[_Row]) -> Iterator[Record]:
        """What the rows say."""
        readers: Mapping[str, Callable[[Sequence[_Row]], Iterator[Record]]] = {
            "accounts": self._accounts,
            "areas": self._areas,
            "residents": self._residents,
            "meters": self._meters,
            "readings": self._readings,
            "charges": self._charges,
        }
        yield from readers[self.profile.kind](rows)

    def record(self, row: _Row, key: str, body: Body, *, state: State = "accepted") -> Record:
        """A record of a row."""
        since = self.month.first if isinstance(body, _STATES) else None
        return Record(key, Position(self.file, row.number), body, since, state=state)

    def _once(self, seen: dict[tuple[object, ...], int], row: _Row, *natural: object) -> bool:
        first = seen.setdefault(natural, row.number)
        if first != row.number:
            self.tell(row.number, "TBL-0109", "refuse_row", None, "", f"То же, что в строке {first}.", "Оставьте одну из строк.")
        return first == row.number

    def _account(self, row: _Row) -> str | None:
        """Key of the account that a row names."""
        number = row.text("number")
        found = self.by_number.get(number, [])
        if len(found) > 1:
            found = [key for key in found if self.directory.accounts[key].closed_on is None]
        if len(found) == 1:
            return found[0]
        what = f"Лицевого счёта {number} нет." if not found else f"Счетов с номером {number} несколько."
        self.tell(
            row.number, "TBL-0106", "refuse_row", "number", number, what, "Сверьте номер; счета принимают таблицей accounts или архивом."
        )
        return None

    def _service(self, row: _Row) -> str | None:
        """Key of the service that a row names."""
        name = row.text("service")
        saved = self.profile.services.get(heading_key(name))
        found = [saved] if saved is not None else self.by_service.get(heading_key(name), [])
        if len(found) == 1 and found[0] in self.directory.services:
            return found[0]
        what = f"Услуги «{name}» у отправителя нет." if not found else f"Услуг с названием «{name}» несколько."
        self.tell(
            row.number,
            "TBL-0107",
            "refuse_row",
            "service",
            name,
            what,
            'Назовите её код в профиле: erkc table save … --service "название=код".',
        )
        return None

    def _accounts(self, rows: Sequence[_Row]) -> Iterator[Record]:
        houses: dict[str, list[str]] = defaultdict(list)
        for key, house in self.directory.houses.items():
            houses[address_key(house.address)].append(key)
            if house.fias:
                houses[house.fias.lower()].append(key)
        seen: dict[tuple[object, ...], int] = {}
        for row in rows:
            number = row.text("number")
            if not self._once(seen, row, number):
                continue
            if self.by_number.get(number):
                account = self._account(row)
                if account is not None:
                    yield from self._changed_account(row, account)
            else:
                yield from self._new_account(row, number, houses)

    def _changed_account(self, row: _Row, key: str) -> Iterator[Record]:
        body = self.directory.accounts[key]
        said: dict[str, object] = {}
        for code, attribute in (("total_area", "area_e2"), ("living_area", "living_area_e2"), ("residents", "residents_stated")):
            if row.number_of(code) is not None:
                said[attribute] = row.number_of(code)
        for code in ("opened_on", "closed_on"):
            if row.day(code) is not None:
                said[code] = row.day(code)
        if row.text("payer") and body.payer_organisation is None and _name_key(row.text("payer")) != _name_key(body.payer_name):
            yield self.record(row, _payer_key(body.number), self._payer(row))
            said |= {"payer_name": row.text("payer"), "payer_person": _payer_key(body.number)}
        yield self.record(row, key, replace(body, **said))  # type: ignore[arg-type]  # each value is of its attribute's type

    def _new_account(self, row: _Row, number: str, houses: Mapping[str, list[str]]) -> Iterator[Record]:
        named = row.text("fias").lower() or address_key(row.text("address"))
        found = list(dict.fromkeys(houses.get(named, []))) if named else []
        area, opened = row.number_of("total_area"), row.day("opened_on")
        if len(found) != 1:
            where = row.text("fias") or row.text("address")
            self.tell(
                row.number,
                "TBL-0110",
                "refuse_row",
                "address",
                where,
                f"Новый счёт {number}: дома «{where}» нет.",
                "Дома принимают раньше.",
            )
            return
        if area is None or opened is None:
            what = "площадь" if area is None else "дата открытия"
            self.tell(
                row.number, "TBL-0105", "refuse_row", None, "", f"Новый счёт {number}: не названа {what}.", "Добавьте столбец в таблицу."
            )
            return
        flat = row.text("flat")
        premises = self.directory.premises.get((found[0], flat)) if flat else None
        if flat and premises is None:
            self.tell(
                row.number,
                "TBL-0110",
                "refuse_row",
                "flat",
                flat,
                f"Новый счёт {number}: помещения {flat} в доме нет.",
                "Примите помещения.",
            )
            return
        key, payer = f"t/{number}", row.text("payer")
        if payer:
            yield self.record(row, _payer_key(number), self._payer(row))
        yield self.record(row, key, Account(
            number, found[0], self.account_kind, opened, row.day("closed_on"), row.number_of("residents"), area,
            row.number_of("living_area"),
            None, False, False, _payer_key(number) if payer else None, None, payer, None,
        ))  # fmt: skip
        yield self.record(row, key, AccountPlace(key, premises, None if premises else found[0], None, None))

    def _payer(self, row: _Row) -> Person:
        return _person(row.text("payer"), row.day("payer_born_on"), self._snils(row, "payer_snils"))

    def _snils(self, row: _Row, code: str) -> str:
        """The number as written; one with a wrong check number is told and not kept."""
        said = row.text(code)
        if said and not is_snils(said):
            self.tell(row.number, "F4-055", "accept_flagged", code, said, "Контрольное число СНИЛС неверно.", "Сверьте номер по документу.",
                      severity="warning")  # fmt: skip
            return ""
        return said

    def _areas(self, rows: Sequence[_Row]) -> Iterator[Record]:
        seen: dict[tuple[object, ...], int] = {}
        for row in rows:
            key = self._account(row)
            if key is None or not self._once(seen, row, key):
                continue
            body = self.directory.accounts[key]
            said = {
                attribute: row.number_of(code)
                for code, attribute in (("total_area", "area_e2"), ("living_area", "living_area_e2"), ("heated_area", "heated_area_e2"))
                if row.number_of(code) is not None
            }
            yield self.record(row, key, replace(body, **said))  # type: ignore[arg-type]  # all of them are areas

    def _residents(self, rows: Sequence[_Row]) -> Iterator[Record]:
        living: dict[tuple[str, str], list[str]] = defaultdict(list)
        for key, residence in self.directory.residences.items():
            person = self.directory.persons.get(residence.person)
            if person is not None:
                living[(residence.account, _name_key(f"{person.surname} {person.name} {person.patronymic}"))].append(key)
        seen: dict[tuple[object, ...], int] = {}
        for row in rows:
            account, name, born = self._account(row), row.text("person"), row.day("born_on")
            if account is None or not self._once(seen, row, account, _name_key(name), born, row.day("first")):
                continue
            known = [key for key in living.get((account, _name_key(name)), []) if self._same_person(key, born)]
            first, last = row.day("first"), row.day("last")
            if len(known) > 1 and first is not None:
                known = [key for key in known if self.directory.residences[key].first == first]
            if len(known) == 1:
                body = self.directory.residences[known[0]]
                kind = body.kind if not row.text("kind") else _registration(row.text("kind"))
                yield self.record(row, known[0], replace(body, first=first or body.first, last=last or body.last, kind=kind))
                continue
            if known or first is None:
                what = f"Жильцов «{name}» на счёте несколько." if known else f"Новый жилец «{name}»: не названо, с какого дня."
                self.tell(row.number, "TBL-0105", "refuse_row", "first", "", what, "Добавьте дату, с которой он проживает.")
                continue
            person_key = f"t/{account}/{_name_key(name)}/{born or ''}"
            yield self.record(row, person_key, _person(name, born, self._snils(row, "snils")))
            yield self.record(row, f"{person_key}/{first}", Residence(account, person_key, _registration(row.text("kind")), first, last))

    def _same_person(self, residence: str, born: date | None) -> bool:
        person = self.directory.persons[self.directory.residences[residence].person]
        return born is None or person.born_on is None or person.born_on == born

    def _meters(self, rows: Sequence[_Row]) -> Iterator[Record]:
        known = {(meter.account, meter.service, meter.serial): key for key, meter in self.directory.meters.items()}
        seen: dict[tuple[object, ...], int] = {}
        for row in rows:
            account, service, serial = self._account(row), self._service(row), row.text("serial")
            if account is None or service is None or not self._once(seen, row, account, service, serial):
                continue
            days = {
                code: row.day(code) for code in ("commissioned_on", "verified_on", "next_verification_on", "closed_on") if row.day(code)
            }
            said: dict[str, object] = dict(days)
            if row.number_of("digits") is not None:
                said["digits"] = row.number_of("digits")
            if row.number_of("start") is not None:
                said["start_e3"] = row.number_of("start")
            key = known.get((account, service, serial))
            if key is not None:
                body = self.directory.meters[key]
            else:
                key, house = f"t/{account}/{service}/{serial}", self.directory.accounts[account].house
                body = Meter(house, _INDIVIDUAL, account, None, service, serial, None, None, None, None, None, None, True)
            changed = replace(body, **said)  # type: ignore[arg-type]  # each value is of its attribute's type
            yield self.record(row, key, replace(changed, is_open=changed.closed_on is None))

    def _readings(self, rows: Sequence[_Row]) -> Iterator[Record]:
        by_serial: dict[str, list[str]] = defaultdict(list)
        for device_key, device in self.directory.meters.items():
            by_serial[device.serial].append(device_key)
        chains: dict[tuple[str, int], list[tuple[_Row, str, Reading]]] = defaultdict(list)
        seen: dict[tuple[object, ...], int] = {}
        for row in rows:
            serial, taken_on, value = row.text("serial"), row.day("taken_on"), row.number_of("value")
            assert taken_on is not None and value is not None
            account = self._account(row) if row.text("number") else None
            if row.text("number") and account is None:
                continue
            found = [key for key in by_serial.get(serial, []) if account is None or self.directory.meters[key].account == account]
            if len(found) != 1:
                what = f"Прибора {serial} нет." if not found else f"Приборов с номером {serial} несколько."
                self.tell(row.number, "TBL-0106", "refuse_row", "serial", serial, what, "Сверьте номер прибора и лицевой счёт.")
                continue
            zone = row.number_of("zone")
            if not self._once(seen, row, found[0], taken_on, zone):
                continue
            if taken_on > self.month.last:
                told = format_finding("F4-063", self.file, row=row.number, value=f"{taken_on:%d.%m.%Y}")
                self.findings.append(replace(told, field=self.places["taken_on"] + 1))
                continue
            known = self.directory.readings.get(found[0], ())
            key = next((one.key for one in known if (one.taken_on, one.zone) == (taken_on, zone)), f"t/{found[0]}/{taken_on}/{zone or 1}")
            chains[(found[0], zone or 1)].append((row, key, Reading(found[0], taken_on, value, 4, zone)))
        for (meter, zone), said in chains.items():
            yield from self._judged(meter, zone, said)

    def _judged(self, meter: str, zone: int, said: Sequence[tuple[_Row, str, Reading]]) -> Iterator[Record]:
        """Readings of one meter beside those that are known: what is below the last one or implausible is held."""
        repeated = {key for _, key, _ in said}
        known = [one for one in self.directory.readings.get(meter, ()) if (one.zone or 1) == zone and one.key not in repeated]
        chain = [Taken(one.taken_on, one.value_e3, -1 - n) for n, one in enumerate(known)]
        chain += [Taken(body.taken_on, body.value_e3, n) for n, (_, _, body) in enumerate(said)]
        chain.sort(key=lambda one: (one.taken_on, one.reference))
        device = self.directory.meters[meter]
        service = self.directory.services.get(device.service)
        limit = limit_for(None if service is None else service.resource_kind)
        held: set[int] = set()
        for judged in judge(chain, digits=device.digits, limit_e3=limit):
            if judged.verdict == "accepted" or judged.reading.reference < 0:
                continue
            held.add(judged.reading.reference)
            row = said[judged.reading.reference][0]
            is_below = judged.verdict == "below_previous"
            detail = (
                f"прежнее {_plain(judged.previous_e3)}"
                if is_below
                else f"{_plain(judged.volume_e3)} за месяц при среднем {_plain(judged.mean_e3)}"
            )
            code, value = "F4-061" if is_below else "F4-062", _plain(judged.reading.value_e3)
            self.findings.append(
                format_finding(code, self.file, row=row.number, field=self.places["value"] + 1, value=value, detail=detail)
            )
        for n, (row, key, body) in enumerate(said):
            yield self.record(row, key, body, state="held" if n in held else "accepted")

    def _charges(self, rows: Sequence[_Row]) -> Iterator[Record]:
        seen: dict[tuple[object, ...], int] = {}
        totals: dict[str, int] = defaultdict(int)
        first_rows: dict[str, _Row] = {}
        lines: list[Record] = []
        for row in rows:
            account, service, total = self._account(row), self._service(row), row.number_of("total")
            assert total is not None
            if account is None or service is None or not self._once(seen, row, account, service):
                continue
            recalculated, benefit = row.number_of("recalculated") or 0, row.number_of("benefit") or 0
            accrued = row.number_of("accrued")
            accrued = total - recalculated + benefit if accrued is None else accrued
            state: State = "accepted"
            if total != accrued + recalculated - benefit:
                state = "held"
                self.tell(
                    row.number, "TBL-0111", "hold_document", "total", "", "Итог строки не складывается: начислено + перерасчёты − льготы.",
                    "Исправьте строку; до этого она не принята.",
                )  # fmt: skip
            bill = f"t/{self.month}/{account}"
            if self.directory.bills.get(account, bill) != bill:
                self.tell(
                    row.number, "TBL-0113", "refuse_row", "number", row.text("number"), "За этот месяц уже есть документ счёта из архива.",
                    "Два документа одного месяца сложились бы: исправляют тем же путём, каким прислали.",
                )  # fmt: skip
                continue
            totals[account] += total
            first_rows.setdefault(account, row)
            lines.append(self._line(row, bill, service, accrued, recalculated, benefit, total, state))
            balance = self._balance(row, account, service, accrued, recalculated, benefit)
            if balance is not None:
                lines.append(balance)
        for account, row in first_rows.items():
            yield self.record(row, f"t/{self.month}/{account}", StatedBill(
                self.month.first, "", None, account, "", totals[account], None, None, None, None,
            ))  # fmt: skip
        yield from lines

    def _line(self, row: _Row, bill: str, service: str, accrued: int, recalculated: int, benefit: int, total: int, state: State) -> Record:
        known, tariff = self.directory.services[service], row.number_of("tariff") or 0
        key = f"{bill}/{service}"
        if known.kind == _HOUSING and known.housing_kind == _CONTRIBUTION:
            body: Body = StatedContribution(bill, tariff, accrued, recalculated, benefit, total, self.directory.creditors.get(service, ""))
        else:
            body = StatedLine(bill, service, tariff, total, accrued, recalculated, benefit, "", row.number_of("volume"), None, None)
        return self.record(row, key, body, state=state)

    def _balance(self, row: _Row, account: str, service: str, accrued: int, recalculated: int, benefit: int) -> Record | None:
        opening = row.number_of("opening")
        if opening is None:
            return None
        creditor = self.directory.creditors.get(service)
        if creditor is None:
            self.tell(
                row.number, "TBL-0112", "refuse_row", "opening", "", "Сальдо не принято: не известно, кому платят за эту услугу.",
                "Пришлите сальдо архивом (SALDO) хотя бы раз.",
            )  # fmt: skip
            return None
        paid = row.number_of("paid") or 0
        closing = opening + accrued + recalculated - benefit - paid
        stated = row.number_of("closing")
        state: State = "accepted" if stated is None or stated == closing else "held"
        if state == "held":
            what = "Сальдо не сходится: начало + начислено + перерасчёты − льготы − оплачено не равно концу."
            self.tell(row.number, "TBL-0111", "hold_row", "closing", "", what, "Исправьте строку; её сальдо не проведено.")
        body = Balance(account, service, creditor, self.month.first, opening, accrued, recalculated, 0, 0, benefit, paid, closing)
        return self.record(row, f"t/{self.month}/{account}/{service}", body, state=state)


def _read(kind: str, cell: str) -> Value | None:
    if not cell:
        return ""
    if kind == "d":
        return read_date(cell)
    if kind == "i":
        return read_whole(cell)
    return read_scaled(cell, _PLACES[kind]) if kind in _PLACES else cell


def _name_key(name: str) -> str:
    return " ".join(name.lower().replace("ё", "е").split())


def _payer_key(number: str) -> str:
    return f"t/payer/{number}"


def _person(name: str, born: date | None, snils: str) -> Person:
    surname, _, rest = name.strip().partition(" ")
    first, _, patronymic = rest.strip().partition(" ")
    return Person(surname, first, patronymic.strip(), born, snils)


def _registration(text: str) -> int:
    return _TEMPORARY if "врем" in text.lower() else _PERMANENT


def _plain(value_e3: int | None) -> str:
    if value_e3 is None:
        return "—"
    sign = "-" if value_e3 < 0 else ""
    return f"{sign}{abs(value_e3) // 1000}.{abs(value_e3) % 1000:03d}"

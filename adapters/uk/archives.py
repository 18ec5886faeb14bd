"""The adapter ``uk.format4``: archives of «Формат 4.0» from management companies, settlement centres and suppliers.

An archive is read twice. The survey finds everything that is wrong and decides the fate of every row; then the rows that may be loaded
become records, in load order. Findings come first, sorted as they are shown, then records, then one :class:`Parsed`. A rejected archive
gives findings only.

Money never disappears: every row of OPLATA becomes a payment record, whatever is wrong with it; ``Parsed.suspended`` names those whose
money goes to suspense.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from adapters.contract import Identification, Parsed, RawMessage
from adapters.format4.cells import Row, RowReader
from adapters.format4.container import Container, Limits, open_container
from adapters.format4.findings import PAYMENT_SECTION, in_order, status_of
from adapters.format4.layout import Field, Section
from adapters.format4.rows import read_rows
from adapters.format4.values import COMMA_TYPES, read_identifier
from adapters.uk.codecs import CODECS, record_key
from adapters.uk.envelope import INFO, Envelope, open_envelope, read_header
from adapters.uk.knowledge import RegionKnowledge
from adapters.uk.meter_checks import KnownMeter, MeterChecks
from adapters.uk.standing import Standing
from adapters.uk.sums import Sums
from adapters.uk.survey import Survey
from adapters.uk.tariffs import TariffChecks
from adapters.zipio import DAMAGE, open_zip
from core.model.finding import Finding, Position
from core.model.records import Body, House, HousePrice, HouseService, Payment, Record, SectionRow, State

__all__ = ["UkArchives"]

_NONE: frozenset[str] = frozenset()
_INCREMENT = "2"
_STATES_OF_THINGS = frozenset({"contragent", "dictusluga", "house", "housedoc", "premises", "room", "ind", "kvar", "kvaraccom", "kvarels"})
"""Sections that say what holds from the archive's month on; all others carry their own dates or none."""
_NAMED_BY_REFERENCE = frozenset({"bank", "regop"})
"""Sections without a key of their own that others refer to by their first field."""
_DOCUMENT_LINES = frozenset({"epdcharge", "epdcapital"})
_THROUGH_MANAGED = frozenset({"duouusluga", "ducharge"})


class UkArchives:
    """Implements :class:`adapters.contract.Parser`.

    ``region`` gives the registered senders and approved tariffs; without it these two checks are not made (a file is read, nothing is
    taken). ``limits`` guards against archives that unpack into too much. ``meters`` are those that the hub knows of the sender, by its key,
    with the readings in use: needed for what is sent without its history (an increment).
    """

    name = "uk.format4"

    def __init__(
        self, region: RegionKnowledge | None = None, limits: Limits | None = None, meters: Mapping[str, KnownMeter] | None = None
    ) -> None:
        self._region = region
        self._limits = limits or Limits()
        self._meters = meters or {}

    def identify(self, message: RawMessage) -> Identification:
        """Yes for a ZIP with ``_info.csv`` at its root."""
        if not message.data.startswith(b"PK"):
            return Identification(False, "не архив ZIP")
        try:
            is_ours = INFO in open_zip(message.data).namelist()
        except DAMAGE as error:
            return Identification(False, "архив ZIP повреждён или неполон", detail=str(error))
        return Identification(is_ours, "архив ZIP с файлом _info.csv" if is_ours else "в архиве ZIP нет файла _info.csv")

    def header(self, message: RawMessage) -> Mapping[str, str]:
        """Who sends the message and for which month, without reading the rest: whose earlier keys ``parse`` must be given."""
        return read_header(open_container(message.data, self._limits))

    def parse(self, message: RawMessage, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """Findings, then records, then one ``Parsed``; ``InputError`` F4-901 … F4-909 when the container itself is unusable."""
        container = open_container(message.data, self._limits)
        envelope = open_envelope(container, self._region, known.get("list_counts", _NONE))
        survey, sums = self._survey(container, envelope, known)
        findings = in_order([*envelope.findings, *survey.findings])
        status = status_of(findings)
        yield from findings
        suspended: dict[str, str] = {}
        if not envelope.is_refused:
            yield from _Loading(container, envelope, survey, sums, hashlib.sha256(message.data).hexdigest()).records(suspended)
        yield Parsed(status, envelope.header, envelope.counts, suspended)

    def _survey(self, container: Container, envelope: Envelope, known: Mapping[str, frozenset[str]]) -> tuple[Survey, Sums | None]:
        standing = Standing(known, envelope.refused)
        survey = Survey(container, envelope.layout, sections=envelope.sections, standing=standing, is_refused=envelope.is_refused)
        approved = None if self._region is None or envelope.is_refused else self._region.tariffs
        tariffs = TariffChecks(approved, envelope.refused)
        if envelope.month is None:
            survey.run(None, None, tariffs)
            return survey, None
        sums = Sums(envelope.month, envelope.refused, known.get("payment", _NONE), known.get("payment_uip", _NONE))
        sums.is_increment = envelope.header.get("unload_kind") == _INCREMENT
        survey.run(sums, MeterChecks(envelope.month, envelope.refused, self._meters), tariffs)
        return survey, sums


class _Loading:
    """The second reading: rows as records, with the state that the survey gave them."""

    def __init__(self, container: Container, envelope: Envelope, survey: Survey, sums: Sums | None, message_hash: str) -> None:
        self._container = container
        self._envelope = envelope
        self._standing = survey.standing
        self._joined = survey.joined
        self._held_documents = _NONE if sums is None else frozenset(sums.held_documents)
        self._held_packs: Mapping[str, str] = {} if sums is None else sums.held_packs
        self._message_hash = message_hash
        self._referring: dict[str, list[tuple[Field, Section]]] = {}

    def records(self, suspended: dict[str, str]) -> Iterator[Record]:
        """All records in load order; payments that go to suspense are noted in ``suspended``."""
        for code in self._envelope.sections:
            section = self._envelope.layout.sections[code]
            if code == PAYMENT_SECTION:
                yield from self._payments(section, suspended)
            else:
                yield from self._rows(section)

    def _rows(self, section: Section) -> Iterator[Record]:
        reader = RowReader(section)
        refused = self._standing.sections[section.code].refused
        decimals = [field.n - 1 for field in section.fields if field.type in COMMA_TYPES]
        for number, cells in read_rows(self._container, f"{section.code}.csv"):
            if number in refused:
                continue
            if not section.fields:
                yield self._kept(section, number, cells)
                continue
            row = reader.row(number, cells)
            if section.code not in CODECS:
                for place in decimals:
                    cells[place] = cells[place].replace(",", ".")
                yield self._kept(section, number, cells, row)
            else:
                state, waits, then = self._state(section, row)
                for key, body in self._bodies(row):
                    position = self._position(section, number)
                    missing = self._missing_house(body) if state == "quarantined" else ()
                    yield Record(key, position, body, self._since(section), state=state, waits_for=(*waits, *missing), state_then=then)

    def _bodies(self, row: Row) -> Iterator[tuple[str, Body]]:
        """The fact of a row; a price that names no managed object is one for each house of its contract."""
        key, body = record_key(row), CODECS[row.section](row, self._joined)
        if not isinstance(body, HousePrice) or body.house:
            yield key, body
            return
        for managed, (house, contract) in self._joined.managed.items():
            if contract == body.contract:
                yield f"{key}/{managed}", replace(body, house=house)

    def _kept(self, section: Section, number: int, cells: Sequence[str], row: Row | None = None) -> Record:
        """A row that no other record takes."""
        if row is None or section.code in _NAMED_BY_REFERENCE:
            key = cells[0] or str(number)
        else:
            key = record_key(row)
        body, place = SectionRow(section.code, tuple(cells)), self._position(section, number)
        if row is None:
            return Record(f"{section.code}/{key}", place, body)
        state, waits, then = self._state(section, row)
        return Record(f"{section.code}/{key}", place, body, state=state, waits_for=waits, state_then=then)

    def _position(self, section: Section, number: int) -> Position:
        return Position(f"{section.code}.csv", number)

    def _since(self, section: Section) -> date | None:
        month = self._envelope.month
        return month.first if month is not None and section.code in _STATES_OF_THINGS else None

    def _state(self, section: Section, row: Row) -> tuple[State, tuple[str, ...], State]:
        """The state of a row; where it waits, also what for, and its state after that."""
        then = self._own_state(row)
        managed = row.key("managed_house") if row.section in _THROUGH_MANAGED else None
        waits_here = row.number in self._standing.sections[row.section].quarantined
        if waits_here or (managed is not None and managed not in self._joined.managed):
            return "quarantined", self._standing.waits_for(row, self._references(section)), then
        return then, (), then

    def _missing_house(self, body: Body) -> tuple[str, ...]:
        """A fact that gets its house through a managed object waits for that house too; without one, until the sender repeats it."""
        if not isinstance(body, HouseService | HousePrice):
            return ()
        there = body.house and self._standing.seek(self._envelope.layout.sections["house"], body.house) == frozenset()
        return () if there else (f"{House.kind_name}/{body.house}",)

    def _references(self, section: Section) -> list[tuple[Field, Section]]:
        if section.code not in self._referring:
            sections = self._envelope.layout.sections
            self._referring[section.code] = [(field, sections[field.of]) for field in section.fields if field.of is not None]
        return self._referring[section.code]

    def _own_state(self, row: Row) -> State:
        """The state of a row by what was found on it and on its document."""
        standing = self._standing.sections[row.section]
        is_held = row.number in standing.held
        if row.section == "epd":
            is_held = is_held or row.key("id") in self._held_documents
        elif row.section in _DOCUMENT_LINES:
            is_held = is_held or row.key("document") in self._held_documents
        if is_held:
            return "held"
        return "flagged" if row.number in standing.flagged else "accepted"

    def _payments(self, section: Section, suspended: dict[str, str]) -> Iterator[Record]:
        reader = RowReader(section)
        first_rows = self._standing.sections[section.code].first_rows
        for number, cells in read_rows(self._container, f"{section.code}.csv"):
            row = reader.row(number, cells) if len(cells) == section.width else None
            own = read_identifier(cells[0]) if cells else None
            key = own if own is not None and first_rows.get(own) == number else f"{self._message_hash[:16]}:{number}"
            body = _unreadable() if row is None else CODECS[section.code](row, self._joined)
            reason = self._standing.suspended.get(number)
            if reason is None and row is not None:
                reason = self._held_packs.get(row.key("pack") or "")
            waits: tuple[str, ...] = ()
            if reason is not None:
                suspended[key] = reason
            if reason is not None and row is not None and row.key("pack") not in self._held_packs:
                waits = self._standing.waits_for(row, [item for item in self._references(section) if item[0].code != "document"])
            yield Record(key, self._position(section, number), body, state="accepted" if reason is None else "held", waits_for=waits)


def _unreadable() -> Payment:
    """A payment of which nothing can be read: it exists, and a person must look at the row."""
    return Payment("", 1, "", None, None, None, "", None, None, "", None, True)

"""The first reading of an archive: every check, no record.

Sections are read in load order, parents before those who refer to them, so that one pass knows for every row whether it is taken, refused,
waiting or held. What must be remembered of every row are keys, and the numbers that sums need: they are kept in bounded memory
(:mod:`adapters.format4.keyed`), so only what is wrong with an archive takes more of it. The second reading (:mod:`adapters.uk.archives`)
then makes records of the rows that may be loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from adapters.format4.cells import Row, RowReader
from adapters.format4.container import Container
from adapters.format4.findings import PAYMENT_SECTION, finding
from adapters.format4.keyed import Numbers
from adapters.format4.layout import Field, Layout, Section
from adapters.format4.rows import read_rows
from adapters.format4.values import read_identifier
from adapters.uk.joined import Joined
from adapters.uk.meter_checks import MeterChecks
from adapters.uk.row_checks import RowChecks
from adapters.uk.standing import Root, Standing
from adapters.uk.sums import Sums
from adapters.uk.tariffs import TariffChecks
from core.model.finding import Finding

__all__ = ["Survey"]

_UNIQUE = {"kvar": ("F4-043", ("principal", "number"), "number"), "saldo": ("F4-044", ("account", "service", "creditor", "month"), None)}
"""Natural keys: code, fields, and the field that the finding names."""
_LOOKED_AHEAD = {"kvisol": ("kvisol", "kvisolservice")}
_REFUSING = frozenset({"reject_row"})

Handler = Callable[[Row], Iterator[Finding]]


class Survey:
    """Everything the checks find in one archive.

    ``is_refused`` says that the archive as a whole is rejected already: then references, sums and readings are not looked at, because
    nothing of it will be loaded.
    """

    def __init__(self, container: Container, layout: Layout, *, sections: Iterable[str], standing: Standing, is_refused: bool) -> None:
        self._container = container
        self._layout = layout
        self._sections = frozenset(sections)
        self.standing = standing
        self._is_refused = is_refused
        self.joined = Joined()
        self.findings: list[Finding] = []

    def run(self, sums: Sums | None, meters: MeterChecks | None, tariffs: TariffChecks) -> None:
        """Read every section that is there, in load order; without a month there are no sums and no readings to check."""
        watching = [tariffs.handlers()]
        if not self._is_refused and sums is not None and meters is not None:
            watching += [sums.handlers(), meters.handlers()]
        for code, section in self._layout.sections.items():
            if code not in self._sections:
                continue
            if sums is not None and not self._is_refused:
                self._look_ahead(code, sums)
            handlers = [table[code] for table in watching if code in table]
            self._section(section, handlers, meters if code == "puval" and not self._is_refused else None)
        if self._is_refused or sums is None or meters is None:
            return
        documents = self._rows_of("epd")
        for found in chain(sums.finish(documents), meters.finish()):
            self.report(found.position.file.removesuffix(".csv"), found)
        self.findings.extend(self.standing.waiting_findings())

    def _rows_of(self, code: str) -> Iterator[Row]:
        """The rows of a section once more, those of the right width."""
        if code in self._sections:
            reader = RowReader(self._layout.sections[code])
            for number, cells in read_rows(self._container, f"{code}.csv"):
                if len(cells) == reader.section.width:
                    yield reader.row(number, cells)

    def _look_ahead(self, code: str, sums: Sums) -> None:
        for ahead in _LOOKED_AHEAD.get(code, ()):
            for row in self._rows_of(ahead):
                sums.look_ahead(ahead, row)

    def report(self, section: str, found: Finding) -> None:
        self.findings.append(found)
        self.standing.apply(section, found)

    def _section(self, section: Section, handlers: list[Handler], meters: MeterChecks | None) -> None:
        reading = _SectionReading(self, section, handlers)
        standing = self.standing.sections[section.code]
        for number, cells in read_rows(self._container, f"{section.code}.csv"):
            row = reading.take(number, cells)
            if row is None:
                continue
            if meters is not None and number not in standing.refused:
                meters.accept(row)
            _join(self.joined, row, is_flagged=number in standing.flagged)
        reading.finish()

    @property
    def is_refused(self) -> bool:
        """Whether the archive as a whole is rejected."""
        return self._is_refused

    def section_of(self, code: str) -> Section:
        """The section that a reference names."""
        return self._layout.sections[code]


class _SectionReading:
    """One section while it is read."""

    def __init__(self, survey: Survey, section: Section, handlers: list[Handler]) -> None:
        self._survey = survey
        self._standing = survey.standing
        self._section = section
        self._file = f"{section.code}.csv"
        self._rows = survey.standing.sections[section.code]
        self._reader = RowReader(section)
        self._checks = RowChecks(section, survey.joined.banks)
        self._handlers = handlers
        referring = [] if survey.is_refused else [field for field in section.fields if field.of is not None]
        self._references = [(field, survey.section_of(field.of)) for field in referring if field.of and field.of != section.code]
        self._own = next((field for field in referring if field.of == section.code), None)
        self._pending: list[tuple[Row, str | None, frozenset[Root], list[str]]] = []
        self._natural = Numbers()
        self._sought: dict[int, tuple[str, frozenset[Root] | None]] = {}
        """What the last key of each reference was found to wait for: the sections referred to are read by then."""

    def take(self, number: int, cells: list[str]) -> Row | None:
        """Check a row and fix its standing; None when it has the wrong number of fields."""
        section = self._section
        if len(cells) != section.width:
            detail = f"{len(cells)} вместо {section.width}"
            found = finding("F4-022", self._file, row=number, detail=detail)
            self._survey.report(section.code, found)
            key = read_identifier(cells[0]) if cells else None
            self._own_key(number, key)
            self._standing.settle(section.code, number, key, codes=["F4-022"], roots=frozenset())
            return None
        if not section.fields:
            self._own_key(number, read_identifier(cells[0]))
            return None
        row = self._reader.row(number, cells)
        key = row.key(section.fields[0].code) if section.fields[0].type in ("id", "ref") else None
        findings = list(self._checks.findings(row))
        if section.keyed and key is not None and not self._own_key(number, key):
            first = str(self._rows.first_rows[key])
            findings.append(finding("F4-042", self._file, row=number, field=1, value=cells[0], detail=first))
        else:
            self._own_key(number, key)
            findings.extend(self._repeated(row))
        for handler in self._handlers:
            findings.extend(handler(row))
        roots = self._follow(row, findings)
        for found in findings:
            self._survey.report(section.code, found)
        codes = [found.code for found in findings if found.effect in _REFUSING]
        if self._own is not None:
            self._pending.append((row, key, roots, codes))
        else:
            self._standing.settle(section.code, number, key, codes=codes, roots=roots)
        return row

    def _own_key(self, number: int, key: str | None) -> bool:
        """Note a key; false when it was there before."""
        return key is None or self._rows.first_rows.setdefault(key, number) == number

    def _repeated(self, row: Row) -> Iterator[Finding]:
        if self._section.code not in _UNIQUE:
            return
        code, fields, named = _UNIQUE[self._section.code]
        natural = tuple(row.values[row.places[name]] for name in fields)
        if named is not None and not row.raw(named):
            return
        first = self._natural.setdefault(natural, row.number)
        if first != row.number:
            place = None if named is None else row.places[named] + 1
            value = None if named is None else row.raw(named)
            yield finding(code, self._file, row=row.number, field=place, value=value, detail=str(first))

    def _follow(self, row: Row, findings: list[Finding]) -> frozenset[Root]:
        """Follow the references of a row: what it waits for; what leads nowhere is added to its findings."""
        roots: frozenset[Root] = frozenset()
        for field, target in self._references:
            key = row.key(field.code)
            if key is None:
                continue
            last = self._sought.get(field.n)
            if last is not None and last[0] == key:  # rows that belong together follow one another
                waits = last[1]
            else:
                waits = self._standing.seek(target, key)
                self._sought[field.n] = key, waits
            if self._section.code == PAYMENT_SECTION and field.code in ("account", "document"):
                findings.extend(self._payment_reference(row, field, key, is_taken=waits is not None and not waits))
            elif waits is None:
                findings.append(self._nowhere(row, field))
            else:
                roots |= waits
        return roots

    def _payment_reference(self, row: Row, field: Field, key: str, *, is_taken: bool) -> Iterator[Finding]:
        """A payment without its account goes to suspense (F4-082); without its document it only has no named month."""
        if is_taken:
            return
        if field.code == "account":
            yield finding("F4-082", self._file, row=row.number, field=field.n, value=row.raw(field.code))
        elif self._standing.seek(self._survey.section_of("epd"), key) is None:
            self._survey.joined.missing_documents.add(key)

    def _nowhere(self, row: Row, field: Field) -> Finding:
        of = (field.of or "").upper()
        return finding("F4-041", self._file, row=row.number, field=field.n, value=row.raw(field.code), name=field.name, detail=of)

    def finish(self) -> None:
        """Follow references inside the section, now that all of its rows are known, until nothing more waits."""
        own = self._own
        if own is None:
            return
        for row, _, _, codes in self._pending:
            parent = row.key(own.code)
            if parent is not None and self._standing.seek(self._section, parent) is None:
                self._survey.report(self._section.code, self._nowhere(row, own))
                codes.append("F4-041")
        reached: dict[int, frozenset[Root]] = {row.number: roots for row, _, roots, _ in self._pending}
        by_number = {row.number: (row, key, codes) for row, key, _, codes in self._pending}
        changed = True
        while changed:
            changed = False
            for number, (row, _, _) in by_number.items():
                parent = row.key(own.code)
                first = self._rows.first_rows.get(parent)
                if first is None or first == number:
                    continue
                more = reached.get(first, frozenset())
                if first in self._rows.refused:
                    more |= {(self._section.code, first)}
                if not more <= reached[number]:
                    reached[number] |= more
                    changed = True
        for number, (_, key, codes) in by_number.items():
            self._standing.settle(self._section.code, number, key, codes=codes, roots=reached[number])


def _join(joined: Joined, row: Row, *, is_flagged: bool) -> None:
    """Keep what bodies of other sections need of a row."""
    if row.section == "contragentrole":
        role, organisation = row.number_of("role"), row.key("organisation")
        if role is not None and organisation is not None:
            roles = joined.roles.setdefault(organisation, [])
            roles.insert(0 if row.yes("main") else len(roles), role)
    elif row.section == "bank":
        bank = row.key("organisation")
        if bank is not None:
            joined.banks.setdefault(bank, (row.text("bik"), row.text("correspondent")))
    elif row.section == "duou":
        managed, house, contract = row.key("id"), row.key("house"), row.key("contract")
        if managed is not None and house is not None and contract is not None:
            joined.managed.setdefault(managed, (house, contract))
    elif row.section in ("contragent", "contragentrschet"):
        key = row.key("id")
        if key is not None and row.section == "contragent":
            joined.names.setdefault(key, row.text("full_name") or row.text("short_name"))
        if key is not None and is_flagged:
            joined.unverified.setdefault(row.section, set()).add(key)

"""Files that propose another law: rules in the shape of ``config/law``, or a region's tariffs, norms and settings, told apart by keys.

Read as strictly as what is in force: an unknown name, an overlap or a gap of dates is an error that names file and line.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from adapters.uk.region_fields import ROOT
from config import regions
from core.charges.law import Law
from core.charges.proposed import Proposal
from core.errors import ConfigError, system_reason
from core.model.finding import Finding
from core.model.records import ApprovedNorm, ApprovedTariff, Record, RegionSetting
from core.period import Month
from erkc.adapters import region_adapter
from erkc.intake import region_message

__all__ = ["Proposed", "read_proposed"]


@dataclass(frozen=True, slots=True)
class Proposed:
    """What files say, as they were read."""

    law: Law
    """In force."""
    sources: Sequence[tuple[str, str]]
    """Files of rules: name and text."""
    records: Sequence[Record]
    """Of files of regions."""

    def of(self, month: Month, *, whole_month: bool = False) -> Proposal:
        """What they propose for a month; ``whole_month``: whatever the days of the values are."""
        law = self.law
        for name, source in self.sources:
            law = law.with_changes(name, source, since=month.first if whole_month else None)
        return Proposal(law, self.records, whole_month)

    def later_than(self, month: Month) -> list[str]:
        """Values that begin after the month, for people: what they are of, and since when."""
        found: dict[str, date] = {}
        for record in self.records:
            if record.valid_from is not None and record.valid_from > month.last:
                what = _KINDS.get(type(record.body))
                if what is not None:
                    found[what] = min(record.valid_from, found.get(what, date.max))
        for name, source in self.sources:
            for parameter in self.law.with_changes(name, source).parameters.values():
                known = {one.first for one in self.law.parameters[parameter.name].values}
                starts = [one.first for one in parameter.values if one.first > month.last and one.first not in known]
                if starts:
                    found[parameter.meaning] = min(starts)
        return [f"{what} с {first:%d.%m.%Y}" for what, first in found.items()]


_KINDS: Mapping[type, str] = {ApprovedTariff: "тарифы", ApprovedNorm: "нормативы", RegionSetting: "настройки"}


def read_proposed(places: Sequence[Path], law: Law) -> Proposed:
    """Read the files; the first thing wrong is a ``ConfigError`` with file and line."""
    sources: list[tuple[str, str]] = []
    records: list[Record] = []
    for place in places:
        source = _law_source(place)
        if source is None:
            records += _records(place)
        else:
            law.with_changes(str(place), source)  # checked before anything is computed
            sources.append((str(place), source))
    return Proposed(law, sources, records)


def _law_source(place: Path) -> str | None:
    """The text of a file of rules; None for what is a region's: a folder, the name of one, a JSON, a TOML with the region's sections."""
    if place.is_dir() or place.suffix.lower() != ".toml" or (not place.exists() and str(place) in regions.names()):
        return None
    try:
        source = place.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigError("CLI-0201", f"Файл {place} не читается: {system_reason(error)}.", hint="Проверьте путь и права.") from error
    except UnicodeDecodeError as error:
        raise ConfigError("IM-0101", f"{place}: не UTF-8 (байт {error.start}).", hint="Сохраните файл в UTF-8.", file=str(place)) from error
    try:
        keys = tomllib.loads(source).keys()
    except tomllib.TOMLDecodeError:
        return source  # the reader of rules says on which line
    if not keys:
        raise ConfigError(
            "IM-0102",
            f"{place}: в файле нет ни правил, ни тарифов, ни нормативов.",
            hint="Нужен файл вида config/law/*.toml или файл региона (config/regions).",
            file=str(place),
        )
    return None if keys & ROOT.keys() else source


def _records(place: Path) -> list[Record]:
    """Records of a region's configuration."""
    found = list(region_adapter().parse(region_message(place), {}))
    wrong = [item for item in found if isinstance(item, Finding) and item.severity == "error"]
    if wrong:
        first = wrong[0]
        file = str(place) if place.is_file() else first.position.file
        line = f", строка {first.position.row}" if first.position.row else ""
        value = f" Значение: «{first.value}»." if first.value else ""
        more = f" Всего ошибок в файле: {len(wrong)}." if len(wrong) > 1 else ""
        raise ConfigError(
            "IM-0101",
            f"{file}{line}: {first.message}{value}{more}",
            hint=first.hint,
            file=file,
            line=first.position.row,
            findings=[f"{one.position.row}: {one.code}: {one.message}" for one in wrong],
        )
    return [item for item in found if isinstance(item, Record)]

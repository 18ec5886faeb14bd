"""Houses that several senders report: which of their houses are the same one.

By the GUID of ФИАС without regard to case, else by the cadastral number. Where a person has said which house of ГАР it is,
it bears that GUID; its own one too unless ГАР knows it as another house. A name that two houses of one sender bear tells nothing; a link
that would put two houses of one sender together is not made. Keys of senders have nothing to do with each other and are never compared.

Only the centre's session sees more than one sender (row-level security), so nobody else may ask.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row

from core.errors import ConfigError
from core.ids import CENTRE, EntityId, ProviderId, RecordId
from core.period import Month
from core.records.house_codes import DecidedCode, decided_codes
from core.records.resolutions import gar_houses
from core.records.versions import scope
from core.storage.sql import queries

__all__ = ["HouseName", "SameHouse", "group_houses", "same_houses", "sharing_providers"]

_CENTRE_SESSION = "*"


@dataclass(frozen=True, slots=True)
class HouseName:
    """What a sender's house is known by."""

    house_id: EntityId
    provider_id: ProviderId
    key: str
    fias: str
    cadastral: str
    decided: str = ""
    """The GUID by a person's decision."""
    is_other: bool = False
    """Whether ``fias`` is the code of another house: it tells nothing then."""

    @property
    def codes(self) -> tuple[str, ...]:
        """GUIDs that it bears, in lower case."""
        own = "" if self.is_other else self.fias.lower()
        return tuple(dict.fromkeys(code for code in (self.decided, own) if code))


@dataclass(frozen=True, slots=True)
class SameHouse:
    """One house as all of its senders name it, in the order of providers."""

    names: tuple[HouseName, ...]
    doubtful: tuple[str, ...] = ()
    """Names that other senders' houses bear too and that tell nothing, because two houses of one sender bear them."""

    @property
    def matched_by(self) -> str:
        """``fias_house``, ``decision`` where a person has named the GUID, or ``cadastral_no`` where the GUIDs of the senders differ."""
        if len({name.fias.lower() for name in self.names}) == 1:
            return "fias_house"
        first, *others = (set(name.codes) for name in self.names)
        return "decision" if first.intersection(*others) else "cadastral_no"


def same_houses(
    connection: Connection, houses: Sequence[EntityId], *, month: Month, known_until: RecordId | None
) -> dict[EntityId, SameHouse]:
    """For each of some houses (of whatever sender) all that are the same one, itself among them, as a month sees them."""
    _of_the_centre(connection)
    parameters = scope(CENTRE, until=month.last, known_until=known_until)
    decided = decided_codes(connection, known_until=known_until)
    found: dict[EntityId, HouseName] = {}
    asked: set[str] = set()
    wanted = set(houses)
    while wanted:
        rows = connection.execute(queries("core.records").house_names, parameters | {"ids": sorted(wanted)})
        named = _with_decisions(connection, rows.all(), decided, known_until)
        found |= {name.house_id: name for name in named}
        fias = {code for name in named for code in (name.fias, *name.codes)} - asked - {""}
        cadastral = {name.cadastral for name in named} - asked - {""}
        asked |= fias | cadastral
        names = {"fias": sorted(fias), "cadastral": sorted(cadastral)}
        alike = set(connection.execute(queries("core.records").houses_named, parameters | names).scalars()) if fias or cadastral else set()
        codes = {code.lower() for code in fias}
        alike |= {house for house, one in decided.items() if one.fias in codes}
        wanted = {EntityId(house) for house in alike} - wanted - found.keys()
    groups = {name.house_id: group for group in group_houses(found.values()) for name in group.names}
    return {house: groups[house] for house in houses if house in groups}


def sharing_providers(connection: Connection, provider_id: ProviderId) -> list[ProviderId]:
    """Other senders who have, or had, a house of this one, or of one of those: what they send may change its charges."""
    _of_the_centre(connection)
    known = {provider_id}
    decided = _sharing_by_decision(connection)
    while True:
        rows = connection.execute(queries("core.records").sharing_providers, {"providers": sorted(known)}).scalars()
        found = known | {ProviderId(number) for number in rows}
        found |= {number for senders in decided if senders & known for number in senders}
        if found == known:
            return sorted(known - {provider_id})
        known = found


def group_houses(names: Iterable[HouseName]) -> list[SameHouse]:
    """Houses put together by what they are known by."""
    listed = sorted(names, key=lambda name: (name.provider_id, name.house_id))
    groups: dict[EntityId, list[HouseName]] = {name.house_id: [name] for name in listed}
    doubtful: dict[EntityId, list[str]] = defaultdict(list)
    for kind in ("fias", "cadastral"):
        bearers: dict[str, list[HouseName]] = defaultdict(list)
        for name in listed:
            for code in name.codes if kind == "fias" else (name.cadastral.lower(),):
                bearers[code].append(name)
        for text in sorted(bearers.keys() - {""}):
            together = list({id(groups[name.house_id]): groups[name.house_id] for name in bearers[text]}.values())
            joined = [name for group in together for name in group]
            senders = {name.provider_id for name in joined}
            if len(together) == 1:
                continue
            if len(senders) == len(joined):
                joined.sort(key=lambda name: name.provider_id)
                groups |= {name.house_id: joined for name in joined}
            elif len(senders) > 1:
                for name in bearers[text]:
                    doubtful[name.house_id].append(text)
    unique = {id(group): group for group in groups.values()}.values()
    return [SameHouse(tuple(group), tuple(dict.fromkeys(text for name in group for text in doubtful[name.house_id]))) for group in unique]


def _with_decisions(
    connection: Connection, rows: Sequence[Row[Any]], decided: Mapping[EntityId, DecidedCode], known_until: RecordId | None
) -> list[HouseName]:
    """Names as stated, with the GUIDs by decisions about their addresses."""
    mine = {row.entity_id: decided[row.entity_id] for row in rows if row.entity_id in decided}
    mine = {house: one for house, one in mine.items() if any(row.entity_id == house and row.address == one.address for row in rows)}
    stated = {row.fias.lower() for row in rows if row.entity_id in mine} - {""}
    listed = {one.fias for one in gar_houses(connection, fias=stated, known_until=known_until)} if stated else set()
    names = []
    for row in rows:
        name = HouseName(EntityId(row.entity_id), ProviderId(row.provider_id), row.record_key, row.fias, row.cadastral)
        code = mine.get(name.house_id)
        if code is not None:
            own = name.fias.lower()
            name = replace(name, decided=code.fias, is_other=own != code.fias and own in listed)
        names.append(name)
    return names


def _sharing_by_decision(connection: Connection) -> list[set[ProviderId]]:
    """Senders whose houses bear one GUID that a person has named for some of them."""
    senders: dict[str, set[ProviderId]] = defaultdict(set)
    for one in decided_codes(connection).values():
        senders[one.fias].add(one.provider_id)
    if senders:
        for row in connection.execute(queries("core.records").providers_of_codes, {"codes": sorted(senders)}):
            senders[row.fias].add(ProviderId(row.provider_id))
    return [those for those in senders.values() if len(those) > 1]


def _of_the_centre(connection: Connection) -> None:
    """``ConfigError`` REC-0104 where the session sees one sender only: it would take its part of a house for the whole."""
    if connection.execute(queries("core.records").seen_provider).scalar_one() != _CENTRE_SESSION:
        raise ConfigError(
            "REC-0104",
            "Дома нескольких отправителей видит только центр: сеанс одного отправителя их не сопоставляет и не начисляет.",
            hint="Начисление, отчёт месяца и выпуск счетов выполняет центр.",
        )

"""Facts for the calculation of a month: of the region, and of houses batch by batch, each a handful of set-based statements.

What means what is Формат 4.0 as the profile of docs/adapters.md reads it: services are those of the house, for every account; the place
of an account gives its premises; the contribution is due by the decision on the fund, to the regional operator or to the owner of the
house's own account. Which version of a record counts says :mod:`core.records.versions`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from core.ids import CENTRE, EntityId, ProviderId, RecordId
from core.model.facts import Facts, HouseFacts, LocalSettings, NormFacts, TariffFacts
from core.model.records import Account, ApprovedNorm, ApprovedTariff, House, Organisation, RegionSetting
from core.period import Month
from core.records.houses import HouseReader
from core.records.limits import read_limits
from core.records.versions import PARTIES, in_force, scope, with_tables
from core.storage.sql import queries

__all__ = [
    "SettingsByPlace",
    "accounts_by_house",
    "accounts_of_houses",
    "house_ids",
    "read_houses",
    "read_region",
    "read_settings",
    "read_settings_by_place",
]

_HOUSES_AT_ONCE = 50
_GROWTH = "bound_growth_by_oktmo"


def read_region(connection: Connection, *, month: Month, known_until: RecordId | None, provider_id: ProviderId | None = None) -> Facts:
    """Approved tariffs and norms up to the end of a month, and the region's settings.

    ``provider_id``: whose month it is; suppliers are then the organisations of this provider, where it has one of the tariff's ИНН.
    """
    named = queries("core.records").raw
    parameters = scope(CENTRE, until=month.last, known_until=known_until)
    tables = {"organisation_now": in_force(Organisation), "party": PARTIES, "supplier_now": named["region_suppliers"]}
    own = {name: query.replace(":provider", ":sender") for name, query in tables.items()}
    tariffs = connection.execute(
        text(with_tables(named["region_tariffs"], tariff_now=in_force(ApprovedTariff), **own)), parameters | {"sender": provider_id}
    )
    norms = connection.execute(text(with_tables(named["region_norms"], norm_now=in_force(ApprovedNorm))), parameters)
    everywhere, local = _settings(connection, parameters)
    settings, sources = everywhere.settings, everywhere.sources
    limits = read_limits(connection, month=month, known_until=known_until)
    if limits and _GROWTH not in settings:  # approved limits are what the bound before posting goes by, unless a setting says otherwise
        settings[_GROWTH] = {limit.oktmo: f"{limit.percent_e2 // 100}.{limit.percent_e2 % 100:02d}" for limit in limits}
        sources[_GROWTH] = limits[0].source
    return Facts(
        tariffs=tuple(TariffFacts(*row) for row in tariffs),
        norms=tuple(NormFacts(*row) for row in norms),
        settings=settings,
        settings_sources=sources,
        local=local,
    )


def read_settings(
    connection: Connection, *, day: date, provider_id: ProviderId | None, known_until: RecordId | None = None
) -> dict[str, object]:
    """Settings in force on a day where a provider has most of its houses (None: where all providers together have).

    For what is decided for a whole provider: what its registries, forms and packages are like. Lines, deadlines, penalties and the sharing
    out of payments go by the place of the house (:meth:`core.model.facts.Facts.at`, :func:`read_settings_by_place`).
    """
    return _home(connection, scope(CENTRE, until=day, known_until=known_until), provider_id)[1]


@dataclass(frozen=True, slots=True)
class SettingsByPlace:
    """Settings in force on a day for each account of a provider, by the municipality of its house."""

    home: dict[str, object]
    """Those of most of its houses."""
    facts: Facts
    elsewhere: Mapping[EntityId, str]
    """Accounts whose municipality is another than that of most houses, where it has settings of its own."""

    def place(self, account: EntityId) -> str:
        """What tells accounts of different settings apart; empty: those of :attr:`home`."""
        return self.elsewhere.get(account, "")

    def at(self, place: str) -> dict[str, object]:
        """The settings of a place."""
        return self.facts.at(place).settings if place else self.home


def read_settings_by_place(
    connection: Connection, *, day: date, provider_id: ProviderId, known_until: RecordId | None = None
) -> SettingsByPlace:
    """Settings for each account of a provider: accounts are looked up only where municipalities differ."""
    parameters = scope(CENTRE, until=day, known_until=known_until) | {"owner": provider_id}
    place, home, facts = _home(connection, parameters, provider_id)
    elsewhere: dict[EntityId, str] = {}
    if facts.local:
        asked = parameters | {"home": place, "by_beginning": len(facts.local) == 1}
        found = {row.house: row.oktmo for row in connection.execute(queries("core.records").houses_elsewhere, asked)}
        others = {oktmo for oktmo in set(found.values()) if facts.at(oktmo).settings != home}
        houses = [house for house, oktmo in found.items() if oktmo in others]
        rows = connection.execute(queries("core.records").accounts_of_named_houses, parameters | {"houses": houses}) if houses else ()
        elsewhere = {EntityId(row.entity_id): found[row.house] for row in rows}
    return SettingsByPlace(home, facts, elsewhere)


def _home(connection: Connection, parameters: dict[str, object], provider_id: ProviderId | None) -> tuple[str, dict[str, object], Facts]:
    """The municipality of most houses of a provider, the settings that hold there, and all settings."""
    everywhere, local = _settings(connection, parameters)
    facts = Facts((), (), everywhere.settings, everywhere.sources, local)
    if len(local) == 1:  # whatever a provider says of its houses, there is but one place that has settings
        return local[0].oktmo, everywhere.settings | local[0].settings, facts
    home = None
    for owner in (provider_id, None) if local else ():
        home = home or connection.execute(queries("core.records").home_oktmo, parameters | {"owner": owner}).scalar()
    return home or "", facts.at(home or "").settings, facts


def _settings(connection: Connection, parameters: Mapping[str, object]) -> tuple[LocalSettings, tuple[LocalSettings, ...]]:
    """Settings that hold everywhere, and those of municipalities."""
    statement = with_tables(queries("core.records").raw["region_settings"], setting_now=in_force(RegionSetting))
    found = {"": LocalSettings("", {}, {})}
    for oktmo, name, value, source in connection.execute(text(statement), parameters):
        place = found.setdefault(oktmo, LocalSettings(oktmo, {}, {}))
        place.settings[name] = json.loads(value)
        place.sources[name] = RecordId(source)
    return found.pop(""), tuple(found.values())


def house_ids(connection: Connection, provider_id: ProviderId, month: Month, known_until: RecordId | None = None) -> list[EntityId]:
    """Houses that a provider has in a month, in the order of its own numbers."""
    statement = with_tables(queries("core.records").raw["house_ids"], house_now=in_force(House))
    rows = connection.execute(text(statement), scope(provider_id, until=month.last, known_until=known_until))
    return [EntityId(entity_id) for entity_id in rows.scalars()]


def accounts_by_house(connection: Connection, provider_id: ProviderId) -> dict[EntityId, int]:
    """How many accounts a provider has told of in each of its houses: enough to share out work by."""
    return {
        EntityId(house): count for house, count in connection.execute(queries("core.records").accounts_by_house, {"provider": provider_id})
    }


def accounts_of_houses(
    connection: Connection, *, provider_id: ProviderId, month: Month, houses: Sequence[EntityId], known_until: RecordId | None
) -> dict[EntityId, list[EntityId]]:
    """Accounts of some houses by house, closed ones too."""
    named = queries("core.records")
    keys = connection.execute(named.house_keys, {"provider": provider_id, "ids": list(houses)}).all()
    statement = with_tables(named.raw["house_accounts"], account_now=in_force(Account, "r.house = ANY(:houses)"))
    parameters = scope(provider_id, until=month.last, known_until=known_until) | {"houses": [row.entity_key for row in keys]}
    found: dict[EntityId, list[EntityId]] = {house: [] for house in houses}
    for row in connection.execute(text(statement), parameters):
        found[row.house_id].append(row.account_id)
    return found


def read_houses(
    connection: Connection, *, provider_id: ProviderId, month: Month, houses: Sequence[EntityId], known_until: RecordId | None
) -> Iterator[HouseFacts]:
    """Facts of houses for one month, in the order asked for; a house without a record in force is left out."""
    reader = HouseReader(connection, provider_id, month, known_until)
    for start in range(0, len(houses), _HOUSES_AT_ONCE):
        yield from reader.read(houses[start : start + _HOUSES_AT_ONCE])

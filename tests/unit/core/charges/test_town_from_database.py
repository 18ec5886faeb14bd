"""The town taken into the database and read back as facts is charged exactly as the town read straight from its archive.

Two readers that share no code agree, so neither the adapter, nor the store, nor the test's own loader loses a fact that money depends on.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files

from sqlalchemy import Engine, text

from adapters.contract import RawMessage
from adapters.uk.archives import UkArchives
from adapters.uk.knowledge import RegionKnowledge
from adapters.uk.region import RegionAdapter
from config.law import tables
from core.charges import HouseCharges, Law, charge_houses
from core.clock import FixedClock
from core.model.facts import HouseFacts
from core.model.records import ApprovedTariff, Record, RegisteredSender
from core.period import Month
from core.records.facts import house_ids, read_houses, read_region
from core.services.take import load_region, take
from tests.unit.core.charges.town import load_town

TOWN = files("examples") / "town"
CLOCK = FixedClock(datetime(2026, 11, 12, 6, tzinfo=UTC))
OCTOBER = Month(2026, 10)

Charged = dict[tuple[str, str], tuple[str, int, int | None, int, int, int, int]]


def _take(engine: Engine) -> None:
    region = RawMessage("zarechinsk.region.json", (TOWN / "zarechinsk.region.json").read_bytes())
    bodies = [item.body for item in RegionAdapter().parse(region, {}) if isinstance(item, Record)]
    other = RawMessage("slobodka.region.json", (files("examples") / "town2" / "slobodka.region.json").read_bytes())
    for one in (region, other):  # another municipality in the same database, learned last
        load_region(engine, name=one.name, data=one.data, parse=lambda known, one=one: RegionAdapter().parse(one, known), clock=CLOCK)
    adapter = UkArchives(
        RegionKnowledge(
            tuple(body for body in bodies if isinstance(body, RegisteredSender)),
            tuple(body for body in bodies if isinstance(body, ApprovedTariff)),
        )
    )
    archive = RawMessage("zarechinsk-2026-10-valid.zip", (TOWN / "zarechinsk-2026-10-valid.zip").read_bytes())
    take(
        engine,
        name=archive.name,
        data=archive.data,
        adapter=adapter.name,
        header=lambda: adapter.header(archive),
        parse=lambda known: adapter.parse(archive, known),
        clock=CLOCK,
    )


def _lines(houses: Iterable[HouseFacts], charged: Iterable[HouseCharges]) -> Charged:
    found: Charged = {}
    for house, result in zip(houses, charged, strict=True):
        numbers = {account.account_id: account.number for account in house.accounts}
        keys = {service.service_id: service.key for service in house.services}
        for line in result.lines:
            found[numbers[line.account_id], keys[line.service_id]] = (
                line.method,
                line.volume_e6,
                line.tariff_e6,
                line.base,
                line.surcharge,
                line.recalculation,
                line.underdelivery,
            )
    return found


def _volumes(houses: Iterable[HouseFacts], charged: Iterable[HouseCharges]) -> set[tuple[str, str, str, str, int, str]]:
    return {
        (house.fias, volume.service, volume.month, volume.what, volume.volume_e6, volume.method)
        for house, result in zip(houses, charged, strict=True)
        for volume in result.volumes
    }


def test_the_town_from_the_database_is_the_town_of_the_archive(engine: Engine) -> None:
    _take(engine)
    law = Law.from_tables(tables())
    with engine.connect() as connection:
        provider_id = connection.execute(text("SELECT provider_id FROM provider WHERE kind = 36 AND provider_id <> 0")).scalar_one()
        facts = read_region(connection, month=OCTOBER, known_until=None)
        ids = house_ids(connection, provider_id, OCTOBER)
        houses = list(read_houses(connection, provider_id=provider_id, month=OCTOBER, houses=ids, known_until=None))
        organisations = connection.execute(text("SELECT entity_id FROM entity WHERE provider_id = 0 AND kind = 'organisation'")).scalars()
        known = set(organisations)
    stored = charge_houses(houses, facts, law, OCTOBER)
    town = load_town()
    direct = charge_houses(town.houses, town.facts, law, OCTOBER)
    assert [finding for house in stored for finding in house.findings] == []
    assert _lines(houses, stored) == _lines(town.houses, direct)
    assert _volumes(houses, stored) == _volumes(town.houses, direct)
    assert {line.creditor_id for house in stored for line in house.lines} <= known

"""Readings of the month: told once, found again after a lost answer, named where the federal system has no such meter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

import pytest

from adapters import xmlio
from adapters.gis_zhkh import meters
from adapters.gis_zhkh.values import NsiRef
from core.ids import EntityId, TransportGuid
from core.model.bill import BillMeter
from core.records.entities import entity_ids
from core.services.federal import send_readings, synchronise
from erkc.stands.gis.desk import Call
from erkc.stands.gis.metering import import_meters
from erkc.stands.gis.seed import guid
from tests.simulation.test_federal_conversation import waiting
from tests.simulation.world import MONTH, World, centre_ogrn, fias

DAY = date(2026, 10, 23)


def metered_world(make_world: Callable[..., World], number: int, *, flats: int = 3) -> World:
    """Every bill has a water meter; the federal system has those of all flats but the last, and an electricity meter of the first."""
    world = make_world(number, flats=flats)
    world.issue()
    assert synchronise(world.federal(), provider_id=world.provider_id, waiting=waiting(world)).finished
    with world.engine.connect() as connection:
        water = entity_ids(connection, world.provider_id, "service")["2"]
    for order, (bill_id, bill) in enumerate(sorted(world.bills.contents.items()), 1):
        rows = [_meter(water, f"В-{order}", 1, 10_000 + order)]
        rows += [_meter(EntityId(0), "Э-1", 4, 500_000)] if order == 1 else []
        world.bills.contents[bill_id] = replace(bill, meters=tuple(rows))
    accounts = [UUID(account["guid"]) for account in world.stand.contents()["accounts"]]
    passport = meters.MeterPassport("", "СВК", "15-3", date(2024, 1, 10), date(2024, 2, 1))
    cold = meters.MeterResource(NsiRef("1", UUID(guid("book", "", "2", "1"))), 0, "113")
    placed: list[meters.NewMeter | meters.ArchiveMeter | meters.ReplaceMeter] = []
    for order, account in enumerate(accounts[:-1], 1):
        flat = UUID(guid("premises", fias(1), str(order), "True"))
        place = meters.MeterPlace("ResidentialPremiseDevice", (flat,), (account,))
        placed.append(meters.NewMeter(TransportGuid(uuid4()), replace(passport, number=f"в-{order} "), place, (cold,)))
        if order == 1:
            placed.append(meters.NewMeter(TransportGuid(uuid4()), replace(passport, number="Э-1"), place, meters.Tariffs((0,))))
    message = xmlio.read(meters.import_meters_request(placed, house_fias=UUID(fias(1))))
    sender = guid("organisation", centre_ogrn(number), "ppa")
    with world.stand._state.transaction() as connection:
        import_meters(Call(world.stand._state, connection, sender, message, world.clock.now()))
    return world


def _meter(service: EntityId, serial: str, utility: int, value: int) -> BillMeter:
    return BillMeter(service, serial, value - 1_000, value, DAY, None, utility, "113")


def told(world: World) -> int:
    return sum(one["kind"] == "reading" for one in world.stand.contents()["objects"])


def test_readings_are_told_once_and_strange_meters_are_named(make_world: Callable[..., World]) -> None:
    world = metered_world(make_world, 851)
    done = send_readings(world.federal(), provider_id=world.provider_id, month=MONTH, waiting=waiting(world))
    assert (done.readings, done.placed, done.waiting, done.refused) == (4, 3, 0, {})
    assert [title.split()[-1] for title in done.unknown] == ["В-3"]
    again = send_readings(world.federal(), provider_id=world.provider_id, month=MONTH, waiting=waiting(world))
    assert (again, told(world)) == (done, 3)


@pytest.mark.parametrize("fault", ["lost_ack", "empty", "missing_item", "whole_error"])
def test_a_lost_answer_is_found_in_the_history(make_world: Callable[..., World], fault: str) -> None:
    world = metered_world(make_world, {"lost_ack": 852, "empty": 853, "missing_item": 854, "whole_error": 855}[fault])
    world.stand.fail("importMeteringDeviceValues", fault)
    done = send_readings(world.federal(), provider_id=world.provider_id, month=MONTH, waiting=waiting(world))
    assert (done.placed, done.waiting, told(world)) == (3, 0, 3)
    actions = [action for action, _ in world.wire.sent if "Metering" in action and "History" in action]
    assert len(actions) == 1


def test_a_reading_below_the_control_one_is_refused_with_its_reason(make_world: Callable[..., World]) -> None:
    world = metered_world(make_world, 856, flats=2)
    with world.stand._state.transaction() as connection:
        call = Call(world.stand._state, connection, guid("organisation", centre_ogrn(856), "ppa"), {}, world.clock.now())
        from erkc.stands.gis.desk import found, put

        (meter,) = [one for one in found(call, "meter") if one.key == "в-1 "]
        value = {"MunicipalResource": {"Code": "1"}, "MeteringValue": "99", "DateValue": "2026-10-01"}
        put(call, "reading", "ControlValue", {"branch": "OneRateDeviceValue", "value": value}, parent=meter.guid)
    done = send_readings(world.federal(), provider_id=world.provider_id, month=MONTH, waiting=waiting(world))
    ((title, reasons),) = done.refused.items()
    assert (title.split()[-1], reasons[0][0]) == ("В-1", "INT007002")

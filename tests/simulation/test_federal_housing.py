"""Meters, own books, contracts, settlements: placed once from our records, found again after a lost answer, told where they cannot go."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from core import archive
from core.errors import InputError
from core.ids import CENTRE
from core.ledger.post import post
from core.model.finding import Position
from core.model.ledger import Entry, Posting
from core.model.lines import Chart, Component
from core.model.records import Body, House, Meter, Premises, Reading, Record, Room, Service
from core.records.entities import entity_ids
from core.records.latest import read_accounts
from core.records.store import save
from core.services.federal import begin_access_check, known_access, mapped_services, poll, send_readings, synchronise
from core.services.federal import houses as federal_houses
from core.services.federal.contracts import look_at_contracts, read_contracts, supply_contract
from core.services.federal.houses import look_at_houses, place_houses
from core.services.federal.individual import (
    OrderedBy,
    look_at_individual_services,
    place_individual_service,
    read_individual_services,
    remove_individual_service,
)
from core.services.federal.meters import archive_meter, look_at_meters, meter_standing, place_meters
from core.services.federal.own_books import place_own_elements
from core.services.federal.own_houses import StatedHouse
from core.services.federal.settlements import settle
from core.storage.engine import transaction
from erkc.stands.gis import houses as stand_houses
from erkc.stands.gis.seed import guid
from tests.simulation.test_federal_conversation import waiting
from tests.simulation.world import MONTH, World, centre_inn, fias

DAY = date(2024, 2, 1)


def tell(world: World, bodies: dict[str, Body]) -> None:
    """More records of the town."""
    records = [Record(key, Position("more", 1), body, MONTH.first) for key, body in bodies.items()]
    with transaction(world.engine) as connection:
        now = world.clock.now()
        data = f"{world.number} {sorted(bodies)} {now}".encode()
        stored = archive.store(connection, data=data, name="more", channel="test", direction="in", provider_id=world.provider_id, at=now)
        save(connection, provider_id=world.provider_id, message_id=stored.message_id, records=records, recorded_at=now)


def reseed(world: World, **content: Any) -> None:
    """More that the stand knows; books are added to those that are there."""
    with world.stand._state.transaction() as connection:
        known = world.stand._state.seeded.content
        content["books"] = [*known["books"], *content.get("books", [])]
        world.stand._state.reseed(connection, {**known, **content})


def objects(world: World, kind: str) -> list[dict[str, Any]]:
    return [one for one in world.stand.contents()["objects"] if one["kind"] == kind]


def meter(flat: int, serial: str, service: str = "2", *, make: str = "СВК", is_open: bool = True) -> Meter:
    closed = None if is_open else DAY
    return Meter("1", 3, f"1-{flat}", f"1-{flat}", service, serial, 5, DAY, DAY, None, closed, 12_345, is_open, make, "15-3")


@pytest.mark.parametrize(("fault", "number"), [("", 881), ("lost_ack", 882)])
def test_meters_are_placed_once_with_their_passports(make_world: Callable[..., World], fault: str, number: int) -> None:
    world = make_world(number, flats=3)
    electric = {f"э{zone}": Service("Электроснабжение", "ЭЭ", 1, 1, None, 4, None, zone, "245", 3, 9 + zone) for zone in (2, 3)}
    tell(world, dict(electric))
    federal, scope = world.federal(), {"provider_id": world.provider_id}
    synchronise(federal, waiting=waiting(world), **scope)
    bodies = {f"п{flat}": meter(flat, f"В-{flat}", make="СВК" if flat != 3 else "") for flat in (1, 2, 3)}
    tell(world, {**bodies, "д": meter(1, "Э-1", "э2"), "н": meter(1, "Э-1", "э3")})
    assert meter_standing(federal, **scope).there == 0
    if fault:
        world.stand.fail("importMeteringDeviceData", fault)
    done = place_meters(federal, waiting=waiting(world), **scope)
    assert (done.meters, done.there, done.waiting, done.refused) == (4, 3, 0, {})
    ((title, reason),) = done.held.items()
    assert title.endswith("В-3") and "марки" in reason
    shown = {one["key"]: one["content"] for one in objects(world, "meter")}
    assert sorted(shown) == ["В-1", "В-2", "Э-1"] and "MeteringValueT2" in shown["Э-1"]
    assert place_meters(federal, waiting=waiting(world), **scope) == done and len(objects(world, "meter")) == 3


def test_a_meter_closed_with_us_is_named_and_archived_by_a_person(make_world: Callable[..., World]) -> None:
    world = make_world(883, flats=1)
    reseed(world, books=[{"number": "21", "owner": "", "elements": [
        {"code": "1", "name": "Истёк срок", "okei": "", "refers": [], "guid": guid("book", "", "21", "1")}
    ]}])  # fmt: skip
    federal, scope = world.federal(), {"provider_id": world.provider_id}
    synchronise(federal, waiting=waiting(world), **scope)
    tell(world, {"п1": meter(1, "В-1")})
    assert place_meters(federal, waiting=waiting(world), **scope).there == 1
    tell(world, {"п1": meter(1, "В-1", is_open=False)})
    look_at_meters(federal, waiting=waiting(world), **scope)
    found = meter_standing(federal, **scope)
    assert (found.meters, [title.split()[-1] for title in found.closed]) == (0, ["В-1"])
    with pytest.raises(InputError, match="GIS-0532"):
        archive_meter(federal, serial="нет", reason="1", waiting=waiting(world), **scope)
    with pytest.raises(InputError, match="GIS-0533"):
        archive_meter(federal, serial="В-1", reason="77", waiting=waiting(world), **scope)
    world.stand.fail("importMeteringDeviceData", "lost_ack")
    assert archive_meter(federal, serial="В-1", reason="1", waiting=waiting(world), **scope) == ()
    assert '"active": false' in objects(world, "meter")[0]["content"]
    assert sum("importMeteringDeviceData" in action for action, _ in world.wire.sent) == 2


@pytest.mark.parametrize(("fault", "number"), [("", 884), ("lost_ack", 885)])
def test_own_books_get_what_services_lack(make_world: Callable[..., World], fault: str, number: int) -> None:
    world = make_world(number, flats=1)
    tell(world, {
        "7": Service("Запирающее устройство", "ЗУ", 3, 1, None, None, None, None, "796", None, 7),
        "8": Service("Водоотведение", "КАН", 1, 1, None, 3, None, None, "113", None, 8),
        "9": Service("Неведомое содержание", "НС", 2, 1, None, None, 77, None, "055", None, 9),
    })  # fmt: skip
    with world.stand._state.transaction() as connection:
        content = copy.deepcopy(world.stand._state.seeded.content)
        for book in content["books"]:
            more = {"2": ("8", "Сточные воды"), "3": ("3", "Водоотведение")}.get(book["number"])
            if more is not None:
                code, name = more
                element = {"code": code, "name": name, "okei": "", "refers": [], "guid": guid("book", "", book["number"], code)}
                book["elements"].append(element)
        world.stand._state.reseed(connection, content)
    federal, scope = world.federal(), {"provider_id": world.provider_id}
    synchronise(federal, waiting=waiting(world), **scope)
    if fault:
        world.stand.fail("importMunicipalServices", fault)
    done = place_own_elements(federal, waiting=waiting(world), **scope)
    assert (done.begun, done.refused, done.left) == (2, {}, ("Неведомое содержание",))
    mapped = {row.key: (row.element.book, row.element.code) for row in mapped_services(federal, **scope) if row.element is not None}
    assert (mapped["7"], mapped["8"][0]) == (("1", "2"), "51") and "9" not in mapped
    assert place_own_elements(federal, waiting=waiting(world), **scope).begun == 0
    assert sum("importMunicipalServices" in action for action, _ in world.wire.sent) == 1


def supplied(make_world: Callable[..., World], number: int, contracts: Sequence[str]) -> World:
    """A world whose centre supplies under these contracts, and whose ledger has a month of it."""
    world = make_world(number, flats=2)
    supply = [
        {"number": name, "root_guid": str(uuid4()), "signed_on": "2020-01-01", "utilities": ["1"], "houses": [fias(1)]}
        for name in contracts
    ]
    reseed(world, supply=supply)
    synchronise(world.federal(), provider_id=world.provider_id, waiting=waiting(world))
    with transaction(world.engine) as connection:
        own = entity_ids(connection, CENTRE, "organisation")[centre_inn(number)]
        water = entity_ids(connection, world.provider_id, "service")["2"]
        rows = list(read_accounts(connection, provider_id=world.provider_id))
        about = [(row.entity_id, water, own, MONTH, Component.BASE) for row in rows]
        charged = tuple(
            Posting(Chart.RECEIVABLE, Chart.INCOME, amount, *place) for amount, place in zip((10_000, 5_000), about, strict=True)
        )
        paid = (
            Posting(Chart.CASH, Chart.RECEIVABLE, 4_000, *about[0]),
            Posting(Chart.CASH, Chart.RECEIVABLE, 5_000, *about[1]),
            Posting(Chart.CASH, Chart.ADVANCE, 700, rows[1].entity_id, water, own),
        )
        entries = [
            Entry(f"charge/{number}", "charge", world.provider_id, MONTH, MONTH.last, "начислено", charged),
            Entry(f"payment/{number}", "payment", world.provider_id, MONTH, MONTH.last, "оплачено", paid),
        ]
        post(connection, entries, at=world.clock.now())
    return world


def test_contracts_are_listed_and_named(make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_houses, "_SUPPLY_PAGE", 50)
    world = supplied(make_world, 886, [f"Д-{number}" for number in range(1, 104)])
    federal, scope = world.federal(), {"provider_id": world.provider_id}
    with pytest.raises(InputError, match="GIS-0531"):
        supply_contract(federal, **scope)
    assert look_at_contracts(federal, waiting=waiting(world), **scope).finished
    kinds = [one.kind for one in read_contracts(federal, **scope)]
    assert (kinds.count("supply"), kinds.count("contract")) == (103, 1), "every page"
    assert supply_contract(federal, number="Д-7", **scope).number == "Д-7"
    with pytest.raises(InputError, match="несколько"):
        supply_contract(federal, **scope)
    assert sum("SupplyResource" in action for action, _ in world.wire.sent) == 3


def test_settlements_say_what_the_ledger_says(make_world: Callable[..., World]) -> None:
    world = supplied(make_world, 887, ["Д-1"])
    federal, scope = world.federal(), {"provider_id": world.provider_id}
    look_at_contracts(federal, waiting=waiting(world), **scope)
    contract = supply_contract(federal, **scope).root
    world.stand.fail("importRSOSettlements", "lost_ack")
    about = {"month": MONTH, "contract": contract, **scope}
    done = settle(federal, waiting=waiting(world), **about)
    assert done.figures is not None and done.refused == ()
    assert (done.figures.charged, done.figures.received, done.figures.debt, done.figures.overpaid) == (15_000, 9_700, 6_000, 700)

    def there() -> str:
        (one,) = objects(world, "settlement")
        return str(one["content"])

    def sent() -> int:
        return sum("importRSOSettlements" in action for action, _ in world.wire.sent)

    assert '"Credted": "150.00", "Receipt": "97.00", "Debts": "60.00", "Overpayment": "7.00"' in there()
    settle(federal, waiting=waiting(world), **about)
    assert sent() == 1, "what is there is not sent again"
    settle(federal, waiting=waiting(world), annulled="ошибка", **about)
    assert '"annulled": "ошибка"' in there()
    settle(federal, waiting=waiting(world), **about)
    assert (sent(), '"annulled": "ошибка"' in there()) == (3, False)
    settle(federal, waiting=waiting(world), annulled="расторгнут", whole=True, **about)
    assert '"annulled": "расторгнут"' in there()
    settle(federal, waiting=waiting(world), annulled="расторгнут", whole=True, **about)
    assert sent() == 4


def test_the_self_check_at_start_waits_for_nobody(make_world: Callable[..., World]) -> None:
    """It is only prepared at start; the next steps bring the answer, and a delegation that is gone is known then."""
    world = make_world(888, flats=1)
    federal, scope = world.federal(), {"provider_id": world.provider_id}
    synchronise(federal, waiting=waiting(world), **scope)
    sent = len(world.wire.sent)
    world.stand.organisations[0]["is_provider"] = False
    begun = begin_access_check(federal, **scope)
    assert (begun.finished, begun.is_delegated, len(world.wire.sent)) == (False, True, sent)
    assert poll(federal, waiting=waiting(world), **scope).finished
    found = known_access(federal, **scope)
    assert (found.finished, found.is_registered, found.is_delegated) == (True, True, False)


@pytest.mark.parametrize(("fault", "number"), [("", 889), ("lost_ack", 890)])
def test_what_an_inspector_read_is_told_as_control(make_world: Callable[..., World], fault: str, number: int) -> None:
    world = make_world(number, flats=1)
    federal, scope = world.federal(), {"provider_id": world.provider_id}
    synchronise(federal, waiting=waiting(world), **scope)
    day = date(2026, 10, 14)
    tell(world, {"п1": meter(1, "В-1"), "о1": Reading("п1", day, 23_456, 2, None), "о2": Reading("п1", day, 11, 1, None)})
    assert place_meters(federal, waiting=waiting(world), **scope).there == 1
    if fault:
        world.stand.fail("importMeteringDeviceValues", fault)
    done = send_readings(federal, month=MONTH, waiting=waiting(world), **scope)
    assert (done.readings, done.placed, done.refused, done.unknown) == (1, 1, {}, ())
    (told,) = objects(world, "reading")
    assert told["key"] == "ControlValue" and '"23.456"' in told["content"]
    assert send_readings(federal, month=MONTH, waiting=waiting(world), **scope) == done
    assert sum("importMeteringDeviceValues" in action for action, _ in world.wire.sent) == 1


def test_an_individual_service_is_placed_once_and_removed(make_world: Callable[..., World]) -> None:
    world = make_world(891, flats=1)
    tell(world, {"7": Service("Домофон", "ДМФ", 3, 1, None, None, None, None, "796", None, 7)})
    federal, scope = world.federal(), {"provider_id": world.provider_id}
    synchronise(federal, waiting=waiting(world), **scope)
    about = {"account": "40010001", "first": date(2026, 10, 1), "last": date(2027, 9, 30), **scope}
    about["document"] = OrderedBy("Заявление.pdf", uuid4(), "a" * 64)
    with pytest.raises(InputError, match="GIS-0537"):
        place_individual_service(federal, service="2", **about)
    with pytest.raises(InputError, match="GIS-0536"):
        place_individual_service(federal, service="7", **{**about, "account": "0"})
    world.stand.fail("importAccountIndividualServices", "lost_ack")
    assert place_individual_service(federal, service="7", waiting=waiting(world), **about) == ()
    place_individual_service(federal, service="7", waiting=waiting(world), **about)
    assert look_at_individual_services(federal, account="40010001", waiting=waiting(world), **scope).finished
    (one,) = read_individual_services(federal, **scope)
    assert (one.first, one.last, len(objects(world, "individual service"))) == (about["first"], about["last"], 1)
    world.stand.fail("importAccountIndividualServices", "lost_ack")
    assert remove_individual_service(federal, guid=one.guid, waiting=waiting(world), **scope) == ()
    assert objects(world, "individual service") == []
    place_individual_service(federal, service="7", waiting=waiting(world), **about)
    assert sum("importAccountIndividualServices" in action for action, _ in world.wire.sent) == 3


BOOKS_OF_HOUSES = [
    {"number": number, "owner": "", "elements": [
        {"code": code, "name": name, "okei": "", "refers": [], "guid": guid("book", "", number, code)}
    ]}
    for number, code, name in (("24", "2", "Исправный"), ("32", "2", "Europe/Moscow"))
]  # fmt: skip


@pytest.mark.parametrize(("fault", "number"), [("", 892), ("lost_ack", 893)])
def test_a_house_gets_what_it_lacks_and_a_new_one_is_placed_whole(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, fault: str, number: int
) -> None:
    monkeypatch.setattr(federal_houses, "_PACKAGE", 2)
    world = make_world(number, flats=1)
    reseed(world, books=BOOKS_OF_HOUSES)
    new = House(fias(77), "02701000001", "ул. Новая, д. 7", "Europe/Moscow", "", 1, 250_000, None, 200_000, 4, "1002", 2, 1987, 5, 5, 1)

    def flat(house: str, number: str, kind: int = 1, area: int = 5000) -> Premises:
        return Premises(house, number, kind, None, False, area, None, "", False, None, None)

    tell(world, {"77": replace(new, floors=None), "1-2": flat("1", "2"), "1-3": flat("1", "3", area=0), "1-Н": flat("1", "1", 2)})
    tell(world, {"77-1": flat("77", "1"), "77-2": flat("77", "2"), "77-3": flat("77", "3"), "к1": Room("1-1", None, "а", 1200, False)})
    tell(world, {"к2": Room("1-2", None, "б", 1300, False)})
    federal, scope = world.federal(), {"provider_id": world.provider_id}
    synchronise(federal, waiting=waiting(world), **scope)
    seen = look_at_houses(federal, waiting=waiting(world), **scope)
    assert (seen.houses, seen.houses_there, seen.places, seen.places_there) == (2, 1, 9, 1)
    if fault:
        world.stand.fail("importHouseUOData", fault)
    done = place_houses(federal, waiting=waiting(world), **scope)
    assert (done.houses_there, done.places_there, done.waiting, done.refused) == (1, 5, 0, {})
    assert list(done.held) == ["ул. Новая, д. 7", "ул. Учебная, д. 1, кв. 3"] and "числа этажей" in done.held["ул. Новая, д. 7"]
    if fault:
        world.stand.fail("importHouseUOData", fault)
    done = place_houses(federal, fias=[fias(77)], stated=StatedHouse(floors=9), waiting=waiting(world), **scope)
    assert (done.houses_there, done.places, done.places_there, done.waiting, done.refused, done.held) == (1, 3, 3, 0, {}, {})
    there = world.stand._state.seeded.houses
    assert [(one["number"], len(one["rooms"])) for one in there[fias(1)]["premises"]] == [("1", 1), ("2", 1), ("1", 0)]
    assert [one["number"] for one in there[fias(77)]["premises"]] == ["1", "2", "3"]
    sent = sum("importHouseUOData" in action for action, _ in world.wire.sent)
    seen = place_houses(federal, waiting=waiting(world), **scope)
    assert (seen.houses_there, seen.places_there) == (2, 8)
    assert sum("importHouseUOData" in action for action, _ in world.wire.sent) == sent, "nothing is placed twice"

"""Facts of the region and of houses as the calculation gets them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from importlib.resources import files

import pytest
from sqlalchemy import Connection

from adapters.contract import RawMessage
from adapters.uk.region import RegionAdapter
from config.law import tables
from core.charges.law import Law
from core.charges.rules import Rules
from core.errors import InputError
from core.ids import CENTRE, MessageId, ProviderId, RecordId
from core.model.facts import HouseFacts
from core.model.finding import Finding
from core.model.records import (
    ApprovedNorm,
    ApprovedTariff,
    BankAccount,
    CapitalRepairDecision,
    House,
    HouseParameter,
    HousePrice,
    HouseService,
    Reading,
    Record,
    RegionSetting,
    Relief,
    Residence,
    SupplyAddress,
    SupplyService,
    UnifiedAccount,
)
from core.period import Month
from core.records.entities import entity_ids
from core.records.facts import house_ids, read_houses, read_region, read_settings
from core.records.store import last_record, save
from tests.unit.core.records.samples import AT, BACK, BROKEN_OFF, FIAS, account, fact, service, small_house

Archive = Callable[[ProviderId], MessageId]
OCTOBER = Month(2026, 10)
LAW = Law.from_tables(tables())


def read(connection: Connection, sender: ProviderId, month: Month = OCTOBER, known_until: RecordId | None = None) -> list[HouseFacts]:
    houses = house_ids(connection, sender, month)
    return list(read_houses(connection, provider_id=sender, month=month, houses=houses, known_until=known_until))


@pytest.fixture
def take(connection: Connection, sender: ProviderId, archived: Archive) -> Callable[..., None]:
    def store(*records: Record, owner: ProviderId | None = None) -> None:
        provider = sender if owner is None else owner
        save(connection, provider_id=provider, message_id=archived(provider), records=records, recorded_at=AT)

    return store


def house_of(records: list[Record]) -> House:
    return next(record.body for record in records if isinstance(record.body, House))


def test_a_house_comes_with_all_that_its_charges_depend_on(connection: Connection, sender: ProviderId, take: Callable[..., None]) -> None:
    take(*small_house())
    (house,) = read(connection, sender)
    organisations = entity_ids(connection, CENTRE, "organisation")
    services = entity_ids(connection, sender, "service")
    assert (house.key, house.fias, house.useful_area_e2, house.common_area_e2) == ("1", FIAS, 252550, 45459)
    assert (house.soi_mode, house.heated_common_area_e2, house.price_e6, house.contribution_excess_e6) == (2, 12050, 31_200_000, 0)
    assert house.manager_id == organisations["0077000200"]
    assert house.contribution_creditor_id == organisations["0077000700"]
    assert [(item.key, item.service_id, item.housing_kind, item.utility_kind) for item in house.services] == [
        ("1", services["1"], 3, None),
        ("2", services["2"], None, 1),
        ("10", services["10"], 2, None),
    ]
    assert [(item.key, item.account, item.readings) for item in house.meters] == [("1", None, ())]
    assert [(item.service, item.starts_at, item.ends_at, item.claimed_hours_e2) for item in house.interruptions] == [
        ("2", BROKEN_OFF, BACK, 1200)
    ]


def test_an_account_comes_with_its_place_people_and_meters(connection: Connection, sender: ProviderId, take: Callable[..., None]) -> None:
    take(*small_house())
    (house,) = read(connection, sender)
    flat, room = house.accounts
    assert (flat.number, flat.residential, flat.premises_number, flat.room_number, flat.no_meter, flat.no_meter_reason, flat.area_e2) == (
        "41100000011", True, "12", None, True, 2, 6110,
    )  # fmt: skip
    assert flat.place_source != flat.source
    assert [(item.first, item.last) for item in flat.residences] == [(date(2020, 1, 1), None)]
    assert [(item.left_on, item.back_on) for item in flat.absences] == [(date(2026, 10, 5), date(2026, 10, 20))]
    (own,) = flat.meters
    assert (own.key, own.kind, own.account, own.service) == ("2", 3, "101", "2")
    assert [(item.taken_on, item.value_e3) for item in own.readings] == [(date(2026, 9, 23), 10_000), (date(2026, 10, 23), 14_500)]
    assert (room.premises_number, room.room_number, room.no_meter) == ("13", "1", False)
    assert [(item.key, item.kind, item.account) for item in room.meters] == [("3", 4, "102")]


def test_a_month_sees_nothing_of_later_months(connection: Connection, sender: ProviderId, take: Callable[..., None]) -> None:
    take(*(dataclasses.replace(record, valid_from=None) for record in small_house()))
    (house,) = read(connection, sender, Month(2026, 9))
    assert [item.taken_on for item in house.accounts[0].meters[0].readings] == [date(2026, 9, 23)]
    assert (house.interruptions, house.accounts[0].absences) == ((), ())
    assert read(connection, sender, Month(2019, 12))[0].accounts == ()


def test_a_calculation_sees_what_was_known_when_it_began(connection: Connection, sender: ProviderId, take: Callable[..., None]) -> None:
    take(*small_house())
    known_until = last_record(connection, sender)
    before = read(connection, sender)
    take(
        fact("101", account("41100000011", area_e2=7000)),
        fact("103", account("41100000037")),
        fact("1", HousePrice("1", "1", 1, None, None)),
    )
    assert read(connection, sender, known_until=known_until) == before
    (after,) = read(connection, sender)
    assert ([item.area_e2 for item in after.accounts], after.price_e6) == ([7000, 2000, 6110], 1)
    assert after.accounts[2].residential, "an account without a place is taken for a dwelling"


def test_the_last_accepted_version_of_a_reading_counts_with_the_meter_it_names(
    connection: Connection, sender: ProviderId, take: Callable[..., None]
) -> None:
    own, own_day, others_day = Reading("2", date(2026, 10, 23), 15_000, 1, None), date(2026, 8, 23), date(2026, 7, 23)
    take(*small_house(), fact("91", dataclasses.replace(own, taken_on=own_day)), fact("92", dataclasses.replace(own, taken_on=others_day)))
    known_until = last_record(connection, sender)
    before = read(connection, sender)
    take(
        fact("91", dataclasses.replace(own, taken_on=own_day, value_e3=9_000)),
        fact("92", Reading("3", others_day, 100, 1, None)),
        fact("93", Reading('"{меч\\', others_day, 100, 1, None)),
    )
    take(fact("91", dataclasses.replace(own, taken_on=own_day, value_e3=1), state="held"))
    (house,) = read(connection, sender)
    flat, room = house.accounts
    assert [(item.taken_on, item.value_e3) for item in flat.meters[0].readings] == [
        (date(2026, 8, 23), 9_000), (date(2026, 9, 23), 10_000), (date(2026, 10, 23), 14_500),
    ]  # fmt: skip
    assert [(item.taken_on, item.value_e3) for item in room.meters[0].readings] == [(others_day, 100), (date(2026, 10, 23), 7_000)]
    assert read(connection, sender, known_until=known_until) == before


def test_keys_of_any_characters_are_found(connection: Connection, sender: ProviderId, take: Callable[..., None]) -> None:
    odd = 'к"{,}\\ 1'
    take(*small_house(), fact(odd, account("41100000099")), fact("7", Residence(odd, "9", 1, date(2020, 1, 1), None)))
    found = next(account for account in read(connection, sender)[0].accounts if account.key == odd)
    assert [one.key for one in found.residences] == ["7"]


def test_an_account_that_moved_leaves_its_old_house(connection: Connection, sender: ProviderId, take: Callable[..., None]) -> None:
    records = small_house()
    take(*records, fact("3", dataclasses.replace(house_of(records), fias="другой")))
    take(fact("101", account("41100000011", house="3")))
    assert [[item.key for item in house.accounts] for house in read(connection, sender)] == [["102"], ["101"]]


def test_the_owner_of_the_special_account_gets_the_contribution(
    connection: Connection, sender: ProviderId, take: Callable[..., None]
) -> None:
    records = small_house()
    take(*records)
    take(
        fact("1", dataclasses.replace(house_of(records), capital_fund=3)),
        fact("8", BankAccount("5", "40705810000000000008", "040000000", "", "Банк", None, None, True)),
        fact("1", CapitalRepairDecision("1", date(2026, 1, 1), 1, 2_500_000, "8")),
    )
    (house,) = read(connection, sender)
    assert house.contribution_creditor_id == entity_ids(connection, CENTRE, "organisation")["0077000500"]
    assert house.contribution_excess_e6 == 2_500_000


def test_without_a_decision_no_contribution_is_due(connection: Connection, sender: ProviderId, take: Callable[..., None]) -> None:
    take(*(record for record in small_house() if not isinstance(record.body, CapitalRepairDecision)))
    (house,) = read(connection, sender)
    assert (house.contribution_creditor_id, house.contribution_excess_e6, house.contribution_source) == (None, None, None)
    assert [item.key for item in house.services] == ["1", "2"]


def test_a_price_that_has_ended_is_not_charged(connection: Connection, sender: ProviderId, take: Callable[..., None]) -> None:
    take(*small_house(), fact("2", HousePrice("1", "1", 35_000_000, date(2027, 1, 1), None), since=None))
    months = {month: read(connection, sender, month)[0].price_e6 for month in (Month(2026, 12), Month(2027, 1))}
    assert months == {Month(2026, 12): 31_200_000, Month(2027, 1): 35_000_000}


def test_a_house_parameter_that_is_no_number_is_named(connection: Connection, sender: ProviderId, take: Callable[..., None]) -> None:
    take(*small_house(), fact("1", HouseParameter("1", 9001, "два")))
    with pytest.raises(InputError, match="REC-0103: Параметр 9001 дома 1 не число: «два»"):
        read(connection, sender)


def test_houses_come_in_the_order_asked_for_and_unknown_ones_are_left_out(
    connection: Connection, sender: ProviderId, take: Callable[..., None]
) -> None:
    records = small_house()
    others = [fact(str(number), dataclasses.replace(house_of(records), fias=str(number))) for number in range(2, 121)]
    take(*records, *others)
    asked = list(reversed(house_ids(connection, sender, OCTOBER)))
    found = read_houses(connection, provider_id=sender, month=OCTOBER, houses=[*asked, RecordId(10**9)], known_until=None)  # type: ignore[list-item]
    assert [house.house_id for house in found] == asked
    assert len(asked) == 120


def test_the_region_has_tariffs_norms_and_settings(connection: Connection, take: Callable[..., None]) -> None:
    cold = ApprovedTariff("utility", 1, None, None, "0077001590", "02701000001", "1-с", date(2026, 1, 1), date(2026, 9, 30), 38_410_000)
    next_cold = dataclasses.replace(cold, first=date(2026, 10, 1), last=None, value_e6=41_870_000)
    norm = ApprovedNorm(1, 1, "per_person", "113", date(2026, 1, 1), 4_200_000)
    take(
        fact("t1", cold, since=cold.first), fact("t2", next_cold, since=next_cold.first), fact("n1", norm, since=norm.first),
        fact("s1", RegionSetting("heating_months", "[10, 11]"), since=None), owner=CENTRE,
    )  # fmt: skip
    region = read_region(connection, month=OCTOBER, known_until=None)
    supplier = entity_ids(connection, CENTRE, "organisation")["0077001590"]
    assert [(item.first, item.value_e6, item.supplier_id) for item in region.tariffs] == [
        (date(2026, 1, 1), 38_410_000, supplier),
        (date(2026, 10, 1), 41_870_000, supplier),
    ]
    assert [(item.basis, item.value_e6) for item in region.norms] == [("per_person", 4_200_000)]
    assert region.settings == {"heating_months": [10, 11]} and set(region.settings_sources) == {"heating_months"}
    assert len(read_region(connection, month=Month(2026, 9), known_until=None).tariffs) == 1


def test_two_regions_in_one_database_do_not_touch_each_other(connection: Connection, sender: ProviderId, take: Callable[..., None]) -> None:
    """Norms of the same matter, settings of the same name: each house goes by those of its own municipality."""
    for town, folder in (("zarechinsk", "town"), ("slobodka", "town2")):
        message = RawMessage(f"{town}.region.json", (files("examples") / folder / f"{town}.region.json").read_bytes())
        parsed = list(RegionAdapter().parse(message, {}))
        assert [item for item in parsed if isinstance(item, Finding)] == []
        take(*(item for item in parsed if isinstance(item, Record)), owner=CENTRE)
    take(fact("own", RegionSetting("edk_cap", '"entitled"', oktmo="02703"), since=None), owner=CENTRE)
    facts = read_region(connection, month=OCTOBER, known_until=None)
    found = {}
    for oktmo in ("02701000001", "02703000009", "02799000001"):
        rules = Rules(facts, LAW, OCTOBER).at(oktmo)
        water = [norm.value_e6 for norm in rules.facts.norms if (norm.basis, norm.utility_kind) == ("per_person", 1)]
        found[oktmo] = (water, len(rules.facts.norms), rules.facts.settings.get("edk_cap"), len(rules.facts.settings))
    assert found == {
        "02701000001": ([4_200_000], 7, "household", 28),
        "02703000009": ([4_100_000], 10, "household", 29),
        "02799000001": ([], 0, None, 0),
    }


def test_settings_of_a_whole_provider_are_those_of_where_it_has_its_houses(
    connection: Connection, sender: ProviderId, take: Callable[..., None]
) -> None:
    take(*small_house())
    take(
        fact("a", RegionSetting("late_bill_due", '"unchanged"'), since=None),
        fact("b", RegionSetting("late_bill_due", '"plus_10_days"', oktmo="02701000"), since=None),
        fact("c", RegionSetting("late_bill_due", '"none"', oktmo="02703000"), since=None),
        owner=CENTRE,
    )
    assert read_settings(connection, day=OCTOBER.last, provider_id=sender) == {"late_bill_due": "plus_10_days"}
    assert read_settings(connection, day=OCTOBER.last, provider_id=None) == {"late_bill_due": "plus_10_days"}


def test_payers_and_reliefs_of_the_month_stand_with_the_account(
    connection: Connection, sender: ProviderId, take: Callable[..., None]
) -> None:
    take(
        *small_house(),
        fact("101", UnifiedAccount("101", "60АА000001", "60АА000001-01")),
        fact("1", Relief("101", "1", 1, "2", 5000, None, date(2026, 1, 1), date(2026, 10, 1), None)),
        fact("2", Relief("101", "1", 1, "2", 3000, 2, date(2026, 11, 1), None, None)),
        fact("3", Relief("101", "1", 3, None, None, 3, date(2026, 1, 1), None, 125_000)),
    )
    (house,) = read(connection, sender)
    flat, room = house.accounts
    assert (flat.payer, room.payer, room.reliefs) == ("60АА000001", None, ())
    assert [(one.service, one.share_e4, one.entitled, one.last) for one in flat.reliefs] == [("2", 5000, 1, date(2026, 10, 1))]


def test_services_of_direct_contracts_are_those_of_the_kinds_named(
    connection: Connection, sender: ProviderId, take: Callable[..., None]
) -> None:
    spring = date(2026, 4, 1)
    take(
        *small_house(),
        fact("3", service("Электроэнергия, день", utility_kind=4, resource_kind=3, zone=2)),
        fact("4", service("Электроэнергия, ночь", utility_kind=4, resource_kind=3, zone=3)),
        fact("5", service("Отопление", utility_kind=6, resource_kind=5)),
        fact("1", SupplyAddress("1", "1", "12", "")),
        fact("2", SupplyAddress("1", "1", "13", "")),
        fact("3", SupplyAddress("1", "9", "", "")),
        fact("1", SupplyService("1", 4, 3, date(2026, 1, 1), date(2026, 3, 31))),
        fact("2", SupplyService("2", 4, 3, spring, None)),
        fact("3", SupplyService("3", 6, 5, spring, None)),
        fact("4", SupplyService("1", 1, 1, spring, None)),
    )
    (house,) = read(connection, sender)
    supplied = [(one.key, one.zone, one.starts_on, one.ends_on) for one in house.services if one.account_kinds == (2,)]
    assert supplied == [("3", 2, date(2026, 1, 1), None), ("4", 3, date(2026, 1, 1), None)], "water is the house's already, heat another's"


def test_waste_is_charged_where_its_operator_has_accounts(connection: Connection, sender: ProviderId, take: Callable[..., None]) -> None:
    waste = fact("11", service("Обращение с ТКО", utility_kind=8, resource_kind=9))
    take(*small_house(), waste, fact("3", HouseParameter("1", 9003, "2")))
    (house,) = read(connection, sender)
    assert (house.waste_basis, [one.key for one in house.services if one.utility_kind == 8]) == (2, [])
    take(fact("103", dataclasses.replace(account("41600000048"), kind=6)))
    (house,) = read(connection, sender)
    (found,) = [one for one in house.services if one.utility_kind == 8]
    assert found.source == house.accounts[-1].source


def test_the_base_of_common_property_comes_though_the_house_is_not_provided_with_it(
    connection: Connection, sender: ProviderId, take: Callable[..., None]
) -> None:
    common = dataclasses.replace(service("Электроэнергия на СОИ", kind=2, provision=2, resource_kind=3), base_service="5")
    base = fact("5", service("Электроэнергия", utility_kind=4, resource_kind=3, zone=1))
    take(*small_house(), fact("8", common), base, fact("1/8", HouseService("1", "1", "8", None, None)))
    (house,) = read(connection, sender)
    assert ([one.key for one in house.base_services], "5" in {one.key for one in house.services}) == (["5"], False)

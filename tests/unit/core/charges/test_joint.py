"""A house of two senders: whose keys, whose facts, whose lines; and what may not be charged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from fractions import Fraction
from typing import Any

from core.charges.joint import Conflict, believed_first, charged_twice, join_house, own_part
from core.charges.payers import Payers
from core.ids import EntityId
from core.model.facts import AccountFacts, ActFacts, DeviationFacts, HouseFacts, ResidenceFacts, UnusedAct
from core.money import kopecks
from tests.unit.core.charges.house import OCTOBER, SERVICES, account, charge, house, line_of, meter, record, service

_HOT = replace(SERVICES[2], service_id=EntityId(203), account_kinds=(2,))


def people(count: int) -> tuple[ResidenceFacts, ...]:
    return tuple(ResidenceFacts(str(i), date(2020, 1, 1), None, record()) for i in range(count))


def managed(*accounts: AccountFacts, **changes: Any) -> HouseFacts:
    """The management company's: all but hot water."""
    services = tuple(one for one in SERVICES if one.key != "3")
    return house(*(accounts or (account(payer="1"),)), **{"services": services, **changes})


def supplied(*accounts: AccountFacts, **changes: Any) -> HouseFacts:
    """The supplier's: hot water by direct contracts, and nothing else known of the house."""
    facts: dict[str, Any] = {
        "house_id": EntityId(2), "services": (_HOT,), "manager_id": None, "price_e6": None, "price_source": None, "soi_mode": None,
        "soi_mode_source": None, "contribution_creditor_id": None, "contribution_excess_e6": None, "contribution_source": None,
    }  # fmt: skip
    return house(*(accounts or (account("a", kind=2, payer="1", area_e2=5500, residences=people(3)),)), **{**facts, **changes})


def test_the_manager_is_believed_whoever_comes_first() -> None:
    uk, rso = managed(), supplied(manager_id=EntityId(7))
    assert believed_first([rso, uk]) == [1, 0] and believed_first([uk, rso]) == [0, 1]
    joint, conflicts = join_house([rso, uk], OCTOBER)
    assert [(one.area_e2, len(one.residences)) for one in joint.accounts] == [(5000, 2), (5000, 2)]
    ids = tuple(house.accounts[0].account_id for house in (uk, rso))
    assert conflicts == [
        Conflict("premises", "area", "1", ((0, "55.00"), (1, "50.00")), 1, ids),
        Conflict("account_group", "residents", "1", ((0, "3"), (1, "2")), 1, ids),
    ]


def test_each_sender_reads_the_house_under_its_own_keys_and_keeps_its_own_lines() -> None:
    uk = managed(account(payer="1", meters=(meter("2", "10", "15"),)))
    hot = replace(meter("3", "7", "9"), key=uk.accounts[0].meters[0].key)
    rso = supplied(account("a", kind=2, payer="1", meters=(hot,)))
    for own, of in enumerate((uk, rso)):
        joint, _ = join_house([uk, rso], OCTOBER, own=own)
        (mine,) = [one for one in joint.accounts if one.sender == own]
        assert (joint.house_id, mine.key, mine.meters[0].key) == (of.house_id, "a", of.accounts[0].meters[0].key)
        assert len({one.key for one in joint.accounts}) == 2 and len({one.meters[0].key for one in joint.accounts}) == 2
        part = own_part(charge(joint), of)
        assert {line.account_id for line in part.lines} == {of.accounts[0].account_id}
        assert {line.service_id for line in part.lines} <= {one.service_id for one in of.services}
    both = charge(join_house([uk, rso], OCTOBER)[0])
    assert line_of(both, "4").volume_e6 == 7_000_000, "sewerage has the cold water of one and the hot water of the other"
    assert both.findings == ()


def test_what_only_another_sender_knows_of_the_house_is_taken_from_it() -> None:
    uk = managed(useful_area_e2=None, waste_basis=None)
    rso = supplied(useful_area_e2=9000, common_area_e2=77, waste_basis=2, waste_basis_source=record(), price_e6=1)
    joint, _ = join_house([uk, rso], OCTOBER)
    assert (joint.useful_area_e2, joint.common_area_e2, joint.waste_basis, joint.price_e6) == (9000, 1000, 2, 30_000_000)


def test_a_house_meter_of_a_service_that_is_not_listed_is_nobody_elses() -> None:
    stray = replace(meter("2", "100", "900"), key="h", kind=1, account=None)
    uk, rso = managed(soi_mode=2), supplied(meters=(stray,))
    joint, _ = join_house([uk, rso], OCTOBER)
    assert [one.service for one in joint.meters] == ["1:2"]
    assert {(one.service, one.what) for one in own_part(charge(joint), uk).volumes} == {("2", "individual"), ("7", "soi")}
    seen, _ = join_house([uk, rso], OCTOBER, own=1)
    assert {(one.service, one.what) for one in own_part(charge(seen), rso).volumes} == {("2", "meter")}


def test_a_service_of_two_dictionaries_is_charged_once_by_whom_the_payer_has_the_account() -> None:
    uk = managed()
    operator = supplied(account("k", kind=3, payer="1"), services=(replace(SERVICES[-1], service_id=EntityId(310)),))
    joint, _ = join_house([uk, operator], OCTOBER)
    contributions = [line for line in charge(joint).lines if line.service_id in (10, 310)]
    assert [(line.account_id, line.service_id) for line in contributions] == [(operator.accounts[0].account_id, 310)]
    assert charged_twice(joint, OCTOBER) == []


def test_a_service_that_two_senders_charge_to_one_payer_is_found() -> None:
    uk = managed(services=SERVICES)
    joint, _ = join_house([uk, supplied()], OCTOBER)
    assert [(one.service_id, other.service_id) for one, other in charged_twice(joint, OCTOBER)] == [(3, 203)]
    ended = tuple(replace(one, ends_on=date(2026, 9, 30)) if one.key == "3" else one for one in SERVICES)
    assert charged_twice(join_house([managed(services=ended), supplied()], OCTOBER)[0], OCTOBER) == []
    other_payer = supplied(account("a", kind=2, payer="2", premises_number="9"))
    assert charged_twice(join_house([uk, other_payer], OCTOBER)[0], OCTOBER) == []


def test_a_new_management_company_inside_the_month_charges_its_own_days() -> None:
    old = managed(account(payer="1", closed_on=date(2026, 10, 15)))
    new = managed(
        account("b", payer="1", opened_on=date(2026, 10, 16), area_e2=5100),
        house_id=EntityId(3),
        services=tuple(replace(one, service_id=EntityId(one.service_id + 400)) for one in old.services),
    )
    joint, conflicts = join_house([old, new, supplied()], OCTOBER)
    assert charged_twice(joint, OCTOBER) == []
    assert [one.area_e2 for one in joint.accounts] == [5000, 5100, 5100]
    assert [one.values for one in conflicts if one.attribute == "area"] == [((1, "51.00"), (2, "55.00"))]
    lived_on = replace(old, accounts=(replace(old.accounts[0], closed_on=None),))
    assert charged_twice(join_house([lived_on, new], OCTOBER)[0], OCTOBER) != []


def test_without_a_unified_account_those_of_a_place_are_one_payer() -> None:
    uk, rso = managed(account()), supplied(account("x", kind=2, area_e2=4000))
    joint, _ = join_house([uk, rso], OCTOBER)
    assert [len(Payers(joint).together(one)) for one in joint.accounts] == [2, 2]
    assert [one.area_e2 for one in joint.accounts] == [5000, 5000]
    neighbours = managed(account(), account("b"))
    joint, _ = join_house([neighbours, rso], OCTOBER)
    assert [len(Payers(joint).together(one)) for one in joint.accounts] == [1, 1, 1], "whose of the two the other is cannot be told"
    named, _ = join_house([managed(account(payer="7")), rso], OCTOBER)
    assert [len(Payers(named).together(one)) for one in named.accounts] == [2, 2]


def test_an_area_is_told_with_every_sender_that_differs() -> None:
    rso = supplied()
    waste = service("11", "ТКО", utility_kind=8, resource_kind=9)
    other = supplied(account("w", kind=6, payer="1", area_e2=4000), house_id=EntityId(5), services=(waste,))
    (area,) = [one for one in join_house([managed(), rso, other], OCTOBER)[1] if one.attribute == "area"]
    assert area.values == ((0, "50.00"), (1, "55.00"), (2, "40.00"))


def test_acts_and_deviations_of_a_sender_are_about_its_own_services() -> None:
    """Both call a service «2»: the manager's is cold water, the supplier's hot water, which the check and the bad quality are about."""
    check = ActFacts("2", "check", date(2026, 10, 20), record(), stated_e3=10_000, checked_e3=12_000)
    since, until = datetime.combine(date(2026, 10, 5), time.min), datetime.combine(date(2026, 10, 6), time.min)
    bad = DeviationFacts("2", "days", since, until, record(), account="a")
    hot = account("a", kind=2, payer="1", acts=(check,), meters=(meter("2", "7", "9"),))
    told = UnusedAct("7", date(2026, 10, 1), "в доме нет услуги «gas»", record())
    rso = supplied(hot, services=(replace(_HOT, key="2"),), deviations=(bad,), unused_acts=(told,), electric_heating=True)
    uk = managed(account(payer="1", meters=(meter("2", "10", "15"),)))
    joint, _ = join_house([uk, rso], OCTOBER)
    assert [one.service for one in joint.deviations] == ["1:2"] and joint.deviations[0].account == "1:a"
    assert joint.electric_heating, "what any sender says of the house"
    charged = charge(joint)
    lines = {line.service_id: line for line in charged.lines}
    # hot water: 2 m³ × 200 roubles and the check's 2 m³ at the same tariff; 1 day of 31 is not charged
    assert (lines[_HOT.service_id].base, lines[_HOT.service_id].recalculation) == (40_000, 40_000)
    assert lines[_HOT.service_id].underdelivery == kopecks(Fraction(400, 31))
    assert (lines[EntityId(2)].base, lines[EntityId(2)].recalculation, lines[EntityId(2)].underdelivery) == (20_000, 0, 0)
    seen, _ = join_house([uk, rso], OCTOBER, own=1)
    told_of = [[item.code for item in own_part(charge(one), of).findings] for one, of in ((joint, uk), (seen, rso))]
    assert told_of == [[], ["CH-052"]], "an act that finds nothing is told to the sender that it names"


def test_own_heating_of_an_act_holds_for_the_premises_whoever_heats_them() -> None:
    said = record()
    uk = managed(account(payer="1", own_heating_e2=2000, own_heating_source=said, owners=3, owners_source=said))
    joint, _ = join_house([uk, supplied()], OCTOBER)
    assert {(one.own_heating_e2, one.own_heating_source, one.owners, one.owners_source) for one in joint.accounts} == {
        (2000, said, 3, said)
    }
    joint, _ = join_house([managed(), supplied(account("a", kind=2, payer="1", own_heating_e2=1500, own_heating_source=said))], OCTOBER)
    assert [(one.sender, one.own_heating_e2) for one in joint.accounts] == [(0, 0), (1, 1500)]

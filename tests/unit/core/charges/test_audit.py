"""Audit: each cause is found by the very input that made the difference, pairs too; what nothing explains says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction

import pytest

from core.charges.audit import CAUSES, UNEXPLAINED, AuditRow, SenderFacts, Stated, audit_house
from core.ids import EntityId
from core.model.facts import AbsenceFacts, AccountFacts, Facts, HouseFacts, InterruptionFacts
from core.money import kopecks
from tests.unit.core.charges.house import OCTOBER, SERVICES, account, charge, house, law, meter, record, region, tariff

Totals = dict[tuple[EntityId, EntityId], int]
MAINTENANCE, COLD, HEATING, COMMON, CONTRIBUTION = (EntityId(key) for key in (1, 2, 6, 7, 10))
TARIFF = {
    MAINTENANCE: 30, COLD: 40, EntityId(3): 200, EntityId(4): 30, EntityId(5): 5, HEATING: 2000, COMMON: 40, CONTRIBUTION: 10,
}  # fmt: skip


def totals(of_house: HouseFacts, facts: Facts | None = None) -> Totals:
    """Totals by line; an account of the same key keeps its number."""
    return {(line.account_id, line.service_id): line.total for line in charge(of_house, facts).lines}


def audited(
    lawful: HouseFacts,
    stated: Totals,
    *,
    facts: Facts | None = None,
    tariffs: Mapping[EntityId, int] = TARIFF,
    areas: Mapping[EntityId, int] | None = None,
    senders: Mapping[EntityId, SenderFacts] | None = None,
) -> dict[tuple[EntityId, EntityId], AuditRow]:
    """Rows of the audit of totals that a sender states."""
    own = {item.account_id: SenderFacts(item.area_e2, None, item.residences) for item in lawful.accounts}
    said = {
        line: Stated(total, (Fraction(tariffs[line[1]]),), Fraction(50) if areas is None else Fraction(areas[line[1]]))
        for line, total in stated.items()
    }
    rows = audit_house(lawful, facts or region(), law(), OCTOBER, stated=said, recomputed=totals(lawful, facts), senders=senders or own)
    return {(row.account_id, row.service_id): row for row in rows}


def only(rows: Mapping[tuple[EntityId, EntityId], AuditRow]) -> AuditRow:
    (row,) = rows.values()
    return row


@pytest.fixture
def flat() -> AccountFacts:
    return account()


def test_nothing_differs(flat: AccountFacts) -> None:
    assert audited(house(flat), totals(house(flat))) == {}


def test_area_of_a_line_by_area(flat: AccountFacts) -> None:
    stated = totals(house(flat)) | {(flat.account_id, MAINTENANCE): 55 * 30_00}
    row = only(audited(house(flat), stated, areas=dict.fromkeys(TARIFF, 55)))
    assert (row.causes, row.difference) == (("area",), 5 * 30_00)


def test_area_of_a_shared_line_is_the_senders_own(flat: AccountFacts) -> None:
    lawful = house(flat)
    other = house(replace(flat, area_e2=6000))
    stated = totals(lawful) | {(flat.account_id, HEATING): totals(other)[flat.account_id, HEATING]}
    row = only(audited(lawful, stated, senders={flat.account_id: SenderFacts(6000, None, flat.residences)}))
    assert row.causes == ("area",)


def test_residents_are_the_senders_bare_number_where_it_names_nobody(flat: AccountFacts) -> None:
    empty = replace(flat, residences=())
    stated = totals(house(empty)) | {(flat.account_id, COLD): totals(house(flat))[flat.account_id, COLD]}
    row = only(audited(house(empty), stated, senders={flat.account_id: SenderFacts(5000, 2, ())}))
    assert row.causes == ("residents",)


def test_tariff_of_the_line_and_of_a_contribution(flat: AccountFacts) -> None:
    lawful = house(flat, contribution_excess_e6=2_000_000)
    stated = totals(lawful) | {(flat.account_id, COLD): 2 * 4 * 41_00 * 3, (flat.account_id, CONTRIBUTION): 50 * 11_00}
    rows = audited(lawful, stated, tariffs={**TARIFF, COLD: 41, CONTRIBUTION: 11})
    assert {line[1]: row.causes for line, row in rows.items()} == {COLD: ("tariff",), CONTRIBUTION: ("tariff",)}


@pytest.mark.parametrize(("lawful_reason", "stated_reason"), [(1, 2), (2, 1)])
def test_the_coefficient_applied_or_left_out(flat: AccountFacts, lawful_reason: int, stated_reason: int) -> None:
    lawful, stated = (house(replace(flat, no_meter_reason=reason)) for reason in (lawful_reason, stated_reason))
    said = totals(lawful) | {(flat.account_id, COLD): totals(stated)[flat.account_id, COLD]}
    assert only(audited(lawful, said)).causes == ("coefficient",)


def test_an_interruption_ignored_or_by_the_senders_own_hours(flat: AccountFacts) -> None:
    stop = InterruptionFacts("2", datetime(2026, 10, 5, 0), datetime(2026, 10, 5, 20), 200, record())  # noqa: DTZ001 - local time
    lawful = house(flat, interruptions=(stop,))
    ignored = totals(lawful) | {(flat.account_id, COLD): totals(house(flat))[flat.account_id, COLD]}
    assert only(audited(lawful, ignored)).causes == ("interruption",)
    own_hours = totals(lawful, region(interruption_limits="stated"))
    assert only(audited(lawful, totals(lawful) | own_hours)).causes == ("interruption",)


def test_common_volume_shared_equally(flat: AccountFacts) -> None:
    other = account("b", area_e2=3000)
    lawful = house(flat, other)
    stated = totals(lawful)
    for item in (flat, other):
        stated[item.account_id, COMMON] = kopecks(Fraction("0.02") * 10 / 2 * 40)
    rows = audited(lawful, stated)
    assert {row.causes for row in rows.values()} <= {("soi_share",)} and len(rows) >= 1


def test_heating_by_the_norm_though_the_house_has_a_meter(flat: AccountFacts) -> None:
    metered = house(flat, meters=(meter("6", "0", "4", account=None, kind=1),))
    stated = totals(metered) | {(flat.account_id, HEATING): totals(house(flat))[flat.account_id, HEATING]}
    assert only(audited(metered, stated)).causes == ("heating_method",)


def test_absence_left_out_or_made_where_it_is_not_due(flat: AccountFacts) -> None:
    away = AbsenceFacts("a0", date(2026, 10, 1), date(2026, 10, 20), record())
    due = house(replace(flat, no_meter_reason=1, absences=(away,)))
    left_out = totals(due) | {(flat.account_id, COLD): totals(house(replace(flat, no_meter_reason=1)))[flat.account_id, COLD]}
    assert only(audited(due, left_out)).causes == ("absence",)
    refused = house(replace(flat, absences=(away,)))
    made = totals(refused) | {(flat.account_id, COLD): totals(refused, region(metered_absence="allow"))[flat.account_id, COLD]}
    assert only(audited(refused, made)).causes == ("absence",)


def test_two_inputs_together(flat: AccountFacts) -> None:
    stated = totals(house(flat)) | {(flat.account_id, MAINTENANCE): 55 * 31_00}
    row = only(audited(house(flat), stated, areas=dict.fromkeys(TARIFF, 55), tariffs={**TARIFF, MAINTENANCE: 31}))
    assert row.causes == ("area", "tariff")


def test_a_kopeck_that_nothing_explains(flat: AccountFacts) -> None:
    stated = totals(house(flat))
    stated[flat.account_id, MAINTENANCE] += 1
    assert only(audited(house(flat), stated)).causes == (UNEXPLAINED,)


def test_a_line_that_only_one_side_has(flat: AccountFacts) -> None:
    lawful = house(flat)
    stated = totals(lawful)
    del stated[flat.account_id, HEATING]
    assert only(audited(lawful, stated)).stated == 0
    summer = replace(lawful, services=tuple(item for item in SERVICES if item.key != "6"))
    row = only(audited(summer, totals(lawful)))
    assert (row.service_id, row.recomputed, row.causes) == (HEATING, 0, (UNEXPLAINED,))


def test_a_tariff_step_inside_the_month_is_replaced_slice_by_slice(flat: AccountFacts) -> None:
    step = (
        tariff(6, 2000, last=date(2026, 10, 15)),
        tariff(6, 2200, first=date(2026, 10, 16)),
    )
    lawful_region = region((*[item for item in region().tariffs if item.utility_kind != 6], *step))
    wrong = region((*[item for item in region().tariffs if item.utility_kind != 6], step[0], replace(step[1], value_e6=2300 * 10**6)))
    lawful = house(flat)
    stated = totals(lawful, lawful_region) | {(flat.account_id, HEATING): totals(lawful, wrong)[flat.account_id, HEATING]}
    said = {line: Stated(total, (Fraction(2000), Fraction(2300)), None) for line, total in stated.items()}
    rows = audit_house(lawful, lawful_region, law(), OCTOBER, stated=said, recomputed=totals(lawful, lawful_region), senders={})
    assert [row.causes for row in rows] == [("tariff",)]


def test_the_causes_are_those_that_are_promised() -> None:
    assert CAUSES == ("area", "residents", "tariff", "coefficient", "interruption", "soi_share", "heating_method", "absence")

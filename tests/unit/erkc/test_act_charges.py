"""Acts of the centre through the whole path: taken, charged, explained; each line against a sum computed here by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from core.charges.explain import recalculation_reason
from core.ids import ProviderId
from core.model.records import Account
from core.money import kopecks
from core.records.facts import house_ids, read_houses
from core.records.tables import table_columns
from core.services.charge import Draft, approve_month, draft_month, post_month
from core.services.explain import explain_account
from core.services.take import Taken
from core.services.verify import verify
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from tests.unit.erkc.conftest import OCTOBER, TOWN, database_copy

EXPECTED: dict[str, Any] = json.loads((TOWN / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))
ACTS = TOWN / "zarechinsk-2026-10.acts.toml"
HEADING = 'schema = "erkc-acts/1"\nsender = { inn = "0077000116", kpp = "007701001" }\n'
COLD, HOT, POWER, HEAT = Fraction("41.87"), Fraction("229.90"), Fraction("5.61"), Fraction("2694.12")
HOUSE_2, HOUSE_9 = "2035479e-6049-4723-9713-4c814217c001", "1ab55912-537b-4af1-a4c9-5af83a87c76e"


class Line(NamedTuple):
    """A charge line as the ledger has it."""

    method: str
    base: int
    surcharge: int
    recalculation: int
    underdelivery: int
    sources: frozenset[int]


def take(application: Application, name: str, content: str) -> Taken:
    taken = take_file(application, name, content.encode())
    assert isinstance(taken, Taken)
    return taken


def draft(application: Application) -> Draft:
    return draft_month(
        application.engine, provider_id=ProviderId(1), month=OCTOBER, mode="charge", law=law(), code_version=CODE_VERSION, actor="тест",
        clock=application.clock,
    )  # fmt: skip


def lines(application: Application, made: Draft) -> dict[tuple[str, str], Line]:
    """Lines of a draft by account number and the sender's key of the service."""
    statement = """
    SELECT a.number, s.entity_key, l.method, l.base, l.surcharge, l.recalculation, l.underdelivery, l.sources
    FROM charge_line l
    JOIN entity e ON e.entity_id = l.account_id
    JOIN entity s ON s.entity_id = l.service_id
    JOIN record_account a ON a.provider_id = e.provider_id AND a.record_key = e.entity_key
    WHERE l.calculation_id = :calculation"""
    with application.engine.connect() as connection:
        rows = connection.execute(text(statement), {"calculation": made.calculation.calculation_id}).all()
    return {(row[0], row[1]): Line(*row[2:7], frozenset(row[7])) for row in rows}


@pytest.fixture(scope="module")
def acted(server_url: str, taken_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """The town with its acts taken."""
    with database_copy(server_url, taken_template, tmp_path_factory.mktemp("acts")) as (_, application):
        taken = take(application, ACTS.name, ACTS.read_text(encoding="utf-8"))
        assert (taken.status, taken.findings, taken.new_records) == ("accepted", (), 19)
        yield application


@pytest.fixture(scope="module")
def drafted(acted: Application) -> tuple[Draft, dict[tuple[str, str], Line]]:
    """October with the acts."""
    made = draft(acted)
    return made, lines(acted, made)


def before(account: str, service: str, name: str = "base") -> int:
    """What the town charges without acts, kopecks."""
    return int(Fraction(EXPECTED["accounts"][account]["services"][service][name]) * 100)


Lines = tuple[Draft, dict[tuple[str, str], Line]]


def test_acts_hold_nothing_of_the_town(drafted: Lines) -> None:
    errors = [item for item in drafted[0].findings if item.severity == "error"]
    assert {item.code for item in errors} == {"CH-037"}, "a measured area no longer adds up to the house's: a person accepts it"
    assert len({item.house_id for item in errors}) == 1


def test_a_check_after_the_reading_charges_the_difference_and_leaves_the_volume(drafted: Lines) -> None:
    line = drafted[1]["41100000011", "2"]
    assert (line.base, line.recalculation) == (before("41100000011", "2"), kopecks(Fraction("10.5") * COLD)) == (25683, 43964)


def test_a_check_before_the_reading_charges_each_cubic_metre_once(drafted: Lines) -> None:
    line = drafted[1]["41100000052", "2"]
    found, read, last = Fraction("95.122"), Fraction("96.666"), Fraction("91.122")
    assert line.base == kopecks((read - found) * COLD) == 6465
    assert line.recalculation == kopecks((found - last) * COLD) == 16748
    assert line.base + line.recalculation == before("41100000052", "2")


def test_an_unauthorised_connection_by_power_and_by_ten_norms_for_three_months(drafted: Lines) -> None:
    line = drafted[1]["41100000037", "5"]
    assert (line.base, line.recalculation) == (before("41100000037", "5"), kopecks(Fraction("2.5") * 24 * 10 * POWER))
    line = drafted[1]["41100000045", "2"]
    assert line.recalculation == kopecks(3 * Fraction("4.20") * 10 * 3 * COLD) == 1582686
    assert line.surcharge == before("41100000045", "2", "mult")


def test_interference_replaces_what_was_charged(drafted: Lines) -> None:
    assert drafted[1]["41100000102", "5"].recalculation == kopecks(2 * 92 * 10 * 2 * POWER) - 206448


def test_refused_access_and_a_failed_meter_are_charged_by_the_average(drafted: Lines) -> None:
    line = drafted[1]["41100000078", "5"]
    assert (line.method, line.base) == ("average", kopecks(Fraction(2143 - 1002, 5) * POWER))
    line = drafted[1]["41100000052", "5"]
    assert (line.method, line.base) == ("average", kopecks(Fraction(7821 - 7174, 4) * POWER))


def test_a_meter_put_in_order_counts_from_the_reading_of_that_day(drafted: Lines) -> None:
    """Days 1–14 by the average of five months (nothing was read on the last good day), then the readings of the act and of the month."""
    average = (Fraction("966.051") - Fraction("887.643")) / 5
    volume = average * 14 / 31 + Fraction("977.413") - Fraction("968")
    assert drafted[1]["41100000037", "2"].base == kopecks(volume * COLD)


def test_own_heating_pays_nothing_and_the_others_share_its_part(drafted: Lines) -> None:
    assert drafted[1]["41100000516", "6"].base == 0
    house = EXPECTED["houses"][HOUSE_2]
    volume = Fraction(house["meters"]["6"]["2026-10"])
    share = Fraction("43.10") / (Fraction(house["S_total"]) - Fraction("46.60"))
    assert drafted[1]["41100000524", "6"].base == kopecks(share * volume * HEAT) > before("41100000524", "6")


def test_vacant_premises_are_charged_for_their_owners(drafted: Lines) -> None:
    line = drafted[1]["41100001365", "2"]
    assert line.base == kopecks(3 * Fraction("4.20") * COLD)
    assert line.surcharge == kopecks(3 * Fraction("4.20") * 3 * COLD) - line.base


def test_quality_lowers_the_charge_of_a_house_and_of_one_flat(drafted: Lines) -> None:
    for account in ("41200001919", "41200001943"):
        base = before(account, "6")
        assert drafted[1][account, "6"].underdelivery == kopecks(Fraction(base, 100) * Fraction("0.0015") * 10 * 3) > 0
    line = drafted[1]["41100000920", "2"]
    assert line.underdelivery == kopecks(Fraction(line.base, 100) * 2 / 31) == 3404
    assert drafted[1]["41100000938", "2"].underdelivery == 0


def test_an_interruption_of_eleven_hours_is_seven_too_many(drafted: Lines) -> None:
    line = drafted[1]["41300003294", "2"]
    assert line.underdelivery == kopecks(Fraction(line.base, 100) * 7 * Fraction("0.0015")) == 369


def test_an_area_changes_inside_the_month(drafted: Lines) -> None:
    area = (Fraction("58.70") * 15 + 60 * 16) / 31
    assert drafted[1]["41200002669", "10"].base == kopecks(area * Fraction("13.42"))


def test_a_boiler_is_paid_by_its_resource(drafted: Lines) -> None:
    share = Fraction("34.50") / Fraction(EXPECTED["houses"][HOUSE_9]["S_total"])
    assert drafted[1]["41200002982", "6"].base == kopecks(share * 12000 * POWER)


def test_every_changed_line_is_traced_to_the_act_and_stands_in_the_ledger(acted: Application, drafted: Lines) -> None:
    scope = {"provider_id": ProviderId(1), "month": OCTOBER, "actor": "тест", "clock": acted.clock}
    approve_month(acted.engine, reason="тест", **scope)
    post_month(acted.engine, law=law(), **scope)
    for number in ("41100000011", "41100000052", "41100000102", "41100000516", "41100001365", "41200002669", "41200002982"):
        (explained,) = explain_account(acted.engine, number=number, month=OCTOBER)
        assert ACTS.name in {origin.message_name for origin in explained.origins.values()}, number
        for item in explained.lines:
            assert item.explanation is not None and item.explanation.total == item.line.total
            reason = recalculation_reason(item.line)
            clauses = {step.clause for step in item.explanation.steps if step.part == "recalculation"} - {"charged_before"}
            assert bool(reason) == bool(clauses), (number, clauses)
            assert "clause_61" not in clauses or "п. 61" in reason
            assert not clauses & {"clause_62", "clause_62_norm"} or "одключение" in reason
    assert verify(acted.engine, law=law(), code_version=CODE_VERSION).holds


def test_the_same_acts_again_change_nothing_and_a_corrected_one_is_a_newer_version(taken_town: Application) -> None:
    act = '[[act]]\nkind = "check"\nnumber = "1"\ndate = 2026-10-28\naccount = "41100000011"\nservice = "cold_water"\nstated = "239.424"\n'
    first = take(taken_town, "a.toml", HEADING + act + 'found = "241.424"\n')
    again = take(taken_town, "a.toml", HEADING + act + 'found = "241.424"\n')
    other_bytes = take(taken_town, "b.toml", HEADING + "# то же самое\n" + act + 'found = "241.424"\n')
    assert (first.new_records, again.is_new, other_bytes.new_records) == (1, False, 0)
    made = draft(taken_town)
    assert lines(taken_town, made)["41100000011", "2"].recalculation == kopecks(2 * COLD)
    assert take(taken_town, "c.toml", HEADING + act + 'found = "240.424"\n').new_records == 1
    made = draft(taken_town)
    assert made.is_new and lines(taken_town, made)["41100000011", "2"].recalculation == kopecks(COLD)
    withdrawn = HEADING + '[[act]]\nkind = "withdrawn"\nnumber = "1"\ndate = 2026-10-28\n'
    assert take(taken_town, "d.toml", withdrawn).new_records == 1
    assert lines(taken_town, draft(taken_town))["41100000011", "2"].recalculation == 0


def test_an_act_about_what_is_not_there_is_said_at_once_and_in_every_draft(taken_town: Application) -> None:
    acts = (
        HEADING
        + """
[[act]]
kind = "owners"
number = "1"
date = 2026-10-02
account = "нет такого"
from = 2020-01-01
owners = 2
[[act]]
kind = "meter_failed"
number = "2"
date = 2026-10-02
account = "41100000011"
service = "cold_water"
meter = "чужой"
from = 2026-10-02
[[act]]
kind = "interruption"
number = "3"
date = 2026-10-02
house = "b459071a-fb8a-4f9e-bf72-c46dca8fbe35"
service = "gas"
from = "2026-10-02T00:00"
to = "2026-10-03T00:00"
"""
    )
    taken = take(taken_town, "a.toml", acts)
    assert taken.status == "accepted_with_errors" and taken.new_records == 3
    (told,) = taken.findings
    assert (told.code, told.value, told.position.row) == ("AC-021", "нет такого", 4)
    found = {item.code: item for item in draft(taken_town).findings if item.code in ("AC-021", "CH-052")}
    assert set(found) == {"AC-021", "CH-052"}
    messages = [item.message for item in draft(taken_town).findings if item.code == "CH-052"]
    assert len(messages) == 2 and "чужой" in messages[0] + messages[1] and "gas" in messages[0] + messages[1]


def test_acts_of_a_sender_that_is_not_registered_are_refused_until_it_is(taken_town: Application) -> None:
    act = '[[act]]\nkind = "owners"\nnumber = "1"\ndate = 2026-10-02\naccount = "1"\nfrom = 2020-01-01\nowners = 2\n'
    taken = take(taken_town, "a.toml", HEADING.replace("0077000116", "0077001590") + act)
    assert taken.status == "rejected" and [item.code for item in taken.findings] == ["AC-003"]


def with_region(application: Application, *, tariffs: list[dict[str, Any]] | None = None, **settings: object) -> None:
    """Load the region again with more tariffs and other settings."""
    region = json.loads((TOWN / "zarechinsk.region.json").read_text(encoding="utf-8"))
    region["tariffs"] += tariffs or []
    region["settings"] |= settings
    load_region_file(application, "changed.region.json", json.dumps(region, ensure_ascii=False).encode())


def ranged(number: int, value: str) -> dict[str, Any]:
    """Electricity of October in a range of consumption."""
    return {
        "kind": "utility", "utility_kind": 4, "range": number, "supplier_inn": "0077001960", "oktmo": "02701000001", "act": "4-д",
        "valid_from": "2026-10-01", "valid_to": "2026-12-31", "value": value,
    }  # fmt: skip


RANGES = [ranged(1, "5.61"), ranged(2, "7.00"), ranged(3, "9.00")]


def test_electricity_by_ranges_of_consumption(taken_town: Application) -> None:
    with_region(taken_town, tariffs=RANGES, range_bounds=["100", "140"])
    found = lines(taken_town, draft(taken_town))
    assert found["41100000011", "5"].base == kopecks(100 * POWER) + 40 * 700 + 8 * 900
    assert before("41100000037", "5") != found["41100000037", "5"].base == kopecks(100 * POWER) + 40 * 700 + (9325 - 9010 - 140) * 900


def test_ranges_are_wider_in_a_house_heated_by_electricity(taken_town: Application) -> None:
    with_region(taken_town, tariffs=RANGES, range_bounds=["100", "140"], range_factor="1.8")
    act = '[[act]]\nkind = "electric_heating"\nnumber = "1"\ndate = 2026-10-01\nhouse = "1001"\nfrom = 2026-10-01\n'
    take(taken_town, "a.toml", HEADING + act)
    found = lines(taken_town, draft(taken_town))
    assert found["41100000011", "5"].base == before("41100000011", "5")
    assert found["41100000037", "5"].base == kopecks(180 * POWER) + (252 - 180) * 700 + (315 - 252) * 900


def test_rooms_share_the_heat_of_the_flat_by_living_area_of_the_archive_and_of_acts(taken_town: Application) -> None:
    """Formula 8: 35.10 m² of three rooms with their parts, of which 8.80 of 22.00 m² are lived in; an act says 10.00 of 23.20."""
    with_region(taken_town, communal_area="computed")
    heat = Fraction("35.10") * Fraction("0.0231") * HEAT
    found = lines(taken_town, draft(taken_town))
    assert found["41100001654", "6"].base == kopecks(heat * Fraction("8.80") / Fraction("22.00"))
    act = '[[act]]\nkind = "living_area"\nnumber = "1"\ndate = 2026-10-01\naccount = "41100001654"\nfrom = 2026-10-01\narea = 10\n'
    take(taken_town, "a.toml", HEADING + act)
    found = lines(taken_town, draft(taken_town))
    assert found["41100001654", "6"].base == kopecks(heat * 10 / Fraction("23.20"))


def test_an_open_system_takes_the_heat_of_hot_water_off(taken_town: Application) -> None:
    region = json.loads((TOWN / "zarechinsk.region.json").read_text(encoding="utf-8"))
    norm = {
        "utility_kind": 2, "resource_kind": None, "basis": "heat_per_m3", "unit_okei": "233", "valid_from": "2026-01-01", "value": "0.05",
    }  # fmt: skip
    region["norms"].append(norm)
    load_region_file(taken_town, "hot.region.json", json.dumps(region, ensure_ascii=False).encode())
    take(
        taken_town,
        "a.toml",
        HEADING + f'[[act]]\nkind = "open_heating"\nnumber = "1"\ndate = 2026-10-01\nhouse = "{HOUSE_2}"\nfrom = 2026-10-01\n',
    )
    house = EXPECTED["houses"][HOUSE_2]
    hot = Fraction(house["individual"]["3"]["2026-10"]) + Fraction(house["soi"]["9"]["2026-10"]["v"])
    volume = Fraction(house["meters"]["6"]["2026-10"]) - Fraction("0.05") * hot
    share = Fraction(EXPECTED["accounts"]["41100000524"]["area"]) / Fraction(house["S_total"])
    assert lines(taken_town, draft(taken_town))["41100000524", "6"].base == kopecks(volume * share * HEAT)


def test_even_payment_takes_the_heat_of_last_year_from_an_act(taken_town: Application) -> None:
    with_region(taken_town, heating_payment="evenly")
    act = f'[[act]]\nkind = "heat_last_year"\nnumber = "1"\ndate = 2026-01-15\nhouse = "{HOUSE_2}"\nyear = 2025\nheat = "480"\n'
    take(taken_town, "a.toml", HEADING + act)
    found = lines(taken_town, draft(taken_town))
    area, whole = Fraction(EXPECTED["accounts"]["41100000524"]["area"]), Fraction(EXPECTED["houses"][HOUSE_2]["S_total"])
    assert found["41100000524", "6"].base == kopecks(Fraction(480, 12) * area / whole * HEAT)
    by_norm = found["41100001274", "6"]
    assert by_norm.method == "norm" and by_norm.base == kopecks(Fraction("62.20") * Fraction("0.0231") * Fraction(7, 12) * HEAT)


def test_refused_access_is_a_ground_of_the_coefficient_on_electricity(taken_town: Application) -> None:
    """By the law's default since 2020 a missing meter of electricity is no ground of its own."""
    region = json.loads((TOWN / "zarechinsk.region.json").read_text(encoding="utf-8"))
    region["settings"]["k_electricity_basis"] = "access_refused"
    load_region_file(taken_town, "k.region.json", json.dumps(region, ensure_ascii=False).encode())
    act = '[[act]]\nkind = "access_refused"\nnumber = "1"\ndate = 2026-10-05\naccount = "41100000029"\nservice = "electricity"\n'
    take(taken_town, "a.toml", HEADING + act + "from = 2026-10-05\n")
    found = lines(taken_town, draft(taken_town))
    assert found["41100000029", "5"].surcharge == kopecks(3 * 92 * Fraction(3, 2) * POWER) - kopecks(3 * 92 * POWER)
    others = {key: line.surcharge for key, line in found.items() if key[1] == "5" and key[0] != "41100000029"}
    assert set(others.values()) == {0}


def test_a_later_area_of_the_sender_holds_over_an_act(taken_town: Application) -> None:
    """The act measured 60.00 from September on; the archive of October, whose area differs from none before it, does not undo it."""
    act = '[[act]]\nkind = "area"\nnumber = "1"\ndate = 2026-09-10\naccount = "41200002669"\nfrom = 2026-09-10\narea = "60.00"\n'
    take(taken_town, "a.toml", HEADING + act)
    assert lines(taken_town, draft(taken_town))["41200002669", "10"].base == kopecks(60 * Fraction("13.42"))
    with taken_town.engine.begin() as connection:
        columns = ", ".join(name for name, _, _ in table_columns(Account) if name != "area_e2")
        connection.execute(
            text(
                "INSERT INTO record_account (provider_id, message_id, file, record_key, valid_from, recorded_at, state, "
                f"area_e2, {columns}) "
                f"SELECT provider_id, message_id, file, record_key, DATE '2026-09-01', recorded_at, state, 5500, {columns} "
                "FROM record_account WHERE number = '41200002669'"
            )
        )
    # Now the sender said 55.00 in September and 58.70 in October: a newer statement than the act.
    assert lines(taken_town, draft(taken_town))["41200002669", "10"].base == kopecks(Fraction("58.70") * Fraction("13.42"))


def test_the_archive_says_that_hot_water_is_drawn_from_heating(taken_town: Application) -> None:
    with taken_town.engine.begin() as connection:
        changed = "INSERT INTO record_account ({0}) SELECT {1} FROM record_account WHERE number = '41100000524'"
        own = [name for name, _, _ in table_columns(Account)]
        names = ["provider_id", "message_id", "file", "record_key", "valid_from", "recorded_at", "state", *own]
        said = ["TRUE" if name == "open_heating_draw" else name for name in names]
        connection.execute(text(changed.format(", ".join(names), ", ".join(said))))
        month = OCTOBER
        houses = house_ids(connection, ProviderId(1), month)
        found = {h.fias: h for h in read_houses(connection, provider_id=ProviderId(1), month=month, houses=houses, known_until=None)}
    assert {fias for fias, house in found.items() if house.open_heating} == {HOUSE_2}


def test_the_example_shows_most_kinds() -> None:
    kinds = {line.split('"')[1] for line in ACTS.read_text(encoding="utf-8").splitlines() if line.startswith("kind")}
    assert len(kinds) >= 10

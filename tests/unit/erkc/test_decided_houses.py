"""A house of ГАР that a person has named joins the houses of senders who know it by nothing else, as a common GUID does."""

from __future__ import annotations

from pathlib import Path

from core.ids import EntityId, ProviderId
from core.ledger.calculations import read_calculation
from core.ledger.months import current
from core.records.entities import entity_ids
from core.records.neighbours import HouseName, SameHouse, group_houses, same_houses, sharing_providers
from core.records.store import last_record_of_all
from core.services.house_matching import confirm_house
from core.services.joint_houses import JointReader, is_stale
from core.storage.engine import transaction
from erkc.application import Application
from erkc.intake import load_region_file, take_file
from tests.unit.erkc.archives import edited
from tests.unit.erkc.conftest import OCTOBER, database_copy
from tests.unit.erkc.test_second_town_month import MANAGER, RSO, SUPPLIER, TOWN, UK, begin, draft, senders

HOUSE, FIAS = "2", "ca210d9f-554c-465e-aaee-d2c9e6a87377"


def _nameless(section: str, number: int, cells: list[str]) -> list[list[str]]:
    """The supplier's second house under a GUID of its own and without a cadastral number."""
    if section == "house" and cells[0] == HOUSE:
        cells = [*cells[:8], "0f0f0f0f-0000-4000-8000-000000000001", *cells[9:11], "2", "", *cells[13:]]
    return [cells]


def _same(application: Application, house: EntityId, until: int | None = None) -> SameHouse:
    with transaction(application.engine) as connection:
        return same_houses(connection, [house], month=OCTOBER, known_until=until)[house]  # type: ignore[arg-type]  # a record's number


def test_a_decided_match_joins_houses_of_different_senders(server_url: str, template_database: str, tmp_path: Path) -> None:
    with database_copy(server_url, template_database, tmp_path) as (_, application):
        begin(application, (UK,))
        take_file(application, RSO, edited(TOWN / RSO, _nameless))
        of = senders(application)
        with transaction(application.engine) as connection:
            mine, theirs = (entity_ids(connection, of[inn], "house")[HOUSE] for inn in (MANAGER, SUPPLIER))
            address = "Озёрная, д. 3"
            before = last_record_of_all(connection)
        assert len(_same(application, mine).names) == len(_same(application, theirs).names) == 1
        drafted = draft(application, of[SUPPLIER])
        listed = f"fias;oktmo;address\n{FIAS};02703000;{address}\n"
        load_region_file(application, "gar.csv", listed.encode())
        confirm_house(
            application.engine, inn=SUPPLIER, key=HOUSE, fias=FIAS.upper(), reason="письмо № 4", actor="тест", clock=application.clock
        )
        joined = _same(application, mine)
        assert [name.house_id for name in joined.names] == sorted((mine, theirs)) and joined.matched_by == "decision"
        assert _same(application, theirs) == joined
        assert len(_same(application, mine, before).names) == 1, "a calculation sees what was known"
        with transaction(application.engine) as connection:
            assert sharing_providers(connection, of[SUPPLIER]) == [of[MANAGER]]
            step = current(connection, provider_id=of[SUPPLIER], month=OCTOBER)
            assert step.calculation_id == drafted.calculation.calculation_id
            assert is_stale(connection, read_calculation(connection, drafted.calculation.calculation_id))
            (joint,) = JointReader(connection, of[MANAGER], OCTOBER, None).read([mine])
            (alone,) = JointReader(connection, of[MANAGER], OCTOBER, before).read([mine])
        assert joint.is_joint and not alone.is_joint
        assert len(joint.house.accounts) > len(alone.house.accounts), "charged with the accounts of both"
        again = draft(application, of[SUPPLIER])
        assert again.is_new and again.totals.total != drafted.totals.total


def test_a_code_that_is_another_house_of_gar_joins_nothing() -> None:
    wrong = HouseName(EntityId(1), ProviderId(1), "1", "B", "", decided="a", is_other=True)
    mine, theirs = HouseName(EntityId(2), ProviderId(2), "1", "A", ""), HouseName(EntityId(3), ProviderId(3), "1", "b", "")
    assert sorted(tuple(name.house_id for name in one.names) for one in group_houses([wrong, mine, theirs])) == [(1, 2), (3,)]

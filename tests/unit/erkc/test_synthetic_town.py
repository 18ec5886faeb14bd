"""The synthetic town: the same from the same seed, of the size asked for, taken once, charged as the law says."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import ConflictError
from core.ids import ProviderId
from core.ledger.calculations import read_lines
from core.model.records import Absence, Account, HouseParameter, Interruption, Meter, Reading
from core.services.charge import Draft, approve_month, draft_month, post_month
from core.services.verify import verify
from erkc.application import CODE_VERSION, Application
from erkc.cli.main import main
from erkc.cli.options import law
from erkc.town.facts import LARGEST, SMALLEST, house_sizes, town
from erkc.town.load import load_town
from erkc.town.region import region
from tests.oracle.law354 import charge
from tests.oracle.town import SERVICES, houses_of_town
from tests.unit.erkc.conftest import OCTOBER, database_copy

SEED = 95
"""A town that has everything in a few houses: with and without house meters, interruptions, absences."""

ACCOUNTS = 300


@pytest.fixture
def synthetic(server_url: str, template_database: str, tmp_path: Path) -> Iterator[Application]:
    """The town loaded into a database of its own."""
    with database_copy(server_url, template_database, tmp_path) as (_, application):
        load_town(application, accounts=ACCOUNTS, seed=SEED, month=OCTOBER)
        yield application


def _draft(application: Application) -> Draft:
    scope = {"provider_id": ProviderId(1), "month": OCTOBER, "actor": "тест", "clock": application.clock}
    return draft_month(application.engine, mode="charge", law=law(), code_version=CODE_VERSION, **scope)


def test_the_same_seed_gives_the_same_records_and_another_one_others() -> None:
    one = list(town(150, 3, OCTOBER))
    assert one == list(town(150, 3, OCTOBER))
    assert one != list(town(150, 4, OCTOBER))
    assert sum(isinstance(record.body, Account) for record in one) == 150


@pytest.mark.parametrize("accounts", [1, 19, 20, 21, 399, 401, 419, 421, 5000])
def test_houses_of_20_to_400_premises_have_all_accounts_together(accounts: int) -> None:
    for seed in range(20):
        sizes = list(house_sizes(accounts, seed))
        assert sum(sizes) == accounts
        assert max(sizes) <= LARGEST
        assert len(sizes) == 1 or min(sizes) >= SMALLEST


def test_loading_again_adds_nothing_and_another_town_is_refused(synthetic: Application) -> None:
    again = load_town(synthetic, accounts=ACCOUNTS, seed=SEED, month=OCTOBER)
    assert (again.new, again.accounts) == (0, ACCOUNTS)
    with pytest.raises(ConflictError) as refused:
        load_town(synthetic, accounts=ACCOUNTS, seed=SEED + 1, month=OCTOBER)
    assert refused.value.code == "TOWN-0101"
    with synthetic.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM message WHERE name = 'town.json'")).scalar() == 1


def test_a_load_that_was_cut_off_goes_on(server_url: str, template_database: str, tmp_path: Path) -> None:
    class Cut(Exception):
        pass

    def cut(done: int, of: int) -> None:
        if done:
            raise Cut

    with database_copy(server_url, template_database, tmp_path) as (_, application):
        with pytest.raises(Cut):
            load_town(application, accounts=450, seed=SEED, month=OCTOBER, progress=cut)
        assert load_town(application, accounts=450, seed=SEED, month=OCTOBER).accounts == 450
        assert load_town(application, accounts=450, seed=SEED, month=OCTOBER).new == 0


def test_the_month_is_charged_as_the_independent_computation_says_and_every_invariant_holds(synthetic: Application) -> None:
    draft = _draft(synthetic)
    assert [finding.message for finding in draft.findings if finding.severity == "error"] == []
    assert draft.totals.lines == 10 * ACCOUNTS
    scope = {"provider_id": ProviderId(1), "month": OCTOBER, "actor": "тест", "clock": synthetic.clock}
    approve_month(synthetic.engine, reason="тест", **scope)
    assert post_month(synthetic.engine, law=law(), **scope).posted.new == ACCOUNTS
    with synthetic.engine.connect() as connection:
        keys = dict(connection.execute(text("SELECT entity_id, entity_key FROM entity WHERE kind IN ('account', 'service')")).all())
        lines = list(read_lines(connection, draft.calculation))
    found = {
        (keys[line.account_id], SERVICES[keys[line.service_id]]): {
            "base": line.base, "surcharge": line.surcharge, "recalc": line.recalculation, "nedo": line.underdelivery,
            "benefit": line.benefit,
        }
        for line in lines
        if keys[line.service_id] in SERVICES
    }  # fmt: skip
    expected = {
        (account, service): amounts
        for house in houses_of_town(town(ACCOUNTS, SEED, OCTOBER), region(OCTOBER), OCTOBER).values()
        for account, lines_of in charge(house).items()
        for service, amounts in lines_of.items()
        if service != "waste"
    }
    assert found == expected
    assert verify(synthetic.engine, law=law(), code_version=CODE_VERSION).holds


def test_the_town_has_what_makes_a_month_hard() -> None:
    """Meters that lapsed or were not read, no meters, houses without a meter, vacant flats, absences, interruptions."""
    bodies = [record.body for record in town(ACCOUNTS, SEED, OCTOBER)]
    accounts = [body for body in bodies if isinstance(body, Account)]
    meters = [body for body in bodies if isinstance(body, Meter) and body.account is not None]
    read = {body.meter for body in bodies if isinstance(body, Reading) and body.taken_on in OCTOBER}
    assert {body.value for body in bodies if isinstance(body, HouseParameter)} == {"1", "2"}
    assert {body.residents_stated for body in accounts} >= {0, 1, 2, 3, 4, 5}
    assert any(isinstance(body, Interruption) for body in bodies)
    assert any(isinstance(body, Absence) for body in bodies)
    assert 2.5 * ACCOUNTS < len(meters) < 3 * ACCOUNTS
    assert any(body.next_verification_on is not None and body.next_verification_on < OCTOBER.first for body in meters)
    assert 0.75 * len(meters) < len(read) < len(meters)


def test_the_command_loads_charges_and_says_what_is_wrong(
    server_url: str, template_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> tuple[int, dict[str, object]]:
        monkeypatch.setattr(sys, "argv", ["erkc", *arguments, "--json"])
        with pytest.raises(SystemExit) as stop:
            main()
        document: dict[str, object] = json.loads(capsys.readouterr().out)
        return int(stop.value.code or 0), document

    monkeypatch.setenv("ERKC_HOME", str(tmp_path / "home"))
    with database_copy(server_url, template_database, tmp_path) as (_, application):
        monkeypatch.setenv("ERKC_DATABASE_URL", application.database)
        code, loaded = run("town", "--accounts", "25", "--seed", "2")
        assert (code, loaded["houses"], loaded["accounts"], loaded["new"]) == (0, 1, 25, loaded["records"])
        assert run("town", "--accounts", "25", "--seed", "2")[1]["new"] == 0
        code, refused = run("town", "--accounts", "0")
        assert (code, refused["code"]) == (2, "TOWN-0102")
        code, charged = run("bill", "month", "2026-10")
        assert code == 0
        assert [outcome["lines"] for outcome in charged.values() if isinstance(outcome, dict)] == [250]

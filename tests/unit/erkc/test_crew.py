"""A month computed by several processes: the same to the last byte as by one, and nothing at all when a process dies."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import text

from core.errors import InputError, TransientError
from core.ids import ProviderId
from core.services import crew as crew_module
from core.services import rebuild
from core.services.charge import Draft, draft_month
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.town.load import load_town
from tests.unit.erkc.conftest import OCTOBER, database_copy
from tests.unit.erkc.test_second_town_month import RSO, UK, begin, senders

_LINES = """SELECT account_id, service_id, creditor_id, method, clause, rules, volume_e6, tariff_e6, base, surcharge, recalculation,
  underdelivery, benefit, inputs::text, sources FROM charge_line WHERE calculation_id = :number ORDER BY 1, 2, 3"""
_VOLUMES = "SELECT house_id, service, month, what, volume_e6, method FROM house_volume WHERE calculation_id = :number ORDER BY 1, 2, 3, 4"

_WRONG_PARAMETER = """
INSERT INTO record_house_parameter (provider_id, message_id, recorded_at, file, record_key, valid_from, state, house, code, value)
SELECT provider_id, message_id, recorded_at, file, 'новый', valid_from, state, house, 9001, 'два' FROM record_house_parameter
WHERE record_id = (SELECT max(record_id) FROM record_house_parameter)"""


@pytest.fixture
def synthetic(server_url: str, template_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    """A synthetic town of a few houses, each a batch of its own."""
    monkeypatch.setattr(rebuild, "_ACCOUNTS_AT_ONCE", 1)
    with database_copy(server_url, template_database, tmp_path) as (_, application):
        load_town(application, accounts=1000, seed=95, month=OCTOBER)
        yield application


def _draft(
    application: Application, workers: int, progress: Callable[[int, int], None] = lambda done, of: None, provider: int = 1
) -> Draft:
    scope = {"provider_id": ProviderId(provider), "month": OCTOBER, "actor": "тест", "clock": application.clock}
    return draft_month(
        application.engine, mode="charge", law=law(), code_version=CODE_VERSION, again=True, workers=workers, progress=progress, **scope
    )


def _content(application: Application, draft: Draft) -> list[Any]:
    names = {"number": draft.calculation.calculation_id}
    with application.engine.connect() as connection:
        rows = [connection.execute(text(statement), names).all() for statement in (_LINES, _VOLUMES)]
    return [*rows, draft.findings, draft.open, draft.recalculated]


def _stored(application: Application) -> tuple[int, int]:
    with application.engine.connect() as connection:
        found = connection.execute(text("SELECT (SELECT count(*) FROM calculation), (SELECT count(*) FROM charge_line)")).one()
    return found[0], found[1]


def test_the_result_does_not_depend_on_the_number_of_processes(synthetic: Application) -> None:
    steps: list[tuple[int, int]] = []
    alone = _content(synthetic, _draft(synthetic, 1))
    together = _content(synthetic, _draft(synthetic, 3, lambda done, of: steps.append((done, of))))
    assert together == alone
    assert len(alone[0]) > 9000
    assert len(steps) > 3 and steps[-1][0] == steps[-1][1] == len(steps)


def test_houses_of_two_senders_come_out_the_same(
    server_url: str, template_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "_ACCOUNTS_AT_ONCE", 1)
    with database_copy(server_url, template_database, tmp_path) as (_, application):
        begin(application, (UK, RSO))
        for provider in senders(application).values():
            alone = _content(application, _draft(application, 1, provider=provider))
            assert _content(application, _draft(application, 2, provider=provider)) == alone
            assert alone[0] and alone[2]


def test_a_killed_process_leaves_nothing_and_the_next_run_succeeds(synthetic: Application) -> None:
    def kill(done: int, of: int) -> None:
        for child in multiprocessing.active_children():
            assert child.pid is not None
            os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(TransientError) as died:
        _draft(synthetic, 2, kill)
    assert died.value.code == "CH-0121"
    assert _stored(synthetic) == (0, 0)
    assert not multiprocessing.active_children()
    assert _draft(synthetic, 2).calculation.version == 1


def test_what_is_wrong_in_a_worker_is_told_as_it_is(synthetic: Application) -> None:
    with synthetic.engine.begin() as connection:
        connection.execute(text(_WRONG_PARAMETER))
    with pytest.raises(InputError) as wrong:
        _draft(synthetic, 2)
    assert wrong.value.code == "REC-0103" and "«два»" in wrong.value.message and wrong.value.hint
    assert _stored(synthetic) == (0, 0)


def test_an_error_keeps_what_it_says_between_processes() -> None:
    error = InputError("CH-0102", "Нет ни одного дома.", hint="Примите пакет.", house="7")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is InputError and again.as_dict() == error.as_dict()


def test_workers_end_with_the_process_that_started_them(synthetic: Application, tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        "import sys\n"
        "from core.services import rebuild\n"
        "from erkc.cli.main import main\n"
        "if __name__ == '__main__':\n"
        "    rebuild._ACCOUNTS_AT_ONCE = 1\n"
        "    sys.argv = ['erkc', 'bill', 'month', '2026-10', '--draft', '--json']\n"
        "    main()\n",
        encoding="utf-8",
    )
    environment = {
        **os.environ, "ERKC_DATABASE_URL": synthetic.database, "ERKC_HOME": str(tmp_path / "home"), "ERKC_CHARGE_WORKERS": "2"
    }  # fmt: skip

    def workers() -> int:
        with synthetic.engine.connect() as connection:
            return int(
                connection.execute(
                    text("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'erkc-charges' AND datname = current_database()")
                ).scalar_one()
            )

    started = subprocess.Popen([sys.executable, str(script)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(lambda: workers() > 0 or started.poll() is not None)
        assert started.poll() is None, "the run ended before it could be killed"
    finally:
        started.kill()
        started.wait()
    _wait(lambda: workers() == 0)
    assert _stored(synthetic) == (0, 0)


def _wait(happened: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


def test_processes_start_without_the_program_that_people_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, imported = ModuleType("__main__"), tmp_path / "imported"
    program.__file__ = str(tmp_path / "program.py")
    Path(program.__file__).write_text(f"open({str(imported)!r}, 'w').close()", encoding="utf-8")
    monkeypatch.setitem(sys.modules, "__main__", program)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as crew, crew_module._nothing_of_main():
        assert crew.submit(os.getpid).result() != os.getpid()
    assert not imported.exists()
    assert sys.modules["__main__"] is program

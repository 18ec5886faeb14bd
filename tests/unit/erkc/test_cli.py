"""The command line as people and machines meet it: exit codes, one JSON document, Russian sentences, hints."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from erkc.application import Application
from erkc.cli.main import main
from tests.unit.erkc.conftest import ARCHIVE, TOWN

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run ``erkc`` in this process: exit code, standard output, standard error."""
    monkeypatch.setenv("ERKC_HOME", str(tmp_path / "home"))

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["erkc", *arguments])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return command


@pytest.fixture
def charged(charged_town: Application, monkeypatch: pytest.MonkeyPatch) -> Application:
    """The commands work on the charged town."""
    monkeypatch.setenv("ERKC_DATABASE_URL", charged_town.database)
    return charged_town


def test_wrong_usage_and_settings_are_exit_code_2_with_a_hint(run: Run, charged: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, errors = run("bill", "month", "октябрь")
    assert code == 2 and "не месяц" in errors and "2026-10" in errors
    assert run("bill", "month", "2026-10", "--mode", "free")[0] == 2
    assert run("no-such-command")[0] == 2
    assert run("take", "no-such-file.zip")[0] == 2
    monkeypatch.setenv("ERKC_GIS_SIGNER", "magic")
    code, out, _ = run("report", "month", "2026-10", "--json")
    assert code == 2 and json.loads(out)["fields"]["option"] == "gis.signer"


def test_an_error_in_json_mode_is_one_document_with_code_sentence_and_hint(run: Run, charged: Application) -> None:
    code, out, errors = run("explain", "000", "2026-10", "--json")
    document = json.loads(out)
    assert code == 1 and errors == "" and document["code"] == "EX-0101" and document["hint"]
    assert run("report", "month", "2031-01", "--json")[0] == 1


def test_a_command_that_changes_nothing_says_so(run: Run, charged: Application) -> None:
    code, out, _ = run("take", str(TOWN / ARCHIVE))
    assert code == 0 and "уже принимался, ничего не изменено" in out
    code, out, _ = run("bill", "month", "2026-10")
    assert code == 0 and "уже проведено, ничего не изменено" in out
    code, out, _ = run("region", "load", str(TOWN / "zarechinsk.region.json"))
    assert code == 0 and "без изменений" in out


def test_report_explain_and_verify_speak_russian_to_people_and_json_to_machines(run: Run, charged: Application) -> None:
    code, out, _ = run("explain", "41100000011", "2026-10")
    assert code == 0 and "Холодное водоснабжение" in out and "puval.csv" in out and "SHA-256" in out
    for command in (("report", "month", "2026-10"), ("explain", "41100000011", "2026-10"), ("verify",), ("reconcile",)):
        code, out, errors = run(*command, "--json")
        assert code == 0 and errors == "" and isinstance(json.loads(out), dict)
    code, out, _ = run("verify")
    assert code == 0 and out.count("держится") == 7


def test_parse_reads_without_a_database(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    code, out, _ = run("parse", str(TOWN / ARCHIVE), "--json")
    document = json.loads(out)
    assert code == 0 and document["archive_status"] == "accepted" and document["sections"]["KVAR"] == 410
    bank = Path(__file__).parents[2] / "golden" / "banks" / "sber" / "valid.txt"
    code, out, _ = run("parse", str(bank), "--json")
    assert json.loads(out)["format"] == "sber-delimited"


def test_a_month_is_drafted_approved_and_closed_by_command(run: Run, taken_town: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", taken_town.database)
    code, out, _ = run("bill", "month", "2026-10", "--draft", "--json")
    assert code == 0 and json.loads(out)["0077000116"]["posted"] is None
    assert run("bill", "close", "2026-10")[0] == 1, "a draft can not be closed"
    code, out, _ = run("bill", "approve", "2026-10", "--reason", "проверено бухгалтером", "--json")
    assert code == 0 and json.loads(out)["0077000116"]["posted"] > 0
    code, out, _ = run("bill", "close", "2026-10")
    assert code == 0 and "закрыт" in out


def test_show_tells_the_life_of_accounts_payments_and_messages(run: Run, charged: Application) -> None:
    code, out, _ = run("show", "41100000011", "--json")
    (account,) = json.loads(out)
    assert code == 0 and [fact[1] for fact in account["facts"]] == ["открыт", "сальдо", "платёж", "начисление"]
    code, out, _ = run("show", "412610120000001013", "--json")
    assert code == 0 and json.loads(out)[0]["kind"] == "entry"
    code, out, _ = run("show", "8156b00f682660e9")
    assert code == 0 and ARCHIVE in out and "принято" in out
    code, _, errors = run("show", "нет такого")
    assert code == 1 and "ничего не обозначает" in errors


def test_nonsense_as_a_region_is_refused_by_name(run: Run, charged: Application, tmp_path: Path) -> None:
    for content, code in (('{"region": "00"}', "нет ни отправителей"), ('{"region": ', "строка 1")):
        file = tmp_path / "y.region.json"
        file.write_text(content, encoding="utf-8")
        status, out, _ = run("region", "load", str(file))
        assert status == 1 and code in out and "не загружено" in out


def test_a_dry_run_leaves_nothing(run: Run, taken_town: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", taken_town.database)
    code, out, _ = run("bill", "month", "2026-10", "--dry-run", "--json")
    assert code == 0 and json.loads(out)["0077000116"]["total"] == 341468838
    code, out, _ = run("bill", "approve", "2026-10", "--json")
    assert code == 1 and json.loads(out)["0077000116"]["refused"] == "CH-0103"
    code, out, _ = run("issue", "bills", "2026-10", "--json")
    assert code == 1 and json.loads(out)["code"] == "EPD-0502"


def test_the_surroundings_that_fail_are_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    code, out, _ = run("verify", "--json")
    assert code == 3 and json.loads(out)["code"] == "DB-0301"
    monkeypatch.setenv("ERKC_DATABASE_URL", "garbage")
    code, out, _ = run("verify", "--json")
    assert code == 2 and json.loads(out)["code"] == "DB-0303"
    code, _, errors = run("issue", "bills", "2026-10", "--date", "2026-13-01")
    assert code == 2 and "не дата" in errors


def test_in_accept_mode_explain_shows_what_was_charged_and_what_the_law_gives(
    run: Run, taken_town: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", taken_town.database)
    assert run("bill", "month", "2026-10", "--mode", "accept")[0] == 0
    code, out, _ = run("explain", "41100000276", "2026-10", "--json")
    document = json.loads(out)
    area = next(line for line in document["lines"] if line["service"] == "Содержание жилого помещения")
    assert code == 0 and document["mode"] == "accept" and document["total"] == 1159591
    assert (area["total"], area["lawful"]) == (195312, 179712)
    code, out, _ = run("explain", "41100000276", "2026-10")
    assert "принято по документу отправителя: 1 953,12" in out and "расхождение 156,00" in out

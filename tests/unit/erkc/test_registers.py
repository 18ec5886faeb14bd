"""Registers for accountants on both towns: every total equal to the ledger's own sums and to the expected results."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import create_engine, make_url, text

from core.clock import FixedClock
from core.errors import ConfigError, InputError, InvariantError
from core.money import parse_roubles
from core.period import Month
from core.records.providers import providers
from core.services.charge import close_month
from core.services.issue import issue_month
from core.services.registers import REGISTERS, open_register
from core.storage.engine import transaction
from erkc.application import Application
from erkc.cli.options import law
from erkc.intake import take_file
from erkc.render.xlsx import write_xlsx
from tests.unit.erkc import test_second_town_month as second
from tests.unit.erkc.conftest import OCTOBER, TOWN, Run, database_copy

FIRST: dict[str, Any] = json.loads((TOWN / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))
ALL = ("house", "account", "service", "creditor", "origin")
LEDGER = """
SELECT e.kind, coalesce(p.component, 0) AS component, s.chart, s.sign, p.amount
FROM entry e, posting p, LATERAL (VALUES (p.debit, 1), (p.credit, -1)) s (chart, sign)
WHERE e.entry_id = p.entry_id AND s.chart IN (1, 6, 7)
"""


@pytest.fixture(scope="module")
def second_database(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    with database_copy(server_url, template_database, tmp_path_factory.mktemp("registers2"), keep=True) as (name, application):
        second.begin(application, (second.RSO, second.UK))
        second.charge(application, "charge")
    return name


@pytest.fixture(params=["first", "second"])
def town(request: pytest.FixtureRequest, server_url: str, tmp_path: Path) -> Iterator[tuple[Application, dict[str, Any]]]:
    """Each town with October posted, and what is expected of it."""
    first = request.param == "first"
    template = request.getfixturevalue("charged_template" if first else "second_database")
    with database_copy(server_url, template, tmp_path) as (_, application):
        yield application, FIRST if first else second.EXPECTED


def read(
    application: Application, name: str, *by: str, month: Month = OCTOBER, inn: str | None = None
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Rows of all parts as dictionaries, and totals over the parts."""
    rows: list[dict[str, Any]] = []
    totals: dict[str, int] = defaultdict(int)
    with open_register(application.engine, name=name, month=month, law=law(), by=by, inn=inn) as register:
        for part in register.parts:
            rows += [dict(zip((column.key for column in part.columns), row, strict=True)) | {"provider": part.inn} for row in part.rows()]
            for key, amount in part.totals.items():
                totals[key] += amount
    return rows, totals


def ledger(application: Application) -> list[Any]:
    with application.engine.connect() as connection:
        return list(connection.execute(text(LEDGER)))


def by_account(rows: list[dict[str, Any]], column: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row["account"]] += row[column]
    return sums


def kopecks(expected: dict[str, Any], key: str) -> int:
    return parse_roubles(expected["totals"][key])


@pytest.mark.parametrize("by", [(), ("account",), ("service", "creditor"), ("origin",), ("origin", "house"), ALL])
def test_turnovers_are_the_ledgers_whatever_they_are_grouped_by(town: tuple[Application, dict[str, Any]], by: tuple[str, ...]) -> None:
    application, expected = town
    rows, totals = read(application, "turnover", *by)
    opening_kinds = {"opening", "opening_penalty"}
    for part, of in (
        ("principal", lambda r: r.chart != 7 and r.component != 1),
        ("surcharge", lambda r: r.chart != 7 and r.component == 1),
        ("penalty", lambda r: r.chart == 7),
    ):
        mine = [r for r in ledger(application) if of(r)]
        assert totals[f"{part}_opening"] == sum(r.sign * r.amount for r in mine if r.kind in opening_kinds)
        assert totals[f"{part}_debit"] == sum(r.amount for r in mine if r.sign == 1 and r.kind not in opening_kinds)
        assert totals[f"{part}_credit"] == sum(r.amount for r in mine if r.sign == -1 and r.kind not in opening_kinds)
        assert totals[f"{part}_closing"] == sum(r.sign * r.amount for r in mine)
    for row in [*rows, totals]:
        for part in ("principal", "surcharge", "penalty", "all"):
            assert row[f"{part}_opening"] + row[f"{part}_debit"] - row[f"{part}_credit"] == row[f"{part}_closing"]
    assert totals["principal_opening"] + totals["surcharge_opening"] == kopecks(expected, "saldo_in")
    assert totals["principal_closing"] + totals["surcharge_closing"] == kopecks(expected, "saldo_out_charge")
    assert totals["penalty_opening"] == kopecks(expected, "penalty_in")
    assert totals["penalty_closing"] == kopecks(expected, "penalty_out")


def test_every_account_opens_and_closes_as_expected(town: tuple[Application, dict[str, Any]]) -> None:
    application, expected = town
    rows, _ = read(application, "turnover", "account")
    found = {row["account"]: row for row in rows}
    for number, account in expected["accounts"].items():
        row = found.get(number, defaultdict(int))
        assert row["principal_opening"] + row["surcharge_opening"] == parse_roubles(account["saldo_in"]), number
        assert row["principal_closing"] + row["surcharge_closing"] == parse_roubles(account["saldo_out_charge"]), number
        assert row["penalty_closing"] == parse_roubles(account["penalty_out"]), number
    assert all(row["address"] and row["house"] for row in rows)


def test_the_next_month_opens_with_what_this_one_closed_with(town: tuple[Application, dict[str, Any]]) -> None:
    application, _ = town
    closed, _ = read(application, "turnover", *ALL)
    opened, _ = read(application, "turnover", *ALL, month=OCTOBER.next())
    parts = ("principal", "surcharge", "penalty")
    keys = [*ALL, "provider"]

    def standing(rows: list[dict[str, Any]], side: str) -> dict[tuple[Any, ...], tuple[int, ...]]:
        sums = {tuple(row[key] for key in keys): tuple(row[f"{part}_{side}"] for part in parts) for row in rows}
        return {key: amounts for key, amounts in sums.items() if any(amounts)}

    assert standing(opened, "opening") == standing(closed, "closing") != {}


def test_charges_are_by_service_what_is_expected(town: tuple[Application, dict[str, Any]]) -> None:
    application, expected = town
    rows, totals = read(application, "charges", "service")
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        assert (
            sum(row[key] for key in ("base", "surcharge", "recalculation", "underdelivery", "benefit", "closed_months")) == row["charged"]
        )
        found[row["service"]] += row["charged"]
    assert {key: amount for key, amount in found.items() if key} == {
        key: parse_roubles(value) for key, value in expected["totals"]["by_service_recomputed"].items()
    }
    assert (totals["charged"], totals["penalty"]) == (kopecks(expected, "recomputed"), kopecks(expected, "penalty_posted"))
    surcharges = sum(parse_roubles(line["mult"]) for account in expected["accounts"].values() for line in account["services"].values())
    assert totals["surcharge"] == surcharges > 0
    by_creditor: dict[str, int] = defaultdict(int)
    for account in expected["accounts"].values():
        for line in account["services"].values():
            by_creditor[line["c"]] += parse_roubles(line["total"])
    rows, _ = read(application, "charges", "creditor", "house")
    grouped: dict[str, int] = defaultdict(int)
    for row in rows:
        grouped[row["creditor"]] += row["charged"]
    assert grouped == by_creditor


def test_payments_are_by_creditor_and_channel_what_is_expected(town: tuple[Application, dict[str, Any]]) -> None:
    application, expected = town
    rows, totals = read(application, "payments")
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        found[row["creditor"]] += row["received"]
    payments = expected["payments"]
    assert found == {inn: parse_roubles(amount) for inn, amount in payments["by_creditor"].items()}
    kinds = {"debt": totals["debt"] + totals["surcharge"], "advance": totals["advance"], "penalty": totals["penalty"]}
    assert {kind: amount for kind, amount in kinds.items() if amount} == {k: parse_roubles(v) for k, v in payments["by_kind"].items()}
    rows, totals = read(application, "payments", "channel")
    packs: dict[str, int] = defaultdict(int)
    for pack in payments["packs"]:
        packs[pack["number"].split("-")[-1]] += parse_roubles(pack["sum"])
    assert totals["payments"] == payments["count"] and totals["received"] == parse_roubles(payments["total"])
    if all(channel in packs for channel in {row["channel"] for row in rows}):
        received: dict[str, int] = defaultdict(int)
        for row in rows:
            received[row["channel"]] += row["received"]
        assert received == packs


def test_debts_age_from_the_due_day_and_come_to_the_closing_balance(town: tuple[Application, dict[str, Any]]) -> None:
    application, expected = town
    rows, totals = read(application, "ageing", *ALL)
    due = {"2026-10": date(2026, 11, 16), "2026-09": date(2026, 10, 15), "2026-08": date(2026, 9, 15), "2026-07": date(2026, 8, 17)}
    buckets = (("days_30", 30), ("days_90", 90), ("days_180", 180), ("days_365", 365))
    checked = 0
    for row in rows:
        month = "-".join(reversed(row["origin"].split(".")))
        if month in due and row["debt"]:
            late = (OCTOBER.last - due[month]).days
            bucket = "not_due" if late <= 0 else next(name for name, days in buckets if late <= days)
            assert row[bucket] == row["debt"], row
            checked += 1
    assert checked > 100
    everything = ("not_due", "days_30", "days_90", "days_180", "days_365", "over_year", "over_three_years", "undated")
    assert sum(totals[key] for key in everything) == totals["debt"]
    assert totals["debt"] + totals["advance"] == kopecks(expected, "saldo_out_charge")
    assert totals["penalty"] == kopecks(expected, "penalty_out")
    turnover, _ = read(application, "turnover", "account")
    owed = by_account(rows, "debt")
    ahead = by_account(rows, "advance")
    for row in turnover:
        assert owed[row["account"]] + ahead[row["account"]] == row["principal_closing"] + row["surcharge_closing"]


def _opening(application: Application, server_url: str, moves: dict[str, date]) -> None:
    """Let some debts be of other months: by a superuser, in a database of the test's own."""
    superuser = create_engine(make_url(server_url).set(database=make_url(application.database).database))
    with superuser.begin() as connection:
        for account, origin in moves.items():
            changed = connection.execute(
                text(
                    "UPDATE posting SET origin_month = :origin WHERE origin_month < '2026-10-01' AND account_id ="
                    " (SELECT e.entity_id FROM entity e JOIN record_account a ON a.record_key = e.entity_key"
                    " WHERE e.kind = 'account' AND a.number = :number LIMIT 1)"
                ),
                {"origin": origin, "number": account},
            )
            assert changed.rowcount
        connection.execute(text("DELETE FROM balance"))
    superuser.dispose()


def test_debts_without_penalties_and_a_month_without_movements_are_there(charged_town: Application, server_url: str) -> None:
    """What stands is shown, even where nothing of the kind that a register compares moved."""
    superuser = create_engine(make_url(server_url).set(database=make_url(charged_town.database).database))
    with superuser.begin() as connection:
        connection.execute(text("DELETE FROM posting WHERE 7 IN (debit, credit)"))
        connection.execute(text("DELETE FROM balance"))
    superuser.dispose()
    _, october = read(charged_town, "ageing")
    _, november = read(charged_town, "ageing", month=OCTOBER.next())
    assert october["penalty"] == 0 and october["debt"] == november["debt"] == kopecks(FIRST, "saldo_out_charge")
    assert november["not_due"] == 0 < october["not_due"]


def test_old_debts_stand_over_a_year_over_three_years_and_without_a_month_apart(charged_town: Application, server_url: str) -> None:
    rows, before = read(charged_town, "ageing", "account")
    old, barred, unknown = [row["account"] for row in rows if row["days_30"] > 0][:3]
    sums = {row["account"]: row["debt"] - row["not_due"] for row in rows}
    # The bill of September 2023 was due on 10.10.2023, that of October 2023 on 10.11.2023: three years are over for the first only.
    _opening(charged_town, server_url, {old: date(2023, 10, 1), barred: date(2023, 9, 1), unknown: date(1900, 1, 1)})
    rows, after = read(charged_town, "ageing", "account")
    found = {row["account"]: row for row in rows}
    assert found[old]["over_year"] == sums[old] > 0 == found[old]["over_three_years"]
    assert found[barred]["over_three_years"] == sums[barred] > 0
    assert found[unknown]["undated"] == sums[unknown] > 0
    assert after["debt"] == before["debt"]
    rows, _ = read(charged_town, "turnover", "origin")
    assert {"без месяца", "09.2023", "10.2026"} <= {row["origin"] for row in rows}


def test_a_bill_presented_late_is_due_later(charged_town: Application) -> None:
    late = replace(charged_town, clock=FixedClock(datetime(2026, 11, 20, 6, tzinfo=UTC)))
    issue_month(late.engine, provider_id=1, month=OCTOBER, law=law(), series="ЕПД", issued_on=date(2026, 11, 20), clock=late.clock)
    with late.engine.connect() as connection:
        due = set(connection.execute(text("SELECT content ->> 'due_on' FROM bill")).scalars())
    assert due == {"2026-11-30"}  # ten days after it was presented
    _, totals = read(late, "ageing", month=OCTOBER.next())
    assert totals["not_due"] == read(late, "ageing")[1]["not_due"] > 0


def test_residents_are_the_persons_that_charges_count(town: tuple[Application, dict[str, Any]]) -> None:
    application, expected = town
    rows, totals = read(application, "residents")
    days = by_account(rows, "days")
    first_sender = next(iter(expected["accounts"].values()))["sender"]  # of the other sender's persons the first one's are believed
    checked = 0
    for number, account in expected["accounts"].items():
        if days.get(number) and account["sender"] == first_sender:
            assert abs(Fraction(days[number], 31) - Fraction(account["persons"])) < Fraction(1, 1000), number
            checked += 1
    assert checked >= 10 and totals["days"] == sum(days.values())
    moved = [row for row in rows if row["first"] is not None and row["first"] > OCTOBER.first]
    assert all(row["days"] == (min(row["last"] or OCTOBER.last, OCTOBER.last) - row["first"]).days + 1 for row in moved)
    with application.engine.connect() as connection:
        registered = connection.execute(
            text("SELECT count(*) FROM record_residence WHERE first <= '2026-10-31' AND coalesce(last, '2026-10-31') >= '2026-10-01'")
        ).scalar_one()
    assert sum(row["first"] is not None for row in rows) == registered
    empty = [row for row in rows if row["first"] is None]
    assert empty and all(row["person"] == "нет зарегистрированных" and row["days"] == 0 for row in empty)


def test_one_provider_and_wrong_questions(town: tuple[Application, dict[str, Any]]) -> None:
    application, _ = town
    with transaction(application.engine) as connection:
        inn = max(one.inn for one in providers(connection))
    rows, _ = read(application, "turnover", inn=inn)
    assert {row["provider"] for row in rows} == {inn}
    for name, by, wrong in (("turnover", ("channel",), "REP-0201"), ("residents", ("house",), "REP-0201")):
        with pytest.raises(ConfigError, match=wrong):
            read(application, name, *by)
    with pytest.raises(ConfigError, match="REP-0204"):
        read(application, "charges", inn="1234567890")
    with pytest.raises(InputError, match="REP-0202"):
        read(application, "charges", month=Month(2020, 1))


def test_a_register_that_does_not_meet_the_ledger_is_refused(charged_town: Application, server_url: str, tmp_path: Path) -> None:
    close_month(charged_town.engine, provider_id=1, month=OCTOBER, actor="тест", reason="тест", clock=charged_town.clock)
    superuser = create_engine(make_url(server_url).set(database=make_url(charged_town.database).database))
    with superuser.begin() as connection:
        connection.execute(
            text("UPDATE balance SET amount = amount + 1 WHERE chart = 1 AND ctid = (SELECT min(ctid) FROM balance WHERE chart = 1)")
        )
    superuser.dispose()
    with (
        open_register(charged_town.engine, name="turnover", month=OCTOBER.next(), law=law()) as register,
        pytest.raises(InvariantError, match="REP-0203"),
    ):
        write_xlsx(register, tmp_path / "t.xlsx")
    assert list(tmp_path.glob("*.xlsx*")) + list(tmp_path.glob(".*xlsx*")) == []


def test_money_of_banks_is_in_the_summary_by_agent_with_what_is_unclear(charged_town: Application) -> None:
    agent = TOWN / "november" / "9901_0211_20261110.txt"
    take_file(charged_town, agent.name, agent.read_bytes())
    rows, totals = read(charged_town, "payments", "channel", month=OCTOBER.next())
    with charged_town.engine.connect() as connection:
        came = connection.execute(
            text(
                "SELECT sum(CASE WHEN debit = 11 THEN amount ELSE -amount END) FROM posting JOIN entry USING (entry_id)"
                " WHERE kind LIKE 'payment%' AND posting.month = '2026-11-01' AND 11 IN (debit, credit)"
            )
        ).scalar_one()
        waiting = connection.execute(
            text("SELECT sum(CASE WHEN credit = 4 THEN amount ELSE -amount END) FROM posting WHERE 4 IN (debit, credit)")
        ).scalar()
    assert totals["received"] == came > 0 and totals["suspense"] == (waiting or 0)
    assert {row["channel"] for row in rows} == {"Сбербанк"}


@pytest.mark.parametrize("name", REGISTERS)
def test_a_spreadsheet_holds_the_register_with_heading_formats_and_totals(
    town: tuple[Application, dict[str, Any]], tmp_path: Path, name: str
) -> None:
    application, _ = town
    path = tmp_path / f"{name}.xlsx"
    with open_register(application.engine, name=name, month=OCTOBER, law=law()) as register:
        parts = write_xlsx(register, path)
    rows, totals = read(application, name)
    book = openpyxl.load_workbook(path)
    assert len(book.sheetnames) == (1 if len(parts) == 1 else len(parts) + 1)
    shown = 0
    for sheet, part in zip(book.worksheets, parts, strict=False):
        assert sheet["A1"].value == f"{register.title} за октябрь 2026"
        assert part.name in sheet["A2"].value and part.inn in sheet["A2"].value
        columns = [column for column in register.columns if column.kind != "id"]
        assert [cell.value for cell in sheet[5]][: len(columns)] == [column.title for column in columns]
        assert sheet.freeze_panes is not None and sheet.freeze_panes.endswith("6")
        assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.fitToHeight == 0 and sheet.print_title_rows == "$4:$5"
        last = sheet[sheet.max_row]
        assert last[0].value == "Итого" and last[0].font.bold
        for place, column in enumerate(columns):
            letter = openpyxl.utils.get_column_letter(place + 1)
            assert sheet.column_dimensions[letter].width > 5
            if column.kind == "money":
                assert last[place].number_format.startswith("#,##0.00")
                summed = sum(round(sheet.cell(row, place + 1).value * 100) for row in range(6, sheet.max_row))
                assert summed == round(last[place].value * 100) == part.totals[column.key]
            if column.kind == "date":
                assert sheet.cell(6, place + 1).number_format == "dd.mm.yyyy"
        shown += sheet.max_row - 6
    assert shown == len(rows)
    if len(parts) > 1:
        whole = book["Итого"]
        measured = [column for column in register.columns if column.is_total]
        for place, column in enumerate(measured, start=3):
            value = whole.cell(whole.max_row, place).value
            assert round(value * (100 if column.kind == "money" else 1)) == totals[column.key]


def test_the_commands_show_print_and_write_the_same(
    charged_town: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", charged_town.database)
    code, out, _ = erkc("report", "turnover", "2026-10", "--by", "house,service", "--json")
    document = json.loads(out)
    assert code == 0 and document["by"] == ["house", "service"]
    (part,) = document["parts"]
    assert part["count"] == len(part["rows"]) > 100
    assert parse_roubles(document["total"]["all_closing"]) == sum(parse_roubles(row["all_closing"]) for row in part["rows"])
    assert parse_roubles(document["total"]["principal_opening"]) == kopecks(FIRST, "saldo_in")
    assert re.fullmatch(r"[0-9a-f-]{36}", part["rows"][0]["house"])
    for name in REGISTERS:
        code, out, error = erkc("report", name, "2026-10")
        assert code == 0 and "Итого" in out and "октябрь 2026" in out, error
        path = tmp_path / f"{name}.xlsx"
        code, out, _ = erkc("report", name, "2026-10", "--xlsx", str(path), "--json")
        assert code == 0 and json.loads(out)["file"] == str(path) and path.stat().st_size > 5000
    code, out, error = erkc("report", "ageing", "2026-10", "--by", "colour")
    assert code == 2 and "REP-0201" in error and "house, account" in error
    code, _, error = erkc("report", "charges", "2025-01")
    assert code == 1 and "REP-0202" in error
    code, _, error = erkc("report", "charges", "2026-10", "--xlsx", str(tmp_path / "none" / "a.xlsx"))
    assert code == 2 and "CLI-0104" in error

"""``erkc explain --html``: a page that says what the JSON says, to the kopeck, needs nothing from outside, and lets nothing foreign in."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from sqlalchemy import text

from core.ids import ProviderId
from core.services.explain import explain_account
from core.services.explained_payer import PayerExplained, explain_payer
from core.services.issue import issue_month
from erkc.application import Application
from erkc.cli.explaining import explained_json
from erkc.cli.options import law
from erkc.render.explanation import explanation_page
from tests.unit.erkc.conftest import OCTOBER, Run, database_copy
from tests.unit.erkc.test_town_month import EXPECTED

NUMBERS: list[str] = list(EXPECTED["accounts"])
METERED = "41100000011"


@pytest.fixture(scope="module")
def town(server_url: str, charged_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """October issued; read only."""
    with database_copy(server_url, charged_template, tmp_path_factory.mktemp("page")) as (_, application):
        scope = {"law": law(), "series": "ЕПД", "issued_on": date(2026, 11, 4), "clock": application.clock}
        issue_month(application.engine, provider_id=ProviderId(1), month=OCTOBER, **scope)
        yield application


def page_of(application: Application, number: str) -> Any:
    return html.document_fromstring(explanation_page(explain_payer(application.engine, name=number, month=OCTOBER)))


def sums(element: Any, path: str) -> list[int]:
    """Kopecks, and that people are shown the same."""
    found = element.xpath(f"{path}//data[@class='sum']")
    for one in found:
        shown = one.text.replace(" ", "").replace("−", "-")
        whole, _, part = shown.lstrip("-").partition(",")
        assert (int(whole) * 100 + int(part)) * (-1 if shown.startswith("-") else 1) == int(one.get("value"))
    return [int(one.get("value")) for one in found]


@pytest.mark.long
def test_all_sums_and_numbers_are_those_of_the_json(town: Application) -> None:
    for number in NUMBERS[::5]:
        page = page_of(town, number)
        (told,) = [json.loads(json.dumps(explained_json(one))) for one in explain_account(town.engine, number=number, month=OCTOBER)]
        assert sums(page, "//article[@class='line']/h3") == [line["total"] for line in told["lines"]]
        assert sums(page, "//table[@class='summary']/tbody") == [line["total"] for line in told["lines"]]
        assert sums(page, "//table[@class='summary']/tfoot") == [told["total"] + told["recalculated"]]
        payer = explain_payer(town.engine, name=number, month=OCTOBER)
        (bill,) = payer.bills
        assert bill.charged == told["total"] + told["recalculated"]
        assert sums(page, "//*[@id='due-1']") == [bill.due]
        rows = sums(page, "//section[@aria-labelledby='bill-1']//tbody")
        assert sum(rows) == bill.due
        for article, line in zip(page.xpath("//article[@class='line']"), told["lines"], strict=True):
            formulas = [" ".join(one.text_content().split()) for one in article.xpath(".//p[@class='formula']")]
            assert formulas[::2] == [f"Формула: {step['formula']}" for step in line["steps"]]
            for shown, step in zip(formulas[1::2], line["steps"], strict=True):
                assert shown.startswith(f"Числа: {step['shown']} ")
            values = [one.text_content() for one in article.xpath(".//details//td[@class='number']")]
            assert sorted(values) == sorted(argument["shown"] for step in line["steps"] for argument in step["arguments"])
        text_of_page = page.text_content()
        used = {str(key) for line in told["lines"] for step in line["steps"] for one in step["arguments"] for key in one["records"]}
        for record in (told["records"][key] for key in used):
            assert record["sha256"] in text_of_page
            inside = "" if record["file"] == record["message"] else f", {record['file']}"
            assert f"[{record['message']}, SHA-256 {record['sha256'][:8]}…{inside}, строка {record['row']}]" in text_of_page


def test_it_names_the_tariff_act_the_reading_and_where_they_stand(town: Application) -> None:
    cold = page_of(town, METERED).xpath("//article[@class='line']")[0].text_content()
    assert "утверждённый тариф 41,87 руб., акт: 1-с, действует с 01.10.2026 по 31.12.2026" in cold
    assert "показание 233,29 от 24.09.2026" in cold
    assert "показание 239,424 от 24.10.2026" in cold
    assert "прибор № СН00001001" in cold
    assert "puval.csv, строка 6" in cold


def test_the_page_needs_nothing_from_outside_and_is_well_built(town: Application) -> None:
    source = explanation_page(explain_payer(town.engine, name=METERED, month=OCTOBER))
    page = html.document_fromstring(source)
    assert not page.xpath("//script | //link | //img | //iframe | //object | //form | //@onclick | //@style | //@src")
    assert {href for href in page.xpath("//@href") if not href.startswith("#")} == set()
    assert "url(" not in source
    assert "@import" not in source
    assert page.get("lang") == "ru"
    assert page.xpath("//meta[@name='viewport']")
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {href[1:] for href in page.xpath("//@href")} <= set(ids)
    assert set(page.xpath("//@aria-labelledby")) <= set(ids)
    levels = [int(one.tag[1]) for one in page.xpath("//h1 | //h2 | //h3 | //h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), "no level is left out"
    assert all(cell.get("scope") in ("col", "row") for cell in page.xpath("//th"))
    assert all(table.xpath("./thead//th[@scope='col']") for table in page.xpath("//table"))
    assert all(one.xpath("./summary") for one in page.xpath("//details"))


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_letters_are_large_and_stand_out(town: Application) -> None:
    style = page_of(town, METERED).xpath("string(//style)")
    screen = style.split("@media print")[0]
    colours = set(re.findall(r"(?<![-\w])color: (#[0-9a-f]+)", screen))
    assert colours
    assert all(1.05 / (_luminance(colour) + 0.05) >= 4.5 for colour in colours)
    assert all(float(size) >= 1 for size in re.findall(r"font(?:-size)?: ([\d.]+)rem", screen))


def test_foreign_text_stays_text(town: Application) -> None:
    payer = explain_payer(town.engine, name=METERED, month=OCTOBER)
    evil = "<script>alert(1)</script>\"'&"
    account = payer.accounts[0]
    changed = dataclasses.replace(
        account,
        account=dataclasses.replace(account.account, payer_name=evil, number=evil),
        lines=tuple(dataclasses.replace(line, service=evil, creditor=evil) for line in account.lines),
        origins={key: dataclasses.replace(origin, message_name=evil, file=evil) for key, origin in account.origins.items()},
    )
    bills = tuple(dataclasses.replace(bill, payer_name=evil, address=evil, number=evil) for bill in payer.bills)
    page = html.document_fromstring(explanation_page(PayerExplained(payer.month, (changed,), bills, payer.records)))
    assert not page.xpath("//script")
    assert page.xpath("//h2[@id='account-1']")[0].text_content() == f"Лицевой счёт {evil}, {evil}"


def test_people_who_are_not_the_payer_are_not_told(town: Application) -> None:
    payer = explain_payer(town.engine, name=METERED, month=OCTOBER)
    hidden = {key: dataclasses.replace(record, is_shown=False) for key, record in payer.records.items()}
    told = explanation_page(dataclasses.replace(payer, records=hidden))
    assert "сведения о других лицах не показаны" in told
    assert "показание 233,29" not in told


def test_a_month_that_is_only_a_draft_says_so(charged_town: Application) -> None:
    told = explanation_page(explain_payer(charged_town.engine, name=METERED, month=OCTOBER))
    assert "ещё не выпущен" in told


def test_what_is_held_is_told_with_what_to_do(town: Application) -> None:
    with town.engine.connect() as connection:
        statement = (
            "SELECT a.number FROM finding f JOIN entity e ON e.entity_id = f.account_id"
            " JOIN record_account a ON a.record_key = e.entity_key WHERE f.calculation_id IS NOT NULL ORDER BY 1 LIMIT 3"
        )
        numbers = connection.execute(text(statement)).scalars().all()
    for number in [*numbers, METERED]:
        page = page_of(town, number)
        (told,) = [explained_json(one) for one in explain_account(town.engine, number=number, month=OCTOBER)]
        held: Any = told["held"]
        shown = page.xpath("//article[contains(@class, 'held')]")
        assert len(shown) == len(held)
        for article, finding in zip(shown, held, strict=True):
            assert finding["message"] in article.text_content()
            assert finding["hint"] in article.text_content()


def test_the_command_writes_the_page(town: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", town.database)
    file = tmp_path / "folder" / "page.html"
    code, out, _ = erkc("explain", METERED, "2026-10", "--html", "--out", str(file), "--json")
    told = json.loads(out)
    assert (code, told["accounts"], len(told["bills"])) == (0, [METERED], 1)
    page = file.read_text(encoding="utf-8")
    code, out, _ = erkc("explain", METERED, "2026-10", "--html")
    assert (code, out) == (0, page)
    assert erkc("explain", told["bills"][0], "2026-10", "--html")[1] == page
    code_of_bill = re.findall(r"Контрольный код документа: (\w{16})", page)[0]
    assert erkc("explain", code_of_bill, "2026-10", "--html")[1] == page
    assert erkc("explain", code_of_bill[::-1], "2026-10", "--html")[0] == 1
    assert erkc("explain", METERED, "2026-10", "--out", str(file))[0] == 2
    assert erkc("explain", METERED, "2026-10", "--html", "--json")[0] == 2
    assert erkc("explain", "000", "2026-10", "--html")[0] == 1


def test_the_page_of_a_debtor_tells_what_the_penalties_are_the_sum_of(town: Application) -> None:
    number = next(row["account"] for row in EXPECTED["penalties"] if row["posted"] != "0.00")
    expected = {row["posted"].replace(".", ",") for row in EXPECTED["penalties"] if row["account"] == number}
    page = html.document_fromstring(explanation_page(explain_payer(town.engine, name=number, month=OCTOBER, law=law())))
    told = {" ".join(one.text_content().split()) for one in page.xpath("//article[@class='penalty']/h3")}
    assert {text.rpartition(" — ")[2].removesuffix(" руб.") for text in told} == expected
    assert all("9,5 / 100 /" in one.text_content() for one in page.xpath("//article[@class='penalty']//li"))

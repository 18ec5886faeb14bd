"""Bills issued, corrected and printed again: one of each, numbered without gaps, and the file that was given once is given for ever."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from core.errors import InputError
from core.ids import ProviderId
from core.issued.bills import IssuedBill, NewBill, bills_of_month, latest_bills, save_bills
from core.model.bill import BillContent
from core.money import format_roubles
from core.records.facts import house_ids
from core.records.providers import provider
from core.services.bill_building import BillBuilder
from core.services.issue import correct_bill, issue_month, posted_month
from core.services.issue_preview import IssuePreview, preview_month
from core.storage.engine import transaction
from erkc import issue as issuing
from erkc import reprint
from erkc.application import Application
from erkc.cli.options import law
from erkc.document_store import DocumentStore
from erkc.intake import take_file
from erkc.issue import issue_bills
from erkc.render.look import Look
from erkc.reprint import print_bills
from tests.unit.erkc.archives import edited
from tests.unit.erkc.conftest import ARCHIVE, NOW, OCTOBER, TOWN, Run

OURS, SEPTEMBER = ProviderId(1), OCTOBER.previous()
PHONE = "+7 000 000-00-00"


def issue(application: Application, *, despite: str = "") -> list[str]:
    """Issue October; the codes of what was held."""
    done = issue_month(
        application.engine, provider_id=OURS, month=OCTOBER, law=law(), series="ЕПД", issued_on=NOW.date(), clock=application.clock,
        despite=despite,
    )  # fmt: skip
    return [finding.code for finding in done.findings]


def bills(application: Application) -> list[IssuedBill]:
    with application.engine.connect() as connection:
        return list(bills_of_month(connection, OURS, OCTOBER))


def told_last_month(application: Application, *those: tuple[IssuedBill, int]) -> None:
    """Bills of September with these charges, as if they had been issued then."""
    contents = [
        replace(
            bill.content, number=f"202609-{n:06d}", month=SEPTEMBER, charged=amount, due=amount,
        )
        for n, (bill, amount) in enumerate(those, 1)
    ]  # fmt: skip
    with transaction(application.engine) as connection:
        new = [NewBill(content.account_id, those[0][0].calculation_id, content) for content in contents]
        save_bills(connection, OURS, new, issued_at=NOW)


def preview(application: Application, top: int = 10) -> IssuePreview:
    return preview_month(application.engine, provider_id=OURS, month=OCTOBER, law=law(), issued_on=NOW.date(), top=top)


def issued(application: Application) -> list[IssuedBill]:
    """October's bills, issued."""
    issue(application)
    return bills(application)


def test_a_dry_run_issues_nothing_and_says_what_it_would(charged_town: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", charged_town.database)
    code, out, _ = erkc("issue", "bills", "2026-10", "--dry-run", "--json")
    (told,) = json.loads(out)["providers"]
    assert code == 0 and (told["bills"], told["already"], told["new"], told["gone"]) == (410, 0, 410, 0)
    with charged_town.engine.connect() as connection:
        assert latest_bills(connection, OURS, OCTOBER) == {}
        assert connection.execute(text("SELECT count(*) FROM bill_counter")).scalar() == 0
    found = issued(charged_town)
    assert (told["charged"], told["due"]) == (sum(bill.content.charged for bill in found), sum(bill.total for bill in found))
    code, out, _ = erkc("issue", "bills", "2026-10", "--dry-run")
    assert code == 0 and "будет выпущено документов 0, выпущено раньше 410" in out


def test_the_preview_knows_who_has_a_bill_already(charged_town: Application) -> None:
    found = {bill.content.account_number: bill for bill in issued(charged_town)}
    with charged_town.engine.begin() as connection:
        latest = latest_bills(connection, OURS, OCTOBER)
    first, second, third = sorted(found)[:3]
    charged = {number: found[number].content.charged for number in (first, second, third)}
    told_last_month(
        charged_town, (found[first], charged[first] + 10_000), (found[second], charged[second] - 5_000), (found[third], charged[third])
    )
    result = preview(charged_town)
    assert result.already == len(latest) == 410 and result.bills == 0, "who has a bill is not counted again"
    assert result.before.bills == 3
    assert result.before.charged == sum(charged.values()) + 5_000


def test_movers_buckets_and_bounds_before_issue(charged_town: Application) -> None:
    sources = {bill.account_number: bill for bill in _contents(charged_town)}
    rich = max(sources.values(), key=lambda content: content.due)
    usual = [number for number in sorted(sources) if sources[number].charged > 100_000 and sources[number] is not rich][:3]
    grown, lowered, same = (sources[number] for number in usual)
    with transaction(charged_town.engine) as connection:
        calculation = connection.execute(text("SELECT max(calculation_id) FROM month_state")).scalar_one()
        september = [
            replace(grown, charged=grown.charged - 30_000, due=1_000_000),
            replace(lowered, charged=lowered.charged * 3, due=1_000_000),
            same,
            replace(rich, charged=100, due=100),
        ]
        new = [
            NewBill(content.account_id, calculation, replace(content, number=f"202609-{n:06d}", month=SEPTEMBER))
            for n, content in enumerate(september, 1)
        ]
        save_bills(connection, OURS, new, issued_at=NOW)
    result = preview(charged_town)
    assert [(mover.account, mover.change) for mover in result.up] == [(grown.account_number, 30_000)]
    assert [(mover.account, mover.change) for mover in result.down] == [(lowered.account_number, -2 * lowered.charged)]
    percent = 30_000 * 100 / (grown.charged - 30_000)
    assert result.buckets == {0: 1, 2: 1, 3 if percent <= 10 else 4 if percent <= 50 else 5: 1}
    assert (result.bills, result.new, result.gone) == (409, 406, 1)
    (held,) = result.findings
    assert (held.code, held.value) == ("EPD-0506", rich.account_number)
    assert format_roubles(rich.due) in held.message and "1.00" in held.message
    assert issue(charged_town) == ["EPD-0506"]
    assert rich.account_number not in {bill.content.account_number for bill in bills(charged_town)}
    assert issue(charged_town, despite="сделка по сверке, акт № 5") == []
    numbers = sorted(bill.number for bill in bills(charged_town))
    assert numbers == [f"202610-{n:06d}" for n in range(1, 411)], "no gap where one was held"
    with charged_town.engine.connect() as connection:
        kept = connection.execute(text("SELECT count(*) FROM message WHERE name = 'issue_despite_bounds.json'")).scalar()
    assert kept == 1


def _contents(application: Application) -> list[BillContent]:
    with transaction(application.engine) as connection:
        calculation = posted_month(connection, OURS, OCTOBER)
        builder = BillBuilder(connection, provider(connection, OURS), calculation, law(), NOW.date())
        return list(builder.build(house_ids(connection, OURS, OCTOBER, calculation.known_until)))


def test_a_due_day_that_the_calendar_cannot_tell_is_said_once(charged_town: Application) -> None:
    """A year without its decree on transferred days off is a warning, a year that is not there holds the bills: neither is a crash."""
    found = []
    for day in (NOW.date(), date(2027, 1, 10), date(2027, 12, 25)):  # a late bill is due ten days after
        with transaction(charged_town.engine) as connection:
            calculation = posted_month(connection, OURS, OCTOBER)
            builder = BillBuilder(connection, provider(connection, OURS), calculation, law(), day)
            assert list(builder.build([])) == []
            found.append([(item.code, item.severity) for item in builder.findings])
    assert found == [[], [("EPD-0003", "warning")], [("EPD-0001", "error")]]


def test_a_bill_that_is_not_what_the_ledger_says_is_held(charged_town: Application, server_url: str) -> None:
    number = sorted(content.account_number for content in _contents(charged_town))[0]
    superuser = create_engine(make_url(server_url).set(database=make_url(charged_town.database).database))
    with superuser.begin() as connection:
        connection.execute(
            text(
                "UPDATE posting SET amount = amount + 100 WHERE (month, entry_id, n) = (SELECT p.month, p.entry_id, p.n FROM posting p "
                "JOIN entry e USING (entry_id) JOIN record_account a ON a.number = :number JOIN entity t ON t.entity_id = p.account_id "
                "AND t.entity_key = a.record_key AND t.kind = 'account' WHERE e.kind = 'charge' AND p.debit = 1 LIMIT 1)"
            ),
            {"number": number},
        )
    superuser.dispose()
    assert issue(charged_town) == ["EPD-0505"]
    assert len(bills(charged_town)) == 409


def test_a_correction_is_the_next_version_that_names_the_old_and_keeps_its_due_day(charged_town: Application, erkc: Run) -> None:
    issue(charged_town)
    old = bills(charged_town)[0]
    scope = {"month": OCTOBER, "law": law(), "series": "ЕПД", "actor": "тест", "clock": charged_town.clock}
    later = {"issued_on": NOW.date().replace(day=20)}
    account = old.content.account_number
    (unchanged,) = correct_bill(charged_town.engine, account=account, reason="просьба", **scope, **later)
    assert unchanged.after is None and len(bills(charged_town)) == 410
    new_phone = edited(TOWN / ARCHIVE, lambda section, number, cells: [[cell.replace(PHONE, "+7 000 000-77-77") for cell in cells]])
    assert take_file(charged_town, ARCHIVE, new_phone).status == "accepted"
    (done,) = correct_bill(charged_town.engine, account=account, reason="новый телефон", **scope, **later)
    assert done.after is not None
    content = done.after.content
    assert (content.version, content.replaces_number, content.number) == (2, old.number, "202610-000411")
    assert (content.due_on, content.issued_on) == (old.content.due_on, later["issued_on"])
    assert content.charged == old.content.charged and content.provider_phone != old.content.provider_phone
    current = {bill.content.account_number: bill for bill in bills(charged_town)}
    assert current[account].number == "202610-000411" and len(current) == 410
    (again,) = correct_bill(charged_town.engine, account=account, reason="ещё раз", **scope, **later)
    assert again.after is None
    with pytest.raises(InputError, match="EPD-0508"):
        correct_bill(charged_town.engine, account=account, reason=" ", **scope, **later)
    with pytest.raises(InputError, match="EPD-0507"):
        correct_bill(charged_town.engine, account="нет", reason="просьба", **scope, **later)


def test_a_reprint_is_the_first_file_byte_for_byte(charged_town: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the folder of the issue is gone and the template is another one; without the store only today's same template may do it."""
    _keep_three_bills(monkeypatch)
    out = tmp_path / "first"
    issue_bills(charged_town, month=OCTOBER, out=out, issued_on=NOW.date(), law=law())
    files = sorted(out.glob("*.pdf"))
    number = files[0].stem.rsplit("-", 2)[-2] + "-" + files[0].stem.rsplit("-", 1)[-1]
    given = files[0].read_bytes()
    (same,) = print_bills(charged_town, name=number, month=None, out=tmp_path / "lost template")
    assert same.path.read_bytes() == given and not same.is_first
    files[0].unlink()
    with monkeypatch.context() as patched:
        patched.setattr(reprint, "_render", _never)
        (again,) = print_bills(charged_town, name=number, month=None, out=tmp_path / "again")
    assert again.path.read_bytes() == given
    account = again.bill.content.account_number
    (found,) = print_bills(charged_town, name=account, month=OCTOBER, out=tmp_path / "by account")
    assert found.path.name == again.path.name
    store = DocumentStore(charged_town.settings.home)
    digest = sha256(given).digest()
    kept = next((charged_town.settings.home / "documents").rglob(f"{digest.hex()[2:]}.pdf"))
    kept.unlink()
    (rendered,) = print_bills(charged_town, name=number, month=None, out=tmp_path / "rendered")
    assert rendered.path.read_bytes() == given and store.find(digest) == given, "the same template gives the same bytes"
    kept.write_bytes(given[:-1] + b"x")
    with monkeypatch.context() as patched:
        file, data = reprint._render(again.bill, Look())
        patched.setattr(reprint, "_render", lambda bill, look: (replace(file, sha256=sha256(data + b"%").digest()), data + b"%"))
        with pytest.raises(InputError, match=r"EPD-0602.*вид документа"):
            print_bills(charged_town, name=number, month=None, out=tmp_path / "other template")
    with pytest.raises(InputError, match="EPD-0601"):
        print_bills(charged_town, name="202610-999999", month=None, out=tmp_path)


def _never(bill: IssuedBill, look: Look) -> None:
    raise AssertionError(f"{bill.number} was rendered anew")


def _keep_three_bills(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print three bills only: the others are the same."""
    stream = issuing.bills_of_month
    monkeypatch.setattr(issuing, "bills_of_month", lambda *scope: (bill for n, bill in enumerate(stream(*scope)) if n < 3))

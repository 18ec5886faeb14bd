"""The second town through the whole path: two senders in the same houses, charged as one, in either mode and order of their archives."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, make_url, text

from core.clock import FixedClock
from core.documents.check import check
from core.documents.qr import bill_payload, parse_payload
from core.errors import ConfigError, InputError
from core.ids import ProviderId, RecordId
from core.issued.bills import NewBill, bills_of_month, save_bills
from core.ledger.balances import turnovers
from core.model.bill import BillContent
from core.model.finding import Position
from core.model.records import HouseService, Payment, Record, Service
from core.money import format_roubles, parse_roubles
from core.records.intake import senders_heard
from core.records.latest import read_accounts
from core.records.providers import providers
from core.records.store import save
from core.services.charge import Draft, approve_month, draft_month, post_month
from core.services.delivery import decide
from core.services.explain import explain_account
from core.services.explained_payer import explain_payer
from core.services.issue import BillsIssued, issue_month
from core.services.report import month_report
from core.services.verify import verify
from core.storage.engine import application_engine, transaction
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from erkc.proof.package import make_proof
from erkc.proof.verify import Anchors, unpack
from erkc.proof.verify import verify as verify_proof
from erkc.render.explanation import explanation_page
from tests.unit.erkc.bill_checks import federal_documents_agree, pages_agree
from tests.unit.erkc.conftest import NOW, OCTOBER, database_copy

TOWN = Path(__file__).parents[3] / "examples" / "town2"
EXPECTED: dict[str, Any] = json.loads((TOWN / "slobodka-2026-10-valid.expected.json").read_text(encoding="utf-8"))
REGION: dict[str, Any] = json.loads((TOWN / "slobodka.region.json").read_text(encoding="utf-8"))
UK, RSO = "slobodka-2026-10-uk.zip", "slobodka-2026-10-rso.zip"
_WASTE_BY_AREA = frozenset(EXPECTED["cases"]["waste_by_area"])
MANAGER, SUPPLIER = (sender["inn"] for sender in EXPECTED["meta"]["senders"])


def take(application: Application, name: str) -> None:
    take_file(application, name, (TOWN / name).read_bytes())


def senders(application: Application) -> dict[str, ProviderId]:
    with transaction(application.engine) as connection:
        return {one.inn: one.provider_id for one in providers(connection) if one.provider_id}


def draft(application: Application, provider_id: ProviderId, mode: str = "charge") -> Draft:
    scope = {"provider_id": provider_id, "month": OCTOBER, "actor": "тест", "clock": application.clock}
    return draft_month(application.engine, mode=mode, law=law(), code_version=CODE_VERSION, **scope)


def charge(application: Application, mode: str) -> list[Draft]:
    """Draft, approve and post October of both senders."""
    drafts = []
    for provider_id in senders(application).values():
        drafts.append(draft(application, provider_id, mode))
        scope = {"provider_id": provider_id, "month": OCTOBER, "actor": "тест", "clock": application.clock}
        approve_month(application.engine, reason="тест", **scope)
        post_month(application.engine, law=law(), **scope)
    return drafts


@contextmanager
def town(server_url: str, template: str, home: Path, *archives: str) -> Iterator[Application]:
    with database_copy(server_url, template, home) as (_, application):
        begin(application, archives)
        yield application


def begin(application: Application, archives: Sequence[str]) -> None:
    """Load the region and take archives in an order."""
    region = TOWN / "slobodka.region.json"
    load_region_file(application, region.name, region.read_bytes())
    other = json.loads((TOWN.parent / "town" / "zarechinsk.region.json").read_text(encoding="utf-8")) | {"senders": []}
    load_region_file(application, "zarechinsk.region.json", json.dumps(other).encode())  # another municipality, learned last
    for name in archives:
        take(application, name)


@pytest.fixture(scope="module")
def taken_database(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Both archives taken, the supplier's first."""
    with database_copy(server_url, template_database, tmp_path_factory.mktemp("taken2"), keep=True) as (name, application):
        begin(application, (RSO, UK))
    return name


@pytest.fixture(scope="module")
def charged_database(server_url: str, taken_database: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """October posted besides."""
    with database_copy(server_url, taken_database, tmp_path_factory.mktemp("charged2"), keep=True) as (name, application):
        charge(application, "charge")
    return name


@pytest.fixture
def taken(server_url: str, taken_database: str, tmp_path: Path) -> Iterator[Application]:
    with database_copy(server_url, taken_database, tmp_path) as (_, application):
        yield application


@pytest.fixture
def charged(server_url: str, charged_database: str, tmp_path: Path) -> Iterator[Application]:
    with database_copy(server_url, charged_database, tmp_path) as (_, application):
        yield application


def closing(application: Application) -> dict[str, str]:
    """Balances of the ledger at the end of the month by account number."""
    found: dict[str, int] = {}
    with application.engine.connect() as connection:
        for provider_id in senders(application).values():
            numbers = {row.entity_id: row.number for row in read_accounts(connection, provider_id=provider_id)}
            found |= dict.fromkeys(numbers.values(), 0)
            for row in turnovers(connection, provider_id=provider_id, month=OCTOBER):
                found[numbers[row.account_id]] += row.closing
    return {number: format_roubles(amount) for number, amount in found.items()}


def as_set(rows: list[Any]) -> set[str]:
    found = {json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows}
    assert len(found) == len(rows)
    return found


def without_notes(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: item[key] for key in ("file", "row", "field", "code", "severity", "effect")} for item in findings]


@pytest.mark.parametrize(("mode", "archives"), [("charge", (UK, RSO)), ("accept", (RSO, UK))])
def test_every_section_is_as_expected(
    server_url: str, template_database: str, tmp_path: Path, mode: str, archives: tuple[str, str]
) -> None:
    with town(server_url, template_database, tmp_path, *archives) as application:
        drafts = charge(application, mode)
        report = json.loads(json.dumps(month_report(application.engine, month=OCTOBER, law=law())))
        assert report["sections"] == EXPECTED["sections"]
        for name, outcome in EXPECTED["validation"].items():
            assert report["validation"][name]["archive_status"] == outcome["archive_status"]
            assert without_notes(report["validation"][name]["findings"]) == without_notes(outcome["findings"])
        for number, account in EXPECTED["accounts"].items():
            assert report["accounts"][number] == account
        assert report["accounts"].keys() == EXPECTED["accounts"].keys()
        for section in ("houses", "payers", "totals"):
            assert report[section] == EXPECTED[section]
        for section in ("audit", "penalties", "conflicts", "crosswalk"):
            assert as_set(report[section]) == as_set(EXPECTED[section])
        assert as_set(report["payments"].pop("packs")) == as_set(EXPECTED["payments"]["packs"])
        assert report["payments"] == {key: value for key, value in EXPECTED["payments"].items() if key != "packs"}
        assert report["held"] == []
        assert closing(application) == {number: account[f"saldo_out_{mode}"] for number, account in EXPECTED["accounts"].items()}
        assert {finding.code for drafted in drafts for finding in drafted.findings} == {"CH-040"}
        assert verify(application.engine, law=law(), code_version=CODE_VERSION).broken == ()


def test_every_account_explains_itself_across_the_senders(charged: Application) -> None:
    for number in ("61200000141", "61100000324", "61200000265", "61300000116", "61600000048"):
        (explained,) = explain_account(charged.engine, number=number, month=OCTOBER)
        assert f"{explained.total / 100:.2f}" == EXPECTED["accounts"][number]["total_recomputed"]
        assert all(item.explanation is not None and item.explanation.total == item.line.total for item in explained.lines)
        steps = [step for item in explained.lines if item.explanation for step in item.explanation.steps]
        arguments = [argument for step in steps for argument in step.arguments]
        assert {record for argument in arguments for record in argument.records} <= set(explained.origins)
    (explained,) = explain_account(charged.engine, number="61200000141", month=OCTOBER)
    assert {UK, RSO} <= {origin.message_name for origin in explained.origins.values()}, "the supplier charges by residents of the manager"


def test_a_difference_is_told_to_both_senders_and_to_nobody_else_in_the_house(charged: Application) -> None:
    told = {
        number: {item.code for item in explain_account(charged.engine, number=number, month=OCTOBER)[0].held}
        for number in ("61100000092", "61200000109", "61100000050", "61200000026")
    }
    assert told == {"61100000092": {"CH-040"}, "61200000109": {"CH-040"}, "61100000050": set(), "61200000026": set()}


def issue(application: Application) -> dict[ProviderId, BillsIssued]:
    scope = {"month": OCTOBER, "law": law(), "series": "ЕПД", "issued_on": NOW.date(), "clock": application.clock}
    return {one: issue_month(application.engine, provider_id=one, **scope) for one in senders(application).values()}


def issued(application: Application) -> list[BillContent]:
    with application.engine.connect() as connection:
        return [bill.content for one in senders(application).values() for bill in bills_of_month(connection, one, OCTOBER)]


def test_a_payer_gets_one_bill_for_all_accounts_of_all_senders(charged: Application) -> None:
    assert all(done.findings == () for done in issue(charged).values())
    bills = {bill.els: bill for bill in issued(charged)}
    assert bills.keys() == EXPECTED["payers"].keys() and len(issued(charged)) == 12
    for els, payer in EXPECTED["payers"].items():
        bill = bills[els]
        assert sorted(account.number for account in bill.accounts) == payer["accounts"]
        assert bill.accounts[0].number == bill.account_number and bill.accounts[0].kind in (1, 4)
        to_pay = {(row.inn, row.bank_account): format_roubles(row.due) for row in bill.recipients}
        expected = {(row["inn"], row["account"]): row["to_pay_charge"] for row in payer["recipients"]}
        assert {key: amount for key, amount in expected.items() if amount != "0.00"} == {
            key: amount for key, amount in to_pay.items() if amount != "0.00"
        }
        assert to_pay.keys() <= expected.keys()
        assert format_roubles(bill.due) == payer["to_pay_charge"]
        accounts = [EXPECTED["accounts"][number] for number in payer["accounts"]]
        assert format_roubles(bill.charged) == format_roubles(sum(parse_roubles(account["total_recomputed"]) for account in accounts))
        assert bill.debt - bill.advance == sum(parse_roubles(account["saldo_in"]) for account in accounts)
        assert bill.penalties == sum(parse_roubles(account["penalty_out"]) for account in accounts)
        assert check(bill) == []
    assert issue(charged) == {one: BillsIssued(done.bills, 0, ()) for one, done in issue(charged).items()}, "issued once"


def test_pages_and_federal_documents_say_what_the_bills_of_all_senders_say(charged: Application, tmp_path: Path) -> None:
    issue(charged)
    pages_agree(issued(charged), tmp_path)
    federal_documents_agree(issued(charged))


def test_the_reference_block_says_what_the_payer_can_check(charged: Application) -> None:
    """Readings of a zone stand by the zone, norms are those that the lines went by, and a tariff that changed is shown twice."""
    issue(charged)
    zones = norms = 0
    for bill in issued(charged):
        volumes = {line.name: line.individual_volume_e6 for line in bill.lines}
        night = [meter for meter in bill.meters if meter.service_name == "Электроэнергия, ночь"]
        day = [meter for meter in bill.meters if meter.service_name == "Электроэнергия, день"]
        assert {meter.serial for meter in night} == {meter.serial for meter in day} and len(night) == len(day)
        for meter in (*day, *night):
            assert meter.current_e3 is None or meter.previous_e3 is not None, "whoever sees a consumption sees what it is counted from"
            if meter.current_e3 is not None and meter.previous_e3 is not None and bill.room_number is None:
                used = (meter.current_e3 - meter.previous_e3) * 1000
                assert used == volumes[meter.service_name], (bill.account_number, meter)
                zones += 1
        for line in bill.lines:
            if line.name == "Горячая вода: тепловая энергия":
                assert line.norm_e6 == 58_300, "Гкал of a cubic metre, not cubic metres of a person"
                norms += 1
            if line.name == "Газоснабжение" and line.base:
                assert line.norm_e6 in (10_200_000, 27_600_000), "for cooking, or for cooking and heating water together"
                assert line.tariff_e6 is None and line.tariffs_e6 == (9_150_000, 9_620_000)
                norms += 1
            if line.name == "Обращение с ТКО" and line.base:
                by_area = any(account.number in _WASTE_BY_AREA for account in bill.accounts)
                assert line.norm_e6 == (94_100 if by_area else 2_160_000)
                norms += 1
        assert all(line.tariff_e6 is not None or line.tariffs_e6 for line in bill.lines if line.base)
    assert zones >= 10 and norms >= 20


def test_the_code_of_a_recipient_names_the_account_that_it_knows(charged: Application) -> None:
    issue(charged)
    keepers = set()
    for bill in issued(charged):
        by_number = {account.number: account for account in bill.accounts}
        for row in bill.recipients:
            payload = bill_payload(bill, row)
            assert payload is not None
            account = by_number[parse_payload(payload)["PersAcc"]]
            lines = {line.account_id for line in bill.lines if line.creditor_id in (row.creditors or (row.creditor_id,))}
            assert not lines or account.account_id in lines
            keepers.add(account.keeper)
    assert len(keepers) > 1, "suppliers with direct contracts and the operator of capital repair have accounts of their own"


def test_a_number_that_two_senders_gave_names_nobody(charged: Application) -> None:
    """Each sender counts its bills from one: a page, a proof or a decision for one payer never takes in the other's."""
    issue(charged)
    manager, supplier = senders(charged)[MANAGER], senders(charged)[SUPPLIER]
    with transaction(charged.engine) as connection:
        ours, other, *_ = bills_of_month(connection, manager, OCTOBER)
        theirs = next(account for account in other.content.accounts if account.number.startswith("612"))
        name = {"number": ours.number, "accounts": (), "account_id": theirs.account_id, "account_number": theirs.number}
        copied = dataclasses.replace(other.content, **name)
        save_bills(connection, supplier, [NewBill(theirs.account_id, other.calculation_id, copied)], issued_at=NOW)
    with pytest.raises(InputError, match="EX-0104") as refused:
        explain_payer(charged.engine, name=ours.number, month=OCTOBER)
    assert ours.content_sha256.hex()[:16] in refused.value.hint and theirs.number in refused.value.hint
    told = explain_payer(charged.engine, name=ours.content_sha256.hex()[:16], month=OCTOBER)
    assert [bill.payer_name for bill in told.bills] == [ours.content.payer_name]
    with pytest.raises(InputError, match="PF-0103") as refused:
        make_proof(charged, account=ours.number, month=OCTOBER, law=law())
    assert "лицевого счёта" in refused.value.hint
    decision: dict[str, Any] = {"number": ours.number, "verdict": "failed", "document": "тест", "actor": "тест", "clock": charged.clock}
    with pytest.raises(InputError, match="DLV-0204") as refused:
        decide(charged.engine, **decision)
    assert MANAGER in refused.value.hint and SUPPLIER in refused.value.hint
    with pytest.raises(InputError, match="DLV-0202"):
        decide(charged.engine, provider=MANAGER, **decision)


def test_a_payer_waits_for_the_month_of_every_sender(taken: Application) -> None:
    manager = senders(taken)[MANAGER]
    scope = {"provider_id": manager, "month": OCTOBER, "actor": "тест", "clock": taken.clock}
    draft(taken, manager)
    approve_month(taken.engine, reason="тест", **scope)
    post_month(taken.engine, law=law(), **scope)
    done = issue_month(taken.engine, provider_id=manager, month=OCTOBER, law=law(), series="ЕПД", issued_on=NOW.date(), clock=taken.clock)
    assert done.bills == 0 and {finding.code for finding in done.findings} == {"EPD-0504"}
    assert all(REGION["senders"][1]["name"] in finding.message for finding in done.findings)


def test_a_draft_is_stale_when_another_sender_of_its_houses_tells_a_fact(server_url: str, template_database: str, tmp_path: Path) -> None:
    with town(server_url, template_database, tmp_path, UK) as application:
        manager, supplier = (senders(application)[inn] for inn in (MANAGER, SUPPLIER))
        alone = draft(application, manager)
        assert not draft(application, manager).is_new
        take(application, RSO)
        scope = {"provider_id": manager, "month": OCTOBER, "actor": "тест", "clock": application.clock}
        with pytest.raises(InputError, match="CH-0105"):
            approve_month(application.engine, reason="тест", **scope)
        again = draft(application, manager)
        assert again.is_new and again.calculation.version == alone.calculation.version + 1
        assert again.totals.total > alone.totals.total, "sewerage counts the hot water of the supplier"
        draft(application, supplier)
        with transaction(application.engine) as connection:
            save_money(connection, supplier)
        assert not draft(application, manager).is_new, "a payment of the other sender changes no charge"


def save_money(connection: Connection, provider_id: ProviderId) -> None:
    """A payment that arrives from a sender."""
    message = connection.execute(text("SELECT min(message_id) FROM message")).scalar_one()
    payment = Payment("1", 1, "синт-1", NOW.date(), NOW.date(), 100, "", None, None, "1", None, True)
    record = Record("900001", Position("oplata.csv", 1), payment)
    save(connection, provider_id=provider_id, message_id=message, records=[record], recorded_at=NOW)


def test_a_session_of_one_sender_charges_nothing(taken: Application, tmp_path: Path) -> None:
    own = senders(taken)[SUPPLIER]
    engine = application_engine(taken.database, provider=own)
    with pytest.raises(ConfigError, match="REC-0104"):
        draft_month(
            engine, provider_id=own, month=OCTOBER, mode="charge", law=law(), code_version=CODE_VERSION, actor="тест", clock=taken.clock
        )
    with engine.connect() as connection:
        seen = connection.execute(text("SELECT count(DISTINCT provider_id) FROM record_house")).scalar_one()
        found = connection.execute(text("SELECT count(*) FROM calculation")).scalar_one()
    engine.dispose()
    assert (seen, found) == (1, 0)


HEATING = (
    Record("6", Position("dictusluga.csv", 9), Service("Отопление", "", 1, 1, None, 6, None, None, "233", 5, 6)),
    Record("1/6/", Position("duouusluga.csv", 18), HouseService("1", "1", "6", None, None)),
)
"""The manager charges heating of the first house too."""


def tell(application: Application, provider_id: ProviderId, *records: Record) -> None:
    with transaction(application.engine) as connection:
        message = connection.execute(text("SELECT min(message_id) FROM message")).scalar_one()
        save(connection, provider_id=provider_id, message_id=message, records=records, recorded_at=NOW)


def test_a_house_where_two_charge_the_same_is_held_for_both(taken: Application) -> None:
    tell(taken, senders(taken)[MANAGER], *HEATING)
    for provider_id in senders(taken).values():
        drafted = draft(taken, provider_id)
        (held,) = [finding for finding in drafted.findings if finding.severity == "error"]
        assert (held.code, held.effect) == ("CH-042", "hold_house")
        assert all(sender["name"] in held.message for sender in REGION["senders"])
        assert drafted.stopped_houses == 1
        approve_month(taken.engine, provider_id=provider_id, month=OCTOBER, actor="тест", reason="тест", clock=taken.clock)
    report = month_report(taken.engine, month=OCTOBER, law=law())
    charged = {account["house"] for account in report["accounts"].values() if account["services"]}  # type: ignore[attr-defined]
    assert len(charged) == 2


def test_a_sender_whose_package_of_the_month_is_not_here_is_waited_for(server_url: str, taken: Application) -> None:
    manager, supplier = (senders(taken)[inn] for inn in (MANAGER, SUPPLIER))
    superuser = create_engine(make_url(server_url).set(database=make_url(taken.database).database))
    with superuser.begin() as connection:
        connection.execute(text("UPDATE intake SET month = '2026-09-01' WHERE provider_id = :supplier"), {"supplier": supplier})
    superuser.dispose()
    waiting = draft(taken, manager)
    assert {(one.code, one.effect) for one in waiting.findings if one.severity == "error"} == {("CH-044", "await_sender")}
    assert len([one for one in waiting.findings if one.code == "CH-044"]) == 3
    tell(taken, manager, *HEATING)
    replaced = draft(taken, manager)
    found = Counter(one.code for one in replaced.findings)
    assert (found["CH-042"], found["CH-043"], found["CH-044"]) == (0, 1, 2), "where the manager charges itself, the silent one is left out"
    with transaction(taken.engine) as connection:
        known = replaced.calculation.known_until
        assert senders_heard(connection, month=OCTOBER, known_until=known) == {manager}
        assert senders_heard(connection, month=OCTOBER, known_until=RecordId(0)) == set()


def test_a_payer_with_accounts_of_two_senders_has_one_proof_of_both(charged: Application) -> None:
    issue(charged)
    tomorrow = dataclasses.replace(charged, clock=FixedClock(NOW + timedelta(days=1)))
    several = [content for content in issued(charged) if len(content.accounts) > 1]
    assert several
    for content in several[:3]:
        made = [make_proof(tomorrow, account=one.number, month=OCTOBER, law=law()) for one in content.accounts]
        assert len({one.data for one in made}) == 1, "whichever of the accounts is named"
        proof = made[0]
        report = verify_proof(unpack(proof.data), Anchors(root=proof.source.seals[-1].chain.hex()))
        assert report.is_good, report.told
        assert {one.account.provider_id for one in proof.source.accounts} == set(senders(charged).values())
        page = explanation_page(explain_payer(charged.engine, name=content.accounts[-1].number, month=OCTOBER))
        assert all(f"Лицевой счёт {one.number}" in page for one in content.accounts)
        assert f"Платёжный документ № {content.number}" in page
        assert {UK, RSO} <= {one.message.name for one in proof.source.messages}


def test_lines_of_the_sender_are_proved_by_its_document(server_url: str, taken_database: str, tmp_path: Path) -> None:
    with database_copy(server_url, taken_database, tmp_path) as (_, application):
        charge(application, "accept")
        issue(application)
        for number in [content.number for content in issued(application)][:6]:
            report = verify_proof(unpack(make_proof(application, account=number, month=OCTOBER, law=law()).data))
            told = " ".join(text for _, text in report.told)
            assert report.is_good, told
            assert "приняты как заявлены" in told
            assert "рядом пересчитано по закону" in told

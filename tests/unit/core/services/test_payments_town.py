"""The town's month and its November: archive payments as expected, then the bank files, matched, shared out, reconciled to the kopeck."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest
import uvicorn
from lxml import etree
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from adapters.banks.adapter import BankFiles
from adapters.banks.payment_orders import render_payment_orders
from adapters.contract import RawMessage
from adapters.signing import RSA, TestSubject, choose, issue, sign_message
from adapters.uk.archives import UkArchives
from adapters.uk.knowledge import RegionKnowledge
from adapters.uk.region import RegionAdapter
from config.law import tables
from config.settings import load
from core import events
from core.charges.law import Law
from core.clock import FixedClock
from core.errors import InputError
from core.events import EventKind
from core.ids import CENTRE, EntityId
from core.issued.orders import StoredOrder, add_step
from core.ledger import months
from core.ledger.balances import chart_totals
from core.ledger.post import post
from core.ledger.verify import fingerprint
from core.model.finding import Finding
from core.model.ledger import Entry, Posting
from core.model.lines import Chart, Component
from core.model.parsed import Parsed
from core.model.records import ApprovedTariff, Record, RegisteredSender
from core.money import format_roubles, parse_roubles
from core.payments.daily import UNDIVIDED, Recipient
from core.period import Month
from core.records.bank import read_payments, read_registries
from core.records.entities import entity_ids, find_accounts
from core.records.findings import read_findings
from core.services.bank_day import close_bank_day, stand_of_day
from core.services.online import online_payments
from core.services.payment_orders import decide_orders, export_orders, last_export, list_orders, propose_orders
from core.services.payments import import_bank_file, reconcile
from core.services.settlement import open_settlement
from core.services.take import Taken, load_region, take
from core.storage.engine import application_engine, transaction
from core.storage.migrate import APP, OWNER
from erkc.application import Application
from erkc.cli.main import application
from erkc.cli.settling import as_bank_order
from erkc.web.agent_payments import NAMESPACE, PATH
from erkc.web.agent_payments import application as agent_application
from examples.town.november.make import REGISTRY, STATEMENT, build
from tests.conftest import Database, _address

TOWN = Path(__file__).parents[4] / "examples" / "town"
EXPECTED = json.loads((TOWN / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))
LAW = Law.from_tables(tables())
CLOCK = FixedClock(datetime(2026, 11, 12, 6, tzinfo=UTC))
LATER = FixedClock(datetime(2026, 11, 13, 6, tzinfo=UTC))
OCTOBER = Month(2026, 10)
FILES = build()


def as_file(orders: Sequence[StoredOrder]) -> bytes:
    """The orders as the client-bank takes them."""
    return render_payment_orders([as_bank_order(order) for order in orders], created_at=CLOCK.now())


def test_the_files_are_what_the_script_makes() -> None:
    for name, data in FILES.items():
        assert (TOWN / "november" / name).read_bytes() == data


def take_archive(engine: Engine, name: str) -> Taken:
    """Load the region and take one archive of the town."""
    region = RawMessage("zarechinsk.region.json", (TOWN / "zarechinsk.region.json").read_bytes())
    bodies = [item.body for item in RegionAdapter().parse(region, {}) if isinstance(item, Record)]
    senders = tuple(body for body in bodies if isinstance(body, RegisteredSender))
    tariffs = tuple(body for body in bodies if isinstance(body, ApprovedTariff))
    load_region(engine, name=region.name, data=region.data, parse=lambda known: RegionAdapter().parse(region, known), clock=CLOCK)
    adapter = UkArchives(RegionKnowledge(senders, tariffs))
    message = RawMessage(name, (TOWN / name).read_bytes())
    return take(
        engine,
        name=name,
        data=message.data,
        adapter=adapter.name,
        header=lambda: adapter.header(message),
        parse=lambda known: adapter.parse(message, known),
        clock=CLOCK,
    )


def post_october(engine: Engine) -> None:
    """Post the lawful October charges as the expected file has them: what the bills that are paid in November come to."""
    with transaction(engine) as connection:
        provider_id = connection.execute(text("SELECT provider_id FROM provider WHERE kind = 36 AND provider_id <> 0")).scalar_one()
        services = entity_ids(connection, provider_id, "service")
        creditors = entity_ids(connection, 0, "organisation")  # type: ignore[arg-type]  # the centre
        numbers = find_accounts(connection, list(EXPECTED["accounts"]))

        def entries() -> Iterator[Entry]:
            for number, account in EXPECTED["accounts"].items():
                entity = numbers[number][0].account_id
                postings = tuple(_charges(entity, services, creditors, account["services"]))
                yield Entry(f"charge/{number}", "charge", provider_id, OCTOBER, OCTOBER.last, "Начислено", postings)

        post(connection, entries(), at=CLOCK.now())


def _charges(
    account: EntityId, services: dict[str, EntityId], creditors: dict[str, EntityId], lines: dict[str, dict[str, str]]
) -> Iterator[Posting]:
    for service, line in lines.items():
        surcharge = parse_roubles(line["mult"])
        for component, amount in ((Component.BASE, parse_roubles(line["total"]) - surcharge), (Component.SURCHARGE, surcharge)):
            if amount:
                debit, credit = (Chart.RECEIVABLE, Chart.INCOME) if amount > 0 else (Chart.INCOME, Chart.RECEIVABLE)
                yield Posting(debit, credit, abs(amount), account, services[service], creditors[line["c"]], OCTOBER, component)


def balance(engine: Engine, chart: Chart) -> int:
    with transaction(engine) as connection:
        return sum(total.debit - total.credit for total in chart_totals(connection) if total.chart is chart)


def saldo(engine: Engine, number: str) -> str:
    """What an account owes (advances are negative), roubles."""
    with transaction(engine) as connection:
        account = find_accounts(connection, [number])[number][0].account_id
        amount = connection.execute(
            text(
                "SELECT coalesce(sum(CASE WHEN debit IN (1, 6) THEN amount ELSE 0 END"
                " - CASE WHEN credit IN (1, 6) THEN amount ELSE 0 END), 0)"
                " FROM posting WHERE account_id = :account"
            ),
            {"account": account},
        ).scalar_one()
    return format_roubles(int(amount))


@pytest.fixture(scope="module")
def town(server_url: str, template_database: str) -> Iterator[Engine]:
    """One database for the module: the archive taken, October posted, the bank files taken and reconciled."""
    name = f"erkc_test_{uuid.uuid4().hex[:10]}"
    admin = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template_database} OWNER {OWNER}"))
    database = Database(_address(server_url, name, APP), _address(server_url, name, OWNER), _address(server_url, name))
    engine = application_engine(database.url)
    take_archive(engine, "zarechinsk-2026-10-valid.zip")
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def _archive_payments_leave_what_the_expected_file_says(town: Engine) -> None:
    with transaction(town) as connection:
        rows = connection.execute(
            text("SELECT credit, sum(p.amount) FROM posting p JOIN entry e USING (entry_id) WHERE e.kind LIKE 'payment%' GROUP BY credit")
        )
        by_chart = {Chart(chart): format_roubles(int(amount)) for chart, amount in rows}
    kinds = EXPECTED["payments"]["by_kind"]
    assert by_chart == {Chart.RECEIVABLE: kinds["debt"], Chart.PENALTY: kinds["penalty"], Chart.ADVANCE: kinds["advance"]}
    number, account = next((n, a) for n, a in EXPECTED["accounts"].items() if a["paid"] != "0.00")
    assert parse_roubles(saldo(town, number)) == parse_roubles(account["saldo_in"]) - parse_roubles(account["paid"])


def _november_is_matched_shared_out_and_reconciled(town: Engine) -> None:
    post_october(town)
    number = next(iter(EXPECTED["accounts"]))
    assert saldo(town, number) == EXPECTED["accounts"][number]["saldo_out_charge"]
    registry = import_bank_file(town, reader=BankFiles(), message=RawMessage(REGISTRY, FILES[REGISTRY]), clock=CLOCK)
    assert (registry.kind, registry.status, registry.is_new) == ("registry", "partial", True)
    assert {state: registry.count(state) for state in ("posted", "suspended", "repeated")} == {"posted": 120, "suspended": 1, "repeated": 1}
    total = sum(registry.amount(state) for state in ("posted", "suspended", "repeated"))
    statement = import_bank_file(town, reader=BankFiles(), message=RawMessage(STATEMENT, FILES[STATEMENT]), clock=CLOCK)
    assert {state: statement.count(state) for state in ("agent", "posted", "charge")} == {"agent": 1, "posted": 1, "charge": 1}
    done = reconcile(town, clock=CLOCK)
    (outcome,) = done.result.registries
    assert (outcome.state, outcome.difference) == ("reconciled", 0)
    assert outcome.payments == {"settled": 120, "suspense": 1, "repeated": 1}
    assert [line.state for line in done.result.lines] == ["registry_settled", "direct_posted", "bank_charge"]
    assert balance(town, Chart.TRANSIT) == 0
    fee = total - statement.amount("agent")
    assert balance(town, Chart.FEE) == fee + statement.amount("charge")
    assert -balance(town, Chart.SUSPENSE) == registry.amount("suspended") + registry.amount("repeated")
    paid = [line.split(";") for line in FILES[REGISTRY].decode("cp1251").splitlines()[:-1]]
    full = paid[0][5]
    assert saldo(town, full) == "0.00"
    assert saldo(town, paid[41][5]) == "-2000.00"


def _the_unknown_account_is_proposed_and_told(town: Engine) -> None:
    with transaction(town) as connection:
        told = events.read(connection, kinds=[EventKind.PAYMENT_SUSPENDED])
        assert len(told) == 1
        assert told[0].data["proposals"][0]["why"] == "переставлены соседние знаки"
        found = [stored.finding for stored in read_findings(connection) if stored.finding.code == "UNKNOWN_ACCOUNT"]
        assert "переставлены соседние знаки" in found[0].hint
        assert len(events.read(connection, kinds=[EventKind.PAYMENT_POSTED])) == 356 + 121
        assert len(events.read(connection, kinds=[EventKind.STATEMENT_RECONCILED])) == 1


def _everything_again_changes_nothing(town: Engine) -> None:
    with transaction(town) as connection:
        before = fingerprint(connection)
    for name in (REGISTRY, STATEMENT):
        again = import_bank_file(town, reader=BankFiles(), message=RawMessage(name, FILES[name]), clock=CLOCK)
        assert not again.is_new
    renamed = FILES[REGISTRY] + b"\r\n"
    copy = import_bank_file(town, reader=BankFiles(), message=RawMessage("copy.txt", renamed), clock=CLOCK)
    assert copy.is_new
    assert (copy.count("posted"), copy.count("repeated")) == (0, 122)
    assert reconcile(town, clock=CLOCK).posted == 0
    with transaction(town) as connection:
        assert fingerprint(connection) == before


def _the_same_operation_with_other_content_is_disputed(town: Engine) -> None:
    rows = FILES[REGISTRY].decode("cp1251").splitlines()
    fields = rows[0].split(";")
    fields[9:12] = ["100.00", "99.00", "1.00"]
    data = "\r\n".join([";".join(fields), "=1;100.00;99.00;1.00;4472;12-11-2026", ""]).encode("cp1251")
    with transaction(town) as connection:
        before = fingerprint(connection)
    imported = import_bank_file(town, reader=BankFiles(), message=RawMessage("other.txt", data), clock=CLOCK)
    assert (imported.count("posted"), imported.count("disputed"), imported.amount("disputed")) == (0, 1, 100_00)
    with transaction(town) as connection:
        assert fingerprint(connection) == before
        findings = [stored.finding for stored in read_findings(connection, message_id=imported.message_id)]
    assert [finding.code for finding in findings] == ["OPERATION_ID_CONFLICT"]


def _the_same_registry_with_other_sums_is_refused_whole(town: Engine) -> None:
    rows = FILES[REGISTRY].decode("cp1251").splitlines()
    fields = rows[0].split(";")
    fields[4] = "9A26111000009999"
    amount, transfer, fee = fields[9:12]
    data = "\r\n".join([";".join(fields), f"=1;{amount};{transfer};{fee};4471;11-11-2026", ""]).encode("cp1251")
    imported = import_bank_file(town, reader=BankFiles(), message=RawMessage("changed.txt", data), clock=CLOCK)
    assert imported.status == "conflict"
    assert imported.count("posted") == 0


def _a_storno_mirrors_its_payment(town: Engine) -> None:
    rows = FILES[REGISTRY].decode("cp1251").splitlines()
    fields = rows[3].split(";")
    account = fields[5]
    before = saldo(town, account)
    fields[4] = "9A26111300000001"
    fields[9:12] = ["300.00", "297.00", "3.00"]
    back = list(fields)
    back[9:12] = ["-300.00", "-297.00", "-3.00"]
    data = "\r\n".join([";".join(fields), ";".join(back), "=2;0.00;0.00;0.00;4473;13-11-2026", ""]).encode("cp1251")
    imported = import_bank_file(town, reader=BankFiles(), message=RawMessage("storno.txt", data), clock=CLOCK)
    assert (imported.count("posted"), imported.count("reversed")) == (1, 1)
    assert saldo(town, account) == before


def _a_broken_registry_posts_nothing(town: Engine) -> None:
    data = FILES[REGISTRY].replace(b"=122;1153100.98", b"=122;1153100.99")
    imported = import_bank_file(town, reader=BankFiles(), message=RawMessage("broken.txt", data), clock=CLOCK)
    assert imported.status == "rejected"
    assert imported.count("posted") == 0


def small_registry(operation: str, *, order: str, day: str = "12-11-2026") -> bytes:
    """One payment of 500.00 for the account of the first row."""
    fields = FILES[REGISTRY].decode("cp1251").splitlines()[0].split(";")
    fields[0], fields[4] = day, operation
    fields[9:12] = ["500.00", "495.00", "5.00"]
    return "\r\n".join([";".join(fields), f"=1;500.00;495.00;5.00;{order};{day}", ""]).encode("cp1251")


class Killed(BankFiles):
    """A reader that dies after the first payment has been read."""

    def parse(self, message: RawMessage, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """Two records, then the end of the process."""
        stream = super().parse(message, known)
        yield next(stream)
        yield next(stream)
        raise KeyboardInterrupt


def _a_killed_import_leaves_nothing_and_the_next_one_takes_it_all(town: Engine) -> None:
    message = RawMessage("killed.txt", small_registry("9A26111400000001", order="4474"))
    with transaction(town) as connection:
        before = fingerprint(connection)
    with pytest.raises(KeyboardInterrupt):
        import_bank_file(town, reader=Killed(), message=message, clock=CLOCK)
    with transaction(town) as connection:
        assert fingerprint(connection) == before
    again = import_bank_file(town, reader=BankFiles(), message=message, clock=CLOCK)
    assert (again.is_new, again.count("posted")) == (True, 1)


def _money_of_a_month_that_is_not_open_goes_to_the_next(town: Engine) -> None:
    with transaction(town) as connection:
        provider_id = connection.execute(text("SELECT provider_id FROM provider WHERE kind = 36 AND provider_id <> 0")).scalar_one()
        months.move(
            connection,
            provider_id=provider_id,
            month=Month(2026, 11),
            to=months.MonthState.DRAFT,
            calculation_id=None,
            actor="тест",
            reason="черновик",
            at=CLOCK.now(),
        )
    message = RawMessage("late.txt", small_registry("9A26111400000002", order="4475", day="30-11-2026"))
    import_bank_file(town, reader=BankFiles(), message=message, clock=CLOCK)
    with transaction(town) as connection:
        row = connection.execute(
            text("SELECT month, occurred_on FROM entry WHERE entry_key = 'payment/sber-delimited/9A26111400000002'")
        ).one()
    assert (str(row.month), str(row.occurred_on)) == ("2026-12-01", "2026-11-30")


def _what_the_statement_brought_is_due_to_recipients(town: Engine) -> None:
    """By every source and recipient to the kopeck; what has no statement line is awaited and never due."""
    with transaction(town) as connection:
        found = open_settlement(connection, law=LAW, day=date(2026, 11, 13))
        covered = connection.execute(
            text(
                "SELECT sum(CASE WHEN p.credit IN (1, 6, 7) THEN p.amount ELSE -p.amount END) FROM posting p JOIN entry e USING (entry_id)"
                " WHERE e.kind IN ('payment', 'payment_reversal') AND (p.credit IN (1, 6, 7) OR p.debit IN (1, 6, 7)) AND e.message_id IN"
                " (SELECT message_id FROM message WHERE name IN (:registry, :statement))"
            ),
            {"registry": REGISTRY, "statement": STATEMENT},
        ).scalar_one()
    standings = found.standings()
    assert sum(fact.amount for fact in found.facts if fact.on is not None) == covered
    assert sum(one.collected - one.returned for one in standings.values()) == covered
    assert sum(one.awaited for one in standings.values()) == 2 * 500_00
    nobody = standings[UNDIVIDED]
    assert (nobody.on_hand, nobody.awaited, nobody.to_transfer) == (
        2000_00,
        2 * 500_00,
        0,
    )  # ahead of any bill
    prefixes = {found.name(recipient): set[str]() for recipient in standings}
    for recipient in standings:
        prefixes[found.name(recipient)].add(recipient.account[:5])
    assert prefixes["Водоканал"] == {"40821"} and prefixes["ФКР"] == {"40603"}
    assert prefixes["УК Береговая"] == {"40821", "40705"}  # special accounts of houses apart
    assert {trouble.code for trouble in found.troubles} == {"SET-0101"}


def _settings(engine: Engine, settings: dict[str, object]) -> None:
    """Settings of the region beside those that are loaded."""
    data = json.dumps({"settings": settings}, ensure_ascii=False).encode()
    message = RawMessage("contracts.region.json", data)
    load_region(engine, name=message.name, data=data, parse=lambda known: RegionAdapter().parse(message, known), clock=CLOCK)


def _statement(documents: list[str], *, day: str, opening: str, came: str, went: str, closing: str) -> bytes:
    """A statement of the centre's account that has these documents."""
    head = FILES[STATEMENT].decode("cp1251").split("СекцияРасчСчет")[0].replace("11.11.2026", day)
    sums = f"НачальныйОстаток={opening}\r\nВсегоПоступило={came}\r\nВсегоСписано={went}\r\nКонечныйОстаток={closing}\r\n"
    account = f"СекцияРасчСчет\r\nДатаНачала={day}\r\nДатаКонца={day}\r\nРасчСчет=40821810700013101001\r\n{sums}КонецРасчСчет\r\n"
    return (head + account + "".join(documents) + "КонецФайла\r\n").encode("cp1251")


def _orders_are_proposed_approved_by_another_exported_and_met_in_the_statement(town: Engine) -> None:
    """Two persons; nothing twice; fees lower the transfer and are posted; what came back is due again; receipts = transfers + on hand."""
    with transaction(town) as connection:
        before = open_settlement(connection, law=LAW, day=date(2026, 11, 12))
    inns = {before.name(fact.recipient): before.inn(fact.recipient) for fact in before.facts}
    terms = {"number": "7/26", "first": "2026-01-01"}
    water = {"inn": inns["Водоканал"], "percent": "1.35", **terms}
    power = {"inn": inns["Энерго"], "percent": "0", "bank_fee": "centre", **terms}
    _settings(town, {"agency_contracts": [water, power]})
    day = date(2026, 11, 12)
    done = propose_orders(town, law=LAW, day=day, actor="Иванова", clock=CLOCK)
    assert not done.held and len(done.orders) == 8
    assert not propose_orders(town, law=LAW, day=day, actor="Иванова", clock=CLOCK).orders
    by_name = {done.settlement.name(Recipient(one.organisation_id)): one for one in done.orders}
    collected = {before.name(who): one.collected for who, one in before.standings().items()}
    fees = by_name["Водоканал"].content["fees"]
    assert fees["bank_kop"] > 0 and fees["own_kop"] > 0  # type: ignore[index]  # as it was proposed
    assert by_name["Водоканал"].amount + fees["bank_kop"] + fees["own_kop"] == collected["Водоканал"]  # type: ignore[index]
    assert by_name["Энерго"].amount == collected["Энерго"]
    numbers = [one.order_id for one in done.orders]
    with pytest.raises(InputError, match="SET-0203"):
        decide_orders(town, numbers=numbers, verdict="approved", reason="проверено", actor=" иванова", law=LAW, clock=CLOCK)
    with pytest.raises(DBAPIError, match="who proposed it does not approve it"), transaction(town) as connection:
        add_step(connection, numbers[0], "approved", actor="Иванова", reason="сама", at=CLOCK.now())
    decide_orders(town, numbers=numbers[1:], verdict="approved", reason="проверено", actor="Петров", law=LAW, clock=CLOCK)
    decide_orders(town, numbers=numbers[:1], verdict="rejected", reason="не сейчас", actor="Петров", law=LAW, clock=CLOCK)
    files = export_orders(town, render=as_file, name="1c_to_kl.txt", actor="Петров", law=LAW, clock=CLOCK)
    assert [one.order_id for one in files.orders] == numbers[1:] and last_export(town) == ("1c_to_kl.txt", files.data)
    with pytest.raises(InputError, match="SET-0204"):
        export_orders(town, render=as_file, name="1c_to_kl.txt", actor="Петров", law=LAW, clock=CLOCK)

    sections = ["СекцияДокумент" + part for part in files.data.decode("cp1251").split("СекцияДокумент")[1:]]
    paid = [part.replace("КонецФайла\r\n", "").replace("Сумма=", "ДатаСписано=12.11.2026\r\nСумма=", 1) for part in sections]
    went = sum(one.amount for one in files.orders)
    opening = parse_roubles("2813303.49")
    first = RawMessage("out.txt", _statement(
        paid, day="12.11.2026", opening="2813303.49", came="0.00", went=format_roubles(went), closing=format_roubles(opening - went)
    ))  # fmt: skip
    taken = import_bank_file(town, reader=BankFiles(), message=first, clock=CLOCK)
    assert (taken.count("transfer"), taken.amount("transfer")) == (7, went)
    states = {one.order_id: one.state for one in list_orders(town, law=LAW, clock=CLOCK)}
    assert [states[number] for number in numbers] == ["rejected", *["executed"] * 7]

    returned = next(one for one in files.orders if one.organisation_id == by_name["ФКР"].organisation_id)
    text_of = next(part for part in paid if f"Номер={returned.number}\r\n" in part)
    swapped = text_of.replace("Плательщик", "@").replace("Получатель", "Плательщик").replace("@", "Получатель")
    back = swapped.replace("ДатаСписано=12.11.2026", "ДатаПоступило=13.11.2026").replace("Дата=12.11.2026", "Дата=13.11.2026")
    back = back.replace("НазначениеПлатежа=", "НазначениеПлатежа=Возврат: счет закрыт. ").replace(
        f"Номер={returned.number}\r", "Номер=991\r"
    )
    rest = opening - went
    second = RawMessage("back.txt", _statement(
        [back], day="13.11.2026", opening=format_roubles(rest), came=format_roubles(returned.amount), went="0.00",
        closing=format_roubles(rest + returned.amount),
    ))  # fmt: skip
    taken = import_bank_file(town, reader=BankFiles(), message=second, clock=CLOCK)
    assert (taken.count("returned"), taken.amount("returned")) == (1, returned.amount)
    after = {one.order_id: one for one in list_orders(town, law=LAW, clock=LATER)}
    assert after[returned.order_id].state == "returned" and len(after[returned.order_id].lines) == 2
    with transaction(town) as connection:
        found = open_settlement(connection, law=LAW, day=date(2026, 11, 13))
    standings = found.standings()
    for one in standings.values():
        assert one.collected - one.returned == one.transferred + one.bank_fee + one.own_fee + one.on_hand
    assert sum(one.transferred for one in standings.values()) == went - returned.amount
    due = {one.recipient.account: one.to_transfer for one in standings.values() if one.to_transfer}
    assert due == {returned.account: returned.amount, done.orders[0].account: done.orders[0].amount}
    again = propose_orders(town, law=LAW, day=date(2026, 11, 13), actor="Иванова", clock=LATER)
    assert {one.account: one.amount for one in again.orders} == due
    assert all(one.content["fees"] == {"bank_kop": 0, "own_kop": 0} for one in again.orders if one.account == returned.account)


def _the_commands_tell_people_and_machines_the_same(town: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", town.url.render_as_string(hide_password=False))
    monkeypatch.setenv("ERKC_HOME", str(tmp_path))
    run = CliRunner()
    found = run.invoke(application, ["settle", "show", "2026-11-13", "--xlsx", str(tmp_path / "s.xlsx"), "--json"])
    document = json.loads(found.stdout)
    for row in document["rows"]:
        went = sum(row[f"{name}_kop"] for name in ("returned", "bank_fee", "own_fee", "transferred"))
        assert row["opening_kop"] + row["collected_kop"] - went == row["closing_kop"]
    sheet = openpyxl.load_workbook(tmp_path / "s.xlsx").worksheets[0]
    cells = [cell.value for line in sheet.iter_rows() for cell in line]
    assert "Собрано" in cells and sum(row["collected_kop"] for row in document["rows"]) / 100 in cells
    assert run.invoke(application, ["settle", "show", "2026-10-01"]).exit_code == 0
    orders = json.loads(run.invoke(application, ["settle", "orders", "--json"]).stdout)["orders"]
    assert {one["state"] for one in orders} == {"executed", "rejected", "returned", "proposed"}
    assert all(one["approved_by"] in (None, "Петров") and one["proposed_by"] == "Иванова" for one in orders)
    waiting = [str(one["order"]) for one in orders if one["state"] == "proposed"]
    assert run.invoke(application, ["settle", "approve", *waiting, "--actor", "Петров"]).exit_code == 0
    out = tmp_path / "1c_to_kl.txt"
    assert run.invoke(application, ["settle", "export", "--out", str(out)]).exit_code == 0
    written = out.read_bytes()
    assert run.invoke(application, ["settle", "export", "--out", str(out), "--again"]).exit_code == 0
    assert out.read_bytes() == written and written.count("КонецДокумента".encode("cp1251")) == len(waiting)


def _nothing_leaves_to_an_account_that_is_not_verified(town: Engine) -> None:
    with transaction(town) as connection:
        found = open_settlement(connection, law=LAW, day=date(2026, 11, 13))
    recipient = next(one for one in found.standings() if one.account)
    bank = found.banks[recipient.account, recipient.bik]
    wrong = replace(recipient, account=recipient.account[:-1] + str((int(recipient.account[-1]) + 1) % 10))
    assert found.refusal(recipient) is None
    assert [found.refusal(one) and found.refusal(one).code for one in (wrong, replace(recipient, account=""))] == ["SET-0103", "SET-0102"]  # type: ignore[union-attr]
    for changed in (replace(bank, verified=False), replace(bank, closed_on=date(2026, 11, 13))):
        told = replace(found, banks={(bank.number, bank.bik): changed}).refusal(recipient)
        assert told is not None and told.code == "SET-0103"


def test_money_of_a_broken_archive_is_posted_or_in_suspense(engine: Engine) -> None:
    name = "zarechinsk-2026-10-broken-money.zip"
    expected = json.loads((TOWN / "zarechinsk-2026-10-broken.expected.json").read_text(encoding="utf-8"))[name]["money"]
    take_archive(engine, name)
    with transaction(engine) as connection:
        rows = connection.execute(
            text(
                "SELECT e.kind, count(DISTINCT e.entry_id), sum(CASE WHEN p.debit = 5 THEN p.amount ELSE -p.amount END)"
                " FROM entry e JOIN posting p USING (entry_id) WHERE e.kind LIKE 'payment%' GROUP BY e.kind"
            )
        )
        found = {kind: (count, format_roubles(int(amount))) for kind, count, amount in rows}
    assert found == {
        "payment": (expected["posted_count"], expected["posted"]),
        "payment_suspense": (expected["to_suspense_count"], expected["to_suspense"]),
    }


@contextmanager
def _served(service: Application) -> Iterator[str]:
    """The agents' service on a real port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    server = uvicorn.Server(uvicorn.Config(agent_application(service), log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}{PATH}"
    server.should_exit = True
    thread.join(10)


def _an_agent_asks_and_reports_by_signed_post_and_the_registry_confirms(town: Engine, tmp_path: Path) -> None:
    """Known account, unknown account, shown at once and not posted, once, another content refused, another signer refused, confirmed."""
    _settings(town, {"online_agents": [{"profile": "sber-delimited", "ogrn": "1260077000111", "name": "Агент"}]})
    service = Application(load(home=tmp_path, environment={}), town, CLOCK, str(town.url))
    choices = {}
    (tmp_path / "agents").mkdir()
    for ogrn in ("1260077000111", "1260077000999"):
        files = issue(tmp_path / ogrn, at=CLOCK.now(), profile=RSA, subject=TestSubject(ogrn=ogrn))
        (tmp_path / "agents" / f"{ogrn}.pem").write_bytes(files.authority.read_bytes())
        choices[ogrn] = choose(files.certificate, files.key)
    account = FILES[REGISTRY].decode("cp1251").splitlines()[0].split(";")[5]

    address: list[str] = []

    def ask(operation: str, *, by: str = "1260077000111", spoil: bool = False, **fields: str) -> dict[str, str]:
        root = etree.Element(f"{{{NAMESPACE}}}{operation}", Id="m1", nsmap={None: NAMESPACE})
        for name, value in {"Profile": "sber-delimited", **fields}.items():
            etree.SubElement(root, f"{{{NAMESPACE}}}{name}").text = value
        signed = sign_message(etree.tostring(root), choices[by].signer, digester=choices[by].digester, at=CLOCK.now())
        body = signed.replace(b">50000<", b">60000<") if spoil else signed
        with urllib.request.urlopen(urllib.request.Request(address[0], data=body, method="POST"), timeout=20) as answer:
            return {etree.QName(child).localname: child.text or "" for child in etree.fromstring(answer.read())}

    with _served(service) as url:
        address.append(url)
        with transaction(town) as connection:
            before = fingerprint(connection)
        found = ask("Check", Account=account)
        assert (found["Code"], found["UnconfirmedKop"]) == ("0", "0") and int(found["DebtKop"]) >= 0
        assert ask("Check", Account="99999")["Code"] == "1"
        assert ask("Check", Account=account, by="1260077000999")["Code"] == "5"
        pay = {"Account": account, "OperationId": "9A26111500000001", "AmountKop": "50000", "PaidAt": "2026-11-12T23:30:00+03:00"}
        assert ask("Pay", **pay, spoil=True)["Code"] == "5"
        assert ask("Pay", **{**pay, "AmountKop": "500.00"})["Code"] == "100"
        assert ask("Pay", **{**pay, "Account": "99999"})["Code"] == "1"
        first = ask("Pay", **pay)
        assert (first["Code"], first["State"], first["UnconfirmedKop"]) == ("0", "unconfirmed", "50000")
        assert ask("Check", Account=account)["UnconfirmedKop"] == "50000"
        again, other = ask("Pay", **pay), ask("Pay", **{**pay, "AmountKop": "50001"})
        assert (again["Code"], again["State"], other["Code"]) == ("201", "unconfirmed", "2")
        (told,) = online_payments(town)
        assert (told.state, told.paid_on, told.amount) == ("unconfirmed", date(2026, 11, 12), 500_00)
        with transaction(town) as connection:
            assert fingerprint(connection) == before, "nothing is posted"
        registry = RawMessage("confirms.txt", small_registry("9A26111500000001", order="4490"))
        assert import_bank_file(town, reader=BankFiles(), message=registry, clock=CLOCK).count("posted") == 1
        assert [one.state for one in online_payments(town)] == ["confirmed"]
        assert (ask("Pay", **pay)["State"], ask("Check", Account=account)["UnconfirmedKop"]) == ("confirmed", "0")


def test_a_closed_day_takes_no_posting_and_both_lists_explain_what_is_in_transit(engine: Engine) -> None:
    take_archive(engine, "zarechinsk-2026-10-valid.zip")
    files = BankFiles()
    import_bank_file(engine, reader=files, message=RawMessage(REGISTRY, FILES[REGISTRY]), clock=CLOCK)
    wednesday, saturday = date(2026, 11, 11), date(2026, 11, 14)
    with transaction(engine) as connection:
        before = stand_of_day(connection, wednesday)
        paid = max(row.body.paid_on or saturday for row in read_payments(connection, read_registries(connection)[0].message_id))
    (waiting,) = before.without_line
    assert (waiting.state, waiting.amount, before.unexplained, before.without_registry) == ("no_order", before.transit, 0, ())
    other = FILES[STATEMENT].replace("реестру № 4471".encode("cp1251"), "реестру № 4499".encode("cp1251")).replace(b"=4471\r", b"=4499\r")
    import_bank_file(engine, reader=files, message=RawMessage("other.txt", other), clock=CLOCK)
    with transaction(engine) as connection:
        found = stand_of_day(connection, wednesday)
    (alone,) = found.without_registry
    assert (alone.state, alone.amount) == ("no_registry", 1141569_94)
    assert (found.without_line, found.unexplained, found.came) == ((waiting,), 0, 1154267_69)
    assert found.transit == waiting.amount - alone.amount

    closed, _ = close_bank_day(engine, day=wednesday, actor="Иванова", reason="сверено", clock=CLOCK)
    assert closed == found
    with pytest.raises(InputError, match="DAY-0101"):
        close_bank_day(engine, day=date(2026, 11, 10), actor="Иванова", reason="снова", clock=CLOCK)
    with pytest.raises(InputError, match="DAY-0102"):
        close_bank_day(engine, day=saturday, actor="Иванова", reason="рано", clock=CLOCK)
    late = RawMessage("late.txt", small_registry("9A26111000000777", order="4480", day="10-11-2026"))
    import_bank_file(engine, reader=files, message=late, clock=CLOCK)
    with transaction(engine) as connection:
        key = "payment/sber-delimited/9A26111000000777"
        row = connection.execute(text("SELECT occurred_on, accounted_on, month FROM entry WHERE entry_key = :key"), {"key": key}).one()
        assert stand_of_day(connection, wednesday) == replace(closed, is_closed=True)  # nothing has changed in the closed day
    assert tuple(map(str, row)) == ("2026-11-10", "2026-11-12", "2026-11-01") and str(paid) <= "2026-11-11"
    into = Entry("probe", "fee", CENTRE, Month(2026, 11), wednesday, "проба", (Posting(Chart.FEE, Chart.CASH, 1),), accounted_on=wednesday)
    with pytest.raises(InputError, match="LG-0103"), transaction(engine) as connection:
        post(connection, [into], at=CLOCK.now())
    columns = "entry_key, content_sha256, kind, provider_id, month, occurred_on, accounted_on, reason, posted_at"
    values = "'p', sha256('p'), 'fee', 0, '2026-11-01', '2026-11-11', '2026-11-11', 'p', now()"
    with pytest.raises(DBAPIError, match="operational day is closed"), transaction(engine) as connection:
        connection.execute(text(f"INSERT INTO entry ({columns}) VALUES ({values})"))


def test_the_money_of_a_town_step_by_step(town: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One story in one database: each step begins where the former one ended, so they stay together however tests are shared out."""
    _archive_payments_leave_what_the_expected_file_says(town)
    _november_is_matched_shared_out_and_reconciled(town)
    _the_unknown_account_is_proposed_and_told(town)
    _everything_again_changes_nothing(town)
    _the_same_operation_with_other_content_is_disputed(town)
    _the_same_registry_with_other_sums_is_refused_whole(town)
    _a_storno_mirrors_its_payment(town)
    _a_broken_registry_posts_nothing(town)
    _a_killed_import_leaves_nothing_and_the_next_one_takes_it_all(town)
    _money_of_a_month_that_is_not_open_goes_to_the_next(town)
    _what_the_statement_brought_is_due_to_recipients(town)
    _orders_are_proposed_approved_by_another_exported_and_met_in_the_statement(town)
    _the_commands_tell_people_and_machines_the_same(town, monkeypatch, tmp_path)
    _nothing_leaves_to_an_account_that_is_not_verified(town)
    _an_agent_asks_and_reports_by_signed_post_and_the_registry_confirms(town, tmp_path)

"""The synthetic town and a stand that knows it: everything that the two tell each other, there and back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import requests
from sqlalchemy import Connection

from adapters.gis_zhkh.client import SoapClient
from adapters.gis_zhkh.exchange import Ladder
from adapters.signing import RSA, choose, issue
from core import archive
from core.clock import FixedClock
from core.ids import BillId, EntityId, ProviderId
from core.ledger.balances import turnovers
from core.ledger.post import post
from core.model.bill import BillContent, BillLine, BillYearMonth
from core.model.finding import Position
from core.model.ledger import Entry, Posting
from core.model.lines import Chart, Component
from core.model.records import Record, Service
from core.period import Month
from core.records.entities import entity_ids
from core.records.latest import read_accounts
from core.records.store import save
from core.services.federal import (
    Federal,
    Waiting,
    acknowledge,
    answer,
    cancel_acknowledgments,
    choose_insurance,
    look_at_inbox,
    poll,
    read_subrequests,
    send_bills,
    send_debts,
    send_readings,
    status,
    synchronise,
    tell_payments,
    withdraw_bills,
)
from core.services.federal.issued_bills import IssuedBills
from core.services.federal.meters import place_meters
from core.services.issue import issue_month
from core.storage.engine import transaction
from erkc.acknowledging import payments_to_acknowledge
from erkc.application import Application
from erkc.cli.options import law
from erkc.federal import FederalGateway
from erkc.federal_stand import town_seed
from erkc.intake import take_file
from erkc.stands.gis import Stand
from erkc.telling import payments_to_tell
from tests.simulation.world import Wire
from tests.unit.erkc.conftest import NOW, OCTOBER, TOWN, database_copy

OURS = ProviderId(1)
PRODUCT = UUID("6f1c9a52-0f0e-4c1b-9a53-6d2f3c4e5b7b")


class Town:
    """The town, its stand and the conversation between them."""

    def __init__(self, application: Application, folder: Path) -> None:
        self.application = application
        self.clock = FixedClock(NOW)
        files = issue(folder / "keys", at=NOW, profile=RSA)
        signature = choose(files.certificate, files.key)
        with application.engine.connect() as connection:
            seed = town_seed(connection, OURS, authorities=[files.authority.read_text()], signature="rsa_sha256", delay_s=1)
        self.stand = Stand(folder / "stand", seed=seed, clock=self.clock.now)
        self.wire = Wire()
        self.wire.stand = self.stand
        session = requests.Session()
        session.mount("http://stand.invalid", self.wire)
        gateway = FederalGateway(SoapClient("http://stand.invalid", session=session), signature, Ladder((2, 5, 30), most=40))
        self.federal = Federal(application.engine, gateway, self.clock)

    @property
    def waiting(self) -> Waiting:
        return Waiting(self.clock.advance, until=self.clock.now() + timedelta(hours=12))


def award_costs(application: Application) -> None:
    """A scripted fact: a court has awarded 400.00 of costs against one account."""
    with transaction(application.engine) as connection:
        account = next(row for row in read_accounts(connection, provider_id=OURS) if row.closed_on is None)
        creditor = next(row.creditor_id for row in turnovers(connection, provider_id=OURS, month=OCTOBER, accounts=[account.entity_id]))
        costs = Posting(Chart.PENALTY, Chart.OPENING, 40_000, account.entity_id, None, creditor, None, Component.COURT_COSTS)
        entry = Entry("opening_penalty/scripted", "opening_penalty", OURS, OCTOBER, OCTOBER.first, "Судебные расходы", (costs,))
        post(connection, [entry], at=NOW)


class Scripted:
    """The town's bills; of two documents the script changes what the town has none of: an insurance, a contribution for a year."""

    def __init__(self, insured: str, yearly: str, service_id: EntityId) -> None:
        self.insured, self.yearly, self.service_id = insured, yearly, service_id
        self.issued = IssuedBills()

    def of_month(
        self, connection: Connection, provider_id: ProviderId, month: Month, *, ids: Collection[BillId] | None = None
    ) -> Mapping[BillId, BillContent]:
        found = self.issued.of_month(connection, provider_id, month, ids=ids)
        return {number: self._scripted(content) for number, content in found.items()}

    def ids_of_month(self, connection: Connection, provider_id: ProviderId, month: Month) -> Sequence[BillId]:
        return self.issued.ids_of_month(connection, provider_id, month)

    def numbers(self, connection: Connection, ids: Collection[BillId]) -> Mapping[BillId, str]:
        return self.issued.numbers(connection, ids)

    def by_number(self, connection: Connection, provider_id: ProviderId, numbers: Collection[str]) -> Mapping[str, BillId]:
        return self.issued.by_number(connection, provider_id, numbers)

    def _scripted(self, content: BillContent) -> BillContent:
        if content.number == self.insured:
            first = content.lines[0]
            about = {"service_id": self.service_id, "service_key": "77", "name": "Страхование", "okei": "642", "unit": "ед."}
            codes = dict.fromkeys(("utility_kind", "housing_kind", "resource_kind", "individual_volume_e6", "common_volume_e6", "norm_e6"))
            sums = {"base": 15_000, "total": 15_000, "surcharge": 0, "recalculation": 0, "benefit": 0, "tariff_e6": 150_000_000}
            line = replace(first, section="additional", factor_e2=None, **about, **codes, **sums)
            return _more(replace(content, lines=(*content.lines, line)), line, 15_000)
        if content.number == self.yearly:
            line = next(line for line in content.lines if line.section == "capital_repair")
            months = tuple(BillYearMonth(month, line.base, 0, 0, line.total) for month in range(1, 13))
            whole = replace(line, base=12 * line.base, total=12 * line.total)
            lines = tuple(whole if one is line else one for one in content.lines)
            return _more(replace(content, lines=lines, contribution_year=months), line, 11 * line.total)
        return content


def _more(content: BillContent, line: BillLine, amount: int) -> BillContent:
    """So much more is charged for a line's creditor."""
    recipients = []
    for one in content.recipients:
        is_meant = line.creditor_id in (one.creditor_id, *one.creditors) and one.contribution == (line.section == "capital_repair")
        more = replace(one, charged=one.charged + amount) if is_meant else one
        recipients.append(replace(more, due=max(0, more.balance)))
    due = sum(one.due for one in recipients)
    return replace(content, recipients=tuple(recipients), charged=content.charged + amount, due=due)


def script_documents(town: Town) -> None:
    """One document of the town gets an insurance, another a contribution for a year; the insurance is mapped by a person."""
    with transaction(town.application.engine) as connection:
        stored = archive.store(connection, data=b"insurance", name="more", channel="test", direction="in", provider_id=OURS, at=NOW)
        body = Service("Страхование", "Страхование", 3, 1, None, None, None, None, "642", None, 77)
        record = Record("77", Position("more", 1), body, OCTOBER.first)
        save(connection, provider_id=OURS, message_id=stored.message_id, records=[record], recorded_at=NOW)
        service = entity_ids(connection, OURS, "service")["77"]
        issued = IssuedBills().of_month(connection, OURS, OCTOBER).values()
    plain = sorted((one for one in issued if len({line.section for line in one.lines}) > 3), key=lambda one: one.number)
    yearly = next(one for one in plain[1:] if sum(line.section == "capital_repair" for line in one.lines) == 1)
    town.federal = replace(town.federal, bills=Scripted(plain[0].number, yearly.number, service))
    choose_insurance(town.federal, provider_id=OURS, key="77", product=PRODUCT)


@pytest.fixture(scope="module")
def town(server_url: str, charged_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("federal")
    with database_copy(server_url, charged_template, folder / "home") as (_, application):
        award_costs(application)
        issue_month(
            application.engine, provider_id=OURS, month=OCTOBER, law=law(), series="ЕПД", issued_on=NOW.date(), clock=application.clock
        )
        town = Town(application, folder)
        assert synchronise(town.federal, provider_id=OURS, waiting=town.waiting).finished
        script_documents(town)
        yield town


def test_the_round_trip_of_the_town(town: Town) -> None:
    """Accounts, meters, readings, bills, debts, payments, acknowledgments, withdrawal, debt requests, appeals: all there and back."""
    federal, scope, stand = town.federal, {"provider_id": OURS}, town.stand
    with town.application.engine.connect() as connection:
        accounts = [row for row in read_accounts(connection, **scope) if row.closed_on is None]
    assert len(stand.contents()["accounts"]) == len(accounts)

    meters = place_meters(federal, waiting=town.waiting, **scope)
    assert (meters.meters, meters.waiting, meters.refused, meters.held) == (meters.there, 0, {}, {}) and meters.there > 400
    readings = send_readings(federal, month=OCTOBER, waiting=town.waiting, **scope)
    assert readings.placed > 300 and readings.placed + len(readings.refused) + len(readings.unknown) == readings.readings
    assert not readings.refused

    prepared = send_bills(federal, month=OCTOBER, waiting=town.waiting, **scope)
    assert (prepared.bills, prepared.held) == (410, {})
    debts = send_debts(federal, month=OCTOBER, waiting=town.waiting, **scope)
    assert debts.documents > 0
    again = send_debts(federal, month=OCTOBER, waiting=town.waiting, **scope)
    assert (again.documents, again.placed, again.held) == (0, debts.documents, debts.held)
    assert len(stand.contents()["bills"]) == 410 + debts.documents
    documents = b"".join(data for action, data in town.wire.sent if "importPaymentDocumentData" in action)
    assert str(PRODUCT).encode() in documents, "an insurance"
    assert documents.count(b"<bills:CapitalRepairMonthlyCharge>") == 12, "a contribution for a year"
    assert "<bills:Cause>Судебные расходы".encode() in documents and b"<bills:TotalPayable>400.00<" in documents

    for name in ("9901_0211_20261110.txt", "kl_to_1c.txt"):
        take_file(town.application, name, (TOWN / "november" / name).read_bytes())
    listed = payments_to_tell(town.application, month=OCTOBER.next(), agent="sber-delimited", **scope)
    assert len(listed) == 120 and sum(one.amount for one in listed) > 100_000_000
    chosen = [replace(one, order_id=f"{one.order_id:0>32}") for one in listed[:5]]
    held = tell_payments(federal, payments=listed, form="139", waiting=None, **scope)
    assert held.begun == 0 and len(held.held) == 120, "the agent's numbers are no УИП"
    told = tell_payments(federal, payments=chosen, form="139", waiting=town.waiting, **scope)
    assert (told.begun, told.held, told.refused) == (5, {}, {})
    orders = {f"payment/{one.key}/{OCTOBER}": one.order_id for one in chosen}
    to_acknowledge = [
        replace(one, order_id=orders[one.key])
        for one in payments_to_acknowledge(town.application, month=OCTOBER.next(), **scope)
        if one.key in orders
    ]
    done = acknowledge(federal, payments=to_acknowledge, waiting=town.waiting, **scope)
    assert (done.payments, done.held) == (5, {}) and len(stand.contents()["acknowledgments"]) == done.begun

    paid = {one.account_id for one in chosen}
    with town.application.engine.connect() as connection:
        issued = federal.bills.of_month(connection, OURS, OCTOBER).values()
    numbers = [bill.number for bill in issued if bill.account_id in paid]
    withdraw_bills(federal, month=OCTOBER, numbers=numbers[:1], waiting=town.waiting, **scope)
    assert status(federal, month=OCTOBER, **scope).placed == 410, "an acknowledged document stays"
    withdraw_bills(federal, month=OCTOBER, numbers=numbers[:1], acknowledged_too=True, waiting=town.waiting, **scope)
    assert status(federal, month=OCTOBER, **scope).placed == 409
    assert cancel_acknowledgments(federal, month=OCTOBER, numbers=numbers[1:], waiting=town.waiting, **scope).begun == 4
    assert stand.contents()["acknowledgments"] == []
    withdraw_bills(federal, month=OCTOBER, waiting=town.waiting, **scope)
    assert poll(federal, waiting=town.waiting, **scope).finished
    assert sum(bill["withdrawn"] for bill in stand.contents()["bills"]) == 410
    assert status(federal, month=OCTOBER, **scope).placed == 0

    with town.application.engine.connect() as connection:
        own = str(federal.provider_guid(connection, OURS))
    house = accounts[0].house_fias
    stand.ask_about_debt(own, "З-1", house=house, details="кв. 1", sent_on="2026-11-03", answer_by="2026-11-20")
    words = {"topic": "Начисления", "words": "Проверьте", "created_on": "2026-11-03", "answer_by": "2026-12-03"}
    stand.write_appeal(own, "О-1", house=house, **words)
    days = {"first": date(2026, 11, 1), "last": date(2026, 11, 30), "waiting": town.waiting}
    for kind, number in (("subrequests", "З-1"), ("appeals", "О-1")):
        look_at_inbox(federal, kind, **days, **scope)
        said = {"number": number, "executor": uuid4(), "text": "Проверено", "waiting": town.waiting}
        assert answer(federal, kind, **said, **scope).is_there
        look_at_inbox(federal, kind, **{**days, "last": date(2026, 11, 29), "waiting": town.waiting}, **scope)
    assert [one.status for one in read_subrequests(federal, **scope)] == ["Sent"]
    assert [one["kind"] for one in stand.contents()["objects"] if '"status": "Executed"' in one["content"]] == ["appeal"]

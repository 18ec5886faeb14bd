"""The synthetic town and a stand that knows it: everything that the two tell each other, there and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from adapters.gis_zhkh.client import SoapClient
from adapters.gis_zhkh.exchange import Ladder
from adapters.signing import RSA, choose, issue
from core.clock import FixedClock
from core.ids import ProviderId
from core.records.latest import read_accounts
from core.services.federal import (
    Federal,
    Waiting,
    acknowledge,
    answer,
    cancel_acknowledgments,
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
from core.services.federal.meters import place_meters
from core.services.issue import issue_month
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


@pytest.fixture(scope="module")
def town(server_url: str, charged_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("federal")
    with database_copy(server_url, charged_template, folder / "home") as (_, application):
        issue_month(
            application.engine, provider_id=OURS, month=OCTOBER, law=law(), series="ЕПД", issued_on=NOW.date(), clock=application.clock
        )
        town = Town(application, folder)
        assert synchronise(town.federal, provider_id=OURS, waiting=town.waiting).finished
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
        assert answer(federal, kind, **said, **scope) == {}
        look_at_inbox(federal, kind, **{**days, "last": date(2026, 11, 29), "waiting": town.waiting}, **scope)
    assert [one.status for one in read_subrequests(federal, **scope)] == ["Sent"]
    assert [one["kind"] for one in stand.contents()["objects"] if '"status": "Executed"' in one["content"]] == ["appeal"]

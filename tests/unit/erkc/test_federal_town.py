"""The synthetic town and a stand that knows it: bills placed, debts placed, documents taken back; books, own mapping and readings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from adapters.gis_zhkh.client import SoapClient
from adapters.gis_zhkh.exchange import Ladder
from adapters.signing import RSA, choose, issue
from core.clock import FixedClock
from core.ids import ProviderId
from core.services.federal import Federal, Waiting, poll, send_bills, send_debts, status, synchronise, withdraw_bills
from core.services.issue import issue_month
from erkc.application import Application
from erkc.cli.options import law
from erkc.federal import FederalGateway
from erkc.federal_stand import town_seed
from erkc.stands.gis import Stand
from tests.simulation.world import Wire
from tests.unit.erkc.conftest import NOW, OCTOBER, database_copy

OURS = ProviderId(1)


class Town:
    """The town, its stand and the conversation between them."""

    def __init__(self, application: Application, folder: Path) -> None:
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


def test_bills_and_debts_of_the_town_are_placed_and_taken_back(town: Town) -> None:
    prepared = send_bills(town.federal, provider_id=OURS, month=OCTOBER, waiting=town.waiting)
    assert (prepared.bills, prepared.held) == (410, {})
    debts = send_debts(town.federal, provider_id=OURS, month=OCTOBER, waiting=town.waiting)
    assert debts.documents > 0
    again = send_debts(town.federal, provider_id=OURS, month=OCTOBER, waiting=town.waiting)
    assert (again.documents, again.placed, again.held) == (0, debts.documents, debts.held)
    placed = town.stand.contents()["bills"]
    assert len(placed) == 410 + debts.documents
    withdraw_bills(town.federal, provider_id=OURS, month=OCTOBER, waiting=town.waiting)
    assert poll(town.federal, provider_id=OURS, waiting=town.waiting).finished
    assert sum(bill["withdrawn"] for bill in town.stand.contents()["bills"]) == 410
    assert status(town.federal, provider_id=OURS, month=OCTOBER).placed == 0

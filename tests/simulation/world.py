"""A small town, a federal stand inside this process, and a clock that both share: the real client, codecs, signatures and outbox over a
wire without sockets."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from sqlalchemy import Connection, Engine

from adapters.gis_zhkh.client import SoapClient
from adapters.gis_zhkh.exchange import Ladder
from adapters.signing import Choice
from core import archive
from core.clock import FixedClock
from core.ids import CENTRE, BillId, EntityId, ProviderId
from core.model.bill import BillContent
from core.model.finding import Position
from core.model.records import (
    Account,
    AccountPlace,
    Body,
    House,
    Organisation,
    Premises,
    Record,
    RegisteredSender,
    Service,
)
from core.period import Month
from core.records.entities import entity_ids
from core.records.latest import read_accounts
from core.records.providers import register_senders
from core.records.store import save
from core.services.federal import Federal
from core.storage.engine import transaction
from erkc.federal import FederalGateway
from erkc.stands.gis import SeedBook, SeedElement, SeedHouse, SeedOrganisation, SeedPremises, Stand, build_seed
from tests.unit.adapters.gis_zhkh.federal_samples import MONTH, bill_content, line, recipient

START = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
MANAGER_OGRN, BANK_OGRN = "1260077000600", "1027700132195"
MANAGER_INN, BANK_INN = "0077000483", "7707083893"


def centre_inn(number: int) -> str:
    """ИНН of the settlement centre of world ``number``: many worlds share one database, each with a centre and a federal system of its
    own."""
    return f"00771{number:05d}"


def centre_ogrn(number: int) -> str:
    """Its ОГРН."""
    return f"12600771{number:05d}"


class Wire(BaseAdapter):
    """Carries a request of ``requests`` to a stand in this process; a cut connection is the error that the network would give."""

    def __init__(self) -> None:
        super().__init__()
        self.stand: Stand | None = None
        self.sent: list[tuple[str, bytes]] = []
        self.answers: list[bytes] = []
        self.tamper: Callable[[str, bytes], bytes] | None = None
        """Changes an answer on its way, by the action it answers."""

    def send(self, request: requests.PreparedRequest, **options: object) -> requests.Response:  # type: ignore[override]  # fewer parameters by name
        action, body = str(request.headers["SOAPAction"]), request.body
        assert isinstance(body, bytes) and self.stand is not None
        self.sent.append((action, body))
        answer = self.stand.handle(urlsplit(request.url or "").path, action, body)
        if self.tamper is not None:
            answer = replace(answer, body=self.tamper(action, answer.body))
        self.answers.append(answer.body)
        if answer.cut:
            raise requests.exceptions.ConnectionError(("Connection aborted.", ConnectionResetError(104, "Connection reset by peer")))
        if answer.slow:
            raise requests.exceptions.ReadTimeout("Read timed out.")
        response = requests.Response()
        response.status_code, response._content, response._content_consumed = answer.status, answer.body, True  # type: ignore[attr-defined]  # requests
        response.request, response.url = request, request.url or ""
        return response

    def close(self) -> None:
        """Nothing to let go of."""


@dataclass
class Bills:
    """Issued bills of the town, in memory: the conversation only reads them."""

    contents: dict[BillId, BillContent] = field(default_factory=dict)

    def ids_of_month(self, connection: Connection, provider_id: ProviderId, month: Month) -> Sequence[BillId]:
        """Those of a month."""
        return [number for number, bill in self.contents.items() if bill.month == month]

    def of_month(
        self, connection: Connection, provider_id: ProviderId, month: Month, *, ids: Collection[BillId] | None = None
    ) -> Mapping[BillId, BillContent]:
        """Those of a month, or just these."""
        return {number: bill for number, bill in self.contents.items() if bill.month == month and (ids is None or number in ids)}

    def numbers(self, connection: Connection, ids: Collection[BillId]) -> Mapping[BillId, str]:
        """Printed numbers."""
        return {number: self.contents[number].number for number in ids}

    def by_number(self, connection: Connection, provider_id: ProviderId, numbers: Collection[str]) -> Mapping[str, BillId]:
        """By the printed number."""
        return {bill.number: number for number, bill in self.contents.items() if bill.number in numbers}


@dataclass
class World:
    """Everything a test of the conversation needs."""

    engine: Engine
    stand: Stand
    clock: FixedClock
    wire: Wire
    gateway: FederalGateway
    provider_id: ProviderId
    houses: int
    flats: int
    number: int
    bills: Bills = field(default_factory=Bills)
    failpoint: Callable[[str], None] = field(default=lambda name: None)

    def federal(self, **changes: object) -> Federal:
        """The conversation's surroundings, made anew as after a restart."""
        settings: dict[str, object] = {"lost_wait": timedelta(seconds=60), "backoff": timedelta(seconds=5), "package": 5}
        return Federal(self.engine, self.gateway, self.clock, self.bills, failpoint=self.failpoint, **{**settings, **changes})  # type: ignore[arg-type]  # by name

    def issue(self, month: Month = MONTH) -> None:
        """A bill of a month for every account."""
        self.bills = bills_for(self.engine, self.provider_id, self.number, month)

    def enter(self) -> None:
        """Take the wire back from another world, without what was said on it."""
        self.wire.stand = self.stand
        self.wire.sent, self.wire.answers, self.wire.tamper = [], [], None

    def sleep(self, pause: timedelta) -> None:
        """Waiting is moving the clock."""
        self.clock.advance(pause)


_MOST_BILLS = 20
"""Bills of a month of one world: their numbers are those of world, month and account."""


def bills_for(engine: Engine, provider_id: ProviderId, world: int, month: Month = MONTH) -> Bills:
    """A bill for every account: maintenance with common-property water inside, and metered water. The same each time."""
    bills = Bills()
    with engine.connect() as connection:
        organisations = entity_ids(connection, CENTRE, "organisation")
        services = entity_ids(connection, provider_id, "service")
        creditors = (organisations[MANAGER_INN], organisations[centre_inn(world)])
        for number, row in enumerate(read_accounts(connection, provider_id=provider_id), 1):
            bill = bill_of(number, row.entity_id, row.number, row.house_fias, services, creditors, month)
            bills.contents[BillId(world * 1000 + (month - MONTH) * _MOST_BILLS + number)] = bill
    assert len(bills.contents) <= _MOST_BILLS
    return bills


def bill_of(
    number: int,
    account_id: EntityId,
    account: str,
    house: str,
    services: Mapping[str, EntityId],
    creditors: tuple[EntityId, EntityId],
    month: Month,
) -> BillContent:
    """The bill of one account; ``creditors``: the managing company and the centre."""
    manager, centre = creditors
    lines = (
        line(services["1"], "housing", manager, 150_000 + number, housing_kind=3),
        line(services["3"], "common_property", manager, 1_234, resource_kind=1, common_volume_e6=50_000),
        line(services["2"], "utility", centre, 60_000, utility_kind=1, individual_volume_e6=14_330_000, method="ipu"),
    )
    by_creditor: dict[EntityId, int] = {}
    for one in lines:
        by_creditor[one.creditor_id] = by_creditor.get(one.creditor_id, 0) + one.total
    recipients = tuple(
        recipient(creditor, f"407028107000000{creditor:05d}", charged=charged, due=charged) for creditor, charged in by_creditor.items()
    )
    return bill_content(
        f"ЕПД-{number:06d}",
        recipients,
        lines,
        month=month,
        account_id=account_id,
        account_number=account,
        account_kind=4,
        house_fias=house,
        premises_number="1",
        due=sum(by_creditor.values()),
    )


def seed_of(
    houses: int, flats: int, authority: str, *, number: int = 0, signature: str = "rsa_sha256", delay_s: float = 15
) -> dict[str, object]:
    """The stand's side of the town."""
    centre = centre_ogrn(number)
    return build_seed(
        organisations=[
            SeedOrganisation("Расчётный центр", centre_inn(number), "007701001", centre, is_provider=True),
            SeedOrganisation("УК Береговая", MANAGER_INN, "007701001", MANAGER_OGRN),
            SeedOrganisation("Банк", BANK_INN, "773601001", BANK_OGRN),
        ],
        houses=[
            SeedHouse(fias(house), f"ул. Учебная, д. {house}", tuple(SeedPremises(str(flat), area="50.00") for flat in range(1, flats + 1)))
            for house in range(1, houses + 1)
        ],
        books=[
            SeedBook("2", (SeedElement("1", "Холодная вода"),)),
            SeedBook("3", (SeedElement("1", "Холодное водоснабжение"),)),
            SeedBook("50", (SeedElement("2", "Взнос на капитальный ремонт"), SeedElement("3", "Плата за содержание жилого помещения"))),
            SeedBook("329", (SeedElement("1", "Пени"),)),
            SeedBook("51", (SeedElement("1.1", "Холодное водоснабжение", "113", (("3", "1"),)),), owner=centre),
            SeedBook("1", (SeedElement("1", "Домофон"),), owner=centre),
        ],
        authorities=[authority],
        signature=signature,
        delay_s=delay_s,
    )


def fias(house: int) -> str:
    """The ФИАС GUID of a house of the town."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"simulated house {house}"))


def records_of(houses: int, flats: int, number: int) -> Iterator[Record]:
    """Our side of the town."""

    def record(key: str, body: Body) -> Record:
        return Record(key, Position("town", 1), body, MONTH.first)

    for key, name, inn, ogrn, role in (
        ("1001", "Расчётный центр", centre_inn(number), centre_ogrn(number), 36),
        ("1002", "УК Береговая", MANAGER_INN, MANAGER_OGRN, 1),
    ):
        yield record(key, Organisation(name, name, inn, "007701001", ogrn, "", "", "", (role,), True))
    yield record("1", Service("Содержание жилого помещения", "Содержание", 2, 1, None, None, 3, None, "055", None, 1))
    yield record("2", Service("Холодное водоснабжение", "ХВС", 1, 1, None, 1, None, None, "113", 1, 2))
    yield record("3", Service("Холодная вода на содержание общего имущества", "ХВ СОИ", 2, 2, "2", None, 3, None, "113", 1, 3))
    for house in range(1, houses + 1):
        address = f"ул. Учебная, д. {house}"
        yield record(str(house), House(fias(house), "02701000001", address, "", "", 1, None, None, 500_000, 4, "1002"))
        for flat in range(1, flats + 1):
            key = f"{house}-{flat}"
            yield record(key, Premises(str(house), str(flat), 1, None, False, 5000, None, "", False, None, None))
            account = f"4{house:03d}{flat:04d}"
            opened = date(2026, 1, 1)
            yield record(
                key, Account(account, str(house), 4, opened, None, 2, 5000, None, None, False, False, None, None, "Тестов Синтет", None)
            )
            yield record(key, AccountPlace(key, key, None, None, None))


def build(
    engine: Engine,
    folder: Path,
    *,
    signature: Choice,
    authority: str,
    client: SoapClient,
    wire: Wire,
    houses: int = 1,
    flats: int = 6,
    delay_s: float = 15,
    number: int = 0,
) -> World:
    """A fresh world: records stored, stand seeded, nothing said yet."""
    clock = FixedClock(START)
    seed = seed_of(houses, flats, authority, number=number, signature=signature.signer.profile.name, delay_s=delay_s)
    stand = Stand(folder, seed=seed, clock=clock.now)
    wire.stand, wire.sent, wire.answers, wire.tamper = stand, [], [], None
    provider_id = store_town(engine, houses, flats, number)
    # Some worlds ask before the stand is ready and must ask again, the others after.
    ladder = Ladder((Random(number).choice((10.5, 20.5)), 60, 300, 900), most=6)
    gateway = FederalGateway(client, signature, ladder, system=f"gis-{number}")
    return World(engine, stand, clock, wire, gateway, provider_id, houses, flats, number)


def store_town(engine: Engine, houses: int, flats: int, number: int) -> ProviderId:
    """Our records of the town; the provider they belong to."""
    with transaction(engine) as connection:
        sender = RegisteredSender("Расчётный центр", centre_inn(number), "007701001", centre_ogrn(number), (f"Z-{number}",), 36)
        (provider_id,) = register_senders(connection, [sender])
        stored = archive.store(
            connection, data=f"town {number}".encode(), name="town", channel="test", direction="in", provider_id=provider_id, at=START
        )
        save(
            connection,
            provider_id=provider_id,
            message_id=stored.message_id,
            records=records_of(houses, flats, number),
            recorded_at=START,
        )
    return provider_id


__all__ = ["MONTH", "START", "Bills", "Wire", "World", "bill_of", "bills_for", "build", "seed_of", "store_town"]

"""Every command of payments, meters, contracts, settlements, individual services, houses and exports through the command line: what a
person reads, what a machine reads, the code, the empty state. One small town and one stand for all of it; the tests follow each other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text

from adapters.signing import RSA, issue
from core import archive
from core.ids import CENTRE, CalculationId, ProviderId
from core.issued.bills import NewBill, save_bills
from core.ledger.post import post
from core.model.finding import Position
from core.model.ledger import Entry, Posting
from core.model.lines import Chart, Component
from core.model.records import Body, Meter, Premises, Record, Service
from core.records.entities import entity_ids
from core.records.latest import read_accounts
from core.records.store import save
from core.storage.engine import application_engine, transaction
from erkc.stands.gis import RunningStand, running
from erkc.stands.gis.seed import guid
from tests.conftest import fresh_database
from tests.simulation.world import MONTH, bills_for, centre_inn, fias, seed_of, store_town
from tests.unit.erkc.conftest import Run

NOW = datetime(2026, 11, 4, 6, tzinfo=UTC)
DAY = date(2024, 2, 1)
INN = centre_inn(0)
UIP = f"{1:032d}"
NEXT = str(MONTH.next())
OCTOBER = str(MONTH)


@dataclass
class Room:
    """A database with the town, its home folder and the stand that answers."""

    url: str
    home: Path
    stand: RunningStand
    engine: Engine
    provider_id: ProviderId


@pytest.fixture(scope="module")
def room(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    home = tmp_path_factory.mktemp("home")
    files = issue(home / "signing", at=datetime.now(UTC), profile=RSA)
    (home / "erkc.toml").write_text("[gis]\npoll_ladder_s = [0.1]\n")
    seed = seed_of(1, 2, files.authority.read_text(), signature="rsa_sha256", delay_s=0.02)
    seed["supply"] = [{"number": "Д-1", "root_guid": str(uuid4()), "signed_on": "2020-01-01", "utilities": ["1"], "houses": [fias(1)]}]
    reason = {"code": "1", "name": "Истёк срок", "okei": "", "refers": [], "guid": guid("book", "", "21", "1")}
    seed["books"] = [*seed["books"], {"number": "21", "owner": "", "elements": [reason]}]  # type: ignore[misc]  # a list
    with fresh_database(server_url, template_database) as database:
        engine = application_engine(database.url)
        provider_id = people(engine)
        with running(tmp_path_factory.mktemp("stand"), seed=seed) as stand:
            yield Room(database.url, home, stand, engine, provider_id)
        engine.dispose()


def meter(flat: int, make: str, *, closed: date | None = None) -> Meter:
    place = f"1-{flat}"
    return Meter("1", 3, place, place, "2", f"В-{flat}", 5, DAY, DAY, None, closed, 12_345, closed is None, make, "15-3")


def tell(engine: Engine, provider_id: ProviderId, bodies: dict[str, Body]) -> None:
    """More records of the town."""
    records = [Record(key, Position("more", 1), body, MONTH.first) for key, body in bodies.items()]
    with transaction(engine) as connection:
        data = repr(bodies).encode()
        stored = archive.store(connection, data=data, name="more", channel="test", direction="in", provider_id=provider_id, at=NOW)
        save(connection, provider_id=provider_id, message_id=stored.message_id, records=records, recorded_at=NOW)


def people(engine: Engine) -> ProviderId:
    """Two accounts with their bills, a payment that the centre took itself, two meters, a service that one account may order."""
    provider_id = store_town(engine, 1, 2, 0)
    more: dict[str, Body] = {
        "п1": meter(1, "СВК"),
        "п2": meter(2, ""),
        "7": Service("Домофон", "ДМФ", 3, 1, None, None, None, None, "796", None, 7),
        "1-3": Premises("1", "3", 1, None, False, 5000, None, "", False, None, None),
    }
    tell(engine, provider_id, more)
    with transaction(engine) as connection:
        query = """INSERT INTO calculation (provider_id, month, version, mode, rules, code_version, known_until, created_at)
                   VALUES (:owner, :month, 1, 'charge', '2026-03-01', 'test', 0, :now) RETURNING calculation_id"""
        about = {"owner": provider_id, "month": MONTH.first, "now": NOW}
        calculation = CalculationId(connection.execute(text(query), about).scalar_one())
    bills = list(bills_for(engine, provider_id, 0).contents.values())
    with transaction(engine) as connection:
        save_bills(connection, provider_id, [NewBill(bill.account_id, calculation, bill) for bill in bills], issued_at=NOW)
        own = entity_ids(connection, CENTRE, "organisation")[INN]
        water = entity_ids(connection, provider_id, "service")["2"]
        account = next(iter(read_accounts(connection, provider_id=provider_id))).entity_id
        place = (account, water, own, MONTH, Component.BASE)
        charged = (Posting(Chart.RECEIVABLE, Chart.INCOME, 60_000, *place),)
        paid = (Posting(Chart.CASH, Chart.RECEIVABLE, 5_000, *place),)
        following = MONTH.next()
        post(
            connection,
            [
                Entry("charge/1", "charge", provider_id, MONTH, MONTH.last, "начислено", charged),
                Entry(f"payment/{UIP}", "payment", provider_id, following, following.first, "оплачено", paid),
            ],
            at=NOW,
        )
    return provider_id


@pytest.fixture
def gis(room: Room, erkc: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Run ``erkc gis …``: the code and what a person reads, errors too, in one line."""
    monkeypatch.setenv("ERKC_HOME", str(room.home))
    monkeypatch.setenv("ERKC_DATABASE_URL", room.url)
    monkeypatch.setenv("ERKC_GIS_URL", room.stand.url)
    monkeypatch.setenv("ERKC_GIS_SIGNER", "rsa")

    def command(*arguments: str) -> tuple[int, str]:
        code, out, err = erkc("gis", *arguments)
        return code, " ".join(f"{out} {err}".split())

    return command


@pytest.fixture
def told(gis: Callable[..., tuple[int, str]]) -> Callable[..., tuple[int, Any]]:
    """The same with ``--json``: the code and the document; of one provider, what is told of it."""

    def command(*arguments: str) -> tuple[int, Any]:
        code, out = gis(*arguments, "--json")
        document = json.loads(out)
        return code, document.get(INN, document)

    return command


Said = Callable[..., tuple[int, str]]
Told = Callable[..., tuple[int, Any]]


def test_nothing_is_there_yet(gis: Said, told: Told) -> None:
    code, said = gis("export", OCTOBER)
    assert code == 0 and "лицевых счетов в ГИС ЖКХ нет" in said
    assert told("export", OCTOBER)[1]["there"]["documents"] == []
    code, said = gis("withdraw", OCTOBER)
    assert code == 0 and "отзывается документов 0" in said and "размещено 0 (0 %)" in said
    code, said = gis("acknowledge", NEXT)
    assert (code, "платежей 0, квитируется строк 0" in said) == (0, True)
    assert told("acknowledge", NEXT)[1] == {"payments": 0, "begun": 0, "known": 0, "held": {}}
    code, said = gis("payments", "tell", OCTOBER)
    assert (code, "платежей 0, передано 0" in said) == (0, True)
    code, said = gis("contracts")
    assert code == 1 and "GIS-0511" in said, "who we are there is not known before synchronise"
    assert gis("synchronise")[0] == 0
    code, said = gis("export", OCTOBER)
    assert code == 0 and "документов за октябрь 2026 в ГИС ЖКХ нет" in said and "подготовлено" in said


def test_documents_are_placed_exported_and_taken_back(gis: Said, told: Told, room: Room) -> None:
    code, said = gis("send", OCTOBER)
    assert code == 0 and "документов 2: размещено 2 (100 %), ждут ответа 0, отклонено 0" in said
    code, said = gis("export", OCTOBER)
    assert code == 0 and "документов 2, из них отозвано 0, долговых 0; с выпущенными совпадают 2, расходятся 0" in said
    code, document = told("withdraw", OCTOBER, "--number", "ЕПД-000002", "--number", "нет такого")
    assert (code, document["begun"], list(document["held"]), document["placed"]) == (1, 1, ["нет такого"], 1)
    code, document = told("export", OCTOBER)
    there = document["there"]
    assert (code, document["placed"], document["not_sent"], there["withdrawn"], there["agreeing"]) == (0, 1, 1, 1, 1)
    assert {one["number"]: one["withdrawn"] for one in there["documents"]} == {"ЕПД-000001": False, "ЕПД-000002": True}
    code, said = gis("export", OCTOBER, "--wait", "0")
    assert code == 3 and "ответа ещё нет: erkc gis poll" in said
    assert gis("poll", "--wait", "20")[0] == 0


def test_what_the_other_side_holds_otherwise_is_named(gis: Said, told: Told, room: Room) -> None:
    """Another hand has taken our document back there: the export says so."""
    ipd = next(one["ipd"] for one in told("export", OCTOBER)[1]["there"]["documents"] if not one["withdrawn"])
    with transaction(room.engine) as connection:
        where = "UPDATE exchange_item SET state = 'retracted' WHERE remote_number = :ipd"
        connection.execute(text(where), {"ipd": ipd})
    code, said = gis("export", OCTOBER)
    assert code == 1 and f"ЕПД-000001: размещён в ГИС ЖКХ (ИПД {ipd}), у нас размещённым не значится" in said
    with transaction(room.engine) as connection:
        connection.execute(text("UPDATE exchange_item SET state = 'accepted' WHERE remote_number = :ipd"), {"ipd": ipd})
        changed = "UPDATE exchange_item SET remote_number = '70АА000000-00-0000' WHERE remote_number = :ipd"
        connection.execute(text(changed), {"ipd": ipd})
    code, document = told("export", OCTOBER)
    assert code == 1 and document["there"]["differing"] == {"ЕПД-000001": "значится размещённым, в ГИС ЖКХ его нет"}
    with transaction(room.engine) as connection:
        back = "UPDATE exchange_item SET remote_number = :ipd WHERE remote_number = '70АА000000-00-0000'"
        connection.execute(text(back), {"ipd": ipd})


def test_payments_are_told_asked_about_and_annulled(gis: Said, told: Told) -> None:
    code, said = gis("payments", "tell", NEXT)
    assert code == 0 and "платежей 1, передано 1, передавались раньше 0" in said
    code, document = told("payments", "tell", NEXT)
    assert (code, document) == (0, {"payments": 1, "begun": 0, "known": 1, "held": {}, "refused": {}})
    code, said = gis("payments", "tell", NEXT, "--form", "139")
    assert code == 2 and "CLI-0450" in said
    ipd = told("status", OCTOBER)[1]["identifiers"].popitem()[1]
    code, document = told("payments", "details", "--ipd", ipd)
    assert code == 0 and document["details"][0]["ipd"] == ipd
    code, said = gis("payments", "details", "--ipd", ipd)
    assert code == 0 and "сумма не сообщается; получатель ИНН" in said
    code, said = gis("payments", "details", "--els", "00АА999999")
    assert code == 1 and "платить нечего" in said
    assert gis("payments", "details")[0] == 2
    code, said = gis("payments", "cancel", UIP, "--reason", "ошибка кассы")
    assert code == 0 and f"{UIP}: аннулирование передано" in said
    code, said = gis("payments", "cancel", "не было", "--reason", "ошибка")
    assert code == 1 and "GIS-0530" in said
    code, document = told("acknowledge", OCTOBER, "--cancel")
    assert (code, document) == (0, {"begun": 1, "held": {}})


def test_meters_are_placed_compared_and_archived(gis: Said, told: Told, room: Room) -> None:
    code, document = told("meters", "show")
    assert (code, document["meters"], document["there"]) == (1, 2, 0)
    code, said = gis("meters", "place")
    assert code == 1 and "приборов 2, в ГИС ЖКХ 1, ждут ответа 0" in said and "В-2" in said and "марки" in said
    code, document = told("meters", "place")
    assert (code, document["there"], document["refused"], len(document["held"])) == (1, 1, {}, 1)
    code, said = gis("meters", "archive", "нет", "--reason", "1")
    assert code == 1 and "GIS-0532" in said
    tell(room.engine, room.provider_id, {"п1": meter(1, "СВК", closed=DAY)})
    code, said = gis("meters", "show")
    assert code == 1 and "приборов 1, в ГИС ЖКХ 0" in said and "В-1: у поставщика закрыт, в ГИС ЖКХ работает" in said
    code, said = gis("meters", "archive", "В-1", "--reason", "77")
    assert code == 1 and "GIS-0533" in said
    code, said = gis("meters", "archive", "В-1", "--reason", "1")
    assert code == 0 and "В-1: архивация передана" in said


def test_contracts_and_settlements(gis: Said, told: Told) -> None:
    code, said = gis("contracts")
    assert code == 0 and "договор ресурсоснабжения Д-1" in said and "домов 1" in said
    code, listed = told("contracts")
    assert (code, sorted(one["kind"] for one in listed)) == (0, ["contract", "supply"])
    code, said = gis("settlements", OCTOBER, "--contract", "Д-1")
    assert code == 0 and "Договор Д-1, октябрь 2026: начислено 600,00, получено 0,00, долг 600,00" in said
    code, document = told("settlements", NEXT)
    assert (code, document["figures_kop"]["received"], document["figures_kop"]["debt"]) == (0, 5_000, 55_000)
    code, said = gis("settlements", OCTOBER, "--contract", "нет")
    assert code == 1 and "GIS-0531" in said
    code, said = gis("settlements", OCTOBER, "--whole")
    assert code == 2 and "CLI-0453" in said
    code, said = gis("settlements", OCTOBER, "--annul", "ошибка")
    assert code == 0 and "октябрь 2026 аннулируются" in said


def test_individual_services(gis: Said, told: Told) -> None:
    account = "40010001"
    code, said = gis("individual", "show", account)
    assert code == 0 and "индивидуальных услуг нет" in said
    ordered = (
        "--from",
        "2026-10-01",
        "--to",
        "2027-09-30",
        "--file-name",
        "Заявление.pdf",
        "--file",
        str(uuid4()),
        "--file-hash",
        "a" * 64,
    )
    code, said = gis("individual", "place", account, "2", *ordered)
    assert code == 1 and "GIS-0537" in said
    code, said = gis("individual", "place", account, "7", *ordered)
    assert code == 0 and f"{account}, услуга 7: передана" in said
    code, document = told("individual", "show", account)
    (one,) = document["services"]
    assert (code, one["first"], one["last"]) == (0, "2026-10-01", "2027-09-30")
    code, document = told("individual", "remove", one["guid"])
    assert (code, document) == (0, {"guid": one["guid"], "refused": []})
    code, document = told("individual", "show", account)
    assert (code, document) == (0, {"finished": True, "services": []})
    code, said = gis("individual", "remove", str(uuid4()))
    assert code == 1 and "GIS-0538" in said


def test_houses(gis: Said, told: Told, room: Room) -> None:
    code, said = gis("houses", "show")
    assert code == 1 and "домов 1, в ГИС ЖКХ 1; помещений и комнат 3, в ГИС ЖКХ 2" in said
    code, document = told("houses", "place", "--house", fias(1), "--inn", INN)
    assert (code, document["places"], document["places_there"], document["held"]) == (0, 3, 3, {})
    code, said = gis("houses", "place", "--year", "1987")
    assert code == 2 and "CLI-0454" in said
    code, said = gis("houses", "show", "--house", fias(9), "--inn", INN)
    assert code == 1 and "GIS-0539" in said

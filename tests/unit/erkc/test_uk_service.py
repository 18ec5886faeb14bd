"""The service for billing systems, over HTTP, by an independent client (zeep, strict): pushed, asked, pulled, repeated, signed."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
import zeep
from lxml import etree
from zeep.exceptions import Fault
from zeep.transports import Transport

from adapters.signing import RSA, TestSubject, choose, issue, sign_message
from adapters.uk.soap.operations import NAMESPACE
from adapters.uk.soap.schema import SCHEMA
from core import inquiries
from core.ids import ProviderId
from core.ledger.balances import turnovers
from core.model.records import Account, Reading
from core.records.bodies import read_records
from core.records.providers import Provider, provider
from core.records.readings import meter_readings, month_readings
from core.services.intake_history import intake_history
from core.storage.engine import transaction
from erkc.application import Application
from erkc.uk_service import authorities_folder, handle, work_off
from erkc.web.uk_exchange import PATH
from erkc.web.uk_exchange import application as web_application
from tests.unit.erkc.conftest import NOW, OCTOBER, ROOT_XSD

ONE = ProviderId(1)


def sender(application: Application) -> Provider:
    with transaction(application.engine) as connection:
        return provider(connection, ONE)


def token_of(application: Application) -> str:
    with transaction(application.engine) as connection:
        return inquiries.new_client(connection, provider_id=ONE, name="1С", at=NOW)[1]


@contextmanager
def served(application: Application) -> Iterator[str]:
    """The service on a free port."""
    server = uvicorn.Server(uvicorn.Config(web_application(application), port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}{PATH}"
    server.should_exit = True
    thread.join()


def client_of(address: str, token: str) -> zeep.Client:
    session = requests.Session()
    session.headers["Authorization"] = f"Token {token}"
    return zeep.Client(f"{address}?wsdl", transport=Transport(session=session), settings=zeep.Settings(strict=True))


def header(one: Provider, guid: str | None = None) -> dict[str, Any]:
    return {
        "MessageGUID": guid or str(uuid.uuid4()), "Date": NOW, "INN": one.inn, "KPP": one.kpp, "OGRN": one.ogrn,
        "ContactName": "Тестова Т. Т.", "ContactPhone": "+70000000000", "System": "Тест",
    }  # fmt: skip


def finished(client: zeep.Client, one: Provider, ack: Any) -> Any:
    """Ask until there is a result."""
    assert client.service.getState(RequestHeader=header(one), MessageGUID=ack.MessageGUID).RequestState in (1, 2, 3)
    for _ in range(200):
        result = client.service.getState(RequestHeader=header(one), MessageGUID=ack.MessageGUID)
        if result.RequestState == 3:
            return result
        time.sleep(0.05)
    raise AssertionError("no result")


def whole(client: zeep.Client, one: Provider, ack: Any, kind: str) -> tuple[list[Any], int]:
    """Rows of all parts of a result, and how many parts there are."""
    result, rows, parts = finished(client, one, ack), [], 1
    rows += getattr(result, kind)
    while result.NextPart is not None:
        assert result.NextPart == result.Part + 1
        result, parts = client.service.getState(RequestHeader=header(one), MessageGUID=ack.MessageGUID, Part=result.NextPart), parts + 1
        rows += getattr(result, kind)
    with pytest.raises(Fault, match="UKS-0109"):
        client.service.getState(RequestHeader=header(one), MessageGUID=ack.MessageGUID, Part=parts + 1)
    return rows, parts


def account(application: Application) -> tuple[str, Account]:
    """Some account with a person."""
    with transaction(application.engine) as connection:
        stored = next(
            one for one in read_records(connection, Account, provider_id=ONE) if one.body.payer_person and one.body.closed_on is None
        )
        return stored.key, stored.body


def kvar(key: str, body: Account, **changes: Any) -> dict[str, Any]:
    return {
        "id": int(key), "number": body.number, "house": int(body.house), "opened_on": body.opened_on, "residents": body.residents_stated,
        "total_area": f"{body.area_e2 / 100:.2f}", "kind": body.kind, "payer_person": int(body.payer_person or 0), "status": 1, **changes,
    }  # fmt: skip


def test_accounts_are_pushed_once_and_bad_rows_are_told(taken_town: Application) -> None:
    one, (key, body) = sender(taken_town), account(taken_town)
    with served(taken_town) as address:
        client = client_of(address, token_of(taken_town))
        guid = str(uuid.uuid4())
        rows = [kvar(key, body, total_area="77.70"), kvar("990001", body, number="Н-1", house=999999)]
        request = {"RequestHeader": header(one, guid), "Period": "2026-10", "kvar": rows}
        ack = client.service.importAccounts(**request)
        result = finished(client, one, ack).ImportResult
        assert (result.Status, result.NewRecords) == ("accepted_with_errors", 1)
        assert [(f.Section, f.Row, f.Field, f.Code) for f in result.Finding] == [("kvar", 2, "house", "F4-041")]
        with transaction(taken_town.engine) as connection:
            found = {stored.key: stored.body for stored in read_records(connection, Account, provider_id=ONE)}
        assert found[key].area_e2 == 7770 and "990001" not in found
        before = len(intake_history(taken_town.engine))
        later = request | {"RequestHeader": header(one, guid) | {"Date": NOW + timedelta(days=1)}}
        assert client.service.importAccounts(**later).MessageGUID == ack.MessageGUID, "a repeat is the same request"
        assert len(intake_history(taken_town.engine)) == before
        with pytest.raises(Fault, match="UKS-0104"):
            client.service.importAccounts(**{**request, "kvar": [kvar(key, body, total_area="11.00")]})


def test_books_are_pulled_as_the_ledger_has_them(charged_town: Application) -> None:
    one, settings = sender(charged_town), charged_town.settings
    limits = settings.limits.model_copy(update={"uk_answer_rows": 700})
    with served(replace(charged_town, settings=settings.model_copy(update={"limits": limits}))) as address:
        client = client_of(address, token_of(charged_town))
        asked = {"Period": "2026-10"}
        balances, parts = whole(client, one, client.service.exportBalances(RequestHeader=header(one), **asked), "balance")
        payments, _ = whole(client, one, client.service.exportPayments(RequestHeader=header(one), **asked), "payment")
        readings, _ = whole(client, one, client.service.exportReadings(RequestHeader=header(one), **asked), "reading")
        bills = finished(client, one, client.service.exportBills(RequestHeader=header(one), **asked))
    with transaction(charged_town.engine) as connection:
        rows = list(turnovers(connection, provider_id=ONE, month=OCTOBER))
        stored = list(month_readings(connection, provider_id=ONE, month=OCTOBER))
    assert [int(row.closing * 100) for row in balances] == [row.closing for row in rows] and len(rows) > 100
    assert parts == -(-len(rows) // 700) > 2, "a large answer comes in parts, all of one moment"
    paid = sum(int(row.amount * 100) for row in payments)
    assert paid == -sum(row.other for row in rows) + sum(int(row.penalty * 100) for row in payments) and paid > 0
    assert [(row.serial, row.taken_on) for row in readings] == [(row.serial, row.taken_on) for row in stored] and stored
    assert bills.bill == [] and bills.Error is None, "nothing issued is nothing to give, not an error"


def test_strangers_get_nothing(taken_town: Application) -> None:
    one = sender(taken_town)
    with served(taken_town) as address:
        with pytest.raises(Fault, match="UKS-0106"):
            client_of(address, "чужой".encode().hex()).service.exportBalances(RequestHeader=header(one), Period="2026-10")
        client = client_of(address, token_of(taken_town))
        with pytest.raises(Fault, match="UKS-0108"):
            client.service.exportBalances(RequestHeader=header(replace(one, inn="7700000000")), Period="2026-10")
        with pytest.raises(Fault, match="UKS-0105"):
            client.service.getState(RequestHeader=header(one), MessageGUID=str(uuid.uuid4()))
        assert requests.get(f"{address}/nothing.xsd", timeout=5).status_code == 404


def test_signed_by_the_sender_itself_or_not_at_all(taken_town: Application, tmp_path: Path) -> None:
    one = sender(taken_town)
    client = zeep.Client(str(ROOT_XSD / "uk-exchange.wsdl"))
    with transaction(taken_town.engine) as connection:
        known = next(
            meter
            for meter in meter_readings(connection, provider_id=ONE, since=date(2026, 1, 1))
            if len(meter.readings) > 3 and meter.kind == 3
        )
    _, _, last_e3, zone = known.readings[-1]
    value = f"{last_e3 // 1000 + 1}.000"
    row = {"id": 880001, "meter": int(known.key), "taken_on": date(2026, 10, 31), "value": value, "source": 1, "zone": zone}
    envelope = client.create_message(client.service, "importReadings", RequestHeader=header(one), Period="2026-10", puval=[row])
    envelope.find(f".//{{{NAMESPACE}}}importReadings").set("Id", "signed")
    unsigned = etree.tostring(envelope)
    assert b"UKS-0106" in handle(taken_town, unsigned, token=None).body
    for subject, expected in ((TestSubject(ogrn=one.ogrn), b"Ack"), (TestSubject(ogrn="1260077000999"), b"UKS-0108")):
        files = issue(tmp_path / subject.ogrn, at=NOW, profile=RSA, subject=subject)
        authorities_folder(taken_town).mkdir(exist_ok=True, parents=True)
        (authorities_folder(taken_town) / f"{subject.ogrn}.pem").write_bytes(files.authority.read_bytes())
        choice = choose(files.certificate, files.key)
        message = sign_message(unsigned, choice.signer, digester=choice.digester, at=NOW)
        assert expected in handle(taken_town, message, token=None).body
        if expected == b"Ack":
            assert b"SIG-0611" in handle(taken_town, message.replace(value.encode(), b"0.000"), token=None).body
    assert work_off(taken_town) == 1
    with transaction(taken_town.engine) as connection:
        assert any(one.key == "880001" for one in read_records(connection, Reading, provider_id=ONE)), "in force"


def test_pushed_readings_are_judged_by_what_the_hub_knows(taken_town: Application) -> None:
    one, token = sender(taken_town), token_of(taken_town)
    with transaction(taken_town.engine) as connection:
        known = next(
            meter
            for meter in meter_readings(connection, provider_id=ONE, since=date(2026, 1, 1))
            if len(meter.readings) > 3 and meter.kind == 3
        )
    client = zeep.Client(str(ROOT_XSD / "uk-exchange.wsdl"))
    last = known.readings[-1]
    row = {
        "id": 880002,
        "meter": int(known.key),
        "taken_on": date(2026, 10, 31),
        "value": f"{last[2] / 1000 - 1:.3f}",
        "source": 1,
        "zone": last[3],
    }
    message = client.create_message(client.service, "importReadings", RequestHeader=header(one), Period="2026-10", puval=[row])
    ack = etree.fromstring(handle(taken_town, etree.tostring(message), token=token).body)
    assert work_off(taken_town) == 1
    asked = client.create_message(
        client.service, "getState", RequestHeader=header(one), MessageGUID=ack.findtext(f".//{{{NAMESPACE}}}MessageGUID")
    )
    answered = handle(taken_town, etree.tostring(asked), token=token).body.decode()
    assert "F4-061" in answered and "hold_reading" in answered
    with transaction(taken_town.engine) as connection:
        held = [one for one in month_readings(connection, provider_id=ONE, month=OCTOBER, held_only=True) if one.key == "880002"]
    assert [(one.meter, one.code, bool(one.reason)) for one in held] == [(known.key, "F4-061", True)]


def test_answers_pass_the_schema(taken_town: Application) -> None:
    schema = etree.XMLSchema(etree.parse(str(ROOT_XSD / SCHEMA)))
    one, token = sender(taken_town), token_of(taken_town)
    client = zeep.Client(str(ROOT_XSD / "uk-exchange.wsdl"))

    def said(name: str, **values: Any) -> etree._Element:
        message = etree.tostring(client.create_message(client.service, name, RequestHeader=header(one), **values))
        return etree.fromstring(handle(taken_town, message, token=token).body)[0][0]

    for name in ("exportBalances", "exportReadings", "exportPayments"):
        ack = said(name, Period="2026-10")
        schema.assertValid(ack)
        guid = ack.findtext(f"{{{NAMESPACE}}}MessageGUID")
        schema.assertValid(said("getState", MessageGUID=guid))
        work_off(taken_town)
        schema.assertValid(said("getState", MessageGUID=guid))
    schema.assertValid(said("getState", MessageGUID=str(uuid.uuid4())).find("detail")[0])

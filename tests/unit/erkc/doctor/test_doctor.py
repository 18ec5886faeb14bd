"""The package doctor against the list of seeded defects that was written before it, and against both towns: it names what is wrong on the
document that is wrong, and nothing on what is right."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from lxml import etree
from sqlalchemy import Connection

from adapters.gis_zhkh.ailments import Known
from adapters.gis_zhkh.doctor import Diagnosis, examine, healthy_requests
from adapters.signing import RSA, issue
from core.clock import SystemClock
from core.ids import BillId, ProviderId, TransportGuid
from core.issued.bills import bills_of_month
from core.model.bill import BillContent
from core.period import Month
from core.services.charge import approve_month, draft_month, post_month
from core.services.federal import bill_request, mapped_services, send_bills, status, synchronise
from core.services.federal.bills import bills_lacking
from core.services.federal.gateway import Envelope
from core.services.federal.issued_bills import IssuedBills
from core.services.issue import issue_month
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.federal import request_body
from erkc.federal_check import GoodFiles, check_file, check_month, known_facts
from erkc.federal_stand import town_seed
from erkc.federation import open_federal, signing_folder, waiting
from erkc.intake import load_region_file, take_file
from erkc.stands.gis import running
from tests.unit.adapters.gis_zhkh.federal_samples import requests
from tests.unit.erkc.conftest import NOW, OCTOBER, Run, database_copy
from tests.unit.erkc.doctor.defects import ACCOUNT, BASE, BILLS, BILLS_BASE, LIST, Spoilt, packages_of, spoil
from xsd import catalog

OURS = ProviderId(1)
EXAMPLES = Path(__file__).parents[4] / "examples"
SIZE = 6


@dataclass(frozen=True)
class Town:
    """A town whose October is issued and whose identifiers are known; requests as they would go."""

    application: Application
    requests: tuple[etree._Element, ...]
    known: Known
    stand: Path
    """Folder of the stand that knows its accounts."""
    seed: dict[str, Any]
    closed: int
    """Bills of accounts that were closed before they were placed: they can not go, and the doctor says so."""


def _issued(application: Application) -> None:
    scope = {"provider_id": OURS, "month": OCTOBER, "clock": application.clock}
    issue_month(application.engine, law=law(), series="ЕПД", issued_on=NOW.date(), **scope)


def _synchronised(application: Application, folder: Path, *others: ProviderId) -> Town:
    at = datetime.now(UTC)
    files = issue(signing_folder(application), at=at, profile=RSA, not_before=at - timedelta(days=400))
    with application.engine.connect() as connection:
        authority = files.authority.read_text()
        seed = town_seed(connection, OURS, *others, authorities=[authority], signature="rsa_sha256", delay_s=0)
    application = replace(application, clock=SystemClock())
    with running(folder, seed=seed) as stand:
        federal = open_federal(application, url=stand.url, is_local=True)
        for provider_id in (OURS, *others):
            assert synchronise(federal, provider_id=provider_id, waiting=waiting(60, application)).finished
    federal = open_federal(application)
    with application.engine.connect() as connection:
        contents = [bill.content for bill in bills_of_month(connection, OURS, OCTOBER)]
        lacking = bills_lacking(connection, federal, OURS, contents)
        bills = [(TransportGuid(uuid4()), content) for content in contents if content.number not in lacking]
        rendered = [
            request_body(bill_request(connection, federal, OURS, OCTOBER, bills[start : start + 100]), Envelope(uuid4(), None, at))
            for start in range(0, len(bills), 100)
        ]
    return Town(application, tuple(rendered), known_facts(federal, OURS), folder, seed, len(lacking))


@pytest.fixture(scope="module")
def zarechinsk(server_url: str, charged_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with database_copy(server_url, charged_template, tmp_path_factory.mktemp("zarechinsk")) as (_, application):
        _issued(application)
        yield _synchronised(application, tmp_path_factory.mktemp("stand"))


@pytest.fixture(scope="module")
def slobodka(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with database_copy(server_url, template_database, tmp_path_factory.mktemp("slobodka")) as (_, application):
        load_region_file(application, "slobodka.region.json", (EXAMPLES / "town2" / "slobodka.region.json").read_bytes())
        for name in ("slobodka-2026-10-uk.zip", "slobodka-2026-10-rso.zip"):
            take_file(application, name, (EXAMPLES / "town2" / name).read_bytes())
        for provider_id in (OURS, ProviderId(2)):
            scope = {"provider_id": provider_id, "month": OCTOBER, "actor": "тест", "clock": application.clock}
            draft_month(application.engine, mode="charge", law=law(), code_version=CODE_VERSION, **scope)
            approve_month(application.engine, reason="тест", **scope)
            post_month(application.engine, law=law(), **scope)
        _issued(application)
        yield _synchronised(application, tmp_path_factory.mktemp("stand"), ProviderId(2))


def test_the_list_is_of_twenty_kinds() -> None:
    assert len(LIST["kind"]) == 20 and LIST["count"] == 1000 and len({kind["name"] for kind in LIST["kind"]}) == 20


def test_no_false_alarm_on_either_town(zarechinsk: Town, slobodka: Town) -> None:
    for town, documents, closed in ((zarechinsk, 410, 0), (slobodka, 12, 1)):
        assert town.closed == closed, "accounts that were closed before they were placed"
        assert sum(len(request.findall(f"{BILLS}PaymentDocument")) for request in town.requests) == documents - closed
        for request in town.requests:
            diagnosis = examine(request, town.known)
            assert diagnosis.healthy, (diagnosis.request, diagnosis.sick[:1])
            assert [etree.tostring(one) for one in healthy_requests(request, diagnosis)] == [etree.tostring(request)]


def test_no_false_alarm_on_any_message_that_we_render() -> None:
    for name, request in requests().items():
        diagnosis = examine(request)
        assert diagnosis.healthy, (name, diagnosis)


def named(spoilt: Spoilt, diagnosis: Diagnosis) -> bool:
    """Whether the defect is told under its code at its place."""
    if spoilt.document is None:
        return spoilt.code in {ailment.code for ailment in diagnosis.request}
    return any(
        ailment.code == spoilt.code for item in diagnosis.items if item.transport_guid == spoilt.document for ailment in item.ailments
    )


def check_defects(towns: tuple[Town, Town], count: int) -> None:
    """At least 99 % are named, and documents beside the spoilt one are left alone."""
    centre = [package for request in towns[0].requests for package in packages_of(request, SIZE)]
    manager = [package for request in towns[1].requests for package in packages_of(request, SIZE)]
    missed, accused = [], []
    for number in range(count):
        try:
            spoilt, known = spoil(number, centre), towns[0].known
        except LookupError:  # a defect that only documents of a management company can have
            spoilt, known = spoil(number, manager), towns[1].known
        diagnosis = examine(spoilt.request, known)
        if not named(spoilt, diagnosis):
            missed.append((number, spoilt.kind, spoilt.variant, [item.ailments[:2] for item in diagnosis.sick]))
        innocent = {item.transport_guid for item in diagnosis.sick} - {spoilt.document}
        if innocent and spoilt.kind not in ("repeated_transport", "repeated", "account", "too_many"):  # these take two
            accused.append((number, spoilt.kind, spoilt.variant))
    assert len(missed) * 100 <= count * (100 - LIST["named_at_least_percent"]), missed
    assert not accused


def test_two_hundred_seeded_defects_are_named(zarechinsk: Town, slobodka: Town) -> None:
    check_defects((zarechinsk, slobodka), LIST["count"] // 5)


@pytest.mark.long
def test_a_thousand_seeded_defects_are_named(zarechinsk: Town, slobodka: Town) -> None:
    check_defects((zarechinsk, slobodka), LIST["count"])


def test_a_package_is_split_and_what_is_good_may_go(zarechinsk: Town) -> None:
    """Three sick of a hundred: the others go in one request that the schema takes; nothing of the sick ones is in it."""
    request = etree.fromstring(etree.tostring(zarechinsk.requests[0]))
    documents = request.findall(f"{BILLS}PaymentDocument")
    documents[1].find(f"{BILLS}TotalPayableByPD").text = "1.00"
    documents[2].find(f"{ACCOUNT}AccountGuid").text = "не GUID"
    documents[3].remove(documents[3].find(f"{BASE}TransportGUID"))
    diagnosis = examine(request, zarechinsk.known)
    assert [item.position for item in diagnosis.sick] == [2, 3, 4]
    (good,) = healthy_requests(request, diagnosis)
    assert catalog.validate(good) == []
    left = [one.findtext(f"{BILLS_BASE}PaymentDocumentNumber") for one in good.findall(f"{BILLS}PaymentDocument")]
    assert left == [one.findtext(f"{BILLS_BASE}PaymentDocumentNumber") for i, one in enumerate(documents) if i not in (1, 2, 3)]


def test_too_many_documents_are_cut_into_requests_within_the_limit(zarechinsk: Town) -> None:
    packages = [package for request in zarechinsk.requests for package in packages_of(request, SIZE)]
    number = next(n for n in range(20) if LIST["kind"][n]["name"] == "too_many")
    spoilt = spoil(number, packages)
    diagnosis = examine(spoilt.request)
    good = list(healthy_requests(spoilt.request, diagnosis))
    assert 1 <= len(good) <= 2 and all(catalog.validate(one) == [] for one in good)


def test_the_explanation_is_russian_with_path_and_reason(zarechinsk: Town) -> None:
    request = etree.fromstring(etree.tostring(zarechinsk.requests[0]))
    request.find(f"{BILLS}PaymentDocument/{BILLS}TotalPayableByPD").text = "12,5"
    (item,) = examine(request, zarechinsk.known).sick
    told = next(ailment for ailment in item.ailments if ailment.code == "DOC-0101")
    assert told.path.endswith("PaymentDocument/TotalPayableByPD") and "не проходит схему" in told.message and told.hint


def test_a_file_is_checked_and_its_good_part_written_signed(zarechinsk: Town, tmp_path: Path) -> None:
    federal = open_federal(zarechinsk.application)
    whole = GoodFiles(zarechinsk.application, federal, tmp_path / "whole", "october")
    read: list[int] = []

    class Watched(IssuedBills):
        """Notes how many bills are read at once."""

        def of_month(
            self, connection: Connection, provider_id: ProviderId, month: Month, *, ids: Collection[BillId] | None = None
        ) -> Mapping[BillId, BillContent]:
            found = federal.bills.of_month(connection, provider_id, month, ids=ids)
            read.append(len(found))
            return found

    checked = check_month(zarechinsk.application, replace(federal, bills=Watched()), provider_id=OURS, month=OCTOBER, good=whole)
    assert checked is not None and checked.healthy and checked.documents == sum(read) == 410
    assert max(read) == zarechinsk.application.settings.gis.package_documents < 410, "never more than a package in memory"
    first, *_ = whole.paths
    sick = tmp_path / "sick.xml"
    root = etree.fromstring(first.read_bytes())
    guid = root.find(f".//{BASE}MessageGUID").text
    total = root.find(f".//{BILLS}PaymentDocument/{BILLS}TotalPayableByPD")
    total.text = "0.01"
    sick.write_bytes(etree.tostring(root))
    files = GoodFiles(zarechinsk.application, federal, tmp_path / "good", "sick")
    again = check_file(zarechinsk.application, federal, sick, good=files)
    assert again.is_compared and [item.ailments[0].code for item in again.sick] == ["DOC-0502"]
    (written,) = files.paths
    good = check_file(zarechinsk.application, federal, written)
    assert good.healthy and good.documents == again.documents - 1
    root = etree.fromstring(written.read_bytes())
    assert root.find(f".//{BASE}MessageGUID").text != guid
    assert len(root.findall(".//{http://www.w3.org/2000/09/xmldsig#}Signature")) == 1


def test_the_command_tells_and_splits(zarechinsk: Town, erkc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", zarechinsk.application.database)
    file = tmp_path / "package.xml"
    request = etree.fromstring(etree.tostring(zarechinsk.requests[0]))
    request.find(f"{BILLS}PaymentDocument/{BILLS}TotalPayableByChargeInfo").text = "0.01"
    file.write_bytes(etree.tostring(request))
    code, out, _ = erkc("gis", "check", str(file), "--out", str(tmp_path / "good"))
    assert code == 1 and "исправных 99" in out and "DOC-0501" in out and "сумма услуг" in out
    (good,) = (tmp_path / "good").iterdir()
    code, out, _ = erkc("gis", "check", str(good), "--json")
    assert code == 0 and json.loads(out)[good.name]["good"] == 99
    code, out, _ = erkc("gis", "check", "2031-01", "--json")
    assert code == 0 and json.loads(out) == {}
    assert erkc("gis", "check", str(tmp_path / "absent.xml"))[0] == 1


def test_what_is_good_is_sent_and_the_rest_stays(zarechinsk: Town) -> None:
    """Bills that the doctor has stopped are not in any package; the stand places the others."""
    application = zarechinsk.application
    with running(zarechinsk.stand, seed=zarechinsk.seed) as stand:
        federal = open_federal(application, url=stand.url, is_local=True)
        with application.engine.connect() as connection:
            stopped = {bill.bill_id: "остановлен проверкой" for bill in list(bills_of_month(connection, OURS, OCTOBER))[:400]}
        sent = send_bills(federal, provider_id=OURS, month=OCTOBER, stopped=stopped, waiting=waiting(60, application))
        assert (sent.bills, len(sent.held)) == (10, 400)
        standing = status(federal, provider_id=OURS, month=OCTOBER)
        assert (standing.placed, standing.not_sent, standing.refused) == (10, 400, {})


def test_what_the_doctor_says_is_what_the_stand_answers(slobodka: Town, erkc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bills of the joint town name the neighbour's services by elements of the issuer's own books, and the stand places them all. The
    twelfth is of an account that was closed before it was placed: it stays, here and in the files."""
    home = slobodka.application.home
    (home / "erkc.toml").write_text("[gis]\npoll_ladder_s = [1]\n")
    monkeypatch.setenv("ERKC_HOME", str(home))
    monkeypatch.setenv("ERKC_DATABASE_URL", slobodka.application.database)
    with running(slobodka.stand, seed=slobodka.seed) as stand:
        monkeypatch.setenv("ERKC_GIS_URL", stand.url)
        code, out, _ = erkc("gis", "check", "2026-10", "--send", "--wait", "60", "--json")
        (told,) = json.loads(out).values()
        assert (code, told["documents"], told["sent"]) == (1, 12, told["good"])
        assert [item["reasons"][0]["code"] for item in told["refused"]] == ["GIS-0508"] and told["good"] == 11
        federal = open_federal(slobodka.application, url=stand.url, is_local=True)
        assert status(federal, provider_id=OURS, month=OCTOBER).placed == told["good"]
        send_bills(federal, provider_id=OURS, month=OCTOBER, waiting=waiting(60, slobodka.application))
        standing = status(federal, provider_id=OURS, month=OCTOBER)
        assert (standing.placed, standing.refused) == (told["good"], {})
    packages = home / "packages"
    code, out, _ = erkc("gis", "package", "bills", "2026-10", "--out", str(packages), "--json")
    (written,) = json.loads(out).values()
    (reason,) = written["held"].values()
    assert (code, written["bills"]) == (1, 11) and "61100000308 ещё не размещён" in reason
    (file,) = packages.glob("*.xml")
    assert check_file(slobodka.application, federal, file).healthy


def test_a_service_of_a_neighbour_is_an_element_of_ones_own_book(slobodka: Town) -> None:
    """Same service, two providers, two elements: each has its own, and neither may point to the other's."""
    federal = open_federal(slobodka.application)
    own, other = (mapped_services(federal, provider_id=ProviderId(number)) for number in (1, 2))
    theirs = {row.key: row.element for row in other}
    shared = {row.key.partition("/")[2]: row.element for row in own if "/" in row.key}
    assert shared.keys() == theirs.keys() and all("/" not in key for key in theirs), "the neighbour issues no bill with our services"
    of_own_book = [key for key, element in theirs.items() if element is not None and element.book == "51"]
    assert of_own_book
    for key in of_own_book:
        mine, its = shared[key], theirs[key]
        assert mine is not None and its is not None
        assert mine.book == "51" and mine.guid != its.guid

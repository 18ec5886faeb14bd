"""The federal exchange against bare lxml: building, checking and canonicalising a package, reading results; and a month of bills through
the stand on loopback, whole: rendered, signed, archived, sent, asked about, settled. The pairs are in processor time.

``.venv/bin/python -m tests.perf.bench_federal --bills 20000`` measures a month of one's own size.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from lxml import etree
from sqlalchemy import Connection, Engine

from adapters import xmlio
from adapters.gis_zhkh.bills import import_payment_document_request
from adapters.gis_zhkh.client import HttpReply, SoapClient
from adapters.gis_zhkh.envelope import envelope
from adapters.gis_zhkh.exchange import Ladder, after_poll
from adapters.gis_zhkh.values import NsiRef
from adapters.signing import RSA, Choice, choose, issue, sign_message
from core import archive
from core.clock import SystemClock
from core.ids import BillId, EntityId, ProviderId
from core.model.bill import BillContent
from core.period import Month
from core.records.crosswalk import ExternalId, link
from core.records.entities import entity_ids
from core.records.latest import read_accounts
from core.services.federal import Federal, Waiting, poll, send_bills, status, synchronise
from core.storage import embedded
from core.storage.engine import application_engine, transaction
from core.storage.migrate import APP
from erkc.federal import FederalGateway
from erkc.stands.gis import Stand, running
from erkc.stands.gis.seed import guid
from tests.conftest import _address, migrated_template
from tests.perf.measure import Pair, compare, seconds
from tests.simulation.world import MANAGER_INN, MONTH, bill_of, centre_inn, centre_ogrn, seed_of, store_town
from tests.unit.adapters.gis_zhkh.federal_samples import REFERENCES, UK, bill_content, known_guid, line, place, recipient

__all__ = ["run"]

Element: TypeAlias = etree._Element
_DOCUMENTS, _LINES, _RESULTS = 500, 10, 1000
_FLATS = 100
_BASE = "http://dom.gosuslugi.ru/schema/integration/base/"
_BILLS = "http://dom.gosuslugi.ru/schema/integration/bills/"


def run(documents: int, rounds: int, month: int) -> Iterator[Pair | str]:
    """Yield the measured pairs and sentences; ``month`` is the number of bills through the stand."""
    if documents:
        yield from _package(documents, rounds)
        yield _results(min(_RESULTS, documents * 2), rounds)
    if month:
        yield from _month(month)


_HOUSING, _COMMON = EntityId(101), EntityId(102)
_UTILITIES = tuple(EntityId(number) for number in range(103, 108))
_ADDITIONAL = tuple(EntityId(number) for number in range(108, 111))
_REFERENCES = replace(
    REFERENCES,
    services={
        _HOUSING: NsiRef("1", known_guid("nsi 50 1")),
        _COMMON: NsiRef("1", known_guid("nsi 2 1")),
        **{service: NsiRef(f"{n}.1", known_guid(f"nsi 51 {n}.1")) for n, service in enumerate(_UTILITIES, 1)},
        **{service: NsiRef(f"{n}", known_guid(f"nsi 1 {n}")) for n, service in enumerate(_ADDITIONAL, 1)},
    },
)


def _bill(number: int) -> BillContent:
    """Ten lines: housing with a common-property resource, five utilities, three additional services."""
    by = number % 97
    lines = (
        line(_HOUSING, "housing", UK, 151_226 + by),
        line(_COMMON, "common_property", UK, 1_261 + by, tariff_e6=46_310_000, common_volume_e6=272_300, method="norm"),
        *(line(one, "utility", UK, 24_146 + by, tariff_e6=46_310_000, individual_volume_e6=5_214_000, method="ipu") for one in _UTILITIES),
        *(line(one, "additional", UK, 6_500 + by, tariff_e6=None) for one in _ADDITIONAL),
    )
    assert len(lines) == _LINES
    charged = sum(one.total for one in lines)
    return bill_content(f"2026-10/{number:06d}", (recipient(UK, "40702810900000012345", charged=charged),), lines)


_Plain: TypeAlias = tuple[str, str | None, Sequence[tuple[str, str]], Sequence[Any]]  # Any: the same again


def _plain(element: Element) -> _Plain:
    return (str(element.tag), element.text, [(str(k), str(v)) for k, v in element.items()], [_plain(child) for child in element])


def _bare(plain: _Plain, parent: Element | None = None, spaces: Mapping[str | None, str] | None = None) -> Element:
    """The same content by nothing but ``SubElement``."""
    tag, text, attributes, children = plain
    element = etree.Element(tag, nsmap=spaces) if parent is None else etree.SubElement(parent, tag)
    if text is not None:
        element.text = text
    for name, value in attributes:
        element.set(name, value)
    for child in children:
        _bare(child, element)
    return element


def _package(documents: int, rounds: int) -> Iterator[Pair | str]:
    from xsd import catalog

    bills = [place(_bill(number)) for number in range(1, documents + 1)]

    def build() -> Element:
        return import_payment_document_request(bills, _REFERENCES, month=MONTH)

    whole = build()
    assert catalog.validate(whole) == []
    plain, spaces = _plain(whole), dict(whole.nsmap)
    canonical, data = xmlio.canonical(whole), etree.tostring(whole)
    assert xmlio.canonical(_bare(plain, spaces=spaces)) == canonical, "the bare way must give the same bytes"
    album = etree.XMLSchema(etree.parse(str(catalog.album().path(_BILLS))))
    note = f"{documents} documents × {_LINES} lines, {len(data) / 1e6:.1f} MB"
    yield compare(
        "render a package", reference=lambda: _kept(_bare(plain, spaces=spaces)), candidate=lambda: _kept(build()),
        prepare=_nothing, goal="≥ 0.8", rounds=rounds, note=note, clock=time.process_time,
    )  # fmt: skip

    def ours() -> None:
        made = build()
        assert catalog.validate(made) == []
        xmlio.canonical(made)

    yield compare(
        "render + validate + canonicalise a package", reference=lambda: _kept(album.validate(etree.fromstring(data))), candidate=ours,
        prepare=_nothing, goal="≥ 0.5", rounds=rounds, note=note, clock=time.process_time,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        message = xmlio.serialize(envelope(None, build()))
        for name, choice in _signers(Path(folder)):
            times = [seconds(partial(_signed, message, choice)) for _ in range(max(2, rounds // 2))]
            yield f"signature of that package, {name}: {statistics.median(times):.2f} s"


def _signers(folder: Path) -> Iterator[tuple[str, Choice]]:
    for name, options in (("RSA", {"profile": RSA}), ("ГОСТ Р 34.10-2012", {})):
        files = issue(folder / name, at=datetime.now(UTC), **options)  # type: ignore[arg-type]  # by name
        choice = choose(files.certificate, files.key)
        yield f"{name} ({type(choice.signer).__name__})", choice


def _signed(message: bytes, choice: Choice) -> None:
    sign_message(message, choice.signer, digester=choice.digester, at=datetime.now(UTC), identifier=uuid.uuid4())


def _results(count: int, rounds: int) -> Pair:
    """An answer with so many results, every twentieth a refusal."""
    result = etree.Element(f"{{{_BILLS}}}getStateResult", nsmap={"base": _BASE, "bills": _BILLS})
    result.set(f"{{{_BASE}}}version", "10.0.1.1")
    for name, value in (("RequestState", "3"), ("MessageGUID", str(uuid.uuid4()))):
        etree.SubElement(result, f"{{{_BASE}}}{name}").text = value
    for number in range(count):
        one = etree.SubElement(result, f"{{{_BILLS}}}ImportResult")
        refused = (("ErrorCode", "INT002034"), ("Description", "Лицевой счёт не найден"))
        taken = (("GUID", str(uuid.uuid4())), ("UniqueNumber", f"70АА{number:06d}-01-6A01"), ("UpdateDate", "2026-11-03T12:00:00+03:00"))
        if number % 20:
            for name, value in (taken[0], ("TransportGUID", str(uuid.uuid4())), *taken[1:]):
                etree.SubElement(one, f"{{{_BASE}}}{name}").text = value
        else:
            etree.SubElement(one, f"{{{_BASE}}}TransportGUID").text = str(uuid.uuid4())
            error = etree.SubElement(one, f"{{{_BASE}}}Error")
            for name, value in refused:
                etree.SubElement(error, f"{{{_BASE}}}{name}").text = value
    data = xmlio.serialize(envelope(None, result))
    reply = HttpReply(200, data)
    outcome = after_poll(reply)
    assert outcome.reply is not None and len(outcome.reply.items) == count

    def bare() -> None:
        found = []
        for element in etree.fromstring(data).iter(f"{{{_BILLS}}}ImportResult"):
            found.append({child.tag: child.text if len(child) == 0 else {one.tag: one.text for one in child} for child in element})
        assert len(found) == count

    return compare(
        "read an answer", reference=bare, candidate=lambda: _kept(after_poll(reply)), prepare=_nothing, goal="≥ 0.5",
        rounds=rounds, note=f"{count} results, {len(data) / 1e6:.2f} MB", clock=time.process_time,
    )  # fmt: skip


@dataclass
class _Bills:
    """A month's bills made when they are asked for, so that the bench itself holds none of them."""

    accounts: Sequence[tuple[EntityId, str, str]]
    services: Mapping[str, EntityId]
    creditors: tuple[EntityId, EntityId]

    def ids_of_month(self, connection: Connection, provider_id: ProviderId, month: Month) -> Sequence[BillId]:
        """One for each account."""
        return [BillId(number) for number in range(1, len(self.accounts) + 1)]

    def of_month(
        self, connection: Connection, provider_id: ProviderId, month: Month, *, ids: Collection[BillId] | None = None
    ) -> Mapping[BillId, BillContent]:
        """Just these."""
        wanted = self.ids_of_month(connection, provider_id, month) if ids is None else ids
        return {number: bill_of(number, *self.accounts[number - 1], self.services, self.creditors, month) for number in wanted}

    def numbers(self, connection: Connection, ids: Collection[BillId]) -> Mapping[BillId, str]:
        """Printed numbers."""
        return {number: f"ЕПД-{number:06d}" for number in ids}

    def by_number(self, connection: Connection, provider_id: ProviderId, numbers: Collection[str]) -> Mapping[str, BillId]:
        """None is re-issued here."""
        return {}


def _month(bills: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        server = embedded.start(Path(folder) / "server")
        try:
            name = migrated_template(server.superuser_url)
            yield from _month_on(_address(server.superuser_url, name, APP), Path(folder), bills)
        finally:
            server.release()


def _month_on(url: str, folder: Path, bills: int) -> Iterator[str]:
    engine = application_engine(url)
    files = issue(folder / "keys", at=datetime.now(UTC), profile=RSA)
    houses = -(-bills // _FLATS)
    flats = min(bills, _FLATS)
    provider_id = store_town(engine, houses, flats, 0)
    seed = seed_of(houses, flats, files.authority.read_text(), delay_s=0.2)
    _open_accounts(engine, folder / "stand", seed, provider_id)
    with running(folder / "stand") as stand:
        gateway = FederalGateway(SoapClient(stand.url), choose(files.certificate, files.key), Ladder((0.5, 1)))
        federal = Federal(engine, gateway, SystemClock(), backoff=timedelta(seconds=0.5))
        waiting = Waiting(lambda pause: time.sleep(pause.total_seconds()))
        synchronised = synchronise(federal, provider_id=provider_id, waiting=waiting)
        assert synchronised.finished and synchronised.accounts == synchronised.accounts_known
        with engine.connect() as connection:
            accounts = [(row.entity_id, row.number, row.house_fias) for row in read_accounts(connection, provider_id=provider_id)]
            services = entity_ids(connection, provider_id, "service")
            organisations = entity_ids(connection, ProviderId(0), "organisation")
        source = _Bills(accounts, services, (organisations[MANAGER_INN], organisations[centre_inn(0)]))
        federal = replace(federal, bills=source)
        memory: list[int] = []
        start, cpu = time.perf_counter(), time.process_time()
        send_bills(
            federal, provider_id=provider_id, month=MONTH, waiting=replace(waiting, progress=lambda step: memory.append(_resident()))
        )
        assert poll(federal, provider_id=provider_id, waiting=waiting).finished
        taken, own = time.perf_counter() - start, time.process_time() - cpu
        standing = status(federal, provider_id=provider_id, month=MONTH)
        assert standing.placed == len(accounts) == standing.bills
        assert len(stand.contents()["bills"]) == len(accounts)
    engine.dispose()
    quarter = memory[len(memory) // 4]
    yield (
        f"{len(accounts)} bills of a month through the stand on loopback: {len(accounts) / taken:.0f} documents/s"
        f" ({taken:.0f} s, {own:.0f} s of them our process; packages of {federal.package}, signed by RSA);"
        f" memory of our process {quarter} MB after a quarter of the steps, {memory[-1]} MB at the end"
        f" (largest {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB)"
    )


def _open_accounts(engine: Engine, folder: Path, seed: dict[str, Any], provider_id: ProviderId) -> None:
    """Both sides know the accounts already, as after the months before: they are written where each side keeps them."""
    Stand(folder, seed=seed).close()
    sender = guid("organisation", centre_ogrn(0), "ppa")
    links: list[ExternalId] = []
    with transaction(engine) as connection, sqlite3.connect(folder / "stand.sqlite") as there:
        assert any(one["ppa_guid"] == sender for one in seed["organisations"])
        for number, row in enumerate(read_accounts(connection, provider_id=provider_id), 1):
            assert row.house_id is not None and row.premises_id is not None
            house = str(uuid.UUID(row.house_fias))
            account, place, els = guid("account", str(number)), guid("premises", house, row.premises_number, "True"), f"00АА{number:06d}"
            values = (account, sender, row.number, "isRCAccount", els, f"{els}-01", house, place, b"<account/>")
            there.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            told = ((row.entity_id, "account_guid", account), (row.premises_id, "premises_guid", place))
            about = ((row.house_id, "house_guid", house), (row.house_id, "accounts_exported", house))
            links += [ExternalId(thing, provider_id, "gis", kind, value) for thing, kind, value in (*told, *about)]
        now = datetime.now(UTC)
        told_by = archive.store(
            connection, data=b"accounts", name="accounts", channel="bench", direction="in", provider_id=provider_id, at=now
        )
        link(connection, dict.fromkeys(links), message_id=told_by.message_id, at=now)


def _resident() -> int:
    """Resident memory of this process now, MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // (1024 * 1024)


def _kept(value: object) -> None:
    """The result is thrown away, but was made."""
    assert value is not None


def _nothing() -> None:
    """Nothing to prepare."""


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=_DOCUMENTS)
    parser.add_argument("--bills", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    for measured in run(chosen.documents, chosen.rounds, chosen.bills):
        print(measured, flush=True)

"""The whole valid town through its adapters: what is stored, what a second taking changes, and how its month is read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from importlib.resources import files

import pytest
from sqlalchemy import Connection

from adapters.contract import RawMessage
from adapters.uk.archives import UkArchives
from adapters.uk.knowledge import RegionKnowledge
from adapters.uk.region import RegionAdapter
from core.ids import CENTRE, MessageId, ProviderId
from core.model.records import ApprovedTariff, Record, RegisteredSender
from core.period import Month
from core.records import latest
from core.records.facts import house_ids, read_houses, read_region
from core.records.intake import known_keys
from core.records.providers import register_senders
from core.records.store import save
from tests.unit.core.records.samples import AT

Archive = Callable[[ProviderId], MessageId]
OCTOBER = Month(2026, 10)
TOWN = files("examples").joinpath("town")
ARCHIVE = "zarechinsk-2026-10-valid.zip"
KINDS = {
    "CONTRAGENT": "organisation", "CONTRAGENTRSCHET": "bank_account", "DICTUSLUGA": "service", "HOUSE": "house",
    "HOUSEDOC": "house_parameter", "PREMISES": "premises", "ROOM": "room", "DU": "management_contract", "DUOUUSLUGA": "house_service",
    "DUCHARGE": "house_price", "KAPREMDECISIONS": "capital_repair_decision", "IND": "person", "KVAR": "account",
    "KVARACCOM": "account_place", "GIL": "residence", "GILOUT": "absence", "PU": "meter", "PUVAL": "reading", "NEDO": "interruption",
    "EPD": "stated_bill", "EPDCHARGE": "stated_line", "EPDCAPITAL": "stated_contribution", "EPDDEBT": "opening_debt",
    "EPDPENALTY": "opening_penalty", "SALDO": "balance", "OPLATAPACK": "payment_pack", "OPLATA": "payment",
}  # fmt: skip


def records_of(adapter: RegionAdapter | UkArchives, name: str) -> list[Record]:
    message = RawMessage(name, TOWN.joinpath(name).read_bytes())
    return [item for item in adapter.parse(message, {}) if isinstance(item, Record)]


@pytest.fixture(scope="module")
def region() -> list[Record]:
    return records_of(RegionAdapter(), "zarechinsk.region.json")


@pytest.fixture(scope="module")
def archive(region: list[Record]) -> list[Record]:
    bodies = [record.body for record in region]
    senders = tuple(body for body in bodies if isinstance(body, RegisteredSender))
    tariffs = tuple(body for body in bodies if isinstance(body, ApprovedTariff))
    return records_of(UkArchives(RegionKnowledge(senders, tariffs)), ARCHIVE)


def test_the_valid_town(connection: Connection, archived: Archive, region: list[Record], archive: list[Record]) -> None:
    expected = json.loads(TOWN.joinpath("zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))
    save(connection, provider_id=CENTRE, message_id=archived(CENTRE), records=region, recorded_at=AT)
    sender = register_senders(connection, [record.body for record in region if isinstance(record.body, RegisteredSender)])[0]
    message = archived(sender)

    started = time.perf_counter()
    saved = save(connection, provider_id=sender, message_id=message, records=archive, recorded_at=AT)
    assert time.perf_counter() - started < 15, "the target is 4 s on a machine that does nothing else"
    (sections,) = (counts for counts in expected["sections"].values())
    sections = {code.upper(): count for code, count in sections.items()}
    assert {kind: saved.new[kind] for kind in KINDS.values()} == {kind: sections[code] for code, kind in KINDS.items()}

    again = save(connection, provider_id=sender, message_id=archived(sender), records=archive, recorded_at=AT)
    assert set(again.new.values()) == {0} and again.unchanged == saved.new
    assert len(known_keys(connection, sender)["account"]) == 410

    started = time.perf_counter()
    houses = list(
        read_houses(connection, provider_id=sender, month=OCTOBER, houses=house_ids(connection, sender, OCTOBER), known_until=None)
    )
    assert time.perf_counter() - started < 3
    assert {house.fias for house in houses} == set(expected["houses"])
    numbers = {account.number: account for house in houses for account in house.accounts}
    assert set(numbers) == set(expected["accounts"])
    for house in houses:
        told = expected["houses"][house.fias]
        assert house.soi_mode == told["soi_mode"]
        assert f"{(house.useful_area_e2 or 0) / 100:.2f}" == told["S_total"]
        charged = {key for account in house.accounts for key in expected["accounts"][account.number]["services"]}
        assert {service.key for service in house.services} == charged
    inn = {row.entity_id: row.inn for row in latest.read_organisations(connection, provider_id=sender)}
    creditors = {house.fias: inn[house.contribution_creditor_id] for house in houses if house.contribution_creditor_id is not None}
    assert creditors == {house.fias: expected["accounts"][house.accounts[0].number]["services"]["10"]["c"] for house in houses}
    assert len(read_region(connection, month=OCTOBER, known_until=None).tariffs) == 11

    totals = expected["totals"]
    assert sum(row.total for row in latest.read_stated_lines(connection, provider_id=sender, month=OCTOBER)) == kopecks(totals["stated"])
    assert sum(row.opening for row in latest.read_balances(connection, provider_id=sender, message_id=message)) == kopecks(
        totals["saldo_in"]
    )
    payments = list(latest.read_payments(connection, provider_id=sender, message_id=message))
    assert sum(row.amount or 0 for row in payments) == sum(
        row.amount for row in latest.read_packs(connection, provider_id=sender, message_id=message)
    )
    penalties = latest.read_opening_penalties(connection, provider_id=sender, month=OCTOBER)
    assert sum(row.opening for row in penalties) == kopecks(totals["penalty_in"])
    for read in (latest.read_stated_lines, latest.read_balances, latest.read_opening_debts):
        rows = list(read(connection, provider_id=sender, message_id=message))  # type: ignore[operator]
        assert all(row.account_id and row.service_id and row.creditor_id for row in rows), read.__name__


def kopecks(roubles: str) -> int:
    return int(roubles.replace(".", ""))

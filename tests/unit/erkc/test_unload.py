"""Формат 4.0 out: a charged town as archives, read by another hand, taken into an empty hub, and its increments."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from adapters.contract import RawMessage
from adapters.rgis.soap import RkcClient, charges_message, page_message, read_result
from adapters.signing import RSA, issue, read_certificate
from adapters.uk.tables.grid import read_grid
from adapters.uk.tables.heading import propose
from config.schedules import load_schedule
from config.settings import load
from core import archive, jobs
from core.clock import FixedClock
from core.errors import InputError, RejectedError
from core.ledger.paid import payment_entries
from core.model.finding import Finding, Position
from core.model.lines import Chart
from core.model.parsed import Parsed
from core.model.records import (
    BODIES,
    AccountPlace,
    Balance,
    Interruption,
    OpeningDebt,
    OpeningPenalty,
    Payment,
    PaymentPack,
    PaymentRegistry,
    Record,
    RegistryPayment,
    SectionRow,
    StatedBill,
    StatedContribution,
    StatedLine,
)
from core.records.bodies import read_records
from core.records.providers import Provider, providers
from core.services.accepting import accept_findings, month_findings
from core.services.blocks import set_area
from core.services.cancelling import cancel_payment
from core.services.charge import approve_month, draft_month, post_month
from core.services.month_view import ProviderMonth
from core.services.online import Report, report_payment
from core.services.payments import import_bank_file
from core.services.regional import prepare_unload
from core.services.take import Taken
from core.storage.engine import transaction
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from erkc.jobs import registry
from erkc.rgis.exchange import charge_rows, compare, open_service, push
from erkc.rgis.identifiers import identifier, known_as
from erkc.rgis.unload import Unload, make_unload
from erkc.stands.rgis import Rule
from erkc.tables import take_table
from erkc.worker import run_slot
from tests.unit.erkc.archives import edited
from tests.unit.erkc.conftest import OCTOBER, database_copy
from tests.unit.erkc.format4_reader import Totals, kopecks_of, read_archive
from tests.unit.erkc.rgis_region import region

TOWN = Path(__file__).parents[3] / "examples" / "town2"
UK, RSO = "slobodka-2026-10-uk.zip", "slobodka-2026-10-rso.zip"
_STATEMENTS = frozenset((Balance, StatedBill, StatedLine, StatedContribution, OpeningDebt, OpeningPenalty))
_AREA = 4550


def _senders(application: Application) -> dict[str, Provider]:
    with transaction(application.engine) as connection:
        return {one.inn: one for one in providers(connection) if one.provider_id}


def _begin(application: Application) -> None:
    region = TOWN / "slobodka.region.json"
    load_region_file(application, region.name, region.read_bytes())


def _charge(application: Application, mode: str) -> None:
    for one in _senders(application).values():
        scope: dict[str, Any] = {"provider_id": one.provider_id, "month": OCTOBER, "actor": "тест", "clock": application.clock}
        draft_month(application.engine, mode=mode, law=law(), code_version=CODE_VERSION, **scope)
        found = month_findings(application.engine, provider_id=one.provider_id, month=OCTOBER)
        waiting = [each.finding_id for each in found.findings if found.is_open(each)] if found is not None else []
        if waiting:
            accept_findings(application.engine, numbers=waiting, reason="проверено", actor="тест", clock=application.clock)
        approve_month(application.engine, reason="тест", **scope)
        post_month(application.engine, law=law(), **scope)


def _unload(application: Application, provider: Provider, *, changes: bool = False) -> tuple[Unload, bytes]:
    made = make_unload(application, provider, OCTOBER, law=law(), changes=changes)
    if made.message_id is None:
        return made, b""
    with transaction(application.engine) as connection:
        return made, archive.read(connection, made.message_id)


# fifty facts -------------------------------------------------------------------------------------------------------------------------


def _scripted(section: str, number: int, cells: list[str]) -> list[list[str]]:
    """An increment of the УК with 29 changed or new rows: what it holds is what it tells."""
    with_cell = lambda n, text: [[*cells[: n - 1], text, *cells[n:]]]  # noqa: E731
    match section:
        case "ind" if number <= 13:
            return with_cell(4, "Изменович")
        case "premises" if number <= 3:
            return with_cell(11, "20.00")
        case "gil" if number in (2, 9):  # two leave
            return with_cell(6, "20.10.2026")
        case "gilout":  # a second absence, a new key
            return [["77", "12", "11", "02.10.2026", "25.10.2026", "справка 77"]]
        case "puval" if cells[2] == "24.10.2026" and number < 40:  # five readings corrected
            whole, _, part = cells[3].partition(".")
            return with_cell(4, f"{int(whole) + 1}.{part}")
        case "oplatapack" if number == 1:
            return [["90", "20.10.2026", "2010-Банк", "3000.00", "3", "1"]]
        case "oplata" if number <= 3:
            return [[str(900 + number), cells[1], "1", f"77{number}", "19.10.2026", "20.10.2026", "", "1000.00", "Банк", "", "90", "1",
                     cells[12], "", cells[14], cells[15], "", "Оплата; «ЖКУ»", "", "1", "", ""]]  # fmt: skip
    return []


ACTS = """schema = "erkc-acts/1"
sender = { inn = "0079000136", kpp = "007901001" }
[[act]]
kind = "interruption"
number = "П-1"
date = 2026-10-20
house = "641b5205-6fcc-45ab-a6d8-683206a61500"
service = "cold_water"
from = 2026-10-18T06:00:00
to = 2026-10-19T20:00:00
[[act]]
kind = "penalty_stop"
number = "О-1"
date = 2026-10-02
account = "61100000019"
cause = "участие в СВО"
from = 2026-10-01
to = 2026-12-31
"""


NEW = "61100099990"
TABLES = (
    ("accounts", f"""Лицевой счет;ФИАС;Квартира;Плательщик;Дата рождения;СНИЛС;Площадь;Проживает;Дата открытия
{NEW};641b5205-6fcc-45ab-a6d8-683206a61500;2;Табличный Пётр Ильич;03.04.1980;000-020-777 52;20,00;;01.10.2026
61100000019;;;;;;;5;"""),
    ("residents", """Лицевой счет;ФИО;Дата рождения;СНИЛС;Проживает с
61100000019;Табличная Анна Ильинична;05.06.1990;000-020-778 53;10.10.2026"""),
    ("meters", f"""Лицевой счет;Услуга;Заводской номер;Дата ввода;Начальное показание
{NEW};Холодное водоснабжение;ТБ-9;01.10.2026;5,000"""),
    ("readings", """Заводской номер;Дата;Показание
ТБ-9;24.10.2026;9,500
СНuk000001;25.10.2026;760"""),
)  # fmt: skip
PUSHED = """<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:erkc:uk:1.0"><soap:Body><importReadings>
<RequestHeader><MessageGUID>00000000-0000-4000-8000-0000000000f1</MessageGUID><Date>2026-10-26T12:00:00</Date><INN>0079000136</INN>
<KPP>007901001</KPP><OGRN>1260079000114</OGRN><ContactName>Тестова Т. Т.</ContactName><ContactPhone>+70000000000</ContactPhone>
<System>Тест</System></RequestHeader><Period>2026-10</Period>
<puval><id>7001</id><meter>2</meter><taken_on>2026-10-26</taken_on><value>600.000</value><source>4</source></puval>
</importReadings></soap:Body></soap:Envelope>"""


@dataclass(frozen=True)
class _Registry:
    """A reader of an agent's registry: operation, account as written, kopecks, the operation it takes back."""

    number: str
    rows: tuple[tuple[str, str, int, str], ...]
    name: str = "banks.files"

    def parse(self, message: Any, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        day, key = date(2026, 10, 21), f"agent/{self.number}"
        total = sum(row[2] for row in self.rows)
        yield Record(
            key, Position(message.name), PaymentRegistry("agent", "Агент", self.number, day, "", None, len(self.rows), total, 0, total)
        )
        for place, (operation, account, amount, original) in enumerate(self.rows, start=1):
            body = RegistryPayment(key, operation, day, account, "", "", None, amount, 0, amount, reverses=original and f"agent/{original}")
            yield Record(f"agent/{operation}", Position(message.name, place), body)
        yield Parsed("ok", {"kind": "registry"}, {})


def _change_the_town(application: Application) -> int:
    """Tell the hub fifty things by every channel that it has; how many."""
    taken = take_file(application, "changes.zip", edited(TOWN / UK, _scripted, info={14: "2", 9: "25.10.2026 10:00:00"}))
    assert isinstance(taken, Taken) and taken.status == "accepted", taken.findings
    acts = take_file(application, "acts.toml", ACTS.encode())
    assert isinstance(acts, Taken) and acts.status == "accepted", acts.findings
    assert set_area(application.engine, account="61100000050", first=date(2026, 10, 1), area_e2=_AREA, document="выписка", actor="тест",
                    clock=application.clock)[1]  # fmt: skip
    rows = (("a1", "61100000092", 50_000, ""), ("a2", "61200000026", 70_000, ""), ("a3", "61100000092", 1_234, ""), ("a4", "нет", 900, ""),
            ("a5", "61200000067", 33_333, ""))  # fmt: skip
    for number, those in (("1", rows), ("2", (("a6", "61200000026", -70_000, "a2"), ("a7", "61100000092", -234, "a3")))):
        reader, message = _Registry(number, those), RawMessage(f"registry{number}.txt", number.encode())
        import_bank_file(application.engine, reader=reader, message=message, clock=application.clock, own_accounts=())
    cancel_payment(
        application.engine,
        operation="agent/a5",
        reason="письмо агента",
        actor="тест",
        clock=FixedClock(datetime(2026, 10, 25, 9, tzinfo=UTC)),
    )
    return taken.new_records + acts.new_records + 1 + len(rows) + 2 + 1 + _tell_otherwise(application)


def _tell_otherwise(application: Application) -> int:
    """What the УК tells by tables and through the service: a new account with its payer, place, meter and reading; others changed."""
    sender, told = _senders(application)["0079000136"], 0
    for kind, content in TABLES:
        profile = propose(read_grid(f"{kind}.csv", content.encode()), kind).profile()
        message = RawMessage(f"{kind}.csv", content.encode())
        taken = take_table(application, message, profile, sender=sender, month=OCTOBER)
        assert taken.status == "accepted", taken.findings
        told += taken.new_records
    pushed = take_file(application, "push.xml", PUSHED.encode())
    assert isinstance(pushed, Taken) and pushed.status == "accepted", pushed.findings
    return told + pushed.new_records


# what two hubs know ------------------------------------------------------------------------------------------------------------------


def _facts(application: Application, provider: Provider) -> dict[str, Counter[object]]:
    found: dict[str, Counter[object]] = {}
    with transaction(application.engine) as connection:
        for body in BODIES:
            if body not in _STATEMENTS and body not in (Payment, PaymentPack, SectionRow):
                records = read_records(connection, body, provider_id=provider.provider_id)
                found[body.kind_name] = Counter((one.key, one.body, one.valid_to, one.state) for one in records)
        rows = read_records(connection, SectionRow, provider_id=provider.provider_id)
        found["section_row"] = Counter((one.body.section, one.body.cells) for one in rows if not one.body.section.startswith("kvisol"))
    return {kind: rows for kind, rows in found.items() if rows}


def _money(application: Application, provider: Provider) -> dict[str, Mapping[Any, Any]]:
    """By the sender's keys: opening, charged, closing; payments; penalties."""
    with transaction(application.engine) as connection:
        part = ProviderMonth(connection, provider, OCTOBER, law())
        keys = {number: known_as(row.key) for number, row in part.accounts.items()}
        sums: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for account, rows in part.turnovers.items():
            for row in rows:
                if not row.service_id:
                    assert row.closing == 0, "money without a service is in no balance"
                    continue
                place = sums[keys[account], part.service_keys[row.service_id], part.inn[row.creditor_id]]
                for n, amount in enumerate((row.opening, row.charged, row.other, row.closing)):
                    place[n] += amount
        entries = payment_entries(connection, provider_id=provider.provider_id, month=OCTOBER)
        paid = Counter((keys[one.account_id], one.paid_on, one.amount) for one in entries)
        owed = {
            (keys[row.account_id], row.creditor_id and part.inn[row.creditor_id], row.origin_month, int(row.component)):
            (row.opening, row.posted, row.paid) for row in part.penalties
        }  # fmt: skip
    return {"balances": {place: tuple(row) for place, row in sums.items() if any(row)}, "paid": paid, "penalties": owed}


@pytest.fixture(scope="module")
def told_template(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The second town changed by fifty facts and charged."""
    with database_copy(server_url, template_database, tmp_path_factory.mktemp("told"), keep=True) as (name, application):
        _begin(application)
        for file in (UK, RSO):
            take_file(application, file, (TOWN / file).read_bytes())
        assert _change_the_town(application) == 50
        _charge(application, "charge")
    return name


@pytest.fixture
def told_town(server_url: str, told_template: str, tmp_path: Path) -> Iterator[Application]:
    with database_copy(server_url, told_template, tmp_path / "told") as (_, application):
        yield application


def test_a_town_changed_by_fifty_facts_goes_out_and_comes_back_the_same(
    told_town: Application, server_url: str, template_database: str, tmp_path: Path
) -> None:
    senders = _senders(told_town)
    made = {inn: _unload(told_town, one) for inn, one in senders.items()}
    for inn, (unload, data) in made.items():
        told = Totals(read_archive(data))
        with transaction(told_town.engine) as connection:
            part = ProviderMonth(connection, senders[inn], OCTOBER, law())
            rows = [row for of_account in part.turnovers.values() for row in of_account]
            entries = list(payment_entries(connection, provider_id=senders[inn].provider_id, month=OCTOBER))
            owed = sum(row.closing for row in part.penalties)
            went = Counter[Chart]()
            for one in part.payment_parts:
                went[one.chart] += one.amount
        assert {chart: told.matched[chart] for chart in ("debt", "penalty")} == {
            "debt": went[Chart.RECEIVABLE], "penalty": went[Chart.PENALTY],
        }  # fmt: skip
        assert (told.opening, told.charged, told.counted) == (
            sum(row.opening for row in rows), sum(row.charged for row in rows), -sum(row.other for row in rows)
        )  # fmt: skip
        assert told.closing == sum(row.closing for row in rows) and told.penalties == owed
        assert told.paid == sum(entry.amount for entry in entries)
        assert unload.rows["OPLATA"] == len(told.payments)
    uk = Totals(read_archive(made["0079000136"][1])).payments
    rso = Totals(read_archive(made["0079000954"][1])).payments
    assert uk["agent/a1"] == ("7", "21.10.2026", 50_000, "") and uk["agent/a7"] == ("7", "21.10.2026", -234, "agent/a3")
    assert uk["771"][:3] == ("1", "19.10.2026", 100_000) and "agent/a4" not in {*uk, *rso}
    assert rso["agent/a6"] == ("1", "21.10.2026", -70_000, "agent/a2")
    assert rso["agent/a5/отмена"][2:] == (-33_333, "agent/a5")
    rows = read_archive(made["0079000136"][1])
    (document,) = (row for row in rows["epd"] if row[5] == "12" and row[2] == "01.10.2026")
    (line,) = (row for row in rows["epdcharge"] if row[1] == document[0] and row[9])
    assert line[9:13] == ["0", "500.00", "20.17", "9.50"] and kopecks_of(line[13]) == kopecks_of(line[4]) + 520_17
    assert kopecks_of(document[15]) == kopecks_of(document[12]) + 520_17, "the part and its interest beside the month's charges"
    assert {row[2] for row in rows["kvisolservice"]} >= {"1", "2"}
    found = made["0079000136"][0].findings
    assert [(one.code, one.position.file, one.value) for one in found] == [("UN-0201", "penalty_stop", "1")]
    with database_copy(server_url, template_database, tmp_path / "other") as (_, other):
        _begin(other)
        for unload, data in made.values():
            taken = take_file(other, unload.name, data)
            assert isinstance(taken, Taken)
            assert [(f.position, f.field, f.code) for f in taken.findings] == [] and taken.status == "accepted"
        _charge(other, "accept")
        for inn, one in senders.items():
            before, after = _facts(told_town, one), _facts(other, _senders(other)[inn])
            assert after == (_as_the_format_says(before) if inn == "0079000136" else before)
            assert _different(_money(told_town, one), _money(other, _senders(other)[inn])) == {}


def _different(one: Mapping[str, Mapping[Any, Any]], other: Mapping[str, Mapping[Any, Any]]) -> dict[object, object]:
    """What two hubs say otherwise, by kind and place."""
    places = {(kind, place) for kind in one for place in {*one[kind], *other[kind]}}
    return {(kind, place): (one[kind].get(place), other[kind].get(place)) for kind, place in places
            if one[kind].get(place) != other[kind].get(place)}  # fmt: skip


def _as_the_format_says(facts: dict[str, Counter[Any]]) -> dict[str, Counter[Any]]:
    """Facts of the УК with what the centre knows in the places that the format has for it."""
    said = {kind: Counter({_known(row): count for row, count in rows.items()}) for kind, rows in facts.items()
            if kind not in ("act", "penalty_stop", "account_area")}  # fmt: skip
    assert len(facts) - len(said) == 3
    begun, ended = datetime(2026, 10, 18, 6), datetime(2026, 10, 19, 20)  # noqa: DTZ001  # local time of the house
    nedo = Interruption("1", "2", begun, ended, None, "П-1 от 20.10.2026")
    said["interruption"] = Counter([(identifier("nedo", "П-1/2026-10-20/1", "2"), nedo, None, "accepted")])
    (measured,) = (row for row in said["account"] if row[1].number == "61100000050")
    said["account"] = said["account"] - Counter([measured])
    key, body, last, state = measured
    said["account"][key, replace(body, area_e2=_AREA), last, state] = 1
    return said


def _known(row: Any) -> Any:
    """A row with the things that a table told of under the identifiers that the region knows them by."""
    if row[0].__class__ is str and row[1].__class__ is tuple:
        return row
    key, body, *rest = row
    said = {one.name: known_as(value) for one in fields(body) if isinstance(value := getattr(body, one.name), str)}
    if isinstance(body, AccountPlace):
        key = f"{known_as(body.account)}/premises/{body.premises}" if body.account.startswith("t/") else key
    return (known_as(key), replace(body, **said), *rest)


def test_unloads_are_kept_and_an_increment_holds_exactly_what_changed(told_town: Application) -> None:
    one = _senders(told_town)["0079000136"]
    with pytest.raises(InputError, match="UN-0103"):
        _unload(told_town, one, changes=True)
    with pytest.raises(InputError, match="UN-0102"):
        make_unload(told_town, one, OCTOBER.next(), law=law(), changes=False)
    full, data = _unload(told_town, one)
    assert full.name == "0079000136-2026-10-001-full.zip" and _unload(told_town, one, changes=True)[0].rows == {}
    again, same = _unload(told_town, one)
    assert read_archive(same) == read_archive(data) and again.rows == full.rows, "the same books are the same rows"
    changed: list[list[str]] = []

    def change(section: str, number: int, cells: list[str]) -> list[list[str]]:
        if (section, number) == ("kvar", 1):  # the account that a table told of first, under a key of the sender's own
            return [["990", NEW, *cells[2:7], "01.10.2026", *cells[8:14], "2", "20.00", *cells[16:]]]
        if (section, number) == ("gil", 1):
            return [["991", "990", "1", "1", "01.11.2026", ""]]
        if (section, number) != ("ind", 3):
            return []
        changed.append([*cells[:3], "Третьевич", *cells[4:]])
        return [changed[-1]]

    taken = take_file(told_town, "more.zip", edited(TOWN / UK, change, info={14: "2", 9: "26.10.2026 10:00:00"}))
    assert isinstance(taken, Taken) and taken.new_records == 3
    more, part = _unload(told_town, one, changes=True)
    read = read_archive(part)
    assert more.rows == {"IND": 1, "KVAR": 1, "GIL": 1, "EPD": 1}, "and the document that says how many live there"
    assert read["ind"] == changed and read["_info"][0][13] == "2"
    first = known_as(f"t/{NEW}")
    assert (read["kvar"][0][:2], read["kvar"][0][14], read["gil"][0][:2]) == ([first, NEW], "2", ["991", first]), "the first one stays"
    assert _unload(told_town, one, changes=True)[0].rows == {}


def test_the_month_goes_to_the_regional_service_signed_and_compares_equal(told_town: Application, tmp_path: Path) -> None:
    one = _senders(told_town)["0079000136"]
    files = issue(tmp_path / "signing", at=told_town.clock.now(), profile=RSA)
    (tmp_path / "token").write_text("stand\n", encoding="utf-8")
    (tmp_path / "erkc.toml").write_text(f'[rgis]\nprofile = "slobodka"\ntoken_file = "{tmp_path / "token"}"\n', encoding="utf-8")
    settings = {"settings": {"online_agents": [{"profile": "agent", "inn": "0077000444"}]}}
    load_region_file(told_town, "agents.region.json", json.dumps(settings).encode())
    fault, authorities = Rule("SyncPersAccRkc", "lost_answer"), [read_certificate(files.authority.read_bytes())]
    with region(tmp_path / "region", fault, authorities=authorities) as (stand, url):
        stand.clock = told_town.clock.now().timestamp
        application = replace(told_town, settings=load(home=tmp_path, environment={"ERKC_RGIS_URL": url}))
        service = open_service(application)
        first = push(application, service, one, OCTOBER, law=law()).run
        assert first.trouble is not None and first.waiting == 3, "the region did not answer, nothing is lost"
        later = replace(application, clock=FixedClock(application.clock.now() + timedelta(hours=1)))
        done = push(later, service, one, OCTOBER, law=law())
        assert (done.run.done, done.run.refused, done.run.waiting, done.agents.payments) == (3, 0, 0, 0), (
            "what was on its way was continued"
        )
        assert push(later, service, one, OCTOBER, law=law()).agents.payments == 0, "an agent's payment is told once"
        soap = {"accounts": 24, "charges": 24, "agent_payments": 3, "messages": 5}
        assert stand.contents()["soap"] == soap and stand.agent_sum("0077000444") == Decimal("510.00")
        same = compare(later, service, one, OCTOBER, law=law())
        assert (same.accounts, same.different, same.claims) == (24, [], [])
        _money_of_another_channel_is_claimed(later, service, one)
        unload, data = _unload(application, one)
        rows = Totals(read_archive(data))
        with transaction(application.engine) as connection:
            sent = charge_rows(connection, one, OCTOBER, law())
        assert (sum(row.charged for row in sent), sum(row.closing for row in sent)) == (rows.charged, rows.closing)
        with transaction(application.engine) as connection:
            assert unload.message_id is not None
            prepare_unload(connection, provider_id=one.provider_id, name=unload.name, message_id=unload.message_id, sha256=unload.sha256,
                           at=application.clock.now())  # fmt: skip
        for kind, note in (("rgis_deliver", "принято 1, отказано 0"), ("rgis_compare", "истребовать оплату 7.00 руб.")):
            assert note in _run_job(later, kind)
        assert stand.contents()["rows"]["0079000136"]["kvar"] == 24, "the stand's own checks find nothing wrong"
        service = RkcClient(f"{url}/soap/rkc", "stand", "Token")
        with pytest.raises(RejectedError, match="SIG-"):
            service.send("GetChargePaymentRkc", page_message(uuid4(), one.inn, OCTOBER.first, 1))


def _money_of_another_channel_is_claimed(application: Application, service: RkcClient, one: Provider) -> None:
    """Two accounts are paid in the region by somebody else; one of the payments an agent has told us of at once."""
    with transaction(application.engine) as connection:
        told, silent = charge_rows(connection, one, OCTOBER, law())[:2]
    changed = [replace(told, paid=told.paid + 500, paid_on=date(2026, 10, 30)), replace(silent, paid=silent.paid + 200)]
    data = service.sealed(charges_message(uuid4(), one.inn, "2", date(2026, 11, 4), OCTOBER.first, changed))
    read_result(service.send("SyncChargePaymentRkc", data))
    report = Report("agent", "b1", told.number, 300, date(2026, 10, 30))
    assert report_payment(application.engine, data=b"<b1/>", report=report, clock=application.clock).code == 0
    found = compare(application, service, one, OCTOBER, law=law())
    assert {(claim.number, claim.amount, claim.state, claim.operations) for claim in found.claims} == {
        (told.number, 300, "reported", ("agent/b1",)), (told.number, 200, "unknown", ()), (silent.number, 200, "unknown", ()),
    }  # fmt: skip
    with transaction(application.engine) as connection:
        assert charge_rows(connection, one, OCTOBER, law())[:2] == [told, silent], "nothing is posted from the region's word"


def _run_job(application: Application, kind: str) -> str:
    schedule = [job for job in load_schedule() if job.kind == kind]
    with transaction(application.engine) as connection:
        (slot,) = jobs.open_slots(connection, schedule, application.clock.now(), "test")
    leases = {kind: timedelta(minutes=5)}
    assert run_slot(application.engine, slot, registry=registry(application), leases=leases, clock=application.clock)
    with application.engine.connect() as connection:
        return str(connection.execute(text("SELECT note FROM schedule_slot WHERE kind = :kind"), {"kind": kind}).scalar_one())


def test_a_draft_is_not_unloaded(server_url: str, template_database: str, tmp_path: Path) -> None:
    with database_copy(server_url, template_database, tmp_path) as (_, application):
        _begin(application)
        one = _senders(application)["0079000136"]
        with pytest.raises(InputError, match="UN-0102"):
            _unload(application, one)
        take_file(application, UK, (TOWN / UK).read_bytes())
        scope: dict[str, Any] = {"provider_id": one.provider_id, "month": OCTOBER, "actor": "тест", "clock": application.clock}
        draft_month(application.engine, mode="charge", law=law(), code_version=CODE_VERSION, **scope)
        with pytest.raises(InputError, match="UN-0102"):
            _unload(application, one)

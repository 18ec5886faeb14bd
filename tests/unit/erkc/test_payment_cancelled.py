"""One payment of a confirmed registry is cancelled once, and an agent's storno of it, or a second storno, finds nothing left."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine
from typer.testing import CliRunner

from adapters.contract import RawMessage
from config.settings import load
from core import outbox
from core.calendar import WorkCalendar
from core.clock import FixedClock
from core.errors import InputError
from core.ids import CENTRE, EntityId, TransportGuid
from core.ledger import months
from core.ledger.balances import advances, chart_totals, open_items
from core.ledger.entries import postings_of
from core.ledger.history import entries_of_account
from core.ledger.months import MonthState
from core.ledger.post import post
from core.ledger.verify import broken
from core.model.finding import Finding, Position
from core.model.ledger import Entry, Posting
from core.model.lines import Chart, Component
from core.model.parsed import Parsed
from core.model.records import PaymentRegistry, Record, RegistryPayment, StatementLine
from core.money import split
from core.outbox import Item, ItemOutcome
from core.period import Month
from core.records.entities import entity_ids, find_accounts, organisation_ids
from core.records.providers import providers
from core.services.advances import use_advances
from core.services.assigning import assign_suspended
from core.services.bank_day import stand_of_day
from core.services.cancelling import cancel_payment
from core.services.payment_states import payment_states
from core.services.payments import BankImport, import_bank_file, reconcile
from core.services.settlement import open_settlement
from core.services.suspense_list import list_suspense
from core.services.verify import verify
from core.storage.engine import transaction
from erkc.application import CODE_VERSION, Application
from erkc.cli import banks, duplicates
from erkc.cli.banks import registry_standing
from erkc.cli.main import application as command_line
from erkc.cli.options import law
from erkc.cli.screen import Screen
from erkc.intake import load_region_file, take_file
from tests.unit.erkc.conftest import ARCHIVE, TOWN

ACCOUNT = "41100000011"


def registry(number: str, *rows: tuple[str, str, str, int]) -> bytes:
    """Letter, operation, the operation it takes back, kopecks."""
    lines = [f"H|0077000116|Агент|{number}|2026-11-10|40821810700013101001"]
    for letter, operation, original, amount in rows:
        money = f"{amount / 100:.2f}"
        lines.append(f"{letter}|{operation}|2026-11-10T10:00:00|{ACCOUNT}|||||||{money}|0.00|T1|{original}")
    total = sum(amount for *_, amount in rows)
    return "\r\n".join([*lines, f"T|{len(rows)}|{total / 100:.2f}|0.00", ""]).encode("cp1251")


@dataclass(frozen=True)
class LaterRegistry:
    """A reader of a registry whose rows take back payments of earlier registries."""

    number: str
    rows: tuple[tuple[str, str, int], ...]
    name: str = "banks.files"

    def parse(self, message: Any, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """The registry and its rows as the adapters give them."""
        day, key = date(2026, 11, 11), f"pipe-delimited/{self.number}"
        total = sum(amount for *_, amount in self.rows)
        head = PaymentRegistry("pipe-delimited", "Агент", self.number, day, "", None, len(self.rows), total, 0, total)
        yield Record(key, Position(message.name), head)
        for place, (operation, original, amount) in enumerate(self.rows, start=1):
            body = RegistryPayment(key, operation, day, ACCOUNT, "", "", None, amount, 0, amount, reverses=f"pipe-delimited/{original}")
            yield Record(f"pipe-delimited/{operation}", Position(message.name, place), body)
        yield Parsed("ok", {"kind": "registry"}, {})


@dataclass(frozen=True)
class Statement:
    """A reader of lines of our account: number, whether it came in, kopecks, the other account, what it names, the purpose."""

    lines: tuple[tuple[str, bool, int, str, str, str], ...]
    keyed: str = "line"
    day: date = date(2026, 11, 11)
    registries: tuple[str, ...] = ()
    name: str = "banks.files"

    def parse(self, message: Any, known: Mapping[str, frozenset[str]]) -> Iterator[Record | Finding | Parsed]:
        """The lines as the adapters give them."""
        for place, (number, incoming, amount, other, named, purpose) in enumerate(self.lines, start=1):
            who = ("40821810700013101001", incoming, number, self.day, self.day, amount, other, "", "", "Петров П. П.", purpose, named)
            body = StatementLine(*who, registries=self.registries)
            yield Record(f"{self.keyed}/{number}", Position(message.name, place), body)
        yield Parsed("ok", {"kind": "statement"}, {})


def storno(engine: Engine, clock: FixedClock, number: str, *rows: tuple[str, str, int]) -> BankImport:
    message = RawMessage(f"later{number}.txt", repr(rows).encode())
    return import_bank_file(engine, reader=LaterRegistry(number, rows), message=message, clock=clock, own_accounts=())


def balances(application: Application) -> dict[Chart, int]:
    with application.engine.connect() as connection:
        found: dict[Chart, int] = {}
        for total in chart_totals(connection):
            found[total.chart] = found.get(total.chart, 0) + total.debit - total.credit
    return {chart: amount for chart, amount in found.items() if amount}


def test_a_payment_is_taken_back_once(engine: Engine, tmp_path: Path) -> None:
    clock = FixedClock(datetime(2026, 11, 12, 6, tzinfo=UTC))
    application = Application(load(home=tmp_path, environment={}), engine, clock, "")
    region = TOWN / "zarechinsk.region.json"
    load_region_file(application, region.name, region.read_bytes())
    take_file(application, ARCHIVE, (TOWN / ARCHIVE).read_bytes())
    before = balances(application)

    def take(number: str, *rows: tuple[str, str, str, int]) -> dict[str, int]:
        return dict(take_file(application, f"r{number}.txt", registry(number, *rows)).counts)

    assert take("1", ("P", "A1", "", 100_01), ("P", "A2", "", 100_01), ("P", "A3", "", 77_77), ("S", "B0", "A3", -7_00))["posted"] == 3
    cancelled = cancel_payment(engine, operation="pipe-delimited/A1", reason="письмо агента", actor="бухгалтер", clock=clock)
    assert cancelled.amount == 100_01
    with pytest.raises(InputError, match="BANK-0412"):
        cancel_payment(engine, operation="pipe-delimited/A1", reason="ещё раз", actor="бухгалтер", clock=clock)
    with pytest.raises(InputError, match="BANK-0411"):
        cancel_payment(engine, operation="pipe-delimited/NO", reason="нет такой", actor="бухгалтер", clock=clock)
    assert balances(application)[Chart.TRANSIT] - before.get(Chart.TRANSIT, 0) == 100_01 + 70_77

    done = reconcile(engine, clock=clock)
    [waiting] = done.result.registries
    assert waiting.payments == {"awaiting_money": 2, "reversed": 2}, "A1 was cancelled; A3 was taken back in part and keeps its state"
    told = registry_standing(done, waiting, date(2026, 11, 12), WorkCalendar.of([date(2026, 11, 4)]))
    assert (told.state, told.since, told.working_days, told.urgency) == ("no_order", date(2026, 11, 10), 2, "warning")
    rest = cancel_payment(engine, operation="pipe-delimited/A3", reason="письмо агента", actor="бухгалтер", clock=clock)
    assert rest.amount == 70_77
    late = storno(engine, clock, "2", ("B1", "A1", -100_01), ("B2", "A2", -40_00), ("B3", "A2", -60_01), ("B4", "A3", -1))
    assert (late.count("refused"), late.count("reversed")) == (2, 2)
    again = storno(engine, clock, "3", ("C2", "A2", -1))
    assert (again.count("refused"), again.count("reversed")) == (1, 0)
    counted = [one.payments for one in reconcile(engine, clock=clock).result.registries]
    assert counted == [{"reversed": 4}, {"reversed": 2, "refused": 2}], "whatever file or person took a payment back"
    with engine.connect() as connection:
        stood = stand_of_day(connection, date(2026, 11, 12))
    assert [item.key for item in stood.without_line] == ["pipe-delimited/1/2026-11-10", "pipe-delimited/2"], (
        "what a file of returns only moved too"
    )
    assert (sum(item.amount for item in stood.without_line), stood.unexplained) == (0, 0)
    assert balances(application) == before
    assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds


def test_money_in_suspense_and_money_that_left_it_are_taken_back_whole(engine: Engine, tmp_path: Path) -> None:
    clock = FixedClock(datetime(2026, 11, 12, 6, tzinfo=UTC))
    application = Application(load(home=tmp_path, environment={}), engine, clock, "")
    region = TOWN / "zarechinsk.region.json"
    load_region_file(application, region.name, region.read_bytes())
    take_file(application, ARCHIVE, (TOWN / ARCHIVE).read_bytes())
    before = balances(application)
    data = registry("9", ("P", "Z1", "", 5_00), ("P", "Z2", "", 6_00)).replace(ACCOUNT.encode(), b"99999")
    assert take_file(application, "r9.txt", data).counts["suspended"] == 2
    assign_suspended(engine, operation="Z2", account=ACCOUNT, reason="письмо плательщика", actor="бухгалтер", clock=clock)
    for operation, amount in (("pipe-delimited/Z1", 5_00), ("pipe-delimited/Z2", 6_00)):
        done = cancel_payment(engine, operation=operation, reason="письмо агента", actor="бухгалтер", clock=clock)
        assert done.amount == amount
    assert balances(application) == before
    assert [item for item in list_suspense(engine) if item.kind == "registry"] == []
    [whole] = reconcile(engine, clock=clock).result.registries
    assert whole.payments == {"reversed": 2}, "one never had an account, one had left suspense"
    assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds


def test_a_reversal_into_a_closed_month_mirrors_the_stored_allocation(engine: Engine, tmp_path: Path) -> None:
    """40 % of a payment whose advance was used meanwhile, then the rest: in proportion, in the open month; what it paid is owed again."""
    clock = FixedClock(datetime(2026, 11, 12, 6, tzinfo=UTC))
    application = Application(load(home=tmp_path, environment={}), engine, clock, "")
    region = TOWN / "zarechinsk.region.json"
    load_region_file(application, region.name, region.read_bytes())
    take_file(application, ARCHIVE, (TOWN / ARCHIVE).read_bytes())
    october, november, december = Month(2026, 10), Month(2026, 11), Month(2026, 12)
    with transaction(engine) as connection:
        [found] = find_accounts(connection, [ACCOUNT])[ACCOUNT]
        owner = next(one for one in providers(connection) if one.provider_id == found.provider_id)
        service, other, *_ = entity_ids(connection, owner.provider_id, "service").values()
        creditor = next(iter(organisation_ids(connection).values()))

    def charge(connection: Connection, month: Month, lines: Mapping[EntityId, int]) -> None:
        postings = tuple(
            Posting(Chart.RECEIVABLE, Chart.PAYABLE, amount, found.account_id, of, creditor, month, Component.BASE)
            for of, amount in lines.items()
        )
        entry = Entry(f"charge/{month}", "charge", owner.provider_id, month, month.last, "Начислено", postings)
        post(connection, [entry], at=clock.now())

    def owed() -> dict[tuple[EntityId, Month], int]:
        with engine.connect() as connection:
            items = open_items(connection, [found.account_id])
            return {(item.service_id, item.origin_month): item.amount for item in items if item.amount}

    def ahead() -> int:
        with engine.connect() as connection:
            return sum(item.amount for item in advances(connection, [found.account_id]))

    with transaction(engine) as connection:
        charge(connection, october, {service: 100_00, other: 33_33})
    debts, before = owed(), balances(application)
    assert debts == {(service, october): 100_00, (other, october): 33_33}
    assert take_file(application, "r1.txt", registry("1", ("P", "A1", "", 433_33))).counts["posted"] == 1
    assert (owed(), ahead()) == ({}, 300_00)
    with transaction(engine) as connection:
        [stored] = postings_of(connection, ["payment/pipe-delimited/A1"]).values()
        charge(connection, november, {service: 200_00})
        use_advances(connection, provider=owner, month=november, at=clock.now())
        for state in (MonthState.DRAFT, MonthState.APPROVED, MonthState.POSTED, MonthState.CLOSED):
            months.move(
                connection,
                provider_id=owner.provider_id,
                month=november,
                to=state,
                calculation_id=None,
                actor="бухгалтер",
                reason="месяц закрыт",
                at=clock.now(),
            )
    assert (owed(), ahead()) == ({}, 100_00)

    assert storno(engine, clock, "2", ("B1", "A1", -173_33)).count("reversed") == 1
    with engine.connect() as connection:
        [back] = postings_of(connection, ["payment/pipe-delimited/B1"]).values()
    shares = split(173_33, [posting.amount for posting in stored])
    assert list(back) == [
        replace(posting, debit=posting.credit, credit=posting.debit, amount=share) for posting, share in zip(stored, shares, strict=True)
    ]
    assert storno(engine, clock, "3", ("C1", "A1", -260_01)).count("refused") == 1, "more than is left of it"
    assert storno(engine, clock, "4", ("D1", "A1", -260_00)).count("reversed") == 1
    with engine.connect() as connection:
        listed = {entry.key: entry.month for entry in entries_of_account(connection, found.account_id) if entry.kind == "payment_reversal"}
    assert listed == {"payment/pipe-delimited/B1": december, "payment/pipe-delimited/D1": december}
    assert (owed(), ahead()) == (debts, -200_00), "what the advance was used for is missing until the month is posted"
    with transaction(engine) as connection:
        use_advances(connection, provider=owner, month=december, at=clock.now())
    assert (owed(), ahead()) == (debts | {(service, november): 200_00}, 0)
    before[Chart.RECEIVABLE] += 200_00
    before[Chart.PAYABLE] -= 200_00
    assert balances(application) == before
    with engine.connect() as connection:
        assert [fault for fault in broken(connection) if fault.invariant != 5] == []  # the charges here have no calculation


def test_money_given_back_by_a_statement_leaves_suspense_and_the_account(engine: Engine, tmp_path: Path) -> None:
    """A payer's transfer that waits, one that was posted, one that a person has assigned, an agent's: each given back once."""
    clock = FixedClock(datetime(2026, 11, 12, 6, tzinfo=UTC))
    application = Application(load(home=tmp_path, environment={}), engine, clock, "")
    region = TOWN / "zarechinsk.region.json"
    load_region_file(application, region.name, region.read_bytes())
    take_file(application, ARCHIVE, (TOWN / ARCHIVE).read_bytes())
    before = balances(application)
    payer, agent, back = "40817810499010000077", "40821810700093101005", "Возврат ошибочного платежа"

    def take(*lines: tuple[str, bool, int, str, str, str]) -> dict[str, int]:
        message = RawMessage(f"{lines[0][0]}.txt", repr(lines).encode())
        done = import_bank_file(engine, reader=Statement(lines), message=message, clock=clock, own_accounts=())
        return {state: done.amount(state) for state in ("posted", "suspended", "agent", "refund", "transfer") if done.count(state)}

    came = take(
        ("1", True, 5_00, payer, "99999", "за квартиру"),
        ("2", True, 6_00, payer, ACCOUNT, "за квартиру"),
        ("3", True, 7_00, payer, "99999", "за квартиру"),
        ("4", True, 8_00, agent, "", "по реестру"),
        ("5", False, 5_00, payer, "", back),
    )
    assert came == {"posted": 6_00, "suspended": 12_00, "agent": 8_00, "refund": 5_00}
    assert {item.operation for item in list_suspense(engine) if item.kind != "archive"} == {"line/3"}
    assign_suspended(engine, operation="line/3", account=ACCOUNT, reason="письмо плательщика", actor="бухгалтер", clock=clock)
    gone = take(*((str(10 + amount), False, amount * 100, agent if amount == 8 else payer, "", back) for amount in (6, 7, 8)))
    assert gone == {"refund": 21_00}
    assert balances(application) == before
    assert take(("20", False, 5_00, payer, "", back)) == {"transfer": 5_00}, "its transfer was given back: this is of something else"
    states = {outcome.key: outcome.state for outcome in reconcile(engine, clock=clock, own_accounts=()).result.lines}
    assert [states[f"line/{number}"] for number in ("5", "16", "17", "18", "20")] == [*["refund_out"] * 4, "transfer_out"]
    assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds


def test_every_payment_has_a_state_and_what_the_federal_system_knows_of_it(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FixedClock(datetime(2026, 11, 12, 6, tzinfo=UTC))
    application = Application(load(home=tmp_path, environment={}), engine, clock, "")
    region = TOWN / "zarechinsk.region.json"
    load_region_file(application, region.name, region.read_bytes())
    take_file(application, ARCHIVE, (TOWN / ARCHIVE).read_bytes())
    rows = [("P", f"A{number}", "", 10_00 + number) for number in range(7)]
    take_file(application, "r1.txt", registry("1", *rows, ("S", "B6", "A6", -3_00)))
    cancel_payment(engine, operation="pipe-delimited/A4", reason="письмо агента", actor="бухгалтер", clock=clock)

    def carried(act: str, kind: str, part: str, things: Mapping[str, str]) -> None:
        """Things of an act with the states that the other side's answer left; each key of a thing has the sum of its payment."""
        items = [Item(TransportGuid(uuid4()), kind, place + len(act) * 100) for place, _ in enumerate(things)]
        sums = {operation: amount for _, operation, _, amount in rows}
        about = {"rows": lambda name: {"key": f"pipe-delimited/{name}", "amount": sums[name]}}
        about["parts"] = lambda name: {"payment": f"payment/pipe-delimited/{name}/2026-10", "amount": sums[name]}
        request = {part: {str(item.local_id): about[part](name) for item, name in zip(items, things, strict=True)}}
        with transaction(engine) as connection:
            number = outbox.prepare(
                connection,
                provider_id=CENTRE,
                system="gis",
                service="payments",
                operation="import",
                subject=act,
                act=act,
                request=request,
                request_guid=uuid4(),
                items=items,
                at=clock.now(),
            )
            refusal = ({"code": "INT002012", "text": "Нет доступа"},)
            outcomes = [
                ItemOutcome(item.transport_guid, state, errors=refusal if state == "rejected" else ())  # type: ignore[arg-type]
                for item, state in zip(items, things.values(), strict=True)
                if state != "waiting"
            ]
            outbox.settle(connection, number, outcomes)

    told = {"A1": "waiting", "A2": "accepted", "A3": "rejected", "A4": "accepted", "A5": "accepted", "A6": "accepted"}
    carried("notifications", "notification", "rows", told)
    carried("acknowledgments", "acknowledgment", "parts", {"A5": "accepted"})
    done = reconcile(engine, clock=clock)
    with engine.connect() as connection:
        found = {one.operation.rpartition("/")[2]: one for one in payment_states(connection, done)}
    assert {name: (one.state, one.notice.state) for name, one in found.items()} == {
        "A0": ("awaiting_money", "not_told"),
        "A1": ("awaiting_money", "on_its_way"),
        "A2": ("awaiting_money", "told"),
        "A3": ("awaiting_money", "told_refused"),
        "A4": ("reversed", "to_annul"),
        "A5": ("awaiting_money", "acknowledged"),
        "A6": ("awaiting_money", "other_amount"),
        "B6": ("reversed", "not_told"),
    }
    assert found["A3"].notice.reasons == (("INT002012", "Нет доступа"),)

    @contextmanager
    def opened(as_json: bool) -> Iterator[tuple[Application, Screen]]:
        yield application, Screen(as_json=as_json)

    monkeypatch.setattr(banks, "opened", opened)
    said = CliRunner().invoke(command_line, ["reconcile", "--payments", "--json"])
    document = json.loads(said.stdout)
    assert document["gis"] == Counter(one.notice.state for one in found.values() if one.notice.state != "not_told")
    assert {one["operation"]: one["gis"]["state"] for one in document["payments"]} == {
        one.operation: one.notice.state for one in found.values()
    }
    assert "pipe-delimited/A4: платёж возвращён" in CliRunner().invoke(command_line, ["reconcile"]).stdout


def test_one_payment_by_two_channels_is_asked_decided_and_remembered(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FixedClock(datetime(2026, 11, 12, 6, tzinfo=UTC))
    application = Application(load(home=tmp_path, environment={}), engine, clock, "")
    region = TOWN / "zarechinsk.region.json"
    load_region_file(application, region.name, region.read_bytes())
    take_file(application, ARCHIVE, (TOWN / ARCHIVE).read_bytes())
    take_file(
        application, "r1.txt", registry("1", ("P", "A1", "", 5_01), ("P", "A2", "", 6_01), ("P", "A3", "", 6_01), ("P", "A4", "", 8_01))
    )
    own, payer = "40821810700013101001", "40817810499010000077"
    lines = tuple((f"{number}", True, amount, payer, ACCOUNT, "за квартиру") for number, amount in ((1, 5_01), (2, 7_01), (4, 8_01)))
    import_bank_file(engine, reader=Statement(lines, own), message=RawMessage("1.txt", b"1"), clock=clock, own_accounts=())
    posted = balances(application)

    @contextmanager
    def opened(as_json: bool) -> Iterator[tuple[Application, Screen]]:
        yield application, Screen(as_json=as_json)

    for room in (banks, duplicates):
        monkeypatch.setattr(room, "opened", opened)

    def told(*words: str) -> Any:
        return json.loads(CliRunner().invoke(command_line, ["duplicates", *words, "--json"]).stdout)

    first, second = told("list")
    assert [(side["channel"], side["operation"], side["paid_on"]) for side in first["payments"]] == [
        ("pipe-delimited", "pipe-delimited/A1", "2026-11-10"),
        ("прямой перевод", f"{own}/1", "2026-11-11"),
    ]
    assert (first["account"], first["amount_kop"], first["decision"], second["amount_kop"]) == (ACCOUNT, 5_01, None, 8_01)
    assert json.loads(CliRunner().invoke(command_line, ["reconcile", "--json"]).stdout)["possible_duplicates"] == [first, second]
    assert balances(application) == posted, "nothing is taken back by a likeness"
    assert told("list", "--since", "2026-12") == [], "the search is bounded by months"

    told("decide", second["number"], "--two", "--reason", "платил дважды")
    assert told("list") == [first]
    assert [one["decision"] and one["decision"]["two"] for one in told("list", "--all")] == [None, True]
    for number, verdict, code in ((first["number"], ("--extra", "X/1"), "BANK-0422"), ("00000000", ("--two",), "BANK-0421")):
        refused = CliRunner().invoke(command_line, ["duplicates", "decide", number, *verdict, "--reason", "?"])
        assert code in str(refused.exception)
    direct = told("decide", first["number"], "--extra", f"{own}/1", "--reason", "плательщик просит вернуть")
    assert (direct["cancelled_kop"], told("list")[0]["decision"]["extra"]) == (0, f"{own}/1")
    assert balances(application) == posted, "our own transfer is given back by the bank, not by a decision"
    again = told("decide", first["number"], "--extra", "pipe-delimited/A1", "--reason", "агент подтвердил: прошёл дважды")
    assert (again["cancelled_kop"], told("list")) == (5_01, [])
    done = reconcile(engine, clock=clock)
    with engine.connect() as connection:
        states = {one.operation: one.state for one in payment_states(connection, done)}
    assert (states["pipe-delimited/A1"], states["pipe-delimited/A4"]) == ("second_notice", "awaiting_money")
    assert "повторов между каналами с месяца 2026-10 нет" in CliRunner().invoke(command_line, ["duplicates", "list"]).stdout


def test_what_came_of_a_registry_is_due_at_once_and_the_rest_when_it_comes(engine: Engine, tmp_path: Path) -> None:
    """Two orders for one registry: after the first it is short, and nobody waits for money that is there (ПП № 253)."""
    clock = FixedClock(datetime(2026, 11, 17, 6, tzinfo=UTC))
    application = Application(load(home=tmp_path, environment={}), engine, clock, "")
    region = TOWN / "zarechinsk.region.json"
    load_region_file(application, region.name, region.read_bytes())
    take_file(application, ARCHIVE, (TOWN / ARCHIVE).read_bytes())
    take_file(application, "r1.txt", registry("1", ("P", "A1", "", 400_01), ("P", "A2", "", 100_00), ("P", "A3", "", 5_00)))
    cancel_payment(engine, operation="pipe-delimited/A3", reason="письмо агента", actor="бухгалтер", clock=clock)
    agent, first, second = "40821810700093101005", date(2026, 11, 11), date(2026, 11, 16)

    def order(number: str, day: date, amount: int) -> None:
        line = (number, True, amount, agent, "", "по реестру 1")
        reader = Statement((line,), day=day, registries=("1 2026-11-10 - - -",))
        import_bank_file(engine, reader=reader, message=RawMessage(f"{number}.txt", number.encode()), clock=clock, own_accounts=())

    def by_day() -> dict[date | None, int]:
        with engine.connect() as connection:
            found = open_settlement(connection, law=law(), day=second)
        sums: Counter[date | None] = Counter()
        for fact in found.facts:
            sums[fact.on] += fact.amount
        nonlocal told
        told = [(trouble.code, trouble.amount) for trouble in found.troubles if trouble.code == "SET-0107"]
        return dict(sums)

    told: list[tuple[str, int]] = []
    assert by_day() == {None: 500_01}
    order("9", first, 405_01)
    [short] = reconcile(engine, clock=clock, own_accounts=()).result.registries
    early = by_day()
    assert (short.state, short.difference, told) == ("short", -100_00, [("SET-0107", 100_00)])
    day_of_decision = clock.now().date()
    assert sum(early.values()) == 500_01 and set(early) == {first, day_of_decision, None}, "what was cancelled counts from the decision"
    assert abs(early[first] - 405_01) <= 5 and early[day_of_decision] < 0
    order("10", second, 100_00)
    late = by_day()
    assert (late[first], told) == (early[first], []), "what was due before does not change"
    assert late[first] + late[second] == 505_01 and None not in late

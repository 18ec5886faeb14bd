"""Delivery of the town's bills: letters to a real server that misbehaves, folders of print agents; each bill once, whatever happens."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pypdf
import pytest
from sqlalchemy import text

from config.settings import load
from core.clock import FixedClock
from core.errors import ConflictError, InputError
from core.ids import ProviderId
from core.issued.bills import bills_of_month
from core.records.directory import address_order
from core.services.delivery import LetterOrder, PrintBatch, decide, prepare_deliveries, print_batches, send_letters
from core.services.delivery_choices import choose_email, choose_paper, route_house, take_consents
from core.services.issue import issue_month
from core.services.show import show
from core.services.verify import verify
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.look import bill_look
from erkc.mailing import letters_of, open_mailer, sender_of
from erkc.printing import AgentFolders
from erkc.reprint import print_bills
from tests.unit.adapters.mail.mail_server import LocalMailServer
from tests.unit.erkc.bill_checks import codes_of
from tests.unit.erkc.compared_town import load as load_region
from tests.unit.erkc.compared_town import region_with
from tests.unit.erkc.conftest import NOW, OCTOBER, Run, database_copy

PROVIDER = ProviderId(1)
RIVER = "b459071a-fb8a-4f9e-bf72-c46dca8fbe35"  # Береговая, 1


@pytest.fixture(scope="module")
def issued_template(server_url: str, charged_template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    with database_copy(server_url, charged_template, tmp_path_factory.mktemp("issued"), keep=True) as (name, application):
        issue_month(
            application.engine,
            provider_id=PROVIDER,
            month=OCTOBER,
            law=law(),
            series="ЕПД",
            issued_on=NOW.date(),
            clock=application.clock,
        )
    return name


@pytest.fixture
def town(server_url: str, issued_template: str, tmp_path: Path) -> Iterator[Application]:
    with database_copy(server_url, issued_template, tmp_path) as (_, application):
        yield application


@pytest.fixture
def server() -> Iterator[LocalMailServer]:
    with LocalMailServer() as server:
        yield server


def with_mail(application: Application, port: int) -> Application:
    """The application with mail set up in its site file, as an operator does it."""
    application.home.mkdir(exist_ok=True)
    (application.home / "erkc.toml").write_text(
        f'[mail]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\nsender = "bills@centre.example"\ntimeout_s = 5\n', encoding="utf-8"
    )
    return replace(application, settings=load(home=application.home, environment={}))


def later(application: Application, **by: int) -> Application:
    return replace(application, clock=FixedClock(application.clock.now() + timedelta(**by)))


def accounts(application: Application, count: int) -> list[str]:
    with application.engine.connect() as connection:
        rows = connection.execute(text("SELECT content ->> 'account_number' FROM bill ORDER BY bill_id LIMIT :count"), {"count": count})
        return list(rows.scalars())


def agree(application: Application, count: int) -> dict[str, str]:
    """Some accounts whose payers agreed to e-mail, with their addresses."""
    found = {number: f"payer{place}@example.org" for place, number in enumerate(accounts(application, count))}
    lines = ["счёт;e-mail;документ", *(f"{number};{email};заявление № {number}" for number, email in found.items())]
    taken = take_consents(application.engine, name="согласия.csv", data="\r\n".join(lines).encode("utf-8-sig"), clock=application.clock)
    assert (taken.new, taken.findings) == (count, ())
    return found


def prepare(application: Application, *, mail: bool = True, route: str | None = None) -> Any:
    letters = letters_of(application, PROVIDER) if mail else None
    return prepare_deliveries(
        application.engine, provider_id=PROVIDER, month=OCTOBER, letters=letters, route=route, clock=application.clock
    )


def send(application: Application) -> Any:
    with open_mailer(application) as mailer:
        return send_letters(
            application.engine, mailer=mailer, sender=sender_of(application).address, clock=application.clock, provider_id=PROVIDER
        )


def leave(application: Application, count: int) -> None:
    """Let all but the first bills be printed already, so that a test need not print hundreds."""
    prepare(application, mail=False)
    with application.engine.begin() as connection:
        first = list(connection.execute(text("SELECT bill_id FROM bill ORDER BY bill_id LIMIT :count"), {"count": count}).scalars())
        connection.execute(text("UPDATE exchange SET state = 'done'"))
        free = "UPDATE exchange_item SET state = CASE WHEN local_id = ANY (:first) THEN 'replaced' ELSE 'accepted' END"
        connection.execute(text(free), {"first": first})


def bill_of(application: Application, account: str) -> str:
    with application.engine.connect() as connection:
        statement = text("SELECT number FROM bill WHERE content ->> 'account_number' = :account ORDER BY bill_id DESC LIMIT 1")
        return str(connection.execute(statement, {"account": account}).scalar_one())


def told(application: Application, account: str) -> list[str]:
    """What ``erkc show`` says of the delivery of an account's bill."""
    (life,) = show(application.engine, bill_of(application, account))
    return [fact.text for fact in life.facts if fact.what == "доставка"]


def test_letters_go_once_to_those_who_agreed_and_the_rest_on_paper(town: Application, server: LocalMailServer, tmp_path: Path) -> None:
    application = with_mail(town, server.port)
    emails = agree(application, 7)
    first = prepare(application)
    assert (first.letters, first.printed, first.batches, first.without_mail) == (7, 403, 2, 0)
    with application.engine.connect() as connection:  # identifier and bytes are there before anything left
        archived = text("SELECT count(*) FROM exchange JOIN message ON message_id = request_message_id WHERE system = 'email'")
        stored = connection.execute(archived).scalar_one()
    assert stored == 7 and server.connections == 0
    run = send(application)
    assert (run.sent, run.refused, run.postponed, run.unknown, run.trouble) == (7, 0, 0, 0, None)
    assert {one.to for one in server.taken} == set(emails.values())
    assert prepare(application).letters == 0 and send(application).sent == 0 and len(server.taken) == 7
    for account, email in emails.items():
        (letter,) = [one for one in server.taken if one.to == email]
        assert account in letter.message.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        (attached,) = letter.message.iter_attachments()
        page = pypdf.PdfReader(io.BytesIO(attached.get_content())).pages[0].extract_text()
        assert account in page and bill_of(application, account) in page
        assert told(application, account) == [f"письмо на {email}: отправлен"]
    ids = [one.message["Message-ID"] for one in server.taken]
    assert len(set(ids)) == 7 and all(one.endswith("@centre.example>") for one in ids)
    assert verify(application.engine, law=law(), code_version=CODE_VERSION).holds


def test_a_refused_receiver_gets_paper_and_a_busy_one_the_same_letter_later(town: Application, server: LocalMailServer) -> None:
    application = with_mail(town, server.port)
    emails = agree(application, 4)
    refused, busy, shut, good = emails.values()
    server.orders = {refused: ["refuse"], busy: ["busy", "later"], shut: ["shut"]}
    prepare(application)
    run = send(application)
    assert (run.sent, run.refused, run.postponed, run.unknown) == (1, 1, 2, 0)
    with application.engine.connect() as connection:
        of_busy = text("SELECT request ->> 'message_id' FROM exchange WHERE request ->> 'to' = :to")
        before = connection.execute(of_busy, {"to": busy}).scalar()
    assert send(application).sent == 0  # not yet due
    assert send(later(application, minutes=2)).sent == 1
    run = send(later(application, minutes=30))
    assert run.sent == 1 and Counter(one.to for one in server.taken) == Counter((good, shut, busy))
    (letter,) = [one for one in server.taken if one.to == busy]
    assert letter.message["Message-ID"] == f"<{before}@centre.example>" and server.attempts[busy] == 3
    number = next(iter(emails))
    assert told(application, number) == [f"письмо на {refused}: отказ (550 5.1.1 no such user)"]
    again = prepare(application)
    assert (again.letters, again.printed) == (0, 1)  # what was refused goes on paper
    assert "печать" in told(application, number)[1] and "ждёт отправки" in told(application, number)[1]


def test_a_letter_of_which_nobody_knows_waits_for_a_person(town: Application, server: LocalMailServer) -> None:
    application = with_mail(town, server.port)
    emails = agree(application, 3)
    lost, arrived, _ = emails.values()
    server.orders = {lost: ["drop_dot"], arrived: ["drop_dot"]}
    prepare(application)
    run = send(application)
    assert (run.sent, run.unknown) == (1, 2) and {one.to for one in server.silent} == {lost, arrived}
    for days in (1, 30, 400):
        assert send(later(application, days=days)).sent == 0
    assert prepare(application).letters == 0 and len(server.taken) == 1
    first, second, third = emails
    assert "неизвестно, дошёл ли" in told(application, first)[0]
    scope = {"actor": "тест", "clock": application.clock}
    with pytest.raises(InputError, match="DLV-0203"):
        decide(application.engine, number=bill_of(application, third), verdict="again", document="просьба", **scope)
    decide(application.engine, number=bill_of(application, first), verdict="again", document="в журнале сервера письма нет", **scope)
    decide(application.engine, number=bill_of(application, second), verdict="delivered", document="звонок плательщика", **scope)
    assert send(application).sent == 1
    (once,) = [one for one in server.taken if one.to == lost]
    (before,) = [one for one in server.silent if one.to == lost]
    assert once.data == before.data  # the same bytes, so the same Message-ID
    assert told(application, second)[-1] == "вручён (звонок плательщика)"
    with application.engine.connect() as connection:
        kept = connection.execute(text("SELECT count(*) FROM message WHERE direction = 'decision' AND name = 'delivery_outcome.json'"))
        assert kept.scalar_one() == 2
    assert len([one for one in server.taken if one.to == arrived]) == 0


def test_a_letter_that_came_back_goes_on_paper(town: Application, server: LocalMailServer) -> None:
    application = with_mail(town, server.port)
    (account,) = agree(application, 1)
    prepare(application)
    send(application)
    scope = {"actor": "тест", "clock": application.clock}
    decide(application.engine, number=bill_of(application, account), verdict="failed", document="отчёт о недоставке", **scope)
    again = prepare(application)
    assert (again.letters, again.printed) == (0, 1)
    assert prepare(application).printed == 0
    with pytest.raises(InputError, match="DLV-0201"):
        decide(application.engine, number="999999-000001", verdict="failed", document="нет", **scope)


def test_a_server_that_is_down_or_hangs_up_keeps_nothing_and_loses_nothing(town: Application, server: LocalMailServer) -> None:
    emails = list(agree(town, 6).values())
    dead = with_mail(town, 1)
    prepare(dead)
    run = send(dead)
    assert run.sent == 0 and run.trouble is not None and run.trouble.code == "DLV-0301"
    application = with_mail(town, server.port)
    server.orders = {email: ["drop_rcpt"] for email in emails}
    run = send(application)
    assert run.trouble is not None and run.trouble.code == "DLV-0305" and run.postponed == 3 and server.taken == []
    server.orders = {}
    for minutes in (0, 10, 30):
        send(later(application, minutes=minutes))
    assert Counter(one.to for one in server.taken) == Counter(emails)


def test_a_sender_that_died_between_server_and_database_sends_nothing_twice(town: Application, server: LocalMailServer) -> None:
    application = with_mail(town, server.port)
    (account,) = agree(application, 1)
    prepare(application)

    class Dying:
        """The process is killed after the server took the letter and before that is written down."""

        def __init__(self, mailer: Any) -> None:
            self.mailer = mailer

        def connect(self) -> None:
            self.mailer.connect()

        def send(self, letter: bytes, *, sender: str, to: str) -> Any:
            assert self.mailer.send(letter, sender=sender, to=to).state == "sent"
            raise KeyboardInterrupt

    with open_mailer(application) as mailer, pytest.raises(KeyboardInterrupt):
        send_letters(application.engine, mailer=Dying(mailer), sender="bills@centre.example", clock=application.clock, provider_id=PROVIDER)
    for minutes in (0, 11, 60, 60 * 24 * 30):
        assert send(later(application, minutes=minutes)).sent == 0
    assert len(server.taken) == 1 and "неизвестно, дошёл ли" in told(application, account)[0]


@pytest.mark.long
def test_batches_of_a_route_have_one_pdf_a_list_in_order_and_checksums(town: Application, tmp_path: Path) -> None:
    scope = {"actor": "тест", "clock": town.clock}
    assert route_house(town.engine, house=RIVER, route="Участок 1/Север", document="договор № 5", **scope)
    assert not route_house(town.engine, house=RIVER.upper(), route="Участок 1/Север", document="договор № 5", **scope)
    own, _ = accounts(town, 2)
    assert choose_paper(town.engine, account=own, route="До востребования", document="заявление", **scope)
    with pytest.raises(InputError, match="DLV-0103"):
        route_house(town.engine, house="нет", route="x", document="y", **scope)
    with town.engine.connect() as connection:
        there = connection.execute(text("SELECT count(*) FROM bill WHERE content ->> 'house_fias' = :fias"), {"fias": RIVER}).scalar_one()
    out = tmp_path / "print"
    printer = AgentFolders(out, "0077000116", "РЦ")
    only = prepare(town, mail=False, route="Участок 1/Север")
    assert (only.printed, only.batches) == (there - 1, 1)
    assert print_batches(town.engine, printer=printer, clock=town.clock, provider_id=PROVIDER) == there - 1
    folder = out / "2026-10" / "Участок 1_Север" / "0077000116-001"
    rest = prepare(town, mail=False)
    assert rest.printed == 410 - (there - 1)
    print_batches(town.engine, printer=printer, clock=town.clock, provider_id=PROVIDER)
    assert prepare(town, mail=False).printed == 0
    seen: list[str] = []
    for place in sorted(out.glob("2026-10/*/*")):
        sums = dict(reversed(line.split("  ")) for line in (place / "SHA256SUMS").read_text(encoding="utf-8").splitlines())
        assert set(sums) == {"список.csv", "список.xlsx", "счета-001.pdf"} == {file.name for file in place.iterdir()} - {"SHA256SUMS"}
        for name, digest in sums.items():
            assert hashlib.sha256((place / name).read_bytes()).hexdigest() == digest
        heading, _, *rows = csv.reader(io.StringIO((place / "список.csv").read_text(encoding="utf-8-sig")), delimiter=";")
        assert 0 < len(rows) <= 250 and f"Документов: {len(rows)}" in heading
        assert [address_order(row[1]) for row in rows] == sorted(address_order(row[1]) for row in rows)
        sheet = openpyxl.load_workbook(place / "список.xlsx").worksheets[0]
        assert [sheet.cell(6 + n, 5).value for n in range(len(rows))] == [row[4] for row in rows]
        pages = [page.extract_text() for page in pypdf.PdfReader(place / "счета-001.pdf").pages]
        starts = [next(n for n, page in enumerate(pages) if row[4] in page and row[3] in page) for row in (rows[0], rows[-1])]
        assert starts[0] == 0 and (len(rows) == 1 or starts[1] >= len(rows) - 1)
        seen += [row[4] for row in rows]
    assert len(seen) == len(set(seen)) == 410 and (folder / "SHA256SUMS").is_file()
    numbers = [row[1:3] for row in rows if "Береговая, д. 3" in row[1]]
    flats = [int(flat.split(" ")[1].split(",")[0]) for _, flat in numbers if flat.startswith("кв. ")]
    assert flats == sorted(flats)
    assert told(town, own)[0].startswith("печать, маршрут «До востребования», пачка 1: передан в печать")


def test_every_way_of_a_bill_prints_the_same_page(town: Application, tmp_path: Path) -> None:
    """The region's form of payment codes and the link to explanations are on the issued file, the letter and the print batch alike."""
    load_region(town, region_with(qr_paym_period="MMYY"))
    town = with_mail(town, 25)
    bills = town.settings.bills.model_copy(update={"explain_url": "https://erkc.example/e/{code}"})
    town = replace(town, settings=town.settings.model_copy(update={"bills": bills}))
    with town.engine.connect() as connection:
        bill = next(bills_of_month(connection, PROVIDER, OCTOBER))
    (issued,) = print_bills(town, name=bill.number, month=None, out=tmp_path)
    (sent,) = letters_of(town, PROVIDER)([LetterOrder(uuid4(), "payer@example.org", bill.content)])
    attached = next(part for part in message_from_bytes(sent).walk() if part.get_content_type() == "application/pdf")
    assert attached.get_payload(decode=True) == issued.path.read_bytes()
    batch = PrintBatch(OCTOBER, "Без маршрута", 1, (bill.content,), b"")
    folder = tmp_path / AgentFolders(tmp_path, "0077000116", "РЦ", bill_look(town, OCTOBER, PROVIDER)).write(batch)
    codes = [codes_of(file.read_bytes()) for file in (issued.path, folder / "счета-001.pdf")]
    assert codes[0] == codes[1] and any(b"PaymPeriod=1026" in code for code in codes[0])
    assert any(code.startswith(b"https://erkc.example/e/") for code in codes[0])


def test_a_batch_whose_writer_died_is_written_again_and_another_one_is_never_overwritten(town: Application, tmp_path: Path) -> None:
    (own,) = accounts(town, 1)
    choose_paper(town.engine, account=own, route="Один", document="заявление", actor="тест", clock=town.clock)
    prepare(town, mail=False, route="Один")
    printer = AgentFolders(tmp_path / "out", "0077000116", "РЦ")

    class Dying:
        def write(self, batch: Any) -> str:
            printer.write(batch)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        print_batches(town.engine, printer=Dying(), clock=town.clock, provider_id=PROVIDER)
    before = (tmp_path / "out" / "2026-10" / "Один" / "0077000116-001" / "SHA256SUMS").read_bytes()
    assert print_batches(town.engine, printer=printer, clock=town.clock, provider_id=PROVIDER) == 0  # may still be working
    assert print_batches(town.engine, printer=printer, clock=later(town, minutes=11).clock, provider_id=PROVIDER) == 1
    assert (tmp_path / "out" / "2026-10" / "Один" / "0077000116-001" / "SHA256SUMS").read_bytes() == before
    (tmp_path / "out" / "2026-10" / "Без маршрута" / "0077000116-001").mkdir(parents=True)
    prepare(town, mail=False)
    with pytest.raises(ConflictError, match="DLV-0401"):
        print_batches(town.engine, printer=printer, clock=town.clock, provider_id=PROVIDER)


def test_consents_are_decisions_with_their_document(town: Application) -> None:
    first, second, third = accounts(town, 3)
    scope = {"document": "заявление № 1", "actor": "тест", "clock": town.clock}
    assert choose_email(town.engine, account=first, email="a@example.org", **scope)
    assert not choose_email(town.engine, account=first, email="a@example.org", **scope)
    with pytest.raises(InputError, match="DLV-0102"):
        choose_email(town.engine, account="000", email="a@example.org", **scope)
    rows = f"Счет;E-mail;Документ\n{first};;отзыв № 2\n{second};b@example.org;\n{third};no address;з. 3\n777;c@example.org;з. 4\n"
    taken = take_consents(town.engine, name="c.csv", data=rows.encode("cp1251"), clock=town.clock)
    assert taken.new == 1 and [(f.position.row, f.code) for f in taken.findings] == [(3, "DLV-0105"), (4, "DLV-0101"), (5, "DLV-0102")]
    assert prepare(town, mail=False).without_mail == 0  # the only consent is withdrawn
    with pytest.raises(InputError, match="DLV-0104"):
        take_consents(town.engine, name="d.csv", data=b"a;b\n", clock=town.clock)
    with town.engine.connect() as connection:
        names = connection.execute(text("SELECT name FROM message WHERE channel = 'delivery' ORDER BY message_id")).scalars().all()
    assert names == ["delivery_choice.json", "c.csv"]


@pytest.mark.long
def test_the_commands_deliver_and_their_exit_codes_tell(
    town: Application, server: LocalMailServer, erkc: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("ERKC_DATABASE_URL", town.database)
    with_mail(replace(town, settings=load(home=home, environment={})), 1)
    leave(town, 6)
    account, other = accounts(town, 2)
    code, out, _ = erkc("bill", "delivery", account, "--email", "ivan@example.org", "--consent-document", "заявление № 1", "--json")
    assert code == 0 and json.loads(out)["is_new"] is True
    (tmp_path / "list.csv").write_text(f"счёт;e-mail;документ\n{other};petr@example.org;заявление № 2\n", encoding="utf-8")
    code, out, _ = erkc("bill", "consents", str(tmp_path / "list.csv"), "--json")
    assert code == 0 and json.loads(out)["new"] == 1
    code, _, _ = erkc("bill", "route", RIVER, "--route", "Участок 1", "--document", "договор № 5")
    assert code == 0
    code, out, _ = erkc("deliver", "bills", "2026-10", "--json")
    document = json.loads(out)["providers"]["0077000116"]
    assert code == 3 and document["trouble"]["code"] == "DLV-0301"
    assert {(one["way"], one["state"]) for one in document["standing"]} == {("email", "waiting"), ("print", "printed")}
    with_mail(replace(town, settings=load(home=home, environment={})), server.port)
    server.orders = {"petr@example.org": ["refuse"]}
    code, out, _ = erkc("deliver", "bills", "2026-10")
    assert code == 0 and "отказ" in out and len(server.taken) == 1
    code, out, _ = erkc("deliver", "bills", "2026-10", "--json")
    document = json.loads(out)["providers"]["0077000116"]
    assert code == 0 and document["prepared"]["printed"] == 0 and document["decide"] == [] and len(server.taken) == 1
    assert "печать" in " ".join(told(town, other))
    assert (home / "outbox" / "print" / "2026-10" / "Участок 1").is_dir()
    code, out, _ = erkc("show", bill_of(town, account))
    assert code == 0 and "письмо на ivan@example.org: отправлен" in out
    code, _, error = erkc("deliver", "decide", bill_of(town, account), "--again", "--document", "просьба")
    assert code == 1 and "DLV-0203" in error
    code, out, _ = erkc("deliver", "decide", bill_of(town, account), "--delivered", "--document", "звонок")
    assert code == 0 and "вручён" in out
    code, _, error = erkc("deliver", "decide", bill_of(town, account), "--document", "звонок")
    assert code == 2 and "CLI-0106" in error

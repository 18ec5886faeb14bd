"""The system itself: one function from request to answer over the state on disk; time comes from the caller, so tests run it on a clock
of theirs.

A message is stored before it is acknowledged, and worked through when its time has come, in the order of arrival. State and result of a
message are written in the transaction that applies it, so a stand that was killed repeats neither.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lxml import etree

from adapters import xmlio
from erkc.stands.gis import accounts, bills, registry
from erkc.stands.gis.desk import Call, found, put
from erkc.stands.gis.gate import Gate, Incoming, Refusal
from erkc.stands.gis.handlers import HANDLERS
from erkc.stands.gis.names import BASE, SOAP, add, envelope, first, moment, q, result_root, text
from erkc.stands.gis.results import LARGE, busy_items, refuse_for_now, reprefixed, spoil
from erkc.stands.gis.rules import Rule, add_rule, clear_rules, struck
from erkc.stands.gis.state import State
from xsd.tables import ALBUM, tables

__all__ = ["Answer", "Stand"]

_HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_SENDER = re.compile(rb"<(?:[\w.-]+:)?orgPPAGUID>\s*([0-9a-fA-F-]{36})")
_LONGER = timedelta(minutes=10)
_OF_RESULTS = frozenset((
    "stuck", "delay", "empty", "whole_error", "partial", "missing_item", "duplicate_item", "foreign_item", "reordered", "prefixes",
    "expired", "large",
))  # fmt: skip
_OF_ITEMS = ("missing_item", "duplicate_item", "foreign_item", "reordered")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; ``cut`` means that the connection breaks instead, ``slow`` that the bytes come when the client has given up."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "text/xml; charset=utf-8"})
    cut: bool = False
    slow: bool = False


class Stand:
    """A federal system in a folder."""

    def __init__(self, folder: Path, *, seed: dict[str, Any] | None = None, clock: Callable[[], datetime] | None = None) -> None:
        self._state = State(folder, seed)
        self._gate = Gate(self._state.seeded)
        skew = timedelta(seconds=float(self._state.seeded.content.get("skew_s", 0)))
        self._clock = clock or (lambda: datetime.now(UTC) + skew)
        self._delay = timedelta(seconds=float(self._state.seeded.content["delay_s"]))

    def handle(self, path: str, action: str, data: bytes) -> Answer:
        """One HTTP POST of a SOAP message."""
        now = self._clock()
        operation = action.strip().strip('"').removeprefix("urn:")
        fault = self._fault_of(operation, data)
        if fault == "drop":
            return Answer(200, b"", cut=True)
        if fault in ("http_500", "http_502", "http_503", "http_504"):
            return Answer(int(fault[-3:]), _HTML, {"content-type": "text/html"})
        try:
            if fault in ("exp001000", "exp001000_same"):
                raise Refusal("EXP001000", "При передаче данных произошла ошибка. Повторите попытку")
            incoming = self._gate.take(path, action, data, now=now)
            if incoming.operation == "getState":
                answer = self._state_of(incoming, now)
            elif incoming.operation == "getRequestsState":
                answer = self._finished(incoming, now)
            else:
                answer = self._accept(incoming, now, fault)
        except Refusal as refusal:
            answer = _fault(refusal)
            with self._state.transaction() as connection:
                self._note(connection, now, operation, "", f"отказ {refusal.code or refusal.status}: {refusal.message}")
        if fault == "lost_ack":
            return Answer(200, b"", cut=True)
        if fault in ("http_502_after", "unsigned_html"):
            return Answer(502 if fault == "http_502_after" else 200, _HTML, {"content-type": "text/html"})
        if fault == "truncated":
            return replace(answer, body=answer.body[: len(answer.body) // 2])
        return replace(answer, slow=True) if fault == "slow_body" else answer

    def _fault_of(self, operation: str, data: bytes) -> str:
        """By the rules; bytes that were refused for being themselves are refused for ever."""
        sender = _SENDER.search(data[:4096])
        digest = hashlib.sha256(data).hexdigest()
        with self._state.transaction() as connection:
            if connection.execute("SELECT 1 FROM refused WHERE digest = ?", (digest,)).fetchone():
                return "exp001000_same"
            fault = struck(connection, operation, sender[1].decode().lower() if sender else "")
            if fault == "exp001000_same":
                connection.execute("INSERT INTO refused VALUES (?)", (digest,))
            if fault:
                self._note(connection, self._clock(), operation, "", f"сбой по сценарию: {fault}")
        return fault

    def _accept(self, incoming: Incoming, now: datetime, fault: str) -> Answer:
        own = str(uuid.uuid4())
        kept = fault if fault in _OF_RESULTS else None
        due_at = now + self._delay + (_LONGER if fault == "delay" else timedelta(0))
        with self._state.transaction() as connection:
            self._work(connection, now)
            connection.execute(
                "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, NULL, ?, 0, ?)",
                (
                    own,
                    incoming.requester_guid,
                    incoming.service,
                    incoming.operation,
                    incoming.sender,
                    etree.tostring(incoming.body),
                    now.isoformat(),
                    due_at.isoformat(),
                    kept,
                    incoming.signer,
                ),
            )
            self._note(connection, now, incoming.operation, incoming.sender, "принято")
        root, holder = envelope(header=(moment(now), str(uuid.uuid4())))
        ack = add(add(holder, BASE, "AckRequest"), BASE, "Ack")
        add(ack, BASE, "MessageGUID", own)
        add(ack, BASE, "RequesterMessageGUID", str(uuid.uuid4()) if fault == "foreign_ack" else incoming.requester_guid)
        return Answer(200, etree.tostring(root, xml_declaration=True, encoding="UTF-8"))

    def _state_of(self, incoming: Incoming, now: datetime) -> Answer:
        asked = text(incoming.body, "MessageGUID").lower()
        with self._state.transaction() as connection:
            self._work(connection, now)
            row = connection.execute("SELECT * FROM message WHERE guid = ? AND service = ?", (asked, incoming.service)).fetchone()
            if row is None or row["sender"] != incoming.sender or (row["state"] == 3 and row["fault"] == "expired"):
                raise Refusal("INT002013", "Запрос с таким идентификатором не найден")
            connection.execute("UPDATE message SET polls = polls + 1 WHERE guid = ?", (asked,))
        if row["state"] == 3:
            body = etree.fromstring(row["result"], etree.XMLParser(huge_tree=True))
            if row["fault"] == "prefixes":
                body = reprefixed(body)
            elif row["fault"] == "large":
                body.append(etree.Comment("." * LARGE))
        else:
            halfway = now >= datetime.fromisoformat(row["received_at"]) + self._delay / 2
            body = self._empty(incoming.service, asked, state=2 if halfway else 1)
        root, _ = envelope(body, header=(moment(now), str(uuid.uuid4())))
        return Answer(200, etree.tostring(root, xml_declaration=True, encoding="UTF-8"))

    def _finished(self, incoming: Incoming, now: datetime) -> Answer:
        """Of the messages asked about, those that are finished."""
        with self._state.transaction() as connection:
            self._work(connection, now)
            asked = [(item.text or "").lower() for item in incoming.body.iter(q(BASE, "MessageGUID"))]
            done = [
                guid
                for guid in asked
                if connection.execute(
                    "SELECT 1 FROM message WHERE guid = ? AND sender = ? AND state = 3", (guid, incoming.sender)
                ).fetchone()
            ]
        result = etree.Element(q(BASE, "getRequestsStateResult"))
        holder = add(result, BASE, "MessageGUIDList")
        for guid in done:
            add(holder, BASE, "MessageGUID", guid)
        root, _ = envelope(result, header=(moment(now), str(uuid.uuid4())))
        return Answer(200, etree.tostring(root, xml_declaration=True, encoding="UTF-8"))

    def _empty(self, service: str, own: str, *, state: int) -> etree._Element:
        known = tables(ALBUM)
        name = known.services[service]["state"]
        result = result_root(known.namespaces[name.split(":")[0]], known.version(name))
        add(result, BASE, "RequestState", str(state))
        add(result, BASE, "MessageGUID", own)
        return result

    def _work(self, connection: sqlite3.Connection, now: datetime) -> None:
        """Apply every message whose time has come, in the order of arrival."""
        due = "SELECT rowid, * FROM message WHERE state < 3 AND due_at <= ? AND coalesce(fault, '') <> 'stuck' ORDER BY rowid"
        for row in connection.execute(due, (now.isoformat(),)).fetchall():
            result = self._empty(row["service"], row["guid"], state=3)
            body = etree.fromstring(row["body"], etree.XMLParser(huge_tree=True))
            try:
                if row["fault"] == "whole_error":
                    raise Refusal("EXP001000", "При передаче данных произошла ошибка. Повторите попытку")
                busy = busy_items(body) if row["fault"] == "partial" else []
                self._apply(connection, row["operation"], row["sender"], body, result, now)
                if busy:
                    refuse_for_now(result, busy)
            except Refusal as refusal:
                for child in list(result)[2:]:
                    result.remove(child)
                error = add(result, BASE, "ErrorMessage")
                add(error, BASE, "ErrorCode", refusal.code)
                add(error, BASE, "Description", refusal.message)
            if row["fault"] == "empty":
                result = self._empty(row["service"], row["guid"], state=3)
            if row["fault"] in _OF_ITEMS:
                spoil(result, row["fault"])
            connection.execute("UPDATE message SET state = 3, result = ? WHERE guid = ?", (etree.tostring(result), row["guid"]))
            self._note(connection, now, row["operation"], row["sender"], "обработано")

    def _apply(
        self, connection: sqlite3.Connection, operation: str, sender: str, body: etree._Element, result: etree._Element, now: datetime
    ) -> None:
        seeded = self._state.seeded
        match operation:
            case "exportDataProvider":
                registry.export_data_provider(seeded, body, result)
            case "exportOrgRegistry":
                registry.export_organisations(seeded, body, result)
            case "exportNsiItem" | "exportNsiPagingItem" | "exportDataProviderNsiItem" | "exportDataProviderPagingNsiItem":
                registry.export_book(seeded, sender, body, result)
            case "exportHouseData":
                registry.export_house(seeded, sender, connection, body, result)
            case "importAccountData":
                accounts.import_accounts(seeded, sender, connection, body, result, now=now)
            case "exportAccountData":
                accounts.export_accounts(seeded, sender, connection, body, result)
            case "importPaymentDocumentData":
                bills.import_bills(seeded, sender, connection, body, result, now=now)
            case "exportPaymentDocumentData":
                bills.export_bills(seeded, sender, connection, body, result)
            case "importAcknowledgment" if first(body, "AckCancellation") is None:
                bills.import_acknowledgments(seeded, sender, connection, body, result, now=now)
            case _:
                self._apply_other(connection, operation, sender, body, result, now)

    def _apply_other(
        self, connection: sqlite3.Connection, operation: str, sender: str, body: etree._Element, result: etree._Element, now: datetime
    ) -> None:
        """Operations that work on mappings: the message is read by its table and the answer written by that of the result."""
        handler = HANDLERS.get(operation)
        if handler is None:
            raise Refusal("INT002000", f"Операция {operation} на стенде не поддерживается")
        known = tables(ALBUM)
        content = handler(Call(self._state, connection, sender, xmlio.read(body), now))
        state = {"RequestState": text(result, "RequestState"), "MessageGUID": text(result, "MessageGUID")}
        whole = xmlio.render(known.name(result.tag) or "", {**state, **content})
        for child in list(whole)[2:]:
            result.append(child)

    def _note(self, connection: sqlite3.Connection, now: datetime, operation: str, sender: str, verdict: str) -> None:
        connection.execute(
            "INSERT INTO journal (at, operation, sender, verdict) VALUES (?, ?, ?, ?)", (now.isoformat(), operation, sender, verdict)
        )

    def fail(self, operation: str, fault: str, *, after: int = 0, times: int = 1, chance: float = 1.0) -> None:
        """Set a fault."""
        self.play([Rule(operation, fault, after, times, chance)])

    def play(self, rules: Sequence[Rule], *, seed: int = 0) -> None:
        """Set the faults of a scenario beside those that are set."""
        with self._state.transaction() as connection:
            add_rule(connection, rules, seed=seed)

    def replay(self, seed: int, rules: Sequence[Rule]) -> None:
        """Play a scenario from its beginning instead of what is set."""
        with self._state.transaction() as connection:
            clear_rules(connection)
            add_rule(connection, rules, seed=seed)

    def heal(self) -> None:
        """Remove every fault that has not struck yet; a stuck message goes on."""
        with self._state.transaction() as connection:
            clear_rules(connection)
            connection.execute("UPDATE message SET fault = NULL WHERE state < 3")

    def tell_of_payment(self, order_id: str, acceptor: str, amount: int, *, ipd: str = "") -> None:
        """A bank has told the federal system of a payment (kopecks), perhaps of a document."""
        day = self._clock().date().isoformat()
        content = {"OrderDate": day, "Amount": amount, "PaymentDocumentID": ipd or None, "annulled": False}
        with self._state.transaction() as connection:
            call = Call(self._state, connection, acceptor, {}, self._clock())
            if not found(call, "notification", key=order_id, of_all=True):
                put(call, "notification", order_id, content, parent=acceptor)
            connection.execute("INSERT INTO payment_order VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (order_id, acceptor, amount))

    def ask_about_debt(self, provider: str, number: str, *, house: str, details: str = "", sent_on: str, answer_by: str) -> str:
        """An authority asks a provider (orgPPAGUID) about the debt at an address; the subrequest's GUID."""
        content = {
            "asked_by": "Орган социальной защиты",
            "address": self._state.seeded.houses[house]["address"] or house,
            "details": details,
            "first": f"{int(sent_on[:4]) - 3}{sent_on[4:]}",
            "last": sent_on,
            "sent_on": sent_on,
            "answer_by": answer_by,
        }
        return self._lay_down("subrequest", provider, number, house, content)

    def write_appeal(self, provider: str, number: str, *, house: str, topic: str, words: str, created_on: str, answer_by: str) -> str:
        """A citizen writes to a provider (orgPPAGUID); the appeal's GUID."""
        content = {"topic": topic, "text": words, "created_on": created_on, "answer_by": answer_by, "status": "Send"}
        return self._lay_down("appeal", provider, number, house, content)

    def _lay_down(self, kind: str, provider: str, key: str, parent: str, content: dict[str, Any]) -> str:
        with self._state.transaction() as connection:
            return put(Call(self._state, connection, provider, {}, self._clock()), kind, key, content, parent=parent)

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """What it holds, without the bodies: for the page and for tests."""
        with self._state.transaction() as connection:
            self._work(connection, self._clock())
            columns = {
                "bills": "SELECT guid, sender, account, number, year, month, ipd, version, withdrawn, total FROM bill ORDER BY rowid",
                "accounts": "SELECT guid, sender, number, kind, els, izku, fias, place FROM account ORDER BY rowid",
                "acknowledgments": "SELECT guid, sender, notification, ipd, service, amount, at FROM acknowledgment ORDER BY rowid",
                "objects": "SELECT kind, guid, sender, key, parent, content, at FROM object ORDER BY rowid",
                "messages": "SELECT guid, requester_guid, operation, sender, received_at, state, polls, signer FROM message ORDER BY rowid",
                "rules": "SELECT operation, fault, after, times, chance, sender, seen, struck FROM rule ORDER BY id",
                "journal": "SELECT at, operation, sender, verdict FROM journal ORDER BY id DESC LIMIT 200",
            }
            return {name: [dict(row) for row in connection.execute(query)] for name, query in columns.items()}

    @property
    def stall_s(self) -> float:
        """How long a slow body stalls."""
        return float(self._state.seeded.content.get("stall_s", 150))

    @property
    def organisations(self) -> list[dict[str, Any]]:
        """The seeded organisations."""
        return self._state.seeded.organisations

    def close(self) -> None:
        """Let go of the folder."""
        self._state.close()


def _fault(refusal: Refusal) -> Answer:
    if refusal.status != 500:
        return Answer(refusal.status, refusal.message.encode(), {"content-type": "text/plain; charset=utf-8"})
    root, holder = envelope()
    fault = add(holder, SOAP, "Fault")
    for name, value in (("faultcode", "soapenv:Server"), ("faultstring", f"{refusal.code}: {refusal.message}")):
        etree.SubElement(fault, name).text = value
    detail = add(etree.SubElement(fault, "detail"), BASE, "Fault")
    add(detail, BASE, "ErrorCode", refusal.code)
    add(detail, BASE, "ErrorMessage", refusal.message)
    return Answer(500, etree.tostring(root, xml_declaration=True, encoding="UTF-8"))

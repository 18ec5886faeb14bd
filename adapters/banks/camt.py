"""ISO 20022: camt.053 as a statement, camt.054 as the detail of a registry, in versions .02, .04 and .08.

The versions differ where readers usually break: the status is text or a choice, a party stands directly or inside ``Pty``, the amount of a
transaction is in ``Amt`` or only in ``AmtDtls``. A statement of another account in the same file keeps its own entries and its own balance;
a message of another kind (camt.052) or version is refused and not read as empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from adapters.banks.profile import Profile
from adapters.banks.proof import Registry, Row
from adapters.banks.purpose import find_identifiers, find_registries
from adapters.banks.result import Fact, KnownAccounts, ParsedFile
from adapters.banks.statement import AccountControl, Statement, prove
from adapters.banks.values import Unreadable, parse_amount, parse_date
from adapters.banks.xmltext import Element, read_xml
from xsd.banks import accepts, schema_name

__all__ = ["is_camt", "parse_camt053", "parse_camt054"]

_DATE = "ГГГГ-ММ-ДД"
_ROUBLES = frozenset(("RUB", "RUR"))


def parse_camt053(name: str, data: bytes, profile: Profile, known: KnownAccounts) -> ParsedFile:
    """Read and check a statement: one record for each entry, one control for each Stmt."""
    opened = _open(name, data, profile, "camt.053.")
    if isinstance(opened, ParsedFile):
        return opened
    root, encoding, version = opened
    controls: list[AccountControl] = []
    records: list[Fact] = []
    errors: list[Fact] = []
    ids: list[str] = []
    for node in root.iterfind("{*}BkToCstmrStmt/{*}Stmt"):
        control = _control(node)
        ids.append(_text(node, "Id"))
        for entry in node.iterfind("{*}Ntry"):
            record, error = _entry(entry, len(records) + 1, control.account)
            records.append(record)
            control.entries.append(record)
            if error is not None:
                errors.append(error)
        controls.append(control)
    header = {
        "version": version,
        "message_id": _text(root, "BkToCstmrStmt/GrpHdr/MsgId") or None,
        "statement_ids": ids,
        "accounts": [control.account for control in controls],
        "date_from": _day(_text(root, "BkToCstmrStmt/Stmt/FrToDt/FrDtTm")),
        "date_to": _day(_text(root, "BkToCstmrStmt/Stmt/FrToDt/ToDtTm")),
    }
    return prove(Statement(name, profile, encoding, header, controls, records, errors), known)


def _open(name: str, data: bytes, profile: Profile, kind: str) -> tuple[Element, str | None, str] | ParsedFile:
    root, encoding, refusal = read_xml(data)
    if root is None:
        return ParsedFile(name, profile.name, encoding, "rejected", [refusal or {"code": "TRUNCATED"}])
    version = schema_name(root) or ""
    if not version.startswith(kind) or not accepts(root):
        return ParsedFile(name, profile.name, encoding, "rejected", [{"code": "SCHEMA_INVALID"}])
    return root, encoding, version


def _find(node: Element, path: str) -> Element | None:
    return node.find("/".join(f"{{*}}{step}" for step in path.split("/")))


def _text(node: Element, path: str) -> str:
    found = _find(node, path)
    return "" if found is None else (found.text or "").strip()


def _account(node: Element | None) -> str:
    if node is None:
        return ""
    return _text(node, "Id/Othr/Id") or _text(node, "Id/IBAN")


def _kopecks(node: Element | None) -> int | None:
    """Kopecks of an amount in roubles; ``Unreadable`` when it has a third decimal or another currency."""
    if node is None:
        return None
    text = (node.text or "").strip()
    currency = node.get("Ccy")
    if currency is not None and currency not in _ROUBLES:
        raise Unreadable(f"{text} {currency}")
    return parse_amount(text)[0]


def _control(node: Element) -> AccountControl:
    control = AccountControl(_account(_find(node, "Acct")))

    def put(key: str, amount: Element | None, *, negative: bool = False) -> None:
        try:
            value = _kopecks(amount)
        except Unreadable:
            value = None
            control.unreadable.add(key)
        control.values[key] = -value if negative and value is not None else value

    balances = {_text(item, "Tp/CdOrPrtry/Cd"): item for item in reversed(node.findall("{*}Bal"))}
    for key, code in (("opening_kop", "OPBD"), ("closing_kop", "CLBD")):
        item = balances.get(code)
        debit = item is not None and _text(item, "CdtDbtInd") == "DBIT"
        put(key, None if item is None else _find(item, "Amt"), negative=debit)
        control.sign_is_open = debit if code == "CLBD" else control.sign_is_open
    put("credit_kop", _find(node, "TxsSummry/TtlCdtNtries/Sum"))
    put("debit_kop", _find(node, "TxsSummry/TtlDbtNtries/Sum"))
    control.count("count", _text(node, "TxsSummry/TtlNtries/NbOfNtries"))
    control.count("credit_count", _text(node, "TxsSummry/TtlCdtNtries/NbOfNtries"))
    control.count("debit_count", _text(node, "TxsSummry/TtlDbtNtries/NbOfNtries"))
    return control


def _entry(entry: Element, n: int, account: str) -> tuple[Fact, Fact | None]:
    direction = "in" if _text(entry, "CdtDbtInd") == "CRDT" else "out"
    details = entry.findall("{*}NtryDtls/{*}TxDtls")
    detail = details[0] if len(details) == 1 else None
    side = "Dbtr" if direction == "in" else "Cdtr"
    party = _party(detail, side)
    purpose = "" if detail is None else "".join(node.text or "" for node in detail.iterfind("{*}RmtInf/{*}Ustrd"))
    value_text = _text(entry, "ValDt/Dt") or _text(entry, "ValDt/DtTm")
    amount_node = _find(entry, "Amt")
    problems: list[Fact] = []
    amount = None
    try:
        amount = _kopecks(amount_node)
    except Unreadable as error:
        problems.append({"code": "AMOUNT_FORMAT", "field": "amount_kop", "value": str(error)})
    record: Fact = {
        "n": n,
        "kind": "statement_entry",
        "status": "accepted",
        "own_account": account,
        "operation_id": _text(entry, "AcctSvcrRef") or None,
        "direction": direction,
        "document_number": _of(detail, "Refs/EndToEndId"),
        "document_date": _day(_of(detail, "RltdDts/TxDtTm") or ""),
        "value_date": _day(value_text),
        "amount_kop": amount,
        "counterparty_name": None if party is None else _text(party, "Nm") or None,
        "counterparty_inn": _inn(party),
        "counterparty_account": (None if detail is None else _account(_find(detail, f"RltdPties/{side}Acct"))) or None,
        "purpose": purpose or None,
        "identifiers": find_identifiers(purpose),
        "registry_links": find_registries(purpose),
        "_bik": _of(detail, f"RltdAgts/{side}Agt/FinInstnId/ClrSysMmbId/MmbId") or "",
        "_final": (_text(entry, "Sts/Cd") or _text(entry, "Sts")) == "BOOK",
    }
    if value_text and record["value_date"] is None:
        problems.append({"code": "INVALID_DATE", "field": "value_date", "value": value_text})
    for key, empty in (("value_date", not value_text), ("operation_id", record["operation_id"] is None)):
        if empty:
            problems.insert(0, {"code": "MISSING_FIELD", "field": key})
    if not problems and amount == 0:
        problems.append({"code": "NON_POSITIVE_AMOUNT"})
    if not problems:
        return record, None
    record["status"] = "rejected"
    return record, {**problems[0], "n": n}


def _of(node: Element | None, path: str) -> str | None:
    return None if node is None else _text(node, path) or None


def _party(detail: Element | None, side: str) -> Element | None:
    """The party itself: directly in .02 and .04, inside ``Pty`` in .08."""
    if detail is None:
        return None
    place = _find(detail, f"RltdPties/{side}")
    inner = None if place is None else _find(place, "Pty")
    return place if inner is None else inner


def _inn(party: Element | None) -> str | None:
    if party is None:
        return None
    for other in party.iterfind("{*}Id/{*}OrgId/{*}Othr"):
        if _text(other, "SchmeNm/Cd") == "TXID":
            return _text(other, "Id") or None
    return None


def _day(text: str) -> str | None:
    try:
        return parse_date(text[:10], _DATE)
    except Unreadable:
        return None


def parse_camt054(name: str, data: bytes, profile: Profile, known: KnownAccounts) -> ParsedFile:
    """Read and check a notification: one payment for each transaction of its batch."""
    opened = _open(name, data, profile, "camt.054.")
    if isinstance(opened, ParsedFile):
        return opened
    root, encoding, version = opened
    notices = root.findall("{*}BkToCstmrDbtCdtNtfctn/{*}Ntfctn")
    entries = [entry for notice in notices for entry in notice.iterfind("{*}Ntry")]
    accounts = [_account(_find(notice, "Acct")) for notice in notices]
    foreign = next((account for account in accounts if known.is_foreign(account)), None)
    first = entries[0] if entries else None
    header = {
        "version": version,
        "message_id": _text(root, "BkToCstmrDbtCdtNtfctn/GrpHdr/MsgId") or None,
        "notification_id": _text(notices[0], "Id") or None,
        "payee_account": foreign or accounts[0] or None,
        "booking_date": _day((_of(first, "BookgDt/Dt") or _of(first, "BookgDt/DtTm")) or ""),
        "account_servicer_ref": _of(first, "AcctSvcrRef"),
    }
    registry = Registry(name, profile, known, encoding, [], lambda: _transactions(entries), header)
    batches = [batch for entry in entries for batch in entry.iterfind("{*}NtryDtls/{*}Btch")]
    registry.declare("count", _sum_of([_text(batch, "NbOfTxs") for batch in batches]))
    registry.declare("transfer_kop", _sum_of([_text(batch, "TtlAmt") for batch in batches]))
    return registry.result()


def _sum_of(texts: list[str]) -> str:
    """The declared total of all batches; none when one of them declares nothing."""
    if not texts or not all(texts):
        return ""
    return texts[0] if len(texts) == 1 else f"{sum(map(Decimal, texts)):f}"


def _transactions(entries: list[Element]) -> Iterator[Row]:
    """Texts at the places of the profile's columns: id, date-time, payer, gross, fee, net, purpose."""
    n = 0
    for entry in entries:
        for detail in entry.iterfind("{*}NtryDtls/{*}TxDtls"):
            n += 1
            party = _party(detail, "Dbtr")
            fee, net = (
                _fee(detail),
                _amount_text(_find(detail, "Amt") if _find(detail, "Amt") is not None else _find(detail, "AmtDtls/TxAmt/Amt")),
            )
            gross = _amount_text(_find(detail, "AmtDtls/InstdAmt/Amt")) or ("" if fee else net)
            if (_text(detail, "CdtDbtInd") or _text(entry, "CdtDbtInd")) == "DBIT":
                gross, net = (f"-{text}" if text else "" for text in (gross, net))
            purpose = "".join(node.text or "" for node in detail.iterfind("{*}RmtInf/{*}Ustrd"))
            moment = _text(detail, "RltdDts/AccptncDtTm")[:19]
            yield n, [_text(detail, "Refs/TxId"), moment, "" if party is None else _text(party, "Nm"), gross, fee, net, purpose]


def _fee(detail: Element) -> str:
    """Σ of the charges as written; empty when there are none."""
    amounts = [
        node
        for charges in detail.iterfind("{*}Chrgs")
        for node in (charges.findall("{*}Amt") or charges.findall("{*}Rcrd/{*}Amt") or charges.findall("{*}TtlChrgsAndTaxAmt"))
    ]
    texts = [_amount_text(node) for node in amounts]
    if len(texts) < 2:
        return texts[0] if texts else ""
    return f"{sum((Decimal(text) for text in texts if _is_number(text)), Decimal(0)):f}" if all(map(_is_number, texts)) else texts[0]


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _amount_text(node: Element | None) -> str:
    """A sum as written; with its currency, which makes it unreadable, when that is not the rouble."""
    if node is None:
        return ""
    text = (node.text or "").strip()
    currency = node.get("Ccy")
    return text if currency is None or currency in _ROUBLES else f"{text} {currency}"


def is_camt(local: str, namespaces: tuple[str, ...], kind: str) -> bool:
    """Whether a first element is a message of a kind (``camt.053.``), whatever its version."""
    return local == "Document" and any(namespace.startswith(f"urn:iso:std:iso:20022:tech:xsd:{kind}") for namespace in namespaces)

"""УФЭБС of the Bank of Russia: ED211 as a statement (also in parts), ED101 and PacketEPD as payment orders. Sums are whole kopecks.

Identity is EDNo/EDDate/EDAuthor: an entry of an ED211 bears that of the order it refers to, so the same transfer that comes once by its
order and once by the statement is one operation. An ED211 has neither names nor purposes; the orders have them.
"""

from __future__ import annotations

from collections.abc import Sequence

from lxml import etree

from adapters.banks.profile import Profile
from adapters.banks.purpose import find_identifiers, find_registries
from adapters.banks.result import Fact, KnownAccounts, ParsedFile, status_of
from adapters.banks.statement import AccountControl, Statement, check_account, mark_repetitions, prove
from adapters.banks.xmltext import Element, read_xml
from xsd.banks import accepts

__all__ = ["parse_ed101", "parse_ed211", "parse_packet", "prove_parts"]

_NS = "{urn:cbr-ru:ed:v2.0}"


def _open(name: str, data: bytes, profile: Profile, local: str) -> tuple[Element, str | None] | ParsedFile:
    root, encoding, refusal = read_xml(data)
    if root is None:
        return ParsedFile(name, profile.name, encoding, "rejected", [refusal or {"code": "TRUNCATED"}])
    if etree.QName(root).localname != local or not accepts(root):
        return ParsedFile(name, profile.name, encoding, "rejected", [{"code": "SCHEMA_INVALID"}])
    return root, encoding


def _identity(node: Element) -> str:
    return f"{_number(node, 'EDNo')}/{node.get('EDDate')}/{node.get('EDAuthor')}"


def _number(node: Element, name: str) -> str:
    return (node.get(name) or "").strip()


def _whole(node: Element, name: str) -> int | None:
    text = node.get(name)
    return None if text is None else int(text)


def parse_ed211(name: str, data: bytes, profile: Profile, known: KnownAccounts) -> ParsedFile:
    """Read and check a statement, or a part of one."""
    opened = _open(name, data, profile, "ED211")
    if isinstance(opened, ParsedFile):
        return opened
    root, encoding = opened
    account, day = root.get("Acc", ""), root.get("AbstractDate")
    part = root.find(f"{_NS}PartInfo")
    header = {
        "ed_no": _number(root, "EDNo"),
        "ed_date": root.get("EDDate"),
        "ed_author": root.get("EDAuthor"),
        "accounts": [account],
        "bic": root.get("BIC"),
        "statement_date": day,
        "kind": root.get("AbstractKind"),
        "part": None
        if part is None
        else {
            "number": _whole(part, "PartNo"),
            "quantity": _whole(part, "PartQuantity"),
            "aggregate_id": part.get("PartAggregateID"),
        },
    }
    control = AccountControl(account)
    for key, attribute in (("opening_kop", "EnterBal"), ("credit_kop", "CreditSum"), ("debit_kop", "DebetSum"), ("closing_kop", "OutBal")):
        control.values[key] = _whole(root, attribute)
    records = [_entry(node, n, account, day) for n, node in enumerate(root.iterfind(f"{_NS}TransInfo"), start=1)]
    control.entries += records
    return prove(Statement(name, profile, encoding, header, [control], records, [], is_part=part is not None), known)


def _entry(node: Element, n: int, account: str, day: str | None) -> Fact:
    direction = {"1": "out", "2": "in"}.get(node.get("DC", ""))
    reference = node.find(f"{_NS}EDRefID")
    return {
        "n": n,
        "kind": "statement_entry",
        "status": "accepted",
        "own_account": account,
        "operation_id": None if reference is None else _identity(reference),
        "direction": direction,
        "document_number": node.get("AccDocNo"),
        "value_date": day,
        "amount_kop": _whole(node, "Sum"),
        "counterparty_account": node.get("PayerPersonalAcc" if direction == "in" else "PayeePersonalAcc"),
        "trans_kind": node.get("TransKind"),
        "_bik": node.get("BICCorr", ""),
    }


def parse_ed101(name: str, data: bytes, profile: Profile, known: KnownAccounts) -> ParsedFile:
    """Read one payment order."""
    opened = _open(name, data, profile, "ED101")
    if isinstance(opened, ParsedFile):
        return opened
    root, encoding = opened
    return _orders(name, encoding, profile, known, root, [root], None, [])


def parse_packet(name: str, data: bytes, profile: Profile, known: KnownAccounts) -> ParsedFile:
    """Read and check a packet; its number and sum count all payment messages, whatever their kind."""
    opened = _open(name, data, profile, "PacketEPD")
    if isinstance(opened, ParsedFile):
        return opened
    root, encoding = opened
    control = {"count": _whole(root, "EDQuantity"), "amount_kop": _whole(root, "Sum")}
    messages = [node for node in root.iterchildren(etree.Element) if etree.QName(node).localname.startswith("ED")]
    others = [node for node in messages if node.tag != f"{_NS}ED101"]
    return _orders(name, encoding, profile, known, root, root.findall(f"{_NS}ED101"), control, others)


def _orders(
    name: str,
    encoding: str | None,
    profile: Profile,
    known: KnownAccounts,
    root: Element,
    orders: Sequence[Element],
    control: Fact | None,
    others: Sequence[Element],
) -> ParsedFile:
    header = {"ed_no": _number(root, "EDNo"), "ed_date": root.get("EDDate"), "ed_author": root.get("EDAuthor")}
    records: list[Fact] = []
    for n, node in enumerate(orders, start=1):
        record, foreign = _order(node, n, known)
        if foreign is not None:
            error = {"code": "FOREIGN_STATEMENT", "account": foreign}
            return ParsedFile(name, profile.name, encoding, "rejected", [error], [], header, control)
        records.append(record)
    errors = mark_repetitions(records)
    totals = {"count": len(records), "amount_kop": sum(record["amount_kop"] for record in records)}
    if control is not None:
        sums = [node.get("Sum") or "" for node in others]
        more = {"count": len(others), "amount_kop": sum(int(text) for text in sums if text.isascii() and text.isdigit())}
        mismatches = [
            {
                "code": "CONTROL_COUNT_MISMATCH" if key == "count" else "CONTROL_SUM_MISMATCH",
                "field": key,
                "declared": declared,
                "computed": totals[key] + more[key],
            }
            for key, declared in control.items()
            if declared != totals[key] + more[key]
        ]
        if mismatches:
            return ParsedFile(name, profile.name, encoding, "rejected", mismatches, [], header, control, totals)
    warnings = [] if records else ["EMPTY_REGISTRY"]
    status = status_of(errors, refused=False)
    return ParsedFile(name, profile.name, encoding, status, errors, warnings, header, control, totals, records)


def _order(node: Element, n: int, known: KnownAccounts) -> tuple[Fact, str | None]:
    """The order as an entry of our account, and the payee's account when neither side is ours."""
    payer, payee, paper = (node.find(f"{_NS}{name}") for name in ("Payer", "Payee", "AccDoc"))
    accounts = ["" if side is None else side.get("PersonalAcc", "") for side in (payer, payee)]
    incoming = not known.is_foreign(accounts[1])
    foreign = accounts[1] if not incoming and known.is_foreign(accounts[0]) else None
    other = payer if incoming else payee
    bank = None if other is None else other.find(f"{_NS}Bank")
    purpose = (node.findtext(f"{_NS}Purpose") or "").strip()
    record: Fact = {
        "n": n,
        "kind": "statement_entry",
        "status": "accepted",
        "own_account": accounts[1 if incoming else 0] or None,
        "operation_id": _identity(node),
        "direction": "in" if incoming else "out",
        "document_number": None if paper is None else paper.get("AccDocNo"),
        "document_date": None if paper is None else paper.get("AccDocDate"),
        "value_date": node.get("ChargeOffDate"),
        "amount_kop": _whole(node, "Sum"),
        "counterparty_name": None if other is None else (other.findtext(f"{_NS}Name") or "").strip() or None,
        "counterparty_inn": None if other is None else other.get("INN"),
        "counterparty_account": accounts[0 if incoming else 1] or None,
        "purpose": purpose or None,
        "identifiers": find_identifiers(purpose),
        "registry_links": find_registries(purpose),
        "_bik": "" if bank is None else bank.get("BIC", ""),
    }
    return record, foreign


def prove_parts(members: Sequence[ParsedFile]) -> list[Fact]:
    """Parts of divided statements together: all there, and the turnovers and balance of the whole met by the records of all parts."""
    groups: dict[str, list[ParsedFile]] = {}
    for member in members:
        part = (member.header or {}).get("part")
        if part is not None and member.status != "rejected":
            groups.setdefault(part["aggregate_id"], []).append(member)
    errors: list[Fact] = []
    for aggregate, parts in groups.items():
        numbers = {member.header["part"]["number"] for member in parts if member.header is not None}
        quantity = max(member.header["part"]["quantity"] for member in parts if member.header is not None)
        missing = [number for number in range(1, min(quantity, len(numbers) + 1000) + 1) if number not in numbers]
        if missing:
            errors.append({"code": "PART_MISSING", "aggregate_id": aggregate, "missing": missing})
            continue
        declared = (parts[0].control or {})["accounts"][0]
        whole = AccountControl(declared["account"], {key: value for key, value in declared.items() if key != "account"})
        whole.entries += [record for member in parts for record in member.records]
        errors += check_account(whole, [])
    return errors

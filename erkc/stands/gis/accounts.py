"""Personal accounts: taking them (ЕЛС and ИЖКУ are given here), exporting them. Nothing prevents a second account of the same number:
the real system does not either, and that is what a client must prove it does not do."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from lxml import etree

from erkc.stands.gis.gate import Refusal, check_house
from erkc.stands.gis.names import ACCOUNT, BASE, HOUSES, add, first, moment, q, text
from erkc.stands.gis.registry import known_element, references
from erkc.stands.gis.seed import guid
from erkc.stands.gis.state import Seeded, next_number

__all__ = ["export_accounts", "import_accounts"]

_KINDS = ("isUOAccount", "isRSOAccount", "isCRAccount", "isRCAccount", "isOGVorOMSAccount", "isTKOAccount")
_PLACES = ("PremisesGUID", "FIASHouseGuid", "LivingRoomGUID")
_ORDER = (
    "CreationDate",
    "LivingPersonsNumber",
    "TotalSquare",
    "ResidentialSquare",
    "HeatedArea",
    "Closed",
    "Accommodation",
    "PayerInfo",
)


def common_result(parent: etree._Element, name: str, namespace: str, transport: str) -> etree._Element:
    """The start of the answer to one item; the GUID goes before it when there is one."""
    entry = add(parent, namespace, name)
    add(entry, BASE, "TransportGUID", transport)
    return entry


def refuse(entry: etree._Element, errors: list[tuple[str, str]]) -> None:
    """The errors of one item."""
    for code, message in errors:
        error = add(entry, BASE, "Error")
        add(error, BASE, "ErrorCode", code)
        add(error, BASE, "Description", message)


def confirm(entry: etree._Element, object_guid: str, number: str, now: datetime) -> None:
    """The identifiers of one item that was taken."""
    own = etree.Element(q(BASE, "GUID"))
    own.text = object_guid
    entry.insert(0, own)
    add(entry, BASE, "UniqueNumber", number)
    add(entry, BASE, "UpdateDate", moment(now))


def import_accounts(
    seeded: Seeded, sender: str, connection: sqlite3.Connection, body: etree._Element, result: etree._Element, *, now: datetime
) -> None:
    """Each account on its own: a refused one does not stop the others."""
    holder = add(result, HOUSES, "ImportResult")
    holder.set(q(BASE, "version"), "10.0.1.1")
    for account in body.iterfind(q(HOUSES, "Account")):
        entry = common_result(holder, "CommonResult", HOUSES, text(account, "TransportGUID"))
        errors = _errors(seeded, sender, connection, account)
        if errors:
            refuse(entry, errors)
            continue
        account_guid, els, izku = _store(seeded, sender, connection, account)
        confirm(entry, account_guid, els, now)
        given = add(entry, HOUSES, "ImportAccount")
        add(given, ACCOUNT, "UnifiedAccountNumber", els)
        add(given, ACCOUNT, "ServiceID", izku)


def _places(seeded: Seeded, account: etree._Element) -> list[tuple[str, str]]:
    """(GUID of the place, ФИАС of its house or empty) of each accommodation."""
    found = []
    for place in account.iterfind(q(HOUSES, "Accommodation")):
        value = text(place, *_PLACES).lower()
        found.append((value, value if value in seeded.houses else seeded.places.get(value, "")))
    return found


def _errors(seeded: Seeded, sender: str, connection: sqlite3.Connection, account: etree._Element) -> list[tuple[str, str]]:
    errors: list[tuple[str, str]] = []
    for value, fias in _places(seeded, account):
        if not fias:
            errors.append(("INT002034", f"Идентификатор {value} относится к несуществующему объекту жилищного фонда"))
        elif not seeded.serves(sender, fias):
            errors.append(("INT004171", "У организации нет основания для работы с домом"))
    payer = first(account, "Org")
    version = text(payer, "orgVersionGUID").lower() if payer is not None else ""
    if version and version not in {item["version_guid"] for item in seeded.organisations}:
        errors.append(("INT002000", f"Организация-плательщик {version} не найдена"))
    known = text(account, "AccountGUID").lower()
    if known and connection.execute("SELECT 1 FROM account WHERE guid = ? AND sender = ?", (known, sender)).fetchone() is None:
        errors.append(("INT002034", f"Лицевой счёт {known} не найден"))
    errors += [problem for reference in references(account) if (problem := known_element(seeded, sender, reference))]
    return errors


def _store(seeded: Seeded, sender: str, connection: sqlite3.Connection, account: etree._Element) -> tuple[str, str, str]:
    number, kind = text(account, "AccountNumber"), next(name for name in _KINDS if text(account, name) == "true")
    place, fias = _places(seeded, account)[0]
    known = text(account, "AccountGUID").lower()
    content = etree.tostring(account)
    if known:
        row = connection.execute("SELECT els, izku FROM account WHERE guid = ?", (known,)).fetchone()
        statement = "UPDATE account SET number = ?, kind = ?, fias = ?, place = ?, body = ? WHERE guid = ?"
        connection.execute(statement, (number, kind, fias, place, content, known))
        return known, row["els"], row["izku"]
    shared = connection.execute("SELECT els FROM account WHERE place = ? ORDER BY els LIMIT 1", (place,)).fetchone()
    els = shared["els"] if shared else f"00АА{next_number(connection, 'els'):06d}"
    izku = f"{els}-{next_number(connection, 'izku ' + els):02d}"
    account_guid = guid("account", str(next_number(connection, "account")))
    connection.execute(
        "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (account_guid, sender, number, kind, els, izku, fias, place, content)
    )
    return account_guid, els, izku


def export_accounts(seeded: Seeded, sender: str, connection: sqlite3.Connection, body: etree._Element, result: etree._Element) -> None:
    """Accounts of a house, or by GUID, ЕЛС or ИЖКУ."""
    asked = {
        "fias": [check_house(seeded, sender, body)] if first(body, "FIASHouseGuid") is not None else [],
        "guid": [(item.text or "").lower() for item in body.iterfind(q(HOUSES, "AccountGUID"))],
        "els": [item.text for item in body.iterfind(q(ACCOUNT, "UnifiedAccountNumber"))],
        "izku": [item.text for item in body.iterfind(q(ACCOUNT, "ServiceID"))],
    }
    column, values = next((name, values) for name, values in asked.items() if values)
    marks = ", ".join("?" for _ in values)
    rows = connection.execute(
        f"SELECT * FROM account WHERE sender = ? AND {column} IN ({marks}) ORDER BY rowid", (sender, *values)
    ).fetchall()
    if not rows:
        raise Refusal("INT002012", "Нет объектов для экспорта")
    for row in rows:
        entry = add(result, HOUSES, "exportAccountResult")
        add(entry, HOUSES, row["kind"], "true")
        content = etree.fromstring(row["body"])
        for name in _ORDER:
            for child in content.iterfind(q(HOUSES, name)):
                entry.append(child)
        if row["number"]:
            add(entry, HOUSES, "AccountNumber", row["number"])
        add(entry, HOUSES, "AccountGUID", row["guid"])
        add(entry, ACCOUNT, "UnifiedAccountNumber", row["els"])
        add(entry, ACCOUNT, "ServiceID", row["izku"])

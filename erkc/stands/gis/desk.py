"""What the operations beyond accounts and bills are written with: a message as a mapping, results of items, and a drawer of objects.

An object is anything that a client places and exports again (a meter, a reading, a settlement …): its kind, GUID, key and values as JSON.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from erkc.stands.gis.gate import Refusal
from erkc.stands.gis.names import moment
from erkc.stands.gis.seed import guid
from erkc.stands.gis.state import Seeded, State, next_number

__all__ = [
    "Call",
    "Errors",
    "Handler",
    "Object",
    "accepted",
    "change",
    "forget",
    "found",
    "listed",
    "nothing",
    "put",
    "refused",
    "wrong_element",
]

Errors = list[tuple[str, str]]
Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One message being worked through."""

    state: State
    connection: sqlite3.Connection
    sender: str
    message: Mapping[str, Any]
    now: datetime

    @property
    def seeded(self) -> Seeded:
        """What the stand knows, as it stands now."""
        return self.state.seeded


Handler = Callable[[Call], Content]


@dataclass(frozen=True, slots=True)
class Object:
    """Something that was placed; ``parent`` is what it belongs to (a meter of a reading, a house of a meter)."""

    guid: str
    key: str
    parent: str
    content: dict[str, Any]
    at: str


def listed(value: Mapping[str, Any] | None, name: str) -> list[Any]:
    """Repeated elements; an empty list when there are none."""
    item = (value or {}).get(name)
    if item is None:
        return []
    return item if isinstance(item, list) else [item]


def accepted(call: Call, transport: str, object_guid: str, number: str = "", **more: Any) -> Content:
    """The result of an item that was taken."""
    result = {"GUID": object_guid, "TransportGUID": transport, "UniqueNumber": number or None, "UpdateDate": moment(call.now)}
    return {**result, **more}


def refused(transport: str, errors: Errors) -> Content:
    """The result of an item that was not."""
    return {"TransportGUID": transport, "Error": [{"ErrorCode": code, "Description": text} for code, text in errors]}


def nothing() -> Refusal:
    """There is nothing to export."""
    return Refusal("INT002012", "Нет объектов для экспорта")


def put(call: Call, kind: str, key: str, content: Mapping[str, Any], *, parent: str = "", object_guid: str = "") -> str:
    """Lay a new object down; its GUID."""
    own = object_guid or guid(kind, str(next_number(call.connection, kind)))
    text = json.dumps(content, ensure_ascii=False, default=str)
    statement = "INSERT INTO object (guid, kind, sender, key, parent, content, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
    call.connection.execute(statement, (own, kind, call.sender, key, parent, text, call.now.isoformat()))
    return own


def change(call: Call, object_guid: str, content: Mapping[str, Any]) -> None:
    """Give an object other values."""
    text = json.dumps(content, ensure_ascii=False, default=str)
    call.connection.execute("UPDATE object SET content = ?, at = ? WHERE guid = ?", (text, call.now.isoformat(), object_guid))


def forget(call: Call, object_guid: str) -> None:
    """Take an object away."""
    call.connection.execute("DELETE FROM object WHERE guid = ?", (object_guid,))


def found(
    call: Call, kind: str, *, object_guid: str | None = None, key: str | None = None, parent: str | None = None, of_all: bool = False
) -> list[Object]:
    """Objects of a kind in the order they came: the sender's own, or everybody's."""
    where, values = "kind = ?", [kind]
    for column, value in (("guid", object_guid), ("key", key), ("parent", parent), ("sender", None if of_all else call.sender)):
        if value is not None:
            where, values = f"{where} AND {column} = ?", [*values, value.lower() if column == "guid" else value]
    rows = call.connection.execute(f"SELECT * FROM object WHERE {where} ORDER BY rowid", values).fetchall()
    return [Object(row["guid"], row["key"], row["parent"], json.loads(row["content"]), row["at"]) for row in rows]


def wrong_element(call: Call, reference: Mapping[str, Any] | None) -> Errors:
    """What is wrong with a reference to a book: nothing, or that the element is not there or has another code."""
    if reference is None:
        return []
    codes = call.seeded.elements_for(call.sender)
    element, code = str(reference["GUID"]).lower(), str(reference["Code"])
    if element not in codes:
        return [("SRV007079", f"Элемент справочника {element} не найден: возможно, он взят из другого контура")]
    return [] if codes[element] == code else [("INT016001", f"Код {code} не принадлежит элементу справочника {element}")]

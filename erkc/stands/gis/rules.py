"""Faults on request: a rule names an operation (``*`` is any), what goes wrong, how many messages it lets pass first, and how often it
strikes."""

from __future__ import annotations

import sqlite3
from typing import Literal, get_args

__all__ = ["FAULTS", "Fault", "add_rule", "clear_rules", "struck"]

Fault = Literal[
    "drop",
    "lost_ack",
    "http_502",
    "http_503",
    "http_502_after",
    "exp001000",
    "stuck",
    "empty",
    "whole_error",
    "missing_item",
    "unsigned_html",
]
"""drop: cut before anything is stored · lost_ack: stored, then cut · http_502/503: an HTML page, nothing stored · http_502_after:
stored, then the page · exp001000: Fault, nothing stored · stuck: never finishes · empty: applied, but state 3 carries nothing ·
whole_error: state 3 with EXP001000, nothing applied · missing_item: applied, one item's result left out · unsigned_html: 200 with
HTML, stored."""

FAULTS: tuple[str, ...] = get_args(Fault)


def add_rule(connection: sqlite3.Connection, operation: str, fault: str, *, after: int = 0, times: int = 1) -> None:
    """Set a rule."""
    if fault not in FAULTS:
        raise ValueError(f"unknown fault {fault}; one of {', '.join(FAULTS)}")
    connection.execute("INSERT INTO rule (operation, fault, after, times) VALUES (?, ?, ?, ?)", (operation, fault, after, times))


def clear_rules(connection: sqlite3.Connection) -> None:
    """Nothing goes wrong any more."""
    connection.execute("DELETE FROM rule")


def struck(connection: sqlite3.Connection, operation: str) -> str:
    """The fault that this message meets; empty when none. Counts the message for every rule about its operation."""
    hit = ""
    for rule in connection.execute("SELECT * FROM rule WHERE operation IN (?, '*') ORDER BY id", (operation,)).fetchall():
        if rule["operation"] == "*" and operation == "getState" and rule["fault"] not in ("drop", "http_502", "http_503"):
            continue
        connection.execute("UPDATE rule SET seen = seen + 1 WHERE id = ?", (rule["id"],))
        if not hit and rule["after"] <= rule["seen"] < rule["after"] + rule["times"]:
            hit = rule["fault"]
    return hit

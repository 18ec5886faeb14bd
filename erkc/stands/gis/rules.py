"""Faults on request: a rule names an operation (``*`` is any), what goes wrong, for whom, how many messages it lets pass first, how often
it strikes and with what chance. Chance is drawn from the seed of the scenario, the rule and the number of the message, so a scenario plays
the same again, after a restart too.
"""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal, get_args

__all__ = ["FAULTS", "BadScenario", "Fault", "Rule", "add_rule", "clear_rules", "read_scenario", "struck"]

Fault = Literal[
    "drop",
    "http_500",
    "http_502",
    "http_503",
    "http_504",
    "exp001000",
    "exp001000_same",
    "lost_ack",
    "http_502_after",
    "unsigned_html",
    "truncated",
    "slow_body",
    "foreign_ack",
    "stuck",
    "delay",
    "empty",
    "whole_error",
    "partial",
    "missing_item",
    "duplicate_item",
    "foreign_item",
    "reordered",
    "prefixes",
    "expired",
    "large",
]
"""Nothing is stored:
    drop: the connection is cut · http_5xx: an HTML page with that status · exp001000: a Fault · exp001000_same: a Fault, now and for these
    very bytes ever after; a message made anew passes
Stored, and the receipt goes wrong:
    lost_ack: cut instead · http_502_after: the page · unsigned_html: HTML with status 200 · truncated: half of the bytes · slow_body: the
    bytes come after the client has given up · foreign_ack: the receipt names another message
Stored and acknowledged, and the result goes wrong:
    stuck: never finishes · delay: takes ten minutes more · empty: applied, but state 3 carries nothing · whole_error: EXP001000 for all,
    nothing applied · partial: every other item is refused for now, the rest applied · missing_item, duplicate_item, foreign_item,
    reordered: one result is left out, repeated, of an unknown TransportGUID; results the other way round · prefixes: other prefixes of
    namespaces · expired: applied, and the result is gone · large: more than 10 MB
"""

FAULTS: tuple[str, ...] = get_args(Fault)

_OF_QUESTIONS = frozenset((
    "drop", "http_500", "http_502", "http_503", "http_504", "exp001000", "truncated", "slow_body", "unsigned_html",
))  # fmt: skip
"""What a question about a result can meet."""


class BadScenario(ValueError):
    """The scenario file is not one; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``sender`` is an orgPPAGUID; empty: of any organisation."""

    operation: str
    fault: str
    after: int = 0
    times: int = 1
    chance: float = 1.0
    sender: str = ""

    def __post_init__(self) -> None:
        if self.fault not in FAULTS:
            raise ValueError(f"unknown fault {self.fault}; one of {', '.join(FAULTS)}")
        if not 0 < self.chance <= 1 or self.after < 0 or self.times < 1:
            raise ValueError(f"after ≥ 0, times ≥ 1, 0 < chance ≤ 1 in the rule about {self.operation}")


def read_scenario(path: Path) -> tuple[int, list[Rule]]:
    """A scenario in TOML: ``seed = 17`` and ``[[rule]]`` tables with the fields of :class:`Rule`."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        unknown = set(content) - {"seed", "rule"}
        if unknown:
            raise ValueError(f"unknown keys {', '.join(sorted(unknown))}")
        return int(content.get("seed", 0)), [Rule(**rule) for rule in content.get("rule", [])]
    except (OSError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise BadScenario(f"{path}: {error}") from error


def add_rule(connection: sqlite3.Connection, rules: Sequence[Rule], *, seed: int = 0) -> None:
    """Set rules."""
    connection.executemany(
        "INSERT INTO rule (operation, fault, after, times, chance, sender, seed) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(rule.operation, rule.fault, rule.after, rule.times, rule.chance, rule.sender.lower(), seed) for rule in rules],
    )


def clear_rules(connection: sqlite3.Connection) -> None:
    """Nothing goes wrong any more."""
    connection.execute("DELETE FROM rule")


def struck(connection: sqlite3.Connection, operation: str, sender: str) -> str:
    """The fault that this message meets; empty when none. Counts the message for every rule about its operation."""
    hit = ""
    for rule in connection.execute("SELECT * FROM rule WHERE operation IN (?, '*') ORDER BY id", (operation,)).fetchall():
        if operation == "getState" and rule["fault"] not in _OF_QUESTIONS:
            continue
        if rule["sender"] and rule["sender"] != sender:
            continue
        connection.execute("UPDATE rule SET seen = seen + 1 WHERE id = ?", (rule["id"],))
        due = rule["after"] <= rule["seen"] and rule["struck"] < rule["times"]
        if due and not hit and Random(f"{rule['seed']}/{rule['id']}/{rule['seen']}").random() < rule["chance"]:
            connection.execute("UPDATE rule SET struck = struck + 1 WHERE id = ?", (rule["id"],))
            hit = rule["fault"]
    return hit

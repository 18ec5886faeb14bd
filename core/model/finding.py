"""Findings: what is wrong with what came in, said once for machines and once for people."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.ids import EntityId
from core.model.checked import frozen_when_checked

__all__ = ["Finding", "Position", "Severity"]

Severity = Literal["error", "warning", "info"]


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class Position:
    """Where in a message something stands: the file inside it (or the message's own name), and the row, 1 = first after the header."""

    file: str
    row: int | None = None


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one place of a message, with its stable code and the effect it has on the data."""

    position: Position
    code: str
    severity: Severity
    effect: str
    field: int | None = None
    value: str | None = None
    """The value found, as it stood in the message."""
    message: str = ""
    """What is wrong, for a person, in Russian."""
    hint: str = ""
    """What to do, for a person, in Russian."""
    dependents: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """Rows that wait for this one, counted by section."""
    house_id: EntityId | None = None
    account_id: EntityId | None = None
    """None where a finding of a calculation is about the whole house."""
    service_id: EntityId | None = None

"""What comes in by itself: files of ``<home>/inbox``, taken one after another and put away.

A file is moved only after its bytes are in the archive, so a crash between the two takes it once more, which changes nothing. A file whose
name begins with a dot is still being written by whoever brings it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from erkc.application import Application
from erkc.intake import take_file

__all__ = ["Collected", "take_inbox"]

_REFUSED = frozenset(("rejected", "conflict"))


def _nothing() -> None:
    """No claim to keep."""


@dataclass(frozen=True, slots=True)
class Collected:
    """One file of the inbox: what became of it, and where it is now."""

    name: str
    status: str
    findings: int
    is_refused: bool
    moved_to: Path


def take_inbox(application: Application, *, keep: Callable[[], None] = _nothing) -> list[Collected]:
    """Take every file of the inbox, in the order of names, into ``inbox/done`` or ``inbox/refused``; ``keep`` is called before each.

    A file that cannot be taken at all is refused and stops nobody behind it.
    """
    inbox = application.home / "inbox"
    waiting = sorted(path for path in inbox.glob("*") if path.is_file() and not path.name.startswith(".")) if inbox.exists() else []
    collected = []
    for file in waiting:
        keep()
        try:
            outcome = take_file(application, file.name, file.read_bytes())
            status, findings = outcome.status, len(outcome.findings)
        except InputError as error:
            status, findings = f"{error.code}: {error.message}", 0
            refused = True
        else:
            refused = status in _REFUSED
        moved = _move(file, inbox / ("refused" if refused else "done"))
        collected.append(Collected(file.name, status, findings, refused, moved))
    return collected


def _move(file: Path, folder: Path) -> Path:
    """The bytes are in the archive already; a file of the same name that was moved before is kept beside."""
    folder.mkdir(parents=True, exist_ok=True)
    target, number = folder / file.name, 1
    while target.exists():
        number += 1
        target = folder / f"{file.stem}-{number}{file.suffix}"
    file.rename(target)
    return target

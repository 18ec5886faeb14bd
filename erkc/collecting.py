"""What comes in by itself: files of ``<home>/inbox``, taken one after another and put away.

Packages come first, then registries, then statements, whatever their names: a payment finds its account, and a transfer its registry, only
when these are known. A file is moved only after its bytes are in the archive, so a crash between the two takes it once more, which changes
nothing. A file whose name begins with a dot is still being written by whoever brings it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.errors import InputError
from core.services.clearing import Released
from erkc.application import Application
from erkc.intake import place_of_file, release_after, take_file

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
    released: Released
    """Payments of banks that waited in suspense and are certain after this file."""


def take_inbox(application: Application, *, keep: Callable[[], None] = _nothing) -> list[Collected]:
    """Take every file of the inbox into ``inbox/done`` or ``inbox/refused``; ``keep`` is called before each.

    First what says whose accounts there are, then registries, then statements, by what the adapters recognise; of one sort by name.

    A file that cannot be taken at all is refused and stops nobody behind it.
    """
    inbox = application.home / "inbox"
    waiting = sorted(path for path in inbox.glob("*") if path.is_file() and not path.name.startswith(".")) if inbox.exists() else []
    collected = []
    for file in sorted(waiting, key=lambda file: place_of_file(file.name, file.read_bytes())):
        keep()
        released = Released({})
        try:
            outcome = take_file(application, file.name, file.read_bytes())
            status, findings = outcome.status, len(outcome.findings)
            released = release_after(application, outcome)
        except InputError as error:
            status, findings = f"{error.code}: {error.message}", 0
            refused = True
        else:
            refused = status in _REFUSED
        moved = _move(file, inbox / ("refused" if refused else "done"))
        collected.append(Collected(file.name, status, findings, refused, moved, released))
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

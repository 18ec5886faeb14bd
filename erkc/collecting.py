"""What comes in by itself: files of every box (the inbox, those of contracts inside it, SFTP servers), taken, answered and put away.

Packages come first, then registries, then statements, whatever their names and boxes: a payment finds its account, and a transfer its
registry, only when these are known. The order for one file is archive, take, answer, move: a crash anywhere between takes it once more,
which posts nothing, writes the same answer and moves it. A file whose name begins with a dot is still being written by whoever brings it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from adapters.banks.protocol import Acceptance, protocol_name, render_protocol
from adapters.contract import RawMessage
from core import archive
from core.errors import ConfigError, ErkcError, InputError, TransientError
from core.ids import CENTRE
from core.services.clearing import Released
from core.services.take import Taken
from core.storage.engine import transaction
from erkc.adapters import bank_files
from erkc.application import Application
from erkc.boxes import Box, local_boxes
from erkc.intake import BankTaken, place_of_file, release_after, take_file
from erkc.sftp_boxes import open_sftp_box

__all__ = ["Collected", "take_boxes", "take_inbox"]

_log = logging.getLogger("erkc.collecting")
_REFUSED = frozenset(("rejected", "conflict"))


def _nothing(name: str = "") -> None:
    """No claim to keep, no failpoint."""


@dataclass(frozen=True, slots=True)
class Collected:
    """One file: what became of it, and where it and the answer to its sender are now."""

    name: str
    status: str
    findings: int
    is_refused: bool
    moved_to: str
    released: Released
    """Payments of banks that waited in suspense and are certain after this file."""
    protocol: str = ""
    """Where the acceptance protocol lies; empty: none is owed (packages and statements have other answers)."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    box: Box
    name: str
    place: int


def take_inbox(
    application: Application, *, keep: Callable[[], None] = _nothing, failpoint: Callable[[str], None] = _nothing
) -> tuple[list[Collected], list[ErkcError]]:
    """Take every file of every box; ``keep`` is called before each.

    A server that can not be reached is told in the second list and stops nobody else; ``failpoint`` is called with a name after every step
    of a file (tests raise there).
    """
    unreachable: list[ErkcError] = []
    with ExitStack() as open_boxes:
        boxes: list[Box] = list(local_boxes(application.home))
        for settings in application.settings.sftp:
            try:
                boxes.append(open_boxes.enter_context(open_sftp_box(settings)))
            except (TransientError, ConfigError) as error:
                unreachable.append(error)
        collected, lost = take_boxes(application, boxes, keep=keep, failpoint=failpoint)
    return collected, [*unreachable, *lost]


def take_boxes(
    application: Application, boxes: Sequence[Box], *, keep: Callable[[], None] = _nothing, failpoint: Callable[[str], None] = _nothing
) -> tuple[list[Collected], list[ErkcError]]:
    """Take what waits in some boxes, first what says whose accounts there are, then registries, then statements; of one sort by name.

    A file that cannot be taken at all is refused and stops nobody behind it; a line that breaks leaves the rest of its box for next time.
    """
    lost: list[ErkcError] = []
    broken: set[int] = set()
    waiting: list[_Waiting] = []
    collected = []
    for box in boxes:
        try:
            waiting += [_Waiting(box, name, place_of_file(name, box.read(name))) for name in box.names()]
        except (TransientError, InputError) as error:
            lost.append(error)
    for one in sorted(waiting, key=lambda one: (one.place, one.name)):
        if id(one.box) in broken:
            continue
        keep()
        try:
            collected.append(_take(application, one, failpoint))
        except TransientError as error:
            broken.add(id(one.box))
            lost.append(error)
    return collected, lost


def _take(application: Application, one: _Waiting, failpoint: Callable[[str], None]) -> Collected:
    box, name = one.box, one.name
    data = box.read(name)
    released, protocol = Released({}), ""
    outcome: Taken | BankTaken | None = None
    try:
        outcome = take_file(application, name, data, profile=box.profile)
        failpoint("taken")
        status, findings = outcome.status, len(outcome.findings)
        released = release_after(application, outcome)
    except InputError as error:
        status, findings = f"{error.code}: {error.message}", 0
        refused = True
    else:
        refused = status in _REFUSED
    if isinstance(outcome, BankTaken) and outcome.kind != "statement":
        protocol = _answer(application, box, RawMessage(name, data), outcome)
        failpoint("answered")
    moved = box.put_away(name, refused=refused)
    failpoint("moved")
    _log.info("inbox.file.taken", extra={"file": name, "box": box.title, "status": status})
    return Collected(name, status, findings, refused, moved, released, protocol)


def _answer(application: Application, box: Box, message: RawMessage, outcome: BankTaken) -> str:
    """The protocol: archived before it leaves, as everything that leaves."""
    with transaction(application.engine) as connection:
        stored = archive.describe(connection, outcome.message_id)
        said = Acceptance(message.name, stored.sha256.hex(), stored.received_at, outcome.status, outcome.counts, outcome.findings)
        data = render_protocol(said, message, bank_files(box.profile))
        name = protocol_name(message.name)
        archive.store(
            connection, data=data, name=name, channel="banks.protocol", direction="out", provider_id=CENTRE, at=application.clock.now()
        )
    return box.answer(name, data)

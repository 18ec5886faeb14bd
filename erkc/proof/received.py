"""A package that came from elsewhere, checked by this program: the check's code is our own, and none of the package's runs before it is
found to be the very code of this version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from core.errors import InputError, system_reason
from erkc.proof.verify import Anchors, Refused, Report, read_package, verify

__all__ = ["PROGRAM", "Received", "check_received", "program"]

PROGRAM: Mapping[str, tuple[str, str]] = {
    "__main__.py": ("erkc.proof", "first_check.py"),
    "verify.py": ("erkc.proof", "verify.py"),
    "clauses.py": ("core.charges", "clauses.py"),
    "merkle.py": ("core.archive", "merkle.py"),
}
"""Files of the check as a package names them, and where they are here."""


@dataclass(frozen=True, slots=True)
class Received:
    """What was found; ``foreign`` are files of the check that are not those of this version."""

    report: Report
    foreign: tuple[str, ...]
    members: Mapping[str, bytes]


def program() -> dict[str, bytes]:
    """The files of the check, their line ends as they are in the source."""
    return {name: files(room).joinpath(file).read_bytes() for name, (room, file) in PROGRAM.items()}


def check_received(place: Path, anchors: Anchors, *, trust_program: bool = False) -> Received:
    """Check a package with the ``verify`` of this program. ``InputError`` PF-0104 when it can not be read.

    The formulas and trees that it computes with are the package's own, so a package with others than ours is refused before they run,
    unless the reader has compared their hashes and says so (``trust_program``: a package of another version).
    """
    report = Report()
    try:
        members = read_package(place)
    except OSError as error:
        raise InputError("PF-0104", f"Пакет {place} не читается: {system_reason(error)}.", hint="Проверьте имя файла.") from error
    except Refused as refusal:
        report.held("", unless=[str(refusal)])
        return Received(report, (), {})
    foreign = tuple(name for name, data in program().items() if name in members and members[name] != data)
    if foreign and not trust_program:
        named = ", ".join(f"{name} (SHA-256 {sha256(members[name]).hexdigest()})" for name in foreign)
        report.held("", unless=[f"программа проверки в пакете не от этой версии, поэтому не исполнялась: {named}"])
        return Received(report, foreign, members)
    return Received(verify(members, anchors), foreign, members)

"""Выгрузки in several files: volumes of a split archive, and the pair ``name_sections.zip`` + ``name_files.zip`` (Формат 4.0, section 1).

Files may come in any order and on different days. Volumes make one archive, which is then taken like any other. Of a pair the files are
taken first, because sections refer to them; sections that come before their files wait for them.
"""

from __future__ import annotations

from adapters.contract import RawMessage
from adapters.format4.volumes import is_volume, join_volumes, missing_volumes, volume_name
from adapters.zipio import DAMAGE, open_zip
from core.services.parts import keep_part, note_joined, parts_named, wait_for_parts, waiting_finding, was_taken
from core.services.take import Taken
from erkc.application import Application

__all__ = ["joined", "sections_that_waited"]

_SECTIONS, _FILES = "_sections.zip", "_files.zip"
_CHANNEL = "uk.format4"


def joined(application: Application, name: str, data: bytes) -> RawMessage | Taken:
    """What is to be taken when this file has come: the file itself, the archive that it completes, or nothing yet (its waiting outcome)."""
    if is_volume(name, data):
        return _volume(application, name, data)
    if name.lower().endswith(_SECTIONS) and _lacks_files(data):
        pair = _pair_name(name, _SECTIONS, _FILES)
        if not was_taken(application.engine, channel=_CHANNEL, name=pair):
            number = keep_part(application.engine, name=name, data=data, clock=application.clock)
            finding = waiting_finding(name, [pair])
            return wait_for_parts(application.engine, name=name, message_id=number, finding=finding, clock=application.clock)
    return RawMessage(name, data)


def sections_that_waited(application: Application, name: str) -> RawMessage | None:
    """The sections that waited for these files, None when none did; they are no longer waiting."""
    if not name.lower().endswith(_FILES):
        return None
    wanted = _pair_name(name, _FILES, _SECTIONS)
    found = parts_named(application.engine, wanted, lambda part: wanted if part.lower() == wanted.lower() else None)
    if not found:
        return None
    number, data = found[wanted]
    note_joined(application.engine, {number: wanted}, clock=application.clock)
    return RawMessage(wanted, data)


def _volume(application: Application, name: str, data: bytes) -> RawMessage | Taken:
    called = volume_name(name)
    stem = called.stem if called is not None else ""
    number = keep_part(application.engine, name=name, data=data, clock=application.clock)

    def place(part: str) -> tuple[int | None] | None:
        other = volume_name(part)
        return (other.number,) if other is not None and other.stem == stem else None

    parts = {key: value for (key,), value in parts_named(application.engine, f"{stem}.", place).items()}
    missing = missing_volumes({key: content for key, (_, content) in parts.items()})
    if missing:
        finding = waiting_finding(name, [f"{stem}{ending}" for ending in missing])
        return wait_for_parts(application.engine, name=name, message_id=number, finding=finding, clock=application.clock)
    order = sorted(key for key in parts if key is not None)
    whole = join_volumes([*(parts[key][1] for key in order), parts[None][1]])
    note_joined(application.engine, {part: f"{stem}.zip" for part, _ in parts.values()}, clock=application.clock)
    return RawMessage(f"{stem}.zip", whole)


def _lacks_files(data: bytes) -> bool:
    try:
        return "files.csv" not in open_zip(data).namelist()
    except DAMAGE:
        return False


def _pair_name(name: str, ending: str, other: str) -> str:
    return name[: -len(ending)] + other

"""Archives with several files of one profile: each member is a result of its own, and the archive says how they stand together.

A member is read into memory whole, so its size is limited before it is unpacked; names are only compared, never used as paths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from adapters.banks.profile import Profile
from adapters.banks.result import ParsedFile
from adapters.banks.ufebs import prove_parts
from adapters.zipio import DAMAGE, open_zip
from core.errors import InputError

__all__ = ["is_archive", "members_of", "parse_archive"]

_SIGNATURE = b"PK"
_UNPACKED_BYTES = 1 << 30
_RATIO = 200


def is_archive(name: str, data: bytes) -> bool:
    """Whether a file is named as an archive, or is one."""
    return name.lower().endswith(".zip") or data.startswith(_SIGNATURE)


def members_of(data: bytes, most: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the first members; none of an archive that is damaged or too big."""
    try:
        opened = open_zip(data)
        items = [item for item in opened.infolist() if not item.is_dir()]
        size = sum(item.file_size for item in items)
        if size > _UNPACKED_BYTES or size > _RATIO * max(len(data), 1):
            return
        contents = [(PurePosixPath(item.filename).name, opened.read(item)) for item in items[:most]]
    except DAMAGE:
        return
    yield from contents


def parse_archive(name: str, data: bytes, profile: Profile, parse: Callable[[str, bytes], ParsedFile]) -> ParsedFile:
    """Read all members that have the profile's extension, in the order of the archive (contract, section 8).

    ``InputError`` BANK-0102 when the members unpack into too much.
    """
    damaged = ParsedFile(name, profile.name, None, "rejected", [{"code": "TRUNCATED"}], files=[])
    try:
        opened = open_zip(data)
    except DAMAGE:
        return damaged
    files = [item for item in opened.infolist() if not item.is_dir()]
    size = sum(item.file_size for item in files)
    if size > _UNPACKED_BYTES or size > _RATIO * max(len(data), 1):
        raise InputError("BANK-0102", f"Архив «{name}» распаковывается в {size} байт: это слишком много.", hint="Проверьте отправителя.")
    members, ignored = [], False
    for item in files:
        member = PurePosixPath(item.filename).name
        if not member.lower().endswith(f".{profile.extension}"):
            ignored = True
            continue
        try:
            content = opened.read(item)  # never more than the declared size, which was counted above
        except DAMAGE:
            return damaged
        members.append(parse(member, content))
    errors = prove_parts(members)
    if errors or all(member.status == "rejected" for member in members):
        status = "rejected"
    else:
        status = "ok" if all(member.status == "ok" for member in members) else "partial"
    return ParsedFile(name, profile.name, None, status, errors, ["IGNORED_MEMBER"] if ignored else [], files=members)

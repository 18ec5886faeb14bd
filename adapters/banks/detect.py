"""Which profile a file belongs to when nobody has named it, and the one door to parsing: :func:`parse_file`.

Detection looks at the layout only (signature, number of fields, form of the first date). Profiles that share a layout and differ in the fee
model can not be told apart by a file: bare parsing assumes the agent keeps its fee, and an inbox of a contract names its profile.
"""

from __future__ import annotations

from adapters.banks.delimited import parse_delimited
from adapters.banks.onec import SIGNATURE, parse_onec
from adapters.banks.profile import Profile, bundled
from adapters.banks.result import KnownAccounts, ParsedFile
from adapters.banks.text import detect_encoding
from adapters.banks.values import Unreadable, parse_date
from adapters.banks.zipped import is_archive, parse_archive
from core.errors import InputError

__all__ = ["detect", "is_this", "parse_file"]

_HEAD = 1 << 16


def parse_file(name: str, data: bytes, profile: Profile | None = None, accounts: KnownAccounts | None = None) -> ParsedFile:
    """Read one file with its profile, or with the one that :func:`detect` finds; ``InputError`` BANK-0101 when none fits."""
    chosen = profile or detect(name, data)
    if chosen is None:
        raise InputError(
            "BANK-0101",
            f"Формат файла «{name}» не опознан: ни один профиль банка не подходит.",
            hint="Укажите профиль ключом --profile или опишите его в config/banks.",
            file=name,
        )
    known = accounts or KnownAccounts()
    if is_archive(name, data):
        return parse_archive(name, data, chosen, lambda member, content: parse_file(member, content, chosen, known))
    if chosen.layout == "onec":
        return parse_onec(name, data, chosen, known)
    return parse_delimited(name, data, chosen, known)


def detect(name: str, data: bytes) -> Profile | None:
    """The only bundled profile whose layout the first lines have; of fee models the agent's ``kept``."""
    fitting = [profile for profile in bundled().values() if profile.fee_model == "kept" and is_this(profile, data)]
    return fitting[0] if len(fitting) == 1 else None


def is_this(profile: Profile, data: bytes) -> bool:
    """Whether the first lines are of the profile's layout (whatever else is wrong with the file)."""
    head = data[:_HEAD]
    head = head[: head.rfind(b"\n") + 1] or head
    encoding = detect_encoding(head) or profile.encodings[0]
    lines = [line for line in head.decode(encoding, errors="replace").lstrip("\ufeff").splitlines() if line.strip()]
    if not lines:
        return False
    if profile.layout == "onec":
        return lines[0].strip() == SIGNATURE
    if profile.first_line is not None:
        fields = lines[0].split(profile.separator)
        return fields[0] == profile.first_line.mark and len(fields) == 1 + len(profile.first_line.columns)
    if profile.trailer is not None and lines[0].startswith(profile.trailer.mark):
        return len(lines) == 1 and lines[0].count(profile.separator) + 1 == profile.trailer.items
    return _is_row(profile, lines[0])


def _is_row(profile: Profile, line: str) -> bool:
    fields = line.split(profile.separator)
    if len(fields) != profile.fields:
        return False
    for column in profile.columns:
        if column.kind == "date" and column.required:
            text = fields[column.at].partition(column.split)[0] if column.split else fields[column.at]
            try:
                parse_date(text, column.pattern)
            except Unreadable:
                return False
    return True

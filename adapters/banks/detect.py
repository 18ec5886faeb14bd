"""Which profile a file belongs to when nobody has named it, and the one door to parsing: :func:`parse_file`.

Detection looks at the layout only (signature, names of fields, number of fields, form of the first date). Profiles that share a layout and
differ in the fee model can not be told apart by a file: bare parsing assumes the agent keeps its fee, and an inbox of a contract names its
profile. Of an archive the members decide.
"""

from __future__ import annotations

from collections.abc import Callable

from adapters.banks.agents import parse_attributes, parse_json
from adapters.banks.camt import is_camt, parse_camt053, parse_camt054
from adapters.banks.dbf import field_names, parse_dbf
from adapters.banks.delimited import key_value_row, meta_line, parse_delimited
from adapters.banks.onec import SIGNATURE, parse_onec
from adapters.banks.profile import Column, Profile, bundled
from adapters.banks.result import KnownAccounts, ParsedFile
from adapters.banks.sheets import is_workbook, parse_sheet, workbook_has
from adapters.banks.text import detect_encoding
from adapters.banks.ufebs import parse_ed101, parse_ed211, parse_packet
from adapters.banks.values import Unreadable, parse_date
from adapters.banks.xmltext import looks_like_xml, root_tag
from adapters.banks.zipped import is_archive, members_of, parse_archive
from core.errors import InputError

__all__ = ["detect", "is_archive_of", "is_this", "parse_file"]

_HEAD = 1 << 16
_LOOKED_AT = 20
"""Members of an archive that are looked at to tell its profile."""
_READERS: dict[str, Callable[[str, bytes, Profile, KnownAccounts], ParsedFile]] = {
    "delimited": parse_delimited,
    "keyvalue": parse_delimited,
    "onec": parse_onec,
    "dbf": parse_dbf,
    "sheet": parse_sheet,
    "attributes": parse_attributes,
    "json": parse_json,
    "camt053": parse_camt053,
    "camt054": parse_camt054,
    "ed211": parse_ed211,
    "ed101": parse_ed101,
    "packetepd": parse_packet,
}


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
    if is_archive_of(chosen, name, data):
        return parse_archive(name, data, chosen, lambda member, content: parse_file(member, content, chosen, known))
    return _READERS[chosen.layout](name, data, chosen, known)


def is_archive_of(profile: Profile, name: str, data: bytes) -> bool:
    """Whether a file is an archive with files of the profile; a workbook is a ZIP package too."""
    return is_archive(name, data) and not (profile.layout == "sheet" and not name.lower().endswith(".zip"))


def detect(name: str, data: bytes) -> Profile | None:
    """The only bundled profile whose layout the file has; of fee models the agent's ``kept``; of an archive that of all known members."""
    if is_archive(name, data) and not is_workbook(data):
        found = {
            profile.name: profile
            for member, content in members_of(data, _LOOKED_AT)
            if not is_archive(member, content) and (profile := detect(member, content)) is not None
        }
        return next(iter(found.values())) if len(found) == 1 else None
    fitting = [profile for profile in bundled().values() if profile.fee_model == "kept" and is_this(profile, data)]
    return fitting[0] if len(fitting) == 1 else None


def is_this(profile: Profile, data: bytes) -> bool:
    """Whether the file is of the profile's layout (whatever else is wrong with it)."""
    if profile.layout == "dbf":
        names = field_names(data)
        needed = [column.name.upper().split("|") for column in profile.columns if column.required]
        return bool(names) and all(any(name in names for name in choice) for choice in needed)
    if profile.layout == "sheet":
        return is_workbook(data) and workbook_has(data, profile)
    if looks_like_xml(data):
        return _is_xml(profile, data)
    if profile.layout == "json":
        head = data[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
        words = [*profile.header_names, *profile.summary.values()]
        return head.startswith(b"{") and all(f'"{word}"'.encode() in head for word in words)
    return profile.layout in ("delimited", "keyvalue", "onec") and _is_text(profile, data)


def _is_xml(profile: Profile, data: bytes) -> bool:
    local, namespaces = root_tag(data)
    if profile.layout in ("camt053", "camt054"):
        return is_camt(local, namespaces, f"camt.{profile.layout[-3:]}.")
    return local == profile.heading if profile.layout == "attributes" else local.lower() == profile.layout


def _is_text(profile: Profile, data: bytes) -> bool:
    head = data[:_HEAD]
    head = head[: head.rfind(b"\n") + 1] or head
    encoding = detect_encoding(head) or (profile.encodings[0] if profile.encodings else "utf-8")
    lines = [line for line in head.decode(encoding, errors="replace").lstrip("\ufeff").splitlines() if line.strip()]
    if not lines:
        return False
    if profile.layout == "onec":
        return lines[0].strip() == SIGNATURE
    if profile.heading:
        return lines[0] == profile.heading
    if profile.first_line is not None:
        fields = lines[0].split(profile.separator)
        return fields[0] == profile.first_line.mark and len(fields) == 1 + len(profile.first_line.columns)
    if profile.trailer is not None and lines[0].startswith(profile.trailer.mark):
        return len(lines) == 1 and lines[0].count(profile.separator) + 1 == profile.trailer.items and _is_first_choice(profile)
    if profile.meta:
        return _has_meta(profile, lines)
    return _is_row(profile, lines[0])


def _is_first_choice(profile: Profile) -> bool:
    """A registry without rows shows its trailer only: of the profiles that share it the first in the alphabet is taken."""
    sharing = [other.name for other in bundled().values() if other.trailer == profile.trailer and other.fee_model == "kept"]
    return profile.name == min(sharing, default=profile.name)


def _has_meta(profile: Profile, lines: list[str]) -> bool:
    words = {found[0] for line in lines if line.startswith("#") and (found := meta_line(line))}
    if not words & set(profile.meta):
        return False
    row = next((line for line in lines if not line.startswith("#")), None)
    if row is not None:
        return _is_row(profile, row)
    return {word for word in words if word.isupper()} == set(profile.meta)


def _is_row(profile: Profile, line: str) -> bool:
    fields = line.split(profile.separator)
    if profile.layout == "keyvalue":
        if not any(
            item.upper().startswith(f"{column.name.upper()}:")
            for item in fields
            for column in profile.columns
            if column.required and column.name
        ):
            return False
        fields = list(key_value_row(fields, profile))
    if len(fields) != profile.width:
        return False
    return all(_could_be(column, fields[column.at]) for column in profile.columns if column.required or column.key == "period")


def _could_be(column: Column, text: str) -> bool:
    """Whether a value has the form of its column, as far as forms tell layouts apart."""
    if column.kind == "month":
        return not text or len(text) == len(column.pattern)
    if column.kind != "date" or not text:
        return True
    try:
        parse_date(text.partition(column.split)[0] if column.split else text, column.pattern)
    except Unreadable:
        return len(text) >= len(column.pattern) and not any(sign.isalpha() for sign in text.partition(column.split or "\0")[0])
    return True

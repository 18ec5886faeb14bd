"""Charges registries that we send, written as a profile says: delimited texts and DBF. Pure: rows in, the bytes of one file out.

Every file must be readable by the bank as it is: no separator, quote or line break stands inside a field, a letter that the encoding lacks
is written by its nearest or its row is refused and told, totals are those of the written rows. An account stands once (with its penalty
apart where the profile says so), and only what is to pay is asked for (bank-formats, section 13).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from adapters.banks.profile import Outgoing, Profile
from core.errors import ConfigError
from core.model.bank_charge import BankCharge, BankPayee
from core.model.finding import Finding, Position
from core.money import format_roubles
from core.period import Month

__all__ = ["ChargesHead", "RenderedCharges", "render_charges"]

_NEAREST = {
    "«": "", "»": "", '"': "", "'": "", "“": "", "”": "", "„": "", "’": "", "—": "-", "–": "-", "−": "-", "…": "...", "\u00a0": " ",
}  # fmt: skip
_IDENTITIES = ("account", "els", "izku", "house_fias")
_CHARGE, _PENALTY = "01", "02"
_DRIVERS = {"cp866": 0x65, "cp1251": 0xC9}


@dataclass(frozen=True, slots=True)
class ChargesHead:
    """What is the same for every row. ``number`` from 1 to 999: the same number again replaces the file that was sent under it."""

    payee: BankPayee
    month: Month
    number: int
    service: str
    """Code that the contract gives the service or the receiver."""
    made_on: date
    with_names: bool = True
    """Whether the payers' names are given: a contract may do without them."""


@dataclass(frozen=True, slots=True)
class RenderedCharges:
    """One file: its name, bytes, what is in it, and the rows that could not be written."""

    name: str
    data: bytes
    count: int
    amount: int
    """Kopecks."""
    refused: tuple[Finding, ...]


class _Unwritable(Exception):
    """A value that can not be written so that the bank reads what was meant."""


def render_charges(head: ChargesHead, rows: Iterable[BankCharge], profile: Profile) -> RenderedCharges:
    """The registry of one payee and month. ``ConfigError`` BANK-0603 for a profile that is not of an outgoing registry."""
    out = profile.out
    if out is None:
        raise ConfigError(
            "BANK-0603", f"Профиль «{profile.name}» не описывает исходящий реестр.", hint="Возьмите charges-out или свой с [out]."
        )
    encoding, about = profile.encodings[0], _about(head, out)
    name = out.file_name.format_map(about)
    written: list[list[str]] = []
    refused: list[Finding] = []
    seen: set[str] = set()
    count = amount = 0
    for place, row in enumerate(rows, 1):
        lines = []
        try:
            _check(row, seen)
            for kind, part in _parts(row, out):
                values = about | _values(part if head.with_names else replace(part, payer_name=""), kind, profile, encoding)
                lines.append(_fields(values, out))
        except _Unwritable as error:
            refused.append(_refused(name, place, row, str(error)))
            continue
        written += lines
        count, amount = count + len(lines), amount + row.amount
    totals = {"total": format_roubles(amount), "count": str(count)}
    data = (
        _dbf(written, out, encoding, head.made_on)
        if out.dbf
        else _text(written, [line.format_map(about | totals) for line in out.before], profile)
    )
    return RenderedCharges(name, data, count, amount, tuple(refused))


def _about(head: ChargesHead, out: Outgoing) -> dict[str, str]:
    month = head.month
    period = out.period.replace("ГГГГ", f"{month.year}").replace("ГГ", f"{month.year % 100:02d}").replace("ММ", f"{month.month:02d}")
    return {
        "service": head.service,
        "payee_inn": head.payee.inn,
        "payee_account": head.payee.account,
        "payee_name": head.payee.name,
        "number": f"{head.number:03d}",
        "period": period,
        "first_day": f"{month.first:%Y%m%d}",
        "last_day": f"{month.last:%Y%m%d}",
    }


def _check(row: BankCharge, seen: set[str]) -> None:
    if row.amount <= 0 or row.charge < 0 or row.penalty < 0:
        raise _Unwritable("к оплате ничего нет")
    if not row.account:
        raise _Unwritable("нет лицевого счёта")
    if row.account in seen:
        raise _Unwritable("счёт уже есть в этом реестре")
    seen.add(row.account)


def _parts(row: BankCharge, out: Outgoing) -> Iterator[tuple[str, BankCharge]]:
    """One row, or charge and penalty apart."""
    if not out.penalty_apart:
        yield _CHARGE, row
        return
    for kind, part in ((_CHARGE, replace(row, penalty=0)), (_PENALTY, replace(row, charge=0))):
        if part.amount:
            yield kind, part


def _values(row: BankCharge, kind: str, profile: Profile, encoding: str) -> dict[str, str]:
    """Texts of a row, each one that the encoding has and the layout can hold."""
    banned = (profile.separator if profile.layout == "delimited" else "") + (profile.out.parts_without if profile.out else "")
    names = row.payer_name.split(maxsplit=2) if len(row.payer_name.split()) > 1 else [row.payer_name]
    surname, first, patronymic = [*names, "", ""][:3]
    texts = {
        "account": row.account, "els": row.els, "izku": row.izku, "house_fias": row.house_fias, "bill": row.bill, "flat": row.flat,
        "premises": row.premises,
        "payer_name": row.payer_name, "surname": surname, "first_name": first, "patronymic": patronymic,
        "city": row.city, "street": row.street, "house": row.house,
    }  # fmt: skip
    values = {key: _written(key, text, banned, encoding) for key, text in texts.items()}
    values["address"] = _written("address", row.address, profile.separator if profile.layout == "delimited" else "", encoding)
    return values | {
        "charge": format_roubles(row.charge), "penalty": format_roubles(row.penalty), "amount": format_roubles(row.amount), "kind": kind,
    }  # fmt: skip


def _written(key: str, text: str, banned: str, encoding: str) -> str:
    """A text as it can be sent; an identifier is never changed."""
    value = " ".join(text.split())
    if key in _IDENTITIES:
        if any(sign in value for sign in banned) or not _fits(value, encoding):
            raise _Unwritable(f"«{value}» нельзя записать без изменений")
        return value
    for sign in banned:
        value = value.replace(sign, " ")
    value = "".join(_nearest(sign, encoding) for sign in value)
    return " ".join(value.split())


def _nearest(sign: str, encoding: str) -> str:
    if sign in _NEAREST:
        return _NEAREST[sign]
    if _fits(sign, encoding):
        return sign
    plain = "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    if not plain or not _fits(plain, encoding):
        raise _Unwritable(f"знака «{sign}» нет в кодировке {encoding}")
    return plain


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _fields(values: Mapping[str, str], out: Outgoing) -> list[str]:
    if not out.dbf:
        return [text.format_map(values) for text in out.row]
    fields = []
    for name, (kind, width, _, text) in out.dbf.items():
        value = text.format_map(values)
        if len(value) > width:
            word = text.strip("{}")
            if kind != "C" or word in _IDENTITIES or word in ("payee_account", "service"):
                raise _Unwritable(f"«{value}» длиннее поля {name} ({width})")
            value = value[:width].rstrip()
        fields.append(value)
    return fields


def _text(rows: list[list[str]], before: list[str], profile: Profile) -> bytes:
    lines = [*before, *(profile.separator.join(fields) for fields in rows)]
    return "".join(f"{line}\r\n" for line in lines).encode(profile.encodings[0])


def _dbf(rows: list[list[str]], out: Outgoing, encoding: str, day: date) -> bytes:
    """dBase III: header, one descriptor of 32 bytes a field, records of fixed width, the end mark."""
    start = 32 + 32 * len(out.dbf) + 1
    size = 1 + sum(width for _, width, _, _ in out.dbf.values())
    head = bytearray(32)
    head[0], head[1:4], head[29] = 0x03, bytes((day.year - 1900, day.month, day.day)), _DRIVERS[encoding]
    head[4:8], head[8:10], head[10:12] = len(rows).to_bytes(4, "little"), start.to_bytes(2, "little"), size.to_bytes(2, "little")
    for name, (kind, width, decimals, _) in out.dbf.items():
        head += name.encode("ascii").ljust(11, b"\0") + kind.encode("ascii") + bytes(4) + bytes((width, decimals)) + bytes(14)
    body = bytearray(head + b"\r")
    kinds = [(kind, width) for kind, width, _, _ in out.dbf.values()]
    for fields in rows:
        body += b" "
        for value, (kind, width) in zip(fields, kinds, strict=True):
            body += (value.rjust(width) if kind == "N" else value.ljust(width)).encode(encoding)
    return bytes(body + b"\x1a")


def _refused(name: str, place: int, row: BankCharge, why: str) -> Finding:
    return Finding(
        position=Position(name, place),
        code="BANK-0604",
        severity="error",
        effect="refuse_row",
        value=row.account,
        message=f"Счёт {row.account or '—'} на {format_roubles(row.amount)} руб. не попал в реестр начислений: {why}.",
        hint="Исправьте данные счёта и сформируйте реестр с тем же номером: он заменит отправленный.",
    )

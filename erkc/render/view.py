"""Turns the content of a bill into what the page shows: Russian numbers and dates, columns and blocks that have something in them.

The template lays out and decides nothing; every text that depends on the bill is written here, so a test can read it without a PDF.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from core.documents.epd import premises_address
from core.documents.qr import CodeForm, bill_payload
from core.model.bill import BillContent, BillLine, BillMeter, BillRecipient, Section
from core.model.bill_json import content_sha256
from erkc.render.look import AS_USUAL, Look
from erkc.render.symbol import png

__all__ = ["View", "amount", "control_code", "details", "full_day", "money_or_dash", "quantity", "view"]

View = dict[str, object]
"""JSON-able texts, lists and flags for the template."""

_NBSP, _MINUS = "\u00a0", "\u2212"
_ROOMY = 4
"""Recipients up to which the table may take more columns."""
_LONG = 21
"""Rows from which a bill may need a second page, so that its pages are numbered."""
_MONTHS = ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря")
_SECTIONS: tuple[tuple[str, tuple[Section, ...]], ...] = (
    ("Содержание жилого помещения", ("housing", "common_property")),
    ("Коммунальные услуги", ("utility",)),
    ("Капитальный ремонт", ("capital_repair",)),
    ("Дополнительные услуги", ("additional",)),
)


def view(content: BillContent, look: Look = AS_USUAL) -> View:
    """Everything that the template prints for one bill."""
    return {
        "number": content.number,
        "version": content.version,
        "replaces": content.replaces_number or "",
        "title": f"Единый платёжный документ № {content.number} за {content.month.title}",
        "month": content.month.title.capitalize(),
        "issued_on": full_day(content.issued_on),
        "issued": [content.issued_on.year, content.issued_on.month, content.issued_on.day],
        "due": amount(content.due),
        "due_on": full_day(content.due_on),
        "nothing_due": content.due == 0,
        "credit": _credit(content),
        "payer": _payer(content),
        "provider": _provider(content),
        "recipients": [_recipient(content, row, look.code) for row in content.recipients],
        "charges": _charges(content),
        "balance": _balance(content),
        "recalculations": _recalculations(content),
        "instalments": _instalments(content),
        "supports": _supports(content),
        "reference": _reference(content),
        "notices": [*content.notices, *_limit(content)],
        "long": _rows(content) > _LONG,
        "hash": control_code(content),
        "explanation": _explanation(content, look.explain_url) if look.explain_url else None,
    }


def control_code(content: BillContent) -> str:
    """The beginning of the content's hash: it stands on the paper, and says nothing of the payer."""
    return content_sha256(content).hex()[:16]


def _explanation(content: BillContent, explain_url: str) -> View:
    """The short link to the explanation of the bill, as text and as a symbol; the content and its hash know nothing of it."""
    address = explain_url.replace("{code}", control_code(content))
    return {
        "address": address.removeprefix("https://"),
        "qr": list(png(address.encode("ascii"))),
        "alt": f"Ссылка на объяснение начислений (не для оплаты): {address}",
    }


def amount(kopecks: int) -> str:
    """Kopecks as people read them.

    >>> amount(-123456).replace(chr(160), " ")
    '−1 234,56'
    """
    whole = f"{abs(kopecks) // 100:,}".replace(",", _NBSP)
    return f"{_MINUS if kopecks < 0 else ''}{whole},{abs(kopecks) % 100:02d}"


def quantity(value: int | None, places: int, *, least: int = 0) -> str:
    """A scaled integer with a comma, without the zeros that say nothing; nothing for None.

    >>> quantity(12_600_000, 6), quantity(41_870_000, 6, least=2), quantity(None, 3)
    ('12,6', '41,87', '')
    """
    if value is None:
        return ""
    scale = 10**places
    whole = f"{abs(value) // scale:,}".replace(",", _NBSP)
    part = f"{abs(value) % scale:0{places}d}".rstrip("0").ljust(least, "0")
    return f"{_MINUS if value < 0 else ''}{whole}{',' if part else ''}{part}"


def full_day(day: date) -> str:
    """``4 ноября 2026 г.``"""
    return f"{day.day}{_NBSP}{_MONTHS[day.month - 1]} {day.year}{_NBSP}г."


def _short_day(day: date | None) -> str:
    return day.strftime("%d.%m.%Y") if day else ""


def money_or_dash(kopecks: int) -> str:
    """An amount, or a dash where there is nothing."""
    return amount(kopecks) if kopecks else "–"


def _credit(content: BillContent) -> str:
    """What stays as an advance with the recipients after this bill."""
    rest = sum(_rest(row) for row in content.recipients)
    return amount(rest) if rest else ""


def _rest(row: BillRecipient) -> int:
    return max(0, -row.balance)


def _rows(content: BillContent) -> int:
    """About how many rows the page has to take."""
    parts = (content.lines, content.recalculations, content.instalments, content.supports, content.notices, content.house_meters)
    return sum(map(len, parts)) + 2 * len(content.recipients) + max(len(content.accounts) - 1, 0)


def _limit(content: BillContent) -> list[str]:
    """The limit of growth of the municipality (ЖК ст. 157.1), where one is approved."""
    if content.limit_percent_e2 is None:
        return []
    act = f" ({content.limit_act})" if content.limit_act else ""
    percent = quantity(content.limit_percent_e2, 2)
    return [f"Предельный индекс роста платы за коммунальные услуги в муниципальном образовании: {percent}{_NBSP}%{act}."]


def _payer(content: BillContent) -> list[list[str]]:
    persons = quantity(content.residents_e6, 6)
    area = f"{quantity(content.area_e2, 2, least=2)}{_NBSP}м²"
    rows = [
        ["Плательщик", content.payer_name],
        ["Адрес", premises_address(content)],
        ["Лицевой счёт", content.account_number],
        ["ЕЛС, идентификатор ЖКУ", ", ".join(filter(None, (content.els, content.service_identifier)))],
        ["Другие счета", ", ".join(account.number for account in content.accounts[1:])],
        ["Площадь, проживают", f"{area}, {persons}{_NBSP}чел."] if content.residential else ["Площадь, помещение", f"{area}, нежилое"],
    ]
    return [row for row in rows if row[1]]


def _provider(content: BillContent) -> View:
    details = (
        f"ИНН {content.provider_inn}" if content.provider_inn else "",
        content.provider_address,
        content.provider_phone,
        content.provider_email,
    )
    return {"name": content.provider_name, "details": ", ".join(filter(None, details))}


def _recipient(content: BillContent, row: BillRecipient, code: CodeForm) -> View:
    payload = bill_payload(content, row, period=code.period, zero=code.zero)
    creditors = row.creditors or (row.creditor_id,)
    names = [
        line.name for line in content.lines if line.creditor_id in creditors and (line.section == "capital_repair") == row.contribution
    ]
    return {
        "name": row.name,
        "services": _services(names, row.contribution),
        "account": row.account_number if len(content.accounts) > 1 else "",
        "details": details(row),
        "due": amount(row.due),
        "nothing_due": row.due == 0,
        "qr": list(png(payload)) if payload else [],
        "alt": f"Платёжный код: {row.name}, {amount(row.due)} руб.",
    }


def details(row: BillRecipient) -> list[str]:
    """Requisites of a recipient, three lines: taxes and telephone, account, bank."""
    tax = (
        f"ИНН{_NBSP}{row.inn}"
        + (f", КПП{_NBSP}{row.kpp}" if row.kpp else "")
        + (f", тел.{_NBSP}{row.phone.replace(' ', _NBSP)}" if row.phone else "")
    )
    correspondent = f", к/с{_NBSP}{row.correspondent}" if row.correspondent not in ("", "0") else ""
    return [tax, f"р/с{_NBSP}{row.bank_account}, БИК{_NBSP}{row.bik}", row.bank_name + correspondent]


def _services(names: list[str], contribution: bool) -> str:
    """What the money is for, in few words: whole names, and how many more."""
    if contribution:
        return "Взнос на капитальный ремонт"
    if not names:
        return "Прежние начисления"
    shown = [name for name in names if "общего имущества" not in name]
    shown = shown if len(shown) <= 3 else shown[:2]
    rest = len(names) - len(shown)
    return ", ".join(name if n == 0 else name[:1].lower() + name[1:] for n, name in enumerate(shown)) + (
        f" и ещё {rest}" if rest and shown else ""
    )


def _charges(content: BillContent) -> View:
    """Section 3 of the form: only the columns that have something in a row, with their numbers in the form."""
    lines = content.lines
    wanted = {
        "surcharge": any(line.surcharge for line in lines),
        "recalculation": any(line.recalculation for line in lines),
        "benefit": any(line.benefit for line in lines),
    }
    # A row is either of the premises or of the common property; the two pairs of columns stand apart where the page has room for them.
    crowded = any(wanted.values()) or len(content.recipients) > _ROOMY or _rows(content) > _LONG
    wanted["apart"] = any(line.common_volume_e6 for line in lines) and not crowded
    groups = []
    for title, sections in _SECTIONS:
        rows = [line for line in lines if line.section in sections]
        if rows:
            groups.append({"title": title, "rows": [_charge(line) for line in rows], "total": amount(sum(row.total for row in rows))})
    totals = {
        "own": money_or_dash(sum(line.base for line in lines if line.section != "common_property")),
        "common": money_or_dash(sum(line.base for line in lines if line.section == "common_property")),
        "base": amount(sum(line.base for line in lines)),
        "surcharge": money_or_dash(sum(line.surcharge for line in lines)),
        "recalculation": money_or_dash(sum(line.recalculation for line in lines)),
        "benefit": money_or_dash(sum(line.benefit for line in lines)),
        "total": amount(content.charged),
    }
    return {"wanted": wanted, "groups": groups, "totals": totals}


def _charge(line: BillLine) -> View:
    common = line.section == "common_property"
    return {
        "name": line.name,
        "inner": common,
        "unit": line.unit,
        "volume": quantity(line.common_volume_e6 if common else line.individual_volume_e6, 6),
        "own_volume": quantity(line.individual_volume_e6, 6),
        "common_volume": quantity(line.common_volume_e6, 6),
        "tariff": _tariff(line),
        "own": "" if common else amount(line.base),
        "common": amount(line.base) if common else "",
        "base": amount(line.base),
        "factor": quantity(line.factor_e2, 2),
        "surcharge": amount(line.surcharge) if line.surcharge else "",
        "recalculation": amount(line.recalculation) if line.recalculation else "",
        "benefit": amount(line.benefit) if line.benefit else "",
        "total": amount(line.total),
    }


def _tariff(line: BillLine) -> str:
    """The tariff, or those of the month one under another where it changed."""
    tariffs = line.tariffs_e6 if line.tariff_e6 is None else (line.tariff_e6,)
    return "\n".join(quantity(tariff, 6, least=2) for tariff in tariffs)


def _balance(content: BillContent) -> View | None:
    """How the amount to pay came about; nothing where it is the charge of the month and no more."""
    names = ("debt", "advance", "paid", "penalties", "interest", "deferred")
    wanted: dict[str, int] = {name: getattr(content, name) for name in names}
    if not any(wanted.values()):
        return None
    wanted["rest"] = sum(_rest(row) for row in content.recipients)
    rows = [
        {
            "name": row.name,
            "debt": money_or_dash(row.debt),
            "advance": money_or_dash(row.advance),
            "paid": money_or_dash(row.paid),
            "charged": money_or_dash(row.charged),
            "penalties": money_or_dash(row.penalties),
            "interest": money_or_dash(row.interest),
            "deferred": money_or_dash(row.deferred),
            "rest": money_or_dash(_rest(row)),
            "due": amount(row.due),
        }
        for row in content.recipients
    ]
    totals = {
        "debt": money_or_dash(content.debt),
        "advance": money_or_dash(content.advance),
        "paid": money_or_dash(content.paid),
        "charged": amount(content.charged),
        "penalties": money_or_dash(content.penalties),
        "interest": money_or_dash(content.interest),
        "deferred": money_or_dash(content.deferred),
        "rest": money_or_dash(wanted["rest"]),
        "due": amount(content.due),
    }
    return {
        "wanted": {key: bool(value) for key, value in wanted.items()},
        "rows": rows,
        "totals": totals,
        "until": _short_day(content.payments_until),
        "last_paid": _short_day(content.last_paid_on),
    }


def _recalculations(content: BillContent) -> list[View]:
    names = {line.service_id: line.name for line in content.lines}
    return [{"name": names.get(row.service_id, ""), "reason": row.reason, "amount": amount(row.amount)} for row in content.recalculations]


def _instalments(content: BillContent) -> list[View]:
    """Section 6 of the form: debts that are paid in parts."""
    return [
        {
            "name": row.name,
            "origin": row.origin.title,
            "remaining": amount(row.remaining),
            "portion": amount(row.portion),
            "percent": quantity(row.percent_e6, 6),
            "interest": money_or_dash(row.interest),
            "later": money_or_dash(row.deferred),
            "total": amount(row.total),
        }
        for row in content.instalments
    ]


def _supports(content: BillContent) -> list[View]:
    """Measures of support: what lowers the bill, and what the budget pays to the person."""
    return [
        {
            "name": row.title[:1].upper() + row.title[1:],
            "service": row.service or "все услуги",
            "clause": row.clause,
            "effect": "в этой квитанции" if row.lowers else "выплачивается отдельно, плату не уменьшает",
            "amount": amount(row.amount),
        }
        for row in content.supports
    ]


def _reference(content: BillContent) -> View | None:
    """Section 4 of the form: own meters, norms, and what the house used."""
    rows = [*_metered_rows(content), *_unmetered_rows(content), *_house_rows(content)]
    if not rows:
        return None
    keys = ("norm", "serial", "verify_by", "house_own", "house_common")
    return {"rows": rows, "wanted": {key: any(row[key] for row in rows) for key in keys}}


def _metered_rows(content: BillContent) -> Iterable[View]:
    lines = {line.service_id: line for line in content.lines}
    for meter in content.meters:
        line = lines.get(meter.service_id)
        yield {
            "name": meter.service_name or (line.name if line else ""),
            "unit": meter.unit or (line.unit if line else ""),
            "serial": meter.serial,
            "previous": quantity(meter.previous_e3, 3),
            "current": quantity(meter.current_e3, 3),
            "used": _used(meter),
            "taken_on": _short_day(meter.taken_on),
            "verify_by": _short_day(meter.verify_by),
            **_house(line),
        }


def _house_rows(content: BillContent) -> Iterable[View]:
    """Readings of the meters of the house."""
    for meter in content.house_meters:
        yield {
            "name": f"Дом: {meter.service_name[:1].lower()}{meter.service_name[1:]}",
            "unit": meter.unit,
            "serial": meter.serial,
            "previous": quantity(meter.previous_e3, 3),
            "current": quantity(meter.current_e3, 3),
            "used": _used(meter),
            "taken_on": _short_day(meter.taken_on),
            "verify_by": _short_day(meter.verify_by),
            **_house(None),
        }


def _used(meter: BillMeter) -> str:
    if meter.previous_e3 is None or meter.current_e3 is None or meter.current_e3 < meter.previous_e3:
        return ""
    return quantity(meter.current_e3 - meter.previous_e3, 3)


def _unmetered_rows(content: BillContent) -> Iterable[View]:
    metered = {meter.service_id for meter in content.meters}
    blank = dict.fromkeys(("serial", "previous", "current", "used", "taken_on", "verify_by"), "")
    for line in content.lines:
        house = _house(line)
        if line.section == "utility" and line.service_id not in metered and any(house.values()):
            yield {"name": line.name, "unit": line.unit, **blank, **house}


def _house(line: BillLine | None) -> View:
    return {
        "norm": quantity(line.norm_e6, 6) if line else "",
        "house_own": quantity(line.house_individual_e6, 6) if line else "",
        "house_common": quantity(line.house_common_e6, 6) if line else "",
    }

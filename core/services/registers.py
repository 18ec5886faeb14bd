"""Registers for accountants: turnover sheet, charges, payments, ageing of debts, residents; each total equal to the ledger.

A register is a stream: the database groups and orders, one row at a time passes through, so a million accounts need no more memory than
a hundred. Providers follow one another, each with its own totals; a register that differs from the plain sums of the ledger is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Engine, text

from core.charges.deadlines import deadlines
from core.charges.law import Law
from core.errors import ConfigError, InputError
from core.issued.due_days import stage_bill_due_days
from core.ledger import registers as ledger
from core.model.ledger import UNKNOWN_ORIGIN
from core.model.register import Cell, Column, Register, RegisterPart
from core.period import Month
from core.records.directory import residents, stage_channels, stage_directory
from core.records.facts import read_settings
from core.records.latest import read_organisations, read_services
from core.records.providers import Provider, providers
from core.storage.engine import transaction

__all__ = ["DEFAULT_GROUPS", "REGISTERS", "open_register"]

REGISTERS = ("turnover", "charges", "payments", "ageing", "residents")
DEFAULT_GROUPS: Mapping[str, tuple[str, ...]] = {
    "turnover": ("house",),
    "charges": ("service", "creditor"),
    "payments": ("channel", "creditor"),
    "ageing": ("house",),
}
"""What a register is grouped by when nothing is said."""
_TITLES = {
    "turnover": "Оборотно-сальдовая ведомость",
    "charges": "Свод начислений",
    "payments": "Свод платежей",
    "ageing": "Дебиторская задолженность по срокам",
    "residents": "Реестр проживающих",
}
_NOTES = {
    "turnover": "Сальдо на начало + дебет − кредит = сальдо на конец. Зачёт аванса есть и в дебете, и в кредите.",
    "charges": "Проведено в книгу за месяц. Повышающий коэффициент и пени показаны отдельно; пени в итог начислений не входят.",
    "payments": "Учтено в месяце; возвраты со знаком минус. Невыясненные: поступило минус разнесено.",
    "ageing": "Непогашенное на последний день месяца по дням просрочки. В итог долга не входят авансы и пени.",
    "residents": "Дни: сколько дней месяца действует регистрация. Временное отсутствие дней не уменьшает, оно названо отдельно.",
}
_BY: Mapping[str, tuple[Column, ...]] = {
    "house": (Column("house", "Дом", "id"), Column("address", "Дом", "text", width=38)),
    "account": (
        Column("account", "Лицевой счёт", "text", width=16),
        Column("flat", "Помещение", "text", width=16),
    ),
    "channel": (Column("channel", "Канал", "text", width=22),),
    "service": (Column("service", "Услуга", "id"), Column("service_name", "Услуга", "text", width=34)),
    "creditor": (Column("creditor", "ИНН", "text", width=13, on_screen=False), Column("creditor_name", "Получатель", "text", width=38)),
    "origin": (Column("origin", "Месяц долга", "text", width=13),),
}
_PARTS = (
    ("all", "Всего"),
    ("principal", "в т. ч. основной долг с авансами"),
    ("surcharge", "в т. ч. повышающий коэффициент"),
    ("penalty", "в т. ч. пени"),
)
_TURNOVER = tuple(
    Column(f"{key}_{side}", title, "money", group, width=15, on_screen=key == "all" or (side == "closing" and key != "principal"))
    for key, group in _PARTS
    for side, title in (("opening", "Сальдо на начало"), ("debit", "Дебет"), ("credit", "Кредит"), ("closing", "Сальдо на конец"))
)
_CHARGES = (
    Column("base", "Начислено", "money", width=16),
    Column("recalculation", "Перерасчёты", "money"),
    Column("underdelivery", "Недопоставка, качество", "money"),
    Column("benefit", "Льготы", "money"),
    Column("closed_months", "Перерасчёты закрытых месяцев", "money", width=16),
    Column("surcharge", "Повышающий коэффициент", "money", width=16),
    Column("charged", "Итого начислено", "money", width=16),
    Column("penalty", "Пени", "money"),
)
_PAYMENTS = (
    Column("debt", "Долг", "money", width=16),
    Column("surcharge", "Повышающий коэффициент", "money", width=16),
    Column("advance", "Аванс", "money"),
    Column("penalty", "Пени", "money"),
    Column("suspense", "Невыясненные", "money"),
    Column("received", "Всего", "money", width=16),
)
_AGEING = (
    Column("not_due", "Срок не наступил", "money", "Долг по дням просрочки", 15),
    Column("days_30", "1–30", "money", "Долг по дням просрочки"),
    Column("days_90", "31–90", "money", "Долг по дням просрочки"),
    Column("days_180", "91–180", "money", "Долг по дням просрочки"),
    Column("days_365", "181–365", "money", "Долг по дням просрочки"),
    Column("over_year", "Больше года", "money", "Долг по дням просрочки"),
    Column("over_three_years", "Больше 3 лет (исковая давность)", "money", "Долг по дням просрочки", 16),
    Column("undated", "Без месяца или срока", "money", "Долг по дням просрочки", 15),
    Column("debt", "Итого долг", "money", width=16),
    Column("surcharge", "в т. ч. повышающий коэффициент", "money", width=16, on_screen=False),
    Column("advance", "Авансы и переплаты", "money"),
    Column("penalty", "Пени", "money"),
)
_RESIDENTS = (
    Column("house", "Дом", "id"),
    Column("address", "Дом", "text", width=38),
    Column("flat", "Помещение", "text", width=16),
    Column("account", "Лицевой счёт", "text", width=16),
    Column("person", "Фамилия, имя, отчество", "text", width=36),
    Column("registration", "Регистрация", "text", width=14),
    Column("first", "С", "date", width=12),
    Column("last", "По", "date", width=12),
    Column("days", "Дней в месяце", "count", width=10),
    Column("absent", "Временно отсутствует", "text", width=24, on_screen=False),
    Column("stated", "Заявлено проживающих", "count", width=13, on_screen=False, summed=False),
)
_REGISTRATIONS = {1: "постоянно", 2: "временно"}
_MEASURES = {"turnover": _TURNOVER, "charges": _CHARGES, "payments": _PAYMENTS, "ageing": _AGEING}


@contextmanager
def open_register(
    engine: Engine, *, name: str, month: Month, law: Law, by: Sequence[str] = (), inn: str | None = None
) -> Iterator[Register]:
    """A register to be read inside the block: its rows come out of one transaction that sees one moment.

    ``by``: groups, in any order (:data:`DEFAULT_GROUPS` when empty). ``inn``: of one provider only. ``ConfigError`` REP-0201 for a group
    that the register does not have; ``InputError`` REP-0202 when there is nothing of the month.
    """
    groups = _groups(name, by)
    with transaction(engine) as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        chosen = [one for one in providers(connection) if inn is None or one.inn == inn]
        if not chosen:
            raise ConfigError(
                "REP-0204", f"Отправитель с ИНН {inn} не зарегистрирован.", hint="Загрузите настройки региона: erkc region load ФАЙЛ."
            )
        columns = _columns(name, groups)
        source = _Source(connection, name, month, law, groups, columns)
        waiting = [part for part in map(source.part, chosen) if part is not None]
        if not waiting:
            raise InputError("REP-0202", f"За {month.title} нет данных для ведомости.", hint=f"Выполните erkc bill month {month}.")
        yield Register(name, _TITLES[name], month, groups, columns, (make() for make in waiting), _NOTES[name])


def _groups(name: str, by: Sequence[str]) -> tuple[str, ...]:
    allowed = _allowed(name)
    unknown = [group for group in by if group not in allowed]
    if unknown:
        raise ConfigError(
            "REP-0201",
            f"Ведомость не группируется по «{unknown[0]}».",
            hint=f"Можно: {', '.join(allowed)}." if allowed else "У этой ведомости нет группировки.",
            option="--by",
        )
    wanted = set(by) or set(DEFAULT_GROUPS.get(name, ()))
    return tuple(group for group in allowed if group in wanted)


def _allowed(name: str) -> tuple[str, ...]:
    if name == "residents":
        return ()
    return ("house", "account", "channel", "service", "creditor", "origin") if name == "payments" else ledger.GROUPS


def _columns(name: str, groups: Sequence[str]) -> tuple[Column, ...]:
    if name == "residents":
        return _RESIDENTS
    shown = ("house", *groups) if "account" in groups and "house" not in groups else groups
    named = tuple(column for group in shown for column in _BY[group])
    is_counted = name == "payments" and not {"service", "creditor", "origin"} & set(groups)  # one payment is in many of those
    counted = (Column("payments", "Платежей", "count", width=10),) if is_counted else ()
    return (*named, *counted, *_MEASURES[name])


@dataclass(frozen=True, slots=True)
class _Source:
    """What the parts of one register are made of."""

    connection: Connection
    name: str
    month: Month
    law: Law
    by: tuple[str, ...]
    columns: tuple[Column, ...]

    def part(self, provider: Provider) -> Callable[[], RegisterPart] | None:
        """How to make a provider's part when its turn comes; None: there is nothing of it."""
        if self.name == "residents":
            return (lambda: self._residents(provider)) if provider.provider_id else None
        totals = ledger.control(self.connection, provider_id=provider.provider_id, month=self.month)
        expected = _expected(self.name, totals)
        # Balances of months before are something to show; of charges and payments there must be some in the month.
        moved = any((totals if self.name in ("turnover", "ageing") else expected).values())
        if not moved:
            return None
        return lambda: self._of_ledger(provider, expected)

    def _of_ledger(self, provider: Provider, expected: Mapping[str, int]) -> RegisterPart:
        owner = provider.provider_id
        stage_directory(self.connection, provider_id=owner, month=self.month)
        services = sorted(read_services(self.connection, provider_id=owner), key=lambda row: _natural(row.key))
        creditors = sorted(read_organisations(self.connection, provider_id=owner), key=lambda row: row.name)
        if self.name == "payments":
            ledger.stage_payments(self.connection, provider_id=owner, month=self.month)
            stage_channels(self.connection, provider_id=owner)
        if self.name == "ageing":
            self._stage_debts(provider)
        read = {"turnover": ledger.turnovers, "charges": ledger.charges, "payments": ledger.payments, "ageing": ledger.ageing}[self.name]
        rows = read(
            self.connection,
            provider_id=owner,
            month=self.month,
            by=self.by,
            services=[row.entity_id for row in services],
            creditors=[row.entity_id for row in creditors],
        )
        names = _Names(
            {row.entity_id: (row.key, row.name) for row in services}, {row.entity_id: (row.inn, row.name) for row in creditors}, self.name
        )
        keys = [column.key for column in self.columns]
        source = (names.cells(row, keys) for row in rows)
        return RegisterPart(provider.inn, provider.name, self.columns, source, expected)

    def _stage_debts(self, provider: Provider) -> None:
        origins = ledger.stage_debts(self.connection, provider_id=provider.provider_id, month=self.month)
        stage_bill_due_days(self.connection)
        settings = read_settings(self.connection, day=self.month.last, provider_id=provider.provider_id)
        rules = deadlines(self.law, settings, day=self.month.last)
        days: dict[Month, date] = {}
        for origin in origins:
            if origin == UNKNOWN_ORIGIN:
                continue
            try:
                days[origin] = rules.due_day(origin)
            except ConfigError:
                continue  # no calendar of that year: the debt stands in the column of its own, without a guessed day
        ledger.stage_due_days(self.connection, days)

    def _residents(self, provider: Provider) -> RegisterPart:
        stage_directory(self.connection, provider_id=provider.provider_id, month=self.month)
        source = (
            (
                one.fias,
                one.address,
                one.flat,
                one.account,
                one.person or "нет зарегистрированных",
                "" if one.kind is None else _REGISTRATIONS.get(one.kind, str(one.kind)),
                one.first,
                one.last,
                one.days,
                one.absent,
                one.stated,
            )
            for one in residents(self.connection, provider_id=provider.provider_id, month=self.month)
        )
        return RegisterPart(provider.inn, provider.name, self.columns, source)


def _expected(name: str, totals: Mapping[str, int]) -> dict[str, int]:
    """What columns of a register must come to."""
    if name == "charges":
        return {"charged": totals["charged"], "penalty": totals["penalties_charged"]}
    if name == "payments":
        return {"received": totals["received"]}
    if name == "ageing":
        return {"debt+advance": totals["principal_closing"] + totals["surcharge_closing"], "penalty": totals["penalty_closing"]}
    sides = [f"{part}_{side}" for part in ("principal", "surcharge", "penalty") for side in ("debit", "credit", "closing")]
    return {key: totals[key] for key in sides}


@dataclass(frozen=True, slots=True)
class _Names:
    """Turns a row of the ledger into the cells of a register."""

    services: Mapping[object, tuple[str, str]]
    creditors: Mapping[object, tuple[str, str]]
    register: str

    def cells(self, row: Mapping[str, object], keys: Sequence[str]) -> tuple[Cell, ...]:
        """The cells under the keys of columns."""
        known = dict(row) | self._measures(row)
        known["house"], known["account"] = row["fias"], row["number"]
        if row["address"] == "":
            known["address"] = "дом неизвестен" if row["account_id"] or row["house_id"] else "без дома"
        known["service"], known["service_name"] = self._service(row)
        known["creditor"], known["creditor_name"] = self.creditors.get(row["creditor_id"], ("", "без получателя"))
        known["origin"] = _origin(row["origin_month"])
        if known.get("channel", "") is None:
            known["channel"] = "не назван"
        return tuple(known[key] for key in keys)

    def _service(self, row: Mapping[str, object]) -> tuple[str, str]:
        if row["service_id"] is None:
            return "", "пени" if self.register == "charges" else "без услуги: пени, аванс"
        return self.services.get(row["service_id"], ("", f"услуга № {row['service_id']}"))

    def _measures(self, row: Mapping[str, object]) -> dict[str, object]:
        """Sums of columns that the database does not give."""
        amounts = {key: value for key, value in row.items() if isinstance(value, int)}
        if self.register == "turnover":
            found: dict[str, object] = {}
            for part in ("principal", "surcharge", "penalty"):
                found[f"{part}_closing"] = amounts[f"{part}_opening"] + amounts[f"{part}_debit"] - amounts[f"{part}_credit"]
            for side in ("opening", "debit", "credit"):
                found[f"all_{side}"] = sum(amounts[f"{part}_{side}"] for part in ("principal", "surcharge", "penalty"))
            found["all_closing"] = sum(value for key, value in found.items() if key.endswith("_closing") and isinstance(value, int))
            return found
        if self.register == "charges":
            parts = ("base", "surcharge", "recalculation", "underdelivery", "benefit", "closed_months")
            return {"charged": sum(amounts[part] for part in parts)}
        if self.register == "payments":
            return {"received": sum(amounts[part] for part in ("debt", "surcharge", "advance", "penalty", "suspense"))}
        return {}


def _origin(day: object) -> str:
    if not isinstance(day, date):
        return "—"
    month = Month.of(day)
    return "без месяца" if month == UNKNOWN_ORIGIN else f"{month.month:02d}.{month.year}"


def _natural(key: str) -> tuple[int, str]:
    return (int(key) if key.isdecimal() else 0, key)

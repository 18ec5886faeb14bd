"""The operations of the service, as tables: the schema, the reader and the answers all come from them.

What is pushed are rows of «Формат 4.0» under the names of its sections and our codes of its fields, so that a system that already writes
archives has nothing to learn. What is pulled are rows of our own.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.format4.layout import Layout, known_versions, layout_for

__all__ = ["NAMESPACE", "PULLS", "PUSHES", "STATE", "VERSION", "Column", "Pull", "Push", "RowKind", "layout"]

VERSION = "1.0"
NAMESPACE = "urn:erkc:uk:1.0"
STATE = "getState"


@dataclass(frozen=True, slots=True)
class Push:
    """One request that brings rows of some sections."""

    name: str
    title: str
    sections: tuple[str, ...]
    """In load order."""


@dataclass(frozen=True, slots=True)
class Column:
    """One element of a row that is pulled; ``type`` as in the field tables of the format."""

    code: str
    type: str
    name: str
    mandatory: bool = True


@dataclass(frozen=True, slots=True)
class RowKind:
    """Rows of an answer."""

    code: str
    title: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Pull:
    """One request that is answered with rows of a month."""

    name: str
    title: str
    rows: tuple[RowKind, ...]


def layout() -> Layout:
    """The field tables that rows are described by: the newest version of the format."""
    return layout_for(known_versions()[-1])[0]


PUSHES: dict[str, Push] = {
    one.name: one
    for one in (
        Push("importReference", "Организации, счета, услуги, дома и помещения", (
            "contragent", "contragentrole", "bank", "contragentrschet", "dictmeasure", "dictusluga", "house", "norm", "housedoc",
            "entrance", "premises", "room", "du", "duou", "duouusluga", "ducharge",
        )),
        Push("importAccounts", "Лицевые счета и плательщики", ("ind", "kvar", "kvarels", "kvaraccom")),
        Push("importResidents", "Проживающие и временно отсутствующие", ("ind", "gil", "gilout")),
        Push("importMeters", "Приборы учёта", ("pu", "pukvar")),
        Push("importReadings", "Показания приборов учёта", ("puval",)),
        Push("importCharges", "Начисления, документы и сальдо", ("epd", "epdcharge", "epdcapital", "epddebt", "epdpenalty", "saldo")),
        Push("importInterruptions", "Перерывы в услугах", ("nedo",)),
    )
}  # fmt: skip

_ACCOUNT = (Column("account", "id", "Лицевой счёт: уникальный код отправителя"), Column("account_number", "s", "Номер лицевого счёта"))
_SERVICE = (Column("service", "id", "Услуга: уникальный код отправителя", mandatory=False), Column("service_name", "s", "Услуга"))
_CREDITOR = Column("creditor_inn", "s", "ИНН получателя", mandatory=False)

PULLS: dict[str, Pull] = {
    one.name: one
    for one in (
        Pull("exportBills", "Выпущенные платёжные документы месяца", (
            RowKind("bill", "Платёжный документ, последняя версия", (
                Column("number", "s", "Номер документа"), Column("version", "i", "Версия"),
                Column("replaces", "s", "Номер заменённого документа", mandatory=False), *_ACCOUNT,
                Column("period", "d", "Расчётный месяц, первый день"), Column("issued_at", "dt", "Выпущен"),
                Column("total", "n2", "К оплате, руб."),
            )),
            RowKind("billline", "Строка документа", (
                Column("bill", "s", "Номер документа"), *_SERVICE, _CREDITOR, Column("tariff", "n6", "Тариф", mandatory=False),
                Column("volume", "n6", "Индивидуальный объём", mandatory=False),
                Column("common_volume", "n6", "Объём на общедомовые нужды", mandatory=False),
                Column("base", "n2", "Начислено"), Column("surcharge", "n2", "Повышающий коэффициент"),
                Column("recalculation", "n2", "Перерасчёты со знаком"), Column("benefit", "n2", "Льготы"), Column("total", "n2", "Итого"),
            )),
        )),
        Pull("exportPayments", "Проведённые платежи месяца", (
            RowKind("payment", "Платёж или его отмена", (
                Column("key", "s", "Ключ проводки: не повторяется"), *_ACCOUNT, Column("paid_on", "d", "Оплачен"),
                Column("period", "d", "Месяц учёта, первый день"), Column("amount", "n2", "Сумма, отмена и возврат с минусом"),
                Column("debt", "n2", "Из неё в долг"), Column("advance", "n2", "в аванс"), Column("penalty", "n2", "в пени"),
                Column("reason", "s", "Основание"),
            )),
        )),
        Pull("exportBalances", "Сальдо месяца по лицевым счетам, услугам и получателям", (
            RowKind("balance", "Сальдо", (
                *_ACCOUNT, *_SERVICE, _CREDITOR, Column("period", "d", "Месяц, первый день"),
                Column("surcharge", "yn", "Сумма повышающего коэффициента"), Column("opening", "n2", "Сальдо на начало, аванс с минусом"),
                Column("charged", "n2", "Начислено с перерасчётами"), Column("other", "n2", "Оплачено и прочее, оплата с минусом"),
                Column("closing", "n2", "Сальдо на конец"),
            )),
        )),
        Pull("exportReadings", "Показания месяца, как их видит центр", (
            RowKind("reading", "Показание", (
                Column("meter", "id", "Прибор: уникальный код отправителя"), Column("serial", "s", "Заводской номер"),
                Column("account_number", "s", "Номер лицевого счёта", mandatory=False), Column("taken_on", "d", "Дата"),
                Column("value", "n3", "Показание"), Column("zone", "i", "Зона суток", mandatory=False),
                Column("source", "i", "Источник", mandatory=False), Column("state", "s", "accepted или held"),
                Column("reason", "s", "Почему отложено", mandatory=False),
            )),
        )),
    )
}  # fmt: skip

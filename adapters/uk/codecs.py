"""Rows of «Формат 4.0» as canonical records: which function makes the body of which section, and which key the record has.

A function sees a row that passed its checks and the few small tables that a body joins. It decides nothing: states come from the survey.
Sections without a function are kept as raw cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adapters.format4.cells import Row
from adapters.uk import account_bodies, stock_bodies
from adapters.uk.joined import Joined
from core.model.records import Body

__all__ = ["CODECS", "record_key"]

CODECS: Mapping[str, Callable[[Row, Joined], Body]] = {
    "contragent": stock_bodies.organisation,
    "contragentrschet": stock_bodies.bank_account,
    "dictusluga": stock_bodies.service,
    "house": stock_bodies.house,
    "housedoc": stock_bodies.house_parameter,
    "premises": stock_bodies.premises,
    "room": stock_bodies.room,
    "du": stock_bodies.contract,
    "duouusluga": stock_bodies.house_service,
    "ducharge": stock_bodies.house_price,
    "drsoaddress": stock_bodies.supply_address,
    "drsouslugares": stock_bodies.supply_service,
    "kapremdecisions": stock_bodies.decision,
    "ind": account_bodies.person,
    "kvar": account_bodies.account,
    "kvaraccom": account_bodies.account_place,
    "kvarels": account_bodies.unified_account,
    "gil": account_bodies.residence,
    "gilout": account_bodies.absence,
    "relief": account_bodies.relief,
    "pu": account_bodies.meter,
    "pukvar": account_bodies.meter_account,
    "puval": account_bodies.reading,
    "nedo": account_bodies.interruption,
    "epd": account_bodies.bill,
    "epdcharge": account_bodies.line,
    "epdcapital": account_bodies.contribution,
    "epddebt": account_bodies.debt,
    "epdpenalty": account_bodies.penalty,
    "saldo": account_bodies.balance,
    "oplatapack": account_bodies.pack,
    "oplata": account_bodies.payment,
}
"""Body by section."""


def record_key(row: Row) -> str:
    """The sender's key of the fact: field 1 where it identifies the row, else the fields that do, else the row's number."""
    if row.section == "kvaraccom":
        place = next((code for code in ("room", "premises", "house") if row.key(code)), "")
        return f"{row.given_key('account')}/{place}/{row.key(place)}"
    if row.section == "pukvar":
        return f"{row.given_key('meter')}/{row.given_key('account')}"
    if row.section == "kvarels":
        return row.given_key("account")
    if row.section == "duouusluga":
        start = row.day("starts_on")
        return f"{row.given_key('managed_house')}/{row.given_key('service')}/{start.isoformat() if start else ''}"
    identifier = row.key("id") if "id" in row.places else None
    return identifier if identifier is not None else str(row.number)

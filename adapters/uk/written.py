"""Bodies as rows of «Формат 4.0»: what a codec reads from a row, put back into it, for facts that came without one (a table, a decision).

A row that an earlier message brought of the same thing is the ground: what no record keeps stays as the sender wrote it. Only kinds that
tables and decisions tell of are here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from adapters.format4.cells import RowReader
from adapters.format4.layout import Section
from adapters.format4.values import READERS
from adapters.format4.writer import cells_of
from adapters.uk.row_checks import RowChecks
from core.model.records import Account, AccountPlace, Body, Meter, Person, Reading, Residence

__all__ = ["WRITTEN", "lacking", "row_of"]

_OPEN, _CLOSED, _OTHER_REASON = 1, 2, 6
_YES, _NO = "1", "2"
_LACKS = frozenset(("F4-031", "F4-034"))


def _account(body: Account) -> dict[str, object]:
    values: dict[str, object] = {
        "number": body.number, "house": body.house, "opened_on": body.opened_on, "closed_on": body.closed_on,
        "residents": body.residents_stated, "rooms": body.rooms, "total_area": body.area_e2, "living_area": body.living_area_e2,
        "heated_area": body.heated_area_e2, "gas_stove": body.gas_stove, "gas_heater": body.gas_heater,
        "open_heating_draw": body.open_heating_draw, "principal": body.principal, "kind": body.kind, "payer_person": body.payer_person,
        "payer_organisation": body.payer_organisation, "status": _OPEN if body.closed_on is None else _CLOSED,
    }  # fmt: skip
    if body.closed_on is None:
        values |= {"close_reason": None, "close_basis": None}
    if body.payer_organisation is None:
        surname, _, rest = body.payer_name.partition(" ")
        name, _, patronymic = rest.partition(" ")
        values |= {"surname": surname, "name": name, "patronymic": patronymic}
    return values


def _place(body: AccountPlace) -> dict[str, object]:
    return {"account": body.account, "premises": body.premises, "house": body.house, "room": body.room, "share": body.share_e2}


def _person(body: Person) -> dict[str, object]:
    return {"surname": body.surname, "name": body.name, "patronymic": body.patronymic, "born_on": body.born_on, "snils": body.snils}


def _residence(body: Residence) -> dict[str, object]:
    return {"account": body.account, "person": body.person, "kind": body.kind, "first": body.first, "last": body.last}


def _meter(body: Meter) -> dict[str, object]:
    return {
        "house": body.house, "kind": body.kind, "account": body.account, "premises": body.premises, "service": body.service,
        "serial": body.serial, "make": body.make, "model": body.model, "digits": body.digits, "commissioned_on": body.commissioned_on,
        "verified_on": body.verified_on, "next_verification_on": body.next_verification_on, "closed_on": body.closed_on,
        "start": body.start_e3, "status": _OPEN if body.is_open else _CLOSED,
    }  # fmt: skip


def _reading(body: Reading) -> dict[str, object]:
    return {"meter": body.meter, "taken_on": body.taken_on, "value": body.value_e3, "source": body.source, "zone": body.zone}


WRITTEN: Mapping[str, tuple[type[Body], Callable[..., dict[str, object]]]] = {
    "ind": (Person, _person),
    "kvar": (Account, _account),
    "kvaraccom": (AccountPlace, _place),
    "gil": (Residence, _residence),
    "pu": (Meter, _meter),
    "puval": (Reading, _reading),
}
"""By section: the body, and its values by the codes of the fields."""


def row_of(section: Section, key: str, body: Body, base: Sequence[str] | None) -> list[str]:
    """The row of a body; ``key`` for the section's own key."""
    values = WRITTEN[section.code][1](body)
    if section.keyed:
        values[section.fields[0].code] = key
    if base is None:
        unsaid = {field.code for field in section.fields if field.type == "yn" and values.get(field.code) is False}
        cells = cells_of(section, {code: value for code, value in values.items() if code not in unsaid})
    else:
        cells = list(base)
        for field, cell in zip(section.fields, cells_of(section, values), strict=True):
            before, read = base[field.n - 1], READERS[field.type]
            is_same = (read(before) if before else None) == (read(cell) if cell else None)
            if field.code in values and not is_same and not (field.type == "yn" and cell == _NO and before != _YES):
                cells[field.n - 1] = cell
    if isinstance(body, Account) and body.closed_on is not None:  # why, only the sender knows: НСИ 22 has «иное» for that
        place = next(field.n for field in section.fields if field.code == "close_reason") - 1
        cells[place] = cells[place] or str(_OTHER_REASON)
    return cells


def lacking(section: Section, cells: Sequence[str]) -> list[str]:
    """Names of the fields that a row must have and has not."""
    names = {field.n: field.name for field in section.fields}
    found = RowChecks(section, {}).findings(RowReader(section).row(1, cells))
    return [names[one.field] for one in found if one.code in _LACKS and one.field is not None]

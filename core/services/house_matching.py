"""Senders' houses matched with ГАР: by code, by the same address, else proposals that a person confirms; a confirmation is remembered."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from core import archive
from core.clock import Clock
from core.errors import InputError
from core.ids import CENTRE
from core.model.records import GarHouse, Resolution
from core.records.latest import read_houses_list
from core.records.providers import Provider, providers
from core.records.resolutions import gar_houses, gar_keys, read_resolutions, resolve
from core.storage.engine import transaction
from core.validate.addresses import address_key, likeness

__all__ = ["STATES", "Matched", "confirm_house", "match_houses"]

STATES = {
    "code": "по коду ФИАС",
    "other_address": "код есть, адрес в ГАР другой",
    "decision": "решение",
    "address": "по адресу",
    "proposals": "есть похожие",
    "none": "не найден",
}
_LEAST_LIKE, _PROPOSED = 50, 3


@dataclass(frozen=True, slots=True)
class Matched:
    """One house of a sender and what ГАР says of it."""

    sender: Provider
    key: str
    fias: str
    oktmo: str
    address: str
    state: str
    found: tuple[GarHouse, ...]
    """The house, or the proposals, the likest first."""


def match_houses(engine: Engine) -> list[Matched]:
    """All houses of all senders as they stand now."""
    with transaction(engine) as connection:
        return _matched(connection)


def _matched(connection: Connection) -> list[Matched]:
    decided = read_resolutions(connection, "house_match")
    senders = [one for one in providers(connection) if one.provider_id != CENTRE]
    rows = [(one, row) for one in senders for row in read_houses_list(connection, provider_id=one.provider_id)]
    wanted = [row.fias.lower() for _, row in rows] + [one.body.value for one in decided.values()]
    keys = {address_key(row.address) for _, row in rows}
    by_code = {one.fias: one for one in gar_houses(connection, fias=wanted)}
    by_key: dict[str, list[GarHouse]] = {}
    for house in gar_houses(connection, keys=keys):
        by_key.setdefault(house.match_key, []).append(house)
    nearby: dict[str, list[GarHouse]] = {}
    result = []
    for sender, row in rows:
        key, place = address_key(row.address), row.oktmo[:8]
        decision = decided.get(f"{sender.inn}/{sender.kpp}/{row.key}")
        same = [house for house in by_key.get(key, ()) if house.oktmo[:8] == place]
        if decision is not None and decision.body.about == row.address and decision.body.value in by_code:
            state, found = "decision", [by_code[decision.body.value]]
        elif row.fias.lower() in by_code:
            found = [by_code[row.fias.lower()]]
            state = "code" if found[0].match_key == key else "other_address"
        elif len(same) == 1:
            state, found = "address", same
        else:
            if place not in nearby:
                nearby[place] = gar_keys(connection, oktmo=[place])
            scored = [(likeness(key, house.match_key), house) for house in nearby[place]]
            scored = sorted((one for one in scored if one[0] >= _LEAST_LIKE), key=lambda one: (-one[0], one[1].fias))
            found = [house for _, house in scored[:_PROPOSED]]
            state = "proposals" if found else "none"
        result.append(Matched(sender, row.key, row.fias, row.oktmo, row.address, state, tuple(found)))
    return result


def confirm_house(engine: Engine, *, inn: str, key: str, fias: str, reason: str, actor: str, clock: Clock) -> Matched:
    """Say which house of ГАР a sender's house is. ``InputError`` GR-0111 for a house that is not there, GR-0112 for a GUID not in ГАР."""
    if not reason.strip():
        raise InputError("GR-0103", "Не указана причина решения.", hint='Напишите, по какому документу: --reason "…".')
    with transaction(engine) as connection:
        house = next((one for one in _matched(connection) if (one.sender.inn, one.key) == (inn, key)), None)
        if house is None:
            raise InputError("GR-0111", f"Дома {key} у отправителя с ИНН {inn} нет.", hint="Номера показывает erkc region houses.")
        if not gar_houses(connection, fias=[fias.lower()]):
            raise InputError("GR-0112", f"Кода {fias} в перечне ГАР нет.", hint="Загрузите перечень: erkc region load ФАЙЛ.csv.")
        subject = f"{house.sender.inn}/{house.sender.kpp}/{key}"
        body = Resolution("house_match", subject, fias.lower(), house.address, reason.strip(), actor)
        at = clock.now()
        said = {"decision": body.matter, "house": subject, "address": house.address, "fias": body.value, "reason": body.reason}
        message = archive.store(
            connection,
            data=json.dumps(said | {"actor": actor, "decided_at": at.isoformat()}, ensure_ascii=False, indent=1).encode(),
            name="house-match.json",
            channel="conflicts",
            direction="decision",
            provider_id=CENTRE,
            at=at,
        ).message_id
        resolve(connection, [body], message_id=message, at=at)
        return next(one for one in _matched(connection) if (one.sender.inn, one.key) == (inn, key))

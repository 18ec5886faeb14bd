"""Providers (поставщики информации): the organisations whose data we hold and whose months are closed. Registered by the configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from core.errors import InputError
from core.ids import ProviderId
from core.model.records import RegisteredSender
from core.storage.sql import queries

__all__ = ["Provider", "find_provider", "provider", "providers", "register_senders"]


@dataclass(frozen=True, slots=True)
class Provider:
    """A registered provider; ``kind`` as in Формат 4.0: 1 УО, 2 РСО, 14 capital-repair operator, 36 settlement centre."""

    provider_id: ProviderId
    inn: str
    kpp: str
    ogrn: str
    name: str
    kind: int


def register_senders(connection: Connection, senders: Iterable[RegisteredSender]) -> list[ProviderId]:
    """Make a provider of each sender that is not one yet (by ИНН and КПП); return the provider of each, in the order given."""
    listed = list(senders)
    connection.execute(
        queries("core.records").register_senders,
        {
            "inns": [sender.inn for sender in listed],
            "kpps": [sender.kpp for sender in listed],
            "ogrns": [sender.ogrn for sender in listed],
            "names": [sender.name for sender in listed],
            "kinds": [sender.provider_kind for sender in listed],
        },
    )
    known = {(item.inn, item.kpp): item.provider_id for item in providers(connection)}
    return [known[sender.inn, sender.kpp] for sender in listed]


def find_provider(connection: Connection, *, inn: str, kpp: str) -> ProviderId | None:
    """The provider with this ИНН and КПП."""
    found = connection.execute(queries("core.records").find_provider, {"inn": inn, "kpp": kpp}).scalar()
    return None if found is None else ProviderId(found)


def provider(connection: Connection, provider_id: ProviderId) -> Provider:
    """One provider; ``InputError`` REC-0101 when there is none of this number."""
    row = connection.execute(queries("core.records").provider, {"provider": provider_id}).one_or_none()
    if row is None:
        raise InputError(
            "REC-0101", f"Нет поставщика информации № {provider_id}.", hint="Список: erkc region load ФАЙЛ регистрирует отправителей."
        )
    return Provider(*row)


def providers(connection: Connection) -> list[Provider]:
    """All providers, the centre first."""
    return [Provider(*row) for row in connection.execute(queries("core.records").providers)]

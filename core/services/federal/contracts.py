"""Contracts as the federal system holds them: management contracts and charters of our houses, supply contracts. Read only.

Nothing of them is copied into tables: the bytes of the export are in the archive, and the list is read from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core import archive, outbox
from core.errors import InputError
from core.ids import CENTRE, MessageId, ProviderId
from core.outbox import Exchange, Item
from core.records.latest import read_houses_list
from core.services.federal.act import Act, begin, register
from core.services.federal.context import Federal
from core.services.federal.conversation import Ran
from core.services.federal.directory import known
from core.services.federal.gateway import Content, Request
from core.services.federal.waiting import Waiting, run_waiting
from core.services.federal.wire_housing import AskContracts, Contract

__all__ = ["look_at_contracts", "read_contracts", "supply_contract"]


def look_at_contracts(federal: Federal, *, provider_id: ProviderId, waiting: Waiting | None = None) -> Ran:
    """Export the contracts of a provider's houses: of management where it manages some, of supply where it supplies."""
    with federal.write("ask for contracts") as connection:
        houses = sorted({str(UUID(row.fias)) for row in read_houses_list(connection, provider_id=provider_id)})
        root = known(connection, federal, "root_guid", provider_id=CENTRE).get(federal.provider_entity(connection, provider_id))
        if root is None:
            raise InputError(
                "GIS-0511",
                "Организация не найдена в реестре ГИС ЖКХ или не имеет личного кабинета.",
                hint="Проверьте ОГРН организации и контур ГИС ЖКХ: erkc gis access.",
            )
        size = federal.gateway.fits("contracts")
        for start in range(0, len(houses), size):
            request = {"organisation": root, "houses": houses[start : start + size], "after": None}
            begin(connection, federal, "contracts", provider_id=provider_id, subject=f"contracts/management/{start}", request=request)
        supply: dict[str, Any] = {"organisation": None, "houses": [], "after": None}
        begin(connection, federal, "contracts", provider_id=provider_id, subject="contracts/supply", request=supply)
    return run_waiting(federal, provider_id, waiting)


def read_contracts(federal: Federal, *, provider_id: ProviderId) -> tuple[Contract, ...]:
    """Contracts of the exports that were made, each as the last of them showed it."""
    with federal.engine.connect() as connection:
        done = [
            (one.operation, archive.read(connection, MessageId(one.result_message_id)))
            for one in outbox.exchanges(connection, system=federal.system, states=("done",), act="contracts")
            if one.provider_id == provider_id and one.result_message_id is not None
        ]
    found = {one.root: one for operation, data in done for one in federal.gateway.read(operation, data).contracts}
    return tuple(sorted(found.values(), key=lambda one: (one.kind, one.number, str(one.root))))


def supply_contract(federal: Federal, *, provider_id: ProviderId, number: str = "") -> Contract:
    """The supply contract of this number, or the only one. ``InputError`` GIS-0531 when the exports show none or several."""
    fitting = [one for one in read_contracts(federal, provider_id=provider_id) if one.kind == "supply" and number in ("", one.number)]
    if len(fitting) != 1:
        shown = "нет" if not fitting else f"несколько: {', '.join(one.number for one in fitting)}"
        raise InputError(
            "GIS-0531",
            f"Договоров ресурсоснабжения{f' с номером {number}' if number else ''} в выгрузке {shown}.",
            hint="Выгрузите erkc gis contracts и назовите номер договора ключом --contract.",
        )
    return fitting[0]


def _ask(connection: Connection, federal: Federal, provider_id: ProviderId, request: Mapping[str, Any], items: Sequence[Item]) -> Request:
    organisation, after = request["organisation"], request["after"]
    return AskContracts(
        None if organisation is None else UUID(organisation),
        tuple(UUID(value) for value in request["houses"]),
        None if after is None else UUID(after),
    )


def _next_page(connection: Connection, federal: Federal, exchange: Exchange, content: Content, message_id: MessageId) -> None:
    if content.following is not None:
        request = {**exchange.request, "after": str(content.following)}
        subject = f"{exchange.subject.partition('?')[0]}?{content.following}"
        begin(connection, federal, "contracts", provider_id=exchange.provider_id, subject=subject, request=request)


register(Act("contracts", _ask, absorb=_next_page))

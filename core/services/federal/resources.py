"""Resources that meters measure: which element of book 2 each utility of the senders is."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from core.ids import CENTRE, ProviderId
from core.services.federal.context import Federal
from core.services.federal.directory import known
from core.services.federal.gateway import NsiElement

__all__ = ["ELECTRICITY", "RESOURCES", "resources_of"]

RESOURCES: Mapping[int, str] = {1: "1", 2: "2", 4: "3", 5: "4", 6: "5"}
"""Utility of Формат 4.0 → code of its resource in book 2."""
ELECTRICITY = 4
"""Utility whose meters name no resource."""


def resources_of(connection: Connection, federal: Federal, provider_id: ProviderId) -> dict[str, NsiElement]:
    """Elements of the book of resources by code, as far as they are known."""
    own = federal.provider_entity(connection, provider_id)
    codes = sorted(set(RESOURCES.values()))
    found = {code: known(connection, federal, f"nsi_resource_{code}", provider_id=CENTRE).get(own) for code in codes}
    return {code: NsiElement.parse(value) for code, value in found.items() if value is not None}

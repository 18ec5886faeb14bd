"""Volumes of houses with their path: what a house meter counted and where each unit of it went, for reports and ``erkc explain``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, text

from core.charges.balance import HouseBalance, house_balances
from core.charges.law import Law
from core.errors import InputError
from core.ids import EntityId, RecordId
from core.ledger.calculations import read_volumes
from core.model.facts import HouseFacts
from core.model.records import Body
from core.money import rounded
from core.period import Month
from core.records.bodies import find_records
from core.records.origins import Origin, origins
from core.records.providers import providers
from core.services.month_view import Json, ProviderMonth, volume
from core.storage.engine import transaction

__all__ = ["HouseBalanced", "balances_section", "explain_house"]

_CENTRE = 0


@dataclass(frozen=True, slots=True)
class HouseBalanced:
    """A house with the balances of its meters, and where their readings came from."""

    house: HouseFacts
    month: Month
    balances: tuple[HouseBalance, ...]
    origins: dict[RecordId, Origin]
    records: dict[RecordId, Body]
    """The readings and meters that the measured volumes are of."""

    def as_json(self) -> Json:
        """For machines: volumes with six places; the parts of a service add up to ``measured``."""
        return {
            "house": self.house.fias,
            "address": self.house.address,
            "month": str(self.month),
            "services": [
                {
                    "service": one.service.key,
                    "name": one.service.name,
                    "regime": one.regime,
                    "measured": volume(one.measured_e6),
                    "parts": {part.kind: volume(part.volume_e6) for part in one.parts},
                    "unexplained": volume(rounded(one.unexplained, 10**6)),
                    "closed": one.is_closed,
                    "records": list(one.records),
                }
                for one in self.balances
            ],
            "records": {
                str(record): {"message": origin.message_name, "sha256": origin.message_sha256, "file": origin.file, "row": origin.row}
                for record, origin in self.origins.items()
            },
        }


def balances_section(parts: Sequence[ProviderMonth]) -> Json:
    """Balances of every house by its GUID and the sender's key of the service; houses of several senders once."""
    return {
        house.fias: {
            one.service.key: {
                "measured": volume(one.measured_e6),
                "regime": one.regime,
                **{part.kind: volume(part.volume_e6) for part in one.parts},
                "unexplained": volume(rounded(one.unexplained, 10**6)),
            }
            for one in balances
        }
        for house, balances in _balanced(parts)
        if balances
    }


def explain_house(engine: Engine, *, fias: str, month: Month, law: Law) -> HouseBalanced:
    """The balances of one house; ``InputError`` EX-0103 when nobody computed such a house in the month."""
    with transaction(engine) as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        parts = [ProviderMonth(connection, one, month, law) for one in providers(connection) if one.provider_id != _CENTRE]
        for house, balances in _balanced([part for part in parts if part.has_lines], only=fias.lower()):
            records = sorted({record for one in balances for record in one.records})
            bodies = {stored.record_id: stored.body for stored in find_records(connection, records)}
            return HouseBalanced(house, month, tuple(balances), origins(connection, records), bodies)
    raise InputError(
        "EX-0103", f"Дома с кодом ФИАС {fias} в расчёте за {month.title} нет.", hint=f"Проверьте код и выполните erkc bill month {month}."
    )


def _balanced(parts: Sequence[ProviderMonth], *, only: str | None = None) -> Iterator[tuple[HouseFacts, list[HouseBalance]]]:
    """Houses of all senders, each once, with the lines of all of them."""
    seen: set[str] = set()
    for part in parts:
        corrections = _corrections(part)
        for house_id, joint in part.joint.items():
            house, name = joint.house, joint.house.fias.lower()
            if name in seen or (only is not None and name != only):
                continue
            seen.add(name)
            lines = [line for account in house.accounts for one in parts for line in one.computed.get(account.account_id, ())]
            yield house, house_balances(house, lines, part.rules, corrections_e6=corrections.get(house_id, {}))


def _corrections(part: ProviderMonth) -> dict[EntityId, dict[str, int]]:
    """Corrections of own volumes of closed months that the month takes in, by house and service."""
    found: dict[EntityId, dict[str, int]] = {}
    if part.calculation is not None:
        for row in read_volumes(part.connection, part.calculation):
            if row.what == "correction" and row.month == str(part.month):
                found.setdefault(row.house_id, {})[row.service] = row.volume_e6
    return found

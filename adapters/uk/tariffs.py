"""F4-091: a sender's tariff against the one approved in the region for the same resource and first day.

The sender's figure is its statement and stays one; what is charged is always the approved value. Electricity by zones is stated as two rows
of one document, day first (exchange reference, sections 2 and 5).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date

from adapters.format4.cells import Row
from adapters.format4.findings import finding
from core.model.finding import Finding
from core.model.records import ApprovedTariff

__all__ = ["TariffChecks"]

_UTILITY, _CONTRIBUTION = 1, 3
_KINDS = {_UTILITY: "utility", _CONTRIBUTION: "contribution"}
_SINGLE_ZONE, _DAY_ZONE, _NIGHT_ZONE = 1, 2, 3


class TariffChecks:
    """Remembers the tariff documents of an archive and compares their values."""

    def __init__(self, approved: tuple[ApprovedTariff, ...] | None, refused: frozenset[str]) -> None:
        self._approved = approved
        self._documents: dict[str, tuple[int | None, date | None]] = {}
        self._resources: dict[str, set[int]] = defaultdict(set)
        self._places: dict[str, set[str]] = defaultdict(set)
        self._suppliers: dict[str, set[str]] = defaultdict(set)
        self._inns: dict[str, str] = {}
        self._rows: Counter[str] = Counter()
        self._complete = not refused.intersection(("tarif", "tarifres"))

    def handlers(self) -> Mapping[str, Callable[[Row], Iterator[Finding]]]:
        """What to do with a row of each section."""
        return {
            "contragent": self._organisation,
            "tarif": self._document,
            "tarifoktmo": self._place,
            "tarifres": self._resource,
            "tarifrso": self._supplier,
            "tarifusluga": self._value,
        }

    def _organisation(self, row: Row) -> Iterator[Finding]:
        key = row.key("id")
        if key is not None and row.raw("inn"):
            self._inns.setdefault(key, row.raw("inn"))
        return iter(())

    def _place(self, row: Row) -> Iterator[Finding]:
        self._places[row.key("tariff") or ""].add(row.raw("oktmo"))
        return iter(())

    def _supplier(self, row: Row) -> Iterator[Finding]:
        inn = self._inns.get(row.key("supplier") or "")
        if inn is not None:
            self._suppliers[row.key("tariff") or ""].add(inn)
        return iter(())

    def _document(self, row: Row) -> Iterator[Finding]:
        key = row.key("id")
        if key is not None:
            self._documents.setdefault(key, (row.number_of("kind"), row.day("starts_on")))
        return iter(())

    def _resource(self, row: Row) -> Iterator[Finding]:
        key, kind = row.key("tariff"), row.number_of("resource_kind")
        if key is not None and kind is not None:
            self._resources[key].add(kind)
        return iter(())

    def _value(self, row: Row) -> Iterator[Finding]:
        key = row.key("tariff") or ""
        self._rows[key] += 1
        kind, first = self._documents.get(key, (None, None))
        value = row.number_of("value")
        if not row.raw("utility_kind") and kind not in (None, _CONTRIBUTION):
            name = "Вид коммунальной услуги"
            yield finding("F4-031", "tarifusluga.csv", row=row.number, field=2, value="", name=name)
            return
        if self._approved is None or not self._complete or kind not in _KINDS or first is None or value is None:
            return
        zone = _SINGLE_ZONE if row.number_of("rates") != 2 else (_DAY_ZONE if self._rows[key] == 1 else _NIGHT_ZONE)
        approved = self._matching(_KINDS[kind], row.number_of("utility_kind"), self._resources[key], first, zone)
        approved = _narrowed(approved, [tariff for tariff in approved if tariff.oktmo in self._places[key]])
        approved = _narrowed(approved, [tariff for tariff in approved if tariff.supplier_inn in self._suppliers[key]])
        if all(tariff.value_e6 != value for tariff in approved):
            values = ", ".join(_plain(tariff.value_e6) for tariff in approved)
            detail = f"утверждено {values}" if values else "на эту дату тариф не утверждён"
            yield finding("F4-091", "tarifusluga.csv", row=row.number, field=3, value=row.raw("value"), detail=detail)

    def _matching(self, kind: str, utility_kind: int | None, resources: set[int], first: date, zone: int) -> list[ApprovedTariff]:
        return [
            tariff
            for tariff in self._approved or ()
            if tariff.kind == kind
            and tariff.first == first
            and (kind == "contribution" or tariff.utility_kind == utility_kind)
            and (tariff.resource_kind is None or not resources or tariff.resource_kind in resources)
            and (tariff.zone or _SINGLE_ZONE) == zone
        ]


def _narrowed(approved: list[ApprovedTariff], closer: list[ApprovedTariff]) -> list[ApprovedTariff]:
    """Those of the stated place or supplier, where some are: a tariff of another town or company is no excuse."""
    return closer or approved


def _plain(value_e6: int) -> str:
    whole, part = divmod(value_e6, 10**6)
    return f"{whole}.{f'{part:06d}'.rstrip('0').ljust(2, '0')}"

"""Charge lines: what ``core.charges`` computes, ``core.ledger`` keeps and posts, ``core.documents`` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from core.ids import EntityId, RecordId
from core.model.checked import frozen_when_checked

__all__ = ["ChargeLine", "Chart", "Component", "HouseVolume", "Method"]

Method = Literal[
    "area",
    "residents",
    "ipu",
    "ipu_replaced",
    "ipu_after_average",
    "ipu_flat",
    "average",
    "norm",
    "odpu",
    "ipu_odpu",
    "odpu_part_metered",
    "sum_water",
]


class Component(IntEnum):
    """What a posted amount of a charge is. Base, recalculation, under-delivery and benefit make one receivable; the surcharge its own."""

    BASE = 0
    SURCHARGE = 1
    """Excess by the raising coefficient: a sub-service of its own, never passed to the supplier."""
    RECALCULATION = 2
    UNDERDELIVERY = 3
    BENEFIT = 4
    PENALTY = 5
    """Penalty on housing and utilities."""
    ADVANCE = 6
    PENALTY_CAPITAL_REPAIR = 7
    """Penalty on the contribution: a group of its own, which never passes to the 1/130 scale."""
    COURT_COSTS = 8
    """Costs that a court has awarded to a creditor: they stand with the penalties, have no month of origin and bear nothing."""


class Chart(IntEnum):
    """Ledger accounts. The balance of one is the sum of its debits less the sum of its credits."""

    RECEIVABLE = 1
    """R: debt of an account by service, creditor and origin month."""
    PAYABLE = 2
    """P: due to a creditor for what the centre charges as its agent."""
    INCOME = 3
    """I: income of the principal."""
    SUSPENSE = 4
    """S: unclarified receipts (невыясненные)."""
    CASH = 5
    """C: money on and on its way to the centre's bank accounts."""
    ADVANCE = 6
    """A: what an account has paid ahead, by service and creditor."""
    PENALTY = 7
    """K: penalty receivable."""
    FEE = 8
    """Agents' commission kept before the transfer."""
    OPENING = 9
    """Counter-account of the balances that were taken over."""
    BUDGET = 10
    """B: receivable from the budget for benefits."""
    TRANSIT = 11
    """Money of a registry on its way from the agent to the bank account."""
    OFFSET = 12
    """Counter-account of advances that are used on bills; zero after every entry."""


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class ChargeLine:
    """One line of one account: service × creditor × month, with everything needed to recompute and to explain it.

    Amounts are kopecks. ``recalculation`` is signed, ``underdelivery`` and ``benefit`` are not negative and lower the total.
    """

    account_id: EntityId
    service_id: EntityId
    creditor_id: EntityId
    method: Method
    clause: str
    """Name of the function in ``core.charges.clauses`` that gives the base, e.g. ``formula_4``."""
    rules: str
    """Version of the rules, e.g. ``2026-03-01``."""
    volume_e6: int
    """Rounded for display only; the exact volume follows from the inputs."""
    tariff_e6: int | None
    base: int
    surcharge: int
    recalculation: int
    underdelivery: int
    benefit: int
    inputs: Mapping[str, object]
    """Arguments of the clause(s) as JSON-able exact values; rationals as ``"n/d"``."""
    sources: tuple[RecordId, ...]

    @property
    def total(self) -> int:
        """To pay for the service in the month."""
        return self.base + self.surcharge + self.recalculation - self.underdelivery - self.benefit


@dataclass(frozen=True, slots=True)
class HouseVolume:
    """A house's volumes of one base service and month, frozen with the calculation."""

    house_id: EntityId
    service: str
    """The sender's key of the service the row is about."""
    month: str
    what: Literal["meter", "individual", "soi", "correction"]
    """``correction``: of own volumes of closed months, which is in ``individual`` of the month that it is posted in."""
    volume_e6: int
    method: str

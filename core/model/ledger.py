"""Entries and postings: the only way an amount gets into the ledger.

A posting moves a positive amount from one ledger account (``credit``) to another (``debit``), so an entry sums to zero by construction.
Dimensions say whose amount it is; they hold for both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.ids import CalculationId, EntityId, MessageId, ProviderId
from core.model.checked import frozen_when_checked
from core.model.lines import Chart, Component
from core.period import Month

__all__ = ["UNKNOWN_ORIGIN", "Entry", "OpenItem", "Posting"]

UNKNOWN_ORIGIN = Month(1900, 1)
"""Origin of an opening debt that was given without months: older than every dated month, bears no penalties, does not age."""


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class Posting:
    """A positive number of kopecks from ``credit`` to ``debit``."""

    debit: Chart
    credit: Chart
    amount: int
    account_id: EntityId | None = None
    service_id: EntityId | None = None
    creditor_id: EntityId | None = None
    origin_month: Month | None = None
    """Month in which the debt arose."""
    component: Component | None = None
    place_id: EntityId | None = None
    """The bank account, registry or fund that the money stands on."""


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class Entry:
    """One business fact with its idempotency key: same key, same content, once, for ever."""

    key: str
    """From the source: ``payment/<operation id>``, ``charge/<provider>/<month>/<version>/<account>`` …"""
    kind: str
    """``opening``, ``opening_penalty``, ``charge``, ``recalculation``, ``payment``, ``payment_suspense``, ``payment_reversal``,
    ``penalty``, ``credit_use``, ``advance_use``, ``advance_reversal``, ``receipt``, ``fee`` …"""
    provider_id: ProviderId
    month: Month
    """Accounting month: the open one; never that of the correction."""
    occurred_on: date
    reason: str
    """One Russian sentence for the accountant."""
    postings: tuple[Posting, ...]
    message_id: MessageId | None = None
    calculation_id: CalculationId | None = None
    corrects_month: Month | None = None
    accounted_on: date | None = None
    """Operational day of money of banks: an open one; ``occurred_on`` stays the day on which it was paid."""


@dataclass(frozen=True, slots=True)
class OpenItem:
    """What an account owes (positive) by service, creditor, origin month and whether it is the surcharge; from the ledger."""

    account_id: EntityId
    service_id: EntityId
    creditor_id: EntityId
    origin_month: Month
    surcharge: bool
    amount: int

"""What issuing the month's bills would do, compared with last month's: computed by the code that issues, nothing numbered or stored."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Engine

from core.charges.law import Law
from core.ids import EntityId, ProviderId
from core.issued.bills import latest_bills
from core.issued.lookup import BillSums, month_sums, sums_of_accounts
from core.model.bill import BillContent
from core.model.finding import Finding
from core.period import Month
from core.records.facts import house_ids
from core.records.providers import provider
from core.services.bill_building import BillBuilder
from core.services.issue import posted_month
from core.storage.engine import transaction

__all__ = ["BUCKETS", "IssuePreview", "Mover", "preview_month"]

_HOUSES_AT_ONCE = 50
BUCKETS = (-50, -10, 0, 10, 50)
"""Bounds of the distribution, per cent of last month's charges."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Mover:
    """A payer whose charges move; kopecks."""

    change: int
    account: str
    before: int
    after: int


@dataclass(slots=True)
class IssuePreview:
    """Bills that would be issued, beside those of the month before."""

    month: Month
    bills: int = 0
    already: int = 0
    """Payers who have their bill."""
    charged: int = 0
    due: int = 0
    zero: int = 0
    """Bills that ask for nothing."""
    before: BillSums = field(default_factory=lambda: BillSums(0, 0, 0))
    """All bills of the month before."""
    new: int = 0
    """Payers without a bill last month."""
    gone: int = 0
    """Payers with a bill last month and none now."""
    buckets: Counter[int] = field(default_factory=Counter)
    """Payers by the bucket of their change: the number of bounds of :data:`BUCKETS` that it is above."""
    up: list[Mover] = field(default_factory=list)
    down: list[Mover] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()


def preview_month(
    engine: Engine, *, provider_id: ProviderId, month: Month, law: Law, issued_on: date, top: int = 10,
    progress: Progress = lambda done, of: None,
) -> IssuePreview:  # fmt: skip
    """Build the bills that issuing would issue, and compare them with last month's."""
    with transaction(engine) as connection:
        calculation = posted_month(connection, provider_id, month)
        houses = house_ids(connection, provider_id, month, calculation.known_until)
        have = latest_bills(connection, provider_id, month)
        preview = IssuePreview(month, already=len(have), before=month_sums(connection, provider_id, month.previous()))
    findings: list[Finding] = []
    compared, seen = _Compared(preview, top), 0
    for start in range(0, len(houses), _HOUSES_AT_ONCE):
        with transaction(engine) as connection:
            builder = BillBuilder(connection, provider(connection, provider_id), calculation, law, issued_on)
            contents = list(builder.build(houses[start : start + _HOUSES_AT_ONCE], skip=have))
            accounts = [content.account_id for content in contents]
            seen += compared.add(contents, sums_of_accounts(connection, accounts, month.previous()))
            findings += (one for one in builder.findings if one.value is not None or one not in findings)  # of the whole month once
        progress(min(start + _HOUSES_AT_ONCE, len(houses)), len(houses))
    preview.gone = max(preview.before.bills - seen - len(have), 0)
    preview.findings = tuple(findings)
    compared.finish()
    return preview


class _Compared:
    """Bills of a batch added to the whole; the movers are heaps, so memory does not grow with the region."""

    def __init__(self, preview: IssuePreview, top: int) -> None:
        self._preview = preview
        self._top = top
        self._up: list[tuple[int, str, Mover]] = []
        self._down: list[tuple[int, str, Mover]] = []

    def add(self, contents: Iterable[BillContent], before: dict[EntityId, BillSums]) -> int:
        """Count bills; returns how many of their payers had one last month."""
        whole, seen = self._preview, 0
        for content in contents:
            whole.bills += 1
            whole.charged += content.charged
            whole.due += content.due
            whole.zero += content.due == 0
            earlier = before.get(content.account_id)
            if earlier is None:
                whole.new += 1
                continue
            seen += 1
            change = content.charged - earlier.charged
            whole.buckets[sum(change * 100 > bound * earlier.charged for bound in BUCKETS)] += 1
            mover = Mover(change, content.account_number, earlier.charged, content.charged)
            if change:
                _keep(self._up if change > 0 else self._down, (abs(change), content.account_number, mover), self._top)
        return seen

    def finish(self) -> None:
        """Sort the movers."""
        self._preview.up = [mover for *_, mover in sorted(self._up, reverse=True)]
        self._preview.down = [mover for *_, mover in sorted(self._down, reverse=True)]


def _keep(heap: list[tuple[int, str, Mover]], item: tuple[int, str, Mover], top: int) -> None:
    heapq.heappush(heap, item)
    if len(heap) > top:
        heapq.heappop(heap)

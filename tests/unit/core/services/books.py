"""Books of one account, written entry by entry, with what the rooms make of them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sqlalchemy import Connection

from config.law import tables
from core.charges.law import Law
from core.ids import EntityId
from core.ledger.balances import penalty_items
from core.ledger.post import post
from core.model.ledger import Entry, Posting
from core.model.lines import Chart, Component
from core.period import Month
from core.records.providers import Provider
from core.services.penalties import Penalties, PenaltyRow, post_penalties

LAW = Law.from_tables(tables())
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
AUGUST, OCTOBER = Month(2026, 8), Month(2026, 10)
SERVICE, CREDITOR = EntityId(7), EntityId(3)


class Books:
    """The books of one account, entry by entry."""

    def __init__(self, connection: Connection, owner: Provider, account: EntityId) -> None:
        self.connection = connection
        self.owner = owner
        self.account = account

    def owes(self, amount: int, origin: Month = AUGUST, *, month: Month = OCTOBER, service: EntityId = SERVICE, key: str = "") -> None:
        posting = Posting(Chart.RECEIVABLE, Chart.OPENING, amount, self.account, service, CREDITOR, origin, Component.BASE)
        self._post(f"opening/{key}{origin}", "opening", month, month.first, posting)

    def pays(
        self, key: str, amount: int, on: date, *, month: Month = OCTOBER, origin: Month = AUGUST, accounted_on: date | None = None
    ) -> None:
        posting = Posting(Chart.CASH, Chart.RECEIVABLE, amount, self.account, SERVICE, CREDITOR, origin, Component.BASE)
        self._post(f"payment/{key}", "payment", month, on, posting, accounted_on=accounted_on)

    def takes_back(self, key: str, amount: int, on: date, *, month: Month) -> None:
        posting = Posting(Chart.RECEIVABLE, Chart.CASH, amount, self.account, SERVICE, CREDITOR, AUGUST, Component.BASE)
        self._post(f"payment/{key}", "payment_reversal", month, on, posting)

    def corrects(self, amount: int, on: date, *, month: Month, origin: Month = AUGUST) -> None:
        posting = Posting(Chart.PAYABLE, Chart.RECEIVABLE, amount, self.account, SERVICE, CREDITOR, origin, Component.RECALCULATION)
        self._post(f"recalculation/{on}", "recalculation", month, on, posting)

    def rows(self, month: Month) -> list[PenaltyRow]:
        return list(Penalties(self.connection, self.owner, month, LAW).rows())

    def posts(self, month: Month) -> int:
        """Post the month's penalties; what is unpaid after them."""
        post_penalties(self.connection, provider=self.owner, month=month, law=LAW, at=NOW)
        return sum(item.amount for item in penalty_items(self.connection, [self.account]))

    def _post(self, key: str, kind: str, month: Month, on: date, *postings: Posting, accounted_on: date | None = None) -> None:
        entry = Entry(key, kind, self.owner.provider_id, month, on, "проба", postings, accounted_on=accounted_on)
        post(self.connection, [entry], at=NOW)

    def charged(self, lines: dict[tuple[EntityId, EntityId], int], month: Month, *, surcharge: int = 0) -> None:
        """The month's charges by service and creditor; ``surcharge`` goes to the first of them."""
        postings = [
            Posting(Chart.RECEIVABLE, Chart.PAYABLE, amount, self.account, service, creditor, month, Component.BASE)
            for (service, creditor), amount in lines.items()
        ]
        if surcharge:
            service, creditor = next(iter(lines))
            postings.append(Posting(Chart.RECEIVABLE, Chart.INCOME, surcharge, self.account, service, creditor, month, Component.SURCHARGE))
        self._post(f"charge/{month}", "charge", month, month.last, *postings)

    def pays_ahead(self, key: str, amount: int, on: date, service: EntityId | None, creditor: EntityId | None) -> None:
        """Money without a debt."""
        posting = Posting(Chart.CASH, Chart.ADVANCE, amount, self.account, service, creditor, component=Component.ADVANCE)
        self._post(f"payment/{key}", "payment", Month.of(on), on, posting)

    def states_ahead(self, amount: int, service: EntityId, creditor: EntityId) -> None:
        """An advance that the sender states as an opening balance."""
        posting = Posting(Chart.OPENING, Chart.ADVANCE, amount, self.account, service, creditor, component=Component.ADVANCE)
        self._post("opening/ahead", "opening", OCTOBER, OCTOBER.first, posting)

    def states_penalty(self, amount: int, origin: Month = AUGUST) -> None:
        """A penalty that the sender states as an opening balance."""
        posting = Posting(Chart.PENALTY, Chart.OPENING, amount, self.account, None, CREDITOR, origin, Component.PENALTY)
        self._post("opening/penalty", "opening_penalty", OCTOBER, OCTOBER.first, posting)

    def takes_ahead_back(self, key: str, amount: int, on: date, service: EntityId | None, creditor: EntityId | None) -> None:
        """The agent takes back money that was an advance."""
        posting = Posting(Chart.ADVANCE, Chart.CASH, amount, self.account, service, creditor, component=Component.ADVANCE)
        self._post(f"payment/{key}", "payment_reversal", Month.of(on), on, posting)

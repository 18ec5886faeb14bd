"""The daily register of recipients: what was collected for each, what was withheld, what went out, what stands on hand for it.

Pure sums over facts: receipts with the day on which the bank statement brought them, transfers with the day on which they left. For each
recipient and day ``opening + collected − returned − fees − transferred = closing``, so at any day allocations less returns are transfers,
fees and what is on hand. When money falls due is ПП РФ № 253 (``settle.schedule``): suppliers' small days may wait, all else goes on the
next working day. Money whose statement line has not come has no day: it is shown apart and never transferred.

What came of a registry in several orders, or less than it says, is due as it came: the recipients share each order in proportion to what
they are to get of the registry, for nobody can say whose money is the missing part, and the term of ПП № 253 runs from the receipt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from core.calendar import WorkCalendar
from core.ids import EntityId
from core.money import split
from core.payments.settle import SettlementRules, schedule

__all__ = [
    "UNDIVIDED",
    "Collected",
    "DayRow",
    "MoneyKind",
    "Recipient",
    "Sent",
    "Standing",
    "as_it_came",
    "daily_rows",
    "due_by_recipient",
    "standings",
]

MoneyKind = Literal["utility", "k_surcharge", "soi", "contribution", "other"]
"""``k_surcharge`` and ``soi`` stay with the provider, so its own organisation is their recipient; ``other``: housing, waste."""


@dataclass(frozen=True, slots=True, order=True)
class Recipient:
    """Who gets money on which account; an empty account: none of the right kind is known. Organisation 0: an advance not divided yet."""

    organisation_id: EntityId
    account: str = ""
    bik: str = ""


UNDIVIDED = Recipient(EntityId(0))


@dataclass(frozen=True, slots=True)
class Collected:
    """Money allocated to a recipient, kopecks; negative: taken back. ``on`` None: its statement line has not come yet."""

    on: date | None
    recipient: Recipient
    kind: MoneyKind
    amount: int
    bank_fee: int = 0
    """What the agent kept or billed of it and the recipient bears."""
    own_fee: int = 0
    """The centre's own fee by the agency contract."""

    @property
    def net(self) -> int:
        """What the recipient is to get of it."""
        return self.amount - self.bank_fee - self.own_fee


@dataclass(frozen=True, slots=True)
class Sent:
    """A transfer that left our bank account on a day, kopecks; negative: it came back."""

    on: date
    recipient: Recipient
    amount: int


@dataclass(frozen=True, slots=True)
class DayRow:
    """One recipient and day, kopecks; ``due``: what falls due to be transferred on the day."""

    on: date
    recipient: Recipient
    opening: int
    collected: int = 0
    returned: int = 0
    bank_fee: int = 0
    own_fee: int = 0
    transferred: int = 0
    due: int = 0

    @property
    def closing(self) -> int:
        """On hand at the end of the day; negative: the recipient owes it back."""
        return self.opening + self.collected - self.returned - self.bank_fee - self.own_fee - self.transferred


@dataclass(frozen=True, slots=True)
class Standing:
    """A recipient at the end of a day, kopecks: sums since the beginning."""

    recipient: Recipient
    collected: int = 0
    returned: int = 0
    bank_fee: int = 0
    own_fee: int = 0
    transferred: int = 0
    due: int = 0
    """What should have been transferred by the day, of all that came."""
    awaited: int = 0
    """Allocated, while its money has not come."""

    @property
    def on_hand(self) -> int:
        """What stands on our account for the recipient; negative: it owes it back."""
        return self.collected - self.returned - self.bank_fee - self.own_fee - self.transferred

    @property
    def to_transfer(self) -> int:
        """What is due and has not left."""
        return max(min(self.due - self.transferred, self.on_hand), 0)


def as_it_came(fact: Collected, portions: Sequence[tuple[date | None, int]]) -> Iterator[Collected]:
    """A receipt on the days on which the money of its source came (``portions``: day and kopecks, in order; no day: not yet, the last).

    What was due until a day depends only on what came until then, so a later order changes nothing that was due before it.
    """
    whole = sum(weight for _, weight in portions)

    def until(amount: int, came: int) -> int:
        return split(amount, [whole - came, came])[1]

    came, before = 0, (0, 0, 0)
    for on, weight in portions:
        came += weight
        now = (until(fact.amount, came), until(fact.bank_fee, came), until(fact.own_fee, came))
        amount, bank_fee, own_fee = (later - earlier for later, earlier in zip(now, before, strict=True))
        before = now
        if amount or bank_fee or own_fee:
            yield replace(fact, on=on, amount=amount, bank_fee=bank_fee, own_fee=own_fee)


def due_by_recipient(facts: Iterable[Collected], rules: SettlementRules, calendar: WorkCalendar) -> dict[Recipient, dict[date, int]]:
    """By recipient what falls due on which day; an undivided advance never does."""
    daily: dict[tuple[Recipient, bool], dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for fact in facts:
        if fact.on is not None and fact.recipient.organisation_id:
            daily[fact.recipient, fact.kind == "utility"][fact.on] += fact.net
    at_once = replace(rules, accumulates=False)
    result: dict[Recipient, dict[date, int]] = defaultdict(lambda: defaultdict(int))
    for (recipient, is_supply), days in daily.items():
        for on, amount in schedule(sorted(days.items()), rules if is_supply else at_once, calendar)[0]:
            result[recipient][on] += amount
    return result


def daily_rows(
    facts: Iterable[Collected], sent: Iterable[Sent], rules: SettlementRules, calendar: WorkCalendar, *, first: date, last: date
) -> list[DayRow]:
    """Rows of the days ``first`` … ``last`` on which anything moved or fell due, in the order of days and recipients."""
    known, left = [fact for fact in facts if fact.on is not None and fact.on <= last], [item for item in sent if item.on <= last]
    moves: dict[Recipient, dict[date, DayRow]] = defaultdict(dict)

    def row(recipient: Recipient, on: date) -> DayRow:
        return moves[recipient].setdefault(on, DayRow(on, recipient, 0))

    for fact in known:
        assert fact.on is not None
        old = row(fact.recipient, fact.on)
        moves[fact.recipient][fact.on] = replace(
            old,
            collected=old.collected + max(fact.amount, 0),
            returned=old.returned + max(-fact.amount, 0),
            bank_fee=old.bank_fee + fact.bank_fee,
            own_fee=old.own_fee + fact.own_fee,
        )
    for item in left:
        old = row(item.recipient, item.on)
        moves[item.recipient][item.on] = replace(old, transferred=old.transferred + item.amount)
    for recipient, days in due_by_recipient(known, rules, calendar).items():
        for on, amount in days.items():
            if on <= last:
                moves[recipient][on] = replace(row(recipient, on), due=amount)
    result = []
    for recipient in moves:
        opening = 0
        for on in sorted(moves[recipient]):
            found = replace(moves[recipient][on], opening=opening)
            opening = found.closing
            if on >= first:
                result.append(found)
    return sorted(result, key=lambda found: (found.on, found.recipient))


def standings(
    facts: Iterable[Collected], sent: Iterable[Sent], rules: SettlementRules, calendar: WorkCalendar, *, on: date
) -> Mapping[Recipient, Standing]:
    """Where every recipient stands at the end of a day, in the order of recipients."""
    everything = list(facts)
    awaited: dict[Recipient, int] = defaultdict(int)
    for fact in everything:
        if fact.on is None or fact.on > on:
            awaited[fact.recipient] += fact.amount
    sums: dict[Recipient, Standing] = {}
    for row in daily_rows(everything, sent, rules, calendar, first=date.min, last=on):
        old = sums.get(row.recipient, Standing(row.recipient))
        sums[row.recipient] = replace(
            old,
            collected=old.collected + row.collected,
            returned=old.returned + row.returned,
            bank_fee=old.bank_fee + row.bank_fee,
            own_fee=old.own_fee + row.own_fee,
            transferred=old.transferred + row.transferred,
            due=old.due + row.due,
        )
    return {
        recipient: replace(sums.get(recipient, Standing(recipient)), awaited=awaited[recipient])
        for recipient in sorted(sums.keys() | awaited.keys())
    }

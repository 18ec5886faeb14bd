"""Opening balances: what accounts owed or had paid ahead when the centre took over, by service, creditor and month of origin.

Taken for one month of a provider, that of its first archive: later archives state balances that the ledger knows itself. A balance row that
is held posts nothing. When another archive of the takeover month corrects what an earlier one said, the difference is posted, account by
account; what holds is every row in force, because a corrected archive repeats most rows and only the changed ones are new records.
Penalties are balances of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlalchemy import Connection

from core import archive
from core.errors import ConfigError
from core.ids import EntityId, MessageId
from core.ledger import months
from core.ledger.balances import takeover_month
from core.ledger.months import MonthState
from core.ledger.openings import OpeningPlace, opening_positions
from core.ledger.post import Posted, post
from core.model.ledger import UNKNOWN_ORIGIN, Entry, Posting
from core.model.lines import Chart, Component
from core.period import Month
from core.records.entities import entities_in_order
from core.records.facts import read_settings
from core.records.latest import read_balances, read_opening_debts, read_opening_penalties
from core.records.providers import Provider
from core.services.turned_up import cover_turned_up
from core.validate.settings import canonical_setting

__all__ = ["Openings", "post_openings"]

_PENALTIES = {1: Component.PENALTY, 2: Component.PENALTY_CAPITAL_REPAIR, 3: Component.COURT_COSTS}
_TITLES = {"opening": "Входящее сальдо", "opening_penalty": "Входящие пени"}
_FINISHED = frozenset((MonthState.POSTED, MonthState.CLOSED))
_HASH_DIGITS = 12
_ACCOUNTS_AT_ONCE = 5000

_Places = Mapping[OpeningPlace, int]


@dataclass(frozen=True, slots=True)
class Openings:
    """What became of the opening balances of a message."""

    posted: Posted = field(default_factory=Posted)
    refused: tuple[str, ...] = ()
    """The sender's keys of accounts whose balances were to change although the month is posted or closed: nothing was posted for any."""
    without_months: tuple[str, ...] = ()
    """Keys of accounts with a debt that the sender does not break down by months, where the region refuses those: not posted."""


def post_openings(connection: Connection, *, provider: Provider, month: Month, message_id: MessageId, at: datetime) -> Openings:
    """Post the opening balances of a month, or how they differ from those posted; nothing when another month was taken over before."""
    taken = takeover_month(connection, provider_id=provider.provider_id)
    if taken is not None and taken != month:
        return Openings()
    moves = _Moves(connection, provider, month, corrects=taken is not None)
    if months.current(connection, provider_id=provider.provider_id, month=month).state in _FINISHED:
        refused = tuple(dict.fromkeys(one.key for one in moves.changed()))
        return Openings(refused=refused, without_months=tuple(moves.without_months))
    digest = archive.describe(connection, message_id).sha256.hex()[:_HASH_DIGITS]

    def entries() -> Iterator[Entry]:
        for one in moves.changed():
            yield Entry(
                key=f"{one.kind}/{provider.inn}/{one.key}" + (f"/{digest}" if one.corrected else ""),
                kind=one.kind,
                provider_id=provider.provider_id,
                month=month,
                occurred_on=month.first,
                reason=f"{_TITLES[one.kind]} на {month.first:%d.%m.%Y}" + (", исправлено поставщиком" if one.corrected else ""),
                postings=tuple(_posting(one.account, place, amount) for place, amount in one.moves.items()),
                message_id=message_id,
            )

    posted = post(connection, entries(), at=at)
    if moves.found and moves.corrects:  # payments may have been shared out before these debts were known
        cover_turned_up(connection, provider=provider, month=month, cause=digest, at=at, freed=True)
    return Openings(posted, without_months=tuple(moves.without_months))


@dataclass(frozen=True, slots=True)
class _Change:
    """What must move on an account, by kind of entry; ``corrected``: it has an entry already."""

    kind: str
    key: str
    account: EntityId
    moves: _Places
    corrected: bool


@dataclass(slots=True)
class _Moves:
    """Accounts whose opening balances are not as the sender states them, some at a time."""

    connection: Connection
    provider: Provider
    month: Month
    corrects: bool
    """Whether there are entries of openings already."""
    without_months: list[str] = field(default_factory=list)
    found: int = 0

    def changed(self) -> Iterator[_Change]:
        """Principal, then penalties, in the order of the sender's keys."""
        owner = self.provider.provider_id
        refuses = _refuses_unknown(read_settings(self.connection, day=self.month.last, provider_id=owner))
        for kind in ("opening", "opening_penalty"):
            accounts = entities_in_order(self.connection, owner, "account")
            while batch := dict(islice(accounts, _ACCOUNTS_AT_ONCE)):
                if kind == "opening":
                    stated, undated = _principal(self.connection, self.provider, self.month, list(batch), refuses=refuses)
                    self.without_months += [key for key, account in batch.items() if account in undated]
                else:
                    stated = _penalties(self.connection, self.provider, self.month, list(batch))
                held = opening_positions(self.connection, provider_id=owner, accounts=batch.values()) if self.corrects else {}
                for key, account in batch.items():
                    moves = _difference(stated.get(account, {}), held.get((kind, account), {}))
                    if moves:
                        self.found += 1
                        yield _Change(kind, key, account, moves, (kind, account) in held)


def _refuses_unknown(settings: Mapping[str, object]) -> bool:
    """Whether debts without months are refused (``opening_without_months = refuse``)."""
    name = "opening_without_months"
    try:
        return canonical_setting(name, settings.get(name, "unknown")) == "refuse"
    except ValueError as error:
        text, _, allowed = str(error).rpartition(" Допустимо: ")
        raise ConfigError("CFG-0424", text, hint=f"Допустимо: {allowed}", setting=name) from None


def _difference(stated: _Places, held: _Places) -> dict[OpeningPlace, int]:
    """What must still move so that the ledger holds what is stated."""
    moves = {place: stated.get(place, 0) - held.get(place, 0) for place in [*stated, *(place for place in held if place not in stated)]}
    return {place: amount for place, amount in moves.items() if amount}


def _posting(account: EntityId, place: OpeningPlace, amount: int) -> Posting:
    """A debt grows against the counter-account of openings; a negative move is an advance, or takes a debt back."""
    debit, credit = (place.chart, Chart.OPENING) if amount > 0 else (Chart.OPENING, place.chart)
    return Posting(debit, credit, abs(amount), account, place.service_id, place.creditor_id, place.origin_month, place.component)


def _principal(
    connection: Connection, provider: Provider, month: Month, accounts: Sequence[str], *, refuses: bool
) -> tuple[dict[EntityId, dict[OpeningPlace, int]], set[EntityId]]:
    """Debts by month of origin where the balance is positive, an advance where it is negative.

    A debt of which no month is stated has the origin ``unknown``: older than every dated one, without penalties; or it is refused, and its
    account is in the second value.
    """
    places: dict[EntityId, dict[OpeningPlace, int]] = defaultdict(lambda: defaultdict(int))
    owing: dict[tuple[EntityId, EntityId, EntityId], int] = {}
    for row in read_balances(connection, provider_id=provider.provider_id, month=month, accounts=accounts):
        if row.account_id is None or row.service_id is None or row.creditor_id is None:
            continue
        if row.opening > 0:
            owing[row.account_id, row.service_id, row.creditor_id] = row.opening
        elif row.opening < 0:
            place = OpeningPlace(Chart.ADVANCE, row.service_id, row.creditor_id, None, Component.ADVANCE)
            places[row.account_id][place] += row.opening
    dated: set[tuple[EntityId, EntityId, EntityId]] = set()
    for debt in read_opening_debts(connection, provider_id=provider.provider_id, month=month, accounts=accounts):
        if debt.account_id is None or debt.service_id is None or debt.creditor_id is None:
            continue
        if (debt.account_id, debt.service_id, debt.creditor_id) in owing:
            origin = Month.of(debt.origin_month)
            places[debt.account_id][OpeningPlace(Chart.RECEIVABLE, debt.service_id, debt.creditor_id, origin, Component.BASE)] += (
                debt.amount
            )
            dated.add((debt.account_id, debt.service_id, debt.creditor_id))
    undated = {key: amount for key, amount in owing.items() if key not in dated}
    if not refuses:
        for (account, service, creditor), amount in undated.items():
            places[account][OpeningPlace(Chart.RECEIVABLE, service, creditor, UNKNOWN_ORIGIN, Component.BASE)] += amount
    return places, {account for account, _, _ in undated} if refuses else set()


def _penalties(
    connection: Connection, provider: Provider, month: Month, accounts: Sequence[str]
) -> dict[EntityId, dict[OpeningPlace, int]]:
    """Penalties posted earlier and unpaid; those of the taken month are the hub's own to compute. Court costs of the taken month too: no
    rule computes them, the sender's document is the fact."""
    places: dict[EntityId, dict[OpeningPlace, int]] = defaultdict(lambda: defaultdict(int))
    for row in read_opening_penalties(connection, provider_id=provider.provider_id, month=month, accounts=accounts):
        component = _PENALTIES.get(row.kind)
        costs = component is Component.COURT_COSTS
        amount = row.opening + (row.posted if costs else 0)
        if component is None or amount <= 0 or row.account_id is None:
            continue
        origin = None if row.origin_month is None or costs else Month.of(row.origin_month)
        places[row.account_id][OpeningPlace(Chart.PENALTY, None, row.creditor_id, origin, component)] += amount
    return places

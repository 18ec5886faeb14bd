"""Money that the region says was paid and that is not in our books: named, account by account, as to be claimed.

The region's answer (GetChargePaymentRkc) gives sums of an account and a month and no identity of a payment, so nothing can be posted from
it without a guess, and the same money would come a second time with the agent's registry. What is missing is therefore claimed: from the
agent where it reported the payment at once, else from whoever took it, by the region's answer in the archive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy import Connection

from core.ids import EntityId
from core.ledger.paid import payment_entries
from core.period import Month
from core.records.bank.online import read_online
from core.records.latest import read_accounts
from core.records.providers import Provider
from erkc.rgis.difference import Difference

__all__ = ["STATES", "Claim", "claims_of"]

STATES = {
    "unknown": "неизвестен: запросить реестр у того, кто принял платёж",
    "reported": "агент сообщил, реестра ещё нет: запросить у агента",
    "later": "учтён нами в следующем месяце",
    "no_account": "счёта у нас нет: уточнить у РГИС",
}
"""What is known of the money, and from whom to ask for it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Kopecks paid on an account by the region's word and not by our books of the month."""

    number: str
    amount: int
    paid_on: date | None
    state: Literal["unknown", "reported", "later", "no_account"]
    operations: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether somebody must be asked."""
        return self.state != "later"


def claims_of(connection: Connection, provider: Provider, month: Month, different: Iterable[Difference]) -> list[Claim]:
    """What is to be claimed; one account may have two: what an agent reported, and the rest."""
    missing = {one.number: (one.paid_more, one.theirs.paid_on if one.theirs else None) for one in different if one.paid_more > 0}
    if not missing:
        return []
    accounts = {row.number: row.entity_id for row in read_accounts(connection, provider_id=provider.provider_id, month=month)}
    later: dict[EntityId, int] = defaultdict(int)
    for entry in payment_entries(connection, provider_id=provider.provider_id, month=month.next()):
        if entry.paid_on <= month.last:
            later[entry.account_id] += entry.amount
    found: list[Claim] = []
    for number, (amount, paid_on) in missing.items():
        account = accounts.get(number)
        if account is None:
            found.append(Claim(number, amount, paid_on, "no_account"))
            continue
        known = min(amount, max(later[account], 0))
        if known:
            found.append(Claim(number, known, paid_on, "later"))
        reported = [one for one in read_online(connection, account_id=account) if one.state == "unconfirmed" and one.paid_on <= month.last]
        of_agents = min(amount - known, sum(one.amount for one in reported))
        if of_agents:
            found.append(Claim(number, of_agents, paid_on, "reported", tuple(one.operation for one in reported)))
        if amount > known + of_agents:
            found.append(Claim(number, amount - known - of_agents, paid_on, "unknown"))
    return found

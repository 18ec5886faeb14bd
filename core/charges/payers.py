"""Whose account carries a service: accounts of one payer (ЕЛС) stand together, whoever sent them.

A service goes to the first kind of account, in its order, that the payer has: the contribution to the account of capital repair, else to
that of the managing organisation; waste to the account of the waste operator, else likewise; what a supplier delivers by direct contract to
the supplier's account. A sender charges its services on its own accounts only: where another sender has the account that comes first, it
is that one's service that is charged.
"""

from __future__ import annotations

from collections import defaultdict

from core.model.facts import AccountFacts, HouseFacts, MeterFacts, ServiceFacts

__all__ = ["KNOWN_KINDS", "Payers"]

_MANAGER, _SUPPLIER, _CAPITAL_REPAIR, _CENTRE, _WASTE = 1, 2, 3, 4, 6
_ALL_SERVICES = (_MANAGER, _CENTRE)
KNOWN_KINDS = frozenset({_MANAGER, _SUPPLIER, _CAPITAL_REPAIR, _CENTRE, _WASTE})
"""Kinds of accounts whose services are known."""

_HOUSING, _CONTRIBUTION = 2, 2
_WASTE_UTILITY = 8


class Payers:
    """Accounts of a house by payer."""

    def __init__(self, house: HouseFacts) -> None:
        self._house = house
        self._at_place: dict[tuple[str, str | None], list[AccountFacts]] = defaultdict(list)
        for account in house.accounts:
            self._at_place[account.premises_number, account.room_number].append(account)
        grouped: dict[str, list[AccountFacts]] = defaultdict(list)
        for account in house.accounts:
            grouped[self._payer(account)].append(account)
        self._together = {account.key: tuple(group) for group in grouped.values() for account in group}
        kinds_of_place: dict[tuple[str, str | None], set[int]] = defaultdict(set)
        for account in house.accounts:
            kinds_of_place[account.premises_number, account.room_number].add(account.kind)
        self._kinds_of_place = {place: frozenset(kinds) for place, kinds in kinds_of_place.items()}
        self._charged: dict[tuple[tuple[int, ...], frozenset[int]], int | None] = {}
        self._carrying: dict[tuple[tuple[int, ...], int], tuple[AccountFacts, ...]] = {}
        self._default = _ALL_SERVICES if any(account.kind in _ALL_SERVICES for account in house.accounts) else (_SUPPLIER,)
        self._of_contribution, self._of_waste = (_CAPITAL_REPAIR, *self._default), (_WASTE, *self._default)

    def _payer(self, account: AccountFacts) -> str:
        """The unified account; without one the accounts of a place are one payer, if no sender has two of a kind there."""
        if account.payer is not None:
            return account.payer
        there = self._at_place[account.premises_number, account.room_number]
        named = {one.payer for one in there} - {None}
        kinds = {(one.sender, one.kind) for one in there}
        if not account.premises_number or len(kinds) < len(there) or len(named) > 1:
            return f"account {account.key}"
        return next((payer for payer in named if payer), f"place {account.premises_number}/{account.room_number}")

    def together(self, account: AccountFacts) -> tuple[AccountFacts, ...]:
        """All accounts of the payer of the account, itself among them."""
        return self._together[account.key]

    def carries(self, account: AccountFacts, service: ServiceFacts) -> bool:
        """Whether the account is the one of its payer that the service is charged on."""
        if account.payer is None:
            present = self._kinds_of_place[account.premises_number, account.room_number]
        else:
            present = frozenset(one.kind for one in self.together(account))
        kinds = self.kinds(service)
        found = (kinds, present)
        if found not in self._charged:
            self._charged[found] = next((kind for kind in kinds if kind in present), None)
        return account.sender == service.sender and account.kind == self._charged[found]

    def carrying(self, service: ServiceFacts) -> tuple[AccountFacts, ...]:
        """Accounts of the house that the service is charged on."""
        key = (self.kinds(service), service.sender)
        if key not in self._carrying:
            self._carrying[key] = tuple(account for account in self._house.accounts if self.carries(account, service))
        return self._carrying[key]

    def carrier(self, account: AccountFacts, service: ServiceFacts) -> AccountFacts | None:
        """The account of the payer that the service is charged on."""
        if self.carries(account, service):
            return account
        return next((one for one in self.together(account) if self.carries(one, service)), None)

    def meters(self, account: AccountFacts) -> tuple[MeterFacts, ...]:
        """Meters of all accounts of the payer."""
        return tuple(meter for one in self.together(account) for meter in one.meters)

    def kinds(self, service: ServiceFacts) -> tuple[int, ...]:
        """Kinds of accounts that the service is charged to, the first that a payer has."""
        if service.account_kinds is not None:
            return service.account_kinds
        if service.kind == _HOUSING and service.housing_kind == _CONTRIBUTION:
            return self._of_contribution
        if service.utility_kind == _WASTE_UTILITY:
            return self._of_waste
        return self._default

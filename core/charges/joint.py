"""One house of several senders: what each sent joined by place and payer, who is believed where they differ, and the differences told.

The management company's account (УО) of a payer is believed about area, residents and absences for all accounts of the payer; the other
sender's values are its statement and come out as :class:`Conflict`. Keys of two senders have nothing to do with each other: those that
collide get the number of the sender in front.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.charges.payers import Payers
from core.charges.persons import days_between
from core.model.facts import AccountFacts, HouseFacts, InterruptionFacts, MeterFacts, ServiceFacts
from core.period import Month

__all__ = ["Conflict", "join_house"]

_BELIEVED_KINDS = (1, 4)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two senders' values of one fact: text by the place of the sender's house among those given; ``chosen`` is that of the believed."""

    entity: str
    """``house``, ``premises`` or ``account_group``."""
    attribute: str
    premises: str | None
    values: tuple[tuple[int, str], ...]
    chosen: int


def join_house(houses: Sequence[HouseFacts], month: Month) -> tuple[HouseFacts, list[Conflict]]:
    """The house as one, the believed sender (who manages it) first; the order in which they are given does not matter."""
    order = sorted(range(len(houses)), key=lambda i: (houses[i].manager_id is None, houses[i].source))
    first = houses[order[0]]
    taken: dict[str, set[str]] = defaultdict(set)
    renamed = [_renamed(houses[i], i, taken) for i in order]
    joint = replace(
        first,
        services=tuple(service for house in renamed for service in house.services),
        base_services=tuple(service for house in renamed for service in house.base_services),
        accounts=tuple(account for house in renamed for account in house.accounts),
        meters=tuple(meter for house in renamed for meter in house.meters),
        interruptions=tuple(item for house in renamed for item in house.interruptions),
        waste_basis=next((house.waste_basis for house in renamed if house.waste_basis is not None), None),
    )
    sender = {account.key: i for i, house in zip(order, renamed, strict=True) for account in house.accounts}
    conflicts = _fias(houses, order)
    believed, found = _believed(joint, sender, month)
    return replace(joint, accounts=believed), conflicts + found


def _renamed(house: HouseFacts, number: int, taken: dict[str, set[str]]) -> HouseFacts:
    """The house with keys that no other sender's house has."""

    def unique(kind: str, keys: Sequence[str]) -> dict[str, str]:
        names = {key: f"{number}:{key}" if key in taken[kind] else key for key in keys}
        taken[kind].update(names.values())
        return names

    services = unique("service", [service.key for service in (*house.services, *house.base_services)])
    accounts = unique("account", [account.key for account in house.accounts])
    devices = dict.fromkeys([*(m.key for m in house.meters), *(m.key for account in house.accounts for m in account.meters)])
    meters = unique("meter", list(devices))

    def service_of(one: ServiceFacts) -> ServiceFacts:
        base = None if one.base_service is None else services.get(one.base_service, one.base_service)
        return replace(one, key=services[one.key], base_service=base)

    def meter_of(one: MeterFacts) -> MeterFacts:
        account = None if one.account is None else accounts.get(one.account, one.account)
        return replace(one, key=meters[one.key], account=account, service=services.get(one.service, one.service))

    def account_of(one: AccountFacts) -> AccountFacts:
        reliefs = tuple(replace(item, service=services.get(item.service, item.service)) for item in one.reliefs)
        refused = tuple(services.get(key, key) for key in one.access_refused)
        own = tuple(meter_of(meter) for meter in one.meters)
        return replace(one, key=accounts[one.key], meters=own, reliefs=reliefs, access_refused=refused)

    def interruption_of(one: InterruptionFacts) -> InterruptionFacts:
        return replace(one, service=services.get(one.service, one.service))

    return replace(
        house,
        services=tuple(service_of(one) for one in house.services),
        base_services=tuple(service_of(one) for one in house.base_services),
        accounts=tuple(account_of(one) for one in house.accounts),
        meters=tuple(meter_of(one) for one in house.meters),
        interruptions=tuple(interruption_of(one) for one in house.interruptions),
    )


def _believed(house: HouseFacts, sender: dict[str, int], month: Month) -> tuple[tuple[AccountFacts, ...], list[Conflict]]:
    """Accounts with area, residents and absences of the believed account of their payer, and what others say differently."""
    payers = Payers(house)
    accounts, conflicts, told = [], [], set[tuple[str, str]]()
    for account in house.accounts:
        believed = next((one for one in payers.together(account) if one.kind in _BELIEVED_KINDS), account)
        accounts.append(
            replace(account, area_e2=believed.area_e2, residences=believed.residences, absences=believed.absences, owners=believed.owners)
        )
        if sender[account.key] == sender[believed.key]:
            continue
        place = believed.premises_number
        mine, theirs = sender[believed.key], sender[account.key]
        if account.area_e2 != believed.area_e2 and ("area", place) not in told:
            told.add(("area", place))
            values = ((mine, _area(believed)), (theirs, _area(account)))
            conflicts.append(Conflict("premises", "area", place, values, mine))
        if account.residences and _people(account, month) != _people(believed, month):
            values = ((mine, _people(believed, month)), (theirs, _people(account, month)))
            conflicts.append(Conflict("account_group", "residents", place, values, mine))
    return tuple(accounts), conflicts


def _area(account: AccountFacts) -> str:
    return f"{account.area_e2 // 100}.{account.area_e2 % 100:02d}"


def _people(account: AccountFacts, month: Month) -> str:
    """Persons on some day of the month, as text."""
    return str(sum(days_between(max(one.first, month.first), min(one.last or month.last, month.last)) > 0 for one in account.residences))


def _fias(houses: Sequence[HouseFacts], order: Sequence[int]) -> list[Conflict]:
    """The senders' GUID of the house where it differs beyond case; the first is kept until it is checked."""
    values = tuple((i, houses[i].fias) for i in order)
    if len({fias.lower() for _, fias in values}) == 1:
        return []
    return [Conflict("house", "fias_house", None, values, order[0])]

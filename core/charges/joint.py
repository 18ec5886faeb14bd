"""One house of several senders: what each sent joined by place and payer, who is believed where they differ, and the differences told.

The management company's account (УО) of a payer is believed about area, residents and absences for all accounts of the payer; the other
senders' values are their statements and come out as :class:`Conflict`. Keys of two senders have nothing to do with each other: those that
collide get the number of the sender in front. What only one sender knows of the house (its areas, price, decisions) is taken from that one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations
from typing import Any

from core.charges.engine import HouseCharges
from core.charges.payers import Payers
from core.charges.persons import days_between
from core.ids import EntityId, RecordId
from core.model.facts import AccountFacts, DeviationFacts, HouseFacts, InterruptionFacts, MeterFacts, ServiceFacts
from core.period import Month

__all__ = ["Chosen", "Conflict", "believed_first", "charged_twice", "join_house", "own_part"]

_BELIEVED_KINDS = (1, 4)
_ONE_OF_A_KIND = (1, 2, 3)
"""Housing services that are charged once: for the dwelling, the contribution, maintenance."""
_KNOWN_TOGETHER = (
    ("useful_area_e2",),
    ("common_area_e2",),
    ("heated_common_area_e2",),
    ("soi_mode", "soi_mode_source"),
    ("manager_id",),
    ("contribution_creditor_id", "contribution_excess_e6", "contribution_source"),
    ("price_e6", "price_source"),
    ("waste_basis", "waste_basis_source"),
    ("heat_last_year_e6", "heat_last_year_sources"),
)
"""Facts of the house that are taken from one sender together: from the first of whom the first of them is known."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Senders' values of one fact: text by the place of the sender's house among those given; ``chosen`` is that of the believed."""

    entity: str
    """``house``, ``premises`` or ``account_group``."""
    attribute: str
    premises: str | None
    values: tuple[tuple[int, str], ...]
    chosen: int
    accounts: tuple[EntityId, ...] = ()
    """Accounts it is about; empty: the house."""
    room: str | None = field(default=None, compare=False)
    payer: str = field(default="", compare=False)
    """Number of the believed account, where the fact is the payer's own."""
    sources: tuple[tuple[int, tuple[RecordId, ...]], ...] = field(default=(), compare=False)
    """The records that each sender's value comes from."""
    kinds: tuple[tuple[int, int], ...] = field(default=(), compare=False)
    """Kind of account that each sender's value stands on."""
    how: str = field(default="", compare=False)
    """Why ``chosen`` is chosen: ``decision`` of a person, ``gar``, ``rule`` of the region; empty: the management company is believed."""


Chosen = Callable[[Conflict], tuple[int, str] | None]
"""Whose value is taken instead of the believed one's (a place among ``values``), and why; None: the believed one's."""


def believed_first(houses: Sequence[HouseFacts]) -> list[int]:
    """Places of the senders in the order in which they are believed: who has the accounts of management, who is named as manager."""

    def rank(i: int) -> tuple[bool, bool, int]:
        manages = any(account.kind in _BELIEVED_KINDS for account in houses[i].accounts)
        return (not manages, houses[i].manager_id is None, i)

    return sorted(range(len(houses)), key=rank)


def join_house(
    houses: Sequence[HouseFacts], month: Month, *, own: int | None = None, chosen: Chosen | None = None
) -> tuple[HouseFacts, list[Conflict]]:
    """The house as one, with identity and keys of the sender at the place ``own`` (None: the believed one).

    Senders that nothing tells apart are believed in the order given. ``chosen`` says where another than the believed one is taken.
    """
    order = believed_first(houses)
    first = houses[order[0]]
    mine = order[0] if own is None else own
    taken: dict[str, set[str]] = defaultdict(set)
    named = {i: _renamed(houses[i], i, taken) for i in (mine, *(i for i in order if i != mine))}
    renamed = [named[i] for i in order]
    joint = replace(
        first,
        house_id=houses[mine].house_id,
        key=houses[mine].key,
        services=tuple(service for house in renamed for service in house.services),
        base_services=tuple(service for house in renamed for service in house.base_services),
        accounts=tuple(account for house in renamed for account in house.accounts),
        meters=tuple(meter for house in renamed for meter in house.meters),
        interruptions=tuple(item for house in renamed for item in house.interruptions),
        deviations=tuple(item for house in renamed for item in house.deviations),
        boiler=tuple(item for house in renamed for item in house.boiler),
        containers=tuple(item for house in renamed for item in house.containers),
        containers_of_year=tuple(item for house in renamed for item in house.containers_of_year),
        open_heating=any(house.open_heating for house in renamed),
        electric_heating=any(house.electric_heating for house in renamed),
        electric_heating_sources=tuple(source for house in renamed for source in house.electric_heating_sources),
        unused_acts=named[mine].unused_acts,
        **_known(renamed),  # type: ignore[arg-type]  # each is a field of the class with its own value
    )
    accounts, conflicts = _believed(joint, month, chosen)
    named_differently = [_settled(one, chosen) for one in _fias(houses, order)]
    fias = houses[named_differently[0].chosen].fias if named_differently else joint.fias
    return replace(joint, accounts=accounts, fias=fias), named_differently + conflicts


def charged_twice(house: HouseFacts, month: Month) -> list[tuple[ServiceFacts, ServiceFacts]]:
    """Services of one meaning that two senders charge to one payer for the same days of the month: one of them must end its own."""
    payers = Payers(house)
    found = []
    listed = [service for service in house.services if _overlap(service.starts_on, service.ends_on, month.first, month.last)]
    for one, other in combinations(listed, 2):
        if one.sender != other.sender and _meaning(one) is not None and _meaning(one) == _meaning(other):
            first, last = max(one.starts_on or month.first, month.first), min(one.ends_on or month.last, month.last)
            if _overlap(other.starts_on, other.ends_on, first, last) and any(
                _same_days(account, second, month)
                for account in house.accounts
                if payers.carries(account, one)
                for second in payers.together(account)
                if payers.carries(second, other)
            ):
                found.append((one, other))
    return found


def _meaning(service: ServiceFacts) -> tuple[int, int, int | None, int | None, int | None] | None:
    """What a service is by its codes; None: there may be many of such (works by agreement)."""
    if service.utility_kind is None and service.housing_kind not in _ONE_OF_A_KIND:
        return None
    return service.kind, service.provision, service.utility_kind, service.housing_kind, service.resource_kind


def _same_days(one: AccountFacts, other: AccountFacts, month: Month) -> bool:
    first, last = max(one.opened_on, month.first), min(one.closed_on or month.last, month.last)
    return first <= last and _overlap(other.opened_on, other.closed_on, first, last)


def _overlap(starts: date | None, ends: date | None, first: date, last: date) -> bool:
    return (starts is None or starts <= last) and (ends is None or ends >= first)


def own_part(charged: HouseCharges, own: HouseFacts) -> HouseCharges:
    """Of a joint house what belongs to one sender: lines of its accounts, volumes of its services, findings of either or of the house."""
    accounts = {account.account_id for account in own.accounts}
    services = {service.service_id for service in (*own.services, *own.base_services)}
    keys = set(_service_keys(own))
    return replace(
        charged,
        lines=tuple(line for line in charged.lines if line.account_id in accounts),
        volumes=tuple(volume for volume in charged.volumes if volume.service in keys),
        findings=tuple(
            item
            for item in charged.findings
            if (item.account_id in accounts if item.account_id is not None else item.service_id is None or item.service_id in services)
        ),
    )


def _known(houses: Sequence[HouseFacts]) -> dict[str, object]:
    """Facts of the house, each group from the first sender who knows it."""
    found: dict[str, object] = {}
    for group in _KNOWN_TOGETHER:
        knowing = next((house for house in houses if getattr(house, group[0]) is not None), houses[0])
        found |= {name: getattr(knowing, name) for name in group}
    return found


def _service_keys(house: HouseFacts) -> Iterator[str]:
    """Every key of a service that the sender uses in the house."""
    for service in (*house.services, *house.base_services):
        yield service.key
        if service.base_service is not None:
            yield service.base_service
    for meter in (*house.meters, *(meter for account in house.accounts for meter in account.meters)):
        yield meter.service
    for item in house.interruptions:
        yield item.service
    for deviation in house.deviations:
        yield deviation.service
    for account in house.accounts:
        yield from (relief.service for relief in account.reliefs if relief.service)
        yield from (act.service for act in account.acts)
        yield from account.access_refused


def _renamed(house: HouseFacts, number: int, taken: dict[str, set[str]]) -> HouseFacts:
    """The house with keys that no other sender's house has, and with its sender noted."""

    def unique(kind: str, keys: Iterable[str]) -> dict[str, str]:
        names = {key: f"{number}:{key}" if key in taken[kind] else key for key in keys}
        taken[kind].update(names.values())
        return names

    services = unique("service", dict.fromkeys(_service_keys(house)))
    accounts = unique("account", [account.key for account in house.accounts])
    devices = dict.fromkeys([*(m.key for m in house.meters), *(m.key for account in house.accounts for m in account.meters)])
    meters = unique("meter", list(devices))

    def service_of(one: ServiceFacts) -> ServiceFacts:
        base = None if one.base_service is None else services[one.base_service]
        return replace(one, key=services[one.key], base_service=base, sender=number)

    def meter_of(one: MeterFacts) -> MeterFacts:
        account = None if one.account is None else accounts.get(one.account, one.account)
        return replace(one, key=meters[one.key], account=account, service=services[one.service])

    def account_of(one: AccountFacts) -> AccountFacts:
        reliefs = tuple(replace(item, service=services.get(item.service, "")) for item in one.reliefs)
        acts = tuple(replace(item, service=services[item.service]) for item in one.acts)
        refused = tuple(services[key] for key in one.access_refused)
        own = tuple(meter_of(meter) for meter in one.meters)
        return replace(one, key=accounts[one.key], meters=own, reliefs=reliefs, acts=acts, access_refused=refused, sender=number)

    def interruption_of(one: InterruptionFacts) -> InterruptionFacts:
        return replace(one, service=services[one.service])

    def deviation_of(one: DeviationFacts) -> DeviationFacts:
        account = None if one.account is None else accounts.get(one.account, one.account)
        return replace(one, service=services[one.service], account=account)

    return replace(
        house,
        services=tuple(service_of(one) for one in house.services),
        base_services=tuple(service_of(one) for one in house.base_services),
        accounts=tuple(account_of(one) for one in house.accounts),
        meters=tuple(meter_of(one) for one in house.meters),
        interruptions=tuple(interruption_of(one) for one in house.interruptions),
        deviations=tuple(deviation_of(one) for one in house.deviations),
        unused_acts=tuple(replace(one, account=accounts.get(one.account or "", one.account)) for one in house.unused_acts),
    )


@dataclass(slots=True)
class _Differing:
    """Values of one fact by sender, while the accounts are gone through."""

    conflict: Conflict
    values: dict[int, str]
    accounts: dict[EntityId, None]
    standing: dict[int, AccountFacts]
    """The account that a sender's value stands on."""


def _believed(house: HouseFacts, month: Month, chosen: Chosen | None) -> tuple[tuple[AccountFacts, ...], list[Conflict]]:
    """Accounts with area, residents and absences of the believed account of their payer, and what others say differently."""
    payers = Payers(house)
    believed_of = {account.account_id: _believed_account(account, payers, month) for account in house.accounts}
    conflicts, instead = _differences(house, month, believed_of, chosen)
    accounts: list[AccountFacts] = []
    for account in house.accounts:
        believed = believed_of[account.account_id]
        together = {one.account_id for one in payers.together(account)}
        measured, lived = (
            next((one for one in instead[attribute] if one.account_id in together), believed) for attribute in ("area", "residents")
        )
        accounts.append(
            replace(
                account,
                area_e2=measured.area_e2,
                areas=measured.areas,
                residences=lived.residences,
                absences=lived.absences,
                owners=believed.owners,
                owners_source=believed.owners_source,
                **_of_premises(account, believed),
            )
        )
    return tuple(accounts), conflicts


def _differences(
    house: HouseFacts, month: Month, believed_of: Mapping[EntityId, AccountFacts], chosen: Chosen | None
) -> tuple[list[Conflict], dict[str, list[AccountFacts]]]:
    """What senders say differently of places and payers, and by attribute the accounts whose value was chosen over the believed one's."""
    differing: dict[tuple[str, str, str | None, str], _Differing] = {}

    def differs(entity: str, attribute: str, believed: AccountFacts, account: AccountFacts, values: tuple[str, str]) -> None:
        payer = believed.number if entity == "account_group" else ""
        place = (attribute, believed.premises_number, believed.room_number, believed.key if entity == "account_group" else "")
        if place not in differing:
            conflict = Conflict(entity, attribute, believed.premises_number, (), believed.sender, room=believed.room_number, payer=payer)
            differing[place] = _Differing(conflict, {believed.sender: values[0]}, {}, {believed.sender: believed})
        differing[place].values.setdefault(account.sender, values[1])
        differing[place].standing.setdefault(account.sender, account)
        differing[place].accounts |= dict.fromkeys((believed.account_id, account.account_id))

    for account in house.accounts:
        believed = believed_of[account.account_id]
        if account.sender == believed.sender:
            continue
        if account.area_e2 != believed.area_e2:
            differs("premises", "area", believed, account, (_area(believed), _area(account)))
        if account.residences and _people(account, month) != _people(believed, month):
            differs("account_group", "residents", believed, account, (_people(believed, month), _people(account, month)))
    conflicts: list[Conflict] = []
    instead: dict[str, list[AccountFacts]] = {"area": [], "residents": []}
    for one in differing.values():
        sources = {i: _sources(account, one.conflict.attribute) for i, account in one.standing.items()}
        whole = replace(
            one.conflict,
            values=tuple(sorted(one.values.items())),
            accounts=tuple(one.accounts),
            sources=tuple(sorted(sources.items())),
            kinds=tuple(sorted((i, account.kind) for i, account in one.standing.items())),
        )
        settled = _settled(whole, chosen)
        conflicts.append(settled)
        if settled.chosen != whole.chosen:
            instead[settled.attribute].append(one.standing[settled.chosen])
    return conflicts, instead


def _settled(conflict: Conflict, chosen: Chosen | None) -> Conflict:
    """The conflict with whose value is taken and why."""
    found = None if chosen is None else chosen(conflict)
    return conflict if found is None else replace(conflict, chosen=found[0], how=found[1])


def _sources(account: AccountFacts, attribute: str) -> tuple[RecordId, ...]:
    if attribute == "area":
        return (account.areas[-1][2],) if account.areas else (account.source,)
    return tuple(one.source for one in account.residences) or (account.source,)


def _of_premises(account: AccountFacts, believed: AccountFacts) -> dict[str, Any]:
    """Heating, living area and allocators of the premises: as acts say of the believed account, else of the account itself."""
    groups = (("own_heating_e2", "own_heating_source"), ("living_area_e2", "living_area_source"), ("allocator_e3", "allocator_source"))
    return {name: getattr(believed if getattr(believed, group[0]) else account, name) for group in groups for name in group}


def _believed_account(account: AccountFacts, payers: Payers, month: Month) -> AccountFacts:
    """The management account of the payer: of several, as when the company changes inside the month, the one that is open last."""
    management = [one for one in payers.together(account) if one.kind in _BELIEVED_KINDS]
    if account.kind in _BELIEVED_KINDS or not management:
        return account
    return max(management, key=lambda one: (one.closed_on is None or one.closed_on >= month.last, one.opened_on))


def _area(account: AccountFacts) -> str:
    return f"{account.area_e2 // 100}.{account.area_e2 % 100:02d}"


def _people(account: AccountFacts, month: Month) -> str:
    """Persons on some day of the month, as text."""
    return str(sum(days_between(max(one.first, month.first), min(one.last or month.last, month.last)) > 0 for one in account.residences))


def _fias(houses: Sequence[HouseFacts], order: Sequence[int]) -> list[Conflict]:
    """The senders' GUID of the house where it differs beyond case; the first is kept until it is checked."""
    values = tuple((i, houses[i].fias) for i in sorted(order))
    if len({fias.lower() for _, fias in values}) == 1:
        return []
    sources = tuple((i, (houses[i].source,)) for i in sorted(order))
    kinds = tuple((i, min((account.kind for account in houses[i].accounts), default=0)) for i in sorted(order))
    return [Conflict("house", "fias_house", None, values, order[0], sources=sources, kinds=kinds)]

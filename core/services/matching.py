"""Finding the accounts that payments name, for a batch at a time: exact identifiers, other ways to write a number, and proposals.

Set-based look-ups: all texts as they stand; other forms of those that were not found; what is remembered of the agent's texts; slips of
those still not found, with the candidates' houses, flats and debts, and two slips at once of those that nothing is near.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId
from core.ledger.balances import open_items
from core.model.checked import frozen_when_checked
from core.payments.match import Candidate, Claim, Match, Proposal, decide, far_slips, normal_number, propose, same_number, slips
from core.records.crosswalk import find_by_external, find_remembered
from core.records.entities import AccountNumber, Entity, describe_entities, find_accounts
from core.records.places import house_addresses, placed_accounts

__all__ = ["Found", "find_payers"]


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class Found:
    """What came of a claim. ``account_id`` and its provider when it is certain, else proposals."""

    account_id: EntityId | None
    provider_id: ProviderId | None
    proposals: tuple[Proposal, ...] = ()


def find_payers(connection: Connection, claims: Sequence[Claim]) -> list[Found]:
    """The account of each claim, in the order given; proposals where there is none."""
    by_number = find_accounts(connection, sorted({claim.account_text for claim in claims if claim.account_text}))
    others = {form for claim in claims if claim.account_text not in by_number for form in same_number(claim.account_text)}
    if others:
        by_number |= find_accounts(connection, sorted(others - by_number.keys()))
    provider_of = {hit.account_id: hit.provider_id for hits in by_number.values() for hit in hits}
    known: dict[tuple[str, str], list[Candidate]] = {("account", number): _candidates(hits) for number, hits in by_number.items()}
    for identifier, entities in _by_identifiers(connection, claims).items():
        known[identifier] = [Candidate(entity.entity_id, entity.key, provider_id=entity.provider_id) for entity in entities]
        provider_of |= {entity.entity_id: entity.provider_id for entity in entities}
    matches = [decide(claim, known) for claim in claims]
    strange = [claim for claim, match in zip(claims, matches, strict=True) if _is_lost(match) and claim.agent]
    for identifier, entities in _by_agents(connection, strange).items():
        known[identifier] = [Candidate(entity.entity_id, entity.key, provider_id=entity.provider_id) for entity in entities]
        provider_of |= {entity.entity_id: entity.provider_id for entity in entities}
    matches = [decide(claim, known) if _is_lost(match) else match for claim, match in zip(claims, matches, strict=True)]
    lost = [claim for claim, match in zip(claims, matches, strict=True) if _is_lost(match)]
    proposals = {claim: propose(claim, near) for near in (_near(connection, lost, slips),) for claim in lost}
    nothing = [claim for claim, likely in proposals.items() if not likely]
    proposals |= {claim: propose(claim, near, far=True) for near in (_near(connection, nothing, far_slips),) for claim in nothing}
    return [
        Found(None, None, match.proposals or proposals.get(claim, ()))
        if match.account_id is None
        else Found(match.account_id, provider_of[match.account_id])
        for claim, match in zip(claims, matches, strict=True)
    ]


def _is_lost(match: Match) -> bool:
    return match.account_id is None and not match.proposals


def _candidates(hits: Iterable[AccountNumber]) -> list[Candidate]:
    return [Candidate(hit.account_id, hit.number, hit.payer_name, hit.provider_id) for hit in hits]


def _near(
    connection: Connection, claims: Sequence[Claim], reading: Callable[[str], Mapping[str, tuple[int, str]]]
) -> Mapping[str, list[Candidate]]:
    """Accounts that a slip of the hand would have turned into one of the texts, with what else may speak for them."""
    numbers = {number for claim in claims for number in reading(claim.account_text)}
    if not numbers:
        return {}
    found = find_accounts(connection, sorted(numbers))
    accounts = sorted({hit.account_id for hits in found.values() for hit in hits})
    places = placed_accounts(connection, accounts)
    addresses = house_addresses(connection, {place.house_id for place in places.values() if place.house_id is not None})
    owed: dict[EntityId, int] = defaultdict(int)
    for item in open_items(connection, accounts):
        owed[item.account_id] += item.amount

    def described(candidate: Candidate) -> Candidate:
        place = places.get(candidate.account_id)
        house = "" if place is None or place.house_id is None else addresses.get(place.house_id, "")
        address = f"{house}, {place.flat}" if place is not None and house and place.flat else ""
        return replace(candidate, address=address, owed=max(owed[candidate.account_id], 0))

    return {number: [described(candidate) for candidate in _candidates(hits)] for number, hits in found.items()}


def _by_agents(connection: Connection, claims: Sequence[Claim]) -> Mapping[tuple[str, str], list[Entity]]:
    """Accounts by the agents' own numbers and by what people decided about the agents' texts."""
    texts: dict[str, set[str]] = defaultdict(set)
    for claim in claims:
        texts[claim.agent].add(normal_number(claim.account_text))
    hits = {
        (f"agent/{agent}", text): accounts
        for agent, those in texts.items()
        for text, accounts in find_remembered(connection, agent=agent, texts=sorted(those - {""})).items()
    }
    entities = describe_entities(connection, {account for accounts in hits.values() for account in accounts})
    return {key: [entities[account] for account in accounts if account in entities] for key, accounts in hits.items()}


def _by_identifiers(connection: Connection, claims: Sequence[Claim]) -> Mapping[tuple[str, str], list[Entity]]:
    """Accounts by the federal system's identifiers, which few payments carry."""
    wanted = sorted({identifier for claim in claims for identifier in claim.identifiers()})
    hits = {(kind, value): find_by_external(connection, system="gis", kind=kind, value=value) for kind, value in wanted}
    entities = describe_entities(connection, {entity for those in hits.values() for entity in those})
    accounts = {key: [entities[i] for i in those if i in entities and entities[i].kind == "account"] for key, those in hits.items()}
    return {key: those for key, those in accounts.items() if those}

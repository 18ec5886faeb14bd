"""Finding the accounts that payments name, for a batch at a time: exact identifiers, other ways to write a number, and proposals.

Three set-based look-ups at most: all texts as they stand; other forms of those that were not found; slips of those still not found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from core.ids import EntityId, ProviderId
from core.payments.match import Candidate, Claim, Proposal, decide, propose, same_number, slips
from core.records.crosswalk import find_by_external
from core.records.entities import AccountNumber, Entity, describe_entities, find_accounts

__all__ = ["Found", "find_payers"]


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
        known[identifier] = [Candidate(entity.entity_id, entity.key) for entity in entities]
        provider_of |= {entity.entity_id: entity.provider_id for entity in entities}
    matches = [decide(claim, known) for claim in claims]
    lost = [claim for claim, match in zip(claims, matches, strict=True) if match.account_id is None and not match.proposals]
    likely = _near(connection, lost)
    found = []
    for claim, match in zip(claims, matches, strict=True):
        if match.account_id is None:
            found.append(Found(None, None, match.proposals or propose(claim, likely)))
        else:
            found.append(Found(match.account_id, provider_of[match.account_id]))
    return found


def _candidates(hits: Iterable[AccountNumber]) -> list[Candidate]:
    return [Candidate(hit.account_id, hit.number, hit.payer_name) for hit in hits]


def _near(connection: Connection, claims: Sequence[Claim]) -> Mapping[str, list[Candidate]]:
    """Accounts that a slip of the hand would have turned into one of the texts."""
    numbers = {number for claim in claims for number in slips(claim.account_text)}
    return {number: _candidates(hits) for number, hits in find_accounts(connection, sorted(numbers)).items()} if numbers else {}


def _by_identifiers(connection: Connection, claims: Sequence[Claim]) -> Mapping[tuple[str, str], list[Entity]]:
    """Accounts by the federal system's identifiers, which few payments carry."""
    wanted = sorted({identifier for claim in claims for identifier in claim.identifiers()})
    hits = {(kind, value): find_by_external(connection, system="gis", kind=kind, value=value) for kind, value in wanted}
    entities = describe_entities(connection, {entity for those in hits.values() for entity in those})
    accounts = {key: [entities[i] for i in those if i in entities and entities[i].kind == "account"] for key, those in hits.items()}
    return {key: those for key, those in accounts.items() if those}

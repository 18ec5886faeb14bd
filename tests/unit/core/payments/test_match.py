"""Exactly one account, or nothing: and the right one first among the proposals when a hand has slipped."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from core.ids import EntityId, ProviderId
from core.payments.match import Candidate, Claim, decide, is_memorable, propose, same_number, slips


def known(*candidates: Candidate) -> Mapping[tuple[str, str], Sequence[Candidate]]:
    found: dict[tuple[str, str], list[Candidate]] = {}
    for candidate in candidates:
        found.setdefault(("account", candidate.number), []).append(candidate)
    return found


FIRST, SECOND = Candidate(EntityId(1), "000100200301", "Примеров Пётр"), Candidate(EntityId(2), "000100200302", "Образцова Анна")


def test_the_number_as_it_stands() -> None:
    match = decide(Claim("000100200301"), known(FIRST, SECOND))
    assert (match.account_id, match.by) == (1, "account")


def test_leading_zeros_and_look_alike_letters_are_the_same_number() -> None:
    assert decide(Claim("100200301"), known(FIRST, SECOND)).account_id == 1
    lettered = Candidate(EntityId(3), "77-АВ12")
    assert decide(Claim("77-ab12"), known(lettered)).account_id == 3


def test_two_accounts_of_one_number_are_nobody() -> None:
    match = decide(Claim("42"), known(Candidate(EntityId(1), "042"), Candidate(EntityId(2), "0042")))
    assert match.account_id is None
    assert [proposal.account_id for proposal in match.proposals] == [1, 2]


def test_the_surest_identifier_decides() -> None:
    found = {**known(FIRST, SECOND), ("ipd", "10ТТ100002-01-6022"): [SECOND]}
    assert decide(Claim("000100200301", ipd="10tt100002-01-6022"), found).account_id == 2
    assert decide(Claim("000100200301", ipd="10ТТ999999-01-6022"), found).account_id == 1


def test_a_slip_is_proposed_and_never_taken() -> None:
    claim = Claim("000100200310", payer_name="ПРИМЕРОВ П. И.")
    assert decide(claim, known(FIRST, SECOND)).account_id is None
    near = {candidate.number: [candidate] for candidate in (FIRST, SECOND)}
    first = propose(claim, near)[0]
    assert (first.account_id, first.score) == (1, 79)  # one sign off, the surname and initials agree in part
    assert propose(Claim(""), near) == ()
    assert decide(Claim(""), known(FIRST)).account_id is None


def damaged(number: str, chance: random.Random) -> str:
    """One slip: a swap, a wrong digit, a lost or a doubled one, a letter for a digit, lost zeros."""
    place = chance.randrange(len(number) - 1)
    kind = chance.randrange(6)
    if kind == 0:
        return number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if kind == 1:
        return number[:place] + chance.choice("0123456789") + number[place + 1 :]
    if kind == 2:
        return number[:place] + number[place + 1 :]
    if kind == 3:
        return number[:place] + number[place] + number[place:]
    if kind == 4:
        return number.replace("0", "О", 1).replace("3", "З", 1)
    return number.lstrip("0")


def test_the_right_account_is_found_or_proposed_first() -> None:
    chance = random.Random(20261124)
    numbers = [f"{chance.randrange(10**9):09d}".zfill(11) for _ in range(400)]
    by_number = {number: [Candidate(EntityId(place), number)] for place, number in enumerate(numbers)}
    hits = 0
    for place, number in enumerate(numbers):
        claim = Claim(damaged(number, chance))
        exact = {("account", form): by_number[form] for form in same_number(claim.account_text) if form in by_number}
        match = decide(claim, exact)
        assert match.account_id in (None, place)
        proposals = propose(claim, by_number)
        hits += match.account_id == place or bool(proposals and proposals[0].account_id == place)
    assert hits >= 380


def test_slips_are_few() -> None:
    assert len(slips("41100000276")) < 300


def test_the_agents_own_number_comes_last_and_two_accounts_of_it_are_nobody() -> None:
    claim = Claim("55-0001", agent="sber-delimited")
    remembered = {("agent/sber-delimited", "55-0001"): [FIRST]}
    assert decide(claim, remembered).account_id == 1
    assert decide(Claim("55-0001", agent="pipe-delimited"), remembered).account_id is None
    assert decide(claim, {("agent/sber-delimited", "55-0001"): [FIRST, SECOND]}).account_id is None
    taken = Candidate(EntityId(3), "55-0001")
    assert decide(claim, {**remembered, **known(taken)}).account_id == 3


def test_money_that_came_to_one_provider_is_for_its_accounts_only() -> None:
    mine, other = Candidate(EntityId(1), "42", provider_id=ProviderId(7)), Candidate(EntityId(2), "42", provider_id=ProviderId(8))
    assert decide(Claim("42"), known(mine, other)).account_id is None
    assert decide(Claim("42", payee=ProviderId(8)), known(mine, other)).account_id == 2
    assert decide(Claim("42", payee=ProviderId(9)), known(mine, other)).account_id is None


def test_too_short_a_text_is_not_remembered() -> None:
    assert [is_memorable(text) for text in ("", "кв 12", "7704", "77-А12/34", "000100")] == [False, False, False, True, True]

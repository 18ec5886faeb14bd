"""The list of 500 damaged texts (``tests/cases/matching``): the right account comes first in 95 of 100, nothing is posted wrongly."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from core.ids import EntityId
from core.payments.match import Candidate, Claim, Proposal, decide, propose, same_number
from tests.cases.matching import draw

LIST = Path(draw.__file__).with_name("damaged.tsv")
MAY_BE_POSTED = frozenset(("zeros_lost", "zeros_added", "spaces", "latin_letters", "lower_case"))
"""Kinds in which only the writing of the number differs."""


def test_the_list_is_what_the_program_draws() -> None:
    assert LIST.read_text(encoding="utf-8").splitlines() == list(draw.rows())
    assert sum(draw.KINDS.values()) == 500


def test_the_right_account_comes_first_and_nothing_is_posted_on_a_likeness() -> None:
    rows = [line.split("\t") for line in LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    known: dict[str, list[Candidate]] = {}
    for place, (_, number, name, address, owed) in enumerate(row for row in rows if row[0] == "A"):
        known.setdefault(number, []).append(Candidate(EntityId(place), number, name, address=address, owed=int(owed)))
    first: Counter[str] = Counter()
    missed = []
    for _, kind, number, text, name, address, amount in (row for row in rows if row[0] == "T"):
        claim = Claim(text, payer_name=name, payer_address=address, amount=int(amount))
        match = decide(claim, {("account", form): known[form] for form in same_number(text) if form in known})
        [meant] = known[number]
        if match.account_id is not None:
            assert (match.account_id, kind in MAY_BE_POSTED) == (meant.account_id, True), (kind, number, text)
            first[kind] += 1
            continue
        proposals: tuple[Proposal, ...] = match.proposals or propose(claim, known) or propose(claim, known, far=True)
        if proposals and proposals[0].account_id == meant.account_id:
            first[kind] += 1
        else:
            missed.append((kind, number, text, name, proposals[:2]))
    assert sum(first.values()) >= 475, missed
    for kind, count in draw.KINDS.items():
        assert first[kind] >= 0.8 * count, (kind, first[kind], [item for item in missed if item[0] == kind])

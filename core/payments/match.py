"""Whose payment is it: exactly one account, or suspense with scored proposals. Nothing is posted on a likeness.

Identifiers are tried from the surest (ИПД, ИЖКУ, ЕЛС, then the personal account); the first that is known decides, and two hits are none.
A personal account may differ in writing only (leading zeros that a bank's table lost, look-alike letters, spaces): that is the same number.
What may be a slip of the hand (a wrong, lost or swapped digit) is proposed to an operator, never taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.ids import EntityId

__all__ = ["SHARED_NUMBER", "Candidate", "Claim", "Match", "Proposal", "decide", "normal_number", "propose", "same_number", "slips"]

SHARED_NUMBER = "под этим номером несколько счетов"
"""Why an exact number is no match."""
_LOOK_ALIKE = str.maketrans("ABCEHKMOPTXY", "АВСЕНКМОРТХУ")
_AS_DIGIT = str.maketrans({"О": "0", "З": "3", "Б": "6", "В": "8", "L": "1", "I": "1", "|": "1", "S": "5", "Ч": "4"})
_IGNORED = str.maketrans("", "", " \u00a0\t'\"№")
_WIDEST = 20
_SAME, _LETTER_FOR_DIGIT, _SWAPPED, _ONE_OFF = 95, 90, 80, 70
_NAME_BONUS = 15


@dataclass(frozen=True, slots=True)
class Claim:
    """What a payment says about its account."""

    account_text: str
    els: str = ""
    izku: str = ""
    ipd: str = ""
    payer_name: str = ""

    def identifiers(self) -> Iterator[tuple[str, str]]:
        """Kind and value, the surest first."""
        for kind in ("ipd", "izku", "els"):
            if value := getattr(self, kind):
                yield kind, value.upper().translate(_LOOK_ALIKE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known account."""

    account_id: EntityId
    number: str
    payer_name: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An account that the payer may have meant; the score is 0 to 100."""

    account_id: EntityId
    number: str
    score: int
    why: str


@dataclass(frozen=True, slots=True)
class Match:
    """The account, and by what; or None with proposals."""

    account_id: EntityId | None
    by: str
    proposals: tuple[Proposal, ...] = ()


def normal_number(text: str) -> str:
    """A personal account as numbers are compared: no spaces, upper case, Latin look-alikes as Cyrillic letters.

    >>> normal_number(" 77-aB 12")
    '77-АВ12'
    """
    return text.translate(_IGNORED).upper().translate(_LOOK_ALIKE)


def same_number(text: str) -> tuple[str, ...]:
    """Ways to write the same number: as it stands, in normal form, with other leading zeros.

    >>> same_number("0042")[:4]
    ('0042', '42', '042', '00042')
    """
    normal = normal_number(text)
    forms = [text, normal]
    if normal.isascii() and normal.isdigit():
        bare = normal.lstrip("0") or "0"
        forms += [bare.zfill(width) for width in range(len(bare), _WIDEST + 1)]
    return tuple(dict.fromkeys(form for form in forms if form))


def slips(text: str) -> Mapping[str, tuple[int, str]]:
    """Numbers that a slip could have turned into the text, with a score and the reason, the likeliest reading of each."""
    normal = normal_number(text)
    found: dict[str, tuple[int, str]] = {}
    digits = normal.translate(_AS_DIGIT)
    if digits != normal:
        for form in same_number(digits):
            found.setdefault(form, (_LETTER_FOR_DIGIT, "буква вместо цифры"))
    for place in range(len(digits) - 1):
        swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
        found.setdefault(swapped, (_SWAPPED, "переставлены соседние знаки"))
    for place in range(len(digits)):
        found.setdefault(digits[:place] + digits[place + 1 :], (_ONE_OFF, "лишний знак"))
        for digit in "0123456789":
            found.setdefault(digits[:place] + digit + digits[place + 1 :], (_ONE_OFF, "один знак другой"))
    for place in range(len(digits) + 1):
        for digit in "0123456789":
            found.setdefault(digits[:place] + digit + digits[place:], (_ONE_OFF, "пропущен знак"))
    for form in same_number(text):
        found.pop(form, None)
    found.pop("", None)
    return found


def decide(claim: Claim, known: Mapping[tuple[str, str], Sequence[Candidate]]) -> Match:
    """The only account that the claim names. ``known`` holds what was found under (kind, value); accounts under ``("account", number)``.

    All ways to write the account's number are looked at before those are counted, so ``42`` and ``0042`` of two accounts are two hits;
    a number that is written exactly as one account's is that account's.
    """
    for kind, value in claim.identifiers():
        hits = known.get((kind, value), ())
        if hits:
            return _only(hits, kind)
    if not claim.account_text:
        return Match(None, "")
    exact = known.get(("account", claim.account_text), ())
    if exact:
        return _only(exact, "account")
    hits = [hit for form in same_number(claim.account_text) for hit in known.get(("account", form), ())]
    return _only(hits, "account_form") if hits else Match(None, "")


def _only(hits: Sequence[Candidate], kind: str) -> Match:
    found = {hit.account_id: hit for hit in hits}
    if len(found) == 1:
        return Match(next(iter(found)), kind)
    proposals = (Proposal(hit.account_id, hit.number, _SAME, SHARED_NUMBER) for hit in found.values())
    return Match(None, "", tuple(sorted(proposals, key=lambda proposal: int(proposal.account_id))))


def propose(claim: Claim, known: Mapping[str, Sequence[Candidate]], *, limit: int = 5) -> tuple[Proposal, ...]:
    """Accounts near the text, the likeliest first; a payer of the same surname counts for it. ``known`` is by number."""
    surname = _surname(claim.payer_name)
    found: dict[EntityId, Proposal] = {}
    for number, (score, why) in slips(claim.account_text).items():
        for candidate in known.get(number, ()):
            if surname and surname == _surname(candidate.payer_name):
                score, why = min(score + _NAME_BONUS, 99), f"{why}; фамилия совпадает"
            proposal = Proposal(candidate.account_id, candidate.number, score, why)
            if candidate.account_id not in found or found[candidate.account_id].score < score:
                found[candidate.account_id] = proposal
    ordered = sorted(found.values(), key=lambda proposal: (-proposal.score, proposal.number, int(proposal.account_id)))
    return tuple(ordered[:limit])


def _surname(name: str) -> str:
    words = name.upper().replace("Ё", "Е").split()
    return words[0] if words else ""

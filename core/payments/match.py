"""Whose payment is it: exactly one account, or suspense with scored proposals. Nothing is posted on a likeness.

Identifiers are tried from the surest (ИПД, ИЖКУ, ЕЛС, then the personal account); the first that is known decides, and two hits are none.
A personal account may differ in writing only (leading zeros that a bank's table lost, look-alike letters, spaces): that is the same number.
Last comes the agent's own number of the account: learned from the agent, or from what a person decided about the same text of that agent.
What may be a slip of the hand (a wrong, lost or swapped digit) is proposed to an operator, never taken: the likeliest slip first, and what
else the payment says (payer, address, a sum that is exactly what is owed) counts for an account or against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.ids import EntityId, ProviderId
from core.model.checked import frozen_when_checked

__all__ = [
    "SHARED_NUMBER",
    "Candidate",
    "Claim",
    "Match",
    "Proposal",
    "decide",
    "far_slips",
    "is_memorable",
    "normal_number",
    "propose",
    "same_number",
    "slips",
]

SHARED_NUMBER = "под этим номером несколько счетов"
"""Why an exact number is no match."""
_LOOK_ALIKE = str.maketrans("ABCEHKMOPTXY", "АВСЕНКМОРТХУ")
_AS_DIGIT = str.maketrans({"О": "0", "З": "3", "Б": "6", "В": "8", "L": "1", "I": "1", "|": "1", "S": "5", "Ч": "4"})
_IGNORED = str.maketrans("", "", " \u00a0\t'\"№")
_AS_LATIN = {cyrillic: latin for latin, cyrillic in _LOOK_ALIKE.items()}
_WIDEST = 20
_MEMORABLE = 5
_SAME, _LETTER_FOR_DIGIT, _SWAPPED, _DOUBLED, _ONE_OFF, _FAR = 85, 80, 70, 68, 60, 50
_NAME, _ADDRESS, _OWED, _OTHER_NAME, _OTHER_FLAT = 14, 14, 10, -6, -10
_PREFIX = re.compile(r"^(?:л\s*[/.]?\s*с|лицевой\s+сч[её]т|сч[её]т)[\s.:№]*", re.IGNORECASE)
_FRACTION = re.compile(r"^(\d+)[.,]0*$")
_WITH_FLAT = re.compile(r"^(\d{5,})(?:\s*кв\.?\s*|[/\s-])(\d{1,4})$", re.IGNORECASE)
_STREET_WORD = re.compile(r"[а-я]{4,}")
_NUMBER = re.compile(r"\d+")


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class Claim:
    """What a payment says about its account."""

    account_text: str
    els: str = ""
    izku: str = ""
    ipd: str = ""
    payer_name: str = ""
    payer_address: str = ""
    amount: int = 0
    """Kopecks; 0: not said."""
    agent: str = ""
    """Whose own numbers of accounts the text may be; empty: nobody's."""
    payee: ProviderId | None = None
    """The provider whose own bank account the money came to: only its accounts are meant. None: the collecting account of all."""

    def identifiers(self) -> Iterator[tuple[str, str]]:
        """Kind and value, the surest first."""
        for kind in ("ipd", "izku", "els"):
            if value := getattr(self, kind):
                yield kind, value.upper().translate(_LOOK_ALIKE)


@frozen_when_checked
@dataclass(frozen=True, slots=True)
class Candidate:
    """A known account."""

    account_id: EntityId
    number: str
    payer_name: str = ""
    provider_id: ProviderId | None = None
    address: str = ""
    """House and flat."""
    owed: int = 0
    """Kopecks; what it is asked for now."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An account that the payer may have meant; the score is 0 to 100."""

    account_id: EntityId
    number: str
    score: int
    why: str


@frozen_when_checked
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
    else:
        forms.append(normal.translate(_AS_LATIN))
    return tuple(dict.fromkeys(form for form in forms if form))


def is_memorable(text: str) -> bool:
    """Whether what a person decided about a text holds for the next payment with it: too short a text is anybody's slip."""
    return sum(sign.isdigit() for sign in text) >= _MEMORABLE


def slips(text: str) -> Mapping[str, tuple[int, str]]:
    """Numbers that a slip could have turned into the text, with a score and the reason, the likeliest reading of each."""
    found: dict[str, tuple[int, str]] = {}
    for cleaned, why in _cleaned(text):
        for form in same_number(cleaned):
            found.setdefault(form, (_SAME, why))
    normal = normal_number(_PREFIX.sub("", text))
    digits = normal.translate(_AS_DIGIT) if any(sign.isdigit() for sign in normal) and "/" not in normal else normal
    if digits != normal:
        for form in same_number(digits):
            found.setdefault(form, (_LETTER_FOR_DIGIT, "буква вместо цифры"))
    for place in range(len(digits) - 1):
        found.setdefault(_swap(digits, place, place + 1), (_SWAPPED, "переставлены соседние знаки"))
    for place in range(len(digits)):
        doubled = place > 0 and digits[place] == digits[place - 1]
        extra = (_DOUBLED, "знак повторён") if doubled else (_ONE_OFF, "лишний знак")
        found.setdefault(digits[:place] + digits[place + 1 :], extra)
        for digit in "0123456789":
            found.setdefault(digits[:place] + digit + digits[place + 1 :], (_ONE_OFF, "один знак другой"))
    for place in range(len(digits) + 1):
        for digit in "0123456789":
            found.setdefault(digits[:place] + digit + digits[place:], (_ONE_OFF, "пропущен знак"))
    for place in range(len(digits) - 2):
        found.setdefault(_swap(digits, place, place + 2), (_FAR, "переставлены знаки через один"))
    for place in range(len(digits) - 1):
        if digits[place] == digits[place + 1]:
            for digit in "0123456789":
                found.setdefault(digits[:place] + digit * 2 + digits[place + 2 :], (_FAR, "пара одинаковых знаков другая"))
    for form in same_number(text):
        found.pop(form, None)
    found.pop("", None)
    return found


def far_slips(text: str) -> Mapping[str, tuple[int, str]]:
    """Two slips at once, for texts that nothing is near: the end is lost, or leading zeros are lost and a sign is wrong."""
    normal = normal_number(_PREFIX.sub("", text))
    found: dict[str, tuple[int, str]] = {}
    for tail in (*(str(one) for one in range(10)), *(f"{one:02}" for one in range(100))):
        found.setdefault(normal + tail, (_FAR, "потерян конец"))
    bare = normal.lstrip("0")
    if bare.isascii() and bare.isdigit():
        for number, (_, why) in slips(bare).items():
            for form in same_number(number) if len(number) > 3 and number.isdigit() else ():
                found.setdefault(form, (_FAR, f"другие ведущие нули, {why}"))
    return found


def _cleaned(text: str) -> Iterator[tuple[str, str]]:
    """The text without what was written around the number."""
    bare = _PREFIX.sub("", text.strip())
    if bare != text.strip():
        yield bare, "слова перед номером"
    if fraction := _FRACTION.match(bare):
        yield fraction[1], "номер записан дробью"
    if flat := _WITH_FLAT.match(bare):
        yield flat[1], "к номеру дописана квартира"


def _swap(text: str, first: int, second: int) -> str:
    signs = list(text)
    signs[first], signs[second] = signs[second], signs[first]
    return "".join(signs)


def decide(claim: Claim, known: Mapping[tuple[str, str], Sequence[Candidate]]) -> Match:
    """The only account that the claim names. ``known`` holds what was found under (kind, value); accounts under ``("account", number)``.

    All ways to write the account's number are looked at before those are counted, so ``42`` and ``0042`` of two accounts are two hits;
    a number that is written exactly as one account's is that account's.
    """
    for kind, value in claim.identifiers():
        hits = _payees(claim, known.get((kind, value), ()))
        if hits:
            return _only(hits, kind)
    if not claim.account_text:
        return Match(None, "")
    exact = _payees(claim, known.get(("account", claim.account_text), ()))
    if exact:
        return _only(exact, "account")
    hits = _payees(claim, [hit for form in same_number(claim.account_text) for hit in known.get(("account", form), ())])
    if hits:
        return _only(hits, "account_form")
    external = _payees(claim, known.get((f"agent/{claim.agent}", normal_number(claim.account_text)), ())) if claim.agent else []
    return _only(external, "external") if external else Match(None, "")


def _payees(claim: Claim, hits: Sequence[Candidate]) -> list[Candidate]:
    """Hits within the payee."""
    return [hit for hit in hits if claim.payee is None or hit.provider_id in (None, claim.payee)]


def _only(hits: Sequence[Candidate], kind: str) -> Match:
    found = {hit.account_id: hit for hit in hits}
    if len(found) == 1:
        return Match(next(iter(found)), kind)
    proposals = (Proposal(hit.account_id, hit.number, _SAME, SHARED_NUMBER) for hit in found.values())
    return Match(None, "", tuple(sorted(proposals, key=lambda proposal: int(proposal.account_id))))


def propose(claim: Claim, known: Mapping[str, Sequence[Candidate]], *, far: bool = False, limit: int = 5) -> tuple[Proposal, ...]:
    """Accounts near the text, the likeliest first. ``known`` is by number; ``far`` looks at two slips at once."""
    found: dict[EntityId, tuple[int, str, Candidate]] = {}
    for number, (score, why) in (far_slips if far else slips)(claim.account_text).items():
        for candidate in _payees(claim, known.get(number, ())):
            points, reasons = _evidence(claim, candidate)
            if candidate.account_id not in found or found[candidate.account_id][0] < score + points:
                found[candidate.account_id] = (score + points, "; ".join((why, *reasons)), candidate)
    ordered = sorted(found.values(), key=lambda item: (-item[0], item[2].number, int(item[2].account_id)))
    return tuple(Proposal(one.account_id, one.number, max(1, min(score, 99)), why) for score, why, one in ordered[:limit])


def _evidence(claim: Claim, candidate: Candidate) -> tuple[int, list[str]]:
    """What else the payment says for an account or against it: points and reasons."""
    points, reasons = 0, []
    surname, theirs = _surname(claim.payer_name), _surname(candidate.payer_name)
    if surname and theirs:
        same = surname == theirs
        points += _NAME + (3 if _initials(claim.payer_name) == _initials(candidate.payer_name) else -5) if same else _OTHER_NAME
        reasons += ["фамилия совпадает"] if same else []
    given, known = _place(claim.payer_address), _place(candidate.address)
    if given is not None and known is not None:
        same = given[1] == known[1] and bool(given[0] & known[0])
        points += _ADDRESS if same else _OTHER_FLAT
        reasons += ["адрес совпадает"] if same else []
    if claim.amount and claim.amount == candidate.owed:
        points += _OWED
        reasons.append("сумма равна долгу")
    return points, reasons


def _initials(name: str) -> tuple[str, ...]:
    return tuple(word[0] for word in name.upper().replace(".", " ").split()[1:3])


def _place(address: str) -> tuple[frozenset[str], tuple[str, ...]] | None:
    """Words of an address that may be its street, and its house and flat; None where these are not told."""
    text = address.lower().replace("ё", "е")
    numbers = tuple(_NUMBER.findall(text)[-2:])
    return (frozenset(_STREET_WORD.findall(text)), numbers) if len(numbers) == 2 else None


def _surname(name: str) -> str:
    words = name.upper().replace("Ё", "Е").split()
    return words[0] if words else ""

"""Registries against statement lines: every payment and every line is in exactly one named state, and the sums close to the kopeck.

A registry is what an agent says it took; a line is what came to the account. They meet by the payment order's number and date, by the
registry named in the purpose, by the sums named there, or by an equal sum; never by likeness. States and fee models: bank-formats,
section 14.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

__all__ = [
    "AGENT_ACCOUNTS",
    "LineFact",
    "LineOutcome",
    "Reconciliation",
    "RegistryFact",
    "RegistryLink",
    "RegistryOutcome",
    "expected_transfer",
    "is_agent",
    "is_bank_charge",
    "reconcile",
    "refunds",
    "returned_transfers",
]

FeeModel = Literal["kept", "on_top", "billed"]

AGENT_ACCOUNTS = ("40821", "40911", "30232", "30233")
"""Balance accounts from which agents settle; a credit from one of them is never a single payer's payment (bank-formats 14)."""
_BANK_INCOME = ("70601", "47423")
_EQUAL_SUM_DAYS = 10


@dataclass(frozen=True, slots=True)
class RegistryLink:
    """A registry that a purpose names, with what it says of it; sums in kopecks."""

    number: str
    registry_on: date | None = None
    count: int | None = None
    amount: int | None = None
    fee: int | None = None

    @classmethod
    def parse(cls, text: str) -> RegistryLink:
        """Read the form in which a statement line keeps it: ``number date count amount fee``."""
        number, day, *numbers = text.split(" ")
        count, amount, fee = (None if part == "-" else int(part) for part in numbers)
        return cls(number, None if day == "-" else date.fromisoformat(day), count, amount, fee)


@dataclass(frozen=True, slots=True)
class RegistryFact:
    """A registry of payments. ``fee`` None: the format has no fee. ``payments`` counts its records by what became of them."""

    key: str
    number: str
    registry_on: date | None
    order_number: str
    order_on: date | None
    fee_model: FeeModel
    count: int
    amount: int
    fee: int | None
    transfer: int
    payments: Mapping[str, int] = field(default_factory=dict)
    """``posted``, ``suspense``, ``refused``, ``repeated``, ``disputed``, ``reversed``."""


@dataclass(frozen=True, slots=True)
class LineFact:
    """A statement line. ``account`` is the only account that its purpose names, if there is one."""

    key: str
    incoming: bool
    amount: int
    number: str
    document_on: date | None
    value_on: date | None
    other_account: str
    links: tuple[RegistryLink, ...] = ()
    account: str | None = None
    document_type: str = ""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class RegistryOutcome:
    """Where a registry stands. ``difference`` is ordered less expected; None while nothing is linked."""

    key: str
    state: str
    expected: int
    ordered: int
    difference: int | None
    lines: tuple[str, ...]
    payments: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """Where a statement line stands, the registries it touches with each one's share, and the account it was a payment of."""

    key: str
    state: str
    registries: tuple[str, ...]
    shares: tuple[int, ...] = ()
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All registries and lines, in the order given."""

    registries: tuple[RegistryOutcome, ...]
    lines: tuple[LineOutcome, ...]


def expected_transfer(registry: RegistryFact) -> int:
    """What the order must be by the fee model: the amount, less the fee where the agent keeps it."""
    return registry.transfer if registry.fee_model == "kept" else registry.amount


def reconcile(
    registries: Sequence[RegistryFact],
    lines: Sequence[LineFact],
    *,
    own_accounts: Iterable[str] = (),
    agent_accounts: Iterable[str] = (),
) -> Reconciliation:
    """Link registries and lines, share orders out, and name the state of each."""
    own, agents = frozenset(own_accounts), frozenset(agent_accounts)
    coverage = _Coverage(registries)
    index = _Index(registries)
    others = [line for line in lines if line.other_account not in own]
    back, given = returned_transfers(others), refunds(others)
    linked = {
        line.key: _linked(line, index, coverage)
        for line in lines
        if line.other_account not in own and line.key not in back and line.key not in given and is_agent(line, agents)
    }
    for line in lines:
        if line.incoming and line.key in linked:
            coverage.add(line, linked[line.key])
    outcomes = {registry.key: _registry_outcome(registry, coverage) for registry in registries}
    results = []
    for line in lines:
        found = linked.get(line.key, [])
        if line.key in back or line.key in given:
            results.append(LineOutcome(line.key, "returned_in" if line.incoming else "refund_out", ()))
            continue
        state = _line_state(line, found, outcomes, own=own, settles=line.key in linked)
        if state in ("agent_fee", "agent_fee_difference"):
            for registry in found:
                coverage.lines[registry.key].append(line.key)
        account = line.account if state == "direct_posted" else None
        shares = tuple(coverage.shares.get((line.key, registry.key), 0) for registry in found)
        results.append(LineOutcome(line.key, state, tuple(registry.key for registry in found), shares, account))
    final = tuple(_registry_outcome(registry, coverage) for registry in registries)
    return Reconciliation(final, tuple(results))


class _Coverage:
    """How much of each registry the orders have brought."""

    def __init__(self, registries: Sequence[RegistryFact]) -> None:
        self.ordered = {registry.key: 0 for registry in registries}
        self.lines: dict[str, list[str]] = {registry.key: [] for registry in registries}
        self.named_fee: dict[str, int] = {}
        self.shares: dict[tuple[str, str], int] = {}
        self.sums_taken: set[str] = set()

    def add(self, line: LineFact, registries: Sequence[RegistryFact]) -> None:
        """Share an order out: by the expected transfers when it equals their sum, else in the order of date and number."""
        if not registries:
            return
        expected = {registry.key: expected_transfer(registry) for registry in registries}
        if line.amount == sum(expected.values()):
            shares = expected
        else:
            rest = line.amount
            shares = {}
            ordered = sorted(registries, key=lambda registry: (registry.registry_on or date.min, registry.number))
            for registry in ordered[:-1]:
                shares[registry.key] = max(0, min(rest, expected[registry.key] - self.ordered[registry.key]))
                rest -= shares[registry.key]
            shares[ordered[-1].key] = rest
        for key, share in shares.items():
            self.ordered[key] += share
            self.lines[key].append(line.key)
            self.shares[line.key, key] = share
        for link in line.links:
            if link.fee is not None and len(registries) == 1:
                self.named_fee[registries[0].key] = link.fee


def is_agent(line: LineFact, agents: frozenset[str] = frozenset()) -> bool:
    """Whether a line speaks of registries: a credit from an agent, or anything whose purpose names one."""
    from_agent = line.incoming and (line.other_account in agents or line.other_account.startswith(AGENT_ACCOUNTS))
    return from_agent or bool(line.links)


def returned_transfers(lines: Sequence[LineFact]) -> dict[str, str]:
    """Our transfers that came back: credit → the debit it returns. Same account and sum, a purpose that says so, each debit once."""
    return _given_back(lines, incoming=True)


def refunds(lines: Sequence[LineFact]) -> dict[str, str]:
    """Our returns: debit → the payer's or agent's credit that it gives back (account and sum equal, a purpose that says so)."""
    return _given_back(lines, incoming=False)


def _given_back(lines: Sequence[LineFact], *, incoming: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    taken: set[str] = set()
    for line in lines:
        if line.incoming is not incoming or "возврат" not in line.purpose.casefold():
            continue
        day = line.value_on or line.document_on or date.max
        for other in lines:
            is_original = other.incoming is not incoming and other.key not in taken and other.other_account == line.other_account
            if is_original and other.amount == line.amount and (other.value_on or other.document_on or date.min) <= day:
                found[line.key] = other.key
                taken.add(other.key)
                break
    return found


def is_bank_charge(line: LineFact) -> bool:
    """Whether our bank took its fee: a debit to its income, or a bank order."""
    return not line.incoming and (line.other_account.startswith(_BANK_INCOME) or line.document_type.casefold() == "банковский ордер")


class _Index:
    """Registries by what a line can name of them, so that a line looks at a few and not at all."""

    def __init__(self, registries: Sequence[RegistryFact]) -> None:
        self._place = {registry.key: place for place, registry in enumerate(registries)}
        self.by_order: dict[str, list[RegistryFact]] = defaultdict(list)
        self.by_number: dict[str, list[RegistryFact]] = defaultdict(list)
        self.nameless: list[RegistryFact] = []
        """They have neither a number nor an order's: only their sums can be named."""
        for registry in registries:
            if registry.order_number:
                self.by_order[registry.order_number].append(registry)
            if registry.number:
                self.by_number[registry.number].append(registry)
            elif not registry.order_number:
                self.nameless.append(registry)

    def named(self, links: Iterable[RegistryLink]) -> list[RegistryFact]:
        """Those that a purpose names, in the order of registries."""
        found = {
            registry.key: registry
            for link in links
            for registry in (*self.by_number.get(link.number, ()), *self.nameless)
            if _names(link, registry)
        }
        return sorted(found.values(), key=lambda registry: self._place[registry.key])


def _linked(line: LineFact, index: _Index, coverage: _Coverage) -> list[RegistryFact]:
    """Registries of a line, by the first of the four ways that finds any (bank-formats section 14)."""
    if line.incoming:
        by_order = [registry for registry in index.by_order.get(line.number, ()) if registry.order_on in (line.document_on, line.value_on)]
        if by_order:
            return by_order
    named = index.named(line.links)
    if named or not line.incoming:
        return named
    equal = [
        registry
        for registry in index.nameless
        if registry.key not in coverage.sums_taken and expected_transfer(registry) == line.amount and _is_near(registry, line)
    ]
    if len(equal) != 1:
        return []
    coverage.sums_taken.add(equal[0].key)
    return equal


def _names(link: RegistryLink, registry: RegistryFact) -> bool:
    if registry.number:
        return link.number == registry.number and link.registry_on == registry.registry_on
    if registry.order_number:
        return False
    return link.amount == registry.amount and link.count in (None, registry.count)


def _is_near(registry: RegistryFact, line: LineFact) -> bool:
    day, came = registry.registry_on, line.value_on or line.document_on
    return day is None or came is None or timedelta(0) <= came - day <= timedelta(days=_EQUAL_SUM_DAYS)


def _registry_outcome(registry: RegistryFact, coverage: _Coverage) -> RegistryOutcome:
    expected, ordered = expected_transfer(registry), coverage.ordered[registry.key]
    lines = tuple(coverage.lines[registry.key])
    difference = ordered - expected if lines else None
    if difference is None:
        state = "no_order"
    elif difference == 0:
        state = "reconciled"
    elif difference > 0:
        state = "over"
    elif registry.fee is None and coverage.named_fee.get(registry.key) == -difference:
        state = "fee_difference"
    else:
        state = "short"
    return RegistryOutcome(registry.key, state, expected, ordered, difference, lines, _payment_states(registry, state))


def _payment_states(registry: RegistryFact, state: str) -> Mapping[str, int]:
    posted = {"no_order": "awaiting_money", "reconciled": "settled"}.get(state, "settled_with_difference")
    counts: Counter[str] = Counter()
    for name, number in registry.payments.items():
        counts[posted if name == "posted" else name] += number
    return {name: number for name, number in counts.items() if number}


def _line_state(
    line: LineFact,
    registries: Sequence[RegistryFact],
    outcomes: Mapping[str, RegistryOutcome],
    *,
    own: frozenset[str],
    settles: bool,
) -> str:
    if line.other_account in own:
        return "internal"
    if line.incoming:
        if not settles:
            return "direct_posted" if line.account is not None else "direct_suspense"
        if not registries:
            return "no_registry"
        settled = all(outcomes[registry.key].state == "reconciled" for registry in registries)
        return "registry_settled" if settled else "registry_difference"
    billed = [registry for registry in registries if registry.fee_model == "billed"]
    if billed:
        return "agent_fee" if sum(registry.fee or 0 for registry in billed) == line.amount else "agent_fee_difference"
    if is_bank_charge(line):
        return "bank_charge"
    return "transfer_out"

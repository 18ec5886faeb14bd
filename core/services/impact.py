"""What a change of the law, of tariffs, norms or settings would do: a month computed by the rules in force and by those of a file, and set
side by side. Nothing is written: the transaction cannot.

The houses are read, joined and charged by the code that charges the month (:func:`core.charges.engine.charge_houses`), batch by batch, once
for each thing that the file changes: the difference that a step makes is its own, down to what it does to the rest of a house meter. A
month that was computed is computed from what that calculation could see, so that its «before» is what was charged; another one from all
records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from core.charges.changes import LineChange
from core.charges.comparison import Comparison
from core.charges.engine import HouseCharges, charge_houses
from core.charges.law import Law
from core.charges.proposed import Proposal, Step, steps_to
from core.charges.rules import Rules
from core.errors import InputError
from core.ids import EntityId, ProviderId, RecordId
from core.ledger.calculations import last_computed_month, latest_calculation
from core.model.facts import HouseFacts
from core.model.finding import Finding
from core.period import Month
from core.records.facts import house_ids, read_region
from core.records.providers import Provider
from core.records.store import last_record_of_all
from core.records.suppliers import suppliers_of_inns
from core.services.compared import Compared, names_of
from core.services.joint_houses import JointReader
from core.services.last_year import with_last_year
from core.services.recalculation import Adjustments, adjusted_houses
from core.storage.engine import reading

__all__ = ["Held", "Impact", "impact_of"]

Progress = Callable[[int, int], None]
"""Called with houses done and houses in all."""

_HOUSES_AT_ONCE = 50
_TOLD = 100
"""Findings that are told in full; all are counted."""


@dataclass(slots=True)
class Held:
    """What could not be computed by one of the rules and is in none of the sums, and why."""

    lines: int = 0
    """Lines that the other rules do compute."""
    before: int = 0
    after: int = 0
    """What these come to by the rules in force, and by those of the file; kopecks."""
    by_code: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def tell(self, finding: Finding) -> None:
        """One reason more."""
        self.by_code[finding.code] += 1
        if len(self.findings) < _TOLD:
            self.findings.append(finding)


@dataclass(frozen=True, slots=True)
class Impact:
    """The comparison, and what is not in it."""

    month: Month
    compared: Compared
    held_before: Held
    """By the rules in force already."""
    held_after: Held
    """By the rules of the file only."""


def impact_of(
    engine: Engine,
    *,
    senders: Sequence[Provider],
    month: Month | None,
    law: Law,
    proposal: Callable[[Month], Proposal],
    top: int,
    progress: Progress = lambda done, of: None,
) -> Impact:
    """Compute the month of the senders by the rules in force and by a proposal; without a month, the last one that was computed.

    ``proposal``: what the files propose for a month. ``InputError`` IM-0103 where no month was computed and none is named, IM-0104 where
    the senders have no house in the month.
    """
    with reading(engine) as connection:
        chosen = month or last_computed_month(connection, [sender.provider_id for sender in senders])
        if chosen is None:
            raise InputError("IM-0103", "Ни один месяц ещё не рассчитан.", hint="Назовите месяц: --month 2026-10.")
        run = _Run(connection, chosen, law, proposal(chosen), Comparison(top), progress)
        for sender in senders:
            run.sender(sender)
        if not run.houses:
            raise InputError("IM-0104", f"Нет ни одного дома за {chosen.title}.", hint="Сначала примите пакет: erkc take ФАЙЛ.")
        names = names_of(connection, run.sums, senders)
        title = f"Что изменится: {chosen.title}"
        after = f"так, как в файле: {', '.join(run.causes.values())}" if run.causes else "так же: файл за этот месяц ничего не меняет"
        compared = Compared(title, "по действующим правилам", after, run.sums, run.causes, names, tuple(run.notes))
        return Impact(chosen, compared, run.held_before, run.held_after)


@dataclass(slots=True)
class _Run:
    """One computation of all senders."""

    connection: Connection
    month: Month
    law: Law
    proposal: Proposal
    sums: Comparison
    progress: Progress
    houses: int = 0
    causes: dict[str, str] = field(default_factory=dict)
    """Titles of the steps by key, in their order."""
    notes: dict[str, None] = field(default_factory=dict)
    held_before: Held = field(default_factory=Held)
    held_after: Held = field(default_factory=Held)

    def _adjusted(self, house: HouseFacts, corrections: Adjustments | None) -> HouseFacts:
        """The house with what corrections of closed months bring into it."""
        return house if corrections is None else corrections.adjusted(self.connection, house)

    def sender(self, sender: Provider) -> None:
        """The sender's houses, batch by batch."""
        number = sender.provider_id
        calculation = latest_calculation(self.connection, provider_id=number, month=self.month, mode="charge")
        known_until = last_record_of_all(self.connection) if calculation is None else calculation.known_until
        corrections = None if calculation is None else adjusted_houses(self.connection, calculation)
        steps = self._steps(number, known_until)
        ids = house_ids(self.connection, number, self.month, known_until)
        reader = JointReader(self.connection, number, self.month, known_until)
        for start in range(0, len(ids), _HOUSES_AT_ONCE):
            read = list(reader.read(ids[start : start + _HOUSES_AT_ONCE]))
            computed = []
            for step in steps:
                rules = Rules(step.facts, step.law, self.month)
                joint = (one.house for one in read)
                known = with_last_year(self.connection, joint, provider_id=number, known_until=known_until, rules=rules)
                computed.append(charge_houses((self._adjusted(house, corrections) for house in known), step.facts, step.law, self.month))
            for place, one in enumerate(read):
                self._house(number, [one.part(of_step[place]) for of_step in computed], [step.key for step in steps[1:]])
            self.houses += len(read)
            self.progress(min(start + _HOUSES_AT_ONCE, len(ids)), len(ids))

    def _steps(self, number: ProviderId, known_until: RecordId) -> list[Step]:
        facts = read_region(self.connection, month=self.month, known_until=known_until, provider_id=number)
        suppliers = suppliers_of_inns(self.connection, self.proposal.inns, provider_id=number, month=self.month)
        steps, notes = steps_to(self.proposal, facts, self.law, self.month, suppliers)
        self.causes |= {step.key: step.title for step in steps[1:]}
        self.notes |= dict.fromkeys(notes)
        return steps

    def _house(self, sender: ProviderId, charged: Sequence[HouseCharges], keys: Sequence[str]) -> None:
        """Lines of a house by each of the rules; what one of them could not compute is left out of all and told."""
        amounts: dict[EntityId, dict[tuple[EntityId, EntityId], list[int]]] = {}
        for place, of_step in enumerate(charged):
            for line in of_step.lines:
                of_account = amounts.setdefault(line.account_id, {})
                of_account.setdefault((line.service_id, line.creditor_id), [0] * len(charged))[place] = line.total
        stopped = [_Stopped.of(of_step) for of_step in charged]
        told = {(finding.code, finding.message) for finding in stopped[0].findings}
        for finding in stopped[0].findings:
            self.held_before.tell(finding)
        for finding in stopped[-1].findings:
            if (finding.code, finding.message) not in told:
                self.held_after.tell(finding)
        for account, lines in amounts.items():
            changes = []
            for (service, _), by_step in lines.items():
                is_held = [one.stops(account, service) for one in stopped]
                if is_held[0] or is_held[-1]:
                    held = self.held_before if is_held[0] else self.held_after
                    held.lines += 1
                    held.before += by_step[0]
                    held.after += by_step[-1]
                    continue
                for step, stops in enumerate(is_held):
                    if stops:  # a step on the way that cannot be computed by itself: the next one has its difference
                        by_step[step] = by_step[step - 1]
                changes.append(_change(account, service, by_step, keys))
            if changes:
                self.sums.add(account, changes, sender=sender, house=charged[0].house_id)


def _change(account: EntityId, service: EntityId, by_step: Sequence[int], keys: Sequence[str]) -> LineChange:
    causes = {key: now - was for key, was, now in zip(keys, by_step, by_step[1:], strict=False) if now != was}
    return LineChange(account, service, by_step[0], by_step[-1], causes)


@dataclass(frozen=True, slots=True)
class _Stopped:
    """What of a house was held by some rules."""

    house: bool
    accounts: frozenset[EntityId]
    services: frozenset[EntityId]
    lines: frozenset[tuple[EntityId, EntityId]]
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, charged: HouseCharges) -> _Stopped:
        """By the findings of the house that hold something."""
        held = [one for one in charged.findings if one.severity == "error" and one.effect.startswith("hold_")]
        return cls(
            charged.held,
            frozenset(one.account_id for one in held if one.account_id is not None and one.service_id is None),
            frozenset(one.service_id for one in held if one.service_id is not None and one.account_id is None),
            frozenset((one.account_id, one.service_id) for one in held if one.account_id is not None and one.service_id is not None),
            tuple(held),
        )

    def stops(self, account: EntityId, service: EntityId) -> bool:
        """Whether a line is held."""
        return self.house or account in self.accounts or service in self.services or (account, service) in self.lines

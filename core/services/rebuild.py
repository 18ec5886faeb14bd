"""The month is a build: calculations computed again from the records they could see, by the code and the rules at hand.

What is stored must come out equal, line by line. A calculation of another version of the rules or of the code is named, not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from core.charges.engine import HouseCharges, charge_houses
from core.charges.law import Law
from core.charges.rules import Rules
from core.ids import CalculationId, EntityId, ProviderId, RecordId
from core.ledger.calculations import Calculation, read_calculation, read_lines
from core.ledger.differences import DifferenceRow, read_differences
from core.ledger.verify import Broken
from core.model.facts import Facts, HouseFacts
from core.model.lines import ChargeLine
from core.model.records import StatedContribution, StatedLine
from core.money import format_roubles
from core.period import Month
from core.records.bodies import find_records
from core.records.facts import accounts_by_house, house_ids, read_region
from core.services.going_live import charged_houses
from core.services.joint_houses import JointHouse, JointReader
from core.services.last_year import with_last_year
from core.services.recalculation import Adjustments, adjusted_houses, differences_of

__all__ = ["Batch", "Charger", "charged_batches", "house_batches", "rebuilt"]

_ACCOUNTS_AT_ONCE, _HOUSES_AT_ONCE = 2000, 200
"""Size of a batch: accounts, or houses where they are small."""

_LINES_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class _Key:
    account_id: EntityId
    service_id: EntityId
    creditor_id: EntityId


@dataclass(frozen=True, slots=True)
class Batch:
    """Some computed houses: what they were computed from, and what came out."""

    facts: Facts
    houses: list[JointHouse]
    whole: list[HouseCharges]
    """Of each house what all of its senders charge."""
    charged: list[HouseCharges]
    """Of that what is the provider's own."""


class Charger:
    """Computes houses of a provider's month; what is the same for all houses is read once."""

    def __init__(
        self,
        connection: Connection,
        *,
        provider_id: ProviderId,
        month: Month,
        known_until: RecordId,
        law: Law,
        adjustments: Adjustments | None = None,
    ) -> None:
        self._connection = connection
        self._provider_id, self._month, self._known_until, self._law = provider_id, month, known_until, law
        self._adjustments = adjustments
        self._facts = read_region(connection, month=month, known_until=known_until, provider_id=provider_id)
        self._rules = Rules(self._facts, law, month)
        self._reader = JointReader(connection, provider_id, month, known_until)

    def charge(self, houses: Sequence[EntityId]) -> Batch:
        """The houses, in the order given."""
        read = list(self._reader.read(houses))
        joint = (one.house for one in read)
        known = with_last_year(self._connection, joint, provider_id=self._provider_id, known_until=self._known_until, rules=self._rules)
        whole = charge_houses((self._adjusted(house) for house in known), self._facts, self._law, self._month)
        charged = [one.part(house) for one, house in zip(read, whole, strict=True)]
        return Batch(self._facts, read, whole, charged)

    def _adjusted(self, house: HouseFacts) -> HouseFacts:
        return house if self._adjustments is None else self._adjustments.adjusted(self._connection, house)


def house_batches(
    connection: Connection, *, provider_id: ProviderId, month: Month, known_until: RecordId, only: Sequence[EntityId] | None = None
) -> list[list[EntityId]]:
    """A provider's houses (or some of them) in batches of about the same work, each of which fits in memory by itself."""
    chosen = None if only is None else frozenset(only)
    accounts = accounts_by_house(connection, provider_id)
    batches: list[list[EntityId]] = []
    room = 0
    for house in house_ids(connection, provider_id, month, known_until):
        if chosen is not None and house not in chosen:
            continue
        if room <= 0 or len(batches[-1]) == _HOUSES_AT_ONCE:
            batches.append([])
            room = _ACCOUNTS_AT_ONCE
        batches[-1].append(house)
        room -= accounts.get(house, 0)
    return batches


def charged_batches(
    connection: Connection,
    *,
    provider_id: ProviderId,
    month: Month,
    known_until: RecordId,
    law: Law,
    adjustments: Adjustments | None = None,
    only: Sequence[EntityId] | None = None,
) -> Iterator[Batch]:
    """A provider's houses (or some of them) computed batch by batch, in flat memory."""
    charger = Charger(connection, provider_id=provider_id, month=month, known_until=known_until, law=law, adjustments=adjustments)
    for houses in house_batches(connection, provider_id=provider_id, month=month, known_until=known_until, only=only):
        yield charger.charge(houses)


def rebuilt(connection: Connection, *, law: Law, code_version: str) -> Iterator[Broken | str]:
    """What does not come out as stored (invariant 7), and a sentence for each calculation that can not be compared."""
    numbers = connection.execute(text("SELECT calculation_id FROM calculation ORDER BY calculation_id")).scalars().all()
    for number in numbers:
        calculation = read_calculation(connection, CalculationId(number))
        title = f"Расчёт {calculation.version} за {calculation.month.title}"
        if calculation.mode == "accept":
            yield from _stated(connection, read_lines(connection, calculation), calculation)
        elif calculation.code_version != code_version or calculation.rules != law.version(calculation.month.last):
            yield f"{title} сделан другой редакцией правил или программы ({calculation.rules}, {calculation.code_version}): не пересчитан."
        else:
            yield from _computed(connection, calculation, law)


def _computed(connection: Connection, calculation: Calculation, law: Law) -> Iterator[Broken]:
    seen: set[EntityId] = set()
    scope = {"provider_id": calculation.provider_id, "month": calculation.month, "known_until": calculation.known_until}
    yield from _differences(connection, calculation, law)
    adjustments = adjusted_houses(connection, calculation)
    is_mixed = calculation.mode == "mixed"
    only = sorted(charged_houses(connection, calculation)) if is_mixed else None
    for batch in charged_batches(connection, law=law, adjustments=adjustments, only=only, **scope):  # type: ignore[arg-type]  # the three are what they are named
        fresh = {_key(line): line for house in batch.charged for line in house.lines}
        accounts = sorted({key.account_id for key in fresh})
        seen.update(accounts)
        stored = {_key(line): line for line in read_lines(connection, calculation, accounts)} if accounts else {}
        for key in sorted(fresh.keys() | stored.keys(), key=lambda key: (key.account_id, key.service_id, key.creditor_id)):
            if fresh.get(key) != stored.get(key):
                yield _differs(calculation, key, stored.get(key), fresh.get(key))
    unseen = (line for line in read_lines(connection, calculation) if line.account_id not in seen)
    if is_mixed:
        yield from _stated(connection, unseen, calculation)
    else:
        yield from (_differs(calculation, _key(line), line, None) for line in unseen)


def _differences(connection: Connection, calculation: Calculation, law: Law) -> Iterator[Broken]:
    """Differences of closed months computed again from what the calculation could see."""

    def keyed(rows: Iterable[DifferenceRow]) -> dict[tuple[object, ...], DifferenceRow]:
        return {(row.account_id, row.month, row.service_id, row.creditor_id, row.cause): row for row in rows}

    stored = keyed(read_differences(connection, calculation))
    fresh = keyed(differences_of(connection, calculation, law))
    for key in sorted(stored.keys() | fresh.keys(), key=str):
        old, new = stored.get(key), fresh.get(key)
        one = old or new
        if old != new and one is not None:
            subject = _subject(calculation, _Key(one.account_id, one.service_id, one.creditor_id))
            yield Broken(7, f"{subject}, перерасчёт за {one.month}", _message(old.total if old else None, new.total if new else None))


def _stated(connection: Connection, lines: Iterable[ChargeLine], calculation: Calculation) -> Iterator[Broken]:
    """Lines taken from the sender must be the sum of the records they name."""
    batch: list[ChargeLine] = []
    for line in lines:
        batch.append(line)
        if len(batch) >= _LINES_AT_ONCE:
            yield from _stated_batch(connection, calculation, batch)
            batch = []
    yield from _stated_batch(connection, calculation, batch)


def _stated_batch(connection: Connection, calculation: Calculation, lines: list[ChargeLine]) -> Iterator[Broken]:
    bodies = {record.record_id: record.body for record in find_records(connection, [source for line in lines for source in line.sources])}
    for line in lines:
        named = [bodies.get(source) for source in line.sources]
        stated = [body for body in named if isinstance(body, StatedLine | StatedContribution)]
        sums = (sum(b.accrued for b in stated), sum(b.recalculated for b in stated), sum(b.benefit for b in stated))
        if len(stated) != len(named) or sums != (line.base, line.recalculation, line.benefit):
            total = sums[0] + sums[1] - sums[2]
            yield Broken(7, _subject(calculation, _key(line)), _message(line.total, total))


def _key(line: ChargeLine) -> _Key:
    return _Key(line.account_id, line.service_id, line.creditor_id)


def _differs(calculation: Calculation, key: _Key, stored: ChargeLine | None, fresh: ChargeLine | None) -> Broken:
    return Broken(7, _subject(calculation, key), _message(stored.total if stored else None, fresh.total if fresh else None))


def _subject(calculation: Calculation, key: _Key) -> str:
    return f"расчёт {calculation.version} за {calculation.month}, счёт {key.account_id}, услуга {key.service_id}"


def _message(stored: int | None, fresh: int | None) -> str:
    kept = "нет" if stored is None else f"{format_roubles(stored)} руб."
    computed = "нет" if fresh is None else f"{format_roubles(fresh)} руб."
    return f"Строка не воспроизводится из своих записей: хранится {kept}, пересчёт даёт {computed} (или иной объём, тариф, источник)."

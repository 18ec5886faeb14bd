"""Closed months computed again for what was learned since: differences by account, month and cause, put into the open month (section 17).

The run asks what was learned after the last look at each posted month and reaches into it, and computes the touched accounts alone: once
as they were known then, and once more for each cause, in the order of the split. What all this rests on of the house stays as it was
frozen when the month was posted. A difference is what the new fact changes, so it is never taken twice: the next run looks from this one's
last record on. What a block holds back is computed and told each month, and comes into the draft when the block has ended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from itertools import islice

from sqlalchemy import Connection

from core.charges.causes import CAUSES, FIRST_CHARGE, MASS, in_order, region_with, with_learned
from core.charges.findings import ChargeFinding
from core.charges.law import Law
from core.charges.recalculate import Difference, Event, carried_on, recalculate
from core.charges.rules import Rules
from core.ids import CalculationId, EntityId, ProviderId, RecordId
from core.ledger.calculations import Calculation, latest_calculation, read_calculation, read_lines
from core.ledger.differences import (
    DifferenceRow,
    add_differences,
    add_recalculated_months,
    blocked_before,
    closed_months,
    corrected_houses,
    difference_volumes,
    lines_computed_anew,
    post_differences,
    posted_differences,
    read_differences,
    recalculated_months,
)
from core.ledger.post import Posted
from core.model.facts import Facts, HouseFacts
from core.model.finding import Position
from core.model.lines import ChargeLine
from core.money import format_roubles
from core.period import Month
from core.records.facts import house_ids, read_region
from core.records.learned import HOUSE_TOTALS, learned
from core.services.blocks import Block, blocks_known
from core.services.going_live import charged_houses
from core.services.joint_houses import JointReader
from core.services.last_year import with_last_year
from core.services.stops import stopped_accounts

__all__ = ["Adjustments", "adjusted_houses", "differences_of", "post_recalculations", "recalculate_closed"]

_HOUSES_AT_ONCE = 50
_ROWS_AT_ONCE = 5000
_COMMON = 2
_WHOLE_HOUSE = (FIRST_CHARGE, MASS)
_POSITION = "перерасчёт закрытых месяцев"

_Causes = dict[str, set[RecordId]]
"""What was learned of an account in a month: records by cause."""


@dataclass(slots=True)
class _House:
    """What was learned of a house in one month: of accounts by number, of the whole house under None."""

    of: dict[EntityId | None, _Causes] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    waiting: dict[EntityId, RecordId] = field(default_factory=dict)
    """Accounts with differences that a block held back, and the last record that their posted amounts rest on."""

    def add(self, account: EntityId | None, cause: str, records: Sequence[RecordId]) -> None:
        self.of[account][cause].update(records)


def recalculate_closed(connection: Connection, calculation: Calculation, law: Law) -> list[ChargeFinding]:
    """Compute and store the differences that a draft of the open month brings; what can not be recalculated by itself is a finding."""
    closed = closed_months(connection, provider_id=calculation.provider_id, before=calculation.month)
    add_recalculated_months(connection, calculation, {one.month: one.known_from for one in closed})
    findings: list[ChargeFinding] = []
    rows = differences_of(connection, calculation, law, findings)
    while batch := list(islice(rows, _ROWS_AT_ONCE)):  # computed first, stored after: the connection can not do both at once
        add_differences(connection, calculation, batch)
    return findings


def differences_of(
    connection: Connection, calculation: Calculation, law: Law, findings: list[ChargeFinding] | None = None
) -> Iterator[DifferenceRow]:
    """The differences of a calculation from what it could see, in the order of months and houses; ``findings`` fill meanwhile."""
    since = recalculated_months(connection, calculation)
    if not since:
        return
    touched = _touched(connection, calculation, since)
    blocks = blocks_known(connection, provider_id=calculation.provider_id, known_until=calculation.known_until)
    originals = _originals(connection, calculation)
    told = [] if findings is None else findings
    charged = charged_houses(connection, calculation) if calculation.mode == "mixed" else None
    for month in sorted(touched):
        original = originals.get(month)
        if original is not None:
            rows = _Recalculation(connection, calculation, law, month, original, since[month], blocks, told).rows(touched[month])
            yield from (row for row in rows if charged is None or row.house_id in charged)  # a sender's lines hold its recalculations


@dataclass(frozen=True, slots=True)
class Adjustments:
    """What corrections of closed months bring into houses of the open month: plain data, which goes to any process that computes."""

    corrections: Mapping[EntityId, tuple[tuple[str, int], ...]]
    """Own volumes (millionths) by service key (setting ``house_effect``)."""
    corrected: frozenset[EntityId]
    months: tuple[Calculation, ...]
    """Posted calculations, the latest first."""

    def adjusted(self, connection: Connection, house: HouseFacts) -> HouseFacts:
        """The house with them, and with the negative rest of common property as the closed months left it."""
        if house.house_id not in self.corrected:
            return house
        carried: dict[str, Fraction] = {}
        services = {service.service_id: service.key for service in house.services if service.provision == _COMMON}
        for month in self.months:
            lines = read_lines(connection, month, [account.account_id for account in house.accounts])
            carried = {**carried_on(lines, services), **carried}
            if len(carried) == len(services):
                break
        return replace(house, volume_corrections_e6=self.corrections.get(house.house_id, ()), carried=tuple(carried.items()))


def adjusted_houses(connection: Connection, calculation: Calculation) -> Adjustments:
    """What the differences of a calculation bring into the houses of its own month."""
    corrected = frozenset(corrected_houses(connection, calculation, _WHOLE_HOUSE))
    months = tuple(one for one, _ in reversed(_originals(connection, calculation).values())) if corrected else ()
    return Adjustments(difference_volumes(connection, calculation, _WHOLE_HOUSE), corrected, months)


def post_recalculations(connection: Connection, calculation: Calculation, *, at: datetime) -> Posted:
    """Post the differences of a calculation that are not blocked, inside the caller's transaction."""
    return post_differences(connection, calculation, {key: cause.title for key, cause in CAUSES.items()}, at=at)


def _touched(
    connection: Connection, calculation: Calculation, since: Mapping[Month, RecordId]
) -> dict[Month, dict[EntityId | None, _House]]:
    """What was learned, by month and house (None: the region), with what blocks held back before."""
    found: dict[Month, dict[EntityId | None, _House]] = defaultdict(lambda: defaultdict(_House))
    for after in sorted(set(since.values())):
        months = [month for month, known in since.items() if known == after]
        scope = {"provider_id": calculation.provider_id, "after": after, "until": calculation.known_until, "months": months}
        for item in learned(connection, **scope):  # type: ignore[arg-type]  # the four are what they are named
            found[item.month][item.house_id].add(item.account_id, item.cause, item.records)
    for number in blocked_before(connection, provider_id=calculation.provider_id, month=calculation.month):
        earlier = read_calculation(connection, CalculationId(number))
        for row in read_differences(connection, earlier, blocked_only=True):
            if row.month in since:
                house = found[row.month][row.house_id]
                house.add(row.account_id, row.cause, row.records)
                house.waiting[row.account_id] = min(row.known_from, house.waiting.get(row.account_id, row.known_from))
    return found


def _originals(connection: Connection, calculation: Calculation) -> dict[Month, tuple[Calculation, Calculation]]:
    """Lawful calculations of the closed months, and the calculations that were posted (the same where the centre charged all)."""
    found: dict[Month, tuple[Calculation, Calculation]] = {}
    for one in closed_months(connection, provider_id=calculation.provider_id, before=calculation.month):
        posted = read_calculation(connection, one.calculation_id)
        lawful: Calculation | None = posted
        if posted.mode != "charge":
            lawful = latest_calculation(connection, provider_id=calculation.provider_id, month=one.month, mode="charge")
        if lawful is not None:
            found[one.month] = (lawful, posted)
    return found


class _Recalculation:
    """One closed month of a provider, house by house."""

    def __init__(
        self, connection: Connection, calculation: Calculation, law: Law, month: Month, original: tuple[Calculation, Calculation],
        since: RecordId, blocks: Mapping[EntityId, Sequence[Block]], findings: list[ChargeFinding],
    ) -> None:  # fmt: skip
        self.connection = connection
        self.calculation = calculation
        self.law = law
        self.month = month
        self.original, posted = original
        self.is_posted = posted.mode == "charge"
        self.since = since
        self.blocks = blocks
        self.findings = findings
        self._regions: dict[RecordId, Facts] = {}
        self._own: dict[EntityId, set[EntityId]] = {}
        self._stopped = frozenset(stopped_accounts(connection, posted))

    def rows(self, touched: Mapping[EntityId | None, _House]) -> Iterator[DifferenceRow]:
        """Differences of the houses, batch by batch, in flat memory."""
        region = touched.get(None, _House())
        named = [house for house in touched if house is not None]
        houses = house_ids(self.connection, self.provider_id, self.month, self.original.known_until) if region.of else sorted(named)
        for start in range(0, len(houses), _HOUSES_AT_ONCE):
            batch = houses[start : start + _HOUSES_AT_ONCE]
            learned_here = {house: _with_region(touched.get(house, _House()), region) for house in batch}
            yield from self._batch(batch, learned_here)

    @property
    def provider_id(self) -> ProviderId:
        """Whose month it is."""
        return self.calculation.provider_id

    def _batch(self, houses: Sequence[EntityId], touched: Mapping[EntityId, _House]) -> Iterator[DifferenceRow]:
        frozen = self._houses(houses, self.original.known_until)
        now = self._houses(houses, self.calculation.known_until)
        points = {self.since, *(known for house in touched.values() for known in house.waiting.values())}
        known = {point: frozen if point == self.original.known_until else self._houses(houses, point) for point in points}
        for house in houses:
            if house not in frozen or house not in now:
                continue
            accounts = [account.account_id for account in now[house].accounts if account.account_id in self._own[house]]
            lines, is_anew = self._posted_lines(accounts)
            if is_anew:
                frozen[house] = known[self.since].get(house, frozen[house])
            whole = touched[house].of.get(None, {})
            if not lines or MASS in whole:
                yield from self._whole_house(lines, frozen[house], now[house], touched[house], accounts)
                continue
            self._tell_totals(frozen[house], touched[house])
            by_point: dict[RecordId, list[EntityId]] = defaultdict(list)
            for account in accounts:
                by_point[touched[house].waiting.get(account, self.since)].append(account)
            for point, mine in sorted(by_point.items()):
                yield from self._house(lines, frozen[house], known[point][house], now[house], touched[house], mine, point, is_anew=is_anew)

    def _house(
        self, lines: list[ChargeLine], frozen: HouseFacts, known: HouseFacts, now: HouseFacts, touched: _House, accounts: list[EntityId],
        point: RecordId, *, is_anew: bool,
    ) -> Iterator[DifferenceRow]:  # fmt: skip
        """Differences of the accounts whose posted amounts rest on the records up to one point."""
        whole = {key: records for key, records in touched.of.get(None, {}).items() if key in CAUSES}
        causes = {account: {**touched.of.get(account, {}), **whole} for account in accounts}
        causes = {account: found for account, found in causes.items() if found}
        if not causes:
            return
        every = dict.fromkeys(causes, tuple(CAUSES))
        start = with_learned(frozen, known, every)
        base = self._region(point)
        events, taken = [], list[str]()
        for cause in in_order(key for found in causes.values() for key in found):
            taken.append(cause)
            mine = {account: [key for key in taken if key in found] for account, found in causes.items()}
            events.append(
                Event(cause, with_learned(start, now, mine), region_with(base, self._region(self.calculation.known_until), taken))
            )
        if not is_anew:
            self._compare(lines, start, base, causes)
        held = {account: self._block(account) for account in causes}
        blocked = {(account, self.month) for account, block in held.items() if block is not None}
        told: list[ChargeFinding] = []
        found = recalculate(
            lines, events, facts=base, law=self.law, month=self.month, accounts=causes.keys(), blocked=blocked, start=start, told=told
        )
        self.findings += (item for item in told if item not in self.findings)
        for one in found:
            records = causes[one.account_id].get(one.cause)
            if records:  # what the cause of one account does to the share of another in a flat is not recalculated (section 17.1)
                yield self._row(frozen.house_id, one, held[one.account_id], point, records)

    def _posted_lines(self, accounts: list[EntityId]) -> tuple[list[ChargeLine], bool]:
        """The lines whose totals are frozen: those of the month's calculation, or what computed the house anew since (then True)."""
        scope = {"provider_id": self.provider_id, "month": self.month, "accounts": accounts, "before": self.calculation.month}
        anew = lines_computed_anew(self.connection, whole_house=_WHOLE_HOUSE, **scope)  # type: ignore[arg-type]  # as they are named
        posted = [account for account in accounts if account not in self._stopped]  # what is stopped has charged nothing yet
        lines = {(line.account_id, line.service_id): line for line in read_lines(self.connection, self.original, posted)}
        return [line for line in {**lines, **anew}.values() if line is not None], bool(anew)

    def _whole_house(
        self, lines: list[ChargeLine], known: HouseFacts, now: HouseFacts, touched: _House, accounts: list[EntityId]
    ) -> Iterator[DifferenceRow]:
        """All accounts of a house with all facts of now: it was held and has no charge yet, or a person has decided so (section 17.1)."""
        cause = MASS if lines else FIRST_CHARGE
        found = touched.of.get(None, {}).get(MASS) if lines else None
        records = found or {record for causes in touched.of.values() for mine in causes.values() for record in mine}
        corrected = posted_differences(
            self.connection, provider_id=self.provider_id, month=self.month, accounts=accounts, before=self.calculation.month
        )
        event = Event(cause, now, self._region(self.calculation.known_until, then=False), is_whole_house=True)
        held = {account: self._block(account) for account in accounts}
        blocked = {(account, self.month) for account, block in held.items() if block is not None}
        # What was posted is compared as it stands; where corrections were posted since, as the facts known at the last of them give it.
        start = known if corrected or not lines else None
        for one in recalculate(
            lines, [event], facts=self._region(self.since), law=self.law, month=self.month, accounts=accounts, blocked=blocked, start=start
        ):
            yield self._row(known.house_id, one, held[one.account_id], self.since, records)

    def _row(self, house: EntityId, one: Difference, block: Block | None, point: RecordId, records: set[RecordId]) -> DifferenceRow:
        return DifferenceRow(
            house_id=house,
            account_id=one.account_id,
            service_id=one.service_id,
            creditor_id=one.creditor_id,
            month=self.month,
            cause=one.cause,
            base=one.base,
            surcharge=one.surcharge,
            recalculation=one.recalculation,
            underdelivery=one.underdelivery,
            benefit=one.benefit,
            volume_e6=one.volume_e6,
            blocked_by=None if block is None else block.record_id,
            known_from=point,
            records=tuple(sorted(records)),
            before=one.before,
            after=one.after,
        )

    def _block(self, account: EntityId) -> Block | None:
        return next((block for block in self.blocks.get(account, ()) if block.covers(self.month)), None)

    def _houses(self, houses: Sequence[EntityId], known_until: RecordId) -> dict[EntityId, HouseFacts]:
        """Houses as all of their senders tell of them, as they were charged; the accounts at hand are the provider's own."""
        read = list(JointReader(self.connection, self.provider_id, self.month, known_until).read(houses))
        self._own |= {one.house.house_id: {account.account_id for account in one.own.accounts} for one in read}
        rules = Rules(self._region(known_until), self.law, self.month)
        joint = (one.house for one in read)
        known = with_last_year(self.connection, joint, provider_id=self.provider_id, known_until=known_until, rules=rules)
        return {house.house_id: house for house in known}

    def _region(self, known_until: RecordId, *, then: bool = True) -> Facts:
        """The region's facts as known up to a record, with the settings that the month was computed by (``then``), or of the record too."""
        if not then:
            return read_region(self.connection, month=self.month, known_until=known_until, provider_id=self.provider_id)
        if known_until not in self._regions:
            scope = {"month": self.month, "provider_id": self.provider_id}
            first = read_region(self.connection, known_until=self.original.known_until, **scope)  # type: ignore[arg-type]  # as named
            facts = read_region(self.connection, known_until=known_until, **scope)  # type: ignore[arg-type]  # as named
            self._regions[known_until] = replace(facts, settings=first.settings, settings_sources=first.settings_sources, local=first.local)
        return self._regions[known_until]

    def _tell_totals(self, house: HouseFacts, touched: _House) -> None:
        """What the totals of a house rest on has changed: they stay frozen, so a person must decide on a mass recalculation."""
        records = touched.of.get(None, {}).get(HOUSE_TOTALS)
        if records:
            self.findings.append(
                ChargeFinding(
                    Position(_POSITION),
                    "CH-050",
                    "warning",
                    "keep_frozen",
                    value=str(self.month),
                    message=f"{house.address}: сведения дома за {self.month.title} изменились после проведения (записей: {len(records)}); "
                    "итоги дома закрытого месяца не меняются (ПП 354, раздел 17.1 методики).",
                    hint="Если перерасчёт нужен всем счетам дома: erkc bill recalculate ДОМ …; по одному счёту он делается сам.",
                    dependents={"accounts": len(house.accounts)},
                    house_id=house.house_id,
                    clause="17.1",
                )
            )

    def _compare(self, lines: list[ChargeLine], start: HouseFacts, base: Facts, causes: Mapping[EntityId, object]) -> None:
        """Say where the facts of then no longer give what was posted: the difference of the facts is posted, that of the rules is not."""
        if not self.is_posted:
            return
        accounts = list(causes)
        posted = posted_differences(
            self.connection, provider_id=self.provider_id, month=self.month, accounts=accounts, before=self.calculation.month
        )
        sums: dict[EntityId, int] = defaultdict(int)
        for (account, _, _), amount in posted.items():
            sums[account] += amount
        again = recalculate(lines, [Event("", start)], facts=base, law=self.law, month=self.month, accounts=accounts)
        computed: dict[EntityId, int] = defaultdict(int)
        for one in again:
            computed[one.account_id] += one.total
        numbers = {account.account_id: account.number for account in start.accounts}
        for account in accounts:
            if computed[account] != sums[account]:
                apart = format_roubles(computed[account] - sums[account])
                self.findings.append(
                    ChargeFinding(
                        Position(_POSITION),
                        "CH-051",
                        "warning",
                        "keep_frozen",
                        value=numbers[account],
                        message=f"ЛС {numbers[account]}: начисленное за {self.month.title} прежними сведениями не воспроизводится "
                        f"(расхождение {apart} руб.); в перерасчёт вошло только то, что изменили новые сведения.",
                        hint="Проверьте правила, программу и сведения дома; исправление ошибки — erkc bill recalculate ДОМ …",
                        house_id=start.house_id,
                        account_id=account,
                        clause="17.1",
                    )
                )


def _with_region(house: _House, region: _House) -> _House:
    """What was learned of the house, with what was learned of the region, which is about every account."""
    for cause, records in region.of.get(None, {}).items():
        house.add(None, cause, sorted(records))
    return house

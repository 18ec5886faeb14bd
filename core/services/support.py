"""Measures of support of a month: what each comes to, by which clause and record, who pays it, and whether it lowers the bill.

A price reduction (льгота) is a line's benefit: the payer owes less, the budget owes the rest. A compensation in cash (ЕДК) and a subsidy
are paid by the budget to the person: the bill is not lowered, they stand on it for information (charging rules, section 6; order: 17.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Connection

from core.charges.explain import paid_in_cash
from core.charges.relief import SubsidyCase, subsidy
from core.ids import EntityId, ProviderId
from core.ledger.calculations import Calculation
from core.model.lines import ChargeLine
from core.money import format_roubles, readable_roubles
from core.period import Month
from core.records.support import GrantRow, MeasureRow, read_grants, read_measures

__all__ = ["MEASURES", "Measure", "Title", "measures_of", "support_json"]

_ON_BILL, _CASH, _SUBSIDY = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Title:
    """A kind of measure for people."""

    name: str
    clause: str
    effect: str


MEASURES: Mapping[int, Title] = {
    _ON_BILL: Title("льгота в квитанции", "ЖК ст. 160", "уменьшает плату, возмещает бюджет"),
    _CASH: Title("денежная компенсация (ЕДК)", "ЖК ст. 160", "плату не уменьшает, выплачивает бюджет; справочно"),
    _SUBSIDY: Title("субсидия", "ЖК ст. 159, ПП РФ № 761", "плату не уменьшает, выплачивает бюджет; справочно"),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure with what it comes to in the month, kopecks."""

    row: MeasureRow
    service: str
    """Name of the service; empty: of all."""
    computed: int | None
    """By the share, from the lines of the month; None: the measure states a sum only."""
    actual: int
    """What the month cost the account, without the surcharge, penalties and debts: a subsidy is not more than this."""

    formula: str = ""
    """How a subsidy by a decision is computed, with its numbers; empty: the sender states a sum."""
    remark: str = ""
    """What its decision leads to beside the sum."""

    @property
    def amount(self) -> int:
        """What counts: computed where there is a share, else as stated; a subsidy up to the actual cost."""
        if self.computed is not None:
            return self.computed
        stated = self.row.amount or 0
        return min(stated, max(self.actual, 0)) if self.row.kind == _SUBSIDY else stated

    @property
    def lowers_bill(self) -> bool:
        """Whether it is in the column of reliefs."""
        return self.row.kind == _ON_BILL

    @property
    def title(self) -> Title:
        """What kind of measure it is, for people."""
        return MEASURES.get(self.row.kind, Title(f"мера вида {self.row.kind}", "ЖК ст. 159, 160", "справочно"))

    @property
    def note(self) -> str:
        """What a person should look at; empty: nothing."""
        row = self.row
        if self.remark:
            return self.remark
        if row.kind == _SUBSIDY and row.amount is not None and row.amount > self.actual:
            return "субсидия больше фактической платы за месяц: лишнее вернётся при сверке (ПП РФ № 761)"
        if row.kind == _CASH and self.computed is not None and row.amount is not None and row.amount != self.computed:
            return "сумма отправителя не равна рассчитанной по доле"
        if row.kind == _ON_BILL and not self.computed:
            return "льгота не применена: по услуге на счёте ничего не начислено"
        if self.computed is None and row.amount is None:
            return "нет ни доли, ни суммы: пришлите одно из двух (RELIEF.6, RELIEF.10)"
        return ""


def measures_of(
    connection: Connection, *, provider_id: ProviderId, month: Month, calculation: Calculation | None,
    lines: Mapping[EntityId, Sequence[ChargeLine]], services: Mapping[EntityId, tuple[str, str]],
    accounts: Sequence[EntityId] | None = None, debt_years: int = 3,
) -> list[Measure]:  # fmt: skip
    """Measures of the month by account, with what they come to in the lines; ``services``: key and name by our number.

    ``debt_years``: a debt judged by a court in so many years bars a subsidy (ЖК ст. 159 ч. 5; ``subsidy.debt_years`` of the law).
    """
    known_until = None if calculation is None else calculation.known_until
    rows = read_measures(connection, provider_id=provider_id, month=month, known_until=known_until, accounts=accounts)
    names = dict(services.values())
    found = []
    for row in rows:
        mine = lines.get(row.account_id, ())
        service = "" if row.service is None else names.get(row.service, row.service)
        found.append(Measure(row, service, _computed(row, mine, services), _actual(mine)))
    grants = read_grants(
        connection, provider_id=provider_id, month=month, known_until=known_until, accounts=accounts, debt_years=debt_years
    )  # fmt: skip
    found += [_granted(grant, _actual(lines.get(grant.measure.account_id, ()))) for grant in grants]
    return sorted(found, key=lambda one: (one.row.account_id, one.row.kind, one.row.starts_on, one.row.record_id))


def _granted(grant: GrantRow, actual: int) -> Measure:
    """A subsidy by its decision: the standard less the family's own share, at most the actual cost; nothing while a judged debt bars it."""
    case = SubsidyCase(
        standard=Fraction(grant.standard, 100),
        persons=grant.persons,
        income=Fraction(grant.income, 100),
        subsistence=Fraction(grant.subsistence, 100),
        share=Fraction(grant.own_share_e4, 10_000),
        actual=Fraction(max(actual, 0), 100),
    )
    found = subsidy(case)
    poor = case.income / case.persons < case.subsistence
    factor = f" × {_shown(grant.income)} / {grant.persons} / {_shown(grant.subsistence)}" if poor else ""
    formula = (
        f"{_shown(grant.standard)} × {grant.persons} − {_shown(grant.own_share_e4)} % × {_shown(grant.income)}{factor}"
        f" = {readable_roubles(found.calculated)}, фактическая плата {readable_roubles(actual)}"
    )
    if grant.is_judged:
        return Measure(grant.measure, "", 0, actual, formula, "не выплачивается: долг взыскан судом (ЖК ст. 159 ч. 5)")
    over = "больше фактической платы не выплачивается" if found.calculated > found.paid else ""
    return Measure(grant.measure, "", found.paid, actual, formula, over)


def _shown(value_e2: int) -> str:
    return readable_roubles(value_e2)


def _computed(row: MeasureRow, lines: Iterable[ChargeLine], services: Mapping[EntityId, tuple[str, str]]) -> int | None:
    if row.share_e4 is None:
        return None
    if row.kind == _ON_BILL:
        return sum(line.benefit for line in lines if services[line.service_id][0] == row.service and row.record_id in line.sources)
    return sum(paid_in_cash(line).get(row.record_id, 0) for line in lines)


def _actual(lines: Iterable[ChargeLine]) -> int:
    return sum(line.total - line.surcharge for line in lines)


def support_json(found: Iterable[Measure]) -> list[dict[str, object]]:
    """Measures for machines."""
    return [
        {
            "account": one.row.number,
            "kind": one.row.kind,
            "what": one.title.name,
            "clause": one.title.clause,
            "service": one.row.service,
            "share_pct": None if one.row.share_e4 is None else format_roubles(one.row.share_e4),
            "entitled": one.row.entitled,
            "from": one.row.starts_on.isoformat(),
            "to": None if one.row.ends_on is None else one.row.ends_on.isoformat(),
            "amount": format_roubles(one.amount),
            "stated": None if one.row.amount is None else format_roubles(one.row.amount),
            "actual_cost": format_roubles(one.actual),
            "lowers_bill": one.lowers_bill,
            "paid_by": "budget",
            "note": one.note,
            "formula": one.formula,
            "record": one.row.record_id,
        }
        for one in found
    ]

"""Growth of what citizens pay for utilities against the limit of their municipality (ЖК ст. 157.1, ПП № 400): ``erkc report limits``.

A payer is all accounts of one ЕЛС, whoever sends them. Their utility lines of the base month are read once more at the tariffs of the
reported month (``core.charges.comparable``), so that only tariffs move the index. Whoever cannot be compared is told with the reason, never
left out. Payers of all senders are streamed in one order, their lines read a thousand payers at a time.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import groupby, islice

from sqlalchemy import Connection, Engine, text

from core.charges.comparable import NotComparable, at_tariffs_of
from core.charges.deadlines import own_choice
from core.charges.findings import Held
from core.charges.law import Law
from core.charges.limit_bases import base_months, limit_of
from core.charges.limits import Growth, growth_of
from core.charges.persons import days_between
from core.charges.rules import Rules
from core.errors import InputError
from core.ids import EntityId
from core.ledger import months
from core.ledger.calculations import Calculation, latest_calculation, read_calculation, read_lines
from core.model.facts import ServiceFacts
from core.model.lines import ChargeLine
from core.money import format_roubles
from core.period import Month
from core.records.facts import read_region, read_settings
from core.records.latest import read_services
from core.records.limits import Limit, PayerAccount, read_limits, read_payer_accounts
from core.records.providers import Provider, providers
from core.storage.engine import transaction

__all__ = ["REASONS", "limits_report"]

Json = dict[str, object]

_CENTRE = 0
_AT_ONCE = 1000
_UTILITY, _INDIVIDUAL, _COMMON = 1, 1, 2
_DWELLINGS = {1: "многоквартирный дом", 2: "жилой дом", 3: "дом блокированной застройки"}
REASONS: Mapping[str, str] = {
    "no_limit": "для муниципального образования не утверждён предельный индекс (раздел limits настроек региона)",
    "base_not_charged": "базовый месяц в центре не рассчитан: примите архив и выполните erkc bill month за него",
    "not_in_base": "в базовом месяце коммунальных начислений нет (счёт открыт позже или начисление задержано)",
    "not_charged": "в отчётном месяце коммунальных начислений нет (начисление задержано)",
    "nothing_common": "в оба месяца нет ни одной общей коммунальной услуги",
    "no_tariff": "тариф услуги в одном из месяцев не определить: строка отправителя без объёма или диапазон без тарифа",
}
"""Why a payer cannot be compared, for people."""

_Lines = Mapping[EntityId, Mapping[EntityId, ChargeLine]]
"""Lines by account and service."""


@dataclass(frozen=True, slots=True)
class _Payer:
    """A citizen who pays, with all accounts; each with the place of its sender."""

    accounts: tuple[tuple[int, PayerAccount], ...]

    @property
    def home(self) -> PayerAccount:
        """The account that says where the payer lives."""
        return self.accounts[0][1]

    def as_json(self) -> Json:
        """Who it is."""
        home = self.home
        return {
            "els": home.els,
            "accounts": [account.number for _, account in self.accounts],
            "address": home.address,
            "premises": home.premises,
            "oktmo": home.oktmo,
            "dwelling": _dwelling(home.house_kind),
        }


@dataclass(slots=True)
class _Group:
    """A municipality and a kind of dwelling."""

    limit: Limit | None
    """The one that holds there."""
    compared: int = 0
    above: int = 0
    greatest_e2: int | None = None
    excess: int = 0
    not_compared: Counter[str] = field(default_factory=Counter)


class _Base:
    """What the comparison with one base month comes to."""

    def __init__(self, month: Month) -> None:
        self.month = month
        self._groups: dict[tuple[str, int], _Group] = {}
        self._rows: list[tuple[int, Json]] = []
        self._not_compared: list[Json] = []

    def add(self, payer: _Payer, found: Growth | str, limit: Limit | None) -> None:
        """Count a payer with its growth, or with the reason why it has none."""
        home = payer.home
        group = self._groups.setdefault((limit.oktmo if limit else home.oktmo, home.house_kind), _Group(limit))
        if isinstance(found, str):
            group.not_compared[found] += 1
            self._not_compared.append({**payer.as_json(), "reason": found, "note": REASONS[found]})
            return
        group.compared += 1
        group.above += found.above_limit
        group.excess += found.excess
        group.greatest_e2 = found.growth_e2 if group.greatest_e2 is None else max(group.greatest_e2, found.growth_e2)
        row = {
            **payer.as_json(),
            "base": format_roubles(found.base),
            "now": format_roubles(found.new),
            "growth_pct": _percent(found.growth_e2),
            "limit_pct": _percent(found.limit_e2),
            "above": found.above_limit,
            "excess": format_roubles(found.excess),
        }
        self._rows.append((found.growth_e2, row))

    def as_json(self) -> Json:
        """Municipalities, everybody's growth (greatest first), and who is not compared."""
        rows = [row for _, row in sorted(self._rows, key=lambda item: (-item[0], str(item[1]["accounts"])))]
        return {
            "base": str(self.month),
            "municipalities": [self._group_json(*key, group) for key, group in sorted(self._groups.items())],
            "payers": rows,
            "not_compared": self._not_compared,
        }

    @staticmethod
    def _group_json(oktmo: str, house_kind: int, group: _Group) -> Json:
        return {
            "oktmo": oktmo,
            "dwelling": _dwelling(house_kind),
            "limit_pct": None if group.limit is None else _percent(group.limit.percent_e2),
            "act": None if group.limit is None else group.limit.act,
            "compared": group.compared,
            "greatest_pct": None if group.greatest_e2 is None else _percent(group.greatest_e2),
            "above": group.above,
            "excess": format_roubles(group.excess),
            "not_compared": dict(sorted(group.not_compared.items())),
        }


def _dwelling(house_kind: int) -> str:
    return _DWELLINGS.get(house_kind, f"тип {house_kind}")


class _Sender:
    """One sender's months: which lines count, and the tariffs of the reported month."""

    def __init__(self, connection: Connection, provider: Provider, month: Month, law: Law) -> None:
        self._connection = connection
        self._provider = provider
        self.month = month
        self._law = law
        self.services = {row.entity_id: row for row in read_services(connection, provider_id=provider.provider_id)}
        self._calculations: dict[Month, Calculation | None] = {}
        self._rules: Rules | None = None

    @property
    def settings(self) -> Mapping[str, object]:
        """Settings of the region."""
        return read_settings(self._connection, day=self.month.last, provider_id=self._provider.provider_id)

    def calculation(self, month: Month) -> Calculation | None:
        """What was posted of the month or waits to be; else what was computed last."""
        if month not in self._calculations:
            provider_id = self._provider.provider_id
            number = months.current(self._connection, provider_id=provider_id, month=month).calculation_id
            known = None if number is None else read_calculation(self._connection, number)
            self._calculations[month] = known or latest_calculation(self._connection, provider_id=provider_id, month=month, mode="charge")
        return self._calculations[month]

    def accounts(self, month: Month) -> Iterator[PayerAccount]:
        """Accounts that are open in the month, in the order of their payers."""
        return read_payer_accounts(self._connection, provider_id=self._provider.provider_id, month=month)

    def lines(self, month: Month, accounts: Sequence[EntityId]) -> _Lines:
        """Utility lines of accounts: common needs where the sender charges them as a utility (ОДН), not as housing (КР на СОИ)."""
        calculation = self.calculation(month)
        found: dict[EntityId, dict[EntityId, ChargeLine]] = defaultdict(dict)
        if calculation is not None:
            for line in read_lines(self._connection, calculation, accounts):
                if self._is_utility(line):
                    found[line.account_id][line.service_id] = line
        return found

    def _is_utility(self, line: ChargeLine) -> bool:
        service = self.services.get(line.service_id)
        if service is None:
            return False
        return service.kind == _UTILITY or (service.provision == _COMMON and line.clause.startswith("formula_12"))

    def range_tariff(self, service_id: EntityId, oktmo: str) -> Callable[[int], Fraction | None]:
        """The approved tariff of the reported month for a range of consumption of the service: the mean by days."""

        def of(number: int) -> Fraction | None:
            row = self.services[service_id]
            service = ServiceFacts(
                row.entity_id, row.key, row.name, row.kind, row.provision, row.base_service, row.utility_kind, row.housing_kind,
                row.resource_kind, row.okei, None, None, row.record_id, row.zone,
            )  # fmt: skip
            month = self.month
            try:
                found = self._region().tariffs(service, oktmo, month.first, month.last, range_number=number)
            except Held:
                return None
            return sum((one.value * days_between(one.first, one.last) for one in found), Fraction(0)) / month.days

        return of

    def _region(self) -> Rules:
        if self._rules is None:
            facts = read_region(self._connection, month=self.month, known_until=None, provider_id=self._provider.provider_id)
            self._rules = Rules(facts, self._law, self.month)
        return self._rules


def limits_report(engine: Engine, *, month: Month, law: Law) -> Json:
    """The report of a month against each base month; ``InputError`` REP-0101 when the month was not computed at all."""
    with transaction(engine) as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        senders = [_Sender(connection, one, month, law) for one in providers(connection) if one.provider_id != _CENTRE]
        known = [one for one in senders if one.calculation(month) is not None]
        if not known:
            raise InputError("REP-0101", f"За {month.title} ещё ничего не рассчитано.", hint=f"Выполните erkc bill month {month}.")
        limits = read_limits(connection, month=month)
        way = own_choice(law, known[0].settings, "index_base_october", month.last)
        bases = _bases(month, limits, way)
        payers = _payers(connection, senders, month) if bases else iter(())
        while batch := list(islice(payers, _AT_ONCE)):
            _compare(batch, senders, bases, limits, way)
        return {"month": str(month), "limits": [_limit_json(limit) for limit in limits], "bases": [base.as_json() for base in bases]}


def _bases(month: Month, limits: Sequence[Limit], way: str) -> list[_Base]:
    """Base months of all municipalities, oldest first."""
    found = {base for limit in limits for base in base_months(month, steps_at=Month.of(limit.first), way=way)}
    return [_Base(base) for base in sorted(found)]


def _payers(connection: Connection, senders: Sequence[_Sender], month: Month) -> Iterator[_Payer]:
    """Citizens with an account in the month, of all senders in one order."""
    streams = [_placed(place, sender.accounts(month)) for place, sender in enumerate(senders)]
    merged = heapq.merge(*streams, key=lambda item: (item[1].payer, item[0]))
    for _, items in groupby(merged, key=lambda item: item[1].payer):
        accounts = tuple((place, account) for place, account in items if account.residential and not account.by_organisation)
        if accounts:
            yield _Payer(accounts)


def _placed(place: int, accounts: Iterable[PayerAccount]) -> Iterator[tuple[int, PayerAccount]]:
    for account in accounts:
        yield place, account


def _compare(payers: Sequence[_Payer], senders: Sequence[_Sender], bases: Sequence[_Base], limits: Sequence[Limit], way: str) -> None:
    """Put each payer where it belongs in the comparison with each base month of its municipality."""
    ids: dict[int, list[EntityId]] = defaultdict(list)
    for payer in payers:
        for place, account in payer.accounts:
            ids[place].append(account.account_id)
    month = senders[0].month
    now = {place: senders[place].lines(month, accounts) for place, accounts in ids.items()}
    for base in bases:
        before = {place: senders[place].lines(base.month, accounts) for place, accounts in ids.items()}
        for payer in payers:
            limit = limit_of(payer.home.oktmo, limits)
            if limit is not None and base.month not in base_months(month, steps_at=Month.of(limit.first), way=way):
                continue
            found = "no_limit" if limit is None else _growth(payer, senders, base.month, now, before, limit)
            base.add(payer, found, limit)


def _growth(
    payer: _Payer, senders: Sequence[_Sender], base: Month, now: Mapping[int, _Lines], before: Mapping[int, _Lines], limit: Limit
) -> Growth | str:
    """The payer's growth, or the reason (a key of :data:`REASONS`) why there is none."""
    reasons: list[str] = []
    pairs: list[tuple[_Sender, PayerAccount, ChargeLine, ChargeLine]] = []
    lines_now, lines_before = 0, 0
    for place, account in payer.accounts:
        sender = senders[place]
        mine = now[place].get(account.account_id, {})
        old = before[place].get(account.account_id, {})
        lines_now += len(mine)
        lines_before += len(old)
        if mine and sender.calculation(base) is None:
            reasons.append("base_not_charged")
        pairs += [(sender, account, line, old[service]) for service, line in mine.items() if service in old]
    if reasons:
        return reasons[0]
    if not lines_now or not lines_before or not pairs:
        return "not_charged" if not lines_now else "not_in_base" if not lines_before else "nothing_common"
    try:
        parts = [at_tariffs_of(line, old, sender.range_tariff(line.service_id, account.oktmo)) for sender, account, line, old in pairs]
    except NotComparable:
        return "no_tariff"
    sums = (sum((part.base for part in parts), Fraction(0)), sum((part.new for part in parts), Fraction(0)))
    return growth_of(*sums, limit=Fraction(limit.percent_e2, 100)) or "nothing_common"


def _percent(value_e2: int) -> str:
    return format_roubles(value_e2)


def _limit_json(limit: Limit) -> Json:
    return {
        "oktmo": limit.oktmo,
        "from": limit.first.isoformat(),
        "to": None if limit.last is None else limit.last.isoformat(),
        "limit_pct": _percent(limit.percent_e2),
        "act": limit.act,
        "record": limit.source,
    }

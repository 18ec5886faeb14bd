"""What is due to whom: receipts of the ledger on the days of their statement lines, fees by contract, transfers that left.

Read only. A receipt counts on the value day of the line that brought its registry (or is itself the payer's transfer), never earlier; of a
registry whose money came in parts, or not whole, each part on its own day; what left suspense later counts on the day it did. Payments of a
sender's archive are not here: their money came to the sender, who passes it on himself. The surcharge and common property stay with the
provider: the managing company that is the creditor, else the house's own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection

from core.calendar import WorkCalendar
from core.charges.deadlines import deadlines, own_choice
from core.charges.law import Law
from core.ids import CENTRE, EntityId, MessageId, ProviderId
from core.ledger.collected import AdvanceMove, CollectedSum, advance_moves, collected_sums, stage_houses
from core.model.lines import Component
from core.money import format_roubles, kopecks, split
from core.payments.contracts import AgencyContract, agency_contracts, contract_of
from core.payments.daily import UNDIVIDED, Collected, MoneyKind, Recipient, Sent, Standing, as_it_came, standings
from core.payments.found_debts import Found, Moved, Pool
from core.payments.settle import SettlementRules, agent_fee
from core.period import Month
from core.records.bank import RegistryRow, StatementRow, payments_of
from core.records.facts import read_settings
from core.records.latest import read_accounts, read_bank_accounts, read_houses_list, read_organisations, read_services
from core.records.providers import providers
from core.records.rows import BankAccountRow, OrganisationRow, ServiceRow
from core.services.bank_money import day_of_line, payment_key
from core.services.clearing import operation_of
from core.services.requisites import Requisites
from core.services.statements import compared, returned_among
from core.validate.check_digits import account_fits_bik

__all__ = ["Settlement", "Trouble", "open_settlement"]

_MANAGER = 1
_COMMON, _HOUSING, _CAPITAL_REPAIR = 2, 2, 2
"""Codes of a service: provided for common property; of housing; of housing the contribution."""
_COVERED = ("reconciled", "over", "fee_difference", "closed")
_REST = "registry_rest/"
Portions = tuple[tuple[date | None, int], ...]
"""Days on which the money of a source came, and how much of it, kopecks; no day: not yet."""
_AGENT_ACCOUNT = "40821"


@dataclass(frozen=True, slots=True, order=True)
class Trouble:
    """Something that a person must put right before, or know of: code, sentence, hint."""

    code: str
    message: str
    hint: str
    amount: int = 0


@dataclass(slots=True)
class Settlement:
    """Receipts and transfers as they stand, with all that is needed to say what is due."""

    facts: list[Collected]
    sent: list[Sent]
    rules: SettlementRules
    law: Law
    settings: Mapping[str, object]
    day: date
    organisations: Mapping[EntityId, OrganisationRow]
    banks: Mapping[tuple[str, str], BankAccountRow]
    """Settlement accounts by number and БИК."""
    contracts: tuple[AgencyContract, ...]
    lines: Mapping[str, StatementRow]
    returned: Mapping[str, str] = field(default_factory=dict)
    """Statement lines that brought back a transfer: credit → debit."""
    troubles: list[Trouble] = field(default_factory=list)

    def standings(self) -> Mapping[Recipient, Standing]:
        """Every recipient at the end of the day."""
        return standings(self.facts, self.sent, self.rules, self.calendar, on=self.day)

    @property
    def calendar(self) -> WorkCalendar:
        """Working days."""
        return deadlines(self.law, self.settings, day=self.day).calendar

    def name(self, recipient: Recipient) -> str:
        """Who it is, for people."""
        found = self.organisations.get(recipient.organisation_id)
        return "Аванс без получателя" if found is None else found.short_name or found.name

    def inn(self, recipient: Recipient) -> str:
        """Its ИНН; empty for an undivided advance."""
        found = self.organisations.get(recipient.organisation_id)
        return "" if found is None else found.inn

    def refusal(self, recipient: Recipient) -> Trouble | None:
        """Why no money may leave to a recipient; None: it may."""
        who = self.name(recipient)
        if not recipient.account:
            return Trouble("SET-0102", f"{who}: нет расчётного счёта нужного вида.", "Запросите реквизиты у отправителя данных.")
        bank = self.banks.get((recipient.account, recipient.bik))
        if not account_fits_bik(recipient.account, recipient.bik):
            text = f"{who}: счёт {recipient.account} не подходит к БИК {recipient.bik or '(не указан)'}: контрольный ключ не сходится."
            return Trouble("SET-0103", text, "Запросите верные реквизиты; на этот счёт деньги не уйдут.")
        if bank is None or not bank.verified:
            text = f"{who}: счёт {recipient.account} не проверен при приёме данных."
            return Trouble("SET-0103", text, "Исправьте замечания к реквизитам: erkc intake history.")
        if bank.closed_on is not None and bank.closed_on <= self.day:
            text = f"{who}: счёт {recipient.account} закрыт {bank.closed_on:%d.%m.%Y}."
            return Trouble("SET-0103", text, "Запросите новые реквизиты у отправителя данных.")
        owner = self.organisations.get(recipient.organisation_id)
        if owner is not None and not owner.verified:
            text = f"{who}: ИНН, КПП или ОГРН с неверным контрольным числом."
            return Trouble("SET-0103", text, "Исправьте замечания к организации: erkc intake history.")
        return None


def open_settlement(connection: Connection, *, law: Law, day: date) -> Settlement:
    """Everything that was collected and transferred, as known now; ``day`` is the day up to which things are asked."""
    return _Reader(connection, law, day).read()


class _Reader:
    """Reads sums of the ledger into receipts of recipients."""

    def __init__(self, connection: Connection, law: Law, day: date) -> None:
        self.connection, self.day = connection, day
        settings = read_settings(connection, day=day, provider_id=None)
        self.result, self.registries, self.lines = compared(connection)
        accumulates = own_choice(law, settings, "pp253_small", day) == "accumulate"
        small = kopecks(law.number("settlement.small_sum", day))
        rules = SettlementRules(small, int(law.number("settlement.longest_days", day)), accumulates)
        self.owners = [one for one in providers(connection) if one.provider_id != CENTRE]
        organisations: dict[EntityId, OrganisationRow] = {}
        banks: dict[tuple[str, str], BankAccountRow] = {}
        self.services: dict[ProviderId, dict[EntityId, ServiceRow]] = {}
        self.managers: dict[EntityId, EntityId | None] = {}
        self.requisites: dict[ProviderId, Requisites] = {}
        for owner in self.owners:
            number = owner.provider_id
            for row in read_organisations(connection, provider_id=number):
                known = organisations.get(row.entity_id)
                organisations[row.entity_id] = row if known is None else replace(row, verified=row.verified and known.verified)
            for bank in read_bank_accounts(connection, provider_id=number):
                other = banks.get((bank.number, bank.bik))
                banks[bank.number, bank.bik] = bank if other is None else replace(bank, verified=bank.verified and other.verified)
            self.services[number] = {row.entity_id: row for row in read_services(connection, provider_id=number)}
            self.managers |= {row.entity_id: row.manager_id for row in read_houses_list(connection, provider_id=number)}
            self.requisites[number] = Requisites(connection, provider_id=number, month=Month.of(day))
        contracts = agency_contracts(settings)
        self.found = Settlement([], [], rules, law, settings, day, organisations, banks, contracts, self.lines)
        self.found.returned = returned_among(self.lines)
        self.outcomes = {one.key: one for one in self.result.registries}
        self.shares = {
            (line.key, key): share for line in self.result.lines for key, share in zip(line.registries, line.shares, strict=True)
        }
        self.days = {key: self._came(key) for key in self.registries}

    def read(self) -> Settlement:
        """Receipts with their fees, then transfers, then what is wrong with them."""
        sources: dict[str, dict[tuple[Recipient, MoneyKind], int]] = defaultdict(lambda: defaultdict(int))
        days: dict[str, Portions] = {}
        stage_houses(self.connection, list(self._houses()))  # read before the COPY: one connection does one thing at a time
        for item, source, day in self._dated(list(self._sums())):
            recipient, kind = self._destination(item)
            sources[source][recipient, kind] += item.amount
            days[source] = day
        for source, sums in sources.items():
            for fact in self._with_fees(self.registries.get(source), days[source], sums):
                self.found.facts += as_it_came(fact, days[source])
        self.found.facts += self._uses()
        self._transfers()
        self._tell()
        return self.found

    def _houses(self) -> Iterator[tuple[EntityId, EntityId | None]]:
        for owner in self.owners:
            for row in read_accounts(self.connection, provider_id=owner.provider_id):
                yield row.entity_id, row.house_id

    def _sums(self) -> Iterator[CollectedSum]:
        by_house = [row.entity_id for those in self.services.values() for row in those.values() if _is_of_house(row)]
        return collected_sums(
            self.connection,
            registries=[row.message_id for row in self.registries.values()],
            messages=self._messages(),
            house_services=by_house,
            house_components=(Component.SURCHARGE, Component.PENALTY_CAPITAL_REPAIR),
        )

    def _messages(self) -> list[MessageId]:
        return sorted({row.message_id for row in self.registries.values()} | {row.message_id for row in self.lines.values()})

    def _came(self, key: str) -> Portions:
        """On which days the money of a registry came, by its orders; without a day what has not come."""
        outcome = self.outcomes[key]
        came: dict[date, int] = defaultdict(int)
        for line in outcome.lines:
            if self.lines[line].body.incoming:
                came[day_of_line(self.lines[line].body)] += self.shares[line, key]
        is_covered = outcome.state in _COVERED
        missing = 0 if is_covered else outcome.expected - outcome.ordered
        portions: list[tuple[date | None, int]] = [*sorted(came.items()), (None, missing)]
        if all(amount >= 0 for _, amount in portions) and any(amount for _, amount in portions):
            return tuple((day, amount) for day, amount in portions if amount)
        return ((max(came) if is_covered and came else None, 1),)

    def _dated(self, sums: Sequence[CollectedSum]) -> Iterator[tuple[CollectedSum, str, Portions]]:
        """Each sum with its source and its days; payments of senders' archives are left out."""
        of_message = {row.message_id: key for key, row in self.registries.items()}
        operations = {item.entry_key: operation_of(item.entry_key) for item in sums if item.entry_key}
        registry_of = {row.key: row.body.registry for row in payments_of(self.connection, sorted(set(operations.values())))}
        for item in sums:
            if not item.entry_key:
                registry = of_message[item.message_id] if item.message_id is not None else ""
                yield item, registry, self.days[registry]
                continue
            operation = operations[item.entry_key]
            if operation in self.lines:
                first: Portions = ((day_of_line(self.lines[operation].body), 1),)
            elif (registry := registry_of.get(operation, operation.removeprefix(_REST))) in self.registries:
                first = self.days[registry]
            else:
                continue
            posted = item.posted_on
            if item.entry_key != payment_key(operation) and posted is not None:
                first = tuple((None if day is None else max(day, posted), amount) for day, amount in first)
            yield item, item.entry_key, first

    def _destination(self, item: CollectedSum) -> tuple[Recipient, MoneyKind]:
        if item.creditor_id is None:
            return UNDIVIDED, "other"
        kind = self._kind(item)
        creditor: EntityId | None = item.creditor_id
        if kind in ("k_surcharge", "soi") and not self._is_manager(item.creditor_id):
            creditor = self.managers.get(item.house_id) if item.house_id is not None else None
        if creditor is None:
            return UNDIVIDED, kind
        requisites = self.requisites[item.provider_id]
        bank = requisites.account_of(creditor, contribution=kind == "contribution", house_id=item.house_id)
        return (Recipient(creditor) if bank is None else Recipient(creditor, bank.number, bank.bik)), kind

    def _kind(self, item: CollectedSum) -> MoneyKind:
        if item.component is Component.SURCHARGE:
            return "k_surcharge"
        if item.component is Component.PENALTY_CAPITAL_REPAIR:
            return "contribution"
        service = self.services[item.provider_id].get(item.service_id) if item.service_id is not None else None
        if service is not None and service.provision == _COMMON:
            return "soi"
        if service is not None and service.kind == _HOUSING:
            return "contribution" if service.housing_kind == _CAPITAL_REPAIR else "other"
        return "other" if item.creditor_id is None or self._is_manager(item.creditor_id) else "utility"

    def _is_manager(self, organisation_id: EntityId) -> bool:
        found = self.found.organisations.get(organisation_id)
        return found is not None and _MANAGER in found.roles

    def _with_fees(
        self, registry: RegistryRow | None, days: Portions, sums: Mapping[tuple[Recipient, MoneyKind], int]
    ) -> Iterable[Collected]:
        """The centre's fee once for the source and principal; what the agent kept or billed pro rata, where the recipient bears it."""
        day = max((one for one, _ in days if one is not None), default=None)
        keys = sorted(key for key, amount in sums.items() if amount)
        own, bank = dict.fromkeys(keys, 0), dict.fromkeys(keys, 0)
        asked = day or self.day
        for organisation in {key[0].organisation_id for key in keys if key[0].organisation_id}:
            mine = [key for key in keys if key[0].organisation_id == organisation]
            contract = contract_of(self.found.contracts, self.found.inn(mine[0][0]), asked)
            base = sum(sums[key] for key in mine)
            if contract is None or base <= 0:
                continue
            fee = agent_fee(base, percent=contract.percent)
            for key, share in zip(mine, split(fee, [max(sums[key], 0) for key in mine]), strict=True):
                own[key] = share
        if registry is not None and registry.body.fee > 0 and registry.header.get("fee_model") != "on_top":
            weights = [max(sums[key], 0) for key in keys]
            rest = max(registry.body.amount - sum(weights), 0)
            if sum(weights) + rest > 0:
                for key, share in zip(keys, split(registry.body.fee, [*weights, rest])[:-1], strict=True):
                    contract = contract_of(self.found.contracts, self.found.inn(key[0]), asked)
                    bank[key] = share if contract is not None and contract.bears_bank_fee else 0
        for key in keys:
            yield Collected(day, key[0], key[1], sums[key], bank[key], own[key])

    def _uses(self) -> Iterator[Collected]:
        """Advances of banks' payments that have found their debts: out of where they stood, and to whom the money belongs now."""
        for _, moves in groupby(advance_moves(self.connection, messages=self._messages()), key=attrgetter("account_id")):
            pool = Pool()
            for _, entry in groupby(moves, key=attrgetter("entry_id")):
                those: list[AdvanceMove] = list(entry)
                if those[0].what == "receipt":
                    for move in those:
                        pool.receive(move.creditor_id, move.amount)
                    continue
                moved = [*_shares(those), *(one for move in those if (one := self._moved(move)) is not None)]
                for found in pool.use(moved):
                    yield from self._passed(those[0], found)

    def _moved(self, move: AdvanceMove) -> Moved | None:
        if move.creditor_id is None or move.what != "use":
            return None
        stays = self._kind(_as_sum(move)) in ("k_surcharge", "soi")
        return Moved("debt", move.creditor_id, move.amount, (move.service_id, move.component), stays)

    def _passed(self, move: AdvanceMove, found: Found) -> Iterator[Collected]:
        advance = replace(_as_sum(move), service_id=None, component=Component.ADVANCE)
        source, kind = self._destination(replace(advance, creditor_id=found.source))
        service, component = found.line
        line = replace(advance, creditor_id=found.creditor_id)
        if found.source is not None:
            line = replace(line, service_id=service, component=Component(component))
        target, new_kind = self._destination(line)
        if target != source:
            yield Collected(move.on, source, kind, -found.amount)
            yield Collected(move.on, target, new_kind, found.amount)

    def _transfers(self) -> None:
        """Lines by which money left to recipients or came back, by the account they name."""
        states = {line.key: line.state for line in self.result.lines}
        by_account: dict[str, Recipient] = {}
        for fact in self.found.facts:
            if fact.recipient.account:
                by_account.setdefault(fact.recipient.account, fact.recipient)
        for key, row in self.lines.items():
            line = row.body
            if states[key] not in ("transfer_out", "returned_in"):
                continue
            recipient = by_account.get(line.other_account)
            if recipient is None:
                text = (
                    f"Документ {line.number} от {day_of_line(line):%d.%m.%Y}: перечислено на счёт {line.other_account}, это не получатель."
                )
                self.found.troubles.append(Trouble("SET-0105", text, "Выясните, за что перечислено; верните ошибочное.", line.amount))
                continue
            self.found.sent.append(Sent(day_of_line(line), recipient, -line.amount if line.incoming else line.amount))

    def _tell(self) -> None:
        nobody = sum(fact.amount for fact in self.found.facts if fact.recipient == UNDIVIDED and fact.kind in ("k_surcharge", "soi"))
        if nobody:
            text = "Коэффициент и СОИ остаются исполнителю, а управляющая организация дома не известна."
            self.found.troubles.append(Trouble("SET-0104", text, "Примите договор управления домом (раздел DU пакета УК).", nobody))
        for key, outcome in self.outcomes.items():
            if outcome.state == "short" and outcome.ordered > 0:
                missing = outcome.expected - outcome.ordered
                text = f"Реестр {key}: переведено на {format_roubles(missing)} меньше; получателям идёт пришедшая доля, остальное ждёт."
                self.found.troubles.append(Trouble("SET-0107", text, "Запросите доплату у агента; что пришло: erkc reconcile.", missing))
        for recipient in sorted({fact.recipient for fact in self.found.facts} - {UNDIVIDED}):
            if (refusal := self.found.refusal(recipient)) is not None:
                self.found.troubles.append(refusal)
            if contract_of(self.found.contracts, self.found.inn(recipient), self.day) is None:
                text = f"{self.found.name(recipient)}: агентского договора нет, вознаграждение и комиссия банков не удержаны."
                self.found.troubles.append(Trouble("SET-0101", text, "Внесите договор в настройку региона agency_contracts."))
            if recipient.account.startswith("40702"):
                text = f"{self.found.name(recipient)}: нет специального счёта {_AGENT_ACCOUNT}, перечисляется на {recipient.account}."
                self.found.troubles.append(Trouble("SET-0106", text, "Деньги платёжного агента идут на счёт 40821 (103-ФЗ, ст. 4)."))
        self.found.troubles = sorted(set(self.found.troubles))


def _is_of_house(service: ServiceRow) -> bool:
    """Whether the house decides whose the money of a service is: its manager, or its special account."""
    return service.provision == _COMMON or (service.kind == _HOUSING and service.housing_kind == _CAPITAL_REPAIR)


def _as_sum(move: AdvanceMove) -> CollectedSum:
    return CollectedSum(None, "", move.on, move.provider_id, move.house_id, move.creditor_id, move.service_id, move.component, move.amount)


def _shares(moves: Sequence[AdvanceMove]) -> Iterator[Moved]:
    """What an entry took from the undivided advance for each creditor: what came to him and his debts beyond what his own advance gave."""
    sums: dict[EntityId, int] = defaultdict(int)
    for move in moves:
        if move.creditor_id is not None:
            sums[move.creditor_id] += move.amount
    for creditor, amount in sums.items():
        if amount > 0:
            yield Moved("share", creditor, amount)

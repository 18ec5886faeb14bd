"""Gathers what bills are built from: house by house, for each payer the facts, posted lines, balances and requisites of all its accounts.

A payer is a unified account (ЕЛС): its personal accounts may be kept by several senders (УО, РСО with direct contracts, the regional
operators), and all of them stand on one bill. It is issued in the month of the sender who keeps the payer's management account. One batch
of houses is a handful of statements for each sender, so a region's bills are gathered in flat memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from sqlalchemy import Connection

from core.charges.causes import CAUSES
from core.charges.explain import recalculation_reason
from core.charges.law import Law
from core.charges.limit_bases import limit_of
from core.charges.persons import persons
from core.charges.rules import Rules
from core.charges.slices import slices_of
from core.documents.epd import house_totals
from core.documents.notices import notices
from core.documents.source import (
    BilledService,
    BillSource,
    Destination,
    HouseTotals,
    InstalmentShare,
    Payee,
    PayerFacts,
    PenaltyShare,
    ProviderFacts,
    Share,
)
from core.documents.units import unit_name
from core.ids import EntityId, ProviderId, RecordId
from core.ledger.balances import Paid, PenaltyItem, last_payment_days, opening_advances, opening_items, payments_counted, penalty_items
from core.ledger.calculations import Calculation, read_lines, read_volumes
from core.ledger.differences import DifferenceRow, read_differences
from core.model.bill import BillAccount, BillInstalment, BillMeter, BillSupport, Recalculation
from core.model.facts import AccountFacts, Facts, HouseFacts, MeterFacts, NormFacts, ReadingFacts, ServiceFacts
from core.model.ledger import OpenItem
from core.model.lines import ChargeLine, Component
from core.model.records import MassRecalculation, UnifiedAccount
from core.period import Month
from core.records.bodies import read_bodies, read_records
from core.records.crosswalk import external_ids
from core.records.facts import read_region
from core.records.latest import read_accounts, read_organisations, read_services
from core.records.limits import read_limits
from core.records.providers import Provider
from core.records.rows import AccountRow, OrganisationRow
from core.services.held_readings import reading_window
from core.services.instalments import read_plans
from core.services.joint_houses import JointHouse, JointReader
from core.services.requisites import Requisites
from core.services.support import Measure, measures_of

__all__ = ["BillDates", "BillSources", "PayerSource"]

_MANAGEMENT = (1, 4)
"""Accounts of the УО and of the settlement centre: a payer's bill is addressed by such a one where it has one."""
_NIGHT_ZONE, _NIGHT_READING = 3, 2
"""Zone of a service, and zone of a reading, that the night is."""


@dataclass(frozen=True, slots=True)
class BillDates:
    """The dates that every bill of an issue carries."""

    issued_on: date
    due_on: date
    payments_until: date
    due_elsewhere: Mapping[EntityId, date] = field(default_factory=dict)
    """Of accounts in municipalities whose days are others."""

    def due_day(self, account: EntityId) -> date:
        """Until when the bill of an account is to be paid."""
        return self.due_elsewhere.get(account, self.due_on)


@dataclass(frozen=True, slots=True)
class PayerSource:
    """The source of a payer's bill, or why it can not be gathered."""

    accounts: tuple[AccountFacts, ...]
    """That of the bill first."""
    source: BillSource | None
    waits_for: tuple[str, ...] = ()
    """Senders of the payer's other accounts whose month is not posted."""


class BillSources:
    """The sources of the bills that one provider issues for a month, with the months of the other senders of its houses."""

    def __init__(
        self, connection: Connection, *, provider: Provider, calculations: Mapping[ProviderId, Calculation], law: Law, dates: BillDates
    ) -> None:
        self._connection = connection
        self._provider = provider
        self._calculations = calculations
        self._law = law
        self._dates = dates
        self._calculation = calculations[provider.provider_id]
        self._senders: dict[ProviderId, _Sender] = {}
        self._limits = read_limits(connection, month=self._calculation.month)

    def read(self, houses: Sequence[EntityId], *, skip: Container[EntityId]) -> Iterator[PayerSource]:
        """Sources of the payers of some houses that the provider bills, in the order of houses and accounts.

        ``skip``: accounts whose payers have their bill already.
        """
        calculation = self._calculation
        reader = JointReader(self._connection, self._provider.provider_id, calculation.month, calculation.known_until)
        for joint in reader.read(houses):
            payers = [payer for payer in _payers(joint.house) if self._is_own(joint, payer[0]) and payer[0].account_id not in skip]
            if payers:
                yield from self._house(joint, payers)

    def _is_own(self, joint: JointHouse, account: AccountFacts) -> bool:
        return joint.sender(account.sender).provider_id == self._provider.provider_id

    def _house(self, joint: JointHouse, payers: Sequence[tuple[AccountFacts, ...]]) -> Iterator[PayerSource]:
        by_sender: dict[ProviderId, list[EntityId]] = defaultdict(list)
        for account in (account for payer in payers for account in payer):
            by_sender[joint.sender(account.sender).provider_id].append(account.account_id)
        parts: dict[int, _Part] = {}
        for place, name in enumerate(joint.same.names):
            if name.provider_id in by_sender and name.provider_id in self._calculations:
                sender = self._sender(joint.sender(place))
                parts[place] = _Part(sender, name.house_id, _Ledger(self._connection, by_sender[name.provider_id], sender.calculation))
        for payer in payers:
            missing = dict.fromkeys(joint.sender(one.sender).name for one in payer if one.sender not in parts)
            source = None if missing else self._source(joint.house, payer, parts)
            yield PayerSource(payer, source, tuple(missing))

    def _sender(self, provider: Provider) -> _Sender:
        if provider.provider_id not in self._senders:
            calculation = self._calculations[provider.provider_id]
            self._senders[provider.provider_id] = _Sender(self._connection, provider, calculation, self._law)
        return self._senders[provider.provider_id]

    def _source(self, house: HouseFacts, payer: Sequence[AccountFacts], parts: Mapping[int, _Part]) -> BillSource:
        main = payer[0]
        own = parts[main.sender].sender
        limit = limit_of(house.oktmo, self._limits)
        pieces = [parts[account.sender].of(account) for account in payer]
        senders = list({account.sender: parts[account.sender] for account in payer}.values())
        services = {key: service for part in senders for key, service in part.sender.services_at(house.oktmo).items()}
        for account, piece in zip(payer, pieces, strict=True):
            services = parts[account.sender].sender.with_norms(services, piece.lines, house.oktmo)
        listed = (meter for account in payer for meter in _meters(account.meters, house, services, own.month, closed_too=True))
        meters = tuple({(meter.service_id, meter.serial): meter for meter in listed}.values())
        return BillSource(
            number="",
            version=1,
            replaces_number=None,
            month=own.month,
            issued_on=self._dates.issued_on,
            due_on=self._dates.due_day(main.account_id),
            payments_until=self._dates.payments_until,
            provider=own.facts_of_provider(),
            payer=own.payer(house, main),
            lines=tuple(line for piece in pieces for line in piece.lines),
            services=services,
            payees={where: payee for piece in pieces for where, payee in piece.payees.items()},
            open_items=tuple(item for piece in pieces for item in piece.items),
            advances=tuple(share for piece in pieces for share in piece.advances),
            payments=tuple(share for piece in pieces for share in piece.payments),
            penalties=tuple(share for piece in pieces for share in piece.penalties),
            meters=meters,
            house_meters=tuple(_meters(house.meters, house, services, own.month)),
            house_totals={key: total for part in senders for key, total in part.house_totals.items()},
            corrections=tuple(row for piece in pieces for row in piece.corrections),
            notices=own.notices(meters),
            accounts=tuple(parts[account.sender].sender.bill_account(account) for account in payer),
            instalments=tuple(share for piece in pieces for share in piece.instalments),
            reasons={line.service_id: reason for piece in pieces for line in piece.lines if (reason := recalculation_reason(line))},
            tariffs={
                (line.account_id, line.service_id): tuple(dict.fromkeys(part.tariff_e6 for part in slices_of(line)))
                for piece in pieces
                for line in piece.lines
                if line.tariff_e6 is None and line.base
            },
            supports=tuple(support for piece in pieces for support in piece.supports),
            limit_percent_e2=None if limit is None else limit.percent_e2,
            limit_act="" if limit is None else limit.act,
            last_paid_on=max((piece.last_paid_on for piece in pieces if piece.last_paid_on is not None), default=None),
        )


def _payers(house: HouseFacts) -> list[tuple[AccountFacts, ...]]:
    """The accounts of the house by payer, the one that the bill is addressed by first. Without a unified account one account is a payer."""
    groups: dict[str, list[AccountFacts]] = defaultdict(list)
    for account in house.accounts:
        groups[f"account {account.account_id}" if account.payer is None else account.payer].append(account)
    return [
        tuple(sorted(group, key=lambda one: (one.kind not in _MANAGEMENT, one.sender, one.account_id))) if len(group) > 1 else tuple(group)
        for group in groups.values()
    ]


def _meters(
    meters: Iterable[MeterFacts], house: HouseFacts, services: Mapping[EntityId, BilledService], month: Month, *, closed_too: bool = False
) -> Iterator[BillMeter]:
    """Meters with the readings of the month, each tariff zone under the service of its own. ``closed_too``: and those that were removed in
    the month after they were read in it, for the volume of the line has theirs."""
    by_key = {service.key: service for service in house.services}
    for meter in meters:
        service = by_key.get(meter.service)
        if service is None:
            continue
        removed = meter.closed_on is not None and meter.closed_on in month and any(one.taken_on in month for one in meter.readings)
        if not meter.is_open and not (closed_too and removed):
            continue
        for shown, readings, start_e3 in _zones(meter, service, house):
            known = services.get(shown.service_id)
            if known is not None:
                yield _meter(meter, known, readings, start_e3, month)


def _zones(meter: MeterFacts, service: ServiceFacts, house: HouseFacts) -> list[tuple[ServiceFacts, Sequence[ReadingFacts], int | None]]:
    """What a device of several tariff zones shows, by the service of each zone, with the value it began with."""
    at_night = [reading for reading in meter.readings if reading.zone == _NIGHT_READING]
    if not at_night or service.zone == _NIGHT_ZONE:
        return [(service, meter.readings, meter.start_e3)]
    by_day = [reading for reading in meter.readings if reading.zone != _NIGHT_READING]
    nights = [one for one in house.services if one.zone == _NIGHT_ZONE and one.utility_kind == service.utility_kind]
    return [(service, by_day, meter.start_e3), *((one, at_night, None) for one in nights[:1])]


def _meter(meter: MeterFacts, service: BilledService, readings: Sequence[ReadingFacts], start_e3: int | None, month: Month) -> BillMeter:
    current = [reading for reading in readings if reading.taken_on in month]
    before = [reading for reading in readings if reading.taken_on < month.first]
    if start_e3 is None and len(current) > 1:
        start_e3 = current[0].value_e3  # a meter put up this month counts from its first reading, as its charge does
    return BillMeter(
        service_id=service.service_id,
        serial=meter.serial,
        previous_e3=before[-1].value_e3 if before else start_e3,
        current_e3=current[-1].value_e3 if current else None,
        taken_on=current[-1].taken_on if current else None,
        verify_by=meter.next_verification_on if meter.is_open else None,
        utility_kind=service.utility_kind,
        okei=service.okei,
        service_name=service.name,
        unit=unit_name(service.okei),
    )


class _Sender:
    """What bills need of one sender's month, the same for all of its houses."""

    def __init__(self, connection: Connection, provider: Provider, calculation: Calculation, law: Law) -> None:
        self.connection = connection
        self.provider = provider
        self.calculation = calculation
        self.month = month = calculation.month
        own = provider.provider_id
        self._facts: Facts = read_region(connection, month=month, known_until=calculation.known_until, provider_id=own)
        self.rules = Rules(self._facts, law, month)
        self._window = reading_window(connection, provider, month=month, law=law)
        self._accounts: dict[EntityId, AccountRow] = {row.entity_id: row for row in read_accounts(connection, provider_id=own, month=month)}
        self._organisations: dict[EntityId, OrganisationRow] = {
            row.entity_id: row for row in read_organisations(connection, provider_id=own, month=month)
        }
        self._norms: dict[str, dict[EntityId, tuple[NormFacts, ...]]] = {}
        self._services_at: dict[str, dict[EntityId, BilledService]] = {}
        self.services = self._read_services()
        self._requisites = Requisites(connection, provider_id=own, month=month)
        self.bill_texts = {
            stored.record_id: stored.body.bill_text for stored in read_records(connection, MassRecalculation, provider_id=own)
        }
        self.plans = read_plans(connection, provider)
        self._els = external_ids(connection, provider_id=own, system="gis", kind="els")
        self._service_identifiers = external_ids(connection, provider_id=own, system="gis", kind="izku")
        self._stated_identifiers = {row.account: row.service_identifier for row in read_bodies(connection, UnifiedAccount, provider_id=own)}

    def bill_account(self, account: AccountFacts) -> BillAccount:
        """The account as the bill lists it."""
        return BillAccount(
            account_id=account.account_id,
            number=account.number,
            kind=account.kind,
            els=self._els.get(account.account_id, account.payer),
            service_identifier=self._service_identifiers.get(account.account_id, self._stated_identifiers.get(account.key)),
            keeper=self._keeper(account),
        )

    def _keeper(self, account: AccountFacts) -> str:
        principal = self._accounts[account.account_id].principal_id
        organisation = self._organisations.get(principal) if principal is not None else None
        return self.provider.name if organisation is None else organisation.name

    def payer(self, house: HouseFacts, account: AccountFacts) -> PayerFacts:
        """Who pays, by the account that the bill is addressed by."""
        row, month = self._accounts[account.account_id], self.month
        people = (
            persons(account, month, self.rules.at(house.oktmo), first=month.first, last=month.last).count
            if account.residential
            else Fraction(0)
        )
        listed = self.bill_account(account)
        return PayerFacts(
            name=row.payer_name,
            is_organisation=row.payer_is_organisation,
            account_id=account.account_id,
            account_number=account.number,
            account_kind=account.kind,
            els=listed.els,
            service_identifier=listed.service_identifier,
            address=house.address,
            premises_number=account.premises_number,
            room_number=account.room_number,
            house_fias=house.fias,
            house_id=house.house_id,
            area_e2=account.area_e2,
            residents_e6=people.numerator * 1_000_000 // people.denominator,
            residential=account.residential,
            is_open=account.opened_on <= month.last and (account.closed_on is None or account.closed_on >= month.first),
        )

    def measures(self, ledger: _Ledger) -> list[Measure]:
        """Measures of support of the accounts at hand."""
        return measures_of(
            self.connection, provider_id=self.provider.provider_id, month=self.month, calculation=self.calculation, lines=ledger.lines,
            services={key: (service.key, service.name) for key, service in self.services.items()}, accounts=ledger.accounts,
        )  # fmt: skip

    def notices(self, meters: Sequence[BillMeter]) -> tuple[str, ...]:
        """What the payer has to do or to know."""
        warn = int(self.rules.number("reading.verification_notice_days", self.month.last).value)
        return notices(meters, self.month, window=(self._window.first, self._window.last), warn_days=warn)

    def facts_of_provider(self) -> ProviderFacts:
        """Who issues the bill."""
        own = next((row for row in self._organisations.values() if row.inn == self.provider.inn), None)
        if own is None:
            return ProviderFacts(name=self.provider.name, inn=self.provider.inn)
        return ProviderFacts(name=own.name, inn=own.inn, address=own.address, phone=own.phone, email=own.email)

    def payee(self, where: Destination, house_id: EntityId) -> Payee | None:
        """Requisites of a recipient; None when it has no settlement account of the right kind."""
        organisation = self._organisations.get(where.creditor_id)
        chosen = self._requisites.account_of(where.creditor_id, contribution=where.contribution, house_id=house_id)
        if organisation is None or chosen is None:
            return None
        return Payee(
            name=organisation.name,
            inn=organisation.inn,
            kpp=organisation.kpp,
            bank_account=chosen.number,
            bank_name=chosen.bank_name,
            bik=chosen.bik,
            correspondent=chosen.correspondent,
            phone=organisation.phone,
        )

    def _read_services(self) -> dict[EntityId, BilledService]:
        rows = list(read_services(self.connection, provider_id=self.provider.provider_id, month=self.month))
        return {
            row.entity_id: BilledService(
                service_id=row.entity_id,
                key=row.key,
                name=row.name,
                kind=row.kind,
                provision=row.provision,
                base_service=row.base_service,
                utility_kind=row.utility_kind,
                housing_kind=row.housing_kind,
                resource_kind=row.resource_kind,
                okei=row.okei,
                sort_order=row.sort_order,
                norm_e6=None,
            )
            for row in rows
        }

    def services_at(self, oktmo: str) -> dict[EntityId, BilledService]:
        """The services with the norms of a municipality, each where there is one."""
        if oktmo not in self._services_at:
            norms = self._facts.at(oktmo).norms
            self._norms[oktmo] = of = {key: self._norms_of(service, norms) for key, service in self.services.items()}
            self._services_at[oktmo] = {
                key: replace(service, norm_e6=of[key][0].value_e6 if len(of[key]) == 1 else None) for key, service in self.services.items()
            }
        return self._services_at[oktmo]

    def _norms_of(self, service: BilledService, norms: Iterable[NormFacts]) -> tuple[NormFacts, ...]:
        """Approved norms of the month for a service, one for each basis: the nearest, and of the resource itself before those of any."""
        last, provision = self.month.last, service.provision
        found: dict[str, NormFacts] = {}
        for norm in sorted(norms, key=lambda norm: (len(norm.oktmo), norm.resource_kind is not None, norm.first)):
            wanted = service.utility_kind if provision == 1 else None
            is_of = norm.utility_kind == wanted and (provision == 2 or wanted is not None)
            is_of = is_of and norm.resource_kind in (None, service.resource_kind)
            if is_of and provision in (1, 2) and norm.first <= last and (norm.last is None or norm.last >= last):
                found[norm.basis] = norm
        return tuple(norm for norm in found.values() if norm.rooms is None and norm.persons is None)

    def with_norms(
        self, services: Mapping[EntityId, BilledService], lines: Iterable[ChargeLine], oktmo: str
    ) -> dict[EntityId, BilledService]:
        """The services with the norms that the payer's lines went by, where a utility has several (gas for cooking and for heating water
        add up, waste by persons or by area): the reference block never prints a norm of somebody else."""
        known = dict(services)
        for line in lines:
            norms = self._norms[oktmo].get(line.service_id, ())
            if len(norms) > 1:
                used = [norm.value_e6 for norm in norms if norm.source in line.sources]
                known[line.service_id] = replace(known[line.service_id], norm_e6=sum(used) if used else None)
        return known


@dataclass(frozen=True, slots=True)
class _Piece:
    """One account's part of a bill."""

    lines: tuple[ChargeLine, ...]
    corrections: tuple[Recalculation, ...]
    items: tuple[OpenItem, ...]
    advances: tuple[Share, ...]
    payments: tuple[Share, ...]
    penalties: tuple[PenaltyShare, ...]
    instalments: tuple[InstalmentShare, ...]
    payees: Mapping[Destination, Payee]
    supports: tuple[BillSupport, ...]
    last_paid_on: date | None


class _Part:
    """A house as one of its senders keeps it, with the ledger of the accounts at hand."""

    def __init__(self, sender: _Sender, house_id: EntityId, ledger: _Ledger) -> None:
        self.sender = sender
        self._house_id = house_id
        self._ledger = ledger
        volumes = read_volumes(sender.connection, sender.calculation, [house_id])
        self.house_totals: dict[EntityId, HouseTotals] = house_totals(sender.services.values(), volumes, sender.month)
        self._supports: dict[EntityId, list[BillSupport]] = defaultdict(list)
        for measure in sender.measures(ledger):
            title = measure.title
            support = BillSupport(title.name, measure.service, title.clause, measure.amount, measure.lowers_bill)
            self._supports[measure.row.account_id].append(support)

    def of(self, account: AccountFacts) -> _Piece:
        """The account's part of its payer's bill."""
        key, ledger = account.account_id, self._ledger
        lines, corrections = with_corrections(ledger.lines[key], ledger.differences[key], self.sender.bill_texts)
        items, penalties = tuple(ledger.debts[key]), ledger.penalties[key]
        return _Piece(
            lines=lines,
            corrections=corrections,
            items=items,
            advances=_shares(ledger.advances[key]),
            payments=_shares(ledger.payments[key]),
            penalties=tuple(
                PenaltyShare(
                    Destination(item.creditor_id, item.component is Component.PENALTY_CAPITAL_REPAIR),
                    item.amount,
                    item.component is Component.COURT_COSTS,
                )
                for item in penalties
            ),
            instalments=self._instalments(items),
            payees=self._payees(lines, items, penalties),
            supports=tuple(self._supports.get(key, ())),
            last_paid_on=ledger.last_paid.get(key),
        )

    def _instalments(self, items: Sequence[OpenItem]) -> tuple[InstalmentShare, ...]:
        unpaid: dict[tuple[EntityId, EntityId, EntityId, Month], int] = defaultdict(int)
        for item in items:
            unpaid[item.account_id, item.service_id, item.creditor_id, item.origin_month] += item.amount
        found = []
        for debt, remaining in unpaid.items():
            plan = self.sender.plans.get(debt)
            if plan is None or remaining <= 0:
                continue
            _, service_id, creditor_id, origin = debt
            service, month = self.sender.services[service_id], plan.month(self.sender.month, remaining=remaining)
            row = BillInstalment(
                service_id=service_id,
                name=service.name,
                origin=origin,
                remaining=month.remaining,
                portion=month.portion,
                percent_e6=int(plan.percent * 10**6),
                interest=month.interest,
                deferred=month.deferred,
            )
            found.append(InstalmentShare(Destination(creditor_id, service.is_contribution), row))
        return tuple(found)

    def _payees(self, lines: Sequence[ChargeLine], items: Sequence[OpenItem], penalties: Sequence[PenaltyItem]) -> dict[Destination, Payee]:
        services = self.sender.services
        wanted = {Destination(line.creditor_id, services[line.service_id].is_contribution) for line in lines}
        wanted |= {Destination(item.creditor_id, services[item.service_id].is_contribution) for item in items}
        wanted |= {Destination(item.creditor_id, item.component is Component.PENALTY_CAPITAL_REPAIR) for item in penalties}
        payees = {where: self.sender.payee(where, self._house_id) for where in wanted}
        return {where: payee for where, payee in payees.items() if payee is not None}


class _Ledger:
    """What the ledger says of some accounts, by account."""

    def __init__(self, connection: Connection, accounts: Sequence[EntityId], calculation: Calculation) -> None:
        month, self.accounts = calculation.month, accounts
        self.lines: dict[EntityId, list[ChargeLine]] = defaultdict(list)
        self.differences: dict[EntityId, list[DifferenceRow]] = defaultdict(list)
        self.debts: dict[EntityId, list[OpenItem]] = defaultdict(list)
        self.advances: dict[EntityId, list[Paid]] = defaultdict(list)
        self.payments: dict[EntityId, list[Paid]] = defaultdict(list)
        self.penalties: dict[EntityId, list[PenaltyItem]] = defaultdict(list)
        for line in read_lines(connection, calculation, accounts):
            self.lines[line.account_id].append(line)
        for row in read_differences(connection, calculation, accounts):
            if row.blocked_by is None:
                self.differences[row.account_id].append(row)
        for item in opening_items(connection, accounts, month=month):
            self.debts[item.account_id].append(item)
        for advance in opening_advances(connection, accounts, month=month):
            self.advances[advance.account_id].append(advance)
        for payment in payments_counted(connection, accounts, month=month):
            self.payments[payment.account_id].append(payment)
        for penalty in penalty_items(connection, accounts, through=month):
            self.penalties[penalty.account_id].append(penalty)
        self.last_paid = last_payment_days(connection, accounts, month=month)


def with_corrections(
    lines: Sequence[ChargeLine], differences: Sequence[DifferenceRow], texts: Mapping[RecordId, str]
) -> tuple[tuple[ChargeLine, ...], tuple[Recalculation, ...]]:
    """Lines with the corrections of closed months in their recalculation, and why: by month and cause, in the order of the split.

    A service that is not charged any more gets a line of its correction alone. ``texts``: what mass recalculations say on bills.
    """
    sums: dict[tuple[EntityId, EntityId], int] = defaultdict(int)
    named: dict[tuple[EntityId, Month, str, str], int] = defaultdict(int)
    model: dict[tuple[EntityId, EntityId], ChargeLine] = {}
    for row in differences:
        sums[row.service_id, row.creditor_id] += row.total
        text = next((texts[record] for record in row.records if record in texts), CAUSES[row.cause].title)
        named[row.service_id, row.month, row.cause, text] += row.total
        known = row.after or row.before
        if known is not None:
            model[row.service_id, row.creditor_id] = known
    billed = [replace(line, recalculation=line.recalculation + sums.pop((line.service_id, line.creditor_id), 0)) for line in lines]
    nothing = {"volume_e6": 0, "base": 0, "surcharge": 0, "underdelivery": 0, "benefit": 0}
    billed += [replace(model[key], recalculation=amount, **nothing) for key, amount in sums.items() if amount]  # type: ignore[arg-type]  # kopecks
    order = list(CAUSES)
    reasons = tuple(
        Recalculation(service, f"Перерасчёт за {month.title}: {text}", amount)
        for (service, month, _, text), amount in sorted(named.items(), key=lambda item: (item[0][0], item[0][1], order.index(item[0][2])))
        if amount
    )
    return tuple(billed), reasons


def _shares(rows: Sequence[Paid]) -> tuple[Share, ...]:
    return tuple(Share(row.service_id, row.creditor_id, row.amount, row.account_id) for row in rows)

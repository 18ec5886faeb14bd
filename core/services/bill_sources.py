"""Gathers what bills are built from: house by house, the facts, the posted lines, balances and requisites of every account.

One batch of houses is a handful of statements, so a region's bills are gathered in flat memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from sqlalchemy import Connection

from core.charges.causes import CAUSES
from core.charges.law import Law
from core.charges.persons import persons
from core.charges.rules import Rules
from core.documents.source import BilledService, BillSource, Destination, Payee, PayerFacts, PenaltyShare, ProviderFacts, Share
from core.documents.units import unit_name
from core.ids import EntityId, RecordId
from core.ledger.balances import Paid, PenaltyItem, opening_advances, opening_items, payments_counted, penalty_items
from core.ledger.calculations import Calculation, read_lines, read_volumes
from core.ledger.differences import DifferenceRow, read_differences
from core.model.bill import BillMeter, Recalculation
from core.model.facts import AccountFacts, Facts, HouseFacts
from core.model.ledger import OpenItem
from core.model.lines import ChargeLine, Component, HouseVolume
from core.model.records import MassRecalculation, UnifiedAccount
from core.period import Month
from core.records.bodies import read_bodies, read_records
from core.records.crosswalk import external_ids
from core.records.facts import read_region
from core.records.latest import read_accounts, read_organisations, read_services
from core.records.providers import Provider
from core.records.rows import AccountRow, OrganisationRow
from core.services.joint_houses import JointReader
from core.services.requisites import Requisites

__all__ = ["BillDates", "BillSources"]


@dataclass(frozen=True, slots=True)
class BillDates:
    """The dates that every bill of an issue carries."""

    issued_on: date
    due_on: date
    payments_until: date


class BillSources:
    """The sources of a provider's bills for one posted calculation."""

    def __init__(self, connection: Connection, *, provider: Provider, calculation: Calculation, law: Law, dates: BillDates) -> None:
        self._connection = connection
        self._provider = provider
        self._calculation = calculation
        self._dates = dates
        month = calculation.month
        own = provider.provider_id
        self._facts: Facts = read_region(connection, month=month, known_until=calculation.known_until, provider_id=own)
        self._rules = Rules(self._facts, law, month)
        self._accounts: dict[EntityId, AccountRow] = {row.entity_id: row for row in read_accounts(connection, provider_id=own, month=month)}
        self._organisations: dict[EntityId, OrganisationRow] = {
            row.entity_id: row for row in read_organisations(connection, provider_id=own, month=month)
        }
        self._services = self._read_services()
        self._service_names = {service.key: service for service in self._services.values()}
        self._requisites = Requisites(connection, provider_id=own, month=month)
        self._bill_texts = {
            stored.record_id: stored.body.bill_text for stored in read_records(connection, MassRecalculation, provider_id=own)
        }
        self._els = external_ids(connection, provider_id=provider.provider_id, system="gis", kind="els")
        self._service_identifiers = external_ids(connection, provider_id=provider.provider_id, system="gis", kind="izku")

        self._stated_identifiers = {
            row.account: row.service_identifier for row in read_bodies(connection, UnifiedAccount, provider_id=provider.provider_id)
        }

    def unnumbered(self, *, skip: Container[EntityId]) -> dict[EntityId, str]:
        """Accounts that have no bill yet, with no number: it is given when the content holds."""
        return dict.fromkeys((account for account in self._accounts if account not in skip), "")

    def read(self, houses: Sequence[EntityId], numbers: Mapping[EntityId, str]) -> Iterator[BillSource]:
        """Sources of the accounts of some houses that ``numbers`` names, in the order of houses and accounts."""
        calculation = self._calculation
        reader = JointReader(self._connection, self._provider.provider_id, calculation.month, calculation.known_until)
        for house in (joint.house for joint in reader.read(houses)):
            accounts = [account for account in house.accounts if account.account_id in numbers]
            ids = [account.account_id for account in accounts]
            ledger = _Ledger(self._connection, ids, calculation)
            volumes = tuple(read_volumes(self._connection, calculation, [house.house_id]))
            for account in accounts:
                yield self._source(house, account, numbers[account.account_id], ledger, volumes)

    def _source(
        self, house: HouseFacts, account: AccountFacts, number: str, ledger: _Ledger, volumes: tuple[HouseVolume, ...]
    ) -> BillSource:
        lines, corrections = with_corrections(ledger.lines[account.account_id], ledger.differences[account.account_id], self._bill_texts)
        items, ahead = tuple(ledger.debts[account.account_id]), _shares(ledger.advances[account.account_id])
        paid, penalties = _shares(ledger.payments[account.account_id]), ledger.penalties[account.account_id]
        return BillSource(
            number=number,
            version=1,
            replaces_number=None,
            month=self._calculation.month,
            issued_on=self._dates.issued_on,
            due_on=self._dates.due_on,
            payments_until=self._dates.payments_until,
            provider=self._provider_facts(),
            payer=self._payer(house, account),
            lines=lines,
            services=self._services,
            payees=self._payees(house, account, lines, items, penalties),
            open_items=items,
            advances=ahead,
            payments=paid,
            penalties=tuple(
                PenaltyShare(Destination(item.creditor_id, item.component is Component.PENALTY_CAPITAL_REPAIR), item.amount)
                for item in penalties
            ),
            meters=tuple(self._meters(account)),
            volumes=volumes,
            corrections=corrections,
            notices=(),
        )

    def _payer(self, house: HouseFacts, account: AccountFacts) -> PayerFacts:
        row = self._accounts[account.account_id]
        month = self._calculation.month
        people = persons(account, month, self._rules, first=month.first, last=month.last).count if account.residential else Fraction(0)
        return PayerFacts(
            name=row.payer_name,
            is_organisation=row.payer_is_organisation,
            account_id=account.account_id,
            account_number=account.number,
            account_kind=account.kind,
            els=self._els.get(account.account_id, account.payer),
            service_identifier=self._service_identifiers.get(account.account_id, self._stated_identifiers.get(account.key)),
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

    def _provider_facts(self) -> ProviderFacts:
        own = next((row for row in self._organisations.values() if row.inn == self._provider.inn), None)
        if own is None:
            return ProviderFacts(name=self._provider.name, inn=self._provider.inn)
        return ProviderFacts(name=own.name, inn=own.inn, address=own.address, phone=own.phone, email=own.email)

    def _payees(
        self,
        house: HouseFacts,
        account: AccountFacts,
        lines: Sequence[ChargeLine],
        items: Sequence[OpenItem],
        penalties: Sequence[PenaltyItem],
    ) -> dict[Destination, Payee]:
        wanted = {Destination(line.creditor_id, self._services[line.service_id].is_contribution) for line in lines}
        wanted |= {Destination(item.creditor_id, self._services[item.service_id].is_contribution) for item in items}
        wanted |= {Destination(item.creditor_id, item.component is Component.PENALTY_CAPITAL_REPAIR) for item in penalties}
        payees = {where: self._payee(where, house.house_id) for where in wanted}
        return {where: payee for where, payee in payees.items() if payee is not None}

    def _payee(self, where: Destination, house_id: EntityId) -> Payee | None:
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

    def _meters(self, account: AccountFacts) -> Iterator[BillMeter]:
        month = self._calculation.month
        for meter in account.meters:
            if not meter.is_open:
                continue
            current = [reading for reading in meter.readings if reading.taken_on in month]
            before = [reading for reading in meter.readings if reading.taken_on < month.first]
            service = self._service_names.get(meter.service)
            if service is None:
                continue
            yield BillMeter(
                service_id=service.service_id,
                serial=meter.serial,
                previous_e3=before[-1].value_e3 if before else meter.start_e3,
                current_e3=current[-1].value_e3 if current else None,
                taken_on=current[-1].taken_on if current else None,
                verify_by=meter.next_verification_on,
                utility_kind=service.utility_kind,
                okei=service.okei,
                service_name=service.name,
                unit=unit_name(service.okei),
            )

    def _read_services(self) -> dict[EntityId, BilledService]:
        month = self._calculation.month
        rows = read_services(self._connection, provider_id=self._provider.provider_id, month=month)
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
                norm_e6=self._norm(row.provision, row.utility_kind, row.resource_kind),
            )
            for row in rows
        }

    def _norm(self, provision: int, utility_kind: int | None, resource_kind: int | None) -> int | None:
        """The approved norm that the reference block prints beside the service."""
        last = self._calculation.month.last
        found = [
            norm
            for norm in self._facts.norms
            if norm.first <= last
            and (
                (provision == 1 and utility_kind is not None and norm.utility_kind == utility_kind)
                or (provision == 2 and norm.utility_kind is None and norm.resource_kind == resource_kind)
            )
        ]
        return max(found, key=lambda norm: norm.first).value_e6 if found else None


class _Ledger:
    """What the ledger says of some accounts, by account."""

    def __init__(self, connection: Connection, accounts: Sequence[EntityId], calculation: Calculation) -> None:
        month = calculation.month
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
    return tuple(Share(row.service_id, row.creditor_id, row.amount) for row in rows)

"""From the facts of a house to rows: which clause holds for each account and service of the month, and with which arguments.

Nothing is computed to money here and nothing is guessed: what a service is follows from its codes, what applies from the facts and the
rules. A fact that is missing holds the line (or the service, or the house, when others depend on it) with a finding; the rest goes on.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Literal

from core.charges.alike import Alike, LikeLine, area_of, is_plain
from core.charges.common_property import CommonVolume, common_volumes
from core.charges.findings import UNUSED_ACT, ChargeFinding, Held, finding
from core.charges.house_meters import StoppedMeter, instead_finding, stopped_meters
from core.charges.individual import IndividualVolumes
from core.charges.lines import LineDecider
from core.charges.payers import KNOWN_KINDS, Payers
from core.charges.rows import LinePlan
from core.charges.rules import Resource, Rules, is_heat_of_water, resource_of
from core.charges.volumes import MonthVolume, averages_of, first_month, house_volumes, service_days
from core.charges.year_end import YearEnd
from core.ids import RecordId
from core.model.facts import AccountFacts, ActFacts, HouseFacts, ServiceFacts
from core.model.lines import HouseVolume
from core.money import rounded
from core.period import Month

__all__ = ["HousePlan", "decide_house"]

_INDIVIDUAL, _COMMON = 1, 2
_HOT = 2
_METERED: tuple[Resource, ...] = ("cold_water", "hot_water", "electricity", "gas", "heating", "wastewater")


@dataclass(slots=True)
class HousePlan:
    """A house decided: rows of its lines, its volumes, and what is held."""

    house: HouseFacts
    plans: list[LinePlan | LikeLine] = field(default_factory=list)
    volumes: list[HouseVolume] = field(default_factory=list)
    findings: list[ChargeFinding] = field(default_factory=list)
    held: bool = False

    def whole(self) -> list[LinePlan]:
        """The lines of a house that was decided line by line."""
        return [plan for plan in self.plans if isinstance(plan, LinePlan)]


def decide_house(house: HouseFacts, rules: Rules, frozen: Mapping[str, CommonVolume] | None = None, *, alike: bool = False) -> HousePlan:
    """Decide every line of the house for the month of the rules.

    ``frozen``: common volumes of a closed month by service key, which a recalculation of one flat does not touch (section 17.1).
    ``alike``: lines that differ in their numbers only are decided once; what comes out of them is the same.
    """
    decision = _Decision(house, rules, frozen or {}, alike=alike)
    decision.report_other_accounts()
    try:
        decision.house_level()
        for service in house.services:
            decision.service(service)
    except Held as held:
        decision.hold_house(held)
    decision.report_shared()
    decision.report_unused_acts()
    if not decision.plan.held:
        decision.report_unserved()
        decision.report_reliefs()
    return decision.plan


class _Decision:
    """One house on its way from facts to rows."""

    def __init__(self, house: HouseFacts, rules: Rules, frozen: Mapping[str, CommonVolume], *, alike: bool) -> None:
        self.frozen = frozen
        self.alike = alike
        self.house = house
        self.rules = rules = rules.at(house.oktmo)
        self.month = rules.month
        self.payers = Payers(house)
        self.plain = {account.key: area_of(account) for account in house.accounts if is_plain(account)} if alike else {}
        """Accounts whose lines may be like others, with their areas."""
        self.plan = HousePlan(house)
        start = first_month([*house.meters, *(meter for account in house.accounts for meter in account.meters)], self.month)
        self.averages = {month: averages_of(rules, month) for month in start.until(self.month)}
        """Months of the walk, from the first that readings give a volume of to the charged one, with the limits of the average."""
        self.by_key = {service.key: service for service in (*house.base_services, *house.services)}
        self.metered: dict[str, Mapping[str, MonthVolume | Held]] = {}
        """Volumes of the charged month by service and account key."""
        self.together: dict[str, tuple[Fraction | None, ...]] = {}
        """Individual volumes of the house by service, in each month of the walk; None when one of them is not known."""
        self.meters: dict[str, dict[Month, tuple[Fraction, tuple[RecordId, ...]]]] = {}
        self.common: dict[str, CommonVolume] = {}
        self.negative: dict[str, tuple[Fraction, Fraction]] = {}
        self._untold: set[tuple[str, str, str]] = set()
        """Corrections of the year that were told of as not made."""
        self._met: set[tuple[str, str]] = set()
        """Account and service of lines that are charged, or held with a finding of their own."""
        self._has_acts = any(account.acts for account in house.accounts)
        self._accounts_of: dict[Hashable, list[tuple[AccountFacts, tuple[date, date]]]] = {}
        self._shared: dict[tuple[str, str, str], tuple[Held, ServiceFacts, int]] = {}

    def report_other_accounts(self) -> None:
        """Accounts whose kind says nothing about their services."""
        for account in self.house.accounts:
            if account.kind not in KNOWN_KINDS:
                held = Held("CH-021", f"лицевой счёт вида {account.kind} не рассчитывается", hint="Сообщите разработчику.", clause="п. 42")
                self.plan.findings.append(finding(held, month=self.month, house=self.house, account=account))

    def house_level(self) -> None:
        """Volumes of accounts and of the house, which the shares are taken of."""
        for key in dict.fromkeys(meter.service for meter in self.house.meters):
            self.meters[key] = house_volumes(list(self.house.meters), service=key, averages=self.averages)
            for month, (volume, _) in self.meters[key].items():
                self._freeze(key, month, "meter", volume, "odpu")
        bases = {service.base_service for service in self.house.services if service.provision == _COMMON}
        individual = IndividualVolumes(self.house, self.rules, self.payers, self.averages)
        for service in self.house.services:
            resource = resource_of(service)
            if service.provision != _INDIVIDUAL or resource not in _METERED or is_heat_of_water(service):
                continue
            if resource in ("heating", "wastewater") and not self._has_flat_meters(service):
                continue
            volumes = individual.of(service, resource, every_month=service.key in bases)
            self.metered[service.key], self.together[service.key] = volumes.now, volumes.together
        for service in self.house.services:
            if service.provision == _COMMON:
                self._common(service)

    def service(self, service: ServiceFacts) -> None:
        """The line of the service for each account it is provided to in the month."""
        decider = LineDecider(
            self.house, self.rules, service, self.payers, metered=self.metered, meters=self.meters, common=self.common.get(service.key),
            negative=self.negative, hot_common=self._hot_common(), alike=Alike(self.house, self.rules, on=self.alike), plain=self.plain,
        )  # fmt: skip
        year = YearEnd(self.house, self.rules, service, self.payers, self.meters) if self.house.last_year is not None else None
        metered, plans = self.metered.get(service.key, {}), self.plan.plans
        begun = len(plans)
        for account, days in self._reached(service):
            try:
                decided = decider.line(account, days)
            except Held as held:
                self._hold(held, account, service)
                self._met.add((account.key, service.key))
                continue
            if metered:
                last = metered.get(account.key)
                if isinstance(last, MonthVolume) and last.refused:
                    self._refused(last, account, service)
            if decided is not None:
                if self._has_acts:
                    self._met.add((account.key, service.key))
                plans.append(decided if year is None else self._with_year(decided, year, account))
        if resource_of(service) == "heating" and len(plans) > begun:
            methods = {plan.method if isinstance(plan, LinePlan) else plan.shape.method for plan in plans[begun:]}
            self._report_heat_meters(service, by_average="average" in methods)

    def _hot_common(self) -> list[CommonVolume]:
        """Hot water for common needs in the month."""
        hot = [one.key for one in self.house.services if one.provision == _COMMON and one.resource_kind == _HOT]
        return [self.common[key] for key in hot if key in self.common]

    def _with_year(self, plan: LinePlan | LikeLine, year: YearEnd, account: AccountFacts) -> LinePlan | LikeLine:
        """The line with the corrections of the year before; one that can not be made is told, and the month is charged without it."""
        assert isinstance(plan, LinePlan), "no lines are alike in a house with corrections of the year"
        try:
            found = year.of(account)
        except Held as held:
            self._hold_year(held, year.service)
            return plan
        return replace(plan, recalculation=(*plan.recalculation, *found)) if found else plan

    def _hold_year(self, held: Held, service: ServiceFacts) -> None:
        key = (held.code, service.key, held.message)
        if key not in self._untold:
            self._untold.add(key)
            self.plan.findings.append(
                finding(
                    held,
                    month=self.month,
                    house=self.house,
                    service=service,
                    effect="ignore",
                    severity="warning",
                    accounts=len(self.house.accounts),
                )
            )

    def _report_heat_meters(self, service: ServiceFacts, *, by_average: bool) -> None:
        """Say that the heat of the month was not taken from the house meter, and why; paid evenly it never is."""
        devices = [meter for meter in self.house.meters if meter.service == service.key]
        if self.rules.text("heating_payment", "") == "season" and self.month not in self.meters.get(service.key, {}):
            self._report_stopped(tuple(stopped_meters(devices, self.month)), service, by_average=by_average, clause="п. 59(1)")

    def _report_stopped(self, stopped: tuple[StoppedMeter, ...], service: ServiceFacts, *, by_average: bool, clause: str) -> None:
        """A house meter out of order is told to whoever looks after it; the charge goes on without it."""
        for one in stopped:
            held = instead_finding(one, by_average=by_average, clause=clause)
            self.plan.findings.append(
                finding(
                    held, month=self.month, house=self.house, service=service, effect="ignore_reading", severity="warning",
                    accounts=len(self.house.accounts),
                )
            )  # fmt: skip

    def report_unused_acts(self) -> None:
        """Acts of the month that charge nothing anew: what they are about is not there, or its line is not charged to the account."""
        for unused in self.house.unused_acts:
            account = next((one for one in self.house.accounts if one.key == unused.account), None)
            self._report_act(unused.number, unused.drawn_on, unused.cause, account, None)
        if self.plan.held:
            return
        waiting: dict[RecordId, tuple[AccountFacts, ActFacts]] = {}
        for account in self.house.accounts:
            for act in account.acts:
                if act.drawn_on in self.month and not self._met & {
                    (one.key, act.service) for one in (account, *self.payers.together(account))
                }:
                    waiting.setdefault(act.source, (account, act))
        for account, act in waiting.values():
            self._report_act("", act.drawn_on, "услуга счёту не начисляется", account, self.by_key.get(act.service))

    def _report_act(self, number: str, drawn_on: date, cause: str, account: AccountFacts | None, service: ServiceFacts | None) -> None:
        named = f"акт № {number} от {drawn_on:%d.%m.%Y}" if number else f"акт от {drawn_on:%d.%m.%Y}"
        held = Held(
            UNUSED_ACT, f"{named} не применён: {cause}", clause="п. 61, 62, 81, 85",
            hint="Исправьте акт и примите файл снова, или отзовите его (kind = \"withdrawn\").",
        )  # fmt: skip
        self.plan.findings.append(finding(held, month=self.month, house=self.house, account=account, service=service))

    def report_unserved(self) -> None:
        """Open accounts that no service of the house reaches: nothing is charged to them, which nobody must take for a zero."""
        open_in_month = [
            account
            for account in self.house.accounts
            if account.kind in KNOWN_KINDS
            and account.opened_on <= self.month.last
            and (account.closed_on is None or account.closed_on >= self.month.first)
        ]
        served = {account.key for service in self.house.services for account, _ in self._reached(service)}
        unserved = [account for account in open_in_month if account.key not in served]
        if unserved and len(unserved) == len(open_in_month):
            held = Held(
                "CH-029", f"за {self.month.title} ни одному лицевому счёту дома не назначено ни одной услуги, дом не начислен",
                hint="УК присылает услуги дома (DUOUUSLUGA), РСО — свои (DRSOUSLUGARES), с датами; проверьте замечания приёма.",
                clause="п. 37", scope="house",
            )  # fmt: skip
            self.hold_house(held)
            return
        for account in unserved:
            held = Held(
                "CH-029", f"на счёт не назначено ни одной услуги дома за {self.month.title}, ничего не начислено",
                hint="Проверьте вид счёта (KVAR.5) и услуги дома с их датами; присылает УК или РСО.", clause="п. 37",
            )  # fmt: skip
            self.plan.findings.append(finding(held, month=self.month, house=self.house, account=account))

    def report_reliefs(self) -> None:
        """Reliefs on the bill that lower no line: whoever has the right must not lose it silently."""
        relieved = {(plan.account_id, plan.service_id) for plan in self.plan.whole() if plan.benefit}
        for account in self.house.accounts:
            for item in (one for one in account.reliefs if not one.cash):
                service = self.by_key.get(item.service)
                if service is None or (account.account_id, service.service_id) not in relieved:
                    held = Held(
                        "CH-054", f"льгота на услугу {item.service} не применена: по этой услуге на счёте ничего не начислено",
                        hint="Проверьте услугу, счёт и даты меры поддержки (RELIEF); присылает УК.", clause="ЖК ст. 159, 160",
                    )  # fmt: skip
                    told = finding(
                        held, month=self.month, house=self.house, account=account, service=service, effect="no_relief", severity="warning"
                    )
                    self.plan.findings.append(told)

    def _reached(self, service: ServiceFacts) -> list[tuple[AccountFacts, tuple[date, date]]]:
        """Accounts that the service is charged on on some day of the month, with the first and the last of these days."""
        key = (self.payers.kinds(service), service.sender, service.starts_on, service.ends_on)
        if key not in self._accounts_of:
            days = ((account, service_days(account, service, self.month)) for account in self.payers.carrying(service))
            self._accounts_of[key] = [(account, found) for account, found in days if found is not None]
        return self._accounts_of[key]

    def _has_flat_meters(self, service: ServiceFacts) -> bool:
        """Whether some account has a meter of the service; without one such a service is not metered at all."""
        return any(meter.service == service.key for account in self.house.accounts for meter in account.meters)

    def hold_house(self, held: Held) -> None:
        """A fact of the whole house is missing: no line of it may be charged."""
        self.plan.held = True
        self.plan.plans.clear()
        self.plan.findings.append(finding(held, month=self.month, house=self.house, effect="hold_house", accounts=len(self.house.accounts)))

    def report_shared(self) -> None:
        """One finding for a service that is held for many accounts by the same cause."""
        for held, service, accounts in self._shared.values():
            self.plan.findings.append(finding(held, month=self.month, house=self.house, service=service, accounts=accounts))

    def _common(self, service: ServiceFacts) -> None:
        """The common volume of a service in every month, and the individual volumes it is the rest of."""
        base = self.by_key.get(service.base_service or "")
        if base is None:
            return
        if service.key in self.frozen:
            self.common[service.key] = frozen = self.frozen[service.key]
            if frozen.negative is not None:
                self.negative[base.key] = frozen.negative
            return
        together = self.together.get(base.key) or (None,) * len(self.averages)
        individual = dict(zip(self.averages, together, strict=True))
        corrected = dict(self.house.volume_corrections_e6).get(base.key, 0)
        now = individual.get(self.month)
        if corrected and now is not None and self.rules.choice("house_effect", self.month.last) == "open_month":
            individual[self.month] = now + Fraction(corrected, 10**6)
            self._freeze(base.key, self.month, "correction", Fraction(corrected, 10**6), "charged")
        for month, volume in individual.items():
            if volume is not None:
                self._freeze(base.key, month, "individual", volume, "charged")
        found = common_volumes(
            self.house,
            service,
            meter=self.meters.get(base.key, {}),
            devices=[meter for meter in self.house.meters if meter.service == base.key],
            individual=individual,
            rules=self.rules,
        )
        for common in found:
            self._freeze(service.key, common.month, "soi", common.volume, common.method)
        self.common[service.key] = found[-1]
        self._report_stopped(found[-1].stopped, service, by_average=found[-1].method == "average", clause="п. 59(1)")
        if found[-1].negative is not None:
            self.negative[base.key] = found[-1].negative

    def _freeze(
        self, service: str, month: Month, what: Literal["meter", "individual", "soi", "correction"], volume: Fraction, method: str
    ) -> None:
        self.plan.volumes.append(HouseVolume(self.house.house_id, service, str(month), what, rounded(volume, 10**6), method))

    def _hold(self, held: Held, account: AccountFacts, service: ServiceFacts) -> None:
        if held.scope == "house":
            raise held
        if held.scope == "line":
            self.plan.findings.append(finding(held, month=self.month, house=self.house, account=account, service=service))
            return
        key = (held.code, service.key, held.message)
        self._shared[key] = (held, service, self._shared[key][2] + 1 if key in self._shared else 1)

    def _refused(self, last: MonthVolume, account: AccountFacts, service: ServiceFacts) -> None:
        """Say which readings of the month were not used, so that somebody checks them."""
        days = ", ".join(f"{reading.taken_on:%d.%m.%Y}" for reading in last.refused)
        held = Held(
            "CH-010",
            f"показание от {days} меньше прежнего и не похоже на переход через ноль; начислено без него",
            hint="Проверьте показание у жителя (УК).",
            clause="формула 1",
        )
        self.plan.findings.append(
            finding(held, month=self.month, house=self.house, account=account, service=service, effect="ignore_reading", severity="warning")
        )

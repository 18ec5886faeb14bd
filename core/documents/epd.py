"""Builds the content of a bill (ЕПД, form 43/пр) from facts, lines and balances; checks are in ``core.documents.check``.

The idea: the content is computed once and is the same for the page, the federal package, the e-mail and the cabinet. Signs of the form:
column 11 holds recalculation less under-delivery, column 12 the benefit as a positive number, column 14 = 8 + 10 + 11 − 12.
A recipient is a settlement account with whoever owns it, however many of the payer's accounts it is paid for: an advance with one never
covers another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from core.documents.source import BilledService, BillSource, Destination, HouseTotals, Payee, Share
from core.documents.units import unit_name
from core.errors import InputError
from core.ids import EntityId
from core.model.bill import BillAccount, BillContent, BillCourtCost, BillLine, BillRecipient, Recalculation, Section
from core.model.bill_json import content_sha256, from_json, to_json
from core.model.lines import ChargeLine, HouseVolume
from core.money import split
from core.period import Month

__all__ = ["build", "content_sha256", "from_json", "house_totals", "premises_address", "section_of", "to_json"]

_SECTIONS: tuple[Section, ...] = ("housing", "common_property", "utility", "capital_repair", "additional")
_UNDERDELIVERY = "Перерыв или ненадлежащее качество услуги (приложение № 1 к Правилам № 354)"
_RECALCULATION = "Перерасчёт платы"
_COMMON, _HOUSING, _UTILITY = 2, 2, 1
_COURT_COSTS = 4
"""Row of the federal book 329."""
_COSTS = "Судебные расходы по взысканию задолженности"
_SUMMED = ("debt", "advance", "charged", "paid", "penalties", "interest", "deferred")


def build(source: BillSource) -> BillContent:
    """The content of one bill.

    Raises :class:`InputError`: EPD-0201 a service is not described, EPD-0202 a creditor has no settlement account.
    """
    lines = _lines(source)
    recipients = _recipients(source, lines)
    payer, provider = source.payer, source.provider
    return BillContent(
        number=source.number,
        version=source.version,
        replaces_number=source.replaces_number,
        month=source.month,
        issued_on=source.issued_on,
        due_on=source.due_on,
        provider_name=provider.name,
        provider_inn=provider.inn,
        provider_address=provider.address,
        provider_phone=provider.phone,
        provider_email=provider.email,
        payer_name=payer.name,
        payer_is_organisation=payer.is_organisation,
        account_id=payer.account_id,
        account_number=payer.account_number,
        account_kind=payer.account_kind,
        els=payer.els,
        service_identifier=payer.service_identifier,
        address=payer.address,
        premises_number=payer.premises_number,
        room_number=payer.room_number,
        house_fias=payer.house_fias,
        house_id=payer.house_id,
        area_e2=payer.area_e2,
        residents_e6=payer.residents_e6,
        residential=payer.residential,
        recipients=recipients,
        lines=lines,
        recalculations=_recalculations(source),
        meters=source.meters,
        charged=sum(line.total for line in lines),
        debt=sum(recipient.debt for recipient in recipients),
        advance=sum(recipient.advance for recipient in recipients),
        paid=sum(recipient.paid for recipient in recipients),
        payments_until=source.payments_until,
        penalties=sum(recipient.penalties for recipient in recipients),
        due=sum(recipient.due for recipient in recipients),
        notices=source.notices,
        accounts=source.accounts if len(source.accounts) > 1 else (),
        instalments=tuple(share.plan for share in source.instalments),
        house_meters=source.house_meters,
        interest=sum(recipient.interest for recipient in recipients),
        deferred=sum(recipient.deferred for recipient in recipients),
        last_paid_on=source.last_paid_on,
        supports=source.supports,
        limit_percent_e2=source.limit_percent_e2,
        limit_act=source.limit_act,
        court_costs=_court_costs(source),
    )


def house_totals(services: Iterable[BilledService], volumes: Iterable[HouseVolume], month: Month) -> dict[EntityId, HouseTotals]:
    """By service what the house used in the month: volumes for common needs are kept under the service that shares them out, and where
    premises share all that the house meter shows (heating), that is theirs."""
    found = {(row.service, row.what): row.volume_e6 for row in volumes if row.month == str(month)}
    listed = list(services)
    common = {service.base_service: found.get((service.key, "soi")) for service in listed if service.provision == _COMMON}
    totals = {}
    for service in listed:
        key = (service.base_service or service.key) if service.provision == _COMMON else service.key
        totals[service.service_id] = HouseTotals(found.get((key, "individual"), found.get((key, "meter"))), common.get(key))
    return totals


def premises_address(content: BillContent) -> str:
    """House, premises and room in one line, as an envelope has it."""
    parts = [content.address]
    if content.premises_number:
        parts.append(f"{'кв.' if content.residential else 'пом.'} {content.premises_number}")
    if content.room_number:
        parts.append(f"комн. {content.room_number}")
    return ", ".join(parts)


def section_of(service: BilledService) -> Section:
    """The part of section 3 that a service is printed in, by its codes."""
    if service.is_contribution:
        return "capital_repair"
    if service.kind == _HOUSING:
        return "common_property" if service.provision == _COMMON else "housing"
    return "utility" if service.kind == _UTILITY else "additional"


def _service(source: BillSource, service_id: EntityId) -> BilledService:
    try:
        return source.services[service_id]
    except KeyError:
        raise InputError(
            "EPD-0201",
            f"Счёт {source.payer.account_number}: услуга {service_id} не описана.",
            hint="Загрузите справочник услуг.",
            service=service_id,
        ) from None


def _destination(source: BillSource, service_id: EntityId, creditor_id: EntityId) -> Destination:
    return Destination(creditor_id, _service(source, service_id).is_contribution)


def _lines(source: BillSource) -> tuple[BillLine, ...]:
    rows = [_line(source, line) for line in source.lines]
    keys = {service.service_id: _order(service) for service in source.services.values()}
    return tuple(sorted(rows, key=lambda row: (_SECTIONS.index(row.section), keys[row.service_id], row.creditor_id)))


def _order(service: BilledService) -> tuple[int, int, str]:
    key = service.key
    return (service.sort_order if service.sort_order is not None else 10_000, int(key) if key.isdecimal() else 0, key)


def _line(source: BillSource, line: ChargeLine) -> BillLine:
    service = _service(source, line.service_id)
    section = section_of(service)
    common = section == "common_property"
    house = source.house_totals.get(line.service_id, HouseTotals())
    return BillLine(
        section=section,
        service_id=line.service_id,
        service_key=service.key,
        name=service.name,
        okei=service.okei,
        unit=unit_name(service.okei),
        utility_kind=service.utility_kind,
        housing_kind=service.housing_kind,
        resource_kind=service.resource_kind,
        creditor_id=line.creditor_id,
        method=line.method,
        individual_volume_e6=None if common else line.volume_e6,
        common_volume_e6=line.volume_e6 if common else None,
        tariff_e6=line.tariff_e6,
        base=line.base,
        factor_e2=_factor(line),
        surcharge=line.surcharge,
        recalculation=line.recalculation - line.underdelivery,
        benefit=line.benefit,
        total=line.total,
        norm_e6=service.norm_e6,
        house_individual_e6=house.individual_e6,
        house_common_e6=house.common_e6,
        account_id=line.account_id if len(source.accounts) > 1 else None,
        tariffs_e6=source.tariffs.get((line.account_id, line.service_id), ()) if line.tariff_e6 is None else (),
    )


def _factor(line: ChargeLine) -> int | None:
    """The raising coefficient K of the clause, hundredths; None where nothing was raised or the month had several coefficients."""
    if not line.surcharge:
        return None
    groups = line.inputs.get("with_coefficient", ())
    rows = [row for group in groups for row in group] if isinstance(groups, list | tuple) else []
    factors = {Fraction(str(row["values"]["K"])) for row in rows if "K" in row["values"]}
    return int(max(factors) * 100) if factors else None


def _recalculations(source: BillSource) -> tuple[Recalculation, ...]:
    rows = []
    corrected: dict[EntityId, int] = defaultdict(int)
    for row in source.corrections:
        corrected[row.service_id] += row.amount
    for line in source.lines:
        own = line.recalculation - corrected.pop(line.service_id, 0)
        if own:
            rows.append(Recalculation(line.service_id, source.reasons.get(line.service_id, _RECALCULATION), own))
        if line.underdelivery:
            rows.append(Recalculation(line.service_id, _UNDERDELIVERY, -line.underdelivery))
    return (*rows, *source.corrections)


def _recipients(source: BillSource, lines: Iterable[BillLine]) -> tuple[BillRecipient, ...]:
    charged: dict[Destination, int] = defaultdict(int)
    debt: dict[Destination, int] = defaultdict(int)
    penalties: dict[Destination, int] = defaultdict(int)
    interest: dict[Destination, int] = defaultdict(int)
    deferred: dict[Destination, int] = defaultdict(int)
    for line in lines:
        charged[Destination(line.creditor_id, line.section == "capital_repair")] += line.total
    for item in source.open_items:
        debt[_destination(source, item.service_id, item.creditor_id)] += item.amount
    for penalty in source.penalties:
        penalties[penalty.destination] += penalty.amount
    for share in source.instalments:
        interest[share.destination] += share.plan.interest
        deferred[share.destination] += share.plan.deferred
    advance, paid = _by_destination(source, source.advances), _by_destination(source, source.payments)
    order = dict.fromkeys((*charged, *sorted({*debt, *advance, *paid, *penalties, *interest})))
    rows = [
        _recipient(
            source, where, debt=debt.get(where, 0), advance=advance.get(where, 0), charged=charged.get(where, 0), paid=paid.get(where, 0),
            penalties=penalties.get(where, 0), interest=interest.get(where, 0), deferred=deferred.get(where, 0),
        )
        for where in order
    ]  # fmt: skip
    joined = _joined(row for row in rows if any((row.debt, row.advance, row.charged, row.paid, row.penalties, row.interest)))
    return tuple(replace(row, due=max(0, row.balance)) for row in joined)


def _joined(rows: Iterable[BillRecipient]) -> list[BillRecipient]:
    """One row for each settlement account: senders know one creditor under numbers of their own."""
    found: dict[tuple[str, str, bool], BillRecipient] = {}
    for row in rows:
        key = (row.inn, row.bank_account, row.contribution)
        known = found.get(key)
        if known is None:
            found[key] = row
            continue
        sums = {name: getattr(known, name) + getattr(row, name) for name in _SUMMED}
        creditors = (*(known.creditors or (known.creditor_id,)), row.creditor_id)
        found[key] = replace(known, creditors=creditors, **sums)
    return list(found.values())


def _court_costs(source: BillSource) -> tuple[BillCourtCost, ...]:
    """The part of each creditor's penalties that a court has awarded as costs."""
    sums: dict[EntityId, int] = defaultdict(int)
    for share in source.penalties:
        if share.is_court_costs:
            sums[share.destination.creditor_id] += share.amount
    return tuple(BillCourtCost(creditor, _COURT_COSTS, _COSTS, amount) for creditor, amount in sorted(sums.items()) if amount > 0)


def _by_destination(source: BillSource, shares: Iterable[Share]) -> dict[Destination, int]:
    """Amounts by recipient. What is not divided yet is divided by the lines of this bill, as the first bill divides an advance; what is
    a recipient's already, by that recipient's lines."""
    sums: dict[Destination, int] = defaultdict(int)
    for share in shares:
        if share.service_id:
            sums[_destination(source, share.service_id, share.creditor_id)] += share.amount
            continue
        own = (line for line in source.lines if share.account_id in (None, line.account_id))
        taking = sorted((line for line in own if line.total > 0), key=lambda line: (line.service_id, line.creditor_id))
        taking = [line for line in taking if line.creditor_id == share.creditor_id] or taking
        if not taking:
            raise InputError(
                "EPD-0203",
                f"Счёт {source.payer.account_number}: аванс не распределён по получателям, а начислений нет.",
                hint="Распределите аванс по заявлению плательщика.",
            )
        parts = split(share.amount, [line.total for line in taking])
        for line, part in zip(taking, parts, strict=True):
            sums[_destination(source, line.service_id, line.creditor_id)] += part
    return sums


def _recipient(
    source: BillSource,
    where: Destination,
    *,
    debt: int,
    advance: int,
    charged: int,
    paid: int,
    penalties: int,
    interest: int,
    deferred: int,
) -> BillRecipient:
    payee: Payee | None = source.payees.get(where)
    if payee is None:
        purpose = "взноса" if where.contribution else "платы"
        raise InputError(
            "EPD-0202",
            f"Счёт {source.payer.account_number}: у получателя {where.creditor_id} нет расчётного счёта для {purpose}.",
            hint="Загрузите расчётный счёт получателя: 40821 для платы, 40603 или 40705 для взноса.",
            creditor=where.creditor_id,
            contribution=where.contribution,
        )
    account = _account_paid(source, where) if len(source.accounts) > 1 else None
    return BillRecipient(
        creditor_id=where.creditor_id,
        name=payee.name,
        inn=payee.inn,
        kpp=payee.kpp,
        bank_account=payee.bank_account,
        bank_name=payee.bank_name,
        bik=payee.bik,
        correspondent=payee.correspondent,
        debt=debt,
        advance=advance,
        charged=charged,
        paid=paid,
        penalties=penalties,
        due=0,
        contribution=where.contribution,
        phone=payee.phone,
        account_number="" if account is None else account.number,
        service_identifier=None if account is None else account.service_identifier,
        interest=interest,
        deferred=deferred,
    )


def _account_paid(source: BillSource, where: Destination) -> BillAccount:
    """Of the payer's accounts the one that most of the recipient's money is for."""
    weights: dict[EntityId, int] = defaultdict(int)
    for line in source.lines:
        if _destination(source, line.service_id, line.creditor_id) == where:
            weights[line.account_id] += abs(line.total)
    for item in source.open_items:
        if _destination(source, item.service_id, item.creditor_id) == where:
            weights[item.account_id] += abs(item.amount)
    return max(source.accounts, key=lambda account: weights[account.account_id])

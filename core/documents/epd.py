"""Builds the content of a bill (ЕПД, form 43/пр) from facts, lines and balances; checks are in ``core.documents.check``.

The idea: the content is computed once and is the same for the page, the federal package, the e-mail and the cabinet. Signs of the form:
column 11 holds recalculation less under-delivery, column 12 the benefit as a positive number, column 14 = 8 + 10 + 11 − 12.
A recipient is a creditor with the settlement account its money goes to; an advance with one never covers another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction

from core.documents.source import BilledService, BillSource, Destination, Payee, Share
from core.documents.units import unit_name
from core.errors import InputError
from core.ids import EntityId
from core.model.bill import BillContent, BillLine, BillRecipient, Recalculation, Section
from core.model.bill_json import content_sha256, from_json, to_json
from core.model.lines import ChargeLine
from core.money import split

__all__ = ["build", "content_sha256", "from_json", "premises_address", "section_of", "to_json"]

_SECTIONS: tuple[Section, ...] = ("housing", "common_property", "utility", "capital_repair", "additional")
_UNDERDELIVERY = "Перерыв или ненадлежащее качество услуги (приложение № 1 к Правилам № 354)"
_RECALCULATION = "Перерасчёт платы"
_COMMON, _HOUSING, _UTILITY = 2, 2, 1


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
    )


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
    house = _house_volumes(source)
    rows = [_line(source, line, house) for line in source.lines]
    keys = {service.service_id: _order(service) for service in source.services.values()}
    return tuple(sorted(rows, key=lambda row: (_SECTIONS.index(row.section), keys[row.service_id], row.creditor_id)))


def _house_volumes(source: BillSource) -> dict[tuple[str, str], int]:
    """Volumes of the house in the month by base service: those for common property are kept under the service that shares them out."""
    base = {service.key: service.base_service or service.key for service in source.services.values()}
    month = str(source.month)
    return {(base.get(row.service, row.service), row.what): row.volume_e6 for row in source.volumes if row.month == month}


def _order(service: BilledService) -> tuple[int, int, str]:
    key = service.key
    return (service.sort_order if service.sort_order is not None else 10_000, int(key) if key.isdecimal() else 0, key)


def _line(source: BillSource, line: ChargeLine, house: Mapping[tuple[str, str], int]) -> BillLine:
    service = _service(source, line.service_id)
    section = section_of(service)
    common = section == "common_property"
    base_key = service.base_service or service.key
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
        house_individual_e6=house.get((base_key, "individual")),
        house_common_e6=house.get((base_key, "soi")),
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
    for line in lines:
        charged[Destination(line.creditor_id, line.section == "capital_repair")] += line.total
    for item in source.open_items:
        debt[_destination(source, item.service_id, item.creditor_id)] += item.amount
    for penalty in source.penalties:
        penalties[penalty.destination] += penalty.amount
    advance, paid = _by_destination(source, source.advances), _by_destination(source, source.payments)
    order = dict.fromkeys((*charged, *sorted({*debt, *advance, *paid, *penalties})))
    rows = (
        _recipient(
            source, where, debt=debt.get(where, 0), advance=advance.get(where, 0), charged=charged.get(where, 0), paid=paid.get(where, 0),
            penalties=penalties.get(where, 0),
        )
        for where in order
    )  # fmt: skip
    return tuple(row for row in rows if any((row.debt, row.advance, row.charged, row.paid, row.penalties)))


def _by_destination(source: BillSource, shares: Iterable[Share]) -> dict[Destination, int]:
    """Amounts by recipient. What is not divided yet is divided by the lines of this bill, as the first bill divides an advance."""
    sums: dict[Destination, int] = defaultdict(int)
    for share in shares:
        if share.service_id:
            sums[_destination(source, share.service_id, share.creditor_id)] += share.amount
            continue
        taking = sorted((line for line in source.lines if line.total > 0), key=lambda line: (line.service_id, line.creditor_id))
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
    source: BillSource, where: Destination, *, debt: int, advance: int, charged: int, paid: int, penalties: int
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
        due=max(0, debt - advance - paid + charged + penalties),
        contribution=where.contribution,
        phone=payee.phone,
    )

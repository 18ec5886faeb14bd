"""Services of a payment document: housing with its common-property resources, utilities, additional services, the contribution."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from adapters.gis_zhkh.bill_references import BillReferences, BillToPlace, lacking, provider_of, service_ref
from adapters.gis_zhkh.values import NsiRef, decimal_text, money, nsi_mapping
from adapters.xmltext import Flat, Layout
from core.ids import EntityId
from core.model.bill import BillLine, BillRecipient

__all__ = ["charges"]

_DETERMINED = {
    "norm": "N",
    "ipu": "M",
    "ipu_replaced": "M",
    "ipu_flat": "M",
    "ipu_odpu": "M",
    "odpu": "M",
    "odpu_part_metered": "M",
}
"""How a volume was found: N norm, M meter; O (otherwise: averages, sums of other services) for every other method."""
_ALWAYS = ("ServiceType", "Rate", "TotalPayable", "AccountingPeriodTotal", "orgPPAGUID", "PaymentInformationKey")
_CHANGES = ("ServiceCharge/MoneyRecalculation", "ServiceCharge/MoneyDiscount", "PaymentRecalculation")
_VOLUME = ("Consumption/Volume/{}/#", "Consumption/Volume/{}/@type", "Consumption/Volume/{}/@determiningMethod")
_INFORMATION = (
    "ServiceInformation/individualConsumptionCurrentValue", "ServiceInformation/houseTotalIndividualConsumption",
    "ServiceInformation/houseTotalHouseOverallNeeds", "ServiceInformation/individualConsumptionNorm",
)  # fmt: skip
_EXCESS = ("MultiplyingFactor/Ratio", "MultiplyingFactor/AmountOfExcessFees")
_RESOURCE = Layout(
    "ServiceType", "Unit", "Consumption/Volume/#", "Consumption/Volume/@type", "Consumption/Volume/@determiningMethod", "Rate",
    "AccountingPeriodTotal", "ServiceCharge/MoneyRecalculation", "ServiceCharge/MoneyDiscount", "ServiceInformation/houseOverallNeedsNorm",
    "ServiceInformation/houseTotalHouseOverallNeeds", "PaymentRecalculation", "TotalPayable", "orgPPAGUID",
)  # fmt: skip


@functools.cache
def _layout(branch: str, parts: str) -> Layout:
    """What a service of a branch says beside what every one does: the letters of :func:`_service` in their order."""
    paths = [*_ALWAYS]
    for part in parts:
        match part:
            case "c":
                paths += _CHANGES
            case "r":
                paths.append("MunicipalResource")
            case "I" | "O":
                paths += [path.format(0 if part == "I" else 1) for path in _VOLUME]
            case "h":
                paths += _INFORMATION
            case _:
                paths += _EXCESS
    return Layout(*(f"{branch}/{path}" for path in paths))


_RATE_PLACES = 2
_KOPECKS_TO_E6 = 10**4


def charges(bill: BillToPlace, references: BillReferences, keys: Mapping[int, UUID], *, several: bool) -> dict[str, Any]:
    """Every line in its branch. ``keys`` gives the account of each recipient by identity; ``several`` says that lines must name it."""
    services: list[Mapping[str, Any]] = []
    groups: dict[UUID, list[tuple[BillLine, UUID | None]]] = {}
    alone: dict[str, dict[str, Any]] = {}
    lines = bill.content.lines
    paid_to: dict[tuple[EntityId, bool], UUID] = {}
    for line in lines:
        payee = (line.creditor_id, line.section == "capital_repair")
        if payee not in paid_to:
            paid_to[payee] = keys[id(_recipient(line, bill))]
    hosted = _hosted(bill, paid_to)
    seen: set[str] = set()  # GUIDs as text, because a text keeps its hash
    known, insurance, parted = references.services, references.insurance, references.groups
    for line in lines:
        section, service = line.section, line.service_id
        if section == "common_property":
            continue
        key = paid_to[line.creditor_id, section == "capital_repair"] if several else None
        if section == "capital_repair":
            yearly = bool(bill.content.contribution_year)
            name, value = "CapitalRepairYearCharge" if yearly else "CapitalRepairCharge", (_year if yearly else _contribution)
            _once(alone, name, value(line, bill, references, key=key), "взнос на капитальный ремонт", bill)
            continue
        if service in insurance:
            _once(alone, "Insurance", _insurance(line, bill, references, key=key), "страхование", bill)
            continue
        ref = known.get(service) or service_ref(line, bill, references)
        place = ref.mapping["GUID"]
        if place in seen:
            raise lacking(bill, f"услуга «{line.name}» (НСИ {ref.code}) встречается дважды")
        seen.add(place)
        if section == "utility" and service in parted:
            groups.setdefault(parted[service].guid, []).append((line, key))
            continue
        services.append(_service(line, ref, hosted.get(id(line), ()), bill, references, key=key))
    services += [{"GroupMunicipalService": _group(parts, bill, references)} for parts in groups.values()]
    return {"ChargeInfo": services or None, **alone}


def _once(alone: dict[str, dict[str, Any]], name: str, value: dict[str, Any], what: str, bill: BillToPlace) -> None:
    """What a document has at most once."""
    if name in alone:
        raise lacking(bill, f"{what} встречается дважды")
    alone[name] = value


def _group(parts: list[tuple[BillLine, UUID | None]], bill: BillToPlace, references: BillReferences) -> dict[str, Any]:
    """A utility with several rates: the sum by its element of book 3, then each rate by its own of book 51."""
    lines = [line for line, _ in parts]
    if len({line.creditor_id for line in lines}) > 1:
        raise lacking(bill, f"тарифные зоны услуги «{lines[0].name}» принадлежат разным получателям")
    changes = {
        "MoneyRecalculation": sum(line.recalculation for line in lines),
        "MoneyDiscount": sum(line.benefit for line in lines),
    }
    whole = {
        "ServiceType": nsi_mapping(references.groups[lines[0].service_id]),
        "AccountingPeriodTotal": money(sum(line.base + line.surcharge for line in lines)),
        "ServiceCharge": {name: money(amount) if amount else None for name, amount in changes.items()} if any(changes.values()) else None,
        "TotalPayable": money(sum(line.total for line in lines)),
        "orgPPAGUID": provider_of(lines[0].creditor_id, lines[0].name, bill, references=references),
    }
    return {
        "TypeMunicipalService": whole,
        "MunicipalService": [
            _service(line, service_ref(line, bill, references), (), bill, references, key=key)["MunicipalService"] for line, key in parts
        ],
    }


def _hosted(bill: BillToPlace, paid_to: Mapping[tuple[EntityId, bool], UUID]) -> dict[int, list[BillLine]]:
    """Common-property resources by the housing service they stand in: of the same creditor, or at least paid to the same account,
    because a resource can name its provider but not an account of its own. The maintenance of the dwelling (kind 1) goes first."""
    hosted: dict[int, list[BillLine]] = {}
    resources = [line for line in bill.content.lines if line.section == "common_property"]
    if not resources:
        return hosted
    housing = sorted((line for line in bill.content.lines if line.section == "housing"), key=lambda line: line.housing_kind != 1)
    for line in resources:
        same_creditor = [host for host in housing if host.creditor_id == line.creditor_id]
        account = paid_to[line.creditor_id, False]
        hosts = same_creditor or [host for host in housing if paid_to[host.creditor_id, False] == account]
        if not hosts:
            raise lacking(bill, f"для ресурса на содержание общего имущества «{line.name}» нет жилищной услуги того же получателя")
        hosted.setdefault(id(hosts[0]), []).append(line)
    return hosted


def _recipient(line: BillLine, bill: BillToPlace) -> BillRecipient:
    contribution = line.section == "capital_repair"
    of_creditor = [one for one in bill.content.recipients if line.creditor_id in (one.creditors or (one.creditor_id,))]
    exact = [one for one in of_creditor if one.contribution == contribution]
    if not of_creditor:
        raise lacking(bill, f"у услуги «{line.name}» нет получателя")
    return (exact or of_creditor)[0]


def _service(
    line: BillLine, ref: NsiRef, resources: Sequence[BillLine], bill: BillToPlace, references: BillReferences, *, key: UUID | None
) -> Flat:
    parts = ""
    values: tuple[Any, ...] = (
        ref.mapping,
        _rate(line),
        money(line.total + sum(one.total for one in resources) if resources else line.total),
        money(line.base + sum(one.base for one in resources) if resources else line.base),
        None if references.provider is None else provider_of(line.creditor_id, line.name, bill, references=references),
        key,
    )
    recalculation, benefit = line.recalculation, line.benefit
    if recalculation or benefit or bill.content.recalculations:
        changes = (money(recalculation) if recalculation else None, money(benefit) if benefit else None, _recalculation(line, bill))
        values, parts = (*values, *changes), "c"
    section = line.section
    if section == "housing":
        if resources:
            values, parts = (*values, _resources(resources, bill, references)), parts + "r"
        return Flat(_layout("HousingService", parts), values)
    utility = section == "utility"
    own, common = line.individual_volume_e6, line.common_volume_e6
    if own is not None:
        values, parts = (*values, decimal_text(own, 6), "I", _DETERMINED.get(line.method, "O") if utility else None), parts + "I"
    if common is not None:
        values, parts = (*values, decimal_text(common, 6), "O", _DETERMINED.get(line.method, "O") if utility else None), parts + "O"
    if not utility:
        return Flat(_layout("AdditionalService", parts), values)
    information = _information(line, bill)
    if information is not None:
        values, parts = (*values, *information), parts + "h"
    if line.factor_e2 is not None:
        values, parts = (*values, decimal_text(line.factor_e2, 2), money(line.surcharge)), parts + "x"
    return Flat(_layout("MunicipalService", parts), values)


def _resources(lines: Sequence[BillLine], bill: BillToPlace, references: BillReferences) -> list[Mapping[str, Any]]:
    """Each resource once: the parts of one (cold water and heat of hot water) stand inside it, and it states their sum."""
    found: list[Mapping[str, Any]] = []
    parted: dict[str, list[BillLine]] = {}
    seen: set[str] = set()
    for line in lines:
        ref = service_ref(line, bill, references)
        place = ref.mapping["GUID"]
        if line.service_id in references.general:
            parted.setdefault(place, []).append(line)
        elif place in seen:
            raise lacking(bill, f"ресурс «{line.name}» (НСИ {ref.code}) встречается дважды")
        else:
            seen.add(place)
            found.append(_resource(line, ref, bill, references))
    if parted:
        if not seen.isdisjoint(parted):
            raise lacking(bill, "ресурс на содержание общего имущества указан и целиком, и по составляющим")
        found += [_parted(parts, bill, references) for parts in parted.values()]
    return found


def _parted(parts: list[BillLine], bill: BillToPlace, references: BillReferences) -> dict[str, Any]:
    if len({line.creditor_id for line in parts}) > 1:
        raise lacking(bill, f"составляющие ресурса «{parts[0].name}» принадлежат разным получателям")
    inside = []
    for line in parts:
        value = _resource(line, references.general[line.service_id], bill, references).nested()
        del value["Unit"]
        inside.append({**value, "Rate": _rate(line)})
    return {
        "ServiceType": nsi_mapping(service_ref(parts[0], bill, references)),
        "AccountingPeriodTotal": money(sum(line.base for line in parts)),
        "TotalPayable": money(sum(line.total for line in parts)),
        "orgPPAGUID": provider_of(parts[0].creditor_id, parts[0].name, bill, references=references),
        "GeneralMunicipalResource": inside,
    }


def _resource(line: BillLine, ref: NsiRef, bill: BillToPlace, references: BillReferences) -> Flat:
    """A common-property resource; it is charged by the rate of its own unit (D), not by the square metre."""
    volume = line.common_volume_e6 if line.common_volume_e6 is not None else line.individual_volume_e6
    used = (None, None, None) if volume is None else (decimal_text(volume, 6), "O", _DETERMINED.get(line.method, "O"))
    values = (
        nsi_mapping(ref),
        "D",
        *used,
        None if line.tariff_e6 is None else _tariff(line.tariff_e6),
        money(line.base),
        money(line.recalculation) if line.recalculation else None,
        money(line.benefit) if line.benefit else None,
        _scaled(line.norm_e6),
        _scaled(line.house_common_e6),
        _recalculation(line, bill),
        money(line.total),
        None if references.provider is None else provider_of(line.creditor_id, line.name, bill, references=references),
    )
    return Flat(_RESOURCE, values)


def _contribution(line: BillLine, bill: BillToPlace, references: BillReferences, *, key: UUID | None) -> dict[str, Any]:
    rate = _rate(line)
    if len(rate.partition(".")[2]) > _RATE_PLACES:
        raise lacking(bill, f"размер взноса {rate} точнее копейки")
    return {
        "Contribution": rate,
        "AccountingPeriodTotal": money(line.base),
        "MoneyRecalculation": money(line.recalculation) if line.recalculation else None,
        "MoneyDiscount": money(line.benefit) if line.benefit else None,
        "TotalPayable": money(line.total),
        "orgPPAGUID": provider_of(line.creditor_id, line.name, bill, references=references),
        "PaymentRecalculation": _recalculation(line, bill),
        "PaymentInformationKey": key,
    }


def _year(line: BillLine, bill: BillToPlace, references: BillReferences, *, key: UUID | None) -> dict[str, Any]:
    """The contribution of a year: twelve months that come to the line's total."""
    months = bill.content.contribution_year
    if sorted(one.month for one in months) != list(range(1, 13)) or sum(one.total for one in months) != line.total:
        raise lacking(bill, "годовой взнос на капитальный ремонт: нужны двенадцать разных месяцев, в сумме равных строке документа")
    contribution = _contribution(line, bill, references, key=key)["Contribution"]
    return {
        "CapitalRepairMonthlyCharge": [
            {
                "Contribution": contribution,
                "AccountingPeriodTotal": money(one.base),
                "MoneyRecalculation": money(one.recalculation) if one.recalculation else None,
                "MoneyDiscount": money(one.benefit) if one.benefit else None,
                "TotalPayable": money(one.total),
                "Month": one.month,
            }
            for one in sorted(months, key=lambda one: one.month)
        ],
        "Year": bill.content.month.year,
        "orgPPAGUID": provider_of(line.creditor_id, line.name, bill, references=references),
        "PaymentInformationKey": key,
    }


def _insurance(line: BillLine, bill: BillToPlace, references: BillReferences, *, key: UUID | None) -> dict[str, Any]:
    """Voluntary insurance by the product that is registered for it."""
    return {
        "InsuranceProductGUID": references.insurance[line.service_id],
        "Rate": _rate(line),
        "TotalPayable": money(line.total),
        "AccountingPeriodTotal": money(line.base),
        "ServiceCharge": _charge_changes(line),
        "Consumption": _consumption(line),
        "orgPPAGUID": provider_of(line.creditor_id, line.name, bill, references=references),
        "PaymentInformationKey": key,
    }


def _rate(line: BillLine) -> str:
    """The tariff. Without one: the mean price of a unit when the tariff changed inside the month, else the price of the whole service."""
    if line.tariff_e6 is not None:
        return _tariff(line.tariff_e6)
    if line.individual_volume_e6:
        mean_e6 = (2 * line.base * _KOPECKS_TO_E6 * 10**6 + line.individual_volume_e6) // (2 * line.individual_volume_e6)
        return decimal_text(mean_e6, 6, places=2)
    return money(line.base)


@functools.lru_cache(maxsize=4096)
def _tariff(tariff_e6: int) -> str:
    """Kept, because the lines of a month share a few hundred tariffs."""
    return decimal_text(tariff_e6, 6, places=2)


def _scaled(value_e6: int | None) -> str | None:
    return None if value_e6 is None else decimal_text(value_e6, 6)


def _charge_changes(line: BillLine) -> dict[str, str | None] | None:
    if not line.recalculation and not line.benefit:
        return None
    return {
        "MoneyRecalculation": money(line.recalculation) if line.recalculation else None,
        "MoneyDiscount": money(line.benefit) if line.benefit else None,
    }


def _recalculation(line: BillLine, bill: BillToPlace) -> dict[str, str] | None:
    """The stated reason of a correction. The place holds one reason and one sum, so several are joined and summed."""
    recalculations = bill.content.recalculations
    rows = [row for row in recalculations if row.service_id == line.service_id] if recalculations else None
    if not rows:
        return None
    return {"recalculationReason": "; ".join(row.reason for row in rows)[:500], "sum": money(sum(row.amount for row in rows))}


def _consumption(line: BillLine) -> dict[str, Any] | None:
    volumes = [
        {"#": decimal_text(volume, 6), "@type": kind}
        for volume, kind in ((line.individual_volume_e6, "I"), (line.common_volume_e6, "O"))
        if volume is not None
    ]
    return {"Volume": volumes} if volumes else None


def _information(line: BillLine, bill: BillToPlace) -> tuple[str | None, str | None, str | None, str | None] | None:
    """The own meter's reading, what the house used by its dwellings and in common, and the norm; None when nothing of it is known."""
    meters, individual, common, norm = bill.content.meters, line.house_individual_e6, line.house_common_e6, line.norm_e6
    if not meters and individual is None and common is None and norm is None:
        return None
    own = [meter.current_e3 for meter in meters if meter.service_id == line.service_id and meter.current_e3 is not None]
    reading = decimal_text(own[0], 3) if len(own) == 1 else None
    return reading, _scaled(individual), _scaled(common), _scaled(norm)

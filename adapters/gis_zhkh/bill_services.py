"""Services of a payment document: housing with its common-property resources, utilities, additional services, the contribution."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from adapters.gis_zhkh.bill_references import BillReferences, BillToPlace, lacking, provider_of, service_ref
from adapters.gis_zhkh.values import NsiRef, decimal_text, money, nsi_mapping
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
_RATE_PLACES = 2
_KOPECKS_TO_E6 = 10**4


def charges(bill: BillToPlace, references: BillReferences, keys: Mapping[int, UUID], *, several: bool) -> dict[str, Any]:
    """Every line in its branch. ``keys`` gives the account of each recipient by identity; ``several`` says that lines must name it."""
    services: list[dict[str, Any]] = []
    groups: dict[UUID, list[tuple[BillLine, UUID | None]]] = {}
    alone: dict[str, dict[str, Any]] = {}
    paid_to: dict[tuple[EntityId, bool], UUID] = {}
    line_keys: dict[int, UUID] = {}
    for line in bill.content.lines:
        payee = (line.creditor_id, line.section == "capital_repair")
        if payee not in paid_to:
            paid_to[payee] = keys[id(_recipient(line, bill))]
        line_keys[id(line)] = paid_to[payee]
    hosted = _hosted(bill, line_keys)
    seen: set[str] = set()  # GUIDs as text, because a text keeps its hash
    for line in bill.content.lines:
        key = line_keys[id(line)] if several else None
        if line.section == "common_property":
            continue
        if line.section == "capital_repair":
            yearly = bool(bill.content.contribution_year)
            name, value = "CapitalRepairYearCharge" if yearly else "CapitalRepairCharge", (_year if yearly else _contribution)
            _once(alone, name, value(line, bill, references, key=key), "взнос на капитальный ремонт", bill)
            continue
        if line.service_id in references.insurance:
            _once(alone, "Insurance", _insurance(line, bill, references, key=key), "страхование", bill)
            continue
        ref = service_ref(line, bill, references)
        place = ref.mapping["GUID"]
        if place in seen:
            raise lacking(bill, f"услуга «{line.name}» (НСИ {ref.code}) встречается дважды")
        seen.add(place)
        whole = references.groups.get(line.service_id) if line.section == "utility" else None
        if whole is not None:
            groups.setdefault(whole.guid, []).append((line, key))
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


def _hosted(bill: BillToPlace, line_keys: Mapping[int, UUID]) -> dict[int, list[BillLine]]:
    """Common-property resources by the housing service they stand in: of the same creditor, or at least paid to the same account,
    because a resource can name its provider but not an account of its own. The maintenance of the dwelling (kind 1) goes first."""
    housing = sorted((line for line in bill.content.lines if line.section == "housing"), key=lambda line: line.housing_kind != 1)
    hosted: dict[int, list[BillLine]] = {}
    for line in bill.content.lines:
        if line.section != "common_property":
            continue
        same_creditor = [host for host in housing if host.creditor_id == line.creditor_id]
        same_account = [host for host in housing if line_keys[id(host)] == line_keys[id(line)]]
        hosts = same_creditor or same_account
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
) -> dict[str, Any]:
    value: dict[str, Any] = {
        "ServiceType": nsi_mapping(ref),
        "Rate": _rate(line),
        "TotalPayable": money(line.total + sum(one.total for one in resources) if resources else line.total),
        "AccountingPeriodTotal": money(line.base + sum(one.base for one in resources) if resources else line.base),
        "orgPPAGUID": provider_of(line.creditor_id, line.name, bill, references=references),
        "PaymentInformationKey": key,
        "ServiceCharge": _charge_changes(line),
        "PaymentRecalculation": _recalculation(line, bill),
    }
    if line.section == "housing":
        value["MunicipalResource"] = _resources(resources, bill, references) if resources else None
        return {"HousingService": value}
    if line.section == "additional":
        value["Consumption"] = _consumption(line, methods=False)
        return {"AdditionalService": value}
    value["Consumption"] = _consumption(line, methods=True)
    value["ServiceInformation"] = _information(line, bill)
    if line.factor_e2 is not None:
        value["MultiplyingFactor"] = {"Ratio": decimal_text(line.factor_e2, 2), "AmountOfExcessFees": money(line.surcharge)}
    return {"MunicipalService": value}


def _resources(lines: Sequence[BillLine], bill: BillToPlace, references: BillReferences) -> list[dict[str, Any]]:
    """Each resource once: the parts of one (cold water and heat of hot water) stand inside it, and it states their sum."""
    found: list[dict[str, Any]] = []
    parted: dict[UUID, list[BillLine]] = {}
    seen: set[UUID] = set()
    for line in lines:
        ref = service_ref(line, bill, references)
        if line.service_id in references.general:
            parted.setdefault(ref.guid, []).append(line)
        elif ref.guid in seen:
            raise lacking(bill, f"ресурс «{line.name}» (НСИ {ref.code}) встречается дважды")
        else:
            seen.add(ref.guid)
            found.append(_resource(line, bill, references))
    if seen & set(parted):
        raise lacking(bill, "ресурс на содержание общего имущества указан и целиком, и по составляющим")
    return found + [_parted(parts, bill, references) for parts in parted.values()]


def _parted(parts: list[BillLine], bill: BillToPlace, references: BillReferences) -> dict[str, Any]:
    if len({line.creditor_id for line in parts}) > 1:
        raise lacking(bill, f"составляющие ресурса «{parts[0].name}» принадлежат разным получателям")
    inside = []
    for line in parts:
        value = _resource(line, bill, references)
        del value["Unit"]
        inside.append({**value, "ServiceType": nsi_mapping(references.general[line.service_id]), "Rate": _rate(line)})
    return {
        "ServiceType": nsi_mapping(service_ref(parts[0], bill, references)),
        "AccountingPeriodTotal": money(sum(line.base for line in parts)),
        "TotalPayable": money(sum(line.total for line in parts)),
        "orgPPAGUID": provider_of(parts[0].creditor_id, parts[0].name, bill, references=references),
        "GeneralMunicipalResource": inside,
    }


def _resource(line: BillLine, bill: BillToPlace, references: BillReferences) -> dict[str, Any]:
    """A common-property resource; it is charged by the rate of its own unit (D), not by the square metre."""
    information = {
        "houseOverallNeedsNorm": _scaled(line.norm_e6),
        "houseTotalHouseOverallNeeds": _scaled(line.house_common_e6),
    }
    volume = line.common_volume_e6 if line.common_volume_e6 is not None else line.individual_volume_e6
    return {
        "ServiceType": nsi_mapping(service_ref(line, bill, references)),
        "Unit": "D",
        "Consumption": None if volume is None else {"Volume": _volume(volume, "O", line)},
        "Rate": None if line.tariff_e6 is None else _tariff(line.tariff_e6),
        "AccountingPeriodTotal": money(line.base),
        "ServiceCharge": _charge_changes(line),
        "ServiceInformation": information if any(information.values()) else None,
        "PaymentRecalculation": _recalculation(line, bill),
        "TotalPayable": money(line.total),
        "orgPPAGUID": provider_of(line.creditor_id, line.name, bill, references=references),
    }


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
        "Consumption": _consumption(line, methods=False),
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


def _volume(volume_e6: int, kind: str, line: BillLine) -> dict[str, str]:
    return {"#": decimal_text(volume_e6, 6), "@type": kind, "@determiningMethod": _DETERMINED.get(line.method, "O")}


def _consumption(line: BillLine, *, methods: bool) -> dict[str, Any] | None:
    own, common = line.individual_volume_e6, line.common_volume_e6
    if own is None and common is None:
        return None
    volumes = [_volume(volume, kind, line) for volume, kind in ((own, "I"), (common, "O")) if volume is not None]
    if not methods:
        for volume in volumes:
            del volume["@determiningMethod"]
    return {"Volume": volumes}


def _information(line: BillLine, bill: BillToPlace) -> dict[str, Any] | None:
    meters = bill.content.meters
    own = [meter.current_e3 for meter in meters if meter.service_id == line.service_id and meter.current_e3 is not None] if meters else []
    reading = own[0] if len(own) == 1 else None
    if reading is None and line.house_individual_e6 is None and line.house_common_e6 is None and line.norm_e6 is None:
        return None
    return {
        "individualConsumptionCurrentValue": None if reading is None else decimal_text(reading, 3),
        "houseTotalIndividualConsumption": _scaled(line.house_individual_e6),
        "houseTotalHouseOverallNeeds": _scaled(line.house_common_e6),
        "individualConsumptionNorm": _scaled(line.norm_e6),
    }

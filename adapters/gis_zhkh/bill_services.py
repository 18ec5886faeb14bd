"""Services of a payment document: housing with its common-property resources, utilities, additional services, the contribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from adapters.gis_zhkh.bill_references import BillReferences, BillToPlace, lacking, provider_of, service_ref
from adapters.gis_zhkh.values import decimal_text, money, nsi_mapping
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
    contribution: dict[str, Any] | None = None
    line_keys = {id(line): keys[id(_recipient(line, bill))] for line in bill.content.lines}
    hosted = _hosted(bill, line_keys)
    seen: set[UUID] = set()
    for line in bill.content.lines:
        key = line_keys[id(line)] if several else None
        if line.section == "common_property":
            continue
        if line.section == "capital_repair":
            if contribution is not None:
                raise lacking(bill, "взнос на капитальный ремонт встречается дважды")
            contribution = _contribution(line, bill, references, key=key)
            continue
        ref = service_ref(line, bill, references)
        if ref.guid in seen:
            raise lacking(bill, f"услуга «{line.name}» (НСИ {ref.code}) встречается дважды")
        seen.add(ref.guid)
        services.append(_service(line, hosted.get(id(line), []), bill, references, key=key))
    return {"ChargeInfo": services or None, "CapitalRepairCharge": contribution}


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
    line: BillLine, resources: list[BillLine], bill: BillToPlace, references: BillReferences, *, key: UUID | None
) -> dict[str, Any]:
    value: dict[str, Any] = {
        "ServiceType": nsi_mapping(service_ref(line, bill, references)),
        "Rate": _rate(line),
        "TotalPayable": money(line.total + sum(one.total for one in resources)),
        "AccountingPeriodTotal": money(line.base + sum(one.base for one in resources)),
        "orgPPAGUID": provider_of(line.creditor_id, line.name, bill, references=references),
        "PaymentInformationKey": key,
        "ServiceCharge": _charge_changes(line),
        "PaymentRecalculation": _recalculation(line, bill),
    }
    if line.section == "housing":
        value["MunicipalResource"] = [_resource(one, bill, references) for one in resources] or None
        return {"HousingService": value}
    if line.section == "additional":
        value["Consumption"] = _consumption(line, methods=False)
        return {"AdditionalService": value}
    value["Consumption"] = _consumption(line, methods=True)
    value["ServiceInformation"] = _information(line, bill)
    if line.factor_e2 is not None:
        value["MultiplyingFactor"] = {"Ratio": decimal_text(line.factor_e2, 2), "AmountOfExcessFees": money(line.surcharge)}
    return {"MunicipalService": value}


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
        "Rate": None if line.tariff_e6 is None else decimal_text(line.tariff_e6, 6, places=2),
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


def _rate(line: BillLine) -> str:
    """The tariff. Without one: the mean price of a unit when the tariff changed inside the month, else the price of the whole service."""
    if line.tariff_e6 is not None:
        return decimal_text(line.tariff_e6, 6, places=2)
    if line.individual_volume_e6:
        mean_e6 = (2 * line.base * _KOPECKS_TO_E6 * 10**6 + line.individual_volume_e6) // (2 * line.individual_volume_e6)
        return decimal_text(mean_e6, 6, places=2)
    return money(line.base)


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
    rows = [row for row in bill.content.recalculations if row.service_id == line.service_id]
    if not rows:
        return None
    return {"recalculationReason": "; ".join(row.reason for row in rows)[:500], "sum": money(sum(row.amount for row in rows))}


def _volume(volume_e6: int, kind: str, line: BillLine) -> dict[str, str]:
    return {"#": decimal_text(volume_e6, 6), "@type": kind, "@determiningMethod": _DETERMINED.get(line.method, "O")}


def _consumption(line: BillLine, *, methods: bool) -> dict[str, Any] | None:
    volumes = [
        _volume(volume, kind, line)
        for volume, kind in ((line.individual_volume_e6, "I"), (line.common_volume_e6, "O"))
        if volume is not None
    ]
    if not methods:
        volumes = [{key: text for key, text in volume.items() if key != "@determiningMethod"} for volume in volumes]
    return {"Volume": volumes} if volumes else None


def _information(line: BillLine, bill: BillToPlace) -> dict[str, Any] | None:
    readings = [meter.current_e3 for meter in bill.content.meters if meter.service_id == line.service_id and meter.current_e3 is not None]
    information = {
        "individualConsumptionCurrentValue": decimal_text(readings[0], 3) if len(readings) == 1 else None,
        "houseTotalIndividualConsumption": _scaled(line.house_individual_e6),
        "houseTotalHouseOverallNeeds": _scaled(line.house_common_e6),
        "individualConsumptionNorm": _scaled(line.norm_e6),
    }
    return information if any(information.values()) else None

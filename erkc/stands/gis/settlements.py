"""Settlements of supply contracts: placed month by month, changed by their GUID, annulled whole or by month."""

from __future__ import annotations

from typing import Any

from erkc.stands.gis.desk import Call, Content, accepted, change, found, listed, nothing, put, refused

__all__ = ["export_settlements", "import_settlements"]


def import_settlements(call: Call) -> Content:
    """Each on its own; months that are named replace those that are there."""
    return {"ImportResult": [_import(call, item) for item in listed(call.message, "importSettlement")]}


def _import(call: Call, item: dict[str, Any]) -> Content:
    transport, named = item["TransportGUID"], item.get("SettlementGUID")
    there = found(call, "settlement", object_guid=named) if named else []
    if named and not there:
        return refused(transport, [("INT002000", f"Расчёты {named} не найдены")])
    if "AnnulmentSettlement" in item:
        if not there:
            return refused(transport, [("INT002000", "Не указано, какие расчёты аннулировать")])
        change(call, there[0].guid, {**there[0].content, "annulled": item["AnnulmentSettlement"]["ReasonOfAnnulment"]})
        return accepted(call, transport, there[0].guid)
    settlement = item["Settlement"]
    contract = (settlement.get("Contract") or {}).get("ContractRootGUID", "").lower()
    same = [one for one in found(call, "settlement", key=contract) if not one.content["annulled"]]
    if not there and (same or not contract):
        text = "Расчёты по этому договору уже размещены: укажите SettlementGUID" if same else "Не указан договор"
        return refused(transport, [("INT008107" if same else "INT002000", text)])
    months: dict[str, Any] = dict(there[0].content["months"]) if there else {}
    for period in listed(settlement, "ReportingPeriod"):
        name = f"{int(period['Year'])}-{int(period['Month']):02d}"
        if "AnnulmentReportingPeriod" in period:
            if name not in months:
                return refused(transport, [("INT002000", f"Расчётов за {name} нет")])
            months[name]["annulled"] = period["AnnulmentReportingPeriod"]["ReasonOfAnnulment"]
        else:
            info = period["ReportingPeriodInfo"]
            months[name] = {key: info[key] for key in ("Credted", "Receipt", "Debts", "Overpayment")}
    content = {"months": months, "annulled": None}
    if there:
        change(call, there[0].guid, content)
        return accepted(call, transport, there[0].guid)
    return accepted(call, transport, put(call, "settlement", contract, content))


def export_settlements(call: Call) -> Content:
    """By contracts or by identifiers."""
    contracts = {value.lower() for value in listed(call.message, "ContractRootGUID")}
    named = {value.lower() for value in listed(call.message, "SettlementGUID")}
    rows = [one for one in found(call, "settlement") if one.key in contracts or one.guid in named or not (contracts or named)]
    if not rows:
        raise nothing()
    return {
        "Settlement": [
            {
                "SettlementGUID": one.guid,
                "Contract": {"ContractRootGUID": one.key},
                "ReportingPeriod": [_period(name, info) for name, info in sorted(one.content["months"].items())],
                "Annuled": None if not one.content["annulled"] else {"ReasonOfAnnulment": one.content["annulled"]},
            }
            for one in rows
        ]
    }


def _period(name: str, info: dict[str, Any]) -> Content:
    annulled = info.get("annulled")
    amounts = {key: info[key] for key in ("Credted", "Receipt", "Debts", "Overpayment")}
    status = {"Status": "Annul" if annulled else "Posted", "ReasonOfAnnulment": annulled}
    return {"Month": int(name[5:]), "Year": int(name[:4]), "ReportPeriodRSOInfo": amounts, "ReportPeriodStatus": status}

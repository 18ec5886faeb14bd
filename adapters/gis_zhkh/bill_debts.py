"""Debt documents (долговые платёжные документы): what is owed of earlier months, service by service and month by month.

A document is either of the month or of debts, never both. The pair of service and month stands once; common-property resources are inside
the housing service of their creditor, as in a document of the month; rates of one utility are inside their group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.gis_zhkh.bill_references import BillReferences, Requisite
from adapters.gis_zhkh.values import NsiRef, money, nsi_mapping
from core.errors import InputError
from core.ids import EntityId, TransportGuid
from core.model.bill import BillRecipient, Section
from core.period import Month

__all__ = ["DebtRow", "DebtToPlace", "debt_document"]


@dataclass(frozen=True, slots=True)
class DebtRow:
    """What is owed to a creditor for a service of one month, kopecks above nought."""

    section: Section
    service_id: EntityId
    name: str
    creditor_id: EntityId
    month: Month
    amount: int


@dataclass(frozen=True, slots=True)
class DebtToPlace:
    """A debt document with the identifiers it is placed under; ``recipients`` give the bank details of the creditors."""

    number: str
    account_guid: UUID
    transport_guid: TransportGuid
    account_number: str
    rows: tuple[DebtRow, ...]
    recipients: tuple[BillRecipient, ...]
    payment_document_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Payee:
    key: UUID
    provider: UUID | None


def debt_document(debt: DebtToPlace, references: BillReferences) -> dict[str, Any]:
    """The mapping of one PaymentDocument of debts; :class:`InputError` names what it lacks."""
    if not debt.rows or any(row.amount <= 0 for row in debt.rows):
        raise _lacking(debt, "долг по каждой услуге и месяцу должен быть больше нуля")
    payees = {id(row): _payee(row, debt, references) for row in debt.rows}
    sums: dict[UUID, int] = {}
    for row in debt.rows:
        sums[payees[id(row)].key] = sums.get(payees[id(row)].key, 0) + row.amount
    several = len(sums) > 1
    total = sum(sums.values())
    value: dict[str, Any] = {
        "AccountGuid": debt.account_guid,
        "PaymentDocumentNumber": debt.number,
        "CapitalRepairDebt": [
            _row(row, payees[id(row)], several=several) for row in debt.rows if row.section == "capital_repair"
        ] or None,
        "ChargeDebt": _charges(debt, references, payees, several=several) or None,
        "Expose": True,
        "TotalPayableByPDWithDebtAndAdvance": money(total),
        "TotalPayableByPD": money(total),
        "TransportGUID": debt.transport_guid,
        "PaymentDocumentID": debt.payment_document_id,
    }  # fmt: skip
    if several:
        value["DetailsPaymentInformation"] = [
            {
                "PaymentInformationKey": key,
                "TotalPayableByPaymentInformation": money(amount),
                "AccountNumber": debt.account_number[:30],
                "TotalPayableWithDebtAndAdvance": money(amount),
            }
            for key, amount in sums.items()
        ]
    else:
        value["PaymentInformationKey"] = next(iter(sums))
    return value


def _charges(debt: DebtToPlace, references: BillReferences, payees: Mapping[int, _Payee], *, several: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    groups: dict[tuple[UUID, Month], list[DebtRow]] = {}
    resources: dict[tuple[EntityId, Month], list[DebtRow]] = {}
    seen: set[tuple[UUID, Month]] = set()
    for row in debt.rows:
        if row.section == "common_property":
            resources.setdefault((row.creditor_id, row.month), []).append(row)
    for row in debt.rows:
        if row.section in ("capital_repair", "common_property"):
            continue
        place = _ref(row, debt, references).guid, row.month
        if place in seen:
            raise _lacking(debt, f"долг по услуге «{row.name}» за {row.month} встречается дважды")
        seen.add(place)
        whole = references.groups.get(row.service_id) if row.section == "utility" else None
        if whole is not None:
            groups.setdefault((whole.guid, row.month), []).append(row)
            continue
        inside = resources.pop((row.creditor_id, row.month), []) if row.section == "housing" else []
        found.append(_charge(row, inside, debt, references, payees[id(row)], several=several))
    for (creditor, month), inside in resources.items():
        hosts = [row for row in debt.rows if row.section == "housing" and row.creditor_id == creditor]
        if not hosts:
            raise _lacking(debt, f"для ресурса «{inside[0].name}» за {month} нет жилищной услуги того же получателя")
        host = DebtRow("housing", hosts[0].service_id, hosts[0].name, creditor, month, 0)
        found.append(_charge(host, inside, debt, references, payees[id(inside[0])], several=several))
    return found + [_group(rows, debt, references, payees, several=several) for rows in groups.values()]


def _charge(
    row: DebtRow, inside: Sequence[DebtRow], debt: DebtToPlace, references: BillReferences, payee: _Payee, *, several: bool
) -> dict[str, Any]:
    value = _row(row, payee, several=several) | {"ServiceType": nsi_mapping(_ref(row, debt, references))}
    if row.section == "additional":
        return {"AdditionalService": value}
    if row.section != "housing":
        return {"MunicipalService": value}
    value["TotalPayable"] = money(row.amount + sum(one.amount for one in inside))
    value["MunicipalResource"] = [
        {"ServiceType": nsi_mapping(_ref(one, debt, references)), "TotalPayable": money(one.amount), "orgPPAGUID": payee.provider}
        for one in inside
    ] or None
    return {"HousingService": value}


def _group(
    rows: Sequence[DebtRow], debt: DebtToPlace, references: BillReferences, payees: Mapping[int, _Payee], *, several: bool
) -> dict[str, Any]:
    whole = {
        "ServiceType": nsi_mapping(references.groups[rows[0].service_id]),
        "Month": rows[0].month.month,
        "Year": rows[0].month.year,
        "TotalPayable": money(sum(row.amount for row in rows)),
        "orgPPAGUID": payees[id(rows[0])].provider,
    }
    parts = [
        _row(row, payees[id(row)], several=several) | {"ServiceType": nsi_mapping(_ref(row, debt, references))} for row in rows
    ]  # fmt: skip
    return {"GroupMunicipalService": {"TypeMunicipalService": whole, "MunicipalService": parts}}


def _row(row: DebtRow, payee: _Payee, *, several: bool) -> dict[str, Any]:
    return {
        "Month": row.month.month,
        "Year": row.month.year,
        "TotalPayable": money(row.amount),
        "orgPPAGUID": payee.provider,
        "PaymentInformationKey": payee.key if several else None,
    }


def _payee(row: DebtRow, debt: DebtToPlace, references: BillReferences) -> _Payee:
    of_creditor = [one for one in debt.recipients if row.creditor_id in (one.creditors or (one.creditor_id,))]
    exact = [one for one in of_creditor if one.contribution == (row.section == "capital_repair")]
    if not of_creditor:
        raise _lacking(debt, f"у услуги «{row.name}» нет получателя")
    recipient = (exact or of_creditor)[0]
    key = references.requisites.get(Requisite(recipient.bik, recipient.bank_account))
    if key is None:
        raise _lacking(debt, f"реквизитов получателя {recipient.name} нет в запросе")
    provider = None if references.provider is None else references.organisations.get(row.creditor_id)
    if references.provider is not None and provider is None:
        raise _lacking(debt, f"у получателя «{recipient.name}» нет идентификатора в реестре организаций")
    return _Payee(key, provider)


def _ref(row: DebtRow, debt: DebtToPlace, references: BillReferences) -> NsiRef:
    ref = references.services.get(row.service_id)
    if ref is None:
        raise _lacking(debt, f"услуга «{row.name}» не сопоставлена со справочником")
    return ref


def _lacking(debt: DebtToPlace, what: str) -> InputError:
    return InputError(
        "GIS-0201",
        f"Документ {debt.number} нельзя разместить: {what}.",
        hint="Дополните соответствия с ГИС ЖКХ и повторите.",
        number=debt.number,
    )

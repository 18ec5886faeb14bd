"""Codec of payment documents: place a month's bills, withdraw, export what is placed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh import limits
from adapters.gis_zhkh.bill_debts import DebtRow, DebtToPlace, debt_document
from adapters.gis_zhkh.bill_document import document
from adapters.gis_zhkh.bill_references import BillReferences, BillToPlace, Requisite
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.replies import RemoteError, StateReply
from adapters.gis_zhkh.values import guid, kopecks_of, listed
from core.errors import InvariantError
from core.ids import TransportGuid
from core.period import Month
from core.uncollected import uncollected
from xsd.tables import ALBUM

__all__ = [
    "BillReferences", "BillToPlace", "DebtRow", "DebtToPlace", "PlacedDocument", "PlacedLine", "Requisite", "Withdrawal",
    "export_payment_document_request", "import_debt_documents_request", "import_payment_document_request", "read_documents",
    "withdraw_payment_document_request",
]  # fmt: skip

Element: TypeAlias = etree._Element
_SERVICES = ("HousingService", "AdditionalService", "MunicipalService")


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A placed document to take back."""

    transport_guid: TransportGuid
    payment_document_id: str


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """A service of a placed document."""

    branch: str
    """HousingService, MunicipalService, AdditionalService …"""
    service_guid: UUID | None
    total: int


@dataclass(frozen=True, slots=True)
class PlacedDocument:
    """A document as the federal system holds it; amounts in kopecks."""

    payment_document_id: str
    account_guid: UUID
    number: str | None
    month: Month | None
    standing: Literal["exposed", "withdrawn", "draft"]
    charged: int | None
    total: int | None
    """TotalPayableByPD."""
    lines: tuple[PlacedLine, ...]


def import_payment_document_request(
    bills: Sequence[BillToPlace], references: BillReferences, *, month: Month, album: str = ALBUM
) -> Element:
    """Place at most 500 bills of one month.

    Amounts are stated as ours (``ConfirmAmountsCorrect``). Bank details are listed once, only those that the bills use. For accounts of a
    settlement centre ``references.provider`` is set, and then every service names its provider.
    """
    limits.check(len(bills), "request_documents", album=album)
    other = [bill.content.number for bill in bills if bill.content.month != month]
    if other:
        raise InvariantError("GIS-0106", f"Документы другого месяца в запросе за {month}: {', '.join(other[:5])}.")
    used = {(one.bik, one.bank_account) for bill in bills for one in bill.content.recipients}
    with uncollected():
        return _placing([document(bill, references) for bill in bills], references, used, month=month, album=album)


def import_debt_documents_request(debts: Sequence[DebtToPlace], references: BillReferences, *, month: Month, album: str = ALBUM) -> Element:
    """Place at most 500 documents of debts; ``month`` is the one they are presented in."""
    limits.check(len(debts), "request_documents", album=album)
    used = {(one.bik, one.bank_account) for debt in debts for one in debt.recipients}
    return _placing([debt_document(debt, references) for debt in debts], references, used, month=month, album=album)


def _placing(
    documents: Sequence[Mapping[str, Any]], references: BillReferences, used: Collection[tuple[str, str]], *, month: Month, album: str
) -> Element:
    value = {
        "@Id": SIGNED_ID,
        "ConfirmAmountsCorrect": True,
        "Month": month.month,
        "Year": month.year,
        "PaymentInformation": [
            {"BankBIK": requisite.bik, "operatingAccountNumber": requisite.account, "TransportGUID": key}
            for requisite, key in references.requisites.items()
            if (requisite.bik, requisite.account) in used
        ],
        "PaymentDocument": documents,
        "PaymentProviderInformation": None if references.provider is None else {"orgPPAGUID": references.provider},
    }
    return xmlio.render("bills:importPaymentDocumentRequest", value, album=album)


def withdraw_payment_document_request(withdrawals: Sequence[Withdrawal], *, album: str = ALBUM) -> Element:
    """Take back at most 1000 documents; the same operation as placing them."""
    limits.check(len(withdrawals), "request_withdrawals", album=album)
    rows = [{"TransportGUID": one.transport_guid, "PaymentDocumentID": one.payment_document_id} for one in withdrawals]
    return xmlio.render("bills:importPaymentDocumentRequest", {"@Id": SIGNED_ID, "WithdrawPaymentDocument": rows}, album=album)


def export_payment_document_request(
    *, month: Month | None = None, account_guids: Sequence[UUID] = (), payment_document_ids: Sequence[str] = (), album: str = ALBUM
) -> Element:
    """Ask what is placed: documents of accounts in a month, or documents by ИПД (at most 1000 of either)."""
    limits.check(len(account_guids) + len(payment_document_ids), "request_identifiers", album=album)
    if bool(account_guids) == bool(payment_document_ids) or (bool(account_guids) and month is None):
        raise InvariantError("GIS-0107", "Выгрузка документов: либо месяц и лицевые счета, либо идентификаторы документов.")
    value: dict[str, Any] = {"@Id": SIGNED_ID}
    if month is not None and account_guids:
        value |= {"Year": month.year, "Month": month.month, "AccountGUID": list(account_guids)}
    else:
        value["PaymentDocumentID"] = list(payment_document_ids)
    return xmlio.render("bills:exportPaymentDocumentRequest", value, album=album)


def read_documents(reply: StateReply) -> tuple[tuple[PlacedDocument, ...], tuple[RemoteError, ...]]:
    """Documents of an export, and the errors that stand in place of some."""
    documents, errors = [], []
    for value in listed(reply.content, "exportPaymentDocResult"):
        for error in listed(value, "ErrorMessage"):
            errors.append(RemoteError(str(error.get("ErrorCode", "")).strip(), str(error.get("Description", ""))))
        for one in listed(value, "PaymentDocument"):
            documents.append(_placed(one))
    return tuple(documents), tuple(errors)


def _placed(value: Mapping[str, Any]) -> PlacedDocument:
    month = Month(int(value["Year"]), int(value["Month"])) if value.get("Year") and value.get("Month") else None
    return PlacedDocument(
        payment_document_id=str(value["PaymentDocumentID"]).strip(),
        account_guid=guid(value["AccountGuid"]),
        number=value.get("PaymentDocumentNumber"),
        month=month,
        standing="withdrawn" if "Withdraw" in value else "exposed" if "Expose" in value else "draft",
        charged=_amount(value, "TotalPayableByChargeInfo"),
        total=_amount(value, "TotalPayableByPD"),
        lines=tuple(_lines(value)),
    )


def _amount(value: Mapping[str, Any], name: str) -> int | None:
    return kopecks_of(value[name]) if value.get(name) else None


def _lines(value: Mapping[str, Any]) -> list[PlacedLine]:
    lines = []
    for charge in listed(value, "ChargeInfo"):
        group = charge.get("GroupMunicipalService", {})
        rows = [(branch, charge[branch]) for branch in _SERVICES if branch in charge]
        rows += [("MunicipalService", one) for one in listed(group, "MunicipalService")]
        for branch, one in rows:
            ref = one.get("ServiceType", {}).get("GUID")
            lines.append(PlacedLine(branch, guid(ref) if ref else None, kopecks_of(one["TotalPayable"])))
    for debt in listed(value, "ChargeDebt"):
        group = debt.get("GroupMunicipalService", {})
        rows = [(branch, debt[branch]) for branch in _SERVICES if branch in debt]
        rows += [("MunicipalService", one) for one in listed(group, "MunicipalService")]
        for branch, one in rows:
            ref = one.get("ServiceType", {}).get("GUID")
            lines.append(PlacedLine(branch, guid(ref) if ref else None, kopecks_of(one["TotalPayable"])))
    for one in listed(value, "CapitalRepairDebt"):
        lines.append(PlacedLine("CapitalRepairDebt", None, kopecks_of(one["TotalPayable"])))
    for one in listed(value.get("CapitalRepairYearCharge", {}), "CapitalRepairMonthlyCharge"):
        lines.append(PlacedLine("CapitalRepairYearCharge", None, kopecks_of(one["TotalPayable"])))
    for one in listed(value, "Insurance"):
        lines.append(PlacedLine("Insurance", guid(one["InsuranceProductGUID"]), kopecks_of(one["TotalPayable"])))
    if "CapitalRepairCharge" in value:
        lines.append(PlacedLine("CapitalRepairCharge", None, kopecks_of(value["CapitalRepairCharge"]["TotalPayable"])))
    return lines

"""Codec of settlements (расчёты по договору ресурсоснабжения): month by month what a supplier charged, received and is owed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.replies import StateReply
from adapters.gis_zhkh.values import guid, kopecks_of, listed, money
from core.errors import InvariantError
from core.ids import TransportGuid
from core.period import Month
from xsd.tables import ALBUM

__all__ = [
    "FederalSettlement", "Settlement", "SettlementAnnulment", "SettlementMonth", "export_settlements_request", "import_settlements_request",
    "read_settlements",
]  # fmt: skip

Element: TypeAlias = etree._Element
_LARGEST = 10**12
"""Kopecks: the schema takes amounts below ten thousand million roubles."""


@dataclass(frozen=True, slots=True)
class SettlementMonth:
    """A month of a contract; kopecks. With ``annulled`` the month is taken back for that reason."""

    month: Month
    charged: int
    received: int
    debt: int
    overpaid: int
    annulled: str | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """Settlements of a contract; ``settlement_guid`` names the placed ones that this changes."""

    transport_guid: TransportGuid
    contract: UUID
    months: tuple[SettlementMonth, ...]
    settlement_guid: UUID | None = None


@dataclass(frozen=True, slots=True)
class SettlementAnnulment:
    """Settlements to take back whole."""

    transport_guid: TransportGuid
    settlement_guid: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class FederalSettlement:
    """Settlements as the federal system holds them."""

    settlement_guid: UUID
    contract: UUID | None
    months: tuple[SettlementMonth, ...]
    annulled: bool


def import_settlements_request(settlements: Sequence[Settlement | SettlementAnnulment], *, album: str = ALBUM) -> Element:
    """Place, change or annul settlements; a month stands once in each."""
    if not settlements:
        raise InvariantError("GIS-0111", "Расчёты по договорам: передавать нечего.")
    value = {"@Id": SIGNED_ID, "importSettlement": [_settlement(one) for one in settlements]}
    return xmlio.render("bills:importRSOSettlementsRequest", value, album=album)


def _settlement(one: Settlement | SettlementAnnulment) -> dict[str, Any]:
    if isinstance(one, SettlementAnnulment):
        return {
            "TransportGUID": one.transport_guid,
            "SettlementGUID": one.settlement_guid,
            "AnnulmentSettlement": {"ReasonOfAnnulment": one.reason[:2000]},
        }
    months = [month.month for month in one.months]
    if len(set(months)) != len(months):
        raise InvariantError("GIS-0112", "Расчёты по договору: месяц встречается дважды.")
    return {
        "TransportGUID": one.transport_guid,
        "SettlementGUID": one.settlement_guid,
        "Settlement": {"Contract": {"ContractRootGUID": one.contract}, "ReportingPeriod": [_month(month) for month in one.months]},
    }


def _month(one: SettlementMonth) -> dict[str, Any]:
    period: dict[str, Any] = {"Month": one.month.month, "Year": one.month.year}
    if one.annulled is not None:
        return {**period, "AnnulmentReportingPeriod": {"ReasonOfAnnulment": one.annulled[:2000]}}
    if min(one.debt, one.overpaid) < 0 or max(abs(one.charged), abs(one.received), one.debt, one.overpaid) >= _LARGEST:
        raise InvariantError("GIS-0113", "Расчёты по договору: долг и переплата не меньше нуля, суммы меньше 10 млрд рублей.")
    amounts = {"Credted": one.charged, "Receipt": one.received, "Debts": one.debt, "Overpayment": one.overpaid}
    return {**period, "ReportingPeriodInfo": {name: money(amount) for name, amount in amounts.items()}}


def export_settlements_request(
    *, contracts: Sequence[UUID] = (), settlements: Sequence[UUID] = (), album: str = ALBUM
) -> Element:  # fmt: skip
    """Ask for the settlements of contracts, or for settlements by identifier: exactly one of both."""
    if bool(contracts) == bool(settlements):
        raise InvariantError("GIS-0114", "Выгрузка расчётов: либо договоры, либо идентификаторы расчётов.")
    value = {"@Id": SIGNED_ID, "ContractRootGUID": list(contracts) or None, "SettlementGUID": list(settlements) or None}
    return xmlio.render("bills:exportSettlementsRequest", value, album=album)


def read_settlements(reply: StateReply) -> tuple[FederalSettlement, ...]:
    """Settlements of an export; months of which the supplier's part is not given are left out."""
    return tuple(
        FederalSettlement(
            settlement_guid=guid(value["SettlementGUID"]),
            contract=guid(contract) if (contract := value.get("Contract", {}).get("ContractRootGUID")) else None,
            months=tuple(_read_month(one) for one in listed(value, "ReportingPeriod") if "ReportPeriodRSOInfo" in one),
            annulled="Annuled" in value,
        )
        for value in listed(reply.content, "Settlement")
    )


def _read_month(value: Mapping[str, Any]) -> SettlementMonth:
    info = value["ReportPeriodRSOInfo"]
    charged, received, debt, overpaid = (kopecks_of(info[name]) for name in ("Credted", "Receipt", "Debts", "Overpayment"))
    return SettlementMonth(
        Month(int(value["Year"]), int(value["Month"])), charged, received, debt, overpaid,
        annulled=value.get("ReportPeriodStatus", {}).get("ReasonOfAnnulment"),
    )  # fmt: skip

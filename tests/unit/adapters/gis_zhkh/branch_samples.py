"""Payment documents of every branch: several rates, parts of a resource, yearly contribution, insurance, court costs, debts."""

from __future__ import annotations

import dataclasses
from typing import Any

from adapters.gis_zhkh.bills import BillReferences, DebtRow, DebtToPlace, import_debt_documents_request, import_payment_document_request
from adapters.gis_zhkh.values import NsiRef
from core.ids import EntityId
from core.model.bill import BillContent, BillCourtCost, BillYearMonth
from core.period import Month
from tests.unit.adapters.gis_zhkh.federal_samples import (
    CENTRE_REFERENCES,
    FUND,
    HEAT,
    HOUSING,
    INTERCOM,
    MONTH,
    REFERENCES,
    REPAIR,
    RSO,
    SOI,
    UK,
    WATER,
    bill_content,
    known_guid,
    line,
    place,
    recipient,
    transport,
)

DAY, NIGHT, HOT_COLD, HOT_HEAT, INSURANCE = (EntityId(number) for number in range(21, 26))
UK_ACCOUNT, RSO_ACCOUNT, FUND_ACCOUNT = "40702810900000012345", "40702810900000054321", "40604810900000000001"
ELECTRICITY, HOT_WATER = NsiRef("4", known_guid("nsi 3 4")), NsiRef("2", known_guid("nsi 2 2"))


def _with_branches(references: BillReferences) -> BillReferences:
    services = {
        **references.services,
        DAY: NsiRef("4.1", known_guid("nsi 51 4.1")),
        NIGHT: NsiRef("4.2", known_guid("nsi 51 4.2")),
        HOT_COLD: HOT_WATER,
        HOT_HEAT: HOT_WATER,
    }
    return dataclasses.replace(
        references,
        services=services,
        court_costs={kind: NsiRef(str(kind), known_guid(f"nsi 329 {kind}")) for kind in (2, 3, 4)},
        groups={DAY: ELECTRICITY, NIGHT: ELECTRICITY},
        general={HOT_COLD: NsiRef("2.1", known_guid("nsi 337 2.1")), HOT_HEAT: NsiRef("2.2", known_guid("nsi 337 2.2"))},
        insurance={INSURANCE: known_guid("insurance product")},
    )


BRANCH_REFERENCES, CENTRE_BRANCH_REFERENCES = _with_branches(REFERENCES), _with_branches(CENTRE_REFERENCES)


def several_rates_bill() -> BillContent:
    """Electricity of two rates, hot water for common property by its two components, and voluntary insurance."""
    lines = (
        line(HOUSING, "housing", UK, 151226),
        line(HOT_COLD, "common_property", UK, 310, tariff_e6=46_310_000, common_volume_e6=67_000, method="norm", norm_e6=2_000),
        line(HOT_HEAT, "common_property", UK, 905, tariff_e6=2_140_700_000, common_volume_e6=4_200, method="norm", recalculation=-5),
        line(DAY, "utility", RSO, 52_110, tariff_e6=5_790_000, individual_volume_e6=90_000_000, method="ipu", okei="245", utility_kind=4),
        line(NIGHT, "utility", RSO, 12_960, tariff_e6=3_240_000, individual_volume_e6=40_000_000, method="ipu", benefit=60, utility_kind=4),
        line(INSURANCE, "additional", UK, 9_900, tariff_e6=1_820_000, individual_volume_e6=54_300_000),
    )
    at_uk = sum(one.total for one in lines if one.creditor_id == UK)
    at_rso = sum(one.total for one in lines if one.creditor_id == RSO)
    return bill_content(
        "2026-10/000501", (recipient(UK, UK_ACCOUNT, charged=at_uk), recipient(RSO, RSO_ACCOUNT, charged=at_rso, debt=5000)), lines
    )


def court_costs_bill() -> BillContent:
    """A fine, a state duty and court costs beside penalties, without any charge of the month."""
    costs = (
        BillCourtCost(UK, 2, "Штраф по решению мирового судьи участка № 3, дело 2-417/2026", 50_000),
        BillCourtCost(UK, 3, "Государственная пошлина, дело 2-417/2026", 40_000),
        BillCourtCost(UK, 4, "Судебные издержки, дело 2-417/2026", 12_050),
    )
    return bill_content("2026-10/000502", (recipient(UK, UK_ACCOUNT, penalties=102_050 + 777),), (), court_costs=costs)


def yearly_contribution_bill() -> BillContent:
    """The contribution of the whole year, one month of it with a recalculation and one with a relief."""
    months = tuple(
        BillYearMonth(month, 52_671, -671 if month == 3 else 0, 1_000 if month == 7 else 0, 52_671 - {3: 671, 7: 1_000}.get(month, 0))
        for month in range(1, 13)
    )
    total = sum(one.total for one in months)
    lines = (line(REPAIR, "capital_repair", FUND, total, tariff_e6=9_700_000),)
    return bill_content(
        "2026-10/000503",
        (dataclasses.replace(recipient(FUND, FUND_ACCOUNT, charged=total), contribution=True),),
        lines,
        account_kind=3,
        contribution_year=months,
    )


def debts_of(number: str = "2026-10/Д-417") -> DebtToPlace:
    """Debts of two months: housing with its common-property resource, utilities, rates of one utility, additional, the contribution."""
    august, september = Month(2026, 8), Month(2026, 9)
    rows = (
        DebtRow("housing", HOUSING, "Содержание", UK, august, 151_226),
        DebtRow("common_property", SOI, "Вода на СОИ", UK, august, 1_261),
        DebtRow("common_property", SOI, "Вода на СОИ", UK, september, 900),
        DebtRow("utility", WATER, "Вода", UK, august, 20_306),
        DebtRow("utility", WATER, "Вода", UK, september, 19_000),
        DebtRow("utility", HEAT, "Отопление", RSO, september, 81_603),
        DebtRow("utility", DAY, "Электроэнергия, день", RSO, september, 52_110),
        DebtRow("utility", NIGHT, "Электроэнергия, ночь", RSO, september, 12_960),
        DebtRow("additional", INTERCOM, "Домофон", UK, september, 6_500),
        DebtRow("capital_repair", REPAIR, "Взнос", FUND, august, 52_671),
    )
    recipients = (
        recipient(UK, UK_ACCOUNT),
        recipient(RSO, RSO_ACCOUNT),
        dataclasses.replace(recipient(FUND, FUND_ACCOUNT), contribution=True),
    )
    return DebtToPlace(number, known_guid(f"account {number}"), transport(number), "100-417", rows, recipients)


def simple_debt() -> DebtToPlace:
    """One service of one month, one account."""
    whole = debts_of("2026-10/Д-418")
    return dataclasses.replace(whole, rows=whole.rows[:1], recipients=whole.recipients[:1], payment_document_id="70АА000560-01-6102")


def branch_requests() -> dict[str, Any]:
    """A message of every branch, of a provider's own accounts and of a centre's."""
    bills = [place(several_rates_bill()), place(court_costs_bill()), place(yearly_contribution_bill())]
    return {
        "bills of every branch": import_payment_document_request(bills, BRANCH_REFERENCES, month=MONTH),
        "bills of every branch of a centre": import_payment_document_request(bills, CENTRE_BRANCH_REFERENCES, month=MONTH),
        "debts": import_debt_documents_request([debts_of(), simple_debt()], BRANCH_REFERENCES, month=MONTH),
        "debts of a centre": import_debt_documents_request([debts_of(), simple_debt()], CENTRE_BRANCH_REFERENCES, month=MONTH),
    }

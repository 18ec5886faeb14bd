"""Payment documents: amounts, requisites, providers, places of the lines; and what is refused before it is sent."""

from __future__ import annotations

import dataclasses
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters import xmlio
from adapters.gis_zhkh import limits
from adapters.gis_zhkh.bill_debts import debt_document
from adapters.gis_zhkh.bill_document import document
from adapters.gis_zhkh.bills import (
    BillReferences,
    export_payment_document_request,
    import_payment_document_request,
    read_documents,
)
from adapters.gis_zhkh.replies import read_state
from adapters.gis_zhkh.values import decimal_text, kopecks_of
from core.errors import InputError, InvariantError
from core.model.bill import BillContent, BillRecipient
from core.period import Month
from tests.unit.adapters.gis_zhkh.branch_samples import (
    BRANCH_REFERENCES,
    CENTRE_BRANCH_REFERENCES,
    DAY,
    court_costs_bill,
    debts_of,
    several_rates_bill,
    simple_debt,
    yearly_contribution_bill,
)
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
    replies,
    several_recipients_bill,
    simple_bill,
)
from xsd import catalog


def kopecks(value: dict[str, Any], name: str) -> int:
    return kopecks_of(value[name]) if value.get(name) else 0


def charged_services(value: dict[str, Any]) -> list[dict[str, Any]]:
    services = [next(iter(charge.values())) for charge in value.get("ChargeInfo") or []]
    return services + ([value["CapitalRepairCharge"]] if "CapitalRepairCharge" in value else [])


def check_identities(value: dict[str, Any]) -> None:
    """The amount identities of the exchange (section 9.5 of the format notes)."""
    services = charged_services(value)
    for service in services:
        changes = service.get("ServiceCharge") or {key: service[key] for key in ("MoneyRecalculation", "MoneyDiscount") if key in service}
        excess = service.get("MultiplyingFactor") or {}
        expected = kopecks(service, "AccountingPeriodTotal") + kopecks(changes, "MoneyRecalculation") - kopecks(changes, "MoneyDiscount")
        inside = service.get("MunicipalResource") or []
        for resource in inside:
            charge = resource.get("ServiceCharge") or {}
            expected += kopecks(charge, "MoneyRecalculation") - kopecks(charge, "MoneyDiscount")
        assert kopecks(service, "TotalPayable") == expected + kopecks(excess, "AmountOfExcessFees")
    by_charge = sum(kopecks(service, "TotalPayable") for service in services)
    penalties = sum(kopecks(row, "TotalPayable") for row in value.get("PenaltiesAndCourtCosts") or [])
    total = kopecks(value, "TotalPayableByPD")
    debt, advance = kopecks(value, "DebtPreviousPeriods"), kopecks(value, "AdvanceBllingPeriod")
    assert kopecks(value, "TotalPayableByChargeInfo") == by_charge
    assert kopecks(value, "TotalByPenaltiesAndCourtCosts") == penalties
    assert total == by_charge + penalties
    assert debt >= 0
    assert advance >= 0
    assert kopecks(value, "TotalPayableByPDWithDebtAndAdvance") == total + debt - advance
    details = value.get("DetailsPaymentInformation")
    if details:
        assert sum(kopecks(row, "TotalPayableByPaymentInformation") for row in details) == total
        assert sum(kopecks(row, "DebtPreviousPeriodsOrAdvanceBillingPeriod") for row in details) == debt - advance
        for row in details:
            brought, amount = kopecks(row, "DebtPreviousPeriodsOrAdvanceBillingPeriod"), kopecks(row, "TotalPayableByPaymentInformation")
            assert kopecks(row, "TotalPayableWithDebtAndAdvance") == amount + brought


@pytest.mark.parametrize("content", [simple_bill(), several_recipients_bill()], ids=["one", "several"])
@pytest.mark.parametrize("references", [REFERENCES, CENTRE_REFERENCES], ids=["own", "centre"])
def test_amounts_agree(content: BillContent, references: BillReferences) -> None:
    check_identities(document(place(content), references))


def test_one_account_is_named_once() -> None:
    value = document(place(simple_bill()), REFERENCES)
    assert value["PaymentInformationKey"] == str(known_guid("requisite 40702810900000012345"))
    assert "DetailsPaymentInformation" not in value
    assert all("PaymentInformationKey" not in service for service in charged_services(value))
    assert (value["DebtPreviousPeriods"], value["AdvanceBllingPeriod"]) == ("1204.17", "0.00")
    assert value["PaymentsTaken"] == "25"
    assert "PaidCash" not in value  # it would make the system acknowledge by itself what we acknowledge


def test_several_accounts_are_named_by_every_service() -> None:
    value = document(place(several_recipients_bill()), REFERENCES)
    assert "PaymentInformationKey" not in value
    keys = {service["PaymentInformationKey"] for service in charged_services(value)}
    assert keys == {row["PaymentInformationKey"] for row in value["DetailsPaymentInformation"]}
    assert value["PenaltiesAndCourtCosts"][0]["PaymentInformationKey"] == known_guid("requisite 40702810900000054321")
    assert (value["DebtPreviousPeriods"], value["AdvanceBllingPeriod"]) == ("100.00", "350.00")


def test_common_property_stands_inside_housing() -> None:
    housing = document(place(simple_bill()), REFERENCES)["ChargeInfo"][0]["HousingService"]
    (resource,) = housing["MunicipalResource"]
    assert housing["TotalPayable"] == "1524.87"
    assert (resource["TotalPayable"], resource["Unit"], resource["Rate"]) == ("12.61", "D", "46.31")
    assert resource["Consumption"]["Volume"] == {"#": "0.2723", "@type": "O", "@determiningMethod": "N"}
    assert resource["ServiceInformation"]["houseOverallNeedsNorm"] == "0.028"


def test_utility_states_volume_norm_and_recalculation() -> None:
    water = document(place(simple_bill()), REFERENCES)["ChargeInfo"][1]["MunicipalService"]
    assert water["Consumption"] == {"Volume": [{"#": "5.214", "@type": "I", "@determiningMethod": "M"}]}
    assert water["ServiceCharge"] == {"MoneyRecalculation": "-38.40", "MoneyDiscount": "1.50"}
    assert water["PaymentRecalculation"] == {"recalculationReason": "Временное отсутствие 03.10-09.10", "sum": "-38.40"}
    assert water["ServiceInformation"]["individualConsumptionCurrentValue"] == "147.532"
    assert water["ServiceInformation"]["individualConsumptionNorm"] == "4.745"


def test_surcharge_is_stated_with_its_coefficient() -> None:
    heat = document(place(several_recipients_bill()), REFERENCES)["ChargeInfo"][1]["MunicipalService"]
    assert heat["MultiplyingFactor"] == {"Ratio": "1.5", "AmountOfExcessFees": "408.01"}
    assert [volume["@type"] for volume in heat["Consumption"]["Volume"]] == ["I", "O"]
    assert heat["ServiceInformation"]["houseTotalIndividualConsumption"] == "120"


def test_rate_when_the_tariff_changed_inside_the_month() -> None:
    """Half of the month at 30.00 and half at 33.00: 6 m³ for 189.00 are 31.50 each; a service without a volume is priced as a whole."""
    water = line(WATER, "utility", UK, 18900, tariff_e6=None, individual_volume_e6=6_000_000)
    third = line(HEAT, "utility", UK, 10000, tariff_e6=None, individual_volume_e6=3_000_000)
    content = bill_content(
        "1", (recipient(UK, "40702810900000012345", charged=35400),), (water, third, line(INTERCOM, "additional", UK, 6500, tariff_e6=None))
    )
    services = charged_services(document(place(content), REFERENCES))
    assert [service["Rate"] for service in services] == ["31.50", "33.333333", "65.00"]


def test_penalties_of_one_account_are_one_row() -> None:
    account = "40702810900000012345"
    recipients = (recipient(UK, account, penalties=100), recipient(RSO, account, penalties=23))
    (row,) = document(place(bill_content("1", recipients, ())), REFERENCES)["PenaltiesAndCourtCosts"]
    assert (row["TotalPayable"], row["PaymentInformationKey"]) == ("1.23", None)
    rows = document(place(bill_content("1", recipients, ())), CENTRE_REFERENCES)["PenaltiesAndCourtCosts"]
    assert [row["orgPPAGUID"] for row in rows] == [known_guid("org 11"), known_guid("org 12")]


def test_contribution_is_a_charge_of_its_own() -> None:
    value = document(place(several_recipients_bill()), REFERENCES)
    charge = value["CapitalRepairCharge"]
    assert (charge["Contribution"], charge["TotalPayable"]) == ("9.70", "526.71")
    assert charge["PaymentInformationKey"] == known_guid("requisite 40604810900000000001")
    assert len(value["ChargeInfo"]) == 2


def test_one_creditor_with_two_accounts_never_mixes_them() -> None:
    content = several_recipients_bill()
    lines = tuple(dataclasses.replace(one, creditor_id=UK) if one.section == "capital_repair" else one for one in content.lines)
    recipients = tuple(dataclasses.replace(one, creditor_id=UK) if one.contribution else one for one in content.recipients)
    value = document(place(dataclasses.replace(content, lines=lines, recipients=recipients)), REFERENCES)
    assert value["CapitalRepairCharge"]["PaymentInformationKey"] == known_guid("requisite 40604810900000000001")
    assert value["ChargeInfo"][0]["HousingService"]["PaymentInformationKey"] == known_guid("requisite 40702810900000012345")


def test_centre_names_the_provider_of_every_service_and_others_never_do() -> None:
    for content in (simple_bill(), several_recipients_bill()):
        centre = import_payment_document_request([place(content)], CENTRE_REFERENCES, month=MONTH)
        assert catalog.validate(centre) == []
        value = xmlio.read(centre)
        assert value["PaymentProviderInformation"] == {"orgPPAGUID": str(known_guid("org 11"))}
        (placed,) = value["PaymentDocument"]
        services = [next(iter(charge.values())) for charge in placed["ChargeInfo"]] + placed.get("PenaltiesAndCourtCosts", [])
        services += [placed["CapitalRepairCharge"]] if "CapitalRepairCharge" in placed else []
        services += [resource for service in services for resource in service.get("MunicipalResource", [])]
        assert all("orgPPAGUID" in service for service in services)
        own = xmlio.canonical(import_payment_document_request([place(content)], REFERENCES, month=MONTH))
        assert b"orgPPAGUID" not in own


def test_meters_state_reading_and_unit_together() -> None:
    (meter,) = document(place(simple_bill()), REFERENCES)["IndividualMDReadings"]
    assert meter == {
        "MeteringDevice": "СВК-15 18-334517",
        "MDPreviousPeriodReadings": "142.318",
        "MDUnit": "113",
        "MDServiceCode": ["1"],
    }
    content = simple_bill()
    odd = tuple(dataclasses.replace(meter, okei="796") for meter in content.meters)
    (row,) = document(place(dataclasses.replace(content, meters=odd)), REFERENCES)["IndividualMDReadings"]
    assert row["MDUnit"] is row["MDPreviousPeriodReadings"] is None


def test_only_used_requisites_are_listed() -> None:
    value = xmlio.read(import_payment_document_request([place(simple_bill())], REFERENCES, month=MONTH))
    assert [row["operatingAccountNumber"] for row in value["PaymentInformation"]] == ["40702810900000012345"]


def test_replacement_names_the_placed_document() -> None:
    value = document(place(simple_bill(), payment_document_id="70АА000560-01-6101"), REFERENCES)
    assert value["PaymentDocumentID"] == "70АА000560-01-6101"


def _without(mapping: Any, key: Any) -> Any:
    return {one: value for one, value in mapping.items() if one != key}


@pytest.mark.parametrize(
    ("content", "references", "what"),
    [
        (simple_bill(), dataclasses.replace(REFERENCES, services=_without(REFERENCES.services, WATER)), "не сопоставлена со справочником"),
        (simple_bill(), dataclasses.replace(REFERENCES, services=_without(REFERENCES.services, SOI)), "не сопоставлена со справочником"),
        (simple_bill(), dataclasses.replace(REFERENCES, requisites={}), "реквизитов получателя"),
        (simple_bill(), dataclasses.replace(REFERENCES, penalty=None), "нет пени"),
        (simple_bill(), dataclasses.replace(CENTRE_REFERENCES, organisations={}), "нет идентификатора в реестре организаций"),
        (bill_content("1", (), ()), REFERENCES, "нет ни одного получателя"),
        (bill_content("1", (recipient(RSO, "40702810900000054321"),), (line(WATER, "utility", UK, 1),)), REFERENCES, "нет получателя"),
        (
            bill_content("1", (recipient(UK, "40702810900000012345"),), (line(SOI, "common_property", UK, 1),)),
            REFERENCES,
            "нет жилищной услуги",
        ),
        (
            bill_content("1", (recipient(UK, "40702810900000012345"),), (line(WATER, "utility", UK, 1), line(WATER, "utility", UK, 1))),
            REFERENCES,
            "встречается дважды",
        ),
        (
            bill_content("1", (recipient(FUND, "40604810900000000001"),), (line(REPAIR, "capital_repair", FUND, 1),) * 2),
            REFERENCES,
            "встречается дважды",
        ),
        (
            bill_content("1", (recipient(FUND, "40604810900000000001"),), (line(REPAIR, "capital_repair", FUND, 1, tariff_e6=9_705_000),)),
            REFERENCES,
            "точнее копейки",
        ),
    ],
)
def test_what_a_document_lacks_is_named(content: BillContent, references: BillReferences, what: str) -> None:
    with pytest.raises(InputError, match=what) as caught:
        document(place(content), references)
    assert caught.value.code == "GIS-0201"
    assert caught.value.fields["number"] == content.number


def test_requests_keep_to_the_limits_and_the_month() -> None:
    bills = [place(simple_bill(str(number))) for number in range(1, 502)]
    with pytest.raises(InvariantError, match="от 1 до 500"):
        import_payment_document_request(bills, REFERENCES, month=MONTH)
    with pytest.raises(InvariantError, match="от 1 до 500"):
        import_payment_document_request([], REFERENCES, month=MONTH)
    with pytest.raises(InvariantError, match="другого месяца"):
        import_payment_document_request(bills[:1], REFERENCES, month=Month(2026, 9))
    assert [len(batch) for batch in limits.batches(bills, "request_documents")] == [500, 1]
    whole = import_payment_document_request(bills[:500], REFERENCES, month=MONTH)
    assert catalog.album().accepts(whole)


def test_export_asks_for_one_thing() -> None:
    for arguments in ({}, {"month": MONTH}, {"account_guids": [UUID(int=1)]}, {"month": MONTH, "account_guids": [UUID(int=1)],
                      "payment_document_ids": ["x"]}):  # fmt: skip
        with pytest.raises(InvariantError):
            export_payment_document_request(**arguments)


def test_placed_documents_are_read() -> None:
    (placed,), (error,) = read_documents(read_state(replies()["export of bills"]))
    assert (placed.number, placed.payment_document_id, placed.standing) == ("2026-10/000417", "70АА000560-01-6101", "exposed")
    assert (placed.month, placed.charged, placed.total) == (MONTH, 20306, 20306)
    assert placed.lines[0].service_guid == known_guid("nsi 51 1.1")
    assert error.code == "INT002012"


@pytest.mark.parametrize(("text", "expected"), [("1.5", 150), ("1", 100), ("-0.01", -1), ("3.100", 310), ("7.000000", 700), ("100", 10000)])
def test_amounts_of_replies(text: str, expected: int) -> None:
    assert kopecks_of(text) == expected


@pytest.mark.parametrize("text", ["1.555", "1,5", "1e3", "", "руб"])
def test_amounts_that_are_none(text: str) -> None:
    with pytest.raises(InputError):
        kopecks_of(text)


@given(st.integers(-(10**12), 10**12), st.integers(0, 7))
def test_decimal_text_is_exact(value: int, scale: int) -> None:
    text = decimal_text(value, scale)
    whole, _, part = text.lstrip("-").partition(".")
    restored = int(whole) * 10**scale + int((part or "0").ljust(scale, "0") or "0") * (1 if scale else 0)
    assert (-restored if text.startswith("-") else restored) == value


AMOUNT = st.integers(0, 10**9)
SAMPLED = [HOUSING, HEAT, WATER, INTERCOM, REPAIR]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(SAMPLED), AMOUNT, st.integers(-(10**6), 10**6)), unique_by=lambda row: row[0]),
    st.lists(st.tuples(AMOUNT, AMOUNT, AMOUNT, st.integers(0, 10**6)), min_size=3, max_size=3),
    st.booleans(),
)  # fmt: skip
def test_any_bill_makes_a_valid_document(rows: list[tuple[Any, int, int]], balances: list[tuple[int, int, int, int]], centre: bool) -> None:
    sections = {HOUSING: "housing", HEAT: "utility", WATER: "utility", INTERCOM: "additional", REPAIR: "capital_repair"}
    creditors = {HOUSING: UK, HEAT: RSO, WATER: RSO, INTERCOM: UK, REPAIR: FUND}
    lines = tuple(
        line(service, sections[service], creditors[service], base, tariff_e6=9_000_000, recalculation=change)
        for service, base, change in rows
    )
    accounts = {UK: "40702810900000012345", RSO: "40702810900000054321", FUND: "40604810900000000001"}
    recipients: list[BillRecipient] = []
    for (creditor, account), (debt, advance, paid, penalties) in zip(accounts.items(), balances, strict=True):
        charged = sum(one.total for one in lines if one.creditor_id == creditor)
        recipients.append(recipient(creditor, account, charged=charged, debt=debt, advance=advance, paid=paid, penalties=penalties))
    content = bill_content("7", tuple(recipients), lines)
    references = CENTRE_REFERENCES if centre else REFERENCES
    check_identities(document(place(content), references))
    assert catalog.validate(import_payment_document_request([place(content)], references, month=MONTH)) == []


@pytest.mark.parametrize("content", [several_rates_bill(), court_costs_bill(), yearly_contribution_bill()], ids=["rates", "court", "year"])
@pytest.mark.parametrize("references", [BRANCH_REFERENCES, CENTRE_BRANCH_REFERENCES], ids=["own", "centre"])
def test_amounts_of_every_branch_agree(content: BillContent, references: BillReferences) -> None:
    value = document(place(content), references)
    total = sum(kopecks(row, "TotalPayable") for row in value.get("PenaltiesAndCourtCosts") or [])
    for charge in value.get("ChargeInfo") or []:
        service = charge.get("GroupMunicipalService", {}).get("TypeMunicipalService") or next(iter(charge.values()))
        total += kopecks(service, "TotalPayable")
        for part in ("MunicipalResource", "GeneralMunicipalResource"):
            for resource in service.get(part) or []:
                inside = resource.get("GeneralMunicipalResource") or []
                assert not inside or kopecks(resource, "TotalPayable") == sum(kopecks(one, "TotalPayable") for one in inside)
    for month in value.get("CapitalRepairYearCharge", {}).get("CapitalRepairMonthlyCharge", []):
        assert kopecks(month, "TotalPayable") == (
            kopecks(month, "AccountingPeriodTotal") + kopecks(month, "MoneyRecalculation") - kopecks(month, "MoneyDiscount")
        )
        total += kopecks(month, "TotalPayable")
    total += kopecks(value.get("Insurance", {}), "TotalPayable")
    assert total == kopecks(value, "TotalPayableByPD") == content.charged + content.penalties
    assert kopecks(value, "TotalPayableByChargeInfo") == content.charged


def test_rates_of_one_utility_stand_in_their_group() -> None:
    value = document(place(several_rates_bill()), BRANCH_REFERENCES)
    group = value["ChargeInfo"][-1]["GroupMunicipalService"]
    assert group["TypeMunicipalService"]["ServiceType"]["GUID"] == str(known_guid("nsi 3 4"))
    assert (group["TypeMunicipalService"]["TotalPayable"], group["TypeMunicipalService"]["AccountingPeriodTotal"]) == ("650.10", "650.70")
    parts = [(part["ServiceType"]["Code"], part["TotalPayable"]) for part in group["MunicipalService"]]
    assert parts == [("4.1", "521.10"), ("4.2", "129.00")]
    assert {part["PaymentInformationKey"] for part in group["MunicipalService"]} == {known_guid("requisite 40702810900000054321")}
    with_two = dataclasses.replace(
        several_rates_bill(),
        lines=tuple(dataclasses.replace(one, creditor_id=UK) if one.service_id == DAY else one for one in several_rates_bill().lines),
    )
    with pytest.raises(InputError, match="разным получателям"):
        document(place(with_two), BRANCH_REFERENCES)


def test_components_of_a_resource_stand_inside_it() -> None:
    (resource,) = document(place(several_rates_bill()), BRANCH_REFERENCES)["ChargeInfo"][0]["HousingService"]["MunicipalResource"]
    assert resource["ServiceType"]["GUID"] == str(known_guid("nsi 2 2"))
    assert (resource["TotalPayable"], "Rate" in resource) == ("12.10", False)
    cold, heat = resource["GeneralMunicipalResource"]
    assert (cold["ServiceType"]["Code"], cold["TotalPayable"]) == ("2.1", "3.10")
    assert heat["ServiceCharge"]["MoneyRecalculation"] == "-0.05"
    assert heat["Consumption"]["Volume"] == {"#": "0.0042", "@type": "O", "@determiningMethod": "N"}


def test_court_costs_stand_beside_penalties_and_never_exceed_them() -> None:
    rows = document(place(court_costs_bill()), BRANCH_REFERENCES)["PenaltiesAndCourtCosts"]
    assert [(row["ServiceType"]["Code"], row["TotalPayable"]) for row in rows] == [
        ("1", "7.77"), ("2", "500.00"), ("3", "400.00"), ("4", "120.50"),
    ]  # fmt: skip
    assert rows[2]["Cause"] == "Государственная пошлина, дело 2-417/2026"
    with pytest.raises(InputError, match="нет вида 2"):
        document(place(court_costs_bill()), REFERENCES)
    less = dataclasses.replace(
        court_costs_bill(), recipients=(dataclasses.replace(court_costs_bill().recipients[0], penalties=1),), penalties=1
    )
    with pytest.raises(InputError, match="больше его неустоек"):
        document(place(less), BRANCH_REFERENCES)


def test_yearly_contribution_has_twelve_months_of_its_sum() -> None:
    content = yearly_contribution_bill()
    value = document(place(content), BRANCH_REFERENCES)
    year = value["CapitalRepairYearCharge"]
    assert "CapitalRepairCharge" not in value
    assert (year["Year"], [one["Month"] for one in year["CapitalRepairMonthlyCharge"]]) == (2026, list(range(1, 13)))
    for months in (content.contribution_year[:11], (*content.contribution_year[:11], content.contribution_year[0])):
        with pytest.raises(InputError, match="двенадцать"):
            document(place(dataclasses.replace(content, contribution_year=months)), BRANCH_REFERENCES)


def test_insurance_is_a_product_and_no_service() -> None:
    value = document(place(several_rates_bill()), BRANCH_REFERENCES)
    assert value["Insurance"]["InsuranceProductGUID"] == known_guid("insurance product")
    assert (value["Insurance"]["Rate"], value["Insurance"]["TotalPayable"]) == ("1.82", "99.00")
    assert not any("AdditionalService" in charge for charge in value["ChargeInfo"])


def test_debt_document_states_service_and_month_once() -> None:
    value = debt_document(debts_of(), BRANCH_REFERENCES)
    charged = [next(iter(row.items())) for row in value["ChargeDebt"]]
    assert [name for name, _ in charged] == [
        "HousingService", "MunicipalService", "MunicipalService", "MunicipalService", "AdditionalService", "HousingService",
        "GroupMunicipalService",
    ]  # fmt: skip
    housing, late = charged[0][1], charged[5][1]
    assert (housing["Month"], housing["TotalPayable"], housing["MunicipalResource"][0]["TotalPayable"]) == (8, "1524.87", "12.61")
    assert (late["Month"], late["TotalPayable"]) == (9, "9.00"), "a resource without its housing service brings the host along"
    assert charged[6][1]["TypeMunicipalService"]["TotalPayable"] == "650.70"
    assert [(row["Month"], row["TotalPayable"]) for row in value["CapitalRepairDebt"]] == [(8, "526.71")]
    assert "ChargeInfo" not in value and "TotalByPenaltiesAndCourtCosts" not in value
    total = sum(row.amount for row in debts_of().rows)
    assert kopecks(value, "TotalPayableByPD") == total
    assert sum(kopecks(row, "TotalPayableByPaymentInformation") for row in value["DetailsPaymentInformation"]) == total
    assert debt_document(simple_debt(), BRANCH_REFERENCES)["PaymentInformationKey"] == known_guid("requisite 40702810900000012345")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"rows": ()}, "больше нуля"),
        ({"rows": (*debts_of().rows[:1], dataclasses.replace(debts_of().rows[1], amount=0))}, "больше нуля"),
        ({"rows": debts_of().rows[:1] * 2}, "встречается дважды"),
        ({"rows": debts_of().rows[1:2]}, "нет жилищной услуги"),
        ({"recipients": ()}, "нет получателя"),
        ({"rows": (dataclasses.replace(debts_of().rows[3], service_id=REPAIR),)}, "не сопоставлена"),
    ],
)
def test_debt_document_that_lacks_something(change: dict[str, Any], match: str) -> None:
    with pytest.raises(InputError, match=match):
        debt_document(dataclasses.replace(debts_of(), **change), BRANCH_REFERENCES)

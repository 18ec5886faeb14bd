"""Synthetic values for the tests of the federal codecs: bills of each shape, accounts, and one message of every kind that we render.

Replies are rendered too (the local stand does that in earnest), so that their tables are held against the album as well.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

from adapters import xmlio
from adapters.gis_zhkh.accounts import (
    AccountKind,
    AccountPlaceGuids,
    AccountToPlace,
    Closing,
    PersonPayer,
    SupplyContract,
    export_account_request,
    import_account_request,
)
from adapters.gis_zhkh.acknowledgments import (
    AckCancellation,
    Acknowledgment,
    Order,
    cancel_acknowledgment_request,
    import_acknowledgment_request,
)
from adapters.gis_zhkh.bills import (
    BillReferences,
    BillToPlace,
    Requisite,
    Withdrawal,
    export_payment_document_request,
    import_payment_document_request,
    withdraw_payment_document_request,
)
from adapters.gis_zhkh.envelope import Header, get_state_request, header_element
from adapters.gis_zhkh.houses import export_house_request
from adapters.gis_zhkh.nsi import (
    export_data_provider_nsi_item_request,
    export_data_provider_nsi_paging_item_request,
    export_nsi_item_request,
    export_nsi_paging_item_request,
)
from adapters.gis_zhkh.operations import operation
from adapters.gis_zhkh.organisations import export_data_provider_request, export_org_registry_request
from adapters.gis_zhkh.values import NsiRef
from core.ids import EntityId, TransportGuid
from core.model.bill import BillContent, BillLine, BillMeter, BillRecipient, Recalculation
from core.period import Month

_SPACE = UUID("5b6f1a52-6f0e-4c3f-9d0c-3d8a4a3f8a10")
MONTH = Month(2026, 10)
SENT_AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
HOUSING, WATER, HEAT, SOI, REPAIR, INTERCOM = (EntityId(number) for number in range(1, 7))
UK, RSO, FUND = EntityId(11), EntityId(12), EntityId(13)


def known_guid(name: str) -> UUID:
    """The same name, the same identifier."""
    return uuid5(_SPACE, name)


def transport(name: str) -> TransportGuid:
    """A TransportGUID by name."""
    return TransportGuid(known_guid(f"transport {name}"))


def recipient(creditor: EntityId, account: str, **amounts: Any) -> BillRecipient:
    """A recipient with the amounts that matter; the rest is nought."""
    facts: dict[str, Any] = {"debt": 0, "advance": 0, "charged": 0, "paid": 0, "penalties": 0, "due": 0, **amounts}
    name, inn, kpp, bank, bik, correspondent = (
        f"Получатель {creditor}",
        "7701000001",
        "770101001",
        "Банк",
        "044525225",
        "30101810400000000225",
    )
    return BillRecipient(creditor, name, inn, kpp, account, bank, bik, correspondent, **facts)


def line(service: EntityId, section: Any, creditor: EntityId, base: int, **facts: Any) -> BillLine:
    """A line; total follows the rule of the bill."""
    surcharge, recalculation, benefit = (facts.pop(key, 0) for key in ("surcharge", "recalculation", "benefit"))
    return BillLine(
        **{
            "section": section,
            "service_id": service,
            "service_key": f"s{service}",
            "name": f"Услуга {service}",
            "okei": "113",
            "unit": "м³",
            "utility_kind": None,
            "housing_kind": 1 if section == "housing" else None,
            "resource_kind": None,
            "creditor_id": creditor,
            "method": "area",
            "individual_volume_e6": None,
            "common_volume_e6": None,
            "tariff_e6": 27_850_000,
            "base": base,
            "factor_e2": None,
            "surcharge": surcharge,
            "recalculation": recalculation,
            "benefit": benefit,
            "total": base + surcharge + recalculation - benefit,
            **facts,
        }
    )


def bill_content(number: str, recipients: tuple[BillRecipient, ...], lines: tuple[BillLine, ...], **facts: Any) -> BillContent:
    """A bill of October 2026 whose sums follow from its lines and recipients."""
    content = BillContent(
        number=number,
        version=1,
        replaces_number=None,
        month=MONTH,
        issued_on=date(2026, 11, 1),
        due_on=date(2026, 11, 10),
        provider_name="УК «Пример»",
        provider_inn="7701000001",
        payer_name="Примеров П. П.",
        payer_is_organisation=False,
        account_id=EntityId(100),
        account_number="100-417",
        account_kind=1,
        els=None,
        service_identifier=None,
        address="г. Заречинск, ул. Примерная, 1",
        premises_number="17",
        room_number=None,
        house_fias=str(known_guid("house")),
        house_id=EntityId(50),
        area_e2=5430,
        residents_e6=3_000_000,
        recipients=recipients,
        lines=lines,
        recalculations=(),
        meters=(),
        charged=sum(one.total for one in lines),
        debt=sum(one.debt for one in recipients),
        advance=sum(one.advance for one in recipients),
        paid=sum(one.paid for one in recipients),
        payments_until=date(2026, 10, 25),
        penalties=sum(one.penalties for one in recipients),
        due=0,
        notices=(),
    )
    return dataclasses.replace(content, **facts)


def simple_bill(number: str = "2026-10/000417") -> BillContent:
    """One recipient: housing with a common-property resource, metered water with a recalculation, an intercom; debt and penalties."""
    lines = (
        line(HOUSING, "housing", UK, 151226),
        line(SOI, "common_property", UK, 1261, tariff_e6=46_310_000, common_volume_e6=272_300, method="norm", norm_e6=28_000),
        line(
            WATER, "utility", UK, 24146, tariff_e6=46_310_000, individual_volume_e6=5_214_000, method="ipu", recalculation=-3840,
            benefit=150, norm_e6=4_745_000,
        ),
        line(INTERCOM, "additional", UK, 6500, tariff_e6=None),
    )  # fmt: skip
    return bill_content(
        number,
        (recipient(UK, "40702810900000012345", charged=sum(one.total for one in lines), debt=320000, paid=199583, penalties=1736),),
        lines,
        meters=(
            BillMeter(WATER, "СВК-15 18-334517", 142_318, 147_532, date(2026, 10, 23), None, 1, "113"),
            BillMeter(HEAT, "без вида услуги", None, None, None, None, None, "233"),
        ),
        recalculations=(Recalculation(WATER, "Временное отсутствие 03.10-09.10", -3840),),
        notices=("Поверьте прибор до 01.12.2026.",),
    )


def several_recipients_bill(number: str = "2026-10/000418") -> BillContent:
    """Three accounts: management, supplier (heating with a raising coefficient) and the capital-repair fund; an advance and a debt."""
    lines = (
        line(HOUSING, "housing", UK, 151226),
        line(SOI, "common_property", UK, 1261, tariff_e6=46_310_000, common_volume_e6=272_300, method="norm"),
        line(
            HEAT, "utility", RSO, 81603, tariff_e6=2_140_700_000, individual_volume_e6=381_200, common_volume_e6=1_000, method="norm",
            factor_e2=150, surcharge=40801, house_individual_e6=120_000_000, house_common_e6=3_000_000,
        ),
        line(REPAIR, "capital_repair", FUND, 52671, tariff_e6=9_700_000),
    )  # fmt: skip
    return bill_content(
        number,
        (
            recipient(UK, "40702810900000012345", charged=152487, advance=35000),
            recipient(RSO, "40702810900000054321", charged=122404, debt=10000, penalties=77),
            dataclasses.replace(recipient(FUND, "40604810900000000001", charged=52671), contribution=True),
        ),
        lines,
    )


SERVICES = {
    HOUSING: NsiRef("1", known_guid("nsi 50 1"), "Содержание"),
    WATER: NsiRef("1.1", known_guid("nsi 51 1.1"), "Холодная вода"),
    HEAT: NsiRef("6.1", known_guid("nsi 51 6.1")),
    SOI: NsiRef("1", known_guid("nsi 2 1")),
    INTERCOM: NsiRef("3", known_guid("nsi 1 3"), "Домофон"),
}
REQUISITES = {
    Requisite("044525225", account): known_guid(f"requisite {account}")
    for account in ("40702810900000012345", "40702810900000054321", "40604810900000000001")
}
REFERENCES = BillReferences(SERVICES, REQUISITES, NsiRef("1", known_guid("nsi 329 1"), "Пени"))
CENTRE_REFERENCES = dataclasses.replace(
    REFERENCES, organisations={creditor: known_guid(f"org {creditor}") for creditor in (UK, RSO, FUND)}, provider=known_guid("org 11")
)


def place(content: BillContent, **facts: Any) -> BillToPlace:
    """A bill under identifiers that follow from its number."""
    return BillToPlace(content, known_guid(f"account {content.number}"), transport(content.number), **facts)


def accounts() -> list[AccountToPlace]:
    """A management account with a citizen, a supplier's with a contract, a centre's of an organisation, and one that closes."""
    premises = AccountPlaceGuids(premises=known_guid("premises"), share_e2=10000)
    room = AccountPlaceGuids(room=known_guid("room"))
    house = AccountPlaceGuids(house_fias=known_guid("house"))
    person = PersonPayer("Примеров", "Пётр", "Петрович", "11223344595", renter=True)
    closing = Closing(NsiRef("11", known_guid("nsi 22 11")), date(2026, 10, 31), "Выезд")
    return [
        AccountToPlace(
            transport("a1"), AccountKind.MANAGEMENT, "100-417", (premises,), person, residents=3, total_square_e2=5430,
            residential_square_e2=3180, heated_area_e2=5430,
        ),
        AccountToPlace(transport("a2"), AccountKind.SUPPLIER, "Р-55", (room,), contracts=(SupplyContract("77/2025", date(2025, 1, 15)),)),
        AccountToPlace(transport("a3"), AccountKind.CENTRE, "ЕРКЦ-9", (house,), known_guid("version")),
        AccountToPlace(
            transport("a4"), AccountKind.WASTE, "Т-1", (premises,), account_guid=known_guid("account"), closing=closing,
            contracts=(SupplyContract("1", date(2024, 2, 29)),),
        ),
        AccountToPlace(transport("a5"), AccountKind.CAPITAL_REPAIR, "К-1", (premises, room)),
        AccountToPlace(transport("a6"), AccountKind.AUTHORITY, "О-1", (premises,)),
    ]  # fmt: skip


def acknowledgments() -> list[Acknowledgment]:
    """One acknowledgment of each kind of service and one that is impossible."""
    order = Order(order_id="20261105000000000000000000000417", taken_by=known_guid("bank"))
    document = "70АА000560-01-6101"
    return [
        Acknowledgment(transport("k1"), order, document, "HSType", SERVICES[HOUSING], 152487),
        Acknowledgment(transport("k2"), Order(notification=known_guid("notification")), document, "MSType", SERVICES[WATER], 20306),
        Acknowledgment(transport("k3"), Order(order_id="417", taken_by=known_guid("bank")), document, "ASType", SERVICES[INTERCOM], 6500),
        Acknowledgment(transport("k4"), order, document, "PServiceType", NsiRef("1", known_guid("nsi 329 1")), 1736),
        Acknowledgment(transport("k5"), order, None, None, None, 0, impossible="Плательщик не найден"),
    ]


def requests() -> dict[str, Any]:
    """One rendered message of every kind that we send."""
    header = Header(known_guid("message"), SENT_AT, known_guid("ppa"), operator_signature=True, creators=(("ЕРКЦ", "АО «РЦ»"),))
    cancellation = AckCancellation(transport("c1"), Order(notification=known_guid("notification")), "70АА000560-01-6101")
    both = [place(simple_bill()), place(several_recipients_bill(), payment_document_id="70АА000560-01-6101")]
    return {
        "bills": import_payment_document_request(both, REFERENCES, month=MONTH),
        "bills of a centre": import_payment_document_request(both, CENTRE_REFERENCES, month=MONTH),
        "withdrawal": withdraw_payment_document_request([Withdrawal(transport("w1"), "70АА000560-01-6101")]),
        "export of bills by account": export_payment_document_request(month=MONTH, account_guids=[known_guid("a"), known_guid("b")]),
        "export of bills by number": export_payment_document_request(payment_document_ids=["70АА000560-01-6101"]),
        "acknowledgments": import_acknowledgment_request(acknowledgments()),
        "cancellation": cancel_acknowledgment_request([cancellation]),
        "accounts": import_account_request(accounts()),
        "export of accounts of a house": export_account_request(house_fias=known_guid("house")),
        "export of accounts by number": export_account_request(els=["70АА000560"]),
        "export of accounts by identifier": export_account_request(account_guids=[known_guid("account")]),
        "house": export_house_request(known_guid("house")),
        "book": export_nsi_item_request(3, modified_after=SENT_AT),
        "page of a book": export_nsi_paging_item_request(2, 1, group="NSIRAO"),
        "book of a provider": export_data_provider_nsi_item_request(51),
        "page of a book of a provider": export_data_provider_nsi_paging_item_request(1, 2),
        "providers": export_data_provider_request(),
        "organisations": export_org_registry_request(["1027700132195", "304500116000157"], kpp={"1027700132195": "770101001"}),
        "state": get_state_request(known_guid("ack")),
        "header": header_element(header, operation("importPaymentDocumentData")),
        "header of the system": header_element(header, operation("exportDataProvider")),
    }


def replies() -> dict[str, Any]:
    """One answer of every kind that we read, as a stand would write it."""
    state = {"@Id": "signed-data-container", "RequestState": 3, "MessageGUID": known_guid("ack")}
    done = {"GUID": known_guid("result"), "TransportGUID": transport("a1"), "UniqueNumber": "1", "UpdateDate": "2026-11-02T09:16:44+03:00"}
    refused = {"TransportGUID": transport("a2"), "Error": [{"ErrorCode": "INT002034", "Description": "Нет помещения"}]}
    account = {"UnifiedAccountNumber": "70АА000560", "ServiceID": "70АА000560-01"}
    nothing = {"ErrorMessage": {"ErrorCode": "INT002012", "Description": "Нет данных"}}
    return {
        "accounts": xmlio.render(
            "house-management:getStateResult",
            {**state, "ImportResult": [{"@version": "10.0.1.1", "CommonResult": [{**done, "ImportAccount": account}, refused]}]},
        ),
        "house": xmlio.render("house-management:getStateResult", {**state, "exportHouseResult": _house()}),
        "export of accounts": xmlio.render("house-management:getStateResult", {**state, "exportAccountResult": [_account(account)]}),
        "bills": xmlio.render("bills:getStateResult", {**state, "ImportResult": [done, refused]}),
        "export of bills": xmlio.render(
            "bills:getStateResult", {**state, "exportPaymentDocResult": [nothing, {"PaymentDocument": _document()}]}
        ),
        "book": xmlio.render("nsi-common:getStateResult", {**state, "NsiItem": _book()}),
        "page of a book": xmlio.render(
            "nsi:getStateResult", {**state, "NsiPagingItem": {**_book(), "TotalItemsCount": 1001, "TotalPages": 2, "CurrentPage": 1}}
        ),
        "providers": xmlio.render("organizations-registry-common:getStateResult", {**state, "exportDataProviderResult": [_provider()]}),
        "organisations": xmlio.render(
            "organizations-registry-common:getStateResult", {**state, "exportOrgRegistryResult": [_organisation(), _entrepreneur()]}
        ),
        "nothing": xmlio.render("house-management:getStateResult", {**state, **nothing}),
        "waiting": xmlio.render("bills:getStateResult", {**state, "RequestState": 2}),
        "ack": xmlio.render("base:AckRequest", {"Ack": {"MessageGUID": known_guid("ack"), "RequesterMessageGUID": known_guid("message")}}),
        "header": xmlio.render("base:ResultHeader", {"Date": SENT_AT, "MessageGUID": known_guid("reply")}),
    }


def _book() -> dict[str, Any]:
    fields = [
        {"@xsi:type": "NsiElementStringFieldType", "Name": "Вид коммунальной услуги", "Value": "Холодное водоснабжение"},
        {"@xsi:type": "NsiElementOkeiRefFieldType", "Name": "Единица измерения", "Code": "113"},
        {
            "@xsi:type": "NsiElementNsiRefFieldType",
            "Name": "Вид ресурса",
            "NsiRef": {"NsiItemRegistryNumber": 2, "Ref": {"Code": "1", "GUID": known_guid("nsi 2 1"), "Name": "Вода"}},
        },
    ]
    child = {"Code": "1.1", "GUID": known_guid("nsi 51 1.1"), "StartDate": SENT_AT, "EndDate": SENT_AT, "IsActual": False}
    element = {"Code": "1", "GUID": known_guid("nsi 51 1"), "Modified": SENT_AT, "IsActual": True}
    element |= {"NsiElementField": fields, "ChildElement": [child]}
    return {"NsiItemRegistryNumber": 51, "Created": SENT_AT, "NsiElement": [element]}


def _house() -> dict[str, Any]:
    ref = {"Code": "1", "GUID": known_guid("nsi"), "Name": "Да"}
    cadastre = {"No_RSO_GKN_EGRP_Registered": True}
    basic = {**cadastre, "FIASHouseGuid": known_guid("house"), "OKTMO": {"code": "45000000"}, "OlsonTZ": ref, "State": ref}
    basic |= {"CulturalHeritage": False}
    basic |= {"TotalSquare": "1234.5", "UsedYear": 1987, "FloorCount": "5"}
    room = {
        "No_RSO_GKN_EGRP_Registered": True, "RoomNumber": "1", "Square": "12.4", "LivingRoomUniqueNumber": "р1",
        "ModificationDate": SENT_AT, "LivingRoomGUID": known_guid("room"),
    }  # fmt: skip
    flat = {**cadastre, "PremisesNum": "17", "EntranceNum": "1", "PremisesCharacteristic": ref, "TotalArea": "54.3", "NoGrossArea": True}
    flat |= {"PremisesUniqueNumber": "п17", "ModificationDate": SENT_AT, "LivingRoom": [room], "PremisesGUID": known_guid("premises")}
    shop = {**cadastre, "PremisesNum": "Н1", "TotalArea": "80", "IsCommonProperty": False, "PremisesUniqueNumber": "н1"}
    shop |= {"ModificationDate": SENT_AT, "PremisesGUID": known_guid("shop"), "TerminationDate": date(2025, 1, 1)}
    apartment = {
        "BasicCharacteristicts": basic,
        "UndergroundFloorCount": "1",
        "ResidentialPremises": [flat],
        "NonResidentialPremises": [shop],
    }
    return {"HouseUniqueNumber": "д1", "ModificationDate": SENT_AT, "ApartmentHouse": apartment}


def _account(numbers: dict[str, str]) -> dict[str, Any]:
    return {
        "isUOAccount": True, "Accommodation": [{"PremisesGUID": known_guid("premises")}], "PayerInfo": {}, "AccountNumber": "100-417",
        "AccountGUID": known_guid("account"), **numbers,
    }  # fmt: skip


def _document() -> dict[str, Any]:
    water = {"ServiceType": {"Code": "1.1", "GUID": known_guid("nsi 51 1.1")}, "Rate": "46.31", "TotalPayable": "203.06"}
    return {
        "AccountGuid": known_guid("account 2026-10/000417"),
        "PaymentDocumentNumber": "2026-10/000417",
        "AddressInfo": {"TotalSquare": "54.3"},
        "ChargeInfo": [{"MunicipalService": water}],
        "Expose": True,
        "TotalPayableByChargeInfo": "203.06",
        "TotalPayableByPD": "203.06",
        "Month": 10,
        "Year": 2026,
        "PaymentDocumentID": "70АА000560-01-6101",
        "PaymentInformation": [_recipient_account()],
    }


def _recipient_account() -> dict[str, Any]:
    return {
        "RecipientINN": "7701000001", "RecipientKPP": "770101001", "BankName": "Банк", "PaymentRecipient": "УК", "BankBIK": "044525225",
        "operatingAccountNumber": "40702810900000012345", "PaymentInformationGuid": known_guid("requisite"),
        "TotalPayableByPaymentInformation": "203.06",
    }  # fmt: skip


def _provider() -> dict[str, Any]:
    return {"DataProviderGUID": known_guid("provider"), "IsActual": True, "RegOrg": {"orgRootEntityGUID": known_guid("root")}}


def _organisation() -> dict[str, Any]:
    legal = {"ShortName": "УК", "FullName": "УК «Пример»", "OGRN": "1027700132195", "INN": "7701000001", "KPP": "770101001"}
    version = {"orgVersionGUID": known_guid("version"), "lastEditingDate": date(2026, 1, 1), "IsActual": True, "Legal": legal}
    role = {"Code": "1", "GUID": known_guid("role")}
    return {
        "orgRootEntityGUID": known_guid("root"), "OrgVersion": version, "orgPPAGUID": known_guid("ppa"), "organizationRoles": [role],
        "isRegistered": True,
    }  # fmt: skip


def _entrepreneur() -> dict[str, Any]:
    person = {"Surname": "Примеров", "FirstName": "Пётр", "OGRNIP": "304500116000157"}
    version = {"orgVersionGUID": known_guid("version 2"), "lastEditingDate": date(2026, 1, 1), "IsActual": False, "Entrp": person}
    return {"orgRootEntityGUID": known_guid("root 2"), "OrgVersion": version}

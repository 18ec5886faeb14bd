"""One message of every kind beyond the month's bills: payments, metering, own books, contracts, houses, debt requests, appeals."""

from __future__ import annotations

from datetime import date
from typing import Any

from adapters import xmlio
from adapters.gis_zhkh import (
    appeals,
    attachments,
    contracts,
    debt_requests,
    house_import,
    individual_services,
    meters,
    notifications,
    nsi_import,
    payments,
    readings,
    settlements,
)
from adapters.gis_zhkh.values import NsiRef
from core.period import Month
from tests.unit.adapters.gis_zhkh.federal_samples import MONTH, SENT_AT, known_guid, transport

IPD, IZKU, ELS = "70АА000560-01-6101", "70АА000560-01", "70АА000560"
ORDER = "20261105000000000000000000000417"
COLD, HOT = NsiRef("1", known_guid("nsi 2 1")), NsiRef("2", known_guid("nsi 2 2"))
INTERVAL, ARCHIVED, FAILED = (NsiRef(code, known_guid(f"nsi {code}")) for code in ("16.4", "21.1", "224.2"))
FILE = attachments.Attachment("договор.pdf", known_guid("file"), "a" * 64)
DAY = date(2026, 10, 23)


def order_notifications() -> list[payments.OrderNotification]:
    """To an organisation by document, to an entrepreneur by account."""
    company = payments.PayeeDetails(
        "7701000001", "770101001", "УК «Пример»", "Банк", "044525225", "40702810900000012345", "30101810400000000225", oktmo="45000000"
    )
    person = payments.PayeeDetails("500100732259", "", "Примеров Пётр Петрович", "Банк", "044525225", "40802810900000012345")
    return [
        payments.OrderNotification(
            transport("n1"),
            ORDER,
            date(2026, 11, 5),
            152487,
            company,
            "ЖКУ за октябрь",
            IPD,
            "2026-10/000417",
            MONTH,
            ELS,
            IZKU,
            "100-417",
            True,
            "касса",
        ),
        payments.OrderNotification(transport("n2"), ORDER[:-1] + "8", date(2026, 11, 5), 100, person, els=ELS),
    ]


def new_meters() -> list[meters.NewMeter | meters.ArchiveMeter | meters.ReplaceMeter]:
    """A water meter of a flat, an electricity meter of a room, a house meter, an archived and a replaced one."""
    passport = meters.MeterPassport(
        "18-334517", "СВК", "15-3", date(2024, 1, 10), date(2024, 2, 1), date(2024, 1, 31), interval=INTERVAL, remote_info="NB-IoT"
    )
    house = meters.MeterPassport("ВКТ-7 001", "ВКТ", "7", date(2024, 1, 10), None, None, date(2024, 1, 10), INTERVAL, None, True, True)
    flat = meters.MeterPlace("ResidentialPremiseDevice", (known_guid("premises"),), (known_guid("account"),))
    room = meters.MeterPlace("LivingRoomDevice", (known_guid("room"),), (known_guid("account"), known_guid("account 2")))
    block = meters.MeterPlace("CollectiveDevice", (known_guid("house"),))
    cold = meters.MeterResource(COLD, 12_345, "113")
    version = known_guid("version of a meter")
    return [
        meters.NewMeter(transport("m1"), passport, flat, (cold,)),
        meters.NewMeter(transport("m2"), passport, room, meters.Tariffs((100_000, 50_500)), transformation_e4=10_000),
        meters.NewMeter(transport("m3"), house, block, (cold, meters.MeterResource(HOT, 0))),
        meters.NewMeter(transport("m4"), passport, flat, (cold,), version_guid=version),
        meters.ArchiveMeter(transport("m5"), known_guid("version 5"), ARCHIVED),
        meters.ReplaceMeter(transport("m6"), known_guid("version 6"), version, DAY, (cold,)),
        meters.ReplaceMeter(transport("m7"), known_guid("version 7"), version, DAY, meters.Tariffs((1_000,)), reason=FAILED),
    ]


def meter_readings() -> list[readings.MeterReadings]:
    """Water current and of control, electricity of two and three rates, verifications planned and not."""
    taken = [
        readings.Taken(transport("r1"), readings.OneRate(COLD, 147_532), DAY),
        readings.Taken(transport("r2"), readings.OneRate(HOT, 9_005), DAY, month=MONTH),
        readings.Taken(transport("r3"), readings.OneRate(COLD, 147_600), date(2026, 10, 25), control=True),
    ]
    planned = readings.Verified(
        transport("r4"), (readings.OneRate(COLD, 147_600),), (readings.OneRate(COLD, 0),), DAY, date(2026, 10, 24), date(2026, 10, 24)
    )
    failed = readings.Verified(transport("r7"), meters.Tariffs((1, 2, 3)), meters.Tariffs((0, 0, 0)), DAY, DAY, DAY, reason=FAILED)
    two = readings.Taken(transport("r5"), meters.Tariffs((5_000_000, 2_500_000)), DAY)
    three = readings.Taken(transport("r6"), meters.Tariffs((1_000, 2_000, 3_000)), DAY, control=True)
    return [
        readings.MeterReadings(known_guid("meter 1"), tuple(taken), planned),
        readings.MeterReadings(known_guid("meter 2"), (two,)),
        readings.MeterReadings(known_guid("meter 3"), (three,), failed),
    ]


def house() -> house_import.HouseToPlace:
    """A new block with an entrance, a flat with a room, a flat without an entrance and a shop."""
    state, zone, kind = (NsiRef(code, known_guid(f"nsi {code}")) for code in ("24.2", "32.2", "30.1"))
    return house_import.HouseToPlace(
        transport("h1"),
        house_import.HouseBasics(known_guid("house"), 123_450, state, zone, 1987, "5", "1", 5, NsiRef("3", known_guid("nsi 338 3"))),
        True,
        (house_import.Entrance(transport("h2"), "1", 5, 1987),),
        (
            house_import.PremisesToPlace(
                transport("h3"),
                "17",
                5_430,
                entrance="1",
                characteristic=kind,
                cadastral="77:01:0001001:1234",
                rooms=(house_import.RoomToPlace(transport("h4"), "1", 1_240),),
            ),
            house_import.PremisesToPlace(transport("h5"), "18", 3_000),
            house_import.PremisesToPlace(transport("h6"), "Н1", 8_000, residential=False, common_property=True),
        ),
    )


def changed_house() -> house_import.HouseToPlace:
    """The same house when it is there: everything by its GUID."""
    new = house()
    flat, shop = new.premises[0], new.premises[2]
    return house_import.HouseToPlace(
        new.transport_guid,
        new.basics,
        False,
        (house_import.Entrance(transport("h2"), "1", entrance_guid=known_guid("entrance")),),
        (
            house_import.PremisesToPlace(
                flat.transport_guid,
                "17",
                5_440,
                entrance="1",
                premises_guid=known_guid("premises"),
                rooms=(house_import.RoomToPlace(transport("h4"), "1", 1_250, room_guid=known_guid("room")),),
            ),
            house_import.PremisesToPlace(shop.transport_guid, "Н1", 8_100, residential=False, premises_guid=known_guid("shop")),
        ),
    )


def debt_answers() -> list[debt_requests.DebtAnswer | debt_requests.RevokedAnswer]:
    """No debt, a debt that a court has confirmed, and an answer taken back."""
    documents = (debt_requests.DebtorDocument(NsiRef("1", known_guid("nsi 358 1")), FILE),)
    debtor = debt_requests.Debtor("Пётр", "Примеров", "Петрович", "11223344595", documents)
    return [
        debt_requests.DebtAnswer(transport("q1"), known_guid("subrequest 1"), known_guid("employee"), description="Долга нет"),
        debt_requests.DebtAnswer(transport("q2"), known_guid("subrequest 2"), known_guid("employee"), (debtor,), (FILE,)),
        debt_requests.RevokedAnswer(transport("q3"), known_guid("subrequest 3")),
    ]


def appeal_steps() -> list[appeals.Step]:
    """Everything that can be said about an appeal."""
    number, by = known_guid("appeal"), known_guid("employee")
    return [
        appeals.Answer(transport("o1"), transport("o2"), number, by, "Перерасчёт выполнен.", (FILE,)),
        appeals.Assigned(transport("o3"), number, by, DAY),
        appeals.Executed(transport("o4"), known_guid("appeal 2"), by),
        appeals.Prolonged(transport("o5"), known_guid("appeal 3"), by, date(2026, 12, 1), "Запрошены документы"),
        appeals.Redirected(transport("o6"), known_guid("appeal 4"), by, known_guid("root"), "Не наш дом"),
        appeals.Declined(transport("o7"), known_guid("appeal 5"), by, "Обращение повторное"),
    ]


def operation_requests() -> dict[str, Any]:
    """One rendered message of every kind."""
    own = nsi_import
    supplier = [
        payments.SupplierNotification(transport("s1"), DAY, 152487, IPD, month=MONTH, online=True),
        payments.SupplierNotification(transport("s2"), DAY, 100, service_identifier=IZKU),
    ]
    short = [
        payments.ShortNotification(
            transport("t1"), ORDER, DAY, 100, payments.ByDocument(IPD, known_guid("document")), MONTH, known_guid("r")
        ),
        payments.ShortNotification(transport("t2"), ORDER[:-1] + "8", DAY, 200, payments.ByService(IZKU, known_guid("izku")), online=True),
    ]
    service = individual_services.IndividualService(
        transport("i1"), known_guid("account"), NsiRef("3", known_guid("nsi 1 3")), date(2026, 1, 1), date(2026, 12, 31), FILE
    )
    placed = individual_services.IndividualService(
        transport("i2"), known_guid("account"), service.service, service.begins_on, service.ends_on, FILE, known_guid("service")
    )
    settled = settlements.Settlement(
        transport("z1"),
        known_guid("contract"),
        (
            settlements.SettlementMonth(Month(2026, 9), 1_000_000, 900_000, 100_000, 0),
            settlements.SettlementMonth(Month(2026, 8), 0, 0, 0, 0, annulled="Ошибка"),
        ),
    )
    annulled = settlements.SettlementAnnulment(transport("z2"), known_guid("settlement"), "Ошибка")
    water, cold = NsiRef("1", known_guid("nsi 3 1")), COLD
    changes = [own.ElementChange(transport("b8"), known_guid("b8")), own.ElementChange(transport("b9"), known_guid("b9"), recover=True)]
    return {
        "notifications of a document": notifications.export_notifications_of_document_request(IPD),
        "notifications of days": notifications.export_notifications_of_days_request(
            DAY, 7, [notifications.AckStatus.NEW, notifications.AckStatus.PARTLY], after=known_guid("notification")
        ),
        "settlements": settlements.import_settlements_request([settled, annulled]),
        "export of settlements": settlements.export_settlements_request(contracts=[known_guid("contract")]),
        "export of settlements by identifier": settlements.export_settlements_request(settlements=[known_guid("settlement")]),
        "payments": payments.import_notifications_request(order_notifications()),
        "payments in short": payments.import_notifications_139_request(short),
        "payments of a supplier": payments.import_supplier_notifications_request(supplier),
        "cancelled payments": payments.cancel_notifications_request(
            [
                payments.NotificationCancellation(transport("x1"), ORDER, DAY, "Двойной"),
                payments.NotificationCancellation(transport("x2"), "417", DAY),
            ]
        ),
        "details of a document": payments.export_details_request(payment_document_id=IPD, payer=("7701000001", "770101001")),
        "details of an account": payments.export_details_request(els=ELS, month=MONTH),
        "details of a service": payments.export_details_request(service_identifier=IZKU),
        "meters": meters.import_meters_request(new_meters(), house_fias=known_guid("house")),
        "export of meters of a house": meters.export_meters_request(house_fias=known_guid("house"), archived=True),
        "export of a meter": meters.export_meters_request(root_guid=known_guid("meter 1")),
        "readings": readings.import_readings_request(meter_readings(), house_fias=known_guid("house")),
        "history of readings": readings.export_history_request(
            [known_guid("house")], resources=[COLD], first=date(2026, 9, 1), last=date(2026, 10, 31), after=known_guid("meter 1")
        ),
        "individual services": individual_services.import_individual_services_request([service, placed]),
        "removal of individual services": individual_services.remove_individual_services_request(
            [individual_services.IndividualServiceRemoval(transport("i3"), known_guid("service"))]
        ),
        "export of individual services": individual_services.export_individual_services_request([known_guid("account")]),
        "management": contracts.export_management_request(organisation=known_guid("root"), houses=[known_guid("house")]),
        "management by contract": contracts.export_management_request(contracts=[known_guid("contract")]),
        "supply contracts of a house": contracts.export_supply_contracts_request(
            house_fias=known_guid("house"), after=known_guid("contract")
        ),
        "supply contracts": contracts.export_supply_contracts_request(roots=[known_guid("contract")]),
        "new house": house_import.import_house_request(house()),
        "changed house": house_import.import_house_request(changed_house()),
        "additional services": own.import_additional_services_request(
            [
                own.AdditionalElement(transport("b1"), "Домофон", "796"),
                own.AdditionalElement(transport("b2"), "Антенна", "A005", known_guid("b2")),
            ],
            changes,
        ),
        "utilities": own.import_utilities_request([own.UtilityElement(transport("b3"), "Холодная вода", water, cold, "113", "1")], changes),
        "general resources": own.import_general_resources_request(
            [
                own.GeneralResourceElement(transport("b4"), "ХВ СОИ", "1", cold, "113"),
                own.GeneralResourceElement(transport("b5"), "ХВ СОИ полив", "1", cold, "113", "2"),
                own.GeneralResourceElement(transport("b6"), "ГВ СОИ", "2", HOT, "113", element_guid=known_guid("b6")),
            ],
            changes,
        ),
        "list of books": own.export_nsi_list_request(),
        "debt subrequests": debt_requests.export_subrequests_request(
            date(2026, 10, 1), date(2026, 10, 31), houses=[known_guid("house")], after=known_guid("subrequest")
        ),
        "debt subrequests by identifier": debt_requests.export_subrequests_by_guid_request([known_guid("subrequest 1")]),
        "answers about debts": debt_requests.answer_subrequests_request(debt_answers()),
        "export of appeals": appeals.export_appeals_request(since=date(2026, 10, 1), until=DAY, houses=[known_guid("house")]),
        "export of appeals by identifier": appeals.export_appeals_by_guid_request([known_guid("appeal")]),
        "answers to appeals": appeals.import_answers_request(appeal_steps()),
    }


def _ref(name: str, code: str = "1") -> dict[str, Any]:
    return {"Code": code, "GUID": known_guid(name)}


def operation_replies() -> dict[str, Any]:
    """One answer of every kind that the other readers take."""
    state = {"@Id": "signed-data-container", "RequestState": 3, "MessageGUID": known_guid("ack")}
    done = {"GUID": known_guid("result"), "TransportGUID": transport("a1"), "UniqueNumber": "1", "UpdateDate": "2026-11-02T09:16:44+03:00"}
    attached = {"Name": "а.pdf", "Description": "а", "Attachment": {"AttachmentGUID": known_guid("file")}, "AttachmentHASH": "ab"}

    def reply(service: str, **content: Any) -> Any:
        return xmlio.render(f"{service}:getStateResult", {**state, **content})

    recipient = {
        "RecipientINN": "7701000001",
        "BankName": "Банк",
        "PaymentRecipient": "УК",
        "BankBIK": "044525225",
        "operatingAccountNumber": "40702810900000012345",
    }
    notification = {
        "OrderInfo": {
            "OrderID": ORDER,
            "OrderDate": DAY,
            "Amount": 152487,
            "PaymentDocumentID": IPD,
            "Year": 2026,
            "Month": 10,
            "UnifiedAccountNumber": ELS,
        },
        "AckStatus": 3,
        "CreationDate": SENT_AT,
        "AcknowledgmentRequestsList": {},
        "AcknowledgmentAmount": 2000,
        "NotificationsOfOrderExecutionGUID": known_guid("notification"),
        "orgPPAGUID": known_guid("bank"),
    }
    settlement = {
        "SettlementGUID": known_guid("settlement"),
        "Contract": {"ContractRootGUID": known_guid("contract")},
        "ReportingPeriod": [
            {
                "Month": 9,
                "Year": 2026,
                "ReportPeriodRSOInfo": {"Credted": "10000.00", "Receipt": "9000.00", "Debts": "1000.00", "Overpayment": "0.00"},
                "ReportPeriodStatus": {"Status": "Posted"},
            }
        ],
    }
    details = {
        "PaymentDocumentID": IPD,
        "ServiceID": IZKU,
        "UnifiedAccountNumber": ELS,
        "PaymentDocumentDetails": {
            "ExecutorInformation": {
                "INN": "7701000001",
                "Legal": {"KPP": "770101001", "Name": "УК"},
                "PaymentInformation": [{**recipient, "PaymentInformationGuid": known_guid("requisite")}],
                "MailingAddress": "г. Заречинск",
            },
            "Reminder": 152487,
            "Debt": 1000,
            "TotalWithDebtAndAdvance": 153487,
        },
        "Year": 2026,
        "Month": 10,
        "PaymentDocumentGUID": known_guid("document"),
    }
    meter = {
        "BasicChatacteristicts": {
            "MeteringDeviceNumber": "18-334517",
            "RemoteMeteringMode": False,
            "TemperatureSensor": False,
            "PressureSensor": False,
            "ResidentialPremiseDevice": {"PremiseGUID": [known_guid("premises")], "AccountGUID": [known_guid("account")]},
        },
        "NotLinkedWithMetering": True,
        "MunicipalResourceNotEnergy": [{"MunicipalResource": _ref("nsi 2 1"), "MeteringValue": "12.345", "Unit": "113"}],
        "MeteringDeviceRootGUID": known_guid("meter 1"),
        "StatusRootDoc": "Active",
        "MeteringDeviceVersionGUID": known_guid("version"),
        "VersionNumber": 1,
        "StatusVersion": "Active",
        "UpdateDateTime": SENT_AT,
        "MeteringDeviceGISGKHNumber": "12-345",
    }
    value = {"MunicipalResource": _ref("nsi 2 1"), "MeteringValue": "147.5327", "ReadingsSource": "ИС", "orgPPAGUID": known_guid("ppa")}
    current = {**value, "EnterIntoSystem": SENT_AT, "DateValue": "2026-10-23T00:00:00+03:00"}
    control = {"MeteringValueT1": "1", "MeteringValueT2": "2.5", "EnterIntoSystem": SENT_AT, "DateValue": "2026-10-23T00:00:00+03:00"}
    history = [
        {"MeteringDeviceRootGUID": known_guid("meter 1"), "OneRateDeviceValue": {"Values": {"CurrentValue": [current]}}},
        {"MeteringDeviceRootGUID": known_guid("meter 2"), "ElectricDeviceValue": {"Values": {"ControlValue": [control]}}},
    ]
    subrequest = {
        "subrequestGUID": known_guid("subrequest 1"),
        "requestInfo": {
            "requestGUID": known_guid("request"),
            "requestNumber": "7-2026",
            "organization": {"orgRootGUID": known_guid("root"), "name": "ОСЗН"},
            "housingFundObject": {
                "HMobjectGUID": known_guid("premises"),
                "adressType": "Apartment",
                "fiasHouseGUID": known_guid("house"),
                "address": "ул. Примерная, 1, кв. 17",
            },
            "period": {"startDate": date(2023, 10, 1), "endDate": date(2026, 10, 1)},
            "status": "Sent",
            "sentDate": DAY,
            "responseDate": date(2026, 10, 30),
            "executorInfo": {"GUID": known_guid("clerk"), "fio": "Иванова"},
        },
        "responseStatus": "Sent",
        "responseData": {"hasDebt": False, "executorInfo": {"GUID": known_guid("employee"), "fio": "Петрова"}},
    }
    appeal = {
        "AppealGUID": known_guid("appeal"),
        "ApplicantInfo": {"HCS": True},
        "AppealNumber": "77-2026-15",
        "AppealCreateDate": DAY,
        "AppealTopic": {**_ref("nsi 220 1"), "Name": "Начисления"},
        "FIASHouseGuid": known_guid("house"),
        "OKTMO": {"code": "45000000"},
        "AppealText": "Проверьте начисления",
        "Attachment": [attached],
        "AppealStatus": "Send",
        "ExecutionEndDate": date(2026, 11, 22),
    }
    contract = {
        "IsContract": {"ContractNumber": "77/2025", "SigningDate": date(2025, 1, 15), "EffectiveDate": date(2025, 2, 1)},
        "IndefiniteTerm": True,
        "Offer": True,
        "IsPlannedVolume": False,
        "ContractSubject": [
            {
                "ServiceType": _ref("nsi 3 1"),
                "MunicipalResource": _ref("nsi 239 1"),
                "StartSupplyDate": date(2025, 2, 1),
                "TransportGUID": known_guid("subject"),
            }
        ],
        "SpecifyingQualityIndicators": "D",
        "ContractRootGUID": known_guid("contract"),
        "ContractGUID": known_guid("contract 1"),
        "ContractState": "Proceed",
        "VersionNumber": 1,
        "VersionStatus": "Posted",
    }
    individual = {
        "BeginDate": date(2026, 1, 1),
        "EndDate": date(2026, 12, 31),
        "AdditionalService": _ref("nsi 1 3", "3"),
        "Attachment": attached,
        "AccountIndividualServiceGUID": known_guid("service"),
        "AccountGUID": known_guid("account"),
        "IsActual": True,
    }
    listed = {
        "Created": SENT_AT,
        "NsiItemInfo": [{"RegistryNumber": 50, "Name": "Вид жилищной услуги", "Modified": SENT_AT}],
        "ListGroup": "NSI",
    }
    return {
        "notifications": reply(
            "bills",
            exportNotificationsOfOrderExecutionResult=[{"NotificationOfOrderExecutionWithStatus": [notification]}],
            ExportNotificationsOfOrderExecutionGUID=known_guid("next"),
        ),
        "settlements": reply("bills", Settlement=[settlement]),
        "payments": reply("payment", ImportResult=[done]),
        "details of a document": reply("payment", exportPaymentDocumentDetailsResult={"Charge": {"PaymentDocument": [details]}}),
        "meters": reply("house-management", exportMeteringDeviceDataResult=[meter]),
        "history": reply(
            "device-metering",
            exportMeteringDeviceHistoryResult=history,
            PagedOutput={"ExportMeteringDeviceRootGUID": known_guid("meter 3")},
        ),
        "readings": reply("device-metering", ImportResult=[done]),
        "individual services": reply("house-management", exportAccountIndividualServicesResult=[individual]),
        "supply contracts": reply("house-management", exportSupplyResourceContractResult=[{"Contract": [contract], "IsLastPage": True}]),
        "debt subrequests": reply("drs", exportDSRsResult={"subrequestData": [subrequest], "pagedOutput": {"lastPage": True}}),
        "answers about debts": reply("drs", importResult=[done]),
        "appeals": reply("appeals", ExportAppealResult=[appeal]),
        "list of books": reply("nsi-common", NsiList=listed),
        "additional services": reply("nsi", ImportResult=[done]),
    }

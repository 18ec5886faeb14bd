"""Which function works through which operation, beyond those of organisations, books, accounts and bills."""

from __future__ import annotations

from collections.abc import Mapping

from erkc.stands.gis import houses, metering, own_books, payments, requests, settlements
from erkc.stands.gis.desk import Handler

__all__ = ["HANDLERS"]

HANDLERS: Mapping[str, Handler] = {
    "exportNsiList": own_books.list_books,
    "importAdditionalServices": own_books.import_additional,
    "importMunicipalServices": own_books.import_utilities,
    "importGeneralNeedsMunicipalResource": own_books.import_general,
    "importHouseUOData": houses.import_house,
    "importAccountIndividualServices": houses.import_individual,
    "exportAccountIndividualServices": houses.export_individual,
    "exportCAChData": houses.export_management,
    "exportSupplyResourceContractData": houses.export_supply,
    "importMeteringDeviceData": metering.import_meters,
    "exportMeteringDeviceData": metering.export_meters,
    "importMeteringDeviceValues": metering.import_readings,
    "exportMeteringDeviceHistory": metering.export_history,
    "importAcknowledgment": payments.cancel_acknowledgments,
    "exportNotificationsOfOrderExecutionPaginal": payments.export_notifications,
    "importRSOSettlements": settlements.import_settlements,
    "exportSettlements": settlements.export_settlements,
    "importNotificationsOfOrderExecution": payments.import_notifications,
    "importNotificationsOfOrderExecutionCancellation": payments.cancel_notifications,
    "importSupplierNotificationsOfOrderExecution": payments.import_supplier,
    "exportPaymentDocumentDetails": payments.details,
    "exportDebtSubrequests": requests.export_subrequests,
    "importResponses": requests.answer_subrequests,
    "exportAppeal": requests.export_appeals,
    "importAnswer": requests.answer_appeals,
}

"""Operations beyond the month's bills: what answers say, and what is refused before it is sent."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from adapters import xmlio
from adapters.gis_zhkh import (
    appeals,
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
from adapters.gis_zhkh.replies import read_state
from core.errors import InputError, InvariantError
from core.period import Month
from tests.unit.adapters.gis_zhkh.all_samples import all_replies, all_requests
from tests.unit.adapters.gis_zhkh.federal_samples import known_guid, transport
from tests.unit.adapters.gis_zhkh.operation_samples import (
    DAY,
    IPD,
    IZKU,
    ORDER,
    appeal_steps,
    debt_answers,
    house,
    meter_readings,
    new_meters,
    order_notifications,
)
from xsd import catalog

Read = Callable[[Any], Any]
READERS: dict[str, Read] = {
    "notifications": notifications.read_notifications,
    "settlements": settlements.read_settlements,
    "details of a document": payments.read_details,
    "meters": meters.read_meters,
    "history": readings.read_history,
    "individual services": individual_services.read_individual_services,
    "supply contracts": contracts.read_supply_contracts,
    "debt subrequests": debt_requests.read_subrequests,
    "appeals": appeals.read_appeals,
    "list of books": nsi_import.read_book_list,
}


def reply(name: str) -> Any:
    return read_state(all_replies()[name])


@pytest.mark.parametrize("name", sorted(READERS))
def test_nothing_found_reads_as_nothing(name: str) -> None:
    empty = READERS[name](reply("nothing"))
    assert empty in ((), notifications.NotificationPage((), None), readings.History((), None), contracts.SupplyPage((), None)) or (
        empty == debt_requests.SubrequestPage((), None)
    )


def test_notifications_are_read() -> None:
    page = notifications.read_notifications(reply("notifications"))
    (one,) = page.notifications
    assert (one.order_id, one.amount, one.acknowledged, one.status) == (ORDER, 152487, 2000, notifications.AckStatus.PARTLY)
    assert (one.payment_document_id, one.month, one.taken_by) == (IPD, Month(2026, 10), known_guid("bank"))
    assert page.following == known_guid("next")


def test_settlements_are_read() -> None:
    (one,) = settlements.read_settlements(reply("settlements"))
    assert one.months == (settlements.SettlementMonth(Month(2026, 9), 1_000_000, 900_000, 100_000, 0),)
    assert (one.contract, one.annulled) == (known_guid("contract"), False)


def test_details_are_read() -> None:
    (one,) = payments.read_details(reply("details of a document"))
    assert (one.payment_document_id, one.document_guid, one.service_identifier) == (IPD, known_guid("document"), IZKU)
    assert (one.reminder, one.debt, one.total) == (152487, 1000, 153487)
    assert one.accounts == (("044525225", "40702810900000012345", known_guid("requisite")),)


def test_meters_are_read() -> None:
    (one,) = meters.read_meters(reply("meters"))
    assert (one.number, one.active, one.kind, one.resources) == ("18-334517", True, "ResidentialPremiseDevice", ("1",))
    assert (one.root_guid, one.places, one.accounts) == (known_guid("meter 1"), (known_guid("premises"),), (known_guid("account"),))


def test_history_is_read() -> None:
    page = readings.read_history(reply("history"))
    water, power = page.readings
    assert (water.kind, water.values_e3, water.resource, water.told_by) == ("current", (147_532,), "1", known_guid("ppa"))
    assert (power.kind, power.values_e3, power.resource, power.told_by) == ("control", (1_000, 2_500), None, None)
    assert page.following == known_guid("meter 3")


def test_individual_services_are_read() -> None:
    (one,) = individual_services.read_individual_services(reply("individual services"))
    assert (one.guid, one.service.code, one.actual, one.ends_on) == (known_guid("service"), "3", True, date(2026, 12, 31))


def test_supply_contracts_are_read() -> None:
    page = contracts.read_supply_contracts(reply("supply contracts"))
    (one,) = page.contracts
    assert (one.number, one.signed_on, one.state, page.following) == ("77/2025", date(2025, 1, 15), "Proceed", None)
    assert (one.services[0].service.guid, one.services[0].ends_on) == (known_guid("nsi 3 1"), None)


def test_debt_subrequests_are_read() -> None:
    page = debt_requests.read_subrequests(reply("debt subrequests"))
    (one,) = page.subrequests
    assert (one.number, one.asked_by, one.house, one.answer_by) == ("7-2026", "ОСЗН", known_guid("house"), date(2026, 10, 30))
    assert (one.status, one.has_debt, page.following) == ("Sent", False, None)
    assert len(reply("answers about debts").items) == 1


def test_appeals_are_read() -> None:
    (one,) = appeals.read_appeals(reply("appeals"))
    assert (one.number, one.topic, one.status, one.answer_by) == ("77-2026-15", "Начисления", "Send", date(2026, 11, 22))
    assert one.attachments[0].name == "а.pdf"


def test_list_of_books_is_read() -> None:
    assert nsi_import.read_book_list(reply("list of books")) == (nsi_import.BookListed(50, "Вид жилищной услуги"),)


def test_suppliers_count_roubles_and_operators_kopecks() -> None:
    supplier = xmlio.read(all_requests()["payments of a supplier"])["SupplierNotificationOfOrderExecution"]
    operator = xmlio.read(all_requests()["payments"])["NotificationOfOrderExecutionType"]
    assert [row["Amount"] for row in supplier] == ["1524.87", "1.00"]
    assert [row["OrderInfo"]["Amount"] for row in operator] == ["152487", "100"]
    assert "Legal" in operator[0]["RecipientInfo"] and "EntprFIO" in operator[1]["RecipientInfo"]


def test_readings_have_a_transport_guid_each() -> None:
    value = xmlio.read(all_requests()["readings"])["MeteringDevicesValues"]
    assert [next(key for key in row if key.endswith("DeviceValue")) for row in value] == [
        "OneRateDeviceValue",
        "ElectricDeviceValue",
        "ElectricDeviceValue",
    ]
    water = value[0]["OneRateDeviceValue"]
    assert [row["MeteringValue"] for row in water["CurrentValue"]] == ["147.532", "9.005"]
    assert water["CurrentValue"][1]["Period"] == {"Year": "2026", "Month": "10"}
    assert value[2]["ElectricDeviceValue"]["ControlValue"]["MeteringValueT3"] == "3"
    assert value[2]["ElectricDeviceValue"]["VerificationValue"]["VerificationReason"]["Code"] == "224.2"


def _water(**changes: Any) -> Any:
    return dataclasses.replace(meter_readings()[0], **changes)


def _passport(**changes: Any) -> Any:
    meter = new_meters()[0]
    assert isinstance(meter, meters.NewMeter)
    return dataclasses.replace(meter, passport=dataclasses.replace(meter.passport, **changes))


WRONG: dict[str, Callable[[], Any]] = {
    "eight days": lambda: notifications.export_notifications_of_days_request(DAY, 8, [notifications.AckStatus.NEW]),
    "no status": lambda: notifications.export_notifications_of_days_request(DAY, 1, []),
    "no settlements": lambda: settlements.import_settlements_request([]),
    "settlements by nothing": settlements.export_settlements_request,
    "month twice": lambda: settlements.import_settlements_request(
        [settlements.Settlement(transport("z"), known_guid("c"), (settlements.SettlementMonth(Month(2026, 9), 1, 1, 1, 0),) * 2)]
    ),
    "negative debt": lambda: settlements.import_settlements_request(
        [settlements.Settlement(transport("z"), known_guid("c"), (settlements.SettlementMonth(Month(2026, 9), 1, 1, -1, 0),))]
    ),
    "order twice": lambda: payments.import_notifications_request(order_notifications()[:1] * 2),
    "short order": lambda: payments.import_notifications_request([dataclasses.replace(order_notifications()[0], order_id="1")]),
    "nought paid": lambda: payments.import_notifications_request([dataclasses.replace(order_notifications()[0], amount=0)]),
    "paid for nothing": lambda: payments.import_supplier_notifications_request([payments.SupplierNotification(transport("s"), DAY, 1)]),
    "cancelled twice": lambda: payments.cancel_notifications_request(
        [payments.NotificationCancellation(transport(name), ORDER, DAY) for name in "ab"]
    ),
    "details of two": lambda: payments.export_details_request(payment_document_id=IPD, els="70АА000560"),
    "251 payments": lambda: payments.import_supplier_notifications_request(
        [payments.SupplierNotification(transport("s"), DAY, 1, IPD)] * 251
    ),
    "no model": lambda: meters.import_meters_request([_passport(model="")], house_fias=None),
    "no day of commissioning": lambda: meters.import_meters_request([_passport(commissioned_on=None)], house_fias=None),
    "meter of nobody": lambda: meters.import_meters_request(
        [dataclasses.replace(_passport(), place=meters.MeterPlace("ResidentialPremiseDevice", (known_guid("p"),)))], house_fias=None
    ),
    "four rates": lambda: meters.Tariffs((1, 2, 3, 4)).mapping(),
    "meters of nothing": meters.export_meters_request,
    "no readings": lambda: readings.import_readings_request([_water(taken=(), verified=None)]),
    "water and power": lambda: readings.import_readings_request(
        [_water(taken=(meter_readings()[0].taken[0], meter_readings()[1].taken[0]), verified=None)]
    ),
    "four current": lambda: readings.import_readings_request([_water(taken=meter_readings()[0].taken[:1] * 4)]),
    "three months of history": lambda: readings.export_history_request(
        [known_guid("house")],
        resources=[meter_readings()[0].taken[0].value.resource],
        first=date(2026, 8, 1),
        last=date(2026, 10, 1),  # type: ignore[union-attr]  # water has one rate
    ),
    "ends before it begins": lambda: individual_services.import_individual_services_request(
        [
            individual_services.IndividualService(
                transport("i"),
                known_guid("a"),
                new_meters()[4].reason,
                DAY,
                date(2026, 1, 1),
                None,  # type: ignore[union-attr, arg-type]  # not reached
            )
        ]
    ),
    "contracts of nobody": lambda: contracts.export_management_request(houses=[known_guid("house")]),
    "number twice": lambda: house_import.import_house_request(dataclasses.replace(house(), premises=house().premises[:1] * 2)),
    "no such entrance": lambda: house_import.import_house_request(dataclasses.replace(house(), entrances=())),
    "empty book": lambda: nsi_import.import_additional_services_request([]),
    "long name": lambda: nsi_import.import_additional_services_request([nsi_import.AdditionalElement(transport("b"), "я" * 101, "796")]),
    "a year of requests": lambda: debt_requests.export_subrequests_request(date(2026, 1, 1), date(2026, 12, 31)),
    "answered twice": lambda: debt_requests.answer_subrequests_request(debt_answers()[:1] * 2),
    "file without a debt": lambda: debt_requests.answer_subrequests_request(
        [dataclasses.replace(debt_answers()[1], debtors=())]  # type: ignore[type-var]  # the second is an answer
    ),
    "empty answer": lambda: appeals.import_answers_request([dataclasses.replace(appeal_steps()[0], text=" ")]),  # type: ignore[call-arg]  # it is an Answer
    "two actions": lambda: appeals.import_answers_request(appeal_steps()[1:2] * 2),
    "backwards": lambda: appeals.export_appeals_request(since=DAY, until=date(2026, 1, 1)),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_what_the_system_would_refuse_is_refused_here(name: str) -> None:
    with pytest.raises(InvariantError) as caught:
        WRONG[name]()
    assert caught.value.code.startswith("GIS-01")


@pytest.mark.parametrize(("name", "tag", "text"), [("notifications", "Amount", "1.5"), ("history", "MeteringValue", "1,5")])
def test_numbers_that_do_not_read(name: str, tag: str, text: str) -> None:
    element = all_replies()[name]
    next(element.iter("{*}" + tag)).text = text
    with pytest.raises(InputError):
        READERS[name](read_state(element))


def test_every_operation_has_a_sample() -> None:
    """What the tables know is rendered by some codec: a new operation without one fails here."""
    sent = {catalog.tables(catalog.ALBUM).name(message.tag) for message in all_requests().values()}
    wanted = {
        operation["request"] for service in catalog.tables(catalog.ALBUM).services.values() for operation in service["operations"].values()
    }
    assert wanted - sent <= {"base:getRequestsStateRequest"}


@pytest.mark.parametrize("name", ["01-importPaymentDocumentRequest", "02-importAccountRequest", "03-importMeteringDeviceValuesRequest"])
def test_example_messages_are_taken_by_the_profile(shared: Any, name: str) -> None:
    data = (shared / "examples" / "gis" / f"{name}.body.xml").read_bytes()
    assert catalog.validate(xmlio.parse(data)) == []

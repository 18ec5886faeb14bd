"""Every operation on the stand: what is placed comes back in an export, what is wrong is refused by item, every answer is valid."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from lxml import etree

from adapters.gis_zhkh import (
    accounts,
    acknowledgments,
    appeals,
    attachments,
    bills,
    contracts,
    debt_requests,
    house_import,
    houses,
    individual_services,
    meters,
    notifications,
    nsi,
    nsi_import,
    payments,
    readings,
    settlements,
)
from adapters.gis_zhkh.envelope import get_state_request, open_envelope
from adapters.gis_zhkh.operations import operation
from adapters.gis_zhkh.replies import StateReply, read_state
from adapters.gis_zhkh.values import NsiRef
from adapters.signing import Choice
from core.ids import EntityId, TransportGuid
from core.period import Month
from erkc.stands.gis import Stand
from erkc.stands.gis.seed import guid
from tests.simulation.world import MANAGER_OGRN, centre_ogrn, fias, seed_of
from tests.unit.adapters.gis_zhkh.federal_samples import MONTH, bill_content, line, place, recipient
from tests.unit.erkc.stands.test_gis_stand import AT, CENTRE, Client, signature  # noqa: F401  # a fixture of the same stand
from xsd import catalog

HOUSE, FLAT = UUID(fias(1)), UUID(guid("premises", fias(1), "1", "True"))
DAY = date(2026, 10, 23)
WATER = NsiRef("1", UUID(guid("book", "", "2", "1")))
INTERCOM = NsiRef("1", UUID(guid("book", centre_ogrn(0), "1", "1")))
COLD = NsiRef("1.1", UUID(guid("book", centre_ogrn(0), "51", "1.1")))
FILE = attachments.Attachment("заявление.pdf", uuid4(), "ab" * 32)
EMPLOYEE = uuid4()


def new() -> TransportGuid:
    return TransportGuid(uuid4())


class Desk(Client):
    """A client that checks every answer against the schema."""

    def result(self, name: str, body: etree._Element) -> StateReply:
        assert catalog.validate(body) == []
        status, remote = self.post(name, self.message(name, body))
        assert status == 200, remote
        described = operation(name)
        question = self.message("", get_state_request(UUID(remote)), service=described.service)
        answer = open_envelope(self.stand.handle(described.path, '"urn:getState"', question).body).body
        assert catalog.validate(answer) == [], etree.tostring(answer)[:2000]
        return read_state(answer)

    def codes(self, name: str, body: etree._Element) -> list[list[str]]:
        """Error codes by item, in the order of the answer."""
        return [[error.code for error in item.errors] for item in self.result(name, body).items]


@pytest.fixture(scope="module")
def desk(signature: tuple[Choice, str], tmp_path_factory: pytest.TempPathFactory) -> Desk:  # noqa: F811
    """A stand with an account and a placed bill of it."""
    choice, authority = signature
    seed = seed_of(1, 3, authority, delay_s=0)
    books: Any = seed["books"]
    books.append({"number": "21", "owner": "", "elements": [_element("21", "1")]})
    return Desk(Stand(tmp_path_factory.mktemp("stand"), seed=seed, clock=lambda: AT), choice)


def _element(book: str, code: str) -> dict[str, Any]:
    return {"code": code, "name": f"Элемент {code}", "okei": "", "refers": [], "guid": guid("book", "", book, code)}


@pytest.fixture(scope="module")
def account(desk: Desk) -> accounts.FederalAccount:
    card = accounts.AccountToPlace(new(), accounts.AccountKind.MANAGEMENT, "41", (accounts.AccountPlaceGuids(premises=FLAT),))
    desk.result("importAccountData", accounts.import_account_request([card]))
    (found,) = accounts.read_accounts(desk.result("exportAccountData", accounts.export_account_request(house_fias=HOUSE)))
    return found


def _bill(number: str, account: accounts.FederalAccount) -> bills.BillToPlace:
    service = EntityId(1)
    content = bill_content(
        number,
        (recipient(EntityId(11), "40702810900000012345", charged=10_000),),
        (line(service, "utility", EntityId(11), 10_000, individual_volume_e6=1_000_000, utility_kind=1),),
    )
    return dataclasses.replace(place(content), account_guid=account.account_guid, transport_guid=new())


REFERENCES = bills.BillReferences({EntityId(1): COLD}, {bills.Requisite("044525225", "40702810900000012345"): uuid4()})


def placed(desk: Desk, account: accounts.FederalAccount, number: str) -> str:
    request = bills.import_payment_document_request([_bill(number, account)], REFERENCES, month=MONTH)
    (item,) = desk.result("importPaymentDocumentData", request).items
    assert item.errors == ()
    return str(item.unique_number)


def order(number: int) -> str:
    return f"{number:032d}"


def test_payment_is_told_acknowledged_cancelled_and_annulled(desk: Desk, account: accounts.FederalAccount) -> None:
    ipd = placed(desk, account, "П-1")
    payee = payments.PayeeDetails("7701000001", "770101001", "УК", "Банк", "044525225", "40702810900000012345")
    told = payments.OrderNotification(new(), order(1), date(2026, 11, 2), 10_000, payee, payment_document_id=ipd)
    unknown = payments.OrderNotification(new(), order(2), date(2026, 11, 2), 1, payee, payment_document_id="0" * 18)
    name = "importNotificationsOfOrderExecution"
    assert desk.codes(name, payments.import_notifications_request([told, unknown])) == [[], ["INT002000"]]
    assert desk.codes(name, payments.import_notifications_request([dataclasses.replace(told, transport_guid=new())])) == [["INT008105"]]

    def status() -> notifications.Notification:
        reply = desk.result("exportNotificationsOfOrderExecutionPaginal", notifications.export_notifications_of_document_request(ipd))
        (one,) = notifications.read_notifications(reply).notifications
        return one

    assert (status().status, status().amount, status().acknowledged) == (notifications.AckStatus.NEW, 10_000, 0)
    half = acknowledgments.Acknowledgment(
        new(), acknowledgments.Order(notification=status().guid), ipd, "MSType", COLD, 4_000
    )  # fmt: skip
    assert desk.codes("importAcknowledgment", acknowledgments.import_acknowledgment_request([half])) == [[]]
    assert (status().status, status().acknowledged) == (notifications.AckStatus.PARTLY, 4_000)
    more = dataclasses.replace(half, transport_guid=new(), order=acknowledgments.Order(order_id=order(1), taken_by=CENTRE), amount=6_001)
    assert desk.codes("importAcknowledgment", acknowledgments.import_acknowledgment_request([more])) == [["INT008165"]]
    cancel = [payments.NotificationCancellation(new(), order(1), DAY)]
    cancelling = "importNotificationsOfOrderExecutionCancellation"
    assert desk.codes(cancelling, payments.cancel_notifications_request(cancel)) == [["SRV008071"]]
    withdrawal = bills.withdraw_payment_document_request([bills.Withdrawal(new(), ipd)])
    assert desk.codes("importPaymentDocumentData", withdrawal) == [["SRV008071"]]

    taken_back = acknowledgments.AckCancellation(new(), acknowledgments.Order(notification=status().guid), ipd)
    request = acknowledgments.cancel_acknowledgment_request([taken_back])
    assert desk.codes("importAcknowledgment", request) == [[]]
    assert desk.codes("importAcknowledgment", request) == [["INT002000"]]
    assert status().status is notifications.AckStatus.NEW
    assert desk.codes(cancelling, payments.cancel_notifications_request(cancel)) == [[]]
    assert desk.codes(cancelling, payments.cancel_notifications_request(cancel)) == [["INT008106"]]
    assert status().status is notifications.AckStatus.ANNULLED
    assert desk.codes("importPaymentDocumentData", withdrawal) == [[]]
    assert desk.codes("importPaymentDocumentData", withdrawal) == [["SRV008070"]]


def test_short_form_supplier_and_days(desk: Desk, account: accounts.FederalAccount) -> None:
    ipd = placed(desk, account, "П-2")
    short = payments.ShortNotification(new(), order(10), DAY, 500, payments.ByDocument(ipd, uuid4()), MONTH)
    by_service = payments.ShortNotification(
        new(), order(11), DAY, 500, payments.ByService(str(account.service_identifier), uuid4())
    )  # fmt: skip
    stranger = payments.ShortNotification(new(), order(12), DAY, 500, payments.ByService("00АА999999-99", uuid4()))
    request = payments.import_notifications_139_request([short, by_service, stranger])
    assert desk.codes("importNotificationsOfOrderExecution", request) == [[], [], ["INT002000"]]
    own = [payments.SupplierNotification(new(), DAY, 777, service_identifier=account.service_identifier)]
    assert desk.codes("importSupplierNotificationsOfOrderExecution", payments.import_supplier_notifications_request(own)) == [[]]
    request = notifications.export_notifications_of_days_request(DAY, 1, [notifications.AckStatus.NEW])
    page = notifications.read_notifications(desk.result("exportNotificationsOfOrderExecutionPaginal", request))
    assert sorted(one.amount for one in page.notifications) == [500, 500, 777]
    later = notifications.export_notifications_of_days_request(date(2026, 12, 1), 7, [notifications.AckStatus.NEW])
    assert desk.result("exportNotificationsOfOrderExecutionPaginal", later).found_nothing


def test_details_tell_sums_only_to_who_names_the_payer(desk: Desk, account: accounts.FederalAccount) -> None:
    ipd = placed(desk, account, "П-3")
    name = "exportPaymentDocumentDetails"
    (withheld,) = payments.read_details(desk.result(name, payments.export_details_request(payment_document_id=ipd)))
    (told,) = payments.read_details(
        desk.result(name, payments.export_details_request(payment_document_id=ipd, payer=("7701000001", "770101001")))
    )
    assert (withheld.total, told.total, told.accounts[0][:2]) == (None, 10_000, ("044525225", "40702810900000012345"))
    assert desk.result(name, payments.export_details_request(els="00АА999999")).found_nothing


def test_pages_of_notifications(desk: Desk, account: accounts.FederalAccount) -> None:
    def page(**options: Any) -> notifications.NotificationPage:
        request = notifications.export_notifications_of_document_request(ipd, **options)
        next(request.iter("{*}PageSize")).text = "100"
        return notifications.read_notifications(desk.result("exportNotificationsOfOrderExecutionPaginal", request))

    ipd = placed(desk, account, "П-4")
    told = [
        payments.ShortNotification(new(), order(1_000 + number), DAY, 1, payments.ByDocument(ipd, uuid4())) for number in range(130)
    ]  # fmt: skip
    assert not any(desk.codes("importNotificationsOfOrderExecution", payments.import_notifications_139_request(told)))
    first = page()
    assert first.following is not None
    rest = page(after=first.following)
    assert (len(first.notifications), len(rest.notifications), rest.following) == (100, 30, None)
    assert len({one.guid for one in first.notifications + rest.notifications}) == 130


def test_settlements_are_placed_once_changed_and_annulled(desk: Desk) -> None:
    contract = uuid4()
    september = settlements.SettlementMonth(Month(2026, 9), 1_000, 900, 100, 0)
    first = settlements.Settlement(new(), contract, (september,))
    name = "importRSOSettlements"
    assert desk.codes(name, settlements.import_settlements_request([first])) == [[]]
    again = dataclasses.replace(first, transport_guid=new())
    assert desk.codes(name, settlements.import_settlements_request([again])) == [["INT008107"]]
    (there,) = settlements.read_settlements(desk.result("exportSettlements", settlements.export_settlements_request(contracts=[contract])))
    assert there.months == (september,)
    october = settlements.SettlementMonth(Month(2026, 10), 2_000, 0, 2_100, 0)
    more = settlements.Settlement(new(), contract, (october,), there.settlement_guid)
    assert desk.codes(name, settlements.import_settlements_request([more])) == [[]]
    annulment = settlements.SettlementAnnulment(new(), there.settlement_guid, "Ошибка")
    assert desk.codes(name, settlements.import_settlements_request([annulment])) == [[]]
    request = settlements.export_settlements_request(settlements=[there.settlement_guid])
    (gone,) = settlements.read_settlements(desk.result("exportSettlements", request))
    assert (gone.annulled, len(gone.months)) == (True, 2)


def _meter(number: str, account: accounts.FederalAccount, measures: Any) -> meters.NewMeter:
    passport = meters.MeterPassport(number, "СВК", "15-3", date(2024, 1, 10), date(2024, 2, 1))
    return meters.NewMeter(
        new(), passport, meters.MeterPlace("ResidentialPremiseDevice", (FLAT,), (account.account_guid,)), measures
    )  # fmt: skip


def _meters(desk: Desk, **options: Any) -> list[meters.FederalMeter]:
    reply = desk.result("exportMeteringDeviceData", meters.export_meters_request(house_fias=HOUSE, **options))
    return list(meters.read_meters(reply))


def test_meters_and_readings_of_every_kind(desk: Desk, account: accounts.FederalAccount) -> None:
    cold, power = meters.MeterResource(WATER, 10_000, "113"), meters.Tariffs((1_000, 2_000))
    stranger = dataclasses.replace(
        _meter("П-3", account, (cold,)), place=meters.MeterPlace("ResidentialPremiseDevice", (uuid4(),), (account.account_guid,))
    )
    request = meters.import_meters_request([_meter("П-1", account, (cold,)), _meter("П-2", account, power), stranger], house_fias=HOUSE)
    assert desk.codes("importMeteringDeviceData", request) == [[], [], ["INT002034"]]
    water, electric = _meters(desk)
    assert (water.number, water.resources, electric.resources) == ("П-1", ("1",), ())

    def tell(root: UUID, *taken: readings.Taken, verified: readings.Verified | None = None) -> list[list[str]]:
        return desk.codes(
            "importMeteringDeviceValues",
            readings.import_readings_request([readings.MeterReadings(root, taken, verified)], house_fias=HOUSE),
        )

    def water_at(value: int, on: date = DAY, **options: Any) -> readings.Taken:
        return readings.Taken(new(), readings.OneRate(WATER, value), on, **options)

    assert tell(water.root_guid, water_at(12_000)) == [[]]
    assert tell(water.root_guid, water_at(11_500)) == [[]], "a current value may fall below the last current one"
    assert tell(water.root_guid, water_at(11_000, date(2026, 10, 20), control=True)) == [[]]
    assert tell(water.root_guid, water_at(10_999)) == [["INT007002"]]
    assert tell(water.root_guid, water_at(10_999, date(2026, 10, 19))) == [[]], "before that day the control value says nothing"
    verified = readings.Verified(
        new(), (readings.OneRate(WATER, 12_500),), (readings.OneRate(WATER, 0),), DAY, DAY, DAY
    )  # fmt: skip
    assert tell(water.root_guid, verified=verified) == [[]]
    assert tell(electric.root_guid, water_at(1)) == [["INT007001"]]
    assert tell(electric.root_guid, readings.Taken(new(), meters.Tariffs((5_000, 6_000, 7_000)), DAY)) == [[]]
    assert tell(uuid4(), water_at(1)) == [["INT002000"]]
    request = readings.export_history_request([HOUSE], resources=[WATER], first=date(2026, 9, 1), last=date(2026, 10, 31))
    history = readings.read_history(desk.result("exportMeteringDeviceHistory", request))
    assert [(one.kind, one.values_e3) for one in history.readings] == [
        ("current", (12_000,)),
        ("current", (11_500,)),
        ("current", (10_999,)),
        ("control", (11_000,)),
        ("current", (5_000, 6_000, 7_000)),
    ]
    assert history.following is None

    archive = meters.ArchiveMeter(new(), water.version_guid, NsiRef("1", UUID(guid("book", "", "21", "1"))))
    assert desk.codes("importMeteringDeviceData", meters.import_meters_request([archive], house_fias=HOUSE)) == [[]]
    stale = meters.ReplaceMeter(new(), water.version_guid, electric.version_guid, DAY)
    assert desk.codes("importMeteringDeviceData", meters.import_meters_request([stale], house_fias=HOUSE)) == [["INT002000"]]
    assert tell(water.root_guid, water_at(20_000)) == [["SRV007080"]]
    assert [one.number for one in _meters(desk)] == ["П-2"]
    assert [one.active for one in _meters(desk, archived=True)] == [False, True]


def test_individual_services(desk: Desk, account: accounts.FederalAccount) -> None:
    service = individual_services.IndividualService(new(), account.account_guid, INTERCOM, date(2026, 1, 1), date(2026, 12, 31), FILE)
    foreign = dataclasses.replace(service, transport_guid=new(), account_guid=uuid4())
    name = "importAccountIndividualServices"
    assert desk.codes(name, individual_services.import_individual_services_request([service, foreign])) == [[], ["INT002034"]]

    def there() -> list[individual_services.FederalIndividualService]:
        request = individual_services.export_individual_services_request([account.account_guid])
        return list(individual_services.read_individual_services(desk.result("exportAccountIndividualServices", request)))

    (one,) = there()
    changed = dataclasses.replace(service, transport_guid=new(), placed=one.guid, ends_on=date(2026, 6, 30))
    assert desk.codes(name, individual_services.import_individual_services_request([changed])) == [[]]
    assert [(item.ends_on, item.actual) for item in there()] == [(date(2026, 6, 30), False)]
    removal = individual_services.remove_individual_services_request([individual_services.IndividualServiceRemoval(new(), one.guid)])
    assert (desk.codes(name, removal), desk.codes(name, removal)) == ([[]], [["INT002000"]])
    assert there() == []


def test_contracts(desk: Desk) -> None:
    root = UUID(guid("organisation", centre_ogrn(0), "root"))
    request = contracts.export_management_request(organisation=root, houses=[HOUSE])
    (contract,) = contracts.read_management(desk.result("exportCAChData", request))
    assert (contract.kind, contract.status, contract.houses[0].fias) == ("contract", "Approved", HOUSE)
    assert COLD in [dataclasses.replace(service, name=None) for service in contract.houses[0].services]
    again = contracts.export_management_request(contracts=[contract.guid])
    assert contracts.read_management(desk.result("exportCAChData", again)) == (contract,)
    assert desk.result("exportSupplyResourceContractData", contracts.export_supply_contracts_request(house_fias=HOUSE)).found_nothing


def _book(desk: Desk, number: int) -> dict[str, str]:
    book = nsi.read_book(desk.result("exportDataProviderNsiItem", nsi.export_data_provider_nsi_item_request(number)))
    assert book is not None
    return {element.code: element.name for element in book.actual()}


def test_own_books_grow_and_shrink(desk: Desk) -> None:
    antenna = nsi_import.AdditionalElement(new(), "Антенна", "796")
    name = "importAdditionalServices"
    reply = desk.result(name, nsi_import.import_additional_services_request([antenna]))
    (item,) = reply.items
    assert item.unique_number == "2" and item.guid is not None
    assert desk.codes(name, nsi_import.import_additional_services_request([dataclasses.replace(antenna, transport_guid=new())])) == [
        ["INT016002"]
    ]
    assert _book(desk, 1) == {"1": "Домофон", "2": "Антенна"}
    gone = nsi_import.import_additional_services_request([], [nsi_import.ElementChange(new(), item.guid)])
    assert (desk.codes(name, gone), desk.codes(name, gone)) == ([[]], [["INT016001"]])
    assert _book(desk, 1) == {"1": "Домофон"}
    back = nsi_import.import_additional_services_request([], [nsi_import.ElementChange(new(), item.guid, recover=True)])
    assert desk.codes(name, back) == [[]]
    utility = nsi_import.UtilityElement(new(), "Холодная вода, полив", NsiRef("1", UUID(guid("book", "", "3", "1"))), WATER, "113")
    bad = dataclasses.replace(utility, transport_guid=new(), name="Горячая вода", resource=NsiRef("7", WATER.guid))
    assert desk.codes("importMunicipalServices", nsi_import.import_utilities_request([utility, bad])) == [[], ["INT016001"]]
    assert _book(desk, 51)["1.2"] == "Холодная вода, полив"
    general = nsi_import.GeneralResourceElement(new(), "Холодная вода на СОИ", "1", WATER, "113")
    assert desk.codes("importGeneralNeedsMunicipalResource", nsi_import.import_general_resources_request([general])) == [[]]
    assert _book(desk, 337) == {"1.1": "Холодная вода на СОИ"}
    listed = nsi_import.read_book_list(desk.result("exportNsiList", nsi_import.export_nsi_list_request()))
    assert [one.number for one in listed] == [2, 3, 21, 50, 329]


def test_house_is_placed_changed_and_not_placed_twice(desk: Desk) -> None:
    house = uuid4()
    state, zone = NsiRef("2", uuid4()), NsiRef("2", uuid4())
    fresh = house_import.HouseToPlace(
        new(),
        house_import.HouseBasics(house, 50_000, state, zone, 1990, "5", "1", 5),
        True,
        (house_import.Entrance(new(), "1"),),
        (
            house_import.PremisesToPlace(new(), "1", 5_000, entrance="1", rooms=(house_import.RoomToPlace(new(), "А", 1_200),)),
            house_import.PremisesToPlace(new(), "2", 5_000),
            house_import.PremisesToPlace(new(), "Н1", 9_000, residential=False),
        ),
    )
    assert not any(desk.codes("importHouseUOData", house_import.import_house_request(fresh)))
    error = desk.result("importHouseUOData", house_import.import_house_request(fresh)).error
    assert error is not None and error.code == "INT004132"

    def exported() -> houses.FederalHouse:
        found = houses.read_house(desk.result("exportHouseData", houses.export_house_request(house)))
        assert found is not None
        return found

    flat = exported().premises[0]
    assert [one.number for one in exported().premises] == ["1", "2", "Н1"]
    assert [room.number for room in flat.rooms] == ["А"]
    larger = house_import.PremisesToPlace(new(), "1", 5_100, entrance="1", premises_guid=flat.guid)
    twin = house_import.PremisesToPlace(new(), "2", 5_000)
    lost = house_import.PremisesToPlace(new(), "3", 5_000, entrance="9")
    change = dataclasses.replace(fresh, is_new=False, entrances=(), premises=(larger, twin, lost))
    assert desk.codes("importHouseUOData", house_import.import_house_request(change)) == [[], [], ["INT004027"], ["INT004065"]]
    assert exported().premises[0].area == "51"


def test_debt_subrequests_are_answered_in_time(desk: Desk) -> None:
    asked = [
        UUID(desk.stand.ask_about_debt(str(CENTRE), f"З-{number}", house=fias(1), sent_on="2026-10-20", answer_by=day))
        for number, day in ((1, "2026-11-10"), (2, "2026-11-01"))
    ]
    period = debt_requests.export_subrequests_request(date(2026, 10, 1), date(2026, 10, 31), houses=[HOUSE])
    page = debt_requests.read_subrequests(desk.result("exportDebtSubrequests", period))
    assert [(one.number, one.status) for one in page.subrequests] == [("З-1", "NotSent")], "the other one was answered by the system"
    document = debt_requests.DebtorDocument(NsiRef("1", uuid4()), FILE)
    debtor = debt_requests.Debtor("Пётр", "Примеров", documents=(document,))
    good = debt_requests.DebtAnswer(new(), asked[0], EMPLOYEE, (debtor,))
    late = debt_requests.DebtAnswer(new(), asked[1], EMPLOYEE)
    unknown = debt_requests.DebtAnswer(new(), uuid4(), EMPLOYEE)
    request = debt_requests.answer_subrequests_request([good, late, unknown])
    assert desk.codes("importResponses", request) == [[], ["INT021001"], ["INT002000"]]
    named = debt_requests.export_subrequests_by_guid_request(asked)
    assert [
        (one.status, one.has_debt) for one in debt_requests.read_subrequests(desk.result("exportDebtSubrequests", named)).subrequests
    ] == [
        ("Sent", True),
        ("AutoGenerated", None),
    ]
    revoked = debt_requests.answer_subrequests_request([debt_requests.RevokedAnswer(new(), asked[0])])
    assert (desk.codes("importResponses", revoked), desk.codes("importResponses", revoked)) == ([[]], [["INT021002"]])


def test_appeals_are_answered_and_then_closed(desk: Desk) -> None:
    number = UUID(
        desk.stand.write_appeal(
            str(CENTRE), "О-1", house=fias(1), topic="Начисления", words="Проверьте", created_on="2026-11-01", answer_by="2026-12-01"
        )
    )
    executed = appeals.Executed(new(), number, EMPLOYEE)

    def says(*steps: appeals.Step) -> list[list[str]]:
        return desk.codes("importAnswer", appeals.import_answers_request(steps))

    def there() -> appeals.Appeal:
        (one,) = appeals.read_appeals(desk.result("exportAppeal", appeals.export_appeals_by_guid_request([number])))
        return one

    request = appeals.export_appeals_request(since=date(2026, 11, 1), until=date(2026, 11, 3))
    assert [one.number for one in appeals.read_appeals(desk.result("exportAppeal", request))] == ["О-1"]
    assert says(executed) == [["INT022001"]]
    assert says(appeals.Assigned(new(), number, EMPLOYEE)) == [[]]
    assert (there().status, there().answerer) == ("InWork", EMPLOYEE)
    assert says(appeals.Prolonged(new(), number, EMPLOYEE, date(2026, 12, 20), "Запрос в РСО")) == [[]]
    assert there().answer_by == date(2026, 12, 20)
    assert says(appeals.Answer(new(), new(), number, EMPLOYEE, "Пересчитано."), executed) == [[], []]
    assert there().status == "Executed"
    assert says(appeals.Assigned(new(), number, EMPLOYEE)) == [["INT022002"]]
    assert says(appeals.Assigned(new(), uuid4(), EMPLOYEE)) == [["INT002000"]]


def test_what_clients_added_survives_a_restart(signature: tuple[Choice, str], tmp_path: Path) -> None:  # noqa: F811
    choice, authority = signature
    desk = Desk(Stand(tmp_path, seed=seed_of(1, 1, authority, delay_s=0), clock=lambda: AT), choice)
    desk.result(
        "importAdditionalServices", nsi_import.import_additional_services_request([nsi_import.AdditionalElement(new(), "Антенна", "796")])
    )
    desk.stand.close()
    again = Desk(Stand(tmp_path, clock=lambda: AT), choice)
    assert _book(again, 1) == {"1": "Домофон", "2": "Антенна"}
    assert MANAGER_OGRN in {one["ogrn"] for one in again.stand.organisations}

"""Accounts, acknowledgments, houses, books and organisations: requests as they must be, answers as they come."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from adapters import xmlio
from adapters.gis_zhkh.accounts import AccountKind, AccountPlaceGuids, export_account_request, import_account_request, read_accounts
from adapters.gis_zhkh.acknowledgments import Order, import_acknowledgment_request
from adapters.gis_zhkh.houses import read_house
from adapters.gis_zhkh.limits import batches, limit
from adapters.gis_zhkh.nsi import PageOf, read_book
from adapters.gis_zhkh.operations import operation, operations, state_operation
from adapters.gis_zhkh.organisations import read_organisations, read_providers
from adapters.gis_zhkh.replies import read_state
from core.errors import InvariantError
from tests.unit.adapters.gis_zhkh.all_samples import all_replies, all_requests
from tests.unit.adapters.gis_zhkh.federal_samples import accounts, acknowledgments, known_guid
from xsd.tables import tables

GOLDEN = Path(__file__).parents[3] / "golden" / "gis_zhkh" / "rendered"


@pytest.mark.parametrize("name", sorted(all_requests()))
def test_rendered_messages_are_the_reviewed_ones(name: str) -> None:
    """Golden messages; after a wanted change: ``python -m tests.unit.adapters.gis_zhkh.write_golden`` and review the difference."""
    expected = xmlio.parse((GOLDEN / f"{name.replace(' ', '-')}.xml").read_bytes())
    assert xmlio.read(expected) == xmlio.read(all_requests()[name])


def test_account_states_its_kind_place_and_payer() -> None:
    rows = xmlio.read(all_requests()["accounts"])["Account"]
    flags = [next(key for key in row if key.startswith("is") and key.endswith("Account")) for row in rows]
    assert flags == ["isUOAccount", "isRSOAccount", "isRCAccount", "isTKOAccount", "isCRAccount", "isOGVorOMSAccount"]
    assert rows[0]["Accommodation"] == [{"PremisesGUID": str(known_guid("premises")), "SharePercent": "100"}]
    assert rows[0]["PayerInfo"]["Ind"]["SNILS"] == "11223344595"
    assert rows[0]["TotalSquare"] == "54.3"
    assert rows[1]["PayerInfo"] == {}
    assert rows[2]["PayerInfo"]["Org"] == {"orgVersionGUID": str(known_guid("version"))}
    assert rows[3]["Closed"]["CloseDate"] == "2026-10-31"
    assert list(rows[3]["AccountReasons"]) == ["TKOContract"]


def test_account_stands_in_exactly_one_place() -> None:
    account = accounts()[0]
    for place in (AccountPlaceGuids(), AccountPlaceGuids(premises=UUID(int=1), room=UUID(int=2))):
        with pytest.raises(InvariantError, match="ровно одно"):
            import_account_request([dataclasses.replace(account, places=(place,))])


def test_account_requests_keep_to_the_limits() -> None:
    many = [dataclasses.replace(accounts()[0], number=str(number)) for number in range(101)]
    with pytest.raises(InvariantError, match="от 1 до 100"):
        import_account_request(many)
    assert [len(batch) for batch in batches(many, "request_accounts")] == [100, 1]
    with pytest.raises(InvariantError, match="ровно одно"):
        export_account_request()
    with pytest.raises(InvariantError, match="ровно одно"):
        export_account_request(house_fias=UUID(int=1), els=["70АА000560"])
    with pytest.raises(InvariantError, match="от 1 до 1000"):
        export_account_request(els=["70АА000560"] * 1001)


def test_limits_are_those_of_the_schema() -> None:
    """The numbers in notes.json repeat what the tables say, so that code can cut before it renders."""
    raw = tables()._raw["bills"]["elements"]["importPaymentDocumentRequest"]["complex"]["content"]["choice"]
    sequence = raw[0]["sequence"]
    occurs = {item["name"]: item.get("occurs") for item in [*sequence, *raw] if "name" in item}
    assert occurs["PaymentDocument"] == f"1..{limit('request_documents')}"
    assert occurs["WithdrawPaymentDocument"] == f"1..{limit('request_withdrawals')}"
    account = tables()._raw["house-management"]["elements"]["importAccountRequest"]["complex"]["content"]["sequence"][0]
    assert account["occurs"] == f"1..{limit('request_accounts')}"


def test_acknowledgment_counts_kopecks_and_names_the_service() -> None:
    rows = xmlio.read(all_requests()["acknowledgments"])["AcknowledgmentRequestInfo"]
    documents = [row["PaymentDocumentAck"] for row in rows if "PaymentDocumentAck" in row]
    assert [row["Amount"] for row in documents] == ["152487", "20306", "6500", "1736"]
    assert documents[0]["HSType"] == str(known_guid("nsi 50 1"))
    assert documents[3]["PServiceType"] == {"Code": "1", "GUID": str(known_guid("nsi 329 1"))}
    assert "OrderID" in rows[0]
    assert "NotificationsOfOrderExecutionGUID" in rows[1]
    assert rows[2]["OrderIDMultipurpose"] == "417"
    assert rows[4]["AckImpossible"] == {"Reason": "Плательщик не найден"}


def test_acknowledgment_without_a_sum_or_a_payment_is_refused() -> None:
    good = acknowledgments()[0]
    for bad in (
        dataclasses.replace(good, amount=0),
        dataclasses.replace(good, service=None),
        dataclasses.replace(good, payment_document_id=None),
        dataclasses.replace(good, order=Order(order_id="417")),
        dataclasses.replace(good, order=Order(order_id="4" * 33, taken_by=UUID(int=1))),
    ):
        with pytest.raises(InvariantError):
            import_acknowledgment_request([bad])


def test_house_is_read_with_premises_and_rooms() -> None:
    house = read_house(read_state(all_replies()["house"]))
    assert house is not None
    assert (house.fias_guid, house.apartment_house, house.actual) == (known_guid("house"), True, True)
    flat, shop = house.premises
    assert (flat.guid, flat.number, flat.residential, flat.entrance, flat.area) == (known_guid("premises"), "17", True, "1", "54.3")
    assert [(room.guid, room.number) for room in flat.rooms] == [(known_guid("room"), "1")]
    assert (shop.number, shop.residential, shop.actual) == ("Н1", False, False)
    assert read_house(read_state(all_replies()["nothing"])) is None


def test_book_is_read_with_children_and_references() -> None:
    book = read_book(read_state(all_replies()["book"]))
    assert book is not None
    parent, child = book.elements
    assert (book.number, book.page, parent.code, parent.name, parent.actual) == (51, None, "1", "Холодное водоснабжение", True)
    assert parent.ref.guid == known_guid("nsi 51 1")
    assert [(field.kind, field.value) for field in parent.fields] == [
        ("String", "Холодное водоснабжение"),
        ("OkeiRef", "113"),
        ("NsiRef", None),
    ]
    assert parent.fields[2].refs[0][1].guid == known_guid("nsi 2 1")
    assert (child.parent_code, child.actual, child.name) == ("1", False, "")
    assert child.modified_at == datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    assert list(book.actual()) == [parent]
    paged = read_book(read_state(all_replies()["page of a book"]))
    assert paged is not None
    assert paged.page == PageOf(1, 2, 1001)
    assert read_book(read_state(all_replies()["nothing"])) is None


def test_organisations_are_read() -> None:
    (provider,) = read_providers(read_state(all_replies()["providers"]))
    assert (provider.provider_guid, provider.actual, provider.root_guid) == (known_guid("provider"), True, known_guid("root"))
    company, person = read_organisations(read_state(all_replies()["organisations"]))
    assert (company.name, company.ogrn, company.kpp, company.ppa_guid) == ("УК «Пример»", "1027700132195", "770101001", known_guid("ppa"))
    assert (company.role_codes, company.edited_on) == (("1",), date(2026, 1, 1))
    assert (person.name, person.ogrn, person.ppa_guid, person.actual) == ("Примеров Пётр", "304500116000157", None, False)


def test_accounts_are_read() -> None:
    (account,) = read_accounts(read_state(all_replies()["export of accounts"]))
    assert (account.number, account.kind, account.els) == ("100-417", AccountKind.MANAGEMENT, "70АА000560")
    assert account.account_guid == known_guid("account")
    assert account.places == (AccountPlaceGuids(premises=known_guid("premises")),)
    assert account.closed_on is None


def test_operations_follow_the_bindings() -> None:
    found = operation("importPaymentDocumentData")
    assert (found.service, found.action, found.path) == (
        "bills",
        "urn:importPaymentDocumentData",
        "/ext-bus-bills-service/services/BillsAsync",
    )
    assert found.request == "bills:importPaymentDocumentRequest"
    assert found.names_organisation
    assert found.signed
    assert not operation("exportDataProvider").names_organisation
    assert operation("importAccountData").path == "/ext-bus-home-management-service/services/HomeManagementAsync"
    state = state_operation("bills")
    assert (state.action, state.reply, state.signed) == ("urn:getState", "bills:getStateResult", False)
    assert all(one.action == f"urn:{one.name}" for one in operations().values())
    with pytest.raises(KeyError, match="several services"):
        operation("getState")
    with pytest.raises(KeyError, match="unknown"):
        operation("importNothing")

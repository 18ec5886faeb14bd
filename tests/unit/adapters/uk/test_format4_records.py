"""Records of a small archive: bodies, keys, states, and where the money goes."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from core.model import records as r
from core.model.finding import Position
from core.payments.totals import money_of
from tests.unit.adapters.uk.small_archive import ACCOUNT, BIK, INN, OGRN, Outcome, SmallArchive, parse, parse_changed, small_archive
from tests.unit.adapters.uk.test_format4_checks import add, both, put

OCTOBER = date(2026, 10, 1)


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return parse(small_archive().pack())


def only(outcome: Outcome, kind: type, key: str = "1") -> r.Record:
    (record,) = [record for record in outcome.of(kind) if record.key == key]
    return record


def test_parties(outcome: Outcome) -> None:
    assert only(outcome, r.Organisation) == r.Record(
        "1", Position("contragent.csv", 1),
        r.Organisation("ООО «Синтетическая УК»", "", INN, "007701001", OGRN, "", "", "", (1, 36), True), OCTOBER,
    )  # fmt: skip
    account = r.BankAccount("1", ACCOUNT, BIK, "30101810000000000901", 'Банк "Синтез"; филиал', date(2026, 1, 15), None, True)
    assert only(outcome, r.BankAccount).body == account
    assert only(outcome, r.Service, "3").body == r.Service("Холодная вода на СОИ", "", 2, 2, "2", None, 3, None, "113", None, None)


def test_stock(outcome: Outcome) -> None:
    house = only(outcome, r.House).body
    assert isinstance(house, r.House)
    assert (house.address, house.manager, house.total_area_e2) == ("Заречинск, Береговая, д. 1", "1", None)
    assert only(outcome, r.HouseParameter).body == r.HouseParameter("1", 9001, "2")
    premises = only(outcome, r.Premises).body
    assert isinstance(premises, r.Premises) and (premises.area_e2, premises.no_meter) == (6110, False)
    assert only(outcome, r.HouseService, "1/1/2026-01-01").body == r.HouseService("1", "1", "1", date(2026, 1, 1), date(2030, 12, 31))
    assert only(outcome, r.HousePrice).body == r.HousePrice("1", "1", 31_200_000, date(2026, 1, 1), None)
    assert only(outcome, r.CapitalRepairDecision).body == r.CapitalRepairDecision("1", date(2026, 1, 1), 2, 1_500_000, None)


def test_people_and_meters(outcome: Outcome) -> None:
    account = only(outcome, r.Account)
    assert account.valid_from == OCTOBER and isinstance(account.body, r.Account)
    assert (account.body.payer_name, account.body.area_e2, account.body.residents_stated) == ("Тестов Синтет", 6110, 2)
    second = only(outcome, r.Account, "2").body
    assert isinstance(second, r.Account) and second.payer_name == "ООО «Синтетическая УК»"
    assert only(outcome, r.AccountPlace, "1/premises/1").body == r.AccountPlace("1", "1", None, None, 10000)
    assert only(outcome, r.Residence).body == r.Residence("1", "1", 1, date(2018, 5, 19), date(2030, 12, 31))
    assert only(outcome, r.Absence).body == r.Absence("1", "1", date(2026, 10, 3), date(2026, 10, 24), "")
    reading = only(outcome, r.Reading, "6")
    assert (reading.body, reading.valid_from) == (r.Reading("1", date(2026, 10, 24), 150_000, 1, 1), None)
    starts, ends = datetime.fromisoformat("2026-10-08T06:00"), datetime.fromisoformat("2026-10-09T02:00")
    assert only(outcome, r.Interruption).body == r.Interruption("1", "2", starts, ends, 800, "А-17 от 09.10.2026")


def test_money(outcome: Outcome) -> None:
    assert only(outcome, r.StatedBill, "2").body == r.StatedBill(OCTOBER, "", date(2026, 10, 4), "1", "1", 41870, None, None, 300, None)
    line = r.StatedLine("1", "1", 31_200_000, 190632, 190632, 1000, 1000, "", 61_100_000, None, None)
    assert only(outcome, r.StatedLine).body == line
    assert only(outcome, r.OpeningDebt, "2").body == r.OpeningDebt("2", "1", "1", date(2026, 8, 1), 632)
    assert only(outcome, r.OpeningPenalty).body == r.OpeningPenalty("2", 1, date(2026, 8, 1), "1", 100, 250, 50, 300)
    assert only(outcome, r.Balance).body == r.Balance("1", "1", "1", OCTOBER, 100632, 10000, -500, 100, 200, 300, 732, 109000)
    assert only(outcome, r.PaymentPack).body == r.PaymentPack(date(2026, 10, 7), "1", 250000, 2)
    assert only(outcome, r.Payment).body == r.Payment(
        "1", 1, "4126100700000010", date(2026, 10, 6), None, 200000, "Банк", date(2026, 9, 1), "1", "1", "1", True
    )
    assert money_of(outcome.records, outcome.parsed.suspended).as_dict() == {
        "payments": "2500.00", "count": 2, "to_suspense": "0.00", "to_suspense_count": 0, "posted": "2500.00", "posted_count": 2,
    }  # fmt: skip


def test_rows_without_a_record_of_their_own_are_kept(outcome: Outcome) -> None:
    keys = {record.key for record in outcome.of(r.SectionRow)}
    assert {"bank/2", "duou/1", "kvisol/1", "crfundsize/1", "files/1", "tarif/2", "tarifusluga/4", "contragentrole/2"} <= keys
    kept = only(outcome, r.SectionRow, "bank/2").body
    assert kept == r.SectionRow("bank", ("2", BIK, "30101810000000000901"))


def test_payers_supply_and_reliefs() -> None:
    def give(archive: SmallArchive) -> None:
        archive.rows |= {
            "drso": [{"id": "1", "organisation": "1", "number": "ДР-1"}],
            "drsoaddress": [{"id": "1", "contract": "1", "house": "1", "flat": "12"}],
            "drsouslugares": [{"id": "7", "address": "1", "utility_kind": "4", "resource_kind": "3", "starts_on": "01.01.2026"}],
            "kvarels": [{"account": "1", "els": "60АА000001", "service_identifier": "60АА000001-01"}],
            "relief": [
                {"id": "1", "account": "1", "person": "1", "kind": "1", "service": "2", "share": "33.33", "starts_on": "01.01.2026"},
                {"id": "2", "account": "1", "kind": "3", "starts_on": "01.01.2026", "monthly_sum": "1250.00"},
            ],
        }

    outcome = parse_changed(give)
    assert outcome.findings == []
    assert only(outcome, r.SupplyAddress).body == r.SupplyAddress("1", "1", "12", "")
    assert only(outcome, r.SupplyService, "7").body == r.SupplyService("1", 4, 3, date(2026, 1, 1), None)
    payer = only(outcome, r.UnifiedAccount)
    assert (payer.body, payer.valid_from) == (r.UnifiedAccount("1", "60АА000001", "60АА000001-01"), OCTOBER)
    assert only(outcome, r.Relief).body == r.Relief("1", "1", 1, "2", 3333, None, date(2026, 1, 1), None, None)
    assert only(outcome, r.Relief, "2").body == r.Relief("1", None, 3, None, None, None, date(2026, 1, 1), None, 125000)
    assert {record.state for record in outcome.records} == {"accepted"}


def test_a_relief_that_lowers_more_than_the_fee_or_ends_before_it_begins_is_refused() -> None:
    relief = {"id": "1", "account": "1", "kind": "1", "service": "2", "share": "50.00", "starts_on": "01.10.2026"}
    cash = {"id": "4", "account": "1", "kind": "3", "starts_on": "01.01.2026", "monthly_sum": "1250.00"}

    def give(archive: SmallArchive) -> None:
        archive.rows["relief"] = [
            {**relief, "share": "150.00"}, {**relief, "id": "2", "share": "0"}, {**relief, "id": "3", "ends_on": "30.09.2026"}, cash,
        ]  # fmt: skip

    assert parse_changed(give).places == [
        ("relief.csv", 1, 6, "F4-036", "reject_row"),
        ("relief.csv", 2, 6, "F4-036", "reject_row"),
        ("relief.csv", 3, 9, "F4-035", "reject_row"),
    ]


def test_a_service_of_a_contract_sent_earlier_needs_no_repeat_of_its_address() -> None:
    def give(archive: SmallArchive) -> None:
        archive.rows["drsouslugares"] = [{"id": "7", "address": "5", "utility_kind": "4", "resource_kind": "3"}]

    assert parse_changed(give).places == [("drsouslugares.csv", 1, 2, "F4-041", "reject_row")]
    outcome = parse_changed(give, {"supply_address": frozenset({"5"})})
    assert (outcome.findings, only(outcome, r.SupplyService, "7").state) == ([], "accepted")


def test_keys_are_unique_within_their_kind(outcome: Outcome) -> None:
    keys = [(type(record.body), record.key) for record in outcome.records]
    assert len(keys) == len(set(keys))


def state(outcome: Outcome, kind: type, key: str = "1") -> str:
    return only(outcome, kind, key).state


def test_an_unverified_receiver_is_flagged() -> None:
    outcome = parse_changed(both(put("contragent", ogrn="1260077000073"), put("contragentrschet", number="40821810700013101002")))
    for kind in (r.Organisation, r.BankAccount):
        record = only(outcome, kind)
        assert record.state == "flagged" and record.body.verified is False  # type: ignore[union-attr]
    assert state(outcome, r.Organisation, "2") == "accepted"


def test_an_account_whose_bank_is_not_here_is_not_verified() -> None:
    outcome = parse_changed(put("contragentrschet", bank="9"), {"section_row": frozenset({"bank/9"})})
    assert only(outcome, r.BankAccount).body.verified is False  # type: ignore[union-attr]


def test_corrected_values() -> None:
    outcome = parse_changed(both(put("house", fias_house="B459071A-FB8A-4F9E-BF72-C46DCA8FBE35"), put("crfundsize", debt="0,5")))
    house = only(outcome, r.House)
    assert house.state == "accepted" and house.body.fias == "b459071a-fb8a-4f9e-bf72-c46dca8fbe35"  # type: ignore[union-attr]
    assert only(outcome, r.SectionRow, "crfundsize/1").body.cells[-1] == "0.5"  # type: ignore[union-attr]


def test_held_documents_hold_their_lines_and_still_identify_payments() -> None:
    outcome = parse_changed(put("epd", services_total="1.00"))
    assert state(outcome, r.StatedBill) == state(outcome, r.StatedLine) == state(outcome, r.StatedContribution) == "held"
    assert state(outcome, r.StatedLine, "2") == state(outcome, r.OpeningDebt) == "accepted"
    assert state(outcome, r.Payment) == "accepted" and only(outcome, r.Payment).body.bill == "1"  # type: ignore[union-attr]


def test_held_balances_and_readings() -> None:
    outcome = parse_changed(both(put("saldo", closing="0"), put("puval", 6, value="1.000")))
    assert [state(outcome, kind, key) for kind, key in ((r.Balance, "1"), (r.Balance, "2"), (r.Reading, "6"), (r.Reading, "5"))] == [
        "held", "accepted", "held", "accepted",
    ]  # fmt: skip


def test_a_held_pack_sends_its_payments_to_suspense_with_their_accounts() -> None:
    outcome = parse_changed(put("oplatapack", count="3"))
    assert outcome.parsed.suspended == {"1": "F4-074", "2": "F4-074"}
    assert state(outcome, r.PaymentPack) == state(outcome, r.Payment) == "held"
    assert only(outcome, r.Payment, "2").body.account == "2"  # type: ignore[union-attr]


def test_money_never_disappears() -> None:
    change = both(
        put("oplata", amount="1,5x"), put("house", house_kind=""), add("oplata", 2, operation="2", amount="40.00", order_id="z"),
        put("oplatapack", amount="", count="3"),
    )  # fmt: skip
    outcome = parse_changed(change)
    payments = outcome.of(r.Payment)
    assert len(payments) == 3 and len({record.key for record in payments}) == 3
    assert (
        set(outcome.parsed.suspended) == {record.key for record in payments if record.state == "held"}
        and len(outcome.parsed.suspended) == 3
    )
    totals = money_of(outcome.records, outcome.parsed.suspended)
    assert (totals.payments, totals.count, totals.to_suspense, totals.posted) == (46000, 3, 46000, 0)


def test_a_payment_that_shares_a_key_gets_one_from_the_message() -> None:
    archive = small_archive()
    archive.add("oplata", order_id="z")
    first, second = (parse(archive.pack()) for _ in range(2))
    keys = [record.key for record in first.of(r.Payment)]
    assert keys[:2] == ["1", "2"] and keys[2].endswith(":3") and keys == [record.key for record in second.of(r.Payment)]


def test_a_missing_document_leaves_a_payment_without_its_month() -> None:
    outcome = parse_changed(put("oplata", document="77"))
    assert only(outcome, r.Payment).body.bill is None and not outcome.findings  # type: ignore[union-attr]


def test_a_price_of_a_contract_is_a_price_of_each_of_its_houses() -> None:
    outcome = parse_changed(put("ducharge", managed_house=""))
    assert only(outcome, r.HousePrice, "1/1").body.house == "1"  # type: ignore[union-attr]


def test_quarantined_rows_are_given_as_such() -> None:
    outcome = parse_changed(put("kvar", opened_on=""))
    assert not [record for record in outcome.of(r.Account) if record.key == "1"]
    assert state(outcome, r.Meter) == state(outcome, r.StatedBill) == state(outcome, r.Residence) == "quarantined"
    assert state(outcome, r.Account, "2") == "accepted"


def test_sections_known_by_width_only_are_kept() -> None:
    archive = small_archive()
    archive.raw["npa.csv"] = ("1. A\r\n" + ";".join(["5", *["x"] * 16]) + "\r\n").encode("cp1251")
    archive.listed["npa.csv"] = ("1", "")
    archive.row("kapremdecisions")["act"] = "5"
    outcome = parse(archive.pack())
    assert [place[3] for place in outcome.places] == ["F4-022"]  # the header
    assert only(outcome, r.SectionRow, "npa/5").body.section == "npa"  # type: ignore[union-attr]

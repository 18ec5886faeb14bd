"""Every code of the exchange, on a small archive changed in one place: exactly the finding due, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.adapters.uk.small_archive import SmallArchive, parse_changed

Place = tuple[str, int | None, int | None, str, str]
Change = Callable[[SmallArchive], object]


def put(section: str, number: int = 1, /, **cells: str) -> Change:
    """Change cells of one row."""
    return lambda archive: archive.row(section, number).update(cells)


def info(**cells: str) -> Change:
    return lambda archive: archive.info.update(cells)


def both(*changes: Change) -> Change:
    return lambda archive: [change(archive) for change in changes]


def add(section: str, like: int = 1, /, **cells: str) -> Change:
    return lambda archive: archive.add(section, like, **cells)


PLACE = {"tariff": "1", "oktmo": "02701000001"}

CASES: dict[str, tuple[Change, list[Place]]] = {
    "sender's ОГРН": (info(ogrn="1027700132195"), [("_info.csv", 1, 4, "F4-001", "reject_archive")]),
    "sender's КПП": (info(kpp="007701002"), [("_info.csv", 1, 2, "F4-002", "reject_archive")]),
    "data bank": (info(data_bank_key="OTHER"), [("_info.csv", 1, 6, "F4-003", "reject_archive")]),
    "second data bank": (info(data_bank_key="BASE-2"), []),
    "foreign version": (info(version="5.0.1.1"), [("_info.csv", 1, 1, "F4-011", "reject_archive")]),
    "newer minor version": (info(version="4.0.7.1"), []),
    "month 13": (info(month="13"), [("_info.csv", 1, 8, "F4-017", "reject_archive")]),
    "no phone": (info(contact_phone=""), [("_info.csv", 1, 11, "F4-017", "reject_archive")]),
    "no data bank key": (info(data_bank_key=""), []),
    "decimal comma": (put("premises", area="61,10"), [("premises.csv", 1, 9, "F4-033", "accept_normalised")]),
    "comma in a payment": (put("oplata", amount="2000,00"), [("oplata.csv", 1, 8, "F4-033", "accept_normalised")]),
    "absence reversed": (put("gilout", back_on="02.10.2026"), [("gilout.csv", 1, 5, "F4-035", "reject_row")]),
    "interruption reversed": (put("nedo", ends_at="01.10.2026 00:00:00"), [("nedo.csv", 1, 5, "F4-035", "reject_row")]),
    "service reversed": (put("duouusluga", ends_on="31.12.2019"), [("duouusluga.csv", 1, 4, "F4-035", "reject_row")]),
    "share above 100": (put("kvaraccom", share="100.01"), [("kvaraccom.csv", 1, 5, "F4-036", "reject_row")]),
    "share zero": (put("kvaraccom", share="0"), [("kvaraccom.csv", 1, 5, "F4-036", "reject_row")]),
    "verification reversed": (put("pu", next_verification_on="14.02.2022"), [("pu.csv", 1, 13, "F4-037", "accept_flagged")]),
    "house not in the archive": (
        put("nedo", house="9"),
        [("nedo.csv", 1, 2, "F4-041", "reject_row")],
    ),
    "base service not there": (put("dictusluga", 3, base_code="7"), [("dictusluga.csv", 3, 6, "F4-041", "reject_row")]),
    "key used twice": (add("nedo"), [("nedo.csv", 2, 1, "F4-042", "reject_row")]),
    "key written otherwise": (add("nedo", id="01"), [("nedo.csv", 2, 1, "F4-042", "reject_row")]),
    "account number used twice": (
        both(add("kvar", 2, id="3"), put("house", account_count="3")),
        [("kvar.csv", 3, 2, "F4-043", "reject_row")],
    ),
    "same number of another principal": (both(add("kvar", 2, id="3", principal="2"), put("house", account_count="3")), []),
    "balance twice": (add("saldo", id="3"), [("saldo.csv", 3, None, "F4-044", "reject_row")]),
    "ИНН": (put("contragent", inn="0077000117"), [("contragent.csv", 1, 17, "F4-052", "accept_flagged")]),
    "ОГРН": (put("contragent", ogrn="126007700007"), [("contragent.csv", 1, 16, "F4-053", "accept_flagged")]),
    "account × БИК": (
        put("contragentrschet", number="40821810700013101002"),
        [("contragentrschet.csv", 1, 2, "F4-054", "accept_flagged")],
    ),
    "СНИЛС": (put("ind", snils="000-000-001 02"), [("ind.csv", 1, 8, "F4-055", "accept_flagged")]),
    "ФИАС in capitals": (
        put("house", fias_house="B459071A-fb8a-4f9e-bf72-c46dca8fbe35"),
        [("house.csv", 1, 9, "F4-056", "accept_normalised")],
    ),
    "reading below": (put("puval", 4, value="119.000"), [("puval.csv", 4, 4, "F4-061", "hold_reading")]),
    "reading implausible": (put("puval", 6, value="175.000"), [("puval.csv", 6, 4, "F4-062", "hold_reading")]),
    "much, but below the limit": (put("puval", 6, value="159.999"), []),
    "far above the mean, at 20 m³": (put("puval", 6, value="160.000"), []),
    "reading of November": (put("puval", 6, taken_on="01.11.2026"), [("puval.csv", 6, 3, "F4-063", "reject_row")]),
    "document total": (put("epd", 2, services_total="418.71"), [("epd.csv", 2, 13, "F4-071", "hold_document")]),
    "document penalties": (put("epd", 2, penalties_total="3.01"), [("epd.csv", 2, 20, "F4-071", "hold_document")]),
    "document without a total": (put("epd", 2, services_total=""), []),
    "balance does not roll": (put("saldo", closing="1090.01"), [("saldo.csv", 1, 13, "F4-072", "hold_row")]),
    "pack sum": (put("oplatapack", amount="2500.01"), [("oplatapack.csv", 1, 4, "F4-073", "hold_pack")]),
    "pack count": (put("oplatapack", count="3"), [("oplatapack.csv", 1, 5, "F4-074", "hold_pack")]),
    "refund in a pack": (
        both(
            add("oplata", 2, id="3", order_id="4126100700000012", operation="2", amount="100"),
            put("oplatapack", amount="2400.00", count="3"),
        ),
        [],
    ),
    "document of August": (put("epd", period="01.08.2026"), [("epd.csv", 1, 3, "F4-075", "hold_document")]),
    "document of the next month": (put("epd", period="01.11.2026"), [("epd.csv", 1, 3, "F4-075", "hold_document")]),
    "document of the year 1": (put("epd", period="01.01.0001"), [("epd.csv", 1, 3, "F4-075", "hold_document")]),
    "fund": (put("crfundsize", closing="1300.51"), [("crfundsize.csv", 1, 6, "F4-076", "accept_flagged")]),
    "opening is not the debts": (
        both(put("saldo", opening="1006.33", closing="1090.01")),
        [("saldo.csv", 1, 6, "F4-077", "hold_row")],
    ),
    "accounts of the house": (put("house", account_count="3"), [("house.csv", 1, 27, "F4-078", "accept_flagged")]),
    "УИП twice": (put("oplata", 2, order_id="4126100700000010"), [("oplata.csv", 2, 4, "F4-081", "to_suspense")]),
    "payment without account": (put("oplata", 2, account="77"), [("oplata.csv", 2, 2, "F4-082", "to_suspense")]),
    "payment of nothing": (
        both(put("oplata", 2, amount="0"), put("oplatapack", amount="2000")),
        [("oplata.csv", 2, 8, "F4-083", "to_suspense")],
    ),
    "matched above the payment": (
        both(put("kvisol", amount_kopecks="200001"), put("kvisolservice", amount_kopecks="150001")),
        [
            ("kvisol.csv", 1, None, "F4-045", "quarantine"),
            ("kvisol.csv", 1, 6, "F4-084", "reject_row"),
        ],
    ),
    "matched is not its services": (
        put("kvisolservice", amount_kopecks="149999"),
        [
            ("kvisol.csv", 1, None, "F4-045", "quarantine"),
            ("kvisol.csv", 1, 6, "F4-085", "reject_row"),
        ],
    ),
    "tariff": (put("tarifusluga", value="41.88"), [("tarifusluga.csv", 1, 3, "F4-091", "use_approved")]),
    "tariff not approved": (put("tarif", starts_on="01.09.2026"), [("tarifusluga.csv", 1, 3, "F4-091", "use_approved")]),
    "tariff of another town": (
        both(add("tarifusluga"), put("tarifusluga", 5, value="39.00"), lambda archive: archive.rows.update(tarifoktmo=[PLACE])),
        [("tarifusluga.csv", 5, 3, "F4-091", "use_approved")],
    ),
    "zones swapped": (
        both(put("tarifusluga", 3, value="3.36"), put("tarifusluga", 4, value="5.77")),
        [("tarifusluga.csv", 3, 3, "F4-091", "use_approved"), ("tarifusluga.csv", 4, 3, "F4-091", "use_approved")],
    ),
    "tariff without its service": (put("tarifusluga", utility_kind=""), [("tarifusluga.csv", 1, 2, "F4-031", "reject_row")]),
    "line total": (
        both(put("epdcharge", 2, total="418.71"), put("epd", 2, services_total="418.71")),
        [("epdcharge.csv", 2, 5, "F4-092", "hold_document")],
    ),
    "document of a payment is missing": (put("oplata", document="77"), []),
    "pack of a payment is missing": (
        both(put("oplata", pack="77"), put("oplatapack", amount="500", count="1")),
        [("oplata.csv", 1, 11, "F4-041", "to_suspense")],
    ),
    "unreadable amount": (put("oplata", amount="2 000.00"), [("oplata.csv", 1, 8, "F4-032", "to_suspense")]),
    "payment row twice": (
        both(add("oplata", order_id="4126100700000012"), put("oplatapack", amount="4500", count="3")),
        [("oplata.csv", 3, 1, "F4-042", "to_suspense")],
    ),
    "small and capital letters in a name": (put("contragent", full_name='ООО "А;Б"\nи Ко'), []),
}


@pytest.mark.parametrize("name", CASES)
def test_code(name: str) -> None:
    change, expected = CASES[name]
    outcome = parse_changed(change)
    # a change of the archive's month or sender moves nothing else: a rejected archive is not looked at for sums
    assert outcome.places == expected
    effects = {effect for *_, effect in expected}
    if "reject_archive" in effects:
        assert outcome.parsed.status == "rejected" and not outcome.records
    elif any(found.severity == "error" for found in outcome.findings):
        assert outcome.parsed.status == "accepted_with_errors"
    else:
        assert outcome.parsed.status == "accepted"
    for found in outcome.findings:
        assert found.message and found.hint and "{" not in found.message


def test_rows_wait_through_all_levels_for_a_refused_one() -> None:
    outcome = parse_changed(put("house", fias_house="не код"))
    waiting, refused = outcome.findings[:2]
    assert (refused.code, refused.value) == ("F4-051", "не код")
    assert waiting.code == "F4-045" and waiting.field is None
    assert waiting.dependents["puval"] == 6 and waiting.dependents["kvisolservice"] == 2 and waiting.dependents["epddebt"] == 2
    assert "oplata" not in waiting.dependents and "contragent" not in waiting.dependents
    assert [found.code for found in outcome.findings[2:]] == ["F4-082", "F4-082"]


def test_a_row_counts_under_every_refused_row_it_waits_for() -> None:
    outcome = parse_changed(both(put("ind", surname=""), put("kvar", opened_on="")))
    waiting = {found.position.file: dict(found.dependents) for found in outcome.findings if found.code == "F4-045"}
    assert waiting["ind.csv"]["gil"] == 1 and waiting["kvar.csv"]["gil"] == 1
    assert waiting["kvar.csv"]["puval"] == 6 and waiting["ind.csv"]["puval"] == 6
    assert "kvar" not in waiting["ind.csv"], "a refused row is not one that waits"


def test_a_parent_inside_the_section_is_waited_for() -> None:
    outcome = parse_changed(both(put("contragent", 2, parent="1"), put("contragent", 1, full_name="")))
    waiting = next(found for found in outcome.findings if found.code == "F4-045")
    assert (waiting.position.file, waiting.position.row) == ("contragent.csv", 1)
    assert waiting.dependents["contragent"] == 1 and waiting.dependents["contragentrschet"] == 1


def test_rows_refer_to_the_first_of_a_repeated_key() -> None:
    outcome = parse_changed(both(add("kvar", number="5"), put("house", account_count="3")))
    assert outcome.places == [("kvar.csv", 3, 1, "F4-042", "reject_row")]
    assert not outcome.parsed.suspended


def test_a_repeated_account_has_no_waiting_rows_and_its_money_goes_to_suspense() -> None:
    change = both(add("kvar", 2, id="3"), put("house", account_count="3"), put("oplata", 2, account="3"), add("gil", id="2", account="3"))
    outcome = parse_changed(change)
    assert outcome.places == [("kvar.csv", 3, 2, "F4-043", "reject_row"), ("oplata.csv", 2, 2, "F4-082", "to_suspense")]
    assert {record.key: record.state for record in outcome.records if record.position.file == "gil.csv"} == {
        "1": "accepted",
        "2": "quarantined",
    }


def test_what_was_loaded_before_may_be_referred_to() -> None:
    change = both(put("nedo", house="9"), put("gil", person="9"), put("duouusluga", managed_house="9"), put("oplata", 2, account="9"))
    known = {
        "house": frozenset({"9"}), "person": frozenset({"9"}), "section_row": frozenset({"duou/9"}), "account": frozenset({"9"}),
    }  # fmt: skip
    assert parse_changed(change, known).places == []
    assert len(parse_changed(change).places) == 4 + 1  # and the absence waits for its residence


def test_an_uip_of_an_earlier_archive_is_a_repeat_unless_the_payment_is_the_same() -> None:
    uip = "4126100700000011"
    again = {"payment_uip": frozenset({uip}), "payment": frozenset({"2"})}
    assert parse_changed(lambda archive: None, again).places == []
    other = {"payment_uip": frozenset({uip}), "payment": frozenset({"900"})}
    assert parse_changed(lambda archive: None, other).places == [("oplata.csv", 2, 4, "F4-081", "to_suspense")]


def test_a_turned_counter_is_no_finding() -> None:
    values = ["99960.000", "99970.000", "99980.000", "99990.000", "0.000", "10.000"]

    def turn(archive: SmallArchive) -> None:
        for number, value in enumerate(values, 1):
            archive.row("puval", number)["value"] = value

    assert parse_changed(turn).places == []
    too_much = parse_changed(both(turn, put("puval", 5, value="40.000"), put("puval", 6, value="50.000")))
    assert too_much.places == [("puval.csv", 5, 4, "F4-061", "hold_reading"), ("puval.csv", 6, 4, "F4-061", "hold_reading")]


def test_a_house_meter_is_not_judged() -> None:
    assert parse_changed(both(put("pu", kind="1", account=""), put("puval", 4, value="1"))).places == []


def test_a_rejected_archive_is_read_to_the_end_but_nothing_that_needs_loading_is_checked() -> None:
    change = both(
        info(contact_phone=""), put("nedo", house="9"), put("saldo", closing="0"), put("puval", 6, taken_on="01.12.2026"),
        put("gil", last="01.01.2000"), put("oplata", amount="x"), put("tarifusluga", value="1"),
    )  # fmt: skip
    assert [code for *_, code, _ in parse_changed(change).places] == ["F4-017", "F4-035", "F4-032"]


def test_a_payment_of_a_wrong_width_is_kept_with_its_money_unknown() -> None:
    def cut_row(archive: SmallArchive) -> None:
        archive.row("oplatapack").update(amount="500", count="1")
        lines = archive.files()["oplata.csv"].decode("cp1251").split("\r\n")
        lines[1] = "1;1;1"
        archive.raw["oplata.csv"] = "\r\n".join(lines).encode("cp1251")

    outcome = parse_changed(cut_row)
    assert ("oplata.csv", 1, None, "F4-022", "to_suspense") in outcome.places
    assert outcome.parsed.suspended == {"1": "F4-022"}

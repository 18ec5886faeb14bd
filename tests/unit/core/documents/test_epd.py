"""Content of a bill: signs of the form, recipients, balances, and what the checks refuse."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.documents.check import check
from core.documents.epd import build, content_sha256, from_json, premises_address, to_json
from core.documents.source import Destination, Share
from core.errors import InputError
from core.ids import EntityId
from core.model.bill import BillContent
from core.model.bill_json import canonical
from tests.unit.core.documents import samples
from tests.unit.core.documents.samples import FUND, POWER, SAMPLES, UK, WATER


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_passes_its_checks_and_survives_json(name: str) -> None:
    content = samples.content(SAMPLES[name])
    assert check(content) == []
    assert from_json(to_json(content)) == content


def test_usual_flat_has_the_sections_in_order_and_pays_the_month_only() -> None:
    content = samples.content()
    assert [line.section for line in content.lines] == ["housing"] + ["common_property"] * 3 + ["utility"] * 5 + ["capital_repair"]
    assert content.charged == content.due == sum(line.total for line in content.lines)
    assert [(row.creditor_id, row.contribution) for row in content.recipients] == [
        (UK, False),
        (WATER, False),
        (POWER, False),
        (FUND, True),
    ]
    assert content.debt == content.paid
    assert premises_address(content) == "г. Заречинск, ул. Береговая, д. 1, кв. 14"


def test_common_property_volume_stands_in_its_own_column_with_the_volumes_of_the_house() -> None:
    line = next(line for line in samples.content().lines if line.service_key == "7")
    assert (line.individual_volume_e6, line.common_volume_e6) == (None, 364_767)
    assert (line.house_individual_e6, line.house_common_e6) == (412_310_000, 15_076_000)


def test_signs_of_the_form() -> None:
    lines = {line.service_key: line for line in samples.content(samples.debtor).lines}
    assert (lines["2"].factor_e2, lines["2"].surcharge, lines["2"].recalculation) == (300, 105_512, -8_509)
    assert lines["5"].factor_e2 == 150
    assert lines["5"].benefit == 21_350 and lines["5"].total == 153_456 + 76_728 - 21_350
    assert lines["6"].recalculation == -10_536, "under-delivery is in column 11 as a minus"


def test_reasons_of_recalculations_add_up_to_column_11() -> None:
    content = samples.content(samples.debtor)
    assert next((row.amount, row.reason) for row in content.recalculations) == (-8_509, "Временное отсутствие (акт от 20.10.2026)")
    assert sum(row.amount for row in content.recalculations) == sum(line.recalculation for line in content.lines)


def test_an_advance_with_one_recipient_does_not_pay_another() -> None:
    content = samples.content(samples.overpaid)
    due = {row.creditor_id: row.due for row in content.recipients}
    assert due == {UK: 0, WATER: 0, POWER: 0, FUND: 88_595 - 40_000}
    assert content.due == 48_595


def test_contribution_of_the_same_creditor_goes_to_its_own_account() -> None:
    source = samples.usual_flat()
    lines = tuple(replace(line, creditor_id=UK) if line.service_id == 10 else line for line in source.lines)
    special = samples.payee("ООО «УК Береговая» (синтетическая)", "0077000483", "40705810", "00143101002")
    items = tuple(replace(item, creditor_id=UK) if item.service_id == 10 else item for item in source.open_items)
    shares = tuple(replace(share, creditor_id=UK) if share.service_id == 10 else share for share in source.payments)
    payees = {**source.payees, Destination(UK, True): special}
    content = build(replace(source, lines=lines, open_items=items, payments=shares, payees=payees))
    accounts = {(row.bank_account[:5], row.due) for row in content.recipients if row.creditor_id == UK}
    assert accounts == {("40821", 203_645), ("40705", 88_595)}
    assert check(content) == []


def test_an_undivided_advance_is_split_by_the_lines_and_stays_whole() -> None:
    nobody = EntityId(0)
    content = build(replace(samples.usual_flat(), open_items=(), payments=(), advances=(Share(nobody, nobody, 100_001),)))
    assert content.advance == 100_001
    assert all(row.advance > 0 for row in content.recipients)
    assert check(content) == []


def test_a_creditor_without_an_account_is_named() -> None:
    source = samples.usual_flat()
    with pytest.raises(InputError, match="EPD-0202"):
        build(replace(source, payees={key: value for key, value in source.payees.items() if key.creditor_id != WATER}))


def test_a_service_without_a_description_is_named() -> None:
    with pytest.raises(InputError, match="EPD-0201"):
        build(replace(samples.usual_flat(), services={}))


def _spoiled(content: BillContent) -> dict[str, BillContent]:
    line, recipient = content.lines[0], content.recipients[0]

    def lines(**change: int | None) -> BillContent:
        return replace(content, lines=(replace(line, **change), *content.lines[1:]))

    def recipients(**change: int | str) -> BillContent:
        return replace(content, recipients=(replace(recipient, **change), *content.recipients[1:]))

    return {
        "EPD-1001": lines(total=line.total + 1),
        "EPD-1002": lines(benefit=-1),
        "EPD-1003": lines(surcharge=5, factor_e2=None),
        "EPD-1004": lines(recalculation=-7),
        "EPD-1005": replace(content, recipients=(*content.recipients, recipient)),
        "EPD-1006": recipients(charged=recipient.charged - 1),
        "EPD-1007": recipients(due=recipient.due + 1),
        "EPD-1008": recipients(debt=-1),
        "EPD-1009": replace(content, charged=content.charged + 1),
        "EPD-1010": replace(content, due_on=content.month.last),
        "EPD-1011": replace(content, issued_on=content.month.previous().last),
        "EPD-1012": replace(content, version=2),
        "EPD-1013": recipients(name=" "),
        "EPD-1014": recipients(bank_account="40821810300033101002"),
    }


@pytest.mark.parametrize("code", _spoiled(samples.content()))
def test_each_broken_identity_is_found(code: str) -> None:
    findings = check(_spoiled(samples.content())[code])
    assert code in {finding.code for finding in findings}
    assert all(finding.message and finding.hint for finding in findings)


def test_a_recipient_that_is_left_out_is_found() -> None:
    content = samples.content()
    codes = {finding.code for finding in check(replace(content, recipients=content.recipients[1:]))}
    assert {"EPD-1006", "EPD-1009"} <= codes


def test_json_is_canonical_and_a_field_with_its_default_leaves_no_trace() -> None:
    content = samples.content()
    data = to_json(content)
    assert data == to_json(from_json(data)) and b": " not in data
    assert b'"residential"' not in data and b'"residential":false' in to_json(replace(content, residential=False))
    assert content_sha256(content) != content_sha256(replace(content, due=content.due + 1))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"extra": 1}, "extra"),
        ({"due": "1"}, "due"),
        ({"due": True}, "due"),
        ({"month": "2026-13"}, "not a month"),
        ({"lines": 1}, "lines"),
        ({"recipients": [{}]}, "BillRecipient"),
    ],
)
def test_foreign_json_is_refused_by_field(change: dict[str, object], field: str) -> None:

    with pytest.raises(ValueError, match=field):
        from_json(canonical({**json.loads(to_json(samples.content())), **change}))

"""People, accounts, meters, documents and money: rows of «Формат 4.0» as record bodies, one small function a section."""

from __future__ import annotations

from adapters.format4.cells import Row
from adapters.uk.joined import Joined
from core.model import records as r

__all__ = [
    "absence",
    "account",
    "account_place",
    "balance",
    "bill",
    "contribution",
    "debt",
    "interruption",
    "line",
    "meter",
    "meter_account",
    "pack",
    "payment",
    "penalty",
    "person",
    "reading",
    "relief",
    "residence",
    "unified_account",
]

_REFUND = 2


def person(row: Row, joined: Joined) -> r.Person:
    return r.Person(row.text("surname"), row.text("name"), row.text("patronymic"), row.day("born_on"), row.text("snils"))


def account(row: Row, joined: Joined) -> r.Account:
    names = (row.text(code) for code in ("surname", "name", "patronymic"))
    return r.Account(
        number=row.text("number"),
        house=row.given_key("house"),
        kind=row.given_number("kind"),
        opened_on=row.given_day("opened_on"),
        closed_on=row.day("closed_on"),
        residents_stated=row.number_of("residents"),
        area_e2=row.given_number("total_area"),
        living_area_e2=row.number_of("living_area"),
        heated_area_e2=row.number_of("heated_area"),
        gas_stove=row.yes("gas_stove"),
        gas_heater=row.yes("gas_heater"),
        payer_person=row.key("payer_person"),
        payer_organisation=row.key("payer_organisation"),
        payer_name=" ".join(filter(None, names)) or joined.names.get(row.key("payer_organisation") or "", ""),
        principal=row.key("principal"),
        rooms=row.number_of("rooms"),
        open_heating_draw=row.yes("open_heating_draw"),
    )


def account_place(row: Row, joined: Joined) -> r.AccountPlace:
    return r.AccountPlace(row.given_key("account"), row.key("premises"), row.key("house"), row.key("room"), row.number_of("share"))


def unified_account(row: Row, joined: Joined) -> r.UnifiedAccount:
    return r.UnifiedAccount(row.given_key("account"), row.text("els"), row.text("service_identifier"))


def residence(row: Row, joined: Joined) -> r.Residence:
    return r.Residence(row.given_key("account"), row.given_key("person"), row.given_number("kind"), row.given_day("first"), row.day("last"))


def absence(row: Row, joined: Joined) -> r.Absence:
    return r.Absence(
        row.given_key("account"),
        row.given_key("residence"),
        row.given_day("left_on"),
        row.given_day("back_on"),
        row.text("document"),
    )


def relief(row: Row, joined: Joined) -> r.Relief:
    return r.Relief(
        account=row.given_key("account"),
        person=row.key("person"),
        kind=row.given_number("kind"),
        service=row.key("service"),
        share_e4=row.number_of("share"),
        entitled=row.number_of("persons"),
        starts_on=row.given_day("starts_on"),
        ends_on=row.day("ends_on"),
        amount=row.number_of("monthly_sum"),
    )


def meter(row: Row, joined: Joined) -> r.Meter:
    return r.Meter(
        house=row.given_key("house"),
        kind=row.given_number("kind"),
        account=row.key("account"),
        premises=row.key("premises"),
        service=row.given_key("service"),
        serial=row.text("serial"),
        digits=row.number_of("digits"),
        commissioned_on=row.day("commissioned_on"),
        verified_on=row.day("verified_on"),
        next_verification_on=row.day("next_verification_on"),
        closed_on=row.day("closed_on"),
        start_e3=row.number_of("start"),
        is_open=row.number_of("status") != 2,
        make=row.text("make"),
        model=row.text("model"),
    )


def meter_account(row: Row, joined: Joined) -> r.MeterAccount:
    return r.MeterAccount(row.given_key("meter"), row.given_key("account"))


def reading(row: Row, joined: Joined) -> r.Reading:
    return r.Reading(
        row.given_key("meter"),
        row.given_day("taken_on"),
        row.given_number("value"),
        row.number_of("source"),
        row.number_of("zone"),
    )


def interruption(row: Row, joined: Joined) -> r.Interruption:
    act = " от ".join(filter(None, (row.text("act_no"), row.text("act_on"))))
    return r.Interruption(
        house=row.given_key("house"),
        service=row.given_key("service"),
        starts_at=row.given_moment("starts_at"),
        ends_at=row.given_moment("ends_at"),
        claimed_hours_e2=row.number_of("claimed_hours"),
        act=act,
    )


def bill(row: Row, joined: Joined) -> r.StatedBill:
    return r.StatedBill(
        month=row.given_day("period").replace(day=1),
        number=row.text("number"),
        formed_on=row.day("formed_on"),
        account=row.given_key("account"),
        bank_account=row.given_key("receiver_account"),
        total=row.number_of("services_total"),
        debt=row.number_of("debt_before"),
        advance=row.number_of("advance_before"),
        penalties=row.number_of("penalties_total"),
        grand_total=row.number_of("grand_total"),
    )


def line(row: Row, joined: Joined) -> r.StatedLine:
    return r.StatedLine(
        bill=row.given_key("document"),
        service=row.given_key("service"),
        tariff_e6=row.given_number("tariff"),
        total=row.given_number("total"),
        accrued=row.given_number("accrued"),
        recalculated=row.number_of("recalculated") or 0,
        benefit=row.number_of("benefit") or 0,
        recalculation_reason=row.text("recalculation_basis"),
        volume_e6=row.number_of("volume"),
        common_volume_e6=row.number_of("common_volume"),
        method=row.number_of("method"),
    )


def contribution(row: Row, joined: Joined) -> r.StatedContribution:
    return r.StatedContribution(
        bill=row.given_key("document"),
        tariff_e6=row.given_number("tariff"),
        accrued=row.given_number("accrued"),
        recalculated=row.given_number("recalculated"),
        benefit=row.given_number("benefit"),
        total=row.given_number("total"),
        organisation=row.key("supplier") or "",
    )


def debt(row: Row, joined: Joined) -> r.OpeningDebt:
    return r.OpeningDebt(
        row.given_key("document"),
        row.given_key("service"),
        row.given_key("creditor"),
        row.given_day("origin_month").replace(day=1),
        row.given_number("amount"),
    )


def penalty(row: Row, joined: Joined) -> r.OpeningPenalty:
    month = row.day("origin_month")
    return r.OpeningPenalty(
        bill=row.given_key("document"),
        kind=row.given_number("kind"),
        origin_month=month and month.replace(day=1),
        organisation=row.given_key("creditor"),
        opening=row.given_number("opening"),
        posted=row.given_number("posted"),
        paid=row.given_number("paid"),
        closing=row.given_number("closing"),
    )


def balance(row: Row, joined: Joined) -> r.Balance:
    return r.Balance(
        account=row.given_key("account"),
        service=row.given_key("service"),
        organisation=row.given_key("creditor"),
        month=row.given_day("month").replace(day=1),
        opening=row.given_number("opening"),
        accrued=row.number_of("accrued") or 0,
        recalculated=row.number_of("recalculated") or 0,
        changed=row.number_of("changed") or 0,
        undelivered=row.number_of("undelivered") or 0,
        benefit=row.number_of("benefit") or 0,
        paid=row.number_of("paid") or 0,
        closing=row.given_number("closing"),
    )


def pack(row: Row, joined: Joined) -> r.PaymentPack:
    return r.PaymentPack(row.given_day("ordered_on"), row.text("number"), row.given_number("amount"), row.given_number("count"))


def payment(row: Row, joined: Joined) -> r.Payment:
    """A payment, whatever is wrong with its row: what can not be read is left empty."""
    document = row.key("document")
    month = row.day("for_month")
    return r.Payment(
        account=row.key("account") or "",
        operation=row.number_of("operation") or 1,
        uip=row.text("order_id"),
        paid_on=row.day("paid_on"),
        accounted_on=row.day("accounted_on"),
        amount=row.number_of("amount"),
        source=row.text("source"),
        for_month=month and month.replace(day=1),
        pack=row.key("pack"),
        bank_account=row.key("receiver_account") or "",
        bill=None if document in joined.missing_documents else document,
        active=row.number_of("status") != 2,
        reverses=row.text("order_no") if row.number_of("operation") == _REFUND else "",
    )

"""One bill as one federal payment document: the mapping that the message table renders.

Rules of the exchange that stand here: common-property resources are inside the housing service of the same creditor and inside its total;
the contribution is a charge of its own; a benefit is a positive discount; the surcharge is stated with its coefficient; debt and advance
are both positive and already net of the payments counted; with several accounts every service names its own and the document has one
detail row for each; for accounts of a settlement centre every service names its provider. Amount identities hold by construction:

    TotalPayable                      = AccountingPeriodTotal + recalculation − discount + excess
    TotalPayableByPD                  = sum of services + penalties = sum over accounts
    TotalPayableByPDWithDebtAndAdvance = TotalPayableByPD + debt − advance
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from adapters.gis_zhkh.bill_references import BillReferences, BillToPlace, key_of, lacking, provider_of
from adapters.gis_zhkh.bill_services import charges
from adapters.gis_zhkh.values import decimal_text, money, nsi_mapping
from adapters.xmltext import Flat, Layout
from core.model.bill import BillContent, BillCourtCost, BillRecipient

__all__ = ["document"]

_METER_UNITS = frozenset(("113", "116", "233", "245", "246", "271", "A005", "A056", "A058"))
_LONGEST_NOTE = 1000
_SERVICES = ("ChargeInfo", "CapitalRepairCharge", "CapitalRepairYearCharge", "Insurance")
_DOCUMENT = Layout(
    "AccountGuid", "PaymentDocumentNumber", "IndividualMDReadings", *_SERVICES, "PenaltiesAndCourtCosts", "Expose",
    "TotalPayableByChargeInfo", "DebtPreviousPeriods", "AdvanceBllingPeriod", "PaymentsTaken", "AdditionalInformation",
    "TotalPayableByPDWithDebtAndAdvance", "TotalByPenaltiesAndCourtCosts", "TotalPayableByPD", "TransportGUID", "PaymentDocumentID",
    "DetailsPaymentInformation", "PaymentInformationKey",
)  # fmt: skip


def document(bill: BillToPlace, references: BillReferences) -> Flat:
    """The mapping of one PaymentDocument; :class:`InputError` names what the bill lacks for it."""
    content = bill.content
    if not content.recipients:
        raise lacking(bill, "нет ни одного получателя")
    keys = {id(recipient): key_of(recipient, bill, references) for recipient in content.recipients}
    several = len(set(keys.values())) > 1
    debt, advance = _balance(content)
    charged_and_penalties = content.charged + content.penalties
    services = charges(bill, references, keys, several=several)
    return Flat(
        _DOCUMENT,
        (
            str(bill.account_guid),
            content.number,
            _meters(content),
            *map(services.get, _SERVICES),
            _penalties(bill, references, keys, several=several),
            "true",
            money(content.charged) if content.lines else None,
            money(debt),
            money(advance),
            str(content.payments_until.day),
            " ".join(content.notices)[:_LONGEST_NOTE] or None,
            money(charged_and_penalties + debt - advance),
            money(content.penalties) if content.penalties else None,
            money(charged_and_penalties),
            str(bill.transport_guid),
            bill.payment_document_id,
            _details(content, keys) if several else None,
            None if several else str(next(iter(keys.values()))),
        ),
    )


def _balance(content: BillContent) -> tuple[int, int]:
    """Debt and advance of previous periods, each summed over recipients after the payments that the bill counts.

    What an instalment plan puts off is not asked for, and its interest is: the document asks for what the bill asks for.
    """
    nets = [_brought(recipient) for recipient in content.recipients]
    return sum(net for net in nets if net > 0), -sum(net for net in nets if net < 0)


def _brought(recipient: BillRecipient) -> int:
    """What a recipient's balance was before this month's charges and penalties."""
    return recipient.balance - recipient.charged - recipient.penalties


def _meters(content: BillContent) -> list[dict[str, Any]] | None:
    """Own meters of the named utilities; the previous reading and its unit come together or not at all."""
    rows: list[dict[str, Any]] = []
    for meter in content.meters:
        if meter.utility_kind is None or not 1 <= meter.utility_kind <= 7 or not meter.serial:
            continue
        whole = meter.previous_e3 is not None and meter.okei in _METER_UNITS
        rows.append(
            {
                "MeteringDevice": meter.serial[:100],
                "MDPreviousPeriodReadings": decimal_text(meter.previous_e3, 3) if whole and meter.previous_e3 is not None else None,
                "MDUnit": meter.okei if whole else None,
                "MDServiceCode": [str(meter.utility_kind)],
            }
        )
    return rows or None


def _penalties(bill: BillToPlace, references: BillReferences, keys: Mapping[int, UUID], *, several: bool) -> list[dict[str, Any]] | None:
    """Penalties by account (and provider), then court costs one by one: a row of nought would block the acknowledgment, two rows of
    penalties of one account would be a repetition."""
    amounts: dict[tuple[UUID, UUID | None], int] = {}
    names: dict[tuple[UUID, UUID | None], str] = {}
    rows: list[dict[str, Any]] = []
    for recipient in bill.content.recipients:
        key, provider = keys[id(recipient)], provider_of(recipient.creditor_id, recipient.name, bill, references=references)
        own = recipient.creditors or (recipient.creditor_id,)
        costs = [] if recipient.contribution else [cost for cost in bill.content.court_costs if cost.creditor_id in own]
        penalties = recipient.penalties - sum(cost.amount for cost in costs)
        if penalties < 0:
            raise lacking(bill, f"судебные расходы получателя «{recipient.name}» больше его неустоек")
        if penalties:
            amounts[key, provider] = amounts.get((key, provider), 0) + penalties
            names.setdefault((key, provider), recipient.name)
        rows += [
            {
                "ServiceType": _court_cost(cost, bill, references),
                "Cause": cost.reason[:1000],
                "TotalPayable": money(cost.amount),
                "orgPPAGUID": provider,
                "PaymentInformationKey": key if several else None,
            }
            for cost in costs
            if cost.amount
        ]
    if amounts and references.penalty is None:
        raise lacking(bill, "в справочнике неустоек нет пени")
    rows = [
        {
            "ServiceType": nsi_mapping(references.penalty),
            "Cause": f"Пени за несвоевременную оплату, получатель {names[key, provider]}"[:1000],
            "TotalPayable": money(amount),
            "orgPPAGUID": provider,
            "PaymentInformationKey": key if several else None,
        }
        for (key, provider), amount in amounts.items()
        if references.penalty is not None
    ] + rows
    return rows or None


def _court_cost(cost: BillCourtCost, bill: BillToPlace, references: BillReferences) -> dict[str, str | None]:
    ref = references.court_costs.get(cost.kind)
    if ref is None:
        raise lacking(bill, f"в справочнике неустоек нет вида {cost.kind}")
    return nsi_mapping(ref)


def _details(content: BillContent, keys: Mapping[int, UUID]) -> list[dict[str, Any]]:
    """One row for each account: what is charged to it with penalties, the balance it brings (minus is an advance), and both together."""
    charged: dict[UUID, int] = {}
    brought: dict[UUID, int] = {}
    numbers: dict[UUID, str] = {}
    for recipient in content.recipients:
        key = keys[id(recipient)]
        charged[key] = charged.get(key, 0) + recipient.charged + recipient.penalties
        brought[key] = brought.get(key, 0) + _brought(recipient)
        numbers.setdefault(key, recipient.account_number or content.account_number)
    return [
        {
            "PaymentInformationKey": key,
            "TotalPayableByPaymentInformation": money(amount),
            "AccountNumber": numbers[key][:30],
            "DebtPreviousPeriodsOrAdvanceBillingPeriod": money(brought[key]),
            "TotalPayableWithDebtAndAdvance": money(amount + brought[key]),
        }
        for key, amount in charged.items()
    ]

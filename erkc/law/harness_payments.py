"""Harnesses of payments (charging rules, sections 3, 4 and 8): sharing out, reversal, advances, settlement, fee, payment code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from core.calendar import WorkCalendar
from core.documents.qr import code_form, payload
from core.ids import EntityId
from core.model.ledger import UNKNOWN_ORIGIN, OpenItem
from core.model.lines import Component
from core.money import kopecks
from core.payments.advances import offset_advances
from core.payments.allocate import Allocation, BillShare, PenaltyDue, Receipt, Standing, allocate, mirror
from core.payments.rules import allocation_rules
from core.payments.settle import Received, SettlementRules, agent_fee, settle
from core.period import Month
from erkc.law.vectors import Got, Vector, harness


def _day(text: object) -> date:
    return date.fromisoformat(str(text))


def _money(text: object) -> int:
    return kopecks(Fraction(str(text)))


class _Names:
    """Codes of a vector as numbers in the order of their first appearance, which is its fixed order."""

    def __init__(self) -> None:
        self._numbers: dict[str, EntityId] = {}

    def number(self, name: object) -> EntityId:
        return self._numbers.setdefault(str(name), EntityId(len(self._numbers) + 1))

    def name(self, number: EntityId | None) -> str:
        return next(name for name, known in self._numbers.items() if known == number)


_ACCOUNT = EntityId(1)


def _bill(rows: list[Mapping[str, Any]], names: _Names) -> tuple[BillShare, ...]:
    return tuple(BillShare(names.number(row["service"]), names.number(row["recipient"]), _money(row["amount"])) for row in rows)


def _standing(vector: Vector, names: _Names) -> Standing:
    items = []
    for row in vector.rows("debts"):
        origin = UNKNOWN_ORIGIN if row["origin"] == "unknown" else Month.parse(row["origin"])
        service, recipient = names.number(row["service"]), names.number(row["recipient"])
        items.append(OpenItem(_ACCOUNT, service, recipient, origin, False, _money(row["amount"])))
    dues: tuple[PenaltyDue, ...] = ()
    if vector.has("penalty_due"):
        dues = (PenaltyDue(items[0].creditor_id, None, Component.PENALTY, _money(vector.inputs["penalty_due"])),)
    groups = {names.number(row["service"]): str(row["group"]) for row in vector.rows("debts") if row.get("group")}
    return Standing(tuple(items), dues, groups=groups)


def _allocated(vector: Vector, names: _Names) -> Allocation:
    standing = _standing(vector, names)
    bill = _bill(vector.rows("last_bill"), names)
    named = vector.inputs.get("named_period")
    recipient = vector.inputs.get("recipient")
    receipt = Receipt(
        vector.id,
        _money(vector.inputs["payment"]),
        named_month=None if named is None else Month.parse(named),
        bill=bill,
        penalties_first=vector.inputs.get("purpose") == "penalty",
        creditors=None if recipient is None else frozenset([names.number(recipient)]),
    )
    return allocate(receipt, standing, allocation_rules(vector.settings))


def _parts(allocation: Allocation, names: _Names, *, sign: int = 1) -> Got:
    got = Got()
    for part in allocation.parts:
        if part.kind == "penalty":
            key = "penalty"
        elif part.kind == "advance":
            key = "advance" if part.service_id is None else f"advance/{names.name(part.service_id)}"
        else:
            origin = "unknown" if part.origin_month == UNKNOWN_ORIGIN else part.origin_month
            key = f"{origin}/{names.name(part.service_id)}"
        got.amounts[key] = got.amounts.get(key, 0) + sign * part.amount
    return got


@harness("allocation")
def allocation(vector: Vector) -> Got:
    """Which debts a payment covers."""
    names = _Names()
    return _parts(_allocated(vector, names), names)


@harness("reversal")
def reversal(vector: Vector) -> Got:
    """A reversal takes back what was stored."""
    names = _Names()
    stored = _allocated(vector, names)
    return _parts(mirror(stored, key="reversal", amount=_money(vector.inputs["reversal"])), names, sign=-1)


@harness("advance_offset")
def advance_offset(vector: Vector) -> Got:
    """Advances cover the new bill of their own recipient."""
    names = _Names()
    advances = {names.number(row["recipient"]): _money(row["amount"]) for row in vector.rows("advances")}
    rules = allocation_rules({name: vector.settings[name] for name in ("kopek_remainder",) if name in vector.settings})
    offset = offset_advances(advances, _bill(vector.rows("new_bill"), names), rules.remainder)
    found = {names.name(part.service_id): part.amount for part in offset.used}
    return Got(found | {f"left/{names.name(recipient)}": left for recipient, left in offset.left.items()})


@harness("settlement")
def settlement(vector: Vector) -> Got:
    """ПП № 253: what goes to which supplier on which day."""
    names = _Names()
    day = max(_day(row["on"]) for row in vector.rows("receipts"))
    rules = SettlementRules(
        small_sum=_money(vector.number("threshold", vector.law.number("settlement.small_sum", day))),
        longest_days=int(vector.law.number("settlement.longest_days", day)),
        accumulates=vector.setting("pp253_small", day) == "accumulate",
    )
    received = [
        Received(_day(row["on"]), names.number(row["supplier"]), row["kind"], _money(row["amount"])) for row in vector.rows("receipts")
    ]
    found = settle(received, rules, WorkCalendar.of((), years=range(2020, 2040)))
    amounts = {f"{transfer.on}/{names.name(transfer.supplier_id)}": transfer.amount for transfer in found.transfers}
    return Got({**amounts, "kept_by_provider": found.kept_by_provider})


@harness("agent_fee")
def agent_fee_of_registries(vector: Vector) -> Got:
    """The centre's fee, rounded once for each registry."""
    percent = vector.number("agent_fee_pct")
    fees = {str(row["id"]): int(agent_fee(_money(row["amount"]), percent=percent)) for row in vector.rows("registries")}
    return Got({**fees, "total": sum(fees.values())})


@harness("qr")
def qr(vector: Vector) -> Got:
    """ГОСТ Р 56042-2014: the payload of requisites as given."""
    given = dict(vector.inputs["qr"])
    total = _money(given.pop("total"))
    form = code_form(vector.settings)
    if total <= 0 and form.zero == "no_code":
        return Got({"total": total})
    shown = str(total) if total > 0 else ("0" if form.zero == "zero" else "")
    if form.period == "MMYY" and re.fullmatch(r"\d\d\.\d{4}", str(given.get("PaymPeriod", ""))):
        given["PaymPeriod"] = given["PaymPeriod"][:2] + given["PaymPeriod"][-2:]
    keys = ("Name", "PersonalAcc", "BankName", "BIC", "CorrespAcc")
    values = {key: given.pop(key) for key in keys} | {"Sum": shown} | given
    return Got({"total": total}, other={"string": payload(values).decode("utf-8")})

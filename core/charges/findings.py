"""Why a line, or a whole house, is held instead of being charged a silent zero: said once for machines and once for people.

:class:`Held` travels inside this room, from the place that misses a fact to the place that knows whose line it is; what leaves the room is
a :class:`ChargeFinding` that names account, service, clause, what is missing and who must send it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.model.facts import AccountFacts, HouseFacts, MeterFacts, ServiceFacts
from core.model.finding import Finding, Position, Severity
from core.period import Month

__all__ = ["UNUSED_ACT", "ChargeFinding", "Held", "finding", "no_area"]

UNUSED_ACT = "CH-052"
"""An act that finds nothing to be about."""


Scope = Literal["line", "service", "house"]
"""What a missing fact stops: one line; the service for every account that needs the fact; the whole house."""


class Held(Exception):
    """A line can not be computed from the facts at hand."""

    def __init__(self, code: str, message: str, *, hint: str, clause: str, scope: Scope = "line", meter: MeterFacts | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.clause = clause
        self.scope = scope
        self.meter = meter
        """The meter to blame: its row is the position of the finding."""


def no_area(clause: str, *, of_house: AccountFacts | None = None) -> Held:
    """The area of the premises is not given, or is nothing: by it the line would be a silent zero.

    ``of_house``: the account, where the shares of the whole house depend on its area.
    """
    if of_house is None:
        return Held("CH-017", "нет площади помещения", hint="Присылает УК.", clause=clause)
    said = f"нет площади помещения (ЛС {of_house.number}), от которой зависят доли всего дома"
    return Held("CH-017", said, hint="Присылает УК.", clause=clause, scope="house")


@dataclass(frozen=True, slots=True)
class ChargeFinding(Finding):
    """A finding of a calculation; ``effect`` is ``hold_line``, ``hold_house``, ``ignore_reading``, ``use_believed``,
    ``house_apart``, ``no_relief`` or ``await_sender``."""

    clause: str = ""


def finding(
    held: Held,
    *,
    month: Month,
    house: HouseFacts,
    account: AccountFacts | None = None,
    service: ServiceFacts | None = None,
    effect: str = "hold_line",
    severity: Severity = "error",
    accounts: int = 0,
) -> ChargeFinding:
    """What is held, for people: whose account, which service, what is missing and who must send it; ``accounts`` counts whom it touches."""
    where = f"ЛС {account.number}" if account is not None else house.address
    what = f", «{service.name}»" if service is not None else ""
    return ChargeFinding(
        position=(None if held.meter is None else held.meter.place) or Position(file=f"начисление {month}"),
        code=held.code,
        severity=severity,
        effect=effect,
        value=held.meter.serial if held.meter is not None else account.number if account is not None else None,
        message=f"{where}{what}: {held.message} ({held.clause}).",
        hint=held.hint,
        dependents={"accounts": accounts} if accounts else {},
        house_id=house.house_id,
        account_id=account.account_id if account is not None else None,
        service_id=service.service_id if service is not None else None,
        clause=held.clause,
    )

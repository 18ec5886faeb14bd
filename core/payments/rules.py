"""How a region shares payments out where practice differs (charging rules, section 10): settings in, one small value out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from core.errors import ConfigError
from core.money import Remainder
from core.validate.settings import canonical_setting

__all__ = ["AllocationRules", "PenaltyOrder", "allocation_rules"]

PenaltyOrder = Literal["after_principal", "pro_rata", "first"]


@dataclass(frozen=True, slots=True)
class AllocationRules:
    """The order of a payment; as it stands, the rule of the method."""

    named_period_first: bool = True
    """A named month that has a debt comes before the oldest."""
    holds_advance: bool = False
    """What is paid ahead is one undivided advance, also where a bill could share it (``advance_split = hold``)."""
    penalties: PenaltyOrder = "after_principal"
    """``pro_rata``: penalties of a month are paid together with its debts."""
    priority: tuple[str, ...] = ()
    """Groups of services that are paid one after another inside a month (``inside_month``), those not named last; empty: pro rata."""
    remainder: Remainder = "largest_remainder"
    """Who gets the kopecks that a proportion leaves."""

    @property
    def pro_rata(self) -> bool:
        """Whether a month is divided as by the method: all its debts together, kopecks to the largest remainders."""
        return not self.priority and self.remainder == "largest_remainder"

    def place(self, group: str) -> int:
        """When a group's turn is inside a month."""
        return self.priority.index(group) if group in self.priority else len(self.priority)

    @property
    def differs(self) -> str:
        """What differs from the method, for the reason of an entry; empty: nothing."""
        told = [
            *([] if self.named_period_first else ["named_period_first=false"]),
            *(["advance_split=hold"] if self.holds_advance else []),
            *([] if self.penalties == "after_principal" else [f"penalty_order={self.penalties}"]),
            *([f"inside_month={' > '.join(self.priority)}"] if self.priority else []),
            *([] if self.remainder == "largest_remainder" else [f"kopek_remainder={self.remainder}"]),
        ]
        return ", ".join(told)


def allocation_rules(settings: Mapping[str, object]) -> AllocationRules:
    """The rules of a region; a value that is not computed is a ``ConfigError`` CFG-0424."""
    said = {
        name: _said(name, settings[name])
        for name in ("named_period_first", "advance_split", "penalty_order", "inside_month", "kopek_remainder")
        if name in settings
    }
    inside = said.get("inside_month", "pro_rata")
    return AllocationRules(
        named_period_first=said.get("named_period_first", "true") == "true",
        holds_advance=said.get("advance_split", "last_bill") == "hold",
        penalties=cast("PenaltyOrder", said.get("penalty_order", "after_principal")),  # the ways of the setting are the values of the type
        priority=() if inside == "pro_rata" else tuple(inside.split(", ")),
        remainder=cast("Remainder", said.get("kopek_remainder", "largest_remainder")),  # the same
    )


def _said(name: str, value: object) -> str:
    try:
        said = canonical_setting(name, value)
    except ValueError as error:
        text, _, allowed = str(error).rpartition(" Допустимо: ")
        raise ConfigError("CFG-0424", text, hint=f"Допустимо: {allowed}", setting=name) from None
    assert said is not None, f"setting {name} has no rule"
    return said

"""Agency contracts of the centre with recipients: the rate of its own fee, and who bears what banks keep.

A setting of the region, dated by the contract itself. A recipient without a contract is told: nothing is withheld from it, and a person
must know. Rates are percents as text; the fee is rounded once for a registry (``settle.agent_fee``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from core.errors import ConfigError

__all__ = ["AgencyContract", "agency_contracts", "contract_of"]

_BEARERS = ("recipient", "centre")
_FORM = '[{"inn": "…", "number": "…", "percent": "1.5", "bank_fee": "recipient", "first": "2026-01-01", "last": null}]'


@dataclass(frozen=True, slots=True)
class AgencyContract:
    """One contract; ``percent`` of what was collected, ``bears_bank_fee``: what banks keep lowers the recipient's transfer."""

    inn: str
    number: str
    percent: Fraction
    bears_bank_fee: bool
    first: date
    last: date | None


def agency_contracts(settings: Mapping[str, object]) -> tuple[AgencyContract, ...]:
    """The contracts of the setting ``agency_contracts``; ``ConfigError`` CFG-0431 when one is not understood or two hold on one day."""
    stated = settings.get("agency_contracts", [])
    if not isinstance(stated, Sequence) or isinstance(stated, str):
        raise _not_understood(stated)
    found = tuple(_contract(item) for item in stated)
    for number, one in enumerate(found):
        for other in found[:number]:
            if one.inn == other.inn and one.first <= (other.last or date.max) and other.first <= (one.last or date.max):
                raise _not_understood(f"{one.inn}: договоры {other.number} и {one.number} действуют в одни дни")
    return found


def contract_of(contracts: Sequence[AgencyContract], inn: str, day: date) -> AgencyContract | None:
    """The contract with an organisation that holds on a day."""
    return next((one for one in contracts if one.inn == inn and one.first <= day <= (one.last or date.max)), None)


def _contract(item: object) -> AgencyContract:
    known = {"inn", "number", "percent", "bank_fee", "first", "last"}
    if not isinstance(item, Mapping) or not item.keys() <= known:
        raise _not_understood(item)
    try:
        percent = Fraction(str(item["percent"]))
        bearer = str(item.get("bank_fee", "recipient"))
        last = item.get("last")
        if not 0 <= percent < 100 or bearer not in _BEARERS:
            raise _not_understood(item)
        first = date.fromisoformat(str(item["first"]))
        until = None if last is None else date.fromisoformat(str(last))
        return AgencyContract(str(item["inn"]), str(item["number"]), percent, bearer == "recipient", first, until)
    except (KeyError, ValueError, ZeroDivisionError):
        raise _not_understood(item) from None


def _not_understood(stated: object) -> ConfigError:
    return ConfigError(
        "CFG-0431",
        f"Настройка региона agency_contracts не понята: {stated!r}.",
        hint=f"Нужен список вида {_FORM}; договоры одной организации не пересекаются по дням.",
        setting="agency_contracts",
    )

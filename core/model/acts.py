"""Acts of the centre: what an inspector, a master or a decision found, which no section of «Формат 4.0» has a place for.

An act has its own number and date; the house or account and the service are named as people write them (ФИАС or the sender's key, the
account's number, a word for the resource), because an act may come before the archive that tells of them. Which columns are filled follows
from ``kind``: ``adapters/uk/act_fields.py`` is the table of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

__all__ = ["ACT_KINDS", "RESOURCES", "Act"]

ACT_KINDS = (
    "check", "unauthorised", "tampering", "access_refused", "meter_failed", "own_heating", "living_area", "area", "owners", "quality",
    "interruption", "boiler", "open_heating", "electric_heating", "heat_last_year", "allocators", "containers", "fuel",
    "penalty_stop", "court_judgement", "subsidy", "withdrawn",
)  # fmt: skip
"""What acts are about; ``withdrawn``: the act of this number and date holds no more. ``penalty_stop`` and ``court_judgement`` are decisions
about the debts of an account, ``subsidy`` one about a family's subsidy: what they say stands in a record of its own (``PenaltyStop``,
``CourtJudgement``, ``SubsidyGrant``) under the same key."""

RESOURCES: Mapping[str, tuple[int, int]] = {
    "cold_water": (1, 1),
    "hot_water": (2, 2),
    "wastewater": (3, 8),
    "electricity": (4, 3),
    "gas": (5, 4),
    "heating": (6, 5),
    "solid_fuel": (7, 7),
    "waste": (8, 9),
}
"""Words for services, with their codes of utility and resource (Формат 4.0, DICTUSLUGA 7 and 12)."""


@dataclass(frozen=True, slots=True)
class Act:
    """Акт (файл актов центра, erkc-acts/1). Number, day and part are its identity; a part is one finding of an act that has several."""

    kind_name: ClassVar[str] = "act"
    number: str
    drawn_on: date
    part: int
    kind: str
    """One of :data:`ACT_KINDS`."""
    house: str | None
    """ФИАС or the sender's key of the house, as written."""
    account: str | None
    """Number of the account, as written."""
    service: str | None
    """A word (``cold_water`` …) or the sender's key of the service."""
    meter: str | None
    """Serial number of the meter; None: every meter of the service."""
    first: date
    last: date | None
    """Days on which what the act says is so, both counting; of a recalculation the day it was drawn up."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    """Interruption and deviation of quality, local time."""
    deviation: str | None = None
    """Quality: ``temperature``, ``days``, ``delay``."""
    area_e2: int | None = None
    owners: int | None = None
    stated_e3: int | None = None
    checked_e3: int | None = None
    """Check: the reading taken as true, and the one that was found; of a meter put in order the reading of that day."""
    power_w: int | None = None
    days: int | None = None
    months: int | None = None
    charged: int | None = None
    """Kopecks."""
    degrees_e1: int | None = None
    required_e1: int | None = None
    allowed_hours_e2: int | None = None
    purpose: str | None = None
    """Boiler: ``heating``, ``hot_water``."""
    resource: str | None = None
    """Boiler: the word for the resource that was used."""
    volume_e3: int | None = None
    heat_e6: int | None = None
    heat_all_e6: int | None = None
    units_e3: int | None = None
    """Allocators: units of the premises in the year."""
    site_e2: int | None = None
    """Containers: persons, or m², of all premises that the site serves; None: the house alone."""

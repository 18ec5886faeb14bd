"""Which months a month's payment is compared with, and which limit holds in a municipality (ПП № 400).

The base is December of the year before. Where the limit steps up inside the year, the last month before the step is one too: which of
the two the region takes is the setting ``index_base_october``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from core.period import Month

__all__ = ["base_months", "limit_of"]

_DECEMBER, _JANUARY = 12, 1


class _OfMunicipality(Protocol):
    @property
    def oktmo(self) -> str: ...


_Limit = TypeVar("_Limit", bound=_OfMunicipality)


def base_months(month: Month, *, steps_at: Month, way: str) -> tuple[Month, ...]:
    """The months to compare with; ``steps_at``: the month that the limit in force begins in."""
    december = Month(month.year - 1, _DECEMBER)
    if steps_at.year < month.year or steps_at.month == _JANUARY:
        return (december,)
    before_step = steps_at.next(-1)
    return {"december": (december,), "september": (before_step,)}.get(way, (december, before_step))


def limit_of(oktmo: str, limits: Iterable[_Limit]) -> _Limit | None:
    """The limit of the smallest municipality that the place lies in."""
    fitting = [limit for limit in limits if oktmo.startswith(limit.oktmo)]
    return max(fitting, key=lambda limit: len(limit.oktmo), default=None)

"""Growth limit of what citizens pay for utilities (ЖК ст. 157.1, ПП № 400): the payment of a month against a base month.

Both are computed at the volumes of the base month, so that only tariffs move the index: residents, readings, area, the set of services,
corrections and the raising coefficient do not count. A service that is absent in one of the months is left out of both sums. The index
limits the whole payment, not a single tariff; a payment that grows exactly by the limit is not above it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from core.money import Kopecks, kopecks, rounded

__all__ = ["Growth", "IndexedService", "growth", "growth_of"]


@dataclass(frozen=True, slots=True)
class IndexedService:
    """A service of an account with its volume in the base month (heating paid evenly: the equal monthly share) and two tariffs.

    ``per_person`` volumes by the norm keep the persons of the base month, so they need nothing else.
    """

    volume: Fraction
    base_tariff: Fraction | None
    """None: the service was absent in the base month."""
    new_tariff: Fraction | None
    """None: it is absent now."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Growth of one account's payment; money in kopecks, growth in hundredths of a per cent, half up."""

    base: Kopecks
    new: Kopecks
    growth_e2: int
    limit_e2: int
    excess: Kopecks
    """What a payment above the limit exceeds the greatest lawful one by: base × (1 + limit); 0 where it is not above."""

    @property
    def above_limit(self) -> bool:
        """Whether the rounded growth is greater than the limit."""
        return self.growth_e2 > self.limit_e2


def growth(services: Iterable[IndexedService], *, limit: Fraction) -> Growth | None:
    """Growth of an account's payment against the base month; ``limit`` in per cent. None when no service stands in both months."""
    base, new = Fraction(0), Fraction(0)
    for service in services:
        if service.base_tariff is not None and service.new_tariff is not None:
            base += service.volume * service.base_tariff
            new += service.volume * service.new_tariff
    return growth_of(base, new, limit=limit)


def growth_of(base: Fraction, new: Fraction, *, limit: Fraction) -> Growth | None:
    """The same of sums that are there already, exact roubles."""
    if base <= 0:
        return None
    growth_e2, limit_e2 = rounded((new / base - 1) * 100, 100), rounded(limit, 100)
    excess = new - base * (1 + limit / 100) if growth_e2 > limit_e2 else Fraction(0)
    return Growth(kopecks(base), kopecks(new), growth_e2, limit_e2, kopecks(excess))

"""A personal account of which the region says something else than our books."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.rgis.soap import ChargeRow

__all__ = ["Difference"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Kopecks on both sides; None: the account is not there at all."""

    number: str
    ours: ChargeRow | None
    theirs: ChargeRow | None

    @property
    def paid_more(self) -> int:
        """What the region has as paid above what we have; negative: we have more."""
        return _paid(self.theirs) - _paid(self.ours)


def _paid(row: ChargeRow | None) -> int:
    return 0 if row is None else row.paid + row.paid_penalty

"""What the hub knows of a region before any archive: who may send, and which tariffs were approved."""

from __future__ import annotations

from dataclasses import dataclass

from core.model.records import ApprovedTariff, RegisteredSender

__all__ = ["RegionKnowledge"]


@dataclass(frozen=True, slots=True)
class RegionKnowledge:
    """Registered senders and approved tariffs, as the region's configuration says them."""

    senders: tuple[RegisteredSender, ...]
    tariffs: tuple[ApprovedTariff, ...]

"""How a command waits for the answers of the conversations that it began."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.ids import ProviderId
from core.services.federal.context import Federal
from core.services.federal.conversation import Ran, run

__all__ = ["Waiting", "run_waiting"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a command waits for answers: how to sleep, and until when at most."""

    sleep: Callable[[timedelta], None]
    until: datetime | None = None
    progress: Callable[[int], None] | None = None


def run_waiting(federal: Federal, provider_id: ProviderId | None, waiting: Waiting | None) -> Ran:
    """Take every step that is due; with ``waiting`` until all is over or its time has come."""
    if waiting is None:
        return run(federal, provider_id=provider_id)
    return run(federal, provider_id=provider_id, until=waiting.until, wait=waiting.sleep, progress=waiting.progress)

"""What is due to the region, of every sender: the part of ``erkc deliver`` that is not federal."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.rgis.soap import read_result
from core.records.providers import providers
from core.services.regional import send_calls
from core.storage.engine import transaction
from erkc.application import Application
from erkc.rgis.exchange import open_service
from erkc.rgis.sending import open_region, region_profile, run_until

__all__ = ["RegionalRun", "deliver_due"]


@dataclass(slots=True)
class RegionalRun:
    """Unloads and messages: taken, refused, and still on their way."""

    done: int = 0
    refused: int = 0
    waiting: int = 0
    trouble: str = ""


def deliver_due(application: Application) -> RegionalRun | None:
    """Take every step that is due; None where no region is set."""
    if not application.settings.rgis.base_url:
        return None
    unloads = run_until(application, open_region(application))
    found = RegionalRun(unloads.done, unloads.refused, unloads.waiting, unloads.trouble.message if unloads.trouble is not None else "")
    if not region_profile(application).soap or found.trouble:
        return found
    service = open_service(application)
    with transaction(application.engine) as connection:
        senders = [one.provider_id for one in providers(connection) if one.provider_id != 0]
    for provider_id in senders:
        run = send_calls(
            application.engine, send=service.send, read_result=read_result, clock=application.clock, provider_id=provider_id,
            ladder_s=application.settings.rgis.poll_ladder_s,
        )  # fmt: skip
        found = RegionalRun(
            found.done + run.done, found.refused + run.refused, found.waiting + run.waiting,
            run.trouble.message if run.trouble is not None else found.trouble,
        )  # fmt: skip
    return found

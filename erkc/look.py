"""How a centre has its bills printed: the same for every way that a bill takes (file, print batch, letter, reprint)."""

from __future__ import annotations

from core.documents.qr import code_form
from core.ids import ProviderId
from core.period import Month
from core.records.facts import read_settings
from core.storage.engine import transaction
from erkc.application import Application
from erkc.render.look import Look

__all__ = ["bill_look"]


def bill_look(application: Application, month: Month, provider_id: ProviderId | None) -> Look:
    """The look of the bills of a month: codes by the settings that held at its end where the provider has its houses, and the centre's
    link to explanations."""
    with transaction(application.engine) as connection:
        return Look(code_form(read_settings(connection, day=month.last, provider_id=provider_id)), application.settings.bills.explain_url)

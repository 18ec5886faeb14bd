"""The town straight into the database: its configuration as a message, its facts by the store's own COPY, block by block of houses."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice

from core import archive
from core.ids import CENTRE, ProviderId
from core.period import Month
from core.records.providers import find_provider
from core.records.store import save
from core.storage.engine import transaction
from erkc.application import Application
from erkc.intake import load_region_file
from erkc.town import region
from erkc.town.facts import town

__all__ = ["load_town"]

_AT_ONCE = 250_000
"""Records of a transaction."""


def load_town(
    application: Application, *, accounts: int, seed: int, month: Month, progress: Callable[[int], None] = lambda records: None
) -> tuple[ProviderId, int]:
    """Load the town and return its sender and how many records were new; loading the same town again adds nothing."""
    data = json.dumps(region.region(month), ensure_ascii=False, indent=1).encode()
    load_region_file(application, "bolshoi-testov.region.json", data)
    with transaction(application.engine) as connection:
        owner = find_provider(connection, inn=region.CENTRE[0], kpp="007701001")
        assert owner is not None
        named = json.dumps({"town": {"accounts": accounts, "seed": seed, "month": str(month)}}).encode()
        at = application.clock.now()
        message = archive.store(connection, data=named, name="town.json", channel="town", direction="in", provider_id=CENTRE, at=at)
    records, total, new, arrived = town(accounts, seed, month), 0, 0, _AT_ONCE
    while arrived == _AT_ONCE:
        with transaction(application.engine) as connection:
            block = islice(records, _AT_ONCE)
            saved = save(connection, provider_id=owner, message_id=message.message_id, records=block, recorded_at=application.clock.now())
        stored = sum(saved.new.values())
        arrived = stored + sum(saved.unchanged.values())
        total, new = total + arrived, new + stored
        progress(total)
    return owner, new

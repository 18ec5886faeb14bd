"""The town straight into the database: its configuration as a message, its facts by the store's own COPY, block by block of houses.

What identifies the town (size, seed, month) is a message of its own, which all of its records come from; a load that was killed goes on
where it stopped. A town is loaded into a database that knows nothing else of its sender: keys of two towns would be taken for one
another's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection

from core import archive
from core.errors import ConflictError
from core.ids import CENTRE, MessageId, ProviderId
from core.model.records import Account, Body, House, Record
from core.period import Month
from core.records.intake import Intake, read_intake, save_intake
from core.records.providers import find_provider
from core.records.store import save
from core.storage.engine import transaction
from erkc.application import Application
from erkc.intake import load_region_file
from erkc.town import region
from erkc.town.facts import town

__all__ = ["LoadedTown", "load_town"]

_AT_ONCE = 250_000
"""Records of a transaction."""

_KPP = "007701001"


@dataclass(frozen=True, slots=True)
class LoadedTown:
    """The town as it is in the database."""

    provider_id: ProviderId
    houses: int
    accounts: int
    records: int
    new: int
    """Records that the database did not have."""


def load_town(
    application: Application, *, accounts: int, seed: int, month: Month, progress: Callable[[int, int], None] = lambda done, of: None
) -> LoadedTown:
    """Load the town; loading the same town again adds nothing.

    ``progress`` is called with accounts done and in all. ``ConflictError`` TOWN-0101 where the database has other data of its sender.
    """
    with transaction(application.engine) as connection:
        message = _begin(connection, application, accounts=accounts, seed=seed, month=month)
    load_region_file(application, "bolshoi-testov.region.json", json.dumps(region.region(month), ensure_ascii=False, indent=1).encode())
    with transaction(application.engine) as connection:
        owner = find_provider(connection, inn=region.CENTRE[0], kpp=_KPP)
        assert owner is not None
    seen: Counter[type[Body]] = Counter()

    def counted() -> Iterator[Record]:
        for record in town(accounts, seed, month):
            seen[type(record.body)] += 1
            yield record
            if isinstance(record.body, House):
                progress(seen[Account], accounts)

    records, new, arrived = counted(), 0, _AT_ONCE
    while arrived == _AT_ONCE:
        with transaction(application.engine) as connection:
            block = islice(records, _AT_ONCE)
            saved = save(connection, provider_id=owner, message_id=message, records=block, recorded_at=application.clock.now())
        stored = sum(saved.new.values())
        arrived, new = stored + sum(saved.unchanged.values()), new + stored
    progress(accounts, accounts)
    with transaction(application.engine) as connection:
        if read_intake(connection, message) is None:  # a calculation asks whether its sender was heard of in the month
            counts = {kind.kind_name: number for kind, number in seen.items()}
            save_intake(connection, Intake(message, owner, "town", "accepted", month, {}, counts, application.clock.now()))
    return LoadedTown(owner, seen[House], seen[Account], seen.total(), new)


def _begin(connection: Connection, application: Application, *, accounts: int, seed: int, month: Month) -> MessageId:
    """The message that names the town, in the archive before its first record."""
    named = json.dumps({"town": {"accounts": accounts, "seed": seed, "month": str(month)}}).encode()
    at = application.clock.now()
    message = archive.store(connection, data=named, name="town.json", channel="town", direction="in", provider_id=CENTRE, at=at)
    if message.is_new and find_provider(connection, inn=region.CENTRE[0], kpp=_KPP) is not None:
        raise ConflictError(
            "TOWN-0101",
            f"В базе уже есть данные отправителя с ИНН {region.CENTRE[0]}: другой город с ними смешался бы.",
            hint="Загрузите город в другую рабочую папку (ERKC_HOME=ПАПКА) или в пустую базу.",
        )
    return message.message_id

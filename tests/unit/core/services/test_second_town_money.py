"""The second town, taken by the database: penalties of both senders and the instalment plan, before anything is charged."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from sqlalchemy import Engine

from adapters.contract import RawMessage
from adapters.uk.archives import UkArchives
from adapters.uk.knowledge import RegionKnowledge
from adapters.uk.region import RegionAdapter
from core.model.records import ApprovedTariff, Record, RegisteredSender
from core.money import format_roubles
from core.records.providers import providers
from core.services.month_view import ProviderMonth
from core.services.report_penalties import penalties_section
from core.services.take import load_region, take
from tests.unit.core.services.books import LAW, OCTOBER
from tests.unit.core.services.test_payments_town import CLOCK

TOWN = files("examples") / "town2"
EXPECTED: Any = json.loads((TOWN / "slobodka-2026-10-valid.expected.json").read_text(encoding="utf-8"))


def take_town(engine: Engine) -> None:
    region = RawMessage("slobodka.region.json", (TOWN / "slobodka.region.json").read_bytes())
    bodies = [item.body for item in RegionAdapter().parse(region, {}) if isinstance(item, Record)]
    load_region(engine, name=region.name, data=region.data, parse=lambda known: RegionAdapter().parse(region, known), clock=CLOCK)
    senders = tuple(body for body in bodies if isinstance(body, RegisteredSender))
    adapter = UkArchives(RegionKnowledge(senders, tuple(body for body in bodies if isinstance(body, ApprovedTariff))))
    for name in ("slobodka-2026-10-uk.zip", "slobodka-2026-10-rso.zip"):
        take_one(engine, adapter, RawMessage(name, (TOWN / name).read_bytes()))


def take_one(engine: Engine, adapter: UkArchives, message: RawMessage) -> None:
    take(
        engine,
        name=message.name,
        data=message.data,
        adapter=adapter.name,
        header=lambda: adapter.header(message),
        parse=lambda known: adapter.parse(message, known),
        clock=CLOCK,
    )


def test_penalties_and_the_instalment_plan(engine: Engine) -> None:
    take_town(engine)
    with engine.connect() as connection:
        parts = [ProviderMonth(connection, one, OCTOBER, LAW) for one in providers(connection) if one.provider_id]
        rows = penalties_section(parts)
        plans = {
            part.accounts[account].number: {
                name: format_roubles(getattr(plan, name)) for name in ("remaining", "portion", "interest", "deferred")
            }
            for part in parts
            for account, (plan,) in part.instalments.items()
        }
    assert sorted(rows, key=str) == sorted(EXPECTED["penalties"], key=str)
    assert plans == {number: account["instalment"] for number, account in EXPECTED["accounts"].items() if "instalment" in account}

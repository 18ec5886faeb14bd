"""Two houses of the town in September and October 2026, charged, posted and closed, and a second October under other tariffs and norms.

Between the months the tariffs change as the town's region says it, the norm of cold water goes from 4,20 to 4,50, and one of the three
residents of flat A (41100001050, house 1003: 45,50 m², no meters, none can be installed) has left on 30.09.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from core.charges.law import Law
from core.clock import FixedClock
from core.ids import ProviderId
from core.period import Month
from core.services.charge import approve_month, close_month, draft_month, post_month
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from tests.unit.erkc.conftest import TOWN
from tests.unit.erkc.recalculated_town import Cells, archive, house_rows, reading_rows

__all__ = ["OCTOBER", "REGION", "SEPTEMBER", "A", "at_work", "load", "october", "post", "region_with", "take"]

SEPTEMBER, OCTOBER = Month(2026, 9), Month(2026, 10)
OURS = ProviderId(1)
A, KEY_OF_A = "41100001050", "1105"
REGION = "zarechinsk.region.json"


def at_work(application: Application) -> Application:
    """The application in December, when both months are long over."""
    return Application(application.settings, application.engine, FixedClock(datetime(2026, 12, 3, 6, tzinfo=UTC)), application.database)


def region_with(*, tariffs: Mapping[int, str] | None = None, norms: Sequence[Mapping[str, Any]] = (), **settings: object) -> dict[str, Any]:
    """The town's region with other values of tariffs of October (by utility), with more norms, with other settings; None: without it."""
    region: dict[str, Any] = json.loads((TOWN / REGION).read_text(encoding="utf-8"))
    for item in region["tariffs"]:
        if item["valid_from"] == "2026-10-01" and (tariffs or {}).get(item["utility_kind"]):
            item["value"] = (tariffs or {})[item["utility_kind"]]
    region["norms"] += list(norms)
    region["settings"] = {name: value for name, value in {**region["settings"], **settings}.items() if value is not None}
    return region


NORM_OF_OCTOBER: dict[str, Any] = {
    "utility_kind": 1, "resource_kind": 1, "basis": "per_person", "unit_okei": "113", "valid_from": "2026-10-01", "value": "4.50",
}  # fmt: skip


def load(application: Application, region: Mapping[str, Any]) -> None:
    """Load a region's configuration."""
    loaded = load_region_file(application, REGION, json.dumps(region, ensure_ascii=False).encode())
    assert loaded.findings == ()


def take(application: Application, folder: Path) -> None:
    """Take the archives of September and of October."""
    rows = house_rows()
    early = [cells for cells in rows["puval"] if cells[2][3:5] < "10"]
    gone = next(cells for cells in rows["gil"] if cells[1] == KEY_OF_A)
    _take(application, folder, SEPTEMBER, rows | {"puval": early})
    left = [*gone[:5], "30.09.2026", *gone[6:]]
    _take(application, folder, OCTOBER, {"puval": reading_rows("10.2026"), "gil": [left]})


def _take(application: Application, folder: Path, month: Month, rows: dict[str, list[Cells]]) -> None:
    name = f"{month}.zip"
    taken = take_file(application, name, archive(folder / name, (month.year, month.month), rows))
    assert taken.status == "accepted" and {item.code for item in taken.findings} <= {"F4-091"}  # the sender's tariffs are the old ones


def october(application: Application) -> dict[str, int]:
    """What October came to for each account, by its number; kopecks of the posted lines."""
    statement = text(
        "SELECT a.number, sum(l.base + l.surcharge + l.recalculation - l.underdelivery - l.benefit) AS total FROM charge_line l "
        "JOIN entity e ON e.entity_id = l.account_id "
        "JOIN (SELECT DISTINCT record_key, number FROM record_account) a ON a.record_key = e.entity_key "
        "WHERE l.month = '2026-10-01' GROUP BY 1"
    )
    with application.engine.connect() as connection:
        return {row.number: row.total for row in connection.execute(statement)}


def post(application: Application, month: Month, rules: Law | None = None) -> None:
    """Charge, post and close a month; ``rules``: another law than that of the program."""
    scope = {"provider_id": OURS, "month": month, "actor": "тест", "clock": application.clock}
    drafted = draft_month(application.engine, mode="charge", law=rules or law(), code_version=CODE_VERSION, **scope)
    assert [item for item in drafted.findings if item.severity == "error"] == []
    approve_month(application.engine, reason="тест", **scope)
    assert post_month(application.engine, law=rules or law(), **scope).posted.conflicts == ()
    close_month(application.engine, reason="тест", **scope)

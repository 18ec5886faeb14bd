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

from core.clock import FixedClock
from core.ids import ProviderId
from core.period import Month
from core.services.charge import approve_month, close_month, draft_month, post_month
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from tests.unit.erkc.conftest import TOWN
from tests.unit.erkc.recalculated_town import Cells, archive, house_rows, reading_rows

__all__ = ["OCTOBER", "REGION", "SEPTEMBER", "A", "at_work", "load", "post", "region_with", "take"]

SEPTEMBER, OCTOBER = Month(2026, 9), Month(2026, 10)
OURS = ProviderId(1)
A, KEY_OF_A = "41100001050", "1105"
REGION = "zarechinsk.region.json"


def at_work(application: Application) -> Application:
    """The application in December, when both months are long over."""
    return Application(application.settings, application.engine, FixedClock(datetime(2026, 12, 3, 6, tzinfo=UTC)), application.database)


def region_with(*, tariffs: Mapping[int, str] | None = None, norms: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """The town's region with other values of tariffs of October (by utility), and with more norms."""
    region: dict[str, Any] = json.loads((TOWN / REGION).read_text(encoding="utf-8"))
    for item in region["tariffs"]:
        if item["valid_from"] == "2026-10-01" and (tariffs or {}).get(item["utility_kind"]):
            item["value"] = (tariffs or {})[item["utility_kind"]]
    region["norms"] += list(norms)
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
    assert (taken.status, taken.findings) == ("accepted", ())


def post(application: Application, month: Month, *, mode: str = "charge") -> None:
    """Charge, post and close a month."""
    scope = {"provider_id": OURS, "month": month, "actor": "тест", "clock": application.clock}
    drafted = draft_month(application.engine, mode=mode, law=law(), code_version=CODE_VERSION, **scope)
    assert [item for item in drafted.findings if item.severity == "error"] == []
    approve_month(application.engine, reason="тест", **scope)
    assert post_month(application.engine, law=law(), **scope).posted.conflicts == ()
    close_month(application.engine, reason="тест", **scope)

"""The second town through the whole path: two senders in the same houses, charged as one, in either mode and order of their archives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.ids import ProviderId
from core.records.providers import providers
from core.services.charge import Draft, approve_month, draft_month, post_month
from core.services.report import month_report
from core.services.verify import verify
from core.storage.engine import transaction
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from tests.unit.erkc.conftest import OCTOBER, database_copy

TOWN = Path(__file__).parents[3] / "examples" / "town2"
EXPECTED: dict[str, Any] = json.loads((TOWN / "slobodka-2026-10-valid.expected.json").read_text(encoding="utf-8"))
UK, RSO = "slobodka-2026-10-uk.zip", "slobodka-2026-10-rso.zip"
MANAGER, SUPPLIER = (sender["inn"] for sender in EXPECTED["meta"]["senders"])


def take(application: Application, name: str) -> None:
    take_file(application, name, (TOWN / name).read_bytes())


def senders(application: Application) -> dict[str, ProviderId]:
    with transaction(application.engine) as connection:
        return {one.inn: one.provider_id for one in providers(connection) if one.provider_id}


def draft(application: Application, provider_id: ProviderId, mode: str = "charge") -> Draft:
    scope = {"provider_id": provider_id, "month": OCTOBER, "actor": "тест", "clock": application.clock}
    return draft_month(application.engine, mode=mode, law=law(), code_version=CODE_VERSION, **scope)


def charge(application: Application, mode: str) -> list[Draft]:
    """Draft, approve and post October of both senders."""
    drafts = []
    for provider_id in senders(application).values():
        drafts.append(draft(application, provider_id, mode))
        scope = {"provider_id": provider_id, "month": OCTOBER, "actor": "тест", "clock": application.clock}
        approve_month(application.engine, reason="тест", **scope)
        post_month(application.engine, law=law(), **scope)
    return drafts


@contextmanager
def town(server_url: str, template: str, home: Path, *archives: str) -> Iterator[Application]:
    with database_copy(server_url, template, home) as (_, application):
        region = TOWN / "slobodka.region.json"
        load_region_file(application, region.name, region.read_bytes())
        for name in archives:
            take(application, name)
        yield application


def as_set(rows: list[Any]) -> set[str]:
    found = {json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows}
    assert len(found) == len(rows)
    return found


def without_notes(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: item[key] for key in ("file", "row", "field", "code", "severity", "effect")} for item in findings]


@pytest.mark.parametrize(("mode", "archives"), [("charge", (UK, RSO)), ("accept", (RSO, UK))])
def test_every_section_is_as_expected(
    server_url: str, template_database: str, tmp_path: Path, mode: str, archives: tuple[str, str]
) -> None:
    with town(server_url, template_database, tmp_path, *archives) as application:
        drafts = charge(application, mode)
        report = json.loads(json.dumps(month_report(application.engine, month=OCTOBER, law=law())))
        assert report["sections"] == EXPECTED["sections"]
        for name, outcome in EXPECTED["validation"].items():
            assert report["validation"][name]["archive_status"] == outcome["archive_status"]
            assert without_notes(report["validation"][name]["findings"]) == without_notes(outcome["findings"])
        for number, account in EXPECTED["accounts"].items():
            assert report["accounts"][number] == account
        assert report["accounts"].keys() == EXPECTED["accounts"].keys()
        for section in ("houses", "payers", "totals"):
            assert report[section] == EXPECTED[section]
        for section in ("audit", "penalties", "conflicts", "crosswalk"):
            assert as_set(report[section]) == as_set(EXPECTED[section])
        assert as_set(report["payments"].pop("packs")) == as_set(EXPECTED["payments"]["packs"])
        assert report["payments"] == {key: value for key, value in EXPECTED["payments"].items() if key != "packs"}
        assert report["held"] == []
        assert {finding.code for drafted in drafts for finding in drafted.findings} == {"CH-040"}
        assert verify(application.engine, law=law(), code_version=CODE_VERSION).broken == ()

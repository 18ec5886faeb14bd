"""Every sample of the published contract comes out field for field, named by profile and identified by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.banks.detect import detect, parse_file
from adapters.banks.profile import profile_named
from adapters.banks.result import KnownAccounts

GOLDEN = Path(__file__).parents[3] / "golden" / "banks"
CASES = sorted(GOLDEN.glob("*/*.expected.json"))


def comparable(document: dict[str, Any]) -> dict[str, Any]:
    """Errors and warnings as sets, without the free text of an error."""
    errors = [{key: value for key, value in error.items() if key != "detail"} for error in document["errors"]]
    return document | {
        "errors": sorted(errors, key=lambda error: json.dumps(error, sort_keys=True)),
        "warnings": sorted(document["warnings"]),
    }


def known_accounts() -> KnownAccounts:
    """What the samples know about us."""
    return KnownAccounts.from_json(json.loads((GOLDEN / "accounts.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", CASES, ids=[f"{path.parent.name}/{path.name.removesuffix('.expected.json')}" for path in CASES])
def test_sample_gives_exactly_the_expected_document(path: Path) -> None:
    expected = json.loads(path.read_text(encoding="utf-8"))
    data = path.with_name(path.name.removesuffix(".expected.json")).read_bytes()
    parsed = parse_file(expected["file"], data, profile_named(expected["format"]), known_accounts())
    assert comparable(parsed.as_dict()) == comparable(expected)
    assert list(parsed.records) == list(parsed.records)


@pytest.mark.parametrize("path", CASES, ids=[f"{path.parent.name}/{path.name.removesuffix('.expected.json')}" for path in CASES])
def test_sample_is_identified_by_itself(path: Path) -> None:
    expected = json.loads(path.read_text(encoding="utf-8"))
    data = path.with_name(path.name.removesuffix(".expected.json")).read_bytes()
    found = detect(expected["file"], data)
    if path.name.startswith("cut_"):
        assert found is None  # a cut archive has no members to tell it by
        return
    if "BAD_SIGNATURE" in {error["code"] for error in expected["errors"]}:
        assert found is None
        return
    assert found is not None
    wanted = expected["format"]
    assert found.name == ("pipe-delimited" if wanted.startswith("pipe-") else wanted)

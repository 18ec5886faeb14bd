"""Pages and the program agree: error codes, settings, links, examples that run, and no word that does not belong here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from config import settings
from erkc.cli.screen import roubles
from tests.docs.error_codes import ROOT, codes_of_program, codes_of_table

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.md")])
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_error_code_stands_in_the_table_once() -> None:
    table = codes_of_table(OPERATIONS)
    assert sorted(set(table)) == sorted(codes_of_program()), "таблица кодов в docs/operations.md"
    assert len(table) == len(set(table))


def test_every_code_says_what_to_do() -> None:
    for line in OPERATIONS.partition("## Error codes")[2].splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            assert len(cells) == 4, line
            assert all(re.search(r"[а-яё]", cell) for cell in cells[1:]), line


def _keys(table: Mapping[str, Any], before: str = "") -> Iterator[str]:  # Any: values of TOML
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _keys(value, f"{key}.")
        else:
            yield before + key


def test_every_setting_and_variable_is_explained() -> None:
    defaults = tomllib.loads((ROOT / "config" / "default.toml").read_text(encoding="utf-8"))
    for key in _keys(defaults):
        assert f"| `{key}` |" in OPERATIONS, key
    for variable in [*settings._ENVIRONMENT, "ERKC_CONFIG"]:
        assert f"| `{variable}` |" in OPERATIONS, variable


def test_every_job_of_the_schedule_is_explained() -> None:
    schedule = tomllib.loads((ROOT / "config" / "schedules.toml").read_text(encoding="utf-8"))
    for kind in schedule["jobs"]:
        assert f"| `{kind}` |" in OPERATIONS, kind


def _anchor(heading: str) -> str:
    """The anchor that a heading has on GitHub."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.M)
            assert anchor in {_anchor(heading) for heading in headings}, target


def test_paths_named_in_code_exist() -> None:
    for page in PAGES:
        if page.parent not in (ROOT, ROOT / "docs"):
            continue
        for path in re.findall(r"`((?:core|adapters|config|erkc|tests|xsd|examples|docs)/[\w./-]+)`", page.read_text(encoding="utf-8")):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


def _examples() -> Iterator[Any]:
    """Console blocks marked for running, page by page."""
    for page in PAGES:
        blocks = re.findall(r"<!-- run -->\n```console\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
        if blocks:
            yield pytest.param(blocks, id=page.relative_to(ROOT).as_posix())


def _steps(block: str) -> Iterator[tuple[str, list[str]]]:
    """Commands of a block, each with the lines that it must print in this order; «…» stands for anything."""
    for step in block.split("$ ")[1:]:
        command, *output = step.strip().splitlines()
        yield command, [line for line in output if line != "…"]


@pytest.mark.parametrize("blocks", list(_examples()))
def test_examples_run_and_print_what_is_shown(blocks: list[str], tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ERKC_")}
    environment |= {"ERKC_HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for block in blocks:
        for command, shown in _steps(block):
            done = subprocess.run(
                ["bash", "-c", command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
            )
            assert done.returncode in (0, 1) and not done.stderr, f"{command}\n{done.stderr}"
            printed = done.stdout
            for line in shown:
                found = re.search(re.escape(line).replace("…", ".*"), printed)
                assert found, f"{command}: нет строки {line!r} в\n{printed}"
                printed = printed[found.end() :]


FORBIDDEN = {
    "a path of a machine": r"(?<![\w.])/(?:root|home/\w+|Users/\w+)/",
    "the address of a package index": r"(?i)--(?:extra-)?index-url[= ]http|--find-links[= ]http|https?://[^\s/]+/(?:[^\s/]+/)*simple\b",
}
BINARY = {".png", ".zip", ".pdf", ".ttf", ".otf", ".sqlite"}
THIS = Path(__file__).resolve()


def _tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"], capture_output=True, check=False
    )
    if listed.returncode:
        pytest.skip("the list of the project's files is git's; this is not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_no_word_that_does_not_belong_here() -> None:
    found = []
    for path in _tracked():
        if path.suffix in BINARY or not path.is_file() or path.resolve() == THIS:
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {what}" for what, pattern in FORBIDDEN.items() if re.search(pattern, text)]
    assert not found


def test_what_readme_says_of_the_demo_is_what_the_town_expects() -> None:
    """The demo itself is run by ``tests/durability``; here its figures are compared with the town's expected results."""
    expected = json.loads((ROOT / "examples" / "town" / "zarechinsk-2026-10-valid.expected.json").read_text(encoding="utf-8"))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    charged = roubles(int(expected["totals"]["recomputed"].replace(".", "")))
    assert f"│ Начислено  │ {charged} руб. по {len(expected['accounts'])} счетам" in readme
    rows = sum(sum(sections.values()) for sections in expected["sections"].values())
    assert f"zarechinsk-2026-10-valid.zip: {rows} строк" in readme

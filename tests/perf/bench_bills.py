"""Printing bills against the bare template engine on the same pages; size of a bill, and memory over many.

Before timing, the program's files and the bare engine's are shown to hold the same text.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import cast

import pypdf

from core.documents.qr import bill_payload
from core.model.bill import BillContent
from erkc.render.bills import render_batch
from erkc.render.view import View, view
from tests.perf.measure import Pair, compare
from tests.unit.core.documents import samples

__all__ = ["run"]

_PROCESSES = 2


def run(bills: int, rounds: int, many: int) -> Iterator[Pair | str]:
    """Yield the measured pairs and sentences; ``bills`` a pair, ``many`` for memory."""
    with tempfile.TemporaryDirectory() as folder:
        place, contents = Path(folder), _contents(bills)
        yield _same_text(contents[:3], place)
        yield _pair(contents, place, rounds, single=True)
        yield _pair(contents, place, rounds, single=False)
        yield _pair(contents, place, rounds, single=False, threads=1)
        yield _sizes(contents[:100], place)
        yield from _memory(many, place)


def _contents(count: int) -> list[BillContent]:
    """Full pages with four codes each, no two alike."""
    model = samples.content()
    names = ((n, f"202610-{n:06d}", f"411{n:08d}") for n in range(1, count + 1))
    return [replace(model, number=number, account_number=account, payer_name=f"Тестюнхолёв Синтет {n}") for n, number, account in names]


def _bare(contents: Sequence[BillContent], folder: Path, *, single: bool) -> None:
    subprocess.run([sys.executable, "-m", "tests.perf.bare_typst"], input=_order(contents, folder, single=single), check=True)


def _order(contents: Sequence[BillContent], folder: Path, *, single: bool) -> bytes:
    """What the bare way is told: texts as the page shows them, codes as what they say."""
    pages = []
    for content in contents:
        codes = [(bill_payload(content, recipient) or b"").decode() for recipient in content.recipients]
        page = view(content)
        shown = cast("list[View]", page["recipients"])  # a page is JSON-able, so its values have no closer type
        pages.append({**page, "recipients": [{**row, "qr": code} for row, code in zip(shown, codes, strict=True)]})
    return json.dumps({"out": str(folder), "single": single, "views": pages}).encode()


def _ours(contents: Sequence[BillContent], folder: Path) -> None:
    """Batch files, as many processes as the program takes."""
    size = -(-len(contents) // _PROCESSES)
    parts = [contents[start : start + size] for start in range(0, len(contents), size)]
    with ThreadPoolExecutor(_PROCESSES) as pool:
        list(pool.map(lambda n: render_batch(parts[n], folder, single_files=False, name=f"bills-{n}"), range(len(parts))))


def _pair(contents: Sequence[BillContent], folder: Path, rounds: int, *, single: bool, threads: int | None = None) -> Pair:
    """Single files on one process each way; a batch file on two processes against one call of the engine.

    The engine lays out a batch on as many threads as the machine has cores, unless it is told their number.
    """
    name = f"{len(contents)} single bills, one process" if single else f"{len(contents)} bills in batch files, two processes"
    order = _order(contents, folder, single=single)

    def reference() -> None:
        environment = os.environ | ({"RAYON_NUM_THREADS": str(threads)} if threads else {})
        subprocess.run([sys.executable, "-m", "tests.perf.bare_typst"], input=order, check=True, env=environment)

    def candidate() -> None:
        if single:
            render_batch(contents, folder, single_files=True)
        else:
            _ours(contents, folder)

    return compare(
        name, reference=reference, candidate=candidate, prepare=lambda: None, goal=">= 0.8" if single else ">= 1.4", rounds=rounds,
        note=f"reference: bare Typst in one process{', one thread,' if threads else ''} with a fast encoder of codes, texts ready",
    )  # fmt: skip


def _same_text(contents: Sequence[BillContent], folder: Path) -> str:
    _bare(contents, folder, single=True)
    files = render_batch(contents, folder, single_files=True)
    for n, file in enumerate(files):
        ours, bare = (pypdf.PdfReader(path).pages[0].extract_text() for path in (file.path, folder / f"bare-{n}.pdf"))
        if ours != bare:
            raise AssertionError("the program and the bare engine print different texts")
    return f"The same text in {len(files)} bills of the program and of the bare engine."


def _sizes(contents: Sequence[BillContent], folder: Path) -> str:
    single = [file.size for file in render_batch(contents, folder, single_files=True)]
    (batch,) = render_batch(contents, folder, single_files=False)
    own, shared = sum(single) / len(single) / 1024, batch.size / len(contents) / 1024
    return f"Size of a bill: {own:.1f} KB in a file of its own (goal <= 60), {shared:.1f} KB in a batch file."


def _memory(many: int, folder: Path) -> Iterator[str]:
    """Peak memory of the renderer's processes and of the caller, over a tenth of the bills and over all of them."""
    peaks = []
    for count in (many // 10, many):
        script = (
            "import resource, sys; from pathlib import Path\n"
            "from tests.perf.bench_bills import _contents; from erkc.render.bills import render_batch\n"
            f"render_batch(_contents({count}), Path(sys.argv[1]), single_files=False)\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        done = subprocess.run([sys.executable, "-c", script, str(folder)], check=True, capture_output=True, text=True)
        own, child = (int(value) // 1024 for value in done.stdout.split())
        peaks.append((count, own, child))
    yield "Memory, MB: " + "; ".join(f"{count} bills: caller {own}, a renderer {child}" for count, own, child in peaks)


def main() -> None:
    """Run this benchmark alone, at sizes of one's own."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bills", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--many", type=int, default=10_000)
    chosen = parser.parse_args()
    for result in run(chosen.bills, chosen.rounds, chosen.many):
        print(result, flush=True)


if __name__ == "__main__":
    main()

"""An archive of any size is written in the same memory, and a small one as it always was."""

from __future__ import annotations

import tempfile
import tracemalloc
import zipfile

from adapters.format4.layout import layout_for
from adapters.format4.writer import ArchiveWriter

_INFO = [
    "4.0.6.2",
    "0077000116",
    "007701001",
    "1260077000072",
    "РЦ",
    "K",
    "2026",
    "10",
    "04.11.2026 06:00:00",
    "Тест",
    "+7",
    "36",
    "erkc",
    "1",
]


def _peak(blocks: int) -> tuple[int, int]:
    """Bytes of memory at most, and unpacked bytes of the table."""
    layout, _ = layout_for("4.0.6.2")
    rows = [[str(n), f"Единица {n}", "x" * 50, "", ""] for n in range(500)]
    with tempfile.TemporaryFile() as out, ArchiveWriter(layout) as writer:
        tracemalloc.start()
        for _ in range(blocks):
            writer.add("dictmeasure", rows)
        writer.finish(_INFO, out)  # type: ignore[arg-type]  # IO[bytes] and BinaryIO are one
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        with zipfile.ZipFile(out) as archive:
            return peak, archive.getinfo("dictmeasure.csv").file_size


def test_memory_does_not_grow_with_the_archive() -> None:
    _peak(1)
    small, large = _peak(10), _peak(80)
    assert large[1] > 2_500_000 and large[1] > 7 * small[1]
    assert large[0] < small[0] + 500_000

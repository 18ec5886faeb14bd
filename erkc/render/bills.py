"""Renders bills as PDF files: contents in, files out, one fresh process for each batch of at most 250.

A batch is a subprocess because the engine keeps some megabytes for each page and slows down with it; a process that ends gives all
of it back. A batch whose process dies is tried once more without what is already written; then the loss is named, and files stay.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.errors import InvariantError
from core.model.bill import BillContent
from core.model.bill_json import canonical, to_json
from erkc.render.compile import template_version
from erkc.render.look import AS_USUAL, Look

__all__ = ["BATCH", "Progress", "Rendered", "render_batch", "template_version"]

BATCH = 250
"""Bills in one process: in one file they take about 0.9 GB of memory, one by one 0.2 GB."""
_ATTEMPTS = 2

Progress = Callable[[int], None]
"""Called with the number of bills finished since the last call."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """One file on disk and the bills in it, in order."""

    path: Path
    sha256: bytes
    size: int
    numbers: tuple[str, ...]


def render_batch(
    contents: Sequence[BillContent],
    out_dir: Path,
    *,
    single_files: bool,
    progress: Progress | None = None,
    name: str = "bills",
    look: Look = AS_USUAL,
) -> list[Rendered]:
    """Write the bills as PDF: a file each, or one file for each 250 (``<name>-001.pdf`` …), and return the files in the order of the bills.

    Files are whole or absent; the same content gives the same bytes. Raises :class:`InvariantError` EPD-0301 when a process dies twice.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    files: list[Rendered] = []
    for start in range(0, len(contents), BATCH):
        part = contents[start : start + BATCH]
        files += _batch(
            part,
            out_dir,
            single=single_files,
            name=f"{name}-{start // BATCH + 1:03d}.pdf",
            progress=progress,
            look=look,
        )
    return files


def _batch(
    contents: Sequence[BillContent], out_dir: Path, *, single: bool, name: str, progress: Progress | None, look: Look
) -> list[Rendered]:
    found: dict[str, Rendered] = {}
    trouble = ""
    for _ in range(_ATTEMPTS):
        left = [content for content in contents if content.number not in found]
        if not left:
            break
        trouble = _run(left, out_dir, single=single, name=name, found=found, progress=progress, look=look)
    missing = [content.number for content in contents if content.number not in found]
    if missing:
        raise InvariantError(
            "EPD-0301",
            f"Не напечатаны документы: {len(missing)} из {len(contents)}, первый № {missing[0]}.",
            hint="Готовые файлы целы. Повторите печать; если не поможет, передайте разработчику сообщение процесса печати.",
            numbers=missing,
            stderr=trouble,
        )
    return list(dict.fromkeys(found[content.number] for content in contents))


def _run(
    contents: Sequence[BillContent], out_dir: Path, *, single: bool, name: str, found: dict[str, Rendered], progress: Progress | None,
    look: Look,
) -> str:  # fmt: skip
    """One process; what it says it has written goes into ``found``. Returns its last words when it failed."""
    order = {
        "out": str(out_dir),
        "single": single,
        "name": name,
        **look.to_order(),
    }
    command = [sys.executable, "-m", "erkc.render.batch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdin and child.stdout and child.stderr
        said: list[bytes] = []
        listener = threading.Thread(target=lambda pipe: said.append(pipe.read()), args=(child.stderr,), daemon=True)
        listener.start()
        try:
            _send(child.stdin, [canonical(order), *map(to_json, contents)])
            for line in child.stdout:
                _take(line, found, progress)
        except BaseException:
            child.kill()
            raise
        listener.join()
    return b"".join(said).decode(errors="replace")[-4000:] if child.returncode else ""


def _send(pipe: IO[bytes], lines: Iterable[bytes]) -> None:
    try:
        pipe.writelines(line + b"\n" for line in lines)
        pipe.close()
    except BrokenPipeError:  # the child died before it read all: its exit code and words tell why
        return


def _take(line: bytes, found: dict[str, Rendered], progress: Progress | None) -> None:
    try:
        answer = json.loads(line)
    except ValueError:  # a line cut off by the death of the child: the file is written again, with the same bytes
        return
    if "path" not in answer:
        return
    file = Rendered(Path(answer["path"]), bytes.fromhex(answer["sha256"]), answer["size"], tuple(answer["numbers"]))
    found.update(dict.fromkeys(file.numbers, file))
    if progress is not None:
        progress(len(file.numbers))

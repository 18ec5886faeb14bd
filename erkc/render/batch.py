"""The child process of a batch: contents of bills as JSON on standard input, PDF files out, one JSON line on standard output for each file.

``python -m erkc.render.batch``. It touches no database and no network. A file appears under its name only when it is whole (written beside
it and renamed), so a child that is killed leaves whole files and nothing else that counts. Standard output ends with ``{"done": n}``.
While the engine lays out a bill, which needs nothing of Python, the one before is packed and brought to the disk, and the next made ready.
"""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from core.model.bill import BillContent
from core.model.bill_json import from_json
from erkc.render.compile import BillCompiler
from erkc.render.look import Look
from erkc.render.pack import pack
from erkc.render.view import view

__all__ = ["file_name", "main"]


def file_name(content: BillContent) -> str:
    """Name of the file of a bill: provider and number are unique together; signs that a file system may refuse are replaced."""
    number = "".join(char if char.isalnum() or char in "-_." else "_" for char in content.number)
    return f"{content.month}-{content.provider_inn or 'bill'}-{number}.pdf"


def main(source: IO[bytes] | None = None, answers: IO[str] | None = None) -> int:
    """Render one batch. The first line says how: ``{"out": folder, "single": bool, "name": file name, "code": {"period": …, "zero": …},
    "explain_url": ""}``; each further line is the content of a bill."""
    lines, out = source or sys.stdin.buffer, answers or sys.stdout
    order: dict[str, Any] = json.loads(lines.readline())  # JSON: what bills hold is checked by from_json
    contents = [from_json(line) for line in lines]
    count = 0
    for answer in _render(contents, Path(order["out"]), single=order["single"], name=order["name"], look=Look.from_order(order)):
        print(json.dumps(answer, ensure_ascii=False), file=out, flush=True)
        count += 1
    print(json.dumps({"done": count}), file=out, flush=True)
    return 0


def _render(contents: list[BillContent], folder: Path, *, single: bool, name: str, look: Look) -> Iterator[dict[str, object]]:
    compiler = BillCompiler()
    if not single:
        title = f"Единые платёжные документы за {contents[0].month.title}"
        pages = [view(content, look) for content in contents]
        yield _write(folder / name, compiler.pdf(pages, title=title), [content.number for content in contents])
        return
    with ThreadPoolExecutor(1) as engine:
        printing: deque[tuple[BillContent, Future[bytes]]] = deque()
        for content in contents:
            page = view(content, look)
            printing.append((content, engine.submit(compiler.pdf, [page], title=str(page["title"]), packed=False)))
            if len(printing) > 1:
                yield _finish(folder, *printing.popleft())
        for last in printing:
            yield _finish(folder, *last)


def _finish(folder: Path, content: BillContent, printed: Future[bytes]) -> dict[str, object]:
    return _write(folder / file_name(content), pack(printed.result()), [content.number])


def _write(path: Path, data: bytes, numbers: list[str]) -> dict[str, object]:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return {"path": str(path), "sha256": sha256(data).hexdigest(), "size": len(data), "numbers": numbers}


if __name__ == "__main__":
    sys.exit(main())

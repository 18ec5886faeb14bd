"""The floor of a bill: the engine and a fast encoder of codes on pages whose texts are ready. ``python -m tests.perf.bare_typst``.

JSON on standard input: ``{"out": folder, "single": bool, "views": [page, …]}``, a code as the text that it says; files out as the program
writes them, but neither packed nor brought to the disk.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from erkc.render.compile import BillCompiler
from erkc.render.symbol import png


def main() -> None:
    """Compile the pages, one file each or all in one."""
    order = json.load(sys.stdin)
    compiler, out = BillCompiler(), Path(order["out"])
    for page in order["views"]:
        for recipient in page["recipients"]:
            recipient["qr"] = list(png(recipient["qr"].encode()))
    groups = [[page] for page in order["views"]] if order["single"] else [order["views"]]
    for n, pages in enumerate(groups):
        (out / f"bare-{n}.pdf").write_bytes(compiler.pdf(pages, title="bills", packed=False))


if __name__ == "__main__":
    main()

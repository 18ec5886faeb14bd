"""The floor of a bill: the engine alone on pages whose texts and codes are ready. ``python -m tests.perf.bare_typst``.

JSON on standard input: ``{"out": folder, "single": bool, "views": [page, …]}``; files out, as the program writes them, but not packed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from erkc.render.compile import BillCompiler


def main() -> None:
    """Compile the pages, one file each or all in one."""
    order = json.load(sys.stdin)
    compiler, out = BillCompiler(), Path(order["out"])
    groups = [[page] for page in order["views"]] if order["single"] else [order["views"]]
    for n, pages in enumerate(groups):
        (out / f"bare-{n}.pdf").write_bytes(compiler.pdf(pages, title="bills", packed=False))


if __name__ == "__main__":
    main()

"""Compiles views into PDF/A-2a bytes with Typst: the bundled fonts only, the dates of the content only, so a reprint is byte-equal.

Runs in the short-lived process of a batch (``erkc.render.batch``), because the engine keeps a growing cache.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import cast

import typst

from erkc.render.pack import pack
from erkc.render.view import View

__all__ = ["BillCompiler", "template_version"]

_STANDARD: typst.PDFStandard = "a-2a"
"""Tagged (read aloud in the right order), self-contained, kept for decades: ISO 19005-2, level A."""
_FONTS = ("RobotoCondensed-Regular.ttf", "RobotoCondensed-Bold.ttf")


@cache
def template_version(explain_url: str = "") -> str:
    """What the look of a page depends on besides its content: template, texts of the view, fonts, engine and the address of explanations,
    as a short hash."""
    room = files("erkc.render")
    digest = sha256(version("typst").encode())
    for name in ("templates/bill.typ", "view.py", "symbol.py", "pack.py", *(f"fonts/{font}" for font in _FONTS)):
        digest.update(room.joinpath(name).read_bytes())
    digest.update(explain_url.encode())
    return f"bill-{digest.hexdigest()[:12]}"


class BillCompiler:
    """One Typst compiler with the bill's template and fonts loaded."""

    def __init__(self) -> None:
        room = Path(str(files("erkc.render")))  # a folder on disk in a wheel, an editable install and a checkout alike
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[room / "fonts"])
        self._compiler = typst.Compiler(input=room / "templates" / "bill.typ", root=room / "templates", font_paths=fonts)

    def pdf(self, views: Sequence[View], *, title: str, packed: bool = True) -> bytes:
        """One PDF of all the bills, each from a new page. All dates inside are the issue date of the first bill."""
        year, month, day = cast(list[int], views[0]["issued"])  # the view is JSON-able, so its values have no closer type
        result = self._compiler.compile(
            format="pdf",
            sys_inputs=_inputs(views, title),
            pdf_standards=[_STANDARD],
            timestamp=datetime(year, month, day, tzinfo=UTC),
        )
        if not isinstance(result, bytes):
            raise TypeError("the engine gave no single file")
        return pack(result) if packed else result

    def png(self, bill: View, *, title: str, ppi: int = 110) -> bytes:
        """The first page of one bill as a picture."""
        result = self._compiler.compile(format="png", sys_inputs=_inputs([bill], title), ppi=ppi)
        page = result[0] if isinstance(result, list) else result
        if page is None:
            raise TypeError("the engine gave no page")
        return page


def _inputs(views: Sequence[View], title: str) -> dict[str, str]:
    provider = cast(dict[str, str], views[0]["provider"])  # as above
    data = {"bills": list(views), "title": title, "author": provider["name"], "issued": views[0]["issued"]}
    return {"bills": json.dumps(data, ensure_ascii=False)}

"""Golden bills: what each sample says (canonical JSON) and how it looks (a small grey picture of its first page).

``python -m tests.golden.bills`` writes them anew; look at every picture before you commit one.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from core.model.bill import BillContent
from core.model.bill_json import to_json
from erkc.render.compile import BillCompiler
from erkc.render.view import view

__all__ = ["FOLDER", "differs", "picture", "picture_of", "text_of", "write"]

FOLDER = Path(__file__).parent
_PPI = 60
_CELL = 6
"""Pixels of a side of the cells that are compared by their mean, so that another rounding of a letter's edge does not matter."""


def text_of(content: BillContent) -> str:
    """The content as it is stored, with a newline for editors."""
    return to_json(content).decode() + "\n"


def picture(compiler: BillCompiler, content: BillContent) -> Image.Image:
    """The first page, grey."""
    return Image.open(io.BytesIO(compiler.png(view(content), title="x", ppi=_PPI))).convert("L")


def picture_of(name: str) -> Image.Image:
    """The golden picture of a sample."""
    return Image.open(FOLDER / f"{name}.png").convert("L")


def differs(one: Image.Image, other: Image.Image) -> float:
    """The greatest difference of the means of a cell of both pictures, 0 to 255; pictures of different sizes differ wholly."""
    if one.size != other.size:
        return 255.0
    a, b = (_means(image) for image in (one, other))
    return float(np.abs(a - b).max())


def _means(image: Image.Image) -> np.ndarray:  # type: ignore[type-arg]  # of floats
    pixels = np.asarray(image, dtype=np.float64)
    rows, columns = (size // _CELL for size in pixels.shape)
    return pixels[: rows * _CELL, : columns * _CELL].reshape(rows, _CELL, columns, _CELL).mean(axis=(1, 3))


def write(name: str, compiler: BillCompiler, content: BillContent) -> None:
    """Make a sample's present look the golden one."""
    (FOLDER / f"{name}.json").write_text(text_of(content), encoding="utf-8")
    picture(compiler, content).save(FOLDER / f"{name}.png", optimize=True)

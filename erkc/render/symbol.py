"""Draws a payment code: the matrix comes from zxing-cpp, the picture is a small black-and-white PNG written here.

The payload goes in as bytes (byte mode): given as text, the encoder would choose the Kanji mode for Cyrillic letters, and the bytes that a
bank's scanner reads would not be those of the standard. A PNG is a twentieth of the size of the same symbol drawn as a path.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt
import zxingcpp

__all__ = ["matrix", "png"]

_LONGEST_M = 450
"""Bytes up to which correction level M is taken: it then has at most 81 modules a side; a longer payload takes L, so that the modules stay
large enough to print."""
_QUIET = 4
"""Modules of quiet zone on each side (ISO/IEC 18004)."""
_SCALE = 4
"""Pixels a module: a viewer that smooths pictures then softens an edge, not a whole module."""


def matrix(payload: bytes) -> npt.NDArray[np.bool_]:
    """The modules of the symbol without its quiet zone; True is black."""
    level = "M" if len(payload) <= _LONGEST_M else "L"
    barcode = zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    pixels: npt.NDArray[np.uint8] = np.asarray(barcode.to_image(scale=1, add_quiet_zones=False), dtype=np.uint8)
    black: npt.NDArray[np.bool_] = pixels == 0
    return black


def png(payload: bytes) -> bytes:
    """The symbol with its quiet zone as a one-bit greyscale PNG."""
    light = np.pad(~matrix(payload), _QUIET, constant_values=True).repeat(_SCALE, axis=0).repeat(_SCALE, axis=1)
    side = light.shape[0]
    rows = np.packbits(light, axis=1)
    raw = np.hstack([np.zeros((side, 1), dtype=np.uint8), rows]).tobytes()  # each row after its filter type, 0
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(raw, 6)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

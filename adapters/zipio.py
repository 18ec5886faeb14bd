"""Opening ZIP archives that strangers made: one choice of file name encoding, and one list of what damaged contents raise."""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from typing import IO

__all__ = ["DAMAGE", "open_zip"]

DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
"""What ``zipfile`` raises for contents that are cut, damaged, encrypted (``RuntimeError``) or packed by an unknown method
(``NotImplementedError``). Catch it around reading only, never around code that works on what was read."""


def open_zip(data: bytes | IO[bytes]) -> zipfile.ZipFile:
    """Open bytes, or a file of them, as an archive. Raises ``DAMAGE``.

    Names without the UTF-8 mark are CP866, as Windows archivers in Russia write them.
    """
    source = io.BytesIO(data) if isinstance(data, bytes) else data
    return zipfile.ZipFile(source, metadata_encoding="cp866")

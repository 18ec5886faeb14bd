"""The files of issued documents as they were first made, by their hash: what a payer was given can be given again, byte for byte.

A file lies in ``<home>/documents`` under its SHA-256; where the file system can, it is the same file as the one in the folder of the issue.
"""

from __future__ import annotations

import os
import shutil
from hashlib import sha256
from pathlib import Path

__all__ = ["DocumentStore"]


class DocumentStore:
    """Documents kept in one folder."""

    def __init__(self, home: Path) -> None:
        self._root = home / "documents"

    def keep(self, path: Path, digest: bytes) -> None:
        """Keep a finished file under its hash; kept already: nothing happens."""
        place = self._place(digest, path.suffix)
        if place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            try:
                os.link(path, partial)
            except OSError:  # another file system, or one without links
                shutil.copyfile(path, partial)
            partial.replace(place)
        finally:
            partial.unlink(missing_ok=True)

    def find(self, digest: bytes, suffix: str = ".pdf") -> bytes | None:
        """The bytes of a hash; None when they are not here, or are not what they were."""
        try:
            data = self._place(digest, suffix).read_bytes()
        except OSError:
            return None
        return data if sha256(data).digest() == digest else None

    def _place(self, digest: bytes, suffix: str) -> Path:
        name = digest.hex()
        return self._root / name[:2] / f"{name[2:]}{suffix}"

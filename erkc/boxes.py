"""Where files come in: a folder with ``done`` and ``refused`` beside what waits, and ``protocols`` for the answers to banks.

``<home>/inbox`` takes whatever the adapters recognise. A folder inside it that bears the name of a bank profile is the inbox of that
contract: its files are read with that profile and no other, so contracts that share a layout are never confused. Nothing here decides
anything: a box lists, reads, answers and puts away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from adapters.banks.profile import Profile, bundled

__all__ = ["Box", "FolderBox", "local_boxes", "write_whole"]

_KEPT = ("done", "refused", "protocols")


class Box(Protocol):
    """One place that files come to."""

    @property
    def title(self) -> str:
        """Where it is, for people."""
        ...

    @property
    def profile(self) -> Profile | None:
        """Of the contract whose files come here; None: whatever is recognised."""
        ...

    def names(self) -> list[str]:
        """Files that wait, those left out that are still being written (their names begin with a dot)."""
        ...

    def read(self, name: str) -> bytes:
        """All bytes of a file."""
        ...

    def answer(self, name: str, data: bytes) -> str:
        """Write a protocol back; where it lies."""
        ...

    def put_away(self, name: str, *, refused: bool) -> str:
        """Move a file whose bytes are in the archive; where it lies."""
        ...


@dataclass(frozen=True, slots=True)
class FolderBox:
    """A folder of this machine (or one that is mounted)."""

    folder: Path
    profile: Profile | None = None

    @property
    def title(self) -> str:
        """The folder."""
        return str(self.folder)

    def names(self) -> list[str]:
        """Files of the folder itself."""
        if not self.folder.is_dir():
            return []
        return sorted(path.name for path in self.folder.iterdir() if path.is_file() and not path.name.startswith("."))

    def read(self, name: str) -> bytes:
        """All bytes of a file."""
        return (self.folder / name).read_bytes()

    def answer(self, name: str, data: bytes) -> str:
        """Into ``protocols``; the same answer again replaces itself."""
        place = self.folder / "protocols" / name
        write_whole(place, data)
        return str(place)

    def put_away(self, name: str, *, refused: bool) -> str:
        """Into ``done`` or ``refused``; a file of the same name that was moved before is kept beside."""
        file, folder = self.folder / name, self.folder / ("refused" if refused else "done")
        folder.mkdir(parents=True, exist_ok=True)
        target, number = folder / name, 1
        while target.exists():
            number += 1
            target = folder / f"{file.stem}-{number}{file.suffix}"
        file.rename(target)
        return str(target)


def write_whole(place: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees a part of it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f".{place.name}.part")
    unfinished.write_bytes(data)
    unfinished.replace(place)


def local_boxes(home: Path) -> Iterator[FolderBox]:
    """The inbox, and the contracts' own inside it."""
    inbox = home / "inbox"
    yield FolderBox(inbox)
    if inbox.is_dir():
        known = bundled()
        for folder in sorted(path for path in inbox.iterdir() if path.is_dir() and path.name not in _KEPT):
            if folder.name in known:
                yield FolderBox(folder, known[folder.name])

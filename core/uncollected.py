"""Work on a batch (houses of a month, rows of a registry, documents of a package) without the collector of cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["uncollected"]


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the collector, which would look through all that the batch holds again and again (measured: a quarter of a month's charges),
    though it has no cycles; what is made here goes when the batch does."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

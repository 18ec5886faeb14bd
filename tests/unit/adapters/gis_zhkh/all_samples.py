"""Every sample message by name: what the golden, schema and mutation tests run over."""

from __future__ import annotations

import copy
import functools
from typing import Any

from tests.unit.adapters.gis_zhkh.branch_samples import branch_requests
from tests.unit.adapters.gis_zhkh.federal_samples import replies, requests
from tests.unit.adapters.gis_zhkh.operation_samples import operation_replies, operation_requests

__all__ = ["all_replies", "all_requests"]


@functools.cache
def _requests() -> dict[str, Any]:
    return {**requests(), **branch_requests(), **operation_requests()}


@functools.cache
def _replies() -> dict[str, Any]:
    ours = replies()
    return {**ours, **{f"{name} (more)" if name in ours else name: value for name, value in operation_replies().items()}}


class _Copies(dict[str, Any]):
    """Samples that every reader gets a copy of, so that a test may change its own."""

    def __getitem__(self, name: str) -> Any:
        return copy.deepcopy(super().__getitem__(name))


def all_requests() -> dict[str, Any]:
    """Messages that we send."""
    return _Copies(_requests())


def all_replies() -> dict[str, Any]:
    """Answers that we read."""
    return _Copies(_replies())

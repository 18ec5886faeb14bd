"""The law checked by anybody's vectors: each module ``harness_*`` of this folder registers harnesses that call our public functions."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from erkc.law.vectors import HARNESSES, Failure, Got, Outcome, Vector, check, harness, read_vectors

__all__ = ["HARNESSES", "Failure", "Got", "Outcome", "Vector", "check", "harness", "read_vectors"]

for _module in iter_modules(__path__):
    if _module.name.startswith("harness_"):
        import_module(f"{__name__}.{_module.name}")

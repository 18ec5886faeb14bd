"""How a message's outcome is called: one word for each state, on every screen, in every answer and in the page for operators."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["INTAKE_STATES"]

INTAKE_STATES: Mapping[str, str] = {
    "accepted": "принят",
    "ok": "принят",
    "accepted_with_errors": "принят с ошибками",
    "partial": "принят частично",
    "rejected": "отклонён",
    "conflict": "противоречит принятому ранее",
    "waiting": "ждёт остальных частей",
    "joined": "собран с остальными частями",
}
"""Archives are ``accepted``, ``accepted_with_errors`` or ``rejected``; files of banks ``ok``, ``partial``, ``rejected`` or ``conflict``.
A part of a split or paired archive is ``waiting``, then ``joined``."""

"""What a message says as a whole: the value an adapter gives last, and the service of taking reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Parsed"]


@dataclass(frozen=True, slots=True)
class Parsed:
    """Everything a message says about itself as a whole, known after its records were read.

    ``status`` is the adapter's own word for the whole (``accepted``, ``accepted_with_errors``, ``rejected`` …); ``header`` holds what
    identifies the sender and the period; ``counts`` data rows by section. ``suspended`` names the payments (by record key) whose money goes
    to the suspense account, with the code of the finding that sends it there; all other payments are posted.
    """

    status: str
    header: Mapping[str, str]
    counts: Mapping[str, int] = field(default_factory=dict)
    suspended: Mapping[str, str] = field(default_factory=dict)

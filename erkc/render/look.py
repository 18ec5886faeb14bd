"""What a page shows besides the content of its bill, as settings have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.documents.qr import CodeForm

__all__ = ["AS_USUAL", "Look"]


_AS_STANDARD = CodeForm()


@dataclass(frozen=True, slots=True)
class Look:
    """The form of the payment codes, and where bills are explained (``{code}`` in the address stands for a bill's control code)."""

    code: CodeForm = _AS_STANDARD
    explain_url: str = ""

    def to_order(self) -> dict[str, object]:
        """As the process of a batch takes it."""
        return {"code": {"period": self.code.period, "zero": self.code.zero}, "explain_url": self.explain_url}

    @classmethod
    def from_order(cls, order: Mapping[str, object]) -> Look:
        """Of an order; what it does not say is as by default."""
        code = order.get("code", {})
        return cls(CodeForm(**code) if isinstance(code, dict) else CodeForm(), str(order.get("explain_url", "")))


AS_USUAL = Look()
"""What holds where nothing is set."""

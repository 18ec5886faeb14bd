"""A row of a charges registry for banks: what one account owes one payee by its bill, and how the payer is found.

Rooms hand it to each other: bills give rows, adapters write them as each bank wants them.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BankCharge", "BankPayee"]


@dataclass(frozen=True, slots=True, order=True)
class BankPayee:
    """Whose money it is, by the settlement account that the bill prints: a registry is made for one payee."""

    inn: str
    account: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class BankCharge:
    """What an account is to pay; kopecks, ``charge`` and ``penalty`` together are positive."""

    account: str
    els: str
    izku: str
    house_fias: str
    flat: str
    payer_name: str
    address: str
    """In one line, with the premises."""
    city: str
    street: str
    house: str
    charge: int
    penalty: int = 0
    premises: str = ""
    """Premises and room as the address has them: ``кв. 10``."""
    bill: str = ""
    """Number of the bill, which a bank shows as that of the receipt."""

    @property
    def amount(self) -> int:
        """All that is to pay."""
        return self.charge + self.penalty

"""Records of banks: registries, their payments, statement lines. They belong to the centre; the agent's operation id is the identity."""

from core.records.bank.store import (
    KnownPayment,
    PaymentRow,
    RegistryRow,
    StatementRow,
    known_lines,
    known_payments,
    known_registry,
    lines_of,
    payments_of,
    read_payments,
    read_registries,
    read_statement_lines,
    stornos_of,
)

__all__ = [
    "KnownPayment",
    "PaymentRow",
    "RegistryRow",
    "StatementRow",
    "known_lines",
    "known_payments",
    "known_registry",
    "lines_of",
    "payments_of",
    "read_payments",
    "read_registries",
    "read_statement_lines",
    "stornos_of",
]

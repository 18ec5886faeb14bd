"""One account's month explained: line → clause with its numbers → records → messages. Read by people, and by machines as JSON.

The formula and the numbers are written by the clause itself; the way back of every number is read from the records. A third party
recomputes each amount from ``steps[].arguments`` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine

from core.charges.explain import Explanation, explain_line
from core.errors import InputError
from core.ids import RecordId
from core.ledger.calculations import Calculation, latest_calculation, read_lines
from core.model.lines import ChargeLine
from core.period import Month
from core.records.entities import AccountNumber, find_accounts
from core.records.latest import read_organisations, read_services
from core.records.origins import Origin, origins
from core.storage.engine import transaction

__all__ = ["AccountExplained", "LineExplained", "explain_account"]


@dataclass(frozen=True, slots=True)
class LineExplained:
    """A line with its explanation; None for a line that is the sender's own statement."""

    line: ChargeLine
    service: str
    creditor: str
    explanation: Explanation | None


@dataclass(frozen=True, slots=True)
class AccountExplained:
    """All lines of an account in a month, and the origins of every record they name."""

    account: AccountNumber
    month: Month
    calculation: Calculation
    lines: tuple[LineExplained, ...]
    origins: Mapping[RecordId, Origin]

    @property
    def total(self) -> int:
        """Kopecks charged for the month."""
        return sum(item.line.total for item in self.lines)


def explain_account(engine: Engine, *, number: str, month: Month) -> list[AccountExplained]:
    """Explain every account of a number (two providers may have the same); ``InputError`` when there is none or no lines."""
    with transaction(engine) as connection:
        found = find_accounts(connection, [number]).get(number, [])
        if not found:
            raise InputError("EX-0101", f"Лицевой счёт {number} не найден.", hint="Проверьте номер; он стоит на квитанции.", account=number)
        explained = []
        for account in found:
            mode = "charge"
            calculation = latest_calculation(connection, provider_id=account.provider_id, month=month, mode=mode)
            if calculation is None:
                continue
            lines = list(read_lines(connection, calculation, [account.account_id]))
            services = {row.entity_id: row for row in read_services(connection, provider_id=account.provider_id, month=month)}
            names = {row.entity_id: row.name for row in read_organisations(connection, provider_id=account.provider_id, month=month)}
            lines.sort(
                key=lambda line: (
                    services[line.service_id].sort_order or 999,
                    len(services[line.service_id].key),
                    services[line.service_id].key,
                )
            )
            sources = sorted({record for line in lines for record in line.sources})
            explained.append(
                AccountExplained(
                    account,
                    month,
                    calculation,
                    tuple(
                        LineExplained(line, services[line.service_id].name, names[line.creditor_id], explain_line(line)) for line in lines
                    ),
                    origins(connection, sources),
                )
            )
    if not explained:
        raise InputError("EX-0102", f"За {month.title} по счёту {number} ничего не рассчитано.", hint=f"Выполните erkc bill month {month}.")
    return explained

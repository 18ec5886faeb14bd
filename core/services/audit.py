"""The audit of a provider's month: each line that the sender stated otherwise than the law has it, with its proved cause.

A line that our calculation holds is left out: until what is missing comes, nobody can say what the law has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from core.charges.audit import AuditRow, SenderFacts, Stated, audit_house
from core.ids import EntityId
from core.model.facts import AccountFacts, HouseFacts
from core.model.finding import Finding
from core.money import format_roubles
from core.records.latest import read_stated_lines
from core.records.rows import StatedLineRow
from core.services.month_view import Json, ProviderMonth

__all__ = ["audit_month", "audit_section"]

_Line = tuple[EntityId, EntityId]


def audit_month(part: ProviderMonth) -> Iterator[AuditRow]:
    """The differing lines of a provider's month, house by house."""
    stated = _stated(part)
    by_account: dict[EntityId, dict[_Line, Stated]] = defaultdict(dict)
    for line, said in stated.items():
        by_account[line[0]][line] = said
    region = part.rules.facts
    for joint in part.joint.values():
        house, own = joint.house, joint.own
        held = _Held(own, part.held)
        ids = [account.account_id for account in own.accounts]
        senders = {account.account_id: _sender(part, account) for account in own.accounts}
        yield from audit_house(
            house,
            region,
            part.law,
            part.month,
            stated={line: said for account in ids for line, said in by_account[account].items() if line not in held},
            recomputed=_recomputed(part, ids),
            senders=senders,
        )


class _Held:
    """Lines of a house that were held: there is no lawful sum to hold the sender's against."""

    def __init__(self, house: HouseFacts, findings: Iterable[Finding]) -> None:
        ours = {account.account_id for account in house.accounts}
        self._places = {
            (item.account_id, item.service_id)
            for item in findings
            if item.effect != "stop_house" and (item.account_id in ours or item.house_id in (None, house.house_id))
        }

    def __contains__(self, line: _Line) -> bool:
        account, service = line
        return any(place in self._places for place in ((account, service), (account, None), (None, service), (None, None)))


def audit_section(parts: Sequence[ProviderMonth]) -> list[Json]:
    """The section ``audit`` of a month's report over all providers."""
    return [_row(part, row) for part in parts for row in audit_month(part)]


def _sender(part: ProviderMonth, account: AccountFacts) -> SenderFacts:
    """What the sender itself says of the account, whoever is believed."""
    row = part.accounts[account.account_id]
    return SenderFacts(row.area_e2, row.residents_stated, account.residences)


def _recomputed(part: ProviderMonth, accounts: Sequence[EntityId]) -> dict[_Line, int]:
    totals: dict[_Line, int] = defaultdict(int)
    for account in accounts:
        for line in part.computed.get(account, ()):
            totals[account, line.service_id] += line.total
    return totals


def _stated(part: ProviderMonth) -> dict[_Line, Stated]:
    """The sender's lines of the month as sent; rows of one account and service are slices of one line."""
    rows: dict[_Line, list[StatedLineRow]] = defaultdict(list)
    for row in read_stated_lines(part.connection, provider_id=part.provider.provider_id, month=part.month):
        if row.account_id is not None and row.service_id is not None:
            rows[row.account_id, row.service_id].append(row)
    return {
        line: Stated(
            total=sum(row.total for row in slices),
            tariffs=tuple(Fraction(row.tariff_e6, 10**6) for row in slices),
            volume=_volume(slices),
        )
        for line, slices in rows.items()
    }


def _volume(slices: Sequence[StatedLineRow]) -> Fraction | None:
    volume = slices[0].volume_e6
    return None if len(slices) > 1 or volume is None else Fraction(volume, 10**6)


def _row(part: ProviderMonth, row: AuditRow) -> Json:
    key = part.service_keys[row.service_id]
    return {
        "account": part.accounts[row.account_id].number,
        "service": int(key) if key.isdecimal() else key,
        "stated": format_roubles(row.stated),
        "recomputed": format_roubles(row.recomputed),
        "diff": format_roubles(row.difference),
        "causes": list(row.causes),
    }

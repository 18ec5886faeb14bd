"""Blocks of recalculation: a court or an instalment plan has fixed what an account owes for some months.

A block is a decision of the centre: archived with its reason, then a record of its own, so that a calculation sees the blocks known at its
start and no later ones. While it stands, differences of the blocked months are computed and told, not posted; when it is taken off, the
next draft has them. The area of an account from a day inside a month, and a mass recalculation of a house, come the same way.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from datetime import date

from sqlalchemy import Connection, Engine

from core import archive
from core.clock import Clock
from core.errors import InputError
from core.ids import EntityId, MessageId, ProviderId, RecordId
from core.model.finding import Position
from core.model.records import AccountArea, MassRecalculation, RecalculationBlock, Record
from core.period import Month
from core.records.bodies import read_records
from core.records.entities import AccountNumber, accounts_of, entity_ids, find_accounts
from core.records.latest import read_houses_list
from core.records.providers import providers
from core.records.store import save
from core.storage.engine import transaction

__all__ = [
    "Block",
    "ListedBlock",
    "block_recalculation",
    "blocks_known",
    "decide_mass_recalculation",
    "list_blocks",
    "set_area",
    "unblock_recalculation",
]

_CHANNEL = "recalculation"
_Decision = AccountArea | MassRecalculation | RecalculationBlock


@dataclass(frozen=True, slots=True)
class Block:
    """A block in force."""

    record_id: RecordId
    first: date
    last: date
    reason: str

    def covers(self, month: Month) -> bool:
        """Whether differences of the month are held back."""
        return self.first <= month.first and month.last <= self.last


@dataclass(frozen=True, slots=True)
class ListedBlock:
    """A block with its account."""

    account: str
    payer: str
    block: Block


def blocks_known(connection: Connection, *, provider_id: ProviderId, known_until: RecordId | None = None) -> dict[EntityId, list[Block]]:
    """Blocks in force by account, as known up to a record; None: now."""
    accounts = entity_ids(connection, provider_id, "account")
    found: dict[EntityId, list[Block]] = defaultdict(list)
    for stored in read_records(connection, RecalculationBlock, provider_id=provider_id, known_until=known_until):
        body = stored.body
        if body.active and body.account in accounts:
            found[accounts[body.account]].append(Block(stored.record_id, body.first, body.last, body.reason))
    return found


def list_blocks(engine: Engine) -> list[ListedBlock]:
    """All blocks in force, by provider and account."""
    found: list[ListedBlock] = []
    with transaction(engine) as connection:
        for provider in providers(connection):
            known = blocks_known(connection, provider_id=provider.provider_id)
            accounts = accounts_of(connection, sorted(known))
            for one, blocks in known.items():
                found += [ListedBlock(accounts[one].number, accounts[one].payer_name, block) for block in blocks]
    return found


def block_recalculation(
    engine: Engine, *, account: str, first: Month, last: Month, reason: str, actor: str, clock: Clock
) -> tuple[MessageId, bool]:
    """Block months of an account; the archived decision, and whether it is new. Blocking again changes nothing.

    ``InputError`` CH-0111 for an unknown account, CH-0112 when the months are in the wrong order.
    """
    if last < first:
        raise InputError("CH-0112", f"Период кончается раньше, чем начинается: {first} – {last}.", hint="Проверьте --from и --to.")
    body = RecalculationBlock("", first.first, last.last, reason, active=True)
    return _decide(engine, account=account, body=body, key=f"{first}/{last}", actor=actor, clock=clock)


def unblock_recalculation(
    engine: Engine, *, account: str, first: Month, last: Month, reason: str, actor: str, clock: Clock
) -> tuple[MessageId, bool]:
    """Take a block off; its differences are in the next draft.

    ``InputError`` CH-0111 for an unknown account, CH-0113 when no block of just this period stands.
    """
    with transaction(engine) as connection:
        for one in _accounts(connection, account):
            standing = blocks_known(connection, provider_id=one.provider_id).get(one.account_id, [])
            if not any((block.first, block.last) == (first.first, last.last) for block in standing):
                listed = "; ".join(f"{Month.of(block.first)} – {Month.of(block.last)}" for block in standing) or "запретов нет"
                raise InputError(
                    "CH-0113",
                    f"По счёту {account} нет запрета перерасчёта за {first} – {last} ({listed}).",
                    hint="Какие запреты стоят: erkc bill blocks.",
                )
    body = RecalculationBlock("", first.first, last.last, reason, active=False)
    return _decide(engine, account=account, body=body, key=f"{first}/{last}", actor=actor, clock=clock)


def set_area(engine: Engine, *, account: str, first: date, area_e2: int, document: str, actor: str, clock: Clock) -> tuple[MessageId, bool]:
    """Set the area of an account from a day on by a document; posted months are recalculated by the next draft.

    ``InputError`` CH-0111 for an unknown account, CH-0114 for an area that is not above zero.
    """
    if area_e2 <= 0:
        raise InputError("CH-0114", "Площадь должна быть больше нуля.", hint="Площадь пишется так: 52.90.")
    body = AccountArea("", first, area_e2, document)
    return _decide(engine, account=account, body=body, key=first.isoformat(), actor=actor, clock=clock)


def decide_mass_recalculation(
    engine: Engine, *, house: str, first: Month, last: Month, document: str, bill_text: str, actor: str, clock: Clock
) -> tuple[MessageId, bool]:
    """Decide to recalculate closed months for all accounts of a house; the next draft shows it account by account before it is approved.

    ``house``: its FIAS GUID. ``InputError`` CH-0112 when the months are in the wrong order, CH-0115 for an unknown house.
    """
    if last < first:
        raise InputError("CH-0112", f"Период кончается раньше, чем начинается: {first} – {last}.", hint="Проверьте --from и --to.")
    with transaction(engine) as connection:
        houses = [
            (one.provider_id, row.key)
            for one in providers(connection)
            for row in read_houses_list(connection, provider_id=one.provider_id)
            if row.fias.lower() == house.lower()
        ]
    if not houses:
        raise InputError("CH-0115", f"Дома с кодом ФИАС {house} нет.", hint="Код стоит в отчёте: erkc report month ГГГГ-ММ --json, houses.")
    stored, is_new = MessageId(0), False
    for owner, key in houses:
        body = MassRecalculation(key, first.first, last.last, document, bill_text)
        message, new = _record(engine, owner, f"{key}/{first}/{last}", body, named=house, actor=actor, clock=clock)
        stored, is_new = message or stored, is_new or new
    return stored, is_new


def _decide(
    engine: Engine, *, account: str, body: RecalculationBlock | AccountArea, key: str, actor: str, clock: Clock
) -> tuple[MessageId, bool]:
    """Archive a decision on an account, then make its record; the same decision as the one in force makes none."""
    with transaction(engine) as connection:
        accounts = _accounts(connection, account)
    stored, is_new = MessageId(0), False
    for one in accounts:
        mine = replace(body, account=one.key)
        message, new = _record(engine, one.provider_id, f"{one.key}/{key}", mine, named=account, actor=actor, clock=clock)
        stored, is_new = message or stored, is_new or new
    return stored, is_new


def _record(
    engine: Engine, owner: ProviderId, key: str, body: _Decision, *, named: str, actor: str, clock: Clock
) -> tuple[MessageId, bool]:
    """Archive one decision, then make its record; one that says what is in force already is not made again."""
    at = clock.now()
    data = json.dumps(
        {"decision": body.kind_name, "subject": named, "actor": actor, "decided_at": at.isoformat(), **asdict(body)},
        ensure_ascii=False,
        indent=1,
        default=str,
    ).encode()
    name = f"{body.kind_name}.json"
    with transaction(engine) as connection:
        if any(stored.body == body for stored in read_records(connection, type(body), provider_id=owner)):
            return MessageId(0), False
        message = archive.store(connection, data=data, name=name, channel=_CHANNEL, direction="decision", provider_id=owner, at=at)
    with transaction(engine) as connection:
        saved = save(
            connection,
            provider_id=owner,
            message_id=message.message_id,
            records=[Record(key, Position(name, 1), body)],
            recorded_at=at,
        )
    return message.message_id, bool(sum(saved.new.values()))


def _accounts(connection: Connection, number: str) -> list[AccountNumber]:
    found = find_accounts(connection, [number]).get(number, [])
    if not found:
        raise InputError("CH-0111", f"Лицевой счёт {number} не найден.", hint="Проверьте номер: erkc show НОМЕР.", account=number)
    return found

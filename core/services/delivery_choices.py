"""How bills are delivered: who agreed to e-mail, on whose rounds a house is, what became of a bill; each a decision with its document.

Nothing that senders send carries a payer's consent, and without consent a bill goes on paper (152-ФЗ). A consent, its withdrawal, the route
of a house and what is learned of a delivered bill come as other decisions do: archived with who decided and why, then records of their own,
so that it can be shown years later why a bill went where it went. The latest decision holds.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection, Engine

from core import archive
from core.clock import Clock
from core.errors import InputError
from core.ids import EntityId, MessageId, ProviderId
from core.model.finding import Finding, Position
from core.model.records import DeliveryChoice, DeliveryOutcome, Record
from core.records.bodies import read_records
from core.records.entities import entity_ids, find_accounts
from core.records.latest import read_houses_list
from core.records.providers import providers
from core.records.store import save
from core.storage.engine import transaction

__all__ = [
    "Choices",
    "ConsentsTaken",
    "choose_email",
    "choose_paper",
    "mail_address",
    "read_choices",
    "read_outcomes",
    "record_outcome",
    "route_house",
    "take_consents",
]

_CHANNEL = "delivery"
_MOST_ADDRESS = 254
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}")
_COLUMNS = ("счёт", "e-mail", "документ")
_Subject = tuple[ProviderId, str]


@dataclass(frozen=True, slots=True)
class Choices:
    """What is decided of one provider's accounts and houses, by our numbers."""

    accounts: Mapping[EntityId, DeliveryChoice]
    houses: Mapping[EntityId, DeliveryChoice]

    def email(self, account: EntityId) -> str:
        """Where the bill of an account may be sent; empty: on paper."""
        choice = self.accounts.get(account)
        return "" if choice is None or choice.channel != "email" else choice.email

    def route(self, account: EntityId, house: EntityId | None) -> str:
        """The route of a paper bill; empty: none is named."""
        choice = self.accounts.get(account)
        if choice is not None and choice.route:
            return choice.route
        named = None if house is None else self.houses.get(house)
        return "" if named is None else named.route


@dataclass(frozen=True, slots=True)
class ConsentsTaken:
    """A list of consents: how many are new, how many said what was known, and the rows that were refused."""

    message_id: MessageId
    new: int
    known: int
    findings: tuple[Finding, ...]


def mail_address(text: str) -> str:
    """An address as a server takes it; ``InputError`` DLV-0101 for what is none.

    >>> mail_address(" ivan@Пример.рф ")
    'ivan@xn--e1afmkfd.xn--p1ai'
    """
    local, _, domain = text.strip().rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode('ascii').lower()}"
    except UnicodeError:
        address = ""
    if len(address) > _MOST_ADDRESS or not _ADDRESS.fullmatch(address) or ".." in address or local.startswith(".") or local.endswith("."):
        raise InputError("DLV-0101", f"«{text.strip()}» — не адрес электронной почты.", hint="Адрес пишется так: ivanov@example.ru.")
    return address


def read_choices(connection: Connection, provider_id: ProviderId) -> Choices:
    """What stands now for a provider."""
    accounts = entity_ids(connection, provider_id, "account")
    houses = entity_ids(connection, provider_id, "house")
    found = [stored.body for stored in read_records(connection, DeliveryChoice, provider_id=provider_id)]
    return Choices(
        {accounts[body.owner]: body for body in found if body.subject == "account" and body.owner in accounts},
        {houses[body.owner]: body for body in found if body.subject == "house" and body.owner in houses},
    )


def read_outcomes(connection: Connection, provider_id: ProviderId) -> dict[str, DeliveryOutcome]:
    """What people learned of a provider's bills, by number."""
    return {stored.body.bill: stored.body for stored in read_records(connection, DeliveryOutcome, provider_id=provider_id)}


def choose_email(engine: Engine, *, account: str, email: str, document: str, actor: str, clock: Clock) -> bool:
    """Send the bills of an account by e-mail, as its payer asked; whether that is new. ``InputError`` DLV-0101, DLV-0102."""
    address = mail_address(email)
    with transaction(engine) as connection:
        subjects = _accounts(connection, account)
    return _decide(engine, subjects, DeliveryChoice("account", "", "email", address, "", document), account, actor, clock)


def choose_paper(engine: Engine, *, account: str, route: str, document: str, actor: str, clock: Clock) -> bool:
    """Print the bills of an account (again), on a route of its own or (empty) its house's; whether that is new. ``InputError`` DLV-0102."""
    with transaction(engine) as connection:
        subjects = _accounts(connection, account)
    return _decide(engine, subjects, DeliveryChoice("account", "", "paper", "", route, document), account, actor, clock)


def route_house(engine: Engine, *, house: str, route: str, document: str, actor: str, clock: Clock) -> bool:
    """Put a house (its FIAS GUID) on a route; whether that is new. ``InputError`` DLV-0103 for an unknown house."""
    with transaction(engine) as connection:
        subjects = [
            (one.provider_id, row.key)
            for one in providers(connection)
            for row in read_houses_list(connection, provider_id=one.provider_id)
            if row.fias.lower() == house.lower()
        ]
    if not subjects:
        raise InputError(
            "DLV-0103", f"Дома с кодом ФИАС {house} нет.", hint="Код стоит в отчёте: erkc report month ГГГГ-ММ --json, houses."
        )
    return _decide(engine, subjects, DeliveryChoice("house", "", "paper", "", route, document), house, actor, clock)


def record_outcome(connection: Connection, *, provider_id: ProviderId, body: DeliveryOutcome, actor: str, clock: Clock) -> None:
    """What became of a bill, inside the caller's transaction."""
    at = clock.now()
    message = archive.store(
        connection,
        data=_document(body, body.bill, actor, at.isoformat()),
        name=f"{body.kind_name}.json",
        channel=_CHANNEL,
        direction="decision",
        provider_id=provider_id,
        at=at,
    )
    record = Record(body.bill, Position(f"{body.kind_name}.json", 1), body)
    save(connection, provider_id=provider_id, message_id=message.message_id, records=[record], recorded_at=at)


def take_consents(engine: Engine, *, name: str, data: bytes, clock: Clock) -> ConsentsTaken:
    """Take a list of consents: CSV (``;``), columns «счёт», «e-mail», «документ»; an empty e-mail withdraws the consent.

    Bytes first, then rows; a wrong row is a finding and does not stop the others. ``InputError`` DLV-0104 for a file of another shape.
    """
    rows = _rows(data)
    at = clock.now()
    with transaction(engine) as connection:
        owners = [one.provider_id for one in providers(connection)]
        message = archive.store(connection, data=data, name=name, channel=_CHANNEL, direction="decision", provider_id=owners[0], at=at)
    findings: list[Finding] = []
    new = known = 0
    with transaction(engine) as connection:
        standing = {owner: {s.key: s.body for s in read_records(connection, DeliveryChoice, provider_id=owner)} for owner in owners}
        found = find_accounts(connection, [row[0] for _, row in rows])
        records: dict[ProviderId, dict[str, Record]] = {owner: {} for owner in owners}
        for line, (number, email, document) in rows:
            try:
                if not document:
                    raise InputError("DLV-0105", "Не указан документ.", hint="Впишите заявление плательщика: номер и дату.")
                if number not in found:
                    raise InputError("DLV-0102", f"Лицевой счёт {number} не найден.", hint="Проверьте номер: erkc show НОМЕР.")
                choice = DeliveryChoice("account", "", "email" if email else "paper", mail_address(email) if email else "", "", document)
            except InputError as error:
                findings.append(
                    Finding(Position(name, line), error.code, "error", "reject_row", value=number, message=error.message, hint=error.hint)
                )
                continue
            for one in found[number]:
                body, key = replace(choice, owner=one.key), f"account/{one.key}"
                if standing[one.provider_id].get(key) == body:
                    known += 1
                else:
                    records[one.provider_id][key] = Record(key, Position(name, line), body)
        for owner, mine in records.items():
            saved = save(connection, provider_id=owner, message_id=message.message_id, records=list(mine.values()), recorded_at=at)
            new += sum(saved.new.values())
    return ConsentsTaken(message.message_id, new, known, tuple(findings))


def _rows(data: bytes) -> list[tuple[int, tuple[str, str, str]]]:
    """Lines of the file with their numbers."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1251", errors="replace")
    lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    heading = [cell.strip().lower().replace("ё", "е") for cell in lines[0]] if lines else []
    if heading[:3] != [name.replace("ё", "е") for name in _COLUMNS]:
        raise InputError(
            "DLV-0104",
            "Список согласий не понят.",
            hint=f"Нужен CSV с разделителем «;» и столбцами: {'; '.join(_COLUMNS)}.",
        )
    cells = [(number, [cell.strip() for cell in line] + ["", ""]) for number, line in enumerate(lines[1:], 2) if any(line)]
    return [(number, (row[0], row[1], row[2])) for number, row in cells]


def _accounts(connection: Connection, number: str) -> list[_Subject]:
    found = find_accounts(connection, [number]).get(number, [])
    if not found:
        raise InputError("DLV-0102", f"Лицевой счёт {number} не найден.", hint="Проверьте номер: erkc show НОМЕР.", account=number)
    return [(one.provider_id, one.key) for one in found]


def _decide(engine: Engine, subjects: Iterable[_Subject], choice: DeliveryChoice, named: str, actor: str, clock: Clock) -> bool:
    """Archive a decision, then make its record; what stands already is not decided again."""
    is_new = False
    for owner, key in subjects:
        body, record_key = replace(choice, owner=key), f"{choice.subject}/{key}"
        at = clock.now()
        with transaction(engine) as connection:
            if any(
                stored.key == record_key and stored.body == body for stored in read_records(connection, DeliveryChoice, provider_id=owner)
            ):
                continue
            message = archive.store(
                connection,
                data=_document(body, named, actor, at.isoformat()),
                name=f"{body.kind_name}.json",
                channel=_CHANNEL,
                direction="decision",
                provider_id=owner,
                at=at,
            )
        with transaction(engine) as connection:
            record = Record(record_key, Position(f"{body.kind_name}.json", 1), body)
            save(connection, provider_id=owner, message_id=message.message_id, records=[record], recorded_at=at)
        is_new = True
    return is_new


def _document(body: DeliveryChoice | DeliveryOutcome, subject: str, actor: str, at: str) -> bytes:
    said = {"decision": body.kind_name, "named": subject, "actor": actor, "decided_at": at, **asdict(body)}
    return json.dumps(said, ensure_ascii=False, indent=1).encode()

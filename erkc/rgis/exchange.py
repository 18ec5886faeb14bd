"""The regional service assembled: a posted month of a sender as messages, and what the region says of the same month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import Connection

from adapters.rgis.soap import (
    ROWS,
    AccountRow,
    ChargeRow,
    RkcClient,
    accounts_message,
    charges_message,
    page_message,
    read_page,
    read_result,
)
from adapters.signing import sign_message
from core import archive
from core.charges.law import Law
from core.errors import ConfigError
from core.ids import EntityId
from core.ledger.balances import last_payment_days, turnovers
from core.period import Month
from core.records.latest import read_accounts
from core.records.providers import Provider
from core.services.penalties import Penalties
from core.services.regional import CALLS, CallRun, prepare_call, send_calls
from core.storage.engine import transaction
from erkc.application import Application
from erkc.federal import FederalGateway
from erkc.federation import open_federal
from erkc.rgis.agents import ToldPayments, prepare_agent_payments
from erkc.rgis.claims import Claim, claims_of
from erkc.rgis.difference import Difference
from erkc.rgis.documents import posted_step
from erkc.rgis.sending import access_token, region_profile

_Row = TypeVar("_Row")

__all__ = ["Compared", "Pushed", "account_rows", "charge_rows", "compare", "open_service", "push"]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of the messages, and what of agents was in them."""

    run: CallRun
    agents: ToldPayments


@dataclass(frozen=True, slots=True)
class Compared:
    """A month of a sender beside the region's word."""

    accounts: int
    different: list[Difference]
    claims: list[Claim]


def open_service(application: Application) -> RkcClient:
    """The region's service; ``ConfigError`` RGIS-0107 where the region has none."""
    settings, profile = application.settings.rgis, region_profile(application)
    if not settings.base_url or not profile.soap:
        raise ConfigError(
            "RGIS-0107",
            "У РГИС нет сервиса для расчётного центра или не задан её адрес.",
            hint="Укажите rgis.base_url и soap в профиле региона.",
        )
    address = f"{settings.base_url.rstrip('/')}/{profile.soap}"
    sign = partial(_signed, application) if profile.signed else None
    return RkcClient(address, access_token(application), profile.authorization, timeout_s=settings.timeout_s, sign=sign)


def _signed(application: Application, message: bytes) -> bytes:
    """By the key of the work folder, as federal messages are; ``ConfigError`` where there is none or it does not fit."""
    gateway: FederalGateway = open_federal(application).gateway  # type: ignore[assignment]  # the gateway of open_federal
    choice = gateway.signature
    return sign_message(message, choice.signer, digester=choice.digester, at=application.clock.now())


def account_rows(connection: Connection, provider: Provider, month: Month) -> Iterator[AccountRow]:
    """Personal accounts of a sender."""
    for row in read_accounts(connection, provider_id=provider.provider_id, month=month):
        yield AccountRow(
            row.number, row.address, row.house_fias, row.premises_number, row.area_e2, row.living_area_e2, row.premises_kind,
            row.payer_is_organisation, row.payer_name, row.opened_on, row.closed_on,
        )  # fmt: skip


def charge_rows(connection: Connection, provider: Provider, month: Month, law: Law) -> list[ChargeRow]:
    """The posted month by personal account, from the ledger; an account without any movement or balance is not there."""
    posted_step(connection, provider, month)
    owner = provider.provider_id
    sums: dict[EntityId, list[int]] = defaultdict(lambda: [0, 0, 0])
    for turnover in turnovers(connection, provider_id=owner, month=month):
        for n, amount in enumerate((turnover.opening, turnover.charged, -turnover.other)):
            sums[turnover.account_id][n] += amount
    penalties: dict[EntityId, list[int]] = defaultdict(lambda: [0, 0, 0])
    for item in Penalties(connection, provider, month, law).rows():
        for n, amount in enumerate((item.posted, item.paid, item.closing)):
            penalties[item.account_id][n] += amount
    days = last_payment_days(connection, sorted({*sums, *penalties}), month=month)
    found = []
    for row in read_accounts(connection, provider_id=owner, month=month):
        opening, charged, paid = sums[row.entity_id]
        posted, paid_penalty, owed = penalties[row.entity_id]
        closing = opening + charged - paid
        if any((opening, charged, paid, posted, paid_penalty, owed)):
            to_pay = max(closing + owed, 0)
            found.append(
                ChargeRow(
                    row.number, row.payer_name, opening, charged, posted, closing, to_pay, paid, paid_penalty, days.get(row.entity_id)
                )
            )
    return found


def push(application: Application, service: RkcClient, provider: Provider, month: Month, *, law: Law) -> Pushed:
    """Send the accounts, the month and the agents' payments of a sender in messages of a thousand; what is on its way is continued."""
    today = application.clock.now().date()
    with transaction(application.engine) as connection:
        accounts = account_rows(connection, provider, month)
        for n, some in enumerate(_in_messages(accounts), 1):
            identifier = uuid4()
            data = service.sealed(accounts_message(identifier, provider.inn, f"{month}-{n}", today, some))
            prepare_call(
                connection, provider_id=provider.provider_id, operation="SyncPersAccRkc", subject=f"{month}/{n}", identifier=identifier,
                data=data, clock=application.clock,
            )  # fmt: skip
        for n, rows in enumerate(_in_messages(iter(charge_rows(connection, provider, month, law))), 1):
            identifier = uuid4()
            data = service.sealed(charges_message(identifier, provider.inn, f"{month}-{n}", today, month.first, rows))
            prepare_call(
                connection, provider_id=provider.provider_id, operation="SyncChargePaymentRkc", subject=f"{month}/{n}",
                identifier=identifier, data=data, clock=application.clock,
            )  # fmt: skip
        told = prepare_agent_payments(connection, service, provider, month, application.clock)
    run = send_calls(
        application.engine, send=service.send, read_result=read_result, clock=application.clock, provider_id=provider.provider_id,
        ladder_s=application.settings.rgis.poll_ladder_s,
    )  # fmt: skip
    return Pushed(run, told)


def compare(application: Application, service: RkcClient, provider: Provider, month: Month, *, law: Law) -> Compared:
    """Ask the region for the month, page by page, each archived before it is read: what differs, and what money is to be claimed."""
    theirs: dict[str, ChargeRow] = {}
    page, read = 1, 0
    while True:
        answer = service.send("GetChargePaymentRkc", service.sealed(page_message(uuid4(), provider.inn, month.first, page)))
        with transaction(application.engine) as connection:
            name = f"GetChargePaymentRkc-{provider.inn}-{month}-{page}.xml"
            archive.store(
                connection, data=answer, name=name, channel=CALLS, direction="in", provider_id=provider.provider_id,
                at=application.clock.now(),
            )  # fmt: skip
        count, rows = read_page(answer)
        for row in rows:
            theirs[row.number] = row if row.number not in theirs else theirs[row.number].joined(row)
        read += len(rows)
        if not rows or read >= count:
            break
        page += 1
    with transaction(application.engine) as connection:
        ours = {row.number: row for row in charge_rows(connection, provider, month, law)}
    numbers = sorted({*ours, *theirs})
    found = [Difference(number, ours.get(number), theirs.get(number)) for number in numbers]
    different = [one for one in found if one.ours is None or one.theirs is None or _sums(one.ours) != _sums(one.theirs)]
    with transaction(application.engine) as connection:
        return Compared(len(numbers), different, claims_of(connection, provider, month, different))


def _sums(row: ChargeRow) -> Sequence[int]:
    return (row.opening, row.charged, row.charged_penalty, row.closing, row.to_pay, row.paid, row.paid_penalty)


def _in_messages(rows: Iterator[_Row]) -> Iterator[list[_Row]]:
    while some := list(islice(rows, ROWS)):
        yield some

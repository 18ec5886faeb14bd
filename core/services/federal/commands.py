"""The commands of the federal conversation: synchronise, send, poll, acknowledge. Each may be repeated at any time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from uuid import UUID

from core import outbox
from core.errors import InputError
from core.ids import CENTRE, BillId, ProviderId
from core.period import Month
from core.records.latest import read_accounts, read_organisations
from core.services.federal.accounts import ask_accounts, open_accounts
from core.services.federal.acknowledgments import Acknowledged, PaymentToAcknowledge, prepare_acknowledgments
from core.services.federal.bills import Prepared, prepare_bills
from core.services.federal.context import Federal
from core.services.federal.conversation import Ran
from core.services.federal.debts import PreparedDebts, prepare_debts
from core.services.federal.directory import ask_books, ask_houses, ask_organisations, ask_providers, billed_services, known, may_act_for
from core.services.federal.inbox import answer_appeal, answer_debt, ask_inbox
from core.services.federal.mapping import MappedService, choose_element, mapped_services
from core.services.federal.outcomes import resume
from core.services.federal.payments import (
    Form,
    NotificationStanding,
    PaymentToTell,
    ask_details,
    cancel_notification,
    cancellation_refusals,
    notification_refusals,
    prepare_notifications,
    read_details,
)
from core.services.federal.readings import ReadingStanding, ask_meters, ask_resources, reading_standing
from core.services.federal.waiting import Waiting, run_waiting
from core.services.federal.wire_payments import PaymentDetails
from core.services.federal.withdrawals import Withdrawn, prepare_cancellations, prepare_withdrawals

__all__ = [
    "Access",
    "Answered",
    "Synchronised",
    "Waiting",
    "acknowledge",
    "annul_notification",
    "answer",
    "begin_access_check",
    "cancel_acknowledgments",
    "check_access",
    "known_access",
    "look_at_inbox",
    "map_service",
    "payment_details",
    "poll",
    "send_bills",
    "send_debts",
    "send_readings",
    "synchronise",
    "tell_payments",
    "withdraw_bills",
]


@dataclass(frozen=True, slots=True)
class Synchronised:
    """What is known after a synchronisation; ``finished`` is False while answers are awaited (come again)."""

    finished: bool
    asked: int
    """Requests that this call began; nought: everything was known already."""
    accounts: int
    accounts_known: int
    services: int
    services_known: int
    accounts_refused: Mapping[int, tuple[tuple[str, str], ...]]


def synchronise(federal: Federal, *, provider_id: ProviderId, waiting: Waiting | None = None, refused_too: bool = False) -> Synchronised:
    """Fetch every identifier that bills need, in the order in which they depend on each other; what is known is not asked for again.

    Who we are and whom we may act for · reference books · houses · accounts that are there · accounts to open. ``InputError`` GIS-0510
    when the provider has not delegated its rights to this system.
    """
    asked = 0
    finished = True
    for stage in (_ask_who, _ask_delegation, _ask_content, _ask_accounts, _open_refused if refused_too else _open):
        begun = stage(federal, provider_id)
        asked += begun
        ran = run_waiting(federal, provider_id, waiting)
        finished = ran.finished
        if not finished:
            break
    with federal.engine.connect() as connection:
        accounts = [row.entity_id for row in read_accounts(connection, provider_id=provider_id) if row.closed_on is None]
        services = [row.entity_id for _, row in billed_services(connection, provider_id)]
        account_guids = known(connection, federal, "account_guid", provider_id=provider_id)
        elements = known(connection, federal, "nsi", provider_id=provider_id)
        return Synchronised(
            finished=finished,
            asked=asked,
            accounts=len(accounts),
            accounts_known=sum(number in account_guids for number in accounts),
            services=len(services),
            services_known=sum(number in elements for number in services),
            accounts_refused=outbox.refusals(connection, "account", provider_id=provider_id),
        )


def _ask_who(federal: Federal, provider_id: ProviderId) -> int:
    with federal.write("ask for organisations") as connection:
        organisations = {row.entity_id: row.ogrn for row in read_organisations(connection, provider_id=provider_id)}
        return ask_organisations(connection, federal, provider_id, organisations)


def _ask_delegation(federal: Federal, provider_id: ProviderId) -> int:
    with federal.write("ask for providers") as connection:
        if federal.provider_guid(connection, provider_id) is None:
            raise InputError(
                "GIS-0511",
                "Организация не найдена в реестре ГИС ЖКХ или не имеет личного кабинета.",
                hint="Проверьте ОГРН организации и контур ГИС ЖКХ.",
            )
        return int(ask_providers(connection, federal, provider_id))


def _ask_content(federal: Federal, provider_id: ProviderId) -> int:
    with federal.write("ask for books and houses") as connection:
        if not may_act_for(connection, federal, provider_id):
            raise InputError(
                "GIS-0510",
                "Организация не делегировала права этой информационной системе.",
                hint="Делегируйте права в личном кабинете ГИС ЖКХ и повторите.",
            )
        return ask_books(connection, federal, provider_id) + ask_houses(connection, federal, provider_id)


def _ask_accounts(federal: Federal, provider_id: ProviderId) -> int:
    with federal.write("ask for accounts") as connection:
        return ask_accounts(connection, federal, provider_id)


def _open(federal: Federal, provider_id: ProviderId) -> int:
    with federal.write("open accounts") as connection:
        return open_accounts(connection, federal, provider_id)


def _open_refused(federal: Federal, provider_id: ProviderId) -> int:
    with federal.write("open accounts") as connection:
        return open_accounts(connection, federal, provider_id, refused_too=True)


def send_bills(
    federal: Federal,
    *,
    provider_id: ProviderId,
    month: Month,
    waiting: Waiting | None = None,
    refused_too: bool = False,
    stopped: Mapping[BillId, str] | None = None,
) -> Prepared:
    """Place a month's bills but those that are ``stopped``, and go on with a queue that stood still for lack of rights.

    Answers are awaited only with ``waiting``, else :func:`poll` fetches them later.
    """
    prepared = prepare_bills(federal, provider_id=provider_id, month=month, refused_too=refused_too, stopped=stopped)
    with federal.write("resume") as connection:
        resume(connection, federal, provider_id)
    run_waiting(federal, provider_id, waiting)
    return prepared


@dataclass(frozen=True, slots=True)
class Access:
    """What the self-check found: whether the registry knows the provider, and whether it has delegated its rights to this system."""

    finished: bool
    is_registered: bool
    is_delegated: bool


def begin_access_check(federal: Federal, *, provider_id: ProviderId) -> Access:
    """Prepare the self-check without waiting for anybody: it leaves with the next step. What the last one said."""
    _ask_who(federal, provider_id)
    with federal.write("ask for providers") as connection:
        is_registered = federal.provider_guid(connection, provider_id) is not None
        if is_registered:
            ask_providers(connection, federal, provider_id, anew=True)
        return Access(False, is_registered, is_registered and may_act_for(connection, federal, provider_id))


def known_access(federal: Federal, *, provider_id: ProviderId) -> Access:
    """What the last self-check said; ``finished`` when there was one."""
    with federal.engine.connect() as connection:
        own = federal.provider_entity(connection, provider_id)
        is_registered = federal.provider_guid(connection, provider_id) is not None
        was_asked = own in known(connection, federal, "data_provider", provider_id=CENTRE)
        return Access(was_asked, is_registered, is_registered and may_act_for(connection, federal, provider_id))


def check_access(federal: Federal, *, provider_id: ProviderId, waiting: Waiting | None = None) -> Access:
    """The self-check at start, asked anew each time: who the provider is there, and whom this system may act for."""
    _ask_who(federal, provider_id)
    ran = run_waiting(federal, provider_id, waiting)
    with federal.write("ask for providers") as connection:
        is_registered = federal.provider_guid(connection, provider_id) is not None
        if is_registered:
            ask_providers(connection, federal, provider_id, anew=True)
    if is_registered:
        ran = run_waiting(federal, provider_id, waiting)
    with federal.engine.connect() as connection:
        return Access(ran.finished, is_registered, is_registered and may_act_for(connection, federal, provider_id))


def look_at_inbox(
    federal: Federal,
    act: Literal["subrequests", "appeals"],
    *,
    provider_id: ProviderId,
    first: date,
    last: date,
    waiting: Waiting | None = None,
) -> Ran:
    """Export what came on some days; then :func:`read_subrequests` or :func:`read_appeals` list it."""
    ask_inbox(federal, act, provider_id=provider_id, first=first, last=last)
    return run_waiting(federal, provider_id, waiting)


@dataclass(frozen=True, slots=True)
class Answered:
    """How an answer stands: there, on its way, or refused for these reasons (code, text)."""

    is_there: bool
    reasons: tuple[tuple[str, str], ...]


def answer(
    federal: Federal,
    act: Literal["subrequests", "appeals"],
    *,
    provider_id: ProviderId,
    number: str,
    executor: UUID,
    text: str,
    waiting: Waiting | None = None,
) -> Answered:
    """Answer one request or appeal by its number; how this answer stands. The same words are not sent twice."""
    if act == "subrequests":
        own = answer_debt(federal, provider_id=provider_id, number=number, executor=executor, description=text)
    else:
        own = answer_appeal(federal, provider_id=provider_id, number=number, executor=executor, text=text)
    run_waiting(federal, provider_id, waiting)
    kind = "debt_answers" if act == "subrequests" else "appeal_answers"
    with federal.engine.connect() as connection:
        live = outbox.live(connection, kind, [own]).get(own)
        refused = outbox.refusals(connection, kind, provider_id=provider_id) if live is None else {}
    return Answered(live is not None and live.state == "accepted", refused.get(own, ()))


def map_service(
    federal: Federal, *, provider_id: ProviderId, key: str, book: str, code: str, waiting: Waiting | None = None
) -> MappedService:
    """Map a service by hand; how it stands afterwards (its element is the old one while the answer is awaited or the code is not there)."""
    choose_element(federal, provider_id=provider_id, key=key, book=book, code=code)
    run_waiting(federal, provider_id, waiting)
    return next(row for row in mapped_services(federal, provider_id=provider_id) if row.key == key)


def send_debts(federal: Federal, *, provider_id: ProviderId, month: Month, waiting: Waiting | None = None) -> PreparedDebts:
    """Place documents of what is owed of earlier months, for the bills of a month."""
    prepared = prepare_debts(federal, provider_id=provider_id, month=month)
    run_waiting(federal, provider_id, waiting)
    return prepared


def send_readings(federal: Federal, *, provider_id: ProviderId, month: Month, waiting: Waiting | None = None) -> ReadingStanding:
    """Tell the month's readings of the meters that the federal system has; how they stand afterwards."""
    ask_resources(federal, provider_id=provider_id)
    run_waiting(federal, provider_id, waiting)
    ask_meters(federal, provider_id=provider_id, month=month)
    run_waiting(federal, provider_id, waiting)
    return reading_standing(federal, provider_id=provider_id, month=month)


def withdraw_bills(
    federal: Federal,
    *,
    provider_id: ProviderId,
    month: Month,
    numbers: Sequence[str] = (),
    acknowledged_too: bool = False,
    waiting: Waiting | None = None,
) -> Withdrawn:
    """Take placed bills of a month back, or just these printed numbers; with ``acknowledged_too`` their acknowledgments first."""
    begun = prepare_withdrawals(federal, provider_id=provider_id, month=month, numbers=numbers, acknowledged_too=acknowledged_too)
    run_waiting(federal, provider_id, waiting)
    return begun


def poll(federal: Federal, *, provider_id: ProviderId | None = None, waiting: Waiting | None = None) -> Ran:
    """Take every step that is due: send, ask, look for what was lost."""
    return run_waiting(federal, provider_id, waiting)


def acknowledge(
    federal: Federal, *, provider_id: ProviderId, payments: Iterable[PaymentToAcknowledge], waiting: Waiting | None = None
) -> Acknowledged:
    """Acknowledge payments of placed bills. An acceptor that is not known is looked up first, and its payments go in a second round."""
    listed = list(payments)
    begun = prepare_acknowledgments(federal, provider_id=provider_id, payments=listed)
    run_waiting(federal, provider_id, waiting)
    if begun.held and waiting is not None:
        again = prepare_acknowledgments(federal, provider_id=provider_id, payments=[item for item in listed if item.key in begun.held])
        run_waiting(federal, provider_id, waiting)
        return Acknowledged(begun.begun + again.begun, begun.known + again.known, again.held, begun.payments + again.payments)
    return begun


def cancel_acknowledgments(
    federal: Federal, *, provider_id: ProviderId, month: Month, numbers: Sequence[str] = (), waiting: Waiting | None = None
) -> Withdrawn:
    """Take back what placed bills of a month (or just these printed numbers) are acknowledged with; the bills stay placed."""
    begun = prepare_cancellations(federal, provider_id=provider_id, month=month, numbers=numbers)
    run_waiting(federal, provider_id, waiting)
    return begun


def tell_payments(
    federal: Federal, *, provider_id: ProviderId, payments: Iterable[PaymentToTell], form: Form, waiting: Waiting | None = None
) -> NotificationStanding:
    """Tell of posted payments; how they stand afterwards."""
    listed = list(payments)
    begun = prepare_notifications(federal, provider_id=provider_id, payments=listed, form=form)
    run_waiting(federal, provider_id, waiting)
    return replace(begun, refused=notification_refusals(federal, provider_id=provider_id, payments=listed))


def annul_notification(
    federal: Federal, *, provider_id: ProviderId, key: str, reason: str, waiting: Waiting | None = None
) -> tuple[tuple[str, str], ...]:
    """Annul the notification of a payment by its key; the reasons when the federal system refuses."""
    number = cancel_notification(federal, provider_id=provider_id, key=key, reason=reason)
    run_waiting(federal, provider_id, waiting)
    return cancellation_refusals(federal, provider_id=provider_id).get(number, ())


def payment_details(
    federal: Federal,
    *,
    provider_id: ProviderId,
    ipd: str | None = None,
    els: str | None = None,
    izku: str | None = None,
    month: Month | None = None,
    payer: tuple[str, str] | None = None,
    waiting: Waiting | None = None,
) -> tuple[Ran, tuple[PaymentDetails, ...]]:
    """Ask what is to be paid by a document, an ЕЛС or an ИЖКУ; the newest answer."""
    subject = ask_details(federal, provider_id=provider_id, ipd=ipd, els=els, izku=izku, month=month, payer=payer)
    ran = run_waiting(federal, provider_id, waiting)
    return ran, read_details(federal, provider_id=provider_id, subject=subject)

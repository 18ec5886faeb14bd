"""The jobs of the month, as the worker runs them: each looks what is due and does it; running one twice does no harm.

``take_inbox`` archives and takes every file of ``<home>/inbox``, of the contracts' folders inside it and of SFTP servers, answers banks
with a protocol, then moves the file to ``done`` or ``refused``; ``gis_synchronise`` first asks whom this system may act for (the
self-check) and then pulls identifiers, ``gis_send`` and ``gis_poll`` deliver bills and fetch results, ``reconcile`` compares bank and
ledger, ``close_day`` does so too and closes the operational day that is due. ``rgis_deliver`` carries out what is due to the region,
``rgis_compare`` asks what it says of posted months.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from config.law import tables
from core.charges.deadlines import deadlines
from core.charges.law import Law
from core.errors import InputError
from core.ids import CENTRE
from core.ledger import months
from core.ledger.months import MonthState
from core.money import format_roubles
from core.period import Month
from core.records.facts import read_settings
from core.records.providers import Provider, providers
from core.services.bank_day import DayItem, close_due_day
from core.services.federal import Federal, begin_access_check, known_access, poll, send_bills, status, synchronise, troubles, unfinished
from core.services.payments import reconcile
from core.storage.engine import transaction
from erkc.application import Application
from erkc.collecting import take_inbox
from erkc.federal_words import access_sentence, standing_sentence, trouble_sentence
from erkc.federation import is_signing_ready, open_federal
from erkc.rgis.delivery import deliver_due
from erkc.rgis.exchange import compare, open_service
from erkc.rgis.sending import region_profile
from erkc.worker import JOBS, JobContext, JobFunction

__all__ = ["registry"]

_MOST_TOLD = 5
"""Obstacles, or items of a list, in one note."""


def registry(application: Application) -> Mapping[str, JobFunction]:
    """Every job that this application can run."""

    def bound(job: Callable[[Application, JobContext], str]) -> JobFunction:
        return lambda context: job(application, context)

    return {
        **JOBS,
        "take_inbox": bound(_take_inbox),
        "gis_synchronise": bound(_gis_synchronise),
        "gis_send": bound(_gis_send),
        "gis_poll": bound(_gis_poll),
        "rgis_deliver": bound(_rgis_deliver),
        "rgis_compare": bound(_rgis_compare),
        "reconcile": bound(_reconcile),
        "close_day": bound(_close_day),
    }


def _take_inbox(application: Application, context: JobContext) -> str:
    collected, lost = take_inbox(application, keep=context.keep)
    released = sum(len(one.released.payments) for one in collected)
    note = f"Принято файлов: {len(collected)}, из них отклонено: {sum(one.is_refused for one in collected)}."
    told = [note, *([f"Из невыясненных разнесено платежей: {released}."] if released else [])]
    return " ".join((*told, *(f"Препятствие: {error}" for error in lost[:_MOST_TOLD])))


_NOT_READY = "Нет файлов подписи (signing/signer.pem и signer.key): обмен с ГИС ЖКХ не настроен."


def _gis_synchronise(application: Application, context: JobContext) -> str:
    if not is_signing_ready(application):
        return _NOT_READY
    federal = open_federal(application)
    known = accounts = 0
    for provider in _providers(application):
        context.keep()
        begin_access_check(federal, provider_id=provider.provider_id)
        access = known_access(federal, provider_id=provider.provider_id)
        if access.finished and access.is_registered and not access.is_delegated:
            continue  # told below; the answer to the new question may change it
        done = synchronise(federal, provider_id=provider.provider_id)
        known, accounts = known + done.accounts_known, accounts + done.accounts
    return " ".join((f"Счетов известно ГИС ЖКХ: {known} из {accounts}.", *_refused(application, federal), *_hindrances(federal)))


def _refused(application: Application, federal: Federal) -> list[str]:
    """Who has not delegated its rights, as the last self-check said, a sentence each."""
    found = []
    for provider in _providers(application):
        try:
            access = known_access(federal, provider_id=provider.provider_id)
        except InputError:
            continue  # nothing of this provider was ever taken: there is nothing to send either
        if access.finished and not access.is_delegated:
            found.append(f"{access_sentence(provider.name, access)}.")
    return found


def _gis_send(application: Application, context: JobContext) -> str:
    """Bills of the last month and the one before, where they are posted."""
    if not is_signing_ready(application):
        return _NOT_READY
    federal = open_federal(application)
    told = []
    current = Month.of(application.clock.now().date())
    for provider in _providers(application):
        for month in (current.previous(), current.previous(2)):
            context.keep()
            with transaction(application.engine) as connection:
                state = months.current(connection, provider_id=provider.provider_id, month=month).state
            if state in (MonthState.POSTED, MonthState.CLOSED):
                send_bills(federal, provider_id=provider.provider_id, month=month)
                standing = status(federal, provider_id=provider.provider_id, month=month)
                told.append(f"{provider.name}, {month}: {standing_sentence(standing)}.")
    return " ".join((*(told or ["Нет выпущенных месяцев: отправлять нечего."]), *_hindrances(federal)))


def _gis_poll(application: Application, context: JobContext) -> str:
    """What was prepared is signed already, so answers are fetched without a key too."""
    context.keep()
    federal = open_federal(application)
    ran = poll(federal)
    left = unfinished(federal)
    note = f"Шагов обмена: {ran.steps}; {f'не завершено обменов: {left}' if left else 'всё завершено'}."
    return " ".join((note, *_refused(application, federal), *_hindrances(federal)))


def _hindrances(federal: Federal) -> list[str]:
    """What stands in the way, a sentence each, so that a note never says that all is well while nothing leaves."""
    return [f"Препятствие: {trouble_sentence(trouble)}." for trouble in troubles(federal)[:_MOST_TOLD]]


def _rgis_deliver(application: Application, context: JobContext) -> str:
    """What was begun by a person and is due: volumes, questions about imports, messages of the service."""
    context.keep()
    run = deliver_due(application)
    if run is None:
        return _NO_REGION
    note = f"РГИС: принято {run.done}, отказано {run.refused}, в пути {run.waiting}."
    return f"{note} Препятствие: {run.trouble}" if run.trouble else note


def _rgis_compare(application: Application, context: JobContext) -> str:
    """What the region says of the posted months of late; money that is not in our books is named until it is."""
    if not application.settings.rgis.base_url or not region_profile(application).soap:
        return _NO_REGION
    service, current, told = open_service(application), Month.of(application.clock.now().date()), []
    for provider in _providers(application):
        for month in (current.previous(), current.previous(2)):
            context.keep()
            with transaction(application.engine) as connection:
                state = months.current(connection, provider_id=provider.provider_id, month=month).state
            if state in (MonthState.POSTED, MonthState.CLOSED):
                found = compare(application, service, provider, month, law=Law.from_tables(tables()))
                wanted = sum(one.amount for one in found.claims if one.is_open)
                claim = f", истребовать оплату {format_roubles(wanted)} руб." if wanted else "."
                told.append(f"{provider.name}, {month}: счетов сверено {found.accounts}, расхождений {len(found.different)}{claim}")
    return " ".join(told or ["Нет проведённых месяцев: сверять нечего."])


_NO_REGION = "РГИС не настроена (rgis.base_url) или сервиса у неё нет."


def _reconcile(application: Application, context: JobContext) -> str:
    context.keep()
    done = reconcile(application.engine, clock=application.clock)
    note = f"Реестров {len(done.result.registries)}, с расхождением {len(done.differences)}, проведено {done.posted}."
    released = len(done.released.payments)
    return f"{note} Из невыясненных разнесено платежей: {released}." if released else note


def _close_day(application: Application, context: JobContext) -> str:
    """Its moment decides which day is due, not the time at which a late worker comes to it."""
    _reconcile(application, context)
    context.keep()
    today = context.slot.planned_at.date()
    with transaction(application.engine) as connection:
        settings = read_settings(connection, day=today, provider_id=None)
    calendar = deadlines(Law.from_tables(tables()), settings, day=today).calendar
    done = close_due_day(application.engine, today=today, calendar=calendar, actor="расписание", clock=application.clock)
    if done is None:
        return "Дня для закрытия нет: он закрыт, или денег банков ещё не было."
    lists = (("Есть в реестрах, нет в выписке", done.without_line), ("Есть в выписке, нет в реестрах", done.without_registry))
    return " ".join((f"День {done.day:%d.%m.%Y} закрыт.", *(f"{title}: {_listed(items)}." for title, items in lists)))


def _listed(items: Sequence[DayItem]) -> str:
    if not items:
        return "пусто"
    named = [f"{item.title} — {format_roubles(item.amount)}" for item in items[:_MOST_TOLD]]
    rest = [f"и ещё {len(items) - _MOST_TOLD}: erkc day list --json"] if len(items) > _MOST_TOLD else []
    return f"{len(items)} на {format_roubles(sum(item.amount for item in items))} руб. ({'; '.join(named + rest)})"


def _providers(application: Application) -> list[Provider]:
    with transaction(application.engine) as connection:
        return [one for one in providers(connection) if one.provider_id != CENTRE]

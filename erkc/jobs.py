"""The jobs of the month, as the worker runs them: each looks what is due and does it; running one twice does no harm.

``take_inbox`` archives and takes every file of ``<home>/inbox``, then moves it to ``inbox/done`` or ``inbox/refused``; ``gis_synchronise``
pulls identifiers, ``gis_send`` and ``gis_poll`` deliver bills and fetch results, ``reconcile`` compares bank and ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from core.ids import CENTRE
from core.ledger import months
from core.ledger.months import MonthState
from core.period import Month
from core.records.providers import providers
from core.services.federal import poll, send_bills, synchronise
from core.services.payments import reconcile
from core.storage.engine import transaction
from erkc.application import Application
from erkc.federation import open_federal, signing_folder
from erkc.intake import take_file
from erkc.worker import JOBS, JobContext, JobFunction

__all__ = ["registry"]

_REFUSED = frozenset(("rejected", "conflict"))


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
        "reconcile": bound(_reconcile),
    }


def _take_inbox(application: Application, context: JobContext) -> str:
    inbox = application.home / "inbox"
    taken = refused = 0
    for file in sorted(path for path in inbox.glob("*") if path.is_file() and not path.name.startswith(".")) if inbox.exists() else ():
        context.keep()
        outcome = take_file(application, file.name, file.read_bytes())
        is_refused = outcome.status in _REFUSED
        _move(file, inbox / ("refused" if is_refused else "done"))
        taken, refused = taken + 1, refused + is_refused
    return f"Принято файлов: {taken}, из них отклонено: {refused}."


def _move(file: Path, folder: Path) -> None:
    """The bytes are in the archive already; a file of the same name that was moved before is kept beside."""
    folder.mkdir(parents=True, exist_ok=True)
    target, number = folder / file.name, 1
    while target.exists():
        number += 1
        target = folder / f"{file.stem}-{number}{file.suffix}"
    file.rename(target)


def _gis_ready(application: Application) -> bool:
    return (signing_folder(application) / "signer.pem").exists()


_NOT_READY = "Нет файлов подписи (signing/signer.pem): обмен с ГИС ЖКХ не настроен."


def _gis_synchronise(application: Application, context: JobContext) -> str:
    if not _gis_ready(application):
        return _NOT_READY
    federal = open_federal(application)
    known = 0
    for provider_id in _provider_ids(application):
        context.keep()
        known += synchronise(federal, provider_id=provider_id).accounts_known
    return f"Счетов известно ГИС ЖКХ: {known}."


def _gis_send(application: Application, context: JobContext) -> str:
    """Bills of the last month and the one before, where they are posted."""
    if not _gis_ready(application):
        return _NOT_READY
    federal = open_federal(application)
    sent = 0
    current = Month.of(application.clock.now().date())
    for provider_id in _provider_ids(application):
        for month in (current.previous(), current.previous(2)):
            context.keep()
            with transaction(application.engine) as connection:
                state = months.current(connection, provider_id=provider_id, month=month).state
            if state in (MonthState.POSTED, MonthState.CLOSED):
                sent += send_bills(federal, provider_id=provider_id, month=month).bills
    return f"Отправлено документов: {sent}."


def _gis_poll(application: Application, context: JobContext) -> str:
    if not _gis_ready(application):
        return _NOT_READY
    context.keep()
    ran = poll(open_federal(application))
    return f"Шагов обмена: {ran.steps}; {'всё завершено' if ran.finished else 'есть незавершённые'}."


def _reconcile(application: Application, context: JobContext) -> str:
    context.keep()
    done = reconcile(application.engine, clock=application.clock)
    return f"Реестров {len(done.result.registries)}, с расхождением {len(done.differences)}, проведено {done.posted}."


def _provider_ids(application: Application) -> list[int]:
    with transaction(application.engine) as connection:
        return [one.provider_id for one in providers(connection) if one.provider_id != CENTRE]

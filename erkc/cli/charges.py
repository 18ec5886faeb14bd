"""The month's charges and bills: ``erkc bill month|approve|close|findings|accept``, ``erkc issue bills``, ``erkc report month``."""

from __future__ import annotations

from typing import Annotated

import typer

from core.errors import ConfigError, InputError
from core.ids import ProviderId
from core.ledger.months import MonthState
from core.period import Month
from core.services.charge import Draft, MonthPosted, approve_month, close_month, draft_month, post_month
from core.services.month_view import finding_json
from erkc.application import CODE_VERSION, Application
from erkc.cli import delivering, recalculating
from erkc.cli.accepting import bill_accept, bill_findings
from erkc.cli.intake import findings_table
from erkc.cli.options import Json, MonthArgument, law, month_of, opened, providers_of_month
from erkc.cli.screen import Screen, roubles

__all__ = ["register"]

_bill = typer.Typer(help="Начисления месяца.", no_args_is_help=True)
_ACTOR = "erkc"


def register(application: typer.Typer) -> None:
    """Add the commands to the command line."""
    recalculating.register(_bill)
    delivering.register_choices(_bill)
    _bill.command("findings")(bill_findings)
    _bill.command("accept")(bill_accept)
    application.add_typer(_bill, name="bill")


@_bill.callback()
def _about_bill() -> None:
    """Начисления месяца."""


@_bill.command("month")
def bill_month(
    month_text: MonthArgument,
    mode: Annotated[
        str,
        typer.Option(
            help="auto — как решено по домам (erkc onboard live); charge — начисляет центр по закону; "
            "accept — принимаются начисления отправителя."
        ),
    ] = "auto",
    draft: Annotated[bool, typer.Option("--draft", help="Остановиться на черновике: дальше erkc bill approve.")] = False,
    again: Annotated[bool, typer.Option("--again", help="Рассчитать черновик заново, даже если данные не менялись.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Рассчитать и показать, ничего не оставить в базе.")] = False,
    as_json: Json = False,
) -> None:
    """Рассчитать, утвердить и провести месяц каждого отправителя; с --draft — только рассчитать.

    Дом, в котором что-то задержано или выглядит неверным, не проводится, пока замечание не принято с причиной (erkc bill accept): код 1;
    остальные дома проводятся. Черновик пересчитывается сам, если после него принят пакет отправителя.
    """
    month = month_of(month_text)
    if mode not in ("auto", "charge", "accept"):
        raise ConfigError("CLI-0301", f"Нет режима «{mode}».", hint="Есть auto, charge и accept.")
    outcomes: dict[str, object] = {}
    failed = False
    with opened(as_json) as (application, screen):
        for provider in providers_of_month(application):
            with screen.progress(f"Начисляю, {provider.name}") as progress:
                drafted = draft_month(
                    application.engine,
                    provider_id=provider.provider_id,
                    month=month,
                    mode=mode,
                    law=law(),
                    code_version=CODE_VERSION,
                    actor=_ACTOR,
                    clock=application.clock,
                    progress=progress,
                    again=again,
                    dry_run=dry_run,
                    workers=application.settings.charges.processes,
                )
            _show_draft(screen, drafted, month.title)
            posted = None
            if dry_run:
                screen.say("  пробный расчёт: в базе ничего не изменено")
            elif not draft:
                posted = _post(application, screen, drafted, month, provider.provider_id)
            _say_stopped(screen, drafted, month)
            outcomes[provider.inn] = _drafted_json(drafted) | {"posted": None if posted is None else posted.posted.new}
            failed = failed or bool(drafted.open)
        screen.document(outcomes)
    if failed:
        raise typer.Exit(1)


@_bill.command("approve")
def bill_approve(
    month_text: MonthArgument,
    reason: Annotated[str, typer.Option(help="Почему утверждается; остаётся в истории месяца.")] = "Проверено",
    as_json: Json = False,
) -> None:
    """Утвердить черновик месяца каждого отправителя и провести его; остановленные дома ждут решения (код 1)."""
    month = month_of(month_text)
    outcomes: dict[str, object] = {}
    failed = False
    with opened(as_json) as (application, screen):
        for provider in providers_of_month(application):
            owner, clock = provider.provider_id, application.clock
            try:
                step = approve_month(application.engine, provider_id=owner, month=month, actor=_ACTOR, reason=reason, clock=clock)
            except InputError as refused:
                failed = True
                outcomes[provider.inn] = {"state": MonthState.DRAFT.value, "refused": refused.code, "message": refused.message}
                screen.say(f"{provider.name}: {refused.message} [{refused.code}]")
                screen.say(f"  Что делать: {refused.hint}")
                continue
            posted = post_month(application.engine, provider_id=owner, month=month, law=law(), actor=_ACTOR, clock=clock)
            outcomes[provider.inn] = {
                "state": step.state.value,
                "posted": posted.posted.new,
                "total": posted.totals.total,
                "stopped_houses": posted.stopped_houses,
            }
            failed = failed or bool(posted.stopped_houses)
            what = f"проведено записей {posted.posted.new} на {roubles(posted.totals.total)} руб." if posted.is_new else "уже проведён"
            screen.say(f"{provider.name}, {month.title}: {what}")
            if posted.stopped_houses:
                screen.say(f"  остановлено домов: {posted.stopped_houses}; что ждёт решения: erkc bill findings {month}")
        screen.document(outcomes)
    if failed:
        raise typer.Exit(1)


@_bill.command("close")
def bill_close(
    month_text: MonthArgument,
    reason: Annotated[str, typer.Option(help="Почему закрывается; остаётся в истории месяца.")] = "Месяц закрыт",
    as_json: Json = False,
) -> None:
    """Закрыть проведённый месяц: исправления — только записями открытого месяца."""
    month = month_of(month_text)
    outcomes: dict[str, object] = {}
    with opened(as_json) as (application, screen):
        for provider in providers_of_month(application):
            step = close_month(
                application.engine, provider_id=provider.provider_id, month=month, actor=_ACTOR, reason=reason, clock=application.clock
            )
            outcomes[provider.inn] = {"state": step.state.value}
            screen.say(f"{provider.name}, {month.title}: {step.title}")
        screen.document(outcomes)


def _post(application: Application, screen: Screen, drafted: Draft, month: Month, provider_id: ProviderId) -> MonthPosted | None:
    """Approve and post what nothing stops; None when the whole month waits."""
    clock, reason = application.clock, "Утверждено командой erkc bill month"
    try:
        approve_month(application.engine, provider_id=provider_id, month=month, actor=_ACTOR, reason=reason, clock=clock)
    except InputError as refused:
        if refused.code != "CH-0104":
            raise
        screen.say(f"  остаётся черновиком: {refused.message}")
        return None
    posted = post_month(application.engine, provider_id=provider_id, month=month, law=law(), actor=_ACTOR, clock=clock)
    screen.say(f"  проведено записей: {posted.posted.new}" if posted.is_new else "  уже проведено, ничего не изменено")
    return posted


def _say_stopped(screen: Screen, drafted: Draft, month: Month) -> None:
    if drafted.open:
        what = "весь месяц" if drafted.stops_month else f"остановлено домов: {drafted.stopped_houses}"
        screen.say(f"  {what}, ждёт решения замечаний: {len(drafted.open)}; номера: erkc bill findings {month}")
        screen.say("  исправьте данные и повторите или примите с причиной: erkc bill accept НОМЕР --reason …")


def _drafted_json(drafted: Draft) -> dict[str, object]:
    return {
        "mode": drafted.calculation.mode,
        "version": drafted.calculation.version,
        "lines": drafted.totals.lines,
        "accounts": drafted.totals.accounts,
        "total": drafted.totals.total,
        "surcharge": drafted.totals.surcharge,
        "recalculations": recalculating.recalculated_json(drafted.recalculated),
        "findings": [finding_json(finding) for finding in drafted.findings],
        "open": len(drafted.open),
        "stopped_houses": drafted.stopped_houses,
        "is_new": drafted.is_new,
    }


def _show_draft(screen: Screen, drafted: Draft, month: str) -> None:
    what = drafted.totals
    screen.heading(
        f"{month}: строк {what.lines}, счетов {what.accounts}, начислено {roubles(what.total)} руб. "
        f"(в том числе повышающий коэффициент {roubles(what.surcharge)})"
    )
    recalculating.show_recalculated(screen, drafted.recalculated)
    findings_table(screen, drafted.findings)

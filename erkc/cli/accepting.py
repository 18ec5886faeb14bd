"""What stops houses of a month, and letting them through: ``erkc bill findings``, ``erkc bill accept``."""

from __future__ import annotations

from typing import Annotated

import typer

from core.errors import ConfigError
from core.records.findings import StoredFinding
from core.services.accepting import MonthFindings, accept_findings, month_findings
from core.services.month_view import finding_json
from erkc.application import Application
from erkc.cli.intake import effect_title
from erkc.cli.options import Json, MonthArgument, month_of, opened, providers_of_month
from erkc.cli.screen import Screen

__all__ = ["bill_accept", "bill_findings"]

_ACTOR = "erkc"
_SHOWN = 200


def bill_findings(
    month_text: MonthArgument,
    everything: Annotated[bool, typer.Option("--all", help="И предупреждения, и принятое раньше.")] = False,
    as_json: Json = False,
) -> None:
    """Показать замечания расчёта с номерами: что останавливает дома и ждёт решения (erkc bill accept); код 1, если что-то ждёт."""
    month = month_of(month_text)
    outcomes: dict[str, object] = {}
    waiting = 0
    with opened(as_json) as (application, screen):
        for provider in providers_of_month(application):
            found = month_findings(application.engine, provider_id=provider.provider_id, month=month)
            if found is None:
                screen.say(f"{provider.name}: {month.title} не рассчитан. Выполните erkc bill month {month} --draft.")
                outcomes[provider.inn] = None
                continue
            shown = [stored for stored in found.findings if everything or found.is_open(stored)]
            mine = sum(found.is_open(stored) for stored in found.findings)
            waiting += mine
            houses = {stored.finding.house_id for stored in found.findings if found.is_open(stored)} - {None}
            screen.heading(f"{provider.name}, {month.title}: ждёт решения замечаний {mine}, остановлено домов {len(houses)}")
            _show(screen, found, shown)
            outcomes[provider.inn] = {
                "state": found.state.value,
                "open": mine,
                "stopped_houses": len(houses),
                "findings": [_json(found, stored) for stored in shown],
            }
        screen.document(outcomes)
    if waiting:
        raise typer.Exit(1)


def bill_accept(
    numbers: Annotated[list[int] | None, typer.Argument(metavar="НОМЕР…", help="Номера замечаний из erkc bill findings.")] = None,
    reason: Annotated[str, typer.Option(help="Почему это верно; остаётся в архиве вместе с решением.")] = "",
    all_of: Annotated[
        str | None, typer.Option("--all-of", metavar="КОД", help="Все открытые замечания с этим кодом; нужен --month.")
    ] = None,
    month_text: Annotated[str | None, typer.Option("--month", metavar="ГГГГ-ММ", help="Месяц для --all-of.")] = None,
    as_json: Json = False,
) -> None:
    """Принять замечания с причиной: остановленный дом идёт дальше; если месяц уже проведён, дом проводится сразу."""
    if bool(numbers) == (all_of is not None):
        raise ConfigError("CLI-0304", "Нужны номера замечаний или --all-of КОД.", hint="Номера показывает erkc bill findings МЕСЯЦ.")
    if all_of is not None and month_text is None:
        raise ConfigError("CLI-0304", "К --all-of нужен месяц.", hint="Добавьте --month ГГГГ-ММ.")
    with opened(as_json) as (application, screen):
        chosen = list(numbers or ()) if all_of is None else _of_code(application, all_of, month_text or "")
        accepted = accept_findings(application.engine, numbers=chosen, reason=reason, actor=_ACTOR, clock=application.clock)
        if not chosen:
            screen.say(f"Открытых замечаний {all_of} за {month_text} нет.")
        for one in accepted:
            screen.say(f"{one.month.title}: принято {one.findings}, ждут решения {one.still_open}")
            if one.houses:
                screen.say(f"  проведено домов: {one.houses}, записей: {one.posted.new}; счета: erkc issue bills {one.month}")
        screen.document(
            [
                {
                    "month": str(one.month),
                    "accepted": one.findings,
                    "open": one.still_open,
                    "houses_posted": one.houses,
                    "posted": one.posted.new,
                }
                for one in accepted
            ]
        )


def _of_code(application: Application, code: str, month_text: str) -> list[int]:
    found = [
        month_findings(application.engine, provider_id=provider.provider_id, month=month_of(month_text))
        for provider in providers_of_month(application)
    ]
    return [
        stored.finding_id
        for one in found
        if one is not None
        for stored in one.findings
        if stored.finding.code == code and one.is_open(stored)
    ]


def _show(screen: Screen, found: MonthFindings, shown: list[StoredFinding]) -> None:
    rows = [
        (str(stored.finding_id), stored.finding.code, effect_title(stored.finding.effect), stored.finding.message, _decision(found, stored))
        for stored in shown[:_SHOWN]
    ]
    if rows:
        screen.table(("№", "Код", "Что", "Замечание", "Решение"), rows, numbers=frozenset((0,)))
    if len(shown) > _SHOWN:
        screen.say(f"  … и ещё {len(shown) - _SHOWN}: все — с --json")


def _decision(found: MonthFindings, stored: StoredFinding) -> str:
    if stored.decision is None:
        return "ждёт" if found.is_open(stored) else ""
    verdict = "принято" if stored.is_accepted else stored.decision.verdict
    return f"{verdict} {stored.decision.decided_at:%d.%m.%Y}, {stored.decision.actor}: {stored.decision.reason}"


def _json(found: MonthFindings, stored: StoredFinding) -> dict[str, object]:
    decision = stored.decision
    return {
        "finding": stored.finding_id,
        "open": found.is_open(stored),
        **finding_json(stored.finding),
        "house_id": stored.finding.house_id,
        "account_id": stored.finding.account_id,
        "service_id": stored.finding.service_id,
        "decision": None
        if decision is None
        else {
            "verdict": decision.verdict,
            "reason": decision.reason,
            "actor": decision.actor,
            "at": decision.decided_at.isoformat(),
        },
    }

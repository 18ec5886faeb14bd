"""What the commands of the federal exchange share: how they open and wait, and how they show what stands, what is refused, what is held
and what is in the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

import typer

from core.ids import ProviderId
from core.outbox import Trouble
from core.records.providers import Provider
from core.services.federal import Federal, Standing, Waiting, troubles, unfinished
from erkc.application import Application
from erkc.cli.options import opened
from erkc.cli.screen import Screen
from erkc.federal_check import Checked
from erkc.federal_words import checked_sentence, standing_lines, standing_sentence, trouble_sentence
from erkc.federation import open_federal, waiting

__all__ = [
    "MOST_LINES",
    "Inn",
    "Reasons",
    "Wait",
    "answers_of",
    "conversation",
    "exchanges_over",
    "show_checked",
    "show_held",
    "show_obstacles",
    "show_one",
    "show_refused",
    "show_standing",
    "show_troubles",
    "watched",
]

Wait = Annotated[float, typer.Option("--wait", help="Сколько секунд ждать ответов; 0 — не ждать, дальше erkc gis poll.")]
Inn = Annotated[str, typer.Option("--inn", help="ИНН поставщика; без ключа — единственный зарегистрированный.")]
Reasons = tuple[tuple[str, str], ...]
"""Why something was refused: codes and texts."""
MOST_LINES = 20
"""Of a list for people; machines get all of it."""
_LINE_EVERY_S = 10.0
_BAR_EVERY_S = 1.0


@contextmanager
def conversation(as_json: bool) -> Iterator[tuple[Application, Federal, Screen]]:
    """The application, its federal conversation and the screen of a command; no key is asked for before something must be signed."""
    with opened(as_json) as (application, screen):
        yield application, open_federal(application), screen


def show_standing(screen: Screen, standing: Standing) -> None:
    """How the month's bills stand, for people."""
    screen.say(f"  {standing_sentence(standing)}")
    for sentence in standing_lines(standing)[:MOST_LINES]:
        screen.say(f"  {sentence}")
    show_troubles(screen, standing.troubles)


def show_checked(screen: Screen, checked: Checked) -> None:
    """What the package doctor found: the request first, then each document with its reasons and what to do."""
    screen.say(checked_sentence(checked))
    for ailment in checked.request:
        screen.say(f"  запрос: {ailment.message} [{ailment.code}]. {ailment.hint}")
    for item in checked.sick[:MOST_LINES]:
        screen.say(f"  документ {item.number or item.transport_guid or item.position}:")
        for ailment in item.ailments:
            place = f"{ailment.path}: " if ailment.path else ""
            screen.say(f"    {place}{ailment.message} [{ailment.code}]. {ailment.hint}")
    if len(checked.sick) > MOST_LINES:
        screen.say(f"  и ещё документов {len(checked.sick) - MOST_LINES}; все — с ключом --json")


def show_troubles(screen: Screen, met: Iterable[Trouble]) -> None:
    """What stands in the way, and when it is tried again."""
    for trouble in list(met)[:MOST_LINES]:
        screen.say(f"  {trouble_sentence(trouble)}")


def show_obstacles(screen: Screen, federal: Federal, provider: Provider) -> None:
    """What stands in the way of everything that a provider has asked for."""
    show_troubles(screen, troubles(federal, provider_id=provider.provider_id))


def show_refused(screen: Screen, refused: Mapping[str, Reasons]) -> None:
    """What was refused, thing by thing, with the reasons."""
    _listed(screen, [f"{title}: {_reasons(reasons)}" for title, reasons in refused.items()])


def show_held(screen: Screen, held: Mapping[str, str]) -> None:
    """What has not left, thing by thing, with the reason."""
    _listed(screen, [f"{title}: {reason}" for title, reason in held.items()])


def show_one(screen: Screen, federal: Federal, provider: Provider, title: str, refused: Reasons, *, done: str) -> None:
    """What became of the one thing that a command asked for, ``done`` or refused, and what stands in the way."""
    screen.say(f"{title}: {_reasons(refused) or done}")
    show_obstacles(screen, federal, provider)


def _reasons(reasons: Reasons) -> str:
    return "; ".join(f"{code} {text}" for code, text in reasons)


def _listed(screen: Screen, lines: list[str]) -> None:
    for line in lines[:MOST_LINES]:
        screen.say(f"  {line}")
    if len(lines) > MOST_LINES:
        screen.say(f"  и ещё {len(lines) - MOST_LINES}; все — с ключом --json")


def exchanges_over(federal: Federal, provider_id: ProviderId | None) -> Callable[[], tuple[int, int]]:
    """How many of the conversations that were seen open are over, and of how many."""
    most = 0

    def count() -> tuple[int, int]:
        nonlocal most
        left = unfinished(federal, provider_id=provider_id)
        most = max(most, left)
        return most - left, most

    return count


@contextmanager
def answers_of(
    application: Application, federal: Federal, screen: Screen, title: str, provider: Provider, wait_s: float
) -> Iterator[Waiting | None]:
    """How a command waits for the answers to what it asks for a provider: people see how many conversations are over."""
    count = exchanges_over(federal, provider.provider_id)
    named = f"{title}, {provider.name}"
    with watched(application, screen, named, wait_s=wait_s, count=count, what="завершено обменов") as waits:
        yield waits


@contextmanager
def watched(
    application: Application, screen: Screen, title: str, *, wait_s: float, count: Callable[[], tuple[int, int]], what: str
) -> Iterator[Waiting | None]:
    """How a command waits: None when it does not. While it does, people see how much of how much is done (``count``): a bar on a
    terminal, elsewhere a line every ten seconds."""
    if not wait_s:
        yield None
        return
    with screen.progress(title) as bar:
        shown = time.monotonic()

        def tell() -> None:
            nonlocal shown
            now = time.monotonic()
            on_terminal = screen.console.is_terminal
            if screen.as_json or now - shown < (_BAR_EVERY_S if on_terminal else _LINE_EVERY_S):
                return
            shown = now
            done, of = count()
            bar(done, of)
            if not on_terminal:
                screen.say(f"  жду ответов ГИС ЖКХ: {what} {done} из {of}")

        yield waiting(wait_s, application, tell)
        if not screen.as_json:
            bar(*count())

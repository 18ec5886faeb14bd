"""What the commands of the federal exchange show: how bills stand, what is in the way, and that the program is alive while it waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from core.ids import ProviderId
from core.outbox import Trouble
from core.services.federal import Federal, Standing, Waiting, unfinished
from erkc.application import Application
from erkc.cli.screen import Screen
from erkc.federal_check import Checked
from erkc.federal_words import checked_sentence, standing_lines, standing_sentence, trouble_sentence
from erkc.federation import waiting

__all__ = ["exchanges_over", "show_checked", "show_standing", "show_troubles", "watched"]

_MOST_LINES = 20
_LINE_EVERY_S = 10.0
_BAR_EVERY_S = 1.0


def show_standing(screen: Screen, standing: Standing) -> None:
    """How the month's bills stand, for people."""
    screen.say(f"  {standing_sentence(standing)}")
    for sentence in standing_lines(standing)[:_MOST_LINES]:
        screen.say(f"  {sentence}")
    show_troubles(screen, standing.troubles)


def show_checked(screen: Screen, checked: Checked) -> None:
    """What the package doctor found: the request first, then each document with its reasons and what to do."""
    screen.say(checked_sentence(checked))
    for ailment in checked.request:
        screen.say(f"  запрос: {ailment.message} [{ailment.code}]. {ailment.hint}")
    for item in checked.sick[:_MOST_LINES]:
        screen.say(f"  документ {item.number or item.transport_guid or item.position}:")
        for ailment in item.ailments:
            place = f"{ailment.path}: " if ailment.path else ""
            screen.say(f"    {place}{ailment.message} [{ailment.code}]. {ailment.hint}")
    if len(checked.sick) > _MOST_LINES:
        screen.say(f"  и ещё документов {len(checked.sick) - _MOST_LINES}; все — с ключом --json")


def show_troubles(screen: Screen, troubles: Iterable[Trouble]) -> None:
    """What stands in the way, and when it is tried again."""
    for trouble in list(troubles)[:_MOST_LINES]:
        screen.say(f"  {trouble_sentence(trouble)}")


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

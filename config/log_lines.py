"""How the long-running processes write their log: one line an event on standard error, with the fields that the event carries.

An event of ours has a stable English name (``job.finished``) and fields (``kind=gis_poll provider=1``); as text they follow the name,
as JSON they stand beside it. Lines of libraries carry no fields of theirs.
"""

from __future__ import annotations

import json
import logging
from typing import Literal

__all__ = ["JsonLines", "LogFormat", "TextLines", "log_to_stderr"]

LogFormat = Literal["text", "json"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_OURS = "erkc"
_CHATTY = ("apscheduler", "procrastinate")


def _fields(record: logging.LogRecord) -> dict[str, object]:
    """What one of our events was given as ``extra``."""
    if record.name.partition(".")[0] != _OURS:
        return {}
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _as_text(value: object) -> str:
    """A value without spaces as it is; any other quoted, so that a line can be split again."""
    text = str(value)
    return text if text and not any(sign.isspace() or sign in '"=' for sign in text) else json.dumps(text, ensure_ascii=False)


class TextLines(logging.Formatter):
    """``2026-11-24 10:00:00,000 INFO erkc.worker job.finished kind=gis_poll provider=1 …``; a traceback follows on lines of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line, then the fields."""
        return " ".join([super().formatMessage(record), *(f"{name}={_as_text(value)}" for name, value in _fields(record).items())])


class JsonLines(logging.Formatter):
    """One JSON object a line: ``at``, ``level``, ``logger``, ``event``, the fields, and ``traceback`` where something broke."""

    def format(self, record: logging.LogRecord) -> str:
        """The object."""
        line: dict[str, object] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def log_to_stderr(lines: LogFormat = "text") -> None:
    """Our own lines from INFO; of the queue and the timer only what went wrong, for their chatter hides ours."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if lines == "json" else TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)

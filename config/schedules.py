"""The schedule file: the one inside the package, or a site's own in its place."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from pathlib import Path

from core.errors import ConfigError
from core.jobs import Job, parse_schedule

__all__ = ["load_schedule"]


def load_schedule(path: Path | None = None) -> tuple[Job, ...]:
    """Read ``config/schedules.toml``, or the file at ``path``; :class:`ConfigError` names file and key."""
    source = "config/schedules.toml" if path is None else str(path)
    try:
        text = files("config").joinpath("schedules.toml").read_text(encoding="utf-8") if path is None else path.read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError("JOB-0103", f"Расписание {source} не читается: {error}.", hint="Проверьте файл.", file=source) from error
    return parse_schedule(document, source=source)

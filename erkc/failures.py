"""Failures of the surroundings as errors that people understand: a database that does not answer, a full disk, no right to a file."""

from __future__ import annotations

import errno

from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, ProgrammingError

from core.errors import ConfigError, ErkcError, TransientError, system_reason

__all__ = ["as_known"]


def as_known(error: Exception) -> ErkcError | None:
    """The error in our words; None for what must be seen as it is (a defect)."""
    if isinstance(error, OperationalError):
        return TransientError(
            "DB-0301",
            f"База данных не отвечает: {_first_line(error)}",
            hint="Проверьте ERKC_DATABASE_URL и сам сервер; повторите позже.",
        )
    if isinstance(error, ArgumentError | NoSuchModuleError):
        return ConfigError(
            "DB-0303",
            "Адрес базы данных не понят.",
            hint="Образец: ERKC_DATABASE_URL=postgresql+psycopg://erkc_app:ПАРОЛЬ@СЕРВЕР/БАЗА",
            option="database.url",
        )
    if isinstance(error, ProgrammingError) and "permission denied" in str(error):
        return ConfigError(
            "DB-0302",
            f"У роли базы данных нет права: {_first_line(error)}",
            hint="Программа работает ролью erkc_app; права выдаёт erkc db upgrade.",
        )
    if isinstance(error, OSError):
        if error.errno == errno.ENOSPC:
            return TransientError("OS-0101", "На диске кончилось место.", hint="Освободите место и повторите команду.")
        if error.errno in (errno.EACCES, errno.EPERM, errno.ENOENT, errno.EISDIR, errno.ENOTDIR):
            return ConfigError("OS-0102", f"Файл недоступен: {error.filename}: {system_reason(error)}.", hint="Проверьте путь и права.")
    return None


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", error)).strip().split("\n", 1)[0]

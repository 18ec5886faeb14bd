"""Errors, grouped by what must happen next. Retry logic looks at the class only; people read the sentence and the hint.

Each error carries a stable ``code`` (``GIS-0412``), a Russian sentence, a hint for the next step, and ``fields`` for machines.
"""

from __future__ import annotations

import errno

__all__ = [
    "ConfigError", "ConflictError", "ErkcError", "InputError", "InvariantError", "RejectedError", "TransientError", "system_reason",
]  # fmt: skip

_REASONS = {
    errno.ENOENT: "такого файла или папки нет",
    errno.EISDIR: "это папка, а не файл",
    errno.ENOTDIR: "часть пути — не папка",
    errno.EACCES: "нет прав",
    errno.EPERM: "нет прав",
    errno.EROFS: "диск только для чтения",
    errno.ENOSPC: "на диске кончилось место",
    errno.EEXIST: "уже есть",
    errno.ENAMETOOLONG: "имя слишком длинное",
    errno.EMFILE: "открыто слишком много файлов",
}


def system_reason(error: OSError) -> str:
    """Why the operating system refused, in Russian; a reason that is not listed by its number."""
    return _REASONS.get(error.errno or 0, f"отказ системы № {error.errno}" if error.errno else "отказ системы")


class ErkcError(Exception):
    """Что-то пошло не так."""

    exit_code = 1

    def __init__(self, code: str, message: str, *, hint: str = "", **fields: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.fields = fields

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" {self.hint}" if self.hint else "")

    def __reduce__(self) -> tuple[object, ...]:
        """An error of a process that works for us arrives here with everything it says."""
        return _again, (type(self), self.code, self.message, self.hint, self.fields)

    def as_dict(self) -> dict[str, object]:
        """The error for machines: class, code, message, hint and fields."""
        return {"error": type(self).__name__, "code": self.code, "message": self.message, "hint": self.hint, "fields": self.fields}


def _again(kind: type[ErkcError], code: str, message: str, hint: str, fields: dict[str, object]) -> ErkcError:
    return kind(code, message, hint=hint, **fields)


class ConfigError(ErkcError):
    """Settings or schedule are wrong: refuse to start, name the option and the file; the administrator acts."""

    exit_code = 2


class InputError(ErkcError):
    """Data is wrong or incomplete: quarantine the record and go on; the sender of the data acts."""


class RejectedError(ErkcError):
    """The remote system answered "no": store the answer, do not retry; the operator acts."""


class TransientError(ErkcError):
    """Network, time-out, remote overload: retry later with the same identifier; nobody acts, until a limit."""

    exit_code = 3


class ConflictError(ErkcError):
    """The same key came with other content: keep the first, show both; the operator acts."""


class InvariantError(ErkcError):
    """Our own promise is broken: stop the job and raise an alarm; the developer acts."""

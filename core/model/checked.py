"""Values that many are made of: frozen for the type checker, which sees every assignment, and not at run time, where that costs."""

from __future__ import annotations

from dataclasses import field as field_of
from dataclasses import fields, make_dataclass
from typing import Any, TypeVar

__all__ = ["frozen_when_checked"]

_Class = TypeVar("_Class")


def frozen_when_checked(cls: type[_Class]) -> type[_Class]:
    """A frozen dataclass whose fields are set as those of a plain one; it compares, hashes, copies and pickles as before.

    >>> from dataclasses import dataclass
    >>> @frozen_when_checked
    ... @dataclass(frozen=True, slots=True)
    ... class Reading:
    ...     value_e3: int
    ...     zone: int | None = None
    >>> Reading(5) == Reading(5, None), len({Reading(5), Reading(5)})
    (True, 1)
    """
    kind: Any = cls  # a dataclass, which no bound of a type variable can say of a class
    made = make_dataclass(
        cls.__name__, [(one.name, Any, field_of(default=one.default, default_factory=one.default_factory)) for one in fields(kind)]
    )
    plain: Any = made
    kind.__init__ = plain.__init__
    del kind.__setattr__, kind.__delattr__
    return cls

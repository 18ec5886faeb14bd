"""Operations of the federal services that we use, as the bindings state them: where, with what action, header and version."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from xsd.tables import ALBUM, tables

__all__ = ["Operation", "operation", "operations", "state_operation"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: names are ``prefix:local`` of the message tables."""

    service: str
    name: str
    action: str
    path: str
    """Path after the host; the host is a setting."""
    request: str
    reply: str
    header: str
    """``base:RequestHeader``, or ``base:ISRequestHeader`` where the information system speaks for itself."""
    state_reply: str
    """What ``getState`` of the same service answers."""
    signed: bool
    """Questions about state have no ``Id`` and are not signed."""

    @property
    def names_organisation(self) -> bool:
        """Whether the header carries the organisation on whose behalf the message is sent."""
        return self.header == "base:RequestHeader"


@functools.cache
def operations(album: str = ALBUM) -> dict[tuple[str, str], Operation]:
    """Every operation by (service, name)."""
    known = tables(album)
    found = {}
    for service, binding in known.services.items():
        for name, facts in binding["operations"].items():
            shape = known.element(facts["request"])
            found[service, name] = Operation(
                service=service,
                name=name,
                action=facts["action"],
                path=binding["path"],
                request=facts["request"],
                reply=facts["reply"],
                header=facts["header"],
                state_reply=binding["state"],
                signed="Id" in shape.attributes,
            )
    return found


def operation(name: str, *, album: str = ALBUM) -> Operation:
    """An operation by its name; ``getState``, which every service has, needs :func:`state_operation`."""
    found = [one for (_, known), one in operations(album).items() if known == name]
    if len(found) != 1:
        raise KeyError(f"operation {name}: {'unknown' if not found else 'several services have it'}")
    return found[0]


def state_operation(service: str, *, album: str = ALBUM) -> Operation:
    """``getState`` of a service."""
    return operations(album)[service, "getState"]

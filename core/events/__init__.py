"""Domain events: one row for each business fact that people will be told of, written in the transaction of the fact.

Used as ``from core import events`` and ``events.record(connection, …)``. Nothing is sent from here and nobody is woken: whoever tells
people reads the rows. Table: event.
"""

from core.events.store import Event, EventKind, NewEvent, read, record, record_many

__all__ = ["Event", "EventKind", "NewEvent", "read", "record", "record_many"]

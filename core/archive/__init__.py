"""The archive: exact bytes, received, sent or decided, each with its hash, never changed; sealed day by day.

Used as ``from core import archive`` and ``archive.store(connection, …)``. Tables: message, message_chunk, message_drop, seal, seal_leaf.
"""

from core.archive.messages import Direction, Message, Stored, describe, drop, find, find_named, open_stream, read, store
from core.archive.seals import HashPath, Seal, hash_path, seal_day, seal_until
from core.archive.verify import Breach, broken

__all__ = [
    "Breach",
    "Direction",
    "HashPath",
    "Message",
    "Seal",
    "Stored",
    "broken",
    "describe",
    "drop",
    "find",
    "find_named",
    "hash_path",
    "open_stream",
    "read",
    "seal_day",
    "seal_until",
    "store",
]

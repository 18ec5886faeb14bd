"""Saved mappings of senders' tables: a person's decision each, archived, the last of a name holds."""

from __future__ import annotations

import json

from sqlalchemy import Engine

from core import archive
from core.clock import Clock
from core.errors import InputError
from core.ids import CENTRE
from core.model.records import Resolution
from core.records.resolutions import Resolved, read_resolutions, resolve
from core.storage.engine import transaction

__all__ = ["read_table_profile", "save_table_profile", "table_profiles"]

_MATTER = "table_profile"


def table_profiles(engine: Engine, *, inn: str | None = None) -> dict[str, Resolved]:
    """Profiles by ``ИНН/name``."""
    with transaction(engine) as connection:
        found = read_resolutions(connection, _MATTER)
    return {subject: one for subject, one in sorted(found.items()) if inn is None or subject.split("/")[0] == inn}


def read_table_profile(engine: Engine, *, inn: str, name: str) -> str:
    """The text of a profile; ``InputError`` TBL-0114 when there is none of this name."""
    found = table_profiles(engine, inn=inn).get(f"{inn}/{name}")
    if found is None:
        raise InputError("TBL-0114", f"Профиля «{name}» у отправителя с ИНН {inn} нет.", hint="Сохранённые: erkc table profiles.")
    return found.body.value


def save_table_profile(engine: Engine, *, inn: str, name: str, content: str, about: str, actor: str, clock: Clock) -> None:
    """Save a mapping; the same again changes nothing."""
    at = clock.now()
    document = {"decision": _MATTER, "inn": inn, "name": name, "profile": json.loads(content), "about": about, "actor": actor}
    with transaction(engine) as connection:
        message = archive.store(
            connection,
            data=json.dumps(document, ensure_ascii=False, indent=1).encode(),
            name="table-profile.json",
            channel="tables",
            direction="decision",
            provider_id=CENTRE,
            at=at,
        ).message_id
        resolve(connection, [Resolution(_MATTER, f"{inn}/{name}", content, about, "профиль таблицы", actor)], message_id=message, at=at)

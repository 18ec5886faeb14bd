"""The self-check at start: whom this information system may act for (exportDataProvider)."""

from __future__ import annotations

from core.errors import InputError
from core.ids import CENTRE
from core.records.providers import providers
from core.services.federal import begin_access_check
from core.storage.engine import transaction
from erkc.application import Application
from erkc.federal_words import access_sentence
from erkc.federation import open_federal

__all__ = ["begin_self_check"]


def begin_self_check(application: Application) -> list[str]:
    """The self-check at start (exportDataProvider): whom this system may act for, a sentence each.

    The questions are only prepared here, so that a silent network keeps nobody from starting; the job ``gis_poll`` sends them and fetches
    the answers, and names who has not delegated. Until then it is said what the last answers were.
    """
    federal = open_federal(application)
    with transaction(application.engine) as connection:
        listed = [one for one in providers(connection) if one.provider_id != CENTRE]
    sentences = []
    for one in listed:
        try:
            sentences.append(access_sentence(one.name, begin_access_check(federal, provider_id=one.provider_id)))
        except InputError as error:
            sentences.append(f"{one.name}: {error.message}")
    return sentences

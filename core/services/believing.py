"""Who is believed in a conflict of senders of one house, as it was known at a moment: decisions, ГАР, the region's rule.

What is decided is found again by the least of the codes that the senders know the house by, whichever of them is taken.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from core.charges.joint import Chosen, Conflict
from core.errors import ConfigError
from core.ids import ProviderId, RecordId
from core.period import Month
from core.records.facts import read_settings
from core.records.neighbours import SameHouse
from core.records.providers import Provider
from core.records.resolutions import Resolved, gar_houses, read_resolutions

__all__ = ["Believing", "conflict_subject", "values_text"]

_RULE = "wins"
_KINDS: Mapping[str, tuple[int, ...]] = {"УО": (1, 4), "РСО": (2,), "КР": (3,), "ТКО": (6,)}
"""Kinds of accounts that a rule's word stands for."""


def conflict_subject(same: SameHouse, conflict: Conflict) -> str:
    """What a decision about a conflict is about: the house by the first of its codes, the place, the fact."""
    house = min(name.fias.lower() or name.cadastral for name in same.names)
    return "/".join((house, conflict.attribute, conflict.premises or "", conflict.room or "", conflict.payer))


def values_text(values: Mapping[str, str]) -> str:
    """Values by ИНН as one text, whatever their order."""
    return json.dumps(dict(sorted(values.items())), ensure_ascii=False)


@dataclass(slots=True)
class Believing:
    """What is known up to a record; read once for a month of a provider."""

    connection: Connection
    month: Month
    known_until: RecordId | None
    provider_id: ProviderId
    _decisions: dict[str, Resolved] = field(init=False)
    _rules: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._decisions = read_resolutions(self.connection, "conflict", known_until=self.known_until)
        settings = read_settings(self.connection, day=self.month.last, provider_id=self.provider_id, known_until=self.known_until)
        said = settings.get(_RULE)
        self._rules = {name: _checked(name, str(value)) for name, value in said.items()} if isinstance(said, dict) else {}

    def chosen(self, same: SameHouse, senders: Mapping[ProviderId, Provider]) -> Chosen:
        """The choice for one house."""

        def choose(conflict: Conflict) -> tuple[int, str] | None:
            by_inn = {senders[same.names[place].provider_id].inn: place for place, _ in conflict.values}
            values = {inn: dict(conflict.values)[place] for inn, place in by_inn.items()}
            decided = self._decisions.get(conflict_subject(same, conflict))
            if decided is not None and decided.body.about == values_text(values) and decided.body.value in by_inn:
                return by_inn[decided.body.value], "decision"
            if conflict.attribute == "fias_house":
                known = {
                    one.fias for one in gar_houses(self.connection, fias=[v.lower() for v in values.values()], known_until=self.known_until)
                }
                listed = [place for place, value in conflict.values if value.lower() in known]
                if len({dict(conflict.values)[place].lower() for place in listed}) == 1:
                    return (conflict.chosen if conflict.chosen in listed else listed[0]), "gar"
            return self._by_rule(conflict, by_inn)

        return choose

    def _by_rule(self, conflict: Conflict, by_inn: Mapping[str, int]) -> tuple[int, str] | None:
        rule = self._rules.get(conflict.attribute, "")
        if rule in by_inn:
            return by_inn[rule], "rule"
        if rule in _KINDS:
            places = [place for place, kind in conflict.kinds if kind in _KINDS[rule]]
            if conflict.chosen in places:
                return conflict.chosen, "rule"
            return (places[0], "rule") if places else None
        return None


def _checked(attribute: str, rule: str) -> str:
    """The word or ИНН of a rule; ``ConfigError`` GR-0104 for what is neither. What follows a comma is a note for people."""
    word = rule.split(",")[0].strip()
    if word in _KINDS or (word.isdecimal() and len(word) in (10, 12)):
        return word
    raise ConfigError(
        "GR-0104",
        f"Настройка wins: для «{attribute}» указано «{rule}».",
        hint=f"Допустимо: {', '.join(_KINDS)} или ИНН отправителя.",
    )

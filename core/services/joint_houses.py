"""Houses of a provider as all of their senders tell of them: read together, joined, and after charging taken apart again.

A house is charged as one, because the volumes of one sender depend on the other's accounts and meters (sewerage on hot water, the rest of a
house meter on all flats); each provider's calculation keeps the lines that are its own. That is an act of the centre: its session alone
sees several senders. What they say differently goes into each one's calculation as a finding, beside the value that was taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from core.charges.engine import HouseCharges
from core.charges.findings import ChargeFinding
from core.charges.joint import Conflict, charged_twice, join_house, own_part
from core.ids import EntityId, ProviderId, RecordId
from core.ledger.calculations import Calculation
from core.model.facts import HouseFacts, ServiceFacts
from core.model.finding import Position
from core.period import Month
from core.records.houses import HouseReader
from core.records.intake import senders_heard
from core.records.neighbours import HouseName, SameHouse, same_houses, sharing_providers
from core.records.providers import Provider, providers
from core.records.resolutions import is_decided_since
from core.records.store import has_records_since
from core.services.believing import Believing

__all__ = ["JointHouse", "JointReader", "is_stale"]

_HOUSES_AT_ONCE = 50
_WHAT = {"fias_house": "код дома по ФИАС", "area": "площадь", "residents": "число проживающих"}
_HINT = (
    "Сверьте с документами; исправляет тот отправитель, чьё значение неверно. Площадь, проживающие и отсутствие берутся у УО; "
    "решить иначе: erkc conflicts list МЕСЯЦ."
)


@dataclass(frozen=True, slots=True)
class JointHouse:
    """A house as one of its senders charges it."""

    house: HouseFacts
    """All senders' facts, with the keys and the number of the house of the sender in question."""
    own: HouseFacts
    """What that sender itself says."""
    same: SameHouse
    """The house of each sender; places of senders in the conflicts are places here."""
    conflicts: tuple[Conflict, ...]
    month: Month
    senders: Mapping[ProviderId, Provider]
    twice: tuple[tuple[ServiceFacts, ServiceFacts], ...] = ()
    """Services that two senders charge to the same payers: nothing of the house is charged then."""
    silent: frozenset[ProviderId] = frozenset()
    """Senders of the house of whom no package of the month was taken."""
    left_out: tuple[HouseName, ...] = ()
    """Houses of silent senders that are not joined, because others charge what they charged."""

    @property
    def is_joint(self) -> bool:
        """Whether several senders report it."""
        return len(self.same.names) > 1

    def part(self, charged: HouseCharges) -> HouseCharges:
        """Of the charged house what is the sender's, with the differences as findings."""
        own = own_part(charged, self.own) if self.is_joint else charged
        if self.twice:
            own = self._held()
        undecided = (conflict for conflict in self.conflicts if conflict.how != "decision")
        told = (*(self._told(conflict) for conflict in undecided), *self._silent(), *self._doubtful())
        return replace(own, findings=(*own.findings, *told)) if told else own

    def sender(self, place: int) -> Provider:
        """The sender at a place."""
        return self.senders[self.same.names[place].provider_id]

    def _held(self) -> HouseCharges:
        """Nothing of the house may be charged while two senders charge the same: who is right only they can tell."""
        findings = []
        for one, other in self.twice:
            who = ", ".join(self.sender(service.sender).name for service in (one, other))
            findings.append(
                ChargeFinding(
                    Position(f"начисление {self.month}"),
                    "CH-042",
                    "error",
                    "hold_house",
                    value=one.name,
                    message=f"{self.house.address}: услугу «{one.name}» одним плательщикам за {self.month.title} начисляют двое: {who}; "
                    "дом не начислен.",
                    hint="Кто услугу больше не оказывает, присылает её последний день (DUOUUSLUGA.4, DRSOUSLUGARES.6) или закрывает счета.",
                    house_id=self.house.house_id,
                )
            )
        return HouseCharges(self.house.house_id, (), (), tuple(findings), held=True)

    def _told(self, conflict: Conflict) -> ChargeFinding:
        place = f", помещение {conflict.premises}" if conflict.premises else ""
        values = ", ".join(f"{self.sender(i).name} — {value}" for i, value in conflict.values)
        chosen = dict(conflict.values)[conflict.chosen]
        mine = {account.account_id for account in self.own.accounts}
        return ChargeFinding(
            Position(f"начисление {self.month}"),
            "CH-040",
            "warning",
            "use_believed",
            value=chosen,
            message=f"{self.house.address}{place}: отправители называют разное, {_WHAT[conflict.attribute]}: {values}; взято {chosen}.",
            hint=_HINT,
            house_id=self.house.house_id,
            account_id=next((account for account in conflict.accounts if account in mine), None),
        )

    def _silent(self) -> Iterator[ChargeFinding]:
        position = Position(f"начисление {self.month}")
        address, month = self.house.address, self.month.title
        for name in self.left_out:
            who = self.senders[name.provider_id].name
            yield ChargeFinding(
                position,
                "CH-043",
                "warning",
                "house_apart",
                value=name.key,
                message=f"{address}: дом числится и за {who}, от кого за {month} пакета нет; "
                "его счета и услуги не взяты, их начисляет другой.",
                hint="Если управление домом сменилось, прежняя организация закрывает счета (KVAR.9).",
                house_id=self.house.house_id,
            )
        own = self.own.house_id
        for name in self.same.names:
            if name.provider_id in self.silent and name.house_id != own:
                who = self.senders[name.provider_id].name
                yield ChargeFinding(
                    position,
                    "CH-044",
                    "error",
                    "await_sender",
                    value=name.key,
                    message=f"{address}: {who} за {month} ничего не прислал; объёмы его услуг взяты по прошлым данным.",
                    hint="Примите его пакет (erkc take ФАЙЛ) и рассчитайте снова.",
                    house_id=self.house.house_id,
                )

    def _doubtful(self) -> Iterator[ChargeFinding]:
        for name in self.same.doubtful:
            yield ChargeFinding(
                Position(f"начисление {self.month}"),
                "CH-041",
                "warning",
                "house_apart",
                value=name,
                message=f"{self.house.address}: код {name} у одного отправителя стоит на двух домах, дом другого с ними не сопоставлен.",
                hint="Отправитель исправляет код дома по ФИАС или кадастровый номер (HOUSE.9, HOUSE.13) и присылает пакет.",
                house_id=self.house.house_id,
            )


class JointReader:
    """Reads houses of one provider with what others say of them; ``ConfigError`` REC-0104 in a session that is not the centre's."""

    def __init__(self, connection: Connection, provider_id: ProviderId, month: Month, known_until: RecordId | None) -> None:
        self._connection = connection
        self._provider_id = provider_id
        self._month = month
        self._known_until = known_until
        self._readers: dict[ProviderId, HouseReader] = {}
        self._senders = {one.provider_id: one for one in providers(connection)}
        self._heard = senders_heard(connection, month=month, known_until=known_until)
        self._believing = Believing(connection, month, known_until, provider_id)

    def read(self, houses: Sequence[EntityId]) -> Iterator[JointHouse]:
        """Houses in the order given, a batch at a time; one without a record in force is left out."""
        for start in range(0, len(houses), _HOUSES_AT_ONCE):
            yield from self._batch(houses[start : start + _HOUSES_AT_ONCE])

    def _batch(self, houses: Sequence[EntityId]) -> Iterator[JointHouse]:
        same = same_houses(self._connection, houses, month=self._month, known_until=self._known_until)
        wanted: dict[ProviderId, dict[EntityId, None]] = defaultdict(dict)
        for group in same.values():
            for name in group.names:
                wanted[name.provider_id][name.house_id] = None
        facts = {
            house.house_id: house for provider_id, ids in sorted(wanted.items()) for house in self._reader(provider_id).read(list(ids))
        }
        for house_id in houses:
            if house_id in facts:
                yield self._joint(house_id, same[house_id], facts)

    def _joint(self, house_id: EntityId, same: SameHouse, facts: Mapping[EntityId, HouseFacts]) -> JointHouse:
        joint = self._joined(house_id, same, facts)
        replaced = {self._sender_of(joint, service) for pair in joint.twice for service in pair} & joint.silent
        left_out = tuple(name for name in same.names if name.provider_id in replaced and name.house_id != house_id)
        if not left_out:
            return joint
        rest = replace(same, names=tuple(name for name in same.names if name not in left_out))
        return replace(self._joined(house_id, rest, facts), left_out=left_out)

    def _joined(self, house_id: EntityId, same: SameHouse, facts: Mapping[EntityId, HouseFacts]) -> JointHouse:
        own = facts[house_id]
        if len(same.names) == 1:
            return JointHouse(own, own, same, (), self._month, self._senders)
        place = next(i for i, name in enumerate(same.names) if name.house_id == house_id)
        house, conflicts = join_house(
            [facts[name.house_id] for name in same.names], self._month, own=place, chosen=self._believing.chosen(same, self._senders)
        )
        twice = tuple(charged_twice(house, self._month))
        silent = frozenset(name.provider_id for name in same.names) - self._heard
        return JointHouse(house, own, same, tuple(conflicts), self._month, self._senders, twice, silent)

    @staticmethod
    def _sender_of(joint: JointHouse, service: ServiceFacts) -> ProviderId:
        return joint.same.names[service.sender].provider_id

    def _reader(self, provider_id: ProviderId) -> HouseReader:
        if provider_id not in self._readers:
            self._readers[provider_id] = HouseReader(self._connection, provider_id, self._month, self._known_until)
        return self._readers[provider_id]


def is_stale(connection: Connection, calculation: Calculation) -> bool:
    """Whether the sender told anything new since a calculation, or another sender of its houses something that charges depend on."""
    known = calculation.known_until
    if has_records_since(connection, calculation.provider_id, known):
        return True
    others = sharing_providers(connection, calculation.provider_id)
    if others and is_decided_since(connection, known):
        return True
    now = senders_heard(connection, month=calculation.month, known_until=None)
    if (now - senders_heard(connection, month=calculation.month, known_until=known)).intersection(others):
        return True
    return any(has_records_since(connection, other, known, money=False) for other in others)

"""A comparison as people and machines read it: senders, services, houses and accounts by their names, causes by their titles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from core.charges.comparison import PERCENTS, ROUBLES, Bucket, Comparison, Moved, Mover, Sums, in_buckets
from core.ids import EntityId, ProviderId
from core.money import format_roubles, rounded
from core.records.latest import read_houses_list, read_services
from core.records.places import PlacedAccount, placed_accounts
from core.records.providers import Provider
from core.services.month_view import Json

__all__ = ["Compared", "House", "Names", "compared_json", "names_of", "percent_text"]


@dataclass(frozen=True, slots=True)
class House:
    """A house as people know it."""

    address: str
    oktmo: str


@dataclass(frozen=True, slots=True)
class Names:
    """What the numbers of a comparison are called."""

    senders: Mapping[ProviderId, Provider]
    services: Mapping[tuple[ProviderId, EntityId], str]
    houses: Mapping[tuple[ProviderId, EntityId], House]
    movers: Mapping[EntityId, PlacedAccount]

    def service(self, sender: ProviderId, service: EntityId) -> str:
        """The service by its name."""
        return self.services.get((sender, service), str(service))

    def address(self, mover: Mover) -> str:
        """House and premises of an account."""
        house = None if mover.house_id is None else self.houses.get((mover.sender, mover.house_id))
        placed = self.movers.get(mover.account_id)
        return ", ".join(part for part in ("" if house is None else house.address, "" if placed is None else placed.flat) if part)

    def number(self, mover: Mover) -> str:
        """The account by the number that stands on its bill."""
        placed = self.movers.get(mover.account_id)
        return str(mover.account_id) if placed is None else placed.number


@dataclass(frozen=True, slots=True)
class Compared:
    """Two amounts of each account set side by side, with everything that is told of them."""

    title: str
    before: str
    after: str
    """What the two sides are, for people."""
    sums: Comparison
    causes: Mapping[str, str]
    """Titles of causes, in the order in which they are shown."""
    names: Names
    notes: tuple[str, ...] = ()
    """What is not as the reader would expect."""
    without: Mapping[str, str] = field(default_factory=dict)
    """Senders that were not compared, and why."""

    def by_service(self) -> list[tuple[str, Sums]]:
        """Services by name, those that changed most first; services of one name of several senders are one."""
        merged: defaultdict[str, Sums] = defaultdict(Sums)
        for (sender, service), sums in self.sums.by_service.items():
            _merge(merged[self.names.service(sender, service)], sums)
        return sorted(merged.items(), key=lambda item: (-abs(item[1].amount), item[0]))

    def by_house(self) -> list[tuple[House | None, Sums]]:
        """Houses, those that changed most first; None: accounts whose house is not known."""
        merged: defaultdict[House | None, Sums] = defaultdict(Sums)
        for (sender, house), sums in self.sums.by_house.items():
            _merge(merged[None if house is None else self.names.houses.get((sender, house))], sums)
        return sorted(merged.items(), key=lambda item: (-abs(item[1].amount), "" if item[0] is None else item[0].address))

    def by_municipality(self) -> list[tuple[str, Sums]]:
        """Municipalities by ОКТМО."""
        merged: defaultdict[str, Sums] = defaultdict(Sums)
        for house, sums in self.by_house():
            _merge(merged["" if house is None else house.oktmo], sums)
        return sorted(merged.items())

    def by_cause(self) -> list[tuple[str, Moved]]:
        """Causes by title, in the order of their table."""
        return [(title, self.sums.by_cause[key]) for key, title in self.causes.items() if key in self.sums.by_cause]

    def services_of(self, moved: Moved) -> list[tuple[str, int]]:
        """The services that a cause moved, those that it moved most first."""
        merged: defaultdict[str, int] = defaultdict(int)
        for (sender, service), amount in moved.by_service.items():
            merged[self.names.service(sender, service)] += amount
        return sorted(((name, amount) for name, amount in merged.items() if amount), key=lambda item: (-abs(item[1]), item[0]))

    def causes_of(self, mover: Mover) -> list[tuple[str, int]]:
        """Why an account moved, the greatest cause first; where a service came or went, which one."""
        found: list[tuple[str, int]] = []
        for cause, amount in mover.causes.items():
            services = {service for of_cause, service in mover.parts if of_cause == cause}
            named = ", ".join(sorted(self.names.service(mover.sender, service) for service in services))
            found.append((f"{self.causes[cause]} ({named})" if cause in ("appeared", "ended") else self.causes[cause], amount))
        return sorted(found, key=lambda item: -abs(item[1]))

    def movers(self) -> tuple[list[Mover], list[Mover]]:
        """Accounts that pay most more, and most less."""
        return self.sums.movers()

    def distribution(self) -> list[tuple[str, Bucket]]:
        """Accounts by how many roubles they pay more or less."""
        return list(in_buckets(self.sums.roubles, ROUBLES, "₽"))

    def in_percent(self) -> list[tuple[str, Bucket]]:
        """The same in per cent of what they paid before."""
        return list(in_buckets(self.sums.percents, PERCENTS, "%"))


def _merge(one: Sums, other: Sums) -> None:
    for name in ("before", "after", "more", "less", "same"):
        setattr(one, name, getattr(one, name) + getattr(other, name))


def names_of(connection: Connection, sums: Comparison, senders: Sequence[Provider]) -> Names:
    """The names of everything that a comparison has numbers of, as they stand last."""
    services: dict[tuple[ProviderId, EntityId], str] = {}
    houses: dict[tuple[ProviderId, EntityId], House] = {}
    for sender in senders:
        number = sender.provider_id
        services |= {(number, row.entity_id): row.name for row in read_services(connection, provider_id=number)}
        rows = read_houses_list(connection, provider_id=number)
        houses |= {(number, row.entity_id): House(row.address, row.oktmo) for row in rows}
    up, down = sums.movers()
    movers = placed_accounts(connection, [mover.account_id for mover in (*up, *down)])
    return Names({sender.provider_id: sender for sender in senders}, services, houses, movers)


def percent_text(sums: Sums) -> str:
    """The difference in per cent of what was before, one decimal place; empty where there was nothing."""
    value = sums.percent
    if value is None:
        return ""
    tenths = rounded(value, 10)
    sign = "−" if tenths < 0 else "+" if tenths > 0 else ""
    return f"{sign}{abs(tenths) // 10},{abs(tenths) % 10} %"


def compared_json(compared: Compared) -> Json:
    """Everything, for machines; money as text with two decimals."""
    up, down = compared.movers()
    return {
        "title": compared.title,
        "before": compared.before,
        "after": compared.after,
        "totals": _sums(compared.sums.total),
        "accounts_without_amount_before": _sums(compared.sums.appeared),
        "accounts_without_amount_after": _sums(compared.sums.ended),
        "by_sender": {compared.names.senders[key].inn: _sums(sums) for key, sums in compared.sums.by_sender.items()},
        "by_cause": [
            {
                "cause": key,
                "title": title,
                "amount": format_roubles(compared.sums.by_cause[key].amount),
                "more": format_roubles(compared.sums.by_cause[key].up),
                "less": format_roubles(compared.sums.by_cause[key].down),
                "accounts": compared.sums.by_cause[key].accounts,
                "by_service": {name: format_roubles(amount) for name, amount in compared.services_of(compared.sums.by_cause[key])},
            }
            for key, title in compared.causes.items()
            if key in compared.sums.by_cause
        ],
        "by_service": [{"service": name} | _sums(sums) for name, sums in compared.by_service()],
        "by_municipality": [{"oktmo": oktmo} | _sums(sums) for oktmo, sums in compared.by_municipality()],
        "by_house": [
            {"address": house.address if house else None, "oktmo": house.oktmo if house else None} | _sums(sums)
            for house, sums in compared.by_house()
        ],
        "distribution_roubles": _buckets(compared.distribution()),
        "distribution_percent": _buckets(compared.in_percent()),
        "most_more": [_mover(compared, mover) for mover in up],
        "most_less": [_mover(compared, mover) for mover in down],
        "notes": list(compared.notes),
        "not_compared": dict(compared.without),
    }


def _sums(sums: Sums) -> Json:
    percent = sums.percent
    return {
        "was": format_roubles(sums.before),
        "now": format_roubles(sums.after),
        "difference": format_roubles(sums.amount),
        "percent": None if percent is None else format_roubles(rounded(percent, 100)),
        "accounts": sums.accounts,
        "more": sums.more,
        "less": sums.less,
        "same": sums.same,
    }


def _buckets(buckets: Sequence[tuple[str, Bucket]]) -> list[Json]:
    return [{"range": label, "accounts": bucket.accounts, "difference": format_roubles(bucket.amount)} for label, bucket in buckets]


def _mover(compared: Compared, mover: Mover) -> Json:
    return {
        "account": compared.names.number(mover),
        "sender": compared.names.senders[mover.sender].inn,
        "address": compared.names.address(mover),
        "was": format_roubles(mover.before),
        "now": format_roubles(mover.after),
        "difference": format_roubles(mover.amount),
        "causes": {cause: format_roubles(amount) for cause, amount in mover.causes.items()},
        "services": {compared.names.service(mover.sender, service): format_roubles(amount) for service, amount in mover.services.items()},
    }

"""Facts of a house that come from the ledger: what last year was charged, and the average month of its common property (ЖК ст. 156 ч. 9.2).

Read only where the calculation needs them: in the month in which corrections of the year are due, and for houses that pay for common
property by the average month.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from sqlalchemy import Connection

from core.charges.rules import Rules
from core.charges.year_end import is_due
from core.ids import ProviderId, RecordId
from core.ledger.years import charges_of_year, posted_year, volumes_of_year
from core.model.facts import HouseFacts, YearFacts
from core.money import rounded
from core.period import Month

__all__ = ["with_last_year"]

_AVERAGE, _COMMON = 3, 2


def with_last_year(
    connection: Connection, houses: Iterable[HouseFacts], *, provider_id: ProviderId, known_until: RecordId, rules: Rules
) -> list[HouseFacts]:
    """The houses, with what the ledger knows of the year before where it is needed."""
    listed = list(houses)
    due = {house.house_id for house in listed if is_due(rules.at(house.oktmo))}
    wanted = [house for house in listed if house.house_id in due or _by_average(house, rules)]
    if not wanted:
        return listed
    posted = posted_year(connection, provider_id=provider_id, year=rules.month.year - 1, known_until=known_until)
    if not posted.calculations:
        return listed
    volumes = volumes_of_year(connection, posted, [house.house_id for house in wanted])
    accounts = [account.account_id for house in wanted if house.house_id in due for account in house.accounts]
    charged = charges_of_year(connection, posted, accounts) if due else {}
    of_house = {account.account_id: house.house_id for house in wanted for account in house.accounts}
    found = []
    for house in listed:
        if house.house_id not in due and not _by_average(house, rules):
            found.append(house)
            continue
        year = YearFacts(
            tuple(sorted(posted.calculations)),
            volumes.get((house.house_id, "meter"), {}),
            volumes.get((house.house_id, "individual"), {}),
            {key: amount for key, amount in charged.items() if of_house[key[0]] == house.house_id},
        )
        found.append(replace(house, last_year=year, average_common_e6=_averages(house, year)))
    return found


def _by_average(house: HouseFacts, rules: Rules) -> bool:
    if house.soi_mode is not None:
        return house.soi_mode == _AVERAGE
    return rules.at(house.oktmo).choice("soi_regime", rules.month.last) == "soi_average"


def _averages(house: HouseFacts, year: YearFacts) -> tuple[tuple[str, int], ...]:
    """The average month of common property: house meter less premises, netted inside the year and never below zero."""
    found = []
    for service in house.services:
        if service.provision == _COMMON and service.base_service is not None:
            rests = _rests(service.base_service, year.meter, year.individual)
            if rests:
                average = max(Fraction(sum(rests), 10**6 * len(rests)), Fraction(0))
                found.append((service.key, rounded(average, 10**6)))
    return tuple(found)


def _rests(base: str, meter: Mapping[tuple[str, Month], int], individual: Mapping[tuple[str, Month], int]) -> list[int]:
    return [volume - individual[key] for key, volume in meter.items() if key[0] == base and key in individual]

"""Services of a house that stand in no list of it: by direct contracts, of the waste operator's accounts, and bases of common property.

A direct contract names kinds of utility and resource for addresses; the services are those of the sender's dictionary with these kinds,
charged on accounts of the supplier. Contracts are often made flat by flat, so periods of one service are joined.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from core.ids import EntityId
from core.model.facts import AccountFacts, ServiceFacts

__all__ = ["bases_of", "by_contracts", "dictionary", "of_waste_accounts"]

_SUPPLIER, _WASTE_OPERATOR = 2, 6
_WASTE_UTILITY = 8

Dictionary = Mapping[str, ServiceFacts]
"""The sender's services by key, without dates."""


def dictionary(rows: Iterable[Any]) -> dict[str, ServiceFacts]:
    """The sender's services; a row is what the statement ``facts_dictionary`` selects."""
    return {
        row.record_key: ServiceFacts(
            service_id=EntityId(row.entity_id),
            key=row.record_key,
            name=row.name,
            kind=row.kind,
            provision=row.provision,
            base_service=row.base_service,
            utility_kind=row.utility_kind,
            housing_kind=row.housing_kind,
            resource_kind=row.resource_kind,
            okei=row.okei,
            starts_on=None,
            ends_on=None,
            source=row.record_id,
            zone=row.zone,
        )
        for row in rows
    }


def by_contracts(rows: Iterable[Any], services: Dictionary) -> dict[str, list[ServiceFacts]]:
    """Services of direct contracts by house; rows are what ``facts_supply`` selects, in the order of houses, services and dates."""
    found: defaultdict[str, list[ServiceFacts]] = defaultdict(list)
    for row in rows:
        service = replace(
            services[row.service], starts_on=row.starts_on, ends_on=row.ends_on, source=row.record_id, account_kinds=(_SUPPLIER,)
        )
        last = found[row.house][-1] if found[row.house] else None
        if last is not None and last.key == service.key and _touches(last, service):
            found[row.house][-1] = replace(last, ends_on=_later(last.ends_on, service.ends_on))
        else:
            found[row.house].append(service)
    return found


def of_waste_accounts(accounts: Iterable[AccountFacts], listed: Sequence[ServiceFacts], services: Dictionary) -> list[ServiceFacts]:
    """Waste that the house is charged for because the operator has accounts in it."""
    reason = next((account for account in accounts if account.kind == _WASTE_OPERATOR), None)
    known = {service.key for service in listed}
    if reason is None or any(service.utility_kind == _WASTE_UTILITY for service in listed):
        return []
    waste = (service for key, service in services.items() if service.utility_kind == _WASTE_UTILITY and key not in known)
    return [replace(service, source=reason.source) for service in waste]


def bases_of(listed: Sequence[ServiceFacts], services: Dictionary) -> list[ServiceFacts]:
    """Services whose tariff common property takes and that the house itself is not provided with."""
    known = {service.key for service in listed}
    wanted = dict.fromkeys(service.base_service for service in listed if service.base_service is not None)
    return [services[key] for key in wanted if key not in known and key in services]


def _touches(earlier: ServiceFacts, later: ServiceFacts) -> bool:
    """Whether there is no day between two periods, the earlier of which begins first."""
    if earlier.ends_on is None or later.starts_on is None:
        return True
    return later.starts_on <= earlier.ends_on + timedelta(days=1)


def _later(one: date | None, other: date | None) -> date | None:
    return None if one is None or other is None else max(one, other)

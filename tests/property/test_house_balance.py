"""A house meter's volume closes: over random houses and both towns its parts are the measured volume to the last millionth."""

from __future__ import annotations

import pytest

from core.charges import charge_house
from core.charges.balance import HouseBalance, house_balances
from core.charges.rules import Rules
from core.period import Month
from tests.oracle.houses import random_house
from tests.property.test_charges_oracle import HOUSES, LAW, _facts, _house

BLOCK = 50


def _balances(seed: int) -> list[HouseBalance]:
    made = random_house(seed)
    facts, house = _facts(made), _house(made)
    month = Month(*made["month"]) if isinstance(made["month"], tuple) else made["month"]
    charged = charge_house(house, facts, LAW, month)
    if charged.held or any(finding.severity == "error" for finding in charged.findings):
        return []
    return house_balances(house, charged.lines, Rules(facts, LAW, month))


@pytest.mark.parametrize("block", range(0, HOUSES, BLOCK))
def test_random_houses_close(block: int) -> None:
    for seed in range(block, block + BLOCK):
        for balance in _balances(seed):
            assert balance.is_closed, (seed, balance.service.key, balance.regime, balance.unexplained, balance.parts)

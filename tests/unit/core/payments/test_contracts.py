"""Agency contracts of the region's setting: read strictly, one of an organisation on a day."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from core.errors import ConfigError
from core.payments.contracts import agency_contracts, contract_of

ONE = {"inn": "0077000116", "number": "7", "percent": "1.35", "first": "2026-01-01", "last": "2026-06-30"}
NEXT = {**ONE, "number": "8", "percent": "0", "bank_fee": "centre", "first": "2026-07-01", "last": None}


def test_the_contract_of_a_day() -> None:
    found = agency_contracts({"agency_contracts": [ONE, NEXT]})
    first, last = contract_of(found, "0077000116", date(2026, 6, 30)), contract_of(found, "0077000116", date(2026, 7, 1))
    assert first is not None and (first.percent, first.bears_bank_fee) == (Fraction("1.35"), True)
    assert last is not None and (last.number, last.bears_bank_fee) == ("8", False)
    assert contract_of(found, "0077000116", date(2025, 12, 31)) is None and agency_contracts({}) == ()


@pytest.mark.parametrize(
    "stated",
    [
        "7", [{"inn": "1"}], [{**ONE, "percent": "x"}], [{**ONE, "percent": "-1"}], [{**ONE, "bank_fee": "nobody"}], [{**ONE, "more": 1}],
        [ONE, {**NEXT, "first": "2026-06-30"}],
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused(stated: object) -> None:
    with pytest.raises(ConfigError, match="CFG-0431"):
        agency_contracts({"agency_contracts": stated})

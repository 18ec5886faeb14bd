"""From the day that a house is live the centre charges it; the charges of the sender are accepted for its other houses."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date

import pytest

from core.errors import InputError
from core.ids import EntityId, ProviderId
from core.ledger import months
from core.ledger.calculations import Calculation, latest_calculation, read_calculation, read_lines
from core.period import Month
from core.records.facts import accounts_of_houses
from core.records.latest import read_accounts, read_houses_list, read_stated_lines
from core.services.charge import approve_month, draft_month
from core.services.going_live import charged_houses, month_mode
from core.services.onboarding import go_live
from core.services.stops import read_stops
from core.services.verify import verify
from core.storage.engine import transaction
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from tests.unit.erkc.conftest import OCTOBER, Run, accept_waiting

INN = "0077000116"
OWNER = ProviderId(1)


def _live(application: Application, *houses: str, day: date = date(2026, 10, 1)) -> None:
    go_live(
        application.engine, inn=INN, month=OCTOBER, houses=houses, first_day=day, law=law(), reason="приказ № 5", despite=True,
        actor="тест", clock=application.clock,
    )  # fmt: skip


def _modes(application: Application, *asked: Month) -> list[str]:
    with transaction(application.engine) as connection:
        return [month_mode(connection, provider_id=OWNER, month=month) for month in asked]


def _sums(application: Application, calculation: Calculation) -> dict[EntityId, int]:
    sums: dict[EntityId, int] = defaultdict(int)
    with transaction(application.engine) as connection:
        for line in read_lines(connection, calculation):
            sums[line.account_id] += line.total
    return dict(sums)


def test_one_house_is_live_and_the_others_are_not(taken_town: Application, erkc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERKC_DATABASE_URL", taken_town.database)
    scope = {"provider_id": OWNER, "month": OCTOBER, "actor": "тест", "clock": taken_town.clock}
    assert _modes(taken_town, OCTOBER) == ["charge"], "nothing is decided: the centre charges all"
    draft = draft_month(taken_town.engine, mode="auto", law=law(), code_version=CODE_VERSION, **scope)
    assert draft.calculation.mode == "charge"
    with transaction(taken_town.engine) as connection:
        houses = [row.key for row in read_houses_list(connection, provider_id=OWNER)]
        waiting = set(read_stops(connection, draft.calculation).houses)
        by_key = {row.key: row.entity_id for row in read_houses_list(connection, provider_id=OWNER)}
    chosen = next(key for key in houses if by_key[key] not in waiting)
    with pytest.raises(InputError, match="ONB-0107"):
        _live(taken_town, chosen, day=date(2026, 10, 15))
    _live(taken_town, chosen)
    _live(taken_town, *(key for key in houses if key != chosen), day=date(2026, 12, 1))
    assert _modes(taken_town, OCTOBER.previous(), OCTOBER, OCTOBER.next(), OCTOBER.next().next()) == ["accept", "mixed", "mixed", "charge"]
    with pytest.raises(InputError, match="CH-0105"):
        approve_month(taken_town.engine, reason="тест", **scope)

    code, out, _ = erkc("bill", "month", "2026-10", "--json")
    assert (code, json.loads(out)[INN]["mode"]) == (0, "mixed")
    with transaction(taken_town.engine) as connection:
        step = months.current(connection, provider_id=OWNER, month=OCTOBER)
        assert step.calculation_id is not None and step.state is months.MonthState.POSTED
        posted = read_calculation(connection, step.calculation_id)
        lawful = latest_calculation(connection, provider_id=OWNER, month=OCTOBER, mode="charge")
        assert lawful is not None and charged_houses(connection, posted) == {by_key[chosen]}
        found = accounts_of_houses(
            connection, provider_id=OWNER, month=OCTOBER, houses=[by_key[chosen]], known_until=posted.known_until
        )[by_key[chosen]]  # fmt: skip
        stated: dict[EntityId, int] = defaultdict(int)
        for row in read_stated_lines(connection, provider_id=OWNER, month=OCTOBER):
            if "held" not in (row.state, row.bill_state) and row.account_id is not None:
                stated[row.account_id] += row.accrued + row.recalculated - row.benefit
        numbers = {row.entity_id: row.number for row in read_accounts(connection, provider_id=OWNER, month=OCTOBER)}
    ours, sums = _sums(taken_town, lawful), _sums(taken_town, posted)
    theirs = {account: amount for account, amount in stated.items() if account not in found}
    assert found and theirs, "both kinds of houses have accounts"
    assert {account: sums[account] for account in found if account in sums} == {one: ours[one] for one in found if one in ours}
    assert {account: amount for account, amount in sums.items() if account not in found} == theirs
    assert any(ours.get(account) != amount for account, amount in theirs.items()), "accepted, not computed"
    assert verify(taken_town.engine, law=law(), code_version=CODE_VERSION).holds

    live = next(numbers[one] for one in found if one in sums)
    other = next(numbers[one] for one in theirs)
    assert [json.loads(erkc("explain", number, "2026-10", "--json")[1])["mode"] for number in (live, other)] == ["charge", "accept"]
    with pytest.raises(InputError, match="ONB-0108"):
        _live(taken_town, *houses)
    again = draft_month(taken_town.engine, mode="auto", law=law(), code_version=CODE_VERSION, **scope)
    assert not again.is_new and again.calculation == posted
    assert accept_waiting(taken_town, OCTOBER) == set(), "errors of ours about houses that we do not charge stop nothing"

"""Decisions about debts as an operator enters them: days without penalties, judgements of a court; penalties of the town follow."""

from __future__ import annotations

from fractions import Fraction

from config.law import tables
from core.charges.law import Law
from core.ids import EntityId, ProviderId
from core.model.lines import Component
from core.money import kopecks
from core.period import Month
from core.records.providers import provider
from core.services.debt_decisions import read_decisions
from core.services.penalties import Penalties, PenaltyRow
from core.services.report import month_report
from core.services.take import Taken
from erkc.application import Application
from erkc.intake import take_file
from tests.unit.erkc.conftest import OCTOBER, charge

HEADING = 'schema = "erkc-acts/1"\nsender = { inn = "0077000116", kpp = "007701001" }\n'
ACCOUNT, MAY = "41200002677", Month(2026, 5)
LAW = Law.from_tables(tables())
BEFORE, AFTER = Fraction("1023.31"), Fraction("854.18")
"""What is owed for May to one creditor (posted in the town's expected results): to 19.10, and after the payment of that day."""
DAY = Fraction("9.5") / 100 / 130
"""A day's penalty of a debt older than 90 days."""


def take(application: Application, name: str, act: str) -> Taken:
    taken = take_file(application, name, (HEADING + act).encode())
    assert isinstance(taken, Taken)
    return taken


def row(application: Application) -> PenaltyRow:
    """October's penalties of the debt."""
    with application.engine.connect() as connection:
        found = list(Penalties(connection, provider(connection, ProviderId(1)), OCTOBER, LAW).rows())
    (mine,) = [one for one in found if one.origin_month == MAY and one.principal_opening == BEFORE * 100]
    return mine


def costs(application: Application, month: Month = OCTOBER) -> list[tuple[int, int, int]]:
    """Court costs of a month: at its start, posted in it, unpaid at its end."""
    with application.engine.connect() as connection:
        rows = list(Penalties(connection, provider(connection, ProviderId(1)), month, LAW).rows())
    return [(one.opening, one.posted, one.closing) for one in rows if one.component is Component.COURT_COSTS]


def stop(first: str, last: str | None = None, *, account: str = ACCOUNT) -> str:
    until = "" if last is None else f"to = {last}\n"
    return (
        f'[[act]]\nkind = "penalty_stop"\nnumber = "1"\ndate = 2026-10-05\naccount = "{account}"\nfrom = {first}\n{until}'
        'cause = "мобилизация"\n'
    )


JUDGEMENT = f"""[[act]]
kind = "court_judgement"
number = "2-215/2026"
date = 2026-10-12
account = "{ACCOUNT}"
judged_to = 2026-10-10
first_month = "2026-05"
last_month = "2026-07"
principal = "1023.31"
penalties = "39.64"
costs = "400.00"
costs_to = "0077000116"
"""


def told(application: Application) -> list[str]:
    """Codes of what could not be computed in October."""
    with application.engine.connect() as connection:
        penalties = Penalties(connection, provider(connection, ProviderId(1)), OCTOBER, LAW)
        list(penalties.rows())
    return [one.code for one in penalties.findings]


def test_days_without_penalties_cost_nothing_until_the_act_is_corrected_or_withdrawn(taken_town: Application) -> None:
    whole = kopecks(19 * BEFORE * DAY + 12 * AFTER * DAY)
    assert row(taken_town).posted == whole == 2170
    taken = take(taken_town, "a.toml", stop("2026-10-20"))
    assert (taken.status, taken.findings, taken.counts) == ("accepted", (), {"act": 1, "taken": 1})
    assert row(taken_town).posted == kopecks(19 * BEFORE * DAY) == 1421
    take(taken_town, "b.toml", stop("2026-10-20", "2026-10-24"))
    assert row(taken_town).posted == kopecks(19 * BEFORE * DAY + 7 * AFTER * DAY) == 1858
    take(taken_town, "c.toml", '[[act]]\nkind = "withdrawn"\nnumber = "1"\ndate = 2026-10-05\n')
    assert row(taken_town).posted == whole
    take(taken_town, "d.toml", stop("2026-10-20", "2026-10-24") + "# ещё раз\n")
    assert row(taken_town).posted == 1858, "an act that is entered again holds again"


def test_an_act_that_turns_out_to_be_of_another_kind_decides_nothing_any_more(taken_town: Application) -> None:
    take(taken_town, "a.toml", stop("2026-10-01"))
    assert row(taken_town).posted == 0
    owners = f'[[act]]\nkind = "owners"\nnumber = "1"\ndate = 2026-10-05\naccount = "{ACCOUNT}"\nfrom = 2026-10-01\nowners = 1\n'
    take(taken_town, "b.toml", owners)
    assert row(taken_town).posted == 2170


def test_a_judgement_freezes_what_it_covers_and_stands_in_the_report(taken_town: Application) -> None:
    take(taken_town, "a.toml", JUDGEMENT)
    mine = row(taken_town)
    frozen = kopecks(10 * BEFORE * DAY)
    assert (mine.frozen, mine.after_judgement) == (frozen, kopecks(Fraction(frozen, 100) + 9 * BEFORE * DAY + 12 * AFTER * DAY) - frozen)
    assert (frozen, mine.posted) == (748, 2170)
    assert costs(taken_town, OCTOBER.previous()) == [] and costs(taken_town) == [(0, 40_000, 40_000)]
    with taken_town.engine.connect() as connection:
        others = EntityId(mine.account_id + 1)
        assert all(
            one.account_id == others for one in Penalties(connection, provider(connection, ProviderId(1)), OCTOBER, LAW, only=others).rows()
        )
    take(taken_town, "b.toml", JUDGEMENT.replace("0077000116", "0077000117"))
    assert costs(taken_town) == [] and told(taken_town) == ["PN-0002"], "nobody of this ИНН is known"
    take(taken_town, "c.toml", JUDGEMENT + "# ещё раз\n")
    charge(taken_town)
    assert costs(taken_town) == [(0, 40_000, 40_000)] and costs(taken_town, OCTOBER.next()) == [(40_000, 0, 40_000)]
    take(taken_town, "d.toml", JUDGEMENT.replace("400.00", "250.00"))
    assert costs(taken_town, OCTOBER.next()) == [(40_000, -15_000, 25_000)], "a corrected act corrects the open month"
    assert row(taken_town).posted == 2170, "it is what the month has posted"
    (court,) = month_report(taken_town.engine, month=OCTOBER, law=LAW)["court"]
    assert (court["account"], court["case"], court["judged_on"], court["judged_to"], court["months"]) == (
        ACCOUNT, "2-215/2026", "2026-10-12", "2026-10-10", ["2026-05", "2026-07"],
    )  # fmt: skip
    assert (court["principal"], court["penalties"]) == ("1023.31", "39.64")


def test_a_decision_about_an_unknown_account_is_told_and_waits(taken_town: Application) -> None:
    taken = take(taken_town, "a.toml", stop("2026-10-01", account="99900000001"))
    assert taken.status == "accepted_with_errors" and [item.code for item in taken.findings] == ["AC-021"]
    with taken_town.engine.connect() as connection:
        decisions = read_decisions(connection, provider(connection, ProviderId(1)))
    assert decisions.stopped == {} and decisions.judgements == {}
    assert row(taken_town).posted == 2170

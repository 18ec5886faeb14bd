"""What looks wrong before posting stops its house until an operator accepts it with a reason; the other houses go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import InputError
from core.ids import EntityId
from core.period import Month
from core.services.accepting import Accepted, MonthFindings, accept_findings, month_findings
from core.services.charge import Draft, MonthPosted, approve_month, close_month, draft_month, post_month
from core.services.issue import BillsIssued, issue_month
from core.services.report import month_report
from core.services.verify import verify
from core.storage.engine import transaction
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from tests.unit.erkc.broken_town import AREA, EMPTY, FLAT, HOUSE_METER, OWNER, TWICE, broken_archive, earlier_line, earlier_month
from tests.unit.erkc.conftest import ARCHIVE, OCTOBER, TOWN, database_copy


@pytest.fixture(scope="module")
def broken_template(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The broken town taken; October not computed."""
    with database_copy(server_url, template_database, tmp_path_factory.mktemp("broken"), keep=True) as (name, application):
        region = TOWN / "zarechinsk.region.json"
        load_region_file(application, region.name, region.read_bytes())
        take_file(application, ARCHIVE, broken_archive(TOWN / ARCHIVE))
    return name


@pytest.fixture
def broken(server_url: str, broken_template: str, tmp_path: Path) -> Iterator[Application]:
    with database_copy(server_url, broken_template, tmp_path) as (_, application):
        yield application


def _scope(application: Application, month: Month = OCTOBER) -> dict[str, object]:
    return {"provider_id": OWNER, "month": month, "actor": "тест", "clock": application.clock}


def _draft(application: Application, **how: bool) -> Draft:
    return draft_month(application.engine, mode="charge", law=law(), code_version=CODE_VERSION, **_scope(application), **how)


def _post(application: Application) -> MonthPosted:
    approve_month(application.engine, reason="тест", **_scope(application))
    return post_month(application.engine, law=law(), **_scope(application))


def _found(application: Application) -> MonthFindings:
    found = month_findings(application.engine, provider_id=OWNER, month=OCTOBER)
    assert found is not None
    return found


def _by_house(application: Application) -> dict[str, dict[str, list[int]]]:
    """Numbers of open findings by code, by the sender's number of the house."""
    with transaction(application.engine) as connection:
        keys = dict(connection.execute(text("SELECT entity_id, entity_key FROM entity WHERE kind = 'house'")).all())
    found = _found(application)
    by_house: dict[str, dict[str, list[int]]] = {}
    for stored in found.findings:
        if found.is_open(stored):
            by_house.setdefault(keys.get(stored.finding.house_id, ""), {}).setdefault(stored.finding.code, []).append(stored.finding_id)
    return by_house


def _accept(application: Application, *numbers: int, reason: str = "проверено по акту") -> list[Accepted]:
    return accept_findings(application.engine, numbers=numbers, reason=reason, actor="Иванова", clock=application.clock)


def _issue(application: Application) -> BillsIssued:
    return issue_month(
        application.engine, provider_id=OWNER, month=OCTOBER, law=law(), series="ЕПД", issued_on=date(2026, 11, 4), clock=application.clock
    )


def _entries(application: Application) -> dict[str, int]:
    """Charge entries of October by the sender's number of the house."""
    query = (
        "SELECT h.entity_key, count(DISTINCT p.entry_id) FROM posting p JOIN entry e USING (entry_id) "
        "JOIN entity t ON t.entity_id = p.account_id JOIN record_account a ON a.record_key = t.entity_key "
        "JOIN entity h ON h.entity_key = a.house AND h.kind = 'house' WHERE e.kind = 'charge' GROUP BY 1"
    )
    with transaction(application.engine) as connection:
        return {row[0]: row[1] for row in connection.execute(text(query))}


def _accounts_of(application: Application, house: str) -> list[str]:
    with transaction(application.engine) as connection:
        rows = connection.execute(text("SELECT number FROM record_account WHERE house = :house ORDER BY number"), {"house": house})
        return list(rows.scalars())


STOPPED = {AREA, EMPTY, FLAT, HOUSE_METER, TWICE}


def test_each_bound_stops_its_house_and_the_others_go_on(broken: Application) -> None:
    draft = _draft(broken)
    waiting = _by_house(broken)
    assert {house: sorted(codes) for house, codes in waiting.items()} == {
        HOUSE_METER: ["CH-035"], AREA: ["CH-037"], FLAT: ["CH-031"], EMPTY: ["CH-033"], TWICE: ["CH-036"],
    }  # fmt: skip
    assert draft.stopped_houses == 5 and not draft.stops_month
    posted = _post(broken)
    assert posted.stopped_houses == 5 and posted.totals.total < draft.totals.total
    assert _entries(broken).keys() == {"1001", "1004", "1006", "1007", "1008", "1010", "1011"}
    assert verify(broken.engine, law=law(), code_version=CODE_VERSION).broken == ()
    issued = _issue(broken)
    without_bill = {item.value for item in issued.findings if item.code == "EPD-0503"}
    assert without_bill == {number for house in STOPPED for number in _accounts_of(broken, house)}

    # A house with one finding goes into the ledger by one decision, of which everything is kept.
    [done] = _accept(broken, *waiting[FLAT]["CH-031"])
    assert (done.findings, done.houses, done.still_open) == (1, 1, draft_open(draft) - 1)
    assert _entries(broken)[FLAT] == len(_accounts_of(broken, FLAT)) <= done.posted.new  # and advances used on the new bills
    with transaction(broken.engine) as connection:
        query = "SELECT d.verdict, d.reason, d.actor, m.direction FROM finding_decision d JOIN message m USING (message_id)"
        assert connection.execute(text(query)).all() == [("accept", "проверено по акту", "Иванова", "decision")]
    assert _issue(broken).new == len(_accounts_of(broken, FLAT))
    assert verify(broken.engine, law=law(), code_version=CODE_VERSION).broken == ()

    # The second time nothing happens.
    [again] = _accept(broken, *waiting[FLAT]["CH-031"])
    assert (again.findings, again.houses, again.posted.new) == (0, 0, 0)
    assert _post(broken).posted.new == 0

    # A house with several findings waits for the last of them.
    *some, last = waiting[AREA]["CH-037"]
    [half] = _accept(broken, *some)
    assert half.findings == len(some) and half.houses == 0 and AREA not in _entries(broken)
    [whole] = _accept(broken, last)
    assert whole.houses == 1 and _entries(broken)[AREA] == len(_accounts_of(broken, AREA))

    # The rest at once; then the month is what it would have been without stops, and closed it takes nothing any more.
    _accept(broken, *waiting[HOUSE_METER]["CH-035"], *waiting[EMPTY]["CH-033"])
    report = month_report(broken.engine, month=OCTOBER, law=law())
    assert {item["code"] for item in report["held"]} == {"CH-036"}
    closed = close_month(broken.engine, reason="конец месяца", **_scope(broken))
    assert closed.reason == "конец месяца (не начислено остановленных домов: 1)"
    with pytest.raises(InputError, match="CH-0108"):
        _accept(broken, *waiting[TWICE]["CH-036"])
    assert verify(broken.engine, law=law(), code_version=CODE_VERSION).broken == ()


def draft_open(draft: Draft) -> int:
    return len(draft.open)


def test_what_is_accepted_in_a_draft_stays_accepted_when_it_is_computed_again(broken: Application) -> None:
    _draft(broken)
    waiting = _by_house(broken)
    [done] = _accept(broken, *waiting[FLAT]["CH-031"])
    assert (done.findings, done.houses, done.posted.new) == (1, 0, 0)
    second = _draft(broken, again=True)
    assert second.is_new and FLAT not in _by_house(broken) and second.stopped_houses == 4
    with pytest.raises(InputError, match="CH-0107"):
        _accept(broken, *waiting[AREA]["CH-037"])  # numbers of the draft before
    _post(broken)
    assert _entries(broken)[FLAT] == len(_accounts_of(broken, FLAT))


def test_a_decision_needs_a_reason_and_a_finding_that_stops_something(broken: Application) -> None:
    _draft(broken)
    number = _by_house(broken)[FLAT]["CH-031"][0]
    for numbers, reason, code in (((number,), "  ", "CH-0109"), ((10**9,), "так", "REC-0102"), ((number, 10**9), "так", "REC-0102")):
        with pytest.raises(InputError, match=code):
            _accept(broken, *numbers, reason=reason)
    assert number in _by_house(broken)[FLAT]["CH-031"]


def test_a_killed_decision_leaves_nothing_or_everything(broken: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    _draft(broken)
    waiting = _by_house(broken)
    _post(broken)
    before = _entries(broken)
    with monkeypatch.context() as patched:
        patched.setattr("core.services.accepting.rebuild_balances_since", _killed)
        with pytest.raises(KeyboardInterrupt):
            _accept(broken, *waiting[FLAT]["CH-031"])
    assert _entries(broken) == before and waiting[FLAT] == _by_house(broken)[FLAT]
    [done] = _accept(broken, *waiting[FLAT]["CH-031"])
    assert done.houses == 1 and _entries(broken)[FLAT] == len(_accounts_of(broken, FLAT))
    assert verify(broken.engine, law=law(), code_version=CODE_VERSION).broken == ()


def _killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_verify_sees_a_line_of_a_stopped_house_in_the_ledger(broken: Application) -> None:
    _draft(broken)
    waiting = _by_house(broken)
    _post(broken)
    _accept(broken, *waiting[FLAT]["CH-031"])
    again = (
        "INSERT INTO finding (provider_id, calculation_id, month, file, code, severity, effect, message, hint, dependents, house_id, "
        "found_at) SELECT provider_id, calculation_id, month, 'тест', code, severity, effect, '', '', '{}', house_id, found_at "
        "FROM finding WHERE finding_id = :number"
    )
    with transaction(broken.engine) as connection:
        connection.execute(text(again), {"number": waiting[FLAT]["CH-031"][0]})
    found = verify(broken.engine, law=law(), code_version=CODE_VERSION).broken
    assert len(found) == len(_accounts_of(broken, FLAT)) and {item.invariant for item in found} == {5}


def test_bounds_that_need_earlier_months(taken_town: Application) -> None:
    """Last year a hundredth of what it is now, a service that is gone, and a tariff that grew by 39.6 % since December."""
    load_region_with(taken_town, bound_growth_by_oktmo={"02701000001": "39.5", "02": "100"}, bound_growth_percent="50")
    with transaction(taken_town.engine) as connection:
        ids = {(row[0], row[1]): row[2] for row in connection.execute(text("SELECT kind, entity_key, entity_id FROM entity"))}
        supplier = connection.execute(text("SELECT entity_id FROM entity WHERE kind = 'organisation' LIMIT 1")).scalar_one()
        cold, hot = ids["service", "2"], ids["service", "3"]
        flats = {row.house: EntityId(row.account) for row in connection.execute(text(_FIRST_ACCOUNTS))}
        earlier_month(connection, Month(2025, 10), [earlier_line(flats["1004"], cold, supplier, 100)])
        earlier_month(connection, Month(2026, 9), [earlier_line(flats["1005"], hot, supplier, 100)])
        december = [earlier_line(flats["1006"], cold, supplier, 12000, volume_e6=4_000_000, tariff_e6=30_000_000)]
        earlier_month(connection, Month(2025, 12), december)
    _draft(taken_town)
    found = {house: list(codes) for house, codes in _by_house(taken_town).items()}
    assert found == {"1004": ["CH-030"], "1005": ["CH-034"], "1006": ["CH-038"]}
    said = {stored.finding.code: stored.finding.message for stored in _found(taken_town).findings}
    assert "«Горячее водоснабжение»" in said["CH-034"]
    # 41,87 / 30 = 1,395666…: growth 39,57 %
    assert "выросла на 39,57 %, предел 39,5 %" in said["CH-038"]


def test_a_limit_of_growth_that_nobody_gave_is_said_once(taken_town: Application) -> None:
    with transaction(taken_town.engine) as connection:
        row = connection.execute(text(_FIRST_ACCOUNTS)).first()
        service, supplier = (
            connection.execute(text(f"SELECT entity_id FROM entity WHERE {what} LIMIT 1")).scalar_one()
            for what in ("kind = 'service' AND entity_key = '2'", "kind = 'organisation'")
        )
        assert row is not None
        line = earlier_line(EntityId(row.account), service, supplier, 12000, volume_e6=4_000_000, tariff_e6=30_000_000)
        earlier_month(connection, Month(2025, 12), [line])
    draft = _draft(taken_town, dry_run=True)
    assert [(item.code, item.severity) for item in draft.findings] == [("CH-039", "warning")] and draft.open == ()


_FIRST_ACCOUNTS = (
    "SELECT a.house, min(e.entity_id) AS account FROM record_account a JOIN record_house h ON h.record_key = a.house "
    "JOIN entity e ON e.kind = 'account' AND e.entity_key = a.record_key GROUP BY a.house ORDER BY a.house"
)


def load_region_with(application: Application, **settings: object) -> None:
    """The region of the town with settings of its own besides."""
    region = json.loads((TOWN / "zarechinsk.region.json").read_text(encoding="utf-8"))
    region["settings"] |= settings
    load_region_file(application, "zarechinsk.region.json", json.dumps(region).encode())

"""``erkc banks charges`` on the town: files of a posted month whose sums are those of the ledger, account by account."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.banks.profile import profile_named
from core import archive
from core.errors import InputError
from core.ids import ProviderId
from core.money import parse_roubles
from core.records.entities import find_accounts
from core.records.providers import provider
from core.services.issue import issue_month
from core.storage.engine import transaction
from erkc.application import Application
from erkc.bank_charges import ChargesSent, send_charges
from erkc.cli.options import law
from tests.unit.erkc.conftest import OCTOBER, Run

BALANCES = """
SELECT account_id, sum(positive) AS due FROM (
  SELECT account_id, greatest(sum(CASE WHEN s.sign = 1 THEN p.amount ELSE -p.amount END), 0) AS positive
  FROM entry e JOIN posting p USING (entry_id), LATERAL (VALUES (p.debit, 1), (p.credit, -1)) s (chart, sign)
  WHERE s.chart IN (1, 6, 7) AND e.month <= :month AND p.account_id IS NOT NULL
  GROUP BY account_id, p.creditor_id) balance
GROUP BY 1 HAVING sum(positive) > 0
"""


def send(application: Application, folder: Path, profile: str) -> ChargesSent:
    with transaction(application.engine) as connection:
        sender = provider(connection, ProviderId(1))
    return send_charges(
        application, provider=sender, month=OCTOBER, profile=profile_named(profile), folder=folder, number=1, service="99001"
    )


def test_registries_say_what_the_ledger_says(charged_town: Application, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        send(charged_town, tmp_path, "charges-out")
    assert caught.value.code == "BANK-0601"
    issue_month(
        charged_town.engine, provider_id=ProviderId(1), month=OCTOBER, law=law(), series="ЕПД", issued_on=date(2026, 11, 1),
        clock=charged_town.clock,
    )  # fmt: skip
    sent = send(charged_town, tmp_path, "charges-out")
    assert sent.bills == 410 and not sent.left and not sent.refused
    assert sum(file.amount for file in sent.files) == sent.due > 0
    found: Counter[str] = Counter()
    for file in sent.files:
        with io.StringIO(file.path.read_bytes().decode("cp1251")) as lines:
            rows = list(csv.reader(lines, delimiter=";", quoting=csv.QUOTE_NONE))
        assert len(rows) == file.rows == len({row[0] for row in rows}) and {len(row) for row in rows} == {7}
        assert sum(parse_roubles(row[6]) for row in rows) == file.amount
        assert file.path.name == f"{file.payee.inn}_{file.payee.account}_001_1026.txt"
        for row in rows:
            found[row[0]] += parse_roubles(row[6])
    with transaction(charged_town.engine) as connection:
        assert archive.read(connection, sent.files[0].message_id) == sent.files[0].path.read_bytes()
        numbers = {number: known[0].account_id for number, known in find_accounts(connection, list(found)).items()}
        owed = {row.account_id: row.due for row in connection.execute(text(BALANCES), {"month": OCTOBER.first})}
    assert {numbers[number]: amount for number, amount in found.items()} == owed
    again = send(charged_town, tmp_path, "charges-out")
    assert [(file.sha256, file.is_new) for file in again.files] == [(file.sha256, False) for file in sent.files]
    for profile in ("charges-out-old", "charges-out-gorod", "charges-out-dbf"):
        other = send(charged_town, tmp_path / profile, profile)
        assert sum(file.amount for file in other.files) == sent.due and not other.refused


def test_the_command_tells_what_is_missing(erkc: Run) -> None:
    code, _, errors = erkc("banks", "charges", "2026-10", "--profile", "charges-out-gorod")
    assert (code, "CLI-0412" in errors) == (2, True)
    code, out, _ = erkc("banks", "charges", "2026-10", "--profile", "gorod", "--json")
    assert (code, json.loads(out)["code"]) == (2, "BANK-0603")
    code, out, _ = erkc("banks", "charges", "2026-10", "--profile", "charges-out", "--number", "1000", "--json")
    assert (code, json.loads(out)["code"]) == (2, "CLI-0411")

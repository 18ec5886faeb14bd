"""The scenarios of the published contract: fee models, many to many, and one operation seen through each format."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from core.payments.reconcile import LineFact, RegistryFact, RegistryLink, reconcile, refunds, returned_transfers

GOLDEN = Path(__file__).parents[3] / "golden" / "banks"
OWN = ("40702810500010000123", "40702810900010000888")
AGENT = ("40911810900010000077",)
ACCOUNTS = json.loads((GOLDEN / "accounts.json").read_text(encoding="utf-8"))["accounts"]
SCENARIOS = json.loads((GOLDEN / "reconciliation.expected.json").read_text(encoding="utf-8"))["scenarios"]
UNNUMBERED: dict[str, dict[str, Any]] = {
    # What the formats of later issues say of the same registry № 118; their readers are tested on their own files.
    "gorod/valid.txt": {"number": "118"},
    "dbf/718q3g00.dbf": {"order": "417"},
    "xlsx/valid.xlsx": {"number": "118"},
    "camt054/valid.xml": {},
    "qiwi-tab/QIWI_9001_202603161.csv": {"no_fee": True},
}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def registry_fact(file: str, model: Any) -> RegistryFact:
    path = GOLDEN / f"{file}.expected.json"
    if not path.exists():
        said = UNNUMBERED[file]
        fee = None if said.get("no_fee") else 16154
        order, on = said.get("order", ""), date(2026, 3, 16)
        return RegistryFact(
            file, said.get("number", ""), on, order, on if order else None, model, 6, 1615422, fee, 1615422 - (fee or 0), {"posted": 6}
        )
    document = json.loads(path.read_text(encoding="utf-8"))
    header, totals = document["header"], document["totals"]
    stornos = {record["reverses_operation_id"] for record in document["records"] if record["kind"] == "storno"}
    return RegistryFact(
        key=file,
        number=header.get("registry_number") or "",
        registry_on=_day(header.get("registry_date")),
        order_number=header.get("payment_order_number") or "",
        order_on=_day(header.get("payment_order_date")),
        fee_model=model,
        count=totals["count"],
        amount=totals["amount_kop"],
        fee=totals.get("commission_kop"),
        transfer=totals.get("transfer_kop", totals["amount_kop"]),
        payments={"posted": totals["count"] - 2 * len(stornos), "reversed": 2 * len(stornos)},
    )


def line_facts(file: str) -> list[LineFact]:
    known = {value: row["account"] for row in ACCOUNTS for value in row.values()}
    facts = []
    for record in json.loads((GOLDEN / f"{file}.expected.json").read_text(encoding="utf-8"))["records"]:
        links = tuple(
            RegistryLink(link["registry_number"], _day(link["registry_date"]), link["count"], link["amount_kop"], link["commission_kop"])
            for link in record["registry_links"]
        )
        named = {known[value] for value in record["identifiers"].values() if value in known}
        facts.append(
            LineFact(
                key=str(record["n"]),
                incoming=record["direction"] == "in",
                amount=record["amount_kop"],
                number=record["document_number"],
                document_on=_day(record["document_date"]),
                value_on=_day(record["value_date"]),
                other_account=record["counterparty_account"],
                links=links,
                account=named.pop() if len(named) == 1 else None,
                document_type=record["document_type"],
            )
        )
    return facts


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[scenario["name"] for scenario in SCENARIOS])
def test_scenario_of_the_contract(scenario: dict[str, Any]) -> None:
    registries = [registry_fact(row["file"], row["fee_model"]) for row in scenario["registries"]]
    lines = line_facts(scenario["statement"])
    result = reconcile(registries, lines, own_accounts=OWN, agent_accounts=AGENT)
    written = [
        {
            "file": outcome.key,
            "fee_model": fact.fee_model,
            "expected_transfer_kop": outcome.expected,
            "ordered_kop": outcome.ordered,
            "difference_kop": outcome.difference,
            "state": outcome.state,
            "statement_lines": [int(key) for key in outcome.lines],
            "payments": outcome.payments,
        }
        for outcome, fact in zip(result.registries, registries, strict=True)
    ]
    assert written == scenario["registries"]
    said = []
    for outcome, line in zip(result.lines, lines, strict=True):
        row: dict[str, Any] = {
            "n": int(outcome.key),
            "state": outcome.state,
            "amount_kop": line.amount,
            "direction": "in" if line.incoming else "out",
            "registries": list(outcome.registries),
        }
        said.append(row | ({"account": outcome.account} if outcome.account else {}))
    assert said == scenario["lines"]
    credits_of_agents = sum(line.amount for line, outcome in zip(lines, result.lines, strict=True) if outcome.state.startswith("registry_"))
    assert credits_of_agents == sum(outcome.ordered for outcome in result.registries)


def test_a_transfer_that_came_back_and_a_refund_are_linked_to_what_they_undo() -> None:
    """Each original once; a credit from a supplier's 40821 account is no agent's settlement when it returns our money."""
    day = date(2026, 11, 12)

    def line(key: str, amount: int, account: str, purpose: str = "", *, incoming: bool = False) -> LineFact:
        return LineFact(key, incoming, amount, key, day, day, account, purpose=purpose)

    supplier, payer = "40821810700093101005", "40817810499010000077"
    lines = [
        line("out", 500, supplier),
        line("back", 500, supplier, "Возврат: счет закрыт", incoming=True),
        line("again", 500, supplier, "Возврат: счет закрыт", incoming=True),
        line("paid", 70, payer, incoming=True),
        line("refund", 70, payer, "Возврат ошибочного платежа"),
        line("other", 71, payer, "Возврат ошибочного платежа"),
    ]
    assert returned_transfers(lines) == {"back": "out"} and refunds(lines) == {"refund": "paid"}
    states = {one.key: one.state for one in reconcile([], lines).lines}
    assert (states["out"], states["back"], states["again"]) == ("transfer_out", "returned_in", "no_registry")
    assert (states["refund"], states["other"]) == ("refund_out", "transfer_out")

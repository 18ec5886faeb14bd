"""Random registries and orders: whatever is linked, every credit of an agent is shared to the kopeck or waits for its registry."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as some

from core.payments.reconcile import LineFact, RegistryFact, RegistryLink, expected_transfer, reconcile

DAY = date(2026, 11, 2)
Model = Literal["kept", "on_top", "billed"]


@some.composite
def worlds(draw: some.DrawFn) -> tuple[list[RegistryFact], list[LineFact]]:
    """Registries of all fee models, some by number and some by the payment order; orders for one, for several, for none."""
    registries = []
    for place in range(draw(some.integers(0, 6))):
        model: Model = draw(some.sampled_from(("kept", "on_top", "billed")))
        amount, fee = draw(some.integers(1, 10_000)), draw(some.integers(0, 100))
        by_order = draw(some.booleans())
        registries.append(
            RegistryFact(
                key=f"r{place}",
                number="" if by_order else str(place),
                registry_on=DAY + timedelta(days=place % 3),
                order_number=str(100 + place) if by_order else "",
                order_on=DAY,
                fee_model=model,
                count=1,
                amount=amount,
                fee=fee,
                transfer=amount - min(fee, amount),
                payments={"posted": 1},
            )
        )
    lines = []
    for place in range(draw(some.integers(0, 6))):
        named = draw(some.lists(some.sampled_from(registries), unique_by=lambda one: one.key, max_size=3)) if registries else []
        whole = sum(expected_transfer(one) for one in named)
        amount = whole if whole and draw(some.booleans()) else draw(some.integers(1, 20_000))
        number = named[0].order_number if named and named[0].order_number else "9"
        links = tuple(RegistryLink(one.number, one.registry_on) for one in named if one.number)
        lines.append(LineFact(f"l{place}", True, amount, number, DAY, DAY, "40911810900010000077", links))
    return registries, lines


@settings(max_examples=300, deadline=None)
@given(worlds())
def test_credits_of_agents_are_ordered_or_without_a_registry(world: tuple[list[RegistryFact], list[LineFact]]) -> None:
    registries, lines = world
    result = reconcile(registries, lines)
    amounts = {line.key: line.amount for line in lines}
    waiting = sum(amounts[line.key] for line in result.lines if line.state == "no_registry")
    assert sum(amounts.values()) == sum(one.ordered for one in result.registries) + waiting
    assert [one.key for one in result.registries] == [one.key for one in registries]
    assert [one.key for one in result.lines] == [one.key for one in lines]
    assert all(sum(one.payments.values()) == 1 for one in result.registries)
    assert result == reconcile(registries, lines)

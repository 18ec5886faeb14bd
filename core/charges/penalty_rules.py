"""The rules that penalties are computed by: scale by day of delay, rate policy, key rates, days without penalties; law and region together.

By the statute (ЖК ст. 155 ч. 14) the rate is the key rate of the Bank of Russia; while a decree freezes it, a fixed one that the key rate
may only lower. Key rates are imported, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Literal, cast

from core.charges.deadlines import own_choice
from core.charges.law import Law
from core.errors import ConfigError

__all__ = ["Group", "KeyRate", "PenaltyRounding", "PenaltyRules", "RateSpan", "Scale", "Stop", "penalty_rules"]

Group = Literal["citizen", "capital"]
PenaltyRounding = Literal["once", "daily", "monthly"]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RateSpan:
    """Days of one rate policy, both counting: a rate that the key rate may only lower, or (None) the key rate itself."""

    first: date
    last: date | None
    value: Fraction | None


@dataclass(frozen=True, slots=True)
class KeyRate:
    """Key rate of the Bank of Russia from a day on, per cent a year."""

    first: date
    value: Fraction


@dataclass(frozen=True, slots=True)
class Stop:
    """Days on which no penalty accrues, though they age the debt; ``existing``: only debts that were overdue before the first of them."""

    first: date
    last: date
    existing: bool = False


@dataclass(frozen=True, slots=True)
class Scale:
    """Divisors of the rate by day of delay, for the days that the scale is law on."""

    first: date
    last: date | None
    steps: tuple[tuple[int, int], ...]
    """Days of delay from which a divisor holds, ascending; before the first of them nothing accrues."""

    def divisor(self, day_of_delay: int) -> int | None:
        """The divisor of a day of delay."""
        reached = [divisor for start, divisor in self.steps if start <= day_of_delay]
        return reached[-1] if reached else None


@dataclass(frozen=True, slots=True)
class PenaltyRules:
    """The rules of a calculation of penalties."""

    scales: Mapping[Group, tuple[Scale, ...]]
    policy: tuple[RateSpan, ...]
    key_rates: tuple[KeyRate, ...] = ()
    per_day: bool = False
    """The rate of each day, not that of the payment day."""
    split: bool = True
    """Days of a fixed rate keep it when the debt is paid after its end (``rate_after_freeze``)."""
    payment_day_counts: bool = True
    recalculation_from_original: bool = False
    """A recalculation in the payer's favour lowers the debt from its due day, not from the bill that shows it."""
    surcharge_in_base: bool = True
    stops: tuple[Stop, ...] = ()
    rounding: PenaltyRounding = "once"
    """What of a debt is rounded to kopecks: all that has accrued, each day, or each calendar month (``penalty_rounding``)."""
    by_accounted_day: bool = False
    """A payment lowers the debt by the operational day on which it was accounted (``penalty_by``), not by the day it was paid."""

    def rate(self, day: date, rate_day: date) -> Fraction:
        """Per cent a year that a day of delay costs for a part whose rate is that of ``rate_day``."""
        if self.per_day:
            return self.rate_on(day)
        here = self._span(day)
        if self.split and here is not None and here.value is not None and here.last is not None and here.last < rate_day:
            return self.rate_on(day)
        return self.rate_on(rate_day)

    def rate_on(self, day: date) -> Fraction:
        """The rate of the policy on a day; a key rate that is needed and not known is a ``ConfigError``."""
        span = self._span(day)
        known = [rate for rate in self.key_rates if rate.first <= day]
        key = max(known, key=lambda rate: rate.first).value if known else None
        if span is not None and span.value is not None:
            return span.value if key is None else min(span.value, key)
        if key is None:
            raise ConfigError(
                "PN-0001",
                f"Неизвестна ключевая ставка Банка России на {day:%d.%m.%Y}, пени не рассчитать.",
                hint="Внесите ставки в config/law/penalties.toml (penalty.key_rate) или в настройку региона key_rates.",
                day=day.isoformat(),
            )
        return key

    def changes(self) -> Iterator[date]:
        """Days on which the rate may become another."""
        for span in self.policy:
            yield span.first
            if span.last is not None:
                yield span.last + _DAY
        for rate in self.key_rates:
            yield rate.first

    def _span(self, day: date) -> RateSpan | None:
        return next((span for span in self.policy if span.first <= day and (span.last is None or day <= span.last)), None)


def penalty_rules(law: Law, settings: Mapping[str, object], *, day: date) -> PenaltyRules:
    """The rules of a region on a day. ``penalty_rate_value`` of the region stands for the whole policy, ``key_rates`` add to the law's."""
    stated = settings.get("penalty_rate_value")
    policy = tuple(
        RateSpan(dated.first, dated.last, None if dated.value == "key" else Fraction(dated.value))
        for dated in law.parameters["penalty.rate"].values
    )
    if stated is not None:
        policy = (RateSpan(date.min, None, Fraction(str(stated))),)
    return PenaltyRules(
        {group: _scales(law, group) for group in ("citizen", "capital")},
        policy,
        _key_rates(law, settings),
        per_day=own_choice(law, settings, "penalty_rate", day) == "per_day",
        split=own_choice(law, settings, "rate_after_freeze", day) == "split",
        payment_day_counts=own_choice(law, settings, "payment_day_counts", day) == "true",
        recalculation_from_original=own_choice(law, settings, "recalc_penalty", day) == "from_original",
        surcharge_in_base=own_choice(law, settings, "k_surcharge_in_penalty_base", day) == "true",
        stops=tuple(
            Stop(dated.first, dated.last or date.max, dated.value == "existing")
            for dated in law.parameters["penalty.moratorium"].values
            if dated.value != "none"
        ),
        rounding=cast("PenaltyRounding", own_choice(law, settings, "penalty_rounding", day)),  # the ways of the setting are its values
        by_accounted_day=own_choice(law, settings, "penalty_by", day) == "accounted_on",
    )


def _scales(law: Law, group: Group) -> tuple[Scale, ...]:
    """The scale of a group on each of the days on which one of its numbers is another."""
    second = group == "citizen"
    names = ["free_days", "first_scale_days", "first_divisor", "second_divisor"] if second else ["free_days", "capital_divisor"]
    firsts = sorted({dated.first for name in names for dated in law.parameters[f"penalty.{name}"].values})
    found = []
    for first, after in pairwise([*firsts, None]):
        assert first is not None
        numbers = [int(law.number(f"penalty.{name}", first)) for name in names]
        steps = ((numbers[0] + 1, numbers[2]), (numbers[1] + 1, numbers[3])) if second else ((numbers[0] + 1, numbers[1]),)
        found.append(Scale(first, None if after is None else after - _DAY, steps))
    return tuple(found)


def _key_rates(law: Law, settings: Mapping[str, object]) -> tuple[KeyRate, ...]:
    rates = {dated.first: Fraction(dated.value) for dated in law.parameters["penalty.key_rate"].values if dated.value != "unknown"}
    stated = settings.get("key_rates", [])
    try:
        rates.update(_stated_rates(stated))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            "CFG-0425",
            f"Настройка региона key_rates не понята: {stated!r}.",
            hint='Нужен список вида [{"from": "2027-01-01", "rate": "14"}].',
            setting="key_rates",
        ) from error
    return tuple(KeyRate(first, rates[first]) for first in sorted(rates))


def _stated_rates(stated: object) -> Iterable[tuple[date, Fraction]]:
    if not isinstance(stated, Sequence) or isinstance(stated, str):
        raise TypeError("not a list")
    return [(date.fromisoformat(str(rate["from"])), Fraction(str(rate["rate"]))) for rate in stated]

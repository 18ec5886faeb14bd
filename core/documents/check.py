"""What must hold in the content of a bill before it is issued; each rule returns findings, nothing is raised.

The content is checked as a reader would check the paper: by adding up what is printed, so it does not matter who built it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from core.model.bill import BillContent, BillRecipient
from core.model.finding import Finding, Position
from core.money import format_roubles

__all__ = ["check"]

_EFFECT = "hold_bill"
_WEIGHTS = (7, 1, 3)


def check(content: BillContent) -> list[Finding]:
    """All findings on one bill; an empty list lets it be issued."""
    return [
        *_lines(content),
        *_recalculations(content),
        *_recipients(content),
        *_totals(content),
        *_dates(content),
        *_requisites(content),
    ]


def _finding(
    content: BillContent,
    code: str,
    message: str,
    *,
    value: str = "",
    hint: str = "Пересчитайте документ и сообщите разработчику.",
) -> Finding:
    return Finding(
        position=Position(content.number),
        code=code,
        severity="error",
        effect=_EFFECT,
        value=value,
        message=f"Документ {content.number}: {message}",
        hint=hint,
    )


def _differ(content: BillContent, code: str, what: str, printed: int, summed: int) -> Iterator[Finding]:
    if printed != summed:
        text = f"{what}: напечатано {format_roubles(printed)}, по строкам {format_roubles(summed)} руб."
        yield _finding(content, code, text, value=format_roubles(printed))


def _lines(content: BillContent) -> Iterator[Finding]:
    """Column 14 = 8 + 10 + 11 − 12; the benefit is never negative; a coefficient stands where its excess does (form 43/пр)."""
    for line in content.lines:
        yield from _differ(
            content,
            "EPD-1001",
            f"«{line.name}», итого к оплате",
            line.total,
            line.base + line.surcharge + line.recalculation - line.benefit,
        )
        if line.benefit < 0 or line.base < 0 or line.surcharge < 0:
            yield _finding(
                content,
                "EPD-1002",
                f"«{line.name}»: отрицательная плата, превышение или льгота.",
                value=format_roubles(line.total),
            )
        if line.surcharge and line.factor_e2 is None:
            yield _finding(
                content,
                "EPD-1003",
                f"«{line.name}»: есть превышение, но нет повышающего коэффициента.",
                value=format_roubles(line.surcharge),
            )


def _recalculations(content: BillContent) -> Iterator[Finding]:
    """Section 5 explains column 11 to the kopeck."""
    stated: dict[int, int] = defaultdict(int)
    for line in content.lines:
        stated[line.service_id] += line.recalculation
    explained: dict[int, int] = defaultdict(int)
    for row in content.recalculations:
        explained[row.service_id] += row.amount
    for service_id in sorted(stated.keys() | explained.keys()):
        yield from _differ(content, "EPD-1004", "Перерасчёт и его основания", stated[service_id], explained[service_id])


def _recipients(content: BillContent) -> Iterator[Finding]:
    """Each recipient is charged what its lines say and is asked for its own balance only."""
    charged: dict[tuple[int, bool], int] = defaultdict(int)
    for line in content.lines:
        charged[line.creditor_id, line.section == "capital_repair"] += line.total
    numbers = [(creditor, row.contribution) for row in content.recipients for creditor in row.creditors or (row.creditor_id,)]
    known = set(numbers)
    if len(known) != len(numbers):
        yield _finding(content, "EPD-1005", "получатель указан дважды.")
    for where in sorted(charged.keys() - known):
        yield from _differ(content, "EPD-1006", f"Получатель {where[0]} не указан, начислено", 0, charged[where])
    for row in content.recipients:
        stated = sum(charged[creditor, row.contribution] for creditor in row.creditors or (row.creditor_id,))
        yield from _differ(content, "EPD-1006", f"«{row.name}», начислено", row.charged, stated)
        yield from _differ(content, "EPD-1007", f"«{row.name}», к оплате", row.due, max(0, row.balance))
        if min(row.debt, row.advance, row.penalties, row.interest, row.deferred) < 0:
            yield _finding(content, "EPD-1008", f"«{row.name}»: долг, аванс, пени или рассрочка отрицательны.")


def _totals(content: BillContent) -> Iterator[Finding]:
    """The totals of the bill are the sums of its parts."""
    rows = content.recipients
    for what, printed, summed in (
        ("Начислено за месяц", content.charged, sum(line.total for line in content.lines)),
        ("Долг", content.debt, sum(row.debt for row in rows)),
        ("Аванс", content.advance, sum(row.advance for row in rows)),
        ("Оплачено", content.paid, sum(row.paid for row in rows)),
        ("Пени", content.penalties, sum(row.penalties for row in rows)),
        ("Проценты рассрочки", content.interest, sum(row.interest for row in rows)),
        ("Отложено рассрочкой", content.deferred, sum(row.deferred for row in rows)),
        ("Проценты рассрочки по планам", content.interest, sum(plan.interest for plan in content.instalments)),
        ("Отложено планами рассрочки", content.deferred, sum(plan.deferred for plan in content.instalments)),
        ("К оплате", content.due, sum(row.due for row in rows)),
    ):
        yield from _differ(content, "EPD-1009", what, printed, summed)


def _dates(content: BillContent) -> Iterator[Finding]:
    if content.due_on <= content.month.last:
        yield _finding(
            content,
            "EPD-1010",
            "срок оплаты наступает раньше конца месяца.",
            value=content.due_on.isoformat(),
            hint="Проверьте правило срока.",
        )
    if content.issued_on < content.month.first:
        yield _finding(
            content,
            "EPD-1011",
            "составлен раньше своего месяца.",
            value=content.issued_on.isoformat(),
            hint="Проверьте часы и месяц.",
        )
    if (content.version > 1) != (content.replaces_number is not None):
        yield _finding(
            content,
            "EPD-1012",
            "у исправленного документа нет номера заменяемого или наоборот.",
            value=str(content.version),
        )


def _requisites(content: BillContent) -> Iterator[Finding]:
    """An account with a wrong check digit would send the money nowhere (Bank of Russia, order of 08.09.1997 № 515)."""
    for row in content.recipients:
        if not row.name.strip() or not row.bank_name.strip():
            yield _finding(content, "EPD-1013", "у получателя нет названия или банка.", hint="Загрузите реквизиты получателя.")
        if not _account_holds(row):
            yield _finding(
                content,
                "EPD-1014",
                f"«{row.name}»: счёт не проходит проверку по БИК {row.bik}.",
                value=row.bank_account,
                hint="Запросите верные реквизиты.",
            )


def _account_holds(row: BillRecipient) -> bool:
    account, bik = row.bank_account, row.bik
    if not (len(account) == 20 and account.isdecimal() and len(bik) == 9 and bik.isdecimal()):
        return False
    head = bik[-3:] if not _opened_in_treasury(bik) else "0" + bik[4:6]
    return sum(int(digit) * _WEIGHTS[n % 3] for n, digit in enumerate(head + account)) % 10 == 0


def _opened_in_treasury(bik: str) -> bool:
    """Accounts with the Bank of Russia itself: the last three digits of the БИК are 000 … 002."""
    return int(bik[-3:]) <= 2

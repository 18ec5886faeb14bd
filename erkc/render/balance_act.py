"""The act of opening balances as one printable HTML page: sums by service and recipient, accounts that differ, places for signatures."""

from __future__ import annotations

from html import escape

from core.money import readable_roubles
from core.services.onboarding import Act

__all__ = ["balance_act_page"]

_STYLE = """
body{font:13px/1.4 'PT Sans','Noto Sans','DejaVu Sans',Arial,sans-serif;color:#000;max-width:1000px;margin:20px auto;padding:0 12px}
h1{font-size:18px;margin:0 0 6px;text-align:center}h2{font-size:15px;margin:18px 0 6px}
table{border-collapse:collapse;width:100%}thead{display:table-header-group}th,td{padding:3px 5px;border:1px solid #777;text-align:left}
td.n,th.n{text-align:right}td.n{white-space:nowrap;font-variant-numeric:tabular-nums}tr.t td{font-weight:bold}
.sign{display:flex;gap:40px;margin-top:36px}.sign div{flex:1}.line{border-bottom:1px solid #000;height:28px}
@page{size:A4;margin:12mm}@media print{body{font-size:11px;margin:0;padding:0;max-width:none}tr{break-inside:avoid}}
"""


def balance_act_page(act: Act, *, centre: str) -> bytes:
    """The page as a file, UTF-8; prints on A4 from any browser."""
    first = f"{act.month.first:%d.%m.%Y}"
    title = f"Акт сверки входящего сальдо на {first}"
    rows = [
        _row(line.service, line.creditor, (line.stated_debt, line.stated_advance, line.posted_debt, line.posted_advance))
        for line in act.lines
    ]
    totals = tuple(
        sum(getattr(line, name) for line in act.lines) for name in ("stated_debt", "stated_advance", "posted_debt", "posted_advance")
    )
    head = "".join(
        f'<th class="{kind}">{name}</th>'
        for name, kind in (
            ("Услуга", ""), ("Получатель", ""), ("Долг, данные организации", "n"), ("Аванс, данные организации", "n"),
            ("Долг принят", "n"), ("Аванс принят", "n"), ("Разница", "n"),
        )
    )  # fmt: skip
    parts = [
        f"<h1>{title}</h1>",
        f"<p>{escape(act.sender.name)} (ИНН {escape(act.sender.inn)}, КПП {escape(act.sender.kpp)}) и {escape(centre)} сверили остатки по "
        f"лицевым счетам, переданным на обслуживание. Лицевых счетов с сальдо: {act.accounts}. Суммы в рублях.</p>",
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}{_row('Итого', '', totals, 't')}</tbody></table>",
        f"<p>Пени на начало месяца: по данным организации {readable_roubles(act.stated_penalty)}, "
        f"принято {readable_roubles(act.posted_penalty)}.</p>",
        f"<p>Всего по данным организации (долг за вычетом авансов): {readable_roubles(act.stated)}; "
        f"принято: {readable_roubles(act.posted)}; разница: {readable_roubles(act.stated - act.posted)}. "
        f"Отложено строк и документов: {act.held}.</p>",
    ]
    differing = [(line, *one) for line in act.lines for one in line.differing]
    if differing:
        listed = "".join(
            f'<tr><td>{escape(number)}</td><td>{escape(line.service)}</td><td class="n">{readable_roubles(said)}</td>'
            f'<td class="n">{readable_roubles(took)}</td><td class="n">{readable_roubles(said - took)}</td></tr>'
            for line, number, said, took in differing
        )
        names = (("Лицевой счёт", ""), ("Услуга", ""), ("По данным организации", "n"), ("Принято", "n"), ("Разница", "n"))
        columns = "".join(f'<th class="{kind}">{name}</th>' for name, kind in names)
        table = f"<table><thead><tr>{columns}</tr></thead><tbody>{listed}</tbody></table>"
        parts.append(f"<h2>Лицевые счета с разницей: {len(differing)}</h2>{table}")
    else:
        parts.append("<p>Разницы по лицевым счетам нет.</p>")
    if act.is_agreed and act.agreed is not None:
        parts.append(f"<p>Согласовано {act.agreed.at:%d.%m.%Y}: {escape(act.agreed.body.reason)}.</p>")
    side = '<div><b>{}</b><div class="line"></div>(должность, подпись, фамилия, дата)</div>'
    parts.append(f'<div class="sign">{side.format(escape(act.sender.name))}{side.format(escape(centre))}</div>')
    meta = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="ru"><head>{meta}</head><body>{"".join(parts)}</body></html>\n'.encode()


def _row(service: str, creditor: str, sums: tuple[int, ...], kind: str = "") -> str:
    difference = (sums[0] - sums[1]) - (sums[2] - sums[3])
    cells = "".join(f'<td class="n">{readable_roubles(amount)}</td>' for amount in (*sums, difference))
    return f'<tr class="{kind}"><td>{escape(service)}</td><td>{escape(creditor)}</td>{cells}</tr>'

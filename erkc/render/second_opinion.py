"""The second opinion as one HTML page: totals, charts by cause, house and service, every line. No scripts and no fonts of its own."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from core.money import readable_roubles
from core.period import Month
from core.services.second_opinion import STATES, AuditLine, Summed, summed

__all__ = ["audit_page"]

_STYLE = """
body{font:15px/1.45 'PT Sans','Noto Sans','DejaVu Sans','Segoe UI',Arial,sans-serif;color:#1f2933}
body{max-width:1240px;margin:24px auto;padding:0 16px}
h1{font-size:22px;margin:0 0 4px}h2{font-size:17px;margin:28px 0 8px}p{margin:4px 0;color:#52606d}
table{border-collapse:collapse;width:100%}th,td{padding:5px 8px;border-bottom:1px solid #d5dbe1;text-align:left;vertical-align:top}
th{background:#e8edf3}td.n,th.n{text-align:right}td.n{white-space:nowrap;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}.wide table{font-size:13px}.key{white-space:nowrap}
.key b{display:inline-block;width:10px;height:10px;margin-right:4px}
svg{width:100%;height:auto}svg text{font-size:13px;fill:#1f2933}thead{display:table-header-group}@page{size:A4 landscape;margin:12mm}
@media print{body{font-size:11px;margin:0;padding:0;max-width:none}
.wide{overflow:visible}.wide table{font-size:10px}tr,svg{break-inside:avoid}}
"""
_MORE, _LESS = "#c8553d", "#2f8f6b"
_WIDTH, _NAMES, _SUMS, _STEP = 1000, 320, 130, 28
_BARS = 15


def audit_page(lines: Sequence[AuditLine], month: Month) -> bytes:
    """The page as a file, UTF-8."""
    over = sum(line.difference for line in lines if line.difference > 0)
    under = sum(line.difference for line in lines if line.difference < 0)
    states = ", ".join(f"{title}\u00a0—\u00a0{sum(line.state == state for line in lines)}" for state, title in STATES.items())
    title = f"Второе мнение о начислениях: {month.title}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        "<p>Начисления отправителей пересчитаны по утверждённым тарифам и нормативам региона. Причина доказана: с данными отправителя "
        "наша формула даёт его сумму до копейки; где не даёт, причина не названа.</p>",
        f"<p>Строк с разницей: {len(lines)}; начислено лишнего {_money(over)} руб., "
        f"недоначислено {_money(-under)} руб. Ответы: {states}.</p>",
    ]
    if lines:
        colours = ((_MORE, "начислено лишнего"), (_LESS, "недоначислено"))
        words = " ".join(f'<span class="key"><b style="background:{colour}"></b>{name}</span>' for colour, name in colours)
        parts.append(f"<p>{words}; рядом с названием — число строк, суммы в рублях.</p>")
        for heading, rows in (
            ("По причинам", summed(lines, lambda line: line.cause)),
            ("По домам", summed(lines, lambda line: line.house)),
            ("По услугам", summed(lines, lambda line: line.service)),
        ):
            parts += [f"<h2>{heading}</h2>", _chart(rows, heading)]
        parts += ["<h2>Строки</h2>", f'<div class="wide">{_table(lines)}</div>']
    else:
        parts.append("<p>Разницы нет: все строки отправителей такие, как по закону.</p>")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="ru"><head>{head}</head><body>{"".join(parts)}</body></html>\n'.encode()


def _chart(rows: Sequence[Summed], title: str) -> str:
    """Bars of what is stated too much (to the right) and too little (to the left)."""
    shown, rest = list(rows[:_BARS]), rows[_BARS:]
    if rest:
        shown.append(Summed(f"остальное ({len(rest)})", sum(r.lines for r in rest), sum(r.over for r in rest), sum(r.under for r in rest)))
    least, most = min(row.under for row in shown), max(row.over for row in shown)
    width = _WIDTH - _NAMES - 2 * _SUMS
    scale = width / ((most - least) or 1)
    zero = _NAMES + _SUMS - least * scale
    bars = []
    for place, row in enumerate(shown):
        y = place * _STEP + 4
        bars.append(f'<text x="0" y="{y + 14}">{escape(_short(row.name))} · {row.lines}</text>')
        if row.over:
            bars.append(f'<rect x="{zero:.1f}" y="{y}" width="{max(row.over * scale, 1.5):.1f}" height="18" rx="2" fill="{_MORE}"/>')
            bars.append(f'<text x="{zero + row.over * scale + 6:.1f}" y="{y + 14}">+{_money(row.over)}</text>')
        if row.under:
            wide = max(-row.under * scale, 1.5)
            bars.append(f'<rect x="{zero - wide:.1f}" y="{y}" width="{wide:.1f}" height="18" rx="2" fill="{_LESS}"/>')
            bars.append(f'<text x="{zero - wide - 6:.1f}" y="{y + 14}" text-anchor="end">−{_money(-row.under)}</text>')
    height = len(shown) * _STEP + 6
    bars.append(f'<line x1="{zero:.1f}" y1="0" x2="{zero:.1f}" y2="{height}" stroke="#9aa5b1"/>')
    return f'<svg role="img" viewBox="0 0 {_WIDTH} {height}"><title>{escape(title)}: разница, руб.</title>{"".join(bars)}</svg>'


def _table(lines: Sequence[AuditLine]) -> str:
    """Every line; whose it is stands in a column where there are several senders, above the table where there is one."""
    senders = sorted({line.sender.name for line in lines})
    owner = "" if len(senders) > 1 else f"<p>{escape(senders[0])}</p>"
    whose = [] if owner else [("Отправитель", "")]
    sums_of = [("Начислил, руб.", "n"), ("По закону, руб.", "n"), ("Разница, руб.", "n")]
    names = [("№", ""), *whose, ("Дом", ""), ("Счёт", ""), ("Услуга", ""), *sums_of, ("Причина", ""), ("Состояние", "")]
    heading = "".join(f'<th class="{kind}">{name}</th>' for name, kind in names)
    rows = []
    for line in lines:
        answer = f": {line.answer.body.reason}" if line.answer is not None and line.state != "open" else ""
        texts = (line.number, *([] if owner else [line.sender.name]), line.house, line.account, line.service)
        sums = (line.stated, line.recomputed, line.difference)
        cells = [f"<td>{escape(one)}</td>" for one in texts]
        cells += [f'<td class="n">{"−" if one < 0 else ""}{_money(abs(one))}</td>' for one in sums]
        cells += [f"<td>{escape(one)}</td>" for one in (line.cause, STATES[line.state] + answer)]
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f"{owner}<table><thead><tr>{heading}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _money(kopecks: int) -> str:
    return readable_roubles(kopecks)


def _short(name: str) -> str:
    return name if len(name) <= 38 else f"{name[:37].rstrip()}…"

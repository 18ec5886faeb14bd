"""What the stand received, for people: one plain page."""

from __future__ import annotations

from html import escape
from typing import Any

__all__ = ["render"]

_STYLE = """body{font:16px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem;color:#1b1b1b}
table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #ccc;vertical-align:top}
.empty{color:#555}"""
_SHOWN = 500
_STATES = {1: "получено", 2: "в обработке", 3: "обработано"}


def _table(title: str, heads: list[str], rows: list[list[str]], total: int) -> str:
    if not rows:
        return f'<section><h2>{escape(title)}</h2><p class="empty">Пока ничего нет.</p></section>'
    more = f" (показаны последние {len(rows)} из {total})" if total > len(rows) else f" ({total})"
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<section><table><caption>{escape(title)}{more}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></section>"


def render(contents: dict[str, list[dict[str, Any]]], organisations: list[dict[str, Any]]) -> str:
    """The page."""
    names = {item["ppa_guid"]: item["name"] for item in organisations}
    bills, accounts, messages = contents["bills"], contents["accounts"], contents["messages"]
    parts = [
        _table(
            "Платёжные документы",
            ["ИПД", "Номер", "Месяц", "Организация", "К оплате, руб.", "Версия", "Состояние"],
            [
                [
                    row["ipd"],
                    row["number"],
                    f"{row['year']}-{row['month']:02d}",
                    names.get(row["sender"], row["sender"]),
                    row["total"],
                    str(row["version"]),
                    "отозван" if row["withdrawn"] else "размещён",
                ]
                for row in bills[-_SHOWN:]
            ],
            len(bills),
        ),
        _table(
            "Квитирование",
            ["Платёж", "ИПД", "Услуга", "Сумма, коп."],
            [[row["notification"], row["ipd"], row["service"], str(row["amount"])] for row in contents["acknowledgments"][-_SHOWN:]],
            len(contents["acknowledgments"]),
        ),
        _table(
            "Лицевые счета",
            ["Номер", "ЕЛС", "ИЖКУ", "Дом (ФИАС)"],
            [[row["number"], row["els"], row["izku"], row["fias"]] for row in accounts[-_SHOWN:]],
            len(accounts),
        ),
        _table(
            "Сообщения",
            ["Получено", "Операция", "Организация", "Состояние", "Опросов", "Подписал"],
            [
                [
                    row["received_at"][:19],
                    row["operation"],
                    names.get(row["sender"], "информационная система"),
                    _STATES[row["state"]],
                    str(row["polls"]),
                    row["signer"] or "проверка подписи выключена",
                ]
                for row in messages[-_SHOWN:]
            ],
            len(messages),
        ),
        _table(
            "Сбои по сценарию",
            ["Операция", "Сбой", "Пропустить", "Раз", "Вероятность", "Видел сообщений", "Сработал"],
            [
                [
                    row["operation"],
                    row["fault"],
                    str(row["after"]),
                    str(row["times"]),
                    f"{row['chance']:g}",
                    str(row["seen"]),
                    str(row["struck"]),
                ]
                for row in contents["rules"]
            ],
            len(contents["rules"]),
        ),
        _table(
            "Журнал",
            ["Время", "Операция", "Что произошло"],
            [[row["at"][:19], row["operation"], row["verdict"]] for row in contents["journal"]],
            len(contents["journal"]),
        ),
    ]
    return (
        '<!doctype html><html lang="ru"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Стенд ГИС ЖКХ</title><style>{_STYLE}</style></head><body><main><h1>Стенд ГИС ЖКХ</h1>"
        "<p>Учебная федеральная система: проверяет, запоминает и отвечает, но никуда ничего не передаёт.</p>"
        + "".join(parts)
        + "</main></body></html>"
    )

"""What people read about a month and the federal system."""

from __future__ import annotations

from datetime import UTC, datetime

from core.ids import BillId
from core.period import Month
from core.services.federal import Standing
from erkc.federal_words import standing_json, standing_lines, standing_sentence

AT = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)


def standing(bills: int = 10, placed: int = 5, waiting: int = 2, refused: int = 3) -> Standing:
    reasons = {BillId(n): (("INT002034", f"Лицевой счёт {n} не найден"),) for n in range(1, refused + 1)}
    if refused:
        reasons[BillId(1)] = (*reasons[BillId(1)], ("SRV008076", "Неверный набор услуг"))
    numbers = {BillId(n): f"202610-{n:06d}" for n in range(1, refused + 1)}
    return Standing(Month(2026, 10), bills, placed, waiting, 0, reasons, numbers, 0, {}, (), AT if waiting else None)


def test_what_is_placed_refused_and_waits_with_the_share_of_the_month() -> None:
    assert standing_sentence(standing()) == (
        "документов 10: размещено 5 (50 %), ждут ответа 2, отклонено 3, подписано и ждёт отправки 0, не подготовлено 0"
    )
    first, second, what_to_do, asked = standing_lines(standing())
    assert first == "отклонено 3: Лицевой счёт 1 не найден [INT002034]: 202610-000001, 202610-000002, 202610-000003"
    assert second == "отклонено 1: Неверный набор услуг [SRV008076]: 202610-000001"
    assert what_to_do == "устранив причину: erkc gis send 2026-10 --refused-too"
    moment = AT.astimezone().strftime("%d.%m.%Y в %H:%M:%S")
    assert asked == f"ждут ответа 2: следующий вопрос {moment}"


def test_many_refusals_of_one_code_are_one_line() -> None:
    lines = standing_lines(standing(bills=1000, placed=0, waiting=0, refused=1000))
    assert len(lines) == 3 and lines[0].startswith("отклонено 1000:") and lines[0].endswith(" …")


def test_a_month_without_bills_says_how_to_make_them() -> None:
    (line,) = standing_lines(standing(0, 0, 0, 0))
    assert line == "документов за октябрь 2026 нет: их выпускает erkc issue bills 2026-10"


def test_machines_get_the_same() -> None:
    told = standing_json(standing())
    assert told["refused_by_code"] == [
        {
            "code": "INT002034",
            "text": "Лицевой счёт 1 не найден",
            "bills": ["202610-000001", "202610-000002", "202610-000003"],
        },
        {"code": "SRV008076", "text": "Неверный набор услуг", "bills": ["202610-000001"]},
    ]
    assert (told["placed_percent"], told["waiting"]) == (50, 2)

"""The file of readings that goes back to a company's billing: what stands in it, field by field."""

from __future__ import annotations

from datetime import date

from adapters.uk.readings import ReturnedReading, return_file, return_name
from core.period import Month


def test_a_return_file_as_the_portal_s_format_has_it() -> None:
    readings = [
        ReturnedReading("1002", "ГВС", "B|7", date(2026, 10, 25), 1_005),
        ReturnedReading("1001", "ХВС", "A-1", date(2026, 10, 24), 123_456),
        ReturnedReading("1001", "ГВС", "A-2", date(2026, 10, 23), 7_000),
    ]
    data = return_file(readings, month=Month(2026, 10), pack=3, on=date(2026, 10, 26), source="житель")
    assert data.decode("cp1251").split("\r\n") == [
        "***|житель|3|26.10.2026|01.10.2026|2|",
        "###|1001|01.10.2026|2||",
        "@@@|1|7.000|ГВС|23.10.2026|A-2|",
        "@@@|2|123.456|ХВС|24.10.2026|A-1|",
        "###|1002|01.10.2026|1||",
        "@@@|1|1.005|ГВС|25.10.2026|B/7|",
        "",
    ]
    assert data == return_file(reversed(readings), month=Month(2026, 10), pack=3, on=date(2026, 10, 26), source="житель")
    assert return_name(pack=3, on=date(2026, 10, 26), code="ЕРКЦ") == "ПОКАЗАНИЯ_ПУ_3_20261026_ЕРКЦ.txt"

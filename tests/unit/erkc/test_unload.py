"""Формат 4.0 out: the charged town as an archive, read by another hand, taken into an empty hub, and its increments."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import InputError
from core.ids import ProviderId
from core.records.providers import provider
from core.services.month_view import ProviderMonth
from core.services.take import Taken
from core.storage.engine import transaction
from erkc.application import Application
from erkc.cli.options import law
from erkc.intake import load_region_file, take_file
from erkc.unload import Unload, unload_month, write_unload
from tests.unit.erkc.archives import edited
from tests.unit.erkc.conftest import ARCHIVE, OCTOBER, TOWN, database_copy

FORMED = datetime(2026, 11, 4, 9, 30)  # noqa: DTZ001  # the format has no zone
_PREMISES_ROW = 3


def _unload(application: Application, *earlier: bytes) -> Unload:
    with transaction(application.engine) as connection:
        one = provider(connection, ProviderId(1))
        return unload_month(connection, one, OCTOBER, law=law(), formed_at=FORMED, earlier=earlier)


def _read(data: bytes) -> dict[str, list[list[str]]]:
    """An independent reading: zipfile and csv only."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        read = {
            name.removesuffix(".csv"): list(csv.reader(io.StringIO(archive.read(name).decode("cp1251"), newline=""), delimiter=";"))[1:]
            for name in archive.namelist()
            if name.endswith(".csv")
        }
        for name, count, control in read["_filelist"]:
            assert int(count) == len(read[name.removesuffix(".csv")]) and control == hashlib.md5(archive.read(name)).hexdigest()
    return read


def _view(application: Application) -> dict[str, object]:
    with transaction(application.engine) as connection:
        part = ProviderMonth(connection, provider(connection, ProviderId(1)), OCTOBER, law())
        numbers = {account: row.key for account, row in part.accounts.items()}
        opening: dict[tuple[str, str, str], int] = defaultdict(int)
        for account, rows in part.turnovers.items():
            for row in (row for row in rows if row.service_id):  # money paid ahead belongs to no service until the month is charged
                opening[numbers[account], part.service_keys[row.service_id], part.inn[row.creditor_id]] += row.opening
        stated = {(numbers[account], part.service_keys[service]): total for (account, service), total in part.stated.items()}
        paid = {item.entry_key.rsplit("/", 1)[-1]: item.amount for item in part.payment_parts}
        return {"opening": {key: value for key, value in opening.items() if value}, "stated": stated, "paid": set(paid)}


def test_the_month_goes_out_and_comes_back_the_same(
    charged_town: Application, server_url: str, template_database: str, tmp_path: Path
) -> None:
    out = _unload(charged_town)
    assert out.undivided == 0
    assert _unload(charged_town).data == out.data, "the same books are the same bytes"
    read, source = _read(out.data), _read((TOWN / ARCHIVE).read_bytes())
    for code in set(source) - {"_info", "_filelist", "epd", "epdcharge", "epdcapital", "epddebt", "epdpenalty", "saldo", "kvisol",
                               "kvisolservice"}:  # fmt: skip
        assert sorted(read[code]) == sorted(source[code]), code
    with transaction(charged_town.engine) as connection:
        part = ProviderMonth(connection, provider(connection, ProviderId(1)), OCTOBER, law())
        charged = sum(line.total for lines in part.lines.values() for line in lines)
        closing = sum(row.closing for rows in part.turnovers.values() for row in rows)
        lines = {(row.key, part.service_keys[line.service_id]): line.total
                 for account, row in part.accounts.items() for line in part.lines.get(account, [])}  # fmt: skip
    assert sum(Decimal(row[12]) for row in read["epd"]) * 100 == charged
    assert sum(Decimal(row[4]) for row in read["epdcharge"]) + sum(Decimal(row[6]) for row in read["epdcapital"]) == Decimal(charged) / 100
    assert sum(Decimal(row[12]) for row in read["saldo"]) * 100 == closing
    with database_copy(server_url, template_database, tmp_path) as (_, other):
        region = TOWN / "zarechinsk.region.json"
        load_region_file(other, region.name, region.read_bytes())
        taken = take_file(other, out.name, out.data)
        assert isinstance(taken, Taken) and [(f.position, f.field, f.code) for f in taken.findings] == [] and taken.status == "accepted"
        before, after = _view(charged_town), _view(other)
    assert after["opening"] == before["opening"] and after["paid"] == before["paid"]
    assert after["stated"] == lines, "what goes out as stated is what the hub charged"


def test_unloads_are_kept_and_the_next_is_compared_with_them(charged_town: Application) -> None:
    with transaction(charged_town.engine) as connection:
        one = provider(connection, ProviderId(1))
    with pytest.raises(InputError, match="UN-0103"):
        write_unload(charged_town, one, OCTOBER, law=law(), changes=True)
    with pytest.raises(InputError, match="UN-0102"):
        write_unload(charged_town, one, OCTOBER.next(), law=law(), changes=False)
    full = write_unload(charged_town, one, OCTOBER, law=law(), changes=False)
    assert full.rows["KVAR"] == 410 and write_unload(charged_town, one, OCTOBER, law=law(), changes=True).rows == {}
    with charged_town.engine.connect() as connection:
        kept = connection.execute(text("SELECT name FROM message WHERE direction = 'out'")).scalars().all()
    assert kept == [full.name]


def test_an_increment_holds_exactly_what_changed(charged_town: Application) -> None:
    full = _unload(charged_town)
    nothing = _unload(charged_town, full.data)
    assert nothing.rows == {}
    changed: list[list[str]] = []

    def change(section: str, number: int, cells: list[str]) -> list[list[str]]:
        if (section, number) != ("premises", _PREMISES_ROW):
            return []
        changed.append([*cells[:5], cells[5] + "а", *cells[6:]])
        return [changed[-1]]

    taken = take_file(charged_town, "changes.zip", edited(TOWN / ARCHIVE, change, info={14: "2"}))
    assert isinstance(taken, Taken) and taken.status == "accepted" and taken.new_records == 1
    one = _unload(charged_town, full.data)
    assert one.rows == {"PREMISES": 1} and _read(one.data)["premises"] == changed and _read(one.data)["_info"][0][13] == "2"
    assert _unload(charged_town, full.data, one.data).rows == {}

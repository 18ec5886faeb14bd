"""An archive of «Формат 4.0» from bytes to records and ledger, beside bare ``csv`` reading plus COPY of its rows; and its memory by size.

Reference: every section read by ``csv`` and copied into a table of texts without keys, in one transaction. Candidate: what ``erkc
take`` does: archived, checked, stored as records, opening balances and payments posted. Both once, each in a fresh process and
database: an archive of 100 000 accounts takes minutes. Processor time is that of the reading process; the server's work shows in the
wall time only.
Run alone: ``python -m tests.perf.bench_archive --accounts 10000,100000``.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import create_engine, make_url, text

from core.storage import embedded
from core.storage.engine import owner_engine
from core.storage.migrate import APP, OWNER, create_roles, upgrade
from tests.perf.large_archive import write_large_archive

__all__ = ["run"]

_DATABASE, _BARE = "archive_taken", "archive_bare"


def run(sizes: tuple[int, ...]) -> Iterator[str]:
    """Yield sentences, the sizes in turn, then how memory grows."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        server = embedded.start(folder)
        try:
            peaks = []
            for size in sizes:
                file = folder / f"archive-{size}.zip"
                with file.open("wb") as out:
                    rows = write_large_archive(out, size)
                told = _taken(server.superuser_url, file)
                bare = _bare(server.superuser_url, file)
                peaks.append(told["kilobytes"])
                packed = file.stat().st_size / 2**20
                yield (
                    f"archive of {size:,} accounts, {rows:,} rows, {packed:.0f} MB: {rows / told['wall_s']:,.0f} rows/s "
                    f"({rows / told['cpu_s']:,.0f} in a second of its processor time); bare csv and COPY {rows / bare[0]:,.0f} "
                    f"({rows / bare[1]:,.0f}): ratio {bare[0] / told['wall_s']:.2f} ({bare[1] / told['cpu_s']:.2f}); no goal yet"
                )
                file.unlink()
            shown = ", ".join(f"{peak / 1024:.0f} MB for {size:,}" for size, peak in zip(sizes, peaks, strict=True))
            yield f"memory over imports: {shown} accounts: ratio {peaks[-1] / max(peaks[0], 1):.2f} (goal: flat)"
        finally:
            server.release()


def _taken(superuser_url: str, file: Path) -> dict[str, float]:
    """Time and memory of taking the archive."""
    _fresh(superuser_url, _DATABASE)
    superuser = create_engine(make_url(superuser_url).set(database=_DATABASE))
    create_roles(superuser, _DATABASE)
    superuser.dispose()
    owner = owner_engine(_address(superuser_url, _DATABASE, OWNER))
    upgrade(owner)
    owner.dispose()
    command = [sys.executable, "-m", "tests.perf.archive_memory", _address(superuser_url, _DATABASE, APP), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    _fresh(superuser_url, None)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _bare(superuser_url: str, file: Path) -> tuple[float, float]:
    """Wall and processor time of the same rows by ``csv`` and COPY."""
    _fresh(superuser_url, _BARE)
    address = make_url(superuser_url).set(database=_BARE, drivername="postgresql").render_as_string(hide_password=False)
    start = time.perf_counter(), time.process_time()
    with psycopg.connect(address) as connection, zipfile.ZipFile(file) as archive, connection.cursor() as cursor:
        for name in archive.namelist():
            if not name.endswith(".csv"):
                continue
            with archive.open(name) as raw:
                rows = csv.reader(io.TextIOWrapper(raw, encoding="cp1251", newline=""), delimiter=";")
                columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(f"c{n}")) for n, _ in enumerate(next(rows)))
                table = sql.Identifier(name)
                cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(table, columns))
                with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(table)) as copy:
                    for row in rows:
                        copy.write_row(row)
    done = time.perf_counter() - start[0], time.process_time() - start[1]
    _fresh(superuser_url, None)
    return done


def _fresh(superuser_url: str, name: str | None) -> None:
    """An empty database of a name; None: those of the round are gone."""
    admin = create_engine(superuser_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for old in (_DATABASE, _BARE):
            connection.execute(text(f"DROP DATABASE IF EXISTS {old} WITH (FORCE)"))
        if name is not None:
            connection.execute(text(f"CREATE DATABASE {name}"))
        connection.execute(text("CHECKPOINT"))
    admin.dispose()


def _address(superuser_url: str, database: str, role: str) -> str:
    return make_url(superuser_url).set(database=database, username=role).render_as_string(hide_password=False)


def main() -> None:
    """Measure at sizes of one's own."""
    options = argparse.ArgumentParser()
    options.add_argument("--accounts", default="10000,100000")
    given = options.parse_args()
    for found in run(tuple(int(size) for size in given.accounts.split(","))):
        print(found, flush=True)


if __name__ == "__main__":
    main()

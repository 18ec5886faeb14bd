"""Deliveries in several files: volumes that `zip` itself cut, and a pair of sections and files, in any order of coming."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text

from adapters.format4.volumes import join_volumes
from core.errors import InputError
from core.services.take import Taken
from core.services.verify import verify
from erkc.application import CODE_VERSION, Application
from erkc.cli.options import law
from erkc.intake import take_file
from tests.unit.erkc.conftest import ARCHIVE, TOWN
from tests.unit.erkc.test_intake import application, without_region

__all__ = ["application", "without_region"]


def _volumes(folder: Path) -> list[Path]:
    if shutil.which("zip") is None:
        pytest.skip("the independent archiver zip is not installed")
    whole = folder / "whole.zip"
    whole.write_bytes((TOWN / ARCHIVE).read_bytes())
    subprocess.run(["zip", "-q", "-s", "100k", "whole.zip", "--out", "cut.zip"], cwd=folder, check=True)
    return sorted(folder.glob("cut.z*"))


def _pair() -> tuple[bytes, bytes]:
    with zipfile.ZipFile(TOWN / ARCHIVE) as source:
        listed = list(csv.reader(io.StringIO(source.read("_filelist.csv").decode("cp1251")), delimiter=";"))
        parts = []
        for is_files in (False, True):
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
                for name in source.namelist():
                    of_files = name == "files.csv" or name.startswith("files/")
                    if name == "_info.csv" or (of_files == is_files and name != "_filelist.csv"):
                        target.writestr(name, source.read(name))
                rows = [listed[0], *(row for row in listed[1:] if row[0] == "_info.csv" or (row[0] == "files.csv") == is_files)]
                target.writestr("_filelist.csv", "".join(";".join(row) + "\r\n" for row in rows).encode("cp1251"))
            parts.append(buffer.getvalue())
    return parts[0], parts[1]


def test_volumes_in_any_order_make_the_archive_and_each_is_kept(application: Application, tmp_path: Path) -> None:
    volumes = _volumes(tmp_path)
    assert len(volumes) > 3
    last, *others = reversed(volumes)
    for volume in (last, *others[:-1]):
        waiting = take_file(application, volume.name, volume.read_bytes())
        assert isinstance(waiting, Taken) and waiting.status == "waiting"
        assert [finding.code for finding in waiting.findings] == ["F4-910"] and others[-1].name in waiting.findings[0].message
    taken = take_file(application, others[-1].name, others[-1].read_bytes())
    assert isinstance(taken, Taken) and taken.status == "accepted" and taken.findings == () and taken.new_records > 1000
    again = take_file(application, volumes[0].name, volumes[0].read_bytes())
    assert again.message_id == taken.message_id and not again.is_new
    with application.engine.connect() as connection:
        kept = connection.execute(text("SELECT name, sha256 FROM message WHERE channel = 'uk.part'")).all()
        left = connection.execute(text("SELECT count(*) FROM (SELECT DISTINCT ON (message_id) * FROM intake"
                                       " ORDER BY message_id, taken_at DESC) i WHERE status = 'waiting'")).scalar()  # fmt: skip
    assert {(name, bytes(digest)) for name, digest in kept} == {(v.name, hashlib.sha256(v.read_bytes()).digest()) for v in volumes}
    assert left == 0 and verify(application.engine, law=law(), code_version=CODE_VERSION).holds


def test_joined_volumes_hold_the_very_files_of_the_archive(tmp_path: Path) -> None:
    volumes = _volumes(tmp_path)
    ordered = [*(v for v in volumes if v.suffix != ".zip"), next(v for v in volumes if v.suffix == ".zip")]
    whole = join_volumes([volume.read_bytes() for volume in ordered])
    with zipfile.ZipFile(io.BytesIO(whole)) as joined, zipfile.ZipFile(TOWN / ARCHIVE) as source:
        assert joined.testzip() is None
        assert {name: joined.read(name) for name in joined.namelist()} == {name: source.read(name) for name in source.namelist()}
    for left_out in itertools.combinations(ordered, len(ordered) - 1):
        with pytest.raises((InputError, zipfile.BadZipFile)):
            zipfile.ZipFile(io.BytesIO(join_volumes([volume.read_bytes() for volume in left_out]))).testzip()


def test_pieces_cut_byte_by_byte_are_the_archive() -> None:
    data = (TOWN / ARCHIVE).read_bytes()
    assert join_volumes([data[:100_000], data[100_000:300_000], data[300_000:]]) == data


def test_sections_wait_for_their_files(application: Application) -> None:
    sections, files = _pair()
    waiting = take_file(application, "october_sections.zip", sections)
    assert isinstance(waiting, Taken) and waiting.status == "waiting" and "october_files.zip" in waiting.findings[0].message
    taken = take_file(application, "october_files.zip", files)
    assert isinstance(taken, Taken) and (taken.name, taken.status, taken.findings) == ("october_sections.zip", "accepted", ())
    assert taken.counts["KVAR"] == 410 and take_file(application, "october_sections.zip", sections).is_new is False

"""Installing the official album: whole or not at all, from a folder or a ZIP, and then it has a say."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.unit.adapters.gis_zhkh.federal_samples import requests
from xsd.official import AlbumProblem, install, installed
from xsd.tables import ALBUM, tables


@pytest.fixture
def own_as_album(tmp_path: Path) -> Path:
    """Our profile laid out as an album: what a machine without the official one can test with."""
    root, profile = tmp_path / "source", Path(__file__).parents[3] / "xsd" / "gis_zhkh"
    lib = root / "inside" / "lib"
    lib.mkdir(parents=True)
    (lib / "signature.xsd").write_bytes((profile / "signature.xsd").read_bytes())
    for path in (profile / ALBUM / "schema").glob("*.xsd"):
        text = path.read_text(encoding="utf-8").replace('"../../signature.xsd"', '"signature.xsd"').replace('"base.xsd"', '"hcs-base.xsd"')
        (lib / ("hcs-base.xsd" if path.name == "base.xsd" else path.name)).write_text(text, encoding="utf-8")
    return root


def test_official_album_is_installed_and_checks(shared: Path, tmp_path: Path) -> None:
    assert installed(tmp_path) is None
    done = install(shared / f"hcs-{ALBUM}", tmp_path)
    assert done.files > 40
    assert set(done.services) == set(tables().services)
    schemas = installed(tmp_path)
    assert schemas is not None
    message = requests()["bills"]
    assert schemas.validate(message) == []
    message.remove(message[1])
    assert schemas.validate(message)


def test_album_comes_from_a_zip_too(own_as_album: Path, tmp_path: Path) -> None:
    archive = tmp_path / "альбом.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for path in own_as_album.rglob("*.xsd"):
            target.write(path, path.relative_to(own_as_album.parent).as_posix())
    done = install(archive, tmp_path / "albums")
    schemas = installed(tmp_path / "albums")
    assert schemas is not None and schemas.validate(requests()["accounts"]) == []
    assert done.folder == tmp_path / "albums" / ALBUM
    again = install(own_as_album, tmp_path / "albums")
    assert again.files == done.files
    assert [path.name for path in (tmp_path / "albums").iterdir()] == [ALBUM]


def test_what_is_no_album_is_refused_and_what_is_there_stays(own_as_album: Path, tmp_path: Path) -> None:
    albums = tmp_path / "albums"
    install(own_as_album, albums)
    (tmp_path / "empty").mkdir()
    with pytest.raises(AlbumProblem, match="не альбом форматов"):
        install(tmp_path / "empty", albums)
    with pytest.raises(AlbumProblem, match="нет папки"):
        install(tmp_path / "nowhere", albums)
    (tmp_path / "text.zip").write_text("нет")
    with pytest.raises(AlbumProblem, match="не архив ZIP"):
        install(tmp_path / "text.zip", albums)
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as target:
        target.writestr("../../lib/hcs-base.xsd", "<a/>")
    with pytest.raises(AlbumProblem, match="наружу"):
        install(tmp_path / "out.zip", albums)
    bills = next(path for path in own_as_album.rglob("bills.xsd"))
    bills.write_text(bills.read_text().replace("xs:string", "xs:nonsense", 1))
    with pytest.raises(AlbumProblem, match="не собирается"):
        install(own_as_album, albums)
    bills.unlink()
    with pytest.raises(AlbumProblem, match="нет схемы сервиса bills"):
        install(own_as_album, albums)
    schemas = installed(albums)
    assert schemas is not None and schemas.validate(requests()["bills"]) == []

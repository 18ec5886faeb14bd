"""The official album beside ours: an operator who has it adds it, and then every outgoing message is checked by it too.

The album is a folder ``lib`` with the common schemas and one folder for each service, as its publisher hands it out (or a ZIP of that). It
is copied whole or not at all, schemas only, and every schema that our operations need must compile before it is taken.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lxml import etree

from xsd.catalog import SchemaSet
from xsd.tables import ALBUM, tables

__all__ = ["AlbumProblem", "InstalledAlbum", "install", "installed"]

_LIB = PurePosixPath("lib/hcs-base.xsd")
_SUFFIXES = (".xsd", ".wsdl")
_LARGEST_FILE = 16 * 1024 * 1024
_MOST_FILES = 1000


class AlbumProblem(ValueError):
    """The source is no album that we can use; the text says why, in Russian."""


@dataclass(frozen=True, slots=True)
class InstalledAlbum:
    """What was installed: album number, folder, how many schema files, and which of our services it knows."""

    number: str
    folder: Path
    files: int
    services: tuple[str, ...]


def install(source: Path, target: Path, *, number: str = ALBUM) -> InstalledAlbum:
    """Copy the schemas of an album (a folder or a ZIP) into ``target/number``; :class:`AlbumProblem` leaves what is there untouched."""
    contents = _of_zip(source) if source.is_file() else _of_folder(source)
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        fresh = Path(scratch) / number
        for name, data in contents.items():
            path = fresh / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        services = _check(_schemas(fresh, number))
        place = target / number
        old = Path(scratch) / "old"
        if place.exists():
            place.rename(old)  # goes with the scratch folder
        fresh.rename(place)
    return InstalledAlbum(number, target / number, len(contents), services)


def installed(target: Path, *, number: str = ALBUM) -> SchemaSet | None:
    """The installed schemas of an album number; None when there are none."""
    folder = target / number
    return _schemas(folder, number) if (folder / _LIB).is_file() else None


def _schemas(folder: Path, number: str) -> SchemaSet:
    """Schema file of each namespace that our tables have: found by what the file says about itself, not by its name."""
    wanted = set(tables(number).namespaces.values())
    files: dict[str, str] = {}
    for path in sorted(folder.rglob("*.xsd")):
        namespace = _target_namespace(path)
        if namespace in wanted:
            files.setdefault(namespace, path.relative_to(folder).as_posix())
    return SchemaSet(folder, files, number)


def _target_namespace(path: Path) -> str:
    try:
        for _, element in etree.iterparse(str(path), events=("start",), resolve_entities=False, no_network=True, load_dtd=False):
            return str(element.get("targetNamespace", ""))
    except etree.XMLSyntaxError as error:
        raise AlbumProblem(f"файл {path.name} не читается как XML: {error}") from error
    return ""


def _check(schemas: SchemaSet) -> tuple[str, ...]:
    known = tables(schemas.number)
    for service, binding in known.services.items():
        namespace = known.namespaces[binding["state"].split(":")[0]]
        if not schemas.knows(namespace):
            raise AlbumProblem(f"в альбоме нет схемы сервиса {service} ({namespace})")
        try:
            schemas.compile(namespace)
        except etree.LxmlError as error:
            raise AlbumProblem(f"схема сервиса {service} не собирается: {error}") from error
    return tuple(known.services)


def _of_folder(source: Path) -> dict[str, bytes]:
    if not source.is_dir():
        raise AlbumProblem(f"нет папки или файла {source}")
    found = {path.relative_to(source).as_posix(): path for path in sorted(source.rglob("*")) if path.suffix.lower() in _SUFFIXES}
    return {name: found[path].read_bytes() for name, path in _from_root(list(found)).items()}


def _of_zip(source: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(source.read_bytes())) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist() if entry.filename.lower().endswith(_SUFFIXES)}
            chosen = _from_root(list(sizes))
            if any(sizes[name] > _LARGEST_FILE for name in chosen.values()):
                raise AlbumProblem("в архиве есть схема больше 16 МБ")
            return {name: archive.read(inside) for name, inside in chosen.items()}
    except zipfile.BadZipFile as error:
        raise AlbumProblem(f"{source.name} не папка и не архив ZIP") from error


def _from_root(names: list[str]) -> dict[str, str]:
    """Path inside the album → name in the source: the root is where ``lib/hcs-base.xsd`` stands; names that lead out are refused."""
    if any(".." in PurePosixPath(name).parts or name.startswith(("/", "\\")) for name in names):
        raise AlbumProblem("в архиве есть путь, ведущий наружу")
    roots = sorted((name[: -len(str(_LIB))] for name in names if name.endswith(str(_LIB))), key=len)
    if not roots:
        raise AlbumProblem(f"это не альбом форматов: нет файла {_LIB}")
    inside = {name[len(roots[0]) :]: name for name in names if name.startswith(roots[0])}
    if len(inside) > _MOST_FILES:
        raise AlbumProblem(f"слишком много файлов: {len(inside)}")
    return inside

"""Packages over HTTP: volumes up, import started, its state asked for, its log fetched (exchange reference, 1.4).

Every step may be repeated. A volume that the region has whole is not sent again, one that it has in part goes on where it stopped; a start
repeated with the same ``Idempotency-Key`` (SHA-256 of the archive) returns the first task. So a lost answer is never a question.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Literal
from urllib.parse import quote, urlsplit

import requests

from adapters.rgis.profile import RegionProfile
from core.errors import ConfigError, RejectedError, TransientError

__all__ = ["Packages", "Refusal", "Task", "TaskState", "read_log", "volumes"]

TaskState = Literal["pending", "done", "refused"]
_STATES: Mapping[int, TaskState] = {10: "pending", 20: "pending", 50: "pending", 0: "pending", 30: "done", 40: "refused"}
_BLOCK = 1 << 20
_TAKEN, _NO_ACCESS, _UNKNOWN, _BUSY, _BROKEN = (200, 201, 202), (401, 403), 404, (408, 429), 500
"""HTTP codes by what they mean here."""


@dataclass(frozen=True, slots=True)
class Task:
    """An import as the region tells of it."""

    identifier: str
    state: TaskState
    log: str = ""
    """File to fetch; empty while there is none."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that the log says is wrong. ``system``: the region itself, or ГИС ЖКХ behind it."""

    system: Literal["region", "federal"]
    section: str
    row: int | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class _Volume:
    name: str
    first: int
    size: int


def volumes(name: str, size: int, most: int) -> list[_Volume]:
    """An archive cut into volumes: ``name.z01``, ``name.z02`` …, ``name.zip`` last; one that is small enough is its only volume."""
    stem = name.removesuffix(".zip")
    count = max(1, -(-size // most))
    names = [f"{stem}.z{number:02d}" for number in range(1, count)] + [f"{stem}.zip"]
    return [_Volume(each, place * most, min(most, size - place * most)) for place, each in enumerate(names)]


class Packages:
    """One region's end for packages. ``TransientError``: repeat the same call later; ``RejectedError``: the region says no."""

    def __init__(
        self, base: str, token: str, profile: RegionProfile, *, session: requests.Session | None = None, timeout_s: float = 120
    ) -> None:
        if urlsplit(base).scheme not in ("http", "https"):
            raise ConfigError("RGIS-0102", f"Адрес РГИС должен начинаться с http:// или https://: {base}.", option="rgis.base_url")
        self._base = base.rstrip("/") + "/"
        self._profile = profile
        self._session = session or requests.Session()
        self._session.max_redirects = 0
        self._headers = {"Authorization": f"{profile.authorization} {token}"} if token else {}
        self._timeout_s = timeout_s

    @property
    def is_idempotent(self) -> bool:
        """Whether starting again after a lost answer is harmless."""
        return self._profile.idempotent

    def deliver(self, name: str, archive: IO[bytes], size: int, sha256: str) -> Task:
        """Upload what the region has not and start the import."""
        last = ""
        for volume in volumes(name, size, self._profile.volume_bytes):
            last = self._upload(volume, archive)
        headers = {"Idempotency-Key": sha256} if self._profile.idempotent else {}
        return _task(self._json("POST", self._profile.start.format(file=quote(last, safe="")), headers=headers))

    def state(self, task: str) -> Task:
        """What became of an import."""
        return _task(self._json("GET", self._profile.status.format(task=quote(task, safe=""))))

    def log(self, file: str) -> bytes:
        """The bytes of a log."""
        return self._request("GET", self._profile.download.format(file=quote(file, safe=""))).content

    def _upload(self, volume: _Volume, archive: IO[bytes]) -> str:
        checksum = self._checksum(volume, archive)
        known = self._known(checksum)
        if known and int(known["received"]) >= volume.size:
            return str(known["id"])
        first = int(known["received"]) if known else 0
        step = self._profile.part_bytes if self._profile.resumable else volume.size
        answer: Mapping[str, Any] = {}
        while first < volume.size:
            archive.seek(volume.first + first)
            data = archive.read(min(step, volume.size - first))
            headers = {"Content-Range": f"bytes {first}-{first + len(data) - 1}/{volume.size}"} if self._profile.resumable else {}
            answer = self._json(
                "POST", self._profile.upload, headers=headers, data={"name": volume.name, "checksum": checksum},
                files={"file": (volume.name, data, "application/zip")},
            )  # fmt: skip
            first += len(data)
        return str(answer["id"])

    def _known(self, checksum: str) -> Mapping[str, Any]:
        """What the region has of a volume."""
        if not self._profile.resumable or not checksum:
            return {}
        response = self._send("GET", f"{self._profile.upload}{checksum}")
        if response.status_code == _UNKNOWN:
            return {}
        return _document(self._checked(response))

    def _checksum(self, volume: _Volume, archive: IO[bytes]) -> str:
        if self._profile.checksum == "none":
            return ""
        digest = hashlib.new(self._profile.checksum, usedforsecurity=False)
        archive.seek(volume.first)
        for data in _blocks(archive, volume.size):
            digest.update(data)
        return digest.hexdigest()

    def _json(self, method: str, path: str, **arguments: Any) -> Mapping[str, Any]:
        return _document(self._request(method, path, **arguments))

    def _request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        return self._checked(self._send(method, path, **arguments))

    def _send(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **arguments: Any) -> requests.Response:
        address = self._base + path
        site = "{0.scheme}://{0.netloc}".format(urlsplit(address))
        try:
            return self._session.request(
                method, address, headers={**self._headers, **(headers or {})}, timeout=self._timeout_s, **arguments
            )
        except requests.exceptions.RequestException as error:
            raise TransientError(
                "RGIS-0301",
                f"Обмен с РГИС {site} прерван.",
                hint="Повторится само; ничего не отправится дважды.",
                reason=type(error).__name__,
            ) from error

    def _checked(self, response: requests.Response) -> requests.Response:
        status = response.status_code
        if status in _TAKEN:
            return response
        if status in _NO_ACCESS:
            raise ConfigError("RGIS-0103", f"РГИС не приняла ключ доступа (HTTP {status}).", hint="Проверьте файл rgis.token_file.")
        if status >= _BROKEN or status in _BUSY:
            raise TransientError("RGIS-0302", f"РГИС временно не отвечает (HTTP {status}).", hint="Повторится само.")
        said = _said(response)
        raise RejectedError(
            "RGIS-0201", f"РГИС отказала: {said or f'HTTP {status}'}.", hint="Исправьте причину и отправьте снова.", status=status
        )


def read_log(data: bytes) -> list[Refusal]:
    """What a log in JSON says is wrong; a log of another shape is one refusal with its beginning."""
    try:
        listed = json.loads(data)["errors"]
        return [
            Refusal(
                "federal" if item.get("system") == "gis" else "region", str(item.get("section", "")), item.get("row"),
                str(item.get("code", "")), str(item.get("message", "")),
            )
            for item in listed
        ]  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError):
        text = data.decode("utf-8", "replace").strip()
        return [Refusal("region", "", None, "", text[:300])] if text else []


def _task(answer: Mapping[str, Any]) -> Task:
    try:
        return Task(str(answer["id"]), _STATES.get(int(answer["status"]), "pending"), str(answer.get("logFileId") or ""))
    except (KeyError, TypeError, ValueError) as error:
        raise TransientError("RGIS-0303", "Ответ РГИС о задаче не читается.", hint="Повторится само.") from error


def _document(response: requests.Response) -> Mapping[str, Any]:
    try:
        found = response.json()
    except ValueError as error:
        raise TransientError("RGIS-0303", "Ответ РГИС не читается.", hint="Повторится само.") from error
    if not isinstance(found, dict):
        raise TransientError("RGIS-0303", "Ответ РГИС не читается.", hint="Повторится само.")
    return found


def _said(response: requests.Response) -> str:
    try:
        return str(response.json().get("message", ""))
    except (ValueError, AttributeError):
        return ""


def _blocks(source: IO[bytes], size: int) -> Iterator[bytes]:
    while size > 0:
        data = source.read(min(_BLOCK, size))
        if not data:
            return
        size -= len(data)
        yield data

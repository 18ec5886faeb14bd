"""Boxes on SFTP servers of banks and agents, by AsyncSSH: the same acts as for a folder, on the other side of the line.

The server is believed only by the key that stands in the known-hosts file. A file is fetched whole before anything is done with it, so a
line that breaks leaves nothing half taken; it is moved on the server only after its bytes are in the archive here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import asyncssh

from adapters.banks.profile import Profile, profile_named
from config.settings import SftpSettings
from core.errors import ConfigError, InputError, TransientError, system_reason

__all__ = ["SftpBox", "open_sftp_box"]

_Answer = TypeVar("_Answer")
_BLOCK = 1 << 20


class SftpBox:
    """A folder of an SFTP server while its connection is open."""

    def __init__(self, settings: SftpSettings, client: asyncssh.SFTPClient, loop: asyncio.AbstractEventLoop) -> None:
        self._settings = settings
        self._client = client
        self._loop = loop
        self.profile: Profile | None = profile_named(settings.profile) if settings.profile else None

    @property
    def title(self) -> str:
        """The server and its folder."""
        return f"sftp://{self._settings.host}/{self._settings.folder.strip('/')}"

    def names(self) -> list[str]:
        """Regular files of the folder with plain names."""
        entries = self._run(self._client.readdir(self._settings.folder))
        plain = []
        for entry in entries:
            name = entry.filename if isinstance(entry.filename, str) else entry.filename.decode("utf-8", "replace")
            is_file = entry.attrs.type == asyncssh.FILEXFER_TYPE_REGULAR
            if is_file and not name.startswith(".") and "/" not in name and "\\" not in name:
                plain.append(name)
        return sorted(plain)

    def read(self, name: str) -> bytes:
        """Fetch a file; ``InputError`` IN-0210 when it is larger than the settings allow."""
        size = self._run(self._client.stat(self._remote(name))).size or 0
        if size > self._settings.most_bytes:
            raise InputError(
                "IN-0210",
                f"Файл {name} на {self.title} длиннее допустимого: {size} байт.",
                hint="Увеличьте most_bytes этого сервера в настройках или попросите разделить файл.",
                file=name,
            )
        return self._run(self._fetch(name))

    async def _fetch(self, name: str) -> bytes:
        found = bytearray()
        async with self._client.open(self._remote(name), "rb") as file:
            while block := await file.read(_BLOCK):
                found += cast(bytes, block)  # opened as bytes: the library says bytes or text
        return bytes(found)

    def answer(self, name: str, data: bytes) -> str:
        """Write a protocol into the server's folder of protocols."""

        async def write() -> str:
            folder = self._settings.protocols
            await self._client.makedirs(folder, exist_ok=True)
            place, unfinished = f"{folder}/{name}", f"{folder}/.{name}.part"
            async with self._client.open(unfinished, "wb") as file:
                await file.write(data)
            if await self._client.exists(place):
                await self._client.remove(place)
            await self._client.rename(unfinished, place)
            return place

        return self._run(write())

    def put_away(self, name: str, *, refused: bool) -> str:
        """Move a file on the server; one of the same name that was moved before is kept beside."""

        async def move() -> str:
            folder = self._settings.refused if refused else self._settings.done
            await self._client.makedirs(folder, exist_ok=True)
            stem, dot, suffix = name.rpartition(".")
            target, number = f"{folder}/{name}", 1
            while await self._client.exists(target):
                number += 1
                target = f"{folder}/{stem}-{number}{dot}{suffix}" if stem else f"{folder}/{name}-{number}"
            await self._client.rename(self._remote(name), target)
            return target

        return self._run(move())

    def _remote(self, name: str) -> str:
        return f"{self._settings.folder.rstrip('/')}/{name}"

    def _run(self, work: Coroutine[Any, Any, _Answer]) -> _Answer:  # Any: what a coroutine yields and is sent is asyncio's
        try:
            return self._loop.run_until_complete(asyncio.wait_for(work, self._settings.timeout_s))
        except (TimeoutError, OSError, asyncssh.Error) as error:
            raise _unreachable(self._settings, error) from error


@contextmanager
def open_sftp_box(settings: SftpSettings) -> Iterator[SftpBox]:
    """Connect: ``TransientError`` IN-0211 when the server is out of reach, ``ConfigError`` IN-0212 when a key is not there or refused."""
    for path, what in ((settings.known_hosts, "known_hosts"), (settings.key_file, "key_file")):
        if not Path(path).is_file():
            raise ConfigError(
                "IN-0212",
                f"SFTP «{settings.name}»: нет файла {path} ({what}).",
                hint="Положите ключ сервера и свой ключ по этим путям.",
                option=f"sftp.{what}",
            )
    loop = asyncio.new_event_loop()
    try:
        connection = loop.run_until_complete(_connect(settings))
        try:
            client = loop.run_until_complete(connection.start_sftp_client())
            yield SftpBox(settings, client, loop)
            client.exit()
        finally:
            connection.close()
            loop.run_until_complete(connection.wait_closed())
    finally:
        loop.close()


async def _connect(settings: SftpSettings) -> asyncssh.SSHClientConnection:
    try:
        return await asyncio.wait_for(
            asyncssh.connect(
                settings.host, settings.port, username=settings.user, client_keys=[settings.key_file], known_hosts=settings.known_hosts,
                config=None, agent_path=None,
            ),
            settings.timeout_s,
        )  # fmt: skip
    except (asyncssh.HostKeyNotVerifiable, asyncssh.PermissionDenied, asyncssh.KeyImportError) as error:
        raise ConfigError(
            "IN-0212",
            f"SFTP «{settings.name}»: сервер или ключ не признан ({type(error).__name__}).",
            hint="Сверьте ключ сервера в known_hosts и свой ключ с банком; по незнакомому ключу обмена нет.",
            option="sftp",
        ) from error
    except (TimeoutError, OSError, asyncssh.Error) as error:
        raise _unreachable(settings, error) from error


def _unreachable(settings: SftpSettings, error: BaseException) -> TransientError:
    reason = system_reason(error) if isinstance(error, OSError) else str(error) or type(error).__name__
    return TransientError(
        "IN-0211", f"SFTP «{settings.name}» ({settings.host}): {reason}.", hint="Повторится по расписанию; проверьте адрес и сеть."
    )

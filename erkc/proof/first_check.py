"""Первая проверка пакета доказательств: составу и хешам верят прежде, чем исполняется verify.py из него.

В пакете этот файл называется __main__.py; его самого проверяет тот, кто сравнит его SHA-256 с хешем из сопроводительного письма.
"""

# Shipped inside each package: standard library only. A changed byte of the program of the check itself must end in a sentence, not in a
# traceback; what is left out of reach is this file.

from __future__ import annotations

import json
import sys
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import NoReturn
from zipfile import ZipFile

__all__ = ["main"]


def main(place: Path, arguments: list[str]) -> int:
    """Look at the list of the package, then run its own check; the exit code."""
    try:
        members = _members(place)
        listed = json.loads(members.pop("manifest.json"))["members"]
        changed = sorted(name for name, data in members.items() if listed.get(name) != sha256(data).hexdigest())
    except Exception as error:  # noqa: BLE001 - whatever reading damaged bytes raises
        _refuse(f"не читается: {error}")
    if changed:
        _refuse(f"изменены файлы: {', '.join(changed)}")
    try:
        check = import_module("verify").main
    except Exception as error:  # noqa: BLE001 - whatever running a file that is no program of ours raises
        _refuse(f"программа проверки не исполняется: {type(error).__name__}: {error}")
    code: int = check(arguments, place=place)
    return code


def _members(place: Path) -> dict[str, bytes]:
    if place.is_dir():
        return {one.relative_to(place).as_posix(): one.read_bytes() for one in sorted(place.rglob("*")) if one.is_file()}
    with ZipFile(place) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def _refuse(reason: str) -> NoReturn:
    if "--json" in sys.argv:
        told = {"ok": False, "checks": [{"kind": "bad", "text": reason}]}
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.write(f"  ✘ {reason}\n\nВЕРДИКТ: ПАКЕТ ОТВЕРГНУТ.\n")
    sys.exit(1)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.exit(
        main(Path(sys.path[0]), sys.argv[1:]),
    )

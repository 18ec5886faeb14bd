"""Adapters for outsiders: ``erkc adapters list`` and ``erkc adapters certify``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from adapters.banks.profile import use_site_profiles
from adapters.contract import RawMessage
from config.settings import load
from core.errors import ConfigError, system_reason
from core.services.month_view import finding_json
from erkc.adapters import PARSERS
from erkc.certify import CHECKS, Certificate, adapter_named, certify
from erkc.cli.intake import effect_title
from erkc.cli.options import Json
from erkc.cli.screen import Screen

__all__ = ["register"]

_room = typer.Typer(help="Адаптеры: какие есть, и проверка своих файлов и своего адаптера.", no_args_is_help=True)
_SHOWN = 20
_TITLES = {
    "uk.format4": "архивы «Формат 4.0» управляющих компаний и расчётных центров",
    "uk.acts": "файлы актов центра, erkc-acts/1",
    "uk.soap": "сообщения службы обмена с программами УК и РСО",
    "banks": "реестры и выписки банков и агентов, по профилям",
    "region": "настройки региона: отправители, тарифы, нормативы",
}


def register(application: typer.Typer) -> None:
    """Add the room to the command line."""
    application.add_typer(_room, name="adapters")


@_room.callback()
def _about() -> None:
    """Адаптеры: какие есть, и проверка своих файлов и своего адаптера."""


@_room.command("list")
def adapters_list(as_json: Json = False) -> None:
    """Показать адаптеры, которые читают файлы."""
    screen = Screen(as_json=as_json)
    rows = [(name, _TITLES.get(name, "")) for name in PARSERS]
    screen.table(("Адаптер", "Что читает"), rows)
    screen.document([{"name": name, "title": title} for name, title in rows])


@_room.command("certify")
def adapters_certify(
    files: Annotated[list[Path], typer.Argument(metavar="ФАЙЛ…", help="Образцы: файлы, которые адаптер должен прочитать.")],
    adapter: Annotated[
        str | None, typer.Option(metavar="ИМЯ", help="Чей это файл: имя адаптера или свой: пакет.модуль:Класс; без ключа — кто узнает.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.0, help="Сколько секунд портить копии одного файла.")] = 20.0,
    as_json: Json = False,
) -> None:
    """Проверить файлы и адаптер договором адаптеров: узнаётся, читается полно и одинаково, без сети, повреждения не роняют.

    База данных не нужна. Код 1 — договор нарушен или в данных ошибки.
    """
    screen = Screen(as_json=as_json)
    use_site_profiles(load().home / "banks")
    sys.path.insert(0, str(Path.cwd()))  # an adapter of one's own stands where the command is called
    own = None if adapter is None else adapter_named(adapter, PARSERS)
    found = []
    for path in files:
        found.append(certify(RawMessage(path.name, _read(path)), PARSERS, own=own, seconds=seconds))
        _show(screen, found[-1])
    held = sum(one.holds for one in found)
    clean = sum(one.is_clean for one in found)
    screen.say(f"Файлов {len(found)}: договор соблюдён — {held}, из них без ошибок в данных — {clean}.")
    screen.document([_json(one) for one in found])
    if clean < len(found) or held < len(found):
        raise typer.Exit(1)


def _show(screen: Screen, one: Certificate) -> None:
    screen.say(f"{one.file}: {f'адаптер {one.adapter}' if one.adapter else 'не узнан'}; {one.reason}.")
    for check in one.checks:
        note = f" ({check.note})" if check.note else ""
        screen.say(f"  {'НЕТ' if check.faults else 'да '}  {CHECKS[check.name]}{note}")
        for fault in check.faults[:_SHOWN]:
            screen.say(f"       {fault}")
    if one.status:
        screen.say(f"  записей {one.records}, замечаний {len(one.findings)}, итог: {one.status}")
    for item in one.findings[:_SHOWN]:
        place = f"{item.position.file}, строка {item.position.row}" if item.position.row else item.position.file
        screen.say(f"    {item.code} {place}: {item.message} {item.hint} [{effect_title(item.effect)}]")
    if len(one.findings) > _SHOWN:
        screen.say(f"    … и ещё {len(one.findings) - _SHOWN}: все — в --json или erkc parse")


def _json(one: Certificate) -> dict[str, object]:
    return {
        "file": one.file,
        "adapter": one.adapter or None,
        "reason": one.reason,
        "holds": one.holds,
        "clean": one.is_clean,
        "status": one.status or None,
        "records": one.records,
        "checks": [{"name": check.name, "faults": list(check.faults), "note": check.note} for check in one.checks],
        "findings": [finding_json(item) for item in one.findings],
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError("CLI-0201", f"Файл {path} не читается: {system_reason(error)}.", hint="Проверьте путь и права.") from error

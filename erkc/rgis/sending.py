"""Unloads on their way, assembled: the region of the settings, and running the outbox until it has answered."""

from __future__ import annotations

import time
from pathlib import Path

from adapters.rgis.packages import Packages, read_log
from adapters.rgis.profile import RegionProfile, read_profile
from config import regions
from core import outbox
from core.errors import ConfigError, system_reason
from core.records.providers import Provider
from core.services.regional import ACT, SYSTEM, SendRun, send_unloads
from core.storage.engine import transaction
from erkc.application import Application

__all__ = ["access_token", "on_its_way", "open_region", "region_profile", "run_until"]

_PAUSE_S = 0.5


def region_profile(application: Application) -> RegionProfile:
    """The profile of the settings: a region that ships with the program, or a file."""
    name = application.settings.rgis.profile
    data = regions.rgis_profile(name)
    if data is not None:
        return read_profile(f"{name}/{regions.RGIS}", data)
    try:
        return read_profile(name, Path(name).read_bytes())
    except OSError as error:
        raise ConfigError(
            "RGIS-0104", f"Профиль региона «{name}» не найден: {system_reason(error)}.", hint="rgis.profile — регион с rgis.toml или файл."
        ) from error


def open_region(application: Application) -> Packages:
    """The way to the region; ``ConfigError`` RGIS-0105 where no address is set."""
    settings = application.settings.rgis
    if not settings.base_url:
        raise ConfigError("RGIS-0105", "Не задан адрес РГИС.", hint="Укажите rgis.base_url (ERKC_RGIS_URL).", option="rgis.base_url")
    return Packages(settings.base_url, access_token(application), region_profile(application), timeout_s=settings.timeout_s)


def access_token(application: Application) -> str:
    """The token of the settings' file; empty where none is named."""
    settings = application.settings.rgis
    token = ""
    if settings.token_file:
        try:
            token = Path(settings.token_file).read_text(encoding="utf-8").split("\n", 1)[0].strip()
        except OSError as error:
            raise ConfigError(
                "RGIS-0106", f"Файл ключа РГИС не читается: {system_reason(error)}.", hint="Проверьте rgis.token_file."
            ) from error
    return token


def on_its_way(application: Application, provider: Provider) -> bool:
    """Whether an unload of a sender is being sent or checked."""
    with transaction(application.engine) as connection:
        return outbox.live_subject(connection, provider_id=provider.provider_id, system=SYSTEM, act=ACT, subject=ACT) is not None


def run_until(application: Application, carrier: Packages, *, wait_s: float = 0) -> SendRun:
    """Take the steps that are due, and those that become due within a time."""
    total = SendRun()
    until = time.monotonic() + wait_s
    while True:
        run = send_unloads(
            application.engine,
            carrier=carrier,
            read_log=read_log,
            clock=application.clock,
            ladder_s=application.settings.rgis.poll_ladder_s,
        )
        total.started += run.started
        total.done += run.done
        total.refused += run.refused
        total.waiting, total.trouble = run.waiting, run.trouble
        if not run.waiting or time.monotonic() >= until:
            return total
        time.sleep(_PAUSE_S)

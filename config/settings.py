"""One settings class; the only reader of the environment in the project.

Layers, each over the one before: ``config/default.toml`` → site file (``ERKC_CONFIG`` or ``<home>/erkc.toml``) → environment (``ERKC_…``).
Secrets come from the environment or files and are never printed. Unknown keys are errors that name the key and the nearest known one.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from config.log_lines import LogFormat
from core.errors import ConfigError

__all__ = [
    "BillSettings",
    "ChargeSettings",
    "DatabaseSettings",
    "GisSettings",
    "LimitSettings",
    "LogSettings",
    "MailSettings",
    "RgisSettings",
    "Settings",
    "SftpSettings",
    "load",
]

_LINK = re.compile(r"(?=.{1,80}$)https://[\w.~/:?=&%-]*\{code\}[\w.~/?=&%-]*", re.ASCII)

_ENVIRONMENT = {
    "ERKC_HOME": ("home",),
    "ERKC_REGION": ("region",),
    "ERKC_DATABASE_URL": ("database", "url"),
    "ERKC_OWNER_DATABASE_URL": ("database", "owner_url"),
    "ERKC_CHARGE_WORKERS": ("charges", "workers"),
    "ERKC_GIS_URL": ("gis", "base_url"),
    "ERKC_GIS_SIGNER": ("gis", "signer"),
    "ERKC_MAIL_HOST": ("mail", "host"),
    "ERKC_RGIS_URL": ("rgis", "base_url"),
    "ERKC_LOG_LINES": ("log", "lines"),
}


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DatabaseSettings(_Section):
    """Where the data is; both empty means the embedded server."""

    url: SecretStr
    owner_url: SecretStr


class GisSettings(_Section):
    """The federal system: album, address, package size and the polling ladder in seconds."""

    album: str
    base_url: str
    package_documents: int = Field(ge=1, le=500)
    poll_ladder_s: tuple[float, ...] = Field(min_length=1)
    timeout_s: int = Field(ge=1)
    signer: Literal["auto", "engine", "command", "python", "rsa", "external"]
    canonicalization: Literal["exclusive", "inclusive"]
    sign_command: tuple[str, ...]
    sign_order: Literal["s_r", "r_s", "s_r_reversed", "r_s_reversed"]
    sign_encoding: Literal["raw", "base64", "hex"]
    sign_timeout_s: int = Field(ge=1)
    tls_certificate: str
    tls_key: str
    tls_ca: str

    @model_validator(mode="after")
    def _is_whole(self) -> GisSettings:
        if (self.signer == "external") != bool(self.sign_command):
            raise ValueError("signer = external и sign_command указываются вместе")
        if len({bool(value) for value in (self.tls_certificate, self.tls_key, self.tls_ca)}) != 1:
            raise ValueError("tls_certificate, tls_key и tls_ca указываются вместе")
        return self


class ChargeSettings(_Section):
    """Computing a month."""

    workers: int = Field(ge=0, le=256)
    """Processes; 0: as many as this process may use processors."""

    @property
    def processes(self) -> int:
        """How many processes compute."""
        return self.workers or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


class BillSettings(_Section):
    """Issuing bills."""

    batch_documents: int = Field(ge=1, le=500)
    series: str
    explain_url: str
    """Where the explanation of a bill is, ``{code}`` stands for its control code; empty: no link is printed."""

    @field_validator("explain_url")
    @classmethod
    def _is_link(cls, value: str) -> str:
        if value and not _LINK.fullmatch(value):
            raise ValueError("нужна ссылка https://…, короче 80 знаков, с одним {code}, латиницей")
        return value


class MailSettings(_Section):
    """Bills by e-mail; an empty host means that mail is not set up."""

    host: str
    port: int = Field(ge=1, le=65535)
    security: Literal["none", "starttls", "tls"]
    user: str
    password_file: str
    ca_file: str
    sender: str
    sender_name: str
    reply_to: str
    link: str
    timeout_s: int = Field(ge=1)


class RgisSettings(_Section):
    """The regional system; an empty address means that nothing is sent there. How the region differs from others is its profile."""

    base_url: str
    profile: str
    token_file: str
    timeout_s: int = Field(ge=1)
    poll_ladder_s: tuple[float, ...] = Field(min_length=1)


class LimitSettings(_Section):
    """Bounds on what is taken in, and on one part of what our service gives out."""

    archive_unpacked_bytes: int = Field(ge=1)
    archive_ratio: int = Field(ge=1)
    uk_answer_rows: int = Field(ge=1)


class SftpSettings(_Section):
    """A folder of a bank's or agent's SFTP server; ``profile``: of whose contract its files are, empty: whatever is recognised."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")
    host: str = Field(min_length=1)
    port: int = Field(default=22, ge=1, le=65535)
    user: str = Field(min_length=1)
    key_file: str = Field(min_length=1)
    known_hosts: str = Field(min_length=1)
    """File with the server's key: a server that is not in it is not spoken to."""
    folder: str = "."
    done: str = "done"
    refused: str = "refused"
    protocols: str = "protocols"
    profile: str = ""
    timeout_s: int = Field(default=60, ge=1)
    most_bytes: int = Field(default=1 << 30, ge=1)


class LogSettings(_Section):
    """What worker and scheduler write on standard error."""

    lines: LogFormat


class Settings(_Section):
    """Every setting of the system, checked."""

    home: Path
    region: str
    database: DatabaseSettings
    charges: ChargeSettings
    gis: GisSettings
    bills: BillSettings
    mail: MailSettings
    rgis: RgisSettings
    limits: LimitSettings
    sftp: tuple[SftpSettings, ...]
    log: LogSettings

    @property
    def embedded(self) -> bool:
        """Whether the work folder's own database server is used."""
        return not self.database.url.get_secret_value()


def load(*, home: Path | None = None, environment: dict[str, str] | None = None) -> Settings:
    """Read all layers; ``ConfigError`` names the option and where it came from."""
    environment = dict(os.environ) if environment is None else environment
    values = tomllib.loads(files("config").joinpath("default.toml").read_text(encoding="utf-8"))
    folder = home or Path(environment.get("ERKC_HOME") or values["home"])
    named = environment.get("ERKC_CONFIG")
    site = Path(named) if named else folder / "erkc.toml"
    if named and not site.exists():
        raise ConfigError("CFG-0101", f"Файл настроек {site} не найден.", hint="Проверьте ERKC_CONFIG.", option="ERKC_CONFIG")
    origin = "config/default.toml"
    if site.exists():
        try:
            _merge(values, tomllib.loads(site.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError("CFG-0102", f"Файл настроек {site} не читается: {error}.", hint="Исправьте TOML.", file=str(site)) from error
        origin = str(site)
    for name, path in _ENVIRONMENT.items():
        if environment.get(name):
            _put(values, path, environment[name])
    if home is not None:
        values["home"] = str(home)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise _explained(error, origin) from error


def _merge(values: dict[str, Any], other: dict[str, Any]) -> None:  # Any: TOML values are of any type until they are validated
    for key, value in other.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            _merge(values[key], value)
        else:
            values[key] = value


def _put(values: dict[str, Any], path: tuple[str, ...], value: str) -> None:
    for key in path[:-1]:
        values = values.setdefault(key, {})
    values[path[-1]] = value


def _explained(error: ValidationError, origin: str) -> ConfigError:
    first = error.errors(include_input=False)[0]
    option = ".".join(str(part) for part in first["loc"])
    hint = f"Смотрите {origin} и config/default.toml."
    if first["type"] == "extra_forbidden":
        sections = (
            Settings,
            DatabaseSettings,
            ChargeSettings,
            GisSettings,
            BillSettings,
            MailSettings,
            RgisSettings,
            LimitSettings,
            LogSettings,
            SftpSettings,
        )
        known = [name for section in sections for name in section.model_fields]
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
        hint = (f"Возможно, имелось в виду «{near[0]}». " if near else "") + hint
        return ConfigError("CFG-0103", f"Неизвестная настройка {option}.", hint=hint, option=option, file=origin)
    return ConfigError("CFG-0104", f"Настройка {option} неверна: {first['msg']}.", hint=hint, option=option, file=origin)

"""A region's system as data: where it is, how large a volume may be, what it can do. ``config/regions/<region>/rgis.toml``.

Exchange reference, 1.4: what is attested (upload, start, poll, log; ``Authorization: Token``) every region has; what we ask for besides
(checksums, resumable volumes, ``Idempotency-Key``) a region may lack, and the profile says so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, get_args

from core.errors import ConfigError

__all__ = ["Checksum", "RegionProfile", "read_profile"]

Checksum = Literal["md5", "sha256", "none"]
_LARGEST_VOLUME = 2047 << 20


@dataclass(frozen=True, slots=True)
class RegionProfile:
    """What one regional system expects."""

    title: str
    upload: str = "storage/upload/"
    start: str = "import/data/{file}"
    status: str = "import/status/{task}"
    download: str = "storage/download/{file}"
    """Addresses below the base one."""
    authorization: str = "Token"
    """Word before the token."""
    volume_bytes: int = 200 << 20
    """An archive above this goes in volumes, the ``.zip`` one last; over the network up to 2047 MB."""
    part_bytes: int = 8 << 20
    """Of a resumable volume: how much goes in one request."""
    resumable: bool = True
    """Whether an interrupted volume can be continued where it stopped."""
    checksum: Checksum = "sha256"
    """What stands in the field ``checksum`` of an upload."""
    idempotent: bool = True
    """Whether ``Idempotency-Key`` is known: a start repeated with it returns the first task. Without it an unload whose start got no
    answer waits for a person."""
    signed: bool = False
    """Whether its SOAP messages bear a signature (XAdES-BES) of the sender."""
    soap: str = ""
    """Address of the SOAP service below the base one; empty: the region has none."""


def read_profile(name: str, data: bytes) -> RegionProfile:
    """Read a profile strictly; ``ConfigError`` RGIS-0101 names what is wrong."""
    try:
        values: Mapping[str, object] = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _wrong(name, f"не читается ({error})") from error
    known = {one.name: one.type for one in fields(RegionProfile)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise _wrong(name, f"неизвестное поле {unknown[0]}")
    for key, value in values.items():
        kind = {"int": int, "bool": bool}.get(str(known[key]), str)
        if type(value) is not kind:
            raise _wrong(name, f"поле {key} не того вида")
    if not values.get("title"):
        raise _wrong(name, "нет поля title")
    if values.get("checksum", "sha256") not in get_args(Checksum):
        raise _wrong(name, f"checksum — одно из: {', '.join(get_args(Checksum))}")
    profile = RegionProfile(**values)  # type: ignore[arg-type]  # checked above
    if not profile.part_bytes > 0 or not 0 < profile.volume_bytes <= _LARGEST_VOLUME:
        raise _wrong(name, "volume_bytes — от 1 до 2047 МБ, part_bytes — больше нуля")
    for key, place in (("start", "{file}"), ("status", "{task}"), ("download", "{file}")):
        if place not in getattr(profile, key):
            raise _wrong(name, f"в поле {key} нет {place}")
    return profile


def _wrong(name: str, what: str) -> ConfigError:
    return ConfigError("RGIS-0101", f"Профиль региона {name}: {what}.", hint="Исправьте rgis.toml; поля — в docs/operations.md.", file=name)

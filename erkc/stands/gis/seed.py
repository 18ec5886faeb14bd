"""What the stand knows at the start: organisations, houses with premises, reference books. Built from plain values of the caller.

GUIDs are derived from the values (version 5), so the same town gives the same federal system; they are the stand's own and are told only
by its exports.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from adapters.signing import GOST, PROFILES, Profile

__all__ = [
    "SEED_FILE",
    "SIGNATURES",
    "SeedBook",
    "SeedElement",
    "SeedHouse",
    "SeedOrganisation",
    "SeedPremises",
    "build_seed",
    "guid",
    "write_seed",
]

SEED_FILE = "seed.json"
"""What the stand of a folder knows."""

SIGNATURES: dict[str, Profile | None] = {"off": None, "full": GOST, **PROFILES}
"""What a stand may demand: nothing, ГОСТ (``full``), or a profile by its name."""

_NAMESPACE = uuid.UUID("6f1c9a52-0f0e-5c1b-9a53-6d2f3c4e5b7a")


@dataclass(frozen=True, slots=True)
class SeedOrganisation:
    """An organisation of the federal registry; ``is_provider``: it has delegated its rights to the information system that calls."""

    name: str
    inn: str
    kpp: str
    ogrn: str
    is_provider: bool = False


@dataclass(frozen=True, slots=True)
class SeedPremises:
    """A flat or other premises, with its rooms where it has several."""

    number: str
    residential: bool = True
    area: str = ""
    """Square metres with a point; empty = not known."""
    rooms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeedHouse:
    """A house by its ФИАС GUID, with the ОГРН of the organisations that serve it (none = every provider does)."""

    fias: str
    address: str
    premises: tuple[SeedPremises, ...]
    served_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeedElement:
    """An element of a reference book; ``refers`` ties it to an element of a common book: (registry number, code)."""

    code: str
    name: str
    okei: str = ""
    refers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SeedBook:
    """A reference book by its registry number; ``owner`` (ОГРН) makes it a provider's own."""

    number: str
    elements: tuple[SeedElement, ...]
    owner: str = ""


def guid(*parts: str) -> str:
    """The stand's GUID of something named by ``parts``."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


def build_seed(
    *,
    organisations: Sequence[SeedOrganisation],
    houses: Sequence[SeedHouse],
    books: Sequence[SeedBook],
    authorities: Sequence[str] = (),
    signature: str = "full",
    delay_s: float = 1.0,
    check_orders: bool = False,
    skew_s: float = 0.0,
    stall_s: float = 150.0,
) -> dict[str, object]:
    """The seed as JSON-able values.

    ``authorities`` are PEM certificates that signers must come from; ``signature`` is one of :data:`SIGNATURES`. ``delay_s`` is the time
    from receipt to result. ``check_orders`` refuses acknowledgments of payments that no bank has told the stand of.
    ``skew_s`` shifts the stand's clock (a rehearsal of other days), ``stall_s`` is how long a slow body stalls.
    """
    if signature not in SIGNATURES:
        raise ValueError(f"unknown signature {signature}; one of {', '.join(SIGNATURES)}")
    return {
        "signature": signature,
        "authorities": list(authorities),
        "delay_s": delay_s,
        "check_orders": check_orders,
        "skew_s": skew_s,
        "stall_s": stall_s,
        "organisations": [
            {
                **asdict(item),
                "root_guid": guid("organisation", item.ogrn, "root"),
                "version_guid": guid("organisation", item.ogrn, "version"),
                "ppa_guid": guid("organisation", item.ogrn, "ppa"),
            }
            for item in organisations
        ],
        "houses": [
            {
                "fias": house.fias.lower(),
                "address": house.address,
                "served_by": list(house.served_by),
                "premises": [
                    {
                        "number": flat.number,
                        "residential": flat.residential,
                        "area": flat.area,
                        "guid": guid("premises", house.fias.lower(), flat.number, str(flat.residential)),
                        "rooms": [{"number": room, "guid": guid("room", house.fias.lower(), flat.number, room)} for room in flat.rooms],
                    }
                    for flat in house.premises
                ],
            }
            for house in houses
        ],
        "books": [
            {
                "number": book.number,
                "owner": book.owner,
                "elements": [
                    {
                        "code": item.code,
                        "name": item.name,
                        "okei": item.okei,
                        "refers": [list(pair) for pair in item.refers],
                        "guid": guid("book", book.owner, book.number, item.code),
                    }
                    for item in book.elements
                ],
            }
            for book in books
        ],
    }


def write_seed(folder: Path, seed: Mapping[str, object]) -> Path:
    """Put a seed where the folder's stand looks for it, whole or not at all; the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file, fresh = folder / SEED_FILE, folder / f".{SEED_FILE}.new"
    fresh.write_text(json.dumps(seed, ensure_ascii=False), encoding="utf-8")
    fresh.replace(file)
    return file

"""Intake assembled: a file's adapter is found by the adapters themselves, then the core's service takes the message.

At most one adapter says yes to a message; when none does, the bytes are archived all the same and the outcome says why each refused.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from adapters.banks.adapter import BankFiles
from adapters.banks.detect import parse_file
from adapters.banks.profile import Profile, profile_named
from adapters.banks.result import KnownAccounts
from adapters.contract import RawMessage
from adapters.format4.volumes import is_volume
from adapters.uk.archives import UkArchives
from adapters.uk.knowledge import RegionKnowledge
from adapters.uk.meter_checks import KnownMeter
from adapters.uk.region_source import pack_folder
from config import regions
from core.errors import ConfigError, InputError, system_reason
from core.ids import CENTRE, MessageId, ProviderId
from core.model.finding import Finding
from core.model.parsed import Parsed
from core.model.records import ApprovedTariff, RegisteredSender
from core.period import Month
from core.records.bodies import read_bodies
from core.records.findings import read_findings
from core.records.providers import find_provider
from core.records.readings import meter_readings
from core.services.clearing import Released, release_suspended
from core.services.month_view import finding_json
from core.services.payments import import_bank_file
from core.services.take import Taken, load_region, take, take_unknown
from core.storage.engine import transaction
from erkc.adapters import PARSERS, acts_adapter, bank_files, gar_adapter, region_adapter, soap_push, uk_archives
from erkc.application import Application
from erkc.parts import joined, sections_that_waited

_log = logging.getLogger("erkc.intake")

__all__ = [
    "BankTaken", "RegionLoaded", "load_region_file", "parse_any", "place_of_file", "region_knowledge", "region_message", "release_after",
    "take_file", "take_pushed",
]  # fmt: skip

_REJECTED = "rejected"
_INCREMENT = "2"
_PACKAGES = ("region", "uk.format4", "uk.acts", "uk.soap")
_REGISTRY, _STATEMENT, _UNKNOWN = range(len(_PACKAGES), len(_PACKAGES) + 3)


@dataclass(frozen=True, slots=True)
class RegionLoaded:
    """What loading a region's configuration gave."""

    message_id: MessageId
    findings: tuple[Finding, ...]
    new: Mapping[str, int]
    senders: list[ProviderId]


@dataclass(frozen=True, slots=True)
class BankTaken:
    """What taking a bank's file gave."""

    name: str
    message_id: MessageId
    status: str
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    is_new: bool
    kind: str = "registry"
    """``registry``, ``statement`` or ``archive``."""


def region_message(place: Path) -> RawMessage:
    """A region's configuration as one message: a file, a folder of files, or the name of a region that ships with the program."""
    if place.is_dir():
        found = {
            file.name: file.read_bytes()
            for file in place.iterdir()
            if file.suffix.lower() in (".toml", ".json") and file.name != regions.RGIS
        }
        if not found:
            raise ConfigError("IN-0106", f"В папке {place} нет ни одного файла .toml или .json.", hint="Проверьте путь.")
        return pack_folder(place.resolve().name, found)
    if not place.exists() and str(place) in regions.names():
        return pack_folder(str(place), regions.contents(str(place)))
    try:
        data = place.read_bytes()
    except OSError as error:
        hint = f"Проверьте путь и права. Есть готовые регионы: {', '.join(regions.names())}."
        raise ConfigError("CLI-0201", f"Файл {place} не читается: {system_reason(error)}.", hint=hint) from error
    name, ending = place.name, place.suffix.lower()
    if ending in (".json", ".toml") and not name.lower().endswith(f".region{ending}"):
        name = f"{place.stem}.region{ending}"  # the command says what it is, the name need not
    return RawMessage(name, data)


def load_region_file(application: Application, name: str, data: bytes) -> RegionLoaded:
    """Take a region's configuration."""
    message = RawMessage(name, data)
    adapter = gar_adapter() if name.lower().endswith(".csv") else region_adapter()
    identified = adapter.identify(message)
    if not identified.accepted:
        raise InputError(
            "IN-0102",
            f"{name} — не настройки региона: {identified.reason}.",
            hint="Нужен .json или .toml, папка таких файлов либо перечень домов .csv.",
        )
    return RegionLoaded(
        *load_region(application.engine, name=name, data=data, parse=lambda known: adapter.parse(message, known), clock=application.clock)
    )


def take_file(application: Application, name: str, data: bytes, *, profile: Profile | None = None) -> Taken | BankTaken:
    """Take one file, whichever adapter knows it; the part of a delivery in several files waits until it is complete.

    ``profile``: it came by the inbox of a bank's contract, and is read as this contract says.
    """
    if profile is not None:
        return _take_bank_file(application, RawMessage(name, data), bank_files(profile))
    message = joined(application, name, data)
    if isinstance(message, Taken):
        return message
    outcome = _take_message(application, message)
    if outcome.status != _REJECTED and (sections := sections_that_waited(application, message.name)) is not None:
        return _take_message(application, sections)
    return outcome


def _take_message(application: Application, message: RawMessage) -> Taken | BankTaken:
    name, data = message.name, message.data
    reasons = {key: parser.identify(message) for key, parser in PARSERS.items()}
    chosen = [key for key, identified in reasons.items() if identified.accepted]
    if "uk.format4" in chosen:
        region, limits = region_knowledge(application), application.settings.limits

        def archives(meters: Mapping[str, KnownMeter] | None = None) -> UkArchives:
            return uk_archives(region, unpacked_bytes=limits.archive_unpacked_bytes, ratio=limits.archive_ratio, meters=meters)

        adapter = archives()
        return take(
            application.engine,
            name=name,
            data=data,
            adapter=adapter.name,
            header=lambda: adapter.header(message),
            parse=lambda known: archives(known_meters(application, adapter.header(message))).parse(message, known),
            clock=application.clock,
        )
    if "uk.acts" in chosen:
        acts = acts_adapter(region_knowledge(application))
        return take(
            application.engine,
            name=name,
            data=data,
            adapter=acts.name,
            header=lambda: acts.header(message),
            parse=lambda known: acts.parse(message, known),
            clock=application.clock,
        )
    if "uk.soap" in chosen:
        return take_pushed(application, message)
    if "banks" in chosen:
        return _take_bank_file(application, message, bank_files())
    why = "; ".join(f"{key}: {identified.reason}" for key, identified in reasons.items())
    details = {key: identified.detail for key, identified in reasons.items() if identified.detail}
    _log.info("file.unknown", extra={"file": name, "why": why, "details": details})
    return take_unknown(application.engine, name=name, data=data, why=why, clock=application.clock)


def take_pushed(application: Application, message: RawMessage) -> Taken:
    """Take what a billing system pushed to our own service."""
    region = region_knowledge(application)
    reader = soap_push(region)
    return take(
        application.engine,
        name=message.name,
        data=message.data,
        adapter=reader.name,
        header=lambda: reader.header(message),
        parse=lambda known: soap_push(region, meters=known_meters(application, reader.header(message))).parse(message, known),
        clock=application.clock,
    )


def known_meters(application: Application, header: Mapping[str, str]) -> dict[str, KnownMeter]:
    """Meters of a sender with their readings of the last months: for a message that comes without its history."""
    if header.get("unload_kind") != _INCREMENT or not header.get("period"):
        return {}
    month = Month.parse(header["period"])
    since = date(month.year - 1, month.month, 1)
    with transaction(application.engine) as connection:
        sender = find_provider(connection, inn=header.get("inn", ""), kpp=header.get("kpp", ""))
        if sender is None:
            return {}
        found = meter_readings(connection, provider_id=sender, since=since)
        return {one.key: KnownMeter(one.kind, one.digits, one.resource_kind, one.readings) for one in found}


def place_of_file(name: str, data: bytes) -> int:
    """Where a file stands among those that came together: a region, packages, registries, statements, then what nobody knows."""
    message = RawMessage(name, data)
    if is_volume(name, data):
        return _PACKAGES.index("uk.format4")
    for place, key in enumerate(_PACKAGES):
        if PARSERS[key].identify(message).accepted:
            return place
    profile = bank_files().profile_of(message)
    if profile is None:
        return _UNKNOWN
    return _STATEMENT if profile.is_statement else _REGISTRY


def release_after(application: Application, outcome: Taken | BankTaken) -> Released:
    """Payments of banks that wait in suspense, matched again when an archive has just told of accounts; nothing after any other file."""
    if isinstance(outcome, BankTaken) or not outcome.is_new or outcome.status in (_REJECTED, "waiting"):
        return Released({})
    return release_suspended(application.engine, clock=application.clock)


def parse_any(name: str, data: bytes, *, adapter: str | None, profile: str | None, accounts: Mapping[str, Any] | None) -> dict[str, Any]:
    """Read a file without a database, as a document (``Any``: JSON values)."""
    message = RawMessage(name, data)
    if adapter is not None and adapter not in PARSERS:
        raise ConfigError("IN-0103", f"Нет адаптера «{adapter}».", hint=f"Есть: {', '.join(PARSERS)}.")
    chosen = adapter or next((key for key, parser in PARSERS.items() if profile is None and parser.identify(message).accepted), "banks")
    if chosen == "banks":
        known = None if accounts is None else KnownAccounts.from_json(accounts)
        return parse_file(name, data, None if profile is None else profile_named(profile), known).as_dict()
    findings, records, ends = [], 0, []
    for item in PARSERS[chosen].parse(message, {}):
        if isinstance(item, Finding):
            findings.append(finding_json(item))
        elif isinstance(item, Parsed):
            ends.append(item)
        else:
            records += 1
    end = ends[-1]
    return {
        "file": name,
        "adapter": chosen,
        "archive_status": end.status,
        "header": dict(end.header),
        "sections": dict(end.counts),
        "records": records,
        "findings": findings,
    }


def region_knowledge(application: Application) -> RegionKnowledge:
    """Registered senders and approved tariffs, as last loaded."""
    with transaction(application.engine) as connection:
        senders = tuple(read_bodies(connection, RegisteredSender, provider_id=CENTRE))
        tariffs = tuple(read_bodies(connection, ApprovedTariff, provider_id=CENTRE))
    return RegionKnowledge(senders, tariffs)


def _take_bank_file(application: Application, message: RawMessage, reader: BankFiles) -> BankTaken:
    imported = import_bank_file(application.engine, reader=reader, message=message, clock=application.clock)
    with transaction(application.engine) as connection:
        findings = tuple(stored.finding for stored in read_findings(connection, message_id=imported.message_id))
    whole = BankTaken(
        message.name, imported.message_id, imported.status, imported.counts, findings, imported.is_new, imported.kind or "registry"
    )
    if imported.kind != "archive" or imported.status == "rejected":
        return whole
    return _together(whole, [_take_bank_file(application, member, reader) for member in reader.members(message)])


def _together(archive: BankTaken, members: list[BankTaken]) -> BankTaken:
    """An archive whose files were taken one by one; it is new while one of them is, so a run that was cut short can be repeated."""
    counts: Counter[str] = Counter()
    for member in members:
        counts.update(member.counts)
    findings = (*archive.findings, *(finding for member in members for finding in member.findings))
    bad = [member.status for member in members if member.status != "ok"]
    status = "ok" if not bad else "rejected" if len(bad) == len(members) and set(bad) == {"rejected"} else "partial"
    return BankTaken(archive.name, archive.message_id, status, dict(counts), findings, any(member.is_new for member in members), "archive")

"""Codec of readings (показания): current, of control, at verification, of one to three rates; and their history.

Each value has its own TransportGUID. Values are thousandths on our side and plain digits with a point there: no exponent, no comma.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeAlias
from uuid import UUID

from lxml import etree

from adapters import xmlio
from adapters.gis_zhkh import limits
from adapters.gis_zhkh.envelope import SIGNED_ID
from adapters.gis_zhkh.meters import Tariffs
from adapters.gis_zhkh.replies import StateReply
from adapters.gis_zhkh.values import NsiRef, decimal_text, guid, listed, nsi_mapping
from core.errors import InputError, InvariantError
from core.ids import TransportGuid
from core.period import Month
from xsd.tables import ALBUM

__all__ = [
    "FederalReading", "History", "MeterReadings", "OneRate", "Taken", "Verified", "export_history_request", "import_readings_request",
    "read_history",
]  # fmt: skip

Element: TypeAlias = etree._Element
Shown: TypeAlias = "OneRate | Tariffs"
_MOST_RATES = 3


@dataclass(frozen=True, slots=True)
class OneRate:
    """A value of one resource (element of book 2), thousandths."""

    resource: NsiRef
    value_e3: int

    def mapping(self) -> dict[str, Any]:
        """The value as the tables write it."""
        if self.value_e3 < 0:
            raise InvariantError("GIS-0120", "Показание не меньше нуля.")
        return {"MunicipalResource": nsi_mapping(self.resource), "MeteringValue": decimal_text(self.value_e3, 3)}


@dataclass(frozen=True, slots=True)
class Taken:
    """A reading of a day; ``control`` when the provider read it itself. ``month`` is stated where it is not that of the day."""

    transport_guid: TransportGuid
    value: Shown
    on: date
    control: bool = False
    month: Month | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """A verification: the values before and after, and its days. Without ``reason`` it was planned."""

    transport_guid: TransportGuid
    before: tuple[OneRate, ...] | Tariffs
    after: tuple[OneRate, ...] | Tariffs
    started_on: date
    ended_on: date
    sealed_on: date
    reason: NsiRef | None = None


@dataclass(frozen=True, slots=True)
class MeterReadings:
    """What one meter is told: either resources of one rate, or electricity; never both."""

    root_guid: UUID
    taken: tuple[Taken, ...] = ()
    verified: Verified | None = None


@dataclass(frozen=True, slots=True)
class FederalReading:
    """A value as the federal system holds it, thousandths by rate."""

    root_guid: UUID
    kind: Literal["current", "control"]
    on: date
    resource: str | None
    """Code of book 2; None for electricity."""
    values_e3: tuple[int, ...]
    source: str | None
    told_by: UUID | None
    """orgPPAGUID; None when a citizen told it."""


@dataclass(frozen=True, slots=True)
class History:
    """A page of history; ``following`` is asked for the next one, None after the last."""

    readings: tuple[FederalReading, ...]
    following: UUID | None


def import_readings_request(meters: Sequence[MeterReadings], *, house_fias: UUID | None = None, album: str = ALBUM) -> Element:
    """Tell the readings of at most 1000 meters."""
    limits.check(len(meters), "request_readings", album=album)
    value = {"@Id": SIGNED_ID, "FIASHouseGuid": house_fias, "MeteringDevicesValues": [_meter(one) for one in meters]}
    return xmlio.render("device-metering:importMeteringDeviceValuesRequest", value, album=album)


def _meter(meter: MeterReadings) -> dict[str, Any]:
    kinds = {isinstance(one.value, Tariffs) for one in meter.taken}
    if meter.verified is not None:
        kinds |= {isinstance(meter.verified.before, Tariffs), isinstance(meter.verified.after, Tariffs)}
    if len(kinds) != 1:
        raise InvariantError("GIS-0124", "Показания прибора: нужны либо тарифы электроэнергии, либо ресурсы, и хотя бы одно показание.")
    (electric,) = kinds
    current = [_taken(one) for one in meter.taken if not one.control]
    control = [_taken(one) for one in meter.taken if one.control]
    if max(len(current), len(control)) > (1 if electric else _MOST_RATES):
        raise InvariantError("GIS-0125", "Показаний прибора в одном сообщении: по электроэнергии одно каждого вида, по прочим до трёх.")
    value: dict[str, Any] = {"VerificationValue": None if meter.verified is None else _verified(meter.verified, electric=electric)}
    for name, rows in (("CurrentValue", current), ("ControlValue", control)):
        value[name] = (rows[0] if electric else rows) if rows else None
    return {"MeteringDeviceRootGUID": meter.root_guid, "ElectricDeviceValue" if electric else "OneRateDeviceValue": value}


def _taken(one: Taken) -> dict[str, Any]:
    period = None if one.month is None or one.control else {"Year": one.month.year, "Month": one.month.month}
    value = {**one.value.mapping(), "DateValue": one.on, "TransportGUID": one.transport_guid}
    return value if period is None else {**value, "Period": period}


def _verified(one: Verified, *, electric: bool) -> dict[str, Any]:
    def shown(value: tuple[OneRate, ...] | Tariffs) -> Any:  # a mapping, or a list of them: the tables know
        return value.mapping() if isinstance(value, Tariffs) else [item.mapping() for item in value]

    value: dict[str, Any] = {
        "StartDateValue": one.started_on,
        "EndDateValue": one.ended_on,
        "SealDate": one.sealed_on,
        "StartValue": shown(one.before),
        "EndValue": shown(one.after),
        "TransportGUID": one.transport_guid,
    }
    return value | ({"PlannedVerification": True} if one.reason is None else {"VerificationReason": nsi_mapping(one.reason)})


def export_history_request(
    houses: Sequence[UUID],
    *,
    resources: Sequence[NsiRef],
    first: date,
    last: date,
    after: UUID | None = None,
    album: str = ALBUM,
) -> Element:
    """Ask for what was told of the meters of at most 100 houses, in at most two months that follow each other."""
    limits.check(len(houses), "request_history_houses", album=album)
    if last < first or Month.of(last) > Month.of(first).next() or not resources:
        raise InvariantError("GIS-0126", "История показаний: не более двух месяцев подряд и хотя бы один ресурс.")
    value = {
        "@Id": SIGNED_ID,
        "FIASHouseGuid": list(houses),
        "ExportMeteringDeviceRootGUID": after,
        "MunicipalResource": [nsi_mapping(one) for one in resources],
        "inputDateFrom": first,
        "inputDateTo": last,
    }
    return xmlio.render("device-metering:exportMeteringDeviceHistoryRequest", value, album=album)


def read_history(reply: StateReply) -> History:
    """The page of an export; empty when there was nothing."""
    readings: list[FederalReading] = []
    for result in listed(reply.content, "exportMeteringDeviceHistoryResult"):
        root = guid(result["MeteringDeviceRootGUID"])
        for branch in ("OneRateDeviceValue", "ElectricDeviceValue"):
            values = (result.get(branch) or {}).get("Values") or {}
            readings += [_federal(root, "current", one) for one in listed(values, "CurrentValue")]
            readings += [_federal(root, "control", one) for one in listed(values, "ControlValue")]
        volume = result.get("VolumeDeviceValue") or {}
        readings += [_federal(root, "current", one) for one in listed(volume, "CurrentValue")]
        readings += [_federal(root, "control", one) for one in listed(volume, "ControlValue")]
    following = (reply.content.get("PagedOutput") or {}).get("ExportMeteringDeviceRootGUID")
    return History(tuple(readings), guid(following) if following else None)


def _federal(root: UUID, kind: Literal["current", "control"], value: Mapping[str, Any]) -> FederalReading:
    texts = [value[name] for name in ("MeteringValue", "MeteringValueT1", "MeteringValueT2", "MeteringValueT3") if value.get(name)]
    told_by = value.get("orgPPAGUID")
    return FederalReading(
        root_guid=root,
        kind=kind,
        on=date.fromisoformat(value["DateValue"][:10]),
        resource=(value.get("MunicipalResource") or {}).get("Code"),
        values_e3=tuple(_thousandths(text) for text in texts),
        source=value.get("ReadingsSource"),
        told_by=guid(told_by) if told_by else None,
    )


def _thousandths(text: str) -> int:
    """A value as thousandths; what is finer than a thousandth is cut off, as a dial cuts it."""
    whole, _, part = text.strip().partition(".")
    if not whole.isdigit() or (part and not part.isdigit()):
        raise InputError("GIS-0312", f"Показание в ответе не читается: {text!r}.")
    return int(whole) * 1000 + int(part[:3].ljust(3, "0") or 0)

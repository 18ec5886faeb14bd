"""Which adapters exist: the only list of them. Each is made with what it must know beforehand."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.banks.adapter import BankFiles
from adapters.banks.profile import Profile
from adapters.contract import Parser
from adapters.format4.container import Limits
from adapters.uk.acts import ActsAdapter
from adapters.uk.archives import UkArchives
from adapters.uk.gar import GarAdapter
from adapters.uk.knowledge import RegionKnowledge
from adapters.uk.meter_checks import KnownMeter
from adapters.uk.region import RegionAdapter
from adapters.uk.soap.push import SoapPush

__all__ = ["PARSERS", "acts_adapter", "bank_files", "gar_adapter", "region_adapter", "soap_push", "uk_archives"]


def uk_archives(
    region: RegionKnowledge | None = None,
    *,
    unpacked_bytes: int | None = None,
    ratio: int | None = None,
    meters: Mapping[str, KnownMeter] | None = None,
) -> UkArchives:
    """Формат 4.0."""
    limits = Limits()
    if unpacked_bytes is not None and ratio is not None:
        limits = Limits(total_bytes=unpacked_bytes, ratio=ratio)
    return UkArchives(region, limits, meters)


def bank_files(profile: Profile | None = None) -> BankFiles:
    """Registries and statements of banks, by their profiles, or by the one of a contract."""
    return BankFiles(profile)


def region_adapter() -> RegionAdapter:
    """The region's configuration."""
    return RegionAdapter()


def gar_adapter() -> GarAdapter:
    """The region's list of houses of ГАР: read by ``erkc region load`` alone."""
    return GarAdapter()


def acts_adapter(region: RegionKnowledge | None = None) -> ActsAdapter:
    """The centre's files of acts."""
    return ActsAdapter(region)


def soap_push(region: RegionKnowledge | None = None, *, meters: Mapping[str, KnownMeter] | None = None) -> SoapPush:
    """What billing systems push to our own service."""
    return SoapPush(region, meters)


PARSERS: dict[str, Parser] = {
    "uk.format4": uk_archives(),
    "uk.acts": acts_adapter(),
    "uk.soap": soap_push(),
    "banks": bank_files(),
    "region": region_adapter(),
}
"""Every reading adapter as it stands without any knowledge: what ``erkc parse`` and the conformance suite use."""

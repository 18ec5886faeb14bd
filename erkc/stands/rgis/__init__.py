"""РГИС in a box: takes unloads of «Формат 4.0» as a regional system would, checks them by itself, and fails on request."""

from erkc.stands.rgis.server import application, serve
from erkc.stands.rgis.stand import FAULTS, Fault, Rule, Stand

__all__ = ["FAULTS", "Fault", "Rule", "Stand", "application", "serve"]

"""The federal system in a box: asynchronous SOAP services on loopback that check and remember as the real ones do, and fail on request.

``Stand`` is the system itself (a folder with its state and one function: request in, answer out), ``open_stand`` finds that of a folder,
``serve`` puts it on a port with a page that shows what it received, ``running`` starts it as a process of its own for demonstrations and
tests.
"""

from erkc.stands.gis.process import RunningStand, running
from erkc.stands.gis.rules import FAULTS, BadScenario, Rule, read_scenario
from erkc.stands.gis.seed import (
    SEED_FILE,
    SIGNATURES,
    SeedBook,
    SeedElement,
    SeedHouse,
    SeedOrganisation,
    SeedPremises,
    build_seed,
    write_seed,
)
from erkc.stands.gis.server import listen, open_stand, serve
from erkc.stands.gis.stand import Answer, Stand
from erkc.stands.gis.state import BadSeed, SeedMissing

__all__ = [
    "FAULTS",
    "SEED_FILE",
    "SIGNATURES",
    "Answer",
    "BadScenario",
    "BadSeed",
    "Rule",
    "RunningStand",
    "SeedBook",
    "SeedElement",
    "SeedHouse",
    "SeedMissing",
    "SeedOrganisation",
    "SeedPremises",
    "Stand",
    "build_seed",
    "listen",
    "open_stand",
    "read_scenario",
    "running",
    "serve",
    "write_seed",
]

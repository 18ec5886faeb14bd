"""The federal system in a box: asynchronous SOAP services on loopback that check and remember as the real ones do, and fail on request.

``Stand`` is the system itself (a folder with its state and one function: request in, answer out), ``serve`` puts it on a port with a
page that shows what it received, ``running`` starts it as a process of its own for demonstrations and tests.
"""

from erkc.stands.gis.process import RunningStand, running
from erkc.stands.gis.seed import SeedBook, SeedElement, SeedHouse, SeedOrganisation, SeedPremises, build_seed
from erkc.stands.gis.server import serve
from erkc.stands.gis.stand import Answer, Stand

__all__ = [
    "Answer",
    "RunningStand",
    "SeedBook",
    "SeedElement",
    "SeedHouse",
    "SeedOrganisation",
    "SeedPremises",
    "Stand",
    "build_seed",
    "running",
    "serve",
]

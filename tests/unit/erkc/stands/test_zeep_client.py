"""zeep as an independent client: told only our WSDLs, it talks to the stand over HTTP and understands the answers."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import zeep
from zeep.exceptions import Fault

from erkc.stands.gis import running
from erkc.stands.gis.process import RunningStand
from erkc.stands.gis.seed import guid
from tests.simulation.world import centre_ogrn, fias, seed_of
from xsd.catalog import wsdl_path
from xsd.tables import tables

CENTRE = guid("organisation", centre_ogrn(0), "ppa")
ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStand]:
    with running(tmp_path_factory.mktemp("stand"), seed=seed_of(1, 1, "", signature="off", delay_s=0) | {"authorities": []}) as one:
        yield one


class Zeep:
    """A plain zeep client of one service."""

    def __init__(self, stand: RunningStand, service: str) -> None:
        self.client = zeep.Client(str(wsdl_path(service)), settings=zeep.Settings(strict=False))
        binding = self.client.service._binding
        self.service = self.client.create_service(str(binding.name), stand.url + tables().services[service]["path"])
        header = next(iter(tables().services[service]["operations"].values()))["header"].split(":")[1]
        self.header = self.client.get_element(f"{{{tables().namespaces['base']}}}{header}")
        self.organisation = {"orgPPAGUID": CENTRE, "IsOperatorSignature": True} if header == "RequestHeader" else {}

    def call(self, name: str, **message: Any) -> Any:
        """The result of an operation, asked for as any client asks."""
        ack = self._send(name, Id="signed-data-container", **message)
        return self._send("getState", MessageGUID=ack["Ack"]["MessageGUID"])

    def _send(self, name: str, **message: Any) -> Any:
        header = self.header(Date=datetime.now(UTC), MessageGUID=str(uuid4()), **self.organisation)
        reply = self.service[name](**message, _soapheaders=[header])
        return reply["body"] if "body" in dir(reply) else reply


def version(request: str) -> str:
    return tables().version(request)


CALLS: dict[str, tuple[str, Callable[[], dict[str, Any]], str]] = {
    "exportNsiList": ("nsi-common", lambda: {"ListGroup": "NSI", "version": "10.0.1.2"}, "NsiList"),
    "exportNsiItem": ("nsi-common", lambda: {"RegistryNumber": "50", "ListGroup": "NSI", "version": "10.0.1.2"}, "NsiItem"),
    "exportDataProviderNsiItem": ("nsi", lambda: {"RegistryNumber": "51", "version": "10.0.1.2"}, "NsiItem"),
    "exportDataProvider": (
        "organizations-registry-common",
        lambda: {"IsActual": True, "version": "10.0.2.1"},
        "exportDataProviderResult",
    ),
    "exportHouseData": (
        "house-management",
        lambda: {"FIASHouseGuid": fias(1), "version": version("house-management:exportHouseRequest")},
        "exportHouseResult",
    ),
    "exportMeteringDeviceHistory": (
        "device-metering",
        lambda: {
            "FIASHouseGuid": [fias(1)],
            "MunicipalResource": [{"Code": "1", "GUID": guid("book", "", "2", "1")}],
            "inputDateFrom": date(2026, 10, 1),
            "inputDateTo": date(2026, 10, 31),
            "version": "10.0.1.1",
        },
        "ErrorMessage",
    ),
    "exportSettlements": ("bills", lambda: {"ContractRootGUID": [str(uuid4())], "version": "10.0.2.1"}, "ErrorMessage"),
    "exportPaymentDocumentDetails": (
        "payment",
        lambda: {"UnifiedAccountNumber": "70АА000560", "version": version("payment:exportPaymentDocumentDetailsRequest")},
        "ErrorMessage",
    ),
    "exportDebtSubrequests": (
        "debt-requests",
        lambda: {"subrequestGUID": [str(uuid4())], "version": version("drs:exportDSRsRequest")},
        "ErrorMessage",
    ),
    "exportAppeal": (
        "appeals",
        lambda: {"AppealGUID": [str(uuid4())], "version": version("appeals:exportAppealRequest")},
        "ErrorMessage",
    ),
}


@pytest.mark.parametrize("name", sorted(CALLS))
def test_zeep_gets_its_answer(stand: RunningStand, name: str) -> None:
    service, message, expected = CALLS[name]
    result = Zeep(stand, service).call(name, **message())
    assert int(result["RequestState"]) == 3
    found = result[expected]
    assert found is not None
    if expected == "ErrorMessage":
        assert found["ErrorCode"] == "INT002012"


def test_every_service_is_talked_to() -> None:
    assert {service for service, _, _ in CALLS.values()} == set(tables().services)


def test_zeep_sees_a_refusal_as_a_fault(stand: RunningStand) -> None:
    client = Zeep(stand, "house-management")
    client.organisation["orgPPAGUID"] = str(uuid4())
    with pytest.raises(Fault, match="AUT011002"):
        client.call("exportHouseData", FIASHouseGuid=fias(1), version=version("house-management:exportHouseRequest"))


@pytest.mark.parametrize("folder", ["adapters/gis_zhkh", "core/services/federal", "core/outbox"])
def test_no_soap_call_bypasses_zeep(folder: str) -> None:
    """The federal code sends through one place only: zeep's transport in ``client.py``. Whoever opens a connection elsewhere fails here."""
    network = {"requests", "urllib3", "http", "socket", "httpx", "aiohttp"}
    for path in (ROOT / folder).glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = {alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        imported |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        calls = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
        if path.name == "gost_tls.py":  # makes the session that the client is given, and says nothing on it
            assert not calls & {"post", "get", "put", "request", "send", "urlopen"}
        elif path.name == "client.py":
            posts = [ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call) and ast.unparse(n.func).endswith(".post")]
            assert posts == ["client.transport.post"]
            assert not calls & {"request", "send", "urlopen"}
        elif path.name == "gost_tls.py":  # the session that zeep's transport is given: it may be made here, never used
            asked = {ast.unparse(n.func).rpartition(".")[2] for n in ast.walk(tree) if isinstance(n, ast.Call)}
            assert imported & network == {"requests"}
            assert not asked & {"get", "post", "put", "request", "send", "urlopen"}
        else:
            assert not imported & network, path

"""Developer's tool: derive our message tables from a folder with the official album.

    python -m xsd.gis_zhkh.derive_tables ALBUM_FOLDER 14.4.0.1

It takes facts only (names, types, order, occurrence, facets, versions, keys, addresses) of the operations named in :data:`OPERATIONS`,
leaves every annotation behind, drops what no named operation reaches, and writes one JSON file for each namespace plus ``services.json``
for the bindings. The files are committed; nothing at run time needs the album. Replies are pruned to the branches that we read
(:data:`KEPT_BRANCHES`): dropping an alternative of a choice keeps every message of ours valid under the album.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from lxml import etree

from xsd.gis_zhkh.derive_services import derive_service, prefix_of, qname_of

__all__ = ["KEPT_BRANCHES", "OPERATIONS", "derive", "dump", "main"]

Json = Any  # JSON as the json module gives it
_XS = "{http://www.w3.org/2001/XMLSchema}"

OPERATIONS: dict[str, tuple[str, ...]] = {
    "nsi-common": ("exportNsiList", "exportNsiItem", "exportNsiPagingItem"),
    "nsi": (
        "importAdditionalServices",
        "importMunicipalServices",
        "importGeneralNeedsMunicipalResource",
        "exportDataProviderNsiItem",
        "exportDataProviderPagingNsiItem",
    ),
    "organizations-registry-common": ("exportDataProvider", "exportOrgRegistry"),
    "house-management": (
        "exportHouseData",
        "importHouseUOData",
        "importAccountData",
        "exportAccountData",
        "importAccountIndividualServices",
        "exportAccountIndividualServices",
        "importMeteringDeviceData",
        "exportMeteringDeviceData",
        "exportCAChData",
        "exportSupplyResourceContractData",
    ),
    "device-metering": ("importMeteringDeviceValues", "exportMeteringDeviceHistory"),
    "bills": (
        "importPaymentDocumentData",
        "exportPaymentDocumentData",
        "importAcknowledgment",
        "exportNotificationsOfOrderExecutionPaginal",
        "importRSOSettlements",
        "exportSettlements",
        "getRequestsState",
    ),
    "payment": (
        "importNotificationsOfOrderExecution",
        "importNotificationsOfOrderExecutionCancellation",
        "importSupplierNotificationsOfOrderExecution",
        "exportPaymentDocumentDetails",
    ),
    "debt-requests": ("exportDebtSubrequests", "importResponses"),
    "appeals": ("exportAppeal", "importAnswer"),
}
"""Operations whose messages are derived, by service folder; ``getState`` belongs to each."""

KEPT_BRANCHES: dict[str, tuple[str, ...]] = {
    "appeals:getStateResult": ("ErrorMessage", "ImportResult", "ExportAppealResult"),
    "bills:getStateResult": (
        "ErrorMessage", "ImportResult", "exportPaymentDocResult", "exportNotificationsOfOrderExecutionResult", "Settlement",
    ),
    "device-metering:getStateResult": (
        "ErrorMessage", "ImportResult", "exportMeteringDeviceHistoryResult", "ExportMeteringDeviceRootGUID", "LastPage",
    ),
    "drs:getStateResult": ("ErrorMessage", "importResult", "exportDSRsResult"),
    "house-management:getStateResult": (
        "ErrorMessage", "ImportResult", "CommonResult", "ImportAccount", "UnifiedAccountNumber", "ServiceID", "importMeteringDevice",
        "ImportHouseUO", "exportHouseResult", "exportAccountResult", "exportAccountIndividualServicesResult",
        "exportMeteringDeviceDataResult", "exportCAChResult", "exportSupplyResourceContractResult", "IsLastPage", "ExportContractRootGUID",
    ),
    "nsi-common:getStateResult": ("ErrorMessage", "NsiItem", "NsiPagingItem", "NsiList", "TotalItemsCount", "TotalPages", "CurrentPage"),
    "nsi:getStateResult": ("ErrorMessage", "ImportResult", "NsiItem", "NsiPagingItem", "TotalItemsCount", "TotalPages", "CurrentPage"),
    "organizations-registry-common:getStateResult": (
        "ErrorMessage", "exportOrgRegistryResult", "exportDataProviderResult", "IsNextPage", "DataProviderGUID", "IsActual", "RegOrg",
    ),
    "payment:getStateResult": ("ErrorMessage", "ImportResult", "exportPaymentDocumentDetailsResult", "Charge", "Service"),
}  # fmt: skip
"""Names that stay inside the choices of a reply; everything else there is dropped."""

_ENVELOPE = ("RequestHeader", "ISRequestHeader", "ResultHeader", "Fault", "AckRequest", "getStateRequest")
_FACETS = (
    "length",
    "minLength",
    "maxLength",
    "totalDigits",
    "fractionDigits",
    "minInclusive",
    "maxInclusive",
    "minExclusive",
    "maxExclusive",
)


def _children(node: etree._Element) -> list[etree._Element]:
    return [child for child in node if isinstance(child.tag, str) and child.tag != _XS + "annotation"]


def _occurs(node: etree._Element) -> dict[str, str]:
    lowest, highest = node.get("minOccurs", "1"), node.get("maxOccurs", "1").replace("unbounded", "*")
    return {} if (lowest, highest) == ("1", "1") else {"occurs": f"{lowest}..{highest}"}


def _simple(node: etree._Element) -> Json:
    """A simple type as its base and facets."""
    (restriction,) = _children(node)
    if restriction.tag != _XS + "restriction":
        raise ValueError(f"a simple type that is no restriction: {etree.tostring(node)[:200]!r}")
    facts: dict[str, Json] = {"base": qname_of(restriction, restriction.attrib["base"])}
    for facet in _children(restriction):
        name = facet.tag.removeprefix(_XS)
        if name in _FACETS:
            facts[name] = facet.attrib["value"]
        elif name in ("pattern", "enumeration"):
            facts.setdefault(name, []).append(facet.attrib["value"])
        else:
            raise ValueError(f"a facet we do not know: {name}")
    return facts


def _attribute(node: etree._Element) -> Json:
    facts: dict[str, Json] = {"ref": qname_of(node, node.attrib["ref"])} if "ref" in node.attrib else {"name": node.attrib["name"]}
    if "type" in node.attrib:
        facts["type"] = qname_of(node, node.attrib["type"])
    for child in _children(node):
        facts["simple"] = _simple(child)
    facts.update({key: node.attrib[key] for key in ("use", "fixed") if key in node.attrib})
    return facts


def _particle(node: etree._Element) -> Json:
    name = node.tag.removeprefix(_XS)
    if name in ("sequence", "choice"):
        return {name: [_particle(child) for child in _children(node)], **_occurs(node)}
    if name != "element":
        raise ValueError(f"a particle we do not know: {name}")
    if "ref" in node.attrib:
        return {"ref": qname_of(node, node.attrib["ref"]), **_occurs(node)}
    return {"name": node.attrib["name"], **_element(node), **_occurs(node)}


def _element(node: etree._Element) -> Json:
    facts: dict[str, Json] = {}
    if "type" in node.attrib:
        facts["type"] = qname_of(node, node.attrib["type"])
    for child in _children(node):
        name = child.tag.removeprefix(_XS)
        if name == "simpleType":
            facts["simple"] = _simple(child)
        elif name == "complexType":
            facts["complex"] = _complex(child)
        elif name in ("key", "keyref", "unique"):
            facts.setdefault("keys", []).append(_key(child))
        else:
            raise ValueError(f"a part of an element we do not know: {name}")
    facts.update({key: node.attrib[key] for key in ("fixed", "default") if key in node.attrib})
    return facts


def _key(node: etree._Element) -> Json:
    def path(text: str) -> str:
        return re.sub(r"([\w-]+):", lambda match: prefix_of(node.nsmap[match[1]]) + ":", text)

    facts: dict[str, Json] = {"kind": node.tag.removeprefix(_XS), "name": node.attrib["name"]}
    if "refer" in node.attrib:
        facts["refer"] = qname_of(node, node.attrib["refer"])
    selector, *fields = _children(node)
    return {**facts, "selector": path(selector.attrib["xpath"]), "fields": [path(field.attrib["xpath"]) for field in fields]}


def _complex(node: etree._Element) -> Json:
    facts: dict[str, Json] = {"abstract": True} if node.get("abstract") == "true" else {}
    for child in _children(node):
        name = child.tag.removeprefix(_XS)
        if name in ("complexContent", "simpleContent"):
            (derivation,) = _children(child)
            if derivation.tag == _XS + "extension":
                facts["extends" if name == "complexContent" else "text"] = qname_of(derivation, derivation.attrib["base"])
            elif name == "simpleContent" or derivation.tag != _XS + "restriction":
                raise ValueError(f"a derivation we do not know: {derivation.tag}")
            facts.update(_complex(derivation))  # a restriction states its content in full: on the wire it is a type of its own
        elif name in ("sequence", "choice"):
            facts["content"] = _particle(child)
        elif name == "attribute":
            facts.setdefault("attributes", []).append(_attribute(child))
        else:
            raise ValueError(f"a part of a complex type we do not know: {name}")
    return facts


class _Album:
    """All schema files of the album that our services import, by prefix."""

    def __init__(self, folder: Path) -> None:
        self.schemas: dict[str, etree._Element] = {}
        files = [*sorted((folder / "lib").glob("hcs-*.xsd")), *(folder / name / f"hcs-{name}-types.xsd" for name in OPERATIONS)]
        for file in files:
            root = etree.parse(str(file)).getroot()
            self.schemas[prefix_of(root.attrib["targetNamespace"])] = root

    def component(self, kind: str, qname: str) -> etree._Element:
        prefix, local = qname.split(":")
        for child in _children(self.schemas[prefix]):
            if child.get("name") == local and (child.tag == _XS + kind or (kind == "type" and child.tag.endswith("Type"))):
                return child
        raise KeyError(f"{kind} {qname}")

    def derived_from(self, qname: str) -> list[str]:
        """Named types that extend a type: what ``xsi:type`` may name where an abstract type is asked for."""
        found = []
        for prefix, root in self.schemas.items():
            for extension in root.iterfind(f"{_XS}complexType/{_XS}complexContent/{_XS}extension"):
                if qname_of(extension, extension.attrib["base"]) == qname:
                    found.append(f"{prefix}:{extension.getparent().getparent().attrib['name']}")
        return found


def _prune(facts: Json, kept: tuple[str, ...]) -> None:
    """Drop from every choice inside the alternatives whose name is not kept."""
    if isinstance(facts, list):
        for item in facts:
            _prune(item, kept)
    elif isinstance(facts, dict):
        if "choice" in facts:
            facts["choice"] = [item for item in facts["choice"] if _mentions(item, kept)]
        for value in facts.values():
            _prune(value, kept)


def _mentions(particle: Json, kept: tuple[str, ...]) -> bool:
    if "name" in particle or "ref" in particle:
        return (particle.get("name") or particle["ref"].split(":")[1]) in kept
    return any(_mentions(item, kept) for item in particle.get("sequence", particle.get("choice", [])))


def _references(facts: Json) -> list[tuple[str, str]]:
    """Components that facts point to, as (kind, qname)."""
    found: list[tuple[str, str]] = []
    if isinstance(facts, list):
        for item in facts:
            found += _references(item)
    elif isinstance(facts, dict):
        for key, value in facts.items():
            if key in ("type", "base", "extends", "text") and isinstance(value, str):
                found.append(("type", value))
            elif key == "ref":
                found.append(("attribute" if value == "base:version" else "element", value))
            else:
                found += _references(value)
    return found


def derive(folder: Path) -> tuple[dict[str, Json], Json]:
    """Tables by prefix, and the bindings of the services."""
    album = _Album(folder)
    services = {name: derive_service(folder, name, operations) for name, operations in OPERATIONS.items()}
    waiting = [("element", f"base:{name}") for name in _ENVELOPE]
    for service in services.values():
        for operation in service["operations"].values():
            waiting += [("element", operation[part]) for part in ("request", "reply")]
        waiting.append(("element", service["state"]))
    tables: dict[str, Json] = {}
    seen: set[tuple[str, str]] = set()
    while waiting:
        kind, qname = waiting.pop()
        prefix, local = qname.split(":")
        if (kind, qname) in seen or prefix in ("xs", "ds"):
            continue
        seen.add((kind, qname))
        node = album.component(kind, qname)
        table: Json = tables.setdefault(prefix, _empty(album.schemas[prefix]))
        if kind == "element":
            table["elements"][local] = facts = _element(node)
            if qname in KEPT_BRANCHES:
                _prune(facts, KEPT_BRANCHES[qname])
        elif kind == "attribute":
            table["attributes"][local] = facts = {key: value for key, value in _attribute(node).items() if key != "name"}
        elif node.tag == _XS + "simpleType":
            table["simple"][local] = facts = _simple(node)
        else:
            table["complex"][local] = facts = _complex(node)
            if facts.get("abstract"):
                waiting += [("type", name) for name in album.derived_from(qname)]
        waiting += _references(facts)
    return tables, services


def _empty(schema: etree._Element) -> Json:
    return {
        "namespace": schema.attrib["targetNamespace"],
        "version": schema.attrib["version"],
        "attributes": {},
        "simple": {},
        "complex": {},
        "elements": {},
    }


def dump(value: Json, indent: int = 0, width: int = 150) -> str:
    """JSON with a line for whatever fits on one, so that a table reads as a table and a diff stays small."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= width or not isinstance(value, dict | list) or not value:
        return flat
    inner = "  " * (indent // 2 + 1)
    if isinstance(value, dict):
        rows = [f"{inner}{json.dumps(key, ensure_ascii=False)}: {dump(item, indent + 2, width)}" for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + "  " * (indent // 2) + "}"
    return "[\n" + ",\n".join(inner + dump(item, indent + 2, width) for item in value) + "\n" + "  " * (indent // 2) + "]"


def main(arguments: list[str]) -> int:
    """Write the tables of an album beside this file."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -m xsd.gis_zhkh.derive_tables ALBUM_FOLDER ALBUM_NUMBER\n")
        return 2
    tables, services = derive(Path(arguments[0]))
    target = Path(__file__).parent / arguments[1]
    target.mkdir(exist_ok=True)
    for prefix, table in sorted(tables.items()):
        ordered = {key: dict(sorted(value.items())) if isinstance(value, dict) else value for key, value in table.items() if value}
        (target / f"{prefix}.json").write_text(dump(ordered) + "\n", encoding="utf-8")
    (target / "services.json").write_text(dump(services) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

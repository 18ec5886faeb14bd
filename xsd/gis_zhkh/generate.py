"""Generate the outbound XSD profile and the WSDL of an album number from our message tables.

    python -m xsd.gis_zhkh.generate 14.4.0.1

Pure: JSON in, text out; a test generates again and compares with the committed files. The result is wire-compatible with the official
album (same namespaces, names, order, facets, SOAPAction and paths) and holds only what our operations reach; the words in it are ours.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

__all__ = ["HOST", "generate", "load", "main"]

Json = Any  # JSON as the json module gives it
HOST = "https://api.dom.gosuslugi.ru"
_SERVICES = "services.json"
_NOTES = "notes.json"
_NAMESPACES = {"xs": "http://www.w3.org/2001/XMLSchema", "ds": "http://www.w3.org/2000/09/xmldsig#"}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!-- Generated from the message tables by xsd/gis_zhkh/generate.py; do not edit. -->\n'


def load(folder: Path) -> tuple[dict[str, Json], Json, Json]:
    """Tables by prefix, bindings of services, notes."""
    files = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    services, notes = files.pop(_SERVICES), files.pop(_NOTES)
    return {name.removesuffix(".json"): table for name, table in files.items()}, services, notes


def generate(tables: dict[str, Json], services: Json, notes: Json) -> dict[str, str]:
    """File name → text, for every schema and every WSDL."""
    namespaces = _NAMESPACES | {prefix: table["namespace"] for prefix, table in tables.items()}
    files = {f"{prefix}.xsd": _schema(prefix, table, namespaces, notes["notes"]) for prefix, table in tables.items()}
    files.update({f"{name}.wsdl": _wsdl(name, service, namespaces) for name, service in services.items()})
    return files


def _tag(name: str, attributes: dict[str, str], body: list[str]) -> list[str]:
    text = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    if not body:
        return [f"<xs:{name}{text}/>"]
    return [f"<xs:{name}{text}>", *("  " + line for line in body), f"</xs:{name}>"]


def _schema(prefix: str, table: Json, namespaces: dict[str, str], notes: dict[str, str]) -> str:
    used = sorted(_prefixes(table, namespaces) - {"xs", prefix})
    body: list[str] = []
    for other in used:
        location = "../../signature.xsd" if other == "ds" else f"{other}.xsd"
        body += _tag("import", {"namespace": namespaces[other], "schemaLocation": location}, [])
    for name, facts in table.get("attributes", {}).items():
        body += _tag("attribute", {"name": name, "type": facts["type"]}, [])
    for name, facts in table.get("simple", {}).items():
        body += _simple(facts, {"name": name})
    for name, facts in table.get("complex", {}).items():
        body += _complex(facts, {"name": name})
    for name, facts in table.get("elements", {}).items():
        body += _element(facts, {"name": name}, notes.get(f"{prefix}:{name}"))
    declared = "".join(f' xmlns:{name}="{namespaces[name]}"' for name in ["xs", prefix, *used])
    opening = f'<xs:schema{declared} targetNamespace="{table["namespace"]}" elementFormDefault="qualified" version="{table["version"]}">'
    return _HEAD + "\n".join([opening, *("  " + line for line in body), "</xs:schema>"]) + "\n"


def _prefixes(facts: Json, namespaces: dict[str, str]) -> set[str]:
    """Prefixes that references inside these facts use (an xpath of a key may name several)."""
    if isinstance(facts, dict):
        return set().union(*(_prefixes(value, namespaces) for key, value in facts.items() if key not in ("namespace", "pattern")))
    if isinstance(facts, list):
        return set().union(*(_prefixes(value, namespaces) for value in facts))
    if isinstance(facts, str):
        return {prefix for prefix in namespaces for step in facts.split("/") if step.startswith(prefix + ":")}
    return set()


def _simple(facts: Json, attributes: dict[str, str]) -> list[str]:
    facets: list[str] = []
    for key, value in facts.items():
        if key != "base":
            for item in value if isinstance(value, list) else [value]:
                facets += _tag(key, {"value": item}, [])
    return _tag("simpleType", attributes, _tag("restriction", {"base": facts["base"]}, facets))


def _complex(facts: Json, attributes: dict[str, str]) -> list[str]:
    if facts.get("abstract"):
        attributes = {**attributes, "abstract": "true"}
    body = _group(facts["content"]) if "content" in facts else []
    for attribute in facts.get("attributes", []):
        inner = _simple(attribute["simple"], {}) if "simple" in attribute else []
        body += _tag("attribute", {key: value for key, value in attribute.items() if key != "simple"}, inner)
    if "extends" in facts or "text" in facts:
        kind, base = ("complexContent", facts["extends"]) if "extends" in facts else ("simpleContent", facts["text"])
        body = _tag(kind, {}, _tag("extension", {"base": base}, body))
    return _tag("complexType", attributes, body)


def _occurs(facts: Json) -> dict[str, str]:
    lowest, highest = facts.get("occurs", "1..1").split("..")
    found = {} if lowest == "1" else {"minOccurs": lowest}
    return found if highest == "1" else {**found, "maxOccurs": "unbounded" if highest == "*" else highest}


def _group(facts: Json) -> list[str]:
    kind = "sequence" if "sequence" in facts else "choice"
    body: list[str] = []
    for item in facts[kind]:
        if "ref" in item:
            body += _tag("element", {"ref": item["ref"], **_occurs(item)}, [])
        elif "name" in item:
            body += _element(item, {"name": item["name"], **_occurs(item)}, None)
        else:
            body += _group(item)
    return _tag(kind, _occurs(facts), body)


def _element(facts: Json, attributes: dict[str, str], note: str | None) -> list[str]:
    attributes = {**attributes, **{key: facts[key] for key in ("type", "fixed", "default") if key in facts}}
    body = _tag("annotation", {}, [f"<xs:documentation>{escape(note)}</xs:documentation>"]) if note else []
    if "simple" in facts:
        body += _simple(facts["simple"], {})
    if "complex" in facts:
        body += _complex(facts["complex"], {})
    for key in facts.get("keys", []):
        parts = _tag("selector", {"xpath": key["selector"]}, [])
        for field in key["fields"]:
            parts += _tag("field", {"xpath": field}, [])
        refer = {"refer": key["refer"]} if "refer" in key else {}
        body += _tag(key["kind"], {"name": key["name"], **refer}, parts)
    return _tag("element", attributes, body)


def _wsdl(name: str, service: Json, namespaces: dict[str, str]) -> str:
    """SOAP 1.1, document/literal; header messages are named by their element, as the album names them."""
    names, operations = service["names"], service["operations"]
    headers = sorted({operation[key] for operation in operations.values() for key in ("header", "reply_header")})
    messages = [("Fault", "Fault", "base:Fault"), *((header.split(":")[1], "Header", header) for header in headers)]
    ports, bound = [], []
    for key, operation in operations.items():
        request, reply = f"{key}Request", f"{key}Result"
        messages += [(request, operation["request_part"], operation["request"]), (reply, operation["reply_part"], operation["reply"])]
        ports.append(_port_operation(key, request, reply))
        bound.append(_bound_operation(key, operation))
    used = sorted({element.split(":")[0] for _, _, element in messages})
    declared = "".join(f' xmlns:{prefix}="{namespaces[prefix]}"' for prefix in used)
    imports = "".join(f'      <xs:import namespace="{namespaces[prefix]}" schemaLocation="{prefix}.xsd"/>\n' for prefix in used)
    parts = "".join(
        f'  <wsdl:message name="{message}">\n    <wsdl:part name="{part}" element="{element}"/>\n  </wsdl:message>\n'
        for message, part, element in messages
    )
    return (
        f'{_HEAD}<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
        f' xmlns:xs="{namespaces["xs"]}"{declared} xmlns:tns="{service["namespace"]}" name="{name}"'
        f' targetNamespace="{service["namespace"]}">\n'
        f"  <wsdl:types>\n    <xs:schema>\n{imports}    </xs:schema>\n  </wsdl:types>\n{parts}"
        f'  <wsdl:portType name="{names["port_type"]}">\n{"".join(ports)}  </wsdl:portType>\n'
        f'  <wsdl:binding name="{names["binding"]}" type="tns:{names["port_type"]}">\n'
        f'    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>\n{"".join(bound)}  </wsdl:binding>\n'
        f'  <wsdl:service name="{names["service"]}">\n    <wsdl:port name="{names["port"]}" binding="tns:{names["binding"]}">\n'
        f'      <soap:address location="{HOST}{service["path"]}"/>\n    </wsdl:port>\n  </wsdl:service>\n</wsdl:definitions>\n'
    )


def _port_operation(name: str, request: str, reply: str) -> str:
    return (
        f'    <wsdl:operation name="{name}">\n      <wsdl:input message="tns:{request}"/>\n      <wsdl:output message="tns:{reply}"/>\n'
        f'      <wsdl:fault name="InvalidRequest" message="tns:Fault"/>\n    </wsdl:operation>\n'
    )


def _bound_operation(name: str, operation: Json) -> str:
    def side(tag: str, header: str) -> str:
        message = header.split(":")[1]
        return (
            f'      <wsdl:{tag}>\n        <soap:body use="literal"/>\n'
            f'        <soap:header message="tns:{message}" part="Header" use="literal"/>\n      </wsdl:{tag}>\n'
        )

    return (
        f'    <wsdl:operation name="{name}">\n      <soap:operation soapAction="{operation["action"]}"/>\n'
        f"{side('input', operation['header'])}{side('output', operation['reply_header'])}"
        f'      <wsdl:fault name="InvalidRequest">\n        <soap:fault name="InvalidRequest" use="literal"/>\n      </wsdl:fault>\n'
        f"    </wsdl:operation>\n"
    )


def main(arguments: list[str]) -> int:
    """Write the schema folder of an album number."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m xsd.gis_zhkh.generate ALBUM_NUMBER\n")
        return 2
    folder = Path(__file__).parent / arguments[0]
    target = folder / "schema"
    target.mkdir(exist_ok=True)
    for name, text in generate(*load(folder)).items():
        (target / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The service of a regional system for settlement centres: our own WSDL and schema, compiled once, without the network."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from lxml import etree

__all__ = ["NAMESPACE", "problems", "wsdl_path"]

NAMESPACE = "urn:erkc:rgis:rkc:1"
_MOST = 20


@cache
def _schema() -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    return etree.XMLSchema(etree.parse(str(files("xsd.rgis") / "rkc.xsd"), parser))


def problems(element: etree._Element) -> list[str]:
    """What the schema has against a message; empty is a pass."""
    schema = _schema()
    if schema.validate(element):
        return []
    return [f"строка {error.line}: {error.message}" for error in list(schema.error_log)[:_MOST]]


def wsdl_path() -> Path:
    """The WSDL as a file."""
    return Path(str(files("xsd.rgis") / "rkc.wsdl"))

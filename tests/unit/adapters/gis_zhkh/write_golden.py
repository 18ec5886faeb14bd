"""Write the golden messages again: ``python -m tests.unit.adapters.gis_zhkh.write_golden``; the difference is for review."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from tests.unit.adapters.gis_zhkh.all_samples import all_requests

if __name__ == "__main__":
    folder = Path(__file__).parents[3] / "golden" / "gis_zhkh" / "rendered"
    folder.mkdir(exist_ok=True)
    for name, message in all_requests().items():
        text = etree.tostring(message, pretty_print=True, xml_declaration=True, encoding="UTF-8")
        (folder / f"{name.replace(' ', '-')}.xml").write_bytes(text)

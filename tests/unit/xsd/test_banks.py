"""Schema profiles of banks: the committed files are the generator's; what breaks a part that we read is refused, the rest is lax."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from xsd.banks import accepts, generate, schema_name

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "banks"
STATEMENT = (GOLDEN / "camt053" / "valid.xml").read_text(encoding="utf-8").split("?>", 1)[1]
ORDER = (GOLDEN / "ufebs" / "ed101-valid.xml").read_text(encoding="cp1251").split("?>", 1)[1]


@pytest.mark.parametrize("version", generate.VERSIONS)
def test_camt_files_are_those_of_the_generator(version: str) -> None:
    for message in ("053", "054"):
        committed = (ROOT / "xsd" / "banks" / f"camt.{message}.001.{version}.xsd").read_text(encoding="utf-8")
        assert committed == generate.camt(message, version)


def test_ufebs_files_are_those_of_the_generator() -> None:
    for root in ("ED211", "ED101", "PacketEPD"):
        assert (ROOT / "xsd" / "banks" / f"ufebs-{root.lower()}.xsd").read_text(encoding="utf-8") == generate.ufebs(root)


@pytest.mark.parametrize(
    ("was", "becomes", "passes"),
    [
        ("<CdtDbtInd>CRDT</CdtDbtInd>", "<CdtDbtInd>CREDIT</CdtDbtInd>", False),
        ('<Amt Ccy="RUB">1250.40</Amt>', '<Amt Ccy="RUB">-1250.40</Amt>', False),
        ('<Amt Ccy="RUB">1250.40</Amt>', "<Amt>1250.40</Amt>", False),
        ("<BookgDt>", "<BookDate>1</BookDate><BookgDt>", False),
        ("</BkTxCd>", "</BkTxCd><ComssnWvrInd>true</ComssnWvrInd>", True),
        ("</TxDtls>", '<SplmtryData><Envlp><x xmlns="urn:x" y="1"/></Envlp></SplmtryData></TxDtls>', True),
        ("<Nm>Учебный платёжный агент</Nm>", f"<Nm>{'Ж' * 141}</Nm>", False),
    ],
)
def test_a_statement_is_as_strict_as_the_standard_where_it_is_read(was: str, becomes: str, passes: bool) -> None:
    assert was in STATEMENT
    assert accepts(etree.fromstring(STATEMENT.replace(was, becomes, 1))) is passes


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('EDNo="3000"', 'EDNo="03000"'),
        ('EDNo="3000"', 'EDNumber="3000"'),
        ('TransKind="01"', 'TransKind="02"'),
        ("Учебный платёжный агент", "«Учебный» агент"),
        ('INN="9999030034"', 'INN=""'),
    ],
)
def test_an_order_of_the_album(was: str, becomes: str) -> None:
    assert accepts(etree.fromstring(ORDER))
    assert was in ORDER
    assert not accepts(etree.fromstring(ORDER.replace(was, becomes, 1)))


def test_other_messages_and_versions_have_no_schema() -> None:
    for version in ("camt.052.001.08", "camt.053.001.05"):
        root = etree.fromstring(STATEMENT.replace("camt.053.001.08", version))
        assert (schema_name(root), accepts(root)) == (None, False)

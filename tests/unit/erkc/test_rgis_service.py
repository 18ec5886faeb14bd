"""The regional service by an independent client: zeep, strict, over the WSDL; repeats have one effect, money comes back as it went."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
import requests
import zeep
from lxml import etree

from adapters.rgis.soap import ChargeRow, RkcClient, charges_message, page_message, read_page, read_result
from core.errors import ConfigError, InvariantError, RejectedError, TransientError
from erkc.cli import rgis
from erkc.rgis.claims import Claim
from erkc.stands.rgis import Rule
from tests.unit.erkc.rgis_region import region
from xsd.rgis import wsdl_path

INN, MONTH = "0077000116", date(2026, 10, 1)
ROW = ChargeRow("41100000011", "Тест", -500, 12_345, 67, 11_000, 11_067, 845, 0, date(2026, 10, 6))


def _client(url: str, token: str = "stand") -> RkcClient:
    return RkcClient(f"{url}/soap/rkc", token, "Token", timeout_s=5)


def test_zeep_reads_what_we_push_and_we_read_what_zeep_pushes(tmp_path: Path) -> None:
    with region(tmp_path) as (stand, url):
        data = charges_message(uuid4(), INN, "1", date(2026, 11, 4), MONTH, [ROW])
        for _ in range(2):  # the same message again changes nothing
            read_result(_client(url).send("SyncChargePaymentRkc", data))
        assert stand.contents()["soap"] == {"accounts": 0, "charges": 1, "agent_payments": 0, "messages": 1}
        session = requests.Session()
        session.headers["Authorization"] = "Token stand"
        settings = zeep.Settings(strict=True)
        client = zeep.Client(str(wsdl_path()), transport=zeep.transports.Transport(session=session), settings=settings)
        service = client.create_service("{urn:erkc:rgis:rkc:1}RkcBinding", f"{url}/soap/rkc")
        said = service.GetChargePaymentRkc(INN=INN, COUNT=10, PAGE=1, MONTH=10, YEAR=2026, MessageId=str(uuid4()))
        assert (
            1, Decimal("123.45"), Decimal("-5.00"), Decimal("8.45")
        ) == (said.COUNT, said.CHARGE_SUM, said.PAYMENT[0].BALANCEIN, said.PAYMENT[0].PAID_SUM)  # fmt: skip
        other = {"PERSONAL_ACC": "7", "MONTH": 10, "YEAR": 2026, "PAID_SUM": Decimal("1.50"), "PAID_PENALTY": Decimal(0), "BALANCEIN": 1,
                 "BALANCECHANGE": 0, "BALANCEOUT": 1, "CHARGED_SUM": 0, "CHARGED_PENALTY": 0, "FORPAY": 1}  # fmt: skip
        file = {"REG_DATE": date(2026, 11, 4), "REG_NUM": "2", "FORMAT_VERSION": "1.0", "RKC_INN": INN, "REG_CHARGE_SUM": 0,
                "REG_PAID_SUM": Decimal("1.50")}  # fmt: skip
        assert service.SyncChargePaymentRkc(FILE=file, PAYMENT=[other], MessageId=str(uuid4())).KOD == 0
        count, rows = read_page(_client(url).send("GetChargePaymentRkc", page_message(uuid4(), INN, MONTH, 1)))
        assert count == 2 and ROW in rows and [row.paid for row in rows if row.number == "7"] == [150]


@pytest.mark.parametrize("fault", ["lost_answer", "http_502", "http_502_after", "cut"])
def test_a_lost_answer_is_asked_for_again_with_the_same_bytes(tmp_path: Path, fault: str) -> None:
    with region(tmp_path, Rule("SyncChargePaymentRkc", fault)) as (stand, url):
        data = charges_message(uuid4(), INN, "1", date(2026, 11, 4), MONTH, [ROW])
        with pytest.raises(TransientError):
            read_result(_client(url).send("SyncChargePaymentRkc", data))
        read_result(_client(url).send("SyncChargePaymentRkc", data))
        assert stand.contents()["soap"] == {"accounts": 0, "charges": 1, "agent_payments": 0, "messages": 1}


def test_refusals_are_told(tmp_path: Path) -> None:
    data = charges_message(uuid4(), INN, "1", date(2026, 11, 4), MONTH, [ROW])
    with region(tmp_path, Rule("SyncChargePaymentRkc", "refuse")) as (_, url):
        with pytest.raises(RejectedError, match="RGIS-0204"):
            read_result(_client(url).send("SyncChargePaymentRkc", data))
        with pytest.raises(RejectedError, match="RGIS-0205"):
            _client(url).send("SyncChargePaymentRkc", data.replace(b"<MONTH>10<", b"<MONTH>13<"))
        with pytest.raises(ConfigError, match="RGIS-0103"):
            _client(url, "foreign").send("SyncChargePaymentRkc", data)
    with pytest.raises(InvariantError, match="RGIS-0402"):
        charges_message(uuid4(), "77", "1", date(2026, 11, 4), MONTH, [ROW])


def test_the_schema_is_plain() -> None:
    """What generators of clients stumble over is not in it."""
    schema = etree.parse(str(wsdl_path().with_name("rkc.xsd")))
    names = {etree.QName(element).localname for element in schema.iter(etree.Element)}
    assert not names & {"any", "anyAttribute", "union", "list", "choice", "group", "attributeGroup"}
    assert not [
        element for element in schema.iter(etree.Element) if element.get("substitutionGroup") or "anyType" in element.get("type", "")
    ]
    assert all(len(line) <= 200 for line in wsdl_path().with_name("rkc.xsd").read_text(encoding="utf-8").splitlines())


def test_claims_are_a_table_for_a_letter(tmp_path: Path) -> None:
    path = tmp_path / "claims.csv"
    rgis._write_claims(
        path, [(INN, Claim("411", 10_050, date(2026, 10, 29), "unknown")), (INN, Claim("412", 1, None, "reported", ("a/1",)))]
    )
    rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert [row[1:4] for row in rows[1:]] == [["411", "29.10.2026", "100,50"], ["412", "", "0,01"]] and rows[2][-1] == "a/1"

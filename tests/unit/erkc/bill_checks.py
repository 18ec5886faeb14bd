"""The page and the federal document of issued bills, held against their stored content."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import numpy as np
import pypdf
import zxingcpp
from pypdf.generic import StreamObject

from adapters.gis_zhkh.bill_document import document
from adapters.gis_zhkh.bills import BillReferences, BillToPlace, Requisite
from adapters.gis_zhkh.values import NsiRef, kopecks_of
from core.ids import EntityId, TransportGuid
from core.model.bill import BillContent, BillRecipient
from erkc.render.bills import render_batch
from erkc.render.view import amount

__all__ = ["codes_of", "federal_documents_agree", "pages_agree"]

_SPACE = UUID("0d2f3c55-7c0c-4f0a-9c5e-6a8f3d1f2b77")


def pages_agree(contents: Sequence[BillContent], folder: Path) -> None:
    """Every amount, account and name of the content stands in the text of the bill's pages."""
    printed: dict[str, str] = defaultdict(str)
    for file in render_batch(contents, folder, single_files=False):
        for page in pypdf.PdfReader(file.path).pages:
            text = page.extract_text().replace("\u00a0", " ")
            (number,) = set(re.findall(r"202610-\d{6}", text))
            printed[number] += text
    assert printed.keys() == {content.number for content in contents}
    for content in contents:
        text = printed[content.number]
        sums = [content.due, content.charged, *(row.due for row in content.recipients if row.due)]
        sums += [value for line in content.lines for value in (line.total, line.base)]
        missing = [value for value in sums if amount(value).replace("\u00a0", " ") not in text]
        assert not missing, (content.number, missing)
        joined = text.replace("\n", "").replace(" ", "")
        assert all(row.bank_account in joined and row.inn in joined for row in content.recipients)
        assert content.account_number in joined and content.payer_name.replace(" ", "") in joined
        assert all(account.number in joined for account in content.accounts)


def federal_documents_agree(contents: Sequence[BillContent]) -> None:
    """Every federal document states the same charges, balances and lines."""
    references = _references(contents)
    for content in contents:
        value = document(BillToPlace(content, _guid(content.account_id), TransportGuid(_guid(content.number))), references)
        debt, advance = (kopecks_of(value[name]) for name in ("DebtPreviousPeriods", "AdvanceBllingPeriod"))
        assert kopecks_of(value["TotalPayableByPD"]) == content.charged + content.penalties
        assert debt - advance == sum(row.balance - row.charged - row.penalties for row in content.recipients)
        assert kopecks_of(value["TotalPayableByPDWithDebtAndAdvance"]) == sum(row.balance for row in content.recipients)
        if "TotalPayableByChargeInfo" in value and content.lines:
            assert kopecks_of(value["TotalPayableByChargeInfo"]) == content.charged
        assert sum(_lines(value)) == content.charged
        by_line = sorted(line.total for line in content.lines if line.section not in ("common_property", "housing"))
        others = sorted(_lines(value, hosting=False))
        assert others == by_line


def _references(contents: Sequence[BillContent]) -> BillReferences:
    services = {line.service_id for content in contents for line in content.lines}
    recipients = [row for content in contents for row in content.recipients]
    return BillReferences(
        services={service: NsiRef(str(service), _guid(f"service {service}")) for service in services},
        requisites={Requisite(row.bik, row.bank_account): _guid(row.bank_account) for row in recipients},
        penalty=NsiRef("1", _guid("penalty")),
        organisations=_organisations(recipients),
        provider=_guid("provider"),
    )


def _organisations(recipients: Sequence[BillRecipient]) -> dict[EntityId, UUID]:
    creditors = (creditor for row in recipients for creditor in row.creditors or (row.creditor_id,))
    return {creditor: _guid(f"organisation {creditor}") for creditor in creditors}


def _guid(name: object) -> UUID:
    return uuid5(_SPACE, str(name))


def _lines(value: dict[str, Any], *, hosting: bool = True) -> Iterator[int]:
    """Totals of the services of a document; ``hosting``: those of housing, with their common property inside, too."""
    for charge in value["ChargeInfo"] or []:
        ((branch, service),) = charge.items()
        if hosting or branch != "HousingService":
            yield kopecks_of(service["TotalPayable"])
    if value["CapitalRepairCharge"]:
        yield kopecks_of(value["CapitalRepairCharge"]["TotalPayable"])


def codes_of(pdf: bytes) -> set[bytes]:
    """What the two-dimensional codes of a PDF say, by an independent decoder."""
    return {bytes(code.bytes) for picture in pictures_of(pdf) for code in zxingcpp.read_barcodes(picture)}


def pictures_of(pdf: bytes) -> list[np.ndarray]:  # type: ignore[type-arg]
    """The grey pictures in a PDF."""
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    objects = [entry.get_object() for page in pages for entry in page["/Resources"].get("/XObject", {}).values()]
    return [
        np.frombuffer(item.get_data(), dtype=np.uint8).reshape(item["/Height"], item["/Width"])
        for item in objects
        if isinstance(item, StreamObject) and item["/Subtype"] == "/Image"
    ]

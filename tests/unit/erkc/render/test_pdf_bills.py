"""Rendered pages: what is printed can be read back, by people's tools and by a scanner; the same content gives the same bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
import pytest
import zxingcpp
from PIL import Image

from core.documents.qr import bill_payload, code_form
from core.documents.source import BillSource
from core.errors import InvariantError
from core.model.bill_json import canonical, content_sha256, to_json
from erkc.render import batch, bills
from erkc.render.bills import render_batch
from erkc.render.compile import BillCompiler, template_version
from erkc.render.look import Look
from erkc.render.pack import pack
from erkc.render.symbol import matrix, png
from erkc.render.view import amount, view
from tests.unit.core.documents import samples
from tests.unit.core.documents.samples import SAMPLES
from tests.unit.erkc.bill_checks import codes_of

ONE_PAGE = ("usual_flat", "overpaid", "zero_bill", "non_residential")


@pytest.fixture(scope="module")
def compiler() -> BillCompiler:
    return BillCompiler()


@pytest.fixture(scope="module")
def pdfs(compiler: BillCompiler) -> dict[str, bytes]:
    views = {name: view(samples.content(sample)) for name, sample in SAMPLES.items()}
    return {name: compiler.pdf([page], title=str(page["title"])) for name, page in views.items()}


def _text(pdf: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return "\n".join(page.extract_text() for page in pages).replace("\u00a0", " ")


@pytest.mark.parametrize("name", SAMPLES)
def test_every_sum_and_letter_is_in_the_text_of_the_page(name: str, pdfs: dict[str, bytes]) -> None:
    content = samples.content(SAMPLES[name])
    text = _text(pdfs[name])
    sums = [content.due, content.charged, *(row.total for row in content.lines), *(row.due for row in content.recipients if row.due)]
    for value in sums:
        assert amount(value).replace("\u00a0", " ") in text, value
    for number in (content.account_number, content.number, *(row.bank_account for row in content.recipients)):
        assert number in text.replace("\n", "")
    assert "16 ноября 2026 г." in text or content.due == 0


def test_letters_that_break_first(pdfs: dict[str, bytes]) -> None:
    text = _text(pdfs["six_recipients"])
    for word in ("Тестюнхолёв", "Чистый щёголь", "ПЛАТЁЖНЫЙ", "₽", "м³", "кВт·ч"):
        assert word in text, word


@pytest.mark.parametrize("name", SAMPLES)
def test_size_and_pages(name: str, pdfs: dict[str, bytes]) -> None:
    assert len(pdfs[name]) <= 60 * 1024
    pages = len(pypdf.PdfReader(io.BytesIO(pdfs[name])).pages)
    assert pages == 1 if name in ONE_PAGE else pages <= 2


def test_the_page_is_tagged_archival_and_carries_its_fonts(pdfs: dict[str, bytes]) -> None:
    reader = pypdf.PdfReader(io.BytesIO(pdfs["usual_flat"]))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "ru"
    metadata = root["/Metadata"].get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata and "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "2026-11-04" in metadata, "the only date inside is the date of issue"
    fonts = reader.pages[0]["/Resources"]["/Font"].values()
    assert fonts and all("/FontFile2" in font["/DescendantFonts"][0]["/FontDescriptor"] for font in fonts)


@pytest.mark.parametrize("name", ["usual_flat", "zero_bill", "six_recipients", "long_names"])
def test_codes_of_the_page_decode_to_the_payloads_byte_for_byte(name: str, pdfs: dict[str, bytes]) -> None:
    content = samples.content(SAMPLES[name])
    found = codes_of(pdfs[name])
    assert found == {bill_payload(content, row) for row in content.recipients}


def test_codes_decode_from_the_page_as_a_camera_sees_it(compiler: BillCompiler) -> None:
    content = samples.content(samples.six_recipients)
    page = view(content)
    compiler.pdf([page], title="x")
    pixels = compiler.png(page, title="x", ppi=220)
    codes = zxingcpp.read_barcodes(np.asarray(Image.open(io.BytesIO(pixels)).convert("L")), formats=zxingcpp.BarcodeFormat.QRCode)
    assert {bytes(code.bytes) for code in codes} == {bill_payload(content, row) for row in content.recipients}


def test_a_reprint_is_byte_equal_in_another_process_and_company(tmp_path: Path, pdfs: dict[str, bytes]) -> None:
    contents = [samples.content(SAMPLES[name]) for name in ("debtor", "usual_flat")]
    first = render_batch(contents, tmp_path / "a", single_files=True)
    again = render_batch(contents[1:], tmp_path / "b", single_files=True)
    assert first[1].sha256 == again[0].sha256 == sha256(pdfs["usual_flat"]).digest()
    assert again[0].path.read_bytes() == pdfs["usual_flat"] and again[0].size == len(pdfs["usual_flat"])


def test_the_code_is_printed_as_the_region_wants_it(tmp_path: Path) -> None:
    content = samples.content(samples.zero_bill)
    assert any(row["qr"] for row in view(content)["recipients"])
    assert not any(row["qr"] for row in view(content, Look(code_form({"qr_zero": "no_code"})))["recipients"])
    forms = [code_form(settings) for settings in ({}, {"qr_paym_period": "MMYY"}, {"qr_zero": "no_code"})]
    files = [render_batch([content], tmp_path / str(n), single_files=True, look=Look(form)) for n, form in enumerate(forms)]
    assert len({one.sha256 for (one,) in files}) == 3


LINK = "https://erkc.example/e/{code}"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_link_to_the_explanation_is_printed_where_it_is_set_and_takes_no_room(
    name: str, compiler: BillCompiler, pdfs: dict[str, bytes]
) -> None:
    content = samples.content(SAMPLES[name])
    code = content_sha256(content).hex()[:16]
    pdf = compiler.pdf([view(content, Look(explain_url=LINK))], title="x")
    text = _text(pdf)
    assert f"Объяснение (не для оплаты): erkc.example/e/{code}" in " ".join(text.split())
    assert "erkc.example" not in _text(pdfs[name])
    assert len(pypdf.PdfReader(io.BytesIO(pdf)).pages) == len(pypdf.PdfReader(io.BytesIO(pdfs[name])).pages)
    address = LINK.replace("{code}", code).encode()
    found = codes_of(pdf)
    assert found == {address, *(payload for row in content.recipients if (payload := bill_payload(content, row)))}
    assert not address.startswith(b"ST"), "no application for payments takes it for its own"


@pytest.mark.parametrize("ppi", [200, 220, 300])
def test_the_small_code_decodes_as_a_camera_sees_it(compiler: BillCompiler, ppi: int) -> None:
    content = samples.content(samples.usual_flat)
    pixels = compiler.png(view(content, Look(explain_url=LINK)), title="x", ppi=ppi)
    codes = zxingcpp.read_barcodes(np.asarray(Image.open(io.BytesIO(pixels)).convert("L")), formats=zxingcpp.BarcodeFormat.QRCode)
    assert LINK.replace("{code}", content_sha256(content).hex()[:16]).encode() in {bytes(code.bytes) for code in codes}


def test_the_link_is_part_of_the_look_and_not_of_the_content(tmp_path: Path) -> None:
    content = samples.content(samples.usual_flat)
    (plain,), (linked,), (again,) = (
        render_batch([content], tmp_path / str(n), single_files=True, look=Look(explain_url=url)) for n, url in enumerate(("", LINK, LINK))
    )
    assert linked.sha256 == again.sha256 != plain.sha256
    assert len({template_version(), template_version(LINK), template_version(LINK + "x")}) == 3
    assert view(content)["hash"] == view(content, Look(explain_url=LINK))["hash"]


def test_four_hundred_bills_in_one_file(tmp_path: Path) -> None:
    contents = [replace(samples.content(samples.non_residential), number=f"202610-{n:05d}") for n in range(400)]
    done: list[int] = []
    files = render_batch(contents, tmp_path, single_files=False, progress=done.append, name="2026-10")
    assert [file.path.name for file in files] == ["2026-10-001.pdf", "2026-10-002.pdf"]
    assert sum(done) == 400 and [number for file in files for number in file.numbers] == [content.number for content in contents]
    assert sum(len(pypdf.PdfReader(file.path).pages) for file in files) == 400
    assert sum(file.size for file in files) < 400 * 30 * 1024
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-10-001.pdf", "2026-10-002.pdf"]


def test_a_killed_process_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = [replace(samples.content(), number=f"202610-{n:05d}") for n in range(6)]
    started: list[object] = []
    real = bills.subprocess.Popen

    def start(*args: object, **kwargs: object) -> object:
        child = real(*args, **kwargs)  # type: ignore[call-overload]
        started.append(child)
        return child

    monkeypatch.setattr(bills.subprocess, "Popen", start)

    def kill_first(count: int) -> None:
        if len(started) == 1:
            started[0].kill()  # type: ignore[attr-defined]

    files = render_batch(contents, tmp_path, single_files=True, progress=kill_first)
    assert len(started) == 2 and [file.numbers for file in files] == [(content.number,) for content in contents]
    assert all(sha256(file.path.read_bytes()).digest() == file.sha256 for file in files)


def test_a_process_that_always_dies_is_reported_with_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where the folder should be")
    good = samples.content()
    with pytest.raises(FileExistsError):
        render_batch([good], tmp_path / "out", single_files=True)
    with pytest.raises(InvariantError, match="EPD-0301") as caught:
        render_batch([replace(good, recipients=(replace(good.recipients[0], bank_account="1"),))], tmp_path / "in", single_files=True)
    assert "EPD-0102" in str(caught.value.fields["stderr"])


def test_the_child_answers_one_line_a_file(tmp_path: Path) -> None:
    order = {"out": str(tmp_path), "single": True, "name": "x"}
    answers = io.StringIO()
    assert batch.main(io.BytesIO(canonical(order) + b"\n" + to_json(samples.content())), answers) == 0
    first, last = (json.loads(line) for line in answers.getvalue().splitlines())
    assert Path(first["path"]).name == "2026-10-0077000116-202610-00001.pdf" and last == {"done": 1}


def test_file_names_hold_no_foreign_signs() -> None:
    assert batch.file_name(replace(samples.content(), number="10/2026 №1")) == "2026-10-0077000116-10_2026__1.pdf"


@pytest.mark.parametrize(
    ("sample", "absent", "present"),
    [
        (samples.usual_flat, {"surcharge", "recalculation", "benefit"}, {"apart"}),
        (samples.debtor, {"apart"}, {"surcharge", "recalculation", "benefit"}),
        (samples.six_recipients, {"apart", "surcharge"}, set()),
    ],
)
def test_only_columns_with_something_in_them_are_shown(sample: Callable[[], BillSource], absent: set[str], present: set[str]) -> None:
    wanted = view(samples.content(sample))["charges"]["wanted"]  # type: ignore[index]
    assert {key for key, shown in wanted.items() if shown} >= present
    assert not {key for key, shown in wanted.items() if shown} & absent


def test_empty_blocks_are_left_out() -> None:
    page = view(samples.content(samples.non_residential))
    assert page["recalculations"] == [] and page["notices"] == []
    alone = replace(samples.content(samples.six_recipients), debt=0, paid=0)
    assert view(alone)["balance"] is None
    assert view(samples.content(samples.zero_bill))["nothing_due"] is True
    assert view(samples.content(samples.overpaid))["credit"] == amount(1_646_043)


def test_pages_are_numbered_once_and_an_odd_number_of_recipients_leaves_no_empty_box(compiler: BillCompiler) -> None:
    five = replace(samples.content(samples.six_recipients), recipients=samples.content(samples.six_recipients).recipients[:5])
    page = view(five) | {"long": True}
    sheets = [sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(compiler.pdf([page], title="x"))).pages]
    assert len(sheets) > 1
    assert all(f"страница {n} из {len(sheets)}" in sheet and sheet.count("страница") == 1 for n, sheet in enumerate(sheets, 1))
    short = view(samples.content()) | {"long": True}
    both = [sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(compiler.pdf([page, short], title="x"))).pages]
    assert len(both) == len(sheets) + 1 and "страница" not in both[-1], "one page is not numbered"
    assert sheets[0].index("ЕДИНЫЙ ПЛАТ") < sheets[0].index("контрольный код"), "what the reader hears first is whose bill it is"
    pixels = np.asarray(Image.open(io.BytesIO(compiler.png(page, title="x", ppi=100))).convert("L"))
    frames = [(column > 0).sum() for column in (pixels[:, -1 - round(9 / 25.4 * 100) - 3 : -round(9 / 25.4 * 100) + 3] < 200).T]
    six = view(samples.content(samples.six_recipients)) | {"long": True}
    whole = np.asarray(Image.open(io.BytesIO(compiler.png(six, title="x", ppi=100))).convert("L"))
    framed = [(column > 0).sum() for column in (whole[:, -1 - round(9 / 25.4 * 100) - 3 : -round(9 / 25.4 * 100) + 3] < 200).T]
    assert max(frames) < max(framed), "the right edge of the third row is not drawn"


def test_tariffs_that_changed_inside_the_month_are_both_printed() -> None:
    content = samples.content()
    changed = replace(content.lines[0], tariff_e6=None, tariffs_e6=(9_150_000, 9_620_000))
    groups: Any = view(replace(content, lines=(changed, *content.lines[1:])))["charges"]
    assert groups["groups"][0]["rows"][0]["tariff"] == "9,15\n9,62"


def test_packing_changes_the_bytes_but_not_the_document(compiler: BillCompiler) -> None:
    page = view(samples.content())
    plain = compiler.pdf([page], title="x", packed=False)
    packed = pack(plain)
    assert len(packed) < len(plain) / 2 and pack(plain) == packed
    before, after = pypdf.PdfReader(io.BytesIO(plain), strict=True), pypdf.PdfReader(io.BytesIO(packed), strict=True)
    assert [page.extract_text() for page in before.pages] == [page.extract_text() for page in after.pages]
    assert before.metadata == after.metadata and before.trailer["/Root"].keys() == after.trailer["/Root"].keys()
    assert pack(packed) == packed and pack(b"%PDF-1.4 nothing") == b"%PDF-1.4 nothing"


def test_symbol_is_large_enough_to_print_and_decodes() -> None:
    long = b"ST00012|Name=" + "Ё".encode() * 600
    for payload in (b"ST00012|Name=A", long):
        side = matrix(payload).shape[0] + 8
        image = np.kron(np.pad(~matrix(payload), 4, constant_values=True).astype(np.uint8) * 255, np.ones((3, 3), dtype=np.uint8))
        assert bytes(zxingcpp.read_barcodes(image)[0].bytes) == payload
        assert png(payload).startswith(b"\x89PNG") and 27.5 / side > 0.2, "millimetres a module"


def test_template_version_is_stable_within_a_build() -> None:
    assert template_version() == template_version() and template_version().startswith("bill-")

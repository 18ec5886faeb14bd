"""The samples say and look what they said and looked when a person last looked at them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from erkc.render.compile import BillCompiler
from tests.golden.bills import FOLDER, differs, picture, picture_of, text_of
from tests.unit.core.documents import samples

_TOLERANCE = 24.0
"""Of 255: less than one letter that is another, moved or gone."""


@pytest.fixture(scope="module")
def compiler() -> BillCompiler:
    return BillCompiler()


@pytest.mark.parametrize("name", samples.SAMPLES)
def test_a_bill_says_and_looks_what_it_did(name: str, compiler: BillCompiler) -> None:
    content = samples.content(samples.SAMPLES[name])
    assert text_of(content) == (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert differs(picture(compiler, content), picture_of(name)) <= _TOLERANCE, "look at both pictures; python -m tests.golden.bills"


def test_one_other_digit_or_a_moved_line_is_seen(compiler: BillCompiler) -> None:
    content = samples.content()
    first, *rest = content.lines
    digit = replace(content, lines=(replace(first, total=first.total + 700), *rest))
    assert differs(picture(compiler, digit), picture_of("usual_flat")) > _TOLERANCE
    moved = replace(content, lines=tuple(rest))
    assert differs(picture(compiler, moved), picture_of("usual_flat")) > _TOLERANCE

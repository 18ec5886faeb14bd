"""The field tables: strict to read, and every rule of theirs works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from adapters.format4.cells import RowReader
from adapters.format4.layout import TYPES, Field, Section, known_versions, layout_for, read_layout
from adapters.format4.values import READERS
from adapters.uk.row_checks import RowChecks
from core.errors import ConfigError

LAYOUT, _ = layout_for("4.0.6.2")
SECTIONS = [section for section in LAYOUT.sections.values() if section.fields]

GOOD = {
    "id": "1", "ref": "1", "s": "текст", "i": "1", "e": "1", "yn": "1", "d": "01.01.2026", "dt": "01.01.2026 00:00:00", "my": "01.2026",
    "n2": "1.00", "n3": "1.000", "n6": "1.000000", "inn": "0077000116", "ogrn": "1260077000072", "snils": "000-000-001 01",
    "fias": "b459071a-fb8a-4f9e-bf72-c46dca8fbe35", "account": "40821810700013101001",
}  # fmt: skip
BAD = {
    "id": "1.5", "ref": "a", "i": "1.0", "e": "1234567890", "yn": "3", "d": "31.02.2026", "dt": "01.01.2026", "my": "13.2026",
    "n2": "1.001", "n3": "1e3", "n6": "1.0000001",
}  # fmt: skip

MINIMAL = """
version = "1"
[section._info]
title = "i"
fields = []
[section._filelist]
title = "l"
fields = []
[section.a]
title = "A"
fields = [ { n = 1, code = "id", type = "id", mandatory = true, name = "Код" }, { n = 2, code = "b", type = "s", name = "Б" } ]
"""


def findings(section: Section, cells: list[str]) -> set[tuple[int | None, str]]:
    row = RowReader(section).row(1, cells)
    return {(found.field, found.code) for found in RowChecks(section, {}).findings(row)}


def filled(section: Section) -> list[str]:
    """A row in which every field holds a good value, and what ends does so after its beginning."""
    return ["02.01.2026 00:00:00" if field.code == "ends_at" else GOOD[field.type] for field in section.fields]


def make_due(field: Field, cells: list[str]) -> None:
    for condition in field.when:
        if condition.codes is not None:
            cells[condition.field - 1] = str(min(condition.codes))


def test_every_type_has_a_reader_and_a_sample() -> None:
    assert TYPES == set(READERS) == set(GOOD)


def test_the_table_holds_all_sections_of_the_exchange() -> None:
    widths = {"contragent": 32, "house": 37, "premises": 25, "kvar": 36, "epd": 23, "epdcharge": 26, "oplata": 22, "saldo": 13, "pu": 18}
    assert {code: LAYOUT.sections[code].width for code in widths} == widths
    assert (LAYOUT.sections["audit"].width, LAYOUT.sections["audit"].fields) == (58, ())
    assert LAYOUT.info.width == 14 and LAYOUT.file_list.width == 3


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.code)
def test_a_full_row_is_in_order(section: Section) -> None:
    assert findings(section, filled(section)) <= {(field.n, "F4-034") for field in section.fields if field.conditional}


def every(kind: str) -> Iterator[object]:
    for section in SECTIONS:
        for field in section.fields:
            if getattr(field, kind):
                yield pytest.param(section, field, id=f"{section.code}.{field.n}")


@pytest.mark.parametrize(("section", "field"), list(every("mandatory")))
def test_an_empty_mandatory_field_is_found(section: Section, field: Field) -> None:
    cells = filled(section)
    cells[field.n - 1] = ""
    assert (field.n, "F4-031") in findings(section, cells)


@pytest.mark.parametrize(("section", "field"), list(every("conditional")))
def test_a_conditional_field_is_due_only_when_its_condition_holds(section: Section, field: Field) -> None:
    cells = filled(section)
    make_due(field, cells)
    for n in (field.n, *field.any_of):
        cells[n - 1] = ""
    assert (field.n, "F4-034") in findings(section, cells)
    for n in field.any_of:
        other = list(cells)
        other[n - 1] = GOOD[section.fields[n - 1].type]
        assert (field.n, "F4-034") not in findings(section, other)
    for condition in field.when:
        other = list(cells)
        other[condition.field - 1] = "" if condition.codes is None else "99"
        assert (field.n, "F4-034") not in findings(section, other)


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.code)
def test_a_value_of_another_type_is_found(section: Section) -> None:
    for field in section.fields:
        if field.type in BAD:
            cells = filled(section)
            cells[field.n - 1] = BAD[field.type]
            assert (field.n, "F4-032") in findings(section, cells), field


def test_versions() -> None:
    assert "4.0.6.2" in known_versions()
    assert [layout_for(version)[1] for version in ("4.0.6.2", "4.0.0.1", "4.0.99.0", "4.1.0.0", "5.0.0.0", "4.0.6", "")] == [
        True, True, True, False, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('type = "s", name', 'type = "s", lenght = 3, name', "lenght"),
        ("n = 2", "n = 3", "поле 3"),
        ('type = "s"', 'type = "text"', "поле 2"),
        ('type = "s"', 'type = "ref", of = "zzz"', "zzz"),
        ('type = "s"', 'type = "ref"', "ссылка"),
        ('type = "s"', 'type = "s", mandatory = true, any_of = [1]', "вместе"),
        ('type = "s"', 'type = "s", any_of = [5]', "которого нет"),
        ('type = "s"', 'type = "s", when = [{ field = 1, is = 2 }]', "is"),
        ('type = "s"', 'type = "s", when = [{ field = 1 }]', "условие"),
        ('code = "b"', 'code = "id"', "повторяется"),
        ('title = "A"', "title = 1", "title"),
        ('version = "1"', 'version = "1"\nauthor = "x"', "author"),
        ("[section.a]", "[section.a", "не читается"),
    ],
)
def test_a_wrong_table_is_refused_with_its_fault(old: str, new: str, words: str) -> None:
    assert read_layout("m", MINIMAL).sections["a"].keyed
    with pytest.raises(ConfigError, match=words):
        read_layout("m", MINIMAL.replace(old, new, 1))


def test_a_section_before_its_parent_is_refused() -> None:
    text = (
        MINIMAL.replace('type = "s"', 'type = "ref", of = "z"')
        + '[section.z]\ntitle = "Z"\nfields = [ { n = 1, code = "id", type = "id", name = "К" } ]\n'
    )
    with pytest.raises(ConfigError, match="раньше"):
        read_layout("m", text)

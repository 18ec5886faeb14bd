from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date
from hashlib import sha256, sha512

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.archive import merkle

HASHES = [sha256(bytes([n])).digest() for n in range(40)]


def _by_definition(hashes: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, literally: split at the largest power of two smaller than n."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return sha256(b"\x00" + hashes[0]).digest()
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return sha256(b"\x01" + _by_definition(hashes[:half]) + _by_definition(hashes[half:])).digest()


@pytest.mark.parametrize("count", range(40))
def test_root_is_that_of_the_definition(count: int) -> None:
    assert merkle.root(HASHES[:count]) == _by_definition(HASHES[:count])


@given(st.integers(1, 40), st.data())
def test_every_leaf_has_a_path_and_no_other_value_place_or_count_fits_it(count: int, data: st.DataObject) -> None:
    hashes = HASHES[:count]
    place = data.draw(st.integers(0, count - 1))
    siblings, root = merkle.path(hashes, place), merkle.root(hashes)
    assert merkle.check_path(hashes[place], place=place, count=count, siblings=siblings, expected_root=root)
    assert not merkle.check_path(sha256(b"other").digest(), place=place, count=count, siblings=siblings, expected_root=root)
    assert not merkle.check_path(hashes[place], place=place, count=count, siblings=(*siblings, root), expected_root=root)
    assert not merkle.check_path(hashes[place], place=count, count=count, siblings=siblings, expected_root=root)
    for other in range(count):
        if other != place:
            assert not merkle.check_path(hashes[place], place=other, count=count, siblings=siblings, expected_root=root)


def test_chain_depends_on_everything() -> None:
    day, root = date(2026, 10, 1), merkle.root(HASHES)
    links = {
        merkle.chain_link(merkle.FIRST_CHAIN, day=day, count=40, day_root=root),
        merkle.chain_link(HASHES[0], day=day, count=40, day_root=root),
        merkle.chain_link(merkle.FIRST_CHAIN, day=date(2026, 10, 2), count=40, day_root=root),
        merkle.chain_link(merkle.FIRST_CHAIN, day=day, count=39, day_root=root),
        merkle.chain_link(merkle.FIRST_CHAIN, day=day, count=40, day_root=merkle.EMPTY_ROOT),
    }
    assert len(links) == 5


def _zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


FILES = {
    "kvar.csv": "номер;имя\r\n1;Иванов\r\n2;Петров".encode("cp1251"),
    "empty.csv": b"",
    "puval.csv": b"".join(b"%d\n" % n for n in range(300)),
}
ZIPPED = _zipped(FILES)


@pytest.mark.parametrize("count", range(40))
def test_a_growing_tree_has_the_root_of_its_values(count: int) -> None:
    tree = merkle.Tree()
    for value in HASHES[:count]:
        tree.add(value)
    assert (tree.root(), tree.count) == (merkle.root(HASHES[:count]), count)


def test_content_root_is_that_of_the_definition() -> None:
    secret = sha512(ZIPPED).digest()
    files = []
    for number, (name, data) in enumerate(FILES.items()):
        values = [
            sha256(b"\x03" + sha256(b"\x06" + secret + number.to_bytes(4, "big") + place.to_bytes(8, "big")).digest() + line).digest()
            for place, line in enumerate(data.splitlines(keepends=True))
        ]
        head = len(name).to_bytes(4, "big") + name.encode() + len(values).to_bytes(8, "big")
        files.append(sha256(b"\x04" + head + _by_definition(values)).digest())
    assert merkle.content_root(io.BytesIO(ZIPPED)) == _by_definition(files)


def test_a_line_is_shown_without_the_others_and_nothing_else_fits_its_way() -> None:
    content, lines = merkle.show_lines(io.BytesIO(ZIPPED), {"kvar.csv": {1, 7}, "puval.csv": {0, 299}, "other.csv": {1}})
    assert content == merkle.content_root(io.BytesIO(ZIPPED))
    assert [(line.file, line.place, line.lines, line.files) for line in lines] == [
        ("kvar.csv", 1, 3, 3), ("puval.csv", 0, 300, 3), ("puval.csv", 299, 300, 3),
    ]  # fmt: skip
    assert lines[0].data == "1;Иванов\r\n".encode("cp1251")
    for line in lines:
        assert merkle.check_line(line, content)
        for other in (
            {"data": line.data + b" "}, {"place": line.place - 1}, {"lines": line.lines + 1}, {"file": "x.csv"}, {"file_place": 1},
            {"files": 5}, {"salt": bytes(32)}, {"siblings": line.siblings[1:]}, {"lines_root": bytes(32)}, {"file_siblings": ()},
        ):  # fmt: skip
            assert not merkle.check_line(replace(line, **other), content), other
        assert not merkle.check_line(line, merkle.NO_CONTENT)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"plain\ntext\r\nof\rlines",
        b"PK but no archive",
        ZIPPED[:-30],
        ZIPPED[:60] + b"?" + ZIPPED[61:],
        _zipped({"bomb": bytes(40 << 20)}),
    ],
    ids=["empty", "text", "no-archive", "cut", "damaged", "bomb"],
)
def test_what_is_no_sound_archive_is_one_file_of_bytes(data: bytes) -> None:
    content, lines = merkle.show_lines(io.BytesIO(data), {"": {0}})
    assert content == merkle.content_root(io.BytesIO(data))
    assert [line.files for line in lines] == ([1] if data else [])
    assert all(merkle.check_line(line, content) for line in lines)


@given(st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\r\n", b"x" * 65535, b"y" * 70000]), max_size=12))
def test_lines_do_not_depend_on_how_the_bytes_are_read(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    assert list(merkle._lines(io.BytesIO(data))) == data.splitlines(keepends=True)


def test_a_line_without_an_end_is_cut_to_bounded_pieces() -> None:
    pieces = list(merkle._lines(io.BytesIO(b"z" * (3 << 20) + b"z\nlast")))
    assert [len(piece) for piece in pieces] == [1 << 20] * 3 + [2, 4]

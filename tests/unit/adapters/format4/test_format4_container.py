"""The container: nothing it says about itself is believed, and every refusal says why."""

from __future__ import annotations

import io
import stat
import struct
import zipfile

import pytest

from adapters.format4.container import Limits, open_container
from adapters.format4.rows import inspect, read_rows
from core.errors import InputError

LIMITS = Limits()


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return buffer.getvalue()


def refused(data: bytes, limits: Limits = LIMITS) -> InputError:
    with pytest.raises(InputError) as caught:
        container = open_container(data, limits)
        for name in container.entries:
            for _ in container.blocks(name):
                pass
    assert caught.value.message and caught.value.hint
    return caught.value


def test_not_a_zip() -> None:
    assert refused(b"hello").code == "F4-901"
    assert refused(b"").code == "F4-901"


def test_encrypted() -> None:
    data = bytearray(zipped(("_info.csv", b"x")))
    data[6] |= 1  # local header
    at = data.index(b"PK\x01\x02")
    data[at + 8] |= 1
    assert refused(bytes(data)).code == "F4-902"


@pytest.mark.parametrize("name", ["../kvar.csv", "/etc/passwd", "a/../../b.csv", "C:/kvar.csv", "..\\kvar.csv"])
def test_a_path_that_climbs_out(name: str) -> None:
    error = refused(zipped((name, b"x")))
    assert error.code == "F4-903" and name in str(error.fields["file"])


def test_a_symbolic_link() -> None:
    link = zipfile.ZipInfo("kvar.csv")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    assert refused(zipped((link, b"/etc/passwd"))).code == "F4-904"


def test_a_bomb_is_stopped_by_what_comes_out_not_by_what_it_says() -> None:
    bomb = zipped(("kvar.csv", b"\0" * (40 << 20)))
    assert refused(bomb).code == "F4-905"
    at = bomb.index(b"PK\x01\x02")
    lying = bytearray(bomb)
    lying[at + 24 : at + 28] = struct.pack("<I", 100)  # the directory says: 100 bytes
    assert refused(bytes(lying)).code in ("F4-905", "F4-907")
    many = zipped(*((f"{n}.csv", b"\0" * (1 << 20)) for n in range(20)))
    assert refused(many).code == "F4-905"
    assert refused(zipped(("a.csv", b"abc" * 1000)), Limits(total_bytes=2000)).code == "F4-905"


def test_reading_twice_counts_once() -> None:
    container = open_container(zipped(("a.csv", b"1;2\n" * 300)), Limits(total_bytes=1500))
    assert [len(b"".join(container.blocks("a.csv"))) for _ in range(3)] == [1200] * 3


def test_too_many_entries() -> None:
    assert refused(zipped(*((f"{n}.csv", b"") for n in range(12))), Limits(entries=11)).code == "F4-906"


def test_cut_or_damaged() -> None:
    data = zipped(("_info.csv", b"a;b\r\n" * 2000), ("kvar.csv", b"12345" * 999))
    assert refused(data[: len(data) // 2]).code == "F4-907"
    broken = bytearray(data)
    broken[60] ^= 0xFF
    assert refused(bytes(broken)).code == "F4-907"


def test_a_volume() -> None:
    assert refused(b"PK\x07\x08" + zipped(("a.csv", b"x"))[:40]).code == "F4-908"


def test_names_are_cp866_and_repeated_ones_are_told() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        data = zipped(("files/1.pdf", b""), ("a.csv", b"1"), ("a.csv", b"2"), ("XXXXXXXXXX.txt", b""))
    container = open_container(data.replace(b"X" * 10, "примечание".encode("cp866")), LIMITS)
    assert container.repeated == ("a.csv",) and container.attachments == {"files/1.pdf"}
    assert b"".join(container.blocks("a.csv")) == b"1"
    assert list(container.entries) == ["a.csv", "примечание.txt"]


def rows_of(table: bytes) -> list[tuple[int, list[str]]]:
    container = open_container(zipped(("a.csv", table)), LIMITS)
    assert inspect(container, "a.csv").encoding_fault == ""
    return list(read_rows(container, "a.csv"))


def test_rows_are_read_by_a_real_csv_reader() -> None:
    table = 'a;b\r\n1;"ООО ""А;Б""\r\nи Ко"\r\n 2 ;x\n'.encode("cp1251")
    assert rows_of(table) == [(1, ["1", 'ООО "А;Б"\r\nи Ко']), (2, ["2", "x"])]


def test_blank_lines_at_the_end_are_no_rows_and_inside_they_are() -> None:
    assert rows_of(b"a\r\n1\r\n\r\n2\r\n\r\n\r\n") == [(1, ["1"]), (2, []), (3, ["2"])]
    assert rows_of(b"") == [] == rows_of(b"a\r\n")


@pytest.mark.parametrize(
    ("table", "words"),
    [(b"\xef\xbb\xbfa\r\n", "метка"), (b"\xff\xfea", "метка"), (b"a\r\n\x98", "байты"), (b"a\r\n\0", "байты")],
)
def test_what_is_not_windows_1251(table: bytes, words: str) -> None:
    container = open_container(zipped(("a.csv", table)), LIMITS)
    looked = inspect(container, "a.csv")
    assert words in looked.encoding_fault and looked.rows is None


def test_a_field_without_end_is_not_read_into_memory() -> None:
    for table in (b"a\r\n" + b"x" * (2 << 20), b'a\r\n"' + b"x\r\n" * 200_000):
        container = open_container(zipped(("a.csv", table)), LIMITS)
        assert inspect(container, "a.csv").rows is None

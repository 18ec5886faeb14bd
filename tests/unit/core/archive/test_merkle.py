from __future__ import annotations

from datetime import date
from hashlib import sha256

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

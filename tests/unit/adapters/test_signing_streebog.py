"""Streebog against the vectors of the standard and against an independent implementation."""

from __future__ import annotations

from random import Random

import gostcrypto
import pytest

from adapters.signing import engine
from adapters.signing.streebog import ABC_DIGEST, streebog

M1 = b"012345678901234567890123456789012345678901234567890123456789012"
M2 = bytes.fromhex(
    "d1e520e2e5f2f0e82c20d1f2f0e8e1eee6e820e2edf3f6e82c20e2e5fef2fa20f120eceef0ff20f1f2f0e5ebe0ece820ede020f5f0e0e1f0fbff20efebfaeafb20c8e3eef0e5e2fb"
)


@pytest.mark.parametrize(
    ("data", "size", "digest"),
    [
        (M1, 32, "9d151eefd8590b89daa6ba6cb74af9275dd051026bb149a452fd84e5e57b5500"),
        (
            M1,
            64,
            "1b54d01a4af5b9d5cc3d86d68d285462b19abc2475222f35c085122be4ba1ffa00ad30f8767b3a82384c6574f024c311e2a481332b08ef7f41797891c1646f48",
        ),
        (M2, 32, "9dd2fe4e90409e5da87f53976d7405b0c0cac628fc669a741d50063c557e8f50"),
        (b"", 32, "3f539a213e97c802cc229d474c6aa32a825a360b2a933a949fd925208d9ce1bb"),
        (b"abc", 32, ABC_DIGEST.hex()),
    ],
)
def test_published_vectors(data: bytes, size: int, digest: str) -> None:
    assert streebog(data, size).hex() == digest  # type: ignore[arg-type]


def test_agrees_with_gostcrypto_at_the_edges_of_blocks() -> None:
    random = Random(34112012)
    for length in (1, 31, 63, 64, 65, 127, 128, 129, 1000):
        data = random.randbytes(length)
        for name, size in (("streebog256", 32), ("streebog512", 64)):
            assert streebog(data, size) == bytes(gostcrypto.gosthash.new(name, data=bytearray(data)).digest())  # type: ignore[arg-type]


def test_carries_of_the_checksum_are_kept() -> None:
    data = b"\xff" * 64 * 3
    assert streebog(data) == bytes(gostcrypto.gosthash.new("streebog256", data=bytearray(data)).digest())


def test_agrees_with_the_engine() -> None:
    loaded = engine.load()
    if loaded is None:
        pytest.skip("this machine has no gost engine (package libengine-gost-openssl)")
    data = Random(1).randbytes(5000)
    assert loaded.digest(data) == streebog(data)

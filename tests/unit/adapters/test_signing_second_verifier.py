"""ГОСТ signatures of ours before a verifier that shares no line with us (``tests/oracle/gost_signature``), on every machine; and before
OpenSSL itself where the engine is."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters import xmlio
from adapters.gis_zhkh.envelope import Header, envelope, header_element
from adapters.gis_zhkh.operations import operation
from adapters.signing import choose, issue, sign_message
from adapters.signing import engine as gost_engine
from tests.oracle.gost_signature import GostFailure, verify
from tests.unit.adapters.gis_zhkh.federal_samples import known_guid, requests

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    return issue(tmp_path_factory.mktemp("gost"), at=AT)


def message(name: str) -> bytes:
    """A whole federal message, as the gateway puts it together."""
    header = header_element(Header(known_guid("m"), AT, known_guid("ppa"), True), operation("importPaymentDocumentData"))
    return xmlio.serialize(envelope(header, requests()[name]))


@pytest.mark.parametrize("implementation", ["engine", "command", "python"])
@pytest.mark.parametrize("name", ["bills", "acknowledgments", "accounts"])
def test_an_independent_verifier_accepts_what_we_sign(files, implementation: str, name: str) -> None:  # type: ignore[no-untyped-def]
    if implementation != "python" and gost_engine.load() is None:
        pytest.skip("this machine has no gost engine (package libengine-gost-openssl)")
    choice = choose(files.certificate, files.key, implementation=implementation)  # type: ignore[arg-type]  # one of the three
    signed = sign_message(message(name), choice.signer, digester=choice.digester, at=AT)
    assert verify(signed) == 2


def test_it_refuses_what_was_changed(files) -> None:  # type: ignore[no-untyped-def]
    choice = choose(files.certificate, files.key)
    signed = sign_message(message("bills"), choice.signer, digester=choice.digester, at=AT)
    for old, new in ((b">65.00<", b">65.01<"), (b":SigningTime>2026", b":SigningTime>2025")):
        assert old in signed
        with pytest.raises(GostFailure, match="reference"):
            verify(signed.replace(old, new, 1))
    with pytest.raises(GostFailure, match="value"):
        verify(signed.replace(b'-ref0"', b'-ref1"', 1))


def test_openssl_verifies_the_value(files, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    if gost_engine.load() is None:
        pytest.skip("this machine has no gost engine (package libengine-gost-openssl)")
    choice = choose(files.certificate, files.key, implementation="python")
    (tmp_path / "data").write_bytes(b"canonical")
    (tmp_path / "value").write_bytes(choice.signer.sign(b"canonical"))
    key = subprocess.run(
        ["openssl", "x509", "-engine", "gost", "-in", str(files.certificate), "-noout", "-pubkey"], capture_output=True, check=True
    )
    (tmp_path / "key").write_bytes(key.stdout)
    command = ["openssl", "dgst", "-engine", "gost", "-md_gost12_256", "-verify", str(tmp_path / "key")]
    done = subprocess.run([*command, "-signature", str(tmp_path / "value"), str(tmp_path / "data")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr

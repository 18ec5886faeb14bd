"""Keys, certificates and signers: ours against each other, against the engine, and against OpenSSL's reading of our certificates."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.signing import GOST, RSA, SignatureError, TestSubject, choose, issue, read_certificate
from adapters.signing import engine as gost_engine
from adapters.signing.certificates import parse_name
from adapters.signing.choice import prove
from adapters.signing.command import CommandDigester, CommandSigner
from adapters.signing.gost import CRYPTOPRO_A, PrivateKey, PythonDigester, PythonSigner, new_key, pem
from core.errors import ConfigError, TransientError

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
TC26_A = "1.2.643.7.1.2.1.1.1"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    return issue(tmp_path_factory.mktemp("gost"), at=AT)


@pytest.mark.parametrize("parameters", ["1.2.643.2.2.36.0", CRYPTOPRO_A, TC26_A])
def test_signs_and_verifies_on_each_curve(parameters: str) -> None:
    key = new_key(b"not a secret" * 3, parameters)
    value = key.sign(b"data")
    assert len(value) == 64
    assert key.public().verify(b"data", value)
    assert not key.public().verify(b"other", value)
    assert not key.public().verify(b"data", value[32:] + value[:32])
    assert not key.public().verify(b"data", b"\0" * 64)
    assert PrivateKey.read(pem("PRIVATE KEY", key.information())) == key


def test_the_key_is_never_printed() -> None:
    assert str(new_key(b"1" * 32).number) not in repr(new_key(b"1" * 32))


def test_certificates_are_issued_without_any_engine(files) -> None:  # type: ignore[no-untyped-def]
    authority, certificate = (read_certificate(path.read_bytes()) for path in (files.authority, files.certificate))
    assert certificate.issued_by(authority)
    assert authority.issued_by(authority)
    assert not authority.issued_by(certificate)
    assert certificate.may_sign and not certificate.is_authority
    assert authority.is_authority
    assert files.key.stat().st_mode & 0o077 == 0
    assert parse_name(certificate.issuer) == certificate.issuer_parts
    assert '\\"' in certificate.issuer and "1.2.643.100.1=1027700000001" in certificate.issuer


def test_issuing_again_keeps_the_files(files) -> None:  # type: ignore[no-untyped-def]
    before = files.key.read_bytes()
    issue(files.key.parent, at=AT)
    assert files.key.read_bytes() == before


def test_openssl_reads_what_we_wrote(files) -> None:  # type: ignore[no-untyped-def]
    if gost_engine.load() is None:
        pytest.skip("this machine has no gost engine (package libengine-gost-openssl)")
    done = subprocess.run(
        [
            "openssl",
            "verify",
            "-engine",
            "gost",
            "-CAfile",
            str(files.authority),
            "-attime",
            str(int(AT.timestamp())),
            str(files.certificate),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("implementation", ["engine", "command", "python"])
def test_every_implementation_signs_for_the_same_certificate(files, implementation) -> None:  # type: ignore[no-untyped-def]
    if implementation != "python" and gost_engine.load() is None:
        pytest.skip("this machine has no gost engine (package libengine-gost-openssl)")
    choice = choose(files.certificate, files.key, implementation=implementation)
    certificate = read_certificate(files.certificate.read_bytes())
    assert certificate.verify(b"data", choice.signer.sign(b"data"))
    assert choice.digester.digest(b"data") == PythonDigester().digest(b"data")


def test_without_the_engine_plain_python_is_chosen(files, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(gost_engine, "load", lambda: None)
    monkeypatch.setattr("adapters.signing.choice._command_works", lambda: False)
    choice = choose(files.certificate, files.key)
    assert choice.title == "ГОСТ Р 34.10-2012, чистый Python"
    with pytest.raises(ConfigError, match="недоступен"):
        choose(files.certificate, files.key, implementation="engine")


def test_a_key_of_another_certificate_is_found_out(files, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    other = issue(tmp_path, at=AT)
    with pytest.raises(ConfigError, match="SIG-0704"):
        choose(files.certificate, other.key, implementation="python")


def test_a_wrong_byte_order_is_named(files) -> None:  # type: ignore[no-untyped-def]
    certificate = read_certificate(files.certificate.read_bytes())
    key = PrivateKey.read(files.key.read_bytes())

    class Swapped(PythonSigner):
        def sign(self, data: bytes) -> bytes:
            value = key.sign(data)
            return value[32:] + value[:32]

    with pytest.raises(ConfigError) as failure:
        prove(Swapped(certificate.data, key), PythonDigester(), certificate)
    assert "r_s" in failure.value.hint


def test_an_external_command_signs(files, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """A program of a certified СКЗИ: reads the bytes, prints hexadecimal digits in reversed order, as КриптоПро does."""
    program = tmp_path / "program.py"
    root = str(Path(__file__).parents[3])
    program.write_text(
        f"import sys; sys.path.insert(0, {root!r})\n"
        "from adapters.signing.gost import PrivateKey\n"
        f"key = PrivateKey.read(open({str(files.key)!r}, 'rb').read())\n"
        "print(key.sign(sys.stdin.buffer.read())[::-1].hex())\n"
    )
    certificate = read_certificate(files.certificate.read_bytes())
    signer = CommandSigner(certificate.data, (sys.executable, str(program)), order="s_r_reversed", encoding="hex")
    prove(signer, PythonDigester(), certificate)


@pytest.mark.parametrize(
    ("script", "error", "code"),
    [
        ("print('00')", ConfigError, "SIG-0304"),
        ("print('no digits')", ConfigError, "SIG-0305"),
        ("import sys; sys.exit(3)", ConfigError, "SIG-0303"),
        ("import time; time.sleep(30)", TransientError, "SIG-0302"),
    ],
)
def test_a_failing_command_says_what_is_wrong(script: str, error: type[Exception], code: str) -> None:
    signer = CommandSigner(b"", (sys.executable, "-c", script), encoding="hex", timeout_s=1)
    with pytest.raises(error) as failure:
        signer.sign(b"data")
    assert failure.value.code == code  # type: ignore[attr-defined]


def test_a_missing_program_is_a_setting_to_correct() -> None:
    with pytest.raises(ConfigError, match="SIG-0301"):
        CommandDigester(("no-such-program-here",)).digest(b"")


def test_an_encrypted_or_foreign_key_is_refused() -> None:
    with pytest.raises(SignatureError, match="SIG-0103"):
        PrivateKey.read(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
    with pytest.raises(SignatureError, match="SIG-0103"):
        PrivateKey.read(b"nothing of the kind")


def test_rsa_certificates_serve_stands(tmp_path: Path) -> None:
    files = issue(tmp_path, at=AT, profile=RSA, subject=TestSubject("ООО Стенд"))
    choice = choose(files.certificate, files.key)
    authority, certificate = (read_certificate(path.read_bytes()) for path in (files.authority, files.certificate))
    assert choice.signer.profile is RSA
    assert certificate.issued_by(authority)
    assert certificate.profile is RSA and authority.profile is not GOST


def test_names_are_compared_as_sets() -> None:
    first = parse_name(r"CN=АО \"Рога\, копыта\",O=\#1,1.2.643.100.1=1027700000001,E=a@b.example")
    second = parse_name(r"1.2.840.113549.1.9.1=a@b.example, OGRN=1027700000001, O=\#1, CN=АО \"Рога\2C копыта\"")
    assert first == second
    assert len(first) == 4


def test_validity_is_what_was_asked_for(tmp_path: Path) -> None:
    files = issue(tmp_path, at=AT, days=1, not_before=AT - timedelta(days=10))
    certificate = read_certificate(files.certificate.read_bytes())
    assert certificate.not_before == AT - timedelta(days=10)
    assert certificate.not_after == AT - timedelta(days=9)

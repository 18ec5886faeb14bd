"""A certified СКЗИ is a command in the settings: shown with a small program that holds the key and speaks as КриптоПро does, from
``erkc.toml`` to a signed message; and what settings that do not fit say."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from lxml import etree

from adapters.signing import GOST, RSA, ExternalCommand, choose_external, digester_for, issue, read_certificate, verify_message
from adapters.signing.command import CommandDigester
from config.settings import load
from core.errors import ConfigError
from core.services.federal.gateway import AskProviders, Envelope
from erkc.application import Application
from erkc.federation import is_signing_ready, open_federal, prove_signature

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
ROOT = str(Path(__file__).parents[3])
PROGRAM = """
import base64, sys
sys.path.insert(0, {root!r})
from adapters.signing.gost import PrivateKey
key = PrivateKey.read(open({key!r}, "rb").read())
value = key.sign(sys.stdin.buffer.read())
print({{"hex": value[::-1].hex(), "base64": base64.b64encode(value).decode()}}[sys.argv[1]])
"""


class Clock:
    at = AT

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A work folder with the certificate alone: the key is where only the program can read it."""
    files = issue(tmp_path / "vault", at=AT)
    signing = tmp_path / "home" / "signing"
    signing.mkdir(parents=True)
    (signing / "signer.pem").write_bytes(files.certificate.read_bytes())
    (tmp_path / "program.py").write_text(PROGRAM.format(root=ROOT, key=str(files.key)))
    return tmp_path / "home"


def settings_file(home: Path, **facts: str) -> None:
    program = str(home.parent / "program.py")
    lines = {"signer": '"external"', "sign_command": f'["{sys.executable}", "{program}", "hex"]', "sign_encoding": '"hex"'}
    lines |= {"sign_order": '"s_r_reversed"', **facts}
    (home / "erkc.toml").write_text("[gis]\n" + "\n".join(f"{key} = {value}" for key, value in lines.items() if value), encoding="utf-8")


def rendered(home: Path) -> bytes:
    application = Application(load(home=home, environment={}), None, Clock(), "")  # type: ignore[arg-type]  # no database is asked
    assert is_signing_ready(application)
    gateway = open_federal(application).gateway
    return gateway.render(AskProviders(), Envelope(uuid4(), None, AT)).data


@pytest.mark.parametrize("mode", ["exclusive", "inclusive"])
def test_a_command_of_the_settings_signs_the_messages(home: Path, mode: str) -> None:
    settings_file(home, canonicalization=f'"{mode}"')
    data = rendered(home)
    authority = read_certificate((home.parent / "vault" / "ca.pem").read_bytes())
    assert verify_message(data, digester=digester_for(GOST), now=AT, authorities=[authority], profile=GOST).signed_at == AT
    method = etree.fromstring(data).find(".//{http://www.w3.org/2000/09/xmldsig#}CanonicalizationMethod")
    assert method is not None and ("exc-c14n" in str(method.get("Algorithm"))) is (mode == "exclusive")


def test_the_self_test_at_start(home: Path) -> None:
    """Who signs is proved before the first message; an expired certificate and a broken digest stop the start."""
    settings_file(home)
    clock = Clock()
    application = Application(load(home=home, environment={}), None, clock, "")  # type: ignore[arg-type]  # no database is asked
    proved = prove_signature(application)
    assert proved is not None and "program" not in proved.subject and "внешняя команда" in proved.title
    clock.at = AT + timedelta(days=4000)
    with pytest.raises(ConfigError, match="SIG-0705"):
        prove_signature(application)
    (home / "signing" / "signer.pem").unlink()
    assert prove_signature(application) is None


def test_a_wrong_streebog_stops_the_start(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A digester that does not know the published vector is not used, whatever it is."""
    settings_file(home)
    broken = CommandDigester((sys.executable, "-c", "import sys; sys.stdout.buffer.write(bytes(32))"))
    monkeypatch.setattr("adapters.signing.choice.digester_for", lambda profile: broken)
    with pytest.raises(ConfigError, match="SIG-0703"):
        rendered(home)


def test_a_wrong_byte_order_is_found_before_anything_is_sent_and_the_right_one_named(home: Path) -> None:
    settings_file(home, sign_order='"s_r"')
    with pytest.raises(ConfigError) as failure:
        rendered(home)
    assert failure.value.code == "SIG-0704" and "s_r_reversed" in failure.value.hint


@pytest.mark.parametrize("facts", [{"sign_command": ""}, {"signer": '"auto"'}, {"tls_key": '"k.pem"'}])
def test_settings_that_do_not_fit_each_other_are_refused(home: Path, facts: dict[str, str]) -> None:
    settings_file(home, **facts)
    with pytest.raises(ConfigError, match="вместе"):
        load(home=home, environment={})


def test_without_a_certificate_it_is_said(home: Path) -> None:
    with pytest.raises(ConfigError, match="SIG-0701"):
        choose_external(home / "none.pem", ExternalCommand(("true",)))


def test_an_rsa_program_serves_stands(tmp_path: Path) -> None:
    files = issue(tmp_path, at=AT, profile=RSA)
    command = ExternalCommand(("openssl", "dgst", "-sha256", "-sign", str(files.key), "-binary"))
    assert choose_external(files.certificate, command).signer.profile is RSA

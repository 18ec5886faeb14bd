"""What a mail server may do to a letter, and what we know afterwards: taken, refused, certainly not taken, or nobody knows."""

from __future__ import annotations

import socket
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.mail.letter import Sender, letter, message_id
from adapters.mail.smtp import MailServer, SmtpMailer
from core.errors import ConfigError, InputError, TransientError
from core.services.delivery_choices import mail_address
from tests.unit.adapters.mail.mail_server import LocalMailServer
from tests.unit.core.documents.samples import content, debtor

NOW = datetime(2026, 11, 4, 6, tzinfo=UTC)
BILL = content(debtor)
SENDER = Sender("bills@centre.example", "Расчётный центр", "help@centre.example", "https://centre.example/b/{number}")
FROM, TO = "bills@centre.example", "ivanov@example.org"
LETTER = b"Subject: x\r\n\r\n.hidden dot\r\n..two\r\nend\r\n"


def mailer(server: LocalMailServer, **changes: object) -> SmtpMailer:
    return SmtpMailer(replace(MailServer("127.0.0.1", server.port, "none", "", "", 5), **changes))


def test_a_letter_arrives_byte_for_byte_over_one_connection() -> None:
    with LocalMailServer() as server, mailer(server) as mail:
        for _ in range(3):
            assert mail.send(LETTER, sender=FROM, to=TO).state == "sent"
        assert [(one.sender, one.to, one.data) for one in server.taken] == [(FROM, TO, LETTER)] * 3
        assert server.connections == 1


@pytest.mark.parametrize(
    ("order", "state", "code", "dropped"),
    [
        ("refuse", "refused", 550, False),
        ("busy", "not_taken", 451, False),
        ("shut", "not_taken", 421, True),
        ("drop_rcpt", "not_taken", 0, True),
        ("full", "refused", 552, False),
        ("later", "not_taken", 451, False),
        ("drop_dot", "unknown", 0, True),
    ],
)
def test_what_is_known_after_each_trouble(order: str, state: str, code: int, dropped: bool) -> None:
    with LocalMailServer({TO: [order]}) as server, mailer(server) as mail:
        outcome = mail.send(LETTER, sender=FROM, to=TO)
        assert (outcome.state, max(outcome.code, 0), outcome.dropped) == (state, code, dropped)
        assert server.taken == [] and len(server.silent) == (order == "drop_dot")
        assert mail.send(LETTER, sender=FROM, to="other@example.org").state == "sent"  # and the next letter goes


def test_a_connection_that_breaks_inside_the_text_leaves_the_letter_certainly_not_taken() -> None:
    long = b"Subject: x\r\n\r\n" + b"0123456789abcdef" * 64 * 1024 * 4 + b"\r\n"  # 4 MB: more than the sockets hold
    with LocalMailServer({TO: ["drop_body"]}) as server, mailer(server) as mail:
        outcome = mail.send(long, sender=FROM, to=TO)
        assert (outcome.state, outcome.dropped) == ("not_taken", True) and server.taken == [] == server.silent


def test_a_server_that_is_down_is_named() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(TransientError, match="DLV-0301"):
        SmtpMailer(MailServer("127.0.0.1", port, "none", "", "", 2)).connect()


def test_login_over_an_encrypted_connection(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with LocalMailServer(login=("centre", "secret"), context=context) as server:
        changes = {"host": "localhost", "security": "starttls", "user": "centre", "ca_file": certificate}
        with mailer(server, **changes, password="secret") as mail:
            assert mail.send(LETTER, sender=FROM, to=TO).state == "sent"
        with pytest.raises(ConfigError, match="DLV-0302"):
            mailer(server, **changes, password="wrong").connect()
        with pytest.raises(ConfigError, match="DLV-0303"):
            mailer(server, **(changes | {"ca_file": None}), password="secret").connect()
    with LocalMailServer() as plain, pytest.raises(ConfigError, match="DLV-0303"):
        mailer(plain, security="starttls").connect()


def _certificate(folder: Path) -> tuple[Path, Path]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "mail.pem", folder / "mail.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return certificate, private


def test_a_letter_says_the_same_in_text_html_and_attachment() -> None:
    pdf = b"%PDF-1.7 \x00\xff"
    made = letter(BILL, pdf, sender=SENDER, to=TO, identifier="6b0f", at=NOW)
    assert made == letter(BILL, pdf, sender=SENDER, to=TO, identifier="6b0f", at=NOW)
    with LocalMailServer() as server, mailer(server) as mail:
        mail.send(made, sender=FROM, to=TO)
        message = server.taken[0].message
    assert server.taken[0].data == made and message["Message-ID"] == message_id("6b0f", SENDER) == "<6b0f@centre.example>"
    assert message["Reply-To"] == "help@centre.example" and BILL.month.title in message["Subject"]
    (attached,) = message.iter_attachments()
    assert attached.get_content_type() == "application/pdf" and attached.get_content() == pdf
    assert attached.get_filename() == f"{BILL.number}.pdf"
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        said = body.get_content()
        assert BILL.account_number in said and BILL.number in said and f"https://centre.example/b/{BILL.number}" in said
    assert max(len(line) for line in made.split(b"\r\n")) <= 998 and all(byte < 128 for byte in made)


def test_a_hostile_name_is_no_markup_and_no_heading() -> None:
    bad = replace(BILL, address='<script>alert("x")</script>\r\nBcc: all@example.org')
    message_bytes = letter(bad, b"%PDF", sender=SENDER, to=TO, identifier="1", at=NOW)
    with LocalMailServer() as server, mailer(server) as mail:
        mail.send(message_bytes, sender=FROM, to=TO)
        message = server.taken[0].message
    html = message.get_body(("html",))
    assert html is not None and "<script" not in html.get_content() and message["Bcc"] is None


@pytest.mark.parametrize(
    "wrong", ["", "ivanov", "a@b", "a b@example.org", "a@example.org\r\nBcc: x@y.org", "a@ex..org", ".a@example.org", "<a@example.org>"]
)
def test_what_is_no_address(wrong: str) -> None:
    with pytest.raises(InputError, match="DLV-0101"):
        mail_address(wrong)

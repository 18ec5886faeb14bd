"""ГОСТ TLS on loopback with ГОСТ certificates on both sides, the client's required: straight from this process, and through stunnel.

Needs the gost engine (package ``libengine-gost-openssl``), the second test also ``stunnel4``; elsewhere they say so and are skipped.
"""

from __future__ import annotations

import http.server
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.gis_zhkh import gost_tls
from adapters.gis_zhkh.client import HttpReply, SoapClient, Unreachable
from adapters.gis_zhkh.gost_tls import SUITES, TlsFiles, gost_context, gost_session
from adapters.gis_zhkh.operations import operation
from adapters.signing import RSA, TestSubject, engine, issue
from core.errors import ConfigError

STUNNEL = next((found for name in ("stunnel4", "stunnel") if (found := shutil.which(name))), None)
needs_engine = pytest.mark.skipif(engine.load() is None, reason="this machine has no gost engine (package libengine-gost-openssl)")
needs_stunnel = pytest.mark.skipif(STUNNEL is None, reason="this machine has no stunnel (package stunnel4)")
BODY = "<a>ГОСТ</a>".encode()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    """One pair serves both ends: its authority is trusted by both."""
    issued = issue(tmp_path_factory.mktemp("tls"), at=datetime.now(UTC), subject=TestSubject(hosts=("localhost",)))
    return TlsFiles(issued.certificate, issued.key, issued.authority)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        suite, subject = self.connection.cipher()[0], self.connection.getpeercert()  # type: ignore[attr-defined]  # a TLS socket
        answer = f"{suite} {bool(subject)} ".encode() + data
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments: Any) -> None:
        """Silent."""


@contextmanager
def contour(files: TlsFiles) -> Iterator[int]:
    """A server that speaks ГОСТ TLS only and asks for the client's certificate; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(SUITES))
    context.load_cert_chain(files.certificate, files.key)
    context.load_verify_locations(files.authorities)
    context.verify_mode = ssl.CERT_REQUIRED

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, Any]:
            plain, address = self.socket.accept()
            return context.wrap_socket(plain, server_side=True), address

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client without a certificate is a case of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


@needs_engine
def test_directly_with_a_client_certificate(files: TlsFiles) -> None:
    with contour(files) as port:
        session = gost_session(files)
        answer = session.post(f"https://localhost:{port}/", data=BODY, timeout=10)
        suite, has_certificate, data = answer.content.split(b" ", 2)
        assert suite.decode() in {name.removeprefix("LEGACY-") for name in SUITES} | set(SUITES)
        assert has_certificate == b"True" and data == BODY


@needs_engine
def test_the_client_of_the_exchange_goes_that_way(files: TlsFiles) -> None:
    with contour(files) as port:
        client = SoapClient(f"https://localhost:{port}", session=gost_session(files), timeout_s=10)
        reply = client.post(operation("importPaymentDocumentData"), BODY)
        assert isinstance(reply, HttpReply) and reply.status == 200 and reply.body.endswith(BODY)


@needs_engine
def test_a_server_of_another_authority_is_not_believed(files: TlsFiles, tmp_path: Path) -> None:
    other = issue(tmp_path, at=datetime.now(UTC))
    with contour(files) as port:
        session = gost_session(TlsFiles(files.certificate, files.key, other.authority))
        reply = SoapClient(f"https://localhost:{port}", session=session, timeout_s=10).post(operation("importPaymentDocumentData"), BODY)
        assert isinstance(reply, Unreachable)


@needs_engine
@needs_stunnel
def test_through_stunnel(files: TlsFiles, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        local = free.getsockname()[1]
    with contour(files) as port:
        settings = tmp_path / "stunnel.conf"
        settings.write_text(
            "engine = gost\nengineDefault = ALL\nforeground = yes\npid =\n[gis]\nclient = yes\n"
            f"accept = 127.0.0.1:{local}\nconnect = 127.0.0.1:{port}\nCAfile = {files.authorities}\nverifyChain = yes\n"
            f"cert = {files.certificate}\nkey = {files.key}\nsslVersionMax = TLSv1.2\nciphers = {':'.join(SUITES)}\n"
        )
        assert STUNNEL is not None
        tunnel = subprocess.Popen([STUNNEL, str(settings)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            client = SoapClient(f"http://127.0.0.1:{local}", timeout_s=10)
            for _ in range(100):
                reply = client.post(operation("importPaymentDocumentData"), BODY)
                if isinstance(reply, HttpReply) or tunnel.poll() is not None:
                    break
                time.sleep(0.1)
            assert isinstance(reply, HttpReply), tunnel.communicate(timeout=5)[0] if tunnel.poll() is not None else reply
            suite, has_certificate, data = reply.body.split(b" ", 2)
            assert b"GOST" in suite and has_certificate == b"True" and data == BODY
        finally:
            tunnel.terminate()
            tunnel.wait(10)


def test_without_the_engine_it_is_said_before_anything_is_sent(files: TlsFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gost_tls.engine, "load", lambda: None)
    with pytest.raises(ConfigError, match="GIS-0410"):
        gost_context(files)


@needs_engine
def test_files_that_are_absent_or_of_another_kind_are_named(files: TlsFiles, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="GIS-0411"):
        gost_context(TlsFiles(files.certificate, tmp_path / "none", files.authorities))
    other = issue(tmp_path, at=datetime.now(UTC), profile=RSA)
    with pytest.raises(ConfigError, match="GIS-0412"):
        gost_context(TlsFiles(files.certificate, other.key, files.authorities))

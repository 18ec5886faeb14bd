"""The stand on a port: SOAP paths, an administrator's end (faults, contents) and a page for people. Loopback by default; it has no
passwords."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from erkc.stands.gis.page import render
from erkc.stands.gis.rules import Rule
from erkc.stands.gis.seed import SEED_FILE
from erkc.stands.gis.stand import Answer, Stand
from erkc.stands.gis.state import BadSeed

__all__ = ["application", "listen", "open_stand", "serve"]


class _Cut(Response):
    """Promises more bytes than it sends, then breaks: the client sees a connection that was cut."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/xml"), (b"content-length", b"4096")]}
        )
        await send({"type": "http.response.body", "body": b"<?xml ", "more_body": True})
        raise ConnectionAbortedError("cut on request")


class _Slow(Response):
    """Sends the beginning, and the rest when a client that waits for ``stall_s`` at most has given up."""

    def __init__(self, answer: Answer, stall_s: float) -> None:
        super().__init__(answer.body, answer.status, dict(answer.headers))
        self._stall_s = stall_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body[:1]), "more_body": True})
        await asyncio.sleep(self._stall_s)
        await send({"type": "http.response.body", "body": bytes(self.body[1:])})


def application(stand: Stand) -> Starlette:
    """The ASGI application of a stand."""

    async def soap(request: Request) -> Response:
        data = await request.body()
        answer = await run_in_threadpool(stand.handle, request.url.path, request.headers.get("soapaction", ""), data)
        if answer.cut:
            return _Cut()
        return _Slow(answer, stand.stall_s) if answer.slow else Response(answer.body, answer.status, dict(answer.headers))

    async def page(request: Request) -> Response:
        contents = await run_in_threadpool(stand.contents)
        return HTMLResponse(render(contents, stand.organisations))

    async def contents(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(stand.contents))

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            await run_in_threadpool(stand.heal)
            return JSONResponse({"faults": "removed"})
        try:
            rules = [Rule(**rule) for rule in await request.json()]
            await run_in_threadpool(stand.play, rules)
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"faults": "set"})

    async def payments(request: Request) -> Response:
        for item in await request.json():
            await run_in_threadpool(stand.tell_of_payment, item["order_id"], item["acceptor"], item["amount"])
        return JSONResponse({"payments": "told"})

    return Starlette(
        routes=[
            Route("/", page),
            Route("/admin/contents", contents),
            Route("/admin/faults", faults, methods=["POST", "DELETE"]),
            Route("/admin/payments", payments, methods=["POST"]),
            Route("/{path:path}", soap, methods=["POST"]),
        ]
    )


def open_stand(folder: Path) -> Stand:
    """The stand of a folder; ``seed.json`` in it replaces what the stand knew. ``SeedMissing`` and ``BadSeed`` when it can not start."""
    seed_file = folder / SEED_FILE
    seed = None
    if seed_file.exists():
        try:
            seed = json.loads(seed_file.read_text(encoding="utf-8"))
        except ValueError as error:
            raise BadSeed(str(error)) from error
    return Stand(folder, seed=seed)


def listen(port: int, *, host: str = "127.0.0.1") -> socket.socket:
    """Take the port; ``OSError`` when another has it."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def serve(stand: Stand, listener: socket.socket) -> None:
    """Run until stopped."""
    config = uvicorn.Config(application(stand), log_level="critical", access_log=False)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])

"""The stand on a port: the four steps of packages, and an administrator's end (faults, contents). Loopback by default."""

from __future__ import annotations

import re
import socket
from contextlib import suppress

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from erkc.stands.rgis.stand import Answer, Rule, Stand

__all__ = ["application", "serve"]


class _Cut(Response):
    """Promises more bytes than it sends, then breaks: the client sees a connection that was cut."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4096")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise ConnectionAbortedError("cut on request")


def application(stand: Stand) -> Starlette:
    """The ASGI application of a stand."""

    def refused(request: Request) -> Response | None:
        if request.headers.get("authorization") == f"Token {stand.token}":
            return None
        return JSONResponse({"code": 401, "message": "Ключ доступа не принят.", "details": ""}, 401)

    async def upload(request: Request) -> Response:
        if (no := refused(request)) is not None:
            return no
        form = _form(request.headers.get("content-type", ""), await request.body())
        name, checksum = form.get("name", b"").decode(), form.get("checksum", b"").decode()
        span = request.headers.get("content-range", "")
        return _response(await run_in_threadpool(stand.upload, name, checksum, form.get("file", b""), span))

    async def known(request: Request) -> Response:
        return refused(request) or _response(await run_in_threadpool(stand.known, request.path_params["checksum"]))

    async def start(request: Request) -> Response:
        key = request.headers.get("idempotency-key", "")
        return refused(request) or _response(await run_in_threadpool(stand.start, request.path_params["file"], key))

    async def status(request: Request) -> Response:
        return refused(request) or _response(await run_in_threadpool(stand.status, request.path_params["task"]))

    async def download(request: Request) -> Response:
        return refused(request) or _response(await run_in_threadpool(stand.download, request.path_params["file"]))

    async def soap(request: Request) -> Response:
        return refused(request) or _response(await run_in_threadpool(stand.soap, await request.body()))

    async def contents(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(stand.contents))

    async def faults(request: Request) -> Response:
        try:
            stand.play([] if request.method == "DELETE" else [Rule(**rule) for rule in await request.json()])
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"faults": len(stand.rules)})

    return Starlette(
        routes=[
            Route("/storage/upload/", upload, methods=["POST"]),
            Route("/storage/upload/{checksum}", known),
            Route("/import/data/{file}", start, methods=["POST"]),
            Route("/import/status/{task}", status),
            Route("/storage/download/{file}", download),
            Route("/soap/rkc", soap, methods=["POST"]),
            Route("/admin/contents", contents),
            Route("/admin/faults", faults, methods=["POST", "DELETE"]),
        ]
    )


def serve(stand: Stand, listener: socket.socket) -> None:
    """Run until stopped."""
    config = uvicorn.Config(application(stand), log_level="critical", access_log=False)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def _form(content_type: str, body: bytes) -> dict[str, bytes]:
    """The parts of a ``multipart/form-data`` body by name."""
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    found: dict[str, bytes] = {}
    for part in body.split(b"--" + boundary[1].encode())[1:-1] if boundary else ():
        head, _, data = part.partition(b"\r\n\r\n")
        name = re.search(rb'name="([^"]*)"', head)
        if name is not None:
            found[name[1].decode()] = data.removesuffix(b"\r\n")
    return found


def _response(answer: Answer) -> Response:
    return _Cut() if answer.cut else Response(answer.body, answer.status, media_type=answer.content_type)

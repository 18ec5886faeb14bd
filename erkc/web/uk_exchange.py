"""The service for billing systems over HTTP: SOAP 1.1 at ``/uk/1.0``, its WSDL at ``?wsdl``, its schemas beside it.

A message is acknowledged at once; a thread carries out what waits, so that a package of any size keeps nobody's connection. What waited
when the process ended is carried out by the next one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapters import xmlio
from adapters.uk.soap import answers
from adapters.uk.soap.operations import VERSION
from adapters.uk.soap.schema import ADDRESS, FILES, SCHEMA, WSDL, schema_file
from core.errors import InputError
from erkc.application import Application
from erkc.uk_service import handle, work_off
from erkc.web.agent_payments import agent_routes

__all__ = ["Runner", "application"]

PATH = f"/uk/{VERSION}"
_XML = "text/xml; charset=utf-8"
_LOOK_EVERY_S = 5.0
_log = logging.getLogger("erkc.web")


class Runner:
    """The thread that carries out what waits."""

    def __init__(self, service: Application) -> None:
        self._service = service
        self._wake = threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="uk-exchange", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def stop(self) -> None:
        """End after what is being carried out."""
        self._stop = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop:
            try:
                work_off(self._service)
            except Exception:  # noqa: BLE001  # the database may be away: the next round looks again
                _log.exception("uk_exchange.round")
            self._wake.wait(_LOOK_EVERY_S)
            self._wake.clear()


def application(service: Application) -> Starlette:
    """The ASGI application: this service, and beside it the agents' requests to check an account and to report a payment."""
    runner = Runner(service)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        runner.start()
        yield
        await run_in_threadpool(runner.stop)

    async def soap(request: Request) -> Response:
        data = bytearray()
        async for part in request.stream():
            data += part
            if len(data) > xmlio.LARGEST_MESSAGE:
                error = InputError("XML-0001", "Сообщение больше допустимого.", hint="Разделите пакет: предел 64 МБ.")
                return Response(answers.fault(error), 413, media_type=_XML)
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        answer = await run_in_threadpool(handle, service, bytes(data), token=token.strip() if kind in ("Token", "Bearer") else None)
        if answer.is_new_work:
            runner.wake()
        return Response(answer.body, answer.status, media_type=_XML)

    async def described(request: Request) -> Response:
        name = request.path_params.get("name") or WSDL
        if name not in FILES:
            return PlainTextResponse("Нет такого файла.", 404)
        text = schema_file(name).decode("utf-8")
        if name == WSDL:
            base = str(request.base_url).rstrip("/") + PATH
            text = text.replace(ADDRESS, base).replace(f'schemaLocation="{SCHEMA}"', f'schemaLocation="{base}/{SCHEMA}"')
        return Response(text, media_type=_XML)

    return Starlette(
        lifespan=lifespan,
        routes=[
            Route(PATH, soap, methods=["POST"]),
            Route(PATH, described, methods=["GET"]),
            Route(PATH + "/{name}", described, methods=["GET"]),
            *agent_routes(service),
        ],
    )

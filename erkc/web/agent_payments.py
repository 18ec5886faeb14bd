"""Check and pay for agents over HTTP: a signed XML document by POST, an XML answer with a code (uk-exchange 7.5).

The signature says who speaks: its certificate must lead to an authority in ``<home>/agents/*.pem`` and be of the organisation (ОГРН) that
the region's setting ``online_agents`` names for the profile. Codes: 0 done, 1 no account, 2 not saved, 5 not authorised, 100 not
understood, 201 already taken. No credentials stand in an address, and GET moves nothing. Outwards it stands behind a server with TLS.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime

from lxml import etree
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.signing import GOST, RSA, SignatureError, digester_for, read_certificate, verify_message
from core.records.facts import read_settings
from core.services.online import Answer, Report, check_account, report_payment
from core.storage.engine import transaction
from erkc.application import Application

__all__ = ["NAMESPACE", "PATH", "agent_routes", "answer_agent", "application"]

NAMESPACE = "urn:erkc:agents:1.0"
PATH = "/agents/1.0"
_LARGEST = 1_000_000
_OGRN = "1.2.643.100.1"
_XML = "text/xml; charset=utf-8"
NOT_AUTHORISED, NOT_UNDERSTOOD = 5, 100


class _Refused(Exception):
    """Why a request is not answered, with its code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.answer = Answer(code, text)


def application(service: Application) -> Starlette:
    """The ASGI application of these requests alone."""
    return Starlette(routes=agent_routes(service))


def agent_routes(service: Application) -> Sequence[Route]:
    """The routes, to stand beside others."""

    async def post(request: Request) -> Response:
        data = bytearray()
        async for part in request.stream():
            data += part
            if len(data) > _LARGEST:
                return Response(_as_xml(Answer(NOT_UNDERSTOOD, "Запрос больше 1 МБ.")), 413, media_type=_XML)
        body = await run_in_threadpool(answer_agent, service, bytes(data))
        return Response(body, media_type=_XML)

    return [Route(PATH, post, methods=["POST"])]


def answer_agent(service: Application, data: bytes) -> bytes:
    """One request → one answer, both XML; the code says what became of it."""
    try:
        return _as_xml(_answer(service, data))
    except _Refused as refused:
        return _as_xml(refused.answer)


def _answer(service: Application, data: bytes) -> Answer:
    element = _verified(service, data)
    operation = etree.QName(element).localname
    fields = {etree.QName(child).localname: (child.text or "").strip() for child in element if isinstance(child.tag, str)}
    if operation not in ("Check", "Pay") or etree.QName(element).namespace != NAMESPACE:
        raise _Refused(NOT_UNDERSTOOD, f"Нет запроса «{operation}»: есть Check и Pay пространства {NAMESPACE}.")
    if operation == "Check":
        return check_account(service.engine, account_text=_field(fields, "Account"), profile=_field(fields, "Profile"))
    amount, paid_at = _field(fields, "AmountKop"), _field(fields, "PaidAt")
    if not re.fullmatch(r"[1-9]\d{0,14}", amount, re.ASCII):
        raise _Refused(NOT_UNDERSTOOD, "AmountKop — целое число копеек больше нуля.")
    report = Report(_field(fields, "Profile"), _field(fields, "OperationId"), _field(fields, "Account"), int(amount), _day(paid_at))
    return report_payment(service.engine, data=data, report=report, clock=service.clock)


def _verified(service: Application, data: bytes) -> etree._Element:
    """The signed element; refused with code 5 unless the signer is the agent of the profile."""
    authorities = [read_certificate(path.read_bytes()) for path in sorted((service.home / "agents").glob("*.pem"))]
    profile = GOST if GOST.signature_uri.encode() in data else RSA
    now = service.clock.now()
    try:
        verified = verify_message(data, digester=digester_for(profile), now=now, authorities=authorities, profile=profile)
    except SignatureError as error:
        raise _Refused(NOT_AUTHORISED, f"{error.code}: {error.message}") from error
    with transaction(service.engine) as connection:
        listed = read_settings(connection, day=now.date(), provider_id=None).get("online_agents", [])
    named = verified.element.findtext(f"{{{NAMESPACE}}}Profile", "").strip()
    agents = [one for one in listed if isinstance(one, dict) and one.get("profile") == named] if isinstance(listed, list) else []
    if not any((_OGRN, str(one.get("ogrn"))) in verified.certificate.subject_parts for one in agents):
        raise _Refused(NOT_AUTHORISED, f"Подписавший — не агент профиля «{named}» (настройка региона online_agents).")
    return verified.element


def _field(fields: dict[str, str], name: str) -> str:
    if not fields.get(name):
        raise _Refused(NOT_UNDERSTOOD, f"В запросе нет поля {name}.")
    return fields[name]


def _day(text: str) -> date:
    """The calendar day in the zone that the agent states: it is never moved to ours."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _Refused(NOT_UNDERSTOOD, "PaidAt — момент с часовым поясом: 2026-11-12T10:00:00+03:00.") from None
    if moment.tzinfo is None:
        raise _Refused(NOT_UNDERSTOOD, "В PaidAt нет часового пояса.")
    return moment.date()


def _as_xml(answer: Answer) -> bytes:
    root = etree.Element(f"{{{NAMESPACE}}}Answer", nsmap={None: NAMESPACE})
    values = {"Code": str(answer.code), "Description": answer.text, "State": answer.state}
    if answer.debt is not None:
        values |= {"DebtKop": str(answer.debt)}
    if answer.unconfirmed or answer.debt is not None:
        values |= {"UnconfirmedKop": str(answer.unconfirmed)}
    for name, value in values.items():
        if value:
            etree.SubElement(root, f"{{{NAMESPACE}}}{name}").text = value
    data: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return data

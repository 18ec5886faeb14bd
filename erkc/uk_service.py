"""The service for billing systems of management companies, assembled: who asks, what is stored, what is carried out, what is answered.

Whoever asks is known by the token of a client or by the signature of the message; a message with neither is refused unread. What is pushed
goes the way of every file: archived, parsed by its adapter, taken by the core's service.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapters.contract import RawMessage
from adapters.signing import GOST, RSA, SignatureError, digester_for, read_certificate, verify_message
from adapters.uk.soap import answers
from adapters.uk.soap.operations import PULLS, STATE
from adapters.uk.soap.push import SoapPush
from adapters.uk.soap.requests import Request, read_request
from core import inquiries
from core.errors import ErkcError, InputError, RejectedError, TransientError
from core.inquiries import Inquiry
from core.period import Month
from core.records.providers import Provider
from core.services.inquiries import answer_inquiry, ask, receive_inquiry, sender_of_token, sender_registered
from core.services.pulled import pulled
from core.storage.engine import transaction
from erkc.application import Application
from erkc.failures import as_known
from erkc.intake import release_after, take_pushed

__all__ = ["CHANNEL", "Answer", "authorities_folder", "handle", "work_off"]

CHANNEL = SoapPush.name
_OGRN = "1.2.643.100.1"
_MOST_ATTEMPTS = 5
_log = logging.getLogger("erkc.uk_service")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes
    is_new_work: bool = False


def authorities_folder(application: Application) -> Path:
    """Where the certificates of the authorities lie whose clients may sign (``*.pem``)."""
    return application.home / "uk-authorities"


def handle(application: Application, data: bytes, *, token: str | None) -> Answer:
    """Answer one message: an acknowledgment, a state with its result, or a fault."""
    try:
        sender = None if token is None else sender_of_token(application.engine, token)
        if token is not None and sender is None:
            raise RejectedError("UKS-0106", "Ключ клиента не подходит.", hint="Ключ выдаёт центр: erkc client new ИНН.")
        if sender is None and b"SignatureValue" not in data:
            raise RejectedError(
                "UKS-0106", "Сообщение без ключа клиента и без подписи.", hint="Заголовок Authorization: Token КЛЮЧ или подпись XAdES-BES."
            )
        request = read_request(data)
        sender = _proved(application, request, data, sender)
        if request.operation == STATE:
            return _state(application, request, sender)
        found, is_new = receive_inquiry(
            application.engine,
            data=data,
            channel=CHANNEL,
            operation=request.operation,
            sender=sender,
            request_guid=request.guid,
            content_sha256=request.content_sha256,
            clock=application.clock,
        )
        return Answer(200, answers.acknowledgment(found.message_guid, found.request_guid), is_new)
    except ErkcError as error:
        return Answer(500, answers.fault(error, is_sender=not isinstance(error, TransientError)))


def work_off(application: Application) -> int:
    """Carry out every request that waits; how many were. One that fails by our own fault is tried again, five times."""
    with transaction(application.engine) as connection:
        waiting = inquiries.waiting(connection)
    done = 0
    for one in waiting:
        try:
            done += answer_inquiry(application.engine, one, lambda i, d: _work(application, i, d), channel=CHANNEL, clock=application.clock)
        except TransientError as error:
            _log.warning("inquiry.later", extra={"message": one.message_guid, "code": error.code})
        except Exception as error:  # noqa: BLE001  # one request that fails must not keep the others waiting
            _log.exception("inquiry.failed", extra={"message": one.message_guid})
            if as_known(error) is None:
                _give_up(application, one)
    return done


def _give_up(application: Application, one: Inquiry) -> None:
    """Our defect must not keep the sender waiting for ever."""
    with transaction(application.engine) as connection:
        tried = inquiries.attempts(connection, one.message_guid)
    if tried >= _MOST_ATTEMPTS:
        error = InputError("UKS-0107", "Запрос не исполнен из-за ошибки центра.", hint="Сообщите центру MessageGUID; присланное сохранено.")
        answer_inquiry(
            application.engine, one, lambda i, d: (answers.refused(i.message_guid, error),), channel=CHANNEL, clock=application.clock
        )


def _work(application: Application, one: Inquiry, data: bytes) -> Iterable[bytes]:
    request = read_request(data)
    try:
        if one.operation in PULLS:
            assert isinstance(request.period, Month)
            rows = pulled(application.engine, one.operation, provider_id=one.provider_id, month=request.period)
            most = application.settings.limits.uk_answer_rows
            return answers.rows_parts(one.operation, one.message_guid, rows, most_rows=most)
        taken = take_pushed(application, RawMessage(f"{one.operation}-{one.request_guid}.xml", data))
        release_after(application, taken)
        return (answers.imported(one.message_guid, status=taken.status, new_records=taken.new_records, findings=taken.findings),)
    except TransientError:
        raise
    except ErkcError as error:
        return (answers.refused(one.message_guid, error),)


def _state(application: Application, request: Request, sender: Provider) -> Answer:
    asked = ask(application.engine, message_guid=request.asked, sender=sender.provider_id, part=request.part)
    if asked.answer is not None:
        return Answer(200, asked.answer)
    state = answers.PROCESSING if asked.is_begun else answers.RECEIVED
    return Answer(200, answers.state(asked.inquiry.message_guid, state), is_new_work=True)


def _proved(application: Application, request: Request, data: bytes, of_token: Provider | None) -> Provider:
    """The provider in whose name the message may speak: it names itself, and its token or its certificate says the same."""
    inn, kpp = request.header["INN"], request.header["KPP"]
    named = sender_registered(application.engine, inn=inn, kpp=kpp)
    if named is None:
        raise RejectedError("UKS-0108", f"Отправитель {inn}/{kpp} не зарегистрирован.", hint="Сверьте ИНН и КПП с настройками региона.")
    if of_token is not None and of_token.provider_id != named.provider_id:
        raise RejectedError("UKS-0108", f"Ключ выдан не отправителю {inn}/{kpp}.", hint="Каждый клиент говорит только от своего имени.")
    if request.is_signed:
        _check_signature(application, data, named, now=application.clock.now())
    elif of_token is None:
        raise RejectedError("UKS-0106", "Сообщение без ключа клиента и без подписи.", hint="Подпись стоит первой внутри элемента запроса.")
    return named


def _check_signature(application: Application, data: bytes, named: Provider, *, now: datetime) -> None:
    folder = authorities_folder(application)
    authorities = [read_certificate(path.read_bytes()) for path in sorted(folder.glob("*.pem"))] if folder.is_dir() else []
    profile = GOST if GOST.signature_uri.encode() in data else RSA
    try:
        verified = verify_message(data, digester=digester_for(profile), now=now, authorities=authorities, profile=profile)
    except SignatureError as error:
        raise RejectedError(error.code, error.message, hint=error.hint or "Проверьте сертификат и способ подписи.") from error
    if (_OGRN, named.ogrn) not in verified.certificate.subject_parts:
        raise RejectedError(
            "UKS-0108", f"Сертификат подписи выдан не организации с ОГРН {named.ogrn}.", hint="Подписывает сам отправитель."
        )

"""The federal conversation (ГИС ЖКХ): identifiers in, bills and acknowledgments out, safe to repeat after a crash at any step.

``commands`` holds what an operator does; ``act`` begins a conversation, ``conversation`` takes one step at a time, ``outcomes`` says what
an answer means; ``gateway`` says what is asked of the wire (its implementation comes as an argument); ``directory``, ``accounts``,
``bills`` and ``acknowledgments`` are what is talked about.
"""

from core.services.federal.acknowledgments import Acknowledged, PaidPart, PaymentToAcknowledge
from core.services.federal.bills import Prepared, bill_request
from core.services.federal.commands import (
    Access,
    Answered,
    Synchronised,
    Waiting,
    acknowledge,
    annul_notification,
    answer,
    begin_access_check,
    cancel_acknowledgments,
    check_access,
    known_access,
    look_at_inbox,
    map_service,
    payment_details,
    poll,
    send_bills,
    send_debts,
    send_readings,
    synchronise,
    tell_payments,
    withdraw_bills,
)
from core.services.federal.context import Federal
from core.services.federal.conversation import Ran
from core.services.federal.gateway import Gateway
from core.services.federal.inbox import read_appeals, read_subrequests
from core.services.federal.mapping import MappedService, choose_insurance, insurance_products, mapped_services
from core.services.federal.payments import Form, NotificationStanding, PaymentToTell
from core.services.federal.readings import ReadingStanding
from core.services.federal.standing import Standing, answered, status, troubles, unfinished
from core.services.federal.withdrawals import Withdrawn

__all__ = [
    "Access",
    "Acknowledged",
    "Answered",
    "Federal",
    "Form",
    "Gateway",
    "MappedService",
    "NotificationStanding",
    "PaidPart",
    "PaymentToAcknowledge",
    "PaymentToTell",
    "Prepared",
    "Ran",
    "ReadingStanding",
    "Standing",
    "Synchronised",
    "Waiting",
    "Withdrawn",
    "acknowledge",
    "annul_notification",
    "answer",
    "answered",
    "begin_access_check",
    "bill_request",
    "cancel_acknowledgments",
    "check_access",
    "choose_insurance",
    "insurance_products",
    "known_access",
    "look_at_inbox",
    "map_service",
    "mapped_services",
    "payment_details",
    "poll",
    "read_appeals",
    "read_subrequests",
    "send_bills",
    "send_debts",
    "send_readings",
    "status",
    "synchronise",
    "tell_payments",
    "troubles",
    "unfinished",
    "withdraw_bills",
]

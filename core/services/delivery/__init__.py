"""Delivery of issued bills: by e-mail to those who agreed, to print agents for the rest; once each, whatever crashes.

Every way goes through the outbox: what is to be sent is stored with its identifier and bytes before the first attempt, and a unique index
lets a bill be on its way or delivered once. A letter of which nobody knows whether the server took it waits for a person
(:func:`decide`); a batch of paper is written again with the same bytes. A refused or returned letter goes on paper at the next run.
"""

from core.services.delivery.decisions import decide
from core.services.delivery.mail import Mailer, MailRun, send_letters
from core.services.delivery.paper import PrintBatch, Printer, print_batches
from core.services.delivery.prepare import LetterOrder, Prepared, prepare_deliveries
from core.services.delivery.standing import delivery_facts

__all__ = [
    "LetterOrder",
    "MailRun",
    "Mailer",
    "Prepared",
    "PrintBatch",
    "Printer",
    "decide",
    "delivery_facts",
    "prepare_deliveries",
    "print_batches",
    "send_letters",
]

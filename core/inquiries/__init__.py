"""Requests that other systems send to our own services, and what they were answered; and who may send: clients with their tokens.

A request is stored before anything is done about it; the same identifier with the same content is the same request for ever. Tables:
inquiry, inquiry_attempt, inquiry_answer, client, client_end: all of them only grow.
"""

from core.inquiries.clients import Client, client_of_token, clients, end_client, new_client
from core.inquiries.store import Inquiry, answer, answer_of, attempt, attempts, inquiry, lock, receive, waiting

__all__ = [
    "Client",
    "Inquiry",
    "answer",
    "answer_of",
    "attempt",
    "attempts",
    "client_of_token",
    "clients",
    "end_client",
    "inquiry",
    "lock",
    "new_client",
    "receive",
    "waiting",
]

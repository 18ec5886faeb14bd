"""The signature of an answer, where it has one: the federal system signs some results and not others, so an absent one is no fault.

A signature that does not fit its message means that the answer was changed on its way: it is not believed, and asked for again.
"""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from adapters.signing import PROFILES, SignatureError, digester_for, verify_message
from adapters.signing.document import DS
from adapters.xmlio import parse
from core.errors import InputError

__all__ = ["signature_problem"]


def signature_problem(data: bytes, *, now: datetime) -> str:
    """What is wrong with the signature of an answer, in Russian; empty when it fits, is absent, or is of a kind that we do not know.

    Whether the signer is to be trusted is not asked: which certificates the federal system signs with is not published.
    """
    if b"SignatureValue" not in data:
        return ""
    try:
        root = parse(data)
    except InputError:
        return ""  # said by whoever reads it
    methods = {str(method.get("Algorithm")) for method in root.iter(f"{{{DS}}}SignatureMethod") if isinstance(method, etree._Element)}
    known = [profile for profile in PROFILES.values() if profile.signature_uri in methods]
    if len(methods) == 1 and not known:
        return ""
    try:
        if len(known) != 1:
            raise SignatureError("SIG-0603", "Подпись должна быть одна.")
        verify_message(data, digester=digester_for(known[0]), now=now, authorities=None, profile=known[0])
    except SignatureError as error:
        return error.message
    return ""

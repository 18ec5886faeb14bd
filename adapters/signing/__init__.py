"""XAdES-BES signatures of messages: made and checked, over one narrow signer protocol (``profile``), by whatever the machine has
(``choice``)."""

from adapters.signing.certificates import Certificate, read_certificate
from adapters.signing.choice import Choice, ExternalCommand, choose, choose_external, digester_for
from adapters.signing.command import CommandSigner
from adapters.signing.issue import IssuedFiles, TestSubject, issue
from adapters.signing.profile import GOST, PROFILES, RSA, Digester, Profile, SignatureError, Signer
from adapters.signing.verify import Verified, verify_message
from adapters.signing.xades import sign_message

__all__ = [
    "GOST",
    "PROFILES",
    "RSA",
    "Certificate",
    "Choice",
    "CommandSigner",
    "Digester",
    "ExternalCommand",
    "IssuedFiles",
    "Profile",
    "SignatureError",
    "Signer",
    "TestSubject",
    "Verified",
    "choose",
    "choose_external",
    "digester_for",
    "issue",
    "read_certificate",
    "sign_message",
    "verify_message",
]

"""The exchange with the regional system: what is sent is in the outbox first, and what became of it is written before the next step."""

from core.services.regional.calls import CALLS, CallRun, prepare_call, send_calls
from core.services.regional.sending import ACT, SYSTEM, Carrier, SendRun, Standing, prepare_unload, send_unloads, standing

__all__ = [
    "ACT", "CALLS", "SYSTEM", "CallRun", "Carrier", "SendRun", "Standing", "prepare_call", "prepare_unload", "send_calls", "send_unloads",
    "standing",
]  # fmt: skip

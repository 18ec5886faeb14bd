"""The exchange with the regional system: what is sent is in the outbox first, and what became of it is written before the next step."""

from core.services.regional.sending import ACT, SYSTEM, Carrier, SendRun, Standing, prepare_unload, send_unloads, standing

__all__ = ["ACT", "SYSTEM", "Carrier", "SendRun", "Standing", "prepare_unload", "send_unloads", "standing"]

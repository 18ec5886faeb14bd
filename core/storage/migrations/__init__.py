"""Alembic migrations: forward only, one purpose each. They run as ``erkc_owner``."""

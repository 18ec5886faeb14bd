"""The house: providers, archive, records, ledger, issued documents, outbox, jobs, events; roles and row-level security."""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything; the texts beside this file are frozen."""
    folder = Path(__file__).parent
    for name in ("0001_foundation.sql", "0001_records.sql", "0001_procrastinate.sql", "0001_rights.sql"):
        op.get_bind().exec_driver_sql((folder / name).read_text(encoding="utf-8").replace("%", "%%"))

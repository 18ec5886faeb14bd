"""Alembic environment: the connection is given by :func:`core.storage.migrate.upgrade`; nothing is read from files or the environment."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()

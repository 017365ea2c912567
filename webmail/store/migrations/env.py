"""How Alembic runs the steps here: on the connection that ``upgrade`` hands it, all steps in one transaction."""

from __future__ import annotations

from alembic import context

from webmail.store.schema import durable

# SQLite cannot change columns in place; batch mode copies the table.
context.configure(connection=context.config.attributes["connection"], target_metadata=durable, render_as_batch=True, transactional_ddl=True)
context.run_migrations()

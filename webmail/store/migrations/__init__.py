"""The steps from every durable database of the past to the one of today (Alembic).

Each step is a module in ``versions/`` that is never changed once released. ``HEAD`` is the last one: a test holds it
equal to what Alembic finds, and the migrated tables equal to ``webmail.store.schema``.
"""

HEAD = "0008"

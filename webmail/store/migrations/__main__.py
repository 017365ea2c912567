"""Bring a durable database to HEAD: ``python -m webmail.store.migrations <file>``. ``Database.open`` starts it when needed.

With ``-`` in place of a file, the address of a PostgreSQL database is read from the standard input: it may hold a password,
and the arguments of a program can be read by everybody.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

SCHEMA = "webmail"


def upgrade(path: Path, *, to: str = "head") -> None:
    """Run the missing steps in one transaction: a failed or killed upgrade leaves the database as it was."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"isolation_level": None})

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    _run(engine, to)


def upgrade_server(url: str, *, to: str = "head") -> None:
    """As ``upgrade``, for the durable schema of a PostgreSQL database, which is made where it is missing."""
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args={"options": f"-c search_path={SCHEMA}"})

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")

    _run(engine, to)


def _run(engine: Engine, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


if __name__ == "__main__":
    if sys.argv[1] == "-":
        upgrade_server(sys.stdin.read())
    else:
        upgrade(Path(sys.argv[1]))

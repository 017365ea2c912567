"""Bring a durable database to HEAD: ``python -m webmail.store.migrations <file>``. ``Database.open`` starts it when needed."""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import NullPool


def upgrade(path: Path, *, to: str = "head") -> None:
    """Run the missing steps in one transaction: a failed or killed upgrade leaves the database as it was."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, connect_args={"isolation_level": None})

    @event.listens_for(engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, to)


if __name__ == "__main__":
    upgrade(Path(sys.argv[1]))

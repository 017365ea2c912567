"""The steps of a submission, as its delivery report tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from webmail.store.columns import dumps, loads, microseconds, moment
from webmail.store.database import Database
from webmail.store.schema import submission_steps


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a delivery report."""

    at: datetime
    code: str
    kind: str
    values: Mapping[str, Any]


def steps(database: Database, submission_id: int) -> tuple[Step, ...]:
    """The delivery report, oldest line first."""
    query = select(submission_steps).where(submission_steps.c.submission_id == submission_id).order_by(submission_steps.c.id)
    with database.durable() as connection:
        return tuple(Step(moment(row.at), row.code, row.kind, loads(row._mapping["values"])) for row in connection.execute(query))


def record_step(database: Database, submission_id: int, *, at: datetime, code: str, kind: str, values: Mapping[str, object]) -> None:
    """Add a line to the delivery report."""
    with database.durable_write() as connection:
        add_step(connection, submission_id, at=at, code=code, kind=kind, values=values)


def add_step(connection: Connection, submission_id: int, *, at: datetime, code: str, kind: str, values: Mapping[str, object]) -> None:
    """Add a line in a transaction of somebody else."""
    plain = {name: value if isinstance(value, int | str) else str(value) for name, value in values.items()}
    row = {"submission_id": submission_id, "at": microseconds(at), "code": code, "kind": kind, "values": dumps(plain)}
    connection.execute(insert(submission_steps).values(row))

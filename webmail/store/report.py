"""The delivery report of a submission: its steps, and the conversation with the submission server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from webmail.store.columns import dumps, loads, microseconds, moment
from webmail.store.database import Database
from webmail.store.schema import submission_steps, submissions


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


def set_transcript(database: Database, submission_id: int, *, lines: Sequence[str]) -> None:
    """Keep the conversation with the submission server, secrets already blanked."""
    with database.durable_write() as connection:
        connection.execute(update(submissions).where(submissions.c.id == submission_id).values(transcript=dumps(list(lines))))


def record_step(database: Database, submission_id: int, *, at: datetime, code: str, kind: str, values: Mapping[str, object]) -> None:
    """Add a line to the delivery report."""
    with database.durable_write() as connection:
        add_step(connection, submission_id, at=at, code=code, kind=kind, values=values)


def add_step(connection: Connection, submission_id: int, *, at: datetime, code: str, kind: str, values: Mapping[str, object]) -> None:
    """Add a line in a transaction of somebody else."""
    plain = {name: value if isinstance(value, int | str) else str(value) for name, value in values.items()}
    row = {"submission_id": submission_id, "at": microseconds(at), "code": code, "kind": kind, "values": dumps(plain)}
    connection.execute(insert(submission_steps).values(row))

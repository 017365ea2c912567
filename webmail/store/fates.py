"""Fates: what reports say, later, of the recipients of a submission. Each report counts once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from webmail.store.columns import clean, microseconds
from webmail.store.database import Database
from webmail.store.report import Step, add_step
from webmail.store.schema import submission_recipients, submission_reports, submissions

RANKS = {"": 0, "unknown": 0, "delayed": 1, "expanded": 2, "relayed": 2, "delivered": 3, "failed": 4}
READ = 5
"""Whatever somebody did with it, it had arrived."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What a report says of one recipient; ``address`` is empty where it is none of those the message was sent to."""

    address: str
    word: str
    status: str = ""
    text: str = ""


def join(
    database: Database, submission_id: int, *, report: str, at: datetime, fates: Sequence[Fate], steps: Sequence[Step], attention: bool
) -> bool:
    """Add a report to a submission; ``report`` names it. False if it was added before. A word that says less changes nothing."""
    known = (submission_reports.c.submission_id == submission_id) & (submission_reports.c.report == report)
    with database.durable_write() as connection:
        if connection.execute(select(submission_reports.c.report).where(known)).first() is not None:
            return False
        connection.execute(insert(submission_reports).values(submission_id=submission_id, report=report))
        for fate in fates:
            this = (submission_recipients.c.submission_id == submission_id) & (submission_recipients.c.address == fate.address)
            before = connection.execute(select(submission_recipients.c.fate).where(this)).scalar()
            if before is None or RANKS.get(fate.word, READ) < RANKS.get(before, READ):
                continue
            values = {"fate": fate.word, "fate_status": clean(fate.status), "fate_text": clean(fate.text), "fate_at": microseconds(at)}
            connection.execute(update(submission_recipients).where(this).values(values))
        for step in steps:
            add_step(connection, submission_id, at=step.at, code=step.code, kind=step.kind, values=step.values)
        if attention:
            connection.execute(update(submissions).where(submissions.c.id == submission_id).values(attention=1))
        return True

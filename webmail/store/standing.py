"""Standing: how things are with an account, in one look-up, for the frame around every page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import BindParameter, String, bindparam, func, literal, select, union_all

from webmail.account import AccountId
from webmail.store.database import Database
from webmail.store.schema import credentials, jobs, submissions
from webmail.store.submissions import UNDERWAY

_ACCOUNT: BindParameter[int] = bindparam("account")
STANDING = union_all(
    select(literal("submission", String).label("what"), submissions.c.state.label("which"), func.count().label("many"))
    .where(submissions.c.account_id == _ACCOUNT, submissions.c.reopened_key == "")
    .group_by(submissions.c.state),
    select(literal("attention", String), literal("", String), func.count()).where(
        submissions.c.account_id == _ACCOUNT, submissions.c.reopened_key == "", submissions.c.attention == 1
    ),
    select(literal("job", String), jobs.c.kind, func.count()).where(jobs.c.account_id == _ACCOUNT).group_by(jobs.c.kind),
    select(literal("password", String), literal("", String), func.count()).where(credentials.c.account_id == _ACCOUNT),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Submissions underway and in need of a person, the kinds of job an account has, and whether its password is kept."""

    waiting: int
    problems: int
    jobs: frozenset[str]
    password: bool


def standing(database: Database, account_id: AccountId) -> Standing:
    """How things are with an account now. One look-up."""
    with database.durable() as connection:
        rows = connection.execute(STANDING, {"account": account_id}).all()
    sent = {row.which: row.many for row in rows if row.what == "submission"}
    return Standing(
        waiting=sum(sent.get(state, 0) for state in UNDERWAY),
        problems=sum(row.many for row in rows if row.what == "attention"),
        jobs=frozenset(row.which for row in rows if row.what == "job"),
        password=any(row.many for row in rows if row.what == "password"),
    )

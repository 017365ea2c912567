"""Saved searches, and the form that writes a query: searching for those who do not like to type operators twice."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

from webmail.errors import InvalidInput
from webmail.mail.found import SearchForm
from webmail.mail.pages import SavedSearch
from webmail.mail.search import COUNTED, ground, understood
from webmail.mail.session import MailSession
from webmail.query.syntax import Is, State, all_of
from webmail.query.write import Form, written
from webmail.store import saved_searches, search

NAME_LENGTH = 60
SIZE = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,3})?")


def query_of(form: SearchForm) -> str:
    """The query that an advanced search means; fields that cannot be read count as empty."""
    state = State(form.state) if form.state in list(State) else None
    megabytes = form.larger.strip().replace(",", ".", 1)
    larger = int(float(megabytes) * 1024 * 1024) if SIZE.fullmatch(megabytes) else None
    texts = {name: getattr(form, name) for name in ("sender", "to", "subject", "words", "without", "mailbox")}
    wanted = Form(**texts, has_attachment=form.has_attachment, state=state, larger=larger)
    return written(replace(wanted, after=_day(form.after), before=_day(form.before)))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def save(session: MailSession, name: str, *, query: str) -> SavedSearch:
    """Keep a query under a name. Raises InvalidInput for an empty name or query, Conflict("name_taken")."""
    name = " ".join(name.split())[:NAME_LENGTH]
    if not name or not query.strip():
        raise InvalidInput("search_name", field="name")
    saved = saved_searches.add(session.database, session.user.id, name=name, query=query.strip(), now=datetime.now(UTC))
    count_saved(session)
    return saved


def count_saved(session: MailSession) -> None:
    """Count the unread messages of every saved search anew, up to a thousand each; the worker does so once a minute."""
    for saved in saved_searches.of_user(session.database, session.user.id):
        node = understood(saved.query).node
        if node is not None:
            wanted = all_of([node, Is(State.UNREAD)]) or node
            unread = search.count(session.database, wanted, scope=ground(session, wanted).scope, limit=COUNTED)
            saved_searches.note_unread(session.database, saved, unread)


def forget(session: MailSession, search_id: int) -> SavedSearch:
    """Forget a saved search and return what it was. Raises NotFound("saved_search")."""
    return saved_searches.remove(session.database, session.user.id, search_id)

"""Checks: what to look at before a message goes, told in one panel; few of them ask before it is sent, and none for nothing.

What makes sending impossible is an error of its field (``submission``). Here is what may be meant: a message without a subject, a word of
an attachment without one, somebody who looks like a person known. Everything is known here already; nothing is asked of a server but,
for a large message and once a day, how much the submission server takes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from webmail import smtp
from webmail.address import Address, parse_address_list
from webmail.errors import NotFound, WebmailError
from webmail.mail import identities
from webmail.mail.pages import Check, DraftFormat
from webmail.mail.session import MailSession, account
from webmail.message.lookalikes import looks_like
from webmail.sanitize import text as words
from webmail.store import mailboxes, messages, preferences, senders
from webmail.store.drafts import DraftRow

MANY = 15
"""Recipients of an answer to all from which on it is asked about."""
NAMED = 5
"""People a check names."""
LOOKED_AT = 50
"""Recipients that are compared with who is known."""
LARGE = 1024 * 1024
ASKED_AGAIN = timedelta(days=1)
SIZE = "smtp_size_{}"
SIZE_SECONDS = 5.0
GROWTH = 1.37
"""What base64 with its line ends adds to a file."""
EARLY = frozenset({"lookalike", "namesake", "unknown", "wrong_identity", "many_recipients"})
"""What is told while somebody still writes; the rest would be told of every message that is half done."""
_ATTACHED = re.compile(
    r"\b(?:attach(?:ed|ing|ment|ments)|enclosed|enclosing|anhang|anbei|angehängt|beigefügt|anlage|ci-joint|ci-jointe|pièces? jointes?"
    r"|adjunt[oa]s?)\b|附件|附上|附档|附檔|随信附|隨信附|见附|見附|添付",
    re.IGNORECASE,
)
_OTHERS_WORDS = re.compile(r"(?m)^-{8,}|^-- $")


def checks(session: MailSession, row: DraftRow) -> tuple[Check, ...]:
    """What to look at in a draft, what ``holds`` it first. About ten look-ups; no network."""
    people = _people(row)
    found = [
        *([Check("no_subject", holds=True)] if not row.subject.strip() else []),
        *([Check("no_attachment", holds=True)] if _misses_attachment(row) else []),
        *_identity(session, row),
        *_known(session, people),
    ]
    if row.original_action == "reply_all" and len(people) > MANY:
        found.append(Check("many_recipients", holds=True, values=(("n", str(len(people))),)))
    return tuple(sorted(found, key=lambda each: not each.holds))


def early(session: MailSession, row: DraftRow) -> tuple[Check, ...]:
    """Those that are worth telling before somebody wants to send."""
    return tuple(each for each in checks(session, row) if each.code in EARLY)


def unconfirmed(found: Sequence[Check], confirmed: Sequence[str]) -> bool:
    """Whether something has to be asked about that was not looked at yet."""
    return any(each.holds and each.code not in confirmed for each in found)


def _people(row: DraftRow) -> tuple[Address, ...]:
    return tuple(each for name in ("to", "cc", "bcc") for each in parse_address_list(getattr(row, name)).addresses)


def _misses_attachment(row: DraftRow) -> bool:
    """Whether the writer's own words speak of a file and there is none."""
    if any(not each.content_id for each in row.attachments):
        return False
    text = words.as_text(row.text) if row.format == DraftFormat.HTML else row.text
    own = "\n".join(line for line in _OTHERS_WORDS.split(text)[0].split("\n") if not line.startswith(">"))
    return _ATTACHED.search(f"{row.subject if not row.original_action else ''}\n{own}") is not None


def _identity(session: MailSession, row: DraftRow) -> list[Check]:
    """An answer from another address than the message came to."""
    if row.original is None or not row.original_action.startswith("reply") or len(account(session).identities) < 2:
        return []
    with suppress(NotFound):
        mailbox = mailboxes.get(session.database, account(session).id, row.original.mailbox_id)
        stored = messages.by_uid(session.database, mailbox.id, row.original.uid)
        envelope = stored.summary.envelope if stored and stored.uidvalidity == row.original.uidvalidity else None
        named = [each.addr_spec for each in (*envelope.to, *envelope.cc, *envelope.sender)] if envelope else []
        meant, chosen = identities.answering(session, named), identities.named(session, row.sender)
        expected = identities.of_address(session, meant.addr_spec) if meant else None
        if meant and expected and chosen and chosen.id != expected.id:
            return [Check("wrong_identity", holds=True, values=(("address", meant.addr_spec),))]
    return []


def _known(session: MailSession, people: Sequence[Address]) -> list[Check]:
    """Recipients nobody has written to, and those among them who look like somebody known."""
    found: list[Check] = []
    unknown: list[str] = []
    mine = account(session).id
    for each in people[:LOOKED_AT]:
        memory = senders.about(session.database, mine, each)
        if memory.address.written or identities.of_address(session, each.addr_spec) is not None:
            continue
        like = looks_like(each.domain, memory.written_sites)
        namesake = next((other for other in memory.namesakes if other.written), None)
        if like:
            found.append(Check("lookalike", holds=True, values=(("address", each.addr_spec), ("like", like))))
        elif namesake is not None and memory.address.first_at is None:
            found.append(Check("namesake", holds=True, values=(("address", each.addr_spec), ("other", namesake.addr_spec))))
        elif memory.address.first_at is None:
            unknown.append(each.addr_spec)
    if unknown:
        found.append(
            Check(
                "unknown",
                values=(("people", ", ".join(unknown[:NAMED]) + (", …" if len(unknown) > NAMED else "")), ("n", str(len(unknown)))),
            )
        )
    return found


def size_of(row: DraftRow) -> int:
    """About how many octets a draft will have as a message."""
    return (
        round(sum(each.size for each in row.attachments) * GROWTH)
        + 2 * len(row.text.encode("utf-8", "replace"))
        + 2 * len(row.quote)
        + 4096
    )


def largest(session: MailSession, *, now: datetime, ask: bool = False) -> int:
    """How many octets the submission server takes; 0 where it is not known or has no limit (RFC 1870).

    What it said is known for a day. ``ask`` makes a connection otherwise, of a few seconds at most; a server that does not answer is
    asked another time.
    """
    name = SIZE.format(account(session).id)
    size, _, at = preferences.get(session.database, session.user.id, name).partition("@")
    if size.isdigit() and at.isdigit() and now.timestamp() - int(at) < ASKED_AGAIN.total_seconds():
        return int(size)
    if not ask:
        return 0
    try:
        with smtp.connect(account(session).smtp, timeout=SIZE_SECONDS) as talk:
            found = talk.max_size
    except WebmailError:
        return 0
    preferences.put(session.database, session.user.id, name, f"{found}@{int(now.timestamp())}")
    return found


def too_large(session: MailSession, row: DraftRow, *, now: datetime) -> int:
    """The limit of the submission server where a draft goes beyond it, else 0."""
    size = size_of(row)
    limit = largest(session, now=now, ask=size > LARGE)
    return limit if 0 < limit < size else 0

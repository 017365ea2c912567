"""Wording: the words of messages, read from the server in the background, so that a search finds them without it.

::

    0 waiting ──bodies──▶ 1 whole
        │   └────────────▶ 3 files wait ──files──▶ 1 whole
        └── the server cannot give the body ──▶ 2 unreadable (its header is found all the same)

*Bodies* come first, for all mailboxes: newest first, the inbox before those opened before the rest, junk and trash last;
of each message the text that reading it would show, many messages of one shape in one FETCH. *Files*, the text in
attachments, come after them, so that one big document delays no message. What is not here yet is asked of the server.

The state of a message is written in the transaction that puts its words: this can be killed at any line and goes on from
what is stored. A message that cannot be read, or with which the server hangs up, is found by halving and costs itself only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from time import monotonic

from webmail.account import AccountId
from webmail.address import Address
from webmail.errors import AuthenticationFailed, NotFound, ServerRefused, ServerUnavailable
from webmail.extract import text as extracted
from webmail.imap import fetch
from webmail.mail.previews import first_words
from webmail.mail.session import MailSession, account, opened
from webmail.mailbox import Mailbox, SpecialUse
from webmail.message import mime, text
from webmail.message.mime import Part
from webmail.message.summary import Envelope, MessageId, Uid
from webmail.query.words import words
from webmail.sanitize import text as sanitized_text
from webmail.store import fulltext, jobs, mailboxes, messages
from webmail.store.database import Database
from webmail.store.fulltext import Document, TextState
from webmail.store.mailboxes import MailboxState
from webmail.store.messages import StoredMessage

KIND = "text"
BATCH = 200
BODY_CHARACTERS = 64 * 1024
BODY_OCTETS = 96 * 1024
"""Encoded octets of a text part that are fetched; base64 makes three octets four."""
TOGETHER_OCTETS = 4 * 1024 * 1024
"""Octets that one FETCH of many messages may bring at most."""
SLIGHT_OCTETS = 1000
"""A plain text below this may only say that there is an HTML part, which then is indexed as well."""
FILE_OCTETS = 10 * 1024 * 1024
"""Larger attachments, encoded, are found by their name only."""
FILES_CHARACTERS = 256 * 1024
"""Text in the attachments of one message that is indexed."""
FILES_SECONDS = 30.0
MOST_FILES = 50
APART = {"disconnected", "protocol"}
"""Errors that one message can cause: on a new connection, it shows which. Of a slow server nothing can be concluded."""
LATER = timedelta(minutes=15)
_LAST: dict[SpecialUse | None, int] = {SpecialUse.JUNK: 1, SpecialUse.TRASH: 2}

_Wanted = tuple[StoredMessage, Part]
_Octets = dict[tuple[MessageId, str], bytes | None]
"""What was fetched of a message's section; None: it cannot be read."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the messages known to the index can be found by their words."""

    done: int
    total: int

    @property
    def percent(self) -> int:
        return 100 if self.done >= self.total else self.done * 100 // self.total


def progress(database: Database, account_id: AccountId) -> Progress:
    """How far the words of an account are indexed. Costs by what is still missing: some milliseconds for a hundred thousand."""
    total = sum(state.indexed for state in mailboxes.states(database, account_id).values())
    return Progress(max(0, total - sum(fulltext.remaining(database, account_id).values())), total)


def want(database: Database, account_id: AccountId) -> None:
    """Let the worker index the words of an account's messages. Writes nothing where it is going to already."""
    jobs.put(database, kind=KIND, account_id=account_id, due_at=datetime.now(UTC))


def run(session: MailSession, *, seconds: float) -> datetime | None:
    """Index words for some seconds; returns when there is more to do, or None where all is done.

    Raises the errors of the connection where the server cannot be reached. A mailbox that cannot be opened is left for a
    quarter of an hour.
    """
    until = monotonic() + seconds
    while fulltext.tidy(session.database):
        if monotonic() > until:
            return datetime.now(UTC)
    left_out: set[Mailbox] = set()
    for state, step in ((TextState.WAITING, _index_bodies), (TextState.FILES_WAIT, _index_files)):
        for mailbox in _in_turn(session):
            if mailbox not in left_out and not _index(session, mailbox, state, step, until=until, left_out=left_out):
                return datetime.now(UTC)
    extracted.rest()
    return datetime.now(UTC) + LATER if left_out else None


def _in_turn(session: MailSession) -> list[Mailbox]:
    known, states = mailboxes.overview(session.database, account(session).id)

    def place(mailbox: Mailbox) -> tuple[int, bool, bool]:
        state = states.get(mailbox.id, MailboxState(mailbox.id))
        return _LAST.get(mailbox.special_use, 0), mailbox.special_use is not SpecialUse.INBOX, state.checked_at is None

    return sorted((each for each in known if each.selectable and each.id in states), key=place)


_Step = Callable[[MailSession, Mailbox, Sequence[StoredMessage]], None]


def _index(session: MailSession, mailbox: Mailbox, state: TextState, step: _Step, *, until: float, left_out: set[Mailbox]) -> bool:
    """Take the messages of a mailbox that are in a state one step further; tells whether there are no more."""
    few = BATCH if state is TextState.WAITING else 1
    while ids := fulltext.waiting(session.database, mailbox.id, state=state, limit=few):
        found = messages.get_many(session.database, mailbox.account_id, ids)
        try:
            step(session, mailbox, found)
        except AuthenticationFailed:
            raise
        except (NotFound, ServerRefused):
            # Gone, or not to be read by us; the next sync knows more.
            left_out.add(mailbox)
            return True
        if monotonic() > until:
            return False
    return True


def _index_bodies(session: MailSession, mailbox: Mailbox, found: Sequence[StoredMessage]) -> None:
    wanted = [(stored, part) for stored in found for part in _texts(stored.summary.structure)]
    octets = _fetched(session, mailbox, wanted)
    documents, states, previews = [], {}, {}
    for stored in found:
        summary = stored.summary
        read = [(part, octets.get((summary.id, part.section))) for part in _texts(summary.structure)]
        whole = [(part, some) for part, some in read if some is not None]
        made = next(filter(None, (first_words(some, part) for part, some in whole)), "")
        if made and made != summary.preview:
            # Of a text in an unknown charset its beginning may have been read as another one than all of it is.
            previews[summary.id] = made
        attached = mime.attachments(summary.structure)
        documents.append(
            replace(
                _header(summary.id, summary.envelope),
                body=_joined(_readable(part, some) for part, some in whole),
                files=_joined(part.filename for part in attached),
            )
        )
        if len(whole) < len(read):
            states[summary.id] = TextState.UNREADABLE
        elif any(_worth_reading(part) for part in attached):
            states[summary.id] = TextState.FILES_WAIT
    fulltext.add(session.database, documents, states=states, previews=previews)


def _header(message_id: MessageId, envelope: Envelope) -> Document:
    sender = f"{_names(envelope.sender)} {envelope.from_raw}" if envelope.sender_doubtful else _names(envelope.sender)
    return Document(
        message_id,
        subject=_joined([envelope.subject]),
        sender=_joined([sender]),
        recipients=_joined([_names(envelope.to), _names(envelope.bcc)]),
        cc=_joined([_names(envelope.cc)]),
        list=_joined([envelope.list_id]),
    )


def _names(addresses: Sequence[Address]) -> str:
    return " ".join(f"{each.name} {each.addr_spec}" for each in addresses)


def _joined(texts: Iterator[str] | Sequence[str]) -> str:
    return " ".join(chain.from_iterable(map(words, texts)))


def _texts(structure: Part) -> list[Part]:
    """The parts whose words a reader sees: the texts, and the HTML where there are none or they say hardly anything."""
    shown = mime.shown(structure)
    texts = [part for part in shown.words if part.size > 0]
    said, whole = (sum(part.size for part in parts if part.media_type == "text") for parts in (texts, shown.rich))
    slight = not texts or said < min(SLIGHT_OCTETS, whole)
    return texts + [part for part in shown.rich if slight and part.subtype == "html" and part.size > 0 and part not in texts]


def _readable(part: Part, octets: bytes) -> str:
    decoded, _ = mime.part_text(octets, part)
    return sanitized_text.words(decoded, limit=BODY_CHARACTERS) if part.subtype == "html" else text.readable(decoded)[:BODY_CHARACTERS]


def _fetched(session: MailSession, mailbox: Mailbox, wanted: Sequence[_Wanted]) -> _Octets:
    """The beginnings of these parts; those of one section together, and not too many octets at once."""
    by_section: dict[str, list[_Wanted]] = defaultdict(list)
    for stored, part in wanted:
        by_section[part.section].append((stored, part))
    found: _Octets = {}
    for section, some in by_section.items():
        for together in _together(some):
            _fetch(session, mailbox, section, together, into=found)
    return found


def _together(wanted: Sequence[_Wanted]) -> Iterator[list[_Wanted]]:
    some: list[_Wanted] = []
    octets = 0
    for stored, part in wanted:
        size = min(part.size, BODY_OCTETS)
        if some and octets + size > TOGETHER_OCTETS:
            yield some
            some, octets = [], 0
        some.append((stored, part))
        octets += size
    if some:
        yield some


def _fetch(session: MailSession, mailbox: Mailbox, section: str, wanted: Sequence[_Wanted], *, into: _Octets) -> None:
    """One FETCH; where the server refuses it, leaves messages out or hangs up, two of half as many, down to a single one."""
    by_uid = {stored.summary.uid: stored for stored, _ in wanted}
    given = _beginnings(session, mailbox, section, by_uid)
    if not given and len(wanted) == 1:
        # The connection may have been cut for a reason of its own.
        given = _beginnings(session, mailbox, section, by_uid)
    into.update({(by_uid[uid].summary.id, section): octets for uid, octets in given.items()})
    rest = [(stored, part) for stored, part in wanted if stored.summary.uid not in given]
    if not rest:
        return
    if len(wanted) == 1:
        into[rest[0][0].summary.id, section] = None
    elif given:
        _fetch(session, mailbox, section, rest, into=into)
    else:
        _fetch(session, mailbox, section, rest[: len(rest) // 2], into=into)
        _fetch(session, mailbox, section, rest[len(rest) // 2 :], into=into)


def _beginnings(session: MailSession, mailbox: Mailbox, section: str, by_uid: dict[Uid, StoredMessage]) -> dict[Uid, bytes]:
    """What the server gives; nothing where it refuses. Raises where the server or the mailbox cannot be reached at all."""
    uidvalidity = next(iter(by_uid.values())).uidvalidity
    with opened(session, mailbox, uidvalidity=uidvalidity) as lent:
        try:
            return fetch.beginnings(lent, list(by_uid), section, BODY_OCTETS)
        except (ServerRefused, ServerUnavailable) as error:
            if isinstance(error, ServerUnavailable) and error.code not in APART:
                raise
            return {}


def _index_files(session: MailSession, mailbox: Mailbox, found: Sequence[StoredMessage]) -> None:
    """The text in the attachments of messages whose other words are indexed already."""
    for stored in found:
        summary = stored.summary
        known = fulltext.content(session.database, mailbox.account_id, [summary.id]).get(summary.id, Document(summary.id))
        attached = mime.attachments(summary.structure)
        names = _joined(part.filename for part in attached)
        texts = _joined(_texts_of_files(session, mailbox, stored, [part for part in attached if _worth_reading(part)]))
        fulltext.add(session.database, [replace(known, files=f"{names} {texts}".strip())])


def _worth_reading(part: Part) -> bool:
    return 0 < part.size <= FILE_OCTETS and bool(_inner(part) or extracted.kind_of(f"{part.media_type}/{part.subtype}", part.filename))


def _inner(part: Part) -> Part | None:
    """The text of an attached message."""
    if part.media_type != "message" or not part.parts:
        return None
    return next(iter(mime.shown(part.parts[0]).words), None)


def _texts_of_files(session: MailSession, mailbox: Mailbox, stored: StoredMessage, parts: Sequence[Part]) -> Iterator[str]:
    until = monotonic() + FILES_SECONDS
    left = FILES_CHARACTERS
    for part in parts[:MOST_FILES]:
        if monotonic() > until or left <= 0:
            return
        text = _text_of_file(session, mailbox, stored, _inner(part) or part, limit=left)
        left -= len(text)
        yield text


def _text_of_file(session: MailSession, mailbox: Mailbox, stored: StoredMessage, part: Part, *, limit: int) -> str:
    data = _file(session, mailbox, stored, part)
    if data is None:
        # The connection may have been cut for a reason of its own.
        data = _file(session, mailbox, stored, part) or b""
    media_type = f"{part.media_type}/{part.subtype}"
    charset = part.params.get("charset", "")
    return extracted.text_of(data, media_type=media_type, filename=part.filename, declared_charset=charset, limit=limit)


def _file(session: MailSession, mailbox: Mailbox, stored: StoredMessage, part: Part) -> bytes | None:
    """A part decoded, piece by piece; None where the server hung up, nothing where it refuses or gives more than it said."""
    data = bytearray()
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        try:
            for piece in mime.decode_stream(fetch.part_chunks(lent, stored.summary.uid, part.section), encoding=part.encoding):
                data += piece
                if len(data) > FILE_OCTETS:
                    return b""
        except ServerUnavailable as error:
            if error.code not in APART:
                raise
            return None
        except (NotFound, ServerRefused):
            return b""
    return bytes(data)

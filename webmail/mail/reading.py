"""Reading a message: its page beside the list, and marking it as seen (see ``bodies`` and ``parts`` for what is read)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from webmail.errors import NotAllowed, ServerRefused, ServerUnavailable
from webmail.mail import bodies, listing, sync
from webmail.mail.message_pages import BodyKind, MessagePage
from webmail.mail.pages import ListPlace
from webmail.mail.parts import attachment_row
from webmail.mail.permission import keeps
from webmail.mail.search import marker
from webmail.mail.session import MailSession, account, again_if_cut, find_message, opened
from webmail.mailbox import Mailbox, SpecialUse
from webmail.message import mime, text
from webmail.message.summary import Flag, MessageId
from webmail.store import mailboxes, messages, threads
from webmail.store.messages import StoredMessage


def message_page(
    session: MailSession,
    message_id: int,
    *,
    mark_seen: bool,
    images: bool = False,
    prefer: str = "",
    query: str = "",
    original: bool = False,
    place: ListPlace = listing.FIRST,
) -> MessagePage:
    """A message to read, beside the list it was opened from.

    What a ``query`` searched for is marked in it. Costs the check of the list once the body is in the index and the message
    is seen; else one FETCH, and one STORE for \\Seen. Raises NotFound if it is gone, and the server's errors if its body is
    not known yet.
    """
    mine = account(session).id
    stored = messages.get(session.database, mine, MessageId(message_id))
    mailbox, state = mailboxes.opened(session.database, mine, stored.mailbox_id)
    page = opened_message(session, stored, mailbox, images=images, prefer=prefer, query=query, original=original)
    # Marked once it can be shown; and a server that keeps flags in file names would look for the file again.
    if mark_seen and not stored.summary.seen and not state.read_only:
        make_seen(session, [stored], mailbox)
        state = mailboxes.state(session.database, mailbox.id)
    thread_id = threads.of(session.database, mine, stored.summary.id)
    beside = listing.page_beside(session, mailbox, stored.summary, place, known=state, thread_id=thread_id)
    if beside is None or all(row.message.id != message_id for row in beside.rows):
        # The check of the list may have found that the message or its folder is gone, of which we had the body.
        find_message(session, message_id)
    newer, older = listing.neighbours(session, mailbox, stored.summary, beside, thread_id=thread_id)
    whole = threads.size(session.database, mine, thread_id, without=listing.hidden_from(session.database, mailbox))
    return replace(page, newer=newer, older=older, list=beside, read_only=state.read_only, conversation=whole)


def opened_message(
    session: MailSession,
    stored: StoredMessage,
    mailbox: Mailbox,
    *,
    images: bool = False,
    prefer: str = "",
    query: str = "",
    original: bool = False,
) -> MessagePage:
    """What there is to read of a message, without what stands around it. One FETCH where its body is not in the index yet."""
    summary = stored.summary
    shown = mime.shown(summary.structure)
    kind = bodies.kind(shown, prefer=prefer)
    content = again_if_cut(lambda: bodies.content(session, stored, mailbox, images=images, kind=kind, original=original))
    blocks = text.blocks(content.text, flowed=bodies.flowed(shown.text), delsp=bodies.delsp(shown.text)) if kind is BodyKind.TEXT else ()
    marks = marker(query) if blocks else None
    return MessagePage(
        message=summary,
        mailbox=mailbox,
        body=kind if kind is BodyKind.HTML or content.text.strip() else BodyKind.EMPTY,
        text=blocks if marks is None else text.highlighted(blocks, hits=marks),
        attachments=tuple(attachment_row(part) for part in mime.attachments(summary.structure)),
        remote_images=content.remote_images,
        shows_images=images,
        has_html=shown.html is not None,
        has_text=shown.text is not None,
        frame_height=content.height,
        coloured=content.coloured,
        original_colours=original,
        notices=content.notices,
        is_draft=mailbox.special_use is SpecialUse.DRAFTS or Flag.DRAFT in summary.flags,
        query=query,
        facts=content.facts,
    )


def make_seen(session: MailSession, stored: Sequence[StoredMessage], mailbox: Mailbox) -> None:
    """Set \\Seen on messages of a mailbox, on the server and in the index: the one change a page makes by being read.

    A server that does not let us, or cannot now, must not keep anybody from reading.
    """

    def store() -> None:
        with opened(session, mailbox, uidvalidity=stored[0].uidvalidity) as lent:
            if keeps(lent, Flag.SEEN):
                sync.store_flags(sync.Index(session.database, lent, mailbox), [each.summary.uid for each in stored], add=[Flag.SEEN])

    with suppress(NotAllowed, ServerRefused, ServerUnavailable):
        again_if_cut(store)

"""Reading a message: its page beside the list, and marking it as seen (see ``bodies`` and ``parts`` for what is read)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from webmail.errors import NotAllowed, ServerRefused, ServerUnavailable
from webmail.mail import bodies, detours, enclosed, image_permissions, listing, lists, nested, passages, saving, senders, signatures, sync
from webmail.mail.message_pages import NO_WISHES, BodyKind, MessagePage, Wishes
from webmail.mail.pages import ListPlace
from webmail.mail.part_rows import attachment_row
from webmail.mail.permission import keeps
from webmail.mail.search import marker
from webmail.mail.session import MailSession, account, again_if_cut, find_message, opened
from webmail.mailbox import Mailbox, SpecialUse
from webmail.message import mime, text
from webmail.message.secured import encrypted
from webmail.message.summary import Flag, MessageId
from webmail.store import mailboxes, messages, threads
from webmail.store.messages import StoredMessage


def message_page(
    session: MailSession,
    message_id: int,
    *,
    mark_seen: bool,
    wishes: Wishes = NO_WISHES,
    place: ListPlace = listing.FIRST,
) -> MessagePage:
    """A message to read, beside the list it was opened from.

    Costs the check of the list once the body is in the index and the message is seen; else one FETCH for it and for each attached
    message that is open, and one STORE for \\Seen. Raises NotFound if it is gone, and the server's errors if its body is not known yet.
    """
    mine = account(session).id
    stored = messages.get(session.database, mine, MessageId(message_id))
    mailbox, state = mailboxes.opened(session.database, mine, stored.mailbox_id)
    page = opened_message(session, stored, mailbox, wishes)
    # Marked once it can be shown; and a server that keeps flags in file names would look for the file again.
    if mark_seen and not stored.summary.seen and not state.read_only:
        make_seen(session, [stored], mailbox)
        state = mailboxes.state(session.database, mailbox.id)
    thread_id = stored.thread_id
    beside = listing.page_beside(session, mailbox, stored.summary, place, known=state, thread_id=thread_id)
    if beside is None or all(row.message.id != message_id for row in beside.rows):
        # The check of the list may have found that the message or its folder is gone, of which we had the body.
        find_message(session, message_id)
    newer, older = listing.neighbours(session, mailbox, stored.summary, beside, thread_id=thread_id)
    whole = threads.size(session.database, mine, thread_id, without=listing.hidden_from(session.database, mailbox))
    return replace(page, newer=newer, older=older, list=beside, read_only=state.read_only, conversation=whole)


def opened_message(session: MailSession, stored: StoredMessage, mailbox: Mailbox, wishes: Wishes = NO_WISHES) -> MessagePage:
    """What there is to read of a message, without what stands around it. One FETCH where its body is not in the index yet."""
    summary = stored.summary
    shown = mime.shown(summary.structure)
    inside = again_if_cut(lambda: enclosed.enclosed(session, stored, mailbox))
    kind = enclosed.kind(inside, prefer=wishes.prefer) if inside else bodies.kind(shown, prefer=wishes.prefer)
    content, images, remote = image_permissions.shown(
        session,
        summary,
        mailbox,
        once=wishes.images,
        kind=kind,
        fetch=lambda images: again_if_cut(lambda: _content(session, stored, mailbox, inside, kind, replace(wishes, images=images))),
    )
    given_up = content
    if {bodies.COSTLY, bodies.SILENT} & set(given_up.notices):
        # The words of its text are better than nothing; without them the page says only what there is.
        has_text = inside.has_text if inside else shown.text is not None
        kind = BodyKind.TEXT if has_text else BodyKind.EMPTY
        content = again_if_cut(lambda: _content(session, stored, mailbox, inside, kind, wishes))
        content = replace(
            content, notices=tuple(dict.fromkeys(each for each in given_up.notices + content.notices if each != bodies.SILENT))
        )
    blocks, ways = detours.looked_through(
        passages.blocks(content.passages), detours.judge(session.database, account_id=mailbox.account_id, message_id=summary.id)
    )
    marks = marker(wishes.query) if blocks else None
    attachments = (*map(attachment_row, mime.attachments(summary.structure)), *content.files)
    return MessagePage(
        message=summary,
        mailbox=mailbox,
        body=kind if kind is BodyKind.HTML or blocks else BodyKind.EMPTY,
        text=blocks if marks is None else text.highlighted(blocks, hits=marks),
        attachments=attachments,
        saves_to=saving.place(session) if attachments else "",
        remote_images=content.remote_images,
        shows_images=images,
        has_html=inside.has_html if inside else shown.html is not None and bodies.SILENT not in given_up.notices,
        has_text=inside.has_text if inside else shown.text is not None,
        frame_height=content.height,
        coloured=content.coloured,
        original_colours=wishes.original,
        frame_width=content.width,
        full_size=wishes.full_size,
        notices=content.notices,
        is_draft=mailbox.special_use is SpecialUse.DRAFTS or Flag.DRAFT in summary.flags,
        query=wishes.query,
        facts=content.facts,
        remote=remote,
        can_show_images=remote.images > 0,
        mailing=lists.mailing(session, summary, content.facts),
        conflicts=content.conflicts,
        signature=signatures.signature(session, stored, mailbox, content.text),
        encrypted=encrypted(summary.structure, content.text),
        codec=content.codec,
        charset=wishes.charset,
        enclosed=nested.enclosed(stored, content),
        attached=nested.messages(session, stored, mailbox, besides=content, wishes=wishes),
        sender=senders.sender_page(session, summary, mailbox, facts=content.facts, detours=content.detours + ways, asks=content.asks),
    )


def _content(
    session: MailSession, stored: StoredMessage, mailbox: Mailbox, inside: enclosed.Enclosed | None, kind: BodyKind, wishes: Wishes
) -> bodies.Body:
    """The body of a message, or of the one inside its signature. Of text the words that were searched for are marked by the page."""
    content = bodies.content(session, stored, mailbox, kind=kind, wishes=replace(wishes, query=""))
    return content if inside is None else replace(enclosed.body(session, stored, inside, kind, wishes), facts=content.facts)


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

"""Messages in messages: attached ones opened in place, to any depth, and the frames of what lies in a message."""

from __future__ import annotations

from collections.abc import Collection

from webmail.errors import NotFound
from webmail.mail import bodies, enclosures, passages, winmail
from webmail.mail.bodies import Body
from webmail.mail.enclosed_pages import AttachedBody, AttachedMessage, Enclosed
from webmail.mail.message_pages import NO_WISHES, BodyKind, Wishes
from webmail.mail.packed_files import found_part, read_with
from webmail.mail.part_rows import attachment_row
from webmail.mail.session import MailSession, account, again_if_cut, find_message
from webmail.mailbox import Mailbox
from webmail.message import mime
from webmail.message.mime import Part
from webmail.message.summary import Envelope
from webmail.sanitize import html
from webmail.store import bodies as kept_bodies
from webmail.store.messages import StoredMessage

MOST_OPEN = 100
"""Attached messages that are open on one page."""


def messages(
    session: MailSession, stored: StoredMessage, mailbox: Mailbox, *, besides: Body, wishes: Wishes = NO_WISHES
) -> tuple[AttachedMessage, ...]:
    """The messages attached to a message, each followed by those attached to it where it is open; ``wishes`` say which.

    One FETCH for each that was never open before. Raises the errors of the connection.
    """
    is_open = _closed_upwards(stored.summary.structure, wishes.attached)
    found: list[AttachedMessage] = []
    waiting = [(part, 1, enclosures.head(part, besides.besides)) for part in reversed(enclosures.attached(stored.summary.structure))]
    while waiting:
        part, depth, envelope = waiting.pop()
        body = None
        if part.section in is_open and part.parts:
            inside = _read(session, stored, mailbox, part, wishes)
            body = _attached_body(part, inside, envelope)
            waiting += [(each, depth + 1, enclosures.head(each, inside.besides)) for each in reversed(enclosures.attached(part.parts[0]))]
        found.append(
            AttachedMessage(
                part.section,
                depth,
                envelope,
                attachment_row(part).filename,
                mime.decoded_size(part),
                openable=bool(part.parts),
                toggled=_toggled(part.section, is_open),
                body=body,
            )
        )
    return tuple(found)


def _closed_upwards(structure: Part, chosen: Collection[str]) -> tuple[str, ...]:
    """The sections to open, with those of the messages around them; bounded, in the order of the tree."""
    wanted = set(chosen)
    found: list[str] = []
    waiting: list[tuple[Part, tuple[str, ...]]] = [(structure, ())]
    while waiting:
        part, around = waiting.pop()
        if enclosures.is_message(part):
            around = (*around, part.section)
            if part.section in wanted:
                found += around
        waiting += [(child, around) for child in reversed(part.parts)]
    return tuple(dict.fromkeys(found))[:MOST_OPEN]


def _toggled(section: str, is_open: tuple[str, ...]) -> tuple[str, ...]:
    """What is open once a message is opened, or folded with all that is in it."""
    if section in is_open:
        return tuple(each for each in is_open if each != section and not each.startswith(f"{section}."))
    return (*is_open, section)


def _read(session: MailSession, stored: StoredMessage, mailbox: Mailbox, part: Part, wishes: Wishes) -> Body:
    """Its body, in the looks that are wished for; all else is wished of the message around it only."""
    kind = bodies.kind(mime.shown(part.parts[0]), prefer="")
    looks = Wishes(original=wishes.original, full_size=wishes.full_size)
    return again_if_cut(lambda: bodies.content(session, stored, mailbox, kind=kind, wishes=looks, within=part))


def _attached_body(part: Part, body: Body, envelope: Envelope) -> AttachedBody:
    root = part.parts[0]
    shown = mime.shown(root)
    is_html = bodies.kind(shown, prefer="") is BodyKind.HTML
    blocks = () if is_html else passages.blocks(body.passages)
    return AttachedBody(
        document=is_html,
        text=blocks,
        frame_height=body.height,
        frame_width=body.width,
        coloured=body.coloured,
        remote_images=body.remote_images,
        attachments=(*map(attachment_row, mime.attachments(root)), *body.files),
        notices=body.notices,
        enclosed=enclosures.enclosed(root, body.besides, sender=envelope, text=body.text),
    )


def enclosed(stored: StoredMessage, body: Body) -> Enclosed:
    """What lies in the message itself besides its body."""
    return enclosures.enclosed(stored.summary.structure, body.besides, sender=stored.summary.envelope, text=body.text)


def document(session: MailSession, message_id: int, *, section: str, wishes: Wishes = NO_WISHES) -> str:
    """The cleaned HTML of an attached message, or of a winmail.dat, for its frame. Raises NotFound where there is none."""
    stored, mailbox = find_message(session, message_id)
    part, within = found_part(stored, section)
    if enclosures.is_message(part) and part.parts:
        if mime.shown(part.parts[0]).html is None:
            raise NotFound("body")
        return _read(session, stored, mailbox, part, wishes).document
    if not winmail.is_winmail(part):
        raise NotFound("body")
    looks = f"{'o' if wishes.original else ''}{'f' if wishes.full_size else ''}"
    key = f"{mailbox.id}/{stored.uidvalidity}/{stored.summary.uid}/{section}/winmail/{enclosures.VERSION}/{html.POLICY_VERSION}/{looks}"
    mine = account(session).id
    made = kept_bodies.cached_body(session.database, account_id=mine, key=key)
    if made is None:
        made = winmail.document(part, read_with(session, stored, mailbox, within).get(section), message_id=message_id, wishes=wishes)
        kept_bodies.cache_body(session.database, account_id=mine, key=key, html=made)
    return made

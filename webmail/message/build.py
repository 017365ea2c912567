"""Draft, and a draft made into the octets of a message (RFC 5322, RFC 2045-2047, RFC 2231, RFC 6532).

The octets are the same for the same draft, date and message-id; they are 7-bit clean unless an address needs SMTPUTF8;
and they never hold a Bcc field: that is put in front of a copy by ``with_bcc``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from webmail.address import Address, is_addr_spec
from webmail.errors import InvalidInput
from webmail.message import mime
from webmail.message.encoded_words import decode_text
from webmail.message.fields import split_fields
from webmail.message.fold import address_words, ascii_if_possible, folded, name_parameter, parameter, text_words
from webmail.message.header import envelope
from webmail.message.text import flow, unflow


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a draft: its octets, or where they lie. A path comes from our own store, never from a request.

    One with a ``content_id`` (without angle brackets) is a picture that the HTML of its draft shows as ``cid:`` (RFC 2392).
    """

    filename: str
    media_type: str
    content: Path | bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message still being written. ``in_reply_to`` and ``references`` are ids in angle brackets. ``html`` may be empty.

    ``priority`` is ``high``, ``low`` or empty; ``receipt`` asks whoever reads it to say so (RFC 8098 §2.1).
    """

    sender: Address
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    subject: str = ""
    text: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    html: str = ""
    reply_to: tuple[Address, ...] = ()
    priority: str = ""
    receipt: bool = False


@dataclass(frozen=True, slots=True)
class _Entity:
    """A MIME entity ready to be written: its fields and its encoded body."""

    fields: tuple[str, ...]
    body: bytes


PRIORITIES = {
    "high": ("X-Priority: 1 (Highest)", "Importance: High"),
    "low": ("X-Priority: 5 (Lowest)", "Importance: Low"),
}
"""How a message is marked as urgent, or as one that can wait: by the fields that the most programs read (RFC 2156 §5.3.4)."""
_BREAKS = re.compile(r"[\r\n\x00]")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,900}>")
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,60}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,100}")
_WIDEST = 78
"""Characters of a line that is not broken; longer ones are paragraphs, which every program shows as wide as it likes."""
_LONG_LINE = re.compile(rb"[^\n]{79}|[ \t]\r?\n|(?:\A|\n)From ")
_FROM_LINE = re.compile(rb"^From (.*)$", re.MULTILINE)


def needs_smtputf8(draft: Draft) -> bool:
    """True if an address of the draft can only be handed to a server that offers SMTPUTF8 (RFC 6531)."""
    return any(not ascii_if_possible(each.addr_spec).isascii() for each in (draft.sender, *draft.to, *draft.cc, *draft.bcc))


def build(draft: Draft, *, date: datetime, message_id: str) -> bytes:
    """The message, without Bcc, lines ending in CRLF.

    ``date`` must be aware. Raises InvalidInput with the code ``line_break`` where a header value holds CR, LF or NUL,
    ``address`` or ``message_id`` where one cannot stand in a header; OSError where an attachment cannot be read.
    Holds the whole message in memory, attachments about twice.
    """
    message_id = _with_ascii_domain(message_id)
    _check(draft, message_id)
    fields = [
        f"Date: {format_datetime(date)}",
        *_address_fields(draft),
        folded("Subject", text_words(draft.subject)),
        f"Message-ID: {message_id}",
        *_wishes(draft),
    ]
    if draft.in_reply_to:
        fields.append(f"In-Reply-To: {draft.in_reply_to}")
    if draft.references:
        fields.append(folded("References", draft.references))
    content = _content(draft, seed=message_id)
    head = "\r\n".join([*fields, "MIME-Version: 1.0", *content.fields])
    return head.encode("utf-8") + b"\r\n\r\n" + content.body


def _address_fields(draft: Draft) -> list[str]:
    # A draft may be kept before its writer has an address or knows whom to write to.
    fields = [folded("From", address_words((draft.sender,)))] if draft.sender.addr_spec else []
    fields += [folded(name, address_words(addresses)) for name, addresses in _lists(draft) if addresses]
    if draft.bcc and not (draft.to or draft.cc):
        fields.append("To: undisclosed-recipients:;")
    return fields


def _lists(draft: Draft) -> tuple[tuple[str, tuple[Address, ...]], ...]:
    return ("Reply-To", draft.reply_to), ("To", draft.to), ("Cc", draft.cc)


def _wishes(draft: Draft) -> list[str]:
    """What the writer wants of programs and people at the other end."""
    fields = list(PRIORITIES.get(draft.priority, ()))
    if draft.receipt and draft.sender.addr_spec:
        fields.append(folded("Disposition-Notification-To", address_words((draft.sender,))))
    return fields


def _check(draft: Draft, message_id: str) -> None:
    """Refuse what could end a header line early, whoever put it there."""
    _refuse_breaks("subject", draft.subject)
    for each in draft.attachments:
        _refuse_breaks("attachments", each.filename + each.media_type + each.content_id)
        if each.content_id and not _MESSAGE_ID.fullmatch(f"<{each.content_id}>"):
            raise InvalidInput("content_id", field="attachments")
    for name, address in (
        *((("from", draft.sender),) if draft.sender.addr_spec or draft.sender.name else ()),
        *(("reply_to", each) for each in draft.reply_to),
        *(("to", each) for each in draft.to),
        *(("cc", each) for each in draft.cc),
        *(("bcc", each) for each in draft.bcc),
    ):
        _check_address(name, address)
    ids = [("message_id", message_id), *(("references", each) for each in draft.references)]
    for name, text in [*ids, ("in_reply_to", draft.in_reply_to)] if draft.in_reply_to else ids:
        _refuse_breaks(name, text)
        if not _MESSAGE_ID.fullmatch(text):
            raise InvalidInput("message_id", field=name)


def _refuse_breaks(name: str, text: str) -> None:
    if _BREAKS.search(text):
        raise InvalidInput("line_break", field=name)


def _check_address(name: str, address: Address) -> None:
    _refuse_breaks(name, address.name + address.addr_spec)
    if not is_addr_spec(address.addr_spec):
        raise InvalidInput("address", field=name, value=address.addr_spec)


def _content(draft: Draft, *, seed: str) -> _Entity:
    content = _text_entity(draft.text, subtype="plain")
    pictures = [each for each in draft.attachments if draft.html and each.content_id]
    files = [each for each in draft.attachments if each not in pictures]
    if draft.html:
        html = _text_entity(draft.html, subtype="html")
        if pictures:
            html = _multipart("related", (html, *map(_attached, pictures)), seed=seed, parameters=('type="text/html"',))
        content = _multipart("alternative", (content, html), seed=seed)
    if files:
        content = _multipart("mixed", (content, *(_attached(replace(each, content_id="")) for each in files)), seed=seed)
    return content


def _multipart(subtype: str, entities: Sequence[_Entity], *, seed: str, parameters: Sequence[str] = ()) -> _Entity:
    # "=_" can stand neither in base64 nor in quoted-printable; a plain text would have to guess the digest.
    boundary = f"=_{hashlib.sha256(f'{subtype} {seed}'.encode()).hexdigest()[:32]}"
    delimiter = f"--{boundary}\r\n".encode("ascii")
    pieces = []
    for entity in entities:
        pieces += [delimiter, "\r\n".join(entity.fields).encode("ascii"), b"\r\n\r\n", entity.body, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    return _Entity(
        (folded("Content-Type", [f"multipart/{subtype};", *(f"{each};" for each in parameters), f'boundary="{boundary}"']),),
        b"".join(pieces),
    )


def _text_entity(text: str, *, subtype: str) -> _Entity:
    """A text as it is where any mail system leaves it alone, else quoted-printable (RFC 2045 §6.7). One line break is added."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kind = f"Content-Type: text/{subtype}; charset=utf-8"
    if (
        subtype == "plain"
        and any(len(line) > _WIDEST and line[0] != ">" for line in text.split("\n"))
        and unflow(soft := flow(text)) == text
    ):
        # Only where it is given back as it was written: blanks at the end of a line mean something else in it.
        text, kind = soft, f"{kind}; format=flowed"
    octets = text.encode("utf-8", "replace") + b"\n"
    if octets.isascii() and not _LONG_LINE.search(octets) and not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", octets):
        return _Entity((kind, "Content-Transfer-Encoding: 7bit"), octets.replace(b"\n", b"\r\n"))
    encoded = binascii.b2a_qp(octets, istext=True)
    # Mailbox files of old systems put a ">" before a line that begins so, and break every signature over it.
    encoded = _FROM_LINE.sub(_escaped_from, encoded)
    return _Entity((kind, "Content-Transfer-Encoding: quoted-printable"), encoded.replace(b"\n", b"\r\n"))


def _escaped_from(match: re.Match[bytes]) -> bytes:
    rest = match[1]
    return b"=46rom " + rest if len(rest) <= 69 else b"=46rom =\n" + rest


def _attached(attachment: Attachment) -> _Entity:
    content = attachment.content if isinstance(attachment.content, bytes) else attachment.content.read_bytes()
    media_type = attachment.media_type.strip().lower()
    if not _MEDIA_TYPE.fullmatch(media_type) or media_type.startswith(("multipart/", "message/")):
        media_type = "message/rfc822" if media_type == "message/rfc822" and _plain_message(content) else "application/octet-stream"
    name = mime.safe_filename(attachment.filename) or "attachment"
    fields = [
        folded("Content-Type", [f"{media_type};", *name_parameter(name)]),
        folded("Content-Disposition", ["inline;" if attachment.content_id else "attachment;", *parameter("filename", name)]),
    ]
    if attachment.content_id:
        fields.append(f"Content-ID: <{attachment.content_id}>")
    if media_type == "message/rfc822":
        # An attached message must not be encoded (RFC 2046 §5.2.1).
        lines = content.replace(b"\r\n", b"\n")
        return _Entity((*fields, "Content-Transfer-Encoding: 7bit"), lines.replace(b"\n", b"\r\n"))
    encoded = base64.encodebytes(content).rstrip(b"\n").replace(b"\n", b"\r\n")
    return _Entity((*fields, "Content-Transfer-Encoding: base64"), encoded)


def _plain_message(content: bytes) -> bool:
    """True if a message can be attached as it is: 7-bit, no line beyond 998, no stray CR or NUL."""
    lines = content.replace(b"\r\n", b"\n")
    return content.isascii() and b"\r" not in lines and b"\0" not in lines and not re.search(rb"[^\n]{999}", lines)


def with_bcc(raw: bytes, bcc: Sequence[Address]) -> bytes:
    """The same octets with a Bcc field in front, for the copy its writer keeps; nothing else differs."""
    for each in bcc:
        _check_address("bcc", each)
    return folded("Bcc", address_words(bcc)).encode("utf-8") + b"\r\n" + raw if bcc else raw


def _with_ascii_domain(message_id: str) -> str:
    if message_id.isascii():
        return message_id
    left, _, domain = message_id.strip("<>").rpartition("@")
    plain = ascii_if_possible(f"x@{domain}").partition("@")[2]
    return f"<{left}@{plain if plain.isascii() else 'localhost'}>"


def new_message_id(random: str, domain: str) -> str:
    """A message-id of random characters the caller drew and the domain of the sender, in angle brackets (RFC 5322 §3.6.4)."""
    message_id = _with_ascii_domain(f"<{random}@{domain or 'localhost'}>")
    if not _MESSAGE_ID.fullmatch(message_id):
        raise InvalidInput("message_id", field="message_id")
    return message_id


def parse_draft(raw: bytes) -> Draft:
    """A draft of any mail program, ready to be edited; the inverse of ``build``, with Bcc. Never raises.

    The text is the one that is shown, quoted and searched; a draft that has only HTML has an empty text.
    """
    known = envelope(raw)
    fields: dict[str, bytes] = {}
    for name, value in split_fields(raw):
        fields.setdefault(name.lower(), value)
    root, bodies = mime.parse_with_bodies(raw)
    shown = mime.shown(root)
    html = _text(raw, shown.html, bodies=bodies)
    placed = {name: part for name, part in mime.inline_by_cid(root).items() if f"cid:{name}" in html}
    files = mime.attachments(root)
    pictures = [part for part in placed.values() if not any(part is each for each in files)]
    return Draft(
        sender=known.sender[0] if known.sender else Address("", ""),
        to=known.to,
        cc=known.cc,
        bcc=known.bcc,
        subject=decode_text(fields.get("subject", b"")),
        text="\n\n".join(_text(raw, part, bodies=bodies) for part in shown.plain if part.media_type == "text" and part.subtype != "html"),
        in_reply_to=known.in_reply_to[0] if known.in_reply_to else "",
        references=known.references,
        attachments=tuple(
            Attachment(
                part.filename,
                f"{part.media_type}/{part.subtype}",
                mime.decode_body(raw[bodies[part.section]], encoding=part.encoding),
                part.content_id if part.content_id in placed else "",
            )
            for part in (*pictures, *files)
        ),
        html=html,
        reply_to=known.reply_to,
        priority=_priority(fields),
        receipt="disposition-notification-to" in fields,
    )


def _priority(fields: Mapping[str, bytes]) -> str:
    """How urgent a message says that it is, by whichever field its program knows."""
    said = fields.get("importance", b"").strip().lower() or fields.get("x-priority", b"").strip()[:1]
    return {b"high": "high", b"1": "high", b"2": "high", b"low": "low", b"4": "low", b"5": "low"}.get(said, "")


def _text(raw: bytes, part: mime.Part | None, *, bodies: dict[str, slice]) -> str:
    if part is None:
        return ""
    text = mime.part_text(raw[bodies[part.section]], part)[0]
    if part.params.get("format", "").lower() == "flowed" and part.subtype == "plain":
        text = unflow(text, delsp=part.params.get("delsp", "").lower() == "yes")
    return text.removesuffix("\n")

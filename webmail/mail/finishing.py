"""Finishing: a stored draft made into the message that is sent: its text, its HTML, the pictures in it, and its files.

A draft that is plain stays plain. One in markdown goes as HTML with the text as it was typed beside it; one in HTML with its words. What
was quoted as HTML stands in both. Everything that is HTML is cleaned for being sent (``sanitize.outgoing``).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence

from webmail.address import Address, parse_address_list
from webmail.mail import attachments, identities
from webmail.mail.pages import DraftFormat
from webmail.mail.session import MailSession, account
from webmail.message import build, markdown
from webmail.sanitize import links
from webmail.sanitize import text as words
from webmail.sanitize.outgoing import outgoing
from webmail.store import drafts
from webmail.store.drafts import DraftRow

LOOKS = """<style>
table{border-collapse:collapse} th,td{border:1px solid #c4c7cc;padding:4px 8px}
pre{background-color:#f1f3f4;padding:8px;white-space:pre-wrap} blockquote{margin:0 0 0 0.8ex;border-left:2px solid #c4c7cc;padding-left:1ex}
</style>"""
"""How what is written in markdown looks; it becomes the styles of its elements."""
HEAD = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head>'
_MARK = re.compile(r"(?m)^--$")
_DATA = re.compile(r"data:(image/[a-z]+);base64,(.*)", re.DOTALL)


def draft_of(session: MailSession, row: DraftRow) -> build.Draft:
    """A stored draft as the message it will become. Reads no file; costs the cleaning of its HTML."""
    parsed = parse_address_list(row.sender).addresses
    mine = account(session).identities
    sender = parsed[0] if parsed else mine[0].address if mine else Address("", "")
    identity = identities.of_address(session, sender.addr_spec)
    body = _Body(session, row)
    text, html = body.made(signature=identity.signature_html if identity else "")
    return build.Draft(
        sender=sender,
        to=parse_address_list(row.to).addresses,
        cc=parse_address_list(row.cc).addresses,
        bcc=parse_address_list(row.bcc).addresses,
        subject=row.subject,
        text=text,
        in_reply_to=row.in_reply_to,
        references=row.references,
        attachments=(*body.pictures(html), *body.files()),
        html=html,
        reply_to=parse_address_list(row.reply_to or (identity.reply_to if identity else "")).addresses,
        priority=row.priority,
        receipt=row.receipt,
    )


class _Body:
    """The body of a draft being made; remembers the pictures that were written into it as data."""

    def __init__(self, session: MailSession, row: DraftRow) -> None:
        self._row = row
        self._folder = attachments.folder(session)
        self._names = {each.content_id for each in row.attachments if each.content_id}
        self._paths = {f"/drafts/{row.key}/files/{each.token}": each.content_id for each in row.attachments if each.content_id}
        self._carried: dict[str, build.Attachment] = {}

    def made(self, *, signature: str) -> tuple[str, str]:
        """The text and the HTML; no HTML for a draft that is plain."""
        row = self._row
        quoted = words.as_text(row.quote, links=True) if row.quote else ""
        if row.format == DraftFormat.PLAIN:
            return self._joined(row.text, quoted), ""
        if row.format == DraftFormat.HTML:
            own = outgoing(row.text, pictures=self._picture)
            typed = _MARK.sub("-- ", words.as_text(own, links=True))
        else:
            typed = row.text
            own = outgoing(LOOKS + markdown.to_html(typed.strip("\n"), signature=signature), pictures=self._picture)
        pieces = (row.quote, own) if row.quote_first else (own, row.quote)
        html = f"{HEAD}<body>{'<br>'.join(filter(None, pieces))}</body></html>"
        return self._joined(typed, quoted), html

    def _joined(self, typed: str, quoted: str) -> str:
        if not quoted:
            return typed
        return f"{quoted}\n\n{typed.lstrip()}" if self._row.quote_first else f"{typed.rstrip()}\n\n{quoted}"

    def _picture(self, source: str) -> str:
        name = links.content_id(source)
        name = name if name in self._names else self._paths.get(source, "") or self._data(source)
        if name:
            return f"cid:{name}"
        remote = links.remote_address(source)
        return remote if remote.startswith("https://") else ""

    def _data(self, source: str) -> str:
        """The name of a picture that was written into the HTML itself, which becomes a part; empty for everything else."""
        found = _DATA.fullmatch(links.data_image(source))
        if found is None:
            return ""
        content = base64.b64decode(found[2] + "==")
        name = f"{hashlib.sha256(content).hexdigest()[:24]}@localhost"
        kind = found[1].partition("/")[2]
        self._carried[name] = build.Attachment(f"image.{kind}", found[1], content, name)
        return name

    def pictures(self, html: str) -> Sequence[build.Attachment]:
        """The pictures that the HTML shows; one that it does not show any more is left out."""
        kept = [self._file(each) for each in self._row.attachments if each.content_id and f"cid:{each.content_id}" in html]
        return [*kept, *self._carried.values()]

    def files(self) -> Sequence[build.Attachment]:
        """What is attached beside them."""
        return [self._file(each) for each in self._row.attachments if not each.content_id]

    def _file(self, each: drafts.DraftAttachment) -> build.Attachment:
        return build.Attachment(each.filename, each.media_type, self._folder / each.path, each.content_id)

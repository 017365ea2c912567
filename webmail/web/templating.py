"""What templates can use besides their page: the frame, icons, avatars, figures, and words for values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from flask import Flask, Response, g, request
from flask.templating import Environment
from markupsafe import Markup

from webmail.address import Address, format_address
from webmail.errors import WebmailError
from webmail.mail import mailboxes
from webmail.mail.conversations import ConversationMessage, ConversationPage
from webmail.mail.found import SearchPage
from webmail.mail.pages import Frame, MailboxPage, Neighbour
from webmail.message.summary import Envelope
from webmail.web import (
    delivery_words,
    error_words,
    folding,
    language,
    login,
    navigation,
    notices,
    pieces,
    places,
    reading_as,
    rows,
    search_words,
    sending,
    times,
)
from webmail.web.faces import hue, initials
from webmail.web.language import words as _
from webmail.web.names import mailbox_icon, mailbox_name, role_name, tree
from webmail.web.rows import DrawnRow
from webmail.web.services import services
from webmail.web.shapes import by_shape


class PageEnvironment(Environment):
    """Flask's environment with the work left out that Jinja does anew for each page and each call, to the same end."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals of a template: all that have none of their own share one mapping, so that these need not be compared."""
        return super().make_globals(d) if d else self.globals


Grouped = list[tuple[str, Markup]]
"""The rows under each heading, one after the other."""
FLIPPED = frozenset({"reply", "reply-all", "forward", "back", "left", "right", "undo", "exit"})
"""Icons that point along the reading direction and are mirrored with it."""
FILE_KINDS = {
    "image": ("image", 4),
    "text/csv": ("table", 5),
    "text/calendar": ("calendar", 7),
    "message": ("mail", 6),
    "text": ("file", 8),
}
"""The icon and tone of a file by its media type or the first half of it."""
YEAR = 31_536_000


@lru_cache(maxsize=256)
def icon(name: str, classes: str = "") -> Markup:
    """An icon of the sprite; decorative, so its meaning stands beside it or in a label."""
    flip = " flip" if name in FLIPPED else ""
    more = f" {classes}" if classes else ""
    return Markup('<svg class="i{}{}" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(
        more, flip, static_url("icons/icons.svg"), name
    )


@lru_cache(maxsize=64)
def fingerprint(filename: str) -> str:
    """The hash of a static file's content; read once, since a new version is a new start."""
    path = Path(__file__).resolve().parents[2] / "static" / filename
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""


@lru_cache(maxsize=64)
def static_url(filename: str) -> str:
    """The URL of a static file with its hash, so that browsers may keep it for a year."""
    return f"/static/{filename}?v={fingerprint(filename)}"


def keep_static(response: Response) -> Response:
    """Let browsers keep a static file for a year if they asked for exactly this content."""
    if request.endpoint == "static" and response.status_code in (200, 304):
        filename = str((request.view_args or {}).get("filename", ""))
        asked = request.args.get("v")
        response.headers["Cache-Control"] = (
            f"public, max-age={YEAR}, immutable" if asked and asked == fingerprint(filename) else "public, max-age=3600"
        )
    return response


def frame() -> Frame:
    """The frame of this page, read once; only pages that draw it pay for it."""
    if "frame" not in g:
        g.frame = mailboxes.frame(login.current_mail())
    found: Frame = g.frame
    return found


def path(place: str, **query: object) -> str:
    """A path of ours with a query; what is None is left out, a list is repeated. Twenty cost less than one ``url_for``."""
    given = [f"{name}={_quoted(str(each))}" for name, value in query.items() if value is not None for each in _each(value)]
    return f"{place}?{'&'.join(given)}" if given else place


def _each(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else (value,)


_quoted = lru_cache(maxsize=1024)(quote_plus)


def beside(neighbour: Neighbour | None, place: Mapping[str, str]) -> str:
    """The path of the message or conversation above or below in the list; empty where there is none."""
    if neighbour is None:
        return ""
    return path(f"/{'conversations' if neighbour.conversation else 'messages'}/{neighbour.id}", **place)


def file_kind(media_type: str) -> tuple[str, int]:
    """The icon and tone for a file."""
    return FILE_KINDS.get(media_type) or FILE_KINDS.get(media_type.partition("/")[0], ("file", 1))


def file_words(filename: str, media_type: str) -> str:
    """What kind of file it is in a word: its extension, else its media type."""
    stem, dot, extension = filename.rpartition(".")
    if dot and stem and 0 < len(extension) <= 5 and extension.isalnum():
        return extension.upper()
    return media_type


def split_name(filename: str) -> tuple[str, str]:
    """A file name in the part that may be cut on screen and the extension that never is."""
    stem, dot, extension = filename.rpartition(".")
    return (stem, f".{extension}") if dot and stem and len(extension) <= 10 else (filename, "")


def own(address: Address, account_address: str) -> bool:
    """Whether an address is the reader's own."""
    return bool(account_address) and address.addr_spec.lower() == account_address.lower()


def people(addresses: Sequence[Address], account_address: str = "") -> str:
    """Who a message is to, in a line: "me, Jonas Brandt"."""
    shown = [_("me") if own(address, account_address) else address.display for address in addresses[:4]]
    if len(addresses) > len(shown):
        return _("%(people)s and %(n)s more", people=", ".join(shown), n=times.number(len(addresses) - len(shown)))
    return _(", ").join(shown)


def sender_name(envelope: Envelope, account_address: str = "") -> str:
    """Who a message is from, as it came where that is not clear; "Me" for the reader's own, where their address is given."""
    if envelope.sender_doubtful and envelope.from_raw:
        return envelope.from_raw
    if not envelope.sender:
        return envelope.from_raw or _("(nobody)")
    return _("Me") if own(envelope.sender[0], account_address) else envelope.sender[0].display


def error_sentence(code: str, server_text: str) -> str:
    """What happened, for an error that was stored, and what the server said to it."""
    if not code:
        return ""
    return error_words.of_error(WebmailError(code if code in error_words.SENTENCES else "refused", server_text=server_text))


def grouped_rows(page: MailboxPage, *, draw: Callable[[DrawnRow], Markup], open_id: int = 0, address: str = "") -> Grouped:
    """The rows of a list under their headings, as the macro ``draw`` draws them."""
    return _together(rows.grouped(page, draw=by_shape(draw), open_id=open_id, address=address))


def found_rows(page: SearchPage, *, draw: Callable[[DrawnRow], Markup], address: str = "") -> Grouped:
    """The results of a search in the same way."""
    return _together(rows.found(page, draw=by_shape(draw), address=address))


def _together(grouped: list[tuple[str, list[Markup]]]) -> Grouped:
    return [(heading, Markup("".join(drawn))) for heading, drawn in grouped]  # noqa: S704 - drawn by the template


def fold_rows(
    page: ConversationPage, *, draw: Callable[[DrawnRow], Markup], href: str, rest: str, address: str = ""
) -> Callable[[ConversationMessage], Markup]:
    """Draws a message as the line it is folded to, as the macro ``draw`` does. What opens it is ``href``, its id, ``rest``, its place."""
    words, shaped = rows.row_words(language.code(), None), by_shape(draw)

    def drawn(each: ConversationMessage) -> Markup:
        message, envelope = each.message, each.message.envelope
        who = sender_name(envelope, address)
        return shaped(
            DrawnRow(
                id=message.id,
                href=f"{href}{message.id}{rest}#m{message.id}",
                open=False,
                unread=not message.seen,
                flagged=False,
                answered=False,
                forwarded=False,
                attached=False,
                doubtful=False,
                initials=initials("?" if envelope.sender_doubtful else who),
                hue=hue(envelope.sender[0].addr_spec if envelope.sender else who),
                who=who,
                subject="",
                subject_text="",
                preview=message.preview or envelope.subject,
                machine_time=message.internal_date.isoformat(),
                time=times.spoken(message.internal_date),
                full_time=times.full_date(message.internal_date),
                words=words,
                places=tuple(folding.elsewhere(each, page.mailbox)),
            )
        )

    return drawn


def mail_host() -> str:
    """The mail server people sign in to."""
    return services().gate.imap_server.host


def keep_days() -> int:
    """How long an unused session lives."""
    return services().session_lifetime.days


FILTERS = {
    "clock": times.clock,
    "exact_clock": times.exact_clock,
    "formatted": format_address,
    "full_date": times.full_date,
    "hue": hue,
    "initials": initials,
    "number": times.number,
    "saved": times.saved,
    "size": times.size,
    "spoken": times.spoken,
}
"""How values are written in templates."""


def init(app: Flask) -> None:
    """Give the templates their words and set the environment up."""
    environment = app.jinja_env
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters.update(FILTERS)
    environment.globals.update(
        reading_as.FOR_TEMPLATES | sending.FOR_TEMPLATES | delivery_words.FOR_TEMPLATES,
        asked_next=navigation.asked_next,
        beside=beside,
        cursor=pieces.cursor,
        elsewhere=folding.elsewhere,
        error_sentence=error_sentence,
        error_words=error_words.of_error,
        file_kind=file_kind,
        file_words=file_words,
        filter_words=places.filter_words,
        filters=places.filters,
        fold_rows=fold_rows,
        folds=folding.folds,
        form_token=pieces.token,
        frame=frame,
        found_rows=found_rows,
        grouped_rows=grouped_rows,
        head=pieces.head,
        here=pieces.here,
        icon=icon,
        keep_days=keep_days,
        last_to_answer=folding.last_to_answer,
        language_tag=language.tag,
        mail_host=mail_host,
        mailbox_icon=mailbox_icon,
        mailbox_name=mailbox_name,
        notices=notices.taken,
        path=path,
        people=people,
        piece=pieces.piece,
        role_name=role_name,
        sender_name=sender_name,
        search_hint=search_words.hint,
        search_operators=search_words.operators,
        sort_words=places.sort_words,
        sorts=places.sorts,
        split_name=split_name,
        static_url=static_url,
        tree=tree,
    )
    app.after_request(keep_static)

"""Bodies as they are shown: fetched, decoded and cleaned once, and kept in the index (bounded, least used first).

What is shown, listed, downloaded, searched and quoted is one and the same: the tree is the server's BODYSTRUCTURE, and every
section is fetched by its number, so that where a message says a thing twice, all here follow what its server understood. Of
fields of the message that stand twice the first counts. With the first fetch of a body comes the header, of which the
``Facts`` are kept, and the headers of the parts, of which is kept what they say in more than one way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from webmail.errors import NotFound
from webmail.extract import cleaning
from webmail.imap import fetch
from webmail.mail import detours, enclosures, passages
from webmail.mail.message_pages import NO_WISHES, BodyKind, Wishes
from webmail.mail.pages import AttachmentRow
from webmail.mail.part_rows import attachment_row, enclosed_rows
from webmail.mail.passages import Passage
from webmail.mail.privacy_pages import NOTHING_REMOTE, RemoteContent
from webmail.mail.remote_images import proxied
from webmail.mail.search import Marks, marker
from webmail.mail.session import MailSession, account, find_message, opened
from webmail.mailbox import Mailbox
from webmail.message import facts, locations, mime
from webmail.message.facts import NO_FACTS, Facts
from webmail.message.mime import Part
from webmail.sanitize import html
from webmail.sanitize import text as sanitized_text
from webmail.sanitize.html import Cleaned, Detour
from webmail.sanitize.sightings import CleanedLink, RemoteHost
from webmail.store import bodies, preferences
from webmail.store.messages import StoredMessage

TEXT_LIMIT = 512 * 1024
"""Octets of a text part that are shown; the rest is a download away."""
HTML_LIMIT = 1024 * 1024
HEIGHTS = (120, 8000)
"""The least and the most that a frame is given before it scrolls inside."""
COSTLY = "costly"
"""The notice of HTML whose cleaning was given up."""
SILENT = "silent"
"""The notice of HTML in which there is nothing to see, of a message that has a text beside it."""
FACTS_OCTETS = 64 * 1024
"""Of a header so much is read for its facts."""
TOGETHER_LIMIT = HTML_LIMIT + TEXT_LIMIT
"""Octets of all texts of a message together; each but the first gets what the ones before it left."""
MIME_OCTETS = 8 * 1024
DEEPEST = 8
"""Of so many multiparts around a text is looked at what their headers say; mail has three."""
CLEAN_LINKS = "clean_links"
READING = 3
"""Bodies read by another version of the rules are not shown."""


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded, and for HTML cleaned, body. ``document`` is empty for plain text, ``passages`` for HTML.

    ``conflicts`` are those of the parts that are shown (``facts.conflicts``), ``facts`` those of the message; ``codec`` read its
    first text. ``files`` were written into the texts (``enclosed``), or are pictures that the HTML beside them does not show.
    ``detours`` and ``asks`` are as in ``Cleaned``. ``height`` is about how high the document is in a frame as wide as usual, within
    bounds, ``width`` how wide at least where a narrow screen has less; ``coloured`` says that it has colours of its own.
    """

    document: str = ""
    passages: tuple[Passage, ...] = ()
    files: tuple[AttachmentRow, ...] = ()
    remote_images: int = 0
    notices: tuple[str, ...] = ()
    height: int = HEIGHTS[0]
    width: int = 0
    coloured: bool = False
    conflicts: tuple[str, ...] = ()
    codec: str = ""
    facts: Facts = NO_FACTS
    remote: RemoteContent = NOTHING_REMOTE
    besides: Mapping[str, str] = field(default_factory=dict)
    """What is read with the message, as it is kept (see ``enclosures``)."""
    detours: tuple[Detour, ...] = ()
    asks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The words of a plain text, as they are quoted."""
        return passages.quotable(self.passages)


def cleans_links(session: MailSession) -> bool:
    """Whether links are shown without the parameters that only watch: yes, until somebody chooses otherwise."""
    return preferences.get(session.database, session.user.id, CLEAN_LINKS, default="yes") == "yes"


def kind(shown: mime.Shown, *, prefer: str) -> BodyKind:
    """How the body of a message is shown; ``prefer`` may be ``text`` where there are both."""
    if shown.html is not None and not (prefer == "text" and shown.text is not None):
        return BodyKind.HTML
    return BodyKind.TEXT if shown.text is not None else BodyKind.EMPTY


def content(
    session: MailSession,
    stored: StoredMessage,
    mailbox: Mailbox,
    *,
    kind: BodyKind,
    wishes: Wishes = NO_WISHES,
    within: Part | None = None,
) -> Body:
    """The body as it is shown, from the index if it was read before; one with marks is made anew each time.

    ``within`` is an attached message, whose body it is then. HTML that is too costly to clean has the notice ``COSTLY`` and no
    document; who is patient gives it more time. At most one FETCH, of all its parts with what their headers say, and, the first
    time, of the header of the message and of what is read with it (see ``enclosures``). Raises the errors of the connection.
    """
    marks, root = marker(wishes.query), root_of(stored, within)
    shown = mime.shown(root)
    parts = {BodyKind.HTML: shown.rich, BodyKind.TEXT: shown.plain}.get(kind, ())
    mine, besides = account(session).id, enclosures.wanted(root)
    names = _names(session, stored, mailbox, kind=kind, wishes=wishes, within=within)
    kept = bodies.cached_bodies(session.database, account_id=mine, keys=[*names[:2], *(names[2:] if besides else ())])
    body_key, facts_key, besides_key = names
    ready = _from_json(kept[body_key]) if body_key in kept and marks is None else None
    made_anew = bool(parts) and (ready is None or (wishes.patient and COSTLY in ready.notices))
    header = f"{within.section}.HEADER" if within else "HEADER"
    wanted = {header: FACTS_OCTETS} if facts_key not in kept else {}
    wanted |= _sections(root, parts) if made_anew else {}
    wanted |= besides if besides and besides_key not in kept else {}
    found = _fetched(session, stored, mailbox, wanted) if wanted else {}
    new: dict[str, str] = {}
    if facts_key not in kept:
        new[facts_key] = facts.to_json(facts.facts(found.get(header, b"")))
    if besides and besides_key not in kept:
        new[besides_key] = json.dumps(enclosures.prepared(root, {name: found[name] for name in besides if name in found}))
    made = ready or Body()
    if made_anew:
        made = _made(stored, root, parts, found, kind=kind, options=options(session, stored, wishes, marks=marks), wishes=wishes)
        new |= {body_key: _to_json(made)} if marks is None else {}
    for name, written in new.items():
        bodies.cache_body(session.database, account_id=mine, key=name, html=written)
    kept |= new
    return replace(made, facts=facts.from_json(kept[facts_key]), besides=json.loads(kept[besides_key]) if besides else {})


def _names(
    session: MailSession, stored: StoredMessage, mailbox: Mailbox, *, kind: BodyKind, wishes: Wishes, within: Part | None
) -> tuple[str, str, str]:
    """Under which names a body, the facts of its header, and what is read with it are kept."""
    place = f"{mailbox.id}/{stored.uidvalidity}/{stored.summary.uid}" + (f"/{within.section}" if within else "")
    clean_links = kind is BodyKind.HTML and cleans_links(session)
    # Addresses of images are sealed under the master key, so what holds them is good for as long as the key is.
    looks = f"{'o' if wishes.original else ''}{'f' if wishes.full_size else ''}"
    how = f"{session.database.key.id if wishes.images else ''}/{int(clean_links)}/{wishes.charset}/{looks}"
    body = f"{place}/{kind}/{how}/{READING}.{html.POLICY_VERSION}"
    return body, f"{place}/facts/{facts.FACTS_VERSION}", f"{place}/besides/{enclosures.VERSION}"


def root_of(stored: StoredMessage, within: Part | None) -> Part:
    """The tree of the message, or of one attached to it."""
    return within.parts[0] if within else stored.summary.structure


def _to_json(body: Body) -> str:
    """A body as it is kept; what is empty is left out of what it wanted of others."""
    written = {name: value for name, value in asdict(body).items() if name not in ("facts", "remote", "besides")}
    return json.dumps(written | {"remote": {name: value for name, value in asdict(body.remote).items() if value}})


def _from_json(kept: str) -> Body:
    found = json.loads(kept)
    rows = tuple(Passage(**each) for each in found.pop("passages"))
    files = tuple(AttachmentRow(**each | {"harm": tuple(each["harm"])}) for each in found.pop("files"))
    remote, ways = found.pop("remote"), tuple(Detour(**each) for each in found.pop("detours"))
    hosts = tuple(RemoteHost(**each) for each in remote.pop("hosts", ()))
    links = tuple(CleanedLink(**each) for each in remote.pop("links", ()))
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
    remote_content = RemoteContent(**remote, hosts=hosts, links=links)
    return Body(**fields, passages=rows, files=files, detours=ways, remote=remote_content)


def _limits(parts: Sequence[Part]) -> dict[str, int]:
    """How many octets of each text are read; one for which there is no room is missing."""
    left, found = TOGETHER_LIMIT, {}
    for part in parts:
        if part.media_type == "text" and left > 0:
            found[part.section] = min(left, HTML_LIMIT if part.subtype == "html" else TEXT_LIMIT)
            left -= min(part.size, found[part.section])
    return found


def _sections(root: Part, parts: Sequence[Part]) -> dict[str, int]:
    """The beginnings of the texts and of their own headers, as they are asked for."""
    wanted: dict[str, int] = {}
    for part in parts:
        if part.media_type == "text":
            around = mime.around(root, part)[:DEEPEST]
            wanted |= {f"{each.section}.MIME": MIME_OCTETS for each in around if not each.section.endswith("TEXT")}
    return wanted | _limits(parts)


def _fetched(session: MailSession, stored: StoredMessage, mailbox: Mailbox, wanted: Mapping[str, int]) -> dict[str, bytes]:
    """The beginnings of sections of a message. One round trip."""
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        return fetch.sections(lent, stored.summary.uid, wanted)


def options(session: MailSession, stored: StoredMessage, wishes: Wishes, *, marks: Marks | None = None) -> html.BodyOptions:
    """How a body is cleaned for a person, but for what it carries itself."""
    policy = html.ImagePolicy.PROXIED if wishes.images else html.ImagePolicy.BLOCKED
    proxy = proxied(session) if wishes.images else ""
    detour = detours.judge(session.database, account_id=account(session).id, message_id=stored.summary.id or 0)
    return html.BodyOptions(
        images=policy,
        proxy=proxy,
        dark=not wishes.original,
        fit=not wishes.full_size,
        clean_links=cleans_links(session),
        hits=marks,
        detour=detour,
    )


def cleaned(pages: Sequence[str], *, options: html.BodyOptions, patient: bool = False) -> Body:
    """HTML made into the document of a frame, and what is said of it; ``COSTLY`` where that took too long (see ``cleaning``)."""
    found = cleaning.clean(pages, options=options, patient=patient)
    if found is None:
        return Body(notices=(COSTLY,))
    notices = ("cut",) if found.cut else ()
    return Body(
        found.document,
        remote_images=found.remote_images,
        notices=notices,
        height=max(HEIGHTS[0], min(HEIGHTS[1], found.height)),
        width=found.width,
        coloured=found.own_style,
        remote=_remote(found),
        detours=found.detours,
        asks=found.asks,
    )


def _made(
    stored: StoredMessage,
    root: Part,
    parts: Sequence[Part],
    found: Mapping[str, bytes],
    *,
    kind: BodyKind,
    options: html.BodyOptions,
    wishes: Wishes,
) -> Body:
    limits, address = _limits(parts), passages.address_in(stored.summary.id or 0)
    texts = {
        part.section: mime.read_text(found.get(part.section, b""), part, charset=wishes.charset) for part in parts if part.section in limits
    }
    notices = [] if all(each.right for each in texts.values()) else ["charset"]
    if any(part.media_type == "text" and len(found.get(part.section, b"")) >= limits.get(part.section, 0) for part in parts):
        notices.append("cut")
    if any("broken" in part.params for part in parts):
        notices.append("broken")
    doubted = [name for section, octets in found.items() if section.endswith("MIME") for name in facts.conflicts(octets)]
    files = tuple(row for part in parts if part.section in texts for row in enclosed_rows(part, texts[part.section]))
    told = Body(
        files=files,
        notices=tuple(notices),
        conflicts=tuple(dict.fromkeys(doubted)),
        codec=next((each.codec for each in texts.values()), ""),
    )
    if kind is BodyKind.TEXT:
        return replace(told, passages=passages.of_parts(parts, texts, address=address))
    source = passages.pages(parts, texts)
    made = cleaned(source, options=replace(options, **carried(stored, root, parts, texts)), patient=wishes.patient)
    if mime.shown(root).text is not None and _says_nothing(source, made):
        made = replace(made, notices=(*made.notices, SILENT))
    unseen = tuple(attachment_row(part) for part in mime.pictures_beside(root) if made.document and address(part) not in made.document)
    return replace(
        made,
        notices=tuple(dict.fromkeys([*told.notices, *made.notices])),
        conflicts=told.conflicts,
        files=told.files + unseen,
        codec=told.codec,
    )


def _says_nothing(source: Sequence[str], made: Body) -> bool:
    """Whether HTML has neither words nor pictures, as some programs send it beside a text."""
    pictures = any(mark in made.document for mark in ("<img", "url("))
    return bool(made.document) and not pictures and not any(sanitized_text.words(each, limit=1) for each in source)


def carried(stored: StoredMessage, root: Part, parts: Sequence[Part], texts: Mapping[str, mime.ReadText]) -> dict[str, Any]:
    """The options that say what a body means by names and addresses of parts of its own message (RFC 2392, RFC 2557)."""
    address = passages.address_in(stored.summary.id or 0)
    cid = {content_id: address(each) for content_id, each in mime.inline_by_cid(root).items()}
    cid |= {passages.picture_id(part): address(part) for part in parts if part.media_type != "text"}
    found = {place: address(part) for place, part in locations.by_location(root).items()}
    first = next((part for part in parts if part.subtype == "html" and part.section in texts), None)
    if not found or first is None:
        return {"cid": cid}
    return {"cid": cid, "locations": found, "base": locations.base_of(root, first, text=texts[first.section].text)}


def _remote(cleaned: Cleaned) -> RemoteContent:
    return RemoteContent(
        hosts=cleaned.hosts,
        images=cleaned.remote_images - cleaned.style_images,
        styles=cleaned.style_images,
        pixels=cleaned.pixels,
        links=cleaned.links,
    )


def pages(session: MailSession, stored: StoredMessage, mailbox: Mailbox, *, charset: str = "") -> tuple[list[str], dict[str, Any]]:
    """The HTML of a message still to be cleaned, and the options it is ``carried`` with. One FETCH. Raises NotFound("body")."""
    parts = mime.shown(stored.summary.structure).rich
    if not parts:
        raise NotFound("body")
    limits = _limits(parts)
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        found = fetch.sections(lent, stored.summary.uid, limits)
    texts = {part.section: mime.read_text(found.get(part.section, b""), part, charset=charset) for part in parts if part.section in limits}
    return passages.pages(parts, texts), carried(stored, stored.summary.structure, parts, texts)


def document(session: MailSession, message_id: int, wishes: Wishes = NO_WISHES) -> str:
    """The cleaned HTML document of a message for its frame. Raises NotFound where the message has no HTML."""
    stored, mailbox = find_message(session, message_id)
    if mime.shown(stored.summary.structure).html is None:
        raise NotFound("body")
    found = content(session, stored, mailbox, kind=BodyKind.HTML, wishes=wishes)
    if COSTLY in found.notices and wishes.query:
        # It may have been cleaned with patience before, without marks.
        found = content(session, stored, mailbox, kind=BodyKind.HTML, wishes=replace(wishes, query=""))
    return found.document


def readable_text(session: MailSession, message_id: int) -> str:
    """The body as plain text, for quoting: its texts in order, and the words of the HTML where there is no other text."""
    return quotation(session, message_id)[0]


def quotation(session: MailSession, message_id: int) -> tuple[str, tuple[AttachmentRow, ...]]:
    """The body as plain text, and the files that were written into it, for whoever forwards it. At most one FETCH."""
    stored, mailbox = find_message(session, message_id)
    words = mime.shown(stored.summary.structure).words
    limits = _limits(words)
    if not limits:
        return "", ()
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        found = fetch.sections(lent, stored.summary.uid, limits)
    texts = {part.section: mime.read_text(found.get(part.section, b""), part) for part in words if part.section in limits}
    files = tuple(row for part in words if part.section in texts for row in enclosed_rows(part, texts[part.section]))
    return passages.quotable([passages.of_text(part, texts[part.section]) for part in words if part.section in texts]), files

"""Which parts of a MIME tree are the body of a message, and which are attached to it (RFC 2046, 2183, 2387, 1847, 6522)."""

from __future__ import annotations

from dataclasses import dataclass, field

from webmail.message.part import Part, walk


@dataclass(frozen=True, slots=True)
class Shown:
    """The parts a message shows, in order: the same ones that are listed, quoted and searched. Either form may be missing.

    ``rich`` is the fullest form and ``plain`` the plainest, which are the same where there is but one. In both stand texts and,
    where a sender put them between texts, pictures. HTML stands in ``plain`` where a passage has no other form.
    """

    rich: tuple[Part, ...] = ()
    plain: tuple[Part, ...] = ()

    @property
    def html(self) -> Part | None:
        """The first HTML that is shown."""
        return next((part for part in self.rich if part.media_type == "text" and part.subtype == "html"), None)

    @property
    def text(self) -> Part | None:
        """The first text that is not HTML."""
        return next((part for part in self.plain if part.media_type == "text" and part.subtype != "html"), None)

    @property
    def words(self) -> tuple[Part, ...]:
        """What a quotation, a preview and the index read: the plainest form without its pictures."""
        return tuple(part for part in self.plain if part.media_type == "text")


UNOPENED = "unopened"
"""The parameter that tells a multipart which the server did not take apart: its subtype. It is a text that is opened when it is read."""
_MAX_DEPTH = 120
_MAX_SHOWN = 20
"""So many texts are one reading; what comes behind them is listed as attached."""
_MAX_PICTURES = 40
_EMPTY = 2
_NOTHING = Shown()
# Kinds of text that only mean something to a program; as the body of a message they would be noise.
_NO_BODY = frozenset({"calendar", "x-vcard", "vcard", "directory", "rfc822-headers", "x-amp-html", "css"})
_PICTURES = frozenset({"png", "jpeg", "jpg", "gif", "webp"})
_SIGNATURES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})
# Of these the first part is for people and the others are for programs (RFC 1847, RFC 6522).
_FIRST_ONLY = frozenset({"signed", "report"})


def _is_body(part: Part) -> bool:
    return part.media_type == "text" and part.subtype not in _NO_BODY and part.disposition != "attachment"


def is_picture(part: Part) -> bool:
    """Whether a part is a picture that its sender put between the texts (RFC 2183 §2.1)."""
    return part.media_type == "image" and part.subtype in _PICTURES and part.disposition == "inline"


def shown(part: Part) -> Shown:
    """Which parts of a message are its body: of alternatives the last that can be shown, with its plain text beside it.

    Of a mixed message all texts that are no files, in order, with the pictures put between them; of a signed or report
    message the first text; of a related one its root. An attached message is never opened for it. RFC 2046 §5.1, RFC 2387,
    RFC 1847, RFC 6522.
    """
    found = _shown(part, 0)
    return Shown(_bounded(found.rich), _bounded(found.plain))


def _bounded(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The first texts of a reading with the pictures between them; pictures alone are no text and stay attached."""
    if not any(part.media_type == "text" for part in parts):
        return ()
    texts = pictures = 0
    kept = []
    for part in parts:
        texts += part.media_type == "text"
        pictures += part.media_type != "text"
        if texts > _MAX_SHOWN or pictures > _MAX_PICTURES:
            break
        kept.append(part)
    return tuple(kept)


def _shown(part: Part, depth: int) -> Shown:
    if part.media_type != "multipart":
        return Shown((part,), (part,)) if _is_body(part) or is_picture(part) else _NOTHING
    if depth >= _MAX_DEPTH:
        return _NOTHING
    found = [(child, what) for child in part.parts if (what := _shown(child, depth + 1)) != _NOTHING]
    if part.subtype == "alternative":
        return _best([what for _, what in found])
    found = [(child, what) for child, what in found if what.words or part.subtype not in (*_FIRST_ONLY, "related")]
    if part.subtype == "related":
        found.sort(key=lambda pair: not _is_root(pair[0], part))
        return found[0][1] if found else _NOTHING
    best = min((_rank(child) for child, what in found if what.words), default=0)
    found = [(child, what) for child, what in found if not what.words or _rank(child) == best]
    if best or part.subtype in _FIRST_ONLY:
        found = [pair for pair in found if pair[1].words][:1]
    return Shown(tuple(each for _, what in found for each in what.rich), tuple(each for _, what in found for each in what.plain))


def _best(forms: list[Shown]) -> Shown:
    """Of alternatives the last with HTML as the fullest, and as the plainest the last plain text, else the last text."""
    # What stands in a multipart of which there are no parts is no form of a text that has another.
    forms = [what for what in forms if not (what.text and UNOPENED in what.text.params)] or forms
    html = [what for what in forms if what.html]
    # An empty text beside HTML is there for form's sake; a preview or a quotation made of it would be empty.
    texts = [what for what in forms if what.text and not what.html and not (html and all(each.size <= _EMPTY for each in what.words))]
    plain = [what for what in texts if what.text and what.text.subtype == "plain"] or texts
    last = html[-1:] or plain[-1:]
    return Shown(last[0].rich, (plain[-1:] or last)[0].plain) if last else _NOTHING


def _rank(child: Part) -> int:
    """Order among the children of a mixed part: texts, then texts that are files, then empty ones; the best kind is shown."""
    if child.media_type == "multipart":
        return 0
    if child.size <= _EMPTY:
        return 2
    return 1 if child.filename else 0


def _is_root(child: Part, related: Part) -> bool:
    """True for the root of a related part: the one ``start`` names, else the first (RFC 2387 §3.2)."""
    start = related.params.get("start", "").strip().strip("<>")
    if start and any(other.content_id == start for other in related.parts):
        return child.content_id == start
    return child is related.parts[0]


def attachments(part: Part) -> tuple[Part, ...]:
    """Every part that is not a text of the body: files, attached messages, invitations, further texts, pictures.

    Left out are the other forms of a body that is shown, texts of nothing, and pictures that belong to a shown HTML part.
    Whether a picture is really used there only the HTML knows; it is one if it stands beside it and has a name to be used
    by. A picture between texts is listed too, so that it can be had as a file.
    """
    return _sorted(part)[0]


def pictures_beside(part: Part) -> tuple[Part, ...]:
    """The pictures that ``attachments`` leaves out, because they stand beside HTML and have a name for it to use."""
    return _sorted(part)[1]


def _sorted(part: Part) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    body = shown(part)
    texts = frozenset(id(each) for each in (*body.rich, *body.plain) if each.media_type == "text")
    found = _Body(body.html is not None, texts)
    _collect(part, found, depth=0)
    return tuple(found.files), tuple(found.pictures)


@dataclass(frozen=True, slots=True)
class _Body:
    """The texts of a body by identity, and whether there is HTML among them; and what is found besides it."""

    has_html: bool
    texts: frozenset[int]
    files: list[Part] = field(default_factory=list)
    pictures: list[Part] = field(default_factory=list)


def _collect(part: Part, body: _Body, *, depth: int) -> None:
    if part.media_type != "multipart":
        if id(part) not in body.texts and not (body.texts and _is_nothing(part)):
            body.files.append(part)
        return
    if depth >= _MAX_DEPTH:
        return
    within = part.subtype in ("alternative", "related") and any(id(child) in body.texts for child in walk(part))
    for child in part.parts:
        if within and child.media_type != "multipart" and _belongs(child, part, body=body):
            body.pictures.extend([child] if child.media_type == "image" else [])
        else:
            _collect(child, body, depth=depth + 1)


def _is_nothing(part: Part) -> bool:
    """True for the empty text that some programs leave behind a file."""
    return _is_body(part) and part.size <= _EMPTY and not part.filename


def _belongs(child: Part, parent: Part, *, body: _Body) -> bool:
    """True for a sibling that is part of the body, or another form of it."""
    if child.disposition == "attachment":
        return False
    if parent.subtype == "alternative":
        return child.media_type == "text" and child.subtype != "calendar" and not child.filename
    return body.has_html and child.media_type == "image" and bool(child.content_id or child.location)


def has_attachments(part: Part) -> bool:
    """True where a list shows a paper clip: attachments other than the signature of a signed message."""
    return any(f"{each.media_type}/{each.subtype}" not in _SIGNATURES for each in attachments(part))

"""What lies in a message besides its body and is read with it: reports, invitations, cards, winmail.dat, heads of attached messages.

All of it comes in the fetch that brings the body first, and its octets are kept in the index beside the body: what they mean
is made of them each time, which costs less than to fetch them and never goes out of date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from webmail.formats import icalendar, report, vcard
from webmail.formats.content_lines import sniffed
from webmail.mail import winmail
from webmail.mail.enclosed_pages import NOTHING_ENCLOSED, AttachedCard, Enclosed, Invitation, Returned
from webmail.message import charset, header, mime
from webmail.message.mime import Part
from webmail.message.summary import Envelope

T = TypeVar("T")
VERSION = 1
"""What was kept by another version is not read."""
HEAD_OCTETS = 16 * 1024
REPORT_OCTETS = 64 * 1024
CALENDAR_OCTETS = 256 * 1024
CARD_OCTETS = 128 * 1024
MOST_HEADS = 50
MOST_OF_A_KIND = 5
_BLOCK = re.compile(rb"\n[ \t]*\n+")
_SYSTEM = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|mdaemon|postoffice)(?:$|[@+.-])", re.IGNORECASE)


def is_message(part: Part) -> bool:
    """Whether a part is a whole message (RFC 2046 §5.2.1, RFC 6532 §3.7)."""
    return part.media_type == "message" and part.subtype in ("rfc822", "global")


def own_parts(root: Part) -> Iterator[Part]:
    """The parts of one message in order, an attached message as one part without what is in it."""
    waiting = [root]
    while waiting:
        current = waiting.pop()
        yield current
        if not is_message(current):
            waiting.extend(reversed(current.parts))


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of part that is read with the message: by which types it is known, how much of it is read, and of how many parts."""

    types: tuple[str, ...]
    octets: int
    most: int = MOST_OF_A_KIND


MESSAGE = _Kind(("message/rfc822", "message/global"), HEAD_OCTETS, most=MOST_HEADS)
DELIVERY = _Kind(("message/delivery-status", "message/global-delivery-status"), REPORT_OCTETS)
RECEIPT = _Kind(("message/disposition-notification", "message/global-disposition-notification"), REPORT_OCTETS)
FEEDBACK = _Kind(("message/feedback-report",), REPORT_OCTETS)
HEADERS = _Kind(("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"), HEAD_OCTETS, most=1)
CALENDAR = _Kind(("text/calendar", "application/ics"), CALENDAR_OCTETS)
CARD = _Kind(("text/vcard", "text/x-vcard", "text/directory", "application/vcard"), CARD_OCTETS)
WINMAIL = _Kind(winmail.TYPES, winmail.MOST_OCTETS, most=2)
KINDS = (MESSAGE, DELIVERY, RECEIPT, FEEDBACK, HEADERS, CALENDAR, CARD, WINMAIL)
_BY_TYPE = {each: kind for kind in KINDS for each in kind.types}
_BY_EXTENSION = {"ics": CALENDAR, "vcf": CARD}
_AS_IT_IS = frozenset({"", "7bit", "8bit", "binary"})
_VAGUE = frozenset({"application/octet-stream", "text/plain"})


def _kind(part: Part) -> _Kind | None:
    """The kind of a part, by its type; by its name where the type says nothing."""
    media_type = f"{part.media_type}/{part.subtype}"
    if media_type in _VAGUE and part.filename.lower() != "winmail.dat":
        return _BY_EXTENSION.get(part.filename.rpartition(".")[2].lower()) if part.filename else None
    if is_message(part) and part.encoding not in _AS_IT_IS:
        return None  # The standard forbids to encode messages, and servers do not look into such; it stays a file.
    return WINMAIL if winmail.is_winmail(part) else _BY_TYPE.get(media_type)


def _sorted(root: Part) -> dict[_Kind, list[Part]]:
    """The parts of a message that are read with it, by kind, no more of each than are read. One pass."""
    found: dict[_Kind, list[Part]] = {kind: [] for kind in KINDS}
    for part in own_parts(root):
        kind = _kind(part)
        if kind is not None and len(found[kind]) < kind.most:
            found[kind].append(part)
    return found


def attached(root: Part) -> list[Part]:
    """The messages attached to a message itself, the first fifty of them."""
    return _sorted(root)[MESSAGE]


def wanted(root: Part) -> dict[str, int]:
    """The sections to read with the body of a message, and how many octets of each; empty for most messages."""
    found: dict[str, int] = {}
    for kind, parts in _sorted(root).items():
        for part in parts:
            if kind is not WINMAIL or part.size <= kind.octets:
                found[f"{part.section}.HEADER" if kind is MESSAGE else part.section] = kind.octets
    return found


def prepared(root: Part, octets: Mapping[str, bytes]) -> dict[str, str]:
    """What was read, as it is kept: octets as characters, and winmail.dat as what is in it (see ``winmail``)."""
    packed = {part.section: part for part in _sorted(root)[WINMAIL]}
    return {
        section: winmail.contents(mime.decode_body(found, encoding=packed[section].encoding))
        if section in packed
        else found.decode("latin-1")
        for section, found in octets.items()
    }


def head(part: Part, kept: Mapping[str, str]) -> Envelope:
    """Who wrote an attached message, to whom, when and about what."""
    return header.envelope(kept.get(f"{part.section}.HEADER", "").encode("latin-1", "replace"))


def enclosed(root: Part, kept: Mapping[str, str], *, sender: Envelope | None = None, text: str = "") -> Enclosed:
    """What lies in a message, made of what was kept. ``text`` is its body, in which old bounces tell what happened.

    Such a body counts only where ``sender`` says that a mail system wrote it. Never raises.
    """
    if not kept and not (sender and by_system(sender)):
        return NOTHING_ENCLOSED
    parts = _sorted(root)
    deliveries = _reports(parts[DELIVERY], kept, report.delivery_report)
    receipts = _reports(parts[RECEIPT], kept, report.receipt)
    if not deliveries and not receipts and sender and by_system(sender):
        told = report.old_bounce(text)
        deliveries = (told,) if told else ()
    feedback = _reports(parts[FEEDBACK], kept, report.feedback)
    return Enclosed(
        deliveries,
        receipts,
        feedback,
        returned=_returned(parts, kept) if deliveries or receipts or feedback else None,
        invitations=tuple(_invitations(parts[CALENDAR], kept)),
        cards=tuple(_cards(parts[CARD], kept)),
        winmail=tuple(winmail.page(part, kept.get(part.section)) for part in parts[WINMAIL]),
    )


def by_system(sender: Envelope) -> bool:
    """Whether a mail system says to have written it, and no person."""
    return not sender.sender or any(_SYSTEM.match(address.addr_spec) for address in sender.sender)


def _reports(parts: Iterable[Part], kept: Mapping[str, str], read: Callable[[Iterable[report.Fields]], T | None]) -> tuple[T, ...]:
    found = [read(_blocks(_octets(part, kept))) for part in parts if part.section in kept]
    return tuple(each for each in found if each is not None)


def _octets(part: Part, kept: Mapping[str, str]) -> bytes:
    return mime.decode_body(kept[part.section].encode("latin-1", "replace"), encoding=part.encoding)


def _blocks(octets: bytes) -> list[report.Fields]:
    lines = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip(b"\n")
    return [header.display_fields(block + b"\n") for block in _BLOCK.split(lines)[:1000]]


def _returned(parts: Mapping[_Kind, list[Part]], kept: Mapping[str, str]) -> Returned | None:
    """The header of the message that a report is about: its third part, a whole message or a header alone (RFC 6522 §3)."""
    for part in parts[HEADERS]:
        if part.section in kept:
            return _worth(header.envelope(_octets(part, kept)))
    first = next(iter(parts[MESSAGE]), None)
    return _worth(head(first, kept)) if first else None


def _worth(envelope: Envelope) -> Returned | None:
    return Returned(envelope) if envelope.subject or envelope.to or envelope.date else None


def _text(part: Part, kept: Mapping[str, str]) -> str:
    octets = _octets(part, kept)
    return charset.decode(octets, sniffed(octets) or part.params.get("charset", ""))[0]


def _invitations(parts: Iterable[Part], kept: Mapping[str, str]) -> Iterator[Invitation]:
    seen: set[tuple[object, ...]] = set()
    for part in parts:
        found = icalendar.calendar(_text(part, kept)) if part.section in kept else None
        # The same invitation mostly comes twice: to be shown and to be kept.
        known = tuple((each.uid, each.starts, each.summary) for each in found.events) if found else ()
        if found is not None and (not known or known not in seen):
            seen.add(known)
            yield Invitation(part.section, part.filename or "invitation.ics", found)


def _cards(parts: Iterable[Part], kept: Mapping[str, str]) -> Iterator[AttachedCard]:
    for part in parts:
        if part.section in kept:
            found, more = vcard.cards(_text(part, kept))
            shown = found[:MOST_OF_A_KIND]
            if shown:
                yield AttachedCard(part.section, part.filename or "card.vcf", shown, more + len(found) - len(shown))

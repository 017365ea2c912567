"""What lies in a message besides its body and is read with it: reports, invitations, cards, winmail.dat, heads of attached messages.

All of it comes in the fetch that brings the body first, and its octets are kept in the index beside the body: what they mean
is made of them each time, which costs less than to fetch them and never goes out of date.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
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
    """A kind of part that is read with the message: how it is told, how much of it is read, and of how many parts."""

    fits: Callable[[Part], bool]
    octets: int
    most: int = MOST_OF_A_KIND


def _typed(*types: str) -> Callable[[Part], bool]:
    return lambda part: f"{part.media_type}/{part.subtype}" in types


def _named(extension: str, *types: str) -> Callable[[Part], bool]:
    vague = ("application/octet-stream", "text/plain")
    return lambda part: (
        (kind := f"{part.media_type}/{part.subtype}") in types or (kind in vague and part.filename.lower().endswith(extension))
    )


DELIVERY = _Kind(_typed("message/delivery-status", "message/global-delivery-status"), REPORT_OCTETS)
RECEIPT = _Kind(_typed("message/disposition-notification", "message/global-disposition-notification"), REPORT_OCTETS)
FEEDBACK = _Kind(_typed("message/feedback-report"), REPORT_OCTETS)
HEADERS = _Kind(_typed("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"), HEAD_OCTETS, most=1)
CALENDAR = _Kind(_named(".ics", "text/calendar", "application/ics"), CALENDAR_OCTETS)
CARD = _Kind(_named(".vcf", "text/vcard", "text/x-vcard", "text/directory", "application/vcard"), CARD_OCTETS)
WINMAIL = _Kind(winmail.is_winmail, winmail.MOST_OCTETS, most=2)
KINDS = (DELIVERY, RECEIPT, FEEDBACK, HEADERS, CALENDAR, CARD, WINMAIL)


def _of(root: Part, kind: _Kind) -> list[Part]:
    return list(islice((part for part in own_parts(root) if kind.fits(part)), kind.most))


def attached(root: Part) -> list[Part]:
    """The messages attached to a message itself, the first fifty of them."""
    return list(islice(filter(is_message, own_parts(root)), MOST_HEADS))


def wanted(root: Part) -> dict[str, int]:
    """The sections to read with the body of a message, and how many octets of each; empty for most messages."""
    found = {f"{part.section}.HEADER": HEAD_OCTETS for part in attached(root)}
    for kind in KINDS:
        for part in _of(root, kind):
            if kind is not WINMAIL or part.size <= kind.octets:
                found[part.section] = kind.octets
    return found


def prepared(root: Part, octets: Mapping[str, bytes]) -> dict[str, str]:
    """What was read, as it is kept: octets as characters, and winmail.dat as what is in it (see ``winmail``)."""
    kept = {section: found.decode("latin-1") for section, found in octets.items()}
    for part in _of(root, WINMAIL):
        if part.section in octets:
            kept[part.section] = winmail.contents(mime.decode_body(octets[part.section], encoding=part.encoding))
    return kept


def head(part: Part, kept: Mapping[str, str]) -> Envelope:
    """Who wrote an attached message, to whom, when and about what."""
    return header.envelope(kept.get(f"{part.section}.HEADER", "").encode("latin-1", "replace"))


def enclosed(root: Part, kept: Mapping[str, str], *, sender: Envelope | None = None, text: str = "") -> Enclosed:
    """What lies in a message, made of what was kept. ``text`` is its body, in which old bounces tell what happened.

    Such a body counts only where ``sender`` says that a mail system wrote it. Never raises.
    """
    if not kept and not (sender and _by_system(sender)):
        return NOTHING_ENCLOSED
    deliveries = _reports(root, DELIVERY, kept, report.delivery_report)
    receipts = _reports(root, RECEIPT, kept, report.receipt)
    if not deliveries and not receipts and sender and _by_system(sender):
        told = report.old_bounce(text)
        deliveries = (told,) if told else ()
    feedback = _reports(root, FEEDBACK, kept, report.feedback)
    return Enclosed(
        deliveries,
        receipts,
        feedback,
        returned=_returned(root, kept) if deliveries or receipts or feedback else None,
        invitations=tuple(_invitations(root, kept)),
        cards=tuple(_cards(root, kept)),
        winmail=tuple(winmail.page(part, kept.get(part.section)) for part in _of(root, WINMAIL)),
    )


def _by_system(sender: Envelope) -> bool:
    return not sender.sender or any(_SYSTEM.match(address.addr_spec) for address in sender.sender)


def _reports(root: Part, kind: _Kind, kept: Mapping[str, str], read: Callable[[Iterable[report.Fields]], T | None]) -> tuple[T, ...]:
    found = [read(_blocks(_octets(part, kept))) for part in _of(root, kind) if part.section in kept]
    return tuple(each for each in found if each is not None)


def _octets(part: Part, kept: Mapping[str, str]) -> bytes:
    return mime.decode_body(kept[part.section].encode("latin-1", "replace"), encoding=part.encoding)


def _blocks(octets: bytes) -> list[report.Fields]:
    lines = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip(b"\n")
    return [header.display_fields(block + b"\n") for block in _BLOCK.split(lines)[:1000]]


def _returned(root: Part, kept: Mapping[str, str]) -> Returned | None:
    """The header of the message that a report is about: its third part, a whole message or a header alone (RFC 6522 §3)."""
    for part in _of(root, HEADERS):
        if part.section in kept:
            return _worth(header.envelope(_octets(part, kept)))
    first = next(iter(attached(root)), None)
    return _worth(head(first, kept)) if first else None


def _worth(envelope: Envelope) -> Returned | None:
    return Returned(envelope) if envelope.subject or envelope.to or envelope.date else None


def _text(part: Part, kept: Mapping[str, str]) -> str:
    octets = _octets(part, kept)
    return charset.decode(octets, sniffed(octets) or part.params.get("charset", ""))[0]


def _invitations(root: Part, kept: Mapping[str, str]) -> Iterator[Invitation]:
    seen: set[tuple[object, ...]] = set()
    for part in _of(root, CALENDAR):
        found = icalendar.calendar(_text(part, kept)) if part.section in kept else None
        # The same invitation mostly comes twice: to be shown and to be kept.
        known = tuple((each.uid, each.starts, each.summary) for each in found.events) if found else ()
        if found is not None and (not known or known not in seen):
            seen.add(known)
            yield Invitation(part.section, part.filename or "invitation.ics", found)


def _cards(root: Part, kept: Mapping[str, str]) -> Iterator[AttachedCard]:
    for part in _of(root, CARD):
        if part.section in kept:
            found, more = vcard.cards(_text(part, kept))
            shown = found[:MOST_OF_A_KIND]
            if shown:
                yield AttachedCard(part.section, part.filename or "card.vcf", shown, more + len(found) - len(shown))

"""Letter, Attachment, Sample and When: what the sample messages are made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from string import Template
from typing import Final

DEMO: Final = "demo@example.org"
ALICE: Final = "alice@example.org"
ROBIN_VALE: Final = f"Robin Vale <{DEMO}>"
ALICE_LIN: Final = f"Alice Lin <{ALICE}>"

PAGES: Final = Path(__file__).parent / "pages"

SEEN: Final = "\\Seen"
SERVER: Final = "mail.example.org"
"""The server that took the sample mail in, as it calls itself in what it found of it (RFC 8601)."""
FLAGGED: Final = "\\Flagged"
ANSWERED: Final = "\\Answered"
DRAFT: Final = "\\Draft"

CHINA: Final = timezone(timedelta(hours=8))
JAPAN: Final = timezone(timedelta(hours=9))


@dataclass(frozen=True, slots=True)
class Sample:
    """A finished message and where it lies at the start."""

    owner: str
    mailbox: str
    raw: bytes
    date: datetime
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class When:
    """Dates as people think of them, counted from the start of the demo."""

    now: datetime

    def minutes(self, count: int) -> datetime:
        """So many minutes ago."""
        return self.now - timedelta(minutes=count)

    def days(self, count: int, clock: str) -> datetime:
        """At a time of the day, so many days ago. ``count`` is at least 1, so it is always in the past."""
        hour, minute = (int(part) for part in clock.split(":"))
        return (self.now - timedelta(days=count)).replace(hour=hour, minute=minute, second=(hour * 7 + minute) % 60, microsecond=0)

    def ahead(self, count: int) -> date:
        """The day so many days from now."""
        return (self.now + timedelta(days=count)).date()


def english(day: date) -> str:
    """A day as it stands in an English sentence: 4 December."""
    return f"{day.day} {day:%B}"


def chinese(day: date) -> str:
    """A day as it stands in a Chinese sentence."""
    return f"{day.month} 月 {day.day} 日"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part beside the text. With a ``cid`` it belongs into the HTML."""

    filename: str
    media_type: str
    content: bytes
    cid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message before it is built. ``name`` becomes its Message-ID; ``answers`` are the names of those before it in the conversation.

    ``found`` is what the server found of where it comes from.
    """

    name: str
    sender: str
    date: datetime
    subject: str
    text: str = ""
    html: str = ""
    to: str = ROBIN_VALE
    cc: str = ""
    answers: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    parts: tuple[Attachment, ...] = ()
    flowed: bool = False
    found: str = ""

    def message(self) -> EmailMessage:
        """The message, still open for changes."""
        message = EmailMessage(policy=SMTP)
        for name, value in self._head():
            if value:
                message[name] = value
        self._add_body(message)
        for part in self.parts:
            if not part.cid:
                _attach(message, part)
        return message

    def raw(self) -> bytes:
        """The message as bytes with CRLF line ends."""
        return self.message().as_bytes()

    def _head(self) -> list[tuple[str, str]]:
        return [
            ("Authentication-Results", f"{SERVER}; {self.found}" if self.found else ""),
            ("Date", format_datetime(self.date)),
            ("From", self.sender),
            ("To", self.to),
            ("Cc", self.cc),
            ("Subject", self.subject),
            ("Message-ID", message_id(self.name)),
            ("In-Reply-To", message_id(self.answers[-1]) if self.answers else ""),
            ("References", " ".join(message_id(name) for name in self.answers)),
            *self.fields,
        ]

    def _add_body(self, message: EmailMessage) -> None:
        if self.text or not self.html:
            message.set_content(self.text, cte="quoted-printable" if not self.text.isascii() else "7bit")
            if self.flowed:
                message.set_param("format", "flowed")
        if not self.html:
            return
        if self.text:
            message.add_alternative(self.html, subtype="html", cte="quoted-printable")
            place = list(message.iter_parts())[-1]
        else:
            message.set_content(self.html, subtype="html", cte="quoted-printable")
            place = message
        for part in self.parts:
            if part.cid:
                maintype, subtype = part.media_type.split("/")
                place.add_related(part.content, maintype, subtype, cid=f"<{part.cid}>", filename=part.filename, disposition="inline")


def _attach(message: EmailMessage, part: Attachment) -> None:
    media_type, _, parameter = part.media_type.partition("; ")
    maintype, subtype = media_type.split("/")
    if maintype == "text":
        name, _, value = parameter.partition("=")
        params = {name: value} if name else {}
        message.add_attachment(part.content.decode("utf-8"), subtype=subtype, filename=part.filename, cte="base64", params=params)
    else:
        message.add_attachment(part.content, maintype, subtype, filename=part.filename)


def page(name: str, **values: str) -> str:
    """An HTML body from the folder ``pages``, its ``$places`` filled."""
    return Template((PAGES / name).read_text("utf-8")).substitute(values)


def message_id(name: str) -> str:
    """The Message-ID of the letter of this name."""
    return f"<{name}@letters.example>"


def quoted(text: str) -> str:
    """The text with a quote mark in front of each line (RFC 3676 §4.5)."""
    return "\n".join(">" + line if line.startswith(">") else f"> {line}".rstrip() for line in text.rstrip("\n").split("\n"))


def put(letter: Letter, *flags: str, mailbox: str = "INBOX", owner: str = DEMO) -> Sample:
    """The letter, built and laid into a mailbox."""
    return Sample(owner, mailbox, letter.raw(), letter.date, flags)


def put_raw(lines: Iterable[str | bytes], date: datetime, *flags: str, mailbox: str = "INBOX", owner: str = DEMO) -> Sample:
    """Lines exactly as given, for messages that no well-behaved program would make."""
    raw = b"".join((line if isinstance(line, bytes) else line.encode("utf-8")) + b"\r\n" for line in lines)
    return Sample(owner, mailbox, raw, date, flags)

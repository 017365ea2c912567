"""Mailboxes to measure with: plausible messages written straight into a Maildir, the same ones each time."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

WORDS = str.split(
    "meeting report invoice garden train window booking winter project family school ticket letter answer question morning evening "
    "coffee library mountain river bridge market kitchen delivery schedule holiday museum concert camera printer battery server"
)
PEOPLE = [
    f"{first} {last}"
    for first in ("Mira", "Jonas", "Ilse", "Owen", "Juno", "Arlo", "Ada", "Milo")
    for last in ("Kestrel", "Brandt", "Marchand", "Fenn", "Okoro")
]
START = datetime(2024, 1, 1, 8, tzinfo=UTC)


def letter(number: int, *, chance: random.Random) -> tuple[bytes, datetime]:
    """A message of one of three shapes: plain text, text and HTML, or with an attachment."""
    name = chance.choice(PEOPLE)
    when = START + timedelta(minutes=37 * number)
    subject = " ".join(chance.sample(WORDS, 4)).capitalize()
    body = "\r\n".join(" ".join(chance.choices(WORDS, k=12)) for _ in range(chance.randint(3, 30)))
    head = (
        f"From: {name} <{name.split()[0].lower()}@example.net>\r\nTo: Robin Vale <robin@example.org>\r\nSubject: {subject}\r\n"
        f"Date: {format_datetime(when)}\r\nMessage-ID: <bench.{number}@example.net>\r\nMIME-Version: 1.0\r\n"
    )
    shape = number % 5
    if shape < 3:
        return f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n".encode(), when
    markup = f'<html><body><table width="600"><tr><td style="color:#333">{body}</td></tr></table></body></html>'
    alternative = (
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
        f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{markup}\r\n--b--\r\n"
    )
    if shape == 3:
        return f'{head}Content-Type: multipart/alternative; boundary="b"\r\n\r\n{alternative}'.encode(), when
    mixed = (
        f'--m\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n{alternative}'
        f'--m\r\nContent-Type: application/pdf; name="plan.pdf"\r\nContent-Disposition: attachment; filename="plan.pdf"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{'JVBERi0x' * 200}\r\n--m--\r\n"
    )
    return f'{head}Content-Type: multipart/mixed; boundary="m"\r\n\r\n{mixed}'.encode(), when


def fill(maildir: Path, count: int, *, owner: tuple[int, int] | None = None) -> None:
    """Write ``count`` messages into a Maildir (its folder for INBOX, or a ``.Name`` below it), older ones first."""
    chance = random.Random(count)  # the same mailbox each time
    for folder in ("cur", "new", "tmp"):
        (maildir / folder).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        octets, when = letter(number, chance=chance)
        seen = "S" if number % 4 else ""
        stamp = int(when.timestamp())
        path = maildir / "cur" / f"{stamp}.M{number:06d}P1.bench,S={len(octets)}:2,{seen}"
        path.write_bytes(octets)
        os.utime(path, (stamp, stamp))
    if owner:
        for path in [maildir, *maildir.rglob("*")]:
            os.chown(path, *owner)

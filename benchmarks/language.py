"""A language nobody speaks, for mailboxes that are searched: few words that are everywhere, many that are rare."""

from __future__ import annotations

import itertools
import os
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

ONSETS = ["k", "r", "m", "t", "s", "b", "d", "f", "g", "h", "l", "n", "p", "v", "w", "st", "tr"]
SYLLABLES = [onset + vowel + coda for onset in ONSETS for vowel in "aeiou" for coda in ("", "n", "l", "r", "s")]
START, APART = datetime(2016, 1, 1, tzinfo=UTC), timedelta(minutes=50)
"""When the first message was written, and how long after it each other."""
PEOPLE = 400
"""How many people write."""
THREAD, EVERY = 20, 500
"""Of so many messages, the first ones are one conversation."""


class Language:
    """Words as a language has them; every tenth text is Chinese."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        found = dict.fromkeys("".join(chance.choices(SYLLABLES, k=chance.choice((1, 2, 2, 3, 3)))) for _ in range(60_000))
        self.vocabulary = list(found)
        self.han = [chr(0x4E00 + number) for number in range(3000)]
        self._weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(self.vocabulary))))
        self._han_weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(self.han))))

    def text(self, octets: int, *, chinese: bool) -> str:
        """Lines of so many octets of UTF-8."""
        if chinese:
            picked = self.chance.choices(self.han, cum_weights=self._han_weights, k=octets // 3)
            return "\r\n".join("".join(picked[start : start + 24]) for start in range(0, len(picked), 24))
        found = " ".join(self.chance.choices(self.vocabulary, cum_weights=self._weights, k=octets // 5))[:octets]
        pieces = found.split(" ")
        return "\r\n".join(" ".join(pieces[start : start + 12]) for start in range(0, len(pieces), 12))

    def sender(self, number: int) -> str:
        """The name of the person who wrote a message."""
        return self.vocabulary[100 + number % PEOPLE]


def fill(maildir: Path, language: Language, count: int, *, octets: int, owner: tuple[int, int]) -> int:
    """Write messages of so many octets into a Maildir, older ones first; returns the octets of their texts."""
    written = 0
    for number in range(count):
        body = language.text(octets, chinese=number % 10 == 9)
        written += len(body.encode())
        when = START + APART * number
        name = language.sender(number)
        raw = (
            f"From: {name.capitalize()} <{name}@example.net>\r\nTo: Robin Vale <robin@example.org>\r\n"
            f"Subject: {_subject(language, number)}\r\nDate: {format_datetime(when)}\r\nMessage-ID: <words.{number}@example.net>\r\n"
            f"{_answering(number)}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
        ).encode()
        path = maildir / "cur" / f"{int(when.timestamp())}.M{number:06d}P1.bench,S={len(raw)}:2,{'S' if number % 4 else ''}"
        path.write_bytes(raw)
        os.utime(path, (when.timestamp(), when.timestamp()))
        os.chown(path, *owner)
    return written


def _subject(language: Language, number: int) -> str:
    if 0 < number % EVERY < THREAD:
        return f"Re: The matter {number // EVERY}"
    return f"The matter {number // EVERY}" if number % EVERY == 0 else language.text(40, chinese=False)


def _answering(number: int) -> str:
    """The fields by which a message belongs to the conversation before it (RFC 5322 §3.6.4)."""
    if not 0 < number % EVERY < THREAD:
        return ""
    before = [f"<words.{each}@example.net>" for each in range(number - number % EVERY, number)]
    references = "\r\n ".join(before)
    return f"In-Reply-To: {before[-1]}\r\nReferences: {references}\r\n"

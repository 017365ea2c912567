"""Everything this room does, on real and broken mail of strangers and on damaged copies of it."""

import random
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.message.test_header import assert_fit_to_show
from webmail.message import mime
from webmail.message.build import Draft, build, parse_draft
from webmail.message.header import display_fields, envelope
from webmail.message.reply import quoted, reply
from webmail.message.text import blocks, first_words

SLOWEST = 2.0


@pytest.fixture(scope="session")
def mails(corpus_dir: Path) -> dict[str, bytes]:
    found = {
        str(path.relative_to(corpus_dir)): path.read_bytes()
        for path in sorted((corpus_dir / "mime").rglob("*"))
        if path.suffix in (".eml", ".mbox")
    }
    assert len(found) >= 1_600
    return found


def read_everything(raw: bytes) -> str:
    """Does with a message all that reading and answering it does; returns the text it shows."""
    known = envelope(raw)
    assert_fit_to_show(known)
    for name, value in display_fields(raw):
        (name + value).encode("utf-8")
    root, bodies = mime.parse_with_bodies(raw)
    assert mime.from_json(mime.to_json(root)) == root
    for part in mime.walk(root):
        assert mime.safe_filename(part.filename) == part.filename
        mime.part_text(raw[bodies[part.section]], part)[0].encode("utf-8")
    body = mime.shown(root)
    listed = mime.attachments(root)
    assert body.html not in listed
    assert body.text not in listed
    shown = body.text or body.html
    text = mime.part_text(raw[bodies[shown.section]], shown)[0] if shown else ""
    blocks(text, flowed=True)
    first_words(text)
    answer = reply(known, own=["me@example.org"], everyone=True)
    sender = next(iter((*known.to, *known.sender)), None)
    if sender is not None:
        draft = Draft(
            sender,
            to=answer.to,
            cc=answer.cc,
            subject=answer.subject,
            text=quoted(text[:10_000], attribution="x"),
            in_reply_to=answer.in_reply_to,
            references=answer.references,
        )
        build(draft, date=datetime(2026, 1, 1, tzinfo=UTC), message_id="<x@example.org>")
    parse_draft(raw)
    return text


def test_every_message_of_strangers_is_read_and_answered(mails: dict[str, bytes]) -> None:
    shown = 0
    for name, raw in mails.items():
        begun = time.process_time()
        shown += bool(read_everything(raw).strip())
        assert time.process_time() - begun < SLOWEST, name
    # The rest are empty, encrypted, or nothing but a file.
    assert shown >= 0.92 * len(mails)


def damaged(raw: bytes, dice: random.Random) -> bytes:
    """The message with octets changed, cut off, with other line ends, or with a field twice."""
    kind = dice.randrange(4)
    if kind == 0:
        octets = bytearray(raw)
        for _ in range(dice.randrange(1, 12)):
            if octets:
                octets[dice.randrange(min(len(octets), 3_000))] = dice.randrange(256)
        return bytes(octets)
    if kind == 1:
        return raw[: dice.randrange(len(raw) + 1)]
    if kind == 2:
        return raw.replace(b"\r\n", b"\n").replace(b"\n", dice.choice([b"\r", b"\n", b"\r\n", b"\r\r\n"]))
    head, mark, body = raw.partition(b"\n\n")
    lines = head.split(b"\n")
    dice.shuffle(lines)
    return b"\n".join(lines + lines[: len(lines) // 2]) + mark + body


def test_damaged_messages_are_read_as_well(mails: dict[str, bytes]) -> None:
    dice = random.Random(20261123)
    for name, raw in mails.items():
        if len(raw) > 60_000:
            continue
        for _ in range(2):
            begun = time.process_time()
            read_everything(damaged(raw, dice))
            assert time.process_time() - begun < SLOWEST, name

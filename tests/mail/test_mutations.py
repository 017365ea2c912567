"""Real messages damaged at random: each is listed and opens in time, and what is shown is what is listed, indexed and quoted.

``MUTATIONS`` is how many, ``MUTATION_SEED`` which (``make mutations``). What was found once stands in test_odd.py as a small sample.
"""

from __future__ import annotations

import os
import time
import traceback
from pathlib import Path

import pytest

from tests.mail.test_one_reading import LARGEST, all_ids, reads_the_same, stored
from tests.mutations import mutated
from tests.servers.person import Person
from tests.test_corpus import canonical
from webmail.mail import parts, reading
from webmail.mail.message_pages import Wishes
from webmail.message import mime

COUNT = int(os.environ.get("MUTATIONS", "300"))
SEED = int(os.environ.get("MUTATION_SEED", "20261125"))
SECONDS = 2.0


@pytest.fixture(scope="session")
def real_messages(corpus_dir: Path) -> list[bytes]:
    found = [canonical(path.read_bytes()) for path in sorted((corpus_dir / "mime").rglob("*.eml")) if path.stat().st_size <= LARGEST]
    assert len(found) > 1_500
    return found


@pytest.mark.timeout(3_600)
def test_damaged_mail_is_read_in_one_way_and_in_time(person: Person, real_messages: list[bytes]) -> None:
    person.fill(mutated(real_messages, number, seed=SEED) for number in range(COUNT))
    person.page()
    person.work_all()
    numbers = all_ids(person)
    assert len(numbers) == COUNT
    found = [_read(person, number) for number in numbers]
    wrong = [f"mutation {stored(person, number).summary.uid - 1}: {why}" for number, (_, why) in zip(numbers, found, strict=True) if why]
    assert not wrong, f"of seed {SEED}:\n" + "\n".join(wrong)
    assert sum(shown for shown, _ in found) > COUNT * 0.6


def _read(person: Person, number: int) -> tuple[bool, str]:
    """Whether a message has words, and what is wrong with how it is read."""
    begun = time.process_time()
    try:
        shown = reads_the_same(person, number)
        _opens_whole(person, number)
    except Exception as error:
        return False, "".join(traceback.format_exception(error, limit=-3))
    seconds = time.process_time() - begun
    return shown, f"took {seconds:.1f} s" if seconds > SECONDS else ""


def _opens_whole(person: Person, number: int) -> None:
    """All that can be asked of a message: its files, its source, its header, the messages in it, an answer to it."""
    session, root = person.session, stored(person, number).summary.structure
    attached = tuple(part.section for part in mime.walk(root) if part.media_type == "message")
    page = reading.message_page(session, number, mark_seen=False, wishes=Wishes(attached=attached))
    for each in page.attachments:
        assert each.filename
        for _ in parts.part(session, number, section=each.section).chunks:
            pass
    assert parts.source_page(session, number).text or not stored(person, number).summary.size
    parts.headers(session, number)

"""Indexing: the words of every message are found, soon after it came, whatever its neighbours are like."""

from __future__ import annotations

import base64
import os
import threading
from datetime import UTC, datetime
from time import monotonic

import pytest

from tests.extract import documents
from tests.servers.person import Person, letter
from tests.servers.proxy import Proxy
from tests.store.samples import matching, sound
from webmail.errors import ServerUnavailable
from webmail.mail import filing, upkeep, wording
from webmail.mailbox import SpecialUse
from webmail.query.syntax import Field, Text
from webmail.query.words import words
from webmail.store import fulltext, jobs, messages
from webmail.store.fulltext import TextState


def search(person: Person, *texts: str, field: Field | None = None) -> list[str]:
    """The subjects of the messages that have these words together, newest first."""
    ids = matching(person.gate.database, Text(tuple(word for text in texts for word in words(text)), field))
    found = messages.get_many(person.gate.database, person.session.accounts[0].id, ids)
    return [each.summary.envelope.subject for each in found]


def states(person: Person) -> dict[str, TextState]:
    with person.gate.database.index() as connection:
        rows = connection.exec_driver_sql("SELECT id, text_state FROM messages").all()
    found = messages.get_many(person.gate.database, person.session.accounts[0].id, [row[0] for row in rows])
    return {each.summary.envelope.subject: TextState(dict(rows)[each.summary.id]) for each in found}


def sync(person: Person) -> None:
    """What arrived meanwhile is known, and what is due is done."""
    jobs.put(person.gate.database, kind="sync", account_id=person.session.accounts[0].id, due_at=datetime.now(UTC))
    person.work()


def with_files(subject: str, *files: tuple[str, bytes, str], text: str = "See the file.") -> bytes:
    """A message with attachments: their names, content and media types."""
    parts = [f"Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"]
    for name, content, media_type in files:
        encoded = base64.encodebytes(content).decode().replace("\n", "\r\n")
        parts.append(
            f'Content-Type: {media_type}\r\nContent-Disposition: attachment; filename="{name}"\r\n'
            f"Content-Transfer-Encoding: base64\r\n\r\n{encoded}"
        )
    body = "".join(f"--b\r\n{part}\r\n" for part in parts)
    return (
        f"From: Mira Kestrel <mira@example.net>\r\nTo: robin@example.test\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
        f'Message-ID: <{subject}@example.net>\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n{body}--b--\r\n'
    ).encode()


def html(subject: str, markup: str, *, text: str | None = None) -> bytes:
    """A message with an HTML body, and with a plain text beside it where one is given."""
    plain = f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n" if text is not None else ""
    return (
        f"From: shop@example.net\r\nTo: robin@example.test\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
        f'Message-ID: <{subject}@example.net>\r\nContent-Type: multipart/alternative; boundary="b"\r\n\r\n{plain}'
        f"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{markup}\r\n--b--\r\n"
    ).encode()


def test_the_words_of_all_folders_are_found_on_every_server(anyone: Person) -> None:
    anyone.put([letter(1, text="The heron stands in the shallow water."), letter(2, text="Grüße aus 北京大学")])
    anyone.put([letter(3, text="A heron in the archive")], mailbox="Archive")
    sync(anyone)
    assert search(anyone, "heron") == ["Letter 3", "Letter 1"]
    assert search(anyone, "shallow water") == ["Letter 1"]
    assert search(anyone, "京大") == ["Letter 2"]
    assert search(anyone, "grusse" if words("Grüße") == ["grusse"] else "Grüße") == ["Letter 2"]
    account = anyone.session.accounts[0].id
    assert wording.progress(anyone.gate.database, account) == wording.Progress(3, 3)
    assert jobs.keys(anyone.gate.database, account, wording.KIND) == frozenset()


def test_sender_recipients_subject_and_list_are_found_in_their_fields(person: Person) -> None:
    extra = "Cc: Ilse Brandt <ilse@example.org>\r\nBcc: hidden@example.org\r\nList-Id: Garden talk <talk.gardens.example>\r\n"
    person.put([letter(1, subject="Hedges and paths", sender="Owen Fenn <owen@example.com>", extra=extra)])
    sync(person)
    for field, word in (
        (Field.SUBJECT, "hedges"),
        (Field.FROM, "Fenn"),
        (Field.FROM, "owen@example.com"),
        (Field.TO, "robin@example.test"),
    ):
        assert search(person, word, field=field) == ["Hedges and paths"], field
    for field, word in ((Field.TO, "hidden"), (Field.CC, "Brandt"), (Field.LIST, "talk.gardens.example")):
        assert search(person, word, field=field) == ["Hedges and paths"], field
    assert search(person, "Brandt", field=Field.FROM) == []


def test_what_a_reader_sees_is_indexed_and_markup_is_not(person: Person) -> None:
    seen = "<style>.crimson{}</style><p>Autumn <b>sale</b><p style='display:none'>ghost</p>"
    long = "The whole text of the offer stands here as well. " * 40
    person.put([html("only html", seen), html("both", "<p>markup form", text=long), html("stub", seen, text="Open in a browser")])
    sync(person)
    assert search(person, "autumn sale") == ["stub", "only html"]
    assert search(person, "open in a browser") == ["stub"]
    assert search(person, "the whole text") == ["both"]
    assert search(person, "crimson") == search(person, "ghost") == search(person, "display") == []


def test_attachments_are_found_by_their_names_and_their_text(person: Person) -> None:
    person.put(
        [
            with_files("rent", ("Mietvertrag 2026.pdf", documents.pdf("the landlord signs"), documents.TYPES["pdf"])),
            with_files("plan", ("plan.docx", documents.docx("tulips along the wall"), documents.TYPES["docx"])),
            with_files("sums", ("sums.xlsx", documents.xlsx(["compost"], [1234]), "application/octet-stream")),
            with_files("notes", ("notes.txt", "Möhren säen".encode("latin-1"), "text/plain; charset=iso-8859-1")),
            with_files("photo", ("heron.png", b"\x89PNG landlord", "image/png")),
        ]
    )
    sync(person)
    assert search(person, "mietvertrag", field=Field.FILENAME) == ["rent"]
    assert search(person, "the landlord signs") == ["rent"]
    assert search(person, "tulips along", field=Field.FILENAME) == ["plan"]
    assert search(person, "compost") == search(person, "1234") == ["sums"]
    assert search(person, "Möhren") == ["notes"]
    assert search(person, "heron") == ["photo"]
    assert set(states(person).values()) == {TextState.WHOLE}


def test_a_message_within_a_message_is_found_by_its_words(person: Person) -> None:
    inner = letter(7, subject="Inside", text="the innermost words")
    outer = (
        b"From: mira@example.net\r\nSubject: Forwarded\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain\r\n\r\nLook.\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n"
    )
    person.put([outer])
    sync(person)
    assert search(person, "innermost words", field=Field.FILENAME) == ["Forwarded"]


def test_words_beyond_the_first_64_thousand_characters_are_left_out(person: Person) -> None:
    person.put(
        [letter(1, subject="long", text="\r\n".join(["filling words of a line"] * 2500 + ["nearend"] + ["x" * 70] * 2000 + ["pastend"]))]
    )
    sync(person)
    assert search(person, "nearend") == ["long"]
    assert search(person, "pastend") == []


def test_bodies_come_before_the_text_of_files_newest_first(person: Person) -> None:
    person.put([with_files("old", ("a.pdf", documents.pdf("early tulips"), documents.TYPES["pdf"]))])
    person.put([letter(number) for number in range(1, 4)], mailbox="Archive")
    person.page()
    upkeep.run(person.gate, job) if (job := upkeep.claim(person.gate, owner="test")) else None
    person.work()
    with person.gate.database.index_write() as connection:
        connection.exec_driver_sql("UPDATE messages SET text_state = 0")
    wording.run(person.session, seconds=-1)
    assert states(person)["old"] is TextState.FILES_WAIT
    assert states(person)["Letter 1"] is TextState.WAITING
    wording.run(person.session, seconds=-1)
    assert states(person)["Letter 1"] is TextState.WHOLE
    assert states(person)["old"] is TextState.FILES_WAIT
    wording.run(person.session, seconds=-1)
    assert set(states(person).values()) == {TextState.WHOLE}


def test_junk_and_trash_are_indexed_last(person: Person) -> None:
    for name in ("Junk", "Trash", "Sent", "INBOX"):
        person.put([letter(1, subject=name)], mailbox=name)
    sync(person)
    assert set(states(person).values()) == {TextState.WHOLE}
    with person.gate.database.index_write() as connection:
        connection.exec_driver_sql("UPDATE messages SET text_state = 0")
    order = []
    for _ in range(4):
        before = {name for name, state in states(person).items() if state is TextState.WHOLE}
        wording.run(person.session, seconds=-1)
        order += [name for name, state in states(person).items() if state is TextState.WHOLE and name not in before]
    assert order == ["INBOX", "Sent", "Junk", "Trash"]


def test_new_mail_is_found_within_the_next_look(person: Person) -> None:
    sync(person)
    person.deliver(letter(1, text="fresh strawberries"))
    person.page()
    account = person.session.accounts[0].id
    assert jobs.keys(person.gate.database, account, wording.KIND)
    person.work()
    assert search(person, "strawberries") == ["Letter 1"]


def test_a_message_that_cannot_be_read_costs_itself_only(person: Person) -> None:
    person.put([letter(number, text=f"otter {number}") for number in range(1, 31)])
    jobs.put(person.gate.database, kind="backfill", account_id=person.session.accounts[0].id, due_at=datetime.now(UTC))
    person.page()
    inside = person.dovecot.folder / "mail" / person.username / "Maildir"
    victims = [path for path in inside.glob("*/*") if path.is_file() and b"Subject: Letter 13" in path.read_bytes()]
    assert len(victims) == 1
    if os.getuid() == 0:
        os.chown(victims[0], 0, 0)
    victims[0].chmod(0)
    for leftover in inside.glob("dovecot.index.cache*"):
        leftover.unlink()
    person.hang_up()
    wording.run(person.session, seconds=60)
    found = states(person)
    assert found.pop("Letter 13") is TextState.UNREADABLE
    assert set(found.values()) == {TextState.WHOLE}
    assert len(found) == 29
    assert len(search(person, "otter")) == 29
    assert search(person, "Letter 13") == ["Letter 13"]


@pytest.mark.parametrize("when", ["before", "during", "after"])
def test_a_connection_that_is_cut_makes_no_message_unreadable(behind: Person, proxy: Proxy, when: str) -> None:
    behind.put([letter(number, text=f"otter {number}") for number in range(1, 4)])
    behind.put([with_files("plan", ("plan.pdf", documents.pdf("tulips"), documents.TYPES["pdf"]))])
    behind.page()
    for _ in range(6):
        proxy.cut("UID FETCH", when)
        wording.run(behind.session, seconds=-1)
    proxy.behave()
    wording.run(behind.session, seconds=60)
    assert set(states(behind).values()) == {TextState.WHOLE}
    assert len(search(behind, "otter")) == 3
    assert search(behind, "tulips") == ["plan"]


def test_a_server_that_is_away_is_asked_again_later(behind: Person, proxy: Proxy) -> None:
    behind.put([letter(1, text="otter")])
    behind.page()
    proxy.stop()
    behind.hang_up()
    with pytest.raises(ServerUnavailable):
        wording.run(behind.session, seconds=60)
    assert set(states(behind).values()) == {TextState.WAITING}


def test_a_uidvalidity_that_changed_leaves_no_words_behind(person: Person) -> None:
    person.put([letter(1, text="the former otter")], mailbox="Archive")
    sync(person)
    assert search(person, "former otter") == ["Letter 1"]
    with person.side() as side:
        side.delete("Archive")
        side.create("Archive")
    person.hang_up()
    person.put([letter(2, text="the present otter"), letter(3)], mailbox="Archive")
    sync(person)
    assert search(person, "otter") == ["Letter 2"]
    sound(person.gate.database)


def test_a_message_we_move_keeps_its_words(person: Person) -> None:
    person.put([letter(1, text="wandering otter")])
    sync(person)
    before = fulltext.content(person.gate.database, person.session.accounts[0].id, [messages.MessageId(person.ids()[0])])
    assert [each.body for each in before.values()] == ["wandering otter"]
    person.page(SpecialUse.ARCHIVE)
    (found,) = before
    filing.act(person.session, "archive", ids=[found])
    assert person.ids(SpecialUse.ARCHIVE) == [found]
    assert search(person, "wandering otter") == ["Letter 1"]


def test_two_workers_at_once_index_each_message_once(person: Person) -> None:
    person.put([letter(number, text=f"otter {number}") for number in range(1, 41)])
    person.page()
    failed: list[BaseException] = []

    def index() -> None:
        try:
            wording.run(person.session, seconds=60)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=index) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(search(person, "otter")) == 40
    sound(person.gate.database)


def test_a_bomb_among_the_attachments_stops_nobody(person: Person) -> None:
    person.put(
        [
            with_files("pages", ("a.pdf", documents.endless_pages(), documents.TYPES["pdf"])),
            with_files("laughs", ("b.docx", documents.billion_laughs(), documents.TYPES["docx"])),
            with_files("good", ("c.pdf", documents.pdf("a good document"), documents.TYPES["pdf"])),
        ]
    )
    start = monotonic()
    sync(person)
    assert search(person, "a good document") == ["good"]
    assert set(states(person).values()) == {TextState.WHOLE}
    assert monotonic() - start < 60


@pytest.mark.parametrize("line", [b"", b"Content-Type: text/plain; charset=nonsense\r\n", b"Content-Transfer-Encoding: base64\r\n"])
def test_odd_messages_are_no_reason_to_stop(person: Person, line: bytes) -> None:
    person.put([b"Subject: odd\r\n" + line + b"\r\n\xff\xfe\x00 tail\r\n", letter(1, text="otter")])
    sync(person)
    assert search(person, "otter") == ["Letter 1"]
    assert states(person)["odd"] is TextState.WHOLE

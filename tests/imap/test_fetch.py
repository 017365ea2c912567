"""What a list and a reader get from a mailbox."""

from __future__ import annotations

import pytest

from tests.imap.letters import MIXED, letter
from tests.servers.dovecot import Dovecot
from tests.servers.imap_servers import ImapServer
from tests.servers.proxy import Proxy
from webmail.account import Credentials
from webmail.errors import Conflict, InvalidInput, NotFound
from webmail.imap import fetch
from webmail.imap.connection import connect
from webmail.message import mime
from webmail.message.summary import Flag, Uid


def test_the_newest_messages_are_listed_newest_first(imap_server: ImapServer) -> None:
    imap_server.put(letter(number) for number in range(1, 8))
    connection = imap_server.connect()
    connection.select("INBOX")
    found = fetch.newest(connection, 3)
    assert [summary.envelope.subject for summary in found] == ["Letter 7", "Letter 6", "Letter 5"]
    assert found[0].envelope.sender[0].addr_spec == "alice@example.org"
    assert found[0].envelope.message_id_field == "<7@example.org>"
    assert found[0].structure.media_type == "text"
    assert found[0].size == len(letter(7).replace(b"\n", b"\r\n"))
    assert found[0].internal_date.tzinfo is not None
    assert not found[0].seen


def test_a_copy_is_known_by_the_name_the_server_gives_to_its_octets(imap_server: ImapServer) -> None:
    imap_server.put([letter(1), letter(2)])
    with imap_server.side() as side:
        side.copy("1", "INBOX")
    connection = imap_server.connect()
    connection.select("INBOX")
    names = [summary.email_id for summary in fetch.newest(connection, 3)]
    assert [summary.email_id for summary in fetch.summaries_between(connection, Uid(1), None)] == names[::-1]
    if connection.has("OBJECTID"):
        assert all(names)
        assert (names[0] == names[2], len(set(names))) == (True, 2)
    else:
        assert imap_server.name != "pymap"
        assert names == ["", "", ""]


def test_a_server_that_offers_no_names_for_octets_is_not_asked_for_them(dovecot: Dovecot, proxy: Proxy) -> None:
    username = dovecot.new_user("secret")
    dovecot.put(username, [letter(1)])
    for offered in (False, True):
        connection = connect(proxy.server())
        connection.authenticate(Credentials(username, "secret"))
        # It knows nothing of it, whatever it says.
        connection.capabilities |= {"OBJECTID"} if offered else frozenset()
        connection.select("INBOX")
        proxy.commands.clear()
        assert [summary.email_id for _ in range(2) for summary in fetch.newest(connection, 1)] == ["", ""]
        assert sum("EMAILID" in command for command in proxy.commands) == int(offered)
        connection.close()


def test_an_empty_mailbox_has_an_empty_list(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    selected = connection.select("INBOX")
    assert (selected.exists, selected.uidnext) == (0, 1 if imap_server.name != "pymap" else selected.uidnext)
    assert fetch.newest(connection, 50) == []
    assert fetch.search(connection, "ALL") == []
    assert fetch.summaries_between(connection, Uid(1), None) == []
    assert fetch.flags_between(connection, Uid(1), None) == {}
    assert fetch.uids_before(connection, Uid(1), 10) == []


def test_summaries_are_given_for_the_uids_that_still_exist(imap_server: ImapServer) -> None:
    imap_server.put(letter(number) for number in range(1, 4))
    connection = imap_server.connect()
    connection.select("INBOX")
    first, second, third = fetch.search(connection, "ALL")
    assert [one.uid for one in fetch.summaries(connection, [third, first, Uid(third + 1000)])] == [first, third]
    assert [one.uid for one in fetch.summaries_between(connection, second, None)] == [second, third]
    assert [one.uid for one in fetch.summaries_between(connection, first, second)] == [first, second]
    assert fetch.summaries(connection, []) == []


def test_nothing_new_is_an_empty_answer_although_a_star_always_names_the_last_message(imap_server: ImapServer) -> None:
    imap_server.put([letter(1)])
    connection = imap_server.connect()
    uidnext = Uid(connection.select("INBOX").uidnext)
    assert fetch.summaries_between(connection, uidnext, None) == []
    assert fetch.flags_between(connection, uidnext, None) == {}


def test_flags_are_told_in_their_usual_spelling(imap_server: ImapServer) -> None:
    imap_server.put([letter(1)], flags=r"(\Seen \Flagged)")
    imap_server.put([letter(2)])
    connection = imap_server.connect()
    connection.select("INBOX")
    first, second = fetch.search(connection, "ALL")
    wanted = {first: frozenset({Flag.SEEN, Flag.FLAGGED}), second: frozenset[str]()}
    assert fetch.flags_between(connection, first, None) == wanted
    assert fetch.flags_of(connection, [second, first]) == wanted
    assert fetch.newest(connection, 2)[1].flags == wanted[first]


def test_looking_never_marks_a_message_as_seen(imap_server: ImapServer) -> None:
    imap_server.put([letter(1)])
    connection = imap_server.connect()
    connection.select("INBOX", writable=True)
    (uid,) = fetch.search(connection, "ALL")
    fetch.newest(connection, 1)
    fetch.part(connection, uid, "1")
    fetch.header(connection, uid)
    list(fetch.source_chunks(connection, uid))
    fetch.beginnings(connection, [uid], "1", 10)
    assert fetch.search(connection, "UNSEEN") == [uid]


def test_the_tree_of_parts_has_the_sections_that_fetch_understands(imap_server: ImapServer) -> None:
    imap_server.put([MIXED])
    connection = imap_server.connect()
    connection.select("INBOX")
    (summary,) = fetch.newest(connection, 1)
    assert summary.envelope.subject == "测试"
    assert summary.envelope.sender[0].name == "Jörg"
    found = {part.section: f"{part.media_type}/{part.subtype}" for part in mime.walk(summary.structure)}
    assert found == {
        "": "multipart/mixed",
        "1": "multipart/alternative",
        "1.1": "text/plain",
        "1.2": "text/html",
        "2": "application/pdf",
        "3": "message/rfc822",
        "3.TEXT": "multipart/mixed",
        "3.1": "text/plain",
        "3.2": "image/png",
    }
    parts = {part.section: part for part in mime.walk(summary.structure)}
    assert parts["2"].filename == "报告.pdf"
    assert parts["3.2"].filename == "b.png"
    assert parts["3.2"].content_id == "picture@example.org"
    assert fetch.part(connection, summary.uid, "2").strip() == b"JVBERi0xLjQK"
    if imap_server.name != "pymap":  # It finds no part inside an enclosed message.
        assert fetch.part(connection, summary.uid, "3.1").strip() == b"inside"


def test_the_tree_from_the_server_is_the_tree_of_the_octets(rich: ImapServer) -> None:
    rich.put([MIXED, letter(1)])
    connection = rich.connect()
    connection.select("INBOX")
    for summary in fetch.newest(connection, 2):
        ours = mime.parse(b"".join(fetch.source_chunks(connection, summary.uid)))
        for one, other in zip(mime.walk(ours), mime.walk(summary.structure), strict=True):
            assert (one.section, one.subtype, one.filename, one.disposition) == (
                other.section,
                other.subtype,
                other.filename,
                other.disposition,
            )


def test_what_stands_behind_thousands_of_recipients_is_read_too(imap_server: ImapServer) -> None:
    everyone = ",\n ".join(f"Person {number} <person.{number}@example.net>" for number in range(3000))
    rest = letter(1).partition(b"\n")[2]
    imap_server.put([b"To: " + everyone.encode() + b"\nFrom: alice@example.org\n" + rest, letter(2)])
    connection = imap_server.connect()
    connection.select("INBOX")
    other, found = fetch.newest(connection, 2)
    assert (found.envelope.subject, found.envelope.message_id_field) == ("Letter 1", "<1@example.org>")
    assert [each.addr_spec for each in found.envelope.sender] == ["alice@example.org"]
    assert found.envelope.date == fetch.summaries(connection, [found.uid])[0].envelope.date is not None
    assert [each.addr_spec for each in found.envelope.to[:2]] == ["person.0@example.net", "person.1@example.net"]
    assert len(found.envelope.to) == 1000
    assert other.envelope.subject == "Letter 2"


def test_a_part_is_cut_at_the_limit(imap_server: ImapServer) -> None:
    imap_server.put([letter(1, body="0123456789\n")])
    connection = imap_server.connect()
    connection.select("INBOX")
    (uid,) = fetch.search(connection, "ALL")
    assert fetch.part(connection, uid, "1", limit=4) == b"0123"
    assert fetch.part(connection, uid, "1") == b"0123456789\r\n"
    assert fetch.header(connection, uid, limit=5) == b"From:"
    assert fetch.header(connection, uid).endswith(b"\r\n\r\n")


def test_the_beginnings_of_many_messages_come_in_one_answer(imap_server: ImapServer) -> None:
    imap_server.put(letter(number, body=f"Text {number}\n") for number in range(1, 4))
    connection = imap_server.connect()
    connection.select("INBOX")
    uids = fetch.search(connection, "ALL")
    assert list(fetch.beginnings(connection, uids, "1", 6).values()) == [b"Text 1", b"Text 2", b"Text 3"]


def test_a_message_that_is_gone_is_not_found(imap_server: ImapServer) -> None:
    connection = imap_server.connect()
    connection.select("INBOX")
    for read in (
        lambda: fetch.part(connection, Uid(99), "1"),
        lambda: fetch.header(connection, Uid(99)),
        lambda: next(fetch.part_chunks(connection, Uid(99), "1")),
    ):
        with pytest.raises(NotFound):
            read()


def test_a_part_streams_in_pieces(imap_server: ImapServer) -> None:
    body = "".join(f"{number:08d}\n" for number in range(1000))
    imap_server.put([letter(1, body=body)])
    connection = imap_server.connect()
    connection.select("INBOX")
    (uid,) = fetch.search(connection, "ALL")
    whole = body.replace("\n", "\r\n").encode()
    pieces = list(fetch.part_chunks(connection, uid, "1", chunk=4096))
    assert b"".join(pieces) == whole
    assert [len(piece) for piece in pieces] == [4096, 4096, len(whole) - 8192]
    assert b"".join(fetch.part_chunks(connection, uid, "1", chunk=4096, size=len(whole))) == whole
    assert b"".join(fetch.part_chunks(connection, uid, "1", chunk=len(whole))) == whole
    assert b"".join(fetch.source_chunks(connection, uid, chunk=5000)) == letter(1, body=body).replace(b"\n", b"\r\n")


def test_search_finds_by_flag_uid_and_words(imap_server: ImapServer) -> None:
    imap_server.put([letter(1, subject="Invoice for May"), letter(2, subject='Say "yes"'), letter(3, subject="Urlaub")])
    connection = imap_server.connect()
    connection.select("INBOX")
    first, second, third = fetch.search(connection, "ALL")
    assert fetch.search(connection, "UID", f"{second}:{third}") == [second, third]
    assert fetch.search(connection, "UNSEEN", "SUBJECT", "invoice for") == [first]
    assert fetch.search(connection, "SUBJECT", 'Say "yes"') == [second]
    assert fetch.search(connection, b"(", "OR", "SUBJECT", "urlaub", "SUBJECT", "invoice", b")") == [first, third]
    assert fetch.find(connection, message_id_field="<3@example.org>") == [third]
    assert fetch.find(connection, message_id_field="<absent@example.org>") == []


@pytest.mark.parametrize("name", ["rich", "bare"])
def test_search_takes_words_of_any_script(request: pytest.FixtureRequest, name: str) -> None:
    server: ImapServer = request.getfixturevalue(name)
    server.put([letter(1, subject="=?utf-8?b?5rWL6K+V?="), letter(2, subject="=?iso-8859-1?q?Gr=FC=DFe?=")])
    connection = server.connect()
    connection.select("INBOX")
    assert fetch.search(connection, "SUBJECT", "测试") == [1]
    assert fetch.search(connection, "SUBJECT", "GRÜß") == [2]


def test_words_that_look_like_search_keys_are_words(rich: ImapServer) -> None:
    rich.put([letter(1, subject="ALL of it"), letter(2, subject="5:* (x)")])
    connection = rich.connect()
    connection.select("INBOX")
    assert fetch.search(connection, "SUBJECT", "ALL") == [1]
    assert fetch.search(connection, "SUBJECT", "5:*") == [2]
    assert fetch.search(connection, "SUBJECT", "NIL") == []
    with pytest.raises(InvalidInput):
        fetch.search(connection, "SUBJECT x")


def test_older_uids_come_newest_first_across_gaps(imap_server: ImapServer) -> None:
    imap_server.put(letter(number) for number in range(1, 13))
    with imap_server.side() as client:
        client.store("3:9", "+FLAGS", r"(\Deleted)")
        client.expunge()
    connection = imap_server.connect()
    uidnext = connection.select("INBOX").uidnext
    everything = fetch.search(connection, "ALL")
    assert len(everything) == 5
    assert fetch.uids_before(connection, Uid(uidnext), 2) == everything[:-3:-1]
    assert fetch.uids_before(connection, Uid(uidnext), 4) == everything[:0:-1]
    assert fetch.uids_before(connection, Uid(uidnext), 100) == everything[::-1]
    assert fetch.uids_before(connection, everything[0], 10) == []


def test_nothing_is_fetched_where_no_mailbox_is_selected(rich: ImapServer) -> None:
    with pytest.raises(Conflict):
        fetch.search(rich.connect(), "ALL")


def test_hundreds_of_scattered_uids_go_in_several_commands(dovecot: Dovecot) -> None:
    username = dovecot.new_user()
    dovecot.fill(username, (letter(number) for number in range(1, 3001)))
    connection = connect(dovecot.server())
    connection.authenticate(dovecot.credentials(username))
    connection.select("INBOX")
    odd = [Uid(uid) for uid in range(1, 3001, 2)]
    assert list(fetch.flags_of(connection, odd)) == odd
    assert len(fetch.summaries(connection, odd)) == 1500
    assert fetch.search(connection, "ALL")[-1] == 3000
    connection.close()

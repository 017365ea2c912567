"""What lies in a message: attached messages opened in place, reports, invitations, cards and winmail.dat, for one fetch each."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.servers.proxy import Proxy
from webmail.errors import NotFound
from webmail.extract import text
from webmail.formats.report import Action, Disposition
from webmail.mail import enclosures, files, nested, parts, reading
from webmail.mail.file_pages import HarmPage
from webmail.mail.message_pages import MessagePage, Wishes
from webmail.message import mime

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\n"


@pytest.fixture(scope="module", autouse=True)
def no_child_left() -> Iterator[None]:
    """The process that opens winmail.dat ends with these tests."""
    yield
    text.rest()


def mixed(*entities: bytes, subject: str = "Outer", kind: str = "mixed", sender: str = "Mira <mira@example.net>") -> bytes:
    edge = f"edge-{abs(hash(entities)) % 10**9}".encode()
    head = f"From: {sender}\r\nTo: robin@example.test\r\nSubject: {subject}\r\nDate: Mon, 23 Nov 2026 09:00:00 +0100\r\n"
    head += f"Message-ID: <{subject.replace(' ', '-')}@example.net>\r\nMIME-Version: 1.0\r\n"
    lines = [head.encode() + b"Content-Type: multipart/" + kind.encode() + b'; boundary="' + edge + b'"', b""]
    for each in entities:
        lines += [b"--" + edge, each]
    return b"\r\n".join([*lines, b"--" + edge + b"--", b""])


def message_part(raw: bytes) -> bytes:
    return b"Content-Type: message/rfc822\r\n\r\n" + raw


def binary(kind: str, content: bytes, *more: str) -> bytes:
    head = "".join(f"{line}\r\n" for line in (f"Content-Type: {kind}", "Content-Transfer-Encoding: base64", *more))
    return head.encode() + b"\r\n" + base64.encodebytes(content).replace(b"\n", b"\r\n")


def put(person: Person, raw: bytes) -> int:
    person.dovecot.put(person.username, [raw])
    return person.ids()[0]


def page(person: Person, number: int, *opened: str) -> MessagePage:
    return reading.message_page(person.session, number, mark_seen=False, wishes=Wishes(attached=opened))


def words(found: MessagePage, section: str) -> str:
    body = next(each.body for each in found.attached if each.section == section)
    assert body is not None
    return " ".join(span.text for block in body.text for line in block.lines for span in line)


@pytest.fixture
def watched(dovecot: Dovecot, proxy: Proxy, tmp_path: Path) -> Iterator[tuple[Person, Proxy]]:
    """Somebody whose IMAP commands are recorded."""
    somebody = new_person(dovecot, tmp_path / "data", imap=proxy.server())
    somebody.sign_in()
    yield somebody, proxy
    somebody.close()


def fetches(proxy: Proxy) -> int:
    count = sum(line.upper().startswith("UID FETCH") for line in proxy.commands)
    proxy.commands.clear()
    return count


def test_an_attached_message_says_who_wrote_it_and_opens_in_place(person: Person) -> None:
    number = put(person, mixed(TEXT + b"Look at this:", message_part(letter(5, subject="Inner", text="The words inside"))))
    folded = page(person, number)
    (only,) = folded.attached
    assert (only.section, only.depth, only.envelope.subject, only.body, only.openable) == ("2", 1, "Inner", None, True)
    assert only.toggled == ("2",)
    opened = page(person, number, "2")
    assert words(opened, "2") == "The words inside"
    assert opened.attached[0].toggled == ()
    raw = b"".join(parts.part(person.session, number, section="2").chunks)
    assert b"Subject: Inner" in raw
    assert raw.rstrip().endswith(b"The words inside")


def test_messages_lie_in_one_another_to_any_depth(person: Person) -> None:
    inner = letter(1, subject="Level 5", text="At the bottom")
    for level in range(4, 0, -1):
        inner = mixed(TEXT + f"On level {level}".encode(), message_part(inner), subject=f"Level {level}")
    number = put(person, mixed(TEXT + b"On top", message_part(inner)))
    deepest = "2.2.2.2.2"
    found = page(person, number, deepest)
    assert [(each.section, each.depth) for each in found.attached] == [(deepest[: 2 * level - 1], level) for level in range(1, 6)]
    assert [each.envelope.subject for each in found.attached] == [f"Level {level}" for level in range(1, 6)]
    assert words(found, deepest) == "At the bottom"
    assert found.attached[1].toggled == ("2",), "what is folded takes what is in it along"


def test_a_message_that_the_server_cannot_read_stays_a_file(person: Person) -> None:
    number = put(person, mixed(TEXT + b"Outer", binary("message/rfc822", letter(3, subject="Encoded"))))
    found = page(person, number)
    assert found.attached == ()
    assert [each.section for each in found.attachments] == ["2"]
    assert b"Subject: Encoded" in b"".join(parts.part(person.session, number, section="2").chunks)


def test_a_hundred_levels_are_opened_and_no_more_are_asked_for(person: Person) -> None:
    raw = letter(1, subject="Bottom")
    for level in range(120):
        raw = b"Subject: %d\r\nMIME-Version: 1.0\r\n" % level + message_part(raw)
    number = put(person, raw)
    first = page(person, number)
    assert [each.section for each in first.attached] == ["1"]
    deepest = [each.section for each in mime.walk(first.message.structure) if enclosures.is_message(each)][-1]
    opened = page(person, number, deepest)
    assert 90 <= len(opened.attached) <= 101
    assert [each.depth for each in opened.attached] == list(range(1, len(opened.attached) + 1))


def test_html_inside_is_cleaned_and_shows_the_pictures_of_its_own_message_only(person: Person) -> None:
    body = b'<p onclick="x()">Rich <img src="cid:inner"><img src="cid:outer"><script>x()</script><img src="https://t.example/x"></p>'
    inner = mixed(
        b"Content-Type: text/html\r\n\r\n" + body,
        binary("image/png", PNG, "Content-ID: <inner>"),
        kind="related",
        subject="Inner",
    )
    number = put(person, mixed(TEXT + b"Outer", binary("image/png", PNG, "Content-ID: <outer>"), message_part(inner)))
    found = page(person, number, "3")
    opened = next(each.body for each in found.attached)
    assert opened is not None
    assert (opened.document, opened.remote_images) == (True, 1)
    document = nested.document(person.session, number, section="3")
    assert "Rich" in document
    assert f"/messages/{number}/parts/3.2/" in document
    assert not any(word in document for word in ("onclick", "script", "t.example", "parts/2/"))
    for section in ("1", "2", "3.1", "9", "x", ""):
        with pytest.raises(NotFound):
            nested.document(person.session, number, section=section)


def test_all_that_is_shown_comes_in_one_fetch_and_then_from_the_index(watched: tuple[Person, Proxy]) -> None:
    person, proxy = watched
    calendar = b"Content-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\nSUMMARY:Tea\r\nEND:VEVENT"
    inner = mixed(TEXT + b"Inside", calendar, subject="Inner")
    number = put(person, mixed(TEXT + b"Outer", calendar, message_part(inner), message_part(letter(2, subject="Second"))))
    fetches(proxy)
    first = page(person, number)
    assert fetches(proxy) == 1
    assert [each.envelope.subject for each in first.attached] == ["Inner", "Second"]
    assert first.enclosed.invitations[0].calendar.events[0].summary == "Tea"
    page(person, number, "3")
    assert fetches(proxy) == 1
    again = page(person, number, "3")
    assert fetches(proxy) == 0
    assert words(again, "3") == "Inside"
    body = again.attached[0].body
    assert body is not None
    assert body.enclosed.invitations[0].section == "3.2"


def report(kind: str, status: bytes, *, third: bytes = b"") -> bytes:
    entities = [TEXT + b"For people", b"Content-Type: message/" + kind.encode() + b"\r\n\r\n" + status]
    return mixed(*entities, *([third] if third else []), kind=f"report; report-type={kind}", sender="<MAILER-DAEMON@mx.example>")


def test_a_delivery_report_says_for_whom_what_happened_and_why(person: Person) -> None:
    status = (
        b"Reporting-MTA: dns; mx.example.net\r\nArrival-Date: Mon, 23 Nov 2026 09:00:00 +0100\r\n\r\n"
        b"Final-Recipient: rfc822; hut@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 Nobody\r\n\r\n"
        b"Final-Recipient: rfc822;two@example.net\r\nAction: delayed\r\nStatus: 4.4.1\r\nRemote-MTA: dns; far.example\r\n"
    )
    third = b"Content-Type: text/rfc822-headers\r\n\r\nTo: hut@example.net\r\nSubject: =?utf-8?q?H=C3=BCtte?=\r\n"
    number = put(person, report("delivery-status", status, third=third))
    found = page(person, number).enclosed
    (told,) = found.deliveries
    assert told.server == "mx.example.net"
    assert [(each.recipient, each.action, each.status) for each in told.deliveries] == [
        ("hut@example.net", Action.FAILED, "5.1.1"),
        ("two@example.net", Action.DELAYED, "4.4.1"),
    ]
    assert told.deliveries[0].words == "550 5.1.1 Nobody"
    assert told.deliveries[1].server == "far.example"
    assert found.returned is not None
    assert found.returned.envelope.subject == "Hütte"


def test_receipts_and_complaints_are_read(person: Person) -> None:
    receipt = (
        b"Reporting-UA: Mailer\r\nFinal-Recipient: rfc822;mira@example.net\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n"
    )
    found = page(person, put(person, report("disposition-notification", receipt))).enclosed
    assert [(each.disposition, each.recipient, each.automatic) for each in found.receipts] == [
        (Disposition.DISPLAYED, "mira@example.net", False)
    ]
    complaint = b"Feedback-Type: abuse\r\nUser-Agent: X/1\r\nVersion: 1\r\nSource-IP: 192.0.2.1\r\nOriginal-Mail-From: <a@example.net>\r\n"
    third = message_part(letter(3, subject="Buy now"))
    found = page(person, put(person, report("feedback-report", complaint, third=third))).enclosed
    assert [(each.kind, each.source_address) for each in found.feedback] == [("abuse", "192.0.2.1")]
    assert found.returned is not None
    assert found.returned.envelope.subject == "Buy now"


QMAIL = b"""Hi. This is the qmail-send program at mx.example.net.\r
I'm afraid I wasn't able to deliver your message to the following addresses.\r
\r
<hut@example.net>:\r
Sorry, no mailbox here by that name. (#5.1.1)\r
\r
--- Below this line is a copy of the message.\r
\r
To: <other@example.net>\r
"""


def test_an_old_bounce_is_read_only_where_a_mail_system_wrote_it(person: Person) -> None:
    head = b"To: robin@example.test\r\nSubject: failure notice\r\nMessage-ID: <%d@example.net>\r\n\r\n"
    by_system = put(person, b"From: MAILER-DAEMON@mx.example.net\r\n" + head % 1 + QMAIL)
    (told,) = page(person, by_system).enclosed.deliveries
    assert [(each.recipient, each.status) for each in told.deliveries] == [("hut@example.net", "5.1.1")]
    by_person = put(person, b"From: mallory@example.net\r\n" + head % 2 + QMAIL)
    assert page(person, by_person).enclosed.deliveries == ()


def test_a_winmail_dat_shows_its_body_and_gives_its_files(person: Person, corpus_dir: Path) -> None:
    raw = (corpus_dir / "tnef" / "ytnef" / "winmail.dat").read_bytes()
    number = put(
        person, mixed(TEXT + b"Outer", binary("application/ms-tnef", raw, "Content-Disposition: attachment; filename=winmail.dat"))
    )
    (found,) = page(person, number).enclosed.winmail
    assert found.problem == ""
    assert "Casdasdf" in found.text[0].lines[0][0].text
    assert [(each.section, each.filename, each.size) for each in found.files] == [
        ("2!1", "zappa_av1.jpg", 2937),
        ("2!2", "bookmark.htm", 85805),
    ]
    picture = parts.part(person.session, number, section="2!1")
    octets = b"".join(picture.chunks)
    assert (picture.inline, picture.media_type, picture.filename, len(octets)) == (True, "image/jpeg", "zappa_av1.jpg", 2937)
    assert octets in raw
    page_file = parts.part(person.session, number, section="2!2")
    assert (page_file.inline, b"".join(page_file.chunks)[:9]) == (False, b"<!DOCTYPE")
    assert [(each.viewable, bool(each.harm)) for each in found.files] == [(False, False), (False, True)]
    question = files.download(person.session, number, section="2!2", in_place=False, confirmed=False)
    assert isinstance(question, HarmPage)
    assert [(each.filename, each.harm) for each in question.files] == [("bookmark.htm", found.files[1].harm)]
    for section in ("2!0", "2!3", "2!x", "1!1", "2!", "!1", "2!1!1"):
        with pytest.raises(NotFound):
            parts.part(person.session, number, section=section)


def test_the_html_of_a_winmail_dat_is_cleaned_and_has_its_own_pictures(person: Person, corpus_dir: Path) -> None:
    raw = (corpus_dir / "tnef" / "roundcube" / "winmail-10193.tnef").read_bytes()
    number = put(person, binary("application/ms-tnef; name=winmail.dat", raw, "Subject: only winmail", "MIME-Version: 1.0"))
    (found,) = page(person, number).enclosed.winmail
    assert found.document
    document = nested.document(person.session, number, section="1")
    assert "<script" not in document
    assert f"/messages/{number}/parts/1!1/image.png" in document
    assert nested.document(person.session, number, section="1") == document


def test_a_damaged_winmail_dat_is_said_to_be_so(person: Person) -> None:
    number = put(person, mixed(TEXT + b"Outer", binary("application/ms-tnef", b"\x78\x9f\x3e\x22 nonsense")))
    (found,) = page(person, number).enclosed.winmail
    assert (found.problem, found.files) == ("broken", ())
    number = put(person, mixed(TEXT + b"Outer", binary("application/ms-tnef", b"nothing of the kind"), subject="other"))
    assert page(person, number).enclosed.winmail[0].problem == "broken"


def test_a_calendar_is_never_the_body_where_there_is_text(person: Person) -> None:
    calendar = b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Tea\r\n"
    calendar += b"DTSTART:20261125T090000Z\r\nEND:VEVENT\r\nEND:VCALENDAR"
    found = page(person, put(person, mixed(calendar, TEXT + b"Words", kind="alternative")))
    assert [span.text for block in found.text for line in block.lines for span in line] == ["Words"]
    assert found.enclosed.invitations[0].calendar.method == "request"
    alone = page(person, put(person, b"Subject: only a calendar\r\nMIME-Version: 1.0\r\n" + calendar))
    assert alone.text == ()
    assert alone.enclosed.invitations[0].calendar.events[0].summary == "Tea"


def test_a_card_is_shown_in_place(person: Person) -> None:
    card = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Mira Kestrel\r\nEMAIL;TYPE=work:mira@example.net\r\nTEL;TYPE=cell:+49 1\r\nEND:VCARD"
    found = page(person, put(person, mixed(TEXT + b"My card", b"Content-Type: text/vcard; name=mira.vcf\r\n\r\n" + card)))
    (file,) = found.enclosed.cards
    assert (file.filename, file.cards[0].name, file.cards[0].emails[0].value) == ("mira.vcf", "Mira Kestrel", "mira@example.net")

"""Who wrote it: the page tells what is doubtful, what the server found, and what is remembered of the sender; links are looked through."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import dkim
import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.name_server import NameServer
from tests.servers.person import Person, letter, new_person
from tests.servers.proxy import Proxy
from tests.test_authentication import PRIVATE, PUBLIC, RECORD
from webmail.address import Address
from webmail.authentication import State
from webmail.errors import NotFound
from webmail.mail import bodies, detours, reading, senders, verifying
from webmail.mail.senders import SenderPage
from webmail.store import jobs
from webmail.store import senders as memory

OURS = "mx.example.test"
DENIED = f"Authentication-Results: {OURS}; dmarc=fail (p=reject) header.from=example.net\r\n"
VERIFIED = f"Authentication-Results: {OURS}; dmarc=pass (p=reject) header.from=example.net\r\n"


def with_html(html: str, *, top: str = "", sender: str = "Mira Kestrel <mira@example.net>", number: int = 1) -> bytes:
    plain = letter(number, text=html, sender=sender)
    return top.encode() + plain.replace(b"text/plain", b"text/html")


def put(person: Person, raw: bytes, *, mailbox: str = "INBOX") -> int:
    """Store a message, and return its id."""
    person.put([raw], mailbox=mailbox)
    return person.ids(mailbox)[0]


def put_in_turn(person: Person, *messages: bytes) -> list[int]:
    """Store messages that came one minute after the other, and return their ids, the oldest first."""
    with person.side() as side:
        for number, raw in enumerate(messages):
            side.append("INBOX", None, f'"01-Mar-2026 08:{number:02}:00 +0000"', raw)  # type: ignore[arg-type]
    return person.ids()[::-1]


def told(person: Person, number: int) -> SenderPage:
    return reading.message_page(person.session, number, mark_seen=False).sender


def codes(person: Person, number: int) -> set[str]:
    return {mark.code for mark in told(person, number).marks}


@pytest.fixture
def warned(person: Person) -> Person:
    """Somebody whose server speaks of the mail it took in."""
    person.gate = replace(person.gate, authserv_id=OURS)
    person.sign_in()
    return person


def test_a_verified_letter_of_somebody_new_says_so_and_has_no_doubts(warned: Person) -> None:
    found = told(warned, put(warned, VERIFIED.encode() + letter(1)))
    assert found.verdict is not None
    assert (found.verdict.state, found.verdict.policy, found.first, found.marks) == (State.VERIFIED, "reject", "site", ())


def test_what_its_domain_denies_is_probably_a_forgery(warned: Person) -> None:
    found = told(warned, put(warned, DENIED.encode() + letter(1)))
    assert found.verdict is not None
    assert found.verdict.state is State.FAILED
    assert [mark.code for mark in found.marks] == ["denied"]
    assert found.forged
    assert not found.can_trust
    mild = told(warned, put(warned, DENIED.replace("reject", "none").encode() + letter(2)))
    assert (mild.kind, mild.forged) == ("danger", False), "what is passed on by others fails too, and its domain asks for nothing"
    assert told(warned, put(warned, DENIED.encode() + letter(3, extra="List-Id: <hikers.example.org>\r\n"))).kind == "warn"


def test_without_the_setting_the_server_is_not_believed(person: Person) -> None:
    assert told(person, put(person, VERIFIED.encode() + letter(1))).verdict is None


def test_it_costs_no_round_trip_once_the_message_was_opened(dovecot: Dovecot, proxy: Proxy, tmp_path: Path) -> None:
    somebody = new_person(dovecot, tmp_path / "data", imap=proxy.server())
    somebody.gate = replace(somebody.gate, authserv_id=OURS)
    somebody.sign_in()
    number = put(somebody, DENIED.encode() + letter(1))
    proxy.commands.clear()
    first = told(somebody, number)
    assert sum("FETCH" in line.upper() and "BODY" in line.upper() for line in proxy.commands) == 1
    proxy.commands.clear()
    assert told(somebody, number) == first
    assert not any("FETCH" in line.upper() for line in proxy.commands)
    somebody.close()


def test_the_first_message_is_the_first_whatever_the_order_of_arrival(person: Person) -> None:
    jonas, owen = letter(3, sender="Jonas <jonas@example.net>"), letter(4, sender="Owen <owen@example.org>")
    assert [told(person, each).first for each in put_in_turn(person, letter(1), letter(2), jonas, owen)] == ["site", "", "address", "site"]


def test_somebody_written_to_is_nobody_new(person: Person) -> None:
    person.put([b"To: Owen Tarrant <owen@example.org>\r\n" + letter(1)], mailbox="Sent")
    person.page("Sent")
    assert told(person, put(person, letter(2, sender="Owen Tarrant <owen@example.org>"))).first == ""


def test_a_name_one_writes_to_under_another_address_is_dangerous(person: Person) -> None:
    memory.wrote(person.gate.database, person.session.accounts[0].id, [Address("Mira Kestrel", "mira@example.net")])
    number = put(person, letter(1, sender="Mirа Kestrel <mira.kestrel@evil.example>"))
    found = {mark.code: mark for mark in told(person, number).marks}
    assert found["known_name"].values["address"] == "mira@example.net"
    assert codes(person, put(person, letter(2))) == set()


def test_a_name_that_wrote_from_another_site_before_is_told(person: Person) -> None:
    first, second = put_in_turn(person, letter(1), letter(2, sender="Mira Kestrel <mira@example.org>"))
    assert codes(person, first) == set()
    assert codes(person, second) == {"other_domain"}


def test_answers_that_now_go_elsewhere_are_told(person: Person) -> None:
    extra = "Reply-To: x@evil.example\r\n"
    listed = letter(3, extra="List-Id: <a.example>\r\n" + extra)
    _, second, third = put_in_turn(person, letter(1), letter(2, extra=extra), listed)
    assert codes(person, second) == {"reply_changed"}
    assert codes(person, third) == set()


def test_a_domain_like_one_that_is_written_to_is_told_of_sender_and_links(person: Person) -> None:
    memory.wrote(person.gate.database, person.session.accounts[0].id, [Address("", "help@pennywell.example")])
    sender = "Help <help@pennywe1l.example>"
    number = put(person, with_html('<a href="https://pennywell-login.example/x">Log in</a>', sender=sender))
    found = {mark.code: mark for mark in told(person, number).marks}
    assert found["domain_like"].values["like"] == "pennywell.example"
    assert found["link_like"].values == {"shown": "pennywell.example", "host": "pennywell-login.example"}


def test_links_that_seem_to_lead_elsewhere_are_told_and_lead_to_our_page_first(person: Person) -> None:
    html = (
        '<a href="http://login.example.org/confirm?u=%40&amp;v=1">https://<b>mail</b>.example.net/confirm</a>'
        '<a href="https://example.net/fine">fine</a><a href="http://192.0.2.7/">here</a><form><input type=password name=p></form>'
    )
    number = put(person, with_html(html))
    assert codes(person, number) == {"link_elsewhere", "link_number", "asks_password"}
    document = bodies.document(person.session, number)
    assert 'href="https://example.net/fine"' in document
    assert "login.example.org" not in document
    address = document.partition('href="/link?')[2].partition('"')[0].replace("&amp;", "&")
    page = opened(person, address)
    assert (page.code, page.shown, page.host) == ("elsewhere", "mail.example.net", "login.example.org")
    assert (page.before, page.after, page.encrypted) == ("http://", "/confirm?u=%40&v=1", False)
    assert told(person, number) == told(person, number), "what was kept says the same"


def test_links_in_plain_text_are_looked_through_as_well(person: Person) -> None:
    number = put(person, letter(1, text="See https://bank.example@evil.example/x and https://example.net/fine."))
    page = reading.message_page(person.session, number, mark_seen=False)
    assert [mark.code for mark in page.sender.marks] == ["link_user"]
    hrefs = [span.href for block in page.text for line in block.lines for span in line if span.href]
    assert hrefs[1:] == ["https://example.net/fine"]
    assert opened(person, hrefs[0].partition("?")[2]).address == "https://bank.example@evil.example/x"


def opened(person: Person, address: str) -> detours.LinkPage:
    values = dict(each.split("=", 1) for each in address.replace("%3D", "=").split("&"))
    return detours.link_page(person.session, content=values["to"], signature=values["sign"])


def test_the_page_before_a_link_opens_nothing_that_we_have_not_signed(person: Person) -> None:
    content = base64.urlsafe_b64encode(b'[1,"elsewhere","a","b","https://evil.example/"]').decode()
    for signature in ("", "0" * 40, "\ud800", "é"):
        with pytest.raises(NotFound):
            detours.link_page(person.session, content=content, signature=signature)


def test_a_link_too_long_for_a_request_can_be_looked_at_and_not_be_opened(person: Person) -> None:
    long = "https://login.example.org/?" + "x" * 9000
    number = put(person, with_html(f'<a href="{long}">https://mail.example.net</a>'))
    document = bodies.document(person.session, number)
    page = opened(person, document.partition('href="/link?')[2].partition('"')[0].replace("&amp;", "&"))
    assert (page.host, page.address) == ("login.example.org", "")


def test_a_verified_sender_may_count_clicks_on_links_to_its_own_site(warned: Person) -> None:
    html = '<a href="https://click.counter.example/1">www.example.net/offers</a>'
    number = put(warned, with_html(html, top=VERIFIED))
    found = told(warned, number)
    assert [(mark.code, mark.severity) for mark in found.marks] == [("link_counted", "info")]
    warned.put([with_html(html, top=DENIED, number=2)])
    assert "link_elsewhere" in codes(warned, warned.ids()[0])


def test_trust_hides_the_doubts_of_this_sender_until_it_is_taken_back_and_never_those_of_a_forgery(warned: Person) -> None:
    doubted = "Reply-To: x@elsewhere.example\r\n"
    number = put(warned, letter(1, extra=doubted))
    assert told(warned, number).can_trust
    senders.trust(warned.session, number, trusted=True)
    assert told(warned, number).marks == ()
    assert told(warned, number).trusted
    forged = put(warned, DENIED.encode() + letter(2, extra=doubted))
    assert told(warned, forged).marks
    twice = put(warned, b"From: other@example.org\r\n" + letter(3))
    assert told(warned, twice).marks
    senders.trust(warned.session, number, trusted=False)
    assert told(warned, number).marks


def test_what_one_wrote_oneself_is_never_doubtful(warned: Person) -> None:
    warned.put([DENIED.encode() + letter(1, extra="Reply-To: x@elsewhere.example\r\n")], mailbox="Sent")
    warned.put([DENIED.encode() + letter(2)], mailbox="Drafts", flags="\\Draft")
    for name in ("Sent", "Drafts"):
        assert told(warned, warned.ids(name)[0]) == senders.NO_SENDER


# Signatures verified here.


def signed(number: int, subject: str = "") -> bytes:
    raw = letter(number, subject=subject, sender="Bank <service@bank.example>")
    return bytes(dkim.sign(raw, b"s1", b"bank.example", PRIVATE)) + raw


@pytest.fixture
def checked(person: Person, name_server: NameServer) -> tuple[Person, NameServer]:
    """Somebody for whom the worker verifies signatures; one message was there before."""
    name_server.records[RECORD] = f"v=DKIM1; k=rsa; p={PUBLIC}"
    person.put([signed(1)])
    person.gate = replace(person.gate, dkim_lookup=name_server.lookup)
    verifying.announce(person.gate)
    person.sign_in()
    person.page()
    person.work()
    return person, name_server


def test_new_mail_is_verified_once_on_arrival_and_older_mail_never(checked: tuple[Person, NameServer]) -> None:
    person, names = checked
    old = person.ids()[0]
    assert names.asked == []
    person.put([signed(2)])
    new = person.ids()[0]
    assert names.asked == [], "the page that finds it does not look anything up"
    person.work()
    assert names.asked == [RECORD]
    found = told(person, new)
    assert found.verdict is not None
    assert (found.verdict.state, [each.result for each in found.verdict.local]) == (State.VERIFIED, ["pass"])
    assert told(person, old).verdict is None
    person.work_all()
    assert names.asked == [RECORD], "opening it, and the next sync, asked nothing"


def test_each_of_many_new_messages_is_verified_and_one_that_fails_does_not_verify(checked: tuple[Person, NameServer]) -> None:
    person, names = checked
    person.put([signed(2), signed(3).replace(b"morning", b"evening"), letter(4)])
    person.page()
    person.work()
    states = [told(person, each).verdict for each in person.ids()[:3]]
    assert [each.state if each else None for each in states] == [None, State.UNKNOWN, State.VERIFIED]
    assert len(names.asked) == 2


def test_where_it_is_not_asked_for_nothing_is_looked_up_and_nothing_waits(checked: tuple[Person, NameServer]) -> None:
    person, names = checked
    person.gate = replace(person.gate, dkim_lookup=None)
    verifying.announce(person.gate)
    person.put([signed(2)])
    person.page()
    assert jobs.keys(person.gate.database, person.session.accounts[0].id, verifying.KIND) == frozenset()
    person.work()
    assert names.asked == []

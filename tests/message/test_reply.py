"""Who an answer goes to, what it is called and what it quotes."""

import pytest

from webmail.address import Address
from webmail.message.reply import forward_subject, forwarded, quoted, reply, reply_subject
from webmail.message.summary import Envelope

ANNA, BOB, CARL, ME = (Address(name, f"{name.lower()}@example.org") for name in ("Anna", "Bob", "Carl", "Me"))


def original(**changes: object) -> Envelope:
    fields: dict[str, object] = {
        "subject": "Lunch",
        "sender": (ANNA,),
        "to": (ME, BOB),
        "cc": (CARL,),
        "bcc": (),
        "reply_to": (),
        "date": None,
        "message_id_field": "<3@x>",
        "in_reply_to": ("<2@x>",),
        "references": ("<1@x>", "<2@x>"),
    }
    return Envelope(**{**fields, **changes})  # type: ignore[arg-type]  # The changes are named by the tests below.


def test_an_answer_goes_to_the_sender() -> None:
    found = reply(original(), own=["me@example.org"], everyone=False)
    assert (found.to, found.cc) == ((ANNA,), ())
    assert found.subject == "Re: Lunch"
    assert found.in_reply_to == "<3@x>"
    assert found.references == ("<1@x>", "<2@x>", "<3@x>")


def test_an_answer_to_everyone_leaves_own_addresses_out() -> None:
    found = reply(original(), own=["ME@example.org"], everyone=True)
    assert (found.to, found.cc) == ((ANNA,), (BOB, CARL))


def test_an_answer_goes_where_the_sender_wants_it() -> None:
    found = reply(original(reply_to=(CARL,)), own=["me@example.org"], everyone=True)
    assert (found.to, found.cc) == ((CARL,), (BOB,))


def test_an_answer_to_ones_own_message_goes_to_whom_it_went() -> None:
    found = reply(original(sender=(ME,), to=(BOB,), cc=(CARL, ME)), own=["me@example.org"], everyone=True)
    assert (found.to, found.cc) == ((BOB,), (CARL,))


def test_a_note_to_oneself_can_be_answered() -> None:
    assert reply(original(sender=(ME,), to=(ME,), cc=()), own=["me@example.org"], everyone=True).to == (ME,)


def test_nobody_is_written_to_twice() -> None:
    found = reply(original(to=(BOB, BOB), cc=(Address("", "BOB@example.org"), ANNA)), own=(), everyone=True)
    assert (found.to, found.cc) == ((ANNA,), (BOB,))


def test_a_message_without_anything_can_be_answered() -> None:
    empty = original(sender=(), to=(), cc=(), message_id_field="", in_reply_to=(), references=(), subject="")
    found = reply(empty, own=(), everyone=True)
    assert (found.to, found.cc, found.subject, found.in_reply_to, found.references) == ((), (), "Re:", "", ())


def test_without_references_the_chain_begins_with_what_was_answered() -> None:
    assert reply(original(references=()), own=(), everyone=False).references == ("<2@x>", "<3@x>")
    assert reply(original(references=(), in_reply_to=("<a@x>", "<b@x>")), own=(), everyone=False).references == ("<3@x>",)


def test_a_long_chain_keeps_its_first_and_newest_ids() -> None:
    found = reply(original(references=tuple(f"<n{number}@x>" for number in range(200))), own=(), everyone=False).references
    assert len(found) == 50
    assert (found[0], found[-1]) == ("<n0@x>", "<3@x>")


@pytest.mark.parametrize(
    "subject",
    [
        "x",
        "Re: x",
        "RE[2]: Re: AW: x",
        "回复：答复: x",
        "Fwd: Re: x",
        "Sv: VS: Antw: Odp: Ref: x",
        "re : x",
        "Re(3): x",
        "WG: x",
        "转发：x",
        " x ",
        "Re^2: x",
    ],
)
def test_the_marks_of_every_language_become_one(subject: str) -> None:
    assert reply_subject(subject) == "Re: x"
    assert forward_subject(subject) == "Fwd: x"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Result: x", "Re: Result: x"),
        ("[list] Re: x", "Re: [list] x"),
        ("Re: [list] Re: Aw: x", "Re: [list] x"),
        ("[PATCH] a: b", "Re: [PATCH] a: b"),
        ("Re: Re", "Re: Re"),
        ("", "Re:"),
    ],
)
def test_other_words_with_a_colon_stay(subject: str, expected: str) -> None:
    assert reply_subject(subject) == expected


def test_an_answer_quotes_the_text_without_its_signature() -> None:
    assert quoted("Hello\n> old\n-- \nAnna\n", attribution="Anna wrote:") == "Anna wrote:\n> Hello\n>> old\n"


def test_a_forwarded_text_stands_under_its_heading() -> None:
    assert forwarded("Hello\r\n", heading_lines=["From: Anna", "Subject: x"]) == "From: Anna\nSubject: x\n\nHello\n"

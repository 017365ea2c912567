"""Writing: identities, signatures, formats, templates, checks; by the forms of the pages, on real servers."""

from __future__ import annotations

import base64
import email
import email.policy
import io
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from werkzeug.datastructures import FileStorage

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, letter, new_person
from tests.servers.smtp_sink import SmtpSink
from tests.visitor import Visitor
from tests.web.built import build_on
from tests.web.test_uploads import post_whole
from webmail.mail import submission
from webmail.mail.outbox_pages import SubmissionState
from webmail.mailbox import SpecialUse
from webmail.store import outgoing

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
DESIGNED = (
    b"From: Shop <shop@example.net>\r\nTo: robin@example.test\r\nSubject: Offer\r\nMessage-ID: <offer@example.net>\r\n"
    b"Date: Sun, 01 Mar 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"
    b"--r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<style>.hot{color:#c00}.no{display:none}</style><p class=hot>Half price"
    b'</p><p class=no>hidden words</p><img src="cid:logo" alt="Logo"><img src="https://t.example/x.gif" alt="Remote">\r\n'
    b'--r\r\nContent-Type: image/png; name="logo.png"\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    + base64.encodebytes(PNG).replace(b"\n", b"\r\n")
    + b"--r--\r\n"
)


@pytest.fixture
def robin(dovecot: Dovecot, smtp_sink: SmtpSink, tmp_path: Path) -> Iterator[Person]:
    somebody = new_person(dovecot, tmp_path / "data", smtp=smtp_sink.server())
    somebody.gate = replace(somebody.gate, undo_seconds=0)
    somebody.sign_in()
    yield somebody
    somebody.close()


@pytest.fixture
def visitor(robin: Person) -> Visitor:
    found = Visitor(build_on(robin.gate)).sign_in(robin.username, robin.password)
    found.get("/settings/identities")
    identity(found, int(found.marked("data-identity")[0]), name="Robin Vale", address="robin@example.test")
    return found


def identity(visitor: Visitor, edit: int = 0, **fields: str) -> None:
    visitor.get(f"/settings/identities?edit={edit}" if edit else "/settings/identities")
    action = f"/settings/identities/{edit}" if edit else "/settings/identities"
    visitor.send(visitor.form(action=action), **fields)
    assert visitor.status == 200, visitor.words


def choose(visitor: Visitor, **fields: str) -> None:
    visitor.get("/settings/writing")
    visitor.send(visitor.form(action="/settings/writing"), **fields)
    assert "Your choice is saved." in visitor.notices()


def compose(visitor: Visitor, path: str = "/compose", *, button: tuple[str, str] = ("action", "send"), **fields: object) -> Visitor:
    visitor.get(path)
    return visitor.send(visitor.form(holding="subject"), button=button, **fields)


def text_of(visitor: Visitor) -> str:
    return str(visitor.form(holding="subject").fields["text"]).removeprefix("\n")


def sent(robin: Person, sink: SmtpSink) -> EmailMessage:
    robin.sign_in()
    robin.work()
    found = email.message_from_bytes(sink.messages[-1].content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part is not None else ""


def test_markdown_goes_as_html_with_the_text_beside_it(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    choose(visitor, format="markdown")
    compose(visitor, to="mira@example.net", subject="Plan", text="Hi **Mira**,\n\n- train\n- hut\n\nhttps://hut.example")
    message = sent(robin, smtp_sink)
    assert message.get_content_type() == "multipart/alternative"
    assert body(message, "plain") == "Hi **Mira**,\n\n- train\n- hut\n\nhttps://hut.example\n"
    assert "<p>Hi <strong>Mira</strong>,</p>" in body(message, "html")
    assert '<a href="https://hut.example">https://hut.example</a>' in body(message, "html")


def test_plain_text_goes_alone(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    compose(visitor, to="mira@example.net", subject="Plan", text="Hi *Mira*")
    assert sent(robin, smtp_sink).get_content_type() == "text/plain"


def test_an_answer_quotes_the_html_that_was_shown_with_its_pictures(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    choose(visitor, format="markdown")
    robin.put([DESIGNED])
    number = robin.ids()[0]
    compose(visitor, f"/compose?reply={number}", text="No *thanks*.")
    message = sent(robin, smtp_sink)
    html = body(message, "html")
    assert "<em>thanks</em>" in html
    assert '<p style="color:#c00">Half price</p>' in html
    assert "hidden words" not in message.as_string()
    assert "t.example" not in html
    pictures = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert [part.get_content() for part in pictures] == [PNG]
    assert f'src="cid:{str(pictures[0]["content-id"]).strip("<>")}"' in html
    assert "wrote:\n\n> Half price" in body(message, "plain")
    assert message["in-reply-to"] == "<offer@example.net>"


def test_the_quotation_is_looked_at_and_left_out_where_it_is_not_wanted(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    choose(visitor, format="markdown")
    robin.put([DESIGNED])
    compose(visitor, f"/compose?reply={robin.ids()[0]}", button=("action", "save"), text="No.")
    frame = str(visitor.page.xpath("//iframe/@src")[0])
    draft = visitor.text
    shown = visitor.get(frame)
    assert "Half price" in shown.text
    assert shown.answer is not None
    assert "sandbox" in shown.answer.headers["Content-Security-Policy"]
    picture = shown.page.xpath("//img/@src")[0]
    assert visitor.client.get(str(picture)).data == PNG
    visitor.get(frame.removesuffix("/quote"))
    assert draft
    form = visitor.form(holding="subject")
    form.xpath(".//*[@name='quoted']")[0].checked = False
    visitor.send(form, button=("action", "send"))
    message = sent(robin, smtp_sink)
    assert "Half price" not in message.as_string()
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


@pytest.mark.parametrize(
    ("quote", "signature", "expected"),
    [
        ("above", "above", "\n\n-- \nRobin\n\nA:\n> Saturday?\n"),
        ("above", "below", "\n\nA:\n> Saturday?\n\n-- \nRobin"),
        ("above", "none", "\n\nA:\n> Saturday?\n"),
        ("below", "above", "A:\n> Saturday?\n\n\n\n-- \nRobin"),
        ("none", "above", "\n\n-- \nRobin"),
        ("none", "none", ""),
    ],
)
def test_an_answer_is_written_where_the_person_likes_to(visitor: Visitor, robin: Person, quote: str, signature: str, expected: str) -> None:
    identity(visitor, robin.sign_in().accounts[0].identities[0].id, signature="Robin")
    choose(visitor, quote=quote, signature=signature)
    robin.put([letter(1, text="Saturday?")])
    visitor.get(f"/compose?reply={robin.ids()[0]}")
    attribution = next((line for line in text_of(visitor).split("\n") if line.endswith("wrote:")), "")
    assert text_of(visitor).replace(attribution, "A:" if attribution else "") == expected


def test_an_answer_comes_from_the_address_the_message_came_to(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    identity(visitor, name="Robin (lists)", address="lists@example.test", reply_to="office@example.test", signature="Lists")
    robin.put([letter(1, subject="Club", text="x", extra="Cc: lists@example.test\r\n").replace(b"robin@example.test", b"x@example.test")])
    visitor.get(f"/compose?reply_all={robin.ids()[0]}")
    form = visitor.form(holding="subject")
    assert form.fields["from"] == '"Robin (lists)" <lists@example.test>'
    assert "lists@example.test" not in form.fields["cc"]
    assert "-- \nLists" in text_of(visitor)
    visitor.send(form, button=("action", "send"))
    message = sent(robin, smtp_sink)
    assert (message["from"], message["reply-to"]) == ('"Robin (lists)" <lists@example.test>', "office@example.test")


def test_a_message_to_a_plus_address_is_answered_from_it(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    robin.put([letter(1, text="x").replace(b"robin@example.test", b"robin+club@example.test")])
    compose(visitor, f"/compose?reply={robin.ids()[0]}", text="Yes")
    assert sent(robin, smtp_sink)["from"] == "Robin Vale <robin+club@example.test>"


def test_servers_tell_to_which_address_a_message_came(visitor: Visitor, robin: Person) -> None:
    identity(visitor, name="Second", address="second@example.test")
    robin.put([b"Delivered-To: second@example.test\r\n" + letter(1).replace(b"robin@example.test", b"list@example.org")])
    visitor.get(f"/compose?reply={robin.ids()[0]}")
    assert visitor.form(holding="subject").fields["from"] == "Second <second@example.test>"


def test_another_identity_brings_its_signature(visitor: Visitor, robin: Person) -> None:
    identity(visitor, robin.sign_in().accounts[0].identities[0].id, signature="Robin")
    identity(visitor, name="Office", address="office@example.test", signature="The office")
    visitor.get("/compose")
    assert text_of(visitor) == "\n\n-- \nRobin"
    visitor.send(
        visitor.form(holding="subject"), button=("action", "save"), **{"from": "Office <office@example.test>", "text": "Hi\n\n-- \nRobin"}
    )
    assert text_of(visitor) == "Hi\n\n-- \nThe office"


def test_a_signature_in_html_takes_the_place_of_the_other(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    number = robin.sign_in().accounts[0].identities[0].id
    identity(visitor, number, signature="Robin", signature_html='<b class="x" onclick="y()">Robin</b>')
    choose(visitor, format="markdown")
    compose(visitor, to="mira@example.net", subject="x", text="Hi\n\n-- \nRobin")
    message = sent(robin, smtp_sink)
    assert "-- <br><b>Robin</b>" in body(message, "html")
    assert body(message, "plain").endswith("-- \nRobin\n")


def test_an_identity_that_cannot_be_used_is_shown_again(visitor: Visitor) -> None:
    visitor.get("/settings/identities")
    for fields, words in (
        ({"address": "nobody"}, "Not a complete address"),
        ({"address": "a@example.test", "name": "x\nBcc: y@example.org"}, "Line breaks are not possible here."),
        ({"address": "a@example.test", "reply_to": "nowhere"}, "Not a complete address"),
    ):
        visitor.get("/settings/identities")
        visitor.send(visitor.form(action="/settings/identities"), **fields)
        assert visitor.status == 400
        assert words in visitor.words
        assert visitor.form(holding="reply_to").fields["address"] == fields["address"]


def test_the_usual_identity_is_chosen_and_the_last_one_stays(visitor: Visitor) -> None:
    identity(visitor, name="Second", address="second@example.test")
    visitor.get("/settings/identities")
    visitor.send([form for form in visitor.page.forms if str(form.get("action")).endswith("/first")][-1])
    assert visitor.page.xpath("//*[@data-identity]//small/text()")[0] == "second@example.test"
    visitor.get("/compose")
    assert visitor.form(holding="subject").fields["from"] == "Second <second@example.test>"
    for _ in range(2):
        visitor.get("/settings/identities")
        form = next((form for form in visitor.page.forms if str(form.get("action")).endswith("/delete")), None)
        if form is not None:
            visitor.send(form)
    visitor.get("/settings/identities")
    assert len(visitor.marked("data-identity")) == 1


def test_a_template_is_filled_in(visitor: Visitor) -> None:
    visitor.get("/settings/writing")
    visitor.send(
        visitor.form(action="/settings/templates"), name="Thanks", subject="Thank you, {first_name}", text="Dear {name},\n{unknown}\n{me}"
    )
    assert "Template Thanks saved." in visitor.notices()
    visitor.get("/compose")
    form = visitor.form(holding="subject")
    visitor.send(form, button=("action", "template"), to="Mira Kestrel <mira@example.net>", text="PS")
    assert visitor.form(holding="subject").fields["subject"] == "Thank you, Mira"
    assert text_of(visitor) == "Dear Mira Kestrel,\n{unknown}\nRobin Vale\nPS"
    visitor.get("/settings/writing")
    visitor.send(visitor.form(action="/settings/templates"), name="Thanks", text="x")
    assert visitor.status == 400
    assert "There is something called Thanks already." in visitor.words


def test_wishes_travel_in_the_header(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    compose(visitor, to="mira@example.net", subject="x", text="y", reply_to="Office <office@example.test>", priority="high", receipt="1")
    message = sent(robin, smtp_sink)
    assert (message["reply-to"], message["importance"]) == ("Office <office@example.test>", "High")
    assert message["disposition-notification-to"] == message["from"]


def test_the_server_is_asked_to_tell_of_the_delivery(visitor: Visitor, robin: Person) -> None:
    for dsn, asked in ((None, ""), ("1", "SUCCESS,FAILURE,DELAY")):
        compose(visitor, to="mira@example.net", subject="x", text="y", dsn=dsn)
        mine = robin.sign_in().accounts[0].id
        newest = outgoing.of_account(robin.gate.database, mine, limit=1)[0]
        assert newest.notify == asked


def test_a_whole_message_goes_along_as_a_file(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    robin.put([letter(1, subject="Hut", text="Saturday?")])
    compose(visitor, f"/compose?attach={robin.ids()[0]}", to="jonas@example.net")
    message = sent(robin, smtp_sink)
    assert message["subject"] == "Fwd: Hut"
    attached = next(iter(message.iter_attachments()))
    assert (attached.get_content_type(), attached.get_filename()) == ("message/rfc822", "Hut.eml")
    assert "Saturday?" in attached.get_content().get_content()
    assert robin.truth("INBOX", "KEYWORD", "$Forwarded") == 1


def test_a_designed_message_is_written_anew_with_its_design(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    choose(visitor, format="markdown")
    robin.put([DESIGNED])
    compose(visitor, f"/compose?again={robin.ids()[0]}", to="jonas@example.net")
    message = sent(robin, smtp_sink)
    assert '<p style="color:#c00">Half price</p>' in body(message, "html")
    assert [part.get_content() for part in message.walk() if part.get_content_type() == "image/png"] == [PNG]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"subject": ""}, "The message has no subject."),
        ({"text": "See the attached plan."}, "You mention a file, but nothing is attached."),
        ({"text": "计划见附件。"}, "You mention a file, but nothing is attached."),
        ({"to": "mira@examp1e-mail.net"}, "mira@examp1e-mail.net looks like example-mail.net"),
    ],
)
def test_what_may_not_be_meant_is_asked_about_once(
    visitor: Visitor, robin: Person, smtp_sink: SmtpSink, fields: dict[str, str], words: str
) -> None:
    compose(visitor, to="mira@example-mail.net", subject="First", text="Hello")
    sent(robin, smtp_sink)
    compose(visitor, **({"to": "mira@example-mail.net", "subject": "x", "text": "y"} | fields))
    assert visitor.status == 422
    assert words in visitor.words
    robin.work()
    assert len(smtp_sink.messages) == 1
    visitor.send(visitor.form(holding="subject"), button=("action", "send"))
    assert "Message queued for sending." in visitor.notices()
    sent(robin, smtp_sink)
    assert len(smtp_sink.messages) == 2


def test_a_message_for_later_that_is_asked_about_does_not_go_at_once(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    compose(visitor, button=("later", "tomorrow"), to="mira@example.net", subject="", text="y")
    assert visitor.status == 422
    assert "Then choose the time once more." in visitor.words
    assert "Send anyway" not in visitor.words
    visitor.send(visitor.form(holding="subject"), button=("later", "tomorrow"))
    assert visitor.status == 200
    robin.sign_in()
    robin.work()
    assert smtp_sink.messages == []
    assert [each.state for each in submission.outbox(robin.session).waiting] == [SubmissionState.QUEUED]


@pytest.mark.parametrize("text", ["> see the attached plan\n\nThanks", "Hi\n-- \nattached to nobody", "unattached", "Attaché"])
def test_words_of_others_are_no_attachment(visitor: Visitor, text: str) -> None:
    compose(visitor, to="mira@example.net", subject="x", text=text)
    assert "Message queued for sending." in visitor.notices()


def test_somebody_new_is_told_and_asks_nothing(visitor: Visitor) -> None:
    compose(visitor, to="new@example.net", subject="x", text="y", button=("action", "save"))
    assert "You have not written to this address before: new@example.net" in visitor.words
    visitor.send(visitor.form(holding="subject"), button=("action", "send"))
    assert "Message queued for sending." in visitor.notices()


def test_a_message_that_the_server_would_not_take_is_not_sent(
    visitor: Visitor, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_sink, "size_limit", 2 * 1024 * 1024)
    visitor.get("/compose")
    form = visitor.form(holding="subject")
    file = FileStorage(io.BytesIO(b"x" * 3 * 1024 * 1024), "large.bin")
    given = {"action": "send", "to": "mira@example.net", "subject": "x", "text": "y", "attachments": file}
    post_whole(visitor, str(form.get("action")), {**dict(form.form_values()), **given})
    assert visitor.status == 422
    assert "The mail server takes messages up to 2 MB." in visitor.words


def test_two_windows_lose_nothing_of_each_other(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    compose(visitor, to="mira@example.net", subject="x", text="start", button=("action", "save"))
    path = str(visitor.form(holding="subject").get("action"))
    one, other = visitor.form(holding="subject"), visitor.form(holding="subject")
    visitor.send(one, button=("action", "save"), text="by one")
    visitor.send(other, button=("action", "send"), text="by the other")
    assert "This draft was changed in another window meanwhile." in visitor.notices()
    assert text_of(visitor) == "by the other"
    assert text_of(visitor.get(path)) == "by one"
    robin.sign_in()
    robin.work()
    assert smtp_sink.messages == []
    assert robin.truth("Drafts") == 2


def test_a_form_sent_twice_is_no_conflict(visitor: Visitor, robin: Person) -> None:
    visitor.get("/compose")
    form = visitor.form(holding="subject")
    for _ in range(2):
        visitor.send(form, button=("action", "save"), subject="x", text="y")
    assert "changed in another window" not in visitor.text
    assert robin.truth("Drafts") == 1


def test_a_draft_changed_by_another_program_is_told_and_both_are_there(visitor: Visitor, robin: Person) -> None:
    compose(visitor, to="mira@example.net", subject="x", text="mine", button=("action", "save"))
    form = visitor.form(holding="subject")
    with robin.side("Drafts") as side:
        side.append("Drafts", "(\\Draft)", None, letter(9, subject="x", text="theirs"))  # type: ignore[arg-type] # no date is a date of now
        side.store("1", "+FLAGS", "\\Deleted")
        side.expunge()
    visitor.send(form, button=("action", "save"), text="mine again")
    assert "Another program has changed or removed this draft meanwhile." in visitor.notices()
    assert robin.truth("Drafts") == 2


def test_a_draft_keeps_its_formatting_in_the_drafts_folder(visitor: Visitor, robin: Person) -> None:
    choose(visitor, format="markdown")
    compose(visitor, to="mira@example.net", subject="x", text="**bold**", button=("action", "save"))
    with robin.side("Drafts") as side:
        found = email.message_from_bytes(side.uid("FETCH", "1", "(BODY.PEEK[])")[1][0][1], policy=email.policy.default)
    assert "<strong>bold</strong>" in body(found, "html")
    assert "**bold**" in body(found, "plain")


def test_a_designed_draft_of_another_program_keeps_its_design(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    robin.put([DESIGNED], mailbox="Drafts", flags="(\\Draft)")
    compose(visitor, f"/compose?draft={robin.ids(SpecialUse.DRAFTS)[0]}", to="mira@example.net")
    message = sent(robin, smtp_sink)
    assert '<p style="color:#c00">Half price</p>' in body(message, "html")
    assert [part.get_content() for part in message.walk() if part.get_content_type() == "image/png"] == [PNG]


@pytest.mark.parametrize(("quote", "order"), [("above", ["No", "Half price"]), ("below", ["Half price", "No"])])
def test_what_is_quoted_stands_below_or_above(visitor: Visitor, robin: Person, smtp_sink: SmtpSink, quote: str, order: list[str]) -> None:
    choose(visitor, format="markdown", quote=quote)
    robin.put([DESIGNED])
    compose(visitor, f"/compose?reply={robin.ids()[0]}", text="No")
    message = sent(robin, smtp_sink)
    for kind in ("plain", "html"):
        text = body(message, kind)
        assert sorted(order, key=text.index) == order


def test_a_forward_of_a_designed_message_keeps_its_design_under_its_header(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    choose(visitor, format="markdown", quote="none")
    robin.put([DESIGNED])
    compose(visitor, f"/compose?forward={robin.ids()[0]}", to="jonas@example.net", text="Look")
    html = body(sent(robin, smtp_sink), "html")
    assert "From: Shop &lt;shop@example.net&gt;<br>" in html
    assert '<p style="color:#c00">Half price</p>' in html
    assert "<blockquote" not in html


def test_a_picture_written_into_the_text_becomes_a_part(visitor: Visitor, robin: Person, smtp_sink: SmtpSink) -> None:
    source = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    compose(visitor, to="mira@example.net", subject="x", text=f"![dot]({source})", format="markdown")
    message = sent(robin, smtp_sink)
    assert "data:" not in body(message, "html")
    assert [part.get_content() for part in message.walk() if part.get_content_type() == "image/png"] == [PNG]


def test_what_was_wished_survives_a_session_that_has_ended(visitor: Visitor, robin: Person) -> None:
    visitor.get("/compose")
    form = visitor.form(holding="subject")
    visitor.client.delete_cookie("session")
    visitor.client = visitor.client.application.test_client()
    wishes = {"reply_to": "office@example.test", "format": "markdown", "priority": "low", "text": "**late**\nat night"}
    visitor.send(form, button=("action", "send"), to="mira@example.net", subject="x", **wishes)
    assert visitor.status == 401
    visitor.send(visitor.form(holding="password"), username=robin.username, password=robin.password)
    again = visitor.form(holding="subject")
    assert {name: again.fields[name] for name in wishes} == wishes


FUZZED = int(os.environ.get("FUZZED", "30"))
ONE_LINE = ("from", "to", "cc", "bcc", "subject", "reply_to", "priority", "format", "signed", "key", "original_action")
ALPHABET = "aZ09 @<>,;:\"'\\()[]%=?_.-+/&#\t\x0b\x7f\x85\u2028éß名🙂"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("field", [*ONE_LINE, "text", "heading"])
def test_what_could_break_a_header_is_refused_and_nothing_is_sent(visitor: Visitor, robin: Person, smtp_sink: SmtpSink, field: str) -> None:
    marks = ["\r", "\n", "\r\n", "\0", "\r\n\r\n", "\n.\n"] if field in ONE_LINE else ["\0", "\0\0", "\r\n\0"]
    chosen = random.Random(field)
    visitor.get("/compose")
    given = dict(visitor.form(holding="subject").form_values()) | {"to": "mira@example.net", "subject": "x", "text": "y", "action": "send"}
    for _ in range(FUZZED):
        before, after = ("".join(chosen.choices(ALPHABET, k=chosen.randrange(12))) for _ in range(2))
        visitor.post("/compose", {**given, field: f"{before}{chosen.choice(marks)}{after}"})
        assert visitor.status == 400, (field, before, after)
    robin.sign_in()
    robin.work()
    assert smtp_sink.messages == []
    assert robin.truth("Drafts") == 0

"""Every message of the corpus is answered, forwarded and written anew: what is built is what was written, fit for every server.

``REAL_INPUT=all`` takes all of it, ``REAL_INPUT_FOLDER`` keeps what was built with what was meant, for a parser of others.
"""

from __future__ import annotations

import email
import email.policy
import email.utils
import json
import os
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, new_person
from tests.servers.postfix import Postfix
from tests.test_corpus import messages_of
from tests.test_smtp import inbox
from webmail.address import Address
from webmail.errors import WebmailError
from webmail.mail import drafts, identities, submission, writing
from webmail.mail.drafts import DraftFields, Wording
from webmail.mail.identities import IdentityFields
from webmail.mail.pages import ComposePage
from webmail.message import build
from webmail.message.build import Draft
from webmail.store import messages
from webmail.store.drafts import DraftRow

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WORDING = Wording("Am {date} schrieb {name}:", "-- 转发 --", ("Von", "Datum", "Betreff", "An", "Cc"), lambda when: f"{when:%Y-%m-%d}")
ACTIONS = ("reply", "reply_all", "forward", "again")
EACH = 1 if os.environ.get("REAL_INPUT") == "all" else 40
KEPT = os.environ.get("REAL_INPUT_FOLDER", "")
CHECKS = ("no_subject", "no_attachment", "lookalike", "namesake", "wrong_identity", "many_recipients")


@pytest.fixture
def robin(dovecot: Dovecot, tmp_path: Path) -> Iterator[Person]:
    somebody = new_person(dovecot, tmp_path / "data")
    somebody.sign_in()
    first = somebody.session.accounts[0].identities[0].id
    form = IdentityFields("Robin, Välé 名", "robin@example.test", "", "Robin\nHütte 3", "<b>Robin</b>")
    identities.put(somebody.session, first, form)
    somebody.sign_in()
    yield somebody
    somebody.close()


def chosen(corpus_dir: Path) -> list[tuple[str, bytes]]:
    index = [json.loads(line)["path"] for line in (corpus_dir / "mime" / "INDEX.jsonl").read_text().splitlines()]
    return [(path, octets) for path in index[::EACH] for octets in messages_of(corpus_dir / "mime" / path)[: None if EACH == 1 else 20]]


def fields_of(page: ComposePage) -> DraftFields:
    """The form as a browser would send it back."""
    return DraftFields(
        page.key,
        page.sender,
        page.to,
        page.cc,
        page.bcc,
        page.subject,
        page.text,
        page.original,
        page.original_action,
        tuple(each.section for each in page.included),
        format=page.format,
        quoted=page.quoted,
        heading=page.heading,
        pictures=page.pictures,
        signed=page.signed,
    )


def assert_fit_to_send(raw: bytes, draft: Draft) -> None:
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r"), "a bare line break"
    assert b"\0" not in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    head = raw.partition(b"\r\n\r\n")[0]
    assert max(len(line.decode("utf-8", "replace")) for line in head.split(b"\r\n") if b" " in line.strip()) <= 998
    assert raw.isascii() or build.needs_smtputf8(draft)


def python_reads(raw: bytes) -> EmailMessage:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    assert [
        defect for part in found.walk() if part.get_content_type() != "message/rfc822" for defect in part.defects if part is found
    ] == []
    return found


def addresses(message: EmailMessage, name: str) -> list[str]:
    """The addr-specs of a field as it stands: Python decodes encoded words in addresses too, where none can be (RFC 2047 §5)."""
    raw = {key.lower(): value for key, value in message.raw_items()}.get(name)
    octets = str(raw or "").encode("utf-8", "surrogateescape")
    return [spec for _, spec in email.utils.getaddresses([octets.decode("utf-8")])] if raw is not None else []


def flat(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip("\n")


def assert_equal(raw: bytes, meant: Draft) -> None:
    found = python_reads(raw)
    assert " ".join(str(found["subject"] or "").split()) == " ".join(meant.subject.split())
    for name in ("to", "cc"):
        assert addresses(found, name) == [sent_as(each) for each in getattr(meant, name)]
    parsed = build.parse_draft(raw)
    assert flat(parsed.text) == flat(meant.text.replace("\r", "\n"))
    assert flat(parsed.html) == flat(meant.html)
    plain = found.get_body(("plain",))
    assert plain is not None
    html = found.get_body(("html",))
    assert (html is not None) == bool(meant.html)
    if html is not None:
        assert flat(html.get_content()) == flat(meant.html)
    for wanted, given in zip(meant.attachments, parsed.attachments, strict=True):
        content = wanted.content if isinstance(wanted.content, bytes) else wanted.content.read_bytes()
        assert given.content_id == (wanted.content_id if meant.html else "")
        if given.media_type != "message/rfc822":
            assert given.content == content
    if not any("message/" in each.media_type for each in meant.attachments):
        pictures = [part for part in found.walk() if part.get("content-id")]
        assert len(pictures) == len([each for each in meant.attachments if each.content_id])


def sent_as(address: Address) -> str:
    return build.ascii_if_possible(address.addr_spec)


def made(person: Person, number: int, action: str) -> tuple[DraftRow, Draft, bytes]:
    page = drafts.new(person.session, wording=WORDING, original=number, original_action=action)
    row = drafts.store(person.session, fields_of(page), now=NOW)
    draft = drafts.draft_of(person.session, row)
    return row, draft, build.build(draft, date=NOW, message_id=f"<{row.id}@example.test>")


def numbers(person: Person) -> list[int]:
    person.work_all()
    inbox = person.mailbox()
    found = [messages.by_uid(person.gate.database, inbox.id, uid) for uid in messages.uids(person.gate.database, inbox.id)]
    return [each.summary.id for each in found if each is not None]


@pytest.mark.timeout(3000 if EACH == 1 else 240)
@pytest.mark.parametrize("format", ["plain", "markdown"])
def test_every_message_can_be_answered_forwarded_and_written_anew(robin: Person, corpus_dir: Path, format: str) -> None:
    given = chosen(corpus_dir)
    writing.choose(robin.session, writing.WritingPage(format=format))
    robin.fill([octets for _, octets in given])
    wrong = []
    count = 0
    for number in numbers(robin):
        for action in ACTIONS:
            try:
                row, draft, raw = made(robin, number, action)
                assert_fit_to_send(raw, draft)
                assert_equal(raw, draft)
            except (AssertionError, WebmailError) as error:
                subject = messages.get(robin.gate.database, robin.session.accounts[0].id, number).summary.envelope.subject  # type: ignore[arg-type]
                wrong.append(f"{action} of {number} ({subject!r}): {type(error).__name__} {str(error)[:400]}")
                continue
            keep(raw, draft, f"{format}-{number}-{action}")
            drafts.forget(robin.session, row.key)
            count += 1
    assert not wrong, "\n".join(wrong)
    assert count == len(given) * len(ACTIONS)


def keep(raw: bytes, draft: Draft, name: str) -> None:
    """What was built beside what was meant."""
    if not KEPT:
        return
    folder = Path(KEPT)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.eml").write_bytes(raw)
    meant = {
        "subject": draft.subject,
        "to": [sent_as(each) for each in draft.to],
        "cc": [sent_as(each) for each in draft.cc],
        "text": draft.text,
        "html": draft.html,
        "files": [each.filename for each in draft.attachments],
    }
    (folder / f"{name}.json").write_text(json.dumps(meant))


SENT = 6


def test_answers_go_through_a_real_server_and_come_back_as_they_were_written(
    dovecot: Dovecot, postfix: Postfix, corpus_dir: Path, tmp_path: Path
) -> None:
    robin = new_person(dovecot, tmp_path / "data", smtp=postfix.submission)
    robin.sign_in()
    writing.choose(robin.session, writing.WritingPage(format="markdown"))
    robin.fill([octets for _, octets in chosen(corpus_dir)[:SENT]])
    recipient = dovecot.new_user()
    for number, action in zip(numbers(robin), ACTIONS * 2, strict=False):
        page = drafts.new(robin.session, wording=WORDING, original=number, original_action=action)
        fields = replace(fields_of(page), to=recipient, cc="", bcc="", sender="", confirmed=CHECKS, subject=page.subject or "x")
        submission.queue(robin.session, replace(fields, text=f"**你好** Grüße\n{page.text}"), now=datetime.now(UTC), hold=timedelta(0))
    robin.work()
    with robin.side("Sent") as side:
        sent = {side.uid("FETCH", str(uid), "(BODY.PEEK[])")[1][0][1] for uid in range(1, SENT + 1)}
    arrived = inbox(dovecot, recipient, count=SENT)
    assert len(arrived) == len(sent) == SENT
    for raw in sent:
        assert any(each.endswith(raw) for each in arrived), raw[:500]
        plain = python_reads(raw).get_body(("plain",))
        assert plain is not None
        assert "Grüße" in plain.get_content()
    robin.close()

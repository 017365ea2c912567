"""Signed and encrypted messages as they are read: the verdict is about exactly what is shown, and about who is the sender."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pysequoia
import pytest

from tests.mail.test_reading import commands, watched  # noqa: F401 - a fixture
from tests.servers.person import Person
from tests.servers.proxy import Proxy
from tests.test_signatures import Signer, key, mira, public, signed  # noqa: F401 - fixtures
from webmail.errors import NotAllowed, NotFound
from webmail.mail import bodies, enclosed, reading, signatures
from webmail.mail.message_pages import BodyKind, MessagePage, Wishes
from webmail.mail.session import find_message
from webmail.message.secured import State

INNER = b"Content-Type: text/plain; charset=utf-8\r\n\r\nFour beds.\r\n\r\n> quoted\r\n"
HTML = b'Content-Type: text/html; charset=utf-8\r\n\r\n<p onclick="x()">Four <b>beds</b>.<script>x()</script></p>\r\n'
NOW = datetime(2026, 11, 25, tzinfo=UTC)


def head(*, sender: str = "Mira <Mira@example.net>") -> bytes:
    return f"From: {sender}\r\nTo: robin@example.test\r\nSubject: Signed\r\nMessage-ID: <s@example.net>\r\nMIME-Version: 1.0\r\n".encode()


def beside(inner: bytes, proof: bytes, kind: str, *, sender: str = "Mira <Mira@example.net>", footer: bytes = b"") -> bytes:
    """A message with its signature beside its content (RFC 1847 §2.1)."""
    told = f'multipart/signed; boundary=s; protocol="application/{kind}"; micalg=sha-256'.encode()
    body = b"--s\r\n" + inner + b"\r\n--s\r\nContent-Type: application/" + kind.encode()
    body += b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(proof).replace(b"\n", b"\r\n") + b"--s--\r\n"
    if not footer:
        return head(sender=sender) + b"Content-Type: " + told + b"\r\n\r\n" + body
    whole = b"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: " + told + b"\r\n\r\n" + body
    return head(sender=sender) + whole + b"\r\n--m\r\nContent-Type: text/plain\r\n\r\n" + footer + b"\r\n--m--\r\n"


def inside(content: bytes, smime_type: str) -> bytes:
    told = f"Content-Type: application/pkcs7-mime; smime-type={smime_type}; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head() + told.encode() + base64.encodebytes(content).replace(b"\n", b"\r\n")


def read(person: Person, raw: bytes, *, when: str = "") -> MessagePage:
    with person.side() as side:
        side.append("INBOX", "", when or None, raw)  # type: ignore[arg-type]  # imaplib takes the text of a date as well
    return reading.message_page(person.session, person.ids()[0], mark_seen=False)


def state(page: MessagePage) -> State | None:
    return page.signature.state if page.signature else None


@pytest.fixture
def trusted(person: Person, mira: Signer) -> Person:  # noqa: F811
    """Somebody whose server trusts the authority of a signer, besides that of the mail server, which connections need."""
    (mine,) = person.session.accounts
    both = mira.folder / "both.pem"
    both.write_bytes(Path(mine.imap.ca_file).read_bytes() + Path(mira.ca_file).read_bytes())
    person.session = replace(person.session, accounts=(replace(mine, imap=replace(mine.imap, ca_file=str(both))),))
    return person


def recent() -> str:
    """A time at which the certificate of the signer was good."""
    from_then = datetime.now(UTC).timestamp() - 5 * 86_400
    return f'"{datetime.fromtimestamp(from_then, UTC):%d-%b-%Y %H:%M:%S} +0000"'


def test_a_signed_message_is_verified_and_its_words_are_shown(trusted: Person, mira: Signer) -> None:  # noqa: F811
    page = read(trusted, beside(INNER, mira.sign(INNER), "pkcs7-signature"), when=recent())
    assert state(page) is State.VALID
    assert page.body is BodyKind.TEXT
    assert page.signature is not None
    assert page.signature.addresses == ("mira@example.net",)


def test_it_fits_on_every_server(anyone: Person, mira: Signer) -> None:  # noqa: F811
    anyone.put([beside(INNER, mira.sign(INNER), "pkcs7-signature"), beside(INNER, mira.sign(INNER + b" "), "pkcs7-signature")])
    changed, good = anyone.ids()
    assert state(reading.message_page(anyone.session, good, mark_seen=False)) is State.UNKNOWN_AUTHORITY
    assert state(reading.message_page(anyone.session, changed, mark_seen=False)) is State.INVALID


def test_a_changed_message_is_called_changed(trusted: Person, mira: Signer) -> None:  # noqa: F811
    changed = INNER.replace(b"Four", b"Five")
    assert state(read(trusted, beside(changed, mira.sign(INNER), "pkcs7-signature"), when=recent())) is State.INVALID


def test_a_signature_of_somebody_else_is_not_that_of_the_sender(trusted: Person, mira: Signer) -> None:  # noqa: F811
    proof = mira.sign(INNER)
    for sender in ("Jonas <jonas@example.net>", '"mira@example.net" <jonas@example.net>', "mira@example.net, jonas@example.net"):
        page = read(trusted, beside(INNER, proof, "pkcs7-signature", sender=sender), when=recent())
        assert state(page) is State.OTHER_SENDER, sender


def test_words_that_stand_beside_a_signed_part_are_not_signed(trusted: Person, mira: Signer) -> None:  # noqa: F811
    page = read(trusted, beside(INNER, mira.sign(INNER), "pkcs7-signature", footer=b"Pay here."), when=recent())
    assert page.signature is None


def test_it_is_verified_once_and_at_the_price_of_one_fetch(watched: tuple[Person, Proxy], mira: Signer) -> None:  # noqa: F811
    person, proxy = watched
    person.put([beside(INNER, mira.sign(INNER), "pkcs7-signature")])
    (number,) = person.ids()
    commands(proxy)
    first = reading.message_page(person.session, number, mark_seen=False)
    assert state(first) is State.UNKNOWN_AUTHORITY
    assert commands(proxy).count("UID FETCH") == 2
    assert reading.message_page(person.session, number, mark_seen=False).signature == first.signature
    assert "UID FETCH" not in commands(proxy)


def test_a_message_whose_body_is_here_is_read_without_the_server(watched: tuple[Person, Proxy], mira: Signer) -> None:  # noqa: F811
    person, proxy = watched
    person.put([beside(INNER, mira.sign(INNER), "pkcs7-signature")])
    (number,) = person.ids()
    stored, mailbox = find_message(person.session, number)
    bodies.content(person.session, stored, mailbox, kind=BodyKind.TEXT, wishes=Wishes(images=False))
    proxy.stop()
    person.hang_up()
    page = reading.opened_message(person.session, stored, mailbox)
    assert page.body is BodyKind.TEXT
    assert page.signature is not None
    assert (page.signature.state, page.signature.reason) == (State.UNCHECKED, "unreachable")


def test_what_lies_inside_a_signature_is_shown_and_cleaned(trusted: Person, mira: Signer) -> None:  # noqa: F811
    page = read(trusted, inside(mira.sign(HTML, "-nodetach"), "signed-data"), when=recent())
    assert (state(page), page.body, page.has_html) == (State.VALID, BodyKind.HTML, True)
    document = enclosed.document(trusted.session, page.message.id)
    assert "<b>beds</b>" in document
    assert not any(word in document for word in ("script", "onclick"))
    assert enclosed.quotation(trusted.session, page.message.id)[0].strip() == "Four beds."
    changed = read(trusted, inside(mira.sign(INNER, "-nodetach").replace(b"Four", b"Five"), "signed-data"), when=recent())
    assert state(changed) is State.INVALID
    assert "Five beds." in str(changed.text)


def test_an_encrypted_message_says_so_and_gives_its_part(person: Person, mira: Signer) -> None:  # noqa: F811
    page = read(person, inside(mira.encrypt(INNER), "enveloped-data"))
    assert page.encrypted is not None
    assert (page.encrypted.section, page.encrypted.whole, page.body, page.signature) == ("1", True, BodyKind.EMPTY, None)
    openpgp = "multipart/encrypted; boundary=e; protocol=application/pgp-encrypted"
    told = f"Content-Type: {openpgp}\r\n\r\n--e\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--e\r\n"
    page = read(person, head() + told.encode() + b"Content-Type: application/octet-stream\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--e--\r\n")
    assert page.encrypted is not None
    assert (page.encrypted.section, page.encrypted.whole) == ("2", True)
    page = read(person, head() + b"\r\nHello\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nabc\r\n-----END PGP MESSAGE-----\r\n")
    assert page.encrypted is not None
    assert (page.encrypted.whole, page.body) == (False, BodyKind.TEXT)


def key_letter(content: bytes) -> bytes:
    told = b"Content-Type: multipart/mixed; boundary=k\r\n\r\n--k\r\nContent-Type: text/plain\r\n\r\nMy key.\r\n--k\r\n"
    told += b"Content-Type: application/pgp-keys; name=mira.asc\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head().replace(b"Signed", b"My key") + told + base64.encodebytes(content).replace(b"\n", b"\r\n") + b"--k--\r\n"


def test_an_openpgp_signature_is_verified_once_its_key_is_remembered(person: Person, key: pysequoia.Tsk) -> None:  # noqa: F811
    with_key = read(person, key_letter(public(key)))
    page = read(person, beside(INNER, signed(key, INNER), "pgp-signature"))
    assert state(page) is State.UNKNOWN_KEY, "a key that came along is not known by that"
    (found,) = signatures.remember_keys(person.session, with_key.message.id, section="2", now=NOW)
    again = reading.message_page(person.session, page.message.id, mark_seen=False)
    assert state(again) is State.VALID
    assert state(read(person, beside(INNER, signed(key, INNER), "pgp-signature", sender="jonas@example.net"))) is State.OTHER_SENDER
    person.gate.database.drop_index()
    person.sign_in()
    assert state(reading.message_page(person.session, person.ids()[1], mark_seen=False)) is State.VALID
    signatures.forget_key(person.session, found.fingerprint)
    assert state(reading.message_page(person.session, person.ids()[1], mark_seen=False)) is State.UNKNOWN_KEY
    with pytest.raises(NotFound):
        signatures.forget_key(person.session, found.fingerprint)


def test_a_secret_key_is_not_kept(person: Person, key: pysequoia.Tsk) -> None:  # noqa: F811
    page = read(person, key_letter(bytes(key)))
    with pytest.raises(NotAllowed):
        signatures.remember_keys(person.session, page.message.id, section="2", now=NOW)


def test_a_text_signed_in_its_middle_is_signed_only_as_a_whole(person: Person, key: pysequoia.Tsk) -> None:  # noqa: F811
    keys = read(person, key_letter(public(key)))
    signatures.remember_keys(person.session, keys.message.id, section="2", now=NOW)
    text = signed(key, b"Four beds.\n", mode=pysequoia.SignatureMode.CLEAR).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    plain = head() + b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    assert state(read(person, plain + text)) is State.VALID
    assert state(read(person, plain + b"Pay here.\r\n" + text)) is None
    assert state(read(person, plain + text + b"Pay here.\r\n")) is None
    assert state(read(person, plain + text + text)) is None
    assert state(read(person, plain + text.replace(b"Hash: SHA512", b"Hash: SHA512\r\nComment: Pay here."))) is None

"""Every signed and encrypted message of the corpora is named as what it is, and none of them fails."""

from __future__ import annotations

from pathlib import Path

from tests.servers.person import Person
from webmail.mail import reading
from webmail.mail.message_pages import MessagePage
from webmail.message.secured import State
from webmail.message.summary import Uid
from webmail.store import messages

MARKS = (b"pkcs7", b"PGP MESSAGE", b"PGP SIGNED", b"pgp-signature", b"pgp-encrypted")
ENCRYPTED = ("mu/testdir_cur_signed-encrypted_2_S.eml", "nextcloud-mail/encrypted-message.eml", "notmuch/crypto_simple-encrypted.eml")
OPAQUE = ("nextcloud-mail/signed-opaque-message.eml", "notmuch/pkcs7_smime-onepart-signed.eml")


def test_each_says_what_it_is(person: Person, corpus_dir: Path) -> None:
    found = [path for path in sorted((corpus_dir / "mime").rglob("*.eml")) if any(mark in path.read_bytes() for mark in MARKS)]
    assert len(found) > 60
    person.put([path.read_bytes() for path in found])
    person.page()
    person.work_all()
    told: dict[str, MessagePage] = {}
    for uid, path in enumerate(found, 1):
        stored = messages.by_uid(person.gate.database, person.mailbox().id, Uid(uid))
        assert stored is not None, path
        told[str(path.relative_to(corpus_dir / "mime"))] = reading.message_page(person.session, stored.summary.id, mark_seen=False)
    assert all(told[name].encrypted for name in ENCRYPTED)
    for name in OPAQUE:
        assert told[name].has_text or told[name].has_html, name
    states = [each.signature.state for each in told.values() if each.signature]
    assert State.VALID not in states, "no key of theirs was put in, and no authority of theirs is known"
    assert {State.UNKNOWN_KEY, State.UNKNOWN_AUTHORITY} <= set(states)

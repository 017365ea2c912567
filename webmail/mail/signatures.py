"""Signatures of messages: verified when a message is opened first, the verdict kept in the index, and judged by who is the sender.

The octets that are verified are the part as the server has it, header and body, and nothing is joined to it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from datetime import UTC, datetime

from webmail.errors import NotAllowed, NotFound, ServerRefused, ServerUnavailable
from webmail.imap import fetch
from webmail.mail import parts
from webmail.mail.session import MailSession, account, again_if_cut, find_message, opened
from webmail.mailbox import Mailbox
from webmail.message import mime
from webmail.message.secured import Form, Signature, State, is_clear_signed, signed_form
from webmail.message.summary import Envelope
from webmail.signatures import openpgp, smime
from webmail.store import bodies, openpgp_keys
from webmail.store.messages import StoredMessage

LIMIT = 10 * 1024 * 1024
"""Octets of a signed part; a larger one is shown and not verified."""
KEY_LIMIT = 1024 * 1024
VERDICT_VERSION = 1


def signature(session: MailSession, stored: StoredMessage, mailbox: Mailbox, text: str) -> Signature | None:
    """What came of verifying the signature of a message whose text is ``text``; None where it has none.

    The first time one FETCH more and the run of a program; then a look-up. Where the server cannot be asked now, it is unchecked.
    """
    structure = stored.summary.structure
    form = signed_form(structure)
    if form is None and structure.media_type == "text" and is_clear_signed(text):
        form = Form.OPENPGP_CLEAR
    if form is None:
        return None
    mine = account(session).id
    keys = openpgp_keys.of_account(session.database, mine) if form in (Form.OPENPGP, Form.OPENPGP_CLEAR) else {}
    stamp = hashlib.sha256(" ".join(keys).encode()).hexdigest()[:16]
    name = f"{mailbox.id}/{stored.uidvalidity}/{stored.summary.uid}/signature/{VERDICT_VERSION}/{stamp}"
    kept = bodies.cached_body(session.database, account_id=mine, key=name)
    if kept is not None:
        known = json.loads(kept)
        found = Signature(Form(known["form"]), State(known["state"]), tuple(known["addresses"]), known["reason"])
    else:
        try:
            found = again_if_cut(lambda: _verified(session, stored, mailbox, form=form, keys=list(keys.values())))
        except (ServerUnavailable, ServerRefused):
            # Its body may be here; whoever reads it need not wait for the server.
            return Signature(form, State.UNCHECKED, reason="unreachable")
        bodies.cache_body(session.database, account_id=mine, key=name, html=json.dumps(asdict(found)))
    return judged(found, stored.summary.envelope)


def judged(found: Signature, envelope: Envelope) -> Signature:
    """The same verdict for who is the sender: a signature of somebody else says nothing about them."""
    if found.state not in (State.VALID, State.UNKNOWN_AUTHORITY):
        return found
    senders = [each.addr_spec.lower() for each in envelope.sender]
    fits = len(senders) == 1 and senders[0] in found.addresses and not envelope.sender_doubtful
    return found if fits else replace(found, state=State.OTHER_SENDER)


def _verified(session: MailSession, stored: StoredMessage, mailbox: Mailbox, *, form: Form, keys: list[bytes]) -> Signature:
    structure = stored.summary.structure
    beside = form in (Form.SMIME, Form.OPENPGP)
    signed = structure.parts[0] if beside else structure
    if signed.size > LIMIT:
        return Signature(form, State.UNCHECKED, reason="too_large")
    wanted = (
        {structure.parts[1].section: LIMIT, f"{signed.section}.MIME": LIMIT, signed.section: LIMIT} if beside else {signed.section: LIMIT}
    )
    if beside and not signed.section:
        return Signature(form, State.UNCHECKED, reason="unreadable")
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        found = fetch.sections(lent, stored.summary.uid, dict.fromkeys(wanted, LIMIT))
    if not beside:
        content = mime.decode_body(found.get(signed.section, b""), encoding=signed.encoding)
        return openpgp.verified(content, None, keys=keys) if form is Form.OPENPGP_CLEAR else _smime(session, stored, content, None, form)
    content = found.get(f"{signed.section}.MIME", b"") + found.get(signed.section, b"")
    proof = mime.decode_body(found.get(structure.parts[1].section, b""), encoding=structure.parts[1].encoding)

    def look(octets: bytes) -> Signature:
        return openpgp.verified(octets, proof, keys=keys) if form is Form.OPENPGP else _smime(session, stored, proof, octets, form)

    verdict = look(content)
    if verdict.state is State.INVALID and content.endswith(b"\r\n"):
        # Some servers count the line break in front of a delimiter as part of the content, where it is not (RFC 2046 §5.1.1).
        return look(content[:-2])
    return verdict


def _smime(session: MailSession, stored: StoredMessage, proof: bytes, content: bytes | None, form: Form) -> Signature:
    when = min(stored.summary.internal_date, datetime.now(UTC))
    return smime.verified(proof, content, form=form, when=when, ca_file=account(session).imap.ca_file)


def remember_keys(session: MailSession, message_id: int, *, section: str, now: datetime) -> tuple[openpgp.Key, ...]:
    """Put the OpenPGP keys in an attached file among those whose signatures are verified. Only ever because somebody said so.

    One fetch and the run of a program. Raises NotFound, NotAllowed("no_keys") for a file without any, or with a secret one.
    """
    find_message(session, message_id)
    content = b""
    for piece in parts.part(session, message_id, section=section).chunks:
        content += piece
        if len(content) > KEY_LIMIT:
            raise NotAllowed("no_keys")
    found = openpgp.keys(content)
    if not found:
        raise NotAllowed("no_keys")
    for each in found:
        openpgp_keys.put(session.database, account(session).id, fingerprint=each.fingerprint, content=each.content, now=now)
    return found


def forget_key(session: MailSession, fingerprint: str) -> None:
    """Take a key out again; signatures by it are of an unknown key then. Raises NotFound("openpgp_key")."""
    mine = account(session).id
    if fingerprint not in openpgp_keys.of_account(session.database, mine):
        raise NotFound("openpgp_key")
    openpgp_keys.remove(session.database, mine, fingerprint=fingerprint)

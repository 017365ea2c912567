"""Reports joined: bounces, delivery reports and reading receipts that come back are told on the page of what was sent.

They are found by the envelope id, by the Message-ID that they name or bring along, and by what they refer to (RFC 3461 §4.4,
RFC 3464 §2.2.1, RFC 8098 §3.2.5). A report is a claim of whoever wrote it: the page says so, and it changes no state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from webmail.errors import NotFound
from webmail.formats.report import Action, Delivery, DeliveryReport, Receipt
from webmail.imap import fetch
from webmail.mail import enclosures
from webmail.mail.enclosed_pages import Enclosed
from webmail.mail.session import MailSession, account, opened
from webmail.mailbox import Mailbox, MailboxId, SpecialUse
from webmail.message import mime
from webmail.message.summary import MessageSummary, Uid
from webmail.store import events, fates, jobs, mailboxes, messages, outgoing
from webmail.store.database import Database
from webmail.store.fates import Fate
from webmail.store.jobs import Job
from webmail.store.messages import StoredMessage
from webmail.store.report import Step

KIND = "report"
OWN = (SpecialUse.SENT, SpecialUse.DRAFTS)
MOST = 100
"""Of more reports that come at once, the newest so many are read."""
TEXT_OCTETS = 16_000


def arrived(database: Database, mailbox: Mailbox, summaries: Sequence[MessageSummary]) -> None:
    """Tell the worker of reports among the messages that have just come. Costs nothing where there is none, else a write."""
    if mailbox.special_use in OWN:
        return
    uids = sorted((int(each.uid) for each in summaries if _may_report(each)), reverse=True)[:MOST]
    if uids:
        payload = {"mailbox": int(mailbox.id), "uids": uids}
        key = f"{mailbox.id}/{uids[0]}"
        jobs.put(database, kind=KIND, account_id=mailbox.account_id, key=key, due_at=datetime.now(UTC), payload=payload)


def _may_report(summary: MessageSummary) -> bool:
    root = summary.structure
    return (root.media_type, root.subtype) == ("multipart", "report") or enclosures.by_system(summary.envelope)


def run(session: MailSession, job: Job) -> datetime | None:
    """Join the reports of a job. One FETCH for each, two for an old bounce. Raises the errors of the connection."""
    mailbox = mailboxes.get(session.database, account(session).id, MailboxId(int(job.payload["mailbox"])))
    for uid in job.payload.get("uids", []):
        stored = messages.by_uid(session.database, mailbox.id, Uid(int(uid)))
        if stored is not None:
            _join(session, mailbox, stored)
    return None


def _join(session: MailSession, mailbox: Mailbox, stored: StoredMessage) -> None:
    try:
        found = _read(session, mailbox, stored)
    except NotFound:
        return
    mine, envelope = account(session).id, stored.summary.envelope
    submission_id = outgoing.reported(session.database, mine, envelope_id=_envelope_id(found), message_ids=_message_ids(found, stored))
    if submission_id is None:
        return
    recipients = [each.address for each in outgoing.get(session.database, mine, submission_id).recipients]
    at = envelope.date or stored.summary.internal_date
    told = [*_deliveries(found.deliveries, recipients), *_receipts(found.receipts, recipients)]
    if not told:
        return
    steps = [Step(at, f"report_{fate.word}", _kind(fate), _values(fate, envelope.message_id_field)) for fate in told]
    place = f"{mailbox.id}/{stored.uidvalidity}/{stored.summary.uid}"
    failed = any(fate.word == Action.FAILED for fate in told)
    added = fates.join(
        session.database, submission_id, report=envelope.message_id_field or place, at=at, fates=told, steps=steps, attention=failed
    )
    if added:
        told_event = {"submission": submission_id, "state": "reported"}
        events.put(session.database, mine, kind=events.COUNTS, now=datetime.now(UTC), payload=told_event)


def _read(session: MailSession, mailbox: Mailbox, stored: StoredMessage) -> Enclosed:
    """What the report says: of its parts for programs, else of its words."""
    root = stored.summary.structure
    sections = enclosures.wanted(root)
    text = next(iter(mime.shown(root).plain), None)
    if text is not None:
        sections[text.section] = max(TEXT_OCTETS, sections.get(text.section, 0))
    with opened(session, mailbox, uidvalidity=stored.uidvalidity) as lent:
        octets = fetch.sections(lent, stored.summary.uid, sections)
    words = mime.read_text(octets[text.section], text).text if text is not None and text.section in octets else ""
    kept = enclosures.prepared(root, octets)
    return enclosures.enclosed(root, kept, sender=stored.summary.envelope, text=words)


def _envelope_id(found: Enclosed) -> str:
    return next((each.envelope_id for each in found.deliveries if each.envelope_id), "")


def _message_ids(found: Enclosed, stored: StoredMessage) -> tuple[str, ...]:
    """The ids of the message that a report is about, the surest first."""
    named = [each.message_id_field for each in found.receipts]
    named += [found.returned.envelope.message_id_field] if found.returned else []
    envelope = stored.summary.envelope
    return tuple(dict.fromkeys(each for each in (*named, *envelope.in_reply_to, *envelope.references) if each))


def _deliveries(reports: Iterable[DeliveryReport], recipients: Sequence[str]) -> list[Fate]:
    return [
        Fate(_recipient(each.original_recipient, each.recipient, recipients), each.action.value, each.status, _words(each))
        for report in reports
        for each in report.deliveries
    ]


def _words(delivery: Delivery) -> str:
    return delivery.words or (f"{delivery.recipient}" if delivery.original_recipient else "")


def _receipts(receipts: Iterable[Receipt], recipients: Sequence[str]) -> list[Fate]:
    return [
        Fate(_recipient(each.original_recipient, each.recipient, recipients), each.disposition.value, "", each.words) for each in receipts
    ]


def _recipient(original: str, final: str, recipients: Sequence[str]) -> str:
    """Which of those written to is meant. Where there was only one, a server that names another has sent it on."""
    known = {each.lower(): each for each in recipients}
    found = known.get(original.lower()) or known.get(final.lower())
    return found or (recipients[0] if len(recipients) == 1 else "")


def _kind(fate: Fate) -> str:
    return "danger" if fate.word == "failed" else "wait" if fate.word == "delayed" else "ok"


def _values(fate: Fate, message_id_field: str) -> dict[str, object]:
    return {"address": fate.address, "status": fate.status, "reply": fate.text, "report": message_id_field}

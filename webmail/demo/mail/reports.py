"""Reports that mail servers write: the bounce of a message that could not be delivered (RFC 3464)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from email.message import Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import BytesHeaderParser
from email.policy import SMTP
from email.utils import format_datetime

from webmail.demo.mail.letter import DEMO, ROBIN_VALE, Letter, Sample, When

REASON = "550 5.1.1 There is nobody of this name here"


def mail(when: When) -> Iterator[Sample]:
    """A bounce in the inbox: a postcard list with an address that has moved."""
    date = when.days(6, "08:13")
    original = Letter(
        name="postcards",
        sender=ROBIN_VALE,
        to="Great-aunt Hedwig <hedwig@old-mill.example>",
        date=when.days(6, "08:12"),
        subject="A postcard is on its way",
        text="Dear Hedwig,\n\nthe postcard with the lighthouse left today. I hope the cat is well.\n\nRobin\n",
    )
    raw = bounce(original.raw(), sender=DEMO, recipient="hedwig@old-mill.example", now=date)
    yield Sample(DEMO, "INBOX", raw, date, ("\\Seen",))


def bounce(original: bytes, *, sender: str, recipient: str, now: datetime) -> bytes:
    """The report that a message was not delivered, with the head of the message in it (RFC 6522, RFC 3464)."""
    recipient = "".join(letter for letter in recipient if letter.isprintable())
    report = MIMEMultipart("report")
    report.set_param("report-type", "delivery-status")
    report["Date"] = format_datetime(now)
    report["From"] = "Mail Delivery System <MAILER-DAEMON@example.org>"
    report["To"] = sender
    report["Subject"] = "Undelivered Mail Returned to Sender"
    report["Auto-Submitted"] = "auto-replied"
    report["Message-ID"] = f"<report-{now.timestamp():.6f}@example.org>"
    words = (
        "This is the mail system at host mail.example.org.\n\n"
        "I am sorry to say that your message could not be delivered to one or more\n"
        "recipients. A copy of its header is attached.\n\n"
        f"<{recipient}>: host mx.{recipient.rpartition('@')[2]} said: {REASON}\n    (in reply to RCPT TO command)\n"
    )
    report.attach(MIMEText(words, "plain", "us-ascii" if words.isascii() else "utf-8"))
    report.attach(_status(recipient, now))
    head = BytesHeaderParser().parsebytes(original)
    copy = Message()
    for name, value in head.items():
        if name.lower() in ("date", "from", "to", "subject", "message-id", "mime-version"):
            copy[name] = str(value)
    returned = MIMEMessage(copy)
    returned.set_type("message/rfc822")
    report.attach(returned)
    return report.as_bytes(policy=SMTP)


def _status(recipient: str, now: datetime) -> Message:
    """The part for programs: one block on the server, one on the recipient (RFC 3464 §2)."""
    server, person = Message(), Message()
    server["Reporting-MTA"] = "dns; mail.example.org"
    server["Arrival-Date"] = format_datetime(now)
    person["Final-Recipient"] = f"rfc822; {recipient}"
    person["Action"] = "failed"
    person["Status"] = "5.1.1"
    person["Diagnostic-Code"] = f"smtp; {REASON}"
    status = MIMEMultipart("mixed")
    status.set_type("message/delivery-status")
    del status["MIME-Version"]
    status.set_payload([server, person])
    status.del_param("boundary")
    return status

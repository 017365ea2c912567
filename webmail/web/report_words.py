"""The words of reports: what became of a message, and why, by the codes of mail servers (RFC 3463 and its registry)."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from webmail.formats.report import Action, Delivery, DeliveryReport, Disposition, Feedback, Receipt
from webmail.web.tags import Tag

REASONS = {
    "1.0": lazy_gettext("Something is wrong with the address."),
    "1.1": lazy_gettext("There is no such mailbox at that server."),
    "1.2": lazy_gettext("The domain of the address does not exist, or takes no mail."),
    "1.3": lazy_gettext("The address is not written correctly."),
    "1.4": lazy_gettext("The address fits several mailboxes."),
    "1.5": lazy_gettext("The address is valid."),
    "1.6": lazy_gettext("The mailbox has moved, and it is not known where to."),
    "1.7": lazy_gettext("The address of the sender is not written correctly."),
    "1.8": lazy_gettext("The domain of the sender's address does not exist."),
    "1.9": lazy_gettext("The message was passed on to a system that does not send reports."),
    "1.10": lazy_gettext("The domain of the address says that it takes no mail."),
    "2.0": lazy_gettext("Something is wrong with the mailbox."),
    "2.1": lazy_gettext("The mailbox is disabled and takes no messages."),
    "2.2": lazy_gettext("The mailbox is full."),
    "2.3": lazy_gettext("The message is larger than the mailbox allows."),
    "2.4": lazy_gettext("The mailing list could not be resolved."),
    "3.0": lazy_gettext("Something is wrong with the mail system of the recipient."),
    "3.1": lazy_gettext("The mail system of the recipient is full."),
    "3.2": lazy_gettext("The mail system of the recipient accepts no messages at present."),
    "3.3": lazy_gettext("The mail system of the recipient lacks something that the message needs."),
    "3.4": lazy_gettext("The message is too big for the mail system of the recipient."),
    "3.5": lazy_gettext("The mail system of the recipient is not set up correctly."),
    "3.6": lazy_gettext("The priority of the message was changed."),
    "4.0": lazy_gettext("The network or the route to the recipient failed."),
    "4.1": lazy_gettext("The server of the recipient does not answer."),
    "4.2": lazy_gettext("The connection to the server of the recipient is bad."),
    "4.3": lazy_gettext("The directory service that was asked does not answer."),
    "4.4": lazy_gettext("No way to the recipient's domain is known."),
    "4.5": lazy_gettext("The mail system is overloaded."),
    "4.6": lazy_gettext("The message went round in circles."),
    "4.7": lazy_gettext("The message could not be delivered in time."),
    "5.0": lazy_gettext("The servers did not understand each other."),
    "5.1": lazy_gettext("A command came out of order or was not understood."),
    "5.2": lazy_gettext("A command was not written correctly."),
    "5.3": lazy_gettext("The message has too many recipients."),
    "5.4": lazy_gettext("A command had wrong arguments."),
    "5.5": lazy_gettext("The servers speak different versions."),
    "5.6": lazy_gettext("The answer to signing in was too long."),
    "6.0": lazy_gettext("Something is wrong with the content of the message."),
    "6.1": lazy_gettext("The recipient's system does not take this kind of content."),
    "6.2": lazy_gettext("The content would have to be converted, which is not allowed."),
    "6.3": lazy_gettext("The content would have to be converted, which is not possible."),
    "6.4": lazy_gettext("The content was converted, and something was lost."),
    "6.5": lazy_gettext("The content could not be converted."),
    "6.6": lazy_gettext("The content of the message could not be had."),
    "6.7": lazy_gettext("The recipient's system does not take addresses with letters beyond ASCII."),
    "6.8": lazy_gettext("The recipient's system does not take addresses with letters beyond ASCII."),
    "6.9": lazy_gettext("The recipient's system does not take addresses with letters beyond ASCII."),
    "7.0": lazy_gettext("The message was refused for reasons of security or policy."),
    "7.1": lazy_gettext("The recipient's system does not allow this sender or this message."),
    "7.2": lazy_gettext("The sender may not write to this mailing list."),
    "7.3": lazy_gettext("The message would have to be converted securely, which is not possible."),
    "7.4": lazy_gettext("A security feature that was asked for is not supported."),
    "7.5": lazy_gettext("A message that should be encrypted could not be."),
    "7.6": lazy_gettext("A kind of encryption is not supported."),
    "7.7": lazy_gettext("The message was changed on its way."),
    "7.8": lazy_gettext("The name or password was not accepted."),
    "7.13": lazy_gettext("The account is disabled."),
    "7.20": lazy_gettext("No valid signature of the sender's domain (DKIM) was found."),
    "7.21": lazy_gettext("No acceptable signature of the sender's domain (DKIM) was found."),
    "7.22": lazy_gettext("No signature (DKIM) fits the address of the sender."),
    "7.23": lazy_gettext("The sender's domain does not allow this server to send for it (SPF)."),
    "7.24": lazy_gettext("It could not be found out whether this server may send for the sender's domain (SPF)."),
    "7.25": lazy_gettext("The name of the sending server cannot be verified."),
    "7.26": lazy_gettext("None of the checks of the sender (SPF, DKIM, DMARC) was passed."),
    "7.27": lazy_gettext("The sender's domain says that it takes no mail."),
    "7.28": lazy_gettext("Too many messages came from this sender."),
}
"""Why, by subject and detail of a status code; the class before them says whether it is final."""
SUBJECTS = {number: REASONS[f"{number}.0"] for number in "1234567"}
ACTIONS = {
    Action.FAILED: ("danger", "alert", lazy_gettext("Not delivered")),
    Action.DELAYED: ("warn", "clock", lazy_gettext("Delayed; the server keeps trying")),
    Action.DELIVERED: ("ok", "check-circle", lazy_gettext("Delivered")),
    Action.RELAYED: ("ok", "send", lazy_gettext("Passed on to a server that sends no reports")),
    Action.EXPANDED: ("ok", "people", lazy_gettext("Passed on to the members of a list")),
    Action.UNKNOWN: ("", "info", lazy_gettext("The report does not say what happened")),
}
WORST = (Action.FAILED, Action.DELAYED, Action.UNKNOWN, Action.EXPANDED, Action.RELAYED, Action.DELIVERED)
DISPOSITIONS = {
    Disposition.DISPLAYED: ("ok", "eye", lazy_gettext("Your message was opened")),
    Disposition.DELETED: ("warn", "trash", lazy_gettext("Your message was deleted")),
    Disposition.DISPATCHED: ("ok", "forward", lazy_gettext("Your message was sent on")),
    Disposition.PROCESSED: ("ok", "check-circle", lazy_gettext("Your message was processed by a program")),
    Disposition.DENIED: ("", "info", lazy_gettext("The recipient does not say what became of your message")),
    Disposition.FAILED: ("danger", "alert", lazy_gettext("Your message could not be processed")),
    Disposition.UNKNOWN: ("", "info", lazy_gettext("The report does not say what happened")),
}
COMPLAINTS = {
    "abuse": lazy_gettext("Somebody reports a message as unwanted"),
    "fraud": lazy_gettext("Somebody reports a message as fraud"),
    "not-spam": lazy_gettext("Somebody reports that a message is wanted"),
    "virus": lazy_gettext("Somebody reports that a message carries a virus"),
    "auth-failure": lazy_gettext("A message failed the checks of its sender"),
    "opt-out": lazy_gettext("Somebody wants no more messages"),
}


def report_tag(report: DeliveryReport) -> Tag:
    """What happened, in the worst case of all recipients."""
    found = {each.action for each in report.deliveries}
    kind, symbol, text = ACTIONS[next(action for action in WORST if action in found)]
    if len(found) > 1 and Action.FAILED in found:
        text = lazy_gettext("Not delivered to everybody")
    return Tag(kind, symbol, str(text))


def action_words(delivery: Delivery) -> str:
    """What happened for one recipient."""
    return str(ACTIONS[delivery.action][2])


def reason(delivery: Delivery) -> str:
    """Why, in words, where the status code tells more than that it worked; else empty."""
    kind, _dot, detail = delivery.status.partition(".")
    if not detail or (kind == "2" and detail != "1.9") or detail == "0.0":
        return ""
    return str(REASONS.get(detail) or SUBJECTS.get(detail.partition(".")[0]) or "")


def receipt_tag(receipt: Receipt) -> Tag:
    """What became of a message at its recipient."""
    kind, symbol, text = DISPOSITIONS[receipt.disposition]
    return Tag(kind, symbol, str(text))


def complaint(feedback: Feedback) -> str:
    """What a complaint is about."""
    return str(COMPLAINTS.get(feedback.kind) or _("A report about a message: %(kind)s", kind=feedback.kind))

"""The words of the outbox: what state a message is in, what happened at each step, and what it means for people."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from webmail.formats.report import Action, Delivery
from webmail.mail.outbox_pages import Recipient, RecipientState, SubmissionRow, SubmissionState, SubmissionStep
from webmail.web import error_words, report_words, sending, times
from webmail.web.names import role_name
from webmail.web.tags import Tag


@dataclass(frozen=True, slots=True)
class StepWords:
    """A step of a delivery report in words; ``report`` is the Message-ID of the message that told it."""

    title: str
    text: str = ""
    symbol: str = "check"
    report: str = ""


def state_tag(row: SubmissionRow) -> Tag:
    """The state of a submission; a message that some recipients did not get says so before everything else."""
    refused = sum(each.state == RecipientState.REFUSED for each in row.recipients)
    if refused and row.state in (SubmissionState.ACCEPTED, SubmissionState.FILED, SubmissionState.FAILED):
        return Tag("danger", "alert", _("%(n)s of %(total)s refused", n=times.number(refused), total=times.number(len(row.recipients))))
    returned = sum(each.fate == "failed" for each in row.recipients)
    if returned and row.state in (SubmissionState.ACCEPTED, SubmissionState.FILED):
        return Tag("danger", "alert", _("%(n)s of %(total)s came back", n=times.number(returned), total=times.number(len(row.recipients))))
    tags = {
        SubmissionState.QUEUED: Tag("accent", "clock", _("Sends at %(time)s", time=_due(row))),
        SubmissionState.SUBMITTING: Tag("accent", "send", _("Sending")),
        SubmissionState.HANDING_OVER: Tag("accent", "send", _("Sending")),
        SubmissionState.ACCEPTED: Tag("ok", "check", _("Accepted")),
        SubmissionState.FILED: Tag("ok", "check", _("Accepted")),
        SubmissionState.RETRYING: Tag("warn", "clock", _("Delayed, next try %(time)s", time=times.saved(row.due_at))),
        SubmissionState.UNCLEAR: Tag("danger", "alert", _("Not known whether sent")),
        SubmissionState.NEEDS_SIGN_IN: Tag("danger", "lock", _("Waits for your sign-in")),
        SubmissionState.FAILED: Tag("danger", "alert", _("Not sent")),
        SubmissionState.CANCELLED: Tag("", "x", _("Cancelled")),
    }
    return tags[row.state]


def _due(row: SubmissionRow) -> str:
    """A chosen time in the zone it was chosen in; the end of Undo to the second."""
    return sending.told(row.due_at, row.time_zone) if row.scheduled else times.exact_clock(row.due_at)


def fate_tag(row: Recipient) -> Tag:
    """What reports said of one recipient later."""
    tags = {
        "delivered": Tag("ok", "check", _("Delivered")),
        "relayed": Tag("", "send", _("Passed on")),
        "expanded": Tag("", "people", _("Passed on to several")),
        "delayed": Tag("warn", "clock", _("Delayed on its way")),
        "failed": Tag("danger", "alert", _("Came back")),
        "displayed": Tag("ok", "mail-open", _("Read")),
        "deleted": Tag("", "trash", _("Deleted unread")),
        "denied": Tag("", "x", _("Receipt refused")),
    }
    return tags.get(row.fate, Tag("", "info", _("Reported")))


def recipient_tag(row: Recipient) -> Tag:
    """What is known of one recipient."""
    return {
        RecipientState.WAITING: Tag("", "clock", _("Waiting")),
        RecipientState.ACCEPTED: Tag("ok", "check", _("Accepted")),
        RecipientState.DELAYED: Tag("warn", "clock", _("Delayed")),
        RecipientState.REFUSED: Tag("danger", "x", _("Refused")),
        RecipientState.UNCLEAR: Tag("danger", "alert", _("Not known")),
    }[RecipientState(row.state)]


def recipients_line(row: SubmissionRow) -> str:
    """Who a submission is for, in a line."""
    shown = [each.address for each in row.recipients[:3]]
    line = _(", ").join(shown)
    if len(row.recipients) > len(shown):
        return _("%(people)s and %(n)s more", people=line, n=times.number(len(row.recipients) - len(shown)))
    return line


def _reported(given: dict[str, str]) -> dict[str, StepWords]:
    """What reports that came back say. Anybody can write one: the words make no more of it."""
    who = given.get("address") or _("a recipient")
    status = given.get("status", "")
    why = report_words.reason(Delivery(who, Action.UNKNOWN, status=status))
    words = " ".join(part for part in (why, status, given.get("reply", "")) if part)
    titles = {
        "delivered": (_("A report says: delivered to %(address)s", address=who), "check-circle"),
        "relayed": (_("A report says: passed on for %(address)s to a server that sends no reports", address=who), "send"),
        "expanded": (_("A report says: passed on for %(address)s to several people", address=who), "people"),
        "delayed": (_("A report says: delayed for %(address)s", address=who), "clock"),
        "failed": (_("A report says: not delivered to %(address)s", address=who), "alert"),
        "displayed": (_("A receipt says: opened by %(address)s", address=who), "eye"),
        "deleted": (_("A receipt says: deleted by %(address)s", address=who), "trash"),
        "denied": (_("%(address)s does not say what became of it", address=who), "info"),
    }
    return {f"report_{word}": StepWords(title, words, symbol, given.get("report", "")) for word, (title, symbol) in titles.items()}


def step_words(step: SubmissionStep) -> StepWords:
    """One step in words; a code this page does not know is shown as it is rather than hidden."""
    given = dict(step.values)
    reply = _("The server said: %(words)s", words=given["reply"]) if given.get("reply") else ""
    why = error_words.sentence(given["error"], given) if given.get("error") in error_words.SENTENCES else ""
    why = " ".join(part for part in (why, reply) if part)
    count = int(given.get("count", "0")) if given.get("count", "0").isdigit() else 0
    address, folder = given.get("address", ""), role_name("sent") if given.get("folder") else ""
    words = {
        "queued": StepWords(_("You pressed Send")),
        "connected": StepWords(
            _("Connected to %(host)s", host=given.get("host", "")), given.get("tls", ""), "lock" if given.get("tls") else "server"
        ),
        "accepted": StepWords(
            ngettext("Accepted for %(n)s recipient", "Accepted for %(n)s recipients", count, n=times.number(count)), reply
        ),
        "sent_copy": StepWords(_("The copy is in %(folder)s", folder=folder)),
        "sent_copy_failed": StepWords(
            _("The copy could not be put into Sent yet"), " ".join((_("The message itself is sent."), why)).strip(), "clock"
        ),
        "refused": StepWords(_("Refused for %(address)s", address=address), reply, "x"),
        "delayed": StepWords(_("Delayed for %(address)s", address=address), reply, "clock"),
        "failed": StepWords(_("This attempt failed"), why, "alert"),
        "unclear": StepWords(_("No answer after the whole message was handed over"), why, "alert"),
        "needs_sign_in": StepWords(_("The mail server refused the password"), why, "lock"),
        "sent_by_server": StepWords(_("The mail server has put the copy into %(folder)s", folder=folder)),
        "draft_kept": StepWords(_("The draft was changed after sending and is kept"), symbol="compose"),
        "gave_up": StepWords(_("Given up for %(address)s", address=address), symbol="x"),
        "send_now": StepWords(_("You asked to send it now"), symbol="send"),
        "time_set": StepWords(_("You chose another time"), symbol="clock"),
        **_reported(given),
        "cancelled": StepWords(_("You took the message back"), symbol="x"),
        "retry_asked": StepWords(_("You asked to try again"), symbol="sync"),
        "marked_sent": StepWords(_("You marked it as sent")),
    }
    if step.code.startswith("report_"):
        return words.get(step.code) or StepWords(_("A report came back"), why, "info", given.get("report", ""))
    return words.get(step.code) or StepWords(step.code, why)


FOR_TEMPLATES = {
    "fate_tag": fate_tag,
    "recipient_tag": recipient_tag,
    "recipients_line": recipients_line,
    "state_tag": state_tag,
    "step_words": step_words,
}

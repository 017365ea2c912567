"""The words of what is to be looked at before sending (see ``mail.checks``)."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from webmail.mail.pages import Check
from webmail.web import times


def check_words(check: Check) -> str:
    """What is to be looked at, in a sentence."""
    values = dict(check.values)
    if check.code == "unknown":
        return ngettext(
            "You have not written to this address before: %(people)s",
            "You have not written to these addresses before: %(people)s",
            int(values["n"]),
            people=values["people"],
        )
    if check.code == "many_recipients":
        return _("Your answer goes to %(n)s people.", n=times.number(int(values["n"])))
    sentences = {
        "no_subject": _("The message has no subject."),
        "no_attachment": _("You mention a file, but nothing is attached."),
        "wrong_identity": _(
            "The message you answer came to %(address)s, and you write from another address.", address=values.get("address", "")
        ),
        "lookalike": _(
            "%(address)s looks like %(like)s, where you have written before, but is another domain.",
            address=values.get("address", ""),
            like=values.get("like", ""),
        ),
        "namesake": _(
            "You know somebody of this name under another address: %(other)s, not %(address)s.",
            other=values.get("other", ""),
            address=values.get("address", ""),
        ),
    }
    return sentences[check.code]

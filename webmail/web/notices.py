"""Notices: what an action did, kept in the session until the next page shows it, with the way back.

A notice is stored as a code and values and worded when it is shown, in the language of that moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import session, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from webmail.mail.pages import ActionResult
from webmail.mailbox import Mailbox
from webmail.web import error_words, times
from webmail.web.names import role_name

KEY = "notices"
LIMIT = 5


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as the page shows it. ``undo`` is where its Undo form posts; ``role`` a mailbox role it offers to create."""

    text: str
    alert: bool = False
    undo: str = ""
    missing_role: str = ""


def _moved(values: dict[str, Any]) -> str:
    count, filled = values["count"], {"folder": values["folder"], "n": values["n"]}
    return ngettext("%(n)s message moved to %(folder)s.", "%(n)s messages moved to %(folder)s.", count, **filled)


def _copied(values: dict[str, Any]) -> str:
    count, filled = values["count"], {"folder": values["folder"], "n": values["n"]}
    return ngettext("%(n)s message copied to %(folder)s.", "%(n)s messages copied to %(folder)s.", count, **filled)


def _counted(one: Callable[[int, str], str]) -> Callable[[dict[str, Any]], str]:
    return lambda values: one(values["count"], values["n"])


def _plain(words: Callable[[], str]) -> Callable[[dict[str, Any]], str]:
    return lambda _values: words()


WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "seen": _counted(lambda count, n: ngettext("Marked as read.", "%(n)s messages marked as read.", count, n=n)),
    "unseen": _counted(lambda count, n: ngettext("Marked as unread.", "%(n)s messages marked as unread.", count, n=n)),
    "flagged": _counted(lambda count, n: ngettext("Flagged.", "%(n)s messages flagged.", count, n=n)),
    "unflagged": _counted(lambda count, n: ngettext("Flag removed.", "Flag removed from %(n)s messages.", count, n=n)),
    "archived": _counted(lambda count, n: ngettext("Archived.", "%(n)s messages archived.", count, n=n)),
    "junked": _counted(lambda count, n: ngettext("Marked as junk.", "%(n)s messages marked as junk.", count, n=n)),
    "not_junk": _counted(lambda count, n: ngettext("Moved to the inbox.", "%(n)s messages moved to the inbox.", count, n=n)),
    "deleted": _counted(lambda count, n: ngettext("Moved to Trash.", "%(n)s messages moved to Trash.", count, n=n)),
    "deleted_forever": _counted(lambda count, n: ngettext("Deleted forever.", "%(n)s messages deleted forever.", count, n=n)),
    "emptied": _counted(lambda count, n: ngettext("One message deleted forever.", "%(n)s messages deleted forever.", count, n=n)),
    "moved": _moved,
    "copied": _copied,
    "working": _counted(
        lambda count, n: ngettext(
            "%(n)s message is being filed in the background.", "%(n)s messages are being filed in the background.", count, n=n
        )
    ),
    "undone": _plain(lambda: _("Undone.")),
    "checked": _plain(lambda: _("Checked for mail.")),
    "created": lambda values: _("Folder %(folder)s created.", folder=values["folder"]),
    "renamed": lambda values: _("Folder renamed to %(folder)s.", folder=values["folder"]),
    "mailbox_deleted": lambda values: _("Folder %(folder)s deleted.", folder=values["folder"]),
    "unsubscribed": lambda values: _("You asked to be taken off the list %(name)s.", name=values["name"]),
    "key_remembered": lambda values: _("Key of %(people)s remembered: %(fingerprint)s", **values),
    "key_forgotten": _plain(lambda: _("The key is no longer remembered.")),
    "queued": _plain(lambda: _("Message queued for sending.")),
    "scheduled": lambda values: _("The message goes out: %(time)s", time=values["when"]),
    "send_now": _plain(lambda: _("The message is being sent.")),
    "saved": _plain(lambda: _("Draft saved.")),
    "draft_elsewhere": _plain(
        lambda: _("Another program has changed or removed this draft meanwhile. Yours is kept; look in Drafts for the other one.")
    ),
    "discarded": _plain(lambda: _("Draft discarded.")),
    "cancelled": _plain(lambda: _("Sending cancelled.")),
    "retrying": _plain(lambda: _("The message is queued again.")),
    "marked_sent": _plain(lambda: _("Marked as sent.")),
    "address_set": _plain(lambda: _("Your name and address are saved.")),
    "identity_saved": _plain(lambda: _("The identity is saved.")),
    "identity_removed": _plain(lambda: _("The identity is deleted.")),
    "template_saved": lambda values: _("Template %(name)s saved.", name=values["name"]),
    "template_removed": _plain(lambda: _("The template is deleted.")),
    "choice_saved": _plain(lambda: _("Your choice is saved.")),
    "images_permitted": lambda values: _("Remote images of %(name)s are shown from now on.", name=values["name"]),
    "images_revoked": lambda values: _("Remote images of %(name)s are hidden again.", name=values["name"]),
    "save_place": lambda values: _("Attachments can be saved to %(host)s now.", host=values["host"]),
    "save_forgotten": _plain(lambda: _("The place and its password are forgotten.")),
    "file_saved": lambda values: _("Saved to %(host)s as %(name)s.", host=values["host"], name=values["name"]),
    "search_saved": lambda values: _("Search saved as %(name)s.", name=values["name"]),
    "search_forgotten": lambda values: _("The search %(name)s is no longer kept.", name=values["name"]),
    "filtered": _counted(
        lambda count, n: ngettext("The filter was applied to %(n)s message.", "The filter was applied to %(n)s messages.", count, n=n)
    ),
    "filters_run": _plain(lambda: _("Your filters run now.")),
    "filter_saved": _plain(lambda: _("Filter saved.")),
    "filter_deleted": lambda values: _("Filter %(name)s deleted.", name=values["name"]),
    "signed_out": _plain(lambda: _("You are signed out.")),
    "password_kept": _plain(
        lambda: _("You are signed out. The mail password is kept until the messages waiting in the outbox are sent, then erased.")
    ),
}
"""The words of each code; the notices of actions carry ``count`` and its written form ``n``."""


def put(code: str, *, undo: str = "", **values: Any) -> None:
    """Keep a notice for the next page."""
    _keep({"code": code, "undo": undo, "values": values})


def put_result(result: ActionResult) -> None:
    """Keep the notice of an action, with its Undo where there is one."""
    undo = url_for("messages.undo", journal_id=result.journal_id) if result.journal_id else ""
    put(result.code, undo=undo, count=result.count, **_folder(result.target))
    if result.refused is not None:
        put_error(error_words.of_error(result.refused))


def put_mailbox(code: str, mailbox: Mailbox) -> None:
    """Keep a notice about a folder."""
    put(code, **_folder(mailbox))


def put_error(sentence: str, *, missing_role: str = "") -> None:
    """Keep an alert; errors are worded at once, since their values are not all plain."""
    _keep({"alert": sentence, "role": missing_role})


def _folder(mailbox: Mailbox | None) -> dict[str, str]:
    return {} if mailbox is None else {"folder": mailbox.label, "folder_role": mailbox.special_use.value if mailbox.special_use else ""}


def _keep(notice: dict[str, Any]) -> None:
    session[KEY] = [*session.get(KEY, []), notice][-LIMIT:]


def taken() -> list[Notice]:
    """The notices waiting, which are forgotten by being shown."""
    waiting = session.get(KEY)
    if not waiting:
        return []
    session.pop(KEY)
    return [_worded(each) for each in waiting]


def _worded(kept: dict[str, Any]) -> Notice:
    if "alert" in kept:
        return Notice(kept["alert"], alert=True, missing_role=kept["role"])
    values = {"count": 1, "folder": "", **kept["values"]}
    values["n"] = times.number(values["count"])
    if values.get("folder_role"):
        values["folder"] = role_name(values["folder_role"]) or values["folder"]
    words = WORDS.get(kept["code"])
    return Notice(words(values) if words else _("Done."), undo=kept["undo"])

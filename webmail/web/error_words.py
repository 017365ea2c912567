"""The words of every error: code → sentence, in the reader's language.

A sentence says what happened. What is safe and what to do next belongs to the kind of error and stands in
``webmail.web.errors``. Placeholders are the values an error carries; one that is missing stays empty.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _

from webmail.errors import AuthenticationFailed, InvalidInput, ServerRefused, ServerUnavailable, ServerUnusable, WebmailError
from webmail.web import times
from webmail.web.names import role_name
from webmail.web.services import services

SENTENCES: dict[str, LazyString] = {
    # Nothing of that name here.
    "not_found": _("There is no such page here."),
    "account": _("This account does not exist here any more."),
    "body": _("This message has no such text."),
    "draft": _("This draft is not here any more. It may have been sent or discarded in another window."),
    "mailbox": _("This folder is not here any more. It may have been renamed or deleted."),
    "message": _("This message is not here any more. It may have been moved or deleted by another program."),
    "permalink": _("No message with this id is known here. It may have been deleted, or not been read into the index yet. Search for it:"),
    "missing_role": _("The server has no folder for this: %(folder)s. Nothing was changed."),
    "part": _("This message has no such part."),
    "link": _("This address was not made here, so it leads nowhere."),
    "sender": _("Nobody is named as the sender of this message."),
    "submission": _("This entry is not in the outbox any more."),
    "user": _("This person is not known here any more."),
    "openpgp_key": _("This key is not among those you remembered."),
    "attachment": _("This file is not attached any more."),
    "journal": _("There is nothing left to undo."),
    "draft_too_large": _("This draft is too large to be continued here. Continue it where you began it; nothing of it was changed."),
    "selection": _("This selection is not here any more. Choose the messages again."),
    "remote_image": _("There is no such image."),
    "image_permission": _("This permission is not here any more."),
    "image_sender": _("It is not clear enough who sent this message. Show its images once instead."),
    "saved_search": _("This saved search is not here any more."),
    "mail_filter": _("This filter is not here any more."),
    "filter_mailbox": _("There is no folder %(name)s any more, so the filter cannot put anything there."),
    "save_place": _("Name the place where files are to be saved first."),
    "search_name": _("Give the search a name."),
    "name_taken": _("There is something called %(name)s already."),
    "session": _("Your session has ended."),
    "template": _("This template is not here any more."),
    "identity": _("You have not set an address to send from yet."),
    # Forbidden by the server or the rules.
    "empty_only_trash": _("Only Trash and Junk can be emptied. %(name)s was not changed."),
    "flag_not_kept": _("The server does not keep this mark in the folder %(name)s."),
    "not_selectable": _("The folder %(name)s only holds other folders, no messages."),
    "inbox": _("The inbox cannot be renamed or deleted."),
    "read_only": _("The folder %(name)s is read-only. Nothing was changed."),
    "role_mailbox": _("%(name)s has a fixed use and cannot be renamed or deleted."),
    "cross_site": _("The form did not come from this page, or it was open for too long. Nothing was changed."),
    "no_keys": _("This file holds no OpenPGP key that could be remembered, or a secret one."),
    "save_host": _("%(host)s is not on the public Internet, and the operator of this webmail has not named it. Nothing was sent."),
    "list_closed": _("This list takes no messages from its readers."),
    "redirect_too_large": _("This message is too large to be redirected here."),
    "unsubscribe_none": _("This message does not say how to leave its list with one click."),
    "unsubscribe_address": _("The address to unsubscribe at is not one this server goes to: %(host)s. Nothing was sent."),
    # Changed meanwhile.
    "busy": _("Another request is working on this folder at the moment."),
    "claim_lost": _("Somebody else is sending this message at the moment."),
    "credentials_damaged": _("The mail password kept on this server cannot be read. Sign in again."),
    "credentials_key": _("The mail password kept on this server was encrypted with another key. Sign in again."),
    "database_upgrade": _("The database could not be brought to the version of this program."),
    "draft_changed": _(
        "This draft was changed in another window meanwhile. What you wrote here is kept as a draft of its own, the one below;"
        " the other version is in Drafts. Nothing was sent."
    ),
    "last_identity": _("This is your only identity. Add another one first."),
    "deselected": _("The folder was closed by the server meanwhile. Nothing was changed."),
    "has_children": _("%(name)s has folders inside. Delete or move those first."),
    "index_rebuilt": _("The index was rebuilt meanwhile. Nothing was changed."),
    "mailbox_vanished": _("The folder %(name)s was made, but the server does not list it."),
    "out_of_turn": _("The conversation with the mail server went wrong. Nothing was sent."),
    "store_busy": _("The database is busy at the moment."),
    "sent_already": _("This form was sent before. What you changed since is a new draft: press Send if both are to go out."),
    "taken_back": _("This message was taken back and is a draft again. Press Send if it is to go out."),
    "too_late": _("It is too late for this: the message has been handed over, or its state has changed."),
    "undone": _("This was undone already."),
    "time_over": _("This time is over already. Choose a later one."),
    "time_unknown": _("This is not a date and time: %(value)s"),
    "time_zone": _("This time zone is not known here: %(value)s"),
    "undo": _("This time for Undo is not offered."),
    "filters_changed": _("The filters were changed elsewhere meanwhile. Nothing was saved; look at them and try again."),
    "filter_edited": _("Another program has changed the script on the mail server. The page of filters asks what is to become of it."),
    "filter_rehearsed": _(
        "These are not the conditions that the messages below were found by. Look at what it touches now; nothing was done."
    ),
    "incomplete": _("The message cannot be sent like this. See the remarks beside the fields."),
    # Input that cannot be used.
    "action": _("This action is not known here."),
    "address": _("Not a complete address: %(value)s"),
    "bare_line_break": _("The message has line breaks that a mail server must not be given."),
    "command": _("This cannot be asked of a mail server."),
    "control_character": _("Control characters are not possible here."),
    "filter_conditions": _("Say what a message must be like, or choose “Every message”."),
    "filter_field": _("This cannot be looked at here."),
    "filter_match": _("These two do not go together. A size is larger or smaller; a text contains something or not."),
    "filter_header": _("This is not the name of a header field. Names look like X-Spam-Flag."),
    "filter_size": _("Write the size as a whole number of kilobytes, up to a million."),
    "filter_long": _("At most %(limit)s characters fit in here."),
    "filter_actions": _("Say what is to be done with these messages."),
    "filter_discard": _("What is discarded cannot be put into a folder as well."),
    "filter_place": _("Choose a folder that messages can be put into."),
    "filter_address": _("Write one complete address to forward to."),
    "filter_own_address": _("This is your own address; mail forwarded to it would go in circles."),
    "too_many_filters": _("There can be at most %(limit)s filters."),
    "save_address": _("This is not the address of a folder. It looks like https://cloud.example.org/folder/ and holds no password."),
    "flag": _("This mark is not one a mail server can keep."),
    "not_text": _("This name or password cannot be written down for the mail server."),
    "nul": _("Null characters are not possible here."),
    "search": _("This search cannot be asked of a mail server."),
    "section": _("This message has no such part."),
    "uid": _("This message is not known here."),
    "cursor": _("This place in the list is not known here."),
    "filter": _("This filter is not known here."),
    "stamp": _("This selection is not known here."),
    "sort": _("This order is not known here."),
    "view": _("This kind of list is not known here."),
    "order": _("This order is not known here."),
    "day": _("This is not a day: %(value)s"),
    "identity_missing": _("Set the address you write from first."),
    "identity_unknown": _("%(value)s is not one of your addresses."),
    "message_id": _("The message got an id that cannot be used. Nothing was sent."),
    "choice": _("This cannot be chosen."),
    "content_id": _("This picture cannot be sent."),
    "signature": _("This signature cannot be kept: it is too long, or holds a character that cannot be sent."),
    "text": _("This text cannot be kept: it is too long, or holds a character that cannot be sent."),
    "too_many_templates": _("At most %(limit)s templates can be kept."),
    "key": _("The form has lost its key. Open a new message and paste the text there."),
    "line_break": _("Line breaks are not possible here."),
    "mailbox_delimiter": _("A folder name cannot contain %(delimiter)s on this server."),
    "mailbox_exists": _("There is a folder named %(value)s already."),
    "mailbox_name": _("This cannot be the name of a folder."),
    "message_too_large": _("The mail server takes messages up to %(size)s. Take a file out, or send a link to it instead."),
    "name": _("This name cannot be used."),
    "no_recipient": _("Add at least one recipient."),
    "nothing_selected": _("No message was selected."),
    "required": _("This field is required."),
    "too_large": _("What you sent is larger than this server accepts."),
    "several_accounts": _("These messages are in several accounts. Choose those of one account."),
    "too_many": _("These are more than %(limit)s messages at once."),
    "too_many_recipients": _("At most %(limit)s addresses fit into one field."),
    # The sign-in was refused (RFC 5530 §3).
    "credentials": _("Wrong address or password."),
    "expired": _("The password has expired. Change it where you manage your mail account."),
    "contact_admin": _("The mail server refuses this account and asks you to contact its administrator."),
    "authorization": _("The password is right, but this account may not use the mail server."),
    "privacy_required": _("The mail server accepts sign-ins only over a protected connection."),
    "signed_out": _("You are not signed in."),
    # A server that cannot be used now.
    "connect": _("The mail server %(host)s cannot be reached."),
    "timeout": _("The mail server %(host)s did not answer in time."),
    "disconnected": _("The mail server %(host)s broke off the connection."),
    "greeting": _("%(host)s answered, but not as a mail server does."),
    "turned_away": _("The mail server %(host)s turned the connection away."),
    "unavailable": _("The mail server %(host)s says that it cannot work at the moment."),
    "inuse": _("The mailbox is in use by another program, and the server does not share it."),
    "uidvalidity_changed": _("The server has renumbered the messages of this folder. The list is being read anew."),
    "unsubscribe_unreachable": _("%(host)s did not answer, so it is not known whether you are off the list. Try again later."),
    "save_unreachable": _("%(host)s cannot be reached, or broke off. Nothing is known to have been saved."),
    "save_tls": _("No protected connection to %(host)s could be made. Nothing was sent."),
    "response": _("The mail server %(host)s gave an answer that cannot be understood."),
    "protocol": _("The mail server %(host)s gave an answer that cannot be understood."),
    "no_answer": _("The mail server %(host)s did not say whether it took the message."),
    "too_long": _("The mail server %(host)s gave an answer that is too long."),
    # A server that cannot be used safely.
    "tls_certificate": _("The certificate of %(host)s is not from an authority this server trusts. The password was not sent."),
    "tls_expired": _("The certificate of %(host)s has expired. The password was not sent."),
    "tls_hostname": _("The certificate of this mail server is for another name than %(host)s. The password was not sent."),
    "tls_failed": _("No protected connection to %(host)s could be made. The password was not sent."),
    "insecure": _("Without protection a password is sent to this machine only, not to %(host)s. The password was not sent."),
    "tls_ca_file": _("The file of the private certificate authority cannot be read. The password was not sent."),
    "starttls_injection": _(
        "%(host)s sent something unprotected while the connection was being protected. That can be an attack, so the password was not sent."
    ),
    "no_uidvalidity": _("%(host)s does not number its messages lastingly, so they cannot be told apart safely."),
    "starttls_refused": _("%(host)s refuses to protect the connection (STARTTLS). The password was not sent."),
    "preauth": _("%(host)s answers before the connection is protected. That can be an attack, so the password was not sent."),
    "login_disabled": _("%(host)s does not allow signing in over this connection. The password was not sent."),
    "no_auth_mechanism": _("%(host)s offers no way of signing in that works here. The password was not sent."),
    # The server understood and said no.
    "refused": _("The mail server refused."),
    "unsubscribe_refused": _("%(host)s did not accept this way to unsubscribe. You may still be on the list."),
    "save_credentials": _("%(host)s does not accept this user name and password."),
    "save_forbidden": _("%(host)s does not permit this."),
    "save_folder": _("%(host)s has no such folder, or it is no WebDAV address."),
    "save_too_large": _("%(host)s does not take files of this size."),
    "save_full": _("There is no room left on %(host)s."),
    "save_taken": _("%(host)s has too many files of this name already."),
    "save_refused": _("%(host)s gave an answer (%(status)s) that means it was not saved."),
    "overquota": _("The mailbox is full. Delete something or empty Trash, then try again."),
    "alreadyexists": _("The server already has a folder of that name."),
    "nonexistent": _("The server says that this does not exist any more."),
    "noperm": _("The mail server does not permit this."),
    "cannot": _("The mail server cannot do this."),
    "limit": _("A limit of the mail server is reached. Try again in a while."),
    "eight_bit": _("The mail server accepts only plain ASCII messages."),
    "malformed": _("The mail server described this message in a way that cannot be understood."),
    "sent_copy": _("The copy could not be put into Sent."),
    "size": _("The message is larger than the mail server accepts."),
    "smtputf8": _("The mail server does not accept addresses with characters outside ASCII."),
    # Ours.
    "rate_limit": _("There were too many attempts to sign in."),
    "store_full": _("The disk of the webmail is full. Nothing was changed."),
    "store_unavailable": _("The database of the webmail does not answer."),
    "internal": _("Something went wrong in this program. It has been written to its log."),
    "method": _("This page does not answer that kind of request."),
    "bad_request": _("The request could not be understood."),
}
"""What happened, by code."""

FALLBACKS: dict[type[WebmailError], str] = {
    AuthenticationFailed: "credentials",
    InvalidInput: "bad_request",
    ServerRefused: "refused",
    ServerUnavailable: "unavailable",
    ServerUnusable: "tls_failed",
}
"""The code whose sentence is used for one this page has none for."""


class _Values(dict[str, object]):
    """The values of a sentence; what is missing is empty rather than an error on an error page."""

    def __missing__(self, key: str) -> str:
        return ""


def sentence(code: str, values: Mapping[str, object] | None = None) -> str:
    """What happened, in the reader's language."""
    given = _Values(values or {})
    if "octets" in given:
        given["size"] = times.size(int(str(given["octets"])))
    given.setdefault("host", services().gate.imap_server.host)
    if "role" in given:
        given["folder"] = role_name(str(given["role"]))
    words = SENTENCES.get(code, SENTENCES["internal"])
    return str(words) % given


def of_error(error: WebmailError) -> str:
    """What happened, for an error; the server's own words follow where it said any."""
    code = error.code
    if code not in SENTENCES:
        code = next((fallback for kind, fallback in FALLBACKS.items() if isinstance(error, kind)), "internal")
    what = sentence(code, error.values)
    return gettext("%(sentence)s The server said: %(words)s", sentence=what, words=error.server_text) if error.server_text else what

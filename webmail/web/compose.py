"""Writing: the compose form, drafts and their files, and handing a message to the outbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO, cast

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response

from webmail.errors import AuthenticationFailed, Conflict, InvalidInput, WebmailError
from webmail.mail import accounts, attachments, draft_forms, drafts, submission, templates
from webmail.mail.attachments import Upload
from webmail.mail.drafts import DraftFields, Incomplete, Wording
from webmail.mail.pages import ComposePage, DraftFormat
from webmail.message.summary import MessageId
from webmail.web import error_words, errors, navigation, notices, sending, times
from webmail.web.check_words import check_words
from webmail.web.login import current_mail
from webmail.web.numbers import number
from webmail.web.services import services
from webmail.web.unfinished import draft_fields

blueprint = Blueprint("compose", __name__)
blueprint.add_app_template_global(check_words)
blueprint.add_app_template_global(sending.asked, "sends_later")
ANSWERS = ("reply", "reply_all", "reply_list", "forward", "attach", "again")
"""Query names of ``/compose`` that answer a message; the value is its id."""


@blueprint.get("/compose")
def new() -> Response:
    """An empty form, an answer, or a message of Drafts made editable."""
    if accounts.needs_address(current_mail()):
        return redirect(url_for("login.address", next=navigation.here()))
    draft = request.args.get("draft", type=number)
    if draft is not None:
        return _editing(drafts.open_message(current_mail(), draft))
    action = next((name for name in ANSWERS if name in request.args), "")
    original = request.args.get(action, type=number) if action else None
    to, cc, bcc, subject, text = (request.args.get(name, "") for name in ("to", "cc", "bcc", "subject", "body"))
    fields = DraftFields(key="", to=to, cc=cc, bcc=bcc, subject=subject, text=text)
    return _shown(drafts.new(current_mail(), wording=_wording(), original=original, original_action=action, fields=fields))


@blueprint.get("/drafts/<key>")
def edit(key: str) -> Response:
    """The form of a stored draft."""
    return _shown(drafts.open_draft(current_mail(), key))


@blueprint.post("/compose")
@blueprint.post("/drafts/<key>")
def store(key: str = "") -> Response:
    """Whatever button of the form was pressed: send, save, attach, put a template in, or take a file out."""
    if request.form.get("action") == "send" or sending.asked():
        return _kept(key, _send)
    if request.form.get("action") == "template":
        return _kept(key, _insert)
    return _kept(key, _remove if "remove" in request.form else _save)


@blueprint.post("/drafts/<key>/attachments")
def attach(key: str) -> Response:
    """Add the chosen files to the draft."""
    return _kept(key, _save)


@blueprint.post("/drafts/<key>/send")
def send(key: str) -> Response:
    """Put the message into the outbox."""
    return _kept(key, _send)


@blueprint.post("/drafts/<key>/discard")
def discard(key: str) -> Response:
    """Throw the draft away."""
    drafts.discard(current_mail(), key)
    notices.put("discarded")
    return navigation.back()


@blueprint.errorhandler(CSRFError)
def untrusted(_error: CSRFError) -> Response:
    """A form whose token is not valid any more is shown again with a new one and all that was written; nothing was done."""
    fields = draft_fields(request.form, key=str((request.view_args or {}).get("key", "")))
    return _shown(_again(fields), status=400, problem=error_words.sentence("cross_site"))


def _save(fields: DraftFields) -> Response:
    page = drafts.save(current_mail(), fields, now=services().now(), files=_files())
    if request.args.get("close"):
        notices.put("saved")
        return navigation.back()
    if page.elsewhere:
        notices.put("draft_elsewhere")
    return _editing(page.key)


def _editing(key: str) -> Response:
    """The form of a draft, which remembers where the person came from."""
    return redirect(url_for("compose.edit", key=key, next=navigation.asked_next() or None), 303)


def _remove(fields: DraftFields) -> Response:
    """Take one file out; what was typed meanwhile is kept in the same step."""
    drafts.remove_attachment(current_mail(), fields.key, token=request.form["remove"])
    return _save(fields)


def _insert(fields: DraftFields) -> Response:
    """Put the chosen template above what is written."""
    chosen = request.form.get("template", 0, type=number)
    return _editing(templates.insert(current_mail(), fields, chosen, now=services().now(), day=times.day_of).key)


def _send(fields: DraftFields) -> Response:
    mail, at = current_mail(), sending.chosen(current_mail())
    queued = submission.queue(mail, fields, now=services().now(), hold=sending.hold(mail), files=_files(), at=at)
    when = {"when": sending.told(at, sending.zone())} if at else {}
    notices.put("scheduled" if at else "queued", undo=url_for("submissions.cancel", submission_id=queued), **when)
    return navigation.back(otherwise=url_for("submissions.outbox"))


def _kept(key: str, work: Callable[[DraftFields], Response]) -> Response:
    """Do the work, and on any failure show the form again with everything that was typed."""
    fields = draft_fields(request.form, key=key)
    try:
        return work(fields)
    except Incomplete as error:
        return _shown(error.page, status=422)
    except Conflict as error:
        if error.code != "draft_changed":
            return _shown(_again(fields), status=errors.status_of(error), problem=error_words.of_error(error))
        notices.put_error(error_words.of_error(error))
        return _editing(str(error.values["key"]))
    except AuthenticationFailed as error:
        return _shown(_again(fields), status=errors.status_of(error), problem=error_words.of_error(error))
    except WebmailError as error:
        page = _again(fields)
        if isinstance(error, InvalidInput):
            page = replace(page, errors=((error.field, error.code, error.values),))
        return _shown(page, status=errors.status_of(error), problem=error_words.of_error(error))


def _shown(page: ComposePage, *, status: int = 200, problem: str = "") -> Response:
    page = replace(page, time_zone=sending.zone())
    worded = {field: error_words.sentence(code, values) for field, code, values in page.errors}
    return make_response(render_template("compose.html", page=page, errors=worded, problem=problem), status)


def _again(fields: DraftFields) -> ComposePage:
    """The form made of what was typed, where nothing could be stored, with the files that it listed."""
    mail = current_mail()
    attached, included = attachments.of_form(mail, fields.key, original=fields.original, sections=fields.include)
    return ComposePage(
        key=fields.key,
        identities=draft_forms.own_addresses(mail),
        sender=fields.sender,
        to=fields.to,
        cc=fields.cc,
        bcc=fields.bcc,
        subject=fields.subject,
        text=fields.text,
        attachments=attached,
        included=included,
        placed=False,
        original=MessageId(fields.original) if fields.original else None,
        original_action=fields.original_action,
        format=DraftFormat(fields.format) if fields.format in tuple(DraftFormat) else DraftFormat.PLAIN,
        reply_to=fields.reply_to,
        priority=fields.priority,
        receipt=fields.receipt,
        dsn=fields.dsn,
        quotes=fields.quoted,
        quoted=fields.quoted,
        heading=fields.heading,
        pictures=fields.pictures,
        signed=fields.signed,
        version=fields.version or 0,
        templates=draft_forms.names_of_templates(mail),
    )


def _files() -> list[Upload]:
    """The files of the form; an empty file field comes as one file without a name."""
    return [
        Upload(each.filename, each.mimetype or "application/octet-stream", cast("BinaryIO", each.stream))
        for each in request.files.getlist("attachments")
        if each.filename
    ]


def _wording() -> Wording:
    """The words that replies and forwards put into the text, in the writer's language."""
    return Wording(
        attribution=_("On {date}, {name} wrote:"),
        forwarded=_("---------- Forwarded message ----------"),
        names=(_("From"), _("Date"), _("Subject"), _("To"), _("Cc")),
        format_date=times.full_date,
    )

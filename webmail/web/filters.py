"""Filters: the list of them, the form of one, and what a filter would touch before it is kept."""

from __future__ import annotations

from itertools import zip_longest

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webmail.account import Server
from webmail.errors import Conflict, InvalidInput, WebmailError
from webmail.mail import filters
from webmail.mail.filter_pages import ConditionFields, FilterFields
from webmail.web import error_words, errors, navigation, notices
from webmail.web.login import current_mail
from webmail.web.numbers import number
from webmail.web.services import services

blueprint = Blueprint("filters", __name__)
LOOKS = ("look", "more", "offer")
"""Buttons that keep nothing: they draw the form again."""


def place() -> Server | None:
    """The server that runs filters for the account shown, or None where they run here."""
    return filters.place(current_mail(), services().gate)


@blueprint.get("/filters")
def index() -> str:
    """All filters, and who runs them."""
    return render_template("filters.html", page=filters.page(current_mail(), place()))


@blueprint.get("/filters/new")
def new() -> str:
    """The form of a new filter, like a message where one is named."""
    message_id = request.args.get("message", 0, type=number)
    return _form(filters.form(current_mail(), place(), message_id=message_id))


@blueprint.get("/filters/<filter_key>")
def show(filter_key: str) -> str:
    """The form of a filter."""
    return _form(filters.form(current_mail(), place(), key=filter_key))


@blueprint.post("/filters")
def save() -> Response:
    """Keep a filter, or draw its form again with what it would touch; what cannot be kept is told in the form."""
    mail, given, button = current_mail(), _given(), request.form.get("action", "save")
    if button in LOOKS:
        return make_response(_form(filters.form(mail, place(), given=given, more=button == "more")))
    try:
        done = filters.save(mail, place(), given, stamp=request.form.get("stamp", ""), apply=button == "apply")
    except WebmailError as error:
        return _refused(error, given)
    notices.put("filter_saved") if done is None else notices.put_result(done)
    return redirect(url_for("filters.index"), 303)


def _refused(error: WebmailError, given: FilterFields) -> Response:
    page = filters.form(current_mail(), place(), given=given)
    field = error.field if isinstance(error, InvalidInput) else ""
    status = 422 if isinstance(error, InvalidInput) else 409 if isinstance(error, Conflict) else errors.status_of(error)
    return make_response(_form(page, problem=error_words.of_error(error), field=field), status)


def _form(page: object, *, problem: str = "", field: str = "") -> str:
    return render_template("filter.html", page=page, problem=problem, problem_field=field)


def _given() -> FilterFields:
    """The filter as it stands in the form that was sent."""
    form = request.form
    columns = [form.getlist(name) for name in ("field", "match", "value", "header")]
    rows = [ConditionFields(*row) for row in zip_longest(*columns, fillvalue="")][:100]
    offered = form.get("offered", "")
    if form.get("action") == "offer" and offered:
        rows = [*(each for each in rows if each.value), ConditionFields(value=offered)]
    texts = {name: form.get(name, "") for name in ("key", "name", "move", "copy", "forward", "rehearsed")}
    return FilterFields(
        **texts,
        when=form.get("when", "all"),
        conditions=tuple(rows),
        does=frozenset(form.getlist("does")),
        selection=form.get("selection", 0, type=number),
    )


@blueprint.post("/filters/script/run")
def take_over() -> Response:
    """Let the filters run, whatever other programs made of the scripts on the server."""
    filters.take_over(current_mail(), place(), stamp=request.form.get("stamp", ""))
    notices.put("filters_run")
    return redirect(url_for("filters.index"), 303)


@blueprint.post("/filters/<filter_key>/change")
def change(filter_key: str) -> Response:
    """Turn a filter on or off, or move it up or down."""
    what, stamp = request.form.get("what", ""), request.form.get("stamp", "")
    filters.change(current_mail(), place(), filter_key, what=what, stamp=stamp)
    return navigation.back(otherwise=url_for("filters.index"))


@blueprint.get("/filters/<filter_key>/delete")
def ask(filter_key: str) -> str:
    """Ask before a filter is deleted."""
    return render_template("filter_delete.html", page=filters.ask(current_mail(), place(), filter_key))


@blueprint.post("/filters/<filter_key>/delete")
def delete(filter_key: str) -> Response:
    """Delete a filter."""
    stamp = request.form.get("stamp", "")
    gone = filters.change(current_mail(), place(), filter_key, what="delete", stamp=stamp)
    notices.put("filter_deleted", name=gone.name)
    return redirect(url_for("filters.index"), 303)

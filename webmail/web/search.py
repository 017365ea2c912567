"""Searching: the results of a query, the form that writes one, and queries kept under a name."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from webmail.mail import saved_searches, search
from webmail.mail.found import SearchForm
from webmail.web import navigation, notices
from webmail.web.login import current_mail
from webmail.web.places import asked_selection

blueprint = Blueprint("search", __name__)
TEXTS = ("sender", "to", "subject", "words", "without", "mailbox", "state", "after", "before", "larger")


@blueprint.get("/search")
def results() -> Response | str:
    """What a query finds. A form that says it in fields leads to the query it means."""
    if "form" in request.args:
        fields = {name: request.args.get(name, "") for name in TEXTS}
        form = SearchForm(**fields, has_attachment=bool(request.args.get("has_attachment")))
        return redirect(url_for("search.results", q=saved_searches.query_of(form)))
    order, after = request.args.get("order", ""), request.args.get("after", "")
    page = search.search_page(current_mail(), request.args.get("q", ""), order=order, after=after, selection=asked_selection())
    return render_template("search.html", page=page)


@blueprint.post("/search/selection")
def select_all() -> Response:
    """Choose everything a query finds, and show it chosen."""
    query = request.form.get("q", "")
    chosen = search.select_all(current_mail(), query)
    return redirect(url_for("search.results", q=query, selection=chosen), 303)


@blueprint.post("/searches")
def save() -> Response:
    """Keep a query under a name."""
    query = request.form.get("q", "")
    saved = saved_searches.save(current_mail(), request.form.get("name", ""), query=query)
    notices.put("search_saved", name=saved.name)
    return redirect(url_for("search.results", q=query), 303)


@blueprint.post("/searches/<int:search_id>/delete")
def forget(search_id: int) -> Response:
    """Forget a saved search."""
    notices.put("search_forgotten", name=saved_searches.forget(current_mail(), search_id).name)
    return navigation.back()

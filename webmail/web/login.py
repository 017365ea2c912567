"""Signing in and out, and the page that asks once for the address people write from."""

from __future__ import annotations

from typing import cast

import flask_login
from flask import Blueprint, Flask, g, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from webmail.account import UserId
from webmail.errors import InvalidInput, NotFound, ServerUnavailable, WebmailError
from webmail.mail import accounts, sessions
from webmail.mail.session import MailSession, account, holding
from webmail.web import error_words, errors, navigation, notices, throttle, unfinished
from webmail.web.services import services
from webmail.web.sessions import ACCOUNT, KEEP, ServerSession

blueprint = Blueprint("login", __name__)
OPEN = frozenset({"login.sign_in", "static", "health.healthz"})
"""Endpoints that answer people who are not signed in."""
PAGES = frozenset({"", "document"})
"""What ``Sec-Fetch-Dest`` says where a page is asked for, not a part of one."""
LOOKING = frozenset({"GET", "HEAD"})
"""Methods that only look: HEAD is answered as GET, without the page (RFC 9110 §9.3.2)."""


ABOUT = ("ids", "reply", "reply_all", "reply_list", "forward", "again", "draft", "original")
"""Fields of forms and queries that name messages."""


class Visitor:
    """A signed-in person as flask-login sees them."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, mail: MailSession) -> None:
        self.mail = mail

    def get_id(self) -> str:
        """The id kept in the session."""
        return str(self.mail.user.id)


def load_visitor(user_id: str) -> Visitor | None:
    """The person a session belongs to, or None if they are gone."""
    try:
        return Visitor(accounts.open_session(services().gate, UserId(int(user_id))))
    except NotFound:
        return None


def current_mail() -> MailSession:
    """The mail session of the person who asks, with the account shown that the address names. Only for endpoints behind the guard."""
    mail = cast(Visitor, flask_login.current_user).mail
    return mail if len(mail.accounts) < 2 else holding(mail, (request.view_args or {}) | _chosen())


def _chosen() -> dict[str, int]:
    """The message that a form or a query is about, the first of many."""
    texts = [request.values.get("one", "").partition(":")[2], *(request.values.get(name, "") for name in ABOUT)]
    ids = [int(text) for text in texts if text.isdecimal() and len(text) < 19]
    return {"message_id": ids[0]} if ids else {}


def guard() -> Response | None:
    """Let nobody in who is not signed in, except to the pages meant for them. Pages are closed unless opened here."""
    if request.endpoint is None or request.endpoint in OPEN or flask_login.current_user.is_authenticated:
        return None
    if request.method in LOOKING and request.headers.get("Sec-Fetch-Dest", "") in PAGES:
        wanted = navigation.own_path(navigation.here())
        return redirect(url_for("login.sign_in", next=wanted if wanted not in ("", "/") else None))
    if unfinished.is_writing():
        return _form(status=401, problem=unfinished.sentence())
    return errors.page(401, error_words.sentence("session"))


@blueprint.route("/login", methods=["GET", "POST"])
@throttle.limiter.limit(throttle.PER_ADDRESS, methods=["POST"], deduct_when=throttle.failed)
@throttle.limiter.limit(throttle.PER_ACCOUNT, methods=["POST"], key_func=throttle.account_and_address, deduct_when=throttle.failed)
def sign_in() -> Response:
    """The sign-in form, and the check of what it sends."""
    if request.method in LOOKING:
        return _form()
    username, password = request.form.get("username", ""), request.form.get("password", "")
    try:
        found = accounts.sign_in(services().gate, username, password=password, now=services().now())
    except WebmailError as error:
        return _form(error, status=errors.status_of(error), problem=error_words.of_error(error))
    _begin(found)
    return unfinished.resume(current_mail()) or navigation.back()


def _form(error: WebmailError | None = None, *, status: int = 200, problem: str = "") -> Response:
    """The form; after a failed attempt it says why and keeps the name, never the password."""
    field = error.field if isinstance(error, InvalidInput) else ""
    html = render_template(
        "login.html",
        problem=problem,
        field=field,
        transient=isinstance(error, ServerUnavailable),
        username=request.form.get("username", ""),
        next=navigation.asked_next(),
        carried=unfinished.carried(),
    )
    return make_response(html, status)


def _begin(found: accounts.SignedIn) -> None:
    """Start a session with a new key for the person who has signed in."""
    own = cast(ServerSession, session)
    own.renew()
    own[ACCOUNT] = found.account_id
    if request.form.get("keep"):
        own[KEEP] = True
    visitor = load_visitor(str(found.user_id))
    flask_login.login_user(visitor)


@blueprint.post("/logout")
def sign_out() -> Response:
    """End this session; with the last one the mail password is forgotten, unless work is still due."""
    mail = current_mail()
    last = sessions.count_for_account(mail.database, account(mail).id, now=services().now()) <= 1
    kept = accounts.sign_out(mail, last=last)
    cast(ServerSession, session).renew()
    notices.put("password_kept" if kept else "signed_out")
    g.pop("_login_user", None)
    return redirect(url_for("login.sign_in"), 303)


@blueprint.route("/address", methods=["GET", "POST"])
def address() -> Response:
    """The name and address people write as."""
    mine = account(current_mail()).identity
    given = {
        "name": request.form.get("name", mine.address.name if mine else ""),
        "address": request.form.get("address", mine.address.addr_spec if mine else ""),
    }
    problem, field, status = "", "", 200
    if request.method == "POST":
        try:
            accounts.set_address(current_mail(), given["address"], name=given["name"])
        except InvalidInput as error:
            problem, field, status = error_words.of_error(error), error.field, 400
        else:
            notices.put("address_set")
            return navigation.back()
    return make_response(render_template("address.html", problem=problem, field=field, next=navigation.asked_next(), **given), status)


def init(app: Flask) -> None:
    """Install flask-login and the guard before every request."""
    manager = flask_login.LoginManager()
    manager.session_protection = None
    manager.user_loader(load_visitor)
    manager.init_app(app)
    app.before_request(guard)
    app.register_blueprint(blueprint)

"""Sessions on the server: the cookie is an opaque random key, what it stands for is a row of ours.

A row is made only when there is something to remember, touched only when it changed, and replaced by one with a new
key at sign-in, so that a key planted before is worth nothing afterwards.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from flask import Flask, Request, Response, request, session
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.datastructures import CallbackDict

from webmail.account import AccountId, UserId
from webmail.errors import WebmailError
from webmail.mail import sessions
from webmail.web.services import Services

SESSIONLESS = ("/static/", "/healthz")
"""Paths that are answered without looking at the session."""
SEEN_WITHIN = timedelta(minutes=1)
"""How exactly it is kept when a session was last used."""
ACCOUNT = "account"
KEEP = "keep"


def _changed(session: CallbackDict[str, Any]) -> None:
    session.modified = True  # type: ignore[attr-defined]  # only sessions are given this callback


class ServerSession(CallbackDict[str, Any], SessionMixin):
    """What is remembered of one browser. ``token`` is empty until there is a row; ``prolonged`` says that it lives longer now."""

    def __init__(self, initial: dict[str, Any] | None = None, *, token: str = "") -> None:
        super().__init__(initial, _changed)
        self.token = token
        self.replaces = ""
        self.prolonged = False
        self.modified = False
        self.failure: WebmailError | None = None

    def renew(self) -> None:
        """Forget everything and take a new key; the old one ends with this answer."""
        self.clear()
        self.replaces = self.replaces or self.token
        self.token = ""
        self.modified = True


class ServerSessions(SessionInterface):
    """The session interface of Flask on our own rows."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.database = services.gate.database

    def open_session(self, app: Flask, request: Request) -> ServerSession:  # noqa: ARG002  # the signature is Flask's
        token = request.cookies.get(self.services.cookie_name, "")
        if not token or len(token) > 200 or request.path.startswith(SESSIONLESS):
            return ServerSession()
        try:
            return self._stored(token)
        except WebmailError as error:
            # Here it could only become an error without a page; ``init`` lets it be one.
            failed = ServerSession()
            failed.failure = error
            return failed

    def _stored(self, token: str) -> ServerSession:
        now = self.services.now()
        stored = sessions.load(self.database, token, now=now)
        if stored is None:
            return ServerSession()
        session = ServerSession(dict(stored.data), token=token)
        if now - stored.last_seen > SEEN_WITHIN:
            session.prolonged = sessions.touch(self.database, token, now=now)
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:  # noqa: ARG002  # the signature is Flask's
        assert isinstance(session, ServerSession)
        if session.failure is not None:
            return
        if session.accessed:
            response.vary.add("Cookie")
        if session.prolonged and session.token and session.get(KEEP):
            self._hand_out(session, response)
        if not session.modified:
            return
        if session.replaces:
            sessions.end(self.database, session.replaces)
        if session:
            self._keep(session, response)
        else:
            self._forget(session, response)

    def _keep(self, session: ServerSession, response: Response) -> None:
        user_id, account_id = _owner(session)
        if session.token:
            sessions.save(self.database, session.token, data=dict(session), user_id=user_id, account_id=account_id)
            return
        session.token = sessions.create(
            self.database,
            user_id=user_id,
            account_id=account_id,
            address=request.remote_addr or "",
            agent=request.user_agent.string[:300],
            now=self.services.now(),
            data=dict(session),
            lifetime=self.services.session_lifetime,
        )
        self._hand_out(session, response)

    def _hand_out(self, session: ServerSession, response: Response) -> None:
        """Give the browser its key; where the person asked for it, for as long as the row lives."""
        response.set_cookie(
            self.services.cookie_name,
            session.token,
            max_age=self.services.session_lifetime if session.get(KEEP) else None,
            secure=self.services.secure_cookies,
            httponly=True,
            samesite="Lax",
            path="/",
        )

    def _forget(self, session: ServerSession, response: Response) -> None:
        if session.token:
            sessions.end(self.database, session.token)
        if session.token or session.replaces:
            response.delete_cookie(self.services.cookie_name, path="/", secure=self.services.secure_cookies, httponly=True, samesite="Lax")


def init(app: Flask, services: Services) -> None:
    """Keep sessions in our rows; a request whose session cannot be read is answered with the page of that error."""
    app.session_interface = ServerSessions(services)
    app.before_request(_tell_failure)


def _tell_failure() -> None:
    failure = cast(ServerSession, session).failure
    if failure is not None:
        raise failure


def _owner(session: ServerSession) -> tuple[UserId | None, AccountId | None]:
    user = session.get("_user_id")
    account = session.get(ACCOUNT)
    return (UserId(int(user)) if user else None, AccountId(int(account)) if account else None)

"""A visitor: a browser without script, driven by tests through the application's own forms."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from flask import Flask
from lxml import html
from lxml.html import HtmlElement
from werkzeug.test import TestResponse

from app import create_app
from tests.servers.dovecot import Dovecot
from tests.servers.postgresql import address_for
from webmail.settings import Settings


class Visitor:
    """Follows links and sends forms as they stand on the page, with all their hidden fields."""

    def __init__(self, app: Flask, *, language: str = "en") -> None:
        self.client = app.test_client()
        self.headers = {"Accept-Language": language}
        self.answer: TestResponse | None = None

    @property
    def status(self) -> int:
        assert self.answer is not None
        return self.answer.status_code

    @property
    def text(self) -> str:
        assert self.answer is not None
        return self.answer.get_data(as_text=True)

    @property
    def page(self) -> HtmlElement:
        return html.document_fromstring(self.text)

    @property
    def words(self) -> str:
        """All words of the page, white space made one."""
        return re.sub(r"\s+", " ", str(self.page.text_content()))

    def get(self, path: str, **options: Any) -> Visitor:
        headers = {**self.headers, **options.pop("headers", {})}
        self.answer = self.client.get(path, headers=headers, follow_redirects=options.pop("follow_redirects", True), **options)
        return self

    def post(self, path: str, fields: dict[str, Any], *, follow: bool = True) -> Visitor:
        self.answer = self.client.post(path, data=fields, headers=self.headers, follow_redirects=follow)
        return self

    def form(self, *, holding: str = "", action: str = "") -> HtmlElement:
        """The form that holds a field, or whose address ends so."""
        for form in self.page.forms:
            if holding and form.xpath(f".//*[@name='{holding}']"):
                return form
            if action and str(form.get("action", "")).split("?")[0].endswith(action):
                return form
        raise AssertionError(f"no form with {holding or action!r} on {self.text[:3000]}")

    def send(self, form: HtmlElement, *, button: tuple[str, str] | None = None, follow: bool = True, **fields: Any) -> Visitor:
        """Fill in a form and press a button; what is not named stays as the page has it."""
        values: dict[str, Any] = {}
        areas = {area.get("name") for area in form.xpath(".//textarea")}
        for name, value in form.form_values():
            # The first line break of a text area belongs to the markup; lxml leaves it in.
            values.setdefault(name, []).append(value.removeprefix("\n") if name in areas else value)
        values.update({name: value for name, value in fields.items() if value is not None})
        if button:
            values[button[0]] = button[1]
        if form.method.upper() == "GET":
            return self.get(str(form.get("action") or "/"), query_string=values, follow_redirects=follow)
        return self.post(str(form.get("action") or "/"), values, follow=follow)

    def sign_in(self, username: str, password: str) -> Visitor:
        self.get("/login")
        return self.send(self.form(holding="password"), username=username, password=password)

    def marked(self, name: str) -> list[str]:
        """The values of a data- mark on the page, in order."""
        return [str(each) for each in self.page.xpath(f"//@{name}")]

    def mailbox(self, role: str) -> str:
        """The path of the mailbox of a role."""
        found = self.page.xpath(f"//*[@data-special-use='{role}']/@data-mailbox")
        assert found, f"no mailbox {role}"
        return f"/mailboxes/{found[0]}"

    def notices(self) -> str:
        """What the page tells in its notices."""
        found: Iterable[HtmlElement] = self.page.xpath("//*[@role='status' or @role='alert']")
        return re.sub(r"\s+", " ", " ".join(str(each.text_content()) for each in found)).strip()


def newcomer(dovecot: Dovecot, data: Path) -> Iterator[tuple[Visitor, str]]:
    """A person new to a real server, signed in to an application of their own; the application ends with the iteration."""
    username = dovecot.new_user("secret")
    app = create_app(
        Settings(
            imap_host="localhost",
            imap_port=dovecot.imap,
            imap_security="none",
            smtp_security="none",
            data_dir=str(data),
            database_url=address_for(data),
        )
    )
    visitor = Visitor(app)
    visitor.sign_in(username, "secret")
    yield visitor, username
    app.extensions["webmail"].gate.imap.close()
    app.extensions["webmail"].gate.database.close()

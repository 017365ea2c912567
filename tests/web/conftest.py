"""The pages on a real database in a folder of the test, with no mail server behind them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask, g, render_template

from tests.servers.dovecot import Dovecot
from tests.servers.person import Person, new_person
from tests.servers.postgresql import store_in
from tests.servers.smtp_sink import SmtpSink
from tests.web import samples
from webmail import web
from webmail.imap.pool import Pool
from webmail.mail.pages import Frame
from webmail.mail.session import Gate

ROOT = Path(__file__).parent.parent.parent
Render = Callable[..., str]


@pytest.fixture(scope="session", autouse=True)
def greenwich() -> Iterator[None]:
    """Times are shown in the server's zone; the samples are written for this one."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    yield
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


@pytest.fixture
def robin(dovecot: Dovecot, smtp_sink: SmtpSink, tmp_path: Path) -> Iterator[Person]:
    """Somebody whose messages go to a sink at once."""
    somebody = new_person(dovecot, tmp_path / "data", smtp=smtp_sink.server())
    somebody.gate = replace(somebody.gate, undo_seconds=0)
    yield somebody
    somebody.close()


def build_pages(folder: Path, *, secure: bool = False) -> Flask:
    """An application with all pages, whose mail server is nowhere."""
    app = Flask("webmail", root_path=str(ROOT), template_folder="templates", static_folder="static")
    gate = Gate(database=store_in(folder), imap=Pool(), imap_server=samples.SERVER, smtp_server=samples.SERVER)
    web.register(app, web.Services(gate=gate, secure_cookies=secure, secret_key="a key of the tests", now=lambda: samples.NOW))
    return app


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The pages as long as a test leaves no trace in them."""
    app = build_pages(tmp_path_factory.mktemp("pages"))
    yield app
    app.extensions["webmail"].gate.database.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Flask]:
    """Pages of one test's own, without any session yet."""
    app = build_pages(tmp_path)
    yield app
    app.extensions["webmail"].gate.database.close()


@pytest.fixture(scope="session")
def render(pages: Flask) -> Render:
    """Draw a template as for somebody signed in, with the frame given."""

    def drawn(template: str, *, path: str = "/mailboxes/1", language: str = "en-GB", frame: Frame | None = None, **values: object) -> str:
        with pages.test_request_context(path, headers={"Accept-Language": language}):
            g.frame = frame or samples.frame()
            return render_template(template, **values)

    return drawn

"""Built: the pages on the gate a test brings, as the application would build them."""

from __future__ import annotations

from typing import Any

from flask import Flask

from tests.web.conftest import ROOT
from webmail import web
from webmail.mail.session import Gate


def build_on(gate: Gate, **options: Any) -> Flask:
    """An application with all pages; ``options`` are those of ``web.Services``."""
    app = Flask("webmail", root_path=str(ROOT), template_folder="templates", static_folder="static")
    web.register(app, web.Services(gate=gate, **{"secret_key": "a key of the tests", **options}))
    return app

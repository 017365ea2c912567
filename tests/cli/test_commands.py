"""What an administrator asks of `flask --app app`, on a webmail in which somebody has signed in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from app import build_gate, create_app
from tests.demo.conftest import DemoServer
from tests.demo.conftest import started as demo_started
from tests.servers.postgresql import address_for
from webmail.mail import accounts, upkeep
from webmail.settings import Settings
from webmail.store import credentials, jobs
from webmail.store.accounts import all_ids

NAME = "demo@example.org"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    with demo_started(tmp_path_factory.mktemp("commands")) as running:
        yield running


@pytest.fixture
def settings(server: DemoServer, tmp_path: Path) -> Settings:
    """The settings of a webmail that one person has signed in to."""
    found = Settings(
        imap_host="127.0.0.1",
        imap_port=server.imap_port,
        imap_security="none",
        smtp_port=server.smtp_port,
        smtp_security="none",
        data_dir=str(tmp_path / "data"),
        database_url=address_for(tmp_path / "data"),
    )
    gate = build_gate(found)
    with closing(gate.database), closing(gate.imap):
        accounts.sign_in(gate, NAME, password="demo", now=datetime.now(UTC))
        while job := upkeep.claim(gate, owner="test"):
            upkeep.run(gate, job)
    return found


@pytest.fixture
def app(settings: Settings) -> Flask:
    return create_app(settings)


def say(app: Flask, *words: str) -> str:
    result = app.test_cli_runner().invoke(args=list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_all_commands_are_offered(app: Flask) -> None:
    assert {"serve", "demo", "worker", "sync", "index", "doctor", "user"} <= set(app.cli.commands)


def test_the_index_shows_how_far_it_is(app: Flask) -> None:
    assert re.search(r"100 % +3\d of 3\d +\d+ %  INBOX", say(app, "index", "status"))
    assert "项目/展览" in say(app, "index", "status")


def test_a_dropped_index_is_empty_and_rebuilding_asks_the_worker(app: Flask, settings: Settings) -> None:
    say(app, "index", "drop")
    assert "not yet" in say(app, "index", "status") or "100 %" not in say(app, "index", "status")
    assert "for 1 accounts" in say(app, "index", "rebuild")
    gate = build_gate(settings)
    with closing(gate.database):
        assert jobs.pending(gate.database, all_ids(gate.database)[0], "sync") == 1


def test_sync_asks_the_worker_for_those_with_a_password(app: Flask) -> None:
    assert say(app, "sync").startswith("1 accounts")
    assert say(app, "sync", NAME).startswith("1 accounts")
    assert say(app, "sync", "nobody").startswith("0 accounts")


def test_people_are_listed_without_their_secrets(app: Flask) -> None:
    words = say(app, "user", "list")
    assert NAME in words
    assert "password stored" in words
    assert " demo " not in words


def test_signing_somebody_out_erases_the_password(app: Flask, settings: Settings) -> None:
    say(app, "user", "sign-out", NAME)
    assert "no password stored" in say(app, "user", "list")
    gate = build_gate(settings)
    with closing(gate.database):
        assert not credentials.exists(gate.database, all_ids(gate.database)[0])


def test_signing_out_a_stranger_is_refused(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["user", "sign-out", "stranger"])
    assert result.exit_code == 1
    assert "nobody called stranger" in result.output

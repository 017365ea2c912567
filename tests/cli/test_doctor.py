"""The doctor says what works and what does not, and which setting mends it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.started import ROOT, environment
from tests.demo.conftest import DemoServer
from tests.demo.conftest import started as demo_started
from tests.servers.dovecot import Dovecot
from tests.servers.postgresql import url_for


def doctor(*arguments: str, words: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "webmail.cli.doctor", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment(**settings), input=words, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    with demo_started(tmp_path_factory.mktemp("doctor")) as running:
        yield running


def on(server: DemoServer, data: Path) -> dict[str, str]:
    ports = {"imap_port": str(server.imap_port), "smtp_port": str(server.smtp_port), "imap_host": "127.0.0.1"}
    return ports | {"imap_security": "none", "smtp_security": "none", "data_dir": str(data)}


def test_the_doctor_is_content_with_servers_that_work(server: DemoServer, tmp_path: Path) -> None:
    result = doctor(**on(server, tmp_path))
    assert result.returncode == 0, result.stdout
    assert "Everything needed works." in result.stdout
    assert "BAD" not in result.stdout


def test_the_doctor_signs_in_when_asked(server: DemoServer, tmp_path: Path) -> None:
    result = doctor("--user", "demo@example.org", words="demo\n", **on(server, tmp_path))
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("demo@example.org can sign in") == 2
    assert "UIDPLUS" in result.stdout


def test_a_wrong_password_is_named_and_not_shown(server: DemoServer, tmp_path: Path) -> None:
    result = doctor("--user", "demo@example.org", words="wrong-secret\n", **on(server, tmp_path))
    assert result.returncode == 1
    assert result.stdout.count("name or password are wrong") == 2
    assert "wrong-secret" not in result.stdout + result.stderr


def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    result = doctor(imap_host="127.0.0.1", imap_port=port, smtp_port=port, data_dir=str(tmp_path))
    assert result.returncode == 1
    assert result.stdout.count("nothing answers there") == 2


def test_a_database_on_a_server_is_looked_at(server: DemoServer, tmp_path: Path) -> None:
    url = url_for(tmp_path)
    result = doctor(**on(server, tmp_path), database_url=url)
    assert result.returncode == 0, result.stdout
    assert f"opens in PostgreSQL database {url.partition('@/')[2].partition('?')[0]} on" in result.stdout
    assert not (tmp_path / "webmail.db").exists()


def test_a_database_that_does_not_answer_is_named_without_its_password(server: DemoServer, tmp_path: Path) -> None:
    result = doctor(**on(server, tmp_path), database_url="postgresql://ann:wonderland@127.0.0.1:1/webmail")
    assert result.returncode == 1
    assert "cannot be opened: the database does not answer: connection failed" in result.stdout
    assert "wonderland" not in result.stdout + result.stderr


def test_a_broken_setting_is_named() -> None:
    result = doctor(port="eighty")
    assert result.returncode == 1
    assert "port must be a whole number" in result.stdout


def test_a_server_of_scripts_is_looked_at_where_there_is_one(server: DemoServer, dovecot: Dovecot, tmp_path: Path) -> None:
    scripts = {"sieve_host": "localhost", "sieve_port": str(dovecot.sieve), "tls_ca_file": str(dovecot.ca_file)}
    result = doctor(**on(server, tmp_path), **scripts)
    assert result.returncode == 0, result.stdout
    assert f"localhost port {dovecot.sieve}, STARTTLS: answers" in result.stdout
    assert "imap4flags" in result.stdout

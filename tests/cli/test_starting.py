"""The start-up commands: everything starts, keeps running, and ends together; what is wrong is said in one line."""

from __future__ import annotations

import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.started import Started, alive, ended, started, wait_until
from webmail.cli import serving
from webmail.settings import Settings


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder = tmp_path_factory.mktemp("demo")
    with started(folder, "demo", "--port", "0", "--folder", str(folder / "data"), data_dir=str(folder / "real")) as running:
        yield running


def test_the_demo_starts_and_says_where_and_how_to_sign_in(demo: Started) -> None:
    before = time.monotonic()
    assert demo.answers()
    print(f"the demo answered {time.monotonic() - before:.1f} s after its start")
    assert "demo@example.org" in demo.words
    assert "password  demo" in demo.words


def test_the_demo_leaves_real_data_alone(demo: Started) -> None:
    assert demo.answers()
    assert not (demo.log.parent / "real").exists()
    assert (demo.log.parent / "data" / "webmail.db").exists()


def test_the_web_server_gives_memory_back_unless_the_administrator_says_otherwise() -> None:
    with socket.socket() as listener:
        given = {"MALLOC_ARENA_MAX": "4", "PATH": "/bin"}
        program = serving.web(Settings(), listener, environment=given)
        assert program.environment == {**serving.MEMORY, **given}
        assert program.environment["MALLOC_TRIM_THRESHOLD_"] == "131072"


def test_a_web_server_that_dies_is_started_again_at_the_same_address(demo: Started) -> None:
    assert demo.answers()
    address, before = demo.address, demo.child("gunicorn")
    os.kill(before, signal.SIGKILL)
    # The process that gunicorn had started answers a little longer, so an answer alone proves nothing.
    wait_until(lambda: "the web server stopped (ended by SIGKILL); starting it again in 1 s." in demo.words)
    wait_until(lambda: demo.child("gunicorn") not in (0, before))
    wait_until(demo.answers, seconds=30)
    assert demo.address == address


def test_a_worker_that_dies_is_started_again(demo: Started) -> None:
    assert demo.answers()
    before = demo.child("app worker")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: "the worker stopped (ended by SIGKILL)" in demo.words)
    wait_until(lambda: demo.child("app worker") not in (0, before))


def test_a_second_demo_takes_a_folder_of_its_own(demo: Started, tmp_path: Path) -> None:
    assert demo.answers()
    used = demo.log.parent / "data"
    with started(tmp_path, "demo", "--port", "0", "--folder", str(used)) as second:
        assert second.answers()
        beside = [each for each in used.parent.glob("data-*") if each.is_dir()]
        assert len(beside) == 1
        assert demo.answers()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_of_it_within_five_seconds(tmp_path: Path, number: signal.Signals) -> None:
    with started(tmp_path, "demo", "--port", "0", "--folder", str(tmp_path / "data")) as running:
        assert running.answers()
        children = running.children()
        assert len(children) >= 4  # Mail server, worker, web server and its one process.
        before = time.monotonic()
        running.process.send_signal(number)
        assert running.process.wait(timeout=20) == 0
        # What was killed without being our child is gone a moment later.
        wait_until(lambda: not [each for each in children if alive(each)], seconds=5)
        assert time.monotonic() - before < 6


def test_nothing_stays_behind_when_the_command_is_killed(tmp_path: Path) -> None:
    with started(tmp_path, "demo", "--port", "0", "--folder", str(tmp_path / "data")) as running:
        assert running.answers()
        children = running.children()
        running.process.kill()
        wait_until(lambda: not [each for each in children if alive(each)], seconds=10)


def test_what_an_earlier_demo_left_is_wiped(tmp_path: Path) -> None:
    left = tmp_path / "data" / "left-behind"
    left.mkdir(parents=True)
    with started(tmp_path, "demo", "--port", "0", "--folder", str(tmp_path / "data")) as running:
        assert running.answers()
        assert not left.exists()


def test_serve_runs_with_settings_and_without_a_mail_server(tmp_path: Path) -> None:
    with started(tmp_path, "serve", port="0", data_dir=str(tmp_path / "data")) as running:
        assert running.answers()
        assert len(running.children()) == 3
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{running.address}/no-such-page", timeout=5)
        refused.value.close()
        assert refused.value.code == 404


def test_serve_leaves_the_worker_to_others_when_told(tmp_path: Path) -> None:
    with started(tmp_path, "serve", port="0", worker="external", data_dir=str(tmp_path / "data")) as running:
        assert running.answers()
        assert len(running.children()) == 2


@pytest.mark.parametrize(("name", "advice"), [("demo", "make run PORT={}"), ("serve", "WEBMAIL_PORT={} make serve")])
def test_a_port_in_use_is_one_line_that_says_what_to_do(tmp_path: Path, name: str, advice: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        arguments = ("demo", "--port", str(port), "--folder", str(tmp_path / "data")) if name == "demo" else ("serve",)
        result = ended(*arguments, port=str(port), data_dir=str(tmp_path / "data"))
    assert result.returncode == 1
    assert result.stderr.splitlines() == [f"webmail: port {port} is in use by another program. Use another one: {advice.format(port + 1)}"]
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("imap_security", "none", "imap_security may be none only for a server on loopback, not for mail.example.org"),
        ("database_url", "mysql://localhost/webmail", "must be empty or look like postgresql://user:password@host/database"),
        ("database_url", "postgresql://ann:secret@127.0.0.1:1/webmail", "the database does not answer: connection failed"),
        ("data_dir", "/dev/null/data", "the data folder cannot be used"),
        ("secret_key_file", "/dev/null", "master key"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line(tmp_path: Path, name: str, value: str, words: str) -> None:
    result = ended("serve", **{"imap_host": "mail.example.org", "port": "0", "data_dir": str(tmp_path / "data"), name: value})
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("webmail: ")
    assert words in line
    assert "secret" not in line.replace("secret_key_file", "")


def test_a_port_of_the_system_is_one_line_for_those_who_may_not() -> None:
    if os.geteuid() == 0:
        result = ended("serve", bind="192.0.2.1", public_url="https://mail.example.org")
        assert "cannot listen on 192.0.2.1" in result.stderr
    else:
        result = ended("serve", port="80")
        assert "may not listen on port 80" in result.stderr
    assert len(result.stderr.splitlines()) == 1
